//! `lock --repair`: a search for versions that an old toolchain can build, in bounded tries.
//!
//! The resolver is asked again and again, with one more package held below the version that was in the way: what says it
//! needs a newer Rust, what has a manifest that cannot be parsed, and in the end what the real toolchain fails to
//! compile. Where a package has no version left, those that depend on it are stepped back in its place. When the way ends
//! at a requirement of the packages under test there is no such lockfile, and the lowest Rust that has one is looked for.

use std::collections::{BTreeMap, BTreeSet};

use anyhow::Result;
use compatrix_model::facts::Availability;
use compatrix_model::lockset::made::{Floor, FloorOf, Repaired};
use compatrix_model::lockset::manifest::Edit;
use compatrix_model::lockset::refusal::{self, Blamed};
use compatrix_model::lockset::steps::{next_steps, take, too_new, Held, Step};
use compatrix_model::lockset::LockGroup;
use compatrix_model::needs::Needs;
use semver::Version;

use super::trial::{self, Said};
use crate::deps::locks::{pins, Resolver};
use crate::deps::stage::resolve::{is_offline, Prefer, Unresolved};
use crate::deps::stage::resolved::Resolved;
use crate::find::facts::ToolchainFacts;
use crate::find::toolchain;
use crate::sys::error::Error;
use crate::sys::host::last_lines;

/// How much may be tried.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct SearchLimits {
    /// Resolutions, all in all.
    pub resolutions: usize,
    /// Builds with the real toolchain.
    pub builds: usize,
}

impl Default for SearchLimits {
    fn default() -> Self {
        Self { resolutions: 300, builds: 25 }
    }
}

/// The result of a search.
#[derive(Debug)]
pub(super) enum Repair {
    /// A lockset that builds.
    Done(Repaired),
    /// There is none for this Rust.
    None(Floor),
    /// It ended without an answer, and why.
    GaveUp(String),
}

pub(super) struct LocksetSearch<'a> {
    pub(super) resolver: &'a Resolver<'a>,
    pub group: &'a LockGroup,
    /// What the suites need of it.
    pub needs: Needs,
    /// Its lowest toolchain; without it nothing is built, and only what packages say is believed.
    pub toolchain: Option<&'a ToolchainFacts>,
    /// Hears of each step.
    pub tell: &'a dyn Fn(&str),
    /// How much may be tried.
    pub limits: SearchLimits,
}

/// The result of a resolution loop.
enum Settled {
    /// No package in it requires a newer Rust.
    Works(Box<Resolved>),
    /// What prevents a lockset.
    Hopeless(Vec<String>),
}

impl std::fmt::Debug for LocksetSearch<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("LocksetSearch")
            .field("group", &self.group.name)
            .field("limits", &self.limits)
            .finish_non_exhaustive()
    }
}

#[derive(Debug, Default)]
struct Spent {
    resolutions: usize,
    builds: usize,
}

