//! dyld's order: dyld(1), and `PathOverrides::forEachPathVariant` and `Loader::forEachResolvedAtPathVar` of Apple's dyld.
//!
//! DYLD_LIBRARY_PATH by the file's name; the path itself, with `@executable_path`, `@loader_path` and `@rpath` expanded;
//! DYLD_FALLBACK_LIBRARY_PATH by the file's name, else `/usr/local/lib` and `/usr/lib`. A path of the system without a file
//! is in the shared cache, and the cache goes before a file. What cannot be loaded is passed over. Variables reach dyld only
//! if no protected program (SIP) is started in between.

use super::paths::{absolute, file_name, folder, join};
use super::question::{tried, Environment, Files, Found, Library, Object, Tried};
use crate::binary::{Binary, Format, When};

const FALLBACKS: &str = "/usr/local/lib:/usr/lib";

struct Search<'a> {
    environment: &'a Environment,
    files: &'a dyn Files,
    loaded: Vec<Loaded>,
    /// Paths in the shared cache that were found.
    cached: Vec<String>,
}

struct Loaded {
    path: String,
    binary: Binary,
    by: Option<usize>,
}

enum Place {
    File(String, Binary),
    Cache(String),
}

pub(super) fn libraries(executable: &Object, environment: &Environment, files: &dyn Files) -> Vec<Library> {
    let own = Loaded { path: executable.path.clone(), binary: executable.binary.clone(), by: None };
    let mut search = Search { environment, files, loaded: vec![own], cached: Vec::new() };
    let mut found = Vec::new();
    for name in search.list("DYLD_INSERT_LIBRARIES") {
        search.add(&name, 0, "DYLD_INSERT_LIBRARIES", When::AtStart, &mut found);
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
        let mut searched = Vec::new();
        let answer = match self.find(name, by, &mut searched) {
            Some(Place::File(path, binary)) => {
                let real = self.files.real(&path);
                if self.loaded.iter().skip(1).any(|one| self.files.real(&one.path) == real) {
                    return;
                }
                self.loaded.push(Loaded { path: path.clone(), binary, by: Some(by) });
                Found::File(path)
            }
            Some(Place::Cache(path)) => {
                if self.cached.contains(&path) {
                    return;
                }
                self.cached.push(path.clone());
                Found::SharedCache(path)
            }
            None => Found::Missing { searched },
        };
        found.push(Library { name: name.to_owned(), by: asks.to_owned(), when, found: answer });
    }

    fn find(&self, name: &str, by: usize, searched: &mut Vec<String>) -> Option<Place> {
        // What is loaded already answers to its install name.
        let known = self.loaded.iter().skip(1).find(|one| one.path == name || one.binary.name.as_deref() == Some(name));
        if let Some(known) = known {
            return Some(Place::File(known.path.clone(), known.binary.clone()));
        }
        let in_folders = |folders: Vec<String>| folders.into_iter().map(|folder| join(&folder, file_name(name)));
        let fallbacks = match self.list("DYLD_FALLBACK_LIBRARY_PATH") {
            none if none.is_empty() => FALLBACKS.split(':').map(str::to_owned).collect(),
            some => some,
        };
        let mut candidates: Vec<String> = in_folders(self.list("DYLD_LIBRARY_PATH")).collect();
        candidates.extend(self.expanded(name, by));
        candidates.extend(in_folders(fallbacks));
        candidates.iter().find_map(|path| self.try_one(&absolute(&self.environment.current, path), searched))
    }

    fn try_one(&self, path: &str, searched: &mut Vec<String>) -> Option<Place> {
        if searched.iter().any(|known| known == path) {
            return None;
        }
        if is_of_the_system(path) {
            return Some(Place::Cache(path.to_owned()));
        }
        match tried(self.files, path, Format::MachO, &self.loaded[0].binary.machine) {
            Tried::Loadable(binary) => return Some(Place::File(path.to_owned(), binary)),
            Tried::None => searched.push(path.to_owned()),
            Tried::Other(machine) => searched.push(format!("{path} (for {machine})")),
            Tried::Bad(why) => searched.push(format!("{path} ({why})")),
        }
        None
    }

    /// The paths that a name stands for: several of `@rpath`, whose folders are those of who asks, then of who asked for
    /// that one, up to the executable.
    fn expanded(&self, name: &str, by: usize) -> Vec<String> {
        let Some(rest) = name.strip_prefix("@rpath/") else { return self.at(name, by).into_iter().collect() };
        let mut paths = Vec::new();
        let mut next = Some(by);
        while let Some(index) = next {
            let folders = self.loaded[index].binary.runpath.iter().filter_map(|folder| self.at(folder, index));
            paths.extend(folders.map(|folder| join(&folder, rest)));
            next = self.loaded[index].by;
        }
        paths
    }

    /// A path with `@executable_path` or `@loader_path` at its beginning replaced.
    fn at(&self, path: &str, by: usize) -> Option<String> {
        for (token, object) in [("@executable_path", 0), ("@loader_path", by)] {
            if let Some(rest) = path.strip_prefix(token).filter(|rest| rest.is_empty() || rest.starts_with('/')) {
                return Some(join(folder(&self.loaded[object].path), rest.trim_start_matches('/')));
            }
        }
        (!path.starts_with("@rpath")).then(|| path.to_owned())
    }

    fn list(&self, variable: &str) -> Vec<String> {
        let value = self.environment.variables.get(variable).map(String::as_str).unwrap_or_default();
        value.split(':').filter(|one| !one.is_empty()).map(str::to_owned).collect()
    }
}

/// Whether a path is of macOS itself, which has no file for it since macOS 11, or puts its cache before it.
fn is_of_the_system(path: &str) -> bool {
    let is_library =
        path.strip_prefix("/usr/lib/").is_some_and(|rest| KNOWN.iter().any(|known| rest.starts_with(known)));
    is_library || path.starts_with("/System/Library/") || path.starts_with("/System/iOSSupport/")
}

/// What there is in `/usr/lib` that programs of rustc and SQLite link. Another name there may be in the cache of one
/// release and not of the next.
const KNOWN: [&str; 13] = [
    "libsqlite3.dylib",
    "libsqlite3.0.dylib",
    "libSystem.",
    "libc++",
    "libobjc.",
    "libiconv.",
    "libz.",
    "libresolv.",
    "libcharset.",
    "libcurl.",
    "libxml2.",
    "libncurses.",
    "system/",
];
