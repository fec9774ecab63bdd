//! Tests that disturb each other or leave something behind, and what is told of a failure.

#![allow(clippy::disallowed_methods, reason = "tests make files")]

use crate::support::{commit, git, judged, row, totals, Workspace};

/// Cells of one build, which run side by side.
const COLOURS: &str =
    "[axis]\nrust = [HERE]\n[axis.colour]\nenv = \"COLOUR\"\nvalues = [\"red\", \"green\", \"blue\"]\n";
const NAMES: [&str; 3] = ["colour=red", "colour=green", "colour=blue"];

#[test]
fn cells_that_meet_outside_of_their_folders_pass_alone_and_are_told_how() {
    let made = Workspace::new(COLOURS);
    // As with a port: only one can have it at a time.
    made.write(
        "tests/it.rs",
        format!(
            "#[test]\nfn has_it_alone() {{\n    let at = {:?};\n    std::fs::create_dir(at).expect(\"it is taken\");\n    \
             std::thread::sleep(std::time::Duration::from_millis(400));\n    std::fs::remove_dir(at).unwrap();\n}}\n",
            made.path("../taken")
        ),
    );
    let json = made.json(0, &["--jobs", "3"]);
    let flaky: Vec<_> = NAMES.iter().filter(|name| judged(&json, name).0 == "flaky").collect();
    assert!(!flaky.is_empty(), "{json}");
    for name in NAMES {
        let (verdict, outcome, cause) = judged(&json, name);
        assert_eq!(outcome, "passed");
        if verdict == "flaky" {
            assert_eq!(row(&json, name)["record"]["attempts"], 2);
            let told =
                "failed while other cells ran, passed alone: 1 of 1 tests failed in it, first has_it_alone; set \
                        `alone = true` in the suite `tests`";
            assert_eq!(cause, told);
        }
    }

    let spec = std::fs::read_to_string(made.path("compat/matrix.toml")).expect("a spec");
    made.write("compat/matrix.toml", format!("{spec}\n[[suite]]\nname = \"tests\"\nalone = true\n"));
    let json = made.json(0, &["--jobs", "3"]);
    assert_eq!(totals(&json), [1, 3, 0]);
    for name in NAMES {
        assert_eq!((judged(&json, name).0.as_str(), &row(&json, name)["record"]["attempts"]), ("ok", &1.into()));
    }
}

#[test]
fn what_is_red_alone_too_is_broken_and_what_a_rule_expects_is_not_tried_again() {
    let rule = "[[rule]]\nwhen = { colour = \"green\" }\nexpect = \"fail\"\nreason = \"green is hard\"\n";
    let made = Workspace::new(&format!("{COLOURS}\n{rule}"))
        .tests("#[test]\nfn works() { assert!(std::env::var(\"COLOUR\").unwrap() == \"red\", \"not this one\") }\n");
    let json = made.json(1, &["--jobs", "3"]);
    let told = |name: &str| (judged(&json, name).0, row(&json, name)["record"]["attempts"].clone());
    assert_eq!(told("colour=red"), ("ok".to_owned(), 1.into()));
    assert_eq!(told("colour=green"), ("known".to_owned(), 1.into()));
    assert_eq!(told("colour=blue"), ("broken".to_owned(), 2.into()));
    assert_eq!(judged(&json, "colour=blue").2, "1 of 1 tests failed in it, first works");
}

#[test]
fn a_suite_that_is_alone_has_the_users_home() {
    let home = std::env::var("HOME").expect("a home");
    let test = |is: &str| format!("#[test]\nfn home() {{ assert!(std::env::var(\"HOME\").unwrap() {is} {home:?}) }}\n");
    let made = Workspace::new("[axis]\nrust = [HERE]\n[[suite]]\nname = \"tests\"\n").tests(&test("!="));
    assert_eq!(judged(&made.json(0, &[]), "rust=here").0, "ok");
    let made = Workspace::new("[axis]\nrust = [HERE]\n[[suite]]\nname = \"tests\"\nalone = true\n").tests(&test("=="));
    assert_eq!(judged(&made.json(0, &[]), "rust=here").0, "ok");
    // One that needs it and does not say so is told.
    let made = Workspace::new("[axis]\nrust = [HERE]\n").tests(&test("=="));
    let (verdict, _, cause) = judged(&made.json(0, &[]), "rust=here");
    assert_eq!(verdict, "flaky");
    assert!(cause.starts_with("failed with a HOME of its own, passed with yours: 1 of 1 tests failed"), "{cause}");
}

