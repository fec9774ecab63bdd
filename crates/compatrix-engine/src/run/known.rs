//! What the ledger knows of a plan's runs: the key that each has today, and the result with that key.
//!
//! The one place that asks the ledger by key. A walk reuses what is found here, and `evidence record` records it, so that
//! what is recorded is what a walk shows.

use std::collections::BTreeMap;
use std::path::Path;

use anyhow::Result;
use compatrix_model::axis::ValueName;
use compatrix_model::evidence::Record;
use compatrix_model::facts::Availability;
use compatrix_model::hash::Sha256;
use compatrix_model::linkage::Linkage;
use compatrix_model::matrix_spec::Spec;
use compatrix_model::outcome::Outcome;
use compatrix_model::plan::{Plan, Run};

use crate::find::input::{self, Looked};
use crate::find::surroundings::{self, Surroundings};
use crate::ledger::Ledger;
use crate::run::keys::{self, ByDebugInfo};
use crate::survey::Survey;
use crate::sys::files;
use crate::sys::host::Host;

/// A run with what is known of it today.
#[derive(Debug)]
pub(crate) struct Known {
    /// The key's part that no build decides.
    pub(crate) before: Sha256,
    /// The newest result with today's whole key; none if there is none, if it contradicts itself, or if it is not known what
    /// the build read.
    pub(crate) record: Option<Record>,
    /// Why a result with this key is not used.
    pub(crate) refused: Option<String>,
}

/// What is known of a plan.
#[derive(Debug)]
pub(crate) struct OfPlan {
    /// The keys of each build, in the plan's order.
    pub(crate) builds: Vec<ByDebugInfo>,
    /// The same of what all its runs have in common.
    pub(crate) of_runs: Vec<ByDebugInfo>,
    /// Each run, in the plan's order.
    pub(crate) runs: Vec<Known>,
}

/// What the ledger knows of a plan.
///
/// # Errors
/// The ledger cannot be read.
pub(crate) fn of_plan(host: &Host, ledger: &Ledger, spec: &Spec, plan: &Plan, survey: &Survey) -> Result<OfPlan> {
    let mut known: BTreeMap<&ValueName, Option<Surroundings>> = BTreeMap::new();
    let mut builds = Vec::new();
    for build in &plan.builds {
        let toolchain = survey.facts.toolchains.get(&build.toolchain).and_then(Availability::ready);
        let around = known
            .entry(&build.toolchain)
            .or_insert_with(|| toolchain.map(|toolchain| surroundings::look(host, toolchain)));
        builds.push(ByDebugInfo::of_build(host, build, &survey.facts, around.as_ref()));
    }
    let reads = reads(host, ledger, &builds)?;
    let of_runs: Vec<ByDebugInfo> = builds.iter().map(|of| of.map(|build| keys::of_runs(host, build))).collect();
    let known = |run: &Run| {
        let (suite, cell) = (&spec.suites[run.suite], spec.space.id(run.cell));
        let before = keys::of_run(host, suite, &cell, &spec.space, &survey.facts);
        let mut known = Known { before, record: None, refused: None };
        let mut taken = None;
        for (runs, read) in of_runs[run.build].each().zip(&reads[run.build]) {
            let Some(read) = read else { continue };
            let key = keys::complete(runs, before, Some(*read));
            let record = ledger.by_key(key)?;
            let Some(record) = record.filter(|record| loads_the_same(host, record)) else { continue };
            // A failure without debug information may have been a pass with it. A pass counts, unless a later run with it
            // found otherwise.
            let passed = known.record.as_ref().is_some_and(|first| first.outcome == Outcome::Passed);
            if let Some(first) = taken.filter(|_| passed) {
                // By their order in the ledger: both may have begun within one second.
                if ledger.place_of(first)? > ledger.place_of(key)? {
                    break;
                }
            }
            taken = Some(key);
            known.refused = trouble(spec, survey, run, &record);
            known.record = Some(record).filter(|_| known.refused.is_none());
        }
        Ok(known)
    };
    let runs = plan.runs.iter().map(known).collect::<Result<_>>()?;
    Ok(OfPlan { builds, of_runs, runs })
}

/// By build, of each of its keys: the hash of what it read besides what its key holds, as that is now; `None` if it is not
/// known what it read.
fn reads(host: &Host, ledger: &Ledger, builds: &[ByDebugInfo]) -> Result<Vec<Vec<Option<Sha256>>>> {
    let env = host.ambient.for_builds();
    let mut looked = Looked::default();
    let mut one = |key: Sha256| -> Result<Option<Sha256>> {
        let inputs = ledger.reads(key)?;
        Ok(inputs.and_then(|inputs| input::hash(&looked.states(host, &env, &inputs))))
    };
    builds.iter().map(|keys| keys.each().map(&mut one).collect()).collect()
}

/// Whether the SQLite that ran is still the same file; the system's own may have been replaced since.
fn loads_the_same(host: &Host, record: &Record) -> bool {
    let sqlite = record.proof.as_ref().and_then(|proof| proof.sqlite.as_ref());
    sqlite.filter(|sqlite| sqlite.linkage == Linkage::Dynamic).is_none_or(|sqlite| {
        sqlite.sha256.is_none_or(|hash| files::sha256(Path::new(&sqlite.file), &host.memo).is_ok_and(|now| now == hash))
    })
}

/// Why a record cannot be the result of this run.
fn trouble(spec: &Spec, survey: &Survey, run: &Run, record: &Record) -> Option<String> {
    let (suite, cell) = (&spec.suites[run.suite], spec.space.id(run.cell));
    let name = format!("`{}` in `{cell}`", suite.name);
    if record.suite != suite.name || record.cell != cell {
        return Some(format!("{name}: it is of `{}` in `{}`", record.suite, record.cell));
    }
    let sources = record.proof.as_ref().map(|proof| proof.source.sources);
    if sources.is_some_and(|sources| sources != survey.workspace.source.sources) {
        return Some(format!("{name}: its proof is of other sources than its key"));
    }
    record.contradiction(Some(&suite.kind)).map(|found| format!("{name}: {found}"))
}
