//! Each lint, red and green.

mod agreement;
mod workflows;

use super::*;
use crate::manifest::Manifest;
use crate::manifest::{self, Located};
use crate::promise::{self, source_of};
use compatrix_model::spec_text;
use semver::Version;

/// A workspace of these files, and what the lints say of it: `severity lint file:line`.
#[derive(Default)]
struct Made {
    facts: WorkspaceFacts,
    spec: Option<Spec>,
}

fn made(root: &str, members: &[(&str, &str)]) -> Made {
    let root = manifest::read("Cargo.toml", root).expect("a manifest");
    let mut all: Vec<Manifest> = root.package.is_some().then(|| root.clone()).into_iter().collect();
    for (file, text) in members {
        all.push(manifest::read(file, text).expect("a manifest"));
    }
    let facts = WorkspaceFacts {
        program: "cargo xtask".to_owned(),
        root: Some(root),
        members: all,
        ..WorkspaceFacts::default()
    };
    Made { facts, spec: None }
}

/// A workspace of one package `a` at the root, with this in its `[package]`.
fn one(package: &str) -> Made {
    made(&format!("[package]\nname = \"a\"\n{package}"), &[])
}

impl Made {
    fn spec(mut self, text: &str) -> Self {
        let text = format!("[project]\npackages = [\"a\"]\n{text}");
        self.facts.spec_text.clone_from(&text);
        self.spec = Some(spec_text::parse(&text, "compat/matrix.toml", &[]).unwrap_or_else(|e| panic!("{e}")).spec);
        self
    }

    fn lock(mut self, format: i64) -> Self {
        self.facts.lock = Some(Located { value: format, line: 3 });
        self
    }

    fn file(mut self, path: &str, text: &str) -> Self {
        let found = promise::scan(path, source_of(path).expect("looked at"), text).expect("read");
        self.facts.promises.extend(found.promises);
        self.facts.not_taken.extend(found.not_taken);
        self.facts.commands.extend(found.commands);
        self.facts.runners.extend(found.runners);
        self
    }

    /// `a` is the first package; each other with what it needs.
    fn graph(mut self, packages: &[(&str, Option<&str>, &str)], uses: &[(usize, usize, &str)]) -> Self {
        let first =
            GraphPackage { name: "a".to_owned(), edition: "2021".to_owned(), local: true, ..Default::default() };
        self.facts.graph.packages = vec![first];
        for (name, rust, edition) in packages {
            self.facts.graph.packages.push(GraphPackage {
                name: (*name).to_owned(),
                version: "1.0.0".to_owned(),
                rust_version: rust.map(str::to_owned),
                edition: (*edition).to_owned(),
                ..Default::default()
            });
        }
        for (from, to, kind) in uses {
            let used = Use {
                package: *to,
                dev: *kind == "dev",
                some_targets: *kind == "windows",
                optional: *kind == "feature",
            };
            self.facts.graph.packages[*from].uses.push(used);
        }
        self
    }

    fn found(&self) -> Vec<Finding> {
        lint(&self.facts, self.spec.as_ref(), &Versions::new())
    }

    #[track_caller]
    fn says(&self, expect: &[&str]) -> Vec<Finding> {
        let found = self.found();
        let shown: Vec<String> = found
            .iter()
            .map(|f| format!("{:?} {} {}:{}", f.severity, f.id, f.file, f.line.unwrap_or(0)).to_lowercase())
            .collect();
        let expect: Vec<String> = expect.iter().map(|text| text.to_lowercase()).collect();
        assert_eq!(shown, expect, "{found:#?}");
        assert!(found.iter().all(|f| !f.mend.is_empty() && !f.what.is_empty()), "{found:#?}");
        found
    }
}

const INHERITABLE: &str = "[workspace]\nmembers = [\"*\"]\n[workspace.package]\nrust-version = \"1.70\"\n";

