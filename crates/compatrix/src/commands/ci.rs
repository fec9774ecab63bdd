//! `ci`: a rehearsal of the workflows on this machine, and what jobs need beforehand.

use std::collections::BTreeMap;

use compatrix_ci::benchmarks::bench_jobs;
use compatrix_ci::exact_sqlite::exact_versions;
use compatrix_ci::generate::{mark, report_artifact, BENCH_FILE};
use compatrix_ci::workflow::Workflow;
use compatrix_ci::{events, Committed};
use compatrix_engine::committed::repository::Repository;
use compatrix_engine::committed::workflows::{self, Wanted};
use compatrix_engine::provide::exact_sqlite;
use compatrix_engine::rehearse::{self, Setup};
use compatrix_engine::session::Session;
use compatrix_engine::sys::error::Error;
use compatrix_engine::sys::files;
use compatrix_engine::sys::host::{Host, Limits};
use compatrix_model::matrix_spec::{Ci, CiEvent, JobCommand};
use compatrix_render::bench_comment;
use compatrix_render::rehearsal::table;

use crate::cli::{command_name, BenchCommentArgs, CiCommand, Global, Rehearsable, RehearseArgs};
use crate::terminal::Terminal;
use crate::workspace::{no_work, processors, Opened, SPEC};
use crate::{event, progress};

pub(crate) fn run(global: &Global, command: &CiCommand, terminal: &Terminal) -> Result<u8, Error> {
    let opened = Opened::new(global, terminal)?;
    let Some(settings) = &opened.parsed.spec.ci else {
        return Err(Error::usage(format!(
            "the spec has no [ci]; add to {SPEC} what runs where, as `{} help ci` shows",
            command_name()
        )));
    };
    match command {
        CiCommand::Rehearse(args) => rehearse(&opened, settings, args, terminal),
        CiCommand::BenchComment(args) => comment(&opened, args, terminal),
        CiCommand::Provision { offline } => provision(&opened, *offline, terminal),
    }
}

