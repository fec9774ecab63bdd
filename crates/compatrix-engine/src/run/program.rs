//! The program of a suite of kind `command`, where it is not one of the build's: on PATH, or in the workspace.

use std::path::{Path, PathBuf};

use compatrix_model::cell::CellId;
use compatrix_model::matrix_spec::{Piece, Template};

use crate::sys::host::Host;

/// The file of a command's first word; none if it is one of the build's, or is not there.
pub(crate) fn of(host: &Host, word: &Template, cell: &CellId) -> Option<PathBuf> {
    found(host, &name(word, cell)?)
}

/// As a shell finds it, and then in the workspace's root: a script may be named without `./`.
pub(crate) fn found(host: &Host, program: &str) -> Option<PathBuf> {
    let in_root = Some(host.root.join(program));
    let path = if program.contains('/') { in_root } else { host.ambient.find(program).or(in_root) };
    path.filter(|path| path.is_file())
}

/// Why the program cannot be tried here: it is not installed. One that the workspace was to have is no such case.
pub(crate) fn missing(host: &Host, word: &Template, cell: &CellId) -> Option<String> {
    let name = name(word, cell)?;
    let is_in_workspace = name.contains('/') && !Path::new(&name).is_absolute();
    if is_in_workspace || found(host, &name).is_some() {
        return None;
    }
    Some(match name.contains('/') {
        true => format!("there is no {name}, the program of the suite's `command`; install it"),
        false => format!("`{name}`, the program of the suite's `command`, is not on PATH; install it"),
    })
}

/// The text of a word without a file of the run or of the build.
fn name(Template(pieces): &Template, cell: &CellId) -> Option<String> {
    let text = |piece: &Piece| match piece {
        Piece::Text(text) => Some(text.clone()),
        Piece::ValueName(axis) => Some(cell.value(axis).map(ToString::to_string).unwrap_or_default()),
        Piece::SchemaDatabase | Piece::SchemaDir | Piece::Program(_) => None,
    };
    pieces.iter().map(text).collect()
}
