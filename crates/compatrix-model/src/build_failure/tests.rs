//! Output of real tools, shortened where it only repeats itself, and output that is made to mislead.

use super::*;

#[track_caller]
fn check(stderr: &str, outcome: Outcome, cause: &str) {
    let whole = read(stderr, Vec::new());
    assert_eq!((whole.outcome, whole.cause.as_str()), (outcome, cause), "of\n{stderr}");
    let mut cut = Reader::new(Vec::new());
    stderr.as_bytes().chunks(7).for_each(|bytes| cut.feed(bytes));
    assert_eq!(cut.finish(), whole, "cut");
}

/// Output of a build script that cargo shows, indented.
fn script(stdout: &str, stderr: &str) -> String {
    let indented =
        |text: &str| text.lines().map(|line| format!("  {line}\n").replace("  \n", "\n")).collect::<String>();
    format!(
        "   Compiling demo v0.1.0 (/w)\nerror: failed to run custom build command for `demo v0.1.0 (/w)`\n\nCaused by:\n  \
         process didn't exit successfully: `/t/debug/build/demo-1/build-script-build` (exit status: 101)\n  --- stdout\n{}\n  \
         --- stderr\n{}warning: build failed, waiting for other jobs to finish...\n",
        indented(stdout),
        indented(stderr)
    )
}

fn linking(notes: &str) -> String {
    format!(
        "   Compiling demo v0.1.0 (/w)\nerror: linking with `cc` failed: exit status: 1\n  |\n{notes}\n\nerror: could not \
         compile `demo` (test \"a\") due to 1 previous error\n"
    )
}

const COMMAND: &str = "  = note:  \"cc\" \"-m64\" \"/t/symbols.o\" \"-lnosuchlib\" \"-o\" \"/t/cannot find -lfake: No space left on device\"\n  \
                       = note: some arguments are omitted. use `--verbose` to show all linker arguments\n";
const OLD_COMMAND: &str =
    "  = note: LC_ALL=\"C\" PATH=\"/usr/bin\" VSLANG=\"1033\" \"cc\" \"-m64\" \"/t/a.o\" \"-lnosuchlib\"\n";

#[test]
fn the_first_error_of_the_compiler_with_its_place() {
    check(
        "   Compiling a v0.1.0\nerror[E0425]: cannot find value `x` in this scope\n --> src/lib.rs:1:14\n  |\n",
        Outcome::BuildFailed,
        "error[E0425]: cannot find value `x` in this scope (src/lib.rs:1:14)",
    );
    check(
        "error: proc macro panicked\n --> src/lib.rs:3:1\n  |\n3 | m!();\n  | ^^^^\n  |\n  = help: message: no such table\n\nerror: \
         could not compile `demo` (lib) due to 1 previous error\n",
        Outcome::BuildFailed,
        "error: proc macro panicked (src/lib.rs:3:1): no such table",
    );
    check("", Outcome::BuildFailed, "");
    check("thread 'main' panicked\nlast words\n", Outcome::BuildFailed, "last words");
}

#[test]
fn cargo_s_own_errors_with_all_causes() {
    check(
        "error: failed to parse lock file at: /w/Cargo.lock\n\nCaused by:\n  lock file version 4 requires \
         `-Znext-lockfile-bump`\n",
        Outcome::BuildFailed,
        "error: failed to parse lock file at: /w/Cargo.lock: lock file version 4 requires `-Znext-lockfile-bump`",
    );
    let long = "--cfg x ".repeat(20);
    check(
        &format!(
            "error: could not compile `demo` (lib)\n\nCaused by:\n  process didn't exit successfully: `/r/bin/rustc --crate-name \
             demo {long}` (signal: 11, SIGSEGV: invalid memory reference)\n"
        ),
        Outcome::BuildFailed,
        "error: could not compile `demo` (lib): process didn't exit successfully: `rustc …` (signal: 11, SIGSEGV: invalid \
         memory reference)",
    );
}

