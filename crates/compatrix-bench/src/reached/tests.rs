//! Targets against made processes: each metric, units, and what cannot be seen.

use super::{verdicts, Process, Seen};
use crate::measured::{Better, Measured, Throughput};
use crate::target::{Bound, Judged, Proven, Target, Tier};
use crate::units;

fn target(metric: &str, direction: &str, text: &str) -> Target {
    let (limit, _) = units::limit(text).unwrap_or((0.0, "1"));
    let bound = if direction == "most" { Bound::AtMost(limit) } else { Bound::AtLeast(limit) };
    Target {
        suite: None,
        bench: "search".to_owned(),
        metric: metric.to_owned(),
        to: None,
        bound,
        text: text.to_owned(),
        tier: Tier::Must,
        line: 1,
    }
}

fn measured(bench: &str, metric: &str, unit: &str, samples: Vec<f64>) -> Measured {
    Measured {
        bench: bench.to_owned(),
        metric: metric.to_owned(),
        unit: unit.to_owned(),
        samples,
        raw: true,
        exact: false,
        better: Better::Less,
        throughput: None,
    }
}

/// So many processes, each of which measured these.
fn seen(processes: u32, of: impl Fn(u32) -> Vec<Measured>) -> Seen {
    let process = |round| Process {
        round,
        measured: of(round),
        peak_memory: Some(50_000_000 + u64::from(round) * 1_000_000),
        cpu: Some(0.4 + f64::from(round) / 100.0),
        wall: Some(0.5),
    };
    Seen { group: 3, suite: "speed".to_owned(), processes: (0..processes).map(process).collect() }
}

/// Ten processes of twenty raw times each, from 1 to 200 ms.
fn times() -> Seen {
    let samples = |round| (0..20).map(|at| f64::from(round + 10 * at + 1)).collect();
    seen(10, |round| vec![measured("search", "time", "ms", samples(round))])
}

fn one(target: &Target, seen: &Seen) -> Judged {
    let judged = verdicts(std::slice::from_ref(target), std::slice::from_ref(seen));
    assert_eq!(judged.len(), 1);
    assert_eq!(judged[0].why.is_empty(), judged[0].proven != Proven::Unproven, "{judged:?}");
    judged[0].clone()
}

#[track_caller]
fn check(seen: &Seen, cases: &[(&str, &str, &str, Proven)]) {
    for (metric, direction, text, proven) in cases {
        let judged = one(&target(metric, direction, text), seen);
        assert_eq!(judged.proven, *proven, "{metric} at {direction} {text}: {judged:?}");
        assert_eq!((judged.group, judged.limit), (Some(3), format!("at {direction} {text}")));
    }
}

#[test]
fn percentiles_are_judged_by_their_bounds() {
    check(
        &times(),
        &[
            ("p50", "most", "120 ms", Proven::Proven),
            ("p50", "most", "101 ms", Proven::Unproven),
            ("p50", "most", "0.08 s", Proven::Contradicted),
            ("p95", "most", "199 ms", Proven::Proven),
            ("p95", "most", "191 ms", Proven::Unproven),
            ("p95", "most", "100000 us", Proven::Contradicted),
            ("p95", "least", "100 ms", Proven::Proven),
            ("p95", "least", "1 s", Proven::Contradicted),
            // 200 samples: a lower bound of the 99th percentile, and no upper one.
            ("p99", "most", "300 ms", Proven::Unproven),
            ("p99", "most", "100 ms", Proven::Contradicted),
        ],
    );
    let judged = one(&target("p95", "most", "199 ms"), &times());
    assert_eq!((judged.figure, judged.unit.as_str()), (Some(0.19), "s"));
    let (low, high) = judged.interval.unwrap();
    assert!(low < 0.19 && 0.19 < high);
    let judged = one(&target("p99", "most", "300 ms"), &times());
    assert_eq!(judged.why, "200 raw samples are too few for p99: 299 are needed");
    let few = seen(1, |_| vec![measured("search", "time", "ms", vec![1.0; 58])]);
    assert_eq!(one(&target("p95", "most", "9 ms"), &few).why, "58 raw samples are too few for p95: 59 are needed");
}

