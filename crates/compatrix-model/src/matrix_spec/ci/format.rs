//! Formats of `[ci]`. What is spelled like this can stand in a workflow and on a command line as it is: no letter of it
//! means anything to a shell, to YAML inside quotes, or to GitHub's expressions.

use std::time::Duration;

use shaped_toml::{refuse_nul, Problem, TextFormat};

use super::cron;
use crate::apt;
use crate::matrix_spec::format::{amount, relative_path};

/// What a string of `[ci]` must look like.
#[derive(Debug, Clone, Copy)]
pub(super) enum CiFormat {
    /// The time limit of a job: `1h`.
    JobTime,
    /// A number of days: `14d`.
    Days,
    /// The label of a runner: `ubuntu-24.04`.
    RunnerLabel,
    /// A branch, or a pattern of branches with `*` and `**`.
    Branch,
    /// A branch that CI writes.
    OwnBranch,
    /// Five fields of cron.
    Cron,
    /// The path of a script below the workspace root, of letters that no shell reads.
    ScriptPath,
    /// The name of a Debian package, without a version.
    DebianPackage,
    /// A git repository, by https.
    GitUrl,
    /// A whole commit.
    Rev,
    /// A version as cargo installs it.
    ToolVersion,
    /// A folder, relative to the workspace root; it may be above it.
    ToolPath,
}

impl TextFormat for CiFormat {
    fn check(&self, text: &str) -> Result<(), Problem> {
        refuse_nul(text)?;
        match self {
            CiFormat::JobTime => job_time(text).map(drop),
            CiFormat::Days => days(text).map(drop),
            CiFormat::RunnerLabel => runner_label(text),
            CiFormat::Branch => branch(text),
            CiFormat::OwnBranch => own_branch(text),
            CiFormat::Cron => cron::parse(text).map(drop),
            CiFormat::ScriptPath => script_path(text),
            CiFormat::DebianPackage => debian_package(text),
            CiFormat::GitUrl => git_url(text),
            CiFormat::Rev => rev(text),
            CiFormat::ToolVersion => tool_version(text),
            CiFormat::ToolPath => tool_path(text),
        }
    }

    fn describe(&self) -> String {
        let text = match self {
            CiFormat::JobTime => "whole number and unit: `30m`, `2h`",
            CiFormat::Days => "days: `14d`",
            CiFormat::RunnerLabel => "label of a runner: `ubuntu-24.04`",
            CiFormat::Branch => "branch or pattern: `main`, `release/*`",
            CiFormat::OwnBranch => "branch: `bench-evidence`",
            CiFormat::Cron => "cron schedule: `17 3 * * *`",
            CiFormat::ScriptPath => "path of a script: `ci/run.sh`",
            CiFormat::DebianPackage => "Debian package: `valgrind`",
            CiFormat::GitUrl => "https URL of a git repository",
            CiFormat::Rev => "commit of 40 hex digits",
            CiFormat::ToolVersion => "published version: `0.4.1`",
            CiFormat::ToolPath => "folder relative to the workspace root: `tools/compatrix`",
        };
        text.to_owned()
    }

    fn pattern(&self) -> Option<&'static str> {
        Some(match self {
            CiFormat::JobTime => r"^\d+(s|m|h)$",
            CiFormat::Days => r"^[1-9]\d?d$",
            CiFormat::RunnerLabel => r"^[A-Za-z0-9][A-Za-z0-9._-]*$",
            CiFormat::Branch => r"^[A-Za-z0-9_*][A-Za-z0-9._*/-]*$",
            CiFormat::OwnBranch => r"^[A-Za-z0-9_][A-Za-z0-9._/-]*$",
            CiFormat::Cron => r"^[0-9A-Za-z*,/-]+( [0-9A-Za-z*,/-]+){4}$",
            CiFormat::ScriptPath => r"^[A-Za-z0-9._+][A-Za-z0-9._+/-]*$",
            CiFormat::DebianPackage => r"^[a-z0-9][a-z0-9+.-]*[a-z0-9+.]$",
            CiFormat::GitUrl => r"^https://[A-Za-z0-9.-]+(/[A-Za-z0-9._~-]+)+$",
            CiFormat::Rev => r"^[0-9a-f]{40}$",
            CiFormat::ToolVersion => r"^\d+\.\d+\.\d+(-[0-9A-Za-z.-]+)?$",
            CiFormat::ToolPath => r"^[A-Za-z0-9._+][A-Za-z0-9._+/-]*$",
        })
    }
}

/// GitHub's time limit for a job on its runners.
/// Source: docs.github.com, "Actions limits", job execution time.
const LONGEST_JOB: Duration = Duration::from_secs(6 * 60 * 60);
/// Less would end jobs while they install toolchains.
const SHORTEST_JOB: Duration = Duration::from_secs(5 * 60);
/// The longest that GitHub keeps artifacts of public repositories.
/// Source: docs.github.com, "Workflow syntax", artifact and log retention.
const MOST_DAYS: u32 = 90;

