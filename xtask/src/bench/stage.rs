//! Stages and locksets: what ten thousand files cost, and a lockset that fits.

use std::path::Path;
use std::process::Command;

use anyhow::{Context, Result};

use super::process::{first_line, measure, median, row};
use super::scene::Bench;

/// A workspace whose toolchain is in a `[[lock]]`, with ten files and with ten thousand: a staged build where nothing has
/// changed, and a second `lock`.
pub(super) fn stage(bench: &Bench) -> Result<()> {
    for files in [10, 10_000] {
        let root = bench.scratch.join("stage");
        if root.exists() {
            std::fs::remove_dir_all(&root)?;
        }
        workspace(&root, files)?;
        let log = bench.scratch.join("stage.log");
        let program = |args: &[&str]| {
            let mut program = Command::new(&bench.program);
            program.arg("--root").arg(&root).args(args).env_remove("CARGO_TARGET_DIR");
            program.env("XDG_CACHE_HOME", bench.scratch.join("cache"));
            program
        };
        measure(&mut program(&["lock", "--offline"]), &log, &[])?;
        let again = (0..5).map(|_| measure(&mut program(&["lock", "--offline"]), &log, &[]));
        row(&format!("{files} files: lock, nothing changed"), median(again.collect::<Result<_>>()?));
        // `repro` finds out the facts, makes the stage and has cargo look whether all is fresh.
        measure(&mut program(&["repro", "rust=here"]), &log, &[])?;
        let again = (0..5).map(|_| measure(&mut program(&["repro", "rust=here"]), &log, &[]));
        row(&format!("{files} files: staged, nothing changed"), median(again.collect::<Result<_>>()?));
    }
    Ok(())
}

fn workspace(root: &Path, files: usize) -> Result<()> {
    let sysroot = first_line("rustc", &["--print", "sysroot"]);
    let spec = format!(
        "[project]\npackages = [\"made-up\"]\n[axis]\nrust = [{{ name = \"here\", path = {sysroot:?} }}]\n\
         [[lock]]\nname = \"old\"\nrust = \"here\"\n"
    );
    let manifest = "[workspace]\nmembers = [\"made-up\"]\nresolver = \"2\"\n";
    let package = "[package]\nname = \"made-up\"\nversion = \"0.1.0\"\nedition = \"2021\"\n";
    let lock = "version = 3\n\n[[package]]\nname = \"made-up\"\nversion = \"0.1.0\"\n";
    let write = |path: &str, text: &str| -> Result<()> {
        let path = root.join(path);
        std::fs::create_dir_all(path.parent().context("no folder")?)?;
        Ok(std::fs::write(path, text)?)
    };
    write("Cargo.toml", manifest)?;
    write("Cargo.lock", lock)?;
    write("made-up/Cargo.toml", package)?;
    write("made-up/src/lib.rs", "#[test]\nfn works() {}\n")?;
    write("compat/matrix.toml", &spec)?;
    for n in 0..files {
        write(&format!("made-up/data/{}/{n}.txt", n / 100), &format!("{n}\n"))?;
    }
    Ok(())
}
