//! Criteria read, and compared with evidence.

use std::collections::BTreeMap;

use compatrix_bench::{Proven, Tier};

use super::*;
use crate::cell::CellId;
use crate::claims::{evaluate, judge_evidence};
use crate::evidence_file::EvidenceFile;
use crate::matrix_spec::Spec;
use crate::speed::trend::{Figure, Record, Seen};

const SPEC: &str = r#"
[project]
packages = ["store"]
[claims]
rust = "1.70"
schema = ["v1"]
[axis]
rust = ["1.70", "1.75"]
schema = ["v1"]
[[suite]]
name = "tests"
[[suite]]
name = "speed"
kind = "bench"
[[target]]
bench = "inbox"
metric = "p95"
at-most = "5 ms"
[[target]]
bench = "inbox"
metric = "throughput"
at-least = "10/s"
"#;

fn spec() -> Spec {
    crate::spec_text::parse(SPEC, "matrix.toml", &["v1".to_owned()]).unwrap_or_else(|e| panic!("{e:?}")).spec
}

#[track_caller]
fn criteria(text: &str) -> Vec<Criterion> {
    let spec = spec();
    read(text, "plans.toml", Known { spec: &spec }).unwrap_or_else(|problems| panic!("{}", problems.render(false, 100)))
}

#[track_caller]
fn refused(text: &str, expected: &[&str]) {
    let spec = spec();
    let problems = read(text, "plans.toml", Known { spec: &spec }).expect_err("refused").render(false, 100);
    for line in expected {
        assert!(problems.contains(line), "{line}\n{problems}");
    }
}

/// What a criterion with this source stands at, with these records and files.
#[track_caller]
fn stands(by: &str, records: &[Record], files: &[(&str, &str)]) -> (Standing, Vec<String>) {
    let all = criteria(&format!("[[criterion]]\nid = 'A'\ntext = 'b'\n{by}\n"));
    let (spec, evidence): (Spec, Vec<EvidenceFile>) = (spec(), Vec::new());
    let judgement = judge_evidence(&spec, &evidence);
    let ground = Ground {
        spec: &spec,
        judgement: &judgement,
        claims: &evaluate(&spec, &judgement),
        records,
        ran: &Ran::default(),
        figure: |value, unit| format!("{value} {unit}"),
        files: &files.iter().map(|(path, text)| ((*path).to_owned(), (*text).to_owned())).collect::<BTreeMap<_, _>>(),
    };
    let judged = judge(&all, &ground);
    (judged[0].standing, judged[0].shown.iter().map(|shown| shown.sentence.clone()).collect())
}

fn record(commit: char, committed: i64, seen: &[(&str, &str, Proven, f64)]) -> Record {
    let target = |(metric, limit, proven, value): &(&str, &str, Proven, f64)| Seen {
        place: Some(("speed".to_owned(), "rust=1.70 schema=v1".parse::<CellId>().unwrap())),
        bench: "inbox".to_owned(),
        metric: (*metric).to_owned(),
        limit: (*limit).to_owned(),
        tier: Tier::Must,
        proven: *proven,
        figure: Some(Figure { value: *value, interval: None, unit: "s".to_owned() }),
    };
    Record {
        platform: "linux-x86_64".to_owned(),
        commit: commit.to_string().repeat(40),
        base: None,
        committed,
        machine: Default::default(),
        benches: Vec::new(),
        targets: seen.iter().map(target).collect(),
    }
}

#[test]
fn what_is_wrong_is_said_with_its_place() {
    refused("", &["there are no criteria"]);
    refused("[[criterion]]\nid = 'A'\ntext = 'b'\n", &["nothing shows the criterion `A`"]);
    let two = "[[criterion]]\nid = 'A'\ntext = 'b'\nunproven = 'c'\n".repeat(2);
    refused(&two, &["plans.toml:6:6", "`A` is the id of another criterion"]);
    let by = |by: &str| format!("[[criterion]]\nid = 'A'\ntext = 'b'\nby = [{by}]\n");
    refused(&by("{ suite = 'test' }"), &["the spec has no suite `test`", "did you mean `tests`"]);
    refused(&by("{ target = 'outbox' }"), &["the spec has no target of a bench `outbox`"]);
    refused(&by("{ target = 'inbox', metric = 'p99' }"), &["no target with the metric `p99`"]);
    refused(&by("{ claim = 'rust store' }"), &["the spec has no claim `rust store`", "`rust`, `schema v1`"]);
    refused(&by("{ suite = 'tests', cells = 'rust=1.71' }"), &["`rust=1.71` names no cells"]);
    refused(&by("{ suite = 'tests', tests = ['a.rs'] }"), &["`a.rs` is no test"]);
    for path in ["/etc/passwd", "../a.rs", "a/../../b.rs"] {
        refused(&by(&format!("{{ file = '{path}' }}")), &["plans.toml:4:", path]);
        refused(&by(&format!("{{ suite = 'tests', tests = ['{path}#works'] }}")), &["plans.toml:4:", path]);
    }
    refused(&by("{ suite = 'tests', file = 'a' }"), &["name one of `suite`, `target`, `claim` and `file`"]);
    refused(&by("{ has = 'a' }"), &["name one of"]);
    refused(&by("{ file = 'a', tests = ['a#b'] }"), &["`tests` goes with `suite`"]);
    refused(
        &format!("{}not-applicable = 'c'\n", by("{ file = 'a' }")),
        &["a criterion that does not apply has neither `by`"],
    );
}

