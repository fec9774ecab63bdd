//! AddressSanitizer and LeakSanitizer: executables that a nightly compiled for them, started as they are, their reports
//! read from files of their own.
//!
//! A memory error ends the process, so the tests after it did not run: the caller runs them again. Leaks are told when
//! the process ends. Exit codes tell nothing that is used here: a test that fails and leaks ends with the leak's.

use std::path::{Path, PathBuf};

use anyhow::Result;
use compatrix_leak::sanitizer::{self, Report};
use compatrix_leak::witness::{self as marks, Plants};
use compatrix_leak::{Finding, FindingKind, Tool, ToolSuppression};
use compatrix_model::outcome::Outcome;
use compatrix_model::plan::Sanitizer;
use memchr::memmem;

use super::bench::{Bench, RanUnit, Unit};
use super::symbols::Symbols;
use super::witness::{self, Task};
use crate::build::Executable;
use crate::find::leak_tools::sanitizer_runtime;
use crate::run::executable;
use crate::sys::files;
use crate::sys::host::Host;
use crate::sys::os::children::{exited, signal};
use crate::sys::process::{Command, Finished};
use crate::sys::supervisor::End;

/// The exit code after a report; not used by libtest or the system.
const EXIT_CODE: i32 = 93;
/// The number of SIGSEGV, signal(7).
const SIGSEGV: i32 = 11;

/// The variable of the sanitizer's options.
fn variable(tool: Tool) -> &'static str {
    match tool {
        Tool::Lsan => "LSAN_OPTIONS",
        Tool::Valgrind | Tool::Asan | Tool::Miri | Tool::Resources => "ASAN_OPTIONS",
    }
}

/// How blocks' stacks are found when they are allocated.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Stacks {
    /// By frame pointers: costs nothing, and stacks end at code that has none.
    Quick,
    /// By unwind tables: whole, and several times slower.
    Whole,
}

/// The options: our defaults, then the suite's `env` and `flags`, then those that a suite cannot override.
fn options(stacks: Stacks, from_env: Option<&String>, flags: &[String], more: &[&str], log: &Path) -> String {
    let stacks: &[&str] = match stacks {
        Stacks::Quick => &["fast_unwind_on_malloc=1"],
        Stacks::Whole => &["fast_unwind_on_malloc=0", "malloc_context_size=100"],
    };
    let ours = [
        "detect_leaks=1",
        // As without the tool, if the allocator refuses.
        "allocator_may_return_null=1",
    ];
    // The path may contain a colon, which separates options.
    let last = [
        format!("exitcode={EXIT_CODE}"),
        // What suppressions hide is told.
        "print_suppressions=1".to_owned(),
        "symbolize=0".to_owned(),
        "color=never".to_owned(),
        format!("log_path='{}'", log.display()),
    ];
    let words =
        ours.iter().chain(stacks).map(|word| (*word).to_owned()).chain(from_env.cloned()).chain(flags.iter().cloned());
    words.chain(more.iter().map(|word| (*word).to_owned())).chain(last).collect::<Vec<_>>().join(":")
}

/// Runs a unit: first with fast stacks, because usually nothing is found, then again with full ones if something is.
pub(super) fn run_unit(bench: &Bench<'_>, unit: &Unit<'_>, dir: &Path) -> Result<RanUnit> {
    let (mut quick, report) = once(bench, unit, dir, Stacks::Quick)?;
    if report.findings.is_empty() || quick.finished.end != End::Itself {
        return Ok(told(bench, unit, quick, report));
    }
    let (whole, again) = once(bench, unit, &another(bench, dir, "again")?, Stacks::Whole)?;
    if again.findings.is_empty() {
        let target = &unit.executable.target;
        let note = format!("the findings in {target} did not recur when its tests ran again for full stacks");
        quick.notes.push(note);
        return Ok(told(bench, unit, quick, report));
    }
    Ok(told(bench, unit, whole, again))
}

/// A scratch folder within another, as that one was at first.
fn another(bench: &Bench<'_>, dir: &Path, name: &str) -> Result<PathBuf> {
    let dir = dir.join(name);
    files::make_dir(&dir.join("tmp"))?;
    executable::renew_fixture(bench.inputs, &dir)?;
    Ok(dir)
}

