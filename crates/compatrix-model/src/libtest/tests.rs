//! Test output of every kind, whole and cut, real and hostile.

use proptest::prelude::*;

use super::*;

/// libtest of Rust 1.95, as printed.
const NEW: &str = "
running 7 tests
test tests::a ... ok
test tests::b ... FAILED
test tests::c - should panic ... ok
test tests::e ... ignored, slow
test tests::d - should panic ... FAILED
test tests::f ... FAILED
test tests::g ... ok

failures:

---- tests::b stdout ----
out without newline
thread 'tests::b' (12808) panicked at src/lib.rs:19:50:
boom 3

---- tests::d stdout ----
note: test did not panic as expected at src/lib.rs:21:29
---- tests::f stdout ----
Error: \"bad\"


failures:
    tests::b
    tests::d
    tests::f

test result: FAILED. 3 passed; 3 failed; 1 ignored; 0 measured; 2 filtered out; finished in 0.12s

";

const DOCTESTS: &str = "
running 5 tests
test src/lib.rs - (line 10) ... ignored
test src/lib.rs - (line 4) - compile fail ... ok
test src/lib.rs - (line 7) - compile ... ok
test src/lib.rs - (line 1) ... ok
test src/lib.rs - foo (line 13) ... FAILED

failures:

---- src/lib.rs - foo (line 13) stdout ----
Test executable failed (exit status: 101).

stderr:
thread 'main' panicked at src/lib.rs:5:1:


failures:
    src/lib.rs - foo (line 13)

test result: FAILED. 3 passed; 1 failed; 1 ignored; 0 measured; 0 filtered out; finished in 0.23s
";

fn executable(output: &str) -> Report {
    parse("it", Source::Executable, output.as_bytes())
}

fn names(report: &Report) -> Vec<&str> {
    report.failures.iter().map(|f| f.test.as_str()).collect()
}

fn counts(passed: u32, failed: u32, ignored: u32, filtered: u32) -> Counts {
    Counts { passed, failed, ignored, filtered, compiled: 0 }
}

#[track_caller]
fn check(output: &str, complete: bool, expect: Counts, failing: &[&str], running: &[&str]) {
    let report = executable(output);
    assert_eq!(report.counts, expect, "counts of {output}");
    assert_eq!(report.complete, complete, "complete: {output}");
    assert_eq!(names(&report), failing, "failures of {output}");
    assert_eq!(report.running, running, "running in {output}");
}

#[test]
fn a_whole_output_of_today() {
    let report = executable(NEW);
    assert_eq!(report.counts, counts(3, 3, 1, 2));
    assert!(report.complete);
    assert_eq!(names(&report), ["tests::b", "tests::d", "tests::f"]);
    assert_eq!(report.failures[0].executable, "it");
    assert!(report.failures[0].output.starts_with("out without newline\nthread 'tests::b'"));
    assert!(report.failures[0].output.ends_with("boom 3"));
    assert_eq!(report.failures[1].output, "note: test did not panic as expected at src/lib.rs:21:29");
    assert_eq!(report.failures[2].output, "Error: \"bad\"");
}

#[test]
fn rust_1_70_with_windows_line_ends_and_colour() {
    let old = "\r\nrunning 1 test\r\ntest t ... \u{1b}[31mFAILED\u{1b}(B\u{1b}[m\r\n\r\nfailures:\r\n\r\n---- t stdout ----\r\n\
               thread 't' panicked at 'boom', src/lib.rs:1:2\r\n\r\n\r\nfailures:\r\n    t\r\n\r\n\
               test result: \u{1b}[31mFAILED\u{1b}[0m. 0 passed; 1 failed; 0 ignored; 0 measured; 0 filtered out; \
               finished in 0.00s\r\n";
    let report = executable(old);
    assert_eq!((report.counts, report.complete), (counts(0, 1, 0, 0), true));
    assert_eq!(report.failures[0].output, "thread 't' panicked at 'boom', src/lib.rs:1:2");
}

