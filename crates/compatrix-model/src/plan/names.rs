//! The names of a plan's builds, for people. Machines use [`Build::id`].

use std::collections::{BTreeSet, HashMap};

use super::{Build, Plan};
use crate::axis::AxisKind;
use crate::cell::Space;

/// The most feature sets that a name lists.
const MOST: usize = 3;

impl Plan {
    /// A name for each build: its id with the names of the feature sets that it serves instead of their features, as in
    /// `rust=stable sqlite=bundled features=default|all`. Builds that would have the same name keep their ids.
    pub fn build_names(&self, space: &Space) -> Vec<String> {
        let mut sets: Vec<BTreeSet<usize>> = vec![BTreeSet::new(); self.builds.len()];
        let axis = space.axis_of(&AxisKind::Features);
        if let Some((n, _)) = axis {
            for run in &self.runs {
                sets[run.build].insert(space.coords(run.cell)[n]);
            }
        }
        let named = |sets: &BTreeSet<usize>| {
            let names = sets.iter().flat_map(|set| axis.map(|(_, axis)| axis.values[*set].name.as_str()));
            let more = (sets.len() > MOST).then_some("…");
            names.take(MOST).chain(more).collect::<Vec<_>>().join("|")
        };
        let names: Vec<String> =
            self.builds.iter().zip(&sets).map(|(build, sets)| build.spelled(&named(sets))).collect();
        let mut alike: HashMap<&str, BTreeSet<String>> = HashMap::new();
        for (name, build) in names.iter().zip(&self.builds) {
            alike.entry(name).or_default().insert(build.id());
        }
        let name = |(name, build): (&String, &Build)| match alike[name.as_str()].len() {
            1 => name.clone(),
            _ => build.id(),
        };
        names.iter().zip(&self.builds).map(name).collect()
    }
}
