//! Variables, lists of folders, and words of shells.

use std::path::{Path, PathBuf};

use crate::sys::os::words;

/// The variable by which a started program finds its shared libraries (ld.so(8); dyld(1)).
pub(crate) const LIBRARY_PATH: &str = if cfg!(target_os = "macos") { "DYLD_LIBRARY_PATH" } else { "LD_LIBRARY_PATH" };
/// What is between the folders of such a variable, and of PATH.
pub(crate) const SEPARATOR: &str = ":";
/// Variables that every process needs, besides those that Unix has.
pub(crate) const NEEDED: [&str; 0] = [];
/// The folder from which a relative name of a program is looked up: none of the user's.
pub(crate) const NOWHERE: &str = "/";

/// A variable's name as it is looked up.
pub(crate) fn name(name: String) -> String {
    name
}

/// Where caches are below the user's home.
pub(crate) fn cache_folder(_: Option<&str>, home: Option<&Path>) -> Option<PathBuf> {
    Some(home?.join(".cache"))
}

/// A command that starts in this folder with this environment alone, as the shell of this system reads it back.
pub(crate) fn line<'a>(dir: &str, env: impl Iterator<Item = (&'a str, &'a str)>, words: &[&str]) -> String {
    words::posix(dir, env, words)
}
