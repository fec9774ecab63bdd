//! What went wrong with a distribution's packages, in words for people; and what of it is our side's fault.

use compatrix_model::apt::Request;

/// Why something could not be had.
#[derive(Debug)]
pub(super) enum Trouble {
    /// It cannot be had here, or not now: the reason.
    Unavailable(String),
    /// The archive cannot be reached: the reason, which holds for every other package of it.
    NoNetwork(String),
    /// apt's lists name a file that the archive has no more; fetching them anew may help.
    Outdated(String),
    /// The user ended it.
    Interrupted,
    /// Our side failed: disk, processes.
    Ours(anyhow::Error),
}

impl From<anyhow::Error> for Trouble {
    fn from(error: anyhow::Error) -> Self {
        match format!("{error:#}") {
            text if is_machine(&text) => Trouble::Ours(error),
            text => Trouble::Unavailable(text),
        }
    }
}

/// Whether a message tells of the machine, not of the packages.
fn is_machine(text: &str) -> bool {
    let signs =
        ["No space left on device", "enough free space", "Disk quota exceeded", "Read-only file system", "os error 28"];
    signs.iter().any(|sign| text.contains(sign))
}

/// What apt's words mean. `said` is its standard error; `list` its standard output, where it lists what does not fit.
pub(super) fn explain(said: &str, list: &str, request: &Request) -> Trouble {
    let lines = || said.lines().map(str::trim).filter(|line| !line.is_empty());
    let line_of = |signs: &[&str]| lines().find(|line| signs.iter().any(|sign| line.contains(sign))).map(bare);
    if is_machine(said) {
        return Trouble::Ours(anyhow::anyhow!("{}", line_of(&["space", "quota", "Read-only"]).unwrap_or_default()));
    }
    let suite = &request.suite;
    let network = [
        "Temporary failure resolving",
        "Could not resolve",
        "Could not connect",
        "Unable to connect",
        "Connection timed out",
        "connection timed out",
        "Connection failed",
        "Cannot initiate the connection",
        "Network is unreachable",
        "Connection refused",
    ];
    let signature = [
        "is not signed",
        "NO_PUBKEY",
        "BADSIG",
        "EXPKEYSIG",
        "REVKEYSIG",
        "signatures were invalid",
        "signatures couldn't be verified",
        "Sub-process /usr/bin/sqv",
        "Hash Sum mismatch",
        "File has unexpected size",
        "insufficiently signed",
        "No Hash entry in Release file",
        "Clearsigned file isn't valid",
        "cannot be authenticated",
    ];
    let expired = ["is expired", "is not valid yet", "Release file for"];
    let lists = ["does not have a Release file", "no longer has a Release file", "does not have the component"];
    let missing = ["Unable to locate package", "has no installation candidate", "was not found", "Can't find a source"];
    if let Some(line) = line_of(&network) {
        return Trouble::NoNetwork(format!("its archive cannot be reached: {line}"));
    }
    if let Some(line) = line_of(&signature) {
        return Trouble::Unavailable(format!("not trusted: {line}"));
    }
    if let Some(line) = line_of(&expired).filter(|line| line.contains("expired") || line.contains("not valid")) {
        return Trouble::Unavailable(format!("not trusted: {line}"));
    }
    if let Some(line) = line_of(&lists) {
        return Trouble::Unavailable(format!(
            "there is no suite `{suite}` there: {line}; name another suite or source"
        ));
    }
    if let Some(line) = line_of(&missing) {
        return Trouble::Unavailable(format!(
            "the suite `{suite}` does not have it: {line}; packages.debian.org knows which suite does"
        ));
    }
    if said.contains("unmet dependencies") || said.contains("Unable to correct problems") || list.contains("Depends:") {
        let unmet: Vec<&str> = list.lines().map(str::trim).filter(|line| line.contains("Depends: ")).collect();
        let unmet = if unmet.is_empty() { line_of(&["E:"]).unwrap_or_default() } else { unmet.join("; ") };
        return Trouble::Unavailable(format!(
            "its dependencies cannot be met in the suite `{suite}`: {}",
            words(&unmet)
        ));
    }
    if let Some(line) = line_of(&["404", "File not found", "No such file or directory"]) {
        return Trouble::Outdated(format!("the archive does not have a file that its own list names: {line}"));
    }
    let last = lines().filter(|line| line.starts_with("E:")).last().or_else(|| lines().last()).map(bare);
    Trouble::Unavailable(format!("apt failed: {}", last.unwrap_or_else(|| "without a word".to_owned())))
}

/// A line without apt's marks in front of it.
fn bare(line: &str) -> String {
    let line = ["E: ", "W: ", "Err:"].iter().find_map(|mark| line.strip_prefix(mark)).unwrap_or(line);
    words(line).trim_end_matches('.').to_owned()
}

/// A text with single blanks.
fn words(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}
