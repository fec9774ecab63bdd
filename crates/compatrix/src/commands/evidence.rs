//! `evidence`: proof from the ledger into committed text, or shown.

use std::fmt::Write;

use compatrix_engine::leak::policy;
use compatrix_engine::session::Session;
use compatrix_engine::sys::error::Error;
use compatrix_engine::sys::files;
use compatrix_engine::sys::host::Host;
use compatrix_model::cell::CellId;
use compatrix_model::evidence::Record;
use compatrix_model::evidence_file::EvidenceFile;
use compatrix_model::leak::Canary;
use compatrix_model::linkage::Linkage;
use compatrix_model::matrix_spec::Spec;
use compatrix_model::results::judge::under_todays_policy;

use super::today::Today;
use crate::cli::{command_name, EvidenceCommand, Format, Global};
use crate::terminal::Terminal;
use crate::workspace::{no_work, Opened};

pub(crate) fn run(global: &Global, command: &EvidenceCommand, terminal: &Terminal) -> Result<u8, Error> {
    if let EvidenceCommand::Merge(args) = command {
        return super::merge::run(global, args, terminal);
    }
    let opened = Opened::new(global, terminal)?;
    let session = opened.session(no_work(), false, terminal)?;
    match command {
        EvidenceCommand::Record { cells, keep } => record(&opened, &session, cells, *keep, terminal),
        EvidenceCommand::Merge(_) => unreachable!("done above"),
        EvidenceCommand::Show { cell, format } => show(&opened, &session, cell, *format, terminal),
    }
}

/// All evidence files of the spec's folder, in the order of their names.
pub(crate) fn read_all(root: &std::path::Path, spec: &Spec) -> Result<Vec<EvidenceFile>, Error> {
    let mut all = Vec::new();
    for path in files::list(&root.join(&spec.project.evidence))? {
        if path.extension().is_some_and(|extension| extension == "toml") {
            let text = files::read_text(&path)?;
            let shown = path.strip_prefix(root).unwrap_or(&path).display().to_string();
            all.push(EvidenceFile::from_text(&text).map_err(|error| Error::usage(format!("{shown}: {error}")))?);
        }
    }
    Ok(all)
}

fn record(opened: &Opened, session: &Session, cells: &[String], keep: bool, terminal: &Terminal) -> Result<u8, Error> {
    let spec = &opened.parsed.spec;
    let conditions = opened.conditions(cells)?;
    let today = Today::read(session, opened)?;
    // Versions do not matter here: names and globs choose, as the ledger's cells are named.
    let survey = session.survey(&opened.parsed)?;
    let matchers: Vec<_> = conditions.iter().map(|c| c.matcher(&spec.space, &survey.facts.versions())).collect();
    let chosen = |id: &CellId| {
        spec.space.find(id).is_some_and(|cell| {
            matchers.is_empty() || matchers.iter().any(|matcher| matcher.holds(&spec.space.coords(cell)))
        })
    };
    let belongs = |record: &Record| {
        let source = record.proof.as_ref().map(|proof| &proof.source);
        source.is_some_and(|source| today.is_of(&record.cell, &source.sources, &source.lockset))
    };
    let all = session.ledger.all_newest()?;
    let of_cells: Vec<Record> = all.into_iter().filter(|record| chosen(&record.cell)).collect();
    let (fresh, stale): (Vec<Record>, Vec<Record>) = of_cells.into_iter().partition(belongs);
    if fresh.is_empty() {
        return Err(Error::usage(format!(
            "the ledger has no result for today's sources{}; run `{} compat` first",
            if stale.is_empty() { String::new() } else { format!(" ({} belong to earlier ones)", stale.len()) },
            command_name()
        )));
    }
    // Findings count for what suppressions and baseline say today, not when the tool ran.
    let policy = policy::load(&opened.root)?;
    let judged = fresh.into_iter().map(|record| under_todays_policy(record, spec, &policy, &opened.today));
    let fresh: Vec<Record> = judged.collect();
    let count = fresh.len();
    let (shown, entries) = lay_over(opened, &Host::platform(), fresh, keep)?;
    terminal.say("Wrote", &format!("{shown}: {count} results of this machine, {entries} in all"));
    if today.dirty {
        terminal.warning("the packages under test have changes that are not committed; the evidence says so");
    }
    Ok(0)
}

