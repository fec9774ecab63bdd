//! Which exit code a report ends with.

use compatrix_bench::{Change, Proven, Tier};

use super::{Question, SpeedReport};
use crate::outcome::Outcome;

/// How a `bench` ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Ends {
    /// Nothing is slower, and no target that must hold is contradicted.
    Well,
    /// Something is slower, or contradicts a target, or does not work; or is unproven where that is denied.
    Finding,
    /// This machine cannot tell, or nothing was compared.
    CannotTell,
}

impl Ends {
    /// As the command line documents it.
    pub fn exit_code(self) -> u8 {
        match self {
            Ends::Well => 0,
            Ends::Finding => 1,
            Ends::CannotTell => 3,
        }
    }
}

/// The figures of a report that decide how it ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Tally {
    /// Benches that are slower.
    pub slower: usize,
    /// Benches of which neither could be shown.
    pub unproven: usize,
    /// Benches that were compared, or did not have to be.
    pub compared: usize,
    /// Groups that do not work on the head's side, or are something else than planned.
    pub broken: usize,
    /// Groups that could not be tried, or failed on our side.
    pub untried: usize,
    /// Targets of the tier `must` that are contradicted.
    pub contradicted: usize,
    /// Targets that are proven or contradicted.
    pub decided: usize,
    /// Whether our own spin shows that this machine cannot tell.
    pub blind: bool,
}

impl Tally {
    /// The figures of a report.
    pub fn of(report: &SpeedReport) -> Self {
        let mut tally = Tally {
            slower: report.count(Change::Slower),
            unproven: report.count(Change::Unproven),
            compared: report.comparisons.len() - report.count(Change::Unproven),
            blind: report.canary.as_ref().is_some_and(|canary| !canary.proven),
            ..Tally::default()
        };
        // In sources that did not change, a cost is no regression.
        if !matches!(report.question, Question::Change { .. }) {
            tally.slower = 0;
        }
        for trouble in report.groups.iter().filter_map(|group| group.trouble.as_ref()) {
            match trouble.outcome {
                Outcome::Unavailable | Outcome::NotPromised | Outcome::Infrastructure => tally.untried += 1,
                _ if trouble.is_of_base() => tally.untried += 1,
                Outcome::Passed
                | Outcome::Failed
                | Outcome::BuildFailed
                | Outcome::Crashed
                | Outcome::TimedOut
                | Outcome::Misidentified => tally.broken += 1,
            }
        }
        for target in &report.targets {
            tally.contradicted += usize::from(target.tier == Tier::Must && target.proven == Proven::Contradicted);
            tally.decided += usize::from(target.proven != Proven::Unproven);
        }
        tally
    }

    /// How it ends. `missing_fails` says that what is unproven counts as a finding.
    pub fn ends(&self, missing_fails: bool) -> Ends {
        if self.broken > 0 {
            return Ends::Finding;
        }
        if self.blind {
            return Ends::CannotTell;
        }
        if self.slower > 0 || self.contradicted > 0 {
            return Ends::Finding;
        }
        if missing_fails && (self.unproven > 0 || self.untried > 0) {
            return Ends::Finding;
        }
        // What says nothing is not good news.
        if self.compared == 0 && self.decided == 0 {
            return Ends::CannotTell;
        }
        Ends::Well
    }
}
