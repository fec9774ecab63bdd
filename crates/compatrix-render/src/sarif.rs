//! Findings as SARIF 2.1.0, for GitHub code scanning.
//!
//! One run per tool, one result per finding, however many cells have it. Sources: the OASIS standard "Static Analysis
//! Results Interchange Format (SARIF) Version 2.1.0", and docs.github.com, "SARIF support for code scanning": each
//! result needs a file and a line, and each run in a file needs a distinct category (`automationDetails`).

mod places;
mod rules;

pub use places::SarifOptions;

use compatrix_leak::{Frame, Related, Standing, Tool, Usage};
use compatrix_model::results::matrix::Matrix;
use compatrix_model::results::row::Row;
use compatrix_model::verdict::Verdict;
use serde_json::{json, Map, Value};

use crate::leaks::finding::{headline, standing, test};
use crate::leaks::frames::{first, sentence};
use crate::leaks::gather::{by_reason, not_proven, Gathered, Group};
use crate::why::why;

/// The JSON Schema that the output conforms to.
pub const SCHEMA: &str = "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json";

/// The log as indented JSON, ending in a newline.
pub fn sarif(matrix: &Matrix, usage: &Usage, options: &SarifOptions<'_>) -> String {
    let gathered = Gathered::of(matrix);
    let tools = Tool::ALL.into_iter().filter(|tool| matrix.rows.iter().any(|row| row.tool == Some(*tool)));
    let runs: Vec<Value> = tools.map(|tool| run(tool, matrix, &gathered, usage, options)).collect();
    let log = json!({ "$schema": SCHEMA, "version": "2.1.0", "runs": runs });
    let mut text = serde_json::to_string_pretty(&log).expect("plain data with text keys is always JSON");
    text.push('\n');
    text
}

fn run(tool: Tool, matrix: &Matrix, gathered: &Gathered<'_>, usage: &Usage, options: &SarifOptions<'_>) -> Value {
    let mine = gathered.findings.iter().filter(|group| group.finding.tool == tool);
    let (groups, elsewhere): (Vec<&Group<'_>>, Vec<&Group<'_>>) = mine.partition(|group| is_result(group));
    let rules = rules::Rules::of(groups.iter().map(|group| group.finding.kind));
    let mut driver = object([
        ("name", json!("compatrix")),
        ("semanticVersion", json!(options.version)),
        ("rules", rules.descriptors()),
        ("notifications", rules::notifications()),
    ]);
    if !options.about.is_empty() {
        driver.insert("informationUri".to_owned(), json!(options.about));
    }
    let versions: Vec<Value> = gathered
        .suites
        .iter()
        .filter(|suite| suite.tool == Some(tool))
        .flat_map(|suite| &suite.versions)
        .map(|version| json!({ "name": tool.title(), "version": version }))
        .fold(Vec::new(), |mut all, one| {
            if !all.contains(&one) {
                all.push(one);
            }
            all
        });
    let results: Vec<Value> = groups.iter().map(|group| result(group, matrix, &rules, options)).collect();
    json!({
        "automationDetails": { "id": format!("compatrix/{tool}/") },
        "tool": { "driver": driver, "extensions": versions },
        "originalUriBaseIds": { places::ROOT: { "description": { "text": "The root of the workspace." } } },
        "columnKind": "unicodeCodePoints",
        "invocations": [invocation(tool, matrix, usage, elsewhere.len())],
        "results": results,
    })
}

/// Whether a finding becomes a result. A noted finding outside the workspace's code would be an alert that nobody here
/// can act on.
fn is_result(group: &Group<'_>) -> bool {
    group.finding.standing != Standing::Noted || group.finding.own_frame().is_some()
}

fn result(group: &Group<'_>, matrix: &Matrix, rules: &rules::Rules, options: &SarifOptions<'_>) -> Value {
    let finding = group.finding;
    let mut result = object([
        ("ruleId", json!(finding.kind.as_str())),
        ("ruleIndex", json!(rules.index(finding.kind))),
        ("level", json!(level(&finding.standing))),
        ("message", json!({ "text": message(group) })),
        ("locations", json!([places::main(finding, options)])),
        ("partialFingerprints", json!({ "compatrix/v1": finding.fingerprint })),
        ("occurrenceCount", json!(group.rows.len())),
        // The standard requires it on all results of a run or on none.
        ("suppressions", suppressions(&finding.standing)),
    ]);
    let cells: Vec<String> = group.rows.iter().map(|row| row.cell.to_string()).collect();
    let repro = group.rows.first().map(|row| matrix.repro_line(row));
    result.insert(
        "properties".to_owned(),
        json!({
            "tool": finding.tool,
            "standing": finding.standing.as_str(),
            "test": test(group),
            "testFailsToo": group.fails > 0,
            "bytes": group.bytes.1,
            "blocks": group.blocks.1,
            "cells": cells,
            "repro": repro,
        }),
    );
    let mut stacks = Vec::new();
    if !finding.stack.is_empty() {
        stacks.push(stack(&finding.what, &finding.stack));
    }
    stacks.extend(
        finding.related.iter().filter(|related| !related.stack.is_empty()).map(|one| stack(&one.what, &one.stack)),
    );
    if !stacks.is_empty() {
        result.insert("stacks".to_owned(), json!(stacks));
    }
    let related: Vec<Value> = finding.related.iter().enumerate().filter_map(|(n, one)| related(n + 1, one)).collect();
    if !related.is_empty() {
        result.insert("relatedLocations".to_owned(), json!(related));
    }
    Value::Object(result)
}

