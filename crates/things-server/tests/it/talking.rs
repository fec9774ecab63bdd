//! The protocol in memory: what is no request, cancellation, and how much of a client's flood is taken in.

use crate::support::{cancel, hello, request, tool, Database, Talk};
use serde_json::{json, Value};
use std::collections::HashSet;
use std::time::Duration;
use things_server::End;
use tokio::io::AsyncWriteExt;

#[tokio::test]
async fn what_is_no_request_ends_nothing() {
    let database = Database::new();
    let mut talk = Talk::begin(&database, false).await;
    for noise in [
        "\n\r\n",
        "not json\n",
        "{\"jsonrpc\":\"2.0\",\"id\":\n",
        "\u{feff}\n",
        "{\"jsonrpc\":\"2.0\",\"method\":\"$/nothing\"}\n",
        "{\"jsonrpc\":\"2.0\",\"method\":\"notifications/cancelled\",\"params\":{\"requestId\":99}}\n",
        "{\"jsonrpc\":\"2.0\",\"id\":99,\"result\":{}}\n",
    ] {
        talk.send_raw(noise.as_bytes()).await;
    }
    talk.send_raw(b"\xff\xfe\x00\n").await;
    talk.send_raw(format!("{}\n", "[".repeat(100_000)).as_bytes()).await;
    assert_eq!(talk.get("inbox", json!({})).await["total"], database.inbox());
    // What is JSON and no message is answered, without an id because it has none.
    talk.send_raw(b"{\"hello\":1}\n").await;
    assert_eq!(talk.receive().await["error"]["code"], -32600);
    assert_eq!(talk.end().await, End::Done);
}

#[tokio::test]
async fn a_message_may_come_in_pieces() {
    let database = Database::new();
    let mut talk = Talk::begin(&database, false).await;
    for byte in format!("{}\r\n", tool(1, "inbox", json!({ "limit": 1 }))).bytes() {
        talk.send_raw(&[byte]).await;
        tokio::task::yield_now().await;
    }
    assert_eq!(talk.receive().await["id"], 1);
}

#[tokio::test]
async fn a_line_that_is_too_long_is_dropped_and_the_client_hears_of_it() {
    let database = Database::new();
    let mut talk = Talk::begin(&database, false).await;
    let long = |bytes| tool(1, "search", json!({ "text": "a".repeat(bytes) }));
    for bytes in [1 << 20, 3 << 20] {
        talk.send(&long(bytes)).await;
        let refused = talk.receive().await;
        assert_eq!(refused["error"]["code"], -32600, "{refused}");
        let why = refused["error"]["message"].as_str().unwrap();
        assert!(why.contains("more than 1048576 bytes") && why.contains("send less"), "{why}");
        assert_eq!(talk.get("inbox", json!({})).await["total"], database.inbox());
    }
    talk.send(&long((1 << 20) - 200)).await;
    assert_eq!(talk.receive().await["id"], 1);
}

#[tokio::test]
async fn parameters_of_another_shape_are_wrong_parameters() {
    let database = Database::new();
    let mut talk = Talk::begin(&database, false).await;
    for (method, params) in [
        ("tools/call", json!(null)),
        ("tools/call", json!({ "name": 5 })),
        ("tools/call", json!({ "arguments": {} })),
        ("tools/call", json!({ "name": "inbox", "arguments": [] })),
        ("tools/call", json!({ "name": "inbox", "arguments": "limit" })),
        ("resources/read", json!({})),
        ("resources/read", json!({ "uri": 5 })),
    ] {
        let answer = talk.ask(method, params.clone()).await;
        assert_eq!(answer["error"]["code"], -32602, "{method} {params}: {answer}");
        let why = answer["error"]["message"].as_str().unwrap();
        assert!(why.contains(method) && why.contains("params"), "{why}");
    }
}

#[tokio::test]
async fn unknown_methods_are_refused() {
    let database = Database::new();
    let mut talk = Talk::begin(&database, false).await;
    for method in ["nothing/of/it", "tasks/get", "prompts/list", "logging/setLevel", "completion/complete"] {
        let params = match method {
            "tasks/get" => json!({ "taskId": "a" }),
            "logging/setLevel" => json!({ "level": "debug" }),
            "completion/complete" => {
                json!({ "ref": { "type": "ref/prompt", "name": "a" }, "argument": { "name": "a", "value": "b" } })
            }
            _ => json!({}),
        };
        let answer = talk.ask(method, params).await;
        assert_eq!(answer["error"]["code"], -32601, "{method}: {answer}");
    }
    assert_eq!(talk.ask("ping", json!({})).await["result"], json!({}));
}

#[tokio::test]
async fn a_session_may_begin_with_noise_and_with_nothing() {
    let database = Database::new();
    let open = || database.open(1, false);
    let mut talk = Talk::with(open());
    talk.send(&cancel(1)).await;
    talk.send_raw(b"hello?\n").await;
    talk.send(&hello()).await;
    assert_eq!(talk.receive().await["id"], "hello");
    assert_eq!(talk.end().await, End::Done);
    assert_eq!(Talk::with(open()).end().await, End::Done);
}

