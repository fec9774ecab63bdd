//! The plan: everything that will be done, as an inert value, before anything is done.
//!
//! Pure: the same spec, choice and host facts give the same plan. The engine only walks it; `plan` and `--dry-run`
//! only print it.

mod build;
mod compiled;
mod contents;
pub mod forecast;
pub mod machines;
mod names;
pub mod narrow;
mod parts;
pub mod predict;
mod roots;
pub mod shard;
pub mod since;
mod systems;
mod values;

use std::collections::{BTreeMap, BTreeSet, HashMap};

use crate::axis::{AxisKind, Setting, ValueName};
use crate::choose::{choose, Chosen};
use crate::condition::{Condition, Match, Matcher, Versions};
use crate::facts::{Availability, PackageFacts, PlanFacts, Unbundled};
use crate::linkage::Linkage;
use crate::lockset::{self, Lockset};
use crate::matrix_spec::{Expect, Profile, Spec, Suite};
use crate::promised;
use compiled::{compiled_by, Compiled};
use values::{link_against, value_state, ValueState};

pub use crate::debug_info::DebugInfo;
pub use crate::promised::AMBIENT_TOOLCHAIN;
pub use build::{Build, Sanitizer, Target, Targets};
pub use contents::{Plan, Provision, Run, Skip, SkipReason};
pub use parts::{Dealt, Narrowed, Part, Shard, ShardError, Since};

/// The request to the planner.
#[derive(Debug, Clone)]
pub struct Choice<'a> {
    /// Which cells are admitted, and the strategy.
    pub profile: &'a Profile,
    /// From the command line: conditions that choose among the profile's cells; see [`crate::choose::choose`].
    pub cells: &'a [Condition],
    /// From the command line: the packages to build, of those under test; none for all of them.
    pub packages: &'a [String],
}

/// Plans the chosen cells of the spec, given facts about the host.
pub fn plan(spec: &Spec, choice: &Choice<'_>, facts: &PlanFacts) -> Plan {
    Planner::new(spec, choice, facts).run(None)
}

/// The same for only some suites and cells of the choice, decided before.
pub fn plan_part(spec: &Spec, choice: &Choice<'_>, facts: &PlanFacts, part: &Part) -> Plan {
    Planner::new(spec, choice, facts).run(Some(part))
}

struct Planner<'a> {
    spec: &'a Spec,
    facts: &'a PlanFacts,
    choice: &'a Choice<'a>,
    versions: Versions,
    plan: Plan,
    build_index: HashMap<Build, usize>,
    reason_index: HashMap<SkipReason, usize>,
    provisions: BTreeSet<Provision>,
    /// What each value of each axis needs first, or why it is not available; indexed by axis, then value.
    values: Vec<Vec<ValueState>>,
    link_against: Option<ValueName>,
}

impl<'a> Planner<'a> {
    fn new(spec: &'a Spec, choice: &'a Choice<'a>, facts: &'a PlanFacts) -> Self {
        let values = spec
            .space
            .axes()
            .iter()
            .map(|axis| axis.values.iter().map(|v| value_state(&axis.kind, &v.name, facts)).collect())
            .collect();
        Self {
            spec,
            facts,
            choice,
            versions: facts.versions(),
            plan: Plan::default(),
            build_index: HashMap::new(),
            reason_index: HashMap::new(),
            provisions: BTreeSet::new(),
            values,
            link_against: link_against(&spec.space, &facts.sqlite),
        }
    }

