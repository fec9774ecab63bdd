//! Cells of other targets: which one a cell is of, and what cannot be tried for it.

use super::build::Target;
use crate::axis::{Setting, System, ValueName};
use crate::cell::Space;
use crate::matrix_spec::{Suite, SuiteKind};

/// The target of the cell at these coordinates; `None` if it is of this host.
pub(super) fn target(space: &Space, coords: &[usize]) -> Option<Target> {
    match space.system(coords)? {
        (value, System::Target { triple, runner }) => {
            Some(Target { value: value.clone(), triple: triple.clone(), runner: runner.clone() })
        }
        (_, System::Here | System::Machine { .. }) => None,
    }
}

/// The value of the `os` axis at these coordinates.
pub(super) fn os<'s>(space: &'s Space, coords: &[usize]) -> Option<&'s ValueName> {
    space.system(coords).map(|(value, _)| value)
}

/// Why a suite with this SQLite cannot be tried for a target, if it cannot.
pub(super) fn refusal(Target { triple, .. }: &Target, suite: &Suite, sqlite: Option<&Setting>) -> Option<String> {
    let of_suite = match &suite.kind {
        SuiteKind::Test | SuiteKind::Build => None,
        SuiteKind::Leak(leak) => Some(format!("{} is not run on programs of another target", leak.tool)),
        SuiteKind::Bench(_) => Some("programs of another target are not measured: the runner would be".to_owned()),
        SuiteKind::Command => Some(format!("commands are of this host, not of {triple}")),
    };
    let of_sqlite = || match sqlite? {
        Setting::SqliteBundled => None,
        Setting::SqliteHost | Setting::DistroSqlite(_) => {
            Some(format!("this library is of this host, and no program of {triple} can load it; use `bundled`"))
        }
        Setting::SqliteExact(_) if ["-windows-gnu", "-apple-darwin"].iter().any(|end| triple.ends_with(end)) => None,
        // Whatever else an axis of SQLites may have one day is not tried before it is decided on.
        _ => Some(format!("exact versions are not built as shared libraries of {triple} yet; use `bundled`")),
    };
    of_suite.or_else(of_sqlite)
}
