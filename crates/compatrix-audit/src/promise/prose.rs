//! Promises in READMEs and pages: versions next to the words Rust, MSRV and SQLite, and systems in lists.
//!
//! A README also mentions versions in passing, so there a version counts only with a promising word (`+`, `or newer`,
//! `requires`, `tested on`), and not with a narrating one (`since`, `no longer`, `stabilised in`).

use super::kinds::{quoted, Promise, PromiseKind, PromiseSource};
use super::platform::{of_triple, SYSTEMS};
use super::words::{FILLERS, LOWEST_AFTER, LOWEST_BEFORE, SUPPORTS, SYSTEMS_FOLLOW, TELLS};
use compatrix_model::condition::partial_version;

/// The software that a version belongs to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Subject {
    Rust,
    /// Like [`Subject::Rust`], but always the lowest.
    Msrv,
    Sqlite,
    Platform,
}

/// Words that name a subject.
const SUBJECTS: [(&str, Subject); 8] = [
    ("msrv", Subject::Msrv),
    ("minimum supported rust version", Subject::Msrv),
    ("minimum rust version", Subject::Msrv),
    ("rustc", Subject::Rust),
    ("rust", Subject::Rust),
    ("libsqlite3", Subject::Sqlite),
    ("sqlite3", Subject::Sqlite),
    ("sqlite", Subject::Sqlite),
];

/// Lines with more bytes than this are data, not prose.
const LONGEST_LINE: usize = 4000;

pub(super) fn scan(file: &str, source: PromiseSource, text: &str) -> Vec<Promise> {
    let mut found = Vec::new();
    let (mut fence, mut comment) = (None::<&str>, false);
    let mut heading = None;
    let mut columns: Vec<Option<Subject>> = Vec::new();
    let mut before = "";
    let mut is_history = false;
    for (n, line) in text.lines().enumerate() {
        let trimmed = line.trim_start();
        if let Some(mark) = ["```", "~~~"].into_iter().find(|mark| trimmed.starts_with(mark)) {
            fence = if fence == Some(mark) { None } else { fence.or(Some(mark)) };
            continue;
        }
        comment = (comment || trimmed.starts_with("<!--")) && !line.contains("-->");
        if fence.is_some() || comment || line.len() > LONGEST_LINE || trimmed.starts_with("<!--") {
            continue;
        }
        if trimmed.starts_with('#') {
            heading = subject_of_title(trimmed);
            let title = trimmed.to_ascii_lowercase();
            is_history = ["change", "history", "release"].iter().any(|word| title.contains(word));
        }
        let is_row = trimmed.starts_with('|');
        if is_row && trimmed.chars().all(|c| "|-: ".contains(c)) {
            columns = cells(before).map(subject_of_title).collect();
        } else if !is_row {
            columns.clear();
        }
        let lead = lead_of(before, trimmed);
        before = trimmed;
        if is_history && source == PromiseSource::Readme {
            continue;
        }
        let context = Context { source, heading, columns: &columns, lead };
        for kind in kinds(line, &context) {
            let (file, key) = (file.to_owned(), String::new());
            found.push(Promise { file, line: n + 1, source, kind, key, spelled: None, text: quoted(line) });
        }
    }
    found
}

/// The surroundings of a line.
struct Context<'a> {
    source: PromiseSource,
    /// The subject of the heading above.
    heading: Option<Subject>,
    /// The subjects of the enclosing table's columns.
    columns: &'a [Option<Subject>],
    /// The start of its first sentence, if on the line above.
    lead: &'a str,
}

/// The part of a sentence that is on the line above.
fn lead_of<'a>(above: &'a str, line: &str) -> &'a str {
    let begins = |text: &str| text.is_empty() || text.starts_with(['#', '|', '-', '*', '+', '>', '!', '[']);
    if begins(line) || above.is_empty() || above.ends_with(['.', ':', '!', '?']) || above.starts_with(['#', '|']) {
        return "";
    }
    above.rfind(". ").map_or(above, |at| &above[at + 2..])
}

/// The subject of a heading or a column, if it has exactly one.
fn subject_of_title(title: &str) -> Option<Subject> {
    let title = title.to_ascii_lowercase();
    let words: Vec<&str> = title.split(|c: char| !c.is_ascii_alphanumeric()).collect();
    let any = |list: &[&str]| words.iter().any(|word| list.contains(word));
    let found = [
        (any(&["rust", "rustc", "msrv", "toolchain", "toolchains"]), Subject::Rust),
        (any(&["sqlite", "sqlite3", "libsqlite3"]), Subject::Sqlite),
        (any(&["platform", "platforms", "os", "system", "systems"]), Subject::Platform),
    ];
    let mut subjects = found.into_iter().filter(|(is, _)| *is).map(|(_, subject)| subject);
    subjects.next().filter(|_| subjects.next().is_none())
}

