//! Whether the workspace's `cargo xtask` is Compatrix: the one place that decides how its jobs and pages start the tool.
//!
//! An xtask that does not depend on compatrix is the workspace's own, and nothing of ours ever starts it.

use std::path::{Path, PathBuf};

use compatrix_ci::generate::XtaskPackage;

use crate::sys::error::Error;
use crate::sys::files;

/// The package behind `cargo xtask`, if its manifest depends on compatrix.
///
/// # Errors
/// A manifest, or cargo's configuration, cannot be read.
pub fn own_xtask(root: &Path) -> Result<Option<XtaskPackage>, Error> {
    let Some(Started { manifest, binary }) = started(root)? else { return Ok(None) };
    let Some(package) = table(&manifest)? else { return Ok(None) };
    let workspace = table(&root.join("Cargo.toml"))?.unwrap_or_default();
    if !depends_on_compatrix(&package, &workspace) {
        return Ok(None);
    }
    let text = |table: &toml::Table, key: &str| table.get(key).and_then(toml::Value::as_str).map(str::to_owned);
    let of_package = package.get("package").and_then(toml::Value::as_table);
    let first = package.get("bin").and_then(toml::Value::as_array).and_then(|bins| bins.first());
    let binary = binary
        .or_else(|| text(of_package?, "default-run"))
        .or_else(|| text(first?.as_table()?, "name"))
        .or_else(|| text(of_package?, "name"));
    let manifest = manifest.strip_prefix(root).ok().map(files::slashed);
    Ok(manifest.zip(binary).map(|(manifest, binary)| XtaskPackage { manifest, binary }))
}

/// What `cargo xtask` starts.
struct Started {
    manifest: PathBuf,
    binary: Option<String>,
}

/// By the alias; without one, the package in `xtask`, which has its name from the convention.
fn started(root: &Path) -> Result<Option<Started>, Error> {
    let Some(words) = alias(root)? else {
        return Ok(Some(Started { manifest: root.join("xtask/Cargo.toml"), binary: None }));
    };
    if !matches!(words.first().map(String::as_str), Some("run" | "r")) {
        return Ok(None);
    }
    let option = |names: &[&str]| {
        let before = words.iter().take_while(|word| *word != "--");
        let words: Vec<&String> = before.collect();
        words.iter().enumerate().find_map(|(n, word)| {
            let equals = names.iter().find_map(|name| word.strip_prefix(name)?.strip_prefix('='));
            let next = || names.contains(&word.as_str()).then(|| words.get(n + 1).map(|next| next.as_str())).flatten();
            equals.or_else(next).map(str::to_owned)
        })
    };
    let binary = option(&["--bin"]);
    if let Some(path) = option(&["--manifest-path"]) {
        return Ok(Some(Started { manifest: root.join(path), binary }));
    }
    let package = option(&["--package", "-p"]);
    for manifest in manifests(root)? {
        let Some(table) = table(&manifest)? else { continue };
        let name = |table: Option<&toml::Value>| table?.get("name")?.as_str().map(str::to_owned);
        let is_named = match (&package, &binary) {
            (Some(package), _) => name(table.get("package")).as_ref() == Some(package),
            (None, Some(binary)) => {
                let bins = table.get("bin").and_then(toml::Value::as_array).into_iter().flatten();
                bins.map(|bin| name(Some(bin)))
                    .chain([name(table.get("package"))])
                    .any(|it| it.as_ref() == Some(binary))
            }
            (None, None) => manifest == root.join("Cargo.toml") && table.contains_key("package"),
        };
        if is_named {
            return Ok(Some(Started { manifest, binary }));
        }
    }
    Ok(None)
}

/// The words of the alias `xtask`: of the workspace, or of a folder above it in its repository, as cargo looks for it.
fn alias(root: &Path) -> Result<Option<Vec<String>>, Error> {
    for folder in root.ancestors() {
        for name in [".cargo/config.toml", ".cargo/config"] {
            let config = table(&folder.join(name))?;
            let alias = config.as_ref().and_then(|config| config.get("alias")?.get("xtask").cloned());
            match alias {
                Some(toml::Value::String(text)) => {
                    return Ok(Some(text.split_whitespace().map(str::to_owned).collect()))
                }
                Some(toml::Value::Array(words)) => {
                    return Ok(Some(words.iter().filter_map(toml::Value::as_str).map(str::to_owned).collect()))
                }
                _ => {}
            }
        }
        if files::exists(&folder.join(".git")) {
            break;
        }
    }
    Ok(None)
}

