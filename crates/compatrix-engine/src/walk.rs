//! Walks a plan: reuses known results, schedules the rest, judges each result once, and writes it to the ledger first.
//! Sends each run to what runs suites of its kind. Imports `run`, `leak` and what they do.

mod earlier;
mod full;
mod head_start;
mod in_full;
mod rows;
mod schedule;
mod sources;
mod tracker;
mod worker;

pub(crate) use head_start::HeadStart;
pub(crate) use rows::reusable;

use std::collections::HashMap;
use std::sync::mpsc::{self, Sender};
use std::sync::{Arc, Mutex, PoisonError};

use compatrix_leak::Policy;
use compatrix_model::cell::CellId;
use compatrix_model::evidence::{Record, SourceProof};
use compatrix_model::facts::Durations;
use compatrix_model::hash::Sha256;
use compatrix_model::matrix_spec::Spec;
use compatrix_model::outcome::Outcome;
use compatrix_model::plan::predict::{LEAK_RUN_MS, RUN_MS};
use compatrix_model::plan::{Build, Plan};
use compatrix_model::results::intake::Judge;
use compatrix_model::results::matrix::Matrix;
use compatrix_model::results::row::Row;
use compatrix_model::results::{another_kind, doubt};

use crate::build::NotBuilt;
use crate::event::Event;
use crate::find::facts::HostFacts;
use crate::find::written::Span;
use crate::leak::Canaries;
use crate::ledger::{self, Ledger, Spent};
use crate::run::keys::ByDebugInfo;
use crate::run::known;
use crate::survey::Survey;
use crate::sys::error::Error;
use crate::sys::host::Host;
use crate::walk::earlier::Before;
use crate::walk::full::InFull;
use crate::walk::schedule::{BuiltSummary, Job, PlannedRun, Told};
use crate::walk::sources::Watch;
use crate::walk::tracker::{Pulse, Tracker};
use crate::walk::worker::Worker;

/// The result of a walk.
#[derive(Debug)]
pub struct Walked {
    /// The plan that was walked: made after the provisions.
    pub plan: Plan,
    /// What was known of the host after them.
    pub facts: HostFacts,
    /// The sources that it was run on.
    pub source: SourceProof,
    /// Each run of the plan, judged, and the chosen cells that could not be tried, by suite and cell. Cells that a rule
    /// leaves out are absent. The caller adds the elapsed time and the command that runs a cell again.
    pub matrix: Matrix,
    /// Whether an interrupt ended it early.
    pub interrupted: bool,
    /// The policy for judging findings.
    pub policy: Policy,
}

pub(crate) fn walk_plan(
    host: &Host,
    ledger: &Ledger,
    spec: &Spec,
    (survey, plan): (Survey, Plan),
    (policy, today): (&Policy, &str),
    head_start: &HeadStart<'_>,
    tell: &Sender<Event>,
) -> Result<Walked, Error> {
    let known = known::of_plan(host, ledger, spec, &plan, &survey)?;
    let judge = Judge::new(spec, &survey.facts.versions(), policy, today);
    let mut walk = Walk {
        judge: &judge,
        policy,
        today,
        host,
        spec,
        cells: plan.runs.iter().map(|run| spec.space.id(run.cell)).collect(),
        build_keys: known.builds,
        of_runs: known.of_runs,
        keys: Vec::new(),
        rows: vec![None; plan.runs.len()],
        plan: &plan,
        survey: &survey,
    };
    let mut refused = Vec::new();
    for (n, (run, known)) in plan.runs.iter().zip(known.runs).enumerate() {
        if !host.limits.fresh {
            walk.rows[n] = rows::settled(&judge, run, known.record);
            refused.extend(known.refused);
        }
        walk.keys.push(known.before);
    }
    rows::refused(&refused).into_iter().for_each(|text| drop(tell.send(Event::Warning(text))));
    let to_do = walk.rows.iter().filter(|row| row.is_none()).count();
    let durations = if to_do > 0 { ledger.durations()? } else { Durations::default() };
    let jobs = jobs(spec, &plan, &walk, &durations);
    let unseen = |suite: usize| spec.suites[suite].leak().map_or(RUN_MS, |_| LEAK_RUN_MS);
    let tracker = Tracker::new(&host.recording, &jobs, unseen, schedule::room(host));
    let _ = tell.send(Event::Planned {
        builds: jobs.len(),
        runs: to_do,
        reused: plan.runs.len() - to_do,
        skipped: plan.skips.iter().filter(|skip| plan.reasons[skip.reason].is_unavailable()).count(),
        estimate_ms: if to_do > 0 { tracker.left_ms() } else { 0 },
    });
    let builds = jobs.len();
    head_start.wait_for_others(&jobs.iter().map(|job| job.build).collect::<Vec<_>>());
    let begin = || Watch::begin(host, &spec.project, &survey.workspace.dirs, &survey.workspace.source);
    let watch = if to_do > 0 { Some(begin()?) } else { None };
    let reused: Vec<bool> = walk.rows.iter().map(Option::is_some).collect();
    let runs = plan.runs.iter().zip(&walk.cells).zip(&reused).filter(|(_, reused)| !**reused);
    let earlier = Before::of(ledger, runs.map(|((run, cell), _)| (spec.suites[run.suite].name.as_str(), cell)))?;
    let (mut rows, spans) = walk.go(&tracker, ledger, watch.as_ref(), head_start, to_do, tell)?;
    if let Some(lost) = watch.and_then(|watch| watch.end(&spans, tell)) {
        for (n, run) in plan.runs.iter().enumerate().filter(|(n, _)| !reused[*n]) {
            let record = rows[n].as_ref().and_then(Row::record).and_then(|record| lost.instead_of(record));
            if let Some(record) = record {
                ledger.put(&record)?;
                rows[n] = Some(judge.row(run.suite, run.cell, record, false));
            }
        }
    }
    earlier.compare(host, spec, &mut rows);
    for text in another_kind::told(rows.iter().flatten()) {
        let _ = tell.send(Event::Warning(text));
    }
    let matrix = rows::matrix(spec, &plan, &judge, rows, builds);
    let interrupted = host.supervisor.is_interrupted();
    let source = survey.workspace.source;
    Ok(Walked { facts: survey.facts, source, matrix, interrupted, plan, policy: policy.clone() })
}

