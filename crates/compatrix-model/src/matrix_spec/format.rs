//! The formats of strings: how each is spelled, checked and described. Nothing here knows another part of the spec.

mod field;

use std::time::Duration;

use shaped_toml::{refuse_nul, Problem, TextFormat};

use super::sqlite;
use crate::apt;
use crate::axis::{AxisName, InvalidName, ValueName};
use crate::condition::partial_version;
use field::{apt_source, no_backslash, place_of_one_machine, platform, runner_word, sqlite_value, target, toolchain};
use serde_json::{json, Map, Value};

pub(crate) use field::fixture;

/// The format of a string.
#[derive(Debug, Clone, Copy)]
pub enum Format {
    /// The name of a value, suite, profile or tier.
    ValueName,
    /// Lower-case letters, digits, `_`, `-`.
    AxisName,
    /// As cargo allows it.
    PackageName,
    /// The name of a cargo feature, perhaps `dependency/feature`.
    FeatureName,
    /// A path below the workspace root.
    RelativePath,
    /// Any path.
    Path,
    /// `1`, `1.70` or `1.70.2`.
    Version,
    /// `1.70.2` or `1.0.0-rc.1`: a whole version as cargo reads it.
    ExactVersion,
    /// A toolchain as rustup names it, or the name of a distribution.
    Toolchain,
    /// `bundled`, `host`, an available exact version, or the name of a distribution.
    Sqlite,
    /// A fixture's name or a glob, with or without `fixtures/`.
    Fixture,
    /// The name of an environment variable that the engine does not set.
    EnvVar,
    /// A whole number and a unit: `90s`, `5m`.
    Duration,
    /// `linux-x86_64`.
    Platform,
    /// A target as rustc calls it.
    Target,
    /// A word of a runner: a program on PATH, a file below the workspace root, or an argument.
    RunnerWord,
    /// `NAME` or `NAME=VALUE` of a C macro.
    CompileOption,
    /// A suite of a Debian archive: `bookworm`, `bookworm-security`.
    AptSuite,
    /// A Debian package, perhaps of one version: `rustc-web=1.85.0+dfsg3-1~deb12u3`.
    AptPackage,
    /// An entry of apt's sources, one line or a stanza.
    AptSource,
    /// A test of a condition; checked against the axis when lowered.
    Test,
    /// A text with placeholders; checked against the axes when lowered.
    Template,
}

/// Environment variables that the engine sets; `*` matches the rest of the name.
pub const RESERVED_VARIABLES: &[(&str, &str)] = &[
    ("PATH", "it leads to the toolchain of the cell"),
    ("HOME", "each run has a separate folder"),
    ("TMPDIR", "each run has a separate folder"),
    ("LD_*", "it decides which SQLite a run loads"),
    ("DYLD_*", "it decides which SQLite a run loads"),
    ("WINEPATH", "it decides which SQLite a run loads"),
    ("WINEDLL*", "it decides which SQLite a run loads"),
    ("WINEPREFIX", "each run has a separate folder"),
    ("CARGO*", "it belongs to the toolchain of the cell"),
    ("RUSTC*", "it belongs to the toolchain of the cell"),
    ("RUSTDOC*", "it belongs to the toolchain of the cell"),
    ("RUSTFLAGS", "it belongs to the build of the cell"),
    ("RUSTUP*", "it belongs to the toolchain of the cell"),
    ("SQLITE3_*", "it decides which SQLite a build links"),
    ("LIBSQLITE3_*", "it decides which SQLite a build links"),
];

/// The longest time limit of one test executable.
const MAX_DURATION: Duration = Duration::from_secs(24 * 60 * 60);

impl Format {
    /// Whether the text is of this format.
    pub fn accepts(self, text: &str) -> bool {
        self.check(text).is_ok()
    }
}

