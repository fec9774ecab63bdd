//! How each vintage writes a date or a time of day into a column, and back.
//!
//! Pure. v18 stores days as Unix seconds (midnight UTC) and reminders as seconds after midnight;
//! v24 and later pack both into integers, so that comparing the integers compares the dates.

use crate::date::{Date, TimeOfDay};
use crate::timestamp::Timestamp;
use crate::vintage::Vintage;
use rusqlite::types::Value;

/// `year << 16 | month << 12 | day << 7`, as v24 and later store `startDate` and `deadline`.
///
/// ```
/// use things_store::{pack_date, unpack_date, Date};
///
/// let date: Date = "2021-03-28".parse()?;
/// assert_eq!(pack_date(date), 132_464_128);
/// assert_eq!(unpack_date(132_464_128), Some(date));
/// # Ok::<(), things_store::ParseDateError>(())
/// ```
pub fn pack_date(date: Date) -> i64 {
    i64::from(date.year()) << 16 | i64::from(date.month()) << 12 | i64::from(date.day()) << 7
}

/// The date in a packed integer, or `None` where it holds none. The low seven bits are not looked at.
pub fn unpack_date(packed: i64) -> Option<Date> {
    Date::new(
        i32::try_from(packed >> 16).ok()?,
        u8::try_from(packed >> 12 & 0xf).ok()?,
        u8::try_from(packed >> 7 & 0x1f).ok()?,
    )
}

/// `hour << 26 | minute << 20`, as v24 and later store `reminderTime`.
pub fn pack_time(time: TimeOfDay) -> i64 {
    i64::from(time.hour()) << 26 | i64::from(time.minute()) << 20
}

/// The time in a packed integer, or `None` where it holds none. The low twenty bits are not looked at.
pub fn unpack_time(packed: i64) -> Option<TimeOfDay> {
    TimeOfDay::new(u8::try_from(packed >> 26).ok()?, u8::try_from(packed >> 20 & 0x3f).ok()?)
}

/// The UTC day of Unix seconds, as v18 stores `startDate` and `dueDate`.
pub fn date_from_unix(seconds: f64) -> Option<Date> {
    Timestamp::from_unix_seconds(seconds).map(Timestamp::date_utc)
}

/// The time `seconds` after midnight, as v18 stores `alarmTimeOffset`. Seconds of a minute are dropped.
pub fn time_from_seconds(seconds: f64) -> Option<TimeOfDay> {
    if !(0.0..86_400.0).contains(&seconds) {
        return None;
    }
    let minutes = seconds as u32 / 60;
    TimeOfDay::new(u8::try_from(minutes / 60).ok()?, u8::try_from(minutes % 60).ok()?)
}

impl Vintage {
    /// `date` as this vintage stores it in `startDate` or the deadline column.
    pub(crate) fn encode_date(self, date: Date) -> Value {
        match self {
            Vintage::V18 => Value::Real(Timestamp::from_date(date).unix_seconds()),
            Vintage::V24 | Vintage::V26 => Value::Integer(pack_date(date)),
        }
    }

    /// The first stored value that is later than all of `date`: an exclusive upper bound.
    ///
    /// v18 may hold any second of the day, later ones any low bits.
    pub(crate) fn encode_end_of(self, date: Date) -> Value {
        match self {
            Vintage::V18 => Value::Real(Timestamp::from_date(date).unix_seconds() + 86_400.0),
            Vintage::V24 | Vintage::V26 => Value::Integer(pack_date(date).saturating_add(1 << 7)),
        }
    }

    /// The stored number as a date.
    pub(crate) fn decode_date(self, number: Number) -> Option<Date> {
        match self {
            Vintage::V18 => date_from_unix(number.as_f64()),
            Vintage::V24 | Vintage::V26 => unpack_date(number.as_i64()?),
        }
    }

    /// The stored number as a time of day.
    pub(crate) fn decode_time(self, number: Number) -> Option<TimeOfDay> {
        match self {
            Vintage::V18 => time_from_seconds(number.as_f64()),
            Vintage::V24 | Vintage::V26 => unpack_time(number.as_i64()?),
        }
    }
}

/// A number as SQLite may hold it: a REAL column can give an integer and the other way round.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Number {
    Integer(i64),
    Real(f64),
}

impl Number {
    pub(crate) fn as_f64(self) -> f64 {
        match self {
            Number::Integer(integer) => integer as f64,
            Number::Real(real) => real,
        }
    }

