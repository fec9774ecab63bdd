//! `leak-check` of executables about which a tool that works is silent: their allocator hides what they allocate, they
//! switch the check off, or something outside of the spec does.

#![allow(clippy::disallowed_methods, reason = "tests start programs and make files")]

use serde_json::Value;

use crate::support::{exists, nightly, Workspace};

const MANIFEST: &str = "[package]\nname = \"made\"\nversion = \"0.1.0\"\nedition = \"2021\"\n\n[lib]\ntest = false\n\
                        doctest = false\n\n[profile.dev]\ndebug = 1\n";

/// A valgrind; the tests say that they skip where there is none.
fn has_valgrind() -> bool {
    let here = exists("/usr/bin/valgrind");
    if !here {
        println!("skipped: no valgrind; apt-get install valgrind");
    }
    here
}

fn suite(tool: &str, further: &str) -> String {
    format!("\n[[suite]]\nname = \"{tool}\"\nkind = \"leak\"\ntool = \"{tool}\"\n{further}")
}

fn valgrind(further: &str, tests: &str) -> Workspace {
    let spec = format!("[axis]\nrust = [HERE]\n{}", suite("valgrind", further));
    Workspace::new(&spec).file("Cargo.toml", MANIFEST).tests(tests)
}

fn sanitized(sysroot: &str, suites: &str, tests: &str) -> Workspace {
    let spec = format!("[axis]\nrust = [{{ name = \"nightly\", path = {sysroot:?} }}]\n{suites}");
    Workspace::new(&spec).file("Cargo.toml", MANIFEST).tests(tests)
}

/// Suite, verdict and cause of each row, and the whole document.
fn verdicts(made: &Workspace) -> (Vec<(String, String, String)>, Value) {
    let ran = made.run(&["leak-check", "--format", "json"]);
    let json: Value = serde_json::from_str(&ran.stdout).unwrap_or_else(|_| panic!("{}\n{}", ran.stdout, ran.stderr));
    let text = |row: &Value, name: &str| row[name].as_str().unwrap_or_default().to_owned();
    let rows = json["rows"].as_array().unwrap().iter();
    (rows.map(|row| (text(row, "suite"), text(row, "verdict"), text(row, "cause"))).collect(), json)
}

/// Each suite ends with this verdict, and its cause says this.
#[track_caller]
fn check(made: &Workspace, verdict: &str, says: &[&str]) -> Value {
    let (rows, json) = verdicts(made);
    for (suite, was, cause) in rows {
        assert_eq!(was, verdict, "{suite}: {cause}\n{json:#}");
        says.iter().for_each(|word| assert!(cause.contains(word), "{suite}: no {word:?} in {cause}"));
    }
    json
}

/// Test (or `none`), kind, bytes and process of each finding that fails its suite.
fn errors(json: &Value) -> Vec<String> {
    let findings =
        json["rows"].as_array().unwrap().iter().flat_map(|row| row["record"]["leaks"]["findings"].as_array());
    let errors = findings.flatten().filter(|finding| finding["standing"]["standing"] == "error");
    let text = |value: &Value| value.as_str().unwrap_or("none").to_owned();
    errors.map(|f| format!("{} {} {} {}", text(&f["test"]), text(&f["kind"]), f["bytes"], text(&f["child"]))).collect()
}

#[track_caller]
fn notes(json: &Value) -> String {
    json["rows"][0]["record"]["leaks"]["notes"].to_string()
}

/// An allocator that gives out what is at least this large from a mapping of its own, and hands the rest on.
fn allocator(own_from: &str) -> String {
    format!("const OWN_FROM: usize = {own_from};\n{}", include_str!("own_allocator.rs.txt"))
}

#[test]
fn an_allocator_that_hides_blocks_is_no_clean_bill_and_one_that_counts_is_proven() {
    let nightly = nightly();
    for tool in ["valgrind", "lsan", "asan"] {
        let made = |tests: &str| match (&nightly, tool) {
            (_, "valgrind") => has_valgrind().then(|| valgrind("", tests)),
            (Some(sysroot), tool) => Some(sanitized(sysroot, &suite(tool, ""), tests)),
            (None, _) => None,
        };
        let Some(counts) = made(&allocator("usize::MAX")) else { continue };
        check(&counts, "ok", &[]);
        let hides = made(&allocator("0")).unwrap();
        check(&hides, "unproven", &["is not proven for this executable: it: its global allocator", "32 bytes"]);
        // Real findings fail for all that.
        let big = format!("{}#[test]\nfn leaks() {{ std::mem::forget(vec![1u8; 77]); }}\n", allocator("1000000"));
        check(&made(&big).unwrap(), "broken", &["1 definite", "not reported (3 MB)"]);
    }
}

const OFF: &str = include_str!("switches_off.rs.txt");