/// Why the sanitizer does not see what the executable allocates; `None` if it does.
pub(super) fn trial(bench: &Bench<'_>, unit: &Unit<'_>, dir: &Path) -> Result<Option<String>> {
    if !has_runtime(bench, unit.executable)? {
        return Ok(None);
    }
    let command = with_options(bench, unit, dir, Stacks::Whole, &[]);
    let command = witness::with(bench, command, unit, dir, Task::Trial)?;
    let ran = bench.start(unit, &command)?;
    let text = Log { dir: dir.to_owned(), pid: ran.finished.pid }.text(&mut Vec::new())?;
    let mut report = sanitizer::parse(&text);
    if let Some(why) = report.trouble {
        return Ok(Some(why));
    }
    let plants = take_plants(bench, &mut report);
    Ok(match witness::read(dir)? {
        None => Some(witness::NOT_LOADED.to_owned()),
        Some(_) => marks::hidden(witness::asked(bench, unit.executable)?, &plants, bench.settings.tool.title()),
    })
}

/// Takes the plants of the witness out of a report.
fn take_plants(bench: &Bench<'_>, report: &mut Report) -> Plants {
    let is_ours = |object: &str| object.ends_with(marks::LIBRARY);
    let symbols = Symbols::of(sanitizer::offsets(report).filter(|(object, _)| is_ours(object)));
    let resolve = |object: &str, offset: u64| match is_ours(object) {
        true => symbols.frames(object, offset),
        false => Vec::new(),
    };
    let mut named = sanitizer::lower(report.clone(), bench.settings.tool, &resolve);
    let mut plants = named.iter().map(marks::is_plant).collect::<Vec<_>>().into_iter();
    report.findings.retain(|_| !plants.next().unwrap_or_default());
    marks::take(&mut named)
}

fn once(bench: &Bench<'_>, unit: &Unit<'_>, dir: &Path, stacks: Stacks) -> Result<(RanUnit, Report)> {
    let command = with_options(bench, unit, dir, stacks, &[]);
    let command = witness::with(bench, command, unit, dir, Task::Tests)?;
    let mut ran = bench.start(unit, &command)?;
    let log = Log { dir: dir.to_owned(), pid: ran.finished.pid };
    if !has_runtime(bench, unit.executable)? {
        let reason = "cargo compiles tests of proc-macro crates for the host, without the sanitizer";
        ran.not_runnable = Some(reason.to_owned());
        return Ok((ran, sanitizer::parse("")));
    }
    let text = log.text(&mut ran.notes)?;
    let mut report = sanitizer::parse(&text);
    let broken = signal(ran.finished.status) == Some(SIGSEGV) && text.is_empty();
    if let (Tool::Lsan, true, Some(test)) = (bench.settings.tool, broken, culprit(&ran, unit)) {
        ran.findings.extend(overflow(bench, unit, &test, dir)?);
    }
    ran.trouble = trouble(&ran, &report);
    let plants = take_plants(bench, &mut report);
    let witness = witness::read(dir)?;
    // What the process said of its end, before the sanitizer changed it.
    if let (Some(code), Some(_)) = (witness.as_ref().and_then(|w| w.ended), ran.finished.status.code()) {
        ran.finished.status = exited(code);
    }
    let title = bench.settings.tool.title();
    let has_fatal = report.findings.iter().any(|finding| finding.fatal) || report.stopped.is_some();
    if ran.finished.end == End::Itself && ran.trouble.is_none() && !has_fatal {
        ran.not_proven = match &witness {
            None => Some(witness::NOT_LOADED.to_owned()),
            // It looks for leaks in a handler of `exit`.
            Some(witness) if witness.ended.is_none() && ran.finished.status.code().is_some() => {
                Some(format!("a process ended without `exit` (by `_exit` or its like), so that {title} did not look"))
            }
            Some(witness) => marks::switched_off(witness, &plants, false, title),
        };
    }
    let suppression = |(name, findings, bytes): &(String, u64, u64)| ToolSuppression {
        name: name.clone(),
        from: format!("of {title}'s own settings: {}, or the executable's", variables(bench.settings.tool).join(", ")),
        findings: *findings,
        bytes: Some(*bytes),
    };
    ran.suppressed = report.suppressed.iter().map(suppression).collect();
    Ok((ran, report))
}

