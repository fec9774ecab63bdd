//! Whether two executables are the same program, though they were built in different trees.

use std::path::Path;

use anyhow::Result;
use compatrix_model::hash::Sha256;
use memchr::memmem;
use object::{Object, ObjectSection};

use crate::sys::files;

/// The note with the linker's hash of everything else (ld(1), `--build-id`).
const BUILD_ID: &str = ".note.gnu.build-id";

/// Hash of an executable's content, but for the path of its tree and what the linker makes of that. Trees have paths of one
/// length, so nothing else moves.
///
/// # Errors
/// It cannot be read.
pub(super) fn content(executable: &Path, tree: &Path) -> Result<Sha256> {
    Ok(files::hash_bytes(&without_place(files::read(executable)?, tree)))
}

fn without_place(mut bytes: Vec<u8>, tree: &Path) -> Vec<u8> {
    let path = tree.to_string_lossy().into_owned().into_bytes();
    let places: Vec<usize> = memmem::find_iter(&bytes, &path).collect();
    for at in places {
        bytes[at..at + path.len()].fill(0);
    }
    let note = object::File::parse(&*bytes).ok().and_then(|file| file.section_by_name(BUILD_ID)?.file_range());
    if let Some((from, length)) = note {
        let range = usize::try_from(from).ok().zip(usize::try_from(from + length).ok());
        if let Some(note) = range.and_then(|(from, to)| bytes.get_mut(from..to)) {
            note.fill(0);
        }
    }
    bytes
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_tree_s_path_is_no_difference_and_anything_else_is() {
        let of = |text: &str, tree: &str| without_place(text.as_bytes().to_vec(), Path::new(tree));
        assert_eq!(of("a /w/base/x b", "/w/base"), of("a /w/head/x b", "/w/head"));
        assert_ne!(of("a /w/base/x b", "/w/base"), of("a /w/head/x c", "/w/head"));
    }
}
