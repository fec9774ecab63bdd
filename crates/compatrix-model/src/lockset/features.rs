//! Dependencies that a stage leaves out, and what is left of the features that name them, by cargo's own rules.
//!
//! A manifest or an index entry is valid for cargo only if each feature refers to what is there: `dep:x` and `x?/f` to an
//! optional dependency, `x/f` to any (Cargo reference, "Features"). What is left must switch on what cargo switches on
//! where all of it is there.

use std::collections::{BTreeMap, BTreeSet};

/// Features by name, each with what it enables.
pub type Features = BTreeMap<String, Vec<String>>;

/// A dependency as features see it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Named {
    /// The name in the manifest: of a renamed package the new one.
    pub name: String,
    /// Whether it is optional.
    pub optional: bool,
    /// Package, source and requirement: where two are alike, cargo resolves them to the same.
    pub asks: String,
}

/// Whether a dependency of another platform needs nothing that is not here anyway: one that asks for the same is kept.
/// Then it stays, with the features that it asks for: cargo's first resolver switches them on for every platform. Under
/// another name it does not: cargo refuses one package under two names where it cannot tell the platforms apart.
pub fn stays(one: &Named, kept: &[Named]) -> bool {
    kept.iter().any(|other| other.asks == one.asks && other.name == one.name && (!other.optional || one.optional))
}

/// The features of a package that loses the dependencies `gone` and keeps `kept`.
///
/// `everywhere`: whether the workspace's resolver lets a dependency of another platform switch on the feature of its name
/// (resolver 1 does).
pub fn without(features: &Features, kept: &[Named], gone: &[Named], everywhere: bool) -> Features {
    let any = |list: &[Named], name: &str| list.iter().any(|one| one.name == name);
    let optional = |list: &[Named], name: &str| list.iter().any(|one| one.optional && one.name == name);
    let listed: BTreeSet<&str> = features.values().flatten().filter_map(|value| value.strip_prefix("dep:")).collect();
    // An optional dependency is a feature too, unless it is named otherwise. Who asks for it must still find it.
    let implied = gone.iter().filter(|one| {
        one.optional
            && !optional(kept, &one.name)
            && !listed.contains(one.name.as_str())
            && !features.contains_key(&one.name)
    });
    let mut left: Features = implied.map(|one| (one.name.clone(), Vec::new())).collect();
    let exists = |name: &str| features.contains_key(name) || (optional(gone, name) && !listed.contains(name));
    let rewritten = |value: &String| -> Vec<String> {
        if let Some(name) = value.strip_prefix("dep:") {
            return if optional(kept, name) || !any(gone, name) { vec![value.clone()] } else { Vec::new() };
        }
        let Some((dependency, feature)) = value.split_once('/') else { return vec![value.clone()] };
        let (name, weak) = match dependency.strip_suffix('?') {
            Some(name) => (name, true),
            None => (dependency, false),
        };
        if !any(gone, name) || optional(kept, name) {
            return vec![value.clone()];
        }
        let mut values = Vec::new();
        if any(kept, name) {
            // What is always there needs no question mark, and may have none.
            values.push(format!("{name}/{feature}"));
        }
        if !weak && everywhere && optional(gone, name) && exists(name) {
            values.push(name.to_owned());
        }
        values
    };
    left.extend(features.iter().map(|(name, values)| (name.clone(), values.iter().flat_map(rewritten).collect())));
    left
}

#[cfg(test)]
mod tests {
    use super::*;

    fn named(list: &[(&str, bool)]) -> Vec<Named> {
        let one = |(name, optional): &(&str, bool)| Named {
            name: (*name).to_owned(),
            optional: *optional,
            asks: (*name).to_owned(),
        };
        list.iter().map(one).collect()
    }

    /// `a = b c; d =` as features.
    fn features(text: &str) -> Features {
        let one = |line: &str| {
            let (name, values) = line.split_once('=').unwrap();
            (name.trim().to_owned(), values.split_whitespace().map(str::to_owned).collect())
        };
        text.split(';').filter(|line| !line.trim().is_empty()).map(one).collect()
    }

    #[test]
    fn what_is_left_is_valid_and_switches_on_the_same() {
        const REQUIRED: (&str, bool) = ("x", false);
        const OPTIONAL: (&str, bool) = ("x", true);
        for (what, kept, gone, before, after) in [
            ("nothing is gone", &[OPTIONAL][..], &[][..], "a = dep:x x?/f", "a = dep:x x?/f"),
            ("dep:", &[], &[OPTIONAL], "a = dep:x b; b =", "a = b; b ="),
            ("the implied feature stays", &[], &[OPTIONAL], "a = x", "a = x; x ="),
            ("it is not implied where dep: is used", &[], &[OPTIONAL], "a = dep:x", "a ="),
            ("an own feature of that name", &[], &[OPTIONAL], "x = dep:x b; b =", "x = b; b ="),
            ("a feature of it", &[], &[OPTIONAL], "a = x/f", "a =; x ="),
            ("a weak one", &[], &[OPTIONAL], "a = x?/f; x = dep:x", "a =; x ="),
            ("a required twin stays", &[REQUIRED], &[OPTIONAL], "a = dep:x x?/f x/g; x = dep:x", "a = x/f x/g; x ="),
            ("an optional twin stays", &[OPTIONAL], &[REQUIRED], "a = dep:x x?/f x/g", "a = dep:x x?/f x/g"),
            ("a dev-dependency only", &[], &[REQUIRED], "a = x/f", "a ="),
            ("what was never one is cargo's to tell", &[], &[], "a = y/f dep:y", "a = y/f dep:y"),
        ] {
            let found = without(&features(before), &named(kept), &named(gone), false);
            assert_eq!(found, features(after), "{what}");
        }
    }

    #[test]
    fn a_twin_of_what_is_kept_stays_unless_it_could_be_needed_alone() {
        let all = named(&[("x", false), ("x", true), ("y", true)]);
        let [required, optional, other] = &all[..] else { unreachable!() };
        assert!(stays(optional, std::slice::from_ref(required)));
        assert!(stays(optional, std::slice::from_ref(optional)));
        assert!(!stays(required, std::slice::from_ref(optional)), "here it may be off");
        assert!(!stays(other, std::slice::from_ref(required)));
        let renamed = Named { name: "z".to_owned(), ..optional.clone() };
        assert!(!stays(&renamed, std::slice::from_ref(required)));
    }

    #[test]
    fn resolver_1_switches_the_feature_of_that_name_on_for_every_platform() {
        let gone = named(&[("x", true)]);
        for (before, after) in [
            ("a = x/f", "a = x; x ="),
            ("a = x?/f; x = dep:x", "a =; x ="),
            ("a = x/f; x = dep:x b; b =", "a = x; x = b; b ="),
            ("a = x/f dep:x", "a ="),
        ] {
            assert_eq!(without(&features(before), &[], &gone, true), features(after), "{before}");
        }
    }
}
