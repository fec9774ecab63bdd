//! A suite of kind `command`: any program, in the environment of the cell's tests. Its exit code and the lines that it prints
//! decide.

use std::io::ErrorKind;
use std::path::Path;

use anyhow::{Context, Result};
use compatrix_bench::harness::lines::{self, Finding, Findings, Level};
use compatrix_bench::{Reading, Trouble};
use compatrix_model::evidence::{Counts, Measurements, Record, TestFailure};
use compatrix_model::matrix_spec::{Piece, Suite};
use compatrix_model::outcome::Outcome;
use compatrix_model::{plain, time_limit};

use crate::build::{Executable, Product, Recorded, TargetKind};
use crate::run::executable::{blank, signal_name, Scratch};
use crate::run::inputs::{environment, fill, RunInputs};
use crate::run::{program, proven, with_retries};
use crate::sys::host::{last_lines, Host};
use crate::sys::os::children::{is_no_program, signal};
use crate::sys::process::{Command, Finished};
use crate::sys::supervisor::End;

/// The most of its standard output that is read for lines of metrics and findings.
const MOST_OUTPUT: usize = 64 << 20;

/// The most of a failure's text that a record keeps.
const MOST_TEXT: usize = 4096;

/// Runs the program after proving what it runs beside, and retries failures if the suite allows it.
///
/// # Errors
/// Our own side fails.
pub(crate) fn run(host: &Host, inputs: &RunInputs<'_>, product: &Product) -> Result<Record> {
    if let Some(missing) = inputs.suite.command.first().and_then(|first| program::missing(host, first, inputs.cell)) {
        return Ok(Record::untried(&inputs.suite.name, inputs.cell.clone(), &missing));
    }
    proven(host, inputs, product, |scratch| with_retries(host, inputs, || attempt(host, inputs, product, scratch)))
}

/// The command's words for a run with this scratch folder.
///
/// # Errors
/// It names a program that the build did not make.
pub(crate) fn words(inputs: &RunInputs<'_>, product: &Product, dir: &Path) -> Result<Vec<String>, String> {
    // Of several with one name, a program first.
    let mut made: Vec<&Executable> = product.programs.iter().collect();
    made.sort_by_key(|one| (rank(one.kind), &one.target));
    let names: Vec<String> = made.iter().map(|one| program_name(one)).collect();
    let programs: Vec<(&str, &Path)> =
        names.iter().map(String::as_str).zip(made.iter().map(|one| one.path.as_path())).collect();
    let asked = inputs.suite.command.iter().flat_map(|word| &word.0);
    let unknown = asked.into_iter().find_map(|piece| match piece {
        Piece::Program(name) if !programs.iter().any(|(known, _)| known == name) => Some(name),
        _ => None,
    });
    if let Some(name) = unknown {
        let known: Vec<String> =
            made.iter().map(|one| format!("{} `{}`", one.kind.word(), program_name(one))).collect();
        let known = if known.is_empty() {
            "none; cargo builds programs beside tests in `tests/`, and shared libraries (`cdylib`) of packages under test"
                .to_owned()
        } else {
            known.join(", ")
        };
        return Err(format!("the tests' build makes no `{{program.{name}}}`; it makes {known}"));
    }
    Ok(inputs.suite.command.iter().map(|word| fill(word, inputs.cell, dir, &programs)).collect())
}

/// The name in `{program.NAME}`. Cargo before 1.79 calls the library of `my-ffi` so, later ones call it `my_ffi`.
fn program_name(one: &Executable) -> String {
    match one.kind {
        TargetKind::Library | TargetKind::Macros => one.target.replace('-', "_"),
        TargetKind::Program | TargetKind::Example | TargetKind::Test | TargetKind::Bench => one.target.clone(),
    }
}

fn rank(kind: TargetKind) -> u8 {
    match kind {
        TargetKind::Program => 0,
        TargetKind::Example => 1,
        TargetKind::Library | TargetKind::Macros | TargetKind::Test | TargetKind::Bench => 2,
    }
}

/// The process to start with these words.
pub(crate) fn command(host: &Host, inputs: &RunInputs<'_>, words: &[String], dir: &Path) -> Command {
    let (first, args) = words.split_first().map_or(("", &[][..]), |(first, args)| (first.as_str(), args));
    // By its name, one on PATH is that of the cell's toolchain, if it has one.
    let program = match program::found(host, first) {
        Some(path) if first.contains('/') || path.starts_with(&host.root) => path.to_string_lossy().into_owned(),
        _ => first.to_owned(),
    };
    let env = environment(host, inputs, &Recorded::default(), dir);
    let root = inputs.root_of_run(host, dir);
    let mut command = Command::new(program, &host.root).args(args.iter().cloned()).envs(&env).inside(root);
    command.timeout = Some(inputs.suite.timeout);
    command.watches_memory = true;
    command
}

