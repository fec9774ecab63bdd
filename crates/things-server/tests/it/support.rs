//! A private database, a client over in-memory streams, and the program as a child.

use rusqlite::Connection;
use serde_json::{json, Value};
use std::io::{BufRead, BufReader, Read, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStderr, ChildStdin, Command, ExitStatus, Stdio};
use std::sync::mpsc::{channel, Receiver};
use std::time::{Duration, Instant};
use tempfile::TempDir;
use things_server::{mcp, End, Options, Served};
use tokio::io::{AsyncBufReadExt, AsyncWriteExt, DuplexStream, ReadHalf, WriteHalf};

/// What never happens on any machine is given up after this long.
pub(crate) const PATIENCE: Duration = Duration::from_secs(60);
pub(crate) const DAY: &str = "2024-06-12";

/// A copy of the database, gone with its value.
pub(crate) struct Database {
    folder: TempDir,
    pub(crate) path: PathBuf,
}

impl Database {
    pub(crate) fn new() -> Database {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("main.sqlite");
        match std::env::var_os("THINGS_STORE_FIXTURE") {
            Some(fixture) => drop(std::fs::copy(fixture, &path).expect("the fixture is copied")),
            None => {
                let connection = Connection::open(&path).expect("a new database");
                let sql = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../compat/fixtures/v24");
                for file in ["schema.sql", "meta.sql", "data.sql"] {
                    let text = std::fs::read_to_string(sql.join(file)).expect("the fixture's SQL");
                    connection.execute_batch(&text).expect(file);
                }
            }
        }
        Database { folder, path }
    }

    /// Past the server.
    pub(crate) fn connect(&self) -> Connection {
        Connection::open(&self.path).expect("a connection")
    }

    pub(crate) fn text(&self, sql: &str) -> Option<String> {
        self.connect().query_row(sql, [], |row| row.get(0)).expect(sql)
    }

    pub(crate) fn number(&self, sql: &str) -> i64 {
        self.connect().query_row(sql, [], |row| row.get(0)).expect(sql)
    }

    /// `count` more to-dos in the inbox, called `copy/1` and so on.
    pub(crate) fn fill(&self, count: u32, notes: &str) {
        let sql = "INSERT INTO TMTask (uuid, type, status, trashed, start, title, notes, creationDate, \"index\") \
                   WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < ?1) \
                   SELECT 'copy/' || i, 0, 0, 0, 0, 'Copy ' || i, ?2, 1718000000.25, 100000 + i FROM n";
        self.connect().execute(sql, rusqlite::params![count, notes]).expect(sql);
    }

    pub(crate) fn open(&self, connections: u32, allow_writes: bool) -> Served {
        let options = Options { connections, allow_writes, query_timeout: PATIENCE };
        Served::open(&self.path, options).expect("the database opens")
    }

    /// Puts a view in the place of the tags. Its first rows come at once, which is all that opening looks at; to sort it,
    /// a trillion rows have to be seen.
    pub(crate) fn slow_tags(&self) {
        self.fill(10_000, "");
        let view = "ALTER TABLE TMTag RENAME TO RealTag; CREATE VIEW TMTag AS SELECT * FROM RealTag UNION ALL \
                    SELECT g.* FROM RealTag g, TMTask a, TMTask b, TMTask c WHERE a.title || b.title || c.title = 'x'";
        self.connect().execute_batch(view).expect(view);
    }

    pub(crate) fn inbox(&self) -> i64 {
        self.number(
            "SELECT count(*) FROM TMTask WHERE start = 0 AND type = 0 AND status = 0 AND trashed = 0 \
             AND rt1_recurrenceRule IS NULL",
        )
    }

    pub(crate) fn folder(&self) -> &Path {
        self.folder.path()
    }
}

/// The `initialize` that begins a session.
pub(crate) fn hello() -> Value {
    json!({
        "jsonrpc": "2.0", "id": "hello", "method": "initialize",
        "params": {
            "protocolVersion": "2025-06-18", "capabilities": {}, "clientInfo": { "name": "test", "version": "1" },
        },
    })
}

