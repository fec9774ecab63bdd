//! The exact SQLite versions that the jobs of CI load: what a runner builds and caches before it runs cells.

use std::collections::{BTreeMap, BTreeSet};

use compatrix_model::axis::{AxisKind, Setting, ValueName};
use compatrix_model::matrix_spec::Spec;
use semver::Version;

use crate::CiPlan;

/// The versions that the jobs of a platform load or link against.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ExactVersions<'a> {
    /// As in [`crate::Group`].
    pub platform: &'a str,
    /// As in [`crate::Group`].
    pub runner: &'a str,
    /// In the order of the axis; never empty.
    pub versions: Vec<(&'a ValueName, &'a Version)>,
}

/// By platform and runner; a runner that loads no exact version is left out.
pub fn exact_versions<'a>(spec: &'a Spec, plans: &'a [CiPlan]) -> Vec<ExactVersions<'a>> {
    let Some((n, axis)) = spec.space.axis_of(&AxisKind::Sqlite) else { return Vec::new() };
    let exact = |value: usize| match &axis.values[value].setting {
        Setting::SqliteExact(version) => Some(version),
        _ => None,
    };
    let mut loaded: BTreeMap<(&str, &str), BTreeSet<usize>> = BTreeMap::new();
    for group in plans.iter().flat_map(|plan| &plan.groups) {
        let cells = group.jobs.iter().flat_map(|job| &job.cells);
        let values = loaded.entry((&group.platform, &group.runner)).or_default();
        values.extend(cells.map(|(_, cell)| spec.space.coords(*cell)[n]).filter(|value| exact(*value).is_some()));
    }
    // Dynamic builds link against the newest version of the axis, whichever they load.
    let newest = (0..axis.values.len()).filter(|n| exact(*n).is_some()).max_by_key(|n| exact(*n));
    let loaded = loaded.into_iter().filter(|(_, values)| !values.is_empty());
    loaded
        .map(|((platform, runner), mut values)| {
            values.extend(newest);
            let named = |value: usize| Some((&axis.values[value].name, exact(value)?));
            ExactVersions { platform, runner, versions: values.into_iter().filter_map(named).collect() }
        })
        .collect()
}
