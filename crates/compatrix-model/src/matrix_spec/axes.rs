//! `[axis]`: the space of cells.

use std::cmp::Ordering;
use std::collections::{BTreeMap, HashSet};

use shaped_toml::{
    twice, Collector, Entry, Key, Later, Need, Node, Plain, Problem, Rest, Shape, Table, TableShape, Words,
};

use super::distro::{DistroPart, Distros};
use super::format::{fixture, Format};
use super::os;
use crate::axis::Deps;
use crate::axis::{Axis, AxisKind, AxisName, AxisValue, Setting, ValueName};
use crate::cell::Space;
use crate::condition::{glob_matches, is_glob, partial_version};

pub(super) static AXIS: TableShape = TableShape {
    title: "`[axis]`",
    keys: &[
        Key::optional(
            "rust",
            "Toolchains: rustup's names, names of distributions, or folders with `bin/rustc` and `bin/cargo`.",
            Shape::List {
                item: &Shape::OneOf(&[Shape::Text(&Format::Toolchain), Shape::Table(&PATH_TOOLCHAIN)]),
                min: 1,
                unique: true,
            },
        ),
        Key::optional(
            "sqlite",
            "SQLite libraries: `bundled` (compiled in), `host` (the one installed here), exact versions, names of \
             distributions.",
            Shape::List { item: &Shape::Text(&Format::Sqlite), min: 1, unique: true },
        ),
        Key::optional(
            "schema",
            "Fixtures: `fixtures/*` for every folder in `compat/fixtures`, or a list of their names and globs.",
            Shape::OneOf(&[
                Shape::Text(&Format::Fixture),
                Shape::List { item: &Shape::Text(&Format::Fixture), min: 1, unique: true },
            ]),
        ),
        Key::optional(
            "features",
            "Cargo feature sets: a name for each, and the features it switches on.",
            Shape::Table(&FEATURES),
        ),
        Key::optional(
            "deps",
            "Which dependency versions. Without this axis each toolchain has the lockset of its `[[lock]]` group, if any.",
            Shape::List { item: &Shape::Text(&DEPS), min: 1, unique: true },
        ),
        Key::optional(
            "os",
            "Systems: this host, targets that are compiled here, machines of CI. Without this axis all cells are of this host.",
            Shape::Table(&os::OS),
        ),
    ],
    later: Later::NONE,
    rest: Some(Rest {
        what: "an axis of your own",
        name: &Format::AxisName,
        doc: "An axis of your own: an environment variable that is set in each run.",
        shape: &Shape::Table(&OWN_AXIS),
    }),
    min: 1,
};

static PATH_TOOLCHAIN: TableShape = TableShape {
    title: "a toolchain",
    keys: &[
        Key::required("name", "The value's name.", Shape::Text(&Format::ValueName)),
        Key::required(
            "path",
            "A folder with `bin/rustc` and `bin/cargo`; a relative one starts at the workspace root.",
            Shape::Text(&Format::Path),
        ),
    ],
    later: Later::NONE,
    rest: None,
    min: 0,
};

static FEATURES: TableShape = TableShape {
    title: "`[axis.features]`",
    keys: &[],
    later: Later::NONE,
    rest: Some(Rest {
        what: "a feature set",
        name: &Format::ValueName,
        doc: "A feature set: the features to enable, in addition to the default ones or instead of them. Where a shared SQLite is linked, a feature that only compiles SQLite in is left out.",
        shape: &Shape::OneOf(&[FEATURE_LIST, Shape::Table(&FEATURE_SET)]),
    }),
    min: 1,
};

const FEATURE_LIST: Shape = Shape::List { item: &Shape::Text(&Format::FeatureName), min: 0, unique: true };

static FEATURE_SET: TableShape = TableShape {
    title: "a feature set",
    keys: &[
        Key::default(
            "default-features",
            "Whether the packages' default features stay on.",
            Shape::Flag,
            Need::Flag(true),
        ),
        Key::optional("features", "Features to switch on. Default: none.", FEATURE_LIST),
    ],
    later: Later::NONE,
    rest: None,
    min: 0,
};

