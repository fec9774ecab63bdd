//! `[[rule]]`, and what rules do to each other.

use std::ops::Range;

use semver::Version;
use shaped_toml::{Collector, Key, Later, Need, Plain, Problem, Shape, Table, TableShape, Words};

use super::axes::Axes;
use super::conditions::{condition, RULE_CONDITION};
use crate::cell::{CellId, Space};
use crate::condition::{Condition, Match, Versions};
use crate::outcome::Outcome;

/// `[[rule]]`: an expectation other than a pass.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rule {
    /// The cells that it applies to.
    pub when: Condition,
    /// The expected result.
    pub expect: Expect,
    /// The reason. Always present for `fail`.
    pub reason: String,
    /// Of `fail`: the only outcome that it means.
    pub outcome: Option<Outcome>,
    /// Of `fail`: a text that the failure must have.
    pub error: Option<String>,
    /// Where it is discussed.
    pub issue: Option<String>,
    /// The last day on which it applies, `YYYY-MM-DD`, so that text order is time order.
    pub until: Option<String>,
    /// Line of the rule in the spec, from 1.
    pub line: usize,
}

/// The expectation of a rule.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Expect {
    /// The cell works, as everywhere.
    Pass,
    /// The cell does not work.
    Fail,
    /// The combination makes no sense and is excluded from the plan.
    Skip,
}

impl Expect {
    /// The spec's word for it.
    pub fn as_str(self) -> &'static str {
        match self {
            Expect::Pass => "pass",
            Expect::Fail => "fail",
            Expect::Skip => "skip",
        }
    }
}

pub(super) static RULE: TableShape = TableShape {
    title: "`[[rule]]`",
    keys: &[
        Key::required("when", "The cells it is about.", Shape::Table(&RULE_CONDITION)),
        Key::required("expect", "The expected result.", Shape::Text(&EXPECTATIONS)),
        Key::default(
            "reason",
            "The reason, shown on the page. Required for `expect = \"fail\"`.",
            Shape::Text(&Plain::Sentence),
            Need::RequiredIf { key: "expect", is: "fail" },
        ),
        Key::optional(
            "outcome",
            "With `expect = \"fail\"`: the only outcome that the rule means. A cell that fails with another is broken.",
            Shape::Text(&OUTCOMES),
        ),
        Key::optional(
            "error",
            "With `expect = \"fail\"`: a text that the failure must have, for example `E0658`: in the first error of the \
             build, in the cause, or in the name or output of a failing test. A cell that fails without it is broken.",
            Shape::Text(&Plain::Sentence),
        ),
        Key::optional("issue", "URL of an issue.", Shape::Text(&Plain::Url)),
        Key::optional("until", "The last day on which the rule applies, `YYYY-MM-DD`.", Shape::Text(&Plain::Date)),
    ],
    later: Later::NONE,
    rest: None,
    min: 0,
};

static EXPECTATIONS: Words = Words {
    what: "expectation",
    known: &[
        ("fail", "The cell does not work, for the reason given."),
        ("skip", "The combination makes no sense and is excluded from the plan."),
        ("pass", "The cell works, as everywhere."),
    ],
    later: Later::NONE,
};

/// What a rule can mean. What could not be tried, and what ran as something else, is no failure of the cell.
static OUTCOMES: Words = Words {
    what: "outcome",
    known: &[
        ("failed", "A test failed. That no test ran is never meant."),
        ("build-failed", "The compiler or cargo reported an error."),
        ("crashed", "A test executable was killed by a signal, aborted, or did not load."),
        ("timed-out", "It exceeded the suite's time limit."),
    ],
    later: Later::NONE,
};

/// Two rules that certainly match a common cell, with different expectations.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Contradiction {
    /// Position of the earlier rule.
    pub first: usize,
    /// Position of the later rule.
    pub second: usize,
    /// A cell that both match.
    pub cell: CellId,
}

