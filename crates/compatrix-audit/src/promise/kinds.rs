//! Promises, by where they stand and what they promise.

use serde::Serialize;

/// A promise and its place.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct Promise {
    /// Path relative to the workspace root.
    pub file: String,
    /// 1-based line.
    pub line: usize,
    /// The kind of file.
    pub source: PromiseSource,
    /// The version or platform promised.
    #[serde(flatten)]
    pub kind: PromiseKind,
    /// The key in a workflow: `matrix.rust`, `env.MSRV`, `with.toolchain`, `uses`, `run`, `runs-on`. Empty in other files.
    pub key: String,
    /// The spelling, if YAML reads it differently: `1.70` for a promise of 1.7.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub spelled: Option<String>,
    /// The trimmed line.
    pub text: String,
}

/// The kinds of files that make promises.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum PromiseSource {
    /// A README: only lines that state a requirement, support or a test.
    Readme,
    /// A hand-written compatibility page: every version of Rust or SQLite on it.
    Page,
    /// A GitHub Actions workflow.
    Workflow,
    /// A page for those who work on the package: only its MSRV counts.
    Contributing,
    /// The documentation of a crate's root, and `clippy::msrv` there.
    Source,
    /// Clippy's configuration, with its `msrv`.
    Clippy,
    /// The configuration of another CI than GitHub's.
    OtherCi,
    /// The recipe of a container; nothing in it is a promise.
    Container,
    /// A lockfile for old toolchains or for other versions; nothing in it is a promise.
    Lockfile,
}

impl PromiseSource {
    /// Whether a person wrote its lines as prose.
    pub fn is_prose(self) -> bool {
        matches!(self, Self::Readme | Self::Page | Self::Contributing | Self::Source)
    }
}

/// A promised version or platform.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(tag = "kind", content = "value", rename_all = "kebab-case")]
pub enum PromiseKind {
    /// This Rust and every newer one: `1.65`.
    LowestRust(String),
    /// This toolchain: `1.65`, `1.65.0`, `stable`, `nightly-2026-05-19`.
    Rust(String),
    /// This SQLite and every newer one: `3.35`.
    LowestSqlite(String),
    /// This SQLite: `3.45.1`.
    Sqlite(String),
    /// A platform as spelled in specs: `linux-x86_64`, or `windows` if the promise names no architecture.
    Platform(String),
}

impl PromiseKind {
    /// The version or platform, without the kind.
    pub fn value(&self) -> &str {
        match self {
            PromiseKind::LowestRust(value)
            | PromiseKind::Rust(value)
            | PromiseKind::LowestSqlite(value)
            | PromiseKind::Sqlite(value)
            | PromiseKind::Platform(value) => value,
        }
    }
}

impl std::fmt::Display for PromiseKind {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            PromiseKind::LowestRust(version) => write!(f, "Rust {version} and newer"),
            PromiseKind::Rust(toolchain) => write!(f, "Rust {toolchain}"),
            PromiseKind::LowestSqlite(version) => write!(f, "SQLite {version} and newer"),
            PromiseKind::Sqlite(version) => write!(f, "SQLite {version}"),
            PromiseKind::Platform(platform) => f.write_str(platform),
        }
    }
}

impl Promise {
    /// The version as spelled by the author, even if YAML reads it differently.
    pub fn meant(&self) -> &str {
        self.spelled.as_deref().unwrap_or_else(|| self.kind.value())
    }
}

/// A line for quoting: trimmed, and truncated if very long.
pub(super) fn quoted(line: &str) -> String {
    const LONGEST: usize = 160;
    let line = line.trim();
    if line.chars().count() <= LONGEST {
        line.to_owned()
    } else {
        line.chars().take(LONGEST - 1).chain(['…']).collect()
    }
}
