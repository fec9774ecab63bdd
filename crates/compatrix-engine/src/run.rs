//! One run: a build's test executables started under the run-time values of one cell, with proof of what ran. Imports
//! `build`, the survey and what they do.

pub(crate) mod command;
pub(crate) mod executable;
mod features;
mod honesty;
pub(crate) mod inputs;
pub(crate) mod keys;
pub(crate) mod known;
pub(crate) mod parts;
pub(crate) mod program;
pub(crate) mod proof;
mod which_sqlite;

use std::path::Path;

use anyhow::{Context, Result};
use compatrix_model::evidence::{Counts, Record, TestFailure, NO_TEST};
use compatrix_model::libtest::{Parser, Report, Source};
use compatrix_model::matrix_spec::Suite;
use compatrix_model::outcome::Outcome;
use compatrix_model::results::rank;
use compatrix_model::sqlite_api;
use compatrix_model::time_limit;

use crate::build::{self, Doctests, Executable, Product, Recorded};
use crate::find::wine;
use crate::run::executable::{blank, command, signal_name, take_status_for_a_test, Scratch};
use crate::run::inputs::{environment, RunInputs};
use crate::sys::files;
use crate::sys::host::{last_lines, Host};
use crate::sys::os::children::signal;
use crate::sys::process::{Command, Finished};
use crate::sys::supervisor::End;

/// Runs the cell after proving that the planned compiler and SQLite would run; the proof is in the record.
///
/// # Errors
/// Our own side fails.
pub(crate) fn proven(
    host: &Host,
    inputs: &RunInputs<'_>,
    product: &Product,
    act: impl FnOnce(&Scratch) -> Result<Record>,
) -> Result<Record> {
    let scratch = Scratch::new(host)?;
    let (proof, mismatch) =
        proof::prove(host, inputs, product, environment(host, inputs, &Recorded::default(), &scratch.dir))?;
    let record = match mismatch {
        Some(mismatch) => blank(inputs, Outcome::Misidentified, mismatch),
        None => act(&scratch)?,
    };
    Ok(Record { proof: Some(proof), ..record })
}

/// Runs the tests, and retries failures if the suite allows it.
///
/// # Errors
/// Our own side fails.
pub(crate) fn tests(host: &Host, inputs: &RunInputs<'_>, product: &Product, scratch: &Scratch) -> Result<Record> {
    with_retries(host, inputs, || attempt(host, inputs, product, scratch))
}

/// Attempts a run until it is not red, or the suite allows no further attempt.
pub(crate) fn with_retries(
    host: &Host,
    inputs: &RunInputs<'_>,
    attempt: impl Fn() -> Result<Record>,
) -> Result<Record> {
    let mut attempts = 0;
    loop {
        attempts += 1;
        let record = attempt()?;
        let again = matches!(record.outcome, Outcome::Failed | Outcome::Crashed | Outcome::TimedOut);
        if !again || attempts > inputs.suite.retries || host.supervisor.is_interrupted() {
            return Ok(Record { attempts, ..record });
        }
    }
}

/// The record of a suite that only builds: the products and their compiler.
pub(crate) fn built(host: &Host, inputs: &RunInputs<'_>, product: &Product) -> Record {
    let proof = proof::proof_of_product(inputs, product);
    let wrong = proof::wrong_compiler(host, inputs, product);
    let (outcome, cause) = match wrong {
        Some(mismatch) => (Outcome::Misidentified, mismatch),
        None if product.executables.is_empty() => (Outcome::Failed, "cargo built nothing for the packages".to_owned()),
        None => (Outcome::Passed, String::new()),
    };
    Record { proof: Some(proof), ..blank(inputs, outcome, cause) }
}

