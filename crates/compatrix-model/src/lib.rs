//! The pure core of Compatrix: the spec, the plan, and the meaning of outcomes.
//!
//! **Invariant:** no I/O, no clock, no environment. Everything here is a function of its arguments, so it can
//! neither fail for reasons of the machine nor differ between two machines. Facts about the host come in as
//! [`facts::PlanFacts`].
//!
//! Data takes one road, each step its own type:
//! text → [`matrix_spec::Spec`] → cells of its [`cell::Space`] → [`plan::Plan`] → (the engine) →
//! [`evidence::Record`] → [`verdict::Verdict`] → pages.

pub mod apt;
pub mod axis;
pub mod build_failure;
pub mod cell;
pub mod choose;
pub mod claims;
pub mod condition;
pub mod criteria;
mod debug_info;
pub mod dep_info;
pub mod evidence;
pub mod evidence_file;
pub mod expect;
pub mod facts;
pub mod hash;
pub mod libtest;
mod lines;
pub mod linkage;
pub mod lockset;
pub mod matrix_spec;
pub mod meaning;
pub mod needs;
pub mod outside_paths;
pub mod plan;
pub mod promised;
pub mod release;
pub mod results;
pub mod spec_text;
pub mod speed;
pub mod sqlite_api;
pub mod time_limit;
pub mod timeline;
pub mod today;
pub mod verdict;

pub use compatrix_leak::outcome;
pub use lines::plain;