#[test]
fn a_sanitizer_that_was_switched_off_is_not_proven() {
    let Some(sysroot) = nightly() else { return };
    let suites = suite("lsan", "") + &suite("asan", "");
    check(&sanitized(&sysroot, &suites, OFF), "ok", &[]);
    let left = OFF.replace("#[cfg(leaves_it_off)]\n", "");
    check(&sanitized(&sysroot, &suites, &left), "unproven", &["it: in the test c_leaves_it_off", "was left disabled"]);
    let turned = "#[no_mangle]\npub extern \"C\" fn __lsan_is_turned_off() -> i32 { 1 }\n#[test]\nfn works() {}\n";
    let json = check(&sanitized(&sysroot, &suites, turned), "unproven", &["the check is switched off in it"]);
    assert!(notes(&json).contains("it defines `__lsan_is_turned_off`"), "{json:#}");
    // Suppressions in the executable go by functions, which are named only after the run, or by its file, and then they hide
    // what is there on purpose too.
    let hides = |pattern: &str| {
        format!(
            "#[no_mangle]\npub extern \"C\" fn __lsan_default_suppressions() -> *const u8 {{ b\"leak:{pattern}\\0\".as_ptr() }}\n\
             #[inline(never)]\nfn hidden() {{ std::mem::forget(std::hint::black_box(vec![1u8; 77])); }}\n\
             #[test]\nfn leaks() {{ hidden(); }}\n"
        )
    };
    check(&sanitized(&sysroot, &suites, &hides("hidden")), "broken", &["1 definite"]);
    let json = check(&sanitized(&sysroot, &suites, &hides("/it-")), "unproven", &["the check is switched off in it"]);
    assert!(notes(&json).contains("bytes by `/it-`"), "{json:#}");
}

#[test]
fn what_began_outside_of_the_tests_belongs_to_none_and_children_are_looked_at() {
    if !has_valgrind() {
        return;
    }
    let tests = include_str!("outside_of_tests.rs.txt");
    let made = valgrind("each = \"test\"\n", tests);
    made.write("src/bin/leaky.rs", "fn main() { std::mem::forget(std::hint::black_box(vec![1u8; 1004])); }\n");
    let json = check(&made, "broken", &["4 definite"]);
    let expected = [
        "forks definite 1002 a fork",
        "none definite 1001 none",
        "panics definite 1005 none",
        "starts definite 1004 leaky",
    ];
    let mut found = errors(&json);
    found.sort();
    assert_eq!(found, expected, "{json:#}");
    let shown = made.run(&["leak-check"]);
    shown.expect(1).prints(&["none: before main of it", "a child of the test's: a fork", "expects a panic"]);
}

#[test]
fn settings_outside_of_the_spec_hide_nothing_and_those_in_it_are_told() {
    if !has_valgrind() {
        return;
    }
    let tests = "#[inline(never)]\nfn keeps() { std::mem::forget(std::hint::black_box(vec![1u8; 77])); }\n#[test]\nfn leaks() { keeps(); }\n";
    let hide = "{\n  hides-it\n  Memcheck:Leak\n  ...\n  fun:*keeps*\n}\n";
    let made = valgrind("env = { VALGRIND_OPTS = \"--suppressions=hide.supp\" }\n", tests);
    made.write("hide.supp", hide);
    made.write(".valgrindrc", "--suppressions=hide.supp\n");
    let json = check(&made, "broken", &["1 definite"]);
    assert!(notes(&json).contains(".valgrindrc of made is not read"), "{json:#}");
    assert!(notes(&json).contains("VALGRIND_OPTS is not read"), "{json:#}");
    let made = valgrind("flags = [\"--suppressions=hide.supp\"]\n", tests);
    made.write("hide.supp", hide);
    let json = check(&made, "ok", &[]);
    assert!(notes(&json).contains("suppressed 1 finding by `hides-it` (hide.supp of the suite's `flags`)"), "{json:#}");
}

#[test]
fn code_that_valgrind_cannot_run_is_no_crash_of_the_crate() {
    if !has_valgrind() || !std::fs::read_to_string("/proc/cpuinfo").unwrap_or_default().contains("avx512f") {
        println!("skipped: no AVX-512 here, of which valgrind knows nothing");
        return;
    }
    let tests = include_str!("wide_instruction.rs.txt");
    let json = check(&valgrind("", tests), "unproven", &["valgrind cannot run this code", "`target-cpu`"]);
    let leaks = &json["rows"][0]["record"]["leaks"];
    assert_eq!(
        (&leaks["ran"], &leaks["not_runnable"][0]["tests"][0]),
        (&2.into(), &"it::b_is_wide".into()),
        "{leaks:#}"
    );
}

#[test]
fn an_accepted_leak_has_a_size_and_one_fingerprint_for_every_tool() {
    let (Some(sysroot), true) = (nightly(), has_valgrind()) else { return };
    let tests = |n: u32, bytes: u32| {
        format!(
            "#[inline(always)]\nfn keeps() {{ std::mem::forget(std::hint::black_box(vec![1u8; {bytes}])); }}\n\
             #[test]\nfn leaks() {{ for _ in 0..{n} {{ keeps(); }} }}\n"
        )
    };
    let made = sanitized(&sysroot, &(suite("valgrind", "") + &suite("lsan", "") + &suite("asan", "")), &tests(2, 77));
    made.write("Cargo.toml", format!("{MANIFEST}opt-level = 3\n"));
    let baseline = made.run(&["leak-check", "--print-baseline"]).stdout;
    assert_eq!(baseline.matches("[[accepted]]").count(), 1, "{baseline}");
    assert!(baseline.contains("bytes = 154\nblocks = 2\n") && !baseline.contains("tool ="), "{baseline}");
    let accepted = baseline.replace("reason = \"\"", "reason = \"known\"");
    made.write("compat/baseline.toml", &accepted);
    check(&made, "ok", &[]);
    made.write("tests/it.rs", tests(3, 77));
    check(&made, "broken", &["grew from 154 to 231 bytes and from 2 to 3 blocks"]);
    // An entry from before there were sizes has none, and that is said.
    made.write("compat/baseline.toml", accepted.replace("bytes = 154\nblocks = 2\n", ""));
    made.run(&["leak-check"]).expect(0).prints(&["of any size"]);
}
