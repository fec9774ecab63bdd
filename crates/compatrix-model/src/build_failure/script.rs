//! A build script that failed: its panic, what it printed last, or what the C compiler that it called said.

use super::kept::Kept;
use super::missing;
use crate::outcome::Outcome;

/// The most lines of a panic's message.
const MESSAGE: usize = 40;
/// The most lines in which a script passes on a compiler's errors.
const COMPLAINTS: usize = 40;
/// The most characters of a message of many lines.
const LONG: usize = 300;

/// What cargo shows of a build script that failed.
#[derive(Debug)]
pub(super) struct Script {
    /// The package, `demo v0.1.0`.
    package: String,
    stream: Stream,
    /// Cargo's own lines: how the process ended.
    pub(super) chain: Vec<String>,
    stdout: Kept,
    stderr: Kept,
    /// `cargo:warning=…` with an error, and the lines of that error.
    complaints: Vec<String>,
    panic: Option<Panic>,
}

#[derive(Debug, PartialEq, Eq)]
enum Stream {
    Cargo,
    Stdout,
    Stderr,
}

#[derive(Debug)]
struct Panic {
    place: String,
    lines: Vec<String>,
    open: bool,
}

impl Script {
    /// Of an error's first line, if it says that a build script failed.
    pub(super) fn of(header: &str) -> Option<Self> {
        let (_, rest) = header.split_once("failed to run custom build command for `")?;
        let package = rest.split_once('`').map_or(rest, |(name, _)| name);
        let package = package.split_once(" (").map_or(package, |(name, _)| name).to_owned();
        let (stdout, stderr) = (Kept::new(0, 60), Kept::new(60, 120));
        let stream = Stream::Cargo;
        Some(Script { package, stream, chain: Vec::new(), stdout, stderr, complaints: Vec::new(), panic: None })
    }

    /// A line below it. Cargo indents what the script printed by two spaces.
    pub(super) fn line(&mut self, line: &str) {
        let text = line.strip_prefix("  ").unwrap_or(line).trim_end();
        match (text, &self.stream) {
            ("--- stdout", Stream::Cargo) => self.stream = Stream::Stdout,
            // A script may print these words itself; the last ones are cargo's.
            ("--- stderr", Stream::Cargo | Stream::Stdout) => self.stream = Stream::Stderr,
            (_, Stream::Cargo) => {
                if text.starts_with("process didn't exit successfully") && self.chain.len() < 4 {
                    self.chain.push(text.to_owned());
                }
            }
            (_, Stream::Stdout) => self.stdout_line(text),
            (_, Stream::Stderr) => self.stderr_line(text),
        }
    }

    fn stdout_line(&mut self, text: &str) {
        let said = ["cargo:warning=", "cargo::warning=", "cargo::error="].iter().find_map(|key| text.strip_prefix(key));
        match said {
            Some(said) => {
                let begins =
                    said.contains("error: ") || said.contains("ToolNotFound") || text.starts_with("cargo::error=");
                if (begins || !self.complaints.is_empty()) && self.complaints.len() < COMPLAINTS {
                    self.complaints.push(said.to_owned());
                }
            }
            None if text.starts_with("cargo:") || text.trim().is_empty() => {}
            None => self.stdout.push(text),
        }
    }

    fn stderr_line(&mut self, text: &str) {
        if let Some(begun) = Panic::begun(text) {
            self.panic = Some(begun);
        } else if let Some(panic) = &mut self.panic {
            panic.line(text);
        }
        if !text.trim().is_empty() {
            self.stderr.push(text);
        }
    }

    /// Why it failed, if it printed that.
    pub(super) fn reason(&self) -> Option<String> {
        let message = self.panic.as_ref().map(Panic::message).filter(|message| !message.is_empty());
        // `cc` and `cmake` say only that a command failed; what failed was printed before.
        let only_command = self.stderr.lines().chain(message.as_deref()).any(|line| {
            ["did not execute successfully", "error occurred", "build script failed, must exit now"]
                .iter()
                .any(|word| line.contains(word))
        });
        if only_command {
            let loud = |line: &&str| line.contains("error: ") || line.contains("Error ");
            let compiler = self.complaints.iter().map(String::as_str).find(loud);
            let other = || self.stderr.lines().find(|line| loud(line) || line.contains("CMake Error"));
            if let Some(line) = compiler.or_else(other) {
                return Some(line.trim().to_owned());
            }
        }
        if message.is_some() {
            return message;
        }
        let last = |kept: &Kept| {
            let told = kept.lines().filter(|line| !line.trim().is_empty() && !line.starts_with("note: "));
            let mut lines: Vec<&str> = told.rev().take(2).map(str::trim).collect();
            lines.reverse();
            Some(lines.join("; ")).filter(|text| !text.is_empty())
        };
        let complaint = || self.complaints.first().cloned();
        last(&self.stderr).or_else(complaint).or_else(|| last(&self.stdout))
    }

