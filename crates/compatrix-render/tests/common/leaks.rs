//! A sample of findings: every kind and standing, cells that were not tried, tools that are not proven.

use compatrix_leak::{
    Accepted, Canary, Finding, FindingKind, Frame, FrameOrigin, LeakReport, NotRunnable, Related, Standing,
    SuppressionUse, Tool, Usage,
};
use compatrix_model::verdict::Expectation;

use super::*;

pub fn frame(origin: FrameOrigin, function: &str, file: Option<(&str, u32)>) -> Frame {
    let mut frame = Frame { function: function.into(), origin, ..Frame::default() };
    if let Some((file, line)) = file {
        frame.file = Some(file.into());
        frame.line = Some(line);
    }
    frame
}

const REGISTRY: &str = "/home/me/.cargo/registry/src/index.crates.io-0123456789abcdef";

/// The stack of an allocation in a dependency, called by own code, called by a test.
pub fn stack() -> Vec<Frame> {
    let std = "/rustc/0123/library/std/src/lib.rs";
    let mut malloc = frame(FrameOrigin::Other, "malloc", Some(("/build/valgrind/vg_replace_malloc.c", 381)));
    malloc.object = Some("/usr/libexec/valgrind/vgpreload_memcheck-amd64-linux.so".into());
    let mut open = frame(FrameOrigin::Own, "things_store::store::Store::open", Some(("src/store.rs", 120)));
    open.column = Some(17);
    vec![
        malloc,
        frame(FrameOrigin::Toolchain, "alloc::alloc::alloc", Some((std, 90))),
        frame(FrameOrigin::Toolchain, "alloc::boxed::Box<T>::new", Some((std, 217))),
        frame(
            FrameOrigin::Dependency,
            "rusqlite::inner_connection::InnerConnection::open_with_flags",
            Some((&format!("{REGISTRY}/rusqlite-0.31.0/src/inner_connection.rs"), 57)),
        ),
        open,
        frame(FrameOrigin::Own, "it::opens_twice", Some(("tests/it/main.rs", 14))),
        frame(FrameOrigin::Toolchain, "core::ops::function::FnOnce::call_once", Some((std, 250))),
        frame(FrameOrigin::Other, "start_thread", None),
    ]
}

pub fn finding(tool: Tool, kind: FindingKind, n: usize) -> Finding {
    let mut finding = Finding::raw(tool, kind, format!("77 bytes in 1 blocks are {kind}"));
    finding.bytes = 77;
    finding.blocks = 1;
    finding.executable = "it".into();
    finding.test = Some("opens_twice".into());
    finding.stack = stack();
    finding.fingerprint = format!("{n:016x}");
    finding
}

pub fn leak_report(tool: Tool, findings: Vec<Finding>) -> LeakReport {
    LeakReport {
        tool,
        version: match tool {
            Tool::Valgrind => "valgrind-3.19.0".into(),
            other => format!("{other} of rustc 1.97.0-nightly"),
        },
        canary: Canary::Proven { found: "77 bytes in 1 block of leaks_on_purpose".into() },
        outcome: Outcome::Passed,
        cause: String::new(),
        ran: 60,
        not_proven: Vec::new(),
        suppressed: Vec::new(),
        not_runnable: Vec::new(),
        findings,
        notes: Vec::new(),
    }
}

/// A row of a suite named after its tool.
pub fn leak_row(suite: &str, cell: &CellId, report: LeakReport, outcome: Outcome) -> Row {
    let mut of = record(cell, outcome);
    of.suite = suite.into();
    of.tests = Counts { passed: report.ran, ..Counts::default() };
    of.failures.clear();
    of.cause = match (outcome, report.errors().count()) {
        (Outcome::Failed, n) if n > 0 => format!("{n} findings"),
        _ => report.cause.clone(),
    };
    of.leaks = Some(report);
    Row::from_record(of, Expectation::Pass, false)
}

