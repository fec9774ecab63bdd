//! The planted leaks: each in a test of its own beside a clean twin, looked for by every tool. A leak that a tool can see and
//! misses, or lays to another test, is a failure; so is a finding in a twin.
//!
//! The workspace with the tests lies in `xtask/planted`, each file with `.txt` behind its name: it leaks on purpose and
//! calls C, and is no part of this workspace.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use anyhow::{ensure, Context, Result};
use compatrix::pure::leak::planted::{self, PlantedLeak, PlantedTable};
use compatrix::pure::leak::Tool;
use serde_json::Value;

use super::scene::Bench;
use super::ways::{Sight, Way, WAYS};

/// Looks for the planted leaks with every tool that is here, prints what came of it and writes it down. Tells whether
/// nothing went wrong.
pub(super) fn leaks(bench: &Bench) -> Result<bool> {
    let root = stage(bench)?;
    let report = leak_check(bench, &root)?;
    let mut seen = BTreeMap::new();
    for row in report["rows"].as_array().context("no rows in the report")? {
        let leaks = &row["record"]["leaks"];
        let suite = row["suite"].as_str().unwrap_or_default();
        let cause = row["cause"].as_str().unwrap_or_default();
        match Tool::from_word(suite).context("a suite is not named after its tool")? {
            tool if !leaks.is_null() => {
                ensure!(leaks["canary"]["is"] == "proven", "{tool}: {cause}");
                seen.insert(tool, Seen::of(leaks));
            }
            tool => println!("{tool}: not looked, {cause}"),
        }
    }
    let mut faults = Vec::new();
    let tools: Vec<Tool> = seen.keys().copied().collect();
    let mut table = PlantedTable { tools, leaks: Vec::new() };
    for way in WAYS {
        table.leaks.push(row_of(way, &seen));
    }
    faults.extend(table.faults());
    for (tool, seen) in &seen {
        faults.extend(seen.strays(*tool));
    }
    print!("{}", shown(&table));
    for fault in &faults {
        println!("FAULT {fault}");
    }
    let needed = [Tool::Valgrind, Tool::Asan, Tool::Lsan, Tool::Resources];
    match needed.iter().find(|tool| !seen.contains_key(tool)) {
        Some(tool) => println!("{} is left as it is: {tool} did not look", planted::FILE),
        None => std::fs::write(bench.root.join(planted::FILE), table.to_text()).context(planted::FILE)?,
    }
    Ok(faults.is_empty())
}

/// Puts the planted workspace below the scratch folder. What is as it was keeps its time, and so its build.
fn stage(bench: &Bench) -> Result<PathBuf> {
    let (from, to) = (bench.root.join("xtask/planted"), bench.scratch.join("planted"));
    copy(&from, &to)?;
    std::fs::write(to.join(".gitignore"), "/target\n")?;
    // A repository of its own: in that of this workspace the scratch folder is ignored, and so has no sources.
    let made = Command::new("git").args(["init", "-q"]).current_dir(&to).status().context("git does not run")?;
    ensure!(made.success(), "git makes no repository in {}", to.display());
    Ok(to)
}

fn copy(from: &Path, to: &Path) -> Result<()> {
    std::fs::create_dir_all(to).with_context(|| format!("cannot make {}", to.display()))?;
    for entry in std::fs::read_dir(from).with_context(|| format!("cannot list {}", from.display()))? {
        let entry = entry?;
        let name = entry.file_name().to_string_lossy().into_owned();
        let to = to.join(name.strip_suffix(".txt").unwrap_or(&name));
        if entry.file_type()?.is_dir() {
            copy(&entry.path(), &to)?;
            continue;
        }
        let content = std::fs::read(entry.path())?;
        if std::fs::read(&to).ok().as_ref() != Some(&content) {
            std::fs::write(&to, content).with_context(|| format!("cannot write {}", to.display()))?;
        }
    }
    Ok(())
}

fn leak_check(bench: &Bench, root: &Path) -> Result<Value> {
    let mut command = Command::new(&bench.program);
    command.arg("--root").arg(root).args(["leak-check", "--fresh", "--no-install", "--quiet", "--format", "json"]);
    command.env_remove("CARGO_TARGET_DIR").stdin(Stdio::null()).stderr(Stdio::inherit());
    let output = command.output().context("leak-check does not start")?;
    // What was planted fails every suite.
    if output.status.code() != Some(1) {
        println!("leak-check ended with {}", output.status);
    }
    let report = serde_json::from_slice(&output.stdout).context("leak-check gives no JSON")?;
    Ok(report)
}

