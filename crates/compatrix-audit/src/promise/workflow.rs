//! Promises in GitHub Actions workflows: the Rust versions, SQLite versions and systems that jobs run on.

use super::cargo;
use super::kinds::{quoted, Promise, PromiseKind, PromiseSource};
use super::platform::{of_runner, of_triple};
use super::scanned::Scanned;
use super::yaml::{self, Node};
use compatrix_model::condition::partial_version;

pub(super) fn scan(file: &str, text: &str) -> Result<Scanned, String> {
    let document = yaml::parse(text).map_err(|error| format!("{file}: {error}"))?;
    let mut scan = Scan { file, lines: text.lines().collect(), found: Scanned::default() };
    scan.env(&document);
    for (_, job) in document.get("jobs").into_iter().flat_map(Node::entries) {
        scan.job(job);
    }
    Ok(scan.found)
}

struct Scan<'a> {
    file: &'a str,
    lines: Vec<&'a str>,
    found: Scanned,
}

impl Scan<'_> {
    fn job(&mut self, job: &Node) {
        self.env(job);
        let steps = job.get("steps").map(Node::items).unwrap_or_default();
        // A job that only publishes or labels does not promise a platform.
        let uses_cargo = |step: &Node| {
            let text = |key| step.get(key).map(Node::text).unwrap_or_default();
            text("run").split_whitespace().any(|word| word == "cargo" || word == "cross")
                || text("uses").starts_with("actions-rs/cargo@")
        };
        if let Some(runs_on) = job.get("runs-on").filter(|_| steps.iter().any(uses_cargo)) {
            for label in runs_on.items() {
                self.platform(label, "runs-on");
            }
        }
        if let Some(matrix) = job.get("strategy").and_then(|strategy| strategy.get("matrix")) {
            for (key, node) in matrix.entries().filter(|(key, _)| *key != "exclude") {
                self.matrix(key, node, 0);
            }
        }
        for step in steps {
            self.step(step);
        }
    }

    /// A key of a matrix: scalars, or mappings with more keys (`include`, or structured values).
    fn matrix(&mut self, key: &str, node: &Node, depth: usize) {
        for item in node.items() {
            let nested: Vec<(&str, &Node)> = item.entries().collect();
            if nested.is_empty() {
                self.value(&format!("matrix.{key}"), key, item);
            } else if depth < 3 {
                for (inner, node) in nested {
                    self.matrix(inner, node, depth + 1);
                }
            }
        }
    }

    fn step(&mut self, step: &Node) {
        self.env(step);
        if let Some(toolchain) = step.get("with").and_then(|with| with.get("toolchain")) {
            self.value("with.toolchain", "toolchain", toolchain);
        }
        if let Some(uses) = step.get("uses") {
            if let Some((_, toolchain)) = uses.text().split_once("/rust-toolchain@") {
                // Other references are versions of the action: `master`, `v1`, a commit.
                if is_toolchain(toolchain) {
                    self.add(uses.line, "uses", PromiseKind::Rust(toolchain.to_owned()), None);
                }
            }
        }
        if let Some(run) = step.get("run") {
            for (line, text) in run.lines() {
                let words: Vec<String> = text.split_whitespace().map(str::to_owned).collect();
                if let Some(read) = cargo::command(&words) {
                    let mut command = read.command;
                    command.file = self.file.to_owned();
                    command.line = line;
                    self.found.commands.push(command);
                }
                for toolchain in toolchains_of(text) {
                    self.add(line, "run", PromiseKind::Rust(toolchain.to_owned()), None);
                }
            }
        }
    }

    fn env(&mut self, node: &Node) {
        for (name, value) in node.get("env").into_iter().flat_map(Node::entries) {
            self.value(&format!("env.{name}"), name, value);
        }
    }

    /// A scalar whose key suggests its meaning.
    fn value(&mut self, place: &str, key: &str, node: &Node) {
        let key = key.to_ascii_lowercase();
        let reading = node.reading();
        let spelled = (reading != node.text()).then(|| node.text().to_owned());
        let names = |words: &[&str]| words.iter().any(|word| key.contains(word));
        if names(&["rust", "toolchain", "msrv", "channel"]) && !names(&["flags", "log", "backtrace", "target"]) {
            // `1.70-x86_64-unknown-linux-gnu` includes a host.
            let name = reading.split_once('-').filter(|(_, rest)| of_triple(rest).is_some()).map(|(name, _)| name);
            let name = name.unwrap_or(&reading).to_owned();
            if is_toolchain(&name) {
                let kind = if names(&["msrv"]) { PromiseKind::LowestRust(name) } else { PromiseKind::Rust(name) };
                self.add(node.line, place, kind, spelled);
            } else {
                self.platform(node, place);
            }
        } else if names(&["sqlite"]) {
            if partial_version(&reading).is_some_and(|version| version.major == 3) && reading.contains('.') {
                self.add(node.line, place, PromiseKind::Sqlite(reading), spelled);
            }
        } else {
            self.platform(node, place);
        }
    }

    fn platform(&mut self, node: &Node, place: &str) {
        if let Some(platform) = of_runner(node.text()).or_else(|| of_triple(node.text())) {
            self.add(node.line, place, PromiseKind::Platform(platform), None);
        }
    }

    fn add(&mut self, line: usize, key: &str, kind: PromiseKind, spelled: Option<String>) {
        let text = quoted(self.lines.get(line.saturating_sub(1)).copied().unwrap_or_default());
        let (file, source) = (self.file.to_owned(), PromiseSource::Workflow);
        self.found.promises.push(Promise { file, line, source, kind, key: key.to_owned(), spelled, text });
    }
}

/// Toolchains in a line of a script: `cargo +1.65 test`, `rustup toolchain install 1.65`.
fn toolchains_of(line: &str) -> Vec<&str> {
    let line = line.split(" #").next().unwrap_or_default();
    let words: Vec<&str> = line.split_whitespace().map(|word| word.trim_matches(['"', '\'', ';'])).collect();
    let plus = words.windows(2).filter_map(|pair| match pair {
        ["cargo" | "rustc" | "rustdoc", toolchain] => toolchain.strip_prefix('+'),
        _ => None,
    });
    let mut found: Vec<&str> = plus.filter(|name| is_toolchain(name)).collect();
    if let Some(at) = words.iter().position(|word| *word == "rustup") {
        let verbs = ["install", "default", "set", "update", "run"];
        let mut rest = words[at + 1..].iter().take_while(|word| !["&&", "||", "|"].contains(*word));
        if rest.any(|word| verbs.contains(word)) {
            // After `rustup run` only the first word is a toolchain; the others do not look like one.
            found.extend(rest.filter(|word| is_toolchain(word)));
        }
    }
    found
}

/// Whether a text is a toolchain: a channel, optionally dated, or a version of Rust.
fn is_toolchain(text: &str) -> bool {
    let (channel, date) = text.split_once('-').map_or((text, None), |(channel, date)| (channel, Some(date)));
    let is_date = |date: &str| date.len() == 10 && date.bytes().all(|b| b.is_ascii_digit() || b == b'-');
    match channel {
        "stable" | "beta" | "nightly" => date.is_none_or(is_date),
        version => {
            let version = partial_version(version).filter(|_| date.is_none() && version.contains('.'));
            version.is_some_and(|version| version.major == 1)
        }
    }
}
