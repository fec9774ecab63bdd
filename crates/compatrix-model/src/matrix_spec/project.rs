//! `[project]`.

use shaped_toml::{Key, Later, Need, Shape, Table, TableShape};

use super::format::Format;
use super::suites::{named_file, Suite};
use crate::axis::{AxisKind, Setting, System};
use crate::cell::Space;

/// `[project]`: the packages under test, and where pages and evidence are.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Project {
    /// Packages under test, each a member of the workspace.
    pub packages: Vec<String>,
    /// Files outside of the packages that tests read: folders and globs, relative to the repository's top folder. `None` if
    /// the spec says nothing.
    pub inputs: Option<Vec<String>>,
    /// What commands of suites and runners of systems may name of the workspace, relative to its root; where there is such a file, it counts as
    /// `inputs` do.
    pub named_by_commands: Vec<String>,
    /// The compatibility page, relative to the root.
    pub report: String,
    /// The page on leaks and memory errors, relative to the root.
    pub reliability: String,
    /// The page on benchmarks, relative to the root.
    pub benchmarks: String,
    /// The file of criteria, relative to the root; `None` if there is none.
    pub criteria: Option<String>,
    /// The page on plans, relative to the root.
    pub plans: String,
    /// The folder of badges, relative to the root; `None` if there are to be none.
    pub badges: Option<String>,
    /// The folder of committed evidence, relative to the root.
    pub evidence: String,
}

pub(super) static PROJECT: TableShape = TableShape {
    title: "`[project]`",
    keys: &[
        Key::required(
            "packages",
            "The packages under test, members of the workspace; their path dependencies come along.",
            Shape::List { item: &Shape::Text(&Format::PackageName), min: 1, unique: true },
        ),
        Key::optional(
            "inputs",
            "Files outside of these packages that their tests read when they run: folders or globs, relative to the \
             repository's top folder. A change of one makes results old.",
            Shape::List { item: &Shape::Text(&Format::RelativePath), min: 0, unique: true },
        ),
        Key::default(
            "report",
            "The compatibility page, relative to the workspace root.",
            Shape::Text(&Format::RelativePath),
            Need::Text("docs/COMPATIBILITY.md"),
        ),
        Key::default(
            "reliability",
            "The page on leaks and memory errors, relative to the workspace root; written if a suite is of kind `leak`.",
            Shape::Text(&Format::RelativePath),
            Need::Text("docs/RELIABILITY.md"),
        ),
        Key::default(
            "benchmarks",
            "The page on benchmarks, relative to the workspace root; written if a suite is of kind `bench`, with two SVGs \
             beside it.",
            Shape::Text(&Format::RelativePath),
            Need::Text("docs/BENCHMARKS.md"),
        ),
        Key::optional(
            "criteria",
            "A file with a `[[criterion]]` for each wish of the project's plans, relative to the workspace root: `report` \
             writes a page that says of each whether it is proven. docs/EVIDENCE.md explains it.",
            Shape::Text(&Format::RelativePath),
        ),
        Key::default(
            "plans",
            "The page on these criteria, relative to the workspace root.",
            Shape::Text(&Format::RelativePath),
            Need::Text("docs/PLANS.md"),
        ),
        Key::optional(
            "badges",
            "A folder for badges, relative to the workspace root: `report` writes one for each claim, as SVG and as JSON for \
             shields.io.",
            Shape::Text(&Format::RelativePath),
        ),
        Key::default(
            "evidence",
            "The folder of committed evidence, relative to the workspace root.",
            Shape::Text(&Format::RelativePath),
            Need::Text("compat/evidence"),
        ),
    ],
    later: Later::NONE,
    rest: None,
    min: 0,
};

impl Project {
    /// The page on benchmarks, the picture of intervals and that of trends.
    pub fn benchmark_pages(&self) -> [String; 3] {
        let stem = self.benchmarks.strip_suffix(".md").unwrap_or(&self.benchmarks);
        [self.benchmarks.clone(), format!("{stem}.svg"), format!("{stem}-trend.svg")]
    }
}

/// Lowers `[project]`.
pub(super) fn project(root: &Table, suites: &[Suite], space: &Space) -> Project {
    let table = root.table("project");
    let text = |key| table.and_then(|table| table.owned(key)).unwrap_or_default();
    Project {
        packages: table.and_then(|table| table.texts("packages")).unwrap_or_default(),
        inputs: table.and_then(|table| table.texts("inputs")),
        named_by_commands: suites
            .iter()
            .flat_map(Suite::named_files)
            .chain(named_by_runners(space))
            .map(str::to_owned)
            .collect(),
        report: text("report"),
        reliability: text("reliability"),
        benchmarks: text("benchmarks"),
        criteria: table.and_then(|table| table.owned("criteria")),
        plans: text("plans"),
        badges: table.and_then(|table| table.owned("badges")),
        evidence: text("evidence"),
    }
}

/// Words of the runners of the axis `os` that may name files of the workspace.
fn named_by_runners(space: &Space) -> impl Iterator<Item = &str> {
    let values = space.axis_of(&AxisKind::Os).into_iter().flat_map(|(_, axis)| &axis.values);
    let words = values.flat_map(|value| match &value.setting {
        Setting::Os(System::Target { runner, .. }) => runner.as_slice(),
        _ => &[],
    });
    words.filter_map(|word| named_file(word))
}

#[cfg(test)]
mod tests {
    #[test]
    fn words_of_runners_may_name_files() {
        let text = "version = 1\n[project]\npackages = [\"a\"]\n[axis]\nrust = [\"stable\"]\n[axis.os]\n\
                    here = {}\nother = { target = \"x86_64-pc-windows-gnu\", \
                    runner = [\"ci/run.sh\", \"--config=tools/x.toml\", \"-v\"] }\n";
        let parsed = crate::spec_text::parse(text, "compat/matrix.toml", &[]).expect("a spec");
        assert_eq!(parsed.spec.project.named_by_commands, ["ci/run.sh", "tools/x.toml"]);
    }
}
