//! Judges each record once, on its way into the results.

use super::row::Row;
use crate::cell::{CellIndex, Space};
use crate::condition::Versions;
use crate::evidence::Record;
use crate::expect::Expectations;
use crate::matrix_spec::{Spec, Suite};
use crate::promised;
use crate::verdict::Expectation;
use compatrix_leak::Policy;

/// The criteria for judging records: the spec's rules, the leak policy, and today's date.
#[derive(Debug)]
pub struct Judge<'a> {
    spec: &'a Spec,
    policy: &'a Policy,
    today: &'a str,
    expectations: Expectations,
    versions: Versions,
}

impl<'a> Judge<'a> {
    /// `versions` resolve the spec's rules; `today` is `YYYY-MM-DD`.
    pub fn new(spec: &'a Spec, versions: &Versions, policy: &'a Policy, today: &'a str) -> Self {
        let expectations = Expectations::new(spec, versions, Some(today));
        Self { spec, policy, today, expectations, versions: versions.clone() }
    }

    /// Judges a record of the suite at this index.
    pub fn row(&self, suite: usize, cell: CellIndex, mut record: Record, reused: bool) -> Row {
        let suite = &self.spec.suites[suite];
        under_policy(&mut record, suite, self.policy, self.today);
        let expectation = self.expectations.of(&self.space().coords(cell));
        if let Expectation::Fail { error: Some(error), .. } = &expectation {
            record.quote(error);
        }
        let row = Row::from_record(record, expectation, reused);
        row.under(suite.leak().map(|leak| leak.tool))
    }

    /// The row of a suite that was not tried in a cell.
    pub fn untried(&self, suite: usize, cell: CellIndex, reason: &str) -> Row {
        let suite = &self.spec.suites[suite];
        let row = Row::untried(&suite.name, self.space().id(cell), reason);
        row.under(suite.leak().map(|leak| leak.tool))
    }

    /// The row of a suite in a cell whose Rust is promised for no package.
    pub fn not_promised(&self, suite: usize, cell: CellIndex, reason: &str) -> Row {
        let suite = &self.spec.suites[suite];
        let toolchain = promised::toolchain(self.space(), &self.space().coords(cell));
        let left_out = promised::left_out(self.spec, &toolchain, &self.versions);
        let packages = left_out.into_iter().filter(|package| suite.builds(package)).collect();
        let row = Row::not_promised(&suite.name, self.space().id(cell), reason, packages);
        row.under(suite.leak().map(|leak| leak.tool))
    }

    fn space(&self) -> &'a Space {
        &self.spec.space
    }
}

/// Judges a record again by today's suppressions and baseline, which may have changed since it was made.
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
