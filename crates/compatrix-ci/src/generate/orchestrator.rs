//! The first job of a platform: it compiles the orchestrator once, and builds the exact SQLite libraries.

use crate::workflow::{MayFail, Step, Text, WorkflowJob};
use compatrix_model::matrix_spec::Ci;

use super::expression;
use super::scene::{caches_compiled, Options, Program, Saves, Scene};
use super::steps::{self, run, uses, Also, BIN};
use super::tool;

/// Time limit in minutes; a cold compilation on a slow runner takes ten.
const TIMEOUT_MINUTES: u32 = 45;

impl Scene<'_> {
    /// The first job of a platform; `None` if no event needs it.
    pub(super) fn orchestrator(&self, platform: &str) -> Option<WorkflowJob> {
        let events = self.compiled_on(platform);
        let runner = self.ci.runners.iter().find(|(name, _)| name == platform).map(|(_, runner)| runner)?;
        let condition = expression::on_any(&events)?;
        let every = events == self.events();
        let saves = self.saves.get(platform).copied().unwrap_or(Saves::Never);
        let mut steps: Vec<_> = steps::as_committed(platform).into_iter().collect();
        steps.extend([steps::checkout("1"), steps::toolchain()]);
        steps.extend(tool::toolchain(self.options));
        if caches_compiled(self.ci, self.options) {
            let save = match saves {
                Saves::OnBranch => Text::Expression(expression::ON_BRANCH),
                Saves::OnPullRequest => Text::Expression(expression::ON_PULL_REQUEST),
                Saves::Never => Text::literal("false"),
            };
            steps.push(steps::compiled(self.options, &format!("orchestrator-{platform}"), save));
        }
        steps.push(build(self.options, platform));
        steps.push(steps::on_path(self.options));
        if let Some(key) = self.sqlite_key(platform) {
            let with = steps::sqlite_cache(platform, key);
            steps.push(uses("Restore exact SQLite versions", "actions/cache/restore", with.clone()).id("sqlite"));
            let line = match self.options.program {
                Program::Xtask(_) => "cargo xtask ci provision",
                Program::Compatrix(_) => "cargo compatrix ci provision",
            };
            steps.push(run("Build exact SQLite versions", vec![line]).when(expression::SQLITE_MISSED));
            if saves != Saves::Never {
                let save = uses("Save exact SQLite versions", "actions/cache/save", with);
                steps.push(save.when(expression::SQLITE_MISSED));
            }
        }
        let name = Text::literal(format!("orchestrator-{platform}"));
        let path = self.options.place.path(&format!("{BIN}/{}", executable(self.options, platform)));
        let artifact = steps::upload(name, &path, 1);
        steps.push(uses("Upload the orchestrator", "actions/upload-artifact", artifact));
        Some(WorkflowJob {
            id: format!("orchestrator-{platform}"),
            name: Text::literal(format!("compile Compatrix for {platform}")),
            about: vec![format!(
                "Compiles the orchestrator for {platform} once; the jobs below download the executable."
            )],
            condition: if every { None } else { Some(condition) },
            needs: Vec::new(),
            runs_on: runner.clone(),
            container: None,
            permissions: vec![steps::READS_CODE],
            timeout_minutes: TIMEOUT_MINUTES,
            matrix: None,
            continue_on_error: if self.ci.only_tries(platform) { MayFail::Always } else { MayFail::Never },
            env: steps::handed_env(self.options),
            steps,
        })
    }

    /// As [`sqlite_key`].
    pub(super) fn sqlite_key(&self, platform: &str) -> Option<&str> {
        sqlite_key(self.ci, self.options, platform)
    }
}

/// The cache key of the platform's exact SQLite versions; `None` if they are not cached.
pub(super) fn sqlite_key<'a>(ci: &Ci, options: &Options<'a>, platform: &str) -> Option<&'a str> {
    let key = options.sqlite_key.get(platform).filter(|key| !key.is_empty());
    key.filter(|_| ci.caches).map(String::as_str)
}

/// The executable's name in the artifact.
fn executable(options: &Options<'_>, platform: &str) -> String {
    format!("{}{}", steps::handed(options).0, suffix(platform))
}

/// Compiles it, and copies it to the upload folder. On Linux it is linked statically with the C library, so that it runs
/// in containers of older systems.
pub(super) fn build(options: &Options<'_>, platform: &str) -> Step {
    let triple = triple(platform);
    let handed = Text::literal(format!("{BIN}/{}", executable(options, platform)));
    let mut step = match options.program {
        Program::Xtask(package) => {
            let compile = match triple {
                Some(_) => "cargo build --locked --manifest-path \"$MANIFEST\" --bin \"$BINARY\" --target \"$TARGET\"",
                None => "cargo build --locked --manifest-path \"$MANIFEST\" --bin \"$BINARY\"",
            };
            let folder = triple.map(|triple| format!("{triple}/")).unwrap_or_default();
            let built = format!("target/{folder}debug/{}{}", package.binary, suffix(platform));
            run("Compile the orchestrator", vec![compile, "mkdir -p target/ci/bin", "cp \"$BUILT\" \"$HANDED\""])
                .env("MANIFEST", Text::literal(&package.manifest))
                .env("BINARY", Text::literal(&package.binary))
                .env("BUILT", Text::literal(built))
        }
        Program::Compatrix(source) => {
            let built = format!("target/ci/installed/bin/cargo-compatrix{}", suffix(platform));
            tool::install(source, triple.is_some()).env("BUILT", Text::literal(built))
        }
    };
    step = step
        .env("CARGO_TARGET_DIR", Text::literal("target"))
        // Nobody debugs the executable there, and without debug information it is small.
        .env("CARGO_PROFILE_DEV_STRIP", Text::literal("symbols"))
        .env("HANDED", handed);
    if let Some(triple) = triple {
        let flags = format!("CARGO_TARGET_{}_RUSTFLAGS", triple.replace('-', "_").to_ascii_uppercase());
        step = step.env("TARGET", Text::literal(triple)).env(&flags, Text::literal("-C target-feature=+crt-static"));
    }
    step
}

/// The executable suffix: `.exe` on Windows.
fn suffix(platform: &str) -> &'static str {
    if platform.starts_with("windows-") {
        ".exe"
    } else {
        ""
    }
}

/// The target for a static C library; `None` for the host's default. Source: the rustc book, "Platform Support"; glibc
/// targets support `crt-static`.
fn triple(platform: &str) -> Option<&'static str> {
    match platform {
        "linux-x86_64" => Some("x86_64-unknown-linux-gnu"),
        "linux-aarch64" => Some("aarch64-unknown-linux-gnu"),
        "linux-x86" => Some("i686-unknown-linux-gnu"),
        _ => None,
    }
}
