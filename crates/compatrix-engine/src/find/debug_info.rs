//! Whether something already decides how much debug information builds have.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use toml::{Table, Value};

use crate::find::cargo_config::{self, ConfigFile};
use crate::sys::files;
use crate::sys::host::Host;

/// The profiles of `cargo test`: `test` inherits from `dev`.
const PROFILES: [&str; 2] = ["test", "dev"];

/// Whether nothing is to be switched off: the user's configuration says how much there is, which variables would overrule;
/// the manifest's profile has none anyway; or a build script of these packages reads `DEBUG`, so that other code may be
/// compiled, and fewer tests.
pub(crate) fn is_settled(host: &Host, packages: &BTreeSet<PathBuf>) -> bool {
    let config = cargo_config::with_included(cargo_config::files(&host.ambient, &host.root));
    let manifest = files::read_text(&host.root.join("Cargo.toml")).unwrap_or_default();
    config.iter().any(is_set_by) || is_off(&manifest) || packages.iter().any(|dir| is_read_by(dir))
}

/// Whether the build script of the package in this folder names the variable `DEBUG`.
fn is_read_by(dir: &Path) -> bool {
    let manifest: Table = files::read_text(&dir.join("Cargo.toml")).unwrap_or_default().parse().unwrap_or_default();
    let name = match manifest.get("package").and_then(|package| package.get("build")) {
        None | Some(Value::Boolean(true)) => "build.rs",
        // `build = false`
        Some(named) => named.as_str().unwrap_or_default(),
    };
    !name.is_empty() && files::read_text(&dir.join(name)).is_ok_and(|text| text.contains("\"DEBUG\""))
}

/// Whether a configuration has `debug` of a profile that tests are built with, or a flag of rustc.
fn is_set_by(file: &ConfigFile) -> bool {
    let table: Table = file.text.parse().unwrap_or_default();
    let targets = table.get("target").and_then(Value::as_table);
    let tables = table.get("build").into_iter().chain(targets.into_iter().flat_map(Table::values));
    let is_flag = |word: &str| word == "-g" || word.contains("debuginfo=");
    let has_flag = tables.filter_map(|table| table.get("rustflags")).any(|flags| match flags {
        Value::Array(all) => all.iter().filter_map(Value::as_str).any(is_flag),
        one => one.as_str().is_some_and(|text| text.split_whitespace().any(is_flag)),
    });
    has_flag || PROFILES.into_iter().any(|profile| debug_of(&table, profile).is_some())
}

/// Whether the manifest of a workspace has it off.
fn is_off(manifest: &str) -> bool {
    let table: Table = manifest.parse().unwrap_or_default();
    match PROFILES.into_iter().find_map(|profile| debug_of(&table, profile)) {
        Some(Value::Integer(level)) => *level == 0,
        Some(Value::Boolean(on)) => !on,
        Some(Value::String(word)) => word == "none",
        Some(_) | None => false,
    }
}

fn debug_of<'t>(table: &'t Table, profile: &str) -> Option<&'t Value> {
    table.get("profile")?.get(profile)?.get("debug")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_configuration_that_says_how_much_there_is_holds() {
        let is_set = |text: &str| is_set_by(&ConfigFile { path: "config.toml".into(), text: text.to_owned() });
        for text in [
            "[profile.dev]\ndebug = 1\n",
            "[profile.test]\ndebug = \"line-tables-only\"\n",
            "[profile.dev]\ndebug = false\n",
            "[build]\nrustflags = [\"-g\"]\n",
            "[build]\nrustflags = \"-C debuginfo=1\"\n",
            "[target.x86_64-unknown-linux-gnu]\nrustflags = [\"-Cdebuginfo=2\"]\n",
            "[target.'cfg(unix)']\nrustflags = [\"-C\", \"debuginfo=2\"]\n",
        ] {
            assert!(is_set(text), "{text}");
        }
        for text in [
            "[profile.release]\ndebug = 1\n",
            "[profile.dev]\nopt-level = 1\n",
            "[profile.dev.package.a]\ndebug = 2\n",
            "[build]\nrustflags = [\"--cfg\", \"g\"]\n",
            "not toml [",
        ] {
            assert!(!is_set(text), "{text}");
        }
    }

    #[test]
    fn a_build_script_that_reads_debug_is_found() {
        let reads = "fn main() { std::env::var(\"DEBUG\"); }\n";
        for (manifest, path, text, found) in [
            ("", "build.rs", reads, true),
            ("", "build.rs", "fn main() { std::env::var(\"DEBUGGER\"); }\n", false),
            ("", "src/main.rs", reads, false),
            ("build = \"made/script.rs\"\n", "made/script.rs", reads, true),
            ("build = \"script.rs\"\n", "build.rs", reads, false),
            ("build = false\n", "build.rs", reads, false),
            ("build = true\n", "build.rs", reads, true),
        ] {
            let dir = tempfile::tempdir().unwrap();
            files::write(&dir.path().join("Cargo.toml"), format!("[package]\nname = \"a\"\n{manifest}").as_bytes())
                .unwrap();
            files::make_dir(dir.path().join(path).parent().unwrap()).unwrap();
            files::write(&dir.path().join(path), text.as_bytes()).unwrap();
            assert_eq!(is_read_by(dir.path()), found, "{manifest} {path}");
        }
    }

    #[test]
    fn a_manifest_that_has_none_leaves_nothing_to_switch_off() {
        for (text, off) in [
            ("[profile.dev]\ndebug = 0\n", true),
            ("[profile.dev]\ndebug = false\n", true),
            ("[profile.dev]\ndebug = \"none\"\n", true),
            ("[profile.test]\ndebug = 0\n", true),
            ("[profile.dev]\ndebug = 2\n[profile.test]\ndebug = 0\n", true),
            ("[profile.dev]\ndebug = 0\n[profile.test]\ndebug = 2\n", false),
            ("[profile.dev]\ndebug = \"line-tables-only\"\n", false),
            ("[profile.dev]\ndebug = true\n", false),
            ("[profile.dev.package.a]\ndebug = 0\n", false),
            ("[package]\nname = \"a\"\n", false),
        ] {
            assert_eq!(is_off(text), off, "{text}");
        }
    }
}
