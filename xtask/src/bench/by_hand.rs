//! The valgrind suite of things-store against the fastest way by hand: each test executable once under valgrind with the
//! same options, all at once. By hand nobody knows which test a leak is of, nor whether valgrind looked at all.

use std::process::Command;

use anyhow::{ensure, Context, Result};

use super::process::{measure, median, row, Cost};
use super::programs::{clean_cargo, compat_program, copy_of_workspace};
use super::scene::Bench;

/// The cell that both ways run.
const CELL: &str = "rust=stable sqlite=bundled schema=v24 features=json";
/// How often each way goes, in turns.
const ROUNDS: usize = 3;
/// The options that the engine gives to valgrind.
const OPTIONS: &str = "--tool=memcheck --leak-check=full --show-leak-kinds=all --errors-for-leak-kinds=definite \
    --read-inline-info=yes --num-callers=64 --error-limit=no --child-silent-after-fork=yes --trace-children=no --xml=yes";

/// What a careful person types. Arguments: scratch folder, folder of the built fixture, executables.
const SCRIPT: &str = r#"#!/bin/sh
scratch=$1 fixture=$2
shift 2
n=0 started=
for executable in "$@"; do
  n=$((n + 1))
  rm -rf "$scratch/fixture-$n" "$scratch/tmp-$n"
  cp -R "$fixture" "$scratch/fixture-$n" && mkdir "$scratch/tmp-$n"
  THINGS_STORE_FIXTURE=$scratch/fixture-$n/fixture.sqlite TMPDIR=$scratch/tmp-$n RUST_BACKTRACE=0 \
    valgrind $OPTIONS --error-exitcode=97 --xml-file="$scratch/$n.xml" "$executable" --test-threads=1 &
  started="$started $!"
done
for child in $started; do wait "$child" || exit 1; done
"#;

pub(super) fn valgrind(bench: &Bench) -> Result<()> {
    let root = copy_of_workspace(bench, "by-hand")?;
    let cache = bench.scratch.join("cache");
    let ours = |log: &str| -> Result<Cost> {
        let mut command = compat_program(bench, &root, &cache);
        command.args(["leak-check", "--tool", "valgrind", "--cell", CELL, "--fresh", "--no-install", "--quiet"]);
        measure(&mut command, &bench.scratch.join(log), &[])
    };
    row("leak-check, with fixture and build", ours("leak-check-first.log")?);
    let executables = executables(bench, &root)?;
    ensure!(!executables.is_empty(), "cargo built no test executables");
    let scratch = bench.scratch.join("by-hand-scratch");
    std::fs::create_dir_all(&scratch)?;
    let script = bench.scratch.join("by-hand.sh");
    std::fs::write(&script, SCRIPT)?;
    let by_hand = || -> Result<Cost> {
        let mut command = Command::new("sh");
        command.arg(&script).arg(&scratch).arg(root.join("target/compat/fixtures/v24/files")).args(&executables);
        measure(command.env("OPTIONS", OPTIONS), &bench.scratch.join("by-hand.log"), &[])
    };
    let (mut hand, mut check) = (Vec::new(), Vec::new());
    for _ in 0..ROUNDS {
        hand.push(by_hand()?);
        check.push(ours("leak-check.log")?);
    }
    let (hand, check) = (median(hand), median(check));
    row(&format!("valgrind by hand, {} executables at once (median of {ROUNDS})", executables.len()), hand);
    row(&format!("leak-check, canary and attribution with it (median of {ROUNDS})"), check);
    println!("leak-check / by hand                       {:.2}", check.wall.as_secs_f64() / hand.wall.as_secs_f64());
    Ok(())
}

/// The test executables of the cell, built as by hand.
fn executables(bench: &Bench, root: &std::path::Path) -> Result<Vec<String>> {
    let mut cargo = clean_cargo();
    cargo.args(["test", "--no-run", "--locked", "-p", "things-store", "--no-default-features"]);
    cargo.args(["--features", "bundled,pool,json", "--message-format", "json"]).current_dir(root);
    let output = cargo.env("CARGO_TARGET_DIR", bench.scratch.join("by-hand-target")).output()?;
    ensure!(output.status.success(), "cargo test --no-run: {}", String::from_utf8_lossy(&output.stderr));
    let text = String::from_utf8(output.stdout).context("cargo prints no UTF-8")?;
    let messages = text.lines().filter_map(|line| serde_json::from_str::<serde_json::Value>(line).ok());
    let of_tests = messages.filter(|message| message["profile"]["test"] == true);
    Ok(of_tests.filter_map(|message| message["executable"].as_str().map(str::to_owned)).collect())
}
