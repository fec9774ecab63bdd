//! A manifest as text, so that values can be reported with their lines.

use std::path::Path;

use anyhow::Context;
use compatrix_audit::manifest;

use crate::sys::files;

#[derive(Debug)]
pub(crate) struct ManifestText {
    /// Its path, relative to the root if below it.
    pub(crate) path: String,
    text: String,
}

impl ManifestText {
    pub(crate) fn read(root: &Path, path: &Path) -> anyhow::Result<Self> {
        let text = files::read_text(path).with_context(|| format!("cannot read {}", path.display()))?;
        Ok(Self { path: shown(root, path), text })
    }

    /// `Cargo.toml:5` for this key; the file alone if it has no such key.
    pub(crate) fn place(&self, keys: &[&str]) -> String {
        match line_of(&self.text, keys) {
            Some(line) => format!("{}:{line}", self.path),
            None => self.path.clone(),
        }
    }

    /// The whole manifest.
    pub(crate) fn all(&self) -> &str {
        &self.text
    }

    /// The string at this key.
    pub(crate) fn text(&self, keys: &[&str]) -> Option<String> {
        text_at(&self.text, keys)
    }
}

/// A path for display: relative to the root if below it.
pub(crate) fn shown(root: &Path, path: &Path) -> String {
    files::slashed(path.strip_prefix(root).unwrap_or(path))
}

/// The line, from 1, of a key in a TOML text.
pub(crate) fn line_of(text: &str, keys: &[&str]) -> Option<usize> {
    Some(manifest::key(text, keys)?.0)
}

/// The string at a key of a TOML text.
pub(crate) fn text_at(text: &str, keys: &[&str]) -> Option<String> {
    manifest::key(text, keys)?.1
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_are_found_in_tables_of_every_spelling() {
        let text = "[package]\nname = \"a\"\nrust-version.workspace = true\n\n[dependencies]\nb = { path = \"b\" }\n\
                    [dependencies.c]\nversion = \"1\"\n";
        assert_eq!(line_of(text, &["package", "rust-version"]), Some(3));
        assert_eq!(text_at(text, &["package", "rust-version"]), None, "it is inherited");
        assert_eq!(text_at(text, &["package", "name"]).as_deref(), Some("a"));
        assert_eq!(line_of(text, &["dependencies", "b"]), Some(6));
        assert_eq!(line_of(text, &["dependencies", "c"]), Some(7));
        assert_eq!(line_of(text, &["features"]), None);
        assert_eq!(line_of("no [toml", &["a"]), None);
    }
}
