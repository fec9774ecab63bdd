//! The sources of a rehearsal: the commit of HEAD, fetched for each job.

use std::path::{Path, PathBuf};
use std::sync::mpsc::Sender;

use anyhow::anyhow;

use super::setup::{RehearsalEvent, Setup};
use crate::find::workspace;
use crate::sys::error::Error;
use crate::sys::files;
use crate::sys::git::Git;

/// The repository that is rehearsed.
#[derive(Debug)]
pub(super) struct Origin {
    top: PathBuf,
    /// The commit of HEAD.
    pub(super) commit: String,
    /// `owner/name`.
    pub(super) repository: String,
}

/// The repository of the workspace; reports uncommitted changes.
///
/// # Errors
/// There is no git, repository or commit.
pub(super) fn origin(setup: &Setup<'_>, tell: &Sender<RehearsalEvent>) -> Result<Origin, Error> {
    let host = setup.host;
    let git = Git::find(host);
    let git = git.ok_or_else(|| Error::usage("a rehearsal needs git, which is not on PATH; install it"))?;
    let root = host.root.display();
    let top = git.top()?.map_err(|said| {
        Error::usage(format!("{root} is not in a git repository, but a rehearsal needs a commit: {said}"))
    })?;
    let commit = git.commit("HEAD")?;
    let commit = commit.ok_or_else(|| Error::usage(format!("{root} has no commit yet; commit, then rehearse")))?;
    let status = git.ask(&["status", "--porcelain", "--untracked-files=normal"])?.unwrap_or_default();
    if let Some(first) = status.lines().next() {
        let more = match status.lines().count() - 1 {
            0 => String::new(),
            n => format!(" and {n} more"),
        };
        let _ = tell.send(RehearsalEvent::Note(format!(
            "what is not committed is not in the rehearsal ({}{more})",
            first.get(3..).unwrap_or(first)
        )));
    }
    let known = workspace::repository(host);
    let repository = if known.is_empty() { "local/rehearsal".to_owned() } else { known };
    Ok(Origin { top, commit, repository })
}

impl Origin {
    /// Checks out the commit into an empty folder, with `depth` commits of history; 0 means all.
    pub(super) fn check_out(&self, setup: &Setup<'_>, dir: &Path, depth: u32) -> anyhow::Result<()> {
        files::make_dir(dir)?;
        // A path with `%` would be read as an escape.
        let url = format!("file://{}", self.top.to_string_lossy().replace('%', "%25"));
        let remote = format!("https://github.com/{}", self.repository);
        let depth = format!("--depth={depth}");
        let fetch = ["fetch", "--quiet", "--no-tags", depth.as_str(), url.as_str(), self.commit.as_str()];
        // As the action has it: all branches and tags.
        let branches = "+refs/heads/*:refs/remotes/origin/*";
        let all = ["fetch", "--quiet", "--tags", url.as_str(), self.commit.as_str(), branches];
        let steps: [&[&str]; 4] = [
            &["init", "--quiet", "."],
            if depth == "--depth=0" { &all } else { &fetch },
            &["checkout", "--quiet", "--detach", self.commit.as_str()],
            &["remote", "add", "origin", remote.as_str()],
        ];
        let git = Git::find(setup.host).ok_or_else(|| anyhow!("git is not on PATH"))?.at(dir.to_owned());
        for args in steps {
            git.ask(args)?.map_err(|why| anyhow!("`git {}` failed: {why}", args[0]))?;
        }
        Ok(())
    }
}
