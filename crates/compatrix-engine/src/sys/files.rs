//! Files: hashes that are remembered by the file's stamp, atomic writes, copies.

#![allow(clippy::disallowed_methods, reason = "files are read and written here")]

mod output;
mod same;
#[cfg(test)]
mod tests;

use std::fs;
use std::io::{Read, Write};
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use compatrix_model::hash::Sha256;
use globset::{GlobBuilder, GlobMatcher};
use sha2::Digest;

use crate::sys::memo::Memo;
use crate::sys::os::meta;

pub use output::{can_write_output, holds_something_else, is_same_output};
pub(crate) use same::{copy_if_changed, is_there, size};

/// The most bytes of a file that are read at once.
const BUFFER: usize = 256 * 1024;

/// A stamp that detects changes of a file.
pub fn stamp(path: &Path) -> Result<String> {
    let meta = fs::metadata(path).with_context(|| format!("cannot look at {}", path.display()))?;
    Ok(meta::stamp(&meta))
}

/// Whether a file or folder changed within this time, or will only; not if there is none.
pub(crate) fn changed_within(path: &Path, time: std::time::Duration) -> bool {
    let Ok(meta) = fs::metadata(path) else { return false };
    let seconds = crate::sys::clock::system().duration_since(std::time::UNIX_EPOCH).unwrap_or_default().as_secs();
    let before = i64::try_from(seconds.saturating_sub(time.as_secs())).unwrap_or(i64::MAX);
    meta::changed_since(&meta, before)
}

/// The SHA-256 of a file, remembered by its stamp.
pub fn sha256(path: &Path, memo: &Memo) -> Result<Sha256> {
    let name = format!("sha256 {}", path.display());
    let stamp = stamp(path)?;
    if let Some(hash) = memo.get(&name, &stamp).and_then(|text| text.parse().ok()) {
        return Ok(hash);
    }
    let hash = sha256_of(path)?;
    memo.put(&name, &stamp, &hash.to_string());
    Ok(hash)
}

fn sha256_of(path: &Path) -> Result<Sha256> {
    let mut file = fs::File::open(path).with_context(|| format!("cannot read {}", path.display()))?;
    let mut hasher = sha2::Sha256::new();
    // Most files are small, and a large buffer takes longer to clear than they take to read.
    let size = file.metadata().map_or(BUFFER, |meta| usize::try_from(meta.len()).unwrap_or(BUFFER));
    let mut buffer = vec![0; size.clamp(4096, BUFFER)];
    loop {
        let n = file.read(&mut buffer).with_context(|| format!("cannot read {}", path.display()))?;
        if n == 0 {
            return Ok(finished(hasher));
        }
        hasher.update(&buffer[..n]);
    }
}

/// The SHA-256 of these parts, each with its length, so that different lists never hash the same bytes.
pub fn hash_parts<'a>(parts: impl IntoIterator<Item = &'a str>) -> Sha256 {
    let mut hasher = sha2::Sha256::new();
    for part in parts {
        hasher.update((part.len() as u64).to_le_bytes());
        hasher.update(part.as_bytes());
    }
    finished(hasher)
}

/// The SHA-256 of bytes.
pub fn hash_bytes(bytes: &[u8]) -> Sha256 {
    finished(sha2::Sha256::new_with_prefix(bytes))
}

fn finished(hasher: sha2::Sha256) -> Sha256 {
    <[u8; 32]>::from(hasher.finalize()).into()
}

/// Reads a text file.
pub fn read_text(path: &Path) -> Result<String> {
    fs::read_to_string(path).with_context(|| format!("cannot read {}", path.display()))
}

/// Reads a file.
pub fn read(path: &Path) -> Result<Vec<u8>> {
    fs::read(path).with_context(|| format!("cannot read {}", path.display()))
}

/// Reads the start of a file, at most so many bytes.
pub fn read_most(path: &Path, most: usize) -> Result<Vec<u8>> {
    let failed = || format!("cannot read {}", path.display());
    let mut bytes = Vec::new();
    let file = fs::File::open(path).with_context(failed)?;
    file.take(most as u64).read_to_end(&mut bytes).with_context(failed)?;
    Ok(bytes)
}

/// Whether a file or folder exists at this path.
pub fn exists(path: &Path) -> bool {
    path.exists()
}