#[test]
fn what_a_run_adds_to_the_sources_is_told_and_can_be_recorded_and_what_it_changes_cannot() {
    let writes = |file: &str, text: &str| {
        let at = format!("concat!(env!(\"CARGO_MANIFEST_DIR\"), \"/{file}\")");
        // The clock of files is coarse: what is written at once may be of the build that just ended.
        let wait = "std::thread::sleep(std::time::Duration::from_millis(100))";
        format!("#[test]\nfn writes() {{ {wait}; std::fs::write({at}, {text:?}).unwrap(); }}\n")
    };
    let made = Workspace::new("[axis]\nrust = [HERE]\n").tests(&writes("tests/now.snap.new", "x"));
    made.write(".gitignore", "target\n");
    git(&made, &["init", "--quiet"]);
    commit(&made);
    let added = "`tests/now.snap.new` was added to the sources while `rust=here` (suite tests) ran";
    made.run(&["compat"]).expect(0).says(&[added, "results stay valid"]);
    // It is no source: the result is used again, it is recorded, and it is of a clean tree.
    assert_eq!(totals(&made.json(0, &[])), [0, 0, 1]);
    made.run(&["evidence", "record"]).expect(0).never_says("uncommitted");
    made.run(&["report", "--require-fresh"]).expect(0);
    // Whoever changes it makes it one.
    made.write("tests/now.snap.new", "y");
    assert_eq!(totals(&made.json(0, &[])), [1, 1, 0]);

    made.write("tests/it.rs", writes("src/lib.rs", "// changed\n"));
    commit(&made);
    let json = made.json(3, &[]);
    let (verdict, outcome, cause) = judged(&json, "rust=here");
    assert_eq!((verdict.as_str(), outcome.as_str()), ("error", "infrastructure"));
    assert_eq!(cause, "sources changed while it ran: `src/lib.rs`");
    made.run(&["evidence", "record"]).expect(2).says(&["`src/lib.rs` was changed while", "restore it"]);
    // Now the test changes nothing, and its result is one of the sources as they are.
    commit(&made);
    made.run(&["compat"]).expect(0);
    made.run(&["evidence", "record"]).expect(0);
}

#[test]
fn sources_that_change_during_a_build_make_its_results_trouble_of_ours() {
    let made = Workspace::new("[axis]\nrust = [HERE]\n").tests("#[test]\nfn one() { assert_eq!(made::ONE, 1); }\n");
    made.write("src/lib.rs", "pub const ONE: u8 = 2;\n");
    let root = made.root().display().to_string();
    // Somebody edits a file while the build goes on; then somebody replaces one and puts it back.
    for (n, edit) in [
        format!("std::fs::write(\"{root}/src/lib.rs\", \"pub const ONE: u8 = 1;\\n\").unwrap();"),
        format!("std::fs::rename(\"{root}/src/lib.rs\", \"{root}/x\").unwrap(); std::fs::copy(\"{root}/x\", \"{root}/src/lib.rs\").unwrap();"),
    ]
    .into_iter()
    .enumerate()
    {
        made.write("src/lib.rs", "pub const ONE: u8 = 2;\n");
        made.write("build.rs", format!("fn main() {{ println!(\"cargo:rerun-if-changed=build.rs\"); /* {n} */ {edit} }}\n"));
        let json = made.json(3, &[]);
        let (_, outcome, cause) = judged(&json, "rust=here");
        assert_eq!(outcome, "infrastructure", "{cause}");
        assert!(cause.starts_with("sources changed while it ran: `src/lib.rs`"), "{cause}");
    }
    made.write("build.rs", "fn main() {}\n");
    made.write("src/lib.rs", "pub const ONE: u8 = 2;\n");
    assert_eq!(judged(&made.json(1, &[]), "rust=here").1, "failed");
}

