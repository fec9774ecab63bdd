//! Instants as Things stores them: Unix seconds, UTC, with a fraction.
//!
//! Pure: nothing here reads the clock. "Now" is always an argument.

use crate::date::Date;
use std::fmt;

const MICROS: i64 = 1_000_000;
const MICROS_PER_DAY: i64 = 86_400 * MICROS;
/// The first and the last microsecond of the years 1 to 9999.
const FIRST: i64 = *Date::DAYS.start() * MICROS_PER_DAY;
const LAST: i64 = (*Date::DAYS.end() + 1) * MICROS_PER_DAY - 1;

/// An instant, to the microsecond, UTC.
///
/// Displayed as RFC 3339 in whole seconds, `2024-06-12T09:30:00Z`.
///
/// # Examples
///
/// ```
/// use things_store::Timestamp;
///
/// let now = Timestamp::from_unix_seconds(1_718_184_600.25).unwrap();
/// assert_eq!(now.to_string(), "2024-06-12T09:30:00Z");
/// assert_eq!(now.date_utc().to_string(), "2024-06-12");
/// assert_eq!(Timestamp::from_unix_seconds(f64::NAN), None);
/// ```
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Timestamp {
    micros: i64,
}

impl Timestamp {
    /// From Unix seconds; `None` for what is no number or lies outside years 1 to 9999.
    ///
    /// A fraction is rounded to the microsecond, which is finer than the precision of an `f64` of this size.
    pub fn from_unix_seconds(seconds: f64) -> Option<Timestamp> {
        let micros = (seconds * MICROS as f64).round();
        // Checked as a float first: the cast below would silently saturate.
        if !micros.is_finite() || micros.abs() > 4.0e17 {
            return None;
        }
        let micros = micros as i64;
        (FIRST..=LAST).contains(&micros).then_some(Timestamp { micros })
    }

    /// Midnight UTC at the start of `date`.
    #[allow(clippy::arithmetic_side_effects)] // A day of the calendar.
    pub fn from_date(date: Date) -> Timestamp {
        Timestamp { micros: date.days_since_epoch() * MICROS_PER_DAY }
    }

    /// Unix seconds, as the database stores them.
    pub fn unix_seconds(self) -> f64 {
        self.micros as f64 / MICROS as f64
    }

    /// The day in UTC. For a day elsewhere, add the offset to the seconds first.
    pub fn date_utc(self) -> Date {
        Date::of_day(self.micros.div_euclid(MICROS_PER_DAY))
    }
}

impl fmt::Display for Timestamp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let second = self.micros.rem_euclid(MICROS_PER_DAY) / MICROS;
        let (hour, minute) = (second / 3_600, second / 60 % 60);
        write!(f, "{}T{hour:02}:{minute:02}:{:02}Z", self.date_utc(), second % 60)
    }
}

impl fmt::Debug for Timestamp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(seconds: f64) -> Timestamp {
        Timestamp::from_unix_seconds(seconds).unwrap()
    }

    #[test]
    fn seconds_become_utc_text() {
        for (seconds, text) in [
            (0.0, "1970-01-01T00:00:00Z"),
            (-0.5, "1969-12-31T23:59:59Z"),
            (1_718_184_600.75, "2024-06-12T09:30:00Z"),
            (951_782_399.999, "2000-02-28T23:59:59Z"),
            (64_092_211_200.0, "4001-01-01T00:00:00Z"),
        ] {
            assert_eq!(at(seconds).to_string(), text);
            assert_eq!(at(seconds).unix_seconds(), seconds);
        }
    }

    #[test]
    fn what_is_no_instant_is_refused() {
        for seconds in [f64::NAN, f64::INFINITY, f64::NEG_INFINITY, f64::MAX, 1e12, -1e11] {
            assert_eq!(Timestamp::from_unix_seconds(seconds), None, "{seconds}");
        }
    }

    #[test]
    fn the_first_and_the_last_instant_have_a_day() {
        let (first, last) = (at(-62_135_596_800.0), at(253_402_300_799.0));
        assert_eq!(
            (first.to_string(), last.to_string()),
            ("0001-01-01T00:00:00Z".into(), "9999-12-31T23:59:59Z".into())
        );
        for seconds in [-62_135_596_800.5, 253_402_300_800.0] {
            assert_eq!(Timestamp::from_unix_seconds(seconds), None, "{seconds}");
        }
    }

    #[test]
    fn the_day_changes_at_midnight_utc() {
        let midnight = Timestamp::from_date(Date::new(2024, 6, 12).unwrap());
        assert_eq!(midnight.unix_seconds(), 1_718_150_400.0);
        assert_eq!(midnight.date_utc().to_string(), "2024-06-12");
        let before = at(midnight.unix_seconds() - 0.000_001);
        assert_eq!(before.date_utc().to_string(), "2024-06-11");
        assert!(before < midnight);
    }
}
