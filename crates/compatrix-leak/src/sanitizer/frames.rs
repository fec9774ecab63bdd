//! Parses one line of a stack: `#0 0x55… (/path/exe+0xf5954) (BuildId: …)` or `#1 0x… in function /path/file.rs:12:3`.

use crate::finding::Frame;

/// A frame as in a report.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct RawFrame {
    /// The executable or library.
    pub object: Option<String>,
    /// The offset from the object's load address.
    pub offset: Option<u64>,
    /// The function, if symbolized.
    pub function: Option<String>,
    /// The source file, if symbolized.
    pub file: Option<String>,
    /// 1-based line.
    pub line: Option<u32>,
    /// 1-based column.
    pub column: Option<u32>,
}

impl RawFrame {
    /// The frames of this place; several if functions are inlined.
    pub(super) fn lower(self, resolve: &dyn Fn(&str, u64) -> Vec<Frame>) -> Vec<Frame> {
        if self.file.is_none() {
            if let (Some(object), Some(offset)) = (&self.object, self.offset) {
                let frames = resolve(object, offset);
                if !frames.is_empty() {
                    return frames;
                }
            }
        }
        let RawFrame { object, offset: _, function, file, line, column } = self;
        vec![Frame { function: function.unwrap_or_default(), file, line, column, object, ..Frame::default() }]
    }
}

/// Parses a frame; `None` if the line is not a complete frame.
pub(super) fn frame(line: &str) -> Option<RawFrame> {
    let rest = line.trim_start().strip_prefix('#')?;
    let (number, rest) = rest.split_once(' ')?;
    number.parse::<u32>().ok()?;
    let rest = rest.trim_start().strip_prefix("0x")?;
    let (address, rest) = rest.split_once(' ')?;
    u64::from_str_radix(address, 16).ok()?;
    let rest = without_build_id(rest.trim());
    match rest.strip_prefix("in ") {
        None => module(rest).or_else(|| (rest == "(<unknown module>)").then(RawFrame::default)),
        Some(rest) => Some(symbolized(rest.trim())),
    }
}

/// Parses `(/path/exe+0xf5954)`; the path may contain anything.
fn module(text: &str) -> Option<RawFrame> {
    let inside = text.strip_prefix('(')?.strip_suffix(')')?;
    let (object, offset) = inside.rsplit_once("+0x")?;
    let offset = u64::from_str_radix(offset, 16).ok()?;
    Some(RawFrame { object: Some(object.to_owned()), offset: Some(offset), ..RawFrame::default() })
}

/// Parses `function /path/file.rs:12:3`, `function file.c:12`, `function (/path/exe+0x12)` or `function` alone. Functions
/// and paths may contain spaces: a path starts at the last space before a `/`, otherwise at the last space.
fn symbolized(text: &str) -> RawFrame {
    if let Some((at, found)) = text.rmatch_indices(" (").find_map(|(at, _)| Some((at, module(&text[at + 1..])?))) {
        return RawFrame { function: Some(text[..at].to_owned()), ..found };
    }
    let (path, line, column) = place(text);
    let at = path.rfind(" /").or_else(|| path.rfind(' '));
    match (at, line) {
        (Some(at), Some(_)) => RawFrame {
            function: Some(path[..at].to_owned()),
            file: Some(path[at + 1..].to_owned()),
            line,
            column,
            ..RawFrame::default()
        },
        _ => RawFrame { function: Some(text.to_owned()), ..RawFrame::default() },
    }
}

/// Splits `:LINE` or `:LINE:COLUMN` off the end.
fn place(text: &str) -> (&str, Option<u32>, Option<u32>) {
    let number = |text: &str| text.parse::<u32>().ok();
    let Some((before, last)) = text.rsplit_once(':').and_then(|(before, last)| Some((before, number(last)?))) else {
        return (text, None, None);
    };
    match before.rsplit_once(':').and_then(|(path, line)| Some((path, number(line)?))) {
        Some((path, line)) => (path, Some(line), Some(last)),
        None => (before, Some(last), None),
    }
}

fn without_build_id(text: &str) -> &str {
    let id = |rest: &str| rest.strip_suffix(')').is_some_and(|id| id.bytes().all(|b| b.is_ascii_hexdigit()));
    match text.rsplit_once(" (BuildId: ") {
        Some((before, rest)) if id(rest) => before.trim_end(),
        _ => text,
    }
}
