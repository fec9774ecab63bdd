//! `cron` of the schedule: five fields as GitHub takes them, and when they fire.
//!
//! Nothing but digits, letters, `*`, `,`, `-`, `/` and single spaces passes. `?`, `L`, `W`, `#` and `@daily` are extensions
//! of others. Source: docs.github.com, "Events that trigger workflows", `schedule`.

use std::ops::Range;

use jiff::civil::Date;
use shaped_toml::{nearest, Problem};

/// The shortest time between two runs, in minutes; GitHub starts no schedule more often. Same source.
pub(crate) const SHORTEST: u32 = 5;

/// The days of 28 years, after which weekdays fall on the same dates again.
const DAYS: usize = 28 * 365 + 7;
const MINUTES_A_DAY: u32 = 24 * 60;

struct Field {
    name: &'static str,
    min: u32,
    max: u32,
    /// Words for the numbers from `min`.
    words: &'static [&'static str],
}

const FIELDS: [Field; 5] = [
    Field { name: "minute", min: 0, max: 59, words: &[] },
    Field { name: "hour", min: 0, max: 23, words: &[] },
    Field { name: "day of the month", min: 1, max: 31, words: &[] },
    Field {
        name: "month",
        min: 1,
        max: 12,
        words: &["JAN", "FEB", "MAR", "APR", "MAY", "JUN", "JUL", "AUG", "SEP", "OCT", "NOV", "DEC"],
    },
    Field { name: "day of the week", min: 0, max: 6, words: &["SUN", "MON", "TUE", "WED", "THU", "FRI", "SAT"] },
];

/// When a schedule fires.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Cron {
    /// Minutes of a day, ascending; never empty.
    times: Vec<u32>,
    /// Whether it fires on each of [`DAYS`] days; on one at least.
    days: Vec<bool>,
}

/// Two consecutive runs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Gap {
    /// Minutes between them.
    pub(crate) minutes: u32,
    /// Minute of the day of the first.
    pub(crate) from: u32,
    /// Minute of the day of the second.
    pub(crate) to: u32,
}

impl std::fmt::Display for Gap {
    /// `at 00:56 and again at 01:00`.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let (from, to) = (self.from, self.to);
        if self.minutes == 0 {
            return write!(f, "at {:02}:{:02}", from / 60, from % 60);
        }
        write!(f, "at {:02}:{:02} and again at {:02}:{:02}", from / 60, from % 60, to / 60, to % 60)
    }
}

/// Reads five fields.
pub(crate) fn parse(text: &str) -> Result<Cron, Problem> {
    let help = "write five fields: minute, hour, day of the month, month, day of the week; `17 3 * * *` is each day at 03:17 UTC";
    if text.starts_with('@') {
        let problem = Problem::new(format!("{text:?} is not a GitHub schedule"));
        let meant = match text {
            "@hourly" => Some("17 * * * *"),
            "@daily" | "@midnight" => Some("17 3 * * *"),
            "@weekly" => Some("17 3 * * 0"),
            "@monthly" => Some("17 3 1 * *"),
            "@yearly" | "@annually" => Some("17 3 1 1 *"),
            _ => None,
        };
        return Err(problem.nearest(meant.map(str::to_owned)).help(help));
    }
    let plain = |c: char| c.is_ascii_alphanumeric() || "*,-/ ".contains(c);
    if let Some((at, odd)) = text.char_indices().find(|(_, c)| !plain(*c)) {
        let problem = Problem::new(format!("{odd:?} is not allowed in a cron schedule"));
        return Err(problem.part(at..at + odd.len_utf8()).help(help));
    }
    let fields: Vec<&str> = text.split(' ').collect();
    let Ok(fields) = <[&str; 5]>::try_from(fields) else {
        let words: Vec<&str> = text.split_whitespace().collect();
        let meant = (words.len() == 5).then(|| words.join(" ")).filter(|meant| parse(meant).is_ok());
        let found = words.len();
        let problem = match meant {
            Some(_) => Problem::new("fields of a cron schedule are separated by exactly one space"),
            None => Problem::new(format!("a cron schedule has five fields, not {found}")),
        };
        return Err(problem.nearest(meant).help(help));
    };
    let mut at = 0;
    let mut read = Vec::new();
    for (field, text) in FIELDS.iter().zip(fields) {
        read.push(values(field, text, at)?);
        at += text.len() + 1;
    }
    let of = |n: usize, value: u32| read[n].contains(&value);
    let times = (0..MINUTES_A_DAY).filter(|time| of(0, time % 60) && of(1, time / 60)).collect();
    // If both the day of the month and the day of the week are restricted, either may match (crontab(5)).
    let (every_date, every_weekday) = (fields[2] == "*", fields[4] == "*");
    let days: Vec<bool> = calendar()
        .map(|(month, date, weekday)| {
            let day = match (every_date, every_weekday) {
                (false, false) => of(2, date) || of(4, weekday),
                _ => of(2, date) && of(4, weekday),
            };
            day && of(3, month)
        })
        .collect();
    if !days.contains(&true) {
        let start = fields[0].len() + fields[1].len() + 2;
        let part = start..start + fields[2].len() + fields[3].len() + 1;
        let problem = Problem::new(format!("the day `{}` of the month `{}` never comes", fields[2], fields[3]));
        return Err(problem.part(part).help("write a day that the month has"));
    }
    Ok(Cron { times, days })
}

