//! What tests of the packages under test may read outside of them.

use std::collections::BTreeSet;
use std::path::PathBuf;

use compatrix_audit::lint::{Lint, OutsideRead, Unchecked};
use compatrix_model::matrix_spec::Spec;

use super::gathered::DoctorFacts;
use super::members::relative;
use crate::find::listing::{self, Listing};
use crate::find::places::Places;
use crate::sys::files;
use crate::sys::host::Host;

pub(super) fn gather(host: &Host, spec: &Spec, gathered: &mut DoctorFacts) {
    let under_test = gathered.facts.members.iter().filter(|member| {
        let name = member.package.as_ref().map(|package| &package.name.value);
        name.is_some_and(|name| spec.project.packages.contains(name))
    });
    let packages: BTreeSet<PathBuf> = under_test.map(|member| host.root.join(member.folder())).collect();
    let built = BTreeSet::from([host.root.join("target")]);
    let places = Places { under_test: packages.clone(), packages, built, ..Places::default() };
    let facts = &mut gathered.facts;
    match listing::list(host, &spec.project, &places) {
        Ok(Listing { unclear, unmatched, .. }) => {
            facts.outside_reads.extend(unclear.into_iter().map(|one| OutsideRead {
                quote: line_of(&one.file, one.line),
                file: relative(&host.root, &one.file),
                line: one.line,
                path: one.path,
            }));
            facts.unmatched_inputs = unmatched;
        }
        Err(error) => gathered.unchecked.push(Unchecked {
            id: Lint::InputsUnclear,
            reason: format!("the sources cannot be listed: {error:#}"),
            mend: "fix that first; every result depends on it".to_owned(),
        }),
    }
}

fn line_of(path: &std::path::Path, line: usize) -> String {
    let text = files::read_text(path).unwrap_or_default();
    text.lines().nth(line - 1).unwrap_or_default().trim().to_owned()
}
