//! Paths in Rust source text that lead above a folder: `"../data/x"`, `.join("..")`, `CARGO_MANIFEST_DIR` and `.parent()`.
//!
//! A test may read at run time what cargo and rustc know nothing of. Its text often says where. This is a scan of the text,
//! not a parser: it finds literals and the chains of calls behind them, and leaves to others what they lead to.

/// A path that leads above its folder.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct OutsidePath {
    /// 1-based.
    pub line: usize,
    /// The path as far as the text gives it, with `..`; `../data` of `"../data/{name}.json"`.
    pub path: String,
}

/// The longest text that is taken for a path.
const LONGEST: usize = 300;
/// The variable and macro argument for a package's folder.
const PACKAGE_DIR: &str = "CARGO_MANIFEST_DIR";

/// The paths of this source text that lead above a folder, in its order.
pub fn outside_paths(text: &str) -> Vec<OutsidePath> {
    let mut found = Vec::new();
    let mut rest = Scanner { text, at: 0 };
    while let Some((start, literal)) = rest.next_literal() {
        let mut behind = Scanner { text, at: rest.at };
        let chain = behind.chain();
        // What belongs to the chain is part of this path, and none of its own.
        if !chain.is_empty() {
            rest.at = behind.at;
        }
        let first = if literal == PACKAGE_DIR { Some("") } else { known_part(literal) };
        let Some(first) = first else { continue };
        if literal == ".." && chain.is_empty() && !may_be_path(&text[..start]) {
            continue;
        }
        let path = std::iter::once(first).chain(chain.iter().map(String::as_str)).filter(|part| !part.is_empty());
        let path = path.map(|part| part.trim_start_matches('/')).collect::<Vec<_>>().join("/");
        if leads_above(&path) {
            found.push(OutsidePath { line: text[..start].matches('\n').count() + 1, path });
        }
    }
    found
}

/// The part of a literal that is a relative path: behind a placeholder for its beginning, before one for its end.
fn known_part(literal: &str) -> Option<&str> {
    if literal.len() > LONGEST || literal.contains(['\n', '\\', '\0']) {
        return None;
    }
    let up = literal.split('/').any(|part| part == "..");
    let begin = match literal.find("..").map(|at| &literal[..at]).and_then(|before| before.rfind('}')) {
        Some(at) => &literal[at + 1..],
        None => literal,
    };
    // An absolute path, unless a folder is put before it.
    let path = begin.strip_prefix('/').filter(|path| path.starts_with("..")).unwrap_or(begin);
    let path = match path.find(['{', '*', '?', '[', '$', '#']) {
        Some(at) => &path[..path[..at].rfind('/').unwrap_or(0)],
        None => path,
    };
    let is_path = path.len() < LONGEST && !path.starts_with('/') && !path.contains("://");
    (is_path && (up || !path.is_empty())).then_some(path)
}

/// Whether two dots behind this text may be a path: the first argument of a call that does not look at text, or a value
/// with a name. Elsewhere they are mere text, as in `.field("init", &"..")`.
fn may_be_path(before: &str) -> bool {
    const OF_TEXT: [&str; 20] = [
        "contains",
        "starts_with",
        "ends_with",
        "split",
        "splitn",
        "rsplit",
        "split_once",
        "find",
        "rfind",
        "matches",
        "strip_prefix",
        "strip_suffix",
        "replace",
        "write_str",
        "push_str",
        "eq",
        "print",
        "println",
        "panic",
        "write",
    ];
    let before = before.trim_end();
    let Some(before) = before.strip_suffix('(') else { return before.ends_with('=') && !before.ends_with("==") };
    let name = before.trim_end_matches('!').rsplit(|c: char| !is_word(c)).next().unwrap_or_default();
    !OF_TEXT.contains(&name)
}

/// Whether a relative path leaves the folder that it begins in.
fn leads_above(path: &str) -> bool {
    let mut depth = 0;
    path.split('/').any(|part| {
        depth += match part {
            ".." => -1,
            "" | "." => 0,
            _ => 1,
        };
        depth < 0
    })
}

struct Scanner<'t> {
    text: &'t str,
    at: usize,
}

