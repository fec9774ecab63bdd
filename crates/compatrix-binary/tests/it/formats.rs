//! What is read from a file of each format.

use compatrix_binary::sqlite::{compiled_in, of_library, CompiledIn, Says};
use compatrix_binary::{read, Binary, Format, Kind, Machine, Unreadable, When};

use crate::support::{id, sqlite, Compiler, ASKS};

struct Made {
    program: Vec<u8>,
    library: Vec<u8>,
    /// A program with a SQLite of its own.
    bundled: Vec<u8>,
    /// The same without symbols.
    stripped: Vec<u8>,
}

fn made(compiler: &Compiler, library: (&str, &[&str]), link: &[&str], strip: &str) -> Made {
    let dir = tempfile::tempdir().unwrap();
    let dir = dir.path();
    let library = compiler.make(dir, library.0, &sqlite("3.46.0", 'a'), library.1);
    let program = compiler.make(dir, "program", ASKS, link);
    let both = format!("{}{ASKS}", sqlite("3.45.1", 'b'));
    let bundled = compiler.make(dir, "bundled", &both, &[]);
    let stripped = compiler.make(dir, "stripped", &both, &[strip]);
    let read = |path: &std::path::Path| {
        // mingw puts its suffix where there is none.
        let suffixed = path.with_extension("exe");
        std::fs::read(if suffixed.exists() { &suffixed } else { path }).unwrap()
    };
    Made { program: read(&program), library: read(&library), bundled: read(&bundled), stripped: read(&stripped) }
}

#[track_caller]
fn check(made: &Made, format: Format, machine: &str, needs: &str) -> (Binary, Binary) {
    let (program, library) = (read(&made.program, None).unwrap(), read(&made.library, None).unwrap());
    for (binary, kind) in [(&program, Kind::Program), (&library, Kind::Library)] {
        assert_eq!((binary.format, &binary.machine.0, binary.kind), (format, &machine.to_owned(), kind));
    }
    let names: Vec<&str> = program.needs.iter().map(|need| need.name.as_str()).collect();
    assert!(names.contains(&needs), "{names:?}");
    assert_eq!(compiled_in(&made.program, None), CompiledIn::No, "it only loads one");
    let yes = CompiledIn::Yes { source_ids: vec![id('b')], has_own_id: true };
    assert_eq!(compiled_in(&made.bundled, None), yes);
    assert_eq!(compiled_in(&made.stripped, None), CompiledIn::Stripped { source_ids: vec![id('b')] });
    let compile_options = ["COMPILER=a b-1.2", "ENABLE_FTS5", "THREADSAFE=1"].map(str::to_owned).to_vec();
    let says = Says { version: "3.46.0".to_owned(), source_id: Some(id('a')), compile_options };
    assert_eq!(of_library(&made.library, None), Some(says));
    assert_eq!(of_library(&made.program, None), None);
    (program, library)
}

#[test]
fn elf_is_read() {
    let Some(gcc) = Compiler::linux() else { return };
    let library = ("libsqlite3.so", &["-shared", "-fPIC", "-Wl,-soname,libsqlite3.so.0"][..]);
    let link = ["-L.", "-lsqlite3", "-Wl,--disable-new-dtags", "-Wl,-rpath,/a:$ORIGIN/b"];
    let made = made(&gcc, library, &link, "-s");
    let (program, library) = check(&made, Format::Elf, std::env::consts::ARCH, "libsqlite3.so.0");
    assert_eq!(program.rpath, ["/a", "$ORIGIN/b"]);
    assert!(program.runpath.is_empty() && program.interpreter.is_some());
    assert_eq!(library.name.as_deref(), Some("libsqlite3.so.0"));
}

#[test]
fn pe_is_read() {
    let Some(gcc) = Compiler::windows() else { return };
    let library = ("sqlite3.dll", &["-shared", "-Wl,--out-implib,libsqlite3.dll.a"][..]);
    let made = made(&gcc, library, &["-L.", "-lsqlite3"], "-s");
    let (_, library) = check(&made, Format::Pe, "x86_64", "sqlite3.dll");
    assert_eq!(library.name.as_deref(), Some("sqlite3.dll"));
}

/// A descriptor of a delayed import in a section of its own, as MSVC's linker writes it; mingw's writes no directory.
const DELAYED: &str = "int main(void) { return 0; }\n__asm__(\".section .didat, \\\"dw\\\"\\n\"\n\
    \".long 1\\n.rva name\\n.rva handle\\n.rva table\\n.rva table\\n.long 0\\n.long 0\\n.long 0\\n\"\n\
    \".zero 32\\nhandle: .quad 0\\ntable: .quad 0\\n\"\n\
    \".section .rdata, \\\"dr\\\"\\nname: .asciz \\\"sqlite3.dll\\\"\\n.text\\n\");\n";

