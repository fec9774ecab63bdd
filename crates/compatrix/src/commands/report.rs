//! `report`: the compatibility page, its picture, badges, and the pages on leaks and benchmarks, from the spec and committed files alone.

use std::path::Path;

use compatrix_engine::committed::{evidence, plans, speed};
use compatrix_engine::find::places;
use compatrix_engine::sys::error::Error;
use compatrix_engine::sys::files;
use compatrix_model::claims::{judge_against, Freshness};
use compatrix_model::evidence_file::EvidenceFile;
use compatrix_model::speed::trend::lines;
use compatrix_render::badge;
use compatrix_render::bench;
use compatrix_render::freshness;
use compatrix_render::page::{self, PageOptions};
use compatrix_render::reliability;

use crate::cli::{command_name, Global, ReportArgs};
use crate::pages::{refuse_foreign, write_or_check};
use crate::terminal::Terminal;
use crate::workspace::{command_of_pages, no_work, Opened};

pub(crate) fn run(global: &Global, args: &ReportArgs, terminal: &Terminal) -> Result<u8, Error> {
    let opened = Opened::new(global, terminal)?;
    let (root, spec) = (&opened.root, &opened.parsed.spec);
    let evidence = evidence::read_all_known(root, spec)?;
    let report = &spec.project.report;
    let svg = Path::new(report).with_extension("svg");
    let name = svg.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
    let command = command_of_pages(root);
    refuse_foreign(root, report, "report")?;
    let options = PageOptions { command, svg: Some(&name) };
    let mut pages = vec![
        (report.clone(), page::page(spec, &evidence, &options)),
        (svg.to_string_lossy().into_owned(), page::svg(spec, &evidence)),
    ];
    if reliability::has_page(spec) {
        let path = &spec.project.reliability;
        refuse_foreign(root, path, "reliability")?;
        let planted = evidence::planted(root)?;
        pages.push((path.clone(), reliability::page(spec, &evidence, planted.as_ref(), command)));
    }
    if bench::page::has_page(spec) {
        pages.extend(benchmarks(&opened, command)?);
    }
    if let Some(file) = &spec.project.criteria {
        pages.push(plans_page(&opened, &evidence, file, command)?);
    }
    let badges = badges(&opened, &evidence, command)?;
    pages.extend(badges.files);
    let mut code = write_or_check(root, &pages, args.check, &format!("{command} report"), terminal)?;
    for path in badges.left_over {
        if args.check {
            terminal.print(&format!("{path} is the badge of no claim; `{command} report` removes it\n"));
            code = 1;
        } else {
            files::remove(&root.join(&path))?;
            terminal.say("Removed", &path);
        }
    }
    let fresh = !args.require_fresh || is_fresh(&opened, &evidence, terminal)?;
    Ok(if fresh { code } else { 1 })
}

/// The page on benchmarks and its pictures.
fn benchmarks(opened: &Opened, command: &str) -> Result<Vec<(String, String)>, Error> {
    let (root, spec) = (&opened.root, &opened.parsed.spec);
    let [page, intervals, trend] = spec.project.benchmark_pages();
    refuse_foreign(root, &page, "benchmarks")?;
    let records = speed::read_all(root, spec)?;
    let lines = lines(&records).map_err(Error::usage)?;
    let name = |path: &str| Path::new(path).file_name().unwrap_or_default().to_string_lossy().into_owned();
    let pictures = [name(&intervals), name(&trend)];
    let facts = bench::page::Facts {
        spec,
        targets: &spec.targets,
        records: &records,
        lines: &lines,
        command,
        pictures: [&pictures[0], &pictures[1]],
    };
    let mut pages = vec![(page, bench::page::page(&facts))];
    if !records.is_empty() {
        pages.push((intervals, bench::pictures::intervals(&bench::page::newest(&records))));
        pages.push((trend, bench::pictures::trend(&lines)));
    }
    Ok(pages)
}

/// The page on the criteria of a file.
fn plans_page(
    opened: &Opened,
    evidence: &[EvidenceFile],
    file: &str,
    command: &str,
) -> Result<(String, String), Error> {
    let (root, spec) = (&opened.root, &opened.parsed.spec);
    refuse_foreign(root, &spec.project.plans, "plans")?;
    let plans = plans::read(root, file, spec)?;
    let facts = compatrix_render::plans::Facts {
        spec,
        evidence,
        records: &speed::read_all(root, spec)?,
        criteria: &plans.criteria,
        ran: &plans.ran,
        files: &plans.files,
        file,
        command,
    };
    Ok((spec.project.plans.clone(), compatrix_render::plans::page(&facts)))
}

/// The badges of the claims, if the spec asks for them. Paths are relative to the root.
#[derive(Default)]
struct Badges {
    files: Vec<(String, String)>,
    /// Badges of claims that the spec does not have any more.
    left_over: Vec<String>,
}

fn badges(opened: &Opened, evidence: &[EvidenceFile], command: &str) -> Result<Badges, Error> {
    let (root, spec) = (&opened.root, &opened.parsed.spec);
    let Some(folder) = spec.project.badges.as_deref().map(|folder| folder.trim_end_matches('/')) else {
        return Ok(Badges::default());
    };
    let mut found = Badges::default();
    let there = places::badges(&root.join(folder));
    for badge in badge::badges(spec, evidence) {
        let (svg, json) = (format!("{folder}/{}.svg", badge.name), format!("{folder}/{}.json", badge.name));
        refuse_foreign(root, &svg, "badges")?;
        if files::exists(&root.join(&json)) && !there.contains(&root.join(&json)) {
            return Err(Error::usage(format!(
                "{json} was not written by compatrix, and is not overwritten; move it, or name another folder as `badges` \
                 under [project] in the spec"
            )));
        }
        found.files.extend([(svg, badge.svg(command)), (json, badge.json())]);
    }
    let wanted = |path: &&std::path::PathBuf| found.files.iter().any(|(file, _)| root.join(file) == **path);
    let left_over = there.iter().filter(|path| !wanted(path) && files::exists(path));
    let name = |path: &std::path::PathBuf| files::slashed(path.strip_prefix(root).unwrap_or(path));
    found.left_over = left_over.map(name).collect();
    Ok(found)
}

/// Whether all evidence belongs to today's sources, dependency versions, fixtures and spec; a warning where not.
fn is_fresh(opened: &Opened, evidence: &[EvidenceFile], terminal: &Terminal) -> Result<bool, Error> {
    let spec = &opened.parsed.spec;
    let session = opened.session(no_work(), false, terminal)?;
    let today = evidence::today(&session.host, &opened.parsed)?;
    session.ledger.save_memo(&session.host.memo)?;
    let judgement = judge_against(spec, evidence, &today);
    let freshness = Freshness::of(spec, &judgement);
    if freshness.is_fresh() {
        terminal.say("Fresh", "all evidence belongs to today's sources and spec");
        return Ok(true);
    }
    let lines = freshness::lines(&freshness);
    let what = if lines.is_empty() { "there is no evidence".to_owned() } else { lines.join("\n  ") };
    terminal.warning(&format!(
        "{what}\n`{0} compat` and `{0} evidence record`, then `{0} report`, bring them up to date",
        command_name()
    ));
    Ok(false)
}
