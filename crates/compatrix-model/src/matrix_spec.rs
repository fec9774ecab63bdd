//! The spec, `compat/matrix.toml`: its types, its shape, and the parser that reports all errors at once.
//!
//! Read in this order: the types here, [`document`] (every key and what it means, as a [`shaped_toml::TableShape`]), `lower`
//! (from the tree that has this shape to [`Spec`]). Nothing here touches a file.

pub mod document;
pub mod format;
pub mod sqlite;

pub(crate) mod axes;
mod ci;
mod ci_settings;
pub(crate) mod cron;
mod distro;
pub(crate) mod locks;
pub(crate) mod lower;
mod names;
pub(crate) mod parse;
mod profiles;
pub(crate) mod rules;
pub(crate) mod template;

use std::collections::BTreeMap;
use std::time::Duration;

use compatrix_leak::LeakSettings;
use semver::Version;
use shaped_toml::nearest;

use crate::cell::Space;
use crate::condition::Condition;
use crate::lockset::LockGroup;

pub use ci_settings::{Check, Checks, Ci, Event, EventSettings, Work};
pub use document::json_schema;
pub use parse::{expired, parse, parse_bytes, Parsed};
pub use rules::{contradictions, Contradiction};

/// The spec, valid in itself. What depends on the workspace or the host (packages, features, fixtures that exist) is
/// checked with facts, later.
#[derive(Debug, Clone, PartialEq)]
pub struct Spec {
    /// The packages under test and the paths of pages.
    pub project: Project,
    /// Promises to users.
    pub claims: Claims,
    /// The axes. `schema = "fixtures/*"` has been expanded with the fixture names given to the parser.
    pub space: Space,
    /// The suites, in the spec's order; never empty.
    pub suites: Vec<Suite>,
    /// The rules, in the spec's order.
    pub rules: Vec<Rule>,
    /// Named choices of cells.
    pub profiles: BTreeMap<String, Profile>,
    /// How SQLite is built and linked.
    pub sqlite: SqliteSettings,
    /// Dependency versions for groups of toolchains, in the spec's order.
    pub locks: Vec<LockGroup>,
    /// The CI settings; `None` if the spec has no `[ci]`.
    pub ci: Option<Ci>,
}

impl Spec {
    /// The profile of this name; the error names the nearest, and all there are.
    pub fn profile(&self, name: &str) -> Result<&Profile, String> {
        self.profiles.get(name).ok_or_else(|| unknown("profile", name, self.profiles.keys().map(String::as_str)))
    }

    /// The profile with only those of its suites that a command runs, and only those of its pins that a cell of these can
    /// meet: the others are the other command's. None if there are no such suites.
    pub fn narrowed(&self, profile: &Profile, runs: impl Fn(&Suite) -> bool) -> Option<Profile> {
        let named = |suite: &&Suite| profile.suites.is_empty() || profile.suites.contains(&suite.name);
        let suites = self.suites.iter().filter(named).filter(|suite| runs(suite)).map(|suite| suite.name.clone());
        let suites: Vec<String> = suites.collect();
        if suites.is_empty() {
            return None;
        }
        let narrowed = Profile { suites, ..profile.clone() };
        let met = |pin: &&Condition| crate::choose::can_meet(&self.space, &self.suites, &self.rules, &narrowed, pin);
        let pin = narrowed.pin.iter().filter(met).cloned().collect();
        Some(Profile { pin, ..narrowed })
    }

    /// The suite of this name; the error names the nearest, and all there are.
    pub fn suite(&self, name: &str) -> Result<&Suite, String> {
        let suite = self.suites.iter().find(|suite| suite.name == name);
        suite.ok_or_else(|| unknown("suite", name, self.suites.iter().map(|suite| suite.name.as_str())))
    }
}

fn unknown<'n>(what: &str, name: &str, known: impl Iterator<Item = &'n str> + Clone) -> String {
    let meant = nearest(name, known.clone());
    let meant = meant.map(|meant| format!("; did you mean `{meant}`?")).unwrap_or_default();
    let known: Vec<String> = known.map(|name| format!("`{name}`")).collect();
    format!("unknown {what} `{name}`{meant} (known: {})", known.join(", "))
}

/// `[project]`: packages and pages.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Project {
    /// Packages under test, each a member of the workspace.
    pub packages: Vec<String>,
    /// The compatibility page, relative to the root. Default `docs/COMPATIBILITY.md`.
    pub report: String,
    /// The page on leaks and memory errors, relative to the root. Default `docs/RELIABILITY.md`.
    pub reliability: String,
    /// The folder of committed evidence, relative to the root. Default `compat/evidence`.
    pub evidence: String,
}

