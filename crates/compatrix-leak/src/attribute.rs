//! Which test a finding belongs to, whose code its frames are, and its fingerprint.

use std::collections::{BTreeMap, BTreeSet};

use sha2::{Digest, Sha256};

use super::finding::{Class, Finding, FindingKind, Frame, FrameOrigin};
use super::tool::Tool;

/// What is known of the executable that findings come from.
#[derive(Debug, Clone, Copy)]
pub struct Context<'a> {
    /// The test target (`things_store`, `it`); with `-` as `_` it is the name of the crate in stacks.
    pub executable: &'a str,
    /// The tests that ran, as libtest names them.
    pub tests: &'a [String],
    /// The workspace's root, absolute. In a stage this is the stage's root.
    pub root: &'a str,
    /// Where dependencies and build output lie below the root and are yet no own code: `target`.
    pub not_own: &'a [&'a str],
}

/// Fills in what a tool's own output does not tell: origins and relative paths of frames, test, executable,
/// fingerprint.
pub fn complete(finding: &mut Finding, context: &Context<'_>) {
    finding.executable = context.executable.to_owned();
    let related = finding.related.iter_mut().flat_map(|related| &mut related.stack);
    for frame in finding.stack.iter_mut().chain(related) {
        place(frame, context);
    }
    // What is still pointed to at the end belongs to statics; the test that happened to touch them first says nothing.
    if finding.test.is_none() && finding.kind != FindingKind::Reachable {
        finding.test = match context.tests {
            [only] => Some(only.clone()),
            tests => test_of(finding, context.executable, tests).map(str::to_owned),
        };
    }
    finding.fingerprint = fingerprint(finding);
}

/// Findings of one place as one, sorted by executable, test, kind and fingerprint. In a test their bytes add up; what no
/// test is known of comes from every process anew, and the largest stands for all.
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

/// Of what is only told, the way to it is enough: there may be very many of them.
fn shortened(mut finding: Finding) -> Finding {
    if finding.kind == FindingKind::Reachable {
        finding.stack.truncate(REACHABLE_FRAMES);
    }
    finding
}

/// Leaks are worded alike, whatever the tool: `154 bytes in 2 blocks definitely lost`.
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

/// How the wording of a cycle's leak ends.
const OF_CYCLE: &str = "; only blocks of its own cycle point to it";

/// Makes the largest leak of each test `definite` of which a sanitizer calls all leaks indirect: it calls a block
/// indirect if any leaked block points to it, so that of a cycle (and of what hangs on it) none is direct. The findings
/// must be complete.
pub fn name_cycles(findings: &mut [Finding]) {
    let by_sanitizer = |finding: &Finding| matches!(finding.tool, Tool::Asan | Tool::Lsan);
    let group = |finding: &Finding| (finding.tool, finding.executable.clone(), finding.test.clone());
    let of_kind = |findings: &[Finding], kind| -> BTreeSet<_> {
        findings.iter().filter(|f| by_sanitizer(f) && f.kind == kind).map(group).collect()
    };
    let direct = of_kind(findings, FindingKind::Definite);
    for cycle in of_kind(findings, FindingKind::Indirect).difference(&direct) {
        let indirect = findings.iter_mut().filter(|f| f.kind == FindingKind::Indirect && group(f) == *cycle);
        // The last of equals is taken by `max_by_key`; the first is the one that the tool names first.
        let Some(largest) = indirect.rev().max_by_key(|f| (f.own_frame().is_some(), f.bytes)) else { continue };
        largest.kind = FindingKind::Definite;
        largest.what.push_str(OF_CYCLE);
        largest.fingerprint = fingerprint(largest);
    }
}

/// Whose code a frame is; a path of own code becomes relative to the root.
fn place(frame: &mut Frame, context: &Context<'_>) {
    frame.function = without_hash(&frame.function).to_owned();
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

/// Sources of the standard library: under rustc's own virtual folder, in `rust-src`, or where Debian builds it.
fn is_toolchain(file: &str) -> bool {
    file.starts_with("/rustc/")
        || file.contains("/lib/rustlib/src/")
        || file.starts_with("library/")
        || file.contains("/usr/src/rustc-")
}

/// The test whose function stands in the stack, the outermost such.
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

/// `module::test::{{closure}}` and `module::test::{closure#0}::helper` are of `module::test`.
fn without_closures(function: &str) -> &str {
    let end = function.find("::{").unwrap_or(function.len());
    &function[..end]
}

/// A function's name without the hash that the compiler's older symbols end with.
fn without_hash(function: &str) -> &str {
    match function.rsplit_once("::h") {
        Some((name, hash)) if hash.len() == 16 && hash.bytes().all(|b| b.is_ascii_hexdigit()) => name,
        _ => function,
    }
}

/// How many frames are kept of what is still reachable. Built-in suppressions look as deep as this.
const REACHABLE_FRAMES: usize = 32;

/// How many frames of other people's code count where there is none of one's own.
const FOREIGN_FRAMES: usize = 6;

/// The fingerprint: of tool-independent kind, test and the functions of own code on the stack, without lines, addresses,
/// hashes, type arguments and closures' numbers. Where no own code is on it, the first functions of others count.
pub fn fingerprint(finding: &Finding) -> String {
    let mut hash = Sha256::new();
    let mut part = |text: &str| {
        hash.update((text.len() as u64).to_le_bytes());
        hash.update(text.as_bytes());
    };
    part(finding.kind.as_str());
    part(finding.test.as_deref().unwrap_or_default());
    let own: Vec<&Frame> = finding.stack.iter().filter(|frame| frame.origin == FrameOrigin::Own).collect();
    let frames: Vec<&Frame> = match own.is_empty() {
        true => finding.stack.iter().filter(|frame| !frame.function.is_empty()).take(FOREIGN_FRAMES).collect(),
        false => own,
    };
    for frame in &frames {
        part(&plain_name(&frame.function));
    }
    if frames.is_empty() {
        part(&without_numbers(&finding.what));
    }
    base16ct::lower::encode_string(&hash.finalize()[..8])
}

/// A function's name as it is in every compilation and for every spelling of symbols.
fn plain_name(function: &str) -> String {
    let mut out = String::new();
    let mut depth = 0usize;
    let mut previous = ' ';
    for c in without_hash(function).chars() {
        match c {
            '<' => depth += 1,
            // `->` closes nothing.
            '>' if previous != '-' => depth = depth.saturating_sub(1),
            _ if depth == 0 => out.push(c),
            _ => {}
        }
        previous = c;
    }
    // The older spelling and the newer one of a closure; which one of several it is moves with the code.
    let mut name = out.replace("{{closure}}", "{closure}");
    while let Some(at) = name.find("{closure#") {
        let end = name[at..].find('}').map_or(name.len(), |end| at + end);
        name.replace_range(at + "{closure".len()..end, "");
    }
    name
}

/// Without digits, which are counts and addresses in what tools say.
fn without_numbers(text: &str) -> String {
    text.chars().filter(|c| !c.is_ascii_digit() && *c != '#').collect()
}
