//! Recorded reports of a nightly's runtimes, complete and truncated.

use super::*;
use crate::attribute::name_cycles;
use crate::finding::FindingKind;
use crate::FindingKind::*;

macro_rules! recorded {
    ($name:literal) => {
        include_str!(concat!("../../tests/leak/sanitizer/", $name, ".txt"))
    };
}

/// Every kind as reported by a nightly's runtimes, with stacks cut after six frames.
const RECORDED: [(&str, &str, &[FindingKind]); 14] = [
    ("cycles", recorded!("asan-cycles"), &[Indirect, Indirect]),
    ("forgets", recorded!("asan-forgets"), &[Definite]),
    ("c-leak", recorded!("lsan-c-leak"), &[Definite]),
    ("frees-twice", recorded!("asan-frees-twice"), &[InvalidFree]),
    ("bad-free", recorded!("asan-bad-free"), &[InvalidFree]),
    ("bad-free of lsan", recorded!("lsan-bad-free"), &[InvalidFree]),
    ("uaf", recorded!("asan-uaf-in-thread"), &[UseAfterFree]),
    ("stack-return", recorded!("asan-stack-return"), &[UseAfterFree]),
    ("stack-overflow", recorded!("asan-overflows-stack"), &[StackOverflow]),
    ("overflows-heap", recorded!("asan-overflows-heap"), &[InvalidAccess]),
    ("overflows-stackbuf", recorded!("asan-overflows-stackbuf"), &[InvalidAccess]),
    ("overflows-global", recorded!("asan-overflows-global"), &[InvalidAccess]),
    ("segv", recorded!("asan-segv"), &[InvalidAccess]),
    ("segv of lsan", recorded!("lsan-segv"), &[InvalidAccess]),
];

#[test]
fn each_kind_is_read_from_what_was_recorded() {
    for (name, text, kinds) in RECORDED {
        let report = parse(text);
        assert_eq!(report.findings.iter().map(|f| f.kind).collect::<Vec<_>>(), kinds, "{name}");
        assert!(report.complete, "{name}");
        assert_eq!((report.trouble, report.stopped), (None, None), "{name}");
        for finding in &report.findings {
            assert_eq!(finding.fatal, !matches!(finding.kind, Definite | Indirect), "{name}");
            assert!(name == "bad-free of lsan" || finding.stack.len() == 6, "{name}: {:?}", finding.stack);
            assert!(!finding.what.contains("0x7") && !finding.what.contains("0x5"), "{name}: {}", finding.what);
        }
    }
}

#[track_caller]
fn what(text: &str) -> String {
    parse(text).findings[0].what.clone()
}

#[test]
fn words_tell_what_happened_without_addresses() {
    assert_eq!(what(recorded!("asan-forgets")), "Direct leak of 77 byte(s) in 1 object(s)");
    assert_eq!(
        what(recorded!("asan-uaf-in-thread")),
        "heap-use-after-free, read of 1 byte, 0 bytes inside of 33-byte region"
    );
    assert_eq!(what(recorded!("asan-frees-twice")), "attempting double-free, 0 bytes inside of 24-byte region");
    assert_eq!(what(recorded!("asan-overflows-stack")), "stack-overflow");
    assert_eq!(
        what(recorded!("asan-segv")),
        "SEGV on unknown address, a READ memory access, address points to the zero page"
    );
    assert_eq!(
        what(recorded!("asan-overflows-global")),
        "global-buffer-overflow, read of 1 byte, 2 bytes after global variable \
         'probe::tests::overflows_global::G'"
    );
    assert_eq!(
        what(recorded!("asan-overflows-stackbuf")),
        "stack-buffer-overflow, read of 1 byte, overflows variable 'v'"
    );
}

#[test]
fn bytes_blocks_and_offsets_are_read() {
    let report = parse(recorded!("lsan-c-leak"));
    let leak = &report.findings[0];
    assert_eq!((leak.bytes, leak.blocks), (55, 1));
    assert_eq!(leak.stack[0].object.as_deref(), Some("/w/target/deps/probe-f2c5"));
    assert_eq!(offsets(&report).count(), 6);
    let text = recorded!("lsan-c-leak");
    let (object, offset) = offsets(&report).next().unwrap();
    assert!(text.contains(&format!("({object}+0x{offset:x})")));
}

