//! `[distro]`: what each distribution's packages are, and which of them an axis names.

use std::ops::Range;

use shaped_toml::{Collector, Key, Later, Node, Problem, Rest, Shape, Table, TableShape};

use super::format::Format;
use crate::apt::{self, Package, Request, Source};

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
    keys: &[
        Key::required(
            "apt",
            "The packages that apt downloads; nothing is installed, and apt checks all signatures.",
            Shape::Table(&APT),
        ),
        Key::optional(
            "root",
            "Whether a whole userland of the suite is made in the cache, in which cells of its `rust` value are built and \
             run: with its rustc, its C library and its SQLite. Default: false.",
            Shape::Flag,
        ),
    ],
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
            "src",
            "The package of its sources of std: `rust-src`. With them its toolchain builds for targets that it brings no std for.",
            Shape::Text(&Format::AptPackage),
        ),
        Key::optional(
            "sqlite",
            "The package of its shared SQLite, which makes the distribution a value of `axis.sqlite`.",
            Shape::Text(&Format::AptPackage),
        ),
        Key::optional(
            "sources",
            "The sources, in the format of sources.list(5); relative paths of keys start at the workspace root. Default: the archive of the host's own release, from its apt configuration.",
            Shape::List { item: &Shape::Text(&Format::AptSource), min: 1, unique: true },
        ),
    ],
    later: Later::NONE,
    rest: None,
    min: 0,
};

/// The part of a distribution that an axis uses.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum DistroPart {
    /// Its rustc and cargo.
    Rust,
    /// The shared library of its packages.
    Sqlite,
}

/// The distributions of the document.
#[derive(Debug, Default)]
pub(super) struct Distros(Vec<Distro>);

#[derive(Debug)]
struct Distro {
    name: String,
    span: Range<usize>,
    suite: String,
    rust: Option<[Package; 2]>,
    src: Option<Package>,
    sqlite: Option<Package>,
    sources: Vec<Source>,
    /// Whether it is a whole userland.
    root: bool,
    used: bool,
    /// Whether it was rejected.
    broken: bool,
}

impl Distros {
    /// Reads the distributions and reports their problems.
    pub(super) fn of(root: &Table, c: &mut Collector<'_>) -> Self {
        let tables = root.table("distro").into_iter().flat_map(|distros| &distros.entries);
        let distros = tables.filter_map(|entry| {
            let table = entry.node.table()?;
            Some(distro(&entry.key, entry.key_span.clone(), table, c))
        });
        Self(distros.collect())
    }

    /// What a value of an axis means, where it is a distribution's name. One that lacks the part is reported.
    pub(super) fn value(
        &mut self,
        name: &str,
        part: DistroPart,
        span: &Range<usize>,
        c: &mut Collector<'_>,
    ) -> Option<Request> {
        let distro = self.0.iter_mut().find(|distro| distro.name == name)?;
        distro.used = true;
        let packages = match part {
            // In a root its SQLite is installed beside them.
            DistroPart::Rust => distro.rust.as_ref().map(|packages| {
                let sqlite = distro.sqlite.iter().filter(|_| distro.root);
                packages.iter().chain(&distro.src).chain(sqlite).cloned().collect()
            }),
            DistroPart::Sqlite => distro.sqlite.as_ref().map(|package| vec![package.clone()]),
        };
        if packages.is_none() && !distro.broken {
            let (what, add) = match part {
                DistroPart::Rust => ("toolchain", "`rust = \"rustc\"` and `cargo = \"cargo\"`"),
                DistroPart::Sqlite => ("SQLite", "`sqlite = \"libsqlite3-0\"`"),
            };
            let problem = Problem::new(format!("`{name}` has no {what}"))
                .related(distro.span.clone(), "it names no package for it")
                .help(format!("add {add} to its `apt`"));
            c.error(span.clone(), problem);
        }
        let packages = packages.unwrap_or_default();
        let root = distro.root && part == DistroPart::Rust;
        Some(Request { suite: distro.suite.clone(), packages, sources: distro.sources.clone(), root })
    }

