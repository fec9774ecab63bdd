//! The host as one value: paths, parallelism, and what may be fetched.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use anyhow::{anyhow, Result};
use serde::{Deserialize, Serialize};

use crate::sys::account::Account;
use crate::sys::environment::Ambient;
use crate::sys::memo::Memo;
use crate::sys::process::{Command, Finished, Output};
use crate::sys::recording::Recording;
use crate::sys::supervisor::Supervisor;

/// Seconds before a failed provision is retried.
const REMEMBER_FAILURE: i64 = 3600;

/// A failed provision: reason and time.
#[derive(Debug, Serialize, Deserialize)]
struct Failure {
    reason: String,
    at: i64,
}

/// The context of every effect.
#[derive(Debug, Clone)]
pub struct Host {
    /// The workspace root, canonical.
    pub root: PathBuf,
    /// Our own folder in it, `target/compat`.
    pub dir: PathBuf,
    /// The cache that all workspaces of the user share.
    pub cache: PathBuf,
    /// Our own environment.
    pub ambient: Ambient,
    /// Facts remembered.
    pub memo: Arc<Memo>,
    /// The watcher of child processes.
    pub supervisor: Supervisor,
    /// Limits on fetching and parallelism.
    pub limits: Limits,
    /// Seconds since the Unix epoch when we started.
    pub now: i64,
    /// What this command does, for `--timings`.
    pub recording: Recording,
}

/// Limits on fetching and parallelism.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// Jobs at once, over all cargos; runs may be more, if they leave cores idle.
    pub jobs: usize,
    /// Do one thing at a time.
    pub serial: bool,
    /// Use no network.
    pub offline: bool,
    /// Install no toolchain.
    pub no_install: bool,
    /// Rerun known results, and retry failed provisions.
    pub fresh: bool,
    /// Stage every build and serve its dependencies from disk, so that no build uses the network.
    pub hermetic: bool,
    /// Use the committed locksets only; otherwise one that is missing or stale is made on the way.
    pub committed: bool,
}

impl Host {
    /// Runs a short question to a tool, in a build's environment; its standard output, trimmed.
    ///
    /// # Errors
    /// It cannot be started or fails; the message has the command and the end of its output.
    pub fn ask(&self, program: &Path, args: &[&str]) -> Result<String> {
        let command = Command::new(program.to_string_lossy(), &self.root)
            .args(args.iter().copied())
            .envs(&self.ambient.for_builds());
        let finished = self.run(&command)?;
        if finished.status.success() {
            return Ok(finished.stdout.text().trim().to_owned());
        }
        let said = finished.stderr.text();
        Err(anyhow!("`{} {}` failed: {}", program.display(), args.join(" "), last_lines(&said, 3)))
    }

    /// A tool's `--version` output, cached while the file is unchanged.
    ///
    /// # Errors
    /// As [`Host::ask`].
    pub fn ask_version(&self, program: &Path) -> Result<String> {
        let stamp = crate::sys::files::stamp(program)?;
        // Under rustup one file is many tools, and settings elsewhere select one.
        let settings = self.ambient.home().map(|home| home.join(".rustup/settings.toml"));
        let settings = settings.and_then(|path| crate::sys::files::stamp(&path).ok()).unwrap_or_default();
        self.memo.fact(&format!("version {}", program.display()), &format!("{stamp} {settings}"), || {
            self.ask(program, &["--version"])
        })
    }

    /// Why this was not available, if that was found within the last hour.
    pub(crate) fn failure(&self, name: &str) -> Option<String> {
        if self.limits.fresh {
            return None;
        }
        let failure: Failure = serde_json::from_str(&self.memo.get(name, "")?).ok()?;
        (0..REMEMBER_FAILURE).contains(&(self.now - failure.at)).then_some(failure.reason)
    }

    /// Remembers why this was not available.
    pub(crate) fn remember_failure(&self, name: &str, reason: &str) {
        let failure = Failure { reason: reason.to_owned(), at: self.now };
        if let Ok(text) = serde_json::to_string(&failure) {
            self.memo.put(name, "", &text);
        }
    }

    /// This host, which puts the processes that it starts on this account.
    pub fn on_account(&self, account: &Account) -> Self {
        Self { supervisor: self.supervisor.on_account(account), ..self.clone() }
    }

    /// Runs a command to its end.
    pub fn run(&self, command: &Command) -> Result<Finished> {
        command.run(&self.supervisor).map_err(|error| anyhow!("cannot start {}: {error}", command.program))
    }

    /// Runs a command to its end, keeping all that it prints.
    pub fn output(&self, command: &Command) -> Result<Output> {
        command.output(&self.supervisor).map_err(|error| anyhow!("cannot start {}: {error}", command.program))
    }

    /// `linux-x86_64` and so on: operating system, then architecture.
    pub fn platform() -> String {
        format!("{}-{}", std::env::consts::OS, std::env::consts::ARCH)
    }
}

#[cfg(test)]
impl Host {
    /// A host for tests, with this workspace root and nothing remembered.
    pub(crate) fn for_test(root: &Path) -> Self {
        Self {
            root: root.to_owned(),
            dir: compat_dir(root),
            cache: root.join("cache"),
            ambient: Ambient::capture(),
            memo: Arc::new(Memo::default()),
            supervisor: Supervisor::of_workspace(root),
            limits: Limits {
                jobs: 1,
                serial: true,
                offline: true,
                no_install: true,
                fresh: false,
                hermetic: false,
                committed: false,
            },
            now: 0,
            recording: Recording::default(),
        }
    }
}

/// Our own folder in the workspace at this root.
pub fn compat_dir(root: &Path) -> PathBuf {
    root.join("target").join("compat")
}

/// The last lines of a program's output that are not empty, joined by ` / `. They are plain, because they go into sentences
/// that terminals and files show.
pub fn last_lines(text: &str, count: usize) -> String {
    let text = compatrix_model::plain(text);
    let lines: Vec<&str> = text.lines().map(str::trim).filter(|line| !line.is_empty()).collect();
    lines[lines.len().saturating_sub(count)..].join(" / ")
}
