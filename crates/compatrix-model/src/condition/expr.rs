//! The spelling of conditions: tests as the spec writes them, whole expressions as the command line does.
//!
//! `rust=1.80 sqlite=3.46.0|bundled schema=v24* sqlite>=3.38,<3.46`: terms apart by blanks must all hold, of the
//! alternatives apart by `|` one. A cell's id is such an expression.

use std::fmt;

use semver::VersionReq;
use shaped_toml::{Collector, Diagnostics, Problem};

use super::{is_glob, value_version, Condition, Match, ValueTest, Versions};
use crate::axis::{Axis, AxisKind, ValueName};
use crate::cell::Space;

/// The characters that start a version requirement.
const OPERATORS: &[char] = &['<', '>', '=', '^', '~'];

impl Condition {
    /// Reads an expression of the command line. All its errors come at once, placed in `text` under the file name
    /// `expression`: unknown axes and values with the nearest valid one, and terms that no cell can meet.
    pub fn parse_expr(text: &str, space: &Space) -> Result<Condition, Diagnostics> {
        let mut c = Collector::new(text, "expression");
        let mut condition = Condition::default();
        for word in text.split_whitespace() {
            let start = word.as_ptr() as usize - text.as_ptr() as usize;
            match term(word, space) {
                Ok((axis, tests)) => condition.terms.push((axis.name.clone(), tests)),
                Err((from, to, problem)) => c.error(start + from..start + to, problem),
            }
        }
        if text.trim().is_empty() {
            c.error(0..0, Problem::new("an empty expression names no cells").help(example(space)));
        } else if !c.has_errors() && condition.matcher(space, &Versions::new()).is_void() {
            let problem = Problem::new("no cell can match all of these terms").help("all terms must match; remove one");
            c.error(0..text.trim_end().len(), problem);
        }
        if c.has_errors() {
            Err(c.finish())
        } else {
            Ok(condition)
        }
    }
}

type Placed = (usize, usize, Problem);

/// Reads `axis=a|b` or `axis>=1.2`; an error comes with the bytes of the word that it is about.
fn term<'s>(word: &str, space: &'s Space) -> Result<(&'s Axis, Vec<ValueTest>), Placed> {
    let Some(end) = word.find(|c| OPERATORS.contains(&c) || c == '!') else {
        return Err((0, word.len(), no_operator(word, space)));
    };
    let (name, rest) = word.split_at(end);
    if rest.starts_with('!') {
        let problem =
            Problem::new("`!` is not part of the language").help("name the values that are meant: `rust=1.70|1.80`");
        return Err((end, end + 1, problem));
    }
    let axis = space.axis(name).map(|(_, axis)| axis).ok_or_else(|| (0, end.max(1), unknown_axis(name, space)))?;
    let alternatives = rest.strip_prefix('=').unwrap_or(rest);
    let mut at = word.len() - alternatives.len();
    let mut tests = Vec::new();
    for alternative in alternatives.split('|') {
        let span = (at, at + alternative.len());
        tests.push(ValueTest::parse(alternative, axis, &[]).map_err(|problem| (span.0, span.1, problem))?);
        at = span.1 + 1;
    }
    Ok((axis, tests))
}

fn no_operator(word: &str, space: &Space) -> Problem {
    let axis = space.axes().iter().find(|axis| axis.values.iter().any(|value| value.name.as_str() == word));
    let meant = match axis {
        Some(axis) => Some(format!("{}={word}", axis.name)),
        None => space.axis(word).and_then(|(_, axis)| Some(format!("{word}={}", axis.values.first()?.name))),
    };
    Problem::new(format!("`{word}` is not a term")).nearest(meant).help(example(space))
}

fn example(space: &Space) -> String {
    let words =
        space.axes().iter().take(2).filter_map(|axis| Some(format!("{}={}", axis.name, axis.values.first()?.name)));
    format!("write terms without blanks in them, such as `{}`", words.collect::<Vec<_>>().join(" "))
}

