//! The results that belong to the work tree as it is now: those with today's keys, whatever ran since.

use std::collections::BTreeSet;

use compatrix_model::cell::CellId;
use compatrix_model::condition::Condition;
use compatrix_model::evidence::Record;
use compatrix_model::matrix_spec::{Profile, RunBy};
use compatrix_model::plan::{plan_part, Choice, Part};
use compatrix_model::promised;
use compatrix_model::spec_text::Parsed;

use crate::run::known;
use crate::session::Session;
use crate::sys::error::Error;

/// What the ledger has of today.
#[derive(Debug)]
pub struct TodaysResults {
    /// One for each suite and cell that was tried with the inputs of today.
    pub records: Vec<Record>,
    /// How many suites in cells have results of other inputs only.
    pub earlier: usize,
    /// Why results of today's inputs are not among them.
    pub refused: Vec<String>,
}

/// The result of today's key for each suite and cell of the ledger that meets one of these conditions and in which one of
/// these packages is built; of all if there are none.
///
/// # Errors
/// The ledger or the workspace cannot be read.
pub fn results(
    session: &Session,
    parsed: &Parsed,
    cells: &[Condition],
    packages: &[String],
) -> Result<TodaysResults, Error> {
    let spec = &parsed.spec;
    let survey = session.survey(parsed)?;
    let facts = survey.facts.plan_facts();
    let versions = facts.versions();
    let matchers: Vec<_> = cells.iter().map(|condition| condition.matcher(&spec.space, &versions)).collect();
    let holds = |coords: &[usize]| matchers.is_empty() || matchers.iter().any(|matcher| matcher.holds(coords));
    let builds = |coords: &[usize]| {
        let left_out = promised::left_out(spec, &promised::toolchain(&spec.space, coords), &versions);
        packages.is_empty() || packages.iter().any(|package| !left_out.contains(package))
    };
    let part: Part = session
        .ledger
        .cells()?
        .into_iter()
        .filter_map(|(suite, cell)| {
            let suite = spec.suites.iter().position(|other| other.name == suite)?;
            let cell = spec.space.find(&cell.parse::<CellId>().ok()?)?;
            let coords = spec.space.coords(cell);
            (holds(&coords) && builds(&coords)).then_some((suite, cell))
        })
        .collect::<BTreeSet<_>>()
        .into_iter()
        .collect();
    let profile = Profile::default();
    let mut results = TodaysResults { records: Vec::new(), earlier: 0, refused: Vec::new() };
    // As the commands plan them: suites of one command decide for each other how much debug information a build has.
    for command in [RunBy::Compat, RunBy::LeakCheck, RunBy::Bench] {
        let part: Part = part.iter().filter(|(suite, _)| spec.suites[*suite].run_by() == command).copied().collect();
        let plan = plan_part(spec, &Choice { profile: &profile, cells: &[], packages: &[] }, &facts, &part);
        for known in known::of_plan(&session.host, &session.ledger, spec, &plan, &survey)?.runs {
            results.refused.extend(known.refused);
            results.records.extend(known.record);
        }
    }
    // What proves nothing of today's inputs has no entry.
    results.records.retain(|record| record.proof.is_some());
    results.earlier = part.len() - results.records.len();
    session.ledger.save_memo(&session.host.memo)?;
    Ok(results)
}
