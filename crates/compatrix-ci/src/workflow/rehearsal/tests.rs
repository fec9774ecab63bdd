//! Which jobs a rehearsal runs, and what each comes to.

use super::*;

fn job(id: &str, needs: &[&str]) -> WorkflowJob {
    WorkflowJob {
        id: id.to_owned(),
        name: Text::literal(id),
        about: Vec::new(),
        condition: None,
        needs: needs.iter().map(|id| (*id).to_owned()).collect(),
        runs_on: "ubuntu".to_owned(),
        container: None,
        permissions: Vec::new(),
        timeout_minutes: 1,
        matrix: None,
        continue_on_error: MayFail::Never,
        env: Vec::new(),
        steps: Vec::new(),
    }
}

fn ended(of: &[(&str, JobResult)]) -> Vec<Ended> {
    of.iter().map(|(id, result)| Ended { id: (*id).to_owned(), result: *result }).collect()
}

#[test]
fn the_verdict_and_each_gate_give_the_exit_code() {
    for (id, gives) in
        [("verdict", true), ("gate-push-linux-x86_64", true), ("push-linux-x86_64", false), ("trend", false)]
    {
        assert_eq!(gives_verdict(&job(id, &[])), gives, "{id}");
    }
}

#[test]
fn jobs_come_after_what_they_need() {
    let jobs = [job("verdict", &["b", "a"]), job("b", &["a"]), job("a", &[]), job("c", &[])];
    assert_eq!(order(&jobs), Ok(vec![2, 1, 0, 3]));
    assert!(order(&[job("a", &["lost"])]).unwrap_err().contains("needs `lost`, which does not exist"));
    assert!(order(&[job("a", &["b"]), job("b", &["a"])]).unwrap_err().contains("form a cycle"));
}

#[test]
fn a_job_that_was_skipped_is_no_success_for_those_after_it() {
    let jobs = [job("a", &[]), job("b", &["a"]), job("c", &["b"])];
    for (of_a, of_b, success, failure) in [
        (JobResult::Success, JobResult::Success, true, false),
        (JobResult::Skipped, JobResult::Success, false, false),
        (JobResult::Failure, JobResult::Success, false, true),
        (JobResult::Success, JobResult::Cancelled, false, false),
    ] {
        let ended = ended(&[("a", of_a), ("b", of_b)]);
        assert_eq!(status(&jobs[2], &jobs, &ended), Status { success, failure, cancelled: false });
    }
}

#[test]
fn only_jobs_that_are_named_are_needed_and_only_those_that_ran() {
    let of = ended(&[("a", JobResult::Success), ("b", JobResult::Failure)]);
    let needs = needs(&job("c", &["a", "elsewhere"]), &of);
    assert_eq!(Value::Object(needs), json!({ "a": { "result": "success", "outputs": {} } }));
}

#[test]
fn the_worst_leg_is_the_result_unless_it_may_fail() {
    use JobResult::{Cancelled, Failure, Skipped, Success};
    for (legs, expected) in [
        (&[(Success, false), (Failure, false)][..], Failure),
        (&[(Success, false), (Failure, true)], Success),
        (&[(Cancelled, false), (Success, false)], Cancelled),
        (&[(Cancelled, true)], Success),
        (&[(Skipped, false)], Skipped),
        (&[], Skipped),
    ] {
        assert_eq!(result_of(legs), expected, "{legs:?}");
    }
}

#[test]
fn a_matrix_is_one_job_a_row() {
    let mut of = job("cells", &[]);
    let row = |name: &str, may: bool| {
        vec![
            ("job".to_owned(), MatrixValue::Text(name.to_owned())),
            ("minutes".to_owned(), MatrixValue::Number(3)),
            ("allow_failure".to_owned(), MatrixValue::Bool(may)),
        ]
    };
    of.matrix = Some(super::super::Matrix { include: vec![row("one", false), row("a/b", true)] });
    let legs = legs(&of);
    assert_eq!(legs.iter().map(|leg| leg.name.as_str()).collect::<Vec<_>>(), ["cells (one)", "cells (a/b)"]);
    assert_eq!(legs[1].slug, "cells-2", "a value is no part of a path");
    assert_eq!((legs[1].minutes, legs[1].matrix["allow_failure"].clone()), (Some(3), json!(true)));
}

#[test]
fn what_steps_write_to_githubs_files() {
    let text = "a=1\n\nb=x=y <<z\nlong<<END\none\n\ntwo=2\nEND\nempty=\n";
    let pairs = [("a", "1"), ("b", "x=y <<z"), ("long", "one\n\ntwo=2"), ("empty", "")];
    assert_eq!(assignments(text), Ok(pairs.map(|(name, value)| (name.to_owned(), value.to_owned())).into()));
    assert!(assignments("nothing").unwrap_err().contains("not of the form `name=value`"));
    assert!(assignments("a<<END\n1\n").unwrap_err().contains("not closed by a line `END`"));
}
