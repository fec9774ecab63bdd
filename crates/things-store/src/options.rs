//! How a store is opened, and what the stores of one database share.

use crate::backoff::{Backoff, Sleep, ThreadSleep};
use crate::clock::{Clock, MonotonicClock};
use crate::telemetry::Telemetry;
use std::fmt;
use std::sync::Arc;

/// How to open a store: how long to wait for locks, and who does the waiting.
///
/// # Examples
///
/// ```no_run
/// use things_store::{Access, Backoff, OpenOptions};
///
/// let impatient = OpenOptions::new().backoff(Backoff::none());
/// let store = impatient.open("main.sqlite", Access::ReadOnly)?; // locked is locked, at once
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone)]
pub struct OpenOptions {
    pub(crate) backoff: Backoff,
    pub(crate) sleep: Arc<dyn Sleep>,
    pub(crate) clock: Arc<dyn Clock>,
    #[cfg(feature = "cache")]
    pub(crate) cache: Option<crate::cache::Cache>,
    #[cfg(feature = "changes")]
    pub(crate) feed: Option<Arc<crate::changes::Shared>>,
    pub(crate) best_effort: bool,
}

impl Default for OpenOptions {
    fn default() -> OpenOptions {
        OpenOptions {
            backoff: Backoff::default(),
            sleep: Arc::new(ThreadSleep),
            clock: Arc::new(MonotonicClock::default()),
            #[cfg(feature = "cache")]
            cache: None,
            #[cfg(feature = "changes")]
            feed: None,
            best_effort: false,
        }
    }
}

impl OpenOptions {
    /// The defaults: about one second of waiting, by the thread itself.
    pub fn new() -> OpenOptions {
        OpenOptions::default()
    }

    /// How long to wait while somebody else holds the database, for opening, reading and changing alike.
    pub fn backoff(mut self, backoff: Backoff) -> OpenOptions {
        self.backoff = backoff;
        self
    }

    /// Who waits.
    pub fn sleep(mut self, sleep: Arc<dyn Sleep>) -> OpenOptions {
        self.sleep = sleep;
        self
    }

    /// Whether to read a database of a version that this crate does not know, as the nearest vintage of which all tables
    /// and columns are there.
    ///
    /// What such a database means by them cannot be known, so nothing is promised of what is read. It is only read: for
    /// [`Access::ReadWrite`](crate::Access::ReadWrite) an unknown version stays
    /// [`Error::UnknownVintage`](crate::Error::UnknownVintage).
    ///
    /// # Examples
    ///
    /// ```no_run
    /// use things_store::{Access, OpenOptions};
    ///
    /// let store = OpenOptions::new().best_effort(true).open("main.sqlite", Access::ReadOnly)?;
    /// if store.is_best_effort() {
    ///     eprintln!("version {} is read as {}", store.database_version(), store.vintage());
    /// }
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn best_effort(mut self, allowed: bool) -> OpenOptions {
        self.best_effort = allowed;
        self
    }

    /// The clock by which durations are measured.
    pub fn clock(mut self, clock: Arc<dyn Clock>) -> OpenOptions {
        self.clock = clock;
        self
    }
}

impl fmt::Debug for OpenOptions {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("OpenOptions").field("backoff", &self.backoff).finish_non_exhaustive()
    }
}

/// What the stores of a pool share; a store that is opened alone has its own.
#[derive(Debug)]
pub(crate) struct Shared {
    pub(crate) telemetry: Arc<Telemetry>,
}

impl Shared {
    pub(crate) fn new(_options: &OpenOptions) -> Shared {
        Shared { telemetry: Arc::default() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn options_show_how_long_they_wait_and_not_who_does() {
        let text = format!("{:?}", OpenOptions::new().backoff(Backoff::none()));
        assert!(text.contains("retries: 0") && text.ends_with(".. }"), "{text}");
    }
}
