//! Events: what happens, as data, in the order in which it is certain. All outputs are made from these.

use compatrix_model::evidence::Record;
use compatrix_model::verdict::Verdict;

/// Something that happened. A result is in the ledger before its event is sent.
#[derive(Debug, Clone)]
pub enum Event {
    /// A warning about the spec or the ledger.
    Warning(String),
    /// A provision begins: what is made or installed.
    Providing(String),
    /// A provision could not be had, and why.
    NotProvided(String),
    /// The work is known.
    Planned {
        /// Builds that will be done.
        builds: usize,
        /// Runs that will be done.
        runs: usize,
        /// Results that are used again.
        reused: usize,
        /// Cells that are not tried.
        skipped: usize,
        /// Predicted wall time in milliseconds, from past durations.
        estimate_ms: u64,
    },
    /// A build begins.
    BuildStarted {
        /// Its id.
        build: String,
    },
    /// A build ended.
    BuildFinished {
        /// Its id.
        build: String,
        /// Why it made nothing, where it did not.
        trouble: Option<String>,
        /// The end of what the compiler said, where it made nothing.
        output: String,
        /// Wall time in milliseconds.
        wall_ms: u64,
        /// Processor time in milliseconds.
        cpu_ms: u64,
    },
    /// A cell has its result.
    RunFinished {
        /// What ran, and what proves it.
        record: Box<Record>,
        /// Its outcome held against what the spec expects.
        verdict: Verdict,
        /// How many results there are now, and will be.
        done: usize,
        /// Of so many.
        of: usize,
    },
}
