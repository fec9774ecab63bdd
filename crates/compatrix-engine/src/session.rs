//! A session: one walk from spec to records, the whole of `compat`. Imports all that
//! a walk needs, and [`crate::walk`].

pub mod base;
pub mod repro;
pub(crate) mod since;
pub mod today;

use std::path::{Path, PathBuf};
use std::sync::mpsc::Sender;
use std::sync::Arc;

use anyhow::Context;
use compatrix_model::axis::Deps;
use compatrix_model::claims::untested;
use compatrix_model::lockset::Lockset;
use compatrix_model::matrix_spec::{contradictions, RunBy, Spec};
use compatrix_model::plan::narrow::{plan_again, plan_narrowed, Narrow};
use compatrix_model::plan::Part;
use compatrix_model::plan::Shard;
use compatrix_model::plan::{Choice, Plan, SkipReason};
use compatrix_model::spec_text::Parsed;

use crate::deps::locks;
use crate::event::Event;
use crate::find::sqlite::options;
use crate::leak;
use crate::ledger::{Ledger, OpenedLedger};
use crate::provide;
use crate::survey::Survey;
use crate::sys::clock::now;
use crate::sys::environment::Ambient;
use crate::sys::error::Error;
use crate::sys::files;
use crate::sys::host::{compat_dir, Host, Limits};
use crate::sys::lock::WorkspaceLock;
use crate::sys::recording::Recording;
use crate::sys::supervisor::Supervisor;
use crate::walk::{self, HeadStart, Walked};

/// The most rounds of providing and planning again. Each round adds versions, so a few suffice.
const MOST_ROUNDS: usize = 4;

/// A workspace opened for work: its host and its ledger.
#[derive(Debug)]
pub struct Session {
    /// The host, with its limits.
    pub host: Host,
    /// Every run on this machine.
    pub ledger: Ledger,
    /// Warnings about the ledger and about what earlier runs left behind.
    pub warnings: Vec<String>,
    _lock: Option<WorkspaceLock>,
}

impl Session {
    /// Opens the workspace at this root. With `exclusive` no other orchestrator may work in it at the same time.
    ///
    /// # Errors
    /// Another orchestrator works in it; its folder or ledger cannot be written.
    pub fn open(
        root: &Path,
        ambient: Ambient,
        limits: Limits,
        supervisor: Supervisor,
        exclusive: bool,
    ) -> Result<Self, Error> {
        let dir = compat_dir(root);
        files::make_dir(&dir)?;
        let lock = exclusive.then(|| WorkspaceLock::take(&dir.join("lock"))).transpose()?;
        let mut warnings = Vec::new();
        if lock.is_some() {
            supervisor.kill_leftovers();
            // What tests left behind must not stop those who come after.
            let aside = dir.join("left");
            warnings.extend(files::clear_dir(&dir.join("run"), &aside));
            for path in files::list(&aside)? {
                if files::remove(&path).is_err() && warnings.is_empty() {
                    warnings.push(format!("{} was left by a test, remove it by hand", path.display()));
                }
            }
            // Half-built, by one that was killed.
            let half_built =
                |path: &PathBuf| path.file_name().is_some_and(|n| n.to_string_lossy().starts_with(".building"));
            for path in files::list(&dir.join("fixtures"))?.iter().filter(|path| half_built(path)) {
                warnings.extend(files::clear_dir(path, &aside));
            }
        }
        let OpenedLedger { ledger, memo, set_aside } = Ledger::open(&dir.join("ledger.sqlite"))?;
        warnings.extend(set_aside.map(|aside| {
            format!("the ledger could not be read and was set aside as {}; a new one begins", aside.display())
        }));
        let cache =
            ambient.cache_dir().context("no folder for the cache: set XDG_CACHE_HOME or HOME to an absolute path")?;
        let memo = Arc::new(memo);
        let recording = Recording::default();
        let host = Host { root: root.to_owned(), dir, cache, ambient, memo, supervisor, limits, now: now(), recording };
        Ok(Self { host, ledger, warnings, _lock: lock })
    }

    /// The facts of this host and workspace, with the durations of the ledger.
    pub fn survey(&self, parsed: &Parsed) -> Result<Survey, Error> {
        let survey = provide::survey(&self.host, parsed);
        if self.host.supervisor.is_interrupted() {
            // Output of killed tools is not a finding.
            return Err(Error::Interrupted);
        }
        self.ledger.save_memo(&self.host.memo)?;
        survey
    }

