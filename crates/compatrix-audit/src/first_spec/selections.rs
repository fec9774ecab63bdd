//! Feature sets that the project itself builds: in its workflows, for docs.rs, and by what its manifests tell tools that
//! combine features. By the rules of cargo and cargo-hack, but few: each set is a build.

use std::collections::BTreeSet;

use super::closure::{closure, is_special};
use super::draft::{FeatureSet, WHAT_USERS_GET};
use super::found::{Found, Member};
use super::packages::covers;
use crate::promise::{CargoCommand, CommandFeatures, Sweep};
use compatrix_model::axis::ValueName;
use compatrix_model::matrix_spec::format::Format;

/// The most sets.
const MOST: usize = 6;
/// Up to this many features of a sweep get a set each.
const ONE_EACH: usize = 3;
/// The longest name that spells out features.
const LONGEST: usize = 24;

/// The sets and remarks on what was left out.
#[derive(Debug, Default)]
pub(super) struct Selected {
    pub(super) sets: Vec<FeatureSet>,
    pub(super) remarks: Vec<String>,
    /// Sets beyond the limit.
    pub(super) over: Vec<FeatureSet>,
    /// Commands whose features are not known, as remarks.
    unknown: Vec<String>,
    /// Whether the project says that default features alone are too few.
    needs_more: bool,
}

/// The sets of the first of these sources that has any; without sets, remarks alone.
pub(super) fn sets(chosen: &[&Member], found: &Found) -> Selected {
    let tested = of_commands(chosen, found, |command| command.tests() || command.tests_by_tool());
    let unknown = tested.unknown.clone();
    let sources: [&dyn Fn() -> Selected; 4] = [
        &|| of_manifests(chosen),
        &|| of_commands(chosen, found, |command| command.builds() && !command.tests()),
        &|| of_docs_rs(chosen),
        &Selected::default,
    ];
    // A workflow that only tests with default features says nothing of the others.
    let says = |selected: &Selected| selected.sets.iter().any(|set| *set != default_set(&set.why));
    if says(&tested) {
        return tested.finish(Vec::new());
    }
    match sources.iter().map(|source| source()).find(says) {
        Some(selected) => selected.finish(unknown),
        None => Selected { remarks: unknown, ..Selected::default() },
    }
}

fn default_set(why: &str) -> FeatureSet {
    FeatureSet { name: "default".to_owned(), default_features: true, features: Vec::new(), why: why.to_owned() }
}

fn of_commands(chosen: &[&Member], found: &Found, wanted: impl Fn(&CargoCommand) -> bool) -> Selected {
    let mut selected = Selected::default();
    for command in found.commands.iter().filter(|command| wanted(command)) {
        let covered: Vec<&Member> =
            chosen.iter().copied().filter(|member| covers(command, member, found).is_some()).collect();
        if covered.is_empty() {
            continue;
        }
        let at = format!("{}:{}", command.file, command.line);
        if let Some(why) = elsewhere(command) {
            if command.features != CommandFeatures::default() {
                selected.remarks.push(format!("{at} {why}; its features are in no set."));
            }
            continue;
        }
        selected.add(&command.features, &covered, &at);
    }
    selected
}

/// Why a command says nothing about a plain build on this kind of host.
fn elsewhere(command: &CargoCommand) -> Option<String> {
    if command.toolchain.as_ref().is_some_and(|toolchain| toolchain.starts_with("nightly")) {
        return Some("runs with a nightly".to_owned());
    }
    if let Some(target) = command.target.as_ref().filter(|target| !target.contains("linux")) {
        return Some(format!("is for the target {target}"));
    }
    if command.rustflags.as_ref().is_some_and(|flags| flags.contains("--cfg") || flags.contains("-Z")) {
        return Some("sets RUSTFLAGS that a spec cannot express".to_owned());
    }
    let platforms = command.platforms();
    let other = !platforms.is_empty() && !platforms.iter().any(|platform| platform.starts_with("linux"));
    other.then(|| format!("runs on {} only", platforms.join(", ")))
}

fn of_manifests(chosen: &[&Member]) -> Selected {
    let mut selected = Selected::default();
    for member in chosen {
        if let Some((sweep, at)) = &member.combinations {
            let features = CommandFeatures { sweep: Some(sweep.clone()), ..CommandFeatures::default() };
            selected.add(&features, &[member], at);
        }
    }
    selected
}

/// docs.rs builds with a nightly, so that what needs one is left out.
fn of_docs_rs(chosen: &[&Member]) -> Selected {
    let mut selected = Selected::default();
    for member in chosen {
        let Some(docs) = &member.docs_rs else { continue };
        let all = || member.features.keys().filter(|name| *name != "default").cloned().collect();
        let list: Vec<String> = if docs.all { all() } else { docs.list.clone() };
        let (left, list): (Vec<String>, Vec<String>) = list.into_iter().partition(|name| is_special(member, name));
        if !left.is_empty() {
            selected.remarks.push(format!("In no set: {}; docs.rs builds with a nightly.", quoted(&left)));
        }
        let name = if docs.all { "all" } else { "docs-rs" };
        let list =
            list.iter().filter_map(|item| own_feature(item, &[member])).filter(|name| name != "default").collect();
        selected.push(name, !docs.no_default, list, &docs.at);
        if member.features.get("default").is_some_and(|list| !list.is_empty()) {
            selected.push("minimal", false, Vec::new(), "`default-features = false`");
        }
    }
    selected
}

