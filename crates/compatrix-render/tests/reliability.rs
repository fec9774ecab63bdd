//! The page on leaks and memory errors, and what the compatibility page says of them.

mod common;

use common::leaks::{leak_report, leak_row, leaky};
use common::*;
use compatrix_leak::{
    planted::{PlantedLeak, PlantedTable},
    Tool,
};
use compatrix_model::claims::{evaluate, judge_evidence, ClaimVerdict};
use compatrix_model::evidence::Record;
use compatrix_model::evidence_file::EvidenceFile;
use compatrix_model::matrix_spec::Spec;
use compatrix_model::outcome::Outcome;
use compatrix_render::page::{self, PageOptions};
use compatrix_render::reliability::{has_page, page};

const SPEC: &str = r#"
version = 1
[project]
packages = ["things-store"]
reliability = "docs/trust/RELIABILITY.md"
[claims]
rust = "1.70"
[axis]
rust = ["1.70", "1.75", "1.80", "stable", "nightly"]
sqlite = ["bundled", "host"]
schema = ["v18", "v24"]
[axis.features]
default = []
json = ["json"]
"#;

const SUITES: &str = r#"
[[suite]]
name = "tests"
kind = "test"
[[suite]]
name = "valgrind"
kind = "leak"
tool = "valgrind"
[[suite]]
name = "asan-nightly"
kind = "leak"
tool = "asan"
[[suite]]
name = "lsan"
kind = "leak"
tool = "lsan"
[[suite]]
name = "pure"
kind = "leak"
tool = "miri"
[[suite]]
name = "resources"
kind = "leak"
tool = "resources"
"#;

fn spec(suites: &str) -> Spec {
    let fixtures = ["v18", "v24"].map(str::to_owned);
    let text = format!("{SPEC}{suites}");
    compatrix_model::spec_text::parse(&text, "matrix.toml", &fixtures).unwrap_or_else(|e| panic!("{e:?}")).spec
}

/// What the sample would leave in the ledger.
fn records() -> Vec<Record> {
    let mut records: Vec<Record> = leaky().rows.into_iter().filter_map(|row| row.record().cloned()).collect();
    let missing = record(&records[1].cell.clone(), Outcome::Unavailable);
    records.push(Record {
        suite: "resources".into(),
        cause: "no C compiler here; apt install gcc in /home/me/x".into(),
        ..missing
    });
    records
}

fn planted() -> PlantedTable {
    let leak = |name: &str, what: &str, found: [&str; 3], twin: &str| PlantedLeak {
        name: name.into(),
        what: what.into(),
        found: found.map(str::to_owned).into(),
        twin: twin.into(),
    };
    let file = "cannot: looks at memory only";
    PlantedTable {
        tools: vec![Tool::Valgrind, Tool::Lsan, Tool::Resources],
        leaks: vec![
            leak("box_leak", "`Box::leak`", ["found", "found", "cannot: once only, no growth"], "clean"),
            leak("temp_file", "a file | in the temporary folder", [file, file, "found"], "clean"),
            leak("static_growth", "a static list", ["missed", "", "found"], "alarm"),
        ],
    }
}

#[track_caller]
fn show(spec: &Spec, files: &[EvidenceFile], planted: Option<&PlantedTable>) -> String {
    let text = page(spec, files, planted, "cargo xtask");
    for secret in ["/home", "1700000000", "250 ms"] {
        assert!(!text.contains(secret), "{secret}");
    }
    let columns = |line: &str| line.replace("\\|", "").matches('|').count();
    for lines in text.lines().collect::<Vec<_>>().windows(2) {
        assert!(!(lines[0].is_empty() && lines[1].is_empty()), "two empty lines before {:?}", lines[1]);
        if lines[0].starts_with('|') && lines[1].starts_with('|') {
            assert_eq!(columns(lines[0]), columns(lines[1]), "{}", lines[1]);
        }
    }
    assert!(text.ends_with('\n') && !text.ends_with("\n\n"));
    text
}

#[test]
fn a_page_with_findings() {
    let spec = spec(SUITES);
    let files = [recorded(&spec, "linux-x86_64", records())];
    let text = show(&spec, &files, Some(&planted()));
    golden("reliability.md", &text);
    let again = [EvidenceFile::from_text(&files[0].to_text()).unwrap()];
    assert_eq!(show(&spec, &again, Some(&planted())), text, "evidence that went through its file gives the same page");
}

#[test]
fn a_page_where_nothing_is_found() {
    let cell = leaky().rows[0].cell.clone();
    let quiet = leak_row("valgrind", &cell, leak_report(Tool::Valgrind, Vec::new()), Outcome::Passed);
    let files = [recorded(&spec(SUITES), "linux-x86_64", quiet.record().cloned())];
    let text = show(&spec(SUITES), &files, None);
    golden("reliability-good.md", &text);
    assert!(text.contains("found no leak and no memory error"));
}

#[test]
fn a_page_without_evidence() {
    let text = show(&spec(SUITES), &[], None);
    golden("reliability-empty.md", &text);
    assert!(text.contains("There is no evidence yet") && !text.contains('✅'));
}

#[test]
fn the_compatibility_page_tells_of_leaks_apart() {
    let (with, without) = (spec(SUITES), spec(""));
    let cell = leaky().rows[0].cell.clone();
    let tests = record(&cell, Outcome::Passed);
    let mut all = records();
    all.push(tests.clone());
    let files = [recorded(&with, "linux-x86_64", all)];
    let plain = [recorded(&without, "linux-x86_64", [tests])];
    let options = PageOptions::default();
    let text = page::page(&with, &files, &options);
    let start = text.find("## Leaks and memory errors").expect("the section");
    let end = start + text[start + 3..].find("\n## ").expect("a section after it") + 3;
    golden("page-leaks.md", &text[start..end]);
    // Beside the section nothing on the page knows of suites that look for leaks.
    let apart = format!("{}{}", &text[..start], &text[end + 1..]);
    let counted = apart.lines().find(|line| line.starts_with("Recorded, but not counted: ")).expect("the foreign cell");
    let apart = apart.replace(&format!("\n{counted}\n"), "");
    assert_eq!(apart, page::page(&without, &plain, &options));
    assert!(has_page(&with) && !has_page(&without));
    assert!(!page::svg(&with, &files).contains("valgrind"));
}

#[test]
fn leaks_prove_and_contradict_no_promise() {
    let spec = spec(SUITES);
    let files = [recorded(&spec, "linux-x86_64", records())];
    let judgement = judge_evidence(&spec, &files);
    assert!(judgement.judged.is_empty() && !judgement.leaks.is_empty());
    let claims = evaluate(&spec, &judgement);
    assert_eq!(claims.claims[0].verdict, ClaimVerdict::Unproven);
    assert_eq!(claims.lowest_rust, None);
}
