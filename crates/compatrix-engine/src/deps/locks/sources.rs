//! What a lockset is made of, and which lockset of a group is in use: the committed one, or one chosen on the way.

use std::collections::BTreeSet;
use std::fmt;
use std::path::PathBuf;

use anyhow::{anyhow, bail, Result};
use compatrix_model::axis::{AxisKind, Deps, ValueName};
use compatrix_model::condition::{value_version, Versions};
use compatrix_model::facts::PackageFacts;
use compatrix_model::hash::Sha256;
use compatrix_model::lockset::file::{body_of, Header};
use compatrix_model::lockset::manifest::Edit;
use compatrix_model::lockset::{self, LockGroup, Lockset};
use compatrix_model::matrix_spec::Spec;
use compatrix_model::needs::{needs, Needs};
use compatrix_model::promised;
use semver::Version;

use crate::deps::stage;
use crate::deps::stage::platforms::triples;
use crate::deps::stage::resolve::Prefer;
use crate::find::facts::TestedPackage;
use crate::find::layout::Layout;
use crate::sys::files;
use crate::sys::host::Host;

/// Bump this whenever the served files or the creation of locksets change.
const FORMAT: &str = "compatrix lockset 2";
/// Bump this whenever what a stage is made of changes, but not which versions are chosen.
const SERVED: &str = "compatrix served 3";
/// Inputs of locksets.
#[derive(Debug, Clone, Copy)]
pub struct Sources<'a> {
    /// Has the groups, the axis of toolchains and the claimed platforms.
    pub spec: &'a Spec,
    /// The workspace.
    pub layout: &'a Layout,
    /// The known versions of toolchains.
    pub versions: &'a Versions,
    /// The packages under test.
    pub packages: &'a [TestedPackage],
}

/// How a lockset is resolved.
#[derive(Debug, Clone)]
pub(super) struct Recipe {
    /// The lockfile to start from.
    pub(super) start: Option<String>,
    pub(super) prefer: Prefer,
    /// What differs in the staged manifests.
    pub(super) edit: Edit,
    /// Hash of all this and of the manifests.
    pub(super) inputs: Sha256,
    /// Why the committed lockset is not used, where one was chosen on the way.
    pub(super) uncommitted: Option<String>,
}

/// Why a committed lockset is not usable.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Trouble {
    /// There is none.
    Missing,
    /// It is not as it was made: somebody has edited it.
    Edited(String),
    /// It was made from something else.
    Stale(String),
}

impl fmt::Display for Trouble {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Trouble::Missing => f.write_str("is not there"),
            Trouble::Edited(why) | Trouble::Stale(why) => f.write_str(why),
        }
    }
}

/// The lockset that a group's cells use.
enum InUse {
    /// The versions of this lockfile, and why they are not the committed ones, if they are not.
    Chosen {
        text: String,
        rust: Version,
        uncommitted: Option<String>,
    },
    ToChoose(ToChoose),
}

/// The way to a lockset.
#[derive(Debug)]
pub(super) enum Way {
    Known(Box<Recipe>),
    ToChoose(ToChoose),
}

/// A lockset that is not committed, and for which no versions have been chosen yet.
#[derive(Debug)]
pub(super) struct ToChoose {
    /// The Rust to choose them for.
    pub(super) rust: Version,
    /// Why the committed one is not usable.
    pub(super) why: String,
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

    /// What the suites need of a group's lockset.
    pub fn needs(&self, group: &LockGroup) -> Needs {
        // A toolchain that is not here may be of the group; what the others are not promised for, it is not, either.
        let left_out = self.left_out(group);
        let served = self.packages.iter().map(|package| &package.facts).filter(|facts| !left_out.contains(&facts.name));
        let packages: Vec<PackageFacts> = served.cloned().collect();
        needs(self.spec, &packages, group, self.versions)
    }

    /// How the manifests differ where a lockset is resolved that meets these needs.
    pub(crate) fn edit(&self, rust: &Version, needs: &Needs) -> Edit {
        // Without cells there is nothing to leave out.
        let used = (!needs.sets.is_empty()).then(|| self.layout.used(needs));
        Edit { rust: Some(rust.clone()), without_dev: used.is_some() && !needs.dev, used, ..Edit::default() }
    }

    /// Hash of all inputs that determine a group's lockset for this Rust.
    pub fn inputs(&self, group: &LockGroup, rust: &Version) -> Result<Sha256> {
        let mut parts = self.base_inputs(&self.left_out(group))?;
        parts.push(rust.to_string());
        parts.extend(group.pins.iter().map(|(name, version)| format!("{name}={version}")));
        let edit = self.edit(rust, &self.needs(group));
        parts.push(serde_json::to_string(&(edit.without_dev, edit.used))?);
        Ok(files::hash_parts(parts.iter().map(String::as_str)))
    }

    /// The file of a lockset with this lockfile's versions. `command` is how the user starts us.
    pub(crate) fn with_header(&self, group: &LockGroup, rust: &Version, lock: &str, command: &str) -> Result<String> {
        let header = Header {
            rust: rust.clone(),
            inputs: self.inputs(group, rust)?.to_string(),
            content: files::hash_bytes(body_of(lock).as_bytes()).to_string(),
        };
        Ok(header.file(command, lock))
    }

    fn base_inputs(&self, left_out: &BTreeSet<String>) -> Result<Vec<String>> {
        let mut parts = vec![FORMAT.to_owned()];
        parts.extend(self.layout.without(left_out).requirements()?);
        parts.extend(self.triples().into_iter().map(str::to_owned));
        Ok(parts)
    }