#[test]
fn doctests_are_added_up() {
    let report = parse("doctests", Source::Doctests, DOCTESTS.as_bytes());
    let compiled = |compiled, counts: Counts| Counts { compiled, ..counts };
    assert_eq!((report.counts, report.complete), (compiled(2, counts(1, 1, 1, 0)), true), "two were only compiled");
    assert_eq!(names(&report), ["src/lib.rs - foo (line 13)"]);
    assert!(report.failures[0].output.starts_with("Test executable failed"));

    let twice = format!("{DOCTESTS}\nall doctests ran in 0.50s; merged doctests compilation took 0.30s\n{DOCTESTS}");
    let report = parse("doctests", Source::Doctests, twice.as_bytes());
    assert_eq!((report.counts, report.complete), (compiled(4, counts(2, 2, 2, 0)), true));
    let none =
        parse("doctests", Source::Doctests, b"\nrunning 0 tests\n\ntest result: ok. 0 passed; 0 failed; 0 ignored\n");
    assert_eq!((none.counts, none.complete), (counts(0, 0, 0, 0), true));
}

#[test]
fn a_doctest_run_that_died_keeps_the_report_incomplete() {
    let died = format!("running 2 tests\ntest src/lib.rs - a (line 1) ... ok\n{DOCTESTS}");
    let report = parse("doctests", Source::Doctests, died.as_bytes());
    assert_eq!((report.counts, report.complete), (Counts { compiled: 2, ..counts(2, 1, 1, 0) }, false));
}

#[test]
fn doctests_whose_lines_do_not_add_up_are_not_complete() {
    let whole =
        "running 2 tests\ntest src/lib.rs - a (line 1) ... ok\ntest src/lib.rs - b (line 5) - compile ... ok\n\n\
                 test result: ok. 2 passed; 0 failed; 0 ignored; 0 measured; 0 filtered out\n";
    let parse = |text: &str| parse("doctests", Source::Doctests, text.as_bytes());
    assert!(parse(whole).complete);
    assert!(!parse(&whole.replace("test src/lib.rs - a (line 1) ... ok\n", "")).complete);
    assert!(!parse(&whole.replace("(line 1) ... ok", "(line 1) ... ignored")).complete);
}

#[test]
fn single_lines() {
    let end = "test result: ok. 1 passed; 0 failed; 0 ignored; 0 measured; 0 filtered out; finished in 0.00s\n";
    for line in [
        "test a ... ok",
        "test a ... ok <0.010s>",
        "test a ... bench:   1,000 ns/iter (+/- 3)",
        "test a - should panic ... ok",
    ] {
        check(&format!("running 1 test (shuffle seed: 5)\n{line}\n{end}"), true, counts(1, 0, 0, 0), &[], &[]);
        check(&format!("running 1 test\n{line}\n"), false, counts(1, 0, 0, 0), &[], &[]);
    }
    check("running 1 test\ntest a ... FAILED (time limit exceeded)\n", false, counts(0, 1, 0, 0), &["a"], &[]);
}

#[test]
fn what_was_running_when_it_died() {
    check("\nrunning 3 tests\ntest a ... ok\ntest b ... ", false, counts(1, 0, 0, 0), &[], &["b"]);
    check("running 3 tests\ntest a ... ok\ntest b ... some output\nmore\n", false, counts(1, 0, 0, 0), &[], &["b"]);
    check(
        "running 3 tests\ntest a has been running for over 60 seconds\ntest b has been running for over 60 seconds\ntest a ... ok\n",
        false,
        counts(1, 0, 0, 0),
        &[],
        &["b"],
    );
    check("", false, counts(0, 0, 0, 0), &[], &[]);
    check("usage: not libtest at all\n", false, counts(0, 0, 0, 0), &[], &[]);
}

#[test]
fn output_between_a_test_and_its_result() {
    // `--nocapture --test-threads=1`: a fake result, a glued result, a word that only looks like one.
    let output = "\nrunning 4 tests\ntest a ... hello\ntest result: ok. 9 passed; 0 failed; 0 ignored\nok\n\
                  test b ... out without newlineFAILED\ntest c ... reading the book\nok\ntest d ... it FAILED\nok\n";
    check(output, false, counts(3, 1, 0, 0), &["b"], &[]);
    let end = "\nfailures:\n\nfailures:\n    b\n\ntest result: FAILED. 3 passed; 1 failed; 0 ignored; 0 measured; 0 filtered out\n";
    check(&format!("{output}{end}"), true, counts(3, 1, 0, 0), &["b"], &[]);
    // Several threads: output, then a whole line.
    check("running 2 tests\nnoise test a ... FAILED\nx test b ... ok\n", false, counts(1, 1, 0, 0), &["a"], &[]);
}

