//! `/metrics`, asked for byte by byte.

use crate::support::{tool, Database, Program};
use serde_json::json;
use std::io::{Read, Write};
use std::net::TcpStream;
use std::time::Duration;

fn ask(address: &str, request: &str) -> String {
    let mut stream = TcpStream::connect(address).unwrap();
    stream.set_read_timeout(Some(crate::support::PATIENCE)).unwrap();
    stream.write_all(request.as_bytes()).unwrap();
    let mut answer = String::new();
    let _ = stream.read_to_string(&mut answer);
    answer
}

fn get(address: &str, path: &str, host: &str) -> String {
    ask(address, &format!("GET {path} HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n"))
}

#[test]
fn calls_are_counted_by_tool_and_outcome() {
    let database = Database::new();
    let mut program = Program::start(&database.path, &["--metrics", "127.0.0.1:0"]);
    let address = program.address();
    program.send(&crate::support::hello());
    program.receive();
    for (id, (name, arguments)) in [
        ("inbox", json!({})),
        ("inbox", json!({ "limit": 0 })),
        ("task", json!({ "id": "nobody" })),
        ("never heard of", json!({})),
    ]
    .into_iter()
    .enumerate()
    {
        program.send(&tool(id as i64, name, arguments));
        program.receive();
    }
    let text = get(&address, "/metrics", &address);
    assert!(text.starts_with("HTTP/1.1 200 OK\r\n"), "{text}");
    for line in [
        "# TYPE things_server_calls_total counter",
        "things_server_calls_total{tool=\"inbox\",outcome=\"ok\"} 1",
        "things_server_calls_total{tool=\"inbox\",outcome=\"invalid\"} 1",
        "things_server_calls_total{tool=\"task\",outcome=\"error\"} 1",
        // What a client sends never becomes a label.
        "things_server_calls_total{tool=\"unknown\",outcome=\"invalid\"} 1",
        "things_server_call_duration_seconds_count{tool=\"inbox\"} 2",
        "things_server_calls_in_flight 0",
        "things_server_connections{for=\"mcp\",state=\"idle\"} 1",
        "things_server_connections{for=\"flight\",state=\"in_use\"} 0",
    ] {
        assert!(text.lines().any(|found| found == line), "no {line} in {text}");
    }
    assert!(!text.contains("never heard of"));
    assert_eq!(program.code(), 0);
}

#[test]
fn other_requests_are_refused() {
    let database = Database::new();
    let mut program = Program::start(&database.path, &["--no-mcp", "--metrics", "127.0.0.1:0"]);
    let address = program.address();
    for (request, status) in [
        (format!("GET / HTTP/1.1\r\nHost: {address}\r\nConnection: close\r\n\r\n"), "404"),
        (format!("POST /metrics HTTP/1.1\r\nHost: {address}\r\nConnection: close\r\nContent-Length: 0\r\n\r\n"), "405"),
        ("GET /metrics HTTP/1.1\r\nHost: evil.example\r\nConnection: close\r\n\r\n".to_owned(), "403"),
        ("GET /metrics HTTP/1.1\r\nConnection: close\r\n\r\n".to_owned(), "403"),
        ("hello\r\n\r\n".to_owned(), "400"),
    ] {
        let answer = ask(&address, &request);
        assert!(answer.starts_with(&format!("HTTP/1.1 {status} ")), "{request}: {answer}");
    }
    program.signal("TERM");
    assert_eq!(program.ended().0.code(), Some(0));
}

#[test]
fn connections_that_hang_keep_nobody_waiting() {
    let database = Database::new();
    let mut program = Program::start(&database.path, &["--no-mcp", "--metrics", "127.0.0.1:0"]);
    let address = program.address();
    // More than the server takes at a time, of each kind: silent, in the middle of a request, and never reading answers.
    let request = "GET /metrics HTTP/1.1\r\nHost: localhost\r\n\r\n";
    let many = request.repeat(2_000);
    for said in ["", "GET /met", many.as_str()] {
        let hanging: Vec<TcpStream> = (0..100)
            .map(|_| {
                let mut stream = TcpStream::connect(&address).unwrap();
                stream.set_write_timeout(Some(Duration::from_millis(20))).unwrap();
                // The server may have closed it, or takes no more.
                let _ = stream.write_all(said.as_bytes());
                stream
            })
            .collect();
        assert!(get(&address, "/metrics", "localhost").starts_with("HTTP/1.1 200 "));
        // Without that, they would end by the server's limits of time.
        let mut oldest = &hanging[0];
        oldest.set_read_timeout(Some(Duration::from_secs(2))).unwrap();
        let ended = std::io::copy(&mut oldest, &mut std::io::sink());
        let waits = ended.is_err_and(|error| error.kind() == std::io::ErrorKind::WouldBlock);
        assert!(!waits, "the oldest connection is still open");
    }
    program.signal("TERM");
    assert_eq!(program.ended().0.code(), Some(0));
}
