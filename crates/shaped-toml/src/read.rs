//! The entry point: text in, a tree of the declared shape out, with all errors.

use toml::de::DeTable;

use crate::diagnostic::Diagnostics;
use crate::problem::{Collector, Problem};
use crate::shape::TableShape;
use crate::tree::Table;
use crate::{check, syntax};

/// Reads the collector's text as a document of this shape. Parts that are not TOML or do not fit are reported and left
/// out; `None` if the text is empty.
pub fn read(shape: &TableShape, c: &mut Collector<'_>) -> Option<Table> {
    let text = c.text();
    let (mut root, errors) = DeTable::parse_recoverable(text);
    let source;
    if !errors.is_empty() {
        source = syntax::readable(text, c);
        root = DeTable::parse_recoverable(&source).0;
    }
    let empty = !c.has_errors() && root.get_ref().is_empty();
    (!empty).then(|| check::document(root.get_ref(), shape, c))
}

/// Decodes the bytes of a file.
///
/// # Errors
/// The bytes are not UTF-8; the diagnostic points to the first bad byte.
pub fn utf8<'b>(bytes: &'b [u8], file: &str) -> Result<&'b str, Diagnostics> {
    let error = match std::str::from_utf8(bytes) {
        Ok(text) => return Ok(text),
        Err(error) => error,
    };
    let at = error.valid_up_to();
    let text = String::from_utf8_lossy(bytes);
    let mut c = Collector::new(&text, file);
    let byte = bytes.get(at).copied().unwrap_or_default();
    let mut problem =
        Problem::new(format!("the file is not UTF-8: byte 0x{byte:02x} at offset {at}")).label("not UTF-8");
    problem = match bytes {
        [0xff, 0xfe, ..] | [0xfe, 0xff, ..] => problem.help("it looks like UTF-16; save it as UTF-8"),
        _ => problem.help("save it as UTF-8; TOML has no other encoding"),
    };
    // The bad byte became one replacement character.
    c.error(at..at + '\u{fffd}'.len_utf8(), problem);
    Err(c.finish())
}
