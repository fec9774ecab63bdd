//! Lints keys that the promised Rust's cargo refuses: in manifests and in cargo's configuration.

use compatrix_model::lockset::old_cargo;
use shaped_toml::Severity;

use super::context::{short, Context};
use super::finding::{Finding, Lint};
use crate::manifest;

pub(super) fn lint(context: &Context<'_>, found: &mut Vec<Finding>) {
    let root = context.facts.root.iter().filter(|root| root.package.is_none());
    for manifest in root.chain(&context.facts.members) {
        // What is published with a package is refused wherever the package is used.
        let own = context.promised.iter().find(|promised| promised.manifest.file == manifest.file);
        one(context, own, (&manifest.file, &manifest.text), found);
    }
    for (file, text) in &context.facts.configs {
        one(context, None, (file, text), found);
    }
}

fn one(
    context: &Context<'_>,
    own: Option<&super::context::Promised<'_>>,
    (file, text): (&str, &str),
    found: &mut Vec<Finding>,
) {
    let table: toml::Table = text.parse().unwrap_or_default();
    for refused in old_cargo::refused(&table) {
        let own = own.filter(|own| own.version < refused.since);
        let Some(promised) = own.or_else(|| context.lowest()).filter(|promised| promised.version < refused.since)
        else {
            continue;
        };
        let keys: Vec<&str> = refused.keys.iter().map(String::as_str).collect();
        let line = manifest::key(text, &keys).map(|(line, _)| line);
        let quote = line.and_then(|line| text.lines().nth(line - 1)).unwrap_or_default().trim().to_owned();
        let (since, key) = (short(&refused.since), refused.keys.join("."));
        let what = format!(
            "`{key} = {}` needs Rust {since}; `{}` promises Rust {} ({}), whose cargo refuses the file",
            refused.value, promised.package, promised.rust, promised.by
        );
        let mend = match old_cargo::plain(&refused) {
            Some(plain) => format!("write {plain}; cells run in a staged copy that says so"),
            None => format!("remove it, or promise Rust {since}: cells of an older cargo cannot run"),
        };
        let severity = if own.is_some() { Severity::Error } else { Severity::Warning };
        let file = file.to_owned();
        found.push(Finding { id: Lint::KeyTooNew, severity, file, line, quote, what, mend, items: Vec::new() });
    }
}
