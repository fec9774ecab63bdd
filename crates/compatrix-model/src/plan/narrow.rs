//! Narrows a plan: to the cells that a change can affect, or to one shard.
//!
//! The part is decided once, by the first plan, before anything is provided. What is found out later (a toolchain that
//! is not available after all) turns runs into skips and moves nothing from one shard to another.

use super::contents::Plan;
use super::parts::{Narrowed, Part, Shard};
use super::shard::deal;
use super::since::Affected;
use super::{plan, plan_part, Choice};
use crate::facts::PlanFacts;
use crate::matrix_spec::Spec;

/// How to narrow a plan; by default not at all.
#[derive(Debug, Clone, Default)]
pub struct Narrow {
    /// Only these suites in these cells, decided before; the choice does not matter then.
    pub part: Option<Part>,
    /// Only cells affected by these changes.
    pub since: Option<Affected>,
    /// Only this shard of it.
    pub shard: Option<Shard>,
}

/// The plan of this choice, narrowed; and the part that it was narrowed to, to plan it again with more facts.
pub fn plan_narrowed(spec: &Spec, choice: &Choice<'_>, facts: &PlanFacts, narrow: &Narrow) -> (Plan, Option<Part>) {
    let mut part: Option<Part> = narrow.part.clone();
    let mut whole = match &part {
        Some(part) => plan_part(spec, choice, facts, part),
        None => plan(spec, choice, facts),
    };
    let mut narrowed = Narrowed { of: whole.runs.len() + whole.skips.len(), ..Narrowed::default() };
    let coverage = whole.coverage.clone();
    if let Some(affected) = &narrow.since {
        let (affected, since) = affected.within(spec, &whole, &facts.versions());
        whole = plan_part(spec, choice, facts, &affected);
        (part, narrowed.since) = (Some(affected), Some(since));
    }
    if let Some(shard) = narrow.shard {
        let (dealt_part, dealt) = deal(spec, &whole, facts, shard);
        whole = plan_part(spec, choice, facts, &dealt_part);
        (part, narrowed.shard) = (Some(dealt_part), Some(dealt));
    }
    // The coverage is that of the whole choice.
    (Plan { narrowed, coverage, ..whole }, part)
}

/// Narrows the plan again with newer facts.
pub fn plan_again(spec: &Spec, choice: &Choice<'_>, facts: &PlanFacts, (first, part): (&Plan, Option<&Part>)) -> Plan {
    match part {
        None => plan(spec, choice, facts),
        Some(part) => Plan {
            narrowed: first.narrowed.clone(),
            coverage: first.coverage.clone(),
            ..plan_part(spec, choice, facts, part)
        },
    }
}