impl TextFormat for Format {
    fn check(&self, text: &str) -> Result<(), Problem> {
        refuse_nul(text)?;
        match self {
            Format::Test | Format::Template => Ok(()),
            Format::ValueName => ValueName::new(text).map(drop).map_err(|e| bad_name(text, &e)),
            Format::AxisName => AxisName::new(text).map(drop).map_err(|e| bad_name(text, &e)),
            Format::PackageName => spelled(text, "a package name (letters, digits, `-`, `_`)", "-_"),
            Format::FeatureName => feature(text),
            Format::RelativePath => relative_path(text),
            Format::Path if text.trim().is_empty() => Err(Problem::new("an empty path")),
            Format::Path => Ok(()),
            Format::Version => partial_version(text).map(drop).ok_or_else(|| bad_version(text)),
            Format::ExactVersion => exact_version(text),
            Format::Toolchain => toolchain(text),
            Format::Sqlite => sqlite_value(text),
            Format::Fixture => fixture(text).map(drop),
            Format::EnvVar => env_var(text),
            Format::Duration => duration(text).map(drop),
            Format::Platform => platform(text),
            Format::Target => target(text),
            Format::RunnerWord => runner_word(text),
            Format::CompileOption => compile_option(text),
            Format::AptSuite if apt::is_suite(text) => Ok(()),
            Format::AptSuite => Err(Problem::new(format!("`{text}` is not a suite"))
                .help("write its code name: `bookworm`, `bookworm-security`")),
            Format::AptPackage if apt::Package::parse(text).is_some() => Ok(()),
            Format::AptPackage => Err(Problem::new(format!("`{text}` is not a package"))
                .help("write its name, or `NAME=VERSION`: `rustc-web`, `rustc-web=1.85.0+dfsg3-1~deb12u3`")),
            Format::AptSource => apt_source(text),
        }
    }

    fn pattern(&self) -> Option<&'static str> {
        match self {
            Format::Path | Format::Test | Format::Template | Format::AptSource | Format::RunnerWord => None,
            Format::Target => Some(r"^[a-z0-9_]+(-[a-z0-9_.]+){1,3}$"),
            Format::AptSuite => Some(r"^[A-Za-z0-9][A-Za-z0-9._+~/-]*$"),
            Format::AptPackage => Some(r"^[a-z0-9][a-z0-9+.-]+(=\d[A-Za-z0-9.+~:-]*)?$"),
            Format::ValueName => Some(r"^[A-Za-z0-9][A-Za-z0-9._+-]*$"),
            Format::AxisName => Some(r"^[a-z][a-z0-9_-]*$"),
            Format::PackageName => Some(r"^[A-Za-z_][A-Za-z0-9_-]*$"),
            Format::FeatureName => Some(r"^[A-Za-z0-9_][A-Za-z0-9_+./?-]*$"),
            Format::RelativePath => Some(r"^[^/\\~][^\\]*$"),
            Format::Version => Some(r"^\d+(\.\d+){0,2}$"),
            Format::ExactVersion => Some(r"^\d+\.\d+\.\d+([-+].*)?$"),
            // Their other values, and names of distributions, are too many for a pattern.
            Format::Toolchain | Format::Sqlite => Some(r"^[A-Za-z0-9][A-Za-z0-9._+-]*$"),
            Format::Fixture => Some(r"^(fixtures/)?[A-Za-z0-9*?][A-Za-z0-9._+*?-]*$"),
            Format::EnvVar => Some(r"^[A-Za-z_][A-Za-z0-9_]*$"),
            Format::Duration => Some(r"^\d+(ms|s|m|h)$"),
            Format::Platform => Some(r"^[a-z]+-[a-z0-9_]+$"),
            Format::CompileOption => Some(r"^[A-Z_][A-Z0-9_]*(=.*)?$"),
        }
    }

    fn describe(&self) -> String {
        let text = match self {
            Format::ValueName => "name of letters, digits, `.`, `_`, `+`, `-`",
            Format::AxisName => "name of lower-case letters, digits, `_`, `-`",
            Format::PackageName => "package name",
            Format::FeatureName => "feature name",
            Format::RelativePath => "path below the workspace root",
            Format::Path => "path",
            Format::Version => "version: `1`, `1.70` or `1.70.2`",
            Format::ExactVersion => "version: `1.70.2`",
            Format::Toolchain => {
                "toolchain: `stable`, `beta`, `nightly`, `nightly-2026-05-19`, `1.70`, `1.70.0`; or a distribution's name"
            }
            Format::Sqlite => {
                let versions: Vec<String> = sqlite::AMALGAMATIONS.iter().map(|(version, _)| format!("`{version}`")).collect();
                return format!("`bundled`, `host`, a distribution's name, or one of {}", versions.join(", "));
            }
            Format::Fixture => "fixture's name or glob: `v24`, `v24*`, `fixtures/*`",
            Format::EnvVar => {
                "name of an [environment variable](#environment-variables-that-a-suite-cannot-set)"
            }
            Format::Duration => "whole number and unit: `500ms`, `90s`, `5m`, `2h`",
            Format::Platform => "platform: `linux-x86_64`",
            Format::Target => "target: `x86_64-pc-windows-gnu`",
            Format::RunnerWord => "program, or an argument of it",
            Format::CompileOption => "option: `SQLITE_ENABLE_FTS5`, `NAME=VALUE`",
            Format::AptSuite => "suite: `bookworm`, `bookworm-security`",
            Format::AptPackage => "package: `rustc`, `libsqlite3-0=3.40.1-2`",
            Format::AptSource => {
                "entry of apt's sources: `deb [signed-by=KEY] URI SUITE COMPONENT…`, or a stanza"
            }
            Format::Test => "[test](#conditions)",
            Format::Template => "text with [placeholders](#placeholders)",
        };
        text.to_owned()
    }

    fn or_key_of(&self) -> Option<&'static str> {
        matches!(self, Format::Toolchain | Format::Sqlite).then_some("distro")
    }

    fn schema(&self) -> Map<String, Value> {
        let Some(pattern) = self.pattern() else { return Map::new() };
        let (key, value) = match self {
            Format::Sqlite => {
                let known = sqlite::AMALGAMATIONS.iter().map(|(version, _)| *version);
                let known: Value = ["bundled", "host"].into_iter().chain(known).collect();
                // The known ones for completion; any other may be a distribution's name.
                ("anyOf", json!([{ "enum": known }, { "pattern": pattern }]))
            }
            _ => ("pattern", json!(pattern)),
        };
        [(key.to_owned(), value)].into_iter().collect()
    }
}

