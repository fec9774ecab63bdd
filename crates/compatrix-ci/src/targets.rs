//! What a job can install to build and start programs of another target.

use compatrix_model::apt;
use compatrix_model::axis::{platform_of_target, Setting};
use compatrix_model::facts::Availability;

/// The target that Debian and Ubuntu have a linker for, and whose programs their wine starts.
const WINDOWS: &str = "x86_64-pc-windows-gnu";
/// The runner of these packages.
const WINE: &str = "wine64";

/// Whether a job on this platform can link and start programs of the target.
pub(crate) fn system(triple: &str, runner: &[String], platform: &str) -> Availability<()> {
    let is_own = platform_of_target(triple) == platform;
    let reason = match runner.first().map(String::as_str) {
        _ if !platform.starts_with("linux-") => format!("only a job on Linux builds programs of {triple}"),
        _ if !is_own && triple != WINDOWS => format!("no job installs a linker for {triple}; run it locally"),
        None if !is_own => {
            format!("a job on {platform} starts no programs of {triple}; name what does as its `runner`")
        }
        Some(word) if word != WINE && !word.contains('/') => {
            format!("no job installs {word}, the runner; run it locally")
        }
        _ => return Availability::Ready(()),
    };
    Availability::Missing { reason }
}

/// Whether this toolchain has a std of the target in a job on this platform, or the sources of one.
pub(crate) fn std(toolchain: &Setting, triple: &str, platform: &str) -> Availability<()> {
    let has_sources = matches!(toolchain, Setting::DistroToolchain(request) if apt::Request::has_sources(request));
    match has_sources || platform_of_target(triple) == platform {
        true => Availability::Ready(()),
        false => Availability::Missing {
            reason: format!("no job installs a std for {triple}: only a distribution with `src` builds one"),
        },
    }
}

/// Whether its linker must be installed.
pub(crate) fn needs_mingw(triple: &str) -> bool {
    triple == WINDOWS
}

/// Whether wine must be installed.
pub(crate) fn needs_wine(runner: &[String]) -> bool {
    runner.first().is_some_and(|word| word == WINE)
}
