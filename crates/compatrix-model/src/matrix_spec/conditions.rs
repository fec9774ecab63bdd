//! Conditions: `when` of suites, rules and profiles, and pins.

use shaped_toml::{Collector, Later, Rest, Shape, Table, TableShape};

use super::axes::Axes;
use super::format::Format;
use crate::condition::expr::unknown_axis;
use crate::condition::{Condition, ValueTest};

/// A pin that names nothing would be met by any cell.
pub(super) static PIN: TableShape =
    TableShape { title: "`pin`", keys: &[], later: Later::NONE, rest: Some(TESTS), min: 1 };

/// Alternative conditions, none of them empty.
pub(super) const CONDITIONS_THAT_NAME: Shape = Shape::OneOf(&[
    Shape::Table(&NAMING_CONDITION),
    Shape::List { item: &Shape::Table(&NAMING_CONDITION), min: 1, unique: false },
]);

static NAMING_CONDITION: TableShape =
    TableShape { title: "a condition", keys: &[], later: Later::NONE, rest: Some(TESTS), min: 1 };

pub(super) static CONDITION: TableShape =
    TableShape { title: "`when`", keys: &[], later: Later::NONE, rest: Some(TESTS), min: 0 };

/// A rule that matches everything is surely a mistake.
pub(super) static RULE_CONDITION: TableShape =
    TableShape { title: "`when`", keys: &[], later: Later::NONE, rest: Some(TESTS), min: 1 };

const TESTS: Rest = Rest {
    what: "an axis",
    name: &Format::AxisName,
    doc: "A value's name, a glob (`v24*`), a version requirement (`>=3.38, <3.46`), or a list of alternatives.",
    shape: &Shape::OneOf(&[
        Shape::Text(&Format::Test),
        Shape::List { item: &Shape::Text(&Format::Test), min: 1, unique: true },
    ]),
};

/// Lowers a condition; `None` if something is wrong with it.
pub(crate) fn condition(when: &Table, axes: &Axes, c: &mut Collector<'_>) -> Option<Condition> {
    let mut terms = Vec::new();
    let mut complete = when.rejected.is_empty();
    for entry in &when.entries {
        let Some((_, axis)) = axes.space.axis(&entry.key) else {
            if !axes.is_lost(&entry.key) {
                c.error(entry.key_span.clone(), unknown_axis(&entry.key, &axes.space));
            }
            complete = false;
            continue;
        };
        complete &= entry.node.list().is_none_or(|list| list.rejected.is_empty());
        let mut tests = Vec::new();
        for node in entry.node.one_or_many() {
            let Some(text) = node.text() else { continue };
            match ValueTest::parse(text, axis, axes.rejected(&entry.key)) {
                Ok(test) => tests.push(test),
                Err(problem) => {
                    c.error(node.span.clone(), problem);
                    complete = false;
                }
            }
        }
        terms.push((axis.name.clone(), tests));
    }
    complete.then_some(Condition { terms })
}
