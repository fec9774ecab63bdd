//! Builds without debug information, and what is built and run again with it.

#![allow(clippy::disallowed_methods, reason = "tests make files")]

use std::process::Stdio;

use rustix::process::Signal;

use crate::support::{commit, exists, git, judged, row, signal, text_of, totals, wait_for, Workspace};

const SPEC: &str = "[axis]\nrust = [HERE]\n[[suite]]\nname = \"tests\"\n";
const LINES: &str =
    "fn has_lines() -> bool { std::backtrace::Backtrace::force_capture().to_string().contains(\"it.rs\") }\n";

/// With debug information in its profile `dev`, as a package has by default.
fn made(spec: &str, tests: &str) -> Workspace {
    let made = Workspace::new(spec).tests(&format!("{LINES}{tests}"));
    let manifest = std::fs::read_to_string(made.path("Cargo.toml")).expect("a manifest");
    made.write("Cargo.toml", manifest.replace("debug = 0", "opt-level = 0"));
    made
}

fn in_full(spec: &str) -> String {
    spec.replace("name = \"tests\"", "name = \"tests\"\ndebug = \"full\"")
}

fn attempts(json: &serde_json::Value) -> serde_json::Value {
    row(json, "rust=here")["record"]["attempts"].clone()
}

#[test]
fn a_test_that_reads_debug_information_passes_and_is_named() {
    let test = "#[test]\nfn reads() { assert!(has_lines(), \"no lines\"); }\n";
    let made = made(SPEC, test);
    let json = made.json(0, &[]);
    let (verdict, outcome, cause) = judged(&json, "rust=here");
    assert_eq!((verdict.as_str(), outcome.as_str(), attempts(&json)), ("ok", "passed", 1.into()));
    assert_eq!(
        cause,
        "failed without debug information, passed with it: 1 of 1 tests failed in it, first reads; a test reads it: set \
         `debug = \"full\"` in the suite `tests`"
    );
    // The result is that of the full build: it is found again, and by a spec that asks for one too.
    assert_eq!(totals(&made.json(0, &[])), [0, 0, 1]);
    made.run(&["repro", "rust=here"]).expect(0).prints(&["# 1. build"]);
    assert!(!made.run(&["repro", "rust=here"]).stdout.contains("CARGO_PROFILE_DEV_DEBUG"));
    let spec = std::fs::read_to_string(made.path("compat/matrix.toml")).expect("a spec");
    made.write("compat/matrix.toml", in_full(&spec));
    assert_eq!(totals(&made.json(0, &[])), [0, 0, 1]);
    let json = made.json(0, &["--fresh"]);
    assert_eq!(judged(&json, "rust=here"), ("ok".to_owned(), "passed".to_owned(), String::new()));
}

#[test]
fn the_remedy_is_shown_once_for_each_suite_and_the_second_build_is_on_the_timeline() {
    let spec = "[axis]\nrust = [HERE]\n[axis.n]\nenv = \"N\"\nvalues = [\"a\", \"b\"]\n[[suite]]\nname = \"tests\"\n";
    let made = made(spec, "#[test]\nfn reads() { assert!(has_lines(), \"no lines\"); }\n");
    made.write("target/made", "");
    let page = made.path("target/t.html");
    let ran = made.run(&["compat", "--timings", page.to_str().expect("a path")]);
    ran.expect(0).says(&["set `debug = \"full\"` in the suite `tests`", "the timings of 2 builds"]);
    assert_eq!(ran.stderr.matches("failed without debug information, passed with it").count(), 1, "{ran}");
    assert!(std::fs::read_to_string(page).expect("a page").contains("rust=here with debug information"));
}

#[test]
fn a_suite_that_is_alone_is_confirmed_too_and_a_crash_as_a_failure() {
    let test = "#[test]\nfn reads() { if !has_lines() { std::process::abort() } }\n";
    let json = made(&format!("{SPEC}alone = true\n"), test).json(0, &[]);
    let (verdict, _, cause) = judged(&json, "rust=here");
    assert_eq!(verdict, "ok");
    assert!(cause.starts_with("failed without debug information, passed with it: it was ended by SIGABRT"), "{cause}");
}

