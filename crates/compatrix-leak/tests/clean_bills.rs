//! When a report is no clean bill, though no finding fails it; and which findings belong to no test.

use compatrix_leak::attribute::{complete, earlier_fingerprint, fingerprint, Context};
use compatrix_leak::baseline::{stanzas, Baseline};
use compatrix_leak::{
    Canary, Each, Finding, FindingKind, Frame, FrameOrigin, LeakReport, LeakSettings, Outcome, Policy, Standing, Tool,
};

const TODAY: &str = "2026-10-01";

fn settings() -> LeakSettings {
    let errors_for = FindingKind::ALL.iter().copied().filter(|kind| kind.fails_by_default()).collect();
    LeakSettings { tool: Tool::Lsan, errors_for, each: Each::Auto, repeat: 0, seeds: 1, flags: Vec::new() }
}

fn leak(bytes: u64, blocks: u64) -> Finding {
    let frame = |function: &str| Frame {
        function: function.to_owned(),
        file: Some("src/lib.rs".to_owned()),
        origin: FrameOrigin::Own,
        ..Frame::default()
    };
    let stack = ["it::keeps", "it::leaks", "it::leaks::{closure#0}"].map(frame).to_vec();
    let mut leak = Finding { bytes, blocks, stack, ..Finding::raw(Tool::Lsan, FindingKind::Definite, "lost") };
    leak.test = Some("leaks".to_owned());
    leak.fingerprint = fingerprint(&leak);
    leak
}

fn report(findings: Vec<Finding>, not_proven: &[&str]) -> LeakReport {
    LeakReport {
        tool: Tool::Lsan,
        version: String::new(),
        canary: Canary::Proven { found: String::new() },
        outcome: Outcome::Passed,
        cause: String::new(),
        ran: 3,
        not_runnable: Vec::new(),
        not_proven: not_proven.iter().map(|&why| why.to_owned()).collect(),
        suppressed: Vec::new(),
        findings,
        notes: Vec::new(),
    }
}

fn judge(policy: &Policy, mut report: LeakReport) -> (Outcome, String, Vec<Standing>) {
    let (outcome, cause) = policy.judge(&mut report, &settings(), None, 0, TODAY);
    (outcome, cause, report.findings.into_iter().map(|finding| finding.standing).collect())
}

fn policy(baseline: &str) -> Policy {
    Policy { baseline: Baseline::parse_bytes(baseline.as_bytes(), "b").unwrap(), ..Policy::default() }
}

#[test]
fn silence_about_an_executable_that_is_not_proven_is_no_pass_and_findings_still_fail() {
    let policy = Policy::default();
    let (outcome, cause, _) = judge(&policy, report(Vec::new(), &["it: hides", "b: hides"]));
    assert_eq!(outcome, Outcome::Unavailable);
    assert_eq!(cause, "lsan is not proven for this executable: it: hides (and 1 more)");
    let (outcome, cause, _) = judge(&policy, report(vec![leak(77, 1)], &["it: hides"]));
    assert_eq!(outcome, Outcome::Failed);
    assert!(cause.contains("1 definite") && cause.ends_with("it: hides"), "{cause}");
    // Where no test could be run, too.
    let nothing = LeakReport { ran: 0, ..report(Vec::new(), &["it: hides"]) };
    assert_eq!(judge(&policy, nothing).0, Outcome::Unavailable);
    assert!(!report(Vec::new(), &["it: hides"]).is_proven());
}

