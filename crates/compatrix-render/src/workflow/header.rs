//! The first lines of a generated workflow.

/// The lines that stand above a body.
pub fn header(_body: &str) -> String {
    "# Generated from compat/matrix.toml and ci/actions.toml; not edited by hand.\n".to_owned()
}
