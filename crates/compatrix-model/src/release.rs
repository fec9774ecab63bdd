//! The Rust releases that introduced editions, resolvers and lockfile formats. Sources: The Cargo Book, release notes.

use semver::Version;

/// The first Rust whose cargo parses an edition. Source: The Cargo Book and the Rust release notes.
pub fn of_edition(edition: &str) -> Option<Version> {
    let minor = match edition {
        "2015" => 0,
        "2018" => 31,
        "2021" => 56,
        "2024" => 85,
        _ => return None,
    };
    Some(Version::new(1, minor, 0))
}

/// The first Rust whose cargo reads a lockfile of this format; `None` for formats that are not known.
pub fn of_lockfile(format: i64) -> Option<Version> {
    match format {
        1 | 2 => Some(Version::new(1, 0, 0)),
        3 => Some(Version::new(1, 53, 0)),
        4 => Some(Version::new(1, 78, 0)),
        _ => None,
    }
}

/// The first Rust whose cargo supports a resolver.
pub fn of_resolver(resolver: &str) -> Option<Version> {
    match resolver {
        "1" => Some(Version::new(1, 0, 0)),
        "2" => Some(Version::new(1, 51, 0)),
        "3" => Some(Version::new(1, 84, 0)),
        _ => None,
    }
}

/// The newest minor version of Rust 1 that is out on a day (`YYYY-MM-DD`); `None` if it is no day. A release comes every six
/// weeks, without an exception since 1.0 of 2015-05-15; 1.95.0 is of 2026-04-16. Source: the Rust release notes.
pub fn newest_minor(today: &str) -> Option<u64> {
    const WEEKS: i64 = 6;
    // A clock or a time zone may be behind; a release that is announced for this week passes for one.
    let days = day_number(today)? - day_number("2015-05-15")? + 7;
    u64::try_from(days / (7 * WEEKS)).ok()
}

/// Whether a Rust can have been released by a day (`YYYY-MM-DD`). True if it is no day: nothing is known then. What is
/// installed here does not matter, because a committed file must not depend on it.
pub fn is_out(version: &Version, today: &str) -> bool {
    newest_minor(today).is_none_or(|newest| (version.major, version.minor) <= (1, newest))
}

/// How a compiler is another than the name of its toolchain says, as the rest of a sentence about the name; `None` if it
/// agrees, or if the name promises nothing (`mine`). `verbose` is what its `rustc -Vv` prints. The names are those of
/// rustup: `1.80`, `1.80.1`, `stable`, `nightly-2026-04-14`, each perhaps with a platform.
pub fn misnamed(name: &str, verbose: &str) -> Option<String> {
    let line = |key: &str| verbose.lines().find_map(|line| line.strip_prefix(key)?.strip_prefix(": ")).map(str::trim);
    let release = line("release")?;
    let named = Named::of(name)?;
    let version = Version::parse(release).ok()?;
    let is = || verbose.lines().next().unwrap_or(release).to_owned();
    if !named.is_release(&version) {
        return Some(format!("is {}", is()));
    }
    if let (Some(date), Some(committed)) = (named.date, line("commit-date").and_then(day_number)) {
        // A release of a day is made from a commit before it. Of other channels it may be weeks older.
        let most = if named.channel == "nightly" { MOST_DAYS } else { i64::MAX };
        let day = day_number(date)?;
        if committed > day || day - committed > most {
            return Some(format!("is {}, of another day", is()));
        }
    }
    let host = line("host")?;
    let of_platform = named.platform.split('-').all(|part| part.is_empty() || host.split('-').any(|own| own == part));
    (!of_platform).then(|| format!("is a compiler of {host}"))
}

/// The most days between a nightly's commit and its date.
const MOST_DAYS: i64 = 7;

/// A toolchain's name of rustup's: `channel[-date][-platform]`.
struct Named<'n> {
    channel: &'n str,
    date: Option<&'n str>,
    platform: &'n str,
}

