//! valgrind's reports, as valgrind 3.19 wrote them for a small test executable (`leak/valgrind/errors.xml`, shortened),
//! whole, cut anywhere, and damaged.

use compatrix_leak::{
    attribute::{complete, Context},
    valgrind::{parse, version, Trouble},
    Finding, FindingKind, FrameOrigin,
};

const ERRORS: &str = include_str!("leak/valgrind/errors.xml");

fn findings() -> Vec<Finding> {
    let parsed = parse(ERRORS);
    assert_eq!(parsed.trouble, None);
    let tests = ["decides_on_nothing", "frees_twice", "leaks_and_fails", "reads_beyond", "reads_freed"];
    let tests = tests.map(str::to_owned);
    let context = Context { executable: "errs", tests: &tests, root: "/w", not_own: &["target"] };
    let mut findings = parsed.findings;
    findings.iter_mut().for_each(|finding| complete(finding, &context));
    findings
}

#[track_caller]
fn check(kind: FindingKind, test: Option<&str>, bytes: u64, line: Option<u32>) {
    let all = findings();
    let found: Vec<_> = all.iter().filter(|finding| finding.kind == kind).collect();
    let [finding] = found.as_slice() else { panic!("{} of {kind}", found.len()) };
    assert_eq!((finding.test.as_deref(), finding.bytes), (test, bytes), "{finding:#?}");
    let own = finding.stack.iter().find(|frame| frame.origin == FrameOrigin::Own);
    assert_eq!(own.and_then(|frame| frame.line), line, "{finding:#?}");
    assert!(own.is_none_or(|frame| frame.file.as_deref() == Some("errs.rs")), "{finding:#?}");
}

#[test]
fn every_kind_is_attributed_to_its_test_and_line() {
    check(FindingKind::Uninitialised, Some("decides_on_nothing"), 0, Some(5));
    check(FindingKind::InvalidFree, Some("frees_twice"), 0, Some(3));
    check(FindingKind::InvalidAccess, Some("reads_beyond"), 0, Some(4));
    check(FindingKind::UseAfterFree, Some("reads_freed"), 0, Some(2));
    check(FindingKind::Definite, Some("leaks_and_fails"), 33, Some(6));
}

#[test]
fn what_the_libtest_thread_leaves_is_no_test_s() {
    check(FindingKind::Possible, None, 48, Some(1));
}

#[test]
fn where_a_block_was_freed_is_told_too() {
    let all = findings();
    let freed = all.iter().find(|finding| finding.kind == FindingKind::UseAfterFree).unwrap();
    let places: Vec<&str> =
        freed.related.iter().map(|related| related.what.split(" a block").next().unwrap()).collect();
    assert_eq!(freed.related.len(), 2, "{places:?}");
    assert!(freed.related[0].what.contains("free'd"), "{places:?}");
    assert!(freed.related[0].stack.iter().any(|frame| frame.function.ends_with("freed")), "{freed:#?}");
    assert_eq!(freed.related[1].what, "Block was alloc'd at");
}

#[test]
fn inlined_frames_are_told_from_others() {
    let all = findings();
    let leak = all.iter().find(|finding| finding.kind == FindingKind::Definite).unwrap();
    assert!(leak.stack.iter().any(|frame| frame.inlined) && !leak.stack.iter().all(|frame| frame.inlined));
    assert!(!leak.what.contains("loss record"), "{}", leak.what);
}

#[test]
fn a_report_cut_anywhere_keeps_what_came_before() {
    let all = parse(ERRORS).findings.len();
    let end = ERRORS.rfind("<state>FINISHED").unwrap();
    let mut most = 0;
    for at in (1..end).step_by(97) {
        let parsed = parse(&ERRORS[..at]);
        assert!(parsed.trouble.is_some(), "cut at {at}");
        assert!(parsed.findings.len() >= most && parsed.findings.len() <= all, "cut at {at}");
        most = parsed.findings.len();
    }
    assert!(most >= 3, "{most}");
    assert_eq!(parse(&ERRORS[..end]).trouble, Some(Trouble::Cut));
    assert_eq!(parse(" \n").trouble, Some(Trouble::Empty));
}

#[test]
fn what_is_no_report_is_not_taken_for_one() {
    for text in [
        "Killed",
        "<html><body>no</body></html>",
        "<valgrindoutput><protocoltool>helgrind</protocoltool></valgrindoutput>",
    ] {
        let trouble = parse(text).trouble;
        assert!(matches!(trouble, Some(Trouble::Malformed(_))), "{text}: {trouble:?}");
    }
    let damaged = ERRORS.replacen("</kind>", "</knd>", 1);
    assert!(matches!(parse(&damaged).trouble, Some(Trouble::Malformed(_))), "{:?}", parse(&damaged).trouble);
}

#[test]
fn versions_as_valgrind_says_them() {
    let of = |text: &str| version(text).map(|version| version.to_string());
    assert_eq!(of("valgrind-3.19.0"), Some("3.19.0".to_owned()));
    assert_eq!(of("valgrind-3.22.0.GIT"), Some("3.22.0".to_owned()));
    assert_eq!(of("valgrind-3.25"), Some("3.25.0".to_owned()));
    assert_eq!(of("something else"), None);
    assert_eq!(of(""), None);
}

#[test]
fn a_fingerprint_survives_line_shifts_and_recompilation() {
    let before = findings();
    let moved = ERRORS.replace("<line>6</line>", "<line>106</line>").replace("<ip>0x1", "<ip>0x7");
    assert_ne!(moved, ERRORS);
    let parsed = parse(&moved).findings;
    let tests =
        ["decides_on_nothing", "frees_twice", "leaks_and_fails", "reads_beyond", "reads_freed"].map(str::to_owned);
    let context = Context { executable: "errs", tests: &tests, root: "/w", not_own: &["target"] };
    for (old, mut new) in before.into_iter().zip(parsed) {
        complete(&mut new, &context);
        assert_eq!(old.fingerprint, new.fingerprint, "{}", old.what);
    }
}

#[test]
fn the_process_its_command_and_what_was_suppressed_are_read() {
    let parsed = parse(ERRORS);
    assert_eq!(parsed.command, ["./errs", "--test-threads=1"]);
    assert!(parsed.pid.0 > 0 && parsed.pid.1 > 0 && parsed.suppressed.is_empty(), "{:?}", parsed.pid);
    let pair = "<suppcounts><pair><count>3</count><name>hides &lt;it&gt;</name></pair></suppcounts>";
    let hides = ERRORS.replace("</valgrindoutput>", &format!("{pair}</valgrindoutput>"));
    assert_eq!(parse(&hides).suppressed, [("hides <it>".to_owned(), 3)]);
}
