//! The trend of each bench: its cost along the commits, a panel a bench.

use std::fmt::Write;

use compatrix_bench::Change;
use compatrix_model::speed::trend::{Line, Point, SHORT};

use super::scale::Scale;
use super::{document, legend, mark, MARGIN, WIDTH};
use crate::bench::words;
use crate::look::cut;
use crate::markdown::html;

/// The panels side by side, and the pixels between them.
const COLUMNS: usize = 2;
const GAP: usize = 32;
const PANEL: usize = (WIDTH - 2 * MARGIN - GAP) / COLUMNS;
/// The height of a panel with its titles and the names of its commits, then that of the drawing.
const HIGH: usize = 156;
const DRAWN: usize = 84;
/// Room for the names of ratios.
const NAMES: usize = 48;
/// Room for the latest level.
const LATEST: usize = 54;
/// The most panels; the page has all.
const MOST: usize = 60;

/// The picture of these lines.
pub fn trend(lines: &[Line<'_>]) -> String {
    let mut body = String::new();
    let shown = &lines[..lines.len().min(MOST)];
    for (nth, line) in shown.iter().enumerate() {
        let (x, y) = (MARGIN + nth % COLUMNS * (PANEL + GAP), MARGIN + nth / COLUMNS * HIGH);
        panel(&mut body, line, x, y);
    }
    let mut y = MARGIN + shown.len().div_ceil(COLUMNS) * HIGH;
    if lines.len() > MOST {
        let _ = writeln!(body, r#"<text x="{MARGIN}" y="{}">and {} more</text>"#, y + 10, lines.len() - MOST);
        y += 24;
    }
    let seen: Vec<Change> = shown.iter().flat_map(|line| line.points.iter().flatten().map(|p| p.change)).collect();
    legend(&mut body, &seen, y);
    let described = shown.iter().filter_map(|line| {
        let latest = line.points.iter().rev().flatten().next()?;
        Some(format!("{}: {} over {}.", line.bench, words::percent(latest.level, 1), &latest.root[..SHORT]))
    });
    let description: Vec<String> = described.collect();
    document(WIDTH, y + MARGIN, "Cost of each bench along the commits", &description.join(" "), &body)
}

fn panel(out: &mut String, line: &Line<'_>, x: usize, y: usize) {
    let name = match line.metric {
        "time" => line.bench.to_owned(),
        metric => format!("{} ({metric})", line.bench),
    };
    let name = cut(&words::visible(&name), 46);
    let place = cut(&words::visible(&format!("{} · {} · {}", line.suite, line.cell, line.platform)), 62);
    let _ = writeln!(out, r#"<text class="t" x="{x}" y="{}">{}</text>"#, y + 12, html(&name));
    let _ = writeln!(out, r#"<text x="{x}" y="{}">{}</text>"#, y + 28, html(&place));
    let (top, bottom) = (y + 36, y + 36 + DRAWN);
    let levels = line.points.iter().flatten().map(|point| point.level);
    let scale = Scale::of(levels, bottom as f64, top as f64);
    let (from, to) = (x + NAMES, x + PANEL - LATEST);
    for (ratio, name) in scale.ticks(18.0) {
        let at = scale.at(ratio);
        let class = if ratio == 1.0 { "z" } else { "g" };
        let _ = writeln!(out, r#"<path class="{class}" d="M{from} {at:.1}H{to}"/>"#);
        let _ = writeln!(out, r#"<text class="e" x="{}" y="{:.1}">{name}</text>"#, from - 6, at + 4.0);
    }
    let along = |nth: usize| {
        let room = (to - from) as f64 - 16.0;
        from as f64 + 8.0 + room * nth as f64 / line.points.len().saturating_sub(1).max(1) as f64
    };
    for change in &line.changes {
        let at = (along(change.last_before) + along(change.first_after)) / 2.0;
        let _ = writeln!(out, r#"<path class="c" d="M{at:.1} {top}V{bottom}"/>"#);
        let said = words::percent(change.ratio, 1);
        let _ = writeln!(out, r#"<text class="cl m" x="{at:.1}" y="{}">{said}</text>"#, bottom + 12);
    }
    let mut before: Option<(usize, Point<'_>)> = None;
    let mut path = String::new();
    for (nth, point) in line.points.iter().enumerate() {
        let Some(point) = point else { continue };
        let (px, py) = (along(nth), scale.at(point.level));
        match before {
            // A gap stays one: of what lies between, nothing is known.
            Some((last, other)) if last + 1 == nth && other.root == point.root => {
                let _ = write!(path, "L{px:.1} {py:.1}");
            }
            Some((last, other)) => {
                if other.root != point.root {
                    let at = (along(last) + px) / 2.0;
                    let _ = writeln!(out, r#"<path class="g d" d="M{at:.1} {top}V{bottom}"/>"#);
                }
                let _ = write!(path, "M{px:.1} {py:.1}");
            }
            None => {
                let _ = write!(path, "M{px:.1} {py:.1}");
            }
        }
        before = Some((nth, *point));
    }
    let _ = writeln!(out, r#"<path class="l" d="{path}"/>"#);
    let few = line.points.len() <= 80;
    for (nth, point) in line.points.iter().enumerate() {
        let Some(point) = point else { continue };
        // Among many, only what was decided against the bench stands out.
        let is_news = point.change == Change::Slower || point.change == Change::Faster;
        if few || is_news {
            let _ = write!(out, "{}", mark(point.change, along(nth), scale.at(point.level)));
        }
    }
    out.push('\n');
    if let Some(last) = line.points.iter().rev().flatten().next() {
        let (at, said) = (scale.at(last.level) + 4.0, words::percent(last.level, 1));
        let _ = writeln!(out, r#"<text class="n" x="{}" y="{at:.1}">{said}</text>"#, to + 6);
    }
    let short = |commit: &str| commit[..SHORT].to_owned();
    if let Some((first, others)) = line.commits.split_first() {
        let _ = writeln!(out, r#"<text x="{from}" y="{}">{}</text>"#, bottom + 24, short(first));
        if let Some(last) = others.last() {
            let _ = writeln!(out, r#"<text class="e" x="{to}" y="{}">{}</text>"#, bottom + 24, short(last));
        }
    }
}
