//! The options of `gen-ci`, `ci` and `evidence merge`, and those by which a job of CI names its part.

use std::path::PathBuf;

use clap::{Args, Subcommand};
use compatrix_model::matrix_spec::{Event, Work};

use super::{Format, Missing};

/// Which part of the plan of CI.
#[derive(Debug, Clone, Default, Args)]
pub struct CiPart {
    /// What CI runs on this event (pull_request, push, schedule), on this platform, instead of a profile
    #[arg(long, value_name = "EVENT", value_parser = event, conflicts_with_all = ["profile", "cells", "since", "shard"])]
    pub event: Option<Event>,
    /// Only this job of the event, as the workflow names it
    #[arg(long, value_name = "NAME", requires = "event")]
    pub job: Option<String>,
    /// Also write the records as an artifact for `evidence merge`
    #[arg(long, value_name = "FILE", requires = "event")]
    pub evidence: Option<PathBuf>,
}

/// What is said at the end of `gen-ci --help`.
pub(super) const GEN_CI_HELP: &str = "\
From [ci] of the spec it writes .github/workflows/compatibility.yml,
leak-check.yml and checks.yml, and prints what each event is predicted to cost.
Committed files decide alone, so that every machine writes the same bytes.

Nothing of others is written over: not a workflow of the same name that is not
ours, not one that was edited by hand, not a pin that a bot raised.

Examples:
  gen-ci                      write them
  gen-ci --check              show what differs, write nothing
  gen-ci --adopt-pins         after a bot's pull request
  gen-ci --adopt-durations    balance jobs by what they took here

Exit code 1: --check found a difference, or writing would lose something.";

/// Options of `gen-ci`.
#[derive(Debug, Clone, Args)]
pub struct GenCiArgs {
    /// Write nothing; exit 1 with a diff if a workflow is not what would be written
    #[arg(long)]
    pub check: bool,
    /// Carry versions and SHAs of actions that a bot raised in the workflows back to ci/actions.toml
    #[arg(long, conflicts_with = "check")]
    pub adopt_pins: bool,
    /// Carry what builds and runs took, as the ledger knows it, to ci/durations.toml; jobs are balanced by it
    #[arg(long, conflicts_with = "check")]
    pub adopt_durations: bool,
    /// Write over workflows that were edited by hand, and lower pins that were raised
    #[arg(long, conflicts_with = "check")]
    pub overwrite: bool,
}

/// Commands of `ci`.
#[derive(Debug, Clone, Subcommand)]
pub enum CiCommand {
    /// Run the jobs of an event here, one after another, as the workflow has them
    Rehearse(RehearseArgs),
    /// Build the exact SQLite versions that the jobs of this platform load, into the user's cache
    Provision {
        /// Use no network
        #[arg(long)]
        offline: bool,
    },
}

/// Options of `ci rehearse`.
#[derive(Debug, Clone, Args)]
pub struct RehearseArgs {
    /// The event (pull_request, push, schedule)
    #[arg(long, value_name = "EVENT", value_parser = event)]
    pub event: Event,
    /// Only the workflow of this command (compat, leak-check) [default: all that run on the event]
    #[arg(long, value_name = "COMMAND", value_parser = work)]
    pub of: Option<Work>,
    /// Also run the steps that install packages and toolchains on this machine
    #[arg(long)]
    pub install: bool,
    /// Where checkouts and artifacts go, and stay [default: a folder of the user's cache that goes away]
    #[arg(long, value_name = "DIR")]
    pub keep: Option<PathBuf>,
}

/// Options of `evidence merge`.
#[derive(Debug, Clone, Args)]
pub struct MergeArgs {
    /// Artifacts, and folders of artifacts
    #[arg(required = true, value_name = "PATH")]
    pub paths: Vec<PathBuf>,
    /// The event whose plan they must cover [default: that of the artifacts]
    #[arg(long, value_name = "EVENT", value_parser = event)]
    pub event: Option<Event>,
    /// The command whose plan they must cover (compat, leak-check) [default: that of the artifacts]
    #[arg(long, value_name = "COMMAND", value_parser = work)]
    pub of: Option<Work>,
    /// Only the jobs and cells of this platform, as where no runner of the others is at hand: in a rehearsal
    #[arg(long, value_name = "PLATFORM", env = "COMPATRIX_PLATFORM", hide_env = true)]
    pub platform: Option<String>,
    /// GitHub's `needs` as JSON: each job of the event must have succeeded
    #[arg(long, value_name = "JSON")]
    pub needs: Option<String>,
    /// Show what is different from the evidence committed in this git revision
    #[arg(long, value_name = "REV")]
    pub base: Option<String>,
    /// Cells that could not be tried: skip shows them as unproven, fail also makes the exit code 1 [default: the spec's]
    #[arg(long, value_name = "WHAT", hide_possible_values = true)]
    pub missing: Option<Missing>,
    /// Also put the records into the committed evidence, as `evidence record` does with the ledger's
    #[arg(long)]
    pub record: bool,
    /// Also write them as one artifact
    #[arg(long, value_name = "FILE")]
    pub output: Option<PathBuf>,
    /// Also write the findings of leak suites as SARIF 2.1.0
    #[arg(long, value_name = "FILE")]
    pub sarif: Option<PathBuf>,
    /// What to print on stdout: human, or json for machines
    #[arg(long, value_name = "FORMAT", default_value = "human", hide_possible_values = true)]
    pub format: Format,
}

fn event(word: &str) -> Result<Event, String> {
    Event::from_word(word)
        .ok_or_else(|| format!("no such event; there are {}", Event::ALL.map(Event::as_str).join(", ")))
}

fn work(word: &str) -> Result<Work, String> {
    let found = Work::ALL.into_iter().find(|work| work.as_str() == word);
    found.ok_or_else(|| format!("no such command; there are {}", Work::ALL.map(Work::as_str).join(", ")))
}
