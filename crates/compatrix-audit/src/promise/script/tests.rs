//! Scripts as people write them in `run`.

use super::*;

#[track_caller]
fn check(script: &str, expect: &[&str]) {
    let mut env = BTreeMap::from([("RUST".to_owned(), "1.65".to_owned()), ("ARGS".to_owned(), "--lib -v".to_owned())]);
    let shown: Vec<String> = commands(script, &mut env)
        .iter()
        .map(|one| {
            let env: Vec<String> = one.env.iter().map(|(name, value)| format!("{name}={value} ")).collect();
            let folder = one.folder.as_deref().map(|folder| format!(" @{folder}")).unwrap_or_default();
            format!("{}: {}{}{folder}", one.line, env.concat(), one.words.join("|"))
        })
        .collect();
    assert_eq!(shown, expect, "{script}");
}

#[test]
fn scripts_are_divided_into_commands() {
    check(
        "cargo test # cargo no\ncargo b && cargo c;cargo d | tee x",
        &["0: cargo|test", "1: cargo|b", "1: cargo|c", "1: cargo|d", "1: tee|x"],
    );
    check("cargo test \\\n  --features a \\\n  --lib\ncargo b", &["0: cargo|test|--features|a|--lib", "3: cargo|b"]);
    check("cargo test `\r\n  --lib\r\ncargo b ^\n -v", &["0: cargo|test|--lib", "2: cargo|b|-v"]);
    check("cargo test --features \"a b\" 'c d' 2>&1", &["0: cargo|test|--features|a b|c d|2>&1"]);
    check(
        "cargo +$RUST test $ARGS \"$ARGS\" '$ARGS' ${NO} ${NO:-x} %RUST%",
        &["0: cargo|+1.65|test|--lib|-v|--lib -v|$ARGS|${NO}|x|1.65"],
    );
    check("if ! cargo test; then\n exit 1\nfi", &["0: cargo|test", "1: exit|1"]);
    check("A=1 sudo -E cargo test", &["0: A=1 cargo|test"]);
    check("export T=1.70\nV=x\ncargo +$T test $V", &["2: cargo|+1.70|test|x"]);
    check("echo \"T=1.60\" >> $GITHUB_ENV\ncargo +$T check", &["1: cargo|+1.60|check"]);
    check("$env:T='1.2'; cargo +$env:T b", &["0: cargo|+1.2|b"]);
    check("cd a && cargo test\ncd b/../c\ncargo b", &["0: cargo|test @a", "2: cargo|b @a/c"]);
    check("(cd a; cargo test)", &["0: cargo|test @a"]);
    check("'unclosed", &["0: unclosed"]);
    check("${unclosed $ % $", &["0: ${unclosed|$|%|$"]);
}

#[test]
fn loops_over_words_are_unrolled() {
    check(
        "for f in a 'b c' $RUST; do\n  cargo test --features \"$f\"\ndone\ncargo b",
        &["1: cargo|test|--features|a", "1: cargo|test|--features|b c", "1: cargo|test|--features|1.65", "3: cargo|b"],
    );
    let nested = "for a in 1 2; do for b in x y; do cargo $a$b; done; done";
    check(nested, &["0: cargo|1x", "0: cargo|1y", "0: cargo|2x", "0: cargo|2y"]);
    let words = "w ".repeat(1_000);
    let deep = format!("for a in {words}; do for b in {words}; do for c in {words}; do cargo t; done; done; done");
    assert!(commands(&deep, &mut BTreeMap::new()).len() <= TURNS * TURNS + TURNS);
}
