//! What the doctor prints.

mod common;

use std::collections::BTreeMap;

use common::golden;
use compatrix_audit::doctor::{checks, Counts, Disk, HostTools, Packages, Report, Share, SpecState, Tool, FORMAT};
use compatrix_audit::lint::{Finding, Lint, Unchecked};
use compatrix_model::axis::ValueName;
use compatrix_model::facts::Availability;
use compatrix_model::spec_text::parse;
use compatrix_render::doctor::{doctor, json};
use compatrix_render::look::Look;
use shaped_toml::Severity;

fn tool(path: &str, version: &str) -> Option<Tool> {
    Some(Tool { path: path.to_owned(), version: version.to_owned(), broken: None })
}

fn host() -> HostTools {
    let missing = Availability::Missing {
        reason: "toolchain 1.70 could not be installed: could not download file from 'https://example.org/1.70'".into(),
    };
    let obtainable =
        Availability::Obtainable { how: "rustup toolchain install 1.75 --profile minimal --no-self-update".into() };
    HostTools {
        program: "cargo xtask".into(),
        packages: Packages::Apt { root: false },
        cargo: tool("/home/ada/.cargo/bin/cargo", "cargo 1.83.0 (5ffbef321 2024-10-29)"),
        rustup: tool("/home/ada/.cargo/bin/rustup", "rustup 1.29.0 (28d1352db 2026-03-05)"),
        toolchains: BTreeMap::from([
            (ValueName::new("1.70").unwrap(), missing),
            (ValueName::new("1.75").unwrap(), obtainable),
        ]),
        c_compiler: None,
        pkg_config: tool("/usr/bin/pkg-config", "1.8.1"),
        git: tool("/a/very/long/path/that/does/not/fit/beside/the/version/of/the/tool/git", "git version 2.47.3"),
        machine: Some(Share {
            cores: 0.5,
            cores_by: Some("/sys/fs/cgroup/ci.slice".into()),
            memory: Some(3 << 30),
            memory_by: None,
        }),
        disks: vec![Disk { what: "target/compat".into(), path: "/home/ada/made".into(), free: Ok(3 << 30) }],
        ..HostTools::default()
    }
}

fn report() -> Report {
    let spec = parse("[project]\npackages = [\"made\"]\n[axis]\nrust = [\"1.70\", \"1.75\"]\n", "m", &[]).unwrap().spec;
    let finding = |id, severity, file: &str, line, quote: &str, what: &str, mend: &str| Finding {
        id,
        severity,
        file: file.into(),
        line,
        quote: quote.into(),
        what: what.into(),
        mend: mend.into(),
        items: Vec::new(),
    };
    let mut too_new = finding(
        Lint::MsrvBelowDependency,
        Severity::Error,
        "crates/made/Cargo.toml",
        Some(5),
        "rust-version = \"1.70\"",
        "`made` promises Rust 1.70 (its `rust-version`), but 10 locked dependencies need a newer Rust",
        "create a lockset",
    );
    too_new.items = (0..10).map(|n| format!("dependency-{n} 1.0.{n} (Rust 1.8{n})")).collect();
    let mut report = Report {
        format: FORMAT,
        platform: "linux-x86_64".into(),
        root: Some("/home/ada/made".into()),
        spec: SpecState::Valid,
        checks: checks(&host(), Some(&spec), true),
        findings: vec![
            too_new,
            finding(
                Lint::PromiseNotTested,
                Severity::Warning,
                "README.md",
                Some(3),
                "[![MSRV](https://img.shields.io/badge/rustc-1.65+-blue.svg)](https://example.org/a/long/address)",
                "promises Rust 1.65 and newer, but the spec claims Rust 1.70 and tests nothing older",
                "change this to Rust 1.70, or claim 1.65 and add it to the `rust` axis",
            ),
            finding(
                Lint::WorkspaceUnreadable,
                Severity::Error,
                "b/Cargo.toml",
                None,
                "",
                "no TOML",
                "fix the manifest",
            ),
        ],
        unchecked: vec![Unchecked {
            id: Lint::MsrvBelowDependency,
            reason: "dependencies of other targets than this host's could not be checked: they are not downloaded"
                .into(),
            mend: "`cargo fetch --locked` downloads what is missing".into(),
        }],
        counts: Counts::default(),
    };
    report.count();
    report
}

/// A report without problems.
fn fine() -> Report {
    let mut report = report();
    report.checks.retain(|check| check.id == "rustup");
    (report.findings, report.unchecked) = (Vec::new(), Vec::new());
    report.count();
    report
}

#[track_caller]
fn fits(text: &str, width: usize) {
    for line in text.lines() {
        // A word that is longer than the line stands alone, to be copied.
        let words = line.split_whitespace().count();
        assert!(line.chars().count() <= width || words <= 2, "{} columns: {line}", line.chars().count());
        assert_eq!(line.trim_end(), line, "no blanks at the end");
    }
}

#[test]
fn for_people() {
    for (name, width) in [("doctor-80.txt", 80), ("doctor-120.txt", 120), ("doctor-40.txt", 40)] {
        let text = doctor(&report(), false, &Look::plain(width));
        fits(&text, width);
        golden(name, &text);
    }
    golden("doctor-color-80.txt", &doctor(&report(), false, &Look { color: true, ..Look::plain(80) }));
    let ascii = doctor(&report(), false, &Look { unicode: false, ..Look::plain(80) });
    assert!(ascii.replace('…', "").is_ascii(), "{ascii}");
}

#[test]
fn only_what_is_wrong() {
    golden("doctor-quiet-80.txt", &doctor(&report(), true, &Look::plain(80)));
    assert_eq!(doctor(&fine(), true, &Look::plain(80)), "1 fine\n");
}

#[test]
fn what_is_not_known_of_a_workspace_is_said() {
    let look = Look::plain(80);
    assert!(doctor(&fine(), false, &look).contains("✓ no findings"));
    let with = |change: fn(&mut Report)| {
        let mut report = fine();
        change(&mut report);
        doctor(&report, false, &look)
    };
    assert!(with(|report| report.root = None).contains("no cargo workspace here: checked only the host"));
    assert!(with(|report| report.spec = SpecState::Absent).contains("no spec: claims come from the manifests"));
    assert!(with(|report| report.spec = SpecState::Broken).contains("the spec has errors"));
}

#[test]
fn for_machines() {
    let text = json(&report());
    golden("doctor.json", &text);
    let value: serde_json::Value = serde_json::from_str(&text).unwrap();
    assert_eq!(value["counts"]["errors"], 3);
}
