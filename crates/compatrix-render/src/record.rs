//! The text of `evidence show`: a record with its full proof.

use std::fmt::Write;

use compatrix_leak::Canary;
use compatrix_model::evidence::{Counts, IdentifiedBy, Record};
use compatrix_model::hash::or_empty;
use compatrix_model::linkage::Linkage;

/// Lines of `name  value`: outcome, tests, leak findings, and proof.
pub fn describe(record: &Record) -> String {
    let mut out = String::new();
    let mut line = |name: &str, value: &str| {
        let _ = writeln!(out, "{name:<12} {value}");
    };
    line("cell", &record.cell.to_string());
    line("suite", &record.suite);
    line("outcome", record.outcome.as_str());
    if !record.cause.is_empty() {
        line("cause", &record.cause);
    }
    let counts = |c: Counts| {
        let compiled = if c.compiled > 0 { format!(", {} only compiled", c.compiled) } else { String::new() };
        format!(
            "{} passed, {} failed, {} ignored, {} filtered out{compiled}",
            c.passed, c.failed, c.ignored, c.filtered
        )
    };
    line("tests", &counts(record.tests));
    if let Some(doctests) = record.doctests {
        line("doctests", &counts(doctests));
    }
    if record.attempts > 1 {
        line("attempts", &record.attempts.to_string());
    }
    line("key", &or_empty::text(&record.key));
    if let Some(report) = &record.leaks {
        line("tool", &format!("{} ({})", report.tool, report.version));
        match &report.canary {
            Canary::Proven { found } => line("canary", &format!("proven: {found}")),
            Canary::NotProven { why } => line("canary", &format!("not proven: {why}")),
        }
        line("under it", &format!("{} tests ran, {} are not runnable", report.ran, report.not_run()));
        for group in &report.not_runnable {
            line("", &format!("{}: {}", group.tests.len(), group.reason));
        }
        for finding in &report.findings {
            let test = finding.test.as_deref().unwrap_or("unknown test");
            let what = format!("{} {} {}::{test}", finding.fingerprint, finding.kind, finding.executable);
            line("finding", &format!("{what} ({})", finding.standing.as_str()));
        }
        for note in &report.notes {
            line("note", note);
        }
    }
    let Some(proof) = &record.proof else { return out };
    line("platform", &proof.platform);
    line("rustc", proof.toolchain.rustc.lines().next().unwrap_or_default());
    line("cargo", &proof.toolchain.cargo);
    if let Some(packages) = &proof.toolchain.packages {
        line("packages", packages);
    }
    let commit = proof.source.commit.as_deref().unwrap_or("none");
    line("commit", &format!("{commit}{}", if proof.source.dirty { ", with changes" } else { "" }));
    line("sources", &proof.source.sources.to_string());
    line("lockset", &or_empty::text(&proof.source.lockset));
    line("features", &proof.features.join(", "));
    if !proof.not_promised.is_empty() {
        line("", &format!("not promised, and left out: {}", proof.not_promised.join(", ")));
    }
    for note in proof.differences.notes() {
        line("", &note);
    }
    if let Some(sqlite) = &proof.sqlite {
        let linkage = match sqlite.linkage {
            Linkage::Static => "compiled in",
            Linkage::Dynamic => "shared library",
        };
        line("sqlite", &format!("{} ({linkage})", sqlite.version));
        line("", &or_empty::text(&sqlite.source_id));
        line("", &sqlite.file);
        line("", &format!("sha256 {}", or_empty::text(&sqlite.sha256)));
        match sqlite.identified_by {
            Some(IdentifiedBy::Probe) => line("", "identified by a program that asked it"),
            Some(IdentifiedBy::File) => line("", "identified by the bytes of a file; nothing of it ran"),
            None => {}
        }
        line("", &sqlite.compile_options.join(" "));
    }
    if let Some(fixture) = &proof.fixture {
        line("fixture", &format!("{} (vintage {}, recipe {})", fixture.name, fixture.vintage, fixture.sha256));
    }
    for executable in &proof.executables {
        line("executable", &format!("{} {}", executable.name, executable.sha256));
    }
    for (name, value) in &proof.env {
        line("env", &format!("{name}={value}"));
    }
    for failure in &record.failures {
        line("failed", &format!("{}::{}", failure.executable, failure.test));
        for said in failure.output.lines() {
            line("", said);
        }
    }
    out
}
