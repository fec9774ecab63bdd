//! The options of `bench`.

use std::path::PathBuf;

use clap::{Args, ValueEnum};

use super::selection::Missing;

/// The end of `bench --help`.
pub(super) const HELP: &str = "\
Runs the suites of kind `bench` on two builds and says which benches are slower.
Both are built here, from the same benches, with the same toolchain and
features, and measured in turn by fresh processes in random order. The chance of
a false alarm is 1 % for all benches and cells together. Executables that are
equal are not run.

The base is the merge base with the main branch. On the main branch it is HEAD,
or the commit before it if nothing is changed.

Each bench is slower, faster, not slower, or unproven, with the smallest
slowdown that would have been seen. Each round also measures work of our own,
against itself and against a tenth more of it. If the rounds cannot distinguish
them, no verdict counts: exit code 3.

Examples:
  bench                             against the merge base
  bench --base v1.2.0               against a tag
  bench --save-baseline before      keep the current sources ...
  bench --baseline before           ... and compare with them later
  bench --across sqlite             one executable under each SQLite
  bench --no-base                   only the targets of the spec
  bench --rounds 32 --junit b.xml   more rounds, and JUnit XML";

/// Options of `bench`.
#[derive(Debug, Clone, Args)]
pub struct BenchArgs {
    /// Run the suites and cells of this profile of the spec
    #[arg(long, value_name = "NAME", default_value = "local")]
    pub profile: String,
    /// Run only cells that meet this condition (`sqlite=3.35.4`); repeat for alternatives
    #[arg(long = "cell", short, value_name = "EXPR")]
    pub cells: Vec<String>,
    /// Compare with this git revision [default: where the branch left the main branch]
    #[arg(long, value_name = "REV")]
    pub base: Option<String>,
    /// Compare with the sources that --save-baseline kept under this name
    #[arg(long, value_name = "NAME", conflicts_with = "base")]
    pub baseline: Option<String>,
    /// Keep the current sources under this name, to compare with them later
    #[arg(long, value_name = "NAME")]
    pub save_baseline: Option<String>,
    /// Compare the values of this axis instead of two builds
    #[arg(long, value_name = "AXIS", conflicts_with_all = ["base", "baseline"])]
    pub across: Option<String>,
    /// With --across: the value that the others are compared with [default: the axis's last one]
    #[arg(long, value_name = "VALUE", requires = "across")]
    pub reference: Option<String>,
    /// Compare with nothing; only check the targets of the spec
    #[arg(long, conflicts_with_all = ["base", "baseline", "across"])]
    pub no_base: bool,
    /// Rounds before the first look; what is not settled then is measured as often again [default: the suite's]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(6..=128))]
    pub rounds: Option<u32>,
    /// Where the random order comes from [default: a new one each time]
    #[arg(long, value_name = "N")]
    pub seed: Option<u64>,
    /// Measure executables that are the same on both sides, too
    #[arg(long)]
    pub same_too: bool,
    /// What is unproven: skip (only report it) or fail (also exit 1)
    #[arg(long, value_name = "WHAT", default_value = "skip", hide_possible_values = true)]
    pub missing: Missing,
    /// Print the plan and run nothing
    #[arg(long)]
    pub dry_run: bool,
    /// Output on stdout: human, json, or markdown for a comment on a pull request
    #[arg(long, value_name = "FORMAT", default_value = "human", hide_possible_values = true)]
    pub format: BenchFormat,
    /// Also write a record of this commit for the page of benchmarks, below the folder of evidence; with --no-base of its targets alone
    #[arg(long, conflicts_with_all = ["across", "baseline"])]
    pub record: bool,
    /// Also write the results as JSON
    #[arg(long, value_name = "FILE")]
    pub json: Option<PathBuf>,
    /// Also write the results as JUnit XML
    #[arg(long, value_name = "FILE")]
    pub junit: Option<PathBuf>,
    /// Do not use the network
    #[arg(long)]
    pub offline: bool,
    /// Do not install toolchains; cells of missing ones stay unproven
    #[arg(long)]
    pub no_install: bool,
    /// Number of parallel jobs of the builds [default: number of processors]
    #[arg(long, short, value_name = "N", value_parser = clap::value_parser!(u16).range(1..=1024))]
    pub jobs: Option<u16>,
}

/// What `bench` prints on stdout.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum BenchFormat {
    /// Text for people
    Human,
    /// One JSON document
    Json,
    /// A comment for a pull request
    Markdown,
}
