//! The same tasks as JSON over HTTP/1.1, for comparison: the least that a server needs, on a socket.

use std::io::{BufRead, BufReader, BufWriter, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::path::Path;
use std::process::{Child, Command, Stdio};

use serde::Deserialize;
use things_server::answer::TaskAnswer;
use things_store::{Query, Store};

/// The argument that makes the program this server; the database follows.
pub const SERVE: &str = "--serve-json";

/// A task as a client has it, in types of its own.
#[derive(Debug, Deserialize)]
#[allow(dead_code, reason = "written, and never read: what is measured is the decoding")]
pub(crate) struct Decoded {
    id: String,
    kind: String,
    status: String,
    trashed: bool,
    title: String,
    notes: String,
    start: String,
    start_date: Option<String>,
    evening: bool,
    reminder: Option<String>,
    deadline: Option<String>,
    stopped: Option<String>,
    created: Option<String>,
    modified: Option<String>,
    area: Option<String>,
    project: Option<String>,
    heading: Option<String>,
    repeats_from: Option<String>,
    index: i64,
    today_index: i64,
    checklist_items: i64,
    open_checklist_items: i64,
}

/// Serves the tasks of a database to whoever connects, for ever. Prints the port.
pub fn serve(database: &str) {
    let store = Store::open(database).expect("the database");
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    println!("{}", listener.local_addr().expect("an address"));
    for client in listener.incoming() {
        let client = client.expect("a client");
        client.set_nodelay(true).expect("an option of the socket");
        let mut reader = BufReader::new(client.try_clone().expect("the socket again"));
        while head(&mut reader).is_some() {
            answer(&store, &client).expect("the client reads");
        }
    }
}

/// The lines of a head up to the empty one; nothing at the end of the connection.
fn head(reader: &mut impl BufRead) -> Option<Vec<String>> {
    let mut lines = Vec::new();
    loop {
        let mut line = String::new();
        if reader.read_line(&mut line).ok()? == 0 {
            return None;
        }
        match line.trim_end() {
            "" => return Some(lines),
            line => lines.push(line.to_ascii_lowercase()),
        }
    }
}

fn answer(store: &Store, client: &TcpStream) -> std::io::Result<()> {
    let tasks = store.tasks(&Query::all()).expect("tasks");
    let answers: Vec<TaskAnswer> = tasks.into_iter().map(TaskAnswer::from).collect();
    let body = serde_json::to_vec(&answers)?;
    let mut client = BufWriter::new(client);
    write!(client, "HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: {}\r\n\r\n", body.len())?;
    client.write_all(&body)?;
    client.flush()
}

/// A client of the server, which runs in a process of its own.
pub(crate) struct Client {
    server: Child,
    reader: BufReader<TcpStream>,
}

impl Client {
    /// Of a server that this starts, with the path of the program.
    pub(crate) fn of(program: &str, database: &Path) -> Self {
        let mut server =
            Command::new(program).arg(SERVE).arg(database).stdout(Stdio::piped()).spawn().expect("the server starts");
        let mut address = String::new();
        let said = server.stdout.take().expect("a pipe");
        BufReader::new(said).read_line(&mut address).expect("an address");
        let socket = TcpStream::connect(address.trim()).expect("a connection");
        socket.set_nodelay(true).expect("an option of the socket");
        Self { server, reader: BufReader::new(socket) }
    }

    /// All tasks, decoded.
    pub(crate) fn tasks(&mut self) -> Vec<Decoded> {
        self.reader.get_mut().write_all(b"GET /tasks HTTP/1.1\r\nhost: localhost\r\n\r\n").expect("the server reads");
        let head = head(&mut self.reader).expect("a head");
        let length = head.iter().find_map(|line| line.strip_prefix("content-length: "));
        let mut body = vec![0; length.expect("a length").parse().expect("a number")];
        self.reader.read_exact(&mut body).expect("a body");
        serde_json::from_slice(&body).expect("tasks")
    }
}

impl Drop for Client {
    fn drop(&mut self) {
        let _ = self.server.kill();
        let _ = self.server.wait();
    }
}
