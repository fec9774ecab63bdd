//! Words and numbers of benches: ratios as percent, figures in readable units, p-values, verdicts.

use anstyle::{AnsiColor, Style};
use compatrix_bench::{units, Change, Comparison, Proven, Tier};
use compatrix_model::outcome::Outcome;
use compatrix_model::speed::{Group, GroupTrouble, Question, SpeedReport};
use compatrix_model::verdict::Verdict;

use crate::look::{verdict_style, Look};

/// The most columns of a bench's name in a report that must stay small.
pub(super) const LONGEST_NAME: usize = 160;

/// Whether two states of the sources are compared, so that a cost is a regression.
pub(super) fn is_change(report: &SpeedReport) -> bool {
    matches!(report.question, Question::Change { .. })
}

/// What a comparison says, in words; `is_change` as [`is_change`].
pub(super) fn verdict(change: Change, is_change: bool) -> &'static str {
    match (change, is_change) {
        (Change::Same, _) => "same",
        (Change::Slower, true) => "slower",
        (Change::Slower, false) => "costs more",
        (Change::Faster, true) => "faster",
        (Change::Faster, false) => "costs less",
        (Change::NotSlower, true) => "not slower",
        (Change::NotSlower, false) => "costs no more",
        (Change::Unproven, _) => "unproven",
    }
}

/// All changes, the most urgent first.
pub(super) const CHANGES: [Change; 5] =
    [Change::Slower, Change::Unproven, Change::Faster, Change::NotSlower, Change::Same];

/// Its sign in a terminal, one column wide.
pub(super) fn sign(change: Change, look: &Look) -> &'static str {
    match (change, look.unicode) {
        (Change::Same, _) => "=",
        (Change::Slower, true) => "✗",
        (Change::Slower, false) => "x",
        (Change::Faster, true) => "↑",
        (Change::Faster, false) => "^",
        (Change::NotSlower, true) => "✓",
        (Change::NotSlower, false) => "+",
        (Change::Unproven, _) => "?",
    }
}

/// Its sign in Markdown.
pub(super) fn emoji(change: Change, is_change: bool) -> &'static str {
    match (change, is_change) {
        (Change::Same, _) => "🟰",
        (Change::Slower, true) => "❌",
        (Change::Slower, false) => "🔺",
        (Change::Faster, true) => "🚀",
        (Change::Faster, false) => "🔻",
        (Change::NotSlower, _) => "✅",
        (Change::Unproven, _) => "➖",
    }
}

/// Its colour. A cost that is no regression is no error.
pub(super) fn style(change: Change, is_change: bool) -> Style {
    let color = |color: AnsiColor| Style::new().fg_color(Some(color.into()));
    match change {
        Change::Slower if is_change => verdict_style(Verdict::Broken),
        Change::Slower => color(AnsiColor::Yellow),
        Change::Faster => color(AnsiColor::Cyan),
        Change::NotSlower => verdict_style(Verdict::Ok),
        Change::Same | Change::Unproven => Style::new().dimmed(),
    }
}

/// A ratio as a change in percent: `+10.2 %`.
pub(super) fn percent(ratio: f64, decimals: usize) -> String {
    format!("{} %", points(ratio, decimals))
}

/// The same without the unit.
fn points(ratio: f64, decimals: usize) -> String {
    let text = format!("{:+.decimals$}", (ratio - 1.0) * 100.0);
    // A rounded nothing has no direction.
    let is_zero = !text.contains(|c: char| c.is_ascii_digit() && c != '0') && text.contains('0');
    if is_zero {
        text.trim_start_matches(['+', '-']).to_owned()
    } else {
        text
    }
}

/// `+10.2 % [+8.9, +11.6]`; nothing if nothing was run.
pub(super) fn change(comparison: &Comparison) -> String {
    comparison.ratio.map(|found| ratio(found, comparison.interval)).unwrap_or_default()
}

/// A ratio with its interval, as [`change`].
pub(super) fn ratio(ratio: f64, interval: Option<(f64, f64)>) -> String {
    let decimals = decimals(interval);
    match interval {
        Some((low, high)) => {
            format!("{} [{}, {}]", percent(ratio, decimals), points(low, decimals), points(high, decimals))
        }
        None => percent(ratio, decimals),
    }
}

/// More where the figures are more exact.
fn decimals(interval: Option<(f64, f64)>) -> usize {
    match interval {
        Some((low, high)) if high - low >= 0.002 => 1,
        Some(_) | None => 2,
    }
}