impl<'t> Scanner<'t> {
    fn rest(&self) -> &'t str {
        &self.text[self.at..]
    }

    /// The next string literal: where it begins, and its text without escapes resolved. What is commented out is passed
    /// over, but for documentation, whose examples are tests.
    fn next_literal(&mut self) -> Option<(usize, &'t str)> {
        loop {
            let rest = self.rest();
            let skip = rest.find(['"', '/', '\'', 'r'])?;
            let before = self.text[..self.at + skip].chars().next_back();
            let here = &rest[skip..];
            self.at += skip;
            if here.starts_with("///") || here.starts_with("//!") {
                self.at += 3;
            } else if here.starts_with("//") {
                self.at += here.find('\n').unwrap_or(here.len());
            } else if here.starts_with("/*") {
                self.at += block_comment(here);
            } else if let Some(length) = char_literal(here) {
                self.at += length;
            } else if let Some((begin, end, whole)) = raw_string(here).filter(|_| !before.is_some_and(is_word)) {
                let start = self.at;
                self.at += whole;
                return Some((start, &here[begin..end]));
            } else if here.starts_with('"') {
                let start = self.at;
                let (text, whole) = plain_string(here);
                self.at += whole;
                return Some((start, text));
            } else {
                self.at += here.chars().next().map_or(1, char::len_utf8);
            }
        }
    }

    /// What calls behind a path add to it: `.join("x")`, `.parent()`, `.ancestors().nth(2)`. Ends before anything else.
    fn chain(&mut self) -> Vec<String> {
        let mut parts = Vec::new();
        loop {
            let rest = self.rest();
            let trimmed = rest.trim_start();
            let space = rest.len() - trimmed.len();
            let mut look = Scanner { text: self.text, at: self.at + space };
            if let Some(length) = [")", "?", ".unwrap()", ".to_path_buf()", ".to_owned()", ".as_path()"]
                .iter()
                .find_map(|word| trimmed.starts_with(word).then_some(word.len()))
            {
                look.at += length;
            } else if trimmed.starts_with(".parent()") {
                look.at += ".parent()".len();
                parts.push("..".to_owned());
            } else if let Some(number) = trimmed.strip_prefix(".ancestors().nth(") {
                let Some((number, _)) = number.split_once(')') else { return parts };
                let Some(number) = number.trim().parse::<usize>().ok().filter(|number| *number < 32) else {
                    return parts;
                };
                look.at += ".ancestors().nth(".len();
                parts.extend(std::iter::repeat_n("..".to_owned(), number));
                look.at += look.rest().find(')').map_or(0, |at| at + 1);
            } else if [".join(", ".push(", ".expect("].iter().any(|word| trimmed.starts_with(word)) {
                look.at += trimmed.find('(').map_or(0, |at| at + 1);
                let argument = look.rest().trim_start();
                // Only a literal says where it leads.
                if !argument.starts_with('"') && !argument.starts_with("r\"") && !argument.starts_with("r#") {
                    return parts;
                }
                let Some((_, literal)) = look.next_literal() else { return parts };
                if !trimmed.starts_with(".expect(") {
                    let Some(part) = known_part(literal).or(literal.strip_prefix('/')) else { return parts };
                    parts.push(part.to_owned());
                }
            } else {
                return parts;
            }
            self.at = look.at;
        }
    }
}

fn is_word(c: char) -> bool {
    c.is_alphanumeric() || c == '_'
}

/// The length of a block comment, which may have others in it.
fn block_comment(text: &str) -> usize {
    let (mut depth, mut at) = (0, 0);
    while at < text.len() {
        let rest = &text[at..];
        if rest.starts_with("/*") {
            depth += 1;
            at += 2;
        } else if rest.starts_with("*/") {
            depth -= 1;
            at += 2;
            if depth == 0 {
                return at;
            }
        } else {
            at += rest.chars().next().map_or(1, char::len_utf8);
        }
    }
    text.len()
}

/// The length of a character literal; a lifetime is none.
fn char_literal(text: &str) -> Option<usize> {
    let inner = text.strip_prefix('\'')?;
    if inner.starts_with('\\') {
        let end = inner[2.min(inner.len())..].find('\'')?;
        return (end < 12).then_some(1 + 2 + end + 1);
    }
    let first = inner.chars().next()?;
    inner[first.len_utf8()..].starts_with('\'').then_some(2 + first.len_utf8())
}

