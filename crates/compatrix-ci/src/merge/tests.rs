//! The laws of merging, and every reason to refuse an artifact.

use proptest::prelude::*;

use super::super::artifact::{Artifact, TOOL};
use super::super::{CiPlan, Group, Job, Needs};
use super::*;
use compatrix_model::evidence::{Counts, Proof, SourceProof, ToolchainProof};
use compatrix_model::matrix_spec::{CiEvent, JobCommand, Spec};

const SOURCES: [u8; 32] = [0x55; 32];

fn spec() -> Spec {
    let text =
        "version = 1\n[project]\npackages = [\"p\"]\n[axis.a]\nenv = \"A\"\nvalues = [\"0\", \"1\", \"2\", \"3\"]\n\
                [axis.b]\nenv = \"B\"\nvalues = [\"x\", \"y\"]\n[[suite]]\nname = \"tests\"\n";
    compatrix_model::spec_text::parse(text, "matrix.toml", &[]).expect("a spec").spec
}

/// Two jobs on Linux, one on macOS; each has two values of `a`.
fn plan() -> CiPlan {
    let job = |id: &str, cells: std::ops::Range<u128>| Job {
        id: id.to_owned(),
        name: id.to_owned(),
        builds: vec!["default".to_owned()],
        toolchains: Vec::new(),
        cells: cells.map(|cell| (0, CellIndex(cell))).collect(),
        may_fail: false,
        predicted_ms: 0,
    };
    let group = |id: &str, platform: &str, jobs: Vec<Job>| Group {
        id: id.to_owned(),
        platform: platform.to_owned(),
        runner: "r".to_owned(),
        container: None,
        needs: Needs::default(),
        jobs,
    };
    CiPlan {
        event: CiEvent::Push,
        work: JobCommand::Compat,
        profile: "local".to_owned(),
        groups: vec![
            group("push-linux-x86_64", "linux-x86_64", vec![job("one", 0..4), job("two", 4..8)]),
            group("push-macos-aarch64", "macos-aarch64", vec![job("mac", 0..4)]),
        ],
        untried: Vec::new(),
        id: "p".repeat(64),
    }
}

fn header(platform: &str, job: &str, attempt: u32) -> Header {
    Header {
        tool: TOOL.to_owned(),
        repository: "owner/name".to_owned(),
        commit: "c0ffee".to_owned(),
        dirty: false,
        sources: SOURCES.into(),
        plan: "p".repeat(64),
        event: CiEvent::Push,
        work: JobCommand::Compat,
        platform: platform.to_owned(),
        job: job.to_owned(),
        attempt,
    }
}

fn record(spec: &Spec, platform: &str, cell: u128, attempt: u32) -> Record {
    let toolchain = ToolchainProof {
        release: "1.95.0".to_owned(),
        rustc: "rustc 1.95.0".to_owned(),
        cargo: "cargo 1.95.0".to_owned(),
        packages: None,
    };
    let source = SourceProof { commit: None, dirty: false, sources: SOURCES.into(), lockset: Some([0x11; 32].into()) };
    let proof = Proof {
        platform: platform.to_owned(),
        toolchain,
        source,
        features: Vec::new(),
        not_promised: Vec::new(),
        debug: Default::default(),
        target: None,
        differences: Default::default(),
        sqlite: None,
        fixture: None,
        executables: Vec::new(),
        env: [("A".to_owned(), cell.to_string())].into(),
    };
    Record {
        suite: "tests".to_owned(),
        cell: spec.space.id(CellIndex(cell)),
        key: Some([0xcc; 32].into()),
        outcome: Outcome::Passed,
        cause: String::new(),
        attempts: 1,
        tests: Counts { passed: attempt, ..Counts::default() },
        doctests: None,
        failures: Vec::new(),
        leaks: None,
        measured: None,
        proof: Some(proof),
        started: 1,
        duration_ms: 2,
        executables_ms: 1,
    }
}

