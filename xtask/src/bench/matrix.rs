//! The matrix of the profile `bench`, done by the loop and by `compat`, cold and unchanged; and our own cold build.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{bail, Context, Result};
use xshell::cmd;

use super::process::{measure, median, row, Cost};
use super::scene::Bench;

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
    cargo_fetch(bench, &bench.root)?;
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
    cargo_fetch(bench, &loop_root)?;
    // Libraries and fixtures stand ready for both ways; what they cost is measured apart.
    let cache = bench.scratch.join("cache");
    remove(&cache)?;
    let libraries = compat(bench, &compat_root, &cache, &["--cell", "rust=stable schema=v24 features=default"])?;
    row("first cells, with 6 SQLites to build", libraries);
    remove(&compat_root.join("target"))?;
    let cells = Cells::of(bench, &compat_root, &cache)?;
    println!("{} cells, {} builds planned", cells.runs, cells.builds);

    remove(&cache.join("compatrix").join("objects"))?;
    remove(&compat_root.join("target"))?;
    let with_c = compat(bench, &compat_root, &cache, &[])?;
    row("compat, cold, C not in the cache", with_c);
    let ledger_with_c = Ledger::read(&compat_root, &cells)?;
    remove(&compat_root.join("target"))?;
    let cold = compat(bench, &compat_root, &cache, &[])?;
    row("compat, cold", cold);
    let ledger = Ledger::read(&compat_root, &cells)?;
    let again = median((0..5).map(|_| compat(bench, &compat_root, &cache, &[])).collect::<Result<_>>()?);
    row("compat, nothing changed (median of 5)", again);
    let loop_cold = shell_loop(bench, &loop_root, &compat_root, &cache, &cells)?;
    row("loop, cold", loop_cold);
    let loop_again = shell_loop(bench, &loop_root, &compat_root, &cache, &cells)?;
    row("loop, nothing changed", loop_again);

    let ratio = |a: Cost, b: Cost| a.wall.as_secs_f64() / b.wall.as_secs_f64();
    println!("cold: loop / compat                        {:.1}", ratio(loop_cold, cold));
    println!("cold, C not in the cache: loop / compat    {:.1}", ratio(loop_cold, with_c));
    println!("unchanged: loop / compat                   {:.0}", ratio(loop_again, again));
    for (what, cost, ledger) in [("cold", cold, &ledger), ("cold, C not in the cache", with_c, &ledger_with_c)] {
        let bound = ledger.build_cpu_s / f64::from(bench.cores);
        println!(
            "{what}: compat / lower bound  {:.2}   (bound {bound:.1} s: {:.1} s of compile CPU over {} cores)",
            cost.wall.as_secs_f64() / bound,
            ledger.build_cpu_s,
            bench.cores
        );
    }
    println!("cargo builds done / planned                {} / {}", ledger.builds, cells.builds);
    println!("added to a run by us, median               {} ms", ledger.added_ms);
    println!("a run's executables, median                {} ms", ledger.executables_ms);
    Ok(())
}

/// What the plan says of the profile `bench`.
struct Cells {
    runs: usize,
    builds: usize,
    axes: BTreeMap<String, Vec<String>>,
}

impl Cells {
    fn of(bench: &Bench, root: &Path, cache: &Path) -> Result<Self> {
        let output = compat_program(bench, root, cache)
            .args(["plan", "--profile", "bench", "--no-install", "--format", "json"])
            .output()?;
        let plan: serde_json::Value = serde_json::from_slice(&output.stdout).context("the plan is no JSON")?;
        let runs = plan["runs"].as_array().context("no runs in the plan")?;
        let mut axes: BTreeMap<String, Vec<String>> = BTreeMap::new();
        for run in runs {
            for pair in run["cell"].as_str().unwrap_or_default().split(' ') {
                let (axis, value) = pair.split_once('=').unwrap_or_default();
                let values = axes.entry(axis.to_owned()).or_default();
                if !values.iter().any(|known| known == value) {
                    values.push(value.to_owned());
                }
            }
        }
        let builds = plan["builds"].as_array().map_or(0, Vec::len);
        if runs.len() < 84 {
            bail!("the profile `bench` gives only {} cells here: {}", runs.len(), plan["skips"]);
        }
        Ok(Self { runs: runs.len(), builds, axes })
    }

    fn axis(&self, name: &str) -> String {
        self.axes.get(name).map(|values| values.join(" ")).unwrap_or_default()
    }
}

