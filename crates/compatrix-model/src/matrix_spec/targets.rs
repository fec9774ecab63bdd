//! `[[target]]`: figures that benches are to reach.

use compatrix_bench::units::{self, LIMITS};
use compatrix_bench::words::TIERS;
use compatrix_bench::{Bound, Target, Tier};
use serde_json::{json, Map, Value};
use shaped_toml::{refuse_nul, Collector, Key, Later, Need, Plain, Problem, Shape, Table, TableShape, TextFormat};

use super::format::Format;
use super::suites::Suites;

pub(super) static TARGET: TableShape = TableShape {
    title: "`[[target]]`",
    keys: &[
        Key::optional(
            "suite",
            "The suite whose bench it is. A run without that suite does not judge the target. Default: each suite that has the bench.",
            Shape::Text(&Format::ValueName),
        ),
        Key::required("bench", "The bench, as its harness names it.", Shape::Text(&Plain::Sentence)),
        Key::required(
            "metric",
            "What of it: `p50`, `p95` or `p99` of its raw samples, `time` (the median), `throughput`, `ratio` to another bench, `peak-memory` or `cpu` of its process (processor time, or a share of one core such as `90 %`), or a metric that the bench itself reports.",
            Shape::Text(&Plain::Sentence),
        ),
        Key::optional("at-most", "The figure may be no more than this: `5 ms`, `100 MB`.", Shape::Text(&Limit)),
        Key::optional("at-least", "The figure may be no less than this: `1000/s`, `4`.", Shape::Text(&Limit)),
        Key::optional(
            "to",
            "Metric `ratio`: the other bench. The figure is the time of `to` over the time of `bench`, so 4 means four times as fast.",
            Shape::Text(&Plain::Sentence),
        ),
        Key::default("tier", "How much it counts.", Shape::Text(&TIERS), Need::Text("must")),
    ],
    later: Later::NONE,
    rest: None,
    min: 0,
};

/// A number with a unit.
#[derive(Debug)]
struct Limit;

impl TextFormat for Limit {
    fn check(&self, text: &str) -> Result<(), Problem> {
        refuse_nul(text)?;
        let problem = || Problem::new(format!("`{text}` is no limit")).help(format!("write it as {LIMITS}"));
        units::limit(text).map(drop).ok_or_else(problem)
    }

    fn describe(&self) -> String {
        format!("number with a unit: {LIMITS}")
    }

    fn schema(&self) -> Map<String, Value> {
        [("minLength".to_owned(), json!(1))].into_iter().collect()
    }
}

/// The unit of a metric whose unit is always the same.
fn unit_of(metric: &str) -> Option<(&'static str, &'static str)> {
    match metric {
        "p50" | "p95" | "p99" | "time" => Some(("s", "a time, such as `5 ms`")),
        "cpu" => Some(("s", "a time, such as `5 ms`, or a share of one core, such as `90 %`")),
        "peak-memory" => Some(("B", "an amount of memory, such as `100 MB`")),
        "ratio" => Some(("1", "a plain number, such as `4`")),
        _ => None,
    }
}

/// Lowers all targets.
pub(super) fn targets(root: &Table, suites: &Suites, c: &mut Collector<'_>) -> Vec<Target> {
    let mut targets = Vec::new();
    for (node, table) in root.tables("target") {
        let line = c.place(node.span.start).0;
        targets.extend(target(table, &node.span, line, c));
        check_suite(table, suites, c);
    }
    targets
}

/// The suite must be there, and of the kind `bench`.
fn check_suite(table: &Table, suites: &Suites, c: &mut Collector<'_>) {
    let Some((name, node)) = table.text("suite").zip(table.node("suite")) else { return };
    match suites.list.iter().find(|suite| suite.name == name) {
        Some(suite) if suite.bench().is_some() => {}
        Some(_) => {
            let problem = Problem::new(format!("the suite `{name}` has no benches"));
            c.error(node.span.clone(), problem.help("name a suite of the kind `bench`".to_owned()));
        }
        None if suites.nameless || suites.names.iter().any(|known| known == name) => {}
        None => {
            let problem = Problem::new(format!("unknown suite `{name}`")).known(name, &suites.names);
            c.error(node.span.clone(), problem.needs_whole());
        }
    }
}

fn target(table: &Table, span: &std::ops::Range<usize>, line: usize, c: &mut Collector<'_>) -> Option<Target> {
    let (bench, metric) = (table.owned("bench")?, table.owned("metric")?);
    let (most, least) = (table.node("at-most"), table.node("at-least"));
    let (node, at_most) = match (most, least) {
        (Some(node), None) => (node, true),
        (None, Some(node)) => (node, false),
        (Some(_), Some(node)) => {
            let help = "write two targets, one for each limit";
            c.error(node.span.clone(), Problem::new("a target has one limit").help(help.to_owned()));
            return None;
        }
        (None, None) => {
            let lost = |key: &str| table.rejected.iter().any(|lost| lost == key);
            if !lost("at-most") && !lost("at-least") {
                let help = "add `at-most = \"5 ms\"` or `at-least = \"1000/s\"`";
                c.error(span.clone(), Problem::new("a target needs a limit").help(help.to_owned()));
            }
            return None;
        }
    };
    let text = node.text()?.to_owned();
    let (value, unit) = units::limit(&text)?;
    // Processor time is one, or a share of the time that passed.
    let is_share = metric == "cpu" && unit == "1";
    if let Some((expected, help)) = unit_of(&metric).filter(|(expected, _)| *expected != unit && !is_share) {
        let problem = Problem::new(format!("`{metric}` is not measured in this unit, but in `{expected}`"));
        c.error(node.span.clone(), problem.help(format!("write {help}")));
        return None;
    }
    let to = table.owned("to");
    match (metric == "ratio", table.entry("to")) {
        (true, None) => {
            let problem = Problem::new("a `ratio` needs another bench to compare with");
            c.error(span.clone(), problem.help("add `to = \"the slower bench\"`".to_owned()));
            return None;
        }
        (false, Some(entry)) => {
            let problem = Problem::new("`to` is for the metric `ratio`");
            c.error(entry.key_span.clone(), problem.help("take it out, or write `metric = \"ratio\"`".to_owned()));
        }
        _ => {}
    }
    let tier = match table.text("tier") {
        Some("should") => Tier::Should,
        Some("nice") => Tier::Nice,
        _ => Tier::Must,
    };
    let bound = if at_most { Bound::AtMost(value) } else { Bound::AtLeast(value) };
    Some(Target { suite: table.owned("suite"), bench, metric, to, bound, text, tier, line })
}
