//! `evidence merge` of many artifacts: made of the plan of a made-up workspace, as its jobs would write them.

use std::fmt::Write;
use std::path::Path;
use std::process::Command;

use anyhow::{Context, Result};
use compatrix::pure::ci::artifact::{Artifact, Header};
use compatrix::pure::model::cell::CellId;
use compatrix::pure::model::evidence::{
    Counts, ExecutableProof, IdentifiedBy, Proof, Record, SourceProof, SqliteProof, ToolchainProof,
};
use compatrix::pure::model::linkage::Linkage;
use compatrix::pure::model::matrix_spec::{CiEvent, JobCommand};
use compatrix::pure::model::outcome::Outcome;

use super::process::{measure, median, row};
use super::scene::Bench;

/// What is to be reached, in an unoptimised build.
const SECONDS: f64 = 2.0;
const MEGABYTES: f64 = 200.0;
/// How many jobs, and cells of each.
const JOBS: usize = 500;
const CELLS: usize = 100;

/// 500 artifacts with 50,000 records, merged; whether time and memory are within the goals.
pub(super) fn merge(bench: &Bench) -> Result<bool> {
    let root = workspace(bench)?;
    let artifacts = bench.scratch.join("merge-evidence");
    if artifacts.exists() {
        std::fs::remove_dir_all(&artifacts)?;
    }
    std::fs::create_dir_all(&artifacts)?;
    let jobs = compatrix::planned_artifacts(&root, CiEvent::Schedule, JobCommand::Compat)
        .map_err(|e| anyhow::anyhow!("{e}"))?;
    let mut count = 0;
    let mut bytes = 0;
    for (n, (header, cells)) in jobs.iter().enumerate() {
        let records = cells.iter().enumerate().map(|(m, (suite, cell))| record(header, suite, cell, n, m));
        let records = records.collect::<Result<Vec<Record>>>()?;
        count += records.len();
        let path = artifacts.join(format!("{}.jsonl", header.job));
        let text = Artifact { header: header.clone(), records }.to_text();
        bytes += text.len();
        std::fs::write(path, text)?;
    }
    println!("{} artifacts, {count} records, {:.1} MB", jobs.len(), bytes as f64 / 1e6);
    let program = || {
        let mut program = Command::new(&bench.program);
        program.arg("--root").arg(&root).args(["evidence", "merge"]).arg(&artifacts);
        program.args(["--event", "schedule", "--of", "compat"]).env_remove("CARGO_TARGET_DIR");
        program.env("XDG_CACHE_HOME", bench.scratch.join("cache"));
        program
    };
    let log = bench.scratch.join("merge.log");
    let costs = (0..5).map(|_| measure(&mut program(), &log, &[])).collect::<Result<Vec<_>>>()?;
    let cost = median(costs);
    row("evidence merge (median of 5)", cost);
    let seconds = cost.wall.as_secs_f64();
    let reached = seconds <= SECONDS && cost.peak_mb < MEGABYTES && jobs.len() == JOBS && count == JOBS * CELLS;
    let word = if reached { "reached" } else { "missed" };
    println!("goals: {JOBS} artifacts, {} records, {SECONDS} s, {MEGABYTES} MB: {word}", JOBS * CELLS);
    Ok(reached)
}