    /// The group of a lockset.
    pub(super) fn group(&self, lockset: &Lockset) -> Option<&LockGroup> {
        let name = lockset.group.as_ref()?;
        self.spec.locks.iter().find(|group| group.name == *name)
    }

    /// How a lockset is resolved.
    ///
    /// # Errors
    /// See [`Sources::in_use`].
    pub(super) fn recipe(&self, host: &Host, lockset: &Lockset) -> Result<Way> {
        let group = self.group(lockset);
        let of_group = |group: Option<&LockGroup>| group.and_then(|group| self.lowest(group));
        let mut uncommitted = None;
        let (start, prefer, edit) = match lockset.deps {
            Deps::Locked => (Some(self.layout.own.text.clone()), Prefer::Rust, Edit::default()),
            Deps::Lockset => {
                let group = group.ok_or_else(|| anyhow!("no [[lock]] of this name"))?;
                match self.in_use(host, group)? {
                    InUse::Chosen { text, rust, uncommitted: why } => {
                        uncommitted = why;
                        (Some(text), Prefer::Rust, self.edit(&rust, &self.needs(group)))
                    }
                    InUse::ToChoose(to_choose) => return Ok(Way::ToChoose(to_choose)),
                }
            }
            Deps::Minimal => (None, Prefer::Lowest, Edit { rust: of_group(group), ..Edit::default() }),
            Deps::Latest => (None, Prefer::Newest, Edit { rust: of_group(group), ..Edit::default() }),
        };
        let mut parts = self.base_inputs(&lockset.left_out)?;
        let asked = serde_json::to_string(&(&edit.rust, edit.without_dev, &edit.used))?;
        parts.extend([SERVED.to_owned(), lockset.to_string(), asked, start.clone().unwrap_or_default()]);
        let inputs = files::hash_parts(parts.iter().map(String::as_str));
        Ok(Way::Known(Box::new(Recipe { start, prefer, edit, inputs, uncommitted })))
    }

    /// The lockset that cells of a group use: the committed one if it fits the manifests and toolchains of today, otherwise
    /// the one that was chosen on the way.
    ///
    /// # Errors
    /// The committed one was edited; a file cannot be read; only committed ones are allowed.
    fn in_use(&self, host: &Host, group: &LockGroup) -> Result<InUse> {
        let (path, shown) = (self.file(group), shown_file(group));
        let text = files::exists(&path).then(|| files::read_text(&path)).transpose()?;
        let chosen = |text: &str, uncommitted: Option<String>| -> Result<InUse> {
            let rust = Header::of(text).ok_or_else(|| anyhow!("{shown} has no header"))?.rust;
            Ok(InUse::Chosen { text: body_of(text).to_owned(), rust, uncommitted })
        };
        let trouble = match &text {
            Some(text) => match self.trouble(group, text)? {
                None => return chosen(text, None),
                Some(trouble) => trouble,
            },
            None => Trouble::Missing,
        };
        let name = &group.name;
        if let Trouble::Edited(why) = &trouble {
            bail!("{shown} {why}; the command `lock {name}` makes it again, and `pin` in its [[lock]] keeps a version");
        }
        if host.limits.committed {
            bail!("{shown} {trouble}; run the command `lock {name}` and commit the file");
        }
        let kept = files::read_text(&chosen_file(host, group)).ok();
        if let Some(kept) = kept.filter(|text| matches!(self.trouble(group, text), Ok(None))) {
            return chosen(&kept, Some(trouble.to_string()));
        }
        match self.lowest(group) {
            Some(rust) => Ok(InUse::ToChoose(ToChoose { rust, why: trouble.to_string() })),
            None => bail!("{shown} {trouble}, and the version of no toolchain of its group is known here"),
        }
    }

    /// Why a group's lockset is not usable; `None` if it is.
    ///
    /// # Errors
    /// A manifest cannot be read.
    pub fn trouble(&self, group: &LockGroup, text: &str) -> Result<Option<Trouble>> {
        let Some(header) = Header::of(text) else {
            return Ok(Some(Trouble::Edited("was not made by compatrix, or has lost its header".to_owned())));
        };
        if header.content != files::hash_bytes(body_of(text).as_bytes()).to_string() {
            return Ok(Some(Trouble::Edited("was edited by hand".to_owned())));
        }
        let known = self.toolchains(group);
        if let Some(lowest) = self.lowest(group) {
            // A toolchain that is not here has no version, and may be the lowest.
            let all_known = known.iter().all(|(_, version)| version.is_some());
            if lowest < header.rust || (all_known && lowest != header.rust) {
                let why = format!("was made for Rust {}, and the lowest of the group is {lowest}", header.rust);
                return Ok(Some(Trouble::Stale(why)));
            }
        }
        if header.inputs != self.inputs(group, &header.rust)?.to_string() {
            let why = "does not fit the manifests, pins or platforms of today, or what the suites need";
            return Ok(Some(Trouble::Stale(why.to_owned())));
        }
        Ok(None)
    }
}

/// Where a lockset is kept that was chosen on the way.
pub(crate) fn chosen_file(host: &Host, group: &LockGroup) -> PathBuf {
    stage::dir(host, &Lockset::new(Deps::Lockset, Some(group))).join("chosen.lock")
}

pub(crate) fn shown_file(group: &LockGroup) -> String {
    format!("compat/locks/{}.lock", group.name)
}
