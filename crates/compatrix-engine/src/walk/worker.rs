//! Carries out the tasks of a walk: builds, doctests and runs of every kind of suite.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};
use std::time::SystemTime;

use compatrix_leak::Policy;
use compatrix_model::cell::CellId;
use compatrix_model::evidence::{Counts, Record};
use compatrix_model::hash::Sha256;
use compatrix_model::matrix_spec::{Spec, SuiteKind};
use compatrix_model::outcome::Outcome;
use compatrix_model::plan::{Build, DebugInfo, Plan};
use compatrix_model::results::doubt::{self, Company, Doubt};
use compatrix_model::results::intake::Judge;
use compatrix_model::timeline::BarEnd;

use crate::build::{self, Built, Doctests, Product, Read};
use crate::find::written::Span;
use crate::leak::{self, Canaries, Leaks};
use crate::run;
use crate::run::executable::blank;
use crate::run::inputs::{build_inputs, with_inputs, RunInputs};
use crate::run::keys::{self, ByDebugInfo};
use crate::survey::Survey;
use crate::sys::account::Account;
use crate::sys::clock::{instant, now, system};
use crate::sys::host::Host;
use crate::walk::full::InFull;
use crate::walk::head_start::HeadStart;
use crate::walk::schedule::{Executor, Job, RunTask};
use crate::walk::sources::Watch;
use crate::walk::tracker::{Doing, Tracker};

/// What all tasks of a walk have in common.
pub(super) struct Worker<'a> {
    pub(super) judge: &'a Judge<'a>,
    pub(super) policy: &'a Policy,
    pub(super) today: &'a str,
    pub(super) host: &'a Host,
    pub(super) spec: &'a Spec,
    pub(super) plan: &'a Plan,
    pub(super) survey: &'a Survey,
    pub(super) jobs: &'a [Job<'a>],
    pub(super) head_start: &'a HeadStart<'a>,
    pub(super) tracker: &'a Tracker<'a>,
    pub(super) watch: Option<&'a Watch<'a>>,
    pub(super) cells: &'a [CellId],
    pub(super) build_keys: &'a [ByDebugInfo],
    pub(super) of_runs: &'a [ByDebugInfo],
    pub(super) keys: &'a [Sha256],
    pub(super) canaries: Canaries,
    /// Doctests that were run again, by the position of their build.
    pub(super) doctests: Mutex<HashMap<usize, Option<Doctests>>>,
    pub(super) in_full: InFull,
    /// What ran when.
    pub(super) spans: Mutex<Vec<Span>>,
}

impl Worker<'_> {
    /// The build of a job, as it was made.
    pub(super) fn made(&self, job: usize, debug: DebugInfo) -> Build {
        Build { debug, ..self.jobs[job].build.clone() }
    }

    /// Calls with the inputs of a run whose build read this.
    pub(super) fn with_inputs<T>(
        &self,
        build: &Build,
        n: usize,
        read: &Read,
        act: impl FnOnce(&RunInputs<'_>) -> T,
    ) -> T {
        let runs = self.of_runs[self.plan.runs[n].build].of(build.debug);
        let key = keys::complete(runs, self.keys[n], read.hash);
        with_inputs(self.spec, self.survey, build, self.plan.runs[n], &self.cells[n], Some(key), act)
    }
}

impl Worker<'_> {
    /// Calls with the inputs of the run of a task, and notes when that was.
    pub(super) fn watched_run(&self, task: &RunTask<'_>, alone: bool) -> Record {
        let host = self.host.on_account(task.account);
        let leaks = Leaks { canaries: &self.canaries, policy: self.policy, today: self.today, parts: task.parts };
        let build = self.made(task.job, task.product.debug);
        self.with_inputs(&build, task.run, &task.product.read, |inputs| {
            let what = format!("`{}` (suite {})", inputs.cell, inputs.suite.name);
            let inputs = RunInputs { alone: inputs.alone || alone, ..*inputs };
            let doing = Doing::Run { job: task.job, run: task.run, alone: alone || inputs.suite.alone };
            let name = format!("{} ({})", inputs.cell, inputs.suite.name);
            let work = |_| self.watched(what, || run_suite(&host, &inputs, task.product, &leaks));
            self.tracker.during(doing, name, task.account, work, |record| self.end(record.outcome == Outcome::Passed))
        })
    }

    /// Does something and notes when.
    pub(super) fn watched<T>(&self, what: String, act: impl FnOnce() -> T) -> T {
        let from = system();
        let done = act();
        self.note(Span { what, from, to: system() });
        done
    }

    /// How a task ended. What fails after an interrupt was cut short by it.
    fn end(&self, ok: bool) -> BarEnd {
        match (ok, self.host.supervisor.is_interrupted()) {
            (true, _) => BarEnd::Ok,
            (false, true) => BarEnd::Cut,
            (false, false) => BarEnd::Red,
        }
    }

    fn note(&self, span: Span) {
        self.spans.lock().unwrap_or_else(PoisonError::into_inner).push(span);
    }

    /// A build that began at this time, if its sources did not change.
    pub(super) fn checked(&self, built: Built, since: SystemTime) -> Built {
        match self.watch {
            Some(watch) => watch.checked(built, since),
            None => built,
        }
    }

    /// The doctests run again, once a build, if they were red.
    fn doctests_again(
        &self,
        job: usize,
        doctests: &Doctests,
        jobs: &jobserver::Client,
        account: &Account,
    ) -> Option<Doctests> {
        Some(doctests).filter(|doctests| doctests.are_red())?;
        let mut known = self.doctests.lock().unwrap_or_else(PoisonError::into_inner);
        known.entry(job).or_insert_with(|| self.run_doctests(job, jobs, account).ok()).clone()
    }

    fn run_doctests(&self, job: usize, jobs: &jobserver::Client, account: &Account) -> anyhow::Result<Doctests> {
        let build = self.made(job, self.debug_of(job));
        self.doctests_of(&build, jobs, account)
    }

    /// Runs the doctests of this build.
    pub(super) fn doctests_of(
        &self,
        build: &Build,
        jobs: &jobserver::Client,
        account: &Account,
    ) -> anyhow::Result<Doctests> {
        let host = self.host.on_account(account);
        let inputs = build_inputs(&host, self.spec, self.survey, build)?;
        build::doctests(&host, build, &inputs, jobs)
    }
}

