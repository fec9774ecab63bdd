//! What cargo is told of a build for another target.

use std::collections::BTreeMap;
use std::path::PathBuf;

use anyhow::Result;
use compatrix_model::plan::Build;

use super::product::BuildInputs;
use crate::find::{system, wine};
use crate::sys::host::Host;
use crate::sys::process::Command;

/// The arguments that name the target, and build its std where the toolchain brings none.
pub(super) fn arguments(build: &Build, inputs: &BuildInputs<'_>) -> Vec<String> {
    let (Some(target), Some((_, std))) = (&build.target, inputs.target) else { return Vec::new() };
    let mut args = vec!["--target".to_owned(), target.triple.clone()];
    if std.built_from.is_some() {
        // Tests need `test`, and std alone has no way to unwind.
        args.push("-Zbuild-std=std,panic_unwind,test".to_owned());
    }
    args
}

/// The command with the variables of the target. Our stand-in for the C compiler compiles for this host, so that the target
/// has the compiler that plain cargo would take: the one of our environment for it, else a known one.
pub(super) fn with_variables(host: &Host, command: Command, build: &Build, inputs: &BuildInputs<'_>) -> Command {
    let (Some(target), Some((_, std))) = (&build.target, inputs.target) else { return command };
    if inputs.toolchain.root.is_some() {
        // The variables name programs of this host.
        return command;
    }
    let mut command = command;
    command.env.remove("CC");
    if let Some(cc) = host.ambient.get("CC") {
        command = command.env("CC", cc);
    }
    let own = system::variables(host, &target.triple);
    if std.built_from.is_some() {
        command = command.env("RUSTC_BOOTSTRAP", "1");
    }
    if let Some(linker) = &std.linker {
        command = command.env(format!("CARGO_TARGET_{}_LINKER", system::screaming(&target.triple)).as_str(), linker);
        if system::named_compiler(&own).is_none() {
            command = command.env(format!("CC_{}", target.triple.replace('-', "_")).as_str(), linker);
        }
    }
    command.envs(&own)
}

/// What is to be said of a choice that nobody made.
pub(super) fn note(build: &Build, inputs: &BuildInputs<'_>) -> Option<String> {
    let (Some(target), Some((_, std))) = (&build.target, inputs.target) else { return None };
    let linker = std.linker.as_ref()?;
    Some(format!("{linker} links for {}, as nothing else is configured", target.triple))
}

/// The command of documentation tests with the runner of the target, in a folder for their prefix where it is wine.
///
/// # Errors
/// wine makes no prefix.
pub(super) fn with_runner(host: &Host, command: Command, build: &Build, inputs: &BuildInputs<'_>) -> Result<Command> {
    let (Some(target), Some((system, _))) = (&build.target, inputs.target) else { return Ok(command) };
    if !system.has_runner() {
        return Ok(command);
    }
    let words: Vec<String> = system.runner.iter().map(|word| shaped_toml::quoted(word)).collect();
    let mut command =
        command.args(["--config".to_owned(), format!("target.{}.runner=[{}]", target.triple, words.join(","))]);
    // cargo's environment goes before its configuration.
    command.env.remove(&format!("CARGO_TARGET_{}_RUNNER", system::screaming(&target.triple)));
    if system.is_wine {
        command = command.envs(&wine::in_prefix(&prefix_dir(host, build)));
    }
    Ok(command)
}

/// Where the prefix of a build's documentation tests is.
fn prefix_dir(host: &Host, build: &Build) -> PathBuf {
    super::share::target_dir(host, build).join(wine::FOLDER)
}

/// Makes the prefix that [`with_runner`] names.
///
/// # Errors
/// wine makes none.
pub(super) fn prepare(host: &Host, build: &Build, inputs: &BuildInputs<'_>) -> Result<()> {
    let dir = prefix_dir(host, build);
    match inputs.target {
        Some((system, _)) if system.is_wine => wine::renew(host, &system.runner, &dir),
        _ => Ok(()),
    }
}

/// Makes the prefixes that the lines of `repro` name, and returns the one that they copy; `None` where wine starts nothing.
///
/// # Errors
/// wine makes none.
pub(crate) fn prefix_for_lines(host: &Host, build: &Build, inputs: &BuildInputs<'_>) -> Result<Option<PathBuf>> {
    let dir = host.dir.join("repro-wine");
    match inputs.target {
        Some((system, _)) if system.is_wine => {
            prepare(host, build, inputs)?;
            wine::renew(host, &system.runner, &dir)?;
            Ok(Some(dir))
        }
        _ => Ok(None),
    }
}

/// What a person types besides for a target: variables, and arguments of cargo.
///
/// # Errors
/// wine makes no prefix.
pub(crate) fn typed(
    host: &Host,
    build: &Build,
    inputs: &BuildInputs<'_>,
) -> Result<(BTreeMap<String, String>, Vec<String>)> {
    if build.target.is_none() {
        return Ok((BTreeMap::new(), Vec::new()));
    }
    let command = with_variables(host, Command::new("cargo", &host.root), build, inputs);
    let command = with_runner(host, command, build, inputs)?;
    Ok((command.env, command.args))
}
