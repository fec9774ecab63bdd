//! `--since REV`: the cells that a change can affect.
//!
//! Pure: which files changed, what the workspace is made of and what the spec was come in as arguments. What is not known
//! to be harmless affects everything.

use std::collections::{BTreeMap, BTreeSet, HashSet};

use super::contents::Plan;
use super::parts::{Part, Since};
use crate::axis::{AxisKind, ValueName};
use crate::cell::{CellId, CellIndex, Space};
use crate::choose::choose;
use crate::condition::{Condition, Match, Versions};
use crate::expect::Expectations;
use crate::matrix_spec::{Expect, Spec};
use crate::verdict::Expectation;

/// The parts of the workspace. Paths are relative to the repository's top folder, with `/`.
#[derive(Debug, Clone, Default)]
pub struct Ground {
    /// The workspace root; empty if it is the top.
    pub root: String,
    /// Folders of the packages under test and of their dependencies from folders, and what else counts as a source.
    pub sources: BTreeSet<String>,
    /// Whether some of those folders are outside of the repository, so that nothing is known of their changes.
    pub sources_elsewhere: bool,
    /// The files and folders that each fixture is made from.
    pub fixtures: BTreeMap<ValueName, BTreeSet<String>>,
    /// Lockfiles for some cells only, and which.
    pub locks: BTreeMap<String, Condition>,
    /// Files and folders that Compatrix writes or that affect no result, even if they are among the sources.
    pub harmless: BTreeSet<String>,
}

/// The effect of a changed file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Fate {
    /// No cell.
    Nothing,
    /// All cells.
    Everything,
    /// Cells with one of these fixtures.
    Fixtures(BTreeSet<ValueName>),
    /// Cells that meet this condition.
    Cells(Condition),
    /// Depends on the changes in the spec.
    Spec,
    /// Depends on whether the packages under test use the changed dependencies.
    Lockfile,
    /// It depends on whether more than the list of members changed.
    RootManifest,
}

/// The contents of changed files that need inspection.
#[derive(Debug, Clone, Default)]
pub struct Looked {
    /// Whether the locked dependencies of the packages under test differ; checked if the lockfile changed.
    pub lockset_differs: bool,
    /// Whether the root manifest differs in parts that affect builds; checked if it changed.
    pub manifest_differs: bool,
    /// The old spec; checked if it or the fixtures of its globs changed.
    pub spec: Option<OldSpec>,
}

/// The spec as it was before the changes.
#[derive(Debug, Clone)]
pub enum OldSpec {
    /// It can be compared.
    Read(Box<Spec>),
    /// There was none.
    Absent,
    /// It was written for another version.
    Unreadable,
}

/// The effect of changes.
#[derive(Debug, Clone)]
pub struct Affected {
    rev: String,
    changed: usize,
    profile: String,
    everything: Option<String>,
    fixtures: BTreeMap<ValueName, String>,
    cells: Vec<(Condition, String)>,
    spec: Option<Box<Spec>>,
}

/// The effect of a changed file.
pub fn fate(path: &str, ground: &Ground) -> Fate {
    let at = |name: &str| if ground.root.is_empty() { name.to_owned() } else { format!("{}/{name}", ground.root) };
    // A submodule or symbolic link is one path, whatever it contains.
    let touches = |folder: &str| folder.is_empty() || is_within(path, folder) || is_within(folder, path);
    if path == at("compat/matrix.toml") {
        return Fate::Spec;
    }
    if let Some(condition) = ground.locks.get(path) {
        return Fate::Cells(condition.clone());
    }
    if is_within(path, &at("compat/locks")) {
        return Fate::Everything;
    }
    let made_from = |parts: &BTreeSet<String>| parts.iter().any(|part| touches(part));
    let fixtures: BTreeSet<ValueName> =
        ground.fixtures.iter().filter(|(_, parts)| made_from(parts)).map(|(name, _)| name.clone()).collect();
    let harmless = ground.harmless.iter().any(|harmless| is_within(path, harmless));
    let is_source = || ground.sources.iter().any(|source| touches(source));
    // A fixture that lies among the sources is in the key of every cell.
    if !fixtures.is_empty() && (harmless || !is_source()) {
        return Fate::Fixtures(fixtures);
    }
    if harmless || (is_within(path, &at("compat/fixtures")) && !is_source()) {
        return Fate::Nothing;
    }
    if path == at("Cargo.lock") {
        return Fate::Lockfile;
    }
    // A root that is a package under test is made from all of its manifest.
    if path == at("Cargo.toml") && !ground.sources.contains(&ground.root) {
        return Fate::RootManifest;
    }
    let folder = |name: &str| if path == name { Some("") } else { path.strip_suffix(name)?.strip_suffix('/') };
    let config = [".cargo/config.toml", ".cargo/config", "rust-toolchain.toml", "rust-toolchain"];
    // Cargo and rustup read these from the root and every folder above it.
    let above = |folder: &str| folder.is_empty() || is_within(&ground.root, folder);
    if config.iter().filter_map(|name| folder(name)).any(above) || is_source() {
        return Fate::Everything;
    }
    Fate::Nothing
}

