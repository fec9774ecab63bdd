//! `[claims]`.

use std::collections::BTreeMap;

use semver::Version;
use shaped_toml::{twice, Collector, Key, Later, Node, Problem, Rest, Shape, Table, TableShape};

use super::axes::Axes;
use super::format::Format;
use super::rules::meets_claim;
use super::sqlite;
use crate::axis::AxisKind;
use crate::condition::{partial_version, value_version, Versions};

/// `[claims]`: promises to users.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Claims {
    /// The lowest Rust, as spelled (`1.70`) and as a version: of every package without one of its own.
    pub rust: Option<ClaimedVersion>,
    /// The lowest Rust of packages that have one of their own, by package.
    pub packages: BTreeMap<String, ClaimedVersion>,
    /// The lowest SQLite.
    pub sqlite: Option<ClaimedVersion>,
    /// Schemas (fixture names) that work.
    pub schema: Vec<String>,
    /// Platforms by tier, tiers in the spec's order: `("tier1", ["linux-x86_64"])`.
    pub platforms: Vec<(String, Vec<String>)>,
}

impl Claims {
    /// The lowest Rust that is promised for this package: its own, otherwise that of all packages.
    pub fn rust_of(&self, package: &str) -> Option<&ClaimedVersion> {
        self.packages.get(package).or(self.rust.as_ref())
    }

    /// The lowest Rust that is promised for any package.
    pub fn lowest_rust(&self) -> Option<&ClaimedVersion> {
        self.packages.values().chain(&self.rust).min_by_key(|claim| &claim.version)
    }
}

/// A version as a claim spells it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ClaimedVersion {
    /// The spec's spelling.
    pub text: String,
    /// Missing parts read as zero.
    pub version: Version,
}

pub(super) static CLAIMS: TableShape = TableShape {
    title: "`[claims]`",
    keys: &[
        Key::optional(
            "rust",
            "The lowest Rust that works. With `packages`, that of every package without an entry there.",
            Shape::Text(&Format::Version),
        ),
        Key::optional(
            "packages",
            "The lowest Rust of packages that promise another one, `[claims.packages.NAME]`. Cells with an older Rust do not \
             build the package.",
            Shape::Table(&PACKAGES),
        ),
        Key::optional("sqlite", "The lowest SQLite that works.", Shape::Text(&Format::Version)),
        Key::optional(
            "schema",
            "Schemas that work, values of the `schema` axis.",
            Shape::List { item: &Shape::Text(&Format::ValueName), min: 1, unique: true },
        ),
        Key::optional("platforms", "Platforms that work, by tier.", Shape::Table(&PLATFORMS)),
    ],
    later: Later::NONE,
    rest: None,
    min: 0,
};

static PACKAGES: TableShape = TableShape {
    title: "`packages`",
    keys: &[],
    later: Later::NONE,
    rest: Some(Rest {
        what: "a package",
        name: &Format::PackageName,
        doc: "The claims of this package, one of `project.packages`.",
        shape: &Shape::Table(&PACKAGE),
    }),
    min: 1,
};

static PACKAGE: TableShape = TableShape {
    title: "`[claims.packages.NAME]`",
    keys: &[Key::required("rust", "The lowest Rust that works with this package.", Shape::Text(&Format::Version))],
    later: Later::NONE,
    rest: None,
    min: 0,
};

static PLATFORMS: TableShape = TableShape {
    title: "`platforms`",
    keys: &[],
    later: Later::NONE,
    rest: Some(Rest {
        what: "a tier",
        name: &Format::ValueName,
        doc: "The platforms of this tier, operating system and architecture.",
        shape: &Shape::List { item: &Shape::Text(&Format::Platform), min: 1, unique: true },
    }),
    min: 1,
};

