//! Sums leak results over cells: one line per suite, and each finding once, however many cells have it.

use std::collections::BTreeMap;

use compatrix_leak::{Canary, Finding, FindingKind, Standing, Tool};
use compatrix_model::results::matrix::Matrix;
use compatrix_model::results::row::Row;
use serde::Serialize;

pub(crate) struct Gathered<'a> {
    /// One line per suite of kind `leak`, in matrix order.
    pub(crate) suites: Vec<SuiteLine<'a>>,
    /// Distinct findings by tool, executable, test, kind and fingerprint.
    pub(crate) findings: Vec<Group<'a>>,
}

/// The results of a suite over its cells.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub(crate) struct SuiteLine<'a> {
    pub(crate) suite: &'a str,
    pub(crate) tool: Option<Tool>,
    /// The distinct versions that the tool reported.
    pub(crate) versions: Vec<&'a str>,
    pub(crate) cells: usize,
    /// Cells in which the tool was started.
    pub(crate) tried: usize,
    /// Cells in which the canaries proved the tool.
    pub(crate) proven: usize,
    /// Tests that ran under the tool, summed over the cells in which it is proven.
    pub(crate) tests: u64,
    /// Tests that it could not run, summed over all cells by reason, most frequent first.
    pub(crate) not_runnable: Vec<NotRun<'a>>,
    /// Counts of distinct findings.
    pub(crate) findings: Standings,
}

/// The number of tests that a tool could not run for one reason.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub(crate) struct NotRun<'a> {
    pub(crate) reason: &'a str,
    pub(crate) tests: usize,
}

/// Counts of findings by standing.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
pub(crate) struct Standings {
    pub(crate) errors: usize,
    pub(crate) noted: usize,
    pub(crate) suppressed: usize,
    pub(crate) accepted: usize,
}

impl Standings {
    pub(crate) fn add(&mut self, standing: &Standing, n: usize) {
        *match standing {
            Standing::Error | Standing::Grew { .. } | Standing::Expired { .. } => &mut self.errors,
            Standing::Noted => &mut self.noted,
            Standing::Suppressed { .. } => &mut self.suppressed,
            Standing::Accepted { .. } => &mut self.accepted,
        } += n;
    }
}

/// A finding and the cells that have it.
pub(crate) struct Group<'a> {
    /// The finding as reported in the first cell.
    pub(crate) finding: &'a Finding,
    /// The distinct cells, in matrix order.
    pub(crate) rows: Vec<&'a Row>,
    /// The fewest and the most bytes in one cell.
    pub(crate) bytes: (u64, u64),
    /// The fewest and the most blocks in one cell.
    pub(crate) blocks: (u64, u64),
    /// The number of cells in which the test itself also fails.
    pub(crate) fails: usize,
}

impl Group<'_> {
    /// `this test also fails`; `None` if it does not.
    pub(crate) fn fails_too(&self) -> Option<String> {
        match self.fails {
            0 => None,
            n if n == self.rows.len() => Some("this test also fails".to_owned()),
            n => Some(format!("this test also fails in {n} of the cells")),
        }
    }

    pub(crate) fn is_error(&self) -> bool {
        self.finding.standing.is_error()
    }
}

impl<'a> Gathered<'a> {
    pub(crate) fn of(matrix: &'a Matrix) -> Self {
        Self::of_rows(&matrix.rows)
    }

    /// The results of a single row.
    pub(crate) fn of_row(row: &'a Row) -> Self {
        Self::of_rows(std::slice::from_ref(row))
    }

    fn of_rows(rows: &'a [Row]) -> Self {
        let mut groups: BTreeMap<(Tool, &str, &str), Group<'a>> = BTreeMap::new();
        for row in rows {
            in_cell(row, &mut groups);
        }
        let mut findings: Vec<Group<'a>> = groups.into_values().collect();
        findings.sort_by(|a, b| order(a.finding).cmp(&order(b.finding)));
        Self { suites: suites(rows, &findings), findings }
    }

    /// The findings that fail their suites.
    pub(crate) fn errors(&self) -> impl Iterator<Item = &Group<'a>> {
        self.findings.iter().filter(|group| group.is_error())
    }

    /// Counts over all suites. A finding that two suites of a tool share counts once.
    pub(crate) fn standings(&self) -> Standings {
        let mut all = Standings::default();
        for group in &self.findings {
            all.add(&group.finding.standing, 1);
        }
        all
    }
}

/// The sort key; findings without a known test come last.
fn order(finding: &Finding) -> (Tool, &str, bool, Option<&str>, FindingKind, &str) {
    let test = finding.test.as_deref();
    (finding.tool, &finding.executable, test.is_none(), test, finding.kind, &finding.fingerprint)
}

