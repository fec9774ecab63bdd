//! Unix: process groups, `/proc` where there is one, modes of files. What only Linux has is chosen in here.

pub(crate) mod children;
pub(crate) mod cores;
pub(crate) mod env;
mod escaped;
pub(crate) mod machine;
pub(crate) mod meta;
mod streams;
