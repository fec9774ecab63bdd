//! Runs a unit under valgrind's memcheck: never cargo, and the result comes from its XML, not its exit code.

use std::path::{Path, PathBuf};

use anyhow::Result;
use compatrix_leak::valgrind::{self, Trouble};
use compatrix_model::outcome::Outcome;

use super::bench::{Bench, RanUnit, Unit};
use crate::sys::files;
use crate::sys::host::last_lines;
use crate::sys::process::Command;
use crate::sys::supervisor::End;

/// The arguments before the executable.
fn options(bench: &Bench<'_>, xml: &Path) -> Vec<String> {
    let fixed = [
        "--tool=memcheck",
        "--leak-check=full",
        "--show-leak-kinds=all",
        "--errors-for-leak-kinds=definite",
        "--read-inline-info=yes",
        "--num-callers=64",
        "--error-limit=no",
        // A child that forks would write into the same report; one that execs is another program.
        "--child-silent-after-fork=yes",
        "--trace-children=no",
        "--xml=yes",
    ];
    let mut options: Vec<String> = fixed.map(str::to_owned).to_vec();
    options.push(format!("--xml-file={}", xml.to_string_lossy()));
    options.extend(bench.settings.flags.iter().cloned());
    options
}

/// The command of a unit, and the path of its report.
pub(super) fn command(bench: &Bench<'_>, unit: &Unit<'_>, dir: &Path) -> (Command, PathBuf) {
    let xml = dir.join("valgrind.xml");
    let inner = bench.command(unit, dir);
    let mut args = options(bench, &xml);
    args.push(inner.program.clone());
    args.extend(inner.args.iter().cloned());
    (Command { program: bench.tool.program.clone(), args, ..inner }, xml)
}

pub(super) fn run_unit(bench: &Bench<'_>, unit: &Unit<'_>, dir: &Path) -> Result<RanUnit> {
    let (command, xml) = command(bench, unit, dir);
    let ran = bench.start(unit, &command)?;
    let finished = &ran.finished;
    let text = if files::exists(&xml) { files::read_text(&xml)? } else { String::new() };
    let read = valgrind::parse(&text);
    let trouble = match (finished.end, read.trouble) {
        // Cut short by us.
        (End::TimedOut | End::Interrupted, _) | (End::Itself, None) => None,
        (End::Itself, Some(Trouble::Empty)) => {
            let said = last_lines(&finished.stderr.text(), 2);
            let said = if said.is_empty() { "and said nothing".to_owned() } else { format!("and said: {said}") };
            Some((Outcome::Infrastructure, format!("valgrind wrote no report {said}")))
        }
        (End::Itself, Some(Trouble::Cut)) => {
            // Killed from outside; the signal is more informative than the report.
            let signal = std::os::unix::process::ExitStatusExt::signal(&finished.status);
            let said = last_lines(&finished.stderr.text(), 2);
            signal.is_none().then(|| (Outcome::Infrastructure, format!("valgrind's report ends in the middle: {said}")))
        }
        (End::Itself, Some(Trouble::Malformed(why))) => {
            Some((Outcome::Infrastructure, format!("valgrind's report cannot be read: {why}")))
        }
    };
    Ok(RanUnit { findings: read.findings, trouble, ..ran })
}
