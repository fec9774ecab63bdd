//! What a result is a result of: everything that its build and its run read, and nothing else.

#![allow(clippy::disallowed_methods, reason = "tests make files")]

use std::path::{Path, PathBuf};

use serde_json::Value;

use crate::support::{finish, git, judged, old_toolchain, totals, Workspace};

/// A package in a folder of a workspace, whose tests depend on something of every kind.
const FILES: [(&str, &str); 12] = [
    ("Cargo.toml", "[workspace]\nmembers = [\"p\"]\nresolver = \"2\"\n"),
    (
        "p/Cargo.toml",
        "[package]\nname = \"p\"\nversion = \"0.1.0\"\nedition = \"2021\"\nbuild = \"build.rs\"\n[lints.rust]\n\
         unexpected_cfgs = \"allow\"\n[dependencies]\nbeside = { path = \"../../beside\" }\n",
    ),
    (
        "p/build.rs",
        "fn main() {\n    println!(\"cargo:rerun-if-changed=../watched.txt\");\n    \
         println!(\"cargo:rerun-if-changed=../watched\");\n    println!(\"cargo:rerun-if-env-changed=CFLAGS\");\n}\n",
    ),
    ("p/src/lib.rs", "pub const TEXT: &str = include_str!(\"../../a b/com piled.txt\");\npub use beside::ONE;\n"),
    (
        "p/tests/it.rs",
        "#[test]\nfn works() { assert!(p::TEXT.len() + p::ONE < 100 && !include_str!(\"../made.txt\").is_empty()); }\n",
    ),
    ("p/made.txt", "made\n"),
    ("a b/com piled.txt", "x\n"),
    ("watched.txt", "x\n"),
    ("watched/below/x", "x\n"),
    (".gitignore", "target\np/made.txt\n"),
    ("../beside/src/lib.rs", "pub const ONE: usize = include!(\"../../number.txt\");\n"),
    ("../number.txt", "1\n"),
];

pub(crate) fn workspace() -> Workspace {
    let made = Workspace::of_files("ws", &FILES);
    made.write(
        "../beside/Cargo.toml",
        "[package]\nname = \"beside\"\nversion = \"0.1.0\"\nedition = \"2021\"\n[workspace]\n",
    );
    let lock =
        "version = 3\n[[package]]\nname = \"beside\"\nversion = \"0.1.0\"\n[[package]]\nname = \"p\"\nversion = \
                \"0.1.0\"\ndependencies = [\n \"beside\",\n]\n";
    made.write("Cargo.lock", lock);
    made.write("../config/more.toml", "[env]\nMORE = \"1\"\n");
    made.write(
        "../.cargo/config.toml",
        "include = [\"../config/more.toml\"]\n[build]\nrustc-wrapper = \"tools/wrap\"\n",
    );
    script(&made.path("../tools/wrap"), "exec \"$@\"");
    made.write(
        "compat/matrix.toml",
        crate::support::with_here("[project]\npackages = [\"p\"]\n[axis]\nrust = [HERE]\n"),
    );
    git(&made, &["init", "--quiet"]);
    crate::support::commit(&made);
    made
}

fn script(path: &Path, line: &str) {
    use std::os::unix::fs::PermissionsExt;
    std::fs::create_dir_all(path.parent().expect("a folder")).expect("makes the folder");
    std::fs::write(path, format!("#!/bin/sh\n{line}\n")).expect("writes");
    std::fs::set_permissions(path, std::fs::Permissions::from_mode(0o755)).expect("sets the mode");
}

/// Builds, runs and reused results, with these variables.
fn counts(made: &Workspace, vars: &[(&str, &str)]) -> [u64; 3] {
    let mut command = made.command(&["compat", "--format", "json"]);
    command.envs(vars.iter().copied());
    let ran = finish(command);
    totals(&ran.expect(0).json())
}

#[test]
fn whatever_was_read_decides_and_coming_back_finds_the_old_result() {
    let made = workspace();
    assert_eq!(counts(&made, &[]), [1, 1, 0]);
    assert_eq!(counts(&made, &[]), [0, 0, 1]);
    let edits: [(&str, &str); 8] = [
        ("a b/com piled.txt", "y\n"),
        ("watched.txt", "y\n"),
        ("watched/below/y", "y\n"),
        ("p/made.txt", "other\n"),
        ("../number.txt", "2\n"),
        ("../beside/src/lib.rs", "pub const ONE: usize = 3;\n"),
        ("../config/more.toml", "[env]\nMORE = \"2\"\n"),
        ("../tools/wrap", "#!/bin/sh\nexec \"$@\" --cfg other\n"),
    ];
    for (path, text) in edits {
        let at = made.path(path);
        let before = std::fs::read(&at).ok();
        made.write(path, text);
        assert_eq!(counts(&made, &[]), [1, 1, 0], "{path} was changed");
        match before {
            Some(before) => made.write(path, before),
            None => std::fs::remove_file(&at).expect("removes it"),
        }
        assert_eq!(counts(&made, &[]), [0, 0, 1], "{path} is as it was");
    }
    for vars in [[("TZ", "Asia/Tokyo")], [("CFLAGS", "-DX")], [("LC_ALL", "C")], [("USER", "somebody")]] {
        assert_eq!(counts(&made, &vars), [1, 1, 0], "{vars:?}");
        assert_eq!(counts(&made, &vars), [0, 0, 1], "{vars:?}");
    }
    assert_eq!(counts(&made, &[]), [0, 0, 1]);
}

