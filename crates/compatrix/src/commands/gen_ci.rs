//! `gen-ci`: the workflows of GitHub Actions, from the spec and committed files alone.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use compatrix_ci::generate::header::{origin, Origin};
use compatrix_ci::generate::{text, workflows, Options, Program, XtaskPackage, CHECKS_FILE};
use compatrix_ci::pins;
use compatrix_ci::pins::{adopt, bumped, Bump, Pins};
use compatrix_ci::workflow::{Action, Workflow};
use compatrix_ci::{ci_plan, durations, CiPlan, Committed};
use compatrix_engine::find::{sqlite, workspace};
use compatrix_engine::sys::error::Error;
use compatrix_engine::sys::files;
use compatrix_engine::sys::host::Host;
use compatrix_model::axis::{AxisKind, AxisValue, Setting};
use compatrix_model::matrix_spec::Spec;
use compatrix_model::matrix_spec::Work;
use compatrix_render::ci_cost::cost_table;
use compatrix_render::drift;

use crate::ci;
use crate::cli::{GenCiArgs, Global};
use crate::terminal::Terminal;
use crate::workspace::{command_of_pages, no_work, Opened, SPEC};

/// Where GitHub looks for workflows, below the root.
const FOLDER: &str = ".github/workflows";
/// GitHub starts no run of a workflow file that is longer, in bytes, and says nothing of it.
/// Source: docs.github.com, "Actions limits", "Workflow file size".
const MOST_BYTES: usize = 512_000;

pub(crate) fn run(global: &Global, args: &GenCiArgs, terminal: &Terminal) -> Result<u8, Error> {
    let opened = Opened::new(global, terminal)?;
    let command = command_of_pages(&opened.root);
    if opened.parsed.spec.ci.is_none() {
        return Err(Error::usage(format!(
            "the spec has no [ci]; what is to run where goes into {SPEC}, for example:\n\n[ci.runners]\nlinux-x86_64 = \
             \"ubuntu-24.04\"\n\n[ci.pull_request]\ncompat = \"local\"\n"
        )));
    }
    let session = opened.session(no_work(), false, terminal)?;
    let mut committed = ci::committed(&opened, &session)?;
    let found = session.ledger.save_memo(&session.host.memo);
    found.map_err(Error::from)?;
    let folder = Folder::read(&opened.root)?;
    let pins = PinsFile::read(&opened.root)?;
    let raised = bumped(&folder.ours(), &pins.pins);
    let mut writes: Vec<(String, String)> = Vec::new();
    if args.adopt_durations {
        let of_ledger =
            durations::of_ledger(&opened.parsed.spec, &committed, &Host::platform(), &session.ledger.durations()?);
        if of_ledger.builds.is_empty() && of_ledger.averages.is_empty() {
            return Err(Error::usage(format!(
                "the ledger knows no build or run of the spec's profiles; `{command} compat` runs some"
            )));
        }
        let text = durations::to_text(&of_ledger, command);
        committed.durations = durations::parse(&text, command).map_err(Error::Usage)?;
        writes.push((durations::FILE.to_owned(), text));
    }
    let plans = plans(&opened.parsed.spec, &committed)?;
    let wanted = wanted(&opened, &plans)?;
    let mut effective = pins.pins.clone();
    match &raised {
        Ok(bumps) if args.check || args.adopt_pins => bumps.iter().for_each(|bump| bump.apply(&mut effective)),
        _ => {}
    }
    refuse_unpinned(&wanted, &effective)?;
    let render = |workflow: &Workflow| {
        let text = text(workflow, &effective).map_err(|refused| Error::usage(refused.to_string()))?;
        let path = format!("{FOLDER}/{}", workflow.file);
        if text.len() > MOST_BYTES {
            return Err(Error::usage(format!(
                "{path} would have {} bytes, and GitHub silently starts no run of a workflow over {MOST_BYTES}; set \
                 `max-jobs` in {SPEC}, or choose fewer cells",
                text.len()
            )));
        }
        Ok((path, text))
    };
    let texts = wanted.iter().map(render).collect::<Result<Vec<(String, String)>, Error>>()?;
    folder.refuse_foreign(&texts)?;
    let scene = Scene { folder: &folder, texts: &texts, command, terminal };
    if let Err(refusals) = &raised {
        if !args.overwrite {
            let told: Vec<String> = refusals.iter().map(ToString::to_string).collect();
            scene.differences(args.check);
            terminal.print(&format!(
                "{}\na pin is raised by its version and its commit together, wherever it is used; or edit {} and run \
                 `{command} gen-ci --overwrite`",
                told.join("\n"),
                pins::FILE
            ));
            return Ok(1);
        }
    }
    let bumps = raised.unwrap_or_default();
    if args.check {
        return Ok(scene.check(&pins, &bumps));
    }
    if args.adopt_pins {
        match bumps.as_slice() {
            [] => terminal.say("Unchanged", &format!("{}: no workflow has a pin that was raised", pins::FILE)),
            _ => writes.push((pins::FILE.to_owned(), adopt(&pins.text, &bumps).map_err(Error::Usage)?)),
        }
    } else if !bumps.is_empty() && !args.overwrite {
        let told: Vec<String> = bumps.iter().map(Bump::told).collect();
        terminal.print(&format!(
            "{}\nnothing was written; `{command} gen-ci --adopt-pins` carries them back, `--overwrite` lowers them again",
            told.join("\n")
        ));
        return Ok(1);
    }
    if !args.overwrite && scene.edited() {
        return Ok(1);
    }
    if pins.is_first && !writes.iter().any(|(path, _)| path == pins::FILE) {
        writes.push((pins::FILE.to_owned(), pins.text.clone()));
    }
    scene.write(writes, &opened.root, args.overwrite)?;
    terminal.print(&cost_table(&plans, &terminal.look()));
    Ok(0)
}

