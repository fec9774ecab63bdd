//! What a workspace has that a first spec is made from.

use std::collections::BTreeMap;

use semver::Version;

use crate::promise::{CargoCommand, NotTaken, Promise, Sweep};

/// The facts that the engine found in a workspace.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Found {
    /// The members, in cargo's order.
    pub members: Vec<Member>,
    /// The workspace's folder, relative to the repository's top; empty if it is the top.
    pub below: String,
    /// Whether cargo gives features to the package at the root alone, because it uses the first resolver.
    pub first_resolver: bool,
    /// Packages in the repository that are no members, with tests.
    pub outside: Vec<Noted>,
    /// What an old cargo must be able to read: the Rust that each place needs.
    pub readers: Vec<Needs>,
    /// Whether there is a Cargo.lock.
    pub locked: bool,
    /// Promises in READMEs, pages and workflows.
    pub promises: Vec<Promise>,
    /// Places that look like a promise or a toolchain, and why they are not taken over.
    pub not_taken: Vec<NotTaken>,
    /// The cargo commands of the workflows.
    pub commands: Vec<CargoCommand>,
    /// Folder names in `compat/fixtures`.
    pub fixtures: Vec<String>,
    /// Hand-written files in `docs`, in lower case: `compatibility.md`.
    pub docs: Vec<String>,
    /// The channel of `rust-toolchain.toml`.
    pub toolchain: Option<Noted>,
    /// `[env]` of the workspace's cargo configuration, which `cargo test` passes to every test.
    pub env: Vec<(String, Noted)>,
    /// `--test-threads=1`, if the workspace's scripts pass it.
    pub threads: Option<Noted>,
    /// What could not be read or expressed in a spec, as sentences with file and line.
    pub unread: Vec<String>,
}

/// A workspace member.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Member {
    /// The package name.
    pub name: String,
    /// Path of its manifest relative to the root.
    pub manifest: String,
    /// File and line of `publish = false`, if present.
    pub unpublished: Option<String>,
    /// Whether cargo takes it without `--workspace` or `--package` at the root.
    pub default_member: bool,
    /// Whether it has files of `tests/`.
    pub test_targets: bool,
    /// Whether it depends on packages of a registry, for its tests or otherwise.
    pub dependencies: bool,
    /// Of its locked dependencies, each that needs a Rust: for its tests or otherwise.
    pub needs: Vec<Needs>,
    /// `[package.metadata.docs.rs]`.
    pub docs_rs: Option<DocsRs>,
    /// How the manifest configures tools that combine features, with file and line.
    pub combinations: Option<(Sweep, String)>,
    /// Whether it is a package of cargo-fuzz.
    pub fuzz: bool,
    /// Whether it has a library target.
    pub library: bool,
    /// Whether its doctests run.
    pub doctests: bool,
    /// Its `rust-version`, with file and line.
    pub rust_version: Option<Noted>,
    /// Its features, each with the features that it enables.
    pub features: BTreeMap<String, Vec<String>>,
    /// File and line of its features.
    pub features_at: String,
    /// `None` if it does not use SQLite.
    pub sqlite: Option<SqliteUse>,
}

/// Something that only a Rust as new as this can read or build.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Needs {
    /// The lowest release that can.
    pub rust: Version,
    /// What, as part of a sentence: `lockfile format 4 (Cargo.lock:3)`, `serde 1.0.219`.
    pub what: String,
}

/// The features that docs.rs builds with.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct DocsRs {
    /// `all-features`.
    pub all: bool,
    /// `no-default-features`.
    pub no_default: bool,
    /// `features`.
    pub list: Vec<String>,
    /// File and line.
    pub at: String,
}

/// How a package uses SQLite.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SqliteUse {
    /// The dependency (`rusqlite`), with file and line.
    pub through: Noted,
    /// The package's feature that enables it, if optional.
    pub behind: Option<String>,
    /// Whether SQLite can be compiled in.
    pub bundling: Bundling,
}

/// How SQLite can be compiled in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Bundling {
    /// With this feature of the package.
    Feature(String),
    /// Always, for users too.
    Always,
    /// Only in the package's tests, through a dev-dependency.
    InTests,
    /// Not through this manifest.
    Never,
}

/// A value and the reason for it.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Noted {
    /// The value as spelled in the spec.
    pub value: String,
    /// The reason, as a comment: `Cargo.toml:5`.
    pub why: String,
}

impl Member {
    /// Its folder, relative to the workspace root; empty for the package at the root.
    pub fn folder(&self) -> &str {
        self.manifest.rsplit_once('/').map_or("", |(folder, _)| folder)
    }
}

impl Noted {
    /// Pairs a value with its reason.
    pub fn new(value: impl Into<String>, why: impl Into<String>) -> Self {
        Self { value: value.into(), why: why.into() }
    }
}
