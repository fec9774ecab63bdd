//! Sample data for the tests, and golden files.
#![allow(dead_code, clippy::disallowed_methods, unreachable_pub, missing_docs)]

pub mod bench;
pub mod leaks;
pub mod schema;

use compatrix_model::axis::{Axis, AxisKind, AxisName, AxisValue, Setting, ValueName};
use compatrix_model::cell::{CellId, Space};
use compatrix_model::claims::with_meanings;
use compatrix_model::evidence::{
    Counts, ExecutableProof, FixtureProof, IdentifiedBy, Proof, Record, SourceProof, SqliteProof, TestFailure,
    ToolchainProof,
};
use compatrix_model::evidence_file::EvidenceFile;
use compatrix_model::linkage::Linkage;
use compatrix_model::matrix_spec::Spec;
use compatrix_model::outcome::Outcome;
use compatrix_model::results::matrix::{Matrix, Totals};
use compatrix_model::results::row::Row;
use compatrix_model::verdict::{Expectation, Verdict};

/// Holds a text against a file of `tests/golden/`; `UPDATE_GOLDEN=1` writes it.
#[track_caller]
pub fn golden(name: &str, text: &str) {
    let path = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/golden").join(name);
    if std::env::var_os("UPDATE_GOLDEN").is_some() {
        std::fs::write(&path, text).unwrap();
        return;
    }
    let old = std::fs::read_to_string(&path).unwrap_or_default();
    if let Some(diff) = compatrix_render::drift::diff(&old, text, &path.to_string_lossy(), "UPDATE_GOLDEN=1 cargo test")
    {
        panic!("{diff}");
    }
}

/// Evidence of records that were made under the spec as it is.
pub fn recorded(spec: &Spec, platform: &str, records: impl IntoIterator<Item = Record>) -> EvidenceFile {
    with_meanings(spec, EvidenceFile::from_records(platform, records))
}

pub fn axis(name: &str, kind: AxisKind, values: &[(&str, Setting)]) -> Axis {
    let value = |(name, setting): &(&str, Setting)| AxisValue {
        name: ValueName::new(*name).unwrap(),
        setting: setting.clone(),
    };
    Axis { name: AxisName::new(name).unwrap(), kind, values: values.iter().map(value).collect() }
}

pub fn rust_axis(values: &[&str]) -> Axis {
    let values: Vec<_> = values.iter().map(|v| (*v, Setting::RustupToolchain((*v).to_owned()))).collect();
    axis("rust", AxisKind::Rust, &values)
}

pub fn sqlite_axis(values: &[&str]) -> Axis {
    let setting = |v: &str| match v {
        "bundled" => Setting::SqliteBundled,
        "host" => Setting::SqliteHost,
        exact => Setting::SqliteExact(exact.parse().unwrap()),
    };
    let values: Vec<_> = values.iter().map(|v| (*v, setting(v))).collect();
    axis("sqlite", AxisKind::Sqlite, &values)
}

pub fn schema_axis(values: &[&str]) -> Axis {
    let values: Vec<_> = values.iter().map(|v| (*v, Setting::Fixture((*v).to_owned()))).collect();
    axis("schema", AxisKind::Schema, &values)
}

pub fn features_axis(values: &[&str]) -> Axis {
    let enable = |v: &str| if v == "default" { Vec::new() } else { vec![v.to_owned()] };
    let values: Vec<_> =
        values.iter().map(|v| (*v, Setting::Features { default_features: true, enable: enable(v) })).collect();
    axis("features", AxisKind::Features, &values)
}

pub fn sample_space() -> Space {
    Space::new(vec![
        rust_axis(&["1.70", "1.75", "1.80", "debian-12", "stable", "nightly"]),
        sqlite_axis(&["bundled", "host", "3.35.4", "3.37.0", "3.38.2", "3.46.0", "3.54.1"]),
        schema_axis(&["v18", "v24", "v24-empty", "v24-wal"]),
        features_axis(&["default", "json"]),
    ])
}

pub fn release(rust: &str) -> &str {
    match rust {
        "1.70" => "1.70.0",
        "1.75" => "1.75.0",
        "1.80" => "1.80.1",
        "stable" => "1.95.0",
        "nightly" => "1.97.0-nightly",
        "debian-12" => "1.63.0",
        other => other,
    }
}

pub fn sqlite_version(sqlite: &str) -> &str {
    match sqlite {
        "bundled" => "3.45.0",
        "host" => "3.40.1",
        exact => exact,
    }
}

