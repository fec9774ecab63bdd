//! Reads artifacts: each line into its own type, shared data once. The whole is never a tree of JSON values, because
//! unoptimised builds read tens of thousands of records, too.

use std::borrow::Cow;
use std::collections::BTreeSet;
use std::ops::Range;

use memchr::{memchr, memchr_iter};
use semver::Version;
use serde::Deserialize;
use sha2::Digest;

use super::{Artifact, ArtifactError, BuildPart, First, Header, Rest, FORMAT, HASH, START, TOOL};
use compatrix_model::axis::{AxisKind, AxisName, ValueName};
use compatrix_model::cell::{CellId, CellIndex, Space};
use compatrix_model::condition::{partial_version, Versions};
use compatrix_model::evidence::{Counts, Differences, FixtureProof, Proof, Record, SqliteProof, Stated};
use compatrix_model::hash::{or_empty, Sha256};
use compatrix_model::outcome::Outcome;

impl Artifact {
    /// Parses a file into one artifact per part; a file written by a job has one part.
    ///
    /// # Errors
    /// The file is truncated, changed, or not in this format.
    pub fn parse(text: &str) -> Result<Vec<Artifact>, ArtifactError> {
        let bundle = Bundle::parse(text)?;
        let records = |part: usize| bundle.found[part].iter().map(|found| bundle.record(found)).collect();
        Ok((0..bundle.headers.len())
            .map(|part| Artifact { header: bundle.headers[part].clone(), records: records(part) })
            .collect())
    }
}

/// A parsed artifact. Proofs are assembled on request, so that tens of thousands of records need little memory.
#[derive(Debug, Clone, PartialEq)]
pub struct Bundle {
    /// One header per part; a file written by a job has one.
    pub headers: Vec<Header>,
    /// The records of each part, parallel to `headers`.
    pub found: Vec<Vec<RecordLine>>,
    suites: Vec<String>,
    values: Vec<(AxisName, ValueName)>,
    env: Vec<(String, String)>,
    builds: Vec<BuildPart>,
    sqlite: Vec<SqliteProof>,
    fixtures: Vec<FixtureProof>,
    /// References to values and environment, concatenated for all records.
    numbers: Vec<u32>,
}

/// A record as its line has it, for [`Bundle::record`] to make a [`Record`] of. Numbers stand for what many lines share, so
/// that tens of thousands fit into little memory.
#[derive(Debug, Clone, PartialEq)]
pub struct RecordLine {
    /// The recorded outcome.
    pub outcome: Outcome,
    attempts: u32,
    /// Index of the suite.
    suite: u32,
    /// Range in `numbers` of the cell's values.
    values: Range<u32>,
    key: Option<Sha256>,
    tests: Counts,
    started: i64,
    duration_ms: u64,
    executables_ms: u64,
    /// The proof's build, SQLite and fixture, and the range of its environment; `None` if nothing ran.
    proof: Option<([Option<u32>; 3], Range<u32>)>,
    rest: Option<Box<Rest>>,
}

impl Bundle {
    /// Parses the bytes of a file.
    ///
    /// # Errors
    /// As [`Bundle::parse`].
    pub fn parse_bytes(bytes: &[u8]) -> Result<Bundle, ArtifactError> {
        match std::str::from_utf8(bytes) {
            Ok(text) => Bundle::parse(text),
            Err(_) if bytes.starts_with(START.as_bytes()) => Err(ArtifactError::Changed),
            Err(_) => Err(ArtifactError::NotOurs),
        }
    }

    /// Parses the text of a file.
    ///
    /// # Errors
    /// The file is truncated, changed, or not in this format.
    pub fn parse(text: &str) -> Result<Bundle, ArtifactError> {
        let body = whole(text)?;
        let mut bundle = Bundle {
            headers: Vec::new(),
            found: Vec::new(),
            suites: Vec::new(),
            values: Vec::new(),
            env: Vec::new(),
            builds: Vec::new(),
            sqlite: Vec::new(),
            fixtures: Vec::new(),
            numbers: Vec::new(),
        };
        let mut at = 0;
        let mut line = 1;
        while at < body.len() {
            line += 1;
            let end = memchr(b'\n', &body.as_bytes()[at..]).map_or(body.len(), |n| at + n);
            bundle.line(&body[at..end]).ok_or(ArtifactError::Malformed { line })?;
            at = end + 1;
        }
        Ok(bundle)
    }

