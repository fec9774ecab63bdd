//! Whether memory grows with each call of a test in one process.
//!
//! Live blocks of malloc are counted after each call, so that a block that one call leaves behind shows, however small.
//! libtest leaves a block or so a call itself; how much, is measured by calls that run no test, and taken away. What the
//! first calls make once (caches, statics, buffers of streams) is no growth: they do not count. Two spans are looked at,
//! from a quarter of the calls to half of them and from there to the end; each is as long as all before it, so that even
//! a buffer that doubles its size when it is full grows in both.
//!
//! A thread that ends late, as those of a pool that was dropped may, holds memory until then. So looks are held against
//! each other at which equally many threads were there, where that is so for half of all.

use std::fmt;

use super::{Finding, FindingKind, Held, Look, Tool};

/// The fewest calls that tell anything.
pub const FEWEST: u32 = 4;
/// A harness that runs no test makes hundreds of blocks a call, and looking makes a few; where fewer than these are seen,
/// the executable has an allocator of its own.
const FEWEST_MADE: i64 = 30;
/// The least that bytes must grow by where the number of blocks does not, in a span and for each of its calls. A block
/// of the harness may by chance have 16 bytes more than it needs (glibc leaves no smaller rest), which is seldom.
const LEAST_BYTES: i64 = 32;
const LEAST_BYTES_A_CALL: i64 = 6;
/// By how much slower memory may grow over more calls, and it is still the same growth.
const SLOWER: u64 = 3;

/// What calls that run no test leave behind.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Baseline {
    /// Blocks a call.
    pub blocks: i64,
    /// Bytes a call.
    pub bytes: i64,
}

/// What the calls of a test show.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Growth {
    /// Nothing grows.
    None,
    /// Memory grows.
    Grows {
        /// Blocks a call, rounded; zero for a block that becomes larger and larger.
        blocks: u64,
        /// Bytes a call, rounded.
        bytes: u64,
        /// Over how many calls.
        calls: u32,
        /// Whether threads came and went, or came and stayed, so that it may be theirs.
        threads: bool,
    },
    /// It cannot be told, and why.
    Unknown(String),
}

/// Why calls of a test in one process say nothing of memory.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum CallsError {
    /// A call ended the process, after this one.
    Ended {
        /// The last call that came to its end.
        after: Option<u32>,
    },
    /// There were only so many.
    TooFew(u32),
    /// Nothing is allocated by malloc.
    OwnAllocator,
    /// Calls that run no test are not alike.
    Uneven,
}

impl fmt::Display for CallsError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            CallsError::Ended { after: None } => f.write_str("its first call in a row did not end well"),
            CallsError::Ended { after: Some(last) } => {
                write!(f, "its call {} in one process did not end well", last + 1)
            }
            CallsError::TooFew(count) => write!(f, "{count} calls are too few"),
            CallsError::OwnAllocator => f.write_str("the executable has an allocator of its own"),
            CallsError::Uneven => f.write_str("the test harness itself grows unevenly"),
        }
    }
}

impl std::error::Error for CallsError {}

impl Baseline {
    /// From the looks of a process whose calls ran no test.
    ///
    /// # Errors
    /// The calls did not all come to their end, are not all alike, or allocate by other means than malloc.
    pub fn of(held: &Held) -> Result<Self, CallsError> {
        let steps = steps(held)?;
        let (first, last) = (steps[0], steps[steps.len() - 1]);
        if last.made - first.made < FEWEST_MADE * (steps.len() as i64 - 1) {
            return Err(CallsError::OwnAllocator);
        }
        let half = &steps[steps.len() / 2..];
        let per_call = |at: usize| Baseline {
            blocks: half[at + 1].blocks - half[at].blocks,
            bytes: half[at + 1].bytes - half[at].bytes,
        };
        let each: Vec<Baseline> = (0..half.len() - 1).map(per_call).collect();
        // By chance a block may be larger than it needs to be, never smaller.
        let least = each.iter().min_by_key(|one| one.bytes).copied();
        match least {
            Some(least) if each.iter().all(|one| one.blocks == least.blocks) => Ok(least),
            _ => Err(CallsError::Uneven),
        }
    }
}

