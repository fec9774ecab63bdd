//! Detects pins that a bot raised in the workflows, as opposed to other edits, and copies them back to the file of pins.

use std::collections::BTreeMap;

use shaped_toml::quoted;
use toml::de::{DeTable, DeValue};

use super::uses::{uses, Reference};
use super::{is_digest, is_sha, repository, version, Pin, Pins};

/// A pin that is newer in all workflows than in the file of pins.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Bump {
    /// Version and commit of an action.
    Action {
        /// `owner/name`, the key of [`Pins::actions`].
        repository: String,
        /// The pin in the file.
        from: Pin,
        /// The pin in the workflows.
        to: Pin,
    },
    /// Digest of an image. Digests have no order, so any change counts as newer.
    Image {
        /// Image and tag: `debian:bookworm`.
        image: String,
        /// The digest in the file.
        from: String,
        /// The digest in the workflows.
        to: String,
    },
}

/// A pin that was changed, but not raised consistently.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refusal {
    /// The workflow's file.
    pub file: String,
    /// 1-based line.
    pub line: usize,
    /// The problem and its fix.
    pub reason: String,
}

impl std::fmt::Display for Refusal {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}:{}: {}", self.file, self.line, self.reason)
    }
}

impl Bump {
    /// Raises this pin.
    pub fn apply(&self, pins: &mut Pins) {
        match self {
            Bump::Action { repository, to, .. } => {
                pins.actions.insert(repository.clone(), to.clone());
            }
            Bump::Image { image, to, .. } => {
                pins.images.insert(image.clone(), to.clone());
            }
        }
    }

    /// A message: `actions/checkout is v7.1.0 in the workflows, v7.0.1 in ci/actions.toml`.
    pub fn told(&self) -> String {
        let short = |digest: &str| digest.chars().take("sha256:".len() + 12).collect::<String>();
        let (name, to, from) = match self {
            Bump::Action { repository, from, to } => (repository, to.version.clone(), from.version.clone()),
            Bump::Image { image, from, to } => (image, short(to), short(from)),
        };
        format!("{name} is {to} in the workflows, {from} in {}", super::FILE)
    }
}

/// A use: file, line, version and commit.
type Place<'a> = (&'a str, usize, Pin);

/// The pins raised in these workflows (file and text): version and commit both changed, to the same pair in all uses,
/// and the version is not lower. A pin lower than the file's does not count: the file was raised.
///
/// # Errors
/// All pins that were changed in any other way.
pub fn bumped(workflows: &[(&str, &str)], pins: &Pins) -> Result<Vec<Bump>, Vec<Refusal>> {
    let mut refusals = Vec::new();
    let mut actions: BTreeMap<String, Vec<Place<'_>>> = BTreeMap::new();
    let mut images: BTreeMap<String, Vec<(&str, usize, String)>> = BTreeMap::new();
    for (file, text) in workflows {
        for found in uses(text) {
            let mut refuse =
                |reason: String| refusals.push(Refusal { file: (*file).to_owned(), line: found.line, reason });
            match found.reference {
                Reference::Action { sha, version: comment } => {
                    let repository = repository(&found.name);
                    let Some(pin) = pins.actions.get(&repository) else { continue };
                    match read(&found.name, pin, sha, comment) {
                        Ok(used) => actions.entry(repository).or_default().push((file, found.line, used)),
                        Err(reason) => refuse(reason),
                    }
                }
                Reference::Image { digest } if !pins.images.contains_key(&found.name) || is_digest(&digest) => {
                    images.entry(found.name).or_default().push((file, found.line, digest));
                }
                Reference::Image { digest } => refuse(format!("`{digest}` is not a digest of {}", found.name)),
            }
        }
    }
    let mut bumps = Vec::new();
    for (repository, places) in actions {
        let pin = &pins.actions[&repository];
        let higher = |used: &Pin| version(&used.version) > version(&pin.version);
        // If versions differ, the bot meant to set the highest everywhere.
        let Some((_, _, to)) =
            places.iter().filter(|(.., used)| higher(used)).max_by_key(|(.., used)| version(&used.version))
        else {
            continue;
        };
        for (file, line, used) in places.iter().filter(|(.., used)| used != to) {
            let reason = if used.version == to.version {
                format!("two commits for {repository} {}: {} and {}", to.version, used.sha, to.sha)
            } else {
                format!("{repository} is {} here and {} elsewhere; raise all uses or none", used.version, to.version)
            };
            refusals.push(Refusal { file: (*file).to_owned(), line: *line, reason });
        }
        bumps.push(Bump::Action { repository, from: pin.clone(), to: to.clone() });
    }
    for (image, places) in images {
        let Some(from) = pins.images.get(&image) else { continue };
        let Some((_, _, to)) = places.iter().find(|(.., digest)| digest != from) else { continue };
        for (file, line, digest) in places.iter().filter(|(.., digest)| digest != to) {
            let reason = format!("{image} is {digest} here and {to} elsewhere; raise all uses or none");
            refusals.push(Refusal { file: (*file).to_owned(), line: *line, reason });
        }
        bumps.push(Bump::Image { image, from: from.clone(), to: to.clone() });
    }
    if refusals.is_empty() {
        return Ok(bumps);
    }
    refusals.sort_by(|a, b| (&a.file, a.line).cmp(&(&b.file, b.line)));
    Err(refusals)
}

