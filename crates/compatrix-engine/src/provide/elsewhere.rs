//! Exact SQLites that are not for this system: for roots and for targets.

use std::collections::BTreeMap;
use std::sync::mpsc::Sender;
use std::sync::{Mutex, PoisonError};

use compatrix_model::axis::{AxisKind, AxisValue, Setting, ValueName};
use compatrix_model::facts::Availability;
use compatrix_model::matrix_spec::{Spec, SqliteSettings};

use super::noted::{missing, recorded};
use crate::event::Event;
use crate::find::facts::SqliteFacts;
use crate::find::sqlite::{self, ExactVersion, Kit};
use crate::sys::host::Host;

/// Values of the SQLite axis that are wanted, each with the value of another axis that says where.
pub(super) type Wanted<'w> = [(&'w ValueName, &'w AxisValue)];

/// What is known of each value of the SQLite axis in one place.
type Known = BTreeMap<ValueName, Availability<SqliteFacts>>;

/// What each value of the SQLite axis is in a place, where `find` looks for it. What was known before to be impossible to
/// build stays so.
pub(super) fn look(
    spec: &Spec,
    before: Option<&Known>,
    find: impl Fn(&AxisValue) -> Availability<SqliteFacts>,
) -> Known {
    let axis = spec.space.axis_of(&AxisKind::Sqlite).map(|(_, axis)| axis);
    let one = |value: &AxisValue| {
        let exact = matches!(value.setting, Setting::SqliteExact(_));
        let known = before.and_then(|all| all.get(&value.name)).filter(|_| exact).and_then(missing);
        match known {
            Some(reason) => Availability::Missing { reason: reason.to_owned() },
            None => find(value),
        }
    };
    axis.into_iter().flat_map(|axis| &axis.values).map(|value| (value.name.clone(), one(value))).collect()
}

/// What `bundled` is in any place: what it is on this host.
pub(super) fn bundled(outside: Option<&Availability<SqliteFacts>>) -> Availability<SqliteFacts> {
    outside.cloned().unwrap_or_else(|| Availability::Missing { reason: "not looked for".to_owned() })
}

/// Builds those that are wanted in this place; what is known of each afterwards.
pub(super) fn build(
    host: &Host,
    (place, kit): (&ValueName, Kit<'_>),
    settings: &SqliteSettings,
    wanted: &Wanted<'_>,
    tell: &Sender<Event>,
) -> Known {
    let exact = wanted.iter().filter(|(of, _)| *of == place).filter_map(|(_, one)| match &one.setting {
        Setting::SqliteExact(version) => Some(ExactVersion { value: one.name.clone(), version: version.clone() }),
        _ => None,
    });
    let exact: Vec<ExactVersion> = exact.collect();
    if exact.is_empty() {
        return BTreeMap::new();
    }
    let teller = Mutex::new(tell.clone());
    let built = recorded(host, &format!("SQLite libraries for {place}"), |host| {
        sqlite::build_all(host, kit, settings, exact, &|line| {
            let _ = teller.lock().unwrap_or_else(PoisonError::into_inner).send(Event::Providing(line.to_owned()));
        })
    });
    for reason in built.values().filter_map(missing) {
        let _ = tell.send(Event::NotProvided(reason.to_owned()));
    }
    built
}
