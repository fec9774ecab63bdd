//! Cuts cargo's output into errors, each with a bounded part of the lines that belong to it.

use super::kept::{cut, Kept};
use super::script::Script;

/// The most errors kept; the first ones matter.
const MOST: usize = 16;
/// The most lines kept of an error, from its start and from its end.
const HEAD: usize = 100;
const TAIL: usize = 200;

/// An error: its first line and those that follow until something else begins.
#[derive(Debug)]
pub(super) struct Block {
    /// `error: …`.
    pub(super) header: String,
    /// The lines below.
    pub(super) body: Kept,
    /// What the build script printed, if the error is that it failed.
    pub(super) script: Option<Script>,
}

impl Block {
    fn new(header: &str) -> Self {
        Block { header: header.to_owned(), body: Kept::new(HEAD, TAIL), script: Script::of(header) }
    }

    /// The place in the sources, `src/lib.rs:1:14`. An error with a place is about source.
    pub(super) fn place(&self) -> Option<&str> {
        self.body.lines().take(4).find_map(|line| line.trim_start().strip_prefix("--> "))
    }

    /// Whether the linker failed.
    pub(super) fn is_linking(&self) -> bool {
        self.header.starts_with("error: linking with ")
    }

    /// Whether it only repeats that there was an error.
    pub(super) fn is_summary(&self) -> bool {
        let text = self.header.strip_prefix("error: ").unwrap_or(&self.header);
        ["could not compile ", "could not document ", "aborting due to ", "build failed", "build script logged errors"]
            .iter()
            .any(|word| text.starts_with(word))
    }

    /// The lines below `Caused by:`, without those that a process printed.
    pub(super) fn chain(&self) -> impl Iterator<Item = &str> {
        let below = self.body.lines().skip_while(|line| line.trim() != "Caused by:");
        let own = below.take_while(|line| !["--- stdout", "--- stderr"].contains(&line.trim()));
        own.map(str::trim).filter(|line| !line.is_empty() && *line != "Caused by:")
    }
}

/// Reads line by line.
#[derive(Debug, Default)]
pub(super) struct Blocks {
    done: Vec<Block>,
    open: Option<Block>,
    /// A line in which the compiler itself, not a diagnostic of it, says why it ends.
    compiler_died: Option<String>,
    last: String,
}

impl Blocks {
    pub(super) fn line(&mut self, line: &str) {
        if line.starts_with("error: ") || line.starts_with("error[") {
            self.close();
            self.open = Some(Block::new(cut(line)));
        } else if is_other(line) {
            self.close();
        } else if let Some(block) = &mut self.open {
            match &mut block.script {
                Some(script) => script.line(line),
                None => block.body.push(line),
            }
        }
        let dies = ["rustc-LLVM ERROR: ", "LLVM ERROR: ", "memory allocation of "];
        if self.compiler_died.is_none() && dies.iter().any(|word| line.starts_with(word)) {
            self.compiler_died = Some(cut(line).to_owned());
        }
        if !line.trim().is_empty() {
            self.last = cut(line.trim()).to_owned();
        }
    }

    fn close(&mut self) {
        self.done.extend(self.open.take().filter(|_| self.done.len() < MOST));
    }

    pub(super) fn finish(mut self) -> (Vec<Block>, Option<String>, String) {
        self.close();
        (self.done, self.compiler_died, self.last)
    }
}

/// Whether the line begins something else than an error: a warning, cargo's progress.
fn is_other(line: &str) -> bool {
    let progress = |line: &str| {
        let word = line.trim_start().split(' ').next().unwrap_or_default();
        line.starts_with("   ")
            && line.len() - line.trim_start().len() == 12usize.saturating_sub(word.len())
            && matches!(
                word,
                "Compiling" | "Checking" | "Finished" | "Fresh" | "Downloading" | "Downloaded" | "Running"
            )
    };
    line.starts_with("warning: ") || progress(line)
}

/// A line in which long quoted text, such as the command of a compiler, is its first word.
pub(super) fn shortened(line: &str) -> String {
    let mut parts = line.split('`');
    let mut text = parts.next().unwrap_or_default().to_owned();
    let mut quoted = true;
    for part in parts {
        match (quoted, part.split_once(' ')) {
            (true, Some((program, _))) if part.len() > 80 => {
                let name = program.rsplit('/').next().unwrap_or(program);
                text.push_str(&format!("`{name} …"));
            }
            _ => text.push_str(&format!("`{part}")),
        }
        quoted = !quoted;
    }
    text
}

/// A line without what is in backticks: file names, commands, and other text that is not the speaker's own.
pub(super) fn unquoted(line: &str) -> String {
    line.split('`').step_by(2).collect::<Vec<_>>().join("``")
}
