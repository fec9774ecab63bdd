//! Whether the user's runner starts what it is given, and hands on its exit code.
//!
//! libtest's lines show that a test executable ran. Of an executable with its own harness, and of a documentation test,
//! only the exit code is known, which under a runner is the runner's.

use std::path::Path;
use std::process::ExitCode;

use anyhow::{Context, Result};

use super::stand_in;
use crate::sys::files;
use crate::sys::host::Host;
use crate::sys::process::Command;

/// The name under which our executable is started by a runner that is checked.
const NAME: &str = "compatrix-started";
/// The code with which it ends then; no shell and no loader uses it.
const CODE: u8 = 37;

/// Whose a runner is that cargo found in its configuration.
pub(crate) const OF_CARGO: &str = "the runner of cargo's configuration";

/// Why this runner may hide a failure, if it does; `whose` says where it is named. One that cannot start a program of this
/// host (an emulator) is believed.
///
/// # Errors
/// Our own executable cannot be linked.
pub(crate) fn hides_results(host: &Host, runner: &[String], whose: &str, dir: &Path) -> Result<Option<String>> {
    let name = format!("runner {runner:?}, {whose}, in {}", dir.display());
    host.memo.for_now(&name, || {
        let scratch = files::make_dir(&host.dir).map(|()| tempfile::tempdir_in(&host.dir))?.context("no folder")?;
        let program = stand_in::link_in(scratch.path(), NAME)?.to_string_lossy().into_owned();
        let mark = scratch.path().join("started");
        let Some((first, rest)) = runner.split_first() else { return Ok(None) };
        let mut command = Command::new(first, dir)
            .args(rest.iter().cloned())
            .args([program, mark.to_string_lossy().into_owned()])
            .envs(&host.ambient.for_runs());
        command.timeout = Some(std::time::Duration::from_secs(20));
        let Ok(finished) = host.run(&command) else { return Ok(None) };
        let words = runner.join(" ");
        Ok(match (files::exists(&mark), finished.status.code()) {
            (_, Some(code)) if code == i32::from(CODE) => None,
            (false, Some(0)) => Some(format!(
                "`{words}`, {whose}, ends with code 0 and does not start what it is given, so that nothing ran"
            )),
            (true, Some(0)) => Some(format!(
                "`{words}`, {whose}, ends with code 0 though what it starts fails, so that no failure would show"
            )),
            _ => None,
        })
    })
}

/// If this process was started by a runner that is checked, leaves its mark and returns the exit code.
#[allow(clippy::disallowed_methods, reason = "it reads its own arguments")]
pub(super) fn act() -> Option<ExitCode> {
    if !stand_in::is_called(NAME) {
        return None;
    }
    let mark = std::env::args_os().nth(1)?;
    let _ = files::write(Path::new(&mark), b"");
    Some(ExitCode::from(CODE))
}