#[test]
fn an_msrv_that_nobody_inherits() {
    let with = |package: &str| made(INHERITABLE, &[("a/Cargo.toml", &format!("[package]\nname = \"a\"\n{package}"))]);
    let found = with("").says(&["Error msrv-not-inherited Cargo.toml:4"]);
    assert_eq!(found[0].quote, "rust-version = \"1.70\"");
    assert_eq!(found[0].items, ["a"]);
    with("rust-version = \"1.75\"").says(&["Warning msrv-not-inherited Cargo.toml:4"]);
    with("rust-version.workspace = true").says(&[]);
    made("[workspace]\n", &[("a/Cargo.toml", "[package]\nname = \"a\"\n")]).says(&[]);
    made(INHERITABLE, &[]).says(&[]);
}

const AXIS: &str = "[axis]\nrust = [\"1.50\", \"1.70\", \"stable\"]\n";
const CLAIM: &str = "[claims]\nrust = \"1.70\"\n[axis]\nrust = [\"1.70\", \"stable\"]\n";

#[test]
fn a_claim_and_the_manifest() {
    one("rust-version = \"1.75\"").spec(CLAIM).says(&["Error claim-differs Cargo.toml:3"]);
    one("rust-version = \"1.65\"").spec(CLAIM).says(&["Warning claim-differs Cargo.toml:3"]);
    one("rust-version = \"1.70.0\"").spec(CLAIM).says(&[]);
    one("").spec(CLAIM).says(&["Warning msrv-missing Cargo.toml:2"]);
    one("").spec("[axis]\nrust = [\"stable\"]\n").says(&[]);
    // Another package is none of the claim's business.
    let other = [("b/Cargo.toml", "[package]\nname = \"b\"\nrust-version = \"1.80\"\n")];
    made("[package]\nname = \"a\"\nrust-version = \"1.70\"\n[workspace]\n", &other).spec(CLAIM).says(&[]);
}

#[test]
fn a_path_dependency_that_needs_more() {
    let with = |section: &str, rust: &str| {
        let a = format!("[package]\nname = \"a\"\nrust-version = \"1.70\"\n[{section}]\nb = {{ path = \"../b\" }}\n");
        let b = format!("[package]\nname = \"b\"\nrust-version = \"{rust}\"\n");
        made("[workspace]\n", &[("a/Cargo.toml", &a), ("b/Cargo.toml", &b)])
    };
    with("dependencies", "1.75").says(&["Error msrv-below-path-dependency a/Cargo.toml:5"]);
    with("build-dependencies", "1.75").says(&["Error msrv-below-path-dependency a/Cargo.toml:5"]);
    with("target.'cfg(unix)'.build-dependencies", "1.75").says(&["Warning msrv-below-path-dependency a/Cargo.toml:5"]);
    // One that is off by default is no error; one that a default feature switches on is.
    let optional = |features: &str| {
        let a = format!(
            "[package]\nname = \"a\"\nrust-version = \"1.70\"\n[dependencies]\nb = {{ path = \"../b\", optional = true }}\n[features]\n{features}\n"
        );
        made(
            "[workspace]\n",
            &[("a/Cargo.toml", &a), ("b/Cargo.toml", "[package]\nname = \"b\"\nrust-version = \"1.80\"\n")],
        )
    };
    for features in ["", "fast = [\"dep:b\"]", "default = [\"b?/std\"]", "default = []\nfast = [\"b\"]"] {
        optional(features).says(&["Warning msrv-below-path-dependency a/Cargo.toml:5"]);
    }
    for features in ["default = [\"dep:b\"]", "default = [\"x\"]\nx = [\"b/std\"]", "default = [\"b\"]"] {
        optional(features).says(&["Error msrv-below-path-dependency a/Cargo.toml:5"]);
    }
    with("dev-dependencies", "1.75").says(&["Warning msrv-below-path-dependency a/Cargo.toml:5"]);
    with("dependencies", "1.70").says(&[]);
    with("dependencies", "1.56.1").says(&[]);

    // By way of the workspace's table.
    let root = "[workspace]\n[workspace.dependencies]\nb = { path = \"b\" }\n";
    let a = "[package]\nname = \"a\"\nrust-version = \"1.70\"\n[dependencies]\nb.workspace = true\n";
    let b = |rust: &str| format!("[package]\nname = \"b\"\nrust-version = \"{rust}\"\n");
    let with = |rust: &str| made(root, &[("a/Cargo.toml", a), ("b/Cargo.toml", &b(rust))]);
    with("1.71").says(&["Error msrv-below-path-dependency a/Cargo.toml:5"]);
    with("1.69").says(&[]);

    // Outside of the workspace.
    let mut made = one("rust-version = \"1.70\"\n[dependencies]\nb = { path = \"../b\" }\n");
    made.facts.outside = vec![manifest::read("../b/Cargo.toml", &b("1.80")).unwrap()];
    made.says(&["Error msrv-below-path-dependency Cargo.toml:5"]);
}