/// The manifests of the workspace: of its root, and of the members that it lists.
fn manifests(root: &Path) -> Result<Vec<PathBuf>, Error> {
    let mut found = vec![root.join("Cargo.toml")];
    let workspace = table(&found[0])?.unwrap_or_default();
    let members = workspace.get("workspace").and_then(|workspace| workspace.get("members")?.as_array().cloned());
    for member in members.iter().flatten().filter_map(toml::Value::as_str) {
        match member.rsplit_once('/').unwrap_or(("", member)) {
            (parent, last) if last.contains(['*', '?', '[']) => {
                let glob = files::path_glob(last)?;
                let is_member = |path: &PathBuf| path.file_name().is_some_and(|name| glob.is_match(name));
                let folders = files::list(&root.join(parent))?.into_iter().filter(is_member);
                found.extend(folders.map(|folder| folder.join("Cargo.toml")));
            }
            _ => found.push(root.join(member).join("Cargo.toml")),
        }
    }
    // A package that the root lists nowhere may be a member by being a dependency.
    found.push(root.join("xtask/Cargo.toml"));
    found.retain(|manifest| files::exists(manifest));
    Ok(found)
}

/// Whether a package's own code can call Compatrix: a dependency of that name, whatever it is called in the code.
fn depends_on_compatrix(package: &toml::Table, workspace: &toml::Table) -> bool {
    let of_targets = package.get("target").and_then(toml::Value::as_table).into_iter().flat_map(toml::Table::values);
    let tables = std::iter::once(package.get("dependencies")).chain(of_targets.map(|of| of.get("dependencies")));
    let mut dependencies = tables.flatten().filter_map(toml::Value::as_table).flatten();
    dependencies.any(|(name, value)| {
        let inherited = value.get("workspace").and_then(toml::Value::as_bool) == Some(true);
        let of = |table: &toml::Table| table.get("workspace")?.get("dependencies")?.get(name).cloned();
        let value = if inherited { of(package).or_else(|| of(workspace)) } else { Some(value.clone()) };
        value.is_some_and(|value| {
            let is_always = value.get("optional").and_then(toml::Value::as_bool) != Some(true);
            is_always && value.get("package").and_then(toml::Value::as_str).unwrap_or(name) == "compatrix"
        })
    })
}

