//! Detects memory that grows with each call of a test in one process.
//!
//! Live malloc blocks are counted after each call, so even a small block left by each call shows. libtest itself leaves
//! about a block per call; calls that run no test measure this, and it is subtracted. One-time allocations of the first
//! calls (caches, statics, stream buffers) are not growth, so the first calls do not count. Growth must appear in two
//! spans: from a quarter to half of the calls, and from there to the end. Each is as long as everything before it, so even
//! a buffer that doubles when full grows in both.
//!
//! A thread that ends late, such as one of a dropped pool, holds memory until then. So only snapshots with the same number
//! of threads are compared, if they are at least half of all.

use std::fmt;

use super::{Finding, FindingKind, Held, Look, Tool};

/// The fewest calls that allow a conclusion.
pub const FEWEST: u32 = 4;
/// A harness that runs no test allocates hundreds of blocks per call, and a snapshot a few. Fewer than this many mean that
/// the executable has a custom allocator.
const FEWEST_MADE: i64 = 30;
/// The least growth in bytes, per span and per call, if the number of blocks stays the same. Occasionally a block of the
/// harness is 16 bytes larger than needed (glibc leaves no smaller remainder).
const LEAST_BYTES: i64 = 32;
const LEAST_BYTES_A_CALL: i64 = 6;
/// The factor by which growth may slow down over more calls and still count as the same growth.
const SLOWER: u64 = 3;

/// Growth per call of the test harness alone, measured without a test.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Baseline {
    /// Blocks per call.
    pub blocks: i64,
    /// Bytes per call.
    pub bytes: i64,
}

/// The conclusion from the calls of a test.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Growth {
    /// Memory does not grow.
    None,
    /// Memory grows with each call.
    Grows {
        /// Blocks per call, rounded; zero for a single growing block.
        blocks: u64,
        /// Bytes per call, rounded.
        bytes: u64,
        /// The number of calls observed.
        calls: u32,
        /// Whether the number of threads changed, so that threads may be the cause.
        threads: bool,
    },
    /// Not conclusive, with the reason.
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
            CallsError::OwnAllocator => f.write_str("the executable has a custom allocator"),
            CallsError::Uneven => f.write_str("the test harness itself grows unevenly"),
        }
    }
}

impl std::error::Error for CallsError {}

impl Baseline {
    /// Computes the baseline from snapshots of calls that ran no test.
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
        // Occasionally a block is larger than needed, never smaller.
        let least = each.iter().min_by_key(|one| one.bytes).copied();
        match least {
            Some(least) if each.iter().all(|one| one.blocks == least.blocks) => Ok(least),
            _ => Err(CallsError::Uneven),
        }
    }
}

/// The snapshots after each call, including the harness's share.
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

/// Compares a test's calls with the harness alone.
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

/// The calls between two snapshots, and the growth.
fn between(series: &[(i64, i64)], from: usize, to: usize) -> (i64, i64) {
    (series[to].0 - series[from].0, series[to].1 - series[from].1)
}

/// Whether it rises by at least `least` per span, and either never falls or each third is above everything before it.
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
    /// Whether a longer observation shows the same growth. Sporadic or fading allocations become too rare over more calls.
    pub fn goes_on_in(&self, longer: &Growth) -> bool {
        let (Growth::Grows { blocks, bytes, .. }, Growth::Grows { blocks: then, bytes: later, .. }) = (self, longer)
        else {
            return false;
        };
        *then > 0 && then * SLOWER >= *blocks || later * SLOWER >= *bytes
    }

    /// The finding, if memory grows.
    pub fn finding(&self) -> Option<Finding> {
        let Growth::Grows { blocks, bytes, calls, .. } = *self else { return None };
        // The number of blocks is not in the message, so that the fingerprint is the same for every compiler.
        let about = if blocks == 0 { "about " } else { "" };
        let what = format!("memory grows by {about}{bytes} bytes with each call, over {calls} calls in one process");
        Some(Finding { bytes, blocks, ..Finding::raw(Tool::Resources, FindingKind::Growth, what) })
    }
}
