//! Promises that stand in a repository beside its spec: on its README, its pages, in its workflows.
//!
//! A scanner, not a reader: it takes what has a clear pattern (`MSRV 1.65`, `Rust 1.65+`, a matrix of toolchains) and
//! leaves the rest. What it finds it quotes, with file and line. Pure: files are read by the engine.

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

/// A promise and where it stands.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct Promise {
    /// The file, relative to the workspace root.
    pub file: String,
    /// Its line, from 1.
    pub line: usize,
    /// What kind of file it is.
    pub source: PromiseSource,
    /// What is promised.
    #[serde(flatten)]
    pub kind: PromiseKind,
    /// In a workflow, where it stands: `matrix.rust`, `env.MSRV`, `with.toolchain`, `uses`, `run`, `runs-on`. Else empty.
    pub key: String,
    /// What is written, where YAML reads something else: `1.70` for a promise of 1.7.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub spelled: Option<String>,
    /// The line itself, trimmed.
    pub text: String,
}

/// What kind of file makes the promise.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum PromiseSource {
    /// A README: only lines that say that something is required, supported or tested.
    Readme,
    /// A compatibility page, written by hand: every version of Rust or SQLite on it.
    Page,
    /// A workflow of GitHub Actions.
    Workflow,
}

/// What is promised.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(tag = "kind", content = "value", rename_all = "kebab-case")]
pub enum PromiseKind {
    /// This Rust and every newer one: `1.65`.
    LowestRust(String),
    /// This toolchain: `1.65`, `1.65.0`, `stable`, `nightly-2026-05-19`.
    Rust(String),
    /// This SQLite and every newer one: `3.35`.
    LowestSqlite(String),
    /// This SQLite.
    Sqlite(String),
    /// A platform, as specs spell it: `linux-x86_64`; without the architecture where the promise names none: `windows`.
    Platform(String),
}

impl PromiseKind {
    /// What is promised, without the kind.
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
    /// What its author meant: what is written, even where YAML reads something else.
    pub fn meant(&self) -> &str {
        self.spelled.as_deref().unwrap_or_else(|| self.kind.value())
    }
}

/// What kind of promises a file may make, by its path relative to the root; `None` where it is not looked at.
///
/// READMEs of the root and of packages; pages whose name starts with `compatibility` or `msrv`, at the root or in `docs`;
/// workflows of GitHub Actions.
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

/// The promises of a file of this kind, in the order of its lines, none twice on a line.
///
/// # Errors
/// The file is a workflow and no YAML; the text says where.
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

/// Whether a page is one that Compatrix writes from evidence: it promises nothing that the spec does not.
pub fn is_generated(text: &str) -> bool {
    text.lines().next().is_some_and(|line| line.starts_with("<!-- generated by `cargo "))
}

/// The same of a workflow, which is made from the spec.
fn is_generated_workflow(text: &str) -> bool {
    text.lines().nth(1).is_some_and(|line| line.starts_with(CHECKSUM))
}

/// A line as it is quoted: trimmed, and cut where it is very long.
fn quoted(line: &str) -> String {
    const LONGEST: usize = 160;
    let line = line.trim();
    if line.chars().count() <= LONGEST {
        line.to_owned()
    } else {
        line.chars().take(LONGEST - 1).chain(['…']).collect()
    }
}
