//! The shapes of dependency versions: the axis `deps`, `[[lock]]`.

use shaped_toml::{Key, Later, Rest, Shape, TableShape, Words};

use super::super::format::Format;

pub(super) static DEPS: Words = Words {
    what: "choice of dependencies",
    known: &[
        ("locked", "The workspace's own Cargo.lock."),
        ("lockset", "The lockset of the toolchain's `[[lock]]` group, or the workspace's Cargo.lock if it is in none."),
        ("minimal", "The lowest versions that the packages' own requirements admit; needs a nightly cargo."),
        ("latest", "The newest versions that the requirements allow, resolved once a day."),
    ],
    later: Later::NONE,
};

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
