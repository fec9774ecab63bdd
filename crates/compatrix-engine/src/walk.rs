//! Walking a plan: what is known is used again, the rest is scheduled; results go to the ledger first.
//! Sends each run to what runs suites of its kind. Imports `run`, `leak` and what they do.

mod schedule;

use std::collections::HashMap;
use std::sync::mpsc::{self, Sender};
use std::sync::Arc;

use compatrix_leak::Policy;
use compatrix_model::cell::CellId;
use compatrix_model::evidence::{Record, Sha256, SourceProof};
use compatrix_model::expect::Expectations;
use compatrix_model::facts::{Durations, HostFacts, LEAK_RUN_MS};
use compatrix_model::matrix_spec::{Spec, SuiteKind};
use compatrix_model::outcome::Outcome;
use compatrix_model::plan::{Build, Plan};
use compatrix_model::verdict::{judge, Expectation, Verdict};

use crate::build::{self, Built, NotBuilt, Product};
use crate::event::Event;
use crate::find::c_compiler;
use crate::leak::{self, Canaries, Leaks};
use crate::ledger::Ledger;
use crate::run;
use crate::run::executable::blank;
use crate::run::inputs::{build_inputs, with_inputs, RunInputs};
use crate::run::keys;
use crate::run::proof;
use crate::survey::Survey;
use crate::sys::clock::{instant, now};
use crate::sys::error::Error;
use crate::sys::host::Host;
use crate::walk::schedule::{BuiltSummary, Executor, Job, Told};

/// What a walk came to.
#[derive(Debug)]
pub struct Walked {
    /// The plan that was walked: made after the provisions.
    pub plan: Plan,
    /// The facts that it was made from.
    pub facts: HostFacts,
    /// The sources that it was run on.
    pub source: SourceProof,
    /// The record of each run of the plan, in its order; none where an interrupt came first.
    pub records: Vec<Option<Record>>,
    /// Whether the record of each run was used again.
    pub reused: Vec<bool>,
    /// How many builds were done.
    pub builds: usize,
    /// Whether an interrupt ended it early.
    pub interrupted: bool,
    /// What findings count for.
    pub policy: Policy,
}

pub(crate) fn walk_plan(
    host: &Host,
    ledger: &Ledger,
    spec: &Spec,
    plan: Plan,
    survey: Survey,
    (policy, today): (&Policy, &str),
    tell: &Sender<Event>,
) -> Result<Walked, Error> {
    let compiler = c_compiler::fingerprint(host);
    let build_keys: Vec<Sha256> =
        plan.builds.iter().map(|build| keys::of_build(build, &survey.facts, &compiler)).collect();
    let expectations = Expectations::new(spec, &survey.facts.versions(), Some(today));
    let mut walk = Walk {
        expectations: &expectations,
        policy,
        today,
        host,
        spec,
        cells: plan.runs.iter().map(|run| spec.space.id(run.cell)).collect(),
        keys: Vec::new(),
        records: vec![None; plan.runs.len()],
        plan: &plan,
        survey: &survey,
    };
    for (n, run) in plan.runs.iter().enumerate() {
        let suite = &spec.suites[run.suite];
        let key = keys::of_run(host, &build_keys[run.build], suite, &walk.cells[n], &spec.space, &survey.facts);
        if !host.limits.fresh {
            let mut known = ledger.by_key(&key)?;
            if let (Some(record), Some(settings)) = (&mut known, suite.leak()) {
                // Baseline and suppressions may have changed since.
                record.judge_leaks(policy, settings, today);
            }
            let expectation = || expectations.of(&spec.space.coords(run.cell));
            if let Some(record) = known.filter(|record| is_settled(record, expectation)) {
                walk.records[n] = Some(record);
            }
        }
        walk.keys.push(key);
    }
    let to_do = walk.records.iter().filter(|record| record.is_none()).count();
    let durations = if to_do > 0 { ledger.durations()? } else { Durations::default() };
    let jobs = jobs(spec, &plan, &walk, &durations);
    let _ = tell.send(Event::Planned {
        builds: jobs.len(),
        runs: to_do,
        reused: plan.runs.len() - to_do,
        skipped: plan.skips.len(),
        estimate_ms: schedule::estimate_ms(&jobs, host.limits.jobs),
    });
    let builds = jobs.len();
    let reused = walk.records.iter().map(Option::is_some).collect();
    let records = walk.go(&jobs, ledger, to_do, tell)?;
    let interrupted = host.supervisor.is_interrupted();
    let source = survey.workspace.source;
    Ok(Walked { facts: survey.facts, source, records, reused, builds, interrupted, plan, policy: policy.clone() })
}

