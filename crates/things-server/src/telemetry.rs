//! What the server counts about itself, through the `metrics` facade: without a recorder it costs next to nothing.
//! docs/SERVER.md lists the names.

use metrics::{counter, describe_counter, describe_gauge, describe_histogram, gauge, histogram, Unit};
use std::time::Duration;
use things_store::PoolStatistics;
use tokio::time::Instant;

const CALLS: &str = "things_server_calls_total";
const DURATION: &str = "things_server_call_duration_seconds";
const IN_FLIGHT: &str = "things_server_calls_in_flight";
const STREAMS: &str = "things_server_flight_streams";
const ROWS: &str = "things_server_flight_rows_total";
const CONNECTIONS: &str = "things_server_connections";

/// Units and descriptions, for the recorder that is installed.
pub(crate) fn describe() {
    describe_counter!(CALLS, "Tool calls and resource reads that have ended, by outcome");
    describe_histogram!(DURATION, Unit::Seconds, "How long calls took, including the wait for a connection");
    describe_gauge!(IN_FLIGHT, "Calls that have not ended yet");
    describe_gauge!(STREAMS, "Arrow Flight streams that are being read");
    describe_counter!(ROWS, "Tasks sent over Arrow Flight");
    describe_gauge!(CONNECTIONS, "Open connections to the database");
}

/// The connections of one pool. The store's own gauges show whichever pool changed last.
pub(crate) fn connections(lane: &'static str, pool: &PoolStatistics) {
    gauge!(CONNECTIONS, "for" => lane, "state" => "idle").set(pool.idle);
    gauge!(CONNECTIONS, "for" => lane, "state" => "in_use").set(pool.in_use);
}

/// How a call ended.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Outcome {
    Ok,
    /// The tool ran and failed.
    Error,
    /// The call was not valid.
    Invalid,
    Cancelled,
}

impl Outcome {
    fn label(self) -> &'static str {
        match self {
            Outcome::Ok => "ok",
            Outcome::Error => "error",
            Outcome::Invalid => "invalid",
            Outcome::Cancelled => "cancelled",
        }
    }
}

/// A call that is in flight until it is dropped.
pub(crate) struct Call {
    tool: &'static str,
    begun: Instant,
    outcome: Outcome,
}

impl Call {
    /// `tool` becomes a label: one of few names, never what a client sent.
    pub(crate) fn begin(tool: &'static str) -> Call {
        gauge!(IN_FLIGHT).increment(1.0);
        Call { tool, begun: Instant::now(), outcome: Outcome::Cancelled }
    }

    pub(crate) fn end(mut self, outcome: Outcome) -> Duration {
        self.outcome = outcome;
        self.begun.elapsed()
    }
}

impl Drop for Call {
    fn drop(&mut self) {
        gauge!(IN_FLIGHT).decrement(1.0);
        counter!(CALLS, "tool" => self.tool, "outcome" => self.outcome.label()).increment(1);
        histogram!(DURATION, "tool" => self.tool).record(self.begun.elapsed().as_secs_f64());
    }
}

/// A stream of Arrow Flight that is being read until it is dropped.
pub(crate) struct Stream(());

impl Stream {
    pub(crate) fn begin() -> Stream {
        gauge!(STREAMS).increment(1.0);
        Stream(())
    }

    pub(crate) fn rows(&self, rows: usize) {
        counter!(ROWS).increment(rows as u64);
    }
}

impl Drop for Stream {
    fn drop(&mut self) {
        gauge!(STREAMS).decrement(1.0);
    }
}
