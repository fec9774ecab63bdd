//! Steps shared by several jobs.

use crate::workflow::{Action, Expression, Installs, Permission, Step, Text};

use super::scene::{Options, Program};

/// The folder for downloaded and uploaded executables; below `target`, which git ignores.
pub(super) const BIN: &str = "target/ci/bin";
pub(super) const EVIDENCE: &str = "target/ci/evidence";
/// The folder of exact SQLite versions, in the user's cache.
pub(super) const SQLITE: &str = "~/.cache/compatrix/sqlite";

pub(super) const READS_CODE: Permission = Permission { scope: "contents", write: false, why: "to check out the code" };

/// A step that runs lines of bash.
pub(super) fn run(name: &str, lines: Vec<&'static str>) -> Step {
    step(name, Action::Run(lines))
}

/// A step that uses an action.
pub(super) fn uses(name: &str, action: &'static str, with: Vec<(&'static str, Text)>) -> Step {
    step(name, Action::Uses { action, with })
}

fn step(name: &str, action: Action) -> Step {
    Step {
        name: Text::literal(name),
        id: None,
        condition: None,
        env: Vec::new(),
        action,
        installs: Installs::Nothing,
        at_top: false,
    }
}

/// Builder methods of a step.
pub(super) trait Also {
    /// Adds an environment variable.
    fn env(self, name: &str, value: Text) -> Self;
    /// Sets `if`.
    fn when(self, condition: Expression) -> Self;
    /// Sets `id`.
    fn id(self, id: &'static str) -> Self;
    /// Marks the step as installing software; a rehearsal skips it.
    fn installs(self) -> Self;
    /// Marks the step as installing Compatrix from elsewhere; a rehearsal hands on its own executable instead.
    fn installs_compatrix(self) -> Self;
    /// Runs it at the root of the repository.
    fn at_top(self) -> Self;
}

impl Also for Step {
    fn env(mut self, name: &str, value: Text) -> Self {
        self.env.push((name.to_owned(), value));
        self
    }

    fn when(mut self, condition: Expression) -> Self {
        self.condition = Some(condition);
        self
    }

    fn id(mut self, id: &'static str) -> Self {
        self.id = Some(id);
        self
    }

    fn installs(mut self) -> Self {
        self.installs = Installs::Software;
        self
    }

    fn installs_compatrix(mut self) -> Self {
        self.installs = Installs::Compatrix;
        self
    }

    fn at_top(mut self) -> Self {
        self.at_top = true;
        self
    }
}

/// Keeps the checkout's files as they are committed: git for Windows changes the ends of lines, and with them the sources.
pub(super) fn as_committed(platform: &str) -> Option<Step> {
    let line = "git config --global core.autocrlf false";
    platform.starts_with("windows-").then(|| run("Keep the ends of lines", vec![line]).at_top())
}

/// Checks out `depth` commits, without leaving the token in the git configuration.
pub(super) fn checkout(depth: &str) -> Step {
    let with = vec![("persist-credentials", Text::literal("false")), ("fetch-depth", Text::literal(depth))];
    uses("Check out the code", "actions/checkout", with)
}

/// Installs the orchestrator's toolchain, which [`toolchain_env`] names.
pub(super) fn toolchain() -> Step {
    let line = "rustup toolchain install \"$RUSTUP_TOOLCHAIN\" --profile minimal --no-self-update";
    run("Install the toolchain of the orchestrator", vec![line]).installs()
}

/// Selects the toolchain explicitly, so that no unused component of rust-toolchain.toml is downloaded.
pub(super) fn toolchain_env(options: &Options<'_>) -> Vec<(String, Text)> {
    vec![("RUSTUP_TOOLCHAIN".to_owned(), Text::literal(options.toolchain))]
}

/// The orchestrator's name on `PATH`, and the variable that makes cargo call it.
pub(super) fn handed(options: &Options<'_>) -> (&'static str, Option<(String, Text)>) {
    match options.program {
        Program::Xtask(_) => {
            ("cargo-handed-xtask", Some(("CARGO_ALIAS_XTASK".to_owned(), Text::literal("handed-xtask"))))
        }
        Program::Compatrix(_) => ("cargo-compatrix", None),
    }
}

/// Environment of a job that downloads the orchestrator.
pub(super) fn handed_env(options: &Options<'_>) -> Vec<(String, Text)> {
    let mut env = toolchain_env(options);
    env.extend(handed(options).1);
    env
}

/// Downloads the orchestrator of the first job, and adds it to `PATH`.
pub(super) fn take_orchestrator(options: &Options<'_>, platform: &str) -> [Step; 2] {
    let name = Text::literal(format!("orchestrator-{platform}"));
    let with = vec![("name", name), ("path", Text::literal(options.place.path(BIN)))];
    [uses("Download the orchestrator", "actions/download-artifact", with), on_path(options)]
}

/// Adds the orchestrator's folder to `PATH`.
pub(super) fn on_path(options: &Options<'_>) -> Step {
    let name = "Put the orchestrator on PATH";
    let executable = "chmod +x target/ci/bin/cargo-*";
    match options.place.folder() {
        None => run(name, vec![executable, "echo \"$GITHUB_WORKSPACE/target/ci/bin\" >> \"$GITHUB_PATH\""]),
        Some(folder) => {
            run(name, vec![executable, "echo \"$GITHUB_WORKSPACE/$FOLDER/target/ci/bin\" >> \"$GITHUB_PATH\""])
                .env("FOLDER", Text::literal(folder))
        }
    }
}

/// The arguments of our commands, as each program takes them.
macro_rules! ours {
    ($program:expr, $($arguments:tt)+) => {
        match $program {
            $crate::generate::scene::Program::Xtask(_) => concat!("cargo xtask ", $($arguments)+),
            $crate::generate::scene::Program::Compatrix(_) => concat!("cargo compatrix ", $($arguments)+),
        }
    };
}
pub(super) use ours;

/// Restores compiled dependencies, and keeps them for later runs.
pub(super) fn compiled(options: &Options<'_>, key: &str, save: Text) -> Step {
    let mut with = vec![("shared-key", Text::literal(options.place.key(key))), ("save-if", save)];
    with.extend(options.place.folder().map(|folder| ("workspaces", Text::literal(folder))));
    uses("Restore compiled dependencies", "Swatinem/rust-cache", with)
}

/// Inputs of an upload. The artifact of a rerun job replaces the earlier one.
pub(super) fn upload(name: Text, path: &str, days: u32) -> Vec<(&'static str, Text)> {
    vec![
        ("name", name),
        ("path", Text::literal(path)),
        ("if-no-files-found", Text::literal("error")),
        ("retention-days", Text::literal(days.to_string())),
        ("overwrite", Text::literal("true")),
    ]
}

/// Inputs for caching exact SQLite versions.
pub(super) fn sqlite_cache(platform: &str, key: &str) -> Vec<(&'static str, Text)> {
    vec![("path", Text::literal(SQLITE)), ("key", Text::literal(format!("compatrix-sqlite-{platform}-{key}")))]
}
