//! The first job of a platform: it compiles the orchestrator once, and builds the exact SQLite libraries.

use crate::workflow::{Text, WorkflowJob};

use super::expression;
use super::scene::{caches_compiled, Program, Scene};
use super::steps::{self, run, uses, Also, BIN};

/// Time limit in minutes; a cold compilation on a slow runner takes ten.
const TIMEOUT_MINUTES: u32 = 45;

impl Scene<'_> {
    /// The first job of a platform; `None` if no event needs it.
    pub(super) fn orchestrator(&self, platform: &str) -> Option<WorkflowJob> {
        let is_home = self.home().0 == platform;
        let events = if is_home { self.events() } else { self.events_of(platform) };
        let runner = self.ci.runners.iter().find(|(name, _)| name == platform).map(|(_, runner)| runner)?;
        let condition = expression::on_any(&events)?;
        let every = events == self.events();
        let mut steps = vec![steps::checkout("1"), steps::toolchain()];
        if caches_compiled(self.ci) {
            let save = match self.writes_caches {
                true => Text::Expression(expression::MAY_SAVE),
                false => Text::literal("false"),
            };
            let with = vec![("shared-key", Text::literal(format!("orchestrator-{platform}"))), ("save-if", save)];
            steps.push(uses("Restore compiled dependencies", "Swatinem/rust-cache", with));
        }
        steps.extend(self.build(platform));
        steps.push(steps::on_path());
        if let Some(key) = self.sqlite_key(platform) {
            let with = steps::sqlite_cache(platform, key);
            steps.push(uses("Restore exact SQLite versions", "actions/cache/restore", with.clone()).id("sqlite"));
            let line = match self.options.program {
                Program::Xtask => "cargo xtask ci provision",
                Program::Compatrix => "cargo compatrix ci provision",
            };
            steps.push(run("Build exact SQLite versions", vec![line]).when(expression::SQLITE_MISSED));
            if self.writes_caches {
                let save = uses("Save exact SQLite versions", "actions/cache/save", with);
                steps.push(save.when(expression::SQLITE_MISSED));
            }
        }
        let name = Text::literal(format!("orchestrator-{platform}"));
        let artifact = steps::upload(name, &format!("{BIN}/{}", self.executable(platform)), 1);
        steps.push(uses("Upload the orchestrator", "actions/upload-artifact", artifact));
        Some(WorkflowJob {
            id: format!("orchestrator-{platform}"),
            name: Text::literal(format!("orchestrator of {platform}")),
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
            continue_on_error: None,
            env: steps::handed_env(self.options),
            steps,
        })
    }

    /// The cache key of the platform's exact SQLite versions; `None` if they are not cached.
    pub(super) fn sqlite_key(&self, platform: &str) -> Option<&str> {
        let key = self.options.sqlite_key.get(platform).filter(|key| !key.is_empty());
        key.filter(|_| self.ci.caches).map(String::as_str)
    }

    /// The executable's name in the artifact.
    fn executable(&self, platform: &str) -> String {
        format!("{}{}", steps::handed(self.options).0, suffix(platform))
    }

    /// Compiles it, and copies it to the upload folder. On Linux it is linked statically with the C library, so that it runs
    /// in containers of older systems.
    fn build(&self, platform: &str) -> Vec<crate::workflow::Step> {
        let triple = triple(platform);
        let handed = Text::literal(format!("{BIN}/{}", self.executable(platform)));
        let folder = triple.map(|triple| format!("{triple}/")).unwrap_or_default();
        let (name, compile, built) = match (self.options.program, triple.is_some()) {
            (Program::Xtask, is_static) => {
                let binary = self.options.xtask.as_ref().map_or("xtask", |package| &package.binary);
                let compile = if is_static {
                    "cargo build --locked --manifest-path \"$MANIFEST\" --bin \"$BINARY\" --target \"$TARGET\""
                } else {
                    "cargo build --locked --manifest-path \"$MANIFEST\" --bin \"$BINARY\""
                };
                ("Compile the orchestrator", compile, format!("target/{folder}debug/{binary}{}", suffix(platform)))
            }
            (Program::Compatrix, is_static) => {
                let compile = if is_static {
                    "cargo install compatrix --version \"=$VERSION\" --locked --debug --root target/ci/installed --target \"$TARGET\""
                } else {
                    "cargo install compatrix --version \"=$VERSION\" --locked --debug --root target/ci/installed"
                };
                (
                    "Install the orchestrator",
                    compile,
                    format!("target/ci/installed/bin/cargo-compatrix{}", suffix(platform)),
                )
            }
        };
        let lines = vec![compile, "mkdir -p target/ci/bin", "cp \"$BUILT\" \"$HANDED\""];
        let mut step = run(name, lines)
            .env("CARGO_TARGET_DIR", Text::literal("target"))
            // Nobody debugs the executable there, and without debug information it is small.
            .env("CARGO_PROFILE_DEV_STRIP", Text::literal("symbols"))
            .env("BUILT", Text::literal(built))
            .env("HANDED", handed);
        match (self.options.program, &self.options.xtask) {
            (Program::Xtask, package) => {
                let manifest = package.as_ref().map_or("Cargo.toml", |package| &package.manifest);
                let binary = package.as_ref().map_or("xtask", |package| &package.binary);
                step = step.env("MANIFEST", Text::literal(manifest)).env("BINARY", Text::literal(binary));
            }
            (Program::Compatrix, _) => step = step.env("VERSION", Text::literal(self.options.version)),
        }
        if let Some(triple) = triple {
            let flags = format!("CARGO_TARGET_{}_RUSTFLAGS", triple.replace('-', "_").to_ascii_uppercase());
            step =
                step.env("TARGET", Text::literal(triple)).env(&flags, Text::literal("-C target-feature=+crt-static"));
        }
        vec![step]
    }
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
