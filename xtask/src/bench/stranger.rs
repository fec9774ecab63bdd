//! rusqlite 0.31 as it was published, a workspace of its own: four toolchains, and SQLite bundled and of six versions. Its
//! tests sleep for five seconds, and nothing in it was made for this benchmark.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use anyhow::{ensure, Context, Result};

use super::contest::{planned, Contest};
use super::process::{measure, row, Cost};
use super::programs::{clean_cargo, compat_program, fetch, remove, without_cargo};
use super::scene::Bench;

const PACKAGE: &str = "rusqlite";
const VERSION: &str = "0.31.0";
/// Files that cargo adds to what was published.
const OF_CARGO: [&str; 3] = ["Cargo.toml.orig", ".cargo-ok", ".cargo_vcs_info.json"];

/// What Debian's users have; without apt, the channels.
const DEBIANS: &str = r#"rust = ["debian-11", "debian-12-web", "debian-12-security", "stable"]
"#;
const CHANNELS: &str = r#"rust = ["stable", "nightly"]
"#;
const SPEC: &str = r#"sqlite = ["bundled", "3.35.4", "3.38.2", "3.41.2", "3.46.0", "3.50.2", "3.54.1"]

[distro.debian-11]
apt = { suite = "bullseye", rust = "rustc-web", cargo = "cargo-web" }

[distro.debian-12-web]
apt = { suite = "bookworm", rust = "rustc-web", cargo = "cargo-web" }

[distro.debian-12-security]
apt = { suite = "bookworm-security", rust = "rustc-web", cargo = "cargo-web" }

[[suite]]
name = "tests"
kind = "test"
doctests = true
"#;
const CELLS: usize = 28;

/// The loop as people write it: one target folder, `cargo test` for each cell.
const LOOP: &str = r#"#!/bin/sh
# Arguments: workspace, folder of SQLite libraries, scratch folder. RUSTS: the folders of cargo and rustc.
root=$1 libraries=$2 path=$PATH
export CARGO_TARGET_DIR=$3/target CARGO_NET_OFFLINE=true
failed=0
cd "$root" || exit 2
for rust in $RUSTS; do
  export PATH=$rust:$path
  for sqlite in $SQLITES; do
    if [ $sqlite = bundled ]; then
      cargo test -q --locked --features bundled
    else
      dir=$(echo "$libraries"/$sqlite-*)
      SQLITE3_LIB_DIR=$dir SQLITE3_INCLUDE_DIR=$dir LD_LIBRARY_PATH=$dir cargo test -q --locked
    fi || failed=$((failed + 1))
  done
done
echo "$failed cells failed"
[ $failed = 0 ]
"#;

pub(super) fn stranger(bench: &Bench) -> Result<()> {
    // Toolchains are large downloads: this cache stays for the next time.
    let cache = bench.scratch.join("stranger-cache");
    let root = workspace(bench)?;
    let mut ready = provide(bench, &root, &cache, DEBIANS)?;
    if ready.runs.len() < CELLS {
        println!("Debian's toolchains are not available here: stable and nightly instead");
        ready = provide(bench, &root, &cache, CHANNELS)?;
    }
    let rusts = ready.axis("rust");
    let folders: Vec<PathBuf> = rusts.iter().map(|rust| folder(bench, &root, &cache, rust)).collect::<Result<_>>()?;
    println!("{PACKAGE} {VERSION} with {}", rusts.join(", "));
    let contest = Contest { bench, root: &root, cache: &cache, profile: "local", planned: &ready, goals: (3.5, 1.15) };
    contest.run(|| shell_loop(bench, &root, &cache, &folders, &ready.axis("sqlite")))?;
    Ok(())
}

/// The published sources with the lockfile that was published with them, in a repository of their own.
fn workspace(bench: &Bench) -> Result<PathBuf> {
    let published = published(bench)?;
    let root = bench.scratch.join("stranger");
    remove(&root)?;
    copy(&published, &root)?;
    let manifest = root.join("Cargo.toml");
    // The scratch folder may lie in a workspace.
    std::fs::write(&manifest, std::fs::read_to_string(&manifest)? + "\n[workspace]\n")?;
    std::fs::write(root.join(".gitignore"), "/target\n")?;
    fetch(bench, &root)?;
    Ok(root)
}

