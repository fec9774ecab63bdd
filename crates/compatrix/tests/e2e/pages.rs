//! From results to pages: evidence recorded, the page written, held against drift and against newer sources; repro lines.

#![allow(clippy::disallowed_methods, reason = "tests edit files and run a shell")]

use std::process::Command;

use crate::support::{clean, finish, totals, Workspace, FIXTURE};

const SPEC: &str = r#"
[claims]
rust = "1.50"
[axis]
rust = [HERE]
[axis.colour]
env = "COLOUR"
values = ["red", "green"]
[[rule]]
when = { colour = "green" }
expect = "fail"
reason = "green is hard"
"#;

const TESTS: &str = "#[test]\nfn works() { assert_ne!(std::env::var(\"COLOUR\").unwrap(), \"green\"); }\n";

#[test]
fn a_page_follows_from_its_evidence_and_drift_is_told_with_its_mending() {
    let made = Workspace::new(SPEC).tests(TESTS);
    made.run(&["report", "--require-fresh"]).expect(1).says(&["there is no evidence", "evidence record"]);
    made.json(0, &[]);
    made.run(&["evidence", "record"]).expect(0);
    made.run(&["report"]).expect(0);
    let page = std::fs::read_to_string(made.path("docs/COMPATIBILITY.md")).expect("a page");
    assert!(page.contains("green is hard") && page.contains("1.50"), "{page}");
    let root = made.root();
    assert!(!page.contains(root.to_str().expect("UTF-8")), "no path of this machine\n{page}");

    made.run(&["report", "--check"]).expect(0);
    // The page and the evidence are no sources: writing them makes nothing stale.
    made.run(&["report", "--check", "--require-fresh"]).expect(0);
    assert_eq!(totals(&made.json(0, &[])), [0, 0, 2]);

    made.write("docs/COMPATIBILITY.md", page.replace("green is hard", "green is easy"));
    let ran = made.run(&["report", "--check"]);
    ran.expect(1).prints(&["-", "green is easy", "+", "green is hard", "cargo compatrix report"]);
    made.run(&["report"]).expect(0);
    assert_eq!(std::fs::read_to_string(made.path("docs/COMPATIBILITY.md")).expect("a page"), page);

    // Newer sources: the page is still that of its evidence, and a release is stopped.
    made.write("src/lib.rs", "// newer\n");
    made.run(&["report", "--check"]).expect(0);
    made.run(&["report", "--require-fresh"]).expect(1).says(&["2 results are of other sources"]);
}

#[test]
fn a_record_of_evidence_is_shown_and_an_unknown_cell_is_told() {
    let made = Workspace::new(SPEC).tests(TESTS);
    let shown = made.run(&["evidence", "show", "rust=here colour=red"]);
    assert!(matches!(shown.code, Some(1 | 2)), "nothing ran yet\n{shown}");
    made.json(0, &[]);
    let json = made.run(&["evidence", "show", "rust=here colour=red", "--format", "json"]).expect(0).json();
    assert_eq!(json[0]["outcome"], "passed", "{json:#}");
    made.run(&["evidence", "show", "rust=here colour=red"]).expect(0).prints(&["rust=here colour=red", "passed"]);
    made.run(&["evidence", "show", "rust=here colour=rde"]).expect(2).says(&["`rde`", "`red`"]);
}

#[test]
fn evidence_that_is_no_evidence_is_told_by_name() {
    let made = Workspace::new(SPEC).file("compat/evidence/linux-x86_64.toml", "this is = [ not evidence");
    for command in ["report", "evidence"] {
        let args: &[&str] = if command == "report" { &["report"] } else { &["evidence", "record"] };
        let ran = made.run(args);
        assert!(matches!(ran.code, Some(2 | 3)), "{ran}");
        if command == "report" {
            ran.says(&["compat/evidence/linux-x86_64.toml"]);
        }
    }
    let text = std::fs::read_to_string(made.path("compat/evidence/linux-x86_64.toml")).expect("still there");
    assert_eq!(text, "this is = [ not evidence", "what cannot be read is not written over");
}

