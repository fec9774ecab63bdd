//! Attributes findings: the test, the origin of each frame, and the fingerprint.

use std::collections::{BTreeMap, BTreeSet};

use sha2::{Digest, Sha256};

use super::finding::{Class, Finding, FindingKind, Frame, FrameOrigin};
use super::names;
use super::tool::Tool;

/// The executable that findings come from.
#[derive(Debug, Clone, Copy)]
pub struct Context<'a> {
    /// The test target (`things_store`, `it`). With `_` for `-`, it is the crate's name in stacks.
    pub executable: &'a str,
    /// The tests that ran, by libtest's names.
    pub tests: &'a [String],
    /// The absolute workspace root; in a stage, the stage's root.
    pub root: &'a str,
    /// Folders below the root that are not the workspace's code: `target`.
    pub not_own: &'a [&'a str],
}

/// Fills in everything that a tool does not report: origin and relative paths of frames, test, executable, fingerprint.
pub fn complete(finding: &mut Finding, context: &Context<'_>) {
    finding.executable = context.executable.to_owned();
    let related = finding.related.iter_mut().flat_map(|related| &mut related.stack);
    for frame in finding.stack.iter_mut().chain(related) {
        place(frame, context);
    }
    // Reachable blocks belong to statics; the test that happened to touch them first is irrelevant.
    let is_of_a_test = finding.kind != FindingKind::Reachable && outside(finding).is_none();
    if finding.test.is_none() && is_of_a_test {
        finding.test = match context.tests {
            [only] => Some(only.clone()),
            tests => test_of(finding, context.executable, tests).map(str::to_owned),
        };
    }
    finding.fingerprint = fingerprint(finding);
}

/// Merges findings of the same place, sorted by executable, test, kind and fingerprint. Within a test, their bytes add
/// up; findings without a test recur in every process, so the largest represents them all.
pub fn merged(findings: Vec<Finding>) -> Vec<Finding> {
    let mut merged: BTreeMap<_, Finding> = BTreeMap::new();
    for finding in findings {
        let lines: Vec<Option<u32>> = finding.stack.iter().map(|frame| frame.line).collect();
        let Finding { executable, test, kind, fingerprint, .. } = &finding;
        let key = (executable.clone(), test.clone(), *kind, fingerprint.clone(), lines);
        let Some(known) = merged.get_mut(&key) else {
            merged.insert(key, finding);
            continue;
        };
        if known.test.is_none() {
            (known.bytes, known.blocks) = (known.bytes.max(finding.bytes), known.blocks.max(finding.blocks));
        } else {
            (known.bytes, known.blocks) = (known.bytes + finding.bytes, known.blocks + finding.blocks);
        }
    }
    merged.into_values().map(worded).map(shortened).collect()
}

/// Shortens the stacks of findings that are only noted, because there may be very many.
fn shortened(mut finding: Finding) -> Finding {
    if finding.kind == FindingKind::Reachable {
        finding.stack.truncate(REACHABLE_FRAMES);
    }
    finding
}

/// Words leaks the same for all tools: `154 bytes in 2 blocks definitely lost`.
fn worded(finding: Finding) -> Finding {
    let Finding { bytes, blocks, kind, .. } = finding;
    let lost = match kind {
        FindingKind::Definite => "definitely lost",
        FindingKind::Indirect => "indirectly lost",
        FindingKind::Possible => "possibly lost",
        FindingKind::Reachable => "still reachable",
        _ => return finding,
    };
    debug_assert_eq!(kind.class(), Class::Leak);
    let count = |n: u64, one: &str| if n == 1 { format!("1 {one}") } else { format!("{n} {one}s") };
    let of_cycle = if finding.what.ends_with(OF_CYCLE) { OF_CYCLE } else { "" };
    Finding { what: format!("{} in {} {lost}{of_cycle}", count(bytes, "byte"), count(blocks, "block")), ..finding }
}

/// The end of the wording of a cycle's leak.
const OF_CYCLE: &str = "; only blocks of its own cycle point to it";

