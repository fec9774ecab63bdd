//! A target folder for each build, and what the builds of a lane share.
//!
//! cargo tells the units of two feature sets apart by a hash in their names, but not what it makes for people: programs,
//! examples and shared libraries have plain names, and the build that ends last has the last word, while tests of the
//! first still start them. So each build has a target folder of its own. What bears a hash is the same wherever it lies:
//! a lane keeps one copy of it in a pool, and a build begins with what the pool has, newest first, so that nothing is
//! compiled twice. Large files that are only ever replaced as a whole are hard links; all else is copied with its time.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use anyhow::Result;
use compatrix_model::plan::{Build, DebugInfo};

use super::units::{profiles, NOTE};
use crate::sys::files;
use crate::sys::host::Host;

/// The lane's pool, beside the builds' own folders.
const POOL: &str = "pool";
/// cargo's file in each unit's folder that is written when its compiler starts.
const STARTED: &str = "invoked.timestamp";

/// The target folder of this build.
pub(crate) fn target_dir(host: &Host, build: &Build) -> PathBuf {
    let id = match build.debug {
        DebugInfo::Full => build.id(),
        DebugInfo::None => format!("{} debug=none", build.id()),
    };
    let name = files::hash_bytes(id.as_bytes()).to_string();
    host.dir.join("build").join(build.lane()).join(&name[..12])
}

/// Gives the build what its lane has.
///
/// # Errors
/// Files cannot be linked or copied.
pub(super) fn take(target: &Path) -> Result<()> {
    if let Some(lane) = target.parent() {
        units(&lane.join(POOL), target, &|_| true)?;
    }
    Ok(())
}

/// Gives the lane what the build has.
///
/// # Errors
/// As [`take`].
pub(super) fn give(target: &Path) -> Result<()> {
    if let Some(lane) = target.parent() {
        units(target, &lane.join(POOL), &|_| true)?;
    }
    Ok(())
}

/// Gives a build of another tree what a build has, but for packages of these names, which the trees have their own sources
/// of.
///
/// # Errors
/// As [`take`].
pub(crate) fn lend(from: &Path, to: &Path, but: &BTreeSet<String>) -> Result<()> {
    units(from, to, &|package| !but.contains(package))
}

/// Brings all units of admitted packages in one target folder into another that has none of their names, or older ones.
fn units(from: &Path, to: &Path, admits: &dyn Fn(&str) -> bool) -> Result<()> {
    for profile in profiles(from)? {
        let Ok(below) = profile.strip_prefix(from) else { continue };
        let (from, to) = (from.join(below), to.join(below));
        let deps = files::list(&from.join("deps"))?;
        for unit in files::list(&from.join(".fingerprint"))? {
            let Some(name) = unit.file_name() else { continue };
            let text = name.to_string_lossy();
            if !admits(text.rsplit_once('-').map_or(&*text, |(package, _)| package)) {
                continue;
            }
            let there = to.join(".fingerprint").join(name);
            if !is_newer(&unit, &there) {
                continue;
            }
            let outputs = outputs(&deps, &name.to_string_lossy());
            let build = from.join("build").join(name);
            if outputs.is_empty() && !files::exists(&build) {
                // A program or a library with a plain name: each build has its own.
                continue;
            }
            // Last, so that a unit that was cut short is no unit.
            files::remove(&there)?;
            for output in &outputs {
                bring(output, &to.join("deps").join(output.file_name().unwrap_or_default()))?;
            }
            if files::exists(&build) {
                bring_dir(&build, &to.join("build").join(name), true)?;
            }
            bring_dir(&unit, &there, false)?;
        }
    }
    Ok(())
}

/// The libraries and dependency files of the unit `PACKAGE-HASH`; none if it is a program.
fn outputs<'p>(deps: &'p [PathBuf], unit: &str) -> Vec<&'p PathBuf> {
    let Some((_, hash)) = unit.rsplit_once('-') else { return Vec::new() };
    let sign = format!("-{hash}.");
    let is_of_unit = |path: &&PathBuf| path.file_name().is_some_and(|name| name.to_string_lossy().contains(&sign));
    let found: Vec<&PathBuf> = deps.iter().filter(is_of_unit).collect();
    if found.iter().any(|path| is_library(path)) {
        found
    } else {
        Vec::new()
    }
}

fn is_library(path: &Path) -> bool {
    path.extension().is_some_and(|e| ["rlib", "rmeta", "so", "dylib", "dll"].iter().any(|library| e == *library))
}

/// Whether a unit was compiled after the one of the same name elsewhere.
fn is_newer(unit: &Path, other: &Path) -> bool {
    let time = |unit: &Path| -> Option<SystemTime> {
        // A build script's run has no such file here; its fingerprint is written when it ends.
        files::modified(&unit.join(STARTED)).or_else(|| {
            files::list(unit).ok()?.iter().filter(|f| !f.ends_with(NOTE)).filter_map(|f| files::modified(f)).max()
        })
    };
    match (time(unit), time(other)) {
        (Some(here), Some(there)) => here > there,
        (Some(_), None) => true,
        (None, _) => false,
    }
}

/// A file at another place: a link if it is replaced as a whole when it changes, else a copy with the same time.
fn bring(from: &Path, to: &Path) -> Result<()> {
    if is_library(from) {
        files::remove(to)?;
        if let Some(dir) = to.parent() {
            files::make_dir(dir)?;
        }
        return files::hard_link(from, to);
    }
    files::copy_with_time(from, to)
}

