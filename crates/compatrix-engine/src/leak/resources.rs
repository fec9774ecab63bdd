//! Finds what a test leaves behind: files in its TMPDIR, descriptors, threads, child processes, growing memory.
//!
//! Each test runs alone in a process of its own, into which `resources.c` is loaded; that writes down what is still there
//! when the test is over. A second process calls the test again and again, to see whether memory grows; what becomes of
//! the test there (one that changes its fixture fails the second time) is never held against it.

#[cfg(test)]
mod tests;

use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::{anyhow, Result};
use compatrix_leak::resources::{self, Baseline, Growth, Held, LeftFile, Look, Places};
use compatrix_leak::{Finding, FindingKind, Related, Tool};
use compatrix_model::outcome::Outcome;

use super::bench::{Bench, RanUnit, Unit};
use super::preload::Preload;
use crate::build::Executable;
use crate::run::executable::Scratch;
use crate::sys::host::{last_lines, Host};
use crate::sys::process::{Command, Finished};
use crate::sys::supervisor::End;
use crate::sys::{elf, files};

/// The library that is loaded into each process.
const LOOK: Preload =
    Preload { name: "libcompatrix-look.so", source: include_str!("resources.c"), prefix: "COMPATRIX_LOOK" };
/// The factor of additional calls that shows whether growth continues.
const CONFIRM: u32 = 4;
/// A name that no test has, for calls of the harness alone.
const NO_TEST: &str = "no test of this name: the harness alone";

/// What a process must do in addition to running its test.
enum LookTask {
    /// Report once at the end.
    Look,
    /// Call the harness at this address this many times, and report after each call.
    Repeat { harness: u64, calls: u32 },
}

/// The command with the library loaded, its report going to this file.
fn with_look(command: Command, library: &Path, report: &Path, task: &LookTask) -> Command {
    // Free a thread's memory when it ends instead of caching it.
    let ours = "glibc.pthread.stack_cache_size=0";
    let theirs = command.env.get("GLIBC_TUNABLES").filter(|value| !value.is_empty()).cloned();
    let both = theirs.as_ref().map_or(ours.to_owned(), |theirs| format!("{theirs}:{ours}"));
    let command = LOOK.load(command, library).env("COMPATRIX_LOOK_REPORT", report.to_string_lossy());
    match task {
        LookTask::Look => command,
        LookTask::Repeat { harness, calls } => command
            .env("GLIBC_TUNABLES", both)
            .env("COMPATRIX_LOOK_TUNABLES", theirs.unwrap_or_default())
            .env("COMPATRIX_LOOK_HARNESS", harness.to_string())
            .env("COMPATRIX_LOOK_CALLS", calls.to_string()),
    }
}

/// The report; `None` if the library was not loaded.
fn read(report: &Path) -> Result<Held, Option<String>> {
    if !files::exists(report) {
        return Err(None);
    }
    resources::parse(&files::read_text(report).map_err(|error| Some(format!("{error:#}")))?)
}

