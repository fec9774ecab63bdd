//! Head start: builds that need nothing that is still to be provided begin while it is provided. A toolchain waits for the
//! network, and cores are idle meanwhile. The walk takes over what was begun.

use std::collections::{BTreeSet, HashMap};
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::time::SystemTime;

use anyhow::Result;
use compatrix_model::axis::ValueName;
use compatrix_model::linkage::Linkage;
use compatrix_model::matrix_spec::Spec;
use compatrix_model::plan::{Build, Plan};

use crate::build::{self, Built};
use crate::ledger::Ledger;
use crate::run::inputs::build_inputs;
use crate::run::known;
use crate::survey::Survey;
use crate::sys::account::Account;
use crate::sys::clock::system;
use crate::sys::host::Host;

/// Builds that began before the walk.
#[derive(Debug)]
pub(crate) struct HeadStart<'a> {
    host: &'a Host,
    tokens: &'a jobserver::Client,
    state: Mutex<State>,
    changed: Condvar,
}

#[derive(Debug, Default)]
struct State {
    /// No other begins.
    is_over: bool,
    begun: HashMap<Build, Begun>,
}

#[derive(Debug)]
struct Begun {
    since: SystemTime,
    account: Account,
    /// The result, until it is taken.
    built: Option<Result<Built>>,
    is_done: bool,
}

impl<'a> HeadStart<'a> {
    pub(crate) fn new(host: &'a Host, tokens: &'a jobserver::Client) -> Self {
        Self { host, tokens, state: Mutex::default(), changed: Condvar::new() }
    }

    /// The builds of a plan that have something to do and everything that they need, by position.
    ///
    /// # Errors
    /// The ledger cannot be read.
    pub(crate) fn possible(&self, ledger: &Ledger, spec: &Spec, plan: &Plan, survey: &Survey) -> Result<Vec<usize>> {
        let has_all = (0..plan.builds.len()).filter(|&n| has_all_it_needs(&plan.builds[n], survey));
        let has_all: Vec<usize> = has_all.collect();
        if has_all.is_empty() || self.host.limits.serial {
            return Ok(Vec::new());
        }
        let known = known::of_plan(self.host, ledger, spec, plan, survey)?;
        let is_new = |known: &known::Known| self.host.limits.fresh || known.record.is_none();
        let runs = plan.runs.iter().zip(&known.runs);
        let new: BTreeSet<usize> = runs.filter(|(_, known)| is_new(known)).map(|(run, _)| run.build).collect();
        Ok(has_all.into_iter().filter(|n| new.contains(n)).collect())
    }

    /// Makes these builds of a plan, until it is over.
    pub(crate) fn go(&self, spec: &Spec, survey: &Survey, plan: &Plan, builds: Vec<usize>) {
        let waiting = Mutex::new(builds);
        let lock = || waiting.lock().unwrap_or_else(PoisonError::into_inner);
        std::thread::scope(|scope| {
            for _ in 0..self.host.limits.jobs.min(lock().len()) {
                scope.spawn(|| loop {
                    let token = self.tokens.acquire();
                    let Some(build) = self.begin(&plan.builds, &mut lock()) else { break };
                    let account = self.account_of(build).unwrap_or_default();
                    let host = self.host.on_account(&account);
                    let built = build_inputs(&host, spec, survey, build)
                        .and_then(|inputs| build::build(&host, build, &inputs, self.tokens));
                    drop(token);
                    if let Some(begun) = self.lock().begun.get_mut(build) {
                        (begun.built, begun.is_done) = (Some(built), true);
                    }
                    self.changed.notify_all();
                });
            }
        });
    }

    /// The next build, of a lane that is free; one build at a time that compiles SQLite in, as the second would wait for
    /// what the first compiles.
    fn begin<'p>(&self, builds: &'p [Build], waiting: &mut Vec<usize>) -> Option<&'p Build> {
        let mut state = self.lock();
        if state.is_over || self.host.supervisor.is_interrupted() {
            return None;
        }
        let running = || state.begun.iter().filter(|(_, begun)| !begun.is_done).map(|(build, _)| build);
        let lanes: BTreeSet<String> = running().map(Build::lane).collect();
        let compiles_c = |build: &Build| build.linkage == Some(Linkage::Static);
        let is_compiled = running().any(compiles_c);
        let must_wait = |build: &Build| lanes.contains(&build.lane()) || (is_compiled && compiles_c(build));
        let is_free = |&n: &usize| !must_wait(&builds[n]);
        let build = &builds[waiting.remove(waiting.iter().position(is_free)?)];
        let begun = Begun { since: system(), account: Account::default(), built: None, is_done: false };
        state.begun.insert(build.clone(), begun);
        Some(build)
    }

    /// The pool of job tokens, the same for the walk.
    pub(super) fn tokens(&self) -> &jobserver::Client {
        self.tokens
    }

    /// Lets no other build begin.
    pub(crate) fn end(&self) {
        self.lock().is_over = true;
    }

    /// Waits for builds that began and are none of these, because the plan is another one after all.
    pub(super) fn wait_for_others(&self, planned: &[&Build]) {
        let mut state = self.lock();
        while state.begun.iter().any(|(build, begun)| !begun.is_done && !planned.contains(&build)) {
            state = self.changed.wait(state).unwrap_or_else(PoisonError::into_inner);
        }
    }

    /// The account of a build that began.
    pub(super) fn account_of(&self, build: &Build) -> Option<Account> {
        self.lock().begun.get(build).map(|begun| begun.account.clone())
    }

    /// The result of a build that began, and when that was; waits for it. None if it did not begin, or was taken before.
    pub(super) fn take(&self, build: &Build) -> Option<(Result<Built>, SystemTime)> {
        let mut state = self.lock();
        while state.begun.get(build).is_some_and(|begun| !begun.is_done) {
            state = self.changed.wait(state).unwrap_or_else(PoisonError::into_inner);
        }
        let begun = state.begun.get_mut(build)?;
        begun.built.take().map(|built| (built, begun.since))
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn has_all_it_needs(build: &Build, survey: &Survey) -> bool {
    let facts = &survey.facts;
    let is_ready = |against: &ValueName| facts.sqlite_of(&build.toolchain, build.os(), against).is_some();
    facts.toolchains.get(&build.toolchain).is_some_and(|found| found.ready().is_some())
        && build.against.as_ref().is_none_or(is_ready)
        && (!build.staged || facts.locksets.get(&build.lockset).is_some_and(|lockset| lockset.staged.ready().is_some()))
}