fn cells(row: &str) -> impl Iterator<Item = &str> {
    row.trim().trim_matches('|').split('|')
}

/// The promises in a line.
fn kinds(line: &str, context: &Context<'_>) -> Vec<PromiseKind> {
    // Code and emphasis marks may separate words that belong together.
    let line: String = line.to_ascii_lowercase().chars().filter(|c| !"`*".contains(*c)).collect();
    let mut found = Vec::new();
    let is_page = context.source == PromiseSource::Page;
    let lead = context.lead.to_ascii_lowercase();
    let trimmed = line.trim_start();
    let tells = |text: &str| TELLS.iter().any(|word| text.contains(word));
    // Table columns can be about anything; read a row as a sentence only if it names a subject.
    let about = |row: &str| cells(row).next().is_some_and(|first| subject_of_title(first).is_some());
    let is_sentence = is_page || !trimmed.starts_with('|') || about(trimmed);
    for (n, sentence) in sentences(&line).enumerate().filter(|_| is_sentence) {
        if !tells(sentence) && (n > 0 || !tells(&lead)) {
            versions_in_sentence(sentence, is_page, &mut found);
            if names_systems(sentence) {
                systems(sentence, &mut found);
            }
        }
    }
    let is_item = trimmed.starts_with(['-', '+']) || trimmed.starts_with(|c: char| c.is_ascii_digit());
    let tells = tells(&line);
    let is_row = trimmed.starts_with('|') && !context.columns.is_empty();
    if is_row && is_page {
        for (cell, subject) in cells(trimmed).zip(context.columns) {
            of_subject(cell, *subject, &mut found);
        }
    } else if is_item && !tells && (is_page || context.heading == Some(Subject::Platform)) {
        of_subject(trimmed, context.heading, &mut found);
    }
    found
}

/// Whether a sentence lists supported systems.
fn names_systems(sentence: &str) -> bool {
    let any = |words: &[&str]| words.iter().any(|word| sentence.contains(word));
    let supports = sentence.contains("supports") && {
        let mut found = Vec::new();
        systems(sentence, &mut found);
        found.len() > 1
    };
    (any(&SYSTEMS_FOLLOW) || supports) && !any(&["n't", " not ", "kernel"])
}

/// All versions of this subject in a table cell or list item.
fn of_subject(text: &str, subject: Option<Subject>, found: &mut Vec<PromiseKind>) {
    match subject {
        Some(Subject::Platform) => systems(text, found),
        Some(subject) => {
            for version in versions(text).filter(|version| version.is_of(subject)) {
                found.push(version.kind(subject, version.is_lowest(text)));
            }
        }
        None => {}
    }
}

fn sentences(line: &str) -> impl Iterator<Item = &str> {
    line.split(". ").flat_map(|part| part.split("; "))
}

/// Versions next to their subject in a sentence, and those that follow one in a list.
fn versions_in_sentence(sentence: &str, is_page: bool, found: &mut Vec<PromiseKind>) {
    let mut last: Option<(usize, Subject)> = None;
    for version in versions(sentence) {
        let before = &sentence[..version.start];
        let own = subject_before(before).filter(|subject| version.is_of(*subject));
        let listed =
            last.filter(|(end, subject)| version.is_of(*subject) && is_separator(&sentence[*end..version.start]));
        let Some(subject) = own.or(listed.map(|(_, subject)| subject)) else { continue };
        let badge = before.contains("img.shields.io/badge/");
        let lowest = subject == Subject::Msrv || badge || version.is_lowest(sentence);
        let supported = own.is_none() || is_page || SUPPORTS.iter().any(|word| before.contains(word));
        if lowest || supported {
            // In a list, only the first is the lowest.
            let of_list = own.is_none() && !version.is_lowest(sentence);
            found.push(
                version.kind(
                    if of_list && subject == Subject::Msrv { Subject::Rust } else { subject },
                    lowest && !of_list,
                ),
            );
            last = Some((version.end, subject));
        }
    }
}

/// The subject at the end of this text, followed only by fillers.
fn subject_before(before: &str) -> Option<Subject> {
    let (at, name, subject) = SUBJECTS
        .iter()
        .filter_map(|(name, subject)| Some((last_word(before, name)?, *name, *subject)))
        .max_by_key(|(at, name, _)| (at + name.len(), name.len()))?;
    let between = &before[at + name.len()..];
    // `rust=1.70` is a cell, not a promise.
    let is_cell = between.starts_with('=');
    let words =
        between.split(|c: char| c.is_whitespace() || "-_:=>≥()[]|/!,".contains(c)).filter(|word| !word.is_empty());
    let fills = words.into_iter().all(|word| FILLERS.contains(&word));
    if is_cell || !fills {
        return None;
    }
    // `Minimum supported Rust version: 1.65`, `minimum Rust: 1.65`.
    let lead = before[..at].trim_end();
    let minimum = ["minimum", "minimum supported"].iter().any(|word| lead.ends_with(word));
    Some(if minimum && subject == Subject::Rust { Subject::Msrv } else { subject })
}

