//! Tables of workflows, and what they promise.

use super::super::{scan, scan_workflows, CommandFeatures, PromiseSource, Scanned};

const DAY: &str = "2026-11-29";

fn read(text: &str) -> Scanned {
    let (found, errors) = scan_workflows(&[("w.yml".to_owned(), text.to_owned())], DAY);
    assert_eq!(errors, Vec::<String>::new(), "{text}");
    found
}

fn shown(found: &Scanned) -> Vec<String> {
    let promises = found.promises.iter().map(|promise| (promise.line, format!("{}: {}", promise.line, promise.kind)));
    let others = found.not_taken.iter().map(|one| (one.line, format!("{}: not, {}", one.line, one.because)));
    let mut all: Vec<_> = promises.chain(others).collect();
    all.sort_by_key(|(line, _)| *line);
    all.into_iter().map(|(_, text)| text).collect()
}

#[track_caller]
fn check(text: &str, expect: &[&str]) {
    assert_eq!(shown(&read(text)), expect, "{text}");
}

/// A job that tests on Ubuntu, with these lines in it, whose first is line 5, and these steps.
fn job(lines: &str, steps: &str) -> String {
    let lines: String = lines.lines().map(|line| format!("    {line}\n")).collect();
    let steps: String = steps.lines().map(|line| format!("      {line}\n")).collect();
    format!("on: push\njobs:\n  a:\n    runs-on: ubuntu-latest\n{lines}    steps:\n{steps}")
}

const UBUNTU: &str = "4: linux-x86_64";

const WORKFLOW: &str = r#"
name: ci
on: [push]
env:
  MSRV: "1.65"
  RUST_BACKTRACE: 1
jobs:
  test:
    runs-on: ${{ matrix.os }}
    strategy:
      matrix:
        os: [ubuntu-latest, windows-2022]
        rust:
          - stable
          - 1.70
          - "1.80"
        sqlite: [3.40, "3.35.4"]
        exclude:
          - rust: 1.60
        include:
          - os: macos-15-intel
            rust: nightly-2026-05-19
            target: aarch64-unknown-linux-gnu
            name: 1.77
    steps:
      - uses: actions/checkout@v4
      - uses: dtolnay/rust-toolchain@1.66.0 # not 1.67
      - run: cargo build
      - uses: dtolnay/rust-toolchain@master
        with:
          toolchain: ${{ matrix.rust }}
      - run: |

          rustup toolchain install 1.71 --profile minimal
          cargo test
          cargo +1.72 test && cargo +nightly doc # +1.73
  label:
    runs-on: windows-latest
    steps: [{ uses: "actions/labeler@v5" }]
  plain:
    runs-on: macos-15
    steps:
      - { uses: actions-rs/toolchain@v1, with: { toolchain: 1.100 } }
      - run: cargo test
"#;

#[test]
fn what_a_workflow_promises() {
    check(
        WORKFLOW,
        &[
            "5: Rust 1.65 and newer",
            "12: linux-x86_64",
            "12: windows-x86_64",
            "14: Rust stable",
            "15: Rust 1.7",
            "16: Rust 1.80",
            "17: SQLite 3.35.4",
            "17: SQLite 3.4",
            "21: macos-x86_64",
            "22: Rust nightly-2026-05-19",
            "23: not, linux-aarch64 is only built there, not tested",
            "27: Rust 1.66.0",
            "34: not, no step builds or tests with it",
            "36: Rust 1.72",
            "36: not, nightly only runs rustdoc",
            "41: macos-aarch64",
            "43: Rust 1.1",
        ],
    );
}

#[test]
fn what_yaml_makes_of_a_version_is_told_with_what_is_written() {
    let found = read(WORKFLOW);
    let misread: Vec<_> = found.promises.iter().filter(|promise| promise.spelled.is_some()).collect();
    let told: Vec<_> = misread.iter().map(|p| (p.key.as_str(), p.kind.value(), p.meant(), p.text.as_str())).collect();
    assert_eq!(
        told,
        [
            ("matrix.rust", "1.7", "1.70", "- 1.70"),
            ("matrix.sqlite", "3.4", "3.40", "sqlite: [3.40, \"3.35.4\"]"),
            ("with.toolchain", "1.1", "1.100", "- { uses: actions-rs/toolchain@v1, with: { toolchain: 1.100 } }"),
        ]
    );
}

