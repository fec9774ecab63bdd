//! The report of `doctor`: text fitted to the terminal, and JSON.

use std::fmt::Write;

use anstyle::{AnsiColor, Style};
use compatrix_audit::doctor::{Check, Report, SpecState, Status};
use compatrix_audit::lint::Finding;
use shaped_toml::Severity;

use crate::look::{count, cut, pad, width, wrap, Look};

/// Indent of the lines below a check or finding.
const INDENT: usize = 6;
/// The most items listed per finding; the rest are counted.
const LISTED: usize = 8;
/// Width limit for the columns of names and of versions.
const WIDEST: usize = 22;

/// Below this width, details go on the line after the name.
const NARROW: usize = 60;

/// The report as text. `only_wrong` omits checks that passed and tools that this spec does not need.
pub fn doctor(report: &Report, only_wrong: bool, look: &Look) -> String {
    let mut out = String::new();
    let shown: Vec<&Check> =
        report.checks.iter().filter(|check| !only_wrong || check.fails() || check.status == Status::Warning).collect();
    if !shown.is_empty() {
        let _ = writeln!(out, "{}", look.bold(&format!("host, {}", report.platform)));
        checks(&shown, look, &mut out);
        out.push('\n');
    }
    let about = match (&report.root, report.spec) {
        (None, _) => Some("no cargo workspace here: checked only the host"),
        (Some(_), SpecState::Absent) => Some("no spec: claims come from the manifests"),
        (Some(_), SpecState::Broken) => Some("the spec has errors: its claims are unknown"),
        (Some(_), SpecState::Valid) => None,
    };
    let about = about.filter(|_| !only_wrong);
    if report.root.is_some() && (!only_wrong || !report.findings.is_empty()) {
        let _ = writeln!(out, "{}", look.bold("workspace"));
    }
    for line in about.into_iter().flat_map(|about| wrap(about, look.width.saturating_sub(2))) {
        let _ = writeln!(out, "  {}", look.dim(&line));
    }
    for finding in &report.findings {
        one(finding, look, &mut out);
    }
    if report.root.is_some() && report.findings.is_empty() && !only_wrong {
        let _ = writeln!(out, "  {} no findings", sign(Kind::Ok, look));
    }
    if !report.unchecked.is_empty() {
        let _ = writeln!(out, "\n{}", look.bold("not checked"));
        for unchecked in &report.unchecked {
            let _ = writeln!(out, "  {} {}", sign(Kind::Warning, look), look.bold(unchecked.id.as_str()));
            text(&unchecked.reason, "", look, &mut out);
            mend(&unchecked.mend, look, &mut out);
        }
    }
    if !out.is_empty() {
        out.push('\n');
    }
    let _ = writeln!(out, "{}", summary(report, look));
    out
}

/// The report as indented JSON, ending in a newline. The keys are the fields of [`Report`].
pub fn json(report: &Report) -> String {
    let mut text = serde_json::to_string_pretty(report).expect("plain data with text keys is always JSON");
    text.push('\n');
    text
}

/// The sign and colour of a line.
#[derive(Debug, Clone, Copy)]
enum Kind {
    Ok,
    Warning,
    Error,
    /// Missing, but not needed here.
    Lacks,
}

fn sign(kind: Kind, look: &Look) -> String {
    let (unicode, ascii) = match kind {
        Kind::Ok => ("✓", "+"),
        Kind::Warning => ("!", "!"),
        Kind::Error => ("✗", "x"),
        Kind::Lacks => ("·", "."),
    };
    look.paint(style(kind), if look.unicode { unicode } else { ascii })
}

fn style(kind: Kind) -> Style {
    let color = |color: AnsiColor| Style::new().fg_color(Some(color.into()));
    match kind {
        Kind::Ok => color(AnsiColor::Green),
        Kind::Warning => color(AnsiColor::Yellow),
        Kind::Error => color(AnsiColor::Red).bold(),
        Kind::Lacks => Style::new().dimmed(),
    }
}

fn kind_of(check: &Check) -> Kind {
    match check.status {
        Status::Ok => Kind::Ok,
        Status::Warning => Kind::Warning,
        Status::Missing if check.fails() => Kind::Error,
        Status::Missing => Kind::Lacks,
    }
}

