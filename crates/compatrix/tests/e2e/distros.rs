//! Distributions: toolchains and SQLite libraries by apt, from archives that the tests make. The network is not used.

#![allow(clippy::disallowed_methods, reason = "tests make files and start tools")]

use std::fs;
use std::path::Path;

use serde_json::Value;

use crate::repository::{add_sqlite, apt, names, on_path, workspace, Repository, PLACE, SQLITE};
use crate::support::{finish, judged, row, signal, sysroot, text_of, totals, Workspace};

#[test]
fn a_distribution_s_sqlite_is_downloaded_once_and_run_with() {
    let Some(repository) = Repository::new() else { return };
    add_sqlite(&repository, "old", "3.98.0");
    add_sqlite(&repository, "new", "3.99.0");
    repository.publish("old", "archive");
    repository.publish("new", "archive");
    let made = workspace(&[
        ("debian-3.98.0", apt("old", "libsqlite3-0", &repository.line("old"))),
        ("debian-3.99.0", apt("new", "libsqlite3-0=3.99.0-1", &repository.serve("new"))),
    ]);
    // A key of the workspace's own, by a relative path.
    fs::copy(repository.path("archive.gpg"), made.path("compat/archive.gpg")).expect("copies");
    let spec = fs::read_to_string(made.path("compat/matrix.toml")).expect("reads");
    let absolute = repository.path("archive.gpg");
    let relative = spec.replacen(absolute.to_str().expect("UTF-8"), "compat/archive.gpg", 1);
    assert_ne!(spec, relative);
    made.write("compat/matrix.toml", relative);
    let before = made.tree();

    let plan = made.run(&["plan", "--format", "json"]);
    assert!(
        plan.expect(0).stdout.contains("debian-3.98.0") && !made.cache().join("compatrix/distro").exists(),
        "{plan}"
    );
    let json = made.json(0, &[]);
    assert_eq!(json["counts"], serde_json::json!({ "ok": 2 }), "{json:#}");
    // Both share one build: which of them is loaded is decided at run time.
    assert_eq!(totals(&json), [1, 2, 0]);
    let proof = row(&json, "sqlite=debian-3.99.0").to_string();
    assert!(proof.contains("3.99.0"), "{proof}");

    // Known without network from now on; and nothing half made lies about.
    drop(repository);
    let again = made.run(&["compat", "--format", "json", "--offline"]);
    again.expect(0).never_says("Providing");
    assert_eq!(totals(&again.json()), [0, 0, 2]);
    // With --fresh it is looked for anew, in vain, and what is here serves on.
    let fresh = made.run(&["compat", "--format", "json", "--fresh"]);
    fresh.expect(0).says(&["using the one in the cache"]);
    assert_eq!(fresh.json()["counts"], serde_json::json!({ "ok": 2 }), "{fresh}");
    let left: Vec<String> = names(&made.cache().join("compatrix/distro"));
    assert!(
        left.iter()
            .all(|name| name.starts_with("old-") || name.starts_with("new-") || name == "requests" || name == ".lock"),
        "{left:?}"
    );
    assert_eq!(made.tree(), before, "the user's tree was touched");

    // Another library in the cache's place is found out.
    let folder = left.iter().find(|name| name.starts_with("old-")).expect("the folder");
    let library = made.cache().join("compatrix/distro").join(folder).join("lib/libsqlite3.so.0");
    let new = left.iter().find(|name| name.starts_with("new-")).expect("the folder");
    fs::copy(made.cache().join("compatrix/distro").join(new).join("lib/libsqlite3.so.0"), library).expect("copies");
    let json = made.json(1, &["--offline"]);
    assert_eq!(judged(&json, "sqlite=debian-3.98.0").1, "misidentified");
}

#[test]
fn a_list_older_than_its_archive_is_fetched_anew() {
    let Some(repository) = Repository::new() else { return };
    let old = add_sqlite(&repository, "good", "3.98.0");
    repository.publish("good", "archive");
    let line = repository.serve("good");
    let made = workspace(&[
        ("debian-3.98.0", apt("good", "libunheard0", &line)),
        ("debian-3.99.0", apt("good", "libsqlite3-0", &line)),
    ]);
    // The first asks for a package that is not there, but fetches the lists.
    let spec = fs::read_to_string(made.path("compat/matrix.toml")).expect("reads");
    made.write("compat/matrix.toml", spec.replace("libunheard0", "libunheard0=1"));
    made.json(0, &["--cell", "sqlite=debian-3.98.0"]);
    fs::remove_file(old).expect("removes");
    repository.empty("good");
    add_sqlite(&repository, "good", "3.99.0");
    repository.publish("good", "archive");
    let json = made.json(0, &["--cell", "sqlite=debian-3.99.0"]);
    assert_eq!(judged(&json, "sqlite=debian-3.99.0").0, "ok", "{json:#}");
}

