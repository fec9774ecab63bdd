//! Whatever is read, nothing panics, and what is measured can be calculated with.

use std::collections::BTreeMap;

use compatrix_bench::harness::{callgrind, lines, reading, Outputs};
use compatrix_bench::{Harness, Reading};
use proptest::prelude::*;

const HARNESSES: [Harness; 7] = [
    Harness::Auto,
    Harness::Criterion,
    Harness::Gungraun,
    Harness::Divan,
    Harness::Libtest,
    Harness::Hyperfine,
    Harness::Lines,
];

const TEXTS: [&str; 8] = [
    include_str!("recorded/divan-0.1.txt"),
    include_str!("recorded/divan-0.1-allocations.txt"),
    include_str!("recorded/libtest.txt"),
    include_str!("recorded/hyperfine-1.20.json"),
    include_str!("recorded/callgrind-parts.out"),
    "{\"bench\":\"a\",\"metric\":\"time\",\"unit\":\"ns\",\"samples\":[1,2.5]}\n{\"finding\":\"no\",\"line\":3}\n",
    include_str!("recorded/criterion-0.8.json"),
    include_str!("recorded/gungraun-0.20.json"),
];

/// Reads it as everything.
fn read_all(text: &str) {
    let mut files = BTreeMap::new();
    for path in ["a/new/benchmark.json", "a/new/sample.json", "b/c/summary.json", "new/sample.json", text] {
        files.insert(path.to_owned(), text.to_owned());
    }
    files.insert("b/new/benchmark.json".to_owned(), r#"{"full_id":"b"}"#.to_owned());
    files.insert("b/new/sample.json".to_owned(), text.to_owned());
    let outputs = Outputs { criterion: files.clone(), gungraun: files, hyperfine: None, stdout: text.to_owned() };
    for harness in HARNESSES {
        check(harness, &reading(harness, &outputs));
    }
    let _ = callgrind::instructions(text);
    let _ = lines::findings(text);
}

fn check(harness: Harness, reading: &Reading) {
    assert!(!reading.measured.is_empty() || !reading.troubles.is_empty(), "nothing is never fine");
    for one in &reading.measured {
        assert!(one.value().is_some_and(|value| value.is_finite() && value >= 0.0), "{one:?}");
        assert!(one.metric != "time" || one.samples.iter().all(|sample| *sample > 0.0), "{one:?}");
        assert!(!one.bench.trim().is_empty(), "{one:?}");
    }
    let mut keys: Vec<_> = reading.measured.iter().map(|one| (&one.bench, &one.metric)).collect();
    let all = keys.len();
    keys.sort_unstable();
    keys.dedup();
    // What two harnesses report of one name is for the caller to keep apart.
    assert!(keys.len() == all || harness == Harness::Auto, "{keys:?}");
}

proptest! {
    #[test]
    fn any_text_is_read_without_a_panic(text in "\\PC{0,200}") {
        read_all(&text);
    }

    #[test]
    fn any_bytes_are_read_without_a_panic(bytes in proptest::collection::vec(any::<u8>(), 0..300)) {
        read_all(&String::from_utf8_lossy(&bytes));
    }

    #[test]
    fn real_output_that_is_cut_or_damaged_is_read_without_a_panic(
        which in 0..TEXTS.len(), at in any::<prop::sample::Index>(), end in any::<prop::sample::Index>(),
        put in prop::sample::select(vec!["", "│", "├─ ", "\"", "-", "e999", "null", "0", "\u{1b}[", "{", "}", ":", "\n"]),
    ) {
        let chars: Vec<char> = TEXTS[which].chars().collect();
        let (at, end) = (at.index(chars.len()), end.index(chars.len()));
        let text: String = chars[..at].iter().copied().chain(put.chars()).chain(chars[at.max(end)..].iter().copied()).collect();
        read_all(&text);
    }
}