/// An artifact of these cells of a job.
fn artifact(platform: &str, job: &str, attempt: u32, cells: &[u128]) -> Artifact {
    let spec = spec();
    let records = cells.iter().map(|cell| record(&spec, platform, *cell, attempt)).collect();
    Artifact { header: header(platform, job, attempt), records }
}

fn merged(texts: &[String]) -> Result<Merged, Vec<Refusal>> {
    let files = texts.iter().enumerate().map(|(n, text)| (format!("{n:03}.jsonl"), Bundle::parse(text)));
    let (spec, plan) = (spec(), plan());
    let expected =
        Expected { spec: &spec, plan: &plan, repository: "owner/name", commit: "c0ffee", sources: SOURCES.into() };
    merge(files.collect(), &expected)
}

/// Artifacts of the plan's jobs: some cells of each, from several attempts, some under another job's name.
fn artifacts() -> impl Strategy<Value = Vec<String>> {
    let one = (0..3usize, 1..3u32, prop::collection::btree_set(0..4u128, 0..4), any::<bool>(), any::<bool>());
    let text = one.prop_map(|(job, attempt, cells, whole, dirty)| {
        let (platform, job, first) =
            [("linux-x86_64", "one", 0), ("linux-x86_64", "two", 4), ("macos-aarch64", "mac", 0)][job];
        let cells: Vec<u128> = cells.into_iter().map(|cell| first + cell).collect();
        let mut artifact = artifact(platform, if whole { "" } else { job }, attempt, &cells);
        artifact.header.dirty = dirty;
        artifact.to_text()
    });
    prop::collection::vec(text, 1..7)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(128))]

    #[test]
    fn order_and_repetition_do_not_matter(
        (texts, other) in artifacts().prop_flat_map(|texts| (Just(texts.clone()), Just(texts).prop_shuffle())),
        twice in any::<prop::sample::Index>(),
    ) {
        let text = merged(&texts).expect("merged").to_text();
        prop_assert_eq!(&merged(&other).expect("merged").to_text(), &text);
        let again = [other.clone(), vec![other[twice.index(other.len())].clone()]].concat();
        prop_assert_eq!(&merged(&again).expect("merged").to_text(), &text);
    }

    #[test]
    fn what_was_merged_is_merged_again(texts in artifacts(), at in any::<prop::sample::Index>()) {
        let whole = merged(&texts).expect("merged");
        let text = whole.to_text();
        prop_assert_eq!(&merged(std::slice::from_ref(&text)).expect("merged").to_text(), &text);
        let (some, others) = texts.split_at(at.index(texts.len()));
        let parts = [some, others].map(|texts| merged(texts).expect("merged").to_text());
        let again = merged(&parts).expect("merged");
        prop_assert_eq!(&again.to_text(), &text);
        let mixed = [texts, vec![text.clone()]].concat();
        prop_assert_eq!(&merged(&mixed).expect("merged").to_text(), &text);
        for (platform, same) in whole.platforms.iter().zip(&again.platforms) {
            prop_assert_eq!(&platform.missing, &same.missing);
        }
    }

    #[test]
    fn each_planned_cell_is_there_or_missing(texts in artifacts()) {
        let merged = merged(&texts).expect("merged");
        let missing = merged.platforms.iter().flat_map(|platform| &platform.missing);
        let missing: usize = missing.map(|missing| missing.cells.len()).sum();
        prop_assert_eq!(merged.len() + missing, 12);
        prop_assert_eq!(merged.is_complete(), missing == 0);
    }
}

#[test]
fn the_last_attempt_of_a_job_counts() {
    let first = artifact("linux-x86_64", "one", 1, &[0, 1]).to_text();
    let second = artifact("linux-x86_64", "one", 2, &[1, 2]).to_text();
    let merged = merged(&[second, first]).expect("merged");
    let linux = &merged.platforms[0];
    let passed: Vec<u32> = linux.results.iter().map(|result| merged.brief(result).tests.passed).collect();
    assert_eq!(passed, [1, 2, 2]);
    assert_eq!(merged.repeated, [("001.jsonl".to_owned(), 1)]);
    let missing: Vec<(&str, usize)> = linux.missing.iter().map(|m| (m.job.as_str(), m.cells.len())).collect();
    assert_eq!(missing, [("one", 1), ("two", 4)]);
    assert_eq!(merged.platforms[1].missing[0].of, 4, "evidence from Linux proves nothing about macOS");
}

