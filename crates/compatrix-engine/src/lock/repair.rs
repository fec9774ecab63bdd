//! `lock --repair`: a search for versions that an old toolchain can build, in bounded tries.
//!
//! The resolver is asked again and again, with one more package held below the version that was in the way: what says it
//! needs a newer Rust, what has a manifest that cannot be parsed, and in the end what the real toolchain fails to
//! compile. Where a package has no version left, those that depend on it are stepped back in its place. When the way ends
//! at a requirement of the packages under test there is no such lockfile, and the lowest Rust that has one is looked for.

use std::collections::{BTreeMap, BTreeSet};

use anyhow::Result;
use compatrix_model::lockset::made::{Floor, Repaired};
use compatrix_model::lockset::manifest::Edit;
use compatrix_model::lockset::refusal::{self, Blamed};
use compatrix_model::lockset::steps::{next_steps, take, Held, Step};
use compatrix_model::lockset::LockGroup;
use semver::Version;

use crate::build::cc;
use crate::deps::locks::{pins, Resolver};
use crate::deps::stage;
use crate::deps::stage::resolve::{Prefer, Unresolved};
use crate::deps::stage::resolved::Resolved;
use crate::find::facts::ToolchainFacts;
use crate::sys::error::Error;
use crate::sys::host::last_lines;
use crate::sys::process::Command;

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
        loop {
            let resolved = match self.settle(rust, &mut held, &mut spent)? {
                Some(Settled::Works(resolved)) => resolved,
                Some(Settled::Hopeless(because)) if held.blamed.is_empty() => return self.floor(rust, because, spent),
                Some(Settled::Hopeless(because)) => {
                    // A compile error does not say which Rust would work.
                    let Spent { resolutions, builds } = spent;
                    return Ok(Repair::None(Floor { because, rust: None, resolutions, builds }));
                }
                None => return Ok(Repair::GaveUp(self.too_many(&spent))),
            };
            let Some(toolchain) = self.toolchain else {
                return Ok(Repair::Done(repaired(&resolved, &held, &spent, None)));
            };
            if spent.builds >= self.limits.builds {
                return Ok(Repair::GaveUp(self.too_many(&spent)));
            }
            spent.builds += 1;
            (self.tell)(&format!("build {} with Rust {}", spent.builds, toolchain.version));
            let output = match self.build(toolchain, rust, &resolved)? {
                None => return Ok(Repair::Done(repaired(&resolved, &held, &spent, None))),
                Some(output) => output,
            };
            let members: Vec<&str> = self.resolver.sources.layout.members.iter().map(|m| m.name.as_str()).collect();
            let (own, foreign): (Vec<Blamed>, Vec<Blamed>) =
                refusal::read(&output).into_iter().partition(|blamed| members.contains(&blamed.name.as_str()));
            if let (true, Some(own)) = (foreign.is_empty(), own.first()) {
                // All that it depends on was compiled before it.
                let why = format!("{} itself does not work on Rust {}: {}", own.name, toolchain.version, own.why);
                return Ok(Repair::Done(repaired(&resolved, &held, &spent, Some(why))));
            }
            if foreign.is_empty() {
                let because = format!("the build fails, and names no package: {}", last_lines(&output, 2));
                let Spent { resolutions, builds } = spent;
                return Ok(Repair::None(Floor { because: vec![because], rust: None, resolutions, builds }));
            }
            for blamed in foreign {
                let resolved = resolved.packages.iter().filter(|package| package.name == blamed.name);
                let wanted =
                    |version: &Version| blamed.version.as_ref().is_none_or(|text| *text == version.to_string());
                for package in resolved.filter(|package| wanted(&package.version)) {
                    (self.tell)(&format!("{} {}: {}", package.name, package.version, blamed.why));
                    held.blamed.insert((package.name.clone(), package.version.clone()), blamed.why.clone());
                }
            }
        }
    }

    fn too_many(&self, spent: &Spent) -> String {
        format!(
            "gave up after {} resolutions and {} builds; pin the conflicting package by hand, then run again",
            spent.resolutions, spent.builds
        )
    }

    /// Resolves, stepping packages back, until nothing in the lockfile says that it needs more than this Rust; nothing
    /// when too much has been tried.
    fn settle(&self, rust: &Version, held: &mut Held, spent: &mut Spent) -> Result<Option<Settled>, Error> {
        let mut last: Option<(Resolved, Vec<Step>)> = None;
        loop {
            if spent.resolutions >= self.limits.resolutions {
                return Ok(None);
            }
            if self.resolver.host.supervisor.is_interrupted() {
                return Err(Error::Interrupted);
            }
            spent.resolutions += 1;
            let resolved = match self.resolve(rust, held) {
                Ok(resolved) => resolved,
                Err(other @ (Unresolved::Other(_) | Unresolved::Refused(_))) => return Err(other.into_error().into()),
                Err(Unresolved::Package { said, .. }) => {
                    let Some((before, mut steps)) = last.take() else {
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

    fn resolve(&self, rust: &Version, held: &Held) -> Result<Resolved, Unresolved> {
        let (mut limits, mut deep) = pins(self.resolver.sources, self.group);
        for (name, below) in &held.direct {
            limits.entry(name.clone()).or_default().push(format!("<{below}"));
        }
        for ((name, range), below) in &held.deep {
            deep.entry(name.clone()).or_default().push(format!(">={range}, <{below}"));
        }
        let edit = Edit { rust: Some(rust.clone()), limits, ..Edit::default() };
        self.resolver.resolve(&edit, &deep, None, Prefer::Rust)
    }

    /// Checks the members and their tests with the real toolchain, served from disk; returns cargo's error if it fails.
    fn build(&self, toolchain: &ToolchainFacts, rust: &Version, resolved: &Resolved) -> Result<Option<String>> {
        let (host, layout) = (self.resolver.host, self.resolver.sources.layout);
        let dir = self.resolver.dir.with_file_name("repair");
        let root = stage::trial(host, layout, &dir, rust, resolved, &self.resolver.platforms)?;
        let mut args = vec!["check".to_owned(), "--tests".to_owned(), "--locked".to_owned()];
        let target = host.dir.join("build").join(format!("repair@{}", self.group.name));
        args.extend(["--target-dir".to_owned(), target.to_string_lossy().into_owned()]);
        for member in layout.members.iter().filter(|member| member.under_test) {
            args.extend(["--package".to_owned(), member.name.clone()]);
        }
        let rustc = std::path::Path::new(&toolchain.rustc);
        let mut command = Command::new(&toolchain.cargo, &root)
            .args(args)
            .envs(&host.ambient.for_builds())
            .env("RUSTC", toolchain.rustc.clone())
            .env("RUSTDOC", rustc.with_file_name("rustdoc").to_string_lossy())
            .env("CARGO_INCREMENTAL", "0")
            .env("CARGO_TERM_COLOR", "never");
        if resolved.all {
            command = command.env("CARGO_NET_OFFLINE", "true");
        }
        for (name, value) in cc::environment(host)? {
            command = command.env(name, value);
        }
        command.timeout = Some(std::time::Duration::from_secs(1800));
        let finished = host.run(&command)?;
        Ok((!finished.status.success()).then(|| finished.stderr.text()))
    }

    /// The lowest Rust that has a lockset, by what packages say: found by halving between this one and the newest that
    /// anything in the way asks for.
    fn floor(&self, rust: &Version, because: Vec<String>, mut spent: Spent) -> Result<Repair, Error> {
        let newest =
            self.resolver.host.ambient.find("rustc").map(|rustc| self.resolver.host.ask_version(&rustc)).transpose()?;
        let newest = newest.and_then(|said| Version::parse(said.split(' ').nth(1)?).ok());
        let (mut low, mut high) = (rust.minor, newest.map_or(rust.minor, |newest| newest.minor));
        let mut works = |minor: u64| -> Result<bool, Error> {
            (self.tell)(&format!("is there a lockset for Rust 1.{minor}?"));
            let settled = self.settle(&Version::new(1, minor, 0), &mut Held::default(), &mut spent)?;
            Ok(matches!(settled, Some(Settled::Works(_))))
        };
        let mut floor = None;
        if low < high && works(high)? {
            while high - low > 1 {
                let middle = low + (high - low) / 2;
                if works(middle)? {
                    high = middle;
                } else {
                    low = middle;
                }
            }
            floor = Some(Version::new(1, high, 0));
        }
        let Spent { resolutions, builds } = spent;
        Ok(Repair::None(Floor { because, rust: floor, resolutions, builds }))
    }
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
    Repaired { lock, pins, resolutions: spent.resolutions, builds: spent.builds, own_failure }
}
