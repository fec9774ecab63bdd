//! Lowers `[ci]`: checks references and contradictions.

use std::collections::BTreeMap;
use std::ops::Range;

use shaped_toml::{Collector, Entry, Node, Problem, Table};

use super::cron::{self, Cron};
use super::format::{days, job_time};
use super::settings::{Check, Checks, Ci, CiEvent, EventBench, EventSettings, JobCommand, ToolSource};
use crate::matrix_spec::axes::Axes;
use crate::matrix_spec::conditions::condition;
use crate::matrix_spec::profiles::Profile;
use crate::matrix_spec::suites::{RunBy, Suite, Suites};

/// The branch of records, unless the spec names another.
const BENCH_BRANCH: &str = "bench-evidence";

/// The parts of the spec that `[ci]` refers to.
struct Known<'a> {
    root: &'a Table,
    suites: &'a Suites,
    profiles: &'a BTreeMap<String, Profile>,
    /// `[ci]` itself.
    ci: &'a Table,
    runners: &'a [(String, String)],
}

/// Lowers `[ci]`; none if the spec has none.
pub(in crate::matrix_spec) fn ci(
    root: &Table,
    axes: &Axes,
    suites: &Suites,
    profiles: &BTreeMap<String, Profile>,
    c: &mut Collector<'_>,
) -> Option<Ci> {
    let entry = root.entry("ci")?;
    let table = entry.node.table()?;
    let entries = table.table("runners").into_iter().flat_map(|runners| &runners.entries);
    let label = |runner: &Node| runner.table().map_or_else(|| runner.text().map(str::to_owned), |it| it.owned("label"));
    let runners: Vec<(String, String)> =
        entries.clone().filter_map(|runner| Some((runner.key.clone(), label(&runner.node)?))).collect();
    let tried = entries.filter(|runner| is_tried(table, &runner.key));
    let tried_platforms = tried.map(|runner| runner.key.clone()).collect();
    let known = Known { root, suites, profiles, ci: table, runners: &runners };
    let mut events = BTreeMap::new();
    for event in CiEvent::ALL {
        let found = table.entry(event.as_str()).and_then(|entry| Some((entry, entry.node.table()?)));
        if let Some((entry, settings)) = found {
            events.insert(event, known.event(event, entry, settings, c));
        }
    }
    if events.is_empty() && table.rejected.is_empty() {
        let problem = Problem::new("`[ci]` names no event").needs_whole();
        let help = "add `[ci.pull_request]` with `compat = \"PROFILE\"`, `[ci.push]` or `[ci.schedule]`";
        c.error(entry.key_span.clone(), problem.help(help));
    }
    known.warn_of_runners(&events, c);
    known.warn_of_machines(c);
    let may_fail = table.node("may-fail").into_iter().flat_map(Node::one_or_many).filter_map(Node::table);
    let may_fail = may_fail.filter_map(|when| condition(when, axes, c)).collect();
    Some(Ci {
        branches: table.texts("branches").unwrap_or_default(),
        tool: table.entry("tool").and_then(|entry| tool(entry, c)),
        events,
        timeout_minutes: table.text("timeout").and_then(|text| job_time(text).ok()).unwrap_or_default(),
        retention_days: table.text("retention").and_then(|text| days(text).ok()).unwrap_or_default(),
        caches: table.flag("caches").unwrap_or_default(),
        code_scanning: table.flag("code-scanning").unwrap_or_default(),
        missing_fails: table.text("missing") == Some("fail"),
        may_fail,
        checks: table.entry("checks").and_then(|entry| checks(entry, c)),
        runners,
        tried_platforms,
    })
}

