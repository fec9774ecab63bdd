//! What runs and build scripts write into the sources: snapshots, generated files.
//!
//! A file that they add and git does not track is remembered with its content and is no source, so that results stay
//! those of the sources as they were. Whoever changes it or adds it to git makes it one.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use anyhow::Result;
use compatrix_model::matrix_spec::Project;

use super::input::Input;
use super::listing::{list, Content, Entry};
use super::places::Places;
use crate::sys::files;
use crate::sys::host::Host;

/// The system's clock for files may be this much behind.
const TICK: Duration = Duration::from_millis(10);
/// The most files or cells named in a line.
const MOST: usize = 3;

/// The sources at one moment.
#[derive(Debug)]
pub(crate) struct Snapshot(BTreeMap<PathBuf, Seen>);

/// A source as it was.
#[derive(Debug)]
struct Seen {
    entry: Entry,
    stamp: Option<String>,
    inode: Option<u64>,
}

/// What differs between two moments.
#[derive(Debug, Default)]
pub(crate) struct Compared {
    /// Lines for people.
    pub(crate) told: Vec<String>,
    /// The sources that are no longer as they were, below the root; what runs left beside them is none.
    pub(crate) changed: Vec<String>,
    /// Whether one of these was not there before.
    pub(crate) added: bool,
}

/// Something of ours that ran: its name for people, and when.
#[derive(Debug, Clone)]
pub(crate) struct Span {
    pub(crate) what: String,
    pub(crate) from: SystemTime,
    pub(crate) to: SystemTime,
}

/// The sources as they are now.
///
/// # Errors
/// A file cannot be read.
pub(crate) fn snapshot(host: &Host, project: &Project, places: &Places) -> Result<Snapshot> {
    let seen = |entry: Entry| {
        let (stamp, inode) = (files::stamp(&entry.path).ok(), files::inode(&entry.path));
        (entry.path.clone(), Seen { entry, stamp, inode })
    };
    Ok(Snapshot(list(host, project, places)?.entries.into_iter().map(seen).collect()))
}

impl Snapshot {
    fn entry(&self, path: &Path) -> Option<&Entry> {
        self.0.get(path).map(|seen| &seen.entry)
    }

    /// Whether no source was touched since; new ones are not looked for.
    pub(crate) fn is_untouched(&self) -> bool {
        self.0.iter().all(|(path, seen)| seen.stamp == files::stamp(path).ok())
    }

    /// Those of these files that are sources and were changed after this moment, below the root. One with its content as it
    /// was counts if it is another file that came after `since`: it was replaced, and put back.
    pub(crate) fn changed(&self, host: &Host, read: &BTreeSet<Input>, since: SystemTime) -> Vec<String> {
        let is_changed = |path: &PathBuf| {
            let Some(seen) = self.0.get(path) else { return false };
            let Content::File(hash) = &seen.entry.content else { return false };
            let now = files::sha256(path, &host.memo);
            let is_replaced =
                seen.inode != files::inode(path) && files::changed(path).is_none_or(|changed| changed >= since);
            now.ok().as_ref() != Some(hash) || is_replaced
        };
        let paths = read.iter().filter_map(|input| input.path(host)).filter(is_changed);
        paths.map(|path| files::slashed(path.strip_prefix(&host.root).unwrap_or(&path))).collect()
    }
}

/// Compares the sources with what they were, remembers what was written, and says so with what ran at the time.
pub(crate) fn compare(host: &Host, before: &Snapshot, after: &Snapshot, spans: &[Span]) -> Compared {
    let paths: BTreeSet<&PathBuf> = before.0.keys().chain(after.0.keys()).collect();
    let content = |snapshot: &Snapshot, path: &PathBuf| snapshot.entry(path).map(|entry| entry.content.clone());
    let changed: Vec<&PathBuf> =
        paths.into_iter().filter(|path| content(before, path) != content(after, path)).collect();
    let mut compared = Compared::default();
    let mut told: BTreeMap<(String, bool), Vec<String>> = BTreeMap::new();
    for path in changed {
        let who = during(spans, files::changed(path));
        let (old, new) = (before.entry(path), after.entry(path));
        let tracked = old.or(new).is_some_and(|entry| entry.tracked);
        let is_known = |entry: Option<&Entry>| entry.is_some_and(|entry| knows_left(host, path, &entry.content));
        let is_left = !tracked && !is_for_cargo(path) && (old.is_none() || is_known(old) || is_known(new));
        if let Some(Content::File(hash)) = new.map(|entry| &entry.content) {
            let word = if is_left { "left" } else { "written" };
            host.memo.put(&format!("{word} {}", path.display()), &hash.to_string(), &who);
        }
        let shown = files::slashed(path.strip_prefix(&host.root).unwrap_or(path));
        if !is_left {
            compared.changed.push(shown.clone());
            compared.added |= old.is_none();
        }
        told.entry((who, is_left)).or_default().push(format!("`{shown}`"));
    }
    let line = |((who, is_left), paths): ((String, bool), Vec<String>)| {
        let names = named(&paths);
        match is_left {
            true => format!("{names} was added to the sources while {who}; git does not track it, so results stay valid"),
            false => format!(
                "{names} was changed while {who}; what was not done by then is of no one state of the sources and does not \
                 count. If a test changed it: restore it, and let tests write below TMPDIR"
            ),
        }
    };
    compared.told = told.into_iter().map(line).collect();
    compared
}

