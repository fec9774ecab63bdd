//! The evidence files of a workspace, and the inputs that current evidence must match.

use std::path::Path;

use compatrix_leak::planted::{self, PlantedTable};
use compatrix_model::condition::{Condition, Versions};
use compatrix_model::evidence::{Record, SourceProof};
use compatrix_model::evidence_file::EvidenceFile;
use compatrix_model::matrix_spec::Spec;
use compatrix_model::results::intake::under_todays_policy;
use compatrix_model::spec_text::Parsed;
use compatrix_model::today::Today;

use crate::deps::{locked, locks};
use crate::find::written;
use crate::leak::policy;
use crate::ledger::Ledger;
use crate::sys::error::Error;
use crate::sys::files;
use crate::sys::host::Host;

/// All evidence files of the spec's folder, in the order of their names.
///
/// # Errors
/// One of them cannot be read.
pub fn read_all(root: &Path, spec: &Spec) -> Result<Vec<EvidenceFile>, Error> {
    let mut all = Vec::new();
    for path in files::list(&root.join(&spec.project.evidence))? {
        if path.extension().is_some_and(|extension| extension == "toml") {
            let shown = path.strip_prefix(root).unwrap_or(&path);
            all.push(read(&path, shown)?);
        }
    }
    Ok(all)
}

fn read(path: &Path, shown: &Path) -> Result<EvidenceFile, Error> {
    let file = EvidenceFile::from_text(&files::read_text(path)?);
    file.map_err(|error| Error::usage(format!("{}: {error}", shown.display())))
}

/// A platform's evidence file as [`record`] left it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Recorded {
    /// The file, below the root.
    pub file: String,
    /// How many entries it has.
    pub entries: usize,
}

/// Merges records into a platform's evidence file. Findings of leak tools count by the suppressions and the baseline of
/// the work tree as of `today`, not by those of the run. Entries of cells that the spec no longer has are dropped, unless
/// `keep` is set.
///
/// # Errors
/// The file cannot be read or written; suppressions or baseline cannot be read.
pub fn record(
    root: &Path,
    spec: &Spec,
    platform: &str,
    mut records: Vec<Record>,
    keep: bool,
    today: &str,
) -> Result<Recorded, Error> {
    let policy = policy::load(root)?;
    records.iter_mut().for_each(|record| under_todays_policy(record, spec, &policy, today));
    let path = root.join(&spec.project.evidence).join(format!("{platform}.toml"));
    let mut file = EvidenceFile::from_records(platform, records);
    if files::exists(&path) {
        file = read(&path, &path)?.merge(file);
    }
    if !keep {
        file.retain(|entry| spec.space.find(&entry.record.cell).is_some());
    }
    files::write_output(&path, file.to_text().as_bytes())?;
    let shown = path.strip_prefix(root).unwrap_or(&path).display().to_string();
    let entries = file.entries().len();
    Ok(Recorded { file: shown, entries })
}

/// The sources and dependency versions of the work tree.
///
/// # Errors
/// The workspace cannot be read.
pub fn today(host: &Host, parsed: &Parsed) -> Result<Today, Error> {
    let workspace = locked::read(host, parsed)?;
    let versions = Versions::new();
    let sources = locks::Sources { spec: &parsed.spec, layout: &workspace.layout, versions: &versions };
    let locksets = locks::of_today(&sources, workspace.source.lockset);
    let SourceProof { sources, dirty, .. } = workspace.source;
    Ok(Today { sources, dirty, locksets })
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

/// The newest result of each suite in each cell that meets one of these conditions; of all cells if there are none.
///
/// # Errors
/// The ledger cannot be read.
pub fn newest(ledger: &Ledger, spec: &Spec, cells: &[Condition], versions: &Versions) -> Result<Vec<Record>, Error> {
    let matchers: Vec<_> = cells.iter().map(|condition| condition.matcher(&spec.space, versions)).collect();
    let holds = |coords: &[usize]| matchers.is_empty() || matchers.iter().any(|matcher| matcher.holds(coords));
    let mut records = ledger.all_newest()?;
    records.retain(|record| spec.space.find(&record.cell).is_some_and(|cell| holds(&spec.space.coords(cell))));
    Ok(records)
}