#[test]
fn a_bracket_that_closes_at_the_margin_is_read_as_github_reads_it() {
    let text = "jobs:\n  a:\n    strategy:\n      matrix:\n        t: [\n          { os: windows-latest, toolchain: \"1.65\" }\n        ]\n        rust: [1.66]\n    runs-on: ${{ matrix.t.os }}\n    steps: [{ run: 'cargo +${{ matrix.rust }} test; cargo +${{ matrix.t.toolchain }} b' }]\n";
    check(text, &["6: Rust 1.65", "6: windows-x86_64", "8: Rust 1.66"]);
}

#[test]
fn what_is_no_workflow_is_refused_with_its_line() {
    let refused = |text: &str| scan("w.yml", PromiseSource::Workflow, text).unwrap_err();
    assert!(refused("a: b\nc: [\n").starts_with("w.yml: line "), "{}", refused("a: b\nc: [\n"));
    assert!(refused(&"[".repeat(10_000)).contains("limit"), "{}", refused(&"[".repeat(10_000)));
    assert_eq!(refused(""), "w.yml: line 1: the file is empty");
    for odd in [
        "- 1",
        "jobs: 1.70",
        "jobs: {a: {steps: x, strategy: {matrix: 5}}}",
        "jobs: &a {b: *a}",
        "? [a]\n: b\n",
        "jobs: {a: {strategy: {matrix: {include: 5, exclude: x, a: {b: c}}}, steps: [{run: [a], uses: {}, with: 3}]}}",
        "jobs: {a: {uses: ./w.yml, with: [1]}}",
        "on: {workflow_call: {inputs: 3}}\njobs: {a: {container: {}, runs-on: [], defaults: {run: 3}}}",
        "jobs: {a: {steps: [{run: '${{'}, {run: '${{ }}'}, {if: '${{ ((', run: 'cd $('}, {uses: '@'}]}}",
    ] {
        assert_eq!(scan("w.yml", PromiseSource::Workflow, odd), Ok(Scanned::default()), "{odd}");
    }
}

#[test]
fn a_matrix_is_expanded_by_githubs_rules() {
    let with = |matrix: &str| {
        let matrix: String = matrix.lines().map(|line| format!("    {line}\n")).collect();
        job(&format!("strategy:\n  matrix:\n{matrix}"), "- run: cargo +${{ matrix.rust }} test")
    };
    for (matrix, expect) in [
        (
            "rust: ['1.60', '1.65']\nexclude:\n  - rust: '1.60'",
            vec![UBUNTU, "7: Rust 1.65", "7: not, the matrix excludes 1.60"],
        ),
        (
            "rust: [1.60, '1.65']\nexclude: [{rust: 1.60}]",
            vec![UBUNTU, "7: Rust 1.65", "7: not, the matrix excludes 1.60"],
        ),
        (
            "rust: ['1.60', '1.65']\nos: [a, b]\nexclude:\n  - {rust: '1.60', os: a}\n  - {rust: '1.60', os: b}",
            vec![UBUNTU, "7: Rust 1.65", "7: not, the matrix excludes 1.60"],
        ),
        ("rust: ['1.60']\nos: [a, b]\nexclude: [{rust: '1.60', os: a}]", vec![UBUNTU, "7: Rust 1.60"]),
        ("rust: ['1.60']\nexclude: [{rust: '1.60', os: a}]", vec![UBUNTU, "7: Rust 1.60"]),
        ("rust: ['1.60']\nexclude: [{}]", vec![UBUNTU, "7: Rust 1.60"]),
        ("include: [{rust: '1.60'}, {rust: stable, x: 1}]", vec![UBUNTU, "7: Rust 1.60", "7: Rust stable"]),
        ("rust: ['1.60']\nexclude: [{rust: '1.60'}]\ninclude:\n  - rust: '1.60'", vec![UBUNTU, "10: Rust 1.60"]),
        ("os: [a]\ninclude: [{rust: '1.61'}, {os: b, rust: '1.62'}]", vec![UBUNTU, "8: Rust 1.61", "8: Rust 1.62"]),
        ("rust: ${{ fromJson('[\"1.63\", \"stable\"]') }}", vec![UBUNTU, "7: Rust 1.63", "7: Rust stable"]),
        (
            "rust: ${{ fromJson(needs.x.outputs.y) }}",
            vec![
                UBUNTU,
                "7: not, the matrix is not known: it is an output of another job, which only a run knows",
                "9: not, its matrix cannot be known before a run",
            ],
        ),
        (
            "rust: [stable minus 2 releases, stable]",
            vec![UBUNTU, "7: Rust stable", "9: not, `stable` names no release or channel"],
        ),
    ]
    .into_iter()
    .take(11)
    {
        check(&with(matrix), &expect);
    }
    let whole = "strategy:\n  matrix: ${{ fromJson('{\"rust\":[\"1.63\"],\"exclude\":[]}') }}";
    check(&job(whole, "- run: cargo +${{ matrix.rust }} test"), &[UBUNTU, "6: Rust 1.63"]);
    let structured = "strategy:\n  matrix:\n    t:\n      - {v: '1.60', deep: {w: '1.61'}}\n      - {v: '1.62', deep: {w: '1.63'}}\n    exclude:\n      - t: {v: '1.62'}";
    let runs = "- run: cargo +${{ matrix.t.v }} test\n- run: cargo +${{ matrix.t.deep.w }} check";
    check(&job(structured, runs), &[UBUNTU, "8: Rust 1.60", "8: Rust 1.61"]);
    let steps = "- if: matrix.rust != 'nightly'\n  run: cargo +${{ matrix.rust }} test\n- if: ${{ matrix.rust == 'nightly' }}\n  run: cargo +${{ matrix.rust }} miri test";
    check(
        &job("strategy:\n  matrix:\n    rust: [nightly, stable]", steps),
        &[UBUNTU, "7: Rust stable", "7: not, nightly only runs Miri"],
    );
}