    fn run(mut self, part: Option<&Part>) -> Plan {
        let space = &self.spec.space;
        let matcher = |condition: &Condition| condition.matcher(space, &self.versions);
        let chosen = match part {
            Some(part) => Chosen::only(part.iter().map(|(_, cell)| *cell)),
            None => choose(self.spec, self.choice.profile, self.choice.cells, &self.versions),
        };
        let suites: Vec<(usize, Matcher, Compiled)> = self
            .spec
            .suites
            .iter()
            .enumerate()
            .filter(|(_, s)| self.choice.profile.suites.is_empty() || self.choice.profile.suites.contains(&s.name))
            .map(|(n, s)| (n, matcher(&s.when), compiled_by(s)))
            .collect();
        let excluded: Vec<(Matcher, String)> = self
            .spec
            .rules
            .iter()
            .filter(|rule| rule.expect == Expect::Skip)
            .map(|rule| (matcher(&rule.when), rule.reason.clone()))
            .collect();
        let mut memo: HashMap<BuildPart, Result<usize, usize>> = HashMap::new();
        for &cell in &chosen.cells {
            let coords = space.coords(cell);
            let excluded_by = excluded.iter().find(|(m, _)| m.holds(&coords)).map(|(_, reason)| reason.clone());
            for (suite, when, compiled) in &suites {
                if part.is_some_and(|part| !part.contains(&(*suite, cell))) {
                    continue;
                }
                let admitted = when.matches(&coords);
                if admitted == Match::No {
                    if part.is_some() {
                        let reason = self.not_admitted(*suite, &coords);
                        self.plan.skips.push(Skip { suite: *suite, cell, reason });
                    }
                    continue;
                }
                if let Some(reason) = &excluded_by {
                    let reason = self.reason(SkipReason::Excluded { reason: reason.clone() });
                    self.plan.skips.push(Skip { suite: *suite, cell, reason });
                    continue;
                }
                let named = &self.spec.suites[*suite];
                let (left_out, packages) = self.packages(named, &coords);
                // Others were asked for on the command line.
                if packages.is_empty()
                    && !self.facts.packages.is_empty()
                    && !left_out.iter().any(|p| self.wants(named, p))
                {
                    continue;
                }
                if packages.is_empty() && !self.facts.packages.is_empty() {
                    let reason = self.not_promised(named, &coords, &left_out);
                    self.plan.skips.push(Skip { suite: *suite, cell, reason });
                    continue;
                }
                let part = self.build_part((!named.packages.is_empty()).then_some(*suite), &coords, *compiled);
                let built = match memo.get(&part) {
                    Some(built) => *built,
                    None => {
                        let built = self.build(&coords, *compiled, &packages, left_out);
                        memo.insert(part, built);
                        built
                    }
                };
                let missing = self
                    .unavailable(&coords)
                    .or_else(|| self.not_for_target(*suite, &coords))
                    .or_else(|| self.tool_missing(*suite, &coords));
                let unknown =
                    || (admitted == Match::Unknown).then(|| self.unknown_version(*suite, when, &coords)).flatten();
                let missing = missing.or_else(unknown);
                let placed = missing.map_or(built, Err);
                match placed {
                    Ok(build) => {
                        self.need(&coords);
                        self.plan.runs.push(Run { suite: *suite, cell, build });
                    }
                    Err(reason) => self.plan.skips.push(Skip { suite: *suite, cell, reason }),
                }
            }
        }
        compiled::share_debug_info(&mut self.plan);
        self.plan.coverage = chosen.coverage_of(space, self.plan.runs.iter().map(|run| run.cell));
        self.drop_builds_without_runs();
        self.plan.provisions = self.provisions.into_iter().collect();
        self.plan
    }

    /// The packages that the cell's Rust is not promised for, and those that are built in it.
    fn packages(&self, suite: &Suite, coords: &[usize]) -> (BTreeSet<String>, Vec<&'a PackageFacts>) {
        let left_out = promised::left_out(self.spec, &self.toolchain(coords), &self.versions);
        let is_built = |package: &&PackageFacts| self.wants(suite, &package.name) && !left_out.contains(&package.name);
        let packages = self.facts.packages.iter().filter(is_built).collect();
        (left_out, packages)
    }

    /// Whether the suite and the command line want this package.
    fn wants(&self, suite: &Suite, package: &String) -> bool {
        // CI plans benchmarks from committed facts, which know nothing of packages that only have benches.
        let none_known = || suite.bench().is_some() && !self.facts.packages.iter().any(|one| suite.builds(&one.name));
        (suite.builds(package) || none_known())
            && (self.choice.packages.is_empty() || self.choice.packages.contains(package))
    }

    /// Why no package is built in a cell, as a reason.
    fn not_promised(&mut self, suite: &Suite, coords: &[usize], left_out: &BTreeSet<String>) -> usize {
        let value = format!("rust={}", self.toolchain(coords));
        let wanted = |name: &&String| self.wants(suite, name);
        let reason = promised::promises(self.spec, left_out.iter().filter(wanted));
        self.reason(SkipReason::NotPromised { value, reason })
    }

