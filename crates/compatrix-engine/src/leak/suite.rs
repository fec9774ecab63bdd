//! A suite of kind `leak` in one cell, from its canary to its record.

use std::path::Path;

use anyhow::{Context as _, Result};
use compatrix_leak::LeakSettings;
use compatrix_leak::Tool;
use compatrix_model::evidence::Record;
use compatrix_model::outcome::Outcome;

use super::bench::{Bench, Leaks, Unit};
use super::seen::Seen;
use super::{canary, miri, passes, sanitizer, units, valgrind, witness};
use crate::build::{Executable, Product};
use crate::run::executable::blank;
use crate::run::inputs::RunInputs;
use crate::sys::host::Host;
use crate::sys::process::Command;

/// Runs the suite in the cell and returns its result; the caller adds the proof.
///
/// # Errors
/// Our own side fails.
pub(crate) fn run(
    host: &Host,
    inputs: &RunInputs<'_>,
    settings: &LeakSettings,
    product: &Product,
    leaks: &Leaks<'_>,
) -> Result<Record> {
    let tool = inputs.leak_tool.with_context(|| format!("{} is not here", settings.tool))?;
    let bench = Bench { host, inputs, settings, tool };
    // Miri is a runner itself, and cargo knows no second one.
    if let Some(runner) = product.executables.iter().find_map(|e| e.recorded.runner.first()) {
        let cause = format!(
            "cargo's configuration starts tests by the runner {runner}, and {} cannot look through it; leave the runner \
             out of the configuration for this suite",
            settings.tool
        );
        return Ok(blank(inputs, Outcome::Unavailable, cause));
    }
    if settings.tool == Tool::Miri {
        if let Some((outcome, cause)) = miri::prepare(&bench, &product.executables)? {
            return Ok(blank(inputs, outcome, cause));
        }
    }
    let canary = canary::prove(&bench, leaks);
    if host.supervisor.is_interrupted() {
        return Ok(blank(inputs, Outcome::Infrastructure, "interrupted".to_owned()));
    }
    let mut seen = Seen::default();
    if canary.is_proven() {
        let mut all = Vec::new();
        for executable in &product.executables {
            seen.notes.extend(witness::hooks(&bench, executable)?);
            if let Some(reason) = units::trial(&bench, executable)? {
                seen.not_proven(&executable.target, reason);
            }
            let listed = units::list(&bench, executable)?;
            seen.counts.ignored += u32::try_from(listed.ignored).unwrap_or(u32::MAX);
            all.extend(units::of(&bench, executable, listed.tests));
        }
        passes::go(&bench, leaks, all, &mut seen)?;
    }
    Ok(seen.record(&bench, canary))
}

/// What does by hand what the suite does with an executable, as near as one command can: the commands, and what they leave
/// out, for people.
///
/// # Errors
/// A command cannot be made.
pub(crate) fn by_hand(bench: &Bench<'_>, executable: &Executable, dir: &Path) -> Result<(Command, &'static str)> {
    let unit = Unit { executable, tests: Vec::new(), whole: true };
    Ok(match bench.settings.tool {
        Tool::Valgrind => (valgrind::command(bench, &unit, dir), "findings are in valgrind.PID.xml"),
        Tool::Asan | Tool::Lsan => {
            (sanitizer::command(bench, &unit, dir, &[]), "findings are in sanitizer.PID, not yet symbolized")
        }
        Tool::Miri => (
            miri::interpreted(bench, executable, bench.command(&unit, dir))?,
            "the first error ends it; `--exact NAME` runs one test",
        ),
        Tool::Resources => (
            bench.command(&unit, dir),
            "leak-check runs each test alone, with a preloaded library that checks for leftovers",
        ),
    })
}
