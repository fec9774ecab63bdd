//! `[[lock]]`: groups of toolchains with dependency versions of their own.

use std::collections::BTreeMap;

use semver::Version;
use shaped_toml::{twice, Collector, Key, Later, Node, Problem, Rest, Shape, Table, TableShape};

use super::axes::Axes;
use super::format::Format;
use crate::axis::{AxisKind, Deps, ValueName};
use crate::condition::ValueTest;
use crate::lockset::{default_name, LockGroup};

pub(super) static LOCK: TableShape = TableShape {
    title: "`[[lock]]`",
    keys: &[
        Key::optional(
            "name",
            "Its name; the file is `compat/locks/NAME.lock`. Default: from `rust`, for example `below-1.80`.",
            Shape::Text(&Format::ValueName),
        ),
        Key::required(
            "rust",
            "The toolchains of the group, as in a condition. A toolchain belongs to the first group that admits it.",
            Shape::OneOf(&[
                Shape::Text(&Format::Test),
                Shape::List { item: &Shape::Text(&Format::Test), min: 1, unique: true },
            ]),
        ),
        Key::optional("pin", "Required versions, by package name.", Shape::Table(&PINS)),
    ],
    later: Later::NONE,
    rest: None,
    min: 0,
};

static PINS: TableShape = TableShape {
    title: "`pin`",
    keys: &[],
    later: Later::NONE,
    rest: Some(Rest {
        what: "a package",
        name: &Format::PackageName,
        doc: "The version, all three numbers.",
        shape: &Shape::Text(&Format::ExactVersion),
    }),
    min: 0,
};

/// Lowers all groups.
pub(crate) fn locks(root: &Table, axes: &Axes, c: &mut Collector<'_>) -> Vec<LockGroup> {
    let mut groups: Vec<(LockGroup, std::ops::Range<usize>)> = Vec::new();
    let axis = axes.space.axis_of(&AxisKind::Rust).map(|(_, axis)| axis);
    for (_, table) in root.tables("lock") {
        let Some(rust) = table.entry("rust") else { continue };
        let Some(axis) = axis else {
            if !axes.is_lost("rust") {
                let problem = Problem::new("a `[[lock]]` is for toolchains, but there is no axis `rust`");
                c.error(rust.key_span.clone(), problem.help("add `rust = [\"stable\"]` or others to `[axis]`"));
            }
            continue;
        };
        let texts: Vec<&Node> = rust.node.one_or_many().iter().collect();
        let mut tests = Vec::new();
        for node in &texts {
            match ValueTest::parse(node.text().unwrap_or_default(), axis, axes.rejected("rust")) {
                Ok(test) => tests.push(test),
                Err(problem) => c.error(node.span.clone(), problem),
            }
        }
        let spelled: Vec<String> = texts.iter().filter_map(|node| node.text().map(str::to_owned)).collect();
        let name = table.owned("name").unwrap_or_else(|| default_name(&spelled));
        let span = table.node("name").map_or(rust.node.span.clone(), |name| name.span.clone());
        if let Some(problem) = bad_name(&name) {
            c.error(span, problem);
            continue;
        }
        if let Some((_, first)) = groups.iter().find(|(group, _)| group.name == name) {
            c.error(span, twice(&name, "lock", first));
            continue;
        }
        let pins = table.table("pin").into_iter().flat_map(|pins| &pins.entries);
        let pins: BTreeMap<String, Version> =
            pins.filter_map(|pin| Some((pin.key.clone(), pin.node.text()?.parse().ok()?))).collect();
        groups.push((LockGroup { name, rust: tests, pins }, span));
    }
    groups.into_iter().map(|(group, _)| group).collect()
}

/// The name goes into file names and build ids, where words of the `deps` axis stand too.
fn bad_name(name: &str) -> Option<Problem> {
    if ValueName::new(name).is_err() {
        return Some(
            Problem::new(format!("`{name}` is not a valid name for a lockset")).help("give it one: `name = \"old\"`"),
        );
    }
    let words = Deps::ALL.map(Deps::as_str);
    let word =
        words.into_iter().find(|word| name == *word || name.strip_prefix(word).is_some_and(|r| r.starts_with('-')));
    word.map(|word| {
        Problem::new(format!("a lockset cannot be called `{name}`: `{word}` is reserved")).help("give it another name")
    })
}