/// The builds that have runs to do, with these runs, in the plan's order.
fn jobs<'p>(spec: &Spec, plan: &'p Plan, walk: &Walk<'_>, durations: &Durations) -> Vec<Job<'p>> {
    let job = |(build, name): (&'p Build, String)| {
        let (all, doctests_ms) =
            (durations.builds.get(&build.id()).copied(), durations.doctests.get(&build.id()).copied());
        let predicted_ms = all.map(|all| all.saturating_sub(doctests_ms.unwrap_or_default()));
        Job { build, name, predicted_ms, doctests_ms, runs: Vec::new() }
    };
    let mut jobs: Vec<Job<'p>> = plan.builds.iter().zip(plan.build_names(&spec.space)).map(job).collect();
    for (n, run) in plan.runs.iter().enumerate().filter(|(n, _)| walk.rows[*n].is_none()) {
        let id = (spec.suites[run.suite].name.clone(), walk.cells[n].to_string());
        let suite = &spec.suites[run.suite];
        let unseen = suite.leak().map(|_| LEAK_RUN_MS);
        let predicted_ms = durations.runs.get(&id).copied().or(unseen);
        let usual = durations.habits.get(&id).copied();
        jobs[run.build].runs.push(PlannedRun { run: n, suite: run.suite, predicted_ms, usual, alone: suite.alone });
    }
    jobs.retain(|job| !job.runs.is_empty());
    jobs
}

struct Walk<'a> {
    judge: &'a Judge<'a>,
    policy: &'a Policy,
    today: &'a str,
    host: &'a Host,
    spec: &'a Spec,
    plan: &'a Plan,
    survey: &'a Survey,
    cells: Vec<CellId>,
    build_keys: Vec<ByDebugInfo>,
    of_runs: Vec<ByDebugInfo>,
    /// What is known of each run before its build, besides the build.
    keys: Vec<Sha256>,
    rows: Vec<Option<Row>>,
}

impl Walk<'_> {
    fn go(
        mut self,
        tracker: &Tracker<'_>,
        ledger: &Ledger,
        watch: Option<&Watch<'_>>,
        head_start: &HeadStart<'_>,
        to_do: usize,
        tell: &Sender<Event>,
    ) -> Result<(Vec<Option<Row>>, Vec<Span>), Error> {
        if to_do == 0 {
            return Ok((self.rows, Vec::new()));
        }
        let ((sender, receiver), jobs) = (mpsc::channel(), tracker.jobs);
        let worker = Worker {
            host: self.host,
            spec: self.spec,
            plan: self.plan,
            survey: self.survey,
            judge: self.judge,
            policy: self.policy,
            today: self.today,
            jobs,
            head_start,
            tracker,
            watch,
            cells: &self.cells,
            build_keys: &self.build_keys,
            of_runs: &self.of_runs,
            keys: &self.keys,
            canaries: Canaries::default(),
            doctests: Mutex::default(),
            in_full: InFull::default(),
            spans: Mutex::default(),
        };
        let mut fresh: HashMap<usize, Row> = HashMap::new();
        let mut trouble: Option<Error> = None;
        std::thread::scope(|scope| {
            let scheduled = scope.spawn(|| schedule::run_all(self.host, jobs, head_start.tokens(), &worker, sender));
            let mut pulse = Pulse::new(tracker, tell);
            while let Some(told) = pulse.next(&receiver) {
                watch.iter().for_each(|watch| watch.look());
                let handled = handle(&worker, told, ledger, to_do, tell, &mut fresh);
                if let Err(error) = handled {
                    // Without a ledger there is no point in running.
                    self.host.supervisor.interrupt();
                    trouble.get_or_insert(error);
                }
            }
            match scheduled.join() {
                Ok(()) => {}
                Err(panic) => std::panic::resume_unwind(panic),
            }
        });
        if let Some(error) = trouble {
            return Err(error);
        }
        for (n, row) in fresh {
            self.rows[n] = Some(row);
        }
        let spans = worker.spans.into_inner().unwrap_or_else(PoisonError::into_inner);
        Ok((self.rows, spans))
    }
}

