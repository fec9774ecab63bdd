//! ELF, as the loader reads it: by program headers alone. Section headers may be missing or lie (elf(5)).

use object::elf::{
    DF_1_NODEFLIB, DF_1_PIE, DT_FLAGS_1, DT_NEEDED, DT_RPATH, DT_RUNPATH, DT_SONAME, DT_STRSZ, DT_STRTAB, ET_DYN,
    ET_EXEC, ET_REL, PT_LOAD,
};
use object::read::elf::{Dyn as _, FileHeader, ProgramHeader as _};
use object::read::StringTable;
use object::Endianness;

use crate::binary::{text, Binary, Format, Kind, Machine, Need, Unreadable, When};

pub(crate) fn read<Elf: FileHeader<Endian = Endianness>>(bytes: &[u8]) -> Result<Binary, Unreadable> {
    parse::<Elf>(bytes).map_err(|error| Unreadable::damaged(Format::Elf, error)).and_then(|read| read)
}

fn parse<Elf: FileHeader<Endian = Endianness>>(bytes: &[u8]) -> object::Result<Result<Binary, Unreadable>> {
    let header = Elf::parse(bytes)?;
    let endian = header.endian()?;
    let kind = header.e_type(endian);
    if kind == ET_REL {
        return Ok(Err(Unreadable::NotLinked(Format::Elf)));
    }
    if kind != ET_EXEC && kind != ET_DYN {
        return Ok(Err(Unreadable::damaged(Format::Elf, format_args!("its type {} cannot be loaded", kind.0))));
    }
    let machine = machine(header.e_machine(endian).0, header.is_type_64(), header.is_little_endian());
    let kind = if kind == ET_EXEC { Kind::Program } else { Kind::Library };
    let mut binary = Binary::new(Format::Elf, machine, kind);
    let segments = header.program_headers(endian, bytes)?;
    let mut dynamic = None;
    for segment in segments {
        if let Some(interpreter) = segment.interpreter(endian, bytes)? {
            binary.interpreter = binary.interpreter.or(Some(text(interpreter)));
            binary.kind = Kind::Program;
        }
        dynamic = dynamic.or(segment.dynamic(endian, bytes)?);
    }
    let Some(entries) = dynamic else { return Ok(Ok(binary)) };
    // The loader stops at the first DT_NULL.
    let entries = || entries.iter().take_while(|entry| entry.tag(endian).0 != 0);
    let value = |tag| entries().find(|entry| entry.tag(endian) == tag).map(|entry| entry.val(endian));
    let start = value(DT_STRTAB).unwrap_or_default();
    let file_offset = segments.iter().filter(|segment| segment.p_type(endian) == PT_LOAD).find_map(|segment| {
        let into = start.checked_sub(segment.p_vaddr(endian).into())?;
        (into < segment.p_filesz(endian).into()).then(|| segment.p_offset(endian).into().checked_add(into))?
    });
    let strings = match file_offset {
        Some(offset) => {
            let end = offset.saturating_add(value(DT_STRSZ).unwrap_or(u64::MAX)).min(bytes.len() as u64);
            StringTable::new(bytes, offset, end)
        }
        None => StringTable::default(),
    };
    for entry in entries() {
        match entry.tag(endian) {
            DT_NEEDED => {
                let name = text(entry.string(endian, strings)?);
                binary.needs.push(Need { name, when: When::AtStart });
            }
            DT_SONAME => binary.name = Some(text(entry.string(endian, strings)?)),
            DT_RPATH => binary.rpath = list(entry.string(endian, strings)?),
            DT_RUNPATH => binary.runpath = list(entry.string(endian, strings)?),
            DT_FLAGS_1 => {
                let flags = entry.val(endian);
                binary.no_defaults = flags & DF_1_NODEFLIB.0 != 0;
                if flags & DF_1_PIE.0 != 0 {
                    binary.kind = Kind::Program;
                }
            }
            _ => {}
        }
    }
    Ok(Ok(binary))
}

/// The folders of a path. One without any is none.
fn list(path: &[u8]) -> Vec<String> {
    if path.is_empty() {
        return Vec::new();
    }
    text(path).split(':').map(str::to_owned).collect()
}

/// The architecture of rustc's targets; numbers of `e_machine` are those of the gABI.
fn machine(number: u16, is_64: bool, is_little: bool) -> Machine {
    let word = match (number, is_64, is_little) {
        (3, ..) => "x86",
        (62, true, _) => "x86_64",
        (62, false, _) => "x86_64-x32",
        (183, true, true) => "aarch64",
        (40, _, true) => "arm",
        (243, true, _) => "riscv64",
        (243, false, _) => "riscv32",
        (22, true, _) => "s390x",
        (21, _, true) => "powerpc64le",
        (21, _, false) => "powerpc64",
        (20, ..) => "powerpc",
        (258, true, _) => "loongarch64",
        _ => return Machine(format!("ELF machine {number}")),
    };
    Machine(word.to_owned())
}
