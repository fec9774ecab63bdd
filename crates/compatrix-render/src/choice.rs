//! How cells were chosen: what they cover, what changes they are about, which shard they are.

use compatrix_model::choose::Coverage;
use compatrix_model::results::matrix::Chosen;
use serde::Serialize;

use crate::look::{count, duration, wrap, Look};

/// How many reasons are told before the rest is counted.
const MAX_REASONS: usize = 6;

/// A line each for coverage, changes and shard, fitted to a width; those that there are.
pub fn lines(chosen: &Chosen, look: &Look) -> String {
    let lines = sentences(chosen).into_iter().flat_map(|sentence| {
        let indent = &"  "[..if sentence.starts_with("  ") { 2 } else { 0 }];
        wrap(&sentence, look.width.saturating_sub(indent.len())).into_iter().map(move |line| format!("{indent}{line}"))
    });
    lines.map(|line| look.dim(&line) + "\n").collect()
}

/// The same as sentences.
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
            (0, 0) => "empty, as there is nothing to build".to_owned(),
            (0, of) => format!("empty, as there are only {}", count(of, "build")),
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

/// A number of cells; one that nobody reads digit by digit is rounded.
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

/// A choice in JSON documents: `coverage`, `since` and `shard`, those that there are.
#[derive(Debug, Serialize)]
pub struct ChoiceEntry<'a> {
    /// What the cells cover.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub coverage: Option<CoverageEntry<'a>>,
    /// To what changes they are narrowed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub since: Option<SinceEntry<'a>>,
    /// To which shard.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub shard: Option<ShardEntry<'a>>,
}

/// What the chosen cells cover.
#[derive(Debug, Serialize)]
pub struct CoverageEntry<'a> {
    /// `pairwise`, `3-way`, or `all` within a budget.
    pub strategy: String,
    /// How many values the tuples have that are counted.
    pub strength: usize,
    /// Cells chosen.
    pub cells: usize,
    /// Cells to choose from; a text, as it may have more digits than numbers of JSON.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub of: Option<String>,
    /// Tuples covered.
    pub covered: u64,
    /// Tuples that could be.
    pub wanted: u64,
    /// Tuples that rules leave no cell for.
    pub excluded: u64,
    /// Tuples covered by cells that can be tried on this host.
    pub tried: u64,
    /// Pins that no chosen cell meets.
    #[serde(skip_serializing_if = "<[String]>::is_empty")]
    pub unmet_pins: &'a [String],
}

/// What a change can affect.
#[derive(Debug, Serialize)]
pub struct SinceEntry<'a> {
    /// The revision.
    pub rev: &'a str,
    /// Files that differ from it.
    pub changed_files: usize,
    /// Suites in cells that they can affect.
    pub affected: usize,
    /// Suites in cells of the whole choice.
    pub of: usize,
    /// Why.
    pub why: &'a [String],
}

/// A shard.
#[derive(Debug, Serialize)]
pub struct ShardEntry<'a> {
    /// Which, from 1.
    pub number: usize,
    /// Of how many.
    pub of: usize,
    /// Its builds.
    pub builds: usize,
    /// Builds of all shards.
    pub builds_of: usize,
    /// Its runs.
    pub runs: usize,
    /// Runs of all shards.
    pub runs_of: usize,
    /// What it is predicted to take, in milliseconds.
    pub predicted_ms: u64,
    /// What the longest of all shards is predicted to take.
    pub longest_ms: u64,
    /// The same in all shards of one plan.
    pub deal: &'a str,
}

/// The choice for JSON documents.
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
