//! The first spec is checked by builds, and written for workspaces in every state.

#![allow(clippy::disallowed_methods, reason = "tests make files")]

use crate::support::{clean, commit, finish, git, signal, wait_for, Ran, Workspace, PROGRAM};

/// One package with these features and this library.
fn package(features: &str, library: &str) -> Workspace {
    let manifest =
        format!("[package]\nname = \"made\"\nversion = \"0.1.0\"\nedition = \"2021\"\n[features]\n{features}");
    let lock = "version = 4\n\n[[package]]\nname = \"made\"\nversion = \"0.1.0\"\n";
    Workspace::of_files("ws", &[("Cargo.toml", &manifest), ("Cargo.lock", lock), ("src/lib.rs", library)])
}

const EXCLUSIVE: &str =
    "#[cfg(all(feature = \"tls-a\", feature = \"tls-b\"))]\ncompile_error!(\"one of them\");\n#[test]\nfn works() {}\n";

fn spec(made: &Workspace) -> String {
    std::fs::read_to_string(made.path("compat/matrix.toml")).expect("a spec")
}

/// Where rustup has no `stable`, nothing can be built.
fn was_built(ran: &Ran) -> bool {
    !ran.stderr.contains("no toolchain of the axis `rust` is installed here")
}

#[test]
fn what_cannot_be_built_together_is_a_remark() {
    let made = package("tls-a = []\ntls-b = []\nx = []\ny = []\n", EXCLUSIVE);
    let ran = made.run(&["init"]);
    ran.expect(0).says(&["Checking", "Wrote compat/matrix.toml"]);
    if !was_built(&ran) {
        return;
    }
    let text = spec(&made);
    assert!(
        text.contains("# `tls-b` cannot be built in the set `all`: error: one of them (src/lib.rs:2:1)."),
        "{text}"
    );
    assert!(text.contains("all = [\"tls-a\", \"x\", \"y\"]"), "{text}");
    made.run(&["compat", "--no-install"]).expect(0).prints(&["2 ok"]);
}

#[test]
fn builds_of_the_check_are_used_again() {
    let made = package("x = []\n", "#[test]\nfn works() {}\n");
    let ran = made.run(&["init"]);
    ran.expect(0);
    if !was_built(&ran) {
        return;
    }
    let compiled = |made: &Workspace| -> Vec<_> {
        let folder = made.compat("build/stable");
        let builds = std::fs::read_dir(folder).expect("a lane").flatten().map(|entry| entry.path().join("debug/deps"));
        let files = builds.filter_map(|deps| std::fs::read_dir(deps).ok()).flatten().flatten();
        let mut times: Vec<_> = files.map(|file| (file.path(), file.metadata().unwrap().modified().unwrap())).collect();
        times.sort();
        times
    };
    let before = compiled(&made);
    made.run(&["compat", "--no-install"]).expect(0).prints(&["2 ok"]);
    assert!(!before.is_empty());
    let after = compiled(&made);
    let again: Vec<_> = before.iter().filter(|file| !after.contains(file)).collect();
    assert!(again.is_empty(), "compiled again: {again:?}");
}

#[test]
fn sets_follow_the_workflows() {
    let made = package("tls-a = []\ntls-b = []\nx = []\n", EXCLUSIVE).file(
        ".github/workflows/ci.yml",
        "on: push\njobs:\n  t:\n    runs-on: ubuntu-latest\n    steps:\n      - run: cargo hack test --feature-powerset \
         --mutually-exclusive-features tls-a,tls-b\n",
    );
    made.run(&["init", "--stdout"]).expect(0).prints(&[
        "all = { default-features = false, features = [\"tls-a\", \"x\"] }",
        "\"all+tls-b\" = { default-features = false, features = [\"tls-b\", \"x\"] }",
        "ci.yml:6, --feature-powerset",
    ]);
}

#[test]
fn default_features_that_do_not_build_are_said_and_stay() {
    let made = package("x = []\n", "compile_error!(\"no\");\n");
    let ran = made.run(&["init"]);
    ran.expect(0);
    if was_built(&ran) {
        ran.says(&["the default features do not build here, and the grid will be red", "error: no (src/lib.rs:1:1)"]);
    }
    assert!(spec(&made).contains("default = []"));
}