/// The time limit of a job, in minutes: `1h`, `90m`.
pub(super) fn job_time(text: &str) -> Result<u32, Problem> {
    let time = amount(text).map_err(|problem| match problem.nearest_text() {
        Some(_) => problem,
        None => Problem::new(format!("`{text}` is not a time limit")).help("write minutes or hours: `90m`, `2h`"),
    })?;
    if time < SHORTEST_JOB {
        let problem = Problem::new(format!("a job cannot do anything in `{text}`"));
        return Err(problem.help("the shortest time limit of a job is `5m`"));
    }
    if time > LONGEST_JOB {
        let problem = Problem::new(format!("no job of GitHub Actions may take `{text}`")).help("the longest is `6h`");
        return Err(problem);
    }
    let minutes = u32::try_from(time.as_secs() / 60).unwrap_or_default();
    if time.as_millis() != u128::from(minutes) * 60_000 {
        let problem = Problem::new(format!("`{text}` is not a whole number of minutes"));
        return Err(problem.nearest(format!("{}m", minutes + 1)));
    }
    Ok(minutes)
}

/// Retention of artifacts in days: `14d`.
pub(super) fn days(text: &str) -> Result<u32, Problem> {
    let digits = text.len() - text.trim_start_matches(|c: char| c.is_ascii_digit()).len();
    let (number, unit) = text.split_at(digits);
    let bad = || Problem::new(format!("`{text}` is not a number of days")).help("write days: `14d`");
    let number: u32 = number.parse().map_err(|_| bad())?;
    let meant = match unit.trim().to_lowercase().as_str() {
        "" | "d" | "day" | "days" => Some(number),
        "w" | "week" | "weeks" => number.checked_mul(7),
        _ => return Err(bad()),
    };
    if unit != "d" {
        return Err(bad().nearest(meant.map(|days| format!("{days}d"))));
    }
    if !(1..=MOST_DAYS).contains(&number) {
        let problem = Problem::new(format!("GitHub does not keep artifacts for `{text}`"));
        return Err(problem.help(format!("write a number of days from `1d` to `{MOST_DAYS}d`")));
    }
    Ok(number)
}

/// The label of a runner. GitHub allows more; these are the ones that need no quoting anywhere.
fn runner_label(text: &str) -> Result<(), Problem> {
    let first = text.starts_with(|c: char| c.is_ascii_alphanumeric());
    if first && text.len() <= 100 && text.chars().all(|c| c.is_ascii_alphanumeric() || "._-".contains(c)) {
        return Ok(());
    }
    let problem = Problem::new(format!("{text:?} cannot be the label of a runner"));
    Err(problem.help("use letters, digits, `.`, `_`, `-`, as in `ubuntu-24.04`"))
}

/// A branch, or a pattern of branches: what git allows (git-check-ref-format(1)), of plain letters only, and of GitHub's
/// pattern signs those that no branch has in its name, `*` and `**`. `!` would take back what stands before it, `+` and
/// `?` may be in names and mean something else in patterns.
/// Source: docs.github.com, "Workflow syntax", filter pattern cheat sheet.
fn branch(text: &str) -> Result<(), Problem> {
    let plain = |c: char| c.is_ascii_alphanumeric() || "._-*".contains(c);
    let part = |part: &str| {
        !part.is_empty()
            && part.chars().all(plain)
            && !part.starts_with('.')
            && !part.ends_with(".lock")
            && !part.contains("..")
            && !part.contains("***")
    };
    let whole = !text.starts_with('-')
        && !text.starts_with("refs/")
        && !text.ends_with('.')
        && text.len() <= 200
        && text != "HEAD";
    if whole && text.split('/').all(part) {
        return Ok(());
    }
    let short = text.strip_prefix("refs/heads/").or_else(|| text.strip_prefix("origin/"));
    let meant = short.filter(|short| branch(short).is_ok()).map(str::to_owned);
    let problem = Problem::new(format!("{text:?} is not a branch that a workflow can name")).nearest(meant);
    Err(problem.help("use letters, digits, `.`, `_`, `-`, `/`, and the globs `*` and `**`: `main`, `release/*`"))
}

/// One branch, not a pattern of branches.
fn own_branch(text: &str) -> Result<(), Problem> {
    if text.contains('*') {
        let problem = Problem::new(format!("{text:?} is a pattern, and one branch is needed"));
        return Err(problem.help("write a name without `*`, such as `bench-evidence`"));
    }
    branch(text)
}

