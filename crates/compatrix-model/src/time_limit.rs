//! What is said of a process that its time limit ended.
//!
//! A limit counts the time that a process had, not what the machine took from it, so the time on the clock may be longer.
//! It differs from run to run, and evidence leaves it out.

use std::time::Duration;

use crate::outcome::Outcome;

/// How a note of the time on the clock begins and ends.
const NOTE: (&str, &str) = (", of ", " s on the clock");
/// A note says nothing of interest below this.
const SLACK: Duration = Duration::from_millis(500);

/// The times of a process that its limit ended.
#[derive(Debug, Clone, Copy)]
pub struct Ended {
    /// What the suite allows.
    pub limit: Duration,
    /// The time that the process had.
    pub had: Duration,
    /// The time on the clock.
    pub wall: Duration,
}

impl Ended {
    /// The outcome, and why: `who` ran for too long, with what is known of it (` in a::test`).
    ///
    /// A process that never had its limit was ended so that it ends at all. What it does with enough time is not known.
    pub fn outcome(self, who: &str, during: &str) -> (Outcome, String) {
        let Self { limit, had, wall } = self;
        if had < limit.mul_f64(0.9) {
            let (had, wall) = (had.as_secs_f64(), wall.as_secs_f64());
            let why = format!(
                "{who} did not end{during}: in {wall:.1} s this machine, busy with other work, left it {had:.1} s of its \
                 time limit of {limit:?}; run it again when the machine is less busy"
            );
            return (Outcome::Infrastructure, why);
        }
        let note = if wall > limit + limit / 10 + SLACK {
            let (begin, end) = NOTE;
            format!("{begin}{:.1}{end}", wall.as_secs_f64())
        } else {
            String::new()
        };
        (Outcome::TimedOut, format!("{who} ran for more than {limit:?}{during}{note}"))
    }
}

/// A cause without notes of the time on the clock.
pub fn without_clock(cause: &str) -> String {
    let (begin, end) = NOTE;
    let mut kept = String::with_capacity(cause.len());
    let mut rest = cause;
    while let Some(at) = rest.find(begin) {
        let after = &rest[at + begin.len()..];
        let number = after.find(|c: char| !c.is_ascii_digit() && c != '.').unwrap_or(after.len());
        kept.push_str(&rest[..at]);
        rest = match after[number..].strip_prefix(end).filter(|_| number > 0) {
            Some(rest) => rest,
            None => {
                kept.push_str(begin);
                after
            }
        };
    }
    kept.push_str(rest);
    kept
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ended(limit: u64, had: u64, wall: u64) -> Ended {
        let [limit, had, wall] = [limit, had, wall].map(Duration::from_millis);
        Ended { limit, had, wall }
    }

    #[test]
    fn a_limit_says_what_it_counted() {
        let table = [
            (ended(5000, 5010, 5030), "it ran for more than 5s in a::b"),
            (ended(5000, 5010, 6000), "it ran for more than 5s in a::b"),
            (ended(5000, 5010, 12_340), "it ran for more than 5s in a::b, of 12.3 s on the clock"),
            (ended(500, 510, 900), "it ran for more than 500ms in a::b"),
            (ended(500, 500, 1100), "it ran for more than 500ms in a::b, of 1.1 s on the clock"),
            (ended(5000, 4900, 12_340), "it ran for more than 5s in a::b, of 12.3 s on the clock"),
            (ended(0, 0, 0), "it ran for more than 0ns in a::b"),
        ];
        for (ended, expected) in table {
            assert_eq!(ended.outcome("it", " in a::b"), (Outcome::TimedOut, expected.to_owned()));
        }
    }

    #[test]
    fn what_never_had_its_limit_proves_nothing() {
        let (outcome, cause) = ended(2000, 300, 20_010).outcome("it", "");
        assert_eq!(outcome, Outcome::Infrastructure);
        assert_eq!(
            cause,
            "it did not end: in 20.0 s this machine, busy with other work, left it 0.3 s of its time limit of 2s; run it \
             again when the machine is less busy"
        );
    }

    #[test]
    fn evidence_has_no_time_on_the_clock() {
        let (_, said) = ended(5000, 5000, 12_340).outcome("it", " in a::b");
        let (_, plain) = ended(5000, 5000, 5000).outcome("it", " in a::b");
        assert_eq!(without_clock(&said), plain);
        assert_eq!(without_clock(&format!("{said}; {said}, of 9 cells")), format!("{plain}; {plain}, of 9 cells"));
        for other in
            ["", "1 of 2 tests failed, of 5 s", ", of ", ", of  s on the clock", "é, of 1.2.3", "a, of x, of é"]
        {
            assert_eq!(without_clock(other), other);
        }
    }
}
