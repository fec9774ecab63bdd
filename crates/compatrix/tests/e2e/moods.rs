//! Tests that misbehave: each has its outcome and its cause, harms no other cell, and leaves no process behind.

#![allow(clippy::disallowed_methods, reason = "tests look at processes")]

use std::time::Duration;

use crate::support::{finish, judged, row, Workspace};

/// One executable for all moods; the cell's variable chooses.
const TESTS: &str = r##"
use std::io::Write;
use std::process::{Command, Stdio};

fn shell(script: &str) -> Command {
    let mut command = Command::new("/bin/sh");
    command.args(["-c", script]);
    command
}

fn raw(bytes: &[u8]) {
    // Past the capture of libtest.
    std::io::stdout().write_all(bytes).unwrap();
    std::io::stderr().write_all(bytes).unwrap();
}

#[test]
fn mood() {
    match std::env::var("MOOD").unwrap().as_str() {
        "calm" => {}
        "hang" => {
            shell("sleep 600").spawn().unwrap();
            shell("exec setsid sleep 600").spawn().unwrap();
            std::thread::sleep(std::time::Duration::from_secs(600));
        }
        "deaf" => {
            shell("trap '' TERM INT HUP; sleep 600; sleep 600").status().unwrap();
        }
        "fork" => {
            shell("sleep 600").spawn().unwrap();
        }
        "leave" => {
            shell("exec setsid sleep 600").spawn().unwrap();
        }
        "babble" => {
            shell("exec setsid sh -c 'while :; do echo babble; done'").spawn().unwrap();
        }
        "daemon" => {
            let mut command = shell("exec setsid sleep 600");
            command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
            std::thread::sleep(std::time::Duration::from_millis(300));
        }
        "flood" => {
            let block = vec![b'x'; 1 << 20];
            for _ in 0..256 {
                std::io::stdout().write_all(&block).unwrap();
            }
            for _ in 0..64 {
                std::io::stderr().write_all(&block).unwrap();
            }
        }
        "garbled" => raw(b"\xff\xfe\x00 \x80 test result: ok. 99 passed; \xc3\n\x1b[31m\xf0\x9f"),
        "forged" => raw(b"test result: ok. 7 passed; 0 failed; 0 ignored; 0 measured; 0 filtered out; finished in 0s\n"),
        "abort" => std::process::abort(),
        "exit-0" => std::process::exit(0),
        "exit-3" => {
            eprintln!("no more of this");
            std::process::exit(3)
        }
        "killed" => {
            shell("kill -9 $PPID").status().unwrap();
        }
        "overflow" => {
            fn deeper(n: u64) -> u64 {
                if std::hint::black_box(n) == u64::MAX { 0 } else { deeper(n + 1) + std::hint::black_box(n) }
            }
            deeper(0);
        }
        other => panic!("{other}"),
    }
}
"##;

fn moods(names: &[&str], suite: &str) -> Workspace {
    let spec = format!(
        "[axis]\nrust = [HERE]\n[axis.mood]\nenv = \"MOOD\"\nvalues = {names:?}\n[[suite]]\nname = \"tests\"\n{suite}"
    );
    Workspace::new(&spec).tests(TESTS)
}

#[track_caller]
fn check(json: &serde_json::Value, mood: &str, expected: (&str, &str), cause: &str) {
    let (verdict, outcome, found) = judged(json, &format!("mood={mood}"));
    assert_eq!((verdict.as_str(), outcome.as_str()), expected, "{mood}: {found}");
    assert!(found.contains(cause), "{mood}: {found:?} has no {cause:?}");
}

#[test]
fn a_test_that_dies_has_an_outcome_and_a_cause() {
    let made = moods(&["calm", "abort", "exit-0", "exit-3", "killed", "overflow", "garbled", "forged"], "");
    let json = made.json(1, &[]);
    check(&json, "calm", ("ok", "passed"), "");
    check(&json, "abort", ("broken", "crashed"), "it was ended by SIGABRT");
    check(&json, "exit-0", ("broken", "failed"), "it ended with code 0 and without a test result");
    check(&json, "exit-3", ("broken", "crashed"), "it ended with code 3 before its result");
    check(&json, "killed", ("broken", "crashed"), "it was ended by SIGKILL");
    check(&json, "overflow", ("broken", "crashed"), "it was ended by SIG");
    check(&json, "garbled", ("ok", "passed"), "");
    check(&json, "forged", ("ok", "passed"), "");
    for mood in ["mood=garbled", "mood=forged"] {
        assert_eq!(row(&json, mood)["tests"]["passed"], 1, "{mood}");
    }
    made.expect_no_processes();
}