/// A raw string: begin and end of its text, and the length of all of it.
fn raw_string(text: &str) -> Option<(usize, usize, usize)> {
    let hashes = text.strip_prefix('r')?;
    let count = hashes.len() - hashes.trim_start_matches('#').len();
    hashes[count..].strip_prefix('"')?;
    let begin = 1 + count + 1;
    let close = format!("\"{}", "#".repeat(count));
    let end = begin + text[begin..].find(&close)?;
    Some((begin, end, end + close.len()))
}

/// The text of a string literal, and the length of all of it.
fn plain_string(text: &str) -> (&str, usize) {
    let mut escaped = false;
    for (at, c) in text.char_indices().skip(1) {
        match c {
            _ if escaped => escaped = false,
            '\\' => escaped = true,
            '"' => return (&text[1..at], at + 1),
            _ => {}
        }
    }
    (&text[1..], text.len())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(text: &str, expected: &[&str]) {
        let found: Vec<String> = outside_paths(text).into_iter().map(|found| found.path).collect();
        assert_eq!(found, expected, "{text}");
    }

    #[test]
    fn a_literal_that_leads_above_is_found() {
        check(r#"read("../data/x")"#, &["../data/x"]);
        check(r##"read(r"../data/x"); read(r#"../../y"#)"##, &["../data/x", "../../y"]);
        check(r#"concat!(env!("CARGO_MANIFEST_DIR"), "/../data/x")"#, &["../data/x"]);
        check(r#"format!("{}/../data/x", env!("CARGO_MANIFEST_DIR"))"#, &["../data/x"]);
        check(r#"format!("../data/{name}.json")"#, &["../data"]);
        check(r#"glob("../data/**/*.json")"#, &["../data"]);
        check(r#"read("src/../../x"); read("src/../x"); read("./../y")"#, &["src/../../x", "./../y"]);
        check(r#"read("..")"#, &[".."]);
        check("/// ```\n/// std::fs::read(\"../data/x\")\n/// ```", &["../data/x"]);
    }

    #[test]
    fn calls_behind_a_path_are_followed() {
        check(r#"Path::new(env!("CARGO_MANIFEST_DIR")).join("../data").join("x")"#, &["../data/x"]);
        check(r#"Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap().join("data/x")"#, &["../data/x"]);
        check("PathBuf::from(env!(\"CARGO_MANIFEST_DIR\"))\n    .join(\"..\")\n    .join(\"data\")", &["../data"]);
        check(r#"Path::new(env!("CARGO_MANIFEST_DIR")).ancestors().nth(2).expect("a parent").join("x")"#, &["../../x"]);
        check(r#"root.join("..").join(name)"#, &[".."]);
        check(r#"Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data")"#, &[]);
        check(r#"f("a", "../b"); (env!("CARGO_MANIFEST_DIR"), "tests")"#, &["../b"]);
    }

    #[test]
    fn other_text_is_passed_over() {
        check("// read(\"../data\")\nlet x = '\"'; /* \"../a\" /* \"../b\" */ */ read(\"../c\")", &["../c"]);
        check(r#"let a: &'static str = "0..1"; "1.."; "...""#, &[]);
        check(r#""https://a/../b"; "a\\..\\b"; "it is \"../x\" here"; "/../../etc""#, &["../../etc"]);
        check(r#"for r in x { "../y" }"#, &["../y"]);
        check(r#".field("init", &".."); name.contains(".."); a == ".."; println!("..")"#, &[]);
        check(r#"const UP: &str = ".."; root.push("..")"#, &["..", ".."]);
        check("\"never closed ../x", &[]);
        assert_eq!(outside_paths("\n\n f(\"../x\")")[0].line, 3);
        for text in
            ["", "\"", "'", "'\\", "r#", "/*", "r#\"", "//", "'\\u{1f600}' \"../x\"", "ä\"../ö\"", "f(\"..\").join("]
        {
            let _ = outside_paths(text);
        }
    }
}
