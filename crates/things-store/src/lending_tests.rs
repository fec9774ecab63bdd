//! Lending connections that are only numbers: capacity, order, waiting, giving back, checking, and what is counted.

use super::*;
use crate::clock::{ManualClock, MonotonicClock};
use crate::error::ErrorKind;
use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::sync::mpsc;

/// Long enough that only a pool that hangs reaches it.
const LONG: Duration = Duration::from_secs(300);
/// Short enough to wait for.
const SHORT: Duration = Duration::from_millis(2);

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Numbered {
    number: u32,
    dirty: bool,
}

#[derive(Clone, Default)]
struct Numbers {
    made: Arc<AtomicU32>,
    refusing: Arc<AtomicBool>,
    panicking: Arc<AtomicBool>,
    /// Connections below this number fail their check.
    valid_from: Arc<AtomicU32>,
    /// How many are being made at once, and the most there have been.
    making: Arc<AtomicU32>,
    most: Arc<AtomicU32>,
}

impl Make for Numbers {
    type Connection = Numbered;

    fn make(&self) -> Result<Numbered> {
        let making = self.making.fetch_add(1, Ordering::SeqCst) + 1;
        self.most.fetch_max(making, Ordering::SeqCst);
        std::thread::yield_now();
        self.making.fetch_sub(1, Ordering::SeqCst);
        assert!(!self.panicking.load(Ordering::SeqCst), "on purpose");
        match self.refusing.load(Ordering::SeqCst) {
            true => Err(Error::NotFound { path: PathBuf::from("numbers") }),
            false => Ok(Numbered { number: self.made.fetch_add(1, Ordering::SeqCst), dirty: false }),
        }
    }

    fn is_valid(&self, connection: &Numbered) -> bool {
        connection.number >= self.valid_from.load(Ordering::SeqCst)
    }

    fn is_clean(&self, connection: &Numbered) -> bool {
        !connection.dirty
    }
}

fn limits(maximum: u32, wait: Duration) -> Limits {
    Limits { minimum: 0, maximum, wait, idle: None, check: true }
}

fn with(limits: Limits, clock: Arc<dyn Clock>) -> (Lending<Numbers>, Numbers) {
    let numbers = Numbers::default();
    (Lending::new(numbers.clone(), limits, clock, Arc::default()), numbers)
}

fn lending(maximum: u32, wait: Duration) -> (Lending<Numbers>, Numbers) {
    with(limits(maximum, wait), Arc::new(MonotonicClock::default()))
}

/// The statistics, after checking what holds at any moment.
#[track_caller]
fn statistics(lending: &Lending<Numbers>) -> PoolStatistics {
    let found = lending.statistics().unwrap();
    assert_eq!(found.open, found.idle + found.in_use + found.opening, "{found:?}");
    assert_eq!(found.opened - found.closed, u64::from(found.idle + found.in_use), "{found:?}");
    assert!(found.open <= lending.limits.maximum && found.opening <= 1, "{found:?}");
    assert!(found.reused <= found.lent, "{found:?}");
    found
}

#[test]
fn connections_are_made_when_they_are_needed_and_kept() {
    let (lending, _) = lending(3, LONG);
    assert_eq!(statistics(&lending), PoolStatistics::default());
    for _ in 0..4 {
        let connection = lending.get().unwrap();
        assert_eq!(connection.number, 0, "the first one, again");
        lending.put(connection);
    }
    let expected = PoolStatistics { open: 1, idle: 1, lent: 4, reused: 3, opened: 1, ..PoolStatistics::default() };
    assert_eq!(statistics(&lending), expected);
    assert_eq!(statistics(&lending).reuse_rate(), Some(0.75));
}

#[test]
fn the_minimum_is_open_at_once_and_one_in_any_case() {
    for (minimum, open) in [(0, 1), (1, 1), (3, 3)] {
        let (lending, _) = with(Limits { minimum, ..limits(4, LONG) }, Arc::new(ManualClock::default()));
        lending.fill().unwrap();
        let found = statistics(&lending);
        assert_eq!((found.open, found.idle, found.lent), (open, open, 0));
        assert_eq!(found.reuse_rate(), None);
    }
}

#[test]
fn a_pool_lends_as_many_as_its_maximum_and_not_one_more() {
    let (lending, numbers) = lending(2, SHORT);
    let lent = (lending.get().unwrap(), lending.get().unwrap());
    assert_ne!(lent.0.number, lent.1.number);
    let error = lending.get().unwrap_err();
    assert!(matches!(error, Error::PoolExhausted { waited: SHORT, source: None }), "{error:?}");
    let found = statistics(&lending);
    assert_eq!((found.open, found.in_use, found.waiting, found.timeouts), (2, 2, 0, 1));
    assert_eq!(numbers.made.load(Ordering::SeqCst), 2);
}

#[test]
fn without_a_wait_a_full_pool_says_so_at_once() {
    let (lending, _) = lending(1, Duration::ZERO);
    let held = lending.get().unwrap();
    assert_eq!(lending.get().unwrap_err().kind(), ErrorKind::PoolExhausted);
    lending.put(held);
    lending.get().unwrap();
}

