//! The records of the trend, a committed file a commit.

use std::path::Path;

use compatrix_model::matrix_spec::Spec;
use compatrix_model::speed::trend::{Record, FOLDER};

use crate::sys::error::Error;
use crate::sys::files;

/// All records, by platform and then by the names of their files.
///
/// # Errors
/// One of them cannot be read, is named otherwise than what it holds, or contradicts itself.
pub fn read_all(root: &Path, spec: &Spec) -> Result<Vec<Record>, Error> {
    let mut all = Vec::new();
    for folder in files::list(&root.join(&spec.project.evidence).join(FOLDER))?.into_iter().filter(|path| path.is_dir())
    {
        for path in files::list(&folder)? {
            if path.extension().is_some_and(|extension| extension == "toml") {
                let shown = files::slashed(path.strip_prefix(root).unwrap_or(&path));
                let record = Record::from_text(&files::read_text(&path)?);
                let record = record.map_err(|error| Error::usage(format!("{shown}: {error}")))?;
                if !path.ends_with(record.path()) {
                    return Err(Error::usage(format!(
                        "{shown}: it is of the commit {} on {}; name it {}",
                        record.commit,
                        record.platform,
                        file(spec, &record)
                    )));
                }
                all.push(record);
            }
        }
    }
    Ok(all)
}

/// Writes a record to its place below the folder of evidence; the file, relative to the root.
///
/// # Errors
/// The file cannot be written.
pub fn write(root: &Path, spec: &Spec, record: &Record) -> Result<String, Error> {
    let file = file(spec, record);
    let path = root.join(&file);
    if let Some(folder) = path.parent() {
        files::make_dir(folder)?;
    }
    files::write_output(&path, record.to_text().as_bytes())?;
    Ok(file)
}

fn file(spec: &Spec, record: &Record) -> String {
    format!("{}/{FOLDER}/{}", spec.project.evidence.trim_end_matches('/'), record.path())
}
