//! Finds pins in a workflow's text, in the form that bots raise: `uses: "owner/name@SHA" # v1.2.3`.
//!
//! Reads line by line, as bots do, because YAML parsers drop comments.

use std::ops::Range;

use sha2::{Digest, Sha256};

/// The start of the checksum line in a generated workflow.
pub const CHECKSUM: &str = "# checksum: ";

/// An action or an image that a workflow uses.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Use {
    /// 1-based line.
    pub line: usize,
    /// The action (`actions/cache/restore`), or image and tag (`debian:bookworm`).
    pub name: String,
    /// The commit or digest used.
    pub reference: Reference,
}

/// The commit or digest of a use, as written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Reference {
    /// A use of an action.
    Action {
        /// The text after `@`.
        sha: String,
        /// The trailing comment, if it is one word.
        version: Option<String>,
    },
    /// A use of a container image.
    Image {
        /// The text after `@`.
        digest: String,
    },
}

/// All uses of actions and images in a workflow's text, in line order.
pub fn uses(text: &str) -> Vec<Use> {
    let lines = text.lines().enumerate();
    lines.filter_map(|(n, line)| Some(FoundUse::read(line)?.named(line, n + 1))).collect()
}

/// A hash of a workflow's text without checksum line and pins: it survives a bot that raises pins, but no other edit.
pub fn fingerprint(text: &str) -> String {
    let mut hash = Sha256::new();
    for line in text.lines().filter(|line| !line.starts_with(CHECKSUM)) {
        let mut line = line.to_owned();
        if let Some(found) = FoundUse::read(&line) {
            // From the end, so that earlier positions stay valid.
            if let Some(version) = found.comment.filter(|_| found.is_action) {
                line.replace_range(version, "version");
            }
            line.replace_range(found.reference, "pin");
        }
        hash.update(line);
        hash.update("\n");
    }
    base16ct::lower::encode_string(&hash.finalize())
}

/// The positions of a pin's parts in a line.
struct FoundUse {
    is_action: bool,
    name: Range<usize>,
    reference: Range<usize>,
    /// The trailing comment, if it is one word.
    comment: Option<Range<usize>>,
}

impl FoundUse {
    fn read(line: &str) -> Option<Self> {
        let key = line.trim_start_matches([' ', '-']);
        let (is_action, value) = match key.strip_prefix("uses:") {
            Some(value) => (true, value),
            None => (false, key.strip_prefix("image:")?),
        };
        let value = value.trim_start();
        let quote = value.chars().next().filter(|c| matches!(c, '"' | '\''));
        let start = line.len() - value.len() + quote.map_or(0, char::len_utf8);
        let length = line[start..].find(|c: char| quote.map_or(c == ' ', |quote| c == quote));
        let scalar = start..length.map_or(line.len(), |length| start + length);
        let at = scalar.start + line[scalar.clone()].find('@')?;
        let rest = &line[(scalar.end + quote.map_or(0, char::len_utf8)).min(line.len())..];
        let comment = rest.trim_start().strip_prefix('#').map(str::trim);
        let comment = comment.filter(|text| !text.is_empty() && !text.contains(' ')).map(|text| {
            let end = line.trim_end().len();
            end - text.len()..end
        });
        Some(Self { is_action, name: scalar.start..at, reference: at + 1..scalar.end, comment })
    }

    fn named(self, line: &str, number: usize) -> Use {
        let (name, reference) = (line[self.name].to_owned(), line[self.reference].to_owned());
        let comment = self.comment.map(|comment| line[comment].to_owned());
        if self.is_action {
            return Use { line: number, name, reference: Reference::Action { sha: reference, version: comment } };
        }
        // `debian@sha256:… # debian:bookworm`, and `debian:bookworm@sha256:…`.
        let tag = comment.filter(|tag| tag.starts_with(&format!("{name}:")));
        Use { line: number, name: tag.unwrap_or(name), reference: Reference::Image { digest: reference } }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEXT: &str = "# checksum: abc\nname: \"x\"\n      - uses: \"actions/checkout@1234\" # v1.2.3\n        uses: a/b/c@5678\n      \
                        image: \"debian@sha256:12\" # debian:bookworm\n    run: |\n      echo uses: nothing\n";

    #[test]
    fn pins_are_read_from_lines() {
        let action = |line, name: &str, sha: &str, version: Option<&str>| Use {
            line,
            name: name.to_owned(),
            reference: Reference::Action { sha: sha.to_owned(), version: version.map(str::to_owned) },
        };
        let image = Use {
            line: 5,
            name: "debian:bookworm".to_owned(),
            reference: Reference::Image { digest: "sha256:12".to_owned() },
        };
        assert_eq!(
            uses(TEXT),
            [action(3, "actions/checkout", "1234", Some("v1.2.3")), action(4, "a/b/c", "5678", None), image]
        );
        assert_eq!(uses("uses: './here'\nuses:\nuses: \"a@b\n").len(), 1, "lines without a pin, and an unclosed quote");
        assert_eq!(uses("- uses: a/b@c # two words\n")[0].reference, uses("uses: 'a/b@c'\n")[0].reference);
    }

    #[test]
    fn the_fingerprint_is_blind_to_pins_and_to_nothing_else() {
        let same = |from: &str, to: &str| fingerprint(TEXT) == fingerprint(&TEXT.replace(from, to));
        assert!(same("@1234\" # v1.2.3", "@9999\" # v2.0.0"));
        assert!(same("abc", "def"));
        assert!(same("sha256:12", "sha256:34"));
        assert!(!same("actions/checkout", "evil/checkout"));
        assert!(!same("debian:bookworm", "debian:sid"));
        assert!(!same("echo", "curl"));
        assert!(!same(" # v1.2.3", ""));
        assert!(!same(" # v1.2.3", " # v1.2.3 and more"));
        assert!(!same("run: |\n", "run: |\n\n"));
    }
}
