//! Drafts a first spec for a workspace that has none, from what was found in it.
//!
//! Every value carries its reason, with file and line if possible, for the comments of the spec. The draft does not
//! depend on this machine, because a spec is committed: the toolchains installed here do not matter. Pure;
//! compatrix-render writes the text.

mod axes;
mod claims;
mod features;
#[cfg(test)]
mod tests;

use std::collections::BTreeMap;

use crate::promise::Promise;
use compatrix_model::matrix_spec::format::{Format, RESERVED_VARIABLES};

/// The facts that the engine found in a workspace.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Found {
    /// The members, in cargo's order.
    pub members: Vec<Member>,
    /// Promises in READMEs, pages and workflows.
    pub promises: Vec<Promise>,
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

/// The first spec, as data.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Draft {
    /// The packages under test.
    pub packages: Vec<Noted>,
    /// Members not under test, each with the reason.
    pub left_out: Vec<Noted>,
    /// The path of the compatibility page, if not the default.
    pub report: Option<Noted>,
    /// The `[claims]` table.
    pub claims: DraftClaims,
    /// The `rust` axis; never empty.
    pub rust: DraftAxis,
    /// The `sqlite` axis; `None` if no package under test uses SQLite.
    pub sqlite: Option<DraftAxis>,
    /// Whether the spec gets a `schema` axis.
    pub schema: bool,
    /// Feature sets; empty if the packages have no features.
    pub features: Vec<FeatureSet>,
    /// Comments on the features.
    pub feature_remarks: Vec<String>,
    /// Why doctests run; `None` if they do not.
    pub doctests: Option<String>,
    /// Arguments for the test executables.
    pub args: Vec<Noted>,
    /// Environment variables for the tests.
    pub env: Vec<(String, Noted)>,
    /// The values per axis that the profile `local` selects; empty if it selects all.
    pub local: Vec<(String, Vec<String>)>,
    /// Findings that the draft does not use, with advice.
    pub remarks: Vec<String>,
}

/// The `[claims]` table of a draft.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct DraftClaims {
    /// The lowest promised Rust.
    pub rust: Option<Noted>,
    /// The lowest promised SQLite.
    pub sqlite: Option<Noted>,
    /// Tested platforms.
    pub platforms: Vec<Noted>,
    /// Comments on the claims.
    pub remarks: Vec<String>,
}

/// Values in spec order, with comments.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct DraftAxis {
    /// In the order of the spec.
    pub values: Vec<Noted>,
    /// Comments on the axis.
    pub remarks: Vec<String>,
}

/// A value of the `features` axis.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FeatureSet {
    /// The value's name.
    pub name: String,
    /// Whether default features stay enabled.
    pub default_features: bool,
    /// Features to enable.
    pub features: Vec<String>,
    /// The reason, as a comment.
    pub why: String,
}

/// Drafts the spec. Never fails: problems become remarks.
pub fn draft(found: &Found) -> Draft {
    let (chosen, left_out) = choose(&found.members);
    let mut remarks = found.unread.clone();
    let claims = claims::claims(&chosen, found, &mut remarks);
    let rust = axes::rust(&claims, &chosen, found);
    let sqlite = axes::sqlite(&claims, &chosen, found);
    let (features, feature_remarks) = features::sets(&chosen);
    let local = local(&claims, &rust, sqlite.as_ref(), &features);
    let doctests = chosen.iter().find(|member| member.doctests);
    let doctests = doctests.map(|member| match chosen.len() {
        1 => "as `cargo test` does".to_owned(),
        _ => format!("as `cargo test` does, for {} and other libraries", member.name),
    });
    Draft {
        packages: chosen.iter().map(|member| Noted::new(&member.name, &member.manifest)).collect(),
        left_out,
        report: report(found),
        claims,
        rust,
        sqlite,
        schema: !found.fixtures.is_empty(),
        features,
        feature_remarks,
        doctests,
        args: found.threads.iter().cloned().collect(),
        env: env(found, &mut remarks),
        local,
        remarks,
    }
}

