//! One side: a tree, opened as a workspace of its own, and what its builds made.

use std::path::PathBuf;
use std::sync::mpsc::Sender;

use anyhow::Context;
use compatrix_model::cell::CellId;
use compatrix_model::outcome::Outcome;
use compatrix_model::plan::{Choice, Plan, Run, SkipReason};
use compatrix_model::spec_text::Parsed;
use compatrix_model::speed::Sources;

use crate::build::{self, target_dir, NotBuilt, Product};
use crate::event::Event;
use crate::run::inputs::{build_inputs, with_inputs, RunInputs};
use crate::session::{NarrowBy, Session};
use crate::survey::Survey;
use crate::sys::error::Error;

/// One side of a comparison.
#[derive(Debug)]
pub(super) struct Side {
    pub(super) session: Session,
    pub(super) parsed: Parsed,
    pub(super) survey: Survey,
    pub(super) plan: Plan,
    /// What came of each build of the plan.
    pub(super) products: Vec<Result<Product, NotBuilt>>,
    pub(super) tree: PathBuf,
    pub(super) sources: Sources,
}

/// Where a side is, and what it is.
#[derive(Debug)]
pub(super) struct Place {
    /// The word before its builds, for people.
    pub(super) name: &'static str,
    pub(super) tree: PathBuf,
    /// The workspace's root in the tree.
    pub(super) root: PathBuf,
    pub(super) sources: Sources,
}

impl Side {
    /// Surveys the tree, provides what its cells need, and builds, with what another side has compiled already.
    ///
    /// # Errors
    /// The workspace in the tree cannot be used; our own side fails; an interrupt. A build that fails is no error.
    pub(super) fn build(
        main: &Session,
        place: Place,
        parsed: &Parsed,
        choice: &Choice<'_>,
        other: Option<&Side>,
        tell: &Sender<Event>,
    ) -> Result<Side, Error> {
        let (limits, supervisor) = (main.host.limits, main.host.supervisor.clone());
        let session = Session::open(&place.root, main.host.ambient.clone(), limits, supervisor, false)?;
        let (survey, plan) = session.prepare(parsed, choice, &NarrowBy::default(), tell)?;
        let tokens = jobserver::Client::new(limits.jobs.max(1)).context("no job tokens")?;
        let names = plan.build_names(&parsed.spec.space);
        let mut products = Vec::new();
        for (build, name) in plan.builds.iter().zip(names) {
            let name = format!("{}: {name}", place.name);
            let _ = tell.send(Event::BuildStarted { build: name.clone() });
            let token = tokens.acquire().context("no job token")?;
            let inputs = build_inputs(&session.host, &parsed.spec, &survey, build)?;
            if let Some(other) = other {
                // The dependencies are the same in both trees.
                let own = survey.workspace.layout.local_names().into_iter().map(str::to_owned).collect();
                build::lend(&target_dir(&other.session.host, build), &target_dir(&session.host, build), &own)?;
            }
            let built = build::build(&session.host, build, &inputs, &tokens)?;
            drop(token);
            if session.host.supervisor.is_interrupted() {
                return Err(Error::Interrupted);
            }
            let failure = built.result.as_ref().err();
            let _ = tell.send(Event::BuildFinished {
                build: name,
                trouble: failure.map(|failure| failure.cause.clone()),
                output: failure.map(|failure| failure.output.clone()).unwrap_or_default(),
                wall_ms: u64::try_from(built.wall.as_millis()).unwrap_or(u64::MAX),
                cpu_ms: u64::try_from(built.cpu.as_millis()).unwrap_or(u64::MAX),
            });
            products.push(built.result);
        }
        session.ledger.save_memo(&session.host.memo)?;
        Ok(Side { session, parsed: parsed.clone(), survey, plan, products, tree: place.tree, sources: place.sources })
    }

    /// The cell of a run.
    pub(super) fn cell(&self, run: Run) -> CellId {
        self.parsed.spec.space.id(run.cell)
    }

    /// The run of this suite in this cell.
    pub(super) fn run(&self, suite: usize, cell: &CellId) -> Option<Run> {
        self.plan.runs.iter().copied().find(|run| run.suite == suite && self.cell(*run) == *cell)
    }

    /// Why a suite is not tried in a cell.
    pub(super) fn skipped(&self, suite: usize, cell: &CellId) -> Option<String> {
        let is_it =
            |skip: &&compatrix_model::plan::Skip| skip.suite == suite && self.parsed.spec.space.id(skip.cell) == *cell;
        let skip = self.plan.skips.iter().find(is_it)?;
        Some(skipped(&self.plan.reasons[skip.reason]).1)
    }

    /// Calls with the inputs of a run.
    pub(super) fn with_inputs<T>(&self, run: Run, act: impl FnOnce(&RunInputs<'_>) -> T) -> T {
        let (build, cell) = (&self.plan.builds[run.build], self.cell(run));
        with_inputs(&self.parsed.spec, &self.survey, build, run, &cell, None, act)
    }
}

/// Why something is not tried, as an outcome and in words.
pub(super) fn skipped(reason: &SkipReason) -> (Outcome, String) {
    match reason {
        SkipReason::Excluded { reason } => (Outcome::NotPromised, format!("excluded by a rule: {reason}")),
        SkipReason::Unavailable { value, reason } => (Outcome::Unavailable, format!("{value}: {reason}")),
        SkipReason::NotPromised { value, reason } => (Outcome::NotPromised, format!("{value}: {reason}")),
    }
}
