//! Text in, a [`Spec`] or all its errors out.

use std::collections::BTreeSet;

use shaped_toml::{read, utf8, Collector, Diagnostics, Problem};

use crate::choose::check::check_profiles;
use crate::matrix_spec::document::{lower, Lowered, DOCUMENT};
use crate::matrix_spec::names::Names;
use crate::matrix_spec::rules::RuleMarks;
use crate::matrix_spec::{Rule, Spec};

/// A valid spec with its warnings.
#[derive(Debug, Clone, PartialEq)]
pub struct Parsed {
    /// Valid in itself.
    pub spec: Spec,
    /// Warnings only; often empty.
    pub warnings: Diagnostics,
    file: String,
    text: String,
    marks: Vec<RuleMarks>,
    names: Names,
}

impl Parsed {
    /// A warning for each rule whose last day is before `today` (`YYYY-MM-DD`), so that it no longer applies.
    pub fn expired(&self, today: &str) -> Diagnostics {
        let mut c = Collector::new(&self.text, &self.file);
        for (rule, marks) in self.spec.rules.iter().zip(&self.marks) {
            if let Some(until) = rule.until.as_deref().filter(|until| *until < today) {
                let problem = Problem::new(format!("the rule of line {} expired on {until}", rule.line))
                    .label(format!("today is {today}"))
                    .help("if its reason still applies, set a later day; otherwise delete the rule");
                c.warning(marks.until.clone(), problem);
            }
        }
        c.finish()
    }

    /// The same without the packages under test that are none of these members.
    pub fn for_members(&self, members: &BTreeSet<String>) -> Self {
        let mut kept = self.clone();
        let packages = &mut kept.spec.project.packages;
        let gone: Vec<String> = packages.iter().filter(|name| !members.contains(*name)).cloned().collect();
        packages.retain(|name| !gone.contains(name));
        kept.names.forget_packages(&gone);
        kept
    }

    /// An error for each package of the spec that is none of the workspace's members.
    pub fn unknown_packages(&self, members: &BTreeSet<String>) -> Diagnostics {
        let mut c = Collector::new(&self.text, &self.file);
        self.names.check_packages(members, &mut c);
        c.finish()
    }

    /// An error for each feature of the spec that is none of the packages under test.
    pub fn unknown_features(&self, known: &BTreeSet<String>) -> Diagnostics {
        let mut c = Collector::new(&self.text, &self.file);
        self.names.check_features(known, &mut c);
        c.finish()
    }
}

/// The rules whose last day is before `today` (`YYYY-MM-DD`), so that they no longer apply.
pub fn expired<'s>(spec: &'s Spec, today: &str) -> Vec<&'s Rule> {
    spec.rules.iter().filter(|rule| rule.until.as_deref().is_some_and(|until| until < today)).collect()
}

/// Reads a spec. `file` is only a name for messages; `fixtures` are the names of the folders in `compat/fixtures`, which
/// the globs of the `schema` axis are matched with.
///
/// # Errors
///
/// All problems in text order: syntax, shape and semantics, including warnings.
pub fn parse(text: &str, file: &str, fixtures: &[String]) -> Result<Parsed, Diagnostics> {
    let mut c = Collector::new(text, file);
    let Some(tree) = read(&DOCUMENT, &mut c) else {
        c.error(
            0..0,
            Problem::new("the spec is empty")
                .help("the command `help spec` shows its format, and `init` writes a first one"),
        );
        return Err(c.finish());
    };
    let lowered = lower(&tree, fixtures, &mut c);
    check_profiles(&lowered, &mut c);
    let Lowered { spec, rules: marks, profiles: _ } = lowered;
    let (spec, warnings) = c.result(spec)?;
    Ok(Parsed { spec, warnings, file: file.to_owned(), text: text.to_owned(), marks, names: Names::of(&tree) })
}

/// Reads a spec as it comes from a file; see [`parse`]. A file that is not UTF-8 is an error at its first bad byte.
pub fn parse_bytes(bytes: &[u8], file: &str, fixtures: &[String]) -> Result<Parsed, Diagnostics> {
    parse(utf8(bytes, file)?, file, fixtures)
}