/// If all leaks of a test are indirect, makes the largest one `definite`. A sanitizer calls a block indirect if any leaked
/// block points to it, so a cycle has no direct leak. The findings must be complete.
pub fn name_cycles(findings: &mut [Finding]) {
    let by_sanitizer = |finding: &Finding| matches!(finding.tool, Tool::Asan | Tool::Lsan);
    let group = |finding: &Finding| (finding.tool, finding.executable.clone(), finding.test.clone());
    let of_kind = |findings: &[Finding], kind| -> BTreeSet<_> {
        findings.iter().filter(|f| by_sanitizer(f) && f.kind == kind).map(group).collect()
    };
    let direct = of_kind(findings, FindingKind::Definite);
    for cycle in of_kind(findings, FindingKind::Indirect).difference(&direct) {
        let indirect = findings.iter_mut().filter(|f| f.kind == FindingKind::Indirect && group(f) == *cycle);
        // `max_by_key` returns the last of equals, but the tool's first is wanted.
        let Some(largest) = indirect.rev().max_by_key(|f| (f.own_frame().is_some(), f.bytes)) else { continue };
        largest.kind = FindingKind::Definite;
        largest.what.push_str(OF_CYCLE);
        largest.fingerprint = fingerprint(largest);
    }
}

/// Determines the origin of a frame, and makes workspace paths relative to the root.
fn place(frame: &mut Frame, context: &Context<'_>) {
    frame.function = names::without_hash(&frame.function).to_owned();
    let Some(file) = &frame.file else { return };
    let root = context.root.trim_end_matches('/');
    let inside = file.strip_prefix(root).and_then(|rest| rest.strip_prefix('/'));
    let relative = inside.or_else(|| Some(file.as_str()).filter(|file| !file.starts_with('/')));
    frame.origin = if is_toolchain(file) {
        FrameOrigin::Toolchain
    } else if file.contains("/registry/src/") || file.contains("/git/checkouts/") {
        FrameOrigin::Dependency
    } else if let Some(relative) = relative.filter(|path| path.ends_with(".rs")) {
        let below = |dir: &str| relative.strip_prefix(dir).is_some_and(|rest| rest.starts_with('/'));
        if context.not_own.iter().any(|dir| below(dir)) {
            FrameOrigin::Dependency
        } else {
            let relative = relative.to_owned();
            frame.file = Some(relative);
            FrameOrigin::Own
        }
    } else {
        FrameOrigin::Other
    };
}

/// Whether a file is a source of the standard library: in rustc's virtual folder, in `rust-src`, or in Debian's build
/// folder.
fn is_toolchain(file: &str) -> bool {
    file.starts_with("/rustc/")
        || file.contains("/lib/rustlib/src/")
        || file.starts_with("library/")
        || file.contains("/usr/src/rustc-")
}

/// Where a finding belongs that belongs to no test: its stack began before `main`, after it, or in the test harness.
pub fn outside(finding: &Finding) -> Option<&'static str> {
    // A program that a test started belongs to that test from its first to its last instruction.
    if finding.child.as_deref().is_some_and(|child| child != A_FORK) {
        return None;
    }
    let begins =
        |names: &[&str]| finding.stack.iter().any(|frame| names.iter().any(|name| frame.function.starts_with(name)));
    let is = |name: &str| finding.stack.iter().any(|frame| frame.function == name);
    if begins(&["__run_exit_handlers", "_dl_fini"]) || is("exit") {
        return Some("after main");
    }
    // The loader has no symbols on most systems, and calls the constructors of libraries; libc those of the executable.
    let by_loader = finding.stack.last().and_then(|frame| frame.object.as_deref()).is_some_and(is_loader);
    let starts =
        begins(&["call_init", "_dl_init", "__libc_csu_init", "__libc_start_main", "(below main)"]) || is("_start");
    // `dlopen` calls constructors too, on behalf of whoever calls it.
    if (by_loader || starts) && !is("main") && !begins(&["dlopen", "_dl_open", "start_thread"]) {
        return Some("before main");
    }
    let of_libtest = |frame: &Frame| frame.function.starts_with("test::") && frame.origin != FrameOrigin::Own;
    let harness =
        finding.stack.iter().any(of_libtest) && !begins(&["test::__rust_begin_short_backtrace", "start_thread"]);
    harness.then_some("in the test harness")
}

