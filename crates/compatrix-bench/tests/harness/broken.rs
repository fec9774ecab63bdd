//! Bad input: a trouble for each, and all other benches stay.

use std::collections::BTreeMap;

use compatrix_bench::harness::lines::{self, Level};
use compatrix_bench::harness::{callgrind, criterion, divan, gungraun, hyperfine, libtest, reading, Outputs};
use compatrix_bench::{Better, Harness};

use crate::{benches, folder, troubles};

const GOOD: &str = r#"{"sampling_mode":"Flat","iters":[1.0,1.0],"times":[10.0,11.0]}"#;

/// What criterion's reader says of a bench `a` with this `sample.json`, beside a good one.
#[track_caller]
fn criterion_says(sample: Option<&str>, expected: &str) {
    let mut files: BTreeMap<String, String> = ["a", "ok"]
        .into_iter()
        .map(|name| (format!("{name}/new/benchmark.json"), format!(r#"{{"full_id":"{name}"}}"#)))
        .collect();
    files.insert("ok/new/sample.json".to_owned(), GOOD.to_owned());
    files.extend(sample.map(|sample| ("a/new/sample.json".to_owned(), sample.to_owned())));
    let reading = criterion::reading(&files);
    assert_eq!(troubles(&reading), [expected]);
    assert_eq!(benches(&reading), [("ok", "time")]);
}

#[test]
fn bad_samples_of_criterion() {
    criterion_says(None, "a: a/new/sample.json: the file is missing");
    let cases = [
        ("", "cannot be read as a file of criterion: EOF while parsing a value at line 1 column 0"),
        (&GOOD[..50], "cannot be read as a file of criterion: EOF while parsing a value at line 1 column 50"),
        ("\u{fffd}\u{fffd}", "cannot be read as a file of criterion: expected value at line 1 column 1"),
        ("[]", "cannot be read as a file of criterion: invalid length 0, expected an object with `iters` and `times` at line 1 column 2"),
        (r#"{"iters":[1],"times":["10"]}"#, "cannot be read as a file of criterion: invalid type: string \"10\", expected f64 at line 1 column 26"),
        (r#"{"iters":[1,1],"times":[1e999,1]}"#, "cannot be read as a file of criterion: number out of range at line 1 column 29"),
        (r#"{"iters":[1,1],"times":[NaN,1]}"#, "cannot be read as a file of criterion: expected value at line 1 column 25"),
        (r#"{"iters":[1,1],"times":[5,null]}"#, "sample 2 is no number (null)"),
        (r#"{"iters":[null,1],"times":[5,5]}"#, "sample 1 is no number (null)"),
        (r#"{"iters":[0,1],"times":[5,5]}"#, "sample 1 has 0 iterations"),
        (r#"{"iters":[1,-2],"times":[5,5]}"#, "sample 2 has -2 iterations"),
        (r#"{"iters":[1,1],"times":[5,-5]}"#, "sample 2 of time is below zero"),
        (r#"{"iters":[1e-300,1],"times":[1e300,5]}"#, "sample 1 of time is no finite number"),
        (r#"{"iters":[1,1],"times":[0.0,5]}"#, "sample 1 of time is zero, which no operation takes: its result may be unused, and the compiler may have removed it"),
        (r#"{"iters":[1,1,1],"times":[5,5]}"#, "has 2 times for 3 numbers of iterations"),
        (r#"{"iters":[1],"times":[5]}"#, "has one sample, so criterion did not write it, or was stopped"),
        (r#"{"iters":[],"times":[]}"#, "there are no samples"),
    ];
    for (sample, why) in cases {
        criterion_says(Some(sample), &format!("a: a/new/sample.json: {why}"));
    }
}

#[test]
fn bad_names_of_criterion() {
    let says = |benchmark: Option<&str>| {
        let sample = ("a/new/sample.json".to_owned(), GOOD.to_owned());
        let benchmark = benchmark.map(|text| ("a/new/benchmark.json".to_owned(), text.to_owned()));
        let reading = criterion::reading(&benchmark.into_iter().chain([sample]).collect());
        assert!(reading.measured.is_empty(), "{benchmark:?}", benchmark = benches(&reading));
        troubles(&reading).join(" | ")
    };
    assert_eq!(says(None), "-: a/new/benchmark.json: the file is missing, so the bench's name is unknown");
    assert_eq!(
        says(Some("{}")),
        "-: a/new/benchmark.json: cannot be read as a file of criterion: missing field `full_id` at line 1 column 2"
    );
    assert_eq!(says(Some(r#"{"full_id":" "}"#)), " : a/new/sample.json: the name is empty");
    assert_eq!(
        says(Some(r#"{"full_id":"a\u001b[31m"}"#)),
        "a\u{fffd}[31m: a/new/sample.json: the name has control characters"
    );
}

#[test]
fn two_benches_with_one_name_are_both_left_out() {
    let mut files = folder(include_str!("recorded/criterion-0.5.json"));
    for file in ["benchmark.json", "sample.json"] {
        let text = files[&format!("plain/new/{file}")].clone();
        files.insert(format!("plain_2/new/{file}"), text);
    }
    let reading = criterion::reading(&files);
    let why = "plain: time of `plain` is reported 2 times, so it is unknown which is meant; rename the others";
    assert_eq!(troubles(&reading), [why]);
    assert_eq!(reading.measured.len(), 4);
}

#[test]
fn names_and_folders_may_be_anything() {
    for name in ["new", "base/new", "größe / ü", "a b", "日本語", "..", "\\"] {
        let mut files = BTreeMap::new();
        files.insert(format!("{name}/new/benchmark.json"), serde_json::json!({ "full_id": name }).to_string());
        files.insert(format!("{name}/new/sample.json"), GOOD.to_owned());
        // Those of an earlier run.
        files.insert(format!("{name}/base/benchmark.json"), r#"{"full_id":"old"}"#.to_owned());
        files.insert(format!("{name}/base/sample.json"), GOOD.to_owned());
        let reading = criterion::reading(&files);
        assert_eq!((troubles(&reading).len(), benches(&reading)), (0, vec![(name, "time")]));
    }
}

#[test]
fn a_throughput_that_is_none_does_not_cost_the_time() {
    for throughput in [r#"{"Elements":0}"#, r#"{"Rows":5}"#, "7", "[]", r#"{"Bytes":null}"#, "null"] {
        let benchmark = format!(r#"{{"full_id":"a","throughput":{throughput}}}"#);
        let files = [("a/new/benchmark.json", benchmark.as_str()), ("a/new/sample.json", GOOD)];
        let reading = criterion::reading(&files.map(|(path, text)| (path.to_owned(), text.to_owned())).into());
        assert_eq!((benches(&reading), &reading.measured[0].throughput), (vec![("a", "time")], &None), "{throughput}");
    }
}

#[test]
fn bad_summaries_of_gungraun() {
    let good = folder(include_str!("recorded/gungraun-0.20.json"));
    let says = |text: &str| {
        let mut files = good.clone();
        files.insert("x/summary.json".to_owned(), text.to_owned());
        let reading = gungraun::reading(&files);
        assert_eq!(reading.measured.len(), 16, "{text}");
        troubles(&reading).join(" | ")
    };
    let callgrind = |values: &str| {
        format!(
            r#"{{"version":"7","module_path":"m::f","id":"x","profiles":[{{"tool":"Callgrind","data":{{"total":{{"metrics":{{"Ir":{{"values":{values}}}}}}}}}}}]}}"#
        )
    };
    let cases = [
        (
            r#"{"version":"6","module_path":"m::f"}"#.to_owned(),
            "m::f: x/summary.json: is a summary of schema version 6, but version 7 is read; gungraun 0.20 writes it",
        ),
        (
            r#"{"version":8,"module_path":"m::f"}"#.to_owned(),
            "m::f: x/summary.json: is a summary of schema version 8, but version 7 is read; gungraun 0.20 writes it",
        ),
        (
            "{}".to_owned(),
            "-: x/summary.json: is a summary of schema version none, but version 7 is read; gungraun 0.20 writes it",
        ),
        ("{".to_owned(), "-: x/summary.json: cannot be read as JSON: EOF while parsing an object at line 1 column 1"),
        (
            r#"{"version":"7","module_path":"m::f"}"#.to_owned(),
            "m::f: x/summary.json: cannot be read as a summary of schema version 7: missing field `profiles`",
        ),
        (
            r#"{"version":"7","module_path":"m::f","profiles":[]}"#.to_owned(),
            "m::f: x/summary.json: has no profile: valgrind may have failed",
        ),
        (
            r#"{"version":"7","module_path":"m::f","profiles":[{"tool":"Perf","data":{"total":{"metrics":{}}}}]}"#
                .to_owned(),
            "m::f: x/summary.json: has counts of Perf only; those of callgrind, cachegrind or DHAT are read",
        ),
        (callgrind(r#"{"old":5}"#), "m::f x: x/summary.json: has no new value of Ir"),
        (
            callgrind(r#"{"new":0}"#),
            "m::f x: x/summary.json: counts no instruction: the function may have been inlined, or did not run",
        ),
        (callgrind(r#"{"new":-5}"#), "m::f x: x/summary.json: sample 1 of instructions is below zero"),
    ];
    for (text, expected) in cases {
        assert_eq!(says(&text), expected, "{text}");
    }
}

#[test]
fn bad_files_of_callgrind() {
    let cases = [
        ("", "is empty: valgrind may have been stopped"),
        (
            "# callgrind format\nversion: 1\nevents: Ir\n",
            "has neither `summary:` nor `totals:`, so it is no whole file of callgrind",
        ),
        ("events: Dr Dw\nsummary: 5 6\n", "line 2: `summary` without an event `Ir`"),
        ("summary: 5\n", "line 1: `summary` without an event `Ir`"),
        ("events: Ir\nsummary: five\n", "line 2: `summary` has no count of instructions"),
        ("events: Dr Ir\ntotals: 5\n", "line 2: `totals` has no count of instructions"),
        ("events: Ir\nsummary: 0\n", "counts no instruction"),
        (
            "events: Ir\nsummary: 18446744073709551615\npart: 2\nsummary: 1\n",
            "counts more instructions than there can be",
        ),
    ];
    for (text, why) in cases {
        assert_eq!(callgrind::instructions(text), Err(why.to_owned()), "{text}");
    }
}

#[test]
fn a_table_of_divan_that_ends_early_keeps_what_it_has() {
    let whole = include_str!("recorded/divan-0.1.txt");
    let cut = &whole[..whole.find("5.186").expect("a figure")];
    let reading = divan::reading(cut);
    assert_eq!(troubles(&reading), ["e/with_args/10: line 12: its row ends before the figures"]);
    assert_eq!(reading.measured.len(), 6);
    let odd = divan::reading(&whole.replace("73.57 ns", "73.57 xs"));
    assert_eq!(troubles(&odd), ["e/plain: line 4: its median is no time"]);
    let zero = divan::reading(&whole.replace("73.57 ns", "0 ns    "));
    assert!(troubles(&zero)[0].starts_with("e/plain: line 4: sample 1 of time is zero"), "{:?}", troubles(&zero));
}

#[test]
fn lines_of_libtest_without_a_figure() {
    let reading = libtest::reading(
        "test a ... bench: soon\ntest b ... bench:           0 ns/iter (+/- 0)\ntest c ... FAILED\ntest d ... ok\n\
         test e ... bench:          7 ns/iter (+/- 1)\ntest e ... bench:          8 ns/iter (+/- 1)\n\
         test f ... bench:          7 ns/iter (+/- 1)\ntest result: ok. 0 passed\n",
    );
    assert_eq!(benches(&reading), [("f", "time")]);
    let all = troubles(&reading);
    assert_eq!(all[0], "a: line 1: has no figure in ns/iter");
    assert!(all[1].starts_with("b: line 2: sample 1 of time is zero"), "{all:?}");
    assert_eq!(all[2], "c: line 3: the bench failed");
    assert!(all[3].starts_with("e: time of `e` is reported 2 times"), "{all:?}");
    assert_eq!(all.len(), 4);
}

#[test]
fn bad_results_of_hyperfine() {
    let says = |result: &str| {
        let text = format!(r#"{{"results":[{{"command":"ok","times":[0.5]}},{result}]}}"#);
        let reading = hyperfine::reading(&text);
        assert_eq!(benches(&reading), [("ok", "time")], "{result}");
        troubles(&reading).join(" | ")
    };
    let cases = [
        (r#"{"command":"a","times":[0.1,null]}"#, "a: hyperfine's JSON, result 2: a time is no number (null)"),
        (r#"{"command":"a","times":[]}"#, "a: hyperfine's JSON, result 2: there are no samples"),
        (r#"{"command":"a"}"#, "a: hyperfine's JSON, result 2: cannot be read: missing field `times`"),
        (r#"{"times":[1]}"#, "-: hyperfine's JSON, result 2: cannot be read: missing field `command`"),
        (
            r#"{"command":"a","times":[0.1,0.1],"exit_codes":[0,null]}"#,
            "a: hyperfine's JSON, result 2: run 2 ended by a signal",
        ),
        (
            r#"{"command":"a","times":[0.1,0.1],"exit_codes":[1,0]}"#,
            "a: hyperfine's JSON, result 2: run 1 ended with exit code 1",
        ),
    ];
    for (result, expected) in cases {
        assert_eq!(says(result), expected);
    }
    for (text, why) in [
        ("{\"results\": [", "EOF while parsing a list at line 1 column 13"),
        ("{}", "missing field `results` at line 1 column 2"),
    ] {
        assert_eq!(troubles(&hyperfine::reading(text)), [format!("-: hyperfine's JSON: cannot be read: {why}")]);
    }
    assert_eq!(troubles(&hyperfine::reading("hello")), ["-: hyperfine's JSON: has no JSON object"]);
}

#[test]
fn lines_are_joined_if_their_units_agree() {
    let text = "starting\n\
        {\"bench\":\"a\",\"metric\":\"time\",\"unit\":\"ns\",\"samples\":[1,2]}\n\
        {\"bench\":\"a\",\"metric\":\"time\",\"unit\":\"ns\",\"samples\":[3]}\n\
        {\"bench\":\"a\",\"metric\":\"time\",\"unit\":\"ms\",\"samples\":[4]}\n\
        {\"bench\":\"a\",\"metric\":\"hits\",\"unit\":\"%\",\"value\":90,\"better\":\"more\",\"exact\":true}\n\
        {\"bench\":\"a\",\"metric\":\"hits\",\"unit\":\"%\",\"value\":91}\n\
        {\"bench\":\"b\",\"metric\":\"time\",\"unit\":\"ns\",\"samples\":[5],\"throughput\":{\"count\":500,\"unit\":\"rows\"},\"host\":\"x\"}\n";
    let reading = lines::reading(text);
    assert_eq!(benches(&reading), [("a", "time"), ("a", "hits"), ("b", "time")]);
    assert_eq!(reading.measured[0].samples, [1.0, 2.0, 3.0]);
    assert!(reading.measured.iter().all(|one| one.raw));
    assert_eq!((reading.measured[1].better, reading.measured[1].exact), (Better::More, true));
    assert_eq!(reading.measured[2].throughput.as_ref().map(|of| (of.count, of.unit.as_str())), Some((500.0, "rows")));
    assert_eq!(
        troubles(&reading),
        [
            "a: line 4: the unit `ms` of time (before: `ns`) differs from that of line 2, so its samples are left out",
            "a: line 6: `exact`, `better` or `throughput` of hits differs from that of line 5, so its samples are left out",
        ]
    );
}

#[test]
fn lines_that_begin_like_samples_and_are_broken() {
    let ok = "{\"bench\":\"ok\",\"metric\":\"time\",\"unit\":\"ns\",\"samples\":[1]}";
    let with = |rest: &str| format!("{{\"bench\":\"a\",\"metric\":\"time\",\"unit\":\"ns\"{rest}}}");
    let cases = [
        (with(""), "a: line 2: has neither `samples` nor `value`"),
        (with(",\"samples\":[1],\"value\":2"), "a: line 2: has both `samples` and `value`"),
        (with(",\"samples\":[]"), "a: line 2: there are no samples"),
        (with(",\"samples\":3"), "a: line 2: `samples` is no array of numbers"),
        (with(",\"samples\":[1,\"2\"]"), "a: line 2: sample 2 is no number: \"2\""),
        (with(",\"samples\":[1,null]"), "a: line 2: sample 2 is no number: null"),
        (with(",\"samples\":[NaN]"), "-: line 2: cannot be read as JSON: expected value at line 1 column 53"),
        (with(",\"samples\":[1,2"), "-: line 2: cannot be read as JSON: expected `,` or `]` at line 1 column 56"),
        (with(",\"samples\":[1e999]"), "-: line 2: cannot be read as JSON: number out of range at line 1 column 57"),
        (with(",\"samples\":[-1]"), "a: line 2: sample 1 of time is below zero"),
        (with(",\"value\":true"), "a: line 2: `value` is no number: true"),
        (with(",\"value\":1,\"better\":\"higher\""), "a: line 2: `better` is \"higher\", but may be \"less\" or \"more\""),
        (with(",\"value\":1,\"exact\":\"yes\""), "a: line 2: `exact` is no true or false: \"yes\""),
        (with(",\"value\":1,\"throughput\":5"), "a: line 2: `throughput` is 5, but is an object like {\"count\": 500, \"unit\": \"rows\"}"),
        (with(",\"value\":1,\"throughput\":{\"count\":0,\"unit\":\"rows\"}"), "a: line 2: the throughput is no number above zero with a unit"),
        ("{\"bench\":\"a\"}".to_owned(), "a: line 2: has neither `samples` nor `value`"),
        ("{\"metric\":\"time\",\"samples\":[1],\"unit\":\"ns\"}".to_owned(), "-: line 2: has no `bench`"),
        ("{\"bench\":\"a\",\"metric\":\"time\",\"samples\":[1]}".to_owned(), "a: line 2: has no `unit`"),
        ("{\"bench\":7,\"metric\":\"time\",\"samples\":[1],\"unit\":\"ns\"}".to_owned(), "-: line 2: `bench` is no text: 7"),
        ("{\"bench\":\"\",\"metric\":\"time\",\"samples\":[1],\"unit\":\"ns\"}".to_owned(), "-: line 2: the name is empty"),
        ("{\"bench\":\"a\",\"metric\":\"size\",\"samples\":[0],\"unit\":\"ms\"}".to_owned(), "a: line 2: sample 1 of size is zero, which no operation takes: its result may be unused, and the compiler may have removed it"),
    ];
    for (line, expected) in cases {
        let reading = lines::reading(&format!("{ok}\n{line}\n"));
        assert_eq!(troubles(&reading), [expected], "{line}");
        assert_eq!(benches(&reading), [("ok", "time")], "{line}");
    }
    for other in [
        "{\"reason\":\"compiler-message\"}",
        "{",
        "{}",
        "[1]",
        "bench: 5",
        "{\"finding\":\"x\"}",
        "{\"metric\":\"x\"}",
        "",
    ] {
        assert_eq!(lines::reading(other), compatrix_bench::Reading::default(), "{other}");
    }
}

#[test]
fn findings_are_read_and_broken_ones_are_named() {
    let text = "{\"finding\":\"`close` is exported twice\",\"file\":\"ffi/a.h\",\"line\":12,\"level\":\"warning\"}\n\
        {\"finding\":\"no symbol `open`\\u001b[2J\\u202e\",\"file\":\"a\\u2066.h\"}\nnoise\n{\"finding\":\"\"}\n{\"finding\":\"x\",\"level\":\"fatal\"}\n\
        {\"finding\":\"x\",\"line\":0}\n{\"finding\":\"x\n{\"finding\":5}\n{\"finding\":\"n\",\"level\":\"note\",\"file\":null}\n\
        {\"finding\":\"x\",\"file\":3}\n";
    let findings = lines::findings(text);
    let found: Vec<_> =
        findings.found.iter().map(|one| (one.text.as_str(), one.file.as_deref(), one.line, one.level)).collect();
    assert_eq!(
        found,
        [
            ("`close` is exported twice", Some("ffi/a.h"), Some(12), Level::Warning),
            ("no symbol `open`\u{fffd}[2J\u{fffd}", Some("a\u{fffd}.h"), None, Level::Error),
            ("n", None, None, Level::Note),
        ]
    );
    let why: Vec<&str> = findings.troubles.iter().map(|trouble| trouble.why.as_str()).collect();
    assert_eq!(
        why,
        [
            "line 4: `finding` is empty",
            "line 5: `level` is \"fatal\", but may be \"error\", \"warning\" or \"note\"",
            "line 6: `line` is no number from 1: 0",
            "line 7: cannot be read as JSON: EOF while parsing a string at line 1 column 13",
            "line 8: `finding` is no text: 5",
            "line 10: `file` is no text: 3",
        ]
    );
}

#[test]
fn nothing_at_all_is_a_trouble_that_names_what_was_looked_for() {
    let nothing = Outputs { stdout: "running 0 tests\n".to_owned(), ..Outputs::default() };
    let auto = troubles(&reading(Harness::Auto, &nothing));
    for word in ["criterion", "gungraun", "divan", "libtest", "hyperfine", "JSON lines"] {
        assert!(auto.len() == 1 && auto[0].contains(word), "{word}: {auto:?}");
    }
    assert_eq!(
        troubles(&reading(Harness::Criterion, &nothing)),
        ["-: there are no results; looked for: criterion's `new/sample.json` below `CRITERION_HOME`"]
    );
    for harness in [Harness::Gungraun, Harness::Divan, Harness::Libtest, Harness::Lines] {
        assert_eq!(reading(harness, &nothing).troubles.len(), 1, "{harness:?}");
    }
}

#[test]
fn a_program_says_what_it_lacks() {
    let found = lines::findings("{\"unavailable\": \" no abc: install it \"}\n{\"unavailable\":\"and no xyz\"}\n");
    assert_eq!(found.unavailable.as_deref(), Some("no abc: install it"));
    assert!(found.found.is_empty() && found.troubles.is_empty(), "{found:?}");
    // JSON of its own, that happens to have such a key.
    let own = lines::findings("{\"unavailable\": 3, \"available\": 5}\n{\"available\": \"x\"}\n");
    assert!(own.unavailable.is_none() && own.troubles.is_empty(), "{own:?}");
    for (line, why) in [
        ("{\"unavailable\": 3}", "line 1: `unavailable` is no text: 3"),
        ("{\"unavailable\": \"  \"}", "line 1: `unavailable` is empty: it is the reason"),
        ("{\"unavailable\": \"x", "line 1: cannot be read as JSON"),
        ("{\"unavailable\": \"x\", \"help\": \"y\"}", "line 1: `unavailable` is not the only key"),
        ("{\"unavailable\": \"x\", \"level\": \"note\"}", "line 1: `unavailable` is not the only key"),
    ] {
        let broken = lines::findings(line);
        assert!(broken.unavailable.is_none(), "{line}");
        assert!(broken.troubles[0].why.starts_with(why), "{:?}", broken.troubles);
    }
    let endless = lines::findings(&format!("{{\"unavailable\": \"{}\"}}", "ä".repeat(10_000)));
    assert_eq!(endless.unavailable.map(|why| why.chars().count()), Some(501));
    let reading = lines::reading("{\"unavailable\": \"no abc\"}\n");
    assert!(reading.measured.is_empty() && reading.troubles.is_empty(), "{reading:?}");
}
