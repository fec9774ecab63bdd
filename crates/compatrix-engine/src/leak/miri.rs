//! Miri: interprets the tests one at a time, because its first error ends the process.
//!
//! `cargo-miri` of the toolchain is called as `cargo miri` would call it. Everything is compiled once, before the first
//! test; after that, each process only interprets. Isolation is off where the suite's flags do not speak of it: tests
//! read their environment, the clock and temporary files. Several seeds are tried within one process, one after another,
//! and all of them, so that every seed that fails is known.

use std::collections::BTreeSet;
use std::path::Path;
use std::time::Duration;

use anyhow::{Context as _, Result};
use compatrix_leak::miri::{self, Trouble};
use compatrix_leak::LeakSettings;
use compatrix_model::evidence::{Counts, TestFailure};
use compatrix_model::libtest::{Parser, Report, Source};
use compatrix_model::linkage::Linkage;
use compatrix_model::outcome::Outcome;
use compatrix_model::plan::Build;

use super::bench::{Bench, RanUnit, Unit};
use crate::build::{self, Executable};
use crate::run::executable;
use crate::sys::files;
use crate::sys::host::last_lines;
use crate::sys::os::env;
use crate::sys::process::{Command, Finished};
use crate::sys::supervisor::End;

/// How long the standard library, and then the tests, may take to compile.
const BUILD_LIMIT: Duration = Duration::from_secs(3600);
/// The part of a process's standard error that is parsed; the rest is the test's output.
const MOST: usize = 8 * 1024 * 1024;

/// The value of MIRIFLAGS.
fn flags(settings: &LeakSettings) -> String {
    let mut flags = settings.flags.clone();
    let says = |flags: &[String], words: &[&str]| flags.iter().any(|flag| words.iter().any(|w| flag.starts_with(w)));
    if !says(&flags, &["-Zmiri-disable-isolation", "-Zmiri-isolation-error"]) {
        flags.push("-Zmiri-disable-isolation".to_owned());
    }
    if settings.seeds > 1 && !says(&flags, &["-Zmiri-seed", "-Zmiri-many-seeds="]) {
        flags.push(format!("-Zmiri-many-seeds=0..{}", settings.seeds));
        flags.push("-Zmiri-many-seeds-keep-going".to_owned());
        // Sequentially: other tests run in parallel, and the seeds' outputs must not be mixed.
        flags.push("-Zthreads=1".to_owned());
    }
    flags.join(" ")
}

/// `cargo miri` with these words, in this package, with the environment of builds.
fn cargo(bench: &Bench<'_>, dir: &Path, words: &[&str]) -> Result<Command> {
    let (host, build, toolchain) = (bench.host, bench.inputs.build, bench.inputs.toolchain);
    let link = bench.inputs.sqlite.filter(|_| build.linkage == Some(Linkage::Dynamic));
    // All that is needed was fetched for the build proper.
    let offline = host.limits.offline || (build.staged && words != ["setup"]);
    let mut command = Command::new(&bench.tool.program, dir)
        .args(["miri"])
        .args(words.iter().copied())
        .envs(&build::environment(host, toolchain, link, offline)?)
        // As cargo calls its subcommands. Miri manages RUSTC itself, and warns if it is set.
        .env("CARGO", toolchain.cargo.clone())
        .env("MIRIFLAGS", flags(bench.settings));
    command.timeout = Some(BUILD_LIMIT);
    Ok(command)
}

/// The flags for a build's packages, features and target directory.
fn arguments(target_dir: &Path, manifest: &Path, build: &Build) -> Vec<String> {
    let text = |path: &Path| path.to_string_lossy().into_owned();
    let mut args = vec!["--locked".to_owned(), "--target-dir".to_owned(), text(target_dir)];
    args.extend(["--manifest-path".to_owned(), text(manifest)]);
    args.extend(build.cargo_arguments());
    args
}

/// `cargo miri test` of one executable's target, up to and with the `--` before libtest's own arguments.
fn test(bench: &Bench<'_>, executable: &Executable, words: &[&str]) -> Result<Command> {
    let is_ours = bench.inputs.build.features.contains_key(&executable.package);
    let target_dir = match is_ours {
        true => build::target_dir(bench.host, bench.inputs.build),
        false => executable.dir().join("target"),
    };
    let build = bench.inputs.build.of_package(&executable.package);
    let command = cargo(bench, executable.dir(), &[&["test"], words].concat())?;
    // A value of cargo's configuration may have been made to win over the environment.
    let ours = executable.recorded.env.contains_key("MIRIFLAGS").then(|| {
        let value = flags(bench.settings).replace('\\', "\\\\").replace('"', "\\\"");
        ["--config".to_owned(), format!("env.MIRIFLAGS={{value=\"{value}\",force=true}}")]
    });
    Ok(command
        .args(ours.into_iter().flatten())
        .args(arguments(&target_dir, &executable.dir().join("Cargo.toml"), &build))
        .args(executable.kind.choice(&executable.target)))
}

