//! Other people's workspaces: every shape that cargo allows, run as it stands, its tree as it was.

#![allow(clippy::disallowed_methods, reason = "tests make files")]

use std::fmt::Write;

use serde_json::Value;

use crate::support::{judged, row, with_here, Workspace, PASSES};

const LIB: &str = "pub fn two() -> u32 { 2 }\n#[test]\nfn is_two() { assert_eq!(two(), 2); }\n";

/// The manifest of a library, and more.
fn manifest(name: &str, more: &str) -> String {
    format!("[package]\nname = \"{name}\"\nversion = \"0.1.0\"\nedition = \"2021\"\n{more}")
}

/// The spec of these packages.
fn spec(packages: &[&str], more: &str) -> String {
    with_here(&format!("[project]\npackages = {packages:?}\n[axis]\nrust = [HERE]\n{more}"))
}

/// A lockfile of packages that stand in no registry, each with what it depends on.
fn lock(packages: &[(&str, &[&str])]) -> String {
    let mut text = "version = 3\n".to_owned();
    for (name, dependencies) in packages {
        let _ = write!(text, "\n[[package]]\nname = \"{name}\"\nversion = \"0.1.0\"\n");
        if !dependencies.is_empty() {
            let list: Vec<String> = dependencies.iter().map(|name| format!(" \"{name}\",\n")).collect();
            let _ = write!(text, "dependencies = [\n{}]\n", list.concat());
        }
    }
    text
}

/// Runs the matrix, whose one cell must pass, and leaves the tree alone.
#[track_caller]
fn passes(made: &Workspace, tests: u64) -> Value {
    let json = made.assert_tree_unchanged(|| made.json(0, &[]));
    let row = row(&json, "rust=here");
    assert_eq!((row["verdict"].as_str(), row["tests"]["passed"].as_u64()), (Some("ok"), Some(tests)), "{row:#}");
    json
}

#[test]
fn an_async_crate() {
    // No registry here, so the executor is made by hand; the tests drive futures over threads as others do.
    let lib = r#"
use std::future::Future;
use std::sync::Arc;
use std::task::{Context, Poll, Wake, Waker};

struct Unpark(std::thread::Thread);
impl Wake for Unpark {
    fn wake(self: Arc<Self>) { self.0.unpark(); }
}
pub fn block_on<F: Future>(future: F) -> F::Output {
    let mut future = Box::pin(future);
    let waker = Waker::from(Arc::new(Unpark(std::thread::current())));
    loop {
        match future.as_mut().poll(&mut Context::from_waker(&waker)) {
            Poll::Ready(value) => return value,
            Poll::Pending => std::thread::park(),
        }
    }
}
pub struct Later(pub bool);
impl Future for Later {
    type Output = u32;
    fn poll(mut self: std::pin::Pin<&mut Self>, context: &mut Context<'_>) -> Poll<u32> {
        if std::mem::replace(&mut self.0, true) { return Poll::Ready(7); }
        let waker = context.waker().clone();
        std::thread::spawn(move || { std::thread::sleep(std::time::Duration::from_millis(5)); waker.wake() });
        Poll::Pending
    }
}
"#;
    let test = "#[test]\nfn waits() { assert_eq!(calm::block_on(async { calm::Later(false).await + 1 }), 8); }\n";
    let made = Workspace::of_files(
        "ws",
        &[
            ("Cargo.toml", &manifest("calm", "")),
            ("Cargo.lock", &lock(&[("calm", &[])])),
            ("src/lib.rs", lib),
            ("tests/waits.rs", test),
            ("compat/matrix.toml", &spec(&["calm"], "")),
        ],
    );
    passes(&made, 1);
}

#[test]
fn a_proc_macro_crate() {
    let lib = "use proc_macro::TokenStream;\n#[proc_macro]\npub fn answer(_: TokenStream) -> TokenStream { helper().parse().unwrap() }\n\
               fn helper() -> String { \"42\".to_owned() }\n#[cfg(test)]\nmod tests {\n    #[test]\n    fn helps() { assert_eq!(super::helper(), \"42\"); }\n}\n";
    let made = Workspace::of_files(
        "ws",
        &[
            ("Cargo.toml", &manifest("answers", "[lib]\nproc-macro = true\n")),
            ("Cargo.lock", &lock(&[("answers", &[])])),
            ("src/lib.rs", lib),
            ("tests/expands.rs", "#[test]\nfn expands() { assert_eq!(answers::answer!(), 42); }\n"),
            ("compat/matrix.toml", &spec(&["answers"], "")),
        ],
    );
    passes(&made, 2);
}

