//! The command line as data: what clap parses and `--help` shows.

mod ci;
mod leak;

use std::path::PathBuf;

use clap::{Args, Parser, Subcommand, ValueEnum};
use compatrix_model::plan::Shard;

/// What is said at the end of `--help`.
pub const EXIT_CODES: &str = "\
Exit codes:
  0    all as the spec expects
  1    a cell is broken or passes unexpectedly, or a --check found a
       difference, or doctor an error; with `--missing fail`, or a cell is
       unproven
  2    the command line, the spec or the workspace is wrong
  3    the machine failed: disk, lock, ledger, network; or a leak tool is
       not proven
  130  interrupted; results are kept, the same command goes on

Results go to stdout, progress and messages to stderr. NO_COLOR is respected.";

/// Compatibility claims as evidence.
///
/// Reads one declarative spec (compat/matrix.toml), runs the packages under test over toolchains, SQLite versions,
/// schema fixtures and feature sets, proves what really ran, and writes the compatibility page from that evidence.
#[derive(Debug, Parser)]
#[command(name = command_name(), bin_name = command_name(), version, after_help = EXIT_CODES, max_term_width = 100)]
pub struct Cli {
    /// Options of every command.
    #[command(flatten)]
    pub global: Global,
    /// The command.
    #[command(subcommand)]
    pub command: Command,
}

/// Options of every command.
#[derive(Debug, Clone, Args)]
#[command(next_help_heading = "Options of every command")]
pub struct Global {
    /// The workspace, if not that of the current folder
    #[arg(long, value_name = "DIR", global = true)]
    pub root: Option<PathBuf>,
    /// When to use colour: auto, always, never
    #[arg(long, value_name = "WHEN", default_value = "auto", hide_possible_values = true, global = true)]
    pub color: When,
    /// Say only what is wrong, and the result
    #[arg(long, short, global = true)]
    pub quiet: bool,
}

/// When to use colour.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum When {
    /// On terminals, unless NO_COLOR is set
    Auto,
    /// Always
    Always,
    /// Never
    Never,
}

/// The commands.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Write a first spec for this workspace, from what it promises and tests today
    #[command(after_help = INIT_HELP)]
    Init(InitArgs),
    /// Run the matrix and show what works
    #[command(after_help = COMPAT_HELP)]
    Compat(CompatArgs),
    /// Show what `compat` would do, and do nothing
    Plan(PlanArgs),
    /// Run the tests under the tools that find leaks and memory errors
    #[command(after_help = leak::HELP)]
    LeakCheck(leak::LeakArgs),
    /// Write the workflows of GitHub Actions from the spec
    #[command(after_help = ci::GEN_CI_HELP)]
    GenCi(GenCiArgs),
    /// Rehearse the workflows on this machine
    #[command(subcommand)]
    Ci(CiCommand),
    /// Write the compatibility page and its picture from the committed evidence
    Report(ReportArgs),
    /// Make the locksets: dependency versions that old toolchains can build, in compat/locks/
    #[command(after_help = LOCK_HELP)]
    Lock(LockArgs),
    /// Put the proof of results into compat/evidence/, or show it
    #[command(subcommand)]
    Evidence(EvidenceCommand),
    /// List, build or verify the databases that runs are given
    #[command(subcommand)]
    Fixtures(FixturesCommand),
    /// Check what this host has and lacks, and look for promises that cannot hold
    #[command(after_help = DOCTOR_HELP)]
    Doctor(DoctorArgs),
    /// Print the shell lines that do by hand what one cell does
    Repro(ReproArgs),
    /// Write the spec's reference page and the JSON Schema that editors complete it from
    Schema(CheckArgs),
    /// Print a shell's completions of `cargo-compatrix`
    Completions {
        /// The shell
        shell: clap_complete::Shell,
    },
}

const INIT_HELP: &str = "\
It reads the manifests (members, rust-version, features, how SQLite is used),
READMEs, a compatibility page written by hand, GitHub workflows and cargo's
configuration, and writes compat/matrix.toml. A comment beside each value says
where it came from. Nothing that is there is changed, and an old page stays as
it is.

From nothing to a grid:
  init
  compat";

const COMPAT_HELP: &str = "\
It installs and builds what is missing, runs each cell whose result is not known
yet, keeps every result in target/compat/ledger.sqlite, and prints the grid.