/// What a tool found.
struct Seen {
    /// The kinds of the errors, by test; those of no test under an empty name.
    errors: BTreeMap<String, Vec<String>>,
    /// Why tests could not be run.
    not_run: BTreeMap<String, String>,
    /// How many tests ran.
    ran: usize,
}

impl Seen {
    fn of(leaks: &Value) -> Self {
        let list = |value: &Value| value.as_array().cloned().unwrap_or_default();
        let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
        let mut errors: BTreeMap<String, Vec<String>> = BTreeMap::new();
        for finding in list(&leaks["findings"]).iter().filter(|finding| finding["standing"]["standing"] == "error") {
            errors.entry(text(&finding["test"])).or_default().push(text(&finding["kind"]));
        }
        let groups = list(&leaks["not_runnable"]);
        let not_run = groups.iter().flat_map(|group| {
            let tests = list(&group["tests"]);
            tests.into_iter().map(move |test| {
                let test = text(&test);
                (test.strip_prefix("planted::").unwrap_or(&test).to_owned(), text(&group["reason"]))
            })
        });
        Self { errors, not_run: not_run.collect(), ran: leaks["ran"].as_u64().unwrap_or_default() as usize }
    }

    /// Whether something of this kind was laid to the test.
    fn found(&self, test: &str, kind: &str) -> bool {
        self.errors.get(test).is_some_and(|kinds| kinds.iter().any(|found| found == kind))
    }

    /// What is no planted leak and no twin: findings of no test, tests that were lost.
    fn strays(&self, tool: Tool) -> Vec<String> {
        let ours = |test: &str| WAYS.iter().any(|way| test == way.leak() || test == way.twin());
        let strays = self.errors.keys().filter(|test| !ours(test));
        let mut faults: Vec<String> =
            strays.map(|test| format!("{tool} lays a finding to `{test}`, where none is")).collect();
        let (ran, all) = (self.ran + self.not_run.len(), 2 * WAYS.len());
        if ran != all {
            faults.push(format!("{tool} accounts for {ran} of {all} tests"));
        }
        faults
    }
}

fn row_of(way: &Way, seen: &BTreeMap<Tool, Seen>) -> PlantedLeak {
    let word = |(tool, seen): (&Tool, &Seen)| {
        let sight = way.sight(*tool);
        match (sight, seen.not_run.get(&way.leak())) {
            (Sight::Sees(kind), _) if seen.found(&way.leak(), kind) => "found".to_owned(),
            // Only what a tool says itself excuses it where the table does not.
            (Sight::Sees(_), Some(why)) if *tool == Tool::Miri => format!("cannot: {why}"),
            (Sight::Sees(_), _) => "missed".to_owned(),
            (Sight::Cannot(why), _) => format!("cannot: {why}"),
        }
    };
    let alarm = seen.values().any(|seen| seen.errors.contains_key(&way.twin()));
    PlantedLeak {
        name: way.name.to_owned(),
        what: way.what.to_owned(),
        found: seen.iter().map(word).collect(),
        twin: if alarm { "alarm" } else { "clean" }.to_owned(),
    }
}

/// The table for a terminal; the reasons stand below it, numbered.
fn shown(table: &PlantedTable) -> String {
    let mut reasons: Vec<&str> = Vec::new();
    let mut out = format!("{:24}", "planted leak");
    for tool in &table.tools {
        out.push_str(&format!("{tool:>11}"));
    }
    out.push_str("       twin\n");
    for leak in &table.leaks {
        out.push_str(&format!("{:24}", leak.name));
        for word in &leak.found {
            let word = match word.strip_prefix("cannot: ") {
                None => word.clone(),
                Some(why) => {
                    let at = reasons.iter().position(|known| *known == why).unwrap_or_else(|| {
                        reasons.push(why);
                        reasons.len() - 1
                    });
                    format!("cannot ({})", at + 1)
                }
            };
            out.push_str(&format!("{word:>11}"));
        }
        out.push_str(&format!("{:>11}\n", leak.twin));
    }
    for (n, reason) in reasons.iter().enumerate() {
        out.push_str(&format!("({}) {reason}\n", n + 1));
    }
    for (nth, tool) in table.tools.iter().enumerate() {
        let count = |word: &str| table.leaks.iter().filter(|leak| leak.found[nth] == word).count();
        let (found, missed) = (count("found"), count("missed"));
        out.push_str(&format!("{tool}: {found} found of the {} that it can see\n", found + missed));
    }
    let clean = table.leaks.iter().filter(|leak| leak.twin == "clean").count();
    out.push_str(&format!("{clean} of {} twins are clean\n", table.leaks.len()));
    out
}
