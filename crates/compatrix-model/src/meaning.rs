//! What a suite and the values of a cell mean by the spec, as digests that are the same on every machine.
//!
//! A record's key holds facts of its host, so nobody else can compute it. Its meaning follows from the spec alone:
//! committed evidence carries it, and whoever reads the evidence sees whether a suite, a feature set, a value or a rule has
//! meant something else since. Names, reasons, issues and dates mean nothing: they change no result.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use compatrix_bench::BenchSettings;
use compatrix_leak::LeakSettings;
use sha2::{Digest as _, Sha256};

use crate::apt::Request;
use crate::axis::{Axis, AxisKind, AxisName, AxisValue, Setting, System};
use crate::cell::CellId;
use crate::condition::Versions;
use crate::lockset::{self, LockGroup};
use crate::matrix_spec::{Piece, Project, Spec, Suite, SuiteKind, Template};
use crate::outcome::Outcome;
use crate::promised;
use crate::verdict::Expectation;

/// Changes with what a digest is made of, so that evidence of an older one is stale.
const FORMAT: &str = "compatrix meaning 1";

/// 16 hex digits; two that differ are of two meanings.
pub type Digest = String;

/// What a suite in a cell means.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Meaning {
    /// Of the suite and of the packages under test that the cell's Rust is promised for.
    pub suite: Digest,
    /// Of the cell's value on each axis; for a toolchain with the dependency versions that are pinned for it.
    pub values: BTreeMap<AxisName, Digest>,
    /// What the rules expect: `pass` or `fail`.
    pub expects: String,
}

/// Something that means something else now.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Changed {
    /// The suite, by its name.
    Suite(String),
    /// A value, as `axis=value`.
    Value(String),
    /// What the rules expect.
    Expectation,
}

impl fmt::Display for Changed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Changed::Suite(name) => write!(f, "the suite `{name}`"),
            Changed::Value(value) => write!(f, "`{value}`"),
            Changed::Expectation => f.write_str("the rules"),
        }
    }
}

impl Meaning {
    /// What means something else in `today` than here.
    pub fn changed(&self, today: &Meaning, suite: &str, cell: &CellId) -> Vec<Changed> {
        let mut changed = Vec::new();
        if self.suite != today.suite {
            changed.push(Changed::Suite(suite.to_owned()));
        }
        for (axis, digest) in &today.values {
            if self.values.get(axis) != Some(digest) {
                let value = cell.value(axis.as_str()).map(ToString::to_string).unwrap_or_default();
                changed.push(Changed::Value(format!("{axis}={value}")));
            }
        }
        if self.expects != today.expects {
            changed.push(Changed::Expectation);
        }
        changed
    }
}

/// The meanings of a spec, computed once for all its cells.
#[derive(Debug)]
pub struct Meanings<'s> {
    spec: &'s Spec,
    suites: Vec<Digest>,
    /// By axis, value, and group of `[[lock]]`; the last is for values in none.
    values: Vec<Vec<Vec<Digest>>>,
}

impl<'s> Meanings<'s> {
    /// Of this spec.
    pub fn new(spec: &'s Spec) -> Self {
        let of_value = |axis: &Axis, value: &AxisValue| {
            let groups = spec.locks.iter().map(Some).chain([None]);
            match axis.kind {
                AxisKind::Rust => groups.map(|group| value_digest(spec, axis, value, group)).collect(),
                AxisKind::Sqlite
                | AxisKind::Schema
                | AxisKind::Features
                | AxisKind::Deps
                | AxisKind::Os
                | AxisKind::Env { .. } => {
                    vec![value_digest(spec, axis, value, None)]
                }
            }
        };
        let of_axis = |axis: &Axis| axis.values.iter().map(|value| of_value(axis, value)).collect();
        Self {
            spec,
            suites: spec.suites.iter().map(|suite| suite_digest(&spec.project, suite, &BTreeSet::new())).collect(),
            values: spec.space.axes().iter().map(of_axis).collect(),
        }
    }

