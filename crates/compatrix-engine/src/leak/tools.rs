//! Which of the tools are here, for executables of which toolchain.

use std::collections::{BTreeMap, BTreeSet};

use compatrix_leak::Tool;
use compatrix_model::axis::ValueName;
use compatrix_model::facts::Availability;
use compatrix_model::matrix_spec::Spec;

use super::{miri, resources, sanitizer, valgrind};
use crate::find::facts::{LeakToolFacts, ToolchainFacts};
use crate::sys::host::Host;

/// What is known of each tool that the spec's suites name, for each of these toolchains that is here. What is the same for
/// all of them is found out once.
pub(crate) fn find_all(
    host: &Host,
    spec: &Spec,
    toolchains: &BTreeMap<ValueName, Availability<ToolchainFacts>>,
) -> BTreeMap<(Tool, ValueName), Availability<LeakToolFacts>> {
    let here: Vec<(&ValueName, &ToolchainFacts)> = toolchains
        .iter()
        .filter_map(|(name, found)| match found {
            Availability::Ready(toolchain) => Some((name, toolchain)),
            Availability::Obtainable { .. } | Availability::Missing { .. } => None,
        })
        .collect();
    let tools: BTreeSet<Tool> = spec.suites.iter().filter_map(|suite| Some(suite.leak()?.tool)).collect();
    let mut found = BTreeMap::new();
    for tool in tools.into_iter().filter(|_| !here.is_empty()) {
        let each: Vec<Availability<LeakToolFacts>> = match tool {
            Tool::Valgrind => vec![valgrind::find(host); here.len()],
            Tool::Resources => vec![resources::find(host); here.len()],
            Tool::Asan | Tool::Lsan => here.iter().map(|(_, toolchain)| sanitizer::find(tool, toolchain)).collect(),
            Tool::Miri => here.iter().map(|(_, toolchain)| miri::find(host, toolchain)).collect(),
        };
        found.extend(here.iter().map(|(name, _)| (tool, (*name).clone())).zip(each));
    }
    found
}
