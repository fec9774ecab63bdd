//! Splits the script of a step into commands, as bash does in simple cases: separators, quotes, continued lines, variables,
//! `cd`, and loops over words. It follows no files and runs nothing.

#[cfg(test)]
mod tests;

use std::collections::BTreeMap;

/// A simple command.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(super) struct Invocation {
    /// Line within the script, from 0.
    pub(super) line: usize,
    /// The program and its arguments; variables that are known are replaced.
    pub(super) words: Vec<String>,
    /// The words as written.
    pub(super) raw: String,
    /// Variables set for this command alone.
    pub(super) env: BTreeMap<String, String>,
    /// The folder, relative to where the script starts, if the script changed it.
    pub(super) folder: Option<String>,
}

/// Words before a command that do not change what it is.
const BEFORE: [&str; 16] = [
    "if", "then", "else", "elif", "do", "while", "until", "!", "time", "sudo", "command", "exec", "env", "xvfb-run",
    "{", "nice",
];

/// The most turns of a loop that are read.
const TURNS: usize = 64;

/// The commands of a script. `env` has the variables known when it starts; assignments and `export` add to it, and `echo
/// "A=b" >> $GITHUB_ENV` too.
pub(super) fn commands(script: &str, env: &mut BTreeMap<String, String>) -> Vec<Invocation> {
    let pieces = pieces(script);
    let mut reading = Reading { env, folder: None, found: Vec::new() };
    reading.all(&pieces, 0);
    reading.found
}

/// What stands between two separators.
#[derive(Debug, Clone)]
struct Piece {
    line: usize,
    words: Vec<Word>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
struct Word {
    text: String,
    /// In single quotes, where variables mean nothing.
    literal: bool,
    /// In quotes, so that spaces do not divide it.
    quoted: bool,
}

struct Reading<'e> {
    env: &'e mut BTreeMap<String, String>,
    folder: Option<String>,
    found: Vec<Invocation>,
}

impl Reading<'_> {
    fn all(&mut self, pieces: &[Piece], depth: usize) {
        let mut at = 0;
        while let Some(piece) = pieces.get(at) {
            at += 1;
            let opens = piece.words.iter().take_while(|word| ["do", "then", "else", "{"].contains(&word.text.as_str()));
            match &piece.words[opens.count()..] {
                [word, name, within, values @ ..] if word.text == "for" && within.text == "in" && depth < 4 => {
                    let end = end_of_loop(&pieces[at..]).map_or(pieces.len(), |end| at + end);
                    let turns: Vec<String> = values.iter().flat_map(|value| self.expand(value)).collect();
                    for turn in turns.into_iter().take(TURNS) {
                        self.env.insert(name.text.clone(), turn);
                        if self.found.len() < TURNS * TURNS {
                            self.all(&pieces[at..end], depth + 1);
                        }
                    }
                    at = end;
                }
                words => self.command(piece.line, words),
            }
        }
    }

    fn command(&mut self, line: usize, words: &[Word]) {
        let raw = words.iter().map(|word| word.text.as_str()).collect::<Vec<_>>().join(" ");
        let mut expanded: Vec<String> = words.iter().flat_map(|word| self.expand(word)).collect();
        let mut env = BTreeMap::new();
        let mut exported = false;
        while let Some(first) = expanded.first() {
            if BEFORE.contains(&first.as_str()) {
                let skipped = expanded.remove(0);
                // `sudo -E`, `xvfb-run -a`, `nice -n 5`: their options.
                while skipped != "if" && expanded.first().is_some_and(|word| word.starts_with('-')) {
                    expanded.remove(0);
                }
            } else if first == "export" {
                exported = true;
                expanded.remove(0);
            } else if let Some((name, value)) = assignment(first) {
                // The output of a command is not known.
                if !value.contains(['`', '(']) {
                    env.insert(name, value);
                }
                expanded.remove(0);
            } else {
                break;
            }
        }
        match expanded.first().map(String::as_str) {
            // Assignments alone, or exported.
            None => self.env.extend(env),
            Some(_) if exported => self.env.extend(env),
            Some("cd" | "pushd") => {
                if let Some(folder) = expanded.get(1).filter(|folder| !folder.contains('$')) {
                    self.folder = Some(join(self.folder.as_deref(), folder));
                }
            }
            Some("popd") => self.folder = None,
            Some("done" | "fi" | "esac" | "}") => {}
            Some("echo") if raw.contains("GITHUB_ENV") => {
                let set = expanded.iter().skip(1).find_map(|word| assignment(word));
                self.env.extend(set);
            }
            Some(_) => {
                let folder = self.folder.clone();
                self.found.push(Invocation { line, words: expanded, raw, env, folder });
            }
        }
    }

    /// The words that a word becomes.
    fn expand(&self, word: &Word) -> Vec<String> {
        if word.literal || !word.text.contains(['$', '%']) {
            return vec![word.text.clone()];
        }
        let text = replace(&word.text, self.env);
        if word.quoted || text == word.text {
            return vec![text];
        }
        text.split_whitespace().map(str::to_owned).collect()
    }
}