/// The result of a unit, with symbolized findings.
fn told(bench: &Bench<'_>, unit: &Unit<'_>, mut ran: RanUnit, report: Report) -> RanUnit {
    let target = &unit.executable.target;
    let running = culprit(&ran, unit);
    if let Some(why) = &report.stopped {
        ran.notes.push(format!("{target}: {why} in {}", running.as_deref().unwrap_or("a test")));
    }
    if !report.complete && ran.finished.end == End::Itself {
        ran.notes.push(format!("the report of {target} was cut off; its last finding may lack frames"));
    }
    let fatal: Vec<bool> = report.findings.iter().map(|finding| finding.fatal).collect();
    let symbols = Symbols::of(sanitizer::offsets(&report));
    let resolve = |object: &str, offset: u64| symbols.frames(object, offset);
    let mut findings = sanitizer::lower(report, bench.settings.tool, &resolve);
    // None of the plants is left, but frames of their library are.
    marks::take(&mut findings);
    for (mut finding, fatal) in findings.into_iter().zip(fatal) {
        if fatal {
            // One test at a time runs, so it is the one that was ended.
            finding.test.clone_from(&running);
        }
        ran.findings.push(finding);
    }
    ran
}

/// The command of a unit, as a person would repeat it: with whole stacks.
pub(super) fn command(bench: &Bench<'_>, unit: &Unit<'_>, dir: &Path, more: &[&str]) -> Command {
    with_options(bench, unit, dir, Stacks::Whole, more)
}

fn with_options(bench: &Bench<'_>, unit: &Unit<'_>, dir: &Path, stacks: Stacks, more: &[&str]) -> Command {
    let command = bench.command(unit, dir);
    let variable = variable(bench.settings.tool);
    let value = options(stacks, command.env.get(variable), &bench.settings.flags, more, &dir.join("sanitizer"));
    // AddressSanitizer reads LSAN_OPTIONS too, after its own.
    let other = command.env.get("LSAN_OPTIONS").filter(|_| bench.settings.tool == Tool::Asan);
    let other = other.map(|theirs| options(stacks, Some(theirs), &[], more, &dir.join("sanitizer")));
    let command = command.env(variable, value);
    match other {
        Some(value) => command.env("LSAN_OPTIONS", value),
        None => command,
    }
}

/// The variables that the sanitizer reads.
fn variables(tool: Tool) -> &'static [&'static str] {
    match tool {
        Tool::Lsan => &["LSAN_OPTIONS"],
        Tool::Valgrind | Tool::Asan | Tool::Miri | Tool::Resources => &["ASAN_OPTIONS", "LSAN_OPTIONS"],
    }
}

/// Starts the unit's process and waits for its end.
fn start(bench: &Bench<'_>, unit: &Unit<'_>, dir: &Path, stacks: Stacks, more: &[&str]) -> Result<(RanUnit, Log)> {
    let command = with_options(bench, unit, dir, stacks, more);
    let ran = bench.start(unit, &command)?;
    let log = Log { dir: dir.to_owned(), pid: ran.finished.pid };
    Ok((ran, log))
}

/// The reports of a process and of those that it started.
struct Log {
    dir: PathBuf,
    pid: u32,
}

impl Log {
    /// The report of the process itself. Of one that it started there is only a note: a fork of a test sees all that the
    /// test has not freed yet.
    fn text(&self, notes: &mut Vec<String>) -> Result<String> {
        let own = format!("sanitizer.{}", self.pid);
        let mut text = String::new();
        for path in files::list(&self.dir)? {
            let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
            if name == own {
                text = String::from_utf8_lossy(&files::read(&path)?).into_owned();
            } else if name.starts_with("sanitizer.") {
                let report = sanitizer::parse(&String::from_utf8_lossy(&files::read(&path)?));
                let bytes: u64 = report.findings.iter().map(|finding| finding.bytes).sum();
                notes.push(format!(
                    "a child process of a test wrote its own report (findings: {}, bytes: {bytes}), which is ignored here: a \
                     fork has all that the test has not freed yet; valgrind tells them apart",
                    report.findings.len()
                ));
            }
        }
        Ok(text)
    }
}

