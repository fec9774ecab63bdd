//! What ran: sources, platforms, toolchains, and how bundled and host SQLite differ.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write;

use compatrix_model::axis::{AxisKind, Setting};
use compatrix_model::evidence::{IdentifiedBy, Proof, SourceProof, SqliteProof, ToolchainProof};
use compatrix_model::hash::Sha256;
use compatrix_model::linkage::Linkage;
use compatrix_model::verdict::Verdict;

use super::facts::Facts;
use crate::look::count;
use crate::markdown::{code, text, Table};

/// The sources of evidence: commit, its day, whether they differ from it, hash.
type Origin<'a> = (Option<&'a str>, &'a Option<String>, bool, Sha256);

/// The sources behind each platform's evidence, and its results.
pub(super) fn origins(facts: &Facts<'_>) -> String {
    let mut table = Table::new(&[
        "Platform",
        "Commit",
        "Date",
        "Sources (SHA-256)",
        ">Results",
        ">ok",
        ">broken",
        ">known",
        ">stale",
        ">unproven",
    ]);
    let mut dirty = false;
    let mut sources_seen: BTreeSet<Sha256> = BTreeSet::new();
    for platform in facts.platforms() {
        let mut by_origin: BTreeMap<Option<Origin<'_>>, BTreeMap<Verdict, usize>> = BTreeMap::new();
        for judged in facts.entries().filter(|j| j.platform == platform) {
            let origin = judged.proof().map(|proof| {
                let SourceProof { commit, dirty, sources, .. } = &proof.source;
                (judged.entry.date.as_deref().and_then(|date| date.get(..10)), commit, *dirty, *sources)
            });
            let verdict = if judged.stale.is_some() { Verdict::Stale } else { judged.verdict };
            *by_origin.entry(origin).or_default().entry(verdict).or_insert(0) += 1;
        }
        let nowhere = by_origin.remove_entry(&None);
        for (origin, counts) in by_origin.into_iter().chain(nowhere) {
            let (commit, day, sources) = match origin {
                None => ("nothing ran".to_owned(), String::new(), String::new()),
                Some((day, commit, changed, sources)) => {
                    dirty |= changed;
                    sources_seen.insert(sources);
                    let day = day.unwrap_or("not recorded").to_owned();
                    let commit = commit.as_ref().map_or("no commit".to_owned(), |commit| code(short(commit)));
                    (
                        format!("{commit}{}", if changed { ", changed" } else { "" }),
                        day,
                        code(&format!("{sources:.12}")),
                    )
                }
            };
            let of = |verdict: Verdict| counts.get(&verdict).copied().unwrap_or(0).to_string();
            let total: usize = counts.values().sum();
            let verdicts = [Verdict::Ok, Verdict::Broken, Verdict::Known, Verdict::Stale, Verdict::Unproven].map(of);
            table.row([code(platform), commit, day, sources, total.to_string()].into_iter().chain(verdicts));
        }
    }
    let mut out = if table.is_empty() { "There is none.\n".to_owned() } else { table.finish() };
    if dirty {
        out.push_str("\n*Changed*: the packages' files differed from that commit when the evidence was recorded.\n");
    }
    if sources_seen.len() > 1 {
        let _ = writeln!(
            out,
            "\n**This is evidence of {} different sources.** Only results of the newest count; the others are stale.",
            sources_seen.len()
        );
    }
    let claimed = facts.spec.claims.platforms.iter().flat_map(|(_, platforms)| platforms);
    let without: Vec<String> = claimed.filter(|p| !facts.platforms().contains(&p.as_str())).map(|p| code(p)).collect();
    if !without.is_empty() && !facts.judgement.judged.is_empty() {
        let _ = writeln!(out, "\nNo evidence for {}.", without.join(", "));
    }
    let (foreign, excluded) = (facts.judgement.foreign, facts.judgement.excluded);
    let left_out = [(foreign, "for cells or suites that the spec does not have"), (excluded, "that a rule excludes")];
    let left_out: Vec<String> =
        left_out.iter().filter(|(n, _)| *n > 0).map(|(n, what)| format!("{} {what}", count(*n, "result"))).collect();
    if !left_out.is_empty() {
        let _ = writeln!(out, "\nRecorded, but not counted: {}.", left_out.join(", "));
    }
    let read = read_from_files(facts);
    if !read.is_empty() {
        let read: Vec<String> = read.into_iter().collect();
        let _ = writeln!(out, "\nRead from the bytes of files, not asked of the SQLite itself: {}.", read.join(", "));
    }
    if !facts.files.is_empty() {
        let _ = writeln!(
            out,
            "\nThe full records, with the hash of every executable and library, are in {}.",
            code(&facts.spec.project.evidence)
        );
    }
    out
}

