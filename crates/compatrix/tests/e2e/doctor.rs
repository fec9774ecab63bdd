//! `doctor`: each lint on a workspace that has it, a quiet one, and workspaces that are hardly any.

#![allow(clippy::disallowed_methods, reason = "tests make files")]

use std::os::unix::fs::PermissionsExt;

use serde_json::Value;

use crate::support::{finish, sysroot, Workspace};

const MANIFEST: &str = "[package]\nname = \"made\"\nversion = \"0.1.0\"\nedition = \"2021\"\nrust-version = \"1.70\"\n";
const CLAIMS: &str = "[claims]\nrust = \"1.70\"\nplatforms = { tier1 = [\"linux-x86_64\"] }\n\
                      [axis]\nrust = [{ name = \"1.70\", path = \"no/such\" }, HERE]\n";

/// A workspace that no lint finds anything in.
fn clean() -> Workspace {
    Workspace::new(CLAIMS).file("Cargo.toml", MANIFEST).file("README.md", "# made\n\nMSRV: 1.70. Platforms: Linux.\n")
}

/// What `doctor --format json` says, and its exit code.
#[track_caller]
fn examine(made: &Workspace) -> (Option<i32>, Value) {
    let before = made.tree();
    let ran = made.run(&["doctor", "--format", "json"]);
    assert_eq!(before, made.tree(), "the tree is as it was");
    assert!(!made.path("target").exists(), "and nothing is made in it");
    (ran.code, ran.json())
}

/// The findings of a report: `severity lint file:line`.
fn findings(report: &Value) -> Vec<String> {
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let one = |f: &Value| {
        format!("{} {} {}:{}", text(&f["severity"]), text(&f["id"]), text(&f["file"]), f["line"].as_u64().unwrap_or(0))
    };
    report["findings"].as_array().expect("findings").iter().map(one).collect()
}

#[track_caller]
fn finds(made: &Workspace, code: i32, expect: &[&str]) -> Value {
    let (found, report) = examine(made);
    assert_eq!(findings(&report), expect, "{report:#}");
    assert_eq!(found, Some(code), "{report:#}");
    report
}

/// The check of this id.
fn check<'a>(report: &'a Value, id: &str) -> &'a Value {
    let checks = report["checks"].as_array().expect("checks");
    checks.iter().find(|check| check["id"] == id).unwrap_or_else(|| panic!("no check {id} in {report:#}"))
}

#[test]
fn a_clean_workspace_is_quiet() {
    let made = clean();
    let report = finds(&made, 0, &[]);
    assert_eq!(report["unchecked"], serde_json::json!([]));
    assert_eq!((&report["format"], &report["spec"]), (&1.into(), &"valid".into()));
    assert_eq!(check(&report, "cargo")["status"], "ok");
    assert_eq!(check(&report, "toolchain")["status"], "missing", "the made-up path of 1.70");
    let ran = made.run(&["doctor"]);
    ran.expect(0).prints(&["no findings", "C compiler", "disk, target/compat"]);
    assert_eq!(ran.stderr, "");
    let quiet = made.run(&["doctor", "--quiet"]);
    assert!(!quiet.stdout.contains("C compiler"), "{quiet}");
}

#[test]
fn it_fits_a_narrow_terminal() {
    let made = clean()
        .file("README.md", "MSRV: 1.65\n")
        .file("Cargo.lock", "version = 4\n[[package]]\nname = \"made\"\nversion = \"0.1.0\"\n");
    let mut command = made.command(&["doctor"]);
    command.env("COLUMNS", "80");
    let ran = finish(command);
    ran.expect(1).prints(&["✗ lockfile-too-new  Cargo.lock:1", "│ MSRV: 1.65", "README.md:1"]);
    for line in ran.stdout.lines() {
        assert!(line.chars().count() <= 80, "{line}");
    }
}

#[test]
fn each_lint_of_manifests() {
    let virtual_root = |package: &str| {
        let made = Workspace::bare()
            .file(
                "Cargo.toml",
                "[workspace]\nresolver = \"2\"\nmembers = [\"made\"]\n[workspace.package]\nrust-version = \"1.70\"\n",
            )
            .file("made/Cargo.toml", &format!("[package]\nname = \"made\"\nversion = \"0.1.0\"\n{package}"))
            .file("made/src/lib.rs", "");
        std::fs::remove_dir_all(made.path("src")).expect("removes");
        std::fs::remove_dir_all(made.path("tests")).expect("removes");
        made
    };
    finds(&virtual_root(""), 1, &["error msrv-not-inherited Cargo.toml:5"]);
    finds(&virtual_root("rust-version.workspace = true\n"), 0, &[]);

    let with = |from: &str, to: &str| clean().file("Cargo.toml", &MANIFEST.replace(from, to));
    finds(&with("rust-version = \"1.70\"\n", ""), 0, &["warning msrv-missing Cargo.toml:2"]);
    finds(&with("1.70", "1.75"), 1, &["error claim-differs Cargo.toml:5"]);
    // cargo refuses that itself.
    let both = ["error workspace-unreadable Cargo.toml:0", "error edition-too-new Cargo.toml:4"];
    finds(&with("\"2021\"", "\"2024\""), 1, &both);
}

