//! Policies without a number: `the latest stable minus two`, `N-2`, `the last six months`.

use super::text::{first_of, has, words};

const NUMBERS: [&str; 13] =
    ["one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "twelve", "couple", "few"];
const OF_RUST: &[&str] = &[
    "msrv",
    "rust",
    "rustc",
    "compiler",
    "compilers",
    "toolchain",
    "toolchains",
    "rust-version",
    "stable releases",
    "stable release",
    "stable versions",
];
const PROMISES: &[&str] = &[
    "support",
    "supports",
    "supported",
    "policy",
    "require",
    "requires",
    "required",
    "msrv",
    "minimum",
    "guaranteed",
    "guarantee",
    "tested",
    "only",
    "compiles",
    "works",
    "target",
    "targets",
    "compatible",
];
const UNITS: &[&str] =
    &["release", "releases", "version", "versions", "month", "months", "year", "years", "stable", "stables", "minor"];
const NEWEST: &[&str] = &["latest", "last", "newest", "past", "previous", "recent", "current", "prior"];

/// Whether a sentence says which Rusts are promised, without a version that is. `below_rust`: whether its title is about
/// Rust.
pub(super) fn is_one(sentence: &str, below_rust: bool) -> bool {
    let all: Vec<&str> = words(sentence).collect();
    let is_number =
        |word: &str| NUMBERS.contains(&word) || (word.len() < 3 && word.bytes().all(|b| b.is_ascii_digit()));
    let numbered = |n: usize| all.get(n).is_some_and(|word| !word.is_empty() && is_number(word));
    // `N-2`, `n - 2`, in a sentence about Rust.
    let n_minus = ["n-", "n - "].iter().any(|mark| {
        sentence.match_indices(mark).any(|(at, _)| {
            !sentence[..at].ends_with(char::is_alphanumeric)
                && sentence[at + mark.len()..].starts_with(|c: char| c.is_ascii_digit())
        })
    });
    // `stable minus two`, `stable-2`, `<current stable release> - 7`.
    let minus = all.iter().enumerate().any(|(n, word)| *word == "minus" && numbered(n + 1))
        || ["stable-", "stable -", "release> -", "stable> -"].iter().any(|mark| {
            let rest = sentence.split_once(mark).map(|(_, rest)| rest.trim_start());
            rest.is_some_and(|rest| rest.starts_with(|c: char| c.is_ascii_digit()))
        });
    let of_rust = first_of(sentence, OF_RUST).is_some();
    let promises = first_of(sentence, PROMISES).is_some();
    if (n_minus || minus) && (of_rust || below_rust || promises || has(sentence, "stable")) {
        return true;
    }
    // `the last three stable releases`, `six months`, `two versions behind`.
    let span = (0..all.len()).any(|n| {
        let unit = || all[n + 1..].iter().take(3).any(|word| UNITS.contains(word));
        numbered(n) && unit()
    });
    let newest = first_of(sentence, NEWEST).is_some();
    let ago = first_of(sentence, &["old", "older", "ago", "behind", "back", "rolling", "at least", "window"]).is_some();
    if of_rust && promises && span && (newest || ago) {
        return true;
    }
    // `only the latest stable Rust`, `the Rust of Debian stable`.
    let stable = [
        "latest stable",
        "current stable",
        "newest stable",
        "latest release of rust",
        "latest rust",
        "latest version of rust",
    ];
    let only = stable.iter().any(|words| has(sentence, words)) && promises;
    let distribution = first_of(sentence, &["debian", "ubuntu", "fedora", "rhel", "distributions", "distros"])
        .is_some()
        && first_of(
            sentence,
            &[
                "shipped",
                "packaged",
                "packages",
                "ships",
                "version in",
                "version of rust in",
                "provided by",
                "available in",
                "follows",
                "follow",
                "tracks",
                "track",
                "matches",
                "match",
                "tied to",
                "same as",
                "debian stable",
                "debian oldstable",
                "ubuntu lts",
            ],
        )
        .is_some();
    of_rust && (only || (distribution && promises))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn policies_and_other_sentences() {
        for text in [
            "our msrv policy is n-2",
            "we support the latest stable rust minus two releases",
            "current stable rust, minus two releases, is supported",
            "the last three stable releases of rust are supported",
            "we will support the last 6 months of rust releases (msrv)",
            "a rolling msrv policy of at least six months",
            "the msrv is guaranteed to not exceed <current stable release> - 7",
            "only the latest stable rust is supported",
            "the msrv is stable-2",
            "supports the rust compiler packaged in debian stable",
            "supports the two latest stable releases",
            "our msrv follows debian stable",
            "the msrv tracks the rust of ubuntu lts",
            "we support rust versions up to two years old",
        ] {
            assert!(is_one(text, false), "{text}");
        }
        assert!(is_one("n-2, currently 1.65", true) && !is_one("n-2, currently 1.65", false));
        for text in [
            "this crate is written in rust",
            "a rust library with two versions of each function",
            "the msrv may change in a minor release",
            "increasing the msrv is not a breaking change",
            "released two months ago",
            "column n-2 of the table",
            "see the latest release on crates.io",
            "works with two databases",
        ] {
            assert!(!is_one(text, false), "{text}");
        }
    }
}
