//! The evidence files of a workspace, and the inputs that current evidence must match.

use std::collections::BTreeMap;
use std::path::Path;

use compatrix_leak::planted::{self, PlantedTable};
use compatrix_model::axis::{AxisKind, Setting};
use compatrix_model::claims::with_meanings;
use compatrix_model::condition::Versions;
use compatrix_model::evidence::{Contradiction, Record};
use compatrix_model::evidence_file::{Entry, EvidenceFile};
use compatrix_model::matrix_spec::{Spec, SuiteKind};
use compatrix_model::results::intake::under_todays_policy;
use compatrix_model::spec_text::Parsed;
use compatrix_model::today::Today;

use crate::deps::locks::sources::Sources;
use crate::deps::{locked, locks};
use crate::find::fixture::Fixture;
use crate::find::written;
use crate::leak::policy;
use crate::sys::error::Error;
use crate::sys::files;
use crate::sys::git::Git;
use crate::sys::host::Host;

/// All evidence files of the spec's folder, in the order of their names.
///
/// # Errors
/// One of them cannot be read, is named otherwise than its platform, or contradicts itself.
pub fn read_all(root: &Path, spec: &Spec) -> Result<Vec<EvidenceFile>, Error> {
    let mut all = Vec::new();
    for path in files::list(&root.join(&spec.project.evidence))? {
        if path.extension().is_some_and(|extension| extension == "toml") {
            let shown = path.strip_prefix(root).unwrap_or(&path);
            all.push(read(&path, shown, spec)?);
        }
    }
    Ok(all)
}

/// All evidence files, for pages that name every suite of them.
///
/// # Errors
/// As [`read_all`]; or a suite that the spec does not have.
pub fn read_all_known(root: &Path, spec: &Spec) -> Result<Vec<EvidenceFile>, Error> {
    let all = read_all(root, spec)?;
    for file in &all {
        if let Some((_, unknown)) = unknown_suites(spec, file) {
            let advice = "give the suite its old name again, or run `evidence record`, which drops such results";
            return Err(Error::usage(format!("{}: {unknown}; {advice}", shown(spec, file.platform()))));
        }
    }
    Ok(all)
}

/// The first suite of a file that the spec does not have, and the sentence about it.
fn unknown_suites(spec: &Spec, file: &EvidenceFile) -> Option<(String, String)> {
    let of = |name: &str| file.entries().filter(|entry| entry.record.suite == name).count();
    file.entries().find_map(|entry| {
        let name = &entry.record.suite;
        let error = spec.suite(name).err()?;
        Some((name.clone(), format!("{} of an {error}", count(of(name)))))
    })
}

fn count(results: usize) -> String {
    if results == 1 {
        "1 result".to_owned()
    } else {
        format!("{results} results")
    }
}

/// A platform's file, below the root.
fn shown(spec: &Spec, platform: &str) -> String {
    format!("{}/{platform}.toml", spec.project.evidence.trim_end_matches('/'))
}

fn read(path: &Path, shown: &Path, spec: &Spec) -> Result<EvidenceFile, Error> {
    let shown = shown.display();
    let file = EvidenceFile::from_text(&files::read_text(path)?);
    let file = file.map_err(|error| Error::usage(format!("{shown}: {error}")))?;
    let platform = file.platform();
    if path.file_stem().is_none_or(|stem| stem.to_string_lossy() != platform) {
        return Err(Error::usage(format!("{shown}: it says that it is of {platform}; name it {platform}.toml")));
    }
    if let Some((entry, found)) = contradictions(spec, &file).next() {
        let Record { suite, cell, .. } = entry.record.as_ref();
        return Err(Error::usage(format!(
            "{shown}: the result of `{suite}` in `{cell}` contradicts itself: {found}; restore the file from git, or \
             remove that record and run `evidence record`"
        )));
    }
    Ok(file)
}

/// The entries of a file that contradict themselves. What only the suite's kind decides counts where the entry is of the
/// suite as it is in the spec, since another kind is no lie but makes an entry stale.
fn contradictions<'f>(
    spec: &'f Spec,
    file: &'f EvidenceFile,
) -> impl Iterator<Item = (&'f Entry, Contradiction)> + use<'f> {
    let today = with_meanings(spec, file.clone());
    let kinds: BTreeMap<String, SuiteKind> =
        spec.suites.iter().map(|suite| (suite.name.clone(), suite.kind.clone())).collect();
    file.entries().filter_map(move |entry| {
        let record = &entry.record;
        let of_today = today.entry(&record.suite, &record.cell).and_then(|today| today.meaning.as_ref());
        let same = match (&entry.meaning, of_today) {
            (Some(then), Some(now)) => then.suite == now.suite,
            (None, _) | (_, None) => true,
        };
        let kind = kinds.get(&record.suite).filter(|_| same);
        // A value that means another target now is no lie either.
        let as_then = match (&entry.meaning, of_today) {
            (Some(then), Some(now)) => then.values == now.values,
            (None, _) | (_, None) => true,
        };
        let system = spec.space.system_of(&record.cell).filter(|_| as_then);
        let of_system = || record.stated().of_another_system(system?);
        entry.contradiction(file.platform(), kind).or_else(of_system).map(|found| (entry, found))
    })
}

/// A platform's evidence file as [`record`] left it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Recorded {
    /// The file, below the root.
    pub file: String,
    /// How many entries it has.
    pub entries: usize,
    /// What was dropped, for people; empty if nothing was.
    pub dropped: Vec<String>,
}