#[test]
fn quick_builds_nothing() {
    let made = package("x = []\n", "compile_error!(\"no\");\n");
    made.run(&["init", "--quick"]).expect(0).never_says("Checking");
    assert!(!made.path("target").exists());
    let ran = made.assert_tree_unchanged(|| made.run(&["init", "--stdout"]));
    ran.expect(0).never_says("Checking");
    let ran = made.run(&["init", "--stdout", "--quick=false"]);
    ran.expect(0).says(&["Checking"]).prints(&["default = []"]);
}

#[test]
fn after_an_interrupt_nothing_is_written() {
    let made = package("x = []\n", "#[test]\nfn works() {}\n").file(
        "build.rs",
        "fn main() {\n    std::fs::write(\"../started\", \"\").unwrap();\n    \
         std::thread::sleep(std::time::Duration::from_secs(60));\n}\n",
    );
    if !was_built(&package("", "").run(&["init"])) {
        return;
    }
    let mut command = made.command(&["init"]);
    let child =
        command.stdout(std::process::Stdio::piped()).stderr(std::process::Stdio::piped()).spawn().expect("starts");
    wait_for("the build", || made.root().parent().is_some_and(|folder| folder.join("started").exists()));
    signal(&child, rustix::process::Signal::INT);
    let output = child.wait_with_output().expect("ends");
    assert_eq!(output.status.code(), Some(130));
    assert!(!made.path("compat/matrix.toml").exists());
    made.expect_no_processes();
}

#[test]
fn repositories_in_any_state() {
    let made = package("", "#[test]\nfn works() {}\n");
    git(&made, &["init", "-q"]);
    made.run(&["init"]).expect(0).says(&["Wrote"]);
    std::fs::remove_dir_all(made.path("compat")).expect("removes");
    commit(&made);
    git(&made, &["checkout", "-q", "--detach"]);
    made.run(&["init"]).expect(0).says(&["Wrote"]);
    made.run(&["compat", "--no-install"]).expect(0);
}

#[test]
fn texts_in_any_state() {
    let utf_16 = |text: &str| -> Vec<u8> {
        [0xff, 0xfe].into_iter().chain(text.encode_utf16().flat_map(u16::to_le_bytes)).collect()
    };
    let made = package("", "");
    made.write("README.md", utf_16("# Made\n\nMSRV: 1.65\n"));
    made.run(&["init", "--stdout"]).expect(0).prints(&["rust = \"1.65\"  # README.md:3: MSRV: 1.65"]);
    for bad in ["on: push\njobs:\n\ta: 1\n", "jobs: [\n  a: }\n", &"# long\n".repeat(5000)] {
        made.write(".github/workflows/ci.yml", bad);
        made.run(&["init", "--stdout"]).expect(0).prints(&["rust = \"1.65\""]);
    }
}

#[test]
fn a_workspace_below_the_top_of_its_repository() {
    let made = Workspace::of_files(
        "ws",
        &[
            ("README.md", "# Made\n\nMSRV: 1.66\n"),
            (
                ".github/workflows/ci.yml",
                "on: push\njobs:\n  other:\n    runs-on: ubuntu-latest\n    steps:\n      - uses: dtolnay/rust-toolchain@1.61\n      \
                 - run: cargo test\n        working-directory: other\n  rust:\n    runs-on: ubuntu-latest\n    steps:\n      - uses: \
                 dtolnay/rust-toolchain@1.70\n      - run: cargo test --features x\n        working-directory: rust\n",
            ),
            ("rust/Cargo.toml", "[package]\nname = \"made\"\nversion = \"0.1.0\"\nedition = \"2021\"\n[features]\nx = []\n"),
            ("rust/src/lib.rs", ""),
        ],
    );
    git(&made, &["init", "-q"]);
    let mut command = std::process::Command::new(PROGRAM);
    clean(&mut command);
    command.args(["compatrix", "init", "--stdout"]).current_dir(made.path("rust"));
    let ran = finish(command);
    ran.expect(0).prints(&[
        "rust = \"1.66\"  # ../README.md:3: MSRV: 1.66",
        "\"1.70\",  # ../.github/workflows/ci.yml:12",
        "# ../.github/workflows/ci.yml:13, --features x",
        "# - ../.github/workflows/ci.yml:6: its job works in another folder than this workspace",
    ]);
    assert!(!ran.stdout.contains("\"1.61\","), "{ran}");
}

