//! Which features and optional dependencies of the local packages are on when some features are asked for.
//!
//! By the rules of cargo's first resolver, for all platforms: more than a build may switch on, never less (Cargo reference,
//! "Features").

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

use super::features::Features;

/// A package of the workspace, as cargo's metadata has it.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct LocalPackage {
    /// As its manifest spells it.
    pub name: String,
    /// Its features, those of optional dependencies included.
    pub features: Features,
    /// Its dependencies of all kinds and platforms.
    pub dependencies: Vec<LocalDependency>,
}

/// A dependency of such a package.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct LocalDependency {
    /// The name in the manifest: of a renamed package the new one.
    pub name: String,
    /// The package of the workspace that it is, if it is one.
    pub member: Option<String>,
    /// Whether it is a dev-dependency.
    pub dev: bool,
    /// Whether it is optional.
    pub optional: bool,
    /// Whether its default features are on.
    pub default_features: bool,
    /// The features asked for.
    pub features: Vec<String>,
}

/// What is on in a package.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Used {
    /// Those that are asked for, and those that they lead to.
    pub features: BTreeSet<String>,
    /// Its optional dependencies.
    pub dependencies: BTreeSet<String>,
}

/// What is on in each package that is needed, if these features are asked for; `dev`: whether the packages asked for are
/// built with their dev-dependencies.
pub fn used(
    packages: &[LocalPackage],
    asked: &BTreeMap<String, BTreeSet<String>>,
    dev: bool,
) -> BTreeMap<String, Used> {
    let mut on: BTreeMap<String, Used> = asked.keys().map(|name| (name.clone(), Used::default())).collect();
    let mut asks: BTreeSet<(String, String)> = BTreeSet::new();
    for (name, items) in asked {
        asks.extend(items.iter().map(|item| (name.clone(), item.clone())));
    }
    // Both only grow, so this ends.
    loop {
        let before = (on.clone(), asks.len());
        for package in packages {
            let Some(now) = on.get_mut(&package.name) else { continue };
            let items: Vec<String> =
                asks.iter().filter(|(name, _)| *name == package.name).map(|(_, item)| item.clone()).collect();
            for item in items {
                package.switch_on(&item, now, &mut asks);
            }
            let tested = dev && asked.contains_key(&package.name);
            let is_on =
                |d: &&LocalDependency| (!d.dev || tested) && (!d.optional || now.dependencies.contains(&d.name));
            let members: Vec<_> =
                package.dependencies.iter().filter(is_on).filter_map(|d| Some((d, d.member.clone()?))).collect();
            for (dependency, member) in members {
                on.entry(member.clone()).or_default();
                let default = dependency.default_features.then(|| "default".to_owned());
                asks.extend(dependency.features.iter().cloned().chain(default).map(|item| (member.clone(), item)));
            }
        }
        if (&on, asks.len()) == (&before.0, before.1) {
            return on;
        }
    }
}

impl LocalPackage {
    /// Takes an item as features list it: `name`, `dep:x`, `x/f`, `x?/f`.
    fn switch_on(&self, item: &str, used: &mut Used, asks: &mut BTreeSet<(String, String)>) {
        if let Some(name) = item.strip_prefix("dep:") {
            used.dependencies.insert(name.to_owned());
            return;
        }
        let Some((dependency, feature)) = item.split_once('/') else {
            if let (Some(items), true) = (self.features.get(item), !used.features.contains(item)) {
                used.features.insert(item.to_owned());
                items.iter().for_each(|item| self.switch_on(item, used, asks));
            }
            return;
        };
        let name = dependency.strip_suffix('?').unwrap_or(dependency);
        if name == dependency {
            if self.dependencies.iter().any(|d| d.name == name && d.optional) {
                used.dependencies.insert(name.to_owned());
            }
            self.switch_on(name, used, asks);
        }
        // A weak one counts too: the dependency may be on by another way.
        for member in self.dependencies.iter().filter(|d| d.name == name).filter_map(|d| d.member.clone()) {
            asks.insert((member, feature.to_owned()));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn package(name: &str, features: &[(&str, &[&str])], dependencies: Vec<LocalDependency>) -> LocalPackage {
        let list = |values: &[&str]| values.iter().map(|v| (*v).to_owned()).collect();
        let features = features.iter().map(|(name, values)| ((*name).to_owned(), list(values))).collect();
        LocalPackage { name: name.to_owned(), features, dependencies }
    }

    fn on(name: &str, member: bool, optional: bool) -> LocalDependency {
        let member = member.then(|| name.to_owned());
        LocalDependency {
            name: name.to_owned(),
            member,
            optional,
            default_features: true,
            ..LocalDependency::default()
        }
    }

    fn check(packages: &[LocalPackage], ask: &[&str], dev: bool, expected: &[&str]) {
        let asked = BTreeMap::from([("a".to_owned(), ask.iter().map(|item| (*item).to_owned()).collect())]);
        let join = |set: &BTreeSet<String>| set.iter().map(String::as_str).collect::<Vec<_>>().join(",");
        let found = used(packages, &asked, dev);
        let found: Vec<String> = found
            .iter()
            .map(|(name, u)| format!("{name} [{}] [{}]", join(&u.features), join(&u.dependencies)))
            .collect();
        assert_eq!(found, expected, "{ask:?}");
    }

    #[test]
    fn only_what_is_asked_for_is_on() {
        let dev = LocalDependency { dev: true, features: vec!["testing".into()], ..on("h", true, false) };
        let a = package(
            "a",
            &[
                ("default", &["std"]),
                ("std", &["b?/std"]),
                ("b", &["dep:b"]),
                ("tls", &["dep:rustls", "b/more"]),
                ("x", &["dep:x"]),
            ],
            vec![on("b", true, true), on("rustls", false, true), on("x", false, true), on("c", true, false), dev],
        );
        let b = package("b", &[("std", &[]), ("more", &["dep:m"]), ("m", &["dep:m"])], vec![on("m", false, true)]);
        let c = package("c", &[("default", &["n"]), ("n", &["dep:n"]), ("o", &["dep:o"])], vec![on("n", false, true)]);
        let h = package("h", &[("testing", &[])], vec![on("gone", true, false)]);
        let all = [a, b, c, h];
        check(&all, &[], false, &["a [] []", "c [default,n] [n]"]);
        check(&all, &["default"], false, &["a [default,std] []", "c [default,n] [n]"]);
        check(&all, &["tls"], false, &["a [b,tls] [b,rustls]", "b [more] [m]", "c [default,n] [n]"]);
        check(&all, &["b", "std"], false, &["a [b,std] [b]", "b [std] []", "c [default,n] [n]"]);
        check(&all, &["x"], true, &["a [x] [x]", "c [default,n] [n]", "gone [] []", "h [testing] []"]);
        check(&all, &["b/more", "nothing"], false, &["a [b] [b]", "b [more] [m]", "c [default,n] [n]"]);
    }

    #[test]
    fn a_package_may_depend_on_itself_for_its_tests() {
        let own = LocalDependency { dev: true, features: vec!["testing".into()], ..on("a", true, false) };
        let a = [package("a", &[("testing", &["dep:t"]), ("t", &["dep:t"])], vec![own, on("t", false, true)])];
        check(&a, &[], true, &["a [testing] [t]"]);
        check(&a, &[], false, &["a [] []"]);
    }
}
