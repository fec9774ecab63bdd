//! Interrupted at any moment: children end, results stay, the same command goes on.

#![allow(clippy::disallowed_methods, reason = "tests send signals")]

use std::collections::BTreeMap;
use std::os::unix::fs::PermissionsExt;
use std::os::unix::process::CommandExt;
use std::process::{Child, Stdio};
use std::time::{Duration, Instant};

use rustix::process::Signal;

use crate::support::{signal, text_of, totals, wait_for, Ran, Workspace, WAITS};

const SPEC: &str = "[axis]\nrust = [HERE]\n[axis.n]\nenv = \"N\"\n\
                    values = [\"quick-1\", \"quick-2\", \"quick-3\", \"slow-1\", \"slow-2\"]\n";

fn start(made: &Workspace, args: &[&str]) -> Child {
    let mut command = made.command(args);
    command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped()).process_group(0).spawn().expect("starts")
}

fn end(child: Child) -> Ran {
    let start = Instant::now();
    let output = child.wait_with_output().expect("ends");
    let ran = Ran {
        code: output.status.code(),
        stdout: text_of(output.stdout),
        stderr: text_of(output.stderr),
        took: start.elapsed(),
    };
    assert!(ran.took < Duration::from_secs(10), "it takes its time to stop\n{ran}");
    ran
}

/// How many records the ledger has; none where there is no ledger yet.
fn records(made: &Workspace) -> i64 {
    let path = made.compat("ledger.sqlite");
    let count = || {
        let connection = rusqlite::Connection::open_with_flags(path, rusqlite::OpenFlags::SQLITE_OPEN_READ_ONLY)?;
        connection.query_row("SELECT count(*) FROM records", [], |row| row.get::<_, i64>(0))
    };
    count().unwrap_or(0)
}

#[test]
fn an_interrupt_ends_all_children_and_keeps_all_results() {
    for how in [Signal::INT, Signal::TERM] {
        let made = Workspace::new(SPEC).tests(WAITS);
        let child = start(&made, &["compat", "--jobs", "5"]);
        wait_for("three results", || records(&made) == 3);
        signal(&child, how);
        let ran = end(child);
        ran.expect(130).says(&["interrupted; results are kept, and the same command continues"]);
        ran.prints(&["3 ok", "2 unproven", "interrupted"]).never_says("panicked");
        made.expect_no_processes();
        assert_eq!(records(&made), 3, "what was cut short is no result");
        made.write("target/go", "");
        assert_eq!(totals(&made.json(0, &[])), [1, 2, 3], "the rest, and only the rest");
    }
}

#[test]
fn a_second_interrupt_ends_what_does_not_listen() {
    let made = Workspace::new(SPEC).tests(
        "#[test]\nfn deaf() {\n    use std::os::unix::process::CommandExt;\n    \
         if std::env::var(\"N\").unwrap().starts_with(\"slow\") {\n        \
         let mut shell = std::process::Command::new(\"/bin/sh\");\n        \
         panic!(\"{}\", shell.args([\"-c\", \"trap '' TERM INT; sleep 600; sleep 600\"]).exec());\n    \
         }\n}\n",
    );
    let child = start(&made, &["compat", "--jobs", "5"]);
    wait_for("three results", || records(&made) == 3 && made.processes().iter().any(|p| p.contains("sleep")));
    signal(&child, Signal::INT);
    std::thread::sleep(Duration::from_millis(300));
    signal(&child, Signal::INT);
    end(child).expect(130);
    made.expect_no_processes();
    assert_eq!(records(&made), 3);
}

#[test]
fn an_interrupt_in_the_middle_of_a_build_leaves_no_cargo() {
    let made = Workspace::new(SPEC).tests(WAITS).file(
        "build.rs",
        "fn main() {\n    while !std::path::Path::new(\"target/go\").exists() {\n        \
         std::thread::sleep(std::time::Duration::from_millis(20));\n    }\n}\n",
    );
    let child = start(&made, &["compat", "--format", "json"]);
    wait_for("the build script", || made.processes().iter().any(|process| process.contains("build-script")));
    signal(&child, Signal::INT);
    let ran = end(child);
    ran.expect(130);
    assert_eq!(ran.json()["counts"], serde_json::json!({ "unproven": 5 }));
    made.expect_no_processes();
    assert_eq!(records(&made), 0);
    made.write("target/go", "");
    assert_eq!(totals(&made.json(0, &[])), [1, 5, 0]);
}

#[test]
fn an_interrupt_before_the_plan_is_an_interrupt_and_no_finding() {
    let made = Workspace::new("[axis]\nrust = [HERE, \"1.13.0\"]\n");
    let bin = made.cache().join("bin");
    std::fs::create_dir_all(&bin).expect("a folder");
    // A rustup that hangs in the question, then in the installation.
    for (hangs_in, text) in [
        ("which", "case $1 in which) sleep 600;; esac\nexit 1\n"),
        ("toolchain", "case $1 in toolchain) sleep 600;; esac\nexit 1\n"),
    ] {
        let rustup = bin.join("rustup");
        std::fs::write(&rustup, format!("#!/bin/sh\n{text}")).expect("writes");
        std::fs::set_permissions(&rustup, std::fs::Permissions::from_mode(0o755)).expect("sets");
        let path = format!("{}:{}", bin.display(), std::env::var("PATH").expect("a path"));
        let mut command = made.command(&["compat", "--format", "json"]);
        command.env("PATH", &path).stdout(Stdio::piped()).stderr(Stdio::piped()).process_group(0);
        let child = command.spawn().expect("starts");
        let cache = made.cache().to_string_lossy().into_owned();
        wait_for(hangs_in, || crate::support::processes_with(&cache).iter().any(|process| process.contains("sleep")));
        signal(&child, Signal::INT);
        let ran = end(child);
        ran.expect(130);
        assert_eq!(ran.stdout, "", "{ran}");
        let facts = "SELECT count(*) FROM facts WHERE name LIKE 'install-failure%' OR name LIKE 'rustup which%'";
        let count: i64 = made.ledger().query_row(facts, [], |row| row.get(0)).expect("counts");
        let expected = i64::from(hangs_in == "toolchain");
        assert_eq!(count, expected, "what was cut short in `{hangs_in}` is remembered");
    }
}