#[test]
fn what_happened_to_the_block_before_is_told() {
    let report = parse(recorded!("asan-uaf-in-thread"));
    let places: Vec<_> = report.findings[0].related.iter().map(|(what, stack)| (what.as_str(), stack.len())).collect();
    let expected = [
        ("freed by another thread", 6),
        ("previously allocated by another thread", 6),
        ("the same thread was started", 6),
        ("another thread was started", 6),
        ("another thread was started", 6),
    ];
    assert_eq!(places, expected);
    let report = parse(recorded!("asan-overflows-stackbuf"));
    assert_eq!(report.findings[0].related[0].0, "on the stack of the same thread, in the frame of");
}

#[test]
fn symbolized_frames_are_read() {
    let report = parse(recorded!("asan-symbolized"));
    let finding = &report.findings[0];
    assert_eq!(finding.kind, InvalidFree);
    let frame = |function: &str, file: &str, line, column| RawFrame {
        function: Some(function.to_owned()),
        file: Some(file.to_owned()),
        line: Some(line),
        column: Some(column),
        ..RawFrame::default()
    };
    assert_eq!(finding.stack[3], frame("probe::tests::frees_twice", "/w/probe/src/lib.rs", 23, 123));
    assert_eq!(
        finding.stack[5].function.as_deref(),
        Some("<probe::tests::frees_twice::{closure#0} as core::ops::function::FnOnce<()>>::call_once")
    );
    // Symbolized frames are not resolved again.
    let findings = lower(report, Tool::Asan, &|object, offset| panic!("{object} {offset}"));
    assert_eq!(findings[0].stack[3].function, "probe::tests::frees_twice");
    // The last place is libtest starting the test's thread.
    assert_eq!(findings[0].related.len(), 2);
}

#[test]
fn frames_of_every_shape() {
    let module = |object: &str, offset| RawFrame {
        object: Some(object.to_owned()),
        offset: Some(offset),
        ..RawFrame::default()
    };
    let read = frames::frame;
    assert_eq!(
        read("    #0 0x55a1  (/a b/(c)+0x1/exe+0xf59) (BuildId: ab12)"),
        Some(module("/a b/(c)+0x1/exe", 0xf59))
    );
    assert_eq!(read("    #12 0x7f01  (/lib/libc.so.6+0x891f4)"), Some(module("/lib/libc.so.6", 0x891f4)));
    let named = RawFrame { function: Some("main".to_owned()), ..module("/e", 0x13a) };
    assert_eq!(read("#1 0x55a1 in main (/e+0x13a) (BuildId: ab12)"), Some(named));
    let c = RawFrame {
        function: Some("start(void*)".to_owned()),
        file: Some("nptl/./x.c".to_owned()),
        line: Some(442),
        ..RawFrame::default()
    };
    assert_eq!(read("#1 0x55a1 in start(void*) nptl/./x.c:442"), Some(c));
    assert_eq!(read("#3 0x7ffd11  (<unknown module>)"), Some(RawFrame::default()));
    for cut in ["#0", "#0 0x55", "#0 0x55a1  (/lib/libc.so.6+0x8", "#x 0x55a1  (/e+0x1)", "  0x7f: fa fa"] {
        assert_eq!(read(cut), None, "{cut}");
    }
}

#[test]
fn what_is_cut_is_said_and_what_was_whole_is_kept() {
    for (name, text, kinds) in RECORDED {
        let full = parse(text);
        for end in (0..text.len()).step_by(3).filter(|end| text.is_char_boundary(*end)) {
            let cut = parse(&text[..end]);
            assert!(cut.findings.len() <= kinds.len(), "{name} at {end}");
            for (cut, full) in cut.findings.iter().zip(&full.findings) {
                assert_eq!(cut.kind, full.kind, "{name} at {end}");
                assert!(full.stack.starts_with(&cut.stack), "{name} at {end}: {:?}", cut.stack);
            }
            if cut.complete {
                let all = cut.findings.iter().map(|f| &f.stack).eq(full.findings.iter().map(|f| &f.stack));
                assert!(all || cut.findings.is_empty(), "{name} at {end} is said to be complete");
            }
        }
    }
}

