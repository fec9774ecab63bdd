//! What `bench` prints and writes, each a function of the one [`SpeedReport`](compatrix_model::speed::SpeedReport).

mod columns;
mod json;
mod junit;
mod markdown;
pub mod page;
pub mod pictures;
mod sentences;
mod table;
pub(crate) mod words;

pub use json::{json, read, schema, FORMAT};
pub use junit::junit;
pub use markdown::{markdown, MARKER};
pub use table::table;
