//! Lowers a checked tree to a [`Spec`]: resolves references and reports contradictions.

use std::collections::BTreeMap;
use std::time::Duration;

use compatrix_leak::{LeakSettings, Tool};
use shaped_toml::{defaults, twice, Collector, Node, Problem, Table, Value};

use super::axes::{axes, Axes};
use super::document::SUITE;
use super::format::duration;
use super::profiles::profiles;
use super::rules::{meets_claim, rules, RuleMarks};
use super::{sqlite, ClaimedVersion, Claims, Project, Spec, SqliteSettings, Suite, SuiteKind, Template};
use crate::axis::AxisKind;
use crate::condition::expr::unknown_axis;
use crate::condition::{partial_version, value_version, Condition, ValueTest, Versions};

/// The context of lowering.
pub(crate) struct Context<'c, 'a> {
    /// The folders of fixtures that exist.
    pub(crate) fixtures: &'c [String],
    /// Collects problems.
    pub(crate) c: &'c mut Collector<'a>,
}

/// Lowers the document. Invalid parts are reported and left out, so the result is valid only if nothing was reported.
pub(crate) fn spec(root: &Table, cx: &mut Context<'_, '_>) -> (Spec, Vec<RuleMarks>) {
    let axes = axes(root, cx.fixtures, cx.c);
    let suites = suites(root, &axes, cx);
    let claims = claims(root, &axes, cx.c);
    let (rules, marks) = rules(root, &axes, cx);
    let locks = super::locks::locks(root, &axes, cx.c);
    let profiles = profiles(root, &axes, &suites, &rules, cx.c);
    let ci = super::ci::ci(root, &axes, &suites, &profiles, cx.c);
    let sqlite = root.table("sqlite");
    let spec = Spec {
        project: project(root),
        claims,
        suites: suites.list,
        rules,
        profiles,
        sqlite: SqliteSettings {
            bundled_feature: sqlite.and_then(|table| table.owned("bundled-feature")),
            compile_options: sqlite.and_then(|table| table.texts("compile-options")),
        },
        locks,
        ci,
        space: axes.space,
    };
    (spec, marks)
}

/// Lowers a condition; `None` if something is wrong with it.
pub(crate) fn condition(when: &Table, axes: &Axes, c: &mut Collector<'_>) -> Option<Condition> {
    let mut terms = Vec::new();
    let mut complete = when.rejected.is_empty();
    for entry in &when.entries {
        let Some((_, axis)) = axes.space.axis(&entry.key) else {
            if !axes.is_lost(&entry.key) {
                c.error(entry.key_span.clone(), unknown_axis(&entry.key, &axes.space));
            }
            complete = false;
            continue;
        };
        complete &= entry.node.list().is_none_or(|list| list.rejected.is_empty());
        let mut tests = Vec::new();
        for node in entry.node.one_or_many() {
            let Some(text) = node.text() else { continue };
            match ValueTest::parse(text, axis, axes.rejected(&entry.key)) {
                Ok(test) => tests.push(test),
                Err(problem) => {
                    c.error(node.span.clone(), problem);
                    complete = false;
                }
            }
        }
        terms.push((axis.name.clone(), tests));
    }
    complete.then_some(Condition { terms })
}

fn project(root: &Table) -> Project {
    let table = root.table("project");
    let text = |key| table.and_then(|table| table.owned(key)).unwrap_or_default();
    Project {
        packages: table.and_then(|table| table.texts("packages")).unwrap_or_default(),
        report: text("report"),
        reliability: text("reliability"),
        evidence: text("evidence"),
    }
}

