//! TOML files of a declared shape: reports all errors at once, each with its place and the nearest valid name.
//!
//! A [`TableShape`] describes the format of a file as data. It is used to check a file ([`read`]), to generate its JSON
//! Schema ([`json_schema`]), and, by callers, to generate a reference page. The result of a check is a tree that keeps
//! the place of every part, so that a caller can add errors beyond the shape to the same list.
//!
//! **Invariant:** this crate knows TOML, but not the meaning of a file. Callers define formats of strings
//! ([`TextFormat`]). Nothing here reads a file.
//!
//! ```
//! use shaped_toml::{read, Collector, Key, Later, Need, Plain, Shape, TableShape, Words};
//!
//! static SERVER: TableShape = TableShape {
//!     title: "`[server]`",
//!     keys: &[
//!         Key::required("host", "The name that clients use.", Shape::Text(&Plain::Sentence)),
//!         Key::default("port", "The port it listens on.", Shape::Integer { min: 1, max: 65535 }, Need::Integer(80)),
//!         Key::default("log", "What it logs.", Shape::Text(&LEVELS), Need::Text("errors")),
//!     ],
//!     later: Later::NONE,
//!     rest: None,
//!     min: 0,
//! };
//! static LEVELS: Words = Words {
//!     what: "log level",
//!     known: &[("errors", "Failed requests."), ("requests", "All requests.")],
//!     later: Later::NONE,
//! };
//!
//! let text = "host = \"example\"\nport = \"8080\"\nlog = \"request\"\n";
//! let mut c = Collector::new(text, "server.toml");
//! read(&SERVER, &mut c);
//! assert_eq!(
//!     c.finish().render(false, 80),
//!     "\
//! error: `port` must be an integer from 1 to 65535, not a string
//!  --> server.toml:2:8
//!   |
//! 2 | port = \"8080\"
//!   |        ^^^^^^ a string
//!   |
//!   = help: remove the quotes: `8080`
//!
//! error: unknown log level `request`
//!  --> server.toml:3:7
//!   |
//! 3 | log = \"request\"
//!   |       ^^^^^^^^^
//!   |
//!   = help: did you mean `requests`?
//!   = note: available: `errors`, `requests`
//!
//! 2 errors in server.toml
//! "
//! );
//!
//! let mut c = Collector::new("host = \"example\"\n", "server.toml");
//! let server = read(&SERVER, &mut c).unwrap_or_default();
//! assert_eq!((server.text("host"), server.integer("port")), (Some("example"), Some(80)));
//! ```

mod check;
mod diagnostic;
mod format;
mod nearest;
mod problem;
mod quote;
mod read;
mod schema;
mod shape;
mod syntax;
mod tree;

pub use check::{defaults, twice};
pub use diagnostic::{Diagnostic, Diagnostics, Related, Severity};
pub use format::{date, refuse_nul, Later, Plain, TextFormat, Words};
pub use nearest::nearest;
pub use problem::{Collector, Problem};
pub use quote::{key, quoted};
pub use read::{read, utf8};
pub use schema::json_schema;
pub use shape::{Key, Need, Rest, Shape, TableShape};
pub use tree::{Entry, List, Node, Table, Value};
