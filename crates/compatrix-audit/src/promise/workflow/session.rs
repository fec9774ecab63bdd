//! One job in one combination of its matrix: its toolchains, what runs with them, and where.

use std::collections::{BTreeMap, BTreeSet};

use super::super::cargo::{self, CargoLine};
use super::super::names::{self, Toolchain};
use super::super::platform::of_triple;
use super::super::scanned::CargoCommand;
use super::super::script::{self, Invocation};
use super::context::{unknown, Context, Source};
use super::places::{Done, Places, Use};
use super::verbs::{self, Class};

/// Commands with the labels of the runners they run on.
pub(in crate::promise) type Commands = BTreeMap<CargoCommand, BTreeSet<String>>;

/// Where a job runs.
#[derive(Debug, Clone, Default)]
pub(in crate::promise) struct Runner {
    pub(in crate::promise) labels: Vec<String>,
    /// The place of its label, its platform, and why a test there proves nothing.
    pub(in crate::promise) platform: Option<(Source, String, Option<String>)>,
}

/// The state while the steps are read in order.
pub(in crate::promise) struct Session<'a> {
    pub(in crate::promise) context: Context,
    pub(in crate::promise) places: &'a mut Places,
    pub(in crate::promise) commands: &'a mut Commands,
    pub(in crate::promise) path: String,
    pub(in crate::promise) job: String,
    pub(in crate::promise) runner: Runner,
    /// `working-directory` of the current step.
    pub(in crate::promise) folder: Option<String>,
    /// The toolchain of a plain `cargo`, and the platform of its host if its name says so.
    pub(in crate::promise) default: Option<(String, Option<String>)>,
    /// That of the folder, which wins over the default.
    pub(in crate::promise) overridden: Option<(String, Option<String>)>,
    /// The toolchains of this job with their places.
    pub(in crate::promise) known: BTreeMap<String, BTreeSet<Source>>,
    /// What runs with each.
    pub(in crate::promise) uses: BTreeMap<String, BTreeSet<Use>>,
    /// The platform of a virtual machine in which a script runs.
    pub(in crate::promise) machine: Option<String>,
    /// The most that is done on the runner.
    pub(in crate::promise) done: Done,
    /// Programs of the project ran, which may build.
    pub(in crate::promise) unknown: bool,
}

/// A script of a step.
pub(in crate::promise) struct Script<'s> {
    /// The text with its expressions replaced, and as written.
    pub(in crate::promise) text: &'s str,
    pub(in crate::promise) raw: &'s str,
    /// The line of the file on which it begins.
    pub(in crate::promise) line: usize,
}