    /// The integer, also of a REAL that is whole and exactly representable.
    pub(crate) fn as_i64(self) -> Option<i64> {
        match self {
            Number::Integer(integer) => Some(integer),
            Number::Real(real) if real.fract() == 0.0 && real.abs() < 9.0e15 => Some(real as i64),
            Number::Real(_) => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn date(text: &str) -> Date {
        text.parse().unwrap()
    }

    #[test]
    fn packed_dates_of_the_app() {
        // The first is the documented example of the format.
        for (text, packed) in [
            ("2021-03-28", 132_464_128),
            ("2024-06-12", 132_670_976),
            ("0001-01-01", 65_536 + 4_096 + 128),
            ("9999-12-31", 9_999 * 65_536 + 12 * 4_096 + 31 * 128),
        ] {
            assert_eq!(pack_date(date(text)), packed, "{text}");
            assert_eq!(unpack_date(packed), Some(date(text)), "{text}");
            assert_eq!(unpack_date(packed | 0x7f), Some(date(text)), "low bits");
        }
    }

    #[test]
    fn packed_order_is_date_order() {
        let days = |from: i64| (from..from + 800).filter_map(Date::from_days_since_epoch);
        let packed: Vec<i64> = days(18_500).map(pack_date).collect();
        assert!(packed.windows(2).all(|pair| pair[0] < pair[1]));
    }

    #[test]
    fn integers_that_hold_no_date_are_refused() {
        for packed in
            [0, -1, i64::MIN, i64::MAX, 2021 << 16, 2021 << 16 | 13 << 12 | 1 << 7, 2021 << 16 | 2 << 12 | 29 << 7]
        {
            assert_eq!(unpack_date(packed), None, "{packed}");
        }
    }

    #[test]
    fn packed_times() {
        for (hour, minute, packed) in [(0, 0, 0), (9, 30, 635_437_056), (23, 59, 1_605_369_856)] {
            let time = TimeOfDay::new(hour, minute).unwrap();
            assert_eq!(pack_time(time), packed);
            assert_eq!(unpack_time(packed), Some(time));
        }
        for packed in [24 << 26, 60 << 20, -1, i64::MAX] {
            assert_eq!(unpack_time(packed), None, "{packed}");
        }
    }

    #[test]
    fn unix_days_are_utc_days() {
        assert_eq!(date_from_unix(1_616_889_600.0), Some(date("2021-03-28")));
        assert_eq!(date_from_unix(1_616_975_999.9), Some(date("2021-03-28")));
        assert_eq!(date_from_unix(-1.0), Some(date("1969-12-31")));
        assert_eq!(date_from_unix(f64::NAN), None);
    }

    #[test]
    fn alarm_offsets_are_within_a_day() {
        assert_eq!(time_from_seconds(34_200.0), TimeOfDay::new(9, 30));
        assert_eq!(time_from_seconds(86_399.9), TimeOfDay::new(23, 59));
        for seconds in [-1.0, 86_400.0, f64::NAN, f64::INFINITY] {
            assert_eq!(time_from_seconds(seconds), None, "{seconds}");
        }
    }

    #[test]
    fn each_vintage_reads_what_it_writes() {
        for vintage in Vintage::ALL {
            for text in ["1969-12-31", "2000-02-29", "2024-06-12", "4001-01-01"] {
                let number = match vintage.encode_date(date(text)) {
                    Value::Integer(integer) => Number::Integer(integer),
                    Value::Real(real) => Number::Real(real),
                    other => panic!("{other:?} is no number"),
                };
                assert_eq!(vintage.decode_date(number), Some(date(text)), "{vintage}");
            }
        }
    }

    #[test]
    fn the_end_of_a_day_is_after_it_and_before_the_next() {
        for (vintage, inside, end) in [
            (Vintage::V18, 1_718_236_799.5, 1_718_236_800.0),
            (Vintage::V24, 132_670_976.0 + 127.0, 132_670_976.0 + 128.0),
            (Vintage::V26, 132_670_976.0 + 127.0, 132_670_976.0 + 128.0),
        ] {
            let bound = match vintage.encode_end_of(date("2024-06-12")) {
                Value::Integer(integer) => integer as f64,
                Value::Real(real) => real,
                other => panic!("{other:?} is no number"),
            };
            assert_eq!(bound, end, "{vintage}");
            assert!(inside < bound, "{vintage}");
        }
    }

    #[test]
    fn whole_reals_are_integers_too() {
        assert_eq!(Number::Real(132_464_128.0).as_i64(), Some(132_464_128));
        for real in [0.5, 1e300, f64::NAN, f64::INFINITY] {
            assert_eq!(Number::Real(real).as_i64(), None, "{real}");
        }
    }
}
