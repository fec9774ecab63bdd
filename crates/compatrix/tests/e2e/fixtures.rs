//! Fixtures: listed, built, verified, copied fresh for each run; broken ones named by file and line.

#![allow(clippy::disallowed_methods, reason = "tests make files")]

use crate::support::{totals, Workspace, FIXTURE};

const SPEC: &str = "[axis]\nrust = [HERE]\nschema = \"fixtures/*\"\n[[suite]]\nname = \"tests\"\n\
                    env = { FIXTURE = \"{schema.database}\", NAME = \"{schema.name}\", DIR = \"{schema.dir}\" }\n";
const SQL: &str = "-- one table\nCREATE TABLE t (x);\n\nINSERT INTO t VALUES (1);\n";

/// Two sound fixtures, `one` and `two`.
fn made() -> Workspace {
    let made = Workspace::new(SPEC);
    for name in ["one", "two"] {
        made.write(&format!("compat/fixtures/{name}/fixture.toml"), FIXTURE);
        made.write(&format!("compat/fixtures/{name}/schema.sql"), SQL);
    }
    made
}

#[test]
fn fixtures_are_listed_built_and_verified() {
    let made = made();
    let list = made.run(&["fixtures", "list"]);
    list.expect(0).prints(&["one", "two", "a test of compatrix itself"]);
    assert!(!made.compat("fixtures").exists(), "a list builds nothing");
    let listed = made.run(&["fixtures", "list", "--format", "json"]).expect(0).json();
    assert_eq!(listed[0]["name"], "one");
    assert_eq!((&listed[0]["rows"], &listed[0]["built"]), (&1.into(), &false.into()));

    made.run(&["fixtures", "build", "one"]).expect(0).prints(&["one: built"]);
    made.run(&["fixtures", "build"]).expect(0).prints(&["one: already built", "two: built"]);
    let database = made.compat("fixtures/one/files/fixture.sqlite");
    let rows: i64 = rusqlite::Connection::open(&database)
        .and_then(|connection| connection.query_row("SELECT count(*) FROM t", [], |row| row.get(0)))
        .expect("a database");
    assert_eq!(rows, 1);
    made.run(&["fixtures", "verify"]).expect(0).prints(&["one: 1 rows in 1 tables, as promised", "two: 1 rows"]);

    // What was built and then changed is built again.
    std::fs::write(&database, "garbage").expect("writes");
    made.run(&["fixtures", "verify", "one"]).expect(0).prints(&["one: 1 rows"]);
    let ran = made.run(&["fixtures", "build", "on"]);
    ran.expect(2).says(&["no fixture `on`", "one, two"]);
}

#[test]
fn broken_sql_is_named_by_file_and_line_and_hides_no_other() {
    let made = made();
    made.write("compat/fixtures/one/schema.sql", "CREATE TABLE t (x);\n\nINSERT INTO t\n  VALEUS (1);\n");
    made.write("compat/fixtures/two/schema.sql", "CREATE TABLE t (x);\nINSERT INTO u VALUES (1);\n");
    let places = ["one/schema.sql:4: near \"VALEUS\": syntax error", "two/schema.sql:2: no such table: u"];
    made.run(&["compat"]).expect(2).says(&places);
    made.run(&["fixtures", "build"]).expect(2).says(&places);
    assert!(!made.compat("fixtures/one").exists(), "no half of it is left");
    assert!(!made.compat("build").exists(), "nothing is built for a fixture that is wrong");
    made.write("compat/fixtures/one/schema.sql", SQL);
    made.write("compat/fixtures/two/schema.sql", SQL);
    made.json(0, &[]);
}

#[test]
fn rows_that_differ_from_the_promise_are_told() {
    let made = made();
    made.write("compat/fixtures/two/fixture.toml", FIXTURE.replace("t = 1", "t = 2"));
    let ran = made.run(&["fixtures", "verify"]);
    ran.expect(2).prints(&["one: 1 rows"]).says(&["fixture two: t has 1 rows, not 2"]);
    made.write("compat/fixtures/two/fixture.toml", FIXTURE.replace("t = 1", "u = 1"));
    made.run(&["fixtures", "verify"]).expect(2).says(&["fixture two", "no such table: u"]);
    made.write("compat/fixtures/two/fixture.toml", format!("{FIXTURE}[damage]\n"));
    made.run(&["fixtures", "verify"]).expect(0);
    made.write("compat/fixtures/two/fixture.toml", format!("{FIXTURE}[damage]\ntruncate = 4096\n"));
    made.run(&["fixtures", "verify"]).expect(0).prints(&["two: damaged, as meant"]);
    made.write("compat/fixtures/two/fixture.toml", format!("{FIXTURE}[damage]\ntruncate = 500000\n"));
    made.run(&["fixtures", "verify"]).expect(2).says(&["fixture two", "keeping 500000 damages nothing"]);
}

#[test]
fn a_fixture_that_cannot_be_read_is_the_user_s_to_mend() {
    let made = made();
    let refused = |texts: &[&str]| {
        for command in [&["compat"][..], &["fixtures", "verify"], &["plan"]] {
            made.run(command).expect(2).says(texts);
        }
    };
    made.write("compat/fixtures/two/fixture.toml", FIXTURE.replace("intent", "intend"));
    refused(&["compat/fixtures/two/fixture.toml", "intend"]);
    made.write("compat/fixtures/two/fixture.toml", FIXTURE.replace("schema.sql", "no-such.sql"));
    refused(&["compat/fixtures/two/fixture.toml", "no-such.sql"]);
    made.write("compat/fixtures/two/fixture.toml", b"\xff");
    refused(&["compat/fixtures/two/fixture.toml"]);
}

#[test]
fn each_run_has_a_fresh_copy_of_its_own() {
    let made = made().tests(
        "#[test]\nfn writes() {\n    let path = std::env::var(\"FIXTURE\").unwrap();\n    \
         assert!(std::fs::read(&path).unwrap().starts_with(b\"SQLite format 3\"));\n    \
         assert!(path.starts_with(&std::env::var(\"DIR\").unwrap()));\n    \
         assert!([\"one\", \"two\"].contains(&std::env::var(\"NAME\").unwrap().as_str()));\n    \
         std::fs::write(&path, \"mine\").unwrap();\n}\n",
    );
    // A second executable of the same run has its own copy too.
    let text = std::fs::read_to_string(made.path("tests/it.rs")).expect("a test");
    made.write("tests/second.rs", text);
    assert_eq!(totals(&made.json(0, &[])), [1, 2, 0]);
    assert_eq!(totals(&made.json(0, &["--fresh"])), [1, 2, 0]);
    let left: Vec<_> = std::fs::read_dir(made.compat("run")).expect("lists").collect();
    assert!(left.is_empty(), "copies go away: {left:?}");

    let json = made.json(0, &[]);
    let proof = &crate::support::row(&json, "schema=one")["record"]["proof"]["fixture"];
    assert_eq!((&proof["name"], &proof["vintage"]), (&"one".into(), &1.into()));
}

#[test]
fn an_unknown_schema_names_the_nearest() {
    let made = Workspace::new("[axis]\nrust = [HERE]\nschema = [\"v18\", \"v42\"]\n")
        .file("compat/fixtures/v18/fixture.toml", FIXTURE)
        .file("compat/fixtures/v18/schema.sql", SQL);
    made.run(&["compat"]).expect(2).says(&["`v42`", "v18", "^"]);
    let none = Workspace::new("[axis]\nrust = [HERE]\nschema = \"fixtures/*\"\n");
    none.run(&["compat"]).expect(2).says(&["compat/fixtures"]);
}