/// The index behind the `done` of a loop whose body begins here.
fn end_of_loop(pieces: &[Piece]) -> Option<usize> {
    let mut depth = 1;
    pieces.iter().position(|piece| {
        let first = piece.words.iter().map(|word| word.text.as_str()).find(|word| !["do", "then", "{"].contains(word));
        match first {
            Some("for" | "while" | "until") => depth += 1,
            Some("done") => depth -= 1,
            _ => {}
        }
        depth == 0
    })
}

/// `NAME=value`, or PowerShell's `$env:NAME=value`.
fn assignment(word: &str) -> Option<(String, String)> {
    let (name, value) = word.split_once('=')?;
    let name = name.strip_prefix("$env:").unwrap_or(name);
    let is_name = name.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_')
        && name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_');
    is_name.then(|| (name.to_owned(), value.to_owned()))
}

/// A folder below another; `..` goes up.
pub(super) fn join(base: Option<&str>, folder: &str) -> String {
    let mut parts: Vec<&str> = base.unwrap_or_default().split('/').filter(|part| !part.is_empty()).collect();
    for part in folder.split(['/', '\\']) {
        match part {
            "" | "." => {}
            ".." => drop(parts.pop()),
            part => parts.push(part),
        }
    }
    parts.join("/")
}

/// Replaces `$A`, `${A}`, `${A:-default}`, `$env:A` and `%A%` by what is known; others stay.
fn replace(text: &str, env: &BTreeMap<String, String>) -> String {
    let mut out = String::new();
    let mut rest = text;
    while let Some(at) = rest.find(['$', '%']) {
        out.push_str(&rest[..at]);
        let tail = &rest[at..];
        let is_name = |c: char| c.is_ascii_alphanumeric() || c == '_';
        let name_end = |from: usize| tail[from..].find(|c: char| !is_name(c)).map_or(tail.len(), |end| from + end);
        let (name, default, len) = if let Some(inner) = tail.strip_prefix("${") {
            let Some(end) = inner.find('}') else { break };
            let (name, default) = inner[..end].split_once(":-").map_or((&inner[..end], None), |(n, d)| (n, Some(d)));
            (name, default, end + 3)
        } else if tail.starts_with("$env:") {
            (&tail[5..name_end(5)], None, name_end(5))
        } else if tail.starts_with('$') {
            (&tail[1..name_end(1)], None, name_end(1))
        } else {
            let end = name_end(1);
            let closed = tail[end..].starts_with('%');
            (if closed { &tail[1..end] } else { "" }, None, if closed { end + 1 } else { 1 })
        };
        match env.get(name).map(String::as_str).or(default) {
            Some(value) => out.push_str(value),
            None => out.push_str(&tail[..len.max(1)]),
        }
        rest = &tail[len.max(1)..];
    }
    out.push_str(rest);
    out
}

/// Divides a script at its separators.
fn pieces(script: &str) -> Vec<Piece> {
    let mut splitter = Splitter::default();
    let mut chars = script.chars().peekable();
    let mut before = '\n';
    while let Some(c) = chars.next() {
        match (splitter.quote, c) {
            (Some('"'), '\\') => splitter.word.extend(chars.next()),
            (Some(quote), c) if c == quote => splitter.quote = None,
            (Some(_), c) => {
                splitter.line += usize::from(c == '\n');
                splitter.word.push(c);
            }
            (None, '\'' | '"') => {
                splitter.quote = Some(c);
                splitter.in_word = true;
                splitter.quoted = true;
                splitter.literal |= c == '\'';
            }
            // Lines are continued by `\` in bash, by a backtick in PowerShell and by `^` in cmd.
            (None, '\\' | '`' | '^') if chars.peek().is_none_or(|next| matches!(next, '\n' | '\r')) => {
                while chars.peek().is_some_and(|next| *next == '\r') {
                    chars.next();
                }
                chars.next();
                splitter.end_word();
                splitter.continued += 1;
            }
            (None, '#') if before.is_whitespace() || before == ';' => {
                while chars.peek().is_some_and(|next| *next != '\n') {
                    chars.next();
                }
            }
            (None, '\n' | ';' | '|' | '(' | ')') if !(c == '(' && before == '$') => {
                splitter.end_piece();
                splitter.line += usize::from(c == '\n');
            }
            // `2>&1` is no separator.
            (None, '&') if before != '>' && before != '<' => splitter.end_piece(),
            (None, c) if c.is_whitespace() => splitter.end_word(),
            (None, c) => {
                splitter.in_word = true;
                splitter.word.push(c);
            }
        }
        before = c;
    }
    splitter.end_piece();
    splitter.pieces
}

#[derive(Default)]
struct Splitter {
    pieces: Vec<Piece>,
    words: Vec<Word>,
    word: String,
    quote: Option<char>,
    in_word: bool,
    quoted: bool,
    literal: bool,
    line: usize,
    /// Lines that the current piece goes on over.
    continued: usize,
}

impl Splitter {
    fn end_word(&mut self) {
        if std::mem::take(&mut self.in_word) {
            let text = std::mem::take(&mut self.word);
            self.words.push(Word { text, literal: self.literal, quoted: self.quoted });
        }
        self.literal = false;
        self.quoted = false;
    }

    fn end_piece(&mut self) {
        self.end_word();
        if !self.words.is_empty() {
            self.pieces.push(Piece { line: self.line, words: std::mem::take(&mut self.words) });
        }
        self.line += std::mem::take(&mut self.continued);
    }
}
