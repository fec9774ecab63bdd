//! Suites of kind `leak`: test executables under a tool that looks for leaks.
//!
//! A run goes so: the canaries prove the tool ([`canary`]); the tests of each executable are parted into [`Unit`]s, one
//! process each; units go side by side ([`units`]); what ended early or cannot be attributed is run again, smaller
//! ([`passes`]). Each tool's own module starts one unit and reads what the tool said.

mod canary;
mod miri;
mod passes;
pub mod policy;
mod resources;
mod sanitizer;
mod symbols;
mod tools;
mod units;
mod valgrind;

use anyhow::{Context as _, Result};
use compatrix_model::evidence::{Counts, Record, TestFailure};
use compatrix_model::facts::LeakToolFacts;
use compatrix_model::leak::attribute::{self, Context};
use compatrix_model::leak::{Canary, Finding, LeakReport, NotRunnable, Policy, Standing, Tool};
use compatrix_model::libtest::{Parser, Report, Source};
use compatrix_model::matrix_spec::LeakSettings;
use compatrix_model::outcome::Outcome;

use crate::build::{Executable, Product};
use crate::run::executable;
use crate::run::inputs::Inputs;
use crate::sys::host::Host;
use crate::sys::process::{Command, Finished};
use crate::sys::supervisor::End;

pub use canary::Canaries;
pub(crate) use tools::find_all;

/// What all leak runs of a session share.
#[derive(Debug, Clone, Copy)]
pub struct Leaks<'a> {
    /// The canaries that were tried.
    pub canaries: &'a Canaries,
    /// What findings count for.
    pub policy: &'a Policy,
    /// The day, for what is accepted until one.
    pub today: &'a str,
    /// The pool from which units take further job tokens, besides the one that the run has.
    pub tokens: &'a jobserver::Client,
}

/// What a tool's module is given besides a unit.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Bench<'a> {
    pub(crate) host: &'a Host,
    pub(crate) inputs: &'a Inputs<'a>,
    pub(crate) settings: &'a LeakSettings,
    pub(crate) tool: &'a LeakToolFacts,
}

/// One process under the tool: an executable with some of its tests.
#[derive(Debug, Clone)]
pub(crate) struct Unit<'a> {
    pub(crate) executable: &'a Executable,
    /// The tests that it runs, as libtest names them; of an executable with its own harness the target's name.
    pub(crate) tests: Vec<String>,
    /// Whether these are all that the executable has, so that none needs to be named.
    pub(crate) whole: bool,
}

/// What came of a unit.
#[derive(Debug)]
pub(crate) struct Ran {
    /// Its tests, as libtest printed them.
    pub(crate) report: Report,
    /// How the process ended.
    pub(crate) finished: Finished,
    /// What the tool found, as it says it.
    pub(crate) findings: Vec<Finding>,
    /// Why the tool's own result does not count.
    pub(crate) trouble: Option<(Outcome, String)>,
    /// Why the tool cannot run its tests.
    pub(crate) not_runnable: Option<String>,
    /// What else is to be told.
    pub(crate) notes: Vec<String>,
}

