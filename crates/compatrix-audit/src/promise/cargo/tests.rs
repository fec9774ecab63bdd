//! Commands as people write them.

use super::*;

#[track_caller]
fn read(line: &str) -> CargoLine {
    let words: Vec<String> = line.split('|').flat_map(|part| part.split_whitespace()).map(str::to_owned).collect();
    command(&words).unwrap_or_else(|| panic!("no command: {line}"))
}

#[test]
fn what_a_command_does() {
    for (line, verb, toolchain) in [
        ("cargo test", "test", None),
        ("cargo t --lib", "test", None),
        ("/usr/bin/cargo +1.65 check", "check", Some("1.65")),
        ("cargo --color always --locked build", "build", None),
        ("cargo -Z unstable-options test", "test", None),
        ("cross +stable test --target x", "test", Some("stable")),
        ("cargo.exe b", "build", None),
        ("cargo hack check --rust-version", "check", None),
        ("cargo hack --feature-powerset --depth 2 --no-dev-deps test", "test", None),
        ("cargo-hack hack build", "build", None),
        ("cargo +nightly hack --each-feature clippy", "clippy", Some("nightly")),
        ("cargo nextest run --all", "nextest", None),
        ("cargo all-features test", "test", None),
        ("cargo check-all-features", "check", None),
        ("cargo no-dev-deps check", "check", None),
        ("cargo hack", "hack", None),
    ] {
        let command = read(line).command;
        assert_eq!((command.verb.as_str(), command.toolchain.as_deref()), (verb, toolchain), "{line}");
    }
    for line in ["cargo --version", "rustc -V", "cargo", "cargo-fuzz run"] {
        assert_eq!(command(&line.split(' ').map(str::to_owned).collect::<Vec<_>>()), None, "{line}");
    }
}

#[test]
fn what_a_command_selects() {
    let command = read(
        "cargo test -p a --package=b -pc --workspace --exclude d --features x,y -Fz --no-default-features --lib --test it \
         --manifest-path sub/Cargo.toml --target t --no-run -- --features no",
    )
    .command;
    assert_eq!(command.packages, ["a", "b", "c"]);
    assert_eq!(command.excluded, ["d"]);
    assert_eq!(command.features.list, ["x", "y", "z"]);
    assert!(command.features.no_default && !command.features.all && command.workspace && command.no_run);
    assert_eq!(command.selects, ["lib", "test=it"]);
    assert_eq!(command.manifest_path.as_deref(), Some("sub/Cargo.toml"));
    assert_eq!(command.target.as_deref(), Some("t"));
    assert!(!command.tests() && command.builds());
}

#[test]
fn what_cargo_hack_sweeps() {
    let line = read(
        "cargo hack --feature-powerset --exclude-features a,b --skip c --mutually-exclusive-features d,e \
         --mutually-exclusive-features f,g --at-least-one-of h,i --group-features j,k --include-features l --depth=3 \
         --exclude-no-default-features --exclude-all-features --version-range 1.65..1.70 check --features m",
    );
    let sweep = line.command.features.sweep.expect("a sweep");
    assert!(sweep.powerset && sweep.exclude_no_default && sweep.exclude_all);
    assert_eq!(sweep.exclude, ["a", "b", "c"]);
    assert_eq!(sweep.mutually_exclusive, [["d", "e"], ["f", "g"]]);
    assert_eq!((sweep.at_least_one_of, sweep.groups), (vec![list("h,i")], vec![list("j,k")]));
    assert_eq!((sweep.include, sweep.depth), (list("l"), Some(3)));
    assert_eq!(line.version_range.as_deref(), Some("1.65..1.70"));
    assert_eq!(line.command.features.list, ["m"]);
    assert_eq!(read("cargo hack check --all-features").command.features.sweep, None);
}

#[test]
fn tools_that_run_the_tests_are_asked_to() {
    for (line, tests) in [
        ("cargo llvm-cov --all-features", true),
        ("cargo llvm-cov nextest run", true),
        ("cargo llvm-cov report --lcov", false),
        ("cargo llvm-cov show-env", false),
        ("cargo tarpaulin --out xml", true),
        ("cargo tarpaulin --no-run", false),
        ("cargo +nightly miri test", true),
        ("cargo miri setup", false),
        ("cargo careful t", true),
        ("cargo careful run", false),
        ("cargo clippy --tests", false),
    ] {
        let command = read(line).command;
        assert_eq!((command.tests_by_tool(), command.tests()), (tests, false), "{line}");
    }
}

#[test]
fn words_that_may_be_features_are_not_known() {
    for (line, unknown) in [
        ("cargo test $FLAGS", true),
        ("cargo nextest run ${{ inputs.flags }}", true),
        ("cargo llvm-cov --lcov $FLAGS", true),
        ("cargo test -p ${{ inputs.package }} --target $TARGET", false),
        ("cargo test -- $FILTER", false),
    ] {
        assert_eq!(read(line).command.features.unknown, unknown, "{line}");
    }
}
