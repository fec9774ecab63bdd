//! git: the one place that starts it. The index is the user's; its cache of file times is not refreshed by us.

use std::path::{Component, Path, PathBuf};

use anyhow::{anyhow, Result};

use crate::sys::clock;
use crate::sys::files;
use crate::sys::host::{last_lines, Host};
use crate::sys::os::meta;
use crate::sys::process::Command;

/// git, in one folder.
#[derive(Debug)]
pub struct Git<'h> {
    host: &'h Host,
    program: PathBuf,
    /// The folder it works in: the workspace's root, until [`Git::at`] names another.
    dir: PathBuf,
}

impl<'h> Git<'h> {
    /// The git on PATH, in the workspace's root.
    pub fn find(host: &'h Host) -> Option<Self> {
        Some(Self { host, program: host.ambient.find("git")?, dir: host.root.clone() })
    }

    /// The same in another folder.
    pub fn at(self, dir: PathBuf) -> Self {
        Self { dir, ..self }
    }

    /// The output of git, or the end of its error.
    ///
    /// # Errors
    /// It cannot be started.
    pub fn ask(&self, args: &[&str]) -> Result<Result<String, String>> {
        Ok(self.ask_bytes(args)?.map(|said| String::from_utf8_lossy(&said).into_owned()))
    }

    /// The variables that point git at another repository are not among those of builds. Caches of the work tree's state
    /// are the user's, and may start programs.
    fn ask_bytes(&self, args: &[&str]) -> Result<Result<Vec<u8>, String>> {
        self.ask_with(&[], args)
    }

