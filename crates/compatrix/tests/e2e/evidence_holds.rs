//! Evidence against change and against lies: what means something else is stale, what contradicts itself is refused.

#![allow(clippy::disallowed_methods, reason = "tests edit files")]

use std::fs;

use crate::support::{commit, git, judged, totals, Workspace};

const SPEC: &str = r#"
[claims.platforms]
tier1 = ["linux-x86_64"]
[axis]
rust = [HERE]
[axis.features]
set = []
[axis.mode]
env = "MODE"
values = { a = "good" }
[[suite]]
name = "tests"
"#;

const TESTS: &str = "#[test]\nfn good() { assert_eq!(std::env::var(\"MODE\").unwrap(), \"good\"); }\n";

/// Of the only platform here.
const FILE: &str = "compat/evidence/linux-x86_64.toml";

/// A committed workspace with a green cell, its evidence and its page.
fn recorded() -> Workspace {
    let made = Workspace::new(SPEC).tests(TESTS).file(".gitignore", "/target\n");
    git(&made, &["init", "--quiet"]);
    commit(&made);
    made.json(0, &[]);
    made.run(&["evidence", "record"]).expect(0);
    made.run(&["report"]).expect(0);
    commit(&made);
    made.run(&["report", "--check", "--require-fresh"]).expect(0);
    made
}

fn edit(made: &Workspace, path: &str, from: &str, to: &str) {
    let text = fs::read_to_string(made.path(path)).expect("reads");
    assert!(text.contains(from), "{from} in {text}");
    fs::write(made.path(path), text.replacen(from, to, 1)).expect("writes");
}

fn page(made: &Workspace) -> String {
    fs::read_to_string(made.path("docs/COMPATIBILITY.md")).expect("a page")
}

#[test]
fn what_means_something_else_is_stale_until_it_is_recorded_again() {
    let made = recorded();
    let text = fs::read_to_string(made.path(FILE)).expect("evidence");
    assert!(text.contains("[meaning.1.axis.features]") && text.contains("\ndate = \"20"), "{text}");
    for (from, to, what) in [
        ("set = []", "set = [\"json\"]", "`features=set`"),
        ("\"good\"", "\"bad\"", "`mode=a`"),
        ("name = \"tests\"", "name = \"tests\"\nargs = [\"--include-ignored\"]", "the suite `tests`"),
        ("[[suite]]", "[[rule]]\nwhen = { mode = \"a\" }\nexpect = \"fail\"\nreason = \"x\"\n[[suite]]", "the rules"),
    ] {
        let spec = fs::read_to_string(made.path("compat/matrix.toml")).expect("reads");
        edit(&made, "compat/matrix.toml", from, to);
        let words = format!("1 result is from when {what} meant something else");
        made.run(&["report", "--require-fresh"]).expect(1).says(&[&words, "stale: linux-x86_64 (tier1): "]);
        assert!(page(&made).contains("| ⏳ stale | "), "{}", page(&made));
        // A rule changes what is expected, but not what ran: what is known is recorded again.
        if what == "the rules" {
            made.run(&["evidence", "record"]).expect(0);
            made.run(&["report", "--require-fresh"]).expect(0);
        } else {
            made.run(&["evidence", "record"]).expect(2).says(&["no result for today's inputs (1 is of other sources"]);
        }
        fs::write(made.path("compat/matrix.toml"), spec).expect("writes");
    }
}

#[test]
fn what_a_walk_shows_is_what_is_recorded() {
    let made = recorded();
    edit(&made, "compat/matrix.toml", "\"good\"", "\"bad\"");
    made.json(1, &[]);
    edit(&made, "compat/matrix.toml", "\"bad\"", "\"good\"");
    assert_eq!(totals(&made.json(0, &[])), [0, 0, 1]);
    fs::remove_file(made.path(FILE)).expect("removes");
    made.run(&["evidence", "record"]).expect(0);
    let text = fs::read_to_string(made.path(FILE)).expect("evidence");
    assert!(text.contains("outcome = \"passed\"") && !text.contains("failed"), "{text}");
}

#[test]
fn evidence_of_older_sources_is_stale_with_its_commit_and_date() {
    let spec = SPEC.replace("[axis.mode]", "[axis.n]\nenv = \"N\"\nvalues = [\"1\", \"2\"]\n[axis.mode]");
    let made = Workspace::new(&spec).tests(TESTS).file(".gitignore", "/target\n");
    git(&made, &["init", "--quiet"]);
    commit(&made);
    made.json(0, &["--cell", "n=1"]);
    made.run(&["evidence", "record"]).expect(0);
    made.run(&["report"]).expect(0);
    assert!(page(&made).contains("| ✅ proven | 1 result with linux-x86_64 passed | "), "{}", page(&made));
    // Dates have whole seconds.
    std::thread::sleep(std::time::Duration::from_millis(1100));
    made.write("src/lib.rs", "pub fn new() {}\n");
    commit(&made);
    made.json(0, &["--cell", "n=2"]);
    made.run(&["evidence", "record"]).expect(0);
    made.run(&["report", "--require-fresh"]).expect(1).says(&["1 result is of other sources (commit ", "with n=1"]);
    let page = page(&made);
    assert!(page.contains("evidence of 2 different sources"), "{page}");
    assert!(page.contains("| ✅ proven | 1 result with linux-x86_64 passed; 1 more is stale | "), "{page}");
    assert!(page.contains("of other sources (commit ") && page.contains(" of 20"), "{page}");
}

