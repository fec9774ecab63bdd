//! Facts about a workspace and its host for `doctor` and `init`; makes nothing.

pub mod doctor;
pub mod first_spec;
