//! wine, which starts Windows executables: its prefix, made once, and a run's own copy of it.
//!
//! A prefix holds a Windows: registry, users, `drive_c`. All processes of one prefix share a server, so two runs in one
//! prefix would meet, and ending what one run left would end the other. So each run has a prefix of its own: folders and
//! small files are copied, and the 700 MB of libraries are links to those in the cache.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::{bail, Context, Result};

use crate::sys::files;
use crate::sys::host::{last_lines, Host};
use crate::sys::process::Command;

/// The variable that names a prefix.
pub(crate) const PREFIX: &str = "WINEPREFIX";
/// The folder of a run's own prefix, in its scratch folder.
pub(crate) const FOLDER: &str = "wine";
/// How long making a prefix may take.
const PATIENCE: Duration = Duration::from_secs(300);
/// The compiler for the library below.
const MINGW: &str = "x86_64-w64-mingw32-gcc";
/// A library that std needs and wine before 8.13 lacks (std's `sys/random/windows.rs` calls its `ProcessPrng`).
const PRNG: &str = "bcryptprimitives.dll";
/// The file of a prefix that says what the prefix held when it was made.
const INVENTORY: &str = "inventory";
/// `ProcessPrng` by wine's own source of random bytes.
const PRNG_C: &str = include_str!("prng.c");

/// Whether a runner's first word is wine.
pub(crate) fn is_one(word: &str) -> bool {
    let name = Path::new(word).file_name().unwrap_or_default().to_string_lossy();
    name == "wine" || name == "wine64"
}

/// Where Debian's package wine64 has its program.
pub(crate) fn of_debian(word: &str) -> Option<PathBuf> {
    let path = Path::new("/usr/lib/wine/wine64");
    (word == "wine64" && path.is_file()).then(|| path.to_owned())
}

/// `wine 8.0` of `wine-8.0 (Debian 8.0~repack-4)`.
pub(crate) fn spelled(said: &str) -> String {
    said.split_whitespace().next().unwrap_or(said).replacen('-', " ", 1)
}

/// The variables that keep wine from asking and from talking.
pub(crate) fn quiet() -> BTreeMap<String, String> {
    let vars = [("WINEDEBUG", "-all"), ("WINEARCH", "win64"), ("DISPLAY", "")];
    vars.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect()
}

/// The variables of programs in this prefix.
pub(crate) fn in_prefix(dir: &Path) -> BTreeMap<String, String> {
    let mut variables = quiet();
    variables.insert(PREFIX.to_owned(), dir.to_string_lossy().into_owned());
    variables
}

/// Makes a prefix of the one in the cache in place of what is there, for this runner.
///
/// # Errors
/// wine makes none.
pub(crate) fn renew(host: &Host, runner: &[String], dir: &Path) -> Result<()> {
    let Some(program) = runner.first() else { return Ok(()) };
    let prefix = prefix(host, Path::new(program))?;
    files::remove_dir(dir)?;
    copy(&prefix, dir)
}

/// Under which name it is remembered that this wine has no prefix.
pub(crate) fn failure_name(program: &Path) -> String {
    format!("wine prefix of {}", program.display())
}

/// Whether this wine lacks the library that std needs.
fn lacks_prng(program: &Path) -> bool {
    let own = program.parent().unwrap_or(Path::new("/")).to_owned();
    let near = ["/usr/lib/x86_64-linux-gnu/wine/x86_64-windows", "/usr/lib/wine/x86_64-windows"].map(PathBuf::from);
    let relative = own.join("../lib/wine/x86_64-windows");
    let dirs: Vec<PathBuf> = near.into_iter().chain([relative]).filter(|dir| dir.is_dir()).collect();
    !dirs.is_empty() && !dirs.iter().any(|dir| files::exists(&dir.join(PRNG)))
}

/// The version, with what is added to this wine: the page is not to say more than what ran.
pub(crate) fn with_additions(host: &Host, program: &Path, version: String) -> String {
    match lacks_prng(program) && host.ambient.find(MINGW).is_some() {
        true => format!("{version} with ProcessPrng added"),
        false => version,
    }
}