#[test]
fn a_pinned_version_brings_its_siblings_of_the_same_version() {
    let Some(repository) = Repository::new() else { return };
    for version in ["3.98.0", "3.99.0"] {
        let text = SQLITE.replace("VERSION", version);
        let library = repository.compile(&format!("pinned-{version}"), "libsqlite3.so.0", &text, &[]);
        let sibling = format!("Package: libpart0\nSource: sqlite3\nVersion: {version}-1\nSection: libs\n");
        repository.add("good", &sibling, &[]);
        let control = format!(
            "Package: libsqlite3-0\nSource: sqlite3\nVersion: {version}-1\nSection: libs\nDepends: libpart0 (= {version}-1)\n"
        );
        repository.add("good", &control, &[(PLACE, &library)]);
    }
    repository.publish("good", "archive");
    let line = repository.line("good");
    let made = workspace(&[
        ("debian-3.98.0", apt("good", "libsqlite3-0=3.98.0-1", &line)),
        // The newest, and by the other format of sources.
        ("debian-3.99.0", apt("good", "libsqlite3-0", &repository.stanza("good"))),
    ]);
    assert_eq!(made.json(0, &[])["counts"], serde_json::json!({ "ok": 2 }));
}

#[test]
fn a_cache_with_blanks_and_other_letters_in_its_path_will_do() {
    let Some(repository) = Repository::new() else { return };
    add_sqlite(&repository, "good", "3.98.0");
    repository.publish("good", "archive");
    let relative = repository.line("good").replace(&*repository.path("archive.gpg").to_string_lossy(), "archive.gpg");
    let made = workspace(&[("debian-3.98.0", apt("good", "libsqlite3-0", &relative))]);
    fs::copy(repository.path("archive.gpg"), made.path("archive.gpg")).expect("copies");
    let mut command = made.command(&["compat", "--format", "json"]);
    command.env("XDG_CACHE_HOME", made.path("../cæche of mine"));
    let ran = finish(command);
    assert_eq!(judged(&ran.expect(0).json(), "sqlite=debian-3.98.0").0, "ok", "{ran}");
}

#[test]
fn two_workspaces_at_once_share_one_download() {
    let Some(repository) = Repository::new() else { return };
    add_sqlite(&repository, "good", "3.98.0");
    repository.publish("good", "archive");
    let distros = [("debian-3.98.0", apt("good", "libsqlite3-0", &repository.line("good")))];
    let (one, other) = (workspace(&distros), workspace(&distros));
    let cache = one.cache();
    let run = |made: &Workspace| {
        let mut command = made.command(&["compat", "--format", "json"]);
        command.env("XDG_CACHE_HOME", &cache);
        let ran = finish(command);
        assert_eq!(judged(&ran.expect(0).json(), "sqlite=debian-3.98.0").0, "ok", "{ran}");
    };
    std::thread::scope(|scope| {
        scope.spawn(|| run(&one));
        run(&other);
    });
    let folders = names(&cache.join("compatrix/distro"));
    let mine: Vec<&String> = folders.iter().filter(|name| name.starts_with("good-")).collect();
    assert_eq!(mine.len(), 1, "{folders:?}");

    // What somebody removed is had again.
    fs::remove_file(cache.join("compatrix/distro").join(mine[0]).join("lib/libsqlite3.so.0")).expect("removes");
    run(&one);
}

#[test]
fn a_cache_that_cannot_be_written_is_the_machine_s_failure() {
    let Some(repository) = Repository::new() else { return };
    add_sqlite(&repository, "good", "3.98.0");
    repository.publish("good", "archive");
    let made = workspace(&[("debian-3.98.0", apt("good", "libsqlite3-0", &repository.line("good")))]);
    fs::create_dir_all(made.cache().join("compatrix")).expect("makes the folder");
    fs::write(made.cache().join("compatrix/distro"), "in its place").expect("writes");
    made.run(&["compat"]).expect(3).says(&["libsqlite3-0 of good: ", "cannot make the folder"]);
}

#[test]
fn an_interrupt_ends_a_download_and_leaves_nothing_half_made() {
    let Some(repository) = Repository::new() else { return };
    // Takes the connection, and says nothing.
    let silent = std::net::TcpListener::bind("127.0.0.1:0").expect("a port");
    let port = silent.local_addr().expect("an address").port();
    let line =
        format!("deb [signed-by={}] http://127.0.0.1:{port} good main", repository.path("archive.gpg").display());
    let made = workspace(&[("debian-3.98.0", apt("good", "libsqlite3-0", &line))]);
    let mut command = made.command(&["compat"]);
    command.stdout(std::process::Stdio::piped()).stderr(std::process::Stdio::piped());
    let child = command.spawn().expect("starts");
    let (_connection, _) = silent.accept().expect("apt connects");
    signal(&child, rustix::process::Signal::INT);
    let output = child.wait_with_output().expect("ends");
    assert_eq!(output.status.code(), Some(130), "{}", text_of(output.stderr));
    made.expect_no_processes();
    let left = names(&made.cache().join("compatrix/distro"));
    assert_eq!(left, [".lock"]);
    // It was no failure, so nothing is remembered.
    assert!(made.run(&["plan"]).expect(0).stdout.contains("libsqlite3-0 of good, by apt"));
}