#[test]
fn committed_evidence_that_contradicts_itself_is_refused_by_name() {
    let made = recorded();
    let good = fs::read_to_string(made.path(FILE)).expect("evidence");
    let key = good.lines().find(|line| line.starts_with("key = ")).expect("a key").to_owned();
    let build = good.lines().find(|line| line.starts_with("build = ")).expect("a build").to_owned();
    let tests = "tests = { passed = 1 }";
    let itself = |what: &str| format!("`tests` in `rust=here features=set mode=a` contradicts itself: {what}");
    let table: [(&str, &str, String); 9] = [
        (tests, "tests = { passed = 1, failed = 1 }", itself("it passed, and 1 test failed")),
        (tests, "tests = { passed = 1 }\nfailing = [\"a\"]", itself("it passed, and the test `a` failed")),
        (tests, "tests = { passed = 0, ignored = 3 }", itself("it passed, and no test ran")),
        (tests, "attempts = 0\ntests = { passed = 1 }", itself("it has a result, and was never tried")),
        (
            tests,
            "tests = { passed = 4294967295, failed = 4294967295 }",
            itself("it passed, and 4294967295 tests failed"),
        ),
        ("\"passed\"", "\"failed\"", itself("its outcome is failed, and it gives no reason")),
        (&build, "", itself("it passed, and nothing proves what ran")),
        (&key, "key = \"zzz\"", "a SHA-256 has 64 lower-case hex digits, unlike \"zzz\"".to_owned()),
        (&key, "key = \"\"", itself("it has a result, and no key")),
    ];
    for (from, to, what) in &table {
        let text = good.replacen(from, to, 1);
        assert_ne!(text, good, "{from}");
        fs::write(made.path(FILE), &text).expect("writes");
        for command in [&["report"][..], &["evidence", "record"]] {
            made.run(command).expect(2).says(&[FILE, what]);
            assert_eq!(fs::read_to_string(made.path(FILE)).expect("reads"), text, "and left as it is");
        }
    }
    // A copy that calls itself another platform.
    fs::write(made.path(FILE), &good).expect("writes");
    let macos = good.replace("linux-x86_64", "macos-aarch64");
    for (text, says) in [(&good, "it says that it is of linux-x86_64"), (&macos, "its proof is of ")] {
        made.write("compat/evidence/macos-aarch64.toml", text);
        made.run(&["report"]).expect(2).says(&["compat/evidence/macos-aarch64.toml", says]);
    }
}

#[test]
fn results_of_a_suite_that_was_renamed_are_named_and_dropped_when_recording() {
    let made = recorded();
    edit(&made, "compat/matrix.toml", "name = \"tests\"", "name = \"unit\"");
    let unknown = "1 result of an unknown suite `tests`";
    made.run(&["report"]).expect(2).says(&[FILE, unknown, "(known: `unit`)", "evidence record"]);
    made.json(0, &[]);
    made.run(&["evidence", "record", "--keep"]).expect(2).says(&[FILE, unknown, "without --keep"]);
    made.run(&["evidence", "record"]).expect(0).says(&["Dropped", unknown]);
    made.run(&["report", "--require-fresh"]).expect(0);
    let text = fs::read_to_string(made.path(FILE)).expect("reads");
    assert!(text.contains("suite = \"unit\"") && !text.contains("suite = \"tests\""), "{text}");
}

#[test]
fn a_row_of_the_ledger_that_contradicts_itself_is_not_used() {
    let made = recorded();
    let edits = [
        "record = replace(record, '\"failed\":0', '\"failed\":1')",
        "record = replace(record, '\"passed\":1', '\"passed\":0')",
        "record = replace(record, '\"attempts\":1', '\"attempts\":0')",
        "record = replace(record, '\"suite\":\"tests\"', '\"suite\":\"other\"')",
        "outcome = 'failed'",
        "cell = 'rust=here features=set mode=b'",
    ];
    for edit in edits {
        let other = rusqlite::Connection::open(made.compat("ledger.sqlite")).expect("opens");
        let changed = other.execute(&format!("UPDATE records SET {edit} WHERE id = (SELECT max(id) FROM records)"), []);
        assert_eq!(changed.expect("updates"), 1);
        drop(other);
        if edit.contains("failed\":1") {
            made.run(&["evidence", "record"])
                .expect(2)
                .says(&["contradicts itself and is not recorded", "1 test failed"]);
        }
        let ran = made.run(&["compat", "--format", "json"]);
        ran.expect(0);
        assert_eq!(totals(&ran.json()), [1, 1, 0], "{edit}: it runs again\n{ran}");
        if edit.contains("failed\":1") {
            ran.says(&["a result in the ledger contradicts itself and is not used", "1 test failed"]);
        }
    }
    // A red row made green by hand is still no green cell.
    made.write("tests/it.rs", "#[test]\nfn fails() { panic!() }\n");
    assert_eq!(judged(&made.json(1, &[]), "mode=a").0, "broken");
    let other = rusqlite::Connection::open(made.compat("ledger.sqlite")).expect("opens");
    let edit =
        "UPDATE records SET outcome = 'passed', record = replace(replace(replace(record, '\"outcome\":\"failed\"', \
                '\"outcome\":\"passed\"'), '\"failed\":1', '\"failed\":0'), '\"attempts\":2', '\"attempts\":1')";
    other.execute(edit, []).expect("updates");
    drop(other);
    assert_eq!(judged(&made.json(1, &[]), "mode=a").0, "broken");
}
