//! A line of Markdown as the words that a reader sees, and the addresses of its badges.

use super::badge::{self, Badge};

/// Elements whose marks are left out; `<current stable release>` is text.
const ELEMENTS: [&str; 42] = [
    "a",
    "b",
    "big",
    "blockquote",
    "body",
    "br",
    "center",
    "code",
    "dd",
    "del",
    "details",
    "div",
    "dl",
    "dt",
    "em",
    "font",
    "h1",
    "h2",
    "h3",
    "h4",
    "h5",
    "h6",
    "hr",
    "i",
    "img",
    "kbd",
    "li",
    "ol",
    "p",
    "picture",
    "small",
    "source",
    "span",
    "strong",
    "sub",
    "summary",
    "sup",
    "table",
    "tbody",
    "td",
    "th",
    "tr",
];

/// Elements after which a sentence does not go on.
const ENDS: [&str; 9] = ["li", "tr", "p", "br", "dd", "div", "table", "h2", "h3"];

/// Stands for the address of a badge that says the version.
const DRAWN: char = '\u{2}';

/// A line in lower case, without marks and addresses.
pub(super) fn plain(line: &str) -> (String, Vec<Badge>) {
    let mut badges = Vec::new();
    let line = without_links(line, &mut badges);
    let line = entities(&without_elements(&line)).to_lowercase();
    let mut out = String::with_capacity(line.len());
    let (mut code, mut struck) = (false, false);
    let chars: Vec<char> = line.chars().collect();
    let at = |n: usize| chars.get(n).copied();
    let mut n = 0;
    while let Some(c) = at(n) {
        let before = n.checked_sub(1).and_then(at);
        let next = at(n + 1);
        let within = before.is_some_and(char::is_alphanumeric) && next.is_some_and(char::is_alphanumeric);
        match c {
            '~' if next == Some('~') => {
                struck = !struck;
                n += 1;
            }
            _ if struck => {}
            '`' => code = !code,
            // `1.0.*` is a requirement, in code or escaped; other stars are emphasis.
            '\\' if next == Some('*') && before == Some('.') => {
                out.push('x');
                n += 1;
            }
            '*' if code && before == Some('.') => out.push('x'),
            '*' | '[' | ']' | '\u{200b}' | DRAWN => {}
            '\\' if next.is_some_and(|next| next.is_ascii_punctuation()) => {}
            '_' if !(code || within) => {}
            '\u{2010}'..='\u{2013}' => out.push('-'),
            '\u{2014}' => out.push_str(" - "),
            '\u{2018}' | '\u{2019}' => out.push('\''),
            '\u{a0}' | '\t' => out.push(' '),
            '\u{2a7e}' => out.push('≥'),
            c => out.push(c),
        }
        n += 1;
    }
    (out, badges)
}

/// Takes out the targets of links, the names of link references and bare addresses. The description of a badge whose
/// address says the version goes too.
fn without_links(line: &str, badges: &mut Vec<Badge>) -> String {
    let trimmed = line.trim_start();
    let is_definition = trimmed.starts_with('[') && trimmed.find("]:").is_some_and(|at| !trimmed[..at].contains("]("));
    let mut out = String::with_capacity(line.len());
    let mut rest = line;
    while !rest.is_empty() {
        let address = ["http://", "https://"].iter().any(|scheme| rest.starts_with(scheme));
        if address {
            let end = rest.find(|c: char| c.is_whitespace() || ")\"'<>]`".contains(c)).unwrap_or(rest.len());
            let badge = badge::read(&rest[..end]);
            if matches!(badge, Some(Badge::Rust(_) | Badge::Sqlite(_))) {
                drop_description(&mut out);
                out.push(DRAWN);
            }
            badges.extend(badge);
            rest = &rest[end..];
        } else if let Some(target) = rest.strip_prefix("](") {
            // A relative target; an address was begun by `](` too and is taken above.
            let end = target.find([')', ' ']).unwrap_or(target.len());
            if target.starts_with("http") {
                out.push(']');
                out.push('(');
                rest = target;
            } else {
                out.push(']');
                let close = target[end..].find(')').map_or(target.len(), |at| end + at + 1);
                rest = &target[close..];
            }
        } else if let Some(name) = rest.strip_prefix("][") {
            out.push(']');
            rest = name.find(']').map_or("", |end| &name[end + 1..]);
        } else {
            let Some(c) = rest.chars().next() else { break };
            out.push(c);
            rest = &rest[c.len_utf8()..];
        }
    }
    if is_definition {
        return String::new();
    }
    out.replace("](\u{2})", "]").replace("]()", "]").replace("](", "] ")
}

