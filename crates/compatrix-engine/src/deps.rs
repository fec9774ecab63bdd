//! Dependencies for toolchains that cannot read the workspace: locksets, and stages that use them.

pub mod locks;
pub mod stage;