pub(crate) fn request(id: impl Into<Value>, method: &str, params: Value) -> Value {
    json!({ "jsonrpc": "2.0", "id": id.into(), "method": method, "params": params })
}

pub(crate) fn tool(id: impl Into<Value>, name: &str, arguments: Value) -> Value {
    request(id, "tools/call", json!({ "name": name, "arguments": arguments }))
}

pub(crate) fn cancel(id: impl Into<Value>) -> Value {
    json!({ "jsonrpc": "2.0", "method": "notifications/cancelled", "params": { "requestId": id.into() } })
}

/// A client in this process, so that tools that watch a process see the server work.
pub(crate) struct Talk {
    pub(crate) read: tokio::io::BufReader<ReadHalf<DuplexStream>>,
    pub(crate) write: WriteHalf<DuplexStream>,
    pub(crate) server: tokio::task::JoinHandle<Result<End, String>>,
    next: i64,
}

impl Talk {
    /// A session with the database, begun.
    pub(crate) async fn begin(database: &Database, writes: bool) -> Talk {
        let served = database.open(2, writes);
        let mut talk = Talk::with(served);
        talk.send(&hello()).await;
        let answer = talk.receive().await;
        assert_eq!(answer["result"]["serverInfo"]["name"], "things-server", "{answer}");
        talk
    }

    /// A connection on which nothing was said.
    pub(crate) fn with(served: Served) -> Talk {
        let (ours, theirs) = tokio::io::duplex(1 << 14);
        let (server_read, server_write) = tokio::io::split(theirs);
        let server = tokio::spawn(mcp::serve(served, server_read, server_write, std::future::pending()));
        let (read, write) = tokio::io::split(ours);
        Talk { read: tokio::io::BufReader::new(read), write, server, next: 0 }
    }

    pub(crate) async fn send(&mut self, message: &Value) {
        self.send_raw(format!("{message}\n").as_bytes()).await;
    }

    pub(crate) async fn send_raw(&mut self, bytes: &[u8]) {
        tokio::time::timeout(PATIENCE, self.write.write_all(bytes)).await.expect("the server reads").expect("sent");
    }

    pub(crate) async fn receive(&mut self) -> Value {
        let mut line = String::new();
        let read = tokio::time::timeout(PATIENCE, self.read.read_line(&mut line)).await;
        assert_ne!(read.expect("the server answers").expect("a line"), 0, "the server closed the connection");
        serde_json::from_str(&line).unwrap_or_else(|error| panic!("{line}: {error}"))
    }

    /// The answer to a request; none other may be under way.
    pub(crate) async fn ask(&mut self, method: &str, params: Value) -> Value {
        self.next += 1;
        let id = self.next;
        self.send(&request(id, method, params)).await;
        let answer = self.receive().await;
        assert_eq!(answer["id"], id, "{answer}");
        answer
    }

    /// The result of a tool, error or not.
    pub(crate) async fn call(&mut self, name: &str, arguments: Value) -> Value {
        let answer = self.ask("tools/call", json!({ "name": name, "arguments": arguments })).await;
        assert!(answer["result"].is_object(), "{name}: {answer}");
        answer["result"].clone()
    }

    /// The structured answer of a tool that succeeds.
    pub(crate) async fn get(&mut self, name: &str, arguments: Value) -> Value {
        let result = self.call(name, arguments).await;
        assert_eq!(result["isError"], false, "{name}: {result}");
        result["structuredContent"].clone()
    }

    /// The error of a request that is not valid.
    pub(crate) async fn refused(&mut self, name: &str, arguments: Value) -> String {
        let answer = self.ask("tools/call", json!({ "name": name, "arguments": arguments })).await;
        assert_eq!(answer["error"]["code"], -32602, "{name}: {answer}");
        answer["error"]["message"].as_str().expect("a message").to_owned()
    }