/// Whether cargo finds the file by its name, and builds or obeys it (cargo's reference, "Package Layout"). Another source
/// file counts where one that is compiled leads to it, and then the build says so.
fn is_for_cargo(path: &Path) -> bool {
    let names: Vec<&str> = path.iter().rev().take(3).filter_map(std::ffi::OsStr::to_str).collect();
    let of_targets = |folder: &str| ["tests", "examples", "benches", "bin"].contains(&folder);
    match names.as_slice() {
        ["Cargo.toml" | "build.rs", ..] | ["config.toml" | "config", ".cargo", ..] => true,
        ["lib.rs" | "main.rs", "src", ..] => true,
        ["main.rs", _, folder] => of_targets(folder),
        [file, folder, ..] => file.ends_with(".rs") && of_targets(folder),
        _ => false,
    }
}

/// Those of the sources that runs left and git does not track, with the content that they had.
pub(super) fn left(host: &Host, entries: &[Entry]) -> BTreeSet<PathBuf> {
    let known = entries.iter().filter(|entry| !entry.tracked && knows_left(host, &entry.path, &entry.content));
    known.map(|entry| entry.path.clone()).collect()
}

fn knows_left(host: &Host, path: &Path, content: &Content) -> bool {
    let Content::File(hash) = content else { return false };
    host.memo.get(&format!("left {}", path.display()), &hash.to_string()).is_some()
}

/// The sources that still are as something of ours wrote them: file, and what ran.
///
/// # Errors
/// A file cannot be read.
pub(crate) fn still_written(host: &Host, project: &Project, places: &Places) -> Result<Vec<(String, String)>> {
    let listing = list(host, project, places)?;
    let written = listing.entries.into_iter().filter_map(|Entry { path, content, .. }| {
        let Content::File(hash) = content else { return None };
        let who = host.memo.get(&format!("written {}", path.display()), &hash.to_string())?;
        Some((files::slashed(path.strip_prefix(&host.root).unwrap_or(&path)), who))
    });
    Ok(written.collect())
}

/// What ran at this time, for people.
fn during(spans: &[Span], at: Option<SystemTime>) -> String {
    let ran = |span: &&Span| at.is_none_or(|at| span.from <= at + TICK && at <= span.to);
    let names: BTreeSet<&str> = spans.iter().filter(ran).map(|span| span.what.as_str()).collect();
    let names: Vec<String> = names.into_iter().map(str::to_owned).collect();
    match names.as_slice() {
        [] => "cells ran".to_owned(),
        names => format!("{} ran", named(names)),
    }
}

pub(crate) fn named(names: &[String]) -> String {
    let more = match names.len().saturating_sub(MOST) {
        0 => String::new(),
        n => format!(" and {n} more"),
    };
    let first = names.iter().take(MOST).cloned().collect::<Vec<_>>().join(", ");
    format!("{first}{more}")
}

#[cfg(test)]
mod tests {
    use std::time::UNIX_EPOCH;

    use super::*;

    #[test]
    fn files_that_cargo_finds_by_their_names_are_no_leftovers() {
        for path in
            ["a/Cargo.toml", "a/build.rs", "a/.cargo/config.toml", "a/src/lib.rs", "a/tests/x.rs", "a/src/bin/x.rs"]
        {
            assert!(is_for_cargo(Path::new(path)), "{path}");
        }
        assert!(is_for_cargo(Path::new("a/tests/x/main.rs")));
        for path in
            ["a/src/made.rs", "a/tests/expand/x.expanded.rs", "a/tests/x.snap.new", "a/x.toml", "a/tests/x/mod.rs"]
        {
            assert!(!is_for_cargo(Path::new(path)), "{path}");
        }
    }

    #[test]
    fn what_ran_at_the_time_is_named() {
        let at = |ms: u64| UNIX_EPOCH + Duration::from_millis(ms);
        let span = |what: &str, from, to| Span { what: what.to_owned(), from: at(from), to: at(to) };
        let spans = [span("a", 0, 1000), span("b", 500, 2000), span("b", 2500, 2600), span("c", 3000, 4000)];
        assert_eq!(during(&spans, Some(at(100))), "a ran");
        assert_eq!(during(&spans, Some(at(700))), "a, b ran");
        assert_eq!(during(&spans, Some(at(2995))), "c ran", "the clock of files is coarse");
        assert_eq!(during(&spans, Some(at(2200))), "cells ran");
        assert_eq!(during(&spans, None), "a, b, c ran", "a removed file has no time");
        let many: Vec<String> = ["a", "b", "c", "d", "e"].map(str::to_owned).to_vec();
        assert_eq!(named(&many), "a, b, c and 2 more");
    }
}
