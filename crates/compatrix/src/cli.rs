//! The command line as data: what clap parses and `--help` shows.

mod bench;
mod ci;
mod leak;
mod parse;
mod selection;

use std::path::PathBuf;

use clap::{Args, Parser, Subcommand, ValueEnum};

pub use bench::{BenchArgs, BenchFormat};
pub use ci::{BenchCommentArgs, CiCommand, GenCiArgs, MergeArgs, Rehearsable, RehearseArgs};
pub use leak::{LeakArgs, LeakFormat};
pub use parse::parse;
pub use selection::{EventOptions, Format, Missing, Selection};

/// The end of `--help`.
pub const EXIT_CODES: &str = "\
Exit codes:
  0    everything is as the spec expects
  1    a cell is broken or passes unexpectedly; --check found a difference;
       doctor found an error; with `--missing fail`, a cell is unproven
  2    the command line, the spec or the workspace is invalid
  3    the machine failed (disk, lock, ledger, network), or a leak tool is
       not proven
  130  interrupted; results are kept, and the same command continues

Results go to stdout, progress and messages to stderr. NO_COLOR is respected.";

/// Compatibility claims as evidence.
///
/// Reads a declarative spec (compat/matrix.toml), tests packages across toolchains, SQLite versions, schema fixtures and
/// feature sets, proves what actually ran, and writes the compatibility page from that evidence.
#[derive(Debug, Parser)]
#[command(name = command_name(), bin_name = command_name(), version, after_help = EXIT_CODES, max_term_width = 100)]
pub struct Cli {
    /// Accepted before and after the command.
    #[command(flatten)]
    pub global: Global,
    /// What to do.
    #[command(subcommand)]
    pub command: Command,
}

/// Options of every command.
#[derive(Debug, Clone, Args)]
#[command(next_help_heading = "Global options")]
pub struct Global {
    /// The workspace [default: that of the current directory]
    #[arg(long, value_name = "DIR", global = true)]
    pub root: Option<PathBuf>,
    /// A Cargo.toml of the workspace, as cargo takes it
    #[arg(long, value_name = "PATH", global = true, conflicts_with = "root")]
    pub manifest_path: Option<PathBuf>,
    /// When to use color: auto, always, never
    #[arg(long, value_name = "WHEN", default_value = "auto", hide_possible_values = true, global = true)]
    pub color: When,
    /// Print only errors and the result
    #[arg(long, short, global = true)]
    pub quiet: bool,
}

/// When to use color.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum When {
    /// On terminals, unless NO_COLOR is set
    Auto,
    /// Also in pipes and files
    Always,
    /// Plain text everywhere
    Never,
}

/// What the user starts. It has a `help` of its own, also where an xtask adds commands to these.
#[derive(Debug, Subcommand)]
#[command(disable_help_subcommand = true)]
pub enum Command {
    /// Write a first spec for this workspace
    #[command(after_help = INIT_HELP)]
    Init(InitArgs),
    /// Run the matrix and show what works
    #[command(after_help = COMPAT_HELP)]
    Compat(CompatArgs),
    /// Print what `compat` would do, without running anything
    Plan(PlanArgs),
    /// Run the tests under tools that find leaks and memory errors
    #[command(after_help = leak::HELP)]
    LeakCheck(leak::LeakArgs),
    /// Measure benchmarks of two builds in turn and say which are slower
    #[command(after_help = bench::HELP)]
    Bench(bench::BenchArgs),
    /// Generate GitHub Actions workflows from the spec
    #[command(after_help = ci::GEN_CI_HELP)]
    GenCi(GenCiArgs),
    /// Rehearse CI on this machine, or build what its jobs load
    #[command(subcommand)]
    Ci(CiCommand),
    /// Generate the compatibility page and its picture from committed evidence
    Report(ReportArgs),
    /// Generate locksets: lockfiles with dependency versions that old toolchains can build
    #[command(after_help = LOCK_HELP)]
    Lock(LockArgs),
    /// Record, merge or show the evidence behind results
    #[command(subcommand)]
    Evidence(EvidenceCommand),
    /// List, build or verify the databases that tests run against
    #[command(subcommand)]
    Fixtures(FixturesCommand),
    /// Check the tools of this host and the promises of the workspace
    #[command(after_help = DOCTOR_HELP)]
    Doctor(DoctorArgs),
    /// Print shell commands that reproduce one cell
    Repro(ReproArgs),
    /// Generate the spec's reference page and its JSON Schema for editors
    Schema(CheckArgs),
    /// Print help on a command or a topic: spec, locksets, leaks, ci, evidence, findings, exit-codes
    Help {
        /// The command or topic [default: list them]
        words: Vec<String>,
    },
    /// Print shell completions for `cargo-compatrix`
    Completions {
        /// The shell to complete in
        shell: clap_complete::Shell,
    },
}

