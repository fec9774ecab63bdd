//! Artifacts of evidence on disk: found in folders, read in parallel.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use compatrix_ci::artifact::Bundle;
use compatrix_ci::merge::File;

use crate::sys::error::Error;
use crate::sys::files;

/// How an artifact's name ends.
pub const EXTENSION: &str = "jsonl";

/// The artifacts that these paths name: files as they are, and all artifacts below a folder. With `may_be_lost`, a path
/// that does not exist names none.
///
/// # Errors
/// A path does not exist, or a folder cannot be read.
pub fn find(paths: &[PathBuf], may_be_lost: bool) -> Result<Vec<PathBuf>, Error> {
    let mut found = Vec::new();
    for path in paths {
        if path.is_dir() {
            below(path, &mut found)?;
        } else if files::exists(path) {
            found.push(path.clone());
        } else if !may_be_lost {
            return Err(Error::usage(format!("{} does not exist; name artifacts, or folders of them", path.display())));
        }
    }
    // A file that is named twice, or is also in a named folder, counts once.
    let mut seen = BTreeSet::new();
    found.retain(|path| seen.insert(files::real(path).unwrap_or_else(|_| path.clone())));
    Ok(found)
}

fn below(dir: &Path, found: &mut Vec<PathBuf>) -> Result<(), Error> {
    for path in files::list(dir)? {
        if path.is_dir() {
            below(&path, found)?;
        } else if path.extension().is_some_and(|extension| extension == EXTENSION) {
            found.push(path);
        }
    }
    Ok(())
}

/// Reads artifacts, `threads` at a time.
///
/// # Errors
/// A file cannot be read. The merge refuses files that are not artifacts.
pub fn read(paths: &[PathBuf], threads: usize) -> Result<Vec<File>, Error> {
    let each = paths.len().div_ceil(threads).max(1);
    let one = |path: &PathBuf| -> Result<File, Error> {
        let bytes = files::read(path)?;
        Ok((path.display().to_string(), Bundle::parse_bytes(&bytes)))
    };
    let chunks: Vec<Result<Vec<File>, Error>> = std::thread::scope(|scope| {
        let started: Vec<_> = paths
            .chunks(each)
            .map(|chunk| scope.spawn(move || chunk.iter().map(one).collect::<Result<Vec<File>, Error>>()))
            .collect();
        started.into_iter().map(|thread| thread.join().expect("reading does not panic")).collect()
    });
    Ok(chunks.into_iter().collect::<Result<Vec<_>, _>>()?.into_iter().flatten().collect())
}

/// Writes the merged artifact.
///
/// # Errors
/// It would overwrite one of its inputs, or cannot be written.
pub fn write(path: &Path, text: &str, inputs: &[PathBuf]) -> Result<(), Error> {
    let whole = |path: &Path| files::real(path).unwrap_or_else(|_| path.to_owned());
    if inputs.iter().any(|input| whole(input) == whole(path)) {
        return Err(Error::usage(format!("{} is one of the artifacts; --output needs another file", path.display())));
    }
    Ok(files::write_output(path, text.as_bytes())?)
}