fn sanitizer_race() -> Finding {
    let long =
        "things_store::pool::Pool<things_store::pool::Shared<alloc::sync::Arc<std::sync::mutex::Mutex<alloc::vec::\
                Vec<core::option::Option<rusqlite::Connection>>>>>>::acquire_with_back_off_and_a_very_long_name";
    let mut finding = finding(Tool::Miri, FindingKind::Race, 0x2a);
    finding.what = "Undefined Behavior: Data race detected between (1) non-atomic write on thread `unnamed-1` and (2) \
                    non-atomic read on thread `main` at alloc1234"
        .into();
    (finding.bytes, finding.blocks) = (0, 0);
    finding.test = Some("pool::tests::shares".into());
    finding.executable = "things_store".into();
    let path = "crates/things-store/src/a/folder/that/lies/deep/below/the/root/of/the/workspace/pool.rs";
    finding.stack = vec![frame(FrameOrigin::Own, long, Some((path, 1021)))];
    finding.related = vec![Related {
        what: "(1) happened here".into(),
        stack: vec![frame(FrameOrigin::Own, "things_store::pool::{{closure}}", Some(("src/pool.rs", 7)))],
    }];
    finding
}

fn standing_of(mut finding: Finding, standing: Standing) -> Finding {
    finding.standing = standing;
    finding
}

/// Findings in five cells, failing tests, a tool that is not proven, one that is not to be had, one that runs nothing.
pub fn leaky() -> Matrix {
    let space = sample_space();
    let ids: Vec<CellId> = space.cells().map(|cell| space.id(cell)).step_by(56).collect();
    let suppressed = || Standing::Suppressed {
        by: "std-thread-handle".into(),
        reason: "std keeps the handle of the test's thread".into(),
    };
    let accepted = || Standing::Accepted {
        reason: "freed by the next major version".into(),
        issue: Some("https://example.org/issues/12".into()),
        until: "2027-01-31".into(),
    };
    let mut rows = Vec::new();
    for (n, id) in ids.iter().enumerate() {
        let mut definite = finding(Tool::Valgrind, FindingKind::Definite, 1);
        definite.bytes += n as u64;
        let mut use_after_free = finding(Tool::Valgrind, FindingKind::UseAfterFree, 2);
        use_after_free.what = "Invalid read of size 8".into();
        (use_after_free.bytes, use_after_free.blocks) = (8, 0);
        use_after_free.related = vec![Related { what: "Block was freed at".into(), stack: stack()[2..].to_vec() }];
        let mut nowhere = finding(Tool::Valgrind, FindingKind::Uninitialised, 3);
        nowhere.stack = vec![Frame { object: Some("/usr/lib/libsqlite3.so.0".into()), ..Frame::default() }];
        nowhere.test = None;
        let findings = vec![
            definite.clone(),
            use_after_free,
            nowhere,
            standing_of(finding(Tool::Valgrind, FindingKind::Possible, 4), suppressed()),
            standing_of(finding(Tool::Valgrind, FindingKind::Reachable, 5), Standing::Noted),
            standing_of(finding(Tool::Valgrind, FindingKind::Indirect, 6), Standing::Noted),
            standing_of(finding(Tool::Valgrind, FindingKind::Definite, 7), accepted()),
            standing_of(
                finding(Tool::Valgrind, FindingKind::InvalidFree, 8),
                Standing::Expired { until: "2026-01-31".into() },
            ),
        ];
        let mut of_std = standing_of(finding(Tool::Valgrind, FindingKind::Reachable, 11), Standing::Noted);
        of_std.stack.truncate(3);
        let mut report = leak_report(Tool::Valgrind, findings);
        report.findings.push(of_std);
        report.notes = vec!["tests of 1 executable were run alone to attribute 2 findings".into()];
        let mut row = leak_row("valgrind", id, report, Outcome::Failed);
        if n == 0 {
            let mut record = row.record().cloned().unwrap();
            record.leaks.as_mut().unwrap().outcome = Outcome::Failed;
            record.leaks.as_mut().unwrap().cause = "1 of 60 tests failed".into();
            record.failures = ["opens_twice", "closes"]
                .map(|test| TestFailure {
                    executable: "it".into(),
                    test: test.into(),
                    output: "panicked at <x>".into(),
                })
                .into();
            row = Row::from_record(record, Expectation::Pass, false);
        }
        rows.push(row);
    }
    rows.push(leak_row("asan-nightly", &ids[1], leak_report(Tool::Asan, Vec::new()), Outcome::Passed));
    let mut unproven = leak_report(Tool::Lsan, Vec::new());
    unproven.canary = Canary::NotProven { why: "the planted leak of 77 bytes was not found; is ptrace on?".into() };
    unproven.cause = "tool not proven".into();
    rows.push(leak_row("lsan", &ids[1], unproven, Outcome::Infrastructure));
    let mut miri = leak_report(Tool::Miri, vec![sanitizer_race()]);
    miri.ran = 34;
    let tests = |n: usize| (0..n).map(|n| format!("it::t{n}")).collect();
    miri.not_runnable = vec![
        NotRunnable { reason: "calls the foreign function sqlite3_open_v2".into(), tests: tests(240) },
        NotRunnable { reason: "calls the foreign function getrandom | in isolation".into(), tests: tests(6) },
    ];
    rows.push(leak_row("pure", &ids[1], miri, Outcome::Failed));
    let mut left = finding(Tool::Resources, FindingKind::LeftoverProcess, 9);
    left.what = "2 children were still there: sleep, sleep".into();
    (left.bytes, left.blocks) = (0, 2);
    left.stack.clear();
    let mut grows = finding(Tool::Resources, FindingKind::Growth, 10);
    (grows.bytes, grows.blocks) = (4096, 0);
    grows.stack.clear();
    grows.what = "each further call kept 4096 bytes, 12 calls".into();
    rows.push(leak_row("resources", &ids[0], leak_report(Tool::Resources, vec![left, grows]), Outcome::Failed));
    let none = Row::untried("resources", ids[2].clone(), "no C compiler here; apt install gcc");
    rows.push(none.under(Some(Tool::Resources)));
    let totals = Totals { elapsed_ms: Some(83_456), builds: 4, runs: 9, reused: 0 };
    Matrix::new(space, rows, totals, "cargo xtask repro")
}