/// The test that was under way when the process ended.
fn culprit(ran: &RanUnit, unit: &Unit<'_>) -> Option<String> {
    match (ran.report.complete, unit.tests.as_slice(), ran.report.running.as_slice()) {
        (true, ..) => None,
        (false, [only], _) | (false, _, [only]) => Some(only.clone()),
        (false, ..) => None,
    }
}

/// Why the sanitizer's result does not count; `None` if it does.
fn trouble(ran: &RanUnit, report: &Report) -> Option<(Outcome, String)> {
    let Finished { status, end, stderr, .. } = &ran.finished;
    if *end != End::Itself {
        return None;
    }
    if let Some(why) = &report.trouble {
        return Some((Outcome::Infrastructure, why.clone()));
    }
    let silent = report.findings.is_empty() && report.stopped.is_none();
    if !silent || ran.report.complete && status.code() != Some(EXIT_CODE) {
        return None;
    }
    // Errors before the options are read go to stderr.
    if let Some(why) = sanitizer::parse(&stderr.text()).trouble {
        return Some((Outcome::Infrastructure, why));
    }
    (status.code() == Some(EXIT_CODE)).then(|| {
        let why = "the sanitizer ended the process but wrote no report; is there room in `target/compat`?";
        (Outcome::Infrastructure, why.to_owned())
    })
}

/// LeakSanitizer's handler of SIGSEGV needs a stack itself and has none when a test ran over its end; std's own handler
/// brings one. So the test is run once more, with that.
fn overflow(bench: &Bench<'_>, unit: &Unit<'_>, test: &str, dir: &Path) -> Result<Option<Finding>> {
    let alone = Unit { executable: unit.executable, tests: vec![test.to_owned()], whole: false };
    let dir = another(bench, dir, "alone")?;
    let (ran, _) = start(bench, &alone, &dir, Stacks::Quick, &["handle_segv=0"])?;
    let said = ran.finished.stderr.text();
    Ok(said.contains("has overflowed its stack").then(|| Finding {
        test: Some(test.to_owned()),
        ..Finding::raw(bench.settings.tool, FindingKind::StackOverflow, "stack-overflow")
    }))
}

/// Whether the executable contains the sanitizer, judging by its runtime's symbols.
fn has_runtime(bench: &Bench<'_>, executable: &Executable) -> Result<bool> {
    let Some(sanitizer) = Sanitizer::of(bench.settings.tool) else { return Ok(false) };
    let sign = format!("__{}_init", sanitizer_runtime(sanitizer));
    let host: &Host = bench.host;
    let name = format!("sanitizer {sign} {}", executable.path.display());
    host.memo.fact(&name, &executable.inspection.sha256.to_string(), || {
        Ok(memmem::find(&files::read(&executable.path)?, sign.as_bytes()).is_some())
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn options_of_the_user_come_after_ours_and_before_what_must_hold() {
        let all = options(Stacks::Quick, Some(&"a=1".to_owned()), &["b=2".to_owned()], &["c=3"], Path::new("/w/x:y"));
        let at = |word: &str| all.find(word).unwrap_or_else(|| panic!("{word} in {all}"));
        assert!(at("detect_leaks=1") < at("a=1") && at("a=1") < at("b=2") && at("b=2") < at("c=3"), "{all}");
        assert!(at("c=3") < at("exitcode=93") && all.ends_with(":log_path='/w/x:y'"), "{all}");
    }

    #[test]
    fn reports_of_other_processes_are_none_of_ours() {
        let dir = tempfile::tempdir().unwrap();
        files::write(&dir.path().join("sanitizer.12"), b"ours\n").unwrap();
        files::write(&dir.path().join("sanitizer.123"), b"a child's\n").unwrap();
        let mut notes = Vec::new();
        let text = Log { dir: dir.path().to_owned(), pid: 12 }.text(&mut notes).unwrap();
        assert_eq!((text.as_str(), notes.len()), ("ours\n", 1));
    }
}
