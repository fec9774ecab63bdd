//! Lints what manifests say that the cargo of the promised Rust does not read: it refuses the manifest, or ignores the key.
//! Names as the level of `debug` are in [`super::keys`], editions and resolvers in [`super::workspace`].
//!
//! Source of the table: Cargo's changelog (doc.rust-lang.org/cargo/CHANGELOG.html), by the release that stabilized each.

use semver::Version;
use shaped_toml::Severity;
use toml::Value;

use super::context::{short, Context, Promised};
use super::finding::{Finding, Lint};
use crate::manifest;
use crate::manifest::Manifest;

/// What an older cargo does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Older {
    Refuses,
    /// It only warns of an unused key.
    Ignores,
}

/// A use of something that not every cargo reads.
#[derive(Debug, PartialEq, Eq)]
struct Use {
    /// The path of the key that shows it.
    keys: Vec<String>,
    /// What it is, for people.
    what: &'static str,
    /// The minor version of the first cargo that reads it.
    since: u64,
    older: Older,
    /// Whether it is in the manifest that is published, too.
    published: bool,
}

pub(super) fn lint(context: &Context<'_>, found: &mut Vec<Finding>) {
    let root = context.facts.root.iter().filter(|root| root.package.is_none());
    for manifest in root.chain(&context.facts.members) {
        let own = context.promised.iter().find(|promised| promised.manifest.file == manifest.file);
        for (uses, promised) in grouped(uses(&manifest.text), |since| concerned(context, own, since)) {
            found.extend(finding(manifest, own, promised, &uses));
        }
    }
}

/// The promise that a key of this age breaks: the package's own, otherwise the lowest of the workspace, whose cargo reads the
/// manifests of all members.
fn concerned<'c, 'a>(context: &'c Context<'a>, own: Option<&'c Promised<'a>>, since: u64) -> Option<&'c Promised<'a>> {
    let older = |promised: &&Promised<'a>| promised.version < Version::new(1, since, 0);
    own.filter(older).or_else(|| context.lowest().filter(older))
}

/// Uses of one kind together, each with the promise that it breaks.
fn grouped<'c, P>(all: Vec<Use>, concerned: impl Fn(u64) -> Option<&'c P>) -> Vec<(Vec<Use>, &'c P)> {
    let mut groups: Vec<(Vec<Use>, &P)> = Vec::new();
    for one in all {
        let Some(promised) = concerned(one.since) else { continue };
        match groups.iter_mut().find(|(group, _)| group.iter().any(|first| first.what == one.what)) {
            Some((group, _)) => group.push(one),
            None => groups.push((vec![one], promised)),
        }
    }
    groups
}

fn finding(manifest: &Manifest, own: Option<&Promised<'_>>, promised: &Promised<'_>, uses: &[Use]) -> Option<Finding> {
    let first = uses.first()?;
    let line = |one: &Use| {
        let keys: Vec<&str> = one.keys.iter().map(String::as_str).collect();
        manifest::key(&manifest.text, &keys).map(|(line, _)| line)
    };
    let at = line(first);
    let since = short(&Version::new(1, first.since, 0));
    let does = match first.older {
        Older::Refuses => "whose cargo refuses the manifest",
        Older::Ignores => "whose cargo ignores it with a warning",
    };
    let is_own = own.is_some_and(|own| own.version < Version::new(1, first.since, 0));
    let severity = match first.older {
        Older::Refuses if is_own && first.published => Severity::Error,
        _ => Severity::Warning,
    };
    let mend = match (first.older, first.published) {
        (Older::Refuses, true) => format!("do without it, or promise Rust {since}"),
        (Older::Refuses, false) => {
            format!("do without it, or promise Rust {since}; published packages do not have it, and cells run in a staged copy")
        }
        (Older::Ignores, _) => format!("make sure that nothing depends on it below Rust {since}"),
    };
    Some(Finding {
        id: Lint::KeyTooNew,
        severity,
        file: manifest.file.clone(),
        line: at,
        quote: at.map(|line| manifest.line(line).trim().to_owned()).unwrap_or_default(),
        what: format!(
            "{} needs Rust {since}; `{}` promises Rust {} ({}), {does}",
            first.what, promised.package, promised.rust, promised.by
        ),
        mend,
        items: uses.iter().skip(1).filter_map(|one| Some(format!("{}:{}", manifest.file, line(one)?))).collect(),
    })
}