#[test]
fn anchors_are_followed() {
    let text = "on: push\nx-versions: &versions [\"1.65\", stable]\njobs:\n  test:\n    runs-on: ubuntu-latest\n    strategy: &s\n      matrix:\n        rust: *versions\n    steps: &steps\n      - uses: dtolnay/rust-toolchain@master\n        with: { toolchain: \"${{ matrix.rust }}\" }\n      - run: cargo test\n  again:\n    runs-on: windows-latest\n    strategy: *s\n    steps: *steps\n";
    check(text, &["2: Rust 1.65", "2: Rust stable", "5: linux-x86_64", "14: windows-x86_64"]);
}

#[test]
fn toolchains_in_every_place() {
    for (lines, steps, expect) in [
        ("", "- uses: dtolnay/rust-toolchain@1.65\n- run: cargo test", vec!["6: Rust 1.65"]),
        ("", "- uses: actions-rs/toolchain@v1\n  with: {toolchain: 1.65.0, override: true}\n- run: cargo b", vec!["7: Rust 1.65.0"]),
        ("", "- uses: moonrepo/setup-rust@v1\n  with: {channel: '1.71.0'}\n- run: cargo test", vec!["7: Rust 1.71.0"]),
        ("", "- uses: subosito/flutter-action@v2\n  with: {channel: stable}\n- run: cargo test", vec![]),
        ("", "- uses: hecrj/setup-rust-action@v2\n  with: {rust-version: '1.71'}\n- run: cargo test", vec!["7: Rust 1.71"]),
        ("", "- uses: actions-rust-lang/setup-rust-toolchain@v1\n  with: {toolchain: \"1.69, stable\"}\n- run: cargo test\n- run: cargo +1.69 test", vec!["7: Rust 1.69", "7: Rust stable", "9: Rust 1.69"]),
        ("", "- uses: dtolnay/rust-toolchain@master\n  with: {toolchain: stable minus 8 releases}\n- run: cargo check", vec!["7: not, it moves: it names another Rust after each release"]),
        ("", "- uses: dtolnay/rust-toolchain@master\n  with: {toolchain: stable 18 months ago}\n- run: cargo check", vec!["7: not, it moves: it names another Rust after each release"]),
        ("", "- uses: dtolnay/rust-toolchain@master\n  with: {toolchain: \"${{ needs.a.outputs.b }}\"}\n- run: cargo check", vec!["7: not, it is an output of another job, which only a run knows"]),
        ("", "- uses: dtolnay/rust-toolchain@master\n  with: {toolchain: \"${{ vars.RUST }}\"}\n- run: cargo check", vec!["7: not, it is a variable on GitHub, not in the repository"]),
        ("", "- uses: dtolnay/rust-toolchain@0123456789012345678901234567890123456789 # 1.65\n- run: cargo test", vec!["6: not, the action is pinned to a commit, which does not say the toolchain"]),
        ("", "- uses: dtolnay/rust-toolchain@master\n  with: {toolchain: old}\n- run: cargo test", vec!["7: not, `old` names no release or channel"]),
        ("env: {MSRV: '1.66'}", "- uses: dtolnay/rust-toolchain@master\n  with: {toolchain: \"${{ env.MSRV }}\"}\n- run: cargo check", vec!["5: Rust 1.66 and newer"]),
        ("env: {RUST: '1.66'}", "- run: rustup default $RUST\n- run: cargo check", vec!["5: Rust 1.66"]),
        ("env: {RUSTUP_TOOLCHAIN: '1.66'}", "- run: cargo check", vec!["5: Rust 1.66"]),
        ("env: {RUST: '1.66'}", "- run: echo hello", vec!["5: not, no step uses it"]),
        ("", "- env: {RUST: 1.66}\n  run: cargo +${RUST} check", vec!["6: Rust 1.66"]),
        ("", "- run: rustup toolchain install 1.71 --profile minimal && cargo +1.71 test", vec!["6: Rust 1.71"]),
        ("", "- run: rustup toolchain install 1.71 1.72 -c clippy\n- run: rustup run 1.72 cargo test", vec!["6: Rust 1.72", "6: not, no step builds or tests with 1.71", "7: Rust 1.72"]),
        ("", "- run: |\n    rustup override set 1.68\n    cargo test --locked", vec!["7: Rust 1.68"]),
        ("", "- run: curl https://sh.rustup.rs | sh -s -- -y --default-toolchain 1.64\n- run: cargo test", vec!["6: Rust 1.64"]),
        ("", "- run: RUSTUP_TOOLCHAIN=1.63 cargo test", vec!["6: Rust 1.63"]),
        ("container: rust:1.68-slim", "- run: cargo test", vec!["5: Rust 1.68"]),
        ("container:\n  image: docker.io/library/rust:1.68", "- run: cargo test", vec!["6: Rust 1.68"]),
        ("strategy: {matrix: {rust: ['1.68']}}\ncontainer: rust:${{ matrix.rust }}-alpine", "- run: cargo test", vec!["5: Rust 1.68"]),
        ("container: debian:12", "- run: cargo test", vec![]),
        ("", "- uses: docker://rust:1.60\n- run: cargo test", vec!["6: Rust 1.60"]),
        ("", "- run: docker run --rm -v $PWD:/w rust:1.62 cargo test", vec!["6: Rust 1.62"]),
        ("", "- uses: actions-rs/cargo@v1\n  with: {command: test, toolchain: '1.61'}", vec!["7: Rust 1.61"]),
        ("", "- run: cargo msrv verify", vec!["6: not, it uses the `rust-version` of the manifest, which is read there"]),
        ("", "- run: cargo hack check --rust-version", vec!["6: not, it uses the `rust-version` of the manifest, which is read there"]),
        ("", "- run: cargo hack check --version-range 1.60..1.70", vec!["6: Rust 1.60 and newer"]),
        ("", "- uses: dtolnay/rust-toolchain@stable\n  with: {components: rustfmt}\n- run: cargo fmt --check", vec!["6: not, it only runs rustfmt"]),
        ("", "- uses: dtolnay/rust-toolchain@1.80\n- run: cargo clippy\n- run: cargo +nightly fmt", vec!["6: not, it only runs Clippy", "8: not, it only runs rustfmt"]),
        ("", "- uses: dtolnay/rust-toolchain@nightly\n- env: {RUSTFLAGS: -Zsanitizer=address}\n  run: cargo test", vec!["6: not, it only runs a sanitizer"]),
        ("", "- uses: dtolnay/rust-toolchain@nightly\n- run: cargo llvm-cov --lcov", vec!["6: not, it only runs coverage"]),
        ("", "- uses: dtolnay/rust-toolchain@1.70\n- run: just test", vec!["6: Rust 1.70", "7: not, what `just test` runs is not followed"]),
        ("", "- uses: dtolnay/rust-toolchain@1.70\n- run: ./build.sh", vec!["6: Rust 1.70"]),
        ("", "- uses: dtolnay/rust-toolchain@1.70\n- run: echo", vec!["6: not, no step builds or tests with it"]),
        ("strategy: {matrix: {rust: [stable-i686, stable-x86_64-gnu]}}", "- run: cargo +${{ matrix.rust }} test", vec!["5: Rust stable", "7: linux-i686"]),
        ("", "- run: rustup toolchain install stable --profile=minimal\n- run: cargo build", vec!["6: Rust stable"]),
        ("", "- run: v=\"$(jq .msrv x)\"; rustup default $v && cargo b", vec!["6: not, a script sets it, which only a run knows"]),
        ("", "- uses: dtolnay/rust-toolchain@miri\n- run: cargo miri test", vec!["6: not, it only runs Miri"]),
        ("if: false", "- uses: dtolnay/rust-toolchain@1.70\n- run: cargo test", vec!["7: not, the job never runs"]),
        ("name: MSRV", "- uses: dtolnay/rust-toolchain@1.70\n- run: cargo check", vec!["7: Rust 1.70 and newer"]),
        ("strategy: {matrix: {rust: [stable-x86_64-pc-windows-gnu, 1.65-i686-unknown-linux-gnu]}}", "- run: cargo +${{ matrix.rust }} test", vec!["5: Rust 1.65", "5: Rust stable", "7: linux-i686", "7: windows-x86_64"]),
    ] {
        let text = job(lines, steps);
        let shown: Vec<String> = shown(&read(&text)).into_iter().filter(|line| !line.contains("linux-x86_64")).collect();
        assert_eq!(shown, expect, "{text}");
    }
}

