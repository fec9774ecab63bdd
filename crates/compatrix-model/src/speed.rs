//! The result of `bench`: builds compared, with the proof of what ran on each side.

mod exit;
pub mod trend;

use compatrix_bench::{Canary, Change, Comparison, Judged};
use serde::{Deserialize, Serialize};

use crate::cell::CellId;
use crate::evidence::Proof;
use crate::outcome::Outcome;

pub use exit::{Ends, Tally};

/// All that one `bench` found. Tables, JSON, pages and the exit code are made of it alone.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct SpeedReport {
    /// `linux-x86_64` and so on.
    pub platform: String,
    /// What measured.
    pub machine: Machine,
    /// What was compared with what.
    pub question: Question,
    /// What the random order of sides, and the padding of environments, came from.
    pub seed: u64,
    /// The chance of any false alarm in the whole gate.
    pub alpha: f64,
    /// The suites in the cells that were chosen.
    pub groups: Vec<Group>,
    /// Every bench of every group.
    pub comparisons: Vec<Comparison>,
    /// Whether this machine can tell a slowdown of 10 % from none; absent where nothing had to be measured.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub canary: Option<Canary>,
    /// The targets of the spec.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub targets: Vec<Judged>,
    /// What else is worth saying, a sentence each.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub notes: Vec<String>,
    /// Wall time of the rounds in milliseconds, and how much of it the benches and canaries themselves took.
    pub rounds_ms: u64,
    /// The processes' part of it.
    pub processes_ms: u64,
}

/// The machine that measured.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub struct Machine {
    /// The processor's model, as the system names it.
    pub processor: String,
    /// The kernel's name and release.
    pub kernel: String,
    /// How many cores this process could use.
    pub cores: f64,
    /// Which core the benches ran on.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub core: Option<usize>,
    /// What regulates the frequency, where the system says so.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub governor: Option<String>,
}

/// What is compared with what.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "of", rename_all = "kebab-case")]
pub enum Question {
    /// Two states of the sources.
    Change {
        /// What head is compared with.
        base: Sources,
        /// What is in the working tree.
        head: Sources,
    },
    /// Values of an axis, in the same sources.
    Across {
        /// Its name in the spec.
        axis: String,
        /// The value that the others are compared with.
        reference: String,
        /// The sources.
        head: Sources,
    },
    /// Nothing: only targets.
    Targets {
        /// The sources.
        head: Sources,
    },
}

/// A state of the sources.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Sources {
    /// What it is called: a revision, the name of a baseline, `working tree`.
    pub name: String,
    /// Its commit, if there is one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub commit: Option<String>,
    /// When that was committed, in seconds since the Unix epoch.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub committed: Option<i64>,
    /// Whether files differ from the commit.
    #[serde(default)]
    pub dirty: bool,
}

/// A suite in a cell: where benches of two sides ran.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Group {
    /// The suite's name.
    pub suite: String,
    /// The cell of the head; of `--across` the cell that differs from the reference.
    pub cell: CellId,
    /// The sides: base and head, or the reference and a value.
    pub sides: Vec<Side>,
    /// Whether all executables of both sides are equal, so that nothing had to run.
    #[serde(default)]
    pub same: bool,
    /// Benches that only one side has: the bench, and the position of that side.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub only: Vec<(String, usize)>,
    /// The rounds, in order.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub rounds: Vec<Round>,
    /// Why it was not compared, if it was not.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub trouble: Option<GroupTrouble>,
    /// Parts of reports that could not be used, a sentence each.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub unusable: Vec<String>,
}

/// One build of a comparison.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Side {
    /// `base`, `head`, or a value of the axis.
    pub name: String,
    /// What proves what ran.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub proof: Option<Proof>,
    /// The highest peak memory of its processes, in bytes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub peak_memory: Option<u64>,
    /// The median processor time of its rounds, in milliseconds.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cpu_ms: Option<u64>,
}

/// A process of each side and program.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Round {
    /// The positions of the sides in the order in which they ran.
    pub order: Vec<usize>,
    /// The load of the machine over the last minute when it began.
    pub load: f64,
}

/// Why a group was not compared.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct GroupTrouble {
    /// What happened.
    pub outcome: Outcome,
    /// On which side; nothing if on none in particular.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub side: String,
    /// Why, in one sentence.
    pub cause: String,
}

impl GroupTrouble {
    /// Whether only the base does not work: then there is nothing to compare with, and that is no fault of the head.
    pub fn is_of_base(&self) -> bool {
        let is_of_sources =
            matches!(self.outcome, Outcome::BuildFailed | Outcome::Failed | Outcome::Crashed | Outcome::TimedOut);
        self.side == "base" && is_of_sources
    }
}

impl SpeedReport {
    /// The comparisons of a group.
    pub fn of_group(&self, group: usize) -> impl Iterator<Item = &Comparison> {
        self.comparisons.iter().filter(move |comparison| comparison.group == group)
    }

    /// How many comparisons say this.
    pub fn count(&self, change: Change) -> usize {
        self.comparisons.iter().filter(|comparison| comparison.change == change).count()
    }

    /// The sources of the head.
    pub fn head(&self) -> &Sources {
        match &self.question {
            Question::Change { head, .. } | Question::Across { head, .. } | Question::Targets { head } => head,
        }
    }
}
