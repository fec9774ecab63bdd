//! Expressions from GitHub's documentation, and the message of each refusal.

use serde_json::json;

use super::*;

fn with<T>(status: Status, act: impl FnOnce(&Scope<'_>) -> T) -> T {
    let contexts = json!({
        "github": { "event_name": "pull_request", "ref": "refs/heads/Main", "event": { "pull_request": { "number": 7 } } },
        "matrix": { "job": "linux-x86_64-stable", "allow_failure": false, "minutes": 3, "none": "" },
        "needs": { "a": { "result": "success", "outputs": {} }, "b-c": { "result": "Failure", "outputs": {} } },
        "inputs": {},
        "steps": { "cache": { "outputs": { "cache-hit": "true" }, "outcome": "success" } },
        "env": { "EVENT": "push" },
    });
    let Value::Object(contexts) = contexts else { unreachable!() };
    act(&Scope {
        contexts,
        open: &["github.event", "github.event.*", "inputs", "steps.*.outputs"],
        withheld: &["github.token", "secrets"],
        status,
        hash_files: Box::new(|patterns| Ok(format!("hash of {}", patterns.join(" ")))),
    })
}

fn of(text: &str) -> Result<Value, Trouble> {
    with(Status::GOOD, |scope| value(&format!("${{{{ {text} }}}}"), scope))
}

/// docs.github.com, "Evaluate expressions in workflows and actions": literals, operators, functions.
#[test]
fn values_as_githubs_documentation_has_them() {
    for (text, expected) in [
        ("null", json!(null)),
        ("false", json!(false)),
        ("711", json!(711.0)),
        ("-9.2", json!(-9.2)),
        ("0xff", json!(255.0)),
        ("-2.99e-2", json!(-0.0299)),
        ("'It''s open source!'", json!("It's open source!")),
        ("''", json!("")),
        ("(1 == 1) && !(2 == 1)", json!(true)),
        ("1 < 2 && 2 <= 2 && 3 > 2 && 2 >= 2", json!(true)),
        ("1 == 2 || 3 == 4 == false", json!(true)),
        // Operators return one of their sides.
        ("'' || 'default'", json!("default")),
        ("github.event_name == 'workflow_dispatch' && inputs.event || github.event_name", json!("pull_request")),
        ("github.event.pull_request.number || github.ref", json!(7)),
        ("github.event.issue.number || github.ref", json!("refs/heads/Main")),
        // Different types are compared as numbers.
        ("null == 0", json!(true)),
        ("true == 1", json!(true)),
        ("'' == 0", json!(true)),
        ("' 12 ' == 12", json!(true)),
        ("'abc' == 0", json!(false)),
        ("'abc' != 0", json!(true)),
        ("'abc' < 1", json!(false)),
        ("false == ''", json!(true)),
        ("needs == needs", json!(false)),
        // Strings compare ignoring case.
        ("'AbC' == 'aBc'", json!(true)),
        ("github.ref == 'refs/heads/main'", json!(true)),
        ("needs.b-c.result == 'failure'", json!(true)),
        ("needs['b-c'].result", json!("Failure")),
        ("NEEDS.A.Result", json!("success")),
        ("needs.*.result", json!(["success", "Failure"])),
        ("contains(needs.*.result, 'failure')", json!(true)),
        ("contains(needs.*.result, 'cancelled')", json!(false)),
        ("contains('Hello world', 'llO')", json!(true)),
        ("startsWith('Hello world', 'he')", json!(true)),
        ("endsWith('Hello world', 'LD')", json!(true)),
        ("format('{{Hello {0} {1} {2}!}}', 'Mona', 'the', 'Octocat')", json!("{Hello Mona the Octocat!}")),
        ("join(needs.*.result, ', ')", json!("success, Failure")),
        ("toJSON(needs.a)", json!("{\n  \"outputs\": {},\n  \"result\": \"success\"\n}")),
        ("fromJSON('[1, true]')[1]", json!(true)),
        ("fromJSON('{\"a\": 3}').a", json!(3)),
        ("hashFiles('**/Cargo.lock', 'x')", json!("hash of **/Cargo.lock x")),
        ("matrix.allow_failure", json!(false)),
        ("!matrix.none", json!(true)),
        ("steps.cache.outputs.cache-hit != 'true'", json!(false)),
        ("steps.cache.outputs.nothing", json!(null)),
        ("inputs.event.deeper", json!(null)),
        ("env.EVENT", json!("push")),
        ("SUCCESS() && !cancelled()", json!(true)),
    ] {
        assert_eq!(of(text).unwrap_or_else(|trouble| panic!("{text}: {trouble}")), expected, "{text}");
    }
}

#[test]
fn what_is_not_known_is_an_error_that_names_it() {
    for (text, named) in [
        ("vars.X", "the context `vars` is not known here"),
        ("github.evnt_name == 'push'", "`github.evnt_name` is not known here"),
        ("needs.lost.result != 'success'", "`needs.lost` is not known here"),
        ("matrix['jbo']", "`matrix.jbo` is not known here"),
        ("env.EVNT", "`env.EVNT` is not known here"),
        ("steps.other.outputs.x", "`steps.other` is not known here"),
        ("exists('x')", "the function `exists` is not known here"),
        ("contains('x')", "`contains` does not take 1 arguments"),
        ("1 +", "not a GitHub expression"),
        ("a == ", "ends too early"),
        ("\"text\"", "unexpected `\"`"),
        ("(1", "ends too early"),
        ("format('{1}', 'x')", "format cannot read"),
        ("fromJSON('{')", "fromJSON cannot read"),
        ("", "ends too early"),
    ] {
        let Err(Trouble::Unknown(said)) = of(text) else { panic!("{text} has a value") };
        assert!(said.contains(named), "{text}: {said}");
    }
    assert!(Expr::parse("'open").unwrap_err().contains("a `'` is not closed"));
    let deep = format!("{}1{}", "(".repeat(60), ")".repeat(60));
    assert!(Expr::parse(&deep).unwrap_err().contains("nested deeper"));
}

#[test]
fn what_only_github_has_is_told_apart() {
    for text in ["github.token", "github['token']", "secrets.KEY", "format('{0}', GitHub.Token)"] {
        assert!(matches!(of(text), Err(Trouble::Withheld(_))), "{text}");
    }
    assert_eq!(of("false && github.token"), Ok(json!(false)), "it is not evaluated");
}

#[test]
fn texts_are_filled_in() {
    let filled = |text: &str| with(Status::GOOD, |scope| super::text(text, scope));
    assert_eq!(filled("evidence-${{ matrix.job }}-${{matrix.minutes}}!").unwrap(), "evidence-linux-x86_64-stable-3!");
    assert_eq!(filled("plain $ {{ }}").unwrap(), "plain $ {{ }}");
    assert_eq!(filled("${{ '}}' }}${{ null }}|${{ needs }}|${{ needs.* }}").unwrap(), "}}|Object|Array");
    assert!(filled("${{ matrix.job").is_err());
    assert_eq!(with(Status::GOOD, |scope| value("${{ matrix.allow_failure }}", scope)), Ok(json!(false)));
    assert_eq!(with(Status::GOOD, |scope| value("x${{ matrix.allow_failure }}", scope)), Ok(json!("xfalse")));
}

/// docs.github.com, "Status check functions": a condition without one is as if `success()` stood before it.
#[test]
fn a_condition_holds_only_after_success_unless_it_asks() {
    let failed = Status { success: false, failure: true, cancelled: false };
    for (text, good, bad) in [
        (None, true, false),
        (Some("always()"), true, true),
        (Some("success()"), true, false),
        (Some("failure()"), false, true),
        (Some("${{ failure() || cancelled() }}"), false, true),
        (Some("github.event_name == 'pull_request'"), true, false),
        (Some("github.event_name == 'push'"), false, false),
        (Some("${{ github.event_name == 'pull_request' }}"), true, false),
        (Some("!cancelled() && github.event_name == 'pull_request'"), true, true),
        (Some("always() && github.event_name == 'schedule' && needs.a.result != 'success'"), false, false),
    ] {
        assert_eq!(with(Status::GOOD, |scope| condition(text, scope)), Ok(good), "{text:?}");
        assert_eq!(with(failed, |scope| condition(text, scope)), Ok(bad), "{text:?} after a failure");
    }
    assert!(check_condition("github.ref ==").is_err() && check_condition("${{ always() }}").is_ok());
}
