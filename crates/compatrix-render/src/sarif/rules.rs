//! SARIF's rules (kinds of findings) and notifications (what went on beside them).

use std::collections::BTreeSet;

use compatrix_leak::FindingKind;
use serde_json::{json, Value};

use crate::leaks::kinds::{help, title, what};

/// The tool missed its canaries.
pub(super) const NOT_PROVEN: &str = "tool-not-proven";
/// Our side broke.
pub(super) const BROKE: &str = "infrastructure";
/// The tool or something it needs is not there.
pub(super) const NOT_TRIED: &str = "not-tried";
/// Tests fail under the tool.
pub(super) const FAILS: &str = "failing-tests";
/// A suppression was not needed.
pub(super) const UNUSED: &str = "unused-suppression";
/// An entry of the baseline was not found again.
pub(super) const VANISHED: &str = "vanished-from-baseline";

/// Findings that are only noted, and not of this code.
pub(super) const ELSEWHERE: &str = "noted-elsewhere";

/// Each notification with what it means.
const NOTIFICATIONS: [(&str, &str); 7] = [
    (NOT_PROVEN, "The tool did not find the leak that was planted for it, or saw one where there is none."),
    (BROKE, "The run broke for a reason that is not the code's."),
    (NOT_TRIED, "The tool, or something that it needs, is not to be had here."),
    (FAILS, "Tests fail under the tool, findings left aside."),
    (UNUSED, "A suppression covers nothing any more."),
    (VANISHED, "A finding that the baseline accepts was not found again."),
    (ELSEWHERE, "Findings of kinds that are no errors here, in other people's code."),
];

/// The kinds that a run has, in the order of their declaration.
pub(super) struct Rules(BTreeSet<FindingKind>);

impl Rules {
    pub(super) fn of(kinds: impl Iterator<Item = FindingKind>) -> Self {
        Self(kinds.collect())
    }

    /// The position of a kind among the rules.
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

/// `UseAfterFree` of `use-after-free`.
fn pascal(word: &str) -> String {
    word.split('-').map(capital).collect()
}

fn capital(text: &str) -> String {
    let mut chars = text.chars();
    chars.next().map(|first| first.to_uppercase().chain(chars).collect()).unwrap_or_default()
}
