//! Leak reports in evidence files.

use compatrix_leak::{Canary, Finding, FindingKind, Frame, FrameOrigin, LeakReport, NotRunnable, Standing, Tool};
use proptest::prelude::*;

use super::super::*;
use super::{record, text};
use crate::outcome::Outcome;

fn finding(kind: FindingKind, n: u64, standing: Standing) -> Finding {
    let own = Frame {
        function: "it::opens".into(),
        file: Some("src/store.rs".into()),
        line: Some(120),
        origin: FrameOrigin::Own,
        ..Frame::default()
    };
    let mut finding = Finding::raw(Tool::Valgrind, kind, "77 bytes in 1 blocks");
    (finding.bytes, finding.blocks) = (77, 1);
    finding.executable = "it".into();
    finding.test = Some("opens".into());
    finding.stack = vec![own];
    finding.fingerprint = format!("{n:016x}");
    finding.standing = standing;
    finding
}

fn report() -> LeakReport {
    let suppressed =
        || Standing::Suppressed { by: "std-thread".into(), reason: "std keeps\nit in /home/me/std".into() };
    let accepted = Standing::Accepted {
        reason: "freed by the next major version".into(),
        issue: Some("https://example.org/12".into()),
        until: "2027-01-31".into(),
    };
    let mut nowhere = finding(FindingKind::Uninitialised, 3, Standing::Error);
    (nowhere.bytes, nowhere.blocks, nowhere.test) = (0, 0, None);
    nowhere.stack[0] = Frame { function: "sqlite3_open".into(), ..Frame::default() };
    LeakReport {
        tool: Tool::Valgrind,
        version: "valgrind-3.19.0".into(),
        canary: Canary::Proven { found: "77 bytes".into() },
        outcome: Outcome::Passed,
        cause: String::new(),
        ran: 60,
        not_proven: Vec::new(),
        suppressed: Vec::new(),
        not_runnable: vec![
            NotRunnable { reason: "forks".into(), tests: vec!["it::b".into(), "it::a".into()] },
            NotRunnable { reason: "calls sqlite3_open".into(), tests: vec!["it::c".into()] },
        ],
        findings: vec![
            finding(FindingKind::Definite, 7, accepted),
            finding(FindingKind::Definite, 1, Standing::Error),
            finding(FindingKind::Definite, 1, Standing::Error),
            finding(FindingKind::Possible, 4, suppressed()),
            finding(FindingKind::Possible, 5, suppressed()),
            finding(FindingKind::Reachable, 6, Standing::Noted),
            nowhere,
            finding(FindingKind::InvalidFree, 8, Standing::Expired { until: "2026-01-31".into() }),
        ],
        notes: vec!["took 12 s".into()],
    }
}

#[test]
fn the_text_of_findings() {
    let of = |cell: &str, leaks| {
        let mut record = record(cell, Outcome::Failed);
        record.suite = "valgrind".into();
        record.leaks = Some(leaks);
        record
    };
    let mut moved = report();
    moved.findings.truncate(2);
    let stack = &mut moved.findings[1].stack;
    stack[0].line = Some(121);
    let file = EvidenceFile::from_records("linux-x86_64", [of("rust=1.70", report()), of("rust=1.80", moved)]);
    let text = file.to_text();
    let leaks = &text[text.find("[finding.").expect("findings")..];
    assert_eq!(leaks, include_str!("../golden_leaks.toml"), "--- got ---\n{leaks}");
    assert_eq!(EvidenceFile::from_text(&text).unwrap(), file);
    for secret in ["/home", "12 s", "it::a"] {
        assert!(!text.contains(secret), "{secret} in {text}");
    }
}

#[test]
fn a_tool_that_was_not_proven_is_no_evidence() {
    for outcome in [Outcome::Passed, Outcome::Failed, Outcome::Infrastructure] {
        let mut record = record("rust=1.70", outcome);
        let canary = Canary::NotProven { why: "it found nothing".into() };
        record.leaks = Some(LeakReport { canary, ..report() });
        assert_eq!(EvidenceFile::from_records("linux-x86_64", [record]).entries().len(), 0, "{outcome}");
    }
}

