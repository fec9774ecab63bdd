//! Builds: cargo's arguments, its products, and their contents. Imports `deps`, `find` and `sys`.

mod cargo;
pub mod cc;
mod identified;
pub(crate) mod inspect;
pub(crate) mod loader;
pub(crate) mod machine;
pub(crate) mod mark;
mod messages;
mod product;
mod record;
mod runner;
mod runner_check;
mod share;
pub(crate) mod stand_in;
mod target;
mod units;

pub(crate) use cargo::{
    classify, commands, commands_in_root, debug_environment, doctest_command, doctests, environment, link_environment,
    pkg_config_path, typed_arguments,
};
pub(crate) use identified::build;
pub(crate) use loader::{leads_to, HWCAPS};
pub(crate) use product::{BuildInputs, Built, Doctests, Executable, NotBuilt, Product, Read, Recorded, TargetKind};
pub(crate) use runner_check::{hides_results, OF_CARGO};
pub(crate) use share::{lend, target_dir};
pub(crate) use target::{prefix_for_lines, typed as typed_for_target};

/// If this process was started in place of another program, acts as that one and returns the exit code.
pub fn act() -> Option<std::process::ExitCode> {
    cc::act().or_else(record::act).or_else(runner_check::act)
}
