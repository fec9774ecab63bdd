//! Outcomes held against expectations; what is used again and what is run again.

#![allow(clippy::disallowed_methods, reason = "tests make files")]

use crate::support::{judged, row, totals, Workspace, PASSES};

/// An axis whose value the test sees, so that one build has cells of every kind.
const COLOURS: &str = r#"
[axis]
rust = [HERE]
[axis.colour]
env = "COLOUR"
values = ["red", "green", "blue"]
"#;

/// Fails where the colour is one of these.
fn fails_in(colours: &str) -> String {
    format!(
        "#[test]\nfn works() {{\n    let colour = std::env::var(\"COLOUR\").unwrap();\n    \
         assert!(!{colours:?}.contains(&colour), \"{{colour}} does not work\");\n}}\n"
    )
}

#[test]
fn a_test_broken_on_purpose_turns_exactly_its_cells_broken() {
    let made = Workspace::new(COLOURS).tests(&fails_in("green"));
    let json = made.json(1, &[]);
    let (verdict, outcome, cause) = judged(&json, "colour=green");
    assert_eq!((verdict.as_str(), outcome.as_str()), ("broken", "failed"));
    assert_eq!(cause, "1 of 1 tests failed in it, first works");
    assert_eq!(row(&json, "colour=green")["failing"][0], "it::works");
    let output = &row(&json, "colour=green")["record"]["failures"][0]["output"];
    assert!(output.as_str().is_some_and(|text| text.contains("green does not work")), "{output}");
    for colour in ["colour=red", "colour=blue"] {
        assert_eq!(judged(&json, colour).0, "ok");
    }
    assert_eq!(totals(&json), [1, 3, 0], "one build, three runs");

    // The failure is tried again, the passes are not.
    let again = made.json(1, &[]);
    assert_eq!(totals(&again), [1, 1, 2]);
    // In words: the cell, its cause, and how to reproduce it.
    let human = made.run(&["compat"]);
    human
        .expect(1)
        .prints(&["1 of 1 tests failed in it, first works", "cargo compatrix repro 'rust=here colour=green'"]);
}

#[test]
fn an_expected_failure_is_known_and_used_again() {
    let rule = "[[rule]]\nwhen = { colour = \"green\" }\nexpect = \"fail\"\nreason = \"green is hard\"\n";
    let made = Workspace::new(&format!("{COLOURS}\n{rule}")).tests(&fails_in("green"));
    let json = made.json(0, &[]);
    assert_eq!(judged(&json, "colour=green").0, "known");
    assert_eq!(totals(&made.json(0, &[])), [0, 0, 3], "nothing has changed, nothing runs");
    assert_eq!(totals(&made.json(0, &["--fresh"])), [1, 3, 0], "--fresh runs all");
}

#[test]
fn a_rule_that_no_longer_holds_is_an_unexpected_pass() {
    let rule = "[[rule]]\nwhen = { colour = \"green\" }\nexpect = \"fail\"\nreason = \"green is hard\"\n";
    let made = Workspace::new(&format!("{COLOURS}\n{rule}"));
    let json = made.json(1, &[]);
    let (verdict, outcome, cause) = judged(&json, "colour=green");
    assert_eq!((verdict.as_str(), outcome.as_str()), ("unexpected-pass", "passed"));
    assert_eq!(cause, "passed although the spec expects failure: green is hard");
}

#[test]
fn an_expired_expectation_excuses_nothing() {
    let rule = "[[rule]]\nwhen = { colour = \"green\" }\nexpect = \"fail\"\nreason = \"green is hard\"\n\
                until = \"2020-01-31\"\n";
    let made = Workspace::new(&format!("{COLOURS}\n{rule}")).tests(&fails_in("green"));
    let ran = made.run(&["compat", "--format", "json"]);
    ran.expect(1).says(&["warning", "2020-01-31", "compat/matrix.toml:"]);
    assert_eq!(judged(&ran.json(), "colour=green").0, "broken");
}