impl Known<'_> {
    fn event(&self, event: CiEvent, entry: &Entry, table: &Table, c: &mut Collector<'_>) -> EventSettings {
        for work in JobCommand::ALL {
            if let Some(node) = table.node(work.as_str()) {
                let (lacks, other) = match work {
                    JobCommand::LeakCheck => ("has no suite of kind `leak`", "compat"),
                    JobCommand::Compat => ("has only suites of the kinds `leak` and `bench`", "leak-check"),
                };
                let help = format!("`{}` would run nothing: name another profile, or make it `{other}`", work.as_str());
                self.check_profile(node, |suite| work.runs(suite), lacks, &help, c);
            }
        }
        let bench = self.bench(table, c);
        let idle = JobCommand::ALL.iter().all(|work| table.entry(work.as_str()).is_none()) && bench.is_none();
        if idle && table.rejected.is_empty() {
            let problem = Problem::new(format!("`[ci.{event}]` runs nothing")).needs_whole();
            c.error(
                entry.key_span.clone(),
                problem
                    .help("add `compat = \"PROFILE\"`, `leak-check = \"PROFILE\"`, `bench = \"PROFILE\"`, or several"),
            );
        }
        for node in table.node("platforms").into_iter().flat_map(Node::one_or_many) {
            self.check_platform(node, c);
        }
        let crons = table.node("cron").map(Node::one_or_many).unwrap_or_default();
        check_crons(crons, c);
        let number = |key: &str| table.integer(key).and_then(|n| u32::try_from(n).ok());
        EventSettings {
            compat: table.owned(JobCommand::Compat.as_str()),
            leak_check: table.owned(JobCommand::LeakCheck.as_str()),
            bench,
            platforms: match table.texts("platforms") {
                Some(platforms) => platforms,
                None => self.runners.iter().map(|(platform, _)| platform.clone()).collect(),
            },
            max_jobs: number("max-jobs"),
            max_minutes: number("max-minutes"),
            crons: crons.iter().filter_map(|node| node.text().map(str::to_owned)).collect(),
        }
    }

    /// What `bench` runs, and what depends on it.
    fn bench(&self, table: &Table, c: &mut Collector<'_>) -> Option<EventBench> {
        let Some(node) = table.node("bench") else {
            let idle = table.entries.iter().filter(|entry| entry.key.starts_with("bench-"));
            for entry in idle.filter(|_| !is_lost(table, "bench")) {
                let problem = Problem::new(format!("`{}` without `bench` does nothing", entry.key));
                c.error(
                    entry.key_span.clone(),
                    problem.help("add `bench = \"PROFILE\"`, or remove the key").needs_whole(),
                );
            }
            return None;
        };
        let help = "`bench` would compare nothing: add a suite of kind `bench` to the profile, or name another profile";
        let runs = |suite: &Suite| suite.run_by() == RunBy::Bench;
        self.check_profile(node, runs, "has no suite of kind `bench`", help, c);
        let tested = self.ci.texts("branches").unwrap_or_default();
        let branch = table.node("bench-branch");
        if let Some((node, name)) = branch
            .and_then(|node| Some((node, node.text()?)))
            .filter(|(_, name)| tested.iter().any(|tested| tested == name))
        {
            let problem = Problem::new(format!("`{name}` is one of the `branches`"));
            c.error(node.span.clone(), problem.help("name a branch that only keeps records: CI pushes commits to it"));
        }
        Some(EventBench {
            profile: node.text().unwrap_or_default().to_owned(),
            rounds: table.integer("bench-rounds").and_then(|n| u32::try_from(n).ok()),
            comment: table.flag("bench-comment").unwrap_or(true),
            branch: table.owned("bench-branch").unwrap_or_else(|| BENCH_BRANCH.to_owned()),
        })
    }

    /// A profile that exists and has something for a command to run; `lacks` and `help` say what it does not have.
    fn check_profile(
        &self,
        node: &Node,
        runs: impl Fn(&Suite) -> bool,
        lacks: &str,
        help: &str,
        c: &mut Collector<'_>,
    ) {
        let Some(name) = node.text() else { return };
        let Some(profile) = self.profiles.get(name) else {
            let lost = self.root.table("profile").is_some_and(|table| table.rejected.iter().any(|lost| lost == name));
            if !lost && !is_lost(self.root, "profile") {
                let problem = Problem::new(format!("unknown profile `{name}`")).known(name, self.profiles.keys());
                c.error(node.span.clone(), problem.needs_whole());
            }
            return;
        };
        let named = |suite: &&Suite| profile.suites.is_empty() || profile.suites.contains(&suite.name);
        if !self.suites_are_whole(profile) || self.suites.list.iter().filter(named).any(runs) {
            return;
        }
        let problem = Problem::new(format!("the profile `{name}` {lacks}"));
        c.error(node.span.clone(), problem.help(help).needs_whole());
    }

    /// Whether the suites of the profile could all be read, so that what they lack is no consequence of another error.
    fn suites_are_whole(&self, profile: &Profile) -> bool {
        let broken = |table: &Table| ["name", "kind"].iter().any(|key| is_lost(table, key));
        let lists = self.root.node("suite").and_then(Node::list).is_none_or(|list| list.rejected.is_empty());
        lists
            && !self.suites.nameless
            && !is_lost(self.root, "suite")
            && !self.root.tables("suite").any(|(_, table)| broken(table))
            && profile.suites.iter().all(|name| self.suites.names.contains(name))
    }

    /// A platform that has a runner.
    fn check_platform(&self, node: &Node, c: &mut Collector<'_>) {
        let Some(platform) = node.text() else { return };
        let lost = self.ci.table("runners").is_none_or(|runners| is_lost(runners, platform));
        if lost || runner(self.ci, platform).is_some() {
            return;
        }
        let problem = Problem::new(format!("the platform `{platform}` has no runner"));
        let problem = problem.known(platform, self.runners.iter().map(|(platform, _)| platform));
        let help = format!("add `{platform} = \"{}\"` to `[ci.runners]`", usual_runner(platform));
        c.error(node.span.clone(), problem.help(help));
    }

    /// Runners that no event uses, and promises of the first tier that no runner proves.
    fn warn_of_runners(&self, events: &BTreeMap<CiEvent, EventSettings>, c: &mut Collector<'_>) {
        let entries = self.ci.table("runners").into_iter().flat_map(|runners| &runners.entries);
        for runner in entries.filter(|_| !events.is_empty()) {
            if !events.values().any(|event| event.platforms.contains(&runner.key)) {
                let problem = Problem::new(format!("no event uses the runner of `{}`", runner.key)).needs_whole();
                c.warning(runner.key_span.clone(), problem.help("add the platform to the `platforms` of an event"));
            }
        }
        let tiers = self.root.table("claims").and_then(|claims| claims.table("platforms"));
        let first = tiers.and_then(|tiers| tiers.node("tier1")).into_iter().flat_map(Node::one_or_many);
        let whole = self.ci.table("runners").is_some_and(|runners| runners.rejected.is_empty());
        for node in first.filter(|_| whole) {
            let Some(platform) = node.text() else { continue };
            if runner(self.ci, platform).is_none() {
                let problem = Problem::new(format!("the claim is not proven by CI: `{platform}` has no runner"));
                let help = format!("add `{platform} = \"{}\"` to `[ci.runners]`", usual_runner(platform));
                c.warning(node.span.clone(), problem.help(help));
            } else if is_tried(self.ci, platform) {
                let problem =
                    Problem::new(format!("the claim is of the first tier, and the runner of `{platform}` may fail"));
                let help = "remove `may-fail` from the runner, or promise the platform in another tier";
                c.warning(node.span.clone(), problem.help(help));
            }
        }
        for (event, settings) in events {
            let Some(entry) = self.ci.entry(event.as_str()) else { continue };
            let mut platforms = settings.platforms.iter();
            if platforms.len() > 0 && platforms.all(|platform| is_tried(self.ci, platform)) {
                let problem =
                    Problem::new(format!("every platform of `[ci.{event}]` may fail: its verdict proves nothing"));
                let help = "remove `may-fail` from the runner of one, or name another platform";
                c.warning(entry.key_span.clone(), problem.help(help));
            }
        }
    }

    /// Machines of the axis `os` that no runner is.
    fn warn_of_machines(&self, c: &mut Collector<'_>) {
        let runners = self.ci.table("runners");
        if runners.is_some_and(|runners| !runners.rejected.is_empty()) {
            return;
        }
        let systems = self.root.table("axis").and_then(|axis| axis.table("os"));
        for entry in systems.into_iter().flat_map(|systems| &systems.entries) {
            let Some(table) = entry.node.table() else { continue };
            let (Some(label), Some(platform)) = (table.entry("label"), table.text("platform")) else { continue };
            let Some(text) = label.node.text() else { continue };
            if !self.runners.iter().any(|(of, runner)| of == platform && runner == text) {
                let of_another = self.runners.iter().find(|(_, runner)| *runner == text);
                let (problem, help) = match of_another {
                    Some((of, _)) => (
                        format!(
                            "`[ci.runners]` names `{text}` for {of}, not for {platform}: no job tries `{}`",
                            entry.key
                        ),
                        format!("make it `platform = \"{of}\"`, or correct the runner's platform"),
                    ),
                    None => (
                        format!("no runner of `[ci.runners]` is `{text}`: no job tries `{}`", entry.key),
                        format!("make it `{platform} = \"{text}\"` in `[ci.runners]`, or remove the value"),
                    ),
                };
                let problem = Problem::new(problem);
                c.warning(label.node.span.clone(), problem.help(help));
            }
        }
    }
}

