//! Waiting for a lock: a bounded exponential schedule, and the loop that keeps to it.
//!
//! Pure but for [`ThreadSleep`]: who sleeps is an argument, so that tests wait in no time.

use crate::error::Error;
use std::time::Duration;

/// How long to wait between attempts while somebody else holds the database.
///
/// The first wait is `first`, each following one twice the last but at most `longest`, and there are at
/// most `retries` of them. The default waits 1, 2, 4 … 200 ms, twelve times, about 1.1 seconds in all.
///
/// ```
/// use std::time::Duration;
/// use things_store::Backoff;
///
/// let ms = Duration::from_millis;
/// let backoff = Backoff { first: ms(10), longest: ms(35), retries: 4 };
/// let waits: Vec<_> = backoff.waits().collect();
/// assert_eq!(waits, [ms(10), ms(20), ms(35), ms(35)]);
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Backoff {
    /// The wait after the first attempt.
    pub first: Duration,
    /// No single wait is longer.
    pub longest: Duration,
    /// How many waits there are; attempts are one more.
    pub retries: u32,
}

impl Default for Backoff {
    fn default() -> Backoff {
        Backoff { first: Duration::from_millis(1), longest: Duration::from_millis(200), retries: 12 }
    }
}

impl Backoff {
    /// One attempt, no wait.
    pub fn none() -> Backoff {
        Backoff { retries: 0, ..Backoff::default() }
    }

    /// The waits in their order.
    pub fn waits(&self) -> impl Iterator<Item = Duration> {
        let Backoff { first, longest, retries } = *self;
        (0..retries).scan(first.min(longest), move |next, _| {
            let wait = *next;
            *next = wait.saturating_mul(2).min(longest);
            Some(wait)
        })
    }

    /// All waits together: the longest that an operation waits for a lock.
    pub fn total(&self) -> Duration {
        self.waits().fold(Duration::ZERO, Duration::saturating_add)
    }
}

/// Whoever waits. Real code uses [`ThreadSleep`]; tests note the wait and return.
pub trait Sleep: Send + Sync {
    /// Returns after `duration`, or pretends to.
    fn sleep(&self, duration: Duration);
}

/// Puts the calling thread to sleep.
#[derive(Clone, Copy, Debug, Default)]
pub struct ThreadSleep;

impl Sleep for ThreadSleep {
    fn sleep(&self, duration: Duration) {
        std::thread::sleep(duration);
    }
}

/// A journal that is just being removed looks like one of an interrupted writer; so often it is looked at again.
const SEEMING: u32 = 3;

/// Runs `operation` until it returns something other than [`Error::Locked`] or the schedule is used up, and a few times
/// while it seems to need recovery.
///
/// The last `Locked` then carries the number of attempts and the time waited.
pub(crate) fn retry<T>(
    backoff: &Backoff,
    sleep: &dyn Sleep,
    mut operation: impl FnMut() -> Result<T, Error>,
) -> Result<T, Error> {
    let mut waits = backoff.waits();
    let mut waited = Duration::ZERO;
    let mut attempts = 1_u32;
    loop {
        match operation() {
            Err(Error::Locked { source, .. }) => match waits.next() {
                Some(wait) => {
                    sleep.sleep(wait);
                    waited = waited.saturating_add(wait);
                    attempts = attempts.saturating_add(1);
                }
                None => return Err(Error::Locked { attempts, waited, source }),
            },
            Err(error @ Error::NeedsRecovery { .. }) => match waits.next().filter(|_| attempts <= SEEMING) {
                Some(wait) => {
                    sleep.sleep(wait);
                    waited = waited.saturating_add(wait);
                    attempts = attempts.saturating_add(1);
                }
                None => return Err(error),
            },
            other => return other,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::Mutex;

    const MS: fn(u64) -> Duration = Duration::from_millis;

    #[derive(Default)]
    struct Noted(Mutex<Vec<Duration>>);

    impl Sleep for Noted {
        fn sleep(&self, duration: Duration) {
            self.0.lock().unwrap().push(duration);
        }
    }

    fn locked() -> Error {
        Error::Locked { attempts: 1, waited: Duration::ZERO, source: None }
    }

    #[test]
    fn waits_double_up_to_the_longest() {
        let waits: Vec<_> = Backoff::default().waits().collect();
        assert_eq!(waits[..4], [MS(1), MS(2), MS(4), MS(8)]);
        assert_eq!(waits[8..], [MS(200); 4]);
        assert_eq!(Backoff::default().total(), MS(255 + 4 * 200));
    }

    #[test]
    fn extreme_schedules_stay_bounded() {
        let schedule = |first, longest, retries| Backoff { first, longest, retries };
        let huge = schedule(Duration::MAX, Duration::MAX, 3);
        assert_eq!(huge.total(), Duration::MAX);
        let short = schedule(MS(50), MS(5), 2);
        assert_eq!(short.waits().collect::<Vec<_>>(), [MS(5), MS(5)]);
        let zero = schedule(Duration::ZERO, MS(5), 1_000);
        assert_eq!(zero.total(), Duration::ZERO);
        assert_eq!(Backoff::none().waits().count(), 0);
    }

    #[test]
    fn retry_stops_at_success() {
        let (sleep, mut attempts) = (Noted::default(), 0);
        let result = retry(&Backoff::default(), &sleep, || {
            attempts += 1;
            if attempts < 4 {
                Err(locked())
            } else {
                Ok(attempts)
            }
        });
        assert_eq!(result.unwrap(), 4);
        assert_eq!(*sleep.0.lock().unwrap(), [MS(1), MS(2), MS(4)]);
    }

    #[test]
    fn retry_gives_up_and_says_how_long_it_tried() {
        let backoff = Backoff { first: MS(3), longest: MS(10), retries: 3 };
        let sleep = Noted::default();
        let error = retry::<()>(&backoff, &sleep, || Err(locked())).unwrap_err();
        let Error::Locked { attempts, waited, .. } = error else {
            panic!("{error}");
        };
        assert_eq!((attempts, waited), (4, MS(3 + 6 + 10)));
        assert_eq!(sleep.0.lock().unwrap().len(), 3);
    }

    #[test]
    fn what_seems_to_need_recovery_is_looked_at_a_few_times() {
        for (needs, waits) in [(0, 0), (2, 2), (3, 3), (u32::MAX, 3)] {
            let (sleep, mut attempts) = (Noted::default(), 0);
            let result = retry(&Backoff::default(), &sleep, || {
                attempts += 1;
                match attempts > needs {
                    true => Ok(()),
                    false => Err(Error::NeedsRecovery { source: "a journal".into() }),
                }
            });
            assert_eq!(matches!(result, Err(Error::NeedsRecovery { .. })), needs == u32::MAX, "{result:?}");
            assert_eq!(sleep.0.lock().unwrap().len(), waits);
        }
    }

    #[test]
    fn other_errors_are_not_tried_again() {
        let (sleep, mut attempts) = (Noted::default(), 0);
        let result = retry::<()>(&Backoff::default(), &sleep, || {
            attempts += 1;
            Err(Error::UnknownVintage { found: 99 })
        });
        assert!(matches!(result, Err(Error::UnknownVintage { found: 99 })));
        assert_eq!(attempts, 1);
        assert!(sleep.0.lock().unwrap().is_empty());
    }
}