/// Removes the description of the picture whose address begins here: `![MSRV 1.60](`, `alt="MSRV 1.60" src="`.
fn drop_description(out: &mut String) {
    if let Some(start) = out.rfind("![").filter(|_| out.ends_with("](")) {
        out.truncate(start + 2);
        out.push_str("](");
    } else if let Some(start) = out.rfind("alt=\"") {
        let end = out[start + 5..].find('"').map_or(out.len(), |at| start + 5 + at);
        out.replace_range(start + 5..end, "");
    }
}

/// Takes out the marks of HTML; the description of a picture stays.
fn without_elements(line: &str) -> String {
    let mut out = String::with_capacity(line.len());
    let mut rest = line;
    while let Some(at) = rest.find('<') {
        out.push_str(&rest[..at]);
        let tag = &rest[at + 1..];
        let name = tag.trim_start_matches('/');
        let end = name.find(|c: char| !c.is_ascii_alphanumeric()).unwrap_or(name.len());
        let name = name[..end].to_ascii_lowercase();
        let close = tag.find('>');
        match close.filter(|_| ELEMENTS.contains(&name.as_str())) {
            Some(close) => {
                let alt = tag[..close].split_once("alt=\"").filter(|_| name == "img" && !tag[..close].contains(DRAWN));
                if let Some(alt) = alt {
                    out.push_str(alt.1.split('"').next().unwrap_or_default());
                }
                let ends = ENDS.contains(&name.as_str()) && (tag.starts_with('/') || name == "br");
                out.push_str(if ends { ". " } else { " " });
                rest = &tag[close + 1..];
            }
            None => {
                out.push('<');
                rest = tag;
            }
        }
    }
    out.push_str(rest);
    out
}

fn entities(line: &str) -> String {
    if !line.contains('&') {
        return line.to_owned();
    }
    let table = [
        ("&ge;", "≥"),
        ("&#8805;", "≥"),
        ("&#x2265;", "≥"),
        ("&gt;", ">"),
        ("&lt;", "<"),
        ("&nbsp;", " "),
        ("&emsp;", " "),
        ("&ensp;", " "),
        ("&quot;", "\""),
        ("&ndash;", "-"),
        ("&mdash;", " - "),
        ("&amp;", "&"),
    ];
    table.iter().fold(line.to_owned(), |line, (name, text)| line.replace(name, text))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_reader_sees_of_a_line() {
        for (line, expect) in [
            ("**MSRV** is `1.65.0`.", "msrv is 1.65.0."),
            ("the [same MSRV][msrv] as [Rust 1.65](https://blog.rust-lang.org/Rust-1.65.0.html) or [this](docs/1.60.md \"a\")!", "the same msrv as rust 1.65 or this!"),
            ("[Rust 1.65]: https://blog.rust-lang.org/Rust-1.65.0.html", ""),
            ("Rust&nbsp;&ge;&nbsp;1.65 &amp; `1.0.*`, 1.0.\\* or *1.0.*", "rust ≥ 1.65 & 1.0.x, 1.0.x or 1.0."),
            ("<td>MSRV</td><td>1.65</td>", " msrv  1.65 "),
            ("<current stable release> - 7", "<current stable release> - 7"),
            ("~~Rust 1.60~~ Rust 1.65", " rust 1.65"),
            ("_Version requirement: rust_version 1.64+_", "version requirement: rust_version 1.64+"),
            ("![MSRV 1.65](docs/msrv.svg)", "!msrv 1.65"),
            ("[![rustc 1.41.0](https://img.shields.io/badge/rust-1.43%2B-orange.svg)](https://x.y/z)", "!"),
            ("<img alt=\"MSRV 1.65\" src=\"msrv.svg\">", "msrv 1.65 "),
            ("Rust ≥ 1.65 – see https://example.com/1.60", "rust ≥ 1.65 - see "),
            ("é", "é"),
        ] {
            assert_eq!(plain(line).0, expect, "{line}");
        }
        let (_, badges) = plain("[![a](https://img.shields.io/badge/rust-1.43%2B-orange.svg)](https://x.y)");
        assert_eq!(badges, [Badge::Rust("1.43".to_owned())]);
    }
}
