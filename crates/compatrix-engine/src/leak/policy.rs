//! Reads the policy of a workspace: `compat/suppressions/*.toml` and `compat/baseline.toml`.

use std::path::Path;

use compatrix_model::leak::baseline::{self, Baseline};
use compatrix_model::leak::suppress;
use compatrix_model::leak::Policy;
use compatrix_model::spec::Diagnostics;

use crate::error::Error;
use crate::files;

/// The folder of suppressions, below the workspace's root.
const FOLDER: &str = "compat/suppressions";

/// The workspace's suppressions, in the order of their files' names, and its baseline. Without the files there are none.
///
/// # Errors
/// All that is wrong with all of the files, at once.
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