#[test]
fn who_asked_first_is_served_first() {
    let (lending, _) = lending(1, LONG);
    let held = lending.get().unwrap();
    let order = Mutex::new(Vec::new());
    std::thread::scope(|scope| {
        for borrower in 0..4 {
            let (lending, order) = (&lending, &order);
            scope.spawn(move || {
                let connection = lending.get().unwrap();
                order.lock().unwrap().push(borrower);
                lending.put(connection);
            });
            while statistics(lending).waiting <= borrower {
                std::thread::yield_now();
            }
        }
        lending.put(held);
    });
    assert_eq!(*order.lock().unwrap(), [0, 1, 2, 3]);
}

/// Twice as many threads as are ever served at once, none of which waits in vain; afterwards the pool is as good as new.
#[test]
fn saturation_recovers() {
    let (lending, numbers) = lending(2, LONG);
    let rounds = if cfg!(miri) { 5 } else { 200 };
    std::thread::scope(|scope| {
        for _ in 0..8 {
            scope.spawn(|| {
                for _ in 0..rounds {
                    let connection = lending.get().unwrap();
                    statistics(&lending);
                    lending.put(connection);
                }
            });
        }
    });
    let found = statistics(&lending);
    assert_eq!((found.idle, found.in_use, found.waiting, found.timeouts), (found.open, 0, 0, 0));
    assert_eq!(found.lent, 8 * rounds);
    assert!(numbers.made.load(Ordering::SeqCst) <= 2);
}

#[test]
fn after_a_borrower_has_timed_out_the_next_ones_are_served() {
    let (lending, _) = lending(1, SHORT);
    let held = lending.get().unwrap();
    std::thread::scope(|scope| {
        let waiting: Vec<_> = (0..4).map(|_| scope.spawn(|| lending.get().unwrap_err().kind())).collect();
        for thread in waiting {
            assert_eq!(thread.join().unwrap(), ErrorKind::PoolExhausted);
        }
    });
    assert_eq!((statistics(&lending).waiting, statistics(&lending).timeouts), (0, 4));
    lending.put(held);
    assert_eq!(lending.get().unwrap().number, 0);
}

#[test]
fn the_injected_clock_decides_how_long_is_waited() {
    let clock = Arc::new(ManualClock::default());
    let (lending, _) = with(limits(1, LONG), clock.clone());
    let held = lending.get().unwrap();
    let (started, starts) = mpsc::channel();
    std::thread::scope(|scope| {
        let waiting = scope.spawn(|| {
            started.send(()).unwrap();
            lending.get().unwrap_err().kind()
        });
        starts.recv().unwrap();
        while statistics(&lending).waiting == 0 {
            std::thread::yield_now();
        }
        // A jump ahead: whoever looks at the clock next has waited for long enough.
        clock.advance(LONG);
        lending.changed.notify_all();
        assert_eq!(waiting.join().unwrap(), ErrorKind::PoolExhausted);
    });
    lending.put(held);
    clock.set(Duration::ZERO);
    lending.get().unwrap();
}

#[test]
fn a_connection_that_came_back_dirty_is_closed_and_replaced() {
    let (lending, _) = lending(1, LONG);
    let connection = lending.get().unwrap();
    lending.put(Numbered { dirty: true, ..connection });
    assert_eq!(statistics(&lending).open, 0);
    assert_eq!(lending.get().unwrap().number, 1);
    assert_eq!((statistics(&lending).closed, statistics(&lending).invalid), (1, 0));
}

#[test]
fn what_fails_its_check_is_closed_and_opened_again_unless_checking_is_off() {
    for check in [true, false] {
        let (lending, numbers) =
            with(Limits { minimum: 3, check, ..limits(3, LONG) }, Arc::new(MonotonicClock::default()));
        lending.fill().unwrap();
        numbers.valid_from.store(3, Ordering::SeqCst);
        let connection = lending.get().unwrap();
        let found = statistics(&lending);
        match check {
            true => assert_eq!((connection.number, found.invalid, found.closed, found.open), (3, 3, 3, 1)),
            false => assert_eq!((connection.number, found.invalid, found.closed, found.open), (2, 0, 0, 3)),
        }
    }
}

#[test]
fn what_is_idle_for_too_long_is_closed_but_for_the_minimum() {
    let clock = Arc::new(ManualClock::default());
    let idle = Some(Duration::from_secs(10));
    let (lending, _) = with(Limits { minimum: 1, idle, ..limits(4, LONG) }, clock.clone());
    let lent: Vec<_> = (0..4).map(|_| lending.get().unwrap()).collect();
    lent.into_iter().for_each(|connection| lending.put(connection));
    clock.advance(Duration::from_secs(9));
    let used = lending.get().unwrap();
    assert_eq!((used.number, statistics(&lending).open), (3, 4));
    lending.put(used);
    clock.advance(Duration::from_secs(1));
    let used = lending.get().unwrap();
    assert_eq!((used.number, statistics(&lending).open, statistics(&lending).closed), (3, 1, 3));
    lending.put(used);
    clock.advance(Duration::from_secs(1_000));
    assert_eq!(lending.get().unwrap().number, 3, "the minimum stays");
    assert_eq!(statistics(&lending).opened, 4);
}

