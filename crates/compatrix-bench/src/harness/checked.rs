//! What any figure must be, whichever harness reports it.

use std::collections::BTreeMap;

use crate::measured::{Better, Measured, Reading, Throughput, Trouble};
use crate::units;

/// A time in nanoseconds.
pub(super) fn time(bench: &str, samples: Vec<f64>) -> Measured {
    Measured {
        bench: bench.to_owned(),
        metric: "time".to_owned(),
        unit: "ns".to_owned(),
        samples,
        raw: false,
        exact: false,
        better: Better::Less,
        throughput: None,
    }
}

/// A count that two runs agree on.
pub(super) fn count(bench: &str, metric: &str, unit: &str, value: f64) -> Measured {
    Measured { metric: metric.to_owned(), unit: unit.to_owned(), exact: true, ..time(bench, vec![value]) }
}

/// Adds it to the reading, or else the reason why it cannot be used. The place is a file or a line.
pub(super) fn add(reading: &mut Reading, place: &str, measured: Measured) {
    match problem(&measured) {
        None => reading.measured.push(measured),
        Some(why) => trouble(reading, Some(&measured.bench), place, &why),
    }
}

/// Adds a trouble with this place.
pub(super) fn trouble(reading: &mut Reading, bench: Option<&str>, place: &str, why: &str) {
    let bench = bench.filter(|name| !name.is_empty()).map(printable);
    reading.troubles.push(Trouble { bench, why: format!("{}: {why}", printable(place)) });
}

/// Takes out benches that are reported more than once in one metric, since nobody knows which is meant.
pub(super) fn only_once(reading: &mut Reading) {
    let mut times: BTreeMap<(String, String), usize> = BTreeMap::new();
    for one in &reading.measured {
        *times.entry((one.bench.clone(), one.metric.clone())).or_default() += 1;
    }
    reading.measured.retain(|one| times.get(&(one.bench.clone(), one.metric.clone())) == Some(&1));
    for ((bench, metric), n) in times.into_iter().filter(|(_, n)| *n > 1) {
        let why =
            format!("{metric} of `{bench}` is reported {n} times, so it is unknown which is meant; rename the others");
        reading.troubles.push(Trouble { bench: Some(bench), why });
    }
}

/// A text that may have come from anywhere, on one line.
pub(super) fn printable(text: &str) -> String {
    text.chars().map(|c| if is_hidden(c) { char::REPLACEMENT_CHARACTER } else { c }).collect()
}

/// Whether it cannot be seen, or moves what is around it: control characters, and those of the direction of writing.
pub(super) fn is_hidden(c: char) -> bool {
    let moves = matches!(c, '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{2069}' | '\u{feff}');
    c.is_control() || moves
}

/// A line without the sequences that colour it.
pub(super) fn without_colours(line: &str) -> String {
    let mut plain = String::with_capacity(line.len());
    let mut chars = line.chars();
    while let Some(c) = chars.next() {
        if c == '\u{1b}' {
            // `ESC [ … letter`.
            chars.by_ref().find(|c| c.is_ascii_alphabetic());
        } else {
            plain.push(c);
        }
    }
    plain
}

fn problem(measured: &Measured) -> Option<String> {
    let Measured { bench, metric, unit, samples, raw: _, exact: _, better: _, throughput } = measured;
    for (what, text) in [("name", bench), ("metric", metric), ("unit", unit)] {
        if text.chars().any(char::is_control) {
            return Some(format!("the {what} has control characters"));
        }
        if text.trim().is_empty() {
            return Some(format!("the {what} is empty"));
        }
    }
    if samples.is_empty() {
        return Some("there are no samples".to_owned());
    }
    let is_time = metric == "time" || units::base(unit).is_some_and(|(_, base)| base == "s");
    for (n, sample) in samples.iter().enumerate() {
        let what = if !sample.is_finite() {
            "is no finite number"
        } else if *sample < 0.0 {
            "is below zero"
        } else if is_time && *sample == 0.0 {
            "is zero, which no operation takes: its result may be unused, and the compiler may have removed it"
        } else {
            continue;
        };
        return Some(format!("sample {} of {metric} {what}", n + 1));
    }
    let Throughput { count, unit } = throughput.as_ref()?;
    if !count.is_finite() || *count <= 0.0 || unit.trim().is_empty() || unit.chars().any(char::is_control) {
        return Some("the throughput is no number above zero with a unit".to_owned());
    }
    None
}
