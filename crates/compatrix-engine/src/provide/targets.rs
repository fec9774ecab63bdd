//! What each SQLite is for the targets of the axis `os`: exact versions become DLLs of Windows and dylibs of macOS.

use std::sync::mpsc::Sender;

use compatrix_model::axis::{AxisKind, AxisValue, Setting, System, ValueName};
use compatrix_model::facts::Availability;
use compatrix_model::matrix_spec::Spec;

use super::elsewhere::{self, Wanted};
use super::noted::unavailable;
use crate::event::Event;
use crate::find::facts::Foreign;
use crate::find::sqlite::{self, Kit};
use crate::find::system;
use crate::survey::Survey;
use crate::sys::host::Host;

/// Whether the runner is a program that nobody here knows, which may set variables that a loader obeys.
fn may_lead_elsewhere(with: &Foreign) -> bool {
    !with.runner.is_empty() && !with.is_wine
}

/// The targets whose programs are started here and that shared libraries are made for.
fn targets<'a>(host: &Host, spec: &'a Spec, survey: &Survey) -> Vec<(&'a ValueName, Foreign)> {
    let axis = spec.space.axis_of(&AxisKind::Os).map(|(_, axis)| axis);
    let of = |value: &'a AxisValue| {
        let Setting::Os(System::Target { triple, .. }) = &value.setting else { return None };
        let system = survey.facts.systems.get(&value.name)?.ready()?;
        let compiler = system::c_compiler(host, triple)?;
        let (runner, is_wine) = (system.runner.clone(), system.is_wine);
        Some((&value.name, Foreign { triple: triple.clone(), compiler, runner, is_wine }))
    };
    axis.into_iter().flat_map(|axis| &axis.values).filter_map(of).collect()
}

/// Looks at what each SQLite is for each target: again, after something was provided.
pub(super) fn look(host: &Host, spec: &Spec, survey: &mut Survey) {
    let before = std::mem::take(&mut survey.facts.libraries);
    for (os, with) in targets(host, spec, survey) {
        let kit = Kit::of_target(&with);
        let all = elsewhere::look(spec, before.get(os), |value| {
            match &value.setting {
            Setting::SqliteExact(_) if may_lead_elsewhere(&with) => Availability::Missing {
                reason: format!(
                    "`{}` may lead programs to another library than that of the cell, and only wine is known not to; name \
                     wine itself as the runner of os={os}",
                    with.runner.join(" ")
                ),
            },
            Setting::SqliteExact(version) => {
                sqlite::find_exact(host, kit, version, &spec.sqlite).unwrap_or_else(unavailable)
            }
            Setting::SqliteBundled => elsewhere::bundled(survey.facts.sqlite.get(&value.name)),
            _ => Availability::Missing { reason: format!("this library is of this host, not of {}", with.triple) },
        }
        });
        survey.facts.libraries.insert(os.clone(), all);
    }
}

/// Builds exact versions as shared libraries: values of the axis `os` with values of the SQLite axis.
pub(super) fn build(host: &Host, spec: &Spec, wanted: &Wanted<'_>, survey: &mut Survey, tell: &Sender<Event>) {
    for (os, with) in targets(host, spec, survey).into_iter().filter(|(_, with)| !may_lead_elsewhere(with)) {
        let kit = Kit::of_target(&with);
        let built = elsewhere::build(host, (os, kit), &spec.sqlite, wanted, tell);
        survey.facts.libraries.entry(os.clone()).or_default().extend(built);
    }
}