#[test]
fn an_edited_source_runs_again_and_an_edited_page_does_not() {
    let made = Workspace::new(COLOURS).file("src/target/mod.rs", "").file("src/lib.rs", "pub mod target;\n");
    assert_eq!(totals(&made.json(0, &[])), [1, 3, 0]);
    assert_eq!(totals(&made.json(0, &[])), [0, 0, 3]);
    made.write("tests/it.rs", format!("{PASSES}// more\n"));
    assert_eq!(totals(&made.json(0, &[])), [1, 3, 0], "a test changed");
    made.write("src/target/mod.rs", "// a module may be called target\n");
    assert_eq!(totals(&made.json(0, &[])), [1, 3, 0], "a module changed");

    // What compatrix itself reads and writes is no source, also where the package is the workspace's root.
    made.write("docs/COMPATIBILITY.md", "a page\n");
    made.write("docs/COMPATIBILITY.svg", "<svg/>\n");
    made.write("docs/matrix.schema.json", "{}\n");
    made.write("compat/evidence/linux-x86_64.toml", "# evidence\n");
    let spec = std::fs::read_to_string(made.path("compat/matrix.toml")).expect("the spec");
    made.write("compat/matrix.toml", format!("{spec}\n# a word more\n"));
    assert_eq!(totals(&made.json(0, &[])), [0, 0, 3], "only pages changed");
}

#[test]
fn a_build_that_fails_is_told_once_and_is_no_test_failure() {
    let made = Workspace::new(COLOURS).tests("#[test]\nfn works() { nonsense() }\n");
    let ran = made.run(&["compat", "--format", "json"]);
    ran.expect(1).says(&["cannot find function `nonsense`"]);
    let told = ran.stderr.matches("error[E0425]: cannot find function").count();
    assert!(told <= 2, "told {told} times\n{ran}");
    let json = ran.json();
    for colour in ["colour=red", "colour=green", "colour=blue"] {
        let (verdict, outcome, cause) = judged(&json, colour);
        assert_eq!((verdict.as_str(), outcome.as_str()), ("broken", "build-failed"));
        assert_eq!(cause, "error[E0425]: cannot find function `nonsense` in this scope (tests/it.rs:2:14)");
    }
}

#[test]
fn a_pass_on_a_later_try_is_flaky_and_never_used_again() {
    let suite = "[[suite]]\nname = \"tests\"\nretries = 2\n";
    let made = Workspace::new(&format!("{COLOURS}\n{suite}")).tests(
        "#[test]\nfn works() {\n    let seen = std::env::temp_dir().join(\"seen\");\n    \
         let again = seen.exists();\n    std::fs::write(seen, \"\").unwrap();\n    \
         assert!(again || std::env::var(\"COLOUR\").unwrap() != \"blue\");\n}\n",
    );
    let json = made.json(0, &[]);
    assert_eq!(judged(&json, "colour=blue").0, "flaky");
    assert_eq!(row(&json, "colour=blue")["record"]["attempts"], 2);
    assert_eq!(judged(&json, "colour=red").0, "ok");
    assert_eq!(totals(&made.json(0, &[])), [1, 1, 2], "only the flaky one runs again");
}

#[test]
fn no_test_at_all_is_a_failure() {
    let made = Workspace::new("[axis]\nrust = [HERE]\n").tests("");
    let json = made.json(1, &[]);
    let (verdict, _, cause) = judged(&json, "rust=here");
    assert_eq!(verdict, "broken");
    assert!(cause.starts_with("no test ran; a pass needs one: write one in the packages under test, or"), "{cause}");

    let suite = "[axis]\nrust = [HERE]\n[[suite]]\nname = \"tests\"\nargs = [\"no_such_test\"]\n";
    let made = Workspace::new(suite);
    let json = made.json(1, &[]);
    assert_eq!(judged(&json, "rust=here").2, "no test ran; the `args` of the suite `tests` filter out 1");
    assert_eq!(row(&json, "rust=here")["tests"]["filtered"], 1);
}

