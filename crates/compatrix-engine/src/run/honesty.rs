//! Whether the runner of a target hands on how a program ends. Of documentation tests, and of an executable with its own
//! harness, the exit code is all that is known; so a pass counts only after the runner has handed on a failure.

use std::path::Path;

use anyhow::Result;
use compatrix_model::axis::platform_of_target;

use crate::build::{self, Product};
use crate::run::executable;
use crate::run::inputs::RunInputs;
use crate::sys::host::Host;

/// An option that libtest does not know: it ends with code 101 and these words (getopts, `Fail::UnrecognizedOption`).
const UNKNOWN: &str = "--compatrix-asks-how-you-fail";
const REFUSED: &str = "Unrecognized option: 'compatrix-asks-how-you-fail'";

/// Whether a runner of the axis `os` starts this run's programs.
pub(super) fn is_asked(inputs: &RunInputs<'_>) -> bool {
    inputs.target.is_some_and(|(system, _)| system.has_runner())
}

/// Where the runner is named that starts this run's programs.
pub(super) fn whose(inputs: &RunInputs<'_>) -> String {
    match &inputs.build.target {
        Some(target) if is_asked(inputs) => format!("the runner of os={}", target.value),
        _ => build::OF_CARGO.to_owned(),
    }
}

/// Why nothing that the target's runner starts can be believed, if so.
///
/// # Errors
/// Our own side fails.
pub(super) fn doubt(host: &Host, inputs: &RunInputs<'_>, product: &Product, dir: &Path) -> Result<Option<String>> {
    let with_runner = inputs.target.filter(|(system, _)| system.has_runner());
    let (Some((system, _)), Some(target)) = (with_runner, &inputs.build.target) else { return Ok(None) };
    let (words, whose) = (system.runner.join(" "), whose(inputs));
    let is_of_host = platform_of_target(&target.triple) == Host::platform();
    let Some(executable) = product.executables.iter().find(|executable| !executable.own_harness) else {
        return match is_of_host {
            true => build::hides_results(host, &system.runner, &whose, &host.root),
            false => Ok(Some(format!(
                "nothing shows whether `{words}`, {whose}, hands on exit codes: the packages have no test executable of \
                 libtest"
            ))),
        };
    };
    let name = format!("failing under {words}: {}", executable.inspection.sha256);
    host.memo.for_now(&name, || {
        let mut command = executable::command(host, inputs, executable, dir);
        // Before the suite's arguments, among which may be `--`.
        command.args.insert(system.runner.len(), UNKNOWN.to_owned());
        command.timeout = Some(executable::limit_of_questions(inputs.suite));
        let finished = host.run(&command)?;
        if finished.status.code() == Some(0) {
            return Ok(Some(format!(
                "`{words}`, {whose}, ends with code 0 though what it starts fails: it hides exit codes, so that nothing it \
                 starts can be believed"
            )));
        }
        let said = [finished.stderr.text(), finished.stdout.text()];
        if said.iter().any(|said| said.contains(REFUSED)) {
            // A program of this host can also fail without a word.
            return match is_of_host {
                true => build::hides_results(host, &system.runner, &whose, &host.root),
                false => Ok(None),
            };
        }
        Ok(Some(
            format!(
                "nothing shows whether `{words}`, {whose}, hands on exit codes: {} did not get to refuse the option \
                 {UNKNOWN}; hand on all arguments and all that it prints",
                executable.target
            ),
        ))
    })
}
