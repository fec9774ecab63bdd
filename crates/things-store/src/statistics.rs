//! What a store has counted, as values.

use std::collections::BTreeMap;
use std::time::Duration;

/// The upper bounds of the buckets in which durations of queries are counted; one more bucket holds what is longer.
pub const DURATION_BUCKETS: [Duration; 14] = [
    Duration::from_micros(100),
    Duration::from_micros(250),
    Duration::from_micros(500),
    Duration::from_millis(1),
    Duration::from_micros(2_500),
    Duration::from_millis(5),
    Duration::from_millis(10),
    Duration::from_millis(25),
    Duration::from_millis(50),
    Duration::from_millis(100),
    Duration::from_millis(250),
    Duration::from_millis(500),
    Duration::from_secs(1),
    Duration::from_millis(2_500),
];

/// What a store, or all stores of a pool together, have done since they were opened.
///
/// All of it is of one moment: whatever other threads count meanwhile, no event is in one number and not yet in another.
/// What follows from other numbers is a method and not stored, so that it cannot contradict them.
///
/// # Examples
///
/// ```no_run
/// use things_store::Store;
///
/// let store = Store::open("main.sqlite")?;
/// store.inbox()?;
/// let statistics = store.statistics();
/// let inbox = &statistics.queries["inbox"];
/// println!("{} in {:?}, 95 % within {:?}", inbox.count(), inbox.total, inbox.quantile(0.95));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Statistics {
    /// By operation, such as `inbox`, `search` or `apply`.
    pub queries: BTreeMap<&'static str, QueryStatistics>,
    /// How often a locked database was tried again.
    pub retries: u64,
    /// Statements that were prepared already.
    pub statement_hits: u64,
    /// Statements that had to be prepared.
    pub statement_misses: u64,
    /// Answers that came from the result cache.
    pub cache_hits: u64,
    /// Answers that the result cache did not have.
    pub cache_misses: u64,
    /// Answers that left the result cache for want of room.
    pub cache_evictions: u64,
    /// How often the result cache was emptied because the database had changed.
    pub cache_invalidations: u64,
    /// How often the circuit breaker opened.
    pub breaker_opened: u64,
    /// How often it closed again.
    pub breaker_closed: u64,
    /// Operations that it did not let through.
    pub breaker_refused: u64,
}

impl Statistics {
    /// Lookups in the result cache.
    pub fn cache_lookups(&self) -> u64 {
        self.cache_hits.saturating_add(self.cache_misses)
    }

    /// The share of lookups that the result cache could answer, from 0 to 1; `None` without a lookup.
    pub fn cache_hit_rate(&self) -> Option<f64> {
        share(self.cache_hits, self.cache_lookups())
    }

    /// The share of statements that were prepared already, from 0 to 1; `None` without a statement.
    pub fn statement_hit_rate(&self) -> Option<f64> {
        share(self.statement_hits, self.statement_hits.saturating_add(self.statement_misses))
    }

    /// Operations of every kind that have ended.
    pub fn operations(&self) -> u64 {
        self.queries.values().fold(0, |sum, query| sum.saturating_add(query.count()))
    }
}

/// What one kind of operation has done.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct QueryStatistics {
    /// How many took at most as long as the bound at the same place in [`DURATION_BUCKETS`], and longer than the bound
    /// before. The last one has no bound.
    pub buckets: [u64; DURATION_BUCKETS.len() + 1],
    /// How long all of them took, waits for locks included.
    pub total: Duration,
    /// How many rows they gave, or changed.
    pub rows: u64,
    /// How many of them ended with an error.
    pub failed: u64,
}

impl QueryStatistics {
    /// How many have ended.
    pub fn count(&self) -> u64 {
        self.buckets.iter().fold(0, |sum, count| sum.saturating_add(*count))
    }

    /// A bound that the share `q` of them, from 0 to 1, kept to; `None` if there were none, or if it is above the last
    /// bound.
    pub fn quantile(&self, q: f64) -> Option<Duration> {
        let count = self.count();
        // Truncated on purpose, after rounding up; NaN becomes 0 and then 1.
        #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss, clippy::cast_precision_loss)]
        let rank = ((q * count as f64).ceil() as u64).clamp(1, count.max(1));
        let mut reached = 0_u64;
        for (bound, bucket) in DURATION_BUCKETS.iter().zip(&self.buckets) {
            reached = reached.saturating_add(*bucket);
            if reached >= rank {
                return Some(*bound);
            }
        }
        None
    }