fn claims(root: &Table, axes: &Axes, c: &mut Collector<'_>) -> Claims {
    let Some(table) = root.table("claims") else { return Claims::default() };
    for node in table.node("schema").into_iter().flat_map(Node::one_or_many) {
        let Some(text) = node.text() else { continue };
        let on_axis = axes.space.axis_of(&AxisKind::Schema).map(|(_, axis)| axis);
        let names = || on_axis.into_iter().flat_map(|axis| axis.values.iter().map(|value| value.name.as_str()));
        let excused = axes.is_lost("schema") || axes.rejected("schema").iter().any(|name| name == text);
        if !excused && !names().any(|name| name == text) {
            let problem = Problem::new(format!("the claimed schema `{text}` is not a value of the axis `schema`"));
            c.error(node.span.clone(), problem.known(text, names()).needs_whole());
        }
    }
    let mut seen: BTreeMap<&str, &Node> = BTreeMap::new();
    let mut platforms = Vec::new();
    for tier in table.table("platforms").into_iter().flat_map(|tiers| &tiers.entries) {
        for node in tier.node.one_or_many() {
            let Some(text) = node.text() else { continue };
            match seen.get(text) {
                Some(first) => c.error(node.span.clone(), twice(text, "platforms", &first.span)),
                None => drop(seen.insert(text, node)),
            }
        }
        platforms.push((tier.key.clone(), tier.node.list().map(|list| list.texts()).unwrap_or_default()));
    }
    Claims {
        rust: claimed(table, &AxisKind::Rust, axes, c),
        sqlite: claimed(table, &AxisKind::Sqlite, axes, c),
        schema: table.texts("schema").unwrap_or_default(),
        platforms,
    }
}

fn claimed(table: &Table, kind: &AxisKind, axes: &Axes, c: &mut Collector<'_>) -> Option<ClaimedVersion> {
    let key = if *kind == AxisKind::Rust { "rust" } else { "sqlite" };
    let node = table.node(key)?;
    let text = node.text()?;
    let version = partial_version(text)?;
    let axis = axes.space.axis_of(kind).map(|(_, axis)| axis);
    let proven = axis.is_some_and(|axis| {
        let versions = axis.values.iter().filter_map(|value| value_version(&axis.name, &value.name, &Versions::new()));
        versions.into_iter().any(|version| meets_claim(text, &version))
    });
    if !proven && !axes.is_lost(key) && axes.rejected(key).is_empty() {
        let ladder = sqlite::AMALGAMATIONS.iter().map(|(version, _)| *version);
        let mut available =
            ladder.filter(|known| partial_version(known).is_some_and(|known| meets_claim(text, &known)));
        let value = match kind {
            AxisKind::Sqlite => available.next(),
            _ => Some(text),
        };
        let problem = Problem::new(format!("the claim stays unproven: no value of the axis `{key}` is {text}"));
        c.warning(
            node.span.clone(),
            match value {
                Some(value) => problem.help(format!("add `\"{value}\"` to `axis.{key}`")),
                None => problem.help("that version of SQLite is not available; claim one that is"),
            },
        );
    }
    Some(ClaimedVersion { text: text.to_owned(), version })
}

/// The suites, and whether any was rejected.
pub(super) struct Suites {
    pub(super) list: Vec<Suite>,
    /// Names that exist, those of suites with errors too.
    pub(super) names: Vec<String>,
    /// Whether a suite's name could not be read.
    pub(super) nameless: bool,
}