/// Makes a folder, and those above it; false if there was one. A test may have taken our rights on the one above.
pub fn make_new_dir(path: &Path) -> Result<bool> {
    let above = path.parent().unwrap_or(Path::new("."));
    make_dir(above)?;
    let made = fs::create_dir(path).or_else(|error| {
        if error.kind() != std::io::ErrorKind::PermissionDenied {
            return Err(error);
        }
        allow(above);
        fs::create_dir(path)
    });
    match made {
        Err(error) if error.kind() == std::io::ErrorKind::AlreadyExists => Ok(false),
        made => made.map(|()| true).with_context(|| format!("cannot make the folder {}", path.display())),
    }
}

/// Makes a folder and those above it.
pub fn make_dir(path: &Path) -> Result<()> {
    fs::create_dir_all(path).with_context(|| format!("cannot make the folder {}", path.display()))
}

/// Writes a file so that readers see the old or the new content, never a part.
pub fn write(path: &Path, content: &[u8]) -> Result<()> {
    let failed = || format!("cannot write {}", path.display());
    beside(path, content)?.persist(path).map_err(|e| e.error).with_context(failed)?;
    Ok(())
}

/// Writes a file that the user named. What is there keeps its kind: a link its target, a pipe or device its place; one that is
/// our own output gets the text in turn. A file is replaced as by [`write`], or where its folder does not let it, in place.
pub fn write_output(path: &Path, content: &[u8]) -> Result<()> {
    let failed = || format!("cannot write {}", path.display());
    let Ok(meta) = fs::metadata(path) else {
        // A link that leads nowhere yet keeps leading there.
        return match fs::symlink_metadata(path) {
            Ok(_) => fs::write(path, content).with_context(failed),
            Err(_) => write(path, content),
        };
    };
    let written = if meta::is_stdout(path, &meta) {
        let mut stdout = std::io::stdout().lock();
        stdout.write_all(content).and_then(|()| stdout.flush())
    } else if meta::is_stderr(path, &meta) {
        std::io::stderr().lock().write_all(content)
    } else if meta.is_file() {
        let target = real(path).with_context(failed)?;
        let replaced = beside(&target, content).and_then(|new| Ok(new.persist(&target).map_err(|e| e.error)?));
        return match replaced {
            Ok(_) => Ok(()),
            Err(error) if is_fixed(&error) => fs::write(&target, content).with_context(failed),
            Err(error) => Err(error.context(failed())),
        };
    } else {
        fs::OpenOptions::new().write(true).open(path).and_then(|mut file| file.write_all(content))
    };
    match written {
        // As with stdout, a reader that went away is no error.
        Err(error) if error.kind() == std::io::ErrorKind::BrokenPipe => Ok(()),
        written => written.with_context(failed),
    }
}

/// Whether an error says that a file cannot be replaced where it is, so that it may still be written: a folder without
/// rights, a mount point.
fn is_fixed(error: &anyhow::Error) -> bool {
    use std::io::ErrorKind::{CrossesDevices, PermissionDenied, ReadOnlyFilesystem, ResourceBusy};
    let kinds = [CrossesDevices, PermissionDenied, ReadOnlyFilesystem, ResourceBusy];
    error.chain().any(|cause| cause.downcast_ref::<std::io::Error>().is_some_and(|error| kinds.contains(&error.kind())))
}

/// Writes a file that must not be there yet.
pub fn write_new(path: &Path, content: &[u8]) -> Result<()> {
    let failed = || format!("cannot write {}", path.display());
    beside(path, content)?.persist_noclobber(path).map_err(|e| e.error).with_context(failed)?;
    Ok(())
}

/// Writes the content to a new file next to this path, with its mode.
fn beside(path: &Path, content: &[u8]) -> Result<tempfile::NamedTempFile> {
    let dir = path.parent().unwrap_or(Path::new("."));
    make_dir(dir)?;
    let failed = || format!("cannot write {}", path.display());
    let mut file = tempfile::NamedTempFile::new_in(dir).with_context(failed)?;
    file.write_all(content).with_context(failed)?;
    meta::take_mode(file.path(), fs::metadata(path).ok().as_ref()).with_context(failed)?;
    Ok(file)
}

/// Adds to the end of a file.
pub fn append(path: &Path, content: &[u8]) -> Result<()> {
    let file = fs::OpenOptions::new().create(true).append(true).open(path);
    let written = file.and_then(|mut file| file.write_all(content));
    written.with_context(|| format!("cannot write {}", path.display()))
}

/// Removes a folder with all that is in it; it need not exist. A folder that its owner may not write to does not stop it.
pub fn remove_dir(path: &Path) -> Result<()> {
    let removed = fs::remove_dir_all(path).or_else(|error| {
        if error.kind() != std::io::ErrorKind::PermissionDenied {
            return Err(error);
        }
        unlock(path);
        fs::remove_dir_all(path)
    });
    match removed {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
            Err(error).with_context(|| format!("cannot remove {}", path.display()))
        }
        _ => Ok(()),
    }
}

