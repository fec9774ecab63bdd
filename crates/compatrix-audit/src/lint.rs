//! Lints a workspace for code that cannot build on the promised Rust, and for promises that nothing tests.
//!
//! Pure functions from [`WorkspaceFacts`] and the spec to [`Finding`]s; the engine gathers the facts. Missing facts are
//! never silently ignored: they are reported as [`Unchecked`].

pub mod broken_spec;
mod dependencies;
mod promises;
#[cfg(test)]
mod tests;
mod workspace;

use serde::Serialize;
use shaped_toml::Severity;

use crate::manifest::{Located, Manifest};
use crate::promise::Promise;
use compatrix_model::condition::{partial_version, Versions};
use compatrix_model::matrix_spec::Spec;
use semver::Version;

/// The facts that lints read.
#[derive(Debug, Clone, Default)]
pub struct WorkspaceFacts {
    /// The command prefix to show: `cargo xtask`.
    pub program: String,
    /// The root manifest.
    pub root: Option<Manifest>,
    /// The manifests of all members, including the root's if it has a package.
    pub members: Vec<Manifest>,
    /// Manifests of path dependencies that are not members.
    pub outside: Vec<Manifest>,
    /// The format version of `Cargo.lock`.
    pub lock: Option<Located<i64>>,
    /// Whether there are locksets, so that old toolchains do not use the workspace's `Cargo.lock`.
    pub locksets: bool,
    /// The locked packages as resolved by cargo.
    pub graph: Graph,
    /// Promises made outside the spec.
    pub promises: Vec<Promise>,
}

/// The locked packages and their dependencies.
#[derive(Debug, Clone, Default)]
pub struct Graph {
    /// Indexed by [`Use::package`].
    pub packages: Vec<GraphPackage>,
}

/// One package of `Cargo.lock`.
#[derive(Debug, Clone, Default)]
pub struct GraphPackage {
    /// As in `[package]`.
    pub name: String,
    /// The exact version: `1.0.219`.
    pub version: String,
    /// The manifest's `rust-version`.
    pub rust_version: Option<String>,
    /// The manifest's edition: `2021`.
    pub edition: String,
    /// Whether it is a path dependency, not from a registry or a git repository.
    pub local: bool,
    /// Its dependencies.
    pub uses: Vec<Use>,
}

/// A dependency of one package on another.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Use {
    /// Index into [`Graph::packages`].
    pub package: usize,
    /// Whether it is only a dev-dependency.
    pub dev: bool,
    /// Whether it applies only to some targets.
    pub some_targets: bool,
    /// Whether it needs features that are off by default.
    pub optional: bool,
}

/// The lints, with stable ids.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Lint {
    /// The spec has errors.
    SpecInvalid,
    /// cargo refuses the workspace.
    WorkspaceUnreadable,
    /// No package inherits `workspace.package.rust-version`.
    MsrvNotInherited,
    /// The spec claims a Rust for a package whose manifest has no `rust-version`.
    MsrvMissing,
    /// The spec and the manifest disagree on the lowest Rust.
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
    /// YAML changes the meaning of an unquoted version.
    VersionMisread,
    /// A workflow has a hand-written matrix although the spec has `[ci]`.
    MatrixByHand,
}

impl Lint {
    /// Every lint, in declaration order.
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

    /// The stable id, in kebab case.
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

/// A problem found by a lint.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Finding {
    /// The lint that found it.
    pub id: Lint,
    /// Errors set the exit code to 1; warnings do not.
    pub severity: Severity,
    /// Path relative to the workspace root.
    pub file: String,
    /// 1-based line; `None` for the whole file.
    pub line: Option<usize>,
    /// The trimmed line; empty if `line` is `None`.
    pub quote: String,
    /// The problem, in one sentence.
    pub what: String,
    /// How to fix it.
    pub mend: String,
    /// The packages or further places concerned, if more than one.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub items: Vec<String>,
}

/// A lint that could not check everything.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Unchecked {
    /// The lint that was incomplete.
    pub id: Lint,
    /// What was not checked, and why.
    pub reason: String,
    /// How to make the check possible.
    pub mend: String,
}

/// Runs all lints; errors first, then by lint and place. `versions` are the versions that the spec's values resolve to
/// on this host.
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

/// Input shared by all lints.
struct Context<'a> {
    facts: &'a WorkspaceFacts,
    spec: Option<&'a Spec>,
    /// The Rust that each member promises.
    promised: Vec<Promised<'a>>,
}

/// The lowest Rust that a package promises.
#[derive(Debug, Clone)]
struct Promised<'a> {
    manifest: &'a Manifest,
    package: &'a str,
    /// As spelled in the source.
    rust: String,
    version: Version,
    /// The source: `` its `rust-version` `` or `the spec`.
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

    /// The lower of the manifest's and the spec's promise.
    fn promise_of(&self, manifest: &'a Manifest) -> Option<Promised<'a>> {
        let package = manifest.package.as_ref()?.name.value.as_str();
        let own = manifest.rust_version(self.root()).map(|own| (own.value, "its `rust-version`"));
        let claim = self.claim_of(package).map(|claim| (claim.to_owned(), "the spec"));
        let both = [own, claim].into_iter().flatten();
        let least =
            both.filter_map(|(rust, by)| Some((partial_version(&rust)?, rust, by))).min_by(|a, b| a.0.cmp(&b.0))?;
        Some(Promised { manifest, package, rust: least.1, version: least.0, by: least.2 })
    }

    /// The Rust that the spec claims for this package, if it is under test.
    fn claim_of(&self, package: &str) -> Option<&'a str> {
        let spec = self.spec?;
        let under_test = spec.project.packages.iter().any(|name| name == package);
        spec.claims.rust.as_ref().filter(|_| under_test).map(|claim| claim.text.as_str())
    }

    /// The lowest promise of all packages.
    fn lowest(&self) -> Option<&Promised<'a>> {
        self.promised.iter().min_by(|a, b| a.version.cmp(&b.version))
    }

    /// The severity of a `Cargo.lock` that does not work with the promised Rust.
    fn of_lockfile(&self) -> Severity {
        if self.facts.locksets {
            Severity::Warning
        } else {
            Severity::Error
        }
    }

    /// How to fix locked packages that do not work with this Rust.
    fn lockset(&self, rust: &str) -> String {
        if self.facts.locksets {
            format!(
                "toolchains use their locksets in compat/locks; this affects only plain builds of this tree with Rust {rust}"
            )
        } else {
            format!(
                "create a lockset for Rust {rust} (`{} lock`), lock older versions (`cargo update -p NAME --precise \
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

/// A version without a trailing `.0`: `1.70`.
fn short(version: &Version) -> String {
    if version.patch == 0 {
        format!("{}.{}", version.major, version.minor)
    } else {
        version.to_string()
    }
}