/// What `[ci.runners]` says of this platform, also where the label is missing.
fn runner<'t>(ci: &'t Table, platform: &str) -> Option<&'t Entry> {
    ci.table("runners")?.entry(platform)
}

/// Whether the runner of this platform may fail.
fn is_tried(ci: &Table, platform: &str) -> bool {
    let table = runner(ci, platform).and_then(|runner| runner.node.table());
    table.is_some_and(|it| it.flag("may-fail") == Some(true))
}

/// Whether the key was there and could not be read.
fn is_lost(table: &Table, key: &str) -> bool {
    table.rejected.iter().any(|lost| lost == key)
}

/// A label of GitHub's own runners. Source: github.com/actions/runner-images.
fn usual_runner(platform: &str) -> &'static str {
    match platform {
        "linux-x86_64" => "ubuntu-24.04",
        "linux-aarch64" => "ubuntu-24.04-arm",
        "macos-aarch64" => "macos-15",
        "macos-x86_64" => "macos-15-intel",
        "windows-x86_64" => "windows-2025",
        "windows-aarch64" => "windows-11-arm",
        _ => "LABEL",
    }
}

/// Schedules that fire more often than GitHub starts them, alone or together.
fn check_crons(nodes: &[Node], c: &mut Collector<'_>) {
    let mut before: Vec<(&str, Cron, Range<usize>)> = Vec::new();
    for node in nodes {
        let Some((text, cron)) = node.text().and_then(|text| Some((text, cron::parse(text).ok()?))) else { continue };
        let span = node.span.clone();
        let help =
            format!("GitHub starts a schedule every {} minutes at most; leave more time between", cron::SHORTEST);
        if let Some(gap) = cron.shortest().filter(|gap| gap.minutes < cron::SHORTEST) {
            let problem = Problem::new(format!("`{text}` fires {gap}"));
            c.error(span.clone(), problem.label("too often").help(help));
            continue;
        }
        let near = before.iter().find_map(|(other, cron_before, first)| {
            let gap = cron.shortest_to(cron_before).filter(|gap| gap.minutes < cron::SHORTEST)?;
            Some((other, first, gap))
        });
        if let Some((other, first, gap)) = near {
            let problem = Problem::new(match gap.minutes {
                0 => format!("`{text}` and `{other}` fire at the same time: {gap}"),
                _ => format!("`{text}` and `{other}` together fire {gap}"),
            });
            c.error(span.clone(), problem.label("too close").related(first.clone(), "the other").help(help));
        }
        before.push((text, cron, span));
    }
}