/// Gives the owner all rights on a folder and those in it, as far as that can be done; links are not followed.
fn unlock(dir: &Path) {
    let mut todo = vec![dir.to_owned()];
    while let Some(dir) = todo.pop() {
        allow(&dir);
        let entries = fs::read_dir(&dir).into_iter().flatten().flatten();
        todo.extend(
            entries.filter(|entry| entry.file_type().is_ok_and(|kind| kind.is_dir())).map(|entry| entry.path()),
        );
    }
}

/// Gives the owner all rights on one folder; not on what a link leads to.
fn allow(dir: &Path) {
    let meta = fs::symlink_metadata(dir);
    if let Some(meta) = meta.ok().filter(fs::Metadata::is_dir) {
        meta::allow(dir, &meta);
    }
}

/// Removes a folder; what cannot be removed is moved aside, into this other folder, so that the name is free. Returns
/// why something is left, with the place where it is now.
pub fn clear_dir(path: &Path, aside: &Path) -> Option<String> {
    let error = remove_dir(path).err()?;
    let moved = (0..1000).map(|n| aside.join(n.to_string())).find(|place| !place.exists());
    let moved = moved.filter(|place| make_dir(aside).is_ok() && fs::rename(path, place).is_ok());
    let left = moved.as_deref().unwrap_or(path);
    Some(format!("{error:#}; {} is left, remove it by hand", left.display()))
}

/// The entries of a folder, sorted by name; empty if the folder does not exist.
pub fn list(dir: &Path) -> Result<Vec<PathBuf>> {
    let entries = match fs::read_dir(dir) {
        Ok(entries) => entries,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(Vec::new()),
        Err(error) => return Err(error).with_context(|| format!("cannot list {}", dir.display())),
    };
    let mut paths = Vec::new();
    for entry in entries {
        paths.push(entry.with_context(|| format!("cannot list {}", dir.display()))?.path());
    }
    paths.sort();
    Ok(paths)
}

/// Renames a file or folder.
pub fn rename(from: &Path, to: &Path) -> Result<()> {
    fs::rename(from, to).with_context(|| format!("cannot rename {} to {}", from.display(), to.display()))
}

/// The path of what is there, without links in it, as this system's users write it.
///
/// # Errors
/// Nothing is there, or a folder on the way may not be read.
pub fn real(path: &Path) -> std::io::Result<PathBuf> {
    meta::real(path)
}

/// A path as specs, evidence, manifests, git and pages have it on every system: with `/`.
pub fn slashed(path: &Path) -> String {
    meta::slashed(path)
}

/// Copies a file.
pub fn copy(from: &Path, to: &Path) -> Result<()> {
    fs::copy(from, to).with_context(|| format!("cannot copy {} to {}", from.display(), to.display()))?;
    Ok(())
}

/// Copies a file, without what may be done with it: it is as any new file.
pub(crate) fn copy_plain(from: &Path, to: &Path) -> Result<()> {
    copy(from, to)?;
    meta::take_mode(to, None).with_context(|| format!("cannot write {}", to.display()))
}

/// Copies a file with its modification time.
pub(crate) fn copy_with_time(from: &Path, to: &Path) -> Result<()> {
    let failed = || format!("cannot copy {} to {}", from.display(), to.display());
    if let Some(dir) = to.parent() {
        make_dir(dir)?;
    }
    fs::copy(from, to).with_context(failed)?;
    let time = fs::metadata(from).and_then(|meta| meta.modified()).with_context(failed)?;
    let file = fs::OpenOptions::new().append(true).open(to).with_context(failed)?;
    file.set_modified(time).with_context(failed)
}

/// When a file was last written, if it exists.
pub(crate) fn modified(path: &Path) -> Option<std::time::SystemTime> {
    fs::metadata(path).and_then(|meta| meta.modified()).ok()
}

/// The number by which the file system knows the file at this path, if it says.
pub(crate) fn inode(path: &Path) -> Option<u64> {
    meta::inode(&fs::metadata(path).ok()?)
}

/// When a file's content or its place last changed, which nobody can set back; coarser than the clock.
pub(crate) fn changed(path: &Path) -> Option<std::time::SystemTime> {
    meta::changed(&fs::symlink_metadata(path).ok()?)
}

/// Makes a file executable for everybody.
pub(crate) fn make_executable(path: &Path) -> Result<()> {
    meta::make_executable(path).with_context(|| format!("cannot make {} executable", path.display()))
}