/// The numbers that a field admits; `at` is its position.
fn values(field: &Field, text: &str, at: usize) -> Result<Vec<u32>, Problem> {
    let mut values = Vec::new();
    let mut start = at;
    for item in text.split(',') {
        let whole = start..start + item.len();
        start += item.len() + 1;
        let (range, step) = match item.split_once('/') {
            Some((range, step)) => (range, Some(step)),
            None => (item, None),
        };
        let (first, last) = match range.split_once('-') {
            _ if range == "*" => (field.min, field.max),
            Some((first, last)) => (number(field, first, &whole)?, number(field, last, &whole)?),
            None => {
                let first = number(field, range, &whole)?;
                (first, if step.is_some() { field.max } else { first })
            }
        };
        if first > last {
            let problem = Problem::new(format!("the range `{range}` of the {} ends before it begins", field.name));
            return Err(problem.part(whole).help(format!("write two ranges: `{}`", two_ranges(field, first, last))));
        }
        let step = match step {
            None => 1,
            Some(step) => match step.parse::<u32>() {
                Ok(step) if (1..=field.max).contains(&step) && is_digits(item, '/') => step,
                _ => {
                    let problem = Problem::new(format!("`/{step}` is not a step of the {}", field.name));
                    return Err(problem.part(whole).help(format!("write a number from 1 to {}", field.max)));
                }
            },
        };
        values.extend((first..=last).step_by(step as usize));
    }
    Ok(values)
}

/// Whether only digits follow the sign.
fn is_digits(item: &str, sign: char) -> bool {
    item.split_once(sign).is_some_and(|(_, rest)| !rest.is_empty() && rest.bytes().all(|b| b.is_ascii_digit()))
}

fn two_ranges(field: &Field, first: u32, last: u32) -> String {
    let range = |a: u32, b: u32| if a == b { a.to_string() } else { format!("{a}-{b}") };
    format!("{},{}", range(first, field.max), range(field.min, last))
}

fn number(field: &Field, text: &str, part: &Range<usize>) -> Result<u32, Problem> {
    let digits = !text.is_empty() && text.len() <= 2 && text.bytes().all(|b| b.is_ascii_digit());
    let number = digits.then(|| text.parse::<u32>().ok()).flatten();
    let word = (field.min..).zip(field.words).find(|(_, word)| word.eq_ignore_ascii_case(text)).map(|(n, _)| n);
    match number.or(word) {
        Some(number) if (field.min..=field.max).contains(&number) => Ok(number),
        _ => {
            let problem = Problem::new(format!("`{text}` is not a valid {}", field.name)).part(part.clone());
            let sunday = (field.words.first() == Some(&"SUN") && text == "7").then(|| "0".to_owned());
            let near = nearest(text, field.words.iter().copied()).map(str::to_owned);
            let numbers = format!("write a number from {} to {}", field.min, field.max);
            Err(problem.nearest(sunday.or(near)).help(match (field.words.first(), field.words.last()) {
                (Some(first), Some(last)) => format!("{numbers}, or {first} to {last}; `*` is any"),
                _ => format!("{numbers}; `*` is any"),
            }))
        }
    }
}

