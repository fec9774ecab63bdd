//! Locksets on this machine: whether they are present, and how they are fetched and served.

pub mod sources;

use std::collections::BTreeMap;
use std::path::PathBuf;

use anyhow::{anyhow, bail, Result};
use compatrix_model::axis::{Deps, ValueName};
use compatrix_model::facts::Availability;
use compatrix_model::hash::Sha256;
use compatrix_model::lockset::file::{body_of, Lockfile};
use compatrix_model::lockset::manifest::Edit;
use compatrix_model::lockset::{self, LockGroup, Lockset};
use compatrix_model::promised::{self, AMBIENT_TOOLCHAIN};
use semver::Version;

use crate::deps::stage;
use crate::deps::stage::platforms::Platforms;
use crate::deps::stage::registry;
use crate::deps::stage::registry::{Pruned, ServedLockset};
use crate::deps::stage::resolve::{resolve, Prefer, Unresolved};
use crate::deps::stage::resolved::Resolved;
use crate::find::facts::LocksetFacts;
use crate::sys::error::Error;
use crate::sys::files;
use crate::sys::host::Host;
use sources::{chosen_file, Sources, ToChoose, Way};

/// For how long the newest versions count as such, in seconds.
const LATEST_FOR: i64 = 24 * 60 * 60;

/// Facts about each lockset that cells can use. `own` is the hash of the workspace's lockfile.
///
/// # Errors
/// A manifest cannot be read.
pub fn survey(
    host: &Host,
    sources: &Sources<'_>,
    own: Option<Sha256>,
) -> Result<BTreeMap<Lockset, LocksetFacts>, Error> {
    let mut facts = BTreeMap::new();
    let ambient = ValueName::new(AMBIENT_TOOLCHAIN).expect("a valid name");
    let left_out = |toolchain: Option<&ValueName>| {
        promised::left_out(sources.spec, toolchain.unwrap_or(&ambient), sources.versions)
    };
    for lockset in lockset::all(&sources.spec.locks, &sources.spec.space, sources.versions, left_out) {
        let found = find(host, sources, &lockset, own);
        facts.insert(lockset, found);
    }
    Ok(facts)
}

/// Hashes of the dependency versions that evidence of today has: the workspace's own, and those of every group.
pub fn of_today(sources: &Sources<'_>, own: Option<Sha256>) -> BTreeMap<Lockset, Sha256> {
    let groups = sources.spec.locks.iter().filter_map(|group| {
        let text = files::read_text(&sources.file(group)).ok()?;
        Some((Lockset::new(Deps::Lockset, Some(group)), hash(body_of(&text))))
    });
    groups.chain(own.map(|own| (Lockset::LOCKED, own))).collect()
}

fn find(host: &Host, sources: &Sources<'_>, lockset: &Lockset, own: Option<Sha256>) -> LocksetFacts {
    let unknown = |staged| LocksetFacts { sha256: None, staged, uncommitted: None };
    let recipe = match sources.recipe(host, lockset) {
        Ok(Way::Known(recipe)) => recipe,
        Ok(Way::ToChoose(ToChoose { rust, why })) => {
            let how = format!("choose versions for Rust {rust}, since {} {why}", shown(lockset));
            return unknown(Availability::Obtainable { how });
        }
        Err(error) => return unknown(Availability::Missing { reason: format!("{error:#}") }),
    };
    let served = ServedLockset::read(&stage::dir(host, lockset)).ok().filter(|served| served.inputs == recipe.inputs);
    let served = served.filter(|served| {
        let young = host.now - served.made < LATEST_FOR || host.limits.offline;
        lockset.deps != Deps::Latest || (young && !host.limits.fresh)
    });
    let sha256 = match (lockset.deps, &served, &recipe.start) {
        (Deps::Locked, _, _) => own,
        (Deps::Lockset, _, Some(text)) => Some(hash(text)),
        (_, Some(served), _) => Some(served.sha256),
        (_, None, _) => None,
    };
    // Another time cargo may take it: it, or what it stands on, may have been changed.
    let usable = |served: &ServedLockset| served.refused.is_none() || served.made == host.now;
    let staged = match served.filter(usable) {
        Some(_) => Availability::Ready(()),
        None => Availability::Obtainable { how: how(lockset) },
    };
    LocksetFacts { sha256, staged, uncommitted: recipe.uncommitted }
}