const INIT_HELP: &str = "\
Writes compat/matrix.toml from what the workspace says today:
  manifests     members, rust-version, features, docs.rs, use of SQLite
  workflows     toolchains, runners, and what their cargo commands build
  READMEs and pages     promised versions of Rust and SQLite, platforms
  cargo's configuration, rust-toolchain.toml, Cargo.lock

A comment beside each value says where it came from, with file and line. The
end of the spec lists what looked like a promise and was not taken over, and
why. Existing files are not changed.

Then it plans the spec and builds each feature set once, with the newest
installed toolchain of the axis, as `compat` will; `compat` uses these builds
again. Of a set that cannot be built, the part that can is kept, and a comment
has the compiler's reason. --quick leaves the builds out. If not even the
default features build, a warning says so, and the spec is written: exit code
0, because the grid will show it. After Ctrl-C nothing is written.

From nothing to a grid:
  init
  compat";

const COMPAT_HELP: &str = "\
Installs and builds what is missing, runs each cell without a known result,
stores every result in target/compat/ledger.sqlite, and prints the grid.

Examples:
  compat                                      profile `local`
  compat --profile full                       every cell of the spec
  compat --cell 'sqlite=3.35.4'               cells with that SQLite
  compat --cell 'rust>=1.75 features=json'    both must hold; several --cell are
                                              alternatives
  compat -p storage                           only that package; the profile has no
                                              short option
  compat --since origin/main                  cells that a branch can affect
  compat --profile full --shard 2/4           the second of four shards
  compat --timings timings.html               also draw where the time went
  compat --format json --junit compat.xml     machine-readable output";

const DOCTOR_HELP: &str = "\
Checks the tools that a matrix needs and prints the command that fixes each.
Then looks in manifests, lockfile, READMEs, compatibility pages and workflows
for promises that cannot hold or that the spec does not test. It changes
nothing, does not use the network, and works without a spec or with a broken
one.

Exit code 1: the spec needs a tool that is missing, or a lint found an error.
Warnings, and missing tools that this spec does not need, leave it at 0. What
could not be checked is reported as unchecked.

Examples:
  doctor                    everything
  doctor --quiet            only problems
  doctor --format json      machine-readable; `help findings` explains it";

/// Options of `init`.
#[derive(Debug, Clone, Args)]
pub struct InitArgs {
    /// Print the spec instead of writing it, even if one exists; implies --quick
    #[arg(long, alias = "dry-run")]
    pub stdout: bool,
    /// Do not build; `--quick=false` builds with --stdout too
    #[arg(
        long,
        value_name = "BOOL",
        num_args = 0..=1,
        require_equals = true,
        default_missing_value = "true",
        hide_possible_values = true
    )]
    pub quick: Option<bool>,
}

/// Options of `compat`.
#[derive(Debug, Clone, Args)]
pub struct CompatArgs {
    /// The cells, by profile and condition.
    #[command(flatten)]
    pub selection: Selection,
    /// The cells, by event of CI.
    #[command(flatten)]
    pub event: EventOptions,
    /// Cells that this machine cannot run: skip (report as unproven) or fail (also exit 1)
    #[arg(long, value_name = "WHAT", default_value = "skip", hide_possible_values = true)]
    pub missing: Missing,
    /// Print the plan and run nothing
    #[arg(long)]
    pub dry_run: bool,
    /// Output on stdout: human or json
    #[arg(long, value_name = "FORMAT", default_value = "human", hide_possible_values = true)]
    pub format: Format,
    /// Also write the results as JUnit XML
    #[arg(long, value_name = "FILE")]
    pub junit: Option<PathBuf>,
    /// Also write the schedule of the run as a picture, with processor use below: one HTML file
    #[arg(long, value_name = "FILE", conflicts_with = "dry_run")]
    pub timings: Option<PathBuf>,
}

/// Options of `plan`.
#[derive(Debug, Clone, Args)]
pub struct PlanArgs {
    /// The cells, by profile and condition.
    #[command(flatten)]
    pub selection: Selection,
    /// Output on stdout: human or json
    #[arg(long, value_name = "FORMAT", default_value = "human", hide_possible_values = true)]
    pub format: Format,
}