/// A time limit of a test executable: `500ms`, `90s`, `5m`, `2h`.
pub(crate) fn duration(text: &str) -> Result<Duration, Problem> {
    let duration = amount(text)?;
    if duration > MAX_DURATION {
        return Err(Problem::new(format!("a time limit of `{text}` is too long")).help("the longest is `24h`"));
    }
    Ok(duration)
}

/// Reads a whole number and a unit, not zero.
pub(super) fn amount(text: &str) -> Result<Duration, Problem> {
    let digits = text.len() - text.trim_start_matches(|c: char| c.is_ascii_digit()).len();
    let (number, unit) = text.split_at(digits);
    let bad =
        || Problem::new(format!("`{text}` is not a duration")).help("write a whole number and a unit: `90s`, `5m`");
    let meant = match unit.trim().to_lowercase().as_str() {
        "ms" | "msec" | "millis" | "milliseconds" => "ms",
        "s" | "sec" | "secs" | "second" | "seconds" | "" => "s",
        "m" | "min" | "mins" | "minute" | "minutes" => "m",
        "h" | "hr" | "hrs" | "hour" | "hours" => "h",
        _ => return Err(bad()),
    };
    let number: u64 = number.parse().map_err(|_| bad())?;
    if meant != unit {
        return Err(bad().nearest(format!("{number}{meant}")));
    }
    let duration = match meant {
        "ms" => Duration::from_millis(number),
        "s" => Duration::from_secs(number),
        "m" => Duration::from_secs(number.saturating_mul(60)),
        _ => Duration::from_secs(number.saturating_mul(3600)),
    };
    if duration.is_zero() {
        return Err(Problem::new("a time limit of nothing lets nothing pass").help("write for example `5m`"));
    }
    Ok(duration)
}