#[test]
fn a_test_that_hangs_is_ended_with_all_its_processes() {
    let made = moods(&["hang", "deaf", "calm"], "timeout = \"1s\"\n");
    let ran = made.run(&["compat", "--format", "json"]);
    ran.expect(1);
    assert!(ran.took < Duration::from_secs(30), "{ran}");
    let json = ran.json();
    check(&json, "hang", ("broken", "timed-out"), "it ran for more than 1s");
    check(&json, "deaf", ("broken", "timed-out"), "it ran for more than 1s");
    check(&json, "calm", ("ok", "passed"), "");
    made.expect_no_processes();
}

#[test]
fn a_child_that_outlives_its_test_is_ended() {
    let made = moods(&["fork", "leave", "babble", "daemon"], "timeout = \"60s\"\n");
    let ran = made.run(&["compat", "--format", "json"]);
    ran.expect(0);
    assert!(ran.took < Duration::from_secs(40), "{ran}");
    let json = ran.json();
    for mood in ["fork", "leave", "babble", "daemon"] {
        check(&json, mood, ("ok", "passed"), "left processes behind, which were ended");
    }
    made.expect_no_processes();
}

#[test]
fn a_flood_of_output_does_not_fill_the_memory() {
    let made = moods(&["flood"], "");
    let mut command = made.command(&["compat", "--format", "json"]);
    command.stdout(std::process::Stdio::piped()).stderr(std::process::Stdio::piped());
    let child = command.spawn().expect("starts");
    let status = format!("/proc/{}/status", child.id());
    let peak = std::thread::spawn(move || {
        let mut peak = 0;
        while let Ok(text) = std::fs::read_to_string(&status) {
            let line = text.lines().find_map(|line| line.strip_prefix("VmHWM:"));
            let Some(line) = line else { break };
            let kilobytes = line.trim().trim_end_matches(" kB").parse::<u64>().expect("a number");
            peak = peak.max(kilobytes);
            std::thread::sleep(Duration::from_millis(20));
        }
        peak
    });
    let output = child.wait_with_output().expect("ends");
    let peak = peak.join().expect("watches");
    assert_eq!(output.status.code(), Some(0), "{}", String::from_utf8_lossy(&output.stderr));
    assert!(peak > 0 && peak < 100 * 1024, "{peak} kB for 320 MB of output");
    assert!(output.stdout.len() < 100_000, "the output does not come back: {} bytes", output.stdout.len());
    let ledger = std::fs::metadata(made.compat("ledger.sqlite")).expect("a ledger").len();
    assert!(ledger < 1 << 20, "{ledger} bytes of ledger");
}

#[test]
fn a_documentation_test_that_hangs_is_ended_by_the_suite_s_limit() {
    let spec = "[axis]\nrust = [HERE]\n[[suite]]\nname = \"tests\"\ndoctests = true\ntimeout = \"4s\"\n";
    let made = Workspace::new(spec)
        .file("src/lib.rs", "//! ```\n//! std::thread::sleep(std::time::Duration::from_secs(600));\n//! ```\n");
    let text = std::fs::read_to_string(made.path("Cargo.toml")).expect("a manifest");
    made.write("Cargo.toml", text.replace("doctest = false", "doctest = true"));
    let ran = finish(made.command(&["compat", "--format", "json"]));
    ran.expect(1);
    assert!(ran.took < Duration::from_secs(60), "{ran}");
    let (verdict, outcome, cause) = judged(&ran.json(), "rust=here");
    assert_eq!((verdict.as_str(), outcome.as_str()), ("broken", "timed-out"));
    assert!(cause.contains("documentation tests ran for more than 4s"), "{cause}");
    made.expect_no_processes();
}