#[test]
fn a_locked_dependency_that_needs_more() {
    let with = |packages: &[(&str, Option<&str>, &str)], uses: &[(usize, usize, &str)]| {
        one("rust-version = \"1.70\"").graph(packages, uses)
    };
    let b = ("b", Some("1.75"), "2021");
    let found = with(&[b], &[(0, 1, "")]).says(&["Error msrv-below-dependency Cargo.toml:3"]);
    assert_eq!(found[0].items, ["b 1.0.0 (Rust 1.75)"]);
    let c = ("c", None, "2021");
    with(&[c, b], &[(0, 1, ""), (1, 2, "")]).says(&["Error msrv-below-dependency Cargo.toml:3"]);
    with(&[b], &[(0, 1, "dev")]).says(&["Warning msrv-below-dependency Cargo.toml:3"]);
    with(&[b], &[(0, 1, "windows")]).says(&["Warning msrv-below-dependency Cargo.toml:3"]);
    with(&[b], &[(0, 1, "feature")]).says(&["Warning msrv-below-dependency Cargo.toml:3"]);
    // The strongest way counts.
    with(&[c, b], &[(0, 2, "dev"), (0, 1, ""), (1, 2, "")]).says(&["Error msrv-below-dependency Cargo.toml:3"]);
    // Tests of others are not built; what nobody uses neither.
    with(&[c, b], &[(0, 1, ""), (1, 2, "dev")]).says(&[]);
    with(&[b], &[]).says(&[]);
    with(&[("b", Some("1.70"), "2021"), c], &[(0, 1, ""), (0, 2, "")]).says(&[]);
    // Those that need most come first.
    let found = with(&[("b", Some("1.71"), "2021"), ("c", Some("1.80"), "2021")], &[(0, 1, ""), (0, 2, "")]).found();
    assert_eq!(found[0].items, ["c 1.0.0 (Rust 1.80)", "b 1.0.0 (Rust 1.71)"]);
    // Packages that promise the same and use the same are told together.
    let member = |name: &str| format!("[package]\nname = \"{name}\"\nrust-version = \"1.70\"\n");
    let mut both = made("[workspace]\n", &[("a/Cargo.toml", &member("a")), ("z/Cargo.toml", &member("z"))])
        .graph(&[b, ("z", None, "2021")], &[(0, 1, ""), (2, 1, "")]);
    both.facts.graph.packages[2].local = true;
    let found = both.says(&["Error msrv-below-dependency a/Cargo.toml:3"]);
    assert!(found[0].what.starts_with("`a`, `z` promise Rust 1.70"), "{}", found[0].what);
    // With a lockset for it, the workspace's own lockfile is not what an old toolchain uses.
    let served = |rust: &str| with(&[b], &[(0, 1, "")]).spec(&format!("{AXIS}[[lock]]\nrust = \"{rust}\"\n"));
    served("<1.75").says(&["Warning msrv-below-dependency Cargo.toml:3"]);
    let found = served("<1.60").says(&["Error msrv-below-dependency Cargo.toml:3"]);
    assert!(found[0].mend.contains("`rust = \"<1.71\"`"), "{}", found[0].mend);
}

