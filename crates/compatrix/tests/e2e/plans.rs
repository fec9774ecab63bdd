//! The page on plans: each criterion against real results.

#![allow(clippy::disallowed_methods, reason = "tests read and write files")]

use crate::support::{commit, git, with_here, Workspace};

const SPEC: &str =
    "[project]\npackages = [\"store\"]\ncriteria = \"compat/plans.toml\"\n[claims]\nrust = \"1.60\"\n[axis]\n\
                    rust = [HERE, \"1.50\"]\n[[suite]]\nname = \"tests\"\n";

const PLANS: &str = r#"
[[criterion]]
id = "A1"
text = "It waits | and returns"
figure = "5 ms"
by = [{ suite = "tests", tests = ["src/lib.rs#waits"] }]
[[criterion]]
id = "A2"
text = "It is tried with an old Rust"
tier = "should"
by = [{ suite = "tests", cells = "rust=1.50" }, { claim = "rust" }]
[[criterion]]
id = "A3"
text = "It is described"
by = [{ file = "docs/GUIDE.md", has = "waits" }]
[[criterion]]
id = "A4"
text = "It flies"
tier = "nice"
not-applicable = "it is no bird"
"#;

fn made() -> Workspace {
    let made = Workspace::of_files(
        "ws",
        &[
            (
                "Cargo.toml",
                "[package]\nname = \"store\"\nversion = \"0.1.0\"\nedition = \"2018\"\n[lib]\ndoctest = false\n",
            ),
            ("Cargo.lock", "version = 3\n\n[[package]]\nname = \"store\"\nversion = \"0.1.0\"\n"),
            ("src/lib.rs", "#[test]\nfn waits() {}\n"),
            ("docs/GUIDE.md", "It waits.\n"),
            ("compat/plans.toml", PLANS),
        ],
    );
    made.write("compat/matrix.toml", with_here(SPEC));
    git(&made, &["init", "--quiet"]);
    commit(&made);
    made
}

fn page(made: &Workspace) -> String {
    made.run(&["report"]).expect(0);
    std::fs::read_to_string(made.path("docs/PLANS.md")).expect("a page")
}

#[track_caller]
fn says(page: &str, lines: &[&str]) {
    for line in lines {
        assert!(page.contains(line), "{line}\n{page}");
    }
}

#[test]
fn a_criterion_is_what_the_evidence_says() {
    let made = made();
    says(
        &page(&made),
        &["| ➖ | [A1](#a1) | It waits \\| and returns | 5 ms | must | unproven |", "`tests`: no evidence"],
    );
    made.run(&["compat", "--no-install"]).expect(0);
    made.run(&["evidence", "record"]).expect(0);
    let proven = page(&made);
    says(
        &proven,
        &[
            "| ✅ | [A1](#a1) |",
            "suite `tests`: 1 result passed; with [waits](../src/lib.rs)",
            "| ➖ | [A2](#a2) |",
            "suite `tests` in `rust=1.50`: no evidence",
            "| ✅ | [A3](#a3) |",
            "| 🚫 | [A4](#a4) | It flies | | nice | not applicable |",
            "| must | 2 | 0 | 0 | 0 |",
        ],
    );
    made.run(&["report", "--check"]).expect(0);

    // A page that is not what the evidence says is found, and so is a test that was renamed.
    made.write("docs/PLANS.md", proven.replace("| 🚫 |", "| ✅ |"));
    made.run(&["report", "--check"]).prints(&["docs/PLANS.md is out of date"]).expect(1);
    made.write("src/lib.rs", "#[test]\nfn returns() {}\n");
    says(&page(&made), &["| ➖ | [A1](#a1) |", "there is no test waits in src/lib.rs"]);

    // A test that was not in the sources of the results is not shown by them.
    made.write("src/lib.rs", "#[test]\nfn waits() {}\n#[test]\nfn waits_again() {}\n");
    made.write("compat/plans.toml", PLANS.replace("#waits", "#waits_again"));
    says(
        &page(&made),
        &["| ➖ | [A1](#a1) |", "results are of sources without the test waits_again; record them again"],
    );
    made.run(&["compat", "--no-install"]).expect(0);
    made.run(&["evidence", "record"]).expect(0);
    says(&page(&made), &["| ✅ | [A1](#a1) |"]);
    made.write("compat/plans.toml", PLANS);

    // What fails contradicts.
    made.write("src/lib.rs", "#[test]\nfn waits() { panic!() }\n");
    made.run(&["compat", "--no-install"]).expect(1);
    made.run(&["evidence", "record"]).expect(0);
    says(&page(&made), &["| ❌ | [A1](#a1) |", "1 of 1 result failed"]);
}

#[test]
fn criteria_that_cannot_be_read_are_said_with_their_place() {
    let made = made();
    made.write("compat/plans.toml", PLANS.replace("suite = \"tests\", tests", "suite = \"test\", tests"));
    made.run(&["report"])
        .says(&["compat/plans.toml:6:", "the spec has no suite `test`", "did you mean `tests`?"])
        .expect(2);
    std::fs::remove_file(made.path("compat/plans.toml")).expect("it was there");
    made.run(&["report"]).says(&["compat/plans.toml, the `criteria` of [project], is not there"]).expect(2);
    made.write("compat/plans.toml", PLANS);
    made.write("docs/PLANS.md", "# My own plans\n");
    made.run(&["report"]).says(&["docs/PLANS.md"]).expect(2);
}