#[test]
fn many_findings_are_counted() {
    let mut record = record("rust=1.70", Outcome::Failed);
    let findings = (0..70).map(|n| finding(FindingKind::Definite, n, Standing::Error)).collect();
    record.leaks = Some(LeakReport { findings, ..report() });
    let file = EvidenceFile::from_records("linux-x86_64", [record]);
    let leaks = file.entries().next().and_then(|entry| entry.leaks.clone()).expect("leaks");
    assert_eq!((leaks.findings.len(), leaks.left_out), (50, 20));
    assert_eq!(EvidenceFile::from_text(&file.to_text()).unwrap(), file);
}

#[test]
fn a_finding_that_is_not_there() {
    let mut record = record("rust=1.70", Outcome::Failed);
    record.leaks = Some(report());
    let text = EvidenceFile::from_records("linux-x86_64", [record]).to_text();
    let error = EvidenceFile::from_text(&text.replacen("[finding.0000000000000001]", "[finding.x]", 1)).unwrap_err();
    assert!(error.message.contains("no [finding.\"0000000000000001\"] in this file"), "{error}");
    let error = EvidenceFile::from_text(&text.replacen("\"definite\"", "\"sure\"", 1)).unwrap_err();
    assert!(error.message.contains("sure"), "{error}");
}

fn any_standing() -> impl Strategy<Value = Standing> {
    prop_oneof![
        Just(Standing::Error),
        Just(Standing::Noted),
        (text(), text()).prop_map(|(by, reason)| Standing::Suppressed { by, reason }),
        (text(), proptest::option::of(text()), text()).prop_map(|(reason, issue, until)| Standing::Accepted {
            reason,
            issue,
            until
        }),
        text().prop_map(|until| Standing::Expired { until }),
    ]
}

fn any_finding() -> impl Strategy<Value = Finding> {
    let kind = proptest::sample::select(FindingKind::ALL.to_vec());
    let place = (text(), proptest::option::of(text()), proptest::option::of(any::<u32>()), any::<bool>());
    (kind, any::<u64>(), any::<u64>(), text(), proptest::option::of(text()), "[ab]{1,2}", any_standing(), place)
        .prop_map(|(kind, bytes, blocks, executable, test, fingerprint, standing, (function, file, line, own))| {
            let origin = if own { FrameOrigin::Own } else { FrameOrigin::Other };
            let mut finding = Finding::raw(Tool::Valgrind, kind, "what");
            (finding.bytes, finding.blocks) = (bytes, blocks);
            finding.executable = executable;
            finding.test = test;
            finding.fingerprint = fingerprint;
            finding.standing = standing;
            finding.stack = vec![Frame { function, file, line, origin, ..Frame::default() }];
            finding
        })
}

pub(super) fn any_report() -> impl Strategy<Value = LeakReport> {
    let group =
        (text(), proptest::collection::vec(text(), 0..3)).prop_map(|(reason, tests)| NotRunnable { reason, tests });
    let canary = prop_oneof![
        4 => text().prop_map(|found| Canary::Proven { found }),
        1 => text().prop_map(|why| Canary::NotProven { why }),
    ];
    (
        proptest::sample::select(Tool::ALL.to_vec()),
        text(),
        canary,
        any::<u32>(),
        proptest::collection::vec(group, 0..3),
        proptest::collection::vec(any_finding(), 0..6),
    )
        .prop_map(|(tool, version, canary, ran, not_runnable, findings)| LeakReport {
            tool,
            version,
            canary,
            outcome: Outcome::Passed,
            cause: String::new(),
            ran,
            not_proven: Vec::new(),
            suppressed: Vec::new(),
            not_runnable,
            findings,
            notes: Vec::new(),
        })
}

proptest! {
    #[test]
    fn the_order_of_findings_does_not_matter(report in any_report()) {
        let text = |report: LeakReport| {
            let mut record = record("rust=1.70", Outcome::Failed);
            record.leaks = Some(report);
            EvidenceFile::from_records("linux-x86_64", [record]).to_text()
        };
        let mut reversed = report.clone();
        reversed.findings.reverse();
        reversed.not_runnable.reverse();
        prop_assert_eq!(text(report), text(reversed));
    }
}