#[test]
fn a_failing_test_may_print_libtest_output() {
    let nested = NEW.replace("out without newline", NEW);
    let report = executable(&nested);
    assert_eq!((report.counts, report.complete), (counts(3, 3, 1, 2), true));
    assert_eq!(names(&report), ["tests::b", "tests::d", "tests::f"]);
    let foreign = NEW.replace(
        "out without newline",
        "running 1 test\ntest z ... FAILED\n\nfailures:\n    z\n\ntest result: FAILED. 0 passed; 1 failed; 0 ignored",
    );
    check(&foreign, true, counts(3, 3, 1, 2), &["tests::b", "tests::d", "tests::f"], &[]);
}

#[test]
fn output_of_passing_tests_is_no_failure() {
    let output = "running 1 test\ntest a ... ok\n\nsuccesses:\n\n---- a stdout ----\nhello\n\n\nsuccesses:\n    a\n\n\
                  test result: ok. 1 passed; 0 failed; 0 ignored; 0 measured; 0 filtered out\n";
    check(output, true, counts(1, 0, 0, 0), &[], &[]);
}

#[test]
fn a_hundred_failures_are_kept_and_four_kilobytes_of_each() {
    let mut output = String::from("running 500 tests\n");
    for n in 0..500 {
        output += &format!("test t{n:03} ... FAILED\n");
    }
    output += "\nfailures:\n\n";
    for n in 0..500 {
        output += &format!("---- t{n:03} stdout ----\nfirst of {n}\n{}last of {n}\n", "é middle\n".repeat(2000));
    }
    output += "\nfailures:\n";
    for n in 0..500 {
        output += &format!("    t{n:03}\n");
    }
    output += "\ntest result: FAILED. 0 passed; 500 failed; 0 ignored; 0 measured; 0 filtered out; finished in 1s\n";
    let report = executable(&output);
    assert_eq!((report.counts.failed, report.complete, report.failures.len()), (500, true, 100));
    for (n, failure) in report.failures.iter().enumerate() {
        assert!(failure.output.len() <= 4096, "{}", failure.output.len());
        assert!(
            failure.output.starts_with(&format!("first of {n}\n")) && failure.output.ends_with(&format!("last of {n}"))
        );
    }
}

#[test]
fn a_line_of_many_megabytes_costs_no_memory() {
    let mut parser = Parser::new("it", Source::Executable);
    parser.feed(b"running 1 test\ntest a ... ");
    for _ in 0..2000 {
        parser.feed(&[b'x'; 10_000]);
        assert!(parser.lines.held() < 8192);
    }
    parser.feed(b"\xff\xfeok\ntest result: ok. 1 passed; 0 failed; 0 ignored; 0 measured; 0 filtered out\n");
    let report = parser.finish();
    assert_eq!((report.counts, report.complete), (counts(1, 0, 0, 0), true));
}

fn fragment() -> impl Strategy<Value = Vec<u8>> {
    prop_oneof![
        3 => proptest::sample::select(vec![
            "running 2 tests\n", "test a ... ", "ok\n", "FAILED\n", "failures:\n", "---- a stdout ----\n", "    a\n", "\n",
            "test result: FAILED. 1 passed; 1 failed; 0 ignored; 0 measured; 0 filtered out\n", "test b - should panic ... ok\n",
            "test result: ok. 4294967295 passed; 4294967295 failed; 9 ignored\n", "running 99999999999999999999 tests\n", "\u{1b}[3", "…",
        ]).prop_map(|s| s.as_bytes().to_vec()),
        1 => proptest::collection::vec(any::<u8>(), 0..40),
        1 => (0usize..6000).prop_map(|n| vec![b'y'; n]),
    ]
}

