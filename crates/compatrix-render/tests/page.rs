//! The compatibility page, from a spec's text and evidence files.

mod common;

use common::*;
use compatrix_model::evidence::{IdentifiedBy, Record, TargetProof};
use compatrix_model::evidence_file::EvidenceFile;
use compatrix_model::matrix_spec::Spec;
use compatrix_model::outcome::Outcome;
use compatrix_render::page::{matrix, page, svg, PageOptions};

const SPEC: &str = r#"
version = 1
[project]
packages = ["things-store"]
[claims]
rust = "1.70"
sqlite = "3.35"
schema = ["v18", "v24"]
platforms = { tier1 = ["linux-x86_64"], tier2 = ["macos-aarch64", "windows-x86_64"] }
[axis]
rust = ["1.70", "1.75", "1.80", "stable", "nightly"]
sqlite = ["bundled", "host", "3.35.4", "3.37.0", "3.38.2", "3.46.0", "3.54.1"]
schema = "*"
[axis.features]
default = []
json = ["json"]
[[suite]]
name = "tests"
kind = "test"
[[rule]]
when = { sqlite = "<3.38", features = "json" }
expect = "fail"
reason = "the ->> operator arrived in SQLite 3.38 | see the issue"
issue = "https://sqlite.org/releaselog/3_38_0.html"
until = "2027-06-30"
[[rule]]
when = { rust = "nightly", schema = "v18", features = "default" }
expect = "skip"
reason = "not worth the time"
"#;

fn spec() -> Spec {
    let fixtures = ["v18", "v24", "v24-wal"].map(str::to_owned);
    compatrix_model::spec_text::parse(SPEC, "matrix.toml", &fixtures).unwrap_or_else(|e| panic!("{e:?}")).spec
}

/// What the sample's outcomes would leave in the ledger, as far as `keep` holds.
fn records(spec: &Spec, keep: impl Fn(&str) -> bool) -> Vec<Record> {
    let ids = spec.space.cells().map(|cell| spec.space.id(cell));
    ids.filter(|id| keep(&id.to_string())).map(|id| record(&id, sample_outcome(&id).0)).collect()
}

fn show(spec: &Spec, files: &[EvidenceFile]) -> String {
    let text = page(spec, files, &PageOptions::default());
    check_markdown(&text);
    text
}

/// Each table has as many cells in every row, and stands between empty lines; no machine path, no day of making.
#[track_caller]
fn check_markdown(text: &str) {
    let columns = |line: &str| line.replace("\\|", "").matches('|').count();
    let lines: Vec<&str> = text.lines().collect();
    for (n, line) in lines.iter().enumerate().filter(|(_, line)| line.starts_with('|')) {
        let before = if n > 0 { lines[n - 1] } else { "" };
        assert!(before.is_empty() || before.starts_with('|'), "line {}: no empty line before {line}", n + 1);
        if before.starts_with('|') {
            assert_eq!(columns(before), columns(line), "line {}: {line}", n + 1);
        }
    }
    for line in lines.windows(2) {
        assert!(!(line[0].is_empty() && line[1].is_empty()), "two empty lines before {:?}", line[1]);
        assert!(!line[0].starts_with('#') || line[1].is_empty(), "{}", line[0]);
    }
    for secret in ["/home", "1700000000", "250 ms"] {
        assert!(!text.contains(secret), "{secret}");
    }
    assert!(text.ends_with('\n') && !text.ends_with("\n\n"));
}

#[test]
fn a_page_with_much_evidence() {
    let spec = spec();
    // 1.80 was not run with 3.37.0, so some cells have no record.
    let kept = records(&spec, |id| !(id.contains("rust=1.80") && id.contains("3.37.0")));
    let mut changed = records(&spec, |id| id.starts_with("rust=stable sqlite=host"));
    for record in &mut changed {
        let proof = record.proof.as_mut().unwrap();
        proof.platform = "macos-aarch64".into();
        proof.source.dirty = true;
    }
    let files = [recorded(&spec, "linux-x86_64", kept), recorded(&spec, "macos-aarch64", changed)];
    golden("page.md", &show(&spec, &files));
    golden("page.svg", &svg(&spec, &files));
    // Evidence that went through its file gives the same page.
    let again: Vec<EvidenceFile> = files.iter().map(|f| EvidenceFile::from_text(&f.to_text()).unwrap()).collect();
    assert_eq!(show(&spec, &again), show(&spec, &files));
}

