//! The plan as text: provisions, builds, runs, predicted times, and what is excluded and why.

use std::collections::BTreeMap;
use std::fmt::Write;

use compatrix_model::facts::{Availability, PlanFacts};
use compatrix_model::matrix_spec::Spec;
use compatrix_model::plan::{Build, Plan, Provision, Run, SkipReason};
use compatrix_model::results::matrix::Chosen;
use compatrix_model::verdict::Verdict;

use crate::choice;
use crate::look::{count, duration, pad, width, wrap, Look};

/// The plan as tables. `facts` must be those that the plan was made from; `known` says of each run whether its result is
/// known.
pub fn plan_table(spec: &Spec, plan: &Plan, facts: &PlanFacts, known: &[bool], look: &Look) -> String {
    let mut out = String::new();
    provisions(&mut out, plan, facts, look);
    builds(&mut out, spec, plan, facts, look);
    runs(&mut out, spec, plan, look);
    skips(&mut out, plan, look);
    totals(&mut out, spec, plan, facts, look);
    let reused = known.iter().filter(|known| **known).count();
    if reused > 0 {
        let _ = writeln!(out, "{} known and used again", count(reused, "result"));
    }
    out.push_str(&choice::lines(&Chosen::of(plan), look));
    out
}

fn heading(out: &mut String, look: &Look, text: &str) {
    if !out.is_empty() {
        out.push('\n');
    }
    let _ = writeln!(out, "{}", look.bold(text));
}

/// Rows of two columns, the second wrapped with a hanging indent.
fn pairs(out: &mut String, look: &Look, rows: &[(String, String)]) {
    let widest = rows.iter().map(|(name, _)| width(name)).max().unwrap_or(0).min(look.width / 2);
    for (name, text) in rows {
        let lines = wrap(text, look.width.saturating_sub(widest + 4).max(16));
        let first = lines.first().map_or("", String::as_str);
        let _ = writeln!(out, "{}", format!("  {}  {first}", pad(name, widest)).trim_end());
        for line in lines.iter().skip(1) {
            let _ = writeln!(out, "  {:widest$}  {line}", "");
        }
    }
}

fn provisions(out: &mut String, plan: &Plan, facts: &PlanFacts, look: &Look) {
    if plan.provisions.is_empty() {
        return;
    }
    fn how<T>(availability: Option<&Availability<T>>) -> String {
        match availability {
            Some(Availability::Obtainable { how }) => how.clone(),
            Some(Availability::Ready(_)) => "ready".to_owned(),
            Some(Availability::Missing { reason }) => reason.clone(),
            None => String::new(),
        }
    }
    let rows: Vec<(String, String)> = plan
        .provisions
        .iter()
        .map(|provision| match provision {
            Provision::Toolchain(value) => (format!("rust={value}"), how(facts.toolchains.get(value))),
            Provision::Sqlite(value) => (format!("sqlite={value}"), how(facts.sqlite.get(value))),
            Provision::SqliteForTarget(os, value) => {
                let found = facts.libraries.get(os).and_then(|all| all.get(value));
                (format!("sqlite={value} for os={os}"), how(found))
            }
            Provision::SqliteInRoot(root, value) => {
                let found = facts.roots.get(root).and_then(|root| root.get(value));
                (format!("sqlite={value} in rust={root}"), how(found))
            }
            Provision::Fixture(value) => (format!("schema={value}"), how(facts.fixtures.get(value))),
            Provision::Lockset(name) => {
                let found = facts.locksets.iter().find(|(lockset, _)| lockset.to_string() == *name);
                (format!("lockset {name}"), how(found.map(|(_, staged)| staged)))
            }
        })
        .collect();
    heading(out, look, &format!("to provide ({})", rows.len()));
    pairs(out, look, &rows);
}

fn builds(out: &mut String, spec: &Spec, plan: &Plan, facts: &PlanFacts, look: &Look) {
    if plan.builds.is_empty() {
        return;
    }
    let mut runs: Vec<Vec<&Run>> = vec![Vec::new(); plan.builds.len()];
    for run in &plan.runs {
        runs[run.build].push(run);
    }
    // `+` marks a time without the parts that were never timed.
    let cells_in = |runs: &[&Run]| -> String {
        let known: Vec<u64> = runs.iter().filter_map(|run| run_ms(spec, facts, run)).collect();
        let more = if known.len() < runs.len() { "+" } else { "" };
        if known.is_empty() {
            "?".to_owned()
        } else {
            format!("{}{more}", duration(known.iter().sum()))
        }
    };
    let rows: Vec<[String; 4]> = plan
        .builds
        .iter()
        .zip(plan.build_names(&spec.space))
        .zip(&runs)
        .map(|((build, name), runs)| {
            let compiles = build_ms(facts, build).map_or("?".to_owned(), duration);
            [name, runs.len().to_string(), compiles, cells_in(runs)]
        })
        .collect();
    let headings = ["build", "runs", "compiles in", "runs in"];
    let wide = |n: usize| rows.iter().map(|row| width(&row[n])).chain([headings[n].len()]).max().unwrap_or(0);
    let least = |n: usize| if n == 0 { 12 } else { 0 };
    let timed = rows.iter().any(|row| row[2] != "?" || row[3] != "?");
    // Omit times before cutting names.
    let fits = |columns: usize| (0..columns).map(|n| wide(n).max(least(n)) + 2).sum::<usize>() <= look.width;
    let columns = if timed && fits(4) { 4 } else { 2 };
    let id = wide(0).min(look.width.saturating_sub(4 + wide(1))).max(least(0));
    let line = |cells: [&str; 4]| {
        // Wrap a long name at word boundaries.
        let mut names = wrap(cells[0], id).into_iter();
        let mut line = format!("  {}", pad(&names.next().unwrap_or_default(), id));
        for (n, cell) in cells.iter().enumerate().take(columns).skip(1) {
            let _ = write!(line, "  {cell:>wide$}", wide = wide(n));
        }
        for rest in names {
            let _ = write!(line, "\n    {rest}");
        }
        line
    };
    heading(out, look, &format!("to build ({})", rows.len()));
    let _ = writeln!(out, "{}", look.dim(&line(headings)));
    for row in &rows {
        let _ = writeln!(out, "{}", line([&row[0], &row[1], &row[2], &row[3]]));
    }
}

