//! The committed part of a leak report.
//!
//! Findings that fail a suite, or that somebody accepted, are kept one by one; those that are only noted or suppressed
//! are many, differ from one machine to the next, and are kept as numbers.

use std::collections::BTreeMap;

use compatrix_leak::{Canary, Finding, FindingKind, Frame, LeakReport, Standing, Tool};

use super::scrub::{one_line, scrub_paths};

/// How many findings an entry keeps.
const MAX_FINDINGS: usize = 50;

/// A [`LeakReport`] without the parts that differ between equal runs. Only for proven tools.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LeakEvidence {
    /// The tool of the suite.
    pub tool: Tool,
    /// The tool's version.
    pub version: String,
    /// Its finding in the leaking canary.
    pub canary: String,
    /// How many tests ran under it.
    pub ran: u32,
    /// How many tests it could not run, by reason; sorted by reason.
    pub not_runnable: Vec<(String, u32)>,
    /// Findings that fail the suite or that the baseline accepts; sorted.
    pub findings: Vec<FindingEvidence>,
    /// How many more there were.
    pub left_out: u32,
    /// How many findings were only noted, by kind.
    pub noted: Vec<(FindingKind, u32)>,
    /// How many findings each suppression covered, by its name, with its reason.
    pub suppressed: Vec<(String, String, u32)>,
}

/// A finding without its stack.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct FindingEvidence {
    /// The test, `executable::test`; the executable alone if the test is unknown.
    pub test: String,
    /// What it is.
    pub kind: FindingKind,
    /// 16 hex digits.
    pub fingerprint: String,
    /// The place: `src/store.rs:120` in the workspace's code, otherwise the first known function; may be empty.
    pub place: String,
    /// Bytes, summed over all findings with this fingerprint.
    pub bytes: u64,
    /// How many blocks, files, descriptors.
    pub blocks: u64,
    /// The baseline entry; `None` for a plain error.
    pub baseline: Option<BaselineEvidence>,
}

/// The baseline entry of a finding.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct BaselineEvidence {
    /// Why it is accepted; empty after its last day.
    pub reason: String,
    /// URL of an issue.
    pub issue: Option<String>,
    /// The last day.
    pub until: String,
    /// Whether its last day has passed, so that it is an error again.
    pub expired: bool,
}

impl FindingEvidence {
    /// Whether it fails the suite.
    pub fn is_error(&self) -> bool {
        self.baseline.as_ref().is_none_or(|baseline| baseline.expired)
    }
}

impl LeakEvidence {
    /// The evidence in a report; none if the tool was not proven, or its silence proves nothing about one of the executables.
    pub(super) fn new(report: LeakReport) -> Option<Self> {
        if !report.not_proven.is_empty() && report.errors().next().is_none() {
            return None;
        }
        let Canary::Proven { found } = report.canary else { return None };
        let mut not_runnable: BTreeMap<String, u32> = BTreeMap::new();
        for group in report.not_runnable {
            let n = not_runnable.entry(one_line(&group.reason)).or_default();
            *n = n.saturating_add(u32::try_from(group.tests.len()).unwrap_or(u32::MAX));
        }
        let mut noted: BTreeMap<FindingKind, u32> = BTreeMap::new();
        let mut suppressed: BTreeMap<(String, String), u32> = BTreeMap::new();
        for one in &report.suppressed {
            let n = suppressed.entry((one_line(&one.name), scrub_paths(&one.from))).or_default();
            *n = n.saturating_add(u32::try_from(one.findings).unwrap_or(u32::MAX));
        }
        let mut kept: BTreeMap<(String, Option<BaselineEvidence>), FindingEvidence> = BTreeMap::new();
        for finding in report.findings {
            let baseline = match &finding.standing {
                Standing::Noted => {
                    *noted.entry(finding.kind).or_default() += 1;
                    continue;
                }
                Standing::Suppressed { by, reason } => {
                    *suppressed.entry((one_line(by), one_line(reason))).or_default() += 1;
                    continue;
                }
                Standing::Error | Standing::Grew { .. } => None,
                Standing::Expired { until } => {
                    Some(BaselineEvidence { reason: String::new(), issue: None, until: one_line(until), expired: true })
                }
                Standing::Accepted { reason, issue, until } => Some(BaselineEvidence {
                    reason: one_line(reason),
                    issue: issue.as_deref().map(one_line),
                    until: one_line(until),
                    expired: false,
                }),
            };
            let new = FindingEvidence::new(&finding, baseline);
            match kept.entry((new.fingerprint.clone(), new.baseline.clone())) {
                std::collections::btree_map::Entry::Vacant(slot) => drop(slot.insert(new)),
                std::collections::btree_map::Entry::Occupied(mut slot) => {
                    let old = slot.get_mut();
                    let bytes = old.bytes.saturating_add(new.bytes).min(MAX_NUMBER);
                    let blocks = old.blocks.saturating_add(new.blocks).min(MAX_NUMBER);
                    // Which of several comes first must not matter.
                    *old = FindingEvidence { bytes, blocks, ..old.clone().min(new) };
                }
            }
        }
        let mut findings: Vec<FindingEvidence> = kept.into_values().collect();
        findings.sort();
        let left_out = u32::try_from(findings.len().saturating_sub(MAX_FINDINGS)).unwrap_or(u32::MAX);
        findings.truncate(MAX_FINDINGS);
        Some(Self {
            tool: report.tool,
            version: one_line(&report.version),
            canary: one_line(&found),
            ran: report.ran,
            not_runnable: not_runnable.into_iter().collect(),
            findings,
            left_out,
            noted: noted.into_iter().collect(),
            suppressed: suppressed.into_iter().map(|((by, reason), n)| (by, reason, n)).collect(),
        })
    }

    /// How many tests the tool could not run.
    pub fn not_run(&self) -> u32 {
        self.not_runnable.iter().fold(0, |sum, (_, n)| sum.saturating_add(*n))
    }
}

impl FindingEvidence {
    fn new(finding: &Finding, baseline: Option<BaselineEvidence>) -> Self {
        let test = match &finding.test {
            Some(test) if finding.executable.is_empty() => test.clone(),
            Some(test) => format!("{}::{test}", finding.executable),
            None => finding.executable.clone(),
        };
        FindingEvidence {
            test: scrub_paths(&test),
            kind: finding.kind,
            fingerprint: one_line(&finding.fingerprint),
            place: place(finding),
            bytes: finding.bytes.min(MAX_NUMBER),
            blocks: finding.blocks.min(MAX_NUMBER),
            baseline,
        }
    }
}

/// TOML's integers are signed.
const MAX_NUMBER: u64 = i64::MAX as u64;

fn place(finding: &Finding) -> String {
    let at = |frame: &Frame| match (&frame.file, frame.line) {
        (Some(file), Some(line)) => format!("{file}:{line}"),
        (Some(file), None) => file.clone(),
        (None, _) => frame.function.clone(),
    };
    let own = finding.own_frame().map(at);
    let named = || finding.stack.iter().map(|frame| &frame.function).find(|name| !name.is_empty()).cloned();
    one_line(&own.or_else(named).unwrap_or_default())
}