#[test]
fn executables_that_need_the_toolchain_s_shared_libraries() {
    let made = Workspace::of_files(
        "ws",
        &[
            ("Cargo.toml", &manifest("shared", "[lib]\ncrate-type = [\"dylib\"]\n")),
            ("Cargo.lock", &lock(&[("shared", &[])])),
            ("src/lib.rs", LIB),
            ("tests/uses.rs", "#[test]\nfn uses() { assert_eq!(shared::two(), 2); }\n"),
            (".cargo/config.toml", "[build]\nrustflags = [\"-Cprefer-dynamic\"]\n"),
            ("compat/matrix.toml", &spec(&["shared"], "")),
        ],
    );
    passes(&made, 2);
}

#[test]
fn a_virtual_workspace_with_a_nested_one_that_is_excluded() {
    let made = Workspace::of_files(
        "ws",
        &[
            ("Cargo.toml", "[workspace]\nresolver = \"2\"\nmembers = [\"crates/*\"]\nexclude = [\"crates/nested\"]\n"),
            ("Cargo.lock", &lock(&[("inner", &[]), ("outer", &["inner"])])),
            ("crates/inner/Cargo.toml", &manifest("inner", "")),
            ("crates/inner/src/lib.rs", LIB),
            ("crates/outer/Cargo.toml", &manifest("outer", "[dependencies]\ninner = { path = \"../inner\" }\n")),
            ("crates/outer/src/lib.rs", "#[test]\nfn uses() { assert_eq!(inner::two(), 2); }\n"),
            // A workspace of its own, of an edition that nobody knows.
            (
                "crates/nested/Cargo.toml",
                "[package]\nname = \"nested\"\nversion = \"0.1.0\"\nedition = \"2077\"\n[workspace]\n",
            ),
            ("crates/nested/src/lib.rs", "nonsense\n"),
            ("compat/matrix.toml", &spec(&["inner", "outer"], "")),
        ],
    );
    passes(&made, 2);
}

#[test]
fn a_package_at_the_root_with_members_below() {
    let files: &[(&str, &str)] = &[
        (
            "Cargo.toml",
            &manifest("top", "[dependencies]\nbelow = { path = \"below\" }\n[workspace]\nmembers = [\"below\"]\n"),
        ),
        ("Cargo.lock", &lock(&[("below", &[]), ("top", &["below"])])),
        ("src/lib.rs", "#[test]\nfn uses() { assert_eq!(below::two(), 2); }\n"),
        ("below/Cargo.toml", &manifest("below", "")),
        ("below/src/lib.rs", LIB),
        ("compat/matrix.toml", &spec(&["top"], "")),
    ];
    passes(&Workspace::of_files("ws", files), 1);
    let member = Workspace::of_files("ws", files).file("compat/matrix.toml", &spec(&["below"], ""));
    passes(&member, 1);
}

#[test]
fn features_reach_packages_of_old_editions() {
    // Without `resolver`, an edition before 2021 has the first one, which takes features for one package only.
    let old = |name: &str, more: &str| {
        manifest(name, &format!("[features]\ndefault = [\"std\"]\nstd = []\njson = []\n{more}")).replace("2021", "2018")
    };
    let lib =
        "#[test]\nfn tells() { println!(\"{}{}\", cfg!(feature = \"std\"), cfg!(feature = \"json\")); panic!() }\n";
    let sets = "[axis.features]\ndefault = []\nminimal = { default-features = false }\njson = [\"json\"]\n";
    let made = Workspace::of_files(
        "ws",
        &[
            ("Cargo.toml", &old("top", "[workspace]\nmembers = [\"below\"]\n")),
            ("Cargo.lock", &lock(&[("below", &[]), ("top", &[])])),
            ("src/lib.rs", lib),
            ("below/Cargo.toml", &old("below", "")),
            ("below/src/lib.rs", lib),
        ],
    );
    for package in ["top", "below"] {
        made.write("compat/matrix.toml", spec(&[package], sets));
        let json = made.assert_tree_unchanged(|| made.json(1, &[]));
        for (set, said) in [("default", "truefalse"), ("minimal", "falsefalse"), ("json", "truetrue")] {
            let row = row(&json, &format!("features={set}"));
            let output = row["record"]["failures"][0]["output"].as_str().unwrap_or_default();
            assert!(output.contains(said), "{package} with {set}: {row:#}");
        }
    }
    made.write("compat/matrix.toml", spec(&["top", "below"], sets));
    made.run(&["plan"]).expect(2).says(&["Cargo.toml", "resolver 1", "add `resolver = \"2\"` under [workspace]"]);
}

