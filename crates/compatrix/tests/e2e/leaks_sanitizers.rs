//! `leak-check` with AddressSanitizer and LeakSanitizer of a real nightly: what they find and where, and what is said
//! where they cannot work.

#![allow(clippy::disallowed_methods, reason = "tests start programs and make files")]

use std::process::Command;

use serde_json::Value;

use crate::support::{exists, finish, nightly, Ran, Workspace};

const MANIFEST: &str = "[package]\nname = \"made\"\nversion = \"0.1.0\"\nedition = \"2021\"\n\n[lib]\ntest = false\n\
                        doctest = false\n";

const SUITES: &str = "\n[[suite]]\nname = \"asan\"\nkind = \"leak\"\ntool = \"asan\"\n\n\
                      [[suite]]\nname = \"lsan\"\nkind = \"leak\"\ntool = \"lsan\"\n";

fn workspace(sysroot: &str, suites: &str, tests: &str) -> Workspace {
    let spec = format!("[axis]\nrust = [{{ name = \"nightly\", path = {sysroot:?} }}]\n{suites}");
    Workspace::new(&spec).file("Cargo.toml", MANIFEST).tests(tests)
}

#[track_caller]
fn check(made: &Workspace, code: i32, args: &[&str]) -> Value {
    made.run(&[&["leak-check", "--format", "json"], args].concat()).expect(code).json()
}

/// What a suite came to.
#[track_caller]
fn record<'a>(json: &'a Value, suite: &str) -> &'a Value {
    let rows = json["rows"].as_array().expect("rows");
    &rows.iter().find(|row| row["suite"] == suite).unwrap_or_else(|| panic!("no suite {suite} in {json:#}"))["record"]
}

/// Test, kind and bytes of each finding of a suite.
fn findings(json: &Value, suite: &str) -> Vec<(String, String, u64)> {
    let findings = record(json, suite)["leaks"]["findings"].as_array().cloned().unwrap_or_default();
    let text = |finding: &Value, name: &str| finding[name].as_str().unwrap_or("none").to_owned();
    let mut all: Vec<_> =
        findings.iter().map(|f| (text(f, "test"), text(f, "kind"), f["bytes"].as_u64().unwrap())).collect();
    all.sort();
    all
}

fn expected(all: &[(&str, &str, u64)]) -> Vec<(String, String, u64)> {
    all.iter().map(|(test, kind, bytes)| ((*test).to_owned(), (*kind).to_owned(), *bytes)).collect()
}

const TESTS: &str = include_str!("sanitized_leaks.rs.txt");

#[test]
fn leaks_are_found_and_attributed() {
    let Some(sysroot) = nightly() else { return };
    let made = workspace(&sysroot, SUITES, TESTS);
    let json = made.assert_tree_unchanged(|| check(&made, 1, &[]));
    for suite in ["asan", "lsan"] {
        let leaks = &record(&json, suite)["leaks"];
        assert_eq!(leaks["canary"]["is"], "proven", "{leaks:#}");
        assert_eq!(leaks["ran"], 9, "{leaks:#}");
        let all = expected(&[
            ("fails_and_leaks", "definite", 1004),
            ("forgets", "definite", 1001),
            ("leaks_from_c", "definite", 1002),
            ("leaks_in_a_thread", "definite", 1003),
            // LeakSanitizer calls both of them indirect.
            ("makes_a_circle", "definite", 1032),
            ("makes_a_circle", "indirect", 1032),
            // Among leaks of other threads it shows when its test runs alone.
            ("makes_a_circle_in_a_thread", "definite", 1032),
            ("makes_a_circle_in_a_thread", "indirect", 1032),
        ]);
        assert_eq!(findings(&json, suite), all, "{leaks:#}");
        let forgets = leaks["findings"].as_array().unwrap().iter().find(|f| f["test"] == "forgets").unwrap();
        let own = forgets["stack"].as_array().unwrap().iter().find(|frame| frame["origin"] == "own").unwrap();
        assert_eq!((&own["file"], &own["line"]), (&"tests/it.rs".into(), &16.into()), "{forgets:#}");
        let failures = record(&json, suite)["failures"].as_array().unwrap();
        assert_eq!((failures.len(), &failures[0]["test"]), (1, &"fails_and_leaks".into()));
    }
}

const ERRORS: &str = include_str!("sanitized_errors.rs.txt");

