//! The matrix of the profile `bench`, done by the loop and by `compat`, cold and unchanged; and our own cold build.

use std::path::Path;
use std::process::Command;

use anyhow::{bail, Context, Result};

use super::bound::Planned;
use super::contest::{compat, planned, Contest};
use super::process::{measure, row, Cost};
use super::programs::{clean_cargo, copy_of_workspace, fetch, remove, without_cargo};
use super::scene::Bench;

/// What is walked, and how many cells that is.
const PROFILE: &str = "bench";
const CELLS: usize = 84;

/// The loop as people write it: one target directory, a cargo for each cell.
const LOOP: &str = r#"#!/bin/sh
# Arguments: workspace, folder of SQLite libraries, folder of built fixtures, scratch folder.
root=$1 libraries=$2 fixtures=$3 scratch=$4
export CARGO_TARGET_DIR=$scratch/target
failed=0
cd "$root" || exit 2
for rust in $RUSTS; do
  for sqlite in $SQLITES; do
    for schema in $SCHEMAS; do
      for features in default json; do
        rm -rf "$scratch/fixture" && cp -R "$fixtures/$schema/files" "$scratch/fixture"
        extra=pool; [ $features = json ] && extra=pool,json
        if [ $sqlite = bundled ]; then
          THINGS_STORE_FIXTURE=$scratch/fixture/fixture.sqlite \
            cargo +$rust test -q --locked -p things-store --no-default-features --features bundled,$extra
        else
          dir=$(echo "$libraries"/$sqlite-*)
          THINGS_STORE_FIXTURE=$scratch/fixture/fixture.sqlite \
            SQLITE3_LIB_DIR=$dir SQLITE3_INCLUDE_DIR=$dir LD_LIBRARY_PATH=$dir \
            cargo +$rust test -q --locked -p things-store --no-default-features --features $extra
        fi || failed=$((failed + 1))
      done
    done
  done
done
echo "$failed cells failed"
"#;

/// `cargo build -p xtask` with everything fetched and an empty target folder.
pub(super) fn build(bench: &Bench) -> Result<()> {
    let target = bench.scratch.join("own-target");
    remove(&target)?;
    fetch(bench, &bench.root)?;
    let mut command = clean_cargo();
    command
        .args(["build", "--locked", "--quiet", "-p", "xtask"])
        .current_dir(&bench.root)
        .env("CARGO_TARGET_DIR", &target);
    row("cargo build -p xtask, cold", measure(&mut command, &bench.scratch.join("own.log"), &[])?);
    remove(&target)
}

pub(super) fn matrix(bench: &Bench) -> Result<()> {
    let loop_root = copy_of_workspace(bench, "loop")?;
    let compat_root = copy_of_workspace(bench, "compat")?;
    fetch(bench, &loop_root)?;
    // Libraries and fixtures are ready for both ways; building them is measured apart.
    let cache = bench.scratch.join("cache");
    remove(&cache)?;
    let libraries =
        compat(bench, &compat_root, &cache, PROFILE, &["--cell", "rust=stable schema=v24 features=default"])?;
    row("first cells, with 6 SQLites to build", libraries);
    remove(&compat_root.join("target"))?;
    let ready = planned(bench, &compat_root, &cache, PROFILE)?;
    if ready.runs.len() < CELLS {
        bail!("the profile `{PROFILE}` gives only {} cells here", ready.runs.len());
    }
    // The loop's fixtures outlive the target folder of `compat`.
    let fixtures = bench.scratch.join("fixtures");
    compat(bench, &compat_root, &cache, PROFILE, &["--cell", "rust=stable sqlite=3.54.1 features=default"])?;
    remove(&fixtures)?;
    std::fs::rename(compat_root.join("target/compat/fixtures"), &fixtures).context("no fixtures were built")?;

    let contest =
        Contest { bench, root: &compat_root, cache: &cache, profile: PROFILE, planned: &ready, goals: (5.0, 1.2) };
    let scratch = bench.scratch.join("loop-scratch");
    let cold_loop = || {
        remove(&scratch)?;
        shell_loop(bench, &loop_root, &fixtures, &cache, &ready)
    };
    let again = contest.run(cold_loop)?;
    let loop_again = shell_loop(bench, &loop_root, &fixtures, &cache, &ready)?;
    row("loop, nothing changed", loop_again);
    println!("unchanged: loop / compat  {:.0}", loop_again.wall.as_secs_f64() / again.wall.as_secs_f64());
    Ok(())
}

fn shell_loop(bench: &Bench, root: &Path, fixtures: &Path, cache: &Path, planned: &Planned) -> Result<Cost> {
    let scratch = bench.scratch.join("loop-scratch");
    std::fs::create_dir_all(&scratch)?;
    let script = bench.scratch.join("loop.sh");
    std::fs::write(&script, LOOP)?;
    let mut command = Command::new("sh");
    command.arg(&script).arg(root).arg(cache.join("compatrix").join("sqlite")).arg(fixtures).arg(&scratch);
    for (name, axis) in [("RUSTS", "rust"), ("SQLITES", "sqlite"), ("SCHEMAS", "schema")] {
        command.env(name, planned.axis(axis).join(" "));
    }
    measure(without_cargo(&mut command), &bench.scratch.join("loop.log"), &[])
}