#[test]
fn the_linker_s_own_lines() {
    // GNU ld, then lld, as printed.
    let gnu = "  = note: /usr/bin/ld: /t/libdemo.rlib(demo.o): in function `demo::two':\n          /w/src/lib.rs:1: undefined \
               reference to `nosuch_one'\n          /usr/bin/ld: /w/src/lib.rs:1: undefined reference to `nosuch_two'\n          \
               collect2: error: ld returned 1 exit status\n          \n  = note: some `extern` functions couldn't be found; some \
               native libraries may need to be installed or have their path specified\n";
    let lld = "  = note: rust-lld: error: undefined symbol: nosuch_one\n          >>> referenced by lib.rs:1 (src/lib.rs:1)\n          \
               \n          rust-lld: error: undefined symbol: nosuch_two\n          collect2: error: ld returned 1 exit status\n";
    for (command, notes) in [(COMMAND, gnu), (OLD_COMMAND, gnu), (COMMAND, lld)] {
        let cause = "linking failed: undefined symbol `nosuch_one`, `nosuch_two`";
        check(&linking(&format!("{command}{notes}")), Outcome::BuildFailed, cause);
    }
    let many: String =
        ["a", "b", "c", "d", "e"].map(|s| format!("          x.c:1: undefined reference to `{s}'\n")).concat();
    let cause = "linking failed: undefined symbol `a`, `b`, `c` and 2 more";
    check(
        &linking(&format!("{COMMAND}  = note: /usr/bin/ld: x.o: in function `f':\n{many}")),
        Outcome::BuildFailed,
        cause,
    );
    let twice = "  = note: /usr/bin/ld: b.o: multiple definition of `x'; a.o: first defined here\n          collect2: error: ld \
                 returned 1 exit status\n";
    let cause = "linking failed: /usr/bin/ld: b.o: multiple definition of `x'; a.o: first defined here";
    check(&linking(&format!("{COMMAND}{twice}")), Outcome::BuildFailed, cause);
}

#[test]
fn a_missing_library_of_the_system_is_unavailable_and_one_of_the_workspace_is_not() {
    for said in [
        "/usr/bin/ld: cannot find -lnosuchlib: No such file or directory",
        "/usr/bin/ld: cannot find -lnosuchlib",
        "rust-lld: error: unable to find library -lnosuchlib",
        "mold: fatal: library not found: nosuchlib",
        "ld: library not found for -lnosuchlib",
    ] {
        let text =
            linking(&format!("{COMMAND}  = note: {said}\n          collect2: error: ld returned 1 exit status\n"));
        let cause =
            format!("the system library `nosuchlib` is missing ({said}); install it with its development files");
        check(&text, Outcome::Unavailable, &cause);
        assert_eq!(read(&text, vec!["nosuchlib".to_owned()]).outcome, Outcome::BuildFailed);
        // What is wrong with the project is certain; what is missing may be installed.
        let both = format!("{text}error[E0425]: cannot find value `x` in this scope\n --> src/lib.rs:1:14\n");
        assert_eq!(read(&both, Vec::new()).outcome, Outcome::BuildFailed);
    }
    check(
        "error: could not find native static library `nosuchlib`, perhaps an -L flag is missing?\n\nerror: could not compile `demo` (lib) due to 1 previous error\n",
        Outcome::Unavailable,
        "the system library `nosuchlib` is missing (could not find native static library `nosuchlib`, perhaps an -L flag is \
         missing?); install it with its development files",
    );
    check(
        "error: linker `nosuchcc` not found\n  |\n  = note: No such file or directory (os error 2)\n",
        Outcome::Unavailable,
        "the linker `nosuchcc` is missing; install it, or correct the `linker` of cargo's configuration",
    );
}

