//! Made-up workspaces: many cells that cost nothing, many combinations that are only planned.

use std::fmt::Write;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result};

use super::process::{measure, median, row};
use super::Bench;

/// 5,000 cells of a crate with one test, run once for real, then answered from the ledger.
pub(super) fn cells(bench: &Bench) -> Result<()> {
    let root = workspace(bench, "cells", &[("a", 50), ("b", 100)])?;
    let first = measure(&mut program(bench, &root, "compat"), &bench.scratch.join("cells.log"), &[])?;
    row("5,000 cells, first", first);
    let again = (0..5).map(|_| measure(&mut program(bench, &root, "compat"), &bench.scratch.join("cells.log"), &[]));
    row("5,000 cells, nothing changed (median of 5)", median(again.collect::<Result<_>>()?));
    Ok(())
}

/// The plan of 100,000 combinations.
pub(super) fn plan(bench: &Bench) -> Result<()> {
    let root = workspace(bench, "plan", &[("a", 10), ("b", 10), ("c", 10), ("d", 10), ("e", 10)])?;
    let costs = (0..5).map(|_| measure(&mut program(bench, &root, "plan"), &bench.scratch.join("plan.log"), &[]));
    row("plan of 100,000 combinations (median of 5)", median(costs.collect::<Result<_>>()?));
    Ok(())
}

fn program(bench: &Bench, root: &Path, command: &str) -> Command {
    let mut program = Command::new(&bench.program);
    program.arg("--root").arg(root).args([command, "--no-install", "--offline"]).env_remove("CARGO_TARGET_DIR");
    program.env("XDG_CACHE_HOME", bench.scratch.join("cache"));
    program
}

/// A package with one test and a spec with these axes of so many values.
fn workspace(bench: &Bench, name: &str, axes: &[(&str, usize)]) -> Result<PathBuf> {
    let root = bench.scratch.join(name);
    if root.exists() {
        std::fs::remove_dir_all(&root)?;
    }
    let mut spec = String::from("version = 1\n[project]\npackages = [\"made-up\"]\n");
    for (axis, values) in axes {
        let list: Vec<String> = (0..*values).map(|n| format!("\"{n}\"")).collect();
        let _ = write!(spec, "[axis.{axis}]\nenv = \"AXIS_{}\"\nvalues = [{}]\n", axis.to_uppercase(), list.join(", "));
    }
    let files = [
        (
            "Cargo.toml",
            "[package]\nname = \"made-up\"\nversion = \"0.1.0\"\nedition = \"2021\"\n\n[workspace]\n".to_owned(),
        ),
        ("Cargo.lock", "version = 3\n\n[[package]]\nname = \"made-up\"\nversion = \"0.1.0\"\n".to_owned()),
        ("src/lib.rs", "#[test]\nfn works() {\n    assert!(std::env::var(\"AXIS_A\").is_ok());\n}\n".to_owned()),
        ("compat/matrix.toml", spec),
    ];
    for (path, text) in files {
        let path = root.join(path);
        std::fs::create_dir_all(path.parent().context("no folder")?)?;
        std::fs::write(path, text)?;
    }
    Ok(root)
}
