//! Opening a workspace: where it is, what its spec says, its ledger.

use std::path::{Path, PathBuf};

use compatrix_engine::find::own_xtask::own_xtask;
use compatrix_engine::find::{fixture, workspace};
use compatrix_engine::session::Session;
use compatrix_engine::sys::clock;
use compatrix_engine::sys::environment::Ambient;
use compatrix_engine::sys::error::Error;
use compatrix_engine::sys::files;
use compatrix_engine::sys::host::Limits;
use compatrix_engine::sys::machine::Machine;
use compatrix_engine::sys::supervisor::Supervisor;
use compatrix_model::cell::{CellId, CellIdError};
use compatrix_model::condition::{glob_matches, Condition};
use compatrix_model::spec_text;
use compatrix_model::spec_text::Parsed;
use shaped_toml::nearest;

use crate::cli::{command_name, Global};
use crate::terminal::Terminal;

/// The spec, below the root.
pub(crate) const SPEC: &str = "compat/matrix.toml";

/// A workspace and its spec.
#[derive(Debug)]
pub(crate) struct Opened {
    pub(crate) root: PathBuf,
    pub(crate) parsed: Parsed,
    /// The environment of this process.
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

    /// The one cell that this text names, as a condition and as an id.
    pub(crate) fn cell(&self, text: &str) -> Result<(Condition, CellId), Error> {
        // Read as a condition first: its errors name the nearest axis and value.
        let condition = self.conditions(&[text.to_owned()])?.remove(0);
        let id: CellId = text.parse().map_err(|error: CellIdError| Error::Usage(error.to_string()))?;
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

    /// The packages of `--package`, as the spec spells them and in its order; none if none is named.
    pub(crate) fn packages(&self, asked: &[String]) -> Result<Vec<String>, Error> {
        let spec = &self.parsed.spec;
        let under_test = &spec.project.packages;
        let means = |asked: &String, name: &String| name == asked || glob_matches(asked, name);
        if let Some(asked) = asked.iter().find(|asked| !under_test.iter().any(|name| means(asked, name))) {
            if spec.profiles.contains_key(asked) {
                return Err(Error::usage(format!(
                    "no package under test is called `{asked}`, but a profile is; write `--profile {asked}`: `-p` names \
                     packages, as cargo has it"
                )));
            }
            let meant = nearest(asked, under_test.iter().map(String::as_str));
            let meant = meant.map(|name| format!("; did you mean `{name}`?")).unwrap_or_default();
            let known: Vec<String> = under_test.iter().map(|name| format!("`{name}`")).collect();
            return Err(Error::usage(format!(
                "no package under test is called `{asked}`{meant} (under test by {SPEC}: {})",
                known.join(", ")
            )));
        }
        Ok(under_test.iter().filter(|name| asked.iter().any(|asked| means(asked, name))).cloned().collect())
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

/// The folder to start from: `--root`, that of `--manifest-path`, else the current one.
pub(crate) fn start(global: &Global) -> Result<PathBuf, Error> {
    if let Some(manifest) = &global.manifest_path {
        // As cargo says it.
        if manifest.file_name().is_none_or(|name| name != "Cargo.toml") {
            return Err(Error::usage(format!(
                "--manifest-path must be a path to a Cargo.toml file, not {}",
                manifest.display()
            )));
        }
        if !manifest.is_file() {
            return Err(Error::usage(format!("--manifest-path: there is no file {}", manifest.display())));
        }
    }
    let of_manifest = global.manifest_path.as_deref().and_then(Path::parent);
    let of_manifest = of_manifest.map(|dir| if dir.as_os_str().is_empty() { Path::new(".") } else { dir });
    let start = match global.root.as_deref().or(of_manifest) {
        Some(root) => root.to_owned(),
        None => {
            std::env::current_dir().map_err(|e| Error::usage(format!("cannot determine the current directory: {e}")))?
        }
    };
    if !start.is_dir() {
        return Err(Error::usage(format!("{} is not a directory", start.display())));
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

/// How many processors this process may use: at least one, and no more than a control group's quota fills.
pub(crate) fn processors() -> usize {
    Machine::look().jobs()
}

/// The limits of commands that run nothing.
pub(crate) fn no_work() -> Limits {
    Limits { jobs: 1, serial: true, offline: true, no_install: true, fresh: false, hermetic: false, committed: false }
}

/// Appends to the summary of the step on GitHub Actions.
pub(crate) fn append_step_summary(ambient: &Ambient, text: impl FnOnce() -> String) -> Result<(), Error> {
    match ambient.get("GITHUB_STEP_SUMMARY") {
        Some(path) => Ok(files::append(Path::new(path), text().as_bytes())?),
        None => Ok(()),
    }
}

/// How generated pages of this workspace name the command, whoever writes them: its xtask, where that is Compatrix.
pub(crate) fn command_of_pages(root: &Path) -> &'static str {
    match own_xtask(root) {
        Ok(Some(_)) => "cargo xtask",
        Ok(None) | Err(_) => "cargo compatrix",
    }
}