    /// The record with its proof.
    pub fn record(&self, found: &RecordLine) -> Record {
        Record { proof: self.proof(found), ..self.brief(found) }
    }

    /// The record without its proof.
    pub fn brief(&self, found: &RecordLine) -> Record {
        let RecordLine { outcome, attempts, tests, started, duration_ms, executables_ms, .. } = *found;
        let Rest { cause, doctests, failures, leaks, measured } = found.rest.as_deref().cloned().unwrap_or_default();
        let values = &self.numbers[found.values.start as usize..found.values.end as usize];
        Record {
            suite: self.suite(found).to_owned(),
            cell: CellId::new(values.iter().map(|n| self.values[*n as usize].clone()).collect()),
            key: found.key,
            outcome,
            cause,
            attempts,
            tests,
            doctests,
            failures,
            leaks,
            measured,
            proof: None,
            started,
            duration_ms,
            executables_ms,
        }
    }

    /// The suite's name; its index is only valid within this file.
    pub fn suite(&self, found: &RecordLine) -> &str {
        &self.suites[found.suite as usize]
    }

    /// Assembles the record's proof; `None` if nothing ran.
    pub fn proof(&self, found: &RecordLine) -> Option<Proof> {
        let ([build, sqlite, fixture], env) = found.proof.as_ref()?;
        let BuildPart { platform, toolchain, source, features, not_promised, debug, target, differences, executables } =
            self.builds[build.expect("a proof has a build") as usize].clone();
        let env = &self.numbers[env.start as usize..env.end as usize];
        Some(Proof {
            platform,
            toolchain,
            source,
            features,
            not_promised,
            debug,
            target,
            differences,
            sqlite: sqlite.map(|n| self.sqlite[n as usize].clone()),
            fixture: fixture.map(|n| self.fixtures[n as usize].clone()),
            executables,
            env: env.iter().map(|n| self.env[*n as usize].clone()).collect(),
        })
    }

    /// How what was built differs from what the spec asked for; cheap. `None` if nothing ran.
    pub fn differences(&self, found: &RecordLine) -> Option<&Differences> {
        let ([build, ..], _) = found.proof.as_ref()?;
        Some(&self.builds[build.expect("a proof has a build") as usize].differences)
    }

    /// Whether packages were left out because they do not promise the Rust; cheap.
    pub fn leaves_out(&self, found: &RecordLine) -> bool {
        let build = found.proof.as_ref().and_then(|([build, ..], _)| *build);
        build.is_some_and(|build| !self.builds[build as usize].not_promised.is_empty())
    }

    /// Platform and source hash in the record's proof.
    pub fn origin(&self, found: &RecordLine) -> Option<(&str, Sha256)> {
        let ([build, ..], _) = found.proof.as_ref()?;
        let build = &self.builds[build.expect("a proof has a build") as usize];
        Some((&build.platform, build.source.sources))
    }

    /// What of the record can contradict itself; cheap.
    pub fn stated<'b>(&'b self, found: &'b RecordLine) -> Stated<'b> {
        let rest = found.rest.as_deref();
        let failures = rest.map(|rest| rest.failures.as_slice()).unwrap_or_default();
        let leaks = rest.and_then(|rest| rest.leaks.as_ref());
        let build = found.proof.as_ref().and_then(|([build, ..], _)| self.builds.get((*build)? as usize));
        Stated {
            outcome: found.outcome,
            has_cause: rest.is_some_and(|rest| !rest.cause.trim().is_empty()),
            attempts: found.attempts,
            tests: found.tests,
            doctests: rest.and_then(|rest| rest.doctests),
            failing: (failures.len(), failures.first().map(|failure| failure.test.as_str())),
            has_key: found.key.is_some(),
            proof: build.map(|build| (build.platform.as_str(), build.toolchain.rustc.as_str())),
            target: build.and_then(|build| Some(build.target.as_ref()?.triple.as_str())),
            leaks: leaks.map(|report| (report.ran, report.errors().count())),
        }
    }