/// Adds a row's findings. Findings with the same fingerprint in one cell are merged, their bytes summed.
fn in_cell<'a>(row: &'a Row, groups: &mut BTreeMap<(Tool, &'a str, &'a str), Group<'a>>) {
    let Some(report) = row.leaks() else { return };
    let mut here: BTreeMap<(Tool, &str, &str), (&Finding, u64, u64)> = BTreeMap::new();
    for finding in &report.findings {
        let key = (finding.tool, finding.fingerprint.as_str(), finding.standing.as_str());
        let sum = here.entry(key).or_insert((finding, 0, 0));
        sum.1 = sum.1.saturating_add(finding.bytes);
        sum.2 = sum.2.saturating_add(finding.blocks);
    }
    for (key, (finding, bytes, blocks)) in here {
        let group = groups.entry(key).or_insert_with(|| Group {
            finding,
            rows: Vec::new(),
            bytes: (bytes, bytes),
            blocks: (blocks, blocks),
            fails: 0,
        });
        group.rows.push(row);
        group.bytes = (group.bytes.0.min(bytes), group.bytes.1.max(bytes));
        group.blocks = (group.blocks.0.min(blocks), group.blocks.1.max(blocks));
        group.fails += usize::from(fails(row, finding));
    }
}

/// Whether the finding's test is among those that failed in this row.
fn fails(row: &Row, finding: &Finding) -> bool {
    let Some(test) = &finding.test else { return false };
    let failures = row.record().into_iter().flat_map(|record| &record.failures);
    failures.into_iter().any(|failure| failure.test == *test && failure.executable == finding.executable)
}

fn suites<'a>(rows: &'a [Row], findings: &[Group<'a>]) -> Vec<SuiteLine<'a>> {
    let mut lines: Vec<SuiteLine<'a>> = Vec::new();
    for row in rows {
        let at = lines.iter().position(|line| line.suite == row.suite).unwrap_or_else(|| {
            lines.push(SuiteLine {
                suite: &row.suite,
                tool: None,
                versions: Vec::new(),
                cells: 0,
                tried: 0,
                proven: 0,
                tests: 0,
                not_runnable: Vec::new(),
                findings: Standings::default(),
            });
            lines.len() - 1
        });
        let line = &mut lines[at];
        line.cells += 1;
        line.tool = line.tool.or(row.tool);
        let Some(report) = row.leaks() else { continue };
        line.tool = Some(report.tool);
        line.tried += 1;
        if report.is_proven() {
            line.proven += 1;
            line.tests += u64::from(report.ran);
        }
        if !report.version.is_empty() && !line.versions.contains(&report.version.as_str()) {
            line.versions.push(&report.version);
        }
        for group in &report.not_runnable {
            match line.not_runnable.iter_mut().find(|other| other.reason == group.reason) {
                Some(other) => other.tests += group.tests.len(),
                None => line.not_runnable.push(NotRun { reason: &group.reason, tests: group.tests.len() }),
            }
        }
    }
    for line in &mut lines {
        line.not_runnable.sort_by(|a, b| b.tests.cmp(&a.tests).then_with(|| a.reason.cmp(b.reason)));
        for group in findings.iter().filter(|group| group.rows.iter().any(|row| row.suite == line.suite)) {
            line.findings.add(&group.finding.standing, 1);
        }
    }
    lines
}

impl SuiteLine<'_> {
    pub(crate) fn not_run(&self) -> usize {
        self.not_runnable.iter().map(|group| group.tests).sum()
    }

    /// The suite's name, followed by the tool's unless the name contains it.
    pub(crate) fn name(&self) -> String {
        match self.tool {
            Some(tool) if !self.suite.contains(tool.as_str()) => format!("{} ({tool})", self.suite),
            Some(_) | None => self.suite.to_owned(),
        }
    }

    /// Whether the canaries proved the tool: `yes`, `no`, `2 of 3`, or `-` if it did not start.
    pub(crate) fn proof(&self) -> String {
        match (self.proven, self.tried) {
            (_, 0) => "-".to_owned(),
            (0, _) => "no".to_owned(),
            (proven, tried) if proven == tried => "yes".to_owned(),
            (proven, tried) => format!("{proven} of {tried}"),
        }
    }
}

/// Why the tool is not proven in this row.
pub(crate) fn not_proven(row: &Row) -> Option<&str> {
    match &row.record()?.leaks.as_ref()?.canary {
        Canary::Proven { .. } => None,
        Canary::NotProven { why } => Some(why),
    }
}

/// Rows grouped by a key, in order of first use; rows whose key is `None` are omitted.
pub(crate) fn by_reason<'a, K: PartialEq>(
    rows: impl Iterator<Item = &'a Row>,
    key: impl Fn(&'a Row) -> Option<K>,
) -> Vec<(K, Vec<&'a Row>)> {
    let mut groups: Vec<(K, Vec<&'a Row>)> = Vec::new();
    for row in rows {
        let Some(key) = key(row) else { continue };
        match groups.iter_mut().find(|(other, _)| *other == key) {
            Some((_, rows)) => rows.push(row),
            None => groups.push((key, vec![row])),
        }
    }
    groups
}