fn attempt(host: &Host, inputs: &RunInputs<'_>, product: &Product, scratch: &Scratch) -> Result<Record> {
    scratch.renew_fixture(inputs)?;
    let shown = shown(inputs.suite);
    let words = match words(inputs, product, &scratch.dir) {
        Ok(words) => words,
        Err(why) => return Ok(failed(inputs, &shown, Outcome::Failed, why, String::new())),
    };
    let command = command(host, inputs, &words, &scratch.dir);
    let (mut stdout, mut left_out) = (Vec::new(), 0);
    let mut keep = |bytes: &[u8]| {
        let kept = bytes.len().min(MOST_OUTPUT - stdout.len());
        stdout.extend_from_slice(&bytes[..kept]);
        left_out += bytes.len() - kept;
    };
    let finished = match command.run_with(&host.supervisor, &mut keep, &mut |_| {}) {
        Ok(finished) => finished,
        Err(error) if error.kind() == ErrorKind::NotFound && Path::new(&command.program).is_file() => {
            let why = format!("the interpreter of {} is not installed; its first line names it", words[0]);
            return Ok(Record::untried(&inputs.suite.name, inputs.cell.clone(), &why));
        }
        Err(error) if is_its_fault(&error) => {
            let why = match error.kind() {
                _ if host.root.join(&command.program).is_dir() => format!("{} is a directory, not a program", words[0]),
                ErrorKind::NotFound => format!("there is no {} in the workspace", words[0]),
                ErrorKind::PermissionDenied => {
                    format!("{} is not executable: `chmod +x` it, or name its interpreter first", words[0])
                }
                _ => format!("{} cannot be started: {error}", words[0]),
            };
            return Ok(failed(inputs, &shown, Outcome::Failed, why, String::new()));
        }
        Err(error) => return Err(error).with_context(|| format!("cannot start {}", command.program)),
    };
    let text = String::from_utf8_lossy(&stdout);
    let (reading, findings) = (lines::reading(&text), lines::findings(&text));
    if let Some(why) = lacks(&finished, &findings) {
        return Ok(Record::untried(&inputs.suite.name, inputs.cell.clone(), why));
    }
    let mut troubles: Vec<Trouble> = reading.troubles.iter().chain(&findings.troubles).cloned().collect();
    if left_out > 0 {
        let why = format!("it printed {left_out} bytes more than the {} MB that are read", MOST_OUTPUT >> 20);
        troubles.push(Trouble { bench: None, why });
    }
    Ok(judged(inputs, &shown, &finished, &Said { reading, findings: findings.found, troubles }))
}

/// Why it could do nothing here, in its own words. Not if it found something nevertheless, or did not end by itself.
fn lacks<'a>(finished: &Finished, findings: &'a Findings) -> Option<&'a str> {
    let ended = matches!(finished.end, End::Itself) && finished.status.code().is_some();
    let is_wrong = findings.found.iter().any(|one| one.level == Level::Error) || !findings.troubles.is_empty();
    findings.unavailable.as_deref().filter(|_| ended && !is_wrong)
}

/// Whether it is what the spec says that cannot be started (execve(2): absent, not executable, of no known format, too long),
/// and nothing that the machine lacks.
fn is_its_fault(error: &std::io::Error) -> bool {
    let kinds = [ErrorKind::NotFound, ErrorKind::PermissionDenied, ErrorKind::ArgumentListTooLong];
    is_no_program(error) || kinds.contains(&error.kind())
}

/// What it printed.
struct Said {
    reading: Reading,
    findings: Vec<Finding>,
    troubles: Vec<Trouble>,
}

fn judged(inputs: &RunInputs<'_>, shown: &str, finished: &Finished, said: &Said) -> Record {
    let (outcome, mut cause) = outcome(inputs, shown, finished, said);
    let text = text(finished, said);
    let findings = said.findings.iter().map(in_a_line).collect();
    let measured = Measurements {
        peak_memory: finished.peak_memory,
        cpu_ms: u64::try_from(finished.cpu.as_millis()).unwrap_or(u64::MAX),
        ..Measurements::of(&said.reading.measured, findings)
    };
    let mut record = match outcome {
        Outcome::Passed => {
            let notes = notes(finished, said);
            cause = notes.join("; ");
            Record { tests: Counts { passed: 1, ..Counts::default() }, ..blank(inputs, outcome, cause) }
        }
        _ => failed(inputs, shown, outcome, cause, text),
    };
    record.executables_ms = u64::try_from(finished.wall.as_millis()).unwrap_or(u64::MAX);
    record.measured = Some(measured);
    record
}