/// Options of `doctor`.
#[derive(Debug, Clone, Args)]
pub struct DoctorArgs {
    /// Output on stdout: human or json
    #[arg(long, value_name = "FORMAT", default_value = "human", hide_possible_values = true)]
    pub format: Format,
}

/// Options of `report`.
#[derive(Debug, Clone, Args)]
pub struct ReportArgs {
    /// Write nothing; print a diff and exit 1 if a page is out of date
    #[arg(long)]
    pub check: bool,
    /// Exit 1 if evidence is stale: recorded from other sources than today's
    #[arg(long)]
    pub require_fresh: bool,
}

/// A generated file, written or checked.
#[derive(Debug, Clone, Args)]
pub struct CheckArgs {
    /// Write nothing; print a diff and exit 1 if a file is out of date
    #[arg(long)]
    pub check: bool,
}

/// The end of `lock --help`.
const LOCK_HELP: &str = "\
A [[lock]] of the spec names a group of toolchains. Its lockset in compat/locks/
is a Cargo.lock for the lowest of them: resolved by a new cargo, written in a
format that old cargos read, with only the dependencies of the packages under
test. Cells of these toolchains are built in a stage under target/compat with
this lockfile, from dependencies on disk.

If packages do not declare the Rust that they need, `--repair` builds and steps
them back until the build works, and prints the pins to paste into the spec. If
no versions work, it names the packages in the way and the lowest Rust that
works.";

/// Options of `lock`.
#[derive(Debug, Clone, Args)]
pub struct LockArgs {
    /// Generate only these groups [default: all]
    pub names: Vec<String>,
    /// Write nothing; exit 1 if a lockset does not match the spec and the manifests
    #[arg(long, conflicts_with_all = ["update", "repair"])]
    pub check: bool,
    /// Resolve all versions again, even if the lockset matches
    #[arg(long)]
    pub update: bool,
    /// Build with the lowest toolchain, and step packages back until the build works
    #[arg(long)]
    pub repair: bool,
    /// Do not use the network
    #[arg(long)]
    pub offline: bool,
    /// Has no effect: `lock` installs no toolchain
    #[arg(long, hide = true)]
    pub no_install: bool,
    /// Output on stdout: human or json
    #[arg(long, value_name = "FORMAT", default_value = "human", hide_possible_values = true)]
    pub format: Format,
}

/// What to do with the proof of results.
#[derive(Debug, Clone, Subcommand)]
pub enum EvidenceCommand {
    /// Write results of today's sources from the ledger into compat/evidence/
    Record {
        /// Record only cells that meet this condition; repeat for alternatives
        #[arg(long = "cell", short, value_name = "EXPR")]
        cells: Vec<String>,
        /// Record only cells in which this package is built; a glob, or repeat for several
        #[arg(long = "package", short, value_name = "NAME")]
        packages: Vec<String>,
        /// Keep committed evidence of cells that are no longer in the spec
        #[arg(long)]
        keep: bool,
    },
    /// Merge CI artifacts and give the verdict over the whole plan
    Merge(Box<MergeArgs>),
    /// Show the newest result of a cell, with all its proof
    Show {
        /// The cell's id: 'rust=stable sqlite=3.46.0 schema=v24 features=default'
        cell: String,
        /// Output on stdout: human or json
        #[arg(long, value_name = "FORMAT", default_value = "human", hide_possible_values = true)]
        format: Format,
    },
}

/// What to do with fixtures.
#[derive(Debug, Clone, Subcommand)]
pub enum FixturesCommand {
    /// List fixtures with vintage, size and intent
    List {
        /// Output on stdout: human or json
        #[arg(long, value_name = "FORMAT", default_value = "human", hide_possible_values = true)]
        format: Format,
    },
    /// Build fixtures that are not up to date
    Build {
        /// Build only these [default: all]
        names: Vec<String>,
    },
    /// Build fixtures and check them against their fixture.toml
    Verify {
        /// Verify only these [default: all]
        names: Vec<String>,
    },
}

/// Options of `repro`.
#[derive(Debug, Clone, Args)]
pub struct ReproArgs {
    /// The cell's id: 'rust=stable sqlite=3.46.0 schema=v24 features=default'
    pub cell: String,
    /// The suite to reproduce [default: the first that runs in the cell]
    #[arg(long, value_name = "NAME")]
    pub suite: Option<String>,
    /// Reproduce it with only this package of those under test; a glob, or repeat for several
    #[arg(long = "package", short, value_name = "NAME")]
    pub packages: Vec<String>,
}

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