fn how(lockset: &Lockset) -> String {
    match lockset.deps {
        Deps::Locked => "fetch the dependencies of Cargo.lock".to_owned(),
        Deps::Lockset => format!("fetch the dependencies of {}", shown(lockset)),
        Deps::Minimal => "resolve and fetch the lowest versions of the dependencies".to_owned(),
        Deps::Latest => "resolve and fetch the newest versions of the dependencies".to_owned(),
    }
}

/// The file of a lockset of a group.
pub(crate) fn shown(lockset: &Lockset) -> String {
    format!("compat/locks/{}.lock", lockset.group.as_deref().unwrap_or_default())
}

/// Hash of the versions in a lockfile.
fn hash(text: &str) -> Sha256 {
    let lock = Lockfile::parse(text).unwrap_or_default();
    files::hash_parts(lock.lines(&lock.everything()).iter().map(String::as_str))
}

/// Fetches and serves a lockset's dependencies; returns the facts afterwards.
pub fn provide(host: &Host, sources: &Sources<'_>, lockset: &Lockset, own: Option<Sha256>) -> LocksetFacts {
    match serve(host, sources, lockset) {
        Ok(()) => find(host, sources, lockset, own),
        Err(error) => LocksetFacts {
            staged: Availability::Missing { reason: format!("{error:#}") },
            ..find(host, sources, lockset, own)
        },
    }
}

fn serve(host: &Host, sources: &Sources<'_>, lockset: &Lockset) -> Result<()> {
    let dir = stage::dir(host, lockset);
    files::make_dir(&dir)?;
    let platforms = || Platforms::ask(host, &sources.triples());
    let recipe = match sources.recipe(host, lockset)? {
        Way::Known(recipe) => recipe,
        Way::ToChoose(ToChoose { rust, .. }) => {
            let group = sources.group(lockset).ok_or_else(|| anyhow!("no [[lock]] of this name"))?;
            // For all of the group's toolchains at once.
            let layout = sources.layout.without(&sources.left_out(group));
            let sources = &Sources { layout: &layout, ..*sources };
            let dir = dir.join("choose");
            choose_on_the_way(&Resolver { host, sources, dir, platforms: platforms()? }, group, &rust)?;
            match sources.recipe(host, lockset)? {
                Way::Known(recipe) => recipe,
                Way::ToChoose(ToChoose { why, .. }) => bail!("the lockset that was just made {why}"),
            }
        }
    };
    let layout = sources.layout.without(&lockset.left_out);
    let sources = &Sources { layout: &layout, ..*sources };
    let resolver = Resolver { host, sources, dir: dir.join("resolve"), platforms: platforms()? };
    let edit = recipe.edit.clone();
    let (made, inputs) = (host.now, recipe.inputs);
    let refused = |said: String| {
        let sha256 = recipe.start.as_deref().map_or(inputs, hash);
        ServedLockset { inputs, made, sha256, refused: Some(said), pruned: Pruned::default() }.write(&dir)
    };
    let resolve = |edit: &Edit| resolver.resolve(edit, &BTreeMap::new(), recipe.start.as_deref(), recipe.prefer);
    // Asked for all features on all platforms, cargo refuses some manifests that it takes for one platform.
    let here = || -> Result<Edit> {
        Ok(Edit { without_targets: stage::without_targets(sources.layout, &resolver.platforms)?, ..edit.clone() })
    };
    let resolved = match resolve(&edit) {
        Err(Unresolved::Refused(said)) => resolve(&here()?).map_err(|_| Unresolved::Refused(said)),
        other => other,
    };
    let resolved = match resolved {
        Ok(resolved) => resolved,
        Err(Unresolved::Refused(said)) => return refused(said),
        Err(other) => return Err(other.into_error()),
    };
    if let Some(start) = &recipe.start {
        let of = if lockset.is_locked() { "Cargo.lock".to_owned() } else { shown(lockset) };
        let mend = if lockset.is_locked() {
            "run `cargo update --workspace`"
        } else {
            "regenerate it with the command `lock`"
        };
        let start = Lockfile::parse(start).map_err(|error| anyhow!("{of}: {error}"))?;
        if let Some(new) = not_in(&resolved.lock, &start) {
            bail!("{of} does not have {new}, which the manifests require; {mend}");
        }
    }
    registry::write(host, &dir, &resolved.crates)?;
    let mut pruned = stage::pruned(sources.layout, &resolver.platforms, &resolved, &recipe.edit)?;
    match stage::settle(host, sources.layout, &dir, &mut pruned) {
        Ok(()) => {}
        Err(Unresolved::Refused(said)) => return refused(said),
        Err(other) => return Err(other.into_error()),
    }
    ServedLockset { inputs, made, sha256: hash(&pruned.lock), refused: None, pruned }.write(&dir)
}

