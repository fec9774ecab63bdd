//! Finds what a test leaves behind, from a report of what the process still holds after its tests. The report is written
//! by `resources.c` of the engine, which is loaded into the process.
//!
//! Something counts only if it is left by every further call of the test too: a descriptor or thread kept in a `static` is
//! created once and is not a leak.

mod growth;
mod names;
#[cfg(test)]
mod tests;

use std::collections::BTreeMap;

pub use growth::{growth, Baseline, Growth, FEWEST};
pub use names::{stable, Places};

use super::finding::{Finding, FindingKind, Related};
use super::tool::Tool;

/// The format version in the report's first line.
const FORMAT: &str = "2";

/// A parsed report of what a process held.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Held {
    /// One snapshot after each call of the tests, in order.
    pub looks: Vec<Look>,
    /// Whether the report ends properly, so that all requested calls returned.
    pub complete: bool,
}

/// A snapshot after one call.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Look {
    /// The number of the call, from 1.
    pub call: u32,
    /// Live malloc blocks.
    pub blocks: i64,
    /// Bytes of the live blocks.
    pub bytes: i64,
    /// Blocks allocated in total.
    pub made: i64,
    /// Targets (as in `/proc/self/fd`) of descriptors that were not open before `main`.
    pub descriptors: Vec<String>,
    /// Names of all threads but the first.
    pub threads: Vec<String>,
    /// Child processes, and reparented descendants.
    pub children: Vec<Child>,
}

/// A process that a test started.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Child {
    /// Whether it still runs, and under which parent.
    pub state: ChildState,
    /// The process name, at most 15 bytes.
    pub name: String,
    /// The command line, joined by spaces; empty if the process has ended.
    pub command: String,
}

/// The state of a process that a test started.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ChildState {
    /// Running as a child.
    Running,
    /// Ended, but nobody waited for it.
    Ended,
    /// Running after its parent ended.
    Apart,
}

/// A file or folder that a test left in its temporary folder, with its contents.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LeftFile {
    /// The name in the temporary folder.
    pub name: String,
    /// Whether it is a folder.
    pub folder: bool,
    /// The number of files and folders below it.
    pub below: u64,
    /// The total size of all files in bytes.
    pub bytes: u64,
}

/// Parses a report.
///
/// # Errors
/// The text is empty (`None`), does not start like a report, or has an invalid line.
pub fn parse(text: &str) -> Result<Held, Option<String>> {
    let mut lines = text.lines();
    let first = lines.next().ok_or(None)?;
    if first.strip_prefix("begin ") != Some(FORMAT) {
        return Err(Some(format!("it starts with `{first}`")));
    }
    let mut held = Held::default();
    for line in lines {
        if held.complete {
            return Err(Some("it continues after its end".to_owned()));
        }
        if line == "end" {
            held.complete = true;
        } else if fact(&mut held, line).is_none() {
            return Err(Some(format!("it has the line `{line}`")));
        }
    }
    // A line without a line break is incomplete.
    if !text.ends_with('\n') {
        held.complete = false;
    }
    Ok(held)
}

fn fact(held: &mut Held, line: &str) -> Option<()> {
    let (word, rest) = line.split_once(' ')?;
    if word == "look" {
        let mut numbers = rest.split(' ').map(|number| number.parse::<i64>().ok());
        let mut next = || numbers.next().flatten();
        let call = u32::try_from(next()?).ok()?;
        let (blocks, bytes, made) = (next()?, next()?, next()?);
        held.looks.push(Look { call, blocks, bytes, made, ..Look::default() });
        return Some(());
    }
    let look = held.looks.last_mut()?;
    let mut words = rest.split(' ');
    match word {
        "fd" => look.descriptors.push(unescaped(words.next()?)?),
        "thread" => look.threads.push(unescaped(words.next()?)?),
        "child" => {
            let state = match words.next()? {
                "running" => ChildState::Running,
                "ended" => ChildState::Ended,
                "apart" => ChildState::Apart,
                _ => return None,
            };
            let (name, command) = (unescaped(words.next()?)?, unescaped(words.next()?)?);
            look.children.push(Child { state, name, command });
        }
        _ => return None,
    }
    words.next().is_none().then_some(())
}

