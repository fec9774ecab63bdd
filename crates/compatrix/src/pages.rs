//! Generated files: written, or with `--check` compared with what is there.

use std::path::Path;

use compatrix_audit::promise::is_generated;
use compatrix_engine::sys::error::Error;
use compatrix_engine::sys::files;
use compatrix_render::drift;

use crate::terminal::Terminal;

/// Writes pages, or with `check` prints how the existing ones differ; the exit code. `fix` is the command that writes them.
pub(crate) fn write_or_check(
    root: &Path,
    pages: &[(String, String)],
    check: bool,
    fix: &str,
    terminal: &Terminal,
) -> Result<u8, Error> {
    let mut code = 0;
    for (path, text) in pages {
        if !check {
            write(root, path, text, terminal)?;
        } else if let Some(diff) = drift::diff(&existing(root, path)?, text, path, fix) {
            terminal.print(&diff);
            code = 1;
        } else {
            terminal.say("Up to date", path);
        }
    }
    Ok(code)
}

/// Writes a file, unless it has this text already.
pub(crate) fn write(root: &Path, path: &str, text: &str, terminal: &Terminal) -> Result<(), Error> {
    if existing(root, path)? == text {
        terminal.say("Unchanged", path);
    } else {
        files::write_output(&root.join(path), text.as_bytes())?;
        terminal.say("Wrote", path);
    }
    Ok(())
}

fn existing(root: &Path, path: &str) -> Result<String, Error> {
    let path = root.join(path);
    Ok(if files::exists(&path) { files::read_text(&path)? } else { String::new() })
}

/// A page that somebody wrote by hand is never overwritten. `key` of `[project]` in the spec names it.
pub(crate) fn refuse_foreign(root: &Path, page: &str, key: &str) -> Result<(), Error> {
    let path = root.join(page);
    if !files::exists(&path) || is_generated(&files::read_text(&path)?) {
        return Ok(());
    }
    Err(Error::usage(format!(
        "{} was not written by compatrix, and is not overwritten; move it, or name another page as `{key}` under \
         [project] in the spec",
        path.display()
    )))
}
