//! The report, JSON and job summary of what many jobs came to.
#![allow(clippy::disallowed_methods)]

mod common;

use common::*;
use compatrix_leak::Usage;
use compatrix_model::matrix_spec::{CiEvent, JobCommand};
use compatrix_model::outcome::Outcome;
use compatrix_model::results::compare::Change;
use compatrix_model::results::merged::{ChangedCell, Difference, LostJob, MergedMatrix, PlatformMatrix};
use compatrix_model::results::row::Row;
use compatrix_model::verdict::Expectation;
use compatrix_render::look::Look;
use compatrix_render::merged::{json, report, summary};

/// Every verdict on two platforms; on the second, what is broken may be so.
fn together() -> MergedMatrix {
    let platform = |name: &str, excused: bool| {
        let matrix = every_verdict();
        let excused = vec![excused; matrix.rows.len()];
        PlatformMatrix { name: name.to_owned(), matrix, excused, usage: Usage::default() }
    };
    let cell = every_verdict().rows[0].cell.clone();
    let changed = |n: usize| ChangedCell {
        change: Change::ALL[n % 7],
        platform: "linux-x86_64".to_owned(),
        row: match n % 7 {
            0..3 => Row::untried("tests", cell.clone(), "2 of 9 tests | failed in `it`, <first> works"),
            _ => Row::from_record(record(&cell, Outcome::Passed), Expectation::Pass, false),
        },
    };
    MergedMatrix {
        event: CiEvent::PullRequest,
        work: JobCommand::Compat,
        jobs: 12,
        platforms: vec![platform("linux-x86_64", false), platform("macos-aarch64", true)],
        lost: vec![
            LostJob {
                job: "linux-x86_64-stable".to_owned(),
                platform: "linux-x86_64".to_owned(),
                missing: 2,
                of: 2,
                may_fail: false,
            },
            LostJob {
                job: "linux-x86_64-1.70".to_owned(),
                platform: "linux-x86_64".to_owned(),
                missing: 1,
                of: 4,
                may_fail: false,
            },
        ],
        not_done: vec!["pull-request-linux-x86_64 was skipped because a job that it needs did not succeed".to_owned()],
        difference: Difference::Since {
            rev: "HEAD^1".to_owned(),
            changes: (0..16).map(changed).collect(),
            unchanged: 40,
        },
        notes: vec!["a.jsonl have records that others have, too".to_owned()],
        denied: true,
    }
}

#[test]
fn reports() {
    golden("merged-80.txt", &report(&together(), &Look::plain(80)));
    golden("merged-200.txt", &report(&together(), &Look::plain(200)));
    golden("merged.summary.md", &summary::summary(&together()));
    let text = json::json(&together());
    let value: serde_json::Value = serde_json::from_str(&text).unwrap();
    assert_eq!(value["platforms"][1]["may_fail"].as_array().map(Vec::len), Some(8));
    assert_eq!(value["difference"]["changes"][0]["change"], "newly-broken");
    assert_eq!(value["lost"][1]["missing"], 1);
}

#[test]
fn lines_fit_the_terminal() {
    for width in [80, 200] {
        let text = report(&together(), &Look::plain(width));
        // What is to be copied is cut nowhere.
        let long = |line: &&str| line.chars().count() > width && !line.contains("repro");
        assert_eq!(text.lines().find(long), None, "at {width}");
    }
    assert!(!report(&together(), &Look::plain(80)).contains('\u{1b}'));
}

#[test]
fn exit_codes() {
    let mut together = together();
    assert_eq!(together.exit_code().number(), 3, "our side broke");
    together.platforms.remove(0);
    assert_eq!(together.exit_code().number(), 1, "evidence is missing");
    together.lost.clear();
    assert_eq!(together.exit_code().number(), 1, "a job did not succeed");
    together.not_done.clear();
    assert_eq!((together.exit_code().number(), together.shortfall().is_none()), (0, true), "what is left may fail");
}

#[test]
fn a_summary_is_never_too_long() {
    let mut together = together();
    let Difference::Since { changes, .. } = &mut together.difference else { unreachable!() };
    let one = changes[0].clone();
    changes.extend((0..20_000).map(|_| one.clone()));
    together.lost = vec![together.lost[0].clone(); 2_000];
    let platform = together.platforms[0].clone();
    together.platforms.extend((0..1_000).map(|_| platform.clone()));
    let text = summary::summary(&together);
    assert!(text.len() < 1 << 20, "{}", text.len());
    assert!(text.contains("and 19903 more"), "lists are cut, and say so");
    assert!(text.contains("Too long to show here"));
    assert_eq!(text.matches("<details").count(), text.matches("</details>").count());
}

#[test]
fn refused_artifacts_are_told() {
    let text = summary::refused(&["ev/a.jsonl: <b>truncated</b>".to_owned()]);
    assert!(text.contains("- ev/a.jsonl: &lt;b>truncated&lt;/b>"), "{text}");
}
