//! `gen-ci`: the workflows of GitHub Actions, from the spec and committed files alone.

use std::path::Path;

use compatrix_ci::benchmarks::bench_jobs;
use compatrix_ci::generate::header::Origin;
use compatrix_ci::pins::{self, Bump};
use compatrix_ci::update::{Flags, Update};
use compatrix_ci::{durations, events};
use compatrix_engine::committed::repository::Repository;
use compatrix_engine::committed::workflows;
use compatrix_engine::session::Session;
use compatrix_engine::sys::error::Error;
use compatrix_engine::sys::files;
use compatrix_engine::sys::host::Host;
use compatrix_model::facts::Durations;
use compatrix_render::ci_cost::cost_table;
use compatrix_render::workflow_drift::{blocked, differences, pins_missing};

use crate::cli::{GenCiArgs, Global};
use crate::event;
use crate::pages;
use crate::terminal::Terminal;
use crate::workspace::{command_of_pages, no_work, Opened, SPEC};

pub(crate) fn run(global: &Global, args: &GenCiArgs, terminal: &Terminal) -> Result<u8, Error> {
    let opened = Opened::new(global, terminal)?;
    let (root, spec) = (&opened.root, &opened.parsed.spec);
    let command = command_of_pages(root);
    if spec.ci.is_none() {
        return Err(Error::usage(format!(
            "the spec has no [ci]; add to {SPEC} what runs where, for example:\n\n[ci.runners]\nlinux-x86_64 = \
             \"ubuntu-24.04\"\n\n[ci.pull_request]\ncompat = \"local\"\n"
        )));
    }
    let session = opened.session(no_work(), false, terminal)?;
    let mut committed = event::committed(&opened, &session)?;
    session.ledger.save_memo(&session.host.memo)?;
    let repository = Repository::find(&session.host)?;
    let existing = workflows::read(&session.host, &repository)?;
    let durations = args.adopt_durations.then(|| measured(&opened, &session, &committed, command)).transpose()?;
    if let Some((durations, _)) = &durations {
        committed.durations = durations.clone();
    }
    let plans = events::plans(spec, &committed).map_err(Error::Usage)?;
    let benches = bench_jobs(spec, &committed).map_err(Error::Usage)?;
    let wanted = workflows::wanted(&session.host, &repository, &existing, spec, &plans, &benches, &opened.today)?;
    let locksets = spec.locks.iter().map(|lock| format!("compat/locks/{}.lock", lock.name));
    for path in locksets.filter(|path| !files::exists(&root.join(path))) {
        terminal.warning(&format!(
            "{path} is not there, and jobs use only committed locksets; run `{command} lock`, and commit it"
        ));
    }
    wanted.warnings.iter().for_each(|text| terminal.warning(text));
    let flags = Flags { check: args.check, adopt_pins: args.adopt_pins, overwrite: args.overwrite };
    let update = Update::new(&existing, &wanted.workflows, flags).map_err(Error::Usage)?;
    if let Some(reason) = update.blocked(flags) {
        let (said, warning) = blocked(&update, reason, command);
        said.iter().for_each(|text| terminal.print(text));
        warning.iter().for_each(|text| terminal.warning(text));
        return Ok(1);
    }
    if args.check {
        return Ok(check(&update, command, terminal));
    }
    stays_in(&repository.top)?;
    if let Some((_, text)) = &durations {
        pages::write(root, durations::FILE, text, terminal)?;
    }
    match update.new_pins(flags).map_err(Error::Usage)? {
        Some(text) => pages::write(root, pins::FILE, &text, terminal)?,
        None if args.adopt_pins => {
            terminal.say("Unchanged", &format!("{}: no workflow has a pin that was raised", pins::FILE));
        }
        None => {}
    }
    if let Some(from) = &wanted.branches.from {
        terminal.say("Branches", &format!("{}, from {from}", wanted.branches.names.join(", ")));
    }
    write(&update, &repository.top, args.overwrite, terminal)?;
    // That of benchmarks is not predicted.
    if !plans.is_empty() {
        terminal.print(&cost_table(&plans, &terminal.look()));
    }
    Ok(0)
}

/// The durations of the ledger, as jobs are balanced by them, and the file of them.
fn measured(
    opened: &Opened,
    session: &Session,
    committed: &compatrix_ci::Committed,
    command: &str,
) -> Result<(Durations, String), Error> {
    let ledger = session.ledger.durations()?;
    let found = durations::of_ledger(&opened.parsed.spec, committed, &Host::platform(), &ledger);
    if found.builds.is_empty() && found.averages.is_empty() {
        return Err(Error::usage(format!(
            "the ledger has no build or run of the spec's profiles; `{command} compat` runs some"
        )));
    }
    let text = durations::to_text(&found, command);
    Ok((durations::parse(&text, command).map_err(Error::Usage)?, text))
}

fn check(update: &Update, command: &str, terminal: &Terminal) -> u8 {
    if update.pins_missing {
        terminal.print(&pins_missing(command));
    }
    differences(update, command).iter().for_each(|text| terminal.print(text));
    for change in update.workflows.iter().filter(|change| change.old == change.new) {
        terminal.say("Up to date", &change.path);
    }
    for bump in update.raised.iter().flatten() {
        terminal.say("Raised", &format!("{}; `{command} gen-ci --adopt-pins` carries it back", Bump::told(bump)));
    }
    u8::from(update.differs())
}

/// Refuses a folder of workflows that a link leads out of the repository.
fn stays_in(top: &Path) -> Result<(), Error> {
    let outside = [".github", ".github/workflows"].into_iter().find(|folder| {
        let real = files::real(&top.join(folder)).ok();
        real.is_some_and(|real| !files::real(top).is_ok_and(|top| real.starts_with(top)))
    });
    match outside {
        Some(folder) => Err(Error::usage(format!(
            "{folder} is a link that leads out of the repository, where GitHub finds no workflow; make it a folder"
        ))),
        None => Ok(()),
    }
}

/// Writes the workflows; removes those that the spec no longer asks for.
fn write(update: &Update, top: &Path, overwrite: bool, terminal: &Terminal) -> Result<(), Error> {
    for change in &update.workflows {
        if change.old == change.new {
            terminal.say("Unchanged", &change.path);
        } else {
            files::write_output(&top.join(&change.path), change.new.as_bytes())?;
            terminal.say("Wrote", &change.path);
        }
    }
    for (path, origin) in &update.obsolete {
        if *origin == Origin::Generated || overwrite {
            files::remove(&top.join(path))?;
            terminal.say("Removed", &format!("{path}: no longer in the spec"));
        }
    }
    Ok(())
}
