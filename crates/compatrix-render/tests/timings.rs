//! The page of `--timings`.

mod common;

use common::*;
use compatrix_model::timeline::{Bar, BarEnd, BarKind, Estimate, Sample, Timeline};
use compatrix_render::timings::{page, wrote};

fn bar(kind: BarKind, name: &str, lane: &str, build: usize, (from_ms, to_ms): (u64, u64), cpu_ms: u64) -> Bar {
    let build = (kind != BarKind::Provision).then_some(build);
    let (name, lane) = (name.to_owned(), lane.to_owned());
    Bar { kind, name, lane, build, from_ms, to_ms, cpu_ms: Some(cpu_ms), end: BarEnd::Ok }
}

/// A walk with one of everything.
fn sample_timeline() -> Timeline {
    use BarKind::*;
    let mut bars = vec![
        bar(Provision, "SQLite 3.46.0", "", 0, (200, 4_200), 3_800),
        bar(Build, "rust=stable, bundled, features default", "stable", 0, (4_300, 16_300), 19_000),
        bar(Build, "rust=1.70, dynamic", "1.70@1.70", 1, (4_300, 12_000), 7_000),
        bar(Build, "rust=stable, dynamic", "stable", 2, (16_300, 20_000), 3_900),
        bar(Doctests, "doctests of rust=1.70, dynamic", "1.70@1.70", 1, (12_000, 13_500), 1_400),
        bar(Run, "rust=1.70 sqlite=host", "1.70@1.70", 1, (12_000, 17_000), 90),
        bar(Run, "rust=1.70 sqlite=3.46.0", "1.70@1.70", 1, (12_100, 17_100), 110),
        bar(Run, "rust=stable sqlite=bundled", "stable", 0, (16_300, 21_300), 100),
        bar(Run, "rust=stable sqlite=3.35.4", "stable", 2, (20_000, 25_000), 4_000),
        bar(Alone, "rust=stable sqlite=bundled", "stable", 0, (25_000, 30_000), 100),
    ];
    bars[6].end = BarEnd::Known;
    bars[7].end = BarEnd::Red;
    bars[9].end = BarEnd::Red;
    let sample = |n: u64| Sample {
        at_ms: n * 500,
        ours: if n < 50 { 1.0 + (n % 7) as f64 / 8.0 } else { 0.05 },
        machine: if n < 50 { 1.9 } else { 0.2 },
        memory: (3 << 30) + n * (8 << 20),
    };
    Timeline {
        command: "compat --profile full".to_owned(),
        elapsed_ms: 30_400,
        cores: 2.0,
        memory: 24 << 30,
        jobs: 2,
        reused: 12,
        interrupted: false,
        bars,
        samples: (1..=60).map(sample).collect(),
        estimates: (0..26).map(|n| Estimate { at_ms: 4_300 + n * 1_000, left_ms: 40_000 - n * 1_560 }).collect(),
    }
}

/// The page is also XML, but for what HTML writes without an end: that finds what is not closed or not escaped.
#[track_caller]
fn well_formed_page(page: &str) {
    let body = page.split_once("<body>").expect("a body").1.split_once("</body>").expect("its end").0;
    well_formed(&format!("<body>{body}</body>"));
}

#[test]
fn the_sample() {
    let text = page(&sample_timeline());
    golden("timings.html", &text);
    well_formed_page(&text);
    assert_eq!(wrote(&sample_timeline()), "the timings of 3 builds and 5 runs");
}

#[test]
fn nothing_comes_from_elsewhere_and_nothing_runs() {
    let text = page(&sample_timeline());
    for forbidden in ["<script", "http:", "https:", "src=", "<link", "@import", "url(", "javascript"] {
        assert!(!text.contains(forbidden), "{forbidden}");
    }
    assert!(text.contains("prefers-color-scheme:dark"));
}