/// The prefix in the cache, made if there is none.
///
/// # Errors
/// wine makes none.
fn prefix(host: &Host, program: &Path) -> Result<PathBuf> {
    let adds = lacks_prng(program) && host.ambient.find(MINGW).is_some();
    let stamp = format!("{} {} {adds} {PRNG_C}", program.display(), files::stamp(program)?);
    let name = files::hash_bytes(stamp.as_bytes()).to_string();
    let all = host.cache.join("wine");
    let whole = all.join(&name[..16]);
    if is_whole(&whole) {
        return Ok(whole);
    }
    files::make_dir(&all)?;
    let _lock = files::lock_exclusive(&all.join(format!("{}.lock", &name[..16])))?;
    if is_whole(&whole) {
        return Ok(whole);
    }
    files::remove_dir(&whole)?;
    let making = tempfile::Builder::new().prefix(".making").tempdir_in(&all).context("no folder for wine's prefix")?;
    let made = make(host, program, making.path(), adds);
    if let Err(error) = made {
        let reason = format!("{} makes no prefix: {error:#}; is this wine whole?", program.display());
        host.remember_failure(&failure_name(program), &reason);
        bail!(reason);
    }
    files::rename(&making.keep(), &whole)?;
    Ok(whole)
}

fn make(host: &Host, program: &Path, dir: &Path, adds: bool) -> Result<()> {
    // The server writes the registry when it ends, which it does some seconds after the last program.
    let home = dir.join("home");
    files::make_dir(&home)?;
    let mut boot = Command::new("sh", dir)
        .args(["-c", "\"$0\" wineboot -i && \"$1\" -w"])
        .args([program, &server(program)].map(|path| path.to_string_lossy()))
        .envs(&host.ambient.for_runs())
        // wine leads folders of its users there.
        .env("HOME", home.to_string_lossy())
        .envs(&in_prefix(dir));
    boot.timeout = Some(PATIENCE);
    let finished = host.run(&boot)?;
    let system = dir.join("drive_c/windows/system32");
    if !finished.status.success() || !files::exists(&system.join("kernel32.dll")) {
        bail!("`wineboot -i` ended with {}: {}", finished.status, last_lines(&finished.stderr.text(), 2));
    }
    if !files::exists(&dir.join("system.reg")) {
        bail!("`wineboot -i` wrote no registry");
    }
    if adds {
        let source = dir.join("prng.c");
        files::write(&source, PRNG_C.as_bytes())?;
        let library = system.join(PRNG).to_string_lossy().into_owned();
        let compile = Command::new(MINGW, dir)
            .args(["-shared", "-O1", "-o", library.as_str(), "prng.c", "-ladvapi32"])
            .envs(&host.ambient.for_builds());
        let finished = host.run(&compile)?;
        if !finished.status.success() {
            bail!("{PRNG} does not compile: {}", last_lines(&finished.stderr.text(), 3));
        }
        files::remove(&source)?;
    }
    files::write(&dir.join(INVENTORY), inventory(dir)?.as_bytes())
}

/// Whether a prefix is there and as it was made. Nothing runs in the one of the cache, but the prefixes of runs link to its
/// files: what a test writes into `C:\windows` would be there for all runs after it.
fn is_whole(prefix: &Path) -> bool {
    let noted = files::read_text(&prefix.join(INVENTORY));
    noted.is_ok_and(|noted| inventory(prefix).is_ok_and(|found| found == noted))
}

/// The names of all in a folder, with the stamps of files, as a hash.
fn inventory(prefix: &Path) -> Result<String> {
    let mut lines = Vec::new();
    let mut folders = vec![prefix.to_owned()];
    while let Some(folder) = folders.pop() {
        for entry in files::list(&folder)? {
            if entry == prefix.join(INVENTORY) {
                continue;
            }
            let name = entry.strip_prefix(prefix).unwrap_or(&entry).display();
            if files::is_own_dir(&entry) {
                lines.push(format!("{name}/"));
                folders.push(entry);
            } else {
                let what = files::link_text(&entry).or_else(|_| files::stamp(&entry))?;
                lines.push(format!("{name} {what}"));
            }
        }
    }
    lines.sort();
    Ok(files::hash_parts(lines.iter().map(String::as_str)).to_string())
}

/// The server of this wine: beside it, by one of two names, or on PATH.
fn server(program: &Path) -> PathBuf {
    let beside = ["wineserver64", "wineserver"].map(|name| program.with_file_name(name));
    beside.into_iter().find(|path| path.is_file()).unwrap_or_else(|| PathBuf::from("wineserver"))
}

