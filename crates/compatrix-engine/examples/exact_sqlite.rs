//! Builds an exact SQLite as a shared library of a target, and prints the library and the folder to link against.
//! `ci/platforms/check` links test executables for macOS with it.
//!
//! `cargo run -p compatrix-engine --example exact_sqlite -- aarch64-apple-darwin 3.46.0`
#![allow(clippy::disallowed_methods, reason = "it reads its arguments")]

use anyhow::{Context, Result};
use compatrix_engine::provide::exact_sqlite::for_target;
use compatrix_engine::session::Session;
use compatrix_engine::sys::environment::Ambient;
use compatrix_engine::sys::host::Limits;
use compatrix_engine::sys::supervisor::Supervisor;

fn main() -> Result<()> {
    let mut args = std::env::args().skip(1);
    let (triple, version) = args.next().zip(args.next()).context("a target and a version of SQLite are needed")?;
    let scratch = tempfile::tempdir()?;
    let limits = Limits {
        jobs: 1,
        serial: true,
        offline: false,
        no_install: true,
        fresh: false,
        hermetic: false,
        committed: false,
    };
    let supervisor = Supervisor::of_workspace(scratch.path());
    let session = Session::open(scratch.path(), Ambient::capture(), limits, supervisor, true)?;
    let facts = for_target(&session.host, &triple, &version.parse()?)?;
    println!("{}\n{}", facts.library.unwrap_or_default(), facts.link_dir.unwrap_or_default());
    Ok(())
}
