//! How a store is opened, and what the stores of one database share.

use crate::backoff::{Backoff, Sleep, ThreadSleep};
use crate::bounds::{between, DAY};
use crate::clock::{Clock, MonotonicClock};
use crate::error::Result;
use crate::telemetry::{Event, Telemetry};
use crate::watch::Running;
use std::fmt;
use std::sync::Arc;
use std::time::Duration;

/// How to open a store: how long to wait for locks and for answers, and who does the waiting.
///
/// # Examples
///
/// ```no_run
/// use std::time::Duration;
/// use things_store::{Access, Backoff, OpenOptions};
///
/// let impatient = OpenOptions::new().backoff(Backoff::none()).query_timeout(Duration::from_millis(250));
/// let store = impatient.open("main.sqlite", Access::ReadOnly)?; // locked is locked, at once
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone)]
pub struct OpenOptions {
    pub(crate) backoff: Backoff,
    pub(crate) sleep: Arc<dyn Sleep>,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) query_timeout: Option<Duration>,
    #[cfg(feature = "breaker")]
    pub(crate) breaker: Option<crate::breaker::Breaker>,
    #[cfg(feature = "cache")]
    pub(crate) cache: Option<crate::cache::Cache>,
    #[cfg(feature = "changes")]
    pub(crate) feed: Option<Arc<crate::publishing::Published>>,
    pub(crate) best_effort: bool,
}

impl Default for OpenOptions {
    fn default() -> OpenOptions {
        OpenOptions {
            backoff: Backoff::default(),
            sleep: Arc::new(ThreadSleep),
            clock: Arc::new(MonotonicClock::default()),
            query_timeout: None,
            #[cfg(feature = "breaker")]
            breaker: None,
            #[cfg(feature = "cache")]
            cache: None,
            #[cfg(feature = "changes")]
            feed: None,
            best_effort: false,
        }
    }
}

impl OpenOptions {
    /// The defaults: about one second of waiting, by the thread itself, and no limit to how long a query takes.
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

    /// The clock by which durations are measured, timeouts end and the circuit breaker closes.
    pub fn clock(mut self, clock: Arc<dyn Clock>) -> OpenOptions {
        self.clock = clock;
        self
    }

    /// How long an operation may take, waits for locks included, before it ends with
    /// [`TimedOut`](crate::Error::TimedOut). In a stream, each step may take as long.
    pub fn query_timeout(mut self, limit: Duration) -> OpenOptions {
        self.query_timeout = Some(limit);
        self
    }

    /// Puts a circuit breaker in front of the database. All stores that are opened with these options, or with clones of
    /// them, share it.
    #[cfg(feature = "breaker")]
    pub fn breaker(mut self, options: crate::breaker::BreakerOptions) -> OpenOptions {
        self.breaker = Some(crate::breaker::Breaker::new(options));
        self
    }

    /// Where [`Store::cached`](crate::Store::cached) keeps its answers. Without a cache it reads each time.
    ///
    /// A `Pool` that opens its stores with these options shares the cache between them.
    #[cfg(feature = "cache")]
    pub fn cache(mut self, cache: &crate::cache::Cache) -> OpenOptions {
        self.cache = Some(cache.clone());
        self
    }

    /// Checks that something can be opened with these options. Opening does so first, before it looks at any file.
    ///
    /// # Errors
    ///
    /// [`InvalidOption`](crate::Error::InvalidOption), naming the option.
    ///
    /// # Examples
    ///
    /// ```
    /// use std::time::Duration;
    /// use things_store::{Error, OpenOptions};
    ///
    /// let options = OpenOptions::new().query_timeout(Duration::ZERO);
    /// let error = options.validate().unwrap_err();
    /// assert!(matches!(error, Error::InvalidOption { option: "query_timeout", .. }));
    /// ```
    pub fn validate(&self) -> Result<()> {
        let Backoff { first, longest, retries } = self.backoff;
        between("backoff.retries", retries, 0, 10_000)?;
        if retries > 0 {
            between("backoff.first", first, Duration::from_nanos(1), DAY)?;
            between("backoff.longest", longest, first, DAY)?;
            between("backoff.total", self.backoff.total(), Duration::ZERO, DAY)?;
        }
        if let Some(limit) = self.query_timeout {
            between("query_timeout", limit, Duration::from_micros(1), DAY)?;
        }
        #[cfg(feature = "breaker")]
        if let Some(breaker) = &self.breaker {
            breaker.options().validate()?;
        }
        Ok(())
    }
}

