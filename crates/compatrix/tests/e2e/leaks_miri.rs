//! `leak-check` under Miri, with a toolchain folder whose `cargo-miri` hands everything to the real cargo and then says
//! what Miri said of a test of that name. So command lines, listing, counting and attribution are real; the interpreter
//! is not.

#![allow(clippy::disallowed_methods, reason = "tests make and read their own files")]

use std::os::unix::fs::{symlink, PermissionsExt};

use serde_json::Value;

use crate::support::{sysroot, Workspace};

const SPEC: &str =
    "[axis]\nrust = [{ name = \"fake\", path = \"../toolchain\" }]\n\n[[suite]]\nname = \"interpreted\"\n\
                    kind = \"leak\"\ntool = \"miri\"\n";

/// What is recorded of a test stands in `said/NAME`. `early/NAME` says that Miri stopped before libtest's result,
/// `slow/NAME` that it came to none.
const CARGO_MIRI: &str = r#"#!/bin/sh
here=$(dirname "$0")/..
[ "$1" = miri ] || { echo "fatal error: called as $*" >&2; exit 1; }
shift
echo "$MIRIFLAGS | $*" >> "$here/calls"
case "$1" in
    --version) echo "miri 0.1.0 (recorded)"; exit 0 ;;
    setup) exit 0 ;;
esac
RUSTC="$here/bin/rustc"
export RUSTC
for last; do :; done
[ -e "$here/slow/$last" ] && exec sleep 300
[ -e "$here/early/$last" ] || "$CARGO" "$@" || exit
[ -e "$here/said/$last" ] || exit 0
cat "$here/said/$last" >&2
exit 1
"#;

/// What Miri says of the canary's leak.
const CANARY: &str = "error: memory leaked: alloc1021 (Rust heap, size: 77, align: 1), allocated here:
  --> canary.rs:11:5
   |
11 |     Box::new([1; SIZE])
   |     ^^^^^^^^^^^^^^^^^^^
   |
   = note: stack backtrace:
           0: block
               at canary.rs:11:5
           1: leaks
               at canary.rs:35:5

note: set `MIRIFLAGS=-Zmiri-ignore-leaks` to disable this check

error: aborting due to 1 previous error

";

