//! Functions and source lines of places in object files, from their debug information and their symbols.
//!
//! No other program is asked: llvm-symbolizer may be missing, or too old for what rustc writes. Each object file is read
//! once for all its places. Whatever cannot be read, no file, no debug information, something compressed, leaves a place
//! with less to say and is no error.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use addr2line::gimli::{Dwarf, EndianSlice, RunTimeEndian};
use compatrix_leak::Frame;
use object::{Object as _, ObjectSection as _, ObjectSymbol as _, SymbolKind};

use crate::sys::files;

/// Symbolized places.
#[derive(Debug, Default)]
pub(super) struct Symbols {
    known: BTreeMap<String, BTreeMap<u64, Vec<Frame>>>,
}

impl Symbols {
    /// Looks these places up: object file and offset in it, from the address that its first byte would be loaded at.
    pub(super) fn of<'p>(places: impl Iterator<Item = (&'p str, u64)>) -> Self {
        let mut wanted: BTreeMap<&str, BTreeSet<u64>> = BTreeMap::new();
        for (object, offset) in places {
            wanted.entry(object).or_default().insert(offset);
        }
        let look = |(object, offsets): (&str, BTreeSet<u64>)| (object.to_owned(), look_up(object, &offsets));
        Self { known: wanted.into_iter().map(look).collect() }
    }

    /// The frames at a place, innermost first; several if functions are inlined, empty if unknown.
    pub(super) fn frames(&self, object: &str, offset: u64) -> Vec<Frame> {
        self.known.get(object).and_then(|known| known.get(&offset)).cloned().unwrap_or_default()
    }
}

fn look_up(object: &str, offsets: &BTreeSet<u64>) -> BTreeMap<u64, Vec<Frame>> {
    let Ok(bytes) = files::read(Path::new(object)) else { return BTreeMap::new() };
    let Ok(file) = object::File::parse(&*bytes) else { return BTreeMap::new() };
    let endian = if file.is_little_endian() { RunTimeEndian::Little } else { RunTimeEndian::Big };
    let section = |name: &str| {
        let data = file.section_by_name(name).and_then(|section| section.data().ok());
        EndianSlice::new(data.unwrap_or_default(), endian)
    };
    let dwarf = Dwarf::load(|id| Ok::<_, addr2line::gimli::Error>(section(id.name())));
    let context = dwarf.and_then(addr2line::Context::from_dwarf).ok();
    let names = Names::of(&file);
    let frames = |offset: u64| {
        let mut frames = context.as_ref().map(|context| inlined(context, offset)).unwrap_or_default();
        if frames.is_empty() {
            frames.extend(names.at(offset).map(|name| Frame { function: demangled(name), ..Frame::default() }));
        }
        for frame in &mut frames {
            frame.object = Some(object.to_owned());
        }
        frames
    };
    offsets.iter().map(|offset| (*offset, frames(*offset))).collect()
}

type Slice<'a> = EndianSlice<'a, RunTimeEndian>;

/// The debug information of a place. Split debug information is ignored.
fn inlined(context: &addr2line::Context<Slice<'_>>, offset: u64) -> Vec<Frame> {
    let Ok(mut found) = context.find_frames(offset).skip_all_loads() else { return Vec::new() };
    let mut frames = Vec::new();
    while let Ok(Some(frame)) = found.next() {
        let name = frame.function.as_ref().and_then(|function| function.raw_name().ok().map(|name| demangled(&name)));
        let location = frame.location.as_ref();
        frames.push(Frame {
            function: name.unwrap_or_default(),
            file: location.and_then(|location| location.file).map(str::to_owned),
            // Zero means unknown to the compiler.
            line: location.and_then(|location| location.line).filter(|line| *line > 0),
            column: location.and_then(|location| location.column).filter(|column| *column > 0),
            inlined: true,
            ..Frame::default()
        });
    }
    if let Some(outermost) = frames.last_mut() {
        outermost.inlined = false;
    }
    // A line table without functions: the symbols know more.
    frames.retain(|frame| !frame.function.is_empty());
    frames
}

/// The symbols of functions, sorted by address.
struct Names<'a> {
    all: Vec<(u64, u64, &'a str)>,
}

