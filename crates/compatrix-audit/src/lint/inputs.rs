//! Lints what tests read when they run: files outside of their package are in a result's key only if the spec names them, or
//! if a path in the source text leads to just them.

use shaped_toml::Severity;

use super::context::Context;
use super::facts::OutsideRead;
use super::finding::{Finding, Lint};

/// The spec, relative to the root.
const SPEC: &str = "compat/matrix.toml";

pub(super) fn lint(context: &Context<'_>, found: &mut Vec<Finding>) {
    for OutsideRead { file, line, quote, path } in &context.facts.outside_reads {
        found.push(Finding {
            id: Lint::InputsUnclear,
            severity: Severity::Warning,
            file: file.clone(),
            line: Some(*line),
            quote: quote.clone(),
            what: format!("no result's key holds what tests read below `{path}`, outside of the package"),
            mend: format!(
                "name the files in {SPEC}, `inputs = [\"data/**\"]` under [project]; `inputs = []` says that there are none"
            ),
            items: Vec::new(),
        });
    }
    for glob in &context.facts.unmatched_inputs {
        found.push(Finding {
            id: Lint::InputsUnclear,
            severity: Severity::Warning,
            file: SPEC.to_owned(),
            line: None,
            quote: String::new(),
            what: format!("`{glob}` of `inputs` matches no file"),
            mend: "correct it, or remove it; paths begin at the repository's top folder".to_owned(),
            items: Vec::new(),
        });
    }
}
