//! Types shared by the tools' modules: a run's inputs, a unit of its tests, the unit's result.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::sync::{Arc, Mutex, OnceLock, PoisonError};
use std::time::Duration;

use anyhow::{Context as _, Result};
use compatrix_leak::attribute::{self, Context};
use compatrix_leak::LeakSettings;
use compatrix_leak::{Canary, Finding, FindingKind, Policy, ShouldPanic, Standing, ToolSuppression};
use compatrix_model::evidence::Counts;
use compatrix_model::libtest::{Parser, Report, Source};
use compatrix_model::outcome::Outcome;
use compatrix_model::time_limit;

use crate::build::Executable;
use crate::find::facts::LeakToolFacts;
use crate::run::executable;
use crate::run::inputs::RunInputs;
use crate::run::parts::Parts;
use crate::sys::host::{last_lines, Host};
use crate::sys::os::children::signal;
use crate::sys::process::{Command, Finished};
use crate::sys::supervisor::End;

/// Shared by all leak runs of a session.
#[derive(Clone, Copy)]
pub(crate) struct Leaks<'a> {
    /// The canaries that were tried.
    pub canaries: &'a Canaries,
    /// The policy for judging findings.
    pub policy: &'a Policy,
    /// Today, for baseline entries with a last day.
    pub today: &'a str,
    /// Where a run asks whether a further unit may start beside its first.
    pub parts: &'a dyn Parts,
}

/// Inputs of a tool's module in addition to a unit.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Bench<'a> {
    pub(crate) host: &'a Host,
    pub(crate) inputs: &'a RunInputs<'a>,
    pub(crate) settings: &'a LeakSettings,
    pub(crate) tool: &'a LeakToolFacts,
}

/// One process under the tool: an executable with some of its tests.
#[derive(Debug, Clone)]
pub(crate) struct Unit<'a> {
    pub(crate) executable: &'a Executable,
    /// The tests to run, by libtest's names; for an executable with a custom harness, the target's name.
    pub(crate) tests: Vec<String>,
    /// Whether these are all that the executable has, so that none needs to be named.
    pub(crate) whole: bool,
}

/// The result of a unit.
#[derive(Debug)]
pub(crate) struct RanUnit {
    /// Its tests, as libtest printed them.
    pub(crate) report: Report,
    /// Those of them that are marked `#[should_panic]`.
    pub(crate) should_panic: BTreeSet<String>,
    /// How the process ended.
    pub(crate) finished: Finished,
    /// The tool's raw findings.
    pub(crate) findings: Vec<Finding>,
    /// Why the tool's own result does not count.
    pub(crate) trouble: Option<(Outcome, String)>,
    /// Why the tool cannot run its tests, or the test under way.
    pub(crate) not_runnable: Option<String>,
    /// Why the tool's silence proves nothing.
    pub(crate) not_proven: Option<String>,
    /// What the tool suppressed by settings of its own.
    pub(crate) suppressed: Vec<ToolSuppression>,
    /// Further notes.
    pub(crate) notes: Vec<String>,
}

impl Bench<'_> {
    /// Judges a finding of this run.
    pub(crate) fn standing(&self, leaks: &Leaks<'_>, finding: &Finding) -> Standing {
        leaks.policy.standing(finding, self.settings, Some(&self.inputs.toolchain.version), leaks.today)
    }

    /// The command of a unit as the plain suites would start it, in this scratch folder; one thread, so that the test
    /// under way is known and stacks begin at the test.
    pub(crate) fn command(&self, unit: &Unit<'_>, dir: &Path) -> Command {
        let mut command = executable::command(self.host, self.inputs, unit.executable, dir);
        // The symbolizer of backtraces leaks (rust#59125).
        command = command.env("RUST_BACKTRACE", "0");
        if unit.executable.own_harness {
            return command;
        }
        command.args.retain(|arg| is_switch(arg));
        command = command.args(["--test-threads=1"]);
        if !unit.whole {
            command = command.args(["--exact"]).args(unit.tests.iter().cloned());
        }
        command
    }

    /// Runs a unit's command and parses libtest's output; the tool's report is parsed later.
    pub(super) fn start(&self, unit: &Unit<'_>, command: &Command) -> Result<RanUnit> {
        let mut parser = Parser::new(unit.executable.target.clone(), Source::Executable);
        let mut marked = ShouldPanic::default();
        let mut take = |bytes: &[u8]| {
            parser.feed(bytes);
            marked.feed(bytes);
        };
        let finished = command
            .run_with(&self.host.supervisor, &mut take, &mut |_| {})
            .with_context(|| format!("cannot start {}", command.program))?;
        let report = parser.finish();
        Ok(RanUnit {
            report,
            finished,
            should_panic: marked.finish(),
            findings: Vec::new(),
            trouble: None,
            not_runnable: None,
            not_proven: None,
            suppressed: Vec::new(),
            notes: Vec::new(),
        })
    }

    /// Fills in test, origin and fingerprint of a unit's findings.
    pub(super) fn complete(&self, unit: &Unit<'_>, findings: &mut [Finding]) {
        let root = unit.executable.root.to_string_lossy().into_owned();
        let context =
            Context { executable: &unit.executable.target, tests: &unit.tests, root: &root, not_own: &["target"] };
        findings.iter_mut().for_each(|finding| attribute::complete(finding, &context));
        attribute::name_cycles(findings);
    }
}

/// What is the same of a finding whoever it is attributed to. What is only pointed to by other lost blocks in a process of
/// many tests may be a leak of its own in one of them.
pub(super) fn place(finding: &Finding) -> String {
    let kind = if finding.kind == FindingKind::Indirect { FindingKind::Definite } else { finding.kind };
    attribute::fingerprint(&Finding { test: None, kind, ..finding.clone() })
}

/// Whether an argument of the suite is a general libtest switch rather than a test filter.
pub(super) fn is_switch(arg: &str) -> bool {
    ["--include-ignored", "--ignored", "--nocapture", "--no-capture", "--show-output"].contains(&arg)
}

/// The canaries that were tried in this session, each once.
#[derive(Debug, Default)]
pub(crate) struct Canaries {
    known: Mutex<BTreeMap<String, Arc<OnceLock<Canary>>>>,
}

impl Canaries {
    /// The result of a canary; a concurrent request waits for it.
    pub(super) fn once(&self, key: String, try_it: impl FnOnce() -> Canary) -> Canary {
        let slot = {
            let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
            Arc::clone(known.entry(key).or_default())
        };
        slot.get_or_init(try_it).clone()
    }
}

/// The outcome of a unit's process, regardless of findings.
pub(crate) fn unit_outcome(ran: &RanUnit, unit: &Unit<'_>, limit: Duration) -> (Outcome, String) {
    let target = &unit.executable.target;
    let running = match unit.tests.as_slice() {
        [only] => format!(" in {only}"),
        _ => ran.report.running.first().map(|test| format!(" in {test}")).unwrap_or_default(),
    };
    match ran.finished.end {
        End::TimedOut => {
            let ended = time_limit::Ended { limit, had: ran.finished.had, wall: ran.finished.wall };
            return ended.outcome(target, &format!(" under the tool{running}"));
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
    let said = last_lines(&ran.finished.stderr.text(), 1);
    let said = if said.is_empty() { said } else { format!(": {said}") };
    match signal(ran.finished.status) {
        // Only the time limit sends it here, so otherwise it was the system, short of memory.
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
