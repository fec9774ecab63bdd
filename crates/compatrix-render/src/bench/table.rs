//! The report in a terminal.

use std::fmt::Write;

use anstyle::Style;
use compatrix_bench::{Comparison, Figures};
use compatrix_model::speed::{Group, SpeedReport};
use compatrix_model::verdict::Verdict;

use super::columns::{Column, Rows};
use super::{sentences, words};
use crate::github::harmless;
use crate::look::{count, verdict_style, wrap, Look};

/// The whole report: what was compared, each group's benches with verdict and interval, their figures, targets, canary,
/// notes, and the counts.
pub fn table(report: &SpeedReport, look: &Look) -> String {
    let mut out = String::new();
    paragraph(&mut out, look, "", &sentences::question(&report.question));
    for (nth, group) in report.groups.iter().enumerate() {
        heading(&mut out, look, &format!("{}: {}", group.suite, group.cell));
        for line in sentences::sides(group) {
            paragraph(&mut out, look, "  ", &look.dim(&line));
        }
        if let Some(trouble) = &group.trouble {
            signed(&mut out, look, words::trouble(trouble), &sentences::trouble(trouble));
        }
        let compared: Vec<&Comparison> = report.of_group(nth).collect();
        out.push_str(&verdicts(report, group, &compared, look));
        for remark in sentences::remarks(group) {
            paragraph(&mut out, look, "  ", &remark);
        }
    }
    figures(&mut out, report, look);
    targets(&mut out, report, look);
    if !report.notes.is_empty() {
        heading(&mut out, look, "notes");
        for note in &report.notes {
            paragraph(&mut out, look, "  ", note);
        }
    }
    out.push('\n');
    sums(&mut out, report, look);
    let text = if look.unicode { out } else { out.replace('µ', "u").replace('\u{fffd}', "?") };
    text.lines().map(|line| harmless(line) + "\n").collect()
}

fn heading(out: &mut String, look: &Look, text: &str) {
    out.push('\n');
    for line in wrap(&words::visible(text), look.width) {
        let _ = writeln!(out, "{}", look.bold(&line));
    }
}

/// Wrapped, each line after the first two columns further in. Escapes of ours are kept.
fn paragraph(out: &mut String, look: &Look, indent: &str, text: &str) {
    let dim = look.dim("\n");
    let (before, after) = dim.split_once('\n').unwrap_or_default();
    let inner = text.strip_prefix(before).and_then(|text| text.strip_suffix(after)).filter(|_| !before.is_empty());
    let plain = words::visible(inner.unwrap_or(text));
    for (nth, line) in wrap(&plain, look.width.saturating_sub(indent.len() + 2).max(16)).iter().enumerate() {
        let line = if inner.is_some() { look.dim(line) } else { line.clone() };
        let _ = writeln!(out, "{indent}{}{line}", if nth == 0 { "" } else { "  " });
    }
}

/// A sentence with the sign of how it counts.
fn signed(out: &mut String, look: &Look, verdict: Verdict, text: &str) {
    for (nth, line) in wrap(&words::visible(text), look.width.saturating_sub(4).max(16)).iter().enumerate() {
        let sign = if nth == 0 { look.verdict(verdict, look.glyph(verdict)) } else { " ".to_owned() };
        let _ = writeln!(out, "  {sign} {}", look.verdict(verdict, line));
    }
}

