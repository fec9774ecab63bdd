//! Builds: cargo's arguments, its products, and their contents. Imports `deps`, `find` and `sys`.

mod cargo;
pub mod cc;
pub(crate) mod inspect;
mod messages;
mod product;
mod record;
mod runner;
mod share;
mod stand_in;
mod units;

pub(crate) use cargo::{
    build, classify, commands, doctest_command, doctests, environment, link_environment, pkg_config_path,
    typed_arguments,
};
pub(crate) use product::{BuildInputs, Built, Doctests, Executable, NotBuilt, Product, Read, Recorded, TargetKind};
pub(crate) use record::LIBRARY_PATH;
pub(crate) use share::target_dir;

/// If this process was started in place of another program, acts as that one and returns the exit code.
pub fn act() -> Option<std::process::ExitCode> {
    cc::act().or_else(record::act)
}
