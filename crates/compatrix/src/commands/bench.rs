//! `bench`: the suites of kind `bench`.

use std::time::UNIX_EPOCH;

use compatrix_bench::harness::callgrind::stacks;
use compatrix_engine::bench::{bench, Base, BenchRequest, Benched, Profile};
use compatrix_engine::committed::speed;
use compatrix_engine::sys::clock;
use compatrix_engine::sys::error::Error;
use compatrix_engine::sys::files;
use compatrix_model::axis::ValueName;
use compatrix_model::speed::trend::Record;
use compatrix_model::speed::{Ends, SpeedReport, Tally};
use compatrix_render::bench as render;
use compatrix_render::bench::pictures::flame;
use shaped_toml::nearest;

use crate::cli::{BenchArgs, BenchFormat, EventOptions, Format, Global, Missing, Selection};
use crate::dry_run;
use crate::progress;
use crate::request::Request;
use crate::terminal::Terminal;
use crate::workspace::{append_step_summary, Opened};

pub(crate) fn run(global: &Global, args: &BenchArgs, terminal: &Terminal) -> Result<u8, Error> {
    let mut opened = Opened::new(global, terminal)?;
    let (selection, event) = (selection(args), EventOptions::default());
    add_packages(&mut opened);
    let request = Request::bench(&opened, &selection, &event)?;
    if args.dry_run {
        let format = if args.format == BenchFormat::Json { Format::Json } else { Format::Human };
        return dry_run::show(&request, format, terminal);
    }
    if args.no_base && opened.parsed.spec.targets.is_empty() {
        return Err(Error::usage("--no-base looks only at targets, and the spec has no [[target]]"));
    }
    let across = args.across.as_deref().map(|axis| across(&opened, axis, args.reference.as_deref())).transpose()?;
    let base = match (&args.base, &args.baseline) {
        _ if args.no_base => Base::Nothing,
        (Some(rev), _) => Base::Revision(rev.clone()),
        (None, Some(name)) => Base::Baseline(name.clone()),
        (None, None) => Base::Usual,
    };
    let since = clock::system().duration_since(UNIX_EPOCH).unwrap_or_default();
    let choice = request.choice();
    let asked = BenchRequest {
        parsed: &opened.parsed,
        choice: &choice,
        base: &base,
        across: across.as_ref().map(|(axis, reference)| (axis.as_str(), reference.as_ref())),
        save: args.save_baseline.as_deref(),
        rounds: args.rounds,
        seed: args.seed.unwrap_or(u64::from(since.subsec_nanos())),
        same_too: args.same_too,
    };
    let session = opened.session(request.limits(), true, terminal)?;
    let Benched { mut report, profiles } = progress::during(terminal, |events| bench(&session, &asked, events))?;
    for (n, profile) in profiles.iter().enumerate() {
        report.notes.extend(draw(&opened, n, profile)?);
    }
    show(args, &report, &opened, terminal)?;
    let code = ends(args, &report).exit_code();
    if args.record && !record(&opened, &report, terminal)? && code == 0 {
        return Ok(Error::usage("not recorded").exit_code().number());
    }
    Ok(code)
}

/// Draws where the instructions of a slower bench went; a sentence that says where the picture is.
fn draw(opened: &Opened, n: usize, profile: &Profile) -> Result<Option<String>, Error> {
    let (Ok(base), Ok(head)) = (stacks(&profile.base), stacks(&profile.head)) else { return Ok(None) };
    let path = format!("target/compat/bench/flame-{}.svg", n + 1);
    files::write_output(&opened.root.join(&path), flame(&profile.bench, &base, &head).as_bytes())?;
    Ok(Some(format!("{path} shows where the instructions of {} went, base and head", profile.bench)))
}

/// Writes the record of the commit; whether there is one.
fn record(opened: &Opened, report: &SpeedReport, terminal: &Terminal) -> Result<bool, Error> {
    match Record::from_report(report) {
        Ok(record) => {
            let file = speed::write(&opened.root, &opened.parsed.spec, &record)?;
            terminal.say("Recorded", &file);
            Ok(true)
        }
        Err(why) => {
            terminal.warning(&format!("not recorded: {why}"));
            Ok(false)
        }
    }
}

fn ends(args: &BenchArgs, report: &SpeedReport) -> Ends {
    Tally::of(report).ends(args.missing == Missing::Fail)
}

fn show(args: &BenchArgs, report: &SpeedReport, opened: &Opened, terminal: &Terminal) -> Result<(), Error> {
    match args.format {
        BenchFormat::Human => terminal.print(&render::table(report, &terminal.look())),
        BenchFormat::Json => terminal.print(&render::json(report)),
        BenchFormat::Markdown => terminal.print(&render::markdown(report)),
    }
    let json = args.json.as_ref().map(|path| (path, render::json(report)));
    let junit = args.junit.as_ref().map(|path| (path, render::junit(report, "compatrix")));
    for (path, text) in json.into_iter().chain(junit) {
        files::write_output(path, text.as_bytes())?;
        terminal.say("Wrote", &path.display().to_string());
    }
    append_step_summary(&opened.ambient, || render::markdown(report))
}

/// The packages that only have benches, among those that are built.
fn add_packages(opened: &mut Opened) {
    let spec = &mut opened.parsed.spec;
    let named: Vec<String> =
        spec.suites.iter().filter_map(|suite| suite.bench()).flat_map(|settings| settings.packages.clone()).collect();
    for name in named {
        if !spec.project.packages.contains(&name) {
            spec.project.packages.push(name);
        }
    }
}

/// The axis of `--across`, and the value of `--reference`.
fn across(opened: &Opened, axis: &str, reference: Option<&str>) -> Result<(String, Option<ValueName>), Error> {
    let space = &opened.parsed.spec.space;
    let names: Vec<&str> = space.axes().iter().map(|axis| axis.name.as_str()).collect();
    let Some((_, found)) = space.axis(axis) else {
        let meant = nearest(axis, names.iter().copied()).map(|name| format!("; did you mean `{name}`?"));
        let meant = meant.unwrap_or_default();
        return Err(Error::usage(format!("the spec has no axis `{axis}`{meant} (axes: {})", names.join(", "))));
    };
    let Some(reference) = reference else { return Ok((axis.to_owned(), None)) };
    let values: Vec<&str> = found.values.iter().map(|value| value.name.as_str()).collect();
    match found.values.iter().find(|value| value.name.as_str() == reference) {
        Some(value) => Ok((axis.to_owned(), Some(value.name.clone()))),
        None => Err(Error::usage(format!("`{axis}` has no value `{reference}` (values: {})", values.join(", ")))),
    }
}

fn selection(args: &BenchArgs) -> Selection {
    Selection {
        profile: args.profile.clone(),
        packages: Vec::new(),
        cells: args.cells.clone(),
        shard: None,
        since: None,
        offline: args.offline,
        no_install: args.no_install,
        fresh: false,
        hermetic: false,
        jobs: args.jobs,
    }
}