#[test]
fn path_dependencies_outside_the_root() {
    let made = Workspace::of_files(
        "ws",
        &[
            ("Cargo.toml", &manifest("inside", "[dependencies]\noutside = { path = \"../outside\" }\n")),
            ("Cargo.lock", &lock(&[("inside", &["outside"]), ("outside", &[])])),
            ("src/lib.rs", "#[test]\nfn uses() { assert_eq!(outside::two(), 2); }\n"),
            ("../outside/Cargo.toml", &manifest("outside", "")),
            ("../outside/src/lib.rs", LIB),
            ("compat/matrix.toml", &spec(&["inside"], "")),
        ],
    );
    let outside = made.path("../outside").canonicalize().expect("is there");
    crate::support::assert_tree_unchanged(&outside, || passes(&made, 1));
    // It is part of what is tested.
    made.write("../outside/src/lib.rs", "pub fn two() -> u32 { 3 }\n");
    assert_eq!(judged(&made.json(1, &[]), "rust=here").1, "failed");
}

#[test]
fn tests_with_a_harness_of_their_own() {
    let more = "[[test]]\nname = \"plain\"\nharness = false\n[[test]]\nname = \"breaks\"\nharness = false\n";
    let made = Workspace::of_files(
        "ws",
        &[
            ("Cargo.toml", &manifest("own", more)),
            ("Cargo.lock", &lock(&[("own", &[])])),
            ("src/lib.rs", LIB),
            ("tests/plain.rs", "fn main() { println!(\"all is well\"); }\n"),
            ("tests/breaks.rs", "fn main() {}\n"),
            ("compat/matrix.toml", &spec(&["own"], "")),
        ],
    );
    passes(&made, 3);
    made.write("tests/breaks.rs", "fn main() { std::process::exit(3) }\n");
    let json = made.json(1, &[]);
    assert_eq!(judged(&json, "rust=here").2, "breaks, which has its own harness, ended with code 3");
}

#[test]
fn tests_that_may_not_run_at_once() {
    // Each takes the one place there is; side by side they would meet.
    let test = "use std::sync::atomic::{AtomicBool, Ordering};\nstatic TAKEN: AtomicBool = AtomicBool::new(false);\n\
                fn alone() {\n    assert!(!TAKEN.swap(true, Ordering::SeqCst), \"met another\");\n    \
                std::thread::sleep(std::time::Duration::from_millis(80));\n    TAKEN.store(false, Ordering::SeqCst);\n}\n\
                #[test]\nfn one() { alone() }\n#[test]\nfn two() { alone() }\n#[test]\nfn three() { alone() }\n";
    let made = Workspace::bare()
        .tests(test)
        .file("compat/matrix.toml", &spec(&["made"], "[[suite]]\nname = \"tests\"\nargs = [\"--test-threads=1\"]\n"));
    passes(&made, 3);
}

#[test]
fn a_package_of_executables_alone() {
    let made = Workspace::of_files(
        "ws",
        &[
            ("Cargo.toml", &manifest("tool", "")),
            ("Cargo.lock", &lock(&[("tool", &[])])),
            ("src/main.rs", "fn main() { println!(\"{}\", two()); }\nfn two() -> u32 { 2 }\n#[test]\nfn is_two() { assert_eq!(two(), 2); }\n"),
            ("tests/starts.rs", "#[test]\nfn starts() {\n    let out = std::process::Command::new(env!(\"CARGO_BIN_EXE_tool\")).output().unwrap();\n    assert_eq!(out.stdout, b\"2\\n\");\n}\n"),
            ("compat/matrix.toml", &spec(&["tool"], "")),
        ],
    );
    passes(&made, 2);
}

