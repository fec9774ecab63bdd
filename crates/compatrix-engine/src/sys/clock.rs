//! The clock: now, and the civil day of a time.

/// This moment, to measure from.
#[allow(clippy::disallowed_methods, reason = "the clock")]
pub fn instant() -> std::time::Instant {
    std::time::Instant::now()
}

/// Seconds since the Unix epoch.
#[allow(clippy::disallowed_methods, reason = "the clock")]
pub fn now() -> i64 {
    let since = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap_or_default();
    i64::try_from(since.as_secs()).unwrap_or(i64::MAX)
}

/// The UTC day of a time in seconds since the Unix epoch, `YYYY-MM-DD`.
///
/// Howard Hinnant's `civil_from_days`: 400-year eras that begin on 1 March.
pub fn day(seconds: i64) -> String {
    let days = seconds.div_euclid(86_400) + 719_468;
    let era = days.div_euclid(146_097);
    let of_era = days.rem_euclid(146_097);
    let year_of_era = (of_era - of_era / 1460 + of_era / 36_524 - of_era / 146_096) / 365;
    let of_year = of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let month_from_march = (5 * of_year + 2) / 153;
    let day = of_year - (153 * month_from_march + 2) / 5 + 1;
    let month = if month_from_march < 10 { month_from_march + 3 } else { month_from_march - 9 };
    let year = year_of_era + era * 400 + i64::from(month <= 2);
    format!("{year:04}-{month:02}-{day:02}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn days_are_civil_dates() {
        let table = [(0, "1970-01-01"), (951_782_400, "2000-02-29"), (1_795_219_200, "2026-11-21"), (-1, "1969-12-31")];
        for (seconds, expected) in table {
            assert_eq!(day(seconds), expected);
        }
    }
}
