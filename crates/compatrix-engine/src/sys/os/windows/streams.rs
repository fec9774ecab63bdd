//! What a child prints, read by a thread for each pipe: pipes cannot be waited for together here.

use std::io::{self, Read};
use std::process::{ChildStderr, ChildStdout};
use std::sync::mpsc::{sync_channel, Receiver, SyncSender};
use std::time::Duration;

/// The interval for checking whether a process ended without closing its streams.
const LOOK: Duration = Duration::from_millis(50);
/// Pieces of output that may wait to be taken; then the child waits, as at a full pipe.
const WAITING: usize = 64;

/// A piece of a stream, its number first; an empty one is its end.
type Piece = (usize, io::Result<Vec<u8>>);

/// Standard output and standard error of a child.
pub(crate) struct Streams {
    pieces: Receiver<Piece>,
    open: [bool; 2],
}

impl Streams {
    pub(super) fn new(stdout: Option<ChildStdout>, stderr: Option<ChildStderr>) -> Self {
        let (sender, pieces) = sync_channel(WAITING);
        let open = [stdout.is_some(), stderr.is_some()];
        // The threads end with the pipes, which nobody holds when the job has ended.
        if let Some(stdout) = stdout {
            let sender = sender.clone();
            std::thread::spawn(move || read(0, stdout, &sender));
        }
        if let Some(stderr) = stderr {
            std::thread::spawn(move || read(1, stderr, &sender));
        }
        Self { pieces, open }
    }

    /// Whether something may still come.
    pub(crate) fn is_open(&self) -> bool {
        self.open.contains(&true)
    }

    /// How long to wait before asking whether the process has ended.
    pub(crate) fn patience(&self) -> Duration {
        LOOK
    }

    /// No longer waits for the end of the process: it never does.
    pub(crate) fn forget_end(&mut self) {}

    /// Hands on what is there: the number of the stream, and its bytes. Waits at most this long for it; false if nothing
    /// came.
    pub(crate) fn pump(&mut self, wait: Duration, take: &mut dyn FnMut(usize, &[u8])) -> io::Result<bool> {
        if !self.is_open() {
            std::thread::sleep(wait);
            return Ok(false);
        }
        let Ok((number, piece)) = self.pieces.recv_timeout(wait) else { return Ok(false) };
        let piece = piece?;
        match piece.is_empty() {
            true => self.open[number] = false,
            false => take(number, &piece),
        }
        Ok(true)
    }
}

/// Reads a stream to its end. Nobody may be there any more to take what it has.
fn read(number: usize, mut stream: impl Read, sender: &SyncSender<Piece>) {
    let mut buffer = vec![0; 16 * 1024];
    loop {
        let piece = match stream.read(&mut buffer) {
            Ok(n) => Ok(buffer[..n].to_vec()),
            Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
            Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Ok(Vec::new()),
            Err(error) => Err(error),
        };
        let is_end = !matches!(&piece, Ok(bytes) if !bytes.is_empty());
        if sender.send((number, piece)).is_err() || is_end {
            return;
        }
    }
}
