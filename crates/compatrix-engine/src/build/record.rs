//! The recording runner: cargo itself says how it starts each test executable.
//!
//! `target.<triple>.runner` of cargo's configuration names a program that cargo starts in place of a test executable, with
//! that executable's path as its first argument (cargo's reference, "Configuration"). After a build our own executable is
//! that program for one `cargo test`, in which everything is fresh: it writes down environment, folder and arguments, and
//! ends. So a run has what this very cargo gives to tests (`OUT_DIR`, `CARGO_BIN_EXE_*`, `[env]`, variables of build
//! scripts, the loader's path with their libraries), whatever its version.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::Arc;

use anyhow::{anyhow, bail, Context, Result};
use serde::{Deserialize, Serialize};

use super::product::{Product, Recorded};
use super::stand_in;
use crate::find::system;
use crate::sys::files;
use crate::sys::host::{last_lines, Host};
use crate::sys::process::Command;
use crate::sys::supervisor;

/// The name under which our executable acts as the runner.
const NAME: &str = "compatrix-recorder";
/// The folder for the records.
const FOLDER: &str = "COMPATRIX_RECORD";
/// The loader's path, which runs put together from several parts.
use crate::sys::os::env::LIBRARY_PATH;

/// Where the folder for the records is in a root: cargo splits the runner at spaces, and the workspace's path may have one.
const IN_ROOT: &str = "/run/compatrix";

/// The runner in a root. The environment is the one that the shell was given, not the one that it makes of it.
const SCRIPT: &str = "#!/bin/sh\n\
    readlink /proc/$$/cwd > \"$COMPATRIX_RECORD/$$.start\" && printf '%s' \"$1\" >> \"$COMPATRIX_RECORD/$$.start\" && \
    cat /proc/$$/environ > \"$COMPATRIX_RECORD/$$.environ\"\n";

/// What one start of the runner saw.
#[derive(Debug, Serialize, Deserialize)]
struct Start {
    executable: PathBuf,
    dir: PathBuf,
    env: BTreeMap<String, String>,
}

/// Asks cargo how it starts the product's executables. `command` is the `cargo test` of the build, without words that
/// choose targets, which are `verb`; then come its target folder and the toolchain's triple.
///
/// # Errors
/// cargo does not answer.
pub(super) fn ask(
    host: &Host,
    (command, verb): (&Command, &[&str]),
    (target, own): (&Path, &str),
    product: &mut Product,
    jobs: &jobserver::Client,
) -> Result<()> {
    let (folder, runner) = prepare(host, command.inside.is_some())?;
    let mut command = command.clone();
    let seen = match &command.inside {
        Some(root) => {
            command.inside = Some(Arc::new(root.with_folder(folder.path(), Path::new(IN_ROOT))));
            PathBuf::from(IN_ROOT)
        }
        None => folder.path().to_owned(),
    };
    let triple = product.executables.first().and_then(|first| triple_of(target, &first.path)).unwrap_or(own.to_owned());
    let variable = format!("CARGO_TARGET_{}_RUNNER", system::screaming(&triple));
    let asked = command
        .first(verb)
        .env(&variable, seen.join(runner.file_name().unwrap_or_default()).to_string_lossy())
        .env(FOLDER, seen.to_string_lossy());
    let finished = asked
        .run_sharing(jobs, &host.supervisor, &mut |_| {}, &mut |_| {})
        .with_context(|| format!("cannot start {}", asked.program))?;
    if !finished.status.success() {
        bail!("cargo does not say how it starts the tests: {}", last_lines(&finished.stderr.text(), 2));
    }
    let mut starts = BTreeMap::new();
    for path in files::list(folder.path())?.into_iter().filter(|path| path.extension().is_some_and(|e| e == "json")) {
        let start: Start = serde_json::from_slice(&files::read(&path)?).context("a record of our own runner")?;
        starts.insert(start.executable.clone(), start);
    }
    for path in files::list(folder.path())?.into_iter().filter(|path| path.extension().is_some_and(|e| e == "start")) {
        let start = of_script(&files::read(&path)?, &files::read(&path.with_extension("environ"))?);
        let start = start.context("a record of the runner in a root")?;
        starts.insert(start.executable.clone(), start);
    }
    let given = asked.seen_env();
    for executable in &mut product.executables {
        let start = starts.remove(&executable.path).ok_or_else(|| {
            anyhow!("cargo did not start {} when it was asked how it does", executable.path.display())
        })?;
        executable.recorded = recorded(start, &given, &variable);
    }
    // What a test starts inherits its loader's path.
    for program in &mut product.programs {
        let starter = product.executables.iter().find(|test| test.package == program.package);
        let starter = starter.or(product.executables.first());
        program.recorded.library_path = starter.and_then(|test| test.recorded.library_path.clone());
    }
    Ok(())
}

/// The triple that cargo's configuration names as `build.target`, from where the products are: `TRIPLE/debug/…` below the
/// target folder, and not `debug/…`.
fn triple_of(target: &Path, product: &Path) -> Option<String> {
    let mut below = product.strip_prefix(target).ok()?.components();
    let (first, second, third) = (below.next()?, below.next()?, below.next()?);
    // `debug/deps/a-1` has three parts, and so has `debug/examples/a-1`.
    let named = below.next().is_some() || !["deps", "examples", "build"].iter().any(|dir| second.as_os_str() == *dir);
    (named && third.as_os_str() != "").then(|| first.as_os_str().to_string_lossy().into_owned())
}

