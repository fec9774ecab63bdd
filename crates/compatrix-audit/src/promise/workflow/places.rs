//! The places of toolchains and platforms in all workflows, what is done with each, and the judgement over them.

use std::collections::{BTreeMap, BTreeSet};

use super::super::kinds::{quoted, Promise, PromiseKind, PromiseSource};
use super::super::names::is_lowest;
use super::super::scanned::NotTaken;
use super::context::Source;

/// What a job does with a toolchain.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(in crate::promise) enum Use {
    /// A step or a job installs it or names it.
    Named,
    /// The job's scripts may do anything with it.
    Unknown,
    /// It builds the packages.
    Builds,
    /// It tests the packages.
    Tests,
    /// It runs a tool: `Clippy`.
    Tool(&'static str),
    /// It builds or tests, but that promises nothing.
    Idle(Idle),
}

/// Why building or testing promises nothing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(in crate::promise) enum Idle {
    /// `continue-on-error`
    MayFail,
    /// The job's condition is false.
    NeverRuns,
    /// The job's condition asks for inputs.
    OnDemand,
    /// Its result is released; nothing says that others can build it.
    Releases,
}

/// What a job does on a platform.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(in crate::promise) enum Done {
    Nothing,
    Built,
    Tested,
}

#[derive(Debug, Default)]
struct ToolchainPlace {
    uses: BTreeSet<Use>,
    lowest: bool,
}

impl ToolchainPlace {
    /// Whether a key called MSRV promises it, whatever uses it; not if it need not pass.
    fn promises_by_name(&self, key: &str) -> bool {
        let need_not_pass = [Idle::MayFail, Idle::NeverRuns].iter().any(|idle| self.uses.contains(&Use::Idle(*idle)));
        self.lowest && is_lowest(key) && !need_not_pass
    }
}

/// Why a platform whose tests may fail is not taken over.
const MAY_FAIL: &str = "the tests may fail there";

/// All places that were found.
#[derive(Debug, Default)]
pub(in crate::promise) struct Places {
    toolchains: BTreeMap<(Source, String), ToolchainPlace>,
    /// With why a test there proves nothing, and the most that is done.
    platforms: BTreeMap<(Source, String, Option<String>), Done>,
    sqlite: BTreeSet<(Source, String)>,
    others: BTreeSet<(usize, usize, String)>,
    /// Why what is read now promises nothing.
    idle: Option<Idle>,
}

impl Places {
    /// From now on, building and testing promises nothing, or something again. Returns what held before.
    pub(in crate::promise) fn set_idle(&mut self, idle: Option<Idle>) -> Option<Idle> {
        std::mem::replace(&mut self.idle, idle)
    }

    pub(in crate::promise) fn idle(&self) -> Option<Idle> {
        self.idle
    }

    /// What a use counts as in the job or step that is read now.
    pub(in crate::promise) fn counts_as(&self, of: Use) -> Use {
        match (self.idle, of) {
            // Who tests a release promises what is tested.
            (Some(Idle::Releases), Use::Tests) => Use::Tests,
            (Some(idle), Use::Builds | Use::Tests | Use::Unknown) => Use::Idle(idle),
            (_, of) => of,
        }
    }

    /// The toolchains of a job that never runs, read apart.
    pub(in crate::promise) fn never_run(&mut self, job: Places, why: Idle) {
        for ((source, name), place) in job.toolchains {
            if !place.uses.is_empty() {
                self.toolchain(&source, &name, Some(Use::Idle(why)));
            }
        }
    }

    /// A toolchain's place, perhaps with a use.
    pub(in crate::promise) fn toolchain(&mut self, source: &Source, name: &str, of: Option<Use>) {
        let of = of.map(|of| self.counts_as(of));
        let place = self.toolchains.entry((source.clone(), name.to_owned())).or_default();
        place.uses.extend(of);
    }

    /// The toolchain is the lowest that is promised.
    pub(in crate::promise) fn lowest(&mut self, source: &Source, name: &str) {
        self.toolchains.entry((source.clone(), name.to_owned())).or_default().lowest = true;
    }

    /// A platform's place, and the most that is done there.
    pub(in crate::promise) fn platform(&mut self, source: &Source, platform: &str, done: Done, never: Option<String>) {
        let never = never.or_else(|| (self.idle == Some(Idle::MayFail)).then(|| MAY_FAIL.to_owned()));
        let place = self.platforms.entry((source.clone(), platform.to_owned(), never)).or_insert(done);
        *place = done.max(*place);
    }

    pub(in crate::promise) fn sqlite(&mut self, source: &Source, version: &str) {
        self.sqlite.insert((source.clone(), version.to_owned()));
    }

    /// A place that is not taken over.
    pub(in crate::promise) fn not_taken(&mut self, file: usize, line: usize, because: impl Into<String>) {
        self.others.insert((file, line, because.into()));
    }

