//! Versions in a sentence: which are promised, which only look like it, and why.

use super::super::kinds::PromiseKind;
use super::guards::{self, Because};
use super::numbers::{versions, Version};
use super::subject::{Section, Subject, Subjects};
use super::text::{begins, first_of, has, places, words};
use super::words::{
    COMPILER, COMPILES, COPULAS, FILLERS, LOWEST_AFTER, LOWEST_BEFORE, LOWEST_SIGNS, MINIMUM, MSRV, OURS, RUST, SQLITE,
    SUPPORTED, SUPPORTS,
};

/// The surroundings of a sentence.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Context {
    /// What the heading, the column or the title above names.
    pub(super) about: Subjects,
    pub(super) section: Section,
    /// A page of compatibility: every version on it counts.
    pub(super) page: bool,
    /// For those who work on the package; only its lowest Rust is of use.
    pub(super) contributors: bool,
    /// An item of a list or a cell, so that a bare version is all that it says.
    pub(super) item: bool,
    /// Whether a version of something else stands before the sentence, in the same item.
    pub(super) strange: bool,
}

/// What a version in a sentence is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Reading {
    Promise(PromiseKind),
    Dropped(Because),
    /// It is said that this is not supported.
    Refused(PromiseKind),
}

/// How a version was found to be one of some software.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum How {
    Named,
    /// After another in a list.
    Listed,
    /// By the heading or the column.
    Heading,
    /// It follows another's, with words such as `we require`.
    Ours,
}

struct Found<'a> {
    version: Version<'a>,
    subject: Subject,
    how: How,
    reading: Reading,
}

/// The versions of a sentence with their places.
pub(super) fn read(sentence: &str, context: Context) -> Vec<(usize, Reading)> {
    let all: Vec<Version<'_>> = versions(sentence).collect();
    let mut found: Vec<Found<'_>> = Vec::new();
    // Where the last version of something else is.
    let mut strange = context.strange.then_some(0);
    for (n, version) in all.iter().enumerate() {
        let next = all.get(n + 1).map_or(sentence.len(), |next| next.start);
        let Some((subject, how)) = subject_of(sentence, *version, next, found.last(), &all[..n], context) else {
            strange = Some(version.start);
            continue;
        };
        let reading = judge(sentence, *version, (subject, how), found.last(), strange, context);
        found.push(Found { version: *version, subject, how, reading });
    }
    // `needs 3.7+ (we require 3.35+)`: the second is the package's own.
    if found.iter().any(|one| one.how == How::Ours && matches!(one.reading, Reading::Promise(_))) {
        for one in found.iter_mut().filter(|one| one.how != How::Ours && matches!(one.reading, Reading::Promise(_))) {
            one.reading = Reading::Dropped(Because::OursFollows);
        }
    }
    // `1.48 to 1.53 - Rust 1.71`: the first are of the package.
    let is_promise = |one: &Found<'_>| matches!(one.reading, Reading::Promise(_));
    let named = found.iter().any(|one| one.how == How::Named && one.subject != Subject::Sqlite);
    if named && found.first().is_some_and(|one| one.how == How::Heading && one.subject != Subject::Sqlite) {
        found
            .iter_mut()
            .filter(|one| is_promise(one))
            .for_each(|one| one.reading = Reading::Dropped(Because::OtherRelease));
    }
    let mut readings = Vec::new();
    for one in found {
        let refused = one.reading == Reading::Dropped(Because::Negated);
        readings.push((one.version.start, one.reading));
        if refused {
            readings.push((one.version.start, Reading::Refused(kind(one.version, one.subject, false))));
        }
    }
    readings
}

fn kind(version: Version<'_>, subject: Subject, lowest: bool) -> PromiseKind {
    let text = version.text.to_owned();
    match (subject, lowest) {
        (Subject::Sqlite, true) => PromiseKind::LowestSqlite(text),
        (Subject::Sqlite, false) => PromiseKind::Sqlite(text),
        (Subject::Rust | Subject::Msrv, true) => PromiseKind::LowestRust(text),
        (Subject::Rust | Subject::Msrv, false) => PromiseKind::Rust(text),
    }
}

