//! Reports of findings: terminal, JSON, JUnit, job summary.
#![allow(clippy::disallowed_methods)]

mod common;

use common::leaks::{every_kind, leaky, usage};
use common::*;
use compatrix_leak::{FindingKind, Usage};
use compatrix_model::results::matrix::{Matrix, Totals};
use compatrix_model::results::row::Row;
use compatrix_model::verdict::Expectation;
use compatrix_render::leaks::{json::json_leaks, report, summary::summary};
use compatrix_render::look::Look;

/// The widest line that is no command, name or path that must stay whole.
fn widest(text: &str) -> usize {
    let whole = |line: &&str| !line.contains("cargo xtask repro") && !line.contains(".rs:");
    text.lines().filter(whole).map(|line| line.chars().count()).max().unwrap_or(0)
}

#[test]
fn the_report_in_every_width() {
    for width in [80, 200] {
        let text = report(&leaky(), &usage(), &Look::plain(width));
        golden(&format!("leaks-{width}.txt"), &text);
        assert!(widest(&text) <= width, "{}", widest(&text));
        assert!(!text.contains('\u{1b}'));
        assert!(text.lines().all(|line| line.trim_end() == line), "no spaces at line ends");
    }
    golden("leaks-kinds-80.txt", &report(&every_kind(), &Usage::default(), &Look::plain(80)));
    for width in 20..120 {
        report(&leaky(), &usage(), &Look { width, color: true, unicode: false });
    }
}

#[test]
fn the_report_in_other_dress() {
    let ascii = report(&leaky(), &usage(), &Look { unicode: false, ..Look::plain(80) });
    assert!(ascii.is_ascii(), "{:?}", ascii.chars().find(|c| !c.is_ascii()));
    golden("leaks-color-80.txt", &report(&leaky(), &usage(), &Look { color: true, ..Look::plain(80) }));
}

#[test]
fn what_a_report_never_hides() {
    let text = report(&leaky(), &usage(), &Look::plain(100));
    let place = |needle: &str| text.find(needle).unwrap_or_else(|| panic!("{needle} in\n{text}"));
    // The own frame before the allocation.
    assert!(place("src/store.rs:120 in things_store::store::Store::open") < place("malloc"));
    for needle in [
        "in 6 cells",
        "this test also fails",
        "tool not proven: the planted leak of 77 bytes was not found",
        "246 not runnable",
        "calls the foreign function sqlite3_open_v2",
        "no C compiler here",
        "old-openssl",
        "0000000000000099",
        "and leaks",
        "it::closes",
    ] {
        place(needle);
    }
    assert!(!text.contains("std-1.83-only"), "a built-in suppression that was not needed is no news");
    assert!(!text.contains("/home/me"), "paths of dependencies are shortened");
    // More findings than are told in full are all there in a line each.
    let mut many = every_kind();
    let mut record = many.rows[0].record().cloned().unwrap();
    let report_of = record.leaks.as_mut().unwrap();
    let one = report_of.findings[0].clone();
    for n in 0..50u64 {
        let mut next = one.clone();
        next.fingerprint = format!("{:016x}", 0x1000 + n);
        report_of.findings.push(next);
    }
    many.rows[0] = Row::from_record(record, Expectation::Pass, false);
    let text = report(&many, &Usage::default(), &Look::plain(100));
    for n in 0..50u64 {
        assert!(text.contains(&format!("{:016x}", 0x1000 + n)), "{n}");
    }
}

#[test]
fn nothing_to_report() {
    let text = report(&Matrix::new(sample_space(), vec![], Totals::default(), ""), &Usage::default(), &Look::plain(80));
    assert_eq!(text, "0 errors\n0 tests run\nno cells\n");
}

#[test]
fn json_of_findings() {
    let text = json_leaks(&leaky(), &usage());
    golden("leaks.json", &text);
    let value: serde_json::Value = serde_json::from_str(&text).unwrap();
    assert_eq!(value["leaks"]["findings"][0]["cells"].as_array().unwrap().len(), 6);
    assert_eq!(serde_json::from_value::<Usage>(value["usage"].clone()).unwrap(), usage());
    let record: compatrix_model::evidence::Record = serde_json::from_value(value["rows"][0]["record"].clone()).unwrap();
    assert_eq!(record, leaky().rows[0].record().cloned().unwrap(), "a record comes back whole");
    let suites = value["leaks"]["suites"].as_array().unwrap();
    assert_eq!(suites.len(), 5);
    assert_eq!(suites[0]["findings"]["errors"], 4);
}

#[test]
fn junit_of_findings() {
    let xml = compatrix_render::junit::junit(&leaky(), "things-store");
    golden("leaks.junit.xml", &xml);
    well_formed(&xml);
    assert!(xml.contains("name=\"tests-not-runnable\" value=\"246\""));
}

#[test]
fn the_job_summary() {
    let text = summary(&leaky(), &usage(), "Leaks and memory errors");
    golden("leaks.summary.md", &text);
    for kind in FindingKind::ALL {
        assert!(summary(&every_kind(), &usage(), "x").contains("- ❌ valgrind: "), "{kind}");
    }
}
