//! `leak-check`: the suites of kind `leak`.

use std::path::{Path, PathBuf};

use compatrix_engine::sys::error::Error;
use compatrix_engine::sys::files;
use compatrix_engine::walk::Walked;
use compatrix_model::evidence::Record;
use compatrix_model::facts::PackageFacts;
use compatrix_model::leak::baseline;
use compatrix_model::leak::Usage;
use compatrix_model::matrix_spec::SuiteKind;
use compatrix_model::matrix_spec::Work;
use compatrix_model::results::matrix::Matrix;
use compatrix_render::sarif::{self, SarifOptions};
use compatrix_render::{junit, leaks};

use crate::ci;
use crate::cli::{Format, Global, LeakArgs, LeakFormat};
use crate::terminal::Terminal;
use crate::walk::walk;
use crate::workspace::Opened;

pub(crate) fn run(global: &Global, args: &LeakArgs, terminal: &Terminal) -> Result<u8, Error> {
    let mut opened = Opened::new(global, terminal)?;
    for suite in &mut opened.parsed.spec.suites {
        if let (SuiteKind::Leak(leak), false) = (&mut suite.kind, args.errors_for.is_empty()) {
            leak.errors_for = args.errors_for.iter().copied().collect();
        }
    }
    let selection = ci::selection(&opened, &args.selection, &args.ci, Work::LeakCheck)?;
    let profile = opened.leak_profile(&selection.profile, &args.tools)?;
    let of_ci = (&args.ci, Work::LeakCheck);
    if args.dry_run {
        let format = if args.format == LeakFormat::Human { Format::Human } else { Format::Json };
        return super::plan::show(&opened, &selection, of_ci, &profile, format, terminal);
    }
    let done = walk(&opened, &selection, of_ci, &profile, terminal)?;
    let walked = &done.walked;
    let matrix = &walked.matrix;
    let records: Vec<&Record> = matrix.records().collect();
    let usage = walked.policy.usage(&records, is_complete(args, walked), &opened.today);
    let sarif = || sarif_of(&opened.root, &walked.facts.packages, matrix, &usage);
    match args.format {
        _ if args.print_baseline => terminal.print(&baseline(&records, &opened.today)),
        LeakFormat::Human => terminal.print(&leaks::report(matrix, &usage, &terminal.look())),
        LeakFormat::Json => terminal.print(&leaks::json::json_leaks(matrix, &usage)),
        LeakFormat::Sarif => terminal.print(&sarif()),
    }
    let junit = || junit::junit(matrix, "compatrix");
    let files: [(&Option<PathBuf>, &dyn Fn() -> String); 2] = [(&args.junit, &junit), (&args.sarif, &sarif)];
    for (path, text) in files {
        if let Some(path) = path {
            files::write(path, text().as_bytes())?;
            terminal.say("Wrote", &path.display().to_string());
        }
    }
    if let Some(path) = opened.ambient.get("GITHUB_STEP_SUMMARY") {
        files::append(Path::new(path), leaks::summary::summary(matrix, &usage, "Leaks and memory errors").as_bytes())?;
    }
    if walked.interrupted {
        return Err(Error::Interrupted);
    }
    ci::write_artifact(&done, args.ci.evidence.as_deref(), terminal)?;
    Ok(ci::exit_code(&opened, &done, args.missing))
}

/// Whether nothing narrowed the choice, so that what was not found is not there.
fn is_complete(args: &LeakArgs, walked: &Walked) -> bool {
    let LeakArgs { selection, tools, .. } = args;
    let whole =
        args.ci.event.is_none() && selection.cells.is_empty() && selection.shard.is_none() && selection.since.is_none();
    whole && tools.is_empty() && !walked.interrupted
}

/// What to paste into the baseline to accept each finding that is new.
fn baseline(records: &[&Record], today: &str) -> String {
    let findings = records.iter().filter_map(|record| record.leaks.as_ref()).flat_map(|leaks| &leaks.findings);
    baseline::stanzas(findings, &a_quarter_after(today))
}

/// The last day of the third month after this day: a time to mend it in.
fn a_quarter_after(today: &str) -> String {
    let mut parts = today.split('-').filter_map(|part| part.parse::<u32>().ok());
    let (year, month) = (parts.next().unwrap_or(1970), parts.next().unwrap_or(1) + 3);
    let (year, month) = if month > 12 { (year + 1, month - 12) } else { (year, month) };
    let day = match month {
        2 => 28,
        4 | 6 | 9 | 11 => 30,
        _ => 31,
    };
    format!("{year:04}-{month:02}-{day:02}")
}

/// The findings of a matrix as SARIF.
pub(super) fn sarif_of(root: &Path, packages: &[PackageFacts], matrix: &Matrix, usage: &Usage) -> String {
    let options = SarifOptions {
        version: env!("CARGO_PKG_VERSION"),
        about: env!("CARGO_PKG_REPOSITORY"),
        sources: &packages.iter().flat_map(|package| package.sources.clone()).collect(),
        manifest: &manifest(root, packages),
    };
    sarif::sarif(matrix, usage, &options)
}

/// The manifest of the first package under test, relative to the root.
fn manifest(root: &Path, packages: &[PackageFacts]) -> String {
    let dir = packages.first().map(|package| PathBuf::from(&package.dir)).unwrap_or_default();
    let relative = dir.strip_prefix(root).unwrap_or(Path::new(""));
    relative.join("Cargo.toml").to_string_lossy().into_owned()
}
