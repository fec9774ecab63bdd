//! `leak-check` and what it is told to overlook: suppressions that cover, that nothing needs, that are wrong; accepted
//! findings that are found no more.

#![allow(clippy::disallowed_methods, reason = "tests make their own files")]

use crate::support::{exists, Workspace};

const MANIFEST: &str = "[package]\nname = \"made\"\nversion = \"0.1.0\"\nedition = \"2021\"\n\n[lib]\ntest = false\n\
                        doctest = false\n\n[profile.dev]\ndebug = 1\n";
const SPEC: &str = "[axis]\nrust = [HERE]\n\n[[suite]]\nname = \"memcheck\"\nkind = \"leak\"\ntool = \"valgrind\"\n";
const TESTS: &str =
    "fn cache() {\n    std::mem::forget(vec![1u8; 1001]);\n}\n\n#[test]\nfn forgets() {\n    cache();\n}\n";
const OWN: &str = "[[suppression]]\nname = \"cache\"\ntool = \"valgrind\"\nkind = \"definite\"\nrust = \">=1.60\"\n\
                   frames = [\"...\", \"it::cache\"]\ntest = \"it::forgets\"\nreason = \"kept on purpose\"\n";

#[test]
fn what_is_overlooked_is_told_and_what_need_not_be_too() {
    if !exists("/usr/bin/valgrind") {
        println!("skipped: no valgrind; apt-get install valgrind");
        return;
    }
    let made = Workspace::new(SPEC).file("Cargo.toml", MANIFEST).tests(TESTS);
    made.run(&["leak-check"]).expect(1).says(&["1 error (1 definite), in it::forgets at tests/it.rs:2"]);
    let pasted = made.run(&["leak-check", "--print-baseline"]).stdout;

    // A suppression covers it; one that nothing needs is told, but not where the choice was narrowed.
    let idle = OWN.replace("\"cache\"", "\"idle\"").replace("it::cache", "it::other");
    made.write("compat/suppressions/a.toml", OWN);
    made.write("compat/suppressions/b.toml", &idle);
    let ran = made.run(&["leak-check"]);
    ran.expect(0).prints(&["valgrind: cache: kept on purpose", "unused suppressions", "valgrind: idle"]);
    let json = made.run(&["leak-check", "--format", "json"]).expect(0).json();
    let findings = json["rows"][0]["record"]["leaks"]["findings"].as_array().unwrap();
    let of_test = findings.iter().find(|finding| finding["test"] == "forgets").unwrap();
    assert_eq!((&of_test["standing"]["standing"], &of_test["standing"]["by"]), (&"suppressed".into(), &"cache".into()));
    assert_eq!(json["totals"]["reused"], 1, "nothing is run again for a suppression");
    let narrowed = made.run(&["leak-check", "--tool", "valgrind"]);
    assert!(!narrowed.expect(0).stdout.contains("unused suppressions"), "{}", narrowed.stdout);

    // The errors of all files are told at once, each under its own name.
    made.write("compat/suppressions/b.toml", OWN);
    made.write("compat/baseline.toml", &pasted);
    let wrong = made.run(&["leak-check"]);
    wrong.expect(2).says(&[
        "b.toml:2:8",
        "`cache` already exists: it is in compat/suppressions/a.toml",
        "baseline.toml:7:10",
        "^",
    ]);

    // Accepted, then mended: the entry can go.
    std::fs::remove_dir_all(made.path("compat/suppressions")).unwrap();
    made.write("compat/baseline.toml", pasted.replace("reason = \"\"", "reason = \"goes with the next cache\""));
    made.run(&["leak-check"]).expect(0).prints(&["accepted by the baseline", "goes with the next cache"]);
    made.write("tests/it.rs", TESTS.replace("std::mem::forget", "drop"));
    made.run(&["leak-check"]).expect(0).prints(&["in the baseline but no longer found: remove them"]);
}
