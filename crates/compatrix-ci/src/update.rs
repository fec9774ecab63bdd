//! Plans what `gen-ci` changes: compares the work tree with the spec's workflows, and lists files to write and to remove,
//! or why nothing may be written. It performs no I/O.

use std::collections::BTreeMap;

use compatrix_model::matrix_spec::JobCommand;

use crate::generate::header::{origin, owner, Origin};
use crate::generate::{text, BENCH_FILE, CHECKS_FILE, COMMENT_FILE};
use crate::pins::{self, adopt, bumped, Bump, Pins, Refusal};
use crate::place::Place;
use crate::workflow::{Action, Workflow};

/// GitHub's folder of workflows, relative to the root of the repository.
pub const FOLDER: &str = ".github/workflows";
/// GitHub silently ignores longer workflow files, in bytes.
/// Source: docs.github.com, "Actions limits", "Workflow file size".
const MAX_BYTES: usize = 512_000;

/// The files of the work tree.
#[derive(Debug, Clone, Default)]
pub struct Existing {
    /// All workflows: path relative to the root of the repository, and text.
    pub workflows: BTreeMap<String, String>,
    /// The text of [`pins::FILE`]; `None` if it does not exist.
    pub pins: Option<String>,
    /// Where the workspace is.
    pub place: Place,
}

/// The command line's flags; all off by default.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Flags {
    /// Only report differences. Raised pins do not count.
    pub check: bool,
    /// Copy raised pins to [`pins::FILE`].
    pub adopt_pins: bool,
    /// Overwrite workflows that were edited by hand, and lower raised pins.
    pub overwrite: bool,
}

/// All differences between the work tree and the spec.
#[derive(Debug, Clone)]
pub struct Update {
    /// Each workflow of the spec, in order.
    pub workflows: Vec<Change>,
    /// Generated workflows that the spec no longer has: path, and whether they were edited.
    pub obsolete: Vec<(String, Origin)>,
    /// Pins that a bot raised in the workflows, or other changes to pins.
    pub raised: Result<Vec<Bump>, Vec<Refusal>>,
    /// Whether [`pins::FILE`] does not exist yet.
    pub pins_missing: bool,
    pins: String,
}

/// The current and the expected text of a workflow.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Change {
    /// Relative to the root.
    pub path: String,
    /// The text in the work tree; empty if the file does not exist.
    pub old: String,
    /// The text to write.
    pub new: String,
}

impl Change {
    /// Whether the file was generated, and edited since.
    pub fn is_edited(&self) -> bool {
        !self.old.is_empty() && origin(&self.old) == Origin::Edited
    }
}

/// Why nothing may be written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Blocked {
    /// Pins were changed, but not raised consistently.
    ChangedPins,
    /// Pins were raised.
    RaisedPins,
    /// Workflows were edited by hand.
    Edited,
}

impl Update {
    /// Compares the work tree with these workflows.
    ///
    /// # Errors
    /// The pins cannot be read, or one is missing; a workflow would be too long, contain an expression from the spec, or
    /// replace one that was not generated.
    pub fn new(existing: &Existing, wanted: &[Workflow], flags: Flags) -> Result<Self, String> {
        let pins_text = existing.pins.as_deref().unwrap_or(pins::FIRST);
        let mut pins = Pins::parse(pins_text).map_err(|problems| problems.join("\n"))?;
        let ours: Vec<(&str, &str)> = existing.ours().collect();
        let raised = bumped(&ours, &pins);
        if let (Ok(bumps), true) = (&raised, flags.check || flags.adopt_pins) {
            bumps.iter().for_each(|bump| bump.apply(&mut pins));
        }
        refuse_unpinned(wanted, &pins)?;
        let change = |workflow: &Workflow| {
            let (path, new) = rendered(workflow, &pins)?;
            let old = existing.workflows.get(&path).cloned().unwrap_or_default();
            Ok(Change { path, old, new })
        };
        let workflows = wanted.iter().map(change).collect::<Result<Vec<Change>, String>>()?;
        existing.refuse_foreign(&workflows)?;
        let is_wanted = |path: &str| workflows.iter().any(|workflow| workflow.path == path);
        let obsolete = ours.into_iter().filter(|(path, _)| !is_wanted(path));
        let obsolete = obsolete.map(|(path, text)| (path.to_owned(), origin(text))).collect();
        Ok(Self { workflows, obsolete, raised, pins_missing: existing.pins.is_none(), pins: pins_text.to_owned() })
    }

