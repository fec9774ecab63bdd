//! `bench`: that each side is built from its own sources, whatever changed between them.

#![allow(clippy::disallowed_methods, reason = "tests start git and make files")]

use crate::bench::{changes, commit, is, lines, report, time, workspace, FIGURES, JSON, SPEC};
use crate::support::{exists, git, Workspace};

/// A library whose benches take longer under this condition.
fn slow_if(condition: &str) -> String {
    let (slow, fast) = (time("a", &[150.0]), time("a", &[100.0]));
    format!("pub const LINES: &[&str] = if cfg!({condition}) {{ &[{slow:?}] }} else {{ &[{fast:?}] }};\n")
}

#[test]
fn debug_information_is_no_difference() {
    let made = workspace(SPEC, &[&time("a", &[100.0])]);
    let manifest = std::fs::read_to_string(made.path("Cargo.toml")).unwrap();
    made.write("Cargo.toml", manifest + "\n[profile.bench]\ndebug = true\n");
    commit(&made, "with debug information");
    made.write("src/lib.rs", lines(&[&time("a", &[100.0])]) + "// No code.\n");
    assert_eq!(changes(&report(&made.run(&JSON), 0)), is(&[("figures", "same")]));
}

#[test]
fn what_is_new_in_head_is_not_built_into_the_base() {
    let made = workspace(SPEC, &[]);
    made.write("src/lib.rs", slow_if("slow"));
    commit(&made, "no build script");
    made.write("build.rs", "fn main() {\n    println!(\"cargo:rustc-cfg=slow\");\n}\n");
    // Neither before it is committed nor after.
    assert_eq!(changes(&report(&made.run(&JSON), 1)), is(&[("a", "slower")]));
    commit(&made, "a build script");
    assert_eq!(changes(&report(&made.run(&JSON), 1)), is(&[("a", "slower")]));
    // And back again.
    std::fs::remove_file(made.path("build.rs")).unwrap();
    assert_eq!(changes(&report(&made.run(&JSON), 0)), is(&[("a", "faster")]));
}

#[test]
fn files_folders_and_members_come_and_go() {
    let made = workspace(SPEC, &[]).file(".gitignore", "target\ngenerated.rs\n");
    let with = |ns: f64| lines(&[&time("a", &[ns])]) + "mod part;\nmod generated;\n";
    let manifest = std::fs::read_to_string(made.path("Cargo.toml")).unwrap();
    made.write("Cargo.toml", manifest.replace("[\"speed\"]", "[\"speed\", \"parts/*\"]"));
    made.write("parts/old/Cargo.toml", "[package]\nname = \"old\"\nversion = \"0.1.0\"\n");
    made.write("parts/old/src/lib.rs", "");
    let lock = std::fs::read_to_string(made.path("Cargo.lock")).unwrap();
    made.write("parts/kept/Cargo.toml", "[package]\nname = \"kept\"\nversion = \"0.1.0\"\n");
    made.write("parts/kept/src/lib.rs", "");
    let with_kept = lock + "\n[[package]]\nname = \"kept\"\nversion = \"0.1.0\"\n";
    made.write("Cargo.lock", with_kept.clone() + "\n[[package]]\nname = \"old\"\nversion = \"0.1.0\"\n");
    made.write("src/lib.rs", with(100.0));
    made.write("src/part.rs", "");
    // No commit has it, and both sides need it.
    made.write("src/generated.rs", "");
    made.write("data", "a file");
    made.write("more/file", "in a folder");
    commit(&made, "before");
    assert_eq!(changes(&report(&made.run(&[&JSON[..], &["--base", "HEAD"]].concat()), 0)).len(), 1);

    for gone in ["src/part.rs", "data"] {
        std::fs::remove_file(made.path(gone)).unwrap();
    }
    for gone in ["parts/old", "more"] {
        std::fs::remove_dir_all(made.path(gone)).unwrap();
    }
    made.write("Cargo.lock", with_kept);
    made.write("src/lib.rs", with(150.0));
    made.write("src/part/mod.rs", "");
    made.write("data/file", "in a folder");
    made.write("more", "a file");
    commit(&made, "after");
    let ran = made.assert_tree_unchanged(|| made.run(&JSON));
    assert_eq!(changes(&report(&ran, 1)), is(&[("a", "slower")]));
}

#[test]
fn a_package_under_test_that_the_base_lacks_is_no_obstacle() {
    let made = workspace(SPEC, &[&time("a", &[100.0])]);
    let edit = |path: &str, from: &str, to: &str| {
        made.write(path, std::fs::read_to_string(made.path(path)).unwrap().replace(from, to));
    };
    edit("Cargo.toml", "[\"speed\"]", "[\"speed\", \"new\"]");
    edit("compat/matrix.toml", "[\"made\"]", "[\"made\", \"new\"]");
    edit(
        "Cargo.lock",
        "[[package]]\nname = \"speed\"",
        "[[package]]\nname = \"new\"\nversion = \"0.1.0\"\n\n[[package]]\nname = \"speed\"",
    );
    made.write("new/Cargo.toml", "[package]\nname = \"new\"\nversion = \"0.1.0\"\n");
    made.write("new/src/lib.rs", "");
    made.write("src/lib.rs", lines(&[&time("a", &[150.0])]));
    assert_eq!(changes(&report(&made.run(&JSON), 1)), is(&[("a", "slower")]));
}