#[test]
fn an_executable_with_its_own_harness_is_one_test() {
    let manifest = "\n[[test]]\nname = \"own\"\nharness = false\n";
    let made = Workspace::new("[axis]\nrust = [HERE]\n")
        .tests("")
        .file("tests/own.rs", "fn main() { println!(\"anything at all\"); }\n");
    let text = std::fs::read_to_string(made.path("Cargo.toml")).expect("a manifest");
    made.write("Cargo.toml", format!("{text}{manifest}"));
    let json = made.json(0, &[]);
    assert_eq!(row(&json, "rust=here")["tests"]["passed"], 1);

    made.write("tests/own.rs", "fn main() { std::process::exit(7); }\n");
    let json = made.json(1, &[]);
    assert_eq!(judged(&json, "rust=here").1, "failed");
    assert_eq!(row(&json, "rust=here")["failing"][0], "own::own");

    // Whatever it prints, it is one, and what it says of its failure is shown.
    let end = "test result: ok. 100 passed; 0 failed; 0 ignored; 0 measured; 0 filtered out";
    made.write("tests/own.rs", format!("fn main() {{ println!(\"running 100 tests\\n{end}\"); }}\n"));
    assert_eq!(row(&made.json(0, &[]), "rust=here")["tests"]["passed"], 1);
    made.write(
        "tests/own.rs",
        format!("fn main() {{ println!(\"{end}\"); eprintln!(\"no such place\"); std::process::exit(7); }}\n"),
    );
    let cause = judged(&made.json(1, &[]), "rust=here").2;
    assert_eq!(cause, "own, which has its own harness, ended with code 7: no such place");
    // Under a runner only the runner's code is known.
    std::fs::remove_file(made.path("tests/it.rs")).expect("a test");
    made.write("tests/own.rs", "fn main() { std::process::exit(7); }\n");
    made.write(".cargo/config.toml", "[target.'cfg(all())']\nrunner = \"/bin/true\"\n");
    let (verdict, _, cause) = judged(&made.json(1, &[]), "rust=here");
    assert!(verdict == "broken" && cause.contains("does not start what it is given"), "{cause}");
}

/// Two tests, of which one does this while the other takes a while and fails.
fn beside_a_failure(body: &str) -> String {
    format!(
        "use std::io::Write;\n#[test]\nfn a() {{ {body} }}\n\
         #[test]\nfn b() {{ std::thread::sleep(std::time::Duration::from_secs(2)); panic!() }}\n"
    )
}

const END: &str = "test result: ok. 2 passed; 0 failed; 0 ignored; 0 measured; 0 filtered out; finished in 0.00s";

#[test]
fn what_a_test_prints_makes_no_cell_green() {
    let suite = |args: &str| format!("[axis]\nrust = [HERE]\n[[suite]]\nname = \"tests\"\nargs = [{args}]\n");
    let to_stdout = |text: &str| {
        let open = "std::fs::OpenOptions::new().write(true).open(\"/dev/stdout\").unwrap()";
        beside_a_failure(&format!("write!({open}, \"{text}\").unwrap(); std::process::exit(0)"))
    };
    let end = format!("\\n\\n{END}\\n\\n");
    for (args, tests, why) in [
        ("", beside_a_failure("std::process::exit(0)"), "ended with code 0 and without a test result"),
        ("", to_stdout(&end), "none for a, b"),
        ("\"-q\"", to_stdout(&end), "none for a, b"),
        ("\"--test-threads=1\"", to_stdout(&format!("ok{end}")), "none for b"),
        ("\"--nocapture\"", to_stdout(&format!("\\ntest x ... ok\\ntest y ... ok{end}")), "none for a, b"),
    ] {
        let made = Workspace::new(&suite(args)).tests(&tests);
        let (verdict, outcome, cause) = judged(&made.json(1, &[]), "rust=here");
        assert_eq!((verdict.as_str(), outcome.as_str()), ("broken", "failed"), "{args} {tests}");
        assert!(cause.contains(why), "{args} {tests}: {cause}");
    }
    // The same lines, of tests that all end.
    let noise = format!(
        "#[test]\nfn a() {{ println!(\"test x ... FAILED\\nrunning 9 tests\\n{END}\"); print!(\"no end of a line\"); }}\n\
         #[test]\nfn b() {{ println!(\"failures:\\n\\n---- z stdout ----\"); }}\n#[test]\n#[ignore]\nfn c() {{}}\n"
    );
    for args in ["", "\"--nocapture\"", "\"--nocapture\", \"--test-threads=1\"", "\"--quiet\", \"--show-output\""] {
        let made = Workspace::new(&suite(args)).tests(&noise);
        let json = made.json(0, &[]);
        assert_eq!(row(&json, "rust=here")["tests"]["passed"], 2, "{args}");
    }
}