    /// The promises and what is not taken over; `files` has the path and the lines of each file.
    pub(in crate::promise) fn finish(self, files: &[(String, Vec<String>)]) -> (Vec<Promise>, Vec<NotTaken>) {
        let mut done = Finished { files, promises: Vec::new(), not_taken: Vec::new() };
        let tested = self.platforms.iter().filter(|((_, _, never), done)| never.is_none() && **done == Done::Tested);
        let promised: BTreeSet<&String> = tested.map(|((_, platform, _), _)| platform).collect();
        let mut on_line: BTreeMap<(usize, usize), usize> = BTreeMap::new();
        for (source, _) in self.toolchains.keys() {
            *on_line.entry((source.file, source.line)).or_default() += 1;
        }
        for ((source, name), place) in &self.toolchains {
            let alone = on_line.get(&(source.file, source.line)) == Some(&1);
            match refused(&place.uses, if alone { "it" } else { name }) {
                // A key called MSRV promises, whatever uses it.
                None => done.promise(source, kind(name, place.lowest)),
                Some(_) if place.promises_by_name(&source.key) => {
                    done.promise(source, kind(name, true));
                }
                Some(because) => done.not_taken(source.file, source.line, because),
            }
        }
        for ((source, platform, never), of) in &self.platforms {
            match (never, of) {
                (None, Done::Tested) => done.promise(source, PromiseKind::Platform(platform.clone())),
                (Some(never), _) if never == MAY_FAIL && (promised.contains(platform) || *of != Done::Tested) => {}
                (Some(never), Done::Built | Done::Tested) => done.not_taken(source.file, source.line, never.clone()),
                // Where the same platform is tested elsewhere, nothing is lost.
                (None, Done::Built) if !promised.contains(platform) => {
                    done.not_taken(source.file, source.line, format!("{platform} is only built there, not tested"));
                }
                _ => {}
            }
        }
        for (source, version) in self.sqlite {
            done.promise(&source, PromiseKind::Sqlite(version));
        }
        for (file, line, because) in self.others {
            done.not_taken(file, line, because);
        }
        (done.promises, done.not_taken)
    }
}

fn kind(name: &str, lowest: bool) -> PromiseKind {
    if lowest && name.starts_with(|c: char| c.is_ascii_digit()) {
        PromiseKind::LowestRust(name.to_owned())
    } else {
        PromiseKind::Rust(name.to_owned())
    }
}

/// Why the uses of a toolchain make no promise; `name` is what to call it.
fn refused(uses: &BTreeSet<Use>, name: &str) -> Option<String> {
    if uses.contains(&Use::Builds) || uses.contains(&Use::Tests) {
        return None;
    }
    let tools: Vec<&str> =
        uses.iter().filter_map(|one| if let Use::Tool(name) = one { Some(*name) } else { None }).collect();
    match tools.as_slice() {
        [] if uses.contains(&Use::Unknown) => None,
        _ if uses.contains(&Use::Idle(Idle::MayFail)) => Some(format!("{name} may fail there")),
        _ if uses.contains(&Use::Idle(Idle::Releases)) => Some(format!("{name} only builds releases")),
        [] if uses.contains(&Use::Idle(Idle::OnDemand)) => Some("the job runs only if its inputs say so".to_owned()),
        [] if uses.contains(&Use::Idle(Idle::NeverRuns)) => Some("the job never runs".to_owned()),
        [] if uses.contains(&Use::Named) => Some(format!("no step builds or tests with {name}")),
        [] => Some(format!("no step uses {name}")),
        [one] => Some(format!("{name} only runs {one}")),
        [others @ .., last] => Some(format!("{name} only runs {} and {last}", others.join(", "))),
    }
}

struct Finished<'f> {
    files: &'f [(String, Vec<String>)],
    promises: Vec<Promise>,
    not_taken: Vec<NotTaken>,
}

impl Finished<'_> {
    fn line(&self, file: usize, line: usize) -> (String, &str) {
        let Some((path, lines)) = self.files.get(file) else { return (String::new(), "") };
        (path.clone(), lines.get(line.saturating_sub(1)).map(String::as_str).unwrap_or_default())
    }

    fn promise(&mut self, source: &Source, kind: PromiseKind) {
        let (file, text) = self.line(source.file, source.line);
        let text = quoted(text);
        self.promises.push(Promise {
            file,
            line: source.line,
            source: PromiseSource::Workflow,
            kind,
            key: source.key.clone(),
            spelled: source.spelled.clone(),
            text,
        });
    }

    fn not_taken(&mut self, file: usize, line: usize, because: String) {
        let (path, text) = self.line(file, line);
        let one = NotTaken::new(&path, line, text, because);
        self.not_taken.push(one);
    }
}