/// `ci/actions.toml`.
struct PinsFile {
    pins: Pins,
    text: String,
    /// Whether there is none yet.
    is_first: bool,
}

impl PinsFile {
    fn read(root: &Path) -> Result<Self, Error> {
        let path = root.join(pins::FILE);
        let is_first = !files::exists(&path);
        let text = if is_first { pins::FIRST.to_owned() } else { files::read_text(&path)? };
        let pins = Pins::parse(&text).map_err(|problems| Error::usage(problems.join("\n")))?;
        Ok(Self { pins, text, is_first })
    }
}

/// The workflows that are there: path below the root and text.
struct Folder {
    files: BTreeMap<String, String>,
}

impl Folder {
    fn read(root: &Path) -> Result<Self, Error> {
        let mut texts = BTreeMap::new();
        for path in files::list(&root.join(FOLDER))? {
            let is_workflow = path.extension().is_some_and(|extension| extension == "yml" || extension == "yaml");
            if let Some(name) = path.file_name().filter(|_| is_workflow && path.is_file()) {
                let text = String::from_utf8_lossy(&files::read(&path)?).into_owned();
                texts.insert(format!("{FOLDER}/{}", name.to_string_lossy()), text);
            }
        }
        Ok(Self { files: texts })
    }

    /// Those that were generated, edited since or not. A copy under another name is its maker's own.
    fn ours(&self) -> Vec<(&str, &str)> {
        let names = Work::ALL.map(Work::file).into_iter().chain([CHECKS_FILE]);
        let names: Vec<String> = names.map(|name| format!("{FOLDER}/{name}")).collect();
        let ours = self.files.iter().filter(|(path, text)| names.contains(path) && origin(text) != Origin::Foreign);
        ours.map(|(path, text)| (path.as_str(), text.as_str())).collect()
    }

    fn refuse_foreign(&self, texts: &[(String, String)]) -> Result<(), Error> {
        let foreign = |path: &&String| self.files.get(*path).is_some_and(|text| origin(text) == Origin::Foreign);
        let found: Vec<&str> = texts.iter().map(|(path, _)| path).filter(foreign).map(String::as_str).collect();
        if found.is_empty() {
            return Ok(());
        }
        let (was, it) = if found.len() == 1 { ("was", "it") } else { ("were", "them") };
        Err(Error::usage(format!(
            "{} {was} not written by compatrix, and nothing is overwritten; move or rename {it}, then run again",
            found.join(" and ")
        )))
    }
}

/// What is there, and what is to be there.
struct Scene<'a> {
    folder: &'a Folder,
    texts: &'a [(String, String)],
    command: &'a str,
    terminal: &'a Terminal,
}

