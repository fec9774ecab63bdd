//! Judges findings (suppressed, accepted, noted or an error) and the outcome of a cell.
//!
//! A report keeps the tests' outcome separate from the findings, so it can be judged again without a run when suppressions
//! or baseline change. Judging is idempotent.

use std::collections::BTreeMap;
use std::fmt::Write;

use semver::Version;

use super::attribute;
use super::baseline::{self, is_of, Baseline};
use super::finding::{Finding, FindingKind, Standing};
use super::outcome::Outcome;
use super::report::{Canary, LeakReport};
use super::settings::LeakSettings;
use super::suppress::{self, Suppression};
use super::tool::Tool;
use super::usage::{Accepted, SuppressionUse, Usage};

/// The rules for judging findings.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Policy {
    /// Suppressions, including built-in ones; the first that covers a finding counts.
    pub suppressions: Vec<Suppression>,
    /// Findings accepted until a date.
    pub baseline: Baseline,
}

impl Default for Policy {
    /// The built-in suppressions and an empty baseline.
    fn default() -> Self {
        Self { suppressions: suppress::built_in().to_vec(), baseline: Baseline::default() }
    }
}

impl Policy {
    /// Judges a finding on this day (`YYYY-MM-DD`), in an executable built by this Rust.
    pub fn standing(
        &self,
        finding: &Finding,
        settings: &LeakSettings,
        rust: Option<&Version>,
        today: &str,
    ) -> Standing {
        self.standing_of_size(finding, (finding.bytes, finding.blocks), settings, rust, today)
    }

    /// The same for a finding of which several parts are reported, of this size together.
    fn standing_of_size(
        &self,
        finding: &Finding,
        size: (u64, u64),
        settings: &LeakSettings,
        rust: Option<&Version>,
        today: &str,
    ) -> Standing {
        if let Some(by) = self.suppressions.iter().find(|suppression| suppression.covers(finding, rust)) {
            return Standing::Suppressed { by: by.name.clone(), reason: by.reason.clone() };
        }
        if !settings.errors_for.contains(&finding.kind) {
            return Standing::Noted;
        }
        match self.baseline.entry(finding) {
            None => Standing::Error,
            Some(Accepted { until, .. }) if until.as_str() < today => Standing::Expired { until: until.clone() },
            Some(entry) if baseline::has_outgrown(entry, size) => {
                Standing::Grew { bytes: entry.bytes, blocks: entry.blocks }
            }
            Some(Accepted { reason, issue, until, .. }) => {
                Standing::Accepted { reason: reason.clone(), issue: issue.clone(), until: until.clone() }
            }
        }
    }

    /// Sets the standing of each finding of a report, and returns outcome and cause, which follow from the standings and the
    /// tests' outcome. `rust` built the executables; `failed` is the number of tests that failed under the tool.
    pub fn judge(
        &self,
        report: &mut LeakReport,
        settings: &LeakSettings,
        rust: Option<&Version>,
        failed: u32,
        today: &str,
    ) -> (Outcome, String) {
        let mut sizes: BTreeMap<String, (u64, u64)> = BTreeMap::new();
        for finding in &report.findings {
            let size = sizes.entry(finding.fingerprint.clone()).or_default();
            *size = (size.0.saturating_add(finding.bytes), size.1.saturating_add(finding.blocks));
        }
        for finding in &mut report.findings {
            let size = sizes.get(&finding.fingerprint).copied().unwrap_or_default();
            finding.standing = self.standing_of_size(finding, size, settings, rust, today);
        }
        result(report, failed)
    }

