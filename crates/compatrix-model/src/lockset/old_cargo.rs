//! Manifests and configurations in a form that every cargo reads, where that changes nothing for the tests.
//!
//! What a cargo does not know it mostly ignores with a warning; here is what it refuses. None of it is part of a
//! published package but `cargo-features`, which a package therefore keeps.

use semver::Version;
use toml::{Table, Value};

/// Keys of profiles that only a nightly cargo reads, and only with `cargo-features` (Cargo reference, "Unstable
/// Features").
const UNSTABLE: [&str; 4] = ["rustflags", "codegen-backend", "codegen_backend", "trim-paths"];

/// Something that cargos before a release refuse.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refused {
    /// The path of the key.
    pub keys: Vec<String>,
    /// Its value, as TOML.
    pub value: String,
    /// The first cargo that reads it.
    pub since: Version,
}

/// Rewrites a manifest so that every cargo parses it. `is_virtual`: whether it is a root without a package.
pub(super) fn for_every_cargo(manifest: &mut Table, is_virtual: bool) {
    if is_virtual {
        manifest.remove("cargo-features");
    }
    let unstable = manifest.contains_key("cargo-features");
    if let Some(Value::Table(profiles)) = manifest.get_mut("profile") {
        for (_, profile) in profiles.iter_mut() {
            for_each_setting(profile, &mut Vec::new(), &mut |_, settings| plain_profile(settings, unstable));
        }
    }
    if let Some(Value::Table(package)) = manifest.get_mut("package") {
        // The root's decides; elsewhere cargo ignores it, once it has parsed it.
        package.remove("resolver");
        // Optional since 1.75; then it is this.
        package.entry("version").or_insert_with(|| Value::String("0.0.0".to_owned()));
    }
}

fn plain_profile(settings: &mut Table, unstable: bool) {
    if let Some(debug) = settings.get_mut("debug") {
        if let Some(level) = debug.as_str().and_then(debug_level) {
            *debug = Value::Integer(level);
        }
    }
    if !unstable {
        settings.retain(|key, _| !UNSTABLE.contains(&key));
        if settings.get("panic").and_then(Value::as_str) == Some("immediate-abort") {
            settings.remove("panic");
        }
    }
}

/// The settings of a profile, then those for its packages and build scripts.
fn for_each_setting(profile: &mut Value, path: &mut Vec<String>, act: &mut dyn FnMut(&[String], &mut Table)) {
    let Value::Table(profile) = profile else { return };
    act(path, profile);
    if let Some(build) = profile.get_mut("build-override") {
        path.push("build-override".to_owned());
        for_each_setting(build, path, act);
        path.pop();
    }
    if let Some(Value::Table(packages)) = profile.get_mut("package") {
        for (name, package) in packages.iter_mut() {
            path.extend(["package".to_owned(), name.clone()]);
            for_each_setting(package, path, act);
            path.truncate(path.len() - 2);
        }
    }
}

/// The number that means what a name does, or most of it (Cargo reference, "Profiles", `debug`).
fn debug_level(name: &str) -> Option<i64> {
    match name {
        "none" => Some(0),
        "line-directives-only" | "line-tables-only" | "limited" => Some(1),
        "full" => Some(2),
        _ => None,
    }
}

/// What cargos of before some release refuse in a manifest or a configuration: names of `debug` levels, and in a
/// configuration `build.jobs = "default"` and `target.TRIPLE.rustdocflags`.
pub fn refused(document: &Table) -> Vec<Refused> {
    let mut found = Vec::new();
    let mut add = |keys: Vec<String>, value: &Value, minor: u64| {
        found.push(Refused { keys, value: value.to_string(), since: Version::new(1, minor, 0) });
    };
    let table = |key: &str| document.get(key).and_then(Value::as_table).into_iter().flatten();
    for (name, profile) in table("profile") {
        for_each_setting(&mut profile.clone(), &mut Vec::new(), &mut |path, settings| {
            let Some(value) = settings.get("debug").filter(|value| value.is_str()) else { return };
            let keys = ["profile", name].map(str::to_owned).into_iter().chain(path.iter().cloned());
            add(keys.chain(["debug".to_owned()]).collect(), value, 71);
        });
    }
    for (key, value) in table("build").filter(|(key, value)| *key == "jobs" && value.is_str()) {
        add(vec!["build".to_owned(), key.clone()], value, 72);
    }
    // A manifest has tables of this name too, and no such key in them.
    for (name, target) in table("target").filter(|(name, _)| !name.starts_with("cfg(")) {
        if let Some(value) = target.get("rustdocflags") {
            add(vec!["target".to_owned(), name.clone(), "rustdocflags".to_owned()], value, 78);
        }
    }
    found
}

