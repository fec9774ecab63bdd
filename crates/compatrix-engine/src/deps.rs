//! Dependencies: the workspace's lockfile, and locksets and stages for toolchains that cannot read the workspace. Imports
//! `find` and `sys`.

pub mod locked;
pub mod locks;
pub(crate) mod stage;
