//! Clocks that tests move by hand, or that move by being looked at.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::Mutex;
use std::time::Duration;
use things_store::{Canceller, Clock};

/// Stands still until a test sets it.
#[cfg(feature = "breaker")]
#[derive(Default)]
pub struct Hand(Mutex<Duration>);

#[cfg(feature = "breaker")]
impl Hand {
    pub fn advance(&self, by: Duration) {
        *self.0.lock().unwrap() += by;
    }

    pub fn set(&self, now: Duration) {
        *self.0.lock().unwrap() = now;
    }
}

#[cfg(feature = "breaker")]
impl Clock for Hand {
    fn now(&self) -> Duration {
        *self.0.lock().unwrap()
    }
}

/// Goes on by a millisecond each time that somebody looks, and cancels a store at the look `cancel_at`.
#[derive(Default)]
pub struct Looked {
    looks: AtomicU64,
    cancel: Mutex<Option<(u64, Canceller)>>,
}

impl Looked {
    pub fn looks(&self) -> u64 {
        self.looks.load(Ordering::SeqCst)
    }

    /// Cancels after `more` looks.
    pub fn cancel_after(&self, more: u64, canceller: Canceller) {
        *self.cancel.lock().unwrap() = Some((self.looks() + more, canceller));
    }
}

impl Clock for Looked {
    fn now(&self) -> Duration {
        let looks = self.looks.fetch_add(1, Ordering::SeqCst) + 1;
        let mut cancel = self.cancel.lock().unwrap();
        if matches!(&*cancel, Some((at, _)) if *at <= looks) {
            if let Some((_, canceller)) = cancel.take() {
                canceller.cancel();
            }
        }
        Duration::from_millis(looks)
    }
}