#[test]
fn a_page_where_all_is_well() {
    let spec = spec();
    let good = records(&spec, |_| true).into_iter().filter(|r| r.outcome == Outcome::Passed);
    golden("page-good.md", &show(&spec, &[recorded(&spec, "linux-x86_64", good)]));
}

/// The file with each commit dated, and the first entries of a Rust made from older sources.
fn aged(mut file: EvidenceFile, rust: &str) -> EvidenceFile {
    file.change(|entry| {
        let old = entry.record.cell.value("rust").is_some_and(|value| value.as_str() == rust);
        let mut record = (*entry.record).clone();
        let Some(proof) = &mut record.proof else { return };
        entry.date = Some(if old { "2026-11-20T08:00:00Z" } else { "2026-11-28T08:00:00Z" }.to_owned());
        if old {
            proof.source.commit = Some("fedcba98".repeat(5));
            proof.source.sources = [0x44; 32].into();
        }
        entry.record = record.into();
    });
    file
}

#[test]
fn a_page_of_mixed_sources() {
    let spec = spec();
    let good = records(&spec, |_| true).into_iter().filter(|r| r.outcome == Outcome::Passed);
    let mut file = aged(recorded(&spec, "linux-x86_64", good), "1.70");
    // One was recorded when its feature set was another, and one by an older version.
    let mut n = 0;
    file.change(|entry| {
        n += 1;
        let json = entry.record.cell.value("features").is_some_and(|value| value.as_str() == "json");
        if let Some(meaning) = entry.meaning.as_mut().filter(|_| json && n > 100) {
            meaning.values.values_mut().last().expect("an axis").push('0');
        }
    });
    let text = show(&spec, std::slice::from_ref(&file));
    golden("page-stale.md", &text);
    golden("page-stale.svg", &svg(&spec, std::slice::from_ref(&file)));
    assert!(text.contains("Rust 1.70 and newer | ⏳ stale") && text.contains("of 2026-11-20"), "{text}");
    assert!(text.contains("evidence of 2 different sources"), "{text}");
    let again = EvidenceFile::from_text(&file.to_text()).unwrap();
    assert_eq!(show(&spec, &[again]), text);
}

#[test]
fn a_page_without_evidence() {
    let spec = spec();
    let text = show(&spec, &[]);
    golden("page-empty.md", &text);
    assert!(text.contains("There is no evidence yet"));
    for word in ["✅", "❌", "| proven"] {
        assert!(!text.contains(word), "{word}");
    }
    let counts = matrix(&spec, &[]).counts();
    assert_eq!(counts.into_iter().collect::<Vec<_>>(), [(compatrix_model::verdict::Verdict::Unproven, 203)]);
}

#[test]
fn texts_that_would_break_the_page() {
    let spec = spec();
    let mut records = records(&spec, |id| id.starts_with("rust=1.70 sqlite=bundled"));
    records[0].outcome = Outcome::Crashed;
    records[0].cause = "a | b\n\n# heading <script> `code` *x* [y](z)".into();
    records[1].outcome = Outcome::Unavailable;
    records[1].cause = "| --- |\n| x |".into();
    golden("page-hostile.md", &show(&spec, &[recorded(&spec, "linux-x86_64", records)]));
}

#[test]
fn of_two_platforms_the_worse_result_is_shown() {
    let spec = spec();
    let cell = "rust=1.70 sqlite=3.46.0 schema=v24 features=default";
    let of = |platform: &str, outcome| {
        let mut record = record(&cell.parse().unwrap(), outcome);
        record.proof.as_mut().unwrap().platform = platform.into();
        recorded(&spec, platform, [record])
    };
    for (linux, macos) in [(Outcome::Failed, Outcome::Passed), (Outcome::Passed, Outcome::Failed)] {
        let matrix = matrix(&spec, &[of("linux-x86_64", linux), of("macos-aarch64", macos)]);
        let row = matrix.rows.iter().find(|row| row.cell.to_string() == cell).unwrap();
        assert_eq!(row.verdict, compatrix_model::verdict::Verdict::Broken, "linux {linux}, macos {macos}");
    }
}

