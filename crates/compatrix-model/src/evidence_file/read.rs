//! Parses an evidence file. The file is generated, so each error says how to regenerate it.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;

use compatrix_leak::{FindingKind, Tool};
use serde::Deserialize;
use toml::Spanned;

use super::entry::{failure, Entry, EvidenceFile, FORMAT, OLDEST};
use super::leaks::{BaselineEvidence, FindingEvidence, LeakEvidence};
use super::snapshot::{known, RawMeaning};
use crate::cell::{CellId, CellIdError};
use crate::debug_info::DebugInfo;
use crate::evidence::{
    Counts, Differences, ExecutableProof, Figure, FixtureProof, IdentifiedBy, LeftOut, Measurements, Number,
};
use crate::evidence::{Proof, Record, SourceProof, SqliteProof, TargetProof, ToolchainProof};
use crate::hash::{or_empty, Sha256};
use crate::linkage::Linkage;
use crate::meaning::Meaning;
use crate::outcome::Outcome;

/// Why a text is not an evidence file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EvidenceError {
    /// The line, from 1.
    pub line: usize,
    /// The problem, as a fragment.
    pub message: String,
    /// How to fix it.
    pub help: String,
}

impl fmt::Display for EvidenceError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "line {}: {}; {}", self.line, self.message, self.help)
    }
}

impl std::error::Error for EvidenceError {}

const WRITE_ANEW: &str = "restore the file from git, or regenerate it with the command `evidence record`";

