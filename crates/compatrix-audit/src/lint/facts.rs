//! What lints look at.

use crate::manifest::{Located, Manifest};
use crate::promise::{CargoCommand, NotTaken, Promise, RunnerLabel};
use compatrix_model::linkage::SQLITE_CRATES;

/// The facts that lints read.
#[derive(Debug, Clone, Default)]
pub struct WorkspaceFacts {
    /// The command prefix to show: `cargo xtask`.
    pub program: String,
    /// The root manifest.
    pub root: Option<Manifest>,
    /// The manifests of all members, including the root's if it has a package.
    pub members: Vec<Manifest>,
    /// Manifests of path dependencies that are not members.
    pub outside: Vec<Manifest>,
    /// The build scripts of members and of path dependencies.
    pub build_scripts: Vec<BuildScript>,
    /// Cargo's configuration files for the workspace: path as displayed, and text.
    pub configs: Vec<(String, String)>,
    /// The format version of `Cargo.lock`.
    pub lock: Option<Located<i64>>,
    /// The text of the spec, for the lines of its claims.
    pub spec_text: String,
    /// The locked packages as resolved by cargo.
    pub graph: Graph,
    /// Promises made outside the spec.
    pub promises: Vec<Promise>,
    /// Places that look like a promise and were not taken for one.
    pub not_taken: Vec<NotTaken>,
    /// The labels of runners in workflows.
    pub runners: Vec<RunnerLabel>,
    /// The day of the audit: `2026-11-29`.
    pub today: String,
    /// The cargo commands of the workspace's own workflows.
    pub commands: Vec<CargoCommand>,
    /// Paths in the source texts of packages under test that lead to something outside of them which no key holds.
    pub outside_reads: Vec<OutsideRead>,
    /// Inputs of the spec that match no file.
    pub unmatched_inputs: Vec<String>,
}

/// A path in a source text.
#[derive(Debug, Clone, Default)]
pub struct OutsideRead {
    /// The source file, relative to the workspace root.
    pub file: String,
    /// 1-based.
    pub line: usize,
    /// The trimmed line.
    pub quote: String,
    /// The path as the text has it: `../..`.
    pub path: String,
}

/// The source that cargo compiles and runs before a package.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BuildScript {
    /// Path relative to the workspace root.
    pub file: String,
    /// Its source.
    pub text: String,
}

/// The locked packages and their dependencies.
#[derive(Debug, Clone, Default)]
pub struct Graph {
    /// Indexed by [`Use::package`].
    pub packages: Vec<GraphPackage>,
}

impl Graph {
    /// Whether a package of the lockfile links SQLite.
    pub fn uses_sqlite(&self) -> bool {
        self.packages.iter().any(|package| SQLITE_CRATES.contains(&package.name.as_str()))
    }
}

/// One package of `Cargo.lock`.
#[derive(Debug, Clone, Default)]
pub struct GraphPackage {
    /// As in `[package]`.
    pub name: String,
    /// The exact version: `1.0.219`.
    pub version: String,
    /// The manifest's `rust-version`.
    pub rust_version: Option<String>,
    /// The manifest's edition: `2021`.
    pub edition: String,
    /// Whether it is a path dependency, not from a registry or a git repository.
    pub local: bool,
    /// Its dependencies.
    pub uses: Vec<Use>,
}

/// A dependency of one package on another.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Use {
    /// Index into [`Graph::packages`].
    pub package: usize,
    /// Whether it is only a dev-dependency.
    pub dev: bool,
    /// Whether it applies only to some targets.
    pub some_targets: bool,
    /// Whether it needs features that are off by default.
    pub optional: bool,
}
