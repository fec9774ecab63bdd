//! Locksets on this machine: their inputs, whether they are present, and how they are fetched and served.

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;

use anyhow::{anyhow, bail, Result};
use compatrix_model::axis::{AxisKind, Deps, ValueName};
use compatrix_model::condition::{value_version, Versions};
use compatrix_model::facts::Availability;
use compatrix_model::hash::Sha256;
use compatrix_model::lockset::file::{body_of, Header, Lockfile};
use compatrix_model::lockset::manifest::Edit;
use compatrix_model::lockset::{self, LockGroup, Lockset};
use compatrix_model::matrix_spec::Spec;
use compatrix_model::promised::{self, AMBIENT_TOOLCHAIN};
use semver::Version;

use crate::deps::stage;
use crate::deps::stage::platforms::{triples, Platforms};
use crate::deps::stage::registry;
use crate::deps::stage::registry::{Pruned, ServedLockset};
use crate::deps::stage::resolve::{resolve, Prefer, Unresolved};
use crate::deps::stage::resolved::Resolved;
use crate::find::facts::LocksetFacts;
use crate::find::layout::Layout;
use crate::sys::error::Error;
use crate::sys::files;
use crate::sys::host::Host;

/// Bump this whenever the served files or the creation of locksets change.
const FORMAT: &str = "compatrix lockset 1";
/// Bump this whenever what a stage is made of changes, but not which versions are chosen.
const SERVED: &str = "compatrix served 2";
/// For how long the newest versions count as such, in seconds.
const LATEST_FOR: i64 = 24 * 60 * 60;

/// Inputs of locksets.
#[derive(Debug, Clone, Copy)]
pub struct Sources<'a> {
    /// Has the groups, the axis of toolchains and the claimed platforms.
    pub spec: &'a Spec,
    /// The workspace.
    pub layout: &'a Layout,
    /// The known versions of toolchains.
    pub versions: &'a Versions,
}

/// How a lockset is resolved.
#[derive(Debug, Clone)]
struct Recipe {
    /// The lockfile to start from.
    start: Option<String>,
    prefer: Prefer,
    /// The `rust-version` of the staged manifests.
    rust: Option<Version>,
    /// Hash of all this and of the manifests.
    inputs: Sha256,
}