/// All uses in a manifest.
fn uses(text: &str) -> Vec<Use> {
    let root: toml::Table = text.parse().unwrap_or_default();
    let mut found = Vec::new();
    let mut add = |keys: &[&str], what, since, older, published| {
        found.push(Use { keys: keys.iter().map(|key| (*key).to_owned()).collect(), what, since, older, published });
    };
    let table = |value: Option<&Value>| value.and_then(Value::as_table).cloned().unwrap_or_default();
    let inherits = |value: &Value| value.get("workspace").and_then(Value::as_bool) == Some(true);
    let package = table(root.get("package"));
    for (key, value) in &package {
        if inherits(value) {
            add(&["package", key], "inheriting from `[workspace.package]`", 64, Older::Refuses, false);
        }
    }
    for section in ["dependencies", "dev-dependencies", "build-dependencies"] {
        for (name, value) in &table(root.get(section)) {
            if inherits(value) {
                add(&[section, name], "inheriting from `[workspace.dependencies]`", 64, Older::Refuses, false);
            }
        }
    }
    for (feature, list) in &table(root.get("features")) {
        let items = || list.as_array().into_iter().flatten().filter_map(Value::as_str);
        if items().any(|item| item.starts_with("dep:")) {
            add(&["features", feature], "`dep:` in features", 60, Older::Refuses, true);
        }
        if items().any(|item| item.contains("?/")) {
            add(&["features", feature], "`?/` in features", 60, Older::Refuses, true);
        }
    }
    for (name, profile) in &table(root.get("profile")) {
        if !["dev", "release", "test", "bench", "doc"].contains(&name.as_str()) {
            add(&["profile", name], "a profile with a name of its own", 57, Older::Refuses, true);
        }
        for (key, since, what) in [
            ("strip", 59, "`strip` in a profile"),
            ("package", 41, "a profile for single packages"),
            ("build-override", 41, "`build-override` in a profile"),
        ] {
            if profile.get(key).is_some() {
                add(&["profile", name, key], what, since, Older::Refuses, true);
            }
        }
        if profile.get("split-debuginfo").is_some() {
            add(&["profile", name, "split-debuginfo"], "`split-debuginfo` in a profile", 51, Older::Ignores, true);
        }
    }
    // An older cargo ignores `[lints]`, and nothing but the lints is lost.
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_row_of_the_table() {
        for (text, expect) in [
            ("[package]\nname = \"a\"\nversion = \"1.0.0\"\nedition.workspace = true", &[(64, "package.edition")][..]),
            ("[dependencies]\na = { workspace = true }\nb = \"1\"", &[(64, "dependencies.a")]),
            ("[features]\na = [\"dep:b\"]\nc = [\"b?/d\"]\ne = [\"a\"]", &[(60, "features.a"), (60, "features.c")]),
            ("[profile.fast]\ninherits = \"release\"", &[(57, "profile.fast")]),
            ("[profile.release]\nstrip = true\nlto = \"thin\"", &[(59, "profile.release.strip")]),
            ("[profile.dev.package.a]\nopt-level = 3", &[(41, "profile.dev.package")]),
            ("[lints]\nworkspace = true\n[workspace.lints.rust]\na = \"warn\"", &[]),
            ("not toml", &[]),
            ("package = 1\nfeatures = []\nprofile = 2", &[]),
        ] {
            let found: Vec<(u64, String)> = uses(text).iter().map(|one| (one.since, one.keys.join("."))).collect();
            let expect: Vec<(u64, String)> = expect.iter().map(|(since, keys)| (*since, (*keys).to_owned())).collect();
            assert_eq!(found, expect, "{text}");
        }
    }
}