fn is_within(path: &str, folder: &str) -> bool {
    path.strip_prefix(folder).is_some_and(|rest| rest.is_empty() || rest.starts_with('/') || folder.is_empty())
}

/// The effect of these changed files on a choice by this profile.
pub fn affected(rev: &str, profile: &str, paths: &[String], ground: &Ground, looked: Looked) -> Affected {
    let mut affected = Affected {
        rev: rev.to_owned(),
        changed: paths.len(),
        profile: profile.to_owned(),
        everything: None,
        fixtures: BTreeMap::new(),
        cells: Vec::new(),
        spec: None,
    };
    let mut all = |why: String| {
        affected.everything.get_or_insert(why);
    };
    if ground.sources_elsewhere {
        all("path dependencies outside the repository, whose changes git does not show".to_owned());
    }
    let mut fixtures = BTreeMap::new();
    let mut cells = Vec::new();
    let mut spec = None;
    for path in paths {
        match fate(path, ground) {
            Fate::Nothing => {}
            Fate::Everything => all(path.clone()),
            Fate::Fixtures(names) => {
                for name in names {
                    fixtures.entry(name).or_insert_with(|| path.clone());
                }
            }
            Fate::Cells(condition) => cells.push((condition, path.clone())),
            Fate::Lockfile if looked.lockset_differs => all(format!("{path}: the locked dependencies")),
            Fate::RootManifest if looked.manifest_differs => all(path.clone()),
            Fate::Lockfile | Fate::RootManifest => {}
            Fate::Spec if looked.spec.is_none() => all(path.clone()),
            Fate::Spec => {}
        }
    }
    match looked.spec {
        Some(OldSpec::Read(old)) => spec = Some(old),
        Some(OldSpec::Absent) => all("compat/matrix.toml: it is new".to_owned()),
        Some(OldSpec::Unreadable) => all("compat/matrix.toml: what it was cannot be read by this version".to_owned()),
        None => {}
    }
    Affected { fixtures, cells, spec, ..affected }
}

impl Affected {
    /// The affected part of a plan of the current spec.
    pub fn within(&self, spec: &Spec, plan: &Plan, versions: &Versions) -> (Part, Since) {
        let runs = plan.runs.iter().map(|run| (run.suite, run.cell));
        let whole: Part = runs.chain(plan.skips.iter().map(|skip| (skip.suite, skip.cell))).collect();
        let of = whole.len();
        let since =
            |part: &Part, why| Since { rev: self.rev.clone(), changed: self.changed, affected: part.len(), of, why };
        let change = self.spec.as_deref().map(|old| SpecChange::new(old, spec, &self.profile, versions));
        let everything = self.everything.clone().or(change.as_ref().and_then(|change| change.everything.clone()));
        if let Some(why) = everything {
            let since = since(&whole, vec![format!("all cells: {why}")]);
            return (whole, since);
        }
        let mut why: Vec<String> = self.fixtures.iter().map(|(name, path)| format!("schema={name}: {path}")).collect();
        why.extend(self.cells.iter().map(|(condition, path)| format!("{condition}: {path}")));
        let schema = spec.space.axis_of(&AxisKind::Schema).map(|(n, _)| n);
        let conditions: Vec<_> =
            self.cells.iter().map(|(condition, _)| condition.matcher(&spec.space, versions)).collect();
        let mut by_spec = 0;
        let hit = |(suite, cell): &(usize, CellIndex)| {
            let coords = spec.space.coords(*cell);
            let fixture = schema.map(|n| &spec.space.axes()[n].values[coords[n]].name);
            if fixture.is_some_and(|name| self.fixtures.contains_key(name)) {
                return true;
            }
            // A toolchain whose version is not known may be one of these.
            if conditions.iter().any(|matcher| matcher.matches(&coords) != Match::No) {
                return true;
            }
            let differs = change.as_ref().is_some_and(|change| change.affects(*suite, *cell, &coords));
            by_spec += usize::from(differs);
            differs
        };
        let part: Part = whole.into_iter().filter(hit).collect();
        if by_spec > 0 {
            why.push(format!("compat/matrix.toml: {by_spec} new or described differently"));
        }
        let since = since(&part, why);
        (part, since)
    }
}

