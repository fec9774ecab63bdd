//! The witness in a process under a tool: `witness.c`, which leaks on purpose what the tool must report.
//!
//! A canary shows that a tool works; it does not show that it sees what another executable allocates. So each executable
//! is tried once without its tests: blocks come from its own allocator and from C's, and must be reported. While its tests
//! run, blocks are left at the end of each thread and of the process, so that a tool that was switched off is noticed.

use std::path::Path;

use anyhow::Result;
use compatrix_leak::witness::{self, Asked, Witness};
use compatrix_leak::Tool;

use super::bench::{Bench, Unit};
use super::preload::Preload;
use crate::build::Executable;
use crate::sys::process::Command;
use crate::sys::{elf, files};

/// The library.
const WITNESS: Preload =
    Preload { name: witness::LIBRARY, source: include_str!("witness.c"), prefix: "COMPATRIX_WITNESS" };
/// The name of its report in the scratch folder.
const REPORT: &str = "witness";
/// Why a process without its report proves nothing.
pub(super) const NOT_LOADED: &str = "a library that leaks on purpose could not be loaded into it, as into a static \
                                     executable, so nothing shows that the tool sees what it allocates";

/// What a process is started for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Task {
    /// To run its tests.
    Tests,
    /// To allocate on purpose, instead of running them.
    Trial,
}

/// The command with the witness loaded into the unit's executable.
pub(super) fn with(bench: &Bench<'_>, command: Command, unit: &Unit<'_>, dir: &Path, task: Task) -> Result<Command> {
    let executable = unit.executable;
    let path = files::link_target(&executable.path).unwrap_or_else(|| executable.path.clone());
    let folder = WITNESS.folder(bench.host)?;
    let mut command = WITNESS
        .load(command, &folder)
        .env("COMPATRIX_WITNESS_REPORT", dir.join(REPORT).to_string_lossy())
        .env("COMPATRIX_WITNESS_OF", path.to_string_lossy());
    if reads(bench, executable)? {
        command = command.env("COMPATRIX_WITNESS_READS", "1");
    }
    if task == Task::Trial {
        command = command.env("COMPATRIX_WITNESS_TRIAL", "1");
        if let Some(address) = contents(bench, executable)?.allocator {
            command = command.env("COMPATRIX_WITNESS_ALLOC", address.to_string());
        }
    }
    Ok(command)
}

/// What the library wrote down; `None` if it was not loaded.
pub(super) fn read(dir: &Path) -> Result<Option<Witness>> {
    let report = dir.join(REPORT);
    Ok(if files::exists(&report) { witness::parse(&files::read_text(&report)?) } else { None })
}

/// What a trial can ask an executable for.
pub(super) fn asked(bench: &Bench<'_>, executable: &Executable) -> Result<Asked> {
    Ok(if contents(bench, executable)?.allocator.is_some() { Asked::Both } else { Asked::Malloc })
}

/// Whether the process is to read beyond blocks too: its executable speaks to valgrind, and may have told it to be silent.
pub(super) fn reads(bench: &Bench<'_>, executable: &Executable) -> Result<bool> {
    Ok(bench.settings.tool == Tool::Valgrind && contents(bench, executable)?.speaks_to_valgrind)
}

/// A remark on what the executable defines to change how the tool works; nothing if it defines nothing.
pub(super) fn hooks(bench: &Bench<'_>, executable: &Executable) -> Result<Option<String>> {
    let hooks = contents(bench, executable)?.hooks;
    if hooks.is_empty() || bench.settings.tool == Tool::Valgrind {
        return Ok(None);
    }
    let hooks: Vec<String> = hooks.iter().map(|hook| format!("`{hook}`")).collect();
    let title = bench.settings.tool.title();
    Ok(Some(format!("{} defines {}, which changes how {title} works", executable.target, hooks.join(", "))))
}

fn contents(bench: &Bench<'_>, executable: &Executable) -> Result<elf::Memory> {
    let name = format!("memory {}", executable.path.display());
    bench
        .host
        .memo
        .fact(&name, &executable.inspection.sha256.to_string(), || Ok(elf::memory(&files::read(&executable.path)?)))
}
