//! Reads the words of a cargo command as cargo, cross, cargo-hack and cargo-nextest read them.

#[cfg(test)]
mod tests;

use super::scanned::{CargoCommand, Sweep};

/// A command, and what of it only concerns the reader of workflows.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct CargoLine {
    pub(super) command: CargoCommand,
    /// `--version-range` of cargo-hack.
    pub(super) version_range: Option<String>,
    /// All words after the verb, for what only tools understand.
    pub(super) words: Vec<String>,
}

/// The command of these words, which begin with a program. `None` for programs other than cargo's, and without a verb
/// (`cargo --version`).
pub(super) fn command(words: &[String]) -> Option<CargoLine> {
    let (program, rest) = words.split_first()?;
    let program = program.rsplit(['/', '\\']).next().unwrap_or(program);
    let mut reading = Reading::default();
    match program.strip_suffix(".exe").unwrap_or(program) {
        "cargo" | "cross" => {}
        "cargo-hack" => reading.wraps = true,
        "cargo-nextest" => reading.line.command.verb = "nextest".to_owned(),
        _ => return None,
    }
    reading.read(rest);
    let Reading { mut line, sweep, sweeps, wraps, .. } = reading;
    if sweeps {
        line.command.features.sweep = Some(sweep);
    }
    if line.command.verb.is_empty() && wraps {
        line.command.verb = "hack".to_owned();
    }
    (!line.command.verb.is_empty()).then_some(line)
}

#[derive(Default)]
struct Reading {
    line: CargoLine,
    sweep: Sweep,
    /// Whether cargo-hack selects features.
    sweeps: bool,
    /// After `hack`, whose verb follows.
    wraps: bool,
}

/// Options with a value that says nothing about what is built. A verb is not mistaken for such a value.
const VALUED: [&str; 22] = [
    "--color",
    "--config",
    "--jobs",
    "--profile",
    "--cargo-profile",
    "--target-dir",
    "--message-format",
    "--lockfile-path",
    "--partition",
    "--retries",
    "--test-threads",
    "--version-step",
    "--log-group",
    "--filter-expr",
    "--filterset",
    "--output-path",
    "--artifact-dir",
    "--build-jobs",
    "-j",
    "-Z",
    "-E",
    "-C",
];

impl Reading {
    fn read(&mut self, words: &[String]) {
        let mut rest = words.iter().map(String::as_str);
        while let Some(word) = rest.next() {
            if word == "--" {
                self.line.words.extend(rest.map(str::to_owned));
                return;
            }
            if !self.line.command.verb.is_empty() {
                self.line.words.push(word.to_owned());
            }
            if let Some(toolchain) = word.strip_prefix('+') {
                self.line.command.toolchain = Some(toolchain.to_owned());
            } else if word.starts_with('-') {
                self.option(word, &mut rest);
            } else {
                self.word(word);
            }
        }
    }

    fn word(&mut self, word: &str) {
        let command = &mut self.line.command;
        if !command.verb.is_empty() && word.starts_with('$') {
            // It may stand for options.
            command.features.unknown = true;
            return;
        }
        match (command.verb.as_str(), word) {
            ("miri" | "careful", "test" | "t" | "nextest") => command.no_run = false,
            ("llvm-cov", "report" | "show-env" | "clean" | "run") => {
                command.no_run |= !self.line.words.iter().any(|word| word == "nextest");
            }
            _ => {}
        }
        if command.verb == "nextest" {
            // `nextest list` and `nextest archive` compile and run nothing.
            command.no_run |= matches!(word, "list" | "archive");
            return;
        }
        if !command.verb.is_empty() {
            return;
        }
        // Programs that run a verb of cargo's on changed manifests.
        if ["hack", "no-dev-deps", "auditable"].contains(&word) {
            self.wraps = true;
            return;
        }
        let swept = word.strip_suffix("-all-features").filter(|verb| ["test", "check", "build"].contains(verb));
        // cargo-all-features, which runs a verb with each combination of features.
        if word == "all-features" || swept.is_some() {
            self.sweeps = true;
            self.sweep.powerset = true;
        }
        command.verb = match swept.unwrap_or(word) {
            "all-features" => return,
            "t" => "test",
            "c" => "check",
            "b" | "zigbuild" => "build",
            "r" => "run",
            "d" | "rustdoc" => "doc",
            verb => verb,
        }
        .to_owned();
        // They test only if they are asked to.
        command.no_run |= matches!(command.verb.as_str(), "miri" | "careful");
    }

    fn option<'w>(&mut self, word: &'w str, rest: &mut impl Iterator<Item = &'w str>) {
        let (name, mut inline) = match word.split_once('=') {
            Some((name, value)) => (name, Some(value)),
            None => (word, None),
        };
        // `-pname`, `-Fname`
        let (name, glued) = match name.get(..2) {
            Some(short @ ("-p" | "-F")) if name.len() > 2 && !name.starts_with("--") => (short, word.get(2..)),
            _ => (name, None),
        };
        inline = glued.or(inline);
        let mut value = || inline.or_else(|| rest.next()).unwrap_or_default().to_owned();
        let command = &mut self.line.command;
        match name {
            "-p" | "--package" => command.packages.push(value()),
            "--exclude" => command.excluded.push(value()),
            "--workspace" | "--all" => command.workspace = true,
            "--manifest-path" => command.manifest_path = Some(value()),
            "--target" => command.target = Some(value()),
            "-F" | "--features" => command.features.list.extend(list(&value())),
            "--no-default-features" => command.features.no_default = true,
            "--all-features" => command.features.all = true,
            "--no-run" => command.no_run = true,
            "--lib" | "--bins" | "--tests" | "--benches" | "--examples" | "--all-targets" | "--doc" => {
                command.selects.push(name.trim_start_matches('-').to_owned());
            }
            // Without `=`, cargo reads a name after it only for those that need one.
            "--test" | "--bench" | "--example" | "--bin" => {
                let value = value();
                command.selects.push(format!("{}={value}", name.trim_start_matches('-')));
            }
            "--feature-powerset" => {
                self.sweeps = true;
                self.sweep.powerset = true;
            }
            "--each-feature" => self.sweeps = true,
            "--depth" => self.sweep.depth = value().parse().ok(),
            "--exclude-features" | "--skip" => self.sweep.exclude.extend(list(&value())),
            "--include-features" => self.sweep.include.extend(list(&value())),
            "--group-features" => self.sweep.groups.push(list(&value())),
            "--mutually-exclusive-features" => self.sweep.mutually_exclusive.push(list(&value())),
            "--at-least-one-of" => self.sweep.at_least_one_of.push(list(&value())),
            "--exclude-no-default-features" | "--skip-no-default-features" => self.sweep.exclude_no_default = true,
            "--exclude-all-features" => self.sweep.exclude_all = true,
            "--version-range" => self.line.version_range = Some(value()),
            name if VALUED.contains(&name) => drop(value()),
            _ => {}
        }
    }
}

/// `a,b c` as cargo splits it.
fn list(text: &str) -> Vec<String> {
    text.split([',', ' ']).filter(|name| !name.is_empty()).map(str::to_owned).collect()
}