/// Chooses the versions of a group's lockset, and keeps them in our folder.
fn choose_on_the_way(resolver: &Resolver<'_>, group: &LockGroup, rust: &Version) -> Result<()> {
    let (host, sources) = (resolver.host, resolver.sources);
    let start = files::read_text(&sources.file(group)).ok();
    let resolved = resolver.choose(group, rust, start.as_deref().map(body_of)).map_err(Unresolved::into_error)?;
    let text = sources.with_header(group, rust, &resolved.lock.to_text(), "cargo compatrix")?;
    let path = chosen_file(host, group);
    files::make_dir(path.parent().unwrap_or(&host.dir))?;
    files::write(&path, text.as_bytes())
}

/// A package of a lockfile that another does not have.
fn not_in(lock: &Lockfile, other: &Lockfile) -> Option<String> {
    let plain = |source: &Option<String>| source.as_deref().map(|s| s.split(['?', '#']).next().unwrap_or(s).to_owned());
    let has = |name: &str, version: &str, source: &Option<String>| {
        other.packages.iter().any(|p| p.name == name && p.version == version && plain(&p.source) == plain(source))
    };
    let new = lock.packages.iter().find(|p| !has(&p.name, &p.version, &p.source))?;
    Some(format!("{} {}", new.name, new.version))
}

/// The pins of a group: as limits for direct dependencies, and as requirements for those of any depth.
pub(crate) fn pins(
    sources: &Sources<'_>,
    group: &LockGroup,
) -> (BTreeMap<String, Vec<String>>, BTreeMap<String, Vec<String>>) {
    let direct = sources.layout.direct_dependencies().unwrap_or_default();
    let exact = group.pins.iter().map(|(name, version)| (name.clone(), vec![format!("={version}")]));
    exact.partition(|(name, _)| direct.contains(name))
}

/// A place to resolve in.
#[derive(Debug)]
pub(crate) struct Resolver<'a> {
    pub(crate) host: &'a Host,
    pub(crate) sources: &'a Sources<'a>,
    pub(crate) dir: PathBuf,
    pub(crate) platforms: Platforms,
}

impl Resolver<'_> {
    /// Chooses the versions of a group's lockset for this Rust. The lockfile to start from keeps what still fits.
    pub(crate) fn choose(
        &self,
        group: &LockGroup,
        rust: &Version,
        start: Option<&str>,
    ) -> Result<Resolved, Unresolved> {
        let (limits, pins) = pins(self.sources, group);
        let edit = Edit { limits, ..self.sources.edit(rust, &self.sources.needs(group)) };
        self.resolve(&edit, &pins, start, Prefer::Rust)
    }

    /// Resolves the workspace with these manifests; `pins` are further requirements on packages of any depth.
    pub(crate) fn resolve(
        &self,
        edit: &Edit,
        pins: &BTreeMap<String, Vec<String>>,
        start: Option<&str>,
        prefer: Prefer,
    ) -> Result<Resolved, Unresolved> {
        let layout = self.sources.layout;
        let root = stage::resolving(layout, &self.dir, edit, pins, start)?;
        resolve(self.host, (layout, &root), prefer, &self.sources.triples(), &self.platforms)
    }
}
