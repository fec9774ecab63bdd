//! Choosing cells: strategies, budgets, shards, and what is said of them.

use std::collections::BTreeSet;

use serde_json::Value;

use crate::support::Workspace;

/// 1 × 2 × 3 × 3 × 3 = 54 cells in two builds.
const SPEC: &str = r#"
[axis]
rust = [HERE]
features = { default = [], json = ["json"] }
[axis.a]
env = "A"
values = ["a1", "a2", "a3"]
[axis.b]
env = "B"
values = ["b1", "b2", "b3"]
[axis.c]
env = "C"
values = ["c1", "c2", "c3"]

[[rule]]
when = { a = "a1", b = "b1" }
expect = "skip"
reason = "never together"

[profile.local]
strategy = "pairwise"
pin = [{ a = "a2", b = "b2", c = "c2" }]

[profile.few]
budget = 4

[profile.full]
"#;

fn cells(json: &Value, of: &str) -> BTreeSet<String> {
    let rows = json[of].as_array().expect("a list");
    rows.iter().map(|row| row["cell"].as_str().expect("a cell").to_owned()).collect()
}

#[test]
fn a_strategy_chooses_and_its_coverage_is_told() {
    let made = Workspace::new(SPEC);
    let plan = made.run(&["plan", "--format", "json"]).expect(0).json();
    let coverage = &plan["coverage"];
    assert_eq!(coverage["strategy"], "pairwise");
    assert_eq!((&coverage["covered"], &coverage["wanted"], &coverage["excluded"]), (&55.into(), &55.into(), &1.into()));
    assert_eq!((coverage["of"].as_str(), &coverage["tried"]), (Some("48"), &55.into()));
    let chosen = cells(&plan, "runs");
    assert!(chosen.len() >= 9 && chosen.len() < 16, "{chosen:?}");
    assert!(chosen.iter().any(|cell| cell.ends_with("a=a2 b=b2 c=c2")), "{chosen:?}");

    let said = format!("pairwise: {} of 48 cells cover 55 of 55 pairs (1 pair excluded by rules)", chosen.len());
    made.run(&["plan"]).expect(0).prints(&[&said]);
    made.run(&["compat"]).expect(0).prints(&[&said]);
    let ran = made.json(0, &[]);
    assert_eq!((cells(&ran, "rows"), &ran["coverage"]), (chosen.clone(), coverage), "what ran is what was planned");
    assert_eq!(ran["totals"]["runs"], 0, "all was known");

    // The cells of a budget, and cells by name whether they were chosen or not.
    let few = made.run(&["plan", "--profile", "few", "--format", "json"]).expect(0).json();
    assert_eq!((cells(&few, "runs").len(), &few["coverage"]["covered"]), (4, &35.into()));
    let full = made.run(&["plan", "--profile", "full", "--format", "json"]).expect(0).json();
    assert_eq!((cells(&full, "runs").len(), &full["coverage"]), (48, &Value::Null));
    let other = cells(&full, "runs").into_iter().find(|cell| !chosen.contains(cell)).expect("one that was not chosen");
    let asked = made.json(0, &["--cell", &other]);
    assert_eq!((cells(&asked, "rows"), &asked["coverage"]), (BTreeSet::from([other]), &Value::Null));
    let some = made.run(&["plan", "--cell", "a=a1", "--format", "json"]).expect(0).json();
    assert!(cells(&some, "runs").is_subset(&chosen));
}

#[test]
fn what_cannot_be_tried_changes_no_choice() {
    let with = |second: &str| {
        let made = Workspace::new(&SPEC.replace("[HERE]", &format!("[HERE, {second}]")));
        made.run(&["plan", "--no-install", "--format", "json"]).expect(0).json()
    };
    let here = crate::support::with_here("HERE").replace("here", "there");
    let (both, one) = (with(&here), with("{ name = \"there\", path = \"nowhere\" }"));
    let chosen: BTreeSet<String> = cells(&one, "runs").union(&cells(&one, "skips")).cloned().collect();
    assert_eq!((cells(&both, "runs"), cells(&both, "skips").len()), (chosen, 0));
    assert_eq!(one["coverage"]["covered"], both["coverage"]["covered"]);
    assert_eq!(both["coverage"]["tried"], both["coverage"]["covered"]);
    assert!(one["coverage"]["tried"].as_u64() < both["coverage"]["tried"].as_u64(), "{}", one["coverage"]);
}

#[test]
fn shards_together_are_the_plan() {
    let made = Workspace::new(SPEC);
    let whole = cells(&made.run(&["plan", "--format", "json"]).expect(0).json(), "runs");
    let mut all = BTreeSet::new();
    let mut deals = BTreeSet::new();
    for shard in ["1/2", "2/2"] {
        let ran = made.run(&["plan", "--shard", shard, "--format", "json"]).expect(0).json();
        assert_eq!((ran["builds"].as_array().map(Vec::len), &ran["shard"]["builds_of"]), (Some(1), &2.into()));
        all.extend(cells(&ran, "runs"));
        deals.insert(ran["shard"]["deal"].to_string());
    }
    assert_eq!((all, deals.len()), (whole, 1));
    made.run(&["compat", "--shard", "2/2"]).expect(0).prints(&["shard 2/2: 1 of 2 builds"]).says(&["Built"]);

    // More machines than builds: nothing to do is no failure.
    let empty = made.run(&["compat", "--shard", "3/5"]);
    empty.expect(0).prints(&["no cells", "shard 3/5: empty because there are only 2 builds"]).never_says("Built");
    assert_eq!(made.json(0, &["--shard", "5/5"])["rows"], Value::Array(Vec::new()));
    for (shard, why) in [("0/2", "count from 1"), ("3/2", "no shard 3 of 2"), ("two", "which of how many")] {
        made.run(&["compat", "--shard", shard]).expect(2).says(&[why, "--shard <K/N>"]);
        made.run(&["plan", "--shard", shard]).expect(2).says(&[why]);
    }
    // A choice that is empty to begin with is still a mistake.
    made.run(&["compat", "--shard", "1/2", "--cell", "a=a4"]).expect(2);
}

#[test]
fn lines_fit_the_terminal() {
    let made = Workspace::new(SPEC);
    for columns in [80, 200] {
        let mut command = made.command(&["plan", "--shard", "1/2"]);
        command.env("COLUMNS", columns.to_string());
        let ran = crate::support::finish(command);
        let long: Vec<&str> = ran.stdout.lines().filter(|line| line.chars().count() > columns).collect();
        assert!(long.is_empty(), "{columns}: {long:?}");
    }
}
