//! `report`: the compatibility page, its picture and the page on leaks, from the spec and committed files alone.

use std::path::Path;

use compatrix_engine::committed::evidence;
use compatrix_engine::sys::error::Error;
use compatrix_model::claims::{judge_against, Freshness};
use compatrix_model::evidence_file::EvidenceFile;
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
    let code = write_or_check(root, &pages, args.check, &format!("{command} report"), terminal)?;
    let fresh = !args.require_fresh || is_fresh(&opened, &evidence, terminal)?;
    Ok(if fresh { code } else { 1 })
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
