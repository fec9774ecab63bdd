//! `report`: the compatibility page, its picture and the page on leaks, from the spec and committed files alone.

use std::path::Path;

use compatrix_audit::promise::is_generated;
use compatrix_engine::sys::error::Error;
use compatrix_engine::sys::files;
use compatrix_model::evidence_file::EvidenceFile;
use compatrix_model::leak::planted::{self, PlantedTable};
use compatrix_render::page::{self, PageOptions};
use compatrix_render::reliability;

use super::evidence::read_all;
use super::schema::write_or_check;
use super::today::Today;
use crate::cli::{command_name, Global, ReportArgs};
use crate::terminal::Terminal;
use crate::workspace::{command_of_pages, no_work, Opened};

pub(crate) fn run(global: &Global, args: &ReportArgs, terminal: &Terminal) -> Result<u8, Error> {
    let opened = Opened::new(global, terminal)?;
    let evidence = read_all(&opened.root, &opened.parsed.spec)?;
    let report = Path::new(&opened.parsed.spec.project.report);
    let svg = report.with_extension("svg");
    let name = svg.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
    let command = command_of_pages(&opened.root);
    refuse_foreign(&opened.root, &opened.parsed.spec.project.report, "report")?;
    let options = PageOptions { command, svg: Some(&name) };
    let mut pages = vec![
        (opened.parsed.spec.project.report.clone(), page::page(&opened.parsed.spec, &evidence, &options)),
        (svg.to_string_lossy().into_owned(), page::svg(&opened.parsed.spec, &evidence)),
    ];
    if reliability::has_page(&opened.parsed.spec) {
        let path = &opened.parsed.spec.project.reliability;
        refuse_foreign(&opened.root, path, "reliability")?;
        let planted = read_planted(&opened.root)?;
        pages.push((path.clone(), reliability::page(&opened.parsed.spec, &evidence, planted.as_ref(), command)));
    }
    let code = write_or_check(&opened.root, &pages, args.check, &format!("{command} report"), terminal)?;
    if !args.require_fresh {
        return Ok(code);
    }
    let session = opened.session(no_work(), false, terminal)?;
    let today = Today::read(&session, &opened)?;
    session.ledger.save_memo(&session.host.memo)?;
    let stale = stale(&evidence, &today);
    if stale == 0 && evidence.iter().any(|file| file.entries().len() > 0) {
        terminal.say("Fresh", "all evidence belongs to today's sources");
        return Ok(code);
    }
    let what = match stale {
        0 => "there is no evidence".to_owned(),
        n => format!("{n} results belong to other sources than today's"),
    };
    terminal.warning(&format!(
        "{what}; `{0} compat` and `{0} evidence record`, then `{0} report`, bring them up to date",
        command_name()
    ));
    Ok(1)
}

/// Which tool finds which planted leak, where somebody measured it.
fn read_planted(root: &Path) -> Result<Option<PlantedTable>, Error> {
    let path = root.join(planted::FILE);
    if !files::exists(&path) {
        return Ok(None);
    }
    PlantedTable::parse(&files::read_text(&path)?).map(Some).map_err(Error::usage)
}

/// A page that somebody wrote by hand is never overwritten.
fn refuse_foreign(root: &Path, report: &str, key: &str) -> Result<(), Error> {
    let path = root.join(report);
    if !files::exists(&path) || is_generated(&files::read_text(&path)?) {
        return Ok(());
    }
    Err(Error::usage(format!(
        "{} was not written by compatrix, and is not overwritten; move it, or name another page as `{key}` under \
         [project] in the spec",
        path.display()
    )))
}

/// How many entries belong to other sources or locked dependencies than these.
fn stale(evidence: &[EvidenceFile], today: &Today) -> usize {
    let entries = evidence.iter().flat_map(EvidenceFile::entries);
    let sources = entries.filter_map(|entry| Some((&entry.record.cell, &entry.record.proof.as_ref()?.source)));
    sources.filter(|(cell, source)| !today.is_of(cell, &source.sources, &source.lockset)).count()
}
