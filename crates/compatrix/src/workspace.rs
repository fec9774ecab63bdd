//! Opening a workspace: where it is, what its spec says, what the ledger knows.

use std::path::{Path, PathBuf};

use compatrix_engine::find::{fixture, workspace};
use compatrix_engine::session::{Asked, Session};
use compatrix_engine::sys::clock;
use compatrix_engine::sys::environment::Ambient;
use compatrix_engine::sys::error::Error;
use compatrix_engine::sys::files;
use compatrix_engine::sys::host::Limits;
use compatrix_engine::sys::supervisor::Supervisor;
use compatrix_leak::Tool;
use compatrix_model::cell::CellId;
use compatrix_model::condition::Condition;
use compatrix_model::matrix_spec::{Profile, Spec, Suite};
use compatrix_model::spec_text;
use compatrix_model::spec_text::Parsed;

use crate::cli::{command_name, Global, Selection};
use crate::terminal::Terminal;

/// The spec, below the root.
pub(crate) const SPEC: &str = "compat/matrix.toml";

/// A workspace and its spec.
#[derive(Debug)]
pub(crate) struct Opened {
    /// The root.
    pub(crate) root: PathBuf,
    /// The spec.
    pub(crate) parsed: Parsed,
    /// Our environment.
    pub(crate) ambient: Ambient,
    /// Today, `YYYY-MM-DD`, UTC.
    pub(crate) today: String,
}

impl Opened {
    /// Finds the workspace and reads its spec; warnings are printed.
    pub(crate) fn new(global: &Global, terminal: &Terminal) -> Result<Self, Error> {
        let ambient = Ambient::capture();
        let root = root(global, &ambient)?;
        let parsed = read_spec(&root)?;
        let today = clock::day(clock::now());
        let look = terminal.look_of_messages();
        for warnings in [&parsed.warnings, &parsed.expired(&today)] {
            if !warnings.is_empty() && !terminal.quiet {
                terminal.message(&warnings.render(look.color, look.width));
            }
        }
        Ok(Self { root, parsed, ambient, today })
    }

    /// Opens the ledger; with `exclusive`, no other orchestrator works here until it is dropped.
    pub(crate) fn session(&self, limits: Limits, exclusive: bool, terminal: &Terminal) -> Result<Session, Error> {
        let supervisor = Supervisor::of_workspace(&self.root);
        supervisor.take_signals().map_err(|e| Error::Infrastructure(anyhow::Error::from(e).context("signals")))?;
        let session = Session::open(&self.root, self.ambient.clone(), limits, supervisor, exclusive)?;
        for warning in &session.warnings {
            terminal.warning(warning);
        }
        Ok(session)
    }

    /// The profile of this name.
    pub(crate) fn profile(&self, name: &str) -> Result<&Profile, Error> {
        self.parsed.spec.profile(name).map_err(Error::Usage)
    }

    /// The profile of this name with those of its suites that `compat` runs.
    pub(crate) fn compat_profile(&self, name: &str) -> Result<Profile, Error> {
        self.parsed.spec.narrowed(self.profile(name)?, |suite| suite.leak().is_none()).ok_or_else(|| {
            Error::usage(format!(
                "the profile `{name}` has only suites of kind `leak`; `{} leak-check --profile {name}` runs them",
                command_name()
            ))
        })
    }

    /// The profile of this name with its suites of kind `leak`, of one of these tools if some are named.
    pub(crate) fn leak_profile(&self, name: &str, tools: &[Tool]) -> Result<Profile, Error> {
        let spec = &self.parsed.spec;
        let wanted = |suite: &Suite| suite.leak().is_some_and(|leak| tools.is_empty() || tools.contains(&leak.tool));
        if let Some(profile) = spec.narrowed(self.profile(name)?, wanted) {
            return Ok(profile);
        }
        let tool = tools.first().map_or("valgrind", |tool| tool.as_str());
        let of = if spec.suites.iter().any(wanted) { format!("the profile `{name}`") } else { "the spec".to_owned() };
        let with = if tools.is_empty() { String::new() } else { format!(" with the tool `{tool}`") };
        Err(Error::usage(format!(
            "{of} has no suite of kind `leak`{with}; in {SPEC}:\n\n[[suite]]\nname = \"{tool}\"\nkind = \"leak\"\ntool = \
             \"{tool}\"\n"
        )))
    }