#[track_caller]
fn refused(change: impl FnOnce(&mut Artifact), expected: &str) {
    let mut artifact = artifact("linux-x86_64", "one", 1, &[0, 1]);
    change(&mut artifact);
    let refusals = merged(&[artifact.to_text()]).expect_err("refused");
    assert_eq!(refusals.len(), 1, "{refusals:?}");
    let said = refusals[0].to_string();
    assert!(said.starts_with("000.jsonl: ") && said.contains(expected), "{said}");
}

#[test]
fn each_reason_to_refuse_an_artifact() {
    refused(
        |a| a.header.repository = "other/name".to_owned(),
        "from the repository other/name, but this is owner/name",
    );
    refused(|a| a.header.commit = "bad".to_owned(), "from the commit bad, but c0ffee is checked out");
    refused(|a| a.header.event = CiEvent::Schedule, "from `compat` on schedule, but this merges `compat` on push");
    refused(|a| a.header.work = JobCommand::LeakCheck, "use `--of leak-check --event push`");
    refused(|a| a.header.sources = [0x66; 32].into(), "from the sources 666666666666, but those here are 555555555555");
    refused(|a| a.header.plan = "q".repeat(64), "from the plan qqqqqqqqqqqq, but the plan here is pppppppppppp");
    refused(|a| a.header.job = "onw".to_owned(), "did you mean `one`?");
    refused(|a| a.header.job = "mac".to_owned(), "from the job mac on linux-x86_64");
    refused(
        |a| (a.header.job, a.header.platform) = (String::new(), "windows-x86_64".to_owned()),
        "from windows-x86_64, where",
    );
    refused(
        |a| a.header.job = "two".to_owned(),
        "2 records of cells that the job two does not have, the first `tests` in `a=0 b=x`",
    );
    refused(|a| a.records[1].suite = "other".to_owned(), "1 record of cells that the job one does not have");
    refused(|a| a.records[1].cell = "a=9 b=x".parse().expect("a cell"), "the first `tests` in `a=9 b=x`");
    refused(|a| a.records[1].cell = "a=1".parse().expect("a cell"), "the first `tests` in `a=1`");
    let proof = |a: &mut Artifact, change: fn(&mut Proof)| a.records[0].proof.as_mut().map(change).expect("a proof");
    refused(|a| proof(a, |proof| proof.platform = "macos-aarch64".to_owned()), "whose proof names another platform");
    refused(|a| proof(a, |proof| proof.source.sources = [0x66; 32].into()), "or other sources than the file");
    refused(|a| a.records[0].proof = None, "1 record of passes without a proof");
    let rustc = |proof: &mut Proof| proof.toolchain.rustc = "rustc 1.95.0\nhost: aarch64-apple-darwin".to_owned();
    refused(|a| proof(a, rustc), "whose proof names another platform");
    let first = "its record of `tests` in `a=0 b=x` contradicts itself: ";
    let says = |what: &str| format!("{first}{what}; rerun its job");
    refused(|a| a.records[0].tests.failed = 1, &says("it passed, and 1 test failed"));
    refused(
        |a| a.records[0].doctests = Some(Counts { failed: 2, ..Counts::default() }),
        &says("it passed, and 2 tests failed"),
    );
    refused(|a| a.records[0].tests = Counts::default(), &says("it passed, and no test ran"));
    refused(|a| a.records[0].attempts = 0, &says("it has a result, and was never tried (`attempts = 0`)"));
    refused(|a| a.records[0].key = None, &says("it has a result, and no key"));
    refused(|a| a.records[0].outcome = Outcome::Crashed, &says("its outcome is crashed, and it gives no reason"));
    let both = |a: &mut Artifact| a.records.iter_mut().for_each(|record| record.attempts = 0);
    refused(both, "2 records contradict themselves, the first `tests` in `a=0 b=x`: it has a result");
    let twice = |a: &mut Artifact| a.records.push(a.records[0].clone());
    refused(twice, "1 record of a suite and cell that it has already, the first `tests` in `a=0 b=x`");
}