/// A folder at another place. `programs`: executables right in it are linked, as linkers replace them as a whole.
fn bring_dir(from: &Path, to: &Path, programs: bool) -> Result<()> {
    files::remove(to)?;
    files::make_dir(to)?;
    for path in files::list(from)? {
        let at = to.join(path.file_name().unwrap_or_default());
        if files::is_own_dir(&path) {
            bring_dir(&path, &at, false)?;
        } else if programs && path.extension().is_none() && files::is_executable(&path) {
            files::hard_link(&path, &at)?;
        } else {
            files::copy_with_time(&path, &at)?;
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn put(dir: &Path, path: &str, text: &str) {
        files::write(&dir.join(path), text.as_bytes()).unwrap();
    }

    #[test]
    fn units_with_a_hash_are_shared_and_programs_are_not() {
        let lane = tempfile::tempdir().unwrap();
        let (one, two) = (lane.path().join("one"), lane.path().join("two"));
        for (path, text) in [
            ("debug/.fingerprint/dep-0a/invoked.timestamp", "t"),
            ("debug/.fingerprint/dep-0a/lib-dep", "f"),
            ("debug/deps/libdep-0a.rlib", "dep"),
            ("debug/deps/dep-0a.d", "d"),
            ("debug/.fingerprint/dep-0b/run-build-script-build-script-build", "f"),
            ("debug/build/dep-0b/output", "cargo:x"),
            ("debug/build/dep-0b/out/made.rs", "made"),
            ("debug/.fingerprint/tool-0c/invoked.timestamp", "t"),
            ("debug/deps/tool-0c", "program"),
            ("debug/deps/tool-0c.d", "d"),
            ("debug/.fingerprint/own-0d/invoked.timestamp", "t"),
            ("debug/deps/libown.so", "plain name"),
            ("debug/tool", "program"),
        ] {
            put(&one, path, text);
        }
        give(&one).unwrap();
        take(&two).unwrap();
        let has = |path: &str| files::exists(&two.join("debug").join(path));
        assert!(has("deps/libdep-0a.rlib") && has("deps/dep-0a.d") && has(".fingerprint/dep-0a/lib-dep"));
        assert!(has("build/dep-0b/out/made.rs") && has(".fingerprint/dep-0b"));
        assert!(!has("deps/tool-0c") && !has(".fingerprint/tool-0c") && !has("tool"));
        assert!(!has(".fingerprint/own-0d") && !has("deps/libown.so"));
        let time = |dir: &Path| files::modified(&dir.join("debug/build/dep-0b/output"));
        assert_eq!(time(&one), time(&two), "cargo compares times");
    }

    #[test]
    fn what_one_build_writes_again_stays_apart_until_it_is_given() {
        let lane = tempfile::tempdir().unwrap();
        let (one, two) = (lane.path().join("one"), lane.path().join("two"));
        let read = |dir: &Path, path: &str| files::read_text(&dir.join("debug").join(path)).unwrap();
        put(&one, ".rustc_info.json", "");
        put(&one, "debug/.fingerprint/dep-0a/invoked.timestamp", "1");
        put(&one, "debug/.fingerprint/dep-0a/lib-dep", "first");
        put(&one, "debug/deps/libdep-0a.rlib", "first");
        give(&one).unwrap();
        take(&two).unwrap();
        // As cargo and rustc do: fingerprints in place, libraries by a new file.
        std::thread::sleep(std::time::Duration::from_millis(20));
        put(&two, "debug/.fingerprint/dep-0a/invoked.timestamp", "2");
        files::append(&two.join("debug/.fingerprint/dep-0a/lib-dep"), b" second").unwrap();
        put(&two, "debug/deps/libdep-0a.rlib", "second");
        assert_eq!(
            (read(&one, "deps/libdep-0a.rlib"), read(&one, ".fingerprint/dep-0a/lib-dep")),
            ("first".into(), "first".into())
        );
        give(&two).unwrap();
        take(&one).unwrap();
        let now = (read(&one, "deps/libdep-0a.rlib"), read(&one, ".fingerprint/dep-0a/lib-dep"));
        assert_eq!(now, ("second".into(), "first second".into()), "newest wins");
        // An older one never comes back.
        give(&one).unwrap();
        take(&two).unwrap();
        assert_eq!(read(&two, "deps/libdep-0a.rlib"), "second");
    }

    #[test]
    fn another_tree_gets_all_but_what_it_has_sources_of() {
        let both = tempfile::tempdir().unwrap();
        let (head, base) = (both.path().join("head"), both.path().join("base"));
        for (path, text) in [
            ("release/.fingerprint/dep-x-0a/lib-dep", "f"),
            ("release/deps/libdep_x-0a.rlib", "dep"),
            ("release/.fingerprint/own-0b/lib-own", "f"),
            ("release/deps/libown-0b.rlib", "own"),
        ] {
            put(&head, path, text);
        }
        lend(&head, &base, &BTreeSet::from(["own".to_owned()])).unwrap();
        assert!(base.join("release/deps/libdep_x-0a.rlib").exists());
        assert!(base.join("release/.fingerprint/dep-x-0a/lib-dep").exists());
        assert!(!base.join("release/deps/libown-0b.rlib").exists());
        assert!(!base.join("release/.fingerprint/own-0b").exists());
    }
}
