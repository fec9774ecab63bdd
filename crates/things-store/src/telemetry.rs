//! What a store counts about itself. The one place through which all of it goes: counters for a snapshot, and with the
//! feature `metrics` the facade too.
//!
//! Each thread counts in one of several stripes, each behind a lock of its own that hardly anybody else wants: two atomic
//! instructions an event. [`Telemetry::snapshot`] holds all stripes at once, so what it reads is the state at one moment,
//! between two events.

pub(crate) use crate::event::Event;
use crate::statistics::{QueryStatistics, Statistics};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};

/// Enough that threads seldom share one.
const STRIPES: usize = 8;

/// All counters of a store, shared with its pool.
#[derive(Debug, Default)]
pub(crate) struct Telemetry {
    stripes: [Stripe; STRIPES],
}

/// On a cache line of its own.
#[derive(Debug, Default)]
#[repr(align(128))]
struct Stripe(Mutex<Counters>);

#[derive(Debug, Default)]
struct Counters {
    /// A few dozen at most, the frequent ones soon in front.
    queries: Vec<(&'static str, QueryStatistics)>,
    /// The rest, its `queries` empty.
    others: Statistics,
}

impl Telemetry {
    /// Counts `event`.
    pub(crate) fn note(&self, event: Event) {
        self.own_stripe().count(event);
        #[cfg(feature = "metrics")]
        crate::facade::emit(event);
    }

    /// Everything counted so far, as of one moment.
    pub(crate) fn snapshot(&self) -> Statistics {
        let held: Vec<MutexGuard<'_, Counters>> = self.stripes.iter().map(Stripe::lock).collect();
        let mut all = Statistics::default();
        for counters in &held {
            for (name, query) in &counters.queries {
                all.queries.entry(name).or_default().merge(query);
            }
            add(&mut all, &counters.others);
        }
        all
    }

    fn own_stripe(&self) -> MutexGuard<'_, Counters> {
        static NEXT: AtomicUsize = AtomicUsize::new(0);
        thread_local! {
            static OWN: usize = NEXT.fetch_add(1, Ordering::Relaxed) % STRIPES;
        }
        // A thread that is ending may have no number any more.
        let own = OWN.try_with(|own| *own).unwrap_or(0);
        let [first, ..] = &self.stripes;
        self.stripes.get(own).unwrap_or(first).lock()
    }
}

impl Stripe {
    fn lock(&self) -> MutexGuard<'_, Counters> {
        // Counting cannot panic; if it did, a number would be off by one event and nothing worse.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Counters {
    fn count(&mut self, event: Event) {
        let counter = match event {
            Event::Query { name, took, rows, failed } => return self.query(name).add(took, rows, failed),
            Event::Retry => &mut self.others.retries,
            Event::StatementHit => &mut self.others.statement_hits,
            Event::StatementMiss => &mut self.others.statement_misses,
            Event::CacheHit => &mut self.others.cache_hits,
            Event::CacheMiss => &mut self.others.cache_misses,
            Event::CacheEvicted => &mut self.others.cache_evictions,
            Event::CacheInvalidated => &mut self.others.cache_invalidations,
            Event::BreakerOpened => &mut self.others.breaker_opened,
            Event::BreakerClosed => &mut self.others.breaker_closed,
            Event::BreakerRefused => &mut self.others.breaker_refused,
            // States and what the pool counts itself, under its own lock.
            Event::CacheSize { .. }
            | Event::PoolAcquired { .. }
            | Event::PoolExhausted
            | Event::PoolOpened
            | Event::PoolClosed
            | Event::PoolSize { .. }
            | Event::BreakerHalfOpened => return,
        };
        *counter = counter.saturating_add(1);
    }

    fn query(&mut self, name: &'static str) -> &mut QueryStatistics {
        let place = self.queries.iter().position(|(known, _)| *known == name);
        let place = place.unwrap_or_else(|| {
            self.queries.push((name, QueryStatistics::default()));
            self.queries.len().saturating_sub(1)
        });
        #[allow(clippy::indexing_slicing)] // Found or pushed above.
        &mut self.queries[place].1
    }
}

