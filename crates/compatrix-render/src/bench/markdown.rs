//! The comment on a pull request and the job summary.
//!
//! Names of benches come from the code under test, so they may be hostile: nothing here can break out of a table, mention
//! anybody, or link. The text stays below the limit of a comment.

use std::fmt::Write;

use compatrix_bench::{Change, Comparison, Proven};
use compatrix_model::speed::{Group, SpeedReport};

use super::{sentences, words};
use crate::look::{count, cut};
use crate::markdown::{code, text, Table};

/// The first line, by which CI finds the comment that it wrote before.
pub const MARKER: &str = "<!-- compatrix bench -->";

/// GitHub refuses comments of more than 65,536 characters.
const MOST_BYTES: usize = 60_000;
/// The most rows of what comes first.
const MOST_NEWS: usize = 20;
/// The longest sentence with words that are not ours.
const LONGEST: usize = 300;

/// The Markdown of a report: what changed first, the rest in `<details>`.
pub fn markdown(report: &SpeedReport) -> String {
    let is_change = words::is_change(report);
    let mut out = format!("{MARKER}\n## Benchmarks\n\n");
    let counts = words::CHANGES.map(|change| (change, report.count(change)));
    let parts: Vec<String> = counts
        .iter()
        .filter(|(_, n)| *n > 0)
        .map(|(change, n)| format!("{} {n} {}", words::emoji(*change, is_change), words::verdict(*change, is_change)))
        .collect();
    if let Some(why) = sentences::cannot_tell(report) {
        let _ = writeln!(out, "🛑 **No verdict**: {}.\n", said(&why));
    }
    out.push_str(&said(&sentences::question(&report.question)));
    if !parts.is_empty() {
        let _ = write!(out, ": {}", parts.join(" · "));
    }
    out.push_str(".\n");

    for group in &report.groups {
        if let Some(trouble) = &group.trouble {
            let sign = crate::summary::sign(words::trouble(trouble));
            let _ = writeln!(out, "\n{sign} {}: {}", of(group), said(&sentences::trouble(trouble)));
        }
    }
    let is_news = |one: &&Comparison| match one.change {
        Change::Slower | Change::Faster => true,
        Change::Unproven => is_change,
        // Every cost is an answer to `--across`.
        Change::NotSlower => !is_change,
        Change::Same => false,
    };
    let mut news: Vec<&Comparison> = report.comparisons.iter().filter(is_news).collect();
    let rank = |one: &Comparison| words::CHANGES.iter().position(|change| *change == one.change);
    if is_change {
        news.sort_by_key(|one| rank(one));
    }
    if !news.is_empty() {
        let _ = write!(out, "\n{}", comparisons(report, &news, MOST_NEWS, usize::MAX));
        if news.len() > MOST_NEWS {
            let _ = writeln!(out, "\nAnd {} more, below.", news.len() - MOST_NEWS);
        }
    }
    targets(&mut out, report);
    details(&mut out, report);
    out
}

/// A sentence whose words may come from the code under test.
fn said(sentence: &str) -> String {
    let plain = cut(&words::visible(sentence), LONGEST);
    // Mentions and references are found in the finished text, so an entity would not do. URLs must not become links.
    let broken = plain.replace("://", ":\u{200b}//").replace("www.", "www\u{200b}.");
    text(&broken).replace('@', "@\u{200b}").replace('#', "#\u{200b}").replace('!', "\\!")
}

/// A name as code: nothing in it is markup, a mention or a link.
fn name(name: &str) -> String {
    code(&cut(&words::visible(name), words::LONGEST_NAME))
}

fn of(group: &Group) -> String {
    format!("{} in {}", name(&group.suite), name(&group.cell.to_string()))
}

