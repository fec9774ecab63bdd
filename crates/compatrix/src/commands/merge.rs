//! `evidence merge`: what the jobs of CI uploaded, made one, with the verdict over the whole plan.

use std::path::{Path, PathBuf};

use compatrix_ci::artifact::Bundle;
use compatrix_ci::judged::{difference, Judging};
use compatrix_ci::merge::{merge, Expected, File, Merged};
use compatrix_ci::needs::not_done;
use compatrix_ci::{CiPlan, Committed};
use compatrix_engine::find::workspace;
use compatrix_engine::leak::policy;
use compatrix_engine::session::base;
use compatrix_engine::sys::error::Error;
use compatrix_engine::sys::files;
use compatrix_model::evidence::Record;
use compatrix_model::leak::Policy;
use compatrix_model::matrix_spec::{Event, Work};
use compatrix_model::results::judge::under_todays_policy;
use compatrix_model::results::merged::{Difference, MergedMatrix};
use compatrix_render::merged::{json, report, summary};

use crate::ci;
use crate::cli::{command_name, Format, Global, MergeArgs, Missing};
use crate::terminal::Terminal;
use crate::workspace::{no_work, processors, Opened};

/// How an artifact's name ends.
const EXTENSION: &str = "jsonl";

pub(crate) fn run(global: &Global, args: &MergeArgs, terminal: &Terminal) -> Result<u8, Error> {
    let opened = Opened::new(global, terminal)?;
    let paths = artifacts(args)?;
    let files = read(&paths)?;
    let (event, work) = part(args, &files)?;
    let session = opened.session(no_work(), false, terminal)?;
    let workspace = workspace::read(&session.host, &opened.parsed)?;
    let committed = ci::committed(&opened, &session)?;
    let spec = &opened.parsed.spec;
    let plan = ci::plan(spec, &committed, event, work)?;
    let (plan, narrowed) = narrowed(plan, args.platform.as_deref())?;
    let wrong = args.needs.as_ref().map(|json| not_done(&plan, json).map_err(Error::Usage)).transpose()?;
    let repository = workspace::repository(&session.host);
    let expected = Expected {
        spec,
        plan: &plan,
        repository: &repository,
        commit: workspace.source.commit.as_deref().unwrap_or_default(),
        sources: &workspace.source.sources,
    };
    let merged = match merge(files, &expected) {
        Ok(merged) => merged,
        Err(refusals) => {
            let refusals: Vec<String> = refusals.iter().map(ToString::to_string).collect();
            append_summary(&opened, || summary::refused(&refusals))?;
            let count = refusals.len();
            let what = if count == 1 {
                "an artifact is refused".to_owned()
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
        Work::Compat => Policy::default(),
        Work::LeakCheck => policy::load(&opened.root)?,
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
    together.notes.extend(narrowed);
    for note in &together.notes {
        terminal.warning(note);
    }
    write(&opened, args, &merged, &paths, terminal)?;
    if let Some(path) = &args.sarif {
        files::write(path, sarif_of(&opened, &committed, &together).as_bytes())?;
        terminal.say("Wrote", &path.display().to_string());
    }
    append_summary(&opened, || summary::summary(&together))?;
    match args.format {
        Format::Human => terminal.print(&report(&together, &terminal.look())),
        Format::Json => terminal.print(&json::json(&together)),
    }
    Ok(together.exit_code().number())
}

/// The part of the plan that counts; a note where that is not all of it.
fn narrowed(plan: CiPlan, platform: Option<&str>) -> Result<(CiPlan, Option<String>), Error> {
    let Some(platform) = platform else { return Ok((plan, None)) };
    let others: Vec<String> = plan.platforms().into_iter().filter(|of| *of != platform).map(str::to_owned).collect();
    let event = plan.event;
    let plan = plan.only(platform);
    if plan.groups.is_empty() {
        return Err(Error::usage(format!("no job of {event} runs on {platform}; they run on {}", others.join(", "))));
    }
    let note = format!("this verdict is on {platform} alone; what runs on {} is not counted", others.join(", "));
    Ok((plan, (!others.is_empty()).then_some(note)))
}

/// The files that are meant: those that are named, and in folders all artifacts, at any depth.
fn artifacts(args: &MergeArgs) -> Result<Vec<PathBuf>, Error> {
    let mut found = Vec::new();
    for path in &args.paths {
        if path.is_dir() {
            below(path, &mut found)?;
        } else if files::exists(path) {
            found.push(path.clone());
        } else if args.needs.is_none() {
            // Where GitHub tells of jobs, all of them may have been lost, and the folder with them.
            return Err(Error::usage(format!("{} is not there; name artifacts, or folders of them", path.display())));
        }
    }
    // A file that is named twice, or is in a folder that is named, too, is one file.
    let mut seen = std::collections::BTreeSet::new();
    found.retain(|path| seen.insert(path.canonicalize().unwrap_or_else(|_| path.clone())));
    Ok(found)
}

fn below(dir: &Path, found: &mut Vec<PathBuf>) -> Result<(), Error> {
    for path in files::list(dir)? {
        if path.is_dir() {
            below(&path, found)?;
        } else if path.extension().is_some_and(|extension| extension == EXTENSION) {
            found.push(path);
        }
    }
    Ok(())
}

/// Reads the artifacts, several at once.
fn read(paths: &[PathBuf]) -> Result<Vec<File>, Error> {
    let each = paths.len().div_ceil(processors()).max(1);
    let one = |path: &PathBuf| -> Result<File, Error> {
        let bytes = files::read(path)?;
        Ok((path.display().to_string(), Bundle::parse_bytes(&bytes)))
    };
    let chunks: Vec<Result<Vec<File>, Error>> = std::thread::scope(|scope| {
        let started: Vec<_> = paths
            .chunks(each)
            .map(|chunk| scope.spawn(move || chunk.iter().map(one).collect::<Result<Vec<File>, Error>>()))
            .collect();
        started.into_iter().map(|thread| thread.join().expect("reading does not panic")).collect()
    });
    Ok(chunks.into_iter().collect::<Result<Vec<_>, _>>()?.into_iter().flatten().collect())
}

/// Event and command: as asked for, else those of the first artifact that can be read.
fn part(args: &MergeArgs, files: &[File]) -> Result<(Event, Work), Error> {
    let headers = files.iter().filter_map(|(_, bundle)| bundle.as_ref().ok()?.headers.first());
    let first = headers.min_by_key(|header| (header.event, header.work));
    match (args.event.or(first.map(|header| header.event)), args.of.or(first.map(|header| header.work))) {
        (Some(event), Some(work)) => Ok((event, work)),
        _ if files.is_empty() => Err(Error::usage(format!(
            "there are no artifacts (*.{EXTENSION}) in {}; `{} compat --event EVENT --evidence FILE` writes one. With --event \
             and --of the verdict is given without any, too",
            args.paths.iter().map(|path| path.display().to_string()).collect::<Vec<_>>().join(", "),
            command_name()
        ))),
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
    args: &MergeArgs,
    merged: &Merged,
    inputs: &[PathBuf],
    terminal: &Terminal,
) -> Result<(), Error> {
    if let Some(path) = &args.output {
        let whole = |path: &Path| path.canonicalize().unwrap_or_else(|_| path.to_owned());
        if inputs.iter().any(|input| whole(input) == whole(path)) {
            return Err(Error::usage(format!(
                "{} is one of the artifacts; --output needs another file",
                path.display()
            )));
        }
        files::write(path, merged.to_text().as_bytes())?;
        terminal.say("Wrote", &format!("{}: {} records", path.display(), merged.len()));
    }
    if args.record {
        let policy = policy::load(&opened.root)?;
        for platform in &merged.platforms {
            // What could not be tried proves nothing, and needs no entry.
            let records: Vec<Record> = platform
                .results
                .iter()
                .filter(|result| merged.origin(result).is_some())
                .map(|result| under_todays_policy(merged.whole(result), &opened.parsed.spec, &policy, &opened.today))
                .collect();
            if records.is_empty() {
                continue;
            }
            let count = records.len();
            let (shown, entries) = super::evidence::lay_over(opened, &platform.platform, records, false)?;
            terminal.say("Wrote", &format!("{shown}: {count} results of the artifacts, {entries} in all"));
        }
    }
    Ok(())
}

fn sarif_of(opened: &Opened, committed: &Committed, together: &MergedMatrix) -> String {
    let (matrix, usage) = together.all_platforms();
    super::leak::sarif_of(&opened.root, &committed.packages, &matrix, &usage)
}

fn append_summary(opened: &Opened, text: impl Fn() -> String) -> Result<(), Error> {
    match opened.ambient.get("GITHUB_STEP_SUMMARY") {
        Some(path) => Ok(files::append(Path::new(path), text().as_bytes())?),
        None => Ok(()),
    }
}
