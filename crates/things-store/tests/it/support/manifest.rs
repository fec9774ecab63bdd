//! `fixture.toml`: flat, so that a few lines read it.

use std::collections::BTreeMap;

#[derive(Clone, Debug, Default, PartialEq)]
pub struct Manifest {
    pub vintage: i64,
    pub intent: String,
    /// `ok`, or the name of the error that opening must give.
    pub expect: String,
    pub sql: Vec<String>,
    pub wal: Vec<String>,
    pub damage: Damage,
    pub rows: BTreeMap<String, i64>,
}

#[derive(Clone, Debug, Default, PartialEq)]
pub struct Damage {
    pub truncate: Option<usize>,
    pub overwrite: Vec<(usize, Vec<u8>)>,
}

/// Panics on what it does not understand: a fixture must not be half read.
pub fn parse(text: &str) -> Manifest {
    let mut manifest = Manifest::default();
    let mut table = String::new();
    for line in text.lines() {
        let line = without_comment(line).trim();
        if line.is_empty() {
            continue;
        }
        if let Some(name) = line.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')) {
            table = name.to_owned();
            continue;
        }
        let (key, value) = line.split_once('=').unwrap_or_else(|| panic!("`{line}` is no key = value"));
        let (key, value) = (key.trim(), value.trim());
        match (table.as_str(), key) {
            ("", "vintage") => manifest.vintage = integer(value),
            ("", "intent") => manifest.intent = string(value),
            ("", "expect") => manifest.expect = string(value),
            ("", "sql") => manifest.sql = strings(value),
            ("", "wal") => manifest.wal = strings(value),
            ("", "app" | "seed") => {}
            ("damage", "truncate") => manifest.damage.truncate = Some(integer(value) as usize),
            ("damage", "overwrite") => manifest.damage.overwrite = overwrites(value),
            ("rows", name) => {
                manifest.rows.insert(name.to_owned(), integer(value));
            }
            _ => panic!("`{line}` is not known in [{table}]"),
        }
    }
    assert!(!manifest.expect.is_empty(), "`expect` is missing");
    manifest
}

fn without_comment(line: &str) -> &str {
    let mut quoted = false;
    for (at, c) in line.char_indices() {
        match c {
            '"' => quoted = !quoted,
            '#' if !quoted => return &line[..at],
            _ => {}
        }
    }
    line
}

fn integer(value: &str) -> i64 {
    value.parse().unwrap_or_else(|_| panic!("`{value}` is no integer"))
}

fn string(value: &str) -> String {
    let inside = value.strip_prefix('"').and_then(|rest| rest.strip_suffix('"'));
    inside.unwrap_or_else(|| panic!("`{value}` is no string")).to_owned()
}

fn list(value: &str) -> &str {
    let inside = value.strip_prefix('[').and_then(|rest| rest.strip_suffix(']'));
    inside.unwrap_or_else(|| panic!("`{value}` is no list on one line")).trim()
}

fn strings(value: &str) -> Vec<String> {
    list(value).split(',').map(str::trim).filter(|item| !item.is_empty()).map(string).collect()
}

fn overwrites(value: &str) -> Vec<(usize, Vec<u8>)> {
    list(value)
        .split_inclusive('}')
        .map(|item| item.trim_matches(|c: char| c.is_whitespace() || matches!(c, ',' | '{' | '}')))
        .filter(|item| !item.is_empty())
        .map(|item| {
            let (mut offset, mut bytes, mut repeat) = (0, Vec::new(), 1);
            for pair in item.split(',') {
                let (key, value) = pair.split_once('=').expect("key = value");
                match (key.trim(), value.trim()) {
                    ("offset", value) => offset = integer(value) as usize,
                    ("repeat", value) => repeat = integer(value) as usize,
                    ("hex", value) => bytes = hex(&string(value)),
                    (key, _) => panic!("`{key}` is not known in overwrite"),
                }
            }
            (offset, bytes.repeat(repeat))
        })
        .collect()
}

fn hex(digits: &str) -> Vec<u8> {
    assert!(digits.len() % 2 == 0, "`{digits}` has half a byte");
    let byte = |at| u8::from_str_radix(&digits[at..at + 2], 16).expect("hex digits");
    (0..digits.len()).step_by(2).map(byte).collect()
}
