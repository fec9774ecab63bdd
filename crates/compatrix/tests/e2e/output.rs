//! What is printed, where, and how wide.

#![allow(clippy::disallowed_methods, reason = "tests read files")]

use std::io::Read;
use std::process::Stdio;

use crate::support::{exists, finish, Workspace};

const SPEC: &str = r#"
[axis]
rust = [HERE]
[axis.a-rather-long-name]
env = "LONG"
values = ["a-value-with-a-name-of-some-length", "another-value-that-is-longer-still", "x"]
"#;

const TESTS: &str = "#[test]\nfn a_test_with_a_long_name_that_says_what_it_is_about_and_then_some_more() {\n    \
                     assert_ne!(std::env::var(\"LONG\").unwrap(), \"x\", \"<&>\\\"'\");\n}\n";

fn made() -> Workspace {
    Workspace::new(SPEC).tests(TESTS)
}

#[test]
fn data_goes_to_stdout_and_words_to_stderr() {
    let made = made();
    let junit = made.path("out/junit.xml");
    let ran = made.run(&["compat", "--format", "json", "--junit", junit.to_str().expect("UTF-8")]);
    ran.expect(1).says(&["Planned", "Built", "Wrote"]);
    let json = ran.json();
    assert_eq!(json["format"], 1);
    assert_eq!(json["axes"][0]["name"], "rust");
    let xml = std::fs::read_to_string(&junit).expect("a file");
    assert_eq!(balanced(&xml), (3, 1), "{xml}");
    assert!(xml.contains("a_test_with_a_long_name"), "{xml}");

    let quiet = made.run(&["compat", "--quiet", "--format", "json"]);
    quiet.expect(1).never_says("Planned").never_says("Built");
    quiet.json();
}

/// Reads XML so far as to know that it is well formed; how many `testcase` and `failure` elements it has.
fn balanced(xml: &str) -> (usize, usize) {
    let mut open: Vec<&str> = Vec::new();
    let (mut cases, mut failures) = (0, 0);
    let mut rest = xml;
    while let Some(start) = rest.find('<') {
        assert!(!rest[..start].contains('>'), "a bare > in {rest}");
        let end = start + rest[start..].find('>').expect("a closed tag");
        let tag = &rest[start + 1..end];
        let name = tag.trim_start_matches('/').split([' ', '/']).next().expect("a name");
        if let Some(name) = tag.strip_prefix('/') {
            assert_eq!(open.pop(), Some(name), "{xml}");
        } else if !tag.ends_with('/') && !tag.starts_with('?') {
            open.push(name);
        }
        cases += usize::from(tag.starts_with("testcase"));
        failures += usize::from(tag.starts_with("failure"));
        rest = &rest[end + 1..];
    }
    assert!(open.is_empty(), "{open:?} are open");
    (cases, failures)
}

#[test]
fn colour_is_where_it_is_wanted_and_nowhere_else() {
    let made = made();
    let escapes = |extra: &[&str], no_color: bool| {
        let mut command = made.command(&[&["compat"][..], extra].concat());
        if no_color {
            command.env("NO_COLOR", "1");
        }
        let ran = finish(command);
        ran.expect(1);
        (ran.stdout.contains('\u{1b}'), ran.stderr.contains('\u{1b}'))
    };
    assert_eq!(escapes(&[], false), (false, false), "pipes");
    assert_eq!(escapes(&[], true), (false, false), "NO_COLOR");
    assert_eq!(escapes(&["--color", "always"], false), (true, true), "asked for");
    assert_eq!(escapes(&["--color", "never"], false), (false, false), "refused");
    let ran = made.run(&["compat", "--cell", "nonsense=1", "--color", "always"]);
    assert!(ran.stderr.contains('\u{1b}'), "{ran}");
}

#[test]
fn lines_fit_the_terminal() {
    let made = made();
    made.run(&["compat"]).expect(1);
    for columns in [40, 80, 200] {
        for command in [&["compat"][..], &["plan"]] {
            let mut command = made.command(command);
            command.env("COLUMNS", columns.to_string());
            let ran = finish(command);
            // What is to be pasted and single words are never broken, however long they are.
            let whole = |line: &str| line.contains("cargo compatrix repro") || !line.trim().contains(' ');
            for line in ran.stdout.lines().filter(|line| !whole(line)) {
                assert!(line.chars().count() <= columns, "{} of {columns}: {line:?}\n{ran}", line.chars().count());
            }
        }
    }
}

#[test]
fn a_locale_without_unicode_has_plain_letters() {
    let made = made();
    let mut command = made.command(&["compat"]);
    command.env("LANG", "C").env("LC_ALL", "C");
    let ran = finish(command);
    assert!(ran.expect(1).stdout.is_ascii(), "{ran}");
}

#[test]
fn a_reader_that_goes_away_is_no_crash() {
    let made = made();
    for args in [&["compat"][..], &["completions", "bash"], &["plan"], &["--help"]] {
        let mut command = made.command(args);
        let mut child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().expect("starts");
        drop(child.stdout.take());
        drop(child.stderr.take());
        let code = child.wait().expect("ends").code();
        assert!(matches!(code, Some(0 | 1)), "{args:?} ended with {code:?}");
    }
    assert!(exists(made.compat("ledger.sqlite")));
    let count: i64 = made.ledger().query_row("SELECT count(*) FROM records", [], |row| row.get(0)).expect("counts");
    assert_eq!(count, 3, "the results are kept though nobody listened");
}

