//! Lines and excerpts of bounded size from a stream of any size.

/// Bytes kept from the start of a line.
const HEAD: usize = 4096;
/// Bytes kept from the end of a longer line, where a test's result follows its output.
const TAIL: usize = 512;

/// Cuts a stream of bytes into lines; a long line loses its middle, so memory stays bounded.
#[derive(Debug, Default)]
pub(crate) struct Lines {
    head: Vec<u8>,
    tail: Vec<u8>,
    dropped: bool,
}

impl Lines {
    /// Takes bytes, cut anywhere, and hands on each line that they end, without its line break.
    pub(crate) fn feed(&mut self, mut bytes: &[u8], mut each: impl FnMut(String)) {
        while let Some(end) = bytes.iter().position(|b| *b == b'\n') {
            self.push(&bytes[..end]);
            each(self.take());
            bytes = &bytes[end + 1..];
        }
        self.push(bytes);
    }

    /// The last line, if the stream does not end with a line break.
    pub(crate) fn finish(mut self) -> Option<String> {
        if self.head.is_empty() {
            None
        } else {
            Some(self.take())
        }
    }

    /// Bytes buffered.
    #[cfg(test)]
    pub(crate) fn held(&self) -> usize {
        self.head.len() + self.tail.len()
    }

    fn push(&mut self, bytes: &[u8]) {
        let room = HEAD - self.head.len();
        let (head, rest) = bytes.split_at(room.min(bytes.len()));
        self.head.extend_from_slice(head);
        let keep = &rest[rest.len().saturating_sub(TAIL)..];
        self.dropped |= keep.len() < rest.len();
        self.tail.extend_from_slice(keep);
        if self.tail.len() > TAIL {
            self.dropped = true;
            self.tail.drain(..self.tail.len() - TAIL);
        }
    }

    fn take(&mut self) -> String {
        let mut bytes = std::mem::take(&mut self.head);
        let mut text = if self.dropped {
            let mut text = String::from_utf8_lossy(&bytes).into_owned();
            text.push('…');
            text.push_str(&String::from_utf8_lossy(&self.tail));
            text
        } else {
            bytes.append(&mut self.tail);
            String::from_utf8_lossy(&bytes).into_owned()
        };
        self.tail.clear();
        self.dropped = false;
        if text.ends_with('\r') {
            text.pop();
        }
        if text.contains('\u{1b}') {
            text = without_colour(&text);
        }
        text
    }
}

/// Foreign output that cannot do anything to a terminal: without escapes, each carriage return a line break, and other
/// control characters replaced by `\u{fffd}`.
pub fn plain(text: &str) -> String {
    let text = without_colour(text).replace("\r\n", "\n").replace('\r', "\n");
    text.chars().map(|c| if c.is_control() && c != '\n' && c != '\t' { '\u{fffd}' } else { c }).collect()
}

/// The text without terminal escapes: `ESC [ … letter` (a style) and `ESC ( letter` (a character set).
fn without_colour(text: &str) -> String {
    let mut plain = String::with_capacity(text.len());
    let mut chars = text.chars().peekable();
    while let Some(c) = chars.next() {
        if c == '\u{1b}' && chars.peek() == Some(&'[') {
            chars.next();
            for c in chars.by_ref() {
                if ('\u{40}'..='\u{7e}').contains(&c) {
                    break;
                }
            }
        } else if c == '\u{1b}' && chars.peek() == Some(&'(') {
            chars.nth(1);
        } else {
            plain.push(c);
        }
    }
    plain
}

/// The start and the end of a long text: a panic's message is at either.
#[derive(Debug, Default)]
pub(crate) struct Excerpt {
    head: String,
    tail: String,
    dropped: bool,
}

impl Excerpt {
    /// Half of the longest excerpt, in bytes; the mark between the halves included in neither.
    const HALF: usize = 2040;

    /// Adds a line.
    pub(crate) fn line(&mut self, line: &str) {
        if self.tail.is_empty() && self.head.len() + line.len() < Self::HALF {
            self.head.push_str(line);
            self.head.push('\n');
            return;
        }
        self.tail.push_str(line);
        self.tail.push('\n');
        if self.tail.len() > Self::HALF {
            let mut cut = self.tail.len() - Self::HALF;
            while !self.tail.is_char_boundary(cut) {
                cut += 1;
            }
            self.tail.drain(..cut);
            self.dropped = true;
        }
    }

    /// The excerpt, at most 4 KiB, without empty lines at its ends.
    pub(crate) fn finish(self) -> String {
        let mut text = self.head;
        if self.dropped {
            text.push_str("[…]\n");
        }
        text.push_str(&self.tail);
        text.trim_end().trim_start_matches('\n').to_owned()
    }
}

#[cfg(test)]
mod tests {
    use super::plain;

    #[test]
    fn output_of_others_becomes_plain() {
        for (text, expected) in [
            ("a\tb\n", "a\tb\n"),
            ("\u{1b}[31;1mred\u{1b}[0m\u{1b}(B!", "red!"),
            ("10 %\r20 %\rdone\r\n", "10 %\n20 %\ndone\n"),
            ("\u{0}\u{8}\u{1b}]0;title\u{7}", "\u{fffd}\u{fffd}\u{fffd}]0;title\u{fffd}"),
            ("\u{1b}[", ""),
        ] {
            assert_eq!(plain(text), expected, "{text:?}");
        }
    }
}
