//! This very executable, on whichever system it runs.

use compatrix_binary::sqlite::{compiled_in, CompiledIn};
use compatrix_binary::{read, Format, Kind};

#[test]
fn this_executable_is_what_the_system_starts() {
    let own = std::fs::read(std::env::current_exe().unwrap()).unwrap();
    let binary = read(&own, None).unwrap();
    let (format, library) = match std::env::consts::OS {
        "windows" => (Format::Pe, "kernel32.dll"),
        "macos" => (Format::MachO, "libsystem"),
        _ => (Format::Elf, "libc."),
    };
    assert_eq!(
        (binary.format, binary.kind, binary.machine.0.as_str()),
        (format, Kind::Program, std::env::consts::ARCH)
    );
    assert!(binary.needed().any(|name| name.to_lowercase().contains(library)), "{binary:?}");
    assert_eq!(compiled_in(&own, None), CompiledIn::No);
}
