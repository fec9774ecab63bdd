//! Where sources lie: the folders of packages, and what in them is not theirs.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use compatrix_audit::promise::is_generated;
use compatrix_ci::generate::header::{origin, Origin};
use compatrix_model::matrix_spec::Project;

use crate::sys::files;
use crate::sys::host::{compat_dir, Host};

/// What compatrix reads and writes itself, below the root. It is no source, also where the package under test is the
/// root itself: else writing the page would make the evidence stale that the page shows.
const OURS: [&str; 10] = [
    "compat/matrix.toml",
    "compat/locks",
    "compat/suppressions",
    "compat/baseline.toml",
    "compat/planted.toml",
    "docs/matrix.schema.json",
    "docs/SPEC.md",
    "docs/bench-report.schema.json",
    "ci/actions.toml",
    "ci/durations.toml",
];
/// The folder of workflows, below the repository's top folder.
const WORKFLOWS: &str = ".github/workflows";

/// The folders that sources are in. All are absolute.
#[derive(Debug, Clone, Default)]
pub struct Places {
    /// Those of the packages under test; git must know files there.
    pub(crate) under_test: BTreeSet<PathBuf>,
    /// Those of all local packages that they need, they themselves included: path dependencies, patches.
    pub(crate) packages: BTreeSet<PathBuf>,
    /// Those of packages from a folder that stands for a registry.
    pub(crate) vendored: BTreeSet<PathBuf>,
    /// cargo's target folders, which may lie among the others.
    pub(crate) built: BTreeSet<PathBuf>,
}

impl Places {
    /// The folders of all packages.
    pub(crate) fn folders(&self) -> impl Iterator<Item = &PathBuf> {
        self.packages.iter().chain(&self.vendored)
    }

    /// Whether this path lies in what cargo builds. A target folder around a package has sources, too.
    pub(crate) fn is_built(&self, path: &Path) -> bool {
        let around = |dir: &PathBuf| self.folders().any(|folder| folder.starts_with(dir));
        self.built.iter().any(|dir| path.starts_with(dir) && !around(dir))
    }
}

/// Compatrix's files and folders, which are not sources. Of the workflows these are those that it generated.
pub(crate) fn ours(host: &Host, project: &Project) -> Vec<PathBuf> {
    let mut ours: Vec<PathBuf> = OURS.iter().map(|path| host.root.join(path)).collect();
    let report = host.root.join(&project.report);
    ours.extend([report.with_extension("svg"), report, host.root.join(&project.reliability)]);
    ours.extend(project.benchmark_pages().map(|page| host.root.join(page)));
    ours.extend([host.root.join(&project.evidence), compat_dir(&host.root)]);
    ours.extend(project.badges.iter().flat_map(|folder| badges(&host.root.join(folder))));
    let tops = host.root.ancestors().filter(|dir| **dir == host.root || files::exists(&dir.join(".git")));
    for path in tops.flat_map(|top| files::list(&top.join(WORKFLOWS)).unwrap_or_default()) {
        let generated = files::read_text(&path).is_ok_and(|text| origin(&text) != Origin::Foreign);
        ours.extend(generated.then_some(path));
    }
    ours
}

/// The badges in this folder, which may contain other files: generated SVGs, each with its JSON.
pub fn badges(folder: &Path) -> Vec<PathBuf> {
    let listed = files::list(folder).unwrap_or_default();
    let pictures = listed.into_iter().filter(|path| path.extension().is_some_and(|ext| ext == "svg"));
    let generated = pictures.filter(|path| files::read_text(path).is_ok_and(|text| is_generated(&text)));
    generated.flat_map(|path| [path.with_extension("json"), path]).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_target_folder_around_a_package_has_sources() {
        let set = |dirs: &[&str]| dirs.iter().map(PathBuf::from).collect::<BTreeSet<_>>();
        let places = Places { packages: set(&["/w/a"]), built: set(&["/w", "/w/a/target"]), ..Places::default() };
        assert!(!places.is_built(Path::new("/w/a/src/lib.rs")));
        assert!(places.is_built(Path::new("/w/a/target/debug/x")));
        assert!(!places.is_built(Path::new("/w/a/target2")));
    }
}
