//! Records and their lines.

use compatrix_bench::{Change, Comparison, Figures, Judged, Proven, Tier};

use super::*;
use crate::speed::{Canary, Group, Question, Sources, SpeedReport};

fn commit(digit: char) -> String {
    digit.to_string().repeat(40)
}

fn entry(bench: &str, change: Change, ratio: Option<f64>) -> Entry {
    Entry {
        suite: "search".into(),
        cell: "rust=stable sqlite=bundled".parse().unwrap(),
        bench: bench.into(),
        metric: "time".into(),
        change,
        ratio,
        interval: ratio.map(|ratio| (ratio - 0.01, ratio + 0.01)),
        rounds: if ratio.is_some() { 16 } else { 0 },
        counts: None,
    }
}

fn record(of: char, base: char, committed: i64, benches: Vec<Entry>) -> Record {
    Record {
        platform: "linux-x86_64".into(),
        commit: commit(of),
        base: Some(commit(base)),
        committed,
        machine: Machine {
            processor: "a \"CPU\"".into(),
            kernel: "Linux 6.1".into(),
            cores: 2.5,
            ..Machine::default()
        },
        benches,
        targets: Vec::new(),
    }
}

fn sample() -> Record {
    let mut record = record(
        'b',
        'a',
        1_790_003_600,
        vec![
            entry("insert\n\"many\"", Change::Same, None),
            entry("open", Change::Slower, Some(1.102)),
            entry("search", Change::NotSlower, Some(0.998)),
        ],
    );
    record.benches.insert(
        2,
        Entry {
            metric: "instructions".into(),
            interval: None,
            counts: Some((1000.0, 1102.0)),
            ..entry("open", Change::Slower, Some(1.102))
        },
    );
    record.benches.sort_by(|a, b| a.key().cmp(&b.key()));
    let place = Some(("search".to_owned(), record.benches[0].cell.clone()));
    let seen = |place, proven| Seen {
        place,
        bench: "open".into(),
        metric: "p95".into(),
        limit: "at most 5 ms".into(),
        tier: Tier::Should,
        proven,
        figure: (proven == Proven::Contradicted).then(|| Figure {
            value: 0.0061,
            interval: Some((0.006, 0.0062)),
            unit: "s".into(),
        }),
    };
    record.targets = vec![seen(place, Proven::Contradicted), seen(None, Proven::Unproven)];
    record.machine.governor = Some("performance".into());
    record
}

#[test]
fn what_is_written_is_read() {
    let text = sample().to_text();
    assert_eq!(Record::from_text(&text).unwrap(), sample(), "{text}");
    assert_eq!(Record::from_text(&text).unwrap().to_text(), text);
    assert_eq!(sample().path(), "linux-x86_64/bbbbbbbbbbbb.toml");
    assert!(text.contains("committed = \"2026-09-21T15:13:20Z\"\n"), "{text}");
    assert!(
        text.contains("ratio = 1.102\ninterval = [1.092, 1.1120000000000003]\n") || text.contains("ratio = 1.102\n")
    );
}

#[track_caller]
fn refused(from: &str, to: &str, line: usize, says: &str) {
    let text = sample().to_text();
    assert!(text.contains(from), "{from} in\n{text}");
    let error = Record::from_text(&text.replacen(from, to, 1)).unwrap_err();
    assert!(error.to_string().contains(says), "{error}");
    assert_eq!(error.line, line, "{error}");
}