#[test]
fn what_nothing_reads_changes_nothing() {
    let made = workspace();
    assert_eq!(counts(&made, &[]), [1, 1, 0]);
    for (path, text) in [
        ("README.md", "new\n"),
        ("other/x.txt", "x\n"),
        (".git/info/exclude", "*.rs\n"),
        ("../.ignore", "*.rs\n"),
        ("../elsewhere/x", "x\n"),
        ("target/x", "x\n"),
    ] {
        made.write(path, text);
        assert_eq!(counts(&made, &[]), [0, 0, 1], "{path}");
    }
    // A new date, or the same content in a new file.
    let source = made.path("p/src/lib.rs");
    let text = std::fs::read(&source).expect("reads");
    std::fs::remove_file(&source).expect("removes");
    std::fs::write(&source, text).expect("writes");
    assert_eq!(counts(&made, &[]), [0, 0, 1]);
    let somewhere = made.path("../tmp").display().to_string();
    std::fs::create_dir(&somewhere).expect("makes it");
    for vars in [[("TMPDIR", somewhere.as_str())], [("https_proxy", "http://127.0.0.1:9")], [("SSH_AUTH_SOCK", "/x")]] {
        assert_eq!(counts(&made, &vars), [0, 0, 1], "{vars:?}");
    }
}

/// Runs with a file dated an hour back and says what became of the cell.
fn with_old_date(made: &Workspace, path: &str, text: &str, code: i32, args: &[&str]) -> Value {
    made.write(path, text);
    let file = std::fs::File::options().write(true).open(made.path(path)).expect("opens");
    let hour = std::time::Duration::from_secs(3600);
    let then = std::fs::metadata(made.path("Cargo.toml")).expect("a date").modified().expect("a date") - hour;
    file.set_modified(then).expect("sets the date");
    made.json(code, args)
}

#[test]
fn an_older_date_hides_no_change() {
    let made = workspace();
    made.write("p/tests/it.rs", "#[test]\nfn works() { assert_eq!((p::TEXT, p::ONE), (\"x\\n\", 1)); }\n");
    assert_eq!(judged(&made.json(0, &[]), "rust=here").0, "ok");
    for (path, bad, good) in [
        ("a b/com piled.txt", "y\n", "x\n"),
        ("../number.txt", "2\n", "1\n"),
        ("p/src/lib.rs", "pub const TEXT: &str = \"y\";\npub const ONE: usize = 1;\n", FILES[3].1),
    ] {
        assert_eq!(judged(&with_old_date(&made, path, bad, 1, &[]), "rust=here").1, "failed", "{path}");
        assert_eq!(judged(&with_old_date(&made, path, good, 0, &["--fresh"]), "rust=here").1, "passed", "{path}");
    }
}

#[test]
fn an_old_cargo_says_too_what_was_read() {
    let Some(old) = old_toolchain() else {
        eprintln!("skipped: no old toolchain here");
        return;
    };
    let made = workspace();
    let spec = format!("[project]\npackages = [\"p\"]\n[axis]\nrust = [{{ name = \"old\", path = {:?} }}]\n", old);
    made.write("compat/matrix.toml", spec);
    assert_eq!(counts(&made, &[]), [1, 1, 0]);
    for path in ["a b/com piled.txt", "watched.txt", "../number.txt"] {
        made.write(path, "7\n");
        assert_eq!(counts(&made, &[]), [1, 1, 0], "{path}");
        assert_eq!(counts(&made, &[]), [0, 0, 1], "{path}");
    }
}

#[test]
fn a_dependency_file_that_was_cut_off_is_not_believed() {
    let made = workspace();
    assert_eq!(counts(&made, &[]), [1, 1, 0]);
    let cut: Vec<PathBuf> = files_below(&made.compat("build")).into_iter().filter(|p| is_of(p, "p-")).collect();
    assert!(!cut.is_empty(), "no dependency file was found");
    for path in &cut {
        let text = std::fs::read_to_string(path).expect("reads");
        std::fs::write(path, &text[..text.len() / 2]).expect("writes");
    }
    made.write("p/tests/it.rs", FILES[4].1.replace("100", "99"));
    assert_eq!(counts(&made, &[]), [1, 1, 0]);
    // It is not known what was read, so that nothing is used again; now all is compiled anew, and written anew.
    assert_eq!(counts(&made, &[]), [1, 1, 0]);
    assert_eq!(counts(&made, &[]), [0, 0, 1]);
}

