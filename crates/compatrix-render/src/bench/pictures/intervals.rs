//! Intervals of the newest record of each platform: what a commit costs over its base.

use std::fmt::Write;

use compatrix_bench::Change;
use compatrix_model::speed::trend::{Entry, Record, SHORT};

use super::scale::Scale;
use super::{class, document, legend, mark, MARGIN, WIDTH};
use crate::bench::words;
use crate::look::cut;
use crate::markdown::html;

const LINE: usize = 20;
/// Where intervals begin and end.
const FROM: usize = 260;
const TO: usize = WIDTH - 190;
/// The most rows; the page has all.
const MOST: usize = 120;

/// The picture of these records, one a platform.
pub fn intervals(newest: &[&Record]) -> String {
    let entries = || newest.iter().flat_map(|record| &record.benches);
    let ratios = entries().flat_map(|entry| {
        let interval = entry.interval.map(|(low, high)| [low, high]).into_iter().flatten();
        entry.ratio.into_iter().chain(interval)
    });
    let scale = Scale::of(ratios, FROM as f64, TO as f64);
    let mut body = String::new();
    let mut y = MARGIN;
    let mut left = MOST;
    for record in newest {
        y += LINE;
        let _ = writeln!(
            body,
            r#"<text class="t" x="{MARGIN}" y="{}">{}: {} over {}</text>"#,
            y - 6,
            html(&record.platform),
            &record.commit[..SHORT],
            record.base.as_deref().map_or("", |base| &base[..SHORT])
        );
        y += LINE;
        let (top, high) = (y, rows(record, left) * LINE);
        for (ratio, name) in scale.ticks(46.0) {
            let x = scale.at(ratio);
            let class = if ratio == 1.0 { "z" } else { "g" };
            let _ = writeln!(body, r#"<path class="{class}" d="M{x:.1} {top}v{high}"/>"#);
            let _ = writeln!(body, r#"<text class="m" x="{x:.1}" y="{}">{name}</text>"#, top - 5);
        }
        let mut place = None;
        for entry in &record.benches {
            if left == 0 {
                break;
            }
            if place != Some((&entry.suite, &entry.cell)) {
                place = Some((&entry.suite, &entry.cell));
                let heading = cut(&words::visible(&format!("{}: {}", entry.suite, entry.cell)), 42);
                let _ = writeln!(body, r#"<text x="{MARGIN}" y="{}">{}</text>"#, y + 14, html(&heading));
                y += LINE;
            }
            row(&mut body, entry, &scale, y);
            y += LINE;
            left -= 1;
        }
        y += LINE / 2;
    }
    let all = entries().count();
    if all > MOST {
        let _ = writeln!(body, r#"<text x="{MARGIN}" y="{}">and {} more</text>"#, y + 10, all - MOST);
        y += LINE;
    }
    let seen: Vec<Change> = entries().map(|entry| entry.change).collect();
    legend(&mut body, &seen, y + 8);
    let description = entries().map(|entry| format!("{}: {}.", entry.bench, words::verdict(entry.change, true)));
    let description: Vec<String> = description.take(MOST).collect();
    document(WIDTH, y + 8 + MARGIN, "What the newest commits cost over their base", &description.join(" "), &body)
}

/// How many lines a record takes, headings of places included.
fn rows(record: &Record, most: usize) -> usize {
    let shown = &record.benches[..record.benches.len().min(most)];
    let places = shown.chunk_by(|a, b| (&a.suite, &a.cell) == (&b.suite, &b.cell)).count();
    shown.len() + places
}

fn row(out: &mut String, entry: &Entry, scale: &Scale, y: usize) {
    let name = match entry.metric.as_str() {
        "time" => entry.bench.clone(),
        metric => format!("{} ({metric})", entry.bench),
    };
    let name = cut(&words::visible(&name), 36);
    let _ = writeln!(out, r#"<text class="n" x="{}" y="{}">{}</text>"#, MARGIN + 10, y + 14, html(&name));
    let middle = y as f64 + 10.0;
    if let Some((low, high)) = entry.interval {
        let (from, to) = (scale.at(low), scale.at(high));
        let _ = writeln!(
            out,
            r#"<path class="w {}" d="M{from:.1} {middle:.1}H{to:.1}M{from:.1} {:.1}v8M{to:.1} {:.1}v8"/>"#,
            class(entry.change),
            middle - 4.0,
            middle - 4.0
        );
    }
    let said = match (entry.change, entry.ratio) {
        (Change::Same, _) => "same executables".to_owned(),
        (_, Some(ratio)) => words::ratio(ratio, entry.interval),
        (_, None) => "no ratio".to_owned(),
    };
    if let Some(ratio) = entry.ratio.or((entry.change == Change::Same).then_some(1.0)) {
        let _ = writeln!(out, "{}", mark(entry.change, scale.at(ratio), middle));
    }
    let _ = writeln!(out, r#"<text class="n" x="{}" y="{}">{}</text>"#, TO + 16, y + 14, html(&said));
}
