//! The lines of a step, run by bash as GitHub runs them.

use std::collections::BTreeMap;
use std::io::Write;
use std::path::Path;
use std::time::Duration;

use anyhow::{anyhow, Context};
use compatrix_ci::workflow::rehearsal::assignments;
use serde_json::{Map, Value};

use super::job::{Going, Stop};
use crate::sys::clock;
use crate::sys::error::Error;
use crate::sys::files;
use crate::sys::os::env::SEPARATOR;
use crate::sys::process::{Command, Finished};
use crate::sys::supervisor::End;

/// How long a step may take to stop: an orchestrator in it ends its own children first.
const PATIENCE: Duration = Duration::from_secs(15);
/// The most bytes of the verdict's output that are kept.
const MOST_OUTPUT: usize = 4 * 1024 * 1024;
/// How many lines of a step that failed are shown.
const SHOWN: usize = 30;

/// Runs lines of bash in a folder as GitHub does: `bash --noprofile --norc -eo pipefail FILE`.
pub(super) fn run(
    going: &mut Going<'_, '_>,
    dir: &Path,
    n: usize,
    lines: &[&str],
    step_env: &BTreeMap<String, String>,
    outputs: &mut Map<String, Value>,
) -> Result<(), Stop> {
    let host = going.rehearsal.setup.host;
    let bash = host.ambient.find("bash");
    let bash = bash.ok_or_else(|| Error::usage("a rehearsal needs bash, which is not on PATH")).map_err(Stop::Error)?;
    let scripts = going.temp.join("_runner");
    let file = |kind: &str| scripts.join(format!("{kind}-{}", n + 1));
    files::write(&file("script"), format!("{}\n", lines.join("\n")).as_bytes())?;
    let commands = ["env", "path", "output"].map(&file);
    commands.iter().try_for_each(|path| files::write(path, b""))?;
    let text = |path: &Path| path.to_string_lossy().into_owned();
    let mut env = going.base.clone();
    env.extend(going.env.clone());
    env.extend(step_env.clone());
    if !going.paths.is_empty() {
        let rest = env.get("PATH").cloned().unwrap_or_default();
        env.insert("PATH".to_owned(), format!("{}{SEPARATOR}{rest}", going.paths.join(SEPARATOR)));
    }
    for (name, path) in ["GITHUB_ENV", "GITHUB_PATH", "GITHUB_OUTPUT"].into_iter().zip(&commands) {
        env.insert(name.to_owned(), text(path));
    }
    env.insert("GITHUB_STEP_SUMMARY".to_owned(), text(&going.logs.join("summary.md")));
    let mut command = Command::new(text(&bash), dir)
        .args(["--noprofile", "--norc", "-eo", "pipefail", text(&file("script")).as_str()])
        .envs(&env);
    command.timeout = Some(going.deadline.saturating_duration_since(clock::instant()));
    command.patience = Some(PATIENCE);
    let log = going.logs.join(format!("{:02}.log", n + 1));
    let (finished, printed) = logged(&command, going, &log)?;
    if going.verdict {
        going.outcome.printed.push_str(&printed);
    }
    let failed = |why: String, code| Stop::Failed { why, code, said: last(&log), log: Some(log.clone()) };
    match finished.end {
        End::Interrupted => return Err(failed("interrupted".to_owned(), None)),
        End::TimedOut => {
            going.cancel();
            return Err(failed("the job exceeded its time limit".to_owned(), None));
        }
        End::Itself => {}
    }
    let [set, paths, said] = commands;
    let read = |path: &Path| -> Result<Vec<(String, String)>, Stop> {
        assignments(&files::read_text(path)?).map_err(|why| failed(why, None))
    };
    for (name, value) in read(&said)? {
        outputs.insert(name, Value::String(value));
    }
    going.env.extend(read(&set)?);
    for path in files::read_text(&paths)?.lines().filter(|line| !line.is_empty()) {
        going.paths.insert(0, path.to_owned());
    }
    match finished.status.code() {
        Some(0) => Ok(()),
        Some(code) => Err(failed(format!("exit code {code}"), Some(code))),
        None => Err(failed(format!("it was ended: {}", finished.status), None)),
    }
}

/// Runs a command; all that it writes goes to a file, and what it prints is given, too.
#[allow(clippy::disallowed_methods, reason = "the log of a step, written while it runs")]
fn logged(command: &Command, going: &Going<'_, '_>, log: &Path) -> Result<(Finished, String), Stop> {
    let file = std::fs::File::create(log).with_context(|| format!("cannot write {}", log.display()))?;
    let mut printed = Vec::new();
    let (mut first, mut second) = (&file, &file);
    let finished = command.run_with(
        &going.rehearsal.setup.host.supervisor,
        &mut |bytes| {
            let _ = first.write_all(bytes);
            if printed.len() < MOST_OUTPUT {
                printed.extend_from_slice(bytes);
            }
        },
        &mut |bytes| {
            let _ = second.write_all(bytes);
        },
    );
    let finished = finished.map_err(|error| anyhow!("cannot start {}: {error}", command.program))?;
    Ok((finished, String::from_utf8_lossy(&printed).into_owned()))
}

/// The last lines of a log.
fn last(log: &Path) -> String {
    let text = files::read(log).map(|bytes| String::from_utf8_lossy(&bytes).into_owned()).unwrap_or_default();
    let lines: Vec<&str> = text.trim_end().lines().collect();
    lines[lines.len().saturating_sub(SHOWN)..].join("\n")
}
