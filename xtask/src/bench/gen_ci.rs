//! `gen-ci`: what the plan of an event and its workflow cost, from a spec of five thousand cells.

use std::process::Command;

use anyhow::{bail, Context, Result};

use super::process::{measure, median, row};
use super::scene::Bench;

/// 5,000 cells in the plan of one event: 25 toolchains, 10 SQLites, 5 fixtures, 4 feature sets; in 200 builds, each with a
/// job of its own.
const SPEC: &str = r#"
[project]
packages = ["made-up"]
[axis]
rust = [RUSTS]
sqlite = ["bundled", "host", "3.33.0", "3.35.4", "3.37.0", "3.38.2", "3.39.2", "3.41.2", "3.44.0", "3.46.0"]
schema = "fixtures/*"
[axis.features]
none = { default-features = false }
a = ["a"]
b = ["b"]
all = ["a", "b"]
[ci.runners]
linux-x86_64 = "ubuntu-24.04"
[ci.pull_request]
compat = "local"
"#;

const MANIFEST: &str = "[package]\nname = \"made-up\"\nversion = \"0.1.0\"\nedition = \"2021\"\n\n[features]\nbundled = [\"rusqlite/bundled\"]\n\
                        a = []\nb = []\n\n[dependencies]\nrusqlite = \"0.31\"\n\n[workspace]\n";

const LOCK: &str = "version = 3\n\n[[package]]\nname = \"libsqlite3-sys\"\nversion = \"0.28.0\"\nsource = \
                    \"registry+https://github.com/rust-lang/crates.io-index\"\n\n[[package]]\nname = \"made-up\"\nversion = \
                    \"0.1.0\"\ndependencies = [\n \"rusqlite\",\n]\n\n[[package]]\nname = \"rusqlite\"\nversion = \"0.31.0\"\n\
                    source = \"registry+https://github.com/rust-lang/crates.io-index\"\ndependencies = [\n \"libsqlite3-sys\",\n]\n";

/// `gen-ci` and `gen-ci --check`, each as a whole process: first, and with nothing changed.
pub(super) fn gen_ci(bench: &Bench) -> Result<()> {
    let root = bench.scratch.join("gen-ci");
    if root.exists() {
        std::fs::remove_dir_all(&root)?;
    }
    let rusts: Vec<String> = (0..25).map(|n| format!("\"1.{}\"", 60 + n)).collect();
    let spec = SPEC.replace("RUSTS", &rusts.join(", "));
    let mut files = vec![
        ("Cargo.toml".to_owned(), MANIFEST.to_owned()),
        ("Cargo.lock".to_owned(), LOCK.to_owned()),
        ("src/lib.rs".to_owned(), String::new()),
        ("compat/matrix.toml".to_owned(), spec),
    ];
    for n in 0..5 {
        let fixture = "vintage = 1\napp = \"1.0\"\nintent = \"made up\"\nexpect = \"ok\"\nsql = [\"schema.sql\"]\n";
        files.push((format!("compat/fixtures/v{n}/fixture.toml"), fixture.to_owned()));
        files.push((format!("compat/fixtures/v{n}/schema.sql"), "CREATE TABLE t (x);\n".to_owned()));
    }
    for (path, text) in files {
        let path = root.join(path);
        std::fs::create_dir_all(path.parent().context("no folder")?)?;
        std::fs::write(path, text)?;
    }
    let log = bench.scratch.join("gen-ci.log");
    let program = |args: &[&str]| {
        let mut program = Command::new(&bench.program);
        program.arg("--root").arg(&root).arg("gen-ci").args(args).env_remove("CARGO_TARGET_DIR");
        program.env("XDG_CACHE_HOME", bench.scratch.join("cache")).env("NO_COLOR", "1");
        program
    };
    row("gen-ci of 5,000 cells, first", measure(&mut program(&[]), &log, &[])?);
    let said = std::fs::read_to_string(&log)?;
    if !said.lines().any(|line| line.split_whitespace().collect::<Vec<_>>().contains(&"5000")) {
        bail!("not 5,000 cells:\n{said}");
    }
    for (what, args) in [("gen-ci", &[][..]), ("gen-ci --check", &["--check"])] {
        let again = (0..5).map(|_| measure(&mut program(args), &log, &[]));
        row(&format!("{what}, nothing changed (median of 5)"), median(again.collect::<Result<_>>()?));
    }
    Ok(())
}