fn judge(
    sentence: &str,
    version: Version<'_>,
    (subject, how): (Subject, How),
    last: Option<&Found<'_>>,
    strange: Option<usize>,
    context: Context,
) -> Reading {
    // `the MSRV of the 1.0.x releases is 1.56`
    let named = MSRV.iter().chain(MINIMUM).filter_map(|name| places(&sentence[..version.start], name).next()).max();
    let strange = strange.is_some_and(|at| subject != Subject::Msrv || named.is_none_or(|named| at < named));
    let of_package = subject == Subject::Msrv || !context.contributors;
    if of_package && how == How::Named && guards::refuses_older(sentence, version, context.section) {
        return Reading::Promise(kind(version, subject, true));
    }
    if let Some(because) = guards::why_not(sentence, version, subject, strange, context.section) {
        return Reading::Dropped(because);
    }
    if context.contributors && subject != Subject::Msrv {
        return Reading::Dropped(Because::Contributors);
    }
    if how == How::Listed && sentence[version.end..].trim_start().starts_with("for ") {
        return Reading::Dropped(Because::Part);
    }
    let before = &sentence[..version.start];
    let clause = &before[before.rfind([',', ';', '|']).map_or(0, |at| at + 1)..];
    let after = sentence[version.end..].trim_start_matches([')', '(', ' ', '\'', '"']);
    let marked = begins(after, LOWEST_AFTER)
        || LOWEST_SIGNS.iter().any(|sign| before.trim_end().ends_with(sign))
        || (how != How::Listed && first_of(clause, LOWEST_BEFORE).is_some());
    let below_msrv = context.about.msrv && subject == Subject::Rust;
    let by_title = context.about.lowest && (how == How::Heading || context.item || below_msrv);
    let lowest = marked || (how != How::Listed && (subject == Subject::Msrv || by_title));
    let supported = match how {
        How::Listed => matches!(last.map(|last| &last.reading), Some(Reading::Promise(_))),
        _ => {
            context.page
                || first_of(before, SUPPORTS).is_some()
                || first_of(after, SUPPORTED).is_some()
                || (context.item && context.about.supported)
        }
    };
    if lowest || supported {
        Reading::Promise(kind(version, subject, lowest))
    } else {
        match (how, last.map(|last| &last.reading)) {
            (How::Listed, Some(Reading::Dropped(because))) => Reading::Dropped(*because),
            _ => Reading::Dropped(Because::NoWord),
        }
    }
}

