//! Locksets: which dependency versions a group of toolchains is tested with, as data.
//!
//! A lockset is a Cargo.lock of its own for the toolchains that cannot use the workspace's. Here are its names, the
//! lockfile's text read, pruned and written ([`mod@file`]), the index lines that an old cargo is served ([`index`]), the
//! manifests that differ in a stage ([`manifest`]), what refusals of cargo and rustc say ([`refusal`]), and which
//! packages to step back ([`steps`]). What is done with them is the engine's.

pub mod advice;
pub mod features;
pub mod file;
pub mod index;
pub mod inherit;
mod left_out;
pub mod made;
pub mod manifest;
pub mod old_cargo;
pub mod patch;
pub mod refusal;
pub mod steps;

use std::collections::BTreeMap;
use std::fmt;

use semver::Version;

use crate::axis::{Axis, AxisKind, AxisValue, Deps, Setting};
use crate::cell::Space;
use crate::condition::{value_version, Condition, Match, ValueTest, Versions};

/// `[[lock]]`: separate dependency versions for a group of toolchains.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LockGroup {
    /// Its name; the lockfile is `compat/locks/NAME.lock`.
    pub name: String,
    /// The toolchains: alternative tests on the `rust` axis.
    pub rust: Vec<ValueTest>,
    /// Required versions by package name.
    pub pins: BTreeMap<String, Version>,
}

/// Which dependency versions a build uses.
///
/// `Display` prints the name: `locked`, a group's name, `minimal`, `latest-GROUP`. Stages and caches use it too.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Lockset {
    /// The source of the versions; `Lockset` only together with a group.
    pub deps: Deps,
    /// The toolchain's group, which determines the lowest Rust to choose versions for.
    pub group: Option<String>,
}

impl Lockset {
    /// The workspace's own Cargo.lock.
    pub const LOCKED: Lockset = Lockset { deps: Deps::Locked, group: None };

    /// Resolves a value of the `deps` axis for a toolchain of this group.
    pub fn new(deps: Deps, group: Option<&LockGroup>) -> Self {
        let group = group.map(|group| group.name.clone());
        match (deps, group) {
            (Deps::Locked, _) | (Deps::Lockset, None) => Self::LOCKED,
            (deps, group) => Self { deps, group },
        }
    }

    /// Whether it is the workspace's own Cargo.lock.
    pub fn is_locked(&self) -> bool {
        *self == Self::LOCKED
    }
}

impl fmt::Display for Lockset {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (self.deps, &self.group) {
            (Deps::Lockset, Some(group)) => f.pad(group),
            (deps, None) => f.pad(deps.as_str()),
            (deps, Some(group)) => f.pad(&format!("{}-{group}", deps.as_str())),
        }
    }
}

/// The group of a toolchain: the first that matches; `None` while its version is unknown.
pub fn group_of<'g>(
    groups: &'g [LockGroup],
    axis: &Axis,
    value: &AxisValue,
    versions: &Versions,
) -> Option<&'g LockGroup> {
    let version = value_version(&axis.name, &value.name, versions);
    groups.iter().find(|group| group.rust.iter().any(|test| test.holds(&value.name, version.as_ref()) == Match::Yes))
}

/// The toolchains of each group, by position in the axis; in the groups' order.
pub fn members(groups: &[LockGroup], space: &Space, versions: &Versions) -> Vec<Vec<usize>> {
    let mut members = vec![Vec::new(); groups.len()];
    if let Some((_, axis)) = space.axis_of(&AxisKind::Rust) {
        for (n, value) in axis.values.iter().enumerate() {
            if let Some(group) = group_of(groups, axis, value, versions) {
                let at = groups.iter().position(|other| other.name == group.name).unwrap_or_default();
                members[at].push(n);
            }
        }
    }
    members
}

/// Which dependency versions the cell at these coordinates has.
pub fn of_cell(groups: &[LockGroup], space: &Space, coords: &[usize], versions: &Versions) -> Lockset {
    let deps = match space.axis_of(&AxisKind::Deps) {
        Some((n, axis)) => deps_of(&axis.values[coords[n]].setting).unwrap_or(Deps::Lockset),
        None => Deps::Lockset,
    };
    let group =
        space.axis_of(&AxisKind::Rust).and_then(|(n, axis)| group_of(groups, axis, &axis.values[coords[n]], versions));
    Lockset::new(deps, group)
}

/// All locksets that cells of this space can use, with the versions known so far.
pub fn all(groups: &[LockGroup], space: &Space, versions: &Versions) -> Vec<Lockset> {
    let deps: Vec<Deps> = match space.axis_of(&AxisKind::Deps) {
        Some((_, axis)) => axis.values.iter().filter_map(|value| deps_of(&value.setting)).collect(),
        None => vec![Deps::Lockset],
    };
    let mut all = vec![Lockset::LOCKED];
    let group_of_each: Vec<Option<&LockGroup>> = match space.axis_of(&AxisKind::Rust) {
        Some((_, axis)) => axis.values.iter().map(|value| group_of(groups, axis, value, versions)).collect(),
        None => vec![None],
    };
    for group in group_of_each {
        all.extend(deps.iter().map(|deps| Lockset::new(*deps, group)));
    }
    all.sort();
    all.dedup();
    all
}

/// The lockset for a value of the `deps` axis.
pub fn deps_of(setting: &Setting) -> Option<Deps> {
    match setting {
        Setting::Deps(deps) => Some(*deps),
        _ => None,
    }
}

/// The name of an unnamed group, from its condition: `<1.80` becomes `below-1.80`.
pub fn default_name(tests: &[String]) -> String {
    let words = tests.iter().flat_map(|test| test.split(','));
    let named = words.map(|word| {
        let word = word.trim();
        let signs = [
            ("<=", "up-to-"),
            (">=", "from-"),
            ("<", "below-"),
            (">", "above-"),
            ("=", ""),
            ("~", "about-"),
            ("^", ""),
        ];
        let sign = signs.iter().find_map(|(sign, text)| Some((*text, word.strip_prefix(sign)?)));
        let (text, rest) = sign.unwrap_or(("", word));
        format!("{text}{}", rest.trim().replace(['*', '?'], "any"))
    });
    named.collect::<Vec<_>>().join("-")
}

/// The tests as a condition.
impl From<&LockGroup> for Condition {
    fn from(group: &LockGroup) -> Condition {
        let rust = crate::axis::AxisName::new("rust").expect("a valid name");
        Condition { terms: vec![(rust, group.rust.clone())] }
    }
}
