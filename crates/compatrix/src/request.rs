//! What `compat`, `leak-check` and `plan` are to run: the options of the command line, resolved against the spec.

use compatrix_ci::events;
use compatrix_engine::session::NarrowBy;
use compatrix_engine::sys::error::Error;
use compatrix_engine::sys::host::Limits;
use compatrix_leak::Tool;
use compatrix_model::condition::Condition;
use compatrix_model::matrix_spec::{JobCommand, Profile, RunBy, Suite};
use compatrix_model::plan::Part;
use compatrix_model::plan::{Choice, Plan};

use crate::cli::{command_name, EventOptions, Selection};
use crate::workspace::{processors, Opened, SPEC};

/// A selection of cells, and the command that runs them.
#[derive(Debug)]
pub(crate) struct Request<'a> {
    pub(crate) opened: &'a Opened,
    pub(crate) selection: &'a Selection,
    pub(crate) event: &'a EventOptions,
    pub(crate) work: JobCommand,
    /// The name of the profile: that of the event, where one is selected.
    pub(crate) profile_name: &'a str,
    /// The profile, with those of its suites that the command runs.
    profile: Profile,
    /// The conditions of `--cell`; none for every cell.
    cells: Vec<Condition>,
    /// The packages of `--package`; none for all of them.
    pub(crate) packages: Vec<String>,
}

impl<'a> Request<'a> {
    /// The cells of `compat`: all suites but those of kind `leak`.
    ///
    /// # Errors
    /// The spec has no such profile, event or cell.
    pub(crate) fn compat(opened: &'a Opened, selection: &'a Selection, event: &'a EventOptions) -> Result<Self, Error> {
        let request = Self::new(opened, selection, event, JobCommand::Compat)?;
        request.with_suites(
            |suite| JobCommand::Compat.runs(suite),
            |name| {
                format!(
                    "the profile `{name}` has no suite for `compat`; `{} leak-check --profile {name}` runs those of kind `leak`, and \
                     `bench --profile {name}` those of kind `bench`",
                    command_name()
                )
            },
        )
    }

    /// The cells of `leak-check`: suites of kind `leak`, only those of these tools if some are named.
    ///
    /// # Errors
    /// As [`Request::compat`].
    pub(crate) fn leak_check(
        opened: &'a Opened,
        selection: &'a Selection,
        event: &'a EventOptions,
        tools: &[Tool],
    ) -> Result<Self, Error> {
        let is_wanted = |suite: &Suite| suite.leak().is_some_and(|leak| tools.is_empty() || tools.contains(&leak.tool));
        let request = Self::new(opened, selection, event, JobCommand::LeakCheck)?;
        request.with_suites(is_wanted, |name| {
            let tool = tools.first().map_or("valgrind", |tool| tool.as_str());
            let elsewhere = opened.parsed.spec.suites.iter().any(is_wanted);
            let of = if elsewhere { format!("the profile `{name}`") } else { "the spec".to_owned() };
            let with = if tools.is_empty() { String::new() } else { format!(" with the tool `{tool}`") };
            format!(
                "{of} has no suite of kind `leak`{with}; in {SPEC}:\n\n[[suite]]\nname = \"{tool}\"\nkind = \
                 \"leak\"\ntool = \"{tool}\"\n"
            )
        })
    }

    /// The cells of `bench`: suites of kind `bench`.
    ///
    /// # Errors
    /// As [`Request::compat`].
    pub(crate) fn bench(opened: &'a Opened, selection: &'a Selection, event: &'a EventOptions) -> Result<Self, Error> {
        let is_wanted = |suite: &Suite| suite.run_by() == RunBy::Bench;
        Self::new(opened, selection, event, JobCommand::Compat)?.with_suites(is_wanted, |name| {
            let elsewhere = opened.parsed.spec.suites.iter().any(is_wanted);
            let of = if elsewhere { format!("the profile `{name}`") } else { "the spec".to_owned() };
            format!(
                "{of} has no suite of kind `bench`; in {SPEC}:\n\n[[suite]]\nname = \"speed\"\nkind = \"bench\"\npackages = \
                 [\"the-package-with-benches\"]\n"
            )
        })
    }

