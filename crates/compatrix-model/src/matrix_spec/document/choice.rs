//! The shape of `[profile]`, and of conditions.

use shaped_toml::{Key, Later, Need, Rest, Shape, TableShape, Words};

use crate::matrix_spec::format::Format;

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

/// A pin that names nothing would be met by any cell.
static PIN: TableShape = TableShape { title: "`pin`", keys: &[], later: Later::NONE, rest: Some(TESTS), min: 1 };

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
