//! ELF files: the glibc symbol versions that they need, and the addresses of functions.
//!
//! Source of the meaning: elf(5), and "Symbol Versioning" in the Linux Standard Base.

mod memory;

use std::collections::BTreeSet;

use object::elf::{FileHeader32, FileHeader64, VER_FLG_WEAK};
use object::read::elf::{FileHeader, SectionHeader as _};
use object::{Endianness, FileKind, Object as _, ObjectSymbol as _, ObjectSymbolTable as _, SymbolKind};

pub(crate) use memory::{memory, Memory};

/// A release of glibc: 2.36.
pub(crate) type Glibc = (u32, u32);

/// Reads `2.36`.
pub(crate) fn glibc(text: &str) -> Option<Glibc> {
    let mut numbers = text.trim().split('.').map(|part| part.parse::<u32>().ok());
    Some((numbers.next()??, numbers.next()??))
}

/// The oldest glibc with all symbol versions that this file needs; `None` if it needs none or is not an ELF file.
pub(crate) fn needed_glibc(bytes: &[u8]) -> Option<Glibc> {
    let release = |version: &String| match version.as_str() {
        // Relative relocations in a compact form came with 2.36 (glibc's NEWS).
        "GLIBC_ABI_DT_RELR" => Some((2, 36)),
        version => glibc(version.strip_prefix("GLIBC_")?),
    };
    needed_versions(bytes)?.iter().filter_map(release).max()
}

/// The addresses of the functions whose name, as it stands in the file, is wanted; `None` for what is no ELF file, is
/// damaged or stripped of its symbols.
pub(crate) fn functions(bytes: &[u8], wanted: impl Fn(&[u8]) -> bool) -> Option<BTreeSet<u64>> {
    let file = object::File::parse(bytes).ok()?;
    let mut found = BTreeSet::new();
    for symbol in file.symbol_table()?.symbols().filter(|symbol| symbol.kind() == SymbolKind::Text) {
        // Zero: it is another file's.
        if wanted(symbol.name_bytes().ok()?) && symbol.address() != 0 {
            found.insert(symbol.address());
        }
    }
    Some(found)
}

/// The names in `.gnu.version_r`, weak ones left out; `None` for what is no ELF file or is damaged.
fn needed_versions(bytes: &[u8]) -> Option<BTreeSet<String>> {
    match FileKind::parse(bytes).ok()? {
        FileKind::Elf32 => versions_of::<FileHeader32<Endianness>>(bytes).ok(),
        FileKind::Elf64 => versions_of::<FileHeader64<Endianness>>(bytes).ok(),
        _ => None,
    }
}

fn versions_of<Elf: FileHeader<Endian = Endianness>>(bytes: &[u8]) -> object::Result<BTreeSet<String>> {
    let header = Elf::parse(bytes)?;
    let endian = header.endian()?;
    let sections = header.sections(endian, bytes)?;
    let mut found = BTreeSet::new();
    for section in sections.iter() {
        let Some((mut needs, link)) = section.gnu_verneed(endian, bytes)? else { continue };
        let strings = sections.strings(endian, bytes, link)?;
        while let Some((_, mut versions)) = needs.next()? {
            while let Some(version) = versions.next()? {
                // The loader only warns of a weak one's absence.
                if !version.vna_flags.get(endian).contains(VER_FLG_WEAK) {
                    found.insert(String::from_utf8_lossy(version.name(endian, strings)?).into_owned());
                }
            }
        }
    }
    Ok(found)
}

#[cfg(test)]
mod tests {
    use object::elf::{SHT_GNU_VERNEED, SHT_STRTAB};

    use super::*;

    /// A file with one section of needed versions: header at 0, two section headers, the needs, the strings.
    fn made(wide: bool, little: bool) -> Vec<u8> {
        let mut out = vec![0; 0x400];
        let mut put = |at: usize, size: usize, value: u64| {
            let bytes =
                if little { value.to_le_bytes()[..size].to_vec() } else { value.to_be_bytes()[8 - size..].to_vec() };
            out[at..at + size].copy_from_slice(&bytes);
        };
        let word = if wide { 8 } else { 4 };
        let (header, size) = (0x100, if wide { 0x40 } else { 0x28 });
        let (at_table, at_size) = if wide { (0x28, 0x3a) } else { (0x20, 0x2e) };
        put(at_table, word, header);
        put(at_size, 2, size);
        put(at_size + 2, 2, 2);
        put(at_size + 4, 2, 1);
        let (at_offset, at_link) = if wide { (0x18, 0x28) } else { (0x10, 0x18) };
        let (first, second) = (header as usize, (header + size) as usize);
        put(first + 4, 4, SHT_GNU_VERNEED.0.into());
        put(first + at_offset, word, 0x200);
        put(first + at_offset + word, word, 0x80);
        put(first + at_link, 4, 1);
        put(second + 4, 4, SHT_STRTAB.0.into());
        put(second + at_offset, word, 0x300);
        put(second + at_offset + word, word, 0x24);
        // libc.so.6 with two versions, one of them weak; libm.so.6 with one.
        for (at, count, aux, next) in [(0x200, 2, 0x10, 0x40), (0x240, 1, 0x10, 0)] {
            put(at + 2, 2, count);
            put(at + 8, 4, aux);
            put(at + 12, 4, next);
        }
        for (at, flags, name, next) in [(0x210, 0, 1, 0x10), (0x220, 2, 12, 0), (0x250, 0, 23, 0)] {
            put(at + 4, 2, flags);
            put(at + 8, 4, name);
            put(at + 12, 4, next);
        }
        out[0x300..0x323].copy_from_slice(b"\0GLIBC_2.34\0GLIBC_2.40\0GLIBC_2.4\0xx");
        out[..7].copy_from_slice(&[0x7f, b'E', b'L', b'F', if wide { 2 } else { 1 }, if little { 1 } else { 2 }, 1]);
        out
    }

    #[test]
    fn needed_versions_are_read_in_every_width_and_byte_order() {
        for (wide, little) in [(true, true), (true, false), (false, true), (false, false)] {
            let file = made(wide, little);
            let versions: Vec<_> = needed_versions(&file).unwrap().into_iter().collect();
            assert_eq!(versions, ["GLIBC_2.34", "GLIBC_2.4"], "{wide} {little}");
            // 2.34 is newer than 2.4; the weak 2.40 does not count.
            assert_eq!(needed_glibc(&file), Some((2, 34)));
            for end in 0..file.len() {
                needed_versions(&file[..end]);
            }
        }
        assert_eq!(needed_glibc(b"#!/bin/sh"), None);
        assert_eq!(functions(&made(true, true), |_| true), None, "it has no table of symbols");
        assert_eq!(
            (glibc("2.36"), glibc("2.36.1"), glibc("PRIVATE"), glibc("")),
            (Some((2, 36)), Some((2, 36)), None, None)
        );
    }

    #[test]
    #[cfg(target_os = "linux")] // ELF
    #[allow(clippy::disallowed_methods, reason = "the test's own executable")]
    fn functions_of_an_executable_are_found() {
        let bytes = std::fs::read(std::env::current_exe().unwrap()).unwrap();
        let named = |wanted: &'static [u8]| functions(&bytes, move |name| name == wanted).unwrap().len();
        assert_eq!((named(b"main"), named(b"no such function")), (1, 0));
        assert!(functions(&bytes[..bytes.len() / 2], |_| true).is_none());
    }
}