    /// Walks the plan of this choice. `tell` receives all events, results after they are in the ledger.
    ///
    /// # Errors
    /// The ledger or the machine fails, or a fixture is broken. Results so far are in the ledger.
    pub fn walk(
        &self,
        parsed: &Parsed,
        choice: &Choice<'_>,
        narrow_by: &NarrowBy,
        today: &str,
        tell: &Sender<Event>,
    ) -> Result<Walked, Error> {
        let policy = leak::policy::load(&self.host.root)?;
        let tokens = jobserver::Client::new(self.host.limits.jobs.max(1)).context("no job tokens")?;
        let head_start = HeadStart::new(&self.host, &tokens);
        let walked = std::thread::scope(|scope| {
            let begin = |survey: &Survey, plan: &Plan| -> Result<(), Error> {
                let spec = &parsed.spec;
                let builds = head_start.possible(&self.ledger, spec, plan, survey)?;
                let (head_start, survey, plan) = (&head_start, survey.clone(), plan.clone());
                scope.spawn(move || head_start.go(spec, &survey, &plan, builds));
                Ok(())
            };
            let prepared = self.prepare_meanwhile(parsed, choice, narrow_by, &begin, tell);
            head_start.end();
            let walked = prepared.and_then(|(survey, plan)| {
                self.warn_before(parsed, narrow_by, &survey, &plan, tell);
                let known = (survey, plan);
                walk::walk_plan(&self.host, &self.ledger, &parsed.spec, known, (&policy, today), &head_start, tell)
            });
            if walked.is_err() {
                // Nobody waits for what began.
                self.host.supervisor.interrupt();
            }
            walked
        });
        match self.host.supervisor.kill_left_by_runs() {
            0 => {}
            1 => warn(tell, "a process that a test left behind was ended".to_owned()),
            n => warn(tell, format!("{n} processes that tests left behind were ended")),
        }
        let saved = self.ledger.save_memo(&self.host.memo).map_err(Error::from);
        walked.and_then(|walked| saved.map(|()| walked))
    }

    /// What is to be said before a plan is walked.
    fn warn_before(&self, parsed: &Parsed, narrow_by: &NarrowBy, survey: &Survey, plan: &Plan, tell: &Sender<Event>) {
        if let Some(text) = options::only_of_the_bundled_one(&self.host, &parsed.spec) {
            warn(tell, text);
        }
        survey.workspace.warnings.iter().for_each(|text| warn(tell, text.clone()));
        uncommitted(survey, plan).into_iter().for_each(|text| warn(tell, text));
        // A job of CI has one part of the matrix, and leak suites prove no claim.
        let all = narrow_by.part.is_none();
        if all && plan.runs.iter().any(|run| parsed.spec.suites[run.suite].run_by() == RunBy::Compat) {
            let untested = untested(&parsed.spec, &survey.facts.versions());
            untested
                .iter()
                .filter(|claim| !claim.is_plain())
                .for_each(|claim| warn(tell, format!("{claim}; {}", claim.mend())));
        }
    }

    /// Of each run of a plan, whether its result is known and would be used again.
    ///
    /// # Errors
    /// The ledger or the policy for leaks cannot be read.
    pub fn known(&self, spec: &Spec, survey: &Survey, plan: &Plan, today: &str) -> Result<Vec<bool>, Error> {
        if self.host.limits.fresh {
            return Ok(vec![false; plan.runs.len()]);
        }
        let policy = leak::policy::load(&self.host.root)?;
        walk::reusable(&self.host, &self.ledger, spec, plan, survey, (&policy, today))
    }

    /// Surveys, provides what the choice needs, and plans it.
    ///
    /// # Errors
    /// As [`Session::walk`]; and rules that contradict each other on this host.
    pub fn prepare(
        &self,
        parsed: &Parsed,
        choice: &Choice<'_>,
        narrow_by: &NarrowBy,
        tell: &Sender<Event>,
    ) -> Result<(Survey, Plan), Error> {
        self.prepare_meanwhile(parsed, choice, narrow_by, &|_, _| Ok(()), tell)
    }