/// Whether it is a file that may be executed.
pub(crate) fn is_executable(path: &Path) -> bool {
    fs::metadata(path).is_ok_and(|meta| meta.is_file() && meta::is_executable(path, &meta))
}

/// Makes a symbolic link with this text.
pub fn symlink(text: &str, at: &Path) -> Result<()> {
    meta::symlink(text, at).with_context(|| format!("cannot link {}", at.display()))
}

/// The text of a symbolic link.
pub fn link_text(at: &Path) -> Result<String> {
    let to = fs::read_link(at).with_context(|| format!("cannot read the link {}", at.display()))?;
    Ok(to.to_string_lossy().into_owned())
}

/// What a symbolic link leads to in the end, without links in its path; `None` if it is none or leads nowhere.
pub fn link_target(at: &Path) -> Option<PathBuf> {
    fs::symlink_metadata(at).ok().filter(fs::Metadata::is_symlink)?;
    real(at).ok()
}

/// Whether everybody may write to this folder, as to `/tmp`.
pub fn is_everybodys(dir: &Path) -> bool {
    fs::metadata(dir).is_ok_and(|meta| meta::is_everybodys(&meta))
}

/// Creates a symbolic link to this file or folder, replacing any other file; does nothing if it exists.
pub fn link(target: &Path, at: &Path) -> Result<()> {
    match fs::symlink_metadata(at) {
        Ok(meta) if meta.is_symlink() && fs::read_link(at).is_ok_and(|old| old == target) => return Ok(()),
        Ok(_) => remove(at)?,
        Err(_) => {}
    }
    symlink(&target.to_string_lossy(), at)
}

/// Removes a file, link or folder, if it exists. Links are not followed.
pub fn remove(path: &Path) -> Result<()> {
    match fs::symlink_metadata(path) {
        Ok(meta) if meta.is_dir() => remove_dir(path),
        Ok(_) => fs::remove_file(path).with_context(|| format!("cannot remove {}", path.display())),
        Err(_) => Ok(()),
    }
}

/// Whether it is a folder, not a link to one.
pub fn is_own_dir(path: &Path) -> bool {
    fs::symlink_metadata(path).is_ok_and(|meta| meta.is_dir())
}

/// Writes a file unless it already has this content, so that its modification time shows when it changed.
pub fn write_if_changed(path: &Path, content: &[u8]) -> Result<()> {
    let same =
        fs::symlink_metadata(path).is_ok_and(|meta| meta.is_file()) && fs::read(path).is_ok_and(|old| old == content);
    if same {
        return Ok(());
    }
    write(path, content)
}

/// A hard link to a file, or a copy if the file system does not support it.
pub fn hard_link(from: &Path, to: &Path) -> Result<()> {
    if fs::hard_link(from, to).is_ok() {
        return Ok(());
    }
    copy(from, to)
}

/// Waits for the exclusive lock of this file, held as long as the result lives.
pub fn lock_exclusive(path: &Path) -> Result<fs::File> {
    let file = fs::File::create(path).with_context(|| format!("cannot make {}", path.display()))?;
    file.lock().with_context(|| format!("cannot lock {}", path.display()))?;
    Ok(file)
}

/// Takes the exclusive lock of this file if it is free.
pub fn try_lock_exclusive(path: &Path) -> Result<Option<fs::File>> {
    let file = fs::File::create(path).with_context(|| format!("cannot make {}", path.display()))?;
    match file.try_lock() {
        Ok(()) => Ok(Some(file)),
        Err(fs::TryLockError::WouldBlock) => Ok(None),
        Err(fs::TryLockError::Error(error)) => Err(error).with_context(|| format!("cannot lock {}", path.display())),
    }
}

/// Copies the files of a folder (not its folders) into another, which is made.
pub fn copy_files(from: &Path, to: &Path) -> Result<()> {
    make_dir(to)?;
    for path in list(from)? {
        if path.is_file() {
            let target = to.join(path.file_name().unwrap_or_default());
            fs::copy(&path, &target)
                .with_context(|| format!("cannot copy {} to {}", path.display(), target.display()))?;
        }
    }
    Ok(())
}

/// A glob on paths, as cargo and GitHub's actions read it: `*` and `?` stay within a folder, `**` does not, braces mean
/// themselves.
pub(crate) fn path_glob(glob: &str) -> Result<GlobMatcher> {
    let glob = glob.replace('{', "\\{").replace('}', "\\}");
    let read = GlobBuilder::new(&glob).literal_separator(true).backslash_escape(true).build();
    Ok(read?.compile_matcher())
}
