//! What a feature of a package enables, and whether it needs more than a common host.

use std::collections::BTreeSet;

use super::found::Member;

/// Words in names of features that need a nightly, another target, another library or a tool.
const SPECIAL: [&str; 30] = [
    "nightly",
    "unstable",
    "asan",
    "msan",
    "tsan",
    "lsan",
    "sanitizer",
    "wasm",
    "wasm32",
    "wasi",
    "js",
    "web",
    "stdweb",
    "windows",
    "winsqlite3",
    "macos",
    "ios",
    "android",
    "gecko",
    "bindgen",
    "buildtime",
    "sqlcipher",
    "loadable",
    "loom",
    "fuzz",
    "fuzzing",
    "miri",
    "rustc",
    "simd",
    "intrinsics",
];

/// Whether a feature, or one that it enables, needs more than a stable toolchain on a common host, by its name.
pub(super) fn is_special(member: &Member, name: &str) -> bool {
    let by_name = |name: &str| name.split(['-', '_']).any(|word| SPECIAL.contains(&word));
    by_name(name) || closure(member, name).iter().any(|enabled| by_name(enabled))
}

/// All features of one package that this one enables.
pub(super) fn closure<'m>(member: &'m Member, name: &'m str) -> BTreeSet<&'m str> {
    let mut todo = vec![name];
    let mut on = BTreeSet::new();
    while let Some(name) = todo.pop() {
        if let Some(list) = member.features.get(name) {
            if on.insert(name) {
                todo.extend(list.iter().map(String::as_str));
            }
        }
    }
    on
}
