//! GitHub's runners by their labels: the platform of each, and which labels no machine answers to any more.
//!
//! Sources: docs.github.com, "GitHub-hosted runners reference"; the announcements of `actions/runner-images`, whose numbers
//! are in the table.

/// A label that GitHub retired: a job on it never starts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Retired {
    /// The day: `2025-06-30`.
    pub on: &'static str,
    /// The announcement's number among the issues of `actions/runner-images`.
    pub announcement: u32,
}

/// System, version and last day of each image that GitHub announced the end of.
const ENDS: [(&str, &str, Retired); 12] = [
    ("ubuntu", "16.04", Retired { on: "2021-09-20", announcement: 3287 }),
    ("ubuntu", "18.04", Retired { on: "2023-04-03", announcement: 6002 }),
    ("ubuntu", "20.04", Retired { on: "2025-04-15", announcement: 11101 }),
    ("ubuntu", "22.04", Retired { on: "2027-04-17", announcement: 14254 }),
    ("macos", "10.15", Retired { on: "2022-12-01", announcement: 5583 }),
    ("macos", "11", Retired { on: "2024-06-28", announcement: 9255 }),
    ("macos", "11.0", Retired { on: "2024-06-28", announcement: 9255 }),
    ("macos", "12", Retired { on: "2024-12-03", announcement: 10721 }),
    ("macos", "13", Retired { on: "2025-12-08", announcement: 13046 }),
    ("macos", "14", Retired { on: "2026-11-02", announcement: 13518 }),
    ("windows", "2016", Retired { on: "2022-03-15", announcement: 4312 }),
    ("windows", "2019", Retired { on: "2025-06-30", announcement: 12045 }),
];

/// Months of a date, for people.
const MONTHS: [&str; 12] = [
    "January",
    "February",
    "March",
    "April",
    "May",
    "June",
    "July",
    "August",
    "September",
    "October",
    "November",
    "December",
];

impl std::fmt::Display for Retired {
    /// `retired by GitHub in June 2025`
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let month = self.on[5..7].parse::<usize>().ok().and_then(|month| MONTHS.get(month.wrapping_sub(1)));
        write!(f, "retired by GitHub in {} {}", month.unwrap_or(&"the year"), &self.on[..4])
    }
}

/// Whether a label is retired on a day (`YYYY-MM-DD`). Labels of self-hosted machines never are.
pub fn retired(label: &str, today: &str) -> Option<Retired> {
    let label = label.trim().to_ascii_lowercase();
    let (system, version, _) = split(&label)?;
    let end = ENDS.iter().find(|(of, number, _)| *of == system && *number == version);
    end.map(|(_, _, end)| *end).filter(|end| end.on <= today)
}

/// The platform of a GitHub-hosted runner's label, as spelled in specs: `windows-latest` is `windows-x86_64`. `None` for
/// labels that are not GitHub's.
pub fn platform(label: &str) -> Option<String> {
    let label = label.trim().to_ascii_lowercase();
    let (system, version, rest) = split(&label)?;
    let has = |word: &str| rest.split('-').any(|part| part == word);
    let arm = has("arm") || has("arm64");
    let arch = match system {
        // Apple silicon from macos-14 on; `large` and `intel` mean Intel machines.
        "macos" => {
            let old = version.split('.').next().and_then(|n| n.parse::<u32>().ok()).is_some_and(|n| n < 14);
            let intel = has("large") || has("intel") || (old && !has("xlarge") && !arm);
            if intel {
                "x86_64"
            } else {
                "aarch64"
            }
        }
        _ if arm => "aarch64",
        _ => "x86_64",
    };
    Some(format!("{}-{arch}", if system == "ubuntu" { "linux" } else { system }))
}

/// Why a label cannot be the runner of a platform.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Misfit {
    /// No machine answers to it any more.
    Retired(Retired),
    /// Its machines are of this platform.
    Elsewhere(String),
}

impl std::fmt::Display for Misfit {
    /// A fragment that follows the label.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Misfit::Retired(retired) => write!(f, "was {retired}, so a job on it never starts"),
            Misfit::Elsewhere(platform) => write!(f, "is a runner of {platform}"),
        }
    }
}

/// What is wrong with a label as the runner of a platform, on a day (`YYYY-MM-DD`). Nothing is known against labels of
/// self-hosted machines.
pub fn misfit(of: &str, label: &str, today: &str) -> Option<Misfit> {
    let elsewhere = platform(label).filter(|platform| platform != of).map(Misfit::Elsewhere);
    elsewhere.or_else(|| retired(label, today).map(Misfit::Retired))
}

