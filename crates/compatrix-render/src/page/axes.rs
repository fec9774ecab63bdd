//! One table per axis: the version that each value resolved to, and the verdicts of its cells.

use std::collections::BTreeSet;
use std::fmt::Write;

use compatrix_model::axis::Deps;
use compatrix_model::axis::{Axis, AxisKind, AxisValue, Setting};
use compatrix_model::claims::Judged;
use compatrix_model::verdict::Verdict;

use super::facts::{tally, Facts};
use crate::markdown::{code, text, Table};

pub(super) fn tables(facts: &Facts<'_>) -> String {
    let mut out = String::new();
    for axis in facts.spec.space.axes() {
        let _ = write!(out, "{}### {}\n\n", if out.is_empty() { "" } else { "\n" }, heading(axis));
        let shown = shown(facts);
        let mut headings = vec!["Value", "Resolved to"];
        let counted: Vec<String> = shown.iter().map(|verdict| format!(">{verdict}")).collect();
        headings.extend(counted.iter().map(String::as_str));
        let mut table = Table::new(&headings);
        for value in &axis.values {
            let is = |v: Option<&compatrix_model::axis::ValueName>| v == Some(&value.name);
            let counts = tally(facts.matrix.rows.iter().filter(|row| is(row.cell.value(axis.name.as_str()))));
            let entries = facts.entries().filter(|j| is(j.entry.record.cell.value(axis.name.as_str())));
            let mut row = vec![code(value.name.as_str()), was(axis, value, entries)];
            row.extend(shown.iter().map(|verdict| counts.get(verdict).copied().unwrap_or(0).to_string()));
            table.row(row);
        }
        out.push_str(&table.finish());
    }
    out
}

fn heading(axis: &Axis) -> String {
    match &axis.kind {
        AxisKind::Rust => "Rust".to_owned(),
        AxisKind::Sqlite => "SQLite".to_owned(),
        AxisKind::Schema => "Schema".to_owned(),
        AxisKind::Features => "Features".to_owned(),
        AxisKind::Deps => "Dependencies".to_owned(),
        AxisKind::Os => "Systems".to_owned(),
        AxisKind::Env { var } => format!("{} (environment variable {})", text(axis.name.as_str()), code(var)),
    }
}

/// The verdicts that get a column: ok, broken, known and unproven always, others if any cell has them.
fn shown(facts: &Facts<'_>) -> Vec<Verdict> {
    let counts = facts.matrix.counts();
    let always = [Verdict::Ok, Verdict::Broken, Verdict::Known, Verdict::Unproven];
    Verdict::ALL.into_iter().filter(|v| always.contains(v) || counts.contains_key(v)).collect()
}

/// What the value resolved to in the evidence, or the spec's setting where the evidence cannot say.
fn was<'j, 'a: 'j>(axis: &Axis, value: &AxisValue, entries: impl Iterator<Item = &'j Judged<'a>>) -> String {
    let seen: BTreeSet<String> = entries
        .filter_map(|judged| match &axis.kind {
            AxisKind::Rust => Some(format!("rustc {}", judged.proof()?.toolchain.release)),
            AxisKind::Sqlite => Some(judged.proof()?.sqlite.as_ref()?.version.clone()),
            AxisKind::Schema => Some(format!("vintage {}", judged.proof()?.fixture.as_ref()?.vintage)),
            AxisKind::Features => {
                let features = &judged.proof()?.features;
                Some(if features.is_empty() { "no features".to_owned() } else { features.join(", ") })
            }
            AxisKind::Os => match &judged.proof()?.target {
                Some(target) => Some(target.to_string()),
                None => Some(judged.proof()?.platform.clone()),
            },
            AxisKind::Deps | AxisKind::Env { .. } => None,
        })
        .collect();
    match &value.setting {
        Setting::Env(setting) => code(setting),
        Setting::Deps(deps) => match deps {
            Deps::Locked => "Cargo.lock".to_owned(),
            Deps::Lockset => "the lockset of the toolchain's group".to_owned(),
            Deps::Minimal => "the lowest direct versions".to_owned(),
            Deps::Latest => "the newest versions".to_owned(),
        },
        Setting::Features { .. } if !seen.is_empty() => {
            seen.iter().map(|set| text(set)).collect::<Vec<_>>().join("; or ")
        }
        Setting::RustupToolchain(_)
        | Setting::PathToolchain(_)
        | Setting::DistroToolchain(_)
        | Setting::SqliteBundled
        | Setting::SqliteHost
        | Setting::SqliteExact(_)
        | Setting::DistroSqlite(_)
        | Setting::Fixture(_)
        | Setting::Os(_)
        | Setting::Features { .. } => match seen.is_empty() {
            true => "not run".to_owned(),
            false => text(&seen.into_iter().collect::<Vec<_>>().join(", ")),
        },
    }
}
