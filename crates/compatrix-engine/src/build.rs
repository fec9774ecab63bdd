//! Builds: cargo's arguments, its products, and their contents. Imports `deps`, `find` and `sys`.

mod cargo;
pub mod cc;
pub(crate) mod inspect;
mod messages;
mod product;

pub(crate) use cargo::{build, classify, command, doctest_command, environment, target_dir};
pub(crate) use product::{BuildInputs, Built, Executable, NotBuilt, Product, TargetKind};
