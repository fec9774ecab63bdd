//! How an executable allocates, and what in it speaks to a leak checker.

use object::{Object as _, ObjectSymbol as _, ObjectSymbolTable as _, SymbolKind};
use serde::{Deserialize, Serialize};

/// What an executable has to do with memory and its checkers.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub(crate) struct Memory {
    /// The address of `__rust_alloc` in the file, by which all of its Rust allocates.
    pub(crate) allocator: Option<u64>,
    /// The functions with which it changes how a sanitizer works; the sanitizer's own are weak.
    pub(crate) hooks: Vec<String>,
    /// Whether it holds requests to valgrind.
    pub(crate) speaks_to_valgrind: bool,
}

/// The functions that a sanitizer asks the program for: compiler-rt's `lsan_interface.h` and `asan_interface.h`.
const HOOKS: [&str; 5] = [
    "__lsan_is_turned_off",
    "__lsan_default_options",
    "__lsan_default_suppressions",
    "__asan_default_options",
    "__asan_default_suppressions",
];

/// Instructions without effect by which a program speaks to valgrind, on x86-64, x86 and arm64 (`valgrind.h`).
const REQUESTS: [&[u8]; 3] = [
    b"\x48\xC1\xC7\x03\x48\xC1\xC7\x0D\x48\xC1\xC7\x3D\x48\xC1\xC7\x33",
    b"\xC1\xC7\x03\xC1\xC7\x0D\xC1\xC7\x1D\xC1\xC7\x13",
    b"\x8C\x0D\xCC\x93\x8C\x35\xCC\x93\x8C\xCD\xCC\x93\x8C\xF5\xCC\x93",
];

/// Reads an executable; nothing of what is damaged or stripped of its symbols.
pub(crate) fn memory(bytes: &[u8]) -> Memory {
    let says = |request: &&[u8]| memchr::memmem::find(bytes, request).is_some();
    let mut memory = Memory { speaks_to_valgrind: REQUESTS.iter().any(says), ..Memory::default() };
    let Ok(file) = object::File::parse(bytes) else { return memory };
    let symbols = file.symbol_table().into_iter().flat_map(|table| table.symbols());
    for symbol in symbols.filter(|symbol| symbol.is_definition() && symbol.kind() == SymbolKind::Text) {
        let Ok(name) = symbol.name() else { continue };
        if is_allocator(name) {
            memory.allocator = Some(symbol.address());
        }
        if HOOKS.contains(&name) && !symbol.is_weak() {
            memory.hooks.push(name.to_owned());
        }
    }
    memory.hooks.sort();
    memory
}

/// Whether a symbol is Rust's allocation function: `__rust_alloc`, and mangled since Rust 1.89.
fn is_allocator(symbol: &str) -> bool {
    symbol == "__rust_alloc"
        || symbol.ends_with("__rust_alloc") && symbol.starts_with("_R")
        || symbol.contains("__rust_alloc17h") && symbol.starts_with("_ZN7___rustc")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_allocator_is_known_in_every_mangling() {
        for (symbol, is) in [
            ("__rust_alloc", true),
            ("_RNvCsfLfy6EI15iL_7___rustc12___rust_alloc", true),
            ("_ZN7___rustc12___rust_alloc17h0123456789abcdefE", true),
            ("_RNvCsfLfy6EI15iL_7___rustc19___rust_alloc_zeroed", false),
            ("_ZN7___rustc19___rust_alloc_zeroed17h0123456789abcdefE", false),
            ("__rust_alloc_error_handler", false),
            ("__rdl_alloc", false),
        ] {
            assert_eq!(is_allocator(symbol), is, "{symbol}");
        }
    }

    #[test]
    #[allow(clippy::disallowed_methods, reason = "a fact of this test's own process")]
    fn this_very_executable_allocates_and_speaks_to_no_tool() {
        let mut bytes = std::fs::read(std::env::current_exe().unwrap()).unwrap();
        let memory = memory(&bytes);
        assert!(memory.allocator.is_some() && memory.hooks.is_empty(), "{memory:?}");
        // The patterns themselves are in it.
        assert!(memory.speaks_to_valgrind);
        bytes.truncate(100);
        assert_eq!(super::memory(&bytes), Memory::default());
    }
}
