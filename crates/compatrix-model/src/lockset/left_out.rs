//! Leaves dependencies out of a manifest, with what its features say of them.

use toml::{Table, Value};

use super::features::{self, Features, Named};
use super::inherit::DEPENDENCIES;
use super::used::Used;

/// What is left out.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct LeftOut<'a> {
    /// Whether dev-dependencies are.
    pub dev: bool,
    /// The platforms, as spelled in manifests, whose dependencies are.
    pub targets: &'a [String],
    /// What is on: other optional dependencies are, and other features switch nothing on. `None`: all may be.
    pub used: Option<&'a Used>,
    /// As [`features::without`] has it.
    pub everywhere: bool,
}

/// Removes the dependencies that are left out, and what features say of them.
pub(super) fn leave_out(manifest: &mut Table, what: LeftOut<'_>) {
    let (mut kept, mut gone) = (Vec::new(), Vec::new());
    for_each_table(manifest, &mut |target, kind, dependencies| {
        for (key, value) in dependencies.iter() {
            match what.has(target, kind, key, value) {
                true => gone.push((named(key, value), is_dev(kind))),
                false => kept.push(named(key, value)),
            }
        }
    });
    let stays = |one: &Named| features::stays(one, &kept);
    for_each_table(manifest, &mut |target, kind, dependencies| {
        dependencies
            .retain(|key, value| !what.has(target, kind, key, value) || (!is_dev(kind) && stays(&named(key, value))));
    });
    let (stayed, gone): (Vec<_>, Vec<_>) = gone.into_iter().partition(|(one, dev)| !dev && stays(one));
    kept.extend(stayed.into_iter().map(|(one, _)| one));
    let gone: Vec<Named> = gone.into_iter().map(|(one, _)| one).collect();
    remove_empty(manifest);

    let before = features_of(manifest);
    let mut after = features::without(&before, &kept, &gone, what.everywhere);
    if let Some(used) = what.used {
        // Those of optional dependencies that are gone have nothing in them already.
        after.iter_mut().filter(|(name, _)| !used.features.contains(*name)).for_each(|(_, values)| values.clear());
    }
    if after != before {
        let list = |values: Vec<String>| Value::Array(values.into_iter().map(Value::String).collect());
        let table = after.into_iter().map(|(name, values)| (name, list(values))).collect();
        manifest.insert("features".to_owned(), Value::Table(table));
    }
}

impl LeftOut<'_> {
    fn has(&self, target: Option<&str>, kind: &str, key: &str, value: &Value) -> bool {
        (self.dev && is_dev(kind))
            || target.is_some_and(|target| self.targets.iter().any(|other| other == target))
            || self.used.is_some_and(|used| named(key, value).optional && !used.dependencies.contains(key))
    }
}

fn is_dev(kind: &str) -> bool {
    kind.starts_with("dev")
}

/// Calls with each table of dependencies: its platform, its name, itself.
fn for_each_table(manifest: &mut Table, act: &mut dyn FnMut(Option<&str>, &str, &mut Table)) {
    for kind in DEPENDENCIES {
        if let Some(Value::Table(dependencies)) = manifest.get_mut(kind) {
            act(None, kind, dependencies);
        }
    }
    if let Some(Value::Table(targets)) = manifest.get_mut("target") {
        for (target, table) in targets.iter_mut() {
            for kind in DEPENDENCIES {
                if let Some(Value::Table(dependencies)) = table.get_mut(kind) {
                    act(Some(target), kind, dependencies);
                }
            }
        }
    }
}

/// A dependency as features see it; requirements that differ only in how they are spelled count as different.
fn named(key: &str, value: &Value) -> Named {
    let mut asks = match value {
        Value::Table(table) => table.clone(),
        version => Table::from_iter([("version".to_owned(), version.clone())]),
    };
    let optional = asks.remove("optional").as_ref().and_then(Value::as_bool).unwrap_or(false);
    for key in ["features", "default-features", "default_features"] {
        asks.remove(key);
    }
    asks.entry("package").or_insert_with(|| Value::String(key.to_owned()));
    Named { name: key.to_owned(), optional, asks: asks.to_string() }
}

fn remove_empty(manifest: &mut Table) {
    let is_empty = |value: &Value| value.as_table().is_some_and(Table::is_empty);
    if let Some(Value::Table(targets)) = manifest.get_mut("target") {
        for (_, table) in targets.iter_mut() {
            if let Value::Table(table) = table {
                table.retain(|kind, value| !(DEPENDENCIES.contains(&kind) && is_empty(value)));
            }
        }
        targets.retain(|_, table| !is_empty(table));
    }
    manifest.retain(|key, value| !((DEPENDENCIES.contains(&key) || key == "target") && is_empty(value)));
}

fn features_of(manifest: &Table) -> Features {
    let texts = |value: &Value| {
        value.as_array().into_iter().flatten().filter_map(Value::as_str).map(str::to_owned).collect::<Vec<_>>()
    };
    let table = manifest.get("features").and_then(Value::as_table);
    table.into_iter().flatten().map(|(name, values)| (name.clone(), texts(values))).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_no_feature_set_uses_is_left_out() {
        let mut manifest: Table = r#"
[features]
default = ["std"]
std = ["on/std", "tls?/std"]
tls = ["dep:tls", "on/tls"]
[dependencies]
on = { version = "1", optional = true }
tls = { version = "1", optional = true }
always = "1"
[target.'cfg(unix)'.dependencies]
tls = { version = "1", optional = true }
[dev-dependencies]
tls = "2"
"#
        .parse()
        .unwrap();
        let set = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect();
        let used = Used { features: set(&["default", "std", "on"]), dependencies: set(&["on"]) };
        leave_out(&mut manifest, LeftOut { used: Some(&used), ..LeftOut::default() });
        let expected: Table = r#"
[features]
default = ["std"]
std = ["on/std", "tls/std"]
tls = []
[dependencies]
on = { version = "1", optional = true }
always = "1"
[dev-dependencies]
tls = "2"
"#
        .parse()
        .unwrap();
        assert_eq!(manifest, expected);
    }

    #[test]
    fn features_refer_to_what_is_left() {
        let mut manifest: Table = r#"
[features]
default = ["win", "twin"]
win = ["dep:win", "on?/x"]
js = ["itoa"]
test = ["proptest/std"]
twin = ["on/std"]
[dependencies]
on = { version = "1", optional = true }
[target.'cfg(windows)'.dependencies]
win = { version = "1", optional = true }
itoa = { version = "1", optional = true }
on = { version = "1", optional = true, features = ["more"] }
other = "2"
[target.'cfg(windows)'.dev-dependencies]
on = "1"
[dev-dependencies]
proptest = "1"
"#
        .parse()
        .unwrap();
        let targets = ["cfg(windows)".to_owned()];
        leave_out(&mut manifest, LeftOut { dev: true, targets: &targets, ..LeftOut::default() });
        let expected: Table = r#"
[features]
default = ["win", "twin"]
win = ["on?/x"]
js = ["itoa"]
itoa = []
test = []
twin = ["on/std"]
[dependencies]
on = { version = "1", optional = true }
[target.'cfg(windows)'.dependencies]
on = { version = "1", optional = true, features = ["more"] }
"#
        .parse()
        .unwrap();
        assert_eq!(manifest, expected);
    }
}
