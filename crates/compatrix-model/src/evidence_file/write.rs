//! The text of an evidence file.

use std::collections::{BTreeSet, HashMap};
use std::fmt::Write;

use shaped_toml::{key, quoted};

use super::{
    BuildEvidence, Entry, EvidenceFile, FindingEvidence, LeakEvidence, Linkage, Origin, SqliteEvidence, FORMAT,
};
use crate::evidence::Counts;

/// The toolchain's part of a build.
type Toolchain<'a> = (&'a str, &'a [String], &'a str, &'a str);
/// A fixture's name, vintage and hash.
type Fixture<'a> = (&'a str, i64, &'a str);

/// Things that stand once in the file, each under its own name, in order of first use.
struct Table<T> {
    names: HashMap<T, String>,
    used: BTreeSet<String>,
    order: Vec<(String, T)>,
}

impl<T: Clone + Eq + std::hash::Hash> Table<T> {
    fn new() -> Self {
        Self { names: HashMap::new(), used: BTreeSet::new(), order: Vec::new() }
    }

    /// The name of this thing: the wish, or `wish~2` and so on where another thing has it.
    fn name(&mut self, thing: &T, wish: impl FnOnce() -> String) -> String {
        if let Some(name) = self.names.get(thing) {
            return name.clone();
        }
        let wish = wish();
        let mut name = wish.clone();
        let mut n = 2;
        while self.used.contains(&name) {
            name = format!("{wish}~{n}");
            n += 1;
        }
        self.used.insert(name.clone());
        self.names.insert(thing.clone(), name.clone());
        self.order.push((name.clone(), thing.clone()));
        name
    }

    /// The number of this thing, from 1.
    fn number(&mut self, thing: &T) -> String {
        let next = (self.order.len() + 1).to_string();
        self.name(thing, || next)
    }
}

impl EvidenceFile {
    /// The text of `compat/evidence/<platform>.toml`.
    pub fn to_text(&self) -> String {
        text(self)
    }
}

