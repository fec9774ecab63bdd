//! Parses the standard error of one Miri process: findings, why it cannot run a test, which seeds fail.
//!
//! Miri prints diagnostics like the compiler: an `error:` with its place, then the stack. Both stack formats are parsed:
//! `= note: inside …` under `BACKTRACE:` (until 2025) and the numbered `stack backtrace:` since. The text may end
//! anywhere, and may be interleaved with cargo's lines. Parsing never fails: unknown text is passed on verbatim.
//! Sources: `src/diagnostics.rs`, `src/bin/miri.rs` and `tests/fail` of the repository rust-lang/miri.

mod diagnostics;
mod kinds;

use self::diagnostics::{Diagnostic, Level};
use super::finding::{Finding, FindingKind, Frame, Related};
use super::tool::Tool;

/// The parsed output of one Miri process.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Read {
    /// Distinct findings, however many seeds show them.
    pub findings: Vec<Finding>,
    /// Why Miri cannot run the program to the end, in Miri's words without test-specific parts.
    pub not_runnable: Option<String>,
    /// The first other reason that ended the process.
    pub trouble: Option<Trouble>,
    /// The failing seeds in ascending order; only with `-Zmiri-many-seeds`.
    pub failing_seeds: Vec<u64>,
    /// Distinct warnings that weaken its results.
    pub notes: Vec<String>,
}

/// Why a Miri process ended, other than findings and unsupported operations.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Trouble {
    /// The program aborted (`abort`, a panic while panicking), or ran out of memory.
    Aborted(String),
    /// It does not compile under Miri.
    Compile(String),
    /// Miri or `cargo miri` itself failed.
    Tool(String),
    /// A signal killed the interpreter: `signal: 9, SIGKILL: kill`, in cargo's words.
    Killed(String),
}

/// Parses the standard error of `cargo miri test` for one test.
pub fn parse(stderr: &str) -> Read {
    let mut read = Read::default();
    // Each seed is a separate program: counts add up within a seed, not over several.
    let mut part = Vec::new();
    for line in stderr.lines() {
        let (word, number) = line.split_once(": ").unwrap_or_default();
        let failing = word.eq_ignore_ascii_case("failing seed");
        if failing {
            read.failing_seeds.extend(number.trim().parse::<u64>());
        }
        if failing || word.eq_ignore_ascii_case("trying seed") {
            read.merge(one(&part));
            part.clear();
        } else {
            part.push(line);
        }
    }
    read.merge(one(&part));
    read.failing_seeds.sort_unstable();
    read.failing_seeds.dedup();
    read
}

/// Parses the output of one interpreted program.
fn one(lines: &[&str]) -> Read {
    let mut read = Read::default();
    let mut dump = false;
    for line in lines {
        // Errors of `cargo miri`: the standard library cannot be built, an unknown flag.
        if let Some(message) = line.strip_prefix("fatal error: ") {
            read.trouble.get_or_insert_with(|| Trouble::Tool(message.to_owned()));
        }
        if line.starts_with("Running unit tests of `proc-macro` crates is not currently supported") {
            read.not_runnable.get_or_insert_with(|| "is a unit test of procedural macros".to_owned());
        }
        let exit = line.trim_start().strip_prefix("process didn't exit successfully: ");
        if let Some((_, signal)) = exit.and_then(|exit| exit.rsplit_once("(signal: ")) {
            let signal = format!("signal: {}", signal.trim_end_matches(')'));
            read.trouble.get_or_insert(Trouble::Killed(signal));
        }
        // Until 2023, leaks were reported as a dump of each block: `alloc77 (Rust heap, size: 24, align: 8) {`.
        let begins = line.strip_prefix("The following memory was leaked:");
        dump = (dump || begins.is_some()) && !line.starts_with("error");
        let block = begins.unwrap_or(line).trim_start().strip_suffix(" {");
        if let Some(leak) = block.filter(|block| dump && block.starts_with("alloc") && block.contains("heap, size: ")) {
            read.find(leaked(leak, Vec::new()));
        }
    }
    for diagnostic in diagnostics::of(lines.iter().copied()) {
        read.take(diagnostic);
    }
    read
}