/// The folder for the records, with the runner in it. cargo splits the variable at spaces, so the path must have none, but
/// in a root, where it is [`IN_ROOT`].
#[allow(clippy::disallowed_methods, reason = "the system's folder, if our own will not do")]
fn prepare(host: &Host, in_root: bool) -> Result<(tempfile::TempDir, PathBuf)> {
    let spaced = |path: &PathBuf| path.to_string_lossy().contains(char::is_whitespace);
    let places = [host.dir.join("record"), host.cache.join("record"), std::env::temp_dir()];
    let Some(place) = places.into_iter().find(|path| in_root || !spaced(path)) else {
        bail!("no folder without a space in its path, which cargo needs for a runner; set TMPDIR to one");
    };
    files::make_dir(&place)?;
    let folder = tempfile::tempdir_in(&place).with_context(|| format!("cannot write to {}", place.display()))?;
    let runner = if in_root {
        // Our own executable may need a newer C library than the root's.
        let runner = folder.path().join(NAME);
        files::write(&runner, SCRIPT.as_bytes())?;
        files::make_executable(&runner)?;
        runner
    } else {
        stand_in::link_in(folder.path(), NAME)?
    };
    Ok((folder, runner))
}

/// What the script wrote: the folder, then the executable; and the environment as the kernel has it (proc(5)).
fn of_script(start: &[u8], environ: &[u8]) -> Option<Start> {
    let start = String::from_utf8(start.to_vec()).ok()?;
    let (dir, executable) = start.split_once('\n')?;
    let pairs = environ.split(|byte| *byte == 0).filter_map(|pair| std::str::from_utf8(pair).ok()?.split_once('='));
    let env = pairs.map(|(name, value)| (name.to_owned(), value.to_owned())).collect();
    Some(Start { executable: PathBuf::from(executable), dir: PathBuf::from(dir), env })
}

/// What cargo added to the environment that it was given.
fn recorded(start: Start, given: &BTreeMap<String, String>, runner: &str) -> Recorded {
    // Ours, and those of the job tokens.
    let ours = [runner, FOLDER, LIBRARY_PATH, supervisor::MARK, "CARGO_MAKEFLAGS", "MAKEFLAGS", "MFLAGS"];
    let library_path = start.env.get(LIBRARY_PATH).filter(|path| !path.is_empty()).cloned();
    let is_of_cargo =
        |(name, value): &(String, String)| !ours.contains(&name.as_str()) && given.get(name) != Some(value);
    Recorded {
        dir: start.dir,
        env: start.env.into_iter().filter(is_of_cargo).collect(),
        library_path,
        runner: Vec::new(),
    }
}

/// If this process was started as the runner, records the start and returns the exit code.
#[allow(clippy::disallowed_methods, reason = "it records its own arguments and environment")]
pub(super) fn act() -> Option<ExitCode> {
    if !stand_in::is_called(NAME) {
        return None;
    }
    let note = || -> Result<()> {
        let executable = std::env::args_os().nth(1).map(PathBuf::from).context("no executable")?;
        let text = |(name, value): (std::ffi::OsString, std::ffi::OsString)| {
            Some((name.into_string().ok()?, value.into_string().ok()?))
        };
        let dir = std::env::current_dir().context("no working folder")?;
        let start = Start { executable, dir, env: std::env::vars_os().filter_map(text).collect() };
        let folder = std::env::var_os(FOLDER).map(PathBuf::from).with_context(|| format!("{FOLDER} is not set"))?;
        files::write(&folder.join(format!("{}.json", std::process::id())), &serde_json::to_vec(&start)?)
    };
    Some(match note() {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("{NAME}: {error:#}");
            ExitCode::FAILURE
        }
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn vars(list: &[(&str, &str)]) -> BTreeMap<String, String> {
        list.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect()
    }

    #[test]
    fn the_triple_of_a_configuration_is_in_the_path() {
        let of = |path: &str| triple_of(Path::new("/t"), Path::new(path));
        assert_eq!(of("/t/debug/deps/a-1"), None);
        assert_eq!(of("/t/wasm32-wasip1/debug/deps/a-1.wasm").as_deref(), Some("wasm32-wasip1"));
        assert_eq!(of("/elsewhere/debug/deps/a-1"), None);
    }

    #[test]
    fn the_script_s_words_are_read() {
        let start = of_script(b"/w/a b\n/w/t/a-1", b"A=1\0B=x=y\nz\0C=\0").unwrap();
        assert_eq!((start.dir.as_path(), start.executable.as_path()), (Path::new("/w/a b"), Path::new("/w/t/a-1")));
        assert_eq!(start.env, vars(&[("A", "1"), ("B", "x=y\nz"), ("C", "")]));
        assert!(of_script(b"/w", b"").is_none(), "cut off");
    }

    #[test]
    fn a_record_holds_what_cargo_added_and_nothing_of_ours() {
        let given = vars(&[("PATH", "/t/bin:/bin"), ("CC", "/ours"), ("RUNNER", "/r"), (FOLDER, "/f")]);
        let seen = vars(&[
            ("PATH", "/t/bin:/bin"),
            ("CC", "/ours"),
            ("RUNNER", "/r"),
            (FOLDER, "/f"),
            ("CARGO_MAKEFLAGS", "-j"),
            (LIBRARY_PATH, "/w/out:/t/lib"),
            ("OUT_DIR", "/w/out"),
            ("DEMO", "of the configuration"),
        ]);
        let start = Start { executable: "/w/a-1".into(), dir: "/w".into(), env: seen };
        let found = recorded(start, &given, "RUNNER");
        assert_eq!(found.env, vars(&[("OUT_DIR", "/w/out"), ("DEMO", "of the configuration")]));
        assert_eq!(found.library_path.as_deref(), Some("/w/out:/t/lib"));
        assert_eq!(found.dir, Path::new("/w"));
    }
}