impl Bench<'_> {
    /// What a finding of this run counts for.
    pub(crate) fn standing(&self, leaks: &Leaks<'_>, finding: &Finding) -> Standing {
        leaks.policy.standing(finding, self.settings, Some(&self.inputs.toolchain.version), leaks.today)
    }

    /// The command of a unit as the plain suites would start it, in this scratch folder; one thread, so that the test
    /// under way is known and stacks begin at the test.
    pub(crate) fn command(&self, unit: &Unit<'_>, dir: &std::path::Path) -> Command {
        let mut command = executable::command(self.host, self.inputs, unit.executable, dir);
        // The symbolizer of backtraces leaks (rust#59125).
        command = command.env("RUST_BACKTRACE", "0");
        if unit.executable.own_harness {
            return command;
        }
        command.args.retain(|arg| units::is_switch(arg));
        command = command.args(["--test-threads=1"]);
        if !unit.whole {
            command = command.args(["--exact"]).args(unit.tests.iter().cloned());
        }
        command
    }

    /// Runs a unit's command and reads what libtest prints; what a tool says is yet to come.
    fn start(&self, unit: &Unit<'_>, command: &Command) -> Result<Ran> {
        let mut parser = Parser::new(unit.executable.target.clone(), Source::Executable);
        let finished = command
            .run_with(&self.host.supervisor, &mut |bytes| parser.feed(bytes), &mut |_| {})
            .with_context(|| format!("cannot start {}", command.program))?;
        let report = parser.finish();
        Ok(Ran { report, finished, findings: Vec::new(), trouble: None, not_runnable: None, notes: Vec::new() })
    }

    /// Runs a unit under the tool.
    fn run(&self, unit: &Unit<'_>, dir: &std::path::Path) -> Result<Ran> {
        match self.settings.tool {
            Tool::Valgrind => valgrind::run_unit(self, unit, dir),
            Tool::Resources => resources::run_unit(self, unit, dir),
            Tool::Asan | Tool::Lsan => sanitizer::run_unit(self, unit, dir),
            Tool::Miri => miri::run_unit(self, unit, dir),
        }
    }

    /// Fills in test, origin and fingerprint of a unit's findings.
    fn complete(&self, unit: &Unit<'_>, findings: &mut [Finding]) {
        let root = unit.executable.root.to_string_lossy().into_owned();
        let context =
            Context { executable: &unit.executable.target, tests: &unit.tests, root: &root, not_own: &["target"] };
        findings.iter_mut().for_each(|finding| attribute::complete(finding, &context));
        attribute::name_cycles(findings);
    }
}

/// Runs the suite in the cell and says what it came to; the proof is the caller's.
///
/// # Errors
/// Our own side fails.
pub(crate) fn run(
    host: &Host,
    inputs: &Inputs<'_>,
    settings: &LeakSettings,
    product: &Product,
    leaks: &Leaks<'_>,
) -> Result<Record> {
    let tool = inputs.leak_tool.with_context(|| format!("{} is not here", settings.tool))?;
    let bench = Bench { host, inputs, settings, tool };
    if settings.tool == Tool::Miri {
        if let Some((outcome, cause)) = miri::prepare(&bench, &product.executables)? {
            return Ok(executable::blank(inputs, outcome, cause));
        }
    }
    let canary = leaks.canaries.prove(&bench, leaks);
    if host.supervisor.is_interrupted() {
        return Ok(executable::blank(inputs, Outcome::Infrastructure, "interrupted".to_owned()));
    }
    let mut seen = Seen::default();
    if canary.is_proven() {
        let mut all = Vec::new();
        for executable in &product.executables {
            let listed = units::list(&bench, executable)?;
            seen.counts.ignored += u32::try_from(listed.ignored).unwrap_or(u32::MAX);
            all.extend(units::of(&bench, executable, listed.tests));
        }
        passes::go(&bench, leaks, all, &mut seen)?;
    }
    Ok(seen.record(&bench, canary))
}

/// What does by hand what the suite does with an executable, as near as one command can: the commands, and what they leave
/// out, for people.
///
/// # Errors
/// A command cannot be made.
pub(crate) fn by_hand(
    bench: &Bench<'_>,
    executable: &Executable,
    dir: &std::path::Path,
) -> Result<(Command, &'static str)> {
    let unit = Unit { executable, tests: Vec::new(), whole: true };
    Ok(match bench.settings.tool {
        Tool::Valgrind => (valgrind::command(bench, &unit, dir).0, "what it finds is in valgrind.xml"),
        Tool::Asan | Tool::Lsan => (
            sanitizer::command(bench, &unit, dir, &[]),
            "what it finds is in sanitizer.PID, addresses not yet resolved",
        ),
        Tool::Miri => (
            miri::interpreted(bench, executable, bench.command(&unit, dir))?,
            "the first error ends it; `--exact NAME` runs one test",
        ),
        Tool::Resources => (
            bench.command(&unit, dir),
            "leak-check runs each test alone, with a library loaded before it that looks at what is left",
        ),
    })
}

