//! The opening summary and the table of claims.

use std::fmt::Write;

use compatrix_model::axis::AxisKind;
use compatrix_model::claims::{Claim, ClaimVerdict, Lowest, Subject};
use compatrix_model::matrix_spec::{ClaimedVersion, Spec};
use compatrix_model::verdict::Verdict;

use super::facts::{suites, Facts};
use crate::look::count;
use crate::markdown::{code, text, Table};

pub(super) fn summary(out: &mut String, facts: &Facts<'_>) {
    let claims = &facts.claims.claims;
    let of = |verdict: ClaimVerdict| claims.iter().filter(|claim| claim.verdict == verdict).count();
    if facts.judgement.judged.is_empty() {
        out.push_str("**There is no evidence yet**, so every promise below is unproven.\n");
    } else if claims.is_empty() {
        out.push_str("The spec makes no promises; this page shows the results.\n");
    } else {
        let verdicts = [ClaimVerdict::Proven, ClaimVerdict::Stale, ClaimVerdict::Unproven, ClaimVerdict::Contradicted];
        let parts: Vec<String> = verdicts
            .into_iter()
            .filter(|verdict| of(*verdict) > 0)
            .map(|verdict| format!("**{}** {} {verdict}", of(verdict), if of(verdict) == 1 { "is" } else { "are" }))
            .collect();
        match claims.as_slice() {
            [only] => drop(writeln!(out, "The only promise is **{}**.", only.verdict)),
            _ => drop(writeln!(out, "Of {} {}.", count(claims.len(), "promise"), joined(&parts))),
        }
    }
    if !facts.judgement.judged.is_empty() {
        let counts = facts.matrix.counts();
        let of = |verdict: Verdict| counts.get(&verdict).copied().unwrap_or(0);
        let total = facts.matrix.rows.len();
        let tried = total - of(Verdict::Unproven) - of(Verdict::NotPromised) - of(Verdict::Error);
        let cells = if suites(facts.spec) > 1 { "results (suites × cells)" } else { "cells" };
        let _ = write!(out, "\n{tried} of {total} {cells} in the matrix were tried: {} work", of(Verdict::Ok));
        let rest = [
            (Verdict::Known, "fail as expected", "fails as expected"),
            (Verdict::Broken, "are broken", "is broken"),
            (
                Verdict::UnexpectedPass,
                "work although the spec expects failure",
                "works although the spec expects failure",
            ),
            (Verdict::Flaky, "passed only on retry", "passed only on retry"),
            (Verdict::Stale, "are stale", "is stale"),
            (Verdict::NotPromised, "are not promised", "is not promised"),
        ];
        for (verdict, many, one) in rest.into_iter().filter(|(verdict, ..)| of(*verdict) > 0) {
            let _ = write!(out, ", {} {}", of(verdict), if of(verdict) == 1 { one } else { many });
        }
        out.push_str(".\n");
        if !facts.whole {
            out.push_str("The matrix has too many cells to list; those without evidence are not counted here.\n");
        }
    }
    let _ = writeln!(
        out,
        "\nA *cell* is {}. A promise is *proven* if \
         cells at the promised value ran and passed and no cell that it covers is broken. It is *contradicted* if evidence \
         shows a failure, *stale* if the evidence that would decide it is of other sources than the newest evidence, or of \
         what means something else by now, and *unproven* if there is no evidence either way.",
        cell(facts.spec)
    );
}

/// What a cell of this spec is: `one value per axis: a Rust version, a feature set`.
fn cell(spec: &Spec) -> String {
    let words: Vec<String> = spec
        .space
        .axes()
        .iter()
        .map(|axis| match &axis.kind {
            AxisKind::Rust => "a Rust version".to_owned(),
            AxisKind::Sqlite => "a SQLite version".to_owned(),
            AxisKind::Schema => "a schema".to_owned(),
            AxisKind::Features => "a feature set".to_owned(),
            AxisKind::Deps => "a choice of dependency versions".to_owned(),
            AxisKind::Os => "a system".to_owned(),
            AxisKind::Env { var } => format!("a value of {}", code(var)),
        })
        .collect();
    match words.as_slice() {
        [] => "one configuration of the packages".to_owned(),
        [one] => format!("{one} that the tests ran with"),
        _ => format!("one value per axis: {}", words.join(", ")),
    }
}

