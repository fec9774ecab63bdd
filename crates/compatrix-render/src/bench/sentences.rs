//! Sentences that the terminal and Markdown share.

use compatrix_bench::Comparison;
use compatrix_bench::{Canary, Change};
use compatrix_model::evidence::Proof;
use compatrix_model::speed::{Group, GroupTrouble, Machine, Question, Sources, SpeedReport, Tally};

use super::words;
use crate::look::{count, duration};

/// What was compared with what.
pub(super) fn question(question: &Question) -> String {
    match question {
        Question::Change { base, head } => format!("{} compared with {}", sources(head), sources(base)),
        Question::Across { axis, reference, head } => {
            format!("values of `{axis}` compared with {reference}, in {}", sources(head))
        }
        Question::Targets { head } => format!("targets, in {}", sources(head)),
    }
}

/// `working tree (0123456789ab, with changes)`.
fn sources(sources: &Sources) -> String {
    let commit = sources.commit.as_deref().map(short);
    let commit = commit.filter(|commit| !sources.name.starts_with(commit)).map(str::to_owned);
    let changes = sources.dirty.then(|| "with changes".to_owned());
    let facts: Vec<String> = commit.into_iter().chain(changes).collect();
    let name = match &sources.commit {
        Some(commit) if sources.name == *commit => short(commit),
        Some(_) | None if sources.name.is_empty() => "sources without a name",
        Some(_) | None => &sources.name,
    };
    if facts.is_empty() {
        name.to_owned()
    } else {
        format!("{name} ({})", facts.join(", "))
    }
}

/// The first twelve digits of a commit.
pub(super) fn short(commit: &str) -> &str {
    commit.char_indices().nth(12).map_or(commit, |(end, _)| &commit[..end])
}

/// Why no verdict counts, if none does.
pub(super) fn cannot_tell(report: &SpeedReport) -> Option<String> {
    let tally = Tally::of(report);
    match &report.canary {
        Some(canary) if !canary.proven => Some(format!("this machine cannot tell: {}", canary.why)),
        Some(_) | None => match (tally.compared + tally.decided, tally.unproven) {
            (0, 0) => Some("nothing was compared".to_owned()),
            (0, 1) => Some("nothing was shown: the only comparison is unproven".to_owned()),
            (0, n) => Some(format!("nothing was shown: none of the {n} comparisons was settled")),
            _ => None,
        },
    }
}

/// Whether the machine can tell a slowdown of 10 % from none.
pub(super) fn canary(canary: &Canary) -> String {
    /// A machine that drifts more than this is worth a word.
    const DRIFT: f64 = 0.05;
    let mut seen = count(canary.rounds as usize, "round");
    if let Some(spread) = canary.spread {
        seen = format!("{seen} with a spread of {}", words::share(spread));
    }
    if let Some(drift) = canary.drift.filter(|drift| drift.abs() >= DRIFT) {
        let drift = words::percent(1.0 + drift, 0);
        seen = format!("{seen}; from the first rounds to the last, the time for the same work changed by {drift}");
    }
    if canary.proven {
        format!("canary proven: 10 % more work was detected, and equal work raised no alarm, in {seen}")
    } else {
        format!("canary not proven: {}; {seen}", canary.why)
    }
}

/// The processor, the kernel and how its frequency is regulated.
pub(super) fn machine(platform: &str, machine: &Machine) -> String {
    let mut facts = vec![platform.to_owned(), machine.processor.clone()];
    let cores = format!("{} cores", machine.cores);
    facts.push(match machine.core {
        Some(core) => format!("{cores}, benches on core {core}"),
        None => cores,
    });
    facts.push(machine.kernel.clone());
    facts.extend(machine.governor.as_ref().map(|governor| format!("governor {governor}")));
    facts.retain(|fact| !fact.is_empty());
    facts.join("; ")
}

