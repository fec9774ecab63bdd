//! The report of `lock`: one paragraph per group, or a JSON document.

use std::collections::BTreeMap;
use std::fmt::Write;

use compatrix_model::lockset::advice::short;
use compatrix_model::lockset::made::{LockState, MadeLockset};
use serde::Serialize;

/// The result for a group's lockset, with advice. `command` is the prefix to show.
pub fn human(name: &str, report: &MadeLockset, command: &str) -> String {
    let mut out = String::new();
    let rust = report.rust.as_ref().map_or_else(|| "an unknown Rust".to_owned(), |rust| format!("Rust {rust}"));
    let of = format!("{} ({})", report.file, report.toolchains.join(", "));
    let _ = match &report.state {
        LockState::Unchanged => write!(out, "{of}: valid; {} packages for {rust}", report.packages),
        LockState::Written => write!(out, "{of}: written; {} packages for {rust}", report.packages),
        LockState::Stale(why) => {
            write!(out, "{of}: {why}\n  run `{command} lock {name}` to regenerate it")
        }
        LockState::Failed(why) | LockState::Mistake(why) => write!(out, "{of}: not made\n  {why}"),
        LockState::Repaired(repaired) => {
            let built = match (&repaired.not_built, repaired.builds) {
                (Some(why), _) => format!("by what packages declare, because {why}"),
                (None, 1) => "built at the first try".to_owned(),
                (None, n) => format!("built at try {n}"),
            };
            let _ = write!(out, "{of}: {} packages for {rust}; ", report.packages);
            match &repaired.own_failure {
                None => write!(out, "{built}, {} resolutions", repaired.resolutions),
                Some(why) => {
                    let works = if repaired.not_built.is_some() { &built } else { "its dependencies work" };
                    write!(out, "{works}, but\n  {why}")
                }
            }
        }
        LockState::None(floor) => {
            let tries = format!("{} resolutions, {} builds", floor.resolutions, floor.builds);
            let _ = write!(out, "{of}: no versions work on {rust} ({tries})");
            for because in &floor.because {
                let _ = write!(out, "\n  {because}");
            }
            if floor.only_tests {
                let _ = write!(
                    out,
                    "\n  only its tests need more: without dev-dependencies there are versions for {rust}. Give these \
                     toolchains a suite of `kind = \"build\"`, and the suites with tests a `when` that leaves them out"
                );
            }
            match &floor.rust {
                Some(floor) => {
                    let rust = short(&floor.rust);
                    let _ = match &floor.not_proven {
                        None => write!(out, "\n  the lowest Rust with versions that work: {rust}, proven by a build"),
                        Some(why) => write!(
                            out,
                            "\n  the lowest Rust with versions that should work: {rust}, by what packages declare ({why})"
                        ),
                    };
                    for by in floor.by.iter().filter(|by| !floor_has(report, by)) {
                        let _ = write!(out, "\n    {by}");
                    }
                    write!(out, "\n  promise Rust {rust}, or require older versions")
                }
                None => write!(out, "\n  packages do not declare which Rust would work"),
            }
        }
    };
    if let LockState::Repaired(repaired) = &report.state {
        if !repaired.pins.is_empty() {
            let pins: Vec<String> =
                repaired.pins.iter().map(|(name, version)| format!("{name} = \"{version}\"")).collect();
            let _ = write!(
                out,
                "\n  to keep these choices when versions are chosen again, paste this into its [[lock]]:\n\npin = {{ {} }}\n",
                pins.join(", ")
            );
        }
    }
    if !matches!(report.state, LockState::Repaired(_)) {
        for own in &report.own {
            let _ = write!(out, "\n  {}", own.sentence());
        }
    }
    if !report.too_new.is_empty() {
        let list = report.too_new.iter().map(|package| {
            let needs = package.needs.as_ref().map(|v| format!("{}.{}", v.major, v.minor)).unwrap_or_default();
            format!("{} {} (Rust {needs})", package.name, package.version)
        });
        let list: Vec<String> = list.collect();
        let _ = write!(
            out,
            "\n  {} of them need a newer Rust: {}\n  `{command} lock --repair {name}` looks for versions that work",
            list.len(),
            list.join(", ")
        );
    }
    out
}

/// Whether an obstacle is printed already.
fn floor_has(report: &MadeLockset, by: &str) -> bool {
    matches!(&report.state, LockState::None(floor) if floor.because.iter().any(|because| because == by))
}

/// The reports as a JSON document.
pub fn json(reports: &[(String, MadeLockset)]) -> String {
    let entries: Vec<Entry<'_>> = reports.iter().map(|(name, report)| Entry::new(name, report)).collect();
    serde_json::to_string_pretty(&entries).expect("plain data with text keys is always JSON")
}

/// A group in the document.
#[derive(Serialize)]
struct Entry<'a> {
    name: &'a str,
    file: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    rust: Option<String>,
    toolchains: &'a [String],
    state: &'static str,
    packages: usize,
    #[serde(skip_serializing_if = "Option::is_none")]
    why: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pins: Option<BTreeMap<&'a str, String>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    floor: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    floor_proven: Option<bool>,
    too_new: Vec<String>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    own_too_new: Vec<String>,
}

impl<'a> Entry<'a> {
    fn new(name: &'a str, report: &'a MadeLockset) -> Self {
        let (state, why) = match &report.state {
            LockState::Unchanged => ("unchanged", None),
            LockState::Written => ("written", None),
            LockState::Stale(why) => ("stale", Some(why.clone())),
            LockState::Failed(why) => ("failed", Some(why.clone())),
            LockState::Mistake(why) => ("mistake", Some(why.clone())),
            LockState::Repaired(repaired) => ("repaired", repaired.own_failure.clone()),
            LockState::None(floor) => ("none", Some(floor.because.join("; "))),
        };
        let pins = match &report.state {
            LockState::Repaired(repaired) => {
                Some(repaired.pins.iter().map(|(k, v)| (k.as_str(), v.to_string())).collect())
            }
            _ => None,
        };
        let floor = match &report.state {
            LockState::None(floor) => floor.rust.as_ref(),
            _ => None,
        };
        Self {
            name,
            file: &report.file,
            rust: report.rust.as_ref().map(ToString::to_string),
            toolchains: &report.toolchains,
            state,
            packages: report.packages,
            why,
            pins,
            floor: floor.map(|floor| floor.rust.to_string()),
            floor_proven: floor.map(|floor| floor.not_proven.is_none()),
            own_too_new: report.own.iter().map(|own| format!("{} ({})", own.package, own.needs)).collect(),
            too_new: report.too_new.iter().map(|p| format!("{} {}", p.name, p.version)).collect(),
        }
    }
}
