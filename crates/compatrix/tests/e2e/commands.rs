//! Suites of kind `command`: any program as a suite, what it reports, and what a result of it is a result of.

#![allow(clippy::disallowed_methods, reason = "tests make files")]

use std::os::unix::fs::PermissionsExt;

use serde_json::Value;

use crate::support::{commit, git, totals, with_here, Workspace};

/// A program and an integration test beside it, so that cargo builds both.
const PROGRAM: &str = "fn main() { println!(\"made {}\", std::env::args().count()); }\n";

/// A suite of this name that runs this.
fn suite(name: &str, command: &str, more: &str) -> String {
    format!("[[suite]]\nname = \"{name}\"\nkind = \"command\"\ncommand = {command}\n{more}\n")
}

fn workspace(suites: &[String]) -> Workspace {
    let made = Workspace::new(&format!("[axis]\nrust = [HERE]\n\n{}", suites.concat()));
    made.write("src/main.rs", PROGRAM);
    made
}

/// The row of a suite.
#[track_caller]
fn of<'a>(json: &'a Value, suite: &str) -> &'a Value {
    let rows = json["rows"].as_array().expect("rows");
    rows.iter().find(|row| row["suite"] == suite).unwrap_or_else(|| panic!("no {suite} in {json:#}"))
}

/// Verdict, outcome and cause.
#[track_caller]
fn judged(json: &Value, suite: &str) -> [String; 3] {
    let row = of(json, suite);
    ["verdict", "outcome", "cause"].map(|name| row[name].as_str().unwrap_or("none").to_owned())
}

#[track_caller]
fn check(json: &Value, suite: &str, expected: [&str; 3]) {
    let [verdict, outcome, cause] = judged(json, suite);
    assert_eq!([verdict.as_str(), &outcome], expected[..2], "{suite}: {cause}");
    assert!(cause.contains(expected[2]), "{suite}: no {:?} in {cause:?}", expected[2]);
}

