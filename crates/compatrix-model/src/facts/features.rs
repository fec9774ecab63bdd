//! A package's features by cargo's rules (cargo's reference, "Features"), and what of them compiles SQLite in.
//!
//! cargo is asked for names and decides itself what they switch on. What is worked out here is only which names to ask
//! for: for a build that links a shared SQLite, those that lead to a compiled-in one are replaced by all else that they
//! switch on. Where that cannot be said on a command line, they stay, and libsqlite3-sys is told by its environment.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

/// A package under test.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct PackageFacts {
    /// As its manifest spells it.
    pub name: String,
    /// Each with what it switches on, as cargo metadata gives them.
    pub features: BTreeMap<String, Vec<String>>,
    /// Its feature that bundles SQLite, if found.
    pub bundled_feature: Option<String>,
    /// By `dependency/feature` as the features list it: those that compile SQLite in.
    pub bundling: BTreeMap<String, Bundling>,
    /// Whether its locked libsqlite3-sys can be told to link a shared SQLite although a feature compiles it in.
    pub relinkable: bool,
    /// Whether its manifest always bundles SQLite, through `bundled` on a dependency.
    pub always_bundled: bool,
    /// Whether SQLite is among its dependencies at all.
    pub links_sqlite: bool,
}

/// What `dependency/feature` brings, if it compiles SQLite in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Bundling {
    /// SQLite and nothing else.
    Alone,
    /// SQLite, and features that have nothing to do with it.
    WithMore,
    /// SQLCipher, for which no shared SQLite can stand in.
    Cipher,
}

/// What cargo is to be asked for so that a shared SQLite is linked.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Unbundled {
    /// Names of features, and `dependency/feature`.
    pub ask: BTreeSet<String>,
    /// Those of them that still compile SQLite in, as they cannot be left out without losing more than that.
    pub kept: BTreeSet<String>,
    /// Whether one of those brings SQLCipher.
    pub cipher: bool,
}

/// How the features that cargo reports differ from those that it was asked for.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Difference {
    /// On, though neither asked for nor switched on by what was.
    pub added: BTreeSet<String>,
    /// Asked for by the plan, or named by the spec's feature set, and off.
    pub missing: BTreeSet<String>,
}

