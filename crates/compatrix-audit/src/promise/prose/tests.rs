//! Lines of READMEs as people write them: what is taken, and what is left with a reason.

use super::*;

fn readme(text: &str) -> Scanned {
    scan("README.md", PromiseSource::Readme, text)
}

fn kinds(found: &Scanned) -> Vec<String> {
    found.promises.iter().map(|promise| promise.kind.to_string()).collect()
}

#[test]
fn the_lowest_rust_in_the_words_of_many_readmes() {
    for text in [
        "The MSRV is Rust 1.65.",
        "MSRV of 1.65",
        "MSRV = 1.65",
        "MSRV — 1.65",
        "Our MSRV is currently **1.65**, and may be raised in minor releases.",
        "This crate has a Minimum Supported Rust Version (MSRV) of [Rust 1.65].",
        "The minimum supported rustc version is 1.65",
        "This crate's minimum supported `rustc` version (MSRV) is `1.65`.",
        "The minimal officially supported rustc version is 1.65.",
        "Minimum required Rust version: 1.65",
        "The current minimum required Rust version is 1.65. Any change to this is breaking.",
        "The minimum supported Rust version for this crate is 1.65.",
        "The minimum supported Rust version for 1.0.\\* releases is 1.65.",
        "The minimum supported Rust version (MSRV) for `demo` with default features is **1.65**.",
        "The oldest version of Rust believed to work is 1.65.",
        "requires rustc 1.65 or later",
        "Requires Rust 1.65 (or later).",
        "Rust 1.65 or newer",
        "Rust **1.65** or higher.",
        "Rustc 1.65 or newer is required to build the crate.",
        "This library requires a Rust compiler that's at least `1.65`.",
        "To use demo, you need Rust 1.65 or newer.",
        "compiles on 1.65+",
        "It builds with 1.65 or newer.",
        "Works on stable Rust 1.65 and up",
        "This crate is guaranteed to compile on stable Rust **1.65** and up. It might compile with older versions.",
        "version_check compiles with Rust 1.65 and beyond.",
        "Demo supports rustc 1.65 and greater",
        "*Version requirement: rustc 1.65+*",
        "*Compiler support: [requires `rustc` 1.65+][msrv]*",
        "this crate supports any compiler version back to rustc 1.65; it uses no unsafe",
        "It supports Rust versions from 1.65 through Nightly.",
        "Socket2 uses 1.65 as MSRV.",
        "1.65 is the MSRV",
        "1.65 is our minimum supported Rust version.",
        "Rust&nbsp;&ge;&nbsp;1.65",
        "Rust >= 1.65",
        "Rust (≥1.65)",
        "* `rustc >= 1.65`",
        "- Rust: 1.65+",
        "rust-version: 1.65",
        "## Rust 1.65+",
        "## MSRV: 1.65",
        "## MSRV\n\n1.65",
        "## MSRV\n\nRust 1.65",
        "## MSRV\n\n**1.65**",
        "## MSRV\n\n1.65 (or later)",
        "## MSRV\n\n`1.65+`",
        "## MSRV\n\nCurrently 1.65.",
        "MSRV\n====\n\n1.65",
        "<h2>MSRV</h2>\n\n1.65",
        "**MSRV:**\n\n1.65",
        "### Minimum Supported Rust Version\n\n- 1.65",
        "## Minimum supported `rustc`\n\n`1.65`\n\nThis version is tested in CI.",
        "## Minimum Rust version\n\nThis crate requires\nRust 1.65 or later.",
        "## MSRV\n### Policy\n\n1.65",
        "| MSRV |\n|---|\n| 1.65 |",
        "| MSRV | 1.65 |\n|---|---|",
        "| Rust | SQLite |\n|---|---|\n| 1.65+ | any |",
        "| Requirement | Version |\n|---|---|\n| Rust | ≥ 1.65 |",
        "| Dependency | Minimum version |\n|---|---|\n| Rust | 1.65 |",
        "Dependency | Minimum\n--- | ---\nRust | 1.65",
        "<table><tr><td>MSRV</td><td>1.65</td></tr></table>",
        "![](https://img.shields.io/badge/rust-%E2%89%A51.65-blue)",
        "![](https://img.shields.io/badge/rustc-%3E%3D1.65-blue)",
        "[![MSRV](https://img.shields.io/badge/rust-1.65%2B-blue)](Cargo.toml)",
        "[msrv-badge]: https://img.shields.io/badge/rustc-1.65+-blue.svg",
        "<a href=\"x\"><img src=\"https://img.shields.io/badge/MSRV-1.65-blue\" alt=\"MSRV 1.60\"></a>",
        "![MSRV 1.65](docs/msrv.svg)",
        "> MSRV: 1.65",
        "1. Install Rust 1.65 or newer",
        "## Requirements\n\n- Rust 1.65",
        "## Prerequisites\n\n* rustc 1.65",
        "Needs rustc v1.65 at a minimum, see #1.70 and release 2024-01-65",
        "Requires Rust 1.65. Older versions may work, but are not tested.",
        "Requires Rust 1.65+; versions before it are not supported.",
    ] {
        let found = readme(text);
        assert_eq!(kinds(&found), ["Rust 1.65 and newer"], "{text}: {found:#?}");
    }
}