fn attempt(host: &Host, inputs: &RunInputs<'_>, product: &Product, scratch: &Scratch) -> Result<Record> {
    let mut record = blank(inputs, Outcome::Passed, String::new());
    let mut notes = Vec::new();
    if let Some(tmpdir) = &product.tmpdir {
        // As in a fresh checkout. The schedule starts no other run of this build meanwhile.
        let _ = files::clear_dir(tmpdir, &host.dir.join("left"));
        files::make_dir(tmpdir)?;
    }
    let under_wine = inputs.target.filter(|(system, _)| system.is_wine);
    if let Some((system, _)) = under_wine {
        wine::renew(host, &system.runner, &scratch.dir.join(wine::FOLDER))?;
    }
    for executable in &product.executables {
        scratch.renew_fixture(inputs)?;
        let command = command(host, inputs, executable, &scratch.dir);
        let mut parser = Parser::new(executable.target.clone(), Source::Executable);
        let finished = command
            .run_with(&host.supervisor, &mut |bytes| parser.feed(bytes), &mut |_| {})
            .with_context(|| cannot_start(inputs, executable, &command))?;
        record.executables_ms += u64::try_from(finished.wall.as_millis()).unwrap_or(u64::MAX);
        let mut report = parser.finish();
        // Tests end in any order; the record of a run is not to depend on it.
        report.failures.sort_by(|a, b| a.test.cmp(&b.test));
        if executable.own_harness {
            take_status_for_a_test(&mut report, &finished, executable);
        }
        let doubt = doubt(host, inputs, executable, &scratch.dir, (&mut report, &finished))?;
        // A runner that hangs before a first word hangs when it is asked for a list too.
        let is_silent = inputs.target.is_some() && finished.end == End::TimedOut && report.announced.is_none();
        let is_known = finished.end == End::Interrupted || finished.status.code() == Some(NOT_LOADED);
        if !report.complete && !is_silent && !is_known {
            if let Some(listed) = executable::listed(host, inputs, executable, &scratch.dir) {
                report.against(&listed, executable::is_serial(inputs.suite));
            }
        }
        if report.counts.filtered > 0 && !executable::filters(inputs.suite) {
            let (all, starts) = (report.counts.filtered, executable.recorded.runner.join(" "));
            notes.push(format!(
                "{}: {all} filtered out, which no argument of the suite asks for; `{starts}` starts it",
                executable.target
            ));
        }
        let (outcome, cause) = match (judge_one(&report, &finished, executable, inputs), doubt) {
            ((Outcome::Passed, _), Some(doubt)) => (Outcome::Failed, doubt),
            (judged, _) => judged,
        };
        // wine's server outlives the last program by some seconds; it is the run's own.
        if finished.left_processes && under_wine.is_none() {
            notes.push(format!("{} left processes behind, which were ended", executable.target));
        }
        if rank::of_outcome(outcome) > rank::of_outcome(record.outcome) {
            record.outcome = outcome;
            record.cause = cause;
        }
        record.tests = record.tests.plus(report.counts);
        add_failures(&mut record.failures, report, &finished, executable, outcome);
        if outcome == Outcome::Infrastructure {
            break;
        }
    }
    if record.outcome == Outcome::Passed {
        if let Some(doubt) = honesty::doubt(host, inputs, product, &scratch.dir)? {
            (record.outcome, record.cause) = (Outcome::Infrastructure, doubt);
        }
    }
    if record.cause.is_empty() {
        record.cause = notes.join("; ");
    }
    // Doctests, which are a task of their own, may be all the tests that there are.
    let all_are_done = !inputs.build.targets.doctests();
    Ok(if all_are_done { with_a_test(inputs, record) } else { record })
}

/// The record with the doctests of the run's build.
pub(crate) fn with_doctests(inputs: &RunInputs<'_>, mut record: Record, doctests: &Doctests) -> Record {
    match record.outcome {
        Outcome::Passed | Outcome::Failed | Outcome::Crashed | Outcome::TimedOut => {}
        // Its tests did not run.
        Outcome::BuildFailed
        | Outcome::Misidentified
        | Outcome::Unavailable
        | Outcome::NotPromised
        | Outcome::Infrastructure => return record,
    }
    record.doctests = Some(doctests.counts);
    record.failures.extend(doctests.failures.iter().cloned());
    if let Some((outcome, cause)) = &doctests.trouble {
        if rank::of_outcome(*outcome) > rank::of_outcome(record.outcome) {
            (record.outcome, record.cause) = (*outcome, cause.clone());
        }
    }
    with_a_test(inputs, record)
}