/// The packages under test (published ones, otherwise libraries, otherwise all), and why the others are not.
fn choose(members: &[Member]) -> (Vec<&Member>, Vec<Noted>) {
    let can = |member: &&Member| Format::PackageName.accepts(&member.name) && member.name != "xtask";
    let published = |member: &&Member| can(member) && member.unpublished.is_none();
    let library = |member: &&Member| can(member) && member.library;
    let wanted: [&dyn Fn(&&Member) -> bool; 4] = [&published, &library, &can, &|_| true];
    let chosen = wanted.iter().map(|wanted| members.iter().filter(|m| wanted(m)).collect::<Vec<_>>());
    let chosen = chosen.into_iter().find(|chosen| !chosen.is_empty()).unwrap_or_default();
    let why = |member: &Member| match &member.unpublished {
        Some(at) => format!("{at}, publish = false"),
        None if member.name == "xtask" => format!("{}, workspace tooling", member.manifest),
        None => format!("{}, no library", member.manifest),
    };
    let others = members.iter().filter(|member| !chosen.iter().any(|c| c.name == member.name));
    let left_out = others.map(|member| Noted::new(&member.name, why(member))).collect();
    (chosen, left_out)
}

/// The path of the page, if a hand-written page is at the default path.
fn report(found: &Found) -> Option<Noted> {
    let taken = |name: &str| found.docs.iter().any(|doc| doc == &name.to_lowercase());
    let free = |name: &str| !taken(&format!("{name}.md")) && !taken(&format!("{name}.svg"));
    if free("COMPATIBILITY") {
        return None;
    }
    let numbered = (2..).map(|n| format!("COMPATIBILITY-TESTED-{n}"));
    let name = std::iter::once("COMPATIBILITY-TESTED".to_owned()).chain(numbered).find(|name| free(name))?;
    Some(Noted::new(
        format!("docs/{name}.md"),
        "docs/COMPATIBILITY.md is written by hand and is left unchanged; delete this line once the new page replaces it",
    ))
}

/// The variables of cargo's configuration, without those that Compatrix sets.
fn env(found: &Found, remarks: &mut Vec<String>) -> Vec<(String, Noted)> {
    let mut taken = Vec::new();
    for (name, value) in &found.env {
        let reserved = RESERVED_VARIABLES.iter().any(|(pattern, _)| match pattern.strip_suffix('*') {
            Some(start) => name.starts_with(start),
            None => name == pattern,
        });
        let threads = name == "RUST_TEST_THREADS" && found.threads.is_some();
        if Format::EnvVar.accepts(name) && Format::Template.accepts(&value.value) && !threads {
            let text = value.value.replace('{', "{{").replace('}', "}}");
            taken.push((name.clone(), Noted::new(text, &value.why)));
        } else if !reserved && !threads {
            remarks.push(format!("{}: a spec cannot set the variable `{name}`", value.why));
        }
    }
    taken
}

/// The values that `local` selects: the ends of each long axis.
fn local(
    claims: &DraftClaims,
    rust: &DraftAxis,
    sqlite: Option<&DraftAxis>,
    features: &[FeatureSet],
) -> Vec<(String, Vec<String>)> {
    let mut local = Vec::new();
    let mut take = |axis: &str, all: usize, some: Vec<String>| {
        let mut kept: Vec<String> = Vec::new();
        some.into_iter().for_each(|value| {
            if !kept.contains(&value) {
                kept.push(value);
            }
        });
        if kept.len() < all {
            local.push((axis.to_owned(), kept));
        }
    };
    let values = |axis: &DraftAxis| axis.values.iter().map(|v| v.value.clone()).collect::<Vec<_>>();
    let all = values(rust);
    let claimed = claims.rust.as_ref().map(|claim| claim.value.clone()).filter(|value| all.contains(value));
    let newest = all.iter().find(|value| *value == "stable").or(all.last());
    take("rust", all.len(), [all.first().cloned(), claimed, newest.cloned()].into_iter().flatten().collect());
    if let Some(axis) = sqlite {
        let all = values(axis);
        let exact: Vec<&String> = all.iter().filter(|v| v.starts_with(|c: char| c.is_ascii_digit())).collect();
        let ends = [all.first(), exact.first().copied(), exact.last().copied()];
        take("sqlite", all.len(), ends.into_iter().flatten().cloned().collect());
    }
    take("features", features.len(), features.iter().take(3).map(|set| set.name.clone()).collect());
    local
}