/// Adds everything but the queries. Destructured, so that a new counter is not forgotten.
fn add(all: &mut Statistics, more: &Statistics) {
    let Statistics {
        queries: _,
        retries,
        statement_hits,
        statement_misses,
        cache_hits,
        cache_misses,
        cache_evictions,
        cache_invalidations,
        breaker_opened,
        breaker_closed,
        breaker_refused,
    } = more;
    for (sum, more) in [
        (&mut all.retries, retries),
        (&mut all.statement_hits, statement_hits),
        (&mut all.statement_misses, statement_misses),
        (&mut all.cache_hits, cache_hits),
        (&mut all.cache_misses, cache_misses),
        (&mut all.cache_evictions, cache_evictions),
        (&mut all.cache_invalidations, cache_invalidations),
        (&mut all.breaker_opened, breaker_opened),
        (&mut all.breaker_closed, breaker_closed),
        (&mut all.breaker_refused, breaker_refused),
    ] {
        *sum = sum.saturating_add(*more);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::atomic::AtomicBool;
    use std::time::Duration;

    const QUERY: Event = Event::Query { name: "inbox", took: Duration::from_millis(2), rows: 3, failed: true };

    #[test]
    fn each_event_has_a_counter_of_its_own() {
        let telemetry = Telemetry::default();
        let events = [
            Event::Retry,
            Event::StatementHit,
            Event::StatementMiss,
            Event::CacheHit,
            Event::CacheMiss,
            Event::CacheEvicted,
            Event::CacheInvalidated,
            Event::BreakerOpened,
            Event::BreakerClosed,
            Event::BreakerRefused,
        ];
        for (times, event) in (1..).zip(events) {
            (0..times).for_each(|_| telemetry.note(event));
        }
        telemetry.note(QUERY);
        let found = telemetry.snapshot();
        let mut query = QueryStatistics::default();
        query.add(Duration::from_millis(2), 3, true);
        let expected = Statistics {
            queries: [("inbox", query)].into(),
            retries: 1,
            statement_hits: 2,
            statement_misses: 3,
            cache_hits: 4,
            cache_misses: 5,
            cache_evictions: 6,
            cache_invalidations: 7,
            breaker_opened: 8,
            breaker_closed: 9,
            breaker_refused: 10,
        };
        assert_eq!(found, expected);
    }

    /// Every thread notes one hit, then one miss, then a query of three rows: at any moment, hits are ahead of misses by at
    /// most one a thread, and a query is counted in all of its numbers or in none.
    #[test]
    fn a_snapshot_is_of_one_moment_under_eight_threads() {
        let rounds = if cfg!(miri) { 20 } else { 5_000 };
        let (telemetry, done) = (Telemetry::default(), AtomicBool::new(false));
        let check = |found: &Statistics| {
            let (hits, misses) = (found.cache_hits, found.cache_misses);
            assert!(hits >= misses && hits - misses <= 8, "{hits} hits, {misses} misses");
            assert_eq!(found.cache_lookups(), hits + misses);
            if let Some(query) = found.queries.get("inbox") {
                assert_eq!((query.rows, query.failed), (3 * query.count(), query.count()));
                assert_eq!(query.total, Duration::from_millis(2) * u32::try_from(query.count()).unwrap());
                assert!(query.count() <= misses, "{} queries, {misses} misses", query.count());
            }
        };
        std::thread::scope(|scope| {
            let threads: Vec<_> = (0..8)
                .map(|_| {
                    scope.spawn(|| {
                        for _ in 0..rounds {
                            telemetry.note(Event::CacheHit);
                            telemetry.note(Event::CacheMiss);
                            telemetry.note(QUERY);
                        }
                    })
                })
                .collect();
            let reader = scope.spawn(|| {
                while !done.load(Ordering::Relaxed) {
                    check(&telemetry.snapshot());
                }
            });
            threads.into_iter().for_each(|thread| thread.join().unwrap());
            done.store(true, Ordering::Relaxed);
            reader.join().unwrap();
        });
        let all = telemetry.snapshot();
        check(&all);
        assert_eq!((all.cache_hits, all.operations()), (8 * rounds, 8 * rounds));
    }

    /// Of two threads, one notes a hit and then lets the other note a miss. Each counts in a stripe of its own, and still no
    /// snapshot has a miss without its hit.
    #[test]
    fn a_snapshot_keeps_the_order_of_events_of_different_threads() {
        let rounds = if cfg!(miri) { 20 } else { 2_000 };
        let (telemetry, running) = (Telemetry::default(), AtomicUsize::new(4));
        std::thread::scope(|scope| {
            for _ in 0..4 {
                // Without room, so that neither runs ahead.
                let (hit, hits) = std::sync::mpsc::sync_channel(0);
                let (telemetry, running) = (&telemetry, &running);
                scope.spawn(move || {
                    for _ in 0..rounds {
                        telemetry.note(Event::CacheHit);
                        hit.send(()).unwrap();
                    }
                });
                scope.spawn(move || {
                    hits.iter().for_each(|()| telemetry.note(Event::CacheMiss));
                    running.fetch_sub(1, Ordering::Release);
                });
            }
            while running.load(Ordering::Acquire) > 0 {
                let found = telemetry.snapshot();
                let (hits, misses) = (found.cache_hits, found.cache_misses);
                assert!(misses <= hits, "{hits} hits, {misses} misses");
            }
        });
        assert_eq!(telemetry.snapshot().cache_lookups(), 8 * rounds);
    }

    #[test]
    fn counters_survive_a_thread_that_panicked_while_counting() {
        let telemetry = Telemetry::default();
        let panicked = std::thread::scope(|scope| {
            let panicking = scope.spawn(|| {
                let _held = telemetry.own_stripe();
                panic!("on purpose");
            });
            panicking.join().is_err()
        });
        assert!(panicked);
        (0..STRIPES).for_each(|_| std::thread::scope(|scope| drop(scope.spawn(|| telemetry.note(Event::Retry)))));
        assert_eq!(telemetry.snapshot().retries, STRIPES as u64);
    }
}
