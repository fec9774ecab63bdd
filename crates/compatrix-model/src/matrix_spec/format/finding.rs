//! Formats of what is said of findings: frames, fingerprints, ranges of toolchains.

use semver::VersionReq;

use crate::matrix_spec::problem::Problem;

/// A range of versions.
pub(super) fn requirement(text: &str) -> Result<(), Problem> {
    VersionReq::parse(text).map(drop).map_err(|error| {
        let spaced = text.split_whitespace().collect::<Vec<_>>().join(", ").replace(",,", ",");
        let meant = (spaced != text && VersionReq::parse(&spaced).is_ok()).then_some(spaced);
        let problem = Problem::new(format!("`{text}` is not a range of versions: {error}")).nearest(meant);
        problem.help("write for example `>=1.83, <1.94`")
    })
}

/// A frame of a stack, as suppressions name it.
pub(super) fn frame(text: &str) -> Result<(), Problem> {
    let blank = |what: &str| Problem::new(format!("{what} matches nothing")).help("write `*` for any");
    if text.trim().is_empty() {
        return Err(blank("a blank frame"));
    }
    if text.strip_prefix("obj:").is_some_and(|glob| glob.trim().is_empty()) {
        return Err(blank("`obj:` with nothing behind it"));
    }
    // How valgrind's own files spell these.
    let meant = text.strip_prefix("fun:").or_else(|| matches!(text, "\u{2026}" | "..").then_some("..."));
    match meant {
        Some(meant) => Err(Problem::new(format!("`{text}` is not how a frame is written")).nearest(meant.to_owned())),
        None => Ok(()),
    }
}

/// The fingerprint of a finding.
pub(super) fn fingerprint(text: &str) -> Result<(), Problem> {
    let hex = |text: &str| text.len() == 16 && text.bytes().all(|b| b.is_ascii_digit() || (b'a'..=b'f').contains(&b));
    if hex(text) {
        return Ok(());
    }
    let meant = Some(text.trim().to_lowercase()).filter(|meant| hex(meant));
    Err(Problem::new(format!("`{text}` is not a fingerprint"))
        .nearest(meant)
        .help("it has 16 hex digits, as reports show it"))
}