#[test]
fn a_platform_is_tested_only_where_a_test_runs() {
    for (text, expect) in [
        ("strategy: {matrix: {target: [aarch64-unknown-linux-gnu, x86_64-pc-windows-msvc]}}\nsteps:\n  - run: cargo build --release --target ${{ matrix.target }}",
         vec!["5: not, linux-aarch64 is only built there, not tested", "5: not, windows-x86_64 is only built there, not tested"]),
        ("strategy: {matrix: {target: [aarch64-unknown-linux-gnu]}}\nsteps:\n  - run: cross test --target ${{ matrix.target }}", vec!["5: linux-aarch64"]),
        ("env: {CARGO_BUILD_TARGET: i686-unknown-linux-gnu}\nsteps:\n  - run: cargo test", vec!["5: linux-i686"]),
        ("steps:\n  - run: cargo test --target wasm32-wasip1", vec!["6: not, a spec has no name for the platform of `wasm32-wasip1`"]),
        ("steps:\n  - run: cargo test --no-run", vec!["4: not, linux-x86_64 is only built there, not tested"]),
        ("steps:\n  - run: cargo build", vec!["4: not, linux-x86_64 is only built there, not tested"]),
        ("steps:\n  - run: cargo fmt", vec![]),
        ("steps:\n  - run: make check", vec!["4: linux-x86_64", "6: not, what `make check` runs is not followed"]),
        ("steps:\n  - uses: taiki-e/upload-rust-binary-action@v1\n    with: {target: aarch64-apple-darwin}", vec!["6: not, macos-aarch64 is only built there, not tested"]),
        ("steps:\n  - uses: vmactions/freebsd-vm@v1\n    with:\n      run: |\n        pkg install rust\n        cargo test", vec!["10: freebsd-x86_64"]),
        ("steps:\n  - uses: cross-platform-actions/action@v0\n    with: {operating_system: netbsd, run: cargo test}", vec!["7: netbsd-x86_64"]),
        ("steps:\n  - if: runner.os == 'Windows'\n    run: cargo test\n  - if: runner.os == 'Linux'\n    run: cargo doc", vec![]),
    ] {
        let text: String = text.lines().map(|line| format!("    {line}\n")).collect();
        check(&format!("on: push\njobs:\n  a:\n    runs-on: ubuntu-latest\n{text}"), &expect);
    }
}

