//! What `bench` prints and writes: terminal, JSON, JUnit, Markdown.
#![allow(clippy::disallowed_methods)]

mod common;

use common::bench::*;
use common::schema::Schema;
use common::*;
use compatrix_bench::Change;
use compatrix_model::speed::{Ends, SpeedReport, Tally};
use compatrix_render::bench::{json, junit, markdown, read, schema, table, MARKER};
use compatrix_render::look::Look;

fn all() -> [(&'static str, SpeedReport); 9] {
    [
        ("same", all_same()),
        ("slower", one_slower()),
        ("unproven", unproven()),
        ("blind", blind()),
        ("troubles", troubles()),
        ("across", across()),
        ("targets", targets()),
        ("only-targets", only_targets()),
        ("hostile", hostile()),
    ]
}

/// No report at all, as of a spec whose suites have no cell here.
fn nothing() -> SpeedReport {
    SpeedReport { canary: None, ..report(Vec::new(), Vec::new()) }
}

#[test]
fn tables_in_every_width() {
    for (name, report) in all() {
        for width in [80, 200] {
            let text = table(&report, &Look::plain(width));
            golden(&format!("bench-{name}-{width}.txt"), &text);
            assert!(!text.contains(['\u{1b}', '\u{0}', '\u{202e}']), "{name}");
            assert!(text.lines().all(|line| line.trim_end() == line), "{name}: no spaces at line ends");
            if name != "hostile" {
                let widest = text.lines().map(|line| line.chars().count()).max().unwrap_or(0);
                assert!(widest <= width, "{name}: {widest} of {width}\n{text}");
            }
        }
        for width in 20..120 {
            table(&report, &Look { width, color: true, unicode: false });
        }
    }
    golden("bench-nothing-80.txt", &table(&nothing(), &Look::plain(80)));
}

#[test]
fn tables_in_other_dress() {
    for (name, report) in all().into_iter().filter(|(name, _)| *name != "hostile") {
        let ascii = table(&report, &Look { unicode: false, ..Look::plain(80) });
        assert!(ascii.is_ascii(), "{name}: {:?}", ascii.chars().find(|c| !c.is_ascii()));
    }
    let color = table(&one_slower(), &Look { color: true, ..Look::plain(100) });
    golden("bench-slower-color-100.txt", &color);
    let plain = table(&one_slower(), &Look::plain(100));
    assert_eq!(stripped(&color), plain, "colours are the only difference");
}

/// The text without escapes of colour.
fn stripped(text: &str) -> String {
    let mut out = String::new();
    let mut parts = text.split("\u{1b}[");
    out.push_str(parts.next().unwrap_or_default());
    for part in parts {
        out.push_str(&part[part.find('m').map_or(0, |end| end + 1)..]);
    }
    out
}

#[test]
fn what_a_table_never_hides() {
    let text = table(&one_slower(), &Look::plain(80));
    for needle in [
        "+10.2 % [+8.8, +11.6]",
        "+3.12 %",
        "a slowdown of 9.4 % or more",
        "sample.json ends",
        "p99",
        "p (Welch)",
        "seed",
    ] {
        assert!(text.contains(needle), "{needle}\n{text}");
    }
    let text = table(&across(), &Look::plain(120));
    assert!(text.contains("3.35.4 costs 1.31 of 3.54.1 [1.26, 1.36] in search"), "{text}");
    assert!(!text.contains("slower"), "a cost is no regression: {text}");
    let text = table(&blind(), &Look::plain(80));
    assert!(text.contains("no verdict: this machine cannot tell"), "{text}");
    assert!(table(&nothing(), &Look::plain(80)).contains("no verdict: nothing was compared"));
    let text = table(&troubles(), &Look::plain(120));
    for needle in ["base: build-failed", "head: crashed", "only in base, so not compared: vacuum", "no space left"] {
        assert!(text.contains(needle), "{needle}\n{text}");
    }
}

#[test]
fn json_is_read_again_and_is_valid() {
    let schema = Schema::of(&schema());
    for (name, report) in all().into_iter().chain([("nothing", nothing())]) {
        let text = json(&report);
        let value: serde_json::Value = serde_json::from_str(&text).unwrap();
        assert_eq!(schema.check(&value), Vec::<String>::new(), "{name}");
        // Figures come back but for the last digit.
        let again = read(&text).unwrap_or_else(|why| panic!("{name}: {why}"));
        assert_eq!(table(&again, &Look::plain(200)), table(&report, &Look::plain(200)), "{name}");
        assert_eq!(markdown(&again), markdown(&report), "{name}");
    }
    golden("bench-slower.json", &json(&one_slower()));
    // A schema that says nothing would agree to all.
    for (of, to) in [("\"not-slower\"", "\"fine\""), ("\"seed\"", "\"sede\""), ("\"p50\": 1234567.0", "\"p50\": \"1\"")]
    {
        let wrong = json(&one_slower()).replacen(of, to, 1);
        assert!(!schema.check(&serde_json::from_str(&wrong).unwrap()).is_empty(), "{of}");
    }
}

#[test]
fn json_with_figures_that_are_no_numbers_is_still_json() {
    let mut report = one_slower();
    report.comparisons[0].ratio = Some(f64::NAN);
    report.comparisons[1].head.p50 = Some(f64::INFINITY);
    let value: serde_json::Value = serde_json::from_str(&json(&report)).unwrap();
    assert!(value["comparisons"][0]["ratio"].is_null());
    assert_eq!(Schema::of(&schema()).check(&value), Vec::<String>::new());
}

#[test]
fn what_is_no_report_is_refused() {
    let good = json(&one_slower());
    let fine = |text: &str| read(text).unwrap_err();
    assert!(fine("").contains("no report"), "{}", fine(""));
    assert!(fine("{}").contains("no `format`"));
    assert!(fine("[1]").contains("no report"));
    assert!(fine(&good.replacen("\"format\": 1", "\"format\": 2", 1)).contains("format 2"));
    assert!(fine(&good[..good.len() / 2]).contains("no report"), "cut off");
    assert!(fine(&good.replacen("\"group\": 0", "\"group\": 1", 1)).contains("names group 1"));
    assert!(fine(&good.replacen("\"not-slower\"", "\"fine\"", 1)).contains("fine"));
}

#[test]
fn junit_of_reports() {
    for (name, report) in all() {
        let xml = junit(&report, "things-store");
        well_formed(&xml);
        let forbidden = |c: char| c.is_control() && !"\n\t\r".contains(c) || c == '\u{fffe}';
        assert!(!xml.contains(forbidden), "{name}");
        if name != "hostile" {
            golden(&format!("bench-{name}.junit.xml"), &xml);
        }
    }
    let count = |report: &SpeedReport, what: &str| junit(report, "x").matches(what).count();
    assert_eq!(count(&one_slower(), "<failure"), 2);
    assert_eq!(count(&one_slower(), "<skipped"), 1);
    assert_eq!(count(&one_slower(), "<error"), 0);
    assert_eq!(count(&across(), "<failure"), 0);
    assert_eq!((count(&blind(), "<failure"), count(&blind(), "<error")), (0, 7), "no verdict counts");
    assert_eq!((count(&troubles(), "<failure"), count(&troubles(), "<error")), (1, 2));
    assert_eq!(count(&troubles(), "<skipped"), 4, "what is not available, and benches of one side");
    assert_eq!(count(&nothing(), "<error"), 1);
    // The machine can tell, and there was nothing to tell: each of these ends with 3.
    let idle = report(vec![group("search", "rust=stable sqlite=bundled")], Vec::new());
    for (name, report) in [("idle", idle), ("unproven", unproven())] {
        assert_eq!(Tally::of(&report).ends(false), Ends::CannotTell, "{name}");
        assert_eq!(count(&report, "<error"), 1, "{name}");
        assert!(table(&report, &Look::plain(80)).contains("no verdict: nothing was "), "{name}");
        assert!(markdown(&report).contains("**No verdict**: nothing was "), "{name}");
    }
    assert_eq!(count(&all_same(), "<failure") + count(&all_same(), "<error") + count(&all_same(), "<skipped"), 0);
}

#[test]
fn markdown_of_reports() {
    for (name, report) in all() {
        let text = markdown(&report);
        golden(&format!("bench-{name}.md"), &text);
        assert!(text.starts_with(MARKER));
    }
    golden("bench-nothing.md", &markdown(&nothing()));
    let text = markdown(&one_slower());
    let place = |needle: &str| text.find(needle).unwrap_or_else(|| panic!("{needle}\n{text}"));
    assert!(place("search/100000") < place("<details>"), "what changed comes first");
    assert!(place("insert in a transaction") < place("<details>"));
}

#[test]
fn hostile_names_stay_in_their_place() {
    let text = markdown(&hostile());
    assert!(!text.contains("<script") || text.contains("`"), "{text}");
    let outside = outside_of_code(&text).replace("\\]", "");
    for needle in
        ["@octocat", "@team", "#12", "https://evil", "www.evil", "<script", "<!-- x", "](javascript", "</table>"]
    {
        assert!(!outside.contains(needle), "{needle} in\n{outside}");
    }
    assert_eq!(
        text.matches("</details>").count(),
        outside.matches("</details>").count() + 2,
        "names stay in code\n{text}"
    );
    // Every row of a table has the cells of its heading.
    let mut cells = 0;
    for line in text.lines() {
        if line.starts_with('|') {
            let n = line.replace("\\|", "").matches('|').count();
            assert!(cells == 0 || n == cells, "{line}");
            cells = n;
        } else {
            cells = 0;
        }
    }
}

/// The text without its inline code.
fn outside_of_code(text: &str) -> String {
    let mut out = String::new();
    for line in text.lines() {
        let mut rest = line;
        while let Some(start) = rest.find('`') {
            if rest[..start].ends_with('\\') {
                out.push_str(&rest[..=start]);
                rest = &rest[start + 1..];
                continue;
            }
            out.push_str(&rest[..start]);
            let fence: String = rest[start..].chars().take_while(|c| *c == '`').collect();
            let inside = &rest[start + fence.len()..];
            let mut from = 0;
            // The end is a run of just as many.
            let end = loop {
                let at = from + inside[from..].find(&fence).unwrap_or_else(|| panic!("an end of {fence} in {line}"));
                let run = inside[at..].chars().take_while(|c| *c == '`').count();
                if run == fence.len() {
                    break at;
                }
                from = at + run;
            };
            rest = &inside[end + fence.len()..];
        }
        out.push_str(rest);
        out.push('\n');
    }
    out
}

#[test]
fn a_comment_is_never_too_long() {
    let mut report = hostile();
    let long = "x|`@".repeat(2_000);
    report.comparisons = (0..3000).map(|n| time(&format!("bench {n} {long}"), Change::Slower, 1.2, 0.01)).collect();
    report.notes = (0..3000).map(|n| format!("{n} {long}")).collect();
    let text = markdown(&report);
    assert!(text.len() < 65_000, "{}", text.len());
    assert!(text.contains("And 2980 more, below."), "{}", &text[..2000]);
    assert!(text.contains("more, in the report's JSON."));
    assert!(text.trim_end().ends_with("</details>"));
}
