//! Variables, lists of folders, and words of shells.

use std::path::{Path, PathBuf};

use crate::sys::os::words;

/// The variable by which a started program finds its shared libraries, and programs.
pub(crate) const LIBRARY_PATH: &str = "PATH";
/// What is between the folders of PATH.
pub(crate) const SEPARATOR: &str = ";";
/// Variables that every process needs, besides those that Unix has: without them many a program does not start.
pub(crate) const NEEDED: [&str; 15] = [
    "APPDATA",
    "COMSPEC",
    "HOMEDRIVE",
    "HOMEPATH",
    "LOCALAPPDATA",
    "NUMBER_OF_PROCESSORS",
    "PATHEXT",
    "PROCESSOR_ARCHITECTURE",
    "PROGRAMDATA",
    "PROGRAMFILES",
    "SYSTEMDRIVE",
    "SYSTEMROOT",
    "TEMP",
    "TMP",
    "USERPROFILE",
];
/// The folder from which a relative name of a program is looked up: none of the user's.
pub(crate) const NOWHERE: &str = "C:\\";

/// A variable's name as it is looked up: upper and lower case are the same here.
pub(crate) fn name(name: String) -> String {
    name.to_uppercase()
}

/// Where caches are: LOCALAPPDATA, which is below the user's home.
pub(crate) fn cache_folder(local: Option<&str>, home: Option<&Path>) -> Option<PathBuf> {
    let local = local.map(PathBuf::from).filter(|path| path.is_absolute());
    local.or_else(|| Some(home?.join("AppData").join("Local")))
}

/// A command that starts in this folder with this environment alone, as the shell of this system reads it back.
pub(crate) fn line<'a>(dir: &str, env: impl Iterator<Item = (&'a str, &'a str)>, words: &[&str]) -> String {
    words::powershell(dir, env, words)
}
