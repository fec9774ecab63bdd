//! `leak-check` with the real valgrind: what it finds and where, what it says of tests that go wrong, and what a
//! valgrind is worth that is missing, too old, or does nothing.

#![allow(clippy::disallowed_methods, reason = "tests make their own files")]

use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use serde_json::Value;

use crate::support::{exists, finish, sysroot, Ran, Workspace};

/// With line numbers, which the other tests do without.
const MANIFEST: &str = "[package]\nname = \"made\"\nversion = \"0.1.0\"\nedition = \"2021\"\n\n[lib]\ntest = false\n\
                        doctest = false\n\n[profile.dev]\ndebug = 1\n";

const SPEC: &str = "[axis]\nrust = [HERE]\n\n[[suite]]\nname = \"memcheck\"\nkind = \"leak\"\ntool = \"valgrind\"\n";

/// Whether valgrind is here; the tests say that they skip where it is not.
fn is_here() -> bool {
    let here = exists("/usr/bin/valgrind");
    if !here {
        println!("skipped: no valgrind; apt-get install valgrind");
    }
    here
}

fn workspace(spec: &str, tests: &str) -> Workspace {
    Workspace::new(spec).file("Cargo.toml", MANIFEST).tests(tests)
}

#[track_caller]
fn check(made: &Workspace, code: i32, args: &[&str]) -> Value {
    let ran = made.run(&[&["leak-check", "--format", "json"], args].concat());
    ran.expect(code).json()
}

/// The one record of a document.
fn record(json: &Value) -> &Value {
    &json["rows"][0]["record"]
}

/// Kind, test and bytes of each finding that fails the suite.
fn errors(json: &Value) -> Vec<(String, String, u64)> {
    let findings = record(json)["leaks"]["findings"].as_array().cloned().unwrap_or_default();
    let text = |finding: &Value, name: &str| finding[name].as_str().unwrap_or("none").to_owned();
    let errors =
        findings.iter().filter(|f| ["error", "expired"].contains(&f["standing"]["standing"].as_str().unwrap()));
    errors.map(|f| (text(f, "kind"), text(f, "test"), f["bytes"].as_u64().unwrap())).collect()
}

/// A valgrind of our own, first on PATH.
fn with_valgrind(made: &Workspace, script: &str, args: &[&str]) -> Ran {
    let bin = made.path("../bin");
    std::fs::create_dir_all(&bin).unwrap();
    let program = bin.join("valgrind");
    std::fs::write(&program, script).unwrap();
    std::fs::set_permissions(&program, std::fs::Permissions::from_mode(0o755)).unwrap();
    let mut command = made.command(&[&["leak-check"], args].concat());
    command.env("PATH", format!("{}:{}", bin.display(), std::env::var("PATH").unwrap()));
    finish(command)
}

const TESTS: &str = r#"
use std::mem::forget;

#[test]
fn forgets() {
    forget(vec![1u8; 1001]);
}

#[test]
fn forgets_in_a_thread() {
    std::thread::Builder::new().name("other".into()).spawn(in_a_thread).unwrap().join().unwrap();
}

fn in_a_thread() {
    forget(vec![1u8; 1002]);
}

#[test]
fn fails_and_leaks() {
    forget(vec![1u8; 1003]);
    assert_eq!(1 + 1, 3);
}

#[test]
fn starts_another_program() {
    let status = std::process::Command::new("sh").args(["-c", "exec true"]).status().unwrap();
    assert!(status.success());
}

#[test]
fn is_clean() {
    drop(vec![1u8; 1004]);
}

#[test]
#[cfg_attr(all(), ignore)]
fn is_left_alone() {
    forget(vec![1u8; 1005]);
}
"#;

