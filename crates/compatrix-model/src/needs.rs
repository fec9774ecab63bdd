//! What a lockset is for: the packages, features and kinds of dependencies that suites build with its toolchains.
//!
//! Decided by the spec alone. The version of a toolchain that is not here may be unknown; then it counts as one of the
//! group if it may be one, unless it is a channel, which moves on.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

use crate::axis::{Axis, AxisKind, Setting};
use crate::condition::{value_version, Match, Matcher, Versions};
use crate::facts::PackageFacts;
use crate::lockset::LockGroup;
use crate::matrix_spec::{Expect, Spec, SuiteKind};
use crate::promised;

/// More combinations of values than this are not looked at one by one; then every value counts as used.
const MOST: usize = 100_000;

/// What suites need of a lockset.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Needs {
    /// Whether a suite compiles tests, which use dev-dependencies.
    pub dev: bool,
    /// Each selection of features that is built: features by package, `default` and `dependency/feature` among them.
    pub sets: BTreeSet<BTreeMap<String, BTreeSet<String>>>,
}

impl Needs {
    /// All features that some set asks for, by package.
    pub fn asked(&self) -> BTreeMap<String, BTreeSet<String>> {
        let mut asked: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
        for (package, features) in self.sets.iter().flatten() {
            asked.entry(package.clone()).or_default().extend(features.iter().cloned());
        }
        asked
    }
}

/// What the suites need with the toolchains of this group.
pub fn needs(spec: &Spec, packages: &[PackageFacts], group: &LockGroup, versions: &Versions) -> Needs {
    let space = &spec.space;
    let mut needs = Needs::default();
    let Some((rust, axis)) = space.axis_of(&AxisKind::Rust) else { return needs };
    let features = space.axis_of(&AxisKind::Features);
    let skips: Vec<Matcher> =
        spec.rules.iter().filter(|r| r.expect == Expect::Skip).map(|r| r.when.matcher(space, versions)).collect();
    let suites: Vec<(bool, Matcher)> =
        spec.suites.iter().map(|s| (s.kind != SuiteKind::Build, s.when.matcher(space, versions))).collect();
    // An axis that nothing asks about is looked at in one of its values.
    let asked_about = |n: usize| skips.iter().chain(suites.iter().map(|(_, when)| when)).any(|m| m.row(n).is_some());
    let free: Vec<usize> = (0..space.axes().len())
        .filter(|n| *n != rust && features.is_none_or(|(f, _)| f != *n) && asked_about(*n))
        .collect();
    let size = free.iter().try_fold(1usize, |size, &n| size.checked_mul(space.axes()[n].values.len()));
    let all_combinations = size.is_none_or(|size| size > MOST);

    for toolchain in (0..axis.values.len()).filter(|&n| may_be_in(spec, group, axis, n, versions)) {
        let left_out = promised::left_out(spec, &axis.values[toolchain].name, versions);
        for set in 0..features.map_or(1, |(_, axis)| axis.values.len()) {
            let mut coords = vec![0; space.axes().len()];
            coords[rust] = toolchain;
            if let Some((n, _)) = features {
                coords[n] = set;
            }
            let mut built = false;
            loop {
                let skipped = !all_combinations && skips.iter().any(|skip| skip.holds(&coords));
                for (compiles_tests, when) in suites.iter().filter(|_| !skipped) {
                    if all_combinations || when.matches(&coords) != Match::No {
                        built = true;
                        needs.dev |= compiles_tests;
                    }
                }
                if (built && needs.dev) || all_combinations || !next(&mut coords, &free, spec) {
                    break;
                }
            }
            if built {
                let selected = packages.iter().filter(|package| !left_out.contains(&package.name));
                needs.sets.insert(selected.map(|p| (p.name.clone(), features_of(spec, p, features, set))).collect());
            }
        }
    }
    needs
}

/// Goes on to the next combination of the values of these axes, if there is one.
fn next(coords: &mut [usize], free: &[usize], spec: &Spec) -> bool {
    for &n in free {
        coords[n] += 1;
        if coords[n] < spec.space.axes()[n].values.len() {
            return true;
        }
        coords[n] = 0;
    }
    false
}

/// Whether the toolchain is in the group, or may be.
fn may_be_in(spec: &Spec, group: &LockGroup, axis: &Axis, n: usize, versions: &Versions) -> bool {
    let value = &axis.values[n];
    let version = value_version(&axis.name, &value.name, versions);
    let channel = |name: &str| ["stable", "beta", "nightly"].iter().any(|channel| name.starts_with(channel));
    let moves = matches!(&value.setting, Setting::RustupToolchain(toolchain) if channel(toolchain));
    for other in &spec.locks {
        let admits = other.rust.iter().map(|test| test.holds(&value.name, version.as_ref())).max();
        match admits.unwrap_or(Match::No) {
            Match::Yes => return other.name == group.name,
            Match::Unknown if other.name == group.name => return !moves,
            Match::Unknown | Match::No => {}
        }
    }
    false
}

