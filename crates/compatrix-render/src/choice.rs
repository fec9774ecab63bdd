//! How cells were chosen: coverage, `--since`, shard.

use compatrix_model::choose::Coverage;
use compatrix_model::results::matrix::Chosen;
use serde::Serialize;

use crate::look::{count, duration, wrap, Look};

/// The most reasons listed; the rest are counted.
const MAX_REASONS: usize = 6;

/// Lines for coverage, changes and shard, as far as they apply, wrapped to the width.
pub fn lines(chosen: &Chosen, look: &Look) -> String {
    let lines = sentences(chosen).into_iter().flat_map(|sentence| {
        let indent = &"  "[..if sentence.starts_with("  ") { 2 } else { 0 }];
        wrap(&sentence, look.width.saturating_sub(indent.len())).into_iter().map(move |line| format!("{indent}{line}"))
    });
    lines.map(|line| look.dim(&line) + "\n").collect()
}

/// The same as [`lines`], one unwrapped sentence each.
pub fn sentences(chosen: &Chosen) -> Vec<String> {
    let mut said = Vec::new();
    if let Some(coverage) = &chosen.coverage {
        said.push(covered(coverage));
        said.extend(coverage.unmet.iter().map(|pin| format!("no chosen cell meets the pin `{pin}`")));
    }
    if let Some(since) = &chosen.narrowed.since {
        let files = count(since.changed, "file");
        said.push(format!("since {}: {} changed, {} of {} cells affected", since.rev, files, since.affected, since.of));
        said.extend(since.why.iter().take(MAX_REASONS).map(|why| format!("  {why}")));
        if since.why.len() > MAX_REASONS {
            said.push(format!("  and {} more", since.why.len() - MAX_REASONS));
        }
    }
    if let Some(dealt) = &chosen.narrowed.shard {
        let part = match (dealt.builds, dealt.builds_of) {
            (0, 0) => "empty because there is nothing to build".to_owned(),
            (0, of) => format!("empty because there are only {}", count(of, "build")),
            (builds, of) => format!(
                "{builds} of {}, {} of {}, about {} of work; the longest shard takes {}",
                count(of, "build"),
                dealt.runs,
                count(dealt.runs_of, "run"),
                duration(dealt.predicted_ms),
                duration(dealt.longest_ms)
            ),
        };
        said.push(format!("shard {}: {part} (deal {})", dealt.shard, dealt.deal));
    }
    said
}

/// `pairwise: 42 of 1440 cells cover 391 of 391 pairs (6 pairs excluded by rules)`.
fn covered(coverage: &Coverage) -> String {
    let tuple = match coverage.strength {
        1 => "value".to_owned(),
        2 => "pair".to_owned(),
        3 => "triple".to_owned(),
        n => format!("{n}-tuple"),
    };
    let plural = |n: u64| if n == 1 { "" } else { "s" };
    let of = coverage.of.map(|of| format!(" of {}", amount(of))).unwrap_or_default();
    let mut said = format!(
        "{}: {}{of} cells cover {} of {} {tuple}{}",
        coverage.strategy,
        coverage.cells,
        coverage.covered,
        coverage.wanted,
        plural(coverage.wanted)
    );
    if coverage.excluded > 0 {
        said += &format!(" ({} {tuple}{} excluded by rules)", coverage.excluded, plural(coverage.excluded));
    }
    if coverage.tried < coverage.covered {
        said += &format!("; {} of them can be tried here", coverage.tried);
    }
    said
}

/// A number of cells; from 10^12 on, rounded.
fn amount(n: u128) -> String {
    match n {
        0..=999_999_999_999 => n.to_string(),
        u128::MAX => "more than 10^38".to_owned(),
        _ => {
            let digits = n.to_string();
            format!("{}.{}e{}", &digits[..1], &digits[1..2], digits.len() - 1)
        }
    }
}

/// A choice in JSON documents: `coverage`, `since` and `shard`, each only if it applies.
#[derive(Debug, Serialize)]
pub struct ChoiceEntry<'a> {
    /// Absent if every cell was chosen.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub coverage: Option<CoverageEntry<'a>>,
    /// Absent without `--since`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub since: Option<SinceEntry<'a>>,
    /// Absent without `--shard`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub shard: Option<ShardEntry<'a>>,
}

/// The coverage of the chosen cells, counted in tuples of values.
#[derive(Debug, Serialize)]
pub struct CoverageEntry<'a> {
    /// `pairwise`, `3-way`, or `all` within a budget.
    pub strategy: String,
    /// Values per tuple: 2 for pairs.
    pub strength: usize,
    /// The number of cells chosen.
    pub cells: usize,
    /// The number of cells to choose from; a string, because it may exceed the range of JSON numbers.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub of: Option<String>,
    /// Tuples covered by the chosen cells.
    pub covered: u64,
    /// Tuples that can be covered at all.
    pub wanted: u64,
    /// Tuples without a cell because rules exclude them.
    pub excluded: u64,
    /// Tuples covered by cells that can be tried on this host.
    pub tried: u64,
    /// Pins that no chosen cell satisfies.
    #[serde(skip_serializing_if = "<[String]>::is_empty")]
    pub unmet_pins: &'a [String],
}

/// The effect of `--since`.
#[derive(Debug, Serialize)]
pub struct SinceEntry<'a> {
    /// The git revision compared with.
    pub rev: &'a str,
    /// Files that differ from it.
    pub changed_files: usize,
    /// Pairs of suite and cell that these files can affect.
    pub affected: usize,
    /// Pairs of suite and cell in the whole choice.
    pub of: usize,
    /// Why they are affected, one sentence each.
    pub why: &'a [String],
}

/// The effect of `--shard`.
#[derive(Debug, Serialize)]
pub struct ShardEntry<'a> {
    /// The shard's number, from 1.
    pub number: usize,
    /// The number of shards.
    pub of: usize,
    /// Builds in this shard.
    pub builds: usize,
    /// Builds in all shards.
    pub builds_of: usize,
    /// Runs in this shard.
    pub runs: usize,
    /// Runs in all shards.
    pub runs_of: usize,
    /// Predicted duration in milliseconds.
    pub predicted_ms: u64,
    /// Predicted duration of the longest shard, in milliseconds.
    pub longest_ms: u64,
    /// An id of the division; equal in all shards of the same plan.
    pub deal: &'a str,
}

/// Borrows a choice in the form that JSON documents use.
pub fn entry(chosen: &Chosen) -> ChoiceEntry<'_> {
    let coverage = chosen.coverage.as_ref().map(|coverage| CoverageEntry {
        strategy: coverage.strategy.to_string(),
        strength: coverage.strength,
        cells: coverage.cells,
        of: coverage.of.map(|of| of.to_string()),
        covered: coverage.covered,
        wanted: coverage.wanted,
        excluded: coverage.excluded,
        tried: coverage.tried,
        unmet_pins: &coverage.unmet,
    });
    let since = chosen.narrowed.since.as_ref().map(|since| SinceEntry {
        rev: &since.rev,
        changed_files: since.changed,
        affected: since.affected,
        of: since.of,
        why: &since.why,
    });
    let shard = chosen.narrowed.shard.as_ref().map(|dealt| ShardEntry {
        number: dealt.shard.number(),
        of: dealt.shard.of(),
        builds: dealt.builds,
        builds_of: dealt.builds_of,
        runs: dealt.runs,
        runs_of: dealt.runs_of,
        predicted_ms: dealt.predicted_ms,
        longest_ms: dealt.longest_ms,
        deal: &dealt.deal,
    });
    ChoiceEntry { coverage, since, shard }
}
