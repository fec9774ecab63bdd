//! Which of the tools are here, for executables of which toolchain.

use std::collections::BTreeMap;

use compatrix_model::axis::ValueName;
use compatrix_model::facts::{Availability, LeakToolFacts, ToolchainFacts};
use compatrix_model::leak::Tool;
use compatrix_model::spec::Spec;

use super::{miri, resources, sanitizer, valgrind};
use crate::host::Host;

/// What is known of each tool that the spec's suites name, for each toolchain that is here.
pub(crate) fn find_all(
    host: &Host,
    spec: &Spec,
    toolchains: &BTreeMap<ValueName, Availability<ToolchainFacts>>,
) -> BTreeMap<(Tool, ValueName), Availability<LeakToolFacts>> {
    let mut tools: Vec<Tool> = spec.suites.iter().filter_map(|suite| Some(suite.leak()?.tool)).collect();
    tools.sort();
    tools.dedup();
    let mut found = BTreeMap::new();
    for tool in tools {
        for (name, toolchain) in toolchains {
            if let Availability::Ready(toolchain) = toolchain {
                found.insert((tool, name.clone()), find(host, tool, toolchain));
            }
        }
    }
    found
}

fn find(host: &Host, tool: Tool, toolchain: &ToolchainFacts) -> Availability<LeakToolFacts> {
    match tool {
        Tool::Valgrind => valgrind::find(host),
        Tool::Resources => resources::find(host),
        Tool::Asan | Tool::Lsan => sanitizer::find(tool, toolchain),
        Tool::Miri => miri::find(host, toolchain),
    }
}
