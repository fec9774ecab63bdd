//! Reads a file of whatever format it is.

use object::FileKind;

use crate::binary::{Binary, Format, Machine, Unreadable};
use crate::{elf, macho, pe};

/// Reads a file. Of a universal Mach-O file the slice for this machine is read, or its only one.
///
/// # Errors
/// It is none of the three formats, is not linked, or is damaged.
pub fn read(bytes: &[u8], machine: Option<&Machine>) -> Result<Binary, Unreadable> {
    let bytes = slice(bytes, machine)?;
    match FileKind::parse(bytes) {
        Ok(FileKind::Elf32) => elf::read::<object::elf::FileHeader32<object::Endianness>>(bytes),
        Ok(FileKind::Elf64) => elf::read::<object::elf::FileHeader64<object::Endianness>>(bytes),
        Ok(FileKind::MachO32) => macho::read::<object::macho::MachHeader32<object::Endianness>>(bytes),
        Ok(FileKind::MachO64) => macho::read::<object::macho::MachHeader64<object::Endianness>>(bytes),
        Ok(FileKind::Pe32) => pe::read::<object::pe::ImageNtHeaders32>(bytes),
        Ok(FileKind::Pe64) => pe::read::<object::pe::ImageNtHeaders64>(bytes),
        Ok(FileKind::Coff | FileKind::CoffBig | FileKind::CoffImport) => Err(Unreadable::NotLinked(Format::Pe)),
        Ok(_) => Err(Unreadable::OtherFormat),
        Err(error) => Err(match bytes {
            [0x7f, b'E', b'L', b'F', ..] => Unreadable::damaged(Format::Elf, error),
            [b'M', b'Z', ..] => Unreadable::damaged(Format::Pe, error),
            [0xfe, 0xed, 0xfa, 0xce | 0xcf, ..] | [0xce | 0xcf, 0xfa, 0xed, 0xfe, ..] => {
                Unreadable::damaged(Format::MachO, error)
            }
            _ => Unreadable::OtherFormat,
        }),
    }
}

/// The bytes of one file in a universal Mach-O file, chosen as by [`read`]; all bytes of any other file.
///
/// # Errors
/// There is no such slice, or it is damaged.
pub fn slice<'b>(bytes: &'b [u8], machine: Option<&Machine>) -> Result<&'b [u8], Unreadable> {
    match FileKind::parse(bytes) {
        Ok(FileKind::MachOFat32) => macho::slice::<object::macho::FatArch32>(bytes, machine),
        Ok(FileKind::MachOFat64) => macho::slice::<object::macho::FatArch64>(bytes, machine),
        Err(error) if bytes.starts_with(&[0xca, 0xfe, 0xba, 0xbe]) => Err(Unreadable::damaged(Format::MachO, error)),
        _ => Ok(bytes),
    }
}
