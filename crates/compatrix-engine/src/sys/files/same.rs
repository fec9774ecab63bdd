//! Making one file like another.

use std::fs;
use std::path::Path;

use anyhow::{Context, Result};

use super::{make_dir, remove, symlink};

/// Whether something has this name, be it a link that leads nowhere.
pub(crate) fn is_there(path: &Path) -> bool {
    fs::symlink_metadata(path).is_ok()
}

/// How many bytes a file has; none if it is not there.
pub(crate) fn size(path: &Path) -> u64 {
    fs::metadata(path).map_or(0, |meta| meta.len())
}

/// Makes a file or link have the content and the permissions of another, unless it has them already: then its modification
/// time stays. Anything that is neither file nor link is left out.
///
/// # Errors
/// One of them cannot be read or written.
pub(crate) fn copy_if_changed(from: &Path, to: &Path) -> Result<()> {
    let failed = || format!("cannot copy {} to {}", from.display(), to.display());
    let (source, there) = (fs::symlink_metadata(from).with_context(failed)?, fs::symlink_metadata(to).ok());
    if source.is_symlink() {
        let text = fs::read_link(from).with_context(failed)?;
        if there.is_some_and(|there| there.is_symlink()) && fs::read_link(to).is_ok_and(|old| old == text) {
            return Ok(());
        }
        make_dir(to.parent().unwrap_or(to))?;
        remove(to)?;
        return symlink(&text.to_string_lossy(), to);
    }
    if !source.is_file() {
        return Ok(());
    }
    let content = fs::read(from).with_context(failed)?;
    let is_same = |there: &fs::Metadata| there.is_file() && there.permissions() == source.permissions();
    if there.as_ref().is_some_and(is_same) && fs::read(to).is_ok_and(|old| old == content) {
        return Ok(());
    }
    make_dir(to.parent().unwrap_or(to))?;
    remove(to)?;
    fs::write(to, content).with_context(failed)?;
    fs::set_permissions(to, source.permissions()).with_context(failed)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_the_same_keeps_its_time() {
        let dir = tempfile::tempdir().unwrap();
        let (from, to) = (dir.path().join("a"), dir.path().join("sub/b"));
        fs::write(&from, "one").unwrap();
        copy_if_changed(&from, &to).unwrap();
        let time = fs::metadata(&to).unwrap().modified().unwrap();
        copy_if_changed(&from, &to).unwrap();
        assert_eq!(fs::metadata(&to).unwrap().modified().unwrap(), time);
        fs::write(&from, "two").unwrap();
        copy_if_changed(&from, &to).unwrap();
        assert_eq!(fs::read_to_string(&to).unwrap(), "two");
    }

    #[test]
    #[cfg(unix)] // a link to nothing
    fn what_was_a_folder_becomes_the_link() {
        let dir = tempfile::tempdir().unwrap();
        fs::create_dir(dir.path().join("sub")).unwrap();
        let link = dir.path().join("link");
        symlink("nowhere", &link).unwrap();
        copy_if_changed(&link, &dir.path().join("sub")).unwrap();
        assert!(is_there(&dir.path().join("sub")) && !dir.path().join("sub").exists());
    }
}