/// The pin in a line, if it can be the file's, an older or a newer one.
fn read(action: &str, pin: &Pin, sha: String, comment: Option<String>) -> Result<Pin, String> {
    let Some(comment) = comment else {
        return Err(format!("{action}@{sha} has no version; write it as a comment, `# {}`", pin.version));
    };
    if version(&comment).is_none() {
        return Err(format!("`{comment}` is not a full version of {action}; write it as in `# {}`", pin.version));
    }
    if !is_sha(&sha) {
        return Err(format!("`{sha}` is not a commit of {action}; a pin has all 40 hex digits"));
    }
    match (comment == pin.version, sha == pin.sha) {
        (true, false) => Err(format!(
            "the commit of {action} was changed, but the comment still says {comment}, which is {} in {}",
            pin.sha,
            super::FILE
        )),
        (false, true) => Err(format!(
            "the comment of {action} says {comment}, but the commit is still that of {}, as in {}",
            pin.version,
            super::FILE
        )),
        (true, true) | (false, false) => Ok(Pin { version: comment, sha }),
    }
}

/// The text of the file of pins with these raised. Everything else is kept, including comments, except a comment on the
/// line of an image's old digest.
///
/// # Errors
/// The text is not a file of pins, or lacks one of these.
pub fn adopt(text: &str, bumps: &[Bump]) -> Result<String, String> {
    let (root, errors) = DeTable::parse_recoverable(text);
    if let Some(error) = errors.first() {
        return Err(format!("{}: {}", super::FILE, error.message()));
    }
    let span = |table: &str, name: &str, key: &str| {
        let table = root.get_ref().get(table).and_then(|value| value.get_ref().as_table());
        let pin = table.and_then(|table| table.get(name)).and_then(|value| value.get_ref().as_table());
        let value = pin.and_then(|pin| pin.get(key)).filter(|value| matches!(value.get_ref(), DeValue::String(_)));
        value.map(toml::Spanned::span).ok_or_else(|| format!("{}: no `{key}` of {name}", super::FILE))
    };
    let mut edits = Vec::new();
    for bump in bumps {
        match bump {
            Bump::Action { repository, to, .. } => {
                edits.push((span("action", repository, "version")?, quoted(&to.version)));
                edits.push((span("action", repository, "sha")?, quoted(&to.sha)));
            }
            Bump::Image { image, to, .. } => {
                let mut value = span("image", image, "digest")?;
                let rest = text[value.end..].lines().next().unwrap_or_default();
                if rest.trim_start().starts_with('#') {
                    value.end += rest.len();
                }
                edits.push((value, quoted(to)));
            }
        }
    }
    edits.sort_by_key(|(range, _)| std::cmp::Reverse(range.start));
    let mut text = text.to_owned();
    for (range, value) in edits {
        text.replace_range(range, &value);
    }
    Ok(text)
}

#[cfg(test)]
mod tests {
    use super::super::FIRST;
    use super::*;

    const NEW: &str = "1111111111111111111111111111111111111111";
    const OTHER: &str = "2222222222222222222222222222222222222222";

    fn line(action: &str, sha: &str, version: &str) -> String {
        format!("      - uses: \"{action}@{sha}\" # {version}\n")
    }

    /// A freshly generated workflow.
    fn generated() -> String {
        let pins = Pins::first();
        let use_of = |action: &str| {
            let pin = pins.action(action).unwrap();
            line(action, &pin.sha, &pin.version)
        };
        let digest = &pins.images["debian:bookworm"];
        format!(
            "{}{}{}    image: \"debian@{digest}\" # debian:bookworm\n",
            use_of("actions/checkout"),
            use_of("actions/cache/restore"),
            use_of("actions/cache/save")
        )
    }