    /// Which parts of the policy judged reports used.
    pub fn usage(&self, runs: &Runs<'_>, today: &str) -> Usage {
        let ran = &runs.reports;
        let mut usage = Usage::default();
        for suppression in &self.suppressions {
            usage.suppressions.extend(uses(suppression, ran, runs.complete));
        }
        usage.suppressions.sort_by(|a, b| (a.tool, &a.name).cmp(&(b.tool, &b.name)));
        let found = |entry: &Accepted| ran.iter().any(|(report, _)| report.findings.iter().any(|f| is_of(entry, f)));
        for entry in &self.baseline.0 {
            match found(entry) {
                true if entry.until.as_str() < today => usage.expired.push(entry.clone()),
                true => usage.accepted.push(entry.clone()),
                false if runs.complete && !runs.lost && could_be_found(entry, ran) => {
                    usage.vanished.push(entry.clone())
                }
                false => {}
            }
        }
        usage
    }
}

/// The reports of many cells.
#[derive(Debug, Clone, Default)]
pub struct Runs<'r> {
    /// Each with the Rust that built its executables, if known.
    pub reports: Vec<(&'r LeakReport, Option<Version>)>,
    /// Whether the choice was not narrowed, so that a missing finding is really gone.
    pub complete: bool,
    /// Whether an available cell has no report.
    pub lost: bool,
}

/// Outcome and cause of a cell.
fn result(report: &LeakReport, failed: u32) -> (Outcome, String) {
    if let Canary::NotProven { why } = &report.canary {
        return (Outcome::Infrastructure, format!("tool not proven: {why}"));
    }
    let errors = summary(report);
    let unproven = unproven(report);
    let (outcome, cause) = match report.outcome {
        // Nothing is known to be wrong, and nothing is known to be right.
        Outcome::Passed if errors.is_none() && unproven.is_some() => (Outcome::Unavailable, String::new()),
        Outcome::Passed | Outcome::Failed if report.ran == 0 && failed == 0 => (Outcome::Failed, none_ran(report)),
        Outcome::Passed if errors.is_some() => (Outcome::Failed, String::new()),
        outcome => (outcome, report.cause.clone()),
    };
    let parts = [Some(cause).filter(|cause| !cause.is_empty()), errors, unproven];
    let parts: Vec<String> = parts.into_iter().flatten().collect();
    (outcome, parts.join("; and "))
}

/// Why the silence of a tool that works proves nothing of these executables; `None` if it does.
fn unproven(report: &LeakReport) -> Option<String> {
    let first = report.not_proven.first()?;
    let more = match report.not_proven.len() - 1 {
        0 => String::new(),
        n => format!(" (and {n} more)"),
    };
    Some(format!("{} is not proven for this executable: {first}{more}", report.tool))
}

/// Why no test ran, which does not count as a pass.
fn none_ran(report: &LeakReport) -> String {
    let reasons: Vec<String> =
        report.not_runnable.iter().map(|group| format!("{} ({})", group.reason, group.tests.len())).collect();
    let why = match (reasons.is_empty(), report.cause.is_empty()) {
        (false, _) => reasons.join(", "),
        (true, false) => report.cause.clone(),
        (true, true) => "the executables have none".to_owned(),
    };
    format!("no test could be run under {}: {why}", report.tool)
}

/// One line about the findings that fail the suite: count, kinds, the first test and its frame. `None` if there are none.
fn summary(report: &LeakReport) -> Option<String> {
    let mut kinds: BTreeMap<FindingKind, usize> = BTreeMap::new();
    for finding in report.errors() {
        *kinds.entry(finding.kind).or_default() += 1;
    }
    let count: usize = kinds.values().sum();
    // The first finding with a known test is the most informative.
    let first = report.errors().find(|finding| finding.test.is_some()).or_else(|| report.errors().next())?;
    let kinds: Vec<String> = kinds.iter().map(|(kind, count)| format!("{count} {kind}")).collect();
    let (errors, place) = if count == 1 { ("error", ",") } else { ("errors", "; the first") };
    let mut text = format!("{}: {count} {errors} ({}){place} in ", report.tool, kinds.join(", "));
    match &first.test {
        Some(test) => {
            let _ = write!(text, "{}::{test}", first.executable);
        }
        None => {
            let why = attribute::outside(first)
                .map_or("no test could be named".to_owned(), |place| format!("{place}, in no test"));
            let _ = write!(text, "{} ({why})", first.executable);
        }
    }
    match first.own_frame() {
        Some(frame) => {
            let place = frame.file.as_deref().map(|file| match frame.line {
                Some(line) => format!("{file}:{line}"),
                None => file.to_owned(),
            });
            let _ = write!(text, " at {}", place.unwrap_or_else(|| frame.function.clone()));
        }
        None => {
            let _ = write!(text, ": {}", first.what);
        }
    }
    if let Some(grown) = grown(report) {
        let _ = write!(text, " ({grown})");
    }
    let expired = report.errors().filter(|finding| matches!(finding.standing, Standing::Expired { .. })).count();
    if expired > 0 {
        let _ = write!(text, " ({expired} accepted until a day that has passed)");
    }
    Some(text)
}