/// What is to be said of one that passed.
fn notes(finished: &Finished, said: &Said) -> Vec<String> {
    let warnings: Vec<&Finding> = said.findings.iter().filter(|one| one.level == Level::Warning).collect();
    let more = |n: usize| if n > 1 { format!(" (and {} more)", n - 1) } else { String::new() };
    let first = warnings.first().map(|first| format!("{}{}", in_a_line(first), more(warnings.len())));
    let left = finished.left_processes.then(|| "it left processes behind, which were ended".to_owned());
    first.into_iter().chain(left).collect()
}

fn outcome(inputs: &RunInputs<'_>, shown: &str, finished: &Finished, said: &Said) -> (Outcome, String) {
    let ended = match finished.end {
        End::TimedOut => {
            let ended = time_limit::Ended { limit: inputs.suite.timeout, had: finished.had, wall: finished.wall };
            return ended.outcome(&format!("`{shown}`"), "");
        }
        End::Interrupted => return (Outcome::Infrastructure, "interrupted".to_owned()),
        End::Itself => finished.status.code(),
    };
    let last = [&finished.stderr, &finished.stdout].map(|stream| last_lines(&stream.text(), 1));
    let last = last.into_iter().find(|last| !last.is_empty()).map(|last| format!(": {last}")).unwrap_or_default();
    if let Some(signal) = signal(finished.status) {
        return (Outcome::Crashed, format!("`{shown}` was ended by {}{last}", signal_name(signal)));
    }
    let errors: Vec<&Finding> = said.findings.iter().filter(|one| one.level == Level::Error).collect();
    if let Some(first) = errors.first() {
        let n = errors.len();
        let several = if n > 1 { format!("{n} findings, first ") } else { String::new() };
        return (Outcome::Failed, format!("{several}{}", in_a_line(first)));
    }
    match (ended, said.troubles.first()) {
        (Some(0), None) => (Outcome::Passed, String::new()),
        (Some(0), Some(trouble)) => {
            (Outcome::Failed, format!("`{shown}` printed what cannot be read: {}", trouble.why))
        }
        (code, _) => (Outcome::Failed, format!("`{shown}` ended with code {}{last}", code.unwrap_or(-1))),
    }
}

/// `ffi/store.h:12: error: close is exported twice`.
fn in_a_line(finding: &Finding) -> String {
    let Finding { text, file, line, level } = finding;
    let place = match (file, line) {
        (Some(file), Some(line)) => format!("{file}:{line}: "),
        (Some(file), None) => format!("{file}: "),
        (None, _) => String::new(),
    };
    let level = match level {
        Level::Error => "error",
        Level::Warning => "warning",
        Level::Note => "note",
    };
    format!("{place}{level}: {}", text.lines().map(str::trim).collect::<Vec<_>>().join(" "))
}

/// What a failure is shown with: its findings, what could not be read, and what it said last.
fn text(finished: &Finished, said: &Said) -> String {
    let mut lines: Vec<String> = said.findings.iter().map(in_a_line).collect();
    lines.extend(said.troubles.iter().map(|trouble| trouble.why.clone()));
    let stderr = finished.stderr.text();
    let rest = if stderr.trim().is_empty() && lines.is_empty() { finished.stdout.text() } else { stderr };
    let rest = plain(&rest);
    // Its end says most.
    let room = MOST_TEXT.saturating_sub(lines.iter().map(|line| line.chars().count() + 1).sum());
    let skipped = rest.chars().count().saturating_sub(room);
    lines.push(rest.chars().skip(skipped).collect::<String>().trim_end().to_owned());
    lines.join("\n").trim_end().chars().take(MOST_TEXT).collect()
}

/// A record of one that did not pass: as of a test, of which it has one.
fn failed(inputs: &RunInputs<'_>, shown: &str, outcome: Outcome, cause: String, output: String) -> Record {
    let failure = TestFailure { executable: inputs.suite.name.clone(), test: shown.to_owned(), output };
    let failures = if outcome == Outcome::Infrastructure { Vec::new() } else { vec![failure] };
    let tests = Counts { failed: u32::from(outcome == Outcome::Failed), ..Counts::default() };
    Record { tests, failures, ..blank(inputs, outcome, cause) }
}

/// The command as the spec has it: no path of this machine, and not too long.
fn shown(suite: &Suite) -> String {
    const LONGEST: usize = 120;
    let text = suite.command.iter().map(ToString::to_string).collect::<Vec<_>>().join(" ");
    let text: String = text.chars().map(|c| if c.is_control() { ' ' } else { c }).collect();
    match text.char_indices().nth(LONGEST) {
        Some((end, _)) => format!("{}…", &text[..end]),
        None => text,
    }
}