#[test]
fn a_package_without_any_test_is_told_what_to_do() {
    let made = Workspace::of_files(
        "ws",
        &[
            ("Cargo.toml", &manifest("bare", "")),
            ("Cargo.lock", &lock(&[("bare", &[])])),
            ("src/lib.rs", "pub fn two() -> u32 { 2 }\n"),
            ("compat/matrix.toml", &spec(&["bare"], "")),
        ],
    );
    let json = made.assert_tree_unchanged(|| made.json(1, &[]));
    let (verdict, outcome, cause) = judged(&json, "rust=here");
    assert_eq!((verdict.as_str(), outcome.as_str()), ("broken", "failed"));
    assert!(cause.starts_with("no test ran; "), "{cause}");
}

#[test]
fn a_path_with_spaces_and_letters_of_other_languages() {
    let made = Workspace::of_files(
        "mein Ärger 日本語 'n\" $HOME",
        &[
            ("Cargo.toml", &manifest("made", "[dependencies]\nother = { path = \"der andere\" }\n")),
            ("Cargo.lock", &lock(&[("made", &["other"]), ("other", &[])])),
            ("src/lib.rs", LIB),
            ("der andere/Cargo.toml", &manifest("other", "")),
            ("der andere/src/lib.rs", LIB),
            ("src/größe.rs", "pub fn unused() {}\n"),
            ("compat/matrix.toml", &spec(&["made"], "")),
        ],
    );
    passes(&made, 1);
    // The lines to paste in a shell are quoted.
    let ran = made.run(&["repro", "rust=here"]);
    let lines = &ran.expect(0).stdout;
    let mut shell = std::process::Command::new("sh");
    crate::support::clean(&mut shell);
    shell.arg("-ec").arg(lines).current_dir("/");
    let shell = crate::support::finish(shell);
    shell.expect(0).prints(&["test result: ok. 1 passed"]);
}

#[test]
fn symbolic_links_that_leave_the_root() {
    let made = Workspace::of_files(
        "ws",
        &[
            ("Cargo.toml", &manifest("linked", "")),
            ("Cargo.lock", &lock(&[("linked", &[])])),
            ("src/lib.rs", "mod away;\n#[test]\nfn is_two() { assert_eq!(away::two(), 2); }\n"),
            ("../elsewhere/away.rs", "pub fn two() -> u32 { 2 }\n"),
            ("../elsewhere/deep/file", "deep\n"),
            ("compat/matrix.toml", &spec(&["linked"], "")),
        ],
    );
    let link = |to: &str, at: &str| std::os::unix::fs::symlink(to, made.path(at)).expect("links");
    link("../../elsewhere/away.rs", "src/away.rs");
    link("../elsewhere", "folder");
    link("/nowhere/at/all", "dangling");
    link(".", "round");
    let outside = made.path("../elsewhere").canonicalize().expect("is there");
    crate::support::assert_tree_unchanged(&outside, || passes(&made, 1));
    assert_eq!(crate::support::totals(&made.json(0, &[])), [0, 0, 1], "nothing has changed");
    // What a link of the sources leads to is a source.
    made.write("../elsewhere/deep/file", "deeper\n");
    assert_eq!(crate::support::totals(&made.json(0, &[])), [1, 1, 0]);
    made.write("../elsewhere/away.rs", "pub fn two() -> u32 { 3 }\n");
    assert_eq!(judged(&made.json(1, &[]), "rust=here").1, "failed");
}