    /// The line that says what of the system is missing. If there is a panic that says why, only its message counts: a
    /// script may look for a library in vain and go on.
    fn missing(&self) -> Option<String> {
        let message = self.panic.iter().flat_map(|panic| panic.lines.iter()).map(String::as_str);
        let complaints = || self.complaints.iter().map(String::as_str);
        let reason = self.reason();
        let tail = || self.stderr.lines().rev().take(20);
        let in_tail = self.panic.is_none() || reason.as_ref().is_some_and(|why| why.contains("Error"));
        if let Some(line) = self.stderr.lines().find(|line| missing::is_old(line)) {
            // Another version of SQLite is what a cell is about; it is here, and does not do.
            return Some(line.trim().to_owned()).filter(|line| !line.to_lowercase().contains("sqlite"));
        }
        let found = message.chain(complaints()).find(|line| missing::is_sign(line));
        let found = found.or_else(|| if in_tail { tail().find(|line| missing::is_sign(line)) } else { None })?;
        // Only a header in angle brackets is certainly not the project's own.
        let lines: Vec<&str> = complaints().chain(self.stderr.lines()).collect();
        let below = lines.iter().skip_while(|line| **line != found).skip(1).take(2);
        if missing::header(found).is_some() && below.into_iter().any(|line| missing::is_own_include(line)) {
            return None;
        }
        Some(found.trim().to_owned())
    }
}

/// What a failed build script says, in one line.
pub(super) fn said(script: &Script) -> (Outcome, String) {
    let of = format!("the build script of `{}` failed", script.package);
    if let Some(line) = script.missing() {
        return (Outcome::Unavailable, format!("{of}: {line}"));
    }
    let place = script.panic.as_ref().map(|panic| panic.place.as_str()).filter(|place| !place.is_empty());
    let place = place.map(|place| format!(" ({place})")).unwrap_or_default();
    let ended = || {
        let line = script.chain.first()?;
        line.rsplit_once('(').map(|(_, how)| how.trim_end_matches(')').to_owned())
    };
    let why = script.reason().or_else(ended).unwrap_or_else(|| "it printed nothing".to_owned());
    (Outcome::BuildFailed, format!("{of}: {why}{place}"))
}

impl Panic {
    /// `thread 'main' panicked at build.rs:3:5:`; until Rust 1.72 `thread 'main' panicked at 'message', build.rs:3:5`.
    fn begun(line: &str) -> Option<Self> {
        let (thread, rest) = line.trim_start().split_once(" panicked at ")?;
        if !thread.starts_with("thread ") {
            return None;
        }
        if let Some(old) = rest.strip_prefix('\'') {
            let mut panic = Panic { place: String::new(), lines: Vec::new(), open: true };
            panic.old_line(old);
            return Some(panic);
        }
        Some(Panic { place: rest.trim_end_matches(':').to_owned(), lines: Vec::new(), open: true })
    }

    fn line(&mut self, line: &str) {
        if !self.open || self.lines.len() >= MESSAGE {
            return;
        }
        if line.starts_with("note: run with") || line.starts_with("stack backtrace:") {
            self.open = false;
        } else if self.place.is_empty() {
            self.old_line(line);
        } else {
            self.lines.push(line.trim().to_owned());
        }
    }

    /// A line of a message in the old format, the last of which ends with the place.
    fn old_line(&mut self, line: &str) {
        let (message, place) = line.rsplit_once("', ").unwrap_or((line, ""));
        self.lines.push(message.trim().to_owned());
        if !place.is_empty() {
            (self.place, self.open) = (place.to_owned(), false);
        }
    }

    fn message(&self) -> String {
        let told: Vec<&str> = self.lines.iter().map(String::as_str).filter(|line| !line.is_empty()).collect();
        let text = told.join(" ");
        if text.chars().count() > LONG {
            text.chars().take(LONG).chain(['…']).collect()
        } else {
            text
        }
    }
}