#[test]
fn bad_files_are_refused_with_their_line() {
    refused("format = 1", "format = 2", 2, "format 2, and this version of compatrix reads 1");
    refused("format = 1\n", "", 1, "no `format`");
    refused("platform = \"linux-x86_64\"", "platform = \"../x\"", 3, "no platform");
    refused(&format!("base = \"{}\"", commit('a')), &format!("base = \"{}\"", commit('b')), 5, "its own base");
    refused(&format!("base = \"{}\"", commit('a')), "base = \"main\"", 5, "the full hash of a commit");
    refused(&format!("commit = \"{}\"", commit('b')), "commit = \"HEAD\"", 4, "the full hash of a commit");
    refused("2026-09-21T15:13:20Z", "yesterday", 6, "no time of a commit");
    refused("[machine]", "[machine", 8, "");
    refused("cores = 2.5", "cores = \"2\"", 11, "invalid type");
    refused("cores = 2.5", "cores = 2.5\nwatts = 3", 12, "unknown field `watts`");
    refused("change = \"same\"", "change = \"fine\"", 19, "fine");
    refused("ratio = 0.998", "ratio = nan", 41, "its ratio is NaN");
    refused("ratio = 0.998", "ratio = inf", 41, "its ratio is inf");
    refused("ratio = 0.998", "ratio = -1.0", 41, "its ratio is -1");
    refused("ratio = 0.998", "ratio = 1.2", 41, "does not contain its ratio");
    refused("ratio = 0.998\n", "", 41, "an interval and no ratio");
    refused("change = \"not-slower\"", "change = \"slower\"", 41, "it is `slower`, and its ratio is 0.998");
    refused("change = \"not-slower\"", "change = \"same\"", 41, "has a ratio");
    refused("change = \"same\"", "change = \"slower\"", 14, "without a ratio");
    refused("counts = [1000.0, 1102.0]", "counts = [1000.0, 1300.0]", 21, "which is not its ratio");
    refused("counts = [1000.0, 1102.0]", "counts = [1000.0, -1.0]", 21, "neither negative");
    refused("name = \"search\"", "name = \"open\"", 41, "`open` in time is there twice");
    refused("cell = \"rust=stable sqlite=bundled\"", "cell = \"rust\"", 16, "`axis=value`");
    refused("proven = \"unproven\"", "suite = \"search\"\nproven = \"unproven\"", 63, "half a place");
    let text = sample().to_text();
    for end in 0..text.len() {
        let _ = text.get(..end).map(Record::from_text);
    }
}

fn report() -> SpeedReport {
    let sources = |of: char| Sources {
        name: "main".into(),
        commit: Some(commit(of)),
        committed: Some(1_790_003_600),
        dirty: false,
    };
    let figures = |p50: f64| Figures { samples: 2, p50: Some(p50), ..Figures::default() };
    let comparison = |bench: &str, metric: &str, unit: &str, p: Option<f64>| Comparison {
        group: 0,
        bench: bench.into(),
        metric: metric.into(),
        unit: unit.into(),
        change: Change::Slower,
        ratio: Some(1.100_000_4),
        interval: None,
        smallest: None,
        spread: None,
        rounds: 16,
        p,
        p_corrected: p,
        p_mann_whitney: None,
        p_welch: None,
        base: figures(1000.0),
        head: figures(1100.0),
        why: String::new(),
    };
    SpeedReport {
        platform: "linux-x86_64".into(),
        machine: Machine { core: Some(1), ..Machine::default() },
        question: Question::Change { base: sources('a'), head: sources('b') },
        seed: 1,
        alpha: 0.01,
        groups: vec![Group {
            suite: "search".into(),
            cell: "rust=stable".parse().unwrap(),
            sides: Vec::new(),
            same: false,
            only: Vec::new(),
            rounds: Vec::new(),
            trouble: None,
            unusable: Vec::new(),
        }],
        comparisons: vec![
            comparison("open", "time", "ns", Some(0.000_1)),
            comparison("open", "instructions", "1", None),
            comparison("open", "latency", "ms", None),
            Comparison { ratio: Some(f64::NAN), ..comparison("odd", "time", "ns", Some(0.1)) },
        ],
        canary: Some(Canary {
            proven: true,
            why: String::new(),
            spread: Some(0.01),
            rounds: 32,
            same: None,
            slow: None,
            drift: None,
        }),
        targets: vec![Judged {
            group: Some(0),
            bench: "open".into(),
            metric: "p95".into(),
            limit: "at most 5 ms".into(),
            tier: Tier::Must,
            proven: Proven::Proven,
            figure: Some(0.0042),
            interval: None,
            unit: "s".into(),
            why: String::new(),
        }],
        notes: Vec::new(),
        rounds_ms: 10,
        processes_ms: 9,
    }
}

