//! What is missing on this host and not in the project: libraries, headers and tools of the system.

/// What to say of a missing library of the system.
pub(super) fn library(name: &str, said: &str) -> String {
    let said = said.strip_prefix("error: ").unwrap_or(said);
    format!("the system library `{name}` is missing ({said}); install it with its development files")
}

/// Whether a line of a build script says that something of the system is missing.
pub(super) fn is_sign(line: &str) -> bool {
    let lower = line.to_lowercase();
    let of_pkg_config = lower.contains("pkg-config")
        && ["could not be found", "could not run", "command not found", "not installed"]
            .iter()
            .any(|w| lower.contains(w));
    of_pkg_config
        || (line.contains("The system library `") && line.contains("was not found"))
        || (line.contains("Package ") && line.contains("was not found in the pkg-config search path"))
        || (line.contains("No package '") && line.contains("' found"))
        || line.contains("Could not find directory of OpenSSL installation")
        || line.contains("Could NOT find ")
        || is_tool(line, &lower)
        || names_a_library(&lower)
        || header(line).is_some()
}

/// Whether pkg-config says that a library is here in another version than asked for.
pub(super) fn is_old(line: &str) -> bool {
    (line.contains("Package '") && line.contains("required version is '"))
        || (line.contains("Requested '") && line.contains("' but version of "))
}

/// `is `cmake` not installed?`, `failed to find tool "musl-gcc"`, `Could not find `protoc``.
fn is_tool(line: &str, lower: &str) -> bool {
    let asks = lower.rsplit_once("is `").is_some_and(|(_, rest)| rest.contains("installed?"));
    asks || lower.contains("failed to find tool")
        || line.contains("ToolNotFound")
        || lower.contains("could not find `protoc`")
}

/// `Unable to find libclang`, `could not find system library 'x'`, `cannot find -lx`.
fn names_a_library(lower: &str) -> bool {
    const FIND: [&str; 8] = [
        "unable to find ",
        "could not find ",
        "couldn't find ",
        "cannot find ",
        "can't find ",
        "failed to find ",
        "unable to locate ",
        "could not locate ",
    ];
    let rest = FIND.iter().find_map(|find| lower.split_once(find)).map(|(_, rest)| rest);
    let Some(mut rest) = rest else { return false };
    while let Some(after) = ["the ", "native ", "system ", "shared ", "static ", "dynamic ", "a ", "any "]
        .iter()
        .find_map(|word| rest.strip_prefix(word))
    {
        rest = after;
    }
    let rest = rest.trim_start_matches(['`', '\'', '"']);
    if rest.starts_with("-l") {
        return true;
    }
    let Some(name) = rest.strip_prefix("lib") else { return false };
    // Not a file or a folder of the project, `lib.rs` or `lib/x`.
    let word = name.split(|c: char| c.is_whitespace() || "`'\"".contains(c)).next().unwrap_or_default();
    name.starts_with(|c: char| c.is_ascii_alphanumeric()) && !word.contains('/') && !word.ends_with(".rs")
}

/// The header that a C compiler does not find: `x.c:1:10: fatal error: nosuch.h: No such file or directory`, of clang
/// `'nosuch.h' file not found`.
pub(super) fn header(line: &str) -> Option<&str> {
    let (_, rest) = line.split_once("fatal error: ")?;
    let name = rest
        .strip_suffix(": No such file or directory")
        .or_else(|| rest.strip_prefix('\'')?.split_once("' file not found").map(|(name, _)| name))?;
    [".h", ".hpp", ".hh", ".hxx"].iter().any(|end| name.ends_with(end)).then_some(name)
}

/// Whether the excerpt below such a line asks for a header of the project itself: `#include "x.h"`.
pub(super) fn is_own_include(line: &str) -> bool {
    line.split_once("#include").is_some_and(|(_, rest)| rest.trim_start().starts_with('"'))
}
