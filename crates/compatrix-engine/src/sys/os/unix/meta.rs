//! What the file system says of files: identity, times, modes, names.

#![allow(clippy::disallowed_methods, reason = "files are looked at and linked here")]

use std::borrow::Cow;
use std::ffi::OsStr;
use std::fs::{self, Metadata};
use std::io;
use std::os::fd::AsFd;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

/// A stamp that detects changes of a file: size, modification time, inode and change time.
pub(crate) fn stamp(meta: &Metadata) -> String {
    format!(
        "{}:{}.{}:{}:{}.{}",
        meta.size(),
        meta.mtime(),
        meta.mtime_nsec(),
        meta.ino(),
        meta.ctime(),
        meta.ctime_nsec()
    )
}

/// Whether content or place changed at this second since the epoch or later.
pub(crate) fn changed_since(meta: &Metadata, second: i64) -> bool {
    meta.mtime() >= second || meta.ctime() >= second
}

/// When content or place last changed, which nobody can set back; coarser than the clock.
pub(crate) fn changed(meta: &Metadata) -> Option<SystemTime> {
    let since = Duration::new(u64::try_from(meta.ctime()).ok()?, u32::try_from(meta.ctime_nsec()).ok()?);
    UNIX_EPOCH.checked_add(since)
}

/// The number by which the file system knows a file.
pub(crate) fn inode(meta: &Metadata) -> Option<u64> {
    Some(meta.ino())
}

/// Whether a file may be executed.
pub(crate) fn is_executable(_: &Path, meta: &Metadata) -> bool {
    meta.mode() & 0o111 != 0
}

/// Makes a file executable for everybody.
pub(crate) fn make_executable(path: &Path) -> io::Result<()> {
    fs::set_permissions(path, PermissionsExt::from_mode(0o755))
}

/// Whether everybody may write to a folder, as to `/tmp`.
pub(crate) fn is_everybodys(meta: &Metadata) -> bool {
    meta.mode() & 0o1002 == 0o1002
}

/// Gives a new file the mode of the one that it replaces, or that of any file.
pub(crate) fn take_mode(new: &Path, old: Option<&Metadata>) -> io::Result<()> {
    let mode = old.map_or(0o644, |meta| meta.mode() & 0o777);
    fs::set_permissions(new, PermissionsExt::from_mode(mode))
}

/// Gives the owner all rights on a folder, as far as that can be done.
pub(crate) fn allow(dir: &Path, meta: &Metadata) {
    let rights = PermissionsExt::from_mode(meta.mode() & 0o7777 | 0o700);
    let _ = fs::set_permissions(dir, rights);
}

/// Makes a symbolic link with this text.
pub(crate) fn symlink(text: &str, at: &Path) -> io::Result<()> {
    std::os::unix::fs::symlink(text, at)
}

/// The path of what is there, without links in it.
pub(crate) fn real(path: &Path) -> io::Result<PathBuf> {
    fs::canonicalize(path)
}

/// The path with `/` between its parts, as it is.
pub(crate) fn slashed(path: &Path) -> String {
    path.to_string_lossy().into_owned()
}

/// The name of a program's file.
pub(crate) fn program(name: &str) -> String {
    name.to_owned()
}

/// Makes a file that starts this program under another name: a link.
pub(crate) fn stand_in(program: &Path, at: &Path) -> io::Result<()> {
    std::os::unix::fs::symlink(program, at)
}

/// Whether that file was made of this program as it is.
pub(crate) fn stands_in(program: &Path, at: &Path) -> bool {
    fs::read_link(at).is_ok_and(|to| to == program)
}

/// Whether our standard output is this file.
pub(crate) fn is_stdout(_: &Path, meta: &Metadata) -> bool {
    is(&io::stdout(), meta)
}

/// Whether our standard error is this file.
pub(crate) fn is_stderr(_: &Path, meta: &Metadata) -> bool {
    is(&io::stderr(), meta)
}

fn is(stream: &dyn AsFd, meta: &Metadata) -> bool {
    let of_stream = stream.as_fd().try_clone_to_owned().and_then(|stream| fs::File::from(stream).metadata());
    of_stream.is_ok_and(|stream| (stream.dev(), stream.ino()) == (meta.dev(), meta.ino()))
}

/// Whether a path is written as that of a folder.
pub(crate) fn ends_as_folder(path: &Path) -> bool {
    path.as_os_str().as_bytes().ends_with(b"/")
}

/// The bytes of a name, as git has them.
pub(crate) fn bytes(name: &OsStr) -> Cow<'_, [u8]> {
    Cow::Borrowed(name.as_bytes())
}

/// The path of these bytes, as git has them.
pub(crate) fn path(bytes: &[u8]) -> PathBuf {
    PathBuf::from(OsStr::from_bytes(bytes))
}
