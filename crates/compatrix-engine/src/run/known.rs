//! What the ledger knows of a plan's runs: the key that each has today, and the result with that key.
//!
//! The one place that asks the ledger by key. A walk reuses what is found here, and `evidence record` records it, so that
//! what is recorded is what a walk shows.

use anyhow::Result;
use compatrix_model::evidence::Record;
use compatrix_model::hash::Sha256;
use compatrix_model::matrix_spec::Spec;
use compatrix_model::plan::{Plan, Run};

use crate::find::c_compiler;
use crate::ledger::Ledger;
use crate::run::keys;
use crate::survey::Survey;
use crate::sys::host::Host;

/// A run with its key of today.
#[derive(Debug)]
pub(crate) struct Known {
    /// Hash of all that could change the outcome.
    pub(crate) key: Sha256,
    /// The newest result with this key; none if there is none, or if it contradicts itself.
    pub(crate) record: Option<Record>,
    /// Why a result with this key is not used.
    pub(crate) refused: Option<String>,
}

/// The key of each run of a plan, in the plan's order.
pub(crate) fn keys(host: &Host, spec: &Spec, plan: &Plan, survey: &Survey) -> Vec<Sha256> {
    let compiler = c_compiler::fingerprint(host);
    let builds: Vec<Sha256> = plan.builds.iter().map(|build| keys::of_build(build, &survey.facts, &compiler)).collect();
    let key = |run: &Run| {
        let (suite, cell) = (&spec.suites[run.suite], spec.space.id(run.cell));
        keys::of_run(host, builds[run.build], suite, &cell, &spec.space, &survey.facts)
    };
    plan.runs.iter().map(key).collect()
}

/// What the ledger knows of each run of a plan, in the plan's order.
///
/// # Errors
/// The ledger cannot be read.
pub(crate) fn of_plan(host: &Host, ledger: &Ledger, spec: &Spec, plan: &Plan, survey: &Survey) -> Result<Vec<Known>> {
    let known = |(run, key): (&Run, Sha256)| {
        let record = ledger.by_key(key)?;
        let refused = record.as_ref().and_then(|record| trouble(spec, survey, run, record));
        let record = record.filter(|_| refused.is_none());
        Ok(Known { key, record, refused })
    };
    plan.runs.iter().zip(keys(host, spec, plan, survey)).map(known).collect()
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
