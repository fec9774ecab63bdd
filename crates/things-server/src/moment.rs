//! Now, and today unless a client says otherwise. The only file of this crate that reads the clock.

use std::time::{SystemTime, UNIX_EPOCH};
use things_store::{Date, Timestamp};

/// When a request arrived.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Moment {
    pub(crate) now: Timestamp,
    /// The day in UTC: the program does not know its user's time zone.
    pub(crate) today: Date,
}

impl Moment {
    /// Now. A clock that is set before 1970 or after 9999 counts as 1970.
    #[allow(clippy::disallowed_methods, reason = "the clock of this crate")]
    pub(crate) fn now() -> Moment {
        let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        Moment::at(since.as_secs_f64())
    }

    fn at(seconds: f64) -> Moment {
        let epoch = || Date::from_days_since_epoch(0).map(Timestamp::from_date);
        let now = Timestamp::from_unix_seconds(seconds).or_else(epoch);
        match now {
            Some(now) => Moment { now, today: now.date_utc() },
            // 1970-01-01 exists; the compiler does not know.
            None => Moment::at(0.0),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn today_is_the_day_in_utc() {
        let moment = Moment::at(1_718_236_799.0);
        assert_eq!(moment.today.to_string(), "2024-06-12");
        assert_eq!(Moment::at(1_718_236_800.0).today.to_string(), "2024-06-13");
        assert!(Moment::now().today > moment.today);
    }

    #[test]
    fn a_clock_beyond_the_calendar_counts_as_1970() {
        assert_eq!(Moment::at(1e18).today.to_string(), "1970-01-01");
    }
}