/// A table of comparisons, at most so many rows and bytes.
fn comparisons(report: &SpeedReport, list: &[&Comparison], most: usize, most_bytes: usize) -> String {
    let is_change = words::is_change(report);
    let mut headings = vec!["", "Bench"];
    let with_groups = is_change && report.groups.len() > 1;
    if with_groups {
        headings.push("Where");
    }
    headings.extend(match is_change {
        true => ["Verdict", ">Change"],
        false => ["Verdict", "Cost"],
    });
    headings.extend([">Spread", ">Rounds", ">p (Holm)"]);
    let mut table = Table::new(&headings);
    let mut used = 0;
    for one in list.iter().take(most) {
        let group = report.groups.get(one.group);
        let mut row = vec![words::emoji(one.change, is_change).to_owned(), name(&sentences::bench(one))];
        if with_groups {
            row.push(group.map(of).unwrap_or_default());
        }
        let mut verdict = words::verdict(one.change, is_change).to_owned();
        if let Some(why) = sentences::unproven(one).filter(|_| one.change == Change::Unproven) {
            let _ = write!(verdict, ": {}", said(&why));
        }
        row.push(verdict);
        row.push(match (is_change, group) {
            (true, _) | (false, None) => text(&words::change(one)),
            (false, Some(group)) => said(&sentences::across(Some(group), one)),
        });
        row.push(one.spread.map(words::share).unwrap_or_default());
        row.push(if one.rounds == 0 { String::new() } else { one.rounds.to_string() });
        row.push(text(&words::p(one.p_corrected)));
        used += row.iter().map(String::len).sum::<usize>();
        if used > most_bytes {
            break;
        }
        table.row(row);
    }
    table.finish()
}

fn targets(out: &mut String, report: &SpeedReport) {
    let missed: Vec<_> = report.targets.iter().filter(|one| one.proven != Proven::Proven).collect();
    if report.targets.is_empty() {
        return;
    }
    let proven = report.targets.len() - missed.len();
    let _ = writeln!(out, "\nTargets: {proven} of {} proven.", report.targets.len());
    if missed.is_empty() {
        return;
    }
    let mut table = Table::new(&["", "Target", "Tier", "Verdict", "Seen"]);
    for one in missed.iter().take(MOST_NEWS) {
        let sign = crate::summary::sign(words::target(one.proven, one.tier));
        let why = if one.why.is_empty() { String::new() } else { format!(": {}", said(&one.why)) };
        table.row([
            sign.to_owned(),
            format!("{} {} {}", name(&one.bench), said(&one.metric), said(&one.limit)),
            words::tier(one.tier).to_owned(),
            format!("{}{why}", words::proven(one.proven)),
            one.figure.map(|figure| said(&words::figure(figure, &one.unit))).unwrap_or_default(),
        ]);
    }
    let _ = write!(out, "\n{}", table.finish());
    if missed.len() > MOST_NEWS {
        let _ = writeln!(out, "\nAnd {} more.", missed.len() - MOST_NEWS);
    }
}

/// Every bench, and what proves the machine.
fn details(out: &mut String, report: &SpeedReport) {
    if !report.comparisons.is_empty() {
        let all: Vec<&Comparison> = report.comparisons.iter().collect();
        let room = MOST_BYTES.saturating_sub(out.len() + 8_000);
        let table = comparisons(report, &all, usize::MAX, room);
        let shown = table.lines().count().saturating_sub(2);
        let _ = write!(out, "\n<details><summary>{}</summary>\n\n{table}", count(all.len(), "comparison"));
        if shown < all.len() {
            let _ = writeln!(out, "\nAnd {} more, in the report's JSON.", all.len() - shown);
        }
        out.push_str("\n</details>\n");
    }
    let mut facts: Vec<String> = Vec::new();
    facts.extend(report.canary.as_ref().map(sentences::canary));
    facts.push(sentences::rounds(report));
    facts.push(sentences::machine(&report.platform, &report.machine));
    let mut list: Vec<String> = facts.iter().map(|fact| said(fact)).collect();
    for group in &report.groups {
        let lines = sentences::sides(group).into_iter().chain(sentences::remarks(group));
        list.extend(lines.map(|line| format!("{}: {}", of(group), said(&line))));
    }
    list.extend(report.notes.iter().map(|note| said(note)));
    out.push_str("\n<details><summary>How it was measured</summary>\n\n");
    for (nth, line) in list.iter().enumerate() {
        if out.len() + line.len() > MOST_BYTES {
            let _ = writeln!(out, "- and {} more", list.len() - nth);
            break;
        }
        let _ = writeln!(out, "- {line}");
    }
    out.push_str("\n</details>\n");
}
