//! The criteria of plans, a committed file, and the files that they name.

use std::collections::BTreeMap;
use std::path::Path;

use compatrix_model::criteria::{files as named, read as parse, Criterion, Known};
use compatrix_model::matrix_spec::Spec;

use crate::sys::error::Error;
use crate::sys::files;

/// What is committed of plans.
#[derive(Debug, Clone)]
pub struct Plans {
    /// In the file's order.
    pub criteria: Vec<Criterion>,
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
    Ok(Plans { criteria, files: texts })
}
