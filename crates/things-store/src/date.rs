//! Calendar dates and times of day: a tiny civil calendar without time zones.
//!
//! Pure: no clock is read here. "Today" is always an argument.

use std::fmt;
use std::str::FromStr;

/// A day of the proleptic Gregorian calendar, years 1 to 9999.
///
/// Ordered by time. Displayed and parsed as ISO 8601, `2021-03-28`.
///
/// # Examples
///
/// ```
/// use things_store::Date;
///
/// let leap_day: Date = "2024-02-29".parse()?;
/// assert_eq!(leap_day.plus_days(1), Date::new(2024, 3, 1));
/// assert_eq!(Date::new(2023, 2, 29), None);
/// # Ok::<(), things_store::ParseDateError>(())
/// ```
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Date {
    year: i32,
    month: u8,
    day: u8,
}

impl Date {
    /// The date, or `None` where the calendar has no such day.
    pub fn new(year: i32, month: u8, day: u8) -> Option<Date> {
        let fits =
            (1..=9999).contains(&year) && (1..=12).contains(&month) && day >= 1 && day <= days_in_month(year, month);
        fits.then_some(Date { year, month, day })
    }

    /// The year, 1 to 9999.
    pub fn year(self) -> i32 {
        self.year
    }

    /// The month, 1 to 12.
    pub fn month(self) -> u8 {
        self.month
    }

    /// The day of the month, 1 to 31.
    pub fn day(self) -> u8 {
        self.day
    }

    /// Days since 1970-01-01, negative before it.
    ///
    /// The algorithm is Howard Hinnant's `days_from_civil`: years begin in March, eras are 400 years.
    #[allow(clippy::arithmetic_side_effects)] // A year of four digits.
    pub fn days_since_epoch(self) -> i64 {
        let year = i64::from(self.year) - i64::from(self.month <= 2);
        let era = year.div_euclid(400);
        let year_of_era = year.rem_euclid(400);
        let month_from_march = (i64::from(self.month) + 9) % 12;
        let day_of_year = (153 * month_from_march + 2) / 5 + i64::from(self.day) - 1;
        let day_of_era = year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year;
        era * 146_097 + day_of_era - 719_468
    }

    /// The date that is `days` after 1970-01-01, or `None` outside years 1 to 9999.
    pub fn from_days_since_epoch(days: i64) -> Option<Date> {
        Date::DAYS.contains(&days).then(|| Date::of_day(days))
    }

    /// The days from 1970-01-01 to those that begin and end the calendar.
    pub(crate) const DAYS: std::ops::RangeInclusive<i64> = -719_162..=2_932_896;

    /// The date of a day among [`DAYS`](Date::DAYS).
    #[allow(clippy::arithmetic_side_effects)] // A day of the calendar.
    pub(crate) fn of_day(days: i64) -> Date {
        let shifted = days + 719_468;
        let era = shifted.div_euclid(146_097);
        let day_of_era = shifted.rem_euclid(146_097);
        let year_of_era = (day_of_era - day_of_era / 1_460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
        let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
        let month_from_march = (5 * day_of_year + 2) / 153;
        let day = day_of_year - (153 * month_from_march + 2) / 5 + 1;
        let month = if month_from_march < 10 { month_from_march + 3 } else { month_from_march - 9 };
        let year = era * 400 + year_of_era + i64::from(month <= 2);
        // None of them can be cut off: a day of the calendar has a year of four digits.
        Date { year: year as i32, month: month as u8, day: day as u8 }
    }

    /// The date `days` later, or earlier where negative; `None` outside years 1 to 9999.
    pub fn plus_days(self, days: i64) -> Option<Date> {
        Date::from_days_since_epoch(self.days_since_epoch().checked_add(days)?)
    }
}

fn days_in_month(year: i32, month: u8) -> u8 {
    let leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
    match month {
        2 if leap => 29,
        2 => 28,
        4 | 6 | 9 | 11 => 30,
        _ => 31,
    }
}

impl fmt::Display for Date {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:04}-{:02}-{:02}", self.year, self.month, self.day)
    }
}

impl fmt::Debug for Date {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// Text that is no date of the form `2021-03-28`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ParseDateError(String);

impl fmt::Display for ParseDateError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "`{}` is no date: write it as 2021-03-28", self.0)
    }
}

impl std::error::Error for ParseDateError {}

impl FromStr for Date {
    type Err = ParseDateError;

    fn from_str(text: &str) -> Result<Date, ParseDateError> {
        parse(text).ok_or_else(|| ParseDateError(text.to_owned()))
    }
}

