//! The loop that people write, and `compat`, on the same cells in turns. Each starts cold: dependencies fetched, SQLite
//! libraries and toolchains here, no target folder.

use std::path::Path;

use anyhow::Result;

use super::bound::{Bound, Planned, Walked};
use super::process::{measure, median, middle, row, Cost};
use super::programs::{compat_program, remove};
use super::scene::Bench;

/// What is measured against what.
pub(super) struct Contest<'a> {
    pub(super) bench: &'a Bench,
    /// The workspace in which `compat` runs.
    pub(super) root: &'a Path,
    /// The cache with libraries and toolchains.
    pub(super) cache: &'a Path,
    pub(super) profile: &'a str,
    pub(super) planned: &'a Planned,
    /// At least so many times as fast as the loop, and at most so many times the bound.
    pub(super) goals: (f64, f64),
}

/// One cold walk.
struct Cold {
    cost: Cost,
    bound: Bound,
    walked: Walked,
}

impl Contest<'_> {
    /// Runs all rounds and prints what came of them. Returns the last unchanged walk, for a ratio to the loop's.
    ///
    /// `cold_loop` starts the loop without a target folder.
    pub(super) fn run(&self, cold_loop: impl Fn() -> Result<Cost>) -> Result<Cost> {
        let (mut loops, mut with_c, mut cold) = (Vec::new(), Vec::new(), Vec::new());
        for _ in 0..self.bench.rounds {
            loops.push(cold_loop()?);
            remove(&self.cache.join("compatrix").join("objects"))?;
            with_c.push(self.cold()?);
            cold.push(self.cold()?);
        }
        let again = (0..5).map(|_| self.compat(&[])).collect::<Result<_>>()?;
        let again = median(again);
        let rounds = self.bench.rounds;
        println!("{} cells, {} builds; medians of {rounds}", self.planned.runs.len(), self.planned.builds.len());
        row("loop, cold", median(loops.clone()));
        row("compat, cold, C not in the cache", median(with_c.iter().map(|cold| cold.cost).collect()));
        row("compat, cold", median(cold.iter().map(|cold| cold.cost).collect()));
        row("compat, nothing changed (median of 5)", again);
        self.ratios("cold, C not in the cache", &loops, &with_c);
        self.ratios("cold", &loops, &cold);
        let added = middle(cold.iter().map(|cold| cold.walked.added_ms).collect());
        let executables = middle(cold.iter().map(|cold| cold.walked.executables_ms).collect());
        let builds = cold.iter().map(|cold| cold.walked.builds).max().unwrap_or_default();
        println!("cargo builds done / planned                {builds} / {}", self.planned.builds.len());
        println!("added to a run by us, median               {added} ms");
        println!("a run's executables, median                {executables} ms");
        Ok(again)
    }

    /// Each ratio is of one round, in which the machine was about the same for both.
    fn ratios(&self, what: &str, loops: &[Cost], walks: &[Cold]) {
        let (faster, of_bound) = self.goals;
        let seconds = |cost: &Cost| cost.wall.as_secs_f64();
        let to_loop = loops.iter().zip(walks).map(|(cost, walk)| seconds(cost) / seconds(&walk.cost));
        let to_bound = walks.iter().map(|walk| seconds(&walk.cost) / walk.bound.seconds());
        let shown = |values: &[f64]| values.iter().map(|v| format!("{v:.2}")).collect::<Vec<_>>().join(", ");
        let (to_loop, to_bound): (Vec<f64>, Vec<f64>) = (to_loop.collect(), to_bound.collect());
        println!("{what}: loop / compat    {:.2}   (goal {faster}; {})", middle_of(&to_loop), shown(&to_loop));
        println!("{what}: compat / bound   {:.2}   (goal {of_bound}; {})", middle_of(&to_bound), shown(&to_bound));
        for walk in walks {
            println!("    {}", walk.bound);
        }
    }

    fn cold(&self) -> Result<Cold> {
        remove(&self.root.join("target"))?;
        let cost = self.compat(&[])?;
        let walked = Walked::read(self.root, self.planned)?;
        Ok(Cold { cost, bound: walked.bound(cost, self.bench.cores), walked })
    }

    fn compat(&self, more: &[&str]) -> Result<Cost> {
        compat(self.bench, self.root, self.cache, self.profile, more)
    }
}

fn middle_of(values: &[f64]) -> f64 {
    let mut values = values.to_vec();
    values.sort_by(f64::total_cmp);
    values.get(values.len() / 2).copied().unwrap_or(f64::NAN)
}

/// One walk of a profile.
pub(super) fn compat(bench: &Bench, root: &Path, cache: &Path, profile: &str, more: &[&str]) -> Result<Cost> {
    let mut command = compat_program(bench, root, cache);
    command.args(["compat", "--profile", profile, "--no-install", "--quiet"]).args(more);
    measure(&mut command, &bench.scratch.join("compat.log"), &[])
}

/// What is planned for a profile, as far as it can run here.
pub(super) fn planned(bench: &Bench, root: &Path, cache: &Path, profile: &str) -> Result<Planned> {
    let mut command = compat_program(bench, root, cache);
    let output = command.args(["plan", "--profile", profile, "--no-install", "--format", "json"]).output()?;
    anyhow::ensure!(output.status.success(), "plan: {}", String::from_utf8_lossy(&output.stderr));
    Planned::of(&serde_json::from_slice(&output.stdout)?)
}