#[test]
fn delayed_imports_of_pe_are_read() {
    let Some(gcc) = Compiler::windows() else { return };
    let dir = tempfile::tempdir().unwrap();
    let program = gcc.make(dir.path(), "delayed.exe", DELAYED, &[]);
    let mut bytes = std::fs::read(program).unwrap();
    let word = |bytes: &[u8], at: usize| u32::from_le_bytes(bytes[at..at + 4].try_into().unwrap());
    let section = bytes.windows(8).position(|name| name == b".didat\0\0").expect("the section");
    let address = word(&bytes, section + 12);
    // The optional header follows 24 bytes of headers; its directories begin at 112, and this is the 14th of 8 bytes.
    let directory = word(&bytes, 0x3c) as usize + 24 + 112 + 13 * 8;
    bytes[directory..directory + 8].copy_from_slice(&[address, 64].map(u32::to_le_bytes).concat());
    let binary = read(&bytes, None).unwrap();
    let need = binary.needs.iter().find(|need| need.name == "sqlite3.dll").expect("named");
    assert_eq!(need.when, When::OnFirstCall);
    assert!(binary.needs.iter().any(|need| need.when == When::AtStart), "{binary:?}");
    // Its name is nowhere.
    bytes[directory..directory + 4].copy_from_slice(&(address + 8).to_le_bytes());
    assert!(matches!(read(&bytes, None), Err(Unreadable::Damaged { format: Format::Pe, .. })));
    bytes[directory..directory + 4].copy_from_slice(&u32::MAX.to_le_bytes());
    assert!(matches!(read(&bytes, None), Err(Unreadable::Damaged { format: Format::Pe, .. })));
}

#[test]
fn mach_o_is_read_and_a_universal_file_by_its_slices() {
    let mut slices = Vec::new();
    for machine in ["aarch64", "x86_64"] {
        let Some(clang) = Compiler::zig(&format!("{machine}-macos")) else { return };
        let library = ("libsqlite3.dylib", &["-shared", "-Wl,-install_name,@rpath/libsqlite3.dylib"][..]);
        let link = ["-L.", "-lsqlite3", "-Wl,-rpath,@loader_path/lib", "-Wl,-rpath,/opt/lib"];
        let mut made = made(&clang, library, &link, "-s");
        // zig leaves global names in it.
        without_symbols(&mut made.stripped);
        let (program, library) = check(&made, Format::MachO, machine, "@rpath/libsqlite3.dylib");
        assert_eq!(program.runpath, ["@loader_path/lib", "/opt/lib"]);
        assert_eq!(library.name.as_deref(), Some("@rpath/libsqlite3.dylib"));
        slices.push((machine, made.library));
    }
    let fat = universal(&slices);
    let has: Vec<Machine> = slices.iter().map(|(machine, _)| Machine((*machine).to_owned())).collect();
    assert_eq!(read(&fat, None), Err(Unreadable::Slices { has: has.clone(), wanted: None }));
    for machine in &has {
        assert_eq!(&read(&fat, Some(machine)).unwrap().machine, machine);
        assert!(of_library(&fat, Some(machine)).is_some());
    }
    let wanted = Some(Machine("arm".to_owned()));
    let error = read(&fat, wanted.as_ref()).unwrap_err();
    assert_eq!(error.to_string(), "is a universal Mach-O file of aarch64, x86_64, without a slice for arm");
    for end in (0..fat.len()).step_by(977) {
        let _ = read(&fat[..end], Some(&has[1]));
    }
}

/// Empties the table of symbols: LC_SYMTAB, whose fourth word is their number.
fn without_symbols(bytes: &mut [u8]) {
    let word = |bytes: &[u8], at: usize| u32::from_le_bytes(bytes[at..at + 4].try_into().unwrap());
    let mut at = 32;
    while word(bytes, at) != 2 {
        at += word(bytes, at + 4) as usize;
    }
    bytes[at + 12..at + 16].fill(0);
}

/// A universal file (`<mach-o/fat.h>`; integers are big-endian).
pub(crate) fn universal(slices: &[(&str, Vec<u8>)]) -> Vec<u8> {
    let mut out = [0xcafe_babe, slices.len() as u32].map(u32::to_be_bytes).concat();
    let mut at = 0x4000;
    for (machine, bytes) in slices {
        let cpu = if *machine == "aarch64" { 0x0100_000c } else { 0x0100_0007 };
        out.extend([cpu, 0, at, bytes.len() as u32, 14].map(u32::to_be_bytes).concat());
        at += (bytes.len() as u32).div_ceil(0x4000) * 0x4000;
    }
    let mut at = 0x4000;
    for (_, bytes) in slices {
        out.resize(at, 0);
        out.extend(bytes);
        at += bytes.len().div_ceil(0x4000) * 0x4000;
    }
    out
}

#[test]
fn the_mark_of_rustc_is_read_from_this_test() {
    let own = std::fs::read(std::env::current_exe().unwrap()).unwrap();
    assert_eq!(compatrix_binary::rustc::releases(&own).len(), 1);
    assert_eq!(compatrix_binary::rustc::commits(&own).len(), 1);
    // What rustc itself makes has its mark.
    let dir = tempfile::tempdir().unwrap();
    std::fs::write(dir.path().join("lib.rs"), "pub fn f() -> Box<u8> { Box::new(1) }\n").unwrap();
    let made = std::process::Command::new("rustc")
        .args(["--crate-type=lib", "--emit=obj", "-o"])
        .arg(dir.path().join("lib.o"))
        .arg(dir.path().join("lib.rs"))
        .status();
    if !made.is_ok_and(|status| status.success()) {
        println!("skipped: there is no rustc here");
        return;
    }
    let marks = compatrix_binary::rustc::marks(&std::fs::read(dir.path().join("lib.o")).unwrap());
    assert_eq!(marks.len(), 1);
    assert_eq!(compatrix_binary::rustc::marks(&own), marks);
}