impl LocksetSearch<'_> {
    /// Searches a lockset for this Rust.
    ///
    /// # Errors
    /// The machine fails, the registry cannot be reached, or the user interrupts.
    pub(super) fn run(&self, rust: &Version) -> Result<Repair, Error> {
        let mut held = Held::default();
        let mut spent = Spent::default();
        // What a package of the workspace demands itself; then its dependencies are built all the same.
        let mut own_demand: Option<String> = None;
        let edit = self.resolver.sources.edit(rust, &self.needs);
        let layout = self.resolver.sources.layout;
        let used = edit.used.clone().unwrap_or_default();
        let unreadable = layout.too_new(rust, &used).into_iter().find(|own| !own.readable);
        loop {
            let resolved = match self.settle(rust, &self.needs, &mut held, &mut spent)? {
                Some(Settled::Works(resolved)) => resolved,
                Some(Settled::Hopeless(because)) if held.blamed.is_empty() => return self.floor(rust, because, spent),
                // A compile error does not say which Rust would work.
                Some(Settled::Hopeless(because)) => return Ok(none(because, &spent)),
                None => return Ok(Repair::GaveUp(self.too_many(&spent))),
            };
            let done = |own_failure: Option<String>, not_built: Option<String>, spent: &Spent| {
                Ok(Repair::Done(Repaired { not_built, ..repaired(&resolved, &held, spent, own_failure) }))
            };
            if let Some(own) = &unreadable {
                let why = format!("no cargo of Rust {rust} can read the manifest of {}", own.package);
                return done(Some(own.sentence()), Some(why), &spent);
            }
            let Some(toolchain) = self.toolchain else {
                return done(None, Some(format!("no toolchain with Rust {rust} is installed")), &spent);
            };
            if spent.builds >= self.limits.builds {
                return Ok(Repair::GaveUp(self.too_many(&spent)));
            }
            let output = match self.build(toolchain, &edit, &resolved, own_demand.is_some(), &mut spent)? {
                Said::Works => return done(own_demand, None, &spent),
                Said::Failed(output) => output,
            };
            let local = layout.local_names();
            let (own, foreign): (Vec<Blamed>, Vec<Blamed>) =
                refusal::read(&output).into_iter().partition(|blamed| local.contains(blamed.name.as_str()));
            if let (true, Some(own)) = (foreign.is_empty(), own.first()) {
                let sentence = |own: &Blamed| {
                    let (name, version) = (&own.name, &toolchain.version);
                    format!("{name} itself does not work on Rust {version}, which no lockset changes: {}", own.why)
                };
                if own.why.starts_with("requires rustc") && own_demand.is_none() {
                    (self.tell)(&format!("{} {}; its dependencies are built all the same", own.name, own.why));
                    own_demand = Some(sentence(own));
                    continue;
                }
                // All that it depends on was compiled before it.
                return done(Some(own_demand.unwrap_or_else(|| sentence(own))), None, &spent);
            }
            if foreign.is_empty() {
                return Ok(none(
                    vec![format!("the build fails, and names no package: {}", last_lines(&output, 2))],
                    &spent,
                ));
            }
            let before = held.blamed.len();
            for blamed in &foreign {
                let resolved = resolved.packages.iter().filter(|package| package.name == blamed.name);
                let wanted =
                    |version: &Version| blamed.version.as_ref().is_none_or(|text| *text == version.to_string());
                for package in resolved.filter(|package| wanted(&package.version)) {
                    (self.tell)(&format!("{} {}: {}", package.name, package.version, blamed.why));
                    held.blamed.insert((package.name.clone(), package.version.clone()), blamed.why.clone());
                }
            }
            if held.blamed.len() == before {
                // The same build would fail again.
                let line = |blamed: &Blamed| {
                    format!("{} {}: {}", blamed.name, blamed.version.as_deref().unwrap_or_default(), blamed.why)
                };
                return Ok(none(foreign.iter().map(line).collect(), &spent));
            }
        }
    }

    fn build(
        &self,
        toolchain: &ToolchainFacts,
        edit: &Edit,
        resolved: &Resolved,
        ignore_rust: bool,
        spent: &mut Spent,
    ) -> Result<Said, Error> {
        spent.builds += 1;
        (self.tell)(&format!("build {} with Rust {}", spent.builds, toolchain.version));
        Ok(trial::build(self.resolver, &self.group.name, (toolchain, ignore_rust), (edit, &self.needs), resolved)?)
    }

    fn too_many(&self, spent: &Spent) -> String {
        format!(
            "gave up after {} resolutions and {} builds; pin the conflicting package by hand, then run again",
            spent.resolutions, spent.builds
        )
    }

    /// Resolves, stepping packages back, until nothing in the lockfile says that it needs more than this Rust; nothing
    /// when too much has been tried.
    fn settle(
        &self,
        rust: &Version,
        needs: &Needs,
        held: &mut Held,
        spent: &mut Spent,
    ) -> Result<Option<Settled>, Error> {
        let mut last: Option<(Resolved, Vec<Step>)> = None;
        loop {
            if spent.resolutions >= self.limits.resolutions {
                return Ok(None);
            }
            if self.resolver.host.supervisor.is_interrupted() {
                return Err(Error::Interrupted);
            }
            spent.resolutions += 1;
            let resolved = match self.resolve(rust, needs, held) {
                Ok(resolved) => resolved,
                Err(other @ (Unresolved::Other(_) | Unresolved::Refused(_) | Unresolved::Network(_))) => {
                    return Err(other.into_kind());
                }
                Err(Unresolved::Package { name, said }) => {
                    let Some((before, mut steps)) = last.take() else {
                        if is_offline(&said) {
                            return Err(Unresolved::Package { name, said }.into_kind());
                        }
                        let because = format!("no versions meet all requirements and pins: {}", last_lines(&said, 3));
                        return Ok(Some(Settled::Hopeless(vec![because])));
                    };
                    // One of the steps went too far. Tried alone, the last of them shows whether it is that one.
                    let undone = steps.pop().expect("a refusal follows a step");
                    undone.undo(held);
                    if steps.is_empty() {
                        held.stuck.insert(undone.key());
                        match next_steps(rust, held, &before.packages) {
                            Ok(next) => steps = take(held, next),
                            Err(because) => return Ok(Some(Settled::Hopeless(because))),
                        }
                    }
                    last = Some((before, steps));
                    continue;
                }
            };
            match next_steps(rust, held, &resolved.packages) {
                Ok(steps) if steps.is_empty() => return Ok(Some(Settled::Works(Box::new(resolved)))),
                Ok(steps) => {
                    for step in &steps {
                        (self.tell)(&format!("{} below {}", step.name, step.below));
                    }
                    let steps = take(held, steps);
                    last = Some((resolved, steps));
                }
                Err(because) => return Ok(Some(Settled::Hopeless(because))),
            }
        }
    }

    fn resolve(&self, rust: &Version, needs: &Needs, held: &Held) -> Result<Resolved, Unresolved> {
        let (mut limits, mut deep) = pins(self.resolver.sources, self.group);
        for (name, below) in &held.direct {
            limits.entry(name.clone()).or_default().push(format!("<{below}"));
        }
        for ((name, range), below) in &held.deep {
            deep.entry(name.clone()).or_default().push(format!(">={range}, <{below}"));
        }
        let edit = Edit { limits, ..self.resolver.sources.edit(rust, needs) };
        self.resolver.resolve(&edit, &deep, None, Prefer::Rust)
    }

    /// The lowest Rust that has a lockset, by what packages say: found by halving between this one and the newest that
    /// anything in the way asks for. A build proves it, where its toolchain is installed.
    fn floor(&self, rust: &Version, because: Vec<String>, mut spent: Spent) -> Result<Repair, Error> {
        let host = self.resolver.host;
        let newest = host.ambient.find("rustc").map(|rustc| host.ask_version(&rustc)).transpose()?;
        let newest = newest.and_then(|said| Version::parse(said.split(' ').nth(1)?).ok());
        let (mut low, mut high) = (rust.minor, newest.map_or(rust.minor, |newest| newest.minor));
        let mut works = |minor: u64, needs: &Needs| -> Result<Result<Box<Resolved>, Vec<String>>, Error> {
            let rust = Version::new(1, minor, rust.patch.min(if minor == rust.minor { rust.patch } else { 0 }));
            Ok(match self.settle(&rust, needs, &mut Held::default(), &mut spent)? {
                Some(Settled::Works(resolved)) => Ok(resolved),
                Some(Settled::Hopeless(because)) => Err(because),
                None => Err(Vec::new()),
            })
        };
        let ask = |minor: u64| (self.tell)(&format!("is there a lockset for Rust 1.{minor}?"));
        let (mut by, mut found) = (because.clone(), None);
        if low < high {
            ask(high);
            found = works(high, &self.needs)?.ok();
        }
        while found.is_some() && high - low > 1 {
            let middle = low + (high - low) / 2;
            ask(middle);
            match works(middle, &self.needs)? {
                Ok(resolved) => (high, found) = (middle, Some(resolved)),
                Err(because) => (low, by) = (middle, because),
            }
        }
        let mut only_tests = false;
        if self.needs.dev {
            (self.tell)("is it only the tests that need more?");
            only_tests = works(rust.minor, &Needs { dev: false, ..self.needs.clone() })?.is_ok();
        }
        let floor = match found {
            None => None,
            Some(resolved) => {
                let rust = Version::new(1, high, 0);
                let demanding = too_new(&Version::new(1, high - 1, 0), &resolved.packages);
                let by = if demanding.is_empty() { by } else { demanding };
                let not_proven = self.proven(&rust, &resolved, &mut spent)?;
                Some(FloorOf { rust, by, not_proven })
            }
        };
        let Spent { resolutions, builds } = spent;
        Ok(Repair::None(Floor { because, rust: floor, only_tests, resolutions, builds }))
    }

    /// Why no build proves that this Rust works with these versions; `None` if one does.
    fn proven(&self, rust: &Version, resolved: &Resolved, spent: &mut Spent) -> Result<Option<String>, Error> {
        let name = format!("{}.{}", rust.major, rust.minor);
        // It is only looked for, never installed.
        let Availability::Ready(toolchain) = toolchain::find_rustup(self.resolver.host, &name) else {
            return Ok(Some(format!("no toolchain {name} is installed to prove it by a build")));
        };
        let edit = self.resolver.sources.edit(rust, &self.needs);
        Ok(match self.build(&toolchain, &edit, resolved, false, spent)? {
            Said::Works => None,
            Said::Failed(output) => Some(match refusal::read(&output).first() {
                Some(blamed) => format!("but with Rust {} {} fails: {}", toolchain.version, blamed.name, blamed.why),
                None => format!("but the build with Rust {} fails: {}", toolchain.version, last_lines(&output, 2)),
            }),
        })
    }
}

fn none(because: Vec<String>, spent: &Spent) -> Repair {
    let Spent { resolutions, builds } = *spent;
    Repair::None(Floor { because, rust: None, only_tests: false, resolutions, builds })
}

fn repaired(resolved: &Resolved, held: &Held, spent: &Spent, own_failure: Option<String>) -> Repaired {
    let names: BTreeSet<&String> = held.direct.keys().chain(held.deep.keys().map(|(name, _)| name)).collect();
    let mut pins = BTreeMap::new();
    for name in names {
        let versions: Vec<&Version> =
            resolved.packages.iter().filter(|p| p.name == *name).map(|p| &p.version).collect();
        // For a package that is present twice, or gone, a single version means nothing.
        if let [version] = versions[..] {
            pins.insert(name.clone(), version.clone());
        }
    }
    let lock = resolved.lock.to_text();
    Repaired { lock, pins, resolutions: spent.resolutions, builds: spent.builds, not_built: None, own_failure }
}