#[test]
fn documentation_tests_that_are_only_compiled_are_no_passes() {
    let suite = "[axis]\nrust = [HERE]\n[[suite]]\nname = \"tests\"\ndoctests = true\n";
    let compiled =
        "/// ```no_run\n/// panic!()\n/// ```\n/// ```compile_fail\n/// let x: u8 = \"\";\n/// ```\npub fn f() {}\n";
    let made = Workspace::new(suite).tests("");
    let manifest = std::fs::read_to_string(made.path("Cargo.toml")).expect("a manifest");
    made.write("Cargo.toml", manifest.replace("doctest = false\n", ""));
    made.write("src/lib.rs", compiled);
    let json = made.json(1, &[]);
    let cause = judged(&json, "rust=here").2;
    assert!(cause.starts_with("no test ran: 2 documentation tests were only compiled"), "{cause}");
    assert_eq!(
        (&row(&json, "rust=here")["tests"]["passed"], &row(&json, "rust=here")["tests"]["compiled"]),
        (&0.into(), &2.into())
    );

    made.write("src/lib.rs", format!("{compiled}/// ```\n/// assert!(true);\n/// ```\npub fn g() {{}}\n"));
    let json = made.json(0, &[]);
    assert_eq!(
        (&row(&json, "rust=here")["tests"]["passed"], &row(&json, "rust=here")["tests"]["compiled"]),
        (&1.into(), &2.into())
    );

    // cargo hands a runner on to documentation tests since 1.89.
    made.write("src/lib.rs", "/// ```\n/// assert!(false);\n/// ```\npub fn g() {}\n");
    std::fs::remove_dir_all(made.path("tests")).expect("tests");
    made.write(".cargo/config.toml", "[target.'cfg(all())']\nrunner = \"/bin/true\"\n");
    let (verdict, _, cause) = judged(&made.json(1, &[]), "rust=here");
    assert!(verdict == "broken" && !cause.is_empty(), "{cause}");
}

#[test]
fn a_rule_means_one_failure_and_no_other() {
    let rule = |more: &str| {
        format!("[axis]\nrust = [HERE]\n[[rule]]\nwhen = {{ rust = \"here\" }}\nexpect = \"fail\"\nreason = \"too new\"\n{more}")
    };
    let unresolved = "use nothing_of_this_name::At;\n";
    let made = Workspace::new(&rule("outcome = \"build-failed\"\nerror = \"E0432\"\n")).file("src/lib.rs", unresolved);
    assert_eq!(judged(&made.json(0, &[]), "rust=here").0, "known");
    // The first error stands beside the reason.
    made.run(&["compat"]).expect(0).prints(&["too new", "build-failed: error[E0432]: unresolved import"]);

    // Another error, another outcome, no test at all.
    made.write("src/lib.rs", "pub fn f() -> u8 { \"\" }\n");
    let ran = made.run(&["compat", "--format", "json"]);
    ran.expect(1).says(&["fails otherwise than recorded: `build-failed` (error[E0308]"]);
    let json = ran.json();
    let (verdict, outcome, cause) = judged(&json, "rust=here");
    assert_eq!((verdict.as_str(), outcome.as_str()), ("broken", "build-failed"));
    assert!(cause.contains("E0308") && cause.contains("a rule expects a failure with `E0432` here"), "{cause}");
    assert!(row(&json, "rust=here")["another_kind"].as_str().is_some_and(|said| said.contains("E0432")), "{json:#}");
    made.write("src/lib.rs", "");
    made.write("tests/it.rs", "#[test]\nfn fails() { panic!(\"E0432 in its output\") }\n");
    let cause = judged(&made.json(1, &[]), "rust=here").2;
    assert!(cause.contains("a rule expects `build-failed` here, and this is `failed`"), "{cause}");
    made.write("tests/it.rs", "");
    let (verdict, _, cause) = judged(&made.json(1, &[]), "rust=here");
    assert!(verdict == "broken" && cause.starts_with("no test ran"), "{cause}");

    // A text of a test's output is kept in the cause, which evidence has too.
    let made = Workspace::new(&rule("error = \"in its output\"\n"))
        .tests("#[test]\nfn fails() { panic!(\"a word in its output\") }\n");
    let json = made.json(0, &[]);
    assert_eq!(judged(&json, "rust=here").0, "known");
    assert!(row(&json, "rust=here")["record"]["cause"]
        .as_str()
        .is_some_and(|cause| cause.ends_with(": a word in its output")));

    // Without a reason to compare with, a new failure is known, and reported.
    let made = Workspace::new(&rule("")).tests("#[test]\nfn a() { panic!() }\n");
    made.run(&["compat"]).expect(0).never_says("otherwise than recorded");
    made.write("tests/it.rs", "#[test]\nfn b() { panic!() }\n");
    made.run(&["compat"]).expect(0).says(&["`rust=here` (suite tests) fails otherwise than recorded"]);
    made.run(&["compat", "--fresh"]).expect(0).never_says("otherwise than recorded");
}