#[test]
fn an_edition_that_the_promised_rust_cannot_parse() {
    one("edition = \"2024\"\nrust-version = \"1.70\"").says(&["Error edition-too-new Cargo.toml:3"]);
    one("edition = \"2021\"\nrust-version = \"1.55\"").says(&["Error edition-too-new Cargo.toml:3"]);
    one("edition = \"2024\"\nrust-version = \"1.85\"").says(&[]);
    one("rust-version = \"1.10\"").says(&[]);
    // A member that promises more itself still stops the other's cargo.
    let a = "[package]\nname = \"a\"\nedition = \"2021\"\nrust-version = \"1.70\"\n";
    let b = "[package]\nname = \"b\"\nedition = \"2024\"\nrust-version = \"1.85\"\n";
    let both = made("[workspace]\n", &[("a/Cargo.toml", a), ("b/Cargo.toml", b)]);
    let found = both.says(&["Warning edition-too-new b/Cargo.toml:3"]);
    assert!(found[0].what.contains("`a` promises Rust 1.70"), "{}", found[0].what);
    made("[workspace]\n", &[("b/Cargo.toml", b)]).says(&[]);
    // A package needs the manifests of its path dependencies, those outside of the workspace too.
    let depends = |a: &str, path: &str| format!("{a}[dependencies]\nb = {{ path = \"{path}\", optional = true }}\n");
    let bare = "[package]\nname = \"b\"\nedition = \"2024\"\n";
    made("[workspace]\n", &[("a/Cargo.toml", &depends(a, "../b")), ("b/Cargo.toml", bare)])
        .says(&["Error edition-too-new b/Cargo.toml:3"]);
    let mut outer = one(&depends("rust-version = \"1.70\"\n", "../b"));
    outer.facts.outside = vec![manifest::read("../b/Cargo.toml", bare).unwrap()];
    outer.says(&["Error edition-too-new ../b/Cargo.toml:3"]);
    // A dependency's.
    let with = |edition, rust| one("rust-version = \"1.70\"").graph(&[("b", rust, edition)], &[(0, 1, "")]);
    with("2024", None).says(&["Error edition-too-new Cargo.toml:3"]);
    with("2024", Some("1.60")).says(&["Error edition-too-new Cargo.toml:3"]);
    with("2024", Some("1.85")).says(&["Error msrv-below-dependency Cargo.toml:3"]);
    with("2021", None).says(&[]);
}

#[test]
fn a_resolver_that_the_promised_rust_does_not_know() {
    let with = |resolver: &str, rust: &str| {
        made(
            &format!("[workspace]\nresolver = \"{resolver}\"\n"),
            &[("a/Cargo.toml", &format!("[package]\nname = \"a\"\nrust-version = \"{rust}\"\n"))],
        )
    };
    with("3", "1.70").says(&["Warning resolver-too-new Cargo.toml:2"]);
    with("3", "1.84").says(&[]);
    with("2", "1.50").says(&["Warning resolver-too-new Cargo.toml:2"]);
    with("2", "1.51").says(&[]);
    one("resolver = \"3\"\nrust-version = \"1.70\"").says(&["Warning resolver-too-new Cargo.toml:3"]);
}

#[test]
fn a_key_that_the_promised_rust_refuses() {
    let profile = "[profile.dev]\ndebug = \"limited\"\n";
    let with = |rust: &str| one(&format!("rust-version = \"{rust}\"\n{profile}"));
    let found = with("1.70").says(&["Error key-too-new Cargo.toml:5"]);
    assert!(found[0].what.contains("`profile.dev.debug = \"limited\"` needs Rust 1.71"), "{}", found[0].what);
    assert!(found[0].mend.contains("write 1;"), "{}", found[0].mend);
    with("1.71").says(&[]);
    one("rust-version = \"1.63\"\n[profile.dev]\ndebug = 1\n").says(&[]);
    // Of a root without a package nothing is published.
    let a = "[package]\nname = \"a\"\nrust-version = \"1.63\"\n";
    made(&format!("[workspace]\n{profile}"), &[("a/Cargo.toml", a)]).says(&["Warning key-too-new Cargo.toml:3"]);
    let mut made = one("rust-version = \"1.63\"");
    let text = "[build]\njobs = \"default\"\n[target.t]\nrustdocflags = [\"a\"]\n";
    made.facts.configs = vec![(".cargo/config.toml".to_owned(), text.to_owned())];
    let found = made.says(&["Warning key-too-new .cargo/config.toml:2", "Warning key-too-new .cargo/config.toml:4"]);
    assert!(found[1].mend.contains("remove it"), "{}", found[1].mend);
}