/// Month, date and day of the week of [`DAYS`] days.
fn calendar() -> impl Iterator<Item = (u32, u32, u32)> {
    let dates = std::iter::successors(Some(Date::constant(2001, 1, 1)), |date| date.tomorrow().ok());
    let small = |number: i8| u32::from(number.unsigned_abs());
    dates
        .take(DAYS)
        .map(move |date| (small(date.month()), small(date.day()), small(date.weekday().to_sunday_zero_offset())))
}

impl Cron {
    /// The shortest time between two runs; `None` if at least a day.
    pub(crate) fn shortest(&self) -> Option<Gap> {
        let same_day = self.times.windows(2).map(|pair| gap(pair[0], pair[1]));
        same_day.chain(self.over_midnight(self)).min_by_key(|gap| gap.minutes)
    }

    /// The shortest time between a run of this and one of the other; `None` if at least a day.
    pub(crate) fn shortest_to(&self, other: &Cron) -> Option<Gap> {
        let share = self.days.iter().zip(&other.days).any(|(a, b)| *a && *b);
        let same_day = self.times.iter().filter(|_| share).filter_map(|time| {
            // The neighbours in time are enough.
            let after = other.times.partition_point(|other| other < time);
            let near = [after.checked_sub(1), Some(after)].into_iter().flatten();
            let near = near.filter_map(|n| other.times.get(n)).map(|near| gap(*time.min(near), *time.max(near)));
            near.min_by_key(|gap| gap.minutes)
        });
        let over = self.over_midnight(other).into_iter().chain(other.over_midnight(self));
        same_day.chain(over).min_by_key(|gap| gap.minutes)
    }

    /// From the last run of a day to the first of the other on the next.
    fn over_midnight(&self, next: &Cron) -> Option<Gap> {
        let follow = (0..DAYS).any(|day| self.days[day] && next.days[(day + 1) % DAYS]);
        let (from, to) = (*self.times.last()?, *next.times.first()?);
        follow.then_some(Gap { minutes: MINUTES_A_DAY - from + to, from, to })
    }
}

