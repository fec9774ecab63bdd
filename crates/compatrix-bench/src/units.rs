//! Units of figures and limits, converted to base units: seconds, bytes, one a second, or plain.

/// How a limit is written, for errors about those that are not.
pub const LIMITS: &str = "`5 ms`, `100 MB`, `1000/s`, `20 MB/s`, `90 %` or a plain number";

/// Reads a limit: its value in base units, and the base unit (`s`, `B`, `1/s`, `B/s`, or `1`). See [`LIMITS`].
///
/// Digits may be grouped by `_`. Negative values, values that are not finite and unknown units are no limits.
pub fn limit(text: &str) -> Option<(f64, &'static str)> {
    let text = text.trim();
    let is_number = |c: char| c.is_ascii_digit() || c == '.' || c == '_';
    let (number, unit) = text.split_at(text.find(|c| !is_number(c)).unwrap_or(text.len()));
    let is_grouped = number.split('_').all(|part| part.starts_with(|c: char| c.is_ascii_digit()));
    let whole = number.split('.').next().unwrap_or_default();
    if !is_grouped || whole.is_empty() || number.ends_with('.') {
        return None;
    }
    let number: f64 = number.replace('_', "").parse().ok()?;
    let (factor, base) = base(unit)?;
    let value = number * factor;
    value.is_finite().then_some((value, base))
}

/// The factor from a unit to its base unit; `None` if the unit is unknown. No unit at all is a plain number.
pub fn base(unit: &str) -> Option<(f64, &'static str)> {
    let unit = unit.trim();
    if let Some(what) = unit.strip_suffix("/s").map(str::trim_end) {
        return match what {
            "" | "1" | "op" | "ops" | "elements" | "items" => Some((1.0, "1/s")),
            _ => bytes(what).map(|factor| (factor, "B/s")),
        };
    }
    if let Some(factor) = bytes(unit) {
        return Some((factor, "B"));
    }
    match unit {
        "" | "1" | "count" => Some((1.0, "1")),
        "%" => Some((0.01, "1")),
        "ns" => Some((1e-9, "s")),
        // The micro sign and the Greek letter.
        "us" | "\u{b5}s" | "\u{3bc}s" => Some((1e-6, "s")),
        "ms" => Some((1e-3, "s")),
        "s" => Some((1.0, "s")),
        "min" => Some((60.0, "s")),
        _ => None,
    }
}

/// Bytes in a unit of memory. `KB` is what people write for `kB`.
fn bytes(unit: &str) -> Option<f64> {
    const KIB: f64 = 1024.0;
    match unit {
        "B" | "bytes" => Some(1.0),
        "kB" | "KB" => Some(1e3),
        "MB" => Some(1e6),
        "GB" => Some(1e9),
        "KiB" | "kiB" => Some(KIB),
        "MiB" => Some(KIB * KIB),
        "GiB" => Some(KIB * KIB * KIB),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::{base, limit};

    #[test]
    fn limits_are_read_in_base_units() {
        for (text, value, unit) in [
            ("5 ms", 0.005, "s"),
            ("5ms", 0.005, "s"),
            (" 1.5 s ", 1.5, "s"),
            ("250 ns", 250e-9, "s"),
            ("7 us", 7e-6, "s"),
            ("7 \u{b5}s", 7e-6, "s"),
            ("7 \u{3bc}s", 7e-6, "s"),
            ("2 min", 120.0, "s"),
            ("100 MB", 1e8, "B"),
            ("100 MiB", 104_857_600.0, "B"),
            ("64 KiB", 65_536.0, "B"),
            ("64 kB", 64e3, "B"),
            ("64 KB", 64e3, "B"),
            ("1 GiB", 1_073_741_824.0, "B"),
            ("1000/s", 1000.0, "1/s"),
            ("1_000 /s", 1000.0, "1/s"),
            ("1000 1/s", 1000.0, "1/s"),
            ("50 ops/s", 50.0, "1/s"),
            ("20 MB/s", 2e7, "B/s"),
            ("4", 4.0, "1"),
            ("0", 0.0, "1"),
            ("90 %", 0.9, "1"),
            ("90%", 0.9, "1"),
        ] {
            let (found, base) = limit(text).unwrap_or_else(|| panic!("{text}"));
            assert!((found - value).abs() <= value * 1e-12, "{text}: {found}");
            assert_eq!(base, unit, "{text}");
        }
    }

    #[test]
    fn what_is_no_limit_is_refused() {
        for text in [
            "",
            " ",
            "ms",
            "-5 ms",
            "+5 ms",
            "5 parsec",
            "5 MS",
            "5 Mb",
            "5 m",
            "inf",
            "NaN",
            "5 ms ms",
            "5,5 ms",
            "1.2.3",
            "5.",
            ".5",
            "_5",
            "5_",
            "5__0",
            "1e3",
            "5/m",
            "5 ms/s",
            "5 rows/s",
            "\u{665} ms",
            "0x10",
        ] {
            assert_eq!(limit(text), None, "{text}");
        }
        let huge = "9".repeat(400);
        assert_eq!(limit(&huge), None);
    }

    #[test]
    fn units_of_harnesses_are_known() {
        assert_eq!(base("ns"), Some((1e-9, "s")));
        assert_eq!(base("B"), Some((1.0, "B")));
        assert_eq!(base("bytes/s"), Some((1.0, "B/s")));
        assert_eq!(base("furlongs"), None);
    }

    proptest! {
        #[test]
        fn any_text_is_read_without_a_panic(text in "\\PC{0,20}") {
            if let Some((value, _)) = limit(&text) {
                prop_assert!(value.is_finite() && value >= 0.0);
            }
        }
    }
}
