//! The survey: all facts that planning and building need, as one passive value. [`crate::provide`] fills it.

use compatrix_model::matrix_spec::Spec;

use crate::find::facts::{HostFacts, TestedPackage};
use crate::find::workspace::Workspace;

/// The facts found.
#[derive(Debug, Clone)]
pub struct Survey {
    /// What values of axes are here.
    pub facts: HostFacts,
    /// For builds.
    pub workspace: Workspace,
}

/// Packages with the feature that bundles SQLite, if the spec names it.
pub fn with_bundled_feature(mut packages: Vec<TestedPackage>, spec: &Spec) -> Vec<TestedPackage> {
    if let Some(feature) = &spec.sqlite.bundled_feature {
        let facts = packages.iter_mut().map(|package| &mut package.facts);
        for package in facts.filter(|package| package.features.contains_key(feature)) {
            package.bundled_feature = Some(feature.clone());
        }
    }
    packages
}
