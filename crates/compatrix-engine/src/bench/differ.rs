//! Whether two executables are the same program, though they were built in different trees.

use std::path::Path;

use anyhow::Result;
use compatrix_model::hash::Sha256;
use memchr::memmem;
use object::{elf, Object, ObjectSection, SectionFlags};

use crate::sys::files;

/// The note with the linker's hash of everything else (ld(1), `--build-id`).
const BUILD_ID: &str = ".note.gnu.build-id";

/// Hash of an executable's content, but for the path of its tree and what the linker makes of that. Trees have paths of one
/// length, so nothing else moves. Of an ELF file only what is loaded counts: debug information has the path inside of what
/// linkers sort by its content.
///
/// # Errors
/// It cannot be read.
pub(super) fn content(executable: &Path, tree: &Path) -> Result<Sha256> {
    let bytes = files::read(executable)?;
    Ok(files::hash_bytes(&without_place(loaded(&bytes).unwrap_or(bytes), tree)))
}

/// The sections that are loaded, each with its name and place in memory; `None` of what is no ELF file or has none.
fn loaded(bytes: &[u8]) -> Option<Vec<u8>> {
    let file = object::File::parse(bytes).ok()?;
    let is_loaded = |flags| matches!(flags, SectionFlags::Elf { sh_flags, .. } if sh_flags.0 & elf::SHF_ALLOC.0 != 0);
    let mut all = file.entry().to_le_bytes().to_vec();
    let entry = all.len();
    for section in file.sections().filter(|section| is_loaded(section.flags())) {
        let name = section.name_bytes().ok()?;
        if name == BUILD_ID.as_bytes() {
            continue;
        }
        all.extend_from_slice(name);
        all.extend([section.address(), section.size()].into_iter().flat_map(u64::to_le_bytes));
        all.extend_from_slice(section.data().ok()?);
    }
    (all.len() > entry).then_some(all)
}

fn without_place(mut bytes: Vec<u8>, tree: &Path) -> Vec<u8> {
    let path = tree.to_string_lossy().into_owned().into_bytes();
    let places: Vec<usize> = memmem::find_iter(&bytes, &path).collect();
    for at in places {
        bytes[at..at + path.len()].fill(0);
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
