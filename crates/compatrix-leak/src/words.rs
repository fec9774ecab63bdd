//! The words that suites of kind `leak` use in the spec.

use shaped_toml::{Later, Words};

use crate::FindingKind;

/// The values of `tool`.
pub static TOOLS: Words = Words {
    what: "tool",
    known: &[
        ("valgrind", "valgrind's memcheck on unchanged executables."),
        ("asan", "AddressSanitizer with its leak checker; needs a nightly toolchain."),
        ("lsan", "LeakSanitizer alone; needs a nightly toolchain."),
        ("miri", "The interpreter Miri; needs its component of a nightly toolchain."),
        ("resources", "What tests leave behind: files, descriptors, processes, threads, growing memory."),
    ],
    later: Later::NONE,
};

/// The values of `errors-for`.
pub static FINDINGS: Words = Words { what: "kind of finding", known: FindingKind::WORDS, later: Later::NONE };

/// The values of `each`.
pub static EACH: Words = Words {
    what: "word for `each`",
    known: &[
        ("auto", "The fastest way for the tool."),
        ("executable", "A whole test executable per process; single tests only to attribute findings."),
        ("test", "One test per process."),
    ],
    later: Later::NONE,
};
