//! SARIF rules (the kinds of findings) and notifications.

use std::collections::BTreeSet;

use compatrix_leak::FindingKind;
use serde_json::{json, Value};

use crate::leaks::kinds::{help, title, what};

/// The tool missed a canary or raised a false alarm.
pub(super) const NOT_PROVEN: &str = "tool-not-proven";
/// The run failed on our side.
pub(super) const BROKE: &str = "infrastructure";
/// The tool, or something that it needs, is missing.
pub(super) const NOT_TRIED: &str = "not-tried";
/// Tests fail under the tool.
pub(super) const FAILS: &str = "failing-tests";
/// A suppression matched nothing.
pub(super) const UNUSED: &str = "unused-suppression";
/// A baseline entry was not found again.
pub(super) const VANISHED: &str = "vanished-from-baseline";

/// Noted findings outside this workspace's code.
pub(super) const ELSEWHERE: &str = "noted-elsewhere";

/// Each notification with its meaning.
const NOTIFICATIONS: [(&str, &str); 7] = [
    (NOT_PROVEN, "The tool missed a planted leak, or reported one in a clean test."),
    (BROKE, "The run failed for a reason outside the code."),
    (NOT_TRIED, "The tool, or something that it needs, is not available here."),
    (FAILS, "Tests fail under the tool, regardless of findings."),
    (UNUSED, "A suppression no longer matches anything."),
    (VANISHED, "A finding in the baseline was not found again."),
    (ELSEWHERE, "Findings of kinds that are not errors here, outside this workspace's code."),
];

/// The kinds of findings in a run, in declaration order.
pub(super) struct Rules(BTreeSet<FindingKind>);

impl Rules {
    pub(super) fn of(kinds: impl Iterator<Item = FindingKind>) -> Self {
        Self(kinds.collect())
    }

    /// The value of `ruleIndex` for a kind.
    pub(super) fn index(&self, kind: FindingKind) -> usize {
        self.0.iter().take_while(|other| **other != kind).count()
    }

    pub(super) fn descriptors(&self) -> Value {
        let descriptor = |kind: &FindingKind| {
            let (kind, level) = (*kind, if kind.fails_by_default() { "error" } else { "note" });
            let full = format!("{}.", what(kind));
            json!({
                "id": kind.as_str(),
                "name": pascal(kind.as_str()),
                "shortDescription": { "text": capital(title(kind)) },
                "fullDescription": { "text": full },
                "help": { "text": help(kind), "markdown": format!("{full}\n\n{}", help(kind)) },
                "defaultConfiguration": { "level": level },
                "properties": { "tags": ["reliability", "memory"], "precision": "very-high" },
            })
        };
        self.0.iter().map(descriptor).collect()
    }
}

pub(super) fn notifications() -> Value {
    NOTIFICATIONS.iter().map(|(id, what)| json!({ "id": id, "shortDescription": { "text": what } })).collect()
}

pub(super) fn notification_index(id: &str) -> usize {
    NOTIFICATIONS.iter().take_while(|(other, _)| *other != id).count()
}

/// `use-after-free` becomes `UseAfterFree`.
fn pascal(word: &str) -> String {
    word.split('-').map(capital).collect()
}

fn capital(text: &str) -> String {
    let mut chars = text.chars();
    chars.next().map(|first| first.to_uppercase().chain(chars).collect()).unwrap_or_default()
}