pub fn record(cell: &CellId, outcome: Outcome) -> Record {
    let value = |axis: &str| cell.value(axis).map(|v| v.as_str().to_owned());
    let failed = u32::from(outcome == Outcome::Failed) * 2;
    let tried = outcome != Outcome::Unavailable;
    let rust = value("rust").unwrap_or("stable".into());
    let failure = |test: &str| TestFailure {
        executable: "it".into(),
        test: test.into(),
        output: format!("thread '{test}' panicked at tests/it.rs:3:5:\nno such function: ->> & <more>"),
    };
    let sqlite = value("sqlite").map(|sqlite| {
        let bundled = sqlite == "bundled";
        let options = ["COMPILER=gcc-12.2.0", "ENABLE_FTS5", "THREADSAFE=1"].map(str::to_owned).into();
        let bundled_options = ["COMPILER=gcc-12.2.0", "DEFAULT_FOREIGN_KEYS", "ENABLE_FTS5", "THREADSAFE=1", "USE_URI"];
        SqliteProof {
            linkage: if bundled { Linkage::Static } else { Linkage::Dynamic },
            file: format!("/home/me/target/compat/sqlite/{sqlite}/libsqlite3.so.0"),
            sha256: Some(format!("{:0<64}", sqlite_version(&sqlite).replace('.', "a")).parse().unwrap()),
            version: sqlite_version(&sqlite).to_owned(),
            source_id: Some("2024-01-15 17:01:13 1066602b".into()),
            compile_options: if bundled { bundled_options.map(str::to_owned).into() } else { options },
            identified_by: Some(IdentifiedBy::Probe),
        }
    });
    let fixture = value("schema").map(|name| FixtureProof {
        vintage: name.trim_start_matches('v').chars().take(2).collect::<String>().parse().unwrap(),
        name,
        sha256: [0xff; 32].into(),
    });
    let proof = Proof {
        platform: "linux-x86_64".into(),
        toolchain: ToolchainProof {
            release: release(&rust).into(),
            rustc: format!(
                "rustc {} (90c541806 2023-05-31)\nhost: x86_64-unknown-linux-gnu\nLLVM version: 16.0.2",
                release(&rust)
            ),
            cargo: format!("cargo {} (ec8a8a0ca 2023-04-25)", release(&rust)),
            packages: None,
        },
        source: SourceProof {
            commit: Some("0123456789abcdef0123456789abcdef01234567".into()),
            dirty: false,
            sources: [0x55; 32].into(),
            lockset: Some([0x11; 32].into()),
        },
        features: value("features").into_iter().filter(|f| f != "default").collect(),
        not_promised: Vec::new(),
        debug: Default::default(),
        target: None,
        differences: Default::default(),
        sqlite,
        fixture,
        executables: vec![ExecutableProof { name: "it".into(), sha256: [0xee; 32].into() }],
        env: Default::default(),
    };
    Record {
        suite: "tests".into(),
        cell: cell.clone(),
        key: Some([0xcc; 32].into()),
        outcome,
        cause: match outcome {
            Outcome::Passed => String::new(),
            Outcome::Unavailable => format!("rust {rust} is not installed here; rustup toolchain install {rust}"),
            Outcome::Failed => "2 of 14 tests failed".into(),
            other => format!("it ended as {other}"),
        },
        attempts: 1,
        tests: if tried {
            Counts { passed: 14 - failed, failed, ignored: 1, filtered: 0, compiled: 0 }
        } else {
            Counts::default()
        },
        doctests: None,
        failures: if failed > 0 { vec![failure("search::json"), failure("search::tags")] } else { Vec::new() },
        leaks: None,
        measured: None,
        proof: tried.then_some(proof),
        started: 1_700_000_000,
        duration_ms: 250,
        executables_ms: 0,
    }
}

/// What happens in a cell of the sample, and what is expected there.
pub fn sample_outcome(cell: &CellId) -> (Outcome, bool) {
    let is = |axis: &str, values: &[&str]| cell.value(axis).is_some_and(|v| values.contains(&v.as_str()));
    let expected = is("sqlite", &["3.35.4", "3.37.0"]) && is("features", &["json"]);
    let outcome = if is("rust", &["1.75"]) {
        Outcome::Unavailable
    } else if expected || (is("rust", &["nightly"]) && is("sqlite", &["3.54.1"]) && is("schema", &["v24-wal"])) {
        Outcome::Failed
    } else if is("rust", &["debian-12"])
        && is("features", &["json"])
        && is("schema", &["v18"])
        && is("sqlite", &["host"])
    {
        Outcome::Crashed
    } else {
        Outcome::Passed
    };
    (outcome, expected)
}

pub fn json_rule() -> Expectation {
    Expectation::Fail {
        reason: "the ->> operator arrived in SQLite 3.38".into(),
        outcome: None,
        error: None,
        issue: Some("https://sqlite.org/releaselog/3_38_0.html".into()),
        until: Some("2027-06-30".into()),
    }
}

