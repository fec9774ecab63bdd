//! The circuit breaker in front of a real database, which somebody else keeps locked, deletes or damages.

use crate::clocks::Hand;
use crate::support::sleepers::{short, Sleeper};
use crate::support::{healthy, now, plant, today, Case, Plant};
use std::sync::Arc;
use std::time::Duration;
use things_store::{Access, Batch, BreakerOptions, BreakerState, Change, Error, ErrorKind, OpenOptions, Store, TaskId};

const OPEN_FOR: Duration = Duration::from_secs(10);

struct Scene {
    clock: Arc<Hand>,
    sleeper: Arc<Sleeper>,
    options: OpenOptions,
}

/// Options with a breaker that opens after three failures, and a connection that will hold the lock.
fn scene(case: &Case) -> Scene {
    case.settle();
    let (clock, sleeper) = (Arc::new(Hand::default()), Arc::new(Sleeper::never(case.raw())));
    let breaker = BreakerOptions { failures: 3, open_for: OPEN_FOR };
    let options = OpenOptions::new().clock(clock.clone()).sleep(sleeper.clone()).backoff(short()).breaker(breaker);
    Scene { clock, sleeper, options }
}

impl Scene {
    fn lock(&self, case: &Case) {
        let holder = case.raw();
        holder.execute_batch("BEGIN EXCLUSIVE").unwrap();
        self.sleeper.hold(holder);
    }
}

#[track_caller]
fn state(store: &Store) -> BreakerState {
    store.breaker_state().unwrap().expect("a breaker")
}

#[test]
fn a_database_that_stays_locked_is_left_alone_and_tried_again_by_one() {
    healthy(|case| {
        let scene = scene(case);
        let store = scene.options.open(case.path(), Access::ReadOnly).unwrap();
        scene.lock(case);
        for _ in 0..3 {
            assert_eq!(store.inbox().unwrap_err().kind(), ErrorKind::Locked, "{}", case.name);
        }
        assert_eq!((state(&store), scene.sleeper.count()), (BreakerState::Open, 9), "{}", case.name);
        match store.inbox() {
            Err(Error::BreakerOpen { retry_after }) => assert_eq!(retry_after, OPEN_FOR),
            other => panic!("{}: {other:?}", case.name),
        }
        assert_eq!(scene.sleeper.count(), 9, "{}: nobody waited for what was refused", case.name);
        // The probe fails, and it stays open for as long again.
        scene.clock.advance(OPEN_FOR);
        assert_eq!(store.inbox().unwrap_err().kind(), ErrorKind::Locked, "{}", case.name);
        assert_eq!(store.inbox().unwrap_err().kind(), ErrorKind::BreakerOpen, "{}", case.name);
        // The next one succeeds.
        scene.sleeper.release();
        scene.clock.advance(OPEN_FOR);
        store.inbox().unwrap();
        assert_eq!(state(&store), BreakerState::Closed, "{}", case.name);
        let found = store.statistics();
        assert_eq!((found.breaker_opened, found.breaker_refused, found.breaker_closed), (2, 2, 1), "{}", case.name);
        assert_eq!(found.retries, 12, "{}", case.name);
    });
}

#[test]
fn what_the_caller_gets_wrong_never_opens_it() {
    healthy(|case| {
        let scene = scene(case);
        plant(&case.raw(), case.vintage(), &[Plant::default()]);
        let mut store = scene.options.open(case.path(), Access::ReadWrite).unwrap();
        let wrong = Batch::new(now(), today()).change(&TaskId::from("nobody"), Change::Complete);
        for _ in 0..10 {
            assert_eq!(store.apply(&wrong).unwrap_err().kind(), ErrorKind::NoSuch, "{}", case.name);
        }
        for _ in 0..10 {
            store.canceller().cancel();
            assert_eq!(store.inbox().unwrap_err().kind(), ErrorKind::Interrupted, "{}", case.name);
        }
        assert_eq!(state(&store), BreakerState::Closed, "{}", case.name);
        let right = Batch::new(now(), today()).change(&TaskId::from("planted/x"), Change::Complete);
        assert_eq!(store.apply(&right).unwrap().tasks, 1, "{}", case.name);
    });
}

#[test]
fn opening_counts_and_stores_of_the_same_options_share_it() {
    healthy(|case| {
        let scene = scene(case);
        let store = scene.options.open(case.path(), Access::ReadOnly).unwrap();
        let missing = case.temp.join("missing.sqlite");
        for _ in 0..3 {
            let error = scene.options.open(&missing, Access::ReadOnly).unwrap_err();
            assert_eq!(error.kind(), ErrorKind::NotFound, "{}", case.name);
        }
        let error = scene.options.clone().open(case.path(), Access::ReadOnly).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::BreakerOpen, "{}", case.name);
        assert_eq!(store.inbox().unwrap_err().kind(), ErrorKind::BreakerOpen, "{}", case.name);
        // Jumps of the clock: far ahead it closes, and back it does not stay open for ever.
        scene.clock.set(Duration::MAX);
        store.inbox().unwrap();
        for _ in 0..3 {
            scene.options.open(&missing, Access::ReadOnly).unwrap_err();
        }
        scene.clock.set(Duration::ZERO);
        assert_eq!(store.inbox().unwrap_err().kind(), ErrorKind::BreakerOpen, "{}", case.name);
        scene.clock.advance(OPEN_FOR);
        store.inbox().unwrap();
    });
}

#[test]
fn a_stream_is_refused_too_and_its_failures_count() {
    healthy(|case| {
        let scene = scene(case);
        let store = scene.options.open(case.path(), Access::ReadOnly).unwrap();
        scene.lock(case);
        for _ in 0..3 {
            assert_eq!(store.stream(&things_store::Query::all()).unwrap_err().kind(), ErrorKind::Locked);
        }
        let error = store.stream(&things_store::Query::all()).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::BreakerOpen, "{}", case.name);
    });
}

#[cfg(feature = "pool")]
#[test]
#[cfg(unix)] // It removes a file that is open, which Windows does not allow.
fn a_pool_shares_one_breaker() {
    use things_store::{Pool, PoolOptions};
    healthy(|case| {
        let scene = scene(case);
        let pool =
            Pool::with(case.path(), PoolOptions { size: 3, open: scene.options.clone(), ..PoolOptions::default() })
                .unwrap();
        let stores = [pool.get().unwrap(), pool.get().unwrap(), pool.get().unwrap()];
        scene.lock(case);
        for store in &stores {
            assert_eq!(store.inbox().unwrap_err().kind(), ErrorKind::Locked, "{}", case.name);
        }
        for store in &stores {
            assert_eq!(store.inbox().unwrap_err().kind(), ErrorKind::BreakerOpen, "{}", case.name);
        }
        drop(stores);
        scene.sleeper.release();
        std::fs::remove_file(case.path()).unwrap();
        scene.clock.advance(OPEN_FOR);
        assert_eq!(pool.get().unwrap_err().kind(), ErrorKind::NotFound, "{}: the probe", case.name);
        assert_eq!(pool.get().unwrap_err().kind(), ErrorKind::BreakerOpen, "{}", case.name);
    });
}