/// An axis that the space does not have.
pub(crate) fn unknown_axis(name: &str, space: &Space) -> Problem {
    Problem::new(format!("unknown axis `{name}`"))
        .known(name, space.axes().iter().map(|axis| axis.name.as_str()))
        .needs_whole()
}

impl ValueTest {
    /// Reads a test of a value of this axis: a version requirement, a glob or a name. A test that surely holds for no
    /// value is an error. `rejected` are values that were on the axis but wrong in themselves: names among them are
    /// let through, and no test is called empty.
    pub(crate) fn parse(text: &str, axis: &Axis, rejected: &[String]) -> Result<ValueTest, Problem> {
        let names = || axis.values.iter().map(|value| value.name.as_str());
        let test = if text.starts_with(OPERATORS) {
            ValueTest::Version(requirement(text, axis)?)
        } else if is_glob(text) {
            ValueTest::Glob(text.to_owned())
        } else {
            let known = names().any(|name| name == text) || rejected.iter().any(|name| name == text);
            return match ValueName::new(text) {
                Ok(name) if known => Ok(ValueTest::Is(name)),
                _ => Err(unknown_value(text, axis)),
            };
        };
        let may_hold = |name: &ValueName| {
            test.holds(name, value_version(&axis.name, name, &Versions::new()).as_ref()) != Match::No
        };
        if rejected.is_empty() && !axis.values.iter().any(|value| may_hold(&value.name)) {
            return Err(Problem::new(format!("no value of the axis `{}` meets `{text}`", axis.name))
                .label("matches nothing")
                .known(text, names())
                .help("an empty match is never meant; correct it or leave it out")
                .needs_whole());
        }
        Ok(test)
    }
}

fn unknown_value(text: &str, axis: &Axis) -> Problem {
    let names = axis.values.iter().map(|value| value.name.as_str());
    let mut problem = match text {
        "" => Problem::new(format!("a value of the axis `{}` is missing", axis.name)),
        _ => Problem::new(format!("unknown value `{text}` of the axis `{}`", axis.name)),
    };
    problem = problem.known(text, names).needs_whole();
    if text.contains(',') {
        problem = problem.help("write alternatives as a list in the spec, or separated by `|` on the command line");
    }
    problem
}

fn requirement(text: &str, axis: &Axis) -> Result<VersionReq, Problem> {
    let unversioned = match axis.kind {
        AxisKind::Rust | AxisKind::Sqlite => None,
        AxisKind::Schema | AxisKind::Features | AxisKind::Deps | AxisKind::Os | AxisKind::Env { .. } => {
            axis.values.iter().find(|value| value_version(&axis.name, &value.name, &Versions::new()).is_none())
        }
    };
    if let Some(value) = unversioned {
        let why = format!("values of the axis `{}` have no versions to compare with `{text}`", axis.name);
        let names = axis.values.iter().map(|value| value.name.as_str());
        return Err(Problem::new(why)
            .help(format!("name the values, such as `{}`, or write a glob", value.name))
            .known("", names));
    }
    VersionReq::parse(text).map_err(|error| {
        Problem::new(format!("`{text}` is not a version requirement: {error}"))
            .help("write comparisons apart by commas: `<1.80`, `>=3.38, <3.46`, `=3.46`")
    })
}

impl fmt::Display for Condition {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (n, (axis, tests)) in self.terms.iter().enumerate() {
            if n > 0 {
                f.write_str(" ")?;
            }
            let alternatives: Vec<String> = tests.iter().map(ValueTest::to_string).collect();
            let alternatives = alternatives.join("|");
            let operator = if alternatives.starts_with(['<', '>', '^', '~']) { "" } else { "=" };
            write!(f, "{axis}{operator}{alternatives}")?;
        }
        Ok(())
    }
}

impl fmt::Display for ValueTest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            ValueTest::Is(name) => write!(f, "{name}"),
            ValueTest::Glob(glob) => f.write_str(glob),
            ValueTest::Version(req) => f.write_str(&req.to_string().replace(' ', "")),
        }
    }
}
