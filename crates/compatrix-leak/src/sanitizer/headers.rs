//! Parses the lines of a report that are not frames: findings, related places, failures of the sanitizer.

use super::raw::RawFinding;
use crate::finding::FindingKind;

/// A line that starts or ends a part of the report.
pub(super) enum Header {
    /// The start of a list of leaks.
    Leaks,
    /// A finding, whose stack follows.
    Finding(Box<RawFinding>),
    /// The sanitizer did not work.
    Trouble(String),
    /// It ended the process for a reason other than a memory error.
    Stopped(String),
    /// The end of a report.
    Summary,
}

/// Names of memory errors in headers and summaries, with their kinds. Source: compiler-rt, asan_errors.h.
const ERRORS: &[(&str, FindingKind)] = &[
    ("heap-use-after-free", FindingKind::UseAfterFree),
    ("stack-use-after-return", FindingKind::UseAfterFree),
    ("stack-use-after-scope", FindingKind::UseAfterFree),
    ("heap-buffer-overflow", FindingKind::InvalidAccess),
    ("stack-buffer-overflow", FindingKind::InvalidAccess),
    ("stack-buffer-underflow", FindingKind::InvalidAccess),
    ("dynamic-stack-buffer-overflow", FindingKind::InvalidAccess),
    ("global-buffer-overflow", FindingKind::InvalidAccess),
    ("container-overflow", FindingKind::InvalidAccess),
    ("intra-object-overflow", FindingKind::InvalidAccess),
    ("use-after-poison", FindingKind::InvalidAccess),
    ("unknown-crash", FindingKind::InvalidAccess),
    ("negative-size-param", FindingKind::InvalidAccess),
    ("SEGV", FindingKind::InvalidAccess),
    ("BUS", FindingKind::InvalidAccess),
    ("access-violation", FindingKind::InvalidAccess),
    ("attempting double-free", FindingKind::InvalidFree),
    ("attempting free on address which was not malloc()-ed", FindingKind::InvalidFree),
    ("attempting to call", FindingKind::InvalidFree),
    ("alloc-dealloc-mismatch", FindingKind::MismatchedFree),
    ("new-delete-type-mismatch", FindingKind::MismatchedFree),
    ("stack-overflow", FindingKind::StackOverflow),
    ("memcpy-param-overlap", FindingKind::UndefinedBehaviour),
    ("memmove-param-overlap", FindingKind::UndefinedBehaviour),
    ("strcpy-param-overlap", FindingKind::UndefinedBehaviour),
    ("strncpy-param-overlap", FindingKind::UndefinedBehaviour),
    ("strcat-param-overlap", FindingKind::UndefinedBehaviour),
    ("strncat-param-overlap", FindingKind::UndefinedBehaviour),
    ("invalid-pointer-pair", FindingKind::UndefinedBehaviour),
    ("initialization-order-fiasco", FindingKind::UndefinedBehaviour),
    ("odr-violation", FindingKind::UndefinedBehaviour),
    ("invalid alignment requested", FindingKind::UndefinedBehaviour),
    ("FPE", FindingKind::UndefinedBehaviour),
    ("ILL", FindingKind::UndefinedBehaviour),
    ("TRAP", FindingKind::UndefinedBehaviour),
];

/// Exhausted resources, which are not memory errors.
const STOPS: [&str; 6] = [
    "requested allocation size",
    "allocator is out of memory",
    "out of memory",
    "out-of-memory",
    "specified RSS limit exceeded",
    "calloc parameters overflow",
];

const PTRACE: &str = "LeakSanitizer cannot check for leaks if the process is traced or tracing is forbidden: run it \
                      without strace and gdb, in a container with `--cap-add=SYS_PTRACE`";

/// Strips the prefix `==PID==`.
pub(super) fn without_pid(line: &str) -> &str {
    let inner = line.strip_prefix("==").and_then(|rest| rest.split_once("=="));
    match inner {
        Some((pid, rest)) if !pid.is_empty() && pid.bytes().all(|b| b.is_ascii_digit()) => rest,
        _ => line,
    }
}