impl Selected {
    /// Adds what these words of a command line select of these packages.
    fn add(&mut self, asked: &CommandFeatures, members: &[&Member], at: &str) {
        if asked.unknown {
            self.unknown.push(format!("{at}: its features are not known, and in no set."));
            return;
        }
        let mut unknown: Vec<String> = Vec::new();
        let mut list: Vec<String> = Vec::new();
        for item in &asked.list {
            match own_feature(item, members) {
                Some(name) if name == "default" => {}
                Some(name) => list.push(name),
                None => unknown.push(item.clone()),
            }
        }
        if !unknown.is_empty() {
            self.unknown.push(format!(
                "{at} asks for {}, no feature of a package under test: its features are not known.",
                quoted(&unknown)
            ));
            return;
        }
        let universe: BTreeSet<&str> = members
            .iter()
            .flat_map(|member| member.features.keys())
            .map(String::as_str)
            .filter(|n| *n != "default")
            .collect();
        let Some(sweep) = &asked.sweep else {
            if asked.all {
                let all = universe.iter().map(|name| (*name).to_owned()).collect();
                return self.push("all", true, all, &format!("{at}, --all-features"));
            }
            let words = match (asked.no_default, list.is_empty()) {
                (false, true) => String::new(),
                (true, true) => ", --no-default-features".to_owned(),
                (false, false) => format!(", --features {}", list.join(",")),
                (true, false) => format!(", --no-default-features --features {}", list.join(",")),
            };
            let name = name_of(!asked.no_default, &list);
            return self.push(&name, !asked.no_default, list, &format!("{at}{words}"));
        };
        let by_default: BTreeSet<&str> = members.iter().flat_map(|member| closure(member, "default")).collect();
        self.sweep(sweep, &list, (&universe, &by_default), at);
    }

    /// The selections of cargo-hack: without default features, each with and all together, as far as they may be.
    fn sweep(
        &mut self,
        sweep: &Sweep,
        always: &[String],
        (universe, by_default): (&BTreeSet<&str>, &BTreeSet<&str>),
        at: &str,
    ) {
        let word = if sweep.powerset { "--feature-powerset" } else { "--each-feature" };
        let why = format!("{at}, {word}");
        let included = |name: &&&str| {
            let name = **name;
            let wanted = sweep.include.is_empty() || sweep.include.iter().any(|one| one == name);
            wanted && !sweep.exclude.iter().any(|one| one == name) && !always.iter().any(|one| one == name)
        };
        let features: Vec<String> = universe.iter().filter(included).map(|name| (*name).to_owned()).collect();
        let with = |default_features: bool, more: &[String]| -> Vec<String> {
            let mut set = always.to_vec();
            set.extend(more.iter().filter(|name| !always.contains(name)).cloned());
            // cargo-hack leaves out selections without one of these.
            for group in &sweep.at_least_one_of {
                let met = set.iter().any(|name| group.contains(name))
                    || default_features && group.iter().any(|name| by_default.contains(name.as_str()));
                let first = group.iter().find(|name| universe.contains(name.as_str()));
                set.extend(first.filter(|_| !met).cloned());
            }
            set
        };
        let set = with(true, &[]);
        self.needs_more |= set.len() > always.len();
        self.push(&name_of(true, &set), true, set, &why);
        if !sweep.exclude_no_default {
            let set = with(false, &[]);
            self.push(&name_of(false, &set), false, set, &why);
        }
        let excluding = |name: &String| sweep.mutually_exclusive.iter().any(|group| group.contains(name));
        // With a limit of features at once, all together are no selection.
        let together =
            sweep.depth.is_none_or(|depth| features.len() <= depth) && (sweep.powerset || !sweep.exclude_all);
        if together && features.len() > 1 {
            // Of features that exclude each other the first is in it, and each other has a set of its own.
            let mut all: Vec<String> = Vec::new();
            for name in &features {
                let clash =
                    |group: &&Vec<String>| group.contains(name) && group.iter().any(|other| all.contains(other));
                if !sweep.mutually_exclusive.iter().any(|group| clash(&group)) {
                    all.push(name.clone());
                }
            }
            let others: Vec<&String> = features.iter().filter(|name| !all.contains(name)).collect();
            self.push("all", false, with(false, &all), &why);
            for name in &others {
                let clashes = |kept: &String| {
                    sweep.mutually_exclusive.iter().any(|group| group.contains(name) && group.contains(kept))
                };
                let mut set: Vec<String> = all.iter().filter(|kept| !clashes(kept)).cloned().collect();
                set.push((*name).clone());
                let value = if set.len() > 1 { format!("all+{name}") } else { (*name).clone() };
                self.push(&value, false, with(false, &set), &why);
            }
        }
        let each: Vec<&String> = features.iter().filter(|name| !(together && excluding(name))).collect();
        if each.len() <= ONE_EACH {
            for name in each {
                self.push(name, false, with(false, std::slice::from_ref(name)), &why);
            }
        } else if together {
            self.remarks.push(format!("{why}: {} features alone are in no set, because each is a build.", each.len()));
        } else {
            for name in each.iter().take(ONE_EACH) {
                self.push(name, false, with(false, std::slice::from_ref(*name)), &why);
            }
            let rest: Vec<String> = each[ONE_EACH..].iter().map(|name| (*name).clone()).collect();
            self.remarks.push(format!("{why}: {} alone are in no set, because each is a build.", quoted(&rest)));
        }
    }

