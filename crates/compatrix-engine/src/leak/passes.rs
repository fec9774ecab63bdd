//! Passes: runs all units once, then reruns in smaller units whatever ended early or cannot be attributed.
//!
//! No result is lost by a test that ends its process: it is taken out, and the tests that shared the process with it run
//! again without it.

use std::collections::BTreeSet;

use anyhow::Result;
use compatrix_leak::{attribute, finding::Class, Finding};
use compatrix_model::evidence::{Counts, TestFailure};
use compatrix_model::outcome::Outcome;

use super::bench::{place, unit_outcome, Bench, Leaks, RanUnit, Unit};
use super::seen::Seen;
use super::units;

/// So often the rest of a unit is run again as one; then its tests run alone.
const MOST_ROUNDS: usize = 4;

/// Runs all units to their end.
pub(super) fn go(bench: &Bench<'_>, leaks: &Leaks<'_>, all: Vec<Unit<'_>>, seen: &mut Seen) -> Result<()> {
    let mut waiting = all;
    let mut to_attribute = Vec::new();
    for round in 0.. {
        if waiting.is_empty() {
            break;
        }
        let ended = units::side_by_side(bench, leaks, std::mem::take(&mut waiting))?;
        let mut pass = Pass { bench, leaks, round, again: Vec::new(), to_attribute: &mut to_attribute };
        for (unit, ran) in ended {
            pass.take(unit, ran, seen);
        }
        if bench.host.supervisor.is_interrupted() {
            seen.outcome(Outcome::Infrastructure, "interrupted".to_owned());
            return Ok(());
        }
        waiting = pass.again;
    }
    attribute_alone(bench, leaks, to_attribute, seen)
}

/// One pass over units.
struct Pass<'p, 'a> {
    bench: &'p Bench<'p>,
    leaks: &'p Leaks<'p>,
    round: usize,
    /// Tests to rerun.
    again: Vec<Unit<'a>>,
    /// Findings that cannot be attributed yet.
    to_attribute: &'p mut Vec<(Unit<'a>, Vec<Finding>)>,
}

impl<'a> Pass<'_, 'a> {
    /// Adds the result of a unit.
    fn take(&mut self, unit: Unit<'a>, mut ran: RanUnit, seen: &mut Seen) {
        seen.executables_ms += u64::try_from(ran.finished.wall.as_millis()).unwrap_or(u64::MAX);
        seen.notes.append(&mut ran.notes);
        if ran.finished.left_processes {
            seen.notes.push(format!("{} left processes behind, which were ended", unit.executable.target));
        }
        let (outcome, cause) = unit_outcome(&ran, &unit, self.bench.inputs.suite.timeout);
        let target = &unit.executable.target;
        seen.suppressed.append(&mut ran.suppressed);
        let culprit = || ran.report.running.first().filter(|test| unit.tests.contains(test)).cloned();
        if let Some(reason) = ran.not_runnable.take() {
            if let Some(reason) = ran.not_proven.take() {
                seen.not_proven(target, reason);
            }
            // Those that it ran before and did not run after run again without it.
            let (stopped, rest): (Vec<String>, Vec<String>) = match culprit().filter(|_| unit.tests.len() > 1) {
                Some(culprit) => unit.tests.iter().cloned().partition(|test| *test == culprit),
                None => (unit.tests.clone(), Vec::new()),
            };
            seen.not_runnable.extend(stopped.iter().map(|test| (reason.clone(), format!("{target}::{test}"))));
            if !rest.is_empty() {
                self.again.push(Unit { executable: unit.executable, tests: rest, whole: false });
            }
            return;
        }
        if let Some(reason) = ran.not_proven.take() {
            // Alone, each test shows whether it is the one that switched the tool off.
            if unit.tests.len() > 1 && !seen.is_not_proven(target) && ran.report.complete {
                self.again.append(&mut units::singles(&unit));
                return;
            }
            let test = unit.tests.first().filter(|_| unit.tests.len() == 1 && !unit.executable.own_harness);
            let reason = test.map_or(reason.clone(), |test| format!("in the test {test}, {reason}"));
            seen.not_proven(target, reason);
        }
        let ended_early = !ran.report.complete && ran.trouble.is_none();
        if ended_early && outcome != Outcome::Infrastructure && unit.tests.len() > 1 {
            let culprit = culprit();
            if let Some(culprit) = culprit.filter(|_| self.round < MOST_ROUNDS) {
                let rest = unit.tests.iter().filter(|test| **test != culprit).cloned().collect();
                self.again.push(Unit { executable: unit.executable, tests: rest, whole: false });
                // The rest of the report belongs to tests that run again.
                ran.findings.retain_mut(|finding| match &finding.test {
                    Some(test) => *test == culprit,
                    // A leak without a test may belong to any of them; an error belongs to the running test.
                    None if finding.kind.class() == Class::Leak => false,
                    None => {
                        finding.test = Some(culprit.clone());
                        finding.fingerprint = attribute::fingerprint(finding);
                        true
                    }
                });
                died(seen, target, &culprit, &ran);
                seen.outcome(outcome, cause);
                seen.findings.append(&mut ran.findings);
            } else {
                self.again.append(&mut units::singles(&unit));
            }
            return;
        }
        if let (true, [test]) = (ended_early, unit.tests.as_slice()) {
            died(seen, target, test, &ran);
        } else {
            seen.counts = seen.counts.plus(Counts { ignored: 0, filtered: 0, ..ran.report.counts });
            seen.failures.append(&mut ran.report.failures);
        }
        seen.outcome(outcome, cause);
        let (known, unknown): (Vec<Finding>, Vec<Finding>) = ran.findings.into_iter().partition(|f| f.test.is_some());
        seen.findings.extend(known);
        let of_a_test = |finding: &&Finding| attribute::outside(finding).is_none();
        let errors =
            unknown.iter().filter(of_a_test).any(|finding| self.bench.standing(self.leaks, finding).is_error());
        if errors && unit.tests.len() > 1 {
            self.to_attribute.push((unit, unknown));
        } else {
            seen.findings.extend(unknown);
        }
    }
}

/// A test that ended its process counts as one that failed.
fn died(seen: &mut Seen, target: &str, test: &str, ran: &RanUnit) {
    seen.counts.failed += 1;
    let output = ran.finished.stderr.text().chars().take(4096).collect();
    seen.failures.push(TestFailure { executable: target.to_owned(), test: test.to_owned(), output });
}

/// Runs the tests of units alone to attribute the remaining findings.
fn attribute_alone(
    bench: &Bench<'_>,
    leaks: &Leaks<'_>,
    units: Vec<(Unit<'_>, Vec<Finding>)>,
    seen: &mut Seen,
) -> Result<()> {
    for (unit, unknown) in units {
        seen.notes.push(format!("the tests of {} ran alone once more, to attribute findings", unit.executable.target));
        let mut told: BTreeSet<String> = BTreeSet::new();
        for (_, ran) in units::side_by_side(bench, leaks, units::singles(&unit))? {
            seen.executables_ms += u64::try_from(ran.finished.wall.as_millis()).unwrap_or(u64::MAX);
            for finding in ran.findings {
                let place = place(&finding);
                if unknown.iter().any(|other| super::bench::place(other) == place) {
                    told.insert(place);
                    seen.findings.push(finding);
                }
            }
        }
        seen.findings.extend(unknown.into_iter().filter(|finding| !told.contains(&place(finding))));
    }
    Ok(())
}