fn parse(text: &str) -> Option<Date> {
    let digits = |part: &str, len: usize| {
        (part.len() == len && part.bytes().all(|b| b.is_ascii_digit())).then(|| part.parse::<i32>().ok()).flatten()
    };
    let mut parts = text.split('-');
    let (year, month, day) = (parts.next()?, parts.next()?, parts.next()?);
    if parts.next().is_some() {
        return None;
    }
    Date::new(digits(year, 4)?, u8::try_from(digits(month, 2)?).ok()?, u8::try_from(digits(day, 2)?).ok()?)
}

/// A wall-clock time in whole minutes, as reminders have it.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct TimeOfDay {
    hour: u8,
    minute: u8,
}

impl TimeOfDay {
    /// The time, or `None` from 24:00 on.
    pub fn new(hour: u8, minute: u8) -> Option<TimeOfDay> {
        (hour < 24 && minute < 60).then_some(TimeOfDay { hour, minute })
    }

    /// The hour, 0 to 23.
    pub fn hour(self) -> u8 {
        self.hour
    }

    /// The minute, 0 to 59.
    pub fn minute(self) -> u8 {
        self.minute
    }
}

impl fmt::Display for TimeOfDay {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:02}:{:02}", self.hour, self.minute)
    }
}

impl fmt::Debug for TimeOfDay {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn date(text: &str) -> Date {
        text.parse().unwrap()
    }

    #[test]
    fn days_and_dates_agree_on_known_days() {
        for (text, days) in [
            ("0001-01-01", -719_162),
            ("1900-03-01", -25_508),
            ("1969-12-31", -1),
            ("1970-01-01", 0),
            ("2000-02-29", 11_016),
            ("2021-03-28", 18_714),
            ("2024-12-31", 20_088),
            ("9999-12-31", 2_932_896),
        ] {
            assert_eq!(date(text).days_since_epoch(), days, "{text}");
            assert_eq!(Date::from_days_since_epoch(days), Some(date(text)), "{text}");
        }
    }

    #[test]
    fn every_step_of_one_day_is_the_next_date() {
        // Around each kind of year end and February: leap, common, century, fourth century.
        for start in [-25_600, -400, 10_900, 47_400] {
            let mut previous = Date::from_days_since_epoch(start - 1).unwrap();
            for days in start..start + 500 {
                let next = Date::from_days_since_epoch(days).unwrap();
                assert_eq!(next.days_since_epoch(), days);
                assert!(next > previous, "{previous} then {next}");
                previous = next;
            }
        }
    }

    #[test]
    fn days_that_the_calendar_lacks_are_refused() {
        for (year, month, day) in [
            (2023, 2, 29),
            (1900, 2, 29),
            (2024, 4, 31),
            (2024, 0, 1),
            (2024, 13, 1),
            (2024, 1, 0),
            (0, 1, 1),
            (10_000, 1, 1),
        ] {
            assert_eq!(Date::new(year, month, day), None, "{year}-{month}-{day}");
        }
        assert!(Date::new(2000, 2, 29).is_some());
    }

    #[test]
    fn days_beyond_the_calendar_are_refused_without_overflow() {
        for days in [i64::MIN, i64::MIN + 719_468, -719_163, 2_932_897, i64::MAX] {
            assert_eq!(Date::from_days_since_epoch(days), None, "{days}");
        }
        assert_eq!(date("9999-12-31").plus_days(1), None);
        assert_eq!(date("2024-02-28").plus_days(2), Date::new(2024, 3, 1));
        assert_eq!(date("2024-01-01").plus_days(i64::MAX), None);
    }

    #[test]
    fn text_round_trips_and_odd_text_is_refused() {
        assert_eq!(date("2021-03-28").to_string(), "2021-03-28");
        assert_eq!(format!("{:?}", date("0850-01-02")), "0850-01-02");
        for text in [
            "",
            "2021",
            "2021-3-28",
            "2021-03-28-",
            "+021-03-28",
            "2021-02-30",
            "2021/03/28",
            "２０２１-03-28",
            "-001-01-01",
        ] {
            let error = text.parse::<Date>().unwrap_err();
            assert!(error.to_string().contains("write it as"), "{text}");
        }
    }

    #[test]
    fn times_end_before_midnight() {
        assert_eq!(TimeOfDay::new(23, 59).unwrap().to_string(), "23:59");
        assert_eq!(TimeOfDay::new(0, 0).unwrap().to_string(), "00:00");
        assert_eq!(TimeOfDay::new(24, 0), None);
        assert_eq!(TimeOfDay::new(1, 60), None);
    }
}
