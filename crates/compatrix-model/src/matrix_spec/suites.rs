//! `[[suite]]`.

use std::time::Duration;

use compatrix_bench::{words as bench_words, BenchSettings, Harness};
use compatrix_leak::{words, LeakSettings, Tool};
use shaped_toml::{
    defaults, twice, Collector, Key, Later, Need, Node, Plain, Problem, Rest, Shape, Table, TableShape, Value, Words,
};

use super::axes::Axes;
use super::conditions::{condition, CONDITION};
use super::format::{duration, Format};
use super::template::{Piece, Place, Template};
use crate::axis::AxisKind;
use crate::condition::Condition;

/// `[[suite]]`: a suite that runs in cells.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Suite {
    /// Its name, unique; same spelling rules as a value's name.
    pub name: String,
    /// Decides what runs in a cell: tests, only a build, or tests under a leak tool.
    pub kind: SuiteKind,
    /// Whether documentation tests run too, once per build.
    pub doctests: bool,
    /// The time limit of one test executable. Default 5 minutes, for suites of kind `leak` 30.
    pub timeout: Duration,
    /// How often a failing cell is tried again; a later pass is `flaky`; at most 5.
    pub retries: u32,
    /// Whether nothing else of ours runs while it does.
    pub alone: bool,
    /// Whether its builds have all debug information that cargo's profile asks for, and not only what something reads.
    pub full_debug: bool,
    /// Environment variables, values with placeholders (`{schema.database}`).
    pub env: Vec<(String, Template)>,
    /// Arguments to each test executable (`--test-threads=1`).
    pub args: Vec<String>,
    /// Program and arguments, of a suite of kind `command`, and of one of kind `bench` that has no executables of cargo's.
    pub command: Vec<Template>,
    /// The packages that it builds; empty for all under test. Those of a suite of kind `bench` need not be under test.
    pub packages: Vec<String>,
    /// In which cells it runs; default all.
    pub when: Condition,
}

impl Suite {
    /// The settings of a suite of kind `leak`; `None` for other kinds.
    pub fn leak(&self) -> Option<&LeakSettings> {
        match &self.kind {
            SuiteKind::Leak(settings) => Some(settings),
            SuiteKind::Test | SuiteKind::Build | SuiteKind::Bench(_) | SuiteKind::Command => None,
        }
    }

    /// The settings of a suite of kind `bench`; `None` for other kinds.
    pub fn bench(&self) -> Option<&BenchSettings> {
        match &self.kind {
            SuiteKind::Bench(settings) => Some(settings),
            SuiteKind::Test | SuiteKind::Build | SuiteKind::Leak(_) | SuiteKind::Command => None,
        }
    }

    /// Whether it builds this package, where the package's Rust allows it.
    pub fn builds(&self, package: &str) -> bool {
        self.packages.is_empty() || self.packages.iter().any(|name| name == package)
    }

    /// Words of its command that may name files of the workspace: whole words, and what follows a `=`.
    pub fn named_files(&self) -> impl Iterator<Item = &str> {
        let words = self.command.iter().filter_map(|Template(pieces)| match pieces.as_slice() {
            [Piece::Text(text)] => Some(text.as_str()),
            _ => None,
        });
        words.filter_map(named_file)
    }

    /// The command that runs it.
    pub fn run_by(&self) -> RunBy {
        match &self.kind {
            SuiteKind::Test | SuiteKind::Build | SuiteKind::Command => RunBy::Compat,
            SuiteKind::Leak(_) => RunBy::LeakCheck,
            SuiteKind::Bench(_) => RunBy::Bench,
        }
    }
}

/// What a word of a command may name: all of it, or what follows a `=`; an option names nothing.
pub(super) fn named_file(word: &str) -> Option<&str> {
    Some(word.split_once('=').map_or(word, |(_, value)| value)).filter(|word| !word.starts_with('-'))
}

/// The commands that run suites.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RunBy {
    /// All that say whether something works.
    Compat,
    /// Those under a tool that looks for leaks.
    LeakCheck,
    /// Those that compare speed.
    Bench,
}

/// What a suite does in its cells.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum SuiteKind {
    /// The packages' test executables.
    Test,
    /// Nothing is run: each package compiles by itself, without its dev-dependencies.
    Build,
    /// The packages' test executables under a tool that looks for leaks.
    Leak(LeakSettings),
    /// Benchmarks of two builds, compared.
    Bench(BenchSettings),
    /// Any program.
    Command,
}

