//! The tests that libtest marks `should panic` in its output, of any length and cut anywhere.

use std::collections::BTreeSet;

/// The longest line that is looked at.
const MOST: usize = 4096;

/// Reads the output as it comes.
#[derive(Debug, Default)]
pub struct ShouldPanic {
    line: Vec<u8>,
    found: BTreeSet<String>,
}

impl ShouldPanic {
    /// Takes bytes, cut anywhere.
    pub fn feed(&mut self, bytes: &[u8]) {
        for part in bytes.split_inclusive(|byte| *byte == b'\n') {
            let room = MOST.saturating_sub(self.line.len());
            self.line.extend_from_slice(&part[..part.len().min(room)]);
            if part.ends_with(b"\n") {
                self.end_line();
            }
        }
    }

    /// The tests, by libtest's names.
    pub fn finish(mut self) -> BTreeSet<String> {
        self.end_line();
        self.found
    }

    fn end_line(&mut self) {
        let line = String::from_utf8_lossy(&self.line);
        let name = line.strip_prefix("test ").and_then(|rest| rest.split_once(" - should panic ..."));
        self.found.extend(name.map(|(name, _)| name.to_owned()));
        self.line.clear();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn marks_are_found_however_the_output_is_cut() {
        let text = b"running 3 tests\ntest a - should panic ... ok\ntest b ... ok\ntest m::c - should panic ... FAILED";
        for size in [1, 7, text.len()] {
            let mut marked = ShouldPanic::default();
            text.chunks(size).for_each(|bytes| marked.feed(bytes));
            assert_eq!(Vec::from_iter(marked.finish()), ["a", "m::c"]);
        }
    }
}