#[test]
fn averages_are_no_latencies() {
    let averages = seen(10, |_| vec![Measured { raw: false, ..measured("search", "time", "ns", vec![1.0; 100]) }]);
    let judged = one(&target("p95", "most", "1 s"), &averages);
    assert!(judged.proven == Proven::Unproven && judged.why.contains("averages over many iterations"), "{judged:?}");
    check(&averages, &[("time", "most", "1 s", Proven::Proven)]);
}

#[test]
fn times_memory_and_processor_are_one_value_a_process() {
    check(
        &times(),
        &[
            ("time", "most", "105 ms", Proven::Proven),
            ("time", "most", "100 ms", Proven::Unproven),
            ("time", "most", "90 ms", Proven::Contradicted),
            ("peak-memory", "most", "59 MB", Proven::Proven),
            ("peak-memory", "most", "58.9 MB", Proven::Contradicted),
            ("peak-memory", "most", "60 MiB", Proven::Proven),
            ("cpu", "most", "500 ms", Proven::Proven),
            ("cpu", "most", "300 ms", Proven::Contradicted),
            ("cpu", "most", "98 %", Proven::Proven),
            ("cpu", "most", "80 %", Proven::Contradicted),
        ],
    );
    let few = seen(4, |_| vec![measured("search", "time", "ms", vec![1.0])]);
    assert_eq!(one(&target("time", "most", "1 s"), &few).why, "4 processes are too few: 5 are needed");
    assert_eq!(one(&target("peak-memory", "most", "1 GB"), &few).proven, Proven::Proven);
}

#[test]
fn throughput_is_what_is_handled_in_a_second() {
    let handles = |count, unit: &str| {
        let throughput = Some(Throughput { count, unit: unit.to_owned() });
        seen(8, |_| vec![Measured { throughput: throughput.clone(), ..measured("search", "time", "ms", vec![10.0]) }])
    };
    check(
        &handles(1000.0, "elements"),
        &[
            ("throughput", "least", "99_999/s", Proven::Proven),
            ("throughput", "least", "100_001/s", Proven::Contradicted),
        ],
    );
    check(
        &handles(1000.0, "kB"),
        &[
            ("throughput", "least", "99 MB/s", Proven::Proven),
            ("throughput", "least", "101 MB/s", Proven::Contradicted),
        ],
    );
    check(&times(), &[("throughput", "least", "5/s", Proven::Proven)]);
    let wrong = one(&target("throughput", "least", "5/s"), &handles(1.0, "B"));
    assert_eq!(wrong.why, "the limit `5/s` and its figure in `B/s` are not in the same unit");
}

#[test]
fn a_ratio_is_between_two_benches_of_a_round() {
    let both = seen(12, |round| {
        let time = f64::from(round + 1);
        vec![measured("search", "time", "ms", vec![3.0 * time]), measured("all", "time", "us", vec![1000.0 * time])]
    });
    let ratio = |to: Option<&str>, text: &str| Target { to: to.map(str::to_owned), ..target("ratio", "most", text) };
    // The bench is `search`, which takes three times as long: its speed is a third.
    assert_eq!(one(&ratio(Some("all"), "0.34"), &both).proven, Proven::Proven);
    assert_eq!(one(&ratio(Some("all"), "0.33"), &both).proven, Proven::Contradicted);
    let faster = Target { bench: "all".to_owned(), ..ratio(Some("search"), "3") };
    assert_eq!(one(&faster, &both).figure, Some(3.0));
    assert_eq!(one(&ratio(Some("al"), "3"), &both).why, "no bench `al` was measured; the nearest is `all`");
    assert!(one(&ratio(None, "3"), &both).why.contains("as `to`"));
    // In two executables, of which one did not get to its last rounds.
    let mut apart = seen(12, |round| vec![measured(if round < 6 { "search" } else { "all" }, "time", "ms", vec![5.0])]);
    apart.processes.iter_mut().for_each(|process| process.round %= 6);
    assert_eq!(one(&ratio(Some("all"), "1"), &apart).proven, Proven::Proven);
    apart.processes.iter_mut().enumerate().for_each(|(at, process)| process.round = at as u32);
    assert_eq!(one(&ratio(Some("all"), "1"), &apart).why, "no round measured both it and `all`");
}