/// Benches of the package under test, in a base that was no workspace of its own and had no dependency to inherit.
#[test]
fn own_benches_fit_into_a_base_without_a_workspace() {
    let package = "[package]\nname = \"made\"\nversion = \"0.1.0\"\nedition = \"2021\"\n";
    let lock = "version = 3\n\n[[package]]\nname = \"made\"\nversion = \"0.1.0\"\n";
    let made = Workspace::new(&SPEC.replace("packages = [\"speed\"]\n", ""))
        .file("Cargo.toml", package)
        .file("Cargo.lock", lock)
        .file("src/lib.rs", &lines(&[&time("a", &[100.0])]))
        .file(".gitignore", "target\n");
    git(&made, &["init", "-q", "-b", "main"]);
    commit(&made, "a package");
    let more = "\n[workspace]\nmembers = [\"help\"]\n\n[workspace.dependencies]\nhelp = { path = \"help\" }\n\n[dev-dependencies]\nhelp.workspace = true\n\n[[bench]]\nname = \"figures\"\npath = \"perf/figures.rs\"\nharness = false\n";
    made.write("Cargo.toml", package.to_owned() + more);
    made.write("help/Cargo.toml", package.replace("made", "help"));
    made.write("help/src/lib.rs", "");
    made.write("Cargo.lock", "version = 3\n\n[[package]]\nname = \"help\"\nversion = \"0.1.0\"\n\n[[package]]\nname = \"made\"\nversion = \"0.1.0\"\ndependencies = [\n \"help\",\n]\n");
    made.write("perf/figures.rs", FIGURES);
    made.write("src/lib.rs", lines(&[&time("a", &[150.0])]));
    commit(&made, "with benches");
    assert_eq!(changes(&report(&made.run(&JSON), 1)), is(&[("a", "slower")]));
}

#[test]
fn a_submodule_is_at_the_commit_of_each_side() {
    let part = workspace(SPEC, &[]).file("LINE", &time("a", &[100.0]));
    commit(&part, "before");
    let made = workspace(SPEC, &[]);
    let url = part.root();
    git(&made, &["-c", "protocol.file.allow=always", "submodule", "--quiet", "add", url.to_str().unwrap(), "part"]);
    made.write("src/lib.rs", "pub const LINES: &[&str] = &[include_str!(\"../part/LINE\")];\n");
    commit(&made, "with a submodule");
    part.write("LINE", time("a", &[150.0]));
    commit(&part, "after");
    git(&made, &["-C", "part", "pull", "--quiet"]);
    commit(&made, "a newer submodule");
    assert_eq!(changes(&report(&made.run(&JSON), 1)), is(&[("a", "slower")]));
}

/// cargo reads head's configuration for both sides, as the trees are below it. What is the same is not given twice.
#[test]
fn a_configuration_that_changed_is_noted() {
    let made = workspace(SPEC, &[]);
    made.write("src/lib.rs", slow_if("slow"));
    let manifest = std::fs::read_to_string(made.path("Cargo.toml")).unwrap();
    made.write("Cargo.toml", manifest + "[lints.rust]\nunexpected_cfgs = \"allow\"\n");
    let config = |flags: &str| format!("[build]\nrustflags = [{flags}]\n");
    made.write(".cargo/config.toml", config("\"--cfg\", \"slow\""));
    commit(&made, "slow");
    let ran = made.run(&JSON[..1]);
    ran.expect(3);
    made.write("NOTES.md", "nothing that is built\n");
    let same = report(&made.run(&JSON), 0);
    assert_eq!((changes(&same), &same["notes"]), (is(&[("figures", "same")]), &serde_json::Value::Null));
    let tree = made.compat("bench/base/.cargo/config.toml");
    assert!(!exists(&tree), "the same twice");
    made.write(".cargo/config.toml", config(""));
    let faster = report(&made.run(&JSON), 0);
    assert_eq!(changes(&faster), is(&[("a", "faster")]));
    assert!(faster["notes"].to_string().contains(".cargo/config.toml"), "{faster:#}");
    commit(&made, "fast");
    made.write(".cargo/config.toml", config("\"--cfg\", \"slow\""));
    let hidden = report(&made.run(&JSON), 0);
    assert!(hidden["notes"].to_string().contains("only measured in part"), "{hidden:#}");
}

#[test]
fn a_base_whose_bench_panics_is_no_fault_of_the_head() {
    let made = workspace(SPEC, &[]);
    made.write(
        "speed/benches/figures.rs",
        "fn main() {\n    println!(\"{}\", made::LINES[std::env::args().count() - 2]);\n}\n",
    );
    commit(&made, "panics");
    made.write("src/lib.rs", lines(&[&time("a", &[100.0])]));
    let junit = made.path("target/b.xml");
    let ran = made.run(&["bench", "--junit", junit.to_str().unwrap()]);
    ran.expect(3).prints(&["base: failed"]);
    let xml = std::fs::read_to_string(junit).unwrap();
    assert!(xml.contains("<error") && !xml.contains("<failure"), "{xml}");
}

#[test]
fn unrelated_histories_are_called_so() {
    let made = workspace(SPEC, &[]);
    git(&made, &["checkout", "-q", "--orphan", "other"]);
    commit(&made, "another first");
    made.run(&["bench"]).expect(3).prints(&["unrelated", "--base"]);
}
