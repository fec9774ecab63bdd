//! `self-bench`: how fast `compat` is, against the shell loop that people write without it, in one session on one machine.
//!
//! It prints figures and ratios; docs/PERFORMANCE.md explains the method. It judges four things: what the tools of
//! `leak-check` find of planted leaks, the time and memory of a merge, runs beside spinning processes, and what `bench` says
//! of equal and of slower builds.

#![allow(clippy::disallowed_methods, reason = "a benchmark starts processes, reads the clock and writes scratch files")]

mod bound;
mod by_hand;
mod contest;
mod gate;
mod gen_ci;
mod leaks;
mod machines;
mod made_up;
mod matrix;
mod merge;
mod process;
mod programs;
mod scene;
mod stage;
mod stranger;
mod stress;
mod ways;

use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::Result;

use scene::Bench;

/// Options of `self-bench`.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// Measure only these [default: all]
    #[arg(long, value_enum)]
    only: Vec<Measure>,
    /// Put copies and target directories here [default: target/self-bench]
    #[arg(long, value_name = "DIR")]
    scratch: Option<PathBuf>,
    /// Do cold runs so often, the loop and compat in turns, and print medians
    #[arg(long, value_name = "N", default_value_t = 1, value_parser = clap::value_parser!(u32).range(1..=99))]
    rounds: u32,
    /// With `--only gate`: at most so many gates of each kind [default: 20 to 30]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..=99))]
    gates: Option<u32>,
}

/// What can be measured.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
enum Measure {
    /// The 84 cells of the profile `bench`: the loop and compat, cold and unchanged
    Matrix,
    /// rusqlite 0.31 as it was published, 28 cells: the loop and compat, cold
    Stranger,
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
    /// 500 builds with 100,000 cells, dealt to 1 to 64 machines: a simulation
    Machines,
    /// 500 artifacts with 50,000 records, merged; exit code 1 if that exceeds its limits of time or memory
    Merge,
    /// Runs beside spinning processes; exit code 1 if one times out that does not without them, or memory exceeds 80 %
    Stress,
    /// How far `bench` can be trusted: false alarms on equal builds and moved code, planted slowdowns caught, and the same by
    /// criterion; only where it is named, because it takes an hour. Exit code 1 if it falls short
    Gate,
    /// Leaks planted in twenty ways: which tool finds which; exit code 1 if a tool misses one that it can see
    Leaks,
    /// The valgrind suite of things-store, against running each test executable under valgrind by hand
    Valgrind,
}

/// Runs the parts; exit code 1 if a part that is judged fell short.
pub(crate) fn run(args: &Args) -> ExitCode {
    match measure(args) {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::from(1),
        Err(error) => {
            eprintln!("error: {error:#}");
            ExitCode::from(3)
        }
    }
}

fn measure(args: &Args) -> Result<bool> {
    let bench = Bench::new(args.scratch.as_deref(), args.rounds)?;
    let wanted = |part| args.only.is_empty() || args.only.contains(&part);
    println!("{} cores; {}", bench.cores, process::first_line("rustc", &["-V"]));
    if wanted(Measure::Build) {
        matrix::build(&bench)?;
    }
    if wanted(Measure::Plan) {
        made_up::plan(&bench)?;
    }
    if wanted(Measure::Machines) {
        machines::machines();
    }
    if wanted(Measure::Choose) {
        made_up::choose(&bench)?;
    }
    if wanted(Measure::Stage) {
        stage::stage(&bench)?;
    }
    if wanted(Measure::GenCi) {
        gen_ci::gen_ci(&bench)?;
    }
    if wanted(Measure::Cells) {
        made_up::cells(&bench)?;
    }
    if wanted(Measure::Matrix) {
        matrix::matrix(&bench)?;
    }
    if wanted(Measure::Stranger) {
        stranger::stranger(&bench)?;
    }
    if wanted(Measure::Valgrind) {
        by_hand::valgrind(&bench)?;
    }
    let calm = !wanted(Measure::Stress) || stress::stress(&bench)?;
    let merged = !wanted(Measure::Merge) || merge::merge(&bench)?;
    let found = !wanted(Measure::Leaks) || leaks::leaks(&bench)?;
    let trusted = !args.only.contains(&Measure::Gate) || gate::gate(&bench, args.gates)?;
    Ok(calm && merged && found && trusted)
}