/// Parses a line that starts or ends a part of the report.
pub(super) fn header(line: &str) -> Option<Header> {
    if let Some(header) = leak(line).or_else(|| trouble(line)) {
        return Some(header);
    }
    if line.starts_with("SUMMARY: ") && line.contains("Sanitizer: ") {
        return Some(Header::Summary);
    }
    let (tool, said) = line.strip_prefix("ERROR: ")?.split_once(": ")?;
    if !tool.ends_with("Sanitizer") {
        return None;
    }
    if said == "detected memory leaks" {
        return Some(Header::Leaks);
    }
    let thread = thread(said);
    let said = without_addresses(said);
    if STOPS.iter().any(|word| said.starts_with(word)) {
        return Some(Header::Stopped(format!("{tool} ended the process: {said}")));
    }
    let kind = ERRORS.iter().find(|(word, _)| starts_with_word(&said, word)).map(|(_, kind)| *kind);
    // An unknown name, from a newer runtime, is an error too.
    let finding = raw(kind.unwrap_or(FindingKind::InvalidAccess), said, true);
    Some(Header::Finding(Box::new(RawFinding { thread, ..finding })))
}

fn raw(kind: FindingKind, what: String, fatal: bool) -> RawFinding {
    RawFinding { kind, bytes: 0, blocks: 0, what, stack: Vec::new(), related: Vec::new(), fatal, thread: None }
}

fn starts_with_word(text: &str, word: &str) -> bool {
    text.strip_prefix(word).is_some_and(|rest| !rest.starts_with(|c: char| c.is_alphanumeric() || c == '-'))
}

/// Parses `Direct leak of 77 byte(s) in 1 object(s) allocated from:`.
fn leak(line: &str) -> Option<Header> {
    let (kind, rest) = match line.split_once(" leak of ")? {
        ("Direct", rest) => (FindingKind::Definite, rest),
        ("Indirect", rest) => (FindingKind::Indirect, rest),
        _ => return None,
    };
    let (bytes, rest) = rest.split_once(" byte(s) in ")?;
    let (blocks, _) = rest.split_once(" object(s)")?;
    let (bytes, blocks) = (bytes.parse().ok()?, blocks.parse().ok()?);
    let what = line.strip_suffix(" allocated from:").unwrap_or(line).to_owned();
    Some(Header::Finding(Box::new(RawFinding { bytes, blocks, ..raw(kind, what, false) })))
}

fn trouble(line: &str) -> Option<Header> {
    if line.starts_with("LeakSanitizer has encountered a fatal error") {
        return Some(Header::Trouble(PTRACE.to_owned()));
    }
    if line.starts_with("LeakSanitizer: bad pointer ") {
        return Some(Header::Finding(Box::new(raw(FindingKind::InvalidFree, "bad pointer freed".to_owned(), true))));
    }
    let (tool, said) = line.split_once(": ")?;
    if tool.ends_with("Sanitizer") && said.starts_with("CHECK failed: ") {
        let said = said.split(" (tid=").next().unwrap_or(said);
        let why = format!("{tool} broke down: {said}; the cause may be overwritten memory or a bug in the sanitizer");
        return Some(Header::Trouble(why));
    }
    if tool.ends_with("Sanitizer") && said.starts_with("ERROR: ") {
        let said = said.trim_start_matches("ERROR: ");
        return Some(Header::Trouble(format!("{tool} refuses its options: {said}; fix the suite's `flags`")));
    }
    if line.starts_with("ERROR: Invalid value for ") {
        let said = line.trim_start_matches("ERROR: ");
        return Some(Header::Trouble(format!("the sanitizer refuses its options: {said}; fix the suite's `flags`")));
    }
    let no_room = line.contains("ReserveShadowMemoryRange failed")
        || line.contains("Shadow memory range interleaves")
        // As a warning, it means that a requested block was refused.
        || line.starts_with("ERROR: ") && line.contains("Sanitizer failed to allocate ");
    no_room.then(|| {
        let why = "the sanitizer cannot reserve the addresses that it needs: remove memory limits (`ulimit -v`), and \
                   set `vm.overcommit_memory` to a value other than 2";
        Header::Trouble(why.to_owned())
    })
}