impl Sources<'_> {
    /// The file of a group's lockset.
    pub fn file(&self, group: &LockGroup) -> PathBuf {
        self.layout.root.join(shown_file(group))
    }

    /// The toolchains of a group: name, and version if known.
    pub fn toolchains(&self, group: &LockGroup) -> Vec<(String, Option<Version>)> {
        let Some((_, axis)) = self.spec.space.axis_of(&AxisKind::Rust) else { return Vec::new() };
        let at = self.spec.locks.iter().position(|other| other.name == group.name).unwrap_or_default();
        let members = lockset::members(&self.spec.locks, &self.spec.space, self.versions);
        let one = |&n: &usize| {
            let value = &axis.values[n];
            (value.name.to_string(), value_version(&axis.name, &value.name, self.versions))
        };
        members[at].iter().map(one).collect()
    }

    /// The lowest known Rust of a group.
    pub fn lowest(&self, group: &LockGroup) -> Option<Version> {
        let versions = self.toolchains(group).into_iter().filter_map(|(_, version)| version);
        versions.map(|v| Version::new(v.major, v.minor, v.patch)).min()
    }

    /// The platforms that locksets are for: this host's, and those that are claimed.
    pub fn triples(&self) -> BTreeSet<&'static str> {
        let host = Host::platform();
        let claimed = self.spec.claims.platforms.iter().flat_map(|(_, tier)| tier);
        triples(claimed.map(String::as_str).chain([host.as_str()]))
    }

    /// The packages under test that no toolchain of a group is promised for, so that its lockset need not serve them.
    pub fn left_out(&self, group: &LockGroup) -> BTreeSet<String> {
        let toolchains = self.toolchains(group).into_iter().filter_map(|(name, _)| ValueName::new(name).ok());
        let each = toolchains.map(|name| promised::left_out(self.spec, &name, self.versions));
        each.reduce(|one, other| one.intersection(&other).cloned().collect()).unwrap_or_default()
    }

    /// Hash of all inputs that determine a group's lockset for this Rust.
    pub fn inputs(&self, group: &LockGroup, rust: &Version) -> Result<Sha256> {
        let mut parts = self.base_inputs(&self.left_out(group))?;
        parts.push(rust.to_string());
        parts.extend(group.pins.iter().map(|(name, version)| format!("{name}={version}")));
        Ok(files::hash_parts(parts.iter().map(String::as_str)))
    }

    fn base_inputs(&self, left_out: &BTreeSet<String>) -> Result<Vec<String>> {
        let mut parts = vec![FORMAT.to_owned()];
        parts.extend(self.layout.without(left_out).requirements()?);
        parts.extend(self.triples().into_iter().map(str::to_owned));
        Ok(parts)
    }

    fn group(&self, lockset: &Lockset) -> Option<&LockGroup> {
        let name = lockset.group.as_ref()?;
        self.spec.locks.iter().find(|group| group.name == *name)
    }

    fn recipe(&self, lockset: &Lockset) -> Result<Recipe> {
        let group = self.group(lockset);
        let (start, prefer, rust) = match lockset.deps {
            Deps::Locked => (Some(self.layout.own.text.clone()), Prefer::Rust, None),
            Deps::Lockset => {
                let group = group.ok_or_else(|| anyhow!("no [[lock]] of this name"))?;
                let (header, text) = self.committed(group)?;
                (Some(text), Prefer::Rust, Some(header.rust))
            }
            Deps::Minimal => (None, Prefer::Lowest, group.and_then(|group| self.lowest(group))),
            Deps::Latest => (None, Prefer::Newest, group.and_then(|group| self.lowest(group))),
        };
        let mut parts = self.base_inputs(&lockset.left_out)?;
        parts.extend([SERVED.to_owned(), lockset.to_string(), format!("{rust:?}"), start.clone().unwrap_or_default()]);
        Ok(Recipe { start, prefer, rust, inputs: files::hash_parts(parts.iter().map(String::as_str)) })
    }

    /// The committed lockset of a group, if it fits the manifests and toolchains of today.
    fn committed(&self, group: &LockGroup) -> Result<(Header, String)> {
        let path = self.file(group);
        let shown = shown_file(group);
        if !files::exists(&path) {
            bail!("there is no {shown}; create it with the command `lock`");
        }
        let text = files::read_text(&path)?;
        match self.trouble(group, &text)? {
            Some(trouble) => bail!("{shown} {trouble}; regenerate it with the command `lock`"),
            None => {
                let header = Header::of(&text).ok_or_else(|| anyhow!("{shown} has no header"))?;
                Ok((header, body_of(&text).to_owned()))
            }
        }
    }

    /// Why a group's lockset is not usable; `None` if it is.
    ///
    /// # Errors
    /// A manifest cannot be read.
    pub fn trouble(&self, group: &LockGroup, text: &str) -> Result<Option<String>> {
        let Some(header) = Header::of(text) else {
            return Ok(Some("was not made by compatrix, or has lost its header".to_owned()));
        };
        if header.content != files::hash_bytes(body_of(text).as_bytes()).to_string() {
            return Ok(Some("was edited by hand".to_owned()));
        }
        let known = self.toolchains(group);
        if let Some(lowest) = self.lowest(group) {
            // A toolchain that is not here has no version, and may be the lowest.
            let all_known = known.iter().all(|(_, version)| version.is_some());
            if lowest < header.rust || (all_known && lowest != header.rust) {
                return Ok(Some(format!("was made for Rust {}, and the lowest of the group is {lowest}", header.rust)));
            }
        }
        if header.inputs != self.inputs(group, &header.rust)?.to_string() {
            return Ok(Some("does not fit the manifests, pins or platforms of today".to_owned()));
        }
        Ok(None)
    }
}

pub(crate) fn shown_file(group: &LockGroup) -> String {
    format!("compat/locks/{}.lock", group.name)
}

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
    let recipe = match sources.recipe(lockset) {
        Ok(recipe) => recipe,
        Err(error) => {
            return LocksetFacts { sha256: None, staged: Availability::Missing { reason: format!("{error:#}") } }
        }
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
    LocksetFacts { sha256, staged }
}

fn how(lockset: &Lockset) -> String {
    match lockset.deps {
        Deps::Locked => "fetch the dependencies of Cargo.lock".to_owned(),
        Deps::Lockset => {
            let group = lockset.group.as_deref().unwrap_or_default();
            format!("fetch the dependencies of compat/locks/{group}.lock")
        }
        Deps::Minimal => "resolve and fetch the lowest versions of the dependencies".to_owned(),
        Deps::Latest => "resolve and fetch the newest versions of the dependencies".to_owned(),
    }
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
    let recipe = sources.recipe(lockset)?;
    let layout = sources.layout.without(&lockset.left_out);
    let sources = &Sources { layout: &layout, ..*sources };
    let dir = stage::dir(host, lockset);
    files::make_dir(&dir)?;
    let resolver =
        Resolver { host, sources, dir: dir.join("resolve"), platforms: Platforms::ask(host, &sources.triples())? };
    let edit = Edit { rust: recipe.rust.clone(), ..Edit::default() };
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
        let of = if lockset.is_locked() {
            "Cargo.lock".to_owned()
        } else {
            format!("compat/locks/{}.lock", lockset.group.as_deref().unwrap_or_default())
        };
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
    let mut pruned = stage::pruned(sources.layout, &resolver.platforms, &resolved, recipe.rust.clone())?;
    match stage::settle(host, sources.layout, &dir, &mut pruned) {
        Ok(()) => {}
        Err(Unresolved::Refused(said)) => return refused(said),
        Err(other) => return Err(other.into_error()),
    }
    ServedLockset { inputs, made, sha256: hash(&pruned.lock), refused: None, pruned }.write(&dir)
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
