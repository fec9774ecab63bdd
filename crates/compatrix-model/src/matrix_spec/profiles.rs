//! `[profile]`, lowered: choices of cells that can be made.

use std::collections::BTreeMap;
use std::ops::Range;

use shaped_toml::{Collector, Node, Problem, Table};

use super::axes::{sizes, Axes};
use super::lower::{condition, Suites};
use super::{Profile, Rule, Strategy};
use crate::choose::{self, TooMuch, MAX_CELLS, MAX_TUPLES};

/// Lowers the profiles; `local` is always among them.
pub(super) fn profiles(
    root: &Table,
    axes: &Axes,
    suites: &Suites,
    rules: &[Rule],
    c: &mut Collector<'_>,
) -> BTreeMap<String, Profile> {
    let mut profiles = BTreeMap::new();
    for entry in root.table("profile").into_iter().flat_map(|profiles| &profiles.entries) {
        let Some(table) = entry.node.table() else { continue };
        let before = c.mark();
        let profile = profile(table, axes, suites, c);
        // An invalid condition would only be reported again as too many cells.
        if !c.since(before) && table.rejected.is_empty() {
            let strategy = table.entry("strategy").filter(|_| profile.strategy != Strategy::All);
            let span = strategy.map_or(&entry.key_span, |strategy| &strategy.node.span);
            refuse_too_much(&entry.key, &profile, axes, span.clone(), c);
            refuse_pins(table, &profile, axes, suites, rules, c);
        }
        profiles.insert(entry.key.clone(), profile);
    }
    if !profiles.contains_key("local") {
        let lost = root.table("profile").is_some_and(|table| table.rejected.iter().any(|name| name == "local"));
        let span = root.entry("axis").map(|axis| axis.key_span.clone()).filter(|_| !lost);
        if let Some(span) = span {
            refuse_too_much("local", &Profile::default(), axes, span, c);
        }
        profiles.insert("local".to_owned(), Profile::default());
    }
    profiles
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

fn refuse_too_much(name: &str, profile: &Profile, axes: &Axes, span: Range<usize>, c: &mut Collector<'_>) {
    let Err(much) = choose::check(&axes.space, profile) else { return };
    let problem = match much {
        TooMuch::Cells(cells) => {
            let count = match cells {
                0..=999_999_999_999 => cells.to_string(),
                _ => "far too many".to_owned(),
            };
            Problem::new(format!("the profile `{name}` chooses {count} cells, more than {MAX_CELLS}"))
                .help("write `strategy = \"pairwise\"`, narrow `when`, or remove values from the longest axes")
        }
        TooMuch::Tuples(tuples, strength) => {
            let less = if strength > 2 { "choose a lower strength" } else { "remove values from the longest axes" };
            let problem = format!("`{name}` has {tuples} tuples of {strength} values to cover, more than {MAX_TUPLES}");
            Problem::new(problem).help(format!("{less}, or narrow `when`"))
        }
    };
    c.error(span, problem.label(sizes(&axes.space)));
}

/// Pins that no cell of the profile can meet.
fn refuse_pins(table: &Table, profile: &Profile, axes: &Axes, suites: &Suites, rules: &[Rule], c: &mut Collector<'_>) {
    let nodes = table.node("pin").into_iter().flat_map(Node::one_or_many);
    for (node, pin) in nodes.zip(&profile.pin) {
        if !choose::can_meet(&axes.space, &suites.list, rules, profile, pin) {
            let problem = Problem::new(format!("no cell of the profile can meet the pin `{pin}`"));
            let help = "`when`, the suites or the rules leave all its cells out; correct one of them";
            c.error(node.span.clone(), problem.help(help).needs_whole());
        }
    }
}
