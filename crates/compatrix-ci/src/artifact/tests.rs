//! The law of artifacts: what is written is read again; and each way in which a text is none.

use compatrix_leak::{Canary, Tool};
use proptest::prelude::*;

use super::*;
use compatrix_model::cell::CellId;
use compatrix_model::evidence::{Figure, FixtureProof, IdentifiedBy, Number, Proof, SqliteProof};
use compatrix_model::linkage::Linkage;
use compatrix_model::outcome::Outcome;

pub(crate) fn header() -> Header {
    Header {
        tool: TOOL.to_owned(),
        repository: "owner/name".to_owned(),
        commit: "c0ffee".to_owned(),
        dirty: false,
        sources: [0x55; 32].into(),
        plan: "a".repeat(64),
        event: CiEvent::PullRequest,
        work: JobCommand::Compat,
        platform: "linux-x86_64".to_owned(),
        job: "linux-x86_64-stable".to_owned(),
        attempt: 1,
    }
}

/// Texts with all that JSON must escape.
fn text() -> impl Strategy<Value = String> {
    prop_oneof![
        3 => "[a-z0-9 ./=_-]{0,12}",
        1 => prop::collection::vec(any::<char>(), 0..6).prop_map(String::from_iter),
        1 => Just("\"\\\n\u{7f}\u{2028}]\n[\"record\",".to_owned()),
    ]
}

fn counts() -> impl Strategy<Value = Counts> {
    (any::<u32>(), 0..9u32, 0..9u32, 0..9u32).prop_map(|(passed, failed, ignored, filtered)| Counts {
        passed,
        failed,
        ignored,
        filtered,
        compiled: ignored / 2,
    })
}

fn proof() -> impl Strategy<Value = Proof> {
    let sqlite = (any::<bool>(), text(), prop::collection::vec(text(), 0..3)).prop_map(|(dynamic, file, options)| {
        let linkage = if dynamic { Linkage::Dynamic } else { Linkage::Static };
        let (sha256, version, source_id) = (Some([0x77; 32].into()), "3.45.0".to_owned(), Some("x".to_owned()));
        let identified_by = dynamic.then_some(IdentifiedBy::File);
        SqliteProof { linkage, file, sha256, version, source_id, compile_options: options, identified_by }
    });
    let fixture =
        (text(), any::<i64>()).prop_map(|(name, vintage)| FixtureProof { name, vintage, sha256: [0xff; 32].into() });
    let executable = text().prop_map(|name| ExecutableProof { name, sha256: [0xee; 32].into() });
    let executables = prop::collection::vec(executable, 0..3);
    let toolchain = (text(), prop::option::of(text())).prop_map(|(rustc, packages)| ToolchainProof {
        release: "1.95.0".to_owned(),
        rustc,
        cargo: "cargo 1.95.0".to_owned(),
        packages,
    });
    let source = (prop::option::of(text()), any::<bool>()).prop_map(|(commit, dirty)| SourceProof {
        commit,
        dirty,
        sources: [0x55; 32].into(),
        lockset: Some([0x11; 32].into()),
    });
    let env = prop::collection::btree_map(text(), text(), 0..4);
    let parts = (toolchain, source, prop::option::of(sqlite), prop::option::of(fixture), executables, env);
    parts.prop_map(|(toolchain, source, sqlite, fixture, executables, env)| Proof {
        platform: "linux-x86_64".to_owned(),
        toolchain,
        source,
        features: vec!["json".to_owned()],
        not_promised: Vec::new(),
        debug: Default::default(),
        target: None,
        differences: Default::default(),
        sqlite,
        fixture,
        executables,
        env,
    })
}

fn record() -> impl Strategy<Value = Record> {
    let cell = prop::collection::vec("[a-z0-9][a-zA-Z0-9._+-]{0,5}", 1..4).prop_map(|values| {
        let pairs = values.iter().zip(["rust", "sqlite", "x"]).map(|(value, axis)| format!("{axis}={value}"));
        pairs.collect::<Vec<_>>().join(" ").parse::<CellId>().expect("a cell id")
    });
    let leaks = text().prop_map(|why| LeakReport {
        tool: Tool::Valgrind,
        version: "valgrind-3.19.0".to_owned(),
        canary: Canary::NotProven { why },
        outcome: Outcome::Passed,
        cause: String::new(),
        ran: 7,
        not_proven: Vec::new(),
        suppressed: Vec::new(),
        not_runnable: Vec::new(),
        findings: Vec::new(),
        notes: vec!["a note".to_owned()],
    });
    let failures = prop::collection::vec(
        (text(), text()).prop_map(|(test, output)| TestFailure { executable: "it".to_owned(), test, output }),
        0..3,
    );
    let key = prop::option::of(any::<[u8; 32]>().prop_map(Sha256::from));
    let first = (text(), cell, key, prop::sample::select(&Outcome::ALL), text(), 1..4u32, counts());
    let measured = (text(), -1e9..1e9_f64, any::<bool>()).prop_map(|(bench, value, exact)| Measurements {
        peak_memory: Some(1),
        cpu_ms: 2,
        figures: vec![Figure {
            bench,
            metric: "m".to_owned(),
            unit: "u".to_owned(),
            value: Number::of(value).expect("finite"),
            samples: 3,
            exact,
        }],
        findings: vec!["a finding".to_owned()],
    });
    let leaks = (prop::option::of(leaks), prop::option::of(measured));
    let second = (prop::option::of(counts()), failures, leaks, prop::option::of(proof()));
    let times = (-9..i64::MAX, 0..u64::MAX / 2, 0..99u64);
    (first, second, times).prop_map(|(first, second, times)| {
        let (suite, cell, key, outcome, cause, attempts, tests) = first;
        let (doctests, failures, (leaks, measured), proof) = second;
        let (started, duration_ms, executables_ms) = times;
        Record {
            suite,
            cell,
            key,
            outcome,
            cause,
            attempts,
            tests,
            doctests,
            failures,
            leaks,
            measured,
            proof,
            started,
            duration_ms,
            executables_ms,
        }
    })
}