fn is_of(path: &Path, start: &str) -> bool {
    path.extension().is_some_and(|e| e == "d")
        && path.file_name().is_some_and(|n| n.to_string_lossy().starts_with(start))
}

fn files_below(dir: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in std::fs::read_dir(dir).into_iter().flatten().flatten() {
        match entry.file_type().expect("a type").is_dir() {
            true => found.extend(files_below(&entry.path())),
            false => found.push(entry.path()),
        }
    }
    found
}

#[test]
fn targets_that_cargo_finds_count_though_git_ignores_them() {
    let made = workspace();
    made.write(".gitignore", "target\np/made.txt\nscratch*\n");
    assert_eq!(counts(&made, &[]), [1, 1, 0]);
    made.write("p/tests/scratch.rs", "#[test]\nfn fails() { panic!() }\n");
    assert_eq!(judged(&made.json(1, &[]), "rust=here").1, "failed");
    std::fs::remove_file(made.path("p/tests/scratch.rs")).expect("removes");
    assert_eq!(counts(&made, &[]), [0, 0, 1]);
}

#[test]
fn a_library_that_a_build_script_links_is_an_input() {
    let made = workspace();
    let library = |number: u8| {
        made.write("../native/n.c", format!("int n(void) {{ return {number}; }}\n"));
        let dir = made.path("../native");
        let ran = std::process::Command::new("cc")
            .args(["-shared", "-fPIC", "-o", "libn.so", "n.c"])
            .current_dir(&dir)
            .status();
        assert!(ran.expect("cc starts").success());
        dir.canonicalize().expect("it is there").display().to_string()
    };
    let dir = library(1);
    let script = format!(
        "fn main() {{\n    println!(\"cargo:rerun-if-changed=build.rs\");\n    println!(\"cargo:rustc-link-search=native={dir}\");\n    \
         println!(\"cargo:rustc-link-lib=dylib=n\");\n    println!(\"cargo:rustc-link-arg=-Wl,-rpath,{dir}\");\n}}\n"
    );
    made.write("p/build.rs", script);
    made.write("p/src/lib.rs", "extern \"C\" { fn n() -> i32; }\npub fn number() -> i32 { unsafe { n() } }\n");
    made.write("p/tests/it.rs", "#[test]\nfn one() { assert_eq!(p::number(), 1); }\n");
    assert_eq!(counts(&made, &[]), [1, 1, 0]);
    assert_eq!(counts(&made, &[]), [0, 0, 1]);
    library(2);
    assert_eq!(judged(&made.json(1, &[]), "rust=here").1, "failed");
}

#[test]
fn a_file_that_a_build_read_affects_since() {
    let made = workspace();
    assert_eq!(counts(&made, &[]), [1, 1, 0]);
    made.write("watched.txt", "changed\n");
    made.run(&["plan", "--since", "HEAD"]).expect(0).prints(&["1 of 1 cells affected"]);
}

#[test]
fn a_lockfile_that_does_not_fit_is_no_failure_of_the_crate() {
    let made = workspace();
    let manifest = std::fs::read_to_string(made.path("p/Cargo.toml")).expect("reads");
    made.write("p/Cargo.toml", manifest.replace("0.1.0\"\nedition", "0.2.0\"\nedition"));
    let (verdict, outcome, cause) = judged(&made.json(3, &[]), "rust=here");
    assert_eq!((verdict.as_str(), outcome.as_str()), ("error", "infrastructure"));
    assert_eq!(cause, "Cargo.lock does not fit the manifests; `cargo update --workspace` makes it fit");
}

#[test]
fn a_package_that_others_need_in_another_version_is_told_apart() {
    let made = workspace();
    let package = |version: &str, more: &str| {
        format!("[package]\nname = \"p\"\nversion = \"{version}\"\nedition = \"2021\"\n[workspace]\n{more}")
    };
    made.write("../old/Cargo.toml", package("0.0.9", ""));
    made.write("../old/src/lib.rs", "");
    let beside = "[package]\nname = \"beside\"\nversion = \"0.1.0\"\nedition = \"2021\"\n[workspace]\n[dependencies]\np = { path = \"../old\" }\n";
    made.write("../beside/Cargo.toml", beside);
    let lock = "version = 3\n[[package]]\nname = \"beside\"\nversion = \"0.1.0\"\ndependencies = [\n \"p 0.0.9\",\n]\n[[package]]\nname = \
                \"p\"\nversion = \"0.0.9\"\n[[package]]\nname = \"p\"\nversion = \"0.1.0\"\ndependencies = [\n \"beside\",\n]\n";
    made.write("Cargo.lock", lock);
    assert_eq!(judged(&made.json(0, &[]), "rust=here").0, "ok");
}