    /// The first unavailable value of the cell, as a reason.
    fn unavailable(&mut self, coords: &[usize]) -> Option<usize> {
        let space = &self.spec.space;
        let place = (&self.toolchain(coords), systems::os(space, coords));
        let found = space.axes().iter().zip(coords).enumerate().find_map(|(n, (axis, &c))| {
            let own = roots::state(self.facts, place, axis, c);
            let ValueState::Missing(reason) = own.as_ref().unwrap_or(&self.values[n][c]) else { return None };
            Some(SkipReason::Unavailable {
                value: format!("{}={}", axis.name, axis.values[c].name),
                reason: reason.clone(),
            })
        });
        found.map(|reason| self.reason(reason))
    }

    /// The value of the cell that is here, but whose version is not known, where the suite's condition asks for it. One that
    /// is yet to come has its version then.
    fn unknown_version(&mut self, suite: usize, when: &Matcher, coords: &[usize]) -> Option<usize> {
        let axes = self.spec.space.axes();
        let is_unknown = |n: &usize| when.row(*n).is_some_and(|row| row[coords[*n]] == Match::Unknown);
        let mut unknown = (0..axes.len()).filter(is_unknown);
        let n = unknown.find(|&n| !matches!(self.values[n][coords[n]], ValueState::Provide(_)))?;
        let value = format!("{}={}", axes[n].name, axes[n].values[coords[n]].name);
        let reason =
            format!("its version is not known, and `when` of the suite `{}` asks for it", self.spec.suites[suite].name);
        Some(self.reason(SkipReason::Unavailable { value, reason }))
    }

    /// Why a cell that was planned before a version was known does not run after all. Other jobs wait for its record.
    fn not_admitted(&mut self, suite: usize, coords: &[usize]) -> usize {
        let Suite { name, when, .. } = &self.spec.suites[suite];
        let known = self.spec.space.axes().iter().zip(coords).find_map(|(axis, &c)| {
            let value = &axis.values[c].name;
            let version = self.versions.get(&(axis.name.clone(), value.clone()))?;
            let named = when.terms.iter().any(|(name, _)| *name == axis.name);
            named.then(|| (format!("{}={value}", axis.name), format!("it is {version} here, ")))
        });
        let (value, here) = known.unwrap_or_default();
        let reason = format!("{here}which `when` of the suite `{name}` does not admit");
        self.reason(SkipReason::NotPromised { value, reason })
    }

    /// Why the tool of a leak suite is not available for this cell's toolchain, as a reason. A toolchain that is yet to come
    /// is asked when it is here.
    fn tool_missing(&mut self, suite: usize, coords: &[usize]) -> Option<usize> {
        let toolchain = self.toolchain(coords);
        if let Some(reason) = roots::refusal(self.facts, &toolchain, &self.spec.suites[suite]) {
            return Some(self.reason(SkipReason::Unavailable { value: format!("rust={toolchain}"), reason }));
        }
        let tool = self.spec.suites[suite].leak()?.tool;
        match self.facts.leak_tools.get(&(tool, toolchain))? {
            Availability::Ready(_) | Availability::Obtainable { .. } => None,
            Availability::Missing { reason } => {
                let (value, reason) = (format!("tool={tool}"), reason.clone());
                Some(self.reason(SkipReason::Unavailable { value, reason }))
            }
        }
    }

    /// Why the suite in this cell cannot be tried for the cell's target, as a reason.
    fn not_for_target(&mut self, suite: usize, coords: &[usize]) -> Option<usize> {
        let target = systems::target(&self.spec.space, coords)?;
        let toolchain = self.toolchain(coords);
        let of_root = roots::no_target(self.facts, &toolchain, &target);
        let refusal = systems::refusal(&target, &self.spec.suites[suite], self.sqlite_setting(coords));
        let std = || match self.facts.stds.get(&(toolchain, target.value.clone()))? {
            Availability::Ready(()) | Availability::Obtainable { .. } => None,
            Availability::Missing { reason } => Some(reason.clone()),
        };
        let reason = of_root.or(refusal).or_else(std)?;
        let value = format!("os={}", target.value);
        Some(self.reason(SkipReason::Unavailable { value, reason }))
    }

    /// The toolchain of the cell at these coordinates.
    fn toolchain(&self, coords: &[usize]) -> ValueName {
        promised::toolchain(&self.spec.space, coords)
    }

