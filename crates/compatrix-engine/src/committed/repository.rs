//! The repository that a workspace is in, as its workflows need to know it.

use std::path::PathBuf;

use compatrix_ci::branches::KnownBranches;
use compatrix_ci::Place;

use crate::sys::error::Error;
use crate::sys::files;
use crate::sys::git::Git;
use crate::sys::host::Host;

/// A workspace's repository.
#[derive(Debug, Clone)]
pub struct Repository {
    /// The top folder, below which GitHub looks for workflows; the workspace root if there is no repository.
    pub top: PathBuf,
    /// Where the workspace is in it.
    pub place: Place,
    /// Whether git has it.
    pub is_git: bool,
}

impl Repository {
    /// The repository of the host's workspace.
    ///
    /// # Errors
    /// git does not read the repository, or a workflow cannot name the workspace's folder.
    pub fn find(host: &Host) -> Result<Self, Error> {
        let alone = Self { top: host.root.clone(), place: Place::default(), is_git: false };
        let has_git = host.root.ancestors().any(|folder| files::exists(&folder.join(".git")));
        let Some(git) = Git::find(host).filter(|_| has_git) else { return Ok(alone) };
        let top = match git.top()? {
            Ok(top) => files::real(&top).unwrap_or(top),
            Err(why) if why.contains("not a git repository") || why.contains("work tree") => return Ok(alone),
            Err(why) => {
                let root = host.root.display();
                return Err(Error::usage(format!("git does not read the repository of {root}: {why}")));
            }
        };
        let Ok(folder) = host.root.strip_prefix(&top) else { return Ok(alone) };
        let folder = folder.to_string_lossy().into_owned();
        // A folder that the repository ignores is not in it.
        let is_ignored = !folder.is_empty() && git.ask(&["check-ignore", "--quiet", "."])?.is_ok();
        if is_ignored {
            return Ok(alone);
        }
        let is_shared = !folder.is_empty() && has_other_workflows(&git, &top, &folder)?;
        Ok(Self { place: Place::new(&folder, is_shared).map_err(Error::Usage)?, top, is_git: true })
    }

    /// What git knows of its branches.
    ///
    /// # Errors
    /// git cannot be started.
    pub fn branches(&self, host: &Host) -> Result<KnownBranches, Error> {
        let Some(git) = Git::find(host).filter(|_| self.is_git) else { return Ok(KnownBranches::default()) };
        let short = |said: Result<String, String>, prefix: &str| {
            said.ok().and_then(|name| Some(name.trim().strip_prefix(prefix)?.to_owned()))
        };
        let default = git.ask(&["symbolic-ref", "--quiet", "refs/remotes/origin/HEAD"])?;
        let current = git.ask(&["symbolic-ref", "--quiet", "HEAD"])?;
        let refs = git.ask(&["for-each-ref", "--format=%(refname)", "refs/heads", "refs/remotes/origin"])?;
        let mut all: Vec<String> = Vec::new();
        for name in refs.unwrap_or_default().lines() {
            let name = name.strip_prefix("refs/heads/").or_else(|| name.strip_prefix("refs/remotes/origin/"));
            if let Some(name) = name.filter(|name| *name != "HEAD" && !all.iter().any(|known| known == name)) {
                all.push(name.to_owned());
            }
        }
        Ok(KnownBranches {
            default: short(default, "refs/remotes/origin/"),
            current: short(current, "refs/heads/"),
            all,
        })
    }
}

/// Whether another folder of the repository has a spec with `[ci]`. One that is not TOML may have it.
fn has_other_workflows(git: &Git<'_>, top: &std::path::Path, folder: &str) -> Result<bool, Error> {
    let args = ["ls-files", "-z", "--full-name", "--cached", "--others", "--exclude-standard", "--"];
    let own = format!("{folder}/compat/matrix.toml");
    for path in git.list(&[&args[..], &[":(top,glob)**/compat/matrix.toml"]].concat())? {
        let file = top.join(&path);
        if path == own || !files::exists(&file) {
            continue;
        }
        let text = files::read_text(&file)?;
        if text.parse::<toml::Table>().map_or(true, |spec| spec.contains_key("ci")) {
            return Ok(true);
        }
    }
    Ok(false)
}