static OWN_AXIS: TableShape = TableShape {
    title: "an axis of your own",
    keys: &[
        Key::required("env", "The environment variable that each run gets.", Shape::Text(&Format::EnvVar)),
        Key::required(
            "values",
            "The variable's values: a list of texts that are also their names, or a table of name and text.",
            Shape::OneOf(&[
                Shape::List { item: &Shape::Text(&Format::ValueName), min: 1, unique: true },
                Shape::Table(&OWN_VALUES),
            ]),
        ),
    ],
    later: Later::NONE,
    rest: None,
    min: 0,
};

static OWN_VALUES: TableShape = TableShape {
    title: "`values`",
    keys: &[],
    later: Later::NONE,
    rest: Some(Rest {
        what: "a value",
        name: &Format::ValueName,
        doc: "The variable's text.",
        shape: &Shape::Text(&Plain::Any),
    }),
    min: 1,
};

static DEPS: Words = Words {
    what: "choice of dependencies",
    known: &[
        ("locked", "The workspace's own Cargo.lock."),
        ("lockset", "The lockset of the toolchain's `[[lock]]` group, or the workspace's Cargo.lock if it is in none."),
        ("minimal", "The lowest versions that the packages' own requirements admit; needs a nightly cargo."),
        ("latest", "The newest versions that the requirements allow, resolved once a day."),
    ],
    later: Later::NONE,
};

/// The axes, with their invalid values, so that references to those are not reported again.
#[derive(Debug, Default)]
pub(crate) struct Axes {
    pub(crate) space: Space,
    /// Rejected values by axis.
    rejected: BTreeMap<String, Vec<String>>,
    /// Axes that could not be read at all.
    lost: Vec<String>,
    /// Whether none could.
    all_lost: bool,
}

impl Axes {
    /// The rejected values of this axis.
    pub(crate) fn rejected(&self, axis: &str) -> &[String] {
        self.rejected.get(axis).map_or(&[], Vec::as_slice)
    }

    /// Whether there is an axis of this name in the text, which could not be read.
    pub(crate) fn is_lost(&self, axis: &str) -> bool {
        self.all_lost || self.lost.iter().any(|name| name == axis)
    }
}

/// Lowers `[axis]`; `fixtures` are the folders that exist.
pub(crate) fn axes(root: &Table, fixtures: &[String], c: &mut Collector<'_>) -> Axes {
    let mut axes = Axes::default();
    let mut distros = Distros::of(root, c);
    let axis = root.entry("axis").and_then(|Entry { node, key_span, .. }| Some((node.table()?, key_span)));
    let Some((table, key_span)) = axis else {
        axes.all_lost = true;
        return axes;
    };
    axes.lost.clone_from(&table.rejected);
    let mut list: Vec<Axis> = Vec::new();
    let mut entries: Vec<&Entry> = table.entries.iter().collect();
    // Stable, so that the user's own axes keep the order of the document.
    entries.sort_by_key(|entry| {
        ["rust", "sqlite", "schema", "features", "deps", "os"].iter().position(|n| *n == entry.key).unwrap_or(6)
    });
    for entry in entries {
        let (kind, values, rejected) = match entry.key.as_str() {
            "rust" => (AxisKind::Rust, rust(&entry.node, &mut distros, c), rejected(&entry.node)),
            "sqlite" => (AxisKind::Sqlite, sqlite(&entry.node, &mut distros, c), rejected(&entry.node)),
            "schema" => (AxisKind::Schema, schema(&entry.node, fixtures, c), rejected(&entry.node)),
            "features" => (AxisKind::Features, features(&entry.node), rejected(&entry.node)),
            "deps" => (AxisKind::Deps, deps(&entry.node), rejected(&entry.node)),
            "os" => {
                let systems = entry.node.table().map(|table| os::systems(table, c));
                (AxisKind::Os, systems.unwrap_or_default(), rejected(&entry.node))
            }
            _ => match own(entry, &list, c) {
                Some(own) => own,
                None => {
                    axes.lost.push(entry.key.clone());
                    continue;
                }
            },
        };
        match AxisName::new(entry.key.as_str()) {
            Ok(name) if !values.is_empty() => {
                axes.rejected.insert(entry.key.clone(), rejected);
                list.push(Axis { name, kind, values });
            }
            _ => axes.lost.push(entry.key.clone()),
        }
    }
    distros.warn_of_unused(c);
    axes.space = Space::new(list);
    // Profiles may choose few cells of many, but each has a number.
    if axes.space.len() == u128::MAX {
        let problem = Problem::new("the axes make more cells than can be numbered").label(sizes(&axes.space));
        c.error(key_span.clone(), problem.help("remove axes, or values from the longest"));
    }
    axes
}