/// A pass without a test is a failure.
fn with_a_test(inputs: &RunInputs<'_>, mut record: Record) -> Record {
    let all = record.tests.plus(record.doctests.unwrap_or_default());
    if record.outcome == Outcome::Passed && all.run() == 0 {
        record.outcome = Outcome::Failed;
        record.cause = no_test(all, inputs);
    }
    record
}

/// Why an executable's result cannot be believed, if so. What tests print may look like lines of libtest; its own list of
/// tests decides what is one.
fn doubt(
    host: &Host,
    inputs: &RunInputs<'_>,
    executable: &Executable,
    dir: &Path,
    (report, finished): (&mut Report, &Finished),
) -> Result<Option<String>> {
    if finished.end != End::Itself {
        return Ok(None);
    }
    if executable.own_harness {
        let runner = &executable.recorded.runner;
        if runner.is_empty() || honesty::is_asked(inputs) {
            return Ok(None);
        }
        let hidden = build::hides_results(host, runner, build::OF_CARGO, &executable.recorded.dir)?;
        return Ok(hidden.map(|hidden| format!("{}: {hidden}", executable.target)));
    }
    if !report.complete || report.announced == Some(0) {
        return Ok(None);
    }
    let listed = executable::announced(host, inputs, executable, dir);
    if report.counts.failed > 0 {
        if let Some(listed) = listed {
            report.failures.retain(|failure| listed.contains(&failure.test));
        }
        return Ok(None);
    }
    Ok(report.doubt(listed.as_deref()).map(|doubt| format!("{}: {doubt}", executable.target)))
}

fn cannot_start(inputs: &RunInputs<'_>, executable: &Executable, command: &Command) -> String {
    match executable.recorded.runner.first() {
        // The system says of a script whose interpreter is missing that the script is.
        Some(runner) if Path::new(runner).is_file() => format!(
            "cannot start {runner}, {}, though the file is there: is what its first line names?",
            honesty::whose(inputs)
        ),
        Some(runner) => format!("cannot start {runner}, {}", honesty::whose(inputs)),
        None => format!("cannot start {}", command.program),
    }
}

/// Why no test ran, with advice.
fn no_test(counts: Counts, inputs: &RunInputs<'_>) -> String {
    let suite = &inputs.suite.name;
    if counts.compiled > 0 {
        let of = if counts.compiled == 1 { "documentation test was" } else { "documentation tests were" };
        return format!(
            "{NO_TEST}: {} {of} only compiled (`no_run`, `compile_fail`), which proves nothing of a run; write a test in the \
             packages under test",
            counts.compiled
        );
    }
    match (counts.filtered, counts.ignored) {
        (0, 0) if inputs.suite.doctests => format!("{NO_TEST}; a pass needs one: write one in the packages under test"),
        (0, 0) => format!(
            "{NO_TEST}; a pass needs one: write one in the packages under test, or set `doctests = true` in the suite \
             `{suite}`, if their documentation has examples"
        ),
        (0, n) => {
            format!("{NO_TEST}; {n} are ignored: `args = [\"--include-ignored\"]` in the suite `{suite}` runs them")
        }
        (n, _) => format!("{NO_TEST}; the `args` of the suite `{suite}` filter out {n}"),
    }
}

/// The last line that a process printed of errors, to be put after its end; empty if there is none.
fn last_words(finished: &Finished) -> String {
    let said = last_lines(&finished.stderr.text(), 1);
    if said.is_empty() {
        said
    } else {
        format!(": {said}")
    }
}

/// The code with which the loader reports a failure, see ld.so(8).
const NOT_LOADED: i32 = 127;

/// Which tests ran when the process ended, as far as that is known.
fn during(report: &Report) -> String {
    match (report.running.as_slice(), report.unfinished.as_slice()) {
        ([], []) => String::new(),
        ([], [one, two]) => format!(" in {one} or {two}"),
        ([], [one, rest @ ..]) => format!(" in {one} or one of {} others without a result", rest.len()),
        (running, _) => format!(" in {}", running.join(", ")),
    }
}