#[test]
fn names_are_no_markup() {
    let mut timeline = sample_timeline();
    let hostile = "</title></svg><script>alert(1)</script>\" onload='x' & \u{1b}[31m\u{0}\n";
    timeline.command = hostile.to_owned();
    for bar in &mut timeline.bars {
        (bar.name, bar.lane) = (hostile.to_owned(), hostile.to_owned());
    }
    let text = page(&timeline);
    assert!(!text.contains("<script") && !text.contains('\u{1b}') && !text.contains('\u{0}'));
    assert!(text.contains("&lt;script&gt;"));
    well_formed_page(&text);
}

#[test]
fn a_thousand_runs_are_drawn_and_a_hundred_listed() {
    let mut timeline = sample_timeline();
    for n in 0..1_000 {
        let from = 20_000 + n / 4 * 40;
        let mut run = bar(BarKind::Run, &format!("cell={n}"), "stable", 0, (from, from + 40), 30);
        run.end = if n == 7 { BarEnd::Red } else { BarEnd::Ok };
        timeline.bars.push(run);
    }
    let text = page(&timeline);
    well_formed_page(&text);
    assert_eq!(text.matches("<rect class=\"bar").count(), 1_010, "every bar");
    assert_eq!(text.matches("<tr>").count(), 101, "a heading and a hundred");
    assert!(text.contains("100 of 1010: what failed, then the longest."));
    let table = text.split_once("<table>").unwrap().1;
    assert!(table.contains(">cell=7<"), "short, but it failed");
    assert!(text.len() < 600_000, "{} bytes", text.len());
}

#[test]
fn of_very_many_bars_the_shortest_are_left_out_but_none_that_failed() {
    let mut timeline = sample_timeline();
    for n in 0..20_000u64 {
        let mut run = bar(BarKind::Run, "cell", "stable", 0, (20_000 + n, 20_000 + n + n % 50), 1);
        run.end = if n % 50 == 1 { BarEnd::Red } else { BarEnd::Ok };
        timeline.bars.push(run);
    }
    let text = page(&timeline);
    let drawn = text.matches("<rect class=\"bar").count();
    assert!((5_000..=11_000).contains(&drawn), "{drawn}");
    assert!(text.contains("that did not fail is not drawn"));
    assert!(text.matches("<rect class=\"bar red\"").count() >= 400);
}

#[test]
fn without_work_it_says_how_many_results_were_known() {
    let none = Timeline { command: "compat".to_owned(), elapsed_ms: 200, cores: 2.0, ..Timeline::default() };
    for (reused, said) in
        [(0, "nothing ran"), (1, "nothing ran: 1 result was known"), (180, "nothing ran: 180 results were known")]
    {
        let timeline = Timeline { reused, ..none.clone() };
        let text = page(&timeline);
        well_formed_page(&text);
        assert!(text.contains(&format!("<strong>{said}</strong>")), "{text}");
        assert_eq!(wrote(&timeline), said);
    }
    let only = vec![bar(BarKind::Provision, "rust 1.70", "", 0, (0, 9_000), 10)];
    let text = page(&Timeline { bars: only, reused: 3, ..none });
    assert!(text.contains("nothing ran: 3 results were known") && text.contains("rust 1.70"));
}

#[test]
fn an_interrupted_walk_says_so_and_claims_no_accuracy() {
    let mut timeline = sample_timeline();
    timeline.interrupted = true;
    timeline.bars[8].end = BarEnd::Cut;
    let text = page(&timeline);
    assert!(text.contains("Interrupted") && text.contains("class=\"bar cut\""));
    assert!(!text.contains("times the least possible") && !text.contains("<dt>Estimate"));
}

#[test]
fn a_walk_that_took_no_time_divides_by_nothing() {
    let timeline = Timeline {
        bars: vec![bar(BarKind::Build, "b", "l", 0, (0, 0), 0)],
        samples: vec![Sample::default()],
        estimates: vec![Estimate { at_ms: 0, left_ms: 0 }],
        ..Timeline::default()
    };
    let text = page(&timeline);
    well_formed_page(&text);
    assert!(!text.contains("NaN") && !text.contains("inf"), "{text}");
}