impl<'a> Names<'a> {
    fn of(file: &object::File<'a>) -> Self {
        let symbols = file.symbols().chain(file.dynamic_symbols());
        let functions = symbols.filter(|symbol| symbol.is_definition() && symbol.kind() == SymbolKind::Text);
        let mut all: Vec<_> =
            functions.filter_map(|symbol| Some((symbol.address(), symbol.size(), symbol.name().ok()?))).collect();
        all.sort_unstable();
        Self { all }
    }

    /// The function that holds this place. The nearest one before it does not count: in a library without local symbols
    /// that is another function.
    fn at(&self, offset: u64) -> Option<&'a str> {
        let before = self.all.partition_point(|(address, ..)| *address <= offset);
        let holds = |(address, size, _): &&(u64, u64, &str)| offset < address.saturating_add(*size);
        self.all[..before].iter().rev().take(8).find(holds).map(|(.., name)| *name)
    }
}

/// A function's source name: Rust names demangled without hash, others unchanged.
fn demangled(name: &str) -> String {
    match rustc_demangle::try_demangle(name) {
        Ok(name) => format!("{name:#}"),
        Err(_) => {
            // The sanitizers' replacements of C functions.
            let bare = name.trim_start_matches('_').strip_prefix("interceptor_");
            bare.unwrap_or(name).to_owned()
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[cfg(target_os = "linux")] // /proc, and ELF
    #[inline(never)]
    fn here() -> u64 {
        here as fn() -> u64 as usize as u64
    }

    /// Where this very executable is loaded: the start of its first mapping (proc_pid_maps(5)).
    #[cfg(target_os = "linux")]
    #[allow(clippy::disallowed_methods, reason = "a fact of this test's own process")]
    fn own() -> (String, u64) {
        let path = std::env::current_exe().unwrap().to_string_lossy().into_owned();
        let maps = std::fs::read_to_string("/proc/self/maps").unwrap();
        let line = maps.lines().find(|line| line.ends_with(&path)).unwrap();
        (path, u64::from_str_radix(line.split('-').next().unwrap(), 16).unwrap())
    }

    #[test]
    #[cfg(target_os = "linux")]
    fn a_function_of_this_executable_is_found_with_its_line() {
        let (path, base) = own();
        let offset = here() - base;
        let symbols = Symbols::of([(path.as_str(), offset), (path.as_str(), offset)].into_iter());
        let frames = symbols.frames(&path, offset);
        let last = frames.last().unwrap();
        assert_eq!(last.function, "compatrix_engine::leak::symbols::tests::here");
        assert!(last.file.as_deref().is_some_and(|file| file.ends_with("src/leak/symbols.rs")), "{last:?}");
        assert!(last.line.is_some() && !last.inlined, "{last:?}");
        assert_eq!(symbols.frames(&path, offset + 1), []);
    }

    #[test]
    fn what_cannot_be_read_has_nothing_to_say() {
        let symbols = Symbols::of([("/nowhere", 1), ("/proc/self/maps", 5)].into_iter());
        assert_eq!(symbols.frames("/nowhere", 1), []);
        assert_eq!(symbols.frames("/proc/self/maps", 5), []);
    }

    #[test]
    fn only_the_function_that_holds_a_place_counts() {
        let names = Names { all: vec![(10, 5, "a"), (10, 5, "a_alias"), (20, 0, "empty"), (30, 4, "b")] };
        let at = |offset| names.at(offset);
        assert_eq!(
            [at(9), at(14), at(15), at(20), at(33), at(34)],
            [None, Some("a_alias"), None, None, Some("b"), None]
        );
    }

    #[test]
    fn names_are_those_of_the_source() {
        assert_eq!(demangled("_ZN5probe5cycle17h0123456789abcdefE"), "probe::cycle");
        assert_eq!(demangled("_RNvCs4fqI2P2rA04_5probe5cycle"), "probe::cycle");
        assert_eq!(demangled("___interceptor_malloc"), "malloc");
        assert_eq!(demangled("sqlite3_open_v2"), "sqlite3_open_v2");
    }
}
