//! The program: its command line, its exit codes, its end.

use crate::support::{command, tool, Database, Program};
use serde_json::json;
use std::io::Write;
use std::path::Path;

fn ends(database: &Path, options: &[&str]) -> (Option<i32>, String) {
    let mut child = command(database, options).spawn().expect("the program starts");
    drop(child.stdin.take());
    let output = child.wait_with_output().expect("the program ends");
    assert!(output.stdout.is_empty(), "standard output belongs to MCP: {}", String::from_utf8_lossy(&output.stdout));
    (output.status.code(), String::from_utf8(output.stderr).expect("UTF-8"))
}

#[test]
fn a_client_that_says_nothing_is_no_failure() {
    let database = Database::new();
    let (code, said) = ends(&database.path, &[]);
    assert_eq!(code, Some(0), "{said}");
}

#[test]
fn a_database_that_cannot_be_served_is_code_3() {
    let database = Database::new();
    let path = |name: &str| database.folder().join(name);
    std::fs::write(path("text"), "no database").unwrap();
    std::fs::write(path("half"), &std::fs::read(&database.path).unwrap()[..5_000]).unwrap();
    std::fs::copy(&database.path, path("future")).unwrap();
    let future = rusqlite::Connection::open(path("future")).unwrap();
    future
        .execute_batch("UPDATE Meta SET value = '<plist><integer>99</integer></plist>' WHERE key = 'databaseVersion'")
        .unwrap();
    drop(future);
    for (name, kind) in [
        ("nothing", "not-found"),
        ("text", "not-a-database"),
        ("half", "truncated"),
        ("future", "unknown-vintage"),
        ("", "cannot-open"),
    ] {
        let (code, said) = ends(&path(name), &[]);
        assert_eq!(code, Some(3), "{name}: {said}");
        assert!(said.starts_with(&format!("error: {kind}: ")), "{name}: {said}");
    }
}

#[test]
fn a_wrong_command_line_is_code_2() {
    let database = Database::new();
    for (options, why) in [
        (&["--flight", "0.0.0.0:0"][..], "--allow-remote"),
        (&["--metrics", "[::]:0"], "--allow-remote"),
        (&["--flight", "127.0.0.1"], "and a port"),
        (&["--no-mcp"], "add --flight or --metrics"),
        (&["--connections", "0"], "1..=64"),
        (&["--log", "=="], "--log"),
        (&["--burn"], "unexpected argument"),
    ] {
        let (code, said) = ends(&database.path, options);
        assert_eq!(code, Some(2), "{options:?}: {said}");
        assert!(said.contains(why), "{options:?}: {said}");
    }
}

#[test]
fn an_address_in_use_is_code_1() {
    let database = Database::new();
    let taken = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let address = taken.local_addr().unwrap().to_string();
    for option in ["--flight", "--metrics"] {
        let (code, said) = ends(&database.path, &[option, &address]);
        assert_eq!(code, Some(1), "{said}");
        assert!(said.contains(option) && said.contains(&address) && said.contains("port 0"), "{said}");
    }
}

#[test]
fn help_and_version_are_printed() {
    for (option, wanted) in [("--help", "Exit codes:"), ("--version", env!("CARGO_PKG_VERSION"))] {
        let output = command(Path::new("x"), &[option]).output().unwrap();
        assert_eq!(output.status.code(), Some(0));
        assert!(String::from_utf8(output.stdout).unwrap().contains(wanted));
    }
}

#[test]
fn a_signal_ends_the_program_cleanly() {
    let database = Database::new();
    for signal in ["TERM", "INT"] {
        let program = Program::greeted(&database.path, &["--allow-writes", "--flight", "127.0.0.1:0"]);
        program.signal(signal);
        let (status, said) = program.ended();
        assert_eq!(status.code(), Some(0), "{signal}: {said}");
    }
    // Before anything was said, too.
    let mut program = Program::start(&database.path, &["--metrics", "127.0.0.1:0"]);
    program.address();
    program.signal("TERM");
    assert_eq!(program.ended().0.code(), Some(0));
}

#[test]
fn a_server_without_mcp_runs_until_a_signal() {
    let database = Database::new();
    let mut program = Program::start(&database.path, &["--no-mcp", "--flight", "127.0.0.1:0"]);
    program.address();
    program.stdin = None;
    std::thread::sleep(std::time::Duration::from_millis(200));
    assert!(program.child.try_wait().unwrap().is_none(), "the end of standard input is none of its business");
    program.signal("TERM");
    assert_eq!(program.ended().0.code(), Some(0));
}

#[test]
fn the_log_does_not_hold_what_the_database_holds() {
    let database = Database::new();
    let mut program = Program::greeted(&database.path, &[]);
    program.send(&tool(1, "inbox", json!({})));
    let title = program.receive()["result"]["structuredContent"]["tasks"][0]["title"].as_str().unwrap().to_owned();
    program.send(&tool(2, "task", json!({ "id": "secret" })));
    program.receive();
    program.send(&tool(3, "burn", json!({ "text": "secret" })));
    program.receive();
    program.stdin = None;
    let (status, said) = program.ended();
    assert_eq!(status.code(), Some(0));
    assert!(!said.contains(&title) && !said.contains("secret"), "{said}");
}

#[test]
fn half_a_message_at_the_end_is_code_4() {
    let database = Database::new();
    let mut program = Program::greeted(&database.path, &[]);
    program.stdin.as_mut().unwrap().write_all(b"{\"jsonrpc\":\"2.0\",\"id\":1,").unwrap();
    assert_eq!(program.code(), 4);
    let mut program = Program::start(&database.path, &[]);
    program.stdin.as_mut().unwrap().write_all(b"GET / HTTP/1.1").unwrap();
    assert_eq!(program.code(), 4);
}
