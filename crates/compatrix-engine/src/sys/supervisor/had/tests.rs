//! Tables of made-up intervals.

use super::*;

fn ms(ms: u64) -> Duration {
    Duration::from_millis(ms)
}

fn part(length: u64, ran: u64, waited: u64) -> Part {
    Part { length: ms(length), ran: ms(ran), waited: Some(ms(waited)), overdue: ms(0) }
}

const TWO: Taken = Taken { cores: 2.0, stolen: 0.0, pressure: None };

#[track_caller]
fn check(part: Part, taken: Taken, expected_ms: f64) {
    let had = gain(part, taken).had * 1000.0;
    assert!((had - expected_ms).abs() < 0.01, "{part:?} {taken:?}: {had}");
}

#[test]
fn a_group_had_what_nobody_took() {
    // length, ran, waited: had.
    let table = [
        // It sleeps, or is deadlocked.
        (100, 0, 0, 100.0),
        // It spins, alone on a core or on both.
        (100, 100, 0, 100.0),
        (100, 200, 0, 100.0),
        // One thread spins beside two other spinners.
        (100, 67, 33, 67.0),
        // It never got a core.
        (100, 0, 100, 0.0),
        // It got a hundredth of one.
        (100, 1, 99, 1.0),
        // It sleeps half of the time, and waits half of the rest.
        (100, 25, 25, 75.0),
        // It sleeps nearly always, on a busy machine.
        (100, 1, 1, 99.0),
        // Two threads, each beside a spinner of its own.
        (100, 100, 100, 50.0),
        // Four threads of its own on both cores: they wait for each other only.
        (100, 200, 200, 100.0),
        // Four threads that get one core of two.
        (100, 100, 300, 50.0),
        (0, 0, 0, 0.0),
        (0, 10, 10, 0.0),
    ];
    for (length, ran, waited, expected) in table {
        check(part(length, ran, waited), TWO, expected);
    }
}

#[test]
fn a_quota_below_one_core_is_the_machine() {
    let half = Taken { cores: 0.5, ..TWO };
    // A spinner alone in it runs half of the time, and has all that there is.
    check(part(100, 50, 50), half, 100.0);
    // Beside another one it has half of that.
    check(part(100, 25, 75), half, 50.0);
    check(part(100, 0, 0), half, 100.0);
    check(part(100, 25, 75), Taken { cores: 0.0, ..TWO }, 100.0);
}

#[test]
fn time_that_other_virtual_machines_take_is_not_had() {
    for (stolen, expected) in [(0.0, 100.0), (0.3, 85.0), (1.0, 50.0), (7.0, 50.0), (-1.0, 100.0)] {
        // It used half a core, which its core gave it in part of the time only: what it used is at least had.
        let taken = Taken { stolen, cores: 100.0, ..TWO };
        check(part(100, 50, 0), taken, expected);
    }
    check(part(100, 0, 0), Taken { stolen: 0.9, ..TWO }, 100.0);
}

#[test]
fn pressure_stands_in_for_what_the_kernel_does_not_say() {
    let unsaid = |ran| Part { waited: None, ..part(100, ran, 0) };
    let under = |pressure| Taken { pressure: Some(pressure), ..TWO };
    // A spinner beside two others on two cores.
    check(unsaid(67), under(1.0), 67.0);
    check(unsaid(40), under(1.0), 60.0);
    check(unsaid(50), under(0.5), 75.0);
    check(unsaid(50), under(0.0), 100.0);
    check(unsaid(100), under(1.0), 100.0);
    // One that sleeps has its time.
    check(unsaid(0), under(1.0), 100.0);
    check(unsaid(1), under(1.0), 99.0);
    // Nonsense takes nothing away.
    check(unsaid(50), under(-3.0), 100.0);
    // Nothing is known at all: the time on the clock.
    for ran in [0, 40, 100] {
        check(unsaid(ran), TWO, 100.0);
    }
    // What the kernel says is better than pressure.
    check(part(100, 50, 0), under(1.0), 100.0);
}

/// The time had, and on the clock, at which a limit ends a group that does the same in every interval.
fn ended_at(limit: Duration, mut next: impl FnMut(u64) -> Part, taken: Taken) -> (Duration, Duration) {
    let start = crate::sys::clock::instant();
    let (mut had, mut now) = (Had::new(start), start);
    for n in 0.. {
        let part = next(n);
        now += part.length;
        had.add(part, taken, now);
        if had.is_over(limit, now) {
            break;
        }
    }
    (had.until(now), now - start)
}

#[track_caller]
fn near(found: Duration, expected: Duration) {
    assert!(found.abs_diff(expected) <= ms(150), "{found:?}, not {expected:?}");
}

#[test]
fn limits_end_what_hangs_and_not_what_is_starved() {
    let limit = ms(2000);
    // A deadlock and a spinner with the machine to themselves, and a sleeper beside others.
    for part in [part(100, 0, 0), part(100, 100, 0), part(100, 200, 0), part(100, 1, 1)] {
        near(ended_at(limit, |_| part, TWO).1, limit);
    }
    // Beside as many spinners it takes twice as long, and still ends.
    near(ended_at(limit, |_| part(100, 50, 50), TWO).1, ms(4000));
    // Never a core, or one in a hundred: ten times the limit.
    near(ended_at(limit, |_| part(100, 0, 100), TWO).1, ms(20_000));
    near(ended_at(limit, |_| part(100, 1, 99), TWO).1, ms(20_000));
    // A test that needs 1 s of processor time and gets a third of a core: it ends by itself before.
    let (_, ended) = ended_at(limit, |_| part(100, 33, 67), TWO);
    assert!(ended > ms(3000), "{ended:?}");
}

#[test]
fn a_wait_that_is_known_late_is_given_back() {
    // It waits for three intervals, of which the kernel says nothing before it runs for 10 ms at the end of the third.
    let next = |n: u64| match n % 3 {
        2 => Part { overdue: ms(200), ..part(100, 10, 90) },
        _ => part(100, 0, 0),
    };
    let start = crate::sys::clock::instant();
    let (mut had, mut now) = (Had::new(start), start);
    for n in 0..30 {
        now += ms(100);
        had.add(next(n), TWO, now);
    }
    near(had.until(now), ms(100));
    // Never less than what the group ran.
    let mut had = Had::new(start);
    had.add(part(1000, 1000, 0), TWO, start + ms(1000));
    had.add(Part { overdue: ms(9000), ..part(100, 10, 90) }, TWO, start + ms(1100));
    near(had.until(start + ms(1100)), ms(505));
}

#[test]
fn time_that_nobody_looked_at_was_had() {
    let start = crate::sys::clock::instant();
    let mut had = Had::new(start);
    assert!(!had.is_over(ms(1000), start + ms(999)) && had.is_over(ms(1000), start + ms(1000)));
    had.add(part(500, 0, 500), TWO, start + ms(500));
    assert!(!had.is_over(ms(1000), start + ms(1499)) && had.is_over(ms(1000), start + ms(1500)));
    assert_eq!(had.until(start + ms(800)), ms(300));
    assert!(had.is_over(Duration::ZERO, start + ms(500)));
}