#[test]
fn a_file_shows_what_it_says() {
    let by = "by = [{ file = 'docs/A.md', has = 'pool sizes' }, { file = 'docs/B.md' }]";
    let both = [("docs/A.md", "On pool sizes."), ("docs/B.md", "")];
    assert_eq!(stands(by, &[], &both).0, Standing::Proven);
    assert_eq!(
        stands(by, &[], &both[..1]),
        (Standing::Unproven, vec!["it says “pool sizes”".into(), "the file is not there".into()])
    );
    assert_eq!(stands(by, &[], &[("docs/A.md", "No."), ("docs/B.md", "")]).0, Standing::Unproven);
}

#[test]
fn a_test_must_be_where_it_is_said_to_be() {
    let by = "by = [{ suite = 'tests', tests = ['t.rs#waits'] }]";
    for (text, sentence) in [
        ("fn waits() {}", "no evidence"),
        ("async fn waits<T>() {}", "no evidence"),
        ("fn waits_long() {}", "there is no test waits in t.rs"),
        ("// waits", "there is no test waits in t.rs"),
        ("#[test] fn waits() {}", "no evidence"),
        ("    // fn waits() {}", "there is no test waits in t.rs"),
        ("# def waits():", "there is no test waits in t.rs"),
    ] {
        assert_eq!(stands(by, &[], &[("t.rs", text)]), (Standing::Unproven, vec![sentence.to_owned()]), "{text}");
    }
    assert_eq!(stands(by, &[], &[]).1, ["there is no test waits in t.rs"]);
}

#[test]
fn what_nobody_ran_is_unproven_and_a_reason_counts_with_the_rest() {
    assert_eq!(stands("by = [{ suite = 'tests' }]", &[], &[]), (Standing::Unproven, vec!["no evidence".to_owned()]));
    assert_eq!(stands("by = [{ claim = 'rust' }]", &[], &[]).0, Standing::Unproven);
    assert_eq!(stands("not-applicable = 'no such thing'", &[], &[]).0, Standing::NotApplicable);
    let (standing, sentences) = stands("by = [{ file = 'a' }]\nunproven = 'no Mac ran it'", &[], &[("a", "")]);
    assert_eq!((standing, sentences.len()), (Standing::Unproven, 2));
}

#[test]
fn a_target_is_what_the_newest_record_that_saw_it_says() {
    let (p95, rate) = (("p95", "at most 5 ms"), ("throughput", "at least 10/s"));
    let seen = |what: (&'static str, &'static str), proven, value| (what.0, what.1, proven, value);
    let old = record('a', 1, &[seen(p95, Proven::Contradicted, 0.009), seen(rate, Proven::Proven, 12.0)]);
    let new = record('b', 2, &[seen(p95, Proven::Proven, 0.004)]);
    let by = "by = [{ target = 'inbox' }]";
    let (standing, sentences) = stands(by, &[old.clone(), new], &[]);
    assert_eq!(standing, Standing::Proven);
    assert_eq!(
        sentences,
        ["p95 at most 5 ms: proven with 0.004 s at bbbbbbbbbbbb; throughput at least 10/s: proven with 12 s at aaaaaaaaaaaa"]
    );
    assert_eq!(stands(by, std::slice::from_ref(&old), &[]).0, Standing::Contradicted);
    assert_eq!(stands("by = [{ target = 'inbox', metric = 'throughput' }]", &[old], &[]).0, Standing::Proven);
    assert_eq!(stands(by, &[], &[]).0, Standing::Unproven);
    // Another limit is another target.
    let other = record('a', 1, &[seen(("p95", "at most 6 ms"), Proven::Proven, 0.004)]);
    assert_eq!(stands(by, &[other], &[]).1, ["p95 at most 5 ms: no record; throughput at least 10/s: no record"]);
}