/// The software that a version is one of.
fn subject_of(
    sentence: &str,
    version: Version<'_>,
    next: usize,
    last: Option<&Found<'_>>,
    others: &[Version<'_>],
    context: Context,
) -> Option<(Subject, How)> {
    let before = &sentence[..version.start];
    // What belongs to a version before does not belong to this one too.
    let own = &before[last.map_or(0, |last| last.version.end)..];
    let after = &sentence[version.end..next];
    let older = || guards::without_older(own).and_then(|own| msrv_before(own).or_else(|| name_before(own)));
    let of_compilers = || {
        let compilers = guards::without_older(own).and_then(|own| words(own).last());
        let refused = guards::refuses_older(sentence, version, context.section);
        let names = ["compiler", "compilers", "toolchain", "toolchains"];
        compilers.filter(|name| refused && names.contains(name)).map(|_| Subject::Rust)
    };
    let named = msrv_before(own).or_else(|| name_before(own)).or_else(|| name_after(after));
    let named = named.or_else(older).or_else(of_compilers);
    if let Some(subject) = named.or_else(|| compiles(own, after)).filter(|subject| subject.has(version.major)) {
        return Some((subject, How::Named));
    }
    if let Some(last) = last.filter(|last| last.subject.has(version.major)) {
        if is_separator(own) {
            return Some((last.subject, How::Listed));
        }
        if first_of(own, OURS).is_some() && first_of(own, LOWEST_BEFORE).is_some() {
            return Some((last.subject, How::Ours));
        }
    }
    let subject = context.about.of_version(version.major)?;
    let mut fills = words(own).skip_while(|word| FILLERS.contains(word));
    let bare = fills.next().is_none() && others.is_empty() && !version.series;
    let last = words(own).filter(|word| !FILLERS.contains(word)).last();
    let says = begins(after.trim_start(), LOWEST_AFTER) || last.is_some_and(|last| LOWEST_BEFORE.contains(&last));
    // Elsewhere below a heading, a version may be one of anything.
    (bare || (says && others.is_empty())).then_some((subject, How::Heading))
}

/// Whether what stands before a version names the lowest Rust.
fn msrv_before(before: &str) -> Option<Subject> {
    let names = MSRV.iter().flat_map(|name| places(before, name).map(move |at| at + name.len()));
    let minimum = COMPILER
        .iter()
        .flat_map(|name| places(before, name).filter(|at| is_minimum(&before[..*at])).map(move |at| at + name.len()));
    let leads = |end: usize| joins(&before[end..]);
    names.chain(minimum).any(leads).then_some(Subject::Msrv)
}

/// Whether the words before the name of a compiler say that it is the lowest: `minimum supported`, `oldest version of`.
fn is_minimum(before: &str) -> bool {
    let last: Vec<&str> = words(before).collect();
    last.iter().rev().take(5).any(|word| MINIMUM.contains(word))
}

/// Whether a text only joins a subject and its version.
fn joins(between: &str) -> bool {
    if between.starts_with('=') || between.starts_with("-sys") {
        // `rust=1.70` is a cell, not a promise.
        return false;
    }
    let all: Vec<&str> = words(between).collect();
    let fills = |word: &&&str| FILLERS.contains(*word);
    let run: Vec<&&str> = all.iter().rev().take_while(fills).collect();
    if run.len() == all.len() {
        return true;
    }
    let ends = between.trim_end();
    run.iter().any(|word| COPULAS.contains(*word)) || ends.ends_with(':') || ends.ends_with(" =")
}

/// Rust or SQLite right before a version.
fn name_before(before: &str) -> Option<Subject> {
    let last = |names: &[&str], subject: Subject| {
        let ends = names.iter().flat_map(|name| places(before, name).map(move |at| (at, at + name.len())));
        ends.max().map(|(at, end)| (at, end, subject))
    };
    let found = [last(RUST, Subject::Rust), last(SQLITE, Subject::Sqlite)];
    let (at, end, subject) = found.into_iter().flatten().max_by_key(|(at, ..)| *at)?;
    let between = &before[end..];
    // `demo-rust 1.65` is a project.
    if between.starts_with('=') || before[..at].ends_with(['-', '_', '.', '/', '@']) {
        return None;
    }
    let requires = ["requires", "require", "required", "needs", "requirement", "requirements"];
    let mut fills = words(between);
    let lead = words(&before[..at]).count() <= 4;
    fills.all(|word| FILLERS.contains(&word) || (lead && requires.contains(&word))).then_some(subject)
}

/// `1.65 is the MSRV`, `1.65+ of the Rust compiler`.
fn name_after(after: &str) -> Option<Subject> {
    let after = after.trim_start();
    let mark = LOWEST_AFTER.iter().filter(|mark| begins(after, &[mark])).max_by_key(|mark| mark.len());
    let rest = &after[mark.map_or(0, |mark| mark.len())..];
    let mut rest = words(rest.split([',', ';']).next().unwrap_or_default());
    let fills = ["as", "is", "the", "our", "its", "a", "of", "my", "and"];
    let name = rest.by_ref().find(|word| !fills.contains(word))?;
    if MSRV.contains(&name) || (MINIMUM.contains(&name) && rest.take(4).any(|word| COMPILER.contains(&word))) {
        return Some(Subject::Msrv);
    }
    (mark.is_some() && RUST.contains(&name)).then_some(Subject::Rust)
}

/// `compiles on 1.65+`.
fn compiles(before: &str, after: &str) -> Option<Subject> {
    let lowest = begins(after.trim_start_matches([')', ' ']), LOWEST_AFTER);
    let verb = || {
        COMPILES.iter().any(|verb| {
            let end = places(before, verb).next().map(|at| at + verb.len());
            end.is_some_and(|end| words(&before[end..]).all(|word| FILLERS.contains(&word)))
        })
    };
    (lowest && verb()).then_some(Subject::Rust)
}

/// Whether a text only separates versions of a list.
fn is_separator(text: &str) -> bool {
    let text = LOWEST_AFTER
        .iter()
        .find(|mark| begins(text.trim_start(), &[mark]))
        .map_or(text, |mark| &text.trim_start()[mark.len()..]);
    let mut words = text.split(|c: char| c.is_whitespace() || ",/|+-".contains(c)).filter(|word| !word.is_empty());
    words.all(|word| ["and", "or", "&", "through", "to", "v"].contains(&word)) && !has(text, ".")
}