#[test]
fn retired_runners_promise_nothing() {
    let text = "on: push\njobs:\n  a:\n    strategy:\n      matrix:\n        os: [ubuntu-18.04, macos-12, windows-2019, ubuntu-latest]\n    runs-on: ${{ matrix.os }}\n    steps:\n      - run: cargo test\n  b:\n    runs-on: ubuntu-20.04\n    steps:\n      - run: echo\n";
    check(
        text,
        &[
            "6: linux-x86_64",
            "6: not, `macos-12` was retired by GitHub in December 2024",
            "6: not, `ubuntu-18.04` was retired by GitHub in April 2023",
            "6: not, `windows-2019` was retired by GitHub in June 2025",
        ],
    );
    let labels: Vec<String> = read(text).runners.iter().map(|one| format!("{} {}", one.line, one.label)).collect();
    assert_eq!(labels, ["6 macos-12", "6 ubuntu-18.04", "6 ubuntu-latest", "6 windows-2019", "11 ubuntu-20.04"]);
    let own = "jobs:\n  a:\n    runs-on: [self-hosted, Linux, ARM64]\n    steps: [{run: cargo test}]\n";
    check(own, &["3: linux-aarch64"]);
    let group = "jobs:\n  a:\n    runs-on: {group: big, labels: windows-2022}\n    steps: [{run: cargo test}]\n";
    check(group, &["3: windows-x86_64"]);
    let json = "jobs:\n  a:\n    runs-on: ${{ fromJSON('[\"self-hosted\", \"linux\", \"x64\"]') }}\n    steps: [{run: cargo test}]\n";
    check(json, &["3: linux-x86_64"]);
}

