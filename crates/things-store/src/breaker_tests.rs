//! The breaker through every state, by a clock that is a number.

use super::*;
use std::sync::atomic::{AtomicU32, Ordering};

const fn s(seconds: u64) -> Duration {
    Duration::from_secs(seconds)
}

/// Opens after three failures, for ten seconds.
fn breaker() -> Breaker {
    Breaker::new(BreakerOptions { failures: 3, open_for: s(10) })
}

/// One operation from beginning to end.
fn operation(breaker: &Breaker, verdict: Verdict, now: Duration) -> Option<Turn> {
    let (permit, _) = breaker.admit(now).unwrap();
    breaker.report(permit, verdict, now).unwrap()
}

fn opened(now: Duration) -> Breaker {
    let breaker = breaker();
    for _ in 0..3 {
        operation(&breaker, Verdict::Fails, now);
    }
    assert_eq!(breaker.state().unwrap(), BreakerState::Open);
    breaker
}

#[track_caller]
fn refused(breaker: &Breaker, now: Duration, expected: Duration) {
    match breaker.admit(now) {
        Err(Error::BreakerOpen { retry_after }) => assert_eq!(retry_after, expected),
        other => panic!("{other:?}"),
    }
}

#[test]
fn failures_in_a_row_open_it() {
    let breaker = breaker();
    assert_eq!(operation(&breaker, Verdict::Fails, s(0)), None);
    assert_eq!(operation(&breaker, Verdict::Fails, s(0)), None);
    assert_eq!(breaker.state().unwrap(), BreakerState::Closed);
    assert_eq!(operation(&breaker, Verdict::Fails, s(1)), Some(Turn::Opened));
    assert_eq!(breaker.state().unwrap(), BreakerState::Open);
}

#[test]
fn a_success_in_between_starts_the_count_over_and_what_is_unknown_does_not() {
    let breaker = breaker();
    for verdict in [Verdict::Fails, Verdict::Fails, Verdict::Works, Verdict::Fails, Verdict::Unknown, Verdict::Fails] {
        assert_eq!(operation(&breaker, verdict, s(0)), None);
    }
    assert_eq!(operation(&breaker, Verdict::Fails, s(0)), Some(Turn::Opened));
}

#[test]
fn an_open_one_refuses_and_says_for_how_long() {
    let breaker = opened(s(100));
    refused(&breaker, s(100), s(10));
    refused(&breaker, s(103), s(7));
    refused(&breaker, s(109), s(1));
    assert!(breaker.admit(s(110)).is_ok());
}

#[test]
fn half_open_lets_one_through_and_refuses_the_others_meanwhile() {
    let breaker = opened(s(0));
    let (probe, turn) = breaker.admit(s(10)).unwrap();
    assert_eq!((turn, breaker.state().unwrap()), (Some(Turn::HalfOpened), BreakerState::HalfOpen));
    refused(&breaker, s(10), s(10));
    refused(&breaker, s(11), s(9));
    assert_eq!(breaker.report(probe, Verdict::Works, s(12)).unwrap(), Some(Turn::Closed));
    assert_eq!(operation(&breaker, Verdict::Fails, s(12)), None, "the count starts at zero");
}

#[test]
fn a_probe_that_fails_opens_it_for_the_whole_time_again() {
    let breaker = opened(s(0));
    assert_eq!(operation(&breaker, Verdict::Fails, s(10)), Some(Turn::Opened));
    refused(&breaker, s(10), s(10));
    assert_eq!(operation(&breaker, Verdict::Works, s(20)), Some(Turn::Closed));
}

#[test]
fn a_probe_that_was_cancelled_makes_room_for_the_next() {
    let breaker = opened(s(0));
    assert_eq!(operation(&breaker, Verdict::Unknown, s(10)), Some(Turn::Opened));
    assert_eq!(operation(&breaker, Verdict::Works, s(10)), Some(Turn::Closed));
}

#[test]
fn a_probe_that_never_reports_does_not_keep_it_half_open() {
    let breaker = opened(s(0));
    let (lost, _) = breaker.admit(s(10)).unwrap();
    refused(&breaker, s(19), s(1));
    let (probe, turn) = breaker.admit(s(20)).unwrap();
    assert_eq!(turn, Some(Turn::HalfOpened));
    // The lost one comes back after all: too late to have a say.
    assert_eq!(breaker.report(lost, Verdict::Fails, s(21)).unwrap(), None);
    assert_eq!(breaker.report(probe, Verdict::Works, s(21)).unwrap(), Some(Turn::Closed));
}

#[test]
fn results_of_operations_from_before_it_opened_are_ignored() {
    let breaker = breaker();
    let (slow, _) = breaker.admit(s(0)).unwrap();
    for _ in 0..3 {
        operation(&breaker, Verdict::Fails, s(1));
    }
    assert_eq!(breaker.report(slow, Verdict::Works, s(2)).unwrap(), None);
    refused(&breaker, s(2), s(9));
}