/// A record as a job would have it, with all that a proof holds.
fn record(header: &Header, suite: &str, cell: &CellId, job: usize, n: usize) -> Result<Record> {
    let key = format!("{:016x}", job * CELLS + n + 3).repeat(4);
    let rustc =
        "rustc 1.95.0 (59807616e 2026-04-14)\nbinary: rustc\ncommit-date: 2026-04-14\nhost: x86_64-unknown-linux-gnu";
    let options = (0..60).map(|n| format!("MADE_UP_OPTION_NUMBER={n}"));
    let folder = format!("/made-up/of-a-job/made-up/made-up/target/compat/run/{job}-{n}");
    let env = [("HOME", "/home/runner"), ("LANG", "C.UTF-8"), ("PATH", "/home/runner/.cargo/bin:/usr/bin:/bin")];
    let mut env: std::collections::BTreeMap<String, String> =
        env.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
    env.insert("TMPDIR".to_owned(), format!("{folder}/tmp"));
    for (axis, value) in cell.pairs() {
        env.insert(format!("AXIS_{axis}"), value.to_string());
    }
    let proof = Proof {
        platform: header.platform.clone(),
        toolchain: ToolchainProof {
            release: "1.95.0".to_owned(),
            rustc: rustc.to_owned(),
            cargo: "cargo 1.95.0 (f2d3ce0bd 2026-03-21)".to_owned(),
            packages: None,
        },
        source: SourceProof {
            commit: Some(header.commit.clone()),
            dirty: header.dirty,
            sources: header.sources,
            lockset: Some([0x11; 32].into()),
        },
        features: vec![cell.value("features").context("no features")?.to_string()],
        not_promised: Vec::new(),
        debug: Default::default(),
        target: None,
        differences: Default::default(),
        sqlite: Some(SqliteProof {
            linkage: Linkage::Static,
            file: format!("/made-up/of-a-job/made-up/target/debug/deps/it-{job:016x}"),
            sha256: Some([0x77; 32].into()),
            version: "3.45.0".to_owned(),
            source_id: Some(
                "2024-01-15 17:01:13 1066602b2b1976fe58b5150777cced894af17c803e068f5918390d6915b46e1d".to_owned(),
            ),
            compile_options: options.collect(),
            identified_by: Some(IdentifiedBy::Probe),
        }),
        fixture: None,
        executables: vec![ExecutableProof { name: "it".to_owned(), sha256: [0x77; 32].into() }],
        env,
    };
    Ok(Record {
        suite: suite.to_owned(),
        cell: cell.clone(),
        key: Some(key.parse()?),
        outcome: Outcome::Passed,
        cause: String::new(),
        attempts: 1,
        tests: Counts { passed: 231, ..Counts::default() },
        doctests: None,
        failures: Vec::new(),
        leaks: None,
        measured: None,
        proof: Some(proof),
        started: 1_795_283_047,
        duration_ms: 312,
        executables_ms: 290,
    })
}

/// A package with a feature for each job, and a spec in which each is built and run in so many cells.
fn workspace(bench: &Bench) -> Result<std::path::PathBuf> {
    let root = bench.scratch.join("merge");
    if root.exists() {
        std::fs::remove_dir_all(&root)?;
    }
    let values: Vec<String> = (0..CELLS.isqrt()).map(|n| format!("\"{n}\"")).collect();
    let values = values.join(", ");
    let mut manifest =
        "[package]\nname = \"made-up\"\nversion = \"0.1.0\"\nedition = \"2021\"\n\n[workspace]\n\n[features]\n"
            .to_owned();
    let mut spec =
        "version = 1\n[project]\npackages = [\"made-up\"]\n[axis]\nrust = [\"stable\"]\n[axis.features]\n".to_owned();
    for n in 0..JOBS {
        let _ = writeln!(manifest, "f{n} = []");
        let _ = writeln!(spec, "f{n} = [\"f{n}\"]");
    }
    for axis in ["a", "b"] {
        let _ = write!(spec, "[axis.{axis}]\nenv = \"AXIS_{}\"\nvalues = [{values}]\n", axis.to_uppercase());
    }
    spec.push_str(
        "[profile.full]\nstrategy = \"all\"\n[ci.runners]\nlinux-x86_64 = \"ubuntu-24.04\"\n\
         [ci.schedule]\ncron = \"17 3 * * *\"\ncompat = \"full\"\n",
    );
    let lock = "version = 3\n\n[[package]]\nname = \"made-up\"\nversion = \"0.1.0\"\n";
    let files =
        [("Cargo.toml", manifest.as_str()), ("Cargo.lock", lock), ("src/lib.rs", ""), ("compat/matrix.toml", &spec)];
    for (path, text) in files {
        write(&root.join(path), text)?;
    }
    Ok(root)
}

fn write(path: &Path, text: &str) -> Result<()> {
    std::fs::create_dir_all(path.parent().context("no folder")?)?;
    Ok(std::fs::write(path, text)?)
}
