//! The list of fixtures, as a table and as JSON.

use std::fmt::Write;

use serde::Serialize;

use crate::look::{pad, width, wrap};

/// A fixture as it is listed.
#[derive(Debug, Clone, Serialize)]
pub struct FixtureRow {
    /// Its folder below `compat/fixtures`.
    pub name: String,
    /// The vintage of its schema.
    pub vintage: i64,
    /// The version of the application that made it.
    pub app: String,
    /// What opening it must lead to.
    pub expect: String,
    /// What it is for.
    pub intent: String,
    /// Its rows in all tables.
    pub rows: i64,
    /// Whether its database is built.
    pub built: bool,
    /// Hash of what it is built from.
    pub recipe_sha256: String,
}

/// The list as a JSON document.
pub fn json(listed: &[FixtureRow]) -> String {
    serde_json::to_string_pretty(listed).expect("plain data with text keys is always JSON")
}

/// A line a fixture, its intent wrapped to the width.
pub fn table(listed: &[FixtureRow], columns: usize) -> String {
    let longest = |of: fn(&FixtureRow) -> usize, least: usize| listed.iter().map(of).max().unwrap_or(0).max(least);
    let name = longest(|l| width(&l.name), 4);
    let app = longest(|l| width(&l.app), 3);
    let expect = longest(|l| width(&l.expect), 6);
    let mut out = String::new();
    let _ = writeln!(out, "{:name$}  vintage  {:app$}  {:expect$}    rows  intent", "name", "app", "expect");
    let before = name + app + expect + 23;
    for l in listed {
        let room = columns.saturating_sub(before).max(20);
        let mut lines = wrap(&l.intent, room).into_iter();
        let first = lines.next().unwrap_or_default();
        let _ = writeln!(
            out,
            "{}  {:>7}  {}  {}  {:>6}  {first}",
            pad(&l.name, name),
            l.vintage,
            pad(&l.app, app),
            pad(&l.expect, expect),
            l.rows
        );
        for line in lines {
            let _ = writeln!(out, "{:before$}{line}", "");
        }
    }
    out
}
