//! The drafted feature sets: few, because each set is a separate build.

use std::collections::BTreeSet;

use super::closure::{closure, is_special};
use super::draft::FeatureSet;
use super::found::{Bundling, Found, Member};
use super::selections;
use compatrix_model::axis::ValueName;
use compatrix_model::matrix_spec::format::Format;

/// Up to this many features get a set each; more share one.
const ONE_EACH: usize = 3;

/// The sets, and comments on them: those that the project builds itself, otherwise few that cover the features.
pub(super) fn sets(chosen: &[&Member], found: &Found) -> (Vec<FeatureSet>, Vec<String>) {
    let mut selected = selections::sets(chosen, found);
    if selected.sets.is_empty() {
        let (sets, remarks) = drafted(chosen);
        selected.remarks.extend(remarks);
        return (sets, selected.remarks);
    }
    for set in selected.sets.iter_mut().chain(&mut selected.over) {
        set.features.retain(|name| !chosen.iter().any(|member| bundles(member, name)));
        let base = if set.default_features { vec!["default"] } else { Vec::new() };
        let on: Vec<&str> = base.into_iter().chain(set.features.iter().map(String::as_str)).collect();
        // If SQLite is behind a feature, every set enables it; otherwise there is nothing to test.
        let behind = behind(chosen, &on);
        if !behind.is_empty() {
            set.why.push_str(", and SQLite");
            set.features.extend(behind);
        }
    }
    let mut seen: Vec<(bool, Vec<String>)> = Vec::new();
    selected.sets.retain(|set| {
        let key = (set.default_features, set.features.clone());
        let new = !seen.contains(&key);
        seen.push(key);
        new
    });
    selected.say_left_out();
    (selected.sets, selected.remarks)
}

fn drafted(chosen: &[&Member]) -> (Vec<FeatureSet>, Vec<String>) {
    let mut remarks = Vec::new();
    let on_by_default: BTreeSet<&str> = chosen.iter().flat_map(|member| closure(member, "default")).collect();
    let mut extra: BTreeSet<&str> = BTreeSet::new();
    let mut left: BTreeSet<&str> = BTreeSet::new();
    for member in chosen {
        for name in member.features.keys().map(String::as_str).filter(|name| *name != "default") {
            let spelled = Format::FeatureName.accepts(name) && ValueName::new(name).is_ok();
            if on_by_default.contains(name) || bundles(member, name) {
                continue;
            }
            if !spelled || name.starts_with('_') || is_special(member, name) {
                left.insert(name);
            } else {
                extra.insert(name);
            }
        }
    }
    if !left.is_empty() {
        let list: Vec<String> = left.iter().map(|name| format!("`{name}`")).collect();
        remarks.push(format!("In no set: {}.", list.join(", ")));
    }
    let has_default = chosen.iter().any(|member| member.features.get("default").is_some_and(|list| !list.is_empty()));
    if extra.is_empty() && !has_default && behind(chosen, &[]).is_empty() {
        return (Vec::new(), remarks);
    }
    let at = chosen.iter().find(|member| !member.features.is_empty()).map_or("", |member| &member.features_at);
    let mut sets = Vec::new();
    let mut add = |name: &str, default_features: bool, features: Vec<&str>, why: &str| {
        let base: Vec<&str> = if default_features { vec!["default"] } else { Vec::new() };
        let on: Vec<&str> = base.iter().chain(&features).copied().collect();
        // If SQLite is behind a feature, every set enables it; otherwise there is nothing to test.
        let behind = behind(chosen, &on);
        let why = if behind.is_empty() { why.to_owned() } else { format!("{why}, and SQLite") };
        let features = features.into_iter().map(str::to_owned).chain(behind).collect();
        sets.push(FeatureSet { name: free(name, &extra), default_features, features, why });
    };
    add("default", true, Vec::new(), at);
    if has_default {
        add("minimal", false, Vec::new(), "`default-features = false`");
    }
    if extra.len() <= ONE_EACH {
        for name in &extra {
            sets.push(FeatureSet {
                name: (*name).to_owned(),
                default_features: true,
                features: std::iter::once((*name).to_owned()).chain(behind(chosen, &["default", name])).collect(),
                why: at.to_owned(),
            });
        }
    } else {
        add("all", true, extra.iter().copied().collect(), at);
    }
    (sets, remarks)
}

/// Whether a feature compiles SQLite in, which the axis `sqlite` decides.
fn bundles(member: &Member, name: &str) -> bool {
    match member.sqlite.as_ref().map(|sqlite| &sqlite.bundling) {
        Some(Bundling::Feature(feature)) => name == feature || name.contains("bundled"),
        Some(Bundling::Always | Bundling::InTests | Bundling::Never) => name.contains("bundled"),
        None => false,
    }
}

/// The features that enable SQLite and are not enabled yet.
fn behind(chosen: &[&Member], on: &[&str]) -> Vec<String> {
    let mut missing: Vec<String> = Vec::new();
    for member in chosen {
        let Some(feature) = member.sqlite.as_ref().and_then(|sqlite| sqlite.behind.as_ref()) else { continue };
        let is_on = on.iter().any(|name| closure(member, name).contains(feature.as_str()));
        if !is_on && !missing.contains(feature) {
            missing.push(feature.clone());
        }
    }
    missing
}

/// A name for a set that no feature has.
fn free(name: &str, features: &BTreeSet<&str>) -> String {
    if features.contains(name) && name != "default" {
        format!("{name}-set")
    } else {
        name.to_owned()
    }
}