/// The features of a package that this value of the axis asks for, that which compiles SQLite in among them.
fn features_of(spec: &Spec, package: &PackageFacts, features: Option<(usize, &Axis)>, set: usize) -> BTreeSet<String> {
    let on = match features.map(|(_, axis)| &axis.values[set].setting) {
        Some(Setting::Features { default_features, enable }) => package.resolve_features(*default_features, enable),
        _ => package.resolve_features(true, &[]),
    };
    let sqlite = spec.space.axis_of(&AxisKind::Sqlite).map(|(_, axis)| axis);
    let bundles = sqlite.is_some_and(|axis| axis.values.iter().any(|v| v.setting == Setting::SqliteBundled));
    if bundles {
        package.with_bundling(on)
    } else {
        on
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::spec_text::parse;

    const PACKAGES: &str = "version = 1\n[project]\npackages = [\"a\", \"b\"]\n";

    fn package(name: &str, features: &[(&str, &[&str])]) -> PackageFacts {
        let list = |values: &[&str]| values.iter().map(|v| (*v).to_owned()).collect();
        let features = features.iter().map(|(name, values)| ((*name).to_owned(), list(values))).collect();
        PackageFacts { name: name.to_owned(), features, ..PackageFacts::default() }
    }

    /// The needs of the first group: whether tests are compiled, then the features of each set.
    fn check(spec: &str, expected: (bool, &[&str])) {
        let parsed = parse(&format!("{PACKAGES}{spec}"), "matrix.toml", &[]).unwrap_or_else(|e| panic!("{e}"));
        let packages =
            [package("a", &[("default", &["std"]), ("std", &[]), ("tls", &["dep:rustls"])]), package("b", &[])];
        let found = needs(&parsed.spec, &packages, &parsed.spec.locks[0], &Versions::new());
        let set = |set: &BTreeMap<String, BTreeSet<String>>| {
            let one = |(p, f): (&String, &BTreeSet<String>)| {
                format!("{p}:{}", f.iter().map(String::as_str).collect::<Vec<_>>().join(","))
            };
            set.iter().map(one).collect::<Vec<_>>().join(" ")
        };
        let sets: Vec<String> = found.sets.iter().map(set).collect();
        assert_eq!(
            (found.dev, sets.iter().map(String::as_str).collect::<Vec<_>>()),
            (expected.0, expected.1.to_vec()),
            "{spec}"
        );
    }

    #[test]
    fn only_what_is_built_with_the_groups_toolchains_is_needed() {
        const AXES: &str = "[axis]\nrust = [\"1.63\", \"1.80\", \"stable\"]\n";
        const LOCK: &str = "[[lock]]\nrust = \"<1.70\"\n";
        const BUILD: &str = "[[suite]]\nname = \"lib\"\nkind = \"build\"\n";
        const SETS: &str = "[axis.features]\ndefault = []\ntls = [\"tls\"]\n";
        const DEFAULT: &str = "a:default,std b:";
        check(&format!("{AXES}{LOCK}"), (true, &[DEFAULT]));
        check(&format!("{AXES}{LOCK}{BUILD}"), (false, &[DEFAULT]));
        let tests = "[[suite]]\nname = \"tests\"\nwhen.rust = \">=1.80\"\n";
        check(&format!("{AXES}{LOCK}{BUILD}{tests}"), (false, &[DEFAULT]));
        check(&format!("{AXES}{LOCK}{BUILD}[[suite]]\nname = \"tests\"\nwhen.rust = \"1.63\"\n"), (true, &[DEFAULT]));
        check(&format!("{AXES}{SETS}{LOCK}{BUILD}"), (false, &[DEFAULT, "a:default,std,tls b:"]));
        let skip =
            "[[rule]]\nwhen = { rust = \"<1.80\", features = \"tls\" }\nexpect = \"skip\"\nreason = \"too old\"\n";
        check(&format!("{AXES}{SETS}{LOCK}{BUILD}{skip}"), (false, &[DEFAULT]));
        check(&format!("{AXES}{LOCK}[claims.packages.b]\nrust = \"1.80\"\n"), (true, &["a:default,std"]));
        check(&format!("{AXES}[[lock]]\nrust = \"<1.50\"\n"), (false, &[]));
    }
}
