//! Systems in sentences, items and cells: supported ones, and those that are said not to be.

use super::super::platform::{of_triple, SYSTEMS};
use super::refusals::{BELOW, CONDITIONS, HISTORY, PARTS};
use super::text::{first_of, has, places, words};
use super::words::SYSTEMS_FOLLOW;

/// Systems and target triples in a text, as specs spell them.
pub(super) fn named(text: &str) -> Vec<String> {
    let triples = text.split(|c: char| !c.is_ascii_alphanumeric() && c != '_' && c != '-').filter_map(of_triple);
    let found: Vec<String> = triples.collect();
    if !found.is_empty() {
        return found;
    }
    let arch =
        [("x86_64", "x86_64"), ("x86-64", "x86_64"), ("amd64", "x86_64"), ("aarch64", "aarch64"), ("arm64", "aarch64")];
    let mut arches = arch.iter().filter(|(word, _)| has(text, word)).map(|(_, arch)| *arch);
    // An architecture belongs to a system only if there is exactly one of each.
    let arch = arches.next().filter(|first| arches.all(|other| other == *first));
    let mut names: Vec<&str> = SYSTEMS.iter().filter(|(word, _)| has(text, word)).map(|(_, name)| *name).collect();
    names.sort_unstable();
    names.dedup();
    let single = names.len() == 1;
    let platform = |name: &str| match arch {
        Some(arch) if single && !name.contains('-') => format!("{name}-{arch}"),
        Some(_) | None => name.to_owned(),
    };
    names.into_iter().map(platform).collect()
}

/// The systems that a sentence promises.
pub(super) fn promised(sentence: &str) -> Vec<String> {
    let lists = SYSTEMS_FOLLOW.iter().any(|words| sentence.contains(words))
        || (sentence.contains("supports") && named(sentence).len() > 1);
    let other = ["n't", " not ", "kernel"].iter().any(|word| sentence.contains(word));
    let told = [HISTORY, PARTS, BELOW, CONDITIONS].iter().any(|list| first_of(sentence, list).is_some());
    if lists && !other && !told && !has(sentence, "no longer") {
        named(sentence)
    } else {
        Vec::new()
    }
}

/// Phrases right after the names of what they refuse.
const AFTER: [&str; 9] = [
    "not supported",
    "unsupported",
    "no longer supported",
    "not yet supported",
    "not officially supported",
    "n't supported",
    "not currently supported",
    "not work",
    "not tested",
];

/// Phrases right before the names of what they refuse.
const BEFORE: [&str; 22] = [
    "not support",
    "n't support",
    "no support for",
    "unsupported:",
    "not supported:",
    "not supported on",
    "unsupported on",
    "not work on",
    "n't work on",
    "not run on",
    "n't run on",
    "not build on",
    "n't build on",
    "not compile on",
    "n't compile on",
    "drops",
    "dropped",
    "dropped support for",
    "drops support for",
    "no longer supports",
    "not supported are",
    "not yet support",
];

/// The systems that a sentence says are not supported: those right beside the words that say so. `On Windows, X is not
/// supported` is about X.
pub(super) fn refused(sentence: &str) -> Vec<String> {
    let joins = |text: &str| {
        let known: Vec<&str> = SYSTEMS.iter().flat_map(|(name, _)| name.split(' ')).collect();
        let fills = [
            "is",
            "are",
            "and",
            "or",
            "nor",
            "both",
            "currently",
            "the",
            "at",
            "all",
            "yet",
            "any",
            "targets",
            "does",
            "do",
            "on",
            "it",
        ];
        let triple = |word: &str| of_triple(word.trim_matches(|c: char| !c.is_alphanumeric())).is_some();
        let all = text.split_whitespace().filter(|word| !triple(word));
        all.flat_map(words).all(|word| known.contains(&word) || fills.contains(&word))
    };
    let starts = |at: usize| {
        let clause = &sentence[..at];
        let begins = clause.rfind([',', ';', '(', '.']).map_or(0, |at| at + 1);
        let after_on = words(&clause[begins..]).any(|word| ["on", "for", "under", "with"].contains(&word));
        (begins, after_on)
    };
    let mut found = Vec::new();
    for phrase in AFTER {
        for at in places(sentence, phrase) {
            let (begins, after_on) = starts(at);
            let lead = &sentence[begins..at];
            if !after_on && joins(lead) {
                found.extend(named(lead));
            }
        }
    }
    for phrase in BEFORE {
        for at in places(sentence, phrase) {
            let rest = &sentence[at + phrase.len()..];
            let rest = &rest[..rest.find([';', '(', '.']).unwrap_or(rest.len())];
            if joins(rest) {
                found.extend(named(rest));
            }
        }
    }
    // `no Windows support`
    if let Some(at) = places(sentence, "no").last() {
        let rest = &sentence[at + 2..];
        if let Some(end) = places(rest, "support").last().filter(|end| joins(&rest[..*end])) {
            found.extend(named(&rest[..end]));
        }
    }
    found.sort();
    found.dedup();
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_refused() {
        for (text, expect) in [
            ("windows is not supported", &["windows"][..]),
            ("does not support windows or macos", &["macos", "windows"]),
            ("windows and freebsd are currently unsupported", &["freebsd", "windows"]),
            ("there is no windows support", &["windows"]),
            ("unsupported: x86_64-pc-windows-msvc", &["windows-x86_64"]),
            ("it only supports unix and doesn't build on windows or macos", &["macos", "windows"]),
            ("on windows, locking is not supported", &[]),
            ("locking is not supported on windows paths", &[]),
            ("on windows the feature is not supported", &[]),
            ("linux is supported", &[]),
        ] {
            assert_eq!(refused(text), expect, "{text}");
        }
    }
}
