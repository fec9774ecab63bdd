//! Promises in READMEs and pages: versions next to the words Rust, MSRV and SQLite, and systems in lists.
//!
//! A README also mentions versions in passing, so there a version counts only with a promising word (`+`, `or newer`,
//! `requires`, `tested on`), and not with a narrating one (`since`, `no longer`, `stabilised in`). Each version that is
//! next to such a name and does not count is named with the reason.

mod badge;
mod guards;
mod markdown;
mod numbers;
mod plain;
mod policy;
mod refusals;
mod sentence;
mod subject;
mod systems;
#[cfg(test)]
mod tests;
mod text;
mod words;

use super::kinds::{quoted, Promise, PromiseKind, PromiseSource};
use super::scanned::{NotTaken, Refused, Scanned};
use badge::Badge;
use guards::Because;
use markdown::{Block, Kind};
use sentence::{Context, Reading};
use subject::{Section, Subjects};

/// Longer sentences, in bytes, are data.
const LONGEST_SENTENCE: usize = 2000;

/// Why a policy is not taken over.
const POLICY: &str = "a policy has no number; the Rust that it means today belongs into `rust-version`";

pub(super) fn scan(file: &str, source: PromiseSource, text: &str) -> Scanned {
    let document = markdown::read(text, source == PromiseSource::Page);
    let lines: Vec<&str> = text.lines().collect();
    let mut scan = Scan { file, source, lines, found: Scanned::default() };
    for (line, badge, section) in &document.badges {
        match badge {
            _ if *section == Section::History => {}
            Badge::Rust(version) => scan.promise(*line, PromiseKind::LowestRust(version.clone())),
            Badge::Sqlite(version) => scan.promise(*line, PromiseKind::LowestSqlite(version.clone())),
            Badge::BareSqlite => scan.drop(*line, Because::NoWord.says()),
            Badge::Unknown => {
                scan.drop(*line, "the badge gets its number from the package's metadata when it is drawn")
            }
        }
    }
    for line in document.too_long {
        let looks = |line: &&&str| {
            line.get(..markdown::LONGEST_LINE).is_some_and(|start| start.to_ascii_lowercase().contains("msrv"))
        };
        if scan.lines.get(line - 1).filter(looks).is_some() {
            scan.drop(line, "a line that long is data, not prose");
        }
    }
    for block in &document.blocks {
        match &block.kind {
            Kind::Row(columns) => scan.row(block, columns),
            Kind::Paragraph | Kind::Item => scan.prose(block),
        }
    }
    scan.found
}

struct Scan<'a> {
    file: &'a str,
    source: PromiseSource,
    lines: Vec<&'a str>,
    found: Scanned,
}