impl Read {
    fn take(&mut self, diagnostic: Diagnostic) {
        if diagnostic.level == Level::Warning {
            if kinds::weakens(&diagnostic.title) {
                self.note(kinds::plain(&diagnostic.title));
            }
            return;
        }
        let title = diagnostic.title.as_str();
        if let Some(leak) = title.strip_prefix("memory leaked: ") {
            self.find(leaked(leak, diagnostic.stack()));
        } else if let Some(message) = title.strip_prefix("unsupported operation: ") {
            self.not_runnable.get_or_insert_with(|| kinds::unsupported(message));
        } else if title.starts_with("the main thread terminated without waiting") {
            let what = "the main thread ended without waiting for all others";
            let finding = Finding { blocks: 1, ..raw(FindingKind::LeftoverThread, what) };
            self.find(finding);
        } else if title.contains("deadlocked") {
            self.deadlock(diagnostic);
        } else if let Some(message) = title.strip_prefix("Undefined Behavior") {
            let message = message.trim_start_matches([':', ' ']).to_owned();
            self.find(undefined(&message, diagnostic));
        } else if let Some(message) = title.strip_prefix("abnormal termination: ") {
            self.trouble.get_or_insert_with(|| Trouble::Aborted(kinds::plain(message)));
        } else if title.starts_with("resource exhaustion") {
            self.trouble.get_or_insert_with(|| Trouble::Aborted(kinds::plain(title)));
        } else if title.starts_with("the evaluated program leaked memory") {
            if self.findings.is_empty() {
                self.find(leaked(title, diagnostic.stack()));
            }
        } else if title.starts_with("internal compiler error") {
            self.trouble.get_or_insert_with(|| Trouble::Tool(title.to_owned()));
        } else if !kinds::is_summary(title) {
            let place = diagnostic.place.as_ref().and_then(|frame| Some((frame.file.as_deref()?, frame.line?)));
            let at = place.map(|(file, line)| format!(" ({file}:{line})")).unwrap_or_default();
            self.trouble.get_or_insert_with(|| Trouble::Compile(format!("{}{at}", kinds::plain(title))));
        }
    }

    /// Merges Miri's errors about waiting threads, one per thread, into one finding.
    fn deadlock(&mut self, diagnostic: Diagnostic) {
        let stack = diagnostic.stack();
        match self.findings.iter_mut().find(|finding| finding.kind == FindingKind::Deadlock) {
            Some(known) => {
                let related = Related { what: "another thread waits here".to_owned(), stack };
                if !related.stack.is_empty() && related.stack != known.stack && !known.related.contains(&related) {
                    known.related.push(related);
                }
            }
            None => self.find(Finding { stack, ..raw(FindingKind::Deadlock, "the threads wait for each other") }),
        }
    }

    /// Adds a finding. Blocks leaked from the same place become one finding.
    fn find(&mut self, finding: Finding) {
        match self.known(&finding) {
            Some(known) => {
                known.blocks += finding.blocks;
                known.bytes += finding.bytes;
                known.what = leak_in_words(known);
            }
            None => self.findings.push(finding),
        }
    }

    /// The same leak, if this program or another seed already has it.
    fn known(&mut self, finding: &Finding) -> Option<&mut Finding> {
        let heap = |finding: &Finding| finding.what.rsplit_once(" of the ").map(|(_, heap)| heap.to_owned());
        self.findings.iter_mut().find(|known| {
            let leak = finding.kind == FindingKind::Definite && heap(known) == heap(finding);
            known.kind == finding.kind && known.stack == finding.stack && (leak || known.what == finding.what)
        })
    }

    /// Adds the results of another seed.
    fn merge(&mut self, other: Read) {
        for finding in other.findings {
            match self.known(&finding) {
                Some(known) if finding.bytes > known.bytes => *known = finding,
                Some(_) => {}
                None => self.findings.push(finding),
            }
        }
        other.notes.into_iter().for_each(|note| self.note(note));
        self.not_runnable = self.not_runnable.take().or(other.not_runnable);
        self.trouble = self.trouble.take().or(other.trouble);
    }

    fn note(&mut self, note: String) {
        if !self.notes.contains(&note) {
            self.notes.push(note);
        }
    }
}

fn raw(kind: FindingKind, what: impl Into<String>) -> Finding {
    Finding::raw(Tool::Miri, kind, what)
}

/// Parses `alloc1 (Rust heap, size: 4, align: 4), allocated here:`.
fn leaked(text: &str, stack: Vec<Frame>) -> Finding {
    let inside = text.split_once('(').map_or("", |(_, rest)| rest.split(')').next().unwrap_or_default());
    let heap = inside.split(", ").next().filter(|heap| !heap.is_empty()).unwrap_or("memory");
    let size = inside.split(", ").find_map(|part| part.strip_prefix("size: "));
    let bytes = size.and_then(|size| size.parse().ok()).unwrap_or(0);
    let what = format!(" of the {heap}");
    let mut finding = Finding { bytes, blocks: 1, stack, ..raw(FindingKind::Definite, what) };
    finding.what = leak_in_words(&finding);
    finding
}

/// `48 bytes leaked in 3 blocks of the Rust heap`.
fn leak_in_words(leak: &Finding) -> String {
    let heap = leak.what.rsplit_once(" of the ").map_or("memory", |(_, heap)| heap);
    let count = |n: u64, thing: &str| format!("{n} {thing}{}", if n == 1 { "" } else { "s" });
    format!("{} leaked in {} of the {heap}", count(leak.bytes, "byte"), count(leak.blocks, "block"))
}

fn undefined(message: &str, diagnostic: Diagnostic) -> Finding {
    let stack = diagnostic.stack();
    let kind = kinds::kind(message, &diagnostic.marked, &stack);
    let message = message.split(". (2) just happened here").next().unwrap_or_default();
    let what = match kinds::plain(message) {
        empty if empty.is_empty() => "undefined behavior".to_owned(),
        what => what,
    };
    let related = diagnostic.children.into_iter().filter_map(|child| {
        let stack = vec![child.place?];
        Some(Related { what: kinds::plain(child.what.trim_end_matches(':')), stack })
    });
    Finding { stack, related: related.collect(), ..raw(kind, what) }
}
