//! Mach-O: load commands, and the slices of universal files (`<mach-o/loader.h>`, `<mach-o/fat.h>`).

use object::macho::{
    CpuType, CPU_TYPE_ARM, CPU_TYPE_ARM64, CPU_TYPE_X86, CPU_TYPE_X86_64, LC_ID_DYLIB, LC_LAZY_LOAD_DYLIB,
    LC_LOAD_DYLINKER, LC_LOAD_WEAK_DYLIB, LC_RPATH, MH_BUNDLE, MH_DYLIB, MH_EXECUTE, MH_OBJECT,
};
use object::read::macho::{FatArch, MachHeader, MachOFatFile};
use object::Endianness;

use crate::binary::{text, Binary, Format, Kind, Machine, Need, Unreadable, When};

pub(crate) fn read<Mach: MachHeader<Endian = Endianness>>(bytes: &[u8]) -> Result<Binary, Unreadable> {
    parse::<Mach>(bytes).map_err(|error| Unreadable::damaged(Format::MachO, error)).and_then(|read| read)
}

fn parse<Mach: MachHeader<Endian = Endianness>>(bytes: &[u8]) -> object::Result<Result<Binary, Unreadable>> {
    let header = Mach::parse(bytes, 0)?;
    let endian = header.endian()?;
    let kind = match header.filetype(endian) {
        MH_OBJECT => return Ok(Err(Unreadable::NotLinked(Format::MachO))),
        MH_EXECUTE => Kind::Program,
        MH_DYLIB | MH_BUNDLE => Kind::Library,
        other => {
            let why = format_args!("its type {} cannot be loaded", other.0);
            return Ok(Err(Unreadable::damaged(Format::MachO, why)));
        }
    };
    if header.ncmds(endian) == 0 {
        return Ok(Err(Unreadable::NoLoadCommands));
    }
    let mut binary = Binary::new(Format::MachO, machine(header.cputype(endian)), kind);
    let mut commands = header.load_commands(endian, bytes, 0)?;
    while let Some(command) = commands.next()? {
        if let Some(dylib) = command.dylib()? {
            let name = text(command.string(endian, dylib.dylib.name)?);
            let flags = command.dylib_use_flags(endian, dylib)?.map_or(0, |flags| flags.0);
            let when = match command.cmd() {
                LC_LAZY_LOAD_DYLIB => When::OnFirstCall,
                LC_LOAD_WEAK_DYLIB => When::IfThere,
                // DYLIB_USE_WEAK_LINK and DYLIB_USE_DELAYED_INIT of macOS 15.
                _ if flags & 1 != 0 => When::IfThere,
                _ => When::AtStart,
            };
            binary.needs.push(Need { name, when });
            continue;
        }
        match command.cmd() {
            LC_ID_DYLIB => {
                let dylib = command.data::<object::macho::DylibCommand<Endianness>>()?;
                binary.name = Some(text(command.string(endian, dylib.dylib.name)?));
            }
            LC_RPATH => {
                let rpath = command.data::<object::macho::RpathCommand<Endianness>>()?;
                binary.runpath.push(text(command.string(endian, rpath.path)?));
            }
            LC_LOAD_DYLINKER => {
                let linker = command.data::<object::macho::DylinkerCommand<Endianness>>()?;
                binary.interpreter = Some(text(command.string(endian, linker.name)?));
            }
            _ => {}
        }
    }
    Ok(Ok(binary))
}

/// The slice for this machine, or the only one.
pub(crate) fn slice<'b, Fat: FatArch>(
    bytes: &'b [u8],
    machine_wanted: Option<&Machine>,
) -> Result<&'b [u8], Unreadable> {
    let damaged = |error| Unreadable::damaged(Format::MachO, error);
    let file = MachOFatFile::<Fat>::parse(bytes).map_err(damaged)?;
    let slices = file.arches();
    let chosen = match (machine_wanted, slices) {
        (None, [only]) => Some(only),
        (None, _) => None,
        // arm64e has the machine of arm64 and follows it (`lipo`); the plain one is what rustc makes.
        (Some(wanted), _) => slices.iter().find(|one| machine(one.cputype()) == *wanted),
    };
    let has = || slices.iter().map(|one| machine(one.cputype())).collect();
    let chosen = chosen.ok_or_else(|| Unreadable::Slices { has: has(), wanted: machine_wanted.cloned() })?;
    chosen.data(bytes).map_err(damaged)
}

fn machine(cpu: CpuType) -> Machine {
    Machine(match cpu {
        CPU_TYPE_X86_64 => "x86_64".to_owned(),
        CPU_TYPE_ARM64 => "aarch64".to_owned(),
        CPU_TYPE_X86 => "x86".to_owned(),
        CPU_TYPE_ARM => "arm".to_owned(),
        other => format!("Mach-O processor {}", other.0),
    })
}