impl Session<'_> {
    /// A text where a toolchain is expected. Returns the names of its toolchains, each with the platform of its host.
    pub(in crate::promise) fn toolchains(
        &mut self,
        value: &str,
        source: Source,
        strict: bool,
    ) -> Vec<(String, Option<String>)> {
        let mut found = Vec::new();
        if value.contains("${{") {
            self.places.not_taken(source.file, source.line, unknown(value));
            return found;
        }
        let list = names::toolchains(value);
        let alone = list.len() == 1;
        for (text, one) in list {
            match one {
                Toolchain::Name(name, host) => {
                    let spelled = source.spelled.clone().filter(|_| alone);
                    let source = Source { spelled, ..source.clone() };
                    self.places.toolchain(&source, &name, Some(Use::Named));
                    if names::is_lowest(&source.key) {
                        self.places.lowest(&source, &name);
                    }
                    self.known.entry(name.clone()).or_default().insert(source);
                    found.push((name, host));
                }
                Toolchain::Other if text.starts_with('$') => {
                    self.places.not_taken(source.file, source.line, "a script sets it, which only a run knows");
                }
                Toolchain::Moves => self.places.not_taken(source.file, source.line, MOVES),
                Toolchain::Other if strict && !text.is_empty() => {
                    let because = format!("`{text}` names no release or channel");
                    self.places.not_taken(source.file, source.line, because);
                }
                Toolchain::Other => {}
            }
        }
        found
    }

    /// The commands of a script.
    pub(in crate::promise) fn script(&mut self, script: &Script<'_>) {
        let known = self.context.env.iter();
        let mut env: BTreeMap<String, String> =
            known.filter_map(|(name, value)| Some((name.clone(), value.as_str()?.to_owned()))).collect();
        let invocations = script::commands(script.text, &mut env);
        for one in &invocations {
            self.invocation(script, one, &env);
        }
        if script.text.contains("GITHUB_ENV") {
            for (name, value) in env {
                self.context.env.entry(name).or_insert(serde_json::Value::String(value));
            }
        }
    }

    fn invocation(&mut self, script: &Script<'_>, one: &Invocation, env: &BTreeMap<String, String>) {
        let line = script.line + one.line;
        let Some(program) = one.words.first() else { return };
        let source = |session: &Self, value: &str| session.context.source_in_script(line, script.raw, value);
        if let Some(at) = one.words.iter().position(|word| word == "--default-toolchain") {
            let value = one.words.get(at + 1).cloned().unwrap_or_default();
            let place = source(self, &value);
            self.default = self.toolchains(&value, place, true).pop();
        }
        match program.rsplit('/').next().unwrap_or(program) {
            "rustup" => self.rustup(script, one, env),
            "cargo" | "cargo.exe" | "cross" | "cargo-hack" | "cargo-nextest" => {
                self.cargo(script, one, env, None);
            }
            "rustc" | "rustdoc" => {
                let plus = one.words.get(1).and_then(|word| word.strip_prefix('+'));
                if let Some(name) = plus {
                    let place = source(self, name);
                    self.toolchains(name, place, true);
                }
            }
            "bash" | "sh" if one.words.get(1).is_some_and(|word| word == "-c" || word == "-ec") => {
                let inner = one.words.get(2).cloned().unwrap_or_default();
                for inner in script::commands(&inner, &mut env.clone()) {
                    if !matches!(inner.words.first().map(String::as_str), Some("bash" | "sh") | None) {
                        self.invocation(script, &Invocation { line: one.line, ..inner }, env);
                    }
                }
            }
            "docker" | "podman" if one.words.iter().any(|word| names::image(word).is_some()) => {
                self.image(script, one, env);
            }
            _ => self.other(line, &one.words),
        }
    }

    /// `docker run rust:1.65 cargo test`
    fn image(&mut self, script: &Script<'_>, one: &Invocation, env: &BTreeMap<String, String>) {
        let line = script.line + one.line;
        for (at, word) in one.words.iter().enumerate() {
            let Some(Toolchain::Name(name, _)) = names::image(word).filter(|_| word.contains(':')) else { continue };
            let place = self.context.source_in_script(line, script.raw, &name);
            let toolchain = self.toolchains(&name, place, true).pop();
            let words = one.words.iter().skip(at + 1).skip_while(|word| *word != "cargo").cloned().collect();
            self.cargo(script, &Invocation { words, ..one.clone() }, env, toolchain);
            return;
        }
        self.other(line, &one.words);
    }

    /// A program that is not cargo's.
    pub(in crate::promise) fn other(&mut self, line: usize, words: &[String]) {
        if verbs::of_other(words) == Class::Unknown {
            self.unknown(line, words);
        }
    }

    /// Something of the project runs, which is not followed.
    pub(in crate::promise) fn unknown(&mut self, line: usize, words: &[String]) {
        self.unknown = true;
        self.done = self.done.max(Done::Built);
        if verbs::looks_like_tests(words) {
            self.done = Done::Tested;
            let shown = words.iter().take(6).cloned().collect::<Vec<_>>().join(" ");
            self.places.not_taken(self.context.file, line, format!("what `{shown}` runs is not followed"));
        }
    }

    fn rustup(&mut self, script: &Script<'_>, one: &Invocation, env: &BTreeMap<String, String>) {
        const VALUED: [&str; 7] = ["--profile", "--component", "-c", "--target", "-t", "--toolchain", "--path"];
        let mut words = one.words.iter().skip(1).peekable();
        let mut plain: Vec<&String> = Vec::new();
        while let Some(word) = words.next() {
            if VALUED.contains(&word.as_str()) {
                words.next();
            } else if plain.first().is_some_and(|verb| *verb == "run") || !word.starts_with('-') {
                plain.push(word);
            }
        }
        let is = |n: usize, word: &str| plain.get(n).is_some_and(|plain| *plain == word);
        let (from, many, sets) = match plain.first().map(|word| word.as_str()) {
            Some("default") => (1, false, true),
            Some("override") if is(1, "set") || is(1, "add") => (2, false, true),
            Some("override") if is(1, "unset") || is(1, "remove") => {
                self.overridden = None;
                return;
            }
            Some("toolchain") if is(1, "install") || is(1, "add") || is(1, "update") => (2, true, false),
            Some("install" | "update" | "upgrade") => (1, true, false),
            Some("run") => (1, false, false),
            _ => return,
        };
        let line = script.line + one.line;
        let values: Vec<String> =
            plain.iter().skip(from).take(if many { 8 } else { 1 }).map(|word| (*word).clone()).collect();
        let mut last = None;
        for value in &values {
            let place = self.context.source_in_script(line, script.raw, value);
            last = self.toolchains(value, place, true).pop().or(last);
        }
        // Runners of GitHub's have stable as the default, so that installing it updates what a plain cargo runs.
        let is_default = many && self.default.is_none() && values.iter().any(|value| value == "stable");
        if sets && is(0, "override") {
            self.overridden = last;
        } else if sets || is_default {
            self.default = last;
        } else if is(0, "run") {
            let words: Vec<String> = plain.iter().skip(2).map(|word| (*word).clone()).collect();
            self.cargo(script, &Invocation { words, ..one.clone() }, env, last);
        }
    }

    fn cargo(
        &mut self,
        script: &Script<'_>,
        one: &Invocation,
        env: &BTreeMap<String, String>,
        with: Option<(String, Option<String>)>,
    ) {
        let line = script.line + one.line;
        let variable = |name: &str| one.env.get(name).or_else(|| env.get(name)).cloned();
        let plus = one.words.get(1).and_then(|word| word.strip_prefix('+')).map(str::to_owned);
        let toolchain = if let Some(name) = plus {
            let place = self.context.source_in_script(line, script.raw, &name);
            self.toolchains(&name, place, true).pop()
        } else if with.is_some() {
            with
        } else if let Some(name) = variable("RUSTUP_TOOLCHAIN") {
            let own = one.env.contains_key("RUSTUP_TOOLCHAIN");
            let raw = if own { script.raw } else { "$RUSTUP_TOOLCHAIN" };
            let place = self.context.source_in_script(line, raw, &name);
            self.toolchains(&name, place, true).pop()
        } else {
            self.overridden.clone().or_else(|| self.default.clone())
        };
        let Some(mut read) = cargo::command(&one.words) else { return };
        self.locate(&mut read.command, one);
        let class = verbs::of_cargo(&read, variable("RUSTFLAGS").as_deref());
        let used = match class {
            Class::Tests => Some(Use::Tests),
            Class::Builds => Some(Use::Builds),
            Class::Tool(name) => Some(Use::Tool(name)),
            Class::Unknown => {
                self.unknown(line, &one.words);
                Some(Use::Unknown)
            }
            Class::Nothing => None,
        };
        if let Some((name, _)) = &toolchain {
            let used = used.map(|used| self.places.counts_as(used));
            self.uses.entry(name.clone()).or_default().extend(used);
        }
        self.promises_of_tools(line, &read);
        if class == Class::Nothing {
            return;
        }
        let raw = if read.command.target.is_some() { script.raw } else { "$CARGO_BUILD_TARGET" };
        let target = read.command.target.clone().or_else(|| variable("CARGO_BUILD_TARGET"));
        let host = toolchain.as_ref().and_then(|(_, host)| host.clone());
        self.ran(raw, line, class, target.as_deref(), host);
        self.record(line, read, toolchain.map(|(name, _)| name), target, variable("RUSTFLAGS"));
    }

    /// On which platform a command did something.
    fn ran(&mut self, raw: &str, line: usize, class: Class, target: Option<&str>, host: Option<String>) {
        let done = match class {
            Class::Tests => Done::Tested,
            Class::Builds => Done::Built,
            Class::Tool(_) | Class::Unknown | Class::Nothing => return,
        };
        let own = Source { file: self.context.file, line, key: "run".to_owned(), spelled: None };
        let (source, platform) = match (target, host, &self.machine) {
            (Some(target), ..) => {
                let source = self.context.source_in_script(line, raw, target);
                match of_triple(target) {
                    Some(platform) => (source, platform),
                    None if done == Done::Tested && !target.contains('$') => {
                        let because = format!("a spec has no name for the platform of `{target}`");
                        return self.places.not_taken(source.file, source.line, because);
                    }
                    None => return,
                }
            }
            (None, Some(platform), _) => match (platform.strip_prefix("*-"), &self.runner.platform) {
                (None, _) => (own, platform),
                (Some(arch), Some((_, of_runner, _))) => {
                    let system = of_runner.split('-').next().unwrap_or(of_runner);
                    (own, format!("{system}-{arch}"))
                }
                (Some(_), None) => return,
            },
            (None, None, Some(machine)) => (own, machine.clone()),
            (None, None, None) => {
                self.done = self.done.max(done);
                return;
            }
        };
        match &self.runner.platform {
            Some((_, of_runner, _)) if *of_runner == platform => self.done = self.done.max(done),
            _ => self.places.platform(&source, &platform, done, None),
        }
    }

    /// Sets where a command works, relative to the repository's root. What cannot be known is left out.
    fn locate(&self, command: &mut CargoCommand, one: &Invocation) {
        let folder = match (&self.folder, &one.folder) {
            (Some(base), Some(folder)) => Some(script::join(Some(base), folder)),
            (base, folder) => folder.clone().or_else(|| base.clone()),
        };
        let folder = folder.map(|folder| script::join(None, &folder)).unwrap_or_default();
        let known = |path: &String| !path.contains('$') && !path.is_empty();
        let manifest = command.manifest_path.as_ref().map(|path| script::join(Some(&folder), path));
        command.manifest_path = manifest.filter(known);
        command.working_directory = Some(folder).filter(known);
    }

    fn record(
        &mut self,
        line: usize,
        read: CargoLine,
        toolchain: Option<String>,
        target: Option<String>,
        rustflags: Option<String>,
    ) {
        let mut command = read.command;
        // What cannot be known is left out.
        let known = |name: &String| !name.contains('$');
        command.features.unknown |= !command.features.list.iter().all(known);
        command.features.list.retain(known);
        command.packages.retain(known);
        command.target = target.filter(known);
        // The name as written, where YAML reads another.
        let meant = |name: String| {
            let sources = self.known.get(&name);
            let spelled = sources.into_iter().flatten().find_map(|source| source.spelled.clone());
            spelled.unwrap_or(name)
        };
        command.toolchain = toolchain.map(meant);
        command.file = self.path.clone();
        command.job = self.job.clone();
        command.line = line;
        command.rustflags = rustflags;
        self.commands.entry(command).or_default().extend(self.runner.labels.iter().cloned());
    }

    /// The job is over.
    pub(in crate::promise) fn finish(&mut self) {
        let used = match (self.unknown, self.done) {
            (true, Done::Tested) => Some(Use::Tests),
            (true, _) => Some(Use::Unknown),
            (false, _) => None,
        };
        for (name, sources) in &self.known {
            let uses: Vec<Use> = self.uses.get(name).into_iter().flatten().chain(&used).cloned().collect();
            for source in sources {
                uses.iter().for_each(|one| self.places.toolchain(source, name, Some(one.clone())));
            }
        }
        if let Some((source, platform, never)) = &self.runner.platform {
            self.places.platform(source, platform, self.done, never.clone());
        }
    }
}

/// Why `stable minus 2 releases` is not taken over.
pub(in crate::promise) const MOVES: &str = "it moves: it names another Rust after each release";