#[test]
fn a_build_script_that_an_old_cargo_does_not_understand() {
    let with = |manifest: &str, spec: Option<&str>, text: &str| {
        let mut made = one(manifest);
        made.facts.build_scripts = vec![BuildScript { file: "build.rs".to_owned(), text: text.to_owned() }];
        match spec {
            Some(spec) => made.spec(spec),
            None => made,
        }
    };
    let new = "fn main() {\n    println!(\"cargo::rustc-cfg=fast\");\n}\n";
    let (old, comment) = (new.replace("::rustc", ":rustc"), new.replace("println", "// println"));
    let found = with("rust-version = \"1.63\"", None, new).says(&["Warning build-script-too-new build.rs:2"]);
    assert!(found[0].what.contains("`a` promises Rust 1.63 (its `rust-version`)"), "{}", found[0].what);
    with("rust-version = \"1.77\"", None, new).says(&[]);
    for text in [old.as_str(), comment.as_str()] {
        with("rust-version = \"1.63\"", None, text).says(&[]);
    }
    // Nobody promises it, but it is tested.
    let found = with("", Some("[axis]\nrust = [\"1.70\", \"stable\"]\n"), new);
    let found = found.says(&["Warning build-script-too-new build.rs:2"]);
    assert!(found[0].what.contains("the spec tests `rust=1.70`"), "{}", found[0].what);
    with("", Some("[axis]\nrust = [\"1.80\", \"stable\"]\n"), new).says(&[]);
}

#[test]
fn a_lockfile_that_the_promised_rust_cannot_read() {
    one("rust-version = \"1.70\"").lock(4).says(&["Error lockfile-too-new Cargo.lock:3"]);
    one("rust-version = \"1.78\"").lock(4).says(&[]);
    one("rust-version = \"1.70\"").lock(3).says(&[]);
    one("rust-version = \"1.50\"").lock(3).says(&["Error lockfile-too-new Cargo.lock:3"]);
    one("").lock(4).says(&[]);
    // The spec promises too.
    one("").spec(CLAIM).lock(4).says(&["Error lockfile-too-new Cargo.lock:3", "Warning msrv-missing Cargo.toml:2"]);
    let served = |rust: &str| {
        one("rust-version = \"1.70\"").spec(&format!("{AXIS}[[lock]]\nname = \"old\"\nrust = \"{rust}\"\n")).lock(4)
    };
    let found = served("<1.78").says(&["Warning lockfile-too-new Cargo.lock:3"]);
    assert!(found[0].mend.contains("lockset `old`"), "{}", found[0].mend);
    // A lockset for others silences nothing.
    served("<1.60").says(&["Error lockfile-too-new Cargo.lock:3"]);
}

#[test]
fn promises_held_against_the_spec() {
    let with = |path: &str, text: &str| {
        let spec = "[claims]\nrust = \"1.70\"\nsqlite = \"3.35\"\nplatforms = { tier1 = [\"linux-x86_64\"] }\n\
                    [axis]\nrust = [\"1.70\", \"1.75\", \"stable\"]\nsqlite = [\"bundled\", \"3.35.4\", \"3.46.0\"]\n";
        one("rust-version = \"1.70\"").spec(spec).file(path, text)
    };
    let red = |path: &str, text: &str| with(path, text).says(&[&format!("Warning promise-not-tested {path}:1")]);
    let green = |path: &str, text: &str| with(path, text).says(&[]);
    green("README.md", "MSRV: 1.70");
    red("README.md", "Tested on Rust 1.80");
    green("README.md", "Tested on Rust 1.75 and 1.70.0");
    green("README.md", "SQLite 3.35+, works with SQLite 3.46");
    red("COMPATIBILITY.md", "SQLite 3.46.1");
    red("README.md", "Platforms: Windows");
    green("README.md", "Platforms: Linux");
    let workflow = |what: &str| {
        let run = "runs-on: '${{ matrix.os }}', steps: [{run: 'cargo +${{ matrix.rust }} test'}]";
        format!("jobs: {{a: {{strategy: {{matrix: {{{what}}}}}, {run}}}}}")
    };
    red(".github/workflows/a.yml", &workflow("rust: [1.65]"));
    green(".github/workflows/a.yml", &workflow("rust: [1.75, stable, 1.70.0], os: [ubuntu-latest]"));
    red(".github/workflows/a.yml", &workflow("rust: [beta]"));
    red(".github/workflows/a.yml", &workflow("os: [windows-latest, ubuntu-latest]"));
    // A job of formatting promises nothing.
    green(".github/workflows/a.yml", "jobs: {a: {steps: [{uses: dtolnay/rust-toolchain@nightly}, {run: cargo test}]}}");
    red(".github/workflows/a.yml", "jobs: {a: {steps: [{uses: dtolnay/rust-toolchain@1.65}, {run: cargo test}]}}");

    // The same promise many times in a file is told once, with all places.
    let found = with("README.md", "Tested on Rust 1.80.\n\nWorks with Rust 1.80.\n");
    assert_eq!(found.says(&["Warning promise-not-tested README.md:1"])[0].items, ["README.md:3"]);
}

