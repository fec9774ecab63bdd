//! Runs a unit under valgrind's memcheck: never cargo, and the result comes from its XML, not its exit code.

use std::path::{Path, PathBuf};

use anyhow::Result;
use compatrix_leak::attribute::A_FORK;
use compatrix_leak::finding::Class;
use compatrix_leak::valgrind::{self, Parsed, Trouble};
use compatrix_leak::witness::{self as marks, Plants, Witness};
use compatrix_leak::{Finding, FindingKind, Frame, ToolSuppression};
use compatrix_model::outcome::Outcome;

use super::bench::{place, Bench, RanUnit, Unit};
use super::symbols::Symbols;
use super::witness::{self, Task};
use crate::sys::files;
use crate::sys::host::last_lines;
use crate::sys::os::children::{exited, signal};
use crate::sys::process::Command;
use crate::sys::supervisor::End;

/// The number of SIGILL, signal(7).
const SIGILL: i32 = 4;
/// What valgrind says of an instruction that it cannot decode. Of `ud2`, with which a program ends itself, it does not.
const UNKNOWN_INSTRUCTION: &str = "unhandled instruction";

/// The arguments before the executable.
fn options(bench: &Bench<'_>, dir: &Path) -> Vec<String> {
    let fixed = [
        // Neither VALGRIND_OPTS nor any .valgrindrc may hide something.
        "--command-line-only=yes",
        "--tool=memcheck",
        "--leak-check=full",
        "--show-leak-kinds=all",
        "--errors-for-leak-kinds=definite",
        "--read-inline-info=yes",
        "--num-callers=64",
        "--error-limit=no",
        // Children of a test, forked or started, are looked at too; each writes a report of its own.
        "--child-silent-after-fork=no",
        "--trace-children=yes",
        "--xml=yes",
    ];
    let mut options: Vec<String> = fixed.map(str::to_owned).to_vec();
    options.push(format!("--trace-children-skip={}", foreign(bench).join(",")));
    // valgrind takes `%` for the start of a specifier, and `%p` for the number of the process.
    options.push(format!("--xml-file={}/valgrind.%p.xml", dir.to_string_lossy().replace('%', "%%")));
    options.extend(bench.settings.flags.iter().map(|flag| match suppressions(bench, flag) {
        Some(path) => format!("{SUPPRESSIONS}{}", path.to_string_lossy()),
        None => flag.clone(),
    }));
    options
}

const SUPPRESSIONS: &str = "--suppressions=";

/// The file of suppressions that a flag names, by a path from the workspace's root: canaries run elsewhere.
fn suppressions(bench: &Bench<'_>, flag: &str) -> Option<PathBuf> {
    flag.strip_prefix(SUPPRESSIONS).map(|path| bench.host.root.join(path))
}

/// Patterns of programs that are not the workspace's: the system's, those on PATH, and the toolchains.
fn foreign(bench: &Bench<'_>) -> Vec<String> {
    let system =
        ["/bin", "/sbin", "/usr/bin", "/usr/sbin", "/usr/local/bin", "/usr/lib", "/usr/libexec", "/lib", "/lib64"];
    let mut dirs: Vec<String> = system.map(str::to_owned).to_vec();
    let path = bench.host.ambient.get("PATH").unwrap_or_default();
    dirs.extend(path.split(':').map(|dir| dir.trim_end_matches('/').to_owned()));
    dirs.extend(bench.host.ambient.rust_homes().into_iter().map(|(_, path)| path.to_string_lossy().into_owned()));
    let toolchain = Path::new(&bench.inputs.toolchain.rustc).ancestors().nth(2);
    dirs.extend(toolchain.map(|dir| dir.to_string_lossy().into_owned()));
    // A folder of the workspace may be on PATH.
    let root = bench.host.root.to_string_lossy().into_owned();
    dirs.retain(|dir| dir.starts_with('/') && !dir.contains(',') && !dir.starts_with(&root));
    dirs.sort();
    dirs.dedup();
    dirs.into_iter().map(|dir| format!("{dir}/*")).collect()
}

/// The command of a unit; its reports are `valgrind.PID.xml`.
pub(super) fn command(bench: &Bench<'_>, unit: &Unit<'_>, dir: &Path) -> Command {
    let inner = bench.command(unit, dir);
    let mut args = options(bench, dir);
    args.push(inner.program.clone());
    args.extend(inner.args.iter().cloned());
    let mut command = Command { program: bench.tool.program.clone(), args, ..inner };
    // It would be another valgrind, with other suppressions, than the one that is proven.
    command.env.remove("VALGRIND_LIB");
    command
}

/// The result of one process and of those that it started.
struct Once {
    ran: RanUnit,
    own: Parsed,
    children: Vec<Parsed>,
    plants: Plants,
    witness: Option<Witness>,
}

