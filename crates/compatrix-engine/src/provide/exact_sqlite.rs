//! The user's cache of exact SQLite versions, filled before the jobs of CI need them.

use std::collections::BTreeMap;

use anyhow::{anyhow, bail, Result};
use compatrix_model::axis::{AxisKind, ValueName};
use compatrix_model::facts::Availability;
use compatrix_model::matrix_spec::{Spec, SqliteSettings};
use semver::Version;

use super::find_sqlite;
use crate::find::facts::{Foreign, SqliteFacts};
use crate::find::sqlite::{build_all, find_exact, ExactVersion, Kit};
use crate::find::system;
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

/// Builds a version for a target that shared libraries are made for, if it is not in the cache: its library and the folder
/// to link against. Nothing is asked whether programs of the target start here.
///
/// # Errors
/// No shared library is made for the target, there is no compiler for it, or the version does not compile.
pub fn for_target(host: &Host, triple: &str, version: &Version) -> Result<SqliteFacts> {
    let compiler = system::c_compiler(host, triple).ok_or_else(|| anyhow!("no shared library is made for {triple}"))?;
    let with = Foreign { triple: triple.to_owned(), compiler, runner: Vec::new(), is_wine: false };
    let (kit, settings) = (Kit::of_target(&with), SqliteSettings::default());
    let found = match find_exact(host, kit, version, &settings)? {
        Availability::Obtainable { .. } => {
            let value = ValueName::new(version.to_string())?;
            let wanted = vec![ExactVersion { value: value.clone(), version: version.clone() }];
            let mut built = build_all(host, kit, &settings, wanted, &|_| {});
            built.remove(&value).ok_or_else(|| anyhow!("interrupted"))?
        }
        found => found,
    };
    match found {
        Availability::Ready(facts) => Ok(facts),
        Availability::Missing { reason } | Availability::Obtainable { how: reason } => bail!(reason),
    }
}

fn library(availability: Availability<SqliteFacts>) -> Result<String, String> {
    match availability {
        Availability::Ready(facts) => Ok(facts.library.unwrap_or_default()),
        Availability::Missing { reason } | Availability::Obtainable { how: reason } => Err(reason),
    }
}