#[test]
fn who_could_not_look_says_so() {
    let trouble = |text: &str| parse(text).trouble.unwrap_or_default();
    assert!(trouble(recorded!("lsan-ptrace")).contains("without strace and gdb"));
    assert!(trouble("AddressSanitizer: ERROR: expected '=' in ASAN_OPTIONS\n")
        .contains("expected '=' in ASAN_OPTIONS; fix"));
    assert!(trouble("ERROR: Invalid value for bool option: 'maybe'\nAddressSanitizer: ERROR: Flag parsing failed.\n")
        .contains("'maybe'"));
    assert!(trouble(
        "==9==ERROR: AddressSanitizer failed to allocate 0xdfff0001000 (1539) bytes at address 0x02 (errno: 12)\n"
    )
    .contains("ulimit -v"));
    assert!(trouble("AddressSanitizer: CHECK failed: asan_thread.cpp:9 \"((a)) != (0)\" (0x0, 0x0) (tid=1)\n")
        .starts_with("AddressSanitizer broke down: CHECK failed: asan_thread.cpp:9"));
    for noise in [
        "",
        "==9==WARNING: AddressSanitizer failed to allocate 0x100000000000 bytes\n",
        "==12==WARNING: something\n",
        "running 1 test\ntest a ... ok\n",
    ] {
        assert_eq!(
            parse(noise),
            Report { findings: vec![], complete: true, suppressed: vec![], trouble: None, stopped: None }
        );
    }
}

#[test]
fn too_much_memory_asked_for_is_no_fault_of_memory() {
    let report = parse(recorded!("asan-huge"));
    assert_eq!(report.findings, []);
    let stopped = "AddressSanitizer ended the process: requested allocation size 0x100000000000";
    assert_eq!(report.stopped.as_deref(), Some(stopped));
}

#[test]
fn errors_of_newer_runtimes_are_errors() {
    let report = parse(
        "==7==ERROR: AddressSanitizer: quantum-overflow on address 0x602000000011 at pc 0x55\n#0 0x5 (/e+0x5)\n\n",
    );
    assert_eq!((report.findings[0].kind, report.findings[0].what.as_str()), (InvalidAccess, "quantum-overflow"));
    assert!(!report.complete);
}

#[test]
fn offsets_become_the_frames_that_are_inlined_there() {
    let report = parse(recorded!("asan-forgets"));
    let frame = |function: &str, inlined| Frame { function: function.to_owned(), inlined, ..Frame::default() };
    let findings = lower(report, Tool::Asan, &|_, offset| match offset {
        0xfc774 => vec![frame("malloc", false)],
        _ => vec![frame("inner", true), frame("outer", false)],
    });
    let functions: Vec<&str> = findings[0].stack.iter().map(|frame| frame.function.as_str()).collect();
    assert_eq!(functions[..3], ["malloc", "inner", "outer"]);
    assert_eq!(functions.len(), 11);
    // Unresolved frames keep their object file.
    let findings = lower(parse(recorded!("asan-forgets")), Tool::Asan, &|_, _| Vec::new());
    assert_eq!(findings[0].stack[0].object.as_deref(), Some("/w/target/deps/probe-b7ee"));
}

#[test]
fn blocks_that_only_point_to_each_other_are_a_leak_of_their_own() {
    let leak = |kind, test: &str, bytes| Finding {
        bytes,
        test: Some(test.to_owned()),
        ..Finding::raw(Tool::Lsan, kind, "leak")
    };
    let mut all = [
        leak(Indirect, "circle", 10),
        leak(Indirect, "circle", 30),
        leak(Indirect, "circle", 20),
        leak(Definite, "tree", 5),
        leak(Indirect, "tree", 50),
    ];
    name_cycles(&mut all);
    assert_eq!(all.map(|finding| finding.kind), [Indirect, Definite, Indirect, Definite, Indirect]);
}

#[test]
fn what_its_suppressions_hide_is_read() {
    let text = "\n=================================================================\n==7==ERROR: LeakSanitizer: detected memory leaks\n\n\
                Direct leak of 96 byte(s) in 4 object(s) allocated from:\n    #0 0x55 (/it+0x1)\n\n\
                -----------------------------------------------------\nSuppressions used:\n  count      bytes template\n      \
                1         77 keeps\n      2       1000 a b\n-----------------------------------------------------\n\n\
                SUMMARY: LeakSanitizer: 96 byte(s) leaked in 4 allocation(s).\n";
    let report = parse(text);
    assert_eq!(report.suppressed, [("keeps".to_owned(), 1, 77), ("a b".to_owned(), 2, 1000)]);
    assert!(report.complete && report.findings.len() == 1 && report.findings[0].stack.len() == 1, "{report:?}");
}