/// The position of a word's last occurrence as a whole word.
fn last_word(text: &str, word: &str) -> Option<usize> {
    let inside = |c: char| c.is_ascii_alphanumeric();
    let whole = |at: &usize| !text[..*at].ends_with(inside) && !text[at + word.len()..].starts_with(inside);
    text.rmatch_indices(word).map(|(at, _)| at).find(whole)
}

/// Whether a text only separates versions of a list.
fn is_separator(text: &str) -> bool {
    let words = text.split(|c: char| c.is_whitespace() || ",/|+".contains(c)).filter(|word| !word.is_empty());
    words.into_iter().all(|word| ["and", "or", "&"].contains(&word)) && !text.contains(". ")
}

/// A version and its position in a text.
struct Version<'a> {
    start: usize,
    end: usize,
    text: &'a str,
    major: u64,
}

impl Version<'_> {
    fn is_of(&self, subject: Subject) -> bool {
        match subject {
            Subject::Rust | Subject::Msrv => self.major == 1,
            Subject::Sqlite => self.major == 3,
            Subject::Platform => false,
        }
    }

    fn is_lowest(&self, text: &str) -> bool {
        let after = text[self.end..].trim_start_matches(['(', ')', ']', ' ']);
        let before = &text[text[..self.start].rfind([',', ';', '|']).map_or(0, |at| at + 1)..self.start];
        LOWEST_AFTER.iter().any(|word| after.starts_with(word))
            || LOWEST_BEFORE.iter().any(|word| before.contains(word))
    }

    fn kind(&self, subject: Subject, lowest: bool) -> PromiseKind {
        let text = self.text.to_owned();
        match (subject, lowest || subject == Subject::Msrv) {
            (Subject::Sqlite, true) => PromiseKind::LowestSqlite(text),
            (Subject::Sqlite, false) => PromiseKind::Sqlite(text),
            (Subject::Rust | Subject::Msrv | Subject::Platform, true) => PromiseKind::LowestRust(text),
            (Subject::Rust | Subject::Msrv | Subject::Platform, false) => PromiseKind::Rust(text),
        }
    }
}

/// Versions of two or three numbers that are not part of a longer word or number.
fn versions(text: &str) -> impl Iterator<Item = Version<'_>> {
    let mut at = 0;
    std::iter::from_fn(move || loop {
        let start = at + text[at..].find(|c: char| c.is_ascii_digit())?;
        let run = text[start..].find(|c: char| !c.is_ascii_digit() && c != '.').unwrap_or(text.len() - start);
        at = start + run;
        let word = text[start..at].trim_end_matches('.');
        let end = start + word.len();
        let before = text[..start].chars().next_back();
        let apart = before.is_none_or(|c| !c.is_ascii_alphanumeric() && c != '.')
            || (before == Some('v') && !text[..start - 1].ends_with(|c: char| c.is_ascii_alphanumeric()));
        let after = text[end..].strip_prefix('.').unwrap_or(&text[end..]);
        let whole = !after.starts_with(|c: char| c.is_ascii_alphanumeric() || c == '_');
        let version = partial_version(word).filter(|_| word.contains('.') && apart && whole);
        if let Some(version) = version {
            return Some(Version { start, end, text: word, major: version.major });
        }
    })
}

/// Systems and target triples in a text.
fn systems(text: &str, found: &mut Vec<PromiseKind>) {
    let triples = text.split(|c: char| !c.is_ascii_alphanumeric() && c != '_' && c != '-').filter_map(of_triple);
    let before = found.len();
    found.extend(triples.map(PromiseKind::Platform));
    if found.len() > before {
        return;
    }
    let arch =
        [("x86_64", "x86_64"), ("x86-64", "x86_64"), ("amd64", "x86_64"), ("aarch64", "aarch64"), ("arm64", "aarch64")];
    let mut arches = arch.iter().filter(|(word, _)| last_word(text, word).is_some()).map(|(_, arch)| *arch);
    // An architecture belongs to a system only if there is exactly one of each.
    let arch = arches.next().filter(|first| arches.all(|other| other == *first));
    let mut names: Vec<&str> =
        SYSTEMS.iter().filter(|(word, _)| last_word(text, word).is_some()).map(|(_, name)| *name).collect();
    names.sort_unstable();
    names.dedup();
    let single = names.len() == 1;
    for name in names {
        let platform = match arch {
            Some(arch) if single && !name.contains('-') => format!("{name}-{arch}"),
            Some(_) | None => name.to_owned(),
        };
        found.push(PromiseKind::Platform(platform));
    }
}
