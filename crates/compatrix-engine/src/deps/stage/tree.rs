//! The tree of a stage: links to the user's files and folders, and the few files that differ.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use anyhow::Result;

use crate::find::layout::Layout;
use crate::sys::files;

/// Makes or renews the tree in this folder. `texts` are the files that differ, by their paths below the layout's base.
///
/// Only folders that hold a file that differs are folders of their own; of the rest the topmost is a link. So a
/// workspace of ten thousand files costs no more than one of ten.
pub(super) fn renew(layout: &Layout, tree: &Path, texts: &BTreeMap<PathBuf, String>) -> Result<()> {
    let own_dirs: BTreeSet<&Path> = texts.keys().flat_map(|path| path.ancestors().skip(1)).collect();
    let root = layout.in_root("");
    for &dir in &own_dirs {
        let at = tree.join(dir);
        if !files::is_own_dir(&at) {
            files::remove(&at)?;
            files::make_dir(&at)?;
        }
        let mut wanted: BTreeSet<PathBuf> = BTreeSet::new();
        for original in files::list(&layout.base.join(dir))? {
            let Some(name) = original.file_name() else { continue };
            let below = dir.join(name);
            if texts.contains_key(&below) || own_dirs.contains(below.as_path()) {
                continue;
            }
            if is_wanted(layout, &root, dir, &below) {
                files::link(&original, &tree.join(&below))?;
                wanted.insert(below);
            }
        }
        // Files that the user has removed.
        for there in files::list(&at)? {
            let below = dir.join(there.file_name().unwrap_or_default());
            let ours = texts.contains_key(&below) || own_dirs.contains(below.as_path());
            if !ours && !wanted.contains(&below) {
                files::remove(&there)?;
            }
        }
    }
    for (below, text) in texts {
        files::write_if_changed(&tree.join(below), text.as_bytes())?;
    }
    Ok(())
}

/// Whether the user's entry is linked into the stage.
fn is_wanted(layout: &Layout, root: &Path, dir: &Path, below: &Path) -> bool {
    if dir.starts_with(root) {
        // cargo finds the user's own `.cargo` further up, since stages lie below the root; twice would be once too much.
        let in_root = below.strip_prefix(root).unwrap_or(below);
        return ![".git", ".cargo", "target", "Cargo.lock"].iter().any(|name| in_root == Path::new(name));
    }
    // Above the root, only folders that lead to a path dependency.
    let path = layout.base.join(below);
    layout.outside.iter().any(|outside| outside.starts_with(&path))
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;
    use crate::find::layout::StagedMember;

    fn put(base: &Path, path: &str, text: &str) {
        files::write(&base.join(path), text.as_bytes()).unwrap();
    }

    fn kind(path: &Path) -> &'static str {
        match path.symlink_metadata() {
            Ok(meta) if meta.is_symlink() => "link",
            Ok(meta) if meta.is_dir() => "folder",
            Ok(_) => "file",
            Err(_) => "nothing",
        }
    }

    #[test]
    fn only_what_differs_is_a_file_of_its_own() {
        let base = tempfile::tempdir().unwrap();
        let base = base.path();
        for path in ["Cargo.toml", "Cargo.lock", ".git/HEAD", ".cargo/config.toml", "target/x", "README.md"] {
            put(base, &format!("ws/{path}"), "");
        }
        for path in ["a/Cargo.toml", "a/src/lib.rs", "new/Cargo.toml", "new/src/lib.rs"] {
            put(base, &format!("ws/crates/{path}"), "");
        }
        put(base, "shared/lib/Cargo.toml", "");
        put(base, "private/secret", "");
        let members = vec![StagedMember { name: "a".into(), dir: base.join("ws/crates/a"), under_test: true }];
        let outside = vec![base.join("shared/lib")];
        let layout = Layout::new(base.join("ws"), members, outside, &BTreeSet::new()).unwrap();
        assert_eq!(layout.base, base);
        let text = |path: &str, text: &str| (PathBuf::from(path), text.to_owned());
        let texts: BTreeMap<PathBuf, String> =
            [text("ws/Cargo.toml", "root"), text("ws/crates/a/Cargo.toml", "a"), text("ws/Cargo.lock", "lock")].into();
        let tree = base.join("ws/target/compat/stage/s");
        renew(&layout, &tree, &texts).unwrap();
        let seen = |path: &str| kind(&tree.join(path));
        for (path, expected) in [
            ("ws/Cargo.toml", "file"),
            ("ws/Cargo.lock", "file"),
            ("ws/crates", "folder"),
            ("ws/crates/a", "folder"),
            ("ws/crates/a/Cargo.toml", "file"),
            ("ws/crates/a/src", "link"),
            ("ws/crates/new", "link"),
            ("ws/README.md", "link"),
            ("ws/.git", "nothing"),
            ("ws/.cargo", "nothing"),
            ("ws/target", "nothing"),
            ("shared", "link"),
            ("private", "nothing"),
        ] {
            assert_eq!(seen(path), expected, "{path}");
        }
        assert_eq!(files::read_text(&tree.join("ws/crates/a/Cargo.toml")).unwrap(), "a");
        assert_eq!(files::read_text(&base.join("ws/crates/a/Cargo.toml")).unwrap(), "", "the user's is as it was");

        let before = files::stamp(&tree.join("ws/Cargo.toml")).unwrap();
        files::remove(&base.join("ws/README.md")).unwrap();
        put(base, "ws/NEWS.md", "");
        renew(&layout, &tree, &texts).unwrap();
        assert_eq!(files::stamp(&tree.join("ws/Cargo.toml")).unwrap(), before, "unchanged files are not written");
        assert_eq!((seen("ws/README.md"), seen("ws/NEWS.md")), ("nothing", "link"));
    }
}
