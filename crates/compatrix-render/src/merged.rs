//! What the jobs of an event came to together: the report of `evidence merge` on a terminal, and what its forms share.
//!
//! The grid of each platform, then what no grid shows: planned cells without evidence, jobs that did not succeed, the
//! difference from earlier evidence; last, the verdict in a line.

pub mod json;
pub mod summary;

use std::collections::BTreeMap;
use std::fmt::Write;

use compatrix_ci::compare::Change;
use compatrix_leak::{LeakReport, Usage};
use compatrix_model::cell::CellId;
use compatrix_model::matrix_spec::{CiEvent, JobCommand};
use compatrix_model::verdict::Verdict;

use crate::look::{count, wrap, Look};
use crate::matrix::{Matrix, Row};
use crate::{grid, leaks};

/// How many cells of each change are told on a terminal.
const MAX_CHANGES: usize = 12;
/// How many jobs without evidence, and how many cells that may fail.
const MAX_LINES: usize = 20;

/// What the jobs of an event came to.
#[derive(Debug, Clone, PartialEq)]
pub struct Together {
    /// The event.
    pub event: CiEvent,
    /// The command.
    pub work: JobCommand,
    /// How many jobs the plan has.
    pub jobs: usize,
    /// The platforms, in the plan's order.
    pub platforms: Vec<Platform>,
    /// Jobs of which evidence is missing.
    pub lost: Vec<Lost>,
    /// Jobs of the workflow that did not succeed, each with what that means.
    pub not_done: Vec<String>,
    /// The difference from earlier evidence.
    pub difference: Difference,
    /// What is worth a word: artifacts that were there twice, work trees that were not clean.
    pub notes: Vec<String>,
    /// Whether a cell that could not be tried fails the verdict.
    pub denied: bool,
}

/// What is known of one platform.
#[derive(Debug, Clone, PartialEq)]
pub struct Platform {
    /// Its name.
    pub name: String,
    /// Every planned cell: results, and those without evidence as unproven.
    pub matrix: Matrix,
    /// Whether each row may be broken without failing the verdict.
    pub excused: Vec<bool>,
    /// What leak suites used of suppressions and baseline.
    pub usage: Usage,
}

/// A job of which evidence is missing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Lost {
    /// The job.
    pub job: String,
    /// The platform.
    pub platform: String,
    /// How many of its cells have no evidence.
    pub missing: usize,
    /// How many it has.
    pub of: usize,
}

/// The difference from earlier evidence.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Difference {
    /// It was not asked for.
    NotAsked,
    /// It cannot be told, and why.
    Unknown(String),
    /// What changed since this revision; what did not is not listed.
    Since {
        /// The revision, as it was asked for.
        rev: String,
        /// The changes.
        changes: Vec<Changed>,
        /// How many cells are as they were.
        unchanged: usize,
    },
}

/// A suite in a cell that is not as it was.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Changed {
    /// What became of it.
    pub change: Change,
    /// The platform.
    pub platform: String,
    /// The suite.
    pub suite: String,
    /// The cell.
    pub cell: CellId,
    /// What is known of it now, in a line; empty for a plain pass.
    pub why: String,
}

impl Platform {
    /// The rows that count for the verdict.
    pub fn counted(&self) -> impl Iterator<Item = &Row> + Clone {
        self.matrix.rows.iter().zip(&self.excused).filter(|(_, excused)| !**excused).map(|(row, _)| row)
    }

    /// The rows that are not as they should be, and may be so.
    pub fn may_fail(&self) -> impl Iterator<Item = &Row> {
        let bad = |row: &&Row| match row.verdict {
            Verdict::Broken | Verdict::UnexpectedPass | Verdict::Error => true,
            Verdict::Ok | Verdict::Known | Verdict::Flaky | Verdict::Unproven => false,
        };
        self.matrix.rows.iter().zip(&self.excused).filter(|(_, excused)| **excused).map(|(row, _)| row).filter(bad)
    }
}

impl Together {
    /// All rows that count for the verdict.
    pub fn counted(&self) -> impl Iterator<Item = &Row> + Clone {
        self.platforms.iter().flat_map(Platform::counted)
    }

