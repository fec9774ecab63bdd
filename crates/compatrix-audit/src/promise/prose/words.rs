//! Words that distinguish a promise from a passing mention. All in lower case; a word ends where a letter or digit does.

/// Words allowed between a subject and its version.
pub(super) const FILLERS: &[&str] = &[
    "version",
    "versions",
    "compiler",
    "compilers",
    "toolchain",
    "toolchains",
    "release",
    "releases",
    "is",
    "are",
    "be",
    "of",
    "currently",
    "current",
    "now",
    "this",
    "the",
    "a",
    "an",
    "crate",
    "library",
    "project",
    "at",
    "least",
    "to",
    "as",
    "msrv",
    "supported",
    "required",
    "minimum",
    "minimal",
    "lowest",
    "oldest",
    "stable",
    "officially",
    "set",
    "fixed",
    "v",
    "rust",
    "rustc",
    "badge",
    "from",
    "back",
    "with",
    "or",
    "and",
    "beta",
    "nightly",
    "ver",
    "ver.",
    "vers.",
    "series",
    "about",
    "being",
    "remains",
    "stays",
    "language",
    "that",
    "which",
    "s",
    "officially",
    "only",
];

/// Words that join a subject with a version further on: `the MSRV of this crate is 1.65`.
pub(super) const COPULAS: &[&str] = &["is", "are", "of", "at", "be", "as", "to", "being", "remains", "stays", "means"];

/// Names of the lowest Rust.
pub(super) const MSRV: &[&str] = &["msrv", "msrvs", "rust-version", "rust_version"];

/// Names of a compiler that only the word `minimum` makes one of Rust.
pub(super) const COMPILER: &[&str] = &["rust", "rustc", "compiler", "toolchain"];

/// Names of Rust.
pub(super) const RUST: &[&str] = &["rust", "rustc", "rustlang", "rust-lang"];

/// Names of SQLite.
pub(super) const SQLITE: &[&str] = &["sqlite", "sqlite3", "libsqlite3", "libsqlite"];

/// Words before a subject that make it the lowest.
pub(super) const MINIMUM: &[&str] = &["minimum", "minimal", "minimally", "min", "min.", "lowest", "oldest", "earliest"];

/// Words before a version that make it the lowest.
pub(super) const LOWEST_BEFORE: &[&str] = &[
    "at least",
    "minimum",
    "minimal",
    "lowest",
    "oldest",
    "earliest",
    "requires",
    "required",
    "require",
    "needs",
    "need",
    "needed",
    "back to",
    "down to",
    "versions from",
    "as old as",
    "as far back as",
    "requirement",
    "requirements",
    "prerequisite",
    "prerequisites",
    "depends on",
    "have installed",
];

/// Signs before a version that make it the lowest.
pub(super) const LOWEST_SIGNS: &[&str] = &[">=", "≥", "=>", "^", ">= v", "≥ v"];

/// Words after a version that make it the lowest.
pub(super) const LOWEST_AFTER: &[&str] = &[
    "+",
    "or newer",
    "or later",
    "or higher",
    "or above",
    "or greater",
    "or up",
    "or better",
    "or more recent",
    "or a newer",
    "or a later",
    "or any newer",
    "or any later",
    "or upwards",
    "or onwards",
    "and newer",
    "and later",
    "and higher",
    "and above",
    "and greater",
    "and up",
    "and upwards",
    "and beyond",
    "and onward",
    "and onwards",
    "and more recent",
    "onward",
    "onwards",
    "upward",
    "upwards",
    "minimum",
    "at minimum",
    "at a minimum",
    "at the minimum",
    "as minimum",
    "as a minimum",
    "as the minimum",
    "(min",
    "is required",
    "is needed",
    "is the minimum",
    "is the oldest",
    "is the lowest",
    "through stable",
    "through nightly",
    "through latest",
    "to stable",
    "to nightly",
    "to latest",
    "and all newer",
    "and all later",
    "and any newer",
    "or any version",
    "and every newer",
    "is necessary",
    "will do",
    "is enough",
];

/// Words before a version that say it is supported.
pub(super) const SUPPORTS: &[&str] = &[
    "support",
    "supports",
    "supported",
    "supporting",
    "tested",
    "tests",
    "works",
    "work",
    "runs on",
    "run on",
    "builds",
    "build",
    "compiles",
    "compile",
    "compiled",
    "compatible",
    "usable",
    "verified",
    "ci",
];

/// Verbs that a bare version may follow: `compiles on 1.65+`.
pub(super) const COMPILES: &[&str] = &[
    "compiles on",
    "compiles with",
    "compile on",
    "compile with",
    "compiling on",
    "compiling with",
    "builds on",
    "builds with",
    "build on",
    "build with",
    "buildable on",
    "buildable with",
    "works on stable",
    "works with stable",
    "compiles under",
    "builds under",
    "compile under",
    "compiles from",
    "builds from",
];

/// Words that mark a sentence as a list of supported systems.
pub(super) const SYSTEMS_FOLLOW: &[&str] = &[
    "supported platform",
    "supported operating system",
    "supported system",
    "supported target",
    "platforms:",
    "operating systems:",
    "tested on",
    "works on",
    "runs on",
    "available for",
    "available on",
];

/// Words of a clause about this package, where the one before is about another: `needs 3.7+ (we require 3.35+)`.
pub(super) const OURS: &[&str] = &["we", "our", "ours", "this crate", "this library", "this package", "this project"];

/// Words after a version that say it is supported.
pub(super) const SUPPORTED: &[&str] = &[
    "is supported",
    "are supported",
    "is tested",
    "are tested",
    "are all tested",
    "are all supported",
    "are guaranteed",
];