fn suites(root: &Table, axes: &Axes, cx: &mut Context<'_, '_>) -> Suites {
    let mut suites = Suites { list: Vec::new(), names: Vec::new(), nameless: false };
    let mut spans: Vec<std::ops::Range<usize>> = Vec::new();
    for (_, table) in root.tables("suite") {
        let suite = suite(table, axes, cx);
        let Some(name) = table.node("name") else {
            suites.nameless = true;
            continue;
        };
        let text = name.text().unwrap_or_default();
        match suites.names.iter().position(|old| old == text) {
            Some(first) => cx.c.error(name.span.clone(), twice(text, "suite", &spans[first])),
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
        suites.list.push(Suite { name: "tests".to_owned(), ..suite(&table, axes, cx) });
    }
    suites
}

fn suite(table: &Table, axes: &Axes, cx: &mut Context<'_, '_>) -> Suite {
    let mut env = Vec::new();
    for entry in table.table("env").into_iter().flat_map(|env| &env.entries) {
        let taken =
            axes.space.axes().iter().find(|axis| matches!(&axis.kind, AxisKind::Env { var } if *var == entry.key));
        if let Some(axis) = taken {
            let problem = Problem::new(format!("the axis `{}` sets `{}` already", axis.name, entry.key));
            cx.c.error(
                entry.key_span.clone(),
                problem.help(format!("use another variable and `{{{}.name}}`", axis.name)),
            );
        }
        match Template::parse(entry.node.text().unwrap_or_default(), &axes.space) {
            Ok(template) => env.push((entry.key.clone(), template)),
            Err(problem) => cx.c.error(entry.node.span.clone(), problem),
        }
    }
    let when = table.table("when").and_then(|when| condition(when, axes, cx.c));
    let kind = kind(table);
    refuse_idle_keys(table, &kind, cx.c);
    let timeout = table.text("timeout").and_then(|text| duration(text).ok());
    Suite {
        name: table.owned("name").unwrap_or_default(),
        timeout: timeout.unwrap_or(if matches!(kind, SuiteKind::Leak(_)) { LEAK_TIMEOUT } else { TIMEOUT }),
        kind,
        doctests: table.flag("doctests").unwrap_or_default(),
        retries: table.integer("retries").and_then(|n| u32::try_from(n).ok()).unwrap_or_default(),
        env,
        args: table.texts("args").unwrap_or_default(),
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
        _ => SuiteKind::Test,
    }
}

/// Keys that do nothing in a suite of this kind are said rather than ignored: who writes them expects something.
fn refuse_idle_keys(table: &Table, kind: &SuiteKind, c: &mut Collector<'_>) {
    let defaults = |key: &str, entry: &shaped_toml::Entry| match key {
        "each" => entry.node.text() == Some("auto"),
        "repeat" => matches!(entry.node.value, Value::Integer(12)),
        "seeds" => matches!(entry.node.value, Value::Integer(1)),
        _ => is_nothing(&entry.node),
    };
    let mut refuse = |keys: &[&str], problem: &dyn Fn(&str) -> String, help: &str| {
        for (key, entry) in keys.iter().filter_map(|key| Some((*key, table.entry(key)?))) {
            if !defaults(key, entry) {
                c.error(entry.key_span.clone(), Problem::new(problem(key)).help(help.to_owned()));
            }
        }
    };
    const OF_LEAKS: [&str; 6] = ["tool", "errors-for", "each", "repeat", "seeds", "flags"];
    match kind {
        SuiteKind::Build => {
            let nothing = |key: &str| format!("a suite of kind `build` runs nothing, so `{key}` does nothing");
            refuse(&["args", "env", "retries", "doctests"], &nothing, "take it out, or make the kind `test`");
            refuse(&OF_LEAKS, &nothing, "take it out, or make the kind `leak`");
        }
        SuiteKind::Test => {
            let no_leaks = |key: &str| format!("`{key}` is for suites of kind `leak`");
            refuse(&OF_LEAKS, &no_leaks, "add `kind = \"leak\"`, or take it out");
        }
        SuiteKind::Leak(settings) => {
            let tool = settings.tool;
            let not_run = |key: &str| format!("a suite of kind `leak` has no `{key}`");
            refuse(&["doctests"], &not_run, "take it out; documentation tests are not run under tools");
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

/// Whether the value is a default.
fn is_nothing(node: &Node) -> bool {
    match &node.value {
        Value::Text(_) => false,
        Value::Integer(number) => *number == 0,
        Value::Flag(flag) => !flag,
        Value::List(list) => list.items.is_empty(),
        Value::Table(table) => table.entries.is_empty(),
    }
}