#[test]
fn workflows_and_actions_of_the_repository_are_followed() {
    let file = |path: &str, text: &str| (path.to_owned(), text.to_owned());
    let caller = "on: push\njobs:\n  old:\n    uses: ./.github/workflows/test.yml\n    with: {rust: '1.64'}\n  all:\n    strategy: {matrix: {r: ['1.65', stable]}}\n    uses: ./.github/workflows/test.yml\n    with:\n      rust: ${{ matrix.r }}\n  far:\n    uses: a/b/.github/workflows/x.yml@v1\n    with: {rust: '1.50', msrv: '1.51'}\n";
    let test = "on:\n  workflow_call:\n    inputs:\n      rust: {default: '1.40'}\n      os: {default: windows-latest}\njobs:\n  t:\n    runs-on: ${{ inputs.os }}\n    steps:\n      - uses: ./.github/actions/setup\n        with: {version: \"${{ inputs.rust }}\"}\n      - run: cargo test\n";
    let action = "inputs:\n  version: {default: '1.30'}\nruns:\n  using: composite\n  steps:\n    - run: rustup default ${{ inputs.version }}\n      shell: bash\n";
    let files = [
        file(".github/workflows/ci.yml", caller),
        file(".github/workflows/test.yml", test),
        file(".github/actions/setup/action.yml", action),
    ];
    let (found, errors) = scan_workflows(&files, DAY);
    assert_eq!(errors, Vec::<String>::new());
    let promises: Vec<String> = found.promises.iter().map(|p| format!("{}:{} {}", p.file, p.line, p.kind)).collect();
    assert_eq!(
        promises,
        [
            ".github/workflows/ci.yml:5 Rust 1.64",
            ".github/workflows/ci.yml:7 Rust 1.65",
            ".github/workflows/ci.yml:7 Rust stable",
            ".github/workflows/ci.yml:13 Rust 1.51 and newer",
            ".github/workflows/test.yml:5 windows-x86_64",
        ]
    );
    let others: Vec<String> = found.not_taken.iter().map(|p| format!("{}:{} {}", p.file, p.line, p.because)).collect();
    assert_eq!(
        others,
        [
            ".github/workflows/ci.yml:13 no step builds or tests with 1.50",
            ".github/workflows/ci.yml:13 the workflow that gets it is not in this repository"
        ]
    );
    // Without a caller, the defaults hold; a workflow that calls itself ends.
    let alone =
        [file("t.yml", &test.replace("./.github/actions/setup", "a/setup-rust@v1").replace("version:", "toolchain:"))];
    assert_eq!(shown(&scan_workflows(&alone, DAY).0), ["4: Rust 1.40", "5: windows-x86_64"]);
    let own = [file("a.yml", "on: push\njobs: {a: {uses: ./a.yml}, b: {uses: ./a.yml}, c: {uses: ./a.yml}}\n")];
    assert_eq!(scan_workflows(&own, DAY), (Scanned::default(), Vec::new()));
}

