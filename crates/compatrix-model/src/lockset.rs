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
pub mod used;

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use semver::Version;
use sha2::{Digest as _, Sha256};

use crate::axis::{Axis, AxisKind, AxisValue, Deps, Setting, ValueName};
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
/// `Display` prints the name: `locked`, a group's name, `minimal`, `latest-GROUP`, `locked.without-PACKAGE`. Stages and
/// caches use it too.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Lockset {
    /// The source of the versions; `Lockset` only together with a group.
    pub deps: Deps,
    /// The toolchain's group, which determines the lowest Rust to choose versions for.
    pub group: Option<String>,
    /// The packages under test that the toolchain is not promised for: a stage does not have them, and nothing is resolved
    /// for them.
    pub left_out: BTreeSet<String>,
}

impl Lockset {
    /// The workspace's own Cargo.lock.
    pub const LOCKED: Lockset = Lockset { deps: Deps::Locked, group: None, left_out: BTreeSet::new() };

    /// Resolves a value of the `deps` axis for a toolchain of this group.
    pub fn new(deps: Deps, group: Option<&LockGroup>) -> Self {
        let group = group.map(|group| group.name.clone());
        match (deps, group) {
            (Deps::Locked, _) | (Deps::Lockset, None) => Self::LOCKED,
            (deps, group) => Self { deps, group, left_out: BTreeSet::new() },
        }
    }

    /// The same without these packages.
    pub fn without(self, left_out: BTreeSet<String>) -> Self {
        Self { left_out, ..self }
    }

    /// Whether its versions are those of the workspace's own Cargo.lock.
    pub fn is_locked(&self) -> bool {
        self.deps == Deps::Locked
    }

    /// The name of its versions, whatever packages it is without.
    fn versions(&self) -> String {
        match (self.deps, &self.group) {
            (Deps::Lockset, Some(group)) => group.clone(),
            (deps, None) => deps.as_str().to_owned(),
            (deps, Some(group)) => format!("{}-{group}", deps.as_str()),
        }
    }
}

impl fmt::Display for Lockset {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let left_out: Vec<&str> = self.left_out.iter().map(String::as_str).collect();
        match left_out.join("+") {
            none if none.is_empty() => f.pad(&self.versions()),
            // It is the name of a folder.
            long if long.len() > MOST_NAMED => {
                let digest = Sha256::digest(long.as_bytes());
                let short: String = digest.iter().take(8).map(|byte| format!("{byte:02x}")).collect();
                f.pad(&format!("{}.without-{}-{short}", self.versions(), left_out.len()))
            }
            named => f.pad(&format!("{}.without-{named}", self.versions())),
        }
    }
}

/// The most letters of the names of packages that a lockset is without.
const MOST_NAMED: usize = 100;

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

/// All locksets that cells of this space can use, with the versions known so far. `left_out` gives the packages that a
/// toolchain is not promised for.
pub fn all(
    groups: &[LockGroup],
    space: &Space,
    versions: &Versions,
    left_out: impl Fn(Option<&ValueName>) -> BTreeSet<String>,
) -> Vec<Lockset> {
    let deps: Vec<Deps> = match space.axis_of(&AxisKind::Deps) {
        Some((_, axis)) => axis.values.iter().filter_map(|value| deps_of(&value.setting)).collect(),
        None => vec![Deps::Lockset],
    };
    let mut all = vec![Lockset::LOCKED];
    type OfToolchain<'g> = (Option<&'g LockGroup>, BTreeSet<String>);
    let of_each: Vec<OfToolchain<'_>> = match space.axis_of(&AxisKind::Rust) {
        Some((_, axis)) => {
            let of = |value: &AxisValue| (group_of(groups, axis, value, versions), left_out(Some(&value.name)));
            axis.values.iter().map(of).collect()
        }
        None => vec![(None, left_out(None))],
    };
    for (group, left_out) in of_each {
        all.extend(deps.iter().map(|deps| Lockset::new(*deps, group).without(left_out.clone())));
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
