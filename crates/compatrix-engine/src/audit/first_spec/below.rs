//! Manifests below a folder: packages beside the workspace, and where to go if there is none.

use std::collections::VecDeque;
use std::path::{Path, PathBuf};

use compatrix_audit::first_spec::Noted;

use crate::find::manifest_text::{shown, text_at};
use crate::sys::files;

/// How deep, and how many folders are looked into at most.
const DEEPEST: usize = 4;
const MOST_FOLDERS: usize = 3000;
/// The most packages named.
const MOST: usize = 12;

/// Folders without packages of the project's own.
const SKIPPED: [&str; 12] = [
    "target",
    "node_modules",
    "vendor",
    "third_party",
    "third-party",
    "fixtures",
    "testdata",
    "test-data",
    "test_data",
    "ui",
    "template",
    "templates",
];

/// The packages below a folder, the nearest first, with the name and the manifest relative to it; of a workspace, its root
/// alone.
pub fn packages_below(folder: &Path) -> Vec<Noted> {
    let mut found: Vec<Noted> = Vec::new();
    for (manifest, text) in manifests(folder) {
        let path = shown(folder, &manifest);
        let inside = |known: &Noted| {
            known.why == "a workspace" && path.starts_with(known.value.strip_suffix("Cargo.toml").unwrap_or_default())
        };
        let name = text_at(&text, &["package", "name"]);
        let workspace = text.lines().any(|line| line.trim_start().starts_with("[workspace"));
        let why = if workspace { "a workspace".to_owned() } else { format!("`{}`", name.unwrap_or_default()) };
        if !found.iter().any(inside) {
            found.push(Noted::new(path, why));
        }
    }
    found.truncate(MOST);
    found
}

/// Packages below the root that are none of these and have tests, each with its manifest.
pub(super) fn outside(root: &Path, members: &[PathBuf]) -> Vec<Noted> {
    let members: Vec<PathBuf> = members.iter().filter_map(|path| files::real(path).ok()).collect();
    let others =
        manifests(root).into_iter().filter(|(path, _)| files::real(path).is_ok_and(|real| !members.contains(&real)));
    let tested = others.filter_map(|(path, text)| {
        let name = text_at(&text, &["package", "name"])?;
        has_tests(path.parent()?).then(|| Noted::new(shown(root, &path), format!("the package `{name}` has tests")))
    });
    tested.take(MOST).collect()
}

/// The manifests below a folder, in the order of depth.
fn manifests(folder: &Path) -> Vec<(PathBuf, String)> {
    let mut found = Vec::new();
    let mut todo = VecDeque::from([(folder.to_owned(), 0)]);
    let mut seen = 0;
    while let Some((dir, depth)) = todo.pop_front() {
        seen += 1;
        if seen > MOST_FOLDERS {
            break;
        }
        let manifest = dir.join("Cargo.toml");
        if let Ok(text) = files::read_text(&manifest) {
            found.push((manifest, text));
        }
        if depth == DEEPEST {
            continue;
        }
        for path in files::list(&dir).unwrap_or_default() {
            let name = path.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
            if !name.starts_with('.') && !SKIPPED.contains(&name.as_str()) && files::is_own_dir(&path) {
                todo.push_back((path, depth + 1));
            }
        }
    }
    found
}

fn has_tests(package: &Path) -> bool {
    let is_rust = |path: &PathBuf| path.extension().is_some_and(|extension| extension == "rs");
    let rust = |folder: &str| files::list(&package.join(folder)).unwrap_or_default().into_iter().filter(is_rust);
    let has_test = |path: PathBuf| files::read_text(&path).is_ok_and(|text| text.contains("test]"));
    rust("tests").next().is_some() || rust("src").take(50).any(has_test)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn packages_beside_a_workspace_are_found() {
        let root = tempfile::tempdir().unwrap();
        let write = |path: &str, text: &str| files::write(&root.path().join(path), text.as_bytes()).unwrap();
        let package = |name: &str| format!("[package]\nname = \"{name}\"\n");
        write("pool/Cargo.toml", &package("pool"));
        write("all/Cargo.toml", "[workspace]\nmembers = [\"*\"]\n");
        write("all/one/Cargo.toml", &package("one"));
        write("checks/Cargo.toml", &package("checks"));
        write("checks/tests/a.rs", "");
        write("inline/Cargo.toml", &package("inline"));
        write("inline/src/lib.rs", "#[tokio::test]\nasync fn works() {}\n");
        write("target/x/Cargo.toml", &package("x"));
        write("tests/fixtures/y/Cargo.toml", &package("y"));
        let below: Vec<_> = packages_below(root.path()).into_iter().map(|one| (one.value, one.why)).collect();
        let text = |a: &str, b: &str| (a.to_owned(), b.to_owned());
        assert_eq!(
            below,
            [
                text("all/Cargo.toml", "a workspace"),
                text("checks/Cargo.toml", "`checks`"),
                text("inline/Cargo.toml", "`inline`"),
                text("pool/Cargo.toml", "`pool`"),
            ]
        );
        let names = |members: &[PathBuf]| -> Vec<String> {
            outside(root.path(), members).into_iter().map(|one| one.value).collect()
        };
        assert_eq!(names(&[root.path().join("inline/Cargo.toml")]), ["checks/Cargo.toml"]);
    }
}
