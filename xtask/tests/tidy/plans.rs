//! The criteria of the plans name tests and files that are there.

use crate::{lines, root, text, Violations};

const PLANS: &str = "compat/plans.toml";

#[test]
fn criteria_name_what_is_there() {
    let mut violations = Violations::default();
    let plans = text(PLANS).unwrap_or_default();
    let mut named = 0;
    for (n, line) in lines(&plans) {
        for word in line.split(['"', '\'']).skip(1).step_by(2) {
            if let Some((file, test)) = word.split_once(".rs#").map(|(file, test)| (format!("{file}.rs"), test)) {
                named += 1;
                let is_there = root().join(&file).is_file()
                    && text(&file).is_some_and(|text| text.contains(&format!("fn {test}(")));
                if !is_there {
                    violations.add(PLANS, n, format!("there is no test `{test}` in {file}"));
                }
            }
        }
        let files = line.match_indices("file = \"").map(|(at, key)| &line[at + key.len()..]);
        for file in files.filter_map(|rest| rest.split('"').next()) {
            named += 1;
            if !root().join(file).is_file() {
                violations.add(PLANS, n, format!("there is no file {file}"));
            }
        }
    }
    assert!(named > 30, "only {named} tests and files found");
    violations.none();
}
