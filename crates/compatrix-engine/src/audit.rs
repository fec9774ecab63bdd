//! Facts about a workspace and its host for `doctor` and `init`; makes nothing. Imports `provide`, `find` and `sys`.

pub mod doctor;
pub mod first_spec;