/// A script below the root, as bash gets it.
fn script_path(text: &str) -> Result<(), Problem> {
    relative_path(text)?;
    let plain = |c: char| c.is_ascii_alphanumeric() || "._+-/".contains(c);
    let folder = text.ends_with('/') || text.split('/').any(|part| part.is_empty() || part == ".");
    if text.chars().all(plain) && !text.starts_with('-') && !folder {
        return Ok(());
    }
    let meant = text.strip_prefix("./").filter(|meant| script_path(meant).is_ok()).map(str::to_owned);
    let problem = Problem::new(format!("{text:?} is not the path of a script that a workflow can name")).nearest(meant);
    Err(problem.help("use letters, digits, `.`, `_`, `+`, `-`, `/`, as in `ci/run.sh`"))
}

/// A package as apt-get installs it, without a version: runners follow their image's archive.
fn debian_package(text: &str) -> Result<(), Problem> {
    let package = apt::Package::parse(text);
    // Behind a name, apt-get reads `-` as "remove it".
    if package.as_ref().is_some_and(|package| package.version.is_none() && !package.name.ends_with('-')) {
        return Ok(());
    }
    let name = package.map(|package| package.name.trim_end_matches('-').to_owned());
    let problem = Problem::new(format!("{text:?} is not the name of a Debian package")).nearest(name);
    Err(problem.help("write it as apt-get has it, without a version: `valgrind`"))
}

/// Whether a workflow can name this branch, or pattern of branches.
pub fn is_branch(text: &str) -> bool {
    branch(text).is_ok()
}

/// A repository that anybody can read. Other schemes need keys, and a name or password in a URL would be published.
fn git_url(text: &str) -> Result<(), Problem> {
    let plain = |part: &str| {
        let letters = part.chars().all(|c| c.is_ascii_alphanumeric() || "._~-".contains(c));
        letters && !part.is_empty() && !part.starts_with('-') && part != "." && part != ".."
    };
    let rest = text.strip_prefix("https://").unwrap_or_default();
    if rest.split('/').count() > 1 && rest.split('/').all(plain) {
        return Ok(());
    }
    let (start, path) = (text.trim_end_matches('/'), text.strip_prefix("git@").and_then(|rest| rest.split_once(':')));
    let meant = path.map(|(host, path)| format!("https://{host}/{path}"));
    let meant = meant.or_else(|| Some(start.replacen("http://", "https://", 1)).filter(|meant| meant != text));
    let problem = Problem::new(format!("{text:?} is not the URL of a git repository that a workflow can name"));
    let problem = problem.nearest(meant.filter(|meant| git_url(meant).is_ok()));
    Err(problem.help("write `https://HOST/OWNER/NAME`, without a user, a password or a query"))
}

/// A whole commit: a branch or a tag may move, and a short one may become ambiguous.
fn rev(text: &str) -> Result<(), Problem> {
    let is_whole =
        |text: &str| text.len() == 40 && text.bytes().all(|b| b.is_ascii_digit() || (b'a'..=b'f').contains(&b));
    if is_whole(text) {
        return Ok(());
    }
    let meant = Some(text.to_ascii_lowercase()).filter(|meant| is_whole(meant));
    let problem = Problem::new(format!("{text:?} is not a whole commit")).nearest(meant);
    Err(problem.help("write all 40 hex digits in lower case, as `git rev-parse` prints them"))
}

/// A version that `cargo install --version =X` takes; build metadata is no part of it.
fn tool_version(text: &str) -> Result<(), Problem> {
    let whole = semver::Version::parse(text).is_ok_and(|version| version.build.is_empty());
    if whole {
        return Ok(());
    }
    let bare = text.trim().trim_start_matches(['v', '=', '^', '~', ' ']);
    let meant = Some(bare).filter(|bare| *bare != text && tool_version(bare).is_ok());
    let problem = Problem::new(format!("{text:?} is not a whole version")).nearest(meant.map(str::to_owned));
    Err(problem.help("write all three numbers, as it was published: `0.4.1`"))
}

/// A folder as cargo gets it. It may be above the workspace root, where that is not the root of the repository.
fn tool_path(text: &str) -> Result<(), Problem> {
    let inside = text.trim_start_matches("../");
    let up = text.len() - inside.len();
    let part = |part: &str| {
        let plain = part.chars().all(|c| c.is_ascii_alphanumeric() || "._+-".contains(c));
        plain && !part.is_empty() && part != "." && part != ".."
    };
    let only_up = up > 0 && (inside.is_empty() || inside == "..");
    if !text.starts_with('-') && (only_up || text == ".." || inside.split('/').all(part)) {
        return Ok(());
    }
    let bare = text.trim_start_matches("./").trim_end_matches('/');
    let meant = Some(bare).filter(|bare| *bare != text && tool_path(bare).is_ok()).map(str::to_owned);
    let problem = Problem::new(format!("{text:?} is not a folder that a workflow can name")).nearest(meant);
    Err(problem.help("write a path relative to the workspace root, of letters, digits, `.`, `_`, `+`, `-`, `/`"))
}