#[test]
fn a_clock_that_jumps_never_keeps_it_open_for_longer_than_was_asked() {
    // Back: from 1,000 s to zero.
    let breaker = opened(s(1_000));
    refused(&breaker, s(0), s(10));
    refused(&breaker, s(9), s(1));
    assert!(breaker.admit(s(10)).is_ok());
    // Ahead, and to the end of time.
    let breaker = opened(s(0));
    let (probe, _) = breaker.admit(Duration::MAX).unwrap();
    assert_eq!(breaker.report(probe, Verdict::Fails, Duration::MAX).unwrap(), Some(Turn::Opened));
    assert!(breaker.admit(Duration::MAX).is_ok());
    refused(&breaker, s(5), s(10));
    assert!(breaker.admit(s(15)).is_ok());
}

#[test]
fn of_many_threads_one_becomes_the_probe() {
    let breaker = opened(s(0));
    let through = AtomicU32::new(0);
    std::thread::scope(|scope| {
        for _ in 0..8 {
            scope.spawn(|| {
                if breaker.admit(s(10)).is_ok() {
                    through.fetch_add(1, Ordering::Relaxed);
                }
            });
        }
    });
    assert_eq!(through.into_inner(), 1);
}

#[test]
fn a_lock_that_a_panic_has_poisoned_is_an_error() {
    let breaker = breaker();
    let other = breaker.clone();
    let panicked = std::thread::spawn(move || {
        let _held = other.inner.lock().unwrap();
        panic!("on purpose");
    });
    assert!(panicked.join().is_err());
    let poisoned = |error: Error| assert!(matches!(error, Error::Poisoned { what: "the circuit breaker" }), "{error}");
    poisoned(breaker.admit(s(0)).unwrap_err());
    poisoned(breaker.report(Permit { epoch: 0 }, Verdict::Works, s(0)).unwrap_err());
    poisoned(breaker.state().unwrap_err());
}

#[test]
fn what_the_database_does_counts_and_what_the_caller_does_does_not() {
    let source = || "cause".into();
    let path = || std::path::PathBuf::from("main.sqlite");
    let sqlite = |code| Error::Sqlite { code: Some(code), source: "cause".into() };
    for (error, expected) in [
        (Error::Locked { attempts: 13, waited: s(1), source: None }, Verdict::Fails),
        (Error::Io { code: 778, source: source() }, Verdict::Fails),
        (Error::DiskFull { source: source() }, Verdict::Fails),
        (Error::CannotOpen { path: path(), source: source() }, Verdict::Fails),
        (Error::NotFound { path: path() }, Verdict::Fails),
        (Error::Corrupt { detail: String::new(), source: None }, Verdict::Fails),
        (Error::Truncated { path: path(), expected: 2, found: 1 }, Verdict::Fails),
        (Error::NeedsRecovery { source: source() }, Verdict::Fails),
        (Error::TimedOut { limit: s(1) }, Verdict::Fails),
        (sqlite(rusqlite::ffi::SQLITE_NOMEM), Verdict::Fails),
        (sqlite(rusqlite::ffi::SQLITE_PROTOCOL), Verdict::Fails),
        (sqlite(rusqlite::ffi::SQLITE_CONSTRAINT_UNIQUE), Verdict::Works),
        (sqlite(rusqlite::ffi::SQLITE_TOOBIG), Verdict::Works),
        (Error::NoSuch { what: "task", id: String::new() }, Verdict::Works),
        (Error::NotAllowed { id: String::new(), why: "" }, Verdict::Works),
        (Error::ReadOnly, Verdict::Works),
        (Error::UnknownVintage { found: 99 }, Verdict::Works),
        (Error::BadValue { column: String::new(), found: String::new() }, Verdict::Works),
        (Error::Interrupted, Verdict::Unknown),
        (Error::BreakerOpen { retry_after: s(1) }, Verdict::Unknown),
        (Error::PoolExhausted { waited: s(1), source: None }, Verdict::Unknown),
    ] {
        assert_eq!(verdict::<()>(&Err(error)), expected);
    }
    assert_eq!(verdict(&Ok(())), Verdict::Works);
}

#[test]
fn options_that_cannot_be_meant_are_refused() {
    BreakerOptions::default().validate().unwrap();
    for (options, named) in [
        (BreakerOptions { failures: 0, ..BreakerOptions::default() }, "breaker.failures"),
        (BreakerOptions { failures: u32::MAX, ..BreakerOptions::default() }, "breaker.failures"),
        (BreakerOptions { open_for: Duration::ZERO, ..BreakerOptions::default() }, "breaker.open_for"),
        (BreakerOptions { open_for: Duration::MAX, ..BreakerOptions::default() }, "breaker.open_for"),
    ] {
        match options.validate().unwrap_err() {
            Error::InvalidOption { option, .. } => assert_eq!(option, named),
            other => panic!("{other}"),
        }
    }
}
