//! A small YAML tree and its text. Every foreign scalar is quoted, and nothing in it can end its quotes, its line or
//! its comment.

/// A node of a document.
#[derive(Debug, Clone, PartialEq)]
pub enum Node {
    /// A key without a value.
    Nothing,
    /// A double-quoted scalar.
    Text(String),
    /// A plain integer.
    Number(u64),
    /// `true` or `false`.
    Bool(bool),
    /// The lines of a literal block (`|`); literals of this program, so they need no quotes.
    Block(Vec<&'static str>),
    /// A sequence. A comment above an element's first key goes above its dash.
    Seq(Vec<Node>),
    /// A mapping.
    Map(Map),
}

/// A mapping in insertion order.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Map(Vec<Entry>);

#[derive(Debug, Clone, PartialEq)]
struct Entry {
    above: Vec<String>,
    gap: bool,
    key: String,
    value: Node,
    beside: Option<String>,
}

impl Map {
    /// Appends an entry.
    #[must_use]
    pub fn with(mut self, key: impl Into<String>, value: impl Into<Node>) -> Self {
        let entry = Entry { above: Vec::new(), gap: false, key: key.into(), value: value.into(), beside: None };
        self.0.push(entry);
        self
    }

    /// Appends an entry if there is a value.
    #[must_use]
    pub fn with_some(self, key: &str, value: Option<impl Into<Node>>) -> Self {
        match value {
            Some(value) => self.with(key, value),
            None => self,
        }
    }

    /// Adds a comment above the last entry.
    #[must_use]
    pub fn above(mut self, lines: &[String]) -> Self {
        if let Some(last) = self.0.last_mut() {
            last.above.extend_from_slice(lines);
        }
        self
    }

    /// Adds a trailing comment to the last entry, whose value must be on the key's line.
    #[must_use]
    pub fn beside(mut self, text: impl Into<String>) -> Self {
        if let Some(last) = self.0.last_mut() {
            last.beside = Some(text.into());
        }
        self
    }

    /// Adds an empty line above the last entry.
    #[must_use]
    pub fn gap(mut self) -> Self {
        if let Some(last) = self.0.last_mut() {
            last.gap = true;
        }
        self
    }

