//! Cells whose toolchain is in a root: what each SQLite is there, and what is not done there.

use super::contents::Provision;
use super::values::{link_against, ValueState};
use crate::axis::{Axis, AxisKind, ValueName};
use crate::cell::Space;
use crate::facts::{Availability, PlanFacts};
use crate::matrix_spec::{Suite, SuiteKind};

/// The state of a value in the root of this toolchain, if that is in one and the value depends on it.
pub(super) fn state(facts: &PlanFacts, toolchain: &ValueName, axis: &Axis, value: usize) -> Option<ValueState> {
    let root = facts.roots.get(toolchain)?;
    match axis.kind {
        AxisKind::Sqlite => {}
        AxisKind::Rust
        | AxisKind::Schema
        | AxisKind::Features
        | AxisKind::Deps
        | AxisKind::Os
        | AxisKind::Env { .. } => return None,
    }
    let name = &axis.values[value].name;
    Some(match root.get(name)? {
        Availability::Missing { reason } => ValueState::Missing(reason.clone()),
        Availability::Ready(_) | Availability::Obtainable { .. } => {
            sqlite(facts, toolchain, name).map_or(ValueState::Ready, ValueState::Provide)
        }
    })
}

/// What provides a SQLite that is yet to come, for a toolchain in a root or outside. Before a root is here, only the root is
/// wanted.
pub(super) fn sqlite(facts: &PlanFacts, toolchain: &ValueName, name: &ValueName) -> Option<Provision> {
    let root = facts.roots.get(toolchain);
    let is_here = || matches!(facts.toolchains.get(toolchain), Some(Availability::Ready(_)));
    match root.unwrap_or(&facts.sqlite).get(name)? {
        Availability::Obtainable { .. } if root.is_none() => Some(Provision::Sqlite(name.clone())),
        Availability::Obtainable { .. } if is_here() => Some(Provision::SqliteInRoot(toolchain.clone(), name.clone())),
        Availability::Obtainable { .. } | Availability::Ready(_) | Availability::Missing { .. } => None,
    }
}

/// The library that dynamic builds of this toolchain link against; `outside` are those that are in no root.
pub(super) fn links_against(
    space: &Space,
    facts: &PlanFacts,
    toolchain: &ValueName,
    outside: Option<&ValueName>,
) -> Option<ValueName> {
    let Some(root) = facts.roots.get(toolchain) else { return outside.cloned() };
    // As it ships: against its own, if that is on the axis.
    match root.get(toolchain) {
        Some(Availability::Ready(_) | Availability::Obtainable { .. }) => Some(toolchain.clone()),
        Some(Availability::Missing { .. }) | None => link_against(space, root),
    }
}

/// Why a suite is not run in the root of this toolchain, if it is not.
pub(super) fn refusal(facts: &PlanFacts, toolchain: &ValueName, suite: &Suite) -> Option<String> {
    facts.roots.get(toolchain)?;
    let kind = match suite.kind {
        SuiteKind::Test | SuiteKind::Build => return None,
        SuiteKind::Leak(_) => "leak",
        SuiteKind::Bench(_) => "bench",
        SuiteKind::Command => "command",
    };
    Some(format!("it is in a root, where suites of kind `{kind}` are not run; exclude its cells by `when`"))
}

/// Why nothing is built for another target by this toolchain, if it is in a root.
pub(super) fn no_target(facts: &PlanFacts, toolchain: &ValueName) -> Option<String> {
    let is_in_root = facts.roots.contains_key(toolchain);
    is_in_root.then(|| format!("{toolchain} is in a root, which has no std of another system"))
}
