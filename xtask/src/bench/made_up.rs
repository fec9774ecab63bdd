//! Made-up workspaces: many cells that cost nothing, many combinations that are only planned.

use std::fmt::Write;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{bail, Context, Result};

use super::process::{measure, median, row};
use super::scene::Bench;

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

/// Pairwise arrays: those that others publish sizes of, and the largest that must be there at once.
pub(super) fn choose(bench: &Bench) -> Result<()> {
    // Sizes that PICT's authors publish (<https://www.pairwise.org/efficiency.html>).
    type Array = (&'static str, &'static [(usize, usize)], Option<u64>);
    let arrays: [Array; 7] = [
        ("3^4", &[(3, 4)], Some(9)),
        ("3^13", &[(3, 13)], Some(18)),
        ("4^15 3^17 2^29", &[(4, 15), (3, 17), (2, 29)], Some(37)),
        ("4^1 3^39 2^35", &[(4, 1), (3, 39), (2, 35)], Some(27)),
        ("2^100", &[(2, 100)], Some(15)),
        ("10^20", &[(10, 20)], Some(210)),
        ("10^30", &[(10, 30)], None),
    ];
    for (name, axes, published) in arrays {
        let sizes = axes.iter().flat_map(|&(size, times)| std::iter::repeat_n(size, times));
        let named: Vec<(String, usize)> = sizes.enumerate().map(|(n, size)| (format!("a{n}"), size)).collect();
        let named: Vec<(&str, usize)> = named.iter().map(|(name, size)| (name.as_str(), *size)).collect();
        let root = workspace(bench, "choose", &named)?;
        let spec = root.join("compat/matrix.toml");
        let text = std::fs::read_to_string(&spec)? + "[profile.local]\nstrategy = \"pairwise\"\n";
        std::fs::write(&spec, text)?;
        let log = bench.scratch.join("choose.log");
        let plan = || program(bench, &root, "plan");
        let costs = (0..5).map(|_| measure(plan().args(["--format", "json", "--quiet"]), &log, &[]));
        let cost = median(costs.collect::<Result<_>>()?);
        let document: serde_json::Value = serde_json::from_str(&std::fs::read_to_string(&log)?)?;
        let coverage = &document["coverage"];
        let cells = coverage["cells"].as_u64().context("no coverage in the plan")?;
        if coverage["covered"] != coverage["wanted"] {
            bail!("{name}: pairs are left: {coverage}");
        }
        let published = published.map(|n| format!(" (PICT {n})")).unwrap_or_default();
        row(&format!("pairwise {name}: {cells} cells{published}"), cost);
    }
    Ok(())
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
