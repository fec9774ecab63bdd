//! What a recorder gets, by a recorder that writes everything down.

use super::*;
use metrics::{
    Counter, CounterFn, Gauge, GaugeFn, Histogram, HistogramFn, Key, KeyName, Metadata, Recorder, SharedString,
};
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};
use std::time::Duration;

type Described = (Shape, Option<Unit>, String);

#[derive(Clone, Default)]
struct Notes {
    /// Shape and unit by name.
    described: Arc<Mutex<BTreeMap<String, Described>>>,
    /// What was done to each metric, in order.
    done: Arc<Mutex<Vec<String>>>,
}

/// One metric of a recorder, written as Prometheus does.
struct Noted {
    key: String,
    done: Arc<Mutex<Vec<String>>>,
}

impl Noted {
    fn note(&self, what: &str) {
        self.done.lock().unwrap().push(format!("{} {what}", self.key));
    }
}

impl CounterFn for Noted {
    fn increment(&self, value: u64) {
        self.note(&format!("+{value}"));
    }

    fn absolute(&self, value: u64) {
        self.note(&format!("={value}"));
    }
}

impl GaugeFn for Noted {
    fn increment(&self, value: f64) {
        self.note(&format!("+{value}"));
    }

    fn decrement(&self, value: f64) {
        self.note(&format!("-{value}"));
    }

    fn set(&self, value: f64) {
        self.note(&format!("={value}"));
    }
}

impl HistogramFn for Noted {
    fn record(&self, value: f64) {
        self.note(&format!("~{value}"));
    }
}

impl Notes {
    fn describe(&self, key: &KeyName, shape: Shape, unit: Option<Unit>, help: &str) {
        self.described.lock().unwrap().insert(key.as_str().to_owned(), (shape, unit, help.to_owned()));
    }

    fn register(&self, key: &Key) -> Arc<Noted> {
        let labels: Vec<String> = key.labels().map(|l| format!("{}=\"{}\"", l.key(), l.value())).collect();
        let key = format!("{}{{{}}}", key.name(), labels.join(","));
        Arc::new(Noted { key, done: self.done.clone() })
    }
}

impl Recorder for Notes {
    fn describe_counter(&self, key: KeyName, unit: Option<Unit>, help: SharedString) {
        self.describe(&key, Shape::Counter, unit, &help);
    }

    fn describe_gauge(&self, key: KeyName, unit: Option<Unit>, help: SharedString) {
        self.describe(&key, Shape::Gauge, unit, &help);
    }

    fn describe_histogram(&self, key: KeyName, unit: Option<Unit>, help: SharedString) {
        self.describe(&key, Shape::Histogram, unit, &help);
    }

    fn register_counter(&self, key: &Key, _: &Metadata<'_>) -> Counter {
        Counter::from_arc(self.register(key))
    }

    fn register_gauge(&self, key: &Key, _: &Metadata<'_>) -> Gauge {
        Gauge::from_arc(self.register(key))
    }

    fn register_histogram(&self, key: &Key, _: &Metadata<'_>) -> Histogram {
        Histogram::from_arc(self.register(key))
    }
}

const MS: fn(u64) -> Duration = Duration::from_millis;

fn one_of_each() -> Vec<Event> {
    vec![
        Event::Query { name: "inbox", took: MS(2), rows: 3, failed: false },
        Event::Query { name: "search", took: MS(4), rows: 0, failed: true },
        Event::Retry,
        Event::StatementHit,
        Event::StatementMiss,
        Event::CacheHit,
        Event::CacheMiss,
        Event::CacheEvicted,
        Event::CacheInvalidated,
        Event::CacheSize { entries: 7, bytes: 4_096 },
        Event::PoolAcquired { waited: MS(1) },
        Event::PoolExhausted,
        Event::PoolOpened,
        Event::PoolClosed,
        Event::PoolSize { idle: 1, in_use: 2, waiting: 3 },
        Event::BreakerOpened,
        Event::BreakerHalfOpened,
        Event::BreakerClosed,
        Event::BreakerRefused,
    ]
}

fn emitted(events: &[Event]) -> Vec<String> {
    let notes = Notes::default();
    metrics::with_local_recorder(&notes, || events.iter().for_each(|event| emit(*event)));
    let done = notes.done.lock().unwrap();
    done.clone()
}