/// What a feature lists.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Item<'a> {
    /// Another feature of the package.
    Own(&'a str),
    /// An optional dependency, `dep:x`.
    Dependency(&'a str),
    /// `x/feature`, or `x?/feature`, which does not switch `x` on.
    Of { dependency: &'a str, weak: bool },
}

impl<'a> Item<'a> {
    fn parse(text: &'a str) -> Self {
        match (text.strip_prefix("dep:"), text.split_once('/')) {
            (Some(dependency), _) => Item::Dependency(dependency),
            (None, Some((dependency, _))) => match dependency.strip_suffix('?') {
                Some(dependency) => Item::Of { dependency, weak: true },
                None => Item::Of { dependency, weak: false },
            },
            (None, None) => Item::Own(text),
        }
    }

    /// The dependency that this switches on if it is optional.
    fn switches_on(self) -> Option<&'a str> {
        match self {
            Item::Dependency(dependency) | Item::Of { dependency, weak: false } => Some(dependency),
            Item::Own(_) | Item::Of { weak: true, .. } => None,
        }
    }
}

impl PackageFacts {
    /// The package's own features that are on if these are asked for, `default` among them if it has one.
    pub fn resolve_features(&self, default_features: bool, enable: &[String]) -> BTreeSet<String> {
        let asked = enable.iter().map(String::as_str).chain(default_features.then_some("default"));
        let on = self.switched_on(asked);
        on.into_iter().filter(|name| self.features.contains_key(name)).collect()
    }

    /// These features and all that they switch on in this package, with the names that optional dependencies have as
    /// features. What the package does not have is left out.
    pub fn switched_on<'n>(&'n self, names: impl IntoIterator<Item = &'n str>) -> BTreeSet<String> {
        let mut todo: Vec<&str> = names.into_iter().collect();
        let mut on = BTreeSet::new();
        while let Some(name) = todo.pop() {
            match Item::parse(name) {
                // `x/feature` of an optional dependency also switches on the feature `x`, where there is one.
                Item::Of { dependency, weak: false } if self.is_optional(dependency) => todo.push(dependency),
                Item::Own(name) if self.features.contains_key(name) && on.insert(name.to_owned()) => {
                    todo.extend(self.listed_by(name));
                }
                Item::Own(_) | Item::Dependency(_) | Item::Of { .. } => {}
            }
        }
        on
    }

    /// These features, and the one that compiles SQLite in unless they do so already.
    pub fn with_bundling(&self, on: BTreeSet<String>) -> BTreeSet<String> {
        match &self.bundled_feature {
            Some(feature) if !on.iter().any(|name| self.leads_to_bundling(name)) => {
                let enable: Vec<String> = on.into_iter().chain([feature.clone()]).collect();
                self.resolve_features(false, &enable)
            }
            Some(_) | None => on,
        }
    }

    /// What to ask for in place of these features, all that they switch on among them, so that a shared SQLite is linked.
    /// `alone`: whether the package is the only one that cargo is asked to build, so that `dependency/feature` is of it.
    ///
    /// If one of them has to stay, all do: SQLite is compiled in then unless the environment says otherwise.
    pub fn without_bundling(&self, on: &BTreeSet<String>, alone: bool) -> Unbundled {
        let (out, stays): (Vec<&str>, Vec<&str>) =
            on.iter().map(String::as_str).partition(|name| self.leads_to_bundling(name));
        let mut kept: BTreeSet<&str> = out.iter().copied().filter(|name| !self.may_be_taken_out(name)).collect();
        let mut ask: BTreeSet<&str> = stays.into_iter().collect();
        for name in &out {
            match self.spelled(name, on, alone) {
                Some(instead) => ask.extend(instead),
                None => drop(kept.insert(name)),
            }
        }
        // An optional dependency must not go with the feature that switches it on.
        kept.extend(out.iter().filter(|name| {
            let needed = self.listed_by(name).filter_map(|item| Item::parse(item).switches_on());
            needed.into_iter().any(|one| self.is_optional(one) && !self.is_switched_on(one, &ask))
        }));
        let owned = |names: BTreeSet<&str>| names.into_iter().map(str::to_owned).collect();
        if kept.is_empty() {
            return Unbundled { ask: owned(ask), ..Unbundled::default() };
        }
        let cipher = out.iter().any(|name| self.bundlings(name).any(|bundling| bundling == Bundling::Cipher));
        Unbundled { ask: on.clone(), kept: owned(kept), cipher }
    }

    /// How what cargo reports differs from what it was asked for and from what the spec's feature set names.
    pub fn difference(&self, asked: &BTreeSet<String>, named: &[String], reported: &BTreeSet<String>) -> Difference {
        let expected = self.switched_on(asked.iter().map(String::as_str));
        let named = named.iter().filter(|name| self.features.contains_key(*name));
        let names = asked.iter().filter(|name| !name.contains('/')).chain(named);
        Difference {
            added: reported.difference(&expected).cloned().collect(),
            missing: names.filter(|name| !reported.contains(*name)).cloned().collect(),
        }
    }

    fn listed_by(&self, feature: &str) -> impl Iterator<Item = &str> {
        self.features.get(feature).into_iter().flatten().map(String::as_str)
    }

    fn is_optional(&self, dependency: &str) -> bool {
        self.features.values().flatten().any(|item| item.strip_prefix("dep:") == Some(dependency))
    }

    /// Whether asking for this switches on an optional dependency.
    fn is_switched_on(&self, dependency: &str, ask: &BTreeSet<&str>) -> bool {
        let direct = ask.iter().copied();
        let items = direct.clone().chain(direct.flat_map(|name| self.listed_by(name)));
        items.filter_map(|item| Item::parse(item).switches_on()).any(|other| other == dependency)
    }

    /// What the items of this feature bring. Of the feature that the spec names, whatever it lists of dependencies compiles
    /// SQLite in, unless that is known of some of it.
    fn bundling(&self, feature: &str, item: &str) -> Option<Bundling> {
        let is_the_one = || self.bundled_feature.as_deref() == Some(feature);
        let none_known = || !self.listed_by(feature).any(|item| self.bundling.contains_key(item));
        match (self.bundling.get(item), Item::parse(item)) {
            (Some(bundling), _) => Some(*bundling),
            (None, Item::Of { .. }) if is_the_one() && none_known() => Some(Bundling::Alone),
            (None, _) => None,
        }
    }

    fn bundlings<'s>(&'s self, feature: &'s str) -> impl Iterator<Item = Bundling> + 's {
        self.listed_by(feature).filter_map(move |item| self.bundling(feature, item))
    }

    /// Whether the feature compiles SQLite in, itself or by others that it switches on.
    fn leads_to_bundling(&self, feature: &str) -> bool {
        self.switched_on([feature]).iter().any(|name| self.bundlings(name).next().is_some())
    }

    /// What this feature brings, if it leads to a compiled-in SQLite.
    pub fn bundling_of(&self, feature: &str) -> Option<Bundling> {
        let on = self.switched_on([feature]);
        let brought: Vec<Bundling> = on.iter().flat_map(|name| self.bundlings(name)).collect();
        match brought.iter().max()? {
            Bundling::Cipher => Some(Bundling::Cipher),
            Bundling::Alone if feature == "bundled" || self.only_bundles(feature, &mut BTreeSet::new()) => {
                Some(Bundling::Alone)
            }
            Bundling::Alone | Bundling::WithMore => Some(Bundling::WithMore),
        }
    }

    /// Whether nothing is lost with the feature's name: it is `default`, or the feature whose purpose is to compile SQLite
    /// in.
    fn may_be_taken_out(&self, feature: &str) -> bool {
        let cipher = || self.bundlings(feature).any(|bundling| bundling == Bundling::Cipher);
        feature == "default" || (feature == "bundled" && !cipher()) || self.only_bundles(feature, &mut BTreeSet::new())
    }

    /// Whether the feature compiles SQLite in and does nothing else.
    fn only_bundles<'s>(&'s self, feature: &'s str, seen: &mut BTreeSet<&'s str>) -> bool {
        if !seen.insert(feature) {
            return true;
        }
        let mut items = self.listed_by(feature).peekable();
        items.peek().is_some()
            && items.all(|item| match (Item::parse(item), self.bundling(feature, item)) {
                (_, Some(bundling)) => bundling == Bundling::Alone,
                (Item::Own(other), None) => self.only_bundles(other, seen),
                // The dependency that has SQLite in it.
                (Item::Dependency(one), None) => self.listed_by(feature).any(|item| {
                    self.bundling(feature, item).is_some()
                        && matches!(Item::parse(item), Item::Of { dependency, .. } if dependency == one)
                }),
                (Item::Of { .. }, None) => false,
            })
    }

    /// What to ask for in place of a feature that is taken out, besides own features, which are on anyway. `None` if it
    /// cannot be said on a command line.
    fn spelled<'s>(&'s self, feature: &'s str, on: &BTreeSet<String>, alone: bool) -> Option<Vec<&'s str>> {
        let on: BTreeSet<&str> = on.iter().map(String::as_str).collect();
        let mut instead = Vec::new();
        for item in self.listed_by(feature) {
            match (Item::parse(item), self.bundling(feature, item)) {
                // Its name is a feature, if the package does not hide it by `dep:`.
                (Item::Of { dependency, weak: false }, Some(_)) => {
                    instead.extend(self.features.get_key_value(dependency).map(|(name, _)| name.as_str()));
                }
                (Item::Of { weak: false, .. }, None) => instead.push(alone.then_some(item)?),
                (Item::Of { dependency, weak: true }, None) => {
                    // Where nothing switches it on, this does nothing.
                    if !self.is_optional(dependency) || self.is_switched_on(dependency, &on) {
                        instead.push(alone.then_some(item)?);
                    }
                }
                (Item::Of { weak: true, .. }, Some(_)) | (Item::Own(_) | Item::Dependency(_), _) => {}
            }
        }
        Some(instead)
    }
}
