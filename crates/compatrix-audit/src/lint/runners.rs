//! Runners that GitHub retired: jobs on them never start.

use std::collections::BTreeMap;

use compatrix_ci::runners;
use shaped_toml::Severity;

use super::context::Context;
use super::finding::{Finding, Lint};
use crate::promise::RunnerLabel;

pub(super) fn lint(context: &Context<'_>, found: &mut Vec<Finding>) {
    // The same label of a file once, with all its lines.
    let mut places: BTreeMap<(&str, &str), Vec<&RunnerLabel>> = BTreeMap::new();
    for one in &context.facts.runners {
        places.entry((&one.file, &one.label)).or_default().push(one);
    }
    for ((file, label), places) in places {
        let (Some(retired), Some(first)) = (runners::retired(label, &context.facts.today), places.first()) else {
            continue;
        };
        let system = label.split('-').next().unwrap_or(label);
        found.push(Finding {
            id: Lint::RunnerRetired,
            severity: Severity::Warning,
            file: file.to_owned(),
            line: Some(first.line),
            quote: first.text.clone(),
            what: format!("`{label}` was {retired}, so a job on it never starts"),
            mend: format!("name a current runner, such as `{system}-latest`"),
            items: places.iter().skip(1).map(|place| format!("{file}:{}", place.line)).collect(),
        });
    }
}