/// The command of an executable, interpreted by Miri: environment, arguments and time limit stay the same.
pub(super) fn interpreted(bench: &Bench<'_>, executable: &Executable, plain: Command) -> Result<Command> {
    let mut command = test(bench, executable, &[])?.args(["--"]).args(plain.args);
    // cargo sets the package's variables itself.
    let of_cargo = ["CARGO_MANIFEST_DIR", "CARGO_PKG_NAME", env::LIBRARY_PATH, "MIRIFLAGS"];
    command.env.extend(plain.env.into_iter().filter(|(name, _)| !of_cargo.contains(&name.as_str())));
    command.timeout = plain.timeout;
    Ok(command)
}

/// Compiles the standard library for Miri, once for a toolchain, and the tests of the build; why that cannot be done.
pub(super) fn prepare(bench: &Bench<'_>, executables: &[Executable]) -> Result<Option<(Outcome, String)>> {
    let setup = bench.host.run(&cargo(bench, &bench.host.root, &["setup"])?)?;
    if let Some(said) = failed(&setup) {
        return Ok(Some((Outcome::Infrastructure, format!("Miri's standard library cannot be built: {said}"))));
    }
    for executable in executables {
        let built = bench.host.run(&test(bench, executable, &["--no-run"])?)?;
        if failed(&built).is_some() {
            let why = build::classify(&built.stderr.text());
            let outcome = if built.end == End::Itself { why.outcome } else { Outcome::Infrastructure };
            return Ok(Some((outcome, format!("{} under Miri: {}", executable.target, why.cause))));
        }
    }
    Ok(None)
}

/// The last message of a failed cargo.
fn failed(finished: &Finished) -> Option<String> {
    match finished.end {
        End::Itself if finished.status.success() => None,
        End::Itself => Some(last_lines(&finished.stderr.text(), 3)),
        End::TimedOut => Some(format!("it took more than {} minutes", BUILD_LIMIT.as_secs() / 60)),
        End::Interrupted => Some("interrupted".to_owned()),
    }
}

/// Interprets the one test of a unit.
pub(super) fn run_unit(bench: &Bench<'_>, unit: &Unit<'_>, dir: &Path) -> Result<RanUnit> {
    // Named even where it is the only one.
    let unit = &Unit { whole: false, ..unit.clone() };
    let plain = bench.command(unit, dir);
    let theirs = plain.env.contains_key("MIRIFLAGS");
    let command = interpreted(bench, unit.executable, plain)?;
    let many = bench.settings.seeds > 1;
    // Each seed prints a whole run.
    let source = if many { Source::Doctests } else { Source::Executable };
    let mut parser = Parser::new(unit.executable.target.clone(), source);
    let mut said = Vec::new();
    let finished = command
        .run_with(&bench.host.supervisor, &mut |bytes| parser.feed(bytes), &mut |bytes| {
            said.extend_from_slice(&bytes[..bytes.len().min(MOST.saturating_sub(said.len()))]);
        })
        .with_context(|| format!("cannot start {}", command.program))?;
    let read = miri::parse(&String::from_utf8_lossy(&said));
    let test = unit.tests.first().map_or(unit.executable.target.as_str(), String::as_str);
    let mut report = once(parser.finish());
    if unit.executable.own_harness {
        executable::take_status_for_a_test(&mut report, &finished, unit.executable);
    }
    let mut ran = ran(read, report, finished, &unit.executable.target, test, bench.settings.seeds);
    if theirs {
        let note =
            "MIRIFLAGS of cargo's configuration or of the suite's `env` is not used; put it into the suite's `flags`";
        ran.notes.push(note.to_owned());
    }
    Ok(ran)
}

