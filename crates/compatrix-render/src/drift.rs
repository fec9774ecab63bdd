//! `--check`: how a generated file differs from what it should be, and the command that mends it.

use similar::TextDiff;

/// The unified diff from the file as it is (`old`; empty where there is none) to what it should be, then the command
/// that writes it. `None` if they are equal.
///
/// ```
/// let diff = compatrix_render::drift::diff("a\n", "b\n", "docs/X.md", "cargo xtask report").unwrap();
/// assert_eq!(
///     diff,
///     "--- docs/X.md (as it is)\n+++ docs/X.md (as it should be)\n@@ -1 +1 @@\n-a\n+b\n\
///      docs/X.md is out of date: 1 line to add, 1 to take out; run `cargo xtask report`\n"
/// );
/// ```
pub fn diff(old: &str, new: &str, path: &str, mend_command: &str) -> Option<String> {
    if old == new {
        return None;
    }
    let diff = TextDiff::from_lines(old, new);
    let (mut added, mut removed) = (0, 0);
    for change in diff.iter_all_changes() {
        match change.tag() {
            similar::ChangeTag::Insert => added += 1,
            similar::ChangeTag::Delete => removed += 1,
            similar::ChangeTag::Equal => {}
        }
    }
    let mut unified = diff.unified_diff();
    unified.context_radius(3).header(&format!("{path} (as it is)"), &format!("{path} (as it should be)"));
    let lines = if added == 1 { "line" } else { "lines" };
    let what = if old.is_empty() { "does not exist or is empty" } else { "is out of date" };
    let mut out = unified.to_string();
    if !out.ends_with('\n') {
        out.push('\n');
    }
    out.push_str(&format!("{path} {what}: {added} {lines} to add, {removed} to take out; run `{mend_command}`\n"));
    Some(out)
}
