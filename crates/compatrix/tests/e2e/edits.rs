//! A law: every honest edit of an input is seen, and no other edit makes anything run again.

use std::path::Path;

use crate::inputs::workspace;
use crate::support::{finish, with_here, Workspace};

/// How many edits of each kind. All in one go take minutes; CI makes fewer, of which chance chooses others in each place.
fn edits() -> usize {
    std::env::var("COMPATRIX_EDITS").ok().and_then(|text| text.parse().ok()).unwrap_or(100)
}

const SPEC: &str =
    "[project]\npackages = [\"p\"]\n[axis]\nrust = [HERE]\nmode = { env = \"MODE\", values = { a = \"good\" } \
                    }\n[axis.features]\nset = []\n[[suite]]\nname = \"tests\"\nenv = { EXTRA = \"1\" }\n";

/// An edit, undone when it is dropped.
struct Edit<'a> {
    made: &'a Workspace,
    path: String,
    before: Option<Vec<u8>>,
    vars: Vec<(&'static str, String)>,
}

impl Edit<'_> {
    /// Whether the one result counts as known.
    fn is_known(&self) -> bool {
        let mut command = self.made.command(&["plan", "--format", "json"]);
        command.envs(self.vars.iter().map(|(name, value)| (*name, value.as_str())));
        let plan = finish(command).expect(0).json();
        plan["runs"].as_array().is_some_and(|runs| runs.len() == 1 && runs[0]["known"] == true)
    }
}

impl Drop for Edit<'_> {
    fn drop(&mut self) {
        if self.path.is_empty() {
            return;
        }
        match &self.before {
            Some(before) => self.made.write(&self.path, before),
            None => drop(std::fs::remove_file(self.made.path(&self.path))),
        }
    }
}

/// Numbers without pattern, the same from the same seed (xorshift).
struct Chance(u64);

impl Chance {
    fn below(&mut self, n: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 % n as u64) as usize
    }
}

fn edit<'a>(made: &'a Workspace, path: &str, change: impl FnOnce(String) -> String) -> Edit<'a> {
    let before = std::fs::read(made.path(path)).ok();
    let text = String::from_utf8(before.clone().unwrap_or_default()).expect("text");
    made.write(path, change(text));
    Edit { made, path: path.to_owned(), before, vars: Vec::new() }
}

fn variable<'a>(made: &'a Workspace, name: &'static str, value: String) -> Edit<'a> {
    Edit { made, path: String::new(), before: None, vars: vec![(name, value)] }
}

/// With a date of an hour ago.
fn dated(edit: Edit<'_>) -> Edit<'_> {
    let file = std::fs::File::options().write(true).open(edit.made.path(&edit.path)).expect("opens");
    file.set_modified(std::time::SystemTime::now() - std::time::Duration::from_secs(3600)).expect("sets the date");
    edit
}

fn replaced(from: &'static str, to: String) -> impl FnOnce(String) -> String {
    move |text| {
        let changed = text.replacen(from, &to, 1);
        assert_ne!(changed, text, "`{from}` is there");
        changed
    }
}

/// Some edit of an input.
fn of_input<'a>(made: &'a Workspace, chance: &mut Chance, n: usize) -> (String, Edit<'a>) {
    let texts = [
        "p/src/lib.rs",
        "p/tests/it.rs",
        "p/build.rs",
        "../beside/src/lib.rs",
        "../number.txt",
        "a b/com piled.txt",
        "watched.txt",
        "watched/below/x",
        "p/made.txt",
        "p/Cargo.toml",
        "../beside/Cargo.toml",
        "../.cargo/config.toml",
        "../config/more.toml",
        "../tools/wrap",
    ];
    let adds = [
        "p/tests/more.rs",
        "p/src/more.rs",
        "watched/new",
        "p/tests/data/x.bin",
        ".cargo/config.toml",
        "p/.cargo-not/x",
    ];
    let vars = ["TZ", "CFLAGS", "LC_ALL", "LANG", "USER", "AR", "SHELL"];
    let what = chance.below(texts.len() + adds.len() + vars.len() + 9);
    let comment = |text: String| format!("{text}\n# {n}\n");
    let (name, edit) = if let Some(path) = texts.get(what) {
        let change = |text: String| if path.ends_with(".rs") { format!("{text}\n// {n}\n") } else { comment(text) };
        let edit = edit(made, path, change);
        ((*path).to_owned(), if chance.below(2) == 0 { dated(edit) } else { edit })
    } else if let Some(path) = adds.get(what - texts.len()) {
        ((*path).to_owned(), edit(made, path, |_| format!("# {n}\n")))
    } else if let Some(name) = vars.get(what - texts.len() - adds.len()) {
        ((*name).to_owned(), variable(made, name, format!("x{n}")))
    } else {
        let spec = "compat/matrix.toml";
        match what - texts.len() - adds.len() - vars.len() {
            0 => ("an own axis".into(), edit(made, spec, replaced("\"good\"", format!("\"other{n}\"")))),
            1 => (
                "the suite's variables".into(),
                edit(made, spec, replaced("EXTRA = \"1\"", format!("EXTRA = \"{n}x\""))),
            ),
            2 => (
                "the suite's arguments".into(),
                edit(made, spec, |text| format!("{text}args = [\"--skip\", \"no{n}\"]\n")),
            ),
            3 => ("the suite's limit".into(), edit(made, spec, |text| format!("{text}timeout = \"{}s\"\n", n + 600))),
            4 => (
                "a profile".into(),
                edit(made, "Cargo.toml", |text| format!("{text}[profile.dev]\nopt-level = {}\n", n % 3 + 1)),
            ),
            5 => (
                "lints".into(),
                edit(made, "Cargo.toml", |text| format!("{text}[workspace.lints.rust]\nx{n} = \"allow\"\n")),
            ),
            6 => ("a feature set".into(), edit(made, spec, replaced("set = []", "set = [\"f\"]".to_owned()))),
            7 => ("a removed file".into(), {
                let edit = edit(made, "watched.txt", |text| text);
                std::fs::remove_file(made.path("watched.txt")).expect("removes");
                edit
            }),
            _ => ("the path".into(), {
                let dir = made.path("../more bin");
                std::fs::create_dir_all(&dir).expect("makes it");
                let path = std::env::var("PATH").unwrap_or_default();
                variable(made, "PATH", format!("{}:{path}", dir.display()))
            }),
        }
    };
    (name, edit)
}