#[test]
fn memory_errors_end_their_own_test_alone() {
    let Some(sysroot) = nightly() else { return };
    let made = workspace(&sysroot, SUITES, ERRORS);
    let json = check(&made, 1, &[]);
    let all = expected(&[
        ("a_leaks", "definite", 1001),
        ("b_uses_what_is_freed", "use-after-free", 1),
        ("c_frees_twice", "invalid-free", 0),
        ("d_overflows_its_stack", "stack-overflow", 0),
        ("f_reads_too_far", "invalid-access", 1),
        ("g_leaks_too", "definite", 1005),
    ]);
    assert_eq!(findings(&json, "asan"), all, "{json:#}");
    let leaks = &record(&json, "asan")["leaks"];
    let freed = leaks["findings"].as_array().unwrap().iter().find(|f| f["kind"] == "use-after-free").unwrap();
    let words: Vec<&str> = freed["related"].as_array().unwrap().iter().map(|r| r["what"].as_str().unwrap()).collect();
    assert_eq!(words, ["freed by the same thread", "previously allocated by the same thread"], "{freed:#}");
    let failures = |suite: &str| {
        let failures = record(&json, suite)["failures"].as_array().unwrap();
        failures.iter().map(|failure| failure["test"].as_str().unwrap().to_owned()).collect::<Vec<_>>()
    };
    let died = ["b_uses_what_is_freed", "c_frees_twice", "d_overflows_its_stack", "e_aborts", "f_reads_too_far"];
    assert_eq!(failures("asan"), died, "{leaks:#}");
    // LeakSanitizer has leaks, and says what ended a test where it can.
    let found = findings(&json, "lsan");
    for (test, kind, bytes) in [("a_leaks", "definite", 1001), ("d_overflows_its_stack", "stack-overflow", 0)] {
        assert!(found.contains(&(test.to_owned(), kind.to_owned(), bytes)), "{found:?}");
    }
    made.expect_no_processes();
}

/// A nightly of our own, in which this script stands for rustc.
fn with_runtimes(sysroot: &str, made: &Workspace, runtimes: &[&str]) -> String {
    let fake = made.path("../fake");
    std::fs::create_dir_all(&fake).unwrap();
    std::os::unix::fs::symlink(format!("{sysroot}/bin"), fake.join("bin")).unwrap();
    let lib = std::fs::read_dir(format!("{sysroot}/lib/rustlib")).unwrap().flatten();
    let host = lib.map(|entry| entry.file_name().into_string().unwrap()).find(|name| name.contains("linux")).unwrap();
    let lib = fake.join("lib/rustlib").join(host).join("lib");
    std::fs::create_dir_all(&lib).unwrap();
    for runtime in runtimes {
        std::fs::write(lib.join(format!("librustc-nightly_rt.{runtime}.a")), "").unwrap();
    }
    fake.to_string_lossy().into_owned()
}

#[test]
fn a_toolchain_without_the_sanitizer_leaves_its_cells_unproven() {
    let made = Workspace::new(&format!("[axis]\nrust = [HERE]\n{SUITES}"));
    let ran = made.run(&["leak-check"]);
    ran.expect(0).prints(&["AddressSanitizer needs a nightly toolchain"]);
    made.run(&["leak-check", "--missing", "fail"]).expect(1);
    let Some(sysroot) = nightly() else { return };
    let made = Workspace::bare();
    let fake = with_runtimes(&sysroot, &made, &["tsan"]);
    let made = workspace(&fake, SUITES, "#[test]\nfn works() {}\n");
    let ran = made.run(&["leak-check"]);
    ran.expect(0).prints(&["has no runtime of AddressSanitizer", "rustup toolchain install nightly"]);
}

#[test]
fn options_that_the_sanitizer_refuses_or_that_blind_it_are_told() {
    let Some(sysroot) = nightly() else { return };
    let suite =
        |flags: &str| format!("\n[[suite]]\nname = \"lsan\"\nkind = \"leak\"\ntool = \"lsan\"\nflags = [{flags}]\n");
    let made = workspace(&sysroot, &suite("\"nonsense\""), "#[test]\nfn works() {}\n");
    made.run(&["leak-check"]).expect(3).prints(&["tool not proven", "refuses its options"]);
    let made = workspace(&sysroot, &suite("\"detect_leaks=0\""), "#[test]\nfn works() {}\n");
    made.run(&["leak-check"]).expect(3).prints(&["tool not proven"]);
}

