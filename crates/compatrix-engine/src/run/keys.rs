//! Keys: the hash of all that could change a run's outcome.

use std::path::Path;

use compatrix_leak::LeakSettings;
use compatrix_model::axis::AxisKind;
use compatrix_model::cell::{CellId, Space};
use compatrix_model::evidence::Sha256;
use compatrix_model::facts::{Availability, HostFacts};
use compatrix_model::matrix_spec::{Piece, Suite};
use compatrix_model::plan::{Build, Linkage, AMBIENT_TOOLCHAIN};

use crate::sys::files;
use crate::sys::files::hash_parts;
use crate::sys::host::Host;

/// Changes when the meaning of a record does.
const FORMAT: &str = "compatrix run 1";

/// The part of a key that all runs of a build share.
pub(crate) fn of_build(build: &Build, facts: &HostFacts, compiler: &str) -> Sha256 {
    let mut parts =
        vec![FORMAT.to_owned(), build.id(), facts.sources.clone(), lockset_of(build, facts), compiler.to_owned()];
    if let Some(Availability::Ready(toolchain)) = facts.toolchains.get(&build.toolchain) {
        parts.extend([toolchain.rustc_verbose.clone(), toolchain.cargo_version.clone()]);
        // Two builds of one release by a distribution say the same of themselves.
        parts.extend(Some(toolchain.origin.clone()).filter(|origin| !origin.is_empty()));
    }
    if let Linkage::Dynamic { against } = &build.linkage {
        if let Some(Availability::Ready(sqlite)) = facts.sqlite.get(against) {
            parts.push(sqlite.sha256.clone());
        }
    }
    hash_parts(parts.iter().map(String::as_str))
}

/// Hash of the dependency versions of a build.
pub(crate) fn lockset_of(build: &Build, facts: &HostFacts) -> Sha256 {
    facts.lockset(&build.lockset).map(|lockset| lockset.sha256.clone()).unwrap_or_default()
}

/// The key of a run.
pub(crate) fn of_run(
    host: &Host,
    build: &Sha256,
    suite: &Suite,
    cell: &CellId,
    space: &Space,
    facts: &HostFacts,
) -> Sha256 {
    let mut parts = vec![build.clone(), suite.name.clone(), cell.to_string(), suite.doctests.to_string()];
    parts.push(format!("{:?}", suite.timeout));
    if let Some(leak) = suite.leak() {
        // What fails the suite is judged anew each time, so that it needs no new run.
        let LeakSettings { tool, errors_for: _, each, repeat, seeds, flags } = leak;
        parts.push(format!("{tool} {each:?} {repeat} {seeds}"));
        parts.extend(flags.iter().cloned());
        let toolchain = cell.value("rust").map_or(AMBIENT_TOOLCHAIN, |value| value.as_str());
        let here = facts.leak_tools.iter().find(|((of, on), _)| of == tool && on.as_str() == toolchain);
        if let Some((_, Availability::Ready(tool))) = here {
            let program = files::sha256(Path::new(&tool.program), &host.memo).unwrap_or_default();
            parts.extend([tool.program.clone(), tool.version.clone(), program]);
        }
    }
    parts.extend(suite.args.iter().cloned());
    for (name, template) in &suite.env {
        parts.push(name.clone());
        for piece in &template.0 {
            parts.push(match piece {
                Piece::Text(text) => text.clone(),
                Piece::SchemaDatabase => "{schema.database}".to_owned(),
                Piece::SchemaDir => "{schema.dir}".to_owned(),
                Piece::ValueName(axis) => format!("{{{axis}.name}}"),
            });
        }
    }
    for axis in space.axes() {
        let Some(value) = cell.value(axis.name.as_str()) else { continue };
        match &axis.kind {
            AxisKind::Sqlite => {
                if let Some(Availability::Ready(sqlite)) = facts.sqlite.get(value) {
                    // As the file is now, not as it was built: another one in its place must not find the old result.
                    let now = sqlite.library.as_ref().map(|library| files::sha256(Path::new(library), &host.memo));
                    parts.push(now.and_then(Result::ok).unwrap_or_else(|| sqlite.sha256.clone()));
                }
            }
            AxisKind::Schema => {
                if let Some(Availability::Ready(fixture)) = facts.fixtures.get(value) {
                    parts.push(fixture.sha256.clone());
                }
            }
            AxisKind::Env { var } => {
                let setting = axis.values.iter().find(|v| v.name == *value).map(|v| &v.setting);
                if let Some(compatrix_model::axis::Setting::Env(text)) = setting {
                    parts.extend([var.clone(), text.clone()]);
                }
            }
            AxisKind::Rust | AxisKind::Features | AxisKind::Deps => {}
        }
    }
    hash_parts(parts.iter().map(String::as_str))
}