fn text(file: &EvidenceFile) -> String {
    let mut origins = Table::<&Origin>::new();
    let mut toolchains = Table::<Toolchain<'_>>::new();
    let mut builds = Table::<(String, String, &BuildEvidence)>::new();
    let mut sqlites = Table::<&SqliteEvidence>::new();
    let mut fixtures = Table::<Fixture<'_>>::new();
    let mut findings = Table::<&FindingEvidence>::new();
    let mut records = String::new();

    for entry in file.entries() {
        let build = entry.build.as_ref().map(|build| {
            let origin = origins.number(&&build.origin);
            let toolchain: Toolchain<'_> = (&build.release, &build.rustc, &build.cargo, &build.packages);
            let toolchain = toolchains.name(&toolchain, || named(entry, "rust", &build.release));
            builds.name(&(origin, toolchain.clone(), build), || build_name(entry, &toolchain))
        });
        let sqlite = entry.sqlite.as_ref().map(|s| sqlites.name(&s, || named(entry, "sqlite", &s.version)));
        let fixture =
            entry.fixture.as_ref().map(|f| fixtures.name(&(&f.name, f.vintage, &f.sha256), || f.name.clone()));
        record(&mut records, entry, build, sqlite, fixture);
        if let Some(found) = &entry.leaks {
            leaks(&mut records, found, &mut findings);
        }
    }

    let mut out = String::from(
        "# What was really run, and what proves it. Written by `cargo xtask evidence record`; not edited by hand.\n",
    );
    line(&mut out, "format", FORMAT);
    line(&mut out, "platform", quoted(&file.platform));
    for (name, origin) in &origins.order {
        heading(&mut out, "origin", name);
        if let Some(commit) = &origin.commit {
            line(&mut out, "commit", quoted(commit));
        }
        line(&mut out, "dirty", origin.dirty);
        line(&mut out, "sources", quoted(&origin.sources));
    }
    for (name, (release, rustc, cargo, packages)) in &toolchains.order {
        heading(&mut out, "toolchain", name);
        line(&mut out, "release", quoted(release));
        line(&mut out, "cargo", quoted(cargo));
        if !packages.is_empty() {
            line(&mut out, "packages", quoted(packages));
        }
        line(&mut out, "rustc", list(rustc.iter().map(|l| quoted(l)), true));
    }
    for (name, sqlite) in &sqlites.order {
        heading(&mut out, "sqlite", name);
        line(&mut out, "version", quoted(&sqlite.version));
        line(&mut out, "source-id", quoted(&sqlite.source_id));
        match &sqlite.linkage {
            Linkage::Static => line(&mut out, "linkage", quoted("static")),
            Linkage::Dynamic { file, sha256 } => {
                line(&mut out, "linkage", quoted("dynamic"));
                line(&mut out, "file", quoted(file));
                line(&mut out, "sha256", quoted(sha256));
            }
        }
        line(&mut out, "compile-options", list(sqlite.compile_options.iter().map(|o| quoted(o)), true));
    }
    for (id, (name, vintage, sha256)) in &fixtures.order {
        heading(&mut out, "fixture", id);
        if id != name {
            line(&mut out, "name", quoted(name));
        }
        line(&mut out, "vintage", vintage);
        line(&mut out, "sha256", quoted(sha256));
    }
    for (name, (origin, toolchain, build)) in &builds.order {
        heading(&mut out, "build", name);
        line(&mut out, "origin", quoted(origin));
        line(&mut out, "toolchain", quoted(toolchain));
        line(&mut out, "lockset", quoted(&build.lockset));
        line(&mut out, "features", list(build.features.iter().map(|f| quoted(f)), false));
        let pairs = build.executables.iter().map(|(name, sha)| format!("[{}, {}]", quoted(name), quoted(sha)));
        line(&mut out, "executables", list(pairs, true));
    }
    for (name, found) in &findings.order {
        finding(&mut out, name, found);
    }
    out.push_str(&records);
    out
}

/// What a tool found, as a table of the record before it.
fn leaks<'a>(out: &mut String, leaks: &'a LeakEvidence, findings: &mut Table<&'a FindingEvidence>) {
    out.push_str("\n[record.leaks]\n");
    line(out, "tool", quoted(leaks.tool.as_str()));
    line(out, "version", quoted(&leaks.version));
    line(out, "canary", quoted(&leaks.canary));
    line(out, "ran", leaks.ran);
    if !leaks.not_runnable.is_empty() {
        let groups = leaks.not_runnable.iter();
        let groups = groups.map(|(reason, n)| format!("{{ reason = {}, tests = {n} }}", quoted(reason)));
        line(out, "not-runnable", list(groups, true));
    }
    if !leaks.findings.is_empty() {
        let names = leaks.findings.iter().map(|found| findings.name(&found, || found.fingerprint.clone()));
        let names: Vec<String> = names.map(|name| quoted(&name)).collect();
        line(out, "findings", list(names.into_iter(), true));
    }
    if leaks.left_out > 0 {
        line(out, "left-out", leaks.left_out);
    }
    if !leaks.noted.is_empty() {
        let noted = leaks.noted.iter().map(|(kind, n)| format!("{kind} = {n}"));
        line(out, "noted", format!("{{ {} }}", noted.collect::<Vec<_>>().join(", ")));
    }
    if !leaks.suppressed.is_empty() {
        let each = |(by, reason, n): &(String, String, u32)| {
            format!("{{ by = {}, reason = {}, findings = {n} }}", quoted(by), quoted(reason))
        };
        line(out, "suppressed", list(leaks.suppressed.iter().map(each), true));
    }
}

