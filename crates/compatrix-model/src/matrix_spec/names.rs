//! Names that only the workspace can confirm: packages and features, kept with their places.

use std::collections::BTreeSet;
use std::ops::Range;

use shaped_toml::{Collector, Node, Problem, Table};

/// Names that only the workspace can confirm, each with its place in the text.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) struct Names {
    packages: Vec<(String, Range<usize>)>,
    features: Vec<(String, Range<usize>)>,
}

impl Names {
    /// The names in the document.
    pub(crate) fn of(root: &Table) -> Self {
        let project = root.table("project");
        let of_suites = root.tables("suite").filter_map(|(_, table)| table.node("packages"));
        let packages = project.and_then(|table| table.node("packages")).into_iter().chain(of_suites);
        let sets = root.table("axis").and_then(|axis| axis.table("features"));
        let listed = sets.into_iter().flat_map(|sets| &sets.entries).flat_map(|set| match set.node.table() {
            None => set.node.one_or_many(),
            Some(table) => table.node("features").map(Node::one_or_many).unwrap_or_default(),
        });
        let bundled = root.table("sqlite").and_then(|table| table.node("bundled-feature"));
        Self { packages: places(packages.flat_map(Node::one_or_many)), features: places(listed.chain(bundled)) }
    }

    /// Takes out packages that need not be there.
    pub(crate) fn forget_packages(&mut self, gone: &[String]) {
        self.packages.retain(|(name, _)| !gone.contains(name));
    }

    /// Reports the packages that are not among the workspace's members.
    pub(crate) fn check_packages(&self, members: &BTreeSet<String>, c: &mut Collector<'_>) {
        for (name, span) in self.packages.iter().filter(|(name, _)| !members.contains(name)) {
            let problem = Problem::new(format!("package `{name}` is not in this workspace"));
            c.error(span.clone(), problem.known(name, members));
        }
    }

    /// Reports the features that no package under test has.
    pub(crate) fn check_features(&self, known: &BTreeSet<String>, c: &mut Collector<'_>) {
        for (name, span) in self.features.iter().filter(|(name, _)| !known.contains(name)) {
            let problem = Problem::new(format!("no package under test has a feature `{name}`"));
            c.error(span.clone(), problem.known(name, known));
        }
    }
}

fn places<'a>(nodes: impl Iterator<Item = &'a Node>) -> Vec<(String, Range<usize>)> {
    nodes.filter_map(|node| Some((node.text()?.to_owned(), node.span.clone()))).collect()
}
