//! The lines of `#[bench]`: `test NAME ... bench:   1,234.56 ns/iter (+/- 12.34) = 789 MB/s`.
//!
//! Only their median is used; the `+/-` is the distance between the highest and the lowest sample.

use crate::harness::checked::{self, without_colours};
use crate::measured::{Measured, Reading, Throughput};

/// What the lines report.
pub fn reading(stdout: &str) -> Reading {
    let mut reading = Reading::default();
    for (n, line) in stdout.lines().enumerate() {
        let line = without_colours(line);
        let Some((name, result)) = line.strip_prefix("test ").and_then(|rest| rest.split_once(" ... ")) else {
            continue;
        };
        let (name, place) = (name.trim_end(), format!("line {}", n + 1));
        // A bench may print before its result.
        if let Some((_, figures)) = result.split_once("bench:") {
            match parse(figures) {
                Some((time, throughput)) => {
                    checked::add(&mut reading, &place, Measured { throughput, ..checked::time(name, vec![time]) });
                }
                None => checked::trouble(&mut reading, Some(name), &place, "has no figure in ns/iter"),
            }
        } else if result.trim_end().ends_with("FAILED") {
            checked::trouble(&mut reading, Some(name), &place, "the bench failed");
        }
    }
    checked::only_once(&mut reading);
    reading
}

/// Nanoseconds, and the bytes of one iteration.
fn parse(figures: &str) -> Option<(f64, Option<Throughput>)> {
    let (time, rest) = figures.split_once(" ns/iter")?;
    let time: f64 = time.trim().replace(',', "").parse().ok()?;
    let rate =
        rest.split_once("= ").and_then(|(_, rate)| rate.trim().strip_suffix(" MB/s")?.replace(',', "").parse().ok());
    let count = rate.map(|megabytes: f64| megabytes * time / 1000.0).filter(|count| *count > 0.0);
    Some((time, count.map(|count| Throughput { count, unit: "B".to_owned() })))
}
