//! musl's order: `load_library` and `path_open` in `ldso/dynlink.c`.
//!
//! For a name without a slash: LD_LIBRARY_PATH; the path of who asks and of those who asked for that one (DT_RUNPATH, else
//! DT_RPATH); `/etc/ld-musl-ARCH.path`, else `/lib:/usr/local/lib:/usr/lib`. The first file that can be opened is taken: if
//! it cannot be loaded, the start fails.

use super::paths::{absolute, file_name, folder, join};
use super::question::{tried, Environment, Files, Found, Library, Object, Tried};
use crate::binary::{Binary, Format, When};

const DEFAULTS: &str = "/lib:/usr/local/lib:/usr/lib";
/// The names that are musl itself, whatever comes after a dot.
const OWN: [&str; 7] = ["c", "pthread", "rt", "m", "dl", "util", "xnet"];

struct Search<'a> {
    environment: &'a Environment,
    files: &'a dyn Files,
    loaded: Vec<Loaded>,
}

struct Loaded {
    /// The name by which it was searched; `None` of one that was asked for by a path.
    name: Option<String>,
    path: String,
    binary: Binary,
    by: Option<usize>,
}

pub(super) fn libraries(executable: &Object, environment: &Environment, files: &dyn Files) -> Vec<Library> {
    let own = Loaded { name: None, path: executable.path.clone(), binary: executable.binary.clone(), by: None };
    let mut search = Search { environment, files, loaded: vec![own] };
    let mut found = Vec::new();
    let preload = environment.variables.get("LD_PRELOAD").map(String::as_str).unwrap_or_default();
    for name in preload.split(|c: char| c == ':' || c.is_ascii_whitespace()).filter(|name| !name.is_empty()) {
        search.add(name, 0, "LD_PRELOAD", When::IfThere, &mut found);
    }
    let mut index = 0;
    while index < search.loaded.len() {
        let (path, needs) = (search.loaded[index].path.clone(), search.loaded[index].binary.needs.clone());
        for need in needs {
            search.add(&need.name, index, &path, need.when, &mut found);
        }
        index += 1;
    }
    found
}

impl Search<'_> {
    fn add(&mut self, name: &str, by: usize, asks: &str, when: When, found: &mut Vec<Library>) {
        if is_own(name) {
            return;
        }
        if self.loaded.iter().any(|one| one.name.as_deref() == Some(name)) {
            return;
        }
        let answer = match self.find(name, by) {
            Ok((path, binary)) => {
                let real = self.files.real(&path);
                let is_loader = self.loaded[0].binary.interpreter.as_ref().map(|one| self.files.real(one));
                if is_loader.as_ref() == Some(&real) {
                    return;
                }
                let short = (!name.contains('/')).then(|| name.to_owned());
                // The same file by another name is the same object.
                if let Some(known) = self.loaded.iter_mut().find(|one| self.files.real(&one.path) == real) {
                    known.name = known.name.take().or(short);
                    return;
                }
                self.loaded.push(Loaded { name: short, path: path.clone(), binary, by: Some(by) });
                Found::File(path)
            }
            Err(found) => found,
        };
        found.push(Library { name: name.to_owned(), by: asks.to_owned(), when, found: answer });
    }

    fn find(&self, name: &str, by: usize) -> Result<(String, Binary), Found> {
        let mut searched = Vec::new();
        if name.contains('/') {
            let path = absolute(&self.environment.current, name);
            return self.try_one(&path, &mut searched)?.map(|one| (path, one)).ok_or(Found::Missing { searched });
        }
        let mut paths = Vec::new();
        paths.extend(self.environment.variables.get("LD_LIBRARY_PATH").cloned());
        let mut next = Some(by);
        while let Some(index) = next {
            paths.extend(self.path_of(index));
            next = self.loaded[index].by;
        }
        paths.push(self.of_system());
        for folder in paths.iter().flat_map(|path| path.split([':', '\n'])).filter(|folder| !folder.is_empty()) {
            let path = absolute(&self.environment.current, &join(folder, name));
            if let Some(binary) = self.try_one(&path, &mut searched)? {
                return Ok((path, binary));
            }
        }
        Err(Found::Missing { searched })
    }

    fn try_one(&self, path: &str, searched: &mut Vec<String>) -> Result<Option<Binary>, Found> {
        let machine = &self.loaded[0].binary.machine;
        match tried(self.files, path, Format::Elf, machine) {
            Tried::Loadable(binary) => Ok(Some(binary)),
            Tried::None => {
                searched.push(path.to_owned());
                Ok(None)
            }
            Tried::Other(other) => {
                Err(Found::Refused { path: path.to_owned(), why: format!("is for {other}, not for {machine}") })
            }
            Tried::Bad(why) => Err(Found::Refused { path: path.to_owned(), why }),
        }
    }

    /// The object's own path; none if it has a `$` other than of ORIGIN (`fixup_rpath`).
    fn path_of(&self, index: usize) -> Option<String> {
        let one = &self.loaded[index];
        let path = if one.binary.runpath.is_empty() { &one.binary.rpath } else { &one.binary.runpath };
        let path = path.join(":").replace("${ORIGIN}", "$ORIGIN");
        let rest = path.replace("$ORIGIN", "");
        (!path.is_empty() && !rest.contains('$')).then(|| path.replace("$ORIGIN", folder(&one.path)))
    }

    fn of_system(&self) -> String {
        let interpreter = self.loaded[0].binary.interpreter.as_deref().unwrap_or("/lib/ld-musl.so.1");
        let name = file_name(interpreter);
        let architecture = name.strip_prefix("ld-musl-").and_then(|name| name.split('.').next()).unwrap_or_default();
        // The folder above that of the loader.
        let prefix = interpreter.strip_suffix(name).and_then(|path| path.strip_suffix('/')).unwrap_or_default();
        let prefix = prefix.rfind('/').map_or("", |at| &prefix[..at]);
        let file = format!("{prefix}/etc/ld-musl-{architecture}.path");
        self.files.read(&file).map_or_else(|| DEFAULTS.to_owned(), |bytes| String::from_utf8_lossy(&bytes).into_owned())
    }
}

/// Whether a name is musl's own: `libc.so`, `libpthread.so.0`, also Alpine's `libc.musl-x86_64.so.1`.
fn is_own(name: &str) -> bool {
    let stem = name.strip_prefix("lib").and_then(|rest| rest.split_once('.')).map(|(stem, _)| stem);
    stem.is_some_and(|stem| OWN.contains(&stem)) || name.starts_with("ld-musl-")
}