proptest! {
    #[test]
    fn what_is_written_is_read_again(records in prop::collection::vec(record(), 0..6)) {
        let artifact = Artifact { header: header(), records };
        let text = artifact.to_text();
        prop_assert_eq!(Artifact::parse(&text), Ok(vec![artifact.clone()]));
        prop_assert_eq!(artifact.to_text(), text);
    }

    #[test]
    fn a_text_that_was_cut_or_changed_is_refused(
        records in prop::collection::vec(record(), 1..3), at in any::<prop::sample::Index>(), byte in b' '..b'~',
    ) {
        let text = Artifact { header: header(), records }.to_text();
        let at = at.index(text.len());
        if text.is_char_boundary(at) {
            prop_assert!(Artifact::parse(&text[..at]).is_err());
            let mut changed = text.clone().into_bytes();
            changed[at] = byte;
            if let Ok(changed) = String::from_utf8(changed) {
                prop_assert_eq!(Artifact::parse(&changed).is_ok(), changed == text);
            }
        }
    }
}

/// Three records of one build.
fn three() -> Artifact {
    let record = |n: usize| Record {
        suite: "tests".to_owned(),
        cell: format!("rust=stable n={n}").parse().expect("a cell id"),
        key: Some([0xcc; 32].into()),
        outcome: Outcome::Passed,
        cause: String::new(),
        attempts: 1,
        tests: Counts { passed: 2, compiled: 3, ..Counts::default() },
        doctests: None,
        failures: Vec::new(),
        leaks: None,
        measured: None,
        proof: None,
        started: 1,
        duration_ms: 2,
        executables_ms: 3,
    };
    Artifact { header: header(), records: (0..3).map(record).collect() }
}

/// The text with its own hash put right.
fn forged(text: &str) -> String {
    let (before, after) = (START.len() + 1 + HASH.len(), START.len() + 1 + HASH.len() + 64);
    let mut hash = <sha2::Sha256 as sha2::Digest>::new();
    sha2::Digest::update(&mut hash, &text[..before]);
    sha2::Digest::update(&mut hash, &text[after..]);
    let hash = base16ct::lower::encode_string(&sha2::Digest::finalize(hash));
    format!("{}{hash}{}", &text[..before], &text[after..])
}

#[test]
fn each_way_in_which_a_text_is_no_artifact() {
    #[track_caller]
    fn check(text: &str, expected: ArtifactError, message: &str) {
        let error = Artifact::parse(text).expect_err("refused");
        assert_eq!(error, expected);
        assert!(error.to_string().contains(message), "{error}");
    }
    let text = three().to_text();
    let lines: Vec<&str> = text.split_inclusive('\n').collect();
    let said = lines.len() - 1;
    assert_eq!(forged(&text), text);

    check("", ArtifactError::Empty, "empty");
    check("<html>", ArtifactError::NotOurs, "not an evidence artifact");
    check("{\"a\":1}\n", ArtifactError::NotOurs, "--evidence FILE");
    check("{\"compat", ArtifactError::Truncated { said: 0, found: 0 }, "even the first line is incomplete");
    check(lines[0].trim_end(), ArtifactError::Truncated { said: 0, found: 0 }, "even the first line is incomplete");
    check(&lines[..3].concat(), ArtifactError::Truncated { said, found: 2 }, "2 of 8 lines");
    check(text.trim_end(), ArtifactError::Truncated { said, found: said - 1 }, "7 of 8 lines");

    let newer = ArtifactError::Newer { tool: "9.3.0".to_owned() };
    check(&text.replacen(TOOL, "9.3.0", 1), newer.clone(), "written by compatrix 9.3.0, newer than this");
    check("{\"compatrix-evidence\":2,\"tool\":\"9.3.0\",\"signed\":[]}\n", newer, "merge it with that version");

    check(&text.replace("passed", "failed"), ArtifactError::Changed, "its hash does not match");
    check(&text.replacen("c0ffee", "c0ffed", 1), ArtifactError::Changed, "its hash does not match");
    check(&format!("{text}{}", lines[said]), ArtifactError::Changed, "its hash does not match");

    let no_outcome = forged(&text.replacen("\"passed\"", "\"marvellous\"", 1));
    check(&no_outcome, ArtifactError::Malformed { line: 5 }, "does not write lines like line 5");
    let no_value = forged(&text.replacen("[0,1]", "[0,7]", 1));
    check(&no_value, ArtifactError::Malformed { line: 5 }, "line 5");
}

#[test]
fn what_records_share_is_written_once() {
    let text = three().to_text();
    assert_eq!(text.matches("\"value\",\"rust\",\"stable\"").count(), 1);
    assert!(!text.contains("null,null,"), "nothing follows where there is nothing to say: {text}");
}