/// `[claims]`: promises to users.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Claims {
    /// The lowest Rust, as spelled (`1.70`) and as a version.
    pub rust: Option<ClaimedVersion>,
    /// The lowest SQLite.
    pub sqlite: Option<ClaimedVersion>,
    /// Schemas (fixture names) that work.
    pub schema: Vec<String>,
    /// Platforms by tier, tiers in the spec's order: `("tier1", ["linux-x86_64"])`.
    pub platforms: Vec<(String, Vec<String>)>,
}

/// A version as a claim spells it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ClaimedVersion {
    /// The spec's spelling.
    pub text: String,
    /// Missing parts read as zero.
    pub version: Version,
}

/// `[sqlite]`: how SQLite is built and linked.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct SqliteSettings {
    /// The packages' own feature that compiles SQLite in. Default: found from the dependency graph.
    pub bundled_feature: Option<String>,
    /// Compile-time options of exact versions (`SQLITE_ENABLE_FTS5`, `NAME=VALUE`). Default: those of the bundled build.
    pub compile_options: Option<Vec<String>>,
}

/// `[[suite]]`: a suite that runs in cells.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Suite {
    /// Its name, unique; same spelling rules as a value's name.
    pub name: String,
    /// Decides what runs in a cell: tests, only a build, or tests under a leak tool.
    pub kind: SuiteKind,
    /// Whether documentation tests run too, once per build. Default false.
    pub doctests: bool,
    /// The time limit of one test executable. Default 5 minutes, for suites of kind `leak` 30.
    pub timeout: Duration,
    /// How often a failing cell is tried again; a later pass is `flaky`. Default 0, at most 5.
    pub retries: u32,
    /// Environment variables, values with placeholders (`{schema.database}`).
    pub env: Vec<(String, Template)>,
    /// Arguments to each test executable (`--test-threads=1`).
    pub args: Vec<String>,
    /// In which cells it runs; default all.
    pub when: Condition,
}

impl Suite {
    /// The settings of a suite of kind `leak`; `None` for other kinds.
    pub fn leak(&self) -> Option<&LeakSettings> {
        match &self.kind {
            SuiteKind::Leak(settings) => Some(settings),
            SuiteKind::Test | SuiteKind::Build => None,
        }
    }
}

/// The kinds of suites. `bench` and `command` are words of the design that this version does not know yet.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum SuiteKind {
    /// The packages' test executables.
    Test,
    /// Nothing is run: the packages compile, without their dev-dependencies.
    Build,
    /// The packages' test executables under a tool that looks for leaks.
    Leak(LeakSettings),
}

/// A text with placeholders.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Template(pub Vec<Piece>);

/// A part of a [`Template`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Piece {
    /// Literal text (`{{` and `}}` in the spec are one brace).
    Text(String),
    /// `{schema.database}`: the run's own copy of the fixture's database file.
    SchemaDatabase,
    /// `{schema.dir}`: the folder of that copy.
    SchemaDir,
    /// `{schema.name}`, `{rust.name}` …: the value's name on this axis of the cell.
    ValueName(String),
}

/// `[[rule]]`: an expectation other than a pass.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rule {
    /// The cells that it applies to.
    pub when: Condition,
    /// The expected result.
    pub expect: Expect,
    /// The reason. Always present for `fail`.
    pub reason: String,
    /// URL of an issue.
    pub issue: Option<String>,
    /// The last day on which it applies, `YYYY-MM-DD`, so that text order is time order.
    pub until: Option<String>,
    /// Line of the rule in the spec, from 1.
    pub line: usize,
}

/// The expectation of a rule.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Expect {
    /// The cell works, as everywhere.
    Pass,
    /// The cell does not work.
    Fail,
    /// The combination makes no sense and is excluded from the plan.
    Skip,
}

impl Expect {
    /// The spec's word for it.
    pub fn as_str(self) -> &'static str {
        match self {
            Expect::Pass => "pass",
            Expect::Fail => "fail",
            Expect::Skip => "skip",
        }
    }
}

/// `[profile.NAME]`: a choice of cells. Default: every cell.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Profile {
    /// How cells are chosen among those that `when` admits.
    pub strategy: Strategy,
    /// Alternative conditions; empty admits every cell.
    pub when: Vec<Condition>,
    /// Conditions that some chosen cell must match each; these cells come first.
    pub pin: Vec<Condition>,
    /// The most cells to choose.
    pub budget: Option<usize>,
    /// The suites that run; empty means all.
    pub suites: Vec<String>,
}

/// How a profile chooses cells.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Strategy {
    /// Every admitted cell.
    #[default]
    All,
    /// Cells that contain each possible tuple of this many values.
    Covering {
        /// How many values: 2 is `pairwise`.
        strength: u8,
    },
}

impl std::fmt::Display for Strategy {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Strategy::All => f.write_str("all"),
            Strategy::Covering { strength: 2 } => f.write_str("pairwise"),
            Strategy::Covering { strength } => write!(f, "{strength}-way"),
        }
    }
}