#[test]
fn leaks_are_found_and_attributed_and_a_baseline_accepts_them() {
    if !is_here() {
        return;
    }
    let made = workspace(SPEC, TESTS);
    let json = made.assert_tree_unchanged(|| check(&made, 1, &[]));
    let leaks = &record(&json)["leaks"];
    assert_eq!(leaks["canary"]["is"], "proven", "{leaks:#}");
    assert_eq!((&leaks["ran"], &record(&json)["tests"]["ignored"]), (&5.into(), &1.into()), "{leaks:#}");
    let expected = [("fails_and_leaks", 1003), ("forgets", 1001), ("forgets_in_a_thread", 1002)];
    let expected = expected.map(|(test, bytes)| ("definite".to_owned(), test.to_owned(), bytes));
    assert_eq!(errors(&json), expected, "{leaks:#}");
    let forgets = leaks["findings"].as_array().unwrap().iter().find(|f| f["test"] == "forgets").unwrap();
    let own = forgets["stack"].as_array().unwrap().iter().find(|frame| frame["origin"] == "own").unwrap();
    assert_eq!((&own["file"], &own["line"]), (&"tests/it.rs".into(), &6.into()), "{forgets:#}");
    let cause = json["rows"][0]["cause"].as_str().unwrap();
    assert!(
        cause.contains("1 of 5 tests failed in it, first fails_and_leaks") && cause.contains("3 errors"),
        "{cause}"
    );
    assert_eq!(record(&json)["failures"][0]["test"], "fails_and_leaks");

    // Accepted, they are no news; the tests are not run again, nor when the baseline is empty once more.
    let print = || made.run(&["leak-check", "--print-baseline"]).stdout;
    let baseline = print();
    assert_eq!(baseline.matches("[[accepted]]").count(), 3, "{baseline}");
    made.write("tests/it.rs", TESTS.replace("assert_eq!(1 + 1, 3);", ""));
    check(&made, 1, &[]);
    let with_reasons = print().replace("reason = \"\"", "reason = \"on purpose\"");
    made.write("compat/baseline.toml", &with_reasons);
    let json = check(&made, 0, &[]);
    assert_eq!((json["totals"]["reused"].as_u64(), errors(&json).len()), (Some(1), 0), "{json:#}");
    made.write("compat/baseline.toml", with_reasons.replacen("until = 2", "until = 1", 1));
    let json = check(&made, 1, &[]);
    assert_eq!(errors(&json).len(), 1, "{json:#}");
    made.write("compat/baseline.toml", "[[accepted]]\nfingerprint = \"no\"\n");
    made.run(&["leak-check"]).expect(2).says(&["compat/baseline.toml", "reason", "fingerprint"]);
}

const HARD: &str = r#"
fn deep(n: u64) -> u64 {
    let block = [n; 1000];
    if n == 0 { 0 } else { deep(n - 1) + block[n as usize % 1000] }
}

#[test]
fn a_leaks() {
    std::mem::forget(vec![1u8; 1001]);
}

#[test]
fn b_overflows_its_stack() {
    assert_ne!(deep(u64::MAX), 1);
}

#[test]
fn c_aborts() {
    std::process::abort();
}

#[test]
fn d_waits_for_ever() {
    let lock = std::sync::Mutex::new(());
    let _first = lock.lock();
    std::thread::sleep(std::time::Duration::from_secs(3600));
}

#[test]
fn e_leaks_too() {
    std::mem::forget(vec![1u8; 1005]);
}
"#;

#[test]
fn tests_that_end_their_process_take_no_other_result_with_them() {
    if !is_here() {
        return;
    }
    let made = workspace(&format!("{SPEC}timeout = \"20s\"\n"), HARD);
    let json = check(&made, 1, &[]);
    let found: Vec<String> = errors(&json).into_iter().filter(|e| e.0 == "definite").map(|e| e.1).collect();
    assert_eq!(found, ["a_leaks", "e_leaks_too"], "{json:#}");
    let failed: Vec<&str> =
        record(&json)["failures"].as_array().unwrap().iter().map(|f| f["test"].as_str().unwrap()).collect();
    assert_eq!(failed, ["b_overflows_its_stack", "c_aborts", "d_waits_for_ever"], "{json:#}");
    assert_eq!(record(&json)["outcome"], "timed-out", "{json:#}");
    let cause = json["rows"][0]["cause"].as_str().unwrap();
    assert!(cause.contains("ran for more than 20s under the tool in d_waits_for_ever"), "{cause}");
    made.expect_no_processes();
}

#[test]
fn what_is_killed_under_the_tool_is_trouble_of_the_machine() {
    if !is_here() {
        return;
    }
    let kills = "#[test]\nfn eats_all_memory() {\n    let pid = std::process::id().to_string();\n    \
                 std::process::Command::new(\"kill\").args([\"-9\", &pid]).status().unwrap();\n    \
                 std::thread::sleep(std::time::Duration::from_secs(60));\n}\n";
    let made = workspace(SPEC, kills);
    let ran = made.run(&["leak-check"]);
    ran.expect(3).prints(&["was killed in eats_all_memory, as happens when memory runs out"]);
}

#[test]
fn a_valgrind_that_does_nothing_is_not_proven() {
    let made = workspace(SPEC, "#[test]\nfn forgets() { std::mem::forget(vec![1u8; 1001]); }\n");
    let ran = with_valgrind(&made, "#!/bin/sh\nexit 0\n", &[]);
    ran.expect(3).says(&["tool not proven: valgrind wrote no report and said nothing"]);
    let runs_only = "#!/bin/sh\nwhile [ \"${1#-}\" != \"$1\" ]; do shift; done\nexec \"$@\"\n";
    with_valgrind(&made, runs_only, &[]).expect(3).prints(&["tool not proven"]);
}

