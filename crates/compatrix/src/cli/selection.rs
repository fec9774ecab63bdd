//! Options that several commands have: which cells to run, and what to print.

use std::path::PathBuf;

use clap::{Args, ValueEnum};
use compatrix_model::matrix_spec::CiEvent;
use compatrix_model::plan::Shard;

/// The cells to run, and how.
#[derive(Debug, Clone, Args)]
pub struct Selection {
    /// Run the cells of this profile of the spec
    #[arg(long, value_name = "NAME", default_value = "local")]
    pub profile: String,
    /// Build and run only this package of those under test; a glob, or repeat for several
    #[arg(long = "package", short, value_name = "NAME")]
    pub packages: Vec<String>,
    /// Run only cells that meet this condition (`sqlite=3.35.4`, `rust>=1.75 features=json`): those that the profile
    /// chooses, or, if it chooses none of them, all that its `when` admits; repeat for alternatives
    #[arg(long = "cell", short, value_name = "EXPR")]
    pub cells: Vec<String>,
    /// Run shard K of N (`2/4`); shards take about equally long, and builds are never split
    #[arg(long, value_name = "K/N")]
    pub shard: Option<Shard>,
    /// Run only cells that changes since this git revision can affect, including uncommitted ones
    #[arg(long, value_name = "REV")]
    pub since: Option<String>,
    /// Do not use the network
    #[arg(long)]
    pub offline: bool,
    /// Do not install toolchains; cells of missing ones stay unproven
    #[arg(long)]
    pub no_install: bool,
    /// Ignore known results, and retry what was unavailable
    #[arg(long)]
    pub fresh: bool,
    /// Build in stages with dependencies served from disk, so that no build uses the network
    #[arg(long)]
    pub hermetic: bool,
    /// Number of parallel jobs of all cargos [default: number of processors]; runs that leave cores idle may be more, but
    /// with 1 everything goes one after another
    #[arg(long, short, value_name = "N", value_parser = clap::value_parser!(u16).range(1..=1024))]
    pub jobs: Option<u16>,
}

/// The part of CI's plan that is run.
#[derive(Debug, Clone, Default, Args)]
pub struct EventOptions {
    /// Run what CI runs on this event (pull_request, push, schedule) on this platform, instead of a profile
    #[arg(long, value_name = "EVENT", value_parser = event, conflicts_with_all = ["profile", "packages", "cells", "since", "shard"])]
    pub event: Option<CiEvent>,
    /// Run only this job of the event, by its name in the workflow
    #[arg(long, value_name = "NAME", requires = "event")]
    pub job: Option<String>,
    /// Also write the results as an artifact for `evidence merge`
    #[arg(long, value_name = "FILE", requires = "event")]
    pub evidence: Option<PathBuf>,
}

/// What unproven cells mean.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Missing {
    /// Report them as unproven
    Skip,
    /// Also exit 1
    Fail,
}

/// The output on stdout.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Format {
    /// Text for people
    Human,
    /// One JSON document
    Json,
}

pub(super) fn event(word: &str) -> Result<CiEvent, String> {
    CiEvent::from_word(word)
        .ok_or_else(|| format!("no such event (known: {})", CiEvent::ALL.map(CiEvent::as_str).join(", ")))
}
