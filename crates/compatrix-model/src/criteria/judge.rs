//! Compares criteria with committed evidence.

use std::collections::BTreeMap;

use compatrix_bench::Proven;

use super::{Criterion, Ran, Source, TestPlace};
use crate::cell::CellId;
use crate::claims::{self, Claim, ClaimVerdict, Claims, Judgement, Subject};
use crate::condition::{Condition, Match, Matcher, Versions};
use crate::matrix_spec::Spec;
use crate::speed::trend::{newest_of_target, Record, SHORT};
use crate::verdict::Verdict;

/// What criteria are compared with.
#[derive(Debug, Clone, Copy)]
pub struct Ground<'a> {
    /// What promises, suites and targets belong to.
    pub spec: &'a Spec,
    /// Its committed results, judged.
    pub judgement: &'a Judgement<'a>,
    /// Its claims, judged.
    pub claims: &'a Claims,
    /// The committed records of benches.
    pub records: &'a [Record],
    /// Spells a figure, given its unit.
    pub figure: fn(f64, &str) -> String,
    /// Which tests stood in the sources of recorded results.
    pub ran: &'a Ran,
    /// The texts of the files that the criteria name; one that is not there is absent.
    pub files: &'a BTreeMap<String, String>,
}

/// Where a criterion stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Standing {
    /// Everything that is to show it does.
    Proven,
    /// It is not for this project.
    NotApplicable,
    /// Something that is to show it has not been seen, or is old.
    Unproven,
    /// Something shows the opposite.
    Contradicted,
}

impl Standing {
    /// The word used on pages.
    pub fn as_str(self) -> &'static str {
        match self {
            Standing::Proven => "proven",
            Standing::NotApplicable => "not applicable",
            Standing::Unproven => "unproven",
            Standing::Contradicted => "contradicted",
        }
    }
}

/// What one source shows.
#[derive(Debug, Clone, PartialEq)]
pub struct Shown<'a> {
    /// Where the criterion stands by it alone.
    pub standing: Standing,
    /// The source; `None` for a reason given in the file.
    pub source: Option<&'a Source>,
    /// What was seen, as a sentence without a full stop.
    pub sentence: String,
}

/// A criterion and where it stands.
#[derive(Debug, Clone, PartialEq)]
pub struct Judged<'a> {
    /// What is wanted.
    pub criterion: &'a Criterion,
    /// The worst of what is shown.
    pub standing: Standing,
    /// By each source, in the file's order.
    pub shown: Vec<Shown<'a>>,
}

/// Judges each criterion.
pub fn judge<'a>(criteria: &'a [Criterion], ground: &Ground<'_>) -> Vec<Judged<'a>> {
    let one = |criterion: &'a Criterion| {
        let mut shown: Vec<Shown<'a>> = criterion
            .by
            .iter()
            .map(|source| {
                let (standing, sentence) = by(source, ground);
                Shown { standing, source: Some(source), sentence }
            })
            .collect();
        let reasons = [(Standing::Unproven, &criterion.unproven), (Standing::NotApplicable, &criterion.not_applicable)];
        for (standing, reason) in reasons {
            shown.extend(reason.iter().map(|reason| Shown { standing, source: None, sentence: reason.clone() }));
        }
        let standing = shown.iter().map(|shown| shown.standing).max().unwrap_or(Standing::Unproven);
        Judged { criterion, standing, shown }
    };
    criteria.iter().map(one).collect()
}

fn by(source: &Source, ground: &Ground<'_>) -> (Standing, String) {
    match source {
        Source::Suite { suite, cells, tests } => {
            if let Some(missing) = tests.iter().find(|test| !is_there(test, ground)) {
                return (Standing::Unproven, format!("there is no test {} in {}", missing.name, missing.path));
            }
            of_suite(suite, cells.as_ref().map(|cells| &cells.condition), tests, ground)
        }
        Source::Target { bench, metric } => of_target(bench, metric.as_deref(), ground),
        Source::Claim(name) => match ground.claims.claims.iter().find(|claim| is_called(claim, name)) {
            Some(claim) => (of_claim(claim.verdict), claim.sentence.clone()),
            None => (Standing::Unproven, "the spec does not claim it".to_owned()),
        },
        Source::File { path, has } => match (ground.files.get(path), has) {
            (None, _) => (Standing::Unproven, "the file is not there".to_owned()),
            (Some(text), Some(has)) if !text.contains(has) => {
                (Standing::Unproven, format!("the file does not say \u{201c}{has}\u{201d}"))
            }
            (Some(_), Some(has)) => (Standing::Proven, format!("it says \u{201c}{has}\u{201d}")),
            (Some(_), None) => (Standing::Proven, "it is committed".to_owned()),
        },
    }
}

fn is_there(test: &TestPlace, ground: &Ground<'_>) -> bool {
    ground.files.get(&test.path).is_some_and(|text| test.is_in(text))
}

fn of_claim(verdict: ClaimVerdict) -> Standing {
    match verdict {
        ClaimVerdict::Proven => Standing::Proven,
        ClaimVerdict::Stale | ClaimVerdict::Unproven => Standing::Unproven,
        ClaimVerdict::Contradicted => Standing::Contradicted,
    }
}

