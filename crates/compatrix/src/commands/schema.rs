//! `schema`: the spec's JSON Schema and its reference page, and the schema of reports of `bench`.

use compatrix_engine::sys::environment::Ambient;
use compatrix_engine::sys::error::Error;
use compatrix_model::matrix_spec::json_schema;
use compatrix_render::bench;
use compatrix_render::spec_reference::spec_reference;

use crate::cli::{CheckArgs, Global};
use crate::pages::write_or_check;
use crate::terminal::Terminal;
use crate::workspace;

/// What `schema` writes: paths below the root, and texts. `program` is how the user starts compatrix.
pub(crate) fn pages(program: &str) -> [(String, String); 3] {
    [
        ("docs/matrix.schema.json".to_owned(), json_schema()),
        ("docs/SPEC.md".to_owned(), spec_reference(&format!("{program} schema"))),
        ("docs/bench-report.schema.json".to_owned(), bench::schema()),
    ]
}

pub(crate) fn run(global: &Global, args: &CheckArgs, terminal: &Terminal) -> Result<u8, Error> {
    let root = workspace::root(global, &Ambient::capture())?;
    let command = workspace::command_of_pages(&root);
    write_or_check(&root, &pages(command), args.check, &format!("{command} schema"), terminal)
}
