//! What a workspace has that a first spec is made from.

use std::collections::BTreeMap;

use crate::promise::{CargoCommand, NotTaken, Promise};

/// The facts that the engine found in a workspace.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Found {
    /// The members, in cargo's order.
    pub members: Vec<Member>,
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

impl Noted {
    /// Pairs a value with its reason.
    pub fn new(value: impl Into<String>, why: impl Into<String>) -> Self {
        Self { value: value.into(), why: why.into() }
    }
}
