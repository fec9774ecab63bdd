//! Events as data, in the order in which they are certain. All outputs are rendered from these.

use compatrix_model::results::row::Row;

/// Something that happened. A result is in the ledger before its event is sent.
#[derive(Debug, Clone)]
pub enum Event {
    /// A warning about the spec or the ledger.
    Warning(String),
    /// A provision begins: something is built or installed.
    Providing(String),
    /// A provision failed, and why.
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
        /// Predicted wall time in milliseconds, from past durations and rules of thumb.
        estimate_ms: u64,
    },
    /// How long the rest is predicted to take now, in milliseconds: from what work took so far. Sent about twice a second.
    Left(u64),
    /// A build begins.
    BuildStarted {
        /// Its name, with the names of feature sets.
        build: String,
    },
    /// A build ended.
    BuildFinished {
        /// Its name, with the names of feature sets.
        build: String,
        /// Why the build failed; `None` if it did not.
        trouble: Option<String>,
        /// The end of the compiler's output, if the build failed.
        output: String,
        /// Wall time in milliseconds.
        wall_ms: u64,
        /// Processor time in milliseconds.
        cpu_ms: u64,
    },
    /// A round of benchmarks begins.
    Round {
        /// How many there were.
        done: u32,
        /// How many there will be, at this look.
        of: u32,
    },
    /// A cell has its result.
    RunFinished {
        /// The same as in the results.
        row: Box<Row>,
        /// How many results there are now, and will be.
        done: usize,
        /// The total number.
        of: usize,
    },
}