fn compat(bench: &Bench, root: &Path, cache: &Path, more: &[&str]) -> Result<Cost> {
    let mut command = compat_program(bench, root, cache);
    command.args(["compat", "--profile", "bench", "--no-install", "--quiet"]).args(more);
    measure(&mut command, &bench.scratch.join("compat.log"), &[])
}

/// This program, on the workspace at `root`, with a cache of its own.
pub(super) fn compat_program(bench: &Bench, root: &Path, cache: &Path) -> Command {
    let mut command = Command::new(&bench.program);
    command.arg("--root").arg(root).env("XDG_CACHE_HOME", cache).env_remove("CARGO_TARGET_DIR");
    command
}

fn shell_loop(bench: &Bench, root: &Path, compat_root: &Path, cache: &Path, cells: &Cells) -> Result<Cost> {
    let scratch = bench.scratch.join("loop-scratch");
    std::fs::create_dir_all(&scratch)?;
    let script = bench.scratch.join("loop.sh");
    std::fs::write(&script, LOOP)?;
    let mut command = Command::new("sh");
    command
        .arg(&script)
        .arg(root)
        .arg(cache.join("compatrix").join("sqlite"))
        .arg(compat_root.join("target/compat/fixtures"))
        .arg(&scratch)
        .env("RUSTS", cells.axis("rust"))
        .env("SQLITES", cells.axis("sqlite"))
        .env("SCHEMAS", cells.axis("schema"));
    for name in CARGO_VARIABLES {
        command.env_remove(name);
    }
    measure(&mut command, &bench.scratch.join("loop.log"), &[])
}

/// What cargo and rustup put in our environment and a user's shell has not.
const CARGO_VARIABLES: [&str; 8] = [
    "CARGO",
    "CARGO_MANIFEST_DIR",
    "CARGO_MANIFEST_PATH",
    "CARGO_PKG_NAME",
    "CARGO_PKG_VERSION",
    "CARGO_TARGET_DIR",
    "RUSTUP_TOOLCHAIN",
    "LD_LIBRARY_PATH",
];

pub(super) fn clean_cargo() -> Command {
    let mut command = Command::new("cargo");
    for name in CARGO_VARIABLES {
        command.env_remove(name);
    }
    command
}

/// A clone of the last commit, so that both ways see the same sources and nothing else.
pub(super) fn copy_of_workspace(bench: &Bench, name: &str) -> Result<PathBuf> {
    let copy = bench.scratch.join(name);
    remove(&copy)?;
    remove(&bench.scratch.join(format!("{name}-scratch")))?;
    let (from, shell) = (&bench.root, &bench.shell);
    cmd!(shell, "git clone --quiet --no-hardlinks {from} {copy}").quiet().run()?;
    Ok(copy)
}

fn cargo_fetch(bench: &Bench, root: &Path) -> Result<()> {
    let log = bench.scratch.join("fetch.log");
    measure(clean_cargo().args(["fetch", "--locked", "--quiet"]).current_dir(root), &log, &[])?;
    Ok(())
}

fn remove(path: &Path) -> Result<()> {
    match std::fs::remove_dir_all(path) {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
            Err(error).with_context(|| format!("cannot remove {}", path.display()))
        }
        _ => Ok(()),
    }
}

/// What the ledger says of the cold walk.
struct Ledger {
    builds: usize,
    build_cpu_s: f64,
    added_ms: u64,
    executables_ms: u64,
}

impl Ledger {
    fn read(root: &Path, cells: &Cells) -> Result<Self> {
        let ledger = compatrix::ledger(root)?;
        let builds = ledger.builds()?;
        let mut records = Vec::new();
        for (suite, cell) in ledger.cells()? {
            records.extend(ledger.newest(&suite, &cell)?);
        }
        if records.len() != cells.runs {
            bail!("the ledger has {} results, not {}", records.len(), cells.runs);
        }
        let middle = |mut values: Vec<u64>| {
            values.sort_unstable();
            values[values.len() / 2]
        };
        Ok(Self {
            builds: builds.len(),
            build_cpu_s: builds.iter().map(|(_, cpu_ms)| *cpu_ms as f64 / 1000.0).sum(),
            added_ms: middle(records.iter().map(|r| r.duration_ms.saturating_sub(r.executables_ms)).collect()),
            executables_ms: middle(records.iter().map(|r| r.executables_ms).collect()),
        })
    }
}