/// The builds that have runs to do, with these runs, in the plan's order.
fn jobs<'p>(spec: &Spec, plan: &'p Plan, walk: &Walk<'_>, durations: &Durations) -> Vec<Job<'p>> {
    let job =
        |build: &'p Build| Job { build, predicted_ms: durations.builds.get(&build.id()).copied(), runs: Vec::new() };
    let mut jobs: Vec<Job<'p>> = plan.builds.iter().map(job).collect();
    for (n, run) in plan.runs.iter().enumerate().filter(|(n, _)| walk.records[*n].is_none()) {
        let id = (spec.suites[run.suite].name.clone(), walk.cells[n].to_string());
        let unseen = spec.suites[run.suite].leak().map(|_| LEAK_RUN_MS);
        jobs[run.build].runs.push((n, durations.runs.get(&id).copied().or(unseen)));
    }
    jobs.retain(|job| !job.runs.is_empty());
    jobs
}

/// Whether a recorded result stands for a new run. A failure that nobody expects is always tried again.
fn is_settled(record: &Record, expectation: impl FnOnce() -> Expectation) -> bool {
    if record.outcome == Outcome::Passed {
        return record.attempts <= 1;
    }
    record.outcome.is_reusable() && judge(record.outcome, &expectation(), record.attempts) == Verdict::Known
}

struct Walk<'a> {
    expectations: &'a Expectations,
    policy: &'a Policy,
    today: &'a str,
    host: &'a Host,
    spec: &'a Spec,
    plan: &'a Plan,
    survey: &'a Survey,
    cells: Vec<CellId>,
    keys: Vec<Sha256>,
    records: Vec<Option<Record>>,
}

impl Walk<'_> {
    fn go(
        mut self,
        jobs: &[Job<'_>],
        ledger: &Ledger,
        to_do: usize,
        tell: &Sender<Event>,
    ) -> Result<Vec<Option<Record>>, Error> {
        if to_do == 0 {
            return Ok(self.records);
        }
        let (sender, receiver) = mpsc::channel();
        let worker = Worker {
            host: self.host,
            spec: self.spec,
            plan: self.plan,
            survey: self.survey,
            expectations: self.expectations,
            policy: self.policy,
            today: self.today,
            jobs,
            cells: &self.cells,
            keys: &self.keys,
            canaries: Canaries::default(),
        };
        let mut fresh: HashMap<usize, Record> = HashMap::new();
        let mut trouble: Option<Error> = None;
        std::thread::scope(|scope| {
            let scheduled = scope.spawn(|| schedule::run_all(self.host, jobs, &worker, sender));
            for told in receiver {
                let handled = handle(&worker, told, ledger, to_do, tell, &mut fresh);
                if let Err(error) = handled {
                    // Nothing that cannot be kept is worth doing.
                    self.host.supervisor.interrupt();
                    trouble.get_or_insert(error);
                }
            }
            match scheduled.join() {
                Ok(Ok(())) => {}
                Ok(Err(error)) => {
                    trouble.get_or_insert(anyhow::Error::from(error).context("no job tokens").into());
                }
                Err(panic) => std::panic::resume_unwind(panic),
            }
        });
        if let Some(error) = trouble {
            return Err(error);
        }
        for (n, record) in fresh {
            self.records[n] = Some(record);
        }
        Ok(self.records)
    }
}

