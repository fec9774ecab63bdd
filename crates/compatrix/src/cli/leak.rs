//! The options of `leak-check`.

use std::path::PathBuf;

use clap::{Args, ValueEnum};
use compatrix_leak::{FindingKind, Tool};

use super::{CiPart, Missing, Selection};

/// What is said at the end of `leak-check --help`.
pub(super) const HELP: &str = "\
It runs the suites of kind `leak`: each test executable itself, under valgrind,
a sanitizer, Miri, or with an eye on what tests leave behind. Before a tool's
results count, a canary that leaks on purpose must be found, and a clean one
must be clean. What cannot be run is counted, with the reason.

compat/suppressions/*.toml covers false alarms, compat/baseline.toml accepts
known findings until a day; both are told. --print-baseline gives what to paste.

Examples:
  leak-check                                 all tools, the profile `local`
  leak-check --tool valgrind                 one of them
  leak-check --cell sqlite=bundled           the cells with that SQLite
  leak-check --sarif leaks.sarif             also for code scanning
  leak-check --errors-for definite,possible  other kinds fail it

Exit code 3, `tool not proven`: the tool missed the canary, so that nothing it
said counts.";

/// Options of `leak-check`.
#[derive(Debug, Clone, Args)]
pub struct LeakArgs {
    /// Which cells.
    #[command(flatten)]
    pub selection: Selection,
    /// Which part of CI.
    #[command(flatten)]
    pub ci: CiPart,
    /// Only this tool (valgrind, asan, lsan, miri, resources); repeat for several
    #[arg(long = "tool", short, value_name = "NAME", value_parser = tool)]
    pub tools: Vec<Tool>,
    /// Which kinds of findings fail, instead of those that the spec names: words with commas between
    #[arg(long, value_name = "KINDS", value_delimiter = ',', value_parser = kind)]
    pub errors_for: Vec<FindingKind>,
    /// Cells that cannot be tried here: skip shows them as unproven, fail also makes the exit code 1
    #[arg(long, value_name = "WHAT", default_value = "skip", hide_possible_values = true)]
    pub missing: Missing,
    /// Only print the plan
    #[arg(long)]
    pub dry_run: bool,
    /// What to print on stdout: human, json for machines, sarif for code scanning
    #[arg(long, value_name = "FORMAT", default_value = "human", hide_possible_values = true)]
    pub format: LeakFormat,
    /// Also write the results as JUnit XML
    #[arg(long, value_name = "FILE")]
    pub junit: Option<PathBuf>,
    /// Also write the findings as SARIF 2.1.0
    #[arg(long, value_name = "FILE")]
    pub sarif: Option<PathBuf>,
    /// Instead of the report, print what to paste into compat/baseline.toml to accept each new finding
    #[arg(long)]
    pub print_baseline: bool,
}

/// What `leak-check` prints on stdout.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum LeakFormat {
    /// For people
    Human,
    /// For machines: one JSON document
    Json,
    /// SARIF 2.1.0, for code scanning
    Sarif,
}

fn tool(word: &str) -> Result<Tool, String> {
    let all = Tool::ALL.map(Tool::as_str).join(", ");
    Tool::from_word(word).ok_or_else(|| format!("no such tool; there are {all}"))
}

fn kind(word: &str) -> Result<FindingKind, String> {
    let all: Vec<&str> = FindingKind::ALL.iter().map(|kind| kind.as_str()).collect();
    FindingKind::from_word(word).ok_or_else(|| format!("no such kind of finding; there are {}", all.join(", ")))
}