    /// The document's text, ending in a newline.
    pub fn text(&self) -> String {
        let mut out = String::new();
        write_map(&mut out, self, 0, false);
        out
    }
}

impl From<Map> for Node {
    fn from(map: Map) -> Self {
        Node::Map(map)
    }
}

impl From<&str> for Node {
    fn from(text: &str) -> Self {
        Node::Text(text.to_owned())
    }
}

impl From<String> for Node {
    fn from(text: String) -> Self {
        Node::Text(text)
    }
}

impl From<bool> for Node {
    fn from(value: bool) -> Self {
        Node::Bool(value)
    }
}

impl From<Vec<Node>> for Node {
    fn from(items: Vec<Node>) -> Self {
        Node::Seq(items)
    }
}

/// Writes comment lines, each indented and prefixed with `# `.
pub fn comment(out: &mut String, lines: &[String], indent: usize) {
    for line in lines.iter().flat_map(|text| text.split(is_break)) {
        let line = line.trim_end();
        spaces(out, indent);
        out.push('#');
        if !line.is_empty() {
            out.push(' ');
            plain(out, line);
        }
        out.push('\n');
    }
}

fn write_map(out: &mut String, map: &Map, indent: usize, continues: bool) {
    for (n, entry) in map.0.iter().enumerate() {
        if entry.gap {
            out.push('\n');
        }
        // The first key of an element is on the line of its dash.
        if n > 0 || !continues {
            comment(out, &entry.above, indent);
            spaces(out, indent);
        }
        key(out, &entry.key);
        out.push(':');
        value(out, &entry.value, indent, entry.beside.as_deref());
    }
}

/// Writes the value after a key's colon or an element's dash.
fn value(out: &mut String, node: &Node, indent: usize, beside: Option<&str>) {
    let line = match node {
        Node::Nothing => String::new(),
        Node::Text(text) => format!(" {}", quoted(text)),
        Node::Number(number) => format!(" {number}"),
        Node::Bool(truth) => format!(" {truth}"),
        Node::Block(_) => " |".to_owned(),
        Node::Seq(items) if items.is_empty() => " []".to_owned(),
        Node::Map(map) if map.0.is_empty() => " {}".to_owned(),
        Node::Seq(_) | Node::Map(_) => String::new(),
    };
    out.push_str(&line);
    if let Some(text) = beside {
        out.push_str(" # ");
        plain(out, &text.replace(is_break, " "));
    }
    out.push('\n');
    match node {
        Node::Nothing | Node::Text(_) | Node::Number(_) | Node::Bool(_) => {}
        Node::Block(lines) => {
            for line in lines {
                spaces(out, indent + 2);
                out.push_str(line);
                out.push('\n');
            }
        }
        Node::Seq(items) => {
            for item in items {
                if let Node::Map(Map(entries)) = item {
                    entries.first().iter().for_each(|first| comment(out, &first.above, indent + 2));
                }
                spaces(out, indent + 2);
                out.push('-');
                match item {
                    Node::Map(map) if !map.0.is_empty() => {
                        out.push(' ');
                        write_map(out, map, indent + 4, true);
                    }
                    other => value(out, other, indent + 2, None),
                }
            }
        }
        Node::Map(map) => write_map(out, map, indent + 2, false),
    }
}

fn spaces(out: &mut String, count: usize) {
    out.extend(std::iter::repeat_n(' ', count));
}

/// Writes a key, quoted unless it is a plain word.
fn key(out: &mut String, key: &str) {
    let bare = key.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_')
        && key.chars().all(|c| c.is_ascii_alphanumeric() || c == '_' || c == '-')
        // `on` is a key of GitHub's; some parsers read the others as booleans or null.
        && !["y", "n", "yes", "no", "off", "true", "false", "null"].contains(&key.to_ascii_lowercase().as_str());
    if bare {
        out.push_str(key);
    } else {
        out.push_str(&quoted(key));
    }
}

/// The text as a one-line double-quoted scalar.
pub fn quoted(text: &str) -> String {
    let mut out = String::with_capacity(text.len() + 2);
    out.push('"');
    for c in text.chars() {
        match c {
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            '\n' => out.push_str("\\n"),
            '\r' => out.push_str("\\r"),
            '\t' => out.push_str("\\t"),
            c if !is_seen(c) => push_escape(&mut out, c),
            c => out.push(c),
        }
    }
    out.push('"');
    out
}

/// Writes comment text, with invisible characters escaped.
fn plain(out: &mut String, text: &str) {
    for c in text.chars() {
        if is_seen(c) {
            out.push(c);
        } else if c == '\t' {
            out.push(' ');
        } else {
            push_escape(out, c);
        }
    }
}

/// `\xHH`, `\uHHHH` or `\UHHHHHHHH`, as in YAML 1.2 ("5.7 Escaped Characters").
fn push_escape(out: &mut String, c: char) {
    let code = u32::from(c);
    out.push_str(&match code {
        0..=0xff => format!("\\x{code:02x}"),
        0x100..=0xffff => format!("\\u{code:04x}"),
        _ => format!("\\U{code:08x}"),
    });
}

/// Whether the character is visible in place: not a control, line break, zero-width character or bidirectional control.
fn is_seen(c: char) -> bool {
    !c.is_control()
        && !matches!(c,
            '\u{ad}' | '\u{34f}' | '\u{61c}' | '\u{115f}' | '\u{1160}' | '\u{17b4}' | '\u{17b5}' | '\u{180b}'..='\u{180f}'
            | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{3164}'
            | '\u{e000}'..='\u{f8ff}' | '\u{fe00}'..='\u{fe0f}' | '\u{feff}' | '\u{ffa0}' | '\u{fff0}'..='\u{ffff}'
            | '\u{1bca0}'..='\u{1bca3}' | '\u{1d173}'..='\u{1d17a}' | '\u{e0000}'..='\u{10ffff}')
}

/// Whether some YAML parser ends a line here.
fn is_break(c: char) -> bool {
    matches!(c, '\n' | '\r' | '\u{b}' | '\u{c}' | '\u{85}' | '\u{2028}' | '\u{2029}')
}
