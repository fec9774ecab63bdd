//! Records taken over: each is judged once, on its way into the results.

use super::row::Row;
use crate::cell::{CellIndex, Space};
use crate::condition::Versions;
use crate::evidence::Record;
use crate::expect::Expectations;
use crate::matrix_spec::{Spec, Suite};
use compatrix_leak::Policy;

/// What records are judged by: the spec's rules, what findings count for, and the day.
#[derive(Debug)]
pub struct Judge<'a> {
    spec: &'a Spec,
    policy: &'a Policy,
    today: &'a str,
    expectations: Expectations,
}

impl<'a> Judge<'a> {
    /// By the rules of this spec under these versions, on this day (`YYYY-MM-DD`).
    pub fn new(spec: &'a Spec, versions: &Versions, policy: &'a Policy, today: &'a str) -> Self {
        Self { spec, policy, today, expectations: Expectations::new(spec, versions, Some(today)) }
    }

    /// The row of a record of the suite at this position.
    pub fn row(&self, suite: usize, cell: CellIndex, mut record: Record, reused: bool) -> Row {
        let suite = &self.spec.suites[suite];
        under_policy(&mut record, suite, self.policy, self.today);
        let row = Row::from_record(record, self.expectations.of(&self.space().coords(cell)), reused);
        row.under(suite.leak().map(|leak| leak.tool))
    }

    /// The row of a suite that was not tried in a cell.
    pub fn untried(&self, suite: usize, cell: CellIndex, reason: &str) -> Row {
        let suite = &self.spec.suites[suite];
        let row = Row::untried(&suite.name, self.space().id(cell), reason);
        row.under(suite.leak().map(|leak| leak.tool))
    }

    fn space(&self) -> &'a Space {
        &self.spec.space
    }
}

/// A record as today's suppressions and baseline have it, which may have changed since it was made.
pub fn under_todays_policy(record: &mut Record, spec: &Spec, policy: &Policy, today: &str) {
    if let Ok(suite) = spec.suite(&record.suite) {
        under_policy(record, suite, policy, today);
    }
}

/// The one place where the leak policy judges a record.
fn under_policy(record: &mut Record, suite: &Suite, policy: &Policy, today: &str) {
    if let Some(settings) = suite.leak() {
        record.judge_leaks(policy, settings, today);
    }
}