/// Makes a run's own prefix of the one in the cache.
///
/// # Errors
/// Files cannot be copied.
fn copy(from: &Path, to: &Path) -> Result<()> {
    files::make_dir(to)?;
    for name in ["system.reg", "user.reg", "userdef.reg", ".update-timestamp"] {
        files::copy(&from.join(name), &to.join(name))?;
    }
    files::make_dir(&to.join("dosdevices"))?;
    files::symlink("../drive_c", &to.join("dosdevices/c:"))?;
    files::symlink("/", &to.join("dosdevices/z:"))?;
    copy_folders(&from.join("drive_c"), &to.join("drive_c"))
}

/// Files up to this many bytes are copied, larger ones are linked to.
const SMALL: u64 = 16 * 1024;

/// Copies a folder, but for large files. Links in it lead to folders of the user's home, which become folders of the copy.
fn copy_folders(from: &Path, to: &Path) -> Result<()> {
    files::make_dir(to)?;
    for entry in files::list(from)? {
        let there = to.join(entry.file_name().unwrap_or_default());
        if files::is_own_dir(&entry) {
            copy_folders(&entry, &there)?;
        } else if files::link_text(&entry).is_ok() {
            files::make_dir(&there)?;
        } else if files::size(&entry) > SMALL {
            files::symlink(&entry.to_string_lossy(), &there)?;
        } else {
            files::copy(&entry, &there)?;
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_prefix_counts_only_as_it_was_made() {
        let dir = tempfile::tempdir().unwrap();
        let prefix = dir.path().join("prefix");
        let system = prefix.join("drive_c/windows/system32");
        files::write(&prefix.join("system.reg"), b"registry").unwrap();
        files::write(&system.join("kernel32.dll"), b"library").unwrap();
        files::symlink("../drive_c", &prefix.join("c:")).unwrap();
        assert!(!is_whole(&prefix), "one of a version that noted nothing");
        let note = || files::write(&prefix.join(INVENTORY), inventory(&prefix).unwrap().as_bytes()).unwrap();
        note();
        assert!(is_whole(&prefix));
        files::write(&system.join("sqlite3.dll"), b"planted").unwrap();
        assert!(!is_whole(&prefix), "a library that a test put there");
        files::remove(&system.join("sqlite3.dll")).unwrap();
        assert!(is_whole(&prefix));
        files::write(&system.join("kernel32.dll"), b"another").unwrap();
        assert!(!is_whole(&prefix), "a library that a test replaced");
        note();
        files::remove(&prefix.join("system.reg")).unwrap();
        assert!(!is_whole(&prefix), "a registry that is gone");
    }

    #[test]
    #[cfg(unix)] // wine is not for Windows
    fn what_a_run_puts_into_its_windows_is_not_in_the_next_one() {
        let dir = tempfile::tempdir().unwrap();
        let (cached, one, two) = (dir.path().join("cached"), dir.path().join("one"), dir.path().join("two"));
        let system = "drive_c/windows/system32";
        for name in ["system.reg", "user.reg", "userdef.reg", ".update-timestamp"] {
            files::write(&cached.join(name), b"registry").unwrap();
        }
        let large = vec![b'x'; 100_000];
        files::write(&cached.join(system).join("kernel32.dll"), &large).unwrap();
        files::write(&cached.join("drive_c/windows/win.ini"), b"[fonts]").unwrap();
        copy(&cached, &one).unwrap();
        assert_eq!(files::read(&one.join(system).join("kernel32.dll")).unwrap(), large);
        files::write(&one.join(system).join("sqlite3.dll"), b"planted").unwrap();
        files::write(&one.join("drive_c/windows/win.ini"), b"changed").unwrap();
        copy(&cached, &two).unwrap();
        assert!(!files::exists(&two.join(system).join("sqlite3.dll")));
        assert!(!files::exists(&cached.join(system).join("sqlite3.dll")));
        assert_eq!(files::read(&two.join("drive_c/windows/win.ini")).unwrap(), b"[fonts]");
    }

    #[test]
    fn what_wine_says_of_its_version() {
        assert_eq!(spelled("wine-8.0 (Debian 8.0~repack-4)"), "wine 8.0");
        assert_eq!(spelled("wine-10.0"), "wine 10.0");
        assert!(is_one("wine64") && is_one("/usr/lib/wine/wine64") && !is_one("ci/winery.sh") && !is_one("wine-dbg"));
    }
}
