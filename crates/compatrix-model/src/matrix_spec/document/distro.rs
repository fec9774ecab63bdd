//! The shape of `[distro]`.

use shaped_toml::{Key, Later, Rest, Shape, TableShape};

use crate::matrix_spec::format::Format;

pub(super) static DISTROS: TableShape = TableShape {
    title: "`[distro]`",
    keys: &[],
    later: Later::NONE,
    rest: Some(Rest {
        what: "a distribution",
        name: &Format::ValueName,
        doc: "A distribution: `debian-12`.",
        shape: &Shape::Table(&DISTRO),
    }),
    min: 1,
};

static DISTRO: TableShape = TableShape {
    title: "a distribution",
    keys: &[Key::required(
        "apt",
        "The packages that apt downloads; nothing is installed, and apt checks all signatures.",
        Shape::Table(&APT),
    )],
    later: Later::NONE,
    rest: None,
    min: 0,
};

static APT: TableShape = TableShape {
    title: "`apt`",
    keys: &[
        Key::required("suite", "The suite: `bookworm`, `bookworm-security`.", Shape::Text(&Format::AptSuite)),
        Key::optional(
            "rust",
            "The package of its rustc. With `cargo`, the distribution is a value of `axis.rust`.",
            Shape::Text(&Format::AptPackage),
        ),
        Key::optional("cargo", "The package of its cargo.", Shape::Text(&Format::AptPackage)),
        Key::optional(
            "sqlite",
            "The package of its shared SQLite, which makes the distribution a value of `axis.sqlite`.",
            Shape::Text(&Format::AptPackage),
        ),
        Key::optional(
            "sources",
            "The sources, in the format of sources.list(5); relative paths of keys start at the workspace root. Default: the \
             archive of the host's own release, from its apt configuration.",
            Shape::List { item: &Shape::Text(&Format::AptSource), min: 1, unique: true },
        ),
    ],
    later: Later::NONE,
    rest: None,
    min: 0,
};