impl fmt::Debug for OpenOptions {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut shown = f.debug_struct("OpenOptions");
        shown.field("backoff", &self.backoff).field("query_timeout", &self.query_timeout);
        #[cfg(feature = "breaker")]
        shown.field("breaker", &self.breaker.as_ref().map(crate::breaker::Breaker::options));
        shown.finish_non_exhaustive()
    }
}

/// What the stores of a pool share; a store that is opened alone has its own.
#[derive(Debug)]
pub(crate) struct Shared {
    pub(crate) telemetry: Arc<Telemetry>,
}

impl Shared {
    pub(crate) fn new(_options: &OpenOptions) -> Shared {
        #[cfg(feature = "metrics")]
        crate::facade::describe();
        Shared { telemetry: Arc::default() }
    }
}

/// Counts each wait for a lock, after which follows another attempt, and does not wait for longer than the operation may
/// still take.
pub(crate) struct Counted<'o> {
    pub(crate) sleep: &'o dyn Sleep,
    pub(crate) telemetry: &'o Telemetry,
    pub(crate) running: &'o Running<'o>,
}

impl Sleep for Counted<'_> {
    fn sleep(&self, duration: Duration) {
        self.sleep.sleep(duration.min(self.running.left()));
        self.telemetry.note(Event::Retry);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::error::Error;

    #[track_caller]
    fn refused(options: &OpenOptions, named: &str, shown: &str) {
        match options.validate().unwrap_err() {
            Error::InvalidOption { option, value, needs } => {
                assert_eq!((option, value.as_str()), (named, shown));
                assert!(needs.starts_with("a value from "), "{needs}");
            }
            other => panic!("{other}"),
        }
    }

    #[test]
    fn what_can_be_meant_is_accepted() {
        OpenOptions::new().validate().unwrap();
        OpenOptions::new().backoff(Backoff::none()).validate().unwrap();
        // Without a retry nothing is waited, whatever the waits would be.
        let idle = Backoff { first: Duration::ZERO, longest: Duration::ZERO, retries: 0 };
        OpenOptions::new().backoff(idle).query_timeout(DAY).validate().unwrap();
    }

    #[test]
    fn each_bad_value_is_an_error_that_names_its_option() {
        let ms = Duration::from_millis;
        let backoff = |first, longest, retries| OpenOptions::new().backoff(Backoff { first, longest, retries });
        refused(&backoff(ms(0), ms(5), 3), "backoff.first", "0ns");
        refused(&backoff(ms(50), ms(5), 2), "backoff.longest", "5ms");
        refused(&backoff(ms(1), Duration::MAX, 2), "backoff.longest", &format!("{:?}", Duration::MAX));
        refused(&backoff(Duration::MAX, Duration::MAX, 2), "backoff.first", &format!("{:?}", Duration::MAX));
        refused(&backoff(ms(1), ms(1), u32::MAX), "backoff.retries", "4294967295");
        refused(&backoff(DAY, DAY, 2), "backoff.total", "172800s");
        refused(&OpenOptions::new().query_timeout(Duration::ZERO), "query_timeout", "0ns");
        refused(&OpenOptions::new().query_timeout(DAY + ms(1)), "query_timeout", "86400.001s");
        #[cfg(feature = "breaker")]
        {
            let never = crate::breaker::BreakerOptions { failures: 0, ..Default::default() };
            refused(&OpenOptions::new().breaker(never), "breaker.failures", "0");
        }
    }

    #[test]
    fn options_show_how_long_they_wait_and_not_who_does() {
        let text = format!("{:?}", OpenOptions::new().backoff(Backoff::none()));
        assert!(text.contains("retries: 0") && text.ends_with(".. }"), "{text}");
    }
}
