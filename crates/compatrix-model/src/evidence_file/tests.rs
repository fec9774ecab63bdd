//! Evidence files: written, read back, merged.

use std::collections::BTreeMap;

use proptest::prelude::*;

use super::*;
use crate::evidence::{
    Counts, Differences, ExecutableProof, Figure, FixtureProof, IdentifiedBy, LeftOut, Measurements, Number, Proof,
    Record, SourceProof, SqliteProof, TestFailure, ToolchainProof,
};
use crate::hash::Sha256;
use crate::linkage::Linkage;
use crate::outcome::Outcome;

mod leaks;

fn record(cell: &str, outcome: Outcome) -> Record {
    Record {
        suite: "tests".into(),
        cell: cell.parse().unwrap(),
        key: Some([0xcc; 32].into()),
        outcome,
        cause: String::new(),
        attempts: 1,
        tests: Counts { passed: 12, failed: 0, ignored: 1, filtered: 0, compiled: 0 },
        doctests: None,
        failures: Vec::new(),
        leaks: None,
        measured: None,
        proof: Some(proof()),
        started: 1_700_000_000,
        duration_ms: 12,
        executables_ms: 0,
    }
}

fn proof() -> Proof {
    Proof {
        platform: "linux-x86_64".into(),
        toolchain: ToolchainProof {
            release: "1.70.0".into(),
            rustc: "rustc 1.70.0 (90c541806 2023-05-31)\nbinary: rustc\nhost: x86_64-unknown-linux-gnu\n".into(),
            cargo: "cargo 1.70.0 (ec8a8a0ca 2023-04-25)\n".into(),
            packages: None,
        },
        source: SourceProof {
            commit: Some("c".repeat(40)),
            dirty: false,
            sources: [0x55; 32].into(),
            lockset: Some([0x11; 32].into()),
        },
        features: vec!["json".into(), "bundled".into()],
        not_promised: Vec::new(),
        debug: Default::default(),
        target: None,
        differences: Differences::default(),
        sqlite: Some(SqliteProof {
            linkage: Linkage::Dynamic,
            file: "/home/me/target/compat/sqlite/3.46.0/libsqlite3.so.0".into(),
            sha256: Some([0xaa; 32].into()),
            version: "3.46.0".into(),
            source_id: Some("2024-05-23 13:25:27 96c92aba".into()),
            compile_options: vec!["THREADSAFE=1".into(), "ENABLE_FTS5".into()],
            identified_by: Some(IdentifiedBy::Probe),
        }),
        fixture: Some(FixtureProof { name: "v24".into(), vintage: 24, sha256: [0xff; 32].into() }),
        executables: vec![ExecutableProof { name: "it".into(), sha256: [0xee; 32].into() }],
        env: [("HOME".to_owned(), "/home/me".to_owned())].into(),
    }
}

/// A meaning in which the value of `features` has this digest.
fn meaning(cell: &crate::cell::CellId, features: &str, expects: &str) -> crate::meaning::Meaning {
    let digest = |axis: &str| if axis == "features" { features.repeat(16) } else { "0".repeat(16) };
    let values = cell.pairs().iter().map(|(axis, _)| (axis.clone(), digest(axis.as_str())));
    crate::meaning::Meaning { suite: "5".repeat(16), values: values.collect(), expects: expects.to_owned() }
}

