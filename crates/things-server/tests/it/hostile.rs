//! Clients that flood, hang, or close in the middle, over real pipes; and databases that change under the server.

use crate::support::{command, hello, tool, Database, Program};
use serde_json::json;
use std::collections::HashSet;
use std::io::{BufRead, BufReader, Write};
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::Arc;
use std::time::Duration;

const FLOOD: u32 = 10_000;

#[test]
fn ten_thousand_requests_without_reading_answers() {
    let database = Database::new();
    database.fill(100, &"n".repeat(1_000));
    let mut child = command(&database.path, &[]).spawn().unwrap();
    let mut stdin = child.stdin.take().unwrap();
    let mut stdout = BufReader::new(child.stdout.take().unwrap());
    writeln!(stdin, "{}", hello()).unwrap();
    let mut line = String::new();
    stdout.read_line(&mut line).unwrap();
    let sent = Arc::new(AtomicU32::new(0));
    let counter = sent.clone();
    let writer = std::thread::spawn(move || {
        for id in 0..FLOOD {
            writeln!(stdin, "{}", tool(id, "inbox", json!({ "limit": 5 }))).unwrap();
            counter.store(id + 1, Ordering::Release);
        }
        stdin
    });
    // A slow machine sends less in this time; no machine sends all, because the server stops reading.
    std::thread::sleep(Duration::from_secs(2));
    let taken = sent.load(Ordering::Acquire);
    assert!(taken < FLOOD / 2, "{taken} requests were taken in without an answer being read");

    let mut answered = HashSet::new();
    for _ in 0..FLOOD {
        line.clear();
        assert_ne!(stdout.read_line(&mut line).unwrap(), 0, "the server closed the connection");
        // Parsing all of it would take longer than answering.
        let id = line.strip_prefix("{\"jsonrpc\":\"2.0\",\"id\":").and_then(|rest| rest.split_once(",\"result\":"));
        assert!(line.trim_end().ends_with("\"isError\":false}}"), "{line}");
        answered.insert(id.expect("a result").0.parse::<u32>().unwrap());
    }
    assert_eq!(answered.len(), FLOOD as usize);
    // An answer has 14 kB; 10,000 of them would be 140 MB.
    if let Ok(status) = std::fs::read_to_string(format!("/proc/{}/status", child.id())) {
        let peak = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).unwrap();
        let kilobytes: u64 = peak.trim().strip_suffix(" kB").unwrap().parse().unwrap();
        assert!(kilobytes < 100 * 1_024, "{kilobytes} kB at the most");
    }
    drop(writer.join().unwrap());
    assert_eq!(child.wait().unwrap().code(), Some(0));
}

#[test]
fn a_client_that_hangs_does_not_outlive_a_signal() {
    let database = Database::new();
    database.fill(100, &"n".repeat(1_000));
    let mut child = command(&database.path, &[]).spawn().unwrap();
    let mut stdin = child.stdin.take().unwrap();
    writeln!(stdin, "{}", hello()).unwrap();
    // Fits into the pipe; the answers do not.
    for id in 0..64 {
        writeln!(stdin, "{}", tool(id, "inbox", json!({ "limit": 50 }))).unwrap();
    }
    std::thread::sleep(Duration::from_millis(500));
    let id = child.id().to_string();
    assert!(std::process::Command::new("kill").args(["-TERM", &id]).status().unwrap().success());
    let begun = std::time::Instant::now();
    while child.try_wait().unwrap().is_none() {
        assert!(begun.elapsed() < crate::support::PATIENCE, "the server waits for a client that hangs");
        std::thread::sleep(Duration::from_millis(20));
    }
    assert_eq!(child.wait().unwrap().code(), Some(0));
}

#[test]
fn a_client_that_closes_both_ends_in_the_middle_is_code_4() {
    let database = Database::new();
    database.fill(100, &"n".repeat(1_000));
    let mut child = command(&database.path, &[]).spawn().unwrap();
    let mut stdin = child.stdin.take().unwrap();
    writeln!(stdin, "{}", hello()).unwrap();
    for id in 0..64 {
        writeln!(stdin, "{}", tool(id, "inbox", json!({ "limit": 50 }))).unwrap();
    }
    let mut stdout = BufReader::new(child.stdout.take().unwrap());
    let mut line = String::new();
    stdout.read_line(&mut line).unwrap();
    drop((stdin, stdout));
    let output = child.wait_with_output().unwrap();
    assert_eq!(output.status.code(), Some(4), "{}", String::from_utf8_lossy(&output.stderr));
}

#[test]
fn a_client_that_stops_taking_answers_is_code_4() {
    let database = Database::new();
    let mut child = command(&database.path, &[]).spawn().unwrap();
    let mut stdin = child.stdin.take().unwrap();
    drop(child.stdout.take());
    writeln!(stdin, "{}", hello()).unwrap();
    // Standard input stays open: the server must not wait for it.
    let begun = std::time::Instant::now();
    while child.try_wait().unwrap().is_none() {
        assert!(begun.elapsed() < crate::support::PATIENCE, "the server goes on without a client");
        std::thread::sleep(Duration::from_millis(20));
    }
    assert_eq!(child.wait().unwrap().code(), Some(4));
}

#[test]
fn a_database_that_is_replaced_is_read_anew() {
    let (database, other) = (Database::new(), Database::new());
    other.fill(7, "");
    let mut program = Program::greeted(&database.path, &[]);
    let total = |program: &mut Program, id: i64| {
        program.send(&tool(id, "inbox", json!({})));
        program.receive()["result"].clone()
    };
    let before = database.inbox();
    assert_eq!(total(&mut program, 1)["structuredContent"]["total"], before);
    std::fs::rename(&other.path, &database.path).unwrap();
    assert_eq!(total(&mut program, 2)["structuredContent"]["total"], before + 7);

    std::fs::remove_file(&database.path).unwrap();
    let gone = total(&mut program, 3);
    assert_eq!(gone["isError"], true, "{gone}");
    let back = Database::new();
    std::fs::rename(&back.path, &database.path).unwrap();
    assert_eq!(total(&mut program, 4)["structuredContent"]["total"], before);

    let migrate = "UPDATE Meta SET value = '<plist><integer>99</integer></plist>' WHERE key = 'databaseVersion'";
    database.connect().execute_batch(migrate).unwrap();
    let migrated = total(&mut program, 5);
    assert_eq!(migrated["isError"], true, "{migrated}");
    assert_eq!(program.code(), 0);
}