#[test]
fn commands_with_what_they_select() {
    let lines = "strategy:\n  matrix:\n    rust: ['1.70', stable]\n    args: ['--features a,b', --no-default-features]\n    exclude: [{rust: '1.70', args: --no-default-features}]\ndefaults: {run: {working-directory: ./sub}}";
    let steps = "- uses: dtolnay/rust-toolchain@master\n  with: {toolchain: \"${{ matrix.rust }}\"}\n- run: |\n    cargo test \\\n      --all ${{ matrix.args }}\n    cd deep && cargo check -p x --manifest-path ../y/Cargo.toml\n- working-directory: other\n  run: cargo +nightly fmt\n- uses: actions-rs/cargo@v1\n  with:\n    command: build\n    args: --all-features --exclude z\n- run: for f in p q; do cargo hack check --feature-powerset --features $f; done";
    let found = read(&job(lines, steps));
    let shown: Vec<String> = found
        .commands
        .iter()
        .map(|command| {
            let CommandFeatures { no_default, all, list, sweep, unknown } = &command.features;
            assert!(!unknown, "{command:?}");
            format!(
                "{} {} {} {}{}{}{} in {} of {}{} on {}",
                command.line,
                command.toolchain.as_deref().unwrap_or("-"),
                command.verb,
                list.join(","),
                if *no_default { " no-default" } else { "" },
                if *all { " all" } else { "" },
                if sweep.is_some() { " sweep" } else { "" },
                command.working_directory.as_deref().unwrap_or("."),
                command.packages.join(","),
                command.manifest_path.as_deref().unwrap_or_default(),
                command.runners.join(","),
            )
        })
        .collect();
    assert_eq!(
        shown,
        [
            "15 1.70 test a,b in sub of  on ubuntu-latest",
            "15 stable test a,b in sub of  on ubuntu-latest",
            "15 stable test  no-default in sub of  on ubuntu-latest",
            "17 1.70 check  in sub/deep of xsub/y/Cargo.toml on ubuntu-latest",
            "17 stable check  in sub/deep of xsub/y/Cargo.toml on ubuntu-latest",
            "19 nightly fmt  in other of  on ubuntu-latest",
            "22 1.70 build  all in sub of  on ubuntu-latest",
            "22 stable build  all in sub of  on ubuntu-latest",
            "24 1.70 check p sweep in sub of  on ubuntu-latest",
            "24 1.70 check q sweep in sub of  on ubuntu-latest",
            "24 stable check p sweep in sub of  on ubuntu-latest",
            "24 stable check q sweep in sub of  on ubuntu-latest",
        ]
    );
}

#[test]
fn features_that_a_workflow_does_not_say() {
    let steps = "- run: cargo test --features \"$FEATS\"\n- run: cargo test ${{ inputs.flags }}\n- run: cargo test --features=${{ inputs.list }}\n- run: cargo test -p ${{ inputs.package }}\n- run: cargo test $FLAGS\n  env: {FLAGS: --all-features}";
    let found = read(&job("", steps));
    let unknown: Vec<(usize, bool, bool)> =
        found.commands.iter().map(|one| (one.line, one.features.unknown, one.features.all)).collect();
    let expected = [(6, true, false), (7, true, false), (8, true, false), (9, false, false), (10, false, true)];
    assert_eq!(unknown, expected);
}

#[test]
fn large_workflows_cost_little() {
    let steps: String = (0..5_000).map(|n| format!("- run: cargo +1.{} test\n", n % 80 + 10)).collect();
    assert_eq!(read(&job("", &steps)).promises.len(), 5_001);
    let axis =
        |name: &str| format!("    {name}: [{}]\n", (0..300).map(|n| n.to_string()).collect::<Vec<_>>().join(", "));
    let matrix: String = ["p", "q", "r", "s"].map(axis).concat();
    let excludes = "      - {p: 1}\n".repeat(500);
    let text = job(&format!("strategy:\n  matrix:\n{matrix}    exclude:\n{excludes}"), "- run: cargo test");
    assert_eq!(shown(&read(&text)), [UBUNTU]);
    let (_, errors) =
        scan_workflows(&[("w.yml".to_owned(), job(&format!("strategy:\n  matrix:\n{matrix}"), &steps))], DAY);
    assert_eq!(errors, ["w.yml: the jobs have too many combinations to read all"]);
}
