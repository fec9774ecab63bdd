//! The generated pages of the spec are as this source would generate them.
#![allow(clippy::disallowed_methods, reason = "a test reads files")]

use std::path::Path;

use compatrix_render::drift;

#[test]
fn the_pages_of_the_spec_are_up_to_date() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let differences = compatrix::spec_pages("cargo xtask").into_iter().filter_map(|(path, text)| {
        let old = std::fs::read_to_string(root.join(&path)).unwrap_or_default();
        drift::diff(&old, &text, &path, "cargo xtask schema")
    });
    let differences: String = differences.collect();
    assert!(differences.is_empty(), "{differences}");
}
