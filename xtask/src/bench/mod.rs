//! `self-bench`: how fast `compat` is, against the shell loop that people write without it, in one session on one machine.
//!
//! It judges nothing; it prints figures and ratios. The method is told in docs/PERFORMANCE.md.

#![allow(clippy::disallowed_methods, reason = "a benchmark starts processes, reads the clock and writes scratch files")]

mod made_up;
mod matrix;
mod process;

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
    /// `cargo build -p xtask`, cold
    Build,
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

pub(crate) fn run(args: &Args) -> Result<()> {
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
    if wanted(Part::Cells) {
        made_up::cells(&bench)?;
    }
    if wanted(Part::Matrix) {
        matrix::matrix(&bench)?;
    }
    Ok(())
}
