//! Steps that install Compatrix where a workspace has no xtask that is Compatrix.
//!
//! Each text of `[ci.tool]` goes into a variable, and each command is a literal of this program.

use crate::workflow::{Step, Text};
use compatrix_model::matrix_spec::ToolSource;

use super::scene::{Options, Program};
use super::steps::{run, Also};

/// The toolchain that compiles Compatrix: a workspace may be pinned to one that is too old for it.
const TOOLCHAIN: &str = "stable";

/// Installs the toolchain that compiles the tool, if it is not that of the job.
pub(super) fn toolchain(options: &Options<'_>) -> Option<Step> {
    let needed = matches!(options.program, Program::Compatrix(_)) && options.toolchain != TOOLCHAIN;
    let line = "rustup toolchain install stable --profile minimal --no-self-update";
    needed.then(|| run("Install the toolchain of Compatrix", vec![line]).installs())
}

/// Installs the tool below `target`, and copies the executable from `$BUILT` to `$HANDED`.
pub(super) fn install(source: &ToolSource, has_target: bool) -> Step {
    let command = match (source, has_target) {
        (ToolSource::Git { .. }, true) => {
            "cargo install --git \"$TOOL_GIT\" --rev \"$TOOL_REV\" --locked --debug --root target/ci/installed --target \"$TARGET\" compatrix"
        }
        (ToolSource::Git { .. }, false) => {
            "cargo install --git \"$TOOL_GIT\" --rev \"$TOOL_REV\" --locked --debug --root target/ci/installed compatrix"
        }
        (ToolSource::Registry { .. }, true) => {
            "cargo install compatrix --version \"=$TOOL_VERSION\" --locked --debug --root target/ci/installed --target \"$TARGET\""
        }
        (ToolSource::Registry { .. }, false) => {
            "cargo install compatrix --version \"=$TOOL_VERSION\" --locked --debug --root target/ci/installed"
        }
        (ToolSource::Path(_), true) => {
            "cargo install --path \"$TOOL_PATH\" --locked --debug --root target/ci/installed --target \"$TARGET\""
        }
        (ToolSource::Path(_), false) => {
            "cargo install --path \"$TOOL_PATH\" --locked --debug --root target/ci/installed"
        }
    };
    let step = run("Install Compatrix", vec![command, "mkdir -p target/ci/bin", "cp \"$BUILT\" \"$HANDED\""]);
    let step = from(step, source);
    match source {
        // Its sources are in the checkout, so a rehearsal compiles them as GitHub does.
        ToolSource::Path(_) => step,
        ToolSource::Git { .. } | ToolSource::Registry { .. } => step.installs_compatrix(),
    }
}

/// Installs the tool where cargo installs all its programs.
pub(super) fn install_for_checks(source: &ToolSource) -> Step {
    let command = match source {
        ToolSource::Git { .. } => "cargo install --git \"$TOOL_GIT\" --rev \"$TOOL_REV\" --locked --debug compatrix",
        ToolSource::Registry { .. } => "cargo install compatrix --version \"=$TOOL_VERSION\" --locked --debug",
        ToolSource::Path(_) => "cargo install --path \"$TOOL_PATH\" --locked --debug",
    };
    from(run("Install Compatrix", vec![command]), source).installs()
}

/// The variables of a source.
fn from(step: Step, source: &ToolSource) -> Step {
    let step = step.env("RUSTUP_TOOLCHAIN", Text::literal(TOOLCHAIN));
    match source {
        ToolSource::Git { url, rev } => step.env("TOOL_GIT", Text::literal(url)).env("TOOL_REV", Text::literal(rev)),
        ToolSource::Registry { version } => step.env("TOOL_VERSION", Text::literal(version)),
        ToolSource::Path(path) => step.env("TOOL_PATH", Text::literal(path)),
    }
}