#[test]
fn a_build_script_s_panic_of_every_format() {
    let stdout = "cargo:rerun-if-env-changed=SOME_RATHER_LONG_NAME\n".repeat(40);
    for (stderr, place) in [
        ("looking\n\nthread 'main' (9763) panicked at build.rs:1:99:\nno luck today\nnote: run with `RUST_BACKTRACE=1`", "build.rs:1:99"),
        ("thread 'main' panicked at build.rs:1:99:\nno luck today\nstack backtrace:\n   0: __rustc\n", "build.rs:1:99"),
        ("thread 'main' panicked at 'no luck today', build.rs:3:5\nnote: run with `RUST_BACKTRACE=1`", "build.rs:3:5"),
        ("thread 'main' panicked at 'no luck\ntoday', build.rs:3:5\nnote: run with `RUST_BACKTRACE=1`", "build.rs:3:5"),
    ] {
        let cause = format!("the build script of `demo v0.1.0` failed: no luck today ({place})");
        check(&script(&stdout, stderr), Outcome::BuildFailed, &cause);
    }
    check(
        &script("cargo:rustc-link-lib=x\n", "one\ntwo\nthree\n"),
        Outcome::BuildFailed,
        "the build script of `demo v0.1.0` failed: two; three",
    );
    check(&script("only here\n", ""), Outcome::BuildFailed, "the build script of `demo v0.1.0` failed: only here");
    check(
        "error: failed to run custom build command for `demo v0.1.0 (/w)`\n\nCaused by:\n  process didn't exit successfully: \
         `/t/build-script-build` (signal: 6, SIGABRT: process abort signal)\n",
        Outcome::BuildFailed,
        "the build script of `demo v0.1.0` failed: signal: 6, SIGABRT: process abort signal",
    );
}

#[test]
fn megabytes_of_a_build_script_are_not_kept_and_its_reason_is() {
    let mut reader = Reader::new(Vec::new());
    let before = script("", "");
    let (head, tail) = before.split_once("  --- stderr\n").unwrap();
    reader.feed(head.as_bytes());
    for _ in 0..200_000 {
        reader.feed(b"  noise of a build script that prints a lot\n");
    }
    reader.feed(b"  --- stderr\n  thread 'main' panicked at build.rs:1:1:\n  the reason\n  note: run with\n");
    for _ in 0..200_000 {
        reader.feed(b"  noise after it\n");
    }
    reader.feed(tail.as_bytes());
    assert!(format!("{reader:?}").len() < 100_000, "memory is bounded");
    assert_eq!(reader.finish().cause, "the build script of `demo v0.1.0` failed: the reason (build.rs:1:1)");
}

