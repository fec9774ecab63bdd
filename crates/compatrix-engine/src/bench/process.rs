//! One process of a bench: its folder, its environment, and what it reports.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::{anyhow, Context, Result};
use compatrix_bench::harness::{self, Outputs};
use compatrix_bench::{Harness, Reading};
use compatrix_model::libtest::listed_benchmarks;

use super::random::Random;
use crate::build::{Executable, Product};
use crate::run::command;
use crate::run::executable::{renew_fixture, FOLDERS};
use crate::run::inputs::{environment, RunInputs};
use crate::sys::files;
use crate::sys::host::Host;
use crate::sys::process::{Command, Finished};

/// The most bytes by which the environment is padded: how long it is moves the stack.
const PADDING: usize = 4096;
/// The variable that pads.
const PADDED: &str = "COMPATRIX_PADDING";
/// The text in every executable of criterion.
const CRITERION: &[u8] = b"CRITERION_HOME";
/// What makes criterion take a fraction of a second a bench. Its defaults are for one process; here many follow.
const BRIEF: [(&str, &str); 4] =
    [("--warm-up-time", "0.1"), ("--measurement-time", "0.2"), ("--sample-size", "10"), ("--nresamples", "1000")];
/// The file of hyperfine's report.
const HYPERFINE: &str = "hyperfine.json";
/// The variable that asks a program for a fixed amount of work, because its instructions are counted.
const COUNTED: &str = "COMPATRIX_INSTRUCTIONS";
/// The time limit for a program that lists its benches.
const LIST_LIMIT: Duration = Duration::from_secs(20);
/// The most bytes of a report that are read.
const MOST: u64 = 64 << 20;

/// What a process reported, and how it ended.
#[derive(Debug)]
pub(super) struct Ran {
    pub(super) reading: Reading,
    pub(super) finished: Finished,
}

/// A program that measures, as one contender has it.
#[derive(Debug, Clone)]
pub(super) struct Program {
    /// cargo's bench; `None` of a suite with a `command` of its own.
    pub(super) executable: Option<Executable>,
    is_criterion: bool,
    /// The benches that it lists; `None` of one that cannot be asked without running it.
    pub(super) listed: Option<Vec<String>>,
    /// Whether it says that it has none.
    pub(super) has_none: bool,
}

/// Where a program runs.
#[derive(Clone, Copy)]
pub(super) struct Place<'a> {
    pub(super) host: &'a Host,
    pub(super) inputs: &'a RunInputs<'a>,
    pub(super) product: &'a Product,
    pub(super) core: Option<usize>,
}

impl Program {
    /// A bench of cargo's.
    ///
    /// # Errors
    /// It cannot be read or started.
    pub(super) fn of_cargo(place: Place<'_>, executable: &Executable) -> Result<Self> {
        let is_criterion = memchr::memmem::find(&files::read(&executable.path)?, CRITERION).is_some();
        let mut program = Self { executable: Some(executable.clone()), is_criterion, listed: None, has_none: false };
        if is_criterion || !executable.own_harness {
            let dir = folder(place, "list")?;
            let mut command = program.command(place, &dir)?.args(["--list"]);
            command.timeout = Some(LIST_LIMIT);
            let output = place.host.output(&command)?;
            let listed = listed_benchmarks(&output.text());
            program.listed = (output.finished.status.success() && !listed.is_empty()).then_some(listed);
            program.has_none = !executable.own_harness && output.finished.status.success() && program.listed.is_none();
        }
        Ok(program)
    }

    /// The command of the suite.
    pub(super) fn of_command() -> Self {
        Self { executable: None, is_criterion: false, listed: None, has_none: false }
    }

    /// Runs it once in a fresh folder of this name, below the side's own.
    ///
    /// # Errors
    /// It cannot be started.
    pub(super) fn run(&self, place: Place<'_>, name: &str, random: &mut Random) -> Result<Ran> {
        let dir = folder(place, name)?;
        let command = self.command(place, &dir)?;
        let mut command = command.env(PADDED, "x".repeat(random.below(PADDING)));
        command.core = place.core;
        let output = place.host.output(&command)?;
        let reading = harness::reading(harness_of(place.inputs), &outputs(&dir, &output.stdout)?);
        files::remove_dir(&dir)?;
        Ok(Ran { reading, finished: output.finished })
    }