    /// Why the verdict is not good; nothing if it is.
    pub fn reasons(&self) -> Vec<String> {
        let mut reasons = Vec::new();
        let mut say = |n: usize, one: &str, text: &str| {
            if n > 0 {
                reasons.push(format!("{} {text}", count(n, one)));
            }
        };
        let of = |verdict: Verdict| self.counted().filter(|row| row.verdict == verdict).count();
        let is = |n: usize, what: &str| if n == 1 { format!("is {what}") } else { format!("are {what}") };
        let leaks = |row: &&Row| {
            let report = row.record.as_ref().and_then(|record| record.leaks.as_ref());
            report.is_some_and(|report| LeakReport::errors(report).next().is_some())
        };
        let missing: usize = self.lost.iter().map(|lost| lost.missing).sum();
        let broken = of(Verdict::Broken);
        say(broken, "cell", &is(broken, "broken"));
        let leaking = self.counted().filter(|row| row.verdict != Verdict::Broken).filter(leaks).count();
        say(leaking, "cell", if leaking == 1 { "has findings" } else { "have findings" });
        let passes = of(Verdict::UnexpectedPass);
        say(passes, "cell", if passes == 1 { "works, though a rule says not" } else { "work, though a rule says not" });
        let errors = of(Verdict::Error);
        say(errors, "cell", &format!("{}, since our side broke", is(errors, "not known")));
        say(missing, "planned cell", if missing == 1 { "has no evidence" } else { "have no evidence" });
        say(self.not_done.len(), "job", "of the workflow did not succeed");
        let unproven = of(Verdict::Unproven).saturating_sub(missing);
        if self.denied {
            say(unproven, "cell", "could not be tried");
        }
        reasons
    }

    /// The exit code: 3 where our side broke, 1 where the verdict is not good, else 0.
    pub fn exit_code(&self) -> u8 {
        let broke = self.counted().any(|row| row.verdict == Verdict::Error);
        match (broke, self.reasons().is_empty()) {
            (true, _) => 3,
            (false, false) => 1,
            (false, true) => 0,
        }
    }

    /// The verdict in a line, without its reasons.
    pub fn headline(&self) -> String {
        let cells: usize = self.platforms.iter().map(|platform| platform.matrix.rows.len()).sum();
        let known = cells.saturating_sub(self.lost.iter().map(|lost| lost.missing).sum());
        let lost = self.lost.iter().filter(|lost| lost.missing == lost.of).count();
        format!(
            "{} on {}: {} of {}, {known} of {}",
            self.work.as_str(),
            self.event,
            self.jobs.saturating_sub(lost),
            count(self.jobs, "job"),
            count(cells, "cell")
        )
    }
}

/// The changes by kind, in the order in which they are told.
fn by_change(changes: &[Changed]) -> BTreeMap<Change, Vec<&Changed>> {
    let mut by_change: BTreeMap<Change, Vec<&Changed>> = BTreeMap::new();
    for changed in changes {
        by_change.entry(changed.change).or_default().push(changed);
    }
    by_change
}

/// The whole report.
pub fn report(together: &Together, look: &Look) -> String {
    let mut out = String::new();
    for platform in &together.platforms {
        if together.platforms.len() > 1 {
            let _ = writeln!(out, "{}\n", look.bold(&platform.name));
        }
        match together.work {
            JobCommand::Compat => out.push_str(&grid::report(&platform.matrix, look)),
            JobCommand::LeakCheck => out.push_str(&leaks::report(&platform.matrix, &platform.usage, look)),
        }
        out.push('\n');
    }
    may_fail(&mut out, together, look);
    lost(&mut out, together, look);
    if !together.not_done.is_empty() {
        let _ = writeln!(out, "{}", look.bold("jobs that did not succeed"));
        together.not_done.iter().for_each(|job| item(&mut out, look, Verdict::Broken, job));
        out.push('\n');
    }
    difference(&mut out, &together.difference, look);
    let reasons = together.reasons();
    let (verdict, word) = if reasons.is_empty() { (Verdict::Ok, "ok") } else { (Verdict::Broken, "not ok") };
    let said = format!("{}; {word}", together.headline());
    let said = if reasons.is_empty() { said } else { format!("{said}: {}", reasons.join("; ")) };
    for (n, line) in wrap(&said, look.width.saturating_sub(2)).iter().enumerate() {
        let sign = if n == 0 { look.verdict(verdict, look.glyph(verdict)) } else { " ".to_owned() };
        let _ = writeln!(out, "{sign} {}", look.verdict(verdict, line));
    }
    out
}

