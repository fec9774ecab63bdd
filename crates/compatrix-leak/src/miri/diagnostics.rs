//! Parses compiler-style diagnostics: message, place, quoted code, notes, and further places.

use crate::finding::Frame;

/// Error or warning.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Level {
    Error,
    Warning,
}

/// One `error:` or `warning:` with everything that belongs to it.
#[derive(Debug)]
pub(super) struct Diagnostic {
    pub(super) level: Level,
    /// The text after `error: `, joined to one line.
    pub(super) title: String,
    /// The place after `-->`.
    pub(super) place: Option<Frame>,
    /// The quoted code from the first mark to the end of its line.
    pub(super) marked: String,
    /// Notes with a place.
    pub(super) children: Vec<Child>,
    /// The printed stack, innermost frame first; empty if none is printed.
    frames: Vec<Frame>,
}

/// A `help:` or `note:` with a place.
#[derive(Debug)]
pub(super) struct Child {
    pub(super) what: String,
    pub(super) place: Option<Frame>,
}

impl Diagnostic {
    /// The stack. Miri prints none if there is only one frame; then it is the diagnostic's place.
    pub(super) fn stack(&self) -> Vec<Frame> {
        let mut frames = self.frames.clone();
        match (frames.first_mut(), &self.place) {
            (Some(first), Some(place)) if first.file.is_none() => {
                (first.file, first.line, first.column) = (place.file.clone(), place.line, place.column);
            }
            (None, Some(place)) => frames.push(place.clone()),
            _ => {}
        }
        frames
    }
}

/// The part that the next `-->` belongs to.
#[derive(Clone, Copy)]
enum Target {
    Title,
    Frame,
    Child,
}

/// Parses the diagnostics in these lines.
pub(super) fn of<'a>(lines: impl Iterator<Item = &'a str>) -> Vec<Diagnostic> {
    let mut reader = MiriReader { done: Vec::new(), open: false, target: Target::Title, code: None, numbered: false };
    lines.for_each(|line| reader.line(line));
    reader.done
}

struct MiriReader {
    done: Vec<Diagnostic>,
    /// Whether following lines still belong to the last diagnostic.
    open: bool,
    target: Target,
    /// The last quoted line of code.
    code: Option<String>,
    /// Whether a numbered stack is being parsed.
    numbered: bool,
}

impl MiriReader {
    fn line(&mut self, line: &str) {
        // libtest prints `test name ... ` without a line break, which matters if both streams are merged.
        let line = match line.split_once(" ... error: ") {
            Some((test, _)) if test.starts_with("test ") => &line[test.len() + " ... ".len()..],
            _ => line,
        };
        if let Some((level, title)) = heading(line) {
            self.done.push(Diagnostic {
                level,
                title: title.trim_end().to_owned(),
                place: None,
                marked: String::new(),
                children: Vec::new(),
                frames: Vec::new(),
            });
            (self.open, self.target, self.code, self.numbered) = (true, Target::Title, None, false);
            return;
        }
        if line.is_empty() {
            self.open = false;
        }
        let Some(last) = self.done.last_mut().filter(|_| self.open) else { return };
        let trimmed = line.trim_start();
        let indented = trimmed.len() < line.len();
        if let Some(what) = line.strip_prefix("note: ").or_else(|| line.strip_prefix("help: ")) {
            self.numbered = false;
            if what.starts_with("inside ") {
                last.frames.push(inside(what));
                self.target = Target::Frame;
            } else {
                last.children.push(Child { what: what.to_owned(), place: None });
                self.target = Target::Child;
            }
        } else if let Some(at) = trimmed.strip_prefix("--> ") {
            self.numbered = false;
            let at = place(at);
            match self.target {
                Target::Title => last.place = last.place.take().or(at),
                Target::Child => {
                    if let Some(child) = last.children.last_mut() {
                        child.place = child.place.take().or(at);
                    }
                }
                Target::Frame => {
                    if let (Some(frame), Some(at)) = (last.frames.last_mut().filter(|f| f.file.is_none()), at) {
                        (frame.file, frame.line, frame.column) = (at.file, at.line, at.column);
                    }
                }
            }
        } else if let Some(note) = trimmed.strip_prefix("= note: ") {
            self.numbered = note.trim_end() == "stack backtrace:";
            if note.starts_with("inside ") {
                last.frames.push(inside(note));
            }
        } else if self.numbered && indented {
            if let Some(at) = trimmed.strip_prefix("at ") {
                if let (Some(frame), Some(at)) = (last.frames.last_mut(), place(at)) {
                    (frame.file, frame.line, frame.column) = (at.file, at.line, at.column);
                }
            } else if let Some((number, function)) = trimmed.split_once(": ") {
                if number.bytes().all(|b| b.is_ascii_digit()) {
                    last.frames.push(Frame { function: function.trim_end().to_owned(), ..Frame::default() });
                }
            }
        } else if let Some((number, code)) = gutter(line) {
            self.mark(number, code);
        } else if indented && last.place.is_none() && matches!(self.target, Target::Title) && !trimmed.starts_with('=')
        {
            // A title of several lines.
            last.title = format!("{} {}", last.title, trimmed.trim_end());
        }
    }

