//! The C compiler: which one, and small questions to it.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use anyhow::{anyhow, bail, Result};

use crate::find::facts::Foreign;
use crate::sys::enclosure::{Enclosure, PATH};
use crate::sys::files;
use crate::sys::host::{last_lines, Host};
use crate::sys::process::Command;

/// The C compiler's command: `CC` split at spaces, otherwise `cc`.
pub(crate) fn words(host: &Host) -> Vec<String> {
    let named = host.ambient.get("CC").unwrap_or("cc");
    named.split_whitespace().map(str::to_owned).collect()
}

/// A C compiler command in this folder. In a root it can write nothing else.
///
/// # Errors
/// There is none on PATH. That of a root is taken to be there.
pub(crate) fn cc(host: &Host, root: Option<&Arc<Enclosure>>, dir: &Path) -> Result<Command> {
    if let Some(root) = root {
        let root = Arc::new(root.writing_only(dir));
        return Ok(Command::new("/usr/bin/cc", dir).env("PATH", PATH).inside(Some(root)));
    }
    let words = words(host);
    let program = words.first().map(String::as_str).unwrap_or("cc");
    if host.ambient.find(program).is_none() {
        bail!("no C compiler (`{program}`); `apt-get install gcc` or its like installs one");
    }
    Ok(Command::new(program, dir).args(words.iter().skip(1).cloned()).envs(&host.ambient.for_builds()))
}

/// The C compiler of another target as a command.
///
/// # Errors
/// None is known.
pub(crate) fn of_target(host: &Host, with: &Foreign, dir: &Path) -> Result<Command> {
    let (program, arguments) =
        with.compiler.split_first().ok_or_else(|| anyhow!("no C compiler for {} is known", with.triple))?;
    Ok(Command::new(program, dir).args(arguments.iter().cloned()).envs(&host.ambient.for_builds()))
}

/// What identifies a compiler: its path and stamp.
pub(crate) fn fingerprint(host: &Host) -> String {
    let words = words(host);
    let program = words.first().and_then(|program| host.ambient.find(program)).unwrap_or_default();
    let real = files::real(&program).unwrap_or(program);
    format!("{} {} {}", words.join(" "), real.display(), files::stamp(&real).unwrap_or_default())
}

/// The folder in which the linker finds this library, if it does.
pub(crate) fn library_dir(host: &Host, file: &str) -> Result<Option<String>> {
    let stamp = fingerprint(host);
    host.memo.fact(&format!("library-dir {file}"), &stamp, || {
        let command = cc(host, None, &host.root)?.args([format!("-print-file-name={file}")]);
        let said = host.run(&command)?.stdout.text().trim().to_owned();
        // A library that is not found is printed unchanged.
        let dir = files::real(Path::new(&said)).ok().filter(|p| p.is_absolute());
        Ok(dir.and_then(|_| PathBuf::from(&said).parent().map(|dir| dir.to_string_lossy().into_owned())))
    })
}

/// Runs a compiler command; the error has the end of its output.
pub(crate) fn compile(host: &Host, command: &Command, what: &str) -> Result<()> {
    let finished = host.run(command)?;
    if finished.status.success() {
        return Ok(());
    }
    Err(anyhow!("{what} does not compile: {}", last_lines(&finished.stderr.text(), 3)))
}
