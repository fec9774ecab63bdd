//! `docs/BENCHMARKS.md` and its pictures.
#![allow(clippy::disallowed_methods)]

mod common;

use common::bench::cell;
use common::*;
use compatrix_bench::{Bound, Change, Proven, Target, Tier};
use compatrix_model::matrix_spec::Spec;
use compatrix_model::speed::trend::{lines, Entry, Figure, Record, Seen};
use compatrix_model::speed::Machine;
use compatrix_render::bench::page::{newest, page, Facts};
use compatrix_render::bench::pictures;

fn spec() -> Spec {
    let text = "[project]\npackages = [\"things-store\"]\n[axis]\nrust = [\"stable\"]\nsqlite = [\"bundled\", \"3.46.0\"]\n\
                [[suite]]\nname = \"tests\"\n[[suite]]\nname = \"search\"\nkind = \"bench\"\npackages = [\"things-bench\"]\n";
    compatrix_model::spec_text::parse(text, "compat/matrix.toml", &[]).expect("a good spec").spec
}

fn commit(n: usize) -> String {
    format!("{:08x}", 0x9e37_79b9_u32.wrapping_mul(n as u32 + 3)).repeat(5)
}

fn entry(bench: &str, id: &str, change: Change, ratio: Option<f64>, half: f64) -> Entry {
    Entry {
        suite: "search".into(),
        cell: cell(id),
        bench: bench.into(),
        metric: "time".into(),
        change,
        ratio,
        interval: ratio.map(|ratio| (ratio - half, ratio + half)),
        rounds: if ratio.is_some() { 16 } else { 0 },
        counts: None,
    }
}

const BUNDLED: &str = "rust=stable sqlite=bundled";

fn record(n: usize, base: usize, benches: Vec<Entry>) -> Record {
    let mut benches = benches;
    benches.sort_by(|a, b| a.key().cmp(&b.key()));
    Record {
        platform: "linux-x86_64".into(),
        commit: commit(n),
        base: Some(commit(base)),
        committed: 1_790_000_000 + n as i64 * 3600,
        machine: Machine {
            processor: "AMD EPYC 9V74 80-Core Processor".into(),
            kernel: "Linux 6.1.0-28-amd64".into(),
            cores: 4.0,
            core: None,
            governor: None,
        },
        benches,
        targets: Vec::new(),
    }
}

/// Each commit over the one before: steps, a gap of two commits, a bench that comes later, and one that ends.
fn chained() -> Vec<Record> {
    let wave = [0.002, -0.004, 0.003, 0.0, -0.002, 0.004, -0.001, 0.001];
    let of = |n: usize| {
        let mut benches = Vec::new();
        let (change, ratio) = match n {
            9 => (Change::Slower, 1.152),
            15 => (Change::Faster, 0.891),
            _ => (Change::NotSlower, 1.0 + wave[n % 8]),
        };
        benches.push(entry("search/100000", BUNDLED, change, Some(ratio), 0.009));
        let ratio = 1.004 + wave[(n + 3) % 8] / 2.0;
        benches.push(entry("open", BUNDLED, Change::NotSlower, Some(ratio), 0.006));
        if n > 4 {
            let change = if n.is_multiple_of(5) { Change::Unproven } else { Change::NotSlower };
            let half = if change == Change::Unproven { 0.05 } else { 0.012 };
            benches.push(entry("insert in a transaction", BUNDLED, change, Some(1.0 + wave[(n + 5) % 8] * 3.0), half));
        }
        if n < 14 {
            benches.push(entry("vacuum", BUNDLED, Change::Same, None, 0.0));
        }
        let counts = Some((41_000_000.0, (41_000_000.0_f64 * if n == 9 { 1.14 } else { 1.0001 }).round()));
        let ratio = counts.map(|(base, head): (f64, f64)| head / base);
        let change = if n == 9 { Change::Slower } else { Change::NotSlower };
        benches.push(Entry {
            metric: "instructions".into(),
            counts,
            interval: None,
            ..entry("search/100000", BUNDLED, change, ratio, 0.0)
        });
        benches.push(entry("search/100000", "rust=stable sqlite=3.46.0", Change::NotSlower, Some(1.0), 0.007));
        record(n, n - 1, benches)
    };
    // Of 12 and 13 there are no records, so 14 begins a line of its own.
    let mut all: Vec<Record> = (1..=20).filter(|n| *n != 12 && *n != 13).map(of).collect();
    let last = all.last_mut().unwrap();
    last.targets = vec![Seen {
        place: Some(("search".into(), cell(BUNDLED))),
        bench: "search/100000".into(),
        metric: "p95".into(),
        limit: "at most 5 ms".into(),
        tier: Tier::Must,
        proven: Proven::Proven,
        figure: Some(Figure { value: 0.00321, interval: None, unit: "s".into() }),
    }];
    all
}

/// All commits over one, with a step in the middle.
fn anchored() -> Vec<Record> {
    let noise = [0.002, -0.003, 0.001, -0.002, 0.0005, 0.0025, -0.0015, 0.001];
    let of = |n: usize| {
        let step = if n > 10 { 0.08 } else { 0.0 };
        let change = if n > 10 { Change::Slower } else { Change::NotSlower };
        record(n, 0, vec![entry("search", BUNDLED, change, Some(1.0 + step + noise[n % 8]), 0.008)])
    };
    (1..=20).map(of).collect()
}

