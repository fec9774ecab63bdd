//! Steps that several jobs have.

use crate::workflow::{Action, Expression, Permission, Step, Text};

use super::{Options, Program};

/// Where a job keeps what it is given and what it hands on; below `target`, which is no source and not in git.
pub(super) const BIN: &str = "target/ci/bin";
pub(super) const EVIDENCE: &str = "target/ci/evidence";
/// Where exact SQLite versions are, below the cache that all workspaces of a user share.
pub(super) const SQLITE: &str = "~/.cache/compatrix/sqlite";

pub(super) const READS_CODE: Permission = Permission { scope: "contents", write: false, why: "to check the code out" };

/// A step that runs lines of bash.
pub(super) fn run(name: &str, lines: Vec<&'static str>) -> Step {
    step(name, Action::Run(lines))
}

/// A step that uses an action.
pub(super) fn uses(name: &str, action: &'static str, with: Vec<(&'static str, Text)>) -> Step {
    step(name, Action::Uses { action, with })
}

fn step(name: &str, action: Action) -> Step {
    Step { name: Text::literal(name), id: None, condition: None, env: Vec::new(), action, installs: false }
}

/// What can be said of a step after it is made.
pub(super) trait Also {
    /// With a variable.
    fn env(self, name: &str, value: Text) -> Self;
    /// With a condition.
    fn when(self, condition: Expression) -> Self;
    /// With a key.
    fn id(self, id: &'static str) -> Self;
    /// It only installs.
    fn installs(self) -> Self;
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
        self.installs = true;
        self
    }
}

/// The code, without the token in its git configuration; with so many commits.
pub(super) fn checkout(depth: &str) -> Step {
    let with = vec![("persist-credentials", Text::literal("false")), ("fetch-depth", Text::literal(depth))];
    uses("Check the code out", "actions/checkout", with)
}

/// The toolchain of the orchestrator; [`toolchain_env`] names it.
pub(super) fn toolchain() -> Step {
    let line = "rustup toolchain install \"$RUSTUP_TOOLCHAIN\" --profile minimal --no-self-update";
    run("Install the toolchain of the orchestrator", vec![line]).installs()
}

/// Which toolchain `cargo` is: no component of rust-toolchain.toml is fetched that the job does not use.
pub(super) fn toolchain_env(options: &Options<'_>) -> Vec<(String, Text)> {
    vec![("RUSTUP_TOOLCHAIN".to_owned(), Text::literal(options.toolchain))]
}

/// The name under which the orchestrator stands on PATH, and the variable that makes cargo call it.
pub(super) fn handed(options: &Options<'_>) -> (&'static str, Option<(String, Text)>) {
    match options.program {
        Program::Xtask => ("cargo-handed-xtask", Some(("CARGO_ALIAS_XTASK".to_owned(), Text::literal("handed-xtask")))),
        Program::Compatrix => ("cargo-compatrix", None),
    }
}

/// Environment of a job that is handed the orchestrator.
pub(super) fn handed_env(options: &Options<'_>) -> Vec<(String, Text)> {
    let mut env = toolchain_env(options);
    env.extend(handed(options).1);
    env
}

/// The orchestrator from the first job, on PATH.
pub(super) fn take_orchestrator(platform: &str) -> [Step; 2] {
    let with = vec![("name", Text::literal(format!("orchestrator-{platform}"))), ("path", Text::literal(BIN))];
    [uses("Download the orchestrator", "actions/download-artifact", with), on_path()]
}

/// The folder of the orchestrator on PATH.
pub(super) fn on_path() -> Step {
    let lines = vec!["chmod +x target/ci/bin/cargo-*", "echo \"$GITHUB_WORKSPACE/target/ci/bin\" >> \"$GITHUB_PATH\""];
    run("Put the orchestrator on PATH", lines)
}

/// The inputs of an upload. What a job that is run again has to say stands in place of what it said before.
pub(super) fn upload(name: Text, path: &str, days: u32) -> Vec<(&'static str, Text)> {
    vec![
        ("name", name),
        ("path", Text::literal(path)),
        ("if-no-files-found", Text::literal("error")),
        ("retention-days", Text::literal(days.to_string())),
        ("overwrite", Text::literal("true")),
    ]
}

/// Inputs of the cache of exact SQLite versions.
pub(super) fn sqlite_cache(platform: &str, key: &str) -> Vec<(&'static str, Text)> {
    vec![("path", Text::literal(SQLITE)), ("key", Text::literal(format!("compatrix-sqlite-{platform}-{key}")))]
}
