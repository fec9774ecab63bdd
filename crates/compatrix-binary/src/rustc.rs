//! The mark that rustc leaves in what it compiles.
//!
//! The version is in ELF's `.comment` and in DWARF's `DW_AT_producer`; in PE of windows-gnu and in Mach-O in DWARF alone,
//! which for macOS stays in the object files. So its absence proves nothing about another format than ELF. What stays in
//! every format that has its symbols is a mark of the version, from which the version cannot be read: rustc 1.89 and newer
//! put it into the names of the runtime (`mangle_internal_symbol` in `rustc_symbol_mangling`).

/// The releases in all `rustc version X` of these bytes, sorted.
pub fn releases(bytes: &[u8]) -> Vec<String> {
    const SIGN: &[u8] = b"rustc version ";
    let mut found: Vec<String> = memchr::memmem::find_iter(bytes, SIGN)
        .filter_map(|at| {
            let rest = &bytes[at + SIGN.len()..];
            let end = rest.iter().take(40).position(|b| !(b.is_ascii_alphanumeric() || b"._-".contains(b)))?;
            let text = String::from_utf8_lossy(&rest[..end]).into_owned();
            text.starts_with(|c: char| c.is_ascii_digit()).then_some(text)
        })
        .collect();
    found.sort();
    found.dedup();
    found
}

/// The hashes of the compiler's commit in paths of its library (`/rustc/<40 hex digits>/library/…`), sorted: what a
/// release leaves in every format, also where the version is stripped.
pub fn commits(bytes: &[u8]) -> Vec<String> {
    const SIGN: &[u8] = b"/rustc/";
    let mut found: Vec<String> = memchr::memmem::find_iter(bytes, SIGN)
        .filter_map(|at| {
            let hash = bytes.get(at + SIGN.len()..at + SIGN.len() + 40)?;
            let is_hash = hash.iter().all(|byte| byte.is_ascii_digit() || (b'a'..=b'f').contains(byte));
            let ends = matches!(bytes.get(at + SIGN.len() + 40), Some(b'/' | b'\\'));
            (is_hash && ends).then(|| String::from_utf8_lossy(hash).into_owned())
        })
        .collect();
    found.sort();
    found.dedup();
    found
}

/// The marks of compilers in the names of Rust's runtime (`_RNvCsfgHYwM92fyn_7___rustc12___rust_alloc`), sorted: two
/// compilers of one version have one mark. There is none in what is stripped, and none of an older rustc.
pub fn marks(bytes: &[u8]) -> Vec<String> {
    const BEFORE: &[u8] = b"_RNvCs";
    const AFTER: &[u8] = b"_7___rustc";
    let mut found: Vec<String> = memchr::memmem::find_iter(bytes, BEFORE)
        .filter_map(|at| {
            let rest = &bytes[at + BEFORE.len()..];
            // 64 bits in base 62 are eleven digits at most.
            let end = rest.iter().take(12).position(|byte| !byte.is_ascii_alphanumeric())?;
            (end > 0 && rest[end..].starts_with(AFTER)).then(|| String::from_utf8_lossy(&rest[..end]).into_owned())
        })
        .collect();
    found.sort();
    found.dedup();
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_makers_of_an_executable_are_read() {
        let bytes = b"x rustc version 1.95.0 (5980 2026)\0clang LLVM (rustc version 1.97.0-nightly (e50 2026))\0rustc version of";
        assert_eq!(releases(bytes), ["1.95.0", "1.97.0-nightly"]);
    }

    #[test]
    fn the_mark_in_the_names_of_the_runtime_is_read() {
        let bytes = b"\0__RNvCsfgHYwM92fyn_7___rustc12___rust_alloc\0_RNvCsfgHYwM92fyn_7___rustc10rust_panic\0\
                      _RNvCs123_7___rustcX_RNvCs1234567890123_7___rustc_RNvCs12_4core_RNvCs_7___rustc";
        assert_eq!(marks(bytes), ["123", "fgHYwM92fyn"]);
        assert!(marks(b"_RNvCs12").is_empty());
    }

    #[test]
    fn the_commit_of_the_compiler_is_read_from_its_paths() {
        let hash = "f2d3ce0bd7f24a49f8f72d9000448f8838c4e850";
        let bytes =
            format!("x/rustc/{hash}/library/core/src/a.rs\0/rustc/{hash}\\library\0/rustc/short/\0/rustc/{hash}x");
        assert_eq!(commits(bytes.as_bytes()), [hash]);
        assert!(commits(format!("/rustc/{hash}").as_bytes()).is_empty());
    }
}