#[test]
fn killed_fifty_times_at_random_points_nothing_is_lost_and_nothing_twice() {
    let values: Vec<String> = (0..24).map(|n| format!("n{n}")).collect();
    let made = Workspace::new(&format!("[axis]\nrust = [HERE]\n[axis.n]\nenv = \"N\"\nvalues = {values:?}\n"));
    let test = "#[test]\nfn naps() {\n    let n: u64 = std::env::var(\"N\").unwrap()[1..].parse().unwrap();\n    \
                std::thread::sleep(std::time::Duration::from_millis(5 + n * 2));\n}\n";
    made.write("tests/it.rs", test);
    // Any seed will do; this one makes a failure come again.
    let mut random = 0x2545_f491_u64;
    let mut known: BTreeMap<String, String> = BTreeMap::new();
    let mut rounds = 0;
    for kill in 0..50 {
        random = random.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        let wait = Duration::from_millis(10 + (random >> 33) % 450);
        let mut child = start(&made, &["compat", "--format", "json"]);
        std::thread::sleep(wait);
        signal(&child, Signal::KILL);
        let finished = child.wait().expect("ends").success();
        known = check_ledger(&made, &known, &format!("kill {kill} after {wait:?}"));
        if finished {
            // All is known; sources that differ begin a new round.
            rounds += 1;
            made.write("tests/it.rs", format!("{test}// {rounds}\n"));
        }
    }
    let json = made.json(0, &[]);
    let keys: Vec<&str> =
        json["rows"].as_array().expect("rows").iter().filter_map(|row| row["record"]["key"].as_str()).collect();
    assert_eq!(keys.len(), 24);
    known = check_ledger(&made, &known, "the end");
    assert!(keys.iter().all(|key| known.contains_key(*key)), "every cell is in the ledger");
    assert_eq!(totals(&made.json(0, &[])), [0, 0, 24]);
    made.expect_no_processes();
    assert!(!std::fs::read_dir(made.compat("run")).is_ok_and(|mut entries| entries.next().is_some()), "copies go away");
}

/// The ledger is sound, has each key once, and still all that it had; what it has now, cell by key.
#[track_caller]
fn check_ledger(made: &Workspace, before: &BTreeMap<String, String>, when: &str) -> BTreeMap<String, String> {
    let path = made.compat("ledger.sqlite");
    if !path.exists() {
        return BTreeMap::new();
    }
    // As the next start would: the log of a killed process is played back.
    let connection = rusqlite::Connection::open(path).expect("opens");
    let sound: String = connection.query_row("PRAGMA integrity_check", [], |row| row.get(0)).expect("checks");
    assert_eq!(sound, "ok", "{when}");
    let tables: i64 = connection
        .query_row("SELECT count(*) FROM sqlite_schema WHERE name = 'records'", [], |row| row.get(0))
        .expect("counts");
    if tables == 0 {
        return BTreeMap::new();
    }
    let mut select = connection.prepare("SELECT key, cell, outcome FROM records").expect("prepares");
    let rows = select.query_map([], |row| Ok((row.get(0)?, row.get(1)?, row.get::<_, String>(2)?))).expect("reads");
    let mut found = BTreeMap::new();
    for row in rows {
        let (key, cell, outcome): (String, String, String) = row.expect("a row");
        assert_eq!(outcome, "passed", "{when}: {cell}");
        assert!(found.insert(key, cell.clone()).is_none(), "{when}: {cell} is there twice");
    }
    for (key, cell) in before {
        assert!(found.contains_key(key), "{when}: {cell} is lost");
    }
    found
}

#[test]
fn an_interrupt_ends_a_leak_tool_and_what_runs_under_it() {
    let spec = "[axis]\nrust = [HERE]\n\n[[suite]]\nname = \"left\"\nkind = \"leak\"\ntool = \"resources\"\n";
    let waits = "#[test]\nfn waits() {\n    std::fs::write(concat!(env!(\"CARGO_MANIFEST_DIR\"), \"/target/begun\"), \"\").unwrap();\n    \
                 std::thread::sleep(std::time::Duration::from_secs(3600));\n}\n";
    let made = Workspace::new(spec).tests(waits);
    let child = start(&made, &["leak-check"]);
    wait_for("the test", || made.path("target/begun").exists());
    signal(&child, Signal::INT);
    end(child).expect(130).says(&["interrupted; results are kept"]).never_says("panicked");
    made.expect_no_processes();
    assert_eq!(records(&made), 0, "what was cut short is no result");
}
