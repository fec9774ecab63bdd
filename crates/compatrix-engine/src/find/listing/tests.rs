//! What is a source and what is none, as real gits have it.

#![cfg(unix)] // under wine there is no git
#![allow(clippy::disallowed_methods, reason = "tests make repositories")]

use std::process::Command;

use super::*;
use crate::sys::environment::Ambient;

struct Made {
    _dir: tempfile::TempDir,
    /// Holds the workspace `w`, and what is around it.
    above: PathBuf,
    host: Host,
    project: Project,
}

fn project(more: &str) -> Project {
    let text = format!("[project]\npackages = [\"a\"]\n{more}\n[axis]\nrust = [\"stable\"]\n");
    compatrix_model::spec_text::parse(&text, "compat/matrix.toml", &[]).expect("a spec").spec.project
}

/// A workspace with a package `a`, in no repository, of a user whose own ignore rules name everything.
fn made() -> Made {
    let dir = tempfile::tempdir().expect("a folder");
    let above = files::real(dir.path()).expect("is there");
    let path = std::env::var("PATH").expect("a PATH");
    let home = above.join("home");
    let mut host = Host::for_test(&above.join("w"));
    host.ambient = Ambient::of([
        ("PATH", path.as_str()),
        ("HOME", home.to_str().expect("UTF-8")),
        ("GIT_DIR", "/nowhere"),
        ("GIT_INDEX_FILE", "/nowhere/index"),
        ("GIT_WORK_TREE", "/nowhere"),
    ]);
    let made = Made { _dir: dir, above, host, project: project("") };
    let made = made.write("home/.gitconfig", format!("[core]\nexcludesFile = {}\n", home.join("rules").display()));
    let made = made.write("home/rules", "*.rs\n").write(".gitignore", "*\n").write(".ignore", "*\n");
    made.write("w/Cargo.toml", "[workspace]\nmembers = [\"a\"]\n")
        .write("w/a/Cargo.toml", "")
        .write("w/a/src/lib.rs", "")
}

impl Made {
    fn write(self, path: &str, text: impl AsRef<[u8]>) -> Self {
        files::write(&self.above.join(path), text.as_ref()).expect("writes");
        self
    }

    /// git in a folder of it, as another user would run it.
    #[track_caller]
    fn git(self, dir: &str, args: &[&str]) -> Self {
        let mut git = Command::new("git");
        git.env("HOME", self.above.join("nobody")).env_remove("GIT_DIR").env("GIT_CONFIG_NOSYSTEM", "1");
        git.args(["-c", "user.name=t", "-c", "user.email=t@example.org", "-c", "protocol.file.allow=always"]);
        let done = git.args(args).current_dir(self.above.join(dir)).output().expect("starts git");
        assert!(done.status.success(), "{args:?}: {}", String::from_utf8_lossy(&done.stderr));
        self
    }

    fn committed(self) -> Self {
        self.git("w", &["init", "-q"]).git("w", &["add", "-A"]).git("w", &["commit", "-qm", "x"])
    }

    fn places(&self) -> Places {
        let set = |paths: &[&str]| paths.iter().map(|path| self.above.join(path)).collect::<BTreeSet<_>>();
        Places { under_test: set(&["w/a"]), packages: set(&["w/a"]), built: set(&["w/target"]), ..Places::default() }
    }

    fn list(&self) -> Listing {
        list(&self.host, &self.project, &self.places()).expect("lists")
    }

    /// The sources beside the two files of the package, below the folder with all.
    #[track_caller]
    fn more(&self, expected: &[&str]) {
        let own = ["w/a/Cargo.toml", "w/a/src/lib.rs"];
        let shown = |entry: &Entry| entry.path.strip_prefix(&self.above).expect("in it").to_string_lossy().into_owned();
        let (known, more): (Vec<String>, Vec<String>) =
            self.list().entries.iter().map(shown).partition(|path| own.contains(&path.as_str()));
        assert_eq!((known.len(), more), (2, expected.iter().map(|path| (*path).to_owned()).collect()));
    }
}