#[test]
fn the_text_of_three_records() {
    let cell = |sqlite: &str| format!("rust=1.70 sqlite={sqlite} schema=v24 features=json");
    let mut bundled = record(&cell("bundled"), Outcome::Failed);
    bundled.cause = "1 of 12 tests failed\nin /home/me/src/lib.rs:3".into();
    bundled.tests.failed = 1;
    bundled.doctests = Some(Counts { passed: 2, ..Counts::default() });
    let failure = |test: &str| TestFailure { executable: "it".into(), test: test.into(), output: "/home/me".into() };
    bundled.failures = vec![failure("z"), failure("a::b")];
    if let Some(Proof { sqlite: Some(sqlite), executables, .. }) = &mut bundled.proof {
        sqlite.linkage = Linkage::Static;
        sqlite.file = "/home/me/target/debug/deps/it-0123".into();
        sqlite.version = "3.45.0".into();
        executables[0].sha256 = [0xdd; 32].into();
    }
    let mut missing = record(&cell("host"), Outcome::Unavailable);
    missing.proof = None;
    missing.tests = Counts::default();
    missing.cause = "no libsqlite3 on this host; apt install libsqlite3-dev".into();

    let records = [missing, record(&cell("3.46.0"), Outcome::Passed), bundled];
    let mut file = EvidenceFile::from_records("linux-x86_64", records);
    file.change(|entry| {
        entry.date = Some("2026-11-21T15:47:32Z".into());
        // The last means something else by `json` than the others.
        let differs = entry.record.outcome == Outcome::Failed;
        entry.meaning = Some(meaning(&entry.record.cell, if differs { "b" } else { "a" }, "fail"));
    });
    file.change(|entry| {
        if entry.record.proof.is_none() {
            (entry.meaning, entry.date) = (None, None);
        }
    });
    let text = file.to_text();
    let expect = include_str!("golden.toml");
    assert_eq!(text, expect, "--- got ---\n{text}");
    assert_eq!(EvidenceFile::from_text(&text).unwrap(), file);
    for secret in ["/home", "1700000000", "HOME"] {
        assert!(!text.contains(secret), "{secret} in {text}");
    }
}

#[test]
fn evidence_from_before_a_sqlite_said_how_it_was_identified() {
    let file = EvidenceFile::from_records("linux-x86_64", [record("rust=1.70 sqlite=3.46.0", Outcome::Passed)]);
    let by = |text: &str| {
        let file = EvidenceFile::from_text(text).unwrap();
        let proof = file.entries().next().and_then(|entry| entry.record.proof.clone());
        proof.and_then(|proof| proof.sqlite?.identified_by)
    };
    let text = file.to_text();
    assert_eq!(by(&text), Some(IdentifiedBy::Probe));
    assert_eq!(by(&text.replace("\"probe\"", "\"file\"")), Some(IdentifiedBy::File));
    assert_eq!(by(&text.replace("identified-by = \"probe\"\n", "")), None);
    assert!(EvidenceFile::from_text(&text.replace("\"probe\"", "\"guess\"")).is_err());
}

#[test]
fn one_name_for_one_thing() {
    // `stable` was two toolchains, and there were two commits: each gets a separate name.
    let mut old = record("rust=stable features=default", Outcome::Passed);
    let mut new = record("rust=stable features=json", Outcome::Passed);
    old.proof.as_mut().unwrap().toolchain.release = "1.94.0".into();
    new.proof.as_mut().unwrap().toolchain.release = "1.95.0".into();
    new.proof.as_mut().unwrap().source.commit = None;
    new.proof.as_mut().unwrap().source.dirty = true;
    let mut same_name = record("rust=stable features=pool", Outcome::Passed);
    same_name.proof.as_mut().unwrap().toolchain.release = "1.95.0".into();
    same_name.proof.as_mut().unwrap().toolchain.cargo = "another cargo".into();
    let file = EvidenceFile::from_records("linux-x86_64", [new, old, same_name]);
    let text = file.to_text();
    for heading in [
        "[toolchain.\"stable 1.94.0\"]",
        "[toolchain.\"stable 1.95.0\"]",
        "[toolchain.\"stable 1.95.0~2\"]",
        "[origin.1]",
        "[origin.2]",
        "[build.\"stable 1.95.0~2 pool dynamic\"]",
    ] {
        assert!(text.contains(heading), "{heading} in {text}");
    }
    assert_eq!(EvidenceFile::from_text(&text).unwrap(), file);
    assert_eq!(file.entries().filter(|entry| entry.record.proof.is_some()).count(), 3);
}