#[test]
fn each_lint_of_the_lockfile_and_of_dependencies() {
    let lock = |version: u8, more: &str| {
        format!("version = {version}\n\n[[package]]\nname = \"made\"\nversion = \"0.1.0\"\n{more}")
    };
    finds(&clean().file("Cargo.lock", &lock(4, "")), 1, &["error lockfile-too-new Cargo.lock:1"]);
    // Toolchains with a lockset do not read it; a lockset for others changes nothing.
    let served = |rust: &str| {
        let spec = format!("{CLAIMS}[[lock]]\nname = \"old\"\nrust = \"{rust}\"\n");
        Workspace::new(&spec)
            .file("Cargo.toml", MANIFEST)
            .file("README.md", "MSRV: 1.70. Platforms: Linux.\n")
            .file("Cargo.lock", &lock(4, ""))
            .file("compat/locks/old.lock", "version = 3\n")
    };
    finds(&served("<1.78"), 0, &["warning lockfile-too-new Cargo.lock:1"]);
    finds(&served("<1.60"), 1, &["error lockfile-too-new Cargo.lock:1"]);

    let uses = "\n[dependencies]\nother = { path = \"other\" }\n";
    let other = |rust: &str, edition: &str| {
        format!(
            "[package]\nname = \"other\"\nversion = \"0.1.0\"\nedition = \"{edition}\"\nrust-version = \"{rust}\"\n"
        )
    };
    let with = |rust: &str, edition: &str| {
        clean()
            .file("Cargo.toml", &format!("{MANIFEST}{uses}[workspace]\n"))
            .file("other/Cargo.toml", &other(rust, edition))
            .file("other/src/lib.rs", "")
            .file(
                "Cargo.lock",
                &lock(3, "dependencies = [\n \"other\",\n]\n\n[[package]]\nname = \"other\"\nversion = \"0.1.0\"\n"),
            )
    };
    finds(&with("1.70", "2021"), 0, &[]);
    finds(&with("1.75", "2021"), 1, &["error msrv-below-path-dependency Cargo.toml:8"]);
    let both = ["error msrv-below-path-dependency Cargo.toml:8", "error edition-too-new other/Cargo.toml:4"];
    finds(&with("1.85", "2024"), 1, &both);
    let optional = with("1.75", "2021").file(
        "Cargo.toml",
        &format!("{MANIFEST}[dependencies]\nother = {{ path = \"other\", optional = true }}\n[workspace]\n"),
    );
    finds(&optional, 0, &["warning msrv-below-path-dependency Cargo.toml:7"]);

    let resolver = clean().file("Cargo.toml", &format!("{MANIFEST}resolver = \"3\"\n"));
    finds(&resolver, 0, &["warning resolver-too-new Cargo.toml:6"]);
}

#[test]
fn promises_beside_the_spec() {
    let made = clean()
        .file("README.md", "# made\n\nRust 1.65+ is all it takes.\n")
        .file("docs/COMPATIBILITY.md", "Rust 1.70 and 1.72\n")
        .file(
            ".github/workflows/ci.yml",
            "on: push\njobs:\n  test:\n    strategy:\n      matrix:\n        toolchain: [1.70, 1.72.0]\n        \
             os: [ubuntu-latest, windows-latest]\n    runs-on: ${{ matrix.os }}\n    steps:\n      \
             - run: cargo +${{ matrix.toolchain }} test\n",
        );
    let report = finds(
        &made,
        0,
        &[
            "warning claim-differs README.md:3",
            "warning promise-not-tested .github/workflows/ci.yml:6",
            "warning promise-not-tested .github/workflows/ci.yml:7",
            "warning promise-not-tested docs/COMPATIBILITY.md:1",
            "warning version-misread .github/workflows/ci.yml:6",
        ],
    );
    let first = report["findings"].as_array().expect("findings").iter().find(|f| f["file"] == "README.md");
    assert_eq!(first.expect("a finding")["quote"], "Rust 1.65+ is all it takes.");
    // What cannot be read is told, not taken for nothing.
    let broken = clean().file(".github/workflows/ci.yml", "jobs: [\n");
    let (code, report) = examine(&broken);
    assert_eq!(code, Some(0));
    assert!(report["unchecked"][0]["reason"].as_str().expect("a text").contains("ci.yml: line"), "{report:#}");
}

