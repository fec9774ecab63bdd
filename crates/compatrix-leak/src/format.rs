//! Formats of strings in suppression files and in the baseline.

use semver::VersionReq;
use shaped_toml::{refuse_nul, Problem, TextFormat};

/// The format of a string in these files.
#[derive(Debug, Clone, Copy)]
pub(crate) enum LeakFormat {
    /// The name of a suppression.
    Name,
    /// A range of versions: `>=1.83, <1.94`.
    Requirement,
    /// A frame pattern: a glob on a function, `obj:` with a glob on an object, or `...`.
    Frame,
    /// The fingerprint of a finding: 16 hex digits.
    Fingerprint,
}

impl TextFormat for LeakFormat {
    fn check(&self, text: &str) -> Result<(), Problem> {
        refuse_nul(text)?;
        match self {
            LeakFormat::Name => name(text),
            LeakFormat::Requirement => requirement(text),
            LeakFormat::Frame => frame(text),
            LeakFormat::Fingerprint => fingerprint(text),
        }
    }

    fn describe(&self) -> String {
        let text = match self {
            LeakFormat::Name => "name of letters, digits, `.`, `_`, `+`, `-`",
            LeakFormat::Requirement => "range of versions: `>=1.83, <1.94`",
            LeakFormat::Frame => "frame: `core::ops::*`, `obj:*/libfoo.so*`, `...`",
            LeakFormat::Fingerprint => "16 hex digits",
        };
        text.to_owned()
    }

    fn pattern(&self) -> Option<&'static str> {
        Some(match self {
            LeakFormat::Name => r"^[A-Za-z0-9][A-Za-z0-9._+-]*$",
            LeakFormat::Requirement => r"^[0-9<>=~^*]",
            LeakFormat::Frame => r"\S",
            LeakFormat::Fingerprint => r"^[0-9a-f]{16}$",
        })
    }
}

/// Validates a name that needs no quoting anywhere.
fn name(text: &str) -> Result<(), Problem> {
    let plain = |c: char| c.is_ascii_alphanumeric() || "._+-".contains(c);
    if text.starts_with(|c: char| c.is_ascii_alphanumeric()) && text.chars().all(plain) {
        return Ok(());
    }
    let what = "a name (letters, digits, `.`, `_`, `+`, `-`; a letter or digit first)";
    let fixed = text.trim().chars().map(|c| if plain(c) { c.to_ascii_lowercase() } else { '-' });
    let fixed = Some(fixed.collect::<String>()).filter(|fixed| fixed != text && name(fixed).is_ok());
    Err(Problem::new(format!("{text:?} is not {what}")).nearest(fixed))
}

/// Validates a semver requirement.
fn requirement(text: &str) -> Result<(), Problem> {
    VersionReq::parse(text).map(drop).map_err(|error| {
        let spaced = text.split_whitespace().collect::<Vec<_>>().join(", ").replace(",,", ",");
        let meant = (spaced != text && VersionReq::parse(&spaced).is_ok()).then_some(spaced);
        let problem = Problem::new(format!("`{text}` is not a range of versions: {error}")).nearest(meant);
        problem.help("write for example `>=1.83, <1.94`")
    })
}

/// Validates a frame pattern.
fn frame(text: &str) -> Result<(), Problem> {
    let blank = |what: &str| Problem::new(format!("{what} matches nothing")).help("write `*` for any");
    if text.trim().is_empty() {
        return Err(blank("a blank frame"));
    }
    if text.strip_prefix("obj:").is_some_and(|glob| glob.trim().is_empty()) {
        return Err(blank("`obj:` without a pattern"));
    }
    // The spelling in valgrind's suppression files.
    let meant = text.strip_prefix("fun:").or_else(|| matches!(text, "\u{2026}" | "..").then_some("..."));
    match meant {
        Some(meant) => Err(Problem::new(format!("`{text}` is not how a frame is written")).nearest(meant.to_owned())),
        None => Ok(()),
    }
}

/// Validates the fingerprint of a finding.
fn fingerprint(text: &str) -> Result<(), Problem> {
    let hex = |text: &str| text.len() == 16 && text.bytes().all(|b| b.is_ascii_digit() || (b'a'..=b'f').contains(&b));
    if hex(text) {
        return Ok(());
    }
    let meant = Some(text.trim().to_lowercase()).filter(|meant| hex(meant));
    Err(Problem::new(format!("`{text}` is not a fingerprint"))
        .nearest(meant)
        .help("write its 16 hex digits as shown in reports"))
}