#[test]
fn only_rules_of_the_repository_itself_count() {
    let made =
        made().write("w/a/.ignore", "*\n").write("w/a/CACHEDIR.TAG", "").write("w/.gitignore", "*.log\nmade.rs\n");
    let made = made.write("w/a/src/made.rs", "").git("w", &["init", "-q"]).git("w", &["add", "-f", "a/src/made.rs"]);
    let made = made.write("w/.git/info/exclude", "*\n").write("w/a/x.log", "").write("w/a/new", "");
    made.more(&["w/a/.ignore", "w/a/CACHEDIR.TAG", "w/a/new", "w/a/src/made.rs"]);
    let tracked: Vec<bool> = made.list().entries.iter().map(|entry| entry.tracked).collect();
    assert_eq!(tracked.iter().filter(|tracked| **tracked).count(), 1);
}

#[test]
fn odd_names_are_names() {
    let made = made().committed().write("w/a/a \"b\"\n*[c]", "").write("w/a/:(top)x", "").write("w/a/ä", "");
    made.more(&["w/a/:(top)x", "w/a/a \"b\"\n*[c]", "w/a/ä"]);
    let odd = crate::sys::os::meta::path(b"\xff");
    std::fs::write(made.above.join("w/a").join(odd), "").expect("writes");
    assert_eq!(made.list().entries.len(), 6);
}

#[test]
fn without_git_all_counts_that_cargo_did_not_build() {
    let made = made().write("w/.gitignore", "*\n").write("w/a/.hidden/x", "").write("w/a/target/x", "");
    made.more(&["w/a/.hidden/x", "w/a/target/x"]);
    let mut places = made.places();
    places.built.insert(made.above.join("w/a/target"));
    assert_eq!(list(&made.host, &made.project, &places).expect("lists").entries.len(), 3);
    // What is left of a work tree.
    let made = made.write("w/.git", "gitdir: /nowhere/at/all\n");
    made.more(&["w/a/.hidden/x", "w/a/target/x"]);
}

#[test]
fn no_git_at_all_is_as_no_repository() {
    let mut made = made().write("w/.gitignore", "x\n").committed().write("w/a/x", "");
    made.more(&[]);
    made.host.ambient = Ambient::of([("PATH", "/nowhere")]);
    made.more(&["w/a/x"]);
}

#[test]
fn a_package_that_git_knows_nothing_of_is_an_error() {
    let made = made().write("w/.gitignore", "/a\n").committed();
    let error = Error::from(list(&made.host, &made.project, &made.places()).expect_err("an error"));
    assert!(matches!(&error, Error::Usage(text) if text.contains("git add --force")), "{error}");
    // One that is not under test may be made on each machine.
    let places = Places { under_test: BTreeSet::new(), ..made.places() };
    assert_eq!(list(&made.host, &made.project, &places).expect("lists").entries.len(), 2);
}

#[test]
fn other_repositories_in_a_package_have_rules_of_their_own() {
    let made = made().write("other/lib.c", "").write("other/x.o", "").write("other/.gitignore", "*.o\n");
    let made = made.git("other", &["init", "-q"]).git("other", &["add", "-A"]).git("other", &["commit", "-qm", "x"]);
    let made = made.committed().git("w", &["submodule", "--quiet", "add", "../other", "a/sub"]);
    let made = made.git("w", &["commit", "-qm", "sub"]).write("w/a/sub/x.o", "").write("w/a/sub/new.c", "");
    // Not checked in anywhere.
    let made = made.write("w/a/nested/y", "").git("w/a/nested", &["init", "-q"]);
    made.more(&["w/a/nested/y", "w/a/sub/.gitignore", "w/a/sub/lib.c", "w/a/sub/new.c"]);
    // A submodule that is not there is no error.
    let made = made.git("w", &["submodule", "--quiet", "deinit", "-f", "a/sub"]);
    made.more(&["w/a/nested/y"]);
}

