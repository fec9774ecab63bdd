//! The packages of a workspace that has several: what each promises, and what the evidence says.

use compatrix_model::claims::Subject;

use super::claims::sign;
use super::facts::Facts;
use crate::markdown::{code, text, Table};

/// One line for each package; empty for a single one.
pub(super) fn table(facts: &Facts<'_>) -> String {
    let packages = &facts.spec.project.packages;
    if packages.len() < 2 {
        return String::new();
    }
    let left_out = |package: &String| facts.matrix.rows.iter().filter(|row| row.not_promised.contains(package)).count();
    let any_left_out = packages.iter().any(|package| left_out(package) > 0);
    let mut headings = vec!["Package", "Promised Rust", "Verdict"];
    headings.extend(any_left_out.then_some(">Cells without it"));
    let mut table = Table::new(&headings);
    for package in packages {
        let claim = facts.claims.claims.iter().find(|claim| match &claim.subject {
            Subject::Rust { package: of, .. } => of.as_ref().is_none_or(|of| of == package),
            Subject::Sqlite(_) | Subject::Schema(_) | Subject::Platform { .. } => false,
        });
        let promise = facts.spec.claims.rust_of(package).map_or("none".to_owned(), |rust| format!("{}+", rust.text));
        let verdict = claim.map_or(String::new(), |claim| format!("{} {}", sign(claim.verdict), claim.verdict));
        let cells = any_left_out.then(|| left_out(package).to_string());
        table.row([code(package), text(&promise), verdict].into_iter().chain(cells));
    }
    let mut out = table.finish();
    if any_left_out {
        out.push_str(
            "\nA cell leaves out a package that does not promise its Rust; the other packages are tested there.\n",
        );
    }
    out
}
