//! Versions in a plain text, and what their spelling says about them.

use compatrix_model::condition::partial_version;

/// A version and its position in a text.
#[derive(Debug, Clone, Copy)]
pub(super) struct Version<'a> {
    pub(super) start: usize,
    pub(super) end: usize,
    pub(super) text: &'a str,
    pub(super) major: u64,
    pub(super) minor: u64,
    /// Whether it is a pre-release: `1.65.0-nightly`.
    pub(super) early: bool,
    /// Whether it is all of a minor version: `1.65.x`.
    pub(super) series: bool,
}

/// What makes a number a measure: `1.65 ms`, `1.70x`.
const UNITS: [&str; 16] =
    ["x ", "ns", "ms", "µs", "μs", "us ", "mb", "mib", "kb", "kib", "gb", "gib", "times ", "seconds", "s ", "percent"];

/// Versions of two or three numbers that are not part of a longer word or number.
pub(super) fn versions(text: &str) -> impl Iterator<Item = Version<'_>> {
    let mut at = 0;
    std::iter::from_fn(move || loop {
        let start = at + text[at..].find(|c: char| c.is_ascii_digit())?;
        let run = text[start..].find(|c: char| !c.is_ascii_digit() && c != '.').unwrap_or(text.len() - start);
        at = start + run;
        let word = text[start..at].trim_end_matches('.');
        let mut end = start + word.len();
        let before = text[..start].chars().next_back();
        let apart = before.is_none_or(|c| !c.is_ascii_alphanumeric() && !".#$_".contains(c))
            || (before == Some('v') && !text[..start - 1].ends_with(|c: char| c.is_ascii_alphanumeric()));
        let after = text[end..].strip_prefix('.').unwrap_or(&text[end..]);
        // `1.65.x` is every 1.65.
        let series = text[end..].starts_with(".x") && !after[1..].starts_with(|c: char| c.is_ascii_alphanumeric());
        let whole = series || !after.starts_with(|c: char| c.is_ascii_alphanumeric() || c == '_' || c == '%');
        let spaced = text[end..].trim_start_matches(' ');
        let measure = !series && spaced.len() < text.len() - end && UNITS.iter().any(|unit| starts(spaced, unit));
        let version = partial_version(word).filter(|_| word.contains('.') && apart && whole && !measure);
        if let Some(version) = version {
            if series {
                end += 2;
                at = at.max(end);
            }
            let early = ["-nightly", "-beta", "-rc", "-alpha"].iter().any(|mark| text[end..].starts_with(mark));
            return Some(Version { start, end, text: word, major: version.major, minor: version.minor, early, series });
        }
    })
}

/// Whether a text begins with a unit as a whole word.
fn starts(text: &str, unit: &str) -> bool {
    let name = unit.trim_end();
    text.strip_prefix(name).is_some_and(|rest| !rest.starts_with(|c: char| c.is_alphanumeric()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_are_told_from_other_numbers() {
        for (text, expect) in [
            ("rust 1.65, 1.70.0 and v1.80", &["1.65", "1.70.0", "1.80"][..]),
            ("1.65.x and 1.70.", &["1.65", "1.70"]),
            ("#1.65 a1.65 1.65a 1.2.3.4 _1.65 $1.65 1.65% 1", &[]),
            ("1.65 ms, 1.70 x, 1.80 mib, 1.65 msrv", &["1.65"]),
            ("(1.65) [1.70] \"1.80\" ≥1.85 ^1.86 é1.87", &["1.65", "1.70", "1.80", "1.85", "1.86", "1.87"]),
        ] {
            let found: Vec<&str> = versions(text).map(|version| version.text).collect();
            assert_eq!(found, expect, "{text}");
        }
        assert!(versions("1.65.0-nightly").all(|version| version.early));
    }
}
