//! The names of toolchains as workflows spell them: lists, hosts, images, and words that move with time.

use compatrix_model::condition::partial_version;

use super::platform::of_triple;

/// What a text says where a toolchain is expected.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Toolchain {
    /// A release or a channel, without its host, and the platform of the host if it names one; `*-i686` is that of the
    /// runner's system.
    Name(String, Option<String>),
    /// `stable minus 2 releases`: another Rust in time. Source: the README of dtolnay/rust-toolchain.
    Moves,
    /// Anything else.
    Other,
}

/// The toolchains of a text: one, or a list such as `1.69, stable`.
pub(super) fn toolchains(text: &str) -> Vec<(String, Toolchain)> {
    let text = text.trim();
    let whole = one(text);
    if whole != Toolchain::Other {
        return vec![(text.to_owned(), whole)];
    }
    let parts = || text.split([',', ' ', '\n']).map(str::trim).filter(|part| !part.is_empty());
    let list: Vec<(String, Toolchain)> = parts().map(|part| (part.to_owned(), one(part))).collect();
    if list.len() > 1 && list.iter().all(|(_, one)| *one != Toolchain::Other) {
        return list;
    }
    vec![(text.to_owned(), Toolchain::Other)]
}

/// One toolchain: `1.65`, `nightly-2026-05-19`, `stable-x86_64-pc-windows-gnu`.
pub(super) fn one(text: &str) -> Toolchain {
    let words: Vec<&str> = text.split_whitespace().collect();
    if let ["stable" | "beta" | "nightly", rest @ ..] = words.as_slice() {
        if rest.first() == Some(&"minus") || rest.last() == Some(&"ago") {
            return Toolchain::Moves;
        }
    }
    let (channel, rest) = text.split_once('-').unwrap_or((text, ""));
    let known = match channel {
        "stable" | "beta" | "nightly" => true,
        version => version.contains('.') && partial_version(version).is_some_and(|version| version.major == 1),
    };
    if !known {
        return Toolchain::Other;
    }
    let is_date = |date: &&str| date.bytes().all(|b| b.is_ascii_digit() || b == b'-');
    let date = rest.get(..10).filter(is_date);
    let host = date.map_or(rest, |_| rest[10..].trim_start_matches('-'));
    let name = date.map_or_else(|| channel.to_owned(), |date| format!("{channel}-{date}"));
    match (of_triple(host), host.split('-').collect::<Vec<_>>().as_slice()) {
        (Some(platform), _) => Toolchain::Name(name, Some(platform)),
        // rustup completes a host that is not complete.
        (None, [""] | ["gnu" | "msvc" | "musl"]) => Toolchain::Name(name, None),
        (None, [arch] | [arch, "gnu" | "msvc" | "musl"]) if ARCHES.contains(arch) => {
            Toolchain::Name(name, Some(format!("*-{arch}")))
        }
        _ => Toolchain::Other,
    }
}

/// Architectures of hosts that rustup knows.
const ARCHES: [&str; 4] = ["x86_64", "i686", "aarch64", "i586"];

/// The Rust of a container image: `rust:1.68-slim`, `rustlang/rust:nightly`. `None` for images of other software.
pub(super) fn image(text: &str) -> Option<Toolchain> {
    let text = text.trim().trim_start_matches("docker://");
    let text = text.split('@').next().unwrap_or(text);
    let last = text.rsplit('/').next().unwrap_or(text);
    let (name, tag) = last.split_once(':').unwrap_or((last, "latest"));
    if !name.to_ascii_lowercase().contains("rust") {
        return None;
    }
    let dated = tag.get(..tag.len().min(18)).map(one).filter(|one| matches!(one, Toolchain::Name(..)));
    let first = tag.split('-').next().unwrap_or(tag);
    match dated.unwrap_or_else(|| one(first)) {
        // `rust:slim`, `rust:1-bookworm` are the newest stable.
        Toolchain::Other if name == "rust" && partial_version(first).is_none_or(|v| first == "1" && v.major == 1) => {
            Some(Toolchain::Name("stable".to_owned(), None))
        }
        found => Some(found),
    }
}