#[derive(Deserialize)]
struct Head {
    format: Option<Spanned<i64>>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawFile {
    #[serde(rename = "format")]
    _format: i64,
    platform: String,
    #[serde(default)]
    origin: BTreeMap<String, RawOrigin>,
    #[serde(default)]
    meaning: BTreeMap<String, RawMeaning>,
    #[serde(default)]
    toolchain: BTreeMap<String, RawToolchain>,
    #[serde(default)]
    build: BTreeMap<String, RawBuild>,
    #[serde(default)]
    sqlite: BTreeMap<String, RawSqlite>,
    #[serde(default)]
    fixture: BTreeMap<String, RawFixture>,
    #[serde(default)]
    finding: BTreeMap<String, RawFinding>,
    #[serde(default)]
    record: Vec<RawRecord>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
struct RawFinding {
    fingerprint: Option<String>,
    kind: FindingKind,
    test: String,
    #[serde(default)]
    place: String,
    #[serde(default)]
    bytes: u64,
    #[serde(default)]
    blocks: u64,
    accepted_until: Option<String>,
    expired: Option<String>,
    #[serde(default)]
    reason: String,
    issue: Option<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
struct RawLeaks {
    tool: Tool,
    version: String,
    canary: String,
    ran: u32,
    #[serde(default)]
    not_runnable: Vec<RawNotRunnable>,
    #[serde(default)]
    findings: Vec<Spanned<String>>,
    #[serde(default)]
    left_out: u32,
    #[serde(default)]
    noted: BTreeMap<FindingKind, u32>,
    #[serde(default)]
    suppressed: Vec<RawSuppressed>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawNotRunnable {
    reason: String,
    tests: u32,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawSuppressed {
    by: String,
    reason: String,
    findings: u32,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawOrigin {
    commit: Option<String>,
    date: Option<Spanned<String>>,
    dirty: bool,
    sources: Sha256,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawToolchain {
    release: String,
    cargo: String,
    packages: Option<String>,
    rustc: Vec<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
struct RawBuild {
    origin: Spanned<String>,
    toolchain: Spanned<String>,
    #[serde(with = "or_empty")]
    lockset: Option<Sha256>,
    features: Vec<String>,
    #[serde(default)]
    not_promised: Vec<String>,
    #[serde(default)]
    debug: DebugInfo,
    target: Option<TargetProof>,
    #[serde(default)]
    added_features: Vec<String>,
    #[serde(default)]
    missing_features: Vec<String>,
    #[serde(default)]
    left_out: Vec<LeftOut>,
    executables: Vec<(String, Sha256)>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
struct RawSqlite {
    version: String,
    #[serde(with = "or_empty")]
    source_id: Option<String>,
    linkage: Spanned<String>,
    file: Option<String>,
    sha256: Option<Sha256>,
    compile_options: Vec<String>,
    identified_by: Option<IdentifiedBy>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawFixture {
    name: Option<String>,
    vintage: i64,
    sha256: Sha256,
}

#[derive(Deserialize, Clone, Copy, Default)]
#[serde(deny_unknown_fields, default)]
struct RawCounts {
    passed: u32,
    failed: u32,
    ignored: u32,
    filtered: u32,
    compiled: u32,
}

impl From<RawCounts> for Counts {
    fn from(RawCounts { passed, failed, ignored, filtered, compiled }: RawCounts) -> Counts {
        Counts { passed, failed, ignored, filtered, compiled }
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawFigure {
    bench: String,
    metric: String,
    unit: String,
    value: Number,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawRecord {
    suite: String,
    cell: Spanned<String>,
    outcome: Spanned<String>,
    #[serde(default)]
    cause: String,
    attempts: Option<u32>,
    #[serde(default)]
    tests: RawCounts,
    doctests: Option<RawCounts>,
    #[serde(default)]
    failing: Vec<String>,
    #[serde(default)]
    figures: Vec<RawFigure>,
    build: Option<Spanned<String>>,
    sqlite: Option<Spanned<String>>,
    fixture: Option<Spanned<String>>,
    #[serde(with = "or_empty")]
    key: Option<Sha256>,
    meaning: Option<Spanned<String>>,
    expects: Option<String>,
    leaks: Option<RawLeaks>,
}

/// Turns places in the text into errors.
struct EvidenceReader<'a> {
    text: &'a str,
}

impl EvidenceFile {
    /// Reads what [`EvidenceFile::to_text`] wrote.
    ///
    /// # Errors
    /// The text is no evidence file, of another format, or broken by a merge.
    pub fn from_text(text: &str) -> Result<Self, EvidenceError> {
        parse(text)
    }
}

fn parse(text: &str) -> Result<EvidenceFile, EvidenceError> {
    let reader = EvidenceReader { text };
    let head: Head = toml::from_str(text).map_err(|e| reader.toml(&e))?;
    match head.format {
        None => {
            return Err(EvidenceError {
                line: 1,
                message: "no `format = 2`, so this is not an evidence file".to_owned(),
                help: WRITE_ANEW.to_owned(),
            })
        }
        Some(format) if !(OLDEST..=FORMAT).contains(format.get_ref()) => {
            let newer = *format.get_ref() > FORMAT;
            let help = if newer { "update compatrix to the version that wrote it" } else { WRITE_ANEW };
            let message = format!(
                "format {} of evidence, and this compatrix reads formats {OLDEST} to {FORMAT}",
                format.get_ref()
            );
            return Err(EvidenceError { line: reader.line(format.span().start), message, help: help.to_owned() });
        }
        Some(_) => {}
    }
    let mut raw: RawFile = toml::from_str(text).map_err(|e| reader.toml(&e))?;
    let mut file = EvidenceFile::empty(std::mem::take(&mut raw.platform));
    for date in raw.origin.values().filter_map(|origin| origin.date.as_ref()) {
        if date.get_ref().parse::<jiff::Timestamp>().is_err() || !date.get_ref().ends_with('Z') {
            return Err(reader.at(date, format!("{:?} is no date `YYYY-MM-DDTHH:MM:SSZ`", date.get_ref())));
        }
    }
    let builds = reader.builds(&raw, file.platform())?;
    let sqlites = reader.sqlites(&raw)?;
    let fixtures = raw.fixture.iter().map(|(id, f)| (id.as_str(), fixture(id, f))).collect();
    let findings = raw.finding.iter().map(|(id, raw)| (id.as_str(), finding(id, raw))).collect();
    for record in &raw.record {
        let read = reader.record(record, &builds, &sqlites, &fixtures)?;
        let leaks = record.leaks.as_ref().map(|raw| reader.leaks(raw, &findings)).transpose()?;
        if file.entry(&read.suite, &read.cell).is_some() {
            let message = format!("a second record of suite `{}` and cell `{}`", read.suite, read.cell);
            return Err(reader.at(&record.cell, message));
        }
        let meaning = reader.meaning(record, &read, &raw.meaning)?;
        let origin =
            record.build.as_ref().and_then(|build| raw.origin.get(raw.build.get(build.get_ref())?.origin.get_ref()));
        let date = origin.and_then(|origin| origin.date.as_ref()).map(|date| date.get_ref().clone());
        file.insert(Entry { record: Arc::new(read), leaks, meaning, date });
    }
    Ok(file)
}

fn fixture(id: &str, raw: &RawFixture) -> FixtureProof {
    FixtureProof { name: raw.name.clone().unwrap_or_else(|| id.to_owned()), vintage: raw.vintage, sha256: raw.sha256 }
}

fn finding(id: &str, raw: &RawFinding) -> FindingEvidence {
    let until = raw.expired.as_ref().or(raw.accepted_until.as_ref());
    let baseline = until.map(|until| BaselineEvidence {
        reason: raw.reason.clone(),
        issue: raw.issue.clone(),
        until: until.clone(),
        expired: raw.expired.is_some(),
    });
    FindingEvidence {
        test: raw.test.clone(),
        kind: raw.kind,
        fingerprint: raw.fingerprint.clone().unwrap_or_else(|| id.to_owned()),
        place: raw.place.clone(),
        bytes: raw.bytes,
        blocks: raw.blocks,
        baseline,
    }
}

impl EvidenceReader<'_> {
    fn leaks(&self, raw: &RawLeaks, findings: &BTreeMap<&str, FindingEvidence>) -> Result<LeakEvidence, EvidenceError> {
        let found = raw.findings.iter().map(|name| self.resolve(findings, "finding", name).cloned());
        Ok(LeakEvidence {
            tool: raw.tool,
            version: raw.version.clone(),
            canary: raw.canary.clone(),
            ran: raw.ran,
            not_runnable: raw.not_runnable.iter().map(|one| (one.reason.clone(), one.tests)).collect(),
            findings: found.collect::<Result<_, _>>()?,
            left_out: raw.left_out,
            noted: raw.noted.iter().map(|(kind, n)| (*kind, *n)).collect(),
            suppressed: raw.suppressed.iter().map(|s| (s.by.clone(), s.reason.clone(), s.findings)).collect(),
        })
    }

    fn line(&self, offset: usize) -> usize {
        self.text.bytes().take(offset).filter(|b| *b == b'\n').count() + 1
    }

    fn at(&self, place: &Spanned<String>, message: String) -> EvidenceError {
        EvidenceError { line: self.line(place.span().start), message, help: WRITE_ANEW.to_owned() }
    }

    fn toml(&self, error: &toml::de::Error) -> EvidenceError {
        let line = self.line(error.span().map_or(0, |span| span.start));
        let message = error.message().lines().collect::<Vec<_>>().join(" ");
        let conflict = ["<<<<<<<", "=======", ">>>>>>>"].iter().any(|m| self.text.lines().any(|l| l.starts_with(m)));
        let help = if conflict {
            "it contains a merge conflict: take either side, then run the command `evidence record`"
        } else {
            WRITE_ANEW
        };
        EvidenceError { line, message, help: help.to_owned() }
    }

    /// Resolves a name in a record or build.
    fn resolve<'t, K: std::borrow::Borrow<str> + Ord + fmt::Display, T>(
        &self,
        table: &'t BTreeMap<K, T>,
        what: &str,
        name: &Spanned<String>,
    ) -> Result<&'t T, EvidenceError> {
        table.get(name.get_ref().as_str()).ok_or_else(|| {
            let known: Vec<String> = table.keys().map(|key| format!("`{key}`")).collect();
            let known = if known.is_empty() { "none".to_owned() } else { known.join(", ") };
            self.at(name, format!("no [{what}.\"{}\"] in this file (it has {known})", name.get_ref()))
        })
    }

    /// What the record's suite and values meant, from the table that it names.
    fn meaning(
        &self,
        raw: &RawRecord,
        read: &Record,
        tables: &BTreeMap<String, RawMeaning>,
    ) -> Result<Option<Meaning>, EvidenceError> {
        let Some(name) = &raw.meaning else { return Ok(None) };
        let table = self.resolve(tables, "meaning", name)?;
        let expects = raw.expects.as_deref().unwrap_or("pass");
        let found = known(table, &read.suite, &read.cell, expects);
        found.map(Some).map_err(|missing| self.at(name, format!("[meaning.{}] has no {missing}", name.get_ref())))
    }

    /// The proof of each build, as far as all its records share it.
    fn builds<'r>(&self, raw: &'r RawFile, platform: &str) -> Result<BTreeMap<&'r str, Proof>, EvidenceError> {
        let build = |build: &RawBuild| {
            let origin = self.resolve(&raw.origin, "origin", &build.origin)?;
            let toolchain = self.resolve(&raw.toolchain, "toolchain", &build.toolchain)?;
            let executables = build.executables.iter().cloned();
            Ok(Proof {
                platform: platform.to_owned(),
                toolchain: ToolchainProof {
                    release: toolchain.release.clone(),
                    rustc: toolchain.rustc.join("\n"),
                    cargo: toolchain.cargo.clone(),
                    packages: toolchain.packages.clone(),
                },
                source: SourceProof {
                    commit: origin.commit.clone(),
                    dirty: origin.dirty,
                    sources: origin.sources,
                    lockset: build.lockset,
                },
                features: build.features.clone(),
                not_promised: build.not_promised.clone(),
                debug: build.debug,
                target: build.target.clone(),
                differences: Differences {
                    added_features: build.added_features.clone(),
                    missing_features: build.missing_features.clone(),
                    left_out: build.left_out.clone(),
                },
                sqlite: None,
                fixture: None,
                executables: executables.map(|(name, sha256)| ExecutableProof { name, sha256 }).collect(),
                env: BTreeMap::new(),
            })
        };
        raw.build.iter().map(|(id, raw)| Ok((id.as_str(), build(raw)?))).collect()
    }

    fn sqlites<'r>(&self, raw: &'r RawFile) -> Result<BTreeMap<&'r str, SqliteProof>, EvidenceError> {
        let sqlite = |raw: &RawSqlite| {
            let (linkage, file, sha256) = match (raw.linkage.get_ref().as_str(), &raw.file, &raw.sha256) {
                ("static", None, None) => (Linkage::Static, String::new(), None),
                ("dynamic", Some(file), Some(sha256)) => (Linkage::Dynamic, file.clone(), Some(*sha256)),
                (word, _, _) => {
                    let message = format!(
                        "linkage {word:?}; it is \"static\" without `file` and `sha256`, or \"dynamic\" with both"
                    );
                    return Err(self.at(&raw.linkage, message));
                }
            };
            Ok(SqliteProof {
                linkage,
                file,
                sha256,
                version: raw.version.clone(),
                source_id: raw.source_id.clone(),
                compile_options: raw.compile_options.clone(),
                identified_by: raw.identified_by,
            })
        };
        raw.sqlite.iter().map(|(id, raw)| Ok((id.as_str(), sqlite(raw)?))).collect()
    }

    fn record(
        &self,
        raw: &RawRecord,
        builds: &BTreeMap<&str, Proof>,
        sqlites: &BTreeMap<&str, SqliteProof>,
        fixtures: &BTreeMap<&str, FixtureProof>,
    ) -> Result<Record, EvidenceError> {
        let cell: CellId =
            raw.cell.get_ref().parse().map_err(|error: CellIdError| self.at(&raw.cell, error.to_string()))?;
        let outcome = Outcome::from_word(raw.outcome.get_ref()).ok_or_else(|| {
            let known: Vec<&str> = Outcome::ALL.iter().map(|o| o.as_str()).collect();
            self.at(&raw.outcome, format!("outcome {:?}; known are {}", raw.outcome.get_ref(), known.join(", ")))
        })?;
        let build = raw.build.as_ref().map(|name| self.resolve(builds, "build", name)).transpose()?;
        let sqlite = raw.sqlite.as_ref().map(|name| self.resolve(sqlites, "sqlite", name)).transpose()?;
        let fixture = raw.fixture.as_ref().map(|name| self.resolve(fixtures, "fixture", name)).transpose()?;
        let proof = build.cloned().map(|proof| Proof { sqlite: sqlite.cloned(), fixture: fixture.cloned(), ..proof });
        if let (None, Some(name)) = (&proof, raw.sqlite.as_ref().or(raw.fixture.as_ref())) {
            return Err(self.at(name, format!("`{}` of a record without a build", name.get_ref())));
        }
        let figure = |RawFigure { bench, metric, unit, value }: &RawFigure| Figure {
            bench: bench.clone(),
            metric: metric.clone(),
            unit: unit.clone(),
            value: *value,
            samples: 1,
            exact: true,
        };
        let figures: Vec<Figure> = raw.figures.iter().map(figure).collect();
        Ok(Record {
            measured: (!figures.is_empty()).then(|| Measurements { figures, ..Measurements::default() }),
            attempts: raw.attempts.unwrap_or(1),
            tests: raw.tests.into(),
            doctests: raw.doctests.map(Counts::from),
            failures: raw.failing.iter().cloned().map(failure).collect(),
            proof,
            ..Record::blank(&raw.suite, cell, raw.key, outcome, raw.cause.clone())
        })
    }
}