#[test]
fn a_work_tree_and_a_sparse_checkout() {
    let mut made = made().write("w/a/big/x", "").write("w/b/y", "").committed();
    made = made.git("w", &["worktree", "add", "-q", "../tree"]).write("tree/a/new", "");
    made.host.root = made.above.join("tree");
    let mut places = made.places();
    places.packages = BTreeSet::from([made.above.join("tree/a")]);
    places.under_test = places.packages.clone();
    assert_eq!(list(&made.host, &made.project, &places).expect("lists").entries.len(), 4);
    let made = made.git("tree", &["sparse-checkout", "set", "--no-cone", "/*", "!/a/big/"]);
    assert_eq!(list(&made.host, &made.project, &places).expect("lists").entries.len(), 3);
}

#[test]
fn links_and_what_cannot_be_read() {
    let made = made().write("elsewhere/y", "1").write("w/data/z", "").committed();
    let link = |to: &str, at: &str| crate::sys::files::symlink(to, &made.above.join(at)).expect("links");
    link("../../elsewhere", "w/a/out");
    link("../data/z", "w/a/z");
    link("..", "w/a/round");
    link("/nowhere", "w/a/dangling");
    made.more(&["w/a/dangling", "w/a/out", "w/a/out/y", "w/a/round", "w/a/z"]);
    let beyond = made.list().beyond;
    assert!(
        beyond.contains(&made.above.join("elsewhere")) && beyond.contains(&made.above.join("w/data/z")),
        "{beyond:?}"
    );
    let content = |path: &str| {
        let entries = made.list().entries;
        entries.into_iter().find(|entry| entry.path == made.above.join(path)).map(|entry| entry.content)
    };
    assert_eq!(content("w/a/dangling"), Some(Content::Link("/nowhere".to_owned())));
    assert_eq!(content("w/a/z"), Some(Content::File(files::hash_bytes(b""))));
}

#[test]
fn workflows_that_are_generated_are_ours_and_others_are_not() {
    let generated =
        compatrix_ci::generate::header::header("jobs: {}\n", &compatrix_ci::Place::default()) + "jobs: {}\n";
    let made =
        made().write("w/.github/workflows/made.yml", &generated).write("w/.github/workflows/own.yml", "x").committed();
    let root = BTreeSet::from([made.above.join("w")]);
    let places = Places { under_test: root.clone(), packages: root, ..made.places() };
    let listed = list(&made.host, &made.project, &places).expect("lists").entries;
    let names: Vec<_> = listed.iter().filter_map(|entry| entry.path.file_name()?.to_str()).collect();
    assert!(names.contains(&"own.yml") && !names.contains(&"made.yml"), "{names:?}");
}

#[test]
fn inputs_of_the_spec_are_sources() {
    let made =
        made().write("w/data/x/y.json", "").write("w/data/z", "").write("w/gen/a", "").write("w/.gitignore", "gen\n");
    let mut made = made.committed().write("w/data/new.json", "");
    made.more(&[]);
    made.project = project("inputs = [\"data/**/*.json\", \"gen\"]");
    made.more(&["w/data/new.json", "w/data/x/y.json", "w/gen/a"]);
    made.project = project("inputs = [\"data\", \"dat/**\"]");
    made.more(&["w/data/new.json", "w/data/x/y.json", "w/data/z"]);
    assert_eq!(made.list().unmatched, ["dat/**"]);
}

#[test]
fn paths_in_source_texts_lead_to_inputs() {
    let text = r#"
        #[test] fn a() { read("../data/x"); read("../gone"); read("../data/secret"); read("../../home/rules"); }
        const DIR: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../data/dir");
        fn b() { include_str!("../../data/y") }
    "#;
    let made = made().write("w/data/x", "").write("w/data/dir/1", "").write("w/data/y", "").write("w/data/z", "");
    let mut made =
        made.write("w/a/tests/a.rs", text).write("w/.gitignore", "secret\n").committed().write("w/data/secret", "");
    made.more(&["w/a/tests/a.rs", "w/data/dir/1", "w/data/x", "w/data/y"]);
    let listing = made.list();
    let unclear: Vec<(usize, &str)> = listing.unclear.iter().map(|one| (one.line, one.path.as_str())).collect();
    assert_eq!(unclear, [(2, "../../home/rules")]);
    // One that is gone counts when it comes, or was there.
    assert!(listing.beyond.contains(&made.above.join("w/gone")), "{:?}", listing.beyond);
    made.project = project("inputs = []");
    assert_eq!(made.list().unclear, []);
}
