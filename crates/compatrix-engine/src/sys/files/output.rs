//! Files that the user names for output, looked at before there is any work. Nothing is left there.

#![allow(clippy::disallowed_methods, reason = "files are looked at here")]

use std::fs;
use std::io::{ErrorKind, Read};
use std::path::{Path, PathBuf};

use anyhow::{bail, Context, Result};

use crate::sys::os::meta as names;

/// Whether `write_output` will be able to write this file, as far as can be known before: its folder exists, and
/// takes a file.
///
/// # Errors
/// Why it cannot be written.
pub fn can_write_output(path: &Path) -> Result<()> {
    let meta = fs::metadata(path);
    let is_folder = path.file_name().is_none() || names::ends_as_folder(path);
    if is_folder || meta.as_ref().is_ok_and(fs::Metadata::is_dir) {
        bail!("this is a folder; name a file in it");
    }
    match &meta {
        Ok(meta) if meta.is_file() => {
            fs::OpenOptions::new().append(true).open(path).context("it cannot be written")?;
            return Ok(());
        }
        // To open a pipe waits for its reader.
        Ok(_) => return Ok(()),
        Err(error) if matches!(error.kind(), ErrorKind::NotFound | ErrorKind::NotADirectory) => {}
        Err(error) => bail!("it cannot be written: {error}"),
    }
    // A link that leads nowhere yet gets its target.
    if let Ok(target) = fs::read_link(path) {
        return can_write_output(&parent(path).join(target));
    }
    let parent = parent(path);
    match fs::metadata(parent) {
        Err(error) if error.kind() == ErrorKind::NotFound => {
            bail!("there is no folder {}; create it first", parent.display())
        }
        Err(error) => bail!("{} cannot be read: {error}", parent.display()),
        Ok(meta) if !meta.is_dir() => bail!("{} is not a folder", parent.display()),
        Ok(_) => {}
    }
    tempfile::Builder::new().prefix(".compatrix").tempfile_in(parent).map(drop).context("it cannot be created")
}

/// Whether two paths are one file, however they are spelled.
pub fn is_same_output(one: &Path, other: &Path) -> bool {
    let place = |path: &Path| -> PathBuf {
        let below = |parent: PathBuf| parent.join(path.file_name().unwrap_or_default());
        let new = || super::real(parent(path)).map(below);
        super::real(path).or_else(|_| new()).unwrap_or_else(|_| path.to_owned())
    };
    place(one) == place(other)
}

/// Whether there is a file with content that neither has this extension nor begins with this text, so it is not an
/// earlier output.
pub fn holds_something_else(path: &Path, extension: &str, beginning: &str) -> bool {
    let has_extension = path.extension().is_some_and(|name| name.eq_ignore_ascii_case(extension));
    if has_extension || !fs::metadata(path).is_ok_and(|meta| meta.is_file() && meta.len() > 0) {
        return false;
    }
    let mut start = Vec::new();
    let read = fs::File::open(path).and_then(|file| file.take(beginning.len() as u64).read_to_end(&mut start));
    read.is_err() || start != beginning.as_bytes()
}

fn parent(path: &Path) -> &Path {
    path.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or(Path::new("."))
}

#[cfg(test)]
mod tests {
    use super::*;
    #[cfg(unix)] // links to nothing
    use crate::sys::files::symlink;

    #[test]
    #[cfg(unix)] // links to nothing
    fn files_that_cannot_be_written_are_known_before() {
        let dir = tempfile::tempdir().unwrap();
        let at = |name: &str| dir.path().join(name);
        fs::write(at("file"), "x").unwrap();
        symlink("none/x", &at("nowhere")).unwrap();
        symlink("new", &at("link")).unwrap();
        symlink("loop", &at("loop")).unwrap();
        for (name, why) in [
            ("new", ""),
            ("file", ""),
            ("link", ""),
            ("none/x", "there is no folder"),
            ("nowhere", "there is no folder"),
            ("loop", "it cannot be written"),
            ("new/", "this is a folder"),
            ("file/x", "is not a folder"),
            (&"a".repeat(300), "it cannot be written"),
        ] {
            let said = can_write_output(&at(name)).map_or_else(|error| format!("{error:#}"), |()| String::new());
            assert!(if why.is_empty() { said.is_empty() } else { said.contains(why) }, "{name}: {said}");
        }
        assert_eq!(fs::read_dir(dir.path()).unwrap().count(), 4, "nothing is left");
    }

    #[test]
    #[cfg(unix)] // a link to what will be there
    fn one_file_by_a_link() {
        let dir = tempfile::tempdir().unwrap();
        let at = |name: &str| dir.path().join(name);
        fs::create_dir(at("a")).unwrap();
        symlink("a/x", &at("link")).unwrap();
        assert!(!is_same_output(&at("a/x"), &at("link")));
        fs::write(at("a/x"), "").unwrap();
        assert!(is_same_output(&at("a/x"), &at("link")));
    }

    #[test]
    fn one_file_of_two_spellings() {
        let dir = tempfile::tempdir().unwrap();
        let at = |name: &str| dir.path().join(name);
        fs::create_dir(at("a")).unwrap();
        for _ in 0..2 {
            assert!(is_same_output(&at("a/x"), &at("a/../a/./x")) && !is_same_output(&at("a/x"), &at("x")));
            fs::write(at("a/x"), "").unwrap();
        }
        assert!(is_same_output(&at("no/x"), &at("no/x")));
    }

    #[test]
    fn only_an_earlier_output_is_replaced() {
        let dir = tempfile::tempdir().unwrap();
        for (name, text, other) in [
            ("a.toml", "[project]\n", true),
            ("a.html", "anything", false),
            ("a.HTML", "anything", false),
            ("a.txt", "<!doctype html>\n<html>", false),
            ("short", "<!", true),
            ("empty.toml", "", false),
        ] {
            let path = dir.path().join(name);
            fs::write(&path, text).unwrap();
            assert_eq!(holds_something_else(&path, "html", "<!doctype html>"), other, "{name}");
        }
        assert!(!holds_something_else(&dir.path().join("new"), "html", "<!doctype html>"));
        assert!(!holds_something_else(Path::new("/dev/null"), "html", "<!doctype html>"));
    }
}
