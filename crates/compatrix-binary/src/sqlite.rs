//! SQLite in the bytes of a file: compiled into an executable, or what a library says of itself without being loaded.

mod options;

use std::collections::BTreeSet;

use object::read::NameOrOrdinal;
use object::{ExportTarget, File, Object as _, ObjectSymbol as _, ObjectSymbolTable as _, SymbolKind};
use serde::{Deserialize, Serialize};

use crate::binary::{text, Machine};
use crate::loaded::{has_underscore, text_at};
use crate::read::slice;

/// Whether SQLite is compiled into an executable.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum CompiledIn {
    /// Functions of SQLite are among its own symbols. The linker drops the source id if nothing asks for it: then the
    /// function that returns it is not there either.
    Yes {
        /// Those in the file.
        source_ids: Vec<String>,
        /// Whether `sqlite3_sourceid` is among them.
        has_own_id: bool,
    },
    /// None of its symbols is of SQLite.
    No,
    /// It is stripped of its symbols. A source id in it may be SQLite's, or a text of the program.
    Stripped {
        /// Those in the file.
        source_ids: Vec<String>,
    },
}

/// What a library says of itself, read from its data: nothing of it ran.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Says {
    /// The text at its exported `sqlite3_version`.
    pub version: String,
    /// Its only source id; `None` if it has none or several, as SQLCipher has.
    pub source_id: Option<String>,
    /// The compile-time options that `sqlite3_compileoption_get()` has, sorted. Nothing if it is stripped of its symbols, or
    /// was compiled without them.
    pub compile_options: Vec<String>,
}

/// SQLite's functions by their symbols. What ends with `_init` may be an extension's own (SQLite's "Run-Time Loadable
/// Extensions").
pub fn compiled_in(bytes: &[u8], machine: Option<&Machine>) -> CompiledIn {
    let bytes = slice(bytes, machine).unwrap_or(bytes);
    let source_ids = || source_ids_in(bytes);
    let Some(own) = functions(bytes) else { return CompiledIn::Stripped { source_ids: source_ids() } };
    match own.is_empty() {
        true => CompiledIn::No,
        false => CompiledIn::Yes { source_ids: source_ids(), has_own_id: own.contains("sqlite3_sourceid") },
    }
}

/// SQLite's functions that are in the file itself; `None` if it is stripped, or no file that has symbols.
fn functions(bytes: &[u8]) -> Option<BTreeSet<String>> {
    let file = File::parse(bytes).ok()?;
    let table = file.symbol_table()?;
    let underscore = has_underscore(&file);
    let mut is_stripped = true;
    let mut found = BTreeSet::new();
    for symbol in table.symbols() {
        // What stays in a stripped Mach-O file is global; COFF has no table at all then.
        is_stripped &=
            matches!(file, File::MachO32(_) | File::MachO64(_)) && !(symbol.is_local() && symbol.is_definition());
        if !symbol.is_definition() || symbol.kind() != SymbolKind::Text {
            continue;
        }
        let name = symbol.name_bytes().unwrap_or_default();
        let name = if underscore { name.strip_prefix(b"_").unwrap_or(name) } else { name };
        if name.starts_with(b"sqlite3_") && !name.ends_with(b"_init") && !is_jump(name) {
            found.insert(text(name));
        }
    }
    // An import library puts a function of the same name into the executable, which only jumps on.
    if matches!(file, File::Pe32(_) | File::Pe64(_)) {
        for import in file.imports().ok().into_iter().flatten().flatten() {
            if let NameOrOrdinal::Name(name) = import.name() {
                found.remove(text(name).as_str());
            }
        }
    }
    (!found.is_empty() || !is_stripped).then_some(found)
}

/// Whether a linker of Mach-O made the function, which jumps on to that of a library: zig's, LLVM's, Apple's.
fn is_jump(name: &[u8]) -> bool {
    ["__thunk", ".thunk.", ".island"].iter().any(|mark| memchr::memmem::find(name, mark.as_bytes()).is_some())
}

/// What a library says of itself; `None` if it exports no SQLite.
pub fn of_library(bytes: &[u8], machine: Option<&Machine>) -> Option<Says> {
    let bytes = slice(bytes, machine).ok()?;
    let file = File::parse(bytes).ok()?;
    let is_version = |name: &[u8]| name == b"sqlite3_version" || name == b"_sqlite3_version";
    let address = file.exports().ok()?.flatten().find_map(|export| match (export.name(), export.target()) {
        (NameOrOrdinal::Name(name), ExportTarget::Address { address }) if is_version(name) => Some(address),
        _ => None,
    })?;
    let found = text_at(&file, address)?;
    let is_version = !found.is_empty() && found.len() < 20 && found.bytes().all(|b| b.is_ascii_digit() || b == b'.');
    let mut ids = source_ids_in(bytes);
    ids.sort();
    ids.dedup();
    let source_id = ids.pop().filter(|_| ids.is_empty());
    is_version.then(|| Says { version: found, source_id, compile_options: options::of(&file) })
}

/// The source ids within these bytes: `2024-01-15 17:01:13 1066602b…`, date, time and a hash of 64 hex digits (40
/// before SQLite 3.23). A SQLite has one, SQLCipher also that of the SQLite that it was made from.
pub fn source_ids_in(bytes: &[u8]) -> Vec<String> {
    let found = memchr::memmem::find_iter(bytes, b"20").filter_map(|at| {
        let rest = &bytes[at..];
        let digits = |range: std::ops::Range<usize>| rest.get(range).is_some_and(|b| b.iter().all(u8::is_ascii_digit));
        let shape = digits(0..4)
            && rest.get(4) == Some(&b'-')
            && digits(5..7)
            && rest.get(7) == Some(&b'-')
            && digits(8..10)
            && rest.get(10) == Some(&b' ')
            && digits(11..13)
            && rest.get(13) == Some(&b':')
            && digits(14..16)
            && rest.get(16) == Some(&b':')
            && digits(17..19)
            && rest.get(19) == Some(&b' ');
        if !shape {
            return None;
        }
        let hash = rest[20..].iter().take_while(|b| b.is_ascii_hexdigit()).count();
        let end = 20 + rest[20..].iter().take_while(|b| b.is_ascii_alphanumeric()).count();
        // What differs from a checked-in version ends with `alt1` instead of the hash's last four digits.
        let changed = hash < 64 && end == 20 + 64 && rest[..end].ends_with(b"alt1");
        (hash == 64 || hash == 40 || changed).then(|| text(&rest[..end]))
    });
    found.collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_source_id_is_found_among_other_bytes() {
        let id = format!("2024-01-15 17:01:13 {}", "1066602b2b1976fe".repeat(4));
        let bytes = format!("xx2020-01-01 \0 2021-02-03 04:05:06 short\0{id}\0tail");
        assert_eq!(source_ids_in(bytes.as_bytes()), [id]);
        assert!(source_ids_in(b"nothing here but 2024-01-15").is_empty());
        let changed = format!("2024-04-15 13:34:05 {}6b6alt1", "8653b758870e6ef0".repeat(4).split_at(57).0);
        assert_eq!(source_ids_in(format!("x{changed}\0").as_bytes()), [changed]);
    }
}