#[test]
fn a_repro_s_lines_do_in_a_shell_what_the_cell_does() {
    let spec = SPEC.replace("[axis]", "[axis]\nschema = \"fixtures/*\"");
    let suite = "[[suite]]\nname = \"tests\"\nenv = { FIXTURE = \"{schema.database}\" }\n";
    let made = Workspace::new(&format!("{spec}{suite}"))
        .file("compat/fixtures/one/fixture.toml", FIXTURE)
        .file("compat/fixtures/one/schema.sql", "CREATE TABLE t (x);\nINSERT INTO t VALUES (1);\n")
        .tests(
            "#[test]\nfn works() {\n    assert!(std::fs::metadata(std::env::var(\"FIXTURE\").unwrap()).unwrap().len() > 0);\n    \
             assert_ne!(std::env::var(\"COLOUR\").unwrap(), \"green\");\n}\n",
        );
    for (colour, passes) in [("red", true), ("green", false)] {
        let lines = made.run(&["repro", &format!("rust=here schema=one colour={colour}")]);
        lines.expect(0);
        let mut shell = Command::new("/bin/sh");
        clean(&mut shell);
        shell.args(["-ec", &lines.stdout]);
        let ran = finish(shell);
        assert_eq!(ran.code == Some(0), passes, "{lines}\n{ran}");
        assert!(ran.stdout.contains("test works ..."), "{ran}");
    }
    made.run(&["repro", "rust=here schema=one colour=red", "--suite", "test"]).expect(2).says(&["`test`", "`tests`"]);
}

#[test]
fn the_schema_is_written_and_checked() {
    let made = Workspace::bare();
    made.run(&["schema", "--check"]).expect(1).prints(&["cargo compatrix schema"]);
    made.run(&["schema"]).expect(0);
    made.run(&["schema", "--check"]).expect(0);
    let text = std::fs::read_to_string(made.path("docs/matrix.schema.json")).expect("a schema");
    serde_json::from_str::<serde_json::Value>(&text).expect("JSON");
}

/// A workspace without a database reads nothing of one, whatever command it runs.
#[test]
fn a_workspace_without_sqlite_hears_nothing_of_it() {
    let spec = "[claims]\nrust = \"1.50\"\n[axis]\nrust = [HERE]\n[axis.features]\ndefault = []\nminimal = { default-features = false }\n\
                [[suite]]\nname = \"tests\"\n[[suite]]\nname = \"left\"\nkind = \"leak\"\ntool = \"resources\"\n";
    let made = Workspace::new(spec).tests("#[test]\nfn works() {}\n");
    let commands: [&[&str]; 8] = [
        &["plan"],
        &["compat"],
        &["leak-check"],
        &["doctor"],
        &["evidence", "record"],
        &["evidence", "show", "rust=here features=default"],
        &["report"],
        &["report", "--check"],
    ];
    let mut said = String::new();
    for command in commands {
        let ran = made.run(command);
        // The doctor finds the claim too old for the lockfile.
        if command != ["doctor"] {
            ran.expect(0);
        }
        said.push_str(&format!("{ran}\n"));
    }
    for page in ["docs/COMPATIBILITY.md", "docs/COMPATIBILITY.svg", "docs/RELIABILITY.md"] {
        said.push_str(&std::fs::read_to_string(made.path(page)).expect("a page"));
    }
    let of_databases = |line: &&str| ["sqlite", "schema"].iter().any(|word| line.to_lowercase().contains(word));
    assert_eq!(said.lines().filter(of_databases).collect::<Vec<_>>(), Vec::<&str>::new());
    assert!(
        said.contains("Built rust=here features=default|minimal in "),
        "a build has the names of its feature sets\n{said}"
    );
}

/// One badge for each claim, from evidence; a folder of badges is no source, and nobody's own picture is lost.
#[test]
fn badges_follow_from_the_evidence() {
    let spec = |claims: &str| format!("badges = \"docs/badges\"\n[claims]\n{claims}\n[axis]\nrust = [HERE]\n");
    let platform = format!("{}-{}", std::env::consts::OS, std::env::consts::ARCH);
    let claims = format!("rust = \"1.50\"\nplatforms = {{ tested = [\"{platform}\"] }}");
    let made = Workspace::new(&spec(&claims)).tests("#[test]\nfn works() {}\n");
    made.json(0, &[]);
    made.run(&["evidence", "record"]).expect(0);
    made.run(&["report"]).expect(0);
    let read = |file: &str| std::fs::read_to_string(made.path(file)).unwrap_or_default();
    let of_platform = format!("docs/badges/platform-{platform}");
    let json: serde_json::Value = serde_json::from_str(&read(&format!("{of_platform}.json"))).expect("JSON");
    assert_eq!((&json["message"], &json["color"]), (&"proven".into(), &"green".into()), "{json}");
    assert!(read("docs/badges/rust.svg").contains("aria-label=\"Rust 1.50+: unproven\""));
    assert!(read("docs/COMPATIBILITY.md").contains("[![Rust 1.50+](docs/badges/rust.svg)](docs/COMPATIBILITY.md)"));
    made.run(&["report", "--check", "--require-fresh"]).expect(0);

    // By hand, it would say what no evidence says.
    let honest = read("docs/badges/rust.svg");
    made.write("docs/badges/rust.svg", honest.replace("unproven", "proven"));
    made.run(&["report", "--check"]).expect(1).prints(&["docs/badges/rust.svg"]);
    made.run(&["report"]).expect(0);
    assert_eq!(read("docs/badges/rust.svg"), honest);

    // A claim that is gone takes its badge with it; other files of the folder stay.
    made.write("docs/badges/logo.svg", "<svg/>");
    let text = read("compat/matrix.toml").replace("rust = \"1.50\"\n", "");
    made.write("compat/matrix.toml", text);
    made.run(&["report", "--check"]).expect(1).prints(&["docs/badges/rust.svg is the badge of no claim"]);
    made.run(&["report"]).expect(0);
    assert!(!made.path("docs/badges/rust.svg").exists() && !made.path("docs/badges/rust.json").exists());
    assert_eq!(read("docs/badges/logo.svg"), "<svg/>");
    made.run(&["report", "--check"]).expect(0);

    made.write(&format!("{of_platform}.svg"), "<svg/>");
    made.run(&["report"]).expect(2).says(&["was not written by compatrix", "`badges`"]);
    assert_eq!(read(&format!("{of_platform}.svg")), "<svg/>");
}