/// `1.31 of 3.54.1 [1.27, 1.36]`, the ratio of an axis' value to the `reference`.
pub(super) fn cost(comparison: &Comparison, reference: &str) -> Option<String> {
    let ratio = comparison.ratio?;
    let decimals = if decimals(comparison.interval) == 1 { 2 } else { 4 };
    let interval = comparison.interval.map(|(low, high)| format!(" [{low:.decimals$}, {high:.decimals$}]"));
    Some(format!("{ratio:.decimals$} of {reference}{}", interval.unwrap_or_default()))
}

/// The names of reference and value of a group of `--across`.
pub(super) fn across(group: &Group) -> (&str, &str) {
    let name = |n: usize| group.sides.get(n).map_or("?", |side| side.name.as_str());
    (name(0), name(1))
}

/// The spread of a round, and other shares: `1.8 %`.
pub(super) fn share(part: f64) -> String {
    format!("{:.1} %", part * 100.0)
}

/// A p-value: `0.0123`, or `<0.0001`.
pub(super) fn p(value: Option<f64>) -> String {
    match value {
        Some(p) if p < 0.0001 => "<0.0001".to_owned(),
        Some(p) => format!("{p:.4}"),
        None => String::new(),
    }
}

/// A figure with the unit in which it is read most easily: `1.234 ms`, `12.5 MB`, `1.235 M`.
pub(crate) fn figure(value: f64, unit: &str) -> String {
    let Some((factor, base)) = units::base(unit) else {
        return format!("{} {unit}", digits(value));
    };
    let value = value * factor;
    match base {
        "s" => seconds(value),
        "B" => scaled(value, ["B", "kB", "MB", "GB", "TB"]),
        "1/s" => scaled(value, ["/s", "k/s", "M/s", "G/s", "T/s"]),
        "B/s" => scaled(value, ["B/s", "kB/s", "MB/s", "GB/s", "TB/s"]),
        _ if unit == "%" => format!("{} %", digits(value * 100.0)),
        _ => scaled(value, ["", "k", "M", "G", "T"]),
    }
}

/// A figure with its interval, the unit once if they share it: `7.100 ms [6.700, 7.500]`.
pub(super) fn with_interval(value: f64, interval: Option<(f64, f64)>, unit: &str) -> String {
    let text = figure(value, unit);
    let Some((low, high)) = interval else { return text };
    let (low, high) = (figure(low, unit), figure(high, unit));
    let of = |text: &str| text.split_once(' ').map_or(String::new(), |(_, unit)| format!(" {unit}"));
    let shared = of(&text);
    match (low.strip_suffix(&shared), high.strip_suffix(&shared)) {
        (Some(low), Some(high)) if of(low).is_empty() && of(high).is_empty() => format!("{text} [{low}, {high}]"),
        _ => format!("{text} [{low}, {high}]"),
    }
}

/// A count with its thousands apart: `41,004,100`.
pub(super) fn grouped(count: f64) -> String {
    let text = format!("{count}");
    let (whole, rest) = text.split_at(text.find('.').unwrap_or(text.len()));
    let digits = whole.len();
    let apart = |(nth, digit): (usize, char)| {
        let comma = (nth > 0 && (digits - nth).is_multiple_of(3)).then_some(',');
        comma.into_iter().chain([digit])
    };
    whole.chars().enumerate().flat_map(apart).collect::<String>() + rest
}

/// A number of things a second: `1.200 M elements/s`, `20.00 MB/s`.
pub(super) fn rate(value: f64, what: &str) -> String {
    match units::base(what) {
        Some((factor, "B")) => figure(value * factor, "B/s"),
        _ if what.is_empty() => figure(value, "/s"),
        _ => format!("{} {what}/s", scaled(value, ["", "k", "M", "G", "T"])),
    }
}

fn seconds(value: f64) -> String {
    let (factor, unit) = match value.abs() {
        v if v < 1e-6 => (1e9, "ns"),
        v if v < 1e-3 => (1e6, "µs"),
        v if v < 1.0 => (1e3, "ms"),
        _ => (1.0, "s"),
    };
    format!("{} {unit}", digits(value * factor))
}

fn scaled(value: f64, units: [&str; 5]) -> String {
    let mut value = value;
    let mut nth = 0;
    // A few thousand are read as easily in digits.
    while value.abs() >= if nth == 0 { 9999.5 } else { 999.95 } && nth + 1 < units.len() {
        value /= 1000.0;
        nth += 1;
    }
    let number = if nth == 0 && value.fract() == 0.0 { format!("{value}") } else { digits(value) };
    match units[nth] {
        "" => number,
        unit if unit.starts_with('/') => format!("{number}{unit}"),
        unit => format!("{number} {unit}"),
    }
}

