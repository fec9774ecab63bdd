//! The mark that rustc leaves in what it compiles.
//!
//! In ELF it is in `.comment` and in DWARF's `DW_AT_producer`; in PE of windows-gnu and in Mach-O in DWARF alone, which for
//! macOS stays in the object files. So its absence proves nothing about another format than ELF.

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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_makers_of_an_executable_are_read() {
        let bytes = b"x rustc version 1.95.0 (5980 2026)\0clang LLVM (rustc version 1.97.0-nightly (e50 2026))\0rustc version of";
        assert_eq!(releases(bytes), ["1.95.0", "1.97.0-nightly"]);
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