Examples:
  compat                                      the profile `local`
  compat --profile full                       every cell of the spec
  compat --cell 'sqlite=3.35.4'               the cells with that SQLite
  compat --cell 'rust>=1.75 features=json'    both must hold; several --cell are
                                              alternatives
  compat --since origin/main                  what the changes of a branch can affect
  compat --profile full --shard 2/4           the second of four machines' parts
  compat --format json --junit compat.xml     for machines";

const DOCTOR_HELP: &str = "\
It checks the tools that a matrix needs and prints the command that mends each,
then reads manifests, lockfile, READMEs, compatibility pages and workflows for
promises that cannot hold or that the spec does not test. It changes nothing,
uses no network, and works without a spec and with a broken one.

Exit code 1: the spec needs a tool that is missing, or a lint found an error.
Warnings and tools that this spec can do without leave it at 0. What could not
be checked is told as such, never taken for fine.

Examples:
  doctor                    all of it, for people
  doctor --quiet            only what is wrong
  doctor --format json      for machines; docs/DOCTOR.md explains each id";

/// Which cells.
#[derive(Debug, Clone, Args)]
pub struct Selection {
    /// The profile of the spec that chooses the cells
    #[arg(long, short, value_name = "NAME", default_value = "local")]
    pub profile: String,
    /// Only cells that meet this condition (`sqlite=3.35.4`, `rust>=1.75 features=json`), of those that the profile chooses
    /// if one does, else of all that its `when` admits; repeat for alternatives
    #[arg(long = "cell", short, value_name = "EXPR")]
    pub cells: Vec<String>,
    /// Only the K-th of N parts that take about as long, no build in two of them; for one machine each (`2/4`)
    #[arg(long, value_name = "K/N")]
    pub shard: Option<Shard>,
    /// Only cells that changes since this git revision can affect, those not committed among them
    #[arg(long, value_name = "REV")]
    pub since: Option<String>,
    /// Use no network
    #[arg(long)]
    pub offline: bool,
    /// Install no toolchain; those that are missing leave their cells unproven
    #[arg(long)]
    pub no_install: bool,
    /// Run again what is known, and try again what could not be had
    #[arg(long)]
    pub fresh: bool,
    /// Build in stages that are served their dependencies from disk, so that no build uses the network
    #[arg(long)]
    pub hermetic: bool,
    /// Jobs at once, over all cargos and runs [default: the processors]
    #[arg(long, short, value_name = "N", value_parser = clap::value_parser!(u16).range(1..=1024))]
    pub jobs: Option<u16>,
}

/// Options of `init`.
#[derive(Debug, Clone, Args)]
pub struct InitArgs {
    /// Print the spec instead of writing it, also where there is one
    #[arg(long, alias = "dry-run")]
    pub stdout: bool,
}

/// Options of `compat`.
#[derive(Debug, Clone, Args)]
pub struct CompatArgs {
    /// Which cells.
    #[command(flatten)]
    pub selection: Selection,
    /// Which part of CI.
    #[command(flatten)]
    pub ci: CiPart,
    /// Cells that cannot be tried here: skip shows them as unproven, fail also makes the exit code 1
    #[arg(long, value_name = "WHAT", default_value = "skip", hide_possible_values = true)]
    pub missing: Missing,
    /// Only print the plan
    #[arg(long)]
    pub dry_run: bool,
    /// What to print on stdout: human, or json for machines
    #[arg(long, value_name = "FORMAT", default_value = "human", hide_possible_values = true)]
    pub format: Format,
    /// Also write the results as JUnit XML
    #[arg(long, value_name = "FILE")]
    pub junit: Option<PathBuf>,
}

/// Options of `plan`.
#[derive(Debug, Clone, Args)]
pub struct PlanArgs {
    /// Which cells.
    #[command(flatten)]
    pub selection: Selection,
    /// What to print on stdout: human, or json for machines
    #[arg(long, value_name = "FORMAT", default_value = "human", hide_possible_values = true)]
    pub format: Format,
}

/// What unproven cells mean.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Missing {
    /// They are shown as unproven; exit code 0
    Skip,
    /// They are an error; exit code 1
    Fail,
}

/// What is printed on stdout.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Format {
    /// For people
    Human,
    /// For machines: one JSON document
    Json,
}

/// Options of `doctor`.
#[derive(Debug, Clone, Args)]
pub struct DoctorArgs {
    /// What to print on stdout: human, or json for machines
    #[arg(long, value_name = "FORMAT", default_value = "human", hide_possible_values = true)]
    pub format: Format,
}