proptest! {
    #[test]
    fn chunking_does_not_matter(parts in proptest::collection::vec(fragment(), 0..30), cuts in proptest::collection::vec(1usize..700, 1..40)) {
        let output: Vec<u8> = parts.concat();
        let whole = parse("it", Source::Executable, &output);
        let mut parser = Parser::new("it", Source::Executable);
        let mut rest = &output[..];
        for cut in cuts.iter().cycle() {
            if rest.is_empty() { break; }
            let (now, later) = rest.split_at((*cut).min(rest.len()));
            parser.feed(now);
            rest = later;
        }
        prop_assert_eq!(parser.finish(), whole);
        let _ = parse("doctests", Source::Doctests, &output);
    }

    #[test]
    fn a_real_output_is_read_the_same_however_it_is_cut(cut in 1usize..200) {
        let mut parser = Parser::new("it", Source::Executable);
        for chunk in NEW.as_bytes().chunks(cut) {
            parser.feed(chunk);
        }
        prop_assert_eq!(parser.finish(), executable(NEW));
    }
}

#[test]
fn the_list_of_tests_says_which_one_died() {
    let list = |names: &str| names.split(' ').map(str::to_owned).collect::<Vec<_>>();
    #[track_caller]
    fn died(output: &str, listed: &[String], serial: bool) -> Report {
        let mut report = executable(output);
        assert!(!report.complete);
        report.against(listed, serial);
        report
    }
    // Two threads: a line for each test that ended, and what a test printed in between.
    let report =
        died("running 3 tests\ntest a ... ok\n\ntest ghost ... FAILED\ntest b ... FAILED\n", &list("a b zz"), false);
    assert_eq!((names(&report), report.running.as_slice()), (vec!["b"], &list("zz")[..]));
    assert_eq!(report.counts, counts(1, 1, 0, 0), "the ghost does not count");

    // One thread: what was running has a line of its own, whatever was printed after it.
    for printed in
        ["", "\ntest ghost ... ", "\ntest c ... ", "\ntest c ... ok\n", "test a has been running for over 60 seconds\n"]
    {
        let report = died(&format!("running 3 tests\ntest a ... ok\ntest b ... {printed}"), &list("a b c"), true);
        assert_eq!(report.running, list("b"), "{printed:?}");
    }

    // Nothing tells which of several it was, unless libtest said that one is slow.
    let report = died("running 3 tests\ntest b ... ok\n", &list("a b c"), false);
    assert_eq!((report.running.as_slice(), report.unfinished.as_slice()), (&[][..], &list("a c")[..]));
    let slow = "test a has been running for over 60 seconds\ntest ghost has been running for over 60 seconds\n";
    let report = died(&format!("running 3 tests\ntest b ... ok\n{slow}"), &list("a b c"), false);
    assert_eq!((report.running.as_slice(), report.unfinished.as_slice()), (&list("a")[..], &[][..]));

    // A whole output is believed as it is.
    let mut whole = executable(NEW);
    whole.against(&[], false);
    assert_eq!(whole, executable(NEW));
    assert_eq!(listed_benchmarks("a: test\nb: benchmark\n"), list("b"));
    assert_eq!(parse_list("a: test\nb: benchmark\nm::c: test\n\n2 tests, 1 benchmark\n"), list("a m::c"));
}

/// The end of libtest's output.
fn end(passed: u32, ignored: u32) -> String {
    format!("\ntest result: ok. {passed} passed; 0 failed; {ignored} ignored; 0 measured; 0 filtered out; finished in 0.00s\n\n")
}

/// Why this output is not believed, with the list of tests and without.
#[track_caller]
fn doubts(output: &str, listed: &str) -> (Option<String>, Option<String>) {
    let report = executable(output);
    assert!(report.complete && report.counts.failed == 0, "{output}");
    let listed: Vec<String> = listed.split_whitespace().map(str::to_owned).collect();
    (report.doubt(Some(&listed)), report.doubt(None))
}

