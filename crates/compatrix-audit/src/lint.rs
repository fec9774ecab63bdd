//! Lints of a workspace: what will fail on the Rust that is promised, and promises that nothing tests.
//!
//! Pure functions from [`WorkspaceFacts`] and the spec to [`Finding`]s; the engine gathers the facts. What could not be
//! found out is no finding and no silence: it is told as [`Unchecked`].

pub mod broken_spec;
mod dependencies;
mod promises;
#[cfg(test)]
mod tests;
mod workspace;

use serde::Serialize;

use crate::manifest::{Located, Manifest};
use crate::promise::Promise;
use compatrix_model::condition::{partial_version, Versions};
use compatrix_model::matrix_spec::{Severity, Spec};
use semver::Version;

/// What is known of a workspace.
#[derive(Debug, Clone, Default)]
pub struct WorkspaceFacts {
    /// How the user starts us, `cargo xtask`.
    pub program: String,
    /// The manifest at the root.
    pub root: Option<Manifest>,
    /// The manifests of all members, the root's among them where it has a package.
    pub members: Vec<Manifest>,
    /// Manifests of path dependencies that are no members.
    pub outside: Vec<Manifest>,
    /// The format of `Cargo.lock`.
    pub lock: Option<Located<i64>>,
    /// Whether there are locksets, so that the workspace's own lockfile is not what old toolchains use.
    pub locksets: bool,
    /// The locked packages, as cargo resolves them.
    pub graph: Graph,
    /// Promises beside the spec.
    pub promises: Vec<Promise>,
}

/// Locked packages and who uses whom.
#[derive(Debug, Clone, Default)]
pub struct Graph {
    /// The packages.
    pub packages: Vec<GraphPackage>,
}

/// A locked package.
#[derive(Debug, Clone, Default)]
pub struct GraphPackage {
    /// Its name.
    pub name: String,
    /// Its version.
    pub version: String,
    /// Its `rust-version`.
    pub rust_version: Option<String>,
    /// Its edition.
    pub edition: String,
    /// Whether it is a folder of this machine, not of a registry or a repository.
    pub local: bool,
    /// What it uses.
    pub uses: Vec<Use>,
}

/// One package's use of another.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Use {
    /// Its position in [`Graph::packages`].
    pub package: usize,
    /// Whether only tests, examples and benchmarks need it.
    pub dev: bool,
    /// Whether only some targets need it.
    pub some_targets: bool,
    /// Whether it takes features that are not on by default.
    pub optional: bool,
}

/// A lint.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Lint {
    /// The spec has errors.
    SpecInvalid,
    /// cargo refuses the workspace.
    WorkspaceUnreadable,
    /// `workspace.package.rust-version` that no package takes.
    MsrvNotInherited,
    /// A package under test without `rust-version`, though the spec claims one.
    MsrvMissing,
    /// The spec claims another Rust than the manifest.
    ClaimDiffers,
    /// A package's path dependency needs a newer Rust than the package promises.
    MsrvBelowPathDependency,
    /// Locked dependencies need a newer Rust than the package promises.
    MsrvBelowDependency,
    /// The promised Rust's cargo cannot read the lockfile.
    LockfileTooNew,
    /// The promised Rust's cargo cannot parse the edition of a member or of a locked dependency.
    EditionTooNew,
    /// The promised Rust's cargo does not know the resolver.
    ResolverTooNew,
    /// A README, page or workflow promises what the spec does not test.
    PromiseNotTested,
    /// YAML reads a version otherwise than it is written.
    VersionMisread,
    /// A workflow with a matrix of its own beside the spec's `[ci]`.
    MatrixByHand,
}

impl Lint {
    /// All of them.
    pub const ALL: [Lint; 13] = [
        Lint::SpecInvalid,
        Lint::WorkspaceUnreadable,
        Lint::MsrvNotInherited,
        Lint::MsrvMissing,
        Lint::ClaimDiffers,
        Lint::MsrvBelowPathDependency,
        Lint::MsrvBelowDependency,
        Lint::LockfileTooNew,
        Lint::EditionTooNew,
        Lint::ResolverTooNew,
        Lint::PromiseNotTested,
        Lint::VersionMisread,
        Lint::MatrixByHand,
    ];

    /// Its stable id.
    pub fn as_str(self) -> &'static str {
        match self {
            Lint::SpecInvalid => "spec-invalid",
            Lint::WorkspaceUnreadable => "workspace-unreadable",
            Lint::MsrvNotInherited => "msrv-not-inherited",
            Lint::MsrvMissing => "msrv-missing",
            Lint::ClaimDiffers => "claim-differs",
            Lint::MsrvBelowPathDependency => "msrv-below-path-dependency",
            Lint::MsrvBelowDependency => "msrv-below-dependency",
            Lint::LockfileTooNew => "lockfile-too-new",
            Lint::EditionTooNew => "edition-too-new",
            Lint::ResolverTooNew => "resolver-too-new",
            Lint::PromiseNotTested => "promise-not-tested",
            Lint::VersionMisread => "version-misread",
            Lint::MatrixByHand => "matrix-by-hand",
        }
    }
}