/// Runs the jobs of an event; the worst exit code of its verdicts.
fn rehearse(opened: &Opened, settings: &Ci, args: &RehearseArgs, terminal: &Terminal) -> Result<u8, Error> {
    let platform = Host::platform();
    let label = settings.runners.iter().find(|(known, _)| *known == platform).map(|(_, label)| label.as_str());
    let label = label.ok_or_else(|| {
        Error::usage(format!(
            "[ci.runners] in {SPEC} has no runner for {platform}, so no job of it can be rehearsed on this machine"
        ))
    })?;
    let session = opened.session(no_work(), false, terminal)?;
    let wanted = to_rehearse(opened, &session, &event::committed(opened, &session)?, args)?;
    session.ledger.save_memo(&session.host.memo)?;
    let setup = Setup {
        host: &session.host,
        event: args.event,
        platform: &platform,
        label,
        branch: wanted.branches.names.first().map_or("main", String::as_str),
        install: args.install,
        keep: args.keep.as_deref(),
    };
    wanted.warnings.iter().for_each(|text| terminal.warning(text));
    let mut worst = 0;
    for workflow in &wanted.workflows {
        terminal.say("Rehearsing", &format!("{} on {}, as of HEAD", workflow.file, args.event));
        let rehearsed = progress::rehearsal::during(terminal, |events| rehearse::rehearse(&setup, workflow, events));
        if let Err(Error::Interrupted) = rehearsed {
            // The usual message says that results are kept.
            terminal
                .warning("interrupted; everything that ran was stopped and removed, and the same command starts over");
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
    session: &Session,
    committed: &Committed,
    args: &RehearseArgs,
) -> Result<Wanted, Error> {
    let spec = &opened.parsed.spec;
    let plans = events::plans(spec, committed).map_err(Error::Usage)?;
    let benches = bench_jobs(spec, committed).map_err(Error::Usage)?;
    let is_selected = |one: Rehearsable| args.of.is_none_or(|of| of == one);
    let runs = |work: JobCommand| plans.iter().any(|plan| plan.event == args.event && plan.work == work);
    let works = JobCommand::ALL.into_iter().filter(|work| is_selected(Rehearsable::Cells(*work)) && runs(*work));
    let mut files: Vec<&str> = works.map(JobCommand::file).collect();
    if is_selected(Rehearsable::Bench) && benches.iter().any(|job| job.event == args.event) {
        files.push(BENCH_FILE);
    }
    if files.is_empty() {
        // Its error names the key that is missing.
        match args.of {
            Some(Rehearsable::Bench) => events::benches(spec, committed, args.event).map(drop),
            Some(Rehearsable::Cells(work)) => events::plan(spec, committed, args.event, work).map(drop),
            None => events::plan(spec, committed, args.event, JobCommand::Compat).map(drop),
        }
        .map_err(Error::Usage)?;
    }
    let repository = Repository::find(&session.host)?;
    let existing = workflows::read(&session.host, &repository)?;
    let mut wanted = workflows::wanted(&session.host, &repository, &existing, spec, &plans, &benches, &opened.today)?;
    let is_of = |file: &&str, workflow: &Workflow| repository.place.file(file) == workflow.file;
    wanted.workflows.retain(|workflow| files.iter().any(|file| is_of(file, workflow)));
    Ok(wanted)
}

/// Renders the comment on a pull request. Its reports come from jobs that anybody can change: they are only data here.
fn comment(opened: &Opened, args: &BenchCommentArgs, terminal: &Terminal) -> Result<u8, Error> {
    let spec = &opened.parsed.spec;
    let session = opened.session(no_work(), false, terminal)?;
    let committed = event::committed(opened, &session)?;
    session.ledger.save_memo(&session.host.memo)?;
    let jobs = events::benches(spec, &committed, CiEvent::PullRequest).map_err(Error::Usage)?;
    let mut reports = Vec::new();
    for platform in jobs.iter().map(|job| job.platform.as_str()) {
        let path = args.reports.join(format!("{}.json", report_artifact(platform)));
        let report = match files::exists(&path) {
            false => None,
            true => {
                let bytes = files::read_most(&path, bench_comment::MOST_BYTES + 1)?;
                let report = bench_comment::read(&bytes, platform);
                Some(report.map_err(|why| Error::usage(format!("{}: {why}", path.display())))?)
            }
        };
        reports.push((platform, report));
    }
    let repository = Repository::find(&session.host)?;
    let about = bench_comment::About {
        mark: &mark(&repository.place),
        commit: args.commit.as_deref(),
        page: args.run_page.as_deref(),
    };
    let text = bench_comment::comment(&reports, &about);
    match &args.output {
        Some(path) => {
            files::write_output(path, text.as_bytes())?;
            terminal.say("Wrote", &path.display().to_string());
        }
        None => terminal.print(text.trim_end()),
    }
    Ok(0)
}

/// Builds what the jobs of this platform load; a line for each version.
fn provision(opened: &Opened, offline: bool, terminal: &Terminal) -> Result<u8, Error> {
    let spec = &opened.parsed.spec;
    let limits = Limits { jobs: processors(), serial: false, offline, ..no_work() };
    let session = opened.session(limits, false, terminal)?;
    let plans = events::plans(spec, &event::committed(opened, &session)?).map_err(Error::Usage)?;
    let platform = Host::platform();
    let exact = exact_versions(spec, &plans).into_iter().filter(|exact| exact.platform == platform);
    let versions: BTreeMap<_, _> = exact.flat_map(|exact| exact.versions).collect();
    if versions.is_empty() {
        terminal.say("Provided", &format!("no job of {platform} loads an exact SQLite version"));
        return Ok(0);
    }
    let cached = exact_sqlite::cache(&session.host, spec, &versions, &|what| terminal.say("Providing", what));
    session.ledger.save_memo(&session.host.memo)?;
    let cached = cached?;
    for one in &cached {
        let (how, what) = match &one.library {
            Ok(library) => (if one.built { "built" } else { "cached" }, library),
            Err(reason) => ("missing", reason),
        };
        terminal.print(&format!("sqlite={}  {how}  {what}", one.value));
    }
    match cached.iter().filter(|one| one.library.is_err()).count() {
        0 => Ok(0),
        n => Err(Error::Infrastructure(anyhow::anyhow!("{n} of {} could not be built", cached.len()))),
    }
}
