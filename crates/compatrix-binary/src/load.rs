//! The loader's question without a loader: which libraries would an executable get?
//!
//! Each loader's search order is in a file of its own, by its documentation. Where the documentation leaves it open, or
//! the answer hangs on something outside of files (a registry, a manifest), the answer is [`Found::Uncertain`].

mod cache;
mod dyld;
mod glibc;
mod musl;
mod paths;
mod question;
mod windows;

use crate::binary::{Kind, When};

pub use question::{Environment, Files, Found, Library, Loader, Object, Resolved, WindowsFolders};

/// All libraries that an executable gets, in the order in which its loader looks for them; each file once.
pub fn libraries(executable: &Object, environment: &Environment, files: &dyn Files) -> Vec<Library> {
    match Loader::of(&executable.binary) {
        Loader::Glibc => glibc::libraries(executable, environment, files),
        Loader::Musl => musl::libraries(executable, environment, files),
        Loader::Dyld => dyld::libraries(executable, environment, files),
        Loader::Windows => windows::libraries(executable, environment, files),
    }
}

/// The first library that `wanted` takes by its file name, among all that the executable gets.
///
/// A library that is not found might have brought it. So if nothing else did, the answer is that one, unless `harmless`
/// says of its file name that it loads nothing of the kind.
pub fn resolve(
    executable: &Object,
    environment: &Environment,
    files: &dyn Files,
    wanted: &dyn Fn(&str) -> bool,
    harmless: &dyn Fn(&str) -> bool,
) -> Resolved {
    let is_static = executable.binary.needs.is_empty() && executable.binary.interpreter.is_none();
    if is_static && executable.binary.kind == Kind::Program {
        return Resolved::Static;
    }
    let all = libraries(executable, environment, files);
    let is_wanted = |library: &&Library| {
        wanted(paths::file_name(&library.name))
            || matches!(&library.found, Found::File(path) | Found::SharedCache(path) if wanted(paths::file_name(path)))
    };
    // One that is not there and may be missing is none; another may be.
    let counts = |library: &&Library| library.when != When::IfThere || !matches!(library.found, Found::Missing { .. });
    if let Some(first) = all.iter().filter(is_wanted).find(counts) {
        return answer(first);
    }
    let lost = all.iter().filter(counts).find(|library| {
        !harmless(paths::file_name(&library.name))
            && matches!(library.found, Found::Missing { .. } | Found::Refused { .. } | Found::Uncertain { .. })
    });
    lost.map_or(Resolved::NotNeeded, answer)
}

fn answer(library: &Library) -> Resolved {
    match &library.found {
        Found::File(path) => Resolved::File(path.clone()),
        Found::SharedCache(path) => Resolved::SharedCache(path.clone()),
        Found::Missing { searched } => Resolved::NotFound { name: library.name.clone(), searched: searched.clone() },
        Found::Refused { path, why } => {
            Resolved::Unknown { why: format!("is given {path} by its loader, which {why}") }
        }
        Found::Uncertain { why } => Resolved::Unknown { why: format!("asks for {}: {why}", library.name) },
        Found::Builtin => Resolved::Unknown { why: format!("gets {} from the system itself", library.name) },
    }
}