/// Each system, what started its programs, and how many of its results passed; no table without the axis.
#[test]
fn systems_have_a_table_of_their_own() {
    let os = "[axis.os]\nhere = {}\nwin = { target = \"x86_64-pc-windows-gnu\", runner = \"wine64\" }\n[[suite]]";
    let text = SPEC.replacen("[[suite]]", os, 1);
    let fixtures = ["v18", "v24", "v24-wal"].map(str::to_owned);
    let with =
        compatrix_model::spec_text::parse(&text, "matrix.toml", &fixtures).unwrap_or_else(|e| panic!("{e:?}")).spec;
    let of = |os: &str| {
        let id = format!("rust=stable sqlite=bundled schema=v24 features=default os={os}");
        let mut record = record(&id.parse().unwrap(), Outcome::Passed);
        let runner = Some("wine 8.0 with ProcessPrng added".to_owned());
        let target = TargetProof { triple: "x86_64-pc-windows-gnu".to_owned(), runner, std: None };
        record.proof.as_mut().unwrap().target = (os == "win").then_some(target);
        record
    };
    let mut win = of("win");
    let sqlite = win.proof.as_mut().and_then(|proof| proof.sqlite.as_mut()).unwrap();
    sqlite.identified_by = Some(IdentifiedBy::File);
    let shown = show(&with, &[recorded(&with, "linux-x86_64", [of("here"), win])]);
    // How a SQLite was identified is said where nothing asked it.
    let read = "Read from the bytes of files, not asked of the SQLite itself: SQLite 3.45.0 for `x86_64-pc-windows-gnu`, compiled in.";
    assert!(shown.contains(read), "{shown}");
    assert!(!show(&with, &[recorded(&with, "linux-x86_64", [of("here")])]).contains("Read from the bytes"));
    let table = shown.split("### Systems\n").nth(1).expect("the table").split("\n#").next().unwrap_or_default();
    let rows: Vec<Vec<&str>> = table.lines().map(|line| line.split('|').map(str::trim).collect()).collect();
    let row = |name: &str| rows.iter().find(|row| row.get(1) == Some(&name)).expect("a row")[2..4].to_vec();
    assert_eq!(row("`win`"), ["x86_64-pc-windows-gnu under wine 8.0 with ProcessPrng added", "1"]);
    assert_eq!(row("`here`"), ["linux-x86_64", "1"]);
    assert!(!show(&spec(), &[]).contains("### Systems"));
}

#[test]
fn each_of_several_packages_has_a_line() {
    let of = |claims: &str| {
        let text = format!(
            "version = 1\n[project]\npackages = [\"a\", \"b\", \"c\", \"d\"]\nbadges = \"docs/badges\"\n[claims]\n{claims}\
             [axis]\nrust = [\"1.60\", \"1.70\"]\n"
        );
        let spec =
            compatrix_model::spec_text::parse(&text, "matrix.toml", &[]).unwrap_or_else(|e| panic!("{e:?}")).spec;
        show(&spec, &[])
    };
    let page = of("rust = \"1.60\"\n");
    for line in [
        "# Compatibility of a, b and 2 more packages",
        "| `d` | 1.60+ | ➖ unproven |",
        "| ![Rust 1.60+](badges/rust.svg) | `[![Rust 1.60+](docs/badges/rust.svg)](docs/COMPATIBILITY.md)` |",
    ] {
        assert!(page.lines().any(|other| other == line), "{line}\n{page}");
    }
    let page = of("rust = \"1.60\"\n[claims.packages.b]\nrust = \"1.70\"\n");
    for line in ["| `a` | 1.60+ | ➖ unproven |", "| `b` | 1.70+ | ➖ unproven |"] {
        assert!(page.lines().any(|other| other.starts_with(line)), "{line}\n{page}");
    }
    assert!(
        page.contains("![b: Rust 1.70+](badges/rust-b.svg)") && page.contains("Rust 1.70 and newer for `b`"),
        "{page}"
    );
}