    /// The one cell that this text names, as a condition and as an id.
    pub(crate) fn cell(&self, text: &str) -> Result<(Condition, CellId), Error> {
        // Read as a condition first: its errors name the nearest axis and value.
        let condition = self.conditions(&[text.to_owned()])?.remove(0);
        let id: CellId = text.parse().map_err(Error::Usage)?;
        let space = &self.parsed.spec.space;
        if space.find(&id).is_none() {
            let axes: Vec<&str> = space.axes().iter().map(|axis| axis.name.as_str()).collect();
            return Err(Error::usage(format!(
                "`{id}` is not one cell; name one value for each of {}",
                axes.join(", ")
            )));
        }
        Ok((condition, id))
    }

    /// The conditions of `--cell`.
    pub(crate) fn conditions(&self, cells: &[String]) -> Result<Vec<Condition>, Error> {
        let parse = |text: &String| {
            Condition::parse_expr(text, &self.parsed.spec.space).map_err(|problems| Error::Spec(Box::new(problems)))
        };
        cells.iter().map(parse).collect()
    }
}

/// The workspace's root: `--root`, else the workspace of the current folder.
pub(crate) fn root(global: &Global, ambient: &Ambient) -> Result<PathBuf, Error> {
    workspace::find_root(ambient, &start(global)?)
}

/// The folder to start from: `--root`, else the current one.
pub(crate) fn start(global: &Global) -> Result<PathBuf, Error> {
    let start = match &global.root {
        Some(root) => root.clone(),
        None => std::env::current_dir().map_err(|e| Error::usage(format!("no current folder: {e}")))?,
    };
    if !start.is_dir() {
        return Err(Error::usage(format!("{} is no folder", start.display())));
    }
    Ok(start)
}

pub(crate) fn read_spec(root: &Path) -> Result<Parsed, Error> {
    let path = root.join(SPEC);
    if !files::exists(&path) {
        return Err(Error::usage(format!(
            "no spec at {}; `{} init` writes a first one",
            path.display(),
            command_name()
        )));
    }
    spec_text::parse_bytes(&files::read(&path)?, SPEC, &fixture::names(root)?)
        .map_err(|problems| Error::Spec(Box::new(problems)))
}

/// How many processors this process may use.
pub(crate) fn processors() -> usize {
    std::thread::available_parallelism().map_or(1, std::num::NonZero::get)
}

/// What may be fetched and how much may run.
pub(crate) fn limits(selection: &Selection) -> Limits {
    Limits {
        jobs: selection.jobs.map_or_else(processors, usize::from),
        offline: selection.offline,
        no_install: selection.no_install,
        fresh: selection.fresh,
        hermetic: selection.hermetic,
    }
}

/// The part of the choice that is asked for.
pub(crate) fn asked(selection: &Selection) -> Asked {
    let since = selection.since.as_ref().map(|rev| (rev.clone(), selection.profile.clone()));
    Asked { part: None, since, shard: selection.shard }
}

/// The limits of commands that run nothing.
pub(crate) fn no_work() -> Limits {
    Limits { jobs: 1, offline: true, no_install: true, fresh: false, hermetic: false }
}

/// The choice is empty: never taken for a success.
pub(crate) fn no_cells(spec: &Spec, profile: &str, narrowed: bool) -> Error {
    let others: Vec<&str> = spec.profiles.keys().map(String::as_str).filter(|name| *name != profile).collect();
    Error::usage(match (narrowed, others.is_empty()) {
        (true, false) => format!(
            "no cell of the profile `{profile}` meets --cell; another may have some: --profile {}",
            others.join(", --profile ")
        ),
        (true, true) => format!("no cell of the profile `{profile}` meets --cell; ask for others, or widen the spec"),
        (false, _) => format!("the profile `{profile}` chooses no cell; widen its `when` in the spec"),
    })
}

/// How generated pages of this workspace name the command, whoever writes them: by its xtask where it has one.
pub(crate) fn command_of_pages(root: &Path) -> &'static str {
    if files::exists(&root.join("xtask/Cargo.toml")) {
        "cargo xtask"
    } else {
        "cargo compatrix"
    }
}