#[test]
fn an_accepted_finding_has_a_size_in_each_cell() {
    // Two places of one fingerprint count together; of two cells the larger one counts.
    let pasted = stanzas([vec![&leak(77, 1), &leak(23, 1)], vec![&leak(50, 1)]], "2027-01-31");
    assert!(pasted.contains("\nbytes = 100\nblocks = 2\n"), "{pasted}");
    let policy = policy(&pasted.replace("reason = \"\"", "reason = \"known\""));
    let standing = |findings: &[(u64, u64)]| {
        let findings = findings.iter().map(|(bytes, blocks)| leak(*bytes, *blocks)).collect();
        let (outcome, cause, standings) = judge(&policy, report(findings, &[]));
        assert_eq!(outcome == Outcome::Passed, standings.iter().all(|standing| !standing.is_error()));
        (standings[0].as_str(), cause)
    };
    assert_eq!(standing(&[(100, 2)]).0, "accepted");
    assert_eq!(standing(&[(200, 2)]).0, "accepted", "a path may be longer elsewhere");
    assert_eq!(standing(&[(201, 2)]).0, "grew");
    let (grew, cause) = standing(&[(40, 2), (40, 1)]);
    assert_eq!(grew, "grew");
    assert!(cause.ends_with("grew from 100 to 80 bytes and from 2 to 3 blocks)"), "{cause}");
    // How often an error occurs is no size.
    let error = Finding { kind: FindingKind::InvalidAccess, ..leak(1, 9) };
    assert!(!stanzas([[&error]], "2027-01-31").contains("blocks"));
}

#[test]
fn baselines_from_before_hold_on() {
    let now = leak(7_700_000, 100_000);
    let earlier = earlier_fingerprint(&now);
    assert_ne!(earlier, now.fingerprint);
    for fingerprint in [earlier, now.fingerprint.clone()] {
        let entry = format!("[[accepted]]\nfingerprint = \"{fingerprint}\"\nreason = \"r\"\nuntil = 2027-01-31\n");
        assert_eq!(judge(&policy(&entry), report(vec![now.clone()], &[])).2[0].as_str(), "accepted");
    }
}

#[test]
fn one_leak_has_one_fingerprint_inlined_or_not() {
    let mut other = leak(77, 1);
    other.stack.pop();
    other.stack[0].function = "it::keeps::<u8>".to_owned();
    assert_eq!(fingerprint(&other), leak(77, 1).fingerprint);
    other.stack[0].function = "it::keeps_more".to_owned();
    assert_ne!(fingerprint(&other), leak(77, 1).fingerprint);
}

#[test]
fn a_stack_that_is_outside_of_the_tests_is_of_no_test() {
    let of = |functions: &[&str], child: Option<&str>| {
        let mut finding = Finding::raw(Tool::Valgrind, FindingKind::Definite, "");
        finding.stack = functions.iter().map(|&name| Frame { function: name.to_owned(), ..Frame::default() }).collect();
        finding.child = child.map(str::to_owned);
        let tests = ["only".to_owned()];
        complete(&mut finding, &Context { executable: "it", tests: &tests, root: "/w", not_own: &["target"] });
        finding.test
    };
    let only = Some("only".to_owned());
    let begins = "test::__rust_begin_short_backtrace::<()>";
    assert_eq!(of(&["malloc", "it::only", begins, "start_thread", "clone"], None), only);
    assert_eq!(of(&["malloc", "it::helper", "start_thread", "clone"], None), only);
    assert_eq!(of(&["malloc", "it::only", begins, "test::run_tests", "main"], None), only);
    assert_eq!(of(&["malloc", "it::early", "call_init", "__libc_start_main@@GLIBC_2.34", "_start"], None), None);
    assert_eq!(of(&["malloc", "it::early", "", "__libc_start_main", "_start"], None), None);
    assert_eq!(of(&["malloc", "lib_init", "_dl_init", "dlopen", "it::only", "start_thread"], None), only);
    assert_eq!(of(&["malloc", "it::late", "__run_exit_handlers", "exit", "(below main)"], None), None);
    assert_eq!(of(&["malloc", "test::run_tests", "test::test_main", "main"], None), None);
    // What a test starts is the test's from its first to its last instruction; a fork goes on where the test was.
    assert_eq!(of(&["malloc", "early", "call_init", "_start"], Some("program")), only);
    assert_eq!(of(&["malloc", "it::early", "call_init", "_start"], Some("a fork")), None);
}
