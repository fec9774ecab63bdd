//! `Send` and `Sync`: stated, checked by the compiler, and used.

use crate::support::{healthy, plant, today, Plant};
use things_store::{Backoff, Batch, Date, Error, OpenOptions, Query, Snapshot, Store, Task, TaskStream, Tasks};

fn send<T: Send>() {}
fn sync<T: Sync>() {}

/// Compiles only where `$type` is not `Sync`: otherwise both implementations fit and `_` is ambiguous.
macro_rules! assert_not_sync {
    ($type:ty) => {{
        trait AmbiguousIfSync<A> {
            fn check() {}
        }
        struct Sync_;
        impl<T: ?Sized> AmbiguousIfSync<()> for T {}
        impl<T: ?Sized + Sync> AmbiguousIfSync<Sync_> for T {}
        <$type as AmbiguousIfSync<_>>::check();
    }};
}

#[test]
fn a_store_can_be_sent_but_not_shared() {
    send::<Store>();
    assert_not_sync!(Store);
    assert_not_sync!(Snapshot<'static>);
    assert_not_sync!(TaskStream<'static>);
    assert_not_sync!(Tasks<'static>);
}

#[test]
fn values_and_settings_can_be_shared() {
    send::<Task>();
    sync::<Task>();
    send::<Error>();
    sync::<Error>();
    send::<OpenOptions>();
    sync::<OpenOptions>();
    sync::<Query>();
    sync::<Batch>();
    sync::<Backoff>();
    sync::<Date>();
}

#[cfg(feature = "pool")]
#[test]
fn a_pool_can_be_sent_and_shared() {
    send::<things_store::Pool>();
    sync::<things_store::Pool>();
    send::<things_store::PooledStore>();
}

#[test]
fn a_store_works_in_another_thread() {
    healthy(|case| {
        let store = case.open();
        let here = store.today(today()).unwrap();
        let there = std::thread::spawn(move || store.today(today()).unwrap()).join().unwrap();
        assert_eq!(here, there, "{}", case.name);
    });
}

#[test]
fn every_thread_can_have_its_own_store() {
    healthy(|case| {
        plant(&case.raw(), case.vintage(), &[Plant::default()]);
        let expected = case.open().count(&Query::all()).unwrap();
        std::thread::scope(|scope| {
            let count = || case.open().count(&Query::all()).unwrap();
            let threads: Vec<_> = (0..3).map(|_| scope.spawn(count)).collect();
            for thread in threads {
                assert_eq!(thread.join().unwrap(), expected, "{}", case.name);
            }
        });
    });
}
