//! The criteria of plans, a committed file, and the files that they name.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use compatrix_model::criteria::{files as named, read as parse, tests, Criterion, Known, Ran, RAN_FILE};
use compatrix_model::evidence_file::EvidenceFile;
use compatrix_model::hash::Sha256;
use compatrix_model::matrix_spec::Spec;

use crate::sys::error::Error;
use crate::sys::files;

/// What is committed of plans.
#[derive(Debug, Clone)]
pub struct Plans {
    /// In the file's order.
    pub criteria: Vec<Criterion>,
    /// Which tests stood in the sources of recorded results.
    pub ran: Ran,
    /// The texts of the files that they name, as far as there are such files.
    pub files: BTreeMap<String, String>,
}

/// Reads the criteria of a file, relative to the root.
///
/// # Errors
/// The file is not there or cannot be read, or what it says is wrong.
pub fn read(root: &Path, file: &str, spec: &Spec) -> Result<Plans, Error> {
    if !root.join(file).is_file() {
        return Err(Error::usage(format!(
            "{file}, the `criteria` of [project], is not there; write it, or remove the key"
        )));
    }
    let text = files::read_text(&root.join(file))?;
    let criteria = parse(&text, file, Known { spec }).map_err(|problems| Error::Spec(Box::new(problems)))?;
    let mut texts = BTreeMap::new();
    for path in named(&criteria) {
        let place = root.join(path);
        if place.is_file() {
            // A picture is a file, too.
            texts.insert(path.to_owned(), String::from_utf8_lossy(&files::read(&place)?).into_owned());
        }
    }
    let file = root.join(&spec.project.evidence).join(RAN_FILE);
    let ran = match file.is_file() {
        true => Ran::from_text(&files::read_text(&file)?).map_err(|why| {
            Error::usage(format!("{}: {why}; restore it from git, or record evidence again", file.display()))
        })?,
        false => Ran::default(),
    };
    Ok(Plans { criteria, ran, files: texts })
}

/// Notes which of the named tests stand in today's sources, of which results were recorded.
///
/// # Errors
/// As [`read`], or the file cannot be written.
pub fn note(root: &Path, spec: &Spec, sources: &Sha256, evidence: &[EvidenceFile]) -> Result<(), Error> {
    let Some(file) = &spec.project.criteria else { return Ok(()) };
    let Plans { criteria, mut ran, files: texts } = read(root, file, spec)?;
    let is_there = |path: &str, is_in: &dyn Fn(&str) -> bool| texts.get(path).is_some_and(|text| is_in(text));
    let stand = tests(&criteria).into_iter().filter(|test| is_there(&test.path, &|text| test.is_in(text)));
    let stand: BTreeSet<String> = stand.map(|test| test.spelled()).collect();
    let entries = evidence.iter().flat_map(EvidenceFile::entries);
    let used = entries.filter_map(|entry| entry.record.proof.as_ref()).map(|proof| proof.source.sources).collect();
    ran.note(sources, stand, &used);
    let path = root.join(&spec.project.evidence).join(RAN_FILE);
    if let Some(folder) = path.parent() {
        files::make_dir(folder)?;
    }
    Ok(files::write_output(&path, ran.to_text().as_bytes())?)
}