/// Lays records over a platform's committed evidence, which keeps entries of cells that the spec no longer has only where
/// `keep` says so. The file, below the root, and how many entries it has then.
pub(super) fn lay_over(
    opened: &Opened,
    platform: &str,
    records: Vec<Record>,
    keep: bool,
) -> Result<(String, usize), Error> {
    let spec = &opened.parsed.spec;
    let path = opened.root.join(&spec.project.evidence).join(format!("{platform}.toml"));
    let found = EvidenceFile::from_records(platform, records);
    let mut file = if files::exists(&path) {
        let old = EvidenceFile::from_text(&files::read_text(&path)?);
        old.map_err(|error| Error::usage(format!("{}: {error}", path.display())))?.merge(found)
    } else {
        found
    };
    if !keep {
        file.retain(|entry| spec.space.find(&entry.record.cell).is_some());
    }
    files::write(&path, file.to_text().as_bytes())?;
    let shown = path.strip_prefix(&opened.root).unwrap_or(&path).display().to_string();
    let entries = file.entries().len();
    Ok((shown, entries))
}

fn show(opened: &Opened, session: &Session, cell: &str, format: Format, terminal: &Terminal) -> Result<u8, Error> {
    let id: CellId = cell.parse().map_err(Error::Usage)?;
    let mut records = Vec::new();
    for suite in &opened.parsed.spec.suites {
        records.extend(session.ledger.newest(&suite.name, &id.to_string())?);
    }
    if records.is_empty() {
        // Perhaps it is only misspelled.
        opened.cell(cell)?;
        return Err(Error::usage(format!(
            "the ledger has nothing of `{id}`; run `{} compat --cell '{id}'`",
            command_name()
        )));
    }
    match format {
        Format::Json => terminal.print(&serde_json::to_string_pretty(&records).map_err(anyhow::Error::from)?),
        Format::Human => terminal.print(&records.iter().map(describe).collect::<Vec<_>>().join("\n")),
    }
    Ok(0)
}

/// A record as lines of `name  value`.
fn describe(record: &Record) -> String {
    let mut out = String::new();
    let mut line = |name: &str, value: &str| {
        let _ = writeln!(out, "{name:<12} {value}");
    };
    line("cell", &record.cell.to_string());
    line("suite", &record.suite);
    line("outcome", record.outcome.as_str());
    if !record.cause.is_empty() {
        line("cause", &record.cause);
    }
    let counts = |c: compatrix_model::evidence::Counts| {
        format!("{} passed, {} failed, {} ignored, {} filtered out", c.passed, c.failed, c.ignored, c.filtered)
    };
    line("tests", &counts(record.tests));
    if let Some(doctests) = record.doctests {
        line("doctests", &counts(doctests));
    }
    if record.attempts > 1 {
        line("attempts", &record.attempts.to_string());
    }
    line("key", &record.key);
    if let Some(report) = &record.leaks {
        line("tool", &format!("{} ({})", report.tool, report.version));
        match &report.canary {
            Canary::Proven { found } => line("canary", &format!("proven: {found}")),
            Canary::NotProven { why } => line("canary", &format!("not proven: {why}")),
        }
        line("under it", &format!("{} tests ran, {} are not runnable", report.ran, report.not_run()));
        for group in &report.not_runnable {
            line("", &format!("{}: {}", group.tests.len(), group.reason));
        }
        for finding in &report.findings {
            let test = finding.test.as_deref().unwrap_or("unknown test");
            let what = format!("{} {} {}::{test}", finding.fingerprint, finding.kind, finding.executable);
            line("finding", &format!("{what} ({})", finding.standing.as_str()));
        }
        for note in &report.notes {
            line("note", note);
        }
    }
    let Some(proof) = &record.proof else { return out };
    line("platform", &proof.platform);
    line("rustc", proof.toolchain.rustc.lines().next().unwrap_or_default());
    line("cargo", &proof.toolchain.cargo);
    if !proof.toolchain.packages.is_empty() {
        line("packages", &proof.toolchain.packages);
    }
    let commit = proof.source.commit.as_deref().unwrap_or("none");
    line("commit", &format!("{commit}{}", if proof.source.dirty { ", with changes" } else { "" }));
    line("sources", &proof.source.sources);
    line("lockset", &proof.source.lockset);
    line("features", &proof.features.join(", "));
    if let Some(sqlite) = &proof.sqlite {
        let linkage = match sqlite.linkage {
            Linkage::Static => "compiled in",
            Linkage::Dynamic => "shared library",
        };
        line("sqlite", &format!("{} ({linkage})", sqlite.version));
        line("", &sqlite.source_id);
        line("", &sqlite.file);
        line("", &format!("sha256 {}", sqlite.sha256));
        line("", &sqlite.compile_options.join(" "));
    }
    if let Some(fixture) = &proof.fixture {
        line("fixture", &format!("{} (vintage {}, recipe {})", fixture.name, fixture.vintage, fixture.sha256));
    }
    for executable in &proof.executables {
        line("executable", &format!("{} {}", executable.name, executable.sha256));
    }
    for (name, value) in &proof.env {
        line("env", &format!("{name}={value}"));
    }
    for failure in &record.failures {
        line("failed", &format!("{}::{}", failure.executable, failure.test));
        for said in failure.output.lines() {
            line("", said);
        }
    }
    out
}