pub(super) static SUITE: TableShape = TableShape {
    title: "`[[suite]]`",
    keys: &[
        Key::required("name", "Its name, unique.", Shape::Text(&Format::ValueName)),
        Key::default("kind", "The kind of suite.", Shape::Text(&SUITE_KINDS), Need::Text("test")),
        Key::default(
            "doctests",
            "Whether documentation tests run too, once per build.",
            Shape::Flag,
            Need::Flag(false),
        ),
        Key::optional(
            "timeout",
            "The time limit of one test executable, and of the documentation tests of a build: `90s`, `5m`, `2h`, `500ms`. Only time that the tests themselves had counts: what other work on the machine takes from them is added, up to ten times the limit. Default: `5m`; `30m` for the kind `leak`, because tools slow tests down.",
            Shape::Text(&Format::Duration),
        ),
        Key::default(
            "retries",
            "How often a failing cell is tried again; a later pass counts as flaky.",
            Shape::Integer { min: 0, max: 5 },
            Need::Integer(0),
        ),
        Key::default(
            "alone",
            "Whether each of its runs has the machine for itself: no other run and no build meanwhile, and your own HOME. For tests that use a fixed port or a folder outside of TMPDIR.",
            Shape::Flag,
            Need::Flag(false),
        ),
        Key::default(
            "debug",
            "How much debug information its builds have. A cell that fails without it is built and run again with it before it counts as broken. If your tests read it, such as file and line in a backtrace, `full` avoids the wasted first attempt. Panic messages have file and line either way.",
            Shape::Text(&DEBUG),
            Need::Text("as-needed"),
        ),
        Key::optional(
            "env",
            "Environment variables of each run, with placeholders such as `{schema.database}`.",
            Shape::Table(&SUITE_ENV),
        ),
        Key::optional(
            "args",
            "Arguments to each test executable.",
            Shape::List { item: &Shape::Text(&Plain::Any), min: 0, unique: false },
        ),
        Key::optional("when", "In which cells it runs. Default: all.", Shape::Table(&CONDITION)),
        Key::default(
            "tool",
            "Kind `leak`: the tool that its tests run under.",
            Shape::Text(&words::TOOLS),
            Need::RequiredIf { key: "kind", is: "leak" },
        ),
        Key::optional(
            "errors-for",
            "Kind `leak`: the kinds of findings that fail it; others are only noted. Default: definite leaks, every memory error, everything left behind.",
            Shape::List { item: &Shape::Text(&words::FINDINGS), min: 1, unique: true },
        ),
        Key::default(
            "each",
            "Kind `leak`: how tests are distributed over processes under the tool.",
            Shape::Text(&words::EACH),
            Need::Text("auto"),
        ),
        Key::default(
            "repeat",
            "Tool `resources`: how often a test is called in one process to see whether memory grows; 0 does not look.",
            Shape::Integer { min: 0, max: 1000 },
            Need::Integer(12),
        ),
        Key::default(
            "seeds",
            "Tool `miri`: how many seeds of its scheduler each test is tried with.",
            Shape::Integer { min: 1, max: 256 },
            Need::Integer(1),
        ),
        Key::optional(
            "flags",
            "Kind `leak`: further options of the tool: arguments of valgrind, MIRIFLAGS, settings of ASAN_OPTIONS or LSAN_OPTIONS. Miri's isolation is off unless they contain `-Zmiri-isolation-error=abort` or similar.",
            Shape::List { item: &Shape::Text(&Plain::Any), min: 1, unique: false },
        ),
        Key::default(
            "command",
            "Kind `command`: the program and its arguments, with placeholders such as `{schema.database}`, and `{program.NAME}` for a program, example or shared library that the tests' build makes. The program is searched on PATH, or in the workspace if its name has a `/`. It runs in the workspace's root; no shell reads it. Files of the workspace that it names are sources: a change of one makes results old. What else it reads there belongs in `inputs`. Kind `bench`: what prints or writes the results, instead of cargo's benches.",
            Shape::List { item: &Shape::Text(&Format::Template), min: 1, unique: false },
            Need::RequiredIf { key: "kind", is: "command" },
        ),
        Key::optional(
            "packages",
            "The packages that it builds, a part of those under test. Kind `bench`: the packages whose benches run; they need not be under test, and may need a newer Rust. Default: the packages under test.",
            Shape::List { item: &Shape::Text(&Format::PackageName), min: 1, unique: true },
        ),
        Key::optional(
            "benches",
            "Kind `bench`: the names of the `[[bench]]` targets that run. Default: all of these packages.",
            Shape::List { item: &Shape::Text(&Plain::Sentence), min: 1, unique: true },
        ),
        Key::default(
            "harness",
            "Kind `bench`: how results are read.",
            Shape::Text(&bench_words::HARNESSES),
            Need::Text("auto"),
        ),
        Key::default(
            "tolerance",
            "Kind `bench`: the slowdown that is tolerated, in percent. It takes many rounds to distinguish a slowdown just above it from noise.",
            Shape::Integer { min: 1, max: 50 },
            Need::Integer(3),
        ),
        Key::default(
            "rounds",
            "Kind `bench`: how often each build is measured, a process each. What is not settled then is measured as often again.",
            Shape::Integer { min: 6, max: 128 },
            Need::Integer(16),
        ),
        Key::default(
            "instructions",
            "Kind `bench`: whether valgrind also counts the instructions of each bench.",
            Shape::Flag,
            Need::Flag(false),
        ),
    ],
    later: Later::NONE,
    rest: None,
    min: 0,
};

