//! Formats that are of this field: toolchains, SQLite versions, fixtures, platforms.

use semver::Version;
use shaped_toml::{date, nearest, Problem};

use crate::apt;
use crate::axis::ValueName;
use crate::condition::partial_version;
use crate::matrix_spec::sqlite;

const SYSTEMS: &[&str] = &["linux", "macos", "windows", "freebsd", "netbsd", "openbsd", "illumos", "android", "ios"];
const ARCHITECTURES: &[&str] =
    &["x86_64", "aarch64", "x86", "arm", "riscv64", "powerpc64", "s390x", "loongarch64", "wasm32"];
/// Foreign names of the same things.
const PLATFORM_ALIASES: &[(&str, &str)] =
    &[("darwin", "macos"), ("osx", "macos"), ("win", "windows"), ("amd64", "x86_64"), ("arm64", "aarch64")];

pub(super) fn toolchain(text: &str) -> Result<(), Problem> {
    let bad = |why: String| {
        Problem::new(why).help(
            "a toolchain is `stable`, `beta`, `nightly`, one of a day such as `nightly-2026-05-19`, a version such as \
             `1.70` or `1.70.0`, or a folder: `{ name = \"debian\", path = \"/opt/rust\" }`",
        )
    };
    if distribution(text) {
        return Err(unknown_distribution(text, "rust = \"rustc\", cargo = \"cargo\""));
    }
    let (channel, day) = text.split_once('-').map_or((text, None), |(channel, day)| (channel, Some(day)));
    if ["stable", "beta", "nightly"].contains(&channel) {
        return match day {
            None => Ok(()),
            Some(day) => date(day).map_err(|problem| {
                let why = format!("`{day}` is not a day that a toolchain can be of");
                match problem.nearest_text() {
                    Some(day) => Problem::new(why).nearest(format!("{channel}-{day}")),
                    None => bad(why),
                }
                .label("a day reads `YYYY-MM-DD`")
            }),
        };
    }
    let parts: Vec<&str> = channel.split('.').collect();
    let beta = |tag: &str| {
        tag.strip_prefix("beta")
            .is_some_and(|n| n.is_empty() || (n.starts_with('.') && partial_version(&n[1..]).is_some()))
    };
    match (partial_version(channel), parts.len(), day) {
        (Some(version), 2 | 3, None) if version.major == 1 => Ok(()),
        (Some(version), 3, Some(tag)) if version.major == 1 && beta(tag) => Ok(()),
        (Some(version), 2 | 3, None) => {
            Err(bad(format!("there is no Rust {}", version.major)).label("no such release"))
        }
        _ => {
            let trimmed = text.trim().trim_start_matches(['v', 'V', '=', '^', '~']);
            let trimmed =
                trimmed.strip_prefix("rust-").unwrap_or(trimmed).trim_end_matches(".x").trim_end_matches(".*");
            let digits = trimmed.replace(['o', 'O'], "0").replace(['l', 'I'], "1");
            let candidates = [trimmed.to_owned(), digits];
            let version = candidates.into_iter().find(|c| c != text && toolchain(c).is_ok());
            let word = nearest(channel, ["stable", "beta", "nightly"]).map(str::to_owned);
            Err(match version.or(word) {
                Some(meant) => Problem::new(format!("`{text}` is not a toolchain")).nearest(meant),
                None => bad(format!("`{text}` is not a toolchain")),
            })
        }
    }
}

pub(super) fn sqlite_value(text: &str) -> Result<(), Problem> {
    let list = || sqlite::AMALGAMATIONS.iter().map(|(version, _)| *version);
    let all = || ["bundled", "host"].into_iter().chain(list());
    if distribution(text) {
        return Err(unknown_distribution(text, "sqlite = \"libsqlite3-0\""));
    }
    match text {
        "bundled" | "host" => Ok(()),
        "system" | "installed" => {
            Err(Problem::new(format!("`{text}` is not a SQLite")).known(text, all()).nearest("host".to_owned()))
        }
        _ => match (text.parse::<Version>().ok(), partial_version(text)) {
            (Some(version), Some(_)) if sqlite::crate_version(&version).is_some() => Ok(()),
            (_, Some(version)) => {
                let spelled = sqlite::crate_version(&version).map(|_| version.to_string());
                let minor = list().find(|known| known.starts_with(&format!("{text}."))).map(str::to_owned);
                if let Some(exact) = spelled.or(minor) {
                    let problem = Problem::new(format!("SQLite `{text}` is not an exact version"));
                    return Err(problem.nearest(exact).label("needs three numbers"));
                }
                let (lower, higher) = sqlite::neighbours(&version);
                let near: Vec<String> = [lower, higher].into_iter().flatten().map(|v| format!("`{v}`")).collect();
                Err(Problem::new(format!("SQLite `{text}` is not available"))
                    .label("no libsqlite3-sys package carries it")
                    .known("", all())
                    .help(format!("the nearest available versions are {}", near.join(" and "))))
            }
            _ => Err(Problem::new(format!("`{text}` is not a SQLite")).known(text, all())),
        },
    }
}

/// A value that looks like the name of a distribution that the spec does not define.
fn unknown_distribution(text: &str, packages: &str) -> Problem {
    Problem::new(format!("`{text}` needs a table `[distro.{text}]`"))
        .help(format!("add `[distro.{text}]` with `apt = {{ suite = \"bookworm\", {packages} }}`"))
}