#[test]
fn a_valgrind_that_is_missing_or_too_old_leaves_its_cells_unproven() {
    let made = workspace(SPEC, "#[test]\nfn works() {}\n");
    let old = "#!/bin/sh\necho valgrind-3.10.1\n";
    let ran = with_valgrind(&made, old, &[]);
    ran.expect(0).prints(&["valgrind-3.10.1", "is too old; 3.15.0 or later"]);
    with_valgrind(&made, old, &["--missing", "fail"]).expect(1);
    let bin = made.path("../without");
    std::fs::create_dir_all(&bin).unwrap();
    let cc = ["/usr/bin/cc", "/usr/local/bin/cc"].into_iter().find(|path| exists(path)).unwrap();
    let cargo = format!("{}/bin/cargo", sysroot());
    for (tool, name) in [(cc, "cc"), (&cargo, "cargo")] {
        std::os::unix::fs::symlink(tool, bin.join(name)).unwrap();
    }
    let mut command = made.command(&["leak-check"]);
    command.env("PATH", &bin);
    finish(command).expect(0).prints(&["no valgrind on PATH; `apt-get install valgrind`"]);
}

#[test]
fn a_report_that_is_cut_or_damaged_is_no_clean_bill() {
    if !is_here() {
        return;
    }
    let made = workspace(SPEC, "#[test]\nfn works() {}\n");
    // The canary's report is left as it is, and so is what only asks for the version.
    let spoil = |how: &str| {
        format!(
            "#!/bin/sh\n/usr/bin/valgrind \"$@\"\ncode=$?\nfor arg in \"$@\"; do case $arg in\n  --xml-file=*) xml=${{arg#*=}}; xml=$(ls \"${{xml%.%p.xml}}\".*.xml);;\n  \
             *canary*) exit $code;;\nesac; done\n[ -n \"$xml\" ] || exit $code\n{how}\nexit $code\n"
        )
    };
    let cut = spoil("head -c 900 \"$xml\" > \"$xml.cut\"; mv \"$xml.cut\" \"$xml\"");
    with_valgrind(&made, &cut, &[]).expect(3).prints(&["valgrind's report ends in the middle"]);
    let damaged = spoil("echo 'no report at all' > \"$xml\"");
    with_valgrind(&made, &damaged, &["--fresh"]).expect(3).prints(&["valgrind's report cannot be read"]);
}

/// As a valgrind does that is older than the debug information: it finds leaks and cannot say where.
#[test]
fn a_valgrind_that_cannot_read_the_executables_is_not_proven() {
    if !is_here() {
        return;
    }
    let made = workspace(SPEC, "#[test]\nfn works() {}\n");
    let blind =
        "#!/bin/sh\n/usr/bin/valgrind \"$@\"\ncode=$?\nfor arg in \"$@\"; do case $arg in\n  --xml-file=*) arg=${arg#*=}; sed -i \
                 '/<fn>/d; /<dir>/d; /<file>/d; /<line>/d' \"${arg%/*}\"/valgrind.*.xml;;\nesac; done\nexit $code\n";
    let ran = with_valgrind(&made, blind, &[]);
    ran.expect(3).says(&["tool not proven", "cannot tell where it is: it does not read the debug information of"]);
}

#[test]
fn a_suppression_with_a_mistake_is_shown_and_one_that_hides_the_canary_is_refused() {
    if !is_here() {
        return;
    }
    let made = workspace(SPEC, "#[test]\nfn works() {}\n");
    made.write("compat/suppressions/mine.toml", "[[suppression]]\nname = \"all\"\ntool = \"valgrnd\"\n");
    made.run(&["leak-check"]).expect(2).says(&["compat/suppressions/mine.toml", "valgrnd", "valgrind"]);
    made.write(
        "compat/suppressions/mine.toml",
        "[[suppression]]\nname = \"too-wide\"\ntool = \"valgrind\"\nframes = [\"...\", \"*::leaks*\"]\nreason = \"noise\"\n",
    );
    made.run(&["leak-check"]).expect(3).prints(&["tool not proven", "`too-wide` hides the leak of the canary"]);
    assert!(Path::new(&made.path("compat/suppressions/mine.toml")).exists());
}

#[test]
fn a_spec_without_leak_suites_says_how_to_write_one() {
    let made = Workspace::new("[axis]\nrust = [HERE]\n");
    made.run(&["leak-check"]).expect(2).says(&["no suite of kind `leak`", "kind = \"leak\"", "tool = \"valgrind\""]);
    let made = workspace(SPEC, "#[test]\nfn works() {}\n");
    made.run(&["compat"]).expect(2).says(&["has no suite for `compat`", "leak-check --profile local"]);
    made.run(&["leak-check", "--tool", "miri"]).expect(2).says(&["with the tool `miri`"]);
    made.run(&["leak-check", "--tool", "purify"]).expect(2).says(&["no such tool", "valgrind"]);
    made.run(&["leak-check", "--errors-for", "definit"]).expect(2).says(&["no such kind of finding", "definite"]);
    made.run(&["leak-check", "--dry-run"]).expect(0).prints(&["memcheck"]);
}
