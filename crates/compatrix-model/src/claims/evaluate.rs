//! The verdict of each claim.

use std::collections::{BTreeMap, BTreeSet};

use semver::Version;

use super::{Cells, Claim, ClaimVerdict, Claims, Exception, Judged, Judgement, Lowest, Stale, Subject};
use crate::axis::{platform_of_target, System};
use crate::matrix_spec::{ClaimedVersion, Spec};
use crate::verdict::{Expectation, Verdict};

/// The version of an entry on one axis.
type VersionOf = for<'j, 'a> fn(&'j Judged<'a>) -> Option<&'j Version>;

/// Compares the spec's claims with judged evidence.
///
/// A version claim is about its own line (`1.70` is any 1.70.x) and everything above it: proven if cells at the line work
/// and no cell at or above it is broken; contradicted if one is, or if whatever was tried at the line fails. Cells that
/// another version claim leaves out (a SQLite older than the claimed one) count neither for nor against.
///
/// Stale evidence proves nothing and contradicts nothing. A claim that only stale evidence would decide is stale, and so is one
/// that fresh evidence proves while a stale result that it covers is broken.
pub fn evaluate(spec: &Spec, judgement: &Judgement<'_>) -> Claims {
    let claimed = &spec.claims;
    let above = |claim: Option<&ClaimedVersion>, version: &Option<Version>| match (claim, version) {
        (Some(claim), Some(version)) => at_or_above(claim, version),
        (None, _) | (_, None) => true,
    };
    // Where packages promise different Rusts, a cell counts from the lowest of them on.
    let of_packages = || spec.project.packages.iter().filter(|_| !claimed.packages.is_empty());
    let lowest_rust = match of_packages().map(|name| claimed.rust_of(name)).collect::<Option<Vec<_>>>() {
        Some(all) => all.into_iter().min_by_key(|claim| &claim.version).or(claimed.rust.as_ref()),
        None => None,
    };
    let among = |rust: bool, sqlite: bool| -> Vec<&Judged<'_>> {
        // A program under a runner shows what it does there, not on the system that it is for.
        let all = judgement.judged.iter().filter(|j| target_of(spec, j).is_none());
        all.filter(|j| (!rust || above(lowest_rust, &j.rust)) && (!sqlite || above(claimed.sqlite.as_ref(), &j.sqlite)))
            .collect()
    };
    let mut claims = Vec::new();
    let of_all = claimed.rust.as_ref().filter(|_| claimed.packages.is_empty()).map(|rust| (rust, None));
    let of_each = of_packages().filter_map(|name| Some((claimed.rust_of(name)?, Some(name))));
    for (rust, package) in of_all.into_iter().chain(of_each) {
        let subject = Subject::Rust { version: rust.text.clone(), package: package.cloned() };
        // Evidence of a build that the package was not in says nothing of it.
        let builds = |suite: &str, package: &str| spec.suites.iter().any(|s| s.name == suite && s.builds(package));
        let was_built = |j: &&Judged<'_>| {
            package.is_none_or(|package| {
                let left_out = j.proof().is_some_and(|proof| proof.not_promised.contains(package));
                builds(&j.entry.record.suite, package) && !left_out
            })
        };
        let among: Vec<&Judged<'_>> = among(false, true).into_iter().filter(was_built).collect();
        claims.push(version_claim(spec, rust, subject, "Rust", &among, |j| j.rust.as_ref()));
    }
    if let Some(sqlite) = &claimed.sqlite {
        let subject = Subject::Sqlite(sqlite.text.clone());
        claims.push(version_claim(spec, sqlite, subject, "SQLite", &among(true, false), |j| j.sqlite.as_ref()));
    }
    let promised = among(true, true);
    for schema in &claimed.schema {
        let is = |j: &&&Judged<'_>| j.entry.record.cell.value("schema").is_some_and(|v| v.as_str() == schema);
        let at: Vec<&Judged<'_>> = promised.iter().filter(is).copied().collect();
        claims.push(claim(spec, Subject::Schema(schema.clone()), &format!("schema {schema}"), &at, &at, None));
    }
    for (tier, platforms) in &claimed.platforms {
        for platform in platforms {
            let at: Vec<&Judged<'_>> = promised.iter().filter(|j| j.platform == platform).copied().collect();
            let subject = Subject::Platform { tier: tier.clone(), platform: platform.clone() };
            let mut claim = claim(spec, subject, platform, &at, &at, None);
            if claim.verdict == ClaimVerdict::Unproven {
                claim.sentence.push_str(&under_runners(spec, judgement, platform));
            }
            claims.push(claim);
        }
    }
    Claims {
        claims,
        lowest_rust: lowest(&among(false, true), |j| j.rust.as_ref()),
        lowest_sqlite: lowest(&among(true, false), |j| j.sqlite.as_ref()),
    }
}

