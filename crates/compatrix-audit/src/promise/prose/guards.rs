//! Why a version next to the name of its software is no promise.

use super::numbers::Version;
use super::refusals::{
    BELOW, BELOW_LOWEST, BELOW_SIGNS, CONDITIONS, HISTORY, NEGATIONS, NO_SUPPORT, OLDER_AFTER, PARTS, REFUSES, WHOLE,
};
use super::subject::{Section, Subject};
use super::text::{begins, first_of, has};
use super::words::LOWEST_AFTER;

/// The reasons.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Because {
    /// Of the past, below a title about changes; not worth a word.
    Past,
    /// It is said that this version is not supported.
    Negated,
    /// Something else is denied in the same clause.
    Denied,
    Below,
    Changed,
    Conditional,
    Part,
    OtherRelease,
    Early,
    Contributors,
    OursFollows,
    NoWord,
}

impl Because {
    /// The reason in a few words, without a full stop.
    pub(super) fn says(self) -> &'static str {
        match self {
            Because::Past => "it stands below a title about changes",
            Because::Negated => "it says what is not supported",
            Because::Denied => "it says what does not hold",
            Because::Below => "it is a limit from above, or excluded itself",
            Because::Changed => "it tells what changed, not what holds today",
            Because::Conditional => "it holds under a condition, or is an example",
            Because::Part => "it is about a feature or another part, not about the whole package",
            Because::OtherRelease => "it is about a certain release, or about another crate",
            Because::Early => "it is a pre-release",
            Because::Contributors => "the page is for contributors; only an MSRV counts there",
            Because::OursFollows => "the same sentence says what this package requires",
            Because::NoWord => "no word says that it is promised, such as `requires`, `1.65+` or `tested on`",
        }
    }
}

/// Why a version is none that is promised. `strange`: whether a version of something else stands before it.
pub(super) fn why_not(
    sentence: &str,
    version: Version<'_>,
    subject: Subject,
    strange: bool,
    section: Section,
) -> Option<Because> {
    match section {
        Section::Plain => {}
        Section::History => return Some(if subject == Subject::Msrv { Because::Changed } else { Because::Past }),
        Section::Parts => return Some(Because::Part),
        Section::Refused => return Some(Because::Negated),
    }
    if version.early {
        return Some(Because::Early);
    }
    let whole = sentence.replace("no_std", "nostd").replace("no-std", "nostd");
    let removed = sentence.len() - whole.len();
    // Positions after a replaced word are a byte less for each.
    let shift =
        sentence[..version.start].matches("no_std").count() + sentence[..version.start].matches("no-std").count();
    let (start, end) = (version.start - shift.min(removed), version.end - shift.min(removed));
    let (before, after) = (&whole[..start], &whole[end..]);
    let before = &before[before.rfind(" but ").unwrap_or(0)..];
    let after = after.trim_start_matches([')', ' ', '"', '\'']);
    if begins(after, OLDER_AFTER) {
        return Some(Because::Below);
    }
    let near = &before[before.char_indices().rev().nth(24).map_or(0, |(at, _)| at)..];
    let sign = BELOW_SIGNS.iter().any(|sign| near.trim_end().ends_with(sign));
    if sign || BELOW.iter().any(|word| has(near, word)) {
        return Some(Because::Below);
    }
    let clause = &before[before.rfind([',', '(', ';']).unwrap_or(0)..];
    let rest = scope_after(after);
    if first_of(clause, REFUSES).is_some() || first_of(rest, REFUSES).is_some() {
        return Some(Because::Negated);
    }
    if first_of(before, HISTORY).is_some() || first_of(rest, HISTORY).is_some() {
        return Some(Because::Changed);
    }
    if first_of(before, CONDITIONS).is_some() || first_of(rest, &["if", "when", "unless"]).is_some() {
        return Some(Because::Conditional);
    }
    // `FFI-safe (on Rust >= 1.63)` is about what stands before the bracket.
    let aside = before.rsplit_once('(').is_some_and(|(_, aside)| begins(aside, &["on ", "with ", "for ", "in "]));
    // `stable, beta, nightly, 1.65` is a list of channels.
    let listed = ["stable,", "beta,", "stable and", "beta and"].iter().any(|channel| has(before, channel));
    let of_list = listed.then(|| before.replace("nightly", ""));
    let before = of_list.as_deref().unwrap_or(before);
    let parts = aside || first_of(before, PARTS).is_some() || first_of(rest, PARTS).is_some();
    if parts && first_of(&whole, WHOLE).is_none() {
        return Some(Because::Part);
    }
    if first_of(clause, NEGATIONS).is_some() || first_of(rest, NEGATIONS).is_some() {
        return Some(Because::Denied);
    }
    let of_release = begins(rest.trim_start(), &["release", "stable release"]) && subject != Subject::Sqlite;
    (strange || of_release).then_some(Because::OtherRelease)
}

/// Whether a sentence says that what is older than a version is not supported, so that the version is the lowest.
pub(super) fn refuses_older(sentence: &str, version: Version<'_>, section: Section) -> bool {
    let (before, after) = (&sentence[..version.start], &sentence[version.end..]);
    let near = &before[before.char_indices().rev().nth(24).map_or(0, |(at, _)| at)..];
    let older = BELOW_LOWEST.iter().any(|word| has(near, word)) || near.trim_end().ends_with('<');
    let rest = scope_after(after.trim_start_matches([')', ' ', '"', '\'']));
    section == Section::Plain
        && older
        && !version.early
        && !begins(after.trim_start(), OLDER_AFTER)
        && (first_of(before, NO_SUPPORT).is_some() || first_of(rest, NO_SUPPORT).is_some())
        && [HISTORY, CONDITIONS, PARTS].iter().all(|words| first_of(sentence, words).is_none())
}

/// A text without the words at its end that make what follows a limit: `rust older than`.
pub(super) fn without_older(before: &str) -> Option<&str> {
    let text = before.trim_end();
    let text = text.strip_suffix(" version").or_else(|| text.strip_suffix(" v")).unwrap_or(text);
    BELOW_LOWEST.iter().chain(&["<"]).find_map(|word| text.strip_suffix(word))
}

/// What is said of a version after it, up to the next clause.
fn scope_after(after: &str) -> &str {
    let mark = LOWEST_AFTER.iter().filter(|mark| begins(after, &[mark])).map(|mark| mark.len()).max().unwrap_or(0);
    let rest = &after[mark..];
    let end = [", ", "(", " but ", ":", " - ", " and "].iter().filter_map(|mark| rest.find(mark)).min();
    &rest[..end.unwrap_or(rest.len())]
}
