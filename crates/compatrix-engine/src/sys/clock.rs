//! The clock: now, and the civil day of a time.

use jiff::tz::Offset;
use jiff::Timestamp;

/// This moment, to measure from.
#[allow(clippy::disallowed_methods, reason = "the clock")]
pub fn instant() -> std::time::Instant {
    std::time::Instant::now()
}

/// This moment, to compare with the times of files.
#[allow(clippy::disallowed_methods, reason = "the clock")]
pub fn system() -> std::time::SystemTime {
    std::time::SystemTime::now()
}

/// Seconds since the Unix epoch.
pub fn now() -> i64 {
    let since = system().duration_since(std::time::UNIX_EPOCH).unwrap_or_default();
    i64::try_from(since.as_secs()).unwrap_or(i64::MAX)
}

/// The UTC day of a time in seconds since the Unix epoch, `YYYY-MM-DD`.
pub fn day(seconds: i64) -> String {
    let time = Timestamp::from_second(seconds).unwrap_or(Timestamp::MAX);
    Offset::UTC.to_datetime(time).date().to_string()
}

/// A time in seconds since the Unix epoch, in UTC: `2026-11-21T15:47:32Z`; nothing outside of the calendar.
pub fn utc(seconds: i64) -> Option<String> {
    let time = Offset::UTC.to_datetime(Timestamp::from_second(seconds).ok()?);
    Some(format!("{}Z", time.strftime("%Y-%m-%dT%H:%M:%S")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn days_are_civil_dates() {
        let table = [(0, "1970-01-01"), (951_782_400, "2000-02-29"), (1_795_219_200, "2026-11-21"), (-1, "1969-12-31")];
        for (seconds, expected) in table {
            assert_eq!(day(seconds), expected);
            assert_eq!(utc(seconds).unwrap()[..10], *expected);
        }
        assert_eq!(utc(1_795_276_052).unwrap(), "2026-11-21T15:47:32Z");
        assert_eq!(utc(i64::MAX), None);
    }
}