/// The benches of a group.
fn verdicts(report: &SpeedReport, group: &Group, compared: &[&Comparison], look: &Look) -> String {
    if compared.is_empty() {
        return String::new();
    }
    let is_change = words::is_change(report);
    let style = |one: &Comparison| words::style(one.change, is_change);
    let texts = |f: &dyn Fn(&Comparison) -> String| compared.iter().map(|one| f(one)).collect::<Vec<_>>();
    let numbers = |name, f: &dyn Fn(&Comparison) -> String| Column::numbers(name, texts(f).into_iter());
    let spread = |one: &Comparison| one.spread.map(words::share).unwrap_or_default();
    let rounds = |one: &Comparison| if one.rounds == 0 { String::new() } else { one.rounds.to_string() };
    let verdict = |one: &&Comparison| (words::verdict(one.change, is_change).to_owned(), style(one));
    let mut columns = vec![Column::words("verdict", compared.iter().map(verdict))];
    if is_change {
        columns.push(Column::words("change", compared.iter().map(|one| (words::change(one), style(one)))));
    }
    columns.push(numbers("spread", &spread));
    columns.push(numbers("rounds", &rounds));
    columns.push(numbers("p (Holm)", &|one| words::p(one.p_corrected)));
    columns.push(numbers("p", &|one| words::p(one.p)));
    columns.push(numbers("p (Mann-Whitney)", &|one| words::p(one.p_mann_whitney)));
    columns.push(numbers("p (Welch)", &|one| words::p(one.p_welch)));
    let labels = texts(&|one| match is_change {
        true => words::visible(&sentences::bench(one)),
        false => words::visible(&sentences::across(Some(group), one)),
    });
    let rows = Rows {
        signs: compared.iter().map(|one| (words::sign(one.change, look), style(one))).collect(),
        labels,
        again: texts(&|one| words::visible(&sentences::bench(one))),
        heading: "bench",
        columns,
        notes: compared
            .iter()
            .map(|one| sentences::unproven(one).into_iter().map(|note| words::visible(&note)).collect())
            .collect(),
    };
    rows.lay_out(look)
}

/// Percentiles, throughput, peak memory and processor time, a row a side.
fn figures(out: &mut String, report: &SpeedReport, look: &Look) {
    for (nth, group) in report.groups.iter().enumerate() {
        let names = |n: usize| words::visible(group.sides.get(n).map_or(["base", "head"][n], |side| &side.name));
        let mut rows: Vec<(String, String, &Figures, &str)> = Vec::new();
        for one in report.of_group(nth).filter(|one| one.base.samples + one.head.samples > 0) {
            let bench = words::visible(&sentences::bench(one));
            rows.push((bench.clone(), names(0), &one.base, &one.unit));
            rows.push((bench, names(1), &one.head, &one.unit));
        }
        let resources = resources(group);
        if rows.is_empty() && resources.is_empty() {
            continue;
        }
        let title = if report.groups.len() > 1 {
            format!("figures: {}: {}", group.suite, group.cell)
        } else {
            "figures".into()
        };
        heading(out, look, &title);
        let number = |name, f: &dyn Fn(&Figures, &str) -> String| {
            Column::numbers(name, rows.iter().map(|(_, _, figures, unit)| f(figures, unit)))
        };
        let figure =
            |value: Option<f64>, unit: &str| value.map(|v| words::visible(&words::figure(v, unit))).unwrap_or_default();
        let columns = vec![
            Column::words("side", rows.iter().map(|(_, side, _, _)| (side.clone(), Style::new()))),
            number("p50", &|figures, unit| figure(figures.p50, unit)),
            number("p95", &|figures, unit| figure(figures.p95, unit)),
            number("p99", &|figures, unit| figure(figures.p99, unit)),
            number("throughput", &|figures, _| {
                figures
                    .per_second
                    .as_ref()
                    .map(|(value, what)| words::visible(&words::rate(*value, what)))
                    .unwrap_or_default()
            }),
            number("samples", &|figures, _| figures.samples.to_string()),
        ];
        let labels =
            rows.iter().enumerate().map(|(n, (bench, ..))| if n % 2 == 0 { bench.clone() } else { String::new() });
        let (labels, again) =
            (labels.collect(), rows.iter().map(|(bench, side, ..)| format!("{bench} {side}")).collect());
        if !rows.is_empty() {
            let rows = Rows { signs: Vec::new(), labels, again, heading: "bench", columns, notes: Vec::new() };
            out.push_str(&rows.lay_out(look));
        }
        for line in resources {
            paragraph(out, look, "  ", &line);
        }
    }
}

