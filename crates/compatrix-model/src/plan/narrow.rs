//! A plan narrowed to a part: what a change can affect, one shard of several.
//!
//! The part is decided once, by the first plan, before anything is provided. What is found out later (a toolchain that
//! cannot be had after all) turns runs into skips and moves nothing from one shard to another.

use super::contents::Plan;
use super::parts::{Narrowed, Part, Shard};
use super::shard::deal;
use super::since::Affected;
use super::{plan, plan_part, Choice};
use crate::facts::HostFacts;
use crate::matrix_spec::Spec;

/// What narrows a plan; nothing does by default.
#[derive(Debug, Clone, Default)]
pub struct Narrow {
    /// Only these suites in these cells, decided before; the choice does not matter then.
    pub part: Option<Part>,
    /// Only what these changes affect.
    pub since: Option<Affected>,
    /// Only this shard of it.
    pub shard: Option<Shard>,
}

/// The plan of this choice, narrowed; and the part that it was narrowed to, to plan it again with more facts.
pub fn plan_narrowed(spec: &Spec, choice: &Choice<'_>, facts: &HostFacts, narrow: &Narrow) -> (Plan, Option<Part>) {
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
    // What the choice covers is said of all of it.
    (Plan { narrowed, coverage, ..whole }, part)
}

/// The narrowed plan once more, with facts found out since.
pub fn plan_again(spec: &Spec, choice: &Choice<'_>, facts: &HostFacts, (first, part): (&Plan, Option<&Part>)) -> Plan {
    match part {
        None => plan(spec, choice, facts),
        Some(part) => Plan {
            narrowed: first.narrowed.clone(),
            coverage: first.coverage.clone(),
            ..plan_part(spec, choice, facts, part)
        },
    }
}
