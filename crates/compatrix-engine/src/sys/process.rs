//! Child processes: each in a process group of its own, with a time limit, bounded output and a certain end.
//!
//! A command is data ([`Command`]); what is displayed is what runs. Nothing else in Compatrix starts processes that
//! run for long or run code under test.

#[cfg(test)]
mod tests;
mod used;

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::fmt;
use std::io::{self, Read};
use std::os::fd::{AsFd, OwnedFd};
use std::os::unix::process::{CommandExt, ExitStatusExt};
use std::path::PathBuf;
use std::process::{ExitStatus, Stdio};
use std::sync::Arc;
use std::time::Duration;

use rustix::event::{poll, PollFd, PollFlags, Timespec};
use rustix::process::{waitid, Pid, WaitId, WaitIdOptions};

use crate::sys::enclosure::Enclosure;
use crate::sys::pin;
use crate::sys::process::used::{processor_time, Peak};
use crate::sys::supervisor;
use crate::sys::supervisor::{End, ProcessKind, Supervisor};

/// Bytes kept from the end of each stream, for messages.
const TAIL: usize = 64 * 1024;
/// The interval for checking whether a process ended without closing its streams, where the system does not report it.
const LOOK: Duration = Duration::from_millis(50);
/// The same where it does.
const LOOK_SOMETIMES: Duration = Duration::from_secs(1);
/// The most bytes read from the pipes of an ended process; a pipe holds less (pipe(7)).
const PIPES: u64 = 4 * 1024 * 1024;
/// The longest time to read them if something keeps writing.
const DRAIN: Duration = Duration::from_secs(1);

/// A process to start: program, arguments, folder and the whole environment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Command {
    /// The program, absolute or looked up on the environment's PATH.
    pub program: String,
    /// Its arguments.
    pub args: Vec<String>,
    /// Its working folder.
    pub dir: PathBuf,
    /// The complete environment; nothing is inherited.
    pub env: BTreeMap<String, String>,
    /// The time limit. It counts the time that the process and its group had, not what the machine took from them.
    pub timeout: Option<Duration>,
    /// How long it may take to stop, for one that has processes of its own to end: at its time limit it is asked, too, and
    /// not killed at once.
    pub patience: Option<Duration>,
    /// Whether its peak of memory is watched: a look every few milliseconds, so only where somebody wants to know.
    pub watches_memory: bool,
    /// The core that it is to run on; `None` for any.
    pub core: Option<usize>,
    /// The root that it is started in; `None` for this system.
    pub inside: Option<Arc<Enclosure>>,
}

/// How a process ended, and its resource use.
#[derive(Debug)]
pub struct Finished {
    /// The number that the process had.
    pub pid: u32,
    /// The exit status of the process.
    pub status: ExitStatus,
    /// Why it ended: by itself, timeout, or interrupt.
    pub end: End,
    /// The last part of its standard output.
    pub stdout: Tail,
    /// The last part of its standard error.
    pub stderr: Tail,
    /// Wall time.
    pub wall: Duration,
    /// What of the wall time counted against its limit: the time that the machine did not take from it.
    pub had: Duration,
    /// CPU time of the process and the children that it waited for; zero if unknown.
    pub cpu: Duration,
    /// The most memory that the process itself had, in bytes (`VmHWM`), if [`Command::watches_memory`]; none where the
    /// system does not report it, or the process ended before the first look. What it allocated in the last 10 ms before its
    /// end may be missing, and so is the memory of processes that it started.
    pub peak_memory: Option<u64>,
    /// Whether processes that it started outlived it and had to be killed.
    pub left_processes: bool,
    /// Whether one of these still held its output.
    pub left_writers: bool,
}

/// How a process ended, with all that it printed.
#[derive(Debug)]
pub struct Output {
    /// How it ended.
    pub finished: Finished,
    /// All of its standard output.
    pub stdout: Vec<u8>,
}