/// The outcome of a process, from Miri's and libtest's output.
fn ran(read: miri::Read, report: Report, finished: Finished, target: &str, test: &str, seeds: u32) -> RanUnit {
    let mut ran = RanUnit {
        report,
        finished,
        findings: read.findings,
        trouble: None,
        not_runnable: None,
        should_panic: BTreeSet::new(),
        not_proven: None,
        suppressed: Vec::new(),
        notes: read.notes.iter().map(|note| format!("Miri warns of {note}: it may miss errors there")).collect(),
    };
    if !read.failing_seeds.is_empty() {
        let list: Vec<String> = read.failing_seeds.iter().map(u64::to_string).collect();
        let first = read.failing_seeds[0];
        let list = list.join(", ");
        ran.notes.push(format!("{test} fails with {list} of {seeds} seeds; `-Zmiri-seed={first}` shows the first"));
    }
    if ran.finished.end != End::Itself {
        return ran;
    }
    // A finding is worth more than a limit that another seed met.
    if ran.findings.is_empty() && read.not_runnable.is_some() {
        ran.not_runnable = read.not_runnable;
        return ran;
    }
    let code = ran.finished.status.code().unwrap_or(-1);
    match read.trouble {
        Some(Trouble::Aborted(why)) => {
            fail(&mut ran, target, test);
            ran.trouble = Some((Outcome::Crashed, format!("{test} aborted under Miri: {why}")));
        }
        Some(Trouble::Compile(why)) => ran.trouble = Some((Outcome::BuildFailed, format!("under Miri: {why}"))),
        Some(Trouble::Tool(why)) => ran.trouble = Some((Outcome::Infrastructure, format!("Miri failed: {why}"))),
        Some(Trouble::Killed(signal)) if signal.contains("SIGKILL") => {
            let why =
                format!("Miri was killed in {test}, as happens when memory runs out: it needs several times as much");
            ran.trouble = Some((Outcome::Infrastructure, why));
        }
        Some(Trouble::Killed(signal)) => {
            ran.trouble = Some((Outcome::Infrastructure, format!("Miri was killed in {test} ({signal})")));
        }
        // Miri stops a test at its first error, so libtest prints no result.
        None if !ran.findings.is_empty() && !ran.report.complete => fail(&mut ran, target, test),
        None if ran.report.complete && ran.report.counts.run() == 0 && ran.report.counts.ignored == 0 => {
            ran.trouble = Some((Outcome::Infrastructure, format!("under Miri there is no test {test}")));
        }
        None if !ran.report.complete || (code != 0 && ran.findings.is_empty() && ran.report.counts.failed == 0) => {
            let said = last_lines(&ran.finished.stderr.text(), 2);
            let said = if said.is_empty() { "nothing".to_owned() } else { said };
            let why = format!("Miri exited with code {code} without a result for {test}, and printed: {said}");
            ran.trouble = Some((Outcome::Infrastructure, why));
        }
        None => {}
    }
    ran
}

/// The report of one test with several seeds: it passes only if it passes with all.
fn once(mut report: Report) -> Report {
    let Counts { passed, failed, ignored, .. } = report.counts;
    report.counts.failed = failed.min(1);
    report.counts.passed = if failed > 0 { 0 } else { passed.min(1) };
    report.counts.ignored = ignored.min(1);
    report
}

/// Counts the test as one that failed; Miri's own words are its output.
fn fail(ran: &mut RanUnit, target: &str, test: &str) {
    let output = ran.finished.stderr.text().chars().take(4096).collect();
    ran.report.complete = true;
    ran.report.counts = Counts { failed: 1, ..Counts::default() };
    ran.report.failures = vec![TestFailure { executable: target.to_owned(), test: test.to_owned(), output }];
    ran.report.running.clear();
}

/// Makes a package of a source file, so that cargo can have it interpreted; for the canary.
pub(super) fn make_package(dir: &Path, name: &str, source: &str) -> Result<()> {
    // A workspace of its own, wherever it lies.
    let manifest = format!(
        "[package]\nname = \"{name}\"\nversion = \"0.0.0\"\nedition = \"2021\"\n\n[lib]\npath = \"{source}\"\n\n[workspace]\n"
    );
    let lock = format!("version = 3\n\n[[package]]\nname = \"{name}\"\nversion = \"0.0.0\"\n");
    files::write(&dir.join("Cargo.toml"), manifest.as_bytes())?;
    files::write(&dir.join("Cargo.lock"), lock.as_bytes())
}

#[cfg(test)]
mod tests {
    use compatrix_leak::Each;

    use super::*;
    use compatrix_model::libtest::parse;

    fn settings(seeds: u32, flags: &[&str]) -> LeakSettings {
        LeakSettings {
            tool: compatrix_leak::Tool::Miri,
            errors_for: [].into(),
            each: Each::Auto,
            repeat: 0,
            seeds,
            flags: flags.iter().map(|flag| (*flag).to_owned()).collect(),
        }
    }

    #[test]
    fn isolation_and_seeds_are_ours_to_say_only_where_the_suite_does_not() {
        assert_eq!(flags(&settings(1, &[])), "-Zmiri-disable-isolation");
        let strict = settings(1, &["-Zmiri-strict-provenance", "-Zmiri-isolation-error=abort"]);
        assert_eq!(flags(&strict), "-Zmiri-strict-provenance -Zmiri-isolation-error=abort");
        let many = "-Zmiri-disable-isolation -Zmiri-many-seeds=0..16 -Zmiri-many-seeds-keep-going -Zthreads=1";
        assert_eq!(flags(&settings(16, &[])), many);
        assert_eq!(flags(&settings(16, &["-Zmiri-seed=3"])), "-Zmiri-seed=3 -Zmiri-disable-isolation");
    }

    #[test]
    fn a_test_that_ran_with_several_seeds_counts_once() {
        let report = |passed, failed| {
            let mut report = parse("", Source::Executable, b"running 0 tests\n\ntest result: ok. 0 passed; 0 failed\n");
            report.counts = Counts { passed, failed, ..Counts::default() };
            report
        };
        assert_eq!(once(report(16, 0)).counts, Counts { passed: 1, ..Counts::default() });
        assert_eq!(once(report(13, 3)).counts, Counts { failed: 1, ..Counts::default() });
        assert_eq!(once(report(0, 0)).counts, Counts::default());
    }
}
