//! Lints the promises of READMEs, pages and workflows against what the spec tests.

use std::collections::BTreeMap;

use semver::Version;
use shaped_toml::Severity;

use super::context::Context;
use super::finding::{Finding, Lint};
use crate::promise::{Promise, PromiseKind, PromiseSource};
use compatrix_model::axis::{Axis, AxisKind};
use compatrix_model::condition::{partial_version, value_version, Versions};

pub(super) fn lint(context: &Context<'_>, versions: &Versions, found: &mut Vec<Finding>) {
    let tested = Tested::new(context, versions);
    // Report the same promise of a file once, with all its lines.
    let mut untested: BTreeMap<(&str, &PromiseKind), Vec<&Promise>> = BTreeMap::new();
    for promise in &context.facts.promises {
        if let Some(spelled) = &promise.spelled {
            found.push(misread(promise, spelled));
        } else if is_meant(promise) && !tested.holds(promise) {
            untested.entry((&promise.file, &promise.kind)).or_default().push(promise);
        }
    }
    for ((file, kind), promises) in untested {
        let Some(first) = promises.first() else { continue };
        let (what, mend) = tested.say(kind);
        found.push(Finding {
            id: Lint::PromiseNotTested,
            severity: Severity::Warning,
            file: file.to_owned(),
            line: Some(first.line),
            quote: first.text.clone(),
            what,
            mend,
            items: promises.iter().skip(1).map(|promise| format!("{file}:{}", promise.line)).collect(),
        });
    }
}

/// A channel outside a matrix is used by jobs for formatting or documentation; it is not a promise.
fn is_meant(promise: &Promise) -> bool {
    let is_channel = |name: &str| !name.starts_with(|c: char| c.is_ascii_digit());
    match &promise.kind {
        PromiseKind::Rust(name) if promise.source == PromiseSource::Workflow && is_channel(name) => {
            promise.key.starts_with("matrix.")
        }
        _ => true,
    }
}

fn misread(promise: &Promise, spelled: &str) -> Finding {
    let value = promise.kind.value();
    Finding {
        id: Lint::VersionMisread,
        severity: Severity::Warning,
        file: promise.file.clone(),
        line: Some(promise.line),
        quote: promise.text.clone(),
        what: format!("YAML reads {spelled} as the number {value}, so the job runs on {value}"),
        mend: format!("quote it: \"{spelled}\""),
        items: Vec::new(),
    }
}

/// The versions and platforms that the spec tests or claims.
struct Tested<'a> {
    context: &'a Context<'a>,
    /// Whether the spec or a manifest has a lowest Rust.
    rust: bool,
    /// Whether the spec claims a lowest SQLite.
    sqlite: bool,
    platforms: Vec<&'a str>,
    versions: &'a Versions,
}

impl<'a> Tested<'a> {
    fn new(context: &'a Context<'a>, versions: &'a Versions) -> Self {
        let claims = context.spec.map(|spec| &spec.claims);
        Self {
            context,
            rust: context.lowest().is_some(),
            sqlite: claims.is_some_and(|claims| claims.sqlite.is_some()),
            platforms: claims
                .into_iter()
                .flat_map(|c| &c.platforms)
                .flat_map(|(_, list)| list)
                .map(String::as_str)
                .collect(),
            versions,
        }
    }

    fn axis(&self, kind: &AxisKind) -> Option<&'a Axis> {
        self.context.spec?.space.axis_of(kind).map(|(_, axis)| axis)
    }

    /// Whether the promise is tested or follows from a claim; also true if there is nothing to compare it with.
    fn holds(&self, promise: &Promise) -> bool {
        match &promise.kind {
            // Another lowest version than the claim's is a contradiction, which is a lint of its own.
            PromiseKind::LowestRust(text) => {
                self.rust || self.context.spec.is_none() || self.is_on(&AxisKind::Rust, text)
            }
            PromiseKind::LowestSqlite(text) => self.sqlite || self.is_on(&AxisKind::Sqlite, text),
            PromiseKind::Rust(text) => self.is_on(&AxisKind::Rust, text),
            PromiseKind::Sqlite(text) => self.is_on(&AxisKind::Sqlite, text),
            PromiseKind::Platform(platform) => {
                let is = |claimed: &&str| claimed == platform || claimed.split('-').next() == Some(platform);
                self.context.spec.is_none() || self.platforms.iter().any(is)
            }
        }
    }

    /// Whether the axis has a value with this name or a matching version; `3.38` matches 3.38.2.
    fn is_on(&self, kind: &AxisKind, text: &str) -> bool {
        let wanted = partial_version(text);
        let exact = text.split('.').count() > 2;
        let channel = text.split('-').next().unwrap_or(text);
        // Without a spec, nothing is known; without the axis, cells run on whatever is installed.
        let Some(axis) = self.axis(kind) else { return self.context.spec.is_none() || wanted.is_none() };
        axis.values.iter().any(|value| {
            let name = value.name.as_str();
            let same = |version: Version, wanted: &Version| {
                (version.major, version.minor) == (wanted.major, wanted.minor)
                    && (!exact || version.patch == wanted.patch || name.split('.').count() == 2)
            };
            match &wanted {
                Some(wanted) => value_version(&axis.name, &value.name, self.versions).is_some_and(|v| same(v, wanted)),
                None => name == text || name.split('-').next() == Some(channel),
            }
        })
    }

    fn say(&self, kind: &PromiseKind) -> (String, String) {
        let on_axis =
            |axis: &str, value: &str| format!("add \"{value}\" to the spec's `{axis}` axis, or withdraw the promise");
        match kind {
            PromiseKind::LowestRust(text) | PromiseKind::Rust(text) => {
                (format!("promises {kind}, which the spec does not test"), on_axis("rust", text))
            }
            PromiseKind::LowestSqlite(text) | PromiseKind::Sqlite(text) => {
                (format!("promises {kind}, which the spec does not test"), on_axis("sqlite", text))
            }
            PromiseKind::Platform(platform) => (
                format!("promises {platform}, which the spec does not claim"),
                format!("add \"{platform}\" to `[claims.platforms]`, so that the page shows whether it is proven"),
            ),
        }
    }
}