    fn need(&mut self, coords: &[usize]) {
        let axes = self.spec.space.axes();
        let place = (&self.toolchain(coords), systems::os(&self.spec.space, coords));
        for (n, &c) in coords.iter().enumerate() {
            let own = roots::state(self.facts, place, &axes[n], c);
            if let ValueState::Provide(provision) = own.as_ref().unwrap_or(&self.values[n][c]) {
                if !self.provisions.contains(provision) {
                    self.provisions.insert(provision.clone());
                }
            }
        }
    }

    /// The build inputs of a cell by position only, to look a build up without making its value.
    fn build_part(&self, narrow: Option<usize>, coords: &[usize], compiled: Compiled) -> BuildPart {
        let at = |kind: &AxisKind| self.spec.space.axis_of(kind).map(|(n, _)| coords[n]);
        let bundled = self.sqlite_setting(coords).map(|setting| *setting == Setting::SqliteBundled);
        let (rust, features, deps) = (at(&AxisKind::Rust), at(&AxisKind::Features), at(&AxisKind::Deps));
        BuildPart { narrow, rust, bundled, features, deps, os: at(&AxisKind::Os), compiled }
    }

    fn sqlite_setting(&self, coords: &[usize]) -> Option<&'a Setting> {
        let (n, axis) = self.spec.space.axis_of(&AxisKind::Sqlite)?;
        Some(&axis.values[coords[n]].setting)
    }

    fn build(
        &mut self,
        coords: &[usize],
        compiled: Compiled,
        packages: &[&PackageFacts],
        left_out: BTreeSet<String>,
    ) -> Result<usize, usize> {
        let space = &self.spec.space;
        let toolchain = self.toolchain(coords);
        let Compiled { targets, sanitizer, debug } = compiled;
        let debug = if self.facts.debug_is_settled { DebugInfo::Full } else { debug };
        let place = (&toolchain, systems::os(space, coords));
        let (linkage, against) = match self.sqlite_setting(coords) {
            None => (None, None),
            Some(Setting::SqliteBundled) => (Some(Linkage::Static), None),
            Some(_) => match roots::links_against(space, self.facts, place, self.link_against.as_ref()) {
                Some(against) => (Some(Linkage::Dynamic), Some(against)),
                None => {
                    return Err(self.reason(SkipReason::Unavailable {
                        value: "sqlite".to_owned(),
                        reason: "no shared SQLite to link against; install its headers or add an exact version".into(),
                    }))
                }
            },
        };
        let (default_features, enable) = match space.axis_of(&AxisKind::Features) {
            Some((n, axis)) => match &axis.values[coords[n]].setting {
                Setting::Features { default_features, enable } => (*default_features, enable.clone()),
                _ => (true, Vec::new()),
            },
            None => (true, Vec::new()),
        };
        let mut features = BTreeMap::new();
        for package in packages {
            let on = package.resolve_features(default_features, &enable);
            let asked = match linkage {
                None => on,
                // One cargo builds them all and unites their features: it is enough that one of them compiles it in.
                Some(Linkage::Static)
                    if package.bundled_feature.is_some() || !package.links_sqlite || bundles(packages) =>
                {
                    package.with_bundling(on)
                }
                Some(Linkage::Static) => {
                    return Err(self.reason(SkipReason::Unavailable {
                        value: "sqlite=bundled".to_owned(),
                        reason: format!(
                            "no feature of `{}` compiles SQLite in; name it as `bundled-feature` under [sqlite]",
                            package.name
                        ),
                    }))
                }
                Some(Linkage::Dynamic) => {
                    let alone = targets == Targets::Packages || packages.len() == 1;
                    let unbundled = package.without_bundling(&on, alone);
                    if let Some(reason) = not_to_be_unbundled(package, &unbundled) {
                        let value = match space.axis_of(&AxisKind::Features) {
                            Some((n, axis)) => format!("features={}", axis.values[coords[n]].name),
                            None => "sqlite".to_owned(),
                        };
                        return Err(self.reason(SkipReason::Unavailable { value, reason }));
                    }
                    unbundled.ask
                }
            };
            features.insert(package.name.clone(), asked);
        }
        let lockset = lockset::of_cell(&self.spec.locks, space, coords, &self.versions).without(left_out);
        let staged = self.is_staged(&toolchain, &lockset, targets);
        if staged {
            if let Some(Availability::Missing { reason }) = self.facts.locksets.get(&lockset) {
                let reason = reason.clone();
                return Err(self.reason(SkipReason::Unavailable { value: format!("deps={lockset}"), reason }));
            }
        }
        let names = self.facts.packages.iter().map(|package| &package.name);
        let left_out = names.filter(|name| !features.contains_key(*name)).cloned().collect();
        let build = Build {
            toolchain,
            linkage,
            against,
            features,
            left_out,
            lockset,
            staged,
            targets,
            target: systems::target(space, coords),
            sanitizer,
            debug,
        };
        if let Some(&index) = self.build_index.get(&build) {
            return Ok(index);
        }
        let index = self.plan.builds.len();
        self.plan.builds.push(build.clone());
        self.build_index.insert(build, index);
        Ok(index)
    }

    /// Whether a build must be staged: its lockfile or its manifests differ from the workspace's, or its cargo cannot
    /// read those.
    fn is_staged(&self, toolchain: &ValueName, lockset: &Lockset, targets: Targets) -> bool {
        let cannot_read = || match (self.facts.toolchains.get(toolchain), &self.facts.readable_from) {
            (Some(Availability::Ready(toolchain)), Some(from)) => toolchain.cargo() < *from,
            _ => false,
        };
        // There is no network in a root.
        let is_in_root = self.facts.roots.contains_key(toolchain);
        is_in_root || self.facts.hermetic || !lockset.is_locked() || targets == Targets::Packages || cannot_read()
    }

    fn reason(&mut self, reason: SkipReason) -> usize {
        if let Some(&index) = self.reason_index.get(&reason) {
            return index;
        }
        let index = self.plan.reasons.len();
        self.plan.reasons.push(reason.clone());
        self.reason_index.insert(reason, index);
        index
    }

    fn drop_builds_without_runs(&mut self) {
        let counts = self.plan.runs_per_build();
        let mut kept = vec![usize::MAX; counts.len()];
        let mut builds = Vec::new();
        for (n, build) in std::mem::take(&mut self.plan.builds).into_iter().enumerate() {
            if counts[n] > 0 {
                kept[n] = builds.len();
                self.need_of_build(&build);
                builds.push(build);
            }
        }
        for run in &mut self.plan.runs {
            run.build = kept[run.build];
        }
        self.plan.builds = builds;
    }

    /// A dynamic build needs the library that it links against, even if no chosen cell runs on it.
    fn need_of_build(&mut self, build: &Build) {
        if build.staged {
            if let Some(Availability::Obtainable { .. }) = self.facts.locksets.get(&build.lockset) {
                self.provisions.insert(Provision::Lockset(build.lockset.to_string()));
            }
        }
        let Some(against) = &build.against else { return };
        self.provisions.extend(roots::sqlite(self.facts, (&build.toolchain, build.os()), against));
    }
}

