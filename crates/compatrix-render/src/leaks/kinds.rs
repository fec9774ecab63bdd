//! Kinds of findings in plain words: name, amount, and advice.

use compatrix_leak::{finding::Class, FindingKind};

use super::gather::Group;
use crate::look::count;

/// The kind's name within a sentence.
pub(crate) fn title(kind: FindingKind) -> &'static str {
    match kind {
        FindingKind::Definite => "definite leak",
        FindingKind::Indirect => "indirect leak",
        FindingKind::Possible => "possible leak",
        FindingKind::Reachable => "memory still reachable at exit",
        FindingKind::UseAfterFree => "use after free",
        FindingKind::InvalidAccess => "access outside any block",
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

/// The kind's definition, without the full stop.
pub(crate) fn what(kind: FindingKind) -> &'static str {
    let words = FindingKind::WORDS.iter().find(|(word, _)| *word == kind.as_str());
    words.map_or("", |(_, what)| what.trim_end_matches('.'))
}

/// How to fix a finding of this kind.
pub(crate) fn help(kind: FindingKind) -> &'static str {
    match kind {
        FindingKind::Definite => {
            "Find the block's owner: `mem::forget`, `Box::leak`, `into_raw` without `from_raw`, a cycle of `Rc` or `Arc`, or a \
             C handle whose close or finalize function is not called on every path."
        }
        FindingKind::Indirect => "Fix the definite leak that owns this block, and this one disappears too.",
        FindingKind::Possible => {
            "Something points into the block, not at its start. Often this is a table of the runtime. If the block is yours, \
             keep a pointer to its start and free it."
        }
        FindingKind::Reachable => {
            "Static data lives until exit by design. If this grows with the amount of work, it is a leak that has an owner."
        }
        FindingKind::UseAfterFree => {
            "The block was freed at the related place and used here: a raw pointer or a lifetime made by `unsafe` outlives \
             its owner."
        }
        FindingKind::InvalidAccess => "Check the length or offset passed to `unsafe` code or C here.",
        FindingKind::InvalidFree => "Two owners free the same block, or something frees memory that no allocator returned.",
        FindingKind::MismatchedFree => {
            "Memory from C's `malloc` must go to C's `free`; memory from Rust's allocator must go back to it, with the same layout."
        }
        FindingKind::Uninitialised => "Initialise the memory before it is read or passed to the system.",
        FindingKind::StackOverflow => "Look for unbounded recursion, or a buffer too large for the stack.",
        FindingKind::Race => "Synchronise the two accesses with a lock, an atomic with the right ordering, or a channel.",
        FindingKind::UndefinedBehaviour => "The `unsafe` code here breaks a rule that safe code relies on.",
        FindingKind::Deadlock => "Take locks in the same order everywhere, and never wait while holding one.",
        FindingKind::LeftoverFile => "Keep temporary files in a guard that removes them even if the test fails.",
        FindingKind::LeftoverDescriptor => "Close the file, socket or pipe: drop its owner instead of forgetting it.",
        FindingKind::LeftoverProcess => "Wait for child processes (`Child::wait`), even if the test fails.",
        FindingKind::LeftoverThread => "Join threads, and give them a way to stop.",
        FindingKind::Growth => {
            "Each call keeps more memory: an unbounded cache, a global list, or a handle that is never closed."
        }
    }
}

/// The amount: `77 bytes in 1 block`, `2 descriptors`; empty if the kind has none.
pub(crate) fn amount(group: &Group<'_>) -> String {
    amount_of(group.finding.kind, group.bytes, group.blocks)
}

/// [`amount`] for ranges: the fewest and the most bytes and blocks.
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

/// `1 byte`, `8 to 16 bytes`; empty for zero.
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
