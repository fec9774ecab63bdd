//! What a build without debug information does not do: built and run with it before it counts.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use compatrix_model::evidence::Record;
use compatrix_model::hash::Sha256;
use compatrix_model::outcome::Outcome;
use compatrix_model::results::doubt;
use compatrix_model::results::row::Row;

use super::Worker;
use crate::build::{self, Built, NotBuilt, Product, Read};
use crate::run::executable::blank;
use crate::run::inputs::{build_inputs, RunInputs};
use crate::run::proof;

/// What was built in full after all.
#[derive(Debug, Default)]
pub(super) struct InFull {
    /// By the position of the build in the plan.
    products: Mutex<HashMap<usize, Result<Arc<Product>, NotBuilt>>>,
    /// Known failures, with that position, which were the same in full.
    same: Mutex<Vec<(usize, Record)>>,
}

impl Worker<'_> {
    fn row_of(&self, run: usize, record: &Record) -> Row {
        let planned = self.plan.runs[run];
        self.judge.row(planned.suite, planned.cell, record.clone(), false)
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
    pub(super) fn built_at_last(&self, job: usize, built: Built, jobs: &jobserver::Client) -> anyhow::Result<Built> {
        // One that took too long would take no less.
        let Err(failure) = &built.result else { return Ok(built) };
        if failure.outcome == Outcome::TimedOut {
            return Ok(built);
        }
        let mut runs = self.jobs[job].runs.iter().map(|(run, _)| *run);
        let run = runs.find(|&run| doubt::is_to_have_debug_info(&self.row_of(run, &self.not_built(job, run, failure))));
        let Some(run) = run.filter(|_| !self.host.supervisor.is_interrupted()) else { return Ok(built) };
        let full = self.jobs[job].build.in_full();
        let inputs = build_inputs(self.host, self.spec, self.survey, &full)?;
        let mut again = build::build(self.host, &full, &inputs, jobs)?;
        match &mut again.result {
            Ok(product) => {
                let suite = &self.spec.suites[self.plan.runs[run].suite].name;
                product.notes.push(doubt::builds_only_with_debug_info(&failure.cause, suite));
            }
            // Our side broke: the first failure is all there is.
            Err(other) if other.outcome == Outcome::Infrastructure => return Ok(built),
            Err(_) => {}
        }
        Ok(Built { result: again.result, wall: built.wall + again.wall, cpu: built.cpu + again.cpu })
    }

    /// The result itself, or what it is with debug information if it is in doubt without.
    pub(super) fn believed(&self, job: usize, run: usize, record: Record, jobs: &jobserver::Client) -> Record {
        let row = self.row_of(run, &record);
        if !doubt::is_to_have_debug_info(&row) || self.host.supervisor.is_interrupted() {
            return record;
        }
        let build = self.plan.runs[run].build;
        let is_known = doubt::is_known_failure(&row);
        let mut same = self.in_full.same.lock().unwrap_or_else(PoisonError::into_inner);
        if is_known && same.iter().any(|(of, known)| *of == build && doubt::is_same_failure(known, &record)) {
            return record;
        }
        let again = self.in_full(job, run, jobs);
        if is_known && doubt::is_same_failure(&record, &again) {
            same.push((build, record.clone()));
        }
        doubt::with_debug_info(record, again)
    }

    /// Runs a cell in full, with the user's own home, as plain cargo has it.
    fn in_full(&self, job: usize, run: usize, jobs: &jobserver::Client) -> Record {
        match self.built_in_full(job, run, jobs) {
            Err(failure) => self.not_built(job, run, &failure),
            Ok(product) => {
                let build = self.made(job, product.debug);
                self.with_inputs(&build, run, &product.read, |inputs| {
                    self.run_suite(&RunInputs { alone: true, ..*inputs }, &product, jobs)
                })
            }
        }
    }

    fn built_in_full(&self, job: usize, run: usize, jobs: &jobserver::Client) -> Result<Arc<Product>, NotBuilt> {
        let mut products = self.in_full.products.lock().unwrap_or_else(PoisonError::into_inner);
        let build = || {
            let full = self.jobs[job].build.in_full();
            let built = self.watched(format!("the build `{}` with debug information", self.jobs[job].name), || {
                let inputs = build_inputs(self.host, self.spec, self.survey, &full)?;
                build::build(self.host, &full, &inputs, jobs)
            });
            let infrastructure = |error: anyhow::Error| {
                let failure = NotBuilt::because(Outcome::Infrastructure, format!("{error:#}"), String::new());
                Err(failure)
            };
            built.map_or_else(infrastructure, |built| built.result.map(Arc::new))
        };
        products.entry(self.plan.runs[run].build).or_insert_with(build).clone()
    }

    /// What the build of a run read that was made in full to confirm the run, with the key of that build.
    pub(super) fn read_in_full(&self, run: usize, record: &Record) -> Option<(Sha256, Read)> {
        if doubt::lacks_debug_info(record) {
            return None;
        }
        let at = self.plan.runs[run].build;
        let products = self.in_full.products.lock().unwrap_or_else(PoisonError::into_inner);
        let product = products.get(&at)?.as_ref().ok()?;
        let key = self.build_keys[at].of(product.debug);
        Some((key, product.read.clone())).filter(|(_, read)| read.hash.is_some())
    }
}
