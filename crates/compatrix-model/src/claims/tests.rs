//! Claims against made-up evidence.

use super::*;
use crate::evidence::{Counts, Proof, Record, SourceProof, SqliteProof, TargetProof, ToolchainProof};
use crate::evidence_file::EvidenceFile;
use crate::linkage::Linkage;
use crate::matrix_spec::Spec;
use crate::outcome::Outcome::{self, *};

const SPEC: &str = r#"
version = 1
[project]
packages = ["p"]
[claims]
rust = "1.70"
sqlite = "3.35"
schema = ["v18", "v24"]
platforms = { tier1 = ["linux-x86_64"], tier2 = ["macos-aarch64"] }
[axis]
rust = ["1.65", "1.70", "1.80", "stable"]
sqlite = ["bundled", "3.33.0", "3.35.4", "3.46.0"]
schema = "*"
[axis.features]
default = []
json = ["json"]
[[suite]]
name = "tests"
kind = "test"
[[rule]]
when = { sqlite = "<3.38", features = "json" }
expect = "fail"
reason = "no ->> yet"
until = "2020-01-01"
[[rule]]
when = { rust = "1.80", schema = "v18", features = "default" }
expect = "skip"
reason = "makes no sense"
"#;

fn spec() -> Spec {
    let fixtures = ["v18".to_owned(), "v24".to_owned()];
    crate::spec_text::parse(SPEC, "matrix.toml", &fixtures).unwrap_or_else(|e| panic!("{e:?}")).spec
}

/// `1.70 3.35.4 v24 default`, with the outcome; versions as an installed toolchain and library would prove them.
fn record(cell: &str, outcome: Outcome) -> Record {
    let words: Vec<&str> = cell.split(' ').collect();
    let release = match words[0] {
        "stable" => "1.95.0",
        "1.70" => "1.70.2",
        "1.80" => "1.80.0",
        other => panic!("{other}"),
    };
    let sqlite = if words[1] == "bundled" { "3.45.0" } else { words[1] };
    let id = format!("rust={} sqlite={} schema={} features={}", words[0], words[1], words[2], words[3]);
    let proof = Proof {
        platform: "linux-x86_64".into(),
        toolchain: ToolchainProof {
            release: release.into(),
            rustc: String::new(),
            cargo: String::new(),
            packages: None,
        },
        source: SourceProof { commit: None, dirty: false, sources: [0; 32].into(), lockset: None },
        features: vec![],
        not_promised: Vec::new(),
        debug: Default::default(),
        target: None,
        differences: Default::default(),
        sqlite: Some(SqliteProof {
            linkage: Linkage::Static,
            file: String::new(),
            sha256: Some([0; 32].into()),
            version: sqlite.into(),
            source_id: None,
            compile_options: vec![],
            identified_by: None,
        }),
        fixture: None,
        executables: vec![],
        env: Default::default(),
    };
    Record {
        suite: "tests".into(),
        cell: id.parse().unwrap(),
        key: None,
        outcome,
        cause: if outcome == Unavailable { "not to be had".into() } else { String::new() },
        attempts: 1,
        tests: Counts { failed: u32::from(outcome == Failed), ..Counts::default() },
        doctests: None,
        failures: vec![],
        leaks: None,
        measured: None,
        proof: (outcome != Unavailable).then_some(proof),
        started: 0,
        duration_ms: 0,
        executables_ms: 0,
    }
}

/// Evidence that was recorded under the spec as it is.
fn file(records: impl IntoIterator<Item = Record>) -> EvidenceFile {
    with_meanings(&spec(), EvidenceFile::from_records("linux-x86_64", records))
}

fn evidence(cells: &[(&str, Outcome)]) -> Vec<EvidenceFile> {
    vec![file(cells.iter().map(|(cell, outcome)| record(cell, *outcome)))]
}