/// The texts that a list, or the keys that a table, lost in the shape check.
fn rejected(node: &Node) -> Vec<String> {
    let list = node.list().map(|list| list.rejected.clone());
    list.or_else(|| node.table().map(|table| table.rejected.clone())).unwrap_or_default()
}

fn named(name: &str, setting: Setting) -> Option<AxisValue> {
    // The shape check has let only valid names through.
    Some(AxisValue { name: ValueName::new(name).ok()?, setting })
}

fn rust(node: &Node, distros: &mut Distros, c: &mut Collector<'_>) -> Vec<AxisValue> {
    let mut values: Vec<(AxisValue, std::ops::Range<usize>)> = Vec::new();
    for node in node.one_or_many() {
        let (name, span, setting) = match node.table() {
            None => {
                let Some(text) = node.text() else { continue };
                let setting = match distros.value(text, DistroPart::Rust, &node.span, c) {
                    None => Setting::RustupToolchain(text.to_owned()),
                    Some(request) => Setting::DistroToolchain(request),
                };
                (text, node.span.clone(), setting)
            }
            Some(table) => {
                let (Some(entry), Some(path)) = (table.entry("name"), table.owned("path")) else { continue };
                (entry.node.text().unwrap_or_default(), entry.node.span.clone(), Setting::PathToolchain(path))
            }
        };
        if let Some((_, first)) = values.iter().find(|(value, _)| value.name.as_str() == name) {
            c.error(span, twice(name, "rust", first));
        } else if let Some(value) = named(name, setting) {
            values.push((value, span));
        }
    }
    values.into_iter().map(|(value, _)| value).collect()
}

fn sqlite(node: &Node, distros: &mut Distros, c: &mut Collector<'_>) -> Vec<AxisValue> {
    let texts = node.one_or_many().iter().filter_map(|node| Some((node, node.text()?)));
    texts
        .filter_map(|(node, text)| {
            let setting = match text {
                "bundled" => Setting::SqliteBundled,
                "host" => Setting::SqliteHost,
                other => match distros.value(other, DistroPart::Sqlite, &node.span, c) {
                    Some(request) => Setting::DistroSqlite(request),
                    None => Setting::SqliteExact(partial_version(other)?),
                },
            };
            named(text, setting)
        })
        .collect()
}

fn schema(node: &Node, fixtures: &[String], c: &mut Collector<'_>) -> Vec<AxisValue> {
    let mut values: Vec<AxisValue> = Vec::new();
    let mut seen: HashSet<&str> = HashSet::new();
    let mut sorted: Vec<&String> = fixtures.iter().collect();
    sorted.sort_by(|a, b| natural(a, b));
    for node in node.one_or_many() {
        let Some(Ok(glob)) = node.text().map(fixture) else { continue };
        let found: Vec<&&String> = sorted.iter().filter(|folder| names_fixture(glob, folder)).collect();
        if found.is_empty() {
            let problem = Problem::new(match is_glob(glob) {
                true => format!("no fixture folder matches `{glob}`"),
                false => format!("there is no fixture `{glob}`"),
            });
            let folders = sorted.iter().filter(|folder| names_fixture("*", folder));
            c.error(node.span.clone(), problem.known(glob, folders).help("a fixture is a folder in `compat/fixtures`"));
        }
        for folder in found {
            if !seen.insert(folder) {
                continue;
            }
            match named(folder, Setting::Fixture(folder.to_string())) {
                Some(value) => values.push(value),
                None => {
                    let problem =
                        Problem::new(format!("the fixture folder `{folder}` is not a valid name for a value"));
                    c.error(node.span.clone(), problem.help("rename it: letters, digits, `.`, `_`, `+`, `-`"));
                }
            }
        }
    }
    values
}

