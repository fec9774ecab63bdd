//! Workflow commands in a job's output: log groups and annotations.
//!
//! GitHub Actions takes a log line that starts with `::` as a command, so test output must not pass through unchanged.
//! Source: docs.github.com, "Workflow commands for GitHub Actions".

/// A collapsed log group; its text is made harmless.
pub fn group(title: &str, body: &str) -> String {
    let mut out = format!("{}\n", group_start(title));
    for line in body.lines() {
        out.push_str(&harmless(line));
        out.push('\n');
    }
    out.push_str(GROUP_END);
    out.push('\n');
    out
}

/// The line that opens a group.
pub fn group_start(title: &str) -> String {
    format!("::group::{}", escape_data(title))
}

/// The line that closes the group.
pub const GROUP_END: &str = "::endgroup::";

/// An error annotation.
pub fn error(title: &str, message: &str) -> String {
    format!("::error title={}::{}", escape_property(title), escape_data(message))
}

/// A warning annotation.
pub fn warning(title: &str, message: &str) -> String {
    format!("::warning title={}::{}", escape_property(title), escape_data(message))
}

/// Makes a line of foreign output harmless: a zero-width space before anything that a runner would take as a command.
pub fn harmless(line: &str) -> String {
    let start = line.trim_start();
    if start.starts_with("::") || start.starts_with("##[") {
        format!("\u{200b}{line}")
    } else {
        line.to_owned()
    }
}

/// Escapes the text after the last `::` of a command.
pub fn escape_data(text: &str) -> String {
    text.replace('%', "%25").replace('\r', "%0D").replace('\n', "%0A")
}

/// Escapes the value of a property (`title=…`).
pub fn escape_property(text: &str) -> String {
    escape_data(text).replace(':', "%3A").replace(',', "%2C")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn commands_and_what_only_looks_like_one() {
        assert_eq!(
            group("rust=1.70\n100%", "a\n  ::stop-commands::x\n##[error]b"),
            "::group::rust=1.70%0A100%25\na\n\u{200b}  ::stop-commands::x\n\u{200b}##[error]b\n::endgroup::\n"
        );
        assert_eq!(error("a: b, c", "1\r\n2"), "::error title=a%3A b%2C c::1%0D%0A2");
        assert_eq!(warning("t", "m"), "::warning title=t::m");
    }
}