/// The target of an entry's cell, if it is of one.
fn target_of<'s>(spec: &'s Spec, judged: &Judged<'_>) -> Option<&'s str> {
    match spec.space.system(&spec.space.coords(judged.cell))?.1 {
        System::Target { triple, .. } => Some(triple),
        System::Here | System::Machine { .. } => None,
    }
}

/// `; tested as x86_64-pc-windows-gnu under wine 8.0, which proves nothing of the platform itself: 3 of 3 results passed`: what
/// fresh results of targets of this platform show, by target and runner.
fn under_runners(spec: &Spec, judgement: &Judgement<'_>, platform: &str) -> String {
    let mut groups: BTreeMap<String, (usize, usize)> = BTreeMap::new();
    for judged in &judgement.judged {
        let is_of_platform = target_of(spec, judged).is_some_and(|triple| platform_of_target(triple) == platform);
        if !is_of_platform || judged.stale.is_some() || !judged.tried() {
            continue;
        }
        if let Some(target) = judged.proof().and_then(|proof| proof.target.as_ref()) {
            let (passed, all) = groups.entry(target.to_string()).or_default();
            *passed += usize::from(judged.works());
            *all += 1;
        }
    }
    let one = |(target, (passed, all)): (&String, &(usize, usize))| {
        format!("; tested as {target}, which does not prove the platform itself: {passed} of {} passed", results(*all))
    };
    groups.iter().map(one).collect()
}