#[test]
fn in_a_stage_own_code_is_own_and_what_has_no_sanitizer_in_it_is_no_pass() {
    let Some(sysroot) = nightly() else { return };
    let manifest = MANIFEST.replace("test = false", "proc-macro = true");
    let lib = "#[test]\nfn is_not_looked_at() {\n    std::mem::forget(vec![1u8; 1001]);\n}\n";
    let made = workspace(&sysroot, SUITES, TESTS).file("Cargo.toml", &manifest).file("src/lib.rs", lib);
    let json = check(&made, 1, &["--hermetic", "--tool", "lsan"]);
    let leaks = &record(&json, "lsan")["leaks"];
    assert_eq!(leaks["ran"], 9, "{leaks:#}");
    let not_run = &leaks["not_runnable"][0];
    assert_eq!(not_run["tests"][0], "made::is_not_looked_at", "{leaks:#}");
    assert!(not_run["reason"].as_str().unwrap().contains("proc-macro"), "{leaks:#}");
    let forgets = leaks["findings"].as_array().unwrap().iter().find(|f| f["test"] == "forgets").unwrap();
    let own = forgets["stack"].as_array().unwrap().iter().find(|frame| frame["origin"] == "own").unwrap();
    assert_eq!((&own["file"], &own["line"]), (&"tests/it.rs".into(), &16.into()), "{forgets:#}");
}

#[test]
fn under_ptrace_the_tool_is_not_proven() {
    let Some(sysroot) = nightly() else { return };
    if !exists("/usr/bin/strace") {
        println!("skipped: no strace; apt-get install strace");
        return;
    }
    let made = workspace(&sysroot, SUITES, "#[test]\nfn works() {}\n");
    let ours = made.command(&["leak-check", "--tool", "lsan"]);
    let mut strace = Command::new("/usr/bin/strace");
    strace.args(["-f", "-qq", "-e", "trace=none", "-o", "/dev/null"]).arg(ours.get_program()).args(ours.get_args());
    strace.env_clear().envs(ours.get_envs().filter_map(|(name, value)| Some((name, value?)))).current_dir("/");
    let ran: Ran = finish(strace);
    ran.expect(3).prints(&["tool not proven", "run it without strace and gdb"]);
}

#[test]
fn children_confuse_nothing() {
    let Some(sysroot) = nightly() else { return };
    // It starts itself, sanitized as it is: the child leaks and says so in a report of its own.
    let tests = r#"
#[test]
fn child() {
    if std::env::var_os("CHILD").is_some() {
        std::mem::forget(vec![1u8; 1001]);
    }
}

#[test]
fn parent() {
    let mut again = std::process::Command::new(std::env::current_exe().unwrap());
    let output = again.args(["--exact", "child"]).env("CHILD", "1").output().unwrap();
    assert!(!output.status.success());
}
"#;
    let made = workspace(&sysroot, SUITES, tests);
    let json = check(&made, 0, &[]);
    for suite in ["asan", "lsan"] {
        assert_eq!(findings(&json, suite), [], "{json:#}");
        let notes = record(&json, suite)["leaks"]["notes"].as_array().unwrap();
        assert!(notes[0].as_str().unwrap().contains("its own report"), "{notes:?}");
    }
}

#[test]
fn a_test_that_waits_for_ever_takes_no_other_s_leak_with_it() {
    let Some(sysroot) = nightly() else { return };
    let waits = "#[test]\nfn a_forgets() {\n    std::mem::forget(vec![1u8; 1001]);\n}\n\n#[test]\nfn b_waits_for_ever() {\n    \
                 std::thread::sleep(std::time::Duration::from_secs(3600));\n}\n";
    let made = workspace(&sysroot, &SUITES.replace("tool", "timeout = \"6s\"\ntool"), waits);
    let json = check(&made, 1, &[]);
    for suite in ["asan", "lsan"] {
        assert_eq!(findings(&json, suite), expected(&[("a_forgets", "definite", 1001)]), "{suite}");
        let record = record(&json, suite);
        assert_eq!(
            (&record["outcome"], &record["failures"][0]["test"]),
            (&"timed-out".into(), &"b_waits_for_ever".into())
        );
    }
    made.expect_no_processes();
}