    /// The generated text with all uses of `actions/cache` raised.
    fn raised(sha: &str, version: &str) -> String {
        let pin = Pins::first().action("actions/cache").unwrap().clone();
        generated().replace(&pin.sha, sha).replace(&pin.version, version)
    }

    #[track_caller]
    fn refused(texts: &[&str], line: usize, expected: &str) {
        let files: Vec<(&str, &str)> = ["a.yml", "b.yml"].into_iter().zip(texts.iter().copied()).collect();
        let refusals = bumped(&files, &Pins::first()).expect_err("a refusal");
        let found = refusals.iter().find(|refusal| refusal.line == line && refusal.reason.contains(expected));
        assert!(found.is_some(), "no {expected:?} at line {line} in {refusals:#?}");
    }

    #[test]
    fn a_pin_raised_everywhere_is_adopted() {
        let pins = Pins::first();
        assert_eq!(bumped(&[("a.yml", &generated())], &pins), Ok(Vec::new()));
        let (text, other) = (raised(NEW, "v6.2.0"), raised(NEW, "v6.2.0"));
        let bumps = bumped(&[("a.yml", &text), ("b.yml", &other)], &pins).unwrap();
        assert_eq!(bumps.len(), 1);
        assert_eq!(bumps[0].told(), "actions/cache is v6.2.0 in the workflows, v6.1.0 in ci/actions.toml");
        let adopted = adopt(FIRST, &bumps).unwrap();
        assert_eq!(adopted.lines().count(), FIRST.lines().count());
        let changed = FIRST.lines().zip(adopted.lines()).filter(|(old, new)| old != new).count();
        assert_eq!(changed, 2, "two lines of one table\n{adopted}");
        let mut expected = pins.clone();
        bumps[0].apply(&mut expected);
        assert_eq!(Pins::parse(&adopted), Ok(expected.clone()));
        assert_eq!(bumped(&[("a.yml", &text)], &expected), Ok(Vec::new()), "nothing is left to adopt");
    }

    #[test]
    fn a_digest_raised_takes_what_was_said_of_the_old_one_with_it() {
        let pins = Pins::first();
        let new = format!("sha256:{}", "ab".repeat(32));
        let text = generated().replace(&pins.images["debian:bookworm"], &new);
        let bumps = bumped(&[("a.yml", &text)], &pins).unwrap();
        let adopted = adopt(FIRST, &bumps).unwrap();
        assert_eq!(Pins::parse(&adopted).unwrap().images["debian:bookworm"], new);
        assert!(!adopted.contains("bookworm-2026") && adopted.contains("# trixie-2026"), "{adopted}");
        refused(&[&text.replace("abab\"", "ab\"")], 4, "is not a digest");
        refused(&[&text, &generated()], 4, "raise all uses or none");
    }

    #[test]
    fn a_pin_that_is_lower_is_no_bump() {
        assert_eq!(bumped(&[("a.yml", &raised(NEW, "v6.0.9"))], &Pins::first()), Ok(Vec::new()));
        // Numerically, not alphabetically.
        assert_eq!(bumped(&[("a.yml", &raised(NEW, "v10.0.0"))], &Pins::first()).map(|bumps| bumps.len()), Ok(1));
    }

    #[test]
    fn what_is_no_honest_bump_is_refused_with_its_line() {
        refused(&[&raised(NEW, "v6.1.0")], 2, "still says v6.1.0");
        refused(&[&raised(&Pins::first().action("actions/cache").unwrap().sha, "v6.2.0")], 3, "still that of v6.1.0");
        refused(&[&raised("main", "v6.2.0")], 2, "`main` is not a commit");
        refused(&[&raised(&NEW[1..], "v6.2.0")], 2, "40 hex digits");
        refused(&[&raised(NEW, "v6")], 2, "`v6` is not a full version");
        refused(&[&raised(NEW, "v6.2.0").replace(" # v6.2.0", "")], 2, "has no version");
        refused(&[&raised(NEW, "v6.2.0"), &raised(OTHER, "v6.2.0")], 2, "two commits for actions/cache v6.2.0");
        refused(&[&raised(NEW, "v6.2.0"), &generated()], 2, "v6.1.0 here and v6.2.0 elsewhere");
        refused(&[&raised(NEW, "v6.2.0").replacen(NEW, OTHER, 1)], 2, "two commits");
    }
}
