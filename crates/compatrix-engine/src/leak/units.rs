//! Units: how the tests of an executable are parted into processes, and these run side by side.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Mutex;

use anyhow::Result;
use compatrix_leak::{Each, Tool};
use compatrix_model::libtest::parse_list;
use compatrix_model::outcome::Outcome;

use super::bench::{is_switch, Bench, Leaks, RanUnit, Unit};
use super::{miri, resources, sanitizer, valgrind};
use crate::build::{Executable, TargetKind};
use crate::run::executable;
use crate::run::executable::{Listed, Scratch};
use crate::run::inputs::{library_path_of, of_cell};

/// From this many tests on an executable is run in parts under valgrind, one for each job. More would even out tests that
/// take different times, but each part costs one to two seconds: valgrind starts, reads debug information, translates the
/// same code again.
const WORTH_PARTING: usize = 24;

/// Lists an executable's tests, without the tool.
pub(super) fn list(bench: &Bench<'_>, executable: &Executable) -> Result<Listed> {
    if executable.own_harness {
        return Ok(Listed { tests: vec![executable.target.clone()], ignored: 0 });
    }
    let scratch = Scratch::new(bench.host)?;
    let ask = |further: &[&str]| -> Result<Vec<String>> {
        let mut command = executable::command(bench.host, bench.inputs, executable, &scratch.dir);
        // Macros run within the compiler, which is not interpreted.
        if bench.settings.tool == Tool::Miri && executable.kind != TargetKind::Macros {
            // `cfg(miri)` removes some tests and ignores others.
            command = miri::interpreted(bench, executable, command)?;
        }
        command = command.args(["--list", "--format", "terse"]).args(further.iter().copied());
        // Nothing is looked for here.
        for options in ["ASAN_OPTIONS", "LSAN_OPTIONS"] {
            command = command.env(options, "detect_leaks=0");
        }
        let output = bench.host.output(&command)?;
        if !output.finished.status.success() {
            let last = crate::sys::host::last_lines(&output.finished.stderr.text(), 1);
            anyhow::bail!("{} does not list its tests: {last}", executable.target);
        }
        Ok(parse_list(&output.text()))
    };
    executable::list(bench.inputs.suite, ask)
}

/// Parts an executable's tests into units.
pub(super) fn of<'a>(bench: &Bench<'_>, executable: &'a Executable, tests: Vec<String>) -> Vec<Unit<'a>> {
    if tests.is_empty() {
        return Vec::new();
    }
    let parts = match (bench.settings.tool, bench.settings.each) {
        _ if executable.own_harness => 1,
        // They can report only about one test.
        (Tool::Miri | Tool::Resources, _) | (_, Each::Test) => tests.len(),
        (_, Each::Executable) => 1,
        (Tool::Valgrind, Each::Auto) if tests.len() >= WORTH_PARTING && bench.host.limits.jobs > 1 => {
            bench.host.limits.jobs.min(tests.len() / 4)
        }
        (Tool::Valgrind | Tool::Asan | Tool::Lsan, Each::Auto) => 1,
    };
    // A filter of the suite leaves some out, so that those which are left must be named.
    let choice = bench.inputs.suite.args.iter().any(|arg| !is_switch(arg));
    if parts == 1 {
        return vec![Unit { executable, tests, whole: !choice || executable.own_harness }];
    }
    // Round robin: neighbouring tests are similar and would make one part slow.
    let mut dealt: Vec<Vec<String>> = vec![Vec::new(); parts];
    for (n, test) in tests.into_iter().enumerate() {
        dealt[n % parts].push(test);
    }
    dealt.into_iter().map(|tests| Unit { executable, tests, whole: false }).collect()
}

/// Units alone, one test each.
pub(super) fn singles<'a>(unit: &Unit<'a>) -> Vec<Unit<'a>> {
    let one = |test: &String| Unit { executable: unit.executable, tests: vec![test.clone()], whole: false };
    unit.tests.iter().map(one).collect()
}

