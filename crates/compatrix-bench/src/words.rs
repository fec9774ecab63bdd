//! The words that suites of kind `bench` and targets use in the spec.

use shaped_toml::{Later, Words};

/// The values of `harness`.
pub static HARNESSES: Words = Words {
    what: "harness",
    known: &[
        ("auto", "Detected from the results."),
        ("criterion", "criterion's files in a fresh CRITERION_HOME."),
        ("gungraun", "gungraun's summary files: instructions, counted by callgrind."),
        ("divan", "divan's table."),
        ("libtest", "The lines of `#[bench]`."),
        ("hyperfine", "The JSON of `hyperfine --export-json`, of a `command`."),
        ("lines", "JSON lines of raw samples on standard output."),
    ],
    later: Later::NONE,
};

/// The values of `tier`.
pub static TIERS: Words = Words {
    what: "tier",
    known: &[
        ("must", "Contradicted, it fails the command."),
        ("should", "Contradicted, it is a warning."),
        ("nice", "Contradicted, it is only shown."),
    ],
    later: Later::NONE,
};