#[tokio::test]
async fn a_session_that_ends_within_a_message_says_so() {
    let database = Database::new();
    let mut talk = Talk::with(database.open(1, false));
    talk.send_raw(b"{\"jsonrpc\":").await;
    assert_eq!(talk.end().await, End::Client);
    let mut talk = Talk::begin(&database, false).await;
    talk.send_raw(b"{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"ping\"}").await;
    assert_eq!(talk.end().await, End::Client);
}

#[tokio::test]
async fn requests_before_the_end_are_answered() {
    let database = Database::new();
    let mut talk = Talk::begin(&database, false).await;
    for id in 0..80 {
        talk.send(&tool(id, "count", json!({}))).await;
    }
    talk.write.shutdown().await.unwrap();
    let mut answered = HashSet::new();
    for _ in 0..80 {
        answered.insert(talk.receive().await["id"].as_i64().unwrap());
    }
    assert_eq!(answered.len(), 80);
    assert_eq!(talk.end().await, End::Done);
}

#[tokio::test]
async fn a_cancelled_request_is_never_answered() {
    let database = Database::new();
    let mut talk = Talk::begin(&database, false).await;
    // Its query waits for this lock.
    let holder = database.connect();
    holder.execute_batch("BEGIN EXCLUSIVE").unwrap();
    talk.send(&tool(1, "inbox", json!({}))).await;
    talk.send(&cancel(1)).await;
    // Two more wait for the connections that are left.
    talk.send(&tool(2, "inbox", json!({}))).await;
    talk.send(&tool(3, "inbox", json!({}))).await;
    talk.send(&cancel(3)).await;
    talk.send(&request("ping", "ping", json!({}))).await;
    assert_eq!(talk.receive().await["id"], "ping");
    holder.execute_batch("ROLLBACK").unwrap();
    assert_eq!(talk.receive().await["id"], 2);
    assert_eq!(talk.end().await, End::Done);
}

#[tokio::test]
async fn an_id_that_is_in_use_is_refused() {
    let database = Database::new();
    let mut talk = Talk::begin(&database, false).await;
    let holder = database.connect();
    holder.execute_batch("BEGIN EXCLUSIVE").unwrap();
    talk.send(&tool(7, "inbox", json!({}))).await;
    talk.send(&tool(7, "areas", json!({}))).await;
    let refused = talk.receive().await;
    assert!(refused["error"]["message"].as_str().unwrap().contains("its own id"), "{refused}");
    holder.execute_batch("ROLLBACK").unwrap();
    let answer = talk.receive().await;
    assert!(answer["result"]["structuredContent"]["tasks"].is_array(), "{answer}");
    // Answered, it may be used again; a number and a text are two ids.
    talk.send(&tool(7, "areas", json!({}))).await;
    assert!(talk.receive().await["result"].is_object());
    talk.send(&tool("7", "areas", json!({}))).await;
    assert_eq!(talk.receive().await["id"], "7");
}

#[tokio::test]
async fn a_client_that_never_reads_is_not_read_for_ever() {
    let database = Database::new();
    let mut talk = Talk::begin(&database, false).await;
    let mut sent = 0_u32;
    // The server stops reading when its slots, its queue and the buffers between us are full.
    loop {
        let line = format!("{}\n", tool(sent, "anytime", json!({})));
        match tokio::time::timeout(Duration::from_secs(2), talk.write.write_all(line.as_bytes())).await {
            Ok(written) => written.unwrap(),
            Err(_) => break,
        }
        sent += 1;
        assert!(sent < 2_000, "2,000 requests were taken in without an answer being read");
    }
    assert!(sent >= 32, "{sent}");
    // Read, the answers come: all of what was sent whole.
    let mut answered = HashSet::new();
    while answered.len() < sent as usize {
        let answer: Value = talk.receive().await;
        assert!(answered.insert(answer["id"].to_string()), "{answer}");
    }
}

#[tokio::test]
async fn a_client_that_goes_away_ends_the_session() {
    let database = Database::new();
    let mut talk = Talk::begin(&database, false).await;
    talk.send(&request(1, "tools/list", json!({}))).await;
    let Talk { server, read, write, .. } = talk;
    drop((read, write));
    let ended = tokio::time::timeout(crate::support::PATIENCE, server).await.expect("the server ends");
    assert!(matches!(ended.unwrap(), Ok(End::Client | End::Done)));
}

#[tokio::test]
async fn cancelling_interrupts_the_query() {
    let database = Database::new();
    database.slow_tags();
    let mut talk = Talk::begin(&database, false).await;
    // Both connections, twice over: they come back.
    for id in 200..204 {
        talk.send(&tool(id, "tags", json!({}))).await;
        talk.send(&cancel(id)).await;
    }
    assert_eq!(talk.get("inbox", json!({})).await["total"], database.inbox());
    for id in 100..102 {
        talk.send(&tool(id, "tags", json!({}))).await;
    }
    // Under way for sure, because each has a connection by now.
    tokio::time::sleep(Duration::from_millis(300)).await;
    for id in 100..102 {
        talk.send(&cancel(id)).await;
    }
    assert_eq!(talk.get("inbox", json!({})).await["total"], database.inbox());
    assert_eq!(talk.end().await, End::Done);
}
