//! The user's cache of exact SQLite versions, filled before the jobs of CI need them.

use std::collections::BTreeMap;

use compatrix_model::axis::{AxisKind, ValueName};
use compatrix_model::facts::Availability;
use compatrix_model::matrix_spec::Spec;
use semver::Version;

use super::find_sqlite;
use crate::find::facts::SqliteFacts;
use crate::find::sqlite::{build_all, ExactVersion, Kit};
use crate::sys::error::Error;
use crate::sys::host::Host;

/// A version after [`cache`].
#[derive(Debug, Clone)]
pub struct Cached {
    /// The value of the axis.
    pub value: ValueName,
    /// Whether it was built now.
    pub built: bool,
    /// Its library, or why there is none.
    pub library: Result<String, String>,
}

/// Builds the versions that are not in the cache. `tell` is called when a build starts.
///
/// # Errors
/// Interrupted.
pub fn cache(
    host: &Host,
    spec: &Spec,
    versions: &BTreeMap<&ValueName, &Version>,
    tell: &(dyn Fn(&str) + Sync),
) -> Result<Vec<Cached>, Error> {
    let axis = spec.space.axis_of(&AxisKind::Sqlite).map(|(_, axis)| axis);
    let mut found = find_sqlite(host, axis, &spec.sqlite, None);
    let missing =
        versions.iter().filter(|(name, _)| matches!(found.get(**name), Some(Availability::Obtainable { .. })));
    let wanted = missing.map(|(value, version)| ExactVersion { value: (*value).clone(), version: (*version).clone() });
    let mut built = build_all(host, Kit::Here, &spec.sqlite, wanted.collect(), tell);
    if host.supervisor.is_interrupted() {
        return Err(Error::Interrupted);
    }
    let cached = versions.keys().filter_map(|value| {
        let new = built.remove(*value);
        Some(Cached { value: (*value).clone(), built: new.is_some(), library: library(new.or(found.remove(*value))?) })
    });
    Ok(cached.collect())
}

fn library(availability: Availability<SqliteFacts>) -> Result<String, String> {
    match availability {
        Availability::Ready(facts) => Ok(facts.library.unwrap_or_default()),
        Availability::Missing { reason } | Availability::Obtainable { how: reason } => Err(reason),
    }
}
