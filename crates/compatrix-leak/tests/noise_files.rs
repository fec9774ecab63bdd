//! Files of suppressions and the baseline: all that is wrong with them is told at once, and nothing makes reading them fail.

use compatrix_leak::{
    baseline::Baseline,
    suppress::{built_in, parse_bytes},
};

#[test]
fn bad_suppressions_are_told_all_at_once() {
    let text = r#"[[suppression]]
name = "wide"
tool = "valgrind"
frames = ["...", "*"]
reason = "none"

[[suppression]]
name = "std-stdin"
tool = ["valgrnd"]
rust = ">=1.83 <1.94"
frames = ["fun:malloc"]
reason = " "

[[suppression]]
name = "wide"
tool = "asan"
kinds = "definite"
reason = "says nothing"
"#;
    let problems = parse_bytes(text.as_bytes(), "compat/suppressions/own.toml", built_in()).unwrap_err();
    let shown: Vec<String> = problems.list.iter().map(|p| format!("{}:{}: {}", p.line, p.column, p.message)).collect();
    assert_eq!(
        shown,
        [
            "4:10: `wide` hides everything",
            "8:8: a suppression `std-stdin` already exists: it is built in",
            "9:9: unknown tool `valgrnd`",
            "10:8: `>=1.83 <1.94` is not a range of versions: expected comma after minor version number, found '<'",
            "11:11: `fun:malloc` is not how a frame is written",
            "12:10: the text is blank",
            "14:1: `wide` does not describe the findings that it hides",
            "15:8: `wide` appears twice in `suppression`",
            "17:1: unknown key `kinds` in `[[suppression]]`",
        ]
    );
    let nearest: Vec<&str> = problems.list.iter().filter_map(|p| p.nearest.as_deref()).collect();
    assert_eq!(nearest, ["valgrind", ">=1.83, <1.94", "malloc", "kind"]);
    let syntax = parse_bytes(b"[[suppression]\nname = \"a\"\n", "own.toml", &[]).unwrap_err();
    assert!(syntax.render(false, 80).contains("own.toml:1:"), "{}", syntax.render(false, 80));
    assert!(parse_bytes(b"", "own.toml", &[]).unwrap().is_empty());
    assert!(parse_bytes(b"\xff", "own.toml", &[]).is_err());
}

#[test]
fn bad_baselines_are_told_all_at_once() {
    let text = r#"[[accepted]]
fingerprint = "00112233445566FF"
reason = "r"
until = "2027-02-30"
[[accepted]]
fingerprint = "0011223344556677"
reason = "r"
until = "2027-01-31"
[[accepted]]
fingerprint = "0011223344556677"
tool = "asan"
reason = ""
[[accepted]]
fingerprint = "0011223344556688"
tool = "asan"
reason = "r"
until = 2027-01-31
[[accepted]]
fingerprint = "0011223344556688"
tool = "lsan"
reason = "r"
until = 2027-01-31
"#;
    let problems = Baseline::parse_bytes(text.as_bytes(), "compat/baseline.toml").unwrap_err();
    let shown: Vec<String> = problems.list.iter().map(|p| format!("{}: {}", p.line, p.message)).collect();
    assert_eq!(
        shown,
        [
            "2: `00112233445566FF` is not a fingerprint",
            "4: `2027-02-30` is not a date",
            "9: `[[accepted]]` lacks the key `until`",
            "10: the finding `0011223344556677` is accepted twice",
            "12: the text is blank",
        ]
    );
}

proptest::proptest! {
    /// Whatever stands in the files, reading them ends, and says where what is wrong stands.
    #[test]
    fn any_text_is_read_or_refused(words in proptest::collection::vec(0usize..WORDS.len(), 0..40)) {
        let text: String = words.iter().map(|&n| WORDS[n]).collect();
        for refused in [parse_bytes(text.as_bytes(), "x.toml", built_in()).err(), Baseline::parse_bytes(text.as_bytes(), "x.toml").err()] {
            let Some(problems) = refused else { continue };
            proptest::prop_assert!(problems.has_errors());
            proptest::prop_assert!(problems.render(false, 80).contains("x.toml"));
        }
    }
}

const WORDS: [&str; 20] = [
    "[[suppression]]\n",
    "[[accepted]]\n",
    "name = ",
    "tool = ",
    "frames = ",
    "what = ",
    "fingerprint = ",
    "until = ",
    "reason = ",
    "rust = ",
    "\"std-stdin\"\n",
    "\"valgrind\"\n",
    "[\"...\"]\n",
    "[\"...\", \"f*\"]\n",
    "\"*\"\n",
    "\"0011223344556677\"\n",
    "2027-01-31\n",
    "\">=1.83\"\n",
    "[",
    "\u{feff}é\"",
];