#[test]
fn what_a_build_script_misses_of_the_system() {
    let panic =
        |text: &str| format!("thread 'main' panicked at build.rs:1:49:\n{text}\nnote: run with `RUST_BACKTRACE=1`\n");
    let pkg_config = "called `Result::unwrap()` on an `Err` value: \npkg-config exited with status code 1\n> pkg-config --libs \
                      nosuch\n\nThe system library `nosuch` required by crate `demo` was not found.\nThe file `nosuch.pc` needs \
                      to be installed";
    for (text, found) in [
        (pkg_config, "The system library `nosuch` required by crate `demo` was not found."),
        ("Unable to find libwhatever", "Unable to find libwhatever"),
        (
            "Unable to find libclang: \"couldn't find any valid shared libraries\"",
            "Unable to find libclang: \"couldn't find any valid shared libraries\"",
        ),
        (
            "Could not find directory of OpenSSL installation, and this `-sys` crate",
            "Could not find directory of OpenSSL installation, and this `-sys` crate",
        ),
        ("is `cmake` not installed?", "is `cmake` not installed?"),
        (
            "could not find system library 'x' required by the 'x-sys' crate",
            "could not find system library 'x' required by the 'x-sys' crate",
        ),
    ] {
        let cause = format!("the build script of `demo v0.1.0` failed: {found}");
        check(&script("", &panic(text)), Outcome::Unavailable, &cause);
    }
    // As `cc` reports it.
    let cc = "\nerror occurred in cc-rs: command did not execute successfully (status code exit status: 1): \"cc\" \"-O0\"\n";
    let warn = |text: &str| text.lines().map(|line| format!("cargo:warning={line}\n")).collect::<String>();
    check(
        &script(&warn("x.c:1:10: fatal error: nosuch.h: No such file or directory\n    1 | #include <nosuch.h>\n"), cc),
        Outcome::Unavailable,
        "the build script of `demo v0.1.0` failed: x.c:1:10: fatal error: nosuch.h: No such file or directory",
    );
    check(
        &script(&warn("x.c:1:10: fatal error: mine.h: No such file or directory\n    1 | #include \"mine.h\"\n"), cc),
        Outcome::BuildFailed,
        "the build script of `demo v0.1.0` failed: x.c:1:10: fatal error: mine.h: No such file or directory",
    );
    check(
        &script("", "\nerror occurred in cc-rs: failed to find tool \"nosuchcc\": No such file or directory (os error 2)\n"),
        Outcome::Unavailable,
        "the build script of `demo v0.1.0` failed: error occurred in cc-rs: failed to find tool \"nosuchcc\": No such file or \
         directory (os error 2)",
    );
    // What a script looked for in vain and did without is not why it failed.
    check(
        &script("", &format!("cannot find -lfoo, compiling it\n{}", panic("bad configuration"))),
        Outcome::BuildFailed,
        "the build script of `demo v0.1.0` failed: bad configuration (build.rs:1:49)",
    );
    let old = "Package 'sqlite3' has version '3.8.0', required version is '>= 3.40'";
    let told = read(
        &script("", &panic(&format!("{old}\nThe system library `sqlite3` required by crate `x` was not found."))),
        vec![],
    );
    assert_eq!(told.outcome, Outcome::BuildFailed, "an old SQLite is a result");
    let other = old.replace("sqlite3", "zlib");
    let told = read(
        &script("", &panic(&format!("{other}\nThe system library `zlib` required by crate `x` was not found."))),
        vec![],
    );
    assert_eq!(told.outcome, Outcome::Unavailable);
    for not_the_system in ["could not find lib.rs", "could not find library/x.txt", "cannot find the answer"] {
        assert_eq!(read(&script("", &panic(not_the_system)), vec![]).outcome, Outcome::BuildFailed, "{not_the_system}");
    }
}

#[test]
fn a_full_disk_a_lost_network_and_a_killed_compiler_are_our_side() {
    check(
        "error: failed to write /t/x\n\nCaused by:\n  No space left on device (os error 28)\n",
        Outcome::Infrastructure,
        "No space left on device: error: failed to write /t/x: No space left on device (os error 28)",
    );
    let infrastructure = |stderr: &str, word: &str| {
        let told = read(stderr, Vec::new());
        assert_eq!(told.outcome, Outcome::Infrastructure, "{stderr}");
        assert!(told.cause.starts_with(word), "{}", told.cause);
    };
    let full = "No space left on device";
    infrastructure(
        "rustc-LLVM ERROR: IO failure on output stream: No space left on device\nerror: could not compile `demo` (test \"a\")\n",
        full,
    );
    infrastructure(
        "error: failed to write file /t/dep-graph.part.bin: No space left on device (os error 28)\"\n",
        full,
    );
    infrastructure(
        &linking(&format!("{COMMAND}  = note: /usr/bin/ld: final link failed: No space left on device\n")),
        full,
    );
    let bus = "          collect2: fatal error: ld terminated with signal 7 [Bus error]\n";
    infrastructure(
        &linking(&format!("{COMMAND}  = note: PLEASE submit a bug report\n{bus}")),
        "the linker died of a bus error",
    );
    let killed = "error: could not compile `demo` (lib)\n\nCaused by:\n  process didn't exit successfully: `rustc x` (signal: 9, \
                  SIGKILL: kill)\n";
    infrastructure(killed, "a compiler was killed");
    let write =
        "thread 'main' panicked at build.rs:1:1:\ncalled `Result::unwrap()` on an `Err` value: Os { code: 28, kind: \
                 StorageFull, message: \"No space left on device\" }\n";
    infrastructure(&script("", write), full);
    let network = "warning: spurious network error (1 try remaining): [7] Could not connect to server (x)\nerror: failed to get \
                   `serde` as a dependency of package `demo v0.1.0 (/w)`\n\nCaused by:\n  download of config.json failed\n\nCaused \
                   by:\n  failed to download from `https://index.crates.io/config.json`\n\nCaused by:\n  [7] Could not connect to \
                   server (Failed to connect to 127.0.0.1 port 9 after 0 ms)\n";
    infrastructure(network, "download of config.json failed");
    let offline =
        "error: no matching package named `x` found\nlocation searched: crates.io index\nAs a reminder, you're using \
                   offline mode (--offline) which can\n";
    assert_eq!(read(offline, Vec::new()).outcome, Outcome::Unavailable);
}

