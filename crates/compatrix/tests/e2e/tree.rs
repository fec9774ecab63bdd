//! The user's tree before and after: every name, byte, mode, link and modification time, as `assert_tree_unchanged` needs.

#![allow(clippy::disallowed_methods, reason = "tests read files")]

use std::collections::BTreeMap;
use std::fs;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

/// All that is in a folder, by path; what stands in `target` at its top is not the user's.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Tree {
    root: PathBuf,
    entries: BTreeMap<PathBuf, Entry>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
struct Entry {
    kind: Kind,
    mode: u32,
    /// Seconds and nanoseconds.
    modified: (i64, i64),
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Kind {
    File(Vec<u8>),
    Folder,
    /// With its text; what it leads to is not followed.
    Link(PathBuf),
}

impl Tree {
    /// What is in this folder now.
    pub(crate) fn of(root: &Path) -> Self {
        let mut entries = BTreeMap::new();
        let mut todo = vec![root.to_owned()];
        while let Some(dir) = todo.pop() {
            for entry in fs::read_dir(&dir).expect("lists") {
                let path = entry.expect("an entry").path();
                if path == root.join("target") {
                    continue;
                }
                let meta = path.symlink_metadata().expect("looks");
                let kind = if meta.is_symlink() {
                    Kind::Link(fs::read_link(&path).expect("reads a link"))
                } else if meta.is_dir() {
                    todo.push(path.clone());
                    Kind::Folder
                } else {
                    Kind::File(fs::read(&path).expect("reads"))
                };
                entries.insert(path, Entry { kind, mode: meta.mode(), modified: (meta.mtime(), meta.mtime_nsec()) });
            }
        }
        Self { root: root.to_owned(), entries }
    }

    /// The same folder is as it was; if not, says which paths are not, and how.
    #[track_caller]
    fn assert_unchanged(&self) {
        let now = Self::of(&self.root);
        let mut changes = Vec::new();
        for (path, old) in &self.entries {
            match now.entries.get(path) {
                None => changes.push(format!("gone: {}", path.display())),
                Some(new) if new.kind != old.kind => changes.push(format!("another content: {}", path.display())),
                Some(new) if new != old => changes.push(format!("another mode or time: {}", path.display())),
                Some(_) => {}
            }
        }
        let added = now.entries.keys().filter(|path| !self.entries.contains_key(*path));
        changes.extend(added.map(|path| format!("new: {}", path.display())));
        assert!(changes.is_empty(), "the tree has changed:\n{}", changes.join("\n"));
    }
}

/// Does something; afterwards the folder's tree must be as it was, outside of `target`. The root's own time is not looked
/// at: making `target` changes it.
#[track_caller]
pub(crate) fn assert_tree_unchanged<T>(root: &Path, act: impl FnOnce() -> T) -> T {
    let before = Tree::of(root);
    let result = act();
    before.assert_unchanged();
    result
}

#[test]
fn every_kind_of_change_is_seen() {
    let dir = tempfile::tempdir().expect("a folder");
    let (file, link) = (dir.path().join("sub/file"), dir.path().join("link"));
    let make = || {
        fs::create_dir_all(dir.path().join("sub")).expect("makes");
        fs::write(&file, "one").expect("writes");
        let _ = fs::remove_file(&link);
        std::os::unix::fs::symlink("/nowhere", &link).expect("links");
    };
    let sees = |act: &dyn Fn()| {
        make();
        let before = Tree::of(dir.path());
        act();
        before != Tree::of(dir.path())
    };
    assert!(!sees(&|| fs::create_dir_all(dir.path().join("target/deep")).expect("makes")), "target is ours");
    assert!(sees(&|| fs::write(&file, "two").expect("writes")), "content");
    assert!(sees(&|| fs::write(&file, "one").expect("writes")), "the modification time alone");
    assert!(sees(&|| fs::remove_file(&file).expect("removes")), "a file that is gone");
    assert!(
        sees(&|| fs::write(dir.path().join("sub/target"), "x").expect("writes")),
        "a `target` further down is the user's"
    );
    assert!(sees(&|| {
        fs::remove_file(&link).expect("removes");
        std::os::unix::fs::symlink("/elsewhere", &link).expect("links");
    }));
}
