//! What suites require of their builds, and what builds of a lane share.

use std::collections::BTreeSet;

use super::build::{Build, Sanitizer, Targets};
use super::contents::Plan;
use crate::debug_info::DebugInfo;
use crate::matrix_spec::{Suite, SuiteKind};

/// A suite's requirements on its builds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) struct Compiled {
    pub(super) targets: Targets,
    pub(super) sanitizer: Option<Sanitizer>,
    pub(super) debug: DebugInfo,
}

/// What a suite requires.
pub(super) fn compiled_by(suite: &Suite) -> Compiled {
    let targets = match suite.kind {
        SuiteKind::Test | SuiteKind::Leak(_) | SuiteKind::Command => Targets::Tests { doctests: suite.doctests },
        SuiteKind::Bench(_) => Targets::Benches,
        SuiteKind::Build => Targets::Packages,
    };
    // Leak tools read it, and what a package's users compile has what cargo gives it.
    let debug = match suite.kind {
        SuiteKind::Test | SuiteKind::Command if !suite.full_debug => DebugInfo::None,
        SuiteKind::Test | SuiteKind::Command | SuiteKind::Leak(_) | SuiteKind::Build | SuiteKind::Bench(_) => {
            DebugInfo::Full
        }
    };
    Compiled { targets, sanitizer: suite.leak().and_then(|leak| Sanitizer::of(leak.tool)), debug }
}

/// Gives all builds of a lane full debug information if one of them needs it. A lane compiles its dependencies once for all
/// its builds, but once more for those with less debug information. That costs more than the information itself, which
/// makes a build take about a quarter longer.
pub(super) fn share_debug_info(plan: &mut Plan) {
    let shares = |build: &Build| build.sanitizer.is_none() && matches!(build.targets, Targets::Tests { .. });
    let needs_all = |build: &&Build| shares(build) && build.debug.is_full();
    let full: BTreeSet<String> = plan.builds.iter().filter(needs_all).map(Build::lane).collect();
    let lacks = |build: &Build| shares(build) && !build.debug.is_full() && full.contains(&build.lane());
    if !plan.builds.iter().any(lacks) {
        return;
    }
    for build in plan.builds.iter_mut().filter(|build| lacks(build)) {
        build.debug = DebugInfo::Full;
    }
    let first = |build: &Build| plan.builds.iter().position(|other| other == build);
    let same: Vec<usize> = plan.builds.iter().filter_map(first).collect();
    for run in &mut plan.runs {
        run.build = same[run.build];
    }
}