/// What one call after the other left, the harness's own share in it.
fn steps(held: &Held) -> Result<Vec<&Look>, CallsError> {
    let calls = held.looks.iter().map(|look| look.call);
    if !held.complete {
        return Err(CallsError::Ended { after: held.looks.last().map(|last| last.call) });
    }
    let count = held.looks.len() as u32;
    if count < FEWEST || !calls.eq(1..=count) {
        return Err(CallsError::TooFew(count));
    }
    Ok(held.looks.iter().collect())
}

/// Whether memory grows.
pub fn growth(held: &Held, baseline: Baseline) -> Growth {
    let steps = match steps(held) {
        Ok(steps) => steps,
        Err(why) => return Growth::Unknown(why.to_string()),
    };
    let counted = &steps[steps.len() / 4 - 1..];
    let alike = |n: usize| counted.iter().filter(move |look| look.threads.len() == n).copied();
    let most = counted.iter().map(|look| look.threads.len()).max_by_key(|n| alike(*n).count()).unwrap_or_default();
    let alike: Vec<&Look> = alike(most).collect();
    let (judged, threads) = match alike.len() >= FEWEST as usize && 2 * alike.len() >= counted.len() {
        true => (alike.as_slice(), false),
        false => (counted, true),
    };
    let series = |value: &dyn Fn(&Look) -> i64, share: i64| -> Vec<(i64, i64)> {
        let own = |look: &&Look| (i64::from(look.call), value(look) - share * i64::from(look.call));
        judged.iter().map(own).collect()
    };
    let blocks = series(&|look| look.blocks, baseline.blocks);
    let bytes = series(&|look| look.bytes, baseline.bytes);
    let rate = |series: &[(i64, i64)]| {
        let (calls, grown) = between(series, 0, series.len() - 1);
        u64::try_from((grown + calls / 2) / calls).unwrap_or(0)
    };
    let calls = steps.len() as u32;
    if rises(&blocks, |_| 1) {
        return Growth::Grows { blocks: rate(&blocks).max(1), bytes: rate(&bytes), calls, threads };
    }
    if rises(&bytes, |calls| LEAST_BYTES.max(LEAST_BYTES_A_CALL * calls)) {
        return Growth::Grows { blocks: 0, bytes: rate(&bytes).max(1), calls, threads };
    }
    Growth::None
}

/// Calls between two looks, and what came with them.
fn between(series: &[(i64, i64)], from: usize, to: usize) -> (i64, i64) {
    (series[to].0 - series[from].0, series[to].1 - series[from].1)
}

/// Whether it rises by at least so much for so many calls in both spans, and either never falls or each third is above
/// all before it.
fn rises(series: &[(i64, i64)], least: impl Fn(i64) -> i64) -> bool {
    let third = series.len() / 3;
    let spans = [(0, third), (third, series.len() - 1)];
    if spans.into_iter().map(|(from, to)| between(series, from, to)).any(|(calls, grown)| grown < least(calls)) {
        return false;
    }
    let values: Vec<i64> = series.iter().map(|(_, value)| *value).collect();
    if values.windows(2).all(|pair| pair[0] <= pair[1]) {
        return true;
    }
    let parts = [&values[..third], &values[third..2 * third], &values[2 * third..]];
    third > 1 && parts.windows(2).all(|pair| pair[0].iter().max() < pair[1].iter().min())
}

impl Growth {
    /// Whether over more calls the same was seen. What is made now and then, or less and less, is spread thin by them.
    pub fn goes_on_in(&self, longer: &Growth) -> bool {
        let (Growth::Grows { blocks, bytes, .. }, Growth::Grows { blocks: then, bytes: later, .. }) = (self, longer)
        else {
            return false;
        };
        *then > 0 && then * SLOWER >= *blocks || later * SLOWER >= *bytes
    }

    /// The finding, where there is one.
    pub fn finding(&self) -> Option<Finding> {
        let Growth::Grows { blocks, bytes, calls, .. } = *self else { return None };
        // How many blocks it is stands in no word: the fingerprint is to be the same for every compiler.
        let about = if blocks == 0 { "about " } else { "" };
        let what = format!("memory grows by {about}{bytes} bytes with each call, over {calls} calls in one process");
        Some(Finding { bytes, blocks, ..Finding::raw(Tool::Resources, FindingKind::Growth, what) })
    }
}
