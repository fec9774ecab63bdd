//! Reads the policy of a workspace: `compat/suppressions/*.toml` and `compat/baseline.toml`.

use std::path::Path;

use compatrix_leak::{baseline, baseline::Baseline, suppress, Policy};
use shaped_toml::Diagnostics;

use crate::sys::error::Error;
use crate::sys::files;

/// The folder of suppressions, below the workspace's root.
const FOLDER: &str = "compat/suppressions";

/// The workspace's suppressions, in the order of their files' names, and its baseline. Without the files there are none.
///
/// # Errors
/// All problems of all files at once.
pub fn load(root: &Path) -> Result<Policy, Error> {
    let mut policy = Policy::default();
    let mut wrong: Vec<Diagnostics> = Vec::new();
    for path in files::list(&root.join(FOLDER))?.iter().filter(|path| path.extension().is_some_and(|e| e == "toml")) {
        let name = format!("{FOLDER}/{}", path.file_name().unwrap_or_default().to_string_lossy());
        match suppress::parse_bytes(&files::read(path)?, &name, &policy.suppressions) {
            Ok(more) => policy.suppressions.extend(more),
            Err(problems) => wrong.push(problems),
        }
    }
    let path = root.join(baseline::FILE);
    if files::exists(&path) {
        match Baseline::parse_bytes(&files::read(&path)?, baseline::FILE) {
            Ok(read) => policy.baseline = read,
            Err(problems) => wrong.push(problems),
        }
    }
    let mut wrong = wrong.into_iter();
    match wrong.next() {
        None => Ok(policy),
        Some(first) => Err(Error::Spec(Box::new(Diagnostics { others: wrong.collect(), ..first }))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn all_files_are_read_and_all_their_errors_told() {
        let root = tempfile::tempdir().unwrap();
        assert_eq!(load(root.path()).unwrap(), Policy::default());
        let write = |path: &str, text: &str| {
            let path = root.path().join(path);
            files::make_dir(path.parent().unwrap()).unwrap();
            files::write(&path, text.as_bytes()).unwrap();
        };
        let own = |name: &str| {
            format!("[[suppression]]\nname = \"{name}\"\ntool = \"asan\"\nframes = [\"f\"]\nreason = \"r\"\n")
        };
        write("compat/suppressions/a.toml", &own("a"));
        write("compat/suppressions/b.toml", &own("b"));
        write("compat/suppressions/notes.txt", "not read");
        write("compat/baseline.toml", "");
        let names = |policy: Policy| policy.suppressions.into_iter().filter_map(|s| s.file.map(|_| s.name));
        assert_eq!(names(load(root.path()).unwrap()).collect::<Vec<_>>(), ["a", "b"]);

        write("compat/suppressions/b.toml", &own("a"));
        write("compat/baseline.toml", "[[accepted]]\nfingerprint = \"x\"\n");
        let Err(error @ Error::Spec(_)) = load(root.path()) else { panic!("no errors of the files") };
        assert_eq!(error.exit_code().number(), 2);
        let shown = error.to_string();
        assert!(
            shown.contains("compat/suppressions/b.toml:2:8: error: a suppression `a` already exists: it is in"),
            "{shown}"
        );
        assert!(shown.contains("compat/baseline.toml:2:15: error: `x` is not a fingerprint"), "{shown}");
        let Error::Spec(problems) = error else { unreachable!() };
        let drawn = problems.render(false, 100);
        assert!(drawn.contains("b.toml:2:8") && drawn.contains("baseline.toml:2:15"), "{drawn}");
    }
}