/// Exactly one of the three sources.
fn tool(entry: &Entry, c: &mut Collector<'_>) -> Option<ToolSource> {
    let table = entry.node.table()?;
    let named: Vec<&Entry> = ["git", "version", "path"].iter().filter_map(|key| table.entry(key)).collect();
    let whole = table.rejected.is_empty();
    if let Some(rev) = table.entry("rev").filter(|_| table.entry("git").is_none() && !is_lost(table, "git")) {
        let problem = Problem::new("`rev` names a commit, but no repository").label("of which repository?");
        c.error(rev.key_span.clone(), problem.help("add `git = \"https://…\"`, or remove `rev`"));
        return None;
    }
    if let (Some(git), None, true) = (table.entry("git"), table.entry("rev"), whole) {
        let problem = Problem::new("`git` has no `rev`, so the tool would change between two runs");
        c.error(git.key_span.clone(), problem.help("add `rev = \"…\"`, all 40 hex digits of the commit").needs_whole());
    }
    match named[..] {
        [_] => {}
        [] if whole => {
            let problem = Problem::new("`[ci.tool]` names no source").needs_whole();
            c.error(entry.key_span.clone(), problem.help("add `git` with `rev`, `version`, or `path`"));
        }
        [] => {}
        [first, second, ..] => {
            let problem = Problem::new(format!("`{}` and `{}` are two sources of one tool", first.key, second.key));
            let problem = problem.label("a second source").related(first.key_span.clone(), "the first");
            c.error(second.key_span.clone(), problem.help("keep one of `git` with `rev`, `version`, and `path`"));
        }
    }
    match (table.owned("git"), table.owned("rev"), table.owned("version"), table.owned("path")) {
        (Some(url), Some(rev), None, None) => Some(ToolSource::Git { url, rev }),
        (None, None, Some(version), None) => Some(ToolSource::Registry { version }),
        (None, None, None, Some(path)) => Some(ToolSource::Path(path)),
        _ => None,
    }
}

fn checks(entry: &Entry, c: &mut Collector<'_>) -> Option<Checks> {
    let table = entry.node.table()?;
    let run = table.texts("run");
    let run = run.map(|words| words.iter().filter_map(|word| Check::from_word(word)).collect());
    let checks = Checks {
        run: run.unwrap_or_else(|| Check::ALL.to_vec()),
        script: table.owned("script"),
        packages: table.texts("packages").unwrap_or_default(),
    };
    let lost = |node: &Node| node.list().is_some_and(|list| !list.rejected.is_empty());
    let broken = !table.rejected.is_empty() || table.node("run").is_some_and(lost);
    if checks.run.is_empty() && checks.script.is_none() && !broken {
        let problem = Problem::new("`[ci.checks]` checks nothing").needs_whole();
        c.error(entry.key_span.clone(), problem.help("name some in `run`, add a `script`, or take the table out"));
    }
    Some(checks)
}