fn once(bench: &Bench<'_>, unit: &Unit<'_>, dir: &Path, task: Task) -> Result<Once> {
    let command = witness::with(bench, command(bench, unit, dir), unit, dir, task)?;
    let mut ran = bench.start(unit, &command)?;
    ran.notes.extend(unread(&command, unit));
    let mut reports = Vec::new();
    for path in files::list(dir)? {
        let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
        if name.starts_with("valgrind.") && name.ends_with(".xml") {
            reports.push(valgrind::parse(&files::read_text(&path)?));
        }
    }
    let (mut own, mut children) = own_and_children(reports);
    let plants = marks::take(&mut own.findings);
    for child in &mut children {
        marks::take(&mut child.findings);
    }
    let witness = witness::read(dir)?;
    // What the process said of its end, before a setting of valgrind's changed it.
    if let (Some(code), Some(_)) = (witness.as_ref().and_then(|w| w.ended), ran.finished.status.code()) {
        ran.finished.status = exited(code);
    }
    Ok(Once { ran, own, children, plants, witness })
}

/// Parts the reports: the process itself was started by none of the others.
fn own_and_children(mut reports: Vec<Parsed>) -> (Parsed, Vec<Parsed>) {
    let pids: Vec<u32> = reports.iter().map(|report| report.pid.0).collect();
    let is_own = |report: &Parsed| report.pid.0 != 0 && !pids.contains(&report.pid.1);
    let at = reports.iter().position(is_own).or((reports.len() == 1).then_some(0));
    let none = Parsed { trouble: Some(Trouble::Empty), ..Parsed::default() };
    let own = at.map_or(none, |at| reports.remove(at));
    (own, reports)
}

/// The user's settings that valgrind is told not to read.
fn unread(command: &Command, unit: &Unit<'_>) -> Vec<String> {
    let put = "put what is needed into the suite's `flags`";
    let mut notes = Vec::new();
    let home = command.env.get("HOME").map(PathBuf::from);
    for dir in [Some(unit.executable.recorded.dir.clone()), home].into_iter().flatten() {
        if files::exists(&dir.join(".valgrindrc")) {
            notes.push(format!("a .valgrindrc of {} is not read; {put}", unit.executable.package));
        }
    }
    if command.env.contains_key("VALGRIND_OPTS") {
        notes.push(format!("VALGRIND_OPTS is not read; {put}"));
    }
    notes
}

/// Why valgrind does not see what the executable allocates; `None` if it does.
pub(super) fn trial(bench: &Bench<'_>, unit: &Unit<'_>, dir: &Path) -> Result<Option<String>> {
    let Once { ran, own, plants, witness, .. } = once(bench, unit, dir, Task::Trial)?;
    Ok(match witness {
        _ if met_unknown_instruction(&ran) => Some(unknown_instruction()),
        _ if own.trouble.is_some() => Some(format!(
            "a trial start of it under valgrind has no report: {}",
            last_lines(&ran.finished.stderr.text(), 1)
        )),
        None => Some(witness::NOT_LOADED.to_owned()),
        Some(_) => marks::hidden(witness::asked(bench, unit.executable)?, &plants, "valgrind"),
    })
}

pub(super) fn run_unit(bench: &Bench<'_>, unit: &Unit<'_>, dir: &Path) -> Result<RanUnit> {
    let Once { mut ran, own, children, plants, witness } = once(bench, unit, dir, Task::Tests)?;
    ran.trouble = trouble(&ran, own.trouble.clone());
    if met_unknown_instruction(&ran) {
        ran.not_runnable = Some("it holds an instruction that valgrind does not know".to_owned());
        ran.not_proven = Some(unknown_instruction());
    } else if ran.trouble.is_none() && ran.finished.end == End::Itself {
        let reads = witness::reads(bench, unit.executable)?;
        ran.not_proven = match &witness {
            Some(witness) => marks::switched_off(witness, &plants, reads, "valgrind"),
            None => Some(witness::NOT_LOADED.to_owned()),
        };
    }
    let mut names = Names::default();
    for report in std::iter::once(&own).chain(&children) {
        names.take(&report.suppressed);
    }
    ran.suppressed = names.told(bench);
    let command = own.command.clone();
    let mut all = vec![(None, own.findings)];
    for child in children {
        let is_fork = child.command == command;
        let program = child.command.first().map_or("another program", |path| path.rsplit('/').next().unwrap_or(path));
        let name = if is_fork { A_FORK.to_owned() } else { program.to_owned() };
        all.push((Some(name), child.findings));
    }
    if let Some(witness) = &witness {
        let here = |(name, _): &&mut (Option<String>, Vec<Finding>)| name.as_deref().is_none_or(|name| name == A_FORK);
        let stacks = all.iter_mut().filter(here).flat_map(|(_, findings)| findings).flat_map(stacks_of);
        symbolize(stacks.collect(), &witness.maps, &unit.executable.root);
    }
    ran.findings = with_children(bench, unit, all);
    Ok(ran)
}

fn stacks_of(finding: &mut Finding) -> Vec<&mut Vec<Frame>> {
    let Finding { stack, related, .. } = finding;
    std::iter::once(stack).chain(related.iter_mut().map(|related| &mut related.stack)).collect()
}