/// The contradictions among rules; for each rule at most one, with the first rule that it contradicts.
///
/// A host's versions may reveal more than the parser finds without versions.
pub fn contradictions(rules: &[Rule], space: &Space, versions: &Versions) -> Vec<Contradiction> {
    // Per rule and axis, a bit for each value that it certainly matches; `None` if the axis is free.
    let tables: Vec<Vec<Option<Vec<u64>>>> = rules
        .iter()
        .map(|rule| {
            let matcher = rule.when.matcher(space, versions);
            let word = |row: &[Match]| row.iter().rev().fold(0, |bits, m| bits << 1 | u64::from(*m == Match::Yes));
            let sure = |row: &[Match]| row.chunks(64).map(word).collect();
            (0..space.axes().len()).map(|axis| matcher.row(axis).map(sure)).collect()
        })
        .collect();
    let common = |a: usize, b: usize| -> Option<CellId> {
        let coords: Option<Vec<usize>> = tables[a]
            .iter()
            .zip(&tables[b])
            .map(|pair| match pair {
                (Some(a), Some(b)) => first_bit(a.iter().zip(b).map(|(a, b)| a & b)),
                (Some(row), None) | (None, Some(row)) => first_bit(row.iter().copied()),
                (None, None) => Some(0),
            })
            .collect();
        Some(space.id(space.index(&coords?)))
    };
    let earlier = |second: usize| {
        let other = (0..second).filter(move |&first| rules[first].expect != rules[second].expect);
        other.filter_map(move |first| Some((first, common(first, second)?)))
    };
    let found = (0..rules.len()).filter_map(|second| {
        let (first, cell) = earlier(second).next()?;
        Some(Contradiction { first, second, cell })
    });
    found.collect()
}

fn first_bit(words: impl Iterator<Item = u64>) -> Option<usize> {
    words.enumerate().find(|(_, word)| *word != 0).map(|(n, word)| n * 64 + word.trailing_zeros() as usize)
}

/// The spans of a rule's parts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct RuleMarks {
    pub(crate) expect: Range<usize>,
    pub(crate) until: Range<usize>,
}

/// Lowers all rules, and reports those that contradict each other.
pub(crate) fn rules(root: &Table, axes: &Axes, c: &mut Collector<'_>) -> (Vec<Rule>, Vec<RuleMarks>) {
    let mut rules = Vec::new();
    let mut marks: Vec<RuleMarks> = Vec::new();
    for (node, table) in root.tables("rule") {
        let expect = table.entry("expect").zip(table.text("expect"));
        let expect = expect.map(|(entry, word)| {
            let expect = match word {
                "fail" => Expect::Fail,
                "skip" => Expect::Skip,
                _ => Expect::Pass,
            };
            (expect, entry.node.span.clone())
        });
        let when = table.table("when").and_then(|when| condition(when, axes, c));
        let (Some((expect, expect_span)), Some(when)) = (expect, when) else { continue };
        for key in ["outcome", "error"] {
            if let Some(entry) = table.entry(key).filter(|_| expect != Expect::Fail) {
                let problem = Problem::new(format!("`{key}` says how a cell fails, but this rule expects no failure"))
                    .help("leave it out, or write `expect = \"fail\"`");
                c.error(entry.node.span.clone(), problem);
            }
        }
        rules.push(Rule {
            when,
            expect,
            reason: table.owned("reason").unwrap_or_default(),
            outcome: table.text("outcome").and_then(Outcome::from_word),
            error: table.owned("error"),
            issue: table.owned("issue"),
            until: table.owned("until"),
            line: c.place(node.span.start).0,
        });
        let until = table.node("until").map_or(node.span.clone(), |until| until.span.clone());
        marks.push(RuleMarks { expect: expect_span, until });
    }
    for Contradiction { first, second, cell } in contradictions(&rules, &axes.space, &Versions::new()) {
        let (a, b) = (&rules[first], &rules[second]);
        let problem = Problem::new(format!("the rules in lines {} and {} contradict each other", a.line, b.line))
            .label(format!("expects `{}` here", b.expect.as_str()))
            .related(marks[first].expect.clone(), format!("expects `{}` here", a.expect.as_str()))
            .help(format!("both match the cell `{cell}`; narrow the `when` of one of them"));
        c.error(marks[second].expect.clone(), problem);
    }
    (rules, marks)
}

/// The SQLite or Rust version `claim` as an axis value may spell it: all parts that the claim names must agree. A nightly or
/// beta is not yet the release that users get.
pub(crate) fn meets_claim(claim: &str, value: &Version) -> bool {
    if !value.pre.is_empty() {
        return false;
    }
    let claimed = claim.split('.').map(|part| part.parse::<u64>().ok());
    claimed.zip([value.major, value.minor, value.patch]).all(|(claimed, actual)| claimed == Some(actual))
}