    /// Maps the file's values to a space: axis and position by value number, `None` for values that the space lacks.
    pub fn places(&self, space: &Space) -> Vec<Option<(usize, usize)>> {
        let place = |(axis, value): &(AxisName, ValueName)| {
            let (n, axis) = space.axis(axis.as_str())?;
            Some((n, axis.values.iter().position(|known| known.name == *value)?))
        };
        self.values.iter().map(place).collect()
    }

    /// The record's cell, given [`Self::places`] for this space; `None` if the space has no such cell.
    pub fn cell(&self, found: &RecordLine, space: &Space, places: &[Option<(usize, usize)>]) -> Option<CellIndex> {
        let values = &self.numbers[found.values.start as usize..found.values.end as usize];
        if values.len() != space.axes().len() {
            return None;
        }
        let mut coords = vec![usize::MAX; values.len()];
        for value in values {
            let (axis, at) = places[*value as usize]?;
            coords[axis] = at;
        }
        (!coords.contains(&usize::MAX)).then(|| space.index(&coords))
    }

    /// The versions of toolchains and SQLite proven on a platform, by axis value; the highest if there are several.
    pub fn versions(&self, space: &Space, platform: &str) -> Versions {
        let places = self.places(space);
        let axis = |kind| space.axis_of(&kind).map(|(n, _)| n);
        let axes = [axis(AxisKind::Rust), axis(AxisKind::Sqlite)];
        let mut seen = BTreeSet::new();
        let parts = self.headers.iter().zip(&self.found).filter(|(header, _)| header.platform == platform);
        for found in parts.flat_map(|(_, found)| found) {
            let Some(([build, sqlite, _], _)) = &found.proof else { continue };
            for value in &self.numbers[found.values.start as usize..found.values.end as usize] {
                let Some((axis, _)) = places[*value as usize] else { continue };
                if Some(axis) == axes[0] {
                    seen.insert((*value, 0, *build));
                } else if Some(axis) == axes[1] {
                    seen.insert((*value, 1, *sqlite));
                }
            }
        }
        let mut versions = Versions::new();
        for (value, which, n) in seen {
            let Some(n) = n else { continue };
            let version = match which {
                0 => Version::parse(&self.builds[n as usize].toolchain.release).ok(),
                // SQLite's own spelling had four parts before 3.9.
                _ => {
                    let three: Vec<&str> = self.sqlite[n as usize].version.split('.').take(3).collect();
                    partial_version(&three.join("."))
                }
            };
            if let Some(version) = version {
                let highest = versions.entry(self.values[value as usize].clone()).or_insert_with(|| version.clone());
                *highest = version.max(highest.clone());
            }
        }
        versions
    }

    /// Parses a line; `None` if it is malformed.
    fn line(&mut self, line: &str) -> Option<()> {
        match line.strip_prefix("[\"")?.split_once('"')?.0 {
            "record" => {
                let record = self.read_record(items(line)?)?;
                self.found.last_mut()?.push(record);
            }
            "part" => {
                self.headers.push(item(line)?);
                self.found.push(Vec::new());
            }
            "env" => {
                let (_, name, value): (&str, _, _) = items(line)?;
                self.env.push((name, value));
            }
            "value" => {
                let (_, axis, value): (&str, String, String) = items(line)?;
                self.values.push((AxisName::new(axis).ok()?, ValueName::new(value).ok()?));
            }
            "build" => self.builds.push(item(line)?),
            "sqlite" => self.sqlite.push(item(line)?),
            "fixture" => self.fixtures.push(item(line)?),
            _ => return None,
        }
        Some(())
    }

    fn read_record(&mut self, line: RawRecord<'_>) -> Option<RecordLine> {
        let RawRecord { suite, values, key, outcome, attempts, tests, started, duration_ms, executables_ms, .. } = line;
        let suite = self.suites.iter().position(|known| *known == suite).unwrap_or_else(|| {
            self.suites.push(suite.into_owned());
            self.suites.len() - 1
        });
        let suite = u32::try_from(suite).ok()?;
        let values = self.keep(&values, self.values.len())?;
        let proof = match (line.proof, line.env) {
            (None, None) => None,
            (Some((build, sqlite, fixture)), Some(env)) => {
                let build = reference(build, self.builds.len())?;
                build?;
                let parts = [build, reference(sqlite, self.sqlite.len())?, reference(fixture, self.fixtures.len())?];
                Some((parts, self.keep(&env, self.env.len())?))
            }
            (Some(_), None) | (None, Some(_)) => return None,
        };
        let rest = line.rest.map(Box::new);
        Some(RecordLine {
            outcome,
            attempts,
            suite,
            values,
            key,
            tests,
            started,
            duration_ms,
            executables_ms,
            proof,
            rest,
        })
    }

