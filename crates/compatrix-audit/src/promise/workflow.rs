//! Promises in GitHub Actions workflows: the Rust and SQLite versions and the systems that jobs build and test on.
//!
//! Each job is read once for each combination of its matrix, with the values that GitHub would give its expressions.
//! Reusable workflows and composite actions of the repository are followed.

mod actions;
mod context;
mod idle;
mod inputs;
mod matrix;
mod places;
mod session;
mod steps;
#[cfg(test)]
mod tests;
mod tools;
mod verbs;

use std::collections::{BTreeMap, BTreeSet};

use compatrix_ci::runners;
use compatrix_model::condition::partial_version;
use serde_json::{Map, Value};

use super::names::{self, Toolchain};
use super::platform::of_triple;
use super::scanned::{RunnerLabel, Scanned};
use super::script;
use super::yaml::{self, Node};
use context::{words, Context, Leaf, Source};
use inputs::{triggers, Inputs};
use places::{Done, Places, Use};
use session::{Commands, Runner, Session};
use steps::{container, run_step, DEEPEST};

/// The most steps that are read, each combination counted. Real repositories are far below.
const MOST: usize = 20_000;

/// Reads the workflows of a repository together, because they call each other. `files` are paths and texts; composite
/// actions (`action.yml`) may be among them. `today` (`YYYY-MM-DD`) decides which runners are retired. Returns what was
/// found, and what cannot be read with its line.
pub(super) fn scan(files: &[(String, String)], today: &str) -> (Scanned, Vec<String>) {
    let mut errors = Vec::new();
    let mut documents = Vec::new();
    for (path, text) in files {
        match yaml::parse(text) {
            Ok(document) => documents.push((path.clone(), document)),
            Err(error) => errors.push(format!("{path}: {error}")),
        }
    }
    let called: BTreeSet<String> = documents.iter().flat_map(|(_, document)| calls(document)).collect();
    let mut reading = Reading {
        documents: &documents,
        today,
        places: Places::default(),
        commands: Commands::new(),
        labels: BTreeSet::new(),
        left: MOST,
    };
    for (file, (path, document)) in documents.iter().enumerate() {
        let only_called = triggers(document).iter().all(|trigger| *trigger == "workflow_call");
        if document.get("jobs").is_some() && !(only_called && called.contains(path)) {
            reading.workflow(file, Inputs::defaults(file, document), 0);
        }
    }
    if reading.left == 0 {
        errors.push(format!("{}: the jobs have too many combinations to read all", files[0].0));
    }
    let lines = |path: &String| {
        let text = files.iter().find(|(of, _)| of == path).map(|(_, text)| text.as_str()).unwrap_or_default();
        text.lines().map(str::to_owned).collect::<Vec<_>>()
    };
    let files: Vec<(String, Vec<String>)> = documents.iter().map(|(path, _)| (path.clone(), lines(path))).collect();
    let Reading { places, commands, labels, .. } = reading;
    let (promises, not_taken) = places.finish(&files);
    let runners = labels.into_iter().map(|(file, line, label)| {
        let (path, lines) = &files[file];
        let text = lines.get(line.saturating_sub(1)).map(String::as_str).unwrap_or_default();
        RunnerLabel::new(path, line, text, label)
    });
    let commands = commands.into_iter().map(|(mut command, runners)| {
        command.runners = runners.into_iter().collect();
        command
    });
    let mut commands: Vec<_> = commands.collect();
    commands.sort_by(|a, b| (&a.file, a.line).cmp(&(&b.file, b.line)));
    let runners = runners.collect();
    (Scanned { promises, not_taken, commands, runners, ..Scanned::default() }, errors)
}

/// The workflows of the repository that a document's jobs call.
fn calls(document: &Node) -> Vec<String> {
    let jobs = document.get("jobs").into_iter().flat_map(Node::entries);
    let uses = jobs.filter_map(|(_, job)| Some(job.get("uses")?.text()));
    uses.filter_map(|uses| uses.strip_prefix("./").map(str::to_owned)).collect()
}

