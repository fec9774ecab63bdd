//! Quotes strings and keys for TOML files that are written line by line.
//!
//! Strings are always basic, so that a committed file does not depend on a writer's choice of quotes.

use toml_writer::{ToTomlKey as _, ToTomlValue as _, TomlKeyBuilder, TomlStringBuilder};

/// A text as a one-line basic string.
pub fn quoted(text: &str) -> String {
    TomlStringBuilder::new(text).as_basic().to_toml_value()
}

/// A key, quoted only if necessary.
pub fn key(name: &str) -> String {
    let key = TomlKeyBuilder::new(name);
    key.as_unquoted().unwrap_or_else(|| key.as_basic()).to_toml_key()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn strings_are_basic_and_keys_bare_where_they_may_be() {
        for (text, string, name) in [
            ("v24-wal", "\"v24-wal\"", "v24-wal"),
            ("", "\"\"", "\"\""),
            ("a\"b\\c", r#""a\"b\\c""#, r#""a\"b\\c""#),
            ("two\nlines\t\u{1b}[1m", r#""two\nlines\t\u001B[1m""#, r#""two\nlines\t\u001B[1m""#),
            ("é", "\"é\"", "\"é\""),
        ] {
            assert_eq!((quoted(text), key(text)), (string.to_owned(), name.to_owned()));
        }
    }
}