/// Some edit of what nothing reads.
fn of_no_input<'a>(made: &'a Workspace, chance: &mut Chance, n: usize) -> (String, Edit<'a>) {
    let files = [
        "README.md",
        "docs/x.md",
        "other/data.txt",
        "../elsewhere/y",
        ".ignore",
        "../.ignore",
        ".git/info/exclude",
        "target/x",
        "../.gitignore",
        "docs/COMPATIBILITY.md",
        "p/unread.log",
        ".github/workflows/mine.yml",
    ];
    let vars = ["TMPDIR", "https_proxy", "SSH_AUTH_SOCK", "SECRET_TOKEN", "RUSTFLAGS", "CARGO_NET_RETRY"];
    let what = chance.below(files.len() + vars.len() + 4);
    let same = ["p/src/lib.rs", "p/tests/it.rs", "../number.txt", "watched.txt"];
    if let Some(path) = files.get(what) {
        ((*path).to_owned(), edit(made, path, |_| format!("*.rs\n# {n}\n")))
    } else if let Some(name) = vars.get(what - files.len()) {
        let value = if *name == "TMPDIR" { std::env::temp_dir().display().to_string() } else { n.to_string() };
        ((*name).to_owned(), variable(made, name, value))
    } else {
        match what - files.len() - vars.len() {
            0 => ("a comment of the spec".into(), edit(made, "compat/matrix.toml", |text| format!("# {n}\n{text}"))),
            1 => ("a new date".into(), edit(made, same[chance.below(same.len())], |text| text)),
            2 => ("an old date".into(), dated(edit(made, same[chance.below(same.len())], |text| text))),
            _ => (
                "a claim".into(),
                edit(made, "compat/matrix.toml", |text| format!("{text}[claims]\nrust = \"1.{}\"\n", n % 50 + 20)),
            ),
        }
    }
}

fn start() -> Workspace {
    let made = workspace();
    let manifest = std::fs::read_to_string(made.path("p/Cargo.toml")).expect("reads");
    made.write("p/Cargo.toml", manifest + "[features]\nf = []\n");
    made.write("compat/matrix.toml", with_here(SPEC));
    made.write(".gitignore", "target\np/made.txt\n*.log\n");
    assert!(Path::new(&made.path("p/made.txt")).exists());
    made.json(0, &[]);
    let edit = variable(&made, "NOTHING", String::new());
    assert!(edit.is_known(), "it is known at the start");
    drop(edit);
    made
}

#[test]
fn every_honest_edit_is_seen() {
    let made = start();
    let mut chance = Chance(0x9E37_79B9_7F4A_7C15);
    for n in 0..edits() {
        let (name, edit) = of_input(&made, &mut chance, n);
        assert!(!edit.is_known(), "edit {n}, {name}, is not seen");
    }
    assert!(variable(&made, "NOTHING", String::new()).is_known(), "all is as it was");
}

#[test]
fn what_is_no_input_makes_nothing_run_again() {
    let made = start();
    let mut chance = Chance(0xD1B5_4A32_D192_ED03);
    for n in 0..edits() {
        let (name, edit) = of_no_input(&made, &mut chance, n);
        assert!(edit.is_known(), "edit {n}, {name}, counts as one of an input");
    }
}
