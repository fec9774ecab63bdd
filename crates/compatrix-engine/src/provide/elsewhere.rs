//! Exact SQLites that are not for this system: for roots and for targets.

use std::collections::BTreeMap;
use std::sync::mpsc::Sender;
use std::sync::{Mutex, PoisonError};

use compatrix_model::axis::{AxisValue, Setting, ValueName};
use compatrix_model::facts::Availability;
use compatrix_model::matrix_spec::SqliteSettings;

use super::noted::{missing, recorded};
use crate::event::Event;
use crate::find::facts::SqliteFacts;
use crate::find::sqlite::{self, ExactVersion, Kit};
use crate::sys::host::Host;

/// Values of the SQLite axis that are wanted, each with the value of another axis that says where.
pub(super) type Wanted<'w> = [(&'w ValueName, &'w AxisValue)];

/// Builds those that are wanted in this place; what is known of each afterwards.
pub(super) fn build(
    host: &Host,
    (place, kit): (&ValueName, Kit<'_>),
    settings: &SqliteSettings,
    wanted: &Wanted<'_>,
    tell: &Sender<Event>,
) -> BTreeMap<ValueName, Availability<SqliteFacts>> {
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