#[test]
fn members_in_any_place() {
    let package = |name: &str| format!("[package]\nname = \"{name}\"\nversion = \"0.1.0\"\nedition = \"2021\"\n");
    let virtual_one = "[workspace]\nresolver = \"2\"\nmembers = [\"link\", \"tool\"]\n";
    let made = Workspace::of_files(
        "ws",
        &[
            ("Cargo.toml", virtual_one),
            ("tool/Cargo.toml", &package("tool")),
            ("tool/src/main.rs", "fn main() {}\n#[test]\nfn works() {}\n"),
        ],
    );
    let aside = tempfile::tempdir().expect("a folder");
    std::fs::write(aside.path().join("Cargo.toml"), package("linked")).expect("writes");
    std::fs::create_dir(aside.path().join("src")).expect("makes");
    std::fs::write(aside.path().join("src/lib.rs"), "#[test]\nfn works() {}\n").expect("writes");
    std::os::unix::fs::symlink(aside.path(), made.path("link")).expect("links");
    made.run(&["init"]).expect(0).says(&["for linked, tool"]);
    made.run(&["compat", "--no-install"]).expect(0);

    // Only programs.
    let made = Workspace::of_files("ws", &[("Cargo.toml", &package("tool")), ("src/main.rs", "fn main() {}\n")]);
    made.run(&["init"]).expect(0).says(&["Wrote compat/matrix.toml, for tool"]);

    // Two of one name.
    let made = Workspace::of_files(
        "ws",
        &[
            ("Cargo.toml", "[workspace]\nresolver = \"2\"\nmembers = [\"a\", \"b\"]\n"),
            ("a/Cargo.toml", &package("same")),
            ("a/src/lib.rs", ""),
            ("b/Cargo.toml", &package("same")),
            ("b/src/lib.rs", ""),
        ],
    );
    let ran = made.assert_tree_unchanged(|| made.run(&["init"]));
    ran.expect(2).says(&["same", "a/Cargo.toml", "b/Cargo.toml"]);
}

#[test]
fn packages_that_are_not_of_a_workspace_are_named() {
    let package = |name: &str| format!("[package]\nname = \"{name}\"\nversion = \"0.1.0\"\nedition = \"2021\"\n");
    let made = Workspace::of_files(
        "ws",
        &[("pool/Cargo.toml", &package("pool")), ("pool/src/lib.rs", ""), ("net/Cargo.toml", &package("net"))],
    );
    let mut command = std::process::Command::new(PROGRAM);
    clean(&mut command);
    command.args(["compatrix", "init"]).current_dir(made.root());
    finish(command).expect(2).says(&["There are packages below", "pool/Cargo.toml (`pool`)", "--root net"]);
    let checks = format!("{}publish = false\n[workspace]\n", package("checks"));
    let made =
        self::package("", "").file("checks/Cargo.toml", &checks).file("checks/tests/a.rs", "#[test]\nfn works() {}\n");
    made.run(&["init", "--stdout"]).expect(0).prints(&["# - checks/Cargo.toml: the package `checks` has tests"]);
}

#[test]
fn members_with_floors_of_their_own_and_a_lockset_for_each_old_toolchain() {
    let package = |name: &str, rust: &str| {
        format!("[package]\nname = \"{name}\"\nversion = \"0.1.0\"\nedition = \"2021\"\nrust-version = \"{rust}\"\n")
    };
    let made = Workspace::of_files(
        "ws",
        &[
            ("Cargo.toml", "[workspace]\nresolver = \"2\"\nmembers = [\"a\", \"b\"]\n"),
            ("Cargo.lock", "version = 4\n\n[[package]]\nname = \"a\"\nversion = \"0.1.0\"\n\n[[package]]\nname = \"b\"\nversion = \"0.1.0\"\n"),
            ("a/Cargo.toml", &package("a", "1.60")),
            ("a/src/lib.rs", ""),
            ("b/Cargo.toml", &package("b", "1.80")),
            ("b/src/lib.rs", ""),
            (
                ".github/workflows/ci.yml",
                "on: push\njobs:\n  msrv:\n    runs-on: ubuntu-latest\n    steps:\n      - uses: dtolnay/rust-toolchain@1.60\n      \
                 - run: cargo check -p a\n",
            ),
        ],
    );
    made.run(&["init", "--stdout"]).expect(0).prints(&[
        "rust = \"1.80\"  # b/Cargo.toml:5",
        "[claims.packages.a]\nrust = \"1.60\"  # a/Cargo.toml:5",
        "[[lock]]\nname = \"rust-1.60\"\nrust = \"<1.78\"  # lockfile format 4 (Cargo.lock:1) needs Rust 1.78",
        "when = { rust = [\"1.80\", \"stable\"] }",
        "kind = \"build\"\nwhen = { rust = [\"1.60\"] }",
    ]);
}
