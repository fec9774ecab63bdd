//! Roots: which toolchain is in one, and what each SQLite is in it.

use std::path::Path;
use std::sync::mpsc::Sender;

use anyhow::{anyhow, Context, Result};
use compatrix_model::axis::{AxisKind, AxisValue, Setting, ValueName};
use compatrix_model::condition::partial_version;
use compatrix_model::facts::Availability;
use compatrix_model::matrix_spec::Spec;

use super::elsewhere::{self, Wanted};
use super::noted::unavailable;
use crate::event::Event;
use crate::find::distro::Unpacked;
use crate::find::facts::{RootFacts, SqliteFacts, ToolchainFacts};
use crate::find::sqlite::{self, Kit};
use crate::find::{root, toolchain};
use crate::survey::Survey;
use crate::sys::files;
use crate::sys::host::Host;

/// The toolchain of a root.
pub(super) fn toolchain(host: &Host, unpacked: &Unpacked) -> Result<ToolchainFacts> {
    // With its links resolved: the loader and the files in a root name real paths, and those are compared with this one.
    let dir = files::real(&unpacked.dir).with_context(|| format!("cannot find {}", unpacked.dir.display()))?;
    let place = dir.join(unpacked.place.strip_prefix(&unpacked.dir).unwrap_or(&unpacked.place));
    let bare = RootFacts::bare(host, dir.join("root")).context("bwrap is not on PATH")?;
    let system = unpacked.system.clone().context("its note does not name its system")?;
    let facts = toolchain::facts_in_root(host, &place, &RootFacts { system: system.clone(), ..bare })?;
    let other = unpacked.upstream.as_ref().filter(|upstream| **upstream != facts.version);
    let misnamed = other.map(|_| {
        let is = facts.rustc_verbose.lines().next().unwrap_or_default();
        format!("the toolchain of {} is {is}; remove {} and run again", unpacked.origin, unpacked.dir.display())
    });
    let packages = format!("{system}, rustc {}: a root with {}", facts.version, unpacked.origin);
    Ok(ToolchainFacts { packages: Some(packages), misnamed, ..facts })
}

/// The toolchains of the axis that are in roots, whether these are here or not.
fn values(spec: &Spec) -> impl Iterator<Item = &AxisValue> {
    let axis = spec.space.axis_of(&AxisKind::Rust).map(|(_, axis)| axis);
    let is_root = |value: &&AxisValue| matches!(&value.setting, Setting::DistroToolchain(request) if request.root);
    axis.into_iter().flat_map(|axis| &axis.values).filter(is_root)
}

/// Looks at what each root has: again, after something was provided.
pub(super) fn look(host: &Host, spec: &Spec, survey: &mut Survey) {
    let outside = survey.workspace.layout.outside.iter().map(|one| one.dir.to_string_lossy().into_owned());
    let outside: Vec<String> = outside.collect();
    let before = std::mem::take(&mut survey.facts.roots);
    for value in values(spec) {
        let Some(found) = survey.facts.toolchains.get_mut(&value.name) else { continue };
        if let Availability::Ready(ToolchainFacts { root: Some(root), .. }) = found {
            root.read.clone_from(&outside);
        }
        let (found, outside) = (&*found, &survey.facts.sqlite);
        let all = elsewhere::look(spec, before.get(&value.name), |sqlite| {
            in_root(host, spec, (&value.name, found), sqlite, outside.get(&sqlite.name))
        });
        survey.facts.roots.insert(value.name.clone(), all);
    }
}

/// What a value of the SQLite axis is in the root of this toolchain. `outside` is what it is on this host.
fn in_root(
    host: &Host,
    spec: &Spec,
    (name, toolchain): (&ValueName, &Availability<ToolchainFacts>),
    value: &AxisValue,
    outside: Option<&Availability<SqliteFacts>>,
) -> Availability<SqliteFacts> {
    let missing = |reason: String| Availability::Missing { reason };
    let found = |root: &RootFacts| match &value.setting {
        Setting::SqliteExact(version) => {
            sqlite::find_exact(host, Kit::Root(root), version, &spec.sqlite).unwrap_or_else(unavailable)
        }
        _ => own_library(host, root).map_or_else(unavailable, Availability::Ready),
    };
    match &value.setting {
        Setting::SqliteBundled => elsewhere::bundled(outside),
        Setting::SqliteHost => missing(format!("the root of {name} has its own SQLite, not the host's; use `{name}`")),
        Setting::DistroSqlite(_) if value.name != *name => {
            missing(format!("the SQLite of {} is not that of the root of {name}; use `{name}`", value.name))
        }
        _ => match toolchain {
            Availability::Ready(ToolchainFacts { root: Some(root), .. }) => found(root),
            Availability::Ready(_) => missing(format!("{name} is not in a root")),
            Availability::Obtainable { how } => Availability::Obtainable { how: how.clone() },
            Availability::Missing { reason } => missing(reason.clone()),
        },
    }
}

/// The shared SQLite of a root, as its package installed it.
fn own_library(host: &Host, facts: &RootFacts) -> Result<SqliteFacts> {
    let tree = Path::new(&facts.tree);
    let folders = files::list(&tree.join("usr/lib"))?;
    let library = folders.iter().map(|dir| dir.join("libsqlite3.so.0")).find(|path| files::exists(path));
    let library =
        library.ok_or_else(|| anyhow!("there is no libsqlite3.so.0 below {}", tree.join("usr/lib").display()))?;
    let inside = root::of_compiler(host, facts, &[]);
    let real = inside.outside(&Path::new("/").join(library.strip_prefix(tree).unwrap_or(&library)));
    let said = sqlite::of_library(host, Some(&inside), &real)?;
    let text = |path: &Path| path.to_string_lossy().into_owned();
    Ok(SqliteFacts {
        version: Some(partial_version(&said.version).ok_or_else(|| anyhow!("no version: {:?}", said.version))?),
        sha256: Some(files::sha256(&real, &host.memo)?),
        link_dir: library.parent().map(text),
        library: Some(text(&library)),
        include_dir: Some(text(&tree.join("usr/include"))),
        promised: None,
        foreign: None,
    })
}

/// Builds exact versions in roots, by the root's compiler.
pub(super) fn build(host: &Host, spec: &Spec, wanted: &Wanted<'_>, survey: &mut Survey, tell: &Sender<Event>) {
    for value in values(spec) {
        let Some(Availability::Ready(ToolchainFacts { root: Some(root), .. })) =
            survey.facts.toolchains.get(&value.name)
        else {
            continue;
        };
        let built = elsewhere::build(host, (&value.name, Kit::Root(root)), &spec.sqlite, wanted, tell);
        survey.facts.roots.entry(value.name.clone()).or_default().extend(built);
    }
}
