//! Words that distinguish a promise from a passing mention.

/// Words allowed between a subject and its version.
pub(super) const FILLERS: [&str; 21] = [
    "version",
    "versions",
    "compiler",
    "toolchain",
    "toolchains",
    "is",
    "are",
    "currently",
    "of",
    "this",
    "the",
    "crate",
    "at",
    "least",
    "supported",
    "minimum",
    "lowest",
    "v",
    "rust",
    "rustc",
    "badge",
];

/// Words that mark a sentence as history or as being about something else.
pub(super) const TELLS: [&str; 31] = [
    "no longer",
    "dropped",
    "drops",
    "drop support",
    "bumped",
    "bumps",
    "bumping",
    "raised",
    "raises",
    "stabili",
    "since",
    "introduced",
    "arrived",
    "until",
    "before",
    "prior to",
    "older than",
    "lower than",
    "less than",
    "below",
    "removed",
    "deprecated",
    "used to",
    "previous",
    "not support",
    "unsupported",
    "bump ",
    "feature",
    "instead",
    "this requires",
    "this needs",
];

/// Words before a version that make it the lowest.
pub(super) const LOWEST_BEFORE: [&str; 11] =
    [">=", "≥", "at least", "minimum", "lowest", "oldest", "requires", "required", "require", "needs", "need"];

/// Words after a version that make it the lowest.
pub(super) const LOWEST_AFTER: [&str; 17] = [
    "+",
    "%2b",
    "or newer",
    "or later",
    "or higher",
    "or above",
    "or greater",
    "or up",
    "or more recent",
    "and newer",
    "and later",
    "and higher",
    "and above",
    "and up",
    "and onwards",
    "onwards",
    "minimum",
];

/// Words before a version that say it is supported.
pub(super) const SUPPORTS: [&str; 13] = [
    "supports",
    "supported",
    "tested on",
    "tested with",
    "tested against",
    "works on",
    "works with",
    "runs on",
    "builds on",
    "builds with",
    "compiles on",
    "compiles with",
    "compatible with",
];

/// Words that mark a sentence as a list of supported systems.
pub(super) const SYSTEMS_FOLLOW: [&str; 11] = [
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
