//! `repro`: the exact shell lines of one cell, from the same commands that a run starts.

use std::sync::mpsc::Sender;

use anyhow::anyhow;
use compatrix_model::condition::Condition;
use compatrix_model::matrix_spec::Profile;
use compatrix_model::plan::{Choice, SkipReason, Targets};
use compatrix_model::spec_text::Parsed;

use crate::build;
use crate::event::Event;
use crate::leak::{self, Bench};
use crate::run::executable;
use crate::run::inputs::{build_inputs, with_inputs};
use crate::session::{NarrowBy, Session};
use crate::sys::error::Error;
use crate::sys::process::quote;

/// The lines that do by hand what the suite does in the cell that the condition names; comments explain them. The build
/// is done here, so that the names of the executables are known.
///
/// # Errors
/// The cell is not available here, is excluded by a rule, or does not build.
pub fn lines(
    session: &Session,
    parsed: &Parsed,
    cell: &Condition,
    suite: Option<&str>,
    tell: &Sender<Event>,
) -> Result<Vec<String>, Error> {
    let spec = &parsed.spec;
    let suites = suite.map(str::to_owned).into_iter().collect();
    let profile = Profile { suites, ..Profile::default() };
    let choice = Choice { profile: &profile, cells: std::slice::from_ref(cell) };
    let (survey, plan) = session.prepare(parsed, &choice, &NarrowBy::default(), tell)?;
    let Some(&planned) = plan.runs.first() else {
        let reason = plan.reasons.first().map(|reason| match reason {
            SkipReason::Excluded { reason } => format!("a rule in the spec excludes this cell: {reason}"),
            SkipReason::Unavailable { value, reason } => format!("{value} is not available here: {reason}"),
        });
        return Err(Error::usage(reason.unwrap_or_else(|| "no suite runs in this cell".to_owned())));
    };
    let host = &session.host;
    let planned_build = &plan.builds[planned.build];
    let inputs = build_inputs(host, spec, &survey, planned_build)?;
    let mut without_doctests = planned_build.clone();
    if let Targets::Tests { doctests } = &mut without_doctests.targets {
        *doctests = false;
    }
    let _ = tell.send(Event::BuildStarted { build: planned_build.id() });
    let jobs = jobserver::Client::new(host.limits.jobs.max(1)).map_err(anyhow::Error::from)?;
    let built = build::build(host, &without_doctests, &inputs, &jobs)?;
    let product = match built.result {
        Ok(product) => product,
        Err(failure) => {
            let command = build::command(host, planned_build, &inputs)?;
            return Ok(vec![format!("# it does not build: {}", failure.cause), command.to_string()]);
        }
    };
    let id = spec.space.id(planned.cell);
    let dir = host.dir.join("repro");
    let shown = quote(&dir.to_string_lossy());
    let mut lines = vec![
        format!("# {} in {id}", spec.suites[planned.suite].name),
        "# 1. build the test executables".to_owned(),
        build::command(host, planned_build, &inputs)?.to_string(),
    ];
    if planned_build.targets.doctests() {
        lines.push("# 2. documentation tests, once a build".to_owned());
        lines.push(build::doctest_command(host, planned_build, &inputs)?.to_string());
    }
    let step = if planned_build.targets.doctests() { 3 } else { 2 };
    lines.push(format!("# {step}. start each executable, with a fresh copy of the fixture if the cell has one"));
    with_inputs(spec, &survey, planned_build, planned, &id, None, |inputs| {
        for executable in &product.executables {
            lines.push(format!("rm -rf {shown} && mkdir -p {shown}/{{{}}}", executable::FOLDERS.join(",")));
            if let Some((_, fixture)) = inputs.fixture {
                lines.push(format!("cp -R {} {shown}/fixture", quote(&fixture.dir)));
            }
            let command = match (inputs.suite.leak(), inputs.leak_tool) {
                (Some(settings), Some(tool)) => {
                    let (command, note) = leak::by_hand(&Bench { host, inputs, settings, tool }, executable, &dir)?;
                    lines.push(format!("# under {}; {note}", settings.tool));
                    command
                }
                _ => executable::command(host, inputs, executable, &dir),
            };
            lines.push(command.to_string());
        }
        Ok::<(), anyhow::Error>(())
    })?;
    if product.executables.is_empty() {
        return Err(anyhow!("the build made no test executable").into());
    }
    Ok(lines)
}
