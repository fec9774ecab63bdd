//! What the files of a workspace say together: where one refuses what another lists, and what none of them can mean.

use compatrix_model::condition::partial_version;

use crate::manifest::{Field, Manifest};

use super::kinds::{Promise, PromiseKind, PromiseSource};
use super::scanned::{NotTaken, Refused, Scanned};

/// Moves what is no promise after all to what is not taken over: what a page says is not supported, and the toolchains of
/// another CI system where GitHub's workflows test their own.
pub fn settle(found: &mut Scanned) {
    let promises = std::mem::take(&mut found.promises);
    let on_github = promises.iter().any(|one| one.source == PromiseSource::Workflow && is_version(one));
    for promise in promises {
        match why_not(&promise, &found.refused, on_github) {
            None => found.promises.push(promise),
            Some(because) => found.not_taken.push(NotTaken::new(&promise.file, promise.line, &promise.text, because)),
        }
    }
    found.not_taken.sort();
    found.not_taken.dedup();
}

fn is_version(promise: &Promise) -> bool {
    matches!(promise.kind, PromiseKind::Rust(_) | PromiseKind::LowestRust(_))
}

fn why_not(promise: &Promise, refused: &[Refused], on_github: bool) -> Option<String> {
    if let Some(by) = refused.iter().find(|refused| covers(&refused.kind, promise)) {
        return Some(format!("{}:{} says that it is not supported", by.file, by.line));
    }
    (promise.source == PromiseSource::OtherCi && on_github).then(|| {
        "the workflows in .github test other toolchains; add it to the `rust` axis if this CI still runs".to_owned()
    })
}

/// A `rust-version` of the workspace that no member inherits, so that it is no promise of any package.
pub fn not_inherited(root: &Manifest, members: &[Manifest]) -> Option<NotTaken> {
    let said = root.workspace.as_ref()?.rust_version.as_ref()?;
    let mut packages = members.iter().filter_map(|member| member.package.as_ref());
    let inherited = packages.any(|package| matches!(package.rust_version, Some(Field::Inherited(_))));
    let because =
        "no package inherits it, so cargo ignores it; add `rust-version.workspace = true` to each `[package]`";
    (!inherited).then(|| NotTaken::new(&root.file, said.line, root.line(said.line), because))
}

/// Whether a refusal is about what is promised; that of a system without an architecture is about all of them.
fn covers(refused: &PromiseKind, promise: &Promise) -> bool {
    match (refused, &promise.kind) {
        (PromiseKind::Platform(refused), PromiseKind::Platform(platform)) => {
            refused == platform || (!refused.contains('-') && platform.split('-').next() == Some(refused))
        }
        (PromiseKind::Rust(refused), PromiseKind::Rust(version) | PromiseKind::LowestRust(version))
        | (PromiseKind::Sqlite(refused), PromiseKind::Sqlite(version) | PromiseKind::LowestSqlite(version)) => {
            let refused = partial_version(refused);
            refused.is_some() && refused == partial_version(version)
        }
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::promise::{scan, source_of};

    #[track_caller]
    fn check(files: &[(&str, &str)], taken: &[&str], left: &[&str]) {
        let mut found = Scanned::default();
        for (path, text) in files {
            found.extend(scan(path, source_of(path).expect("scanned"), text).expect("read"));
        }
        settle(&mut found);
        let shown: Vec<String> = found.promises.iter().map(|p| format!("{}:{} {}", p.file, p.line, p.kind)).collect();
        assert_eq!(shown, taken, "{files:?}");
        let shown: Vec<String> =
            found.not_taken.iter().map(|p| format!("{}:{} {}", p.file, p.line, p.because)).collect();
        assert_eq!(shown, left, "{files:?}");
    }

    #[test]
    fn what_a_page_refuses_wins() {
        let page = "# Compatibility\n\n## Platforms\n\n- Linux\n- Windows\n\nWindows is not supported yet.\n";
        check(
            &[("docs/COMPATIBILITY.md", page)],
            &["docs/COMPATIBILITY.md:5 linux"],
            &["docs/COMPATIBILITY.md:6 docs/COMPATIBILITY.md:8 says that it is not supported"],
        );
        let table = "| Platform | Supported |\n|---|---|\n| Linux | yes |\n| macOS | no |\n";
        check(&[("COMPATIBILITY.md", table)], &["COMPATIBILITY.md:3 linux"], &[]);
        let rust = "## Rust\n\n- 1.60\n- 1.65\n\nRust 1.60 is no longer supported.\n";
        check(
            &[("COMPATIBILITY.md", rust)],
            &["COMPATIBILITY.md:4 Rust 1.65"],
            &[
                "COMPATIBILITY.md:3 COMPATIBILITY.md:6 says that it is not supported",
                "COMPATIBILITY.md:6 it says what is not supported",
            ],
        );
        let workflow = "jobs: {a: {runs-on: windows-latest, steps: [{run: cargo test}]}}";
        check(
            &[("README.md", "Windows is not supported.\n"), (".github/workflows/a.yml", workflow)],
            &[],
            &[".github/workflows/a.yml:1 README.md:1 says that it is not supported"],
        );
    }

    #[test]
    fn a_rust_version_that_nobody_inherits() {
        let read = |file: &str, text: &str| crate::manifest::read(file, text).unwrap();
        let root = read("Cargo.toml", "[workspace]\n[workspace.package]\nrust-version = \"1.85\"\n");
        let own = read("a/Cargo.toml", "[package]\nname = \"a\"\nrust-version = \"1.70\"\n");
        let inherits = read("b/Cargo.toml", "[package]\nname = \"b\"\nrust-version.workspace = true\n");
        let left = not_inherited(&root, std::slice::from_ref(&own)).unwrap();
        assert_eq!((left.file.as_str(), left.line, left.text.as_str()), ("Cargo.toml", 3, "rust-version = \"1.85\""));
        assert_eq!(not_inherited(&root, &[own.clone(), inherits]), None);
        assert_eq!(not_inherited(&own, std::slice::from_ref(&own)), None);
    }

    #[test]
    fn an_old_ci_gives_way_to_the_workflows() {
        let travis = (".travis.yml", "rust:\n  - 1.31.0\n");
        check(&[travis], &[".travis.yml:2 Rust 1.31.0"], &[]);
        let workflow =
            "jobs: {a: {strategy: {matrix: {rust: [\"1.65\"]}}, steps: [{run: 'cargo +${{ matrix.rust }} test'}]}}";
        check(
            &[travis, (".github/workflows/a.yml", workflow)],
            &[".github/workflows/a.yml:1 Rust 1.65"],
            &[".travis.yml:2 the workflows in .github test other toolchains; add it to the `rust` axis if this CI still runs"],
        );
    }
}
