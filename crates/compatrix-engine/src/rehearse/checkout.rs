//! Where the sources of a rehearsal come from: the commit of HEAD, fetched anew for each job.

use std::path::{Path, PathBuf};
use std::sync::mpsc::Sender;

use anyhow::{anyhow, bail};

use super::{Event, Setup};
use crate::find::workspace;
use crate::sys::error::Error;
use crate::sys::files;
use crate::sys::host::last_lines;
use crate::sys::process::Command;

/// The repository that is rehearsed.
#[derive(Debug)]
pub(super) struct Origin {
    git: PathBuf,
    top: PathBuf,
    /// The commit of HEAD.
    pub(super) commit: String,
    /// `owner/name`.
    pub(super) repository: String,
}

/// The repository of the workspace; changes that are in no commit are told of.
///
/// # Errors
/// There is no git, no repository, no commit; or the workspace is not at its top, where GitHub looks for workflows.
pub(super) fn origin(setup: &Setup<'_>, tell: &Sender<Event>) -> Result<Origin, Error> {
    let host = setup.host;
    let git = host.ambient.find("git");
    let git = git.ok_or_else(|| Error::usage("a rehearsal needs git, which is not on PATH; install it"))?;
    let ask = |args: &[&str]| -> Result<Result<String, String>, Error> {
        let mut said = Vec::new();
        let command = Command::new(git.to_string_lossy(), &host.root).args(args.iter().copied());
        let command = command.envs(&host.ambient.for_builds()).env("GIT_OPTIONAL_LOCKS", "0").env("LC_ALL", "C");
        let finished = command
            .run_with(&host.supervisor, &mut |bytes| said.extend_from_slice(bytes), &mut |_| {})
            .map_err(|error| anyhow!("cannot start {}: {error}", git.display()))?;
        let text = String::from_utf8_lossy(&said).into_owned();
        Ok(if finished.status.success() { Ok(text) } else { Err(last_lines(&finished.stderr.text(), 2)) })
    };
    let root = host.root.display();
    let top = ask(&["rev-parse", "--show-toplevel"])?.map_err(|said| {
        Error::usage(format!("{root} is in no git repository, of which a rehearsal needs a commit: {said}"))
    })?;
    let top = PathBuf::from(top.trim_end_matches(['\n', '\r']));
    if top.canonicalize().unwrap_or_else(|_| top.clone()) != host.root {
        return Err(Error::usage(format!(
            "{root} is not the top of its repository ({}), where GitHub looks for workflows",
            top.display()
        )));
    }
    let commit = ask(&["rev-parse", "--verify", "--quiet", "HEAD^{commit}"])?
        .map_err(|_| Error::usage(format!("{root} has no commit yet; commit, then rehearse")))?;
    let status = ask(&["status", "--porcelain", "--untracked-files=normal"])?.unwrap_or_default();
    if let Some(first) = status.lines().next() {
        let more = match status.lines().count() - 1 {
            0 => String::new(),
            n => format!(" and {n} more"),
        };
        let _ = tell.send(Event::Note(format!(
            "what is not committed is not in the rehearsal ({}{more})",
            first.get(3..).unwrap_or(first)
        )));
    }
    let known = workspace::repository(host);
    let repository = if known.is_empty() { "local/rehearsal".to_owned() } else { known };
    Ok(Origin { git, top, commit: commit.trim().to_owned(), repository })
}

impl Origin {
    /// Checks the commit out into a folder that is empty, with so many commits before it; all of them for 0.
    pub(super) fn check_out(&self, setup: &Setup<'_>, dir: &Path, depth: u32) -> anyhow::Result<()> {
        files::make_dir(dir)?;
        // A path with `%` would be read as an escape.
        let url = format!("file://{}", self.top.to_string_lossy().replace('%', "%25"));
        let remote = format!("https://github.com/{}", self.repository);
        let depth = format!("--depth={depth}");
        let fetch = ["fetch", "--quiet", "--no-tags", depth.as_str(), url.as_str(), self.commit.as_str()];
        let all = ["fetch", "--quiet", "--no-tags", url.as_str(), self.commit.as_str()];
        let steps: [&[&str]; 4] = [
            &["init", "--quiet", "."],
            if depth == "--depth=0" { &all } else { &fetch },
            &["checkout", "--quiet", "--detach", self.commit.as_str()],
            &["remote", "add", "origin", remote.as_str()],
        ];
        for args in steps {
            let command = Command::new(self.git.to_string_lossy(), dir).args(args.iter().copied());
            let host = setup.host;
            let finished = host.run(&command.envs(&host.ambient.for_builds()).env("LC_ALL", "C"))?;
            if !finished.status.success() {
                bail!("`git {}` failed: {}", args[0], last_lines(&finished.stderr.text(), 2));
            }
        }
        Ok(())
    }
}