/// Lowers `[claims]`.
pub(super) fn claims(root: &Table, axes: &Axes, c: &mut Collector<'_>) -> Claims {
    let Some(table) = root.table("claims") else { return Claims::default() };
    for node in table.node("schema").into_iter().flat_map(Node::one_or_many) {
        let Some(text) = node.text() else { continue };
        let on_axis = axes.space.axis_of(&AxisKind::Schema).map(|(_, axis)| axis);
        let names = || on_axis.into_iter().flat_map(|axis| axis.values.iter().map(|value| value.name.as_str()));
        let excused = axes.is_lost("schema") || axes.rejected("schema").iter().any(|name| name == text);
        if !excused && !names().any(|name| name == text) {
            let problem = Problem::new(format!("the claimed schema `{text}` is not a value of the axis `schema`"));
            c.error(node.span.clone(), problem.known(text, names()).needs_whole());
        }
    }
    let mut seen: BTreeMap<&str, &Node> = BTreeMap::new();
    let mut platforms = Vec::new();
    for tier in table.table("platforms").into_iter().flat_map(|tiers| &tiers.entries) {
        for node in tier.node.one_or_many() {
            let Some(text) = node.text() else { continue };
            match seen.get(text) {
                Some(first) => c.error(node.span.clone(), twice(text, "platforms", &first.span)),
                None => drop(seen.insert(text, node)),
            }
        }
        platforms.push((tier.key.clone(), tier.node.list().map(|list| list.texts()).unwrap_or_default()));
    }
    Claims {
        rust: claimed(table, &AxisKind::Rust, axes, c),
        packages: packages(root, table, axes, c),
        sqlite: claimed(table, &AxisKind::Sqlite, axes, c),
        schema: table.texts("schema").unwrap_or_default(),
        platforms,
    }
}

/// The claims of single packages, each of which must be under test.
fn packages(root: &Table, claims: &Table, axes: &Axes, c: &mut Collector<'_>) -> BTreeMap<String, ClaimedVersion> {
    let under_test = root.table("project").and_then(|project| project.texts("packages")).unwrap_or_default();
    let mut found = BTreeMap::new();
    for entry in claims.table("packages").into_iter().flat_map(|packages| &packages.entries) {
        let Some(table) = entry.node.table() else { continue };
        if !under_test.is_empty() && !under_test.contains(&entry.key) {
            let problem = Problem::new(format!("`{}` is not among the packages under test", entry.key));
            let problem =
                problem.known(&entry.key, &under_test).help("add it to `packages` of `[project]`, or remove it");
            c.error(entry.key_span.clone(), problem.needs_whole());
            continue;
        }
        if let Some(version) = claimed(table, &AxisKind::Rust, axes, c) {
            found.insert(entry.key.clone(), version);
        }
    }
    if let Some(rust) = claims.entry("rust").filter(|_| under_test.iter().all(|name| found.contains_key(name))) {
        if !under_test.is_empty() {
            let problem = Problem::new("`rust` is the claim of no package: each has one of its own");
            c.warning(rust.key_span.clone(), problem.help("remove it"));
        }
    }
    found
}

fn claimed(table: &Table, kind: &AxisKind, axes: &Axes, c: &mut Collector<'_>) -> Option<ClaimedVersion> {
    let key = if *kind == AxisKind::Rust { "rust" } else { "sqlite" };
    let node = table.node(key)?;
    let text = node.text()?;
    let version = partial_version(text)?;
    let axis = axes.space.axis_of(kind).map(|(_, axis)| axis);
    // A value such as `stable` may turn out to be the version; see `claims::untested`.
    let may_be = axis.is_some_and(|axis| {
        let versions = axis.values.iter().map(|value| value_version(&axis.name, &value.name, &Versions::new()));
        versions.into_iter().any(|version| version.is_none_or(|version| meets_claim(text, &version)))
    });
    if !may_be && !axes.is_lost(key) && axes.rejected(key).is_empty() {
        let problem = Problem::new(format!("the claim stays unproven: no value of the axis `{key}` is {text}"));
        c.warning(node.span.clone(), problem.help(what_to_add(kind, text)));
    }
    Some(ClaimedVersion { text: text.to_owned(), version })
}

/// The value that would test a claimed version: `` add `"3.35.4"` to `axis.sqlite` ``.
pub(crate) fn what_to_add(kind: &AxisKind, claim: &str) -> String {
    let ladder = sqlite::AMALGAMATIONS.iter().map(|(version, _)| *version);
    let mut available = ladder.filter(|known| partial_version(known).is_some_and(|known| meets_claim(claim, &known)));
    match kind {
        AxisKind::Sqlite => match available.next() {
            Some(value) => format!("add `\"{value}\"` to `axis.sqlite`"),
            None => "that version of SQLite is not available; claim one that is".to_owned(),
        },
        _ => format!("add `\"{claim}\"` to `axis.rust`"),
    }
}