impl Scan<'_> {
    fn is_page(&self) -> bool {
        self.source == PromiseSource::Page
    }

    fn context(&self, block: &Block) -> Context {
        Context {
            about: block.about,
            section: block.section,
            page: self.is_page(),
            contributors: self.source == PromiseSource::Contributing,
            item: block.kind == Kind::Item,
            strange: false,
        }
    }

    fn prose(&mut self, block: &Block) {
        let mut context = self.context(block);
        let promises = self.found.promises.len();
        let mut policies = Vec::new();
        for (start, sentence) in text::sentences(&block.text) {
            let known = self.found.promises.len() + self.found.not_taken.len();
            self.sentence(block, start, sentence, context, &mut policies);
            let read = self.found.promises.len() + self.found.not_taken.len() > known;
            context.strange |= context.item
                && !read
                && sentence.len() < LONGEST_SENTENCE
                && numbers::versions(sentence).next().is_some();
        }
        // Beside a number, a policy only says when that changes.
        let numbered = self.found.promises[promises..].iter().any(|one| matches!(one.kind, PromiseKind::LowestRust(_)));
        if !numbered {
            policies.dedup();
            policies.into_iter().for_each(|line| self.drop(line, POLICY));
        }
        let listed = block.kind == Kind::Item && block.about.platform;
        if listed && block.section == Section::Plain && systems::refused(&block.text).is_empty() {
            let other = ["n't", "not ", "no longer", "unsupported"].iter().any(|word| block.text.contains(word));
            if !other {
                self.systems(block.line(0), systems::named(&block.text));
            }
        }
        if block.section == Section::Refused {
            for platform in systems::named(&block.text) {
                self.refuse(block.line(0), PromiseKind::Platform(platform));
            }
        }
    }

    fn sentence(&mut self, block: &Block, start: usize, sentence: &str, context: Context, policies: &mut Vec<usize>) {
        if sentence.len() > LONGEST_SENTENCE {
            if sentence.get(..LONGEST_SENTENCE).is_none_or(|start| start.contains("msrv")) {
                self.drop(block.line(start), "a sentence that long is data, not prose");
            }
            return;
        }
        let readings = sentence::read(sentence, context);
        let numbered = !readings.is_empty();
        for (at, reading) in readings {
            let line = block.line(start + at);
            match reading {
                Reading::Promise(kind) => self.promise(line, kind),
                Reading::Dropped(Because::Past) => {}
                Reading::Dropped(because) => self.drop(line, because.says()),
                Reading::Refused(kind) => self.refuse(line, kind),
            }
        }
        if context.section != Section::Plain {
            return;
        }
        if !numbered && policy::is_one(sentence, context.about.rust) {
            let words = sentence.len() - sentence.trim_start().len();
            policies.push(block.line(start + words));
        } else if !numbered && (context.about.msrv || (context.about.rust && context.about.supported)) {
            // Below such a title, a number that looks like a Rust is not lost in silence.
            let like_rust = |one: &numbers::Version<'_>| one.text.starts_with("1.") && one.minor >= 10 && !one.series;
            if let Some(version) = numbers::versions(sentence).find(like_rust) {
                let changed = text::first_of(sentence, refusals::HISTORY).is_some();
                let because = if changed { Because::Changed } else { Because::NoWord };
                self.drop(block.line(start + version.start), because.says());
            }
        }
        let refused = systems::refused(sentence);
        if refused.is_empty() {
            self.systems(block.line(start), systems::promised(sentence));
        }
        for platform in refused {
            self.refuse(block.line(start), PromiseKind::Platform(platform));
        }
    }

    /// A row: cells below titles, or a first cell that says what the others are about.
    fn row(&mut self, block: &Block, columns: &[String]) {
        let base = Context { item: true, ..self.context(block) };
        let line = block.line(0);
        let cells: Vec<&str> = markdown::cells(&block.text).map(str::trim).collect();
        let first = Subjects::of_title(cells.first().copied().unwrap_or_default());
        if cells.iter().enumerate().any(|(n, cell)| refuses(cell, columns.get(n))) {
            self.refuse_row(line, &cells);
            return;
        }
        let each = columns.iter().enumerate().find_map(|(n, title)| each_row(n, title));
        for (n, cell) in cells.iter().enumerate() {
            let column = columns.get(n).map(|title| Subjects::of_title(title)).unwrap_or_default();
            let lowest = base.about.lowest || column.lowest;
            let (about, text) = if column.any() {
                (column, (*cell).to_owned())
            } else if n > 0 && first.any() {
                (first, format!("{}: {cell}", cells[0]))
            } else if columns.is_empty() && cells.len() == 1 {
                (base.about, (*cell).to_owned())
            } else {
                // A cell about anything; a page means every version beside a name.
                if base.page {
                    self.cell(line, cell, Context { item: false, ..base }, None);
                } else if !cell.is_empty() {
                    self.named_only(line, cell, base);
                }
                continue;
            };
            let about = Subjects { lowest: lowest || about.lowest, ..about };
            self.cell(line, &text, Context { about, ..base }, each.filter(|_| !base.page));
            if about.platform && base.section == Section::Plain {
                self.systems(line, systems::named(cell));
            }
        }
    }

    /// The versions of a cell; `each`: why none of them is about this package today.
    fn cell(&mut self, line: usize, cell: &str, context: Context, each: Option<&'static str>) {
        for (_, reading) in sentence::read(cell, context) {
            match (reading, each) {
                (Reading::Promise(_), Some(each)) => self.drop(line, each),
                (Reading::Promise(kind), None) => self.promise(line, kind),
                (Reading::Dropped(Because::Past), _) => {}
                (Reading::Dropped(because), _) => self.drop(line, because.says()),
                (Reading::Refused(kind), _) => self.refuse(line, kind),
            }
        }
    }

    /// A cell of a README's table about something else: what would be a promise elsewhere is named.
    fn named_only(&mut self, line: usize, cell: &str, base: Context) {
        let context = Context { about: Subjects::default(), item: false, ..base };
        if sentence::read(cell, context).iter().any(|(_, reading)| matches!(reading, Reading::Promise(_))) {
            self.drop(line, "the row is about something else");
        }
    }

    fn refuse_row(&mut self, line: usize, cells: &[&str]) {
        for cell in cells {
            for platform in systems::named(cell) {
                self.refuse(line, PromiseKind::Platform(platform));
            }
            for version in numbers::versions(cell) {
                let text = version.text.to_owned();
                match version.major {
                    1 => self.refuse(line, PromiseKind::Rust(text)),
                    3 => self.refuse(line, PromiseKind::Sqlite(text)),
                    _ => {}
                }
            }
        }
    }

    fn systems(&mut self, line: usize, platforms: Vec<String>) {
        for platform in platforms {
            self.promise(line, PromiseKind::Platform(platform));
        }
    }

    fn quote(&self, line: usize) -> String {
        quoted(self.lines.get(line.saturating_sub(1)).copied().unwrap_or_default())
    }

    fn promise(&mut self, line: usize, kind: PromiseKind) {
        let (file, key) = (self.file.to_owned(), String::new());
        let text = self.quote(line);
        self.found.promises.push(Promise { file, line, source: self.source, kind, key, spelled: None, text });
    }

    fn drop(&mut self, line: usize, because: &str) {
        self.found.not_taken.push(NotTaken::new(self.file, line, &self.quote(line), because));
    }

    fn refuse(&mut self, line: usize, kind: PromiseKind) {
        self.found.refused.push(Refused { file: self.file.to_owned(), line, kind });
    }
}

/// Whether a cell says that its row is not supported.
fn refuses(cell: &str, title: Option<&String>) -> bool {
    let of_support =
        title.is_some_and(|title| title.contains("support") || title.contains("tested") || title.contains("status"));
    let plain = cell.trim_matches(|c: char| !c.is_alphanumeric());
    ["not supported", "unsupported", "no longer supported", "not yet supported", "dropped"].contains(&plain)
        || ["❌", "✗", "✘", ":x:", "⛔"].iter().any(|mark| cell.starts_with(mark))
        || (of_support && plain == "no")
}

/// Why the rows of a table are not about this package as a whole, by the title of one of its columns.
fn each_row(n: usize, title: &str) -> Option<&'static str> {
    let has = |list: &[&str]| list.iter().any(|word| text::has(title, word));
    let about = Subjects::of_title(title);
    if has(&["date"]) || (n == 0 && !about.any() && has(&["version", "versions", "release", "releases", "series"])) {
        Some("each row of the table is of another release")
    } else if n > 0 {
        None
    } else if has(&["crate", "crates", "package", "packages"]) {
        Some("each row of the table is of another crate")
    } else if has(&["feature", "features", "target", "targets"]) {
        Some("each row of the table is about a part")
    } else {
        None
    }
}