#[test]
fn help_and_completions_are_there() {
    let made = Workspace::bare();
    let help = made.run(&["compatrix", "--help"]);
    help.expect(0).prints(&["Exit codes", "130", "interrupted", "cargo compatrix", "compat", "NO_COLOR"]);
    made.run(&["compat", "--help"]).expect(0).prints(&["--cell", "--missing", "--junit", "Examples"]);
    for shell in ["bash", "zsh", "fish"] {
        made.run(&["completions", shell]).expect(0).prints(&["cargo-compatrix", "fixtures"]);
    }
    made.run(&["compta"]).expect(2).says(&["compta", "compat"]);
    made.run(&["compat", "--jobs", "0"]).expect(2);
    made.run(&["--version"]).expect(0).prints(&["cargo compatrix"]);
}

#[test]
fn github_actions_gets_groups_and_a_summary() {
    let made = made();
    let summary = made.path("out/summary.md");
    made.write("out/summary.md", "# before\n");
    let mut command = made.command(&["compat"]);
    command.env("GITHUB_ACTIONS", "true").env("GITHUB_STEP_SUMMARY", &summary);
    finish(command).expect(1);
    let text = std::fs::read_to_string(summary).expect("a summary");
    assert!(
        text.starts_with("# before\n") && text.contains("Compatibility") && text.contains("a-value-with"),
        "{text}"
    );
}

#[test]
fn what_a_file_option_names_keeps_its_kind() {
    let made = made();
    let junit = |made: &Workspace, path: &str| made.command(&["compat", "--junit", path]);
    let at = |path: &str| made.path(path).to_str().expect("UTF-8").to_owned();
    // A pipe with a reader.
    let pipe = made.path("pipe");
    rustix::fs::mknodat(rustix::fs::CWD, &pipe, rustix::fs::FileType::Fifo, 0o600.into(), 0).expect("makes a pipe");
    let reader = std::thread::spawn({
        let pipe = pipe.clone();
        move || std::fs::read_to_string(pipe).expect("reads")
    });
    finish(junit(&made, &at("pipe"))).expect(1);
    assert_eq!(balanced(&reader.join().expect("read")), (3, 1));
    assert!(std::os::unix::fs::FileTypeExt::is_fifo(&std::fs::metadata(&pipe).expect("is there").file_type()));
    // Links: to a file, to one that is not there yet.
    made.write("kept/real.xml", "old");
    for (link, to) in [("link.xml", "kept/real.xml"), ("new.xml", "kept/new.xml")] {
        std::os::unix::fs::symlink(to, made.path(link)).expect("links");
        finish(junit(&made, &at(link))).expect(1);
        assert!(std::fs::symlink_metadata(made.path(link)).expect("is there").is_symlink(), "{link}");
        assert_eq!(balanced(&std::fs::read_to_string(made.path(to)).expect("reads")), (3, 1));
    }
    // Devices, and what we print to ourselves: a pipe, and a file.
    finish(junit(&made, "/dev/null")).expect(1);
    assert!(std::os::unix::fs::FileTypeExt::is_char_device(
        &std::fs::metadata("/dev/null").expect("is there").file_type()
    ));
    let ran = finish(junit(&made, "/dev/stdout"));
    ran.expect(1).prints(&["<testsuites", "cargo compatrix repro"]);
    let out = std::fs::File::create(made.path("out.txt")).expect("makes");
    let mut command = junit(&made, "/dev/stdout");
    command.stdout(out);
    command.status().expect("starts");
    let text = std::fs::read_to_string(made.path("out.txt")).expect("reads");
    assert!(text.contains("<testsuites") && text.contains("cargo compatrix repro"), "{text}");
}

#[test]
fn a_result_that_cannot_be_written_is_no_success() {
    let made = Workspace::new("[axis]\nrust = [HERE]\n");
    let full = || std::fs::OpenOptions::new().write(true).open("/dev/full");
    if full().is_err() {
        return eprintln!("not tested: no /dev/full here");
    }
    let junit = made.path("junit.xml");
    let junit = junit.to_str().expect("UTF-8");
    for args in [
        &["compat", "--junit", junit][..],
        &["compat", "--format", "json"],
        &["plan"],
        &["completions", "bash"],
        &["doctor"],
    ] {
        let mut command = made.command(args);
        let child = command.stdout(full().expect("opens")).stderr(Stdio::piped()).spawn().expect("starts");
        let done = child.wait_with_output().expect("ends");
        let said = String::from_utf8_lossy(&done.stderr);
        assert_eq!(done.status.code(), Some(3), "{args:?}: {said}");
        assert!(said.contains("could not be written to stdout"), "{args:?}: {said}");
    }
    assert!(exists(junit), "other outputs are written all the same");
    // A reader that has seen enough.
    let mut child =
        made.command(&["completions", "bash"]).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().expect("starts");
    let mut first = [0; 10];
    child.stdout.take().expect("a pipe").read_exact(&mut first).expect("reads");
    let done = child.wait_with_output().expect("ends");
    assert_eq!((done.status.code(), String::from_utf8_lossy(&done.stderr).into_owned()), (Some(0), String::new()));
}
