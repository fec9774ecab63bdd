//! The spec: `compat/matrix.toml`.
//!
//! A file an element of the spec: its types, its shape (every key and what it means, as a [`shaped_toml::TableShape`]), and
//! its lowering from a tree of this shape. [`document`] puts them together, [`crate::spec_text`] reads a text. Nothing here
//! touches a file.

pub(crate) mod axes;
pub mod ci;
mod claims;
mod conditions;
mod distro;
pub mod document;
pub mod format;
mod locks;
pub(crate) mod names;
mod os;
pub(crate) mod profiles;
mod project;
pub(crate) mod rules;
pub mod sqlite;
mod sqlite_options;
mod sqlite_settings;
mod suites;
mod targets;
mod template;

use std::collections::BTreeMap;
use std::fmt;

use compatrix_bench::Target;
use shaped_toml::nearest;

use crate::cell::Space;
use crate::lockset::LockGroup;

pub use ci::{is_branch, Check, Checks, Ci, CiEvent, EventBench, EventSettings, JobCommand, ToolSource};
pub(crate) use claims::what_to_add;
pub use claims::{ClaimedVersion, Claims};
pub use document::json_schema;
pub use profiles::{Profile, Strategy};
pub use project::Project;
pub(crate) use rules::meets_claim;
pub use rules::{contradictions, Contradiction, Expect, Rule};
pub use sqlite_options::OptionSet;
pub use sqlite_settings::SqliteSettings;
pub use suites::{RunBy, Suite, SuiteKind};
pub use template::{Piece, Template};

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
    /// Figures that benches are to reach, in the spec's order.
    pub targets: Vec<Target>,
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
    /// Whether CI only tries this platform, so that its jobs do not count for the verdict.
    pub fn only_tries(&self, platform: &str) -> bool {
        self.ci.as_ref().is_some_and(|ci| ci.only_tries(platform))
    }

    /// The profile of this name; the error names the nearest, and all there are.
    pub fn profile(&self, name: &str) -> Result<&Profile, UnknownName> {
        self.profiles.get(name).ok_or_else(|| UnknownName::new("profile", name, self.profiles.keys()))
    }

    /// The suite of this name; the error names the nearest, and all there are.
    pub fn suite(&self, name: &str) -> Result<&Suite, UnknownName> {
        let suite = self.suites.iter().find(|suite| suite.name == name);
        suite.ok_or_else(|| UnknownName::new("suite", name, self.suites.iter().map(|suite| &suite.name)))
    }
}

/// A name that the spec does not have.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UnknownName {
    what: &'static str,
    name: String,
    known: Vec<String>,
}

impl UnknownName {
    fn new<'n>(what: &'static str, name: &str, known: impl Iterator<Item = &'n String>) -> Self {
        Self { what, name: name.to_owned(), known: known.cloned().collect() }
    }
}

impl fmt::Display for UnknownName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "unknown {} `{}`", self.what, self.name)?;
        if let Some(meant) = nearest(&self.name, self.known.iter().map(String::as_str)) {
            write!(f, "; did you mean `{meant}`?")?;
        }
        let known: Vec<String> = self.known.iter().map(|name| format!("`{name}`")).collect();
        write!(f, " (known: {})", known.join(", "))
    }
}

impl std::error::Error for UnknownName {}
