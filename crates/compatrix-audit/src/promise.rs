//! Finds promises outside the spec: in READMEs, pages and workflows.
//!
//! A scanner, not a parser of prose: it matches clear patterns (`MSRV 1.65`, `Rust 1.65+`, a matrix of toolchains) and
//! ignores the rest. It quotes every match with file and line. Pure: the engine reads the files.

mod platform;
mod prose;
#[cfg(test)]
mod tests;
mod words;
mod workflow;
mod yaml;

use serde::Serialize;

use compatrix_ci::pins::CHECKSUM;

pub use platform::{of_runner, of_triple};

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

/// The kind of a file by its path relative to the root; `None` for files that are not scanned.
///
/// Scanned are READMEs of the root and of packages, pages at the root or in `docs` whose name starts with
/// `compatibility` or `msrv`, and GitHub Actions workflows.
pub fn source_of(path: &str) -> Option<PromiseSource> {
    let lower = path.to_ascii_lowercase();
    let (folder, name) = lower.rsplit_once('/').unwrap_or(("", &lower));
    if folder == ".github/workflows" {
        return (name.ends_with(".yml") || name.ends_with(".yaml")).then_some(PromiseSource::Workflow);
    }
    let stem = name.strip_suffix(".md").or_else(|| name.strip_suffix(".markdown"));
    let is_page = |stem: &str| ["compatibility", "compat", "msrv", "supported"].iter().any(|s| stem.starts_with(s));
    match stem {
        Some("readme") => Some(PromiseSource::Readme),
        Some(stem) if is_page(stem) && matches!(folder, "" | "docs" | "doc" | ".github") => Some(PromiseSource::Page),
        Some(_) | None => None,
    }
}

/// The distinct promises of a file, in line order.
///
/// # Errors
/// The file is a workflow and not valid YAML; the message says where.
pub fn scan(file: &str, source: PromiseSource, text: &str) -> Result<Vec<Promise>, String> {
    let mut found = match source {
        PromiseSource::Readme | PromiseSource::Page if is_generated(text) => Vec::new(),
        PromiseSource::Workflow if is_generated_workflow(text) => Vec::new(),
        PromiseSource::Readme | PromiseSource::Page => prose::scan(file, source, text),
        PromiseSource::Workflow => workflow::scan(file, text)?,
    };
    let mut seen = std::collections::BTreeSet::new();
    found.retain(|promise| seen.insert((promise.line, promise.kind.clone())));
    found.sort_by_key(|promise| promise.line);
    Ok(found)
}

/// Whether Compatrix generated this page, so that it makes no promises beyond the spec.
pub fn is_generated(text: &str) -> bool {
    text.lines().next().is_some_and(|line| line.starts_with("<!-- generated by `cargo "))
}

/// Whether Compatrix generated this workflow.
fn is_generated_workflow(text: &str) -> bool {
    text.lines().nth(1).is_some_and(|line| line.starts_with(CHECKSUM))
}

/// A line for quoting: trimmed, and truncated if very long.
fn quoted(line: &str) -> String {
    const LONGEST: usize = 160;
    let line = line.trim();
    if line.chars().count() <= LONGEST {
        line.to_owned()
    } else {
        line.chars().take(LONGEST - 1).chain(['…']).collect()
    }
}