fn table(path: &Path) -> Result<Option<toml::Table>, Error> {
    if !files::exists(path) {
        return Ok(None);
    }
    let text = files::read_text(path)?;
    text.parse().map(Some).map_err(|error| Error::usage(format!("{}: {error}", path.display())))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What a workspace of these files has for an xtask.
    #[track_caller]
    fn check(files: &[(&str, &str)], expected: Option<(&str, &str)>) {
        let folder = tempfile::tempdir().expect("a folder");
        files::make_dir(&folder.path().join(".git")).expect("a folder");
        for (path, text) in files {
            files::write(&folder.path().join(path), text.as_bytes()).expect("writes");
        }
        let found = own_xtask(folder.path()).expect("it is read");
        let found = found.as_ref().map(|package| (package.manifest.as_str(), package.binary.as_str()));
        assert_eq!(found, expected, "{files:?}");
    }

    const OURS: &str = "[package]\nname = 'xtask'\n[dependencies]\ncompatrix = { path = '../x' }\n";
    const THEIRS: &str =
        "[package]\nname = 'xtask'\n[dependencies]\nxshell = '1'\n[dev-dependencies]\ncompatrix = '1'\n";
    const ALIAS: &str = "[alias]\nxtask = 'run --quiet --package xtask --'\n";

    #[test]
    fn only_an_xtask_that_depends_on_compatrix_is_ours() {
        let ours = Some(("xtask/Cargo.toml", "xtask"));
        check(&[("Cargo.toml", "")], None);
        check(&[("xtask/Cargo.toml", OURS)], ours);
        check(&[("xtask/Cargo.toml", THEIRS)], None);
        check(&[("xtask/Cargo.toml", OURS), (".cargo/config.toml", ALIAS)], ours);
        check(&[("xtask/Cargo.toml", THEIRS), (".cargo/config.toml", ALIAS)], None);
        let manifest_path = "[alias]\nxtask = ['run', '--manifest-path', 'xtask/Cargo.toml', '--']\n";
        check(&[("xtask/Cargo.toml", OURS), (".cargo/config", manifest_path)], ours);
        check(&[("xtask/Cargo.toml", THEIRS), (".cargo/config", manifest_path)], None);
    }

    #[test]
    fn a_dependency_may_have_another_name_or_be_inherited() {
        let with = |dependencies: &str| format!("[package]\nname = 'x'\n[[bin]]\nname = 'go'\n{dependencies}\n");
        let ours = Some(("xtask/Cargo.toml", "go"));
        for dependencies in [
            "[dependencies]\ntool = { package = 'compatrix', version = '1' }",
            "[dependencies.compatrix]\ngit = 'https://example.org/x'",
            "[target.'cfg(unix)'.dependencies]\ncompatrix = '1'",
        ] {
            check(&[("xtask/Cargo.toml", &with(dependencies))], ours);
        }
        for dependency in ["{ package = 'other', version = '1' }", "{ version = '1', optional = true }"] {
            check(&[("xtask/Cargo.toml", &with(&format!("[dependencies]\ncompatrix = {dependency}")))], None);
        }
        let inherits = with("[dependencies]\nt.workspace = true");
        let root = |of: &str| format!("[workspace]\nmembers = ['xtask']\n[workspace.dependencies]\n{of}\n");
        let renamed = root("t = { package = 'compatrix', path = 'y' }");
        check(&[("Cargo.toml", &renamed), ("xtask/Cargo.toml", &inherits)], ours);
        check(&[("Cargo.toml", &root("t = '1'")), ("xtask/Cargo.toml", &inherits)], None);
    }

    #[test]
    fn the_alias_names_the_package() {
        let member = "[workspace]\nmembers = ['tools/*']\n";
        let package = OURS.replace("'xtask'", "'chores'");
        let alias = |words: &str| format!("[alias]\nxtask = '{words}'\n");
        let found = Some(("tools/chores/Cargo.toml", "chores"));
        for words in ["run -p chores --", "run --package=chores --release --", "r --bin chores --"] {
            let config = alias(words);
            let files = [
                ("Cargo.toml", member),
                ("tools/chores/Cargo.toml", &package),
                (".cargo/config.toml", &config),
                // A folder by the usual name that the alias does not mean.
                ("xtask/Cargo.toml", THEIRS),
            ];
            check(&files, found);
        }
        // `cargo xtask` is somebody else's program, whatever is in the folder.
        let config = alias("run -p releases --");
        let releases = THEIRS.replace("'xtask'", "'releases'");
        let files = [
            ("Cargo.toml", member),
            ("tools/releases/Cargo.toml", &releases),
            (".cargo/config.toml", &config),
            ("xtask/Cargo.toml", OURS),
        ];
        check(&files, None);
        check(&[("xtask/Cargo.toml", OURS), (".cargo/config.toml", &alias("b --release"))], None);
        check(&[("xtask/Cargo.toml", OURS), (".cargo/config.toml", &alias("run -p lost --"))], None);
        let root = "[package]\nname = 'root'\n[dependencies]\ncompatrix = '1'\n";
        check(&[("Cargo.toml", root), (".cargo/config.toml", &alias("run --"))], Some(("Cargo.toml", "root")));
    }

    #[test]
    fn a_manifest_that_is_no_toml_is_named() {
        let folder = tempfile::tempdir().expect("a folder");
        files::write(&folder.path().join("xtask/Cargo.toml"), b"[package").expect("writes");
        let error = own_xtask(folder.path()).expect_err("refused").to_string();
        assert!(error.contains("xtask/Cargo.toml"), "{error}");
    }
}
