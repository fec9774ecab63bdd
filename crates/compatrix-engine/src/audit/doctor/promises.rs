//! Finds, reads and scans files that make promises outside the spec.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use compatrix_audit::lint::{Lint, Unchecked};
use compatrix_audit::manifest;
use compatrix_audit::manifest::Manifest;
use compatrix_audit::promise;
use compatrix_audit::promise::{PromiseSource, Scanned};

use super::gathered::DoctorFacts;
use super::members::relative;
use crate::sys::clock;
use crate::sys::files;
use crate::sys::host::Host;

/// Folders of pages, workflows and the configuration of other CI systems.
const FOLDERS: [&str; 11] = [
    "",
    "docs",
    "doc",
    ".github",
    ".github/workflows",
    "ci",
    "docker",
    ".circleci",
    ".azure-pipelines",
    ".woodpecker",
    ".devcontainer",
];

/// Longer files, in bytes, are not written by hand.
const LONGEST: usize = 4 << 20;

pub(super) fn gather(host: &Host, gathered: &mut DoctorFacts) {
    let members: Vec<PathBuf> = gathered.facts.members.iter().map(|m| host.root.join(m.folder())).collect();
    let (scanned, unreadable) = scan(&host.root, &members);
    gathered.facts.promises = scanned.promises;
    gathered.facts.not_taken = scanned.not_taken;
    gathered.facts.runners = scanned.runners;
    gathered.facts.today = clock::day(host.now);
    gathered.facts.commands = scanned.commands;
    gathered.unchecked.extend(unreadable.into_iter().map(|reason| Unchecked {
        id: Lint::PromiseNotTested,
        reason,
        mend: "fix the file; its promises are unknown".to_owned(),
    }));
}

/// What the files say that are in the folders of pages and workflows, and those of each member: its README, its crate's root
/// and Clippy's configuration. And what could not be read.
pub fn scan(root: &Path, members: &[PathBuf]) -> (Scanned, Vec<String>) {
    // Below the top of its repository, a workspace has the workflows and the README there.
    let top = root.ancestors().find(|folder| files::exists(&folder.join(".git"))).unwrap_or(root);
    let mut reader = Reader {
        root,
        top,
        found: Scanned::default(),
        workflows: actions(top),
        unreadable: Vec::new(),
        seen: BTreeSet::new(),
    };
    for folder in FOLDERS {
        reader.folder(&root.join(folder), |_| true);
    }
    for folder in ["", ".github", ".github/workflows"] {
        reader.folder(&top.join(folder), |_| true);
    }
    let mut manifests = Vec::new();
    for member in members {
        let of_package = |source| matches!(source, PromiseSource::Readme | PromiseSource::Clippy);
        reader.folder(member, of_package);
        reader.folder(&member.join("src"), |source| source == PromiseSource::Source);
        let path = member.join("Cargo.toml");
        let text = files::read_text(&path).unwrap_or_default();
        if let Ok(manifest) = manifest::read(&relative(root, &path), &text) {
            reader.named(member, &manifest);
            manifests.push(manifest);
        }
    }
    let text = files::read_text(&root.join("Cargo.toml")).unwrap_or_default();
    let left = manifest::read("Cargo.toml", &text).ok().and_then(|root| promise::not_inherited(&root, &manifests));
    reader.found.not_taken.extend(left);
    let today = clock::day(clock::now());
    // Together, because they call each other.
    let (mut scanned, errors) = promise::scan_workflows(&reader.workflows, &today);
    if top != root {
        from_root(&mut scanned, &relative(root, top));
    }
    reader.found.extend(scanned);
    reader.unreadable.extend(errors.into_iter().map(|reason| format!("promises could not be checked: {reason}")));
    let mut found = reader.found.without_unreleased(&today);
    promise::settle(&mut found);
    (found, reader.unreadable)
}

struct Reader<'a> {
    root: &'a Path,
    /// The top of the repository.
    top: &'a Path,
    found: Scanned,
    /// Paths and texts of workflows and composite actions.
    workflows: Vec<(String, String)>,
    unreadable: Vec<String>,
    seen: BTreeSet<PathBuf>,
}

impl Reader<'_> {
    fn folder(&mut self, folder: &Path, wanted: impl Fn(PromiseSource) -> bool) {
        for path in files::list(folder).unwrap_or_default() {
            let base = if path.starts_with(self.root) { self.root } else { self.top };
            if let Some(source) = promise::source_of(&relative(base, &path)).filter(|source| wanted(*source)) {
                self.file(&path, source);
            }
        }
    }

    /// The files that a manifest names: its README, and the root of its library.
    fn named(&mut self, member: &Path, manifest: &Manifest) {
        let names = [(["package", "readme"], PromiseSource::Readme), (["lib", "path"], PromiseSource::Source)];
        for (keys, source) in names {
            if let Some((_, Some(name))) = manifest::key(&manifest.text, &keys) {
                self.file(&member.join(name), source);
            }
        }
    }

    fn file(&mut self, path: &Path, source: PromiseSource) {
        let file = relative(self.root, path);
        // A link to another README adds no promise; one that leaves the workspace is not the workspace's text.
        let Ok(real) = files::real(path) else {
            if path.symlink_metadata().is_ok() {
                self.unreadable.push(format!("promises could not be checked: {file} is a link to nothing"));
            }
            return;
        };
        if !real.is_file() {
            return;
        }
        if !real.starts_with(self.top) && !real.starts_with(self.root) {
            self.unreadable.push(format!(
                "promises could not be checked: {file} is outside of the repository, at {}",
                real.display()
            ));
            return;
        }
        if !self.seen.insert(real.clone()) {
            return;
        }
        let scanned = files::read(&real).map_err(|error| format!("{error:#}")).and_then(|bytes| {
            if bytes.len() > LONGEST {
                return Err(format!("{file}: {} bytes are more than a page has", bytes.len()));
            }
            let text = promise::decode(&bytes).map_err(|reason| format!("{file}: {reason}"))?;
            if source == PromiseSource::Workflow {
                // They name each other by paths from the top.
                self.workflows.push((relative(self.top, path), text));
                return Ok(Scanned::default());
            }
            promise::scan(&file, source, &text)
        });
        match scanned {
            Ok(scanned) => self.found.extend(scanned),
            Err(reason) => self.unreadable.push(format!("promises could not be checked: {reason}")),
        }
    }
}

/// Gives paths from the repository's top as paths from the workspace root, which leads to the top by `up`.
fn from_root(scanned: &mut Scanned, up: &str) {
    let places = scanned.promises.iter_mut().map(|one| &mut one.file);
    let places = places.chain(scanned.not_taken.iter_mut().map(|one| &mut one.file));
    let places = places.chain(scanned.runners.iter_mut().map(|one| &mut one.file));
    for file in places.chain(scanned.commands.iter_mut().map(|one| &mut one.file)) {
        *file = format!("{up}/{file}");
    }
}

/// The composite actions of the repository, which its workflows use.
fn actions(root: &Path) -> Vec<(String, String)> {
    let folders = files::list(&root.join(".github/actions")).unwrap_or_default();
    let mut found = Vec::new();
    for folder in folders {
        for name in ["action.yml", "action.yaml"] {
            let path = folder.join(name);
            let inside = files::real(&path).is_ok_and(|real| real.starts_with(root));
            if let (true, Ok(text)) = (inside, files::read_text(&path)) {
                found.push((relative(root, &path), text));
            }
        }
    }
    found
}
