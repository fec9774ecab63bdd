//! How far `bench` can be trusted: gates of fifteen made benches, on equal builds, on code that only moved, and on planted
//! slowdowns; and the same by criterion, base and then head, with its own verdict.

mod made;

use std::collections::BTreeSet;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use anyhow::{ensure, Context, Result};
use serde_json::Value;

use super::programs::{compat_program, remove, without_cargo};
use super::scene::Bench;
use super::stress::Spinners;
use made::{Library, Workspace, BENCHES};

/// The spread of a round up to which slowdowns of 5 % are to be caught.
const SMALL_SPREAD: f64 = 0.02;

/// What is done so many times.
struct Kind {
    name: &'static str,
    gates: u32,
    is_busy: bool,
    /// The slowdown of one bench in percent.
    planted: Option<u32>,
    /// Whether code moves.
    is_moved: bool,
    /// Whether a count that is exact decides, and not time.
    by_count: bool,
    /// The share of planted slowdowns that must be caught, in percent.
    least: u32,
}

const PLAIN: Kind =
    Kind { name: "", gates: 20, is_busy: false, planted: None, is_moved: false, by_count: false, least: 0 };

const KINDS: [Kind; 7] = [
    Kind { name: "equal builds, quiet", gates: 30, ..PLAIN },
    Kind { name: "equal builds, a busy process beside", gates: 30, is_busy: true, ..PLAIN },
    Kind { name: "inert changes that move code", is_moved: true, ..PLAIN },
    Kind { name: "20 % slower", planted: Some(20), least: 100, ..PLAIN },
    Kind { name: "10 % slower", planted: Some(10), least: 95, ..PLAIN },
    Kind { name: "5 % slower", planted: Some(5), least: 75, ..PLAIN },
    Kind { name: "3 % more by an exact count", planted: Some(3), by_count: true, least: 100, ..PLAIN },
];

/// The gates of one kind, counted.
#[derive(Default)]
struct Tally {
    gates: u32,
    /// Gates that call something slower that is not.
    alarms: u32,
    caught: u32,
    /// Gates in which the planted bench varied little, and how many of those were caught.
    of_small_spread: (u32, u32),
    /// Gates on a machine that could not tell.
    unable: u32,
    /// The median spread of a round in each gate.
    spreads: Vec<f64>,
    walls: Vec<Duration>,
    /// The share of the rounds that no process of a bench or canary took.
    own: Vec<f64>,
}

/// Runs so many gates of each kind, or as many as the figures need; whether no figure fell short.
pub(super) fn gate(bench: &Bench, most: Option<u32>) -> Result<bool> {
    let root = bench.scratch.join("gate");
    remove(&root)?;
    let workspace = Workspace::new(root)?;
    let counted = |kind: &Kind| kind.gates.min(most.unwrap_or(u32::MAX));
    let mut is_good = true;
    for kind in &KINDS {
        let busy = kind.is_busy.then(|| Spinners::start(1)).transpose()?;
        let mut ours = Tally::default();
        for n in 0..counted(kind) {
            workspace.set(&library(kind, n))?;
            ours.add(kind, planted(kind, n), &compared(bench, &workspace, n)?)?;
        }
        drop(busy);
        println!("{:<38} {}", kind.name, ours.shown(kind));
        is_good &= ours.is_good(kind);
    }
    println!("criterion, base and then head, its own verdict:");
    for kind in KINDS.iter().filter(|kind| !kind.by_count) {
        let busy = kind.is_busy.then(|| Spinners::start(1)).transpose()?;
        let theirs = by_criterion(&workspace, kind, counted(kind).div_ceil(3))?;
        drop(busy);
        println!("{:<38} {}", kind.name, theirs.shown(kind));
    }
    Ok(is_good)
}

/// The bench that is slower in this gate, and by how many percent.
fn planted(kind: &Kind, n: u32) -> Option<(usize, u32)> {
    kind.planted.map(|percent| ((n as usize * 4 + 1) % BENCHES, percent))
}

fn library(kind: &Kind, n: u32) -> Library {
    match planted(kind, n) {
        Some((at, percent)) => Library::slower(at, percent),
        None if kind.is_moved => Library::moved(u64::from(n) + 1),
        None => Library::plain(),
    }
}

/// What `bench` says, and how long it took.
struct Gate {
    report: Value,
    wall: Duration,
}

fn compared(bench: &Bench, workspace: &Workspace, n: u32) -> Result<Gate> {
    let mut command = compat_program(bench, &workspace.root, &bench.scratch.join("cache"));
    command.args(["bench", "--base", "HEAD", "--same-too", "--quiet", "--format", "json", "--no-install", "--offline"]);
    command.arg("--seed").arg((n + 1).to_string()).stdin(Stdio::null());
    let began = Instant::now();
    let output = command.output().context("bench does not start")?;
    let wall = began.elapsed();
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    ensure!(matches!(output.status.code(), Some(0 | 1 | 3)), "bench ended with {}: {said}", output.status);
    let report = serde_json::from_slice(&output.stdout).with_context(|| format!("bench gives no JSON: {said}"))?;
    Ok(Gate { report, wall })
}

