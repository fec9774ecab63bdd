//! Finds what this machine and this workspace have, and obtains the rest: one module per kind of thing. No finder knows
//! another kind or a value's setting; [`crate::provide`] does. Imports `sys`.

pub(crate) mod bundling;
pub(crate) mod c_compiler;
pub(crate) mod cargo_config;
pub(crate) mod debug_info;
pub(crate) mod distro;
pub mod facts;
pub mod fixture;
pub(crate) mod input;
pub mod layout;
pub(crate) mod leak_tools;
pub(crate) mod listing;
mod local;
pub(crate) mod manifest_text;
mod metadata;
mod outside;
pub mod own_xtask;
pub mod places;
mod repositories;
pub(crate) mod root;
pub(crate) mod sources;
pub mod sqlite;
pub(crate) mod surroundings;
pub(crate) mod system;
pub(crate) mod toolchain;
mod vendored;
pub(crate) mod wine;
pub mod workspace;
pub(crate) mod written;
