//! Classifies Miri's messages.

use crate::finding::{FindingKind, Frame};

/// The kind of an undefined behaviour, from its message, the marked code and the stack.
pub(super) fn kind(message: &str, marked: &str, stack: &[Frame]) -> FindingKind {
    let has = |words: &[&str]| words.iter().any(|word| message.contains(word));
    let starts = |words: &[&str]| words.iter().any(|word| message.starts_with(word));
    if has(&["Data race detected", "Race condition detected"]) {
        FindingKind::Race
    } else if has(&["uninitialized"]) {
        FindingKind::Uninitialised
    } else if starts(&["incorrect layout on deallocation"]) {
        FindingKind::MismatchedFree
    } else if starts(&["deallocating "]) {
        // From another heap, or not heap memory: `… which is stack variable memory, using Rust heap deallocation operation`.
        let other_heap = has(&["which is Rust heap", "which is C heap"]) && has(&["deallocation operation"]);
        if other_heap {
            FindingKind::MismatchedFree
        } else {
            FindingKind::InvalidFree
        }
    } else if starts(&[
        "memory access failed",
        "dereferencing pointer failed",
        "out-of-bounds pointer use",
        "pointer to ",
    ]) && !has(&["alignment"])
    {
        let freed = has(&["has been freed", "got freed"]);
        match freed {
            true if is_free(marked, stack) => FindingKind::InvalidFree,
            true => FindingKind::UseAfterFree,
            false => FindingKind::InvalidAccess,
        }
    } else {
        FindingKind::UndefinedBehaviour
    }
}

/// Whether the operation frees memory: a call of `free` or `dealloc`, in the code or at the top of the stack.
fn is_free(marked: &str, stack: &[Frame]) -> bool {
    let frees = |path: &str| {
        let name = path.rsplit("::").next().unwrap_or_default().trim();
        ["free", "dealloc", "deallocate", "__rust_dealloc", "realloc", "__rust_realloc"].contains(&name)
    };
    marked.split_once('(').is_some_and(|(callee, _)| frees(callee))
        || stack.first().is_some_and(|frame| frees(&frame.function))
}

/// Why Miri cannot run something, worded the same for every test.
pub(super) fn unsupported(message: &str) -> String {
    if let Some(rest) = message.strip_prefix("can't call foreign function") {
        let name = match rest.split('`').nth(1) {
            Some(quoted) => quoted,
            None => rest.trim_start_matches([':', ' ']).split(' ').next().unwrap_or_default(),
        };
        // A name that the linker must take verbatim starts with a control character.
        let name: String = name.chars().filter(|c| !c.is_control() && *c != '\u{2401}').collect();
        return if name.is_empty() {
            "calls a foreign function".to_owned()
        } else {
            format!("calls the foreign function {name}")
        };
    }
    if message.contains("not available when isolation is enabled") {
        return format!("{}: add `-Zmiri-disable-isolation` to the suite's `flags`", plain(message));
    }
    plain(message)
}

/// Whether a warning says that Miri may miss something.
pub(super) fn weakens(title: &str) -> bool {
    let signs =
        ["integer-to-pointer cast", "operation rejected by isolation", "reborrow of reference to `extern type`"];
    signs.iter().any(|sign| title.contains(sign))
        || title.contains("Miri might miss")
        || title.contains("Miri may miss")
}

/// Whether an error only summarises others, or is cargo's message for a failed test.
pub(super) fn is_summary(title: &str) -> bool {
    let starts = [
        "aborting due to",
        "test failed",
        "process didn't exit",
        "doctest failed",
        "could not compile",
        "bench failed",
    ];
    starts.iter().any(|start| title.starts_with(start))
        || (title.ends_with("target failed:") || title.ends_with("targets failed:"))
}

/// Removes parts that differ between runs: numbers of allocations and tags, addresses.
pub(super) fn plain(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text.trim();
    while let Some(c) = rest.chars().next() {
        let boundary = !out.ends_with(|before: char| before.is_alphanumeric() || before == '_');
        let (shown, skipped) = shorten(rest).filter(|_| boundary).unwrap_or((&rest[..c.len_utf8()], c.len_utf8()));
        out.push_str(shown);
        rest = &rest[skipped..];
    }
    out
}

/// The placeholder for a variable part at the start of a text, and that part's length.
fn shorten(text: &str) -> Option<(&'static str, usize)> {
    let digits = |text: &str, more: fn(&u8) -> bool| text.bytes().take_while(more).count();
    if let Some(after) = text.strip_prefix("alloc") {
        let count = digits(after, u8::is_ascii_digit);
        return (count > 0).then_some(("alloc", "alloc".len() + count));
    }
    if let Some(after) = text.strip_prefix('<') {
        let count = digits(after, u8::is_ascii_digit);
        return (count > 0 && after[count..].starts_with('>')).then_some(("<tag>", count + 2));
    }
    if let Some(after) = text.strip_prefix("0x") {
        // Short numbers are offsets.
        let count = digits(after, u8::is_ascii_hexdigit);
        return (count > 4).then_some(("0x…", count + 2));
    }
    None
}
