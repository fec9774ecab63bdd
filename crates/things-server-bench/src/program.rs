//! The server as a child process.

use std::io::{BufRead, BufReader, Write};
use std::path::Path;
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};

use serde_json::{json, Value};

/// A running server, killed on drop.
pub(crate) struct Program {
    child: Child,
    to: Option<ChildStdin>,
    from: BufReader<ChildStdout>,
    next: u64,
}

impl Program {
    /// Speaks MCP over its pipes.
    pub(crate) fn talking(server: &str, database: &Path) -> Self {
        let mut program = Self::start(server, database, &[], Stdio::null()).0;
        let hello = json!({
            "protocolVersion": "2025-06-18", "capabilities": {}, "clientInfo": { "name": "bench", "version": "1" },
        });
        program.send("initialize", &hello);
        let answer = program.receive();
        assert!(answer["result"].is_object(), "{answer}");
        program.line(&json!({ "jsonrpc": "2.0", "method": "notifications/initialized" }));
        program
    }

    /// Serves Arrow Flight; with its address.
    pub(crate) fn flying(server: &str, database: &Path) -> (Self, String) {
        let options = ["--no-mcp", "--flight", "127.0.0.1:0"];
        let (program, stderr) = Self::start(server, database, &options, Stdio::piped());
        let mut line = String::new();
        let mut stderr = BufReader::new(stderr.expect("a pipe"));
        while !line.starts_with('{') {
            line.clear();
            assert_ne!(stderr.read_line(&mut line).expect("a line"), 0, "the server ended");
        }
        // Nobody reads on; a full pipe must not hold the server up.
        std::thread::spawn(move || std::io::copy(&mut stderr, &mut std::io::sink()));
        let said: Value = serde_json::from_str(&line).expect("JSON");
        (program, said["address"].as_str().expect("an address").to_owned())
    }

    fn start(
        server: &str,
        database: &Path,
        options: &[&str],
        stderr: Stdio,
    ) -> (Self, Option<std::process::ChildStderr>) {
        let mut command = Command::new(server);
        command.arg("--database").arg(database).args(options);
        let mut child =
            command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(stderr).spawn().expect("the server starts");
        let (to, from, stderr) = (child.stdin.take(), child.stdout.take().expect("a pipe"), child.stderr.take());
        (Self { child, to, from: BufReader::new(from), next: 0 }, stderr)
    }

    /// Asks for a tool and waits for the answer, which is no error.
    pub(crate) fn call(&mut self, tool: &str, arguments: &Value) -> Value {
        self.ask(tool, arguments);
        self.answered()
    }

    /// Asks for a tool without waiting.
    pub(crate) fn ask(&mut self, tool: &str, arguments: &Value) {
        self.send("tools/call", &json!({ "name": tool, "arguments": arguments }));
    }

    /// The next answer, which is no error.
    pub(crate) fn answered(&mut self) -> Value {
        let answer = self.receive();
        let result = &answer["result"];
        assert!(result.is_object() && result["isError"] != Value::Bool(true), "{answer}");
        answer
    }

    fn send(&mut self, method: &str, params: &Value) {
        self.next += 1;
        let id = self.next;
        self.line(&json!({ "jsonrpc": "2.0", "id": id, "method": method, "params": params }));
    }

    fn line(&mut self, message: &Value) {
        let to = self.to.as_mut().expect("a pipe");
        writeln!(to, "{message}").and_then(|()| to.flush()).expect("the server reads");
    }

    fn receive(&mut self) -> Value {
        let mut line = String::new();
        assert_ne!(self.from.read_line(&mut line).expect("a line"), 0, "the server ended");
        serde_json::from_str(&line).expect("JSON")
    }

    /// The most memory that the server has had, in bytes. Linux only.
    pub(crate) fn peak_memory(&self) -> Option<u64> {
        things_bench::high_water_mark(self.child.id())
    }
}

impl Drop for Program {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