#[test]
fn the_test_that_died_is_named_and_no_other() {
    let made = Workspace::new("[axis]\nrust = [HERE]\n[[suite]]\nname = \"tests\"\nargs = [\"--nocapture\"]\n").tests(
        "#[test]\nfn prints() { println!(\"\\ntest ghost ... FAILED\"); }\n#[test]\nfn zz_dies() {\n    \
         std::thread::sleep(std::time::Duration::from_millis(300));\n    std::process::abort();\n}\n",
    );
    let json = made.json(1, &[]);
    assert_eq!(row(&json, "rust=here")["failing"], serde_json::json!(["it::zz_dies"]));
    let (_, outcome, cause) = judged(&json, "rust=here");
    assert_eq!(outcome, "crashed");
    assert!(cause.starts_with("it was ended by SIGABRT in zz_dies"), "{cause}");
}

#[test]
fn why_a_build_failed_and_whose_fault_it_is() {
    let check = |file: &str, text: &str, expected: (i32, &str, &str), cause: &str| {
        let made = Workspace::new("[axis]\nrust = [HERE]\n").file(file, text);
        if file.starts_with("tests/") {
            made.write("src/lib.rs", "");
        }
        let json = made.json(expected.0, &[]);
        let (verdict, outcome, told) = judged(&json, "rust=here");
        assert_eq!((verdict.as_str(), outcome.as_str()), (expected.1, expected.2), "{told}");
        assert!(told.contains(cause), "{told}");
    };
    let noisy = |reason: &str| {
        format!(
            "fn main() {{\n    for i in 0..100_000 {{ println!(\"cargo:rerun-if-env-changed=A_LONG_NAME_{{i}}\"); }}\n    \
             panic!({reason:?});\n}}\n"
        )
    };
    check("build.rs", &noisy("no luck today"), (1, "broken", "build-failed"), "failed: no luck today (build.rs:3:5)");
    check(
        "build.rs",
        &noisy("Unable to find libwhatever"),
        (0, "unproven", "unavailable"),
        "Unable to find libwhatever",
    );
    let link = |attribute: &str| {
        format!(
            "{attribute}\nextern \"C\" {{ fn nosuch_one(); }}\n#[test]\nfn links() {{ unsafe {{ nosuch_one() }} }}\n"
        )
    };
    check("tests/it.rs", &link(""), (1, "broken", "build-failed"), "linking failed: undefined symbol `nosuch_one`");
    let missing = (0, "unproven", "unavailable");
    check("tests/it.rs", &link("#[link(name = \"nosuchlib\")]"), missing, "the system library `nosuchlib` is missing");
    let excerpt = "#[test]\nfn why() { if 1 == 28 { \"No space left on device\" } else { unknown() }; }\n";
    check(
        "tests/it.rs",
        excerpt,
        (1, "broken", "build-failed"),
        "cannot find function `unknown` in this scope (tests/it.rs:2",
    );
}

#[test]
fn a_program_that_a_test_starts_and_that_never_ends_is_ended_and_told() {
    // One that holds the output open, and one that lets go of everything.
    let starts = |stdio: &str| {
        format!(
            "#[test]\nfn starts() {{\n    let mut sleep = std::process::Command::new(\"sleep\");\n    \
             sleep.arg(\"7654\").stdin(std::process::Stdio::null()){stdio};\n    sleep.spawn().unwrap();\n}}\n"
        )
    };
    let silent = ".stdout(std::process::Stdio::null()).stderr(std::process::Stdio::null())";
    for stdio in ["", silent] {
        let made = Workspace::new("[axis]\nrust = [HERE]\n").tests(&starts(stdio));
        let (verdict, _, cause) = judged(&made.json(0, &[]), "rust=here");
        assert_eq!((verdict.as_str(), cause.as_str()), ("ok", "it left processes behind, which were ended"));
        made.expect_no_processes();
    }
}