fn gap(from: u32, to: u32) -> Gap {
    Gap { minutes: to - from, from, to }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn cron(text: &str) -> Cron {
        parse(text).unwrap_or_else(|problem| panic!("{text}: {problem:?}"))
    }

    #[test]
    fn the_calendar_is_that_of_28_years() {
        assert_eq!(calendar().count(), DAYS);
        let days: Vec<_> = calendar().collect();
        // 1 January 2001 was a Monday, 29 February 2004 a Sunday, 31 December 2028 is a Sunday.
        assert_eq!(days[0], (1, 1, 1));
        assert_eq!(days[3 * 365 + 31 + 28], (2, 29, 0));
        assert_eq!(days[DAYS - 1], (12, 31, 0));
    }

    #[test]
    fn fields_are_read() {
        #[track_caller]
        fn times(text: &str, expected: &[u32]) {
            assert_eq!(cron(text).times, expected, "{text}");
        }
        #[track_caller]
        fn days(text: &str, expected: usize) {
            assert_eq!(cron(text).days.iter().filter(|on| **on).count(), expected, "{text}");
        }
        times("17 3 * * *", &[197]);
        times("0,30 1-3/2 * * *", &[60, 90, 180, 210]);
        times("50/4 0 * * *", &[50, 54, 58]);
        times("5,5 0 * * *", &[5]);
        days("0 0 * * *", DAYS);
        days("0 0 29 2 *", 7);
        days("0 0 * * mon", DAYS / 7);
        days("0 0 * JAN-mar,12 *", 28 * (31 + 28 + 31 + 31) + 7);
        days("0 0 * * */2", DAYS / 7 * 4);
        // Either: the first of each month, and all other Mondays.
        days("0 0 1 * 1", 28 * 12 + DAYS / 7 - 48);
        days("0 0 31 2 1", 28 * 4 + 1);
    }

    #[test]
    fn what_is_no_schedule_is_refused() {
        let bad = [
            "",
            " ",
            "* * * *",
            "* * * * * *",
            "0 0 * * * 2027",
            "60 * * * *",
            "* 24 * * *",
            "* * 0 * *",
            "* * 32 * *",
            "* * * 0 *",
            "* * * 13 *",
            "* * * * 7",
            "* * * * 8",
            "-1 * * * *",
            "5- * * * *",
            "5-1 * * * *",
            "*/0 * * * *",
            "*/60 * * * *",
            "*/ * * * *",
            "/5 * * * *",
            "*/+5 * * * *",
            "1,,2 * * * *",
            ",1 * * * *",
            "1, * * * *",
            "0 0 ? * *",
            "0 0 L * *",
            "0 0 15W * *",
            "0 0 * * 1#2",
            "@daily",
            "@reboot",
            "H 3 * * *",
            "0  0 * * *",
            "0\t0 * * *",
            "0 0 * * *\n",
            "0 0 * * fri-mon",
            "0 0 * * monday",
            "0 0 * jan/x *",
            "0 0 31 2 *",
            "0 0 31 4,6,9,11 *",
            "0 0 30-31 feb *",
            "1.5 0 * * *",
            "000 0 * * *",
            "0 0 * * MON ",
            "'0 0 * * *'",
            "0 0 * * * # x",
            "5-*/2 * * * *",
            "${{ 1 }} * * * *",
            "0 0 * * *: &a",
            "٣ 0 * * *",
            "** * * * *",
            "1-2-3 * * * *",
            "1/2/3 * * * *",
        ];
        for text in bad {
            assert!(parse(text).is_err(), "{text:?} passes");
        }
    }

    #[test]
    fn the_shortest_time_between_runs_is_real() {
        #[track_caller]
        fn check(text: &str, expected: Option<(u32, &str)>) {
            let found = cron(text).shortest().map(|gap| (gap.minutes, gap.to_string()));
            assert_eq!(found, expected.map(|(minutes, text)| (minutes, text.to_owned())), "{text}");
        }
        check("* * * * *", Some((1, "at 00:00 and again at 00:01")));
        check("*/5 * * * *", Some((5, "at 00:00 and again at 00:05")));
        check("*/7 * * * *", Some((4, "at 00:56 and again at 01:00")));
        check("0,58 */2 * * *", Some((58, "at 00:00 and again at 00:58")));
        check("58,0 0,23 * * *", Some((2, "at 23:58 and again at 00:00")));
        // Not on two days that follow each other, so never over midnight.
        check("58,0 0,23 * * 1", Some((58, "at 00:00 and again at 00:58")));
        check("58,0 0,23 1 1 *", Some((58, "at 00:00 and again at 00:58")));
        // Saturday and Sunday follow each other.
        check("59,0 0,23 * * 0,6", Some((1, "at 23:59 and again at 00:00")));
        // The last of December and the first of January.
        check("59,0 0,23 1,31 12,1 *", Some((1, "at 23:59 and again at 00:00")));
        check("17 3 * * *", Some((24 * 60, "at 03:17 and again at 03:17")));
        check("17 3 * * 1", None);
    }

    #[test]
    fn the_shortest_time_between_two_schedules_is_real() {
        #[track_caller]
        fn check(a: &str, b: &str, expected: Option<u32>) {
            assert_eq!(cron(a).shortest_to(&cron(b)).map(|gap| gap.minutes), expected, "{a} and {b}");
            assert_eq!(cron(b).shortest_to(&cron(a)).map(|gap| gap.minutes), expected, "{b} and {a}");
        }
        check("0 3 * * *", "3 3 * * *", Some(3));
        check("0 3 * * *", "0 3 * * 0", Some(0));
        check("0 3 * * 1", "3 3 * * 3", None);
        check("58 23 * * 0", "0 0 * * 1", Some(2));
        check("58 23 * * 1", "0 0 * * 1", Some(24 * 60 - 2));
        check("58 23 31 12 *", "1 0 1 1 *", Some(3));
        check("30 12 * * *", "30 0 * * *", Some(12 * 60));
        // The 13th is a Friday now and then.
        check("0 3 13 * *", "4 3 * * 5", Some(4));
        check("0 3 29 2 *", "1 3 * * 2", Some(1));
        check("0 3 1 3 *", "4 3 28 2 *", Some(24 * 60 - 4));
    }
}