#[test]
fn what_is_left_with_a_reason() {
    let because = |text: &str| {
        let found = readme(text);
        assert_eq!(kinds(&found), Vec::<String>::new(), "{text}: {found:#?}");
        found.not_taken.iter().map(|one| one.because.clone()).collect::<Vec<_>>()
    };
    let left = |text: &str, part: &str| {
        let reasons = because(text);
        assert!(reasons.iter().any(|reason| reason.contains(part)), "{text}: {reasons:?}");
    };
    for text in [
        "Does not support Rust 1.60.",
        "Rust 1.60 is no longer supported.",
        "Rust 1.60 is not supported",
        "We dropped Rust 1.60",
        "Dropped support for Rust 1.60+.",
        "It doesn't support Rust 1.60 or newer, yet.",
    ] {
        left(text, "not supported");
    }
    for text in
        ["It does not compile on Rust 1.60.", "It cannot be built with Rust 1.60.", "Builds with Rust 1.60 are broken."]
    {
        left(text, "does not hold");
    }
    for text in [
        "GATs were stabilised in Rust 1.65, so we require them.",
        "The MSRV was bumped from 1.60 to 1.65.",
        "Since Rust 1.65, this is easier.",
        "As of Rust 1.70, most users should use std.",
        "The crate now requires Rust 1.65 or later",
        "## Changes to the MSRV\n\n- MSRV 1.60",
    ] {
        left(text, "changed");
    }
    for text in [
        "If `crate 1.0` requires Rust 1.20.0, then all of them require Rust 1.20.0 or newer.",
        "For users who build using only Rust 1.42 and newer, consider std.",
        "For example, the MSRV is 1.20.",
        "The MSRV is 1.70 when `serde` is used.",
    ] {
        left(text, "condition");
    }
    for text in [
        "The `x` feature requires Rust 1.70+.",
        "This requires Rust 1.59 due to inline assembly.",
        "`Backtrace` needs a nightly compiler with Rust version 1.73 or newer.",
        "It is FFI-safe (on Rust >= 1.63).",
        "## Features\n\n- `derive`: requires Rust 1.83",
        "The tests need Rust 1.80+",
    ] {
        left(text, "part");
    }
    for text in [
        "demo 0.7 requires Rust 1.65 or later",
        "## MSRV\n\n* v1.2: Rust 1.71\n* 1.48 to 1.53 - Rust 1.71\n* `1.47.x` - LTS. (MSRV 1.70)",
        "| Version | MSRV |\n|---|---|\n| 0.2 | 1.60 |",
    ] {
        left(text, "release");
    }
    left("| Crate | MSRV |\n|---|---|\n| demo | 1.60 |", "another crate");
    left("| Windows | [`x`] on Rust 1.78+ |\n|---|---|", "something else");
    left("Older than Rust 1.65 is out", "limit");
    left("Requires Rust < 1.80", "limit");
    left("Needs Rust 1.65.0-nightly", "pre-release");
    left("Rust 1.65 is a fine release", "no word");
    left("[msrv]: https://img.shields.io/crates/msrv/demo.svg", "badge");
    for text in [
        "Our policy: the latest stable Rust minus two releases.",
        "The last three stable releases of Rust are supported.",
        "MSRV policy: N-2",
        "We support Rust compilers up to six months old.",
    ] {
        left(text, "policy");
    }
}

#[test]
fn what_is_older_than_the_lowest_is_refused() {
    for text in [
        "This crate does not support Rust older than 1.65.",
        "Rust versions below 1.65 are not supported.",
        "We don't support versions older than Rust 1.65.",
        "Versions of Rust before 1.65 aren't supported.",
        "Compilers older than 1.65 are not supported.",
        "Rust < 1.65 is unsupported.",
        "It doesn't compile with Rust versions prior to version 1.65.",
        "Rust ver. >= 1.65",
    ] {
        assert_eq!(kinds(&readme(text)), ["Rust 1.65 and newer"], "{text}");
    }
    assert_eq!(kinds(&readme("SQLite versions before 3.34 are not supported.")), ["SQLite 3.34 and newer"]);
    assert_eq!(kinds(&readme("Supported Rust: stable, beta, nightly, 1.65")), ["Rust 1.65"]);
    for text in [
        "Rust older than 1.65 has a bug.",
        "Rust 1.65 or older is not supported.",
        "If you use `x`, Rust older than 1.65 is not supported.",
        "The `x` feature does not support Rust older than 1.65.",
        "Our MSRV follows Debian stable.",
        "# Rust Version Policy\n\nN-2, i.e. currently 1.65.",
        "## MSRV\n\nWe bumped from 1.60 to 1.65 in version 0.4.",
        "## MSRV\n\nSee the notes for 1.65, please.",
    ] {
        let found = readme(text);
        assert_eq!((kinds(&found), found.not_taken.is_empty()), (Vec::<String>::new(), false), "{text}: {found:?}");
    }
}