/// Whether one of these packages has SQLite compiled in, by a feature or always.
fn bundles(packages: &[&PackageFacts]) -> bool {
    packages.iter().any(|package| package.always_bundled || package.bundled_feature.is_some())
}

/// Why no shared SQLite can be linked with these features, if it cannot.
fn not_to_be_unbundled(package: &PackageFacts, unbundled: &Unbundled) -> Option<String> {
    let name = &package.name;
    let kept: Vec<String> = unbundled.kept.iter().map(|feature| format!("`{feature}`")).collect();
    let kept = kept.join(", ");
    match (unbundled.kept.is_empty(), unbundled.cipher, package.relinkable) {
        (true, _, _) | (false, false, true) => None,
        (false, true, _) => Some(format!(
            "{kept} of `{name}` brings SQLCipher, and no shared SQLite can stand in for it; cross this feature set with \
             `bundled` alone"
        )),
        (false, false, false) => Some(format!(
            "{kept} of `{name}` compiles SQLite in and switches on more than that; libsqlite3-sys can link a shared SQLite \
             in its place since 0.27: update it, or name what else is wanted in a feature set of its own"
        )),
    }
}

/// The parts of a cell that decide its build.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
struct BuildPart {
    /// The suite, if it builds only some packages.
    narrow: Option<usize>,
    rust: Option<usize>,
    bundled: Option<bool>,
    features: Option<usize>,
    deps: Option<usize>,
    os: Option<usize>,
    compiled: Compiled,
}
