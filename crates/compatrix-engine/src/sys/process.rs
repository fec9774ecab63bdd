//! Child processes: each in a process group of its own, with a time limit, bounded output and a certain end.
//!
//! A command is data ([`Command`]); what is displayed is what runs. Nothing else in Compatrix starts processes that
//! run for long or run code under test.

mod peak;
#[cfg(all(test, unix))]
mod tests;

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::fmt;
use std::io;
use std::path::PathBuf;
use std::process::{ExitStatus, Stdio};
use std::sync::Arc;
use std::time::Duration;

use crate::sys::enclosure::Enclosure;
use crate::sys::os::children::{ended_by, Streams};
use crate::sys::os::{cores, env, words};
use crate::sys::process::peak::Peak;
use crate::sys::supervisor::{End, ProcessKind, Supervisor};

/// Bytes kept from the end of each stream, for messages.
const TAIL: usize = 64 * 1024;
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
            Some(root) => {
                let (args, env) = root.enter((&self.program, &self.args), &self.dir, &self.env);
                let program = root.program.clone();
                Cow::Owned(Self { program, args, env, dir: "/".into(), inside: None, ..self.clone() })
            }
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
        command: std::process::Command,
        kind: ProcessKind,
        supervisor: &Supervisor,
        stdout: Sink<'_>,
        stderr: Sink<'_>,
    ) -> io::Result<Finished> {
        let started = crate::sys::clock::instant();
        let spawn = || supervisor.spawn(command, kind, self.timeout, self.patience);
        let (mut child, guard) = cores::on_core(self.core, spawn)?;
        let pid = child.number();

        let mut streams = child.streams();
        let mut printed = Printed { sinks: [stdout, stderr], tails: Default::default() };
        let mut ended = false;
        let mut peak = Peak::of(pid, self.watches_memory);
        let wait = peak.interval().unwrap_or(streams.patience());
        while (self.watches_memory || streams.is_open()) && !ended {
            streams.pump(wait, &mut |number, bytes| printed.take(number, bytes))?;
            peak.look();
            ended = child.has_ended()?;
        }
        child.wait_for_end()?;
        let cpu = child.processor_time();
        // The leader is not reaped before the end, so its group id cannot be reused.
        let (reason, had) = guard.finish(cpu);
        if self.inside.is_some() {
            // The root ends with its first process, and whatever is in it; that takes a moment.
            guard.kill_descendants();
        }
        streams.forget_end();
        printed.drain(&mut streams)?;
        let left_writers = streams.is_open();
        let mut left_processes = left_writers;
        if kind == ProcessKind::Run {
            // Those that let go of the streams, too: they may hold a port, or what the next run needs.
            left_processes |= guard.kill_left() > 0;
        }
        guard.kill();
        if left_writers {
            guard.kill_descendants();
            printed.drain(&mut streams)?;
        }
        let mut status = child.reap()?;
        let [stdout, stderr] = printed.tails;
        if self.inside.is_some() {
            status = status_in_root(status, &stderr.text())?;
        }
        Ok(Finished {
            pid,
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
            .stderr(Stdio::piped());
        command
    }
}

impl fmt::Display for Command {
    /// A line to paste in a shell of this system, such as `cd DIR && env -i NAME=VALUE … PROGRAM ARG …`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let started = self.entered();
        let words: Vec<&str> = [&started.program].into_iter().chain(&started.args).map(String::as_str).collect();
        let env = started.env.iter().map(|(name, value)| (name.as_str(), value.as_str()));
        f.write_str(&env::line(&started.dir.to_string_lossy(), env, &words))
    }
}

/// How a command ended in a root. bubblewrap ends with 128 and the number of a signal that ended what it started, and with 1
/// and a word of its own if it started nothing.
fn status_in_root(status: ExitStatus, said: &str) -> io::Result<ExitStatus> {
    // The signals whose default is to end a process, by what it does or by who watches it (signal(7)).
    const ENDING: [i32; 12] = [4, 5, 6, 7, 8, 9, 11, 13, 15, 24, 25, 31];
    match status.code() {
        Some(1) if said.starts_with("bwrap: ") => Err(io::Error::other(said.trim().to_owned())),
        Some(code) if ENDING.contains(&(code - 128)) => Ok(ended_by(code - 128)),
        _ => Ok(status),
    }
}

/// A word as a POSIX shell reads it back.
pub fn quote(word: &str) -> String {
    words::quote(word)
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

/// Where the bytes of both streams go.
struct Printed<'a> {
    sinks: [Sink<'a>; 2],
    tails: [Tail; 2],
}

impl Printed<'_> {
    fn take(&mut self, number: usize, bytes: &[u8]) {
        (self.sinks[number])(bytes);
        self.tails[number].push(bytes);
    }

    /// Reads the rest of an ended process's pipes, without waiting for other writers.
    fn drain(&mut self, streams: &mut Streams) -> io::Result<()> {
        let (start, before) = (crate::sys::clock::instant(), self.total());
        while streams.is_open()
            && streams.pump(Duration::from_millis(20), &mut |number, bytes| self.take(number, bytes))?
        {
            if self.total() - before > PIPES || start.elapsed() > DRAIN {
                break;
            }
        }
        Ok(())
    }

    fn total(&self) -> u64 {
        self.tails.iter().map(|tail| tail.total).sum()
    }
}
