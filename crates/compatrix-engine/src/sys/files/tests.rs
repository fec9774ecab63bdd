//! Hashes, globs, and folders that do not want to be removed.

#![allow(clippy::disallowed_methods, reason = "files are what is tested")]

use super::*;

#[test]
fn globs_on_paths_stay_within_a_folder() {
    for (glob, path, expected) in [
        ("**/Cargo.lock", "Cargo.lock", true),
        ("**/Cargo.lock", "a/b/Cargo.lock", true),
        ("*.lock", "a/Cargo.lock", false),
        ("a/**/c", "a/c", true),
        ("a/**/c", "a/bc", false),
        ("crates/[ab]*", "crates/beta", true),
        ("{a,b}", "a", false),
        ("{a,b}?", "{a,b}c", true),
    ] {
        assert_eq!(path_glob(glob).unwrap().is_match(path), expected, "{glob} {path}");
    }
    assert!(path_glob("a[").is_err());
}

#[test]
fn hashes_are_sha256() {
    assert_eq!(hash_bytes(b"abc").to_string(), "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
    assert_ne!(hash_parts(["ab", "c"]), hash_parts(["a", "bc"]));
}

#[test]
#[cfg(unix)] // modes
fn folders_without_rights_are_removed() {
    use std::os::unix::fs::MetadataExt;
    // The kernel lets root do all; then this only shows that nothing else is harmed.
    let dir = tempfile::tempdir().unwrap();
    let set = |path: &Path, mode: u32| {
        fs::set_permissions(path, std::os::unix::fs::PermissionsExt::from_mode(mode)).unwrap();
    };
    let (top, outside) = (dir.path().join("top"), dir.path().join("outside"));
    make_dir(&outside).unwrap();
    write(&outside.join("f"), b"x").unwrap();
    for mode in [0o555, 0o000, 0o444] {
        let deep = top.join("a/b");
        make_dir(&deep).unwrap();
        write(&deep.join("f"), b"x").unwrap();
        symlink("../../outside", &deep.join("link")).unwrap();
        for path in [&deep, &top.join("a"), &top] {
            set(path, mode);
        }
        remove_dir(&top).unwrap();
        assert!(!top.exists());
    }
    set(&outside, 0o555);
    symlink("outside", &top).unwrap();
    unlock(&top);
    unlock(&dir.path().join("nothing"));
    assert_eq!(fs::metadata(&outside).unwrap().mode() & 0o777, 0o555, "links are not followed");
    set(&outside, 0o755);
}

#[test]
fn what_cannot_be_removed_is_moved_aside() {
    let dir = tempfile::tempdir().unwrap();
    let (path, aside) = (dir.path().join("run"), dir.path().join("left"));
    assert_eq!(clear_dir(&path, &aside), None, "there was nothing");
    // A file is no folder, so that it stands for what cannot be removed.
    for n in 0..2 {
        write(&path, b"x").unwrap();
        let left = clear_dir(&path, &aside).unwrap();
        let place = aside.join(n.to_string());
        assert!(left.contains(&format!("{} is left, remove it by hand", place.display())), "{left}");
        assert!(!exists(&path));
    }
}

#[test]
fn a_changed_file_is_hashed_again() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("f");
    let memo = Memo::default();
    write(&path, b"one").unwrap();
    let one = sha256(&path, &memo).unwrap();
    assert_eq!(one, hash_bytes(b"one"));
    write(&path, b"two").unwrap();
    assert_eq!(sha256(&path, &memo).unwrap(), hash_bytes(b"two"));
}
