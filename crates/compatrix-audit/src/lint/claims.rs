//! Lints the spec's claims against its own axes.

use compatrix_model::axis::AxisKind;
use compatrix_model::claims::untested;
use compatrix_model::condition::Versions;
use shaped_toml::Severity;

use super::context::Context;
use super::finding::{Finding, Lint};

/// The spec, relative to the root.
const SPEC: &str = "compat/matrix.toml";

/// `versions` are those of toolchains, so an SQLite that has no version in its name may be the claimed one.
pub(super) fn lint(context: &Context<'_>, versions: &Versions, found: &mut Vec<Finding>) {
    let Some(spec) = context.spec else { return };
    let untested =
        untested(spec, versions).into_iter().filter(|claim| claim.kind == AxisKind::Rust || claim.is_certain());
    found.extend(untested.map(|claim| Finding {
        id: Lint::ClaimNotTested,
        severity: Severity::Warning,
        file: SPEC.to_owned(),
        line: None,
        quote: String::new(),
        what: claim.to_string(),
        mend: claim.mend(),
        items: Vec::new(),
    }));
}
