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

use anyhow::{anyhow, bail, Context, Result};
use serde::{Deserialize, Serialize};

use super::product::{Product, Recorded};
use super::stand_in;
use crate::sys::files;
use crate::sys::host::{last_lines, Host};
use crate::sys::process::Command;
use crate::sys::supervisor;

/// The name under which our executable acts as the runner.
const NAME: &str = "compatrix-recorder";
/// The folder for the records.
const FOLDER: &str = "COMPATRIX_RECORD";
/// The loader's path, which runs put together from several parts.
pub(crate) use crate::sys::os::env::LIBRARY_PATH;

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
    let (folder, runner) = prepare(host)?;
    let triple = product.executables.first().and_then(|first| triple_of(target, &first.path)).unwrap_or(own.to_owned());
    let variable = format!("CARGO_TARGET_{}_RUNNER", triple.to_uppercase().replace(['-', '.'], "_"));
    let asked = command
        .clone()
        .first(verb)
        .env(&variable, runner.to_string_lossy())
        .env(FOLDER, folder.path().to_string_lossy());
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
    for executable in &mut product.executables {
        let start = starts.remove(&executable.path).ok_or_else(|| {
            anyhow!("cargo did not start {} when it was asked how it does", executable.path.display())
        })?;
        executable.recorded = recorded(start, &asked.env, &variable);
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

/// The folder for the records, with the runner in it. cargo splits the variable at spaces, so the path must have none.
#[allow(clippy::disallowed_methods, reason = "the system's folder, if our own will not do")]
fn prepare(host: &Host) -> Result<(tempfile::TempDir, PathBuf)> {
    let spaced = |path: &PathBuf| path.to_string_lossy().contains(char::is_whitespace);
    let places = [host.dir.join("record"), host.cache.join("record"), std::env::temp_dir()];
    let Some(place) = places.into_iter().find(|path| !spaced(path)) else {
        bail!("no folder without a space in its path, which cargo needs for a runner; set TMPDIR to one");
    };
    files::make_dir(&place)?;
    let folder = tempfile::tempdir_in(&place).with_context(|| format!("cannot write to {}", place.display()))?;
    let runner = stand_in::link_in(folder.path(), NAME)?;
    Ok((folder, runner))
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
