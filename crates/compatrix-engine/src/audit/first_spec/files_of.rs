//! Hand-written files other than manifests and promises: pages, cargo configuration, scripts.

use std::path::{Path, PathBuf};

use compatrix_audit::first_spec::Noted;
use compatrix_audit::promise::is_generated;

use crate::find::manifest_text::{line_of, shown};
use crate::sys::files;

/// Scripts that may show how a workspace runs its tests.
const SCRIPTS: [&str; 6] = ["Makefile", "justfile", "Justfile", ".justfile", "Taskfile.yml", ".gitlab-ci.yml"];

/// Files right below `docs`, in lower case, but the page that we wrote and its picture.
pub(super) fn docs(root: &Path) -> Vec<String> {
    let paths = files::list(&root.join("docs")).unwrap_or_default();
    let is_ours = |path: &PathBuf| {
        let page = path.with_extension("md");
        files::read_text(&page).is_ok_and(|text| is_generated(&text))
    };
    let others = paths.iter().filter(|path| !is_ours(path));
    others.filter_map(|path| Some(path.file_name()?.to_string_lossy().to_lowercase())).collect()
}

/// `[env]` of the workspace's own cargo configuration.
pub(super) fn cargo_env(root: &Path, unread: &mut Vec<String>) -> Vec<(String, Noted)> {
    let mut found = Vec::new();
    for name in [".cargo/config.toml", ".cargo/config"] {
        let Ok(text) = files::read_text(&root.join(name)) else { continue };
        let table: toml::Table = text.parse().unwrap_or_default();
        for (key, value) in table.get("env").and_then(toml::Value::as_table).into_iter().flatten() {
            let at = line_of(&text, &["env", key]).map_or_else(|| name.to_owned(), |line| format!("{name}:{line}"));
            let relative = value.get("relative").and_then(toml::Value::as_bool) == Some(true);
            match value.as_str().or_else(|| value.get("value")?.as_str()) {
                Some(text) if !relative => found.push((key.clone(), Noted::new(text, at))),
                _ => {
                    unread.push(format!("{at}: the variable `{key}` is relative to its file; a spec cannot express it"))
                }
            }
        }
        break;
    }
    found
}

/// Where a script or workflow limits the number of test threads.
pub(super) fn threads(root: &Path) -> Option<Noted> {
    let workflows = files::list(&root.join(".github/workflows")).unwrap_or_default();
    let configs = [".cargo/config.toml", ".cargo/config"].map(|name| root.join(name));
    let scripts = SCRIPTS.iter().map(|name| root.join(name));
    for path in workflows.into_iter().chain(configs).chain(scripts) {
        let Ok(text) = files::read_text(&path) else { continue };
        let found = text.lines().enumerate().find_map(|(n, line)| Some((n + 1, limit(line)?)));
        if let Some((line, threads)) = found {
            return Some(Noted::new(format!("--test-threads={threads}"), format!("{}:{line}", shown(root, &path))));
        }
    }
    None
}

/// The number of threads that a line limits tests to.
fn limit(line: &str) -> Option<u16> {
    if line.trim_start().starts_with('#') {
        return None;
    }
    ["--test-threads", "RUST_TEST_THREADS"].iter().find_map(|sign| {
        let rest = &line[line.find(sign)? + sign.len()..];
        let digits = rest.trim_start_matches(['=', ':', ' ', '"', '\'', ',']);
        let end = digits.find(|c: char| !c.is_ascii_digit()).unwrap_or(digits.len());
        digits[..end].parse().ok().filter(|&threads| threads > 0)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn limits_of_threads_are_read_as_people_write_them() {
        for line in [
            "  run: cargo test -- --test-threads=1",
            "cargo test --all -- --test-threads 1 --nocapture",
            "  RUST_TEST_THREADS: \"1\"",
            "RUST_TEST_THREADS=1 cargo test",
            "test = \"RUST_TEST_THREADS = '1'\"",
            "t = [\"test\", \"--\", \"--test-threads\", \"1\"]",
        ] {
            assert_eq!(limit(line), Some(1), "{line}");
        }
        for line in ["# --test-threads=1", "cargo test", "--test-threads=$N", "RUST_TEST_THREADS: 0"] {
            assert_eq!(limit(line), None, "{line}");
        }
    }
}