impl<'n> Named<'n> {
    fn of(name: &'n str) -> Option<Self> {
        let is_version = |word: &str| {
            let parts: Vec<&str> = word.split('.').collect();
            let number = |part: &&str| !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_digit());
            (2..=3).contains(&parts.len()) && parts.iter().all(number)
        };
        let (mut channel, mut rest) = name.split_once('-').unwrap_or((name, ""));
        if is_version(channel) && (rest == "beta" || rest.starts_with("beta.") || rest.starts_with("beta-")) {
            // `1.80-beta`, `1.80.0-beta.2`: what they are is in rustc's release too.
            let end = rest.find('-').map_or(name.len(), |at| channel.len() + 1 + at);
            channel = &name[..end];
            rest = name[end..].trim_start_matches('-');
        } else if !is_version(channel) && !["stable", "beta", "nightly"].contains(&channel) {
            return None;
        }
        let date = rest.get(..10).filter(|date| day_number(date).is_some());
        let platform = date.map_or(rest, |_| rest[10..].trim_start_matches('-'));
        Some(Self { channel, date, platform })
    }

    fn is_release(&self, version: &Version) -> bool {
        let pre = version.pre.as_str();
        match self.channel {
            "stable" => pre.is_empty(),
            "beta" => pre.starts_with("beta"),
            "nightly" => pre.starts_with("nightly"),
            other => {
                let (numbers, wanted) = other.split_once('-').unwrap_or((other, ""));
                let mut parts = numbers.split('.').map(|part| part.parse::<u64>().ok());
                let agrees = [version.major, version.minor, version.patch]
                    .into_iter()
                    .all(|own| parts.next().is_none_or(|part| part == Some(own)));
                let pre_agrees = if wanted.is_empty() { pre.is_empty() } else { pre.starts_with(wanted) };
                agrees && pre_agrees
            }
        }
    }
}

/// The day of a `YYYY-MM-DD`, counted from 0000-03-01 (H. Hinnant, "chrono-Compatible Low-Level Date Algorithms").
fn day_number(date: &str) -> Option<i64> {
    let parts: Vec<&str> = date.split('-').collect();
    let [year, month, day] = parts.as_slice() else { return None };
    if (year.len(), month.len(), day.len()) != (4, 2, 2) {
        return None;
    }
    let (year, month, day): (i64, i64, i64) = (year.parse().ok()?, month.parse().ok()?, day.parse().ok()?);
    if !(1..=12).contains(&month) || !(1..=31).contains(&day) {
        return None;
    }
    let year = if month <= 2 { year - 1 } else { year };
    let of_year = (153 * ((month + 9) % 12) + 2) / 5 + day - 1;
    Some(year * 365 + year / 4 - year / 100 + year / 400 + of_year)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_rust_is_out_from_its_day_on() {
        // Days from the release notes.
        for (day, minor) in [("2018-12-06", 31), ("2021-10-21", 56), ("2023-11-16", 74), ("2026-04-16", 95)] {
            assert_eq!(newest_minor(day), Some(minor), "{day}");
        }
        let out = |version: Version| is_out(&version, "2026-04-20");
        assert!(out(Version::new(1, 95, 1)) && out(Version::new(1, 0, 0)));
        assert!(!out(Version::new(1, 96, 0)) && !out(Version::new(1, 400, 0)) && !out(Version::new(2, 0, 0)));
        assert!(is_out(&Version::new(1, 400, 0), "some day"));
        assert_eq!(newest_minor("2014-01-01"), None);
    }

    #[test]
    fn a_compiler_is_compared_with_the_name_of_its_toolchain() {
        let verbose = |release: &str, date: &str| {
            format!("rustc {release} (abc {date})\nbinary: rustc\ncommit-date: {date}\nhost: x86_64-unknown-linux-gnu\nrelease: {release}\nLLVM version: 22.1")
        };
        let stable = verbose("1.95.0", "2026-04-14");
        let beta = verbose("1.96.0-beta.3", "2026-05-01");
        let nightly = verbose("1.97.0-nightly", "2026-05-19");
        for (name, of, agrees) in [
            ("1.95", &stable, true),
            ("1.95.0", &stable, true),
            ("1.95.1", &stable, false),
            ("1.80", &stable, false),
            ("1.9", &stable, false),
            ("stable", &stable, true),
            ("stable-2026-04-16", &stable, true),
            ("stable-x86_64-unknown-linux-gnu", &stable, true),
            ("stable-gnu", &stable, true),
            ("1.95-x86_64-unknown-linux-musl", &stable, false),
            ("stable", &beta, false),
            ("stable", &nightly, false),
            ("1.96", &beta, false),
            ("1.96.0-beta.3", &beta, true),
            ("1.96.0-beta.2", &beta, false),
            ("1.96-beta", &beta, true),
            ("beta", &beta, true),
            ("beta", &stable, false),
            ("beta-2026-05-03", &beta, true),
            ("nightly", &nightly, true),
            ("nightly", &stable, false),
            ("nightly-2026-05-20", &nightly, true),
            ("nightly-2026-05-20-x86_64-unknown-linux-gnu", &nightly, true),
            ("nightly-2026-05-18", &nightly, false),
            ("nightly-2026-08-20", &nightly, false),
            ("mine", &stable, true),
            ("here", &nightly, true),
            ("stable2", &nightly, true),
            ("debian-12", &stable, true),
        ] {
            assert_eq!(misnamed(name, of).is_none(), agrees, "{name}: {:?}", misnamed(name, of));
        }
        assert_eq!(misnamed("1.80", &stable).unwrap(), "is rustc 1.95.0 (abc 2026-04-14)");
        assert_eq!(misnamed("1.80", "nonsense"), None);
    }
}