#[test]
fn a_record_has_ratios_and_counts_and_no_duration() {
    let record = Record::from_report(&report()).unwrap();
    let text = record.to_text();
    assert_eq!(Record::from_text(&text).unwrap(), record);
    assert_eq!(text.matches("ratio = 1.1\n").count(), 3, "{text}");
    assert_eq!(text.matches("counts = [1000.0, 1100.0]").count(), 1, "only of what is exact and no time: {text}");
    assert!(!text.contains("0.0042"), "a figure may be a duration: {text}");
    let odd = record.benches.iter().find(|entry| entry.bench == "odd").unwrap();
    assert_eq!((odd.change, odd.ratio), (Change::Unproven, None));
}

#[test]
fn only_clean_commits_that_were_compared_are_recorded() {
    let mut blind = report();
    blind.canary.as_mut().unwrap().proven = false;
    let of = |change: &dyn Fn(&mut Sources, &mut Sources)| {
        let mut report = report();
        if let Question::Change { base, head } = &mut report.question {
            change(base, head);
        }
        Record::from_report(&report).unwrap_err()
    };
    assert_eq!(Record::from_report(&blind), Err(NotRecorded::Blind));
    assert_eq!(of(&|_, head| head.dirty = true), NotRecorded::NotClean("head"));
    assert_eq!(of(&|_, head| head.commit = None), NotRecorded::NotClean("head"));
    assert_eq!(of(&|_, head| head.committed = None), NotRecorded::NotClean("head"));
    assert_eq!(of(&|base, _| base.dirty = true), NotRecorded::NotClean("base"));
    assert_eq!(of(&|base, head| base.commit = head.commit.clone()), NotRecorded::Itself);
    let nothing = SpeedReport { comparisons: Vec::new(), ..report() };
    assert_eq!(Record::from_report(&nothing), Err(NotRecorded::Nothing));
    let across = Question::Across { axis: "n".into(), reference: "1".into(), head: Sources::default() };
    assert_eq!(Record::from_report(&SpeedReport { question: across, ..report() }), Err(NotRecorded::NoChange));
}

#[test]
fn without_a_base_targets_are_recorded_with_their_figures() {
    let Question::Change { head, .. } = report().question else { panic!("no change") };
    let alone = SpeedReport { question: Question::Targets { head }, comparisons: Vec::new(), ..report() };
    let record = Record::from_report(&alone).unwrap();
    assert_eq!((&record.base, record.benches.len()), (&None, 0));
    let figure = Figure { value: 0.0042, interval: None, unit: "s".into() };
    assert_eq!(record.targets[0].figure, Some(figure));
    assert_eq!(Record::from_text(&record.to_text()).unwrap(), record);
    let mut unseen = alone.clone();
    unseen.targets[0].group = None;
    assert_eq!(Record::from_report(&unseen), Err(NotRecorded::Nothing));
    let question = Question::Targets { head: Sources::default() };
    assert_eq!(Record::from_report(&SpeedReport { question, ..alone }), Err(NotRecorded::NotClean("head")));
}

fn level(line: &Line<'_>) -> Vec<Option<(f64, char)>> {
    let point =
        |point: &Option<Point<'_>>| point.map(|p| ((p.level * 1e4).round() / 1e4, p.root.chars().next().unwrap()));
    line.points.iter().map(point).collect()
}

#[test]
fn levels_are_products_along_the_chain() {
    let slower = |ratio| vec![entry("open", Change::Slower, Some(ratio))];
    // Committed in the order in which clocks of two machines had it, which is not that of the chain.
    let records = [
        record('d', 'c', 40, slower(1.5)),
        record('b', 'a', 20, slower(1.1)),
        record('c', 'b', 10, slower(1.2)),
        record('f', 'e', 60, slower(2.0)),
        record('9', 'd', 50, vec![entry("search", Change::Same, None)]),
        record('8', 'd', 55, vec![entry("open", Change::Same, None)]),
    ];
    let lines = lines(&records).unwrap();
    assert_eq!(lines.len(), 2);
    let expect = [Some((1.1, 'a')), Some((1.32, 'a')), Some((1.98, 'a')), None, Some((1.98, 'a')), Some((2.0, 'e'))];
    assert_eq!(level(&lines[0]), expect);
    let seen: Vec<char> =
        order(&records, "linux-x86_64").unwrap().iter().map(|r| r.commit.chars().next().unwrap()).collect();
    assert_eq!(seen, ['b', 'c', 'd', '9', '8', 'f']);
}