impl Scene<'_> {
    fn mend(&self) -> String {
        format!("{} gen-ci", self.command)
    }

    /// Workflows of ours that the spec no longer wants.
    fn unwanted(&self) -> impl Iterator<Item = (&str, Origin)> {
        let wanted: BTreeSet<&str> = self.texts.iter().map(|(path, _)| path.as_str()).collect();
        let ours = self.folder.ours().into_iter().filter(move |(path, _)| !wanted.contains(path));
        ours.map(|(path, text)| (path, origin(text)))
    }

    fn diff(&self, path: &str, text: &str, mend: &str) -> Option<String> {
        drift::diff(self.folder.files.get(path).map_or("", String::as_str), text, path, mend)
    }

    /// Prints how what is there differs from what is to be there; whether it does.
    fn differences(&self, checking: bool) -> bool {
        let mut differs = false;
        for (path, text) in self.texts {
            match self.diff(path, text, &self.mend()) {
                Some(diff) => {
                    self.terminal.print(&diff);
                    differs = true;
                }
                None if checking => self.terminal.say("Up to date", path),
                None => {}
            }
        }
        for (path, origin) in self.unwanted() {
            let (edited, flag) = match origin {
                Origin::Edited => (", and was edited by hand", " --overwrite"),
                Origin::Generated | Origin::Foreign => ("", ""),
            };
            let mend = self.mend();
            self.terminal.print(&format!("{path} is no longer wanted by the spec{edited}; `{mend}{flag}` removes it"));
            differs = true;
        }
        differs
    }

    fn check(&self, pins: &PinsFile, bumps: &[Bump]) -> u8 {
        let mut differs = false;
        if pins.is_first {
            self.terminal.print(&format!("{} does not exist; `{}` writes a first one", pins::FILE, self.mend()));
            differs = true;
        }
        differs |= self.differences(true);
        for bump in bumps {
            let told = format!("{}; `{} --adopt-pins` carries it back", bump.told(), self.mend());
            self.terminal.say("Raised", &told);
        }
        u8::from(differs)
    }

    /// Shows what would be lost of workflows that were edited by hand; whether there are any.
    fn edited(&self) -> bool {
        let mut edited: Vec<&str> = Vec::new();
        for (path, text) in self.texts {
            if self.folder.files.get(path).is_some_and(|old| origin(old) == Origin::Edited) {
                let mend = format!("{} --overwrite", self.mend());
                self.diff(path, text, &mend).iter().for_each(|diff| self.terminal.print(diff));
                edited.push(path);
            }
        }
        for (path, _) in self.unwanted().filter(|(_, origin)| *origin == Origin::Edited) {
            self.terminal.print(&format!("{path} is no longer wanted by the spec"));
        }
        edited.extend(self.unwanted().filter(|(_, origin)| *origin == Origin::Edited).map(|(path, _)| path));
        if edited.is_empty() {
            return false;
        }
        self.terminal.warning(&format!(
            "{} edited by hand, and nothing was written; put the change into {SPEC} instead, or let it go with `{} \
             --overwrite`",
            match edited.as_slice() {
                [one] => format!("{one} was"),
                many => format!("{} were", many.join(" and ")),
            },
            self.mend()
        ));
        true
    }

    /// Writes these files and the workflows; removes those that are no longer wanted.
    fn write(&self, others: Vec<(String, String)>, root: &Path, overwrite: bool) -> Result<(), Error> {
        for (path, text) in others.iter().chain(self.texts) {
            let full = root.join(path);
            let same = match self.folder.files.get(path) {
                Some(old) => old == text,
                None => files::exists(&full) && files::read_text(&full)? == *text,
            };
            if same {
                self.terminal.say("Unchanged", path);
            } else {
                files::write(&full, text.as_bytes())?;
                self.terminal.say("Wrote", path);
            }
        }
        for (path, origin) in self.unwanted() {
            if origin == Origin::Generated || overwrite {
                files::remove(&root.join(path))?;
                self.terminal.say("Removed", &format!("{path}: the spec no longer wants it"));
            }
        }
        Ok(())
    }
}

