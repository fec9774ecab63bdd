//! The YAML emitter: any text comes back as it was, and none ends its quotes, its line or its comment.

use compatrix_ci::generate::yaml::{Map, Node};
use proptest::prelude::*;
use saphyr_parser::{Event, Parser, ScalarStyle};

/// The scalars of a text, in order; panics where it is no YAML.
fn scalars(text: &str) -> Vec<(String, ScalarStyle)> {
    Parser::new_from_str(text)
        .filter_map(|event| match event.unwrap_or_else(|error| panic!("{error}\n{text}")).0 {
            Event::Scalar(scalar, style, 0, None) => Some((scalar.into_owned(), style)),
            Event::Scalar(..) | Event::Alias(_) => panic!("an anchor, a tag or an alias\n{text}"),
            _ => None,
        })
        .collect()
}

/// Texts of all that means something to YAML, and of anything.
fn texts() -> impl Strategy<Value = String> {
    let signs = proptest::collection::vec(
        prop_oneof![
            prop::sample::select(vec![
                "\"",
                "'",
                "\\",
                "\n",
                "\r",
                "\t",
                " ",
                "#",
                ":",
                ": ",
                " #",
                "- ",
                "&a",
                "*a",
                "!!str",
                "|",
                ">",
                "%",
                "@",
                "`",
                "{",
                "}",
                "[",
                "]",
                ",",
                "?",
                "---",
                "...",
                "~",
                "null",
                "\u{85}",
                "\u{2028}",
                "\u{2029}",
                "\u{feff}",
                "\0",
                "\u{b}",
                "\u{202e}",
                "\u{1f980}",
                "\u{10ffff}",
                "\u{fffe}",
                "\\x",
                "\\u0041",
            ])
            .prop_map(str::to_owned),
            any::<char>().prop_map(String::from),
        ],
        0..24,
    );
    signs.prop_map(|signs| signs.concat())
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 2_000, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn any_text_comes_back_from_quotes(text in texts(), key in texts(), item in texts()) {
        let map = Map::default()
            .with(key.clone(), text.clone())
            .with("list", vec![Node::Text(item.clone()), Map::default().with("in", text.as_str()).with("n", Node::Number(7)).into()])
            .with("run", Node::Block(vec!["echo \"$A\" | cat", "  b: 'c' # d"]));
        let written = map.text();
        let found: Vec<String> = scalars(&written).into_iter().map(|(text, _)| text).collect();
        let expected = [&key, &text, "list", &item, "in", &text, "n", "7", "run", "echo \"$A\" | cat\n  b: 'c' # d\n"];
        prop_assert_eq!(&found, &expected.map(str::to_owned), "{}", written);
        prop_assert!(written.chars().all(|c| c == '\n' || !c.is_control()));
        // A value is one line, quoted; a reader that splits lines elsewhere sees the same.
        prop_assert_eq!(written.split(['\n', '\r', '\u{85}', '\u{2028}', '\u{2029}']).count(), written.split('\n').count());
    }

    #[test]
    fn no_text_leaves_its_comment(above in texts(), beside in texts()) {
        let map = Map::default().with("a", "1").with("b", "2").above(&[above.clone(), "last".to_owned()]).beside(beside);
        let map = map.with("c", Map::default().with("d", true).above(&[above]));
        let written = map.text();
        let found: Vec<String> = scalars(&written).into_iter().map(|(text, _)| text).collect();
        prop_assert_eq!(found, ["a", "1", "b", "2", "c", "d", "true"], "{}", written);
        prop_assert!(written.lines().all(|line| {
            let line = line.trim_start();
            line.starts_with('#') || ["a: \"1\"", "b: \"2\" # ", "c:", "d: true"].iter().any(|known| line.starts_with(known))
        }), "{}", written);
    }
}

#[test]
fn it_reads_as_people_write_it() {
    let step = |name: &str| {
        Node::from(Map::default().with("name", name).above(&["why".to_owned()]).with("k", Node::Number(1)))
    };
    let map = Map::default()
        .with("on", Map::default().with("push", Node::Nothing))
        .with("yes", "a \"b\"\\\n\u{7f}\u{202e}ü🦀")
        .with("empty", Map::default())
        .beside("nothing")
        .with("steps", vec![step("x"), step("y")])
        .gap();
    let expected =
        "on:\n  push:\n\"yes\": \"a \\\"b\\\"\\\\\\n\\x7f\\u202eü🦀\"\nempty: {} # nothing\n\nsteps:\n  # why\n  \
                    - name: \"x\"\n    k: 1\n  # why\n  - name: \"y\"\n    k: 1\n";
    assert_eq!(map.text(), expected);
}