/// An entry of apt's sources that can be used, and with checks.
pub(super) fn apt_source(text: &str) -> Result<(), Problem> {
    let help =
        "write `deb [signed-by=/path/to/key] https://host/debian bookworm main`, or a stanza of a `.sources` file";
    let sources = apt::parse(text).map_err(|why| Problem::new(why.to_string()).help(help))?;
    if sources.is_empty() {
        return Err(Problem::new("no binary packages come from here").help(help));
    }
    let words = text.to_lowercase().replace([' ', '\t'], "");
    if words.contains("trusted=yes") || words.contains("trusted:yes") {
        let problem = Problem::new("`trusted=yes` switches apt's signatures off").part(0..text.len());
        return Err(problem.help("name the archive's key instead: `[signed-by=/path/to/key]`"));
    }
    Ok(())
}

/// Whether the text looks like a release of a Linux distribution.
fn distribution(text: &str) -> bool {
    ["debian-", "ubuntu-", "fedora-", "alpine-"].iter().any(|name| text.starts_with(name))
}

/// The name or glob of fixtures, without the folder `fixtures/`.
pub(crate) fn fixture(text: &str) -> Result<&str, Problem> {
    let glob = text.strip_prefix("./").unwrap_or(text);
    let glob = glob.strip_prefix("fixtures/").unwrap_or(glob);
    if glob.contains(['/', '\\']) {
        let last = glob.rsplit(['/', '\\']).next().filter(|last| !last.is_empty()).unwrap_or("*");
        return Err(Problem::new(format!("`{text}` is not below `fixtures/`"))
            .nearest(format!("fixtures/{last}"))
            .help("fixtures are the folders right below `compat/fixtures`"));
    }
    if ValueName::new(glob.replace(['*', '?'], "x")).is_err() {
        return Err(Problem::new(format!("`{text}` is neither a fixture's name nor a glob"))
            .help("write `fixtures/*`, a folder's name such as `v24`, or a glob such as `v24*`"));
    }
    Ok(glob)
}

/// Targets that people test, to find what a misspelled one was meant to be. Others are targets, too: only rustc knows all
/// of them, and is asked when it is there.
const TARGETS: &[&str] = &[
    "x86_64-pc-windows-gnu",
    "x86_64-pc-windows-gnullvm",
    "x86_64-pc-windows-msvc",
    "i686-pc-windows-gnu",
    "aarch64-pc-windows-msvc",
    "aarch64-apple-darwin",
    "x86_64-apple-darwin",
    "x86_64-unknown-linux-gnu",
    "x86_64-unknown-linux-musl",
    "aarch64-unknown-linux-gnu",
    "aarch64-unknown-linux-musl",
    "i686-unknown-linux-gnu",
    "armv7-unknown-linux-gnueabihf",
    "riscv64gc-unknown-linux-gnu",
    "wasm32-wasip1",
];

pub(super) fn target(text: &str) -> Result<(), Problem> {
    let parts: Vec<&str> = text.split('-').collect();
    let plain = |part: &&str| {
        !part.is_empty() && part.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || "_.".contains(c))
    };
    let alias = match parts.as_slice() {
        [_, "windows", abi] => Some(format!("{}-pc-windows-{abi}", parts[0])),
        [_, "linux", abi] => Some(format!("{}-unknown-linux-{abi}", parts[0])),
        [_, "macos" | "darwin"] => Some(format!("{}-apple-darwin", parts[0])),
        _ => None,
    };
    let near = || alias.clone().or_else(|| nearest(text, TARGETS.iter().copied()).map(str::to_owned));
    let bad = |why: String| {
        Problem::new(why).nearest(near()).help("write it as `rustc --print target-list` does: `x86_64-pc-windows-gnu`")
    };
    if !(2..=4).contains(&parts.len()) || !parts.iter().all(plain) || alias.is_some() {
        return Err(bad(format!("`{text}` is not a target")));
    }
    Ok(())
}

/// Where a path of Windows leads that is of one machine: `C:\wine`, `C:/wine`, `\\server\share`.
pub(super) fn place_of_one_machine(text: &str) -> Option<&'static str> {
    if text.as_bytes().get(1) == Some(&b':') && text.starts_with(|c: char| c.is_ascii_alphabetic()) {
        Some("a drive of one machine")
    } else if text.starts_with(r"\\") {
        Some("another machine's share")
    } else {
        None
    }
}

/// A backslash is between folders on Windows, and a part of a name elsewhere.
pub(super) fn no_backslash(text: &str, help: &str) -> Result<(), Problem> {
    if text.contains('\\') {
        return Err(Problem::new(format!("`{text}` has a backslash")).nearest(text.replace('\\', "/")).help(help));
    }
    Ok(())
}

pub(super) fn runner_word(text: &str) -> Result<(), Problem> {
    let help = "write a program on PATH (`wine64`), or a file below the workspace root with `/` (`ci/run.sh`)";
    if text.trim().is_empty() {
        Err(Problem::new("an empty word").help(help))
    } else if let Some(place) = place_of_one_machine(text) {
        Err(Problem::new(format!("`{text}` is on {place}")).help(help))
    } else {
        no_backslash(text, help)
    }
}

pub(super) fn platform(text: &str) -> Result<(), Problem> {
    let alias = |part: &str| PLATFORM_ALIASES.iter().find(|(a, _)| *a == part).map_or(part, |(_, b)| *b).to_owned();
    let (system, arch) = text.split_once('-').unwrap_or((text, ""));
    if SYSTEMS.contains(&system) && ARCHITECTURES.contains(&arch) {
        return Ok(());
    }
    let near = |part: &str, known: &[&str]| {
        let part = alias(part);
        nearest(&part, known.iter().copied()).map(str::to_owned)
    };
    let meant = near(system, SYSTEMS).zip(near(arch, ARCHITECTURES)).map(|(s, a)| format!("{s}-{a}"));
    Err(Problem::new(format!("`{text}` is not a platform")).nearest(meant).help(format!(
        "write an operating system ({}), `-`, an architecture ({})",
        SYSTEMS.join(", "),
        ARCHITECTURES.join(", ")
    )))
}