impl Output {
    /// All of its standard output, invalid UTF-8 replaced.
    pub fn text(&self) -> String {
        String::from_utf8_lossy(&self.stdout).into_owned()
    }
}

/// The destination of a stream.
pub type Sink<'a> = &'a mut dyn FnMut(&[u8]);

/// The last part of a stream.
#[derive(Debug, Default, Clone)]
pub struct Tail {
    bytes: Vec<u8>,
    /// How many bytes there were in all.
    pub total: u64,
}

impl Command {
    /// A command with an empty environment.
    pub fn new(program: impl Into<String>, dir: impl Into<PathBuf>) -> Self {
        Self {
            program: program.into(),
            args: Vec::new(),
            dir: dir.into(),
            env: BTreeMap::new(),
            timeout: None,
            patience: None,
            watches_memory: false,
            core: None,
            inside: None,
        }
    }

    /// With these further arguments.
    pub fn args<I: IntoIterator<Item = S>, S: Into<String>>(mut self, args: I) -> Self {
        self.args.extend(args.into_iter().map(Into::into));
        self
    }

    /// With these arguments before all others.
    pub(crate) fn first(mut self, words: &[&str]) -> Self {
        self.args.splice(0..0, words.iter().map(|word| (*word).to_owned()));
        self
    }

    /// With this variable.
    pub fn env(mut self, name: impl Into<String>, value: impl Into<String>) -> Self {
        self.env.insert(name.into(), value.into());
        self
    }

    /// With all these variables.
    pub fn envs(mut self, env: &BTreeMap<String, String>) -> Self {
        self.env.extend(env.iter().map(|(name, value)| (name.clone(), value.clone())));
        self
    }

    /// The same, started in this root, if it is one.
    pub(crate) fn inside(mut self, root: Option<Arc<Enclosure>>) -> Self {
        self.inside = root;
        self
    }

