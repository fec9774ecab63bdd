//! What an expression may read, and why it has no value.

use std::fmt;

use serde_json::{Map, Value};

/// The values that an expression can use.
pub struct Scope<'a> {
    /// Contexts by name: `github`, `needs`, `matrix` …
    pub contexts: Map<String, Value>,
    /// Paths of objects whose missing properties are null, as on GitHub; `*` matches any one name. Elsewhere a missing
    /// property is an error.
    pub open: &'a [&'a str],
    /// Paths to values that only GitHub has: token, secrets.
    pub withheld: &'a [&'a str],
    /// The answers of `success()` and similar functions.
    pub status: Status,
    /// Implements `hashFiles()`.
    pub hash_files: HashFiles<'a>,
}

/// Returns the hash of the files that match these patterns.
pub type HashFiles<'a> = Box<dyn Fn(&[String]) -> Result<String, String> + 'a>;

/// The combined result of everything before.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Status {
    /// Everything succeeded.
    pub success: bool,
    /// Something failed.
    pub failure: bool,
    /// Something was cancelled.
    pub cancelled: bool,
}

impl Status {
    /// Nothing went wrong yet.
    pub const GOOD: Status = Status { success: true, failure: false, cancelled: false };
}

/// Why an expression cannot be evaluated here.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Trouble {
    /// It needs a value that only GitHub has; the path.
    Withheld(String),
    /// It does not parse, or uses an unknown name; the message.
    Unknown(String),
}

impl fmt::Display for Trouble {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Trouble::Withheld(path) => write!(f, "only GitHub has `{path}`"),
            Trouble::Unknown(text) => f.write_str(text),
        }
    }
}
