//! `leak-check` with the tool `resources`: what tests leave behind and how they grow, and what of it is no leak.

use serde_json::Value;

use crate::support::{finish, sysroot, Workspace};

const SPEC: &str = "[axis]\nrust = [HERE]\n\n[[suite]]\nname = \"left\"\nkind = \"leak\"\ntool = \"resources\"\n";

#[track_caller]
fn check(spec: &str, tests: &str, code: i32) -> Value {
    let made = Workspace::new(spec).tests(tests);
    let ran = made.run(&["leak-check", "--format", "json"]);
    let json = ran.expect(code).json();
    made.expect_no_processes();
    json
}

fn leaks(json: &Value) -> &Value {
    &json["rows"][0]["record"]["leaks"]
}

/// `test: kind: what` of each finding.
fn found(json: &Value) -> Vec<String> {
    let findings = leaks(json)["findings"].as_array().cloned().unwrap_or_default();
    let text = |finding: &Value, name: &str| finding[name].as_str().unwrap_or("none").to_owned();
    findings.iter().map(|f| format!("{}: {}: {}", text(f, "test"), text(f, "kind"), text(f, "what"))).collect()
}

const LEFT: &str = include_str!("resources_left.rs.txt");

#[test]
fn what_tests_leave_behind_is_found_and_told_by_test() {
    let json = check(SPEC, LEFT, 1);
    assert_eq!(leaks(&json)["canary"]["is"], "proven", "{json:#}");
    let expected = [
        "blocked_thread: leftover-thread: leaves the thread `waits` running",
        "daemon: leftover-process: leaves a process running that a child of it started: `sleep`",
        "descriptor: leftover-descriptor: leaves a descriptor open: /dev/null",
        "file: leftover-file: leaves a file in TMPDIR: left.txt",
        "folder: leftover-file: leaves a folder in TMPDIR: .tmp*/",
        "growth: growth: memory grows by 88 bytes with each call",
        "growth_by_a_cycle_in_a_thread: growth: memory grows by",
        "growth_in_a_static: growth: memory grows by",
        "growth_of_a_buffer: growth: memory grows by about",
        "growth_on_the_error_path: growth: memory grows by 40 bytes",
        "leaves_and_fails: leftover-file: leaves a file in TMPDIR: of-a-failure",
        "never_waited_for: leftover-process: never waits for a child process that ended: `sh`",
        "running_child: leftover-process: leaves a child process running: `sh`",
        "socket: leftover-descriptor: leaves a descriptor open: a socket",
    ];
    let mut found = found(&json);
    found.sort();
    assert_eq!(found.len(), expected.len(), "{found:#?}");
    for (found, expected) in found.iter().zip(expected) {
        assert!(found.starts_with(expected), "{found}, not {expected}");
    }
    let findings = leaks(&json)["findings"].as_array().unwrap();
    let of = |test: &str| findings.iter().find(|finding| finding["test"] == test).unwrap();
    assert_eq!((&of("folder")["blocks"], &of("folder")["bytes"]), (&3.into(), &100.into()));
    assert_eq!(of("socket")["blocks"], 2);
    assert!(of("blocked_thread")["related"][0]["what"].as_str().unwrap().starts_with("with it, memory grows by"));
    assert!(of("running_child")["related"][0]["what"].as_str().unwrap().contains("sleep 1000"));
    assert_eq!(json["rows"][0]["record"]["failures"][0]["test"], "leaves_and_fails");
    // The same again, in another process with other names: the same fingerprints.
    let prints = |json: &Value| -> Vec<String> {
        leaks(json)["findings"].as_array().unwrap().iter().map(|f| f["fingerprint"].to_string()).collect()
    };
    assert_eq!(prints(&json), prints(&check(SPEC, LEFT, 1)));
}

const CLEAN: &str = include_str!("resources_clean.rs.txt");

#[test]
fn clean_tests_are_clean() {
    let json = check(&format!("{SPEC}timeout = \"15s\"\n"), CLEAN, 0);
    assert_eq!(found(&json), [""; 0], "{json:#}");
    assert_eq!(leaks(&json)["ran"], 15);
    let notes: Vec<&str> = leaks(&json)["notes"].as_array().unwrap().iter().map(|n| n.as_str().unwrap()).collect();
    let expected = [
        "it::static_file_and_worker keeps a descriptor of /dev/zero open",
        "it::static_file_and_worker keeps the thread `worker`",
        "it::waits_for_ever_the_second_time: whether memory grows is not judged: ",
        "it::works_only_once: whether memory grows is not judged: its call 2",
    ];
    assert_eq!(notes.len(), expected.len(), "{notes:#?}");
    for (note, expected) in notes.iter().zip(expected) {
        assert!(note.starts_with(expected), "{note}, not {expected}");
    }
}