#[test]
fn a_fold_has_its_summary_as_title() {
    for text in [
        "<details><summary>MSRV</summary>\n\n1.67\n\n</details>",
        "<details>\n<summary>MSRV</summary>\n\n1.67\n\n</details>",
        "<details><summary>MSRV</summary>1.67</details>",
        "<details>\n<summary><b>Minimum Rust version</b></summary>\n\nCurrently 1.67.\n</details>",
    ] {
        assert_eq!(kinds(&readme(text)), ["Rust 1.67 and newer"], "{text}");
    }
}

#[test]
fn what_is_not_worth_a_word() {
    for text in [
        "version 1.65 of this crate",
        "demo 1.65 is out, and needs libfoo 1.70",
        "see #1.65 and https://example.com/rust/1.65",
        "Released on 2024-01-65 (1.65)",
        "It takes 1.65 ms with rustc",
        "~~Rust 1.60+~~",
        "```\nMSRV 1.60\n```",
        "<!-- MSRV 1.60 -->",
        "    MSRV 1.60",
        "# Changelog\n\n- Requires Rust 1.60+",
        "## 0.3.0\n\n- Requires Rust 1.60+",
        "## Release notes\n\nRust 1.60+",
        "[Rust 1.60]: https://blog.rust-lang.org/2022/04/07/Rust-1.60.0.html",
        "`demo-rust 1.65+`",
        "| a | b |\n|---|---|\n| 1.65 | 1.70 |",
    ] {
        assert_eq!(readme(text), Scanned::default(), "{text}");
    }
}

#[test]
fn a_title_with_two_subjects_hides_nothing() {
    let sqlite = readme("### System SQLite\n\nrequires 3.7.0+ (we require 3.35.0+)\n");
    assert_eq!(kinds(&sqlite), ["SQLite 3.35.0 and newer"]);
    assert!(sqlite.not_taken[0].because.contains("the same sentence"), "{sqlite:?}");
    assert_eq!(kinds(&readme("SQLite requires 3.7.0+ (we require 3.35.0+)")), ["SQLite 3.35.0 and newer"]);
    let both = readme("## Rust and SQLite versions\n\n- 1.65+\n- 3.35 or newer\n");
    assert_eq!(kinds(&both), ["Rust 1.65 and newer", "SQLite 3.35 and newer"]);
    let page = scan(
        "COMPATIBILITY.md",
        PromiseSource::Page,
        "# Compatibility\n\n## Rust and SQLite on Linux\n\n- 1.65\n- 3.40\n",
    );
    assert_eq!(kinds(&page), ["Rust 1.65", "SQLite 3.40"]);
}

#[test]
fn what_is_supported_is_not_the_lowest() {
    for text in [
        "Tested on Rust 1.65 and 1.70.",
        "Rust 1.65, 1.70 and stable are tested in CI.",
        "Rust 1.65 and 1.70 are supported.",
    ] {
        assert_eq!(kinds(&readme(text)), ["Rust 1.65", "Rust 1.70"], "{text}");
    }
}

#[test]
fn pages_for_contributors_count_with_their_msrv_alone() {
    let text = "You need Rust 1.80+ to work on it.\n\nThe MSRV is 1.65.\n";
    let found = scan("CONTRIBUTING.md", PromiseSource::Contributing, text);
    assert_eq!(kinds(&found), ["Rust 1.65 and newer"]);
    assert!(found.not_taken[0].because.contains("contributors"), "{found:?}");
}

#[test]
fn a_promise_has_the_line_of_its_version() {
    let found = readme("# demo\n\nThis crate's minimum supported\nRust version is\n`1.65.0`.\n");
    assert_eq!((found.promises[0].line, found.promises[0].text.as_str()), (5, "`1.65.0`."));
}

#[test]
fn large_and_strange_texts_cost_no_time() {
    for text in [
        "rust 1.70+ ".repeat(100_000),
        "rust 1.70+\n".repeat(20_000),
        "MSRV 1.70\n\n".repeat(5_000),
        "| MSRV | 1.70 ".repeat(300) + "\n|---|\n| 1 |",
        "[".repeat(3_000) + &"](".repeat(3_000) + &"<".repeat(900),
        "\u{feff}\u{0}\u{1}é\u{301}\n> > > - 1. MSRV 1.70\r\n".repeat(1000),
    ] {
        let found = readme(&text);
        assert!(found.promises.len() <= text.len());
    }
}