    /// What is really started: the command that enters the root, or this one.
    fn entered(&self) -> Cow<'_, Self> {
        match &self.inside {
            Some(root) => Cow::Owned(root.enter(self)),
            None => Cow::Borrowed(self),
        }
    }

    /// The environment as the program itself sees it, but for the loader's variables.
    pub(crate) fn seen_env(&self) -> BTreeMap<String, String> {
        self.entered().env.clone()
    }

    /// Runs it to its end, keeping the end of both streams.
    pub fn run(&self, supervisor: &Supervisor) -> io::Result<Finished> {
        self.run_with(supervisor, &mut |_| {}, &mut |_| {})
    }

    /// Runs it to its end, keeping all that it prints.
    pub fn output(&self, supervisor: &Supervisor) -> io::Result<Output> {
        let mut stdout = Vec::new();
        let finished = self.run_with(supervisor, &mut |bytes| stdout.extend_from_slice(bytes), &mut |_| {})?;
        Ok(Output { finished, stdout })
    }

    /// Runs it to its end; the sinks see every byte of the streams as it comes.
    pub fn run_with(&self, supervisor: &Supervisor, stdout: Sink<'_>, stderr: Sink<'_>) -> io::Result<Finished> {
        self.execute(self.prepare(), ProcessKind::Run, supervisor, stdout, stderr)
    }

    /// As [`Command::run_with`], for a program that takes its jobs from this pool, on top of the one that it has.
    pub fn run_sharing(
        &self,
        jobs: &jobserver::Client,
        supervisor: &Supervisor,
        stdout: Sink<'_>,
        stderr: Sink<'_>,
    ) -> io::Result<Finished> {
        let mut command = self.prepare();
        jobs.configure(&mut command);
        self.execute(command, ProcessKind::Build, supervisor, stdout, stderr)
    }

    fn execute(
        &self,
        mut command: std::process::Command,
        kind: ProcessKind,
        supervisor: &Supervisor,
        stdout: Sink<'_>,
        stderr: Sink<'_>,
    ) -> io::Result<Finished> {
        let started = crate::sys::clock::instant();
        let spawn = || supervisor.spawn(&mut command, kind, self.timeout, self.patience);
        let (mut child, guard) = pin::on_core(self.core, spawn)?;
        let pid = Pid::from_child(&child);

        let mut streams = [
            Stream::new(child.stdout.take().map(|s| Box::new(s) as Box<dyn Readable>), stdout),
            Stream::new(child.stderr.take().map(|s| Box::new(s) as Box<dyn Readable>), stderr),
        ];
        let mut ended = false;
        let end = watch_end(pid);
        let mut peak = Peak::of(pid, self.watches_memory);
        let wait = peak.interval().unwrap_or(if end.is_some() { LOOK_SOMETIMES } else { LOOK });
        while (self.watches_memory || streams.iter().any(Stream::is_open)) && !ended {
            pump(&mut streams, end.as_ref(), wait)?;
            peak.look();
            ended = has_ended(pid, WaitIdOptions::NOHANG)?;
        }
        has_ended(pid, WaitIdOptions::empty())?;
        let cpu = processor_time(pid);
        // The leader is a zombie until it is reaped below, so its group id cannot be reused.
        let (reason, had) = guard.finish(cpu);
        if self.inside.is_some() {
            // The root ends with its first process, and whatever is in it; that takes a moment.
            guard.kill_descendants();
        }
        drain(&mut streams)?;
        let left_writers = streams.iter().any(Stream::is_open);
        let mut left_processes = left_writers;
        if kind == ProcessKind::Run {
            // Those that let go of the streams, too: they may hold a port, or what the next run needs.
            left_processes |= guard.kill_younger(pid) > 0;
        }
        supervisor::kill_group(pid);
        if left_writers {
            guard.kill_descendants();
            drain(&mut streams)?;
        }
        let mut status = child.wait()?;
        let [stdout, stderr] = streams.map(|stream| stream.tail);
        if self.inside.is_some() {
            status = status_in_root(status, &stderr.text())?;
        }
        Ok(Finished {
            pid: child.id(),
            status,
            end: reason,
            stdout,
            stderr,
            wall: started.elapsed(),
            had,
            cpu,
            peak_memory: peak.seen(),
            left_processes,
            left_writers,
        })
    }

    #[allow(clippy::disallowed_methods, reason = "the one place where long processes start")]
    fn prepare(&self) -> std::process::Command {
        let started = self.entered();
        let mut command = std::process::Command::new(&started.program);
        command
            .args(&started.args)
            .current_dir(&started.dir)
            .env_clear()
            .envs(&started.env)
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .process_group(0);
        command
    }
}

impl fmt::Display for Command {
    /// A line to paste in a shell: `cd DIR && env -i NAME=VALUE … PROGRAM ARG …`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let started = self.entered();
        write!(f, "cd {} && env -i", quote(&started.dir.to_string_lossy()))?;
        for (name, value) in &started.env {
            write!(f, " {}", quote(&format!("{name}={value}")))?;
        }
        write!(f, " {}", quote(&started.program))?;
        for arg in &started.args {
            write!(f, " {}", quote(arg))?;
        }
        Ok(())
    }
}

/// How a command ended in a root. bubblewrap ends with 128 and the number of a signal that ended what it started, and with 1
/// and a word of its own if it started nothing.
fn status_in_root(status: ExitStatus, said: &str) -> io::Result<ExitStatus> {
    // The signals whose default is to end a process, by what it does or by who watches it (signal(7)).
    const ENDING: [i32; 12] = [4, 5, 6, 7, 8, 9, 11, 13, 15, 24, 25, 31];
    match status.code() {
        Some(1) if said.starts_with("bwrap: ") => Err(io::Error::other(said.trim().to_owned())),
        Some(code) if ENDING.contains(&(code - 128)) => Ok(ExitStatus::from_raw(code - 128)),
        _ => Ok(status),
    }
}

