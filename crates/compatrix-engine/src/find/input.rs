//! Inputs that a build names beyond its sources: files, folders and variables, and their state now.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use compatrix_model::hash::Sha256;
use serde::{Deserialize, Serialize};

use crate::sys::files;
use crate::sys::host::Host;

/// More files than this below one folder, and its state is unknown.
const MOST_FILES: usize = 50_000;

/// Something that decides what a build makes.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub(crate) enum Input {
    /// A file, absolute or below the workspace's root.
    File(PathBuf),
    /// All files of a folder.
    Folder(PathBuf),
    /// The files that have this name on a system where case does not count.
    AnyCase(PathBuf),
    /// A variable of the build's environment.
    Variable(String),
}

/// The states of inputs: a hash, or a word for what is not there. `None` is an unknown state.
pub(crate) type States = BTreeMap<Input, Option<String>>;

impl Input {
    /// The file or folder at this path as it is now.
    pub(crate) fn at(host: &Host, path: &Path) -> Self {
        let kept = path.strip_prefix(&host.root).unwrap_or(path).to_owned();
        if path.is_dir() {
            Self::Folder(kept)
        } else {
            Self::File(kept)
        }
    }

    /// The files of this name in any case.
    pub(crate) fn any_case(host: &Host, path: &Path) -> Self {
        Self::AnyCase(path.strip_prefix(&host.root).unwrap_or(path).to_owned())
    }

    /// The absolute path, if it is one.
    pub(crate) fn path(&self, host: &Host) -> Option<PathBuf> {
        match self {
            Self::File(path) | Self::Folder(path) | Self::AnyCase(path) => Some(host.root.join(path)),
            Self::Variable(_) => None,
        }
    }

    fn state(&self, host: &Host, env: &BTreeMap<String, String>) -> Option<String> {
        match self {
            // A folder may stand where a file was.
            Self::File(path) | Self::Folder(path) => state_of_path(host, &host.root.join(path)),
            Self::AnyCase(path) => Some(states_of_names(host, &host.root.join(path))),
            Self::Variable(name) => Some(env.get(name).map_or_else(|| "unset".to_owned(), |value| format!("={value}"))),
        }
    }
}

/// What is at this path; `None` if that is too much to look at.
pub(crate) fn state_of_path(host: &Host, path: &Path) -> Option<String> {
    if path.is_dir() {
        return folder(host, path).map(|hash| hash.to_string());
    }
    if !files::exists(path) {
        return Some("absent".to_owned());
    }
    Some(files::sha256(path, &host.memo).map_or_else(|_| "unreadable".to_owned(), |hash| hash.to_string()))
}

/// What has this name in its folder, whatever the case: names and states.
fn states_of_names(host: &Host, path: &Path) -> String {
    let name = |path: &Path| path.file_name().unwrap_or_default().to_string_lossy().to_lowercase();
    let (dir, wanted) = (path.parent().unwrap_or(path), name(path));
    let all = files::list(dir).unwrap_or_default();
    let found: Vec<String> = all
        .iter()
        .filter(|path| name(path) == wanted)
        .map(|path| format!("{} {}", path.display(), state_of_path(host, path).unwrap_or_default()))
        .collect();
    if found.is_empty() {
        "absent".to_owned()
    } else {
        found.join("\n")
    }
}

/// The files below a folder, but git's own and those that builds make.
fn folder(host: &Host, dir: &Path) -> Option<Sha256> {
    let target = host.root.join("target");
    let mut lines = Vec::new();
    let mut todo = vec![dir.to_owned()];
    while let Some(dir) = todo.pop() {
        for path in files::list(&dir).unwrap_or_default() {
            if path == target || path.file_name().is_some_and(|name| name == ".git") {
                continue;
            }
            if files::is_own_dir(&path) {
                todo.push(path);
            } else if lines.len() >= MOST_FILES {
                return None;
            } else {
                // A link to a folder counts by its text, so that none goes round.
                let state = match path.is_dir() {
                    true => files::link_text(&path).ok(),
                    false => state_of_path(host, &path),
                };
                lines.push(format!("{} {}", path.display(), state.unwrap_or_default()));
            }
        }
    }
    lines.sort();
    Some(files::hash_parts(lines.iter().map(String::as_str)))
}

/// States that were asked for once, in one moment.
#[derive(Debug, Default)]
pub(crate) struct Looked {
    known: BTreeMap<Input, Option<String>>,
}

impl Looked {
    /// What these inputs are now, in an environment of builds.
    pub(crate) fn states<'i>(
        &mut self,
        host: &Host,
        env: &BTreeMap<String, String>,
        inputs: impl IntoIterator<Item = &'i Input>,
    ) -> States {
        let one = |input: &Input| {
            let state = self.known.entry(input.clone()).or_insert_with(|| input.state(host, env));
            (input.clone(), state.clone())
        };
        inputs.into_iter().map(one).collect()
    }
}

/// The hash of states; `None` if one of them is unknown.
pub(crate) fn hash(states: &States) -> Option<Sha256> {
    let line = |(input, state): (&Input, &Option<String>)| Some(format!("{input:?} {}", state.as_ref()?));
    let lines: Option<Vec<String>> = states.iter().map(line).collect();
    Some(files::hash_parts(lines?.iter().map(String::as_str)))
}

/// The inputs of states.
pub(crate) fn names(states: &States) -> BTreeSet<Input> {
    states.keys().cloned().collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_of_any_case_is_seen_to_come_change_and_go() {
        let dir = tempfile::tempdir().unwrap();
        let host = Host::for_test(dir.path());
        let input = Input::any_case(&host, &dir.path().join("deps/sqlite3.dll"));
        let state = || input.state(&host, &BTreeMap::new()).unwrap();
        assert_eq!(state(), "absent");
        let odd = dir.path().join("deps/sQlItE3.dLL");
        files::write(&odd, b"one").unwrap();
        files::write(&dir.path().join("deps/other.dll"), b"other").unwrap();
        let first = state();
        assert!(first.contains("sQlItE3.dLL") && !first.contains("other.dll"), "{first}");
        files::write(&odd, b"two").unwrap();
        assert_ne!(state(), first);
        files::remove(&odd).unwrap();
        assert_eq!(state(), "absent");
    }
}
