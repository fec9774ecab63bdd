//! What all lints get: the facts, the spec, and what each member promises.

use compatrix_model::condition::partial_version;
use compatrix_model::lockset::advice::{serving, NewGroup};
use compatrix_model::matrix_spec::Spec;
use semver::Version;
use shaped_toml::Severity;

use super::facts::WorkspaceFacts;
use crate::manifest::Manifest;

/// Input shared by all lints.
pub(super) struct Context<'a> {
    pub(super) facts: &'a WorkspaceFacts,
    pub(super) spec: Option<&'a Spec>,
    /// The Rust that each member promises.
    pub(super) promised: Vec<Promised<'a>>,
}

/// The lowest Rust that a package promises.
#[derive(Debug, Clone)]
pub(super) struct Promised<'a> {
    pub(super) manifest: &'a Manifest,
    pub(super) package: &'a str,
    /// As spelled in the source.
    pub(super) rust: String,
    pub(super) version: Version,
    /// The source: `` its `rust-version` `` or `the spec`.
    pub(super) by: &'static str,
}

impl<'a> Context<'a> {
    pub(super) fn new(facts: &'a WorkspaceFacts, spec: Option<&'a Spec>) -> Self {
        let mut context = Self { facts, spec, promised: Vec::new() };
        context.promised = facts.members.iter().filter_map(|member| context.promise_of(member)).collect();
        context
    }

    pub(super) fn root(&self) -> Option<&'a crate::manifest::WorkspaceTable> {
        self.facts.root.as_ref()?.workspace.as_ref()
    }

    /// The lower of the manifest's and the spec's promise.
    pub(super) fn promise_of(&self, manifest: &'a Manifest) -> Option<Promised<'a>> {
        let package = manifest.package.as_ref()?.name.value.as_str();
        let own = manifest.rust_version(self.root()).map(|own| (own.value, "its `rust-version`"));
        let claim = self.claim_of(package).map(|claim| (claim.to_owned(), "the spec"));
        let both = [own, claim].into_iter().flatten();
        let least =
            both.filter_map(|(rust, by)| Some((partial_version(&rust)?, rust, by))).min_by(|a, b| a.0.cmp(&b.0))?;
        Some(Promised { manifest, package, rust: least.1, version: least.0, by: least.2 })
    }

    /// The Rust that the spec claims for this package, if it is under test.
    pub(super) fn claim_of(&self, package: &str) -> Option<&'a str> {
        let spec = self.spec?;
        let under_test = spec.project.packages.iter().any(|name| name == package);
        spec.claims.rust_of(package).filter(|_| under_test).map(|claim| claim.text.as_str())
    }

    /// The lowest promise of all packages.
    pub(super) fn lowest(&self) -> Option<&Promised<'a>> {
        self.promised.iter().min_by(|a, b| a.version.cmp(&b.version))
    }

    /// Whether toolchains of this version have a lockset, so that they do not read the workspace's own lockfile.
    pub(super) fn is_served(&self, version: &Version) -> bool {
        self.spec.is_some_and(|spec| serving(&spec.locks, version).is_some())
    }

    /// The severity of a `Cargo.lock` that does not work with the promised Rust.
    pub(super) fn of_lockfile(&self, version: &Version) -> Severity {
        if self.is_served(version) {
            Severity::Warning
        } else {
            Severity::Error
        }
    }

    /// How to fix locked packages that do not work with the Rust of this promise.
    pub(super) fn lockset(&self, promised: &Promised<'_>) -> String {
        let Promised { rust, version, .. } = promised;
        if let Some(group) = self.spec.and_then(|spec| serving(&spec.locks, version)) {
            return format!(
                "Rust {rust} uses the lockset `{}`; this affects only plain builds of this tree with it",
                group.name
            );
        }
        let command = format!("`{} lock`", self.facts.program);
        let above = Version::new(version.major, version.minor + 1, 0);
        let step = match self.spec {
            Some(_) => NewGroup::below(&above).step(&command),
            None => format!("run `{} init`, which writes the spec, then {command}", self.facts.program),
        };
        format!(
            "give Rust {rust} a lockset: {step}; or lock older versions (`cargo update -p NAME --precise VERSION`), or \
             promise a newer Rust"
        )
    }
}

/// A version without a trailing `.0`: `1.70`.
pub(super) fn short(version: &Version) -> String {
    if version.patch == 0 {
        format!("{}.{}", version.major, version.minor)
    } else {
        version.to_string()
    }
}