/// Runs units, one at a time and as many beside it as are admitted; what came of each, in their order. After an interrupt
/// the rest is missing.
pub(super) fn side_by_side<'a>(
    bench: &Bench<'_>,
    leaks: &Leaks<'_>,
    units: Vec<Unit<'a>>,
) -> Result<Vec<(Unit<'a>, RanUnit)>> {
    let count = units.len();
    let waiting = Mutex::new(units.into_iter().enumerate());
    let done: Mutex<Vec<(usize, Unit<'a>, Result<RanUnit>)>> = Mutex::new(Vec::with_capacity(count));
    let next = || {
        let unit = waiting.lock().ok().and_then(|mut waiting| waiting.next());
        unit.filter(|_| !bench.host.supervisor.is_interrupted())
    };
    let act = |(n, unit): (usize, Unit<'a>)| {
        let ran = one(bench, &unit);
        if let Ok(mut done) = done.lock() {
            done.push((n, unit, ran));
        }
    };
    let are_left = || waiting.lock().is_ok_and(|waiting| waiting.len() > 0);
    std::thread::scope(|scope| {
        for _ in 1..bench.host.limits.jobs.min(count) {
            scope.spawn(|| {
                // One permission per unit at a time, because others may be waiting.
                while let Some(_part) = leaks.parts.begin(&are_left) {
                    let Some(unit) = next() else { break };
                    act(unit);
                }
            });
        }
        while let Some(unit) = next() {
            act(unit);
        }
    });
    let mut done = done.into_inner().unwrap_or_default();
    done.sort_by_key(|(n, ..)| *n);
    done.into_iter().map(|(_, unit, ran)| Ok((unit, ran?))).collect()
}

/// Tries whether what an executable allocates reaches the tool, and why not. A success is remembered.
pub(super) fn trial(bench: &Bench<'_>, executable: &Executable) -> Result<Option<String>> {
    let inputs = bench.inputs;
    let mut set = BTreeMap::new();
    set.extend(executable.recorded.env.clone());
    set.extend(of_cell(inputs, Path::new("")));
    let stamp = format!(
        "{} {:?} {} {:?} {set:?} {:?}",
        executable.inspection.sha256,
        bench.tool,
        inputs.build.toolchain,
        bench.settings,
        library_path_of(inputs, &executable.recorded)
    );
    let name = format!("allocates under {} {}", bench.settings.tool, executable.path.display());
    // Only a success is a fact.
    let tried: Result<(), Result<Option<String>>> = bench.host.memo.fact(&name, &stamp, || {
        let scratch = Scratch::new(bench.host).map_err(Err)?;
        let unit = Unit { executable, tests: Vec::new(), whole: true };
        let reason = match bench.settings.tool {
            Tool::Valgrind => valgrind::trial(bench, &unit, &scratch.dir),
            Tool::Asan | Tool::Lsan => sanitizer::trial(bench, &unit, &scratch.dir),
            // Miri has the allocator within it; the other counts what `malloc` gives out, and says where it does not know.
            Tool::Miri | Tool::Resources => Ok(None),
        };
        match reason {
            Ok(None) => Ok(()),
            other => Err(other),
        }
    });
    tried.map_or_else(|reason| reason, |()| Ok(None))
}

/// Runs a unit in a private scratch folder; its findings are complete.
pub(super) fn one(bench: &Bench<'_>, unit: &Unit<'_>) -> Result<RanUnit> {
    let scratch = Scratch::new(bench.host)?;
    scratch.renew_fixture(bench.inputs)?;
    let mut ran = match bench.settings.tool {
        Tool::Valgrind => valgrind::run_unit(bench, unit, &scratch.dir),
        Tool::Resources => resources::run_unit(bench, unit, &scratch.dir),
        Tool::Asan | Tool::Lsan => sanitizer::run_unit(bench, unit, &scratch.dir),
        Tool::Miri => miri::run_unit(bench, unit, &scratch.dir),
    }?;
    bench.complete(unit, &mut ran.findings);
    for finding in &mut ran.findings {
        finding.should_panic = finding.test.as_ref().is_some_and(|test| ran.should_panic.contains(test));
    }
    if unit.executable.own_harness && ran.trouble.is_none() {
        executable::take_status_for_a_test(&mut ran.report, &ran.finished, unit.executable);
    }
    // Under Miri one test runs at a time, perhaps many times over.
    let is_whole = ran.report.complete && ran.report.counts.failed == 0 && bench.settings.tool != Tool::Miri;
    if is_whole && !unit.executable.own_harness && ran.trouble.is_none() {
        let doubt = ran.report.doubt(None).map(|doubt| format!("{}: {doubt}", unit.executable.target));
        ran.trouble = doubt.map(|doubt| (Outcome::Failed, doubt));
    }
    Ok(ran)
}