    /// Of the suite at this position in the cell at these coordinates. `versions` are those that the cell ran with: they
    /// decide which group of `[[lock]]` a toolchain is in.
    pub fn of(&self, suite: usize, coords: &[usize], versions: &Versions, expectation: &Expectation) -> Meaning {
        let axes = self.spec.space.axes().iter().zip(coords).zip(&self.values);
        let values = axes.map(|((axis, &at), digests)| {
            let group = match axis.kind {
                AxisKind::Rust => lockset::group_of(&self.spec.locks, axis, &axis.values[at], versions)
                    .and_then(|group| self.spec.locks.iter().position(|other| other.name == group.name))
                    .unwrap_or(self.spec.locks.len()),
                AxisKind::Sqlite
                | AxisKind::Schema
                | AxisKind::Features
                | AxisKind::Deps
                | AxisKind::Os
                | AxisKind::Env { .. } => 0,
            };
            (axis.name.clone(), digests[at][group].clone())
        });
        let toolchain = promised::toolchain(&self.spec.space, coords);
        let left_out = promised::left_out(self.spec, &toolchain, versions);
        let suite = match left_out.is_empty() {
            true => self.suites[suite].clone(),
            false => suite_digest(&self.spec.project, &self.spec.suites[suite], &left_out),
        };
        Meaning { suite, values: values.collect(), expects: expects(expectation) }
    }
}

/// What of an expectation decides how a result counts. Taken apart in full, so that a new part of it is decided on here.
fn expects(expectation: &Expectation) -> String {
    match expectation {
        Expectation::Pass => "pass".to_owned(),
        Expectation::Fail { reason: _, outcome: None, error: None, issue: _, until: _ } => "fail".to_owned(),
        Expectation::Fail { reason: _, outcome, error, issue: _, until: _ } => {
            let outcome = outcome.map_or("any outcome", Outcome::as_str);
            format!("fail: {outcome}: {}", error.as_deref().unwrap_or_default())
        }
    }
}

/// Parts with their lengths, so that no two lists of parts are one text.
#[derive(Debug, Default)]
struct Parts(Sha256);

impl Parts {
    fn new(what: &str) -> Self {
        let mut parts = Self::default();
        parts.add(FORMAT).add(what);
        parts
    }

    fn add(&mut self, part: &str) -> &mut Self {
        self.0.update((part.len() as u64).to_le_bytes());
        self.0.update(part.as_bytes());
        self
    }

    fn list<T: AsRef<str>>(&mut self, parts: impl IntoIterator<Item = T>) -> &mut Self {
        let parts: Vec<T> = parts.into_iter().collect();
        self.0.update((parts.len() as u64).to_le_bytes());
        for part in &parts {
            self.add(part.as_ref());
        }
        self
    }

    fn digest(self) -> Digest {
        self.0.finalize().iter().take(8).map(|byte| format!("{byte:02x}")).collect()
    }
}

fn suite_digest(project: &Project, suite: &Suite, left_out: &BTreeSet<String>) -> Digest {
    // `packages` chooses among those of the project, below. `when` chooses cells, `retries` shows in the attempts of a record.
    let Suite {
        name: _,
        kind,
        doctests,
        timeout,
        retries: _,
        alone,
        full_debug,
        env,
        args,
        command,
        packages: _,
        when: _,
    } = suite;
    // `inputs` and what commands name are a part of the sources, by the content of the files that they name.
    let Project {
        packages,
        inputs: _,
        named_by_commands: _,
        report: _,
        reliability: _,
        benchmarks: _,
        criteria: _,
        plans: _,
        badges: _,
        evidence: _,
    } = project;
    let mut packages: Vec<&String> =
        packages.iter().filter(|name| !left_out.contains(*name) && suite.builds(name)).collect();
    packages.sort();
    let mut parts = Parts::new("suite");
    parts.list(packages).list(args).add(&doctests.to_string()).add(&alone.to_string());
    parts.add(&timeout.as_millis().to_string());
    for (variable, template) in env {
        parts.add(variable).list(pieces(template));
    }
    // As needed is what it was before there was a choice.
    if *full_debug {
        parts.add("full debug information");
    }
    match kind {
        SuiteKind::Test => drop(parts.add("test")),
        SuiteKind::Build => drop(parts.add("build")),
        SuiteKind::Command => {
            parts.add("command");
            for word in command {
                parts.list(pieces(word));
            }
        }
        SuiteKind::Bench(BenchSettings { packages, benches, harness, tolerance: _, rounds: _, instructions: _ }) => {
            parts.add("bench").list(packages).list(benches).add(harness.as_str());
            for word in command {
                parts.list(pieces(word));
            }
        }
        SuiteKind::Leak(LeakSettings { tool, errors_for, each, repeat, seeds, flags }) => {
            parts.add("leak").add(tool.as_str()).add(&format!("{each:?}"));
            parts.add(&repeat.to_string()).add(&seeds.to_string()).list(flags);
            parts.list(errors_for.iter().map(ToString::to_string));
        }
    }
    parts.digest()
}

