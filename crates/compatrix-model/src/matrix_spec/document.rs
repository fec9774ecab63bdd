//! The whole document: its shape, and from a tree of this shape to a [`Spec`]. The one place to add an element.

use shaped_toml::{Collector, Key, Later, Need, Shape, Table, TableShape};

use super::axes::{self, AXIS};
use super::ci::{self, CI};
use super::claims::{self, CLAIMS};
use super::distro::DISTROS;
use super::locks::{self, LOCK};
use super::profiles::{self, ProfileMarks, PROFILES};
use super::project::{self, PROJECT};
use super::rules::{self, RuleMarks, RULE};
use super::sqlite_settings::{self, SQLITE};
use super::suites::{self, SUITE};
use super::targets::{self, TARGET};
use super::Spec;

/// The whole document.
pub static DOCUMENT: TableShape = TableShape {
    title: "the spec",
    keys: &[
        Key::default(
            "version",
            "The version of this file's format. There is one so far.",
            Shape::Integer { min: 1, max: 1 },
            Need::Integer(1),
        ),
        Key::required("project", "The packages under test, and the paths of pages.", Shape::Table(&PROJECT)),
        Key::optional(
            "claims",
            "Promises to users. The compatibility page shows each as proven, unproven or contradicted.",
            Shape::Table(&CLAIMS),
        ),
        Key::required("axis", "The dimensions of the matrix; a cell is one value per axis.", Shape::Table(&AXIS)),
        Key::optional("sqlite", "How SQLite is built and linked.", Shape::Table(&SQLITE)),
        Key::optional(
            "lock",
            "Separate dependency versions for a group of toolchains, in `compat/locks/`; the command `lock` creates them.",
            Shape::List { item: &Shape::Table(&LOCK), min: 0, unique: false },
        ),
        Key::optional(
            "distro",
            "Distributions: where their own rustc, cargo and SQLite come from. Their names are values of `axis.rust` and \
             `axis.sqlite`.",
            Shape::Table(&DISTROS),
        ),
        Key::optional(
            "suite",
            "The suites that run in a cell. Default: one suite `tests`, of kind `test`.",
            Shape::List { item: &Shape::Table(&SUITE), min: 1, unique: false },
        ),
        Key::optional(
            "target",
            "Figures that benches are to reach; `bench` says of each whether it is proven or contradicted.",
            Shape::List { item: &Shape::Table(&TARGET), min: 0, unique: false },
        ),
        Key::optional(
            "rule",
            "Expectations other than a pass.",
            Shape::List { item: &Shape::Table(&RULE), min: 0, unique: false },
        ),
        Key::optional(
            "profile",
            "Named choices of cells. `local` is used if no other is named. Default: all cells.",
            Shape::Table(&PROFILES),
        ),
        Key::optional("ci", "What CI runs on which event; the command `gen-ci` generates its workflows.", Shape::Table(&CI)),
    ],
    later: Later::NONE,
    rest: None,
    min: 0,
};

/// The JSON Schema of `compat/matrix.toml`: always the same.
pub fn json_schema() -> String {
    let what = "What a project promises to work with, and the tests that prove it.";
    shaped_toml::json_schema(&DOCUMENT, "Compatrix spec", what)
}

/// A document lowered.
pub(crate) struct Lowered {
    pub(crate) spec: Spec,
    /// Of each rule.
    pub(crate) rules: Vec<RuleMarks>,
    /// Of each profile whose cells can be counted.
    pub(crate) profiles: Vec<ProfileMarks>,
}

/// Lowers the document. Invalid parts are reported and left out, so the result is valid only if nothing was reported.
pub(crate) fn lower(root: &Table, fixtures: &[String], c: &mut Collector<'_>) -> Lowered {
    let axes = axes::axes(root, fixtures, c);
    let suites = suites::suites(root, &axes, c);
    let claims = claims::claims(root, &axes, c);
    let (rules, rule_marks) = rules::rules(root, &axes, c);
    let targets = targets::targets(root, &suites, c);
    let locks = locks::locks(root, &axes, c);
    let (profiles, profile_marks) = profiles::profiles(root, &axes, &suites, c);
    let ci = ci::ci(root, &axes, &suites, &profiles, c);
    let spec = Spec {
        project: project::project(root, &suites.list, &axes.space),
        claims,
        suites: suites.list,
        rules,
        targets,
        profiles,
        sqlite: sqlite_settings::sqlite(root),
        locks,
        ci,
        space: axes.space,
    };
    Lowered { spec, rules: rule_marks, profiles: profile_marks }
}