#[test]
fn a_broken_member_is_named() {
    let made = Workspace::of_files(
        "ws",
        &[
            ("Cargo.toml", "[workspace]\nresolver = \"2\"\nmembers = [\"good\", \"bad\"]\n"),
            ("Cargo.lock", &lock(&[("good", &[])])),
            ("good/Cargo.toml", &manifest("good", "")),
            ("good/src/lib.rs", LIB),
            ("bad/Cargo.toml", "[package]\nname = \"bad\nversion = 1\n"),
            ("compat/matrix.toml", &spec(&["good"], "")),
        ],
    );
    for command in ["compat", "plan"] {
        let ran = made.assert_tree_unchanged(|| made.run(&[command]));
        ran.expect(2).says(&["cargo cannot read this workspace", "bad/Cargo.toml"]);
    }
    std::fs::remove_dir_all(made.path("bad")).expect("removes");
    made.run(&["compat"]).expect(2).says(&["cargo cannot read this workspace", "bad/Cargo.toml"]);
}

#[test]
fn without_a_lockfile_one_is_made_in_a_stage() {
    let made = Workspace::bare().file("compat/matrix.toml", &spec(&["made"], ""));
    std::fs::remove_file(made.path("Cargo.lock")).expect("removes");
    made.assert_tree_unchanged(|| {
        let json = made.json(0, &[]);
        assert_eq!(json["counts"], serde_json::json!({ "ok": 1 }), "{json:#}");
        assert_eq!(crate::support::totals(&made.json(0, &[])), [0, 0, 1], "the same lockfile, the same result");
    });
    // A dependency that cannot be had without network.
    let manifest = std::fs::read_to_string(made.path("Cargo.toml")).expect("reads");
    made.write("Cargo.toml", manifest + "[dependencies]\nnobody-has-published-this = \"1\"\n");
    for command in ["compat", "plan"] {
        let ran = made.assert_tree_unchanged(|| made.run(&[command]));
        ran.expect(2).says(&["no Cargo.lock in", "none could be made", "`cargo generate-lockfile` makes one"]);
    }
}

/// A tree made read-only, writable again when the value goes.
struct ReadOnly {
    root: std::path::PathBuf,
    mounted: bool,
}

impl ReadOnly {
    /// By its mode; where that stops nobody, by a mount. None where this user may not mount.
    fn new(root: std::path::PathBuf) -> Option<Self> {
        let mode = std::os::unix::fs::PermissionsExt::from_mode(0o555);
        std::fs::set_permissions(&root, mode).expect("sets the mode");
        let mut made = Self { root, mounted: false };
        if made.can_write() {
            made.mounted = made.mount(&["--bind"], true);
            if !made.mounted || !made.mount(&["-o", "remount,bind,ro"], false) {
                eprintln!("not tested: this user writes everywhere and may not mount");
                return None;
            }
        }
        Some(made)
    }

    fn can_write(&self) -> bool {
        let probe = self.root.join("probe");
        let can = std::fs::write(&probe, "").is_ok();
        let _ = std::fs::remove_file(probe);
        can
    }

    fn mount(&self, args: &[&str], on_itself: bool) -> bool {
        let mut mount = std::process::Command::new("mount");
        mount.args(args).args(on_itself.then_some(&self.root)).arg(&self.root).stderr(std::process::Stdio::null());
        mount.status().is_ok_and(|status| status.success())
    }
}

impl Drop for ReadOnly {
    fn drop(&mut self) {
        if self.mounted {
            let _ = std::process::Command::new("umount").arg("-l").arg(&self.root).status();
        }
        let mode = std::os::unix::fs::PermissionsExt::from_mode(0o755);
        let _ = std::fs::set_permissions(&self.root, mode);
    }
}

#[test]
fn a_tree_that_cannot_be_written_is_told() {
    let with_spec = Workspace::bare().tests(PASSES).file("compat/matrix.toml", &spec(&["made"], ""));
    let Some(read_only) = ReadOnly::new(with_spec.root()) else { return };
    for command in ["compat", "plan"] {
        let ran = with_spec.assert_tree_unchanged(|| with_spec.run(&[command]));
        ran.expect(3).says(&["cannot make the folder", "target/compat"]);
    }
    drop(read_only);
    let without = Workspace::bare();
    let Some(_read_only) = ReadOnly::new(without.root()) else { return };
    without.assert_tree_unchanged(|| without.run(&["init"])).expect(3).says(&["cannot make the folder", "compat"]);
    without.run(&["init", "--stdout"]).expect(0).prints(&["packages = ["]);
}
