//! The first and the last lines of output that may be endless.

use std::collections::VecDeque;

/// The most bytes kept of a line.
const LINE: usize = 1000;

/// The first and the last lines of something longer.
#[derive(Debug)]
pub(super) struct Kept {
    head: Vec<String>,
    tail: VecDeque<String>,
    room: (usize, usize),
}

impl Kept {
    pub(super) fn new(head: usize, tail: usize) -> Self {
        Kept { head: Vec::new(), tail: VecDeque::new(), room: (head, tail) }
    }

    pub(super) fn push(&mut self, line: &str) {
        let line = cut(line);
        if self.head.len() < self.room.0 {
            return self.head.push(line.to_owned());
        }
        if self.tail.len() >= self.room.1 {
            self.tail.pop_front();
        }
        self.tail.push_back(line.to_owned());
    }

    pub(super) fn lines(&self) -> impl DoubleEndedIterator<Item = &str> {
        self.head.iter().chain(&self.tail).map(String::as_str)
    }
}

pub(super) fn cut(line: &str) -> &str {
    let mut end = line.len().min(LINE);
    while !line.is_char_boundary(end) {
        end -= 1;
    }
    &line[..end]
}
