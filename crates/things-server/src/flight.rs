//! Arrow Flight: tasks as streams of record batches.
//!
//! A descriptor is a path of one name (`inbox`, …, `all`) or a command of JSON, a [`Filter`](crate::filter::Filter). The
//! ticket is the same JSON, with the day filled in. Nothing can be written.

mod service;
mod stream;

pub use service::{Server, Service};