/// Four significant digits.
fn digits(value: f64) -> String {
    let decimals = match value.abs() {
        v if v >= 999.95 => 0,
        v if v >= 99.995 => 1,
        v if v >= 9.9995 => 2,
        _ => 3,
    };
    format!("{value:.decimals$}")
}

/// How a trouble of a group counts; the same division as that of the exit code.
pub(super) fn trouble(trouble: &GroupTrouble) -> Verdict {
    match trouble.outcome {
        Outcome::Unavailable => Verdict::Unproven,
        Outcome::NotPromised => Verdict::NotPromised,
        Outcome::Infrastructure => Verdict::Error,
        _ if trouble.is_of_base() => Verdict::Unproven,
        Outcome::Passed
        | Outcome::Failed
        | Outcome::BuildFailed
        | Outcome::Crashed
        | Outcome::TimedOut
        | Outcome::Misidentified => Verdict::Broken,
    }
}

/// How a target counts.
pub(super) fn target(proven: Proven, tier: Tier) -> Verdict {
    match (proven, tier) {
        (Proven::Proven, _) => Verdict::Ok,
        (Proven::Contradicted, Tier::Must) => Verdict::Broken,
        (Proven::Contradicted, Tier::Should | Tier::Nice) => Verdict::Known,
        (Proven::Unproven, _) => Verdict::Unproven,
    }
}

/// The word in the spec.
pub(crate) fn tier(tier: Tier) -> &'static str {
    match tier {
        Tier::Must => "must",
        Tier::Should => "should",
        Tier::Nice => "nice",
    }
}

/// `proven`, `contradicted`, `unproven`.
pub(super) fn proven(proven: Proven) -> &'static str {
    match proven {
        Proven::Proven => "proven",
        Proven::Contradicted => "contradicted",
        Proven::Unproven => "unproven",
    }
}

/// A foreign text on one line: what is no visible character, or turns the direction of writing, becomes `\u{fffd}`.
pub(super) fn visible(text: &str) -> String {
    let is_hidden = |c: char| {
        c.is_control()
            || matches!(c, '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{2069}' | '\u{feff}')
    };
    text.chars().map(|c| if is_hidden(c) { '\u{fffd}' } else { c }).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ratios_are_read_as_percent() {
        for (ratio, decimals, expect) in [
            (1.102, 1, "+10.2 %"),
            (0.95, 1, "-5.0 %"),
            (1.0, 1, "0.0 %"),
            (0.9999, 1, "0.0 %"),
            (1.0001, 1, "0.0 %"),
            (1.000_049, 2, "0.00 %"),
            (1.0304, 2, "+3.04 %"),
            (3.5, 1, "+250.0 %"),
            (f64::INFINITY, 1, "+inf %"),
        ] {
            assert_eq!(percent(ratio, decimals), expect);
        }
    }

    #[test]
    fn figures_have_four_digits_and_a_readable_unit() {
        for (value, unit, expect) in [
            (1_234_567.0, "ns", "1.235 ms"),
            (1.5, "us", "1.500 µs"),
            (12.0, "ns", "12.00 ns"),
            (90.0, "s", "90.00 s"),
            (0.0, "s", "0.000 ns"),
            (12_500_000.0, "B", "12.50 MB"),
            (512.0, "B", "512 B"),
            (1.0, "MiB", "1.049 MB"),
            (7.0, "1", "7"),
            (1_234_567.0, "count", "1.235 M"),
            (0.5, "1", "0.500"),
            (90.0, "%", "90.00 %"),
            (2e7, "B/s", "20.00 MB/s"),
            (1500.0, "/s", "1500/s"),
            (3.0, "furlongs", "3.000 furlongs"),
        ] {
            assert_eq!(figure(value, unit), expect, "{value} {unit}");
        }
        assert_eq!(rate(1_200_000.0, "elements"), "1.200 M elements/s");
        assert_eq!(rate(2e7, "B"), "20.00 MB/s");
        assert_eq!(rate(20.0, ""), "20/s");
        assert_eq!(with_interval(0.0071, Some((0.0067, 0.0075)), "s"), "7.100 ms [6.700, 7.500]");
        assert_eq!(with_interval(0.0071, Some((0.0007, 1.5)), "s"), "7.100 ms [700.0 µs, 1.500 s]");
        assert_eq!(with_interval(7.0, None, "1"), "7");
        assert_eq!(p(Some(0.000_03)), "<0.0001");
        assert_eq!(p(Some(0.0123)), "0.0123");
    }

    #[test]
    fn what_cannot_be_seen_is_marked() {
        assert_eq!(visible("a\u{1b}[31mb\nc\u{202e}d"), "a\u{fffd}[31mb\u{fffd}c\u{fffd}d");
        assert_eq!(visible("größe/表"), "größe/表");
    }
}