/// What that used of suppressions and baseline.
pub fn usage() -> Usage {
    let one = |name: &str, used, built_in| SuppressionUse {
        name: name.into(),
        reason: "std keeps the handle of the test's thread".into(),
        tool: Tool::Valgrind,
        used,
        built_in,
    };
    let accepted = |n: u64, tool| Accepted {
        bytes: None,
        blocks: None,
        fingerprint: format!("{n:016x}"),
        tool,
        what: "77 bytes of the connection's cache in opens_twice".into(),
        reason: "freed by the next major version".into(),
        issue: Some("https://example.org/issues/12".into()),
        until: "2027-01-31".into(),
    };
    Usage {
        suppressions: vec![
            one("std-thread-handle", 4, true),
            one("old-openssl", 0, false),
            one("std-1.83-only", 0, true),
        ],
        vanished: vec![accepted(0x99, None)],
        expired: vec![Accepted { until: "2026-01-31".into(), ..accepted(8, Some(Tool::Valgrind)) }],
        accepted: vec![accepted(7, Some(Tool::Valgrind))],
    }
}

/// A matrix in which a finding of every kind is an error.
pub fn every_kind() -> Matrix {
    let space = sample_space();
    let id = space.id(space.cells().next().unwrap());
    let kinds = FindingKind::ALL.iter().enumerate();
    let findings = kinds.map(|(n, kind)| finding(Tool::Valgrind, *kind, n)).collect();
    let rows = vec![leak_row("valgrind", &id, leak_report(Tool::Valgrind, findings), Outcome::Failed)];
    Matrix::new(space, rows, Totals::default(), "cargo xtask repro")
}
