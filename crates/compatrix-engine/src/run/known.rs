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
use compatrix_model::plan::{Plan, Run};

use crate::find::input::{self, Looked};
use crate::find::surroundings::{self, Surroundings};
use crate::ledger::Ledger;
use crate::run::keys;
use crate::survey::Survey;
use crate::sys::files;
use crate::sys::host::Host;

/// A run with what is known of it today.
#[derive(Debug)]
pub(crate) struct Known {
    /// The key as far as it is known before the build.
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
    /// The key of each build, in the plan's order.
    pub(crate) builds: Vec<Sha256>,
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
        builds.push(keys::of_build(build, &survey.facts, around.as_ref()));
    }
    let reads = reads(host, ledger, &builds)?;
    let of_runs: Vec<Sha256> = builds.iter().map(|build| keys::of_runs(host, *build)).collect();
    let known = |run: &Run| {
        let (suite, cell) = (&spec.suites[run.suite], spec.space.id(run.cell));
        let before = keys::of_run(host, of_runs[run.build], suite, &cell, &spec.space, &survey.facts);
        let record = match reads[run.build] {
            Some(read) => ledger.by_key(keys::complete(before, Some(read)))?,
            None => None,
        };
        let record = record.filter(|record| loads_the_same(host, record));
        let refused = record.as_ref().and_then(|record| trouble(spec, survey, run, record));
        let record = record.filter(|_| refused.is_none());
        Ok(Known { before, record, refused })
    };
    let runs = plan.runs.iter().map(known).collect::<Result<_>>()?;
    Ok(OfPlan { builds, runs })
}

/// By build: the hash of what it read besides what its key holds, as that is now; `None` if it is not known what it read.
fn reads(host: &Host, ledger: &Ledger, builds: &[Sha256]) -> Result<Vec<Option<Sha256>>> {
    let env = host.ambient.for_builds();
    let mut looked = Looked::default();
    let one = |key: &Sha256| -> Result<Option<Sha256>> {
        let inputs = ledger.reads(*key)?;
        Ok(inputs.and_then(|inputs| input::hash(&looked.states(host, &env, &inputs))))
    };
    builds.iter().map(one).collect()
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
