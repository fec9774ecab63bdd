//! A first spec for a workspace that has none: from what was found in it to what the spec is to say.
//!
//! Everything has its reason with it, where possible file and line, for the comments of the spec. Nothing of this machine
//! goes into it, since a spec is committed: which toolchains are installed here does not matter. Pure; the text is
//! compatrix-render's.

mod axes;
mod claims;
mod features;
#[cfg(test)]
mod tests;

use std::collections::BTreeMap;

use crate::promise::Promise;
use compatrix_model::matrix_spec::format::{Format, RESERVED_VARIABLES};

/// What was found in a workspace.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Found {
    /// The members, in cargo's order.
    pub members: Vec<Member>,
    /// Promises of READMEs, pages and workflows.
    pub promises: Vec<Promise>,
    /// The names of the folders in `compat/fixtures`.
    pub fixtures: Vec<String>,
    /// Files in `docs` that are not ours, in lower case: `compatibility.md`.
    pub docs: Vec<String>,
    /// The channel of `rust-toolchain.toml`.
    pub toolchain: Option<Noted>,
    /// `[env]` of cargo's configuration in the workspace, which `cargo test` gives to each test.
    pub env: Vec<(String, Noted)>,
    /// `--test-threads=1`, where the workspace's own scripts run its tests so.
    pub threads: Option<Noted>,
    /// What could not be read or has no word in a spec, in whole sentences with their places.
    pub unread: Vec<String>,
}

/// A package of the workspace.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Member {
    /// Its name.
    pub name: String,
    /// Its manifest, relative to the root.
    pub manifest: String,
    /// Where `publish = false` stands, if it does.
    pub unpublished: Option<String>,
    /// Whether it has a library.
    pub library: bool,
    /// Whether its library's documentation is tested.
    pub doctests: bool,
    /// Its `rust-version`, and where that stands.
    pub rust_version: Option<Noted>,
    /// Its features, each with what it switches on.
    pub features: BTreeMap<String, Vec<String>>,
    /// Where its features stand.
    pub features_at: String,
    /// How it uses SQLite, if it does.
    pub sqlite: Option<SqliteUse>,
}

/// How a package uses SQLite.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SqliteUse {
    /// Through what: `rusqlite`, and where that stands.
    pub through: Noted,
    /// The feature of the package that switches it on, where it is optional.
    pub behind: Option<String>,
    /// How it can be compiled in.
    pub bundling: Bundling,
}

/// How SQLite can be compiled in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Bundling {
    /// By this feature of the package.
    Feature(String),
    /// It always is, for users too.
    Always,
    /// It always is in the package's own tests, by a dev-dependency.
    InTests,
    /// By nothing in the manifest.
    Never,
}

/// A value and why it is there.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Noted {
    /// The value as the spec spells it.
    pub value: String,
    /// Why, for a comment: `Cargo.toml:5`.
    pub why: String,
}

impl Noted {
    /// A value with its reason.
    pub fn new(value: impl Into<String>, why: impl Into<String>) -> Self {
        Self { value: value.into(), why: why.into() }
    }
}

/// The first spec, as data.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Draft {
    /// The packages under test.
    pub packages: Vec<Noted>,
    /// Members that are not, each with the reason.
    pub left_out: Vec<Noted>,
    /// The compatibility page, where it is not the usual one.
    pub report: Option<Noted>,
    /// What is promised.
    pub claims: DraftClaims,
    /// Toolchains; never empty.
    pub rust: DraftAxis,
    /// SQLites; none where no package under test uses it.
    pub sqlite: Option<DraftAxis>,
    /// Whether there are fixtures.
    pub schema: bool,
    /// Feature sets; empty where the packages have no features.
    pub features: Vec<FeatureSet>,
    /// What else there is to say about features.
    pub feature_remarks: Vec<String>,
    /// Why documentation tests run, where they do.
    pub doctests: Option<String>,
    /// Arguments of the tests.
    pub args: Vec<Noted>,
    /// Environment variables of the tests.
    pub env: Vec<(String, Noted)>,
    /// What of each axis the profile `local` takes, where that is not all.
    pub local: Vec<(String, Vec<String>)>,
    /// What could not be taken over, and what to do about it.
    pub remarks: Vec<String>,
}

/// `[claims]`.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct DraftClaims {
    /// The lowest Rust.
    pub rust: Option<Noted>,
    /// The lowest SQLite.
    pub sqlite: Option<Noted>,
    /// Platforms.
    pub platforms: Vec<Noted>,
    /// What else there is to say.
    pub remarks: Vec<String>,
}

/// An axis.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct DraftAxis {
    /// Its values.
    pub values: Vec<Noted>,
    /// What else there is to say.
    pub remarks: Vec<String>,
}

/// A set of features.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FeatureSet {
    /// Its name.
    pub name: String,
    /// Whether the default features stay on.
    pub default_features: bool,
    /// Features to switch on.
    pub features: Vec<String>,
    /// Why.
    pub why: String,
}

/// Drafts a first spec.
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

/// The packages under test: those that are published, else the libraries, else all; and why the others are not.
fn choose(members: &[Member]) -> (Vec<&Member>, Vec<Noted>) {
    let can = |member: &&Member| Format::PackageName.accepts(&member.name) && member.name != "xtask";
    let published = |member: &&Member| can(member) && member.unpublished.is_none();
    let library = |member: &&Member| can(member) && member.library;
    let wanted: [&dyn Fn(&&Member) -> bool; 4] = [&published, &library, &can, &|_| true];
    let chosen = wanted.iter().map(|wanted| members.iter().filter(|m| wanted(m)).collect::<Vec<_>>());
    let chosen = chosen.into_iter().find(|chosen| !chosen.is_empty()).unwrap_or_default();
    let why = |member: &Member| match &member.unpublished {
        Some(at) => format!("{at}, publish = false"),
        None if member.name == "xtask" => format!("{}, the workspace's own chores", member.manifest),
        None => format!("{}, no library", member.manifest),
    };
    let others = members.iter().filter(|member| !chosen.iter().any(|c| c.name == member.name));
    let left_out = others.map(|member| Noted::new(&member.name, why(member))).collect();
    (chosen, left_out)
}

/// Where the page goes, if the usual place is taken by one that was written by hand.
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
        "docs/COMPATIBILITY.md is written by hand and stays as it is; when this page has replaced it, delete this line",
    ))
}

/// Variables that cargo's configuration gives to tests; those that compatrix sets itself are left out.
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
            remarks.push(format!("{}: the variable `{name}` cannot be given to tests by a spec", value.why));
        }
    }
    taken
}

/// What `local` takes of the long axes: the ends of each.
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