#[test]
fn places_that_contradict_each_other_are_one_finding() {
    let made = clean()
        .file("README.md", "# made\n\nRequires Rust 1.65+. Platforms: Linux.\n")
        .file("clippy.toml", "msrv = \"1.60\"\n")
        .file("src/lib.rs", "//! MSRV: 1.70\npub fn one() {}\n");
    let report = finds(&made, 0, &["warning claim-differs README.md:3"]);
    let items: Vec<&str> =
        report["findings"][0]["items"].as_array().expect("items").iter().filter_map(Value::as_str).collect();
    let places: Vec<&str> = items.iter().filter_map(|item| item.split(": ").next()).collect();
    assert_eq!(places.len(), 5, "{items:?}");
    for place in ["Cargo.toml:5", "README.md:3", "clippy.toml:1", "src/lib.rs:1", "compat/matrix.toml:"] {
        assert!(places.iter().any(|at| at.starts_with(place)), "{place}: {items:?}");
    }
}

#[test]
fn readmes_of_every_encoding_and_links() {
    let text = "# made\n\nMSRV: 1.65, \u{e9}\n";
    let units: Vec<u16> = text.encode_utf16().collect();
    let little: Vec<u8> = units.iter().flat_map(|unit| unit.to_le_bytes()).collect();
    let big: Vec<u8> = units.iter().flat_map(|unit| unit.to_be_bytes()).collect();
    let latin: Vec<u8> = text.chars().map(|c| u8::try_from(u32::from(c)).expect("Latin-1")).collect();
    let large = format!("{}{text}", "words and more words\n".repeat(50_000));
    let all = [[b"\xff\xfe".to_vec(), little.clone()].concat(), [b"\xfe\xff".to_vec(), big].concat(), little, latin];
    for bytes in all.into_iter().chain([large.into_bytes()]) {
        let made = clean();
        made.write("README.md", &bytes);
        let (code, report) = examine(&made);
        assert_eq!(code, Some(0), "{report:#}");
        assert!(findings(&report).iter().any(|one| one.starts_with("warning claim-differs README.md:")), "{report:#}");
    }
    // What cannot be read is listed.
    let reason = |made: &Workspace| {
        let (_, report) = examine(made);
        report["unchecked"][0]["reason"].as_str().unwrap_or_default().to_owned()
    };
    let made = clean();
    made.write("README.md", b"\x7fELF\0\0\0\x01\x02abc");
    assert!(reason(&made).contains("README.md: it has bytes of zero"), "{}", reason(&made));
    for (target, part) in [("/etc/hostname", "outside of the repository"), ("gone.md", "a link to nothing")] {
        let made = clean();
        std::fs::remove_file(made.path("README.md")).expect("removes");
        std::os::unix::fs::symlink(target, made.path("README.md")).expect("links");
        assert!(reason(&made).contains(part), "{}", reason(&made));
    }
}

#[test]
fn without_a_spec_and_with_a_broken_one() {
    let bare = Workspace::bare().file("Cargo.toml", MANIFEST).file("README.md", "MSRV: 1.65\n");
    let report = finds(&bare, 0, &["warning claim-differs README.md:1"]);
    assert_eq!(report["spec"], "absent");
    bare.run(&["doctor"]).prints(&["no spec: claims come from the manifests"]);

    let broken = clean().file("compat/matrix.toml", "[project]\npackages = [\"made\"]\n[axis]\nruts = []\n");
    let report = finds(&broken, 1, &["error spec-invalid compat/matrix.toml:4"]);
    assert_eq!(report["spec"], "broken");
    broken.run(&["doctor"]).expect(1).says(&["did you mean `rust`?"]).prints(&["the spec has errors", "C compiler"]);
    let binary = clean();
    binary.write("compat/matrix.toml", b"\xff\xfe");
    finds(&binary, 1, &["error spec-invalid compat/matrix.toml:1"]);
}

#[test]
fn a_broken_member_hides_nothing_else() {
    let made = clean()
        .file("Cargo.toml", &format!("{MANIFEST}[workspace]\nmembers = [\"b\"]\n"))
        .file("b/Cargo.toml", "[package\n")
        .file("README.md", "MSRV: 1.65\n");
    let report = finds(&made, 1, &["error workspace-unreadable b/Cargo.toml:0", "warning claim-differs README.md:1"]);
    assert!(report["unchecked"][0]["reason"].as_str().expect("a text").contains("cargo cannot read"), "{report:#}");

    let root = clean().file("Cargo.toml", "[package\n");
    finds(&root, 1, &["error workspace-unreadable Cargo.toml:0"]);
    let gone = clean().file("Cargo.toml", &format!("{MANIFEST}[workspace]\nmembers = [\"gone\"]\n"));
    finds(&gone, 1, &["error workspace-unreadable Cargo.toml:0"]);
}

