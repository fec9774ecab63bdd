//! The text of an evidence file.

use std::collections::{BTreeSet, HashMap};
use std::fmt::Write;

use shaped_toml::{key, quoted};

use super::entry::{EvidenceFile, FORMAT};
use super::leaks::{FindingEvidence, LeakEvidence};
use super::snapshot::Snapshots;
use crate::debug_info::DebugInfo;
use crate::evidence::{
    Counts, Differences, ExecutableProof, Figure, FixtureProof, LeftOut, Measurements, Proof, Record,
};
use crate::evidence::{SourceProof, SqliteProof, TargetProof, ToolchainProof};
use crate::hash::{or_empty, Sha256};
use crate::linkage::Linkage;

/// The sources without the locked dependencies: commit and its date, whether they differ from it, hash.
type Origin<'a> = (Option<&'a str>, Option<&'a str>, bool, Sha256);

/// What was built; origin and toolchain by their names.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
struct Build<'a> {
    origin: String,
    toolchain: String,
    lockset: Option<Sha256>,
    features: &'a [String],
    not_promised: &'a [String],
    debug: DebugInfo,
    target: Option<&'a TargetProof>,
    differences: &'a Differences,
    executables: &'a [ExecutableProof],
}

/// Shared tables of the file, each with a unique name, in order of first use.
struct Table<T> {
    names: HashMap<T, String>,
    used: BTreeSet<String>,
    order: Vec<(String, T)>,
}

impl<T: Clone + Eq + std::hash::Hash> Table<T> {
    fn new() -> Self {
        Self { names: HashMap::new(), used: BTreeSet::new(), order: Vec::new() }
    }

    /// A unique name: the wish, or `wish~2` and so on if taken.
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
    /// The same entries give the same text.
    pub fn to_text(&self) -> String {
        text(self)
    }
}

fn text(file: &EvidenceFile) -> String {
    let mut origins = Table::<Origin<'_>>::new();
    let mut toolchains = Table::<&ToolchainProof>::new();
    let mut builds = Table::<Build<'_>>::new();
    let mut sqlites = Table::<&SqliteProof>::new();
    let mut fixtures = Table::<&FixtureProof>::new();
    let mut findings = Table::<&FindingEvidence>::new();
    let mut snapshots = Snapshots::default();
    let mut records = String::new();

    for entry in file.entries() {
        let of = entry.record.as_ref();
        let build = of.proof.as_ref().map(|proof| {
            let SourceProof { commit, dirty, sources, lockset } = &proof.source;
            let origin = origins.number(&(commit.as_deref(), entry.date.as_deref(), *dirty, *sources));
            let toolchain = toolchains.name(&&proof.toolchain, || named(of, "rust", &proof.toolchain.release));
            let wish = build_name(of, &toolchain);
            let Proof { features, not_promised, debug, target, differences, executables, .. } = proof;
            let debug = *debug;
            let lockset = *lockset;
            let target = target.as_ref();
            let build =
                Build { origin, toolchain, lockset, features, not_promised, debug, target, differences, executables };
            builds.name(&build, || wish)
        });
        let proof = of.proof.as_ref();
        let sqlite = proof.and_then(|proof| proof.sqlite.as_ref());
        let sqlite = sqlite.map(|sqlite| sqlites.name(&sqlite, || named(of, "sqlite", &sqlite.version)));
        let fixture = proof.and_then(|proof| proof.fixture.as_ref());
        let fixture = fixture.map(|fixture| fixtures.name(&fixture, || fixture.name.clone()));
        let meaning = entry.meaning.as_ref().map(|meaning| (snapshots.name(of, meaning), meaning.expects.as_str()));
        record(&mut records, of, build, sqlite, fixture);
        if let Some((name, expects)) = meaning {
            line(&mut records, "meaning", quoted(&name));
            if expects != "pass" {
                line(&mut records, "expects", quoted(expects));
            }
        }
        if let Some(found) = &entry.leaks {
            leaks(&mut records, found, &mut findings);
        }
    }

    let mut out = String::from(
        "# What was really run, and what proves it. Written by the command `evidence record`; not edited by hand.\n",
    );
    line(&mut out, "format", FORMAT);
    line(&mut out, "platform", quoted(file.platform()));
    for (name, (commit, date, dirty, sources)) in &origins.order {
        heading(&mut out, "origin", name);
        if let Some(commit) = commit {
            line(&mut out, "commit", quoted(commit));
        }
        if let Some(date) = date {
            line(&mut out, "date", quoted(date));
        }
        line(&mut out, "dirty", dirty);
        line(&mut out, "sources", quoted(&sources.to_string()));
    }
    snapshots.write(&mut out);
    for (name, ToolchainProof { release, rustc, cargo, packages }) in &toolchains.order {
        heading(&mut out, "toolchain", name);
        line(&mut out, "release", quoted(release));
        line(&mut out, "cargo", quoted(cargo));
        if let Some(packages) = packages {
            line(&mut out, "packages", quoted(packages));
        }
        line(&mut out, "rustc", list(rustc.lines().map(quoted), true));
    }
    for (name, sqlite) in &sqlites.order {
        heading(&mut out, "sqlite", name);
        line(&mut out, "version", quoted(&sqlite.version));
        line(&mut out, "source-id", quoted(&or_empty::text(&sqlite.source_id)));
        line(&mut out, "linkage", quoted(sqlite.linkage.as_str()));
        if sqlite.linkage == Linkage::Dynamic {
            line(&mut out, "file", quoted(&sqlite.file));
            line(&mut out, "sha256", quoted(&or_empty::text(&sqlite.sha256)));
        }
        if let Some(by) = sqlite.identified_by {
            line(&mut out, "identified-by", quoted(by.as_str()));
        }
        line(&mut out, "compile-options", list(sqlite.compile_options.iter().map(|o| quoted(o)), true));
    }
    for (id, FixtureProof { name, vintage, sha256 }) in &fixtures.order {
        heading(&mut out, "fixture", id);
        if id != name {
            line(&mut out, "name", quoted(name));
        }
        line(&mut out, "vintage", vintage);
        line(&mut out, "sha256", quoted(&sha256.to_string()));
    }
    for (name, build) in &builds.order {
        heading(&mut out, "build", name);
        line(&mut out, "origin", quoted(&build.origin));
        line(&mut out, "toolchain", quoted(&build.toolchain));
        line(&mut out, "lockset", quoted(&or_empty::text(&build.lockset)));
        line(&mut out, "features", list(build.features.iter().map(|f| quoted(f)), false));
        if !build.not_promised.is_empty() {
            line(&mut out, "not-promised", list(build.not_promised.iter().map(|name| quoted(name)), false));
        }
        if !build.debug.is_full() {
            line(&mut out, "debug", quoted("none"));
        }
        if let Some(TargetProof { triple, runner, std }) = build.target {
            let further = [("runner", runner), ("std", std)].into_iter();
            let further = further.filter_map(|(key, text)| Some(format!(", {key} = {}", quoted(text.as_ref()?))));
            let further: String = further.collect();
            line(&mut out, "target", format!("{{ triple = {}{further} }}", quoted(triple)));
        }
        differences(&mut out, build.differences);
        let pairs = build.executables.iter().map(|e| format!("[{}, \"{}\"]", quoted(&e.name), e.sha256));
        line(&mut out, "executables", list(pairs, true));
    }
    for (name, found) in &findings.order {
        finding(&mut out, name, found);
    }
    out.push_str(&records);
    out
}