fn pieces(Template(pieces): &Template) -> Vec<String> {
    let piece = |piece: &Piece| match piece {
        Piece::Text(text) => format!("text {text}"),
        Piece::SchemaDatabase => "schema.database".to_owned(),
        Piece::SchemaDir => "schema.dir".to_owned(),
        Piece::ValueName(axis) => format!("name of {axis}"),
        Piece::Program(name) => format!("program {name}"),
    };
    pieces.iter().map(piece).collect()
}

fn value_digest(spec: &Spec, axis: &Axis, value: &AxisValue, group: Option<&LockGroup>) -> Digest {
    let mut parts = Parts::new("value");
    match &axis.kind {
        AxisKind::Env { var } => drop(parts.add("env").add(var)),
        AxisKind::Rust | AxisKind::Sqlite | AxisKind::Schema | AxisKind::Features | AxisKind::Deps | AxisKind::Os => {}
    }
    match &value.setting {
        Setting::RustupToolchain(name) => drop(parts.add("rustup").add(name)),
        Setting::PathToolchain(path) => drop(parts.add("path").add(path)),
        Setting::DistroToolchain(request) => request_parts(parts.add("distribution's toolchain"), request),
        Setting::SqliteBundled => {
            parts.add("bundled").add(spec.sqlite.bundled_feature.as_deref().unwrap_or_default());
        }
        Setting::SqliteHost => drop(parts.add("host")),
        Setting::SqliteExact(version) => {
            parts.add("exact").add(&version.to_string()).list(spec.sqlite.compiled_with());
        }
        Setting::DistroSqlite(request) => request_parts(parts.add("distribution's SQLite"), request),
        Setting::Fixture(name) => drop(parts.add("fixture").add(name)),
        Setting::Features { default_features, enable } => {
            let mut enable = enable.clone();
            enable.sort();
            enable.dedup();
            parts.add("features").add(&default_features.to_string()).list(enable);
        }
        Setting::Deps(deps) => drop(parts.add("deps").add(deps.as_str())),
        Setting::Os(system) => match system {
            System::Here => drop(parts.add("this host")),
            System::Target { triple, runner } => drop(parts.add("target").add(triple).list(runner.iter().cloned())),
            System::Machine { label, platform } => drop(parts.add("machine").add(label).add(platform)),
        },
        Setting::Env(text) => drop(parts.add("text").add(text)),
    }
    if let Some(LockGroup { name: _, rust: _, pins }) = group {
        parts.add("lockset").list(pins.iter().map(|(name, version)| format!("{name}={version}")));
    }
    parts.digest()
}

