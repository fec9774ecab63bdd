//! Findings on their way to the pages: SARIF and JUnit, evidence, RELIABILITY.md and what COMPATIBILITY.md says of it.

#![allow(clippy::disallowed_methods, reason = "tests read pages and edit files")]

use serde_json::Value;

use crate::support::{exists, Workspace};

/// With line numbers, which the other tests do without.
const MANIFEST: &str = "[package]\nname = \"made\"\nversion = \"0.1.0\"\nedition = \"2021\"\n\n[lib]\ntest = false\n\
                        doctest = false\n\n[profile.dev]\ndebug = 1\n";

const SPEC: &str = r#"
[claims]
rust = "1.50"
[axis]
rust = [HERE]
[[suite]]
name = "tests"
kind = "test"
[[suite]]
name = "memcheck"
kind = "leak"
tool = "valgrind"
"#;

const TESTS: &str = "#[test]\nfn forgets() {\n    std::mem::forget(vec![1u8; 1001]);\n}\n\n#[test]\nfn works() {}\n";

const PLANTED: &str = "tools = [\"valgrind\", \"resources\"]\n\n[[leak]]\nname = \"box_leak\"\nwhat = \"a box\"\n\
                       found = [\"found\", \"cannot: once is no growth\"]\ntwin = \"clean\"\n";

fn read(made: &Workspace, path: &str) -> String {
    std::fs::read_to_string(made.path(path)).unwrap_or_else(|error| panic!("{path}: {error}"))
}

#[test]
fn a_leak_reaches_every_page_and_no_promise() {
    if !exists("/usr/bin/valgrind") {
        println!("skipped: no valgrind; apt-get install valgrind");
        return;
    }
    let made = Workspace::new(SPEC).file("Cargo.toml", MANIFEST).tests(TESTS);
    let (sarif, junit) = (made.path("target/l.sarif"), made.path("target/l.xml"));
    let ran = made.run(&["leak-check", "--sarif", sarif.to_str().unwrap(), "--junit", junit.to_str().unwrap()]);
    ran.expect(1).prints(&[
        "memcheck",
        "definite leak, 1001 bytes in 1 block",
        "tests/it.rs:3 in it::forgets",
        "it::forgets",
    ]);
    let sarif: Value = serde_json::from_str(&read(&made, "target/l.sarif")).expect("JSON");
    let result = &sarif["runs"][0]["results"][0];
    let place = &result["locations"][0]["physicalLocation"];
    assert_eq!(place["artifactLocation"]["uri"], "tests/it.rs", "{result:#}");
    assert_eq!((&result["level"], &place["region"]["startLine"]), (&"error".into(), &3.into()), "{result:#}");
    let junit = read(&made, "target/l.xml");
    assert!(junit.contains("tests/it.rs:3 in it::forgets") && junit.contains("canary"), "{junit}");

    // The grid of `compat` knows nothing of it.
    made.json(0, &[]);
    made.run(&["evidence", "record"]).expect(0);
    made.run(&["report"]).expect(0).says(&["docs/RELIABILITY.md"]);
    let page = read(&made, "docs/RELIABILITY.md");
    for text in
        ["found **1 leak or memory error**", "`tests/it.rs:3`", "`it::forgets`", "definite leak, 1001 bytes in 1 block"]
    {
        assert!(page.contains(text), "{text} in\n{page}");
    }
    let root = made.root();
    assert!(!page.contains(root.to_str().expect("UTF-8")), "no path of this machine\n{page}");
    let compatibility = read(&made, "docs/COMPATIBILITY.md");
    assert!(!compatibility.contains("❌"), "a leak contradicts no promise\n{compatibility}");
    assert!(compatibility.contains("(RELIABILITY.md)"), "{compatibility}");
    assert!(!compatibility.contains("## Broken"), "{compatibility}");

    // Writing the pages makes nothing stale; drift is told.
    made.run(&["report", "--check", "--require-fresh"]).expect(0);
    made.write("docs/RELIABILITY.md", page.replace("1001", "7"));
    made.run(&["report", "--check"]).expect(1).prints(&["-", "1001 bytes"]);
    made.run(&["report"]).expect(0);

    // What the baseline accepts by now, evidence accepts too, without another run.
    let baseline = made.run(&["leak-check", "--print-baseline"]);
    let baseline = baseline.expect(1).stdout.replace("reason = \"\"", "reason = \"soon\"");
    made.write("compat/baseline.toml", &baseline);
    made.run(&["evidence", "record"]).expect(0);
    made.run(&["report"]).expect(0);
    let page = read(&made, "docs/RELIABILITY.md");
    assert!(page.contains("## Accepted for now") && page.contains("; 1 is accepted for now"), "{page}\n{baseline}");

    // The table of planted leaks, right and wrong.
    made.write("compat/planted.toml", PLANTED);
    made.run(&["report"]).expect(0);
    let page = read(&made, "docs/RELIABILITY.md");
    assert!(page.contains("| `box_leak` | a box | ✅ | ➖ 1 | ✅ clean |"), "{page}");
    made.write("compat/planted.toml", PLANTED.replace("valgrind", "gdb"));
    made.run(&["report"]).expect(2).says(&["compat/planted.toml"]);
}

#[test]
fn pages_of_leaks_are_written_only_where_a_suite_looks_for_them() {
    let made = Workspace::new("[axis]\nrust = [HERE]\n").tests("#[test]\nfn works() {}\n");
    made.run(&["report"]).expect(0);
    assert!(!made.path("docs/RELIABILITY.md").exists());
    let made = Workspace::new(SPEC).tests("#[test]\nfn works() {}\n").file("docs/RELIABILITY.md", "# By hand\n");
    let ran = made.assert_tree_unchanged(|| made.run(&["report"]));
    ran.expect(2).says(&["docs/RELIABILITY.md was not written by compatrix", "`reliability` under [project]"]);
}

#[test]
fn a_rule_that_knows_of_failing_tests_hides_no_leak() {
    if !exists("/usr/bin/valgrind") {
        println!("skipped: no valgrind; apt-get install valgrind");
        return;
    }
    let rule = "[[rule]]\nwhen = { rust = \"*\" }\nexpect = \"fail\"\nreason = \"not ready\"\n";
    let fails = "#[test]\nfn fails() { panic!(\"not ready\"); }\n";
    let made = Workspace::new(&format!("{SPEC}{rule}")).file("Cargo.toml", MANIFEST).tests(fails);
    made.run(&["leak-check"]).expect(0).prints(&["fails as expected by a rule in the spec", "not ready"]);
    made.write("tests/it.rs", format!("{fails}{TESTS}"));
    made.run(&["leak-check"]).expect(1).prints(&["it::forgets", "definite leak, 1001 bytes in 1 block"]);
}
