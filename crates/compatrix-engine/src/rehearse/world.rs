//! A rehearsal that goes on: its folders, and what each of its jobs finds as on GitHub (contexts of expressions, variables),
//! and of ours only what a machine must have.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::mpsc::Sender;

use compatrix_ci::workflow::evaluate::{HashFiles, Scope, Status};
use compatrix_ci::workflow::{Workflow, WorkflowJob};
use serde_json::{json, Map, Value};

use super::checkout::Origin;
use super::setup::{RehearsalEvent, Setup};
use crate::sys::files;
use crate::sys::host::Host;

/// Of our variables for builds, those that a runner would not have.
const OURS_ALONE: [&str; 7] = ["CC", "AR", "CFLAGS", "SDKROOT", "PKG_CONFIG_PATH", "SSH_AUTH_SOCK", "TZ"];
/// Objects of which GitHub knows more than we do, or whose names are made by what ran.
const OPEN: [&str; 7] = [
    "github.event",
    "github.event.*",
    "github.event.*.*",
    "inputs",
    "steps.*.outputs",
    "needs.*.outputs",
    "job.services",
];
/// What only GitHub has.
const WITHHELD: [&str; 2] = ["github.token", "secrets"];

/// The folders of a rehearsal.
pub(super) struct RehearsalFolders {
    /// Checkouts and scratch folders, one a job; goes away.
    pub(super) work: PathBuf,
    /// The artifacts of this workflow's run.
    pub(super) artifacts: PathBuf,
    /// Kept between rehearsals: caches.
    pub(super) kept: PathBuf,
    /// Logs and job summaries, below our folder in the workspace; stay until the next one.
    pub(super) logs: PathBuf,
    /// Whether `work` stays.
    pub(super) stays: bool,
}

impl Drop for RehearsalFolders {
    fn drop(&mut self) {
        if !self.stays {
            let _ = files::remove_dir(&self.work);
        }
    }
}

/// The state of a running rehearsal.
pub(super) struct Rehearsal<'a> {
    pub(super) setup: &'a Setup<'a>,
    pub(super) workflow: &'a Workflow,
    pub(super) places: &'a RehearsalFolders,
    pub(super) origin: &'a Origin,
    pub(super) tell: &'a Sender<RehearsalEvent>,
}

/// The contexts of a job's condition, beside `github`.
pub(super) fn of_job(needs: &Map<String, Value>) -> Map<String, Value> {
    Map::from_iter([("needs".to_owned(), Value::Object(needs.clone()))])
}

impl Rehearsal<'_> {
    pub(super) fn tell(&self, event: RehearsalEvent) {
        let _ = self.tell.send(event);
    }

    /// A scope with these contexts and `github`.
    pub(super) fn scope<'s>(
        &self,
        mut contexts: Map<String, Value>,
        status: Status,
        hash_files: HashFiles<'s>,
    ) -> Scope<'s> {
        contexts.insert("github".to_owned(), self.github());
        contexts.insert("inputs".to_owned(), json!({}));
        Scope { contexts, open: &OPEN, withheld: &WITHHELD, status, hash_files }
    }

    fn github(&self) -> Value {
        let (owner, _) = self.origin.repository.split_once('/').unwrap_or_default();
        let event = self.setup.event.as_str();
        let pull = event == "pull_request";
        let payload = match pull {
            // From the repository itself, not from a fork.
            true => {
                json!({ "pull_request": { "number": 0, "head": { "repo": { "full_name": self.origin.repository } } } })
            }
            false => json!({}),
        };
        json!({
            "event_name": event,
            "event": payload,
            "sha": self.origin.commit,
            "ref": self.git_ref(),
            "ref_name": if pull { "0/merge" } else { self.setup.branch },
            "ref_type": "branch",
            "base_ref": if pull { self.setup.branch } else { "" },
            "head_ref": if pull { "rehearsal" } else { "" },
            "repository": self.origin.repository,
            "repository_owner": owner,
            "workflow": self.workflow.name,
            "run_id": "0",
            "run_number": "1",
            "run_attempt": "1",
            "actor": "rehearsal",
            "server_url": "https://github.com",
            "api_url": "https://api.github.com",
        })
    }

    fn git_ref(&self) -> String {
        match self.setup.event.as_str() {
            "pull_request" => "refs/pull/0/merge".to_owned(),
            _ => format!("refs/heads/{}", self.setup.branch),
        }
    }

    /// GitHub's variables of a job in this checkout, and what of ours a machine must have.
    /// Source: docs.github.com, "Variables reference", default environment variables.
    pub(super) fn variables(&self, job: &WorkflowJob, checkout: &Path, temp: &Path) -> BTreeMap<String, String> {
        let host = self.setup.host;
        let mut env = host.ambient.for_builds();
        env.retain(|name, _| !OURS_ALONE.contains(&name.as_str()));
        if let Some(dir) = host.ambient.get("XDG_CACHE_HOME") {
            env.insert("XDG_CACHE_HOME".to_owned(), dir.to_owned());
        }
        let text = |path: &Path| path.to_string_lossy().into_owned();
        let github = self.github();
        for (name, key) in [
            ("GITHUB_ACTOR", "actor"),
            ("GITHUB_API_URL", "api_url"),
            ("GITHUB_BASE_REF", "base_ref"),
            ("GITHUB_EVENT_NAME", "event_name"),
            ("GITHUB_HEAD_REF", "head_ref"),
            ("GITHUB_REF", "ref"),
            ("GITHUB_REF_NAME", "ref_name"),
            ("GITHUB_REF_TYPE", "ref_type"),
            ("GITHUB_REPOSITORY", "repository"),
            ("GITHUB_REPOSITORY_OWNER", "repository_owner"),
            ("GITHUB_RUN_ATTEMPT", "run_attempt"),
            ("GITHUB_RUN_ID", "run_id"),
            ("GITHUB_RUN_NUMBER", "run_number"),
            ("GITHUB_SERVER_URL", "server_url"),
            ("GITHUB_SHA", "sha"),
            ("GITHUB_WORKFLOW", "workflow"),
        ] {
            env.insert(name.to_owned(), github[key].as_str().unwrap_or_default().to_owned());
        }
        for (name, value) in [
            ("CI", "true".to_owned()),
            ("GITHUB_ACTIONS", "true".to_owned()),
            ("GITHUB_JOB", job.id.clone()),
            ("GITHUB_WORKSPACE", text(checkout)),
            ("RUNNER_OS", runner_os().to_owned()),
            ("RUNNER_ARCH", runner_arch().to_owned()),
            ("RUNNER_NAME", "rehearsal".to_owned()),
            ("RUNNER_TEMP", text(temp)),
            // A step that sets git's configuration for its user must not set ours.
            ("GIT_CONFIG_GLOBAL", text(&temp.join("gitconfig"))),
            // The verdict expects only these: jobs of other platforms do not run here.
            ("COMPATRIX_PLATFORM", Host::platform()),
        ] {
            env.insert(name.to_owned(), value);
        }
        env
    }
}

/// The context `runner`.
pub(super) fn runner(temp: &Path) -> Value {
    json!({
        "os": runner_os(),
        "arch": runner_arch(),
        "name": "rehearsal",
        "temp": temp.to_string_lossy(),
        "environment": "self-hosted",
    })
}

fn runner_os() -> &'static str {
    match std::env::consts::OS {
        "macos" => "macOS",
        "windows" => "Windows",
        _ => "Linux",
    }
}

fn runner_arch() -> &'static str {
    match std::env::consts::ARCH {
        "aarch64" => "ARM64",
        "x86" => "X86",
        "arm" => "ARM",
        _ => "X64",
    }
}