/// The outcome of one executable, and why.
fn judge_one(
    report: &Report,
    finished: &Finished,
    executable: &Executable,
    inputs: &RunInputs<'_>,
) -> (Outcome, String) {
    let (target, suite) = (&executable.target, inputs.suite);
    let is_foreign = inputs.target.is_some();
    match finished.end {
        End::TimedOut => {
            let ended = time_limit::Ended { limit: suite.timeout, had: finished.had, wall: finished.wall };
            return ended.outcome(target, &during(report));
        }
        End::Interrupted => return (Outcome::Infrastructure, "interrupted".to_owned()),
        End::Itself => {}
    }
    if let Some(signal) = signal(finished.status) {
        let running = during(report);
        let said = last_words(finished);
        return (Outcome::Crashed, format!("{target} was ended by {}{running}{said}", signal_name(signal)));
    }
    let code = finished.status.code().unwrap_or(-1);
    if executable.own_harness && !is_loader_s(code, &finished.stderr.text()) {
        return judge_own_harness(code, finished, executable, suite);
    }
    let runner = &executable.recorded.runner;
    if is_foreign && report.complete && code == 0 && report.counts.failed > 0 {
        let why = "it hides exit codes, so that nothing it starts can be believed";
        let all = report.counts.failed;
        return (
            Outcome::Infrastructure,
            format!(
                "`{}`, {}, ended with code 0 though {all} tests of {target} failed: {why}",
                runner.join(" "),
                honesty::whose(inputs)
            ),
        );
    }
    match (report.complete && !executable.own_harness, code) {
        (true, 0) if report.counts.failed == 0 => (Outcome::Passed, String::new()),
        (true, _) if report.counts.failed > 0 => {
            let first = report.failures.first().map(|f| format!(", first {}", f.test)).unwrap_or_default();
            let all = report.counts.run();
            (Outcome::Failed, format!("{} of {all} tests failed in {target}{first}", report.counts.failed))
        }
        (true, _) => (Outcome::Failed, format!("{target} ended with code {code}, though no test failed")),
        (false, NOT_LOADED) => {
            let said = finished.stderr.text();
            let brought = sqlite_api::explain_missing(&said).map(|brought| format!("; {brought}")).unwrap_or_default();
            (Outcome::Crashed, format!("{target} did not load: {}{brought}", last_lines(&said, 1)))
        }
        (false, 0) => {
            (Outcome::Failed, format!("{target} ended with code 0 and without a test result{}", during(report)))
        }
        (false, _) => {
            let said = last_words(finished);
            (Outcome::Crashed, format!("{target} ended with code {code} before its result{}{said}", during(report)))
        }
    }
}

/// Whether this is the loader's failure, see ld.so(8), and not the code of a program that ran.
fn is_loader_s(code: i32, stderr: &str) -> bool {
    let signs = ["error while loading shared libraries", "symbol lookup error", "Error relocating", "Error loading"];
    code == NOT_LOADED && signs.iter().any(|sign| stderr.contains(sign))
}

/// The outcome of an executable with its own harness, of which only the exit code is known.
fn judge_own_harness(code: i32, finished: &Finished, executable: &Executable, suite: &Suite) -> (Outcome, String) {
    if code == 0 {
        return (Outcome::Passed, String::new());
    }
    let said = [&finished.stderr, &finished.stdout].map(|stream| last_lines(&stream.text(), 1));
    let said = said.into_iter().find(|said| !said.is_empty());
    let said = said.map(|said| format!(": {said}")).unwrap_or_default();
    let args = match suite.args.as_slice() {
        [] => String::new(),
        args => format!("; the suite's `args` were {}", args.join(" ")),
    };
    (Outcome::Failed, format!("{}, which has its own harness, ended with code {code}{said}{args}", executable.target))
}

fn add_failures(
    failures: &mut Vec<TestFailure>,
    report: Report,
    finished: &Finished,
    executable: &Executable,
    outcome: Outcome,
) {
    failures.extend(report.failures);
    // A process that died explains itself on stderr, if at all.
    let died = matches!(outcome, Outcome::Crashed | Outcome::TimedOut);
    for test in report.running.into_iter().filter(|_| died) {
        let output = finished.stderr.text().chars().take(4096).collect();
        failures.push(TestFailure { executable: executable.target.clone(), test, output });
    }
    failures.truncate(100);
}
