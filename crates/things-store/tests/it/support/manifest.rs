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

/// What it does not understand is an error: a fixture must not be half read.
pub fn parse(text: &str) -> Result<Manifest, String> {
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
        let (key, value) = pair(line)?;
        match (table.as_str(), key) {
            ("", "vintage") => manifest.vintage = integer(value)?,
            ("", "intent") => manifest.intent = string(value)?,
            ("", "expect") => manifest.expect = string(value)?,
            ("", "sql") => manifest.sql = strings(value)?,
            ("", "wal") => manifest.wal = strings(value)?,
            ("", "app" | "seed") => {}
            ("damage", "truncate") => manifest.damage.truncate = Some(integer(value)? as usize),
            ("damage", "overwrite") => manifest.damage.overwrite = overwrites(value)?,
            ("rows", name) => {
                manifest.rows.insert(name.to_owned(), integer(value)?);
            }
            _ => return Err(format!("`{line}` is not known in [{table}]")),
        }
    }
    match manifest.expect.is_empty() {
        true => Err("`expect` is missing".to_owned()),
        false => Ok(manifest),
    }
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

fn pair(text: &str) -> Result<(&str, &str), String> {
    let (key, value) = text.split_once('=').ok_or_else(|| format!("`{text}` is no key = value"))?;
    Ok((key.trim(), value.trim()))
}

fn integer(value: &str) -> Result<i64, String> {
    value.parse().map_err(|_| format!("`{value}` is no integer"))
}

fn string(value: &str) -> Result<String, String> {
    let inside = value.strip_prefix('"').and_then(|rest| rest.strip_suffix('"'));
    inside.map(str::to_owned).ok_or_else(|| format!("`{value}` is no string"))
}

fn list(value: &str) -> Result<&str, String> {
    let inside = value.strip_prefix('[').and_then(|rest| rest.strip_suffix(']'));
    inside.map(str::trim).ok_or_else(|| format!("`{value}` is no list on one line"))
}

fn strings(value: &str) -> Result<Vec<String>, String> {
    list(value)?.split(',').map(str::trim).filter(|item| !item.is_empty()).map(string).collect()
}

fn overwrites(value: &str) -> Result<Vec<(usize, Vec<u8>)>, String> {
    let items = list(value)?.split_inclusive('}');
    let items = items.map(|item| item.trim_matches(|c: char| c.is_whitespace() || matches!(c, ',' | '{' | '}')));
    items.filter(|item| !item.is_empty()).map(overwrite).collect()
}

fn overwrite(item: &str) -> Result<(usize, Vec<u8>), String> {
    let (mut offset, mut bytes, mut repeat) = (0, Vec::new(), 1);
    for part in item.split(',') {
        match pair(part)? {
            ("offset", value) => offset = integer(value)? as usize,
            ("repeat", value) => repeat = integer(value)? as usize,
            ("hex", value) => bytes = hex(&string(value)?)?,
            (key, _) => return Err(format!("`{key}` is not known in overwrite")),
        }
    }
    Ok((offset, bytes.repeat(repeat)))
}

fn hex(digits: &str) -> Result<Vec<u8>, String> {
    let byte = |at: usize| digits.get(at..at + 2).and_then(|two| u8::from_str_radix(two, 16).ok());
    let bytes = (0..digits.len()).step_by(2).map(byte);
    bytes.collect::<Option<_>>().ok_or_else(|| format!("`{digits}` are no hex digits of whole bytes"))
}