    /// Adds a set, if it is not there yet.
    fn push(&mut self, name: &str, default_features: bool, features: Vec<String>, why: &str) {
        let mut sorted: Vec<String> = features;
        sorted.sort();
        sorted.dedup();
        if let Some(known) =
            self.sets.iter_mut().find(|set| set.default_features == default_features && set.features == sorted)
        {
            if !known.why.contains(why) && !known.why.contains("; also ") {
                known.why = format!("{}; also {why}", known.why);
            }
            return;
        }
        if self.sets.len() >= MOST {
            let (name, why) = (name.to_owned(), why.to_owned());
            self.over.push(FeatureSet { name, default_features, features: sorted, why });
            return;
        }
        let taken = |name: &str| self.sets.iter().any(|set| set.name == name);
        let base = if ValueName::new(name).is_ok() { name.to_owned() } else { "set".to_owned() };
        let name = std::iter::once(base.clone()).chain((2..).map(|n| format!("{base}-{n}"))).find(|name| !taken(name));
        let name = name.unwrap_or(base);
        self.sets.push(FeatureSet { name, default_features, features: sorted, why: why.to_owned() });
    }

    fn finish(mut self, unknown: Vec<String>) -> Self {
        self.remarks.splice(..0, unknown.into_iter().chain(std::mem::take(&mut self.unknown)));
        let mut seen = BTreeSet::new();
        self.remarks.retain(|remark| seen.insert(remark.clone()));
        self.sets.retain(|set| set.features.iter().all(|name| Format::FeatureName.accepts(name)));
        if !self.needs_more && !self.sets.iter().any(|set| set.is_default()) {
            let asked = self.over.iter().find(|set| set.is_default()).map(|set| set.why.clone());
            self.sets.insert(0, default_set(asked.as_deref().unwrap_or(WHAT_USERS_GET)));
            self.sets.truncate(MOST + 1);
        }
        self.sets.sort_by_key(|set| !(set.is_default()));
        self
    }

    /// Says which sets are left out: those beyond the limit that are not among the others.
    pub(super) fn say_left_out(&mut self) {
        let mut left: Vec<&FeatureSet> = Vec::new();
        for set in &self.over {
            if !self.sets.iter().chain(left.iter().copied()).any(|known| known.selects_as(set)) {
                left.push(set);
            }
        }
        if left.is_empty() {
            return;
        }
        let shown = |set: &&FeatureSet| match (set.default_features, set.features.is_empty()) {
            (true, true) => format!("`default` ({})", set.why),
            (false, true) => format!("`minimal` ({})", set.why),
            (true, false) => format!("{} ({})", quoted(&set.features), set.why),
            (false, false) => format!("{}, without default features ({})", quoted(&set.features), set.why),
        };
        let list: Vec<String> = left.iter().map(shown).collect();
        self.remarks.push(format!("Left out, because each set is a build: {}.", list.join("; ")));
    }
}

/// The feature of a package under test that a word of `--features` means.
fn own_feature(item: &str, members: &[&Member]) -> Option<String> {
    let name = match item.split_once('/') {
        Some((package, feature)) => {
            members.iter().find(|member| member.name == package)?;
            feature
        }
        None => item,
    };
    members.iter().any(|member| member.features.contains_key(name) || name == "default").then(|| name.to_owned())
}

/// A name that spells the features out, or the first and how many there are.
fn name_of(default_features: bool, features: &[String]) -> String {
    let base = if default_features { "" } else { "minimal" };
    let words: Vec<&str> =
        std::iter::once(base).filter(|base| !base.is_empty()).chain(features.iter().map(String::as_str)).collect();
    match (words.join("+"), features) {
        (text, _) if text.is_empty() => "default".to_owned(),
        (text, [first, rest @ ..]) if text.len() > LONGEST && !rest.is_empty() => {
            let base = if default_features { String::new() } else { "minimal+".to_owned() };
            format!("{base}{first}+{}", rest.len())
        }
        (text, _) => text,
    }
}

fn quoted(features: &[String]) -> String {
    features.iter().map(|name| format!("`{name}`")).collect::<Vec<_>>().join(", ")
}

#[cfg(test)]
mod tests;
