//! The expectation for each cell, from the spec's rules.

use crate::cell::Space;
use crate::condition::{Matcher, Versions};
use crate::matrix_spec::{Expect, Rule, Spec};
use crate::verdict::Expectation;

/// The rules of a spec made ready for a host.
#[derive(Debug, Clone)]
pub struct Expectations {
    rules: Vec<(Matcher, Expectation)>,
}

impl Expectations {
    /// The rules of this spec, with the versions that values stand for. With `today` (`YYYY-MM-DD`) a rule whose last day
    /// is past excuses nothing; without it (pages have no clock) every rule holds.
    pub fn new(spec: &Spec, versions: &Versions, today: Option<&str>) -> Self {
        Self::of_space(spec, &spec.space, versions, today)
    }

    fn of_space(spec: &Spec, space: &Space, versions: &Versions, today: Option<&str>) -> Self {
        let rules = spec.rules.iter().filter(|rule| rule.expect == Expect::Fail).map(|rule| {
            let expired = matches!((&rule.until, today), (Some(until), Some(today)) if until.as_str() < today);
            let expectation = if expired {
                Expectation::Pass
            } else {
                let Rule { reason, outcome, error, issue, until, .. } = rule.clone();
                Expectation::Fail { reason, outcome, error, issue, until }
            };
            (rule.when.matcher(space, versions), expectation)
        });
        Self { rules: rules.collect() }
    }

    /// The expectation for the cell at these coordinates: that of the first matching rule, otherwise a pass.
    pub fn of(&self, coords: &[usize]) -> Expectation {
        let rule = self.rules.iter().find(|(matcher, _)| matcher.holds(coords));
        rule.map_or(Expectation::Pass, |(_, expectation)| expectation.clone())
    }
}
