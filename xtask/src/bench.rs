//! `self-bench`: how fast `compat` is, against the shell loop that people write without it, in one session on one machine.
//!
//! It prints figures and ratios; the method is told in docs/PERFORMANCE.md. It judges one thing: what the tools of
//! `leak-check` find of leaks planted on purpose.

#![allow(clippy::disallowed_methods, reason = "a benchmark starts processes, reads the clock and writes scratch files")]

mod by_hand;
mod gen_ci;
mod leaks;
mod made_up;
mod matrix;
mod merge;
mod process;
mod stage;
mod ways;

use std::path::PathBuf;

use anyhow::{Context, Result};
use xshell::Shell;

/// Options of `self-bench`.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// Only these parts; all by default
    #[arg(long, value_enum)]
    only: Vec<Part>,
    /// Where copies and target folders go [default: target/self-bench]
    #[arg(long, value_name = "DIR")]
    scratch: Option<PathBuf>,
}

/// The parts of the benchmark.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
enum Part {
    /// The 84 cells of the profile `bench`: the loop and compat, cold and unchanged
    Matrix,
    /// 5,000 cells of a made-up workspace, unchanged
    Cells,
    /// The plan of 100,000 combinations
    Plan,
    /// Pairwise arrays: their sizes, and how long `plan` takes with them
    Choose,
    /// Stages and locksets of ten and ten thousand files, unchanged
    Stage,
    /// `gen-ci` and `gen-ci --check` of 5,000 cells
    GenCi,
    /// `cargo build -p xtask`, cold
    Build,
    /// 500 artifacts with 50,000 records, merged; exit code 1 if it takes longer or more memory than it may
    Merge,
    /// Leaks planted in twenty ways: which tool finds which; exit code 1 if one that a tool can see is missed
    Leaks,
    /// The valgrind suite of things-store, against each test executable once under valgrind by hand
    Valgrind,
}

/// Where things are.
struct Bench {
    shell: Shell,
    root: PathBuf,
    scratch: PathBuf,
    /// This very executable: the orchestrator that is measured.
    program: PathBuf,
    cores: u32,
}

/// Runs the parts, and tells whether what is judged was as it should be.
pub(crate) fn run(args: &Args) -> Result<bool> {
    let root = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("..").canonicalize()?;
    let scratch = args.scratch.clone().unwrap_or_else(|| root.join("target").join("self-bench"));
    std::fs::create_dir_all(&scratch).with_context(|| format!("cannot make {}", scratch.display()))?;
    let cores = std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
    let bench = Bench {
        shell: Shell::new()?,
        root,
        scratch: scratch.canonicalize()?,
        program: std::env::current_exe()?,
        cores: u32::try_from(cores)?,
    };
    let wanted = |part| args.only.is_empty() || args.only.contains(&part);
    println!("{} cores; {}", bench.cores, process::first_line("rustc", &["-V"]));
    if wanted(Part::Build) {
        matrix::build(&bench)?;
    }
    if wanted(Part::Plan) {
        made_up::plan(&bench)?;
    }
    if wanted(Part::Choose) {
        made_up::choose(&bench)?;
    }
    if wanted(Part::Stage) {
        stage::stage(&bench)?;
    }
    if wanted(Part::GenCi) {
        gen_ci::gen_ci(&bench)?;
    }
    if wanted(Part::Cells) {
        made_up::cells(&bench)?;
    }
    if wanted(Part::Matrix) {
        matrix::matrix(&bench)?;
    }
    if wanted(Part::Valgrind) {
        by_hand::valgrind(&bench)?;
    }
    let merged = !wanted(Part::Merge) || merge::merge(&bench)?;
    let as_it_should = !wanted(Part::Leaks) || leaks::leaks(&bench)?;
    Ok(merged && as_it_should)
}