fn checks(checks: &[&Check], look: &Look, out: &mut String) {
    let fine = |check: &&&Check| check.status == Status::Ok;
    let name = checks.iter().map(|check| width(&check.name)).max().unwrap_or(0).min(WIDEST);
    let placed = |check: &&&Check| fine(check) && !check.path.is_empty();
    let found = checks.iter().filter(placed).map(|check| width(&version(&check.found))).max().unwrap_or(0).min(WIDEST);
    for check in checks {
        let kind = kind_of(check);
        let _ = write!(out, "  {} {}  ", sign(kind, look), pad(&cut(&check.name, name), name));
        let room = look.width.saturating_sub(name + 6).max(20);
        if check.status == Status::Ok {
            let version =
                if check.path.is_empty() { cut(&check.found, room) } else { cut(&version(&check.found), found) };
            // A path cut this short is useless.
            let left = look.width.saturating_sub(name + found + 8);
            let path = if left < 12 { String::new() } else { cut(&check.path, left) };
            let line = format!("{}  {}", pad(&version, found), look.dim(&path));
            let _ = writeln!(out, "{}", line.trim_end());
            continue;
        }
        let why = format!("{}; for {}", check.found, check.needed_for);
        if look.width < NARROW {
            out.truncate(out.trim_end().len());
            out.push('\n');
            text(&why, "", look, out);
        } else {
            let paint = if check.fails() { style(kind) } else { Style::new() };
            for (n, line) in wrap(&why, room).iter().enumerate() {
                let before = if n == 0 { String::new() } else { " ".repeat(name + 6) };
                let _ = writeln!(out, "{before}{}", look.paint(paint, line));
            }
        }
        mend(&check.mend, look, out);
    }
}

/// The version in a tool's output: the first word with digits and a dot, or the whole text if there is none.
fn version(said: &str) -> String {
    let words = said.split_whitespace().map(|word| word.trim_matches(['(', ')', ',', ';', '.']));
    let numbers = words.filter_map(|word| word.find(|c: char| c.is_ascii_digit()).map(|at| &word[at..]));
    let mut versions = numbers.filter(|word| word.contains('.') && !word.contains('/'));
    // A size is not a version, nor is a number of cores.
    if [" free", "iB", " core", " cores"].iter().any(|unit| said.ends_with(unit)) {
        return said.to_owned();
    }
    versions.next().unwrap_or(said).to_owned()
}

fn one(finding: &Finding, look: &Look, out: &mut String) {
    let kind = if finding.severity == Severity::Error { Kind::Error } else { Kind::Warning };
    let place = match finding.line {
        Some(line) => format!("{}:{line}", finding.file),
        None => finding.file.clone(),
    };
    let name = finding.id.as_str();
    let before =
        if width(name) + width(&place) + INDENT > look.width { format!("\n{:INDENT$}", "") } else { "  ".to_owned() };
    let _ = writeln!(out, "  {} {}{before}{place}", sign(kind, look), look.paint(style(kind), name));
    if !finding.quote.is_empty() {
        let bar = if look.unicode { "│ " } else { "| " };
        let quote = cut(&finding.quote, look.width.saturating_sub(INDENT + 2).max(20));
        let _ = writeln!(out, "{:INDENT$}{}", "", look.dim(&format!("{bar}{quote}")));
    }
    text(&finding.what, "", look, out);
    if !finding.items.is_empty() {
        let more = finding.items.len().saturating_sub(LISTED);
        let mut items = finding.items.iter().take(LISTED).cloned().collect::<Vec<_>>().join(", ");
        if more > 0 {
            let _ = write!(items, " and {more} more");
        }
        text(&items, "  ", look, out);
    }
    mend(&finding.mend, look, out);
}

/// Writes wrapped, indented text.
fn text(text: &str, more: &str, look: &Look, out: &mut String) {
    for line in wrap(text, look.width.saturating_sub(INDENT + more.len()).max(20)) {
        let _ = writeln!(out, "{:INDENT$}{more}{line}", "");
    }
}

/// Writes the advice after an arrow.
fn mend(mend: &str, look: &Look, out: &mut String) {
    let arrow = if look.unicode { "→" } else { "->" };
    let room = look.width.saturating_sub(INDENT + width(arrow) + 1).max(20);
    for (n, line) in wrap(mend, room).iter().enumerate() {
        let before = if n == 0 { arrow.to_owned() } else { " ".repeat(width(arrow)) };
        let _ = writeln!(out, "{:INDENT$}{} {line}", "", look.paint(style(Kind::Ok), &before));
    }
}

/// The counts, wrapped to the width.
fn summary(report: &Report, look: &Look) -> String {
    let counts = report.counts;
    let parts = [
        (counts.errors, Kind::Error, count(counts.errors, "error")),
        (counts.warnings, Kind::Warning, count(counts.warnings, "warning")),
        (counts.unchecked, Kind::Warning, format!("{} not checked", counts.unchecked)),
        (counts.missing, Kind::Lacks, format!("{} missing, not needed here", counts.missing)),
        (counts.ok, Kind::Ok, format!("{} fine", counts.ok)),
    ];
    let (mut out, mut column) = (String::new(), 0);
    for (_, kind, text) in parts.iter().filter(|(n, _, _)| *n > 0) {
        let between = if column == 0 { "" } else { look.dot() };
        if column + width(between) + width(text) > look.width && column > 0 {
            out.push('\n');
            column = 0;
        } else {
            out.push_str(between);
            column += width(between);
        }
        out.push_str(&look.paint(style(*kind), text));
        column += width(text);
    }
    out
}