/// Options of `report`.
#[derive(Debug, Clone, Args)]
pub struct ReportArgs {
    /// Write nothing; exit 1 with a diff if a page is not what would be written
    #[arg(long)]
    pub check: bool,
    /// Exit 1 if evidence belongs to other sources than today's
    #[arg(long)]
    pub require_fresh: bool,
}

/// A generated file, written or checked.
#[derive(Debug, Clone, Args)]
pub struct CheckArgs {
    /// Write nothing; exit 1 with a diff if the file is not what would be written
    #[arg(long)]
    pub check: bool,
}

/// What is said at the end of `lock --help`.
const LOCK_HELP: &str = "\
A [[lock]] of the spec names a group of toolchains. Its lockset is a Cargo.lock
for the lowest of them, chosen by a new cargo, in a format that old cargos read,
with only what the packages under test need. Cells of these toolchains are built
in a stage under target/compat, with this lockfile, served from disk.

Where packages do not say which Rust they need, `--repair` builds and steps them
back until it works; it prints the pins to paste into the spec. Where nothing
works it names the packages in the way and the lowest Rust that would do.";

/// Options of `lock`.
#[derive(Debug, Clone, Args)]
pub struct LockArgs {
    /// Only these groups [default: all]
    pub names: Vec<String>,
    /// Write nothing; exit 1 if a lockset does not fit the spec and the manifests
    #[arg(long, conflicts_with_all = ["update", "repair"])]
    pub check: bool,
    /// Choose all versions anew, also where the lockset fits
    #[arg(long)]
    pub update: bool,
    /// Build with the lowest toolchain, and step packages back until it builds
    #[arg(long)]
    pub repair: bool,
    /// Use no network
    #[arg(long)]
    pub offline: bool,
    /// Install no toolchain
    #[arg(long)]
    pub no_install: bool,
    /// What to print on stdout: human, or json for machines
    #[arg(long, value_name = "FORMAT", default_value = "human", hide_possible_values = true)]
    pub format: Format,
}

/// Commands of `evidence`.
#[derive(Debug, Clone, Subcommand)]
pub enum EvidenceCommand {
    /// Write the ledger's results for today's sources into compat/evidence/
    Record {
        /// Only cells that meet this condition; repeat for alternatives
        #[arg(long = "cell", short, value_name = "EXPR")]
        cells: Vec<String>,
        /// Also keep committed evidence of cells that the spec no longer has
        #[arg(long)]
        keep: bool,
    },
    /// Make one of what the jobs of CI uploaded, and give the verdict over the whole plan
    Merge(Box<MergeArgs>),
    /// Show the newest record of a cell, with all its proof
    Show {
        /// The cell's id: 'rust=stable sqlite=3.46.0 schema=v24 features=default'
        cell: String,
        /// What to print on stdout: human, or json for machines
        #[arg(long, value_name = "FORMAT", default_value = "human", hide_possible_values = true)]
        format: Format,
    },
}

/// Commands of `fixtures`.
#[derive(Debug, Clone, Subcommand)]
pub enum FixturesCommand {
    /// List the fixtures with vintage, size and intent
    List {
        /// What to print on stdout: human, or json for machines
        #[arg(long, value_name = "FORMAT", default_value = "human", hide_possible_values = true)]
        format: Format,
    },
    /// Build those that are not built
    Build {
        /// Only these
        names: Vec<String>,
    },
    /// Build, then hold each against what its fixture.toml promises
    Verify {
        /// Only these
        names: Vec<String>,
    },
}

/// Options of `repro`.
#[derive(Debug, Clone, Args)]
pub struct ReproArgs {
    /// The cell's id: 'rust=stable sqlite=3.46.0 schema=v24 features=default'
    pub cell: String,
    /// The suite [default: the first that runs in the cell]
    #[arg(long, value_name = "NAME")]
    pub suite: Option<String>,
}

pub use ci::{CiCommand, CiPart, GenCiArgs, MergeArgs, RehearseArgs};
pub use leak::{LeakArgs, LeakFormat};

/// Whether this executable was started as `cargo compatrix`.
pub fn is_cargo_subcommand() -> bool {
    let program = std::env::args_os().next().map(PathBuf::from).unwrap_or_default();
    program.file_stem().is_some_and(|stem| stem == "cargo-compatrix")
}

/// How the user starts us: `cargo compatrix` or `cargo xtask`.
pub fn command_name() -> &'static str {
    if is_cargo_subcommand() {
        "cargo compatrix"
    } else {
        "cargo xtask"
    }
}