#[test]
fn a_program_that_ends_well_passes_with_what_it_measured() {
    let gate = "echo noise\nsleep 0.1\n\
        echo '{\"bench\":\"surface\",\"metric\":\"symbols\",\"unit\":\"1\",\"samples\":[12,12],\"exact\":true}'\n\
        echo '{\"bench\":\"surface\",\"metric\":\"time\",\"unit\":\"ms\",\"samples\":[3,1,2]}'\n\
        echo '{\"finding\":\"deprecated\",\"file\":\"a.h\",\"line\":3,\"level\":\"warning\"}'\n\
        test \"$1\" = here && test \"$WHO\" = made && test -f Cargo.toml && test -d \"$HOME\" && test -d \"$TMPDIR\" && \
        test \"$2\" = '{}'\n";
    let gates = suite("gate", r#"["sh", "gates/surface.sh", "{rust.name}", "{{}}"]"#, "env = { WHO = \"made\" }");
    let made = workspace(&[gates, suite("program", r#"["{program.made}", "x"]"#, "")]).file("gates/surface.sh", gate);
    let json = made.assert_tree_unchanged(|| made.json(0, &[]));
    check(&json, "gate", ["ok", "passed", "a.h:3: warning: deprecated"]);
    check(&json, "program", ["ok", "passed", ""]);
    let grid = made.run(&["compat"]);
    assert!(grid.expect(0).stdout.contains("a.h:3: warning: deprecated"), "{grid:?}");
    let record = &of(&json, "gate")["record"];
    assert_eq!(record["tests"]["passed"], 1);
    assert!(record["proof"]["toolchain"]["release"].is_string(), "{record:#}");
    let measured = &record["measured"];
    let figures = measured["figures"].as_array().expect("figures");
    let short: Vec<String> =
        figures.iter().map(|one| format!("{} {} {}", one["metric"], one["value"], one["samples"])).collect();
    assert_eq!(short, ["\"symbols\" 12.0 2", "\"time\" 2.0 3"]);
    assert_eq!(measured["findings"][0], "a.h:3: warning: deprecated");
    assert!(measured["cpu_ms"].is_u64() && measured["peak_memory"].as_u64() > Some(100_000), "{measured:#}");
    // In evidence is what does not differ between two runs.
    made.run(&["evidence", "record"]).expect(0);
    let platform = format!("compat/evidence/{}-{}.toml", std::env::consts::OS, std::env::consts::ARCH);
    let evidence = std::fs::read_to_string(made.path(&platform)).expect("evidence");
    assert!(
        evidence.contains("{ bench = \"surface\", metric = \"symbols\", unit = \"1\", value = 12.0 }"),
        "{evidence}"
    );
    assert!(!evidence.contains("metric = \"time\"") && !evidence.contains("peak"), "{evidence}");
    made.run(&["report"]).expect(0);
    made.run(&["report", "--check"]).expect(0);
}

#[test]
fn a_shared_library_of_the_build_is_a_program_too() {
    let manifest = "[package]\nname = \"f\"\nversion = \"0.1.0\"\nedition = \"2021\"\n\
        [lib]\nname = \"ffi\"\ncrate-type = [\"cdylib\", \"rlib\"]\n";
    let lock = "version = 3\n\n[[package]]\nname = \"f\"\nversion = \"0.1.0\"\n";
    let files = [("Cargo.toml", manifest), ("Cargo.lock", lock), ("src/lib.rs", ""), ("tests/it.rs", "")];
    let made = Workspace::of_files("ws", &files);
    let gate =
        suite("ffi", r#"["sh", "-c", "test -s \"$1\" && echo \"$1\" | grep -q ffi", "sh", "{program.ffi}"]"#, "");
    made.write(
        "compat/matrix.toml",
        with_here(&format!("[project]\npackages = [\"f\"]\n[axis]\nrust = [HERE]\n{gate}")),
    );
    check(&made.json(0, &[]), "ffi", ["ok", "passed", ""]);
}

#[test]
fn whatever_goes_wrong_is_told_apart() {
    let suites = [
        suite(
            "code",
            r#"["sh", "-c", "echo out; echo first >&2; printf '\\033[31mthe\\033[0m reason\\r\\n' >&2; exit 3"]"#,
            "",
        ),
        suite("finding", r#"["sh", "gates/finding.sh"]"#, ""),
        suite("broken-line", r#"["sh", "-c", "echo '{{\"bench\":\"a\",'"]"#, ""),
        suite("signal", r#"["sh", "-c", "kill -SEGV $$"]"#, ""),
        suite("slow", r#"["sleep", "600"]"#, "timeout = \"300ms\""),
        suite("no-tool", r#"["no-such-tool-anywhere", "x"]"#, ""),
        suite("no-file", r#"["gates/gone.sh"]"#, ""),
        suite("not-executable", r#"["gates/finding.sh"]"#, ""),
        suite("directory", r#"["./gates"]"#, ""),
        suite("no-interpreter", r#"["./gates/other.sh"]"#, ""),
        suite("lacks", r#"["sh", "-c", "echo '{{\"unavailable\": \"no abc: install it\"}}'; exit 3"]"#, ""),
        suite(
            "lacks-and-finds",
            r#"["sh", "-c", "echo '{{\"unavailable\": \"no abc\"}}'; echo '{{\"finding\": \"no `xyz`\"}}'"]"#,
            "",
        ),
        suite("no-program", r#"["{program.mode}"]"#, ""),
        suite(
            "retried",
            r#"["sh", "-c", "test -e \"$HOME/second\" || {{ touch \"$HOME/second\"; exit 1; }}"]"#,
            "retries = 1",
        ),
    ];
    let finding = "echo '{\"finding\":\"`close` is exported twice\",\"file\":\"ffi/a.h\",\"line\":12}'\n\
        echo '{\"finding\":\"no `open`\"}'\necho '{\"finding\":\"by the way\",\"level\":\"note\"}'\n";
    let made = workspace(&suites).file("gates/finding.sh", finding).file("gates/other.sh", "#!/no/such/sh\n");
    std::fs::set_permissions(made.path("gates/other.sh"), std::fs::Permissions::from_mode(0o755))
        .expect("sets the mode");
    let junit = made.path("junit.xml");
    let json = made.json(1, &["--junit", junit.to_str().expect("UTF-8")]);
    check(&json, "code", ["broken", "failed", "ended with code 3: the reason"]);
    check(&json, "finding", ["broken", "failed", "2 findings, first ffi/a.h:12: error: `close` is exported twice"]);
    check(&json, "broken-line", ["broken", "failed", "printed what cannot be read: line 1: cannot be read as JSON"]);
    check(&json, "signal", ["broken", "crashed", "`sh -c kill -SEGV $$` was ended by SIGSEGV"]);
    check(&json, "slow", ["broken", "timed-out", "`sleep 600`"]);
    check(
        &json,
        "no-tool",
        ["unproven", "unavailable", "`no-such-tool-anywhere`, the program of the suite's `command`, is not on PATH"],
    );
    check(&json, "no-file", ["broken", "failed", "there is no gates/gone.sh in the workspace"]);
    check(&json, "not-executable", ["broken", "failed", "gates/finding.sh is not executable: `chmod +x` it"]);
    check(&json, "directory", ["broken", "failed", "./gates is a directory, not a program"]);
    check(&json, "no-interpreter", ["unproven", "unavailable", "the interpreter of ./gates/other.sh is not installed"]);
    check(&json, "lacks", ["unproven", "unavailable", "no abc: install it"]);
    check(&json, "lacks-and-finds", ["broken", "failed", "error: no `xyz`"]);
    check(&json, "no-program", ["broken", "failed", "makes no `{program.mode}`; it makes program `made`"]);
    check(&json, "retried", ["flaky", "passed", ""]);
    let failure = &of(&json, "finding")["record"]["failures"][0];
    assert_eq!(failure["test"], "sh gates/finding.sh");
    let output = failure["output"].as_str().expect("a text");
    for line in ["ffi/a.h:12: error: `close` is exported twice", "error: no `open`", "note: by the way"] {
        assert!(output.contains(line), "no {line:?} in {output}");
    }
    let junit = std::fs::read_to_string(junit).expect("a report");
    for text in ["ffi/a.h:12: error: `close` is exported twice", "error: no `open`", "the reason"] {
        assert!(junit.contains(text), "no {text:?} in {junit}");
    }
    let grid = made.run(&["compat"]);
    assert!(grid.expect(1).stdout.contains("ffi/a.h:12: error: `close` is exported twice"), "{grid:?}");
}

#[test]
fn a_result_is_reused_until_the_command_or_a_file_that_it_names_changes() {
    // The package is a folder of its own, so that the gates are no files of it.
    let made = Workspace::of_files(
        "ws",
        &[
            ("Cargo.toml", "[workspace]\nmembers = [\"p\"]\nresolver = \"2\"\n"),
            ("Cargo.lock", "version = 3\n\n[[package]]\nname = \"p\"\nversion = \"0.1.0\"\n"),
            ("p/Cargo.toml", "[package]\nname = \"p\"\nversion = \"0.1.0\"\nedition = \"2021\"\n"),
            ("p/src/lib.rs", ""),
        ],
    );
    let gate = suite("gate", r#"["sh", "gates/gate.sh", "--rules=gates/rules.txt", "gates/folder", "one"]"#, "");
    made.write(
        "compat/matrix.toml",
        with_here(&format!("[project]\npackages = [\"p\"]\n[axis]\nrust = [HERE]\n{gate}")),
    );
    let made = made
        .file("gates/gate.sh", "grep -q yes gates/rules.txt\n")
        .file("gates/rules.txt", "yes\n")
        .file("gates/other.txt", "x\n")
        .file("gates/folder/a.txt", "x\n")
        .file(".gitignore", "target\ngates/rules.txt\n*.cache\n");
    git(&made, &["init", "--quiet"]);
    commit(&made);
    let runs = |code| totals(&made.json(code, &[]))[1];
    assert_eq!([runs(0), runs(0)], [1, 0]);
    made.write("gates/other.txt", "y\n");
    assert_eq!(runs(0), 0, "it does not name this one");
    made.write("gates/folder/b.cache", "what a program leaves there, ignored by git");
    assert_eq!(runs(0), 0);
    made.write("gates/folder/a.txt", "y\n");
    assert_eq!(runs(0), 1, "a file of a folder that is named");
    // git ignores it; it counts as it is named.
    made.write("gates/rules.txt", "no\n");
    assert_eq!(judged(&made.json(1, &[]), "gate")[1], "failed");
    made.write("gates/rules.txt", "yes\n");
    assert_eq!(runs(0), 0, "as it was");
    made.write("gates/gate.sh", "exit 1\n");
    assert_eq!(judged(&made.json(1, &[]), "gate")[1], "failed");
    made.write("gates/gate.sh", "grep -q yes gates/rules.txt\n");
    let spec = std::fs::read_to_string(made.path("compat/matrix.toml")).expect("a spec");
    made.write("compat/matrix.toml", spec.replace("\"one\"", "\"two\""));
    assert_eq!(runs(0), 1, "other arguments");
    // `--since` sees the change of a file that is named, as the key does.
    commit(&made);
    assert!(made.json(0, &["--since", "HEAD"])["rows"].as_array().expect("rows").is_empty());
    made.write("gates/gate.sh", "exit 1\n");
    assert_eq!(judged(&made.json(1, &["--since", "HEAD"]), "gate")[1], "failed");
}

#[test]
fn what_would_run_is_shown_and_can_be_repeated_by_hand() {
    let made = workspace(&[suite("gate", r#"["{program.made}", "a b", "{rust.name}"]"#, "")]);
    let dry = made.run(&["compat", "--dry-run"]);
    assert!(dry.expect(0).stdout.contains("gate"), "{dry:?}");
    let repro = made.run(&["repro", "rust=here", "--suite", "gate"]);
    let lines: Vec<&str> = repro.expect(0).stdout.lines().collect();
    assert!(lines[0].contains("--no-run &&") && lines[0].ends_with("/made 'a b' here"), "{lines:#?}");
    let last = lines.last().expect("lines");
    let by_hand = std::process::Command::new("sh").args(["-c", last]).output().expect("sh starts");
    assert_eq!(String::from_utf8_lossy(&by_hand.stdout), "made 3\n", "{last}");
}

#[test]
fn a_command_is_asked_for_where_it_is_missing_and_refused_where_it_does_nothing() {
    let spec = |suite: &str| {
        let made = Workspace::new(&format!("[axis]\nrust = [HERE]\n[[suite]]\nname = \"gate\"\n{suite}\n"));
        made.run(&["plan"]).expect(2).stderr.clone()
    };
    for (suite, expected) in [
        ("kind = \"command\"", "`command`"),
        ("kind = \"command\"\ncommand = []", "`command`"),
        ("kind = \"command\"\ncommand = [\"\"]", "the first word of `command` is the program, and is empty"),
        ("kind = \"command\"\ncommand = [\"sh\"]\nargs = [\"x\"]", "arguments are a part of `command`"),
        ("command = [\"sh\"]", "`command` is for suites of the kinds"),
        ("kind = \"command\"\ncommand = [\"{program.}\"]", "unknown placeholder `{program.}`"),
        (
            "kind = \"command\"\ncommand = [\"sh\"]\nenv = { P = \"{program.made}\" }",
            "unknown placeholder `{program.made}`",
        ),
    ] {
        let said = spec(suite);
        assert!(said.contains(expected), "{suite}: no {expected:?} in {said}");
    }
}