/// Whether the name of a key or a variable says that its value is a toolchain.
pub(super) fn is_key(name: &str) -> bool {
    let name = name.to_ascii_lowercase();
    let has = |words: &[&str]| words.iter().any(|word| name.contains(word));
    has(&["rust", "toolchain", "msrv", "channel"]) && !has(&["flags", "log", "backtrace", "target", "wrapper", "cache"])
}

/// Whether a name says that a Rust is the lowest: of a key, a variable or a job.
pub(super) fn is_lowest(name: &str) -> bool {
    let name = name.to_ascii_lowercase().replace(['_', '-'], " ");
    ["msrv", "minimum supported", "minimum rust", "min rust", "rust min", "minrust", "oldest supported"]
        .iter()
        .any(|word| name.contains(word))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn toolchains_as_they_are_spelled() {
        let shown = |text: &str| -> Vec<String> {
            let shown = |(_, one): (String, Toolchain)| match one {
                Toolchain::Name(name, None) => name,
                Toolchain::Name(name, Some(platform)) => format!("{name} on {platform}"),
                Toolchain::Moves => "moves".to_owned(),
                Toolchain::Other => "?".to_owned(),
            };
            toolchains(text).into_iter().map(shown).collect()
        };
        for (text, expect) in [
            ("1.65", "1.65"),
            ("1.65.0", "1.65.0"),
            ("1.69, stable", "1.69 stable"),
            ("1.69 stable", "1.69 stable"),
            ("1.69,nightly-2024-01-01", "1.69 nightly-2024-01-01"),
            ("stable minus 2 releases", "moves"),
            ("stable 18 months ago", "moves"),
            ("1.65-x86_64-unknown-linux-gnu", "1.65 on linux-x86_64"),
            ("stable-i686-pc-windows-msvc", "stable on windows-i686"),
            ("nightly-2024-01-01-aarch64-apple-darwin", "nightly-2024-01-01 on macos-aarch64"),
            ("stable-msvc", "stable"),
            ("stable-x86_64-gnu", "stable on *-x86_64"),
            ("stable-i686", "stable on *-i686"),
            ("stable-x", "?"),
            ("1", "?"),
            ("msrv", "?"),
            ("v1", "?"),
            ("", "?"),
            ("a, 1.65", "?"),
            ("nightly-é", "?"),
        ] {
            assert_eq!(shown(text).join(" "), expect, "{text}");
        }
    }

    #[test]
    fn images_with_a_rust() {
        for (text, expect) in [
            ("rust:1.68-slim", Some("1.68")),
            ("docker.io/library/rust:1.68.2-slim-bookworm@sha256:0", Some("1.68.2")),
            ("rust", Some("stable")),
            ("rust:latest", Some("stable")),
            ("rust:1-bullseye", Some("stable")),
            ("rust:slim", Some("stable")),
            ("rustlang/rust:nightly-bookworm", Some("nightly")),
            ("ghcr.io/a/rust-ci:nightly-2024-01-01", Some("nightly-2024-01-01")),
            ("clux/muslrust:1.70.0-stable", Some("1.70.0")),
            ("ghcr.io/a/rust-ci:main", Some("?")),
            ("ubuntu:20.04", None),
        ] {
            let found = image(text).map(|one| match one {
                Toolchain::Name(name, _) => name,
                _ => "?".to_owned(),
            });
            assert_eq!(found.as_deref(), expect, "{text}");
        }
    }

    #[test]
    fn keys_that_hold_a_toolchain() {
        for key in ["rust", "RUST_VERSION", "toolchain", "MSRV", "rust-channel"] {
            assert!(is_key(key), "{key}");
        }
        for key in ["RUSTFLAGS", "RUST_LOG", "RUST_BACKTRACE", "rust_target", "os"] {
            assert!(!is_key(key), "{key}");
        }
        assert!(is_lowest("MSRV check") && is_lowest("rust_min") && is_lowest("Minimum supported Rust"));
        assert!(!is_lowest("minimal-versions") && !is_lowest("rust"));
    }
}