#[test]
fn what_fails_with_debug_information_too_is_broken_and_says_where() {
    let made = made(SPEC, "#[test]\nfn fails() {\n    assert!(false, \"as ever\");\n}\n");
    let json = made.json(1, &[]);
    let (verdict, outcome, cause) = judged(&json, "rust=here");
    assert_eq!((verdict.as_str(), outcome.as_str(), attempts(&json)), ("broken", "failed", 3.into()));
    assert_eq!(cause, "1 of 1 tests failed in it, first fails");
    let record = &row(&json, "rust=here")["record"];
    let output = record["failures"][0]["output"].as_str().expect("an output");
    assert!(output.contains("tests/it.rs:4:"), "{output}");
    assert!(record["proof"]["debug"].is_null(), "the full build's: {record:#}");
}

#[test]
fn what_rules_expect_is_judged_by_the_full_build_unless_they_name_the_error() {
    let rule = |more: &str| {
        format!("{SPEC}[[rule]]\nwhen = {{ rust = \"here\" }}\nexpect = \"fail\"\nreason = \"so\"\n{more}\n")
    };
    let of = |spec: &str, test: &str, code: i32| {
        let made = made(spec, test);
        let json = made.json(code, &[]);
        let record = &row(&json, "rust=here")["record"];
        (judged(&json, "rust=here").0, record["proof"]["debug"].clone())
    };
    let reads = "#[test]\nfn reads() { assert!(has_lines(), \"no lines\"); }\n";
    let fails = "#[test]\nfn fails() { panic!(\"as ever\"); }\n";
    let hides = "#[test]\nfn hides() { assert!(!has_lines(), \"lines\"); }\n";
    let full = serde_json::Value::Null;
    // Only without debug information does it fail, or pass.
    assert_eq!(of(&rule(""), reads, 1), ("unexpected-pass".to_owned(), full.clone()));
    assert_eq!(of(&rule(""), hides, 0), ("known".to_owned(), full.clone()));
    // The failure is the one that is meant.
    assert_eq!(of(&rule("error = \"as ever\""), fails, 0), ("known".to_owned(), "none".into()));
    assert_eq!(of(&rule(""), fails, 0), ("known".to_owned(), full.clone()));
    assert_eq!(of(&rule("error = \"another\""), fails, 1), ("broken".to_owned(), full));
}

#[test]
fn a_rule_that_is_added_later_is_judged_by_the_full_build_too() {
    let made = made(SPEC, "#[test]\nfn hides() { assert!(!has_lines(), \"lines\"); }\n");
    assert_eq!(judged(&made.json(0, &[]), "rust=here").0, "ok");
    let spec = std::fs::read_to_string(made.path("compat/matrix.toml")).expect("a spec");
    let rule = "[[rule]]\nwhen = { rust = \"here\" }\nexpect = \"fail\"\nreason = \"so\"\n";
    made.write("compat/matrix.toml", format!("{spec}{rule}"));
    let json = made.json(0, &[]);
    assert_eq!((judged(&json, "rust=here").0.as_str(), totals(&json)), ("known", [1, 1, 0]));
    assert_eq!(totals(&made.json(0, &[])), [0, 0, 1]);
    made.write("compat/matrix.toml", spec);
    assert_eq!(judged(&made.json(0, &[]), "rust=here").0, "ok");
    assert_eq!(totals(&made.json(0, &[])), [0, 0, 1]);
}

#[test]
fn a_build_script_that_reads_debug_keeps_debug_information() {
    let tests = "#[cfg(strict)]\n#[test]\nfn strict() { panic!(\"as plain cargo has it\") }\n#[test]\nfn works() {}\n";
    for (manifest, path) in [("", "build.rs"), ("build = \"made/script.rs\"\n", "made/script.rs")] {
        let made = made(SPEC, tests).file(
            path,
            "fn main() { if std::env::var(\"DEBUG\").as_deref() == Ok(\"true\") { println!(\"cargo:rustc-cfg=strict\") } }\n",
        );
        let text = std::fs::read_to_string(made.path("Cargo.toml")).expect("a manifest");
        made.write("Cargo.toml", text.replace("edition =", &format!("{manifest}edition =")));
        let json = made.json(1, &[]);
        assert_eq!(judged(&json, "rust=here").0, "broken", "{path}");
        assert!(row(&json, "rust=here")["record"]["proof"]["debug"].is_null(), "{path}");
    }
}