    pub(crate) fn add(&mut self, took: Duration, rows: u64, failed: bool) {
        let place = DURATION_BUCKETS.partition_point(|bound| *bound < took);
        if let Some(bucket) = self.buckets.get_mut(place) {
            *bucket = bucket.saturating_add(1);
        }
        self.total = self.total.saturating_add(took);
        self.rows = self.rows.saturating_add(rows);
        self.failed = self.failed.saturating_add(u64::from(failed));
    }

    pub(crate) fn merge(&mut self, other: &QueryStatistics) {
        for (bucket, more) in self.buckets.iter_mut().zip(&other.buckets) {
            *bucket = bucket.saturating_add(*more);
        }
        self.total = self.total.saturating_add(other.total);
        self.rows = self.rows.saturating_add(other.rows);
        self.failed = self.failed.saturating_add(other.failed);
    }
}

/// `part` of `whole`, or `None` of nothing.
#[allow(clippy::cast_precision_loss)] // Counts above 2^53 lose their last digits, which a share does not show.
pub(crate) fn share(part: u64, whole: u64) -> Option<f64> {
    (whole > 0).then(|| part as f64 / whole as f64)
}

#[cfg(test)]
mod tests {
    use super::*;

    const MS: fn(u64) -> Duration = Duration::from_millis;

    fn of(durations: &[Duration]) -> QueryStatistics {
        let mut query = QueryStatistics::default();
        durations.iter().for_each(|took| query.add(*took, 2, false));
        query
    }

    #[test]
    fn bounds_rise_and_belong_to_their_own_bucket() {
        assert!(DURATION_BUCKETS.windows(2).all(|two| two[0] < two[1]));
        for (place, bound) in DURATION_BUCKETS.iter().enumerate() {
            assert_eq!(of(&[*bound]).buckets[place], 1, "{bound:?}");
            assert_eq!(of(&[*bound + Duration::from_nanos(1)]).buckets[place + 1], 1, "{bound:?}");
        }
        assert_eq!(of(&[Duration::ZERO]).buckets[0], 1);
        assert_eq!(of(&[Duration::MAX]).buckets[DURATION_BUCKETS.len()], 1);
    }

    #[test]
    fn quantiles_are_bounds_that_hold() {
        let mut durations = vec![MS(1); 94];
        durations.extend([MS(40); 5]);
        durations.push(Duration::from_secs(60));
        let query = of(&durations);
        assert_eq!((query.count(), query.rows), (100, 200));
        assert_eq!(query.quantile(0.5), Some(MS(1)));
        assert_eq!(query.quantile(0.94), Some(MS(1)));
        assert_eq!(query.quantile(0.95), Some(MS(50)));
        assert_eq!(query.quantile(0.99), Some(MS(50)));
        assert_eq!(query.quantile(1.0), None, "above the last bound");
        assert_eq!(query.quantile(0.0), Some(MS(1)));
        assert_eq!(query.quantile(f64::NAN), Some(MS(1)));
        assert_eq!(query.quantile(7.0), None);
        assert_eq!(QueryStatistics::default().quantile(0.5), None);
    }

    #[test]
    fn sums_stop_at_their_greatest_value() {
        let mut query = of(&[Duration::MAX]);
        query.add(MS(1), u64::MAX, true);
        query.merge(&query.clone());
        assert_eq!((query.total, query.rows, query.failed, query.count()), (Duration::MAX, u64::MAX, 2, 4));
    }

    #[test]
    fn rates_are_of_what_there_was() {
        let mut statistics = Statistics::default();
        assert_eq!((statistics.cache_hit_rate(), statistics.statement_hit_rate()), (None, None));
        statistics = Statistics { cache_hits: 3, cache_misses: 1, statement_hits: 1, ..statistics };
        assert_eq!((statistics.cache_hit_rate(), statistics.statement_hit_rate()), (Some(0.75), Some(1.0)));
        assert_eq!(statistics.cache_lookups(), 4);
    }
}