    fn new(
        opened: &'a Opened,
        selection: &'a Selection,
        event: &'a EventOptions,
        work: JobCommand,
    ) -> Result<Self, Error> {
        let spec = &opened.parsed.spec;
        let profile_name = match event.event {
            Some(event) => events::profile(spec, event, work).map_err(|unknown| Error::Usage(unknown.to_string()))?,
            None => &selection.profile,
        };
        let profile = spec.profile(profile_name).map_err(|unknown| Error::Usage(unknown.to_string()))?.clone();
        Ok(Self { opened, selection, event, work, profile_name, profile, cells: Vec::new(), packages: Vec::new() })
    }

    fn with_suites(mut self, is_wanted: impl Fn(&Suite) -> bool, none: impl Fn(&str) -> String) -> Result<Self, Error> {
        let narrowed = self.opened.parsed.spec.narrowed(&self.profile, is_wanted);
        self.profile = narrowed.ok_or_else(|| Error::Usage(none(self.profile_name)))?;
        self.cells = self.opened.conditions(&self.selection.cells)?;
        self.packages = self.opened.packages(&self.selection.packages)?;
        Ok(self)
    }

    /// The command and its choice of cells, for people.
    pub(crate) fn shown(&self) -> String {
        let mut shown = vec![command_name().to_owned(), self.work.as_str().to_owned()];
        match self.event.event {
            Some(event) => shown.push(format!("--event {}", event.as_str())),
            None => shown.push(format!("--profile {}", self.profile_name)),
        }
        shown.extend(self.event.job.iter().map(|job| format!("--job {job}")));
        shown.extend(self.packages.iter().map(|package| format!("-p {package}")));
        shown.extend(self.selection.cells.iter().map(|cell| format!("--cell '{cell}'")));
        shown.extend(self.selection.since.iter().map(|rev| format!("--since {rev}")));
        shown.extend(self.selection.shard.iter().map(|shard| format!("--shard {shard}")));
        shown.join(" ")
    }

    /// For the planner.
    pub(crate) fn choice(&self) -> Choice<'_> {
        Choice { profile: &self.profile, cells: &self.cells, packages: &self.packages }
    }

    /// For the planner, with the part of an event if one is selected.
    pub(crate) fn narrow_by(&self, part: Option<Part>) -> NarrowBy {
        let since = self.selection.since.as_ref().map(|rev| (rev.clone(), self.profile_name.to_owned()));
        NarrowBy { part, since, shard: self.selection.shard }
    }

    /// What may be fetched and how much may run at once.
    pub(crate) fn limits(&self) -> Limits {
        Limits {
            jobs: self.selection.jobs.map_or_else(processors, usize::from),
            serial: self.selection.jobs == Some(1),
            offline: self.selection.offline,
            no_install: self.selection.no_install,
            fresh: self.selection.fresh,
            hermetic: self.selection.hermetic,
            // A job of CI has what is committed, so that all jobs have the same.
            committed: self.event.event.is_some(),
        }
    }

    /// An empty plan is an error, unless `--since` or `--shard` left nothing of it.
    pub(crate) fn refuse_empty(&self, plan: &Plan) -> Result<(), Error> {
        if !plan.runs.is_empty() || !plan.skips.is_empty() || plan.narrowed.may_be_empty() {
            return Ok(());
        }
        let (spec, profile) = (&self.opened.parsed.spec, self.profile_name);
        let others: Vec<&str> = spec.profiles.keys().map(String::as_str).filter(|name| *name != profile).collect();
        Err(Error::usage(match (self.cells.is_empty(), others.is_empty()) {
            (false, false) => format!(
                "no cell of the profile `{profile}` meets --cell; cells of another profile may: --profile {}",
                others.join(", --profile ")
            ),
            (false, true) => {
                format!("no cell of the profile `{profile}` meets --cell; relax the condition, or widen the spec")
            }
            (true, _) => format!("the profile `{profile}` selects no cell; widen its `when` in the spec"),
        }))
    }
}
