//! SARIF: as it was, and held against the standard's own schema.
#![allow(clippy::disallowed_methods)]

mod common;

use std::collections::BTreeMap;

use common::leaks::{every_kind, leaky, usage};
use common::schema::Schema;
use common::*;
use compatrix_leak::{Canary, FindingKind, Tool, Usage};
use compatrix_model::outcome::Outcome;
use compatrix_model::results::matrix::{Matrix, Totals};
use compatrix_model::results::row::Row;
use compatrix_model::verdict::Expectation;
use compatrix_render::sarif::{sarif, SarifOptions};
use serde_json::Value;

fn show(matrix: &Matrix, usage: &Usage) -> Value {
    let sources = BTreeMap::from([("it".to_owned(), "tests/it/main file.rs".to_owned())]);
    let about = "https://example.org/compatrix";
    let options = SarifOptions { version: "0.1.0", about, sources: &sources, manifest: "Cargo.toml" };
    let text = sarif(matrix, usage, &options);
    let value: Value = serde_json::from_str(&text).unwrap();
    let wrong = Schema::sarif().check(&value);
    assert!(wrong.is_empty(), "{wrong:#?}\n{text}");
    assert!(!text.contains("/home/me") && !text.contains("1700000000"), "no machine paths, no dates");
    for run in value["runs"].as_array().unwrap() {
        held_together(run);
    }
    value
}

/// What the standard and GitHub want beyond the schema.
fn held_together(run: &Value) {
    let rules = run["tool"]["driver"]["rules"].as_array().unwrap();
    for result in run["results"].as_array().unwrap() {
        let rule = &rules[usize::try_from(result["ruleIndex"].as_u64().unwrap()).unwrap()];
        assert_eq!(rule["id"], result["ruleId"]);
        let place = &result["locations"][0]["physicalLocation"];
        let uri = place["artifactLocation"]["uri"].as_str().unwrap();
        assert!(!uri.starts_with('/') && !uri.contains([' ', ':']), "{uri}");
        assert_eq!(place["artifactLocation"]["uriBaseId"], "%SRCROOT%");
        assert!(place["region"]["startLine"].as_u64().unwrap() > 0);
        assert!(!result["partialFingerprints"]["compatrix/v1"].as_str().unwrap().is_empty());
        assert!(result["suppressions"].is_array(), "all results of a run have it, or none");
    }
    let notifications = run["tool"]["driver"]["notifications"].as_array().unwrap();
    for notification in run["invocations"][0]["toolExecutionNotifications"].as_array().unwrap() {
        let descriptor = &notification["descriptor"];
        assert_eq!(
            notifications[usize::try_from(descriptor["index"].as_u64().unwrap()).unwrap()]["id"],
            descriptor["id"]
        );
    }
}

#[test]
fn a_rich_set_of_findings() {
    let value = show(&leaky(), &usage());
    golden("leaks.sarif", &(serde_json::to_string_pretty(&value).unwrap() + "\n"));
    let runs = value["runs"].as_array().unwrap();
    let ids: Vec<&str> = runs.iter().map(|run| run["automationDetails"]["id"].as_str().unwrap()).collect();
    assert_eq!(ids, Tool::ALL.map(|tool| format!("compatrix/{tool}/")), "each run is a category of its own");
    let successful: Vec<bool> =
        runs.iter().map(|run| run["invocations"][0]["executionSuccessful"].as_bool().unwrap()).collect();
    assert_eq!(successful, [true, true, false, true, true], "LeakSanitizer is not proven");
    assert_eq!(runs[0]["results"].as_array().unwrap().len(), 8, "each finding once, not once a cell");
    let text = runs[0]["results"][0]["message"]["text"].as_str().unwrap();
    assert!(text.starts_with("src/store.rs:120 in things_store::store::Store::open: "), "{text}");
}

#[test]
fn every_kind_is_a_rule() {
    let value = show(&every_kind(), &Usage::default());
    assert_eq!(value["runs"][0]["tool"]["driver"]["rules"].as_array().unwrap().len(), FindingKind::ALL.len());
}

#[test]
fn a_tool_that_is_not_to_be_had_is_no_success() {
    let space = sample_space();
    let id = space.id(space.cells().next().unwrap());
    let row = Row::untried("valgrind", id, "no valgrind here; apt install valgrind").under(Some(Tool::Valgrind));
    let value = show(&Matrix::new(space, vec![row], Totals::default(), "cargo xtask repro"), &Usage::default());
    let invocation = &value["runs"][0]["invocations"][0];
    assert_eq!(invocation["executionSuccessful"], false);
    let text = invocation["toolExecutionNotifications"][0]["message"]["text"].as_str().unwrap();
    assert!(text.contains("apt install valgrind"), "{text}");
    assert_eq!(value["runs"][0]["results"].as_array().unwrap().len(), 0);
}

#[test]
fn one_cell_without_proof_is_no_success() {
    let mut matrix = leaky();
    matrix.rows.retain(|row| row.suite == "lsan");
    let mut proven = matrix.rows[0].record().cloned().unwrap();
    proven.outcome = Outcome::Passed;
    proven.leaks.as_mut().unwrap().canary = Canary::Proven { found: "77 bytes".into() };
    matrix.rows.push(Row::from_record(proven, Expectation::Pass, false));
    let value = show(&matrix, &Usage::default());
    assert_eq!(value["runs"][0]["invocations"][0]["executionSuccessful"], false);
}

#[test]
fn the_check_can_fail() {
    let schema = Schema::sarif();
    let good = show(&leaky(), &usage());
    let spoil = |path: &str, new: Value| {
        let mut bad = good.clone();
        *bad.pointer_mut(path).unwrap_or_else(|| panic!("{path}")) = new;
        let wrong = schema.check(&bad);
        assert!(!wrong.is_empty(), "{path} is not checked");
    };
    spoil("/version", "2.0.0".into());
    spoil("/runs/0/tool/driver/name", Value::Null);
    spoil("/runs/0/results/0/level", "fatal".into());
    spoil("/runs/0/results/0/locations/0/physicalLocation/region/startLine", 0.into());
    spoil("/runs/0/results/0/message", serde_json::json!({}));
    spoil("/runs/0/results/0/locations/0", serde_json::json!({ "place": "here" }));
    spoil("/runs/0/results/0/suppressions", serde_json::json!([{ "kind": "baseline" }]));
    spoil("/runs/0/automationDetails/id", 7.into());
}
