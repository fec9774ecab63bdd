//! Generated workflows, held against what they are made from: each plan's cells once, each command ours, every value kept
//! in its quotes; and under linters that are not ours.
#![allow(clippy::disallowed_methods, reason = "a test reads and writes files, and starts linters")]

mod bench;
mod bench_gh;
mod bench_scripts;
mod caches;
mod commands;
mod github;
mod held;
mod laws;
mod lint;
mod random;
mod report;
mod yaml;

use compatrix_ci::benchmarks::{bench_jobs, BenchJob};
use compatrix_ci::generate::{text, workflows, Options, Program, Refused, XtaskPackage};
use compatrix_ci::pins::{Pin, Pins};
use compatrix_ci::workflow::Workflow;
use compatrix_ci::{ci_plan, CiPlan, Committed, Place};
use compatrix_model::facts::{Durations, PackageFacts};
use compatrix_model::matrix_spec::Spec;
use compatrix_model::matrix_spec::{CiEvent, JobCommand, ToolSource};
use compatrix_model::spec_text::parse;

/// Pins of all that workflows may use.
fn pins() -> Pins {
    let names = [
        ("actions/cache", "v6.1.0", "55cc8345863c7cc4c66a329aec7e433d2d1c52a9"),
        ("actions/checkout", "v7.0.1", "3d3c42e5aac5ba805825da76410c181273ba90b1"),
        ("actions/download-artifact", "v8.0.1", "3e5f45b2cfb9172054b4087a40e8e0b5a5461e7c"),
        ("actions/upload-artifact", "v7.0.1", "043fb46d1a93c77aae656e7c1c64a875d1fc6a0a"),
        ("github/codeql-action", "v4.37.6", "5595ccaf912efad79be6eef63a5619ff05969be3"),
        ("Swatinem/rust-cache", "v2.9.2", "6323deb102c322ba6fcbdcafc7e3dddab59af2b6"),
    ];
    let pin = |(name, version, sha): (&str, &str, &str)| {
        (name.to_owned(), Pin { version: version.to_owned(), sha: sha.to_owned() })
    };
    let digest = |tag: &str| (format!("debian:{tag}"), format!("sha256:{}", "ab".repeat(32)));
    Pins { actions: names.map(pin).into(), images: ["bullseye", "bookworm", "trixie"].map(digest).into() }
}

/// The spec of a text.
fn spec(text: &str) -> Result<Spec, String> {
    let fixtures = ["v18", "v24"].map(str::to_owned);
    parse(text, "matrix.toml", &fixtures).map(|parsed| parsed.spec).map_err(|problems| problems.render(false, 100))
}

/// What is committed beside a spec: its package, and nothing known of versions and durations.
fn committed(spec: &Spec) -> Committed {
    let package = |name: &String| PackageFacts {
        name: name.clone(),
        features: [("json".to_owned(), Vec::new()), ("bundled".to_owned(), Vec::new())].into(),
        bundled_feature: Some("bundled".to_owned()),
        always_bundled: false,
        links_sqlite: true,
        ..PackageFacts::default()
    };
    let packages = spec.project.packages.iter().map(package).collect();
    Committed::new(spec, packages, &[], Durations::default())
}

/// The plans of all events and commands.
fn plans(spec: &Spec, committed: &Committed) -> Result<Vec<CiPlan>, String> {
    let each = CiEvent::ALL.into_iter().flat_map(|event| JobCommand::ALL.map(|work| (event, work)));
    each.filter_map(|(event, work)| ci_plan(spec, committed, event, work).transpose()).collect()
}

/// The benchmarks of all events; none if they are refused.
fn benches(spec: &Spec) -> Vec<BenchJob> {
    bench_jobs(spec, &committed(spec)).unwrap_or_default()
}

/// How a workspace's jobs get Compatrix.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum By {
    Xtask,
    Git,
    Registry,
    Path,
}

const EVERY_WAY: [By; 4] = [By::Xtask, By::Git, By::Registry, By::Path];

/// The files' names and texts, for a workspace at the root of its repository.
fn files(spec: &Spec, plans: &[CiPlan], by: By) -> Result<Vec<(String, String)>, Refused> {
    files_in(spec, plans, by, &Place::default())
}

/// The same for a workspace in this place.
fn files_in(spec: &Spec, plans: &[CiPlan], by: By, place: &Place) -> Result<Vec<(String, String)>, Refused> {
    let pins = pins();
    let workflows = workflows_in(spec, plans, by, place);
    workflows.into_iter().map(|workflow| Ok((workflow.file.clone(), text(&workflow, &pins)?))).collect()
}

fn workflows_in(spec: &Spec, plans: &[CiPlan], by: By, place: &Place) -> Vec<Workflow> {
    let key = [("linux-x86_64".to_owned(), "0123456789abcdef".to_owned())].into();
    let xtask = XtaskPackage { manifest: "Cargo.toml".to_owned(), binary: "xtask".to_owned() };
    let source = match by {
        By::Xtask | By::Path => ToolSource::Path("../tools/compatrix".to_owned()),
        By::Git => ToolSource::Git { url: "https://example.org/me/it.git".to_owned(), rev: "0123456789".repeat(4) },
        By::Registry => ToolSource::Registry { version: "0.4.1-rc.1".to_owned() },
    };
    let usual = ["main".to_owned()];
    let named = spec.ci.as_ref().map(|ci| ci.branches.as_slice()).filter(|branches| !branches.is_empty());
    let options = Options {
        program: if by == By::Xtask { Program::Xtask(&xtask) } else { Program::Compatrix(&source) },
        place,
        branches: named.unwrap_or(&usual),
        // A workspace may be pinned to a toolchain that is too old for Compatrix.
        toolchain: if by == By::Path { "1.70" } else { "stable" },
        sqlite_key: &key,
    };
    workflows(spec, plans, &benches(spec), &options)
}