#[test]
fn tests_that_end_badly_have_a_plain_outcome() {
    let tests = "
        #[test]
        fn a_aborts() { std::process::abort(); }

        #[test]
        fn b_exits() { std::process::exit(0); }

        #[test]
        fn c_waits_for_ever() { loop { std::thread::sleep(std::time::Duration::from_secs(1)); } }

        #[test]
        fn d_leaves() { std::fs::write(std::env::temp_dir().join(\"left\"), \"\").unwrap(); }
    ";
    let json = check(&format!("{SPEC}timeout = \"5s\"\n"), tests, 1);
    let failures = json["rows"][0]["record"]["failures"].as_array().unwrap();
    let failed: Vec<&str> = failures.iter().map(|failure| failure["test"].as_str().unwrap()).collect();
    assert_eq!(failed, ["a_aborts", "b_exits", "c_waits_for_ever"], "{json:#}");
    assert_eq!(found(&json), ["d_leaves: leftover-file: leaves a file in TMPDIR: left"], "{json:#}");
    assert_eq!(json["rows"][0]["record"]["outcome"], "timed-out");
}

#[test]
fn without_repetition_growth_is_not_looked_for() {
    let json = check(&format!("{SPEC}repeat = 0\n"), "#[test]\nfn grows() { std::mem::forget(vec![1u8; 77]); }\n", 0);
    assert_eq!(leaks(&json)["canary"]["is"], "proven", "{json:#}");
    assert_eq!(found(&json), [""; 0]);
}

const ONE_LEFT: &str = "
    #[test]
    fn grows() { std::mem::forget(vec![1u8; 77]); }

    #[test]
    fn leaves() { std::fs::write(std::env::temp_dir().join(\"left\"), \"\").unwrap(); }
";

#[test]
fn executables_that_cannot_be_looked_into_are_no_clean_ones() {
    let made = Workspace::new(SPEC).tests(ONE_LEFT);
    let flags = |flags: &str| made.write(".cargo/config.toml", format!("[build]\nrustflags = [{flags}]\n"));
    // Without symbols nobody can call the harness again; the rest is seen.
    flags("\"-C\", \"strip=symbols\"");
    let json = made.run(&["leak-check", "--format", "json"]).expect(1).json();
    assert_eq!(found(&json), ["leaves: leftover-file: leaves a file in TMPDIR: left"], "{json:#}");
    let note = leaks(&json)["notes"][0].as_str().unwrap();
    assert!(note.ends_with("the executable has no symbol of its test harness (is it stripped?)"), "{note}");
    flags("\"-C\", \"symbol-mangling-version=v0\"");
    let json = made.run(&["leak-check", "--format", "json"]).expect(1).json();
    assert_eq!(found(&json).len(), 2, "{json:#}");
    flags("\"-C\", \"target-feature=+crt-static\"");
    made.run(&["leak-check"]).expect(3).prints(&["could not be loaded; a static executable loads nothing"]);
}

#[test]
fn an_allocator_of_its_own_hides_growth_and_that_is_said() {
    let allocator = include_str!("resources_allocator.rs.txt");
    let json = check(SPEC, &format!("{allocator}{ONE_LEFT}"), 1);
    assert_eq!(found(&json), ["leaves: leftover-file: leaves a file in TMPDIR: left"], "{json:#}");
    let note = leaks(&json)["notes"][0].as_str().unwrap();
    assert!(note.ends_with("not judged: the executable has a custom allocator"), "{note}");
}

#[test]
fn without_a_c_compiler_or_glibc_its_cells_are_unproven() {
    let made = Workspace::new(SPEC).tests(ONE_LEFT);
    let bin = made.path("../without");
    std::fs::create_dir_all(&bin).unwrap();
    std::os::unix::fs::symlink(format!("{}/bin/cargo", sysroot()), bin.join("cargo")).unwrap();
    let run = |says: &str| {
        let mut command = made.command(&["leak-check"]);
        command.env("PATH", &bin);
        finish(command).expect(0).prints(&[says]);
    };
    run("the C library is not glibc");
    std::os::unix::fs::symlink("/usr/bin/getconf", bin.join("getconf")).unwrap();
    run("no C compiler (`cc`); `apt-get install gcc` or its like installs one");
}
