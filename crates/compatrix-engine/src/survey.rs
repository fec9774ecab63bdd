//! The survey: all facts that planning and building need, as one passive value. [`crate::provide`] fills it.

use compatrix_model::facts::{HostFacts, PackageFacts};
use compatrix_model::matrix_spec::Spec;

use crate::find::workspace::Workspace;

/// What was found out.
#[derive(Debug, Clone)]
pub struct Survey {
    /// For the planner.
    pub facts: HostFacts,
    /// For builds.
    pub workspace: Workspace,
}

/// Packages with the feature that compiles SQLite in, where the spec names it.
pub fn with_bundled_feature(mut packages: Vec<PackageFacts>, spec: &Spec) -> Vec<PackageFacts> {
    if let Some(feature) = &spec.sqlite.bundled_feature {
        for package in packages.iter_mut().filter(|package| package.features.contains_key(feature)) {
            package.bundled_feature = Some(feature.clone());
        }
    }
    packages
}