pub(super) fn run_unit(bench: &Bench<'_>, unit: &Unit<'_>, dir: &Path) -> Result<RanUnit> {
    let library = LOOK.folder(bench.host)?;
    let report = dir.join("look");
    let command = with_look(bench.command(unit, dir), &library, &report, &LookTask::Look);
    let mut ran = bench.start(unit, &command)?;
    let ended_well = ran.report.complete || unit.executable.own_harness && ran.finished.status.success();
    let first = match read(&report) {
        _ if ran.finished.end != End::Itself => return Ok(ran),
        Ok(Held { looks, complete: true }) if looks.len() == 1 && ended_well => looks.into_iter().next(),
        // A process that ended early leaves everything it had; only its end is reported.
        Ok(_) if !ended_well => return Ok(ran),
        Ok(_) => None,
        Err(why) => {
            let why = match why {
                None => "could not be loaded; a static executable loads nothing".to_owned(),
                Some(why) => format!("wrote an unreadable report: {why}"),
            };
            let said = last_lines(&ran.finished.stderr.text(), 1);
            ran.trouble = Some((Outcome::Infrastructure, format!("{} {why}: {said}", LOOK.name)));
            return Ok(ran);
        }
    };
    let Some(first) = first else {
        let why = "the test ended the process in a way that shows nothing of what it holds".to_owned();
        ran.trouble = Some((Outcome::Infrastructure, why));
        return Ok(ran);
    };
    let left = left_files(&dir.join("tmp"))?;
    let (repeated, growth) = match repeat(bench, unit, &library, &ran) {
        Ok(seen) => seen,
        Err(error) => (None, Growth::Unknown(format!("{error:#}"))),
    };
    let (temporary, run) = (dir.join("tmp"), dir.to_string_lossy());
    let (temporary, root) = (temporary.to_string_lossy(), bench.host.root.to_string_lossy());
    let process = unit.executable.path.file_name().unwrap_or_default().to_string_lossy();
    let test = unit.tests.join(", ");
    let places = Places { temporary: &temporary, run: &run, root: &root, process: &process, test: &test };
    let (findings, notes) = resources::leftovers(&first, &left, repeated.as_ref(), &places);
    let test = format!("{}::{test}", unit.executable.target);
    ran.notes.extend(notes.into_iter().map(|note| format!("{test} {note}")));
    ran.findings = findings;
    unseen_process(&first, &ran.finished, &mut ran.findings);
    if let Growth::Unknown(why) = &growth {
        ran.notes.push(format!("{test}: whether memory grows is not judged: {why}"));
    }
    let Some(grown) = growth.finding() else { return Ok(ran) };
    match ran.findings.iter_mut().find(|finding| finding.kind == FindingKind::LeftoverThread) {
        // Memory that a thread holds is given back when that ends, so that it is one fault.
        Some(thread) => {
            thread.related.push(Related { what: format!("with it, {}", grown.what), stack: Vec::new() });
        }
        None if matches!(growth, Growth::Grows { threads: true, .. }) => {
            let why = "it seems to, but the number of its threads changes from call to call";
            ran.notes.push(format!("{test}: whether memory grows is not judged: {why}"));
        }
        None => ran.findings.push(grown),
    }
    Ok(ran)
}

/// A process that held the test's output and that its environment no longer tells of.
fn unseen_process(first: &Look, finished: &Finished, findings: &mut Vec<Finding>) {
    if finished.left_writers && first.children.is_empty() {
        let what = "leaves a process running that holds its output";
        findings.push(Finding { blocks: 1, ..Finding::raw(Tool::Resources, FindingKind::LeftoverProcess, what) });
    }
}

/// The files that a test left in its TMPDIR.
fn left_files(dir: &Path) -> Result<Vec<LeftFile>> {
    let one = |path: PathBuf| {
        let mut file = LeftFile {
            name: path.file_name().unwrap_or_default().to_string_lossy().into_owned(),
            folder: files::is_own_dir(&path),
            below: 0,
            bytes: 0,
        };
        let mut waiting = vec![path];
        while let Some(path) = waiting.pop() {
            if files::is_own_dir(&path) {
                let inside = files::list(&path)?;
                file.below += inside.len() as u64;
                waiting.extend(inside);
            } else {
                file.bytes += std::fs::symlink_metadata(&path).map_or(0, |meta| meta.len());
            }
        }
        Ok(file)
    };
    files::list(dir)?.into_iter().map(one).collect()
}

/// Calls the test repeatedly in another process; returns the snapshots and whether memory grew.
///
/// # Errors
/// It was not looked for, and why.
fn repeat(bench: &Bench<'_>, unit: &Unit<'_>, library: &Path, ran: &RanUnit) -> Result<(Option<Held>, Growth)> {
    let calls = bench.settings.repeat;
    // Of a test that fails the failure is news enough; one that did not run grows nowhere.
    if calls == 0 || ran.report.counts.failed > 0 || ran.report.counts.passed == 0 && !unit.executable.own_harness {
        return Ok((None, Growth::None));
    }
    if unit.executable.own_harness {
        anyhow::bail!("it has a custom harness");
    }
    let limit = bench.inputs.suite.timeout;
    let most = most_calls(limit, &ran.finished);
    let calls = calls.max(resources::FEWEST).min(most);
    if calls < resources::FEWEST {
        anyhow::bail!("{} calls would take longer than the time limit of {limit:?}", resources::FEWEST);
    }
    let harness = harness(bench.host, unit.executable).map_err(|why| anyhow!(why))?;
    let baseline = baseline(bench, unit.executable, library, harness).map_err(|why| anyhow!(why))?;
    let held = called(bench, unit, library, harness, calls)?;
    let mut growth = resources::growth(&held, baseline);
    // Noise does not grow twice for so long; growth that slows down is checked a third time.
    for _ in 0..2 {
        if !matches!(growth, Growth::Grows { .. }) || calls * CONFIRM >= most {
            break;
        }
        let longer = called(bench, unit, library, harness, calls * CONFIRM)?;
        let longer = resources::growth(&longer, baseline);
        if matches!(longer, Growth::Unknown(_)) {
            break;
        }
        let sure = growth.goes_on_in(&longer);
        growth = longer;
        if sure {
            break;
        }
    }
    Ok((Some(held), growth))
}