#[test]
fn circles_and_twins_are_refused() {
    let of = |commit, base| record(commit, base, 1, Vec::new());
    assert!(lines(&[of('b', 'a'), of('a', 'b')]).unwrap_err().contains("form a cycle"));
    assert!(lines(&[of('b', 'a'), of('b', 'c')]).unwrap_err().contains("are of the commit bbbb"));
}

#[test]
fn change_points_are_of_records_with_one_base() {
    let noise = [0.002, -0.001, 0.001, -0.002, 0.0005, 0.0015, -0.0005, 0.001];
    let digits = "123456789bcdef10";
    let of = |n: usize, base: char| {
        let step = if n >= 8 { 0.1 } else { 0.0 };
        let ratio = 1.0 + step + noise[n % 8];
        let mut record =
            record(digits.chars().nth(n).unwrap(), base, n as i64, vec![entry("open", Change::Unproven, Some(ratio))]);
        record.commit = format!("{n:040x}");
        record
    };
    let anchored: Vec<Record> = (0..16).map(|n| of(n, 'a')).collect();
    let found = lines(&anchored).unwrap();
    let [change] = found[0].changes.as_slice() else { panic!("{:?}", found[0].changes) };
    assert_eq!((change.last_before, change.first_after), (7, 8));
    assert!((change.ratio - 1.1).abs() < 0.01, "{}", change.ratio);
    // The same ratios, each over the commit before.
    let mut chained = anchored.clone();
    for n in 1..16 {
        chained[n].base = Some(chained[n - 1].commit.clone());
    }
    assert!(lines(&chained).unwrap()[0].changes.is_empty());
}

/// A record of targets alone.
fn of_targets(commit: char, committed: i64, targets: Vec<Seen>) -> Record {
    Record { base: None, targets, ..record(commit, 'a', committed, Vec::new()) }
}

#[test]
fn a_record_of_targets_alone_has_a_file_of_its_own_and_no_place_in_the_trend() {
    let targets = of_targets('b', 1_790_003_600, sample().targets);
    assert_eq!(targets.path(), "linux-x86_64/bbbbbbbbbbbb-targets.toml");
    let text = targets.to_text();
    assert_eq!(Record::from_text(&text).unwrap(), targets, "{text}");
    assert!(!text.contains("base ="), "{text}");
    let both = [sample(), targets];
    assert_eq!(lines(&both), lines(&both[..1]).map(|alone| alone.into_iter().collect()));
    assert_eq!(order(&both, "linux-x86_64").unwrap().len(), 1);
    let base = format!("base = \"{}\"\n", commit('a'));
    refused(&base, "", 13, "a bench and no `base`");
    refused("figure = 0.0061\n", "", 51, "half a figure");
}

#[test]
fn of_a_target_the_newest_record_that_saw_it_counts() {
    let seen = |bench: &str, proven| Seen { bench: bench.into(), proven, ..sample().targets[0].clone() };
    let unseen = |bench: &str| Seen { place: None, figure: None, ..seen(bench, Proven::Unproven) };
    let records = [
        Record { targets: vec![seen("open", Proven::Proven), unseen("stream")], ..record('c', 'b', 30, Vec::new()) },
        of_targets('b', 20, vec![seen("stream", Proven::Contradicted), seen("open", Proven::Contradicted)]),
        of_targets('a', 10, vec![seen("stream", Proven::Proven)]),
    ];
    let of = |bench| {
        let found = newest_of_target(&records, (bench, "p95", "at most 5 ms"));
        found.into_iter().map(|(record, seen)| (record.committed, seen.proven)).collect::<Vec<_>>()
    };
    assert_eq!(of("open"), [(30, Proven::Proven)]);
    assert_eq!(of("stream"), [(20, Proven::Contradicted)]);
    assert_eq!(of("search"), []);
}
