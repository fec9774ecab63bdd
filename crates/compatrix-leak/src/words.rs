//! The words of suites of kind `leak`.

use shaped_toml::{Later, Words};

use crate::FindingKind;

/// The tools.
pub static TOOLS: Words = Words {
    what: "tool",
    known: &[
        ("valgrind", "valgrind's memcheck, over executables as they are."),
        ("asan", "AddressSanitizer with its leak checker; needs a nightly toolchain."),
        ("lsan", "LeakSanitizer alone; needs a nightly toolchain."),
        ("miri", "The interpreter Miri; needs its component of a nightly toolchain."),
        ("resources", "What tests leave behind: files, descriptors, processes, threads, growing memory."),
    ],
    later: Later::NONE,
};

/// The kinds of findings.
pub static FINDINGS: Words = Words { what: "kind of finding", known: FindingKind::WORDS, later: Later::NONE };

/// What one process runs.
pub static EACH: Words = Words {
    what: "word for `each`",
    known: &[
        ("auto", "What is fastest for the tool."),
        ("executable", "A whole test executable; tests alone only to attribute what was found."),
        ("test", "One test."),
    ],
    later: Later::NONE,
};
