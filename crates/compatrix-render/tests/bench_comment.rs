//! The comment on a pull request: which reports are refused, and what the comment says.

mod common;

use common::bench::{all_same, hostile, one_slower, targets, troubles};
use compatrix_render::bench::{json, MARKER};
use compatrix_render::bench_comment::{comment, read, About, MOST_BYTES};
use serde_json::{json, Value};

const PLATFORM: &str = "linux-x86_64";
const ABOUT: About<'_> = About {
    mark: "<!-- compatrix: benchmarks -->",
    commit: Some("89abcdef0123456789abcdef0123456789abcdef"),
    page: Some("https://github.com/me/it/actions/runs/12"),
};

#[track_caller]
fn refused(bytes: &[u8], expected: &str) {
    let why = read(bytes, PLATFORM).expect_err("it is refused");
    assert!(why.contains(expected), "{why}");
    assert!(!why.chars().any(char::is_control) && why.chars().count() <= 400, "{why}");
}

#[test]
fn what_bench_writes_is_read() {
    for report in [one_slower(), all_same(), targets(), troubles(), hostile()] {
        let read = read(json(&report).as_bytes(), PLATFORM).expect("it is read");
        assert_eq!((read.question, read.comparisons.len()), (report.question, report.comparisons.len()));
    }
}

#[test]
fn anything_else_is_refused() {
    let text = json(&one_slower());
    let whole: Value = serde_json::from_str(&text).expect("JSON");
    let with = |pointer: &str, value: Value| {
        let mut changed = whole.clone();
        *changed.pointer_mut(pointer).unwrap_or_else(|| panic!("{pointer}")) = value;
        changed.to_string().into_bytes()
    };
    refused(b"", "no report of `bench`");
    refused(b"null", "no report of `bench`");
    refused(b"{}", "no `format`");
    refused(&text.as_bytes()[..text.len() / 2], "no report of `bench`");
    refused(&[text.as_bytes(), b"{}"].concat(), "no report of `bench`");
    refused(b"\xff\xfe{}", "not UTF-8");
    refused(&vec![b' '; MOST_BYTES + 1], "more than 4000000 bytes");
    refused("[".repeat(100_000).as_bytes(), "no report of `bench`");
    refused(&with("/format", json!(2)), "format 2");
    refused(&with("/format", json!(-1)), "no report of `bench`");
    refused(&with("/comparisons/0/change", json!("::error::\nfine")), "no report of `bench`");
    refused(&with("/comparisons/0/ratio", json!("NaN")), "no report of `bench`");
    refused(&with("/comparisons/0/rounds", json!(-1)), "no report of `bench`");
    refused(&with("/comparisons/0/group", json!(999)), "group 999");
    refused(&with("/platform", json!("macos-aarch64\n::error::x")), "not of linux-x86_64");
    refused(&with("/groups/0/cell", json!("; id")), "no report of `bench`");
    for pointer in ["", "/comparisons/0", "/groups/0", "/machine", "/comparisons/0/head"] {
        let mut more = whole.clone();
        let object = more.pointer_mut(pointer).and_then(Value::as_object_mut).expect("an object");
        object.insert("html".to_owned(), json!("<script>"));
        refused(more.to_string().as_bytes(), "keys or counts that no report of `bench` has");
    }
    let mut less = whole.clone();
    less["comparisons"][0].as_object_mut().expect("an object").remove("bench");
    refused(less.to_string().as_bytes(), "no report of `bench`");
    // It may not count other than it lists.
    refused(&with("/counts", json!({ "faster": 99 })), "keys or counts that no report of `bench` has");
    refused(&with("/counts/slower", json!(0)), "keys or counts that no report of `bench` has");
}

#[test]
fn the_comment_has_one_mark_each_report_and_the_run() {
    let text = comment(&[(PLATFORM, Some(one_slower())), ("macos-aarch64", None)], &ABOUT);
    assert!(text.starts_with("<!-- compatrix: benchmarks -->\n## Benchmarks\n"), "{text}");
    assert!(!text.contains(MARKER), "{text}");
    assert!(text.contains("There is no report of `macos-aarch64`"), "{text}");
    assert!(text.contains("[run](https://github.com/me/it/actions/runs/12)"), "{text}");
    assert!(text.contains("`89abcdef0123456789abcdef0123456789abcdef`"), "{text}");
}

/// GitHub finds mentions and references in the finished text.
#[test]
fn words_of_a_report_are_only_words() {
    let hostile = "a`b|c\n## d\n@everyone #1 <img src=x> <!-- ![x](https://evil.example/x.png) </details> \u{202e}";
    let mut report = one_slower();
    report.comparisons.iter_mut().for_each(|one| one.bench = hostile.to_owned());
    report.groups.iter_mut().for_each(|group| group.suite = hostile.to_owned());
    report.notes.push(hostile.to_owned());
    report.machine.processor = hostile.to_owned();
    let report = read(json(&report).as_bytes(), PLATFORM).expect("they are text");
    let text = comment(&[(PLATFORM, Some(report))], &ABOUT);
    for line in text.lines() {
        // Outside of code, no sign of theirs is left that means something.
        let outside = outside_of_code(line);
        for sign in ["@everyone", "<img", "](https://evil", "\u{202e}", "https://evil"] {
            assert!(!outside.contains(sign), "{sign} in {line}");
        }
        assert!(!line.starts_with("## d") && !line.contains('\u{202e}'), "{line}");
    }
    let outside: String = text.lines().map(outside_of_code).collect();
    assert_eq!(outside.matches("</details>").count(), outside.matches("<details>").count(), "{text}");
}

/// A line without its spans of code, each from a run of backticks to the next run as long.
fn outside_of_code(line: &str) -> String {
    let mut outside = String::new();
    let mut rest = line;
    while let Some(at) = rest.find('`') {
        outside.push_str(&rest[..at]);
        let run = rest[at..].len() - rest[at..].trim_start_matches('`').len();
        let inside = &rest[at + run..];
        let is_end = |(start, _): &(usize, &str)| {
            let here = &inside[*start..];
            !inside[..*start].ends_with('`') && here.len() - here.trim_start_matches('`').len() == run
        };
        match inside.match_indices('`').find(is_end) {
            Some((end, _)) => rest = &inside[end + run..],
            None => {
                outside.push_str(&rest[at..at + run]);
                rest = inside;
            }
        }
    }
    outside + rest
}

#[test]
fn a_comment_is_never_longer_than_github_takes() {
    let mut report = one_slower();
    let one = report.comparisons[0].clone();
    report.comparisons = (0..5_000)
        .map(|n| {
            let mut one = one.clone();
            one.bench = format!("bench {n} {}", "x".repeat(100));
            one
        })
        .collect();
    let reports =
        [(PLATFORM, Some(report.clone())), ("linux-aarch64", Some(report.clone())), ("macos-aarch64", Some(report))];
    let text = comment(&reports, &ABOUT);
    assert!(text.chars().count() < 65_536, "{}", text.chars().count());
    assert!(text.contains("The report of `macos-aarch64` does not fit"), "{}", &text[text.len() - 400..]);
}
