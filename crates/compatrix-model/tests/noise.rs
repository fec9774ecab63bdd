//! Suppressions, baseline and policy from outside: what is refused, what is covered, what a record comes to.

use std::collections::{BTreeMap, BTreeSet};

use compatrix_leak::{
    attribute,
    baseline::{a_quarter_after, stanzas, Baseline},
    suppress::{built_in, parse_bytes, Suppression},
    Canary, Each, Finding, FindingKind, Frame, FrameOrigin, LeakReport, LeakSettings, NotRunnable, Policy, Standing,
    Tool,
};
use compatrix_model::evidence::{leak_usage, Counts, Record};
use compatrix_model::outcome::Outcome;
use semver::Version;

const TODAY: &str = "2026-11-21";

fn settings() -> LeakSettings {
    LeakSettings {
        tool: Tool::Valgrind,
        errors_for: FindingKind::ALL.iter().copied().filter(|kind| kind.fails_by_default()).collect(),
        each: Each::Auto,
        repeat: 12,
        seeds: 1,
        flags: Vec::new(),
    }
}

fn frame(function: &str, file: Option<(&str, u32)>) -> Frame {
    Frame {
        function: function.to_owned(),
        file: file.map(|(file, _)| file.to_owned()),
        line: file.map(|(_, line)| line),
        origin: if file.is_some() { FrameOrigin::Own } else { FrameOrigin::Toolchain },
        ..Frame::default()
    }
}

/// A finding of a test `shelf::tests::NAME` of an executable `library`.
fn finding(kind: FindingKind, name: &str) -> Finding {
    let stack = vec![
        frame("malloc", None),
        frame("alloc::alloc::alloc", None),
        frame("library::shelf::Shelf::grow", Some(("src/shelf.rs", 40))),
        frame(&format!("library::shelf::tests::{name}"), Some(("src/shelf.rs", 90))),
    ];
    let mut finding =
        Finding { bytes: 64, blocks: 1, stack, ..Finding::raw(Tool::Valgrind, kind, "64 bytes in 1 block") };
    finding.executable = "library".to_owned();
    finding.test = Some(format!("shelf::tests::{name}"));
    finding.fingerprint = attribute::fingerprint(&finding);
    finding
}

fn record(findings: Vec<Finding>) -> Record {
    let ran = Counts { passed: 3, ..Counts::default() };
    Record {
        suite: "valgrind".to_owned(),
        cell: "rust=stable".parse().unwrap(),
        key: None,
        outcome: Outcome::Passed,
        cause: String::new(),
        attempts: 1,
        tests: ran,
        doctests: None,
        failures: Vec::new(),
        leaks: Some(LeakReport {
            tool: Tool::Valgrind,
            version: "valgrind-3.19.0".to_owned(),
            canary: Canary::Proven { found: "definite, 1031 bytes".to_owned() },
            outcome: Outcome::Passed,
            cause: String::new(),
            ran: 3,
            not_proven: Vec::new(),
            suppressed: Vec::new(),
            not_runnable: Vec::new(),
            findings,
            notes: Vec::new(),
        }),
        measured: None,
        proof: None,
        started: 0,
        duration_ms: 0,
        executables_ms: 0,
    }
}

fn policy(suppressions: &str, baseline: &str) -> Policy {
    let mut policy = Policy::default();
    let more = parse_bytes(suppressions.as_bytes(), "compat/suppressions/own.toml", built_in());
    policy.suppressions.extend(more.unwrap_or_else(|e| panic!("{}", e.render(false, 100))));
    policy.baseline = Baseline::parse_bytes(baseline.as_bytes(), "compat/baseline.toml").unwrap();
    policy
}

fn judged(policy: &Policy, mut record: Record) -> Record {
    record.judge_leaks(policy, &settings(), TODAY);
    record
}

fn one(text: &str) -> Suppression {
    let text = format!("[[suppression]]\nname = \"own\"\nreason = \"known\"\n{text}");
    let parsed = parse_bytes(text.as_bytes(), "own.toml", &[]).unwrap_or_else(|e| panic!("{}", e.render(false, 100)));
    parsed.into_iter().next().unwrap()
}