/// The SQLites that nothing asked which they are, each with the target that it is for.
fn read_from_files(facts: &Facts<'_>) -> BTreeSet<String> {
    let one = |proof: &Proof| {
        let sqlite = proof.sqlite.as_ref().filter(|sqlite| sqlite.identified_by == Some(IdentifiedBy::File))?;
        let linkage = match sqlite.linkage {
            Linkage::Static => ", compiled in",
            Linkage::Dynamic => "",
        };
        let target = proof.target.as_ref().map(|target| format!(" for {}", code(&target.triple)));
        Some(format!("SQLite {}{}{linkage}", text(&sqlite.version), target.unwrap_or_default()))
    };
    facts.entries().filter_map(|judged| one(judged.proof()?)).collect()
}

/// The first twelve characters of a hash.
fn short(hash: &str) -> &str {
    hash.get(..12).unwrap_or(hash)
}

pub(super) fn toolchains(facts: &Facts<'_>) -> String {
    let mut seen: BTreeSet<(usize, &str, &str, &SourceProof, &ToolchainProof)> = BTreeSet::new();
    let mut known: BTreeSet<(usize, &str, &str, &str)> = BTreeSet::new();
    for judged in facts.entries() {
        let Some(proof) = judged.proof() else { continue };
        let toolchain = &proof.toolchain;
        let axis = facts.spec.space.axis_of(&AxisKind::Rust).map(|(n, _)| n);
        let place = axis.map_or(0, |n| facts.spec.space.coords(judged.cell)[n]);
        let value = judged.entry.record.cell.value("rust").map_or("", |value| value.as_str());
        if known.insert((place, judged.platform, &toolchain.rustc, &toolchain.cargo)) {
            seen.insert((place, value, judged.platform, &proof.source, toolchain));
        }
    }
    let mut table = Table::new(&["Value", "Platform", "rustc", "Commit or packages", "LLVM", "Target", "cargo"]);
    for (_, value, platform, _, toolchain) in seen {
        let field = |name: &str| {
            let line = toolchain.rustc.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(": "));
            line.unwrap_or("").to_owned()
        };
        let commit = field("commit-hash");
        let cargo = toolchain.cargo.strip_prefix("cargo ").unwrap_or(&toolchain.cargo);
        table.row([
            code(value),
            code(platform),
            text(&toolchain.release),
            match (commit.as_str(), &toolchain.packages) {
                ("unknown", Some(packages)) => text(packages),
                ("unknown", None) => text(&commit),
                (known, _) => code(known.get(..9).unwrap_or(known)),
            },
            text(&field("LLVM version")),
            code(&field("host")),
            text(cargo),
        ]);
    }
    if table.is_empty() {
        String::new()
    } else {
        table.finish()
    }
}

/// The compile-time options in which the bundled SQLite differs from the host's.
pub(super) fn sqlite_options(facts: &Facts<'_>) -> String {
    let mut out = String::new();
    for platform in facts.platforms() {
        let newest = |setting: &Setting| -> Option<&SqliteProof> {
            let (n, axis) = facts.spec.space.axis_of(&AxisKind::Sqlite)?;
            facts
                .entries()
                .filter(|j| j.platform == platform)
                .filter(|j| axis.values[facts.spec.space.coords(j.cell)[n]].setting == *setting)
                .filter_map(|j| Some((j.sqlite.clone(), j.proof()?.sqlite.as_ref()?)))
                .max()
                .map(|(_, sqlite)| sqlite)
        };
        let (Some(bundled), Some(host)) = (newest(&Setting::SqliteBundled), newest(&Setting::SqliteHost)) else {
            continue;
        };
        if bundled.compile_options.is_empty() || host.compile_options.is_empty() {
            continue;
        }
        let (ours, theirs) = (options(bundled), options(host));
        let names: BTreeSet<&str> = ours.keys().chain(theirs.keys()).copied().collect();
        let mut table = Table::new(&["Option", "bundled", "host"]);
        for name in names {
            let (a, b) = (ours.get(name), theirs.get(name));
            if a != b {
                let show = |value: Option<&&str>| match value {
                    None => "not set".to_owned(),
                    Some(&"") => "set".to_owned(),
                    Some(value) => code(value),
                };
                table.row([code(name), show(a), show(b)]);
            }
        }
        if !out.is_empty() {
            out.push('\n');
        }
        let (a, b) = (text(&bundled.version), text(&host.version));
        let same = if table.is_empty() { " Their compile-time options are the same." } else { "" };
        let _ = writeln!(out, "On {}, `bundled` is SQLite {a} and `host` is SQLite {b}.{same}", code(platform));
        if !table.is_empty() {
            let _ = write!(out, "These compile-time options differ:\n\n{}", table.finish());
        }
    }
    out
}

/// Splits `NAME=VALUE`; a bare name gets an empty value.
fn options(sqlite: &SqliteProof) -> BTreeMap<&str, &str> {
    sqlite.compile_options.iter().map(|option| option.split_once('=').unwrap_or((option, ""))).collect()
}