pub fn sample_rows(space: &Space) -> Vec<Row> {
    let row = |id: CellId| {
        let (outcome, expected) = sample_outcome(&id);
        let expectation = if expected { json_rule() } else { Expectation::Pass };
        Row::from_record(record(&id, outcome), expectation, id.value("rust").is_some_and(|v| v.as_str() == "1.70"))
    };
    space.cells().map(|cell| row(space.id(cell))).collect()
}

pub fn sample() -> Matrix {
    let space = sample_space();
    let rows = sample_rows(&space);
    let totals = Totals { elapsed_ms: Some(83_456), builds: 20, runs: 224, reused: 56 };
    Matrix::new(space, rows, totals, "cargo xtask repro")
}

/// A matrix of these axes in which everything passes but the last cell.
pub fn small(axes: Vec<Axis>) -> Matrix {
    let space = Space::new(axes);
    let last = space.len() - 1;
    let rows = space
        .cells()
        .map(|cell| {
            let outcome = if cell.0 == last { Outcome::Failed } else { Outcome::Passed };
            Row::from_record(record(&space.id(cell), outcome), Expectation::Pass, false)
        })
        .collect();
    Matrix::new(space, rows, Totals::default(), "cargo xtask repro")
}

/// A matrix with a row of every verdict.
pub fn every_verdict() -> Matrix {
    let space = sample_space();
    let ids: Vec<_> = space.cells().take(8).map(|cell| space.id(cell)).collect();
    let mut broken = record(&ids[1], Outcome::Failed);
    broken.failures[0].output = "\u{1b}[31mred\u{1b}[0m bell\u{7} null\u{0} ]]> <tag> & \"quoted\"\u{fffe}".into();
    let mut flaky = record(&ids[3], Outcome::Passed);
    flaky.attempts = 3;
    let rows = vec![
        Row::from_record(record(&ids[0], Outcome::Passed), Expectation::Pass, true),
        Row::from_record(broken, Expectation::Pass, false),
        Row::from_record(record(&ids[2], Outcome::Failed), json_rule(), false),
        Row::from_record(flaky, Expectation::Pass, false),
        Row::from_record(record(&ids[4], Outcome::Passed), json_rule(), false),
        Row::untried("tests", ids[5].clone(), "no | pipe\nhere; `rustup toolchain install 1.75`"),
        Row::from_record(record(&ids[6], Outcome::Infrastructure), Expectation::Pass, false),
        Row::not_promised("tests", ids[7].clone(), "`store` promises Rust 1.75", vec!["store".into()]),
    ];
    let matrix =
        Matrix::new(space, rows, Totals { elapsed_ms: Some(1234), builds: 1, runs: 6, reused: 1 }, "cargo xtask repro");
    let all: Vec<Verdict> = matrix.counts().into_keys().collect();
    let walked: Vec<Verdict> = Verdict::ALL.into_iter().filter(|verdict| *verdict != Verdict::Stale).collect();
    assert_eq!(all, walked, "each verdict of a walk once");
    matrix
}

/// Looks that every element of an XML text is closed in its order, and that nothing stands bare that must be escaped.
#[track_caller]
pub fn well_formed(xml: &str) {
    let mut open: Vec<String> = Vec::new();
    let mut rest = xml;
    while let Some(start) = rest.find('<') {
        check_text(&rest[..start]);
        rest = &rest[start..];
        if let Some(after) = rest.strip_prefix("<?") {
            rest = &after[after.find("?>").expect("an end of <?") + 2..];
        } else if let Some(after) = rest.strip_prefix("<!--") {
            rest = &after[after.find("-->").expect("an end of <!--") + 3..];
        } else {
            let end = rest.find('>').expect("an end of a tag");
            let tag = &rest[1..end];
            check_text(&tag.replace('/', ""));
            assert_eq!(tag.matches('"').count() % 2, 0, "quotes in <{tag}>");
            if let Some(name) = tag.strip_prefix('/') {
                assert_eq!(open.pop().as_deref(), Some(name.trim()), "closed in order");
            } else if !tag.ends_with('/') {
                open.push(tag.split_whitespace().next().unwrap().to_owned());
            }
            rest = &rest[end + 1..];
        }
    }
    check_text(rest);
    assert!(open.is_empty(), "left open: {open:?}");
}

fn check_text(text: &str) {
    for (at, _) in text.match_indices('&') {
        let end = text[at..].find(';').unwrap_or_else(|| panic!("a bare & in {text:?}"));
        assert!(text[at + 1..at + end].chars().all(|c| c.is_ascii_alphanumeric() || c == '#'), "{text:?}");
    }
}
