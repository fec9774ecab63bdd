//! Parts of a plan: to what one was narrowed.

use std::collections::BTreeSet;
use std::fmt;
use std::str::FromStr;

use crate::cell::CellIndex;

/// Suites, by position, in cells.
pub type Part = BTreeSet<(usize, CellIndex)>;

/// How a plan was narrowed, for reports.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Narrowed {
    /// Suites in cells before that.
    pub of: usize,
    /// By changes.
    pub since: Option<Since>,
    /// To one shard.
    pub shard: Option<Dealt>,
}

impl Narrowed {
    /// Whether a plan may be empty because of it.
    pub fn may_be_empty(&self) -> bool {
        self.of > 0 && (self.since.is_some() || self.shard.is_some())
    }
}

/// How changes narrowed a plan, for reports.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Since {
    /// The revision.
    pub rev: String,
    /// How many files differ from it.
    pub changed: usize,
    /// Suites in cells that the changes can affect.
    pub affected: usize,
    /// Suites in cells of the whole choice.
    pub of: usize,
    /// Why, each file or group of files once.
    pub why: Vec<String>,
}

/// More machines than this are surely a mistake.
const MOST: usize = 1000;

/// One of several parts, counted from 1: `2/4`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Shard {
    number: usize,
    of: usize,
}

impl Shard {
    /// Which part, from 1.
    pub fn number(self) -> usize {
        self.number
    }

    /// How many parts there are.
    pub fn of(self) -> usize {
        self.of
    }
}

impl fmt::Display for Shard {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.number, self.of)
    }
}

/// Why a text is no shard.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ShardError {
    /// Not two numbers with `/` between them.
    Unreadable,
    /// The first number is zero.
    Zero,
    /// The first number is greater than the second.
    Beyond {
        /// The first.
        number: usize,
        /// The second.
        of: usize,
    },
    /// The second number is surely a mistake.
    TooMany,
}

impl fmt::Display for ShardError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match *self {
            ShardError::Unreadable => f.write_str("write which of how many: `1/4` is the first of four"),
            ShardError::Zero => f.write_str("shards count from 1: `1/4` is the first of four"),
            ShardError::Beyond { number, of } => {
                write!(f, "there is no shard {number} of {of}; use 1/{of} to {of}/{of}")
            }
            ShardError::TooMany => write!(f, "at most {MOST} shards"),
        }
    }
}

impl std::error::Error for ShardError {}

impl FromStr for Shard {
    type Err = ShardError;

    fn from_str(text: &str) -> Result<Self, ShardError> {
        let number = |text: &str| text.bytes().all(|b| b.is_ascii_digit()).then(|| text.parse().ok()).flatten();
        let parts = text.split_once('/').and_then(|(number_, of)| Some((number(number_)?, number(of)?)));
        match parts {
            Some((number, of)) if (1..=of).contains(&number) && of <= MOST => Ok(Self { number, of }),
            Some((_, of)) if of > MOST => Err(ShardError::TooMany),
            Some((0, _)) => Err(ShardError::Zero),
            Some((number, of)) => Err(ShardError::Beyond { number, of }),
            None => Err(ShardError::Unreadable),
        }
    }
}

/// A shard's part of the plan.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Dealt {
    /// Which one.
    pub shard: Shard,
    /// Builds in this shard.
    pub builds: usize,
    /// Builds of all shards.
    pub builds_of: usize,
    /// Runs in this shard.
    pub runs: usize,
    /// Runs of all shards.
    pub runs_of: usize,
    /// Predicted serial duration in milliseconds.
    pub predicted_ms: u64,
    /// Predicted duration of the longest shard, in milliseconds.
    pub longest_ms: u64,
    /// The same text in all shards of one plan: which build went to which. Where it differs, machines were dealt different
    /// plans, and a build may have gone to none.
    pub deal: String,
}
