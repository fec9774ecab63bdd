//! What options of cargo's plugins say of the lowest Rust.

use super::super::cargo::CargoLine;
use super::super::names::{self, Toolchain};
use super::context::Source;
use super::places::Use;
use super::session::Session;

impl Session<'_> {
    /// What cargo-hack and cargo-msrv say of the lowest Rust.
    pub(in crate::promise) fn promises_of_tools(&mut self, line: usize, read: &CargoLine) {
        let place = Source { file: self.context.file, line, key: "run".to_owned(), spelled: None };
        let of_manifest = "it uses the `rust-version` of the manifest, which is read there";
        let value_of = |name: &str| {
            let words = &read.words;
            let after = words.iter().position(|word| word == name).and_then(|at| words.get(at + 1)).cloned();
            after.or_else(|| words.iter().find_map(|word| Some(word.strip_prefix(name)?.strip_prefix('=')?.to_owned())))
        };
        let lowest = if let Some(range) = &read.version_range {
            range.split("..").next().map(str::to_owned).filter(|start| !start.is_empty())
        } else if read.command.verb == "msrv" {
            value_of("--rust-version").or_else(|| value_of("--min"))
        } else if read.words.iter().any(|word| word == "--rust-version") {
            None
        } else {
            return;
        };
        match lowest.as_deref().map(names::one) {
            Some(Toolchain::Name(name, _)) => {
                self.places.toolchain(&place, &name, Some(Use::Builds));
                self.places.lowest(&place, &name);
            }
            _ => self.places.not_taken(place.file, line, of_manifest),
        }
    }
}