/// How many calls there is time for, if each takes what the first one took. As with the limit, what the machine took from
/// it does not count: on a busy one, what is kept in a `static` would be a leak.
fn most_calls(limit: Duration, first: &Finished) -> u32 {
    u32::try_from(limit.as_millis() / first.had.as_millis().max(1)).unwrap_or(u32::MAX)
}

/// The snapshots of this many calls in one process.
fn called(bench: &Bench<'_>, unit: &Unit<'_>, library: &Path, harness: u64, calls: u32) -> Result<Held> {
    let scratch = Scratch::new(bench.host)?;
    scratch.renew_fixture(bench.inputs)?;
    let report = scratch.dir.join("look");
    let task = LookTask::Repeat { harness, calls };
    let command = with_look(bench.command(unit, &scratch.dir), library, &report, &task);
    let finished = bench.host.run(&command)?;
    match finished.end {
        End::TimedOut => anyhow::bail!("{calls} calls took longer than the time limit"),
        End::Interrupted => anyhow::bail!("interrupted"),
        End::Itself => {}
    }
    read(&report).map_err(|why| anyhow!("{} {}", LOOK.name, why.unwrap_or_else(|| "was not loaded".to_owned())))
}

/// The growth per call of an executable's harness alone.
fn baseline(bench: &Bench<'_>, executable: &Executable, library: &Path, harness: u64) -> Result<Baseline, String> {
    let name = format!("harness-growth {}", executable.path.display());
    let stamp = format!("{} {}", executable.inspection.sha256, library.display());
    let found: Result<Result<(i64, i64), String>> = bench.host.memo.fact(&name, &stamp, || {
        let unit = Unit { executable, tests: vec![NO_TEST.to_owned()], whole: false };
        let held = called(bench, &unit, library, harness, 3 * resources::FEWEST)?;
        Ok(Baseline::of(&held).map(|baseline| (baseline.blocks, baseline.bytes)).map_err(|error| error.to_string()))
    });
    let (blocks, bytes) = found.map_err(|error| format!("{error:#}"))??;
    Ok(Baseline { blocks, bytes })
}

/// The address of the test harness: `main` of the executable's crate.
fn harness(host: &Host, executable: &Executable) -> Result<u64, String> {
    let name = format!("harness {}", executable.path.display());
    let found: Result<Result<u64, String>> = host.memo.fact(&name, &executable.inspection.sha256.to_string(), || {
        let krate = executable.target.replace('-', "_");
        let found = elf::functions(&files::read(&executable.path)?, |symbol| is_main_of(symbol, &krate));
        let mut found = found.unwrap_or_default().into_iter();
        Ok(match (found.next(), found.next()) {
            (Some(address), None) => Ok(address),
            (None, _) => Err("the executable has no symbol of its test harness (is it stripped?)".to_owned()),
            (Some(_), Some(_)) => Err("the executable has several functions that may be its test harness".to_owned()),
        })
    });
    found.map_err(|error| format!("{error:#}"))?
}

/// Whether a symbol is `main` in the root of this crate, as rustc mangles names: `_ZN2it4main17h…E`, or since v0 (RFC 2603)
/// `_RNvCs…_2it4main`.
fn is_main_of(symbol: &[u8], krate: &str) -> bool {
    let Ok(symbol) = std::str::from_utf8(symbol) else { return false };
    // Parts that LLVM adds to a local function's name.
    let symbol = symbol.split('.').next().unwrap_or_default();
    let length = krate.len();
    if let Some(rest) = symbol.strip_prefix(&format!("_ZN{length}{krate}4main17h")) {
        return rest.len() == 17 && rest.ends_with('E') && rest[..16].bytes().all(|b| b.is_ascii_hexdigit());
    }
    let Some(rest) = symbol.strip_prefix("_RNvC") else { return false };
    let path = match rest.strip_prefix('s').and_then(|rest| rest.split_once('_')) {
        Some((number, path)) if number.bytes().all(|b| b.is_ascii_alphanumeric()) => path,
        _ => rest,
    };
    let between = if krate.starts_with(|c: char| c == '_' || c.is_ascii_digit()) { "_" } else { "" };
    path == format!("{length}{between}{krate}4main")
}