fn is_called(claim: &Claim, name: &str) -> bool {
    let own = match &claim.subject {
        Subject::Rust { package: None, .. } => "rust".to_owned(),
        Subject::Rust { package: Some(package), .. } => format!("rust {package}"),
        Subject::Sqlite(_) => "sqlite".to_owned(),
        Subject::Schema(schema) => format!("schema {schema}"),
        Subject::Platform { platform, .. } => format!("platform {platform}"),
    };
    own == name
}

fn of_suite(suite: &str, cells: Option<&Condition>, tests: &[TestPlace], ground: &Ground<'_>) -> (Standing, String) {
    let space = &ground.spec.space;
    let matcher = cells.map(|condition| condition.matcher(space, &Versions::new()));
    let is_meant = |j: &&claims::Judged<'_>| {
        let in_cells = |m: &Matcher| m.matches(&space.coords(j.cell)) == Match::Yes;
        j.entry.record.suite == suite && matcher.as_ref().is_none_or(in_cells)
    };
    let all: Vec<&claims::Judged<'_>> =
        ground.judgement.judged.iter().chain(&ground.judgement.leaks).filter(is_meant).collect();
    let fresh: Vec<_> = all.iter().filter(|j| j.stale.is_none() && j.tried()).collect();
    let lacks = |j: &claims::Judged<'_>, test: &TestPlace| {
        let source = j.proof().map(|proof| &proof.source.sources);
        !source.is_some_and(|sources| ground.ran.has(sources, &test.spelled()))
    };
    let missing = tests.iter().find(|test| fresh.iter().any(|j| j.works() && lacks(j, test)));
    if let Some(test) = missing {
        let sentence = format!("results are of sources without the test {}; record them again", test.name);
        return (Standing::Unproven, sentence);
    }
    let works = fresh.iter().filter(|j| j.works()).count();
    let known = fresh.iter().filter(|j| j.verdict == Verdict::Known).count();
    let broken = fresh.len() - works - known;
    let results = |n: usize| format!("{n} result{}", if n == 1 { "" } else { "s" });
    if broken > 0 {
        return (Standing::Contradicted, format!("{broken} of {} failed", results(fresh.len())));
    }
    let except = if known > 0 { format!(", and {known} fail as expected") } else { String::new() };
    let old = all.iter().filter(|j| j.stale.is_some()).count();
    match (works, old, all.len()) {
        (0, 0, 0) => (Standing::Unproven, "no evidence".to_owned()),
        (0, 0, n) if known == 0 => (Standing::Unproven, format!("{} could not be tried", results(n))),
        (0, 0, _) => (Standing::Contradicted, "every result is a failure, as expected".to_owned()),
        (0, n, _) => (Standing::Unproven, format!("{}, stale", results(n))),
        (n, 0, _) => (Standing::Proven, format!("{} passed{except}", results(n))),
        (n, old, _) => (Standing::Proven, format!("{} passed{except}; {old} more are stale", results(n))),
    }
}

/// By the newest record that saw each target.
fn of_target(bench: &str, metric: Option<&str>, ground: &Ground<'_>) -> (Standing, String) {
    let is_meant = |name: &str, of: &str| name == bench && metric.is_none_or(|metric| metric == of);
    let wanted = ground.spec.targets.iter().filter(|target| is_meant(&target.bench, &target.metric));
    let mut lines: Vec<(Standing, String)> = Vec::new();
    for target in wanted {
        let limit = target.limit();
        let what = format!("{} {limit}", target.metric);
        let of_suite = |place: &Option<(String, CellId)>| {
            let suite = place.as_ref().map(|(suite, _)| suite);
            suite.is_some() && (target.suite.is_none() || suite == target.suite.as_ref())
        };
        let newest = newest_of_target(ground.records, (&target.bench, &target.metric, &limit));
        let seen: Vec<_> = newest.into_iter().filter(|(_, seen)| of_suite(&seen.place)).collect();
        if seen.is_empty() {
            lines.push((Standing::Unproven, format!("{what}: no record")));
        }
        for (record, seen) in seen {
            let (standing, word) = match seen.proven {
                Proven::Proven => (Standing::Proven, "proven"),
                Proven::Contradicted => (Standing::Contradicted, "contradicted"),
                Proven::Unproven => (Standing::Unproven, "unproven"),
            };
            let figure = seen.figure.as_ref().map(|figure| (ground.figure)(figure.value, &figure.unit));
            let figure = figure.map(|figure| format!(" with {figure}")).unwrap_or_default();
            let commit = record.commit.get(..SHORT).unwrap_or(&record.commit);
            lines.push((standing, format!("{what}: {word}{figure} at {commit}")));
        }
    }
    let standing = lines.iter().map(|(standing, _)| *standing).max().unwrap_or(Standing::Unproven);
    (standing, lines.into_iter().map(|(_, line)| line).collect::<Vec<_>>().join("; "))
}