/// Opens a connection for each message that it gets.
struct Gate(Mutex<mpsc::Receiver<()>>);

impl Make for Gate {
    type Connection = Arc<()>;

    fn make(&self) -> Result<Arc<()>> {
        self.0.lock().unwrap().recv().unwrap();
        Ok(Arc::default())
    }

    fn is_valid(&self, _: &Arc<()>) -> bool {
        true
    }

    fn is_clean(&self, _: &Arc<()>) -> bool {
        true
    }
}

#[test]
fn what_was_idle_for_too_long_is_closed_before_its_finder_waits() {
    let (open, gate) = mpsc::channel();
    let clock = Arc::new(ManualClock::default());
    let limits = Limits { idle: Some(Duration::from_secs(10)), ..limits(2, LONG) };
    let lending = Lending::new(Gate(Mutex::new(gate)), limits, clock.clone(), Arc::default());
    let until = |is_so: fn(&PoolStatistics) -> bool| {
        while !is_so(&lending.statistics().unwrap()) {
            std::thread::yield_now();
        }
    };
    open.send(()).unwrap();
    let first = lending.get().unwrap();
    let alive = Arc::downgrade(&first);
    let is_closed = std::thread::scope(|scope| {
        let get = || lending.put(lending.get().unwrap());
        scope.spawn(get);
        until(|found| found.opening == 1);
        lending.put(first);
        clock.advance(Duration::from_secs(10));
        // Nothing is idle any more, and somebody else is opening.
        scope.spawn(get);
        until(|found| found.waiting == 1);
        let is_closed = alive.upgrade().is_none();
        open.send(()).unwrap();
        open.send(()).unwrap();
        is_closed
    });
    assert!(is_closed, "it is counted as closed");
    assert_eq!(lending.statistics().unwrap().closed, 1);
}

#[test]
fn a_clock_that_goes_back_closes_nothing_too_early() {
    let clock = Arc::new(ManualClock::default());
    clock.set(Duration::from_secs(1_000));
    let (lending, _) = with(Limits { idle: Some(Duration::from_secs(10)), ..limits(1, LONG) }, clock.clone());
    lending.put(lending.get().unwrap());
    clock.set(Duration::ZERO);
    assert_eq!(lending.get().unwrap().number, 0);
}

#[test]
fn whoever_needed_a_connection_that_cannot_be_opened_gets_the_reason() {
    let (lending, numbers) = lending(2, LONG);
    numbers.refusing.store(true, Ordering::SeqCst);
    for failed in 1..=3 {
        assert_eq!(lending.get().unwrap_err().kind(), ErrorKind::NotFound);
        assert_eq!((statistics(&lending).failed, statistics(&lending).open), (failed, 0));
    }
    numbers.refusing.store(false, Ordering::SeqCst);
    assert_eq!(lending.get().unwrap().number, 0);
}

#[test]
fn connections_are_opened_one_at_a_time() {
    let (lending, numbers) = lending(8, LONG);
    numbers.refusing.store(true, Ordering::SeqCst);
    std::thread::scope(|scope| {
        for _ in 0..8 {
            scope.spawn(|| assert_eq!(lending.get().unwrap_err().kind(), ErrorKind::NotFound));
        }
    });
    numbers.refusing.store(false, Ordering::SeqCst);
    std::thread::scope(|scope| {
        for _ in 0..8 {
            scope.spawn(|| lending.get().unwrap());
        }
    });
    assert_eq!((numbers.most.load(Ordering::SeqCst), statistics(&lending).in_use), (1, 8));
}

#[test]
fn a_panic_while_opening_leaves_the_pool_as_it_was() {
    let (lending, numbers) = lending(1, LONG);
    numbers.panicking.store(true, Ordering::SeqCst);
    let panicked = std::thread::scope(|scope| scope.spawn(|| lending.get().map(drop)).join().is_err());
    assert!(panicked);
    numbers.panicking.store(false, Ordering::SeqCst);
    assert_eq!((statistics(&lending).open, statistics(&lending).failed), (0, 1));
    lending.get().unwrap();
}

#[test]
fn a_poisoned_pool_is_an_error_and_takes_connections_back() {
    let (lending, _) = lending(1, LONG);
    let connection = lending.get().unwrap();
    let panicked = std::thread::scope(|scope| {
        let panicking = scope.spawn(|| {
            let _held = lending.state.lock().unwrap();
            panic!("on purpose");
        });
        panicking.join().is_err()
    });
    assert!(panicked);
    lending.put(connection);
    assert!(matches!(lending.get(), Err(Error::Poisoned { what: "the pool" })));
    assert!(matches!(lending.statistics(), Err(Error::Poisoned { .. })));
    assert_eq!(lending.fill().unwrap_err().kind(), ErrorKind::Poisoned);
}
