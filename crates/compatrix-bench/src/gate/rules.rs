//! What a gate decides by, and what all its series share.

use crate::comparison::{Rules, Series};
use crate::stats::signed_rank::Center;

/// The confidence of the intervals that are reported.
pub const CONFIDENCE: f64 = 0.95;

impl Rules {
    /// The level of one look.
    pub(super) fn alpha_of_a_look(&self) -> f64 {
        self.alpha / 2.0
    }

    /// How many rounds it takes at least before one of so many series can be called slower.
    pub fn rounds_needed(&self, series: usize) -> u32 {
        let level = self.alpha_of_a_look() / series.max(1) as f64;
        (-level.log2()).ceil().max(1.0) as u32
    }
}

/// The p values of one series.
#[derive(Debug)]
pub(super) struct Test {
    pub(super) slower: f64,
    pub(super) faster: f64,
    pub(super) not_slower: f64,
    /// Where the log ratios lie; `None` if the first look has settled it or nothing could be tested. It counts all the same.
    pub(super) center: Option<Center>,
    /// How far rounding can have moved a log ratio.
    pub(super) rounding: f64,
}

impl Test {
    pub(super) fn over(slower: f64, faster: f64) -> Self {
        Self { slower, faster, not_slower: 1.0, center: None, rounding: 0.0 }
    }
}

/// Fails unless both sides have as many rounds, and any.
pub(super) fn paired(series: &Series) -> Result<(), String> {
    match (series.base.len(), series.head.len()) {
        (0, 0) => Err("no round measured it".to_owned()),
        (_, 0) => Err("only the base measured it".to_owned()),
        (0, _) => Err("only the head measured it".to_owned()),
        (base, head) if base != head => Err(format!("the base measured it in {base} rounds and the head in {head}")),
        _ => Ok(()),
    }
}

/// `3 %`, `6.2 %`.
pub(super) fn percent(share: f64) -> String {
    let tenths = (share * 1000.0).round() / 10.0;
    format!("{tenths} %")
}
