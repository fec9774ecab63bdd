//! A failed link: the linker's own words, without the command line that rustc shows before them.

use super::block::Block;
use super::missing;
use crate::outcome::Outcome;
use crate::sqlite_api;

/// The most symbols named.
const MOST: usize = 3;

/// What the linker says, in one line.
pub(super) fn said(block: &Block, own: &[String]) -> (Outcome, String) {
    let mut symbols: Vec<&str> = Vec::new();
    for symbol in lines(block).filter_map(undefined) {
        if !symbols.contains(&symbol) {
            symbols.push(symbol);
        }
    }
    if let Some((first, rest)) = symbols.split_first() {
        let named: Vec<String> = rest.iter().take(MOST - 1).map(|symbol| format!(", `{symbol}`")).collect();
        let more = match symbols.len().saturating_sub(MOST) {
            0 => String::new(),
            n => format!(" and {n} more"),
        };
        let brought = symbols.iter().find_map(|symbol| sqlite_api::explain(symbol));
        let brought = brought.map(|brought| format!("; {brought}")).unwrap_or_default();
        let cause = format!("linking failed: undefined symbol `{first}`{}{more}{brought}", named.concat());
        return (Outcome::BuildFailed, cause);
    }
    let library = lines(block).find_map(|line| Some((library(line)?, line)));
    if let Some((name, line)) = library {
        return match is_own(name, own) {
            true => (Outcome::BuildFailed, format!("linking failed: {line}")),
            false => (Outcome::Unavailable, missing::library(name, line)),
        };
    }
    let loud = ["error", "ld: ", "fatal", "multiple definition", "undefined"];
    let line = lines(block).find(|line| loud.iter().any(|word| line.contains(word)) && !is_summary(line));
    let line = line.or_else(|| lines(block).next()).unwrap_or(&block.header);
    (Outcome::BuildFailed, format!("linking failed: {}", line.strip_prefix("error: ").unwrap_or(line)))
}

/// The linker's lines: the notes of rustc's error but for the command and rustc's own advice.
pub(super) fn lines(block: &Block) -> impl Iterator<Item = &str> {
    let mut in_command = false;
    block.body.lines().filter_map(move |line| {
        let text = line.trim();
        let note = text.strip_prefix("= note: ").map(str::trim_start);
        if let Some(note) = note {
            in_command = is_command(note);
        }
        let text = note.unwrap_or(text);
        let ours = in_command || text.is_empty() || text == "|" || is_advice(text) || text.starts_with("= help: ");
        (!ours).then_some(text)
    })
}

/// `"cc" "-m64" …`, of older versions `LC_ALL="C" PATH=… "cc" …`, or `env -u … "cc" …`.
fn is_command(note: &str) -> bool {
    ["\"", "LC_ALL=", "env -u ", "PATH=", "cd \""].iter().any(|start| note.starts_with(start))
}

fn is_advice(text: &str) -> bool {
    ["some arguments are omitted", "some `extern` functions couldn't be found", "use the `-l` flag", "use the `cargo:"]
        .iter()
        .any(|start| text.starts_with(start))
}

/// `collect2: error: ld returned 1 exit status`.
fn is_summary(line: &str) -> bool {
    line.ends_with("returned 1 exit status") || line.contains("linker command failed with exit code")
}

/// The symbol of `undefined reference to `x'` (GNU ld), `undefined symbol: x` (lld, mold), `"_x", referenced from:`.
fn undefined(line: &str) -> Option<&str> {
    if let Some((_, rest)) = line.split_once("undefined reference to `") {
        return Some(rest.trim_end_matches(['\'', '`']));
    }
    if let Some((_, rest)) = line.split_once("undefined symbol: ") {
        return Some(rest.trim());
    }
    line.strip_prefix('"')?.strip_suffix("\", referenced from:")
}

/// The library of `cannot find -lx: …` (GNU ld), `unable to find library -lx` (lld), `library not found: x` (mold),
/// `library not found for -lx` and `library 'x' not found` (macOS).
fn library(line: &str) -> Option<&str> {
    for start in ["cannot find -l", "unable to find library -l", "library not found for -l", "library not found: "] {
        if let Some((_, rest)) = line.split_once(start) {
            return rest.split([':', ' ']).next().filter(|name| !name.is_empty());
        }
    }
    let (_, rest) = line.split_once("library '")?;
    rest.split_once("' not found").map(|(name, _)| name)
}

/// The library of `could not find native static library `x``, which rustc looks for itself.
pub(super) fn static_library(header: &str) -> Option<&str> {
    let (_, rest) = header.split_once("could not find native static library `")?;
    rest.split_once('`').map(|(name, _)| name)
}

/// Whether a library is of the workspace itself.
pub(super) fn is_own(library: &str, own: &[String]) -> bool {
    let plain = |name: &str| name.replace('-', "_");
    own.iter().any(|name| plain(name) == plain(library))
}
