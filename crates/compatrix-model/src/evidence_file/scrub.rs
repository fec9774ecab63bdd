//! Removes machine paths from texts that will be committed.

/// How long a cause may be, in characters.
const MAX_CAUSE: usize = 300;

/// The text on one line, without machine paths, of bounded length.
pub(super) fn one_line(text: &str) -> String {
    let words: Vec<&str> = text.split_whitespace().collect();
    let text = scrub_paths(&words.join(" "));
    if text.chars().count() <= MAX_CAUSE {
        return text;
    }
    let cut: String = text.chars().take(MAX_CAUSE - 1).collect();
    format!("{}…", cut.trim_end())
}

/// The last part of a path of any system.
pub(super) fn base_name(path: &str) -> &str {
    path.rsplit(['/', '\\']).next().unwrap_or(path)
}

/// The text with each absolute path reduced to its last part: `/home/me/x/lib.rs:3` becomes `…/lib.rs:3`. Relative
/// paths and URLs stay. Scrubbing twice changes nothing.
pub fn scrub_paths(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut at = 0;
    while let Some(c) = text[at..].chars().next() {
        let (before, rest) = text.split_at(at);
        if !starts_path(before, rest) {
            out.push(c);
            at += c.len_utf8();
            continue;
        }
        let end = path_end(rest);
        let name = base_name(rest[..end].trim_end_matches(['/', '\\']));
        out.push('…');
        if !name.is_empty() && !name.ends_with(':') {
            out.push('/');
            out.push_str(name);
        }
        at += end;
    }
    out
}

/// Whether an absolute path starts with `rest`.
fn starts_path(before: &str, rest: &str) -> bool {
    let mut chars = rest.chars();
    let (first, second, third) = (chars.next(), chars.next(), chars.next());
    let part = |c: Option<char>| c.is_some_and(|c| c.is_alphanumeric() || "._-~+@".contains(c));
    let after_word = before.ends_with(char::is_alphanumeric);
    let glued = (after_word && !before.ends_with("-L") && !before.ends_with("-I"))
        || before.ends_with(|c| "./\\_-~…+@}*?".contains(c));
    match first {
        Some('/') => part(second) && !glued,
        Some('~') => second == Some('/') && !glued,
        Some('\\') => second == Some('\\') && part(third) && !glued,
        Some('f') if rest.starts_with("file:///") => !after_word,
        Some(c) if c.is_ascii_alphabetic() => {
            second == Some(':') && matches!(third, Some('\\' | '/')) && !glued && !rest[2..].starts_with("//")
        }
        _ => false,
    }
}

/// The end of a path. The `:` of a drive or of `file:` belongs to it; any other ends it.
fn path_end(rest: &str) -> usize {
    let skip = match rest.find(':') {
        Some(1) => 2,
        Some(4) if rest.starts_with("file:///") => 8,
        _ => 0,
    };
    rest[skip..]
        .find(|c: char| c.is_whitespace() || "\"'`:;,()[]{}<>|=".contains(c))
        .map_or(rest.len(), |end| skip + end)
}
