//! JUnit, JSON and the job summary of the sample, and of texts that would break them.
#![allow(clippy::disallowed_methods)]

mod common;

use common::*;
use compatrix_model::results::matrix::{Matrix, Totals};
use compatrix_render::{json, junit, summary};

#[test]
fn junit_of_every_verdict() {
    let xml = junit::junit(&every_verdict(), "things-store");
    golden("every-verdict.junit.xml", &xml);
    let forbidden = |c: char| c.is_control() && !"\n\t\r".contains(c) || c == '\u{fffe}';
    assert!(!xml.contains(forbidden), "{:?}", xml.chars().find(|c| forbidden(*c)));
    well_formed(&xml);
}

#[test]
fn json_of_every_verdict() {
    let text = json::json(&every_verdict());
    golden("every-verdict.json", &text);
    let value: serde_json::Value = serde_json::from_str(&text).unwrap();
    assert_eq!(value["format"], 1);
    assert_eq!(value["rows"].as_array().unwrap().len(), 8);
    let record: compatrix_model::evidence::Record = serde_json::from_value(value["rows"][0]["record"].clone()).unwrap();
    assert_eq!(record, every_verdict().rows[0].record().cloned().unwrap(), "a record comes back whole");
}

#[test]
fn summaries() {
    golden("every-verdict.summary.md", &summary::summary(&every_verdict(), "Compatibility of things-store"));
    golden("sample.summary.md", &summary::summary(&sample(), "Compatibility of things-store"));
    assert_eq!(
        summary::summary(&Matrix::new(sample_space(), vec![], Totals::default(), ""), "x"),
        "## x\n\nNo cells.\n"
    );
}
