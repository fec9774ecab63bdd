//! The options of `gen-ci`, `ci` and `evidence merge`.

use std::path::PathBuf;

use clap::{Args, Subcommand};
use compatrix_model::matrix_spec::{CiEvent, JobCommand};

use super::selection::{event, Format, Missing};

/// The end of `gen-ci --help`.
pub(super) const GEN_CI_HELP: &str = "\
Writes .github/workflows/compatibility.yml, leak-check.yml, benchmarks.yml,
benchmarks-comment.yml and checks.yml from [ci] of the spec, and prints the
predicted cost of each event. The workflows depend on committed files only, so
every machine writes the same bytes.

It never overwrites a workflow that it did not write, one that was edited by
hand, or a pin that a bot raised.

Examples:
  gen-ci                      write the workflows
  gen-ci --check              show what differs, write nothing
  gen-ci --adopt-pins         keep the pins of a bot's pull request
  gen-ci --adopt-durations    balance jobs by durations measured here

Exit code 1: --check found a difference, or writing would lose a change.";

/// Options of `gen-ci`.
#[derive(Debug, Clone, Args)]
pub struct GenCiArgs {
    /// Write nothing; print a diff and exit 1 if a workflow is out of date
    #[arg(long)]
    pub check: bool,
    /// Copy action versions and SHAs that a bot raised in the workflows to ci/actions.toml
    #[arg(long, conflicts_with = "check")]
    pub adopt_pins: bool,
    /// Copy durations of builds and runs from the ledger to ci/durations.toml, to balance jobs by
    #[arg(long, conflicts_with = "check")]
    pub adopt_durations: bool,
    /// Overwrite workflows that were edited by hand, and lower pins that were raised
    #[arg(long, conflicts_with = "check")]
    pub overwrite: bool,
}

/// What to do with the plan of CI.
#[derive(Debug, Clone, Subcommand)]
pub enum CiCommand {
    /// Run the jobs of an event on this machine, one after another
    Rehearse(RehearseArgs),
    /// Check the reports of a pull request's benchmarks and render the comment on it
    BenchComment(BenchCommentArgs),
    /// Build the exact SQLite versions that jobs of this platform load into the user's cache
    Provision {
        /// Do not use the network
        #[arg(long)]
        offline: bool,
    },
}

/// Options of `ci rehearse`.
#[derive(Debug, Clone, Args)]
pub struct RehearseArgs {
    /// The event (pull_request, push, schedule)
    #[arg(long, value_name = "EVENT", value_parser = event)]
    pub event: CiEvent,
    /// Rehearse only the workflow of this command (compat, leak-check, bench) [default: all that run on the event]
    #[arg(long, value_name = "COMMAND", value_parser = rehearsable)]
    pub of: Option<Rehearsable>,
    /// Also run steps that install packages and toolchains on this machine
    #[arg(long)]
    pub install: bool,
    /// Put checkouts and artifacts into this directory and keep them [default: a temporary one in the user's cache]
    #[arg(long, value_name = "DIR")]
    pub keep: Option<PathBuf>,
}

/// A command whose workflow can be rehearsed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Rehearsable {
    /// One that runs cells.
    Cells(JobCommand),
    /// The comparison of benchmarks.
    Bench,
}

/// Options of `ci bench-comment`.
#[derive(Debug, Clone, Args)]
pub struct BenchCommentArgs {
    /// The directory of the reports, `bench-report-PLATFORM.json` each
    #[arg(value_name = "DIR")]
    pub reports: PathBuf,
    /// Write the comment to this file [default: print it]
    #[arg(long, value_name = "FILE")]
    pub output: Option<PathBuf>,
    /// The commit that the comment names
    #[arg(long, value_name = "SHA")]
    pub commit: Option<String>,
    /// The page of the run that the comment links to
    #[arg(long, value_name = "URL")]
    pub run_page: Option<String>,
}

/// Options of `evidence merge`.
#[derive(Debug, Clone, Args)]
pub struct MergeArgs {
    /// Artifacts, or directories of artifacts
    #[arg(required = true, value_name = "PATH")]
    pub paths: Vec<PathBuf>,
    /// The event whose plan the artifacts must cover [default: theirs]
    #[arg(long, value_name = "EVENT", value_parser = event)]
    pub event: Option<CiEvent>,
    /// The command whose plan the artifacts must cover (compat, leak-check) [default: theirs]
    #[arg(long, value_name = "COMMAND", value_parser = work)]
    pub of: Option<JobCommand>,
    /// Only count jobs and cells of this platform, as in a rehearsal, where the others have no runner
    #[arg(long, value_name = "PLATFORM", env = "COMPATRIX_PLATFORM", hide_env = true)]
    pub platform: Option<String>,
    /// GitHub's `needs` context as JSON: each job of the event must have succeeded
    #[arg(long, value_name = "JSON")]
    pub needs: Option<String>,
    /// Show what changed since the evidence committed in this git revision
    #[arg(long, value_name = "REV")]
    pub base: Option<String>,
    /// Cells that no job could run: skip (report as unproven) or fail (also exit 1) [default: as in the spec]
    #[arg(long, value_name = "WHAT", hide_possible_values = true)]
    pub missing: Option<Missing>,
    /// Also write the results into compat/evidence/, as `evidence record` does with those of the ledger
    #[arg(long)]
    pub record: bool,
    /// Also write the merged artifact
    #[arg(long, value_name = "FILE")]
    pub output: Option<PathBuf>,
    /// Also write the findings of leak suites as SARIF 2.1.0
    #[arg(long, value_name = "FILE")]
    pub sarif: Option<PathBuf>,
    /// Output on stdout: human or json
    #[arg(long, value_name = "FORMAT", default_value = "human", hide_possible_values = true)]
    pub format: Format,
}

fn rehearsable(word: &str) -> Result<Rehearsable, String> {
    let bench = (word == "bench").then_some(Rehearsable::Bench);
    let found = bench.or_else(|| work(word).ok().map(Rehearsable::Cells));
    let known = || JobCommand::ALL.map(JobCommand::as_str).join(", ");
    found.ok_or_else(|| format!("no such command (known: {}, bench)", known()))
}

fn work(word: &str) -> Result<JobCommand, String> {
    let found = JobCommand::ALL.into_iter().find(|work| work.as_str() == word);
    found.ok_or_else(|| format!("no such command (known: {})", JobCommand::ALL.map(JobCommand::as_str).join(", ")))
}
