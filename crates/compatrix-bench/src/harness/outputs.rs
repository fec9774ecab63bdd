//! What a process leaves behind.

use std::collections::BTreeMap;

/// What a process left behind: files that harnesses write, and what it printed.
#[derive(Debug, Clone, Default)]
pub struct Outputs {
    /// The files of its own `CRITERION_HOME`, by path below it.
    pub criterion: BTreeMap<String, String>,
    /// The files of its own `GUNGRAUN_HOME`, by path below it.
    pub gungraun: BTreeMap<String, String>,
    /// The file of `hyperfine --export-json`, where the command wrote one.
    pub hyperfine: Option<String>,
    /// Its standard output.
    pub stdout: String,
}