impl Executor for Worker<'_> {
    fn build(&self, job: usize, jobs: &jobserver::Client, account: &Account) -> anyhow::Result<Built> {
        let (host, build) = (self.host.on_account(account), self.jobs[job].build);
        let name = &self.jobs[job].name;
        let what = format!("the build `{name}`");
        let work = |bar| {
            if let Some((built, since)) = self.head_start.take(build) {
                self.tracker.began_before(bar, self.host.recording.ms_of(since));
                self.note(Span { what, from: since, to: system() });
                return self.built_at_last(job, self.checked(built?, since), jobs, account);
            }
            self.watched(what, || {
                let since = system();
                let inputs = build_inputs(&host, self.spec, self.survey, build)?;
                let built = self.checked(build::build(&host, build, &inputs, jobs)?, since);
                self.built_at_last(job, built, jobs, account)
            })
        };
        let is_ok = |built: &anyhow::Result<Built>| self.end(built.as_ref().is_ok_and(|built| built.result.is_ok()));
        self.tracker.during(Doing::Build(job), name.clone(), account, work, is_ok)
    }

    fn begun(&self, job: usize) -> Option<Account> {
        self.head_start.account_of(self.jobs[job].build)
    }

    fn doctests(&self, job: usize, jobs: &jobserver::Client, account: &Account) -> Doctests {
        let name = &self.jobs[job].name;
        let work = |_| {
            self.watched(format!("the documentation tests of `{name}`"), || {
                self.run_doctests(job, jobs, account).unwrap_or_else(|error| Doctests {
                    counts: Counts::default(),
                    failures: Vec::new(),
                    trouble: Some((Outcome::Infrastructure, format!("{error:#}"))),
                })
            })
        };
        let is_ok = |doctests: &Doctests| self.end(!doctests.are_red());
        self.tracker.during(Doing::Doctests(job), format!("doctests of {name}"), account, work, is_ok)
    }

    fn run(&self, task: &RunTask<'_>) -> Record {
        self.watched_run(task, false)
    }

    fn with_doctests(&self, run: usize, record: Record, doctests: &Doctests) -> Record {
        let build = &self.plan.builds[self.plan.runs[run].build];
        self.with_inputs(build, run, &Read::default(), |inputs| run::with_doctests(inputs, record, doctests))
    }

    fn is_in_doubt(&self, run: usize, record: &Record, company: Company) -> bool {
        let is_in_doubt =
            !self.host.supervisor.is_interrupted() && doubt::is_in_doubt(&self.row_of(run, record), company);
        if is_in_doubt {
            self.tracker.again(run);
        }
        is_in_doubt
    }

    fn confirm(
        &self,
        task: &RunTask<'_>,
        doctests: Option<&Doctests>,
        doubt: Doubt,
        jobs: &jobserver::Client,
    ) -> Record {
        if !doubt::is_to_run_alone(&self.row_of(task.run, &doubt.record), doubt.company) {
            return self.believed(task, doubt.record, jobs);
        }
        // With the user's own home, as plain cargo has it.
        let record = self.watched_run(task, true);
        let again = doctests.and_then(|doctests| self.doctests_again(task.job, doctests, jobs, task.account));
        let record = match again.as_ref().or(doctests) {
            Some(doctests) => self.with_doctests(task.run, record, doctests),
            None => record,
        };
        self.believed(task, doubt::confirmed(doubt, record), jobs)
    }

    fn believed(&self, task: &RunTask<'_>, record: Record, jobs: &jobserver::Client) -> Record {
        self.believed_or_in_full(task, record, jobs)
    }
}

/// Runs the cell as the suite's kind asks, and says what happened and what proves it. Trouble on our side is the outcome
/// `infrastructure`.
fn run_suite(host: &Host, inputs: &RunInputs<'_>, product: &Product, leaks: &Leaks<'_>) -> Record {
    let (started, clock) = (now(), instant());
    let record = match &inputs.suite.kind {
        SuiteKind::Build => Ok(run::built(host, inputs, product)),
        SuiteKind::Test => run::proven(host, inputs, product, |scratch| run::tests(host, inputs, product, scratch)),
        SuiteKind::Command => run::command::run(host, inputs, product),
        SuiteKind::Bench(_) => Err(anyhow::anyhow!("`compat` does not run this kind of suite")),
        SuiteKind::Leak(settings) => {
            run::proven(host, inputs, product, |_| leak::run(host, inputs, settings, product, leaks))
        }
    };
    let record = record.unwrap_or_else(|error| blank(inputs, Outcome::Infrastructure, format!("{error:#}")));
    let duration_ms = u64::try_from(clock.elapsed().as_millis()).unwrap_or(u64::MAX);
    Record { started, duration_ms, ..record }
}
