//! The lints, and what they find.

use serde::Serialize;
use shaped_toml::Severity;

use crate::manifest::Manifest;

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
    /// The spec, manifests, READMEs and others name different lowest versions.
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
    /// The promised Rust's cargo refuses a key of a manifest or of cargo's configuration.
    KeyTooNew,
    /// A build script prints what the cargo of an old Rust ignores.
    BuildScriptTooNew,
    /// A README, page or workflow promises what the spec does not test.
    PromiseNotTested,
    /// No value of the axis is the version that the spec claims.
    ClaimNotTested,
    /// YAML changes the meaning of an unquoted version.
    VersionMisread,
    /// A workflow has a hand-written matrix although the spec has `[ci]`.
    MatrixByHand,
    /// A workflow names a runner that GitHub retired.
    RunnerRetired,
    /// Tests may read files outside of their package that no key holds.
    InputsUnclear,
    /// A label of `[ci.runners]` is retired, or of another platform.
    RunnerUnfit,
}

impl Lint {
    /// Every lint, in declaration order.
    pub const ALL: [Lint; 19] = [
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
        Lint::KeyTooNew,
        Lint::BuildScriptTooNew,
        Lint::PromiseNotTested,
        Lint::ClaimNotTested,
        Lint::VersionMisread,
        Lint::MatrixByHand,
        Lint::RunnerRetired,
        Lint::InputsUnclear,
        Lint::RunnerUnfit,
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
            Lint::KeyTooNew => "key-too-new",
            Lint::BuildScriptTooNew => "build-script-too-new",
            Lint::PromiseNotTested => "promise-not-tested",
            Lint::ClaimNotTested => "claim-not-tested",
            Lint::VersionMisread => "version-misread",
            Lint::MatrixByHand => "matrix-by-hand",
            Lint::RunnerRetired => "runner-retired",
            Lint::InputsUnclear => "inputs-unclear",
            Lint::RunnerUnfit => "runner-unfit",
        }
    }
}

impl std::fmt::Display for Lint {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.pad(self.as_str())
    }
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

impl Finding {
    pub(super) fn at(
        id: Lint,
        severity: Severity,
        manifest: &Manifest,
        line: usize,
        what: String,
        mend: String,
    ) -> Self {
        let (file, quote) = (manifest.file.clone(), manifest.line(line).trim().to_owned());
        Finding { id, severity, file, line: Some(line), quote, what, mend, items: Vec::new() }
    }
}
