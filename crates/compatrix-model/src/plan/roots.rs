//! Cells whose SQLites are not those of this host, since their toolchain is in a root or they are of another target: what each
//! SQLite is there, and what is not done in a root.

use std::collections::BTreeMap;

use semver::Version;

use super::contents::Provision;
use super::values::{link_against, ValueState};
use super::Target;
use crate::axis::{platform_of_target, Axis, AxisKind, ValueName};
use crate::cell::Space;
use crate::facts::{Availability, PlanFacts};
use crate::matrix_spec::{Suite, SuiteKind};

/// Where a cell is: its toolchain, and its value of the `os` axis.
pub(super) type Place<'p> = (&'p ValueName, Option<&'p ValueName>);

/// What each SQLite is in the root of the toolchain, or for the target; `None` where they are those of this host.
fn own<'f>(
    facts: &'f PlanFacts,
    (toolchain, os): Place<'_>,
) -> Option<&'f BTreeMap<ValueName, Availability<Option<Version>>>> {
    facts.roots.get(toolchain).or_else(|| facts.libraries.get(os?))
}

/// The state of a value in this place, if it depends on that.
pub(super) fn state(facts: &PlanFacts, place: Place<'_>, axis: &Axis, value: usize) -> Option<ValueState> {
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
    Some(match own(facts, place)?.get(name)? {
        Availability::Missing { reason } => ValueState::Missing(reason.clone()),
        Availability::Ready(_) | Availability::Obtainable { .. } => {
            sqlite(facts, place, name).map_or(ValueState::Ready, ValueState::Provide)
        }
    })
}

/// What provides a SQLite that is yet to come in this place. Before a root is here, only the root is wanted.
pub(super) fn sqlite(facts: &PlanFacts, place: Place<'_>, name: &ValueName) -> Option<Provision> {
    let (toolchain, os) = place;
    let is_here = || matches!(facts.toolchains.get(toolchain), Some(Availability::Ready(_)));
    let own = own(facts, place);
    let Availability::Obtainable { .. } = own.unwrap_or(&facts.sqlite).get(name)? else { return None };
    match (facts.roots.contains_key(toolchain), own.and(os)) {
        (true, _) => is_here().then(|| Provision::SqliteInRoot(toolchain.clone(), name.clone())),
        (false, Some(os)) => Some(Provision::SqliteForTarget(os.clone(), name.clone())),
        (false, None) => Some(Provision::Sqlite(name.clone())),
    }
}

/// The library that dynamic builds in this place link against; `outside` is that of this host.
pub(super) fn links_against(
    space: &Space,
    facts: &PlanFacts,
    place: Place<'_>,
    outside: Option<&ValueName>,
) -> Option<ValueName> {
    let Some(own) = own(facts, place) else { return outside.cloned() };
    // A root as it ships: against its own, if that is on the axis.
    let (toolchain, _) = place;
    match own.get(toolchain) {
        Some(Availability::Ready(_) | Availability::Obtainable { .. }) => Some(toolchain.clone()),
        Some(Availability::Missing { .. }) | None => link_against(space, own),
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

/// Why nothing is built for this target by this toolchain, if it is in a root. The root's own target is one like any other.
pub(super) fn no_target(facts: &PlanFacts, toolchain: &ValueName, target: &Target) -> Option<String> {
    facts.roots.get(toolchain)?;
    let Target { value: _, triple, runner } = target;
    if platform_of_target(triple) != facts.platform {
        return Some(format!("{toolchain} is in a root, which has no std of another system"));
    }
    let why = format!("{toolchain} is in a root, where no runner of this host is; name the target without a `runner`");
    (!runner.is_empty()).then_some(why)
}