/// Merges records into a platform's evidence file. Findings of leak tools count by the suppressions and the baseline of
/// the work tree as of `today`, not by those of the run. Entries of cells and suites that the spec no longer has are dropped,
/// unless `keep` is set, which keeps those of cells.
///
/// # Errors
/// The file cannot be read or written, or contradicts itself; suppressions or baseline cannot be read; `keep`, and the
/// file has results of a suite that the spec does not have.
pub fn record(
    host: &Host,
    spec: &Spec,
    platform: &str,
    mut records: Vec<Record>,
    keep: bool,
    today: &str,
) -> Result<Recorded, Error> {
    let root = &host.root;
    let policy = policy::load(root)?;
    records.iter_mut().for_each(|record| under_todays_policy(record, spec, &policy, today));
    let path = root.join(&spec.project.evidence).join(format!("{platform}.toml"));
    let shown = path.strip_prefix(root).unwrap_or(&path).to_owned();
    let mut file = with_meanings(spec, EvidenceFile::from_records(platform, records));
    if let Some((entry, found)) = contradictions(spec, &file).next() {
        let Record { suite, cell, .. } = entry.record.as_ref();
        return Err(Error::usage(format!(
            "the result of `{suite}` in `{cell}` contradicts itself: {found}; run it again with `compat --fresh`"
        )));
    }
    if files::exists(&path) {
        file = read(&path, &shown, spec)?.merge(file);
    }
    let mut dropped = Vec::new();
    while let Some((name, unknown)) = unknown_suites(spec, &file) {
        if keep {
            let advice = "give the suite its old name again, or record without --keep, which drops them";
            return Err(Error::usage(format!("{}: {unknown}; {advice}", shown.display())));
        }
        file.retain(|entry| entry.record.suite != name);
        dropped.push(unknown);
    }
    if !keep {
        file.retain(|entry| spec.space.find(&entry.record.cell).is_some());
    }
    date(host, &mut file);
    files::write_output(&path, file.to_text().as_bytes())?;
    let entries = file.entries().len();
    Ok(Recorded { file: shown.display().to_string(), entries, dropped })
}

/// Notes when the commit of each entry was made, where git knows it.
fn date(host: &Host, file: &mut EvidenceFile) {
    let Some(git) = Git::find(host) else { return };
    let mut known: BTreeMap<String, Option<String>> = BTreeMap::new();
    file.change(|entry| {
        let commit = entry.record.proof.as_ref().and_then(|proof| proof.source.commit.clone());
        let Some(commit) = commit.filter(|_| entry.date.is_none()) else { return };
        let date = known.entry(commit).or_insert_with_key(|commit| git.date(commit).ok().flatten());
        entry.date.clone_from(date);
    });
}

/// What the work tree has of all that evidence is made from.
///
/// # Errors
/// The workspace or a fixture cannot be read.
pub fn today(host: &Host, parsed: &Parsed) -> Result<Today, Error> {
    let workspace = locked::read(host, parsed)?;
    let versions = Versions::new();
    let sources =
        Sources { spec: &parsed.spec, layout: &workspace.layout, versions: &versions, packages: &workspace.packages };
    let locksets = locks::of_today(&sources, workspace.source.lockset);
    let axis = parsed.spec.space.axis_of(&AxisKind::Schema);
    let mut fixtures = BTreeMap::new();
    for value in axis.into_iter().flat_map(|(_, axis)| &axis.values) {
        let Setting::Fixture(name) = &value.setting else { continue };
        fixtures.insert(name.clone(), Fixture::read(host, name)?.recipe);
    }
    Ok(Today { sources: workspace.source.sources, locksets, fixtures })
}

/// Sources that are still as a run or a build left them: the file, and what ran.
///
/// # Errors
/// The workspace cannot be read.
pub fn changed_by_runs(host: &Host, parsed: &Parsed) -> Result<Vec<(String, String)>, Error> {
    let workspace = locked::read(host, parsed)?;
    Ok(written::still_written(host, &parsed.spec.project, &workspace.dirs)?)
}

/// The table of planted leaks; `None` if it was never measured.
///
/// # Errors
/// The table cannot be read.
pub fn planted(root: &Path) -> Result<Option<PlantedTable>, Error> {
    let path = root.join(planted::FILE);
    if !files::exists(&path) {
        return Ok(None);
    }
    PlantedTable::parse(&files::read_text(&path)?).map(Some).map_err(|error| Error::usage(error.to_string()))
}
