//! The canaries: before a tool's results count, it must find a leak that is there on purpose, and nothing in a test that
//! is clean. They are built by the toolchain of the run and go the same way as its tests.

use std::path::Path;
use std::time::Duration;

use anyhow::{anyhow, Context as _, Result};
use compatrix_leak::{Canary, Finding, FindingKind, LeakSettings, Standing, Tool};
use compatrix_model::outcome::Outcome;
use compatrix_model::plan::Sanitizer;

use super::bench::{unit_outcome, Bench, Leaks};
use super::{miri, units};
use crate::build::inspect;
use crate::build::{Executable, Recorded, TargetKind};
use crate::sys::files;
use crate::sys::host::last_lines;
use crate::sys::process::Command;

/// The source; no module of ours, it is compiled by the toolchain under test.
const SOURCE: &str = include_str!("canary.rs.txt");
/// The name of its crate.
const NAME: &str = "canary";
/// The test that must be clean.
const CLEAN: &str = "clean";
/// How long the compiler may take.
const COMPILE_LIMIT: Duration = Duration::from_secs(300);

/// The kind that a tool must find in each test.
fn expected(settings: &LeakSettings) -> &'static [(&'static str, &'static [FindingKind])] {
    const LEFT: (&str, &[FindingKind]) = (
        "leaves",
        &[
            FindingKind::LeftoverFile,
            FindingKind::LeftoverDescriptor,
            FindingKind::LeftoverProcess,
            FindingKind::LeftoverThread,
        ],
    );
    match settings.tool {
        Tool::Valgrind | Tool::Asan | Tool::Lsan | Tool::Miri => &[("leaks", &[FindingKind::Definite])],
        // A repeat of 0 disables the check for growth.
        Tool::Resources if settings.repeat == 0 => &[LEFT],
        Tool::Resources => &[("leaks", &[FindingKind::Growth]), LEFT],
    }
}

/// Whether the tool does its work for executables of this run's toolchain; tried at most once for each way of running it.
pub(super) fn prove(bench: &Bench<'_>, leaks: &Leaks<'_>) -> Canary {
    let key = format!("{:?} {:?} {}", bench.settings, bench.tool, bench.inputs.build.toolchain);
    leaks.canaries.once(key, || match try_it(bench, leaks) {
        Ok(canary) => canary,
        Err(error) => Canary::NotProven { why: format!("{error:#}") },
    })
}

fn try_it(bench: &Bench<'_>, leaks: &Leaks<'_>) -> Result<Canary> {
    let executable = executable(bench)?;
    let expected = expected(bench.settings);
    let tests = expected.iter().map(|(test, _)| *test).chain([CLEAN]).map(str::to_owned).collect();
    let mut findings = Vec::new();
    let mut ran_tests = 0;
    let mut not_proven = None;
    for mut unit in units::of(bench, &executable, tests) {
        unit.whole = false;
        let mut ran = units::one(bench, &unit)?;
        let (outcome, cause) = unit_outcome(&ran, &unit, bench.inputs.suite.timeout);
        if let Some((_, why)) = ran.trouble {
            return Ok(Canary::NotProven { why });
        }
        not_proven = not_proven.or(ran.not_proven);
        if outcome != Outcome::Passed {
            return Ok(Canary::NotProven { why: format!("the canary's outcome was {outcome}: {cause}") });
        }
        ran_tests += ran.report.counts.run() as usize;
        findings.append(&mut ran.findings);
    }
    for finding in &mut findings {
        finding.standing = bench.standing(leaks, finding);
    }
    // A reason that is in the findings says more.
    Ok(match (verdict(bench, &findings, expected, ran_tests), not_proven) {
        (Canary::Proven { .. }, Some(why)) => Canary::NotProven { why },
        (verdict, _) => verdict,
    })
}