/// The page on benchmarks follows from committed records, a file a commit, and exists only where there are benches.
#[test]
fn the_page_on_benchmarks_follows_from_its_records() {
    const BENCHES: &str = "[[suite]]\nname = \"tests\"\n[[suite]]\nname = \"speed\"\nkind = \"bench\"\n";
    let made = Workspace::new(SPEC).tests(TESTS);
    made.run(&["report"]).expect(0);
    assert!(!made.path("docs/BENCHMARKS.md").exists(), "no suite of benches");
    made.write(
        "compat/matrix.toml",
        format!("{}\n{BENCHES}", std::fs::read_to_string(made.path("compat/matrix.toml")).expect("a spec")),
    );
    made.run(&["report"]).expect(0);
    let page = || std::fs::read_to_string(made.path("docs/BENCHMARKS.md")).expect("a page");
    assert!(page().contains("There is no record yet"), "{}", page());
    assert!(!made.path("docs/BENCHMARKS.svg").exists());

    let (base, commit) = ("0".repeat(40), "1".repeat(40));
    let record = format!(
        "format = 1\nplatform = \"linux-x86_64\"\ncommit = \"{commit}\"\nbase = \"{base}\"\n\
         committed = \"2026-09-21T15:13:20Z\"\n[machine]\nprocessor = \"a processor\"\nkernel = \"Linux 6.1\"\ncores = 2.0\n\
         [[bench]]\nsuite = \"speed\"\ncell = \"rust=here colour=red\"\nname = \"search\"\nmetric = \"time\"\n\
         change = \"slower\"\nratio = 1.25\ninterval = [1.2, 1.3]\nrounds = 16\n"
    );
    let file = "compat/evidence/bench/linux-x86_64/111111111111.toml";
    made.write(file, &record);
    made.run(&["report", "--check"]).expect(1).prints(&["docs/BENCHMARKS.md", "docs/BENCHMARKS-trend.svg"]);
    made.run(&["report"]).expect(0);
    made.run(&["report", "--check"]).expect(0);
    assert!(page().contains("25.0 %") && page().contains("BENCHMARKS-trend.svg"), "{}", page());
    for picture in ["docs/BENCHMARKS.svg", "docs/BENCHMARKS-trend.svg"] {
        let svg = std::fs::read_to_string(made.path(picture)).expect("a picture");
        assert!(svg.contains("search") && svg.contains("25.0 %"), "{svg}");
    }

    // A record that is wrong is named with its line, and nothing is written over.
    let before = page();
    for (of, to, says) in [
        ("ratio = 1.25", "ratio = nan", "line 10: `search` contradicts itself"),
        ("interval = [1.2, 1.3]", "interval = [1.3, 1.4]", "does not contain its ratio"),
        (base.as_str(), commit.as_str(), "line 4: the commit is its own base"),
        ("[machine]", "[machine", "line 6"),
    ] {
        made.write(file, record.replace(of, to));
        made.run(&["report"]).expect(2).says(&[file, says]);
    }
    made.write(file, &record);
    made.write("compat/evidence/bench/linux-x86_64/222222222222.toml", &record);
    made.run(&["report"])
        .expect(2)
        .says(&["222222222222.toml: it is of the commit 1111", "name it compat/evidence/bench"]);
    assert_eq!(page(), before);
}