fn bad_name(text: &str, error: &InvalidName) -> Problem {
    let fixed: String = text
        .trim()
        .chars()
        .map(|c| if c.is_ascii_alphanumeric() || "._+-".contains(c) { c.to_ascii_lowercase() } else { '-' })
        .collect();
    let fixed = (!text.is_empty() && fixed != text && AxisName::new(fixed.as_str()).is_ok()).then_some(fixed);
    Problem::new(error.to_string()).nearest(fixed)
}

fn spelled(text: &str, what: &str, more: &str) -> Result<(), Problem> {
    let first = text.starts_with(|c: char| c.is_ascii_alphanumeric() || c == '_');
    if first && text.chars().all(|c| c.is_ascii_alphanumeric() || more.contains(c)) {
        Ok(())
    } else {
        Err(Problem::new(format!("`{text}` is not {what}")))
    }
}

fn feature(text: &str) -> Result<(), Problem> {
    if text.contains(',') || text.contains(' ') {
        return Err(Problem::new(format!("`{text}` is not one feature name"))
            .help("write a list with one string for each feature: `[\"json\", \"pool\"]`"));
    }
    spelled(text, "a feature name (letters, digits, `_`, `-`, `+`, `.`)", "_-+./?")
}

pub(super) fn relative_path(text: &str) -> Result<(), Problem> {
    let help = "write a path relative to the workspace root, without `..`";
    if text.trim().is_empty() {
        Err(Problem::new("an empty path"))
    } else if let Some(place) = place_of_one_machine(text) {
        Err(Problem::new(format!("`{text}` is on {place}")).help(help))
    } else if text.starts_with(['/', '\\', '~']) || text.split(['/', '\\']).any(|part| part == "..") {
        Err(Problem::new(format!("`{text}` is not below the workspace root")).help(help))
    } else {
        no_backslash(text, "write `/` between folders: the spec is read on every system")
    }
}

fn bad_version(text: &str) -> Problem {
    let trimmed = text.trim().trim_start_matches(['v', 'V', '=', '^', '~', '>', '<', ' ']).trim_end_matches(".x");
    let fixed = partial_version(trimmed).map(|_| trimmed.to_owned());
    Problem::new(format!("`{text}` is not a version"))
        .help("write one to three numbers: `1.70`, `3.35.4`")
        .nearest(fixed)
}

fn exact_version(text: &str) -> Result<(), Problem> {
    let meant = || partial_version(text.trim().trim_start_matches(['v', '=', '^', '~', ' '])).map(|v| v.to_string());
    semver::Version::parse(text).map(drop).map_err(|_| {
        let problem = Problem::new(format!("`{text}` is not a whole version"));
        problem.help("write all three numbers, as the package was published: `0.31.0`").nearest(meant())
    })
}

fn env_var(text: &str) -> Result<(), Problem> {
    // Windows, which reads those of wine, knows no case.
    let upper = text.to_ascii_uppercase();
    let name = if upper.starts_with("WINE") { upper.as_str() } else { text };
    let reserved = RESERVED_VARIABLES.iter().find(|(pattern, _)| match pattern.strip_suffix('*') {
        Some(start) => name.starts_with(start),
        None => name == *pattern,
    });
    if let Some((_, why)) = reserved {
        return Err(Problem::new(format!("`{text}` is set by compatrix: {why}")).label("reserved"));
    }
    let first = text.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_');
    if first && text.chars().all(|c| c.is_ascii_alphanumeric() || c == '_') {
        Ok(())
    } else {
        Err(Problem::new(format!("`{text}` is not the name of an environment variable"))
            .help("use letters, digits and `_`, not a digit first"))
    }
}

fn compile_option(text: &str) -> Result<(), Problem> {
    let name = text.split('=').next().unwrap_or_default();
    let first = name.starts_with(|c: char| c.is_ascii_uppercase() || c == '_');
    if first && name.chars().all(|c| c.is_ascii_uppercase() || c.is_ascii_digit() || c == '_') {
        return Ok(());
    }
    let meant = text.strip_prefix("-D").filter(|rest| compile_option(rest).is_ok()).map(str::to_owned);
    Err(Problem::new(format!("`{text}` is not a compile-time option"))
        .nearest(meant)
        .help("write `NAME` or `NAME=VALUE`, as in `SQLITE_ENABLE_FTS5`"))
}