#[test]
fn what_is_not_downloaded_is_not_taken_for_checked() {
    let lock = "version = 3\n\n[[package]]\nname = \"made\"\nversion = \"0.1.0\"\ndependencies = [\n \"no-such-package-here\",\n]\n\n\
                [[package]]\nname = \"no-such-package-here\"\nversion = \"1.0.0\"\n\
                source = \"registry+https://github.com/rust-lang/crates.io-index\"\n\
                checksum = \"0000000000000000000000000000000000000000000000000000000000000000\"\n";
    let made = clean()
        .file("Cargo.toml", &format!("{MANIFEST}[dependencies]\nno-such-package-here = \"1\"\n"))
        .file("Cargo.lock", lock);
    let report = finds(&made, 0, &[]);
    let reason = report["unchecked"][0]["reason"].as_str().expect("a text");
    assert!(reason.starts_with("locked dependencies could not be checked: "), "{reason}");
    made.run(&["doctor"]).prints(&["not checked", "1 not checked"]);

    let without = clean();
    std::fs::remove_file(without.path("Cargo.lock")).expect("removes");
    let report = finds(&without, 0, &[]);
    assert!(report["unchecked"][0]["reason"].as_str().expect("a text").contains("no Cargo.lock"), "{report:#}");
}

#[test]
fn no_workspace_at_all() {
    let made = clean();
    let folder = made.cache();
    std::fs::create_dir_all(&folder).expect("a folder");
    let mut command = made.command(&["doctor"]);
    // The last `--root` counts no more than the first: there is one only.
    command = {
        let mut other = std::process::Command::new(command.get_program());
        crate::support::clean(&mut other);
        other.args(["doctor", "--root"]).arg(&folder).env("XDG_CACHE_HOME", &folder).current_dir("/");
        other
    };
    let ran = finish(command);
    ran.expect(0).prints(&["no cargo workspace here", "C compiler"]);
    made.run(&["doctor", "--format", "toml"]).expect(2);
}

/// `doctor` with only these programs of the toolchain and of the host on PATH.
fn with_only(made: &Workspace, programs: &[&str]) -> (Option<i32>, Value) {
    let bin = made.cache().join("bin");
    std::fs::create_dir_all(&bin).expect("a folder");
    for name in programs {
        let ours = format!("{}/bin/{name}", sysroot());
        let target = if std::path::Path::new(&ours).exists() { ours } else { format!("/usr/bin/{name}") };
        let path = bin.join(name);
        std::fs::write(&path, format!("#!/bin/sh\nexec {target} \"$@\"\n")).expect("writes");
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o755)).expect("makes it executable");
    }
    let mut command = made.command(&["doctor", "--format", "json"]);
    command.env("PATH", &bin);
    let ran = finish(command);
    (ran.code, ran.json())
}

#[test]
fn a_host_without_tools() {
    let (code, report) = with_only(&clean(), &["cargo", "rustc"]);
    assert_eq!(code, Some(1), "{report:#}");
    let of = |id| {
        let check = check(&report, id);
        (check["status"].as_str().unwrap_or_default(), check["required"].as_bool().unwrap_or_default())
    };
    assert_eq!(of("cargo"), ("ok", true));
    assert_eq!(of("c-compiler"), ("missing", true));
    assert_eq!(of("rustup"), ("missing", false), "the spec names no toolchain of rustup's");
    assert_eq!(of("valgrind"), ("missing", false));
    assert!(!check(&report, "c-compiler")["mend"].as_str().unwrap_or_default().is_empty());
    assert_eq!(findings(&report), Vec::<String>::new(), "cargo is all that lints need");

    // Without cargo too, the rest is still told.
    let (code, report) = with_only(&clean().file("README.md", "MSRV: 1.65\n"), &["git"]);
    assert_eq!(code, Some(1), "{report:#}");
    assert_eq!(check(&report, "cargo")["status"], "missing");
    assert!(findings(&report).contains(&"warning claim-differs README.md:1".to_owned()), "{report:#}");
}

#[test]
fn a_read_only_tree_and_a_path_that_is_not_ascii() {
    let made = clean();
    let root = made.root();
    let odd = root.parent().expect("a parent").join("wörk späce");
    std::fs::rename(&root, &odd).expect("renames");
    std::fs::set_permissions(&odd, std::fs::Permissions::from_mode(0o555)).expect("takes the right to write");
    let mut command = std::process::Command::new(crate::support::PROGRAM);
    crate::support::clean(&mut command);
    command.args(["doctor", "--root"]).arg(&odd).env("XDG_CACHE_HOME", made.cache()).current_dir("/");
    let ran = finish(command);
    std::fs::set_permissions(&odd, std::fs::Permissions::from_mode(0o755)).expect("gives it back");
    ran.expect(0).prints(&["no findings"]);
}
