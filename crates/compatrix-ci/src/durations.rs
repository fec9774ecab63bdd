//! `ci/durations.toml`: rounded durations of builds and runs, for balancing jobs. They never affect a result.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write;

use serde::Deserialize;
use shaped_toml::quoted;

use super::committed::Committed;
use compatrix_model::condition::Versions;
use compatrix_model::facts::Durations;
use compatrix_model::matrix_spec::Spec;
use compatrix_model::plan::{plan, Build, Choice};

/// Path relative to the root. If the file is missing, constants are used.
pub const FILE: &str = "ci/durations.toml";

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Raw {
    #[serde(default, rename = "build")]
    builds: BTreeMap<String, RawBuild>,
}

/// Durations in seconds.
#[derive(Deserialize, Default)]
#[serde(deny_unknown_fields)]
struct RawBuild {
    build: Option<f64>,
    #[serde(default)]
    run: BTreeMap<String, f64>,
}

/// Parses the file.
///
/// # Errors
/// The text is not as [`to_text`] writes it; the message names the line and how to regenerate it with `command`.
pub fn parse(text: &str, command: &str) -> Result<Durations, String> {
    let fix = format!("regenerate it with `{command} gen-ci --adopt-durations`, or delete it to use constants");
    let raw: Raw = toml::from_str(text).map_err(|error| {
        let start = error.span().map_or(0, |span| span.start).min(text.len());
        let line = text[..start].bytes().filter(|b| *b == b'\n').count() + 1;
        format!("{FILE}: line {line}: {}; {fix}", error.message())
    })?;
    let mut durations = Durations::default();
    for (build, RawBuild { build: took, run }) in raw.builds {
        let runs = run.into_iter().map(|(suite, took)| (Some(suite), took));
        for (suite, seconds) in took.into_iter().map(|took| (None, took)).chain(runs) {
            // A CI job does not take more than a week.
            if !(0.0..=604_800.0).contains(&seconds) {
                return Err(format!("{FILE}: {build:?} took {seconds} seconds, which is impossible; {fix}"));
            }
            let ms = (seconds * 1_000.0).round() as u64;
            match suite {
                None => durations.builds.insert(build.clone(), ms),
                Some(suite) => durations.averages.insert((suite, build.clone()), ms),
            };
        }
    }
    Ok(durations)
}

/// The text of the file: seconds per build, and average seconds per run of each suite, to two digits.
pub fn to_text(durations: &Durations, command: &str) -> String {
    let mut out = format!(
        "# Durations of builds and runs in seconds, used only for balancing CI jobs. Written by\n\
         # `{command} gen-ci --adopt-durations` from the ledger of one machine.\n"
    );
    let of_runs = durations.averages.keys().map(|(_, build)| build);
    let builds: BTreeSet<&String> = durations.builds.keys().chain(of_runs).collect();
    for id in builds {
        let _ = write!(out, "\n[build.{}]\n", quoted(id));
        if let Some(ms) = durations.builds.get(id) {
            let _ = writeln!(out, "build = {}", seconds(*ms));
        }
        let runs = durations.averages.iter().filter(|((_, build), _)| build == id);
        let runs: Vec<String> = runs.map(|((suite, _), ms)| format!("{} = {}", quoted(suite), seconds(*ms))).collect();
        if !runs.is_empty() {
            let _ = writeln!(out, "run = {{ {} }}", runs.join(", "));
        }
    }
    out
}

/// The ledger's durations for the builds of this spec's profiles on a platform, averaged per suite and build.
pub fn of_ledger(spec: &Spec, committed: &Committed, platform: &str, ledger: &Durations) -> Durations {
    let facts = Committed { versions: Versions::new(), ..committed.clone() }.runner(spec, platform);
    let mut builds = BTreeMap::new();
    let mut sums: BTreeMap<(String, String), (u64, u64)> = BTreeMap::new();
    let mut seen = BTreeSet::new();
    for profile in spec.profiles.values() {
        let plan = plan(spec, &Choice { profile, cells: &[], packages: &[] }, &facts);
        let ids: Vec<String> = plan.builds.iter().map(Build::id).collect();
        builds.extend(ids.iter().filter_map(|id| Some((id.clone(), *ledger.builds.get(id)?))));
        for run in plan.runs.iter().filter(|run| seen.insert((run.suite, run.cell))) {
            let suite = &spec.suites[run.suite].name;
            let took = ledger.runs.get(&(suite.clone(), spec.space.id(run.cell).to_string()));
            if let Some(ms) = took {
                let (sum, count) = sums.entry((suite.clone(), ids[run.build].clone())).or_default();
                (*sum, *count) = (sum.saturating_add(*ms), *count + 1);
            }
        }
    }
    let averages = sums.into_iter().map(|(key, (sum, count))| (key, sum / count)).collect();
    Durations { builds, averages, ..Durations::default() }
}

