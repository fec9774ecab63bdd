//! The counters again, through the facade `metrics`: whatever recorder the program has installed gets them.
//!
//! Names are Prometheus' own way: a unit at the end, `_total` for what only grows. docs/OBSERVABILITY.md lists them.

use crate::event::Event;
use metrics::Unit;

/// What a metric can do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Shape {
    Counter,
    Gauge,
    Histogram,
}

/// A metric as it is registered.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Metric {
    pub(crate) name: &'static str,
    pub(crate) shape: Shape,
    pub(crate) unit: Unit,
    /// Label and possible values, the values of `query` left out.
    #[cfg_attr(not(test), allow(dead_code))]
    pub(crate) labels: &'static str,
    pub(crate) help: &'static str,
}

const fn metric(name: &'static str, shape: Shape, unit: Unit, labels: &'static str, help: &'static str) -> Metric {
    Metric { name, shape, unit, labels, help }
}

const QUERIES: &str = "things_store_queries_total";
const QUERY_DURATION: &str = "things_store_query_duration_seconds";
const ROWS: &str = "things_store_rows_total";
const RETRIES: &str = "things_store_lock_retries_total";
const STATEMENTS: &str = "things_store_statement_cache_requests_total";
const CACHE: &str = "things_store_cache_requests_total";
const EVICTIONS: &str = "things_store_cache_evictions_total";
const INVALIDATIONS: &str = "things_store_cache_invalidations_total";
const CACHE_ENTRIES: &str = "things_store_cache_entries";
const CACHE_BYTES: &str = "things_store_cache_bytes";
const POOL: &str = "things_store_pool_connections";
const POOL_WAITING: &str = "things_store_pool_waiting";
const POOL_WAIT: &str = "things_store_pool_wait_seconds";
const POOL_TIMEOUTS: &str = "things_store_pool_timeouts_total";
const POOL_CHANGES: &str = "things_store_pool_connection_changes_total";
const BREAKER: &str = "things_store_breaker_transitions_total";
const BREAKER_STATE: &str = "things_store_breaker_state";
const REFUSED: &str = "things_store_breaker_refused_total";

/// All of them, in the order of the documentation.
pub(crate) const METRICS: [Metric; 18] = {
    use Shape::{Counter, Gauge, Histogram};
    [
        metric(QUERIES, Counter, Unit::Count, "query, result = ok or error", "Operations that have ended."),
        metric(
            QUERY_DURATION,
            Histogram,
            Unit::Seconds,
            "query",
            "How long operations took, waits for locks included.",
        ),
        metric(ROWS, Counter, Unit::Count, "query", "Rows that operations read or changed."),
        metric(RETRIES, Counter, Unit::Count, "", "How often a locked database was tried again."),
        metric(STATEMENTS, Counter, Unit::Count, "result = hit or miss", "Statements asked of the statement cache."),
        metric(CACHE, Counter, Unit::Count, "result = hit or miss", "Answers asked of the result cache."),
        metric(EVICTIONS, Counter, Unit::Count, "", "Answers that left the result cache for want of room."),
        metric(INVALIDATIONS, Counter, Unit::Count, "", "How often the result cache was emptied by a change."),
        metric(CACHE_ENTRIES, Gauge, Unit::Count, "", "Answers in the result cache."),
        metric(CACHE_BYTES, Gauge, Unit::Bytes, "", "Bytes of the answers in the result cache."),
        metric(POOL, Gauge, Unit::Count, "state = idle or in_use", "Open connections of the pool."),
        metric(POOL_WAITING, Gauge, Unit::Count, "", "Threads that wait for a connection of the pool."),
        metric(POOL_WAIT, Histogram, Unit::Seconds, "", "How long borrowers waited for a connection of the pool."),
        metric(POOL_TIMEOUTS, Counter, Unit::Count, "", "Borrowers for whom no connection became free in time."),
        metric(
            POOL_CHANGES,
            Counter,
            Unit::Count,
            "change = opened or closed",
            "Connections that the pool opened or closed.",
        ),
        metric(
            BREAKER,
            Counter,
            Unit::Count,
            "to = closed, half_open or open",
            "Changes of the circuit breaker's state.",
        ),
        metric(BREAKER_STATE, Gauge, Unit::Count, "", "The circuit breaker: 0 closed, 1 half open, 2 open."),
        metric(REFUSED, Counter, Unit::Count, "", "Operations that the circuit breaker did not let through."),
    ]
};

/// Registers units and descriptions with the present recorder.
pub(crate) fn describe() {
    for Metric { name, shape, unit, help, .. } in METRICS {
        match shape {
            Shape::Counter => metrics::describe_counter!(name, unit, help),
            Shape::Gauge => metrics::describe_gauge!(name, unit, help),
            Shape::Histogram => metrics::describe_histogram!(name, unit, help),
        }
    }
}

/// Hands `event` to the present recorder.
#[allow(clippy::cast_precision_loss)] // Gauges are floating point; sizes above 2^53 do not occur.
pub(crate) fn emit(event: Event) {
    match event {
        Event::Query { name, took, rows, failed } => {
            let result = if failed { "error" } else { "ok" };
            metrics::counter!(QUERIES, "query" => name, "result" => result).increment(1);
            metrics::histogram!(QUERY_DURATION, "query" => name).record(took.as_secs_f64());
            metrics::counter!(ROWS, "query" => name).increment(rows);
        }
        Event::Retry => metrics::counter!(RETRIES).increment(1),
        Event::StatementHit => metrics::counter!(STATEMENTS, "result" => "hit").increment(1),
        Event::StatementMiss => metrics::counter!(STATEMENTS, "result" => "miss").increment(1),
        Event::CacheHit => metrics::counter!(CACHE, "result" => "hit").increment(1),
        Event::CacheMiss => metrics::counter!(CACHE, "result" => "miss").increment(1),
        Event::CacheEvicted => metrics::counter!(EVICTIONS).increment(1),
        Event::CacheInvalidated => metrics::counter!(INVALIDATIONS).increment(1),
        Event::CacheSize { entries, bytes } => {
            metrics::gauge!(CACHE_ENTRIES).set(entries as f64);
            metrics::gauge!(CACHE_BYTES).set(bytes as f64);
        }
        Event::PoolAcquired { waited } => metrics::histogram!(POOL_WAIT).record(waited.as_secs_f64()),
        Event::PoolExhausted => metrics::counter!(POOL_TIMEOUTS).increment(1),
        Event::PoolOpened => metrics::counter!(POOL_CHANGES, "change" => "opened").increment(1),
        Event::PoolClosed => metrics::counter!(POOL_CHANGES, "change" => "closed").increment(1),
        Event::PoolSize { idle, in_use, waiting } => {
            metrics::gauge!(POOL, "state" => "idle").set(idle as f64);
            metrics::gauge!(POOL, "state" => "in_use").set(in_use as f64);
            metrics::gauge!(POOL_WAITING).set(waiting as f64);
        }
        Event::BreakerOpened => breaker("open", 2.0),
        Event::BreakerHalfOpened => breaker("half_open", 1.0),
        Event::BreakerClosed => breaker("closed", 0.0),
        Event::BreakerRefused => metrics::counter!(REFUSED).increment(1),
    }
}

fn breaker(to: &'static str, state: f64) {
    metrics::counter!(BREAKER, "to" => to).increment(1);
    metrics::gauge!(BREAKER_STATE).set(state);
}

#[cfg(test)]
#[path = "facade_tests.rs"]
mod tests;
