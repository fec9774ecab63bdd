//! What goes side by side, on a simulated machine.

use super::simulated::{simulate, Does, Made, Seen, GIB};
use super::*;
use Does::{Sleeps, Spins, Takes};

fn machine(cores: f64) -> Admission {
    Admission { cores, memory: 24 * GIB, most_runs: 32 }
}

/// So many runs of one build, each of which does this.
fn many(runs: usize, does: &[Does]) -> Vec<Made> {
    let runs = (0..runs).map(|_| (0, does.to_vec())).collect();
    vec![Made { lane: 0, build: vec![Spins(100)], doctests: None, runs }]
}

fn seen(made: &[Made], admission: Admission) -> Seen {
    simulate(made, admission, admission.cores.ceil() as usize, None)
}

#[test]
fn runs_that_sleep_overlap_up_to_the_cap() {
    let seen = seen(&many(200, &[Spins(20), Sleeps(10_000)]), machine(2.0));
    assert_eq!((seen.most_runs, seen.ended.len()), (32, 200));
    // Two pioneers, then the others, 32 at a time.
    assert!(seen.makespan_ms <= 83_000, "{} ms", seen.makespan_ms);
}

#[test]
fn runs_that_spin_do_not_overlap_beyond_the_cores() {
    let seen = seen(&many(200, &[Spins(10_000)]), machine(2.0));
    assert_eq!((seen.most_runs, seen.most_wanted), (2, 2));
    assert!(seen.makespan_ms <= 1_001_000, "{} ms", seen.makespan_ms);
}

#[test]
fn a_run_that_sleeps_before_its_work_is_not_taken_for_one_that_only_sleeps() {
    let seen = seen(&many(40, &[Sleeps(3_000), Spins(3_000)]), machine(2.0));
    // Half of each is work: five go side by side, though all of them sleep first.
    assert!(seen.most_runs <= 5, "{seen:?}");
}

#[test]
fn sleeping_runs_overlap_with_builds_and_their_results_come_early() {
    // As rusqlite's own suite: four toolchains, two builds each, seven runs of one and one of the other second.
    let run = || (0, vec![Spins(500), Sleeps(5_000), Spins(500)]);
    let made: Vec<Made> = (0..4)
        .flat_map(|lane| {
            let build = |ms, runs: usize| Made {
                lane,
                build: vec![Spins(ms)],
                doctests: Some(vec![Spins(4_000)]),
                runs: (0..runs).map(|_| run()).collect(),
            };
            [build(20_000, 1), build(10_000, 6)]
        })
        .collect();
    let seen = seen(&made, machine(2.0));
    let work: u64 = 4 * (30_000 + 8_000 + 7 * 1_000);
    assert!(seen.makespan_ms as f64 <= 1.15 * (work / 2) as f64, "{} ms of {}", seen.makespan_ms, work / 2);
    let early = seen.ended.values().filter(|ms| **ms < seen.makespan_ms * 7 / 10).count();
    assert!(early >= 7, "{seen:?}");
}

#[test]
fn memory_stays_below_its_share() {
    let seen = seen(&many(60, &[Sleeps(500), Takes(4 * GIB), Sleeps(2_000)]), machine(2.0));
    assert!(seen.most_memory <= 24 * GIB * 4 / 5, "{} GiB", seen.most_memory / GIB);
    assert!(seen.most_runs >= 4, "but it is used: {seen:?}");
}

#[test]
fn a_quota_below_one_core_lets_sleepers_overlap_and_spinners_not() {
    let sleepers = seen(&many(40, &[Spins(10), Sleeps(2_000)]), machine(0.5));
    assert!(sleepers.most_runs >= 10, "{sleepers:?}");
    let spinners = seen(&many(10, &[Spins(1_000)]), machine(0.5));
    assert_eq!(spinners.most_runs, 1);
}

#[test]
fn serially_nothing_has_company() {
    let mut made = many(5, &[Sleeps(1_000)]);
    made.push(Made { lane: 1, build: vec![Spins(1_000)], doctests: Some(vec![Spins(1_000)]), runs: Vec::new() });
    let seen = simulate(&made, Admission { most_runs: 1, ..machine(1.0) }, 1, None);
    assert_eq!((seen.most_runs, seen.makespan_ms), (1, 100 + 5_000 + 2_000));
}

#[test]
fn what_the_ledger_knows_needs_no_pioneers() {
    let mut habit = Habit::default();
    habit.add(10_020, 20, 0);
    let seen = simulate(&many(64, &[Spins(20), Sleeps(10_000)]), machine(2.0), 2, Some(habit));
    assert!(seen.makespan_ms <= 23_000, "{} ms", seen.makespan_ms);
}

#[test]
fn runs_of_a_suite_that_do_other_things_are_measured_in_this_walk() {
    // First those that sleep, then those that spin: what the first did says little of the others.
    let mut made = many(10, &[Sleeps(3_000)]);
    made[0].runs.extend((0..40).map(|_| (0, vec![Spins(1_000)])));
    let seen = seen(&made, machine(2.0));
    assert!(seen.makespan_ms <= 29_000, "{seen:?}");
    let mut apart = many(10, &[Sleeps(3_000)]);
    apart[0].runs.extend((0..40).map(|_| (1, vec![Spins(1_000)])));
    let seen = super::admitted::seen(&apart, machine(2.0));
    assert!(seen.most_wanted <= 3, "another suite has pioneers of its own: {seen:?}");
}

#[test]
fn runs_that_take_more_than_the_first_of_their_suite_do_not_fill_the_memory() {
    // As a test does that fills 4 GiB: a core's time for each part of it.
    let fills = |parts: u64| (1..=parts).flat_map(|part| [Spins(15), Takes(part * GIB / 20)]);
    let mut made = many(8, &[Spins(20), Sleeps(9_000)]);
    made[0].runs.extend((0..60).map(|_| (0, fills(80).chain([Sleeps(3_000)]).collect())));
    let seen = seen(&made, machine(2.0));
    assert!(seen.most_memory <= 24 * GIB * 4 / 5, "{} GiB", seen.most_memory / GIB);
}