static SUITE_KINDS: Words = Words {
    what: "suite kind",
    known: &[
        ("test", "The packages' test executables."),
        ("build", "Nothing is run: each package compiles by itself, without its dev-dependencies."),
        ("leak", "The packages' test executables under a tool that looks for leaks; run by `leak-check`."),
        ("bench", "Benchmarks, compared with those of another build; run by `bench`."),
        ("command", "Any program, in the environment of the cell's tests."),
    ],
    later: Later::NONE,
};

static DEBUG: Words = Words {
    what: "amount of debug information",
    known: &[
        ("as-needed", "No debug information, as with `debug = false` in the profile, unless something needs it: suites of the kinds `leak` and `build`, a build script that reads `DEBUG`, or `debug` or a flag for it in cargo's configuration."),
        ("full", "As much as cargo's profile asks for."),
    ],
    later: Later::NONE,
};

static SUITE_ENV: TableShape = TableShape {
    title: "`env`",
    keys: &[],
    later: Later::NONE,
    rest: Some(Rest {
        what: "an environment variable",
        name: &Format::EnvVar,
        doc: "The variable's text, with placeholders; `{{` and `}}` are one brace.",
        shape: &Shape::Text(&Format::Template),
    }),
    min: 0,
};

/// The suites, and whether any was rejected.
pub(super) struct Suites {
    pub(super) list: Vec<Suite>,
    /// Names that exist, those of suites with errors too.
    pub(super) names: Vec<String>,
    /// Whether a suite's name could not be read.
    pub(super) nameless: bool,
}

/// Lowers all suites.
pub(super) fn suites(root: &Table, axes: &Axes, c: &mut Collector<'_>) -> Suites {
    let under_test = root.table("project").and_then(|project| project.texts("packages")).unwrap_or_default();
    let mut suites = Suites { list: Vec::new(), names: Vec::new(), nameless: false };
    let mut spans: Vec<std::ops::Range<usize>> = Vec::new();
    for (_, table) in root.tables("suite") {
        let suite = suite(table, &under_test, axes, c);
        let Some(name) = table.node("name") else {
            suites.nameless = true;
            continue;
        };
        let text = name.text().unwrap_or_default();
        match suites.names.iter().position(|old| old == text) {
            Some(first) => c.error(name.span.clone(), twice(text, "suite", &spans[first])),
            None => {
                suites.names.push(text.to_owned());
                spans.push(name.span.clone());
                suites.list.push(suite);
            }
        }
    }
    if root.entry("suite").is_none() {
        let table = Table { entries: defaults(&SUITE, &(0..0)).collect(), rejected: Vec::new() };
        suites.names.push("tests".to_owned());
        suites.list.push(Suite { name: "tests".to_owned(), ..suite(&table, &under_test, axes, c) });
    }
    suites
}

