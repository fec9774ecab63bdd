//! Rules of the reliability guide: every statement is shown by a test that exists.

use crate::{lines, text, Violations};

const GUIDE: &str = "docs/STORE.md";

#[test]
fn every_statement_of_the_guide_is_shown_by_a_test_that_exists() {
    let page = text(GUIDE).unwrap_or_default();
    let exists = |file: &str, name: &str| {
        let path = file.trim_start_matches("../");
        text(path).is_some_and(|code| is_test(&code, name))
    };
    let (unshown, count) = unshown(&page, &exists);
    assert!(count > 20, "{GUIDE} has only {count} statements");
    let mut violations = Violations::default();
    for (n, why) in unshown {
        violations.add(GUIDE, n, why);
    }
    violations.none();
}

/// Whether `code` has a test function of this name.
fn is_test(code: &str, name: &str) -> bool {
    let head = format!("fn {name}()");
    let before = code.split(&head).next().filter(|before| before.len() < code.len());
    before.is_some_and(|before| before.rsplit("\n\n").next().is_some_and(|block| block.contains("#[test]")))
}

/// The statements that name no test, or one that does not exist; how many statements there are.
fn unshown(page: &str, exists: &dyn Fn(&str, &str) -> bool) -> (Vec<(usize, String)>, usize) {
    let mut statements: Vec<(usize, String)> = Vec::new();
    for (n, line) in lines(page) {
        match statements.last_mut() {
            _ if line.starts_with("- ") => statements.push((n, line.to_owned())),
            Some((_, statement)) if line.starts_with("  ") => statement.push_str(line),
            _ => {}
        }
    }
    let count = statements.len();
    let wrong = |statement: &str| {
        let links: Vec<(&str, &str)> = statement
            .split("[`")
            .skip(1)
            .filter_map(|link| link.split_once("`](").and_then(|(name, rest)| Some((name, rest.split_once(')')?.0))))
            .collect();
        match links.iter().find(|(name, file)| !exists(file, name)) {
            Some((name, file)) => Some(format!("`{name}` is no test of {file}")),
            None if links.is_empty() => Some("this statement names no test".to_owned()),
            None => None,
        }
    };
    let found = statements.iter().filter_map(|(n, statement)| Some((*n, wrong(statement)?))).collect();
    (found, count)
}

#[test]
fn a_statement_that_no_test_shows_is_found() {
    let page =
        "# Guide\n\n- Shown:\n  [`a`](x.rs),\n  [`b`](x.rs)\n- Not shown.\n- Shown by nobody: [`c`](x.rs)\n\nText.\n";
    let (found, count) = unshown(page, &|_, name| name != "c");
    let lines: Vec<usize> = found.iter().map(|(n, _)| *n).collect();
    assert_eq!((lines, count), (vec![6, 7], 3));
    assert!(is_test("\n\n#[test]\nfn a() {}\n", "a"));
    assert!(!is_test("\n\n#[test]\nfn b() {}\n\nfn a() {}\n", "a"));
    assert!(!is_test("nothing", "a"));
}