#[test]
fn a_result_is_believed_if_each_test_has_its_line() {
    let two = end(2, 0);
    for lines in [
        "test a ... ok\ntest b ... ok\n".to_owned(),
        "test b - should panic ... ok\ntest a ... ok <0.010s>\n".to_owned(),
        // Output of tests before, within and after a line, on one thread and on several.
        "test a ... hello\nok\ntest b ... reading the book\nmoreok\n".to_owned(),
        "noise test a ... ok\nx test b ... ok\n".to_owned(),
        "test a ... noise\nand test b ... ok\nok\n".to_owned(),
        "test a ... \nfailures:\n\n---- inner stdout ----\nboom\nok\ntest b ... ok\n".to_owned(),
        "test a ... okand more\n\ntest b ... ok\n".to_owned(),
        "halftest a ... more\nok\ntest b ... ok\n".to_owned(),
        // What another harness prints: of its own tests, and of one with the same name.
        format!("running 1 test\ntest inner ... FAILED\n\nfailures:\n\n---- inner stdout ----\nboom\n\ntest a ... ok\ntest b ... ok\n{}", end(1, 0)),
        format!("running 1 test\ntest b ... ok\n{}test a ... ok\ntest b ... ok\n", end(1, 0)),
    ] {
        let output = format!("\nrunning 2 tests\n{lines}{two}");
        assert_eq!(doubts(&output, "a b").0, None, "{output}");
    }
    let output = format!(
        "running 3 tests\ntest a ... ok\ntest b ... ignored, slow\ntest c ... bench: 1 ns/iter (+/- 0)\n{}",
        end(1, 1).replace("0 measured", "1 measured")
    );
    assert_eq!(doubts(&output, "a b c"), (None, None));
    assert_eq!(doubts(&format!("running 0 tests\n{}", end(0, 0)), ""), (None, None));
    let shown = format!("running 1 test\ntest a ... ok\n\nsuccesses:\n\n---- a stdout ----\ntest a ... FAILED\n\n\nsuccesses:\n    a\n{}", end(1, 0));
    assert_eq!(doubts(&shown, "a"), (None, None), "captured output disputes nothing");
}

#[test]
fn a_result_that_a_test_printed_is_not_believed() {
    #[track_caller]
    fn doubted(lines: &str, why: &str) {
        let (with, without) = doubts(&format!("running 2 tests\n{lines}"), "a b");
        assert!(with.as_ref().is_some_and(|said| said.contains(why)), "{lines}: {with:?}");
        assert!(without.is_some(), "{lines}, without a list");
    }
    let two = end(2, 0);
    doubted(&two, "none for a, b");
    doubted(&format!("test a ... ok\n{two}"), "none for b");
    doubted(&format!("test a ... {two}"), "none for a, b");
    // On one thread the line begins before the test.
    doubted(&format!("test a ... ok\ntest b ... printed\n{two}"), "none for b");
    doubted(&format!("{two}test a ... ok\ntest b ... ok\n"), "none for a, b");
    doubted(&format!("test a ... ok\ntest b ... ignored\n{two}"), "of 1 and 1");
    let ghosts = format!("running 2 tests\ntest x ... ok\ntest y ... ok\n{two}");
    assert_eq!(doubts(&ghosts, "a b").0.unwrap(), doubts(&format!("running 2 tests\n{two}"), "a b").0.unwrap());
    let disputed = format!("running 2 tests\ntest a ... ok\ntest b ... FAILED\ntest b ... ok\n{two}");
    assert!(doubts(&disputed, "a b").0.unwrap().contains("several results for b"));
    let other = doubts(&format!("running 2 tests\ntest a ... ok\ntest b ... ok\n{two}"), "a b c").0.unwrap();
    assert!(other.contains("announces 2 tests, but it lists 3"), "{other}");
    check(&two, false, counts(0, 0, 0, 0), &[], &[]);
    check(&format!("running 3 tests\n{two}"), false, counts(0, 0, 0, 0), &[], &[]);
}

#[test]
fn tests_that_start_their_own_executable_again_and_modules_called_result_are_believed() {
    let again = "\nrunning 2 tests\ntest child ... ignored\n\nrunning 1 test\ntest child ... ok\n\ntest result: ok. 1 passed; 0 \
                 failed; 0 ignored; 0 measured; 1 filtered out; finished in 0.00s\n\ntest parent ... ok\n\ntest result: ok. 1 \
                 passed; 0 failed; 1 ignored; 0 measured; 0 filtered out; finished in 0.00s\n\n";
    assert_eq!(doubts(again, "child parent"), (None, None));
    let module =
        "\nrunning 1 test\ntest result::works ... ok\n\ntest result: ok. 1 passed; 0 failed; 0 ignored; 0 measured; 0 \
                  filtered out; finished in 0.00s\n\n";
    assert_eq!(doubts(module, "result::works"), (None, None));
}