    /// A warning for each that no axis names.
    pub(super) fn warn_of_unused(&self, c: &mut Collector<'_>) {
        for distro in self.0.iter().filter(|distro| !distro.used && !distro.broken) {
            let axes = match (&distro.rust, &distro.sqlite) {
                (Some(_), Some(_)) => "`axis.rust` or `axis.sqlite`",
                (Some(_), None) => "`axis.rust`",
                (None, _) => "`axis.sqlite`",
            };
            let problem = Problem::new(format!("the distribution `{}` is not used", distro.name)).needs_whole();
            c.warning(distro.span.clone(), problem.help(format!("add `\"{}\"` to {axes}", distro.name)));
        }
    }
}

fn distro(name: &str, span: Range<usize>, table: &Table, c: &mut Collector<'_>) -> Distro {
    let mark = c.mark();
    for (format, what) in [(Format::Toolchain, "a toolchain of rustup"), (Format::Sqlite, "a SQLite")] {
        if format.accepts(name) {
            let problem = Problem::new(format!("`{name}` is already {what}"));
            c.error(span.clone(), problem.help("give the distribution a different name, such as `debian-12`"));
        }
    }
    let apt = table.node("apt");
    let empty = Table::default();
    let keys = apt.and_then(Node::table).unwrap_or(&empty);
    let package = |key: &str| keys.text(key).and_then(Package::parse);
    let suite = keys.owned("suite").unwrap_or_default();
    let rust = match (keys.entry("rust"), keys.entry("cargo")) {
        (Some(_), Some(_)) => package("rust").zip(package("cargo")).map(|(rust, cargo)| [rust, cargo]),
        (Some(entry), None) if !lost(keys, "cargo") => {
            let problem = Problem::new("`rust` without `cargo` is not a toolchain").help("add `cargo = \"cargo\"`");
            c.error(entry.key_span.clone(), problem.needs_whole());
            None
        }
        (None, Some(entry)) if !lost(keys, "rust") => {
            let problem = Problem::new("`cargo` without `rust` is not a toolchain").help("add `rust = \"rustc\"`");
            c.error(entry.key_span.clone(), problem.needs_whole());
            None
        }
        _ => None,
    };
    if let (Some(entry), None, None) = (keys.entry("src"), keys.entry("rust"), keys.entry("cargo")) {
        if !lost(keys, "rust") && !lost(keys, "cargo") {
            let problem =
                Problem::new("`src` without `rust` and `cargo`: sources of std are of use to a toolchain only");
            c.error(entry.key_span.clone(), problem.help("add `rust` and `cargo`, or remove `src`").needs_whole());
        }
    }
    let sqlite = package("sqlite");
    if let (Some(apt), true, false) = (apt, keys.rejected.is_empty(), c.since(mark)) {
        if rust.is_none() && sqlite.is_none() {
            let problem = Problem::new(format!("the distribution `{name}` names no package")).needs_whole();
            c.error(apt.span.clone(), problem.help("add `rust` and `cargo`, or `sqlite`"));
        }
    }
    let root = table.flag("root").unwrap_or_default();
    if let (Some(entry), true, None, false) = (table.entry("root"), root, &rust, c.since(mark)) {
        if keys.rejected.is_empty() {
            let problem = Problem::new("a root without a toolchain is of no use to a cell").needs_whole();
            c.error(
                entry.key_span.clone(),
                problem.help("add `rust = \"rustc\"` and `cargo = \"cargo\"` to its `apt`"),
            );
        }
    }
    let texts = keys.node("sources").into_iter().flat_map(Node::one_or_many).filter_map(Node::text);
    let sources: Vec<Source> = texts.filter_map(|text| apt::parse(text).ok()).flatten().collect();
    if let Some(node) = keys.node("sources") {
        let suites: Vec<&str> = sources.iter().flat_map(|s| &s.suites).map(String::as_str).collect();
        let complete = node.list().is_some_and(|list| list.rejected.is_empty());
        if complete && !suites.is_empty() && !suite.is_empty() && !suites.contains(&suite.as_str()) {
            let problem = Problem::new(format!("no entry of `sources` has the suite `{suite}`"));
            c.error(node.span.clone(), problem.known(&suite, suites));
        }
    }
    let broken = c.since(mark) || apt.is_none() || !keys.rejected.is_empty();
    let src = package("src");
    Distro { name: name.to_owned(), span, suite, rust, src, sqlite, sources, root, used: false, broken }
}

fn lost(keys: &Table, key: &str) -> bool {
    keys.rejected.iter().any(|rejected| rejected == key)
}
