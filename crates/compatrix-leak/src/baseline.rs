//! The baseline, `compat/baseline.toml`: known findings, accepted until a date. It is meant to shrink.

use std::collections::BTreeMap;
use std::fmt::Write;

use jiff::civil::Date;
use jiff::ToSpan as _;
use shaped_toml::{quoted, read, utf8, Collector, Diagnostics, Key, Later, Plain, Problem, Shape, Table, TableShape};

use super::attribute;
use super::finding::{Class, Finding, FindingKind, Standing};
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
        Key::optional(
            "bytes",
            "The bytes that are accepted, in one cell; more than twice as many are an error. Default: any number.",
            SIZE,
        ),
        Key::optional(
            "blocks",
            "The blocks that are accepted, in one cell; one more is an error. Default: any number.",
            SIZE,
        ),
        Key::optional("what", "A description of the finding.", Shape::Text(&Plain::Any)),
        Key::required("reason", "Why it is accepted; reports show it.", Shape::Text(&Plain::Sentence)),
        Key::optional("issue", "URL of an issue.", Shape::Text(&Plain::Url)),
        Key::required("until", "The last day on which it is accepted, `YYYY-MM-DD`.", Shape::Text(&Plain::Date)),
    ],
    later: Later::NONE,
    rest: None,
    min: 0,
};

const SIZE: Shape = Shape::Integer { min: 1, max: i64::MAX };

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

/// Whether an entry is for this finding. Baselines from before fingerprints were independent of inlining hold on.
pub fn is_of(entry: &Accepted, finding: &Finding) -> bool {
    entry.tool.is_none_or(|tool| tool == finding.tool)
        && (entry.fingerprint == finding.fingerprint || entry.fingerprint == attribute::earlier_fingerprint(finding))
}

/// Whether a finding of this size is larger than an entry accepts. Blocks are counted exactly, for each is an event of its
/// own. Bytes may double: what is in a block (a path, a name) has another length on another machine.
pub fn has_outgrown(entry: &Accepted, (bytes, blocks): (u64, u64)) -> bool {
    entry.blocks.is_some_and(|most| blocks > most) || entry.bytes.is_some_and(|most| bytes > most.saturating_mul(2))
}

/// Whether the size of this kind of finding is the same from run to run, so that it can be limited. How often code with an
/// error runs, and how fast memory grows, is not.
fn has_size(kind: FindingKind) -> bool {
    match kind.class() {
        Class::Leak => true,
        Class::Memory => false,
        Class::Leftover => kind != FindingKind::Growth,
    }
}

fn lower(table: &Table) -> Accepted {
    Accepted {
        fingerprint: table.owned("fingerprint").unwrap_or_default(),
        tool: table.text("tool").and_then(Tool::from_word),
        bytes: table.integer("bytes").and_then(|n| u64::try_from(n).ok()),
        blocks: table.integer("blocks").and_then(|n| u64::try_from(n).ok()),
        what: table.owned("what").unwrap_or_default(),
        reason: table.owned("reason").unwrap_or_default(),
        issue: table.owned("issue"),
        until: table.owned("until").unwrap_or_default(),
    }
}

/// Lines to paste into the baseline to accept these findings until a day (`YYYY-MM-DD`), given by cell. Each fingerprint
/// appears once, with its size in the cell where it is largest, limited to a tool only if no other tool found it. Reasons
/// are empty, and the file is refused until a person fills them in. What the file already has is skipped.
pub fn stanzas<'f, R: IntoIterator<Item = &'f Finding>>(reports: impl IntoIterator<Item = R>, until: &str) -> String {
    let mut new: BTreeMap<&str, New<'_>> = BTreeMap::new();
    for report in reports {
        let mut here: BTreeMap<(&str, Tool), (u64, u64)> = BTreeMap::new();
        for finding in report.into_iter().filter(|finding| finding.standing == Standing::Error) {
            let fresh = New { finding, tool: Some(finding.tool), size: (0, 0) };
            let entry = new.entry(&finding.fingerprint).or_insert(fresh);
            entry.tool = entry.tool.filter(|tool| *tool == finding.tool);
            let size = here.entry((&finding.fingerprint, finding.tool)).or_default();
            *size = (size.0.saturating_add(finding.bytes), size.1.saturating_add(finding.blocks));
            entry.size = (entry.size.0.max(size.0), entry.size.1.max(size.1));
        }
    }
    new.into_values().map(|entry| stanza(&entry, until)).collect::<Vec<_>>().join("\n")
}

/// A finding to be accepted.
struct New<'f> {
    finding: &'f Finding,
    /// The only tool that found it.
    tool: Option<Tool>,
    size: (u64, u64),
}

/// The last day of the third month after this day: a time to fix what is accepted.
pub fn a_quarter_after(today: &str) -> String {
    let third = today.parse::<Date>().and_then(|today| today.checked_add(3.months()));
    third.map_or(today.to_owned(), |day| day.last_of_month().to_string())
}

fn stanza(entry: &New<'_>, until: &str) -> String {
    let New { finding, tool, size } = *entry;
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
    for (name, n) in [("bytes", size.0), ("blocks", size.1)] {
        if n > 0 && has_size(finding.kind) {
            let _ = writeln!(out, "{name} = {n}");
        }
    }
    let _ = write!(out, "what = {}\nreason = \"\" # why it may stay for now\nuntil = {until}\n", quoted(&what));
    out
}