#[test]
fn which_record_counts() {
    let cell = "rust=1.70";
    let at = |outcome, started| Record { started, ..record(cell, outcome) };
    type Tries<'a> = &'a [(Outcome, i64)];
    let table: [(Tries<'_>, Option<Outcome>); 7] = [
        (&[(Outcome::Passed, 1), (Outcome::Failed, 2)], Some(Outcome::Failed)),
        (&[(Outcome::Failed, 2), (Outcome::Passed, 1)], Some(Outcome::Failed)),
        (&[(Outcome::Passed, 1), (Outcome::Unavailable, 2)], Some(Outcome::Passed)),
        (&[(Outcome::Unavailable, 2), (Outcome::Passed, 1)], Some(Outcome::Passed)),
        (&[(Outcome::Passed, 1), (Outcome::Infrastructure, 2)], Some(Outcome::Passed)),
        (&[(Outcome::Infrastructure, 2)], None),
        (&[(Outcome::Misidentified, 2), (Outcome::Passed, 1)], Some(Outcome::Misidentified)),
    ];
    for (records, expect) in table {
        let file = EvidenceFile::from_records("linux-x86_64", records.iter().map(|(o, t)| at(*o, *t)));
        assert_eq!(file.entries().next().map(|e| e.record.outcome), expect, "{records:?}");
    }
    assert_eq!(EvidenceFile::from_records("macos-aarch64", [at(Outcome::Passed, 1)]).entries().len(), 0);
}

#[test]
fn merging() {
    let file = |records: &[(&str, Outcome)]| {
        EvidenceFile::from_records("linux-x86_64", records.iter().map(|(cell, o)| record(cell, *o)))
    };
    let outcome = |f: &EvidenceFile, cell: &str| f.entry("tests", &cell.parse().unwrap()).map(|e| e.record.outcome);
    let old = file(&[("rust=1.70", Outcome::Passed), ("rust=1.75", Outcome::Failed)]);
    let new =
        file(&[("rust=1.70", Outcome::Unavailable), ("rust=1.75", Outcome::Passed), ("rust=1.80", Outcome::Failed)]);
    let merged = old.clone().merge(new.clone());
    assert_eq!(outcome(&merged, "rust=1.70"), Some(Outcome::Passed), "unavailable hides nothing");
    assert_eq!(outcome(&merged, "rust=1.75"), Some(Outcome::Passed));
    assert_eq!(outcome(&merged, "rust=1.80"), Some(Outcome::Failed));
    assert_eq!(merged.clone().merge(new), merged, "idempotent");
    let elsewhere = EvidenceFile::empty("macos-aarch64");
    assert_eq!(elsewhere.clone().merge(old), elsewhere);
}

#[test]
fn errors_name_the_line_and_what_to_do() {
    let good =
        EvidenceFile::from_records("p", [Record { proof: None, ..record("rust=1.70", Outcome::Passed) }]).to_text();
    let table = [
        (good.replace("format = 2", "format = 3"), 2, "format 3 of evidence", "update compatrix"),
        (good.replace("format = 2", "format = 0"), 2, "format 0 of evidence", "regenerate it with"),
        (good.replace("format = 2\n", ""), 1, "no `format = 2`", "regenerate it with"),
        (good.replace("key =", "meaning = \"1\"\nkey ="), 10, "no [meaning.\"1\"] in this file", "regenerate it with"),
        (
            good.replace("key =", "meaning = \"1\"\nkey =") + "\n[meaning.1.suite]\ntests = \"a\"\n",
            10,
            "[meaning.1] has no `rust=1.70`",
            "regenerate it with",
        ),
        (
            format!("{good}\n[origin.1]\ndirty = false\nsources = \"{}\"\ndate = \"now\"\n", "0".repeat(64)),
            15,
            "\"now\" is no date",
            "regenerate it with",
        ),
        (good.replace("\"passed\"", "\"fine\""), 8, "outcome \"fine\"; known are passed, failed", "regenerate it with"),
        (good.replace("rust=1.70", "rust"), 7, "is not `axis=value`", "regenerate it with"),
        (
            good.replace("key =", "build = \"x\"\nkey ="),
            10,
            "no [build.\"x\"] in this file (it has none)",
            "regenerate it with",
        ),
        (good.replace("key =", "when = \"x\"\nkey ="), 10, "unknown field `when`", "regenerate it with"),
        (
            good.replace(&"c".repeat(64), "cc"),
            10,
            "a SHA-256 has 64 lower-case hex digits, unlike \"cc\"",
            "regenerate it with",
        ),
        (format!("{good}{}", &good[good.find("\n[[").unwrap()..]), 14, "a second record", "regenerate it with"),
        (format!("<<<<<<< HEAD\n{good}"), 1, "", "merge conflict"),
    ];
    for (text, line, message, help) in table {
        let error = EvidenceFile::from_text(&text).expect_err(&text);
        assert_eq!(error.line, line, "{error}");
        assert!(error.message.contains(message), "{error}");
        assert!(error.help.contains(help), "{error}");
    }
}

#[test]
fn an_older_format_is_read_without_meanings() {
    let file = EvidenceFile::from_records("p", [record("rust=1.70", Outcome::Passed)]);
    let old = file.to_text().replace("format = 2", "format = 1");
    let read = EvidenceFile::from_text(&old).expect("still read");
    assert_eq!(read, file);
    assert!(read.entries().all(|entry| entry.meaning.is_none() && entry.date.is_none()));
    assert!(read.to_text().contains("format = 2"), "and written as what it is");
}

#[test]
fn paths_of_the_machine_are_scrubbed() {
    for (text, expect) in [
        ("/home/me/x/lib.rs:3:5: boom", "…/lib.rs:3:5: boom"),
        ("error in `/home/me/x` and \"C:\\Users\\me\\y.rs\" (C:/z/w)", "error in `…/x` and \"…/y.rs\" (…/w)"),
        ("src/lib.rs ./a ../b a/b and/or 1/2", "src/lib.rs ./a ../b a/b and/or 1/2"),
        ("https://example.org/a/b file:///home/me/c", "https://example.org/a/b …/c"),
        ("PATH=/usr/bin:/home/me/bin -L/usr/lib ~/.cargo/bin", "PATH=…/bin:…/bin -L…/lib …/bin"),
        ("\\\\host\\share\\f; / alone", "…/f; / alone"),
        ("…/lib.rs", "…/lib.rs"),
    ] {
        assert_eq!(scrub_paths(text), expect);
        assert_eq!(scrub_paths(expect), expect, "twice");
    }
    let long = scrub::one_line(&"many words\n".repeat(100));
    assert!(long.chars().count() <= 300 && long.ends_with('…') && !long.contains('\n'));
}

fn text() -> impl Strategy<Value = String> {
    prop_oneof![4 => "[a-z~ .]{0,6}", 1 => "\\PC{0,8}", 1 => "[\"\\\\\n\r\t\u{1}\u{7f}'#=\\[\\]]{0,8}"]
}

fn hash() -> impl Strategy<Value = Sha256> {
    any::<[u8; 32]>().prop_map(Sha256::from)
}

fn any_record() -> impl Strategy<Value = Record> {
    let counts = || (0u32..5, 0u32..5, any::<u32>(), any::<u32>());
    let counts = move || {
        counts().prop_map(|(passed, failed, ignored, filtered)| Counts {
            passed,
            failed,
            ignored,
            filtered,
            compiled: ignored / 2,
        })
    };
    let cell = ("1\\.7[0-2]|stable|host", "bundled|3\\.46\\.0")
        .prop_map(|(a, b)| format!("rust={a} sqlite={b}").parse().unwrap());
    let sqlite = (
        any::<bool>(),
        hash(),
        text(),
        text(),
        proptest::option::of("\\PC{1,8}"),
        proptest::collection::vec(text(), 0..3),
        proptest::option::of(prop_oneof![Just(IdentifiedBy::Probe), Just(IdentifiedBy::File)]),
    )
        .prop_map(|(fixed, sha256, file, version, source_id, compile_options, identified_by)| SqliteProof {
            linkage: if fixed { Linkage::Static } else { Linkage::Dynamic },
            sha256: Some(sha256),
            file,
            version,
            source_id,
            compile_options,
            identified_by,
        });
    let fixture =
        ("v[12]", any::<i64>(), hash()).prop_map(|(name, vintage, sha256)| FixtureProof { name, vintage, sha256 });
    let source = (proptest::option::of(text()), any::<bool>(), hash(), proptest::option::of(hash()))
        .prop_map(|(commit, dirty, sources, lockset)| SourceProof { commit, dirty, sources, lockset });
    let toolchain = (text(), text(), text(), proptest::option::of(text()))
        .prop_map(|(release, rustc, cargo, packages)| ToolchainProof { release, rustc, cargo, packages });
    let proof = (
        toolchain,
        source,
        proptest::collection::vec(text(), 0..3),
        hash(),
        proptest::option::of(sqlite),
        proptest::option::of(fixture),
    )
        .prop_map(|(toolchain, source, features, sha256, sqlite, fixture)| Proof {
            platform: "p".into(),
            toolchain,
            source,
            executables: features.iter().map(|f| ExecutableProof { name: f.clone(), sha256 }).collect(),
            not_promised: Vec::new(),
            debug: Default::default(),
            target: None,
            differences: Differences {
                left_out: features.iter().map(|f| LeftOut { target: f.clone(), requires: features.clone() }).collect(),
                added_features: features.clone(),
                missing_features: features.clone(),
            },
            features,
            sqlite,
            fixture,
            env: BTreeMap::new(),
        });
    let outcome = proptest::sample::select(Outcome::ALL.to_vec());
    let head = ("tests|leak", cell, proptest::option::of(hash()), outcome, text(), any::<u32>());
    (
        head,
        counts(),
        proptest::option::of(counts()),
        proptest::collection::vec(text(), 0..3),
        proptest::option::of(proof),
        any::<i64>(),
        (proptest::option::of(leaks::any_report()), proptest::option::of(measurements())),
    )
        .prop_map(|(head, tests, doctests, failing, proof, started, (leaks, measured))| {
            let (suite, cell, key, outcome, cause, attempts) = head;
            Record {
                suite,
                cell,
                key,
                outcome,
                cause,
                attempts,
                tests,
                doctests,
                failures: failing
                    .into_iter()
                    .map(|test| TestFailure { executable: String::new(), test, output: String::new() })
                    .collect(),
                leaks,
                measured,
                proof,
                started,
                duration_ms: 0,
                executables_ms: 0,
            }
        })
}

fn measurements() -> impl Strategy<Value = Measurements> {
    let number = proptest::num::f64::NORMAL | proptest::num::f64::ZERO | proptest::num::f64::SUBNORMAL;
    let figure =
        (text(), text(), number, any::<u32>(), any::<bool>()).prop_map(|(bench, unit, value, samples, exact)| Figure {
            bench,
            metric: "m".to_owned(),
            unit,
            value: Number(value),
            samples,
            exact,
        });
    (proptest::collection::vec(figure, 0..3), any::<u32>()).prop_map(|(figures, n)| Measurements {
        figures,
        peak_memory: Some(n.into()),
        cpu_ms: n.into(),
        findings: vec!["a finding".to_owned()],
    })
}

proptest! {
    #[test]
    fn the_text_round_trips(records in proptest::collection::vec(any_record(), 0..12)) {
        let mut file = EvidenceFile::from_records("p", records);
        let mut n = 0;
        file.change(|entry| {
            n += 1;
            let [features, expects] = [["a", "b"][n % 2], ["pass", "fail"][n / 2 % 2]];
            entry.meaning = (n % 3 > 0).then(|| meaning(&entry.record.cell, features, expects));
            let dated = n % 5 > 0 && entry.record.proof.is_some();
            entry.date = dated.then(|| format!("2026-11-2{}T00:00:00Z", n % 4));
        });
        let text = file.to_text();
        let back = EvidenceFile::from_text(&text);
        prop_assert_eq!(back.as_ref(), Ok(&file), "{}", text);
    }

    #[test]
    fn the_order_of_records_does_not_matter(records in proptest::collection::vec(any_record(), 0..12)) {
        let mut seen = std::collections::BTreeSet::new();
        // Two different records of one cell, started in the same second, are not told apart by more than their key,
        // outcome and cause.
        let records: Vec<Record> = records.into_iter().filter(|r| seen.insert((r.cell.clone(), r.suite.clone(), r.started))).collect();
        let mut reversed = records.clone();
        reversed.reverse();
        prop_assert_eq!(EvidenceFile::from_records("p", records).to_text(), EvidenceFile::from_records("p", reversed).to_text());
    }

    #[test]
    fn merging_twice_is_merging_once(old in proptest::collection::vec(any_record(), 0..8), new in proptest::collection::vec(any_record(), 0..8)) {
        let (old, new) = (EvidenceFile::from_records("p", old), EvidenceFile::from_records("p", new));
        let once = old.clone().merge(new.clone());
        prop_assert_eq!(&once.clone().merge(new), &once);
        prop_assert_eq!(&once.clone().merge(once.clone()), &once);
        prop_assert_eq!(EvidenceFile::empty("p").merge(old.clone()), old);
    }

    #[test]
    fn scrubbing_is_idempotent(text in "[a-zA-Z/\\\\:~ .=-]{0,30}") {
        let once = scrub_paths(&text);
        prop_assert_eq!(scrub_paths(&once), once);
    }
}

#[test]
fn the_time_on_the_clock_is_no_evidence() {
    let cause = "it ran for more than 5s in a, of 12.3 s on the clock".to_owned();
    let record = Record::blank("tests", "rust=stable".parse().unwrap(), None, Outcome::TimedOut, cause);
    assert_eq!(Entry::new(record).record.cause, "it ran for more than 5s in a");
}
