//! What runs and build scripts write into the sources: snapshots, generated files.
//!
//! A file that they add and git does not track is remembered with its content and is no source, so that results stay
//! those of the sources as they were. Whoever changes it or adds it to git makes it one.

#![allow(clippy::disallowed_methods, reason = "the times of files are read here")]

use std::collections::{BTreeMap, BTreeSet};
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use anyhow::Result;
use compatrix_model::matrix_spec::Project;

use super::listing::{list, Content, Entry};
use super::places::Places;
use crate::sys::host::Host;

/// The system's clock for files may be this much behind.
const TICK: Duration = Duration::from_millis(10);
/// The most files or cells named in a line.
const MOST: usize = 3;

/// The sources at one moment.
#[derive(Debug)]
pub(crate) struct Snapshot(BTreeMap<PathBuf, Entry>);

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
    let listing = list(host, project, places)?;
    Ok(Snapshot(listing.entries.into_iter().map(|entry| (entry.path.clone(), entry)).collect()))
}

/// Compares the sources with what they were, remembers what was written, and tells it with what ran at the time.
pub(crate) fn compare(host: &Host, before: &Snapshot, after: &Snapshot, spans: &[Span]) -> Vec<String> {
    let paths: BTreeSet<&PathBuf> = before.0.keys().chain(after.0.keys()).collect();
    let content = |snapshot: &Snapshot, path: &PathBuf| snapshot.0.get(path).map(|entry| entry.content.clone());
    let changed: Vec<&PathBuf> =
        paths.into_iter().filter(|path| content(before, path) != content(after, path)).collect();
    if changed.is_empty() {
        return Vec::new();
    }
    let mut told: BTreeMap<(String, bool), Vec<String>> = BTreeMap::new();
    for path in changed {
        let at = std::fs::symlink_metadata(path).ok().and_then(|meta| time(meta.ctime(), meta.ctime_nsec()));
        let who = during(spans, at);
        let (old, new) = (before.0.get(path), after.0.get(path));
        let tracked = old.or(new).is_some_and(|entry| entry.tracked);
        let is_left = !tracked && old.is_none_or(|old| knows_left(host, path, &old.content));
        if let Some(Content::File(hash)) = new.map(|entry| &entry.content) {
            let word = if is_left { "left" } else { "written" };
            host.memo.put(&format!("{word} {}", path.display()), &hash.to_string(), &who);
        }
        let shown = path.strip_prefix(&host.root).unwrap_or(path).display().to_string();
        told.entry((who, is_left)).or_default().push(format!("`{shown}`"));
    }
    let line = |((who, is_left), paths): ((String, bool), Vec<String>)| {
        let names = named(&paths);
        match is_left {
            true => format!("{names} was added to the sources while {who}; git does not track it, so results stay valid"),
            false => format!(
                "{names} was changed while {who}; results are of the sources as they were before, and what was built later \
                 may have read the change. Restore it, and let tests write below TMPDIR"
            ),
        }
    };
    told.into_iter().map(line).collect()
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
        Some((path.strip_prefix(&host.root).unwrap_or(&path).display().to_string(), who))
    });
    Ok(written.collect())
}

fn time(seconds: i64, nanos: i64) -> Option<SystemTime> {
    let seconds = Duration::from_secs(u64::try_from(seconds).ok()?);
    UNIX_EPOCH.checked_add(seconds + Duration::from_nanos(u64::try_from(nanos).ok()?))
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

fn named(names: &[String]) -> String {
    let more = match names.len().saturating_sub(MOST) {
        0 => String::new(),
        n => format!(" and {n} more"),
    };
    let first = names.iter().take(MOST).cloned().collect::<Vec<_>>().join(", ");
    format!("{first}{more}")
}

#[cfg(test)]
mod tests {
    use super::*;

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