impl Tally {
    fn add(&mut self, kind: &Kind, planted: Option<(usize, u32)>, gate: &Gate) -> Result<()> {
        let report = &gate.report;
        let comparisons = report["comparisons"].as_array().context("no comparisons in the report")?;
        self.gates += 1;
        self.walls.push(gate.wall);
        let ms = |key: &str| report[key].as_f64().unwrap_or_default();
        self.own.push(1.0 - ms("processes_ms") / ms("rounds_ms").max(1.0));
        if report["canary"]["proven"] != true {
            self.unable += 1;
        }
        let timed: Vec<&Value> = comparisons.iter().filter(|one| one["metric"] == "time").collect();
        ensure!(timed.len() == BENCHES, "{} benches compared, not {BENCHES}", timed.len());
        let mut spreads: Vec<f64> = timed.iter().filter_map(|one| one["spread"].as_f64()).collect();
        spreads.sort_by(f64::total_cmp);
        self.spreads.extend(spreads.get(spreads.len() / 2));
        let name = planted.map(|(at, _)| format!("work-{at}")).unwrap_or_default();
        let slower: Vec<&Value> = comparisons.iter().filter(|one| one["change"] == "slower").collect();
        self.alarms += u32::from(slower.iter().any(|one| one["bench"] != name.as_str()));
        let decides = |one: &&Value| one["bench"] == name.as_str() && (one["metric"] == "time") != kind.by_count;
        let is_caught = u32::from(slower.iter().copied().any(|one| decides(&one)));
        self.caught += is_caught;
        let spread = timed.iter().copied().find(decides).and_then(|one| one["spread"].as_f64());
        if spread.is_some_and(|spread| spread <= SMALL_SPREAD) {
            self.of_small_spread.0 += 1;
            self.of_small_spread.1 += is_caught;
        }
        Ok(())
    }

    fn shown(&self, kind: &Kind) -> String {
        let mut text = format!("{} gates, false alarms {}", self.gates, self.alarms);
        if let Some(percent) = kind.planted {
            text += &format!(", caught {} of {}", self.caught, self.gates);
            if percent == 5 && !self.spreads.is_empty() {
                let (gates, caught) = self.of_small_spread;
                text += &format!(" ({caught} of {gates} where a round varies by 2 % or less)");
            }
        }
        if self.unable > 0 {
            text += &format!(", {} could not tell", self.unable);
        }
        if let (Some(least), Some(middle), Some(most)) = ends(&self.spreads) {
            text += &format!("; spread of a round {:.1} % ({:.1} to {:.1})", middle * 1e2, least * 1e2, most * 1e2);
        }
        let walls: Vec<f64> = self.walls.iter().map(Duration::as_secs_f64).collect();
        if let (_, Some(middle), Some(most)) = ends(&walls) {
            text += &format!("; {middle:.0} s a gate, {most:.0} at most");
        }
        if let (_, Some(own), Some(_)) = ends(&self.own) {
            text += &format!("; {:.1} % of the rounds is ours", own * 1e2);
        }
        text
    }

    /// Whether the figures are reached. Of 5 %, only gates count in which the bench varied little.
    fn is_good(&self, kind: &Kind) -> bool {
        let (gates, caught) = if kind.planted == Some(5) { self.of_small_spread } else { (self.gates, self.caught) };
        self.alarms == 0 && (kind.planted.is_none() || caught * 100 >= gates * kind.least)
    }
}

/// The least, the middle and the greatest value.
fn ends(values: &[f64]) -> (Option<f64>, Option<f64>, Option<f64>) {
    let mut sorted = values.to_vec();
    sorted.sort_by(f64::total_cmp);
    (sorted.first().copied(), sorted.get(sorted.len() / 2).copied(), sorted.last().copied())
}

/// The way most projects do it: the base's benches, then the head's, and what criterion says.
fn by_criterion(workspace: &Workspace, kind: &Kind, gates: u32) -> Result<Tally> {
    let mut theirs = Tally::default();
    for n in 0..gates {
        let began = Instant::now();
        workspace.set(&Library::plain())?;
        criterion(workspace, &["--save-baseline", "before"])?;
        workspace.set(&library(kind, n))?;
        let slower = regressed(&criterion(workspace, &["--baseline", "before"])?);
        theirs.walls.push(began.elapsed());
        theirs.gates += 1;
        let name = planted(kind, n).map(|(at, _)| format!("work-{at}"));
        theirs.caught += u32::from(name.as_ref().is_some_and(|name| slower.contains(name)));
        theirs.alarms += u32::from(slower.iter().any(|bench| Some(bench) != name.as_ref()));
    }
    Ok(theirs)
}

fn criterion(workspace: &Workspace, args: &[&str]) -> Result<String> {
    let mut command = Command::new("cargo");
    without_cargo(&mut command).args(["bench", "--quiet", "--", "--noplot"]).args(args);
    command.current_dir(workspace.root.join("by-criterion")).stdin(Stdio::null());
    let output = command.output().context("cargo does not start")?;
    ensure!(output.status.success(), "cargo bench: {}", String::from_utf8_lossy(&output.stderr));
    Ok(String::from_utf8_lossy(&output.stdout).into_owned())
}

/// The benches that criterion calls regressed.
fn regressed(said: &str) -> BTreeSet<String> {
    let mut bench = "";
    let mut regressed = BTreeSet::new();
    for line in said.lines() {
        if let Some(name) = line.split_whitespace().next().filter(|name| line.starts_with("work-") && name.len() > 5) {
            bench = name;
        }
        if line.contains("Performance has regressed") {
            regressed.insert(bench.to_owned());
        }
    }
    regressed
}