fn suite(table: &Table, under_test: &[String], axes: &Axes, c: &mut Collector<'_>) -> Suite {
    let mut env = Vec::new();
    for entry in table.table("env").into_iter().flat_map(|env| &env.entries) {
        let taken =
            axes.space.axes().iter().find(|axis| matches!(&axis.kind, AxisKind::Env { var } if *var == entry.key));
        if let Some(axis) = taken {
            let problem = Problem::new(format!("the axis `{}` sets `{}` already", axis.name, entry.key));
            c.error(entry.key_span.clone(), problem.help(format!("use another variable and `{{{}.name}}`", axis.name)));
        }
        match Template::parse(entry.node.text().unwrap_or_default(), &axes.space, Place::Environment) {
            Ok(template) => env.push((entry.key.clone(), template)),
            Err(problem) => c.error(entry.node.span.clone(), problem),
        }
    }
    let when = table.table("when").and_then(|when| condition(when, axes, c));
    let mut command = Vec::new();
    let words = match table.node("command").map(|node| &node.value) {
        Some(Value::List(list)) => list.items.as_slice(),
        _ => &[],
    };
    for item in words {
        match Template::parse(item.text().unwrap_or_default(), &axes.space, Place::Command) {
            Ok(template) => command.push(template),
            Err(problem) => c.error(item.span.clone(), problem),
        }
    }
    let kind = kind(table);
    refuse_idle_keys(table, &kind, c);
    if !matches!(kind, SuiteKind::Bench(_)) {
        refuse_packages_not_under_test(table, under_test, c);
    }
    let timeout = table.text("timeout").and_then(|text| duration(text).ok());
    Suite {
        name: table.owned("name").unwrap_or_default(),
        timeout: timeout.unwrap_or(if matches!(kind, SuiteKind::Leak(_)) { LEAK_TIMEOUT } else { TIMEOUT }),
        command,
        kind,
        doctests: table.flag("doctests").unwrap_or_default(),
        retries: table.integer("retries").and_then(|n| u32::try_from(n).ok()).unwrap_or_default(),
        alone: table.flag("alone").unwrap_or_default(),
        full_debug: table.text("debug") == Some("full"),
        env,
        args: table.texts("args").unwrap_or_default(),
        packages: table.texts("packages").unwrap_or_default(),
        when: when.unwrap_or_default(),
    }
}

/// The default time limit of an executable.
const TIMEOUT: Duration = Duration::from_secs(5 * 60);

/// The same under a tool: they slow tests down ten to fifty times.
const LEAK_TIMEOUT: Duration = Duration::from_secs(30 * 60);

fn kind(table: &Table) -> SuiteKind {
    match table.text("kind") {
        Some("build") => SuiteKind::Build,
        Some("leak") => SuiteKind::Leak(LeakSettings::of(table)),
        Some("bench") => SuiteKind::Bench(BenchSettings::of(table)),
        Some("command") => SuiteKind::Command,
        _ => SuiteKind::Test,
    }
}

/// A package that is not under test has no Rust that it promises, and none of its features are known.
fn refuse_packages_not_under_test(table: &Table, under_test: &[String], c: &mut Collector<'_>) {
    let named = table.node("packages").map(Node::one_or_many).unwrap_or_default();
    for (name, node) in named.iter().filter_map(|node| Some((node.text()?, node))) {
        if !under_test.is_empty() && !under_test.iter().any(|tested| tested == name) {
            let problem = Problem::new(format!("`{name}` is not among the packages under test"));
            let help =
                "add it to `packages` of `[project]`, or remove it; only suites of kind `bench` may build others";
            c.error(node.span.clone(), problem.known(name, under_test).help(help));
        }
    }
}