fn finding(out: &mut String, name: &str, finding: &FindingEvidence) {
    heading(out, "finding", name);
    if name != finding.fingerprint {
        line(out, "fingerprint", quoted(&finding.fingerprint));
    }
    line(out, "kind", quoted(finding.kind.as_str()));
    line(out, "test", quoted(&finding.test));
    if !finding.place.is_empty() {
        line(out, "place", quoted(&finding.place));
    }
    for (key, n) in [("bytes", finding.bytes), ("blocks", finding.blocks)] {
        if n > 0 {
            line(out, key, n);
        }
    }
    if let Some(baseline) = &finding.baseline {
        line(out, if baseline.expired { "expired" } else { "accepted-until" }, quoted(&baseline.until));
        if !baseline.reason.is_empty() {
            line(out, "reason", quoted(&baseline.reason));
        }
        if let Some(issue) = &baseline.issue {
            line(out, "issue", quoted(issue));
        }
    }
}

fn record(out: &mut String, entry: &Entry, build: Option<String>, sqlite: Option<String>, fixture: Option<String>) {
    out.push_str("\n[[record]]\n");
    line(out, "suite", quoted(&entry.suite));
    line(out, "cell", quoted(&entry.cell.to_string()));
    line(out, "outcome", quoted(entry.outcome.as_str()));
    if !entry.cause.is_empty() {
        line(out, "cause", quoted(&entry.cause));
    }
    if entry.attempts != 1 {
        line(out, "attempts", entry.attempts);
    }
    if entry.tests != Counts::default() {
        line(out, "tests", counts(entry.tests));
    }
    if let Some(doctests) = entry.doctests {
        line(out, "doctests", counts(doctests));
    }
    if !entry.failing.is_empty() {
        line(out, "failing", list(entry.failing.iter().map(|t| quoted(t)), true));
    }
    for (key, name) in [("build", build), ("sqlite", sqlite), ("fixture", fixture)] {
        if let Some(name) = name {
            line(out, key, quoted(&name));
        }
    }
    line(out, "key", quoted(&entry.key));
}

/// The axis' value where it spells the version (`1.70` of 1.70.0), else value and version (`stable 1.95.0`).
fn named(entry: &Entry, axis: &str, version: &str) -> String {
    match entry.cell.value(axis) {
        None => version.to_owned(),
        Some(value) => {
            let value = value.as_str();
            let spelled = version.strip_prefix(value).is_some_and(|rest| rest.is_empty() || rest.starts_with('.'));
            if spelled {
                value.to_owned()
            } else {
                format!("{value} {version}")
            }
        }
    }
}

/// `1.70 default dynamic`.
fn build_name(entry: &Entry, toolchain: &str) -> String {
    let mut name = toolchain.to_owned();
    if let Some(features) = entry.cell.value("features") {
        name.push(' ');
        name.push_str(features.as_str());
    }
    match entry.sqlite.as_ref().map(|sqlite| &sqlite.linkage) {
        Some(Linkage::Static) => name.push_str(" static"),
        Some(Linkage::Dynamic { .. }) => name.push_str(" dynamic"),
        None => {}
    }
    name
}

fn heading(out: &mut String, table: &str, name: &str) {
    let _ = write!(out, "\n[{table}.{}]\n", key(name));
}

fn line(out: &mut String, key: &str, value: impl std::fmt::Display) {
    let _ = writeln!(out, "{key} = {value}");
}

fn counts(counts: Counts) -> String {
    let mut parts = vec![format!("passed = {}", counts.passed)];
    let rest = [("failed", counts.failed), ("ignored", counts.ignored), ("filtered", counts.filtered)];
    parts.extend(rest.iter().filter(|(_, n)| *n > 0).map(|(word, n)| format!("{word} = {n}")));
    format!("{{ {} }}", parts.join(", "))
}

/// A list, one item a line where asked for and there is more than one.
fn list(items: impl Iterator<Item = String>, lines: bool) -> String {
    let items: Vec<String> = items.collect();
    if lines && !items.is_empty() {
        format!("[\n    {},\n]", items.join(",\n    "))
    } else {
        format!("[{}]", items.join(", "))
    }
}