#[test]
fn a_repository_that_is_not_known_is_no_reason() {
    let mut artifact = artifact("linux-x86_64", "one", 1, &[0]);
    artifact.header.repository.clear();
    assert!(merged(&[artifact.to_text()]).is_ok());
}

#[test]
fn all_reasons_are_told_at_once() {
    let good = artifact("linux-x86_64", "one", 1, &[0, 1]);
    let mut other = good.clone();
    other.header.commit = "bad".to_owned();
    let mut contradicts = good.clone();
    contradicts.records[0].tests.passed = 7;
    let texts = [good.to_text(), other.to_text(), contradicts.to_text(), good.to_text()[..90].to_owned()];
    let said: Vec<String> = merged(&texts).expect_err("refused").iter().map(Refusal::to_string).collect();
    assert_eq!(said.len(), 3, "{said:?}");
    assert!(said[0].starts_with("001.jsonl: from the commit bad"), "{said:?}");
    assert!(said[1].starts_with("002.jsonl: contradicts 000.jsonl about 1 cell of the same attempt"), "{said:?}");
    assert!(said[2].starts_with("003.jsonl: truncated"), "{said:?}");

    // A later attempt overrides earlier ones.
    let again = artifact("linux-x86_64", "one", 2, &[0]).to_text();
    let texts = [good.to_text(), contradicts.to_text(), again];
    assert!(merged(&texts).is_ok());
}

/// A checkout with other ends of lines has other sources. Where the platform may fail, its jobs are lost, and no more.
#[test]
fn other_sources_of_a_platform_that_may_fail_are_lost() {
    let mut foreign = artifact("macos-aarch64", "mac", 1, &[0, 1]);
    foreign.header.sources = [0x77; 32].into();
    let texts = [artifact("linux-x86_64", "one", 1, &[0, 1]).to_text(), foreign.to_text()];
    let with = |runners: &str| {
        let mut spec = spec();
        let text = format!("version = 1\n[project]\npackages = [\"p\"]\n[axis.a]\nenv = \"A\"\nvalues = [\"0\"]\n[[suite]]\nname = \"tests\"\n[profile.local]\n{runners}");
        spec.ci = compatrix_model::spec_text::parse(&text, "matrix.toml", &[]).expect("a spec").spec.ci;
        let files = texts.iter().enumerate().map(|(n, text)| (format!("{n:03}.jsonl"), Bundle::parse(text)));
        let plan = plan();
        let expected =
            Expected { spec: &spec, plan: &plan, repository: "owner/name", commit: "c0ffee", sources: SOURCES.into() };
        merge(files.collect(), &expected)
    };
    let runners = |mac: &str| {
        format!("[ci.runners]\nlinux-x86_64 = \"u\"\nmacos-aarch64 = {mac}\n[ci.push]\ncompat = \"local\"\n")
    };
    let refused = with(&runners("\"m\"")).expect_err("another's sources");
    assert!(matches!(refused[..], [Refusal { why: Why::Sources { .. }, .. }]), "{refused:?}");
    let merged = with(&runners("{ label = \"m\", may-fail = true }")).expect("the rest counts");
    assert_eq!((merged.len(), merged.lost.len()), (2, 1));
    let mac = merged.platforms.iter().find(|platform| platform.platform == "macos-aarch64").expect("planned");
    assert_eq!((mac.results.len(), mac.missing.len()), (0, 1), "all its cells are missing");
}
