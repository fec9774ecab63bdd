//! What `report --require-fresh` says of evidence that is stale: how much, why, where, and which promises it concerns.

use compatrix_model::claims::{ClaimVerdict, Freshness};

use crate::look::count;

/// One line for each reason, then one for each promise that stale evidence alone would decide; none if nothing is stale.
pub fn lines(freshness: &Freshness) -> Vec<String> {
    let reason = |group: &compatrix_model::claims::StaleGroup| {
        let place = match group.whereabouts.as_str() {
            "" => String::new(),
            place => format!(", with {place}"),
        };
        let verb = if group.count == 1 { "is" } else { "are" };
        format!("{} {verb} {}{place}, the first `{}`", count(group.count, "result"), group.stale, group.example)
    };
    let claims = freshness.claims.iter().filter(|claim| claim.verdict == ClaimVerdict::Stale);
    let claims = claims.map(|claim| format!("stale: {}: {}", claim.subject, claim.sentence));
    freshness.groups.iter().map(reason).chain(claims).collect()
}
