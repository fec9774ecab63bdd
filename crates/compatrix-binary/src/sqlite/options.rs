//! The table of compile-time options in a library of SQLite, which `sqlite3_compileoption_get()` reads: pointers to texts.

use object::{File, Object as _, ObjectSymbol as _, ObjectSymbolTable as _};

use crate::loaded::{at, has_underscore, text_at};

/// Its names: SQLite's, and that of versions before 3.20.
const TABLES: [&[u8]; 2] = [b"sqlite3azCompileOpt", b"azCompileOpt"];
/// More entries than SQLite has options.
const MOST: usize = 500;

/// The options, sorted; nothing where the table is not found, or where the linker left its pointers to the loader, as lld
/// does in ELF.
pub(super) fn of(file: &File<'_>) -> Vec<String> {
    let Some((start, end)) = table(file) else { return Vec::new() };
    let width = if file.is_64() { 8 } else { 4 };
    let places = (0..MOST as u64).map(|n| start + n * width).take_while(|place| end.is_none_or(|end| *place < end));
    let texts = places.map_while(|place| text_at(file, pointer(file, place)?)).take_while(|text| is_option(text));
    let mut found: Vec<String> = texts.collect();
    found.sort();
    found
}

/// Where the table begins, and where something else does. In Mach-O and PE a symbol has no size, so that the next one ends it.
fn table(file: &File<'_>) -> Option<(u64, Option<u64>)> {
    let symbols = file.symbol_table()?;
    let underscore = has_underscore(file);
    let is_table = |name: &[u8]| {
        let name = if underscore { name.strip_prefix(b"_").unwrap_or(name) } else { name };
        TABLES.contains(&name)
    };
    let start = symbols.symbols().find(|one| one.is_definition() && one.name_bytes().is_ok_and(is_table))?.address();
    let others = symbols.symbols().filter(|one| one.is_definition() && one.address() > start);
    Some((start, others.map(|one| one.address()).min()))
}

/// The address in the place of a pointer, as the linker wrote it.
fn pointer(file: &File<'_>, place: u64) -> Option<u64> {
    let bytes = at(file, place)?;
    let little = file.is_little_endian();
    let stored = match (file.is_64(), little) {
        (true, true) => u64::from_le_bytes(bytes.get(..8)?.try_into().ok()?),
        (true, false) => u64::from_be_bytes(bytes.get(..8)?.try_into().ok()?),
        (false, true) => u64::from(u32::from_le_bytes(bytes.get(..4)?.try_into().ok()?)),
        (false, false) => u64::from(u32::from_be_bytes(bytes.get(..4)?.try_into().ok()?)),
    };
    // Apple's linker chains what dyld has to change: the address is in the lower 36 bits (`<mach-o/fixup-chains.h>`).
    Some(if matches!(file, File::MachO64(_)) { stored & 0xf_ffff_ffff } else { stored }).filter(|address| *address != 0)
}

/// `ENABLE_FTS5`, `COMPILER=gcc-12.2.0`: what follows the table may be pointers to other texts.
fn is_option(text: &str) -> bool {
    let name = text.split('=').next().unwrap_or_default();
    let is_word = |c: char| c.is_ascii_uppercase() || c.is_ascii_digit() || c == '_';
    name.starts_with(|c: char| c.is_ascii_uppercase() || c.is_ascii_digit()) && name.chars().all(is_word)
}
