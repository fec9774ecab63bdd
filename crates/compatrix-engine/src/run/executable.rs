//! One test executable to be started: its scratch folder, its command, and the words for how it ends. What plain runs and
//! those under a leak tool have in common.

use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use anyhow::Result;
use compatrix_model::evidence::{Counts, Record, TestFailure};
use compatrix_model::libtest::{listed_benchmarks, parse_list, Report};
use compatrix_model::matrix_spec::Suite;
use compatrix_model::outcome::Outcome;

use crate::build::Executable;
use crate::run::inputs::{environment, RunInputs};
use crate::sys::files;
use crate::sys::host::Host;
use crate::sys::process::{Command, Finished};

/// The folders in a run's own: those that its environment names.
pub(crate) const FOLDERS: [&str; 2] = ["tmp", "home"];

/// A folder for one run, removed when it is dropped.
#[derive(Debug)]
pub(crate) struct Scratch {
    pub(crate) dir: PathBuf,
}

static NEXT: AtomicU64 = AtomicU64::new(0);

impl Scratch {
    pub(crate) fn new(host: &Host) -> Result<Self> {
        let all = host.dir.join("run");
        // A number may be taken by a folder that could not be removed.
        let dir = loop {
            let name = format!("{}-{}", std::process::id(), NEXT.fetch_add(1, Ordering::Relaxed));
            if files::make_new_dir(&all.join(&name))? {
                break all.join(name);
            }
        };
        for part in FOLDERS {
            files::make_dir(&dir.join(part))?;
        }
        Ok(Self { dir })
    }

    /// The run's own copy of the fixture, as it was built.
    pub(crate) fn renew_fixture(&self, inputs: &RunInputs<'_>) -> Result<()> {
        renew_fixture(inputs, &self.dir)
    }
}

/// A scratch folder's own copy of the fixture, as it was built.
pub(crate) fn renew_fixture(inputs: &RunInputs<'_>, dir: &Path) -> Result<()> {
    let Some((_, fixture)) = inputs.fixture else { return Ok(()) };
    let copy = dir.join("fixture");
    let _ = files::clear_dir(&copy, &dir.join("left"));
    files::copy_files(Path::new(&fixture.dir), &copy)
}

impl Drop for Scratch {
    fn drop(&mut self) {
        let _ = files::remove_dir(&self.dir);
    }
}

/// The command of one executable in this scratch folder.
pub(crate) fn command(host: &Host, inputs: &RunInputs<'_>, executable: &Executable, dir: &Path) -> Command {
    let recorded = &executable.recorded;
    let path = executable.path.to_string_lossy().into_owned();
    let words: Vec<String> = recorded.runner.iter().cloned().chain([path]).collect();
    let mut command = Command::new(words[0].clone(), &recorded.dir)
        .args(words.into_iter().skip(1))
        .args(arguments(inputs.suite, executable.own_harness))
        .envs(&environment(host, inputs, recorded, dir));
    command.timeout = Some(inputs.suite.timeout);
    command.inside(inputs.root_of_run(host, dir))
}

/// The suite's arguments. libtest's other formats have no line for each test, without which a result cannot be believed; so
/// the options that select them are left out.
fn arguments(suite: &Suite, own_harness: bool) -> Vec<String> {
    let mut args = suite.args.iter();
    let mut kept = Vec::new();
    while let Some(arg) = args.next() {
        match arg.as_str() {
            "-q" | "--quiet" | "--format=terse" | "--format=json" | "--format=junit" if !own_harness => {}
            "--format" if !own_harness && args.clone().next().is_some_and(|next| next != "pretty") => drop(args.next()),
            _ => kept.push(arg.clone()),
        }
    }
    kept
}

/// Whether the suite's arguments may leave out tests: by a part of their names, or by their kind.
pub(crate) fn filters(suite: &Suite) -> bool {
    let with_value = ["--test-threads", "--format", "--color", "--logfile", "--shuffle-seed", "-Z"];
    let mut args = suite.args.iter();
    while let Some(arg) = args.next() {
        if with_value.contains(&arg.as_str()) {
            args.next();
        } else if !arg.starts_with('-') || ["--skip", "--ignored", "--exclude"].iter().any(|one| arg.starts_with(one)) {
            return true;
        }
    }
    false
}

/// The time limit for an executable that lists its tests: a runner that hangs does so here too.
pub(crate) fn limit_of_questions(suite: &Suite) -> Duration {
    Duration::from_secs(20).min(suite.timeout)
}

/// The tests of an executable.
#[derive(Debug, Default)]
pub(crate) struct Listed {
    /// Those that will run, in the order in which they are started.
    pub(crate) tests: Vec<String>,
    /// How many are marked `#[ignore]` and left alone.
    pub(crate) ignored: usize,
}