/// The platform of the machine that has all of these labels: `[self-hosted, linux, ARM64]`.
pub fn platform_of_all(labels: &[String]) -> Option<String> {
    let hosted = labels.iter().find_map(|label| platform(label));
    let lower: Vec<String> = labels.iter().map(|label| label.trim().to_ascii_lowercase()).collect();
    if hosted.is_some() || !lower.iter().any(|label| label == "self-hosted") {
        return hosted;
    }
    let one_of = |names: &[&'static str]| names.iter().find(|name| lower.iter().any(|label| label == *name)).copied();
    let arch = match one_of(&["x64", "arm64", "arm", "x86"])? {
        "x64" => "x86_64",
        "arm64" => "aarch64",
        "x86" => "i686",
        arch => arch,
    };
    Some(format!("{}-{arch}", one_of(&["linux", "macos", "windows"])?))
}

/// System, version and the rest of a label of GitHub's, which is in lower case.
fn split(label: &str) -> Option<(&str, &str, &str)> {
    let (system, rest) = label.split_once('-')?;
    let (version, rest) = rest.split_once('-').unwrap_or((rest, ""));
    let number = !version.is_empty() && version.bytes().all(|b| b.is_ascii_digit() || b == b'.');
    let known = number || version == "latest" || (system, version) == ("ubuntu", "slim");
    (["ubuntu", "macos", "windows"].contains(&system) && known).then_some((system, version, rest))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_label_fits_its_platform_or_is_named() {
        let said = |of: &str, label: &str| misfit(of, label, "2026-11-29").map(|misfit| misfit.to_string());
        assert_eq!(said("linux-x86_64", "ubuntu-24.04"), None);
        assert_eq!(said("linux-x86_64", "my-own-machine"), None);
        assert_eq!(said("linux-riscv64", "self-hosted"), None);
        assert_eq!(said("linux-x86_64", "windows-2025").unwrap(), "is a runner of windows-x86_64");
        assert_eq!(said("linux-x86_64", "ubuntu-24.04-arm").unwrap(), "is a runner of linux-aarch64");
        assert_eq!(said("macos-aarch64", "macos-15-intel").unwrap(), "is a runner of macos-x86_64");
        let retired = "was retired by GitHub in April 2023, so a job on it never starts";
        assert_eq!(said("linux-x86_64", "ubuntu-18.04").unwrap(), retired);
        assert_eq!(
            misfit("linux-x86_64", "ubuntu-22.04", "2026-11-29"),
            None,
            "its last day is known, and not yet over"
        );
    }

    #[test]
    fn platforms_of_labels() {
        for (label, expect) in [
            ("ubuntu-24.04", Some("linux-x86_64")),
            ("ubuntu-slim", Some("linux-x86_64")),
            ("ubuntu-latest-16-cores", Some("linux-x86_64")),
            ("ubuntu-24.04-arm", Some("linux-aarch64")),
            ("ubuntu-20.04", Some("linux-x86_64")),
            ("windows-11-arm", Some("windows-aarch64")),
            ("Windows-2025-vs2026", Some("windows-x86_64")),
            ("macOS-latest", Some("macos-aarch64")),
            ("macos-latest-large", Some("macos-x86_64")),
            ("macos-13", Some("macos-x86_64")),
            ("macos-13-xlarge", Some("macos-aarch64")),
            ("macos-15-intel", Some("macos-x86_64")),
            ("macos-26", Some("macos-aarch64")),
            ("self-hosted", None),
            ("ubuntu-", None),
            ("ubuntu", None),
            ("windows-gnu", None),
        ] {
            assert_eq!(platform(label).as_deref(), expect, "{label}");
        }
        let all =
            |labels: &[&str]| platform_of_all(&labels.iter().map(|label| (*label).to_owned()).collect::<Vec<_>>());
        assert_eq!(all(&["self-hosted", "Linux", "ARM64"]).as_deref(), Some("linux-aarch64"));
        assert_eq!(all(&["self-hosted", "macOS", "X64", "gpu"]).as_deref(), Some("macos-x86_64"));
        assert_eq!(all(&["ubuntu-latest"]).as_deref(), Some("linux-x86_64"));
        assert_eq!(all(&["self-hosted", "linux"]), None);
        assert_eq!(all(&["gpu", "linux", "x64"]), None);
    }

    #[test]
    fn a_label_is_retired_from_its_last_day_on() {
        let said = |label: &str, today: &str| retired(label, today).map(|retired| retired.to_string());
        assert_eq!(said("ubuntu-18.04", "2026-11-29").unwrap(), "retired by GitHub in April 2023");
        assert_eq!(said("macOS-12", "2026-11-29").unwrap(), "retired by GitHub in December 2024");
        assert_eq!(said("macos-13-xlarge", "2026-11-29").unwrap(), "retired by GitHub in December 2025");
        assert_eq!(said("windows-2019", "2025-06-30").unwrap(), "retired by GitHub in June 2025");
        assert_eq!(said("windows-2019", "2025-06-29"), None);
        assert_eq!(said("ubuntu-22.04-arm", "2026-11-29"), None);
        for label in ["ubuntu-latest", "ubuntu-24.04", "macos-15", "windows-2022", "my-ubuntu-18.04", "debian-18.04"] {
            assert_eq!(said(label, "2026-11-29"), None, "{label}");
        }
    }
}