/// Judges the tool by the canary's findings.
fn verdict(bench: &Bench<'_>, findings: &[Finding], expected: &[(&str, &[FindingKind])], ran_tests: usize) -> Canary {
    let tool = &bench.tool.program;
    if ran_tests != expected.len() + 1 {
        return Canary::NotProven {
            why: format!("{ran_tests} of the {} canaries ran under {tool}", expected.len() + 1),
        };
    }
    let mut found = Vec::new();
    for (test, kinds) in expected {
        for kind in *kinds {
            let of_kind = || findings.iter().filter(|finding| finding.kind == *kind);
            match of_kind().find(|finding| finding.test.as_deref() == Some(test)) {
                Some(Finding { standing: Standing::Suppressed { by, .. }, .. }) => {
                    return Canary::NotProven {
                        why: format!("the suppression `{by}` hides the leak of the canary; make it narrower"),
                    }
                }
                Some(finding) => found.push(finding.what.clone()),
                None if of_kind().any(|finding| finding.test.is_none()) => {
                    return Canary::NotProven {
                        why: format!(
                        "{tool} found the leak of the canary but cannot tell where it is: it does not read the debug \
                             information of {}; use a newer one",
                        bench.inputs.toolchain.version
                    ),
                    }
                }
                None => {
                    return Canary::NotProven {
                        why: format!("{tool} did not find the {kind} finding that the canary leaves on purpose"),
                    }
                }
            }
        }
    }
    let alarm = findings.iter().find(|f| f.test.as_deref() == Some(CLEAN) && f.standing.is_error());
    if let Some(alarm) = alarm {
        return Canary::NotProven { why: format!("{tool} found something in a clean test: {}", alarm.what) };
    }
    Canary::Proven { found: found.join("; ") }
}

/// The canary, built like the run's tests with the same toolchain, and cached.
fn executable(bench: &Bench<'_>) -> Result<Executable> {
    let (host, toolchain) = (bench.host, bench.inputs.toolchain);
    let mut args = ["--test", "--edition", "2021", "--crate-name", NAME, "-g"].map(str::to_owned).to_vec();
    if let Some(sanitizer) = Sanitizer::of(bench.settings.tool) {
        args.extend([format!("-Zsanitizer={}", sanitizer.as_str()), "--target".to_owned(), toolchain.host.clone()]);
    }
    let packages = toolchain.packages.as_deref().unwrap_or_default();
    let words = [&toolchain.rustc_verbose, packages, &args.join(" "), SOURCE];
    let dir = host.dir.join("canary").join(format!("{:.16}", files::hash_parts(words)));
    let path = dir.join(NAME);
    if !files::exists(&path) {
        files::make_dir(&dir)?;
        let source = dir.join("canary.rs");
        files::write(&source, SOURCE.as_bytes())?;
        compile(bench, &dir, &source, args, &path)?;
    }
    if bench.settings.tool == Tool::Miri {
        miri::make_package(&dir, NAME, "canary.rs")?;
    }
    let inspection = inspect::executable(host, &path)?;
    Ok(Executable {
        package: NAME.to_owned(),
        target: NAME.to_owned(),
        kind: TargetKind::Library,
        path,
        root: dir.clone(),
        recorded: Recorded::unasked(dir),
        own_harness: false,
        inspection,
    })
}

fn compile(bench: &Bench<'_>, dir: &Path, source: &Path, args: Vec<String>, path: &Path) -> Result<()> {
    // Built elsewhere and renamed: tools without a sanitizer share a canary, possibly at the same time.
    let scratch = tempfile::Builder::new().prefix("half").tempdir_in(dir)?;
    let half = scratch.path().join(NAME);
    let text = |path: &Path| path.to_string_lossy().into_owned();
    let mut command = Command::new(&bench.inputs.toolchain.rustc, dir)
        .args(args)
        .args(["-o".to_owned(), text(&half), text(source)])
        .envs(&bench.host.ambient.for_builds());
    command.timeout = Some(COMPILE_LIMIT);
    let finished = bench.host.run(&command)?;
    if !finished.status.success() {
        return Err(anyhow!("the canary cannot be built: {}", last_lines(&finished.stderr.text(), 3)));
    }
    files::rename(&half, path).context("the canary")
}