/// Milliseconds as seconds with two significant digits: `0.35`, `4.1`, `73.0`, `120.0`.
fn seconds(ms: u64) -> String {
    let mut unit = 1;
    while ms / unit >= 100 {
        unit *= 10;
    }
    let rounded = (ms + unit / 2) / unit * unit;
    let (whole, rest) = (rounded / 1_000, rounded % 1_000);
    let fraction = format!("{rest:03}");
    let fraction = fraction.trim_end_matches('0');
    format!("{whole}.{}", if fraction.is_empty() { "0" } else { fraction })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn two_digits_count() {
        let cases = [
            (0, "0.0"),
            (7, "0.007"),
            (349, "0.35"),
            (994, "0.99"),
            (995, "1.0"),
            (4_060, "4.1"),
            (73_400, "73.0"),
            (119_900, "120.0"),
        ];
        for (ms, expected) in cases {
            assert_eq!(seconds(ms), expected, "{ms}");
        }
    }

    #[test]
    fn what_is_written_is_read_and_written_again_the_same() {
        let builds = BTreeMap::from([("rust=stable sqlite=\"x\"".to_owned(), 12_345), ("rust=1.70".to_owned(), 900)]);
        let run = |suite: &str, ms| ((suite.to_owned(), "rust=1.70".to_owned()), ms);
        let averages = BTreeMap::from([run("tests", 149), run("leak check", 61_000)]);
        let durations = Durations { builds, averages, ..Durations::default() };
        let text = to_text(&durations, "cargo xtask");
        let read = parse(&text, "cargo xtask").unwrap();
        assert_eq!(read.builds["rust=stable sqlite=\"x\""], 12_000);
        assert_eq!(read.averages.len(), 2);
        assert_eq!(to_text(&read, "cargo xtask"), text, "rounded once");
        assert!(
            text.contains("[build.\"rust=1.70\"]\nbuild = 0.9\nrun = { \"leak check\" = 61.0, \"tests\" = 0.15 }\n"),
            "{text}"
        );
        assert_eq!(parse("", "cargo xtask"), Ok(Durations::default()));
    }

    #[test]
    fn a_ledger_s_runs_count_on_average_of_suite_and_build() {
        let text = "[project]\npackages = [\"x\"]\n[axis]\nrust = [\"1.70\", \"1.80\"]\n\
                    [axis.n]\nenv = \"N\"\nvalues = [\"1\", \"2\", \"3\"]\n";
        let spec = compatrix_model::spec_text::parse(text, "matrix.toml", &[]).expect("a spec").spec;
        let run = |cell: &str, ms| (("tests".to_owned(), cell.to_owned()), ms);
        let ledger = Durations {
            builds: BTreeMap::from([("rust=1.70".to_owned(), 5_000), ("rust=gone".to_owned(), 1)]),
            runs: [
                run("rust=1.70 n=1", 100),
                run("rust=1.70 n=2", 201),
                run("rust=1.80 n=1", 7),
                run("rust=gone n=1", 9),
            ]
            .into_iter()
            .collect(),
            ..Durations::default()
        };
        let found = of_ledger(&spec, &Committed::default(), "linux-x86_64", &ledger);
        assert_eq!(found.builds, BTreeMap::from([("rust=1.70".to_owned(), 5_000)]), "builds of this spec alone");
        let of = |build: &str| found.averages.get(&("tests".to_owned(), build.to_owned())).copied();
        assert_eq!((of("rust=1.70"), of("rust=1.80"), found.averages.len()), (Some(150), Some(7), 2));
    }

    #[test]
    fn what_is_no_such_file_is_told_with_its_line() {
        for (text, expected) in [
            ("[build.x]\nbiuld = 1.0\n", "line 2: unknown field `biuld`"),
            ("[build.x]\nbuild = \"1\"\n", "line 2"),
            ("\n[build\n", "line 2"),
            ("[build.x]\nbuild = -1.0\n", "took -1 seconds, which is impossible"),
            ("[build.x]\nrun = { a = nan }\n", "which is impossible"),
        ] {
            let error = parse(text, "cargo xtask").unwrap_err();
            assert!(error.contains(expected) && error.contains("--adopt-durations"), "{text:?}: {error}");
        }
    }
}