#[test]
fn metrics_of_the_bench_have_units_of_their_own() {
    let own = |unit: &str, exact, values: fn(u32) -> f64| {
        seen(8, |round| vec![Measured { exact, ..measured("search", "hits", unit, vec![values(round)]) }])
    };
    check(
        &own("%", true, |_| 95.0),
        &[("hits", "least", "90 %", Proven::Proven), ("hits", "least", "0.96", Proven::Contradicted)],
    );
    check(
        &own("rows", false, |_| 12.0),
        &[("hits", "most", "12", Proven::Proven), ("hits", "most", "11", Proven::Contradicted)],
    );
    let judged = one(&target("hits", "most", "5 ms"), &own("rows", true, |_| 12.0));
    assert_eq!(judged.why, "the limit `5 ms` and its figure in `rows` are not in the same unit");
    let judged = one(&target("hits", "most", "5"), &own("ns", true, |_| 12.0));
    assert_eq!(judged.why, "the limit `5` and the seconds that it took are not in the same unit");
    let judged = one(&target("hits", "most", "50"), &own("rows", true, f64::from));
    assert!(judged.why.starts_with("it is declared exact, and its repeats differ"), "{judged:?}");
    assert_eq!(
        one(&target("hit", "most", "5"), &own("1", true, |_| 1.0)).why,
        "`search` has no metric `hit`; the nearest is `hits`"
    );
    assert_eq!(
        one(&target("allocations", "most", "5"), &own("1", true, |_| 1.0)).why,
        "`search` has no metric `allocations`, only `hits`"
    );
}

#[test]
fn what_was_not_seen_is_unproven_and_says_why() {
    let target = |bench: &str| Target { bench: bench.to_owned(), ..target("time", "most", "1 s") };
    for (bench, seen, why) in [
        ("serch", vec![times()], "no bench `serch` was measured; the nearest is `search`"),
        (
            "elsewhere/entirely",
            vec![times()],
            "no bench `elsewhere/entirely` was measured, and none has a similar name",
        ),
        ("search", vec![], "no bench `search` was measured, nor any other"),
    ] {
        let judged = verdicts(&[target(bench)], &seen);
        assert_eq!((judged[0].group, judged[0].why.as_str(), judged.len()), (None, why, 1));
    }
    let mixed = seen(8, |round| vec![measured("search", "time", ["ms", "us", "B"][round as usize / 3], vec![1.0])]);
    assert_eq!(one(&target("search"), &mixed).why, "its units differ: `ms` and `B`");
    let nothing = seen(8, |_| vec![measured("search", "time", "ms", vec![])]);
    assert_eq!(one(&target("search"), &nothing).why, "no process measured it");
    let mut bare = times();
    bare.processes.iter_mut().for_each(|process| (process.peak_memory, process.cpu) = (None, None));
    for metric in ["peak-memory", "cpu"] {
        let judged = one(&Target { metric: metric.to_owned(), ..target("search") }, &bare);
        assert!(judged.why.ends_with("could not be read on this platform"), "{judged:?}");
    }
}

#[test]
fn a_target_is_judged_in_each_group_that_has_its_bench() {
    let other = Seen { group: 5, ..times() };
    let elsewhere = Seen { group: 6, ..seen(5, |_| vec![measured("inbox", "time", "ms", vec![1.0])]) };
    let judged = verdicts(&[target("time", "most", "1 s")], &[times(), other, elsewhere]);
    assert_eq!(judged.iter().map(|one| one.group).collect::<Vec<_>>(), [Some(3), Some(5)]);
}

#[test]
fn a_target_of_a_suite_is_judged_there_alone() {
    let other = Seen { group: 5, suite: "plans".to_owned(), ..times() };
    let of = |suite: &str| Target { suite: Some(suite.to_owned()), ..target("time", "most", "1 s") };
    for (suite, group) in [("speed", Some(3)), ("plans", Some(5)), ("third", None)] {
        let judged = verdicts(&[of(suite)], &[times(), other.clone()]);
        assert_eq!(judged.iter().map(|one| one.group).collect::<Vec<_>>(), [group], "{suite}");
    }
}
