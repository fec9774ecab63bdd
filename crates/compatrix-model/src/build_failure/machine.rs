//! Signs that the machine failed and not the project.

use super::block::{unquoted, Block};
use super::linker;

/// What the system says at the end of a message, with an explanation if it needs one.
const SYSTEM: [&str; 4] =
    ["No space left on device", "Disk quota exceeded", "Cannot allocate memory", "Read-only file system"];

/// What cargo says of a network.
const NETWORK: [&str; 12] = [
    "spurious network error",
    "failed to download from",
    "download of config.json failed",
    "network failure seems to have happened",
    "Could not resolve host",
    "Couldn't resolve host",
    "Could not connect to server",
    "Couldn't connect to server",
    "Timeout was reached",
    "Connection reset by peer",
    "SSL connect error",
    "failed to fetch ``",
];

/// How a killed compiler or linker is told, and what that means.
const KILLED: [(&str, &str); 6] = [
    ("signal: 9, SIGKILL", "a compiler was killed, as happens when memory runs out"),
    ("signal: 7, SIGBUS", "a compiler died of a bus error, as happens when the disk is full"),
    ("ld terminated with signal 9", "the linker was killed, as happens when memory runs out"),
    ("ld terminated with signal 7", "the linker died of a bus error, as happens when the disk is full"),
    ("lld terminated with signal 9", "the linker was killed, as happens when memory runs out"),
    ("memory allocation of", "the compiler ran out of memory"),
];

/// The sign of an error that is not about source and not the words of a build script.
pub(super) fn of(block: &Block) -> Option<&'static str> {
    if block.place().is_some() || is_said_by_a_script(&block.header) {
        return None;
    }
    if let Some(script) = &block.script {
        return script.chain.iter().find_map(|line| sign(line)).or_else(|| script.reason().and_then(|why| code(&why)));
    }
    let of_linker = || linker::lines(block).find_map(sign);
    let said = sign(&block.header).or_else(|| block.chain().find_map(sign));
    said.or_else(|| if block.is_linking() { of_linker() } else { None })
}

/// The sign in one line of cargo, the compiler or the linker.
pub(super) fn sign(line: &str) -> Option<&'static str> {
    let own = unquoted(line);
    let system = SYSTEM.iter().find(|word| ends_with_word(&own, word));
    let network = || NETWORK.iter().find(|word| own.contains(*word));
    let killed = || KILLED.iter().find(|(word, _)| own.contains(word)).map(|(_, means)| means);
    system.or_else(network).or_else(killed).copied().or_else(|| absent(line))
}

/// A locked version that was once in the registry and is not there now, as happens with a mirror.
fn absent(line: &str) -> Option<&'static str> {
    let is_locked = line.contains("failed to select a version for the requirement") && line.contains("(locked to ");
    is_locked.then_some("the registry does not have the version that Cargo.lock names")
}

/// The sign in a panic of a build script: only with the system's number, as any text may be in a message.
fn code(reason: &str) -> Option<&'static str> {
    let full = ["(os error 28)", "code: 28, kind: StorageFull", "error writing to"];
    let is_full = full.iter().any(|word| reason.contains(word)) && reason.contains("No space left on device");
    is_full.then_some("No space left on device")
}

/// Whether the word is what the message ends with, after a colon: the system's own text behind the speaker's.
fn ends_with_word(line: &str, word: &str) -> bool {
    let Some(at) = line.rfind(word) else { return false };
    let before = &line[..at];
    let after = line[at + word.len()..].trim_start_matches(['"', '.', ')', '\'']);
    let begins = before.trim().is_empty() || before.ends_with(": ") || before.ends_with(":");
    begins && (after.trim().is_empty() || after.trim_start().starts_with("(os error"))
}

/// `error: demo@0.1.0: …`, which cargo prints for `cargo::error=…` of a build script.
fn is_said_by_a_script(header: &str) -> bool {
    let first = header.strip_prefix("error: ").and_then(|text| text.split(": ").next()).unwrap_or_default();
    first.contains('@') && !first.contains(' ')
}