/// A line with a sign, wrapped.
fn item(out: &mut String, look: &Look, verdict: Verdict, text: &str) {
    for (n, line) in wrap(text, look.width.saturating_sub(4)).iter().enumerate() {
        let sign = if n == 0 { look.verdict(verdict, look.glyph(verdict)) } else { " ".to_owned() };
        let _ = writeln!(out, "  {sign} {line}");
    }
}

fn more(out: &mut String, look: &Look, n: usize) {
    if n > 0 {
        let _ = writeln!(out, "  {}", look.dim(&format!("and {n} more, all of them with --format json")));
    }
}

fn may_fail(out: &mut String, together: &Together, look: &Look) {
    let rows: Vec<(&Platform, &Row)> =
        together.platforms.iter().flat_map(|platform| platform.may_fail().map(move |row| (platform, row))).collect();
    if rows.is_empty() {
        return;
    }
    let _ = writeln!(out, "{}", look.bold("not as expected, and may fail"));
    for (platform, row) in rows.iter().take(MAX_LINES) {
        let place = place(together, &platform.name, &row.suite, &row.cell);
        item(out, look, row.verdict, &format!("{place}: {}", row.why()));
    }
    more(out, look, rows.len().saturating_sub(MAX_LINES));
    out.push('\n');
}

fn lost(out: &mut String, together: &Together, look: &Look) {
    if together.lost.is_empty() {
        return;
    }
    let _ = writeln!(out, "{}", look.bold("planned, and no evidence of it"));
    for lost in together.lost.iter().take(MAX_LINES) {
        item(out, look, Verdict::Unproven, &lost_line(lost));
    }
    more(out, look, together.lost.len().saturating_sub(MAX_LINES));
    out.push('\n');
}

/// What is missing of a job.
fn lost_line(lost: &Lost) -> String {
    if lost.missing == lost.of {
        format!("{}: all of its {}; it left no evidence", lost.job, count(lost.of, "cell"))
    } else {
        format!("{}: {} of its {}", lost.job, lost.missing, count(lost.of, "cell"))
    }
}

/// Where a result is: the cell, with platform and suite where there are several.
fn place(together: &Together, platform: &str, suite: &str, cell: &CellId) -> String {
    let platform = if together.platforms.len() > 1 { format!("{platform} ") } else { String::new() };
    format!("{platform}{suite} {cell}")
}

/// The verdict that a change is shown as.
fn shown_as(change: Change) -> Verdict {
    match change {
        Change::NewlyBroken => Verdict::Broken,
        Change::Flaky => Verdict::Flaky,
        Change::NewlyUnproven | Change::Removed => Verdict::Unproven,
        Change::NewlyFixed | Change::NewlyProven | Change::Unchanged => Verdict::Ok,
        Change::NewlyKnown => Verdict::Known,
    }
}

fn difference(out: &mut String, difference: &Difference, look: &Look) {
    let (rev, changes, unchanged) = match difference {
        Difference::NotAsked => return,
        Difference::Unknown(why) => {
            let _ = writeln!(out, "{}\n", wrap(&format!("no difference can be shown: {why}"), look.width).join("\n"));
            return;
        }
        Difference::Since { rev, changes, unchanged } => (rev, changes, unchanged),
    };
    let _ = writeln!(out, "{}", look.bold(&format!("against the evidence of {rev}")));
    let platforms: std::collections::BTreeSet<&str> = changes.iter().map(|c| c.platform.as_str()).collect();
    for (change, list) in by_change(changes) {
        let verdict = shown_as(change);
        let _ = writeln!(out, "  {}", look.verdict(verdict, &format!("{} {change}", list.len())));
        // What works, and what is not planned here, is told by number.
        let told = match change {
            Change::NewlyBroken | Change::Flaky | Change::NewlyUnproven | Change::NewlyFixed => MAX_CHANGES,
            Change::NewlyProven | Change::NewlyKnown | Change::Removed | Change::Unchanged => 0,
        };
        for changed in list.iter().take(told) {
            let platform = if platforms.len() > 1 { format!("{} ", changed.platform) } else { String::new() };
            let why = if changed.why.is_empty() { String::new() } else { format!(": {}", changed.why) };
            item(out, look, verdict, &format!("{platform}{} {}{why}", changed.suite, changed.cell));
        }
        more(out, look, if told == 0 { 0 } else { list.len().saturating_sub(told) });
    }
    let _ = writeln!(out, "  {}\n", look.dim(&format!("{unchanged} unchanged")));
}