#[test]
fn text_of_others_is_no_sign() {
    let failed = |stderr: &str| {
        let told = read(stderr, Vec::new());
        assert_eq!(told.outcome, Outcome::BuildFailed, "{stderr}\n{told:?}");
    };
    let excerpt = "error[E0425]: cannot find function `unknown` in this scope\n --> src/lib.rs:2:9\n  |\n2 | if code == 28 { \"No \
                   space left on device\" } else { unknown() }\n  |\n";
    failed(excerpt);
    failed(
        "error: No space left on device\n --> src/lib.rs:1:23\n  |\n1 | compile_error!(\"No space left on device\");\n",
    );
    // A network that came back.
    failed(&format!("warning: spurious network error (2 tries remaining): [6] Could not resolve host\n{excerpt}"));
    failed(&script(
        "error: No space left on device\n--- stderr\n",
        "I say: No space left on device\nsignal: 9, SIGKILL\n",
    ));
    failed("error: demo@0.1.0: No space left on device\nerror: build script logged errors\n");
    failed(&linking(&format!(
        "{COMMAND}  = note: /usr/bin/ld: x.o: undefined reference to `No space left on device'\n"
    )));
    let quoted =
        "error: process didn't exit successfully: `rustc --cfg 'feature=\"signal: 9, SIGKILL\"'` (exit status: 1)\n";
    failed(quoted);
    failed("warning: demo@0.1.0: No space left on device\nerror[E0308]: mismatched types\n --> src/lib.rs:1:1\n");
}

#[test]
fn crates_that_rustc_refused_are_named_as_their_files_are() {
    let of = |text: &str| super::not_compiled(text).into_iter().collect::<Vec<_>>();
    let both =
        "error: could not compile `my-demo` (lib) due to 1 previous error\nerror: could not compile `my-demo` (test \
                \"it-2\") due to 2 previous errors\n";
    assert_eq!(of(both), ["it_2", "my_demo"]);
    assert_eq!(of("error: could not compile `demo` due to previous error\n"), ["demo"], "before cargo 1.70");
    assert_eq!(
        of("error: linking with `cc` failed: exit status: 1\nerror: could not compile `demo` (bin \"a\")\n"),
        [""; 0]
    );
    assert_eq!(of("error: no matching package named `x` found\n"), [""; 0]);
}

#[test]
fn a_locked_version_that_the_registry_lacks_is_no_fault_of_the_crate() {
    let of = |requirement: &str| {
        format!(
            "error: failed to select a version for the requirement `trybuild = \"^1.0.125\"`{requirement}\n\
             candidate versions found which didn't match: 1.0.122, 1.0.121, 1.0.120, ...\n\
             location searched: crates.io index\nrequired by package `anyhow v1.0.105 (/w)`\n"
        )
    };
    let header = "error: failed to select a version for the requirement `trybuild = \"^1.0.125\"`";
    check(
        &of(" (locked to 1.0.125)"),
        Outcome::Infrastructure,
        &format!("the registry does not have the version that Cargo.lock names: {header} (locked to 1.0.125)"),
    );
    check(&of(""), Outcome::BuildFailed, header);
}