/// Where cargo keeps the sources of the package.
fn published(bench: &Bench) -> Result<PathBuf> {
    let user = bench.scratch.join("stranger-user");
    let manifest = format!(
        "[package]\nname = \"user\"\nversion = \"0.1.0\"\nedition = \"2021\"\n\n[workspace]\n\n\
         [dependencies]\n{PACKAGE} = \"={VERSION}\"\n"
    );
    std::fs::create_dir_all(user.join("src"))?;
    std::fs::write(user.join("Cargo.toml"), manifest)?;
    std::fs::write(user.join("src/lib.rs"), "")?;
    let output = clean_cargo().args(["metadata", "--format-version", "1"]).current_dir(&user).output()?;
    ensure!(output.status.success(), "cargo metadata: {}", String::from_utf8_lossy(&output.stderr));
    let metadata: serde_json::Value = serde_json::from_slice(&output.stdout)?;
    let packages = metadata["packages"].as_array().context("no packages")?;
    let package = packages.iter().find(|package| package["name"] == PACKAGE && package["version"] == VERSION);
    let manifest = package.and_then(|package| package["manifest_path"].as_str()).context("cargo does not have it")?;
    Ok(Path::new(manifest).parent().context("no folder")?.to_owned())
}

fn copy(from: &Path, to: &Path) -> Result<()> {
    std::fs::create_dir_all(to).with_context(|| format!("cannot make {}", to.display()))?;
    for entry in std::fs::read_dir(from).with_context(|| format!("cannot list {}", from.display()))? {
        let entry = entry?;
        let to = to.join(entry.file_name());
        if entry.file_type()?.is_dir() {
            copy(&entry.path(), &to)?;
        } else if !OF_CARGO.iter().any(|name| entry.file_name() == *name) {
            std::fs::write(&to, std::fs::read(entry.path())?)
                .with_context(|| format!("cannot write {}", to.display()))?;
        }
    }
    Ok(())
}

/// Writes the spec, commits all, and provides toolchains and libraries by walking a cell of each.
fn provide(bench: &Bench, root: &Path, cache: &Path, rusts: &str) -> Result<super::bound::Planned> {
    std::fs::create_dir_all(root.join("compat"))?;
    let spec = format!("version = 1\n\n[project]\npackages = [\"{PACKAGE}\"]\n\n[axis]\n{rusts}{SPEC}");
    std::fs::write(root.join("compat/matrix.toml"), spec)?;
    let who = ["-c", "user.name=self-bench", "-c", "user.email=self-bench@localhost"];
    for args in [&["init", "-q"][..], &["add", "-A"], &["commit", "-q", "-m", "As it was published, and a spec"]] {
        let done = Command::new("git").args(who).args(args).current_dir(root).stdout(Stdio::null()).status()?;
        ensure!(done.success(), "git {} fails in {}", args.join(" "), root.display());
    }
    let mut command = compat_program(bench, root, cache);
    command.args(["compat", "--quiet", "--cell", "rust=stable", "--cell", "sqlite=3.54.1"]);
    row("first cells, with all to provide", measure(&mut command, &bench.scratch.join("compat.log"), &[])?);
    planned(bench, root, cache, "local")
}

/// The folder of a toolchain's cargo and rustc: as `repro` names it, or where rustup has it.
fn folder(bench: &Bench, root: &Path, cache: &Path, rust: &str) -> Result<PathBuf> {
    let cell = format!("rust={rust} sqlite=bundled");
    let output = compat_program(bench, root, cache).args(["repro", "--quiet", &cell]).output()?;
    let text = String::from_utf8(output.stdout).context("repro prints no UTF-8")?;
    let words = text.lines().next().unwrap_or_default().split(' ');
    let rustc = match words.filter_map(|word| word.strip_prefix("RUSTC=")).next() {
        Some(rustc) => rustc.to_owned(),
        None => {
            let output = Command::new("rustup").args(["which", "--toolchain", rust, "rustc"]).output()?;
            ensure!(output.status.success(), "rustup does not have {rust}");
            String::from_utf8(output.stdout)?
        }
    };
    Ok(Path::new(rustc.trim()).parent().context("no folder of rustc")?.to_owned())
}

fn shell_loop(bench: &Bench, root: &Path, cache: &Path, rusts: &[PathBuf], sqlites: &[String]) -> Result<Cost> {
    let scratch = bench.scratch.join("stranger-scratch");
    remove(&scratch)?;
    std::fs::create_dir_all(&scratch)?;
    let script = bench.scratch.join("stranger.sh");
    std::fs::write(&script, LOOP)?;
    let rusts: Vec<String> = rusts.iter().map(|folder| folder.display().to_string()).collect();
    let mut command = Command::new("sh");
    command.arg(&script).arg(root).arg(cache.join("compatrix").join("sqlite")).arg(&scratch);
    command.env("RUSTS", rusts.join(" ")).env("SQLITES", sqlites.join(" "));
    let cost = measure(without_cargo(&mut command), &bench.scratch.join("stranger-loop.log"), &[])?;
    remove(&scratch)?;
    Ok(cost)
}
