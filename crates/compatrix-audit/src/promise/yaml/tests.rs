//! Anchors, aliases, merge keys, limits.

use super::*;

/// A tree on one line.
fn shown(node: &Node) -> String {
    match &node.value {
        Value::Scalar { text, .. } => text.clone(),
        Value::Seq(items) => format!("[{}]", items.iter().map(shown).collect::<Vec<_>>().join(" ")),
        Value::Map(entries) => {
            let entries: Vec<String> =
                entries.iter().map(|(key, of)| format!("{}={}", shown(key), shown(of))).collect();
            format!("{{{}}}", entries.join(" "))
        }
    }
}

#[test]
fn aliases_and_merge_keys_are_followed() {
    for (text, expect) in [
        ("a: &x [1, 2]\nb: *x\n", "{a=[1 2] b=[1 2]}"),
        ("a: &x {p: 1, q: 2}\nb: {<<: *x, q: 3}\n", "{a={p=1 q=2} b={q=3 p=1}}"),
        ("a: &x {p: 1}\nb: &y {p: 2, r: 4}\nc: {<<: [*x, *y]}\n", "{a={p=1} b={p=2 r=4} c={p=1 r=4}}"),
        ("a: &x 1.70\nb: *x\n&k c: *k\n", "{a=1.70 b=1.70 c=c}"),
        ("a: &x 1\nb: &x 2\nc: *x\n", "{a=1 b=2 c=2}"),
        ("a: &a {b: *a}\n", "{a={b=}}"),
        ("a: {\"<<\": {b: 1}}\n", "{a={<<={b=1}}}"),
    ] {
        assert_eq!(shown(&parse(text).unwrap_or_else(|error| panic!("{text}: {error}"))), expect, "{text}");
    }
    assert_eq!(parse("a: &x\n  - 1.70\nb: *x\n").unwrap().get("b").unwrap().items()[0].line, 2);
}

#[test]
fn a_bomb_of_aliases_is_refused() {
    let mut bomb = "a0: &a0 [x, x, x, x, x, x, x, x, x]\n".to_owned();
    for n in 1..12 {
        let before = vec![format!("*a{}", n - 1); 9].join(", ");
        bomb.push_str(&format!("a{n}: &a{n} [{before}]\n"));
    }
    let error = parse(&bomb).unwrap_err();
    assert!(error.contains("for a workflow"), "{error}");
    let merges: String = (1..20).map(|n| format!("m{n}: &m{n} {{<<: [*m{0}, *m{0}], k{n}: *m{0}}}\n", n - 1)).collect();
    assert!(parse(&format!("m0: &m0 {{a: b}}\n{merges}")).is_err());
}

#[test]
fn one_document_is_read() {
    assert_eq!(shown(&parse("---\na: b\n---\n").unwrap()), "{a=b}");
    let error = parse("a: b\n---\nc: d\n").unwrap_err();
    assert_eq!(error, "line 3: a second document begins; GitHub reads only one");
    let error = parse("jobs:\n\ta: b\n").unwrap_err();
    assert!(error.starts_with("line 2: "), "{error}");
    assert!(parse("a: *x\n").unwrap_err().starts_with("line 1: "));
}

#[test]
fn thousands_of_lines_cost_little() {
    let many: String = (0..5_000).map(|n| format!("k{n}: {{a: [1, 2]}}\n")).collect();
    assert_eq!(parse(&many).unwrap().entries().count(), 5_000);
    let merges: String = (0..5_000).map(|n| format!("k{n}: {{<<: *x}}\n")).collect();
    assert_eq!(parse(&format!("x: &x {{a: b}}\n{merges}")).unwrap().entries().count(), 5_001);
}