fn features(node: &Node) -> Vec<AxisValue> {
    let sets = node.table().into_iter().flat_map(|table| &table.entries);
    sets.filter_map(|set| {
        let (default_features, enable) = match set.node.table() {
            None => (true, set.node.list().map(|list| list.texts())),
            Some(table) => (table.flag("default-features").unwrap_or(true), table.texts("features")),
        };
        named(&set.key, Setting::Features { default_features, enable: enable.unwrap_or_default() })
    })
    .collect()
}

fn deps(node: &Node) -> Vec<AxisValue> {
    let texts = node.one_or_many().iter().filter_map(Node::text);
    let meant = |text: &str| Deps::ALL.into_iter().find(|deps| deps.as_str() == text);
    texts.filter_map(|text| named(text, Setting::Deps(meant(text)?))).collect()
}

type Own = (AxisKind, Vec<AxisValue>, Vec<String>);

fn own(entry: &Entry, before: &[Axis], c: &mut Collector<'_>) -> Option<Own> {
    let table = entry.node.table()?;
    let var = table.entry("env")?;
    let name = var.node.text()?;
    let other = before.iter().find(|axis| matches!(&axis.kind, AxisKind::Env { var } if var == name));
    if let Some(other) = other {
        let problem = Problem::new(format!("the axis `{}` already sets `{name}`", other.name));
        c.error(var.node.span.clone(), problem.help("give each axis a different variable"));
    }
    let values = table.node("values")?;
    let list = match values.table() {
        Some(table) => table.entries.iter().map(|value| (value.key.as_str(), value.node.text())).collect(),
        None => values.one_or_many().iter().map(|value| (value.text().unwrap_or_default(), value.text())).collect(),
    };
    let list: Vec<(&str, Option<&str>)> = list;
    let list = list.into_iter().filter_map(|(name, text)| named(name, Setting::Env(text?.to_owned())));
    Some((AxisKind::Env { var: name.to_owned() }, list.collect(), rejected(values)))
}

/// Compares texts as people sort them: runs of digits by their number (`v9` before `v18`).
fn natural(a: &str, b: &str) -> Ordering {
    let (mut a, mut b) = (a, b);
    loop {
        let (Some(x), Some(y)) = (a.chars().next(), b.chars().next()) else {
            return a.len().cmp(&b.len());
        };
        if x.is_ascii_digit() && y.is_ascii_digit() {
            let number = |text: &str| text.find(|c: char| !c.is_ascii_digit()).unwrap_or(text.len());
            let ((m, rest_a), (n, rest_b)) = (a.split_at(number(a)), b.split_at(number(b)));
            let (short_m, short_n) = (m.trim_start_matches('0'), n.trim_start_matches('0'));
            // Without leading zeros the longer is the greater; equal numbers fall back to their spelling.
            let order = short_m.len().cmp(&short_n.len()).then_with(|| short_m.cmp(short_n)).then_with(|| m.cmp(n));
            if order != Ordering::Equal {
                return order;
            }
            (a, b) = (rest_a, rest_b);
        } else if x != y {
            return x.cmp(&y);
        } else {
            (a, b) = (&a[x.len_utf8()..], &b[y.len_utf8()..]);
        }
    }
}

/// Whether a folder's name is meant by a glob of fixtures; as in a shell, hidden ones are not.
fn names_fixture(glob: &str, folder: &str) -> bool {
    !folder.starts_with('.') && glob_matches(glob, folder)
}

/// `6 rust × 10 sqlite`.
pub(crate) fn sizes(space: &Space) -> String {
    let sizes = space.axes().iter().map(|axis| format!("{} {}", axis.values.len(), axis.name));
    sizes.collect::<Vec<_>>().join(" × ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn vintages_sort_as_people_sort_them() {
        let mut names = ["v99-future", "v24-wal", "v18", "v100", "v24", "v9", "v24-10k", "v024"];
        names.sort_by(|a, b| natural(a, b));
        assert_eq!(names, ["v9", "v18", "v024", "v24", "v24-10k", "v24-wal", "v99-future", "v100"]);
    }
}