/// How long the rounds took, what of it was ours, and what makes the run repeatable.
pub(super) fn rounds(report: &SpeedReport) -> String {
    let mut out = String::new();
    if report.rounds_ms > 0 {
        let ours = 1.0 - report.processes_ms as f64 / report.rounds_ms as f64;
        out = format!(
            "rounds took {}, {} of it outside of benches and canaries; ",
            duration(report.rounds_ms),
            words::share(ours.max(0.0))
        );
    }
    format!("{out}chance of any false alarm at most {}; seed {}", words::share(report.alpha), report.seed)
}

/// The toolchain and SQLite of a side.
pub(super) fn proof(proof: &Proof) -> String {
    let mut facts = vec![format!("rustc {}", proof.toolchain.release)];
    facts.extend(proof.sqlite.as_ref().map(|sqlite| format!("SQLite {}", sqlite.version)));
    facts.extend(proof.fixture.as_ref().map(|fixture| format!("fixture {}", fixture.name)));
    if !proof.features.is_empty() {
        facts.push(format!("features {}", proof.features.join(", ")));
    }
    facts.join(", ")
}

/// What proves what ran, a line for all sides if they agree.
pub(super) fn sides(group: &Group) -> Vec<String> {
    let known: Vec<(&str, String)> =
        group.sides.iter().filter_map(|side| Some((side.name.as_str(), proof(side.proof.as_ref()?)))).collect();
    match known.first() {
        Some((_, first)) if known.len() == group.sides.len() && known.iter().all(|(_, facts)| facts == first) => {
            vec![first.clone()]
        }
        Some(_) | None => known.into_iter().map(|(name, facts)| format!("{name}: {facts}")).collect(),
    }
}

/// Why a group was not compared: `base does not build: …`.
pub(super) fn trouble(trouble: &GroupTrouble) -> String {
    let of = if trouble.side.is_empty() { String::new() } else { format!("{}: ", trouble.side) };
    let cause = if trouble.cause.is_empty() { String::new() } else { format!(": {}", trouble.cause) };
    format!("{of}{}{cause}", trouble.outcome.as_str())
}

/// What else a group says: equal executables, benches of one side, parts of reports that could not be used.
pub(super) fn remarks(group: &Group) -> Vec<String> {
    let mut out = Vec::new();
    if group.same {
        out.push("the executables of both sides are equal, so nothing had to run".to_owned());
    }
    for (nth, side) in group.sides.iter().enumerate() {
        let benches: Vec<&str> =
            group.only.iter().filter(|(_, of)| *of == nth).map(|(bench, _)| bench.as_str()).collect();
        if !benches.is_empty() {
            out.push(format!("only in {}, so not compared: {}", side.name, benches.join(", ")));
        }
    }
    out.extend(group.unusable.iter().map(|why| format!("not used: {why}")));
    out
}

/// Why a bench is unproven, with the slowdown that would have been seen; nothing of others.
pub(super) fn unproven(comparison: &Comparison) -> Option<String> {
    if comparison.change != Change::Unproven {
        return None;
    }
    let smallest = || {
        let ratio = words::percent(comparison.smallest?, 1);
        Some(format!("a slowdown of {} or more would have been seen", ratio.trim_start_matches('+')))
    };
    // The gate's own reason may have it already.
    match (comparison.why.as_str(), smallest()) {
        ("", smallest) => smallest,
        (why, Some(smallest)) if !why.contains("would have been") => Some(format!("{why}; {smallest}")),
        (why, _) => Some(why.to_owned()),
    }
}

/// The bench with its metric, unless that is time.
pub(super) fn bench(comparison: &Comparison) -> String {
    match comparison.metric.as_str() {
        "" | "time" => comparison.bench.clone(),
        metric => format!("{} ({metric})", comparison.bench),
    }
}

/// `3.35.4 costs 1.31 of 3.54.1 [1.27, 1.36] in search`.
pub(super) fn across(group: Option<&Group>, comparison: &Comparison) -> String {
    let bench = bench(comparison);
    let Some((reference, value)) = group.map(words::across) else { return bench };
    match words::cost(comparison, reference) {
        Some(cost) => format!("{value} costs {cost} in {bench}"),
        None => format!("{value} beside {reference} in {bench}"),
    }
}
