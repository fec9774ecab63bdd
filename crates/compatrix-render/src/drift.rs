//! `--check`: the diff of an out-of-date generated file, and the command that fixes it.

use similar::TextDiff;

/// The unified diff from the current text (`old`; empty if there is no file) to the expected text, then the command
/// that writes it. `None` if they are equal.
///
/// ```
/// let diff = compatrix_render::drift::diff("a\n", "b\n", "docs/X.md", "cargo xtask report").unwrap();
/// assert_eq!(
///     diff,
///     "--- docs/X.md (current)\n+++ docs/X.md (expected)\n@@ -1 +1 @@\n-a\n+b\n\
///      docs/X.md is out of date: 1 line to add, 1 to remove; run `cargo xtask report`\n"
/// );
/// ```
pub fn diff(old: &str, new: &str, path: &str, fix_command: &str) -> Option<String> {
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
    unified.context_radius(3).header(&format!("{path} (current)"), &format!("{path} (expected)"));
    let lines = if added == 1 { "line" } else { "lines" };
    let what = if old.is_empty() { "does not exist or is empty" } else { "is out of date" };
    let mut out = unified.to_string();
    if !out.ends_with('\n') {
        out.push('\n');
    }
    out.push_str(&format!("{path} {what}: {added} {lines} to add, {removed} to remove; run `{fix_command}`\n"));
    Some(out)
}