/// Keys that do nothing in a suite of this kind are said rather than ignored: who writes them expects something.
fn refuse_idle_keys(table: &Table, kind: &SuiteKind, c: &mut Collector<'_>) {
    let mut refuse = |keys: &[&str], problem: &dyn Fn(&str) -> String, help: &str| {
        for (key, entry) in keys.iter().filter_map(|key| Some((*key, table.entry(key)?))) {
            if !is_default(key, &entry.node) {
                c.error(entry.key_span.clone(), Problem::new(problem(key)).help(help.to_owned()));
            }
        }
    };
    let full = |key: &str| {
        format!("suites of the kinds `build` and `leak` always have full debug information, so `{key}` does nothing")
    };
    const OF_LEAKS: [&str; 6] = ["tool", "errors-for", "each", "repeat", "seeds", "flags"];
    const OF_BENCHES: [&str; 5] = ["benches", "harness", "tolerance", "rounds", "instructions"];
    let of_leaks = |key: &str| format!("`{key}` is for suites of kind `leak`");
    let of_benches = |key: &str| format!("`{key}` is for suites of kind `bench`");
    if !matches!(kind, SuiteKind::Bench(_)) {
        refuse(&OF_BENCHES, &of_benches, "add `kind = \"bench\"`, or take it out");
    }
    if !matches!(kind, SuiteKind::Bench(_) | SuiteKind::Command) {
        let of_commands = |key: &str| format!("`{key}` is for suites of the kinds `command` and `bench`");
        refuse(&["command"], &of_commands, "add `kind = \"command\"`, or take it out");
    }
    match kind {
        SuiteKind::Build => {
            let nothing = |key: &str| format!("a suite of kind `build` runs nothing, so `{key}` does nothing");
            refuse(&["args", "env", "retries", "alone", "doctests"], &nothing, "take it out, or make the kind `test`");
            refuse(&["debug"], &full, "take it out");
            refuse(&OF_LEAKS, &nothing, "take it out, or make the kind `leak`");
        }
        SuiteKind::Test => {
            refuse(&OF_LEAKS, &of_leaks, "add `kind = \"leak\"`, or take it out");
        }
        SuiteKind::Bench(settings) => {
            let not_run = |key: &str| format!("a suite of kind `bench` has no `{key}`");
            refuse(
                &["doctests", "retries", "alone", "debug"],
                &not_run,
                "take it out; benches always run alone, in rounds",
            );
            refuse(&OF_LEAKS, &of_leaks, "take it out, or make the kind `leak`");
            let no_command = table.entry("command").is_none();
            if let (Harness::Hyperfine, true, Some(entry)) = (settings.harness, no_command, table.entry("harness")) {
                let problem = Problem::new("the harness `hyperfine` needs a `command`");
                let help = "for example `command = [\"hyperfine\", \"--shell=none\", \"{program.NAME}\"]`";
                c.error(entry.node.span.clone(), problem.help(help.to_owned()));
            }
        }
        SuiteKind::Command => {
            let not_run = |key: &str| format!("a suite of kind `command` has no `{key}`");
            refuse(&["doctests", "args"], &not_run, "take it out; arguments are a part of `command`");
            refuse(&OF_LEAKS, &of_leaks, "take it out, or make the kind `leak`");
            let nameless = table.node("command").filter(|node| match &node.value {
                Value::List(list) => list.items.first().is_some_and(|first| first.text() == Some("")),
                _ => false,
            });
            if let Some(node) = nameless {
                let problem = Problem::new("the first word of `command` is the program, and is empty");
                c.error(node.span.clone(), problem.help("for example `command = [\"python3\", \"gates/surface.py\"]`"));
            }
        }
        SuiteKind::Leak(settings) => {
            let tool = settings.tool;
            let not_run = |key: &str| format!("a suite of kind `leak` has no `{key}`");
            refuse(&["doctests"], &not_run, "take it out; documentation tests are not run under tools");
            refuse(&["debug"], &full, "take it out");
            refuse(&["retries"], &not_run, "remove it; an intermittent finding is a finding");
            let other = |key: &str| format!("`{key}` has no effect for the tool `{tool}`");
            if tool != Tool::Resources {
                refuse(&["repeat"], &other, "it is for `resources`");
            }
            if tool != Tool::Miri {
                refuse(&["seeds"], &other, "it is for `miri`");
            }
            if tool == Tool::Resources {
                refuse(&["flags"], &other, "remove it");
            }
        }
    }
}

/// Whether the key's default is there, or nothing.
fn is_default(key: &str, node: &Node) -> bool {
    match (SUITE.key(key).map(|key| key.need), &node.value) {
        (Some(Need::Text(default)), Value::Text(text)) => default == text,
        (Some(Need::Integer(default)), Value::Integer(number)) => default == *number,
        (Some(Need::Flag(default)), Value::Flag(flag)) => default == *flag,
        (_, Value::List(list)) => list.items.is_empty(),
        (_, Value::Table(table)) => table.entries.is_empty(),
        _ => false,
    }
}