#[test]
fn an_interrupt_before_a_failure_is_confirmed_leaves_no_red_result() {
    // It fails at once without debug information, and waits with it.
    let test = "#[test]\nfn reads() {\n    assert!(has_lines(), \"no lines\");\n    \
                std::thread::sleep(std::time::Duration::from_secs(600));\n}\n";
    let made = made(SPEC, test);
    let mut command = made.command(&["compat", "--format", "json"]);
    let child = command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().expect("starts");
    // The second build is there, so the first result is known.
    wait_for("the build with debug information", || built_targets(&made) == 2);
    signal(&child, Signal::INT);
    let output = child.wait_with_output().expect("ends");
    assert_eq!(output.status.code(), Some(130), "{}", text_of(output.stderr));
    let red = made.ledger().query_row("SELECT count(*) FROM records", [], |row| row.get::<_, i64>(0));
    assert_eq!(red.expect("a ledger"), 0);
}

/// How many target folders of builds there are, with test executables in them.
fn built_targets(made: &Workspace) -> usize {
    let lanes = std::fs::read_dir(made.compat("build")).into_iter().flatten().flatten();
    let targets = lanes.flat_map(|lane| std::fs::read_dir(lane.path()).into_iter().flatten().flatten());
    targets.filter(|target| target.file_name() != "pool" && exists(target.path().join("debug/deps"))).count()
}

#[test]
fn what_builds_only_with_debug_information_is_built_with_it() {
    // Spelled so that the script's text does not name the variable.
    let made = made(SPEC, "#[test]\nfn works() {}\n").file(
        "build.rs",
        "fn main() { assert_eq!(std::env::var(concat!(\"DE\", \"BUG\")).as_deref(), Ok(\"true\"), \"debug information\"); }\n",
    );
    let ran = made.run(&["compat", "--format", "json"]);
    ran.expect(0).says(&["it does not build without debug information, and does with it", "debug = \"full\""]);
    let json = ran.json();
    assert_eq!((judged(&json, "rust=here").0.as_str(), attempts(&json)), ("ok", 1.into()));
    assert!(row(&json, "rust=here")["record"]["proof"]["debug"].is_null());
    assert_eq!(totals(&made.json(0, &[])), [0, 0, 1]);
    // What does not build in any way is.
    made.write("build.rs", "fn main() { panic!(\"never\") }\n");
    assert_eq!(judged(&made.json(1, &[]), "rust=here").1, "build-failed");
}

#[test]
fn evidence_and_repro_say_what_was_built_and_a_spec_that_asks_for_more_makes_it_old() {
    let made = made(SPEC, "#[test]\nfn works() {}\n");
    made.write(".gitignore", "target\n");
    git(&made, &["init", "--quiet"]);
    commit(&made);
    let json = made.json(0, &[]);
    assert_eq!(row(&json, "rust=here")["record"]["proof"]["debug"], "none");
    made.run(&["evidence", "record"]).expect(0);
    let file = format!(
        "compat/evidence/{}.toml",
        row(&json, "rust=here")["record"]["proof"]["platform"].as_str().expect("a platform")
    );
    let text = std::fs::read_to_string(made.path(&file)).expect("evidence");
    assert!(text.contains("\ndebug = \"none\"\n"), "{text}");
    let repro = made.run(&["repro", "rust=here"]);
    repro.expect(0);
    let with = repro.stdout.lines().filter(|line| line.contains("CARGO_PROFILE_TEST_DEBUG=0")).count();
    assert_eq!(with, 2, "what a person types, and the build\n{repro}");
    made.run(&["report", "--require-fresh"]).expect(0);

    let spec = std::fs::read_to_string(made.path("compat/matrix.toml")).expect("a spec");
    made.write("compat/matrix.toml", in_full(&spec));
    made.run(&["report", "--require-fresh"]).expect(1).says(&["the suite `tests`"]);
    assert_eq!(totals(&made.json(0, &[])), [1, 1, 0]);
    made.run(&["evidence", "record"]).expect(0);
    assert!(!std::fs::read_to_string(made.path(&file)).expect("evidence").contains("\ndebug = "));
    // With less asked for, it counts again.
    made.write("compat/matrix.toml", spec);
    assert_eq!(totals(&made.json(0, &[])), [0, 0, 1]);
}

#[test]
fn what_the_users_configuration_says_holds() {
    let test = "#[test]\nfn reads() { assert!(has_lines(), \"no lines\"); }\n";
    let made = made(SPEC, test).file(".cargo/config.toml", "[profile.dev]\ndebug = 1\n");
    let json = made.json(0, &[]);
    assert_eq!(judged(&json, "rust=here"), ("ok".to_owned(), "passed".to_owned(), String::new()));
    assert!(row(&json, "rust=here")["record"]["proof"]["debug"].is_null());
}
