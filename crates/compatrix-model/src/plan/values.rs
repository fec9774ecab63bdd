//! What each value of an axis needs before cells with it can run.

use std::collections::BTreeMap;

use semver::Version;

use super::contents::Provision;
use crate::axis::{AxisKind, Setting, ValueName};
use crate::cell::Space;
use crate::facts::{Availability, PlanFacts};

/// Whether a value is here.
#[derive(Debug, Clone)]
pub(super) enum ValueState {
    Ready,
    Provide(Provision),
    Missing(String),
}

/// Of this value.
pub(super) fn value_state(kind: &AxisKind, value: &ValueName, facts: &PlanFacts) -> ValueState {
    fn of<T>(
        facts: &BTreeMap<ValueName, Availability<T>>,
        value: &ValueName,
        provision: fn(ValueName) -> Provision,
    ) -> ValueState {
        match facts.get(value) {
            Some(Availability::Ready(_)) => ValueState::Ready,
            Some(Availability::Obtainable { .. }) => ValueState::Provide(provision(value.clone())),
            Some(Availability::Missing { reason }) => ValueState::Missing(reason.clone()),
            None => ValueState::Missing("not looked for on this host".to_owned()),
        }
    }
    match kind {
        AxisKind::Rust => of(&facts.toolchains, value, Provision::Toolchain),
        AxisKind::Sqlite => of(&facts.sqlite, value, Provision::Sqlite),
        AxisKind::Schema => of(&facts.fixtures, value, Provision::Fixture),
        AxisKind::Os => match facts.systems.get(value) {
            Some(Availability::Ready(())) => ValueState::Ready,
            // Nothing of it is installed by a run.
            Some(Availability::Obtainable { how }) => ValueState::Missing(how.clone()),
            Some(Availability::Missing { reason }) => ValueState::Missing(reason.clone()),
            None => ValueState::Missing("not looked for on this host".to_owned()),
        },
        AxisKind::Features | AxisKind::Deps | AxisKind::Env { .. } => ValueState::Ready,
    }
}

/// The library that dynamic builds link against: the newest available exact version, else the host's, else that of
/// the first distribution. Taken from
/// the whole axis, not from the chosen cells, so that the choice does not change what is built.
pub(super) fn link_against(
    space: &Space,
    facts: &BTreeMap<ValueName, Availability<Option<Version>>>,
) -> Option<ValueName> {
    let (_, axis) = space.axis_of(&AxisKind::Sqlite)?;
    let can_be_had = |name: &ValueName| !matches!(facts.get(name), None | Some(Availability::Missing { .. }));
    let exact = axis.values.iter().filter(|v| can_be_had(&v.name)).filter_map(|v| match &v.setting {
        Setting::SqliteExact(version) => Some((version.clone(), v.name.clone())),
        _ => None,
    });
    let newest = exact.max_by(|a: &(Version, ValueName), b| a.0.cmp(&b.0)).map(|(_, name)| name);
    let first = |is: fn(&Setting) -> bool| {
        axis.values.iter().find(|v| is(&v.setting) && can_be_had(&v.name)).map(|v| v.name.clone())
    };
    newest
        .or_else(|| first(|setting| *setting == Setting::SqliteHost))
        .or_else(|| first(|setting| matches!(setting, Setting::DistroSqlite(_))))
}