/// The tests that run with the suite's arguments. `ask` adds words to `--list` and gives the answer.
pub(crate) fn list(suite: &Suite, ask: impl Fn(&[&str]) -> Result<Vec<String>>) -> Result<Listed> {
    let all = ask(&[])?;
    if suite.args.iter().any(|arg| arg == "--include-ignored" || arg == "--ignored") {
        return Ok(Listed { tests: all, ignored: 0 });
    }
    let ignored = ask(&["--ignored"])?;
    let tests = all.into_iter().filter(|test| !ignored.contains(test)).collect();
    Ok(Listed { tests, ignored: ignored.len() })
}

/// The tests that an executable runs in this suite, in the order in which it starts them; nothing if it does not list
/// them.
pub(crate) fn listed(host: &Host, inputs: &RunInputs<'_>, executable: &Executable, dir: &Path) -> Option<Vec<String>> {
    if executable.own_harness {
        return None;
    }
    let ask = |further: &[&str]| -> Result<Vec<String>> {
        let mut command = command(host, inputs, executable, dir).args(["--list", "--format", "terse"]);
        command = command.args(further.iter().copied());
        command.timeout = Some(limit_of_questions(inputs.suite));
        let output = host.output(&command)?;
        anyhow::ensure!(output.finished.status.success(), "it does not list its tests");
        Ok(parse_list(&output.text()))
    };
    list(inputs.suite, ask).ok().map(|listed| listed.tests)
}

/// All that an executable announces in this suite: tests, ignored ones too, and benchmarks. `None` if it does not list
/// them. They are part of the file, so that one process asks once.
pub(crate) fn announced(
    host: &Host,
    inputs: &RunInputs<'_>,
    executable: &Executable,
    dir: &Path,
) -> Option<Vec<String>> {
    let command = || {
        let mut command = command(host, inputs, executable, dir).args(["--list"]);
        command.timeout = Some(limit_of_questions(inputs.suite));
        command
    };
    let name = format!("tests of {} {:?}", executable.inspection.sha256, command().args);
    let found = host.memo.for_now(&name, || -> Result<Vec<String>> {
        let output = host.output(&command())?;
        anyhow::ensure!(output.finished.status.success(), "it does not list its tests");
        let text = output.text();
        Ok(parse_list(&text).into_iter().chain(listed_benchmarks(&text)).collect())
    });
    found.ok()
}

/// Whether the suite's tests run one at a time, in the order in which they are listed.
pub(crate) fn is_serial(suite: &Suite) -> bool {
    let args = || suite.args.iter().map(String::as_str);
    let after = args().skip_while(|arg| *arg != "--test-threads").nth(1);
    let one = args().any(|arg| arg == "--test-threads=1") || after == Some("1");
    one && !args().any(|arg| arg.starts_with("--shuffle"))
}

/// A record of something that was not run.
pub(crate) fn blank(inputs: &RunInputs<'_>, outcome: Outcome, cause: String) -> Record {
    Record::blank(&inputs.suite.name, inputs.cell.clone(), inputs.key, outcome, cause)
}

/// An executable with its own harness counts as one test by its exit code, whatever it prints.
pub(crate) fn take_status_for_a_test(report: &mut Report, finished: &Finished, executable: &Executable) {
    report.complete = true;
    report.failures.clear();
    report.running.clear();
    report.unfinished.clear();
    if finished.status.success() {
        report.counts = Counts { passed: 1, ..Counts::default() };
    } else {
        report.counts = Counts { failed: 1, ..Counts::default() };
        let name = executable.target.clone();
        let output = finished.stderr.text().chars().take(4096).collect();
        report.failures.push(TestFailure { executable: name.clone(), test: name, output });
    }
}

/// A signal's usual name.
pub(crate) fn signal_name(signal: i32) -> String {
    match signal {
        4 => "SIGILL".to_owned(),
        6 => "SIGABRT".to_owned(),
        7 => "SIGBUS".to_owned(),
        8 => "SIGFPE".to_owned(),
        9 => "SIGKILL".to_owned(),
        11 => "SIGSEGV".to_owned(),
        13 => "SIGPIPE".to_owned(),
        15 => "SIGTERM".to_owned(),
        other => format!("signal {other}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn options_that_hide_the_lines_of_tests_are_left_out() {
        let of = |args: &str, own_harness| {
            let spec = format!(
                "version = 1\n[project]\npackages = [\"a\"]\n[axis]\nrust = [\"stable\"]\n[[suite]]\nname = \"tests\"\nargs = {args}\n"
            );
            let parsed = compatrix_model::spec_text::parse(&spec, "compat/matrix.toml", &[]).expect("a spec");
            arguments(&parsed.spec.suites[0], own_harness).join(" ")
        };
        assert_eq!(of(r#"["-q", "--nocapture", "--format=terse", "--quiet"]"#, false), "--nocapture");
        assert_eq!(of(r#"["--format", "terse", "a", "--format", "pretty"]"#, false), "a --format pretty");
        assert_eq!(of(r#"["-q", "--format", "terse"]"#, true), "-q --format terse", "another harness may need them");
    }
}