fn differences(out: &mut String, Differences { added_features, missing_features, left_out }: &Differences) {
    let names = |names: &[String]| list(names.iter().map(|name| quoted(name)), false);
    for (key, features) in [("added-features", added_features), ("missing-features", missing_features)] {
        if !features.is_empty() {
            line(out, key, names(features));
        }
    }
    if !left_out.is_empty() {
        let one =
            |out: &LeftOut| format!("{{ target = {}, requires = {} }}", quoted(&out.target), names(&out.requires));
        line(out, "left-out", list(left_out.iter().map(one), true));
    }
}

/// Writes a tool's results as a table of the preceding record.
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

fn record(out: &mut String, of: &Record, build: Option<String>, sqlite: Option<String>, fixture: Option<String>) {
    out.push_str("\n[[record]]\n");
    line(out, "suite", quoted(&of.suite));
    line(out, "cell", quoted(&of.cell.to_string()));
    line(out, "outcome", quoted(of.outcome.as_str()));
    if !of.cause.is_empty() {
        line(out, "cause", quoted(&of.cause));
    }
    if of.attempts != 1 {
        line(out, "attempts", of.attempts);
    }
    if of.tests != Counts::default() {
        line(out, "tests", counts(of.tests));
    }
    if let Some(doctests) = of.doctests {
        line(out, "doctests", counts(doctests));
    }
    if !of.failures.is_empty() {
        line(out, "failing", list(of.failures.iter().map(|failure| quoted(&failure.test)), true));
    }
    if let Some(Measurements { figures, .. }) = &of.measured {
        let figure = |Figure { bench, metric, unit, value, samples: _, exact: _ }: &Figure| {
            let [bench, metric, unit] = [bench, metric, unit].map(|text| quoted(text));
            // With a point or an exponent, as a number of TOML that is not whole has it.
            format!("{{ bench = {bench}, metric = {metric}, unit = {unit}, value = {:?} }}", value.0)
        };
        line(out, "figures", list(figures.iter().map(figure), true));
    }
    for (key, name) in [("build", build), ("sqlite", sqlite), ("fixture", fixture)] {
        if let Some(name) = name {
            line(out, key, quoted(&name));
        }
    }
    line(out, "key", quoted(&or_empty::text(&of.key)));
}

/// The axis value if it spells the version (`1.70` for 1.70.0), otherwise value and version (`stable 1.95.0`).
fn named(of: &Record, axis: &str, version: &str) -> String {
    match of.cell.value(axis) {
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
fn build_name(of: &Record, toolchain: &str) -> String {
    let mut name = toolchain.to_owned();
    if let Some(features) = of.cell.value("features") {
        name.push(' ');
        name.push_str(features.as_str());
    }
    if let Some(sqlite) = of.proof.as_ref().and_then(|proof| proof.sqlite.as_ref()) {
        let _ = write!(name, " {}", sqlite.linkage.as_str());
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
    let Counts { passed: _, failed, ignored, filtered, compiled } = counts;
    let rest = [("failed", failed), ("ignored", ignored), ("filtered", filtered), ("compiled", compiled)];
    parts.extend(rest.iter().filter(|(_, n)| *n > 0).map(|(word, n)| format!("{word} = {n}")));
    format!("{{ {} }}", parts.join(", "))
}

/// A list, optionally with one item per line if there are several.
fn list(items: impl Iterator<Item = String>, lines: bool) -> String {
    let items: Vec<String> = items.collect();
    if lines && !items.is_empty() {
        format!("[\n    {},\n]", items.join(",\n    "))
    } else {
        format!("[{}]", items.join(", "))
    }
}