    /// The kind of the error with which a tool fails.
    pub(crate) async fn fails(&mut self, name: &str, arguments: Value) -> String {
        let result = self.call(name, arguments).await;
        assert_eq!(result["isError"], true, "{name}: {result}");
        let kind = result["structuredContent"]["error"]["kind"].as_str().expect("a kind").to_owned();
        assert!(result["content"][0]["text"].as_str().expect("a text").starts_with(&kind), "{result}");
        kind
    }

    /// Closes the connection and waits for the server.
    pub(crate) async fn end(mut self) -> End {
        self.write.shutdown().await.expect("closed");
        let server = self.server;
        let ended = tokio::time::timeout(PATIENCE, server).await.expect("the server ends");
        ended.expect("no panic").expect("no fault")
    }
}

/// The program, with pipes.
pub(crate) struct Program {
    pub(crate) child: Child,
    pub(crate) stdin: Option<ChildStdin>,
    pub(crate) lines: Option<Receiver<String>>,
    stderr: BufReader<ChildStderr>,
}

impl Program {
    pub(crate) fn start(database: &Path, options: &[&str]) -> Program {
        let mut child = command(database, options).spawn().expect("the program starts");
        let stdout = BufReader::new(child.stdout.take().expect("stdout"));
        let (sender, lines) = channel();
        std::thread::spawn(move || {
            for line in stdout.lines().map_while(Result::ok) {
                if sender.send(line).is_err() {
                    break;
                }
            }
        });
        let stdin = child.stdin.take();
        let stderr = BufReader::new(child.stderr.take().expect("stderr"));
        Program { child, stdin, lines: Some(lines), stderr }
    }

    /// As [`start`](Program::start), with `initialize` said and answered.
    pub(crate) fn greeted(database: &Path, options: &[&str]) -> Program {
        let mut program = Program::start(database, options);
        program.send(&hello());
        assert_eq!(program.receive()["id"], "hello");
        program
    }

    pub(crate) fn send(&mut self, message: &Value) {
        writeln!(self.stdin.as_mut().expect("open"), "{message}").expect("sent");
    }

    pub(crate) fn receive(&mut self) -> Value {
        let line = self.lines.as_ref().expect("open").recv_timeout(PATIENCE).expect("an answer");
        serde_json::from_str(&line).unwrap_or_else(|error| panic!("{line}: {error}"))
    }

    /// The address that the program says it listens on.
    pub(crate) fn address(&mut self) -> String {
        loop {
            let mut line = String::new();
            assert_ne!(self.stderr.read_line(&mut line).expect("a line"), 0, "the program ended");
            if let Ok(Value::Object(said)) = serde_json::from_str(&line) {
                return said["address"].as_str().expect("an address").to_owned();
            }
        }
    }

    pub(crate) fn signal(&self, name: &str) {
        let sent = Command::new("kill").arg(format!("-{name}")).arg(self.child.id().to_string()).status();
        assert!(sent.expect("kill starts").success());
    }

    /// Waits for the end: the exit status, and the rest of standard error.
    pub(crate) fn ended(mut self) -> (ExitStatus, String) {
        let begun = Instant::now();
        let status = loop {
            match self.child.try_wait().expect("a child") {
                Some(status) => break status,
                None if begun.elapsed() > PATIENCE => {
                    let _ = self.child.kill();
                    panic!("the program does not end");
                }
                None => std::thread::sleep(Duration::from_millis(10)),
            }
        };
        let mut said = String::new();
        self.stderr.read_to_string(&mut said).expect("UTF-8 on standard error");
        (status, said)
    }

    /// The exit code, after closing what is open.
    pub(crate) fn code(mut self) -> i32 {
        self.stdin = None;
        let (status, said) = self.ended();
        status.code().unwrap_or_else(|| panic!("{status}: {said}"))
    }
}

pub(crate) fn command(database: &Path, options: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_things-server"));
    command.arg("--database").arg(database).args(options);
    command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    command.env_remove("THINGS_DATABASE").env_remove("THINGS_SERVER_LOG");
    command
}