/// Takes what a worker tells: into the ledger first, then on to who listens.
fn handle(
    worker: &Worker<'_>,
    told: Told,
    ledger: &Ledger,
    to_do: usize,
    tell: &Sender<Event>,
    fresh: &mut HashMap<usize, Record>,
) -> Result<(), Error> {
    let mut keep = |n: usize, record: Record| -> Result<(), Error> {
        if worker.host.supervisor.is_interrupted() && record.outcome == Outcome::Infrastructure {
            // Cut short by the user; it is as if it had not begun.
            return Ok(());
        }
        ledger.put(&record)?;
        fresh.insert(n, record.clone());
        let coords = worker.spec.space.coords(worker.plan.runs[n].cell);
        let verdict = judge(record.outcome, &worker.expectations.of(&coords), record.attempts);
        let _ = tell.send(Event::RunFinished { record: Box::new(record), verdict, done: fresh.len(), of: to_do });
        Ok(())
    };
    match told {
        Told::BuildStarted(job) => {
            let _ = tell.send(Event::BuildStarted { build: worker.jobs[job].build.id() });
        }
        Told::RunFinished(n, record) => keep(n, *record)?,
        Told::BuildFinished(job, summary) => {
            let build = worker.jobs[job].build;
            let summary = summary.unwrap_or_else(|error| {
                let cause = format!("{error:#}");
                let failure = NotBuilt { outcome: Outcome::Infrastructure, cause, output: String::new() };
                Arc::new(BuiltSummary { result: Err(failure), wall_ms: 0, cpu_ms: 0 })
            });
            let ms = std::time::Duration::from_millis;
            ledger.put_build(
                &build.id(),
                summary.result.is_ok(),
                ms(summary.wall_ms),
                ms(summary.cpu_ms),
                worker.host.now,
            )?;
            let failure = summary.result.as_ref().err();
            let _ = tell.send(Event::BuildFinished {
                build: build.id(),
                trouble: failure.map(|failure| failure.cause.clone()),
                output: failure.map(|failure| failure.output.clone()).unwrap_or_default(),
                wall_ms: summary.wall_ms,
                cpu_ms: summary.cpu_ms,
            });
            if let Some(failure) = failure {
                for &(n, _) in &worker.jobs[job].runs {
                    let mut record = worker.with_inputs(build, n, |inputs| {
                        let mut record = blank(inputs, failure.outcome, failure.cause.clone());
                        record.proof = Some(proof::proof_of_inputs(inputs));
                        record
                    });
                    record.started = worker.host.now;
                    keep(n, record)?;
                }
            }
        }
    }
    Ok(())
}

struct Worker<'a> {
    expectations: &'a Expectations,
    policy: &'a Policy,
    today: &'a str,
    host: &'a Host,
    spec: &'a Spec,
    plan: &'a Plan,
    survey: &'a Survey,
    jobs: &'a [Job<'a>],
    cells: &'a [CellId],
    keys: &'a [Sha256],
    canaries: Canaries,
}

impl Worker<'_> {
    fn with_inputs<T>(&self, build: &Build, n: usize, act: impl FnOnce(&RunInputs<'_>) -> T) -> T {
        with_inputs(self.spec, self.survey, build, self.plan.runs[n], &self.cells[n], &self.keys[n], act)
    }
}

impl Executor for Worker<'_> {
    fn build(&self, job: usize, jobs: &jobserver::Client) -> anyhow::Result<Built> {
        let build = self.jobs[job].build;
        build::build(self.host, build, &build_inputs(self.host, self.spec, self.survey, build)?, jobs)
    }

    fn run(&self, job: usize, run: usize, product: &Product, jobs: &jobserver::Client) -> Record {
        let leaks = Leaks { canaries: &self.canaries, policy: self.policy, today: self.today, tokens: jobs };
        self.with_inputs(self.jobs[job].build, run, |inputs| {
            let mut record = run_suite(self.host, inputs, product, &leaks);
            if let Some(settings) = inputs.suite.leak() {
                record.judge_leaks(self.policy, settings, self.today);
            }
            record
        })
    }
}

/// Runs the cell as the suite's kind asks, and says what happened and what proves it. Trouble on our side is the outcome
/// `infrastructure`.
fn run_suite(host: &Host, inputs: &RunInputs<'_>, product: &Product, leaks: &Leaks<'_>) -> Record {
    let (started, clock) = (now(), instant());
    let record = match &inputs.suite.kind {
        SuiteKind::Build => Ok(run::built(inputs, product)),
        SuiteKind::Test => run::proven(host, inputs, product, |scratch| run::tests(host, inputs, product, scratch)),
        SuiteKind::Leak(settings) => {
            run::proven(host, inputs, product, |_| leak::run(host, inputs, settings, product, leaks))
        }
    };
    let record = record.unwrap_or_else(|error| blank(inputs, Outcome::Infrastructure, format!("{error:#}")));
    let duration_ms = u64::try_from(clock.elapsed().as_millis()).unwrap_or(u64::MAX);
    Record { started, duration_ms, ..record }
}