/// The findings of a process, with those of its children that are theirs. A fork has all that its parent had not freed yet:
/// what is lost in both is the parent's, and what else valgrind notes there says nothing.
fn with_children(bench: &Bench<'_>, unit: &Unit<'_>, all: Vec<(Option<String>, Vec<Finding>)>) -> Vec<Finding> {
    let mut findings: Vec<Finding> = Vec::new();
    for (child, mut of_child) in all {
        for finding in &mut of_child {
            finding.child.clone_from(&child);
        }
        if child.is_none() {
            findings.append(&mut of_child);
            bench.complete(unit, &mut findings);
            continue;
        }
        bench.complete(unit, &mut of_child);
        of_child.retain(|finding| {
            let counts = finding.kind == FindingKind::Definite || finding.kind.class() == Class::Memory;
            let inherited =
                |other: &Finding| finding.child.as_deref() == Some(A_FORK) && place(other) == place(finding);
            counts && !findings.iter().any(inherited)
        });
        findings.append(&mut of_child);
    }
    findings
}

/// Gives inlined functions of the workspace the names that every other tool has for them: valgrind has neither their paths
/// nor always all of them.
fn symbolize(stacks: Vec<&mut Vec<Frame>>, maps: &[(u64, String)], root: &Path) {
    let base = |frame: &Frame| maps.iter().find(|(_, path)| Some(path) == frame.object.as_ref()).map(|(base, _)| *base);
    let at = |frame: &Frame| Some((frame.object.clone()?, frame.address?.checked_sub(base(frame)?)?));
    let places: Vec<(String, u64)> = stacks.iter().flat_map(|stack| stack.iter().filter_map(at)).collect();
    let symbols = Symbols::of(places.iter().map(|(object, offset)| (object.as_str(), *offset)));
    let root = root.to_string_lossy();
    let is_own =
        |frame: &Frame| frame.file.as_deref().is_some_and(|file| file.starts_with(&*root) || !file.starts_with('/'));
    for stack in stacks {
        let old = std::mem::take(stack);
        for machine_frame in old.chunk_by(|a, b| a.inlined && a.address == b.address) {
            let known =
                at(&machine_frame[0]).map(|(object, offset)| symbols.frames(&object, offset)).unwrap_or_default();
            let inlines = machine_frame.len() > 1 || known.len() > 1;
            match inlines && !known.is_empty() && (machine_frame.iter().chain(&known).any(is_own)) {
                true => stack.extend(known),
                false => stack.extend(machine_frame.iter().cloned()),
            }
        }
    }
}

/// Why valgrind's own result does not count; `None` if it does.
fn trouble(ran: &RanUnit, of_report: Option<Trouble>) -> Option<(Outcome, String)> {
    let finished = &ran.finished;
    match (finished.end, of_report) {
        // Cut short by us.
        (End::TimedOut | End::Interrupted, _) | (End::Itself, None) => None,
        (End::Itself, Some(Trouble::Empty)) => {
            let said = last_lines(&finished.stderr.text(), 2);
            let said = if said.is_empty() { "and said nothing".to_owned() } else { format!("and said: {said}") };
            Some((Outcome::Infrastructure, format!("valgrind wrote no report {said}")))
        }
        (End::Itself, Some(Trouble::Cut)) => {
            // Killed from outside; the signal is more informative than the report.
            let signal = signal(finished.status);
            let said = last_lines(&finished.stderr.text(), 2);
            signal.is_none().then(|| (Outcome::Infrastructure, format!("valgrind's report ends in the middle: {said}")))
        }
        (End::Itself, Some(Trouble::Malformed(why))) => {
            Some((Outcome::Infrastructure, format!("valgrind's report cannot be read: {why}")))
        }
    }
}

fn met_unknown_instruction(ran: &RanUnit) -> bool {
    signal(ran.finished.status) == Some(SIGILL) && ran.finished.stderr.text().contains(UNKNOWN_INSTRUCTION)
}

fn unknown_instruction() -> String {
    "valgrind cannot run this code: it met an instruction that it does not know, in code that is built for this very \
     processor (`target-cpu`) or picks its instructions when it runs; build these tests without `-Ctarget-cpu=native`"
        .to_owned()
}

/// The suppressions of valgrind's own that were used.
#[derive(Debug, Default)]
struct Names(Vec<(String, u64)>);

impl Names {
    fn take(&mut self, used: &[(String, u64)]) {
        self.0.extend(used.iter().cloned());
    }

    /// Each with the file that it is in, of those that the suite's flags name.
    fn told(self, bench: &Bench<'_>) -> Vec<ToolSuppression> {
        let named = bench.settings.flags.iter().filter_map(|flag| suppressions(bench, flag));
        let read = |path: PathBuf| {
            let text = files::read(&path).unwrap_or_default();
            let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
            (name, String::from_utf8_lossy(&text).into_owned())
        };
        let texts: Vec<(String, String)> = named.map(read).collect();
        let from = |name: &str| {
            let file = texts.iter().find(|(_, text)| text.lines().any(|line| line.trim() == name));
            file.map_or("of valgrind's own list".to_owned(), |(file, _)| format!("{file} of the suite's `flags`"))
        };
        let one = |(name, findings): (String, u64)| {
            let from = from(&name);
            ToolSuppression { name, from, findings, bytes: None }
        };
        self.0.into_iter().map(one).collect()
    }
}
