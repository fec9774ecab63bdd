//! What the file system says of files: times and names. It has no modes, and says no inode and no change time to us.

#![allow(clippy::disallowed_methods, reason = "files are looked at and linked here")]

use std::borrow::Cow;
use std::ffi::OsStr;
use std::fs::{self, Metadata};
use std::io;
use std::os::windows::fs::MetadataExt;
use std::path::{Component, Path, PathBuf, Prefix};
use std::time::SystemTime;

/// Seconds from 1601, where Windows begins to count, to the Unix epoch.
const EPOCH: i64 = 11_644_473_600;
/// The unit of its times is 100 ns.
const UNITS: u64 = 10_000_000;

/// A stamp that detects changes of a file: size, times of writing and of making, attributes.
pub(crate) fn stamp(meta: &Metadata) -> String {
    format!("{}:{}:{}:{}", meta.len(), meta.last_write_time(), meta.creation_time(), meta.file_attributes())
}

/// Whether content or place changed at this second since the epoch or later. A file that was moved or linked here keeps
/// its times.
pub(crate) fn changed_since(meta: &Metadata, second: i64) -> bool {
    let latest = meta.last_write_time().max(meta.creation_time()) / UNITS;
    i64::try_from(latest).unwrap_or(i64::MAX).saturating_sub(EPOCH) >= second
}

/// When content or place last changed: the later of the times of writing and of making, which can be set back.
pub(crate) fn changed(meta: &Metadata) -> Option<SystemTime> {
    meta.modified().ok().max(meta.created().ok())
}

/// The number by which the file system knows a file: the standard library does not say.
pub(crate) fn inode(_: &Metadata) -> Option<u64> {
    None
}

/// Whether a file may be executed: its name says so.
pub(crate) fn is_executable(path: &Path, _: &Metadata) -> bool {
    let programs = ["exe", "bat", "cmd", "com"];
    path.extension().is_some_and(|name| programs.iter().any(|program| name.eq_ignore_ascii_case(program)))
}

/// Makes a file executable: its name alone does that.
pub(crate) fn make_executable(_: &Path) -> io::Result<()> {
    Ok(())
}

/// Whether everybody may write to a folder: rights are lists here, which nobody reads.
pub(crate) fn is_everybodys(_: &Metadata) -> bool {
    false
}

/// A file that may be written is as any file.
pub(crate) fn take_mode(new: &Path, _: Option<&Metadata>) -> io::Result<()> {
    let mut rights = fs::metadata(new)?.permissions();
    if rights.readonly() {
        make_writable(&mut rights);
        fs::set_permissions(new, rights)?;
    }
    Ok(())
}

/// Takes the mark from a folder by which it may not be removed, as far as that can be done.
pub(crate) fn allow(dir: &Path, meta: &Metadata) {
    let mut rights = meta.permissions();
    make_writable(&mut rights);
    let _ = fs::set_permissions(dir, rights);
}

#[allow(clippy::permissions_set_readonly_false, reason = "an attribute of Windows, not a mode")]
fn make_writable(rights: &mut fs::Permissions) {
    rights.set_readonly(false);
}

/// Makes a symbolic link with this text, which takes a right that not every user has.
pub(crate) fn symlink(text: &str, at: &Path) -> io::Result<()> {
    let target = at.parent().unwrap_or(Path::new(".")).join(text);
    if target.is_dir() {
        std::os::windows::fs::symlink_dir(text, at)
    } else {
        std::os::windows::fs::symlink_file(text, at)
    }
}

/// The path of what is there, without links in it. The system spells it `\\?\C:\a`, which C compilers and many other
/// programs do not read, and in which `/` is no separator; where `C:\a` is the same, it is that.
pub(crate) fn real(path: &Path) -> io::Result<PathBuf> {
    Ok(plain(fs::canonicalize(path)?))
}

/// The most units of a path that every program can open (MAX_PATH, less the name that a program puts behind a folder).
const LONGEST: usize = 247;

pub(super) fn plain(path: PathBuf) -> PathBuf {
    let Some(text) = path.to_str() else { return path };
    let Some(Component::Prefix(prefix)) = path.components().next() else { return path };
    // Windows takes the end from such a name, unless the path is spelled in full.
    let is_odd = |part: Component<'_>| part.as_os_str().to_string_lossy().ends_with(['.', ' ']);
    match prefix.kind() {
        Prefix::VerbatimDisk(_) if text.encode_utf16().count() <= LONGEST && !path.components().any(is_odd) => {
            PathBuf::from(&text[4..])
        }
        _ => path,
    }
}

/// The path with `/` between its parts. A path that is spelled in full has no other separator than its own.
pub(crate) fn slashed(path: &Path) -> String {
    path.to_string_lossy().replace('\\', "/")
}

/// The name of a program's file.
pub(crate) fn program(name: &str) -> String {
    format!("{name}.exe")
}

/// Makes a file that starts this program under another name: a copy, for links take a right that not every user has.
pub(crate) fn stand_in(program: &Path, at: &Path) -> io::Result<()> {
    fs::copy(program, at).map(drop)
}

/// Whether that file was made of this program as it is. A copy keeps the time of writing.
pub(crate) fn stands_in(program: &Path, at: &Path) -> bool {
    let looked = |path: &Path| fs::metadata(path).map(|meta| (meta.len(), meta.last_write_time())).ok();
    looked(at).is_some_and(|copy| looked(program) == Some(copy))
}

/// Whether our standard output is this file.
pub(crate) fn is_stdout(path: &Path, _: &Metadata) -> bool {
    is(same_file::Handle::stdout(), path)
}

/// Whether our standard error is this file.
pub(crate) fn is_stderr(path: &Path, _: &Metadata) -> bool {
    is(same_file::Handle::stderr(), path)
}

fn is(stream: io::Result<same_file::Handle>, path: &Path) -> bool {
    stream.is_ok_and(|stream| same_file::Handle::from_path(path).is_ok_and(|file| file == stream))
}

/// Whether a path is written as that of a folder.
pub(crate) fn ends_as_folder(path: &Path) -> bool {
    path.as_os_str().to_string_lossy().ends_with(['/', '\\'])
}

/// The bytes of a name, as git has them: in UTF-8.
pub(crate) fn bytes(name: &OsStr) -> Cow<'_, [u8]> {
    match name.to_string_lossy() {
        Cow::Borrowed(text) => Cow::Borrowed(text.as_bytes()),
        Cow::Owned(text) => Cow::Owned(text.into_bytes()),
    }
}

/// The path of these bytes, as git has them: in UTF-8.
pub(crate) fn path(bytes: &[u8]) -> PathBuf {
    PathBuf::from(String::from_utf8_lossy(bytes).into_owned())
}
