//! `ci`: a rehearsal of the workflows on this machine, and what jobs need beforehand.

use std::collections::BTreeMap;
use std::sync::mpsc;

use compatrix_ci::workflow::Workflow;
use compatrix_engine::find::sqlite;
use compatrix_engine::find::sqlite::Wanted;
use compatrix_engine::rehearse::{self, Setup};
use compatrix_engine::sys::error::Error;
use compatrix_engine::sys::host::{Host, Limits};
use compatrix_model::axis::{AxisKind, Setting};
use compatrix_model::facts::Availability;
use compatrix_model::matrix_spec::{Ci, Work};
use compatrix_render::rehearsal::table;

use super::gen_ci::{exact_versions, plans, wanted};
use crate::cli::{CiCommand, Global, RehearseArgs};
use crate::terminal::Terminal;
use crate::workspace::{no_work, processors, Opened, SPEC};
use crate::{ci, rehearsal};

pub(crate) fn run(global: &Global, command: &CiCommand, terminal: &Terminal) -> Result<u8, Error> {
    let opened = Opened::new(global, terminal)?;
    let Some(settings) = &opened.parsed.spec.ci else {
        return Err(Error::usage(format!("the spec has no [ci]; what is to run where goes into {SPEC}, docs/CI.md")));
    };
    match command {
        CiCommand::Rehearse(args) => rehearse(&opened, settings, args, terminal),
        CiCommand::Provision { offline } => provision(&opened, *offline, terminal),
    }
}

/// Runs the jobs of an event; the worst exit code of its verdicts.
fn rehearse(opened: &Opened, settings: &Ci, args: &RehearseArgs, terminal: &Terminal) -> Result<u8, Error> {
    let platform = Host::platform();
    let label = settings.runners.iter().find(|(known, _)| *known == platform).map(|(_, label)| label.as_str());
    let label = label.ok_or_else(|| {
        Error::usage(format!(
            "[ci.runners] in {SPEC} has no runner for {platform}, so that no job of it can be rehearsed on this machine"
        ))
    })?;
    let session = opened.session(no_work(), false, terminal)?;
    let workflows = to_rehearse(opened, &ci::committed(opened, &session)?, args)?;
    session.ledger.save_memo(&session.host.memo)?;
    let setup = Setup {
        host: &session.host,
        event: args.event,
        platform: &platform,
        label,
        branch: settings.branches.first().map_or("main", String::as_str),
        install: args.install,
        keep: args.keep.as_deref(),
    };
    let mut worst = 0;
    for workflow in &workflows {
        terminal.say("Rehearsing", &format!("{} on {}, as of HEAD", workflow.file, args.event));
        let (sender, receiver) = mpsc::channel();
        let rehearsed = std::thread::scope(|scope| {
            scope.spawn(|| rehearsal::show(terminal, receiver));
            // The sender goes with the rehearsal, so that the progress ends when it does.
            let sender = sender;
            rehearse::rehearse(&setup, workflow, &sender)
        });
        if let Err(Error::Interrupted) = rehearsed {
            // Of a walk it would be said that results are kept.
            terminal.warning("interrupted; all that ran is ended and removed, and the same command begins anew");
            return Ok(Error::Interrupted.exit_code().number());
        }
        let rehearsed = rehearsed?;
        terminal.print(&format!("{}\n{}", table(&rehearsed.jobs, &terminal.look()), rehearsed.output));
        if let Some(summary) = &rehearsed.summary {
            terminal.say("Summary", &summary.display().to_string());
        }
        worst = worst.max(rehearsed.code);
    }
    if let Some(dir) = &args.keep {
        terminal.say("Kept", &dir.display().to_string());
    }
    Ok(worst)
}

/// The workflows of the commands that run on the event.
fn to_rehearse(
    opened: &Opened,
    committed: &compatrix_ci::Committed,
    args: &RehearseArgs,
) -> Result<Vec<Workflow>, Error> {
    let spec = &opened.parsed.spec;
    let plans = plans(spec, committed)?;
    let asked = |work: &Work| args.of.is_none_or(|of| of == *work);
    let runs = |work: &Work| plans.iter().any(|plan| plan.event == args.event && plan.work == *work);
    let works: Vec<Work> = Work::ALL.into_iter().filter(|work| asked(work) && runs(work)).collect();
    if works.is_empty() {
        // Says which key is missing.
        ci::plan(spec, committed, args.event, args.of.unwrap_or(Work::Compat))?;
    }
    let mut workflows = wanted(opened, &plans)?;
    workflows.retain(|workflow| works.iter().any(|work| work.file() == workflow.file));
    Ok(workflows)
}

/// Builds what the jobs of this platform load; a line for each version.
fn provision(opened: &Opened, offline: bool, terminal: &Terminal) -> Result<u8, Error> {
    let spec = &opened.parsed.spec;
    let limits = Limits { jobs: processors(), offline, ..no_work() };
    let session = opened.session(limits, false, terminal)?;
    let plans = plans(spec, &ci::committed(opened, &session)?)?;
    let platform = Host::platform();
    let versions = exact_versions(spec, &plans);
    let of_platform: BTreeMap<_, _> = versions
        .iter()
        .filter(|((of, _), _)| *of == platform)
        .flat_map(|(_, values)| values.iter().map(|value| (value.name.clone(), *value)))
        .collect();
    if of_platform.is_empty() {
        terminal.say("Provided", &format!("no job of {platform} loads an exact SQLite version"));
        return Ok(0);
    }
    let axis = spec.space.axis_of(&AxisKind::Sqlite).map(|(_, axis)| axis);
    let mut found = sqlite::find_all(&session.host, axis, &spec.sqlite, None);
    found.retain(|name, _| of_platform.contains_key(name));
    let wanted: Vec<Wanted> = of_platform
        .values()
        .filter(|value| matches!(found.get(&value.name), Some(Availability::Obtainable { .. })))
        .filter_map(|value| match &value.setting {
            Setting::SqliteExact(version) => Some(Wanted { value: value.name.clone(), version: version.clone() }),
            _ => None,
        })
        .collect();
    let built = sqlite::build_all(&session.host, &spec.sqlite, wanted, &|what| terminal.say("Providing", what));
    session.ledger.save_memo(&session.host.memo)?;
    if session.host.supervisor.is_interrupted() {
        return Err(Error::Interrupted);
    }
    let mut failed = 0;
    for name in of_platform.keys() {
        let (availability, how) = match built.get(name) {
            Some(built) => (built, "built"),
            None => (&found[name], "was there"),
        };
        match availability {
            Availability::Ready(facts) => {
                let library = facts.library.as_deref().unwrap_or_default();
                terminal.print(&format!("sqlite={name}  {how}  {library}"));
            }
            Availability::Missing { reason } | Availability::Obtainable { how: reason } => {
                failed += 1;
                terminal.print(&format!("sqlite={name}  missing  {reason}"));
            }
        }
    }
    match failed {
        0 => Ok(0),
        n => Err(Error::Infrastructure(anyhow::anyhow!("{n} of {} could not be built", of_platform.len()))),
    }
}