const LEAK: &str = "error: memory leaked: alloc2201 (Rust heap, size: 24, align: 8), allocated here:
  --> tests/it.rs:3:22
   |
 3 |     std::mem::forget(Box::new([0u64; 3]));
   |                      ^^^^^^^^^^^^^^^^^^^
   |
   = note: stack backtrace:
           0: forgets
               at tests/it.rs:3:22
           1: forgets::{closure#0}
               at tests/it.rs:2:12

error: aborting due to 1 previous error

";

const RACE: &str = "error: Undefined Behavior: Data race detected between (1) non-atomic write on thread `unnamed-1` \
and (2) non-atomic read on thread `main` at alloc91
  --> tests/it.rs:8:13
   |
 8 |     let _ = look(&shared);
   |             ^^^^^^^^^^^^^ (2) just happened here
   |
help: and (1) occurred earlier here
  --> tests/it.rs:7:30
   |
 7 |     std::thread::spawn(move || change(&shared));
   |                                ^^^^^^^^^^^^^^^

error: aborting due to 1 previous error

";

fn foreign(function: &str) -> String {
    format!(
        "error: unsupported operation: can't call foreign function `{function}` on OS `linux`\n  --> tests/it.rs:12:5\n   \
         |\n12 |     open();\n   |     ^^^^^^ unsupported operation occurred here\n   |\n\nerror: aborting due to 1 \
         previous error\n\n"
    )
}

/// A workspace with these tests, and a toolchain that has said this of them; `!` before a name: it stopped there.
fn workspace(spec: &str, tests: &[&str], said: &[(&str, &str)]) -> Workspace {
    let functions = tests.iter().map(|test| format!("#[test]\nfn {test}() {{}}\n")).collect::<String>();
    let made = Workspace::new(&format!("{SPEC}{spec}")).tests(&functions);
    made.write("../toolchain/bin/cargo-miri", CARGO_MIRI);
    made.write("../toolchain/bin/miri", "#!/bin/sh\n");
    made.write("../toolchain/lib/rustlib/src/rust/library/Cargo.lock", "");
    for program in ["cargo-miri", "miri"] {
        let path = made.path("../toolchain/bin").join(program);
        std::fs::set_permissions(path, std::fs::Permissions::from_mode(0o755)).unwrap();
    }
    for program in ["cargo", "rustc", "rustdoc"] {
        symlink(format!("{}/bin/{program}", sysroot()), made.path("../toolchain/bin").join(program)).unwrap();
    }
    for (test, text) in [&[("leaks", CANARY)], said].concat() {
        if let Some(test) = test.strip_prefix('!') {
            made.write(&format!("../toolchain/early/{test}"), "");
        }
        made.write(&format!("../toolchain/said/{}", test.trim_start_matches('!')), text);
    }
    made
}

#[track_caller]
fn check(made: &Workspace, code: i32) -> Value {
    made.run(&["leak-check", "--format", "json"]).expect(code).json()
}

fn leaks(json: &Value) -> &Value {
    &json["rows"][0]["record"]["leaks"]
}

#[test]
fn findings_and_what_cannot_be_run_are_told_apart() {
    let opens = foreign("sqlite3_open_v2");
    let said = [("forgets", LEAK), ("!races", RACE), ("!opens", opens.as_str()), ("!opens_too", opens.as_str())];
    let made = workspace("", &["forgets", "races", "opens", "opens_too", "is_fine"], &said);
    let json = made.assert_tree_unchanged(|| check(&made, 1));
    let leaks = leaks(&json);
    assert_eq!(leaks["canary"]["is"], "proven", "{json:#}");
    assert_eq!(leaks["version"], "miri 0.1.0 (recorded)");
    let not = &leaks["not_runnable"];
    assert_eq!(not[0]["reason"], "calls the foreign function sqlite3_open_v2", "{leaks:#}");
    assert_eq!(not[0]["tests"], serde_json::json!(["it::opens", "it::opens_too"]), "{leaks:#}");
    assert_eq!((&leaks["ran"], &not[1]), (&3.into(), &Value::Null), "{leaks:#}");
    let findings = leaks["findings"].as_array().unwrap();
    let shown: Vec<_> = findings.iter().map(|f| format!("{} {}", f["test"], f["kind"])).collect();
    assert_eq!(shown, ["\"forgets\" \"definite\"", "\"races\" \"race\""], "{leaks:#}");
    let own = &findings[0]["stack"][0];
    assert_eq!((&own["file"], &own["line"], &own["origin"]), (&"tests/it.rs".into(), &3.into(), &"own".into()));
    // What Miri stopped is no pass.
    assert_eq!((&leaks["outcome"], &json["rows"][0]["record"]["tests"]["passed"]), (&"failed".into(), &2.into()));

    let calls = std::fs::read_to_string(made.path("../toolchain/calls")).unwrap();
    let compiled: Vec<_> = calls.lines().filter(|line| line.contains("--no-run")).collect();
    assert_eq!(compiled.len(), 1, "compiled once: {calls}");
    assert!(calls.contains("-Zmiri-disable-isolation | test --locked --target-dir"), "{calls}");
    assert!(
        calls.contains("--package made --no-default-features --test it -- --test-threads=1 --exact races"),
        "{calls}"
    );
    made.run(&["leak-check"]).expect(1).prints(&["sqlite3_open_v2", "races"]);
}

#[test]
fn where_no_test_can_be_run_nothing_has_been_proven() {
    let made = workspace("", &["opens"], &[("!opens", &foreign("sqlite3_open_v2"))]);
    let json = check(&made, 1);
    let cause = json["rows"][0]["cause"].as_str().unwrap();
    assert_eq!(cause, "no test could be run under miri: calls the foreign function sqlite3_open_v2 (1)");
}

#[test]
fn seeds_are_tried_in_one_process_and_those_that_fail_are_told() {
    let said = format!("Trying seed: 0\nTrying seed: 1\n{LEAK}FAILING SEED: 1\nTrying seed: 2\n{LEAK}FAILING SEED: 2\n2/4 SEEDS FAILED\n");
    let flags = "seeds = 4\nflags = [\"-Zmiri-isolation-error=warn\"]\n";
    let made = workspace(flags, &["forgets", "is_fine"], &[("forgets", &said)]);
    let json = check(&made, 1);
    let leaks = leaks(&json);
    assert_eq!(leaks["findings"].as_array().unwrap().len(), 1, "{leaks:#}");
    assert_eq!(leaks["findings"][0]["blocks"], 1, "one in each of two seeds: {leaks:#}");
    let notes = leaks["notes"].to_string();
    assert!(notes.contains("forgets fails with 1, 2 of 4 seeds; `-Zmiri-seed=1` shows the first"), "{notes}");
    let calls = std::fs::read_to_string(made.path("../toolchain/calls")).unwrap();
    let flags = "-Zmiri-isolation-error=warn -Zmiri-many-seeds=0..4 -Zmiri-many-seeds-keep-going -Zthreads=1 | test";
    assert!(calls.contains(flags), "{calls}");
}

#[test]
fn a_miri_that_does_nothing_is_not_proven() {
    let made = workspace("", &["is_fine"], &[]);
    made.write("../toolchain/bin/cargo-miri", "#!/bin/sh\nexit 0\n");
    let json = check(&made, 3);
    assert_eq!(leaks(&json)["canary"]["is"], "not-proven", "{json:#}");
    assert!(leaks(&json)["canary"]["why"].as_str().unwrap().contains("without a result for"), "{json:#}");
}

#[test]
fn a_miri_that_finds_nothing_is_not_proven() {
    let made = workspace("", &["is_fine"], &[("leaks", "")]);
    let json = check(&made, 3);
    assert_eq!(leaks(&json)["canary"]["is"], "not-proven", "{json:#}");
}

#[test]
fn tests_that_do_not_compile_under_miri_say_why() {
    let made = workspace("", &["is_fine"], &[]);
    let script =
        "#!/bin/sh\ncase \"$*\" in *--version) echo miri 1;; *--no-run*) echo 'error[E0425]: cannot find value \
                  `x`' >&2; exit 101;; esac\n";
    made.write("../toolchain/bin/cargo-miri", script);
    let ran = made.run(&["leak-check", "--format", "json"]);
    let json = ran.json();
    let cause = json["rows"][0]["cause"].as_str().unwrap();
    assert!(cause.contains("it under Miri: error[E0425]: cannot find value `x`"), "{ran}");
    assert_eq!(json["rows"][0]["outcome"], "build-failed", "{ran}");
}

#[test]
fn a_standard_library_that_cannot_be_built_is_no_fault_of_the_tests() {
    let made = workspace("", &["is_fine"], &[]);
    let script = "#!/bin/sh\ncase \"$*\" in *--version) echo miri 1;; *setup) echo 'fatal error: failed to build \
                  sysroot' >&2; exit 1;; esac\n";
    made.write("../toolchain/bin/cargo-miri", script);
    let ran = made.run(&["leak-check", "--format", "json"]);
    let json = ran.expect(3).json();
    let cause = json["rows"][0]["cause"].as_str().unwrap();
    assert!(cause.contains("Miri's standard library cannot be built: fatal error: failed to build sysroot"), "{ran}");
}

#[test]
fn without_the_component_it_is_unavailable_with_what_installs_it() {
    let made = workspace("", &["is_fine"], &[]);
    std::fs::remove_file(made.path("../toolchain/bin/miri")).unwrap();
    let ran = made.run(&["leak-check", "--format", "json"]);
    assert!(ran.stdout.contains("Miri needs a nightly toolchain") && ran.stdout.contains("--component miri"), "{ran}");
}

#[test]
fn tests_that_hang_or_are_killed_or_end_themselves_lose_nothing_of_the_others() {
    let killed = "error: test failed, to rerun pass `--test it`\n\nCaused by:\n  process didn't exit successfully: \
                  `cargo-miri runner /t/it --exact eats_memory` (signal: 9, SIGKILL: kill)\n";
    let aborts = "error: abnormal termination: the program aborted execution\n  --> tests/it.rs:3:5\n   |\n 3 |     \
                  abort();\n   |     ^^^^^^^ abnormal termination occurred here\n\n";
    let tests = ["hangs", "eats_memory", "aborts", "forgets", "is_fine"];
    let said = [("!eats_memory", killed), ("!aborts", aborts), ("forgets", LEAK)];
    let made = workspace("timeout = \"15s\"\n", &tests, &said);
    made.write("../toolchain/slow/hangs", "");
    let json = check(&made, 3);
    let record = &json["rows"][0]["record"];
    // The worst of them stands for all.
    assert_eq!(record["outcome"], "infrastructure", "{json:#}");
    assert!(record["cause"].as_str().unwrap().contains("Miri was killed in eats_memory"), "{json:#}");
    assert_eq!((&record["tests"]["passed"], &record["tests"]["failed"]), (&2.into(), &2.into()), "{json:#}");
    let failed: Vec<_> = record["failures"].as_array().unwrap().iter().map(|failure| &failure["test"]).collect();
    assert_eq!(failed, ["aborts", "hangs"], "{json:#}");
    assert_eq!(leaks(&json)["findings"][0]["test"], "forgets", "{json:#}");
    made.expect_no_processes();
}

#[test]
fn macros_are_counted_as_not_runnable_and_a_harness_of_ones_own_is_one_test() {
    let sentence = "Running unit tests of `proc-macro` crates is not currently supported by Miri.\n";
    let made = workspace("", &[], &[("!tests::expands", sentence)]);
    let manifest = "[package]\nname = \"made\"\nversion = \"0.1.0\"\nedition = \"2021\"\n\n[lib]\nproc-macro = true\n\
                    doctest = false\n\n[[test]]\nname = \"it\"\nharness = false\n";
    made.write("Cargo.toml", manifest);
    made.write("src/lib.rs", "#[cfg(test)]\nmod tests {\n    #[test]\n    fn expands() {}\n}\n");
    made.write("tests/it.rs", "fn main() {}\n");
    // Macros need the toolchain's own libraries.
    for entry in std::fs::read_dir(format!("{}/lib/rustlib", sysroot())).unwrap().flatten() {
        let _ = symlink(entry.path(), made.path("../toolchain/lib/rustlib").join(entry.file_name()));
    }
    let json = check(&made, 0);
    let leaks = leaks(&json);
    assert_eq!(leaks["not_runnable"][0]["reason"], "is a unit test of procedural macros", "{leaks:#}");
    assert_eq!(leaks["not_runnable"][0]["tests"], serde_json::json!(["made::tests::expands"]), "{leaks:#}");
    assert_eq!(leaks["ran"], 1, "{leaks:#}");
}

#[test]
fn each_package_is_interpreted_with_its_own_features() {
    let made = workspace("", &[], &[("!b_opens", &foreign("socketpair"))]);
    made.write("compat/matrix.toml", format!("[project]\npackages = [\"a\", \"b\"]\n\n{SPEC}"));
    made.write("Cargo.toml", "[workspace]\nmembers = [\"a\", \"b\"]\nresolver = \"2\"\n");
    let packages = ["a", "b"].map(|name| format!("\n[[package]]\nname = \"{name}\"\nversion = \"0.1.0\"\n"));
    made.write("Cargo.lock", format!("version = 3\n{}", packages.concat()));
    for (name, feature) in [("a", "one"), ("b", "two")] {
        let manifest = format!(
            "[package]\nname = \"{name}\"\nversion = \"0.1.0\"\nedition = \"2021\"\n\n[features]\ndefault = [\"{feature}\"]\n\
             {feature} = []\n"
        );
        made.write(&format!("{name}/Cargo.toml"), manifest);
        let tests = format!("#[cfg(feature = \"{feature}\")]\n#[test]\nfn {name}_opens() {{}}\n");
        made.write(&format!("{name}/src/lib.rs"), tests);
    }
    let json = check(&made, 0);
    let leaks = leaks(&json);
    assert_eq!(leaks["ran"], 1, "{leaks:#}");
    assert_eq!(leaks["not_runnable"][0]["tests"], serde_json::json!(["b::b_opens"]), "{leaks:#}");
    let calls = std::fs::read_to_string(made.path("../toolchain/calls")).unwrap();
    let of_b = "b/Cargo.toml --package b --features two --lib -- --test-threads=1 --exact b_opens";
    assert!(calls.contains(of_b), "{calls}");
}