#[test]
fn frames_match_from_the_innermost() {
    let leak = finding(FindingKind::Definite, "grows");
    for (frames, covers) in [
        (r#"["malloc"]"#, true),
        (r#"["malloc", "alloc::*"]"#, true),
        (r#"["alloc::*"]"#, false),
        (r#"["...", "alloc::*"]"#, true),
        (r#"["...", "library::shelf::*::grow"]"#, true),
        (r#"["malloc", "...", "library::*", "library::shelf::tests::grows"]"#, true),
        (r#"["malloc", "library::*"]"#, false),
        (r#"["...", "library::shelf::tests::grows", "*"]"#, false),
        (r#"["...", "library::shelf::tests::grows", "..."]"#, true),
        (r#"["...", "malloc", "...", "malloc"]"#, false),
    ] {
        assert_eq!(one(&format!("tool = \"valgrind\"\nframes = {frames}\n")).covers(&leak, None), covers, "{frames}");
    }
}

#[test]
fn objects_tests_kinds_tools_and_words_narrow() {
    let mut leak = finding(FindingKind::Definite, "grows");
    leak.stack[0].object = Some("/usr/lib/libfoo.so.3".to_owned());
    for (text, covers) in [
        ("tool = \"valgrind\"\nframes = [\"obj:*/libfoo.so*\"]", true),
        ("tool = \"valgrind\"\nframes = [\"obj:*/libbar.so*\"]", false),
        ("tool = \"valgrind\"\nframes = [\"malloc\", \"obj:*\"]", false),
        ("tool = \"asan\"\nframes = [\"malloc\"]", false),
        ("tool = [\"asan\", \"valgrind\"]\nframes = [\"malloc\"]", true),
        ("tool = \"valgrind\"\nkind = \"possible\"\nframes = [\"malloc\"]", false),
        ("tool = \"valgrind\"\nkind = [\"possible\", \"definite\"]\nframes = [\"malloc\"]", true),
        ("tool = \"valgrind\"\ntest = \"shelf::*\"\nframes = [\"malloc\"]", true),
        ("tool = \"valgrind\"\ntest = \"library::*::grows\"\nframes = [\"malloc\"]", true),
        ("tool = \"valgrind\"\ntest = \"shelf::tests::shrinks\"\nframes = [\"malloc\"]", false),
        ("tool = \"valgrind\"\nwhat = \"64 bytes*\"", true),
        ("tool = \"valgrind\"\nwhat = \"65 bytes*\"", false),
    ] {
        assert_eq!(one(text).covers(&leak, None), covers, "{text}");
    }
}

#[test]
fn ranges_take_a_pre_release_for_its_release() {
    let leak = finding(FindingKind::Definite, "grows");
    let ranged = one("tool = \"valgrind\"\nrust = \">=1.83, <1.94\"\nframes = [\"malloc\"]");
    for (rust, covers) in [("1.82.0", false), ("1.83.0", true), ("1.93.1-nightly", true), ("1.94.0-beta.2", false)] {
        assert_eq!(ranged.covers(&leak, Some(&Version::parse(rust).unwrap())), covers, "{rust}");
    }
    assert!(!ranged.covers(&leak, None), "a toolchain that is not known");
}

/// A built-in suppression, and what it covers: kind, stack, and toolchains with whether it is for them.
type Seen = (&'static str, FindingKind, &'static [&'static str], &'static [(&'static str, bool)]);

/// Stacks as valgrind 3.19 gives them, the parts that matter.
#[test]
fn built_in_suppressions_cover_what_was_seen() {
    let cases: [Seen; 5] = [
        (
            "std-thread-handle",
            FindingKind::Possible,
            &[
                "malloc",
                "alloc",
                "new_uninit_in<std::thread::thread::Inner, std::alloc::System>",
                "<std::thread::thread::Thread>::new",
                "std::thread::current::init_current",
                "current_or_unnamed",
                "<std::sync::mpmc::context::Context>::new",
                "test::console::run_tests_console",
                "test::test_main_static",
            ],
            &[("1.85.0", false), ("1.88.0", true), ("1.95.0", true), ("1.97.0-nightly", true), ("1.98.0", false)],
        ),
        (
            "std-main-stack",
            FindingKind::Reachable,
            &[
                "malloc",
                "alloc_impl_runtime",
                "insert<usize, std::sys::pal::unix::stack_overflow::thread_info::ThreadInfo, alloc::alloc::Global>",
                "std::sys::pal::unix::stack_overflow::thread_info::set_current_info",
                "init",
                "std::rt::lang_start_internal",
            ],
            &[("1.85.0", false), ("1.95.0", true), ("1.96.0", true)],
        ),
        (
            "std-symbols",
            FindingKind::Reachable,
            &["malloc", "alloc", "<std::backtrace_rs::symbolize::gimli::Context>::new", "library::tests::traces"],
            &[("1.63.0", false), ("1.78.0", true), ("1.97.0-nightly", true)],
        ),
        (
            "std-stdin",
            FindingKind::Reachable,
            &["malloc", "with_capacity<std::io::stdio::StdinRaw>", "std::io::stdio::stdin", "library::tests::reads"],
            &[("1.63.0", true), ("1.97.0-nightly", true)],
        ),
        (
            "libtest-panic-hook",
            FindingKind::Reachable,
            &["malloc", "exchange_malloc", "new<test::test_main::{closure_env#0}>", "test::test_main"],
            &[("1.63.0", false), ("1.78.0", true), ("1.85.0", false)],
        ),
    ];
    assert_eq!(built_in().len(), cases.len());
    for (name, kind, stack, versions) in cases {
        let mut seen = Finding::raw(Tool::Valgrind, kind, "");
        seen.stack = stack.iter().map(|function| frame(function, None)).collect();
        for (rust, covered) in versions {
            let rust = Version::parse(rust).unwrap();
            let by: Vec<&str> = built_in().iter().filter(|s| s.covers(&seen, Some(&rust))).map(|s| &*s.name).collect();
            let expected: &[&str] = if *covered { &[name] } else { &[] };
            assert_eq!(by, expected, "{name} on {rust}");
        }
        // A leak of the same place is a leak.
        seen.kind = FindingKind::Definite;
        assert!(built_in().iter().all(|s| !s.covers(&seen, Some(&Version::new(1, 95, 0)))), "{name}");
    }
}

#[test]
fn a_record_comes_to_what_its_findings_are() {
    let none = policy("", "");
    let clean = judged(&none, record(Vec::new()));
    assert_eq!((clean.outcome, clean.cause.as_str()), (Outcome::Passed, ""));

    let leaks = || vec![finding(FindingKind::Definite, "grows"), finding(FindingKind::UseAfterFree, "shrinks")];
    let noted = judged(&none, record(vec![finding(FindingKind::Possible, "grows")]));
    assert_eq!(noted.outcome, Outcome::Passed);
    assert_eq!(noted.leaks.unwrap().findings[0].standing, Standing::Noted);

    let leaking = judged(&none, record(leaks()));
    let errors = "valgrind: 2 errors (1 definite, 1 use-after-free); the first in library::shelf::tests::grows at \
                  src/shelf.rs:40";
    assert_eq!((leaking.outcome, leaking.cause.as_str()), (Outcome::Failed, errors));
    // Again, with the same policy and with one that covers all.
    assert_eq!(judged(&none, leaking.clone()), leaking);
    let all =
        policy("[[suppression]]\nname = \"own\"\ntool = \"valgrind\"\nframes = [\"malloc\"]\nreason = \"r\"\n", "");
    let covered = judged(&all, leaking);
    assert_eq!((covered.outcome, covered.cause.as_str()), (Outcome::Passed, ""));
    assert_eq!(judged(&none, covered).cause, errors);

    let mut failing = record(vec![finding(FindingKind::Definite, "grows")]);
    failing.tests.failed = 1;
    let report = failing.leaks.as_mut().unwrap();
    (report.outcome, report.cause) = (Outcome::Failed, "1 test failed: library::shelf::tests::sorts".to_owned());
    let both = judged(&none, failing);
    assert_eq!(
        both.cause,
        "1 test failed: library::shelf::tests::sorts; and valgrind: 1 error (1 definite), in library::shelf::tests::grows \
         at src/shelf.rs:40"
    );

    let mut crashed = record(leaks());
    let report = crashed.leaks.as_mut().unwrap();
    (report.outcome, report.cause) = (Outcome::Crashed, "library: SIGABRT".to_owned());
    let crashed = judged(&none, crashed);
    assert_eq!(crashed.outcome, Outcome::Crashed);
    assert_eq!(crashed.cause, format!("library: SIGABRT; and {errors}"));
}

#[test]
fn a_tool_that_proved_nothing_or_ran_nothing_is_no_pass() {
    let none = policy("", "");
    let mut unproven = record(vec![finding(FindingKind::Definite, "grows")]);
    unproven.leaks.as_mut().unwrap().canary = Canary::NotProven { why: "the planted leak was not found".to_owned() };
    let unproven = judged(&none, unproven);
    assert_eq!(unproven.outcome, Outcome::Infrastructure);
    assert_eq!(unproven.cause, "tool not proven: the planted leak was not found");

    let mut idle = record(Vec::new());
    idle.tests = Counts::default();
    let report = idle.leaks.as_mut().unwrap();
    report.ran = 0;
    let tests = vec!["library::a".to_owned(), "library::b".to_owned()];
    report.not_runnable = vec![NotRunnable { reason: "calls the foreign function open_v2".to_owned(), tests }];
    let idle = judged(&none, idle);
    assert_eq!(idle.outcome, Outcome::Failed);
    assert_eq!(idle.cause, "no test could be run under valgrind: calls the foreign function open_v2 (2)");

    let mut nothing = record(Vec::new());
    (nothing.leaks, nothing.outcome, nothing.cause) = (None, Outcome::BuildFailed, "error[E0308]".to_owned());
    assert_eq!(judged(&none, nothing.clone()), nothing);
}

#[test]
fn a_quarter_ends_with_a_month() {
    for (today, last) in [
        ("2026-08-21", "2026-11-30"),
        ("2026-10-31", "2027-01-31"),
        ("2026-11-30", "2027-02-28"),
        ("2027-11-01", "2028-02-29"),
    ] {
        assert_eq!(a_quarter_after(today), last);
    }
}

#[test]
fn a_baseline_accepts_until_its_day_and_shrinks() {
    let leak = finding(FindingKind::Definite, "grows");
    let pasted = stanzas([[&leak]], "2027-01-31");
    let empty = Baseline::parse_bytes(pasted.as_bytes(), "b").unwrap_err();
    assert_eq!(empty.list[0].message, "the text is blank", "a reason is asked for");
    let pasted = pasted.replace("reason = \"\"", "reason = \"goes with the next cache\"");
    assert!(pasted.contains("what = \"definite: 64 bytes in 1 block, in library::shelf::tests::grows, by"), "{pasted}");
    let gone = "[[accepted]]\nfingerprint = \"00000000000000aa\"\nreason = \"r\"\nuntil = 2027-01-31\n";
    let policy = policy("", &(pasted + gone));

    let accepted = judged(&policy, record(vec![leak.clone()]));
    assert_eq!((accepted.outcome, accepted.cause.as_str()), (Outcome::Passed, ""));
    let usage = leak_usage(&policy, &[&accepted], true, TODAY);
    assert_eq!(usage.accepted.iter().map(|a| &a.fingerprint).collect::<Vec<_>>(), [&leak.fingerprint]);
    assert_eq!(usage.vanished.iter().map(|a| a.fingerprint.as_str()).collect::<Vec<_>>(), ["00000000000000aa"]);
    assert!(usage.expired.is_empty() && usage.suppressions.is_empty(), "{usage:?}");
    assert!(leak_usage(&policy, &[&accepted], false, TODAY).vanished.is_empty(), "a narrowed run proves nothing gone");
    let mut crashed = accepted.clone();
    crashed.leaks.as_mut().unwrap().outcome = Outcome::Crashed;
    assert!(leak_usage(&policy, &[&crashed], true, TODAY).vanished.is_empty(), "nor does one that crashed");

    let mut last_day = accepted.clone();
    last_day.judge_leaks(&policy, &settings(), "2027-01-31");
    assert_eq!(last_day.outcome, Outcome::Passed, "the last day counts");

    let later = "2027-02-01";
    let mut expired = record(vec![leak]);
    expired.judge_leaks(&policy, &settings(), later);
    assert_eq!(expired.outcome, Outcome::Failed);
    assert!(expired.cause.ends_with("(1 accepted until a day that has passed)"), "{}", expired.cause);
    assert_eq!(leak_usage(&policy, &[&expired], true, later).expired.len(), 1);
}

#[test]
fn own_suppressions_are_reported_when_unused_and_built_in_ones_when_used() {
    let text = "[[suppression]]\nname = \"own\"\ntool = [\"valgrind\", \"asan\"]\nframes = [\"malloc\"]\nreason = \"r\"\n\
                [[suppression]]\nname = \"idle\"\ntool = [\"lsan\", \"valgrind\"]\nframes = [\"free\"]\nreason = \"r\"\n\
                [[suppression]]\nname = \"elsewhere\"\ntool = \"miri\"\nframes = [\"free\"]\nreason = \"r\"\n";
    let policy = policy(text, "");
    let record =
        judged(&policy, record(vec![finding(FindingKind::Definite, "a"), finding(FindingKind::Possible, "b")]));
    let used = |complete| {
        let usage = leak_usage(&policy, &[&record], complete, TODAY);
        usage.suppressions.into_iter().map(|s| (s.name, (s.tool, s.used, s.built_in))).collect::<BTreeMap<_, _>>()
    };
    let own = ("own".to_owned(), (Tool::Valgrind, 2, false));
    assert_eq!(used(false), BTreeMap::from([own.clone()]));
    assert_eq!(used(true), BTreeMap::from([own, ("idle".to_owned(), (Tool::Valgrind, 0, false))]));
    let names: BTreeSet<&str> = built_in().iter().map(|s| s.name.as_str()).collect();
    assert_eq!(names.len(), built_in().len());
}

#[test]
fn of_a_cycle_one_leak_is_definite() {
    let leak = |kind, test: &str, bytes, line| {
        let mut leak = Finding { tool: Tool::Lsan, bytes, ..finding(kind, test) };
        leak.stack[2].line = Some(line);
        leak
    };
    use FindingKind::{Definite, Indirect};
    let findings = vec![
        leak(Indirect, "cycle", 16, 1),
        leak(Indirect, "cycle", 64, 2),
        leak(Indirect, "tree", 64, 1),
        leak(Definite, "tree", 8, 2),
        Finding { tool: Tool::Valgrind, ..leak(Indirect, "whole", 8, 1) },
    ];
    let mut named = findings.clone();
    attribute::name_cycles(&mut named);
    let merged = attribute::merged(named);
    let seen = merged.iter().map(|f| (f.test.as_deref().unwrap().rsplit("::").next().unwrap(), f.kind, f.bytes));
    assert_eq!(
        seen.collect::<Vec<_>>(),
        [
            ("cycle", Definite, 64),
            ("cycle", Indirect, 16),
            ("tree", Definite, 8),
            ("tree", Indirect, 64),
            ("whole", Indirect, 8)
        ]
    );
    assert_eq!(merged[0].what, "64 bytes in 1 block definitely lost; only blocks of its own cycle point to it");
    assert_ne!(merged[0].fingerprint, findings[1].fingerprint, "the kind is part of it");
}

#[test]
fn what_several_tools_find_is_accepted_of_all_at_once() {
    let leak = finding(FindingKind::Definite, "grows");
    let again = Finding { tool: Tool::Asan, ..leak.clone() };
    let known = Finding { standing: Standing::Expired { until: "2026-01-01".to_owned() }, ..leak.clone() };
    let one = stanzas([[&leak, &leak]], "2027-01-31");
    assert!(one.contains("tool = \"valgrind\"") && one.matches("[[accepted]]").count() == 1, "{one}");
    let both = stanzas([[&leak, &again, &leak]], "2027-01-31");
    assert!(!both.contains("tool =") && both.matches("[[accepted]]").count() == 1, "{both}");
    assert_eq!(stanzas([[&known]], "2027-01-31"), "", "it stands in the file already");
}
