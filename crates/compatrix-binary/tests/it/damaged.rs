//! Whatever is in a file, it is read or refused, and never a panic.

use std::sync::OnceLock;

use compatrix_binary::load::{libraries, Environment, Files, Object};
use compatrix_binary::{read, rustc, sqlite, Format, Machine, Unreadable};
use proptest::prelude::*;

use crate::formats::universal;
use crate::support::{sqlite as source, Compiler, ASKS};

/// One file of each format that a compiler is here for.
fn samples() -> &'static [Vec<u8>] {
    static MADE: OnceLock<Vec<Vec<u8>>> = OnceLock::new();
    MADE.get_or_init(|| {
        let dir = tempfile::tempdir().unwrap();
        let both = format!("{}{ASKS}", source("3.46.0", 'a'));
        let mut made = Vec::new();
        for (name, compiler) in [
            ("linux", Compiler::linux()),
            ("windows.exe", Compiler::windows()),
            ("macos", Compiler::zig("aarch64-macos")),
            ("macos-x86", Compiler::zig("x86_64-macos")),
        ] {
            let Some(compiler) = compiler else { continue };
            made.push(std::fs::read(compiler.make(dir.path(), name, &both, &[])).unwrap());
            let library = compiler.make(dir.path(), &format!("lib-{name}"), &both, &["-shared", "-fPIC"]);
            made.push(std::fs::read(library).unwrap());
        }
        // Where zig is.
        if let [_, _, _, _, arm, _, x86, _] = &made[..] {
            made.push(universal(&[("aarch64", arm.clone()), ("x86_64", x86.clone())]));
        }
        made
    })
}

struct Nothing;

impl Files for Nothing {
    fn read(&self, _: &str) -> Option<Vec<u8>> {
        None
    }

    fn is_folder(&self, _: &str) -> bool {
        false
    }
}

/// The same bytes whatever file is asked for.
struct Same(Vec<u8>);

impl Files for Same {
    fn read(&self, _: &str) -> Option<Vec<u8>> {
        Some(self.0.clone())
    }

    fn is_folder(&self, _: &str) -> bool {
        true
    }
}

fn all_of(bytes: &[u8]) {
    for machine in [None, Some(Machine("x86_64".to_owned()))] {
        if let Ok(binary) = read(bytes, machine.as_ref()) {
            let object = Object { path: "/a/b".to_owned(), binary };
            libraries(&object, &Environment::default(), &Nothing);
            libraries(&object, &Environment::default(), &Same(bytes.to_vec()));
        }
        sqlite::compiled_in(bytes, machine.as_ref());
        sqlite::of_library(bytes, machine.as_ref());
    }
    rustc::releases(bytes);
    rustc::commits(bytes);
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 150, ..ProptestConfig::default() })]

    #[test]
    fn changed_bytes_are_read_or_refused(
        which in any::<prop::sample::Index>(),
        changes in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>(), any::<bool>()), 1..30),
    ) {
        let samples = samples();
        prop_assume!(!samples.is_empty());
        let mut bytes = which.get(samples).clone();
        for (at, value, in_header) in changes {
            let length = if in_header { bytes.len().min(2048) } else { bytes.len() };
            let at = at.index(length);
            bytes[at] = value;
        }
        all_of(&bytes);
    }

    #[test]
    fn any_bytes_are_read_or_refused(bytes in prop::collection::vec(any::<u8>(), 0..300), magic in 0..6_usize) {
        let magics: [&[u8]; 6] = [b"", b"\x7fELF\x02\x01\x01", b"MZ", &[0xcf, 0xfa, 0xed, 0xfe], &[0xca, 0xfe, 0xba, 0xbe], b"\x7fELF\x01\x02\x01"];
        all_of(&[magics[magic], &bytes].concat());
    }
}

#[test]
fn a_file_that_ends_early_is_damaged_and_named_by_its_format() {
    for sample in samples() {
        for end in (0..sample.len()).step_by(sample.len() / 40 + 1).chain((0..700).step_by(7)) {
            all_of(&sample[..end.min(sample.len())]);
        }
        let whole = read(sample, Some(&Machine("aarch64".to_owned()))).unwrap();
        let error = read(&sample[..40], Some(&whole.machine)).unwrap_err();
        let Unreadable::Damaged { format, .. } = &error else { panic!("{error:?}") };
        assert_eq!(*format, whole.format);
        assert!(error.to_string().starts_with(&format!("is a damaged {format} file: ")), "{error}");
    }
}

#[test]
fn what_no_loader_takes_is_said() {
    assert_eq!(read(b"#!/bin/sh\n", None), Err(Unreadable::OtherFormat));
    assert_eq!(read(b"", None).unwrap_err().to_string(), "is no ELF, Mach-O or PE file");
    // A Mach-O executable for arm64 with no load command at all.
    let header = [0xfeed_facf_u32, 0x0100_000c, 0, 2, 0, 0, 0, 0].map(u32::to_le_bytes).concat();
    let error = read(&header, None).unwrap_err();
    assert_eq!(error, Unreadable::NoLoadCommands);
    assert_eq!(error.to_string(), "is a Mach-O file without load commands, which cannot be loaded");
    // One whose commands are said to be there.
    let header = [0xfeed_facf_u32, 0x0100_000c, 0, 2, 3, 500, 0, 0].map(u32::to_le_bytes).concat();
    assert!(matches!(read(&header, None), Err(Unreadable::Damaged { format: Format::MachO, .. })));
    for (compiler, name, format) in [
        (Compiler::linux(), "a.o", Format::Elf),
        (Compiler::windows(), "b.obj", Format::Pe),
        (Compiler::zig("aarch64-macos"), "c.o", Format::MachO),
    ] {
        let Some(compiler) = compiler else { continue };
        let dir = tempfile::tempdir().unwrap();
        let object = compiler.make(dir.path(), name, ASKS, &["-c"]);
        assert_eq!(read(&std::fs::read(object).unwrap(), None), Err(Unreadable::NotLinked(format)));
    }
}