/// What was seen of all units.
#[derive(Debug, Default)]
pub(crate) struct Seen {
    counts: Counts,
    outcome: Option<(Outcome, String)>,
    failures: Vec<TestFailure>,
    findings: Vec<Finding>,
    not_runnable: Vec<(String, String)>,
    notes: Vec<String>,
    executables_ms: u64,
}

impl Seen {
    /// Takes what one unit came to.
    fn outcome(&mut self, outcome: Outcome, cause: String) {
        if self.outcome.as_ref().is_none_or(|(worst, _)| outcome.outranks(*worst)) {
            self.outcome = Some((outcome, cause));
        }
    }

    fn record(mut self, bench: &Bench<'_>, canary: Canary) -> Record {
        let mut record = executable::blank(bench.inputs, Outcome::Passed, String::new());
        let (outcome, cause) = self.outcome.unwrap_or((Outcome::Passed, String::new()));
        (record.outcome, record.cause) = (outcome, cause.clone());
        record.tests = self.counts;
        self.failures.sort_by(|a, b| (&a.executable, &a.test).cmp(&(&b.executable, &b.test)));
        self.failures.truncate(100);
        record.failures = self.failures;
        record.executables_ms = self.executables_ms;
        self.notes.sort();
        self.notes.dedup();
        record.leaks = Some(LeakReport {
            tool: bench.settings.tool,
            version: bench.tool.version.clone(),
            canary,
            outcome,
            cause,
            ran: self.counts.run(),
            not_runnable: grouped(self.not_runnable),
            findings: attribute::merged(self.findings),
            notes: self.notes,
        });
        record
    }
}

/// Tests by the reason why they cannot be run.
fn grouped(mut tests: Vec<(String, String)>) -> Vec<NotRunnable> {
    tests.sort();
    let mut groups: Vec<NotRunnable> = Vec::new();
    for (reason, test) in tests {
        match groups.last_mut().filter(|group| group.reason == reason) {
            Some(group) => group.tests.push(test),
            None => groups.push(NotRunnable { reason, tests: vec![test] }),
        }
    }
    groups
}

/// What a unit's process came to, findings left aside.
pub(crate) fn judge(ran: &Ran, unit: &Unit<'_>, limit: std::time::Duration) -> (Outcome, String) {
    use std::os::unix::process::ExitStatusExt;
    let target = &unit.executable.target;
    let running = match unit.tests.as_slice() {
        [only] => format!(" in {only}"),
        _ => ran.report.running.first().map(|test| format!(" in {test}")).unwrap_or_default(),
    };
    match ran.finished.end {
        End::TimedOut => {
            return (Outcome::TimedOut, format!("{target} ran for more than {limit:?} under the tool{running}"))
        }
        End::Interrupted => return (Outcome::Infrastructure, "interrupted".to_owned()),
        End::Itself => {}
    }
    if let Some((outcome, cause)) = &ran.trouble {
        return (*outcome, format!("{target}: {cause}"));
    }
    if ran.report.complete {
        let Counts { failed, .. } = ran.report.counts;
        if failed == 0 {
            return (Outcome::Passed, String::new());
        }
        let first = ran.report.failures.first().map(|f| format!(", first {}", f.test)).unwrap_or_default();
        return (Outcome::Failed, format!("{failed} of {} tests failed in {target}{first}", ran.report.counts.run()));
    }
    let said = crate::sys::host::last_lines(&ran.finished.stderr.text(), 1);
    let said = if said.is_empty() { said } else { format!(": {said}") };
    match ran.finished.status.signal() {
        // Nobody here sends it but the time limit; what is left is the system, short of memory.
        Some(9) => (
            Outcome::Infrastructure,
            format!("{target} was killed{running}, as happens when memory runs out: tools need several times as much"),
        ),
        Some(signal) => {
            (Outcome::Crashed, format!("{target} was ended by {}{running}{said}", executable::signal_name(signal)))
        }
        None => {
            let code = ran.finished.status.code().unwrap_or(-1);
            (Outcome::Crashed, format!("{target} ended with code {code} before its result{running}{said}"))
        }
    }
}