    /// The command of one bench under callgrind, whose report goes to a file: as little work as its harness allows, the same
    /// each time.
    ///
    /// # Errors
    /// It is no bench of cargo's.
    pub(super) fn counted(
        &self,
        place: Place<'_>,
        dir: &Path,
        bench: &str,
        flags: &[&str],
    ) -> Result<(Command, PathBuf)> {
        let executable = self.executable.as_ref().context("only benches of cargo's are counted")?;
        let valgrind = place.host.ambient.find("valgrind").context("valgrind is not on PATH")?;
        let report = dir.join("callgrind.out");
        let inner = self.command(place, dir)?;
        let verb = if self.is_criterion { "--test" } else { "--bench" };
        let mut command = Command::new(valgrind.to_string_lossy(), inner.dir.clone())
            .args(["--tool=callgrind".to_owned(), format!("--callgrind-out-file={}", report.display())])
            .args(flags.iter().copied())
            .args([executable.path.to_string_lossy().into_owned()])
            .args([verb, "--exact", bench])
            .envs(&inner.env)
            .env(COUNTED, "1");
        command.timeout = inner.timeout;
        Ok((command, report))
    }

    fn command(&self, place: Place<'_>, dir: &Path) -> Result<Command> {
        let inputs = place.inputs;
        let command = match &self.executable {
            Some(executable) => self.of_executable(place, executable, dir),
            None => self.of_suite(place, dir)?,
        };
        let mut command = command
            .env("CRITERION_HOME", dir.join("criterion").to_string_lossy())
            .env("GUNGRAUN_HOME", dir.join("gungraun").to_string_lossy())
            .env("GUNGRAUN_SAVE_SUMMARY", "json")
            .env("NO_COLOR", "1");
        command.timeout = Some(inputs.suite.timeout);
        command.watches_memory = true;
        Ok(command)
    }

    fn of_executable(&self, place: Place<'_>, executable: &Executable, dir: &Path) -> Command {
        let (inputs, recorded) = (place.inputs, &executable.recorded);
        let path = executable.path.to_string_lossy().into_owned();
        let words: Vec<String> = recorded.runner.iter().cloned().chain([path]).collect();
        let mut command = Command::new(words[0].clone(), &recorded.dir)
            .args(words.into_iter().skip(1))
            .args(["--bench"])
            .args(inputs.suite.args.iter().cloned())
            .envs(&environment(place.host, inputs, recorded, dir));
        if self.is_criterion {
            let given = |option: &str| {
                let is_it = |arg: &String| arg == option || arg.starts_with(&format!("{option}="));
                inputs.suite.args.iter().any(is_it)
            };
            if !given("--noplot") {
                command = command.args(["--noplot"]);
            }
            for (option, value) in BRIEF.into_iter().filter(|(option, _)| !given(option)) {
                command = command.args([option, value]);
            }
        }
        command
    }

    /// The suite's own command; hyperfine also gets the file for its report.
    fn of_suite(&self, place: Place<'_>, dir: &Path) -> Result<Command> {
        let words = command::words(place.inputs, place.product, dir).map_err(|why| anyhow!("{why}"))?;
        let mut command = command::command(place.host, place.inputs, &words, dir);
        let is_hyperfine = Path::new(&command.program).file_name().is_some_and(|name| name == "hyperfine");
        if is_hyperfine && !command.args.iter().any(|arg| arg.starts_with("--export-json")) {
            command = command.first(&["--export-json", &dir.join(HYPERFINE).to_string_lossy()]);
        }
        Ok(command.args(place.inputs.suite.args.iter().cloned()))
    }
}

/// A fresh folder of a run.
pub(super) fn folder(Place { host, inputs, .. }: Place<'_>, name: &str) -> Result<PathBuf> {
    let dir = host.dir.join("run").join(name);
    let _ = files::clear_dir(&dir, &host.dir.join("left"));
    for part in FOLDERS {
        files::make_dir(&dir.join(part))?;
    }
    renew_fixture(inputs, &dir)?;
    Ok(dir)
}

/// How the suite's reports are read.
fn harness_of(inputs: &RunInputs<'_>) -> Harness {
    inputs.suite.bench().map(|settings| settings.harness).unwrap_or_default()
}

/// What a process left in its folder, and printed.
fn outputs(dir: &Path, stdout: &[u8]) -> Result<Outputs> {
    let hyperfine = dir.join(HYPERFINE);
    Ok(Outputs {
        criterion: texts(&dir.join("criterion"))?,
        gungraun: texts(&dir.join("gungraun"))?,
        hyperfine: if files::exists(&hyperfine) { Some(files::read_text(&hyperfine)?) } else { None },
        stdout: String::from_utf8_lossy(stdout).into_owned(),
    })
}

/// The JSON files below a folder.
fn texts(dir: &Path) -> Result<BTreeMap<String, String>> {
    let mut found = BTreeMap::new();
    let mut left = vec![dir.to_owned()];
    while let Some(at) = left.pop() {
        for path in files::list(&at)? {
            if files::is_own_dir(&path) {
                left.push(path);
            } else if path.extension().is_some_and(|extension| extension == "json") && files::size(&path) <= MOST {
                let below = path.strip_prefix(dir).unwrap_or(&path).to_string_lossy().into_owned();
                let text = String::from_utf8_lossy(&files::read(&path).context("a report of a bench")?).into_owned();
                found.insert(below, text);
            }
        }
    }
    Ok(found)
}
