//! ELF files: the glibc symbol versions that they need, and the addresses of functions.
//!
//! Source of the format: elf(5), and "Symbol Versioning" in the Linux Standard Base.

use std::collections::BTreeSet;

/// `sh_type` of the section of needed versions (`.gnu.version_r`).
const VERNEED: u32 = 0x6fff_fffe;
/// `sh_type` of the table of all symbols (`.symtab`), which stripping removes.
const SYMTAB: u32 = 2;
/// The type of a symbol that is a function, in the low half of `st_info`.
const FUNC: u8 = 2;
/// `vna_flags` of a version whose absence the loader only warns of.
const WEAK: u16 = 2;

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
    let file = File::of(bytes)?;
    let table = file.sections()?.into_iter().find(|section| section.kind == SYMTAB)?;
    // Offsets within a symbol: st_value, st_info; its size.
    let (at_value, at_info, size) = if file.wide { (8, 4, 24) } else { (4, 12, 16) };
    let mut found = BTreeSet::new();
    for n in 0..table.size / size {
        let symbol = table.offset.checked_add(n * size)?;
        let [info] = file.get(symbol + at_info)?;
        if info & 0xf == FUNC && wanted(file.name(table.strings.checked_add(file.u32(symbol)? as usize)?)?) {
            let address = file.word(symbol + at_value)?;
            // Zero: it is another file's.
            found.extend((address != 0).then_some(address as u64));
        }
    }
    Some(found)
}

/// The names in `.gnu.version_r`, weak ones left out; `None` for what is no ELF file or is damaged.
fn needed_versions(bytes: &[u8]) -> Option<BTreeSet<String>> {
    let file = File::of(bytes)?;
    let mut found = BTreeSet::new();
    for Section { offset, strings, info, .. } in file.sections()?.into_iter().filter(|s| s.kind == VERNEED) {
        let mut need = offset;
        for _ in 0..info {
            let mut aux = need.checked_add(file.u32(need.checked_add(8)?)? as usize)?;
            for _ in 0..file.u16(need + 2)? {
                if file.u16(aux.checked_add(4)?)? & WEAK == 0 {
                    found.insert(file.text(strings.checked_add(file.u32(aux + 8)? as usize)?)?);
                }
                aux = aux.checked_add(file.u32(aux + 12)? as usize)?;
            }
            need = need.checked_add(file.u32(need + 12)? as usize)?;
        }
    }
    Some(found)
}

/// Numbers of an ELF file, in its own width and byte order.
struct File<'b> {
    bytes: &'b [u8],
    wide: bool,
    little: bool,
}

/// What a section's header says.
struct Section {
    kind: u32,
    offset: usize,
    size: usize,
    /// Where the section is that it links to: its strings.
    strings: usize,
    info: u32,
}

impl<'b> File<'b> {
    fn of(bytes: &'b [u8]) -> Option<Self> {
        let class = *bytes.strip_prefix(b"\x7fELF")?.first()?;
        Some(Self { bytes, wide: class == 2, little: *bytes.get(5)? == 1 })
    }

    fn sections(&self) -> Option<Vec<Section>> {
        let (table, size, count) = match self.wide {
            true => (self.word(0x28)?, self.u16(0x3a)?, self.u16(0x3c)?),
            false => (self.word(0x20)?, self.u16(0x2e)?, self.u16(0x30)?),
        };
        let header = |n: usize| table.checked_add(n.checked_mul(size.into())?);
        // Offsets within a section header: offset, size, link, info.
        let at: [usize; 4] = if self.wide { [0x18, 0x20, 0x28, 0x2c] } else { [0x10, 0x14, 0x18, 0x1c] };
        let section = |n: usize| {
            let header_of = header(n)?;
            let field = |n: usize| header_of.checked_add(at[n]);
            let linked = header(self.u32(field(2)?)? as usize)?.checked_add(at[0]);
            Some(Section {
                kind: self.u32(header_of.checked_add(4)?)?,
                offset: self.word(field(0)?)?,
                size: self.word(field(1)?)?,
                strings: linked.and_then(|at| self.word(at)).unwrap_or(0),
                info: self.u32(field(3)?)?,
            })
        };
        (0..usize::from(count)).map(section).collect()
    }

    fn get<const N: usize>(&self, at: usize) -> Option<[u8; N]> {
        self.bytes.get(at..at.checked_add(N)?)?.try_into().ok()
    }

    fn u16(&self, at: usize) -> Option<u16> {
        self.get(at).map(if self.little { u16::from_le_bytes } else { u16::from_be_bytes })
    }

    fn u32(&self, at: usize) -> Option<u32> {
        self.get(at).map(if self.little { u32::from_le_bytes } else { u32::from_be_bytes })
    }

    /// A number as wide as the file's addresses.
    fn word(&self, at: usize) -> Option<usize> {
        if !self.wide {
            return self.u32(at)?.try_into().ok();
        }
        let read = if self.little { u64::from_le_bytes } else { u64::from_be_bytes };
        self.get(at).map(read)?.try_into().ok()
    }

    fn text(&self, at: usize) -> Option<String> {
        Some(String::from_utf8_lossy(self.name(at)?).into_owned())
    }

    fn name(&self, at: usize) -> Option<&'b [u8]> {
        let rest = self.bytes.get(at..)?;
        Some(&rest[..memchr::memchr(0, rest)?])
    }
}

#[cfg(test)]
mod tests {
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
        let (at_offset, at_link, at_info) = if wide { (0x18, 0x28, 0x2c) } else { (0x10, 0x18, 0x1c) };
        let (first, second) = (header as usize, (header + size) as usize);
        put(first + 4, 4, VERNEED.into());
        put(first + at_offset, word, 0x200);
        put(first + at_link, 4, 1);
        put(first + at_info, 4, 2);
        put(second + at_offset, word, 0x300);
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
        out[..6].copy_from_slice(&[0x7f, b'E', b'L', b'F', if wide { 2 } else { 1 }, if little { 1 } else { 2 }]);
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
    #[allow(clippy::disallowed_methods, reason = "the test's own executable")]
    fn functions_of_an_executable_are_found() {
        let bytes = std::fs::read(std::env::current_exe().unwrap()).unwrap();
        let named = |wanted: &'static [u8]| functions(&bytes, move |name| name == wanted).unwrap().len();
        assert_eq!((named(b"main"), named(b"no such function")), (1, 0));
        assert!(functions(&bytes[..bytes.len() / 2], |_| true).is_none());
    }
}