/// The old and the new spec.
struct SpecChange<'a> {
    old: &'a Spec,
    new: &'a Spec,
    /// The old choice of the profile.
    chosen: HashSet<CellId>,
    expected: [Expectations; 2],
    left_out: [Vec<crate::condition::Matcher>; 2],
    versions: &'a Versions,
    /// Why all cells are affected, if they are.
    everything: Option<String>,
}

impl<'a> SpecChange<'a> {
    fn new(old: &'a Spec, new: &'a Spec, profile: &str, versions: &'a Versions) -> Self {
        // Every part of the spec must be considered here; parts shown only on pages affect no cell.
        let Spec { project, claims, space: _, suites: _, rules: _, profiles, sqlite, locks, ci: _, targets: _ } = old;
        let everything = if project.packages != new.project.packages {
            Some("compat/matrix.toml: other packages are under test".to_owned())
        } else if project.inputs != new.project.inputs {
            Some("compat/matrix.toml: other `inputs`".to_owned())
        } else if *sqlite != new.sqlite {
            Some("compat/matrix.toml: SQLite is built or linked differently".to_owned())
        } else if *locks != new.locks {
            Some("compat/matrix.toml: dependency versions are chosen differently".to_owned())
        } else if claims.packages != new.claims.packages
            || (claims.rust != new.claims.rust && !claims.packages.is_empty())
        {
            Some("compat/matrix.toml: packages are promised for other Rusts".to_owned())
        } else if !profiles.contains_key(profile) {
            Some(format!("compat/matrix.toml: the profile `{profile}` is new"))
        } else {
            None
        };
        let chosen = profiles.get(profile).map(|profile| choose(old, profile, &[], versions).cells);
        let chosen = chosen.into_iter().flatten().map(|cell| old.space.id(cell)).collect();
        let left_out = |spec: &Spec| {
            let rules = spec.rules.iter().filter(|rule| rule.expect == Expect::Skip);
            rules.map(|rule| rule.when.matcher(&spec.space, versions)).collect()
        };
        let expected = |spec| Expectations::new(spec, versions, None);
        Self {
            old,
            new,
            chosen,
            expected: [expected(old), expected(new)],
            left_out: [left_out(old), left_out(new)],
            versions,
            everything,
        }
    }

    /// Whether the suite in this cell was not run then, or not like this, or something else was expected of it.
    fn affects(&self, suite: usize, cell: CellIndex, coords: &[usize]) -> bool {
        if !self.chosen.contains(&self.new.space.id(cell)) {
            return true;
        }
        let Some(before) = before(&self.old.space, &self.new.space, coords) else { return true };
        let now = &self.new.suites[suite];
        let Some(then) = self.old.suites.iter().find(|then| then.name == now.name) else { return true };
        let anywhere = Condition::default();
        let (a, b) = (
            crate::matrix_spec::Suite { when: anywhere.clone(), ..then.clone() },
            crate::matrix_spec::Suite { when: anywhere, ..now.clone() },
        );
        let is_left_out = |n: usize, coords: &[usize]| self.left_out[n].iter().any(|rule| rule.holds(coords));
        let fails = |expectation: Expectation| matches!(expectation, Expectation::Fail { .. });
        a != b
            || !then.when.matcher(&self.old.space, self.versions).holds(&before)
            || is_left_out(0, &before) != is_left_out(1, coords)
            || fails(self.expected[0].of(&before)) != fails(self.expected[1].of(coords))
    }
}

/// The coordinates that the cell had in the old space, if all its values meant the same there.
fn before(old: &Space, new: &Space, coords: &[usize]) -> Option<Vec<usize>> {
    if old.axes().len() != new.axes().len() {
        return None;
    }
    let mut found = Vec::with_capacity(coords.len());
    for ((then, now), &coord) in old.axes().iter().zip(new.axes()).zip(coords) {
        if then.name != now.name || then.kind != now.kind {
            return None;
        }
        found.push(then.values.iter().position(|value| *value == now.values[coord])?);
    }
    Some(found)
}
