//! The shapes of where things come from: dependency versions, distributions.

use super::super::format::{Format, Words};
use super::super::shape::{Key, Rest, Shape, TableShape};

pub(super) static DEPS: Words = Words {
    what: "choice of dependencies",
    known: &[
        ("locked", "The workspace's own Cargo.lock."),
        (
            "lockset",
            "The lockset of the toolchain's `[[lock]]` group; the workspace's own Cargo.lock where it is in none.",
        ),
        ("minimal", "The lowest versions that the packages' own requirements admit; needs a nightly cargo."),
        ("latest", "The newest versions that the requirements admit, resolved anew once a day."),
    ],
    later: &[],
};

pub(super) static LOCK: TableShape = TableShape {
    title: "`[[lock]]`",
    keys: &[
        Key::optional(
            "name",
            "Its name; the file is `compat/locks/NAME.lock`. Default: from `rust`, for example `below-1.80`.",
            Shape::Text(Format::ValueName),
        ),
        Key::required(
            "rust",
            "The toolchains of the group, as in a condition. A toolchain belongs to the first group that admits it.",
            Shape::OneOf(&[
                Shape::Text(Format::Test),
                Shape::List { item: &Shape::Text(Format::Test), min: 1, unique: true },
            ]),
        ),
        Key::optional("pin", "Versions that are asked for, by package name.", Shape::Table(&PINS)),
    ],
    later: &[],
    rest: None,
    min: 0,
};

static PINS: TableShape = TableShape {
    title: "`pin`",
    keys: &[],
    later: &[],
    rest: Some(Rest {
        what: "a package",
        name: Format::PackageName,
        doc: "The version, all three numbers.",
        shape: &Shape::Text(Format::ExactVersion),
    }),
    min: 0,
};

pub(super) static DISTROS: TableShape = TableShape {
    title: "`[distro]`",
    keys: &[],
    later: &[],
    rest: Some(Rest {
        what: "a distribution",
        name: Format::ValueName,
        doc: "A distribution: `debian-12`.",
        shape: &Shape::Table(&DISTRO),
    }),
    min: 1,
};

static DISTRO: TableShape = TableShape {
    title: "a distribution",
    keys: &[Key::required(
        "apt",
        "What apt downloads of it; nothing is installed, and apt checks all signatures.",
        Shape::Table(&APT),
    )],
    later: &["dnf", "apk"],
    rest: None,
    min: 0,
};

static APT: TableShape = TableShape {
    title: "`apt`",
    keys: &[
        Key::required("suite", "The suite: `bookworm`, `bookworm-security`.", Shape::Text(Format::AptSuite)),
        Key::optional(
            "rust",
            "The package of its rustc. With `cargo`, the distribution is a value of `axis.rust`.",
            Shape::Text(Format::AptPackage),
        ),
        Key::optional("cargo", "The package of its cargo.", Shape::Text(Format::AptPackage)),
        Key::optional(
            "sqlite",
            "The package of its shared SQLite, which makes the distribution a value of `axis.sqlite`.",
            Shape::Text(Format::AptPackage),
        ),
        Key::optional(
            "sources",
            "Where from, as sources.list(5) has it; relative paths of keys start at the workspace root. Default: the \
             archive of the host's own release, from its apt configuration.",
            Shape::List { item: &Shape::Text(Format::AptSource), min: 1, unique: true },
        ),
    ],
    later: &[],
    rest: None,
    min: 0,
};
