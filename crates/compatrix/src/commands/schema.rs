//! `schema`: the spec's JSON Schema.

use compatrix_engine::error::Error;
use compatrix_engine::files;
use compatrix_model::spec::json_schema;
use compatrix_render::drift;

use crate::cli::{command_name, Global};
use crate::terminal::Terminal;
use crate::workspace;

/// Where it stands, below the root.
const PATH: &str = "docs/matrix.schema.json";

pub(crate) fn run(global: &Global, check: bool, terminal: &Terminal) -> Result<u8, Error> {
    let root = workspace::root(global, &compatrix_engine::environment::Ambient::capture())?;
    let pages = [(PATH.to_owned(), json_schema())];
    write_or_check(&root, &pages, check, &format!("{} schema", command_name()), terminal)
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
