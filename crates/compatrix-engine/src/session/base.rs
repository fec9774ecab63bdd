//! The evidence of another revision, to show differences against.

use compatrix_model::evidence_file::EvidenceFile;

use crate::sys::git::Git;
use crate::sys::host::Host;

/// The evidence files in this folder (relative to the root) at this git revision; empty if it has no such folder.
///
/// # Errors
/// It cannot be told, and why: no git, no such revision (a clone may be too shallow), files that cannot be read. No reason
/// to fail: texts for people.
pub fn evidence(host: &Host, rev: &str, folder: &str) -> Result<Vec<EvidenceFile>, String> {
    let git = Git::find(host).ok_or("git is not on PATH")?;
    let text = |error: anyhow::Error| format!("{error:#}");
    let commit = git.commit(rev).map_err(text)?.ok_or_else(|| {
        format!("git knows no revision `{rev}`; a clone may be too shallow for it: `git fetch --deepen 1`, or `fetch-depth: 2`")
    })?;
    let below = format!("./{}/", folder.trim_matches('/'));
    let names = git.list(&["ls-tree", "-z", "--name-only", &commit, "--", &below]).map_err(text)?;
    let mut files = Vec::new();
    for name in names.iter().filter(|name| name.ends_with(".toml")) {
        let text = git.file(&commit, &format!("./{name}")).map_err(text)?;
        files.push(EvidenceFile::from_text(&text).map_err(|error| format!("{name} of {rev}: {error}"))?);
    }
    Ok(files)
}
