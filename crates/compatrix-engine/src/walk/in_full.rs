//! What a build without debug information does not do: built and run with it before it counts.

use std::sync::Arc;

use compatrix_model::evidence::Record;
use compatrix_model::hash::Sha256;
use compatrix_model::outcome::Outcome;
use compatrix_model::plan::DebugInfo;
use compatrix_model::results::doubt;
use compatrix_model::results::row::Row;
use compatrix_model::timeline::{Bar, BarKind};

use crate::build::{self, Built, NotBuilt, Read};
use crate::run::executable::blank;
use crate::run::inputs::build_inputs;
use crate::run::proof;
use crate::sys::account::Account;
use crate::sys::clock::system;
use crate::walk::full::{lock, Full};
use crate::walk::schedule::{Executor, RunTask};
use crate::walk::worker::Worker;

impl Worker<'_> {
    pub(super) fn row_of(&self, run: usize, record: &Record) -> Row {
        let planned = self.plan.runs[run];
        self.judge.row(planned.suite, planned.cell, record.clone(), false)
    }

    /// How much debug information a job's build was made with.
    pub(super) fn debug_of(&self, job: usize) -> DebugInfo {
        match lock(&self.in_full.at_last).contains(&job) {
            true => DebugInfo::Full,
            false => self.jobs[job].build.debug,
        }
    }

    /// A record of a run whose build failed.
    pub(super) fn not_built(&self, job: usize, run: usize, failure: &NotBuilt) -> Record {
        let build = self.made(job, failure.debug);
        let record = self.with_inputs(&build, run, &failure.read, |inputs| Record {
            proof: Some(proof::proof_of_inputs(inputs)),
            ..blank(inputs, failure.outcome, failure.cause.clone())
        });
        Record { started: self.host.now, ..record }
    }

    /// A build that failed without debug information is tried with it, if a cell would be broken by the failure.
    pub(super) fn built_at_last(
        &self,
        job: usize,
        built: Built,
        jobs: &jobserver::Client,
        account: &Account,
    ) -> anyhow::Result<Built> {
        // One that took too long would take no less.
        let Err(failure) = &built.result else { return Ok(built) };
        if failure.outcome == Outcome::TimedOut || self.host.supervisor.is_interrupted() {
            return Ok(built);
        }
        let would_be_tried = |run: &usize| {
            let row = self.row_of(*run, &self.not_built(job, *run, failure));
            doubt::is_to_have_debug_info(&row)
        };
        let Some(run) = self.jobs[job].runs.iter().map(|planned| planned.run).find(would_be_tried) else {
            return Ok(built);
        };
        let (host, full) = (self.host.on_account(account), self.jobs[job].build.in_full());
        let since = system();
        let inputs = build_inputs(&host, self.spec, self.survey, &full)?;
        let mut again = self.checked(build::build(&host, &full, &inputs, jobs)?, since);
        if let Ok(product) = &mut again.result {
            let suite = &self.spec.suites[self.plan.runs[run].suite].name;
            product.notes.push(doubt::builds_only_with_debug_info(&failure.cause, suite));
            lock(&self.in_full.at_last).insert(job);
        }
        Ok(Built { result: again.result, wall: built.wall + again.wall, cpu: built.cpu + again.cpu })
    }

    /// The result itself, or what it is with debug information if it is in doubt without.
    pub(super) fn believed_or_in_full(&self, task: &RunTask<'_>, record: Record, jobs: &jobserver::Client) -> Record {
        let row = self.row_of(task.run, &record);
        if !doubt::is_to_have_debug_info(&row) || self.host.supervisor.is_interrupted() {
            return record;
        }
        let build = self.plan.runs[task.run].build;
        let is_known = doubt::is_known_failure(&row);
        let mut same = lock(&self.in_full.same);
        if is_known && same.iter().any(|(of, known)| *of == build && doubt::is_same_failure(known, &record)) {
            return record;
        }
        let again = self.in_full(task, jobs);
        if is_known && doubt::is_same_failure(&record, &again) {
            same.push((build, record.clone()));
        }
        doubt::with_debug_info(record, again)
    }

    /// Runs a cell in full, with the user's own home, as plain cargo has it.
    fn in_full(&self, task: &RunTask<'_>, jobs: &jobserver::Client) -> Record {
        match self.built_in_full(task, jobs) {
            Err(failure) => self.not_built(task.job, task.run, &failure),
            Ok(full) => {
                let RunTask { job, run, account, parts, .. } = *task;
                let record = self.watched_run(&RunTask { job, run, product: &full.product, account, parts }, true);
                full.doctests.iter().fold(record, |record, doctests| self.with_doctests(run, record, doctests))
            }
        }
    }

    fn built_in_full(&self, task: &RunTask<'_>, jobs: &jobserver::Client) -> Result<Arc<Full>, NotBuilt> {
        let full = self.jobs[task.job].build.in_full();
        let build = |account: &Account| -> anyhow::Result<Result<Arc<Full>, NotBuilt>> {
            let host = self.host.on_account(account);
            let what = format!("the build `{}` with debug information", self.jobs[task.job].name);
            let since = system();
            let built = self.watched(what, || {
                let inputs = build_inputs(&host, self.spec, self.survey, &full)?;
                build::build(&host, &full, &inputs, jobs)
            })?;
            let product = match self.checked(built, since).result {
                Ok(product) => product,
                Err(failure) => return Ok(Err(failure)),
            };
            let has_doctests = full.targets.doctests();
            let doctests = has_doctests.then(|| self.doctests_of(&full, jobs, account)).transpose()?;
            Ok(Ok(Arc::new(Full { product, doctests })))
        };
        let trouble = |error: anyhow::Error| {
            let failure = NotBuilt::because(Outcome::Infrastructure, format!("{error:#}"), String::new());
            Err(failure)
        };
        let mut products = lock(&self.in_full.products);
        let name = format!("{} with debug information", self.jobs[task.job].name);
        let bar = Bar { kind: BarKind::Build, name, lane: full.lane(), ..Bar::default() };
        let build = || self.host.recording.during(bar, build).unwrap_or_else(trouble);
        products.entry(self.plan.runs[task.run].build).or_insert_with(build).clone()
    }

    /// What the build of a run read that was made in full to confirm the run, with the key of that build.
    pub(super) fn read_in_full(&self, run: usize, record: &Record) -> Option<(Sha256, Read)> {
        if doubt::lacks_debug_info(record) {
            return None;
        }
        let at = self.plan.runs[run].build;
        let products = lock(&self.in_full.products);
        let product = &products.get(&at)?.as_ref().ok()?.product;
        let key = self.build_keys[at].of(product.debug);
        Some((key, product.read.clone())).filter(|(_, read)| read.hash.is_some())
    }
}
