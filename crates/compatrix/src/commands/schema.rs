//! `schema`: the spec's JSON Schema and its reference page.

use compatrix_engine::sys::error::Error;
use compatrix_engine::sys::files;
use compatrix_model::matrix_spec::json_schema;
use compatrix_render::drift;
use compatrix_render::spec_reference::spec_reference;

use crate::cli::Global;
use crate::terminal::Terminal;
use crate::workspace;

/// What `schema` writes: paths below the root, and texts. `program` is how the user starts us.
pub(crate) fn pages(program: &str) -> [(String, String); 2] {
    [
        ("docs/matrix.schema.json".to_owned(), json_schema()),
        ("docs/SPEC.md".to_owned(), spec_reference(&format!("{program} schema"))),
    ]
}

pub(crate) fn run(global: &Global, check: bool, terminal: &Terminal) -> Result<u8, Error> {
    let root = workspace::root(global, &compatrix_engine::sys::environment::Ambient::capture())?;
    let command = workspace::command_of_pages(&root);
    write_or_check(&root, &pages(command), check, &format!("{command} schema"), terminal)
}

/// Writes generated files, or with `check` prints how the ones that are there differ; the exit code.
pub(crate) fn write_or_check(
    root: &std::path::Path,
    pages: &[(String, String)],
    check: bool,
    mend: &str,
    terminal: &Terminal,
) -> Result<u8, Error> {
    let mut code = 0;
    for (path, text) in pages {
        let full = root.join(path);
        let old = if files::exists(&full) { files::read_text(&full)? } else { String::new() };
        if !check {
            if old == *text {
                terminal.say("Unchanged", path);
            } else {
                files::write(&full, text.as_bytes())?;
                terminal.say("Wrote", path);
            }
        } else if let Some(diff) = drift::diff(&old, text, path, mend) {
            terminal.print(&diff);
            code = 1;
        } else {
            terminal.say("Up to date", path);
        }
    }
    Ok(code)
}