/// A program that is another program, and needs a library of its own distribution to start.
const PROXY: &str = "\
int second(void);
int execv(const char *, char **);
int main(int argc, char **argv) { argv[0] = \"REAL\"; return second() ? 1 : execv(\"REAL\", argv); }
";

const LOOKS_AROUND: &str = r#"
#[test]
fn nothing_of_the_distribution_is_here() {
    // cargo itself leads the loader to what it built and to std.
    let led = |value: &str| value.contains("/usr/lib/x") || value.contains("/lib/y");
    let set: Vec<_> = std::env::vars().filter(|(name, value)| name.starts_with("LD_") && (name != "LD_LIBRARY_PATH" || led(value))).collect();
    assert!(set.is_empty(), "{set:?}");
    let loaded = std::fs::read_to_string("/proc/self/maps").unwrap();
    assert!(!loaded.contains("libsecond"), "{loaded}");
    assert!(!env!("SEEN_BY_BUILD").contains("/usr/lib/x"), "{}", env!("SEEN_BY_BUILD"));
}
"#;

const LOOKS_TOO: &str = r#"
fn main() {
    println!("cargo:rustc-env=SEEN_BY_BUILD={}", std::env::var("LD_LIBRARY_PATH").unwrap_or_default());
}
"#;

#[test]
fn a_distribution_s_toolchain_finds_its_libraries_and_the_tests_do_not() {
    let Some(repository) = Repository::new() else { return };
    if !on_path("patchelf") {
        eprintln!("not tested: patchelf is not on PATH, and the archive of this test has none");
        return;
    }
    // The library needs another, and names a folder itself, so that what its program names does not count for it.
    let third = repository.compile("third", "libthird.so.1", "int third(void) { return 0; }", &[]);
    repository.add("made", "Package: libthird1\nVersion: 1\nSection: oldlibs\n", &[("lib/y/libthird.so.1", &third)]);
    let text = "int third(void); int second(void) { return third(); }";
    let runpath = "-Wl,--enable-new-dtags,-rpath,/nowhere";
    let second = repository.compile("second", "libsecond.so.1", text, &["./third", runpath]);
    let control = "Package: libsecond1\nVersion: 1\nSection: libs\nDepends: libthird1 (>= 1) | libnone\n";
    repository.add("made", control, &[("usr/lib/x/libsecond.so.1", &second)]);
    // What is no library stays out, and what is not there need not be: the host's compiler serves.
    repository.add("made", "Package: gcc\nVersion: 1\nSection: devel\n", &[]);
    for (package, tools) in [("rustc", &["rustc", "rustdoc"][..]), ("cargo", &["cargo"])] {
        let built: Vec<_> = tools
            .iter()
            .map(|tool| {
                let real = Path::new(sysroot()).join("bin").join(tool);
                let text = PROXY.replace("REAL", real.to_str().expect("UTF-8"));
                (
                    format!("usr/bin/{tool}"),
                    repository.compile(tool, "", &text, &["./second", "-Wl,--allow-shlib-undefined"]),
                )
            })
            .collect();
        let files: Vec<(&str, &Path)> = built.iter().map(|(to, from)| (to.as_str(), from.as_path())).collect();
        let control = format!("Package: {package}\nVersion: 1.0-1\nSection: rust\nDepends: libsecond1, gcc\n");
        repository.add("made", &control, &files);
    }
    repository.publish("made", "archive");
    let spec = format!(
        "[axis]\nrust = [\"debian\"]\n[distro.debian]\napt = {{ suite = \"made\", rust = \"rustc\", cargo = \"cargo\", \
         sources = [{:?}] }}\n",
        repository.line("made")
    );
    let made = Workspace::new(&spec).tests(LOOKS_AROUND).file("build.rs", LOOKS_TOO);
    let json = made.json(0, &[]);
    assert_eq!(judged(&json, "rust=debian").0, "ok", "{json:#}");
    let folders = names(&made.cache().join("compatrix/distro"));
    let folder = folders.iter().find(|name| name.starts_with("made-")).expect("the folder");
    let note = made.cache().join("compatrix/distro").join(folder).join("built.json");
    let note: Value = serde_json::from_str(&fs::read_to_string(note).expect("reads")).expect("JSON");
    let packages: Vec<&str> =
        note["packages"].as_array().expect("a list").iter().filter_map(|p| p["name"].as_str()).collect();
    assert_eq!(packages, ["cargo", "libsecond1", "libthird1", "rustc"]);
}