/// Peak memory and processor time of the processes of each side.
fn resources(group: &Group) -> Vec<String> {
    let of = |side: &compatrix_model::speed::Side| {
        let memory = side.peak_memory.map(|bytes| format!("peak memory {}", words::figure(bytes as f64, "B")));
        let cpu = side.cpu_ms.map(|ms| format!("processor time a round {}", words::figure(ms as f64, "ms")));
        let facts: Vec<String> = memory.into_iter().chain(cpu).collect();
        (!facts.is_empty()).then(|| format!("{}: {}", side.name, facts.join(", ")))
    };
    group.sides.iter().filter_map(of).collect()
}

fn targets(out: &mut String, report: &SpeedReport, look: &Look) {
    if report.targets.is_empty() {
        return;
    }
    heading(out, look, "targets");
    let list = &report.targets;
    let verdict = |n: usize| words::target(list[n].proven, list[n].tier);
    let style = |n: usize| verdict_style(verdict(n));
    let seen = |n: usize| {
        let one = &list[n];
        one.figure.map(|figure| words::with_interval(figure, one.interval, &one.unit)).unwrap_or_default()
    };
    let each = || 0..list.len();
    let plain = |text: String| (words::visible(&text), Style::new());
    let of_group = |n: usize| match list[n].group.and_then(|group| report.groups.get(group)) {
        Some(group) if report.groups.len() > 1 => format!("{}: {}", group.suite, group.cell),
        Some(_) | None => String::new(),
    };
    let rows = Rows {
        signs: each().map(|n| (look.glyph(verdict(n)), style(n))).collect(),
        labels: list.iter().map(|one| words::visible(&one.bench)).collect(),
        again: list.iter().map(|one| words::visible(&format!("{} {}", one.bench, one.metric))).collect(),
        heading: "bench",
        columns: vec![
            Column::words("metric", each().map(|n| plain(list[n].metric.clone()))),
            Column::words("target", each().map(|n| plain(list[n].limit.clone()))),
            Column::words("tier", each().map(|n| plain(words::tier(list[n].tier).to_owned()))),
            Column::words("verdict", each().map(|n| (words::proven(list[n].proven).to_owned(), style(n)))),
            Column { always: false, ..Column::words("seen", each().map(|n| plain(seen(n)))) },
            Column { always: false, ..Column::words("cell", each().map(|n| plain(of_group(n)))) },
        ],
        notes: list
            .iter()
            .map(|one| Some(words::visible(&one.why)).filter(|why| !why.is_empty()).into_iter().collect())
            .collect(),
    };
    out.push_str(&rows.lay_out(look));
}

/// `1 slower · 2 faster · 12 not slower`, what proves the machine, and how it was measured.
fn sums(out: &mut String, report: &SpeedReport, look: &Look) {
    let is_change = words::is_change(report);
    let counts = words::CHANGES.map(|change| (change, report.count(change)));
    let parts: Vec<String> = counts
        .iter()
        .filter(|(_, n)| *n > 0)
        .map(|(change, n)| {
            look.paint(words::style(*change, is_change), &format!("{n} {}", words::verdict(*change, is_change)))
        })
        .collect();
    if !parts.is_empty() {
        let _ = writeln!(out, "{}: {}", count(report.comparisons.len(), "comparison"), parts.join(look.dot()));
    }
    if let Some(why) = sentences::cannot_tell(report) {
        signed(out, look, Verdict::Error, &format!("no verdict: {why}"));
    }
    if let Some(canary) = report.canary.as_ref().filter(|canary| canary.proven) {
        paragraph(out, look, "", &sentences::canary(canary));
    }
    paragraph(out, look, "", &look.dim(&sentences::rounds(report)));
    paragraph(out, look, "", &look.dim(&sentences::machine(&report.platform, &report.machine)));
}
