//! Evidence as another revision has it: what a difference is shown against.

use std::path::Path;

use compatrix_model::evidence_file::EvidenceFile;

use crate::sys::host::{last_lines, Host};
use crate::sys::process::Command;

/// The evidence files of this folder, below the root, as they are in this git revision; none where it has no such folder.
///
/// # Errors
/// It cannot be told, and why: no git, no such revision (a clone may be too shallow), files that cannot be read. No reason
/// to fail: texts for people.
pub fn evidence(host: &Host, rev: &str, folder: &str) -> Result<Vec<EvidenceFile>, String> {
    let git = host.ambient.find("git").ok_or("git is not on PATH")?;
    let name = format!("{rev}^{{commit}}");
    let commit = ask(host, &git, &["rev-parse", "--verify", "--quiet", "--end-of-options", &name]).map_err(|_| {
        format!("git knows no revision `{rev}`; a clone may be too shallow for it: `git fetch --deepen 1`, or `fetch-depth: 2`")
    })?;
    let commit = commit.trim();
    let below = format!("./{}/", folder.trim_matches('/'));
    let names = ask(host, &git, &["ls-tree", "-z", "--name-only", commit, "--", &below])?;
    let mut files = Vec::new();
    for name in names.split('\0').filter(|name| name.ends_with(".toml")) {
        let text = ask(host, &git, &["cat-file", "blob", &format!("{commit}:./{name}")])?;
        files.push(EvidenceFile::from_text(&text).map_err(|error| format!("{name} of {rev}: {error}"))?);
    }
    Ok(files)
}

/// All that git prints.
fn ask(host: &Host, git: &Path, args: &[&str]) -> Result<String, String> {
    let mut output = Vec::new();
    let finished = Command::new(git.to_string_lossy(), &host.root)
        .args(args.iter().copied())
        .envs(&host.ambient.for_builds())
        .env("GIT_OPTIONAL_LOCKS", "0")
        .env("LC_ALL", "C")
        .run_with(&host.supervisor, &mut |bytes| output.extend_from_slice(bytes), &mut |_| {})
        .map_err(|error| format!("cannot start {}: {error}", git.display()))?;
    if finished.status.success() {
        Ok(String::from_utf8_lossy(&output).into_owned())
    } else {
        Err(format!("`git {}` failed: {}", args.join(" "), last_lines(&finished.stderr.text(), 2)))
    }
}
