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
    let through_links = layout.dirs_with_links();
    let through_links = through_links.iter().flat_map(|dir| dir.ancestors());
    let own_dirs: BTreeSet<&Path> =
        texts.keys().flat_map(|path| path.ancestors().skip(1)).chain(through_links).collect();
    let root = layout.in_root("");
    for &dir in &own_dirs {
        let at = tree.join(dir);
        if !files::is_own_dir(&at) {
            files::remove(&at)?;
            files::make_dir(&at)?;
        }
        let mut wanted: BTreeSet<PathBuf> = BTreeSet::new();
        for original in originals(layout, &root, dir)? {
            let Some(name) = original.file_name() else { continue };
            let below = dir.join(name);
            if texts.contains_key(&below) || own_dirs.contains(below.as_path()) {
                continue;
            }
            if is_wanted(&root, &below) {
                // A link to a folder that is the stage's own must lead to that one.
                let staged = staged_target(layout, &original).filter(|target| own_dirs.contains(target.as_path()));
                files::link(&staged.map_or(original, |target| tree.join(target)), &tree.join(&below))?;
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

/// The user's entries of a folder. One above the root may be closed to us, and still lead to what is not.
fn originals(layout: &Layout, root: &Path, dir: &Path) -> Result<Vec<PathBuf>> {
    match files::list(&layout.base.join(dir)) {
        Err(_) if root != dir && root.starts_with(dir) => Ok(Vec::new()),
        listed => listed,
    }
}

/// Where a link leads, if to something below the layout's base: its path below it.
fn staged_target(layout: &Layout, original: &Path) -> Option<PathBuf> {
    let target = files::link_target(original)?;
    Some(target.strip_prefix(&layout.base).ok()?.to_owned())
}

/// Whether the user's entry is linked into the stage.
fn is_wanted(root: &Path, below: &Path) -> bool {
    let name = below.file_name().unwrap_or_default();
    let dir = below.parent().unwrap_or(Path::new(""));
    // git finds the user's repository further up, since stages lie below the root.
    if name == ".git" {
        return false;
    }
    if dir == root && (name == "target" || name == "Cargo.lock") {
        return false;
    }
    // So does cargo with its configuration; twice would be once too much. `config` would even hide ours.
    if dir == root.join(".cargo") {
        return name != "config" && name != "config.toml";
    }
    !(name == ".cargo" && root.starts_with(dir))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::find::layout::{OutsidePackage, Parts, StagedMember};

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
    #[cfg_attr(windows, ignore = "links to folders, which wine 8 cannot make")]
    fn only_what_differs_is_a_file_of_its_own() {
        let base = tempfile::tempdir().unwrap();
        let base = &files::real(base.path()).unwrap();
        let of_root = ["Cargo.toml", "Cargo.lock", ".git/HEAD", "target/x", "README.md"];
        for path in of_root.into_iter().chain([".cargo/config", ".cargo/config.toml", ".cargo/more"]) {
            put(base, &format!("ws/{path}"), "");
        }
        for path in ["a/Cargo.toml", "a/src/lib.rs", "new/Cargo.toml", "new/src/lib.rs"] {
            put(base, &format!("ws/crates/{path}"), "");
        }
        put(base, "shared/lib/Cargo.toml", "");
        put(base, "testdata/x", "");
        put(base, ".cargo/config.toml", "");
        files::symlink("crates/a", &base.join("ws/linked")).unwrap();
        let members = vec![StagedMember { dir: base.join("ws/crates/a"), under_test: true, ..StagedMember::default() }];
        let lib = base.join("shared/lib");
        let outside = vec![OutsidePackage { dir: lib.clone(), workspace: lib, ..OutsidePackage::default() }];
        let parts = Parts { members, outside, top: base.join("ws"), ..Parts::default() };
        let layout = Layout::new(base.join("ws"), parts).unwrap();
        assert_eq!(layout.base, *base);
        let text = |path: &str, text: &str| (PathBuf::from(path), text.to_owned());
        let texts: BTreeMap<PathBuf, String> = [
            text("ws/Cargo.toml", "root"),
            text("ws/crates/a/Cargo.toml", "a"),
            text("ws/Cargo.lock", "lock"),
            text("ws/.cargo/config.toml", "c"),
        ]
        .into();
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
            ("ws/.cargo/config.toml", "file"),
            ("ws/.cargo/config", "nothing"),
            ("ws/.cargo/more", "link"),
            ("ws/target", "nothing"),
            ("shared", "link"),
            ("testdata", "link"),
            (".cargo", "nothing"),
            ("ws/linked", "link"),
        ] {
            assert_eq!(seen(path), expected, "{path}");
        }
        assert_eq!(files::read_text(&tree.join("ws/crates/a/Cargo.toml")).unwrap(), "a");
        assert_eq!(files::read_text(&tree.join("ws/linked/Cargo.toml")).unwrap(), "a", "the stage's, not the user's");
        assert_eq!(files::read_text(&base.join("ws/crates/a/Cargo.toml")).unwrap(), "", "the user's is as it was");

        let before = files::stamp(&tree.join("ws/Cargo.toml")).unwrap();
        files::remove(&base.join("ws/README.md")).unwrap();
        put(base, "ws/NEWS.md", "");
        renew(&layout, &tree, &texts).unwrap();
        assert_eq!(files::stamp(&tree.join("ws/Cargo.toml")).unwrap(), before, "unchanged files are not written");
        assert_eq!((seen("ws/README.md"), seen("ws/NEWS.md")), ("nothing", "link"));
    }
}
