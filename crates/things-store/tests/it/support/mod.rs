//! Databases to test on: which there are, a private copy of each, and rows planted in it.

pub mod case;
pub mod fixture;
pub mod manifest;
pub mod plant;
#[cfg(any(feature = "cache", feature = "changes"))]
pub mod process;
#[cfg(feature = "changes")]
pub mod replay;
pub mod sleepers;
pub mod temp;

pub use case::{for_each, healthy, small, Case};
pub use plant::{plant, Plant};

use things_store::{Date, Task, Timestamp};

/// The day around which the fixtures' data lies.
pub fn today() -> Date {
    date("2024-06-12")
}

pub fn date(text: &str) -> Date {
    text.parse().expect("a date in a test")
}

/// 2024-06-12T09:30:00.5Z
pub fn now() -> Timestamp {
    Timestamp::from_unix_seconds(1_718_184_600.5).expect("an instant in a test")
}

/// The identifiers, in their order.
pub fn ids(tasks: &[Task]) -> Vec<&str> {
    tasks.iter().map(|task| task.id.as_str()).collect()
}

/// Whether the planted task `id` is among `tasks`.
pub fn has(tasks: &[Task], id: &str) -> bool {
    tasks.iter().any(|task| task.id.as_str() == id)
}

/// The planted ones among `tasks`, in their order. Their identifiers begin with `planted`.
pub fn planted(tasks: &[Task]) -> Vec<&str> {
    ids(tasks).into_iter().filter_map(|id| id.strip_prefix("planted/")).collect()
}
