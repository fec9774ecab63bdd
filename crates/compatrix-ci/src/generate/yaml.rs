//! A small YAML tree and its text. Every scalar that is not ours is quoted, and nothing in it can end its quotes, its
//! line or its comment.

/// A part of a document.
#[derive(Debug, Clone, PartialEq)]
pub enum Node {
    /// Nothing: a key without a value.
    Nothing,
    /// A text, double-quoted.
    Text(String),
    /// A number.
    Number(u64),
    /// `true` or `false`.
    Bool(bool),
    /// Lines of a literal block; ours, so that they need no quotes.
    Block(Vec<&'static str>),
    /// Elements. The comment above the first key of one stands above its dash.
    Seq(Vec<Node>),
    /// Keys and values.
    Map(Map),
}

/// A mapping in the order in which it is written.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Map(Vec<Entry>);

/// A key and its value.
#[derive(Debug, Clone, PartialEq)]
struct Entry {
    above: Vec<String>,
    gap: bool,
    key: String,
    value: Node,
    beside: Option<String>,
}

impl Map {
    /// With one more entry.
    #[must_use]
    pub fn with(mut self, key: impl Into<String>, value: impl Into<Node>) -> Self {
        let entry = Entry { above: Vec::new(), gap: false, key: key.into(), value: value.into(), beside: None };
        self.0.push(entry);
        self
    }

    /// With one more entry, if there is a value.
    #[must_use]
    pub fn with_some(self, key: &str, value: Option<impl Into<Node>>) -> Self {
        match value {
            Some(value) => self.with(key, value),
            None => self,
        }
    }

    /// A comment above the last entry.
    #[must_use]
    pub fn above(mut self, lines: &[String]) -> Self {
        if let Some(last) = self.0.last_mut() {
            last.above.extend_from_slice(lines);
        }
        self
    }

    /// A comment beside the last entry: one whose value stands on the key's line.
    #[must_use]
    pub fn beside(mut self, text: impl Into<String>) -> Self {
        if let Some(last) = self.0.last_mut() {
            last.beside = Some(text.into());
        }
        self
    }

    /// An empty line above the last entry.
    #[must_use]
    pub fn gap(mut self) -> Self {
        if let Some(last) = self.0.last_mut() {
            last.gap = true;
        }
        self
    }

    /// The document's text.
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

/// The lines of a comment, each with `# ` in front, at an indentation.
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
        // The first key of an element stands beside its dash.
        if n > 0 || !continues {
            comment(out, &entry.above, indent);
            spaces(out, indent);
        }
        key(out, &entry.key);
        out.push(':');
        value(out, &entry.value, indent, entry.beside.as_deref());
    }
}

/// What follows a key's colon or an element's dash, to the end of the line and beyond.
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

/// A key: bare where it is a plain word, else quoted.
fn key(out: &mut String, key: &str) {
    let bare = key.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_')
        && key.chars().all(|c| c.is_ascii_alphanumeric() || c == '_' || c == '-')
        // `on` is GitHub's own key; the others are truth values or nothing to one reader or another.
        && !["y", "n", "yes", "no", "off", "true", "false", "null"].contains(&key.to_ascii_lowercase().as_str());
    if bare {
        out.push_str(key);
    } else {
        out.push_str(&quoted(key));
    }
}

/// The text as a double-quoted scalar on one line.
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

/// The text of a comment, with what cannot be seen spelled out.
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

/// `\xHH`, `\uHHHH` or `\UHHHHHHHH`, as YAML 1.2 has them ("5.7 Escaped Characters").
fn push_escape(out: &mut String, c: char) {
    let code = u32::from(c);
    out.push_str(&match code {
        0..=0xff => format!("\\x{code:02x}"),
        0x100..=0xffff => format!("\\u{code:04x}"),
        _ => format!("\\U{code:08x}"),
    });
}

/// Whether a reader sees the character where it stands: no control, no line break, nothing of no width, nothing that turns
/// the direction of what follows.
fn is_seen(c: char) -> bool {
    !c.is_control()
        && !matches!(c,
            '\u{ad}' | '\u{34f}' | '\u{61c}' | '\u{115f}' | '\u{1160}' | '\u{17b4}' | '\u{17b5}' | '\u{180b}'..='\u{180f}'
            | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{3164}'
            | '\u{e000}'..='\u{f8ff}' | '\u{fe00}'..='\u{fe0f}' | '\u{feff}' | '\u{ffa0}' | '\u{fff0}'..='\u{ffff}'
            | '\u{1bca0}'..='\u{1bca3}' | '\u{1d173}'..='\u{1d17a}' | '\u{e0000}'..='\u{10ffff}')
}

/// Whether some reader of YAML ends a line here.
fn is_break(c: char) -> bool {
    matches!(c, '\n' | '\r' | '\u{b}' | '\u{c}' | '\u{85}' | '\u{2028}' | '\u{2029}')
}
