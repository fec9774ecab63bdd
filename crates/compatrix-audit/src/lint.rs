//! Lints a workspace for code that cannot build on the promised Rust, and for promises that nothing tests.
//!
//! Pure functions from [`WorkspaceFacts`] and the spec to [`Finding`]s; the engine gathers the facts. Missing facts are
//! never silently ignored: they are reported as [`Unchecked`].

mod agreement;
pub mod broken_spec;
mod build_scripts;
mod claims;
mod context;
mod dependencies;
mod facts;
mod finding;
mod inputs;
mod keys;
mod manifest_keys;
mod promises;
mod runners;
mod spec_runners;
#[cfg(test)]
mod tests;
mod workflows;
mod workspace;

use compatrix_model::condition::Versions;
use compatrix_model::matrix_spec::Spec;
use shaped_toml::Severity;

pub use facts::{BuildScript, Graph, GraphPackage, OutsideRead, Use, WorkspaceFacts};
pub use finding::{Finding, Lint, Unchecked};
pub use spec_runners::spec_runners;

use context::Context;

/// Runs all lints; errors first, then by lint and place. `versions` are the versions that the spec's values resolve to
/// on this host.
pub fn lint(facts: &WorkspaceFacts, spec: Option<&Spec>, versions: &Versions) -> Vec<Finding> {
    let context = Context::new(facts, spec);
    let mut found = Vec::new();
    workspace::lint(&context, &mut found);
    keys::lint(&context, &mut found);
    build_scripts::lint(&context, versions, &mut found);
    dependencies::lint(&context, &mut found);
    manifest_keys::lint(&context, &mut found);
    agreement::lint(&context, &mut found);
    promises::lint(&context, versions, &mut found);
    workflows::lint(&context, &mut found);
    runners::lint(&context, &mut found);
    claims::lint(&context, versions, &mut found);
    inputs::lint(&context, &mut found);
    let key = |finding: &Finding| (finding.severity != Severity::Error, finding.id, finding.file.clone(), finding.line);
    found.sort_by_cached_key(key);
    found
}
