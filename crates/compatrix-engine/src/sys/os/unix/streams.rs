//! What a child prints, read as it comes.

use std::io::{self, Read};
use std::os::fd::{AsFd, OwnedFd};
use std::process::{ChildStderr, ChildStdout};
use std::time::Duration;

use rustix::event::{poll, PollFd, PollFlags, Timespec};
use rustix::process::Pid;

/// The interval for checking whether a process ended without closing its streams, where the system does not report it.
const LOOK: Duration = Duration::from_millis(50);
/// The same where it does.
const LOOK_SOMETIMES: Duration = Duration::from_secs(1);

trait Readable: Read + AsFd {}
impl<T: Read + AsFd> Readable for T {}

/// Standard output and standard error of a child.
pub(crate) struct Streams {
    sources: [Option<Box<dyn Readable>>; 2],
    /// Ready when the process has ended, where the system has that.
    end: Option<OwnedFd>,
}

impl Streams {
    pub(super) fn new(stdout: Option<ChildStdout>, stderr: Option<ChildStderr>, pid: Pid) -> Self {
        let stdout = stdout.map(|stream| Box::new(stream) as Box<dyn Readable>);
        let stderr = stderr.map(|stream| Box::new(stream) as Box<dyn Readable>);
        Self { sources: [stdout, stderr], end: watch_end(pid) }
    }

    /// Whether something may still come.
    pub(crate) fn is_open(&self) -> bool {
        self.sources.iter().any(Option::is_some)
    }

    /// How long to wait before asking whether the process has ended.
    pub(crate) fn patience(&self) -> Duration {
        if self.end.is_some() {
            LOOK_SOMETIMES
        } else {
            LOOK
        }
    }

    /// No longer waits for the end of the process.
    pub(crate) fn forget_end(&mut self) {
        self.end = None;
    }

    /// Hands on what is there: the number of the stream, and its bytes. Waits at most this long for it or for the end of the
    /// process; false if nothing came.
    pub(crate) fn pump(&mut self, wait: Duration, take: &mut dyn FnMut(usize, &[u8])) -> io::Result<bool> {
        let ready: Vec<bool> = {
            let mut fds = Vec::new();
            for source in self.sources.iter().flatten() {
                fds.push(PollFd::from_borrowed_fd(source.as_fd(), PollFlags::IN));
            }
            // Last, so that the streams keep their positions.
            fds.extend(self.end.as_ref().map(|end| PollFd::new(end, PollFlags::IN)));
            let wait = Timespec { tv_sec: wait.as_secs() as _, tv_nsec: wait.subsec_nanos().into() };
            match poll(&mut fds, Some(&wait)) {
                Ok(_) => {}
                Err(rustix::io::Errno::INTR) => return Ok(false),
                Err(error) => return Err(error.into()),
            }
            fds.iter().map(|fd| !fd.revents().is_empty()).collect()
        };
        let mut ready_of_open = ready.into_iter();
        let mut came = false;
        for (number, source) in self.sources.iter_mut().enumerate().filter(|(_, source)| source.is_some()) {
            if ready_of_open.next() == Some(true) {
                came = true;
                read_once(source, &mut |bytes| take(number, bytes))?;
            }
        }
        Ok(came)
    }
}

fn read_once(source: &mut Option<Box<dyn Readable>>, take: &mut dyn FnMut(&[u8])) -> io::Result<()> {
    let Some(open) = source else { return Ok(()) };
    let mut buffer = [0; 16 * 1024];
    match open.read(&mut buffer) {
        Ok(0) => *source = None,
        Ok(n) => take(&buffer[..n]),
        Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
        Err(error) => return Err(error),
    }
    Ok(())
}

/// A file that is ready to read when the process has ended (pidfd_open(2)), where the system has that. Hundreds of runs
/// that sleep are not asked again and again.
#[cfg(target_os = "linux")]
fn watch_end(pid: Pid) -> Option<OwnedFd> {
    rustix::process::pidfd_open(pid, rustix::process::PidfdFlags::empty()).ok()
}

#[cfg(not(target_os = "linux"))]
fn watch_end(_: Pid) -> Option<OwnedFd> {
    None
}