fn request_parts(parts: &mut Parts, Request { suite, packages, sources, root }: &Request) {
    parts.add(suite).list(packages.iter().filter(|package| !package.is_source()).map(ToString::to_string));
    parts.list(sources.iter().map(ToString::to_string));
    if *root {
        parts.add("root");
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SPEC: &str = r#"
version = 1
[project]
packages = ["p"]
[axis]
rust = ["1.70", "stable", "debian-12"]
sqlite = ["bundled", "3.46.0", "host"]
schema = "*"
[axis.features]
default = []
set = { default-features = false, features = ["x"] }
[axis.mode]
env = "MODE"
values = { a = "good" }
[distro.debian-12]
apt = { suite = "bookworm", rust = "rustc", cargo = "cargo" }
[[lock]]
name = "old"
rust = "<1.75"
pin = { dep = "1.0.0" }
[[suite]]
name = "tests"
timeout = "5m"
args = ["--include-ignored"]
env = { A = "x{schema.database}" }
[[suite]]
name = "leaks"
kind = "leak"
tool = "valgrind"
[[rule]]
when = { sqlite = "<3.38" }
expect = "fail"
reason = "too old"
issue = "https://example.org/1"
until = "2030-01-01"
"#;

    const WHOLE_SUITE: &str =
        "name = \"tests\"\ntimeout = \"5m\"\nargs = [\"--include-ignored\"]\nenv = { A = \"x{schema.database}\" }";

    fn spec(text: &str) -> Spec {
        crate::spec_text::parse(text, "matrix.toml", &["v1".to_owned()])
            .unwrap_or_else(|e| panic!("{e:?}\n{text}"))
            .spec
    }

    /// What differs in the meaning of a suite in a cell after an edit of the spec.
    fn changed_in(suite: usize, cell: &str, from: &str, to: &str) -> Vec<String> {
        assert!(SPEC.contains(from), "{from}");
        let (old, new) = (spec(SPEC), spec(&SPEC.replacen(from, to, 1)));
        let id: CellId = cell.parse().unwrap();
        let of = |spec: &Spec| {
            let coords = spec.space.coords(spec.space.find(&id).expect("a cell"));
            Meanings::new(spec).of(suite, &coords, &Versions::new(), &Expectation::Pass)
        };
        let changed = of(&old).changed(&of(&new), "tests", &id);
        changed.iter().map(ToString::to_string).collect()
    }

    const CELL: &str = "rust=1.70 sqlite=3.46.0 schema=v1 features=set mode=a";

    #[test]
    fn what_means_something_else_is_named() {
        let table = [
            ("[\"x\"]", "[\"x\", \"y\"]", "`features=set`"),
            ("default-features = false, features = [\"x\"]", "features = [\"x\"]", "`features=set`"),
            ("\"good\"", "\"bad\"", "`mode=a`"),
            ("\"MODE\"", "\"MOOD\"", "`mode=a`"),
            ("dep = \"1.0.0\"", "dep = \"1.0.1\"", "`rust=1.70`"),
            ("<1.75", "<1.60", "`rust=1.70`"),
            ("\"1.70\",", "{ name = \"1.70\", path = \"x\" },", "`rust=1.70`"),
            ("[distro", "[sqlite]\ncompile-options = [\"SQLITE_X\"]\n[distro", "`sqlite=3.46.0`"),
            ("[distro", "[sqlite]\noptions = \"none\"\n[distro", "`sqlite=3.46.0`"),
            ("5m", "6m", "the suite `tests`"),
            ("\"--include-ignored\"", "\"--ignored\"", "the suite `tests`"),
            ("x{schema", "y{schema", "the suite `tests`"),
            ("{schema.database}", "{schema.dir}", "the suite `tests`"),
            ("timeout", "doctests = true\ntimeout", "the suite `tests`"),
            ("timeout", "alone = true\ntimeout", "the suite `tests`"),
            (WHOLE_SUITE, "name = \"tests\"\nkind = \"build\"", "the suite `tests`"),
            ("[\"p\"]", "[\"p\", \"q\"]", "the suite `tests`"),
        ];
        for (from, to, expected) in table {
            assert_eq!(changed_in(0, CELL, from, to), [expected], "{from} to {to}");
        }
        for edit in ["flags = [\"-x\"]", "errors-for = [\"possible\"]"] {
            let to = format!("tool = \"valgrind\"\n{edit}");
            assert_eq!(changed_in(1, CELL, "tool = \"valgrind\"", &to), ["the suite `tests`"], "{edit}");
        }
        let debian = CELL.replace("1.70", "debian-12");
        for (from, to) in [("bookworm", "trixie"), ("\"rustc\"", "\"rustc-web\""), ("\"cargo\"", "\"cargo=1.63\"")] {
            assert_eq!(changed_in(0, &debian, from, to), ["`rust=debian-12`"], "{from}");
        }
        let bundled = CELL.replace("3.46.0", "bundled");
        let to = "[sqlite]\nbundled-feature = \"b\"\n[distro";
        assert_eq!(changed_in(0, &bundled, "[distro", to), ["`sqlite=bundled`"]);
    }

    #[test]
    fn what_changes_no_result_changes_no_meaning() {
        let table = [
            ("too old", "much too old"),
            ("2030-01-01", "2031-01-01"),
            ("name = \"tests\"", "name = \"tests\"\nretries = 2"),
            ("name = \"tests\"", "name = \"unit\""),
            ("name = \"old\"", "name = \"older\""),
            ("[\"1.70\", \"stable\"", "[\"stable\", \"1.70\""),
            ("default = []", "default = []\nother = [\"z\"]"),
            ("\"bundled\", ", ""),
            ("[project]", "[profile.x]\nstrategy = \"all\"\n[project]"),
            ("[project]", "[claims]\nrust = \"1.70\"\n[project]"),
        ];
        for (from, to) in table {
            assert_eq!(changed_in(0, CELL, from, to), [] as [&str; 0], "{from} to {to}");
        }
        // Pins are for the toolchains of their group.
        let stable = CELL.replace("1.70", "stable");
        assert_eq!(changed_in(0, &stable, "dep = \"1.0.0\"", "dep = \"1.0.1\""), [] as [&str; 0]);
    }

    #[test]
    fn a_cell_means_the_packages_that_its_rust_is_promised_for() {
        let two = SPEC.replace("[\"p\"]", "[\"p\", \"q\"]");
        let with = |claims: &str| spec(&two.replace("[project]", &format!("[claims]\n{claims}\n[project]")));
        let of = |spec: &Spec, cell: &str| {
            let coords = spec.space.coords(spec.space.find(&cell.parse().unwrap()).expect("a cell"));
            Meanings::new(spec).of(0, &coords, &Versions::new(), &Expectation::Pass).suite
        };
        let (plain, stable) = (spec(&two), CELL.replace("1.70", "stable"));
        let above = with("packages.q = { rust = \"1.80\" }");
        assert_ne!(of(&above, CELL), of(&plain, CELL), "q is left out");
        assert_eq!(of(&above, CELL), of(&spec(SPEC), CELL), "as if it were not under test");
        assert_eq!(of(&above, &stable), of(&plain, &stable));
        for no_change in ["packages.q = { rust = \"1.70\" }", "packages.q = { rust = \"1.60\" }", "rust = \"1.80\""] {
            assert_eq!(of(&with(no_change), CELL), of(&plain, CELL), "{no_change}");
        }
    }

    #[test]
    fn a_rule_that_expects_something_else_is_another_meaning() {
        let spec = spec(SPEC);
        let id: CellId = CELL.parse().unwrap();
        let coords = spec.space.coords(spec.space.find(&id).expect("a cell"));
        let fail = |reason: &str| {
            let (outcome, error) = (None, None);
            Expectation::Fail { reason: reason.to_owned(), outcome, error, issue: None, until: None }
        };
        let of = |expectation: &Expectation| Meanings::new(&spec).of(0, &coords, &Versions::new(), expectation);
        assert_eq!(of(&Expectation::Pass).changed(&of(&fail("a")), "tests", &id), [Changed::Expectation]);
        assert_eq!(of(&fail("b")).changed(&of(&fail("a")), "tests", &id), []);
        let meant = Expectation::Fail {
            reason: "a".to_owned(),
            outcome: Some(Outcome::BuildFailed),
            error: Some("E0658".to_owned()),
            issue: None,
            until: None,
        };
        assert_eq!(of(&meant).changed(&of(&fail("a")), "tests", &id), [Changed::Expectation]);
    }
}
