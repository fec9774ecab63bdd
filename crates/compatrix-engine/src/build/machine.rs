//! For which machine a file of programs is: its format and its architecture, by the first bytes of ELF, PE and Mach-O.

/// The platforms of the formats' headers: ELF's `e_machine` (elf(5)), PE's `Machine` (Microsoft's "PE Format"), Mach-O's
/// `cputype` (`mach/machine.h`).
const ELF: [(u16, &str); 7] =
    [(3, "x86"), (40, "arm"), (62, "x86_64"), (183, "aarch64"), (243, "riscv64"), (21, "powerpc64"), (22, "s390x")];
const PE: [(u16, &str); 3] = [(0x14c, "x86"), (0x8664, "x86_64"), (0xaa64, "aarch64")];
const MACH_O: [(u32, &str); 2] = [(0x0100_0007, "x86_64"), (0x0100_000c, "aarch64")];

/// `ELF x86_64`, `PE aarch64`; `None` of anything else.
pub(super) fn of(bytes: &[u8]) -> Option<String> {
    let u16_at = |at: usize| Some(u16::from_le_bytes(bytes.get(at..at + 2)?.try_into().ok()?));
    let u32_at = |at: usize| Some(u32::from_le_bytes(bytes.get(at..at + 4)?.try_into().ok()?));
    fn name<T: PartialEq>(list: &[(T, &str)], machine: T) -> String {
        list.iter().find(|(known, _)| *known == machine).map_or("of an unknown machine", |(_, name)| name).to_owned()
    }
    if bytes.starts_with(b"\x7fELF") {
        let machine = match bytes.get(5)? {
            2 => u16_at(18)?.swap_bytes(),
            _ => u16_at(18)?,
        };
        return Some(format!("ELF {}", name(&ELF, machine)));
    }
    if bytes.starts_with(b"MZ") {
        let header = usize::try_from(u32_at(0x3c)?).ok()?;
        let is_pe = bytes.get(header..header.checked_add(4)?)? == b"PE\0\0";
        return is_pe.then(|| u16_at(header + 4)).flatten().map(|machine| format!("PE {}", name(&PE, machine)));
    }
    (u32_at(0)? == 0xfeed_facf).then(|| u32_at(4)).flatten().map(|cpu| format!("Mach-O {}", name(&MACH_O, cpu)))
}

/// What files for this platform are: `PE x86_64` of `windows-x86_64`; `None` where no format is known.
pub(crate) fn of_platform(platform: &str) -> Option<String> {
    let (system, arch) = platform.split_once('-')?;
    let format = match system {
        "windows" => "PE",
        "macos" | "ios" => "Mach-O",
        "linux" | "android" | "freebsd" | "netbsd" | "openbsd" | "illumos" => "ELF",
        _ => return None,
    };
    Some(format!("{format} {arch}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn machines_are_read_from_the_first_bytes() {
        let elf = |machine: u8| [b"\x7fELF\x02\x01".as_slice(), &[0; 12], &[machine, 0]].concat();
        assert_eq!(of(&elf(62)).as_deref(), Some("ELF x86_64"));
        assert_eq!(of(&elf(183)).as_deref(), Some("ELF aarch64"));
        assert_eq!(of(&elf(1)).as_deref(), Some("ELF of an unknown machine"));
        let mut pe = [b"MZ".as_slice(), &[0; 0x3a], &[0x40, 0, 0, 0], b"PE\0\0", &[0x64, 0x86]].concat();
        assert_eq!(of(&pe).as_deref(), Some("PE x86_64"));
        pe[0x3f] = 0xff;
        assert_eq!(of(&pe), None, "its header is outside of the file");
        assert_eq!(of(&[0xcf, 0xfa, 0xed, 0xfe, 12, 0, 0, 1]).as_deref(), Some("Mach-O aarch64"));
        for short in [b"".as_slice(), b"\x7fELF", b"MZ", b"#!/bin/sh"] {
            assert_eq!(of(short), None, "{short:?}");
        }
    }

    #[test]
    fn a_platform_has_a_format() {
        assert_eq!(of_platform("windows-x86_64").as_deref(), Some("PE x86_64"));
        assert_eq!(of_platform("wasip1-wasm32"), None);
    }
}
