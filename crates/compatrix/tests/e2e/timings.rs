//! `--timings FILE`: the schedule of a walk as a page, whatever came of the walk.

#![allow(clippy::disallowed_methods, reason = "tests read files")]

use std::process::Stdio;

use rustix::process::Signal;

use crate::support::{exists, signal, text_of, wait_for, Workspace, PASSES, WAITS};

const TWO: &str = "[axis]\nrust = [HERE]\n[axis.n]\nenv = \"N\"\nvalues = [\"green\", \"red\"]\n";
const RED: &str = "#[test]\nfn works() {\n    assert_eq!(std::env::var(\"N\").unwrap(), \"green\");\n}\n";

/// A workspace with a folder for the page.
fn workspace(spec: &str, tests: &str) -> Workspace {
    let made = Workspace::new(spec).tests(tests);
    made.write("target/made", "");
    made
}

fn read(made: &Workspace, path: &str) -> String {
    std::fs::read_to_string(made.path(path)).unwrap_or_else(|error| panic!("{path}: {error}"))
}

/// The bars of a page with this class.
fn bars(page: &str, class: &str) -> usize {
    page.matches(&format!("<rect class=\"bar {class}\"")).count()
}

#[test]
fn the_page_has_builds_and_runs_and_what_failed_is_red() {
    let made = workspace(TWO, RED);
    let file = made.path("target/timings.html");
    let path = file.to_str().unwrap();
    let ran = made.run(&["compat", "--timings", path]);
    ran.expect(1).says(&[&format!("Wrote {path}: the timings of 1 build and "), "about"]);
    let page = read(&made, "target/timings.html");
    assert_eq!((bars(&page, "build"), bars(&page, "run")), (1, 1), "{page}");
    assert!(bars(&page, "red") >= 1 && page.contains("n=red") && page.contains("compat --profile local"), "{page}");
    for heading in ["Schedule", "Processor", "Memory", "Estimate", "The work"] {
        assert!(page.contains(&format!("<h2>{heading}</h2>")), "{heading}\n{page}");
    }
    // What is known is not run again, except what failed.
    let ran = made.run(&["compat", "--cell", "n=green", "--timings", path]);
    ran.expect(0).says(&[&format!("Wrote {path}: nothing ran: 1 result was known")]);
    assert!(read(&made, "target/timings.html").contains("nothing ran: 1 result was known"), "replaced");
    made.run(&["compat", "--quiet", "--cell", "n=green", "--timings", path]).expect(0).never_says("Wrote");
}

#[test]
fn the_user_tree_has_only_the_file_that_was_named() {
    let made = workspace("[axis]\nrust = [HERE]\n", PASSES);
    let file = made.path("target/t.html");
    made.assert_tree_unchanged(|| made.run(&["compat", "--timings", file.to_str().unwrap()])).expect(0);
    assert!(exists(file));
}

#[test]
fn a_file_that_cannot_be_written_is_an_error_before_any_work() {
    let made = Workspace::new("[axis]\nrust = [HERE]\n").tests(PASSES);
    made.write("a-file", "");
    made.write("target/made", "");
    made.write("src/lib.rs", "// A source file.\n");
    let junit = made.path("target/one.file");
    let junit = junit.to_str().unwrap();
    for (path, said) in [
        ("-", "this is not a file"),
        ("no/such/folder/t.html", "there is no folder no/such/folder; create it first"),
        ("src", "this is a folder; name a file in it"),
        ("a-file/t.html", "is not a folder"),
        ("/dev/null/t.html", "is not a folder"),
        ("/proc/t.html", "it cannot be created"),
        (junit, "another option writes to this file"),
        ("target/../target/one.file", "another option writes to this file"),
        ("compat/matrix.toml", "this file exists and is not a page of timings"),
        ("src/lib.rs", "this file exists and is not a page of timings"),
        ("target/t.html/", "this is a folder"),
    ] {
        let mut command = made.command(&["compat", "--junit", junit, "--timings", path]);
        command.current_dir(made.root());
        let ran = crate::support::finish(command);
        ran.expect(2).says(&[said, "--timings"]).never_says("Planned");
    }
    assert!(!exists(made.compat("ledger.sqlite")), "nothing began");
    made.run(&["compat", "--dry-run", "--timings", "t.html"]).expect(2).says(&["--timings", "--dry-run"]);
    made.run(&["compat", "--timings"]).expect(2);
    made.run(&["compat", "--timings", "/dev/null"]).expect(0).says(&["Wrote /dev/null"]);
}

#[test]
fn an_interrupted_walk_has_its_page() {
    let spec = "[axis]\nrust = [HERE]\n[axis.n]\nenv = \"N\"\nvalues = [\"quick-1\", \"slow-1\"]\n";
    let made = workspace(spec, WAITS);
    let file = made.path("target/t.html");
    let mut command = made.command(&["compat", "--jobs", "2", "--timings", file.to_str().unwrap()]);
    let child = command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().expect("starts");
    wait_for("a result", || {
        exists(made.compat("ledger.sqlite"))
            && made
                .ledger()
                .query_row("SELECT count(*) FROM records", [], |row| row.get::<_, i64>(0))
                .is_ok_and(|n| n == 1)
    });
    signal(&child, Signal::INT);
    let output = child.wait_with_output().expect("ends");
    assert_eq!(output.status.code(), Some(130), "{}", text_of(output.stderr));
    let page = read(&made, "target/t.html");
    assert!(page.contains("<strong>Interrupted:</strong>") && bars(&page, "cut") == 1, "{page}");
    assert_eq!((bars(&page, "build"), bars(&page, "run")), (1, 1), "{page}");
}

#[test]
fn leak_checks_have_timings_too() {
    let spec = "[axis]\nrust = [HERE]\n[[suite]]\nname = \"left\"\nkind = \"leak\"\ntool = \"resources\"\n";
    let made = workspace(spec, PASSES);
    let file = made.path("target/t.html");
    made.run(&["leak-check", "--timings", file.to_str().unwrap()])
        .expect(0)
        .says(&["the timings of 1 build and 1 run"]);
    assert!(read(&made, "target/t.html").contains("leak-check --profile local"));
}