/// The plans of all events; all that is wrong with them at once.
pub(crate) fn plans(spec: &Spec, committed: &Committed) -> Result<Vec<CiPlan>, Error> {
    let events = spec.ci.iter().flat_map(|ci| ci.events.keys());
    let asked = events.flat_map(|event| Work::ALL.map(|work| (*event, work)));
    let (mut plans, mut problems) = (Vec::new(), Vec::new());
    for (event, work) in asked {
        match ci_plan(spec, committed, event, work) {
            Ok(plan) => plans.extend(plan),
            Err(problem) => problems.push(problem),
        }
    }
    if problems.is_empty() {
        Ok(plans)
    } else {
        Err(Error::Usage(problems.join("\n")))
    }
}

/// The workflows that the spec wants.
pub(crate) fn wanted(opened: &Opened, plans: &[CiPlan]) -> Result<Vec<Workflow>, Error> {
    let spec = &opened.parsed.spec;
    let binary = workspace::xtask_binary(&opened.root)?;
    let toolchain = workspace::channel(&opened.root).unwrap_or_else(|| "stable".to_owned());
    let sqlite_key = sqlite_keys(spec, plans);
    let options = Options {
        program: if binary.is_some() { Program::Xtask } else { Program::Compatrix },
        toolchain: &toolchain,
        xtask: binary.map(|binary| XtaskPackage { manifest: "xtask/Cargo.toml".to_owned(), binary }),
        sqlite_key: &sqlite_key,
        version: env!("CARGO_PKG_VERSION"),
    };
    let wanted = workflows(spec, plans, &options);
    if wanted.is_empty() {
        return Err(Error::usage(format!(
            "[ci] in {SPEC} runs nothing on any event; add `compat = \"local\"` under [ci.pull_request]"
        )));
    }
    Ok(wanted)
}

/// By platform, the key of the exact SQLite versions that its runners load; a platform that loads none has none.
fn sqlite_keys(spec: &Spec, plans: &[CiPlan]) -> BTreeMap<String, String> {
    let keys = exact_versions(spec, plans).into_iter().map(|((platform, runner), values)| {
        let versions = values.iter().filter_map(|value| match &value.setting {
            Setting::SqliteExact(version) => Some(version),
            _ => None,
        });
        (platform.to_owned(), sqlite::content_key(versions, &spec.sqlite, runner))
    });
    keys.collect()
}

/// The exact SQLite versions that the jobs of a platform load or link against, by platform and label of its runner; in the
/// order of the axis. A platform that loads none is not there.
pub(crate) fn exact_versions<'a>(
    spec: &'a Spec,
    plans: &'a [CiPlan],
) -> BTreeMap<(&'a str, &'a str), Vec<&'a AxisValue>> {
    let Some((n, axis)) = spec.space.axis_of(&AxisKind::Sqlite) else { return BTreeMap::new() };
    let exact = |value: usize| match &axis.values[value].setting {
        Setting::SqliteExact(version) => Some(version),
        _ => None,
    };
    let mut loaded: BTreeMap<(&str, &str), BTreeSet<usize>> = BTreeMap::new();
    for group in plans.iter().flat_map(|plan| &plan.groups) {
        let cells = group.jobs.iter().flat_map(|job| &job.cells);
        let values = loaded.entry((&group.platform, &group.runner)).or_default();
        values.extend(cells.map(|(_, cell)| spec.space.coords(*cell)[n]).filter(|value| exact(*value).is_some()));
    }
    // Dynamic builds link against the newest of the axis, whichever are loaded.
    let newest = (0..axis.values.len()).filter(|n| exact(*n).is_some()).max_by_key(|n| exact(*n));
    let loaded = loaded.into_iter().filter(|(_, values)| !values.is_empty());
    loaded
        .map(|(place, mut values)| {
            values.extend(newest);
            (place, values.into_iter().map(|value| &axis.values[value]).collect())
        })
        .collect()
}

/// Actions and images without a pin, with the lines to add.
fn refuse_unpinned(workflows: &[Workflow], pins: &Pins) -> Result<(), Error> {
    let jobs = || workflows.iter().flat_map(|workflow| &workflow.jobs);
    let actions = jobs().flat_map(|job| &job.steps).filter_map(|step| match &step.action {
        Action::Uses { action, .. } => Some(*action),
        Action::Run(_) => None,
    });
    let images = jobs().filter_map(|job| job.container.as_ref()).map(|container| container.image.as_str());
    pins.missing(actions, images).map_or(Ok(()), |told| Err(Error::Usage(told)))
}
