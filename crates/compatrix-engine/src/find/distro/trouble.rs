//! Errors with a distribution's packages, worded for people, and classified by whether our side is at fault.

use compatrix_model::apt::Request;

/// Why packages are not available.
#[derive(Debug)]
pub(super) enum AptTrouble {
    /// Not available here or now; the reason.
    Unavailable(String),
    /// The archive cannot be reached: the reason, which holds for every other package of it.
    NoNetwork(String),
    /// apt's lists name a file that the archive no longer has; fetching them again may help.
    Outdated(String),
    /// The user ended it.
    Interrupted,
    /// Our side failed: disk, processes.
    Ours(anyhow::Error),
}

impl From<anyhow::Error> for AptTrouble {
    fn from(error: anyhow::Error) -> Self {
        match format!("{error:#}") {
            text if is_machine(&text) => AptTrouble::Ours(error),
            text => AptTrouble::Unavailable(text),
        }
    }
}

/// Whether a message is about the machine, not the packages.
fn is_machine(text: &str) -> bool {
    let signs =
        ["No space left on device", "enough free space", "Disk quota exceeded", "Read-only file system", "os error 28"];
    signs.iter().any(|sign| text.contains(sign))
}

/// Classifies apt's messages. `said` is standard error; `list` is standard output with unmet dependencies.
pub(super) fn explain(said: &str, list: &str, request: &Request) -> AptTrouble {
    let lines = || said.lines().map(str::trim).filter(|line| !line.is_empty());
    let line_of = |signs: &[&str]| lines().find(|line| signs.iter().any(|sign| line.contains(sign))).map(bare);
    if is_machine(said) {
        return AptTrouble::Ours(anyhow::anyhow!("{}", line_of(&["space", "quota", "Read-only"]).unwrap_or_default()));
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
        return AptTrouble::NoNetwork(format!("its archive cannot be reached: {line}"));
    }
    if let Some(line) = line_of(&signature) {
        return AptTrouble::Unavailable(format!("not trusted: {line}"));
    }
    if let Some(line) = line_of(&expired).filter(|line| line.contains("expired") || line.contains("not valid")) {
        return AptTrouble::Unavailable(format!("not trusted: {line}"));
    }
    if let Some(line) = line_of(&lists) {
        return AptTrouble::Unavailable(format!(
            "there is no suite `{suite}` there: {line}; name another suite or source"
        ));
    }
    if let Some(line) = line_of(&missing) {
        return AptTrouble::Unavailable(format!(
            "the suite `{suite}` does not have it: {line}; search the distribution's packages for a suite that does"
        ));
    }
    if said.contains("unmet dependencies") || said.contains("Unable to correct problems") || list.contains("Depends:") {
        let unmet: Vec<&str> = list.lines().map(str::trim).filter(|line| line.contains("Depends: ")).collect();
        let unmet = if unmet.is_empty() { line_of(&["E:"]).unwrap_or_default() } else { unmet.join("; ") };
        return AptTrouble::Unavailable(format!(
            "its dependencies cannot be met in the suite `{suite}`: {}",
            words(&unmet)
        ));
    }
    if let Some(line) = line_of(&["404", "File not found", "No such file or directory"]) {
        return AptTrouble::Outdated(format!("the archive lacks a file from its list: {line}"));
    }
    let last = lines().rfind(|line| line.starts_with("E:")).or_else(|| lines().next_back()).map(bare);
    AptTrouble::Unavailable(format!("apt failed: {}", last.unwrap_or_else(|| "without a word".to_owned())))
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

#[cfg(test)]
mod tests {
    use super::*;

    /// Messages of apt 2.6 and 3.0 with their meaning.
    #[test]
    fn apt_s_words_are_understood() {
        #[track_caller]
        fn check(said: &str, list: &str, expected: &str) {
            let request =
                Request { suite: "bookworm".to_owned(), packages: Vec::new(), sources: Vec::new(), root: false };
            let told = match explain(said, list, &request) {
                AptTrouble::Unavailable(reason) => reason,
                AptTrouble::NoNetwork(reason) => format!("network: {reason}"),
                AptTrouble::Outdated(reason) => format!("outdated: {reason}"),
                AptTrouble::Interrupted => "interrupted".to_owned(),
                AptTrouble::Ours(error) => format!("ours: {error}"),
            };
            assert_eq!(told, expected);
        }
        check(
            "W: Failed to fetch http://archive.example/debian/dists/bookworm/InRelease  Temporary failure resolving 'archive.example'\n\
             W: Some index files failed to download. They have been ignored, or old ones used instead.\n",
            "",
            "network: its archive cannot be reached: Failed to fetch http://archive.example/debian/dists/bookworm/InRelease \
             Temporary failure resolving 'archive.example'",
        );
        check(
            "E: Release file for http://x/InRelease is expired (invalid since 1d 2h). Updates for this repository will not be applied.\n",
            "",
            "not trusted: Release file for http://x/InRelease is expired (invalid since 1d 2h). Updates for this repository \
             will not be applied",
        );
        check(
            "W: GPG error: http://x bookworm InRelease: The following signatures were invalid: BADSIG 0E98404D386FA1D9 A\n\
             E: The repository 'http://x bookworm InRelease' is not signed.\n",
            "",
            "not trusted: GPG error: http://x bookworm InRelease: The following signatures were invalid: BADSIG \
             0E98404D386FA1D9 A",
        );
        check(
            "E: Failed to fetch http://x/a.deb  File has unexpected size (3 != 4). Mirror sync in progress?\n",
            "",
            "not trusted: Failed to fetch http://x/a.deb File has unexpected size (3 != 4). Mirror sync in progress?",
        );
        check(
            "E: Unable to correct problems, you have held broken packages.\n",
            "The following packages have unmet dependencies:\n rustc-web : Depends: gcc but it is not installable\n             \
             Depends: libc-dev\nE: x\n",
            "its dependencies cannot be met in the suite `bookworm`: rustc-web : Depends: gcc but it is not installable; \
             Depends: libc-dev",
        );
        check("E: Package 'x' has no installation candidate\n", "", "the suite `bookworm` does not have it: Package 'x' has no installation candidate; search the distribution's packages for a suite that does");
        check("E: Failed to fetch http://x/a.deb  404  Not Found [IP: 1.2.3.4 80]\n", "", "outdated: the archive lacks a file from its list: Failed to fetch http://x/a.deb 404 Not Found [IP: 1.2.3.4 80]");
        check(
            "E: You don't have enough free space in /c/archives/.\n",
            "",
            "ours: You don't have enough free space in /c/archives/",
        );
        check(
            "E: Write error - write (28: No space left on device)\nE: 404\n",
            "",
            "ours: Write error - write (28: No space left on device)",
        );
        check("W: a warning\nE: first\nE: what nobody foresaw.\n", "", "apt failed: what nobody foresaw");
        check("", "", "apt failed: without a word");
    }

    #[test]
    fn a_full_disk_is_no_fault_of_a_package() {
        let trouble = |text: &str| AptTrouble::from(anyhow::anyhow!("{text}"));
        assert!(matches!(
            trouble("`dpkg-deb -x` failed: tar: write error: No space left on device"),
            AptTrouble::Ours(_)
        ));
        assert!(matches!(trouble("there is no libsqlite3.so.0 in x"), AptTrouble::Unavailable(_)));
    }
}