    /// The same; `meanwhile` may begin what needs nothing that is still to be provided. It returns at once.
    fn prepare_meanwhile(
        &self,
        parsed: &Parsed,
        choice: &Choice<'_>,
        narrow_by: &NarrowBy,
        meanwhile: &dyn Fn(&Survey, &Plan) -> Result<(), Error>,
        tell: &Sender<Event>,
    ) -> Result<(Survey, Plan), Error> {
        let spec = &parsed.spec;
        let mut survey = self.survey(parsed)?;
        let narrow = self.narrow(parsed, &survey, narrow_by)?;
        let mut facts = survey.facts.plan_facts();
        if narrow.shard.is_some() {
            // Shards are balanced by the durations of builds and runs.
            facts.durations = self.ledger.durations()?;
        }
        let (mut plan, part) = plan_narrowed(spec, choice, &facts, &narrow);
        if !plan.provisions.is_empty() {
            meanwhile(&survey, &plan)?;
        }
        for _ in 0..MOST_ROUNDS {
            let provided = provide::provide(&self.host, spec, &plan, &mut survey, tell);
            self.ledger.save_memo(&self.host.memo)?;
            provided?;
            if plan.provisions.is_empty() {
                break;
            }
            // Known after the provisions: versions, and what is not available. Versions may admit cells, or lead to others,
            // that need what nothing needed before.
            plan = plan_again(spec, choice, &survey.facts.plan_facts(), (&plan, part.as_ref()));
            if plan.provisions.is_empty() {
                break;
            }
        }
        refuse_contradictions(spec, &survey)?;
        if self.host.limits.committed {
            refuse_unusable_locksets(&survey, &plan)?;
        }
        Ok((survey, plan))
    }

    /// Narrows a plan, including by the effects of changes since a revision.
    ///
    /// # Errors
    /// There is no git, no repository, or no such revision.
    pub fn narrow(&self, parsed: &Parsed, survey: &Survey, narrow_by: &NarrowBy) -> Result<Narrow, Error> {
        let NarrowBy { part, since, shard } = narrow_by;
        let since = since.as_ref().map(|(rev, profile)| {
            let reads = self.ledger.all_reads()?;
            since::since(&self.host, parsed, &survey.workspace, &reads, (rev, profile))
        });
        Ok(Narrow { part: part.clone(), since: since.transpose()?, shard: *shard })
    }
}

/// The request to narrow a plan; becomes [`Narrow`] after asking git.
#[derive(Debug, Clone, Default)]
pub struct NarrowBy {
    /// These suites in these cells, decided before.
    pub part: Option<Part>,
    /// Only what changes since this revision can affect, in the choice of the profile with this name.
    pub since: Option<(String, String)>,
    /// A part of the rest, balanced by duration.
    pub shard: Option<Shard>,
}

fn warn(tell: &Sender<Event>, text: String) {
    let _ = tell.send(Event::Warning(text));
}

/// What to say of locksets that builds of this plan use although they are not committed.
fn uncommitted(survey: &Survey, plan: &Plan) -> Vec<String> {
    let used = |lockset: &Lockset| plan.builds.iter().any(|build| build.lockset == *lockset);
    let found = survey.facts.locksets.iter().filter(|(lockset, _)| used(lockset));
    let found = found.filter_map(|(lockset, facts)| Some((lockset, facts.uncommitted.as_ref()?)));
    let one = |(lockset, why): (&Lockset, &String)| {
        format!(
            "{} {why}, so its versions were chosen here and are kept in target/compat; the command \
             `lock` writes them to that file, commit it",
            locks::shown(lockset)
        )
    };
    let mut said: Vec<String> = found.map(one).collect();
    said.dedup();
    said
}

/// Locksets that this plan needs and that are not usable as they are committed: in a job of CI a mistake of the workspace.
fn refuse_unusable_locksets(survey: &Survey, plan: &Plan) -> Result<(), Error> {
    let is_lockset = |value: &str| {
        let is_group = |lockset: &Lockset| lockset.deps == Deps::Lockset && value == format!("deps={lockset}");
        survey.facts.locksets.keys().any(is_group)
    };
    let unusable = plan.reasons.iter().filter_map(|reason| match reason {
        SkipReason::Unavailable { value, reason } if is_lockset(value) => Some(reason.as_str()),
        _ => None,
    });
    match unusable.collect::<Vec<_>>().as_slice() {
        [] => Ok(()),
        reasons => Err(Error::Usage(reasons.join("\n"))),
    }
}

/// Rules that contradict each other once it is known which versions `stable`, `host` and the like are.
fn refuse_contradictions(spec: &Spec, survey: &Survey) -> Result<(), Error> {
    let found = contradictions(&spec.rules, &spec.space, &survey.facts.versions());
    if found.is_empty() {
        return Ok(());
    }
    let line = |n: usize| spec.rules[n].line;
    let said = found.iter().map(|c| {
        format!(
            "on this host the rules of lines {} and {} of the spec contradict each other, for example in {}; \
             narrow one of their conditions",
            line(c.first),
            line(c.second),
            c.cell
        )
    });
    Err(Error::Usage(said.collect::<Vec<_>>().join("\n")))
}
