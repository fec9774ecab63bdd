//! What every part of the benchmark needs to know.

use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use xshell::Shell;

/// Directories, the program that is measured, and the size of the machine.
pub(super) struct Bench {
    pub(super) shell: Shell,
    pub(super) root: PathBuf,
    pub(super) scratch: PathBuf,
    /// This very executable: the orchestrator that is measured.
    pub(super) program: PathBuf,
    pub(super) cores: u32,
    /// How often cold runs are done.
    pub(super) rounds: u32,
}

impl Bench {
    /// Creates the scratch directory.
    pub(super) fn new(scratch: Option<&Path>, rounds: u32) -> Result<Self> {
        let root = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("..").canonicalize()?;
        let scratch = scratch.map_or_else(|| root.join("target").join("self-bench"), Path::to_owned);
        std::fs::create_dir_all(&scratch).with_context(|| format!("cannot create {}", scratch.display()))?;
        let cores = std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
        Ok(Self {
            shell: Shell::new()?,
            root,
            scratch: scratch.canonicalize()?,
            program: std::env::current_exe()?,
            cores: u32::try_from(cores)?,
            rounds,
        })
    }
}
