//! The baseline, `compat/baseline.toml`: known findings, accepted until a date. It is meant to shrink.

use std::collections::BTreeMap;
use std::fmt::Write;

use jiff::civil::Date;
use jiff::ToSpan as _;
use shaped_toml::{quoted, read, utf8, Collector, Diagnostics, Key, Later, Plain, Problem, Shape, Table, TableShape};

use super::finding::{Finding, Standing};
use super::tool::Tool;
use super::usage::Accepted;
use crate::format::LeakFormat;
use crate::words::TOOLS;

/// Path relative to the workspace root.
pub const FILE: &str = "compat/baseline.toml";

/// The format of the file.
pub static DOCUMENT: TableShape = TableShape {
    title: "the baseline",
    keys: &[Key::optional(
        "accepted",
        "A known finding that is accepted until a date.",
        Shape::List { item: &Shape::Table(&ACCEPTED), min: 0, unique: false },
    )],
    later: Later::NONE,
    rest: None,
    min: 0,
};

static ACCEPTED: TableShape = TableShape {
    title: "`[[accepted]]`",
    keys: &[
        Key::required("fingerprint", "The finding, as reports show it.", Shape::Text(&LeakFormat::Fingerprint)),
        Key::optional("tool", "The tool that finds it. Default: any.", Shape::Text(&TOOLS)),
        Key::optional("what", "A description of the finding.", Shape::Text(&Plain::Any)),
        Key::required("reason", "Why it is accepted; reports show it.", Shape::Text(&Plain::Sentence)),
        Key::optional("issue", "URL of an issue.", Shape::Text(&Plain::Url)),
        Key::required("until", "The last day on which it is accepted, `YYYY-MM-DD`.", Shape::Text(&Plain::Date)),
    ],
    later: Later::NONE,
    rest: None,
    min: 0,
};

/// The accepted findings, in file order.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Baseline(pub Vec<Accepted>);

impl Baseline {
    /// Parses the file. `file` is its name in messages.
    ///
    /// # Errors
    /// All problems of the file, in text order.
    pub fn parse_bytes(bytes: &[u8], file: &str) -> Result<Self, Diagnostics> {
        let text = utf8(bytes, file)?;
        let mut c = Collector::new(text, file);
        let tree = read(&DOCUMENT, &mut c).unwrap_or_default();
        let mut found: Vec<(Accepted, std::ops::Range<usize>)> = Vec::new();
        for (_, table) in tree.tables("accepted") {
            let Some(fingerprint) = table.node("fingerprint") else { continue };
            let entry = lower(table);
            let same = |other: &Accepted| {
                let overlap = other.tool.is_none() || entry.tool.is_none() || other.tool == entry.tool;
                overlap && other.fingerprint == entry.fingerprint
            };
            if let Some((_, first)) = found.iter().find(|(other, _)| same(other)) {
                let problem = Problem::new(format!("the finding `{}` is accepted twice", entry.fingerprint));
                let problem = problem.label("second time").related(first.clone(), "first time");
                c.error(fingerprint.span.clone(), problem.help("remove one of them"));
            }
            found.push((entry, fingerprint.span.clone()));
        }
        let (found, _) = c.result(found)?;
        Ok(Self(found.into_iter().map(|(entry, _)| entry).collect()))
    }

    /// The entry for a finding, whether expired or not.
    pub fn entry(&self, finding: &Finding) -> Option<&Accepted> {
        self.0.iter().find(|entry| is_of(entry, finding))
    }
}

/// Whether an entry is for this finding.
pub fn is_of(entry: &Accepted, finding: &Finding) -> bool {
    entry.fingerprint == finding.fingerprint && entry.tool.is_none_or(|tool| tool == finding.tool)
}

fn lower(table: &Table) -> Accepted {
    Accepted {
        fingerprint: table.owned("fingerprint").unwrap_or_default(),
        tool: table.text("tool").and_then(Tool::from_word),
        what: table.owned("what").unwrap_or_default(),
        reason: table.owned("reason").unwrap_or_default(),
        issue: table.owned("issue"),
        until: table.owned("until").unwrap_or_default(),
    }
}

/// Lines to paste into the baseline to accept these findings until a day (`YYYY-MM-DD`). Each fingerprint appears once,
/// limited to a tool only if no other tool found it. Reasons are empty, and the file is refused until a person fills them
/// in. Expired findings are skipped, because the file already has them.
pub fn stanzas<'f>(findings: impl IntoIterator<Item = &'f Finding>, until: &str) -> String {
    let mut new: BTreeMap<&str, (&Finding, Option<Tool>)> = BTreeMap::new();
    for finding in findings.into_iter().filter(|finding| finding.standing == Standing::Error) {
        let (_, tool) = new.entry(&finding.fingerprint).or_insert((finding, Some(finding.tool)));
        *tool = tool.filter(|tool| *tool == finding.tool);
    }
    new.into_values().map(|(finding, tool)| stanza(finding, tool, until)).collect::<Vec<_>>().join("\n")
}

/// The last day of the third month after this day: a time to fix what is accepted.
pub fn a_quarter_after(today: &str) -> String {
    let third = today.parse::<Date>().and_then(|today| today.checked_add(3.months()));
    third.map_or(today.to_owned(), |day| day.last_of_month().to_string())
}

fn stanza(finding: &Finding, tool: Option<Tool>, until: &str) -> String {
    let mut what = format!("{}: {}", finding.kind, finding.what);
    if let Some(test) = &finding.test {
        let _ = write!(what, ", in {}::{test}", finding.executable);
    }
    if let Some(frame) = finding.own_frame() {
        let _ = write!(what, ", by {}", frame.function);
    }
    let mut out = format!("[[accepted]]\nfingerprint = {}\n", quoted(&finding.fingerprint));
    if let Some(tool) = tool {
        let _ = writeln!(out, "tool = {}", quoted(tool.as_str()));
    }
    let _ = write!(out, "what = {}\nreason = \"\" # why it may stay for now\nuntil = {until}\n", quoted(&what));
    out
}
