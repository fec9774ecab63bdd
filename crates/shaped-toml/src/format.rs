//! Formats of strings: the trait for a caller's formats, and formats that any file may need.

use std::fmt;

use jiff::civil::Date;
use serde_json::{json, Map, Value};

use crate::problem::Problem;

/// The format of a string. Callers implement it for their domain's formats.
pub trait TextFormat: fmt::Debug + Sync {
    /// Validates a text.
    ///
    /// # Errors
    /// The problem, without a place.
    fn check(&self, text: &str) -> Result<(), Problem>;

    /// A description in Markdown for a reference page: "date: `2027-06-30`".
    fn describe(&self) -> String;

    /// A regular expression (ECMA 262) for editors. It may accept texts that [`TextFormat::check`] refuses.
    fn pattern(&self) -> Option<&'static str> {
        None
    }

    /// The closed set of words, if the format is one.
    fn words(&self) -> Option<&Words> {
        None
    }

    /// Whether an unquoted TOML date is also accepted.
    fn takes_dates(&self) -> bool {
        false
    }

    /// A top-level table whose keys are also accepted, even if [`TextFormat::check`] refuses them.
    fn or_key_of(&self) -> Option<&'static str> {
        None
    }

    /// JSON Schema constraints in addition to `"type": "string"`.
    fn schema(&self) -> Map<String, Value> {
        self.pattern().map(|pattern| ("pattern".to_owned(), json!(pattern))).into_iter().collect()
    }
}

/// A closed set of words.
#[derive(Debug)]
pub struct Words {
    /// What a word of this set is: "strategy".
    pub what: &'static str,
    /// The words, each with its meaning.
    pub known: &'static [(&'static str, &'static str)],
    /// Words reserved for later versions.
    pub later: Later,
}

/// Words reserved for later versions of a program: rejected, but not as mistakes.
#[derive(Debug, Clone, Copy)]
pub struct Later {
    /// The reserved words.
    pub words: &'static [&'static str],
    /// The program's name, for messages.
    pub program: &'static str,
}

impl Later {
    /// No reserved words.
    pub const NONE: Later = Later { words: &[], program: "" };

    /// The problem with a reserved word; `None` if it is not reserved.
    pub(crate) fn problem(&self, word: &str, what: &str) -> Option<Problem> {
        let refused = || format!("{what} is not supported by this version of {} yet", self.program);
        self.words.contains(&word).then(|| Problem::new(refused()))
    }
}

impl TextFormat for Words {
    fn check(&self, text: &str) -> Result<(), Problem> {
        refuse_nul(text)?;
        let known = || self.known.iter().map(|(word, _)| *word);
        if known().any(|word| word == text) {
            return Ok(());
        }
        Err(match self.later.problem(text, &format!("the {} `{text}`", self.what)) {
            Some(later) => later.known("", known()),
            None => Problem::new(format!("unknown {} `{text}`", self.what)).known(text, known()),
        })
    }

    fn describe(&self) -> String {
        self.known.iter().map(|(word, _)| format!("`{word}`")).collect::<Vec<_>>().join(", ")
    }

    fn words(&self) -> Option<&Words> {
        Some(self)
    }

    fn schema(&self) -> Map<String, Value> {
        let (names, docs): (Vec<&str>, Vec<&str>) = self.known.iter().copied().unzip();
        // The meaning of each word, where Taplo and its editor plug-ins read it.
        let taplo = json!({ "docs": { "enumValues": docs } });
        [("enum".to_owned(), json!(names)), ("x-taplo".to_owned(), taplo)].into_iter().collect()
    }
}

/// Formats that are independent of any domain.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Plain {
    /// Any text without NUL.
    Any,
    /// Prose, not blank.
    Sentence,
    /// `YYYY-MM-DD`, with or without quotes.
    Date,
    /// A web address.
    Url,
}

impl TextFormat for Plain {
    fn check(&self, text: &str) -> Result<(), Problem> {
        refuse_nul(text)?;
        match self {
            Plain::Any => Ok(()),
            Plain::Sentence if text.trim().is_empty() => Err(Problem::new("the text is blank")),
            Plain::Sentence => Ok(()),
            Plain::Date => date(text),
            Plain::Url => url(text),
        }
    }

    fn describe(&self) -> String {
        let text = match self {
            Plain::Any => "text",
            Plain::Sentence => "text, not blank",
            Plain::Date => "date: `2027-06-30`",
            Plain::Url => "web address",
        };
        text.to_owned()
    }

    fn pattern(&self) -> Option<&'static str> {
        match self {
            Plain::Any => None,
            Plain::Sentence => Some(r"\S"),
            Plain::Date => Some(r"^\d{4}-\d{2}-\d{2}$"),
            Plain::Url => Some(r"^https?://"),
        }
    }

    fn takes_dates(&self) -> bool {
        *self == Plain::Date
    }
}

/// Refuses NUL, which TOML can express but programs and operating systems cannot accept.
///
/// # Errors
/// The text contains NUL.
pub fn refuse_nul(text: &str) -> Result<(), Problem> {
    match text.contains('\0') {
        true => Err(Problem::new("an environment variable or argument cannot contain NUL")),
        false => Ok(()),
    }
}

/// Validates a calendar date, `YYYY-MM-DD`.
///
/// # Errors
/// The text has another form, or there is no such day.
pub fn date(text: &str) -> Result<(), Problem> {
    let bad = || Problem::new(format!("`{text}` is not a date")).help("write year, month, day as `YYYY-MM-DD`");
    let parts: Vec<&str> = text.split('-').collect();
    let [year, month, day] = parts[..] else { return Err(bad()) };
    let number = |part: &str| part.bytes().all(|b| b.is_ascii_digit()).then(|| part.parse::<u32>().ok()).flatten();
    let (Some(y), Some(m), Some(d)) = (number(year), number(month), number(day)) else { return Err(bad()) };
    let date = |y: u32, m: u32, d: u32| Date::new(y.try_into().ok()?, m.try_into().ok()?, d.try_into().ok()?).ok();
    if date(y, m, d).is_none() {
        return Err(bad().label("no such day"));
    }
    if (year.len(), month.len(), day.len()) != (4, 2, 2) {
        return Err(bad().nearest(format!("{y:04}-{m:02}-{d:02}")));
    }
    Ok(())
}

fn url(text: &str) -> Result<(), Problem> {
    let rest = text.strip_prefix("https://").or_else(|| text.strip_prefix("http://"));
    match rest {
        Some(rest) if rest.len() > 2 && !rest.contains(|c: char| c.is_whitespace() || "<>\"".contains(c)) => Ok(()),
        _ => Err(Problem::new(format!("`{text}` is not a web address")).help("write it in full: `https://…`")),
    }
}
