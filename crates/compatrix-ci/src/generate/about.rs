//! The comment at the top of a workflow: its purpose and predicted cost.

use std::collections::BTreeMap;

use crate::CiPlan;
use compatrix_model::matrix_spec::Claims;
use compatrix_model::matrix_spec::JobCommand;

use super::scene::{Options, Program, Scene};

/// Width limit of a comment in columns.
const WIDTH: usize = 110;
/// The most reasons listed per event; the rest are counted.
const MOST_REASONS: usize = 12;

impl Scene<'_> {
    /// The comment's lines, without `#`.
    pub(super) fn about(&self) -> Vec<String> {
        let what = match self.work {
            JobCommand::Compat => {
                "Runs the cells of the compatibility matrix, and reports one verdict for all of them."
            }
            JobCommand::LeakCheck => {
                "Runs the suites that check for leaks and memory errors, and reports one verdict for all of them."
            }
        };
        let mut lines = wrap(what, "");
        lines.extend(to_change(self.options));
        lines.extend(self.promised());
        lines.push(String::new());
        lines.push("Predicted cost per event:".to_owned());
        for plan in &self.plans {
            let cost = plan.cost();
            let cells = plan.jobs().map(|(_, job)| job.cells.len()).sum();
            let text = format!(
                "{}: {} of the profile {} in {}, {} in total, {} to the verdict.",
                plan.event,
                count(cells, "cell"),
                plan.profile,
                count(cost.jobs, "job"),
                count(cost.minutes as usize, "minute"),
                count(minutes(cost.longest_ms), "minute"),
            );
            lines.extend(wrap(&text, "  "));
        }
        if self.plans.iter().any(|plan| !plan.untried.is_empty()) {
            lines.push(String::new());
            lines.push("Chosen, but not run by any job:".to_owned());
            for plan in &self.plans {
                lines.extend(untried(plan));
            }
        }
        lines
    }
}

impl Scene<'_> {
    /// The claims, with a note on platforms without a runner.
    fn promised(&self) -> Vec<String> {
        let Claims { rust, packages, sqlite, schema, platforms } = self.claims;
        let mut claims: Vec<String> = Vec::new();
        claims.extend(rust.as_ref().map(|claim| format!("Rust {}", claim.text)));
        claims.extend(packages.iter().map(|(package, claim)| format!("Rust {} for {package}", claim.text)));
        claims.extend(sqlite.as_ref().map(|claim| format!("SQLite {}", claim.text)));
        claims.extend(schema.iter().map(|name| format!("schema {name}")));
        for (tier, names) in platforms {
            claims.extend(names.iter().map(|platform| {
                let has_runner = self.ci.runners.iter().any(|(name, _)| name == platform);
                format!("{platform} ({tier}{})", if has_runner { "" } else { ", without a runner" })
            }));
        }
        if self.work == JobCommand::LeakCheck || claims.is_empty() {
            return Vec::new();
        }
        let mut lines = vec![String::new(), "The claims that these cells must prove:".to_owned()];
        lines.extend(wrap(&format!("{}.", claims.join(", ")), "  "));
        lines
    }
}

/// How to change the file.
pub(super) fn to_change(options: &Options<'_>) -> Vec<String> {
    let gen_ci = match options.program {
        Program::Xtask(_) => "cargo xtask gen-ci",
        Program::Compatrix(_) => "cargo compatrix gen-ci",
    };
    let spec = options.place.path("compat/matrix.toml");
    wrap(&format!("To change it, edit `[ci]` of {spec} and run `{gen_ci}`."), "")
}

/// Cells of an event that no job runs, by platform and reason, most frequent first.
fn untried(plan: &CiPlan) -> Vec<String> {
    let mut counts: BTreeMap<(&str, &str), usize> = BTreeMap::new();
    for cell in &plan.untried {
        *counts.entry((&cell.platform, &cell.reason)).or_default() += 1;
    }
    let mut counts: Vec<((&str, &str), usize)> = counts.into_iter().collect();
    counts.sort_by_key(|(_, cells)| std::cmp::Reverse(*cells));
    let shown = counts.iter().take(MOST_REASONS).flat_map(|((platform, reason), cells)| {
        wrap(&format!("{}, {platform}: {}: {reason}.", plan.event, count(*cells, "cell")), "  ")
    });
    let mut lines: Vec<String> = shown.collect();
    if counts.len() > MOST_REASONS {
        let rest = counts[MOST_REASONS..].iter().map(|(_, cells)| cells).sum();
        let reasons = counts.len() - MOST_REASONS;
        lines.push(format!("  {}: {} for {} more.", plan.event, count(rest, "cell"), count(reasons, "reason")));
    }
    lines
}

/// `1 job`, `2 jobs`.
pub(super) fn count(number: usize, noun: &str) -> String {
    format!("{number} {noun}{}", if number == 1 { "" } else { "s" })
}

/// Minutes, rounded up as they are billed.
pub(super) fn minutes(ms: u64) -> usize {
    usize::try_from(ms.div_ceil(60_000)).unwrap_or(usize::MAX)
}

/// Wraps text at [`WIDTH`] columns; lines after the first are indented by two more spaces.
pub(super) fn wrap(text: &str, indent: &str) -> Vec<String> {
    let mut lines: Vec<String> = Vec::new();
    for word in text.split_whitespace() {
        match lines.last_mut() {
            Some(line) if line.chars().count() + word.chars().count() < WIDTH => {
                line.push(' ');
                line.push_str(word);
            }
            Some(_) => lines.push(format!("{indent}  {word}")),
            None => lines.push(format!("{indent}{word}")),
        }
    }
    lines
}