fn targets() -> Vec<Target> {
    let target = |bench: &str, tier| Target {
        suite: None,
        bench: bench.into(),
        metric: "p95".into(),
        to: None,
        bound: Bound::AtMost(0.005),
        text: "5 ms".into(),
        tier,
        line: 1,
    };
    vec![target("search/100000", Tier::Must), target("open | `x`", Tier::Nice)]
}

fn markdown(records: &[Record], targets: &[Target]) -> String {
    let (spec, lines) = (spec(), lines(records).unwrap());
    page(&Facts {
        spec: &spec,
        targets,
        records,
        lines: &lines,
        command: "cargo xtask",
        pictures: ["BENCHMARKS.svg", "BENCHMARKS-trend.svg"],
    })
}

#[test]
fn pages() {
    golden("benchmarks.md", &markdown(&chained(), &targets()));
    golden("benchmarks-anchored.md", &markdown(&anchored(), &[]));
    golden("benchmarks-none.md", &markdown(&[], &targets()));
    let mut shuffled = chained();
    shuffled.reverse();
    assert_eq!(markdown(&shuffled, &targets()), markdown(&chained(), &targets()), "files have no order");
    assert!(markdown(&anchored(), &[]).contains("\\+8"), "a change point");
    assert!(!markdown(&chained(), &[]).contains("This is advice"));
}

#[test]
fn pictures_of_records() {
    for (name, records) in [("chained", chained()), ("anchored", anchored())] {
        let trend = pictures::trend(&lines(&records).unwrap());
        golden(&format!("benchmarks-{name}-trend.svg"), &trend);
        well_formed(&trend);
        let intervals = pictures::intervals(&newest(&records));
        golden(&format!("benchmarks-{name}.svg"), &intervals);
        well_formed(&intervals);
    }
    well_formed(&pictures::trend(&[]));
    well_formed(&pictures::intervals(&[]));
}

fn stacks(list: &[(&str, u64)]) -> Vec<(Vec<String>, u64)> {
    list.iter().map(|(stack, count)| (stack.split(';').map(str::to_owned).collect(), *count)).collect()
}

#[test]
fn flame_graphs_show_what_grew() {
    let base = stacks(&[
        ("main;search;rank;spin", 40_000),
        ("main;search;scan", 30_000),
        ("main;search", 2_000),
        ("main;open;sqlite3_open_v2", 24_000),
        ("main;open;old_checks", 4_000),
    ]);
    let head = stacks(&[
        ("main;search;rank;spin", 90_000),
        ("main;search;scan", 26_000),
        ("main;search", 2_000),
        ("main;open;sqlite3_open_v2", 24_000),
        ("main;search;rank;a very long name of a function that does not fit::into its frame", 1_000),
    ]);
    let svg = pictures::flame("search/100000", &base, &head);
    golden("bench-flame.svg", &svg);
    well_formed(&svg);
    assert!(svg.contains("spin: 40,000 → 90,000 (+125.0 %) instructions, of its own 40,000 → 90,000"), "{svg}");
    assert!(svg.contains("only in base: old_checks (4,000 instructions)"));
    well_formed(&pictures::flame("nothing", &[], &[]));
    let deep: String = (0..500).map(|n| format!("f{n};")).collect();
    let hostile = stacks(&[(&deep, 5), ("</title><script>;\u{1b}\u{0}<b>\"'&", 7)]);
    let svg = pictures::flame("</svg>", &hostile, &hostile);
    well_formed(&svg);
    assert!(!svg.contains("<script") && !svg.contains("fill-opacity"), "nothing differs");
}

/// Of commits in between nothing is known, even where the levels before and after have one base.
#[test]
fn a_line_has_a_gap_where_a_bench_was_not_measured() {
    let mut records = anchored();
    let pieces = |records: &[Record]| {
        let svg = pictures::trend(&lines(records).unwrap());
        let path = svg.split("class=\"l\" d=\"").nth(1).unwrap().split('"').next().unwrap().to_owned();
        path.matches('M').count()
    };
    assert_eq!(pieces(&records), 1);
    records[5].benches.clear();
    assert_eq!(pieces(&records), 2);
}

#[test]
fn hostile_names_stay_in_their_place() {
    let mut records = chained();
    for (n, record) in records.iter_mut().enumerate() {
        for entry in &mut record.benches {
            entry.bench = format!("</text><script>alert({n})</script>\u{1b}\u{0}|`@octocat` \"'&");
        }
        record.benches.truncate(1);
        record.machine.processor = "<b>|`\n".into();
    }
    let all = lines(&records).unwrap();
    for svg in [pictures::trend(&all), pictures::intervals(&newest(&records))] {
        well_formed(&svg);
        assert!(!svg.contains("<script") && !svg.contains(['\u{1b}', '\u{0}']));
    }
    let text = markdown(&records, &[]);
    assert!(!text.replace("\\|", "").contains("\n|`"), "{text}");
}

#[test]
fn ratios_far_away_are_still_drawn() {
    let records = [record(
        1,
        0,
        vec![
            entry("far", BUNDLED, Change::Slower, Some(4000.0), 0.5),
            entry("near zero", BUNDLED, Change::Faster, Some(0.000_1), 0.000_01),
        ],
    )];
    for svg in [pictures::trend(&lines(&records).unwrap()), pictures::intervals(&newest(&records))] {
        well_formed(&svg);
        assert!(!svg.contains("NaN") && !svg.contains("inf"));
    }
}
