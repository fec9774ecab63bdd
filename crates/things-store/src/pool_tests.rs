//! The pool over connections that are only numbers: capacity, waiting, giving back, and why connecting failed.

use super::*;
use crate::error::ErrorKind;
use std::error::Error as _;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::sync::mpsc;

/// Long enough that only a pool that hangs reaches it.
const LONG: Duration = Duration::from_secs(300);
/// Short enough to wait for.
const SHORT: Duration = Duration::from_millis(2);

/// A connection that knows which one it is, and whether it must not be lent again.
struct Numbered {
    number: u32,
    broken: bool,
}

#[derive(Clone, Default)]
struct Numbers {
    made: Arc<AtomicU32>,
    refusing: Arc<AtomicBool>,
}

impl ManageConnection for Numbers {
    type Connection = Numbered;
    type Error = Error;

    fn connect(&self) -> Result<Numbered> {
        match self.refusing.load(Ordering::SeqCst) {
            true => Err(Error::NotFound { path: PathBuf::from("numbers") }),
            false => Ok(Numbered { number: self.made.fetch_add(1, Ordering::SeqCst), broken: false }),
        }
    }

    fn is_valid(&self, _: &mut Numbered) -> Result<()> {
        Ok(())
    }

    fn has_broken(&self, connection: &mut Numbered) -> bool {
        connection.broken
    }
}

fn pool(size: u32, wait: Duration) -> (Shared<Numbers>, Numbers) {
    let numbers = Numbers::default();
    (Shared::new(numbers.clone(), size, wait), numbers)
}

fn exhausted(pool: &Shared<Numbers>) -> Error {
    let error = pool.get().err().expect("no connection is free");
    assert_eq!(error.kind(), ErrorKind::PoolExhausted);
    error
}

#[test]
fn connections_are_made_when_they_are_needed_and_kept() {
    let (pool, numbers) = pool(3, LONG);
    assert_eq!((pool.connections(), numbers.made.load(Ordering::SeqCst)), (0, 0));
    for _ in 0..3 {
        assert_eq!(pool.get().unwrap().number, 0, "the first one, again");
    }
    assert_eq!((pool.connections(), numbers.made.load(Ordering::SeqCst)), (1, 1));
}

#[test]
fn a_pool_lends_as_many_as_its_size_and_not_one_more() {
    let (pool, numbers) = pool(2, LONG);
    let lent = (pool.get().unwrap(), pool.get().unwrap());
    assert_ne!(lent.0.number, lent.1.number);
    let hurried = Shared { inner: pool.inner.clone(), failure: pool.failure.clone() };
    assert!(hurried.inner.get_timeout(SHORT).is_err());
    assert_eq!((pool.connections(), numbers.made.load(Ordering::SeqCst)), (2, 2));
}

#[test]
fn exhausted_says_how_long_it_waited_and_blames_nobody() {
    let (pool, _) = pool(1, SHORT);
    // The first one is connected on another thread, for which the time may be short.
    let held = loop {
        if let Ok(connection) = pool.get() {
            break connection;
        }
    };
    let error = exhausted(&pool);
    assert!(matches!(error, Error::PoolExhausted { waited: SHORT, source: None }), "{error:?}");
    drop(held);
    assert_eq!(pool.get().unwrap().number, 0);
}

#[test]
fn who_waits_gets_what_another_thread_gives_back() {
    let (pool, numbers) = pool(1, LONG);
    let held = pool.get().unwrap();
    let (started, starts) = mpsc::channel();
    std::thread::scope(|scope| {
        let waiting = scope.spawn(|| {
            started.send(()).unwrap();
            pool.get().unwrap().number
        });
        starts.recv().unwrap();
        drop(held);
        assert_eq!(waiting.join().unwrap(), 0);
    });
    assert_eq!(numbers.made.load(Ordering::SeqCst), 1);
}

#[test]
fn what_is_broken_is_thrown_away_and_replaced() {
    let (pool, _) = pool(1, LONG);
    pool.get().unwrap().broken = true;
    assert_eq!(pool.get().unwrap().number, 1);
    assert_eq!(pool.connections(), 1);
}

#[test]
fn a_size_or_a_wait_of_zero_is_the_smallest_there_is() {
    let (small, _) = pool(0, LONG);
    assert_eq!(small.inner.max_size(), 1);
    small.get().unwrap();
    let (hurried, _) = pool(1, Duration::ZERO);
    assert!(hurried.inner.connection_timeout() > Duration::ZERO);
}

#[test]
fn why_connecting_failed_is_told_once_it_is_known() {
    let (pool, numbers) = pool(1, SHORT);
    numbers.refusing.store(true, Ordering::SeqCst);
    // Connecting is tried on another thread, which may not have come to it the first times.
    let mut reasons = (0..10_000).map(|_| exhausted(&pool).source().map(ToString::to_string));
    let reason = reasons.find_map(|reason| reason).expect("a reason");
    assert!(reason.contains("no file at numbers"), "{reason}");
    numbers.refusing.store(false, Ordering::SeqCst);
    assert_eq!(pool.inner.get_timeout(LONG).unwrap().number, 0, "trying goes on");
}

#[test]
fn a_failure_is_told_to_one_and_the_last_one_counts() {
    let failure = Failure::default();
    assert!(failure.take().is_none());
    failure.handle_error(Error::ReadOnly);
    failure.clone().handle_error(Error::UnknownVintage { found: 99 });
    assert_eq!(failure.take().unwrap().kind(), ErrorKind::UnknownVintage);
    assert!(failure.take().is_none());
}

#[test]
fn a_failure_survives_a_thread_that_panicked() {
    let failure = Failure::default();
    let other = failure.clone();
    let panicked = std::thread::spawn(move || {
        let _held = other.0.lock().unwrap();
        panic!("on purpose");
    });
    assert!(panicked.join().is_err());
    failure.handle_error(Error::ReadOnly);
    assert_eq!(failure.take().unwrap().kind(), ErrorKind::ReadOnly);
}

#[test]
fn clones_share_their_connections() {
    let (pool, _) = pool(1, LONG);
    let clone = pool.clone();
    let held = pool.get().unwrap();
    assert_eq!(clone.connections(), 1);
    assert!(clone.inner.get_timeout(SHORT).is_err());
    drop(held);
    assert_eq!(clone.get().unwrap().number, 0);
}
