//! Finds promises outside the spec: in READMEs, pages and workflows.
//!
//! A scanner, not a parser of prose: it matches clear patterns (`MSRV 1.65`, `Rust 1.65+`, a matrix of toolchains) and
//! ignores the rest. It quotes every match with file and line. Pure: the engine reads the files.

mod branches;
mod cargo;
mod decode;
mod kinds;
mod names;
mod platform;
mod prose;
mod scanned;
mod script;
mod scripts;
mod settle;
mod source;
#[cfg(test)]
mod tests;
mod workflow;
mod yaml;

use compatrix_ci::pins::CHECKSUM;

pub use branches::branches;
pub use decode::decode;
pub use kinds::{Promise, PromiseKind, PromiseSource};
pub use platform::{of_runner, of_triple};
pub use scanned::{CargoCommand, CommandFeatures, NotTaken, Refused, RunnerLabel, Scanned, Sweep};
pub use settle::{not_inherited, settle};

/// The kind of a file by its path relative to the root; `None` for files that are not scanned.
///
/// Scanned are READMEs and crate roots of the root and of packages, pages at the root or in `docs` whose name starts with
/// `compatibility` or `msrv`, pages for contributors, the configuration of CI systems and of Clippy, recipes of containers,
/// and lockfiles beside `Cargo.lock`.
pub fn source_of(path: &str) -> Option<PromiseSource> {
    let lower = path.to_ascii_lowercase();
    let (folder, name) = lower.rsplit_once('/').unwrap_or(("", &lower));
    let (stem, end) = name.rsplit_once('.').unwrap_or((name, ""));
    if folder == ".github/workflows" {
        return ["yml", "yaml"].contains(&end).then_some(PromiseSource::Workflow);
    }
    if folder == "src" || folder.ends_with("/src") {
        return ["lib.rs", "main.rs"].contains(&name).then_some(PromiseSource::Source);
    }
    let is_text = ["md", "markdown", "", "txt", "rst", "adoc", "org"].contains(&end);
    let of_pages = ["", "docs", "doc", ".github"].contains(&folder);
    let is_page = |stem: &str| ["compatibility", "compat", "msrv", "supported"].iter().any(|s| stem.starts_with(s));
    match name {
        "clippy.toml" | ".clippy.toml" => return Some(PromiseSource::Clippy),
        ".gitlab-ci.yml"
        | ".travis.yml"
        | ".cirrus.yml"
        | "appveyor.yml"
        | ".appveyor.yml"
        | ".woodpecker.yml"
        | ".drone.yml"
        | ".builds.yml"
        | "bitbucket-pipelines.yml"
        | "jenkinsfile"
        | ".build.yml" => return (folder.is_empty() || folder == "ci").then_some(PromiseSource::OtherCi),
        _ => {}
    }
    let azure = name.starts_with("azure-pipelines")
        || folder == ".azure-pipelines"
        || folder == ".circleci"
        || folder == ".woodpecker";
    if azure && ["yml", "yaml"].contains(&end) {
        return Some(PromiseSource::OtherCi);
    }
    if stem == "dockerfile" || end == "dockerfile" || stem == "containerfile" {
        return Some(PromiseSource::Container);
    }
    // `Cargo.lock.msrv`, `Cargo-minimal.lock`, `Cargo.msrv.lock`, `ci/old.lock`.
    let beside = name.starts_with("cargo") && name != "cargo.lock" && (end == "lock" || name.starts_with("cargo.lock"));
    if beside || (end == "lock" && ["ci", ".github", "etc"].contains(&folder) && name != "cargo.lock") {
        return Some(PromiseSource::Lockfile);
    }
    match stem {
        "readme" if is_text => Some(PromiseSource::Readme),
        "contributing" | "agents" | "claude" | "hacking" | "development" if of_pages && is_text => {
            Some(PromiseSource::Contributing)
        }
        stem if is_text && !end.is_empty() && is_page(stem) && of_pages => Some(PromiseSource::Page),
        _ => None,
    }
}

/// What a file promises, what of it is not taken over, and the cargo commands that it runs; all in line order.
///
/// # Errors
/// The file is a workflow and not valid YAML; the message says where.
pub fn scan(file: &str, source: PromiseSource, text: &str) -> Result<Scanned, String> {
    let mut found = match source {
        PromiseSource::Readme | PromiseSource::Page if is_generated(text) => Scanned::default(),
        PromiseSource::Workflow if is_generated_workflow(text) => Scanned::default(),
        PromiseSource::Readme | PromiseSource::Page | PromiseSource::Contributing => prose::scan(file, source, text),
        PromiseSource::Source => source::scan(file, text),
        PromiseSource::Clippy => source::clippy(file, text),
        PromiseSource::OtherCi => scripts::ci(file, text),
        PromiseSource::Container => scripts::container(file, text),
        PromiseSource::Lockfile => scripts::lockfile(file, text),
        PromiseSource::Workflow => {
            let (found, mut errors) = workflow::scan(&[(file.to_owned(), text.to_owned())], "");
            if let Some(error) = errors.pop() {
                return Err(error);
            }
            found
        }
    };
    tidy(&mut found);
    Ok(found)
}

/// As [`scan`], for the workflows and the composite actions of a repository together, because they call each other. `today`
/// (`YYYY-MM-DD`) decides which runners are retired. Also returns what cannot be read, with file and line.
pub fn scan_workflows(files: &[(String, String)], today: &str) -> (Scanned, Vec<String>) {
    let by_hand: Vec<_> = files.iter().filter(|(_, text)| !is_generated_workflow(text)).cloned().collect();
    let (mut found, errors) = workflow::scan(&by_hand, today);
    tidy(&mut found);
    (found, errors)
}

/// Puts what was found in order, each once.
fn tidy(found: &mut Scanned) {
    let mut seen = std::collections::BTreeSet::new();
    found.promises.retain(|promise| seen.insert((promise.file.clone(), promise.line, promise.kind.clone())));
    found.promises.sort_by(|a, b| (&a.file, a.line).cmp(&(&b.file, b.line)));
    found.not_taken.sort();
    found.not_taken.dedup();
}

/// Whether Compatrix generated this page, so that it makes no promises beyond the spec.
pub fn is_generated(text: &str) -> bool {
    text.lines().next().is_some_and(|line| line.starts_with("<!-- generated by `cargo "))
}

/// Whether Compatrix generated this workflow.
fn is_generated_workflow(text: &str) -> bool {
    text.lines().nth(1).is_some_and(|line| line.starts_with(CHECKSUM))
}
