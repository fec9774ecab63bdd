//! Kinds of findings in people's words: what one is called, how much of it there is, what to do about it.

use compatrix_leak::{finding::Class, FindingKind};

use super::gather::Group;
use crate::look::count;

/// What it is called within a sentence.
pub(crate) fn title(kind: FindingKind) -> &'static str {
    match kind {
        FindingKind::Definite => "definite leak",
        FindingKind::Indirect => "indirect leak",
        FindingKind::Possible => "possible leak",
        FindingKind::Reachable => "memory still reachable at the end",
        FindingKind::UseAfterFree => "use after free",
        FindingKind::InvalidAccess => "access outside of any block",
        FindingKind::InvalidFree => "invalid free",
        FindingKind::MismatchedFree => "mismatched free",
        FindingKind::Uninitialised => "use of uninitialised memory",
        FindingKind::StackOverflow => "stack overflow",
        FindingKind::Race => "data race",
        FindingKind::UndefinedBehaviour => "undefined behaviour",
        FindingKind::Deadlock => "deadlock",
        FindingKind::LeftoverFile => "leftover file",
        FindingKind::LeftoverDescriptor => "leftover descriptor",
        FindingKind::LeftoverProcess => "leftover process",
        FindingKind::LeftoverThread => "leftover thread",
        FindingKind::Growth => "growing memory",
    }
}

/// What it is, a sentence without its full stop.
pub(crate) fn what(kind: FindingKind) -> &'static str {
    let words = FindingKind::WORDS.iter().find(|(word, _)| *word == kind.as_str());
    words.map_or("", |(_, what)| what.trim_end_matches('.'))
}

/// What to do about it.
pub(crate) fn help(kind: FindingKind) -> &'static str {
    match kind {
        FindingKind::Definite => {
            "Look for what owned the block: `mem::forget`, `Box::leak`, `into_raw` without `from_raw`, a cycle of `Rc` or \
             `Arc`, a C handle whose close or finalize function is not called on every path."
        }
        FindingKind::Indirect => "Mend the definite leak that this block hangs on; this one goes with it.",
        FindingKind::Possible => {
            "Something points into the block, not at its start. Often a table of the runtime's own; if it is yours, keep a \
             pointer to the start, and free it."
        }
        FindingKind::Reachable => {
            "Static data is meant to live to the end. If this grows with the work done, it is a leak with an owner."
        }
        FindingKind::UseAfterFree => {
            "The block was freed at the related place and used here: a raw pointer or a lifetime made by `unsafe` outlives \
             its owner."
        }
        FindingKind::InvalidAccess => "Look at the length or offset that goes into `unsafe` code or C here.",
        FindingKind::InvalidFree => "Two owners free one block, or something frees what no allocator gave it.",
        FindingKind::MismatchedFree => {
            "What C's `malloc` made only C's `free` may take, and what Rust's allocator made only Rust, with the same layout."
        }
        FindingKind::Uninitialised => "Write the memory before it is read, or before it is given to the system.",
        FindingKind::StackOverflow => "Recursion without an end, or a buffer that is too large for a stack.",
        FindingKind::Race => "Order the two accesses: a lock, an atomic with the right ordering, a channel.",
        FindingKind::UndefinedBehaviour => "The `unsafe` code here breaks a rule that safe code relies on.",
        FindingKind::Deadlock => "Take locks in one order everywhere, and never wait while holding one.",
        FindingKind::LeftoverFile => "Hold temporary files by a guard that removes them, also when the test fails.",
        FindingKind::LeftoverDescriptor => "Close the file, socket or pipe: drop its owner, and do not forget it.",
        FindingKind::LeftoverProcess => "Wait for children (`Child::wait`), also when the test fails.",
        FindingKind::LeftoverThread => "Join threads, and give them a way to end.",
        FindingKind::Growth => {
            "Each further call keeps memory: a cache without a limit, a global list, a handle that is never closed."
        }
    }
}

/// How much of it there is: `77 bytes in 1 block`, `2 descriptors`; empty where that makes no sense.
pub(crate) fn amount(group: &Group<'_>) -> String {
    amount_of(group.finding.kind, group.bytes, group.blocks)
}

/// The same of the fewest and the most bytes and blocks.
pub(crate) fn amount_of(kind: FindingKind, bytes: (u64, u64), blocks: (u64, u64)) -> String {
    let noun = match kind {
        FindingKind::LeftoverFile => "file",
        FindingKind::LeftoverDescriptor => "descriptor",
        FindingKind::LeftoverProcess => "process",
        FindingKind::LeftoverThread => "thread",
        _ => "block",
    };
    let bytes = range(bytes, "byte");
    let blocks = range(blocks, noun);
    match (kind.class(), bytes.is_empty(), blocks.is_empty()) {
        (Class::Leftover, _, false) if bytes.is_empty() => blocks,
        (Class::Leftover, false, false) => format!("{blocks}, {bytes}"),
        (_, false, false) => format!("{bytes} in {blocks}"),
        (_, false, true) => bytes,
        (_, true, _) => blocks,
    }
}

/// `1 byte`, `8 to 16 bytes`; empty for nothing.
fn range((low, high): (u64, u64), noun: &str) -> String {
    let counted = |n: u64| {
        let n = usize::try_from(n).unwrap_or(usize::MAX);
        if noun == "process" && n != 1 {
            format!("{n} processes")
        } else {
            count(n, noun)
        }
    };
    match (low, high) {
        (_, 0) => String::new(),
        (low, high) if low == high => counted(high),
        (low, high) => format!("{low} to {}", counted(high)),
    }
}
