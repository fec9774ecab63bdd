//! `[profile]`: choices of cells.

use std::collections::BTreeMap;
use std::ops::Range;

use shaped_toml::{Collector, Key, Later, Need, Node, Problem, Rest, Shape, Table, TableShape, Words};

use super::axes::Axes;
use super::conditions::{condition, CONDITION, PIN};
use super::format::Format;
use super::suites::Suites;
use crate::condition::Condition;

/// `[profile.NAME]`: a choice of cells. Default: every cell.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Profile {
    /// How cells are chosen among those that `when` admits.
    pub strategy: Strategy,
    /// Alternative conditions; empty admits every cell.
    pub when: Vec<Condition>,
    /// Conditions that some chosen cell must match each; these cells come first.
    pub pin: Vec<Condition>,
    /// The most cells to choose.
    pub budget: Option<usize>,
    /// The suites that run; empty means all.
    pub suites: Vec<String>,
}

/// How a profile chooses cells.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Strategy {
    /// Every admitted cell.
    #[default]
    All,
    /// Cells that contain each possible tuple of this many values.
    Covering {
        /// How many values: 2 is `pairwise`.
        strength: u8,
    },
}

impl std::fmt::Display for Strategy {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Strategy::All => f.write_str("all"),
            Strategy::Covering { strength: 2 } => f.write_str("pairwise"),
            Strategy::Covering { strength } => write!(f, "{strength}-way"),
        }
    }
}

pub(super) static PROFILES: TableShape = TableShape {
    title: "`[profile]`",
    keys: &[],
    later: Later::NONE,
    rest: Some(Rest {
        what: "a profile",
        name: &Format::ValueName,
        doc: "A choice of cells, taken by `--profile`.",
        shape: &Shape::Table(&PROFILE),
    }),
    min: 0,
};

static PROFILE: TableShape = TableShape {
    title: "a profile",
    keys: &[
        Key::default(
            "strategy",
            "How cells are chosen among those that `when` admits.",
            Shape::Text(&STRATEGIES),
            Need::Text("all"),
        ),
        Key::default(
            "strength",
            "How many values the tuples have that `t-way` covers.",
            Shape::Integer { min: 2, max: 6 },
            Need::RequiredIf { key: "strategy", is: "t-way" },
        ),
        Key::optional(
            "when",
            "The cells to choose from: a condition, or several alternatives. Default: all.",
            Shape::OneOf(&[
                Shape::Table(&CONDITION),
                Shape::List { item: &Shape::Table(&CONDITION), min: 1, unique: false },
            ]),
        ),
        Key::optional(
            "pin",
            "Conditions that at least one chosen cell must match each, whatever the strategy; these cells come first.",
            Shape::List { item: &Shape::Table(&PIN), min: 1, unique: false },
        ),
        Key::optional(
            "budget",
            "The most cells to choose, those that cover most. Default: as many as the strategy needs.",
            Shape::Integer { min: 1, max: 10_000_000 },
        ),
        Key::optional(
            "suites",
            "The suites that run. Default: all.",
            Shape::List { item: &Shape::Text(&Format::ValueName), min: 1, unique: true },
        ),
    ],
    later: Later::NONE,
    rest: None,
    min: 0,
};

static STRATEGIES: Words = Words {
    what: "strategy",
    known: &[
        ("all", "Every admitted cell."),
        ("pairwise", "So few cells that each possible pair of values is in one of them."),
        ("t-way", "The same for triples, quadruples …; `strength` sets the number of values."),
    ],
    later: Later::NONE,
};

/// Where a profile stands in the text, to say that its cells are too many.
#[derive(Debug, Clone)]
pub(crate) struct ProfileMarks {
    pub(crate) name: String,
    /// What asks for its cells.
    pub(crate) strategy: Range<usize>,
    pub(crate) pins: Vec<Range<usize>>,
}

/// Lowers the profiles; `local` is always among them. Marks are left out where cells cannot be counted because something is
/// wrong with the profile in itself.
pub(super) fn profiles(
    root: &Table,
    axes: &Axes,
    suites: &Suites,
    c: &mut Collector<'_>,
) -> (BTreeMap<String, Profile>, Vec<ProfileMarks>) {
    let mut profiles = BTreeMap::new();
    let mut marks = Vec::new();
    for entry in root.table("profile").into_iter().flat_map(|profiles| &profiles.entries) {
        let Some(table) = entry.node.table() else { continue };
        let before = c.mark();
        let profile = profile(table, axes, suites, c);
        if !c.since(before) && table.rejected.is_empty() {
            let strategy = table.entry("strategy").filter(|_| profile.strategy != Strategy::All);
            let strategy = strategy.map_or(&entry.key_span, |strategy| &strategy.node.span).clone();
            let pins = table.node("pin").into_iter().flat_map(Node::one_or_many).map(|pin| pin.span.clone()).collect();
            marks.push(ProfileMarks { name: entry.key.clone(), strategy, pins });
        }
        profiles.insert(entry.key.clone(), profile);
    }
    if !profiles.contains_key("local") {
        let lost = root.table("profile").is_some_and(|table| table.rejected.iter().any(|name| name == "local"));
        let axis = root.entry("axis").filter(|_| !lost);
        marks.extend(axis.map(|axis| ProfileMarks {
            name: "local".to_owned(),
            strategy: axis.key_span.clone(),
            pins: Vec::new(),
        }));
        profiles.insert("local".to_owned(), Profile::default());
    }
    (profiles, marks)
}

fn profile(table: &Table, axes: &Axes, suites: &Suites, c: &mut Collector<'_>) -> Profile {
    let conditions = |key: &str, c: &mut Collector<'_>| {
        let tables = table.node(key).into_iter().flat_map(Node::one_or_many).filter_map(Node::table);
        tables.filter_map(|when| condition(when, axes, c)).collect()
    };
    for node in table.node("suites").into_iter().flat_map(Node::one_or_many) {
        let Some(name) = node.text() else { continue };
        if !suites.nameless && !suites.names.iter().any(|known| known == name) {
            let problem = Problem::new(format!("unknown suite `{name}`")).known(name, &suites.names);
            c.error(node.span.clone(), problem.needs_whole());
        }
    }
    let strength = table.integer("strength").and_then(|n| u8::try_from(n).ok());
    let strategy = match table.text("strategy") {
        Some("pairwise") => Strategy::Covering { strength: 2 },
        Some("t-way") => Strategy::Covering { strength: strength.unwrap_or(2) },
        _ => Strategy::All,
    };
    if let Some(entry) = table.entry("strength").filter(|_| table.text("strategy") != Some("t-way")) {
        let problem = Problem::new("`strength` belongs to the strategy `t-way`");
        c.error(entry.key_span.clone(), problem.help("leave it out, or write `strategy = \"t-way\"`").needs_whole());
    }
    Profile {
        strategy,
        when: conditions("when", c),
        pin: conditions("pin", c),
        budget: table.integer("budget").and_then(|n| usize::try_from(n).ok()),
        suites: table.texts("suites").unwrap_or_default(),
    }
}
