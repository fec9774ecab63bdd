//! Lints of the repository's own workflows.

use super::*;

#[test]
fn a_matrix_beside_those_of_the_spec() {
    let file = ".github/workflows/a.yml";
    let text =
        "name: a\njobs:\n  a:\n    strategy:\n      matrix:\n        rust: [stable, \"1.70\"]\n    steps:\n      \
                - run: cargo +${{ matrix.rust }} test\n";
    let plain = "[axis]\nrust = [\"1.70\", \"stable\"]\n";
    let ci = format!("{plain}[ci.runners]\nlinux-x86_64 = \"x\"\n[ci.push]\ncompat = \"local\"\n");
    let with = |spec: &str, text: &str| one("").spec(spec).file(file, text);
    let found = with(&ci, text).says(&["Warning matrix-by-hand .github/workflows/a.yml:6"]);
    assert_eq!(found[0].mend, "generate the matrix with `cargo xtask gen-ci`, and remove this one");
    with(plain, text).says(&[]);
    with(&ci, &text.replace("[stable, \"1.70\"]", "[x]")).says(&[]);
    with(&ci, "jobs: {a: {steps: [{run: cargo +stable test}]}}").says(&[]);
    // What was generated holds no promise of its own, not even of a toolchain that is on no axis.
    let generated = format!("# x\n{}0\n{}", compatrix_ci::pins::CHECKSUM, text.replace("1.70", "1.65"));
    with(&ci, &generated).says(&[]);
}

#[test]
fn a_matrix_that_tests_more_is_not_to_be_removed() {
    let ci = "[axis]\nrust = [\"1.70\", \"stable\"]\n[axis.features]\njson = [\"json\"]\n[ci.runners]\nlinux-x86_64 = \"x\"\n\
              [ci.push]\ncompat = \"local\"\n";
    let with = |os: &str, run: &str| {
        let run = run.replace("cargo", "cargo +${{ matrix.rust }}");
        let text = format!(
            "jobs:\n  a:\n    strategy:\n      matrix:\n        rust: [stable, \"1.70\"]\n        os: [{os}]\n    \
             runs-on: ${{{{ matrix.os }}}}\n    steps:\n      - run: {run}\n"
        );
        one("").spec(ci).file(".github/workflows/a.yml", &text)
    };
    let items = |os: &str, run: &str| {
        let found = with(os, run).found();
        let by_hand = found.into_iter().find(|finding| finding.id == Lint::MatrixByHand).expect("found");
        assert_eq!(by_hand.mend.contains("remove"), by_hand.items.is_empty(), "{by_hand:#?}");
        by_hand.items
    };
    assert_eq!(items("ubuntu-latest", "cargo test"), Vec::<String>::new());
    assert_eq!(items("ubuntu-latest, windows-latest", "cargo test"), ["windows-x86_64"]);
    assert_eq!(items("macos-14", "cargo test"), ["macos-aarch64"]);
    assert_eq!(items("ubuntu-latest", "cargo test --features json"), Vec::<String>::new());
    assert_eq!(
        items("ubuntu-latest", "cargo test --features other"),
        ["`--features other` (.github/workflows/a.yml:9)"]
    );
    assert_eq!(items("ubuntu-latest", "cargo test --all-features").len(), 1);
    assert_eq!(items("ubuntu-latest", "cargo test -p b"), ["the package `b` (.github/workflows/a.yml:9)"]);
}
