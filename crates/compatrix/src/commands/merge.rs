//! `evidence merge`: the artifacts of CI's jobs as one, with the verdict over the whole plan.

use std::path::PathBuf;

use compatrix_ci::events;
use compatrix_ci::judged::{difference, Judging};
use compatrix_ci::merge::{merge, Expected, File, Merged};
use compatrix_ci::needs::not_done;
use compatrix_engine::committed::artifacts::{self, EXTENSION};
use compatrix_engine::committed::evidence;
use compatrix_engine::deps::locked;
use compatrix_engine::find::workspace;
use compatrix_engine::leak::policy;
use compatrix_engine::session::{base, Session};
use compatrix_engine::sys::error::Error;
use compatrix_engine::sys::files;
use compatrix_leak::Policy;
use compatrix_model::evidence::Record;
use compatrix_model::matrix_spec::{CiEvent, JobCommand};
use compatrix_model::results::merged::Difference;
use compatrix_render::merged::{json, report, summary};

use crate::cli::{command_name, Format, Global, MergeArgs, Missing};
use crate::event;
use crate::sarif::sarif_of;
use crate::terminal::Terminal;
use crate::workspace::{append_step_summary, no_work, processors, Opened};

pub(crate) fn run(global: &Global, args: &MergeArgs, terminal: &Terminal) -> Result<u8, Error> {
    let opened = Opened::new(global, terminal)?;
    // Where GitHub reports on the jobs, all artifacts may have been lost, and the folder with them.
    let paths = artifacts::find(&args.paths, args.needs.is_some())?;
    if paths.is_empty() && args.needs.is_none() {
        return Err(Error::usage(format!(
            "no artifacts (*.{EXTENSION}) in {}; `{} compat --event EVENT --evidence FILE` writes one. In a workflow whose jobs \
             may all have been lost, `--needs` gives the verdict without any",
            args.paths.iter().map(|path| path.display().to_string()).collect::<Vec<_>>().join(", "),
            command_name()
        )));
    }
    let files = artifacts::read(&paths, processors())?;
    let (event, work) = event_of(args, &files)?;
    let session = opened.session(no_work(), false, terminal)?;
    let workspace = locked::read(&session.host, &opened.parsed)?;
    let committed = event::committed(&opened, &session)?;
    let spec = &opened.parsed.spec;
    let plan = events::plan(spec, &committed, event, work).map_err(Error::Usage)?;
    let (plan, one_platform) = match &args.platform {
        Some(platform) => events::on_platform(plan, platform).map_err(Error::Usage)?,
        None => (plan, None),
    };
    let tried = spec.ci.as_ref().map(|ci| ci.tried_platforms.as_slice()).unwrap_or_default();
    let wrong = args.needs.as_ref().map(|json| not_done(&plan, tried, json).map_err(Error::Usage)).transpose()?;
    let repository = workspace::repository(&session.host);
    let expected = Expected {
        spec,
        plan: &plan,
        repository: &repository,
        commit: workspace.source.commit.as_deref().unwrap_or_default(),
        sources: workspace.source.sources,
    };
    let merged = match merge(files, &expected) {
        Ok(merged) => merged,
        Err(refusals) => {
            let refusals: Vec<String> = refusals.iter().map(ToString::to_string).collect();
            append_step_summary(&opened.ambient, || summary::refused(&refusals))?;
            let count = refusals.len();
            let what = if count == 1 {
                "an artifact was refused".to_owned()
            } else {
                format!("{count} reasons to refuse artifacts")
            };
            return Err(Error::usage(format!(
                "{what}; nothing was merged, nothing is lost\n  {}",
                refusals.join("\n  ")
            )));
        }
    };
    let policy = match work {
        JobCommand::Compat => Policy::default(),
        JobCommand::LeakCheck => policy::load(&opened.root)?,
    };
    let judging = Judging {
        spec,
        committed: &committed,
        plan: &plan,
        policy: &policy,
        today: &opened.today,
        repro: &format!("{} repro", command_name()),
        whole_records: args.format == Format::Json,
    };
    let mut together = judging.judged(&merged);
    together.not_done = wrong.into_iter().flatten().map(|job| job.to_string()).collect();
    together.denied = match args.missing {
        Some(missing) => missing == Missing::Fail,
        None => spec.ci.as_ref().is_some_and(|ci| ci.missing_fails),
    };
    if let Some(rev) = &args.base {
        together.difference = match base::evidence(&session.host, rev, &spec.project.evidence) {
            Ok(old) => difference(spec, rev, &old, &together.platforms),
            Err(why) => Difference::Unknown(why),
        };
    }
    together.notes.extend(one_platform);
    for note in &together.notes {
        terminal.warning(note);
    }
    write(&opened, &session, args, &merged, &paths, terminal)?;
    if let Some(path) = &args.sarif {
        let (matrix, usage) = together.all_platforms();
        let text = sarif_of(&opened.root, &workspace.packages, &matrix, &usage);
        files::write_output(path, text.as_bytes())?;
        terminal.say("Wrote", &path.display().to_string());
    }
    append_step_summary(&opened.ambient, || summary::summary(&together))?;
    match args.format {
        Format::Human => terminal.print(&report(&together, &terminal.look())),
        Format::Json => terminal.print(&json::json(&together)),
    }
    Ok(together.exit_code().number())
}

/// Event and command: those of the options, else those of the artifacts.
fn event_of(args: &MergeArgs, files: &[File]) -> Result<(CiEvent, JobCommand), Error> {
    let first = events::of_artifacts(files);
    match (args.event.or(first.map(|(event, _)| event)), args.of.or(first.map(|(_, work)| work))) {
        (Some(event), Some(work)) => Ok((event, work)),
        _ if files.is_empty() => {
            Err(Error::usage("no artifact says which event and command this is; name them by --event and --of"))
        }
        _ => {
            let refused = files.iter().filter_map(|(file, bundle)| Some(format!("{file}: {}", bundle.as_ref().err()?)));
            Err(Error::usage(format!(
                "no artifact can be read; nothing was merged, nothing is lost\n  {}",
                refused.collect::<Vec<_>>().join("\n  ")
            )))
        }
    }
}

/// Writes what is asked for of the records.
fn write(
    opened: &Opened,
    session: &Session,
    args: &MergeArgs,
    merged: &Merged,
    inputs: &[PathBuf],
    terminal: &Terminal,
) -> Result<(), Error> {
    if let Some(path) = &args.output {
        artifacts::write(path, &merged.to_text(), inputs)?;
        terminal.say("Wrote", &format!("{}: {} records", path.display(), merged.len()));
    }
    if args.record {
        record(opened, session, merged, terminal)?;
    }
    Ok(())
}

/// Writes the records into the evidence of their platforms. What could not be tried proves nothing, and has no entry.
fn record(opened: &Opened, session: &Session, merged: &Merged, terminal: &Terminal) -> Result<(), Error> {
    let spec = &opened.parsed.spec;
    for platform in &merged.platforms {
        let proven = platform.results.iter().filter(|result| merged.origin(result).is_some());
        let records: Vec<Record> = proven.map(|result| merged.whole(result)).collect();
        if records.is_empty() {
            continue;
        }
        let count = records.len();
        let recorded = evidence::record(&session.host, spec, &platform.platform, records, false, &opened.today)?;
        let of = format!("{count} results of the artifacts, {} in all", recorded.entries);
        terminal.say("Wrote", &format!("{}: {of}", recorded.file));
        for dropped in &recorded.dropped {
            terminal.say("Dropped", dropped);
        }
    }
    Ok(())
}