pub(super) fn table(facts: &Facts<'_>) -> String {
    let mut table = Table::new(&["Promise", "Verdict", "Why", "Example"]);
    for claim in &facts.claims.claims {
        let Claim { subject, verdict, proof, stale, against, exceptions: _, sentence } = claim;
        let sign = sign(*verdict);
        let stale =
            stale.iter().filter(|_| *verdict == ClaimVerdict::Stale).find_map(|(_, cells)| cells.example.as_ref());
        let example = against.example.as_ref().or(stale).or(proof.example.as_ref());
        table.row([
            promised(subject),
            format!("{sign} {verdict}"),
            text(sentence),
            example.map_or(String::new(), |cell| code(&cell.to_string())),
        ]);
    }
    let mut out = if table.is_empty() { String::new() } else { table.finish() };
    if !facts.judgement.judged.is_empty() {
        out.push_str(if out.is_empty() { "" } else { "\n" });
        let claimed = &facts.spec.claims;
        let one = claimed.packages.is_empty();
        let of_rust = match &claimed.rust {
            _ if !one => "This is not a promise: packages promise what is said above".to_owned(),
            claim => promise("Rust", claim.as_ref()),
        };
        oldest(&mut out, "Rust", &facts.claims.lowest_rust, &of_rust);
        // Where there is neither an axis nor a claim, SQLite is none of the reader's concerns.
        if facts.spec.space.axis_of(&AxisKind::Sqlite).is_some() || claimed.sqlite.is_some() {
            let of_sqlite = promise("SQLite", claimed.sqlite.as_ref());
            oldest(&mut out, "SQLite", &facts.claims.lowest_sqlite, &of_sqlite);
        }
    }
    out
}

/// A verdict's sign.
pub(super) fn sign(verdict: ClaimVerdict) -> &'static str {
    match verdict {
        ClaimVerdict::Proven => "✅",
        ClaimVerdict::Stale => "⏳",
        ClaimVerdict::Unproven => "➖",
        ClaimVerdict::Contradicted => "❌",
    }
}

/// The promise in words: a package is code.
fn promised(subject: &Subject) -> String {
    match subject {
        Subject::Rust { version, package: Some(package) } => {
            format!("Rust {} and newer for {}", text(version), code(package))
        }
        Subject::Rust { package: None, .. } | Subject::Sqlite(_) | Subject::Schema(_) | Subject::Platform { .. } => {
            text(&subject.to_string())
        }
    }
}

/// What is promised of a version, to be read beside the oldest one that works.
fn promise(what: &str, claimed: Option<&ClaimedVersion>) -> String {
    match claimed {
        Some(claim) => format!("The promise is {what} {} and newer", claim.text),
        None => format!("This is not a promise: the spec promises no lowest {what}"),
    }
}

/// The oldest version that works, in words that nobody takes for a requirement.
fn oldest(out: &mut String, what: &str, lowest: &Option<Lowest>, promise: &str) {
    let _ = match lowest {
        None => writeln!(out, "- No {what} version is known to work yet. {promise}."),
        Some(Lowest { version, proof, broken_above }) => {
            let above = match broken_above {
                0 => String::new(),
                n => format!("; {} on newer versions broken", count(*n, "result")),
            };
            let passed = count(proof.count, "result");
            writeln!(
                out,
                "- The oldest {what} that was tested and works: **{version}** ({passed} passed{above}). {promise}."
            )
        }
    };
}

/// `a, b and c`.
fn joined(parts: &[String]) -> String {
    match parts {
        [] => String::new(),
        [one] => one.clone(),
        [most @ .., last] => format!("{} and {last}", most.join(", ")),
    }
}