/// Verdict and sentence of the claim at this position: 0 Rust, 1 SQLite, 2 and 3 schemas, 4 and 5 platforms.
#[track_caller]
fn check(position: usize, cells: &[(&str, Outcome)], verdict: ClaimVerdict, sentence: &str) -> Claim {
    let spec = spec();
    let files = evidence(cells);
    let claims = evaluate(&spec, &judge_evidence(&spec, &files));
    let claim = claims.claims[position].clone();
    assert_eq!((claim.verdict, claim.sentence.as_str()), (verdict, sentence), "{cells:?}");
    claim
}

#[test]
fn a_version_claim() {
    use ClaimVerdict::*;
    type Tried<'a> = &'a [(&'a str, Outcome)];
    let table: [(Tried<'_>, ClaimVerdict, &str); 9] = [
        (&[], Unproven, "no evidence with Rust 1.70"),
        (
            &[("1.70 3.46.0 v24 default", Passed), ("stable 3.46.0 v24 default", Passed)],
            Proven,
            "1 result with Rust 1.70 passed, and none at or above Rust 1.70 is broken",
        ),
        (
            &[("stable 3.46.0 v24 default", Passed)],
            Unproven,
            "no evidence with Rust 1.70; the lowest Rust above it that passed is 1.95.0",
        ),
        (
            &[("1.70 3.46.0 v24 default", Unavailable), ("1.80 3.46.0 v24 default", Passed)],
            Unproven,
            "Rust 1.70 could not be tried: not to be had; the lowest Rust above it that passed is 1.80.0",
        ),
        (
            &[("1.70 3.46.0 v24 default", Passed), ("stable 3.46.0 v24 default", Crashed)],
            Contradicted,
            "1 result at or above Rust 1.70 is broken",
        ),
        (
            &[("1.70 3.46.0 v24 default", Misidentified), ("1.70 3.46.0 v24 json", BuildFailed)],
            Contradicted,
            "2 results at or above Rust 1.70 are broken",
        ),
        // Older than the promised SQLite: irrelevant to the promised Rust.
        (&[("1.70 3.33.0 v24 default", Failed)], Unproven, "no evidence with Rust 1.70"),
        (
            &[("1.70 3.35.4 v24 json", Failed)],
            Contradicted,
            "the only result with Rust 1.70 is a failure that the spec expects",
        ),
        (
            &[("1.70 3.35.4 v24 json", Failed), ("1.70 3.46.0 v24 json", Passed), ("1.70 3.46.0 v24 default", Passed)],
            Proven,
            "2 results with Rust 1.70 passed, and none at or above Rust 1.70 is broken; except sqlite=3.35.4 features=json: \
             no ->> yet",
        ),
    ];
    for (cells, verdict, sentence) in table {
        check(0, cells, verdict, sentence);
    }
}

#[test]
fn exceptions_name_what_sets_them_apart() {
    let cells = [
        ("1.70 3.35.4 v24 default", Passed),
        ("1.70 3.35.4 v24 json", Failed),
        ("stable 3.35.4 v24 json", Failed),
        ("stable 3.35.4 v24 default", Passed),
        ("stable bundled v24 json", Passed),
    ];
    let sentence =
        "2 results with SQLite 3.35 passed, and none at or above SQLite 3.35 is broken; except features=json: \
                    no ->> yet";
    let claim = check(1, &cells, ClaimVerdict::Proven, sentence);
    assert_eq!(claim.exceptions[0].count, 2);
    assert_eq!(claim.proof.example.unwrap().to_string(), "rust=1.70 sqlite=3.35.4 schema=v24 features=default");
}

#[test]
fn schemas_and_platforms() {
    use ClaimVerdict::*;
    let cells = [("1.70 3.46.0 v24 default", Passed), ("1.70 3.46.0 v18 default", Failed)];
    check(2, &cells, Contradicted, "1 result with schema v18 is broken");
    check(3, &cells, Proven, "1 result with schema v24 passed");
    check(4, &cells, Contradicted, "1 result with linux-x86_64 is broken");
    check(4, &cells[..1], Proven, "1 result with linux-x86_64 passed");
    check(5, &cells, Unproven, "no evidence with macos-aarch64");
}

#[test]
fn flaky_decides_nothing_and_an_unexpected_pass_works() {
    let spec = spec();
    let flaky = Record { attempts: 2, ..record("1.70 3.46.0 v24 default", Passed) };
    let files = [file([flaky])];
    let claims = evaluate(&spec, &judge_evidence(&spec, &files));
    assert_eq!(claims.claims[0].verdict, ClaimVerdict::Unproven);
    assert_eq!(claims.claims[0].sentence, "with Rust 1.70 nothing passed at the first try");
    check(
        1,
        &[("1.70 3.35.4 v24 json", Passed)],
        ClaimVerdict::Proven,
        "1 result with SQLite 3.35 passed, and none at or above SQLite 3.35 is broken",
    );
}

#[test]
fn lowest_versions() {
    let spec = spec();
    let files = evidence(&[
        ("1.70 3.46.0 v24 default", Failed),
        ("1.80 3.46.0 v24 default", Passed),
        ("stable 3.35.4 v24 default", Passed),
        ("stable 3.33.0 v24 default", Passed),
        ("stable 3.46.0 v24 default", Failed),
    ]);
    let claims = evaluate(&spec, &judge_evidence(&spec, &files));
    let rust = claims.lowest_rust.unwrap();
    assert_eq!((rust.version.to_string().as_str(), rust.proof.count, rust.broken_above), ("1.80.0", 1, 1));
    assert_eq!(claims.lowest_sqlite.unwrap().version.to_string(), "3.33.0", "evidence may be better than the claim");
}

#[test]
fn what_evidence_is_left_out() {
    let spec = spec();
    let mut gone = record("1.70 3.46.0 v24 default", Passed);
    gone.cell = "rust=1.60 sqlite=3.46.0 schema=v24 features=default".parse().unwrap();
    let mut suite = record("1.70 3.46.0 v24 default", Passed);
    suite.suite = "gone".into();
    let skipped = record("1.80 3.46.0 v18 default", Failed);
    let kept = record("1.70 3.46.0 v24 default", Passed);
    let files = [file([gone, suite, skipped, kept])];
    let judgement = judge_evidence(&spec, &files);
    assert_eq!((judgement.judged.len(), judgement.foreign, judgement.excluded), (1, 2, 1));
}

#[test]
fn a_rule_goes_by_the_version_that_ran() {
    // `bundled` was SQLite 3.45.0, so `sqlite <3.38` does not match; if nothing ran, other entries of the platform decide.
    let spec = spec();
    let mut old = record("1.70 bundled v24 json", Failed);
    old.proof.as_mut().unwrap().sqlite.as_mut().unwrap().version = "3.33.0".into();
    for (record, verdict) in [(record("1.70 bundled v24 json", Failed), Verdict::Broken), (old, Verdict::Known)] {
        let files = [file([record])];
        assert_eq!(judge_evidence(&spec, &files).judged[0].verdict, verdict);
    }
}

#[test]
fn a_value_that_was_two_versions_stands_for_neither() {
    // Nothing ran in the cell; the value's version comes from other cells, if they agree.
    let spec = spec();
    let mut old = record("1.70 bundled v18 default", Passed);
    old.proof.as_mut().unwrap().sqlite.as_mut().unwrap().version = "3.33.0".into();
    let new = record("1.70 bundled v24 json", Passed);
    let untried = record("stable bundled v24 default", Unavailable);
    for (records, version) in [(vec![new.clone(), untried.clone()], Some("3.45.0")), (vec![old, new, untried], None)] {
        let files = [file(records)];
        let judgement = judge_evidence(&spec, &files);
        let untried = judgement.judged.iter().find(|j| j.verdict == Verdict::Unproven).unwrap();
        assert_eq!(untried.sqlite, version.map(|v| Version::parse(v).unwrap()));
    }
}

/// A passed record of other sources, made at this time.
fn of_sources(cell: &str, outcome: Outcome, sources: u8) -> Record {
    let mut record = record(cell, outcome);
    let source = &mut record.proof.as_mut().unwrap().source;
    (source.sources, source.commit) = ([sources; 32].into(), Some(sources.to_string().repeat(20)));
    record
}

/// The same file with the commits of its sources dated, the day as the number of the sources.
fn dated(mut file: EvidenceFile) -> EvidenceFile {
    file.change(|entry| {
        let commit = entry.record.proof.as_ref().and_then(|proof| proof.source.commit.clone());
        entry.date = commit.map(|commit| format!("2026-11-{}T00:00:00Z", &commit[..2]));
    });
    file
}

#[track_caller]
fn stale(position: usize, file: EvidenceFile, verdict: ClaimVerdict, sentence: &str) {
    let (spec, files) = (spec(), [file]);
    let claims = evaluate(&spec, &judge_evidence(&spec, &files));
    let claim = &claims.claims[position];
    assert_eq!((claim.verdict, claim.sentence.as_str()), (verdict, sentence));
}

#[test]
fn what_only_older_sources_prove_is_stale() {
    use ClaimVerdict::*;
    let old = || of_sources("1.70 3.46.0 v24 default", Passed, 11);
    let new = |outcome| of_sources("stable 3.46.0 v24 default", outcome, 12);
    let commit = "11".repeat(6);
    let words = format!("1 result with Rust 1.70 passed, but it is of other sources (commit {commit} of 2026-11-11)");
    stale(0, dated(file([old(), new(Passed)])), Stale, &words);
    stale(0, dated(file([old()])), Proven, "1 result with Rust 1.70 passed, and none at or above Rust 1.70 is broken");
    stale(0, dated(file([old(), new(Failed)])), Contradicted, "1 result at or above Rust 1.70 is broken");
    // What is older is not what is newer, whatever there is more of.
    let more = of_sources("1.70 3.46.0 v18 default", Passed, 11);
    stale(3, dated(file([old(), more, new(Passed)])), Proven, "1 result with schema v24 passed; 1 more is stale");
    // A failure of older sources contradicts nothing, and nothing is proven beside it.
    let red = of_sources("1.70 3.46.0 v24 default", Failed, 11);
    let words = format!(
        "1 result with schema v24 passed, but 1 result with schema v24 was broken: it is of other sources (commit {commit} of \
         2026-11-11)"
    );
    stale(3, dated(file([red.clone(), new(Passed)])), Stale, &words);
    let words = format!(
        "1 result with Rust 1.70, of which none passed: it is of other sources (commit {commit} of 2026-11-11)"
    );
    stale(0, dated(file([red, new(Passed)])), Stale, &words);
}

#[test]
fn sources_are_as_new_as_their_latest_commit() {
    // The same sources again at a later commit, which is listed first; the other sources lie between.
    let again = of_sources("1.70 3.46.0 v18 default", Passed, 13);
    let between = of_sources("stable 3.46.0 v24 default", Passed, 12);
    let mut first = of_sources("1.70 3.46.0 v24 default", Passed, 11);
    first.proof.as_mut().unwrap().source.sources = [13; 32].into();
    let words = "2 results with Rust 1.70 passed, and none at or above Rust 1.70 is broken";
    stale(0, dated(file([again, between, first])), ClaimVerdict::Proven, words);
}

#[test]
fn several_sources_without_dates_prove_nothing() {
    let records =
        || [of_sources("1.70 3.46.0 v24 default", Passed, 11), of_sources("stable 3.46.0 v24 default", Passed, 12)];
    let words =
        "1 result with Rust 1.70 passed, but it is of several sources, and no commit's date says which are the newest";
    stale(0, file(records()), ClaimVerdict::Stale, words);
    // Uncommitted changes are newer than their commit.
    let mut dirty = records().map(|mut record| {
        record.proof.as_mut().unwrap().source.commit = Some("11".repeat(20));
        record
    });
    dirty[0].proof.as_mut().unwrap().source.dirty = true;
    let words = "1 result with Rust 1.70 passed, and none at or above Rust 1.70 is broken";
    stale(0, dated(file(dirty)), ClaimVerdict::Proven, words);
}

#[test]
fn evidence_of_another_meaning_is_stale_and_says_of_what() {
    let mut file = file([record("1.70 3.46.0 v24 json", Passed)]);
    let (spec, text) = (spec(), file.to_text());
    let edited = |from: &str, to: &str| {
        let fixtures = ["v18".to_owned(), "v24".to_owned()];
        crate::spec_text::parse(&SPEC.replacen(from, to, 1), "matrix.toml", &fixtures).expect("a spec").spec
    };
    let sentence = |spec: &Spec, file: &EvidenceFile| {
        let files = [file.clone()];
        let claims = evaluate(spec, &judge_evidence(spec, &files));
        (claims.claims[0].verdict, claims.claims[0].sentence.clone())
    };
    let passed = "1 result with Rust 1.70 passed, but it is from when";
    for (from, to, what) in [
        ("[\"json\"]", "[\"json\", \"x\"]", "`features=json`"),
        ("kind = \"test\"", "kind = \"test\"\nargs = [\"x\"]", "the suite `tests`"),
        ("sqlite = \"<3.38\"", "sqlite = \"<3.50\"", "the rules"),
    ] {
        let expected = (ClaimVerdict::Stale, format!("{passed} {what} meant something else"));
        assert_eq!(sentence(&edited(from, to), &file), expected, "{from}");
    }
    assert_eq!(sentence(&edited("[\"v18\", \"v24\"]", "[\"v24\"]"), &file).0, ClaimVerdict::Proven);
    assert_eq!(EvidenceFile::from_text(&text).unwrap(), file);
    file.change(|entry| entry.meaning = None);
    let words =
        "1 result with Rust 1.70 passed, but it is of an older format, which does not say what suites and values meant";
    assert_eq!(sentence(&spec, &file), (ClaimVerdict::Stale, words.to_owned()));
}

#[test]
fn evidence_is_held_against_the_work_tree() {
    let spec = spec();
    let mut fixed = record("1.70 3.46.0 v24 default", Passed);
    let proof = fixed.proof.as_mut().unwrap();
    proof.source.lockset = Some([1; 32].into());
    proof.fixture = Some(crate::evidence::FixtureProof { name: "v24".into(), vintage: 24, sha256: [2; 32].into() });
    let files = [file([fixed])];
    let today = crate::today::Today {
        sources: [0; 32].into(),
        locksets: [(crate::lockset::Lockset::LOCKED, [1; 32].into())].into(),
        fixtures: [("v24".to_owned(), [2; 32].into())].into(),
    };
    let of = |change: &dyn Fn(&mut crate::today::Today)| {
        let mut today = today.clone();
        change(&mut today);
        let freshness = Freshness::of(&spec, &judge_against(&spec, &files, &today));
        (freshness.is_fresh(), freshness.groups.first().map(|group| group.stale.to_string()))
    };
    assert_eq!(of(&|_| ()), (true, None));
    assert_eq!(of(&|today| today.sources = [9; 32].into()), (false, Some("of other sources".to_owned())));
    assert_eq!(of(&|today| today.locksets.clear()), (false, Some("of other dependency versions".to_owned())));
    let fixture = "of another recipe of the fixture `v24`".to_owned();
    assert_eq!(of(&|today| today.fixtures.clear()), (false, Some(fixture)));
    let nothing: [EvidenceFile; 0] = [];
    assert!(!Freshness::of(&spec, &judge_against(&spec, &nothing, &today)).is_fresh(), "nothing is not fresh");
}

#[test]
fn each_package_has_a_claim_of_its_own() {
    let text = SPEC.replace("packages = [\"p\"]", "packages = [\"p\", \"q\"]");
    let text = text.replacen("rust = \"1.70\"", "rust = \"1.70\"\npackages.q = { rust = \"1.80\" }", 1);
    let spec = crate::spec_text::parse(&text, "matrix.toml", &["v18".to_owned(), "v24".to_owned()])
        .unwrap_or_else(|e| panic!("{e:?}\n{text}"))
        .spec;
    let rows = |cells: &[(&str, Outcome)]| -> Vec<(String, ClaimVerdict)> {
        let records = cells.iter().map(|(cell, outcome)| {
            let mut record = record(cell, *outcome);
            if let Some(proof) = record.proof.as_mut().filter(|_| cell.starts_with("1.70")) {
                proof.not_promised = vec!["q".to_owned()];
            }
            record
        });
        let files = vec![with_meanings(&spec, EvidenceFile::from_records("linux-x86_64", records))];
        let claims = evaluate(&spec, &judge_evidence(&spec, &files));
        claims.claims.iter().take(2).map(|claim| (claim.subject.to_string(), claim.verdict)).collect()
    };
    let named =
        |p, q| vec![("Rust 1.70 and newer for `p`".to_owned(), p), ("Rust 1.80 and newer for `q`".to_owned(), q)];
    use ClaimVerdict::*;
    let (low, high) = ("1.70 3.46.0 v24 default", "1.80 3.46.0 v24 default");
    assert_eq!(rows(&[]), named(Unproven, Unproven));
    assert_eq!(rows(&[(low, Passed)]), named(Proven, Unproven));
    assert_eq!(rows(&[(low, Passed), (high, Passed)]), named(Proven, Proven));
    assert_eq!(rows(&[(low, Failed), (high, Passed)]), named(Contradicted, Proven));
    assert_eq!(rows(&[(high, Passed)]), named(Unproven, Proven));
}

#[test]
fn a_nightly_proves_no_release() {
    let spec = spec();
    let mut nightly = record("stable bundled v24 default", Passed);
    nightly.proof.as_mut().unwrap().toolchain.release = "1.70.0-nightly".into();
    let verdict = |record: Record| {
        let files = [file([record])];
        evaluate(&spec, &judge_evidence(&spec, &files)).claims[0].verdict
    };
    assert_eq!(verdict(nightly.clone()), ClaimVerdict::Unproven);
    nightly.proof.as_mut().unwrap().toolchain.release = "1.70.0".into();
    assert_eq!(verdict(nightly), ClaimVerdict::Proven);
}

/// What a runner shows is said beside the platform that it is for, and decides nothing.
#[test]
fn programs_of_a_target_prove_and_contradict_no_claim() {
    let os = "[axis.os]\nhere = {}\nmac = { target = \"aarch64-apple-darwin\", runner = \"darling\" }\n[[suite]]";
    let text = SPEC.replacen("[[suite]]", os, 1);
    let spec = crate::spec_text::parse(&text, "matrix.toml", &["v18".to_owned(), "v24".to_owned()])
        .unwrap_or_else(|e| panic!("{e:?}\n{text}"))
        .spec;
    let of = |os: &str, cell: &str, outcome: Outcome| {
        let mut record = record(cell, outcome);
        record.cell = format!("{} os={os}", record.cell).parse().unwrap();
        let target = TargetProof { triple: "aarch64-apple-darwin".into(), runner: Some("darling 1".into()), std: None };
        record.proof.as_mut().unwrap().target = (os == "mac").then_some(target);
        record
    };
    let verdicts = |records: Vec<Record>| -> Vec<(ClaimVerdict, String)> {
        let files = vec![with_meanings(&spec, EvidenceFile::from_records("linux-x86_64", records))];
        let claims = evaluate(&spec, &judge_evidence(&spec, &files)).claims;
        claims.into_iter().map(|claim| (claim.verdict, claim.sentence)).collect()
    };
    let (low, other) = ("1.70 3.35.4 v24 default", "1.70 3.46.0 v24 default");
    let alone = verdicts(vec![of("mac", low, Passed), of("mac", other, Failed)]);
    assert!(alone.iter().all(|(verdict, _)| *verdict == ClaimVerdict::Unproven), "{alone:?}");
    let beside =
        "no evidence with macos-aarch64; tested as aarch64-apple-darwin under darling 1, which does not prove the \
                  platform itself: 1 of 2 results passed";
    assert_eq!(alone[5].1, beside);
    let both = verdicts(vec![of("here", low, Passed), of("mac", low, Failed)]);
    assert_eq!((both[0].0, both[4].0, both[5].0), (ClaimVerdict::Proven, ClaimVerdict::Proven, ClaimVerdict::Unproven));
}
