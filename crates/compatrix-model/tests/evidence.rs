//! Records as JSON: what the ledger and `--format json` hold must come back whole, and old records must stay readable.

use compatrix_model::evidence::{Counts, ExecutableProof, FixtureProof, Proof, Record, SourceProof};
use compatrix_model::evidence::{IdentifiedBy, SqliteProof, TestFailure, ToolchainProof};
use compatrix_model::linkage::Linkage;
use compatrix_model::outcome::Outcome;

fn record() -> Record {
    Record {
        suite: "tests".into(),
        cell: "rust=1.70 sqlite=3.46.0".parse().expect("a cell"),
        key: Some([0xaa; 32].into()),
        outcome: Outcome::Failed,
        cause: "1 of 3 tests failed".into(),
        attempts: 1,
        tests: Counts { passed: 2, failed: 1, ignored: 4, filtered: 5, compiled: 0 },
        doctests: Some(Counts { passed: 1, ..Counts::default() }),
        failures: vec![TestFailure { executable: "it".into(), test: "a::b".into(), output: "boom\n\u{0}".into() }],
        leaks: None,
        measured: None,
        proof: Some(Proof {
            platform: "linux-x86_64".into(),
            toolchain: ToolchainProof {
                release: "1.70.0".into(),
                rustc: "rustc 1.70.0".into(),
                cargo: "cargo".into(),
                packages: Some("rustc 1.70.0+dfsg1 of suite".into()),
            },
            source: SourceProof {
                commit: None,
                dirty: true,
                sources: [0xbb; 32].into(),
                lockset: Some([0xcc; 32].into()),
            },
            features: vec!["json".into()],
            debug: Default::default(),
            target: None,
            not_promised: Vec::new(),
            differences: Default::default(),
            sqlite: Some(SqliteProof {
                linkage: Linkage::Dynamic,
                file: "/lib/libsqlite3.so.0".into(),
                sha256: Some([0xdd; 32].into()),
                version: "3.46.0".into(),
                source_id: Some("2024".into()),
                compile_options: vec!["THREADSAFE=1".into()],
                identified_by: Some(IdentifiedBy::File),
            }),
            fixture: Some(FixtureProof { name: "v24".into(), vintage: 24, sha256: [0xee; 32].into() }),
            executables: vec![ExecutableProof { name: "it".into(), sha256: [0xff; 32].into() }],
            env: [("HOME".to_owned(), "/h".to_owned())].into(),
        }),
        started: 1_700_000_000,
        duration_ms: 7,
        executables_ms: 0,
    }
}

#[test]
fn a_record_comes_back_whole() {
    let whole = record();
    let text = serde_json::to_string(&whole).expect("JSON");
    assert_eq!(serde_json::from_str::<Record>(&text).expect("a record"), whole);
}

#[test]
fn what_is_empty_is_left_out_and_may_be_absent() {
    let bare = Record {
        cause: String::new(),
        doctests: None,
        failures: vec![],
        leaks: None,
        proof: None,
        outcome: Outcome::Passed,
        ..record()
    };
    let text = serde_json::to_string(&bare).expect("JSON");
    for key in ["cause", "doctests", "failures", "proof"] {
        assert!(!text.contains(key), "{key} in {text}");
    }
    assert_eq!(serde_json::from_str::<Record>(&text).expect("a record"), bare);
}

#[test]
fn words_of_the_stored_form() {
    // The ledger and committed JSON hold these spellings; changing one needs a new format.
    let value = serde_json::to_value(record()).expect("JSON");
    assert_eq!(value["outcome"], "failed");
    assert_eq!(value["cell"], "rust=1.70 sqlite=3.46.0");
    assert_eq!(value["proof"]["sqlite"]["linkage"], "dynamic");
    for outcome in Outcome::ALL {
        assert_eq!(serde_json::to_value(outcome).expect("JSON"), outcome.as_str());
        assert_eq!(Outcome::from_word(outcome.as_str()), Some(outcome));
    }
    assert!(serde_json::from_value::<Record>(serde_json::json!({ "suite": "tests", "cell": "not a cell" })).is_err());
}

#[test]
fn what_is_not_known_is_stored_as_an_empty_text() {
    let mut unknown = record();
    unknown.key = None;
    let proof = unknown.proof.as_mut().expect("a proof");
    proof.source.lockset = None;
    proof.sqlite.as_mut().expect("a SQLite").source_id = None;
    let value = serde_json::to_value(&unknown).expect("JSON");
    let (source, sqlite) = (&value["proof"]["source"], &value["proof"]["sqlite"]);
    assert_eq!([&value["key"], &source["lockset"], &sqlite["source_id"]], ["", "", ""]);
    assert_eq!(serde_json::from_value::<Record>(value.clone()).expect("a record"), unknown);
    for hash in ["", "b", "no hash"] {
        let mut value = value.clone();
        value["proof"]["source"]["sources"] = hash.into();
        assert!(serde_json::from_value::<Record>(value).is_err(), "{hash:?} is no hash");
    }
}

#[test]
fn counts_add_up() {
    let a = Counts { passed: 1, failed: 2, ignored: 3, filtered: 4, compiled: 5 };
    assert_eq!(a.plus(a), Counts { passed: 2, failed: 4, ignored: 6, filtered: 8, compiled: 10 });
    let most = Counts { passed: u32::MAX, failed: u32::MAX, ignored: 0, filtered: 0, compiled: 0 };
    assert_eq!((most.run(), most.plus(most).passed), (u32::MAX, u32::MAX), "counts of a file are no panic");
    assert_eq!((a.run(), Counts::default().run()), (3, 0), "ignored and filtered tests were not run");
}