/// The first finding that has outgrown its entry in the baseline: from what to what.
fn grown(report: &LeakReport) -> Option<String> {
    let of = |finding: &&Finding| matches!(finding.standing, Standing::Grew { .. });
    let first = report.errors().find(of)?;
    let Standing::Grew { bytes, blocks } = first.standing else { return None };
    let same = || report.findings.iter().filter(|finding| finding.fingerprint == first.fingerprint);
    let sum = |of: fn(&Finding) -> u64| same().map(of).fold(0, u64::saturating_add);
    let part = |most: Option<u64>, now: u64, what: &str| Some(format!("{} to {now} {what}", most?));
    let parts = [part(bytes, sum(|f| f.bytes), "bytes"), part(blocks, sum(|f| f.blocks), "blocks")];
    let parts: Vec<String> = parts.into_iter().flatten().collect();
    Some(format!("the accepted finding {} grew from {}", first.fingerprint, parts.join(" and from ")))
}

/// The uses of a suppression by tool. An unused one is listed once, unless it is built in or the runs that need it may be
/// missing.
fn uses(suppression: &Suppression, ran: &[(&LeakReport, Option<Version>)], complete: bool) -> Vec<SuppressionUse> {
    let one = |tool: Tool, used: usize| SuppressionUse {
        name: suppression.name.clone(),
        reason: suppression.reason.clone(),
        tool,
        used,
        built_in: suppression.is_built_in(),
    };
    let is_by =
        |finding: &&Finding| matches!(&finding.standing, Standing::Suppressed { by, .. } if *by == suppression.name);
    let count = |tool: Tool| {
        let of_tool = ran.iter().filter(|(report, _)| report.tool == tool);
        of_tool.flat_map(|(report, _)| &report.findings).filter(is_by).count()
    };
    let used: Vec<SuppressionUse> =
        Tool::ALL.into_iter().map(|tool| one(tool, count(tool))).filter(|u| u.used > 0).collect();
    if !used.is_empty() {
        return used;
    }
    let could_be = |(report, rust): &&(&LeakReport, Option<Version>)| {
        suppression.tools.contains(&report.tool) && suppression.is_for(rust.as_ref()) && is_whole(report)
    };
    let first = ran.iter().find(could_be).filter(|_| complete && !suppression.is_built_in());
    first.map(|(report, _)| one(report.tool, 0)).into_iter().collect()
}

/// Whether an accepted finding would have been found if it still existed.
fn could_be_found(entry: &Accepted, ran: &[(&LeakReport, Option<Version>)]) -> bool {
    let mut of_tool = ran.iter().filter(|(report, _)| entry.tool.is_none_or(|tool| tool == report.tool)).peekable();
    of_tool.peek().is_some() && of_tool.all(|(report, _)| is_whole(report))
}

/// Whether a tool covered all tests: it is proven, and no test ended its process or timed out.
fn is_whole(report: &LeakReport) -> bool {
    report.is_proven() && matches!(report.outcome, Outcome::Passed | Outcome::Failed) && report.ran > 0
}
