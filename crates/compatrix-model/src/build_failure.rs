//! Reads why a build failed from what cargo prints: the first line a person needs, and whose fault it is.
//!
//! Three groups must not mix: the project does not compile, something is missing on this host, or our side broke (a
//! full disk, no network, a killed compiler). Signs of the last two are only taken from lines that cargo, the linker or
//! a build script wrote as an error. An excerpt of source or a command line may contain the same words.
//!
//! The stream may be of any size; memory stays bounded.

mod block;
mod kept;
mod linker;
mod machine;
mod missing;
mod script;
#[cfg(test)]
mod tests;

use std::collections::BTreeSet;

use crate::lines::Lines;
use crate::outcome::Outcome;
use block::{Block, Blocks};

/// The longest cause, in characters.
const LONGEST: usize = 600;

/// Why a build failed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BuildFailure {
    /// `BuildFailed`, `Unavailable` or `Infrastructure`.
    pub outcome: Outcome,
    /// The first error, in one line.
    pub cause: String,
}

/// Reads cargo's standard error as it comes.
#[derive(Debug)]
pub struct Reader {
    lines: Lines,
    blocks: Blocks,
    own: Vec<String>,
}

impl Reader {
    /// `own` names libraries of the workspace itself: one of these is never missing from the system.
    pub fn new(own: Vec<String>) -> Self {
        Self { lines: Lines::default(), blocks: Blocks::default(), own }
    }

    /// Takes bytes, cut anywhere.
    pub fn feed(&mut self, bytes: &[u8]) {
        let blocks = &mut self.blocks;
        self.lines.feed(bytes, |line| blocks.line(&line));
    }

    /// Decides at the end of the stream.
    pub fn finish(self) -> BuildFailure {
        let Reader { lines, mut blocks, own } = self;
        if let Some(line) = lines.finish() {
            blocks.line(&line);
        }
        let (blocks, compiler_died, last) = blocks.finish();
        decide(&blocks, compiler_died.as_deref(), &last, &own)
    }
}

/// Reads a whole output.
pub fn read(stderr: &str, own: Vec<String>) -> BuildFailure {
    let mut reader = Reader::new(own);
    reader.feed(stderr.as_bytes());
    reader.finish()
}

/// The crates that rustc refused, by the names of their files, from a whole output. None if something else failed besides:
/// a build script, a linker.
pub fn not_compiled(stderr: &str) -> BTreeSet<String> {
    let others = ["failed to run custom build command", "linking with "];
    if others.iter().any(|other| stderr.contains(other)) {
        return BTreeSet::new();
    }
    // The package's name; that of the target, if it is another, follows: `error: could not compile `demo` (test "it") due`.
    let lines = stderr.lines().filter_map(|line| line.split_once("could not compile `")?.1.split_once('`'));
    let name = |(package, rest): (&str, &str)| {
        let target = rest.split_once('(').and_then(|(_, rest)| rest.split(')').next()?.split('"').nth(1));
        target.filter(|name| !name.is_empty()).unwrap_or(package).replace('-', "_")
    };
    lines.map(name).collect()
}

/// Our side comes first, because it makes the rest uncertain; then what is wrong with the project, then what is missing.
fn decide(blocks: &[Block], compiler_died: Option<&str>, last: &str, own: &[String]) -> BuildFailure {
    let machine = compiler_died.and_then(machine::sign).map(|word| (word, None));
    let machine = machine.or_else(|| blocks.iter().find_map(|block| Some((machine::of(block)?, Some(block)))));
    if let Some((word, block)) = machine {
        let said = block.map_or_else(|| compiler_died.unwrap_or_default().to_owned(), |block| said(block, own).1);
        return failure(Outcome::Infrastructure, format!("{word}: {said}"));
    }
    // Follow-ups such as "could not compile `x`" say less than the error before them.
    let tell: Vec<&Block> = blocks.iter().filter(|block| !block.is_summary()).collect();
    let tell = if tell.is_empty() { blocks.iter().collect() } else { tell };
    let read: Vec<(Outcome, String)> = tell.into_iter().map(|block| said(block, own)).collect();
    let first = read.iter().find(|(outcome, _)| *outcome == Outcome::BuildFailed).or(read.first());
    match first {
        Some((outcome, cause)) => failure(*outcome, cause.clone()),
        None => failure(Outcome::BuildFailed, last.to_owned()),
    }
}

fn failure(outcome: Outcome, cause: String) -> BuildFailure {
    let cut = cause.chars().count() > LONGEST;
    let cause = if cut { cause.chars().take(LONGEST - 1).chain(['…']).collect() } else { cause };
    BuildFailure { outcome, cause }
}

/// What a block says, in one line.
fn said(block: &Block, own: &[String]) -> (Outcome, String) {
    if let Some(script) = &block.script {
        return script::said(script);
    }
    if block.is_linking() {
        return linker::said(block, own);
    }
    if let Some(why) = tool_or_network(block) {
        return (Outcome::Unavailable, why);
    }
    if let Some(library) = linker::static_library(&block.header) {
        if !linker::is_own(library, own) {
            return (Outcome::Unavailable, missing::library(library, &block.header));
        }
    }
    let mut cause = block.header.clone();
    if let Some(place) = block.place() {
        cause.push_str(&format!(" ({place})"));
    }
    for message in block.body.lines().filter_map(|line| line.trim_start().strip_prefix("= help: message: ")).take(1) {
        cause.push_str(&format!(": {message}"));
    }
    let chain: Vec<String> = block.chain().map(block::shortened).collect();
    if !chain.is_empty() {
        cause.push_str(&format!(": {}", chain.join(": ")));
    }
    (Outcome::BuildFailed, cause)
}

/// An error of cargo or rustc that is about a tool of the system, or about a network that the user forbids.
fn tool_or_network(block: &Block) -> Option<String> {
    let header = &block.header;
    if let Some(linker) = header.strip_prefix("error: linker `").and_then(|text| text.strip_suffix("` not found")) {
        return Some(format!(
            "the linker `{linker}` is missing; install it, or correct the `linker` of cargo's configuration"
        ));
    }
    let offline = block.chain().any(|line| line.contains("but --offline was specified"));
    let offline = offline
        || header.contains("no matching package named")
            && block.body.lines().any(|line| line.starts_with("As a reminder, you're using offline mode"));
    offline.then(|| format!("{header} (offline); run once without `--offline`, so that cargo can download it"))
}