/// A word as a POSIX shell reads it back.
pub fn quote(word: &str) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || "@%+=:,./_-".contains(c);
    if !word.is_empty() && word.chars().all(plain) {
        word.to_owned()
    } else {
        format!("'{}'", word.replace('\'', r"'\''"))
    }
}

impl Tail {
    /// The kept part as text, with invalid UTF-8 replaced, and a note if the beginning was dropped.
    pub fn text(&self) -> String {
        let kept = &self.bytes[self.bytes.len().saturating_sub(TAIL)..];
        let text = String::from_utf8_lossy(kept);
        if self.total > kept.len() as u64 {
            format!("[… {} bytes before]\n{text}", self.total - kept.len() as u64)
        } else {
            text.into_owned()
        }
    }

    fn push(&mut self, bytes: &[u8]) {
        self.total += bytes.len() as u64;
        self.bytes.extend_from_slice(bytes);
        if self.bytes.len() > 2 * TAIL {
            self.bytes.drain(..self.bytes.len() - TAIL);
        }
    }
}

trait Readable: Read + AsFd {}
impl<T: Read + AsFd> Readable for T {}

struct Stream<'a> {
    source: Option<Box<dyn Readable>>,
    sink: Sink<'a>,
    tail: Tail,
}

impl<'a> Stream<'a> {
    fn new(source: Option<Box<dyn Readable>>, sink: Sink<'a>) -> Self {
        Self { source, sink, tail: Tail::default() }
    }

    fn is_open(&self) -> bool {
        self.source.is_some()
    }

    fn read_once(&mut self) -> io::Result<()> {
        let Some(source) = &mut self.source else { return Ok(()) };
        let mut buffer = [0; 16 * 1024];
        match source.read(&mut buffer) {
            Ok(0) => self.source = None,
            Ok(n) => {
                (self.sink)(&buffer[..n]);
                self.tail.push(&buffer[..n]);
            }
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
        Ok(())
    }
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

/// Reads available data, waiting at most this long for it or for the end of the process; false if none came.
fn pump(streams: &mut [Stream<'_>; 2], end: Option<&OwnedFd>, wait: Duration) -> io::Result<bool> {
    let ready: Vec<bool> = {
        let mut fds = Vec::new();
        for stream in streams.iter() {
            if let Some(source) = &stream.source {
                fds.push(PollFd::from_borrowed_fd(source.as_fd(), PollFlags::IN));
            }
        }
        // Last, so that the streams keep their positions.
        fds.extend(end.map(|end| PollFd::new(end, PollFlags::IN)));
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
    for stream in streams.iter_mut().filter(|s| s.is_open()) {
        if ready_of_open.next() == Some(true) {
            came = true;
            stream.read_once()?;
        }
    }
    Ok(came)
}

/// Reads the rest of an ended process's pipes, without waiting for other writers.
fn drain(streams: &mut [Stream<'_>; 2]) -> io::Result<()> {
    let read = |streams: &[Stream<'_>; 2]| streams.iter().map(|stream| stream.tail.total).sum::<u64>();
    let (start, before) = (crate::sys::clock::instant(), read(streams));
    while streams.iter().any(Stream::is_open) && pump(streams, None, Duration::from_millis(20))? {
        if read(streams) - before > PIPES || start.elapsed() > DRAIN {
            break;
        }
    }
    Ok(())
}

/// Whether the process has ended; it stays a zombie. Waits for the end unless NOHANG is given.
fn has_ended(pid: Pid, hang: WaitIdOptions) -> io::Result<bool> {
    loop {
        match waitid(WaitId::Pid(pid), WaitIdOptions::EXITED | WaitIdOptions::NOWAIT | hang) {
            Ok(status) => return Ok(status.is_some()),
            Err(rustix::io::Errno::INTR) => {}
            Err(error) => return Err(error.into()),
        }
    }
}
