//! glibc's cache of libraries, `/etc/ld.so.cache`, as ldconfig(8) writes it (`sysdeps/generic/dl-cache.h`).

use crate::binary::Machine;

/// The libraries for one machine.
#[derive(Debug, Default)]
pub(super) struct Cache {
    /// Name, path and the rank of its subfolder for the processor; the lowest rank wins.
    entries: Vec<(String, String, usize)>,
}

const MAGIC: &[u8] = b"glibc-ld.so.cache1.1";
/// Magic, number of entries, length of the texts, flags, offset of the extensions, unused.
const HEADER: usize = 48;
/// Flags, key, value, unused, hwcap.
const ENTRY: usize = 24;
/// `DL_CACHE_HWCAP_EXTENSION`: the low half of hwcap is an index into the extension's names.
const HAS_SUBFOLDER: u64 = 1 << 62;
const EXTENSION_MAGIC: u32 = 0xeaa4_2174;
const TAG_HWCAPS: u32 = 1;

impl Cache {
    /// Reads a cache; whatever is damaged in it is left out. An entry in a subfolder for processors counts if it is among
    /// these.
    pub(super) fn parse(bytes: &[u8], machine: &Machine, hwcaps: &[String]) -> Self {
        // A cache of before 2.32 begins with the old format; the new one follows it.
        let start = memchr::memmem::find(bytes, MAGIC).unwrap_or(bytes.len());
        let file = &bytes[start..];
        let Some(count) = word(file, 20) else { return Self::default() };
        let subfolders = subfolders(file).unwrap_or_default();
        let mut entries = Vec::new();
        for index in 0..count as usize {
            let at = HEADER + index * ENTRY;
            let (Some(flags), Some(key), Some(value)) = (word(file, at), word(file, at + 4), word(file, at + 8)) else {
                break;
            };
            let hwcap = u64::from(word(file, at + 16).unwrap_or_default())
                | u64::from(word(file, at + 20).unwrap_or_default()) << 32;
            if flags != flags_of(machine) {
                continue;
            }
            let rank = match hwcap {
                0 => Some(hwcaps.len()),
                _ if hwcap & HAS_SUBFOLDER != 0 => {
                    let name = subfolders.get(hwcap as u32 as usize);
                    name.and_then(|name| hwcaps.iter().position(|one| one.strip_prefix("glibc-hwcaps/") == Some(name)))
                }
                // Of before 2.37, by bits of the processor.
                _ => None,
            };
            if let (Some(name), Some(path), Some(rank)) = (string(file, key), string(file, value), rank) {
                entries.push((name, path, rank));
            }
        }
        Self { entries }
    }

    /// The path of a library.
    pub(super) fn get(&self, name: &str) -> Option<&str> {
        let found = self.entries.iter().filter(|(known, ..)| known == name);
        found.min_by_key(|(_, _, rank)| *rank).map(|(_, path, _)| path.as_str())
    }
}

/// `FLAG_ELF_LIBC6` with the flag of the architecture (`sysdeps/unix/sysv/linux/*/dl-cache.h`).
fn flags_of(machine: &Machine) -> u32 {
    3 | match machine.0.as_str() {
        "x86_64" => 0x0300,
        "x86_64-x32" => 0x0800,
        "aarch64" => 0x0a00,
        "arm" => 0x0900,
        "s390x" => 0x0400,
        "powerpc64" | "powerpc64le" => 0x0500,
        "riscv64" => 0x1000,
        "loongarch64" => 0x1200,
        _ => 0,
    }
}

/// The names of subfolders in the extension. Integers are those of the machine that wrote it; all of today's are little
/// endian but s390x.
fn subfolders(file: &[u8]) -> Option<Vec<String>> {
    let at = word(file, 32)? as usize;
    if at == 0 || word(file, at)? != EXTENSION_MAGIC {
        return None;
    }
    for index in 0..word(file, at + 4)? as usize {
        let section = at + 8 + index * 16;
        if word(file, section)? == TAG_HWCAPS {
            let (start, size) = (word(file, section + 8)? as usize, word(file, section + 12)? as usize);
            let names = (0..size / 4).map(|index| string(file, word(file, start + index * 4)?));
            return names.collect();
        }
    }
    None
}

fn word(bytes: &[u8], at: usize) -> Option<u32> {
    let word = bytes.get(at..at.checked_add(4)?)?;
    Some(u32::from_le_bytes(word.try_into().ok()?))
}

fn string(bytes: &[u8], at: u32) -> Option<String> {
    let rest = bytes.get(at as usize..)?;
    memchr::memchr(0, rest).map(|end| String::from_utf8_lossy(&rest[..end]).into_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A cache with the same library twice for x86_64, once in a subfolder, and once for aarch64.
    fn made() -> Vec<u8> {
        let mut out = MAGIC.to_vec();
        let texts = HEADER + 3 * ENTRY;
        let strings = b"liba.so\0/l/liba.so\0/l/glibc-hwcaps/x86-64-v3/liba.so\0/arm/liba.so\0x86-64-v3\0";
        let at = |text: &str| (texts + memchr::memmem::find(strings, text.as_bytes()).unwrap()) as u32;
        let extension = (texts + strings.len()).div_ceil(4) * 4;
        for word in [3, strings.len() as u32, 2, extension as u32, 0, 0, 0] {
            out.extend(u32::to_le_bytes(word));
        }
        for (flags, path, hwcap) in
            [(0x303, at("/l/liba.so"), 0), (0x303, at("/l/glibc"), HAS_SUBFOLDER), (0xa03, at("/arm/liba.so"), 0_u64)]
        {
            for word in [flags, texts as u32, path, 0, hwcap as u32, (hwcap >> 32) as u32] {
                out.extend(u32::to_le_bytes(word));
            }
        }
        out.extend(strings);
        out.resize(extension, 0);
        let names = extension as u32 + 8 + 16;
        for word in [EXTENSION_MAGIC, 1, TAG_HWCAPS, 0, names, 4, at("x86-64-v3\0")] {
            out.extend(u32::to_le_bytes(word));
        }
        out
    }

    #[test]
    fn a_cache_is_read_with_its_subfolders() {
        let of = |machine: &str, hwcaps: &[&str]| {
            let hwcaps: Vec<String> = hwcaps.iter().map(|one| format!("glibc-hwcaps/{one}")).collect();
            let cache = Cache::parse(&made(), &Machine(machine.to_owned()), &hwcaps);
            cache.get("liba.so").map(str::to_owned)
        };
        assert_eq!(of("x86_64", &[]).as_deref(), Some("/l/liba.so"));
        assert_eq!(of("x86_64", &["x86-64-v2"]).as_deref(), Some("/l/liba.so"));
        assert_eq!(of("x86_64", &["x86-64-v3"]).as_deref(), Some("/l/glibc-hwcaps/x86-64-v3/liba.so"));
        assert_eq!(of("aarch64", &[]).as_deref(), Some("/arm/liba.so"));
        assert_eq!(of("riscv64", &[]), None);
    }

    #[test]
    fn a_damaged_cache_is_read_as_far_as_it_goes() {
        for end in 0..made().len() {
            Cache::parse(&made()[..end], &Machine("x86_64".to_owned()), &[]);
        }
    }
}
