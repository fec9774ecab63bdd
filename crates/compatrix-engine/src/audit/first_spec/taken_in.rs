//! Whether the root manifest takes the folder of the spec for a member, so that cargo would refuse the workspace.

use std::path::Path;

use crate::find::manifest_text::ManifestText;
use crate::sys::files;

/// The folders that Compatrix makes, by the folder to exclude; none has a manifest.
const FOLDERS: [(&str, &[&str]); 2] = [
    ("compat", &["compat", "compat/evidence", "compat/fixtures", "compat/locks"]),
    ("target", &["target", "target/compatrix"]),
];

/// A pattern of `members` that matches a folder of ours.
#[derive(Debug, PartialEq, Eq)]
pub struct TakenIn {
    /// What to do first, as a sentence.
    pub advice: String,
    /// Whether it matches the spec's folder, so that writing a spec alone breaks the workspace.
    pub breaks: bool,
}

/// What to do before a spec is written; `None` if no pattern of `members` matches a folder of ours.
///
/// # Errors
/// The root manifest cannot be read.
pub fn taken_in(root: &Path) -> anyhow::Result<Option<TakenIn>> {
    let manifest = ManifestText::read(root, &root.join("Cargo.toml"))?;
    let table: toml::Table = toml::from_str(manifest.all()).unwrap_or_default();
    let list = |key: &str| -> Vec<String> {
        let list = table.get("workspace").and_then(|workspace| workspace.get(key)?.as_array());
        list.into_iter().flatten().filter_map(|one| one.as_str().map(str::to_owned)).collect()
    };
    let (members, mut excluded) = (list("members"), list("exclude"));
    let pattern_for = |(folder, paths): &(&'static str, &[&str])| {
        let free = !files::exists(&root.join(folder).join("Cargo.toml"))
            && !excluded.iter().any(|path| plain(path) == *folder);
        let pattern = members.iter().find(|pattern| takes(plain(pattern), paths));
        pattern.filter(|_| free).map(|pattern| (*folder, pattern))
    };
    let taken: Vec<(&str, &String)> = FOLDERS.iter().filter_map(pattern_for).collect();
    let Some((folder, pattern)) = taken.first().copied() else { return Ok(None) };
    let breaks = folder == "compat";
    let (known, key) = if excluded.is_empty() { (false, "members") } else { (true, "exclude") };
    let place = manifest.place(&["workspace", key]);
    excluded.push(folder.to_owned());
    let line = format!("exclude = {}", toml::Value::from(excluded));
    let what =
        if known { format!("make {place} `{line}`") } else { format!("add `{line}` beside `members` ({place})") };
    let also = match taken.get(1) {
        Some((folder, _)) => format!(", and `\"{folder}\"` in the same list, which it matches too"),
        None => String::new(),
    };
    let advice = if breaks {
        format!(
            "the pattern `{pattern}` in `members` matches the folder `compat`, which the spec goes into and which is no \
             package, so cargo would refuse this workspace; nothing was written. First {what}{also}"
        )
    } else {
        format!(
            "the pattern `{pattern}` in `members` matches the folder `{folder}`, where builds go, and cargo refuses this \
             workspace once there is one; {what}"
        )
    };
    Ok(Some(TakenIn { advice, breaks }))
}

/// A path as cargo compares it.
fn plain(path: &str) -> &str {
    path.trim_start_matches("./").trim_end_matches('/')
}

/// Whether cargo finds one of these folders by this pattern; a path that is no pattern names a package.
fn takes(pattern: &str, folders: &[&str]) -> bool {
    let matches = |glob: globset::GlobMatcher| folders.iter().any(|folder| glob.is_match(folder));
    pattern.contains(['*', '?', '[']) && files::path_glob(pattern).is_ok_and(matches)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn patterns_that_match_the_folder_of_the_spec() {
        let said = |workspace: &str| {
            let root = tempfile::tempdir().unwrap();
            files::write(&root.path().join("Cargo.toml"), format!("[workspace]\n{workspace}\n").as_bytes()).unwrap();
            taken_in(root.path()).unwrap()
        };
        let breaks =
            |workspace: &str| said(workspace).filter(|one| one.breaks).map(|one| one.advice).unwrap_or_default();
        for pattern in ["./*", "*/", "co*", "c?mpat", "[a-d]*", "**", "*/*", "compat*"] {
            let text = breaks(&format!("members = [\"a\", \"{pattern}\"]"));
            assert!(
                text.contains("First add `exclude = [\"compat\"]` beside `members` (Cargo.toml:2)"),
                "{pattern}: {text}"
            );
        }
        let text = breaks("members = [\"*\"]");
        assert!(text.ends_with("(Cargo.toml:2), and `\"target\"` in the same list, which it matches too"), "{text}");
        let text = breaks("members = [\"*\"]\nexclude = [\"target\"]");
        assert!(text.ends_with("First make Cargo.toml:3 `exclude = [\"target\", \"compat\"]`"), "{text}");
        // The folder of builds is not of this command.
        let only = said("members = [\"*\"]\nexclude = [\"compat\"]").unwrap();
        assert!(
            !only.breaks && only.advice.ends_with("make Cargo.toml:3 `exclude = [\"compat\", \"target\"]`"),
            "{only:?}"
        );
        for fine in [
            "members = [\"crates/*\", \"a*\", \"compat-x*\"]",
            "members = [\"*\"]\nexclude = [\"./compat/\", \"target\"]",
            "",
        ] {
            assert_eq!(said(fine), None, "{fine}");
        }
    }
}