struct Reading<'a> {
    documents: &'a [(String, Node)],
    today: &'a str,
    places: Places,
    commands: Commands,
    labels: BTreeSet<(usize, usize, String)>,
    /// Steps that may still be read.
    left: usize,
}

impl Reading<'_> {
    fn workflow(&mut self, file: usize, inputs: Inputs, depth: usize) {
        let documents = self.documents;
        let document = &documents[file].1;
        let mut context = Context {
            file,
            matrix: Some(Map::new()),
            inputs: inputs.values,
            leaves: inputs.leaves,
            ..Context::default()
        };
        context.add_env(document.get("env"));
        let folder = folder_of(document);
        let before = self.places.idle();
        if depth == 0 {
            self.places.set_idle(idle::of_workflow(document));
        }
        for (id, job) in document.get("jobs").into_iter().flat_map(Node::entries) {
            self.job(id, job, &context, folder.clone(), depth);
        }
        self.places.set_idle(before);
        self.declare(&context.leaves, None);
    }

    fn job(&mut self, id: &str, job: &Node, outer: &Context, folder: Option<String>, depth: usize) {
        let matrix = job.get("strategy").and_then(|strategy| strategy.get("matrix"));
        let expanded = matrix.map(|matrix| matrix::expand(matrix, outer));
        let (combinations, dropped) = match expanded {
            None => (vec![None], Vec::new()),
            Some(Ok((all, dropped))) => (all.into_iter().map(Some).collect(), dropped),
            Some(Err((line, because))) => {
                self.places.not_taken(outer.file, line, format!("the matrix is not known: {because}"));
                (vec![None], Vec::new())
            }
        };
        let mentioned = job_text(job);
        let mentions = words(&mentioned);
        let mut names: BTreeMap<String, BTreeSet<Source>> = BTreeMap::new();
        for combination in combinations {
            let mut context = outer.clone();
            match &combination {
                Some(combination) => {
                    context.matrix = Some(combination.values());
                    context.leaves.extend(combination.leaves().cloned());
                }
                None if matrix.is_some() => context.matrix = None,
                None => {}
            }
            if !context.may_run(job.get("if")) {
                self.never_runs(id, job, context, depth);
                continue;
            }
            let runner = self.runner(job, &mut context);
            context.add_env(job.get("env"));
            let idle = idle::of_job(job, &context).or(self.places.idle());
            let before = self.places.set_idle(idle);
            if let Some(uses) = job.get("uses") {
                self.call(uses, job.get("with"), &context, depth);
                self.places.set_idle(before);
                continue;
            }
            let own = context.leaves.len();
            let strange = idle::no_platform(job, &context, &runner);
            let folder = folder_of(job).or_else(|| folder.clone());
            let session = self.steps(id, job, context, runner, folder, depth);
            let Ended { known, leaves, done } = session;
            if let (Done::Tested, Some((line, because))) = (done, strange) {
                self.places.not_taken(outer.file, line, because);
            }
            let busy = if done == Done::Nothing { Use::Named } else { Use::Unknown };
            // A toolchain that a step mentions, but not where a toolchain is expected.
            let of_job = leaves.iter().skip(outer.leaves.len()).take(own.saturating_sub(outer.leaves.len()));
            let unclear = of_job.filter(|leaf| !known.values().flatten().any(|source| *source == leaf.source));
            for leaf in unclear.cloned().collect::<Vec<_>>() {
                let used = mentions.contains(leaf.name.as_str()).then(|| busy.clone());
                self.declare(std::slice::from_ref(&leaf), used);
                self.target(&leaf, done);
            }
            for (name, sources) in known {
                names.entry(name).or_default().extend(sources);
            }
            self.places.set_idle(before);
        }
        for leaf in dropped {
            if names::is_key(&leaf.name) && matches!(names::one(&leaf.value), Toolchain::Name(..)) {
                let because = format!("the matrix excludes {}", leaf.source.spelled.as_ref().unwrap_or(&leaf.value));
                self.places.not_taken(leaf.source.file, leaf.source.line, because);
            }
        }
        self.lowest(id, job, &names);
    }

    /// A job whose condition is false: its toolchains are named, and nothing else of it counts.
    fn never_runs(&mut self, id: &str, job: &Node, mut context: Context, depth: usize) {
        let places = std::mem::take(&mut self.places);
        let (commands, labels) = (std::mem::take(&mut self.commands), self.labels.clone());
        let runner = self.runner(job, &mut context);
        context.add_env(job.get("env"));
        match job.get("uses") {
            Some(uses) => self.call(uses, job.get("with"), &context, depth),
            None => drop(self.steps(id, job, context, runner, None, depth)),
        }
        let of_job: Places = std::mem::replace(&mut self.places, places);
        (self.commands, self.labels) = (commands, labels);
        self.places.never_run(of_job, idle::why_never(job));
    }

    /// A job called MSRV with a single release promises that release.
    fn lowest(&mut self, id: &str, job: &Node, names: &BTreeMap<String, BTreeSet<Source>>) {
        let name = job.get("name").map(Node::text).unwrap_or_default();
        let numbered: Vec<_> = names.iter().filter(|(name, _)| partial_version(name).is_some()).collect();
        if let ([(release, sources)], true) = (numbered.as_slice(), names::is_lowest(id) || names::is_lowest(name)) {
            sources.iter().for_each(|source| self.places.lowest(source, release));
        }
    }

    fn runner(&mut self, job: &Node, context: &mut Context) -> Runner {
        let Some(node) = job.get("runs-on") else { return Runner::default() };
        let nodes = match &node.value {
            yaml::Value::Map(_) => node.get("labels").map(Node::items).unwrap_or_default(),
            _ => node.items(),
        };
        let mut labels: Vec<(String, Source)> = Vec::new();
        for node in nodes {
            let found = match context.value(node) {
                Ok(Value::Array(list)) => list.iter().filter_map(|label| Some(label.as_str()?.to_owned())).collect(),
                Ok(_) => vec![context.text(node).unwrap_or_default()],
                Err(_) => Vec::new(),
            };
            labels.extend(found.into_iter().filter(|label| !label.is_empty()).map(|label| {
                let source = context.source(node.line, "runs-on", node.text(), &label);
                (label, source)
            }));
        }
        let names: Vec<String> = labels.iter().map(|(label, _)| label.clone()).collect();
        let own = names.iter().any(|label| label.eq_ignore_ascii_case("self-hosted"));
        for (label, source) in labels.iter().filter(|_| !own) {
            self.labels.insert((source.file, source.line, label.clone()));
        }
        let platform = runners::platform_of_all(&names).and_then(|platform| {
            let (label, source) = labels.iter().find(|(label, _)| own || runners::platform(label).is_some())?;
            let retired = runners::retired(label, self.today).filter(|_| !own);
            Some((source.clone(), platform, retired.map(|retired| format!("`{label}` was {retired}"))))
        });
        if let Some((_, platform, _)) = &platform {
            let (system, arch) = platform.split_once('-').unwrap_or((platform, ""));
            let os = match system {
                "macos" => "macOS",
                "windows" => "Windows",
                _ => "Linux",
            };
            context.runner.insert("os".to_owned(), Value::from(os));
            context.runner.insert("arch".to_owned(), Value::from(if arch == "aarch64" { "ARM64" } else { "X64" }));
        }
        Runner { labels: names, platform }
    }

    fn steps(
        &mut self,
        id: &str,
        job: &Node,
        context: Context,
        runner: Runner,
        folder: Option<String>,
        depth: usize,
    ) -> Ended {
        let documents = self.documents;
        let mut session = Session {
            path: documents[context.file].0.clone(),
            job: id.to_owned(),
            context,
            places: &mut self.places,
            commands: &mut self.commands,
            runner,
            folder: folder.clone(),
            default: None,
            overridden: None,
            known: BTreeMap::new(),
            uses: BTreeMap::new(),
            machine: None,
            done: Done::Nothing,
            unknown: false,
        };
        container(&mut session, job.get("container"));
        for step in job.get("steps").map(Node::items).unwrap_or_default() {
            run_step(&mut session, step, documents, &folder, depth, &mut self.left);
        }
        session.finish();
        Ended { known: session.known, leaves: session.context.leaves, done: session.done }
    }

    /// A job that is another workflow.
    fn call(&mut self, uses: &Node, with: Option<&Node>, context: &Context, depth: usize) {
        let path = uses.text().strip_prefix("./");
        let found = path.and_then(|path| self.documents.iter().position(|(of, _)| of == path));
        let Some(file) = found.filter(|_| depth < DEEPEST && self.left > 0) else {
            for (key, node) in with.into_iter().flat_map(Node::entries).filter(|(key, _)| names::is_key(key)) {
                let value = context.text(node).unwrap_or_default();
                let leaf = context.leaf(key, &format!("with.{key}"), node, &value);
                self.declare(std::slice::from_ref(&leaf), Some(Use::Named));
                if !names::is_lowest(key) && !value.is_empty() {
                    let because = "the workflow that gets it is not in this repository";
                    self.places.not_taken(leaf.source.file, leaf.source.line, because);
                }
            }
            return;
        };
        self.left -= 1;
        let documents = self.documents;
        let mut inputs = Inputs::default();
        let on = documents[file].1.get("on").or_else(|| documents[file].1.get("true"));
        inputs.add_defaults(file, on.and_then(|on| on.get("workflow_call")).and_then(|of| of.get("inputs")));
        for (name, node) in with.into_iter().flat_map(Node::entries) {
            inputs.add(name, node, context);
        }
        self.workflow(file, inputs, depth + 1);
    }

    /// The places of values whose names say what they are.
    fn declare(&mut self, leaves: &[Leaf], used: Option<Use>) {
        for leaf in leaves {
            let source = &leaf.source;
            if leaf.name.to_ascii_lowercase().contains("sqlite") {
                let version = partial_version(&leaf.value).filter(|_| leaf.value.contains('.'));
                if version.is_some_and(|version| version.major == 3) {
                    self.places.sqlite(source, &leaf.value);
                }
            } else if names::is_key(&leaf.name) {
                for (_, one) in names::toolchains(&leaf.value) {
                    match one {
                        Toolchain::Name(name, _) => {
                            self.places.toolchain(source, &name, used.clone());
                            if names::is_lowest(&leaf.name) {
                                self.places.lowest(source, &name);
                            }
                        }
                        Toolchain::Moves => self.places.not_taken(source.file, source.line, session::MOVES),
                        Toolchain::Other => {}
                    }
                }
            }
        }
    }

    /// A target that a matrix names, though no command of cargo's does.
    fn target(&mut self, leaf: &Leaf, done: Done) {
        if let Some(platform) = of_triple(&leaf.value) {
            self.places.platform(&leaf.source, &platform, done.min(Done::Built), None);
        }
    }
}

/// What a job leaves behind.
struct Ended {
    known: BTreeMap<String, BTreeSet<Source>>,
    leaves: Vec<Leaf>,
    done: Done,
}

/// `defaults.run.working-directory`
fn folder_of(node: &Node) -> Option<String> {
    let folder = node.get("defaults")?.get("run")?.get("working-directory")?.text();
    (!folder.is_empty()).then(|| script::join(None, folder))
}

/// The texts of a job that can use a value of its matrix.
fn job_text(job: &Node) -> String {
    fn collect(node: &Node, depth: usize, out: &mut String) {
        match &node.value {
            yaml::Value::Scalar { text, .. } => {
                out.push_str(text);
                out.push('\n');
            }
            yaml::Value::Seq(items) => items.iter().for_each(|item| collect(item, depth + 1, out)),
            yaml::Value::Map(entries) => {
                let telling = |key: &Node| !(depth < 3 && ["name", "if", "strategy", "needs"].contains(&key.text()));
                entries.iter().filter(|(key, _)| telling(key)).for_each(|(_, of)| collect(of, depth + 1, out));
            }
        }
    }
    let mut out = String::new();
    collect(job, 0, &mut out);
    out
}