/// Takes what a worker tells: into the ledger first, then on to who listens.
fn handle(
    worker: &Worker<'_>,
    told: Told,
    ledger: &Ledger,
    to_do: usize,
    tell: &Sender<Event>,
    fresh: &mut HashMap<usize, Row>,
) -> Result<(), Error> {
    let mut keep = |n: usize, record: Record, spent: Spent| -> Result<(), Error> {
        let run = worker.plan.runs[n];
        let row = worker.judge.row(run.suite, run.cell, record, false);
        let is_cut = row.outcome() == Some(Outcome::Infrastructure) || doubt::is_to_have_debug_info(&row);
        if worker.host.supervisor.is_interrupted() && is_cut {
            // Cut short by the user, or before it could be confirmed; it is as if it had not begun.
            return Ok(());
        }
        row.record().map_or(Ok(()), |record| ledger.put_spent(record, &spent))?;
        worker.tracker.judged(n, row.verdict);
        // Once for each suite: the remedy is the same for all its cells.
        let is_such = |of: &Row| of.suite == row.suite && doubt::passed_only_in_full(of);
        if is_such(&row) && !fresh.values().any(is_such) {
            let _ = tell.send(Event::Warning(format!("{}: {}", row.cell, row.cause())));
        }
        fresh.insert(n, row.clone());
        let _ = tell.send(Event::RunFinished { row: Box::new(row), done: fresh.len(), of: to_do });
        Ok(())
    };
    match told {
        Told::BuildStarted(job) => {
            let _ = tell.send(Event::BuildStarted { build: worker.jobs[job].name.clone() });
        }
        Told::RunFinished(n, record, spent) => {
            if let Some((key, read)) = worker.read_in_full(n, &record) {
                ledger.put_reads(key, &read.inputs, worker.host.now)?;
            }
            keep(n, *record, spent)?;
        }
        Told::DoctestsFinished(job, spent) => {
            let id = ledger::doctests_of(&worker.jobs[job].build.id());
            ledger.put_build(&id, true, &spent, worker.host.now)?;
        }
        Told::BuildFinished(job, summary) => {
            let build = worker.jobs[job].build;
            let summary = summary.unwrap_or_else(|error| {
                let failure = NotBuilt::because(Outcome::Infrastructure, format!("{error:#}"), String::new());
                let failure = NotBuilt { debug: build.debug, ..failure };
                Arc::new(BuiltSummary { result: Err(failure), spent: Spent::default() })
            });
            let spent = summary.spent;
            ledger.put_build(&build.id(), summary.result.is_ok(), &spent, worker.host.now)?;
            let failure = summary.result.as_ref().err();
            for note in summary.result.iter().flat_map(|product| &product.notes) {
                let _ = tell.send(Event::Warning(note.clone()));
            }
            let (read, debug) = match &summary.result {
                Ok(product) => (&product.read, product.debug),
                Err(failure) => (&failure.read, failure.debug),
            };
            if let (Some(_), Some(first)) = (read.hash, worker.jobs[job].runs.first()) {
                let key = worker.build_keys[worker.plan.runs[first.run].build].of(debug);
                ledger.put_reads(key, &read.inputs, worker.host.now)?;
            }
            let _ = tell.send(Event::BuildFinished {
                build: worker.jobs[job].name.clone(),
                trouble: failure.map(|failure| failure.cause.clone()),
                output: failure.map(|failure| failure.output.clone()).unwrap_or_default(),
                wall_ms: spent.wall_ms,
                cpu_ms: spent.cpu_ms,
            });
            if let Some(failure) = failure {
                for &PlannedRun { run: n, .. } in &worker.jobs[job].runs {
                    keep(n, worker.not_built(job, n, failure), Spent::default())?;
                }
            }
        }
    }
    Ok(())
}