    /// Remembers a line of code, and the part that the first mark points at.
    fn mark(&mut self, number: &str, code: &str) {
        if !number.is_empty() {
            self.code = Some(code.to_owned());
            return;
        }
        let Some(last) = self.done.last_mut().filter(|_| matches!(self.target, Target::Title)) else { return };
        if let (Some(column), Some(line), true) = (code.find('^'), &self.code, last.marked.is_empty()) {
            let column = code[..column].chars().count();
            last.marked = line.chars().skip(column).collect::<String>().trim().to_owned();
        }
    }
}

/// `error: text`, `error[E0425]: text` and so on.
fn heading(line: &str) -> Option<(Level, &str)> {
    [("error", Level::Error), ("warning", Level::Warning)].into_iter().find_map(|(word, level)| {
        let rest = line.strip_prefix(word)?;
        let rest = match rest.strip_prefix('[') {
            Some(code) => code.split_once(']')?.1,
            None => rest,
        };
        Some((level, rest.strip_prefix(": ")?))
    })
}

/// Splits `12 | code` or `   |  ^^^` into line number (possibly empty) and the text after the bar.
fn gutter(line: &str) -> Option<(&str, &str)> {
    let (number, code) = line.split_once('|')?;
    let number = number.trim();
    let plain = number.bytes().all(|b| b.is_ascii_digit()) || number == "LL";
    plain.then_some((number, code))
}

/// Parses `src/lib.rs:10:5`, or `src/lib.rs:10:5: 10:20` of older stacks.
fn place(text: &str) -> Option<Frame> {
    let text = text.trim();
    let text = text.split_once(": ").map_or(text, |(start, _)| start);
    let mut parts = text.rsplitn(3, ':');
    let (column, line, file) = (parts.next()?, parts.next(), parts.next());
    let (file, line, column) = match (file, line) {
        (Some(file), Some(line)) => (file, line.parse().ok(), column.parse().ok()),
        // Cut off, or normalised.
        _ => (text.split(':').next()?, None, None),
    };
    let file = Some(file).filter(|file| !file.is_empty() && !file.starts_with('<'))?;
    Some(Frame { file: Some(file.to_owned()), line, column, ..Frame::default() })
}

/// Parses ``inside `function` at src/lib.rs:10:5: 10:20`` or `inside closure at …`, with or without a place.
fn inside(note: &str) -> Frame {
    let note = note.strip_prefix("inside ").unwrap_or(note).trim_end();
    let (function, at) = match note.strip_prefix('`').and_then(|quoted| quoted.rsplit_once('`')) {
        Some((function, rest)) => (function, rest.strip_prefix(" at ")),
        None => match note.split_once(" at ") {
            Some((function, at)) => (function, Some(at)),
            None => (note, None),
        },
    };
    let function = if function == "closure" { "{closure}" } else { function };
    Frame { function: function.to_owned(), ..at.and_then(place).unwrap_or_default() }
}