/// Decodes `%20` to a space, and a lone `%` to nothing.
fn unescaped(word: &str) -> Option<String> {
    if word == "%" {
        return Some(String::new());
    }
    let mut bytes = word.bytes();
    let mut out = Vec::with_capacity(word.len());
    while let Some(byte) = bytes.next() {
        if byte != b'%' {
            out.push(byte);
            continue;
        }
        let mut digit = || Some(char::from(bytes.next()?).to_digit(16)? as u8);
        out.push(digit()? << 4 | digit()?);
    }
    Some(String::from_utf8_lossy(&out).into_owned())
}

/// What a test leaves behind, except memory. `first` is the snapshot after a single call; `repeated` are the snapshots of
/// another process that called it repeatedly, if there was one.
///
/// The second part are notes on things that are kept only once per process, which are not findings.
pub fn leftovers(
    first: &Look,
    files: &[LeftFile],
    repeated: Option<&Held>,
    places: &Places<'_>,
) -> (Vec<Finding>, Vec<String>) {
    let (mut findings, mut notes) = (Vec::new(), Vec::new());
    for (name, group) in grouped(files, |file| stable(&file.name)) {
        findings.push(left_file(&name, &group));
    }
    let descriptors = |look: &Look| look.descriptors.iter().map(|d| names::descriptor(d, places)).collect();
    for (target, count) in counted(descriptors(first)) {
        if let Some(calls) = again(repeated, &target, count, &descriptors) {
            notes.push(format!("keeps a descriptor of {target} open, {calls}"));
            continue;
        }
        let what = format!("leaves a descriptor open: {target}");
        findings.push(finding(FindingKind::LeftoverDescriptor, what, count));
    }
    let threads = |look: &Look| look.threads.iter().map(|name| names::thread(name, places)).collect();
    for (name, count) in counted(threads(first)) {
        if let Some(calls) = again(repeated, &name, count, &threads) {
            notes.push(format!("keeps {name}, {calls}"));
            continue;
        }
        findings.push(finding(FindingKind::LeftoverThread, format!("leaves {name} running"), count));
    }
    for (what, group) in grouped(&first.children, said_of) {
        let mut finding = finding(FindingKind::LeftoverProcess, what, group.len() as u64);
        let commands = group.iter().map(|child| &child.command).filter(|command| !command.is_empty());
        finding.related = commands.map(|c| Related { what: format!("its command: {c}"), stack: Vec::new() }).collect();
        findings.push(finding);
    }
    (findings, notes)
}

fn finding(kind: FindingKind, what: String, blocks: u64) -> Finding {
    Finding { blocks, ..Finding::raw(Tool::Resources, kind, what) }
}

fn said_of(child: &Child) -> String {
    let name = stable(&child.name);
    match child.state {
        ChildState::Running => format!("leaves a child process running: `{name}`"),
        ChildState::Ended => format!("never waits for a child process that ended: `{name}`"),
        ChildState::Apart => format!("leaves a process running that a child of it started: `{name}`"),
    }
}

fn left_file(name: &str, group: &[&LeftFile]) -> Finding {
    let what = match group.iter().any(|file| file.folder) {
        true => format!("leaves a folder in TMPDIR: {name}/"),
        false => format!("leaves a file in TMPDIR: {name}"),
    };
    let below: u64 = group.iter().map(|file| file.below).sum();
    let mut finding = finding(FindingKind::LeftoverFile, what, group.len() as u64 + below);
    finding.bytes = group.iter().map(|file| file.bytes).sum();
    finding
}

/// Why something left after one call is not a leak: several calls do not leave more of it.
fn again(
    repeated: Option<&Held>,
    name: &str,
    count: u64,
    names: &dyn Fn(&Look) -> Vec<String>,
) -> Option<&'static str> {
    let Held { looks, complete: true } = repeated? else { return None };
    let count_in = |look: &Look| names(look).iter().filter(|other| *other == name).count() as u64;
    let last = looks.last().filter(|last| last.call > 1)?;
    if count_in(last) > count {
        return None;
    }
    match looks.iter().all(|look| count_in(look) > 0) {
        true => Some("the same in each call: no leak"),
        false => Some("but not in each call: it ends late, or there is a race"),
    }
}

fn counted(names: Vec<String>) -> BTreeMap<String, u64> {
    let mut counts = BTreeMap::new();
    names.into_iter().for_each(|name| *counts.entry(name).or_default() += 1);
    counts
}

fn grouped<T>(all: &[T], name: impl Fn(&T) -> String) -> BTreeMap<String, Vec<&T>> {
    let mut groups: BTreeMap<String, Vec<&T>> = BTreeMap::new();
    all.iter().for_each(|one| groups.entry(name(one)).or_default().push(one));
    groups
}
