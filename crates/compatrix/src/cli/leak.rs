//! The options of `leak-check`.

use std::path::PathBuf;

use clap::{Args, ValueEnum};
use compatrix_leak::{FindingKind, Tool};

use super::selection::{EventOptions, Missing, Selection};

/// The end of `leak-check --help`.
pub(super) const HELP: &str = "\
Runs the suites of kind `leak`: each test executable under valgrind, a sanitizer
or Miri, or with a check of what its tests leave behind. A tool's results count
only after it found the leak in a canary that leaks on purpose, and none in a
clean one. Tests that a tool cannot run are counted, with the reason.

compat/suppressions/*.toml suppresses false positives, compat/baseline.toml
accepts known findings until a given day; both are reported. --print-baseline
prints the entries to paste.

Examples:
  leak-check                                 all tools, profile `local`
  leak-check --tool valgrind                 one tool
  leak-check --cell sqlite=bundled           cells with the bundled SQLite
  leak-check --sarif leaks.sarif             also write SARIF for code scanning
  leak-check --errors-for definite,possible  fail on these kinds only

Exit code 3, `tool not proven`: the tool missed the canary's leak, so nothing it
reported counts.";

/// Options of `leak-check`.
#[derive(Debug, Clone, Args)]
pub struct LeakArgs {
    /// The cells, by profile and condition.
    #[command(flatten)]
    pub selection: Selection,
    /// The cells, by event of CI.
    #[command(flatten)]
    pub event: EventOptions,
    /// Run only this tool (valgrind, asan, lsan, miri, resources); repeatable
    #[arg(long = "tool", short, value_name = "NAME", value_parser = tool)]
    pub tools: Vec<Tool>,
    /// Fail on these kinds of findings (comma-separated) instead of those in the spec
    #[arg(long, value_name = "KINDS", value_delimiter = ',', value_parser = kind)]
    pub errors_for: Vec<FindingKind>,
    /// Cells that this machine cannot run: skip (report as unproven) or fail (also exit 1)
    #[arg(long, value_name = "WHAT", default_value = "skip", hide_possible_values = true)]
    pub missing: Missing,
    /// Print the plan and run nothing
    #[arg(long)]
    pub dry_run: bool,
    /// Output on stdout: human, json, or sarif for code scanning
    #[arg(long, value_name = "FORMAT", default_value = "human", hide_possible_values = true)]
    pub format: LeakFormat,
    /// Also write the results as JUnit XML
    #[arg(long, value_name = "FILE")]
    pub junit: Option<PathBuf>,
    /// Also write the findings as SARIF 2.1.0
    #[arg(long, value_name = "FILE")]
    pub sarif: Option<PathBuf>,
    /// Also write the schedule of the run as a picture, with processor use below: one HTML file
    #[arg(long, value_name = "FILE", conflicts_with = "dry_run")]
    pub timings: Option<PathBuf>,
    /// Instead of the report, print the entries of compat/baseline.toml that accept each new finding
    #[arg(long)]
    pub print_baseline: bool,
}

impl LeakArgs {
    /// Whether the selection is not narrowed, beside the profile.
    pub fn selects_all(&self) -> bool {
        let Selection { packages, cells, shard, since, .. } = &self.selection;
        let is_whole = packages.is_empty() && cells.is_empty() && shard.is_none() && since.is_none();
        is_whole && self.event.event.is_none() && self.tools.is_empty()
    }
}

/// What `leak-check` prints on stdout.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum LeakFormat {
    /// Text for people
    Human,
    /// One JSON document
    Json,
    /// SARIF 2.1.0, for code scanning
    Sarif,
}

fn tool(word: &str) -> Result<Tool, String> {
    let all = Tool::ALL.map(Tool::as_str).join(", ");
    Tool::from_word(word).ok_or_else(|| format!("no such tool (known: {all})"))
}

fn kind(word: &str) -> Result<FindingKind, String> {
    let all: Vec<&str> = FindingKind::ALL.iter().map(|kind| kind.as_str()).collect();
    FindingKind::from_word(word).ok_or_else(|| format!("no such kind of finding (known: {})", all.join(", ")))
}