/// The text of GitHub's alert: the workspace's own frame first.
fn message(group: &Group<'_>) -> String {
    let finding = group.finding;
    let mut text = match first(finding) {
        Some(frame) => format!("{}: {}", sentence(frame), headline(group)),
        None => headline(group),
    };
    text.push_str(&format!(". Test: {}", test(group)));
    if let Some(said) = group.fails_too() {
        text.push_str(&format!("; {said}"));
    }
    text.push('.');
    if !finding.what.is_empty() {
        text.push_str(&format!(" Reported by the tool: {}.", finding.what.trim_end_matches('.')));
    }
    if let Some(said) = standing(&finding.standing) {
        text.push_str(&format!(" It is {said}."));
    }
    // In a message `[text](1)` is a link, and braces are placeholders.
    text.replace('\\', "\\\\").replace('[', "\\[").replace(']', "\\]").replace('{', "{{").replace('}', "}}")
}

fn level(standing: &Standing) -> &'static str {
    if standing.is_error() {
        "error"
    } else {
        "note"
    }
}

fn suppressions(standing: &Standing) -> Value {
    let external = |why: String| json!([{ "kind": "external", "status": "accepted", "justification": why }]);
    match standing {
        Standing::Error | Standing::Grew { .. } | Standing::Noted | Standing::Expired { .. } => json!([]),
        Standing::Suppressed { by, reason } => external(format!("{by}: {reason}")),
        Standing::Accepted { reason, issue, until } => {
            let issue = issue.as_ref().map(|issue| format!(" {issue}")).unwrap_or_default();
            external(format!("{reason} (until {until}){issue}"))
        }
    }
}

fn stack(what: &str, frames: &[Frame]) -> Value {
    let frames: Vec<Value> = frames.iter().map(places::stack_frame).collect();
    json!({ "message": { "text": if what.is_empty() { "stack" } else { what } }, "frames": frames })
}

/// The location of something related, at its first frame in the workspace's code.
fn related(id: usize, related: &Related) -> Option<Value> {
    let frame = related.stack.iter().find_map(places::own)?;
    let mut location = frame.as_object().cloned()?;
    location.insert("id".to_owned(), json!(id));
    location.insert("message".to_owned(), json!({ "text": related.what }));
    Some(Value::Object(location))
}

/// Whether the tool worked, with its notifications.
fn invocation(tool: Tool, matrix: &Matrix, usage: &Usage, elsewhere: usize) -> Value {
    let rows = || matrix.rows.iter().filter(|row| row.tool == Some(tool));
    let idle = |row: &&Row| matches!(row.verdict, Verdict::Error | Verdict::Unproven);
    let groups = by_reason(rows().filter(idle), |row| match not_proven(row) {
        Some(why) => Some((rules::NOT_PROVEN, why.to_owned())),
        None if row.verdict == Verdict::Error => Some((rules::BROKE, why(row))),
        None => Some((rules::NOT_TRIED, why(row))),
    });
    let mut notifications: Vec<Value> = groups
        .iter()
        .map(|((id, why), rows)| {
            let level = if *id == rules::NOT_TRIED { "warning" } else { "error" };
            notification(id, level, format!("{tool} in {} of the cells: {why}", rows.len()))
        })
        .collect();
    let failing = rows().filter(|row| !row.failing().is_empty());
    for (tests, rows) in by_reason(failing, |row| Some(row.failing().join(", "))) {
        notifications.push(notification(rules::FAILS, "warning", format!("in {} of the cells: {tests}", rows.len())));
    }
    for one in usage.suppressions.iter().filter(|one| one.tool == tool && one.used == 0 && !one.built_in) {
        notifications.push(notification(rules::UNUSED, "note", format!("{}: {}", one.name, one.reason)));
    }
    for entry in usage.vanished.iter().filter(|entry| entry.tool.is_none_or(|of| of == tool)) {
        notifications.push(notification(rules::VANISHED, "note", format!("{}: {}", entry.fingerprint, entry.what)));
    }
    if elsewhere > 0 {
        let text =
            format!("{elsewhere} from {tool}: none of this workspace's code is on their stacks; see --format json");
        notifications.push(notification(rules::ELSEWHERE, "note", text));
    }
    // A tool that never ran must not look like one without findings.
    let successful = rows().any(|row| !idle(&row)) && rows().all(|row| row.verdict != Verdict::Error);
    json!({ "executionSuccessful": successful, "toolExecutionNotifications": notifications })
}

fn notification(id: &str, level: &str, text: String) -> Value {
    json!({ "descriptor": { "id": id, "index": rules::notification_index(id) }, "level": level, "message": { "text": text } })
}

fn object<const N: usize>(members: [(&str, Value); N]) -> Map<String, Value> {
    members.into_iter().map(|(name, value)| (name.to_owned(), value)).collect()
}