#[test]
fn a_channel_on_the_axis_tests_the_version_that_it_is_here() {
    let made = one("").spec("[axis]\nrust = [\"stable\"]\n").file("README.md", "Tested on Rust 1.95");
    made.says(&["Warning promise-not-tested README.md:1"]);
    let rust = |name: &str| {
        (compatrix_model::axis::AxisName::new("rust").unwrap(), compatrix_model::axis::ValueName::new(name).unwrap())
    };
    let versions = Versions::from([(rust("stable"), Version::new(1, 95, 0))]);
    assert_eq!(lint(&made.facts, made.spec.as_ref(), &versions), []);
}

#[test]
fn promises_without_a_spec_are_held_against_the_manifests() {
    one("rust-version = \"1.70\"").file("README.md", "MSRV: 1.65").says(&["Warning claim-differs README.md:1"]);
    one("rust-version = \"1.65\"").file("README.md", "MSRV: 1.65\n\nPlatforms: Windows").says(&[]);
    one("").file("README.md", "MSRV: 1.65, tested with SQLite 3.40").says(&[]);
}

#[test]
fn a_version_that_yaml_misreads() {
    let workflow = |rust: &str| {
        let run = "steps: [{run: 'cargo +${{matrix.rust}} test'}]";
        format!("jobs: {{a: {{strategy: {{matrix: {{rust: [{rust}]}}}}, {run}}}}}")
    };
    let with = |rust: &str| one("").spec(CLAIM).file(".github/workflows/a.yml", &workflow(rust));
    let missing = "Warning msrv-missing Cargo.toml:2";
    let found = with("1.70").says(&[missing, "Warning version-misread .github/workflows/a.yml:1"]);
    assert_eq!(found[1].what, "YAML reads 1.70 as the number 1.7, so the job runs on 1.7");
    with("\"1.70\"").says(&[missing]);
}

#[test]
fn runners_that_github_retired() {
    let workflow =
        "jobs:\n  a:\n    runs-on: ubuntu-18.04\n  b:\n    runs-on: ubuntu-24.04\n  c:\n    runs-on: ubuntu-18.04\n";
    let with = |today: &str| {
        let mut made = one("").file(".github/workflows/a.yml", workflow);
        made.facts.today = today.to_owned();
        made
    };
    let found = with("2026-11-29").says(&["Warning runner-retired .github/workflows/a.yml:3"]);
    assert_eq!(found[0].what, "`ubuntu-18.04` was retired by GitHub in April 2023, so a job on it never starts");
    assert_eq!(found[0].items, [".github/workflows/a.yml:7"]);
    with("2022-01-01").says(&[]);
}

#[test]
fn every_lint_has_an_id_of_its_own() {
    let ids: std::collections::BTreeSet<&str> = Lint::ALL.iter().map(|lint| lint.as_str()).collect();
    assert_eq!(ids.len(), Lint::ALL.len());
    for lint in Lint::ALL {
        assert_eq!(serde_json::to_value(lint).unwrap(), lint.as_str());
    }
}

#[test]
fn nothing_is_said_of_nothing() {
    assert_eq!(lint(&WorkspaceFacts::default(), None, &Versions::new()), []);
}