fn runs(out: &mut String, spec: &Spec, plan: &Plan, look: &Look) {
    if plan.runs.is_empty() {
        return;
    }
    heading(out, look, &format!("to run ({})", plan.runs.len()));
    let of = |n: usize| plan.runs.iter().filter(|run| run.suite == n).count();
    let suites = spec.suites.iter().enumerate().filter(|(n, _)| of(*n) > 0);
    let rows: Vec<_> = suites.map(|(n, s)| (format!("suite {}", s.name), count(of(n), "cell"))).collect();
    pairs(out, look, &rows);
    let mut left_out: BTreeMap<&str, usize> = BTreeMap::new();
    for package in plan.runs.iter().flat_map(|run| &plan.builds[run.build].lockset.left_out) {
        *left_out.entry(package).or_insert(0) += 1;
    }
    if left_out.is_empty() {
        return;
    }
    heading(out, look, "packages left out, because they do not promise this Rust");
    let rows: Vec<_> = left_out.into_iter().map(|(package, n)| (package.to_owned(), count(n, "cell"))).collect();
    pairs(out, look, &rows);
}

fn skips(out: &mut String, plan: &Plan, look: &Look) {
    if plan.skips.is_empty() {
        return;
    }
    heading(out, look, &format!("not to run ({})", plan.skips.len()));
    let mut numbers = vec![0usize; plan.reasons.len()];
    for skip in &plan.skips {
        numbers[skip.reason] += 1;
    }
    let mut rows: Vec<(usize, String)> = plan
        .reasons
        .iter()
        .zip(numbers)
        .filter(|(_, n)| *n > 0)
        .map(|(reason, n)| match reason {
            SkipReason::Excluded { reason } => (n, format!("excluded by a rule: {reason}")),
            SkipReason::Unavailable { value, reason } => (n, format!("{value}: {reason}")),
            SkipReason::NotPromised { value, reason } => (n, format!("not promised: {value}: {reason}")),
        })
        .collect();
    rows.sort_by_key(|(n, _)| std::cmp::Reverse(*n));
    let rows: Vec<_> = rows.into_iter().map(|(n, reason)| (format!("{n:>5}"), reason)).collect();
    pairs(out, look, &rows);
}

/// `3 to provide · 12 builds · 180 runs · 24 not to run`, then the predicted time.
fn totals(out: &mut String, spec: &Spec, plan: &Plan, facts: &PlanFacts, look: &Look) {
    if !out.is_empty() {
        out.push('\n');
    }
    let parts = [count(plan.builds.len(), "build"), count(plan.runs.len(), "run")];
    let mut text = parts.join(look.dot());
    if !plan.provisions.is_empty() {
        text = format!("{} to provide{}{text}", plan.provisions.len(), look.dot());
    }
    if !plan.skips.is_empty() {
        let _ = write!(
            text,
            "{}{}",
            look.dot(),
            look.verdict(Verdict::Unproven, &format!("{} not to run", plan.skips.len()))
        );
    }
    let _ = writeln!(out, "{text}");
    let builds: Vec<Option<u64>> = plan.builds.iter().map(|build| build_ms(facts, build)).collect();
    let runs: Vec<Option<u64>> = plan.runs.iter().map(|run| run_ms(spec, facts, run)).collect();
    let known: u64 = builds.iter().chain(&runs).flatten().sum();
    let untimed = |list: &[Option<u64>]| list.iter().filter(|ms| ms.is_none()).count();
    let (new_builds, new_runs) = (untimed(&builds), untimed(&runs));
    if known == 0 {
        return;
    }
    let mut text = format!("about {} of work, run serially and with nothing reused", duration(known));
    let new: Vec<String> = [(new_builds, "build"), (new_runs, "run")]
        .iter()
        .filter(|(n, _)| *n > 0)
        .map(|(n, noun)| count(*n, noun))
        .collect();
    if !new.is_empty() {
        let _ = write!(text, "; plus {} never timed", new.join(" and "));
    }
    for line in wrap(&text, look.width) {
        let _ = writeln!(out, "{}", look.dim(&line));
    }
}

fn build_ms(facts: &PlanFacts, build: &Build) -> Option<u64> {
    facts.durations.builds.get(&build.id()).copied()
}

fn run_ms(spec: &Spec, facts: &PlanFacts, run: &Run) -> Option<u64> {
    let key = (spec.suites[run.suite].name.clone(), spec.space.id(run.cell).to_string());
    facts.durations.runs.get(&key).copied()
}