impl std::fmt::Display for Lint {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.pad(self.as_str())
    }
}

/// What a lint found.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Finding {
    /// The lint.
    pub id: Lint,
    /// How bad it is.
    pub severity: Severity,
    /// The file, relative to the workspace root.
    pub file: String,
    /// Its line, from 1; absent where the whole file is meant.
    pub line: Option<usize>,
    /// That line, trimmed; empty where there is none.
    pub quote: String,
    /// What is wrong.
    pub what: String,
    /// What to do.
    pub mend: String,
    /// What it is about, one by one, where that is more than one thing: packages, further places.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub items: Vec<String>,
}

/// A lint that could not look at all it should have.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Unchecked {
    /// The lint.
    pub id: Lint,
    /// What was not looked at, and why.
    pub reason: String,
    /// What to do about that.
    pub mend: String,
}

/// All that is wrong with the workspace, errors first; then by lint and place. `versions` are those that the spec's values
/// stand for on this host.
pub fn lint(facts: &WorkspaceFacts, spec: Option<&Spec>, versions: &Versions) -> Vec<Finding> {
    let context = Context::new(facts, spec);
    let mut found = Vec::new();
    workspace::lint(&context, &mut found);
    dependencies::lint(&context, &mut found);
    promises::lint(&context, versions, &mut found);
    let key = |finding: &Finding| (finding.severity != Severity::Error, finding.id, finding.file.clone(), finding.line);
    found.sort_by_cached_key(key);
    found
}

/// What all lints need.
struct Context<'a> {
    facts: &'a WorkspaceFacts,
    spec: Option<&'a Spec>,
    /// What each member promises.
    promised: Vec<Promised<'a>>,
}

/// The Rust that a package promises.
#[derive(Debug, Clone)]
struct Promised<'a> {
    manifest: &'a Manifest,
    package: &'a str,
    /// As it is spelled.
    rust: String,
    version: Version,
    /// Who says so: `` `rust-version` `` or the spec.
    by: &'static str,
}

impl<'a> Context<'a> {
    fn new(facts: &'a WorkspaceFacts, spec: Option<&'a Spec>) -> Self {
        let mut context = Self { facts, spec, promised: Vec::new() };
        context.promised = facts.members.iter().filter_map(|member| context.promise_of(member)).collect();
        context
    }

    fn root(&self) -> Option<&'a crate::manifest::WorkspaceTable> {
        self.facts.root.as_ref()?.workspace.as_ref()
    }

    /// The lower of what the manifest and the spec promise.
    fn promise_of(&self, manifest: &'a Manifest) -> Option<Promised<'a>> {
        let package = manifest.package.as_ref()?.name.value.as_str();
        let own = manifest.rust_version(self.root()).map(|own| (own.value, "its `rust-version`"));
        let claim = self.claim_of(package).map(|claim| (claim.to_owned(), "the spec"));
        let both = [own, claim].into_iter().flatten();
        let least =
            both.filter_map(|(rust, by)| Some((partial_version(&rust)?, rust, by))).min_by(|a, b| a.0.cmp(&b.0))?;
        Some(Promised { manifest, package, rust: least.1, version: least.0, by: least.2 })
    }

    /// The Rust that the spec claims for this package.
    fn claim_of(&self, package: &str) -> Option<&'a str> {
        let spec = self.spec?;
        let under_test = spec.project.packages.iter().any(|name| name == package);
        spec.claims.rust.as_ref().filter(|_| under_test).map(|claim| claim.text.as_str())
    }

    /// The lowest Rust that any package promises.
    fn lowest(&self) -> Option<&Promised<'a>> {
        self.promised.iter().min_by(|a, b| a.version.cmp(&b.version))
    }

    /// How bad it is that the workspace's own lockfile does not serve the promised Rust.
    fn of_lockfile(&self) -> Severity {
        if self.facts.locksets {
            Severity::Warning
        } else {
            Severity::Error
        }
    }

    /// What to do where its packages do not.
    fn lockset(&self, rust: &str) -> String {
        if self.facts.locksets {
            format!(
                "toolchains use their locksets in compat/locks; only who builds this tree with Rust {rust} is stopped"
            )
        } else {
            format!(
                "make a lockset that Rust {rust} can use (`{} lock`), lock older versions (`cargo update -p NAME --precise \
                 VERSION`), or promise a newer Rust",
                self.facts.program
            )
        }
    }
}

impl Finding {
    fn at(id: Lint, severity: Severity, manifest: &Manifest, line: usize, what: String, mend: String) -> Self {
        let (file, quote) = (manifest.file.clone(), manifest.line(line).trim().to_owned());
        Finding { id, severity, file, line: Some(line), quote, what, mend, items: Vec::new() }
    }
}

/// A version as people write it: without a last zero.
fn short(version: &Version) -> String {
    if version.patch == 0 {
        format!("{}.{}", version.major, version.minor)
    } else {
        version.to_string()
    }
}
