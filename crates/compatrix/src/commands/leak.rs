//! `leak-check`: the suites of kind `leak`.

use compatrix_engine::sys::error::Error;
use compatrix_engine::sys::files;
use compatrix_leak::baseline;
use compatrix_model::evidence::{leak_usage, Record};
use compatrix_model::matrix_spec::SuiteKind;
use compatrix_render::{junit, leaks};

use crate::cli::{Format, Global, LeakArgs, LeakFormat};
use crate::dry_run;
use crate::request::Request;
use crate::sarif::sarif_of;
use crate::terminal::Terminal;
use crate::timings;
use crate::walk::walk;
use crate::workspace::{append_step_summary, Opened};

pub(crate) fn run(global: &Global, args: &LeakArgs, terminal: &Terminal) -> Result<u8, Error> {
    let mut opened = Opened::new(global, terminal)?;
    for suite in &mut opened.parsed.spec.suites {
        if let (SuiteKind::Leak(leak), false) = (&mut suite.kind, args.errors_for.is_empty()) {
            leak.errors_for = args.errors_for.iter().copied().collect();
        }
    }
    let request = Request::leak_check(&opened, &args.selection, &args.event, &args.tools)?;
    if args.dry_run {
        let format = if args.format == LeakFormat::Human { Format::Human } else { Format::Json };
        return dry_run::show(&request, format, terminal);
    }
    let others = [args.junit.as_deref(), args.sarif.as_deref(), args.event.evidence.as_deref()];
    let timings = timings::checked(args.timings.as_deref(), &others)?;
    let (done, wrote_timings) = walk(&request, timings.as_ref(), terminal)?;
    let walked = &done.walked;
    let matrix = &walked.matrix;
    let records: Vec<&Record> = matrix.records().collect();
    // Only a whole walk shows that a suppression or an accepted finding is not found any more.
    let whole = args.selects_all() && !walked.interrupted;
    let usage = leak_usage(&walked.policy, &records, whole, &opened.today);
    let sarif = || sarif_of(&opened.root, &walked.facts.packages, matrix, &usage);
    match args.format {
        _ if args.print_baseline => terminal.print(&baseline(&records, &opened.today)),
        LeakFormat::Human => terminal.print(&leaks::report(matrix, &usage, &terminal.look())),
        LeakFormat::Json => terminal.print(&leaks::json::json_leaks(matrix, &usage)),
        LeakFormat::Sarif => terminal.print(&sarif()),
    }
    let junit = args.junit.as_ref().map(|path| (path, junit::junit(matrix, "compatrix")));
    for (path, text) in junit.into_iter().chain(args.sarif.as_ref().map(|path| (path, sarif()))) {
        files::write_output(path, text.as_bytes())?;
        terminal.say("Wrote", &path.display().to_string());
    }
    wrote_timings?;
    append_step_summary(&opened.ambient, || leaks::summary::summary(matrix, &usage, "Leaks and memory errors"))?;
    if walked.interrupted {
        return Err(Error::Interrupted);
    }
    done.write_artifact(args.event.evidence.as_deref(), terminal)?;
    Ok(done.exit_code(&opened.parsed.spec, args.missing))
}

/// What to paste into the baseline to accept each finding that is new.
fn baseline(records: &[&Record], today: &str) -> String {
    let reports = records.iter().filter_map(|record| record.leaks.as_ref()).map(|leaks| &leaks.findings);
    baseline::stanzas(reports, &baseline::a_quarter_after(today))
}