/// Whether a file is glibc's loader.
fn is_loader(path: &str) -> bool {
    let name = path.rsplit('/').next().unwrap_or(path);
    name.starts_with("ld-linux") || name.starts_with("ld-2.") || name.starts_with("ld64.so")
}

/// How a child process that goes on with the test executable is called.
pub const A_FORK: &str = "a fork";

/// The test whose function is in the stack; the outermost if there are several.
fn test_of<'t>(finding: &Finding, executable: &str, tests: &'t [String]) -> Option<&'t str> {
    let krate = executable.replace('-', "_");
    let related = finding.related.iter().flat_map(|related| &related.stack);
    let frames: Vec<&Frame> = finding.stack.iter().chain(related).collect();
    frames.into_iter().rev().find_map(|frame| {
        let function = frame.function.strip_prefix(krate.as_str())?.strip_prefix("::")?;
        let test = without_closures(function);
        tests.iter().map(String::as_str).find(|name| *name == test)
    })
}

/// Maps `module::test::{{closure}}` and `module::test::{closure#0}::helper` to `module::test`.
fn without_closures(function: &str) -> &str {
    let end = function.find("::{").unwrap_or(function.len());
    &function[..end]
}

/// The most frames kept of a reachable block. Built-in suppressions look at most this deep.
const REACHABLE_FRAMES: usize = 32;

/// The number of foreign frames in a fingerprint if the stack has no workspace frame.
const FOREIGN_FRAMES: usize = 6;

/// The fingerprint: a hash of kind, test and the workspace's functions on the stack, without lines, addresses, hashes,
/// type arguments and closures, so that it is the same for every tool, mangling and degree of inlining. Without workspace
/// functions, the first foreign ones count.
pub fn fingerprint(finding: &Finding) -> String {
    let mut names: Vec<String> = Vec::new();
    for frame in counted(finding) {
        let name = names::plain(&frame.function);
        // A closure is a frame of its own only where the compiler did not inline it.
        if names.last() != Some(&name) {
            names.push(name);
        }
    }
    hash(finding, &names)
}

/// The fingerprint as it was computed before it was independent of inlining and mangling.
pub fn earlier_fingerprint(finding: &Finding) -> String {
    let names: Vec<String> = counted(finding).map(|frame| names::plain_with_closures(&frame.function)).collect();
    hash(finding, &names)
}

/// The frames that identify a finding.
fn counted(finding: &Finding) -> impl Iterator<Item = &Frame> {
    let own = finding.stack.iter().any(|frame| frame.origin == FrameOrigin::Own);
    let counts = move |frame: &&Frame| match own {
        true => frame.origin == FrameOrigin::Own,
        false => !frame.function.is_empty(),
    };
    finding.stack.iter().filter(counts).take(if own { usize::MAX } else { FOREIGN_FRAMES })
}

fn hash(finding: &Finding, names: &[String]) -> String {
    let mut hash = Sha256::new();
    let mut part = |text: &str| {
        hash.update((text.len() as u64).to_le_bytes());
        hash.update(text.as_bytes());
    };
    part(finding.kind.as_str());
    part(finding.test.as_deref().unwrap_or_default());
    names.iter().for_each(|name| part(name));
    if names.is_empty() {
        part(&without_numbers(&finding.what));
    }
    base16ct::lower::encode_string(&hash.finalize()[..8])
}

/// Removes digits, which are counts and addresses in tools' messages.
fn without_numbers(text: &str) -> String {
    text.chars().filter(|c| !c.is_ascii_digit() && *c != '#').collect()
}