    /// Why writing would lose something.
    pub fn blocked(&self, flags: Flags) -> Option<Blocked> {
        let edited = self.workflows.iter().any(Change::is_edited)
            || self.obsolete.iter().any(|(_, origin)| *origin == Origin::Edited);
        match &self.raised {
            _ if flags.overwrite => None,
            Err(_) => Some(Blocked::ChangedPins),
            Ok(_) if flags.check => None,
            Ok(bumps) if !flags.adopt_pins && !bumps.is_empty() => Some(Blocked::RaisedPins),
            Ok(_) => edited.then_some(Blocked::Edited),
        }
    }

    /// Whether the work tree differs from the spec.
    pub fn differs(&self) -> bool {
        self.pins_missing || !self.obsolete.is_empty() || self.workflows.iter().any(|change| change.old != change.new)
    }

    /// The new text of [`pins::FILE`]; `None` if it does not change.
    ///
    /// # Errors
    /// A raised pin cannot be placed in the file.
    pub fn new_pins(&self, flags: Flags) -> Result<Option<String>, String> {
        match &self.raised {
            Ok(bumps) if flags.adopt_pins && !bumps.is_empty() => adopt(&self.pins, bumps).map(Some),
            _ => Ok(self.pins_missing.then(|| self.pins.clone())),
        }
    }
}

impl Existing {
    /// Generated workflows of this workspace, edited or not. A copy under another name is not ours.
    pub fn ours(&self) -> impl Iterator<Item = (&str, &str)> {
        let others = [CHECKS_FILE, BENCH_FILE, COMMENT_FILE];
        let names: Vec<&str> = JobCommand::ALL.map(JobCommand::file).into_iter().chain(others).collect();
        // With and without the part that tells workspaces apart: another one may have come or gone.
        let marked = self.place.folder().map(|folder| folder.replace('/', "-"));
        let is_named = move |path: &str| {
            let name = path.rsplit('/').next().unwrap_or_default();
            let rest = marked.as_ref().and_then(|mark| name.strip_prefix(mark.as_str())?.strip_prefix('-'));
            names.contains(&name) || rest.is_some_and(|rest| names.contains(&rest))
        };
        let is_ours = |text: &str| origin(text) != Origin::Foreign && !self.is_anothers(text);
        let ours = self.workflows.iter().filter(move |(path, text)| is_named(path) && is_ours(text));
        ours.map(|(path, text)| (path.as_str(), text.as_str()))
    }

    /// Whether a workflow was generated for another workspace of the repository.
    fn is_anothers(&self, text: &str) -> bool {
        owner(text).is_some_and(|owner| owner != self.place.folder().unwrap_or_default())
    }

    fn refuse_foreign(&self, workflows: &[Change]) -> Result<(), String> {
        let of_another = |change: &&Change| self.workflows.get(&change.path).is_some_and(|text| self.is_anothers(text));
        if let Some(change) = workflows.iter().find(of_another) {
            let whose = owner(&self.workflows[&change.path]).filter(|owner| !owner.is_empty()).unwrap_or(".");
            return Err(format!(
                "{} was generated for the workspace in {whose} of this repository, so nothing was written; run `gen-ci` \
                 there first, which gives it a name of its own",
                change.path
            ));
        }
        let foreign = |path: &&str| self.workflows.get(*path).is_some_and(|text| origin(text) == Origin::Foreign);
        let found: Vec<&str> = workflows.iter().map(|change| change.path.as_str()).filter(foreign).collect();
        if found.is_empty() {
            return Ok(());
        }
        let (was, it) = if found.len() == 1 { ("was", "it") } else { ("were", "them") };
        Err(format!(
            "{} {was} not written by compatrix, so nothing was written; move or rename {it}, then run again",
            found.join(" and ")
        ))
    }
}

/// Path and text of a workflow.
fn rendered(workflow: &Workflow, pins: &Pins) -> Result<(String, String), String> {
    let text = text(workflow, pins).map_err(|refused| refused.to_string())?;
    let path = format!("{FOLDER}/{}", workflow.file);
    if text.len() > MAX_BYTES {
        return Err(format!(
            "{path} would have {} bytes, but GitHub silently ignores workflows over {MAX_BYTES}; set `max-jobs` in \
             compat/matrix.toml, or choose fewer cells",
            text.len()
        ));
    }
    Ok((path, text))
}

/// Actions and images without a pin, with the lines to add.
fn refuse_unpinned(workflows: &[Workflow], pins: &Pins) -> Result<(), String> {
    let jobs = || workflows.iter().flat_map(|workflow| &workflow.jobs);
    let actions = jobs().flat_map(|job| &job.steps).filter_map(|step| match &step.action {
        Action::Uses { action, .. } => Some(*action),
        Action::Run(_) => None,
    });
    let images = jobs().filter_map(|job| job.container.as_ref()).map(|container| container.image.as_str());
    pins.missing(actions, images).map_or(Ok(()), Err)
}