    /// Keeps numbers that are below the limit.
    fn keep(&mut self, numbers: &[u32], limit: usize) -> Option<Range<u32>> {
        let start = u32::try_from(self.numbers.len()).ok()?;
        self.numbers.extend_from_slice(numbers);
        let below = numbers.iter().all(|n| (*n as usize) < limit);
        below.then_some(start..u32::try_from(self.numbers.len()).ok()?)
    }
}

/// A record's line as it is written: a list of these items.
#[derive(Deserialize)]
struct RawRecord<'a> {
    #[serde(rename = "record")]
    _word: &'a str,
    #[serde(borrow)]
    suite: Cow<'a, str>,
    values: Vec<u32>,
    #[serde(with = "or_empty")]
    key: Option<Sha256>,
    outcome: Outcome,
    attempts: u32,
    tests: Counts,
    started: i64,
    duration_ms: u64,
    executables_ms: u64,
    proof: Option<(i64, i64, i64)>,
    env: Option<Vec<u32>>,
    #[serde(default)]
    rest: Option<Rest>,
}

/// What a line lists, its word first.
fn items<'l, T: Deserialize<'l>>(line: &'l str) -> Option<T> {
    serde_json::from_str(line).ok()
}

/// What follows the word of a line.
fn item<'l, T: Deserialize<'l>>(line: &'l str) -> Option<T> {
    items::<(&str, T)>(line).map(|(_, item)| item)
}

/// A number below the limit; -1 for none.
fn reference(n: i64, limit: usize) -> Option<Option<u32>> {
    match n {
        -1 => Some(None),
        n => u32::try_from(n).ok().filter(|n| (*n as usize) < limit).map(Some),
    }
}

/// The lines after the first, if the text is complete and unchanged.
fn whole(text: &str) -> Result<&str, ArtifactError> {
    if text.is_empty() {
        return Err(ArtifactError::Empty);
    }
    if !text.starts_with(START) {
        return Err(if START.starts_with(text) {
            ArtifactError::Truncated { said: 0, found: 0 }
        } else {
            ArtifactError::NotOurs
        });
    }
    let cut = ArtifactError::Truncated { said: 0, found: 0 };
    let (first, body) = text.split_once('\n').ok_or(cut)?;
    // A newer format may have other fields, but its version still comes first.
    let value: serde_json::Value = serde_json::from_str(first).map_err(|_| ArtifactError::Changed)?;
    let tool = value["tool"].as_str().unwrap_or_default().to_owned();
    let format = value["compatrix-evidence"].as_u64().unwrap_or_default();
    let newer = |tool: &str| match (Version::parse(tool), Version::parse(TOOL)) {
        (Ok(theirs), Ok(ours)) => theirs > ours,
        _ => false,
    };
    if format > u64::from(FORMAT) || newer(&tool) {
        return Err(ArtifactError::Newer { tool });
    }
    let First { sha256, lines, records, .. } = serde_json::from_value(value).map_err(|_| ArtifactError::Changed)?;
    let found = memchr_iter(b'\n', body.as_bytes()).count();
    if found < lines || !body.is_empty() && !body.ends_with('\n') {
        return Err(ArtifactError::Truncated { said: lines, found });
    }
    let before = START.len() + FORMAT.to_string().len() + HASH.len();
    let after = before + sha256.len();
    if text.get(before..after) != Some(sha256.as_str()) {
        return Err(ArtifactError::Changed);
    }
    let mut hash = sha2::Sha256::new();
    hash.update(&text[..before]);
    hash.update(&text[after..]);
    let hash = base16ct::lower::encode_string(&hash.finalize());
    let said = memchr::memmem::find_iter(body.as_bytes(), "\n[\"record\",").count();
    if hash != sha256 || found != lines || said != records {
        return Err(ArtifactError::Changed);
    }
    Ok(body)
}