fn version_claim(
    spec: &Spec,
    claimed: &ClaimedVersion,
    subject: Subject,
    what: &str,
    among: &[&Judged<'_>],
    version: VersionOf,
) -> Claim {
    let scope: Vec<&Judged<'_>> =
        among.iter().filter(|j| version(j).is_some_and(|v| at_or_above(claimed, v))).copied().collect();
    let at: Vec<&Judged<'_>> =
        scope.iter().filter(|j| version(j).is_some_and(|v| in_line(claimed, v))).copied().collect();
    let lowest = lowest(&scope, version).map(|l| l.version);
    claim(spec, subject, &format!("{what} {}", claimed.text), &at, &scope, Some((what, lowest)))
}

/// A claim from the cells at it and from all those that it covers. A version claim knows the lowest version above it
/// that works.
fn claim<'j, 'a>(
    spec: &Spec,
    subject: Subject,
    name: &str,
    at: &[&'j Judged<'a>],
    scope: &[&'j Judged<'a>],
    version: Option<(&str, Option<Version>)>,
) -> Claim {
    let is_fresh = |j: &&&Judged<'_>| j.stale.is_none();
    let of = |list: &[&'j Judged<'a>], fresh: bool, verdict: Verdict| -> Vec<&'j Judged<'a>> {
        list.iter().filter(|j| is_fresh(j) == fresh && j.verdict == verdict).copied().collect()
    };
    let proof = cells(at.iter().filter(|j| j.works()).copied());
    let broken = cells(of(scope, true, Verdict::Broken).into_iter());
    let was_broken = of(scope, false, Verdict::Broken);
    let known = of(at, true, Verdict::Known);
    let old: Vec<&Judged<'_>> = at.iter().filter(|j| !is_fresh(j) && j.tried()).copied().collect();
    let tried = at.iter().filter(|j| is_fresh(j) && j.tried()).count();
    let covers = if version.is_some() { format!("at or above {name}") } else { format!("with {name}") };
    let exceptions = exceptions(spec, at, &known);

    let (verdict, against, sentence) = if broken.count > 0 {
        let sentence = format!("{} {covers} {} broken", results(broken.count), are(broken.count));
        (ClaimVerdict::Contradicted, broken, sentence)
    } else if proof.count > 0 && !was_broken.is_empty() {
        let n = was_broken.len();
        let sentence = format!(
            "{} with {name} passed, but {} {covers} {} broken: {}",
            results(proof.count),
            results(n),
            if n == 1 { "was" } else { "were" },
            reasons(&was_broken)
        );
        (ClaimVerdict::Stale, Cells::default(), sentence)
    } else if proof.count > 0 {
        let mut sentence = format!("{} with {name} passed", results(proof.count));
        if version.is_some() {
            sentence.push_str(&format!(", and none {covers} is broken"));
        }
        for exception in &exceptions {
            sentence.push_str(&format!("; except {}: {}", exception.whereabouts, exception.reason));
        }
        if !old.is_empty() {
            sentence.push_str(&format!("; {} more {} stale", old.len(), are(old.len())));
        }
        (ClaimVerdict::Proven, Cells::default(), sentence)
    } else if !old.is_empty() {
        let passed = old.iter().filter(|j| super::works(j.verdict)).count();
        let sentence = match (passed, old.len()) {
            (0, n) => format!("{} with {name}, of which none passed: {}", results(n), reasons(&old)),
            (passed, n) if passed == n => format!("{} with {name} passed, but {}", results(n), reasons(&old)),
            (passed, n) => format!("{passed} of {} with {name} passed, but {}", results(n), reasons(&old)),
        };
        (ClaimVerdict::Stale, Cells::default(), sentence)
    } else if tried > 0 && known.len() == tried {
        let sentence = match tried {
            1 => format!("the only result with {name} is a failure that the spec expects"),
            n => format!("all {n} results with {name} are failures that the spec expects"),
        };
        (ClaimVerdict::Contradicted, cells(known.iter().copied()), sentence)
    } else {
        let mut sentence = if tried > 0 {
            format!("with {name} nothing passed at the first try")
        } else if let Some(untried) = at.first() {
            let cause =
                if untried.entry.record.cause.is_empty() { "no reason known" } else { &untried.entry.record.cause };
            format!("{name} could not be tried: {cause}")
        } else {
            format!("no evidence with {name}")
        };
        if let Some((what, Some(lowest))) = version {
            sentence.push_str(&format!("; the lowest {what} above it that passed is {lowest}"));
        }
        (ClaimVerdict::Unproven, Cells::default(), sentence)
    };
    Claim { subject, verdict, proof, stale: grouped(&old), against, exceptions, sentence }
}

/// Stale results by reason, the most frequent first.
fn grouped(stale: &[&Judged<'_>]) -> Vec<(Stale, Cells)> {
    let mut groups: BTreeMap<&Stale, Vec<&Judged<'_>>> = BTreeMap::new();
    for judged in stale {
        if let Some(reason) = &judged.stale {
            groups.entry(reason).or_default().push(judged);
        }
    }
    let mut groups: Vec<(Stale, Cells)> =
        groups.into_iter().map(|(reason, list)| (reason.clone(), cells(list.into_iter()))).collect();
    groups.sort_by_key(|(_, cells)| std::cmp::Reverse(cells.count));
    groups
}

/// `they are of older sources (commit 1f66e6663714 of 2026-11-21)`; of several reasons each with its number.
fn reasons(stale: &[&Judged<'_>]) -> String {
    match (grouped(stale).as_slice(), stale.len()) {
        ([(reason, _)], 1) => format!("it is {reason}"),
        ([(reason, _)], _) => format!("they are {reason}"),
        (groups, _) => {
            let one = |(reason, cells): &(Stale, Cells)| format!("{} {} {reason}", cells.count, are(cells.count));
            groups.iter().map(one).collect::<Vec<_>>().join(", ")
        }
    }
}

/// Known failures by reason, with what distinguishes their cells from others at the claim.
fn exceptions(spec: &Spec, at: &[&Judged<'_>], known: &[&Judged<'_>]) -> Vec<Exception> {
    let mut groups: Vec<(&Expectation, Vec<&Judged<'_>>)> = Vec::new();
    for judged in known {
        match groups.iter_mut().find(|(expectation, _)| **expectation == judged.expectation) {
            Some((_, cells)) => cells.push(judged),
            None => groups.push((&judged.expectation, vec![judged])),
        }
    }
    let exception = |(expectation, cells): (&Expectation, Vec<&Judged<'_>>)| {
        let reason = match expectation {
            Expectation::Fail { reason, .. } => reason.clone(),
            Expectation::Pass => String::new(),
        };
        Exception { whereabouts: whereabouts(spec, at, &cells), reason, count: cells.len() }
    };
    groups.into_iter().map(exception).collect()
}

/// Where known failures are among the cells tried at the claim.
fn whereabouts(spec: &Spec, at: &[&Judged<'_>], cells: &[&Judged<'_>]) -> String {
    let fresh: Vec<&Judged<'_>> = at.iter().filter(|j| j.tried() && j.stale.is_none()).copied().collect();
    let text = whereabouts_of(spec, &fresh, cells, usize::MAX);
    if text.is_empty() {
        format!("{} of {} results", cells.len(), fresh.len())
    } else {
        text
    }
}

/// `features=json`: the axes on which these cells have fewer values than all, and at most `most`; empty if there is none.
pub(super) fn whereabouts_of(spec: &Spec, all: &[&Judged<'_>], cells: &[&Judged<'_>], most: usize) -> String {
    let space = &spec.space;
    let values = |cells: &[&Judged<'_>], axis: usize| -> BTreeSet<usize> {
        cells.iter().map(|j| space.coords(j.cell)[axis]).collect()
    };
    let narrow = space.axes().iter().enumerate().filter_map(|(n, axis)| {
        let (these, all) = (values(cells, n), values(all, n));
        if these.len() == all.len() || these.len() > most {
            return None;
        }
        let names: Vec<&str> = these.iter().map(|v| axis.values[*v].name.as_str()).collect();
        Some(format!("{}={}", axis.name, names.join("|")))
    });
    narrow.collect::<Vec<_>>().join(" ")
}

/// The lowest version at which something works and nothing is broken.
fn lowest(among: &[&Judged<'_>], version: VersionOf) -> Option<Lowest> {
    let mut by_version: BTreeMap<Version, Vec<&Judged<'_>>> = BTreeMap::new();
    for judged in among {
        if let Some(version) = version(judged) {
            by_version.entry(version.clone()).or_default().push(judged);
        }
    }
    let broken = |list: &[&Judged<'_>]| list.iter().filter(|j| j.verdict == Verdict::Broken).count();
    let (found, list) = by_version.iter().find(|(_, list)| broken(list) == 0 && list.iter().any(|j| j.works()))?;
    Some(Lowest {
        version: found.clone(),
        proof: cells(list.iter().filter(|j| j.works()).copied()),
        broken_above: by_version.iter().filter(|(v, _)| *v > found).map(|(_, list)| broken(list)).sum(),
    })
}

fn cells<'j, 'a: 'j>(judged: impl Iterator<Item = &'j Judged<'a>>) -> Cells {
    let mut cells = Cells::default();
    for judged in judged {
        cells.count += 1;
        if cells.example.is_none() {
            cells.example = Some(judged.entry.record.cell.clone());
        }
    }
    cells
}

/// Whether the version is of the claimed line: all parts that the claim spells agree.
/// Whether it is the claimed version, as far as the claim spells it. A pre-release proves nothing of the release that it leads
/// to.
fn in_line(claim: &ClaimedVersion, version: &Version) -> bool {
    if !version.pre.is_empty() {
        return false;
    }
    let parts = claim.text.split('.').count();
    let of = |v: &Version| [v.major, v.minor, v.patch];
    of(version)[..parts.min(3)] == of(&claim.version)[..parts.min(3)]
}

fn at_or_above(claim: &ClaimedVersion, version: &Version) -> bool {
    // A failure of a pre-release counts as one of the release that it leads to.
    Version::new(version.major, version.minor, version.patch) >= claim.version
}

fn results(n: usize) -> String {
    format!("{n} result{}", if n == 1 { "" } else { "s" })
}

fn are(n: usize) -> &'static str {
    if n == 1 {
        "is"
    } else {
        "are"
    }
}