#[test]
fn each_event_reaches_the_recorder_under_its_name_and_labels() {
    let expected = [
        r#"things_store_queries_total{query="inbox",result="ok"} +1"#,
        r#"things_store_query_duration_seconds{query="inbox"} ~0.002"#,
        r#"things_store_rows_total{query="inbox"} +3"#,
        r#"things_store_queries_total{query="search",result="error"} +1"#,
        r#"things_store_query_duration_seconds{query="search"} ~0.004"#,
        r#"things_store_rows_total{query="search"} +0"#,
        r"things_store_lock_retries_total{} +1",
        r#"things_store_statement_cache_requests_total{result="hit"} +1"#,
        r#"things_store_statement_cache_requests_total{result="miss"} +1"#,
        r#"things_store_cache_requests_total{result="hit"} +1"#,
        r#"things_store_cache_requests_total{result="miss"} +1"#,
        r"things_store_cache_evictions_total{} +1",
        r"things_store_cache_invalidations_total{} +1",
        r"things_store_cache_entries{} =7",
        r"things_store_cache_bytes{} =4096",
        r"things_store_pool_wait_seconds{} ~0.001",
        r"things_store_pool_timeouts_total{} +1",
        r#"things_store_pool_connection_changes_total{change="opened"} +1"#,
        r#"things_store_pool_connection_changes_total{change="closed"} +1"#,
        r#"things_store_pool_connections{state="idle"} =1"#,
        r#"things_store_pool_connections{state="in_use"} =2"#,
        r"things_store_pool_waiting{} =3",
        r#"things_store_breaker_transitions_total{to="open"} +1"#,
        r"things_store_breaker_state{} =2",
        r#"things_store_breaker_transitions_total{to="half_open"} +1"#,
        r"things_store_breaker_state{} =1",
        r#"things_store_breaker_transitions_total{to="closed"} +1"#,
        r"things_store_breaker_state{} =0",
        r"things_store_breaker_refused_total{} +1",
    ];
    assert_eq!(emitted(&one_of_each()), expected);
}

#[test]
fn every_metric_is_described_with_its_unit_and_none_is_emitted_that_is_not() {
    let notes = Notes::default();
    metrics::with_local_recorder(&notes, describe);
    let described = notes.described.lock().unwrap();
    assert_eq!(described.len(), METRICS.len());
    for Metric { name, shape, unit, help, .. } in METRICS {
        assert_eq!(described[name], (shape, Some(unit), help.to_owned()));
        // Prometheus' conventions: https://prometheus.io/docs/practices/naming/
        assert_eq!(name.ends_with("_total"), shape == Shape::Counter, "{name}");
        assert_eq!(name.ends_with("_seconds"), unit == Unit::Seconds, "{name}");
        assert_eq!(name.ends_with("_bytes"), unit == Unit::Bytes, "{name}");
        assert!(name.starts_with("things_store_") && help.ends_with('.'), "{name}: {help}");
    }
    let mut seen: Vec<String> =
        emitted(&one_of_each()).iter().filter_map(|line| Some(line.split_once('{')?.0.to_owned())).collect();
    seen.sort();
    seen.dedup();
    assert_eq!(seen, described.keys().cloned().collect::<Vec<_>>());
}

fn page(name: &str) -> String {
    let path = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs").join(name);
    #[allow(clippy::disallowed_methods)] // A test reads what it compares with.
    std::fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

#[test]
#[cfg_attr(miri, ignore = "reads the documentation")]
fn the_documentation_lists_exactly_what_is_registered() {
    let documented: Vec<String> = page("OBSERVABILITY.md")
        .lines()
        .filter(|line| line.starts_with("| `things_store_"))
        .map(str::to_owned)
        .collect();
    let row = |metric: &Metric| {
        let shape = format!("{:?}", metric.shape).to_lowercase();
        let labels = match metric.labels {
            "" => "–",
            labels => labels,
        };
        format!("| `{}` | {shape} | {} | {labels} | {} |", metric.name, metric.unit.as_str(), metric.help)
    };
    let registered: Vec<String> = METRICS.iter().map(row).collect();
    assert_eq!(documented, registered, "the table should be:\n{}", registered.join("\n"));
}

/// The names in `text` that look like ours, without what Prometheus adds to a histogram.
fn mentioned(text: &str) -> Vec<&str> {
    let is_word = |c: char| c.is_ascii_alphanumeric() || c == '_';
    let words = text.split(|c| !is_word(c)).filter(|word| word.starts_with("things_store_"));
    words
        .map(|word| ["_bucket", "_sum", "_count"].iter().find_map(|end| word.strip_suffix(end)).unwrap_or(word))
        .collect()
}

#[test]
#[cfg_attr(miri, ignore = "reads the dashboard")]
fn the_dashboard_asks_for_metrics_that_exist_and_for_each_of_them() {
    let dashboard = page("grafana-things-store.json");
    let mut asked = mentioned(&dashboard);
    asked.sort_unstable();
    asked.dedup();
    let mut names: Vec<&str> = METRICS.iter().map(|metric| metric.name).collect();
    names.sort_unstable();
    assert_eq!(asked, names);
}