    fn ask_with(&self, env: &[(&str, &str)], args: &[&str]) -> Result<Result<Vec<u8>, String>> {
        let mut command = Command::new(self.program.to_string_lossy(), &self.dir)
            .args(["-c", "core.fsmonitor=false"])
            .args(args.iter().copied())
            .envs(&self.host.ambient.for_builds())
            .env("GIT_OPTIONAL_LOCKS", "0")
            .env("LC_ALL", "C");
        command.env.extend(env.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())));
        let output = self.host.output(&command)?;
        if output.finished.status.success() {
            Ok(Ok(output.stdout))
        } else {
            Ok(Err(last_lines(&output.finished.stderr.text(), 2)))
        }
    }

    /// Writes all files of a commit into an empty folder. The index is one of its own, so that the user's stays as it is.
    ///
    /// # Errors
    /// git cannot be started, or fails.
    pub(crate) fn export(&self, commit: &str, dir: &Path) -> Result<()> {
        let index = tempfile::NamedTempFile::new_in(dir.parent().unwrap_or(dir))?.into_temp_path();
        // git makes it; an empty file is no index.
        files::remove(&index)?;
        let text = index.to_string_lossy();
        let env = [("GIT_INDEX_FILE", &*text)];
        let prefix = format!("--prefix={}/", dir.display());
        for args in [&["read-tree", commit][..], &["checkout-index", "--all", "--quiet", &prefix]] {
            self.ask_with(&env, args)?.map_err(|why| failed(args, &why))?;
        }
        Ok(())
    }

    /// Like [`Git::ask`], but a failure is an error that names the subcommand and its arguments.
    ///
    /// # Errors
    /// It cannot be started, or fails.
    pub fn need(&self, args: &[&str]) -> Result<String> {
        self.ask(args)?.map_err(|why| failed(args, &why))
    }

    /// The top folder of the repository, or git's error.
    ///
    /// # Errors
    /// It cannot be started.
    pub fn top(&self) -> Result<Result<PathBuf, String>> {
        let said = self.ask(&["rev-parse", "--show-toplevel"])?;
        Ok(said.map(|top| PathBuf::from(top.trim_end_matches(['\n', '\r']))))
    }

    /// The commit of a revision, if it exists.
    ///
    /// # Errors
    /// It cannot be started.
    pub fn commit(&self, rev: &str) -> Result<Option<String>> {
        let name = format!("{rev}^{{commit}}");
        let said = self.ask(&["rev-parse", "--verify", "--quiet", "--end-of-options", &name])?;
        Ok(said.ok().map(|commit| commit.trim().to_owned()).filter(|commit| !commit.is_empty()))
    }

    /// When a commit was made, in UTC: `2026-11-21T15:47:32Z`; nothing if it is not here.
    ///
    /// # Errors
    /// It cannot be started.
    pub fn date(&self, commit: &str) -> Result<Option<String>> {
        // `%ct` is the same under every setting of the user's, who may have a format of dates.
        let said =
            self.ask(&["show", "--no-patch", "--no-show-signature", "--format=%ct", "--end-of-options", commit])?;
        let seconds = said.ok().and_then(|text| text.trim().parse().ok());
        Ok(seconds.and_then(clock::utc))
    }

    /// A list that ends each entry with a zero byte.
    ///
    /// # Errors
    /// As [`Git::need`].
    pub fn list(&self, args: &[&str]) -> Result<Vec<String>> {
        let said = self.need(args)?;
        Ok(said.split('\0').filter(|entry| !entry.is_empty()).map(str::to_owned).collect())
    }

    /// Paths as git has them, in a list that ends each with a zero byte.
    ///
    /// # Errors
    /// As [`Git::need`].
    pub(crate) fn paths(&self, args: &[&str]) -> Result<Vec<PathBuf>> {
        let said = self.ask_bytes(args)?.map_err(|why| failed(args, &why))?;
        let path = meta::path;
        Ok(said.split(|byte| *byte == 0).filter(|entry| !entry.is_empty()).map(path).collect())
    }

    /// The submodules of a commit, with the commits that it has them at.
    ///
    /// # Errors
    /// As [`Git::need`].
    pub(crate) fn submodules(&self, commit: &str) -> Result<Vec<(PathBuf, String)>> {
        let entries = self.paths(&["ls-tree", "-r", "-z", "--full-tree", commit])?;
        let one = |entry: PathBuf| {
            let bytes = meta::bytes(entry.as_os_str()).into_owned();
            let tab = bytes.iter().position(|byte| *byte == b'\t')?;
            let commit = std::str::from_utf8(&bytes[..tab]).ok()?.strip_prefix("160000 commit ")?.trim().to_owned();
            Some((meta::path(&bytes[tab + 1..]), commit))
        };
        Ok(entries.into_iter().filter_map(one).collect())
    }

    /// The files that git was told not to look at and that differ from a commit all the same; below these pathspecs, if there
    /// are any.
    ///
    /// # Errors
    /// As [`Git::need`].
    pub(crate) fn hidden_changes(&self, commit: &str, specs: &[&str]) -> Result<Vec<String>> {
        let mut found = Vec::new();
        for entry in self.list(&[&["ls-files", "-v", "-z", "--"], specs].concat())? {
            let Some((tag, path)) = entry.split_once(' ') else { continue };
            // Lower case is `--assume-unchanged`, S is `--skip-worktree` (git-ls-files(1)); a sparse checkout leaves out many.
            let is_hidden = tag == "S" || tag.chars().all(char::is_lowercase);
            if is_hidden && files::exists(&self.dir.join(path)) {
                let now = self.ask(&["hash-object", "--", path])?.ok();
                let then = self.ask(&["rev-parse", "--verify", "--quiet", &format!("{commit}:{path}")])?.ok();
                found.extend((now != then).then(|| path.to_owned()));
            }
        }
        Ok(found)
    }

    /// A file in a commit. A path that starts with `./` is relative to this git's folder, others to the top.
    ///
    /// # Errors
    /// As [`Git::need`]; also if the file does not exist.
    pub fn file(&self, commit: &str, path: &str) -> Result<String> {
        self.need(&["cat-file", "blob", &format!("{commit}:{path}")])
    }

    /// A path relative to this git's folder, with `/`; nothing if it is elsewhere.
    pub fn below(&self, path: &Path) -> Option<String> {
        let mut plain = PathBuf::new();
        for part in path.components() {
            match part {
                Component::ParentDir => drop(plain.pop()),
                Component::CurDir => {}
                Component::Prefix(_) | Component::RootDir | Component::Normal(_) => plain.push(part),
            }
        }
        let plain = files::real(&plain).unwrap_or(plain);
        let parts = plain.strip_prefix(&self.dir).ok()?.components();
        Some(parts.map(|part| part.as_os_str().to_string_lossy().into_owned()).collect::<Vec<_>>().join("/"))
    }
}

fn failed(args: &[&str], why: &str) -> anyhow::Error {
    anyhow!("`git {}` failed: {why}", args.join(" "))
}
