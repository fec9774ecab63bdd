//! Badges: pictures whose address says a version.

use super::text::{begins, first_of};
use super::words::{LOWEST_AFTER, LOWEST_BEFORE, LOWEST_SIGNS, MINIMUM, SQLITE};

/// What the address of a picture says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Badge {
    /// This Rust is the lowest.
    Rust(String),
    /// This SQLite is the lowest.
    Sqlite(String),
    /// A SQLite, and no sign that it is the lowest.
    BareSqlite,
    /// A service reads the number elsewhere: the packages' metadata.
    Unknown,
}

/// Reads an address; `None` if it is no badge about the lowest Rust or SQLite.
pub(super) fn read(url: &str) -> Option<Badge> {
    let lower = url.to_ascii_lowercase();
    let (path, query) = lower.split_once('?').unwrap_or((&lower, ""));
    let path = path.split_once("//").map_or(path, |(_, rest)| rest);
    let mut parts = path.split('/');
    let host = parts.next()?;
    if !["shields.io", "badgen.net", "badges.", "badge."].iter().any(|name| host.contains(name)) {
        return None;
    }
    let parts: Vec<&str> = parts.filter(|part| !part.is_empty()).collect();
    let parameter = |key: &str| {
        query.split('&').filter_map(|pair| pair.split_once('=')).find(|(name, _)| *name == key).map(|(_, v)| decoded(v))
    };
    // `/crates/msrv/NAME`, `/crates/rust-version/NAME`.
    if parts.iter().any(|part| ["msrv", "rust-version"].contains(part)) && parts.first() != Some(&"badge") {
        return Some(Badge::Unknown);
    }
    let label = parameter("label").unwrap_or_default();
    if parts.contains(&"dynamic") || parts.first() == Some(&"endpoint") {
        let about = format!("{label} {}", decoded(query));
        return names_rust(&about).then_some(Badge::Unknown);
    }
    let text = match (parts.first(), parameter("message")) {
        (_, Some(message)) => format!("{label} {message}"),
        (Some(&"badge"), None) => format!("{label} {}", spelled(&parts[1..].join("/"))),
        _ => return None,
    };
    if !names_rust(&text) {
        return sqlite(&text);
    }
    let version = super::numbers::versions(&text).find(|version| version.major == 1 && !version.early)?;
    Some(Badge::Rust(version.text.to_owned()))
}

/// The lowest SQLite of a text such as `sqlite ≥3.34`.
fn sqlite(text: &str) -> Option<Badge> {
    let mut names = text.split(|c: char| !c.is_ascii_alphanumeric());
    names.find(|word| SQLITE.contains(word))?;
    let version = super::numbers::versions(text).find(|version| version.major == 3 && !version.early)?;
    let (before, after) = (text[..version.start].trim_end(), text[version.end..].trim_start());
    let lowest = LOWEST_SIGNS.iter().any(|sign| before.ends_with(sign))
        || begins(after, LOWEST_AFTER)
        || first_of(before, LOWEST_BEFORE).is_some()
        || first_of(before, MINIMUM).is_some();
    Some(if lowest { Badge::Sqlite(version.text.to_owned()) } else { Badge::BareSqlite })
}

/// Whether a text names Rust's version, and not only a Rust project.
fn names_rust(text: &str) -> bool {
    text.split(|c: char| !c.is_ascii_alphanumeric()).any(|word| ["rust", "rustc", "msrv"].contains(&word))
}

/// `LABEL-MESSAGE-COLOR` with spaces: `-` separates, `--` is a hyphen, `_` a space.
fn spelled(path: &str) -> String {
    let path = decoded(path);
    let path = path.strip_suffix(".svg").or_else(|| path.strip_suffix(".png")).unwrap_or(&path);
    path.replace("--", "\u{1}").replace(['-', '/'], " ").replace('\u{1}', "-").replace('_', " ")
}

/// Percent-encoding undone; what is no UTF-8 is left out.
fn decoded(text: &str) -> String {
    let bytes = text.as_bytes();
    let mut out = Vec::with_capacity(bytes.len());
    let mut at = 0;
    while let Some(&byte) = bytes.get(at) {
        let code = (byte == b'%').then(|| text.get(at + 1..at + 3)).flatten();
        match code.and_then(|code| u8::from_str_radix(code, 16).ok()) {
            Some(code) => {
                out.push(code);
                at += 3;
            }
            None => {
                out.push(byte);
                at += 1;
            }
        }
    }
    String::from_utf8_lossy(&out).into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_of_pictures() {
        let rust = |version: &str| Some(Badge::Rust(version.to_owned()));
        let sqlite = |version: &str| Some(Badge::Sqlite(version.to_owned()));
        for (address, expect) in [
            ("https://img.shields.io/badge/rust-%E2%89%A51.65-blue", rust("1.65")),
            ("https://img.shields.io/badge/rustc-%3E%3D1.65.0-blue.svg", rust("1.65.0")),
            ("https://img.shields.io/badge/rust-1.85%2B-orange.svg?maxAge=3600", rust("1.85")),
            ("https://img.shields.io/badge/rustc-1.65+-lightgray", rust("1.65")),
            ("https://img.shields.io/badge/Minimum%20Rust-1.65.0-blue", rust("1.65.0")),
            ("https://img.shields.io/badge/MSRV-v1.65-blue", rust("1.65")),
            ("https://img.shields.io/badge/min._Rust_version-1.65-blue", rust("1.65")),
            ("https://img.shields.io/badge/rust-^1.85.0-93450a.svg?logo=rust", rust("1.85.0")),
            ("https://img.shields.io/badge/1.65%2B-blue?label=rustc", rust("1.65")),
            ("https://img.shields.io/static/v1?label=MSRV&message=1.65&color=blue", rust("1.65")),
            ("https://badgen.net/badge/rust/1.65%2B/blue", rust("1.65")),
            ("https://img.shields.io/crates/msrv/serde.svg?label=serde%20msrv", Some(Badge::Unknown)),
            ("https://img.shields.io/crates/msrv/serde/1.0.1", Some(Badge::Unknown)),
            (
                "https://img.shields.io/badge/dynamic/toml?url=x&query=%24.package%5B%22rust-version%22%5D&label=MSRV",
                Some(Badge::Unknown),
            ),
            ("https://img.shields.io/crates/v/rust-demo.svg", None),
            ("https://img.shields.io/badge/license-MIT%201.65-blue?logo=rust", None),
            ("https://img.shields.io/badge/rust-stable-blue", None),
            ("https://blog.rust-lang.org/2022/11/03/Rust-1.65.0.html", None),
            ("https://img.shields.io/badge/rust-%ff%-1.65", rust("1.65")),
            ("https://img.shields.io/badge/sqlite-%E2%89%A53.34-blue", sqlite("3.34")),
            ("https://img.shields.io/badge/sqlite-3.34%2B-blue", sqlite("3.34")),
            ("https://img.shields.io/badge/SQLite-3.34.0+-blue", sqlite("3.34.0")),
            ("https://img.shields.io/badge/sqlite3-%3E%3D%203.34-blue.svg", sqlite("3.34")),
            ("https://img.shields.io/static/v1?label=min%20SQLite&message=3.34&color=blue", sqlite("3.34")),
            ("https://img.shields.io/badge/sqlite-3.34-blue", Some(Badge::BareSqlite)),
            ("https://img.shields.io/badge/rusqlite-3.34+-blue", None),
            ("https://img.shields.io", None),
        ] {
            assert_eq!(read(address), expect, "{address}");
        }
    }
}
