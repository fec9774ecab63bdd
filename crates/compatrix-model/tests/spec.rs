//! The parser of specs from outside: golden folders of bad specs, and this repository's own.

// Golden files are read and, when asked, written here.
#![allow(clippy::disallowed_methods)]

use compatrix_model::spec::{parse, Severity};

fn fixtures() -> Vec<String> {
    ["v18", "v24", "v24-10k", "v24-corrupt", "v24-empty", "v24-truncated", "v24-wal", "v99-future"]
        .map(str::to_owned)
        .to_vec()
}

#[test]
fn the_spec_of_this_repository_is_valid() {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../../compat/matrix.toml");
    let text = std::fs::read_to_string(path).unwrap();
    let parsed = parse(&text, "compat/matrix.toml", &fixtures()).unwrap_or_else(|e| panic!("{}", e.render(false, 120)));
    assert_eq!(parsed.warnings.render(false, 120), "");
    assert_eq!(parsed.warnings.count(Severity::Error), 0);
    let count = |profile: &str| {
        let spec = &parsed.spec;
        let matchers: Vec<_> =
            spec.profiles[profile].when.iter().map(|c| c.matcher(&spec.space, &Default::default())).collect();
        let admitted = |coords: &[usize]| matchers.is_empty() || matchers.iter().any(|m| m.holds(coords));
        spec.space.cells().filter(|cell| admitted(&spec.space.coords(*cell))).count()
    };
    assert_eq!((count("local"), count("bench"), count("full")), (180, 84, 6 * 10 * 8 * 3));
}