/// What every cargo reads in place of it, if there is something: a number. That of jobs is ours to choose.
pub fn plain(refused: &Refused) -> Option<String> {
    match refused.keys.last().map(String::as_str) {
        Some("jobs") => Some("a number".to_owned()),
        _ => debug_level(refused.value.trim_matches('"')).map(|level| level.to_string()),
    }
}

/// What a configuration nearer to the workspace must say so that every cargo reads this one: numbers in place of words.
/// cargo takes the nearer value, also if it is of another type.
pub fn plain_config(config: &Table, jobs: usize) -> Table {
    let mut all = Table::new();
    for one in refused(config) {
        let Some(plain) = plain(&one) else { continue };
        let number = plain.parse().unwrap_or_else(|_| i64::try_from(jobs).unwrap_or(1));
        let nested = one
            .keys
            .iter()
            .rev()
            .fold(Value::Integer(number), |value, key| Value::Table(Table::from_iter([(key.clone(), value)])));
        if let Value::Table(nested) = nested {
            all = merged(all, nested);
        }
    }
    all
}

/// One configuration of two, as cargo merges them: tables by key, and of single values the nearer (Cargo reference,
/// "Hierarchical structure").
pub fn merged(nearer: Table, farther: Table) -> Table {
    let mut all = nearer;
    for (key, far) in farther {
        match (all.get_mut(&key), far) {
            (Some(Value::Table(near)), Value::Table(far)) => *near = merged(std::mem::take(near), far),
            (None, far) => {
                all.insert(key, far);
            }
            _ => {}
        }
    }
    all
}

#[cfg(test)]
mod tests {
    use super::*;

    fn table(text: &str) -> Table {
        text.parse().unwrap()
    }

    #[test]
    fn a_manifest_is_one_that_every_cargo_reads() {
        let profiles = r#"
[profile.dev]
debug = "line-tables-only"
opt-level = "s"
panic = "abort"
[profile.dev.build-override]
debug = "none"
[profile.dev.package."*"]
debug = "full"
[profile.release]
debug = 1
strip = "symbols"
"#;
        let package = "cargo-features = [\"x\"]\n[package]\nname = \"a\"\nresolver = \"3\"\n";
        let mut staged = table(&format!("{package}{profiles}"));
        for_every_cargo(&mut staged, false);
        let dev = &staged["profile"]["dev"];
        assert_eq!(dev["debug"].as_integer(), Some(1));
        assert_eq!(dev["build-override"]["debug"].as_integer(), Some(0));
        assert_eq!(dev["package"]["*"]["debug"].as_integer(), Some(2));
        assert_eq!((dev["opt-level"].as_str(), dev["panic"].as_str()), (Some("s"), Some("abort")));
        assert_eq!(staged["profile"]["release"], table(profiles)["profile"]["release"]);
        assert_eq!(staged["package"], table("a = { name = \"a\", version = \"0.0.0\" }")["a"]);
        assert!(staged.contains_key("cargo-features"), "it is published with the package");
    }

    #[test]
    fn a_virtual_root_has_nothing_that_only_a_nightly_reads() {
        let text = "cargo-features = [\"profile-rustflags\"]\n[profile.dev]\nrustflags = [\"-Cx\"]\ndebug = 0\n\
                    [profile.release]\npanic = \"immediate-abort\"\n";
        let mut staged = table(text);
        for_every_cargo(&mut staged, true);
        assert_eq!(staged, table("[profile.dev]\ndebug = 0\n[profile.release]\n"));
    }

    #[test]
    fn a_nearer_configuration_says_in_numbers_what_an_old_cargo_refuses() {
        let far = table(
            "[profile.dev]\ndebug = \"limited\"\n[profile.test]\ndebug = \"full\"\n[build]\njobs = \"default\"\n",
        );
        let near = table("[profile.dev]\ndebug = 2\nopt-level = 1\n");
        let all = merged(near, far.clone());
        assert_eq!(all["profile"]["dev"], table("a = { debug = 2, opt-level = 1 }")["a"]);
        assert_eq!(plain_config(&all, 8), table("[profile.test]\ndebug = 2\n[build]\njobs = 8\n"));
        assert_eq!(plain_config(&far, 8)["profile"]["dev"]["debug"].as_integer(), Some(1));
        assert_eq!(plain_config(&table("[build]\njobs = 4\n"), 8), Table::new());
        let first = &refused(&far)[0];
        assert_eq!((first.keys.join("."), first.value.as_str()), ("profile.dev.debug".into(), "\"limited\""));
    }
}