/// Describes the stack that follows. Thread numbers vary, so threads are only distinguished from the one of the error.
pub(super) fn related(line: &str, own: Option<&str>) -> Option<String> {
    let whose = |thread: &str| if own == Some(thread) { "the same thread" } else { "another thread" };
    if let Some(what) = line.strip_suffix(" here:") {
        if let Some((thread, _)) = what.strip_prefix("Thread ").and_then(|rest| rest.split_once(" created by ")) {
            let thread = thread.split(' ').next().unwrap_or(thread);
            return Some(format!("{} was started", whose(thread)));
        }
        let (what, thread) = what.rsplit_once(" by thread ")?;
        return Some(format!("{what} by {}", whose(thread)));
    }
    let rest = line.strip_prefix("Address ")?.split_once(" is located in stack of thread ")?.1;
    let (thread, rest) = rest.split_once(' ')?;
    rest.ends_with("in frame").then(|| format!("on the stack of {}, in the frame of", whose(thread)))
}

/// The thread in a line like `READ of size 1 at 0x… thread T1`, `… in thread T1:` or `… sp 0x… T1)`.
fn thread(line: &str) -> Option<String> {
    let last = line.rsplit(' ').next()?.trim_end_matches([':', ')']);
    let number = last.strip_prefix('T')?;
    (!number.is_empty() && number.bytes().all(|b| b.is_ascii_digit())).then(|| last.to_owned())
}

/// Adds details from a line to the finding's message.
pub(super) fn detail(line: &str, finding: &mut RawFinding) {
    if let Some((access, rest)) = line.split_once(" of size ") {
        if matches!(access, "READ" | "WRITE") {
            let size: u64 = rest.split(' ').next().and_then(|size| size.parse().ok()).unwrap_or_default();
            finding.bytes = size;
            let s = if size == 1 { "" } else { "s" };
            finding.what.push_str(&format!(", {} of {size} byte{s}", access.to_lowercase()));
            finding.thread = thread(line).or(finding.thread.take());
            return;
        }
    }
    let more = if let Some(rest) = line.strip_prefix("The signal is caused by a ") {
        Some(format!("a {}", rest.trim_end_matches('.')))
    } else if line.starts_with("Hint: ") {
        line.strip_prefix("Hint: ").map(|hint| hint.trim_end_matches('.').to_owned())
    } else if let Some((_, rest)) = line.split_once(" is located ") {
        let end = [" [0x", " defined in "].iter().filter_map(|end| rest.find(end)).min();
        Some(rest[..end.unwrap_or(rest.len())].to_owned())
    } else if line.trim_start().starts_with('[') && line.contains(" <== Memory access") {
        let name = line.split('\'').nth(1).unwrap_or_default();
        let how = line.rsplit(' ').take(3).collect::<Vec<_>>();
        Some(format!("{} variable '{name}'", how.last().copied().unwrap_or("at")))
    } else {
        None
    };
    // The report also names an unrelated global next to the address.
    let beside = more.as_deref().is_some_and(|more| more.contains(" before global variable 'alloc_"));
    if let Some(more) = more.filter(|_| !beside) {
        finding.what.push_str(&format!(", {more}"));
    }
}

/// Removes parts that differ between runs: `on address 0x… at pc 0x…`, `in thread T1`, registers.
fn without_addresses(text: &str) -> String {
    let text = text.split(" in thread T").next().unwrap_or(text);
    let text = text.split(" (pc 0x").next().unwrap_or(text);
    let text = text.split(" at pc 0x").next().unwrap_or(text);
    let text = text.split(" (0x").next().unwrap_or(text);
    let mut words: Vec<&str> = Vec::new();
    for word in text.split(' ') {
        let bare = word.trim_end_matches([':', ',']);
        let address = bare.strip_prefix("0x").is_some_and(|hex| hex.bytes().all(|b| b.is_ascii_hexdigit()));
        if !address {
            words.push(word);
            continue;
        }
        // The words before the address go too; a size has no `on` before it and stays.
        match words.as_slice() {
            [.., "unknown", "address"] => {}
            [.., "on", "address"] => words.truncate(words.len() - 2),
            [.., "on" | "for"] => words.truncate(words.len() - 1),
            _ if text.starts_with("requested") => words.push(bare),
            _ => {}
        }
    }
    words.join(" ").trim_end_matches([':', ' ']).to_owned()
}
