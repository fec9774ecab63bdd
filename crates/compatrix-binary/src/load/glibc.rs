//! glibc's order: ld.so(8), `_dl_map_object` in `elf/dl-load.c`.
//!
//! For a name without a slash: DT_RPATH of who asks and of those who asked for that one, up to the executable, unless who
//! asks has DT_RUNPATH; LD_LIBRARY_PATH; DT_RUNPATH of who asks; the cache; the default folders. In each folder the
//! subfolders for the processor come first. A file for another processor is passed over, a damaged one stops the loader.

use std::collections::{BTreeSet, VecDeque};

use super::cache::Cache;
use super::paths::{absolute, file_name, folder, join};
use super::question::{tried, Environment, Files, Found, Library, Object, Tried};
use crate::binary::{Binary, Format, Machine, When};

const CACHE: &str = "/etc/ld.so.cache";
const PRELOAD: &str = "/etc/ld.so.preload";

struct Search<'a> {
    environment: &'a Environment,
    files: &'a dyn Files,
    machine: Machine,
    cache: Cache,
    /// The executable, then what was loaded.
    loaded: Vec<Loaded>,
}

struct Loaded {
    path: String,
    binary: Binary,
    /// Who asked for it first.
    by: Option<usize>,
    /// The names by which it answers.
    names: BTreeSet<String>,
}

pub(super) fn libraries(executable: &Object, environment: &Environment, files: &dyn Files) -> Vec<Library> {
    let machine = executable.binary.machine.clone();
    let cache = files.read(CACHE).map(|bytes| Cache::parse(&bytes, &machine, &environment.hwcaps)).unwrap_or_default();
    let own =
        Loaded { path: executable.path.clone(), binary: executable.binary.clone(), by: None, names: BTreeSet::new() };
    let mut search = Search { environment, files, machine, cache, loaded: vec![own] };
    let mut found = Vec::new();
    let preload = environment.variables.get("LD_PRELOAD").map(String::as_str).unwrap_or_default();
    let of_system = files.read(PRELOAD).map(|bytes| String::from_utf8_lossy(&bytes).into_owned()).unwrap_or_default();
    for name in preload.split([':', ' ']).filter(|name| !name.is_empty()) {
        search.add(name, 0, "LD_PRELOAD", When::IfThere, &mut found);
    }
    for line in of_system.lines() {
        let line = line.split('#').next().unwrap_or_default();
        for name in line.split([':', ' ', '\t']).filter(|name| !name.is_empty()) {
            search.add(name, 0, PRELOAD, When::IfThere, &mut found);
        }
    }
    // By breadth: the executable's own first.
    let mut next = VecDeque::from([0]);
    next.extend(1..search.loaded.len());
    let mut done = 0;
    while let Some(index) = next.pop_front() {
        done = done.max(search.loaded.len());
        let (path, needs) = (search.loaded[index].path.clone(), search.loaded[index].binary.needs.clone());
        for need in needs {
            search.add(&need.name, index, &path, need.when, &mut found);
        }
        next.extend(done..search.loaded.len());
    }
    found
}

impl Search<'_> {
    fn add(&mut self, name: &str, by: usize, asks: &str, when: When, found: &mut Vec<Library>) {
        if self.loaded.iter().skip(1).any(|one| one.names.contains(name)) {
            return;
        }
        // The loader is there already, and is the one that the executable names.
        let loader = self.loaded[0].binary.interpreter.as_deref().map(file_name);
        if loader == Some(file_name(name)) {
            return;
        }
        let answer = match self.find(name, by) {
            Ok((path, binary)) => {
                // One that was found by another name is the same object.
                let real = self.files.real(&path);
                let known = self.loaded.iter_mut().skip(1).find(|one| self.files.real(&one.path) == real);
                if let Some(known) = known {
                    known.names.insert(name.to_owned());
                    return;
                }
                let names = [name.to_owned(), path.clone()].into_iter().chain(binary.name.clone()).collect();
                self.loaded.push(Loaded { path: path.clone(), binary, by: Some(by), names });
                Found::File(path)
            }
            Err(found) => found,
        };
        found.push(Library { name: name.to_owned(), by: asks.to_owned(), when, found: answer });
    }

    fn find(&self, name: &str, by: usize) -> Result<(String, Binary), Found> {
        let mut searched = Vec::new();
        if name.contains('/') {
            let path = absolute(&self.environment.current, &self.expanded(name, by));
            return self.try_one(&path, &mut searched)?.map(|binary| (path, binary)).ok_or(Found::Missing { searched });
        }
        let asks = &self.loaded[by];
        let mut folders = Vec::new();
        if asks.binary.runpath.is_empty() {
            let mut next = Some(by);
            while let Some(index) = next {
                self.rpath_of(index, &mut folders);
                // The executable's own counts also for what nobody asked for by name.
                next = self.loaded[index].by.or((index != 0).then_some(0));
            }
        }
        let of_variable = self.environment.variables.get("LD_LIBRARY_PATH").filter(|path| !path.is_empty());
        folders.extend(of_variable.iter().flat_map(|path| path.split([':', ';'])).map(|one| self.expanded(one, 0)));
        folders.extend(asks.binary.runpath.iter().map(|one| self.expanded(one, by)));
        for folder in &folders {
            if let Some(found) = self.in_folder(folder, name, &mut searched)? {
                return Ok(found);
            }
        }
        if asks.binary.no_defaults {
            return Err(Found::Missing { searched });
        }
        searched.push(CACHE.to_owned());
        if let Some(path) = self.cache.get(name) {
            if let Some(binary) = self.try_one(path, &mut searched)? {
                return Ok((path.to_owned(), binary));
            }
        }
        for folder in self.defaults() {
            if let Some(found) = self.in_folder(&folder, name, &mut searched)? {
                return Ok(found);
            }
        }
        Err(Found::Missing { searched })
    }

    /// DT_RPATH is passed over where DT_RUNPATH is.
    fn rpath_of(&self, index: usize, folders: &mut Vec<String>) {
        let one = &self.loaded[index];
        if one.binary.runpath.is_empty() {
            folders.extend(one.binary.rpath.iter().map(|folder| self.expanded(folder, index)));
        }
    }

    fn in_folder(
        &self,
        folder: &str,
        name: &str,
        searched: &mut Vec<String>,
    ) -> Result<Option<(String, Binary)>, Found> {
        let folder = match folder {
            "" => self.environment.current.clone(),
            folder => absolute(&self.environment.current, folder),
        };
        for below in self.environment.hwcaps.iter().map(String::as_str).chain([""]) {
            let path = match below {
                "" => join(&folder, name),
                below => join(&join(&folder, below), name),
            };
            if let Some(binary) = self.try_one(&path, searched)? {
                return Ok(Some((path, binary)));
            }
        }
        Ok(None)
    }

    fn try_one(&self, path: &str, searched: &mut Vec<String>) -> Result<Option<Binary>, Found> {
        match tried(self.files, path, Format::Elf, &self.machine) {
            Tried::Loadable(binary) => return Ok(Some(binary)),
            Tried::None => searched.push(path.to_owned()),
            Tried::Other(machine) => searched.push(format!("{path} (for {machine})")),
            Tried::Bad(why) => return Err(Found::Refused { path: path.to_owned(), why }),
        }
        Ok(None)
    }

    /// `$ORIGIN`, `$LIB` and `$PLATFORM`, also in braces (ld.so(8), "Dynamic string tokens").
    fn expanded(&self, text: &str, by: usize) -> String {
        if !text.contains('$') {
            return text.to_owned();
        }
        let origin = folder(&self.loaded[by].path).to_owned();
        let values = [("ORIGIN", &origin), ("LIB", &self.environment.lib), ("PLATFORM", &self.environment.platform)];
        values.iter().fold(text.to_owned(), |text, (name, value)| {
            text.replace(&format!("${{{name}}}"), value).replace(&format!("${name}"), value)
        })
    }

    fn defaults(&self) -> Vec<String> {
        if !self.environment.defaults.is_empty() {
            return self.environment.defaults.clone();
        }
        let debian = match self.machine.0.as_str() {
            "x86" => "i386-linux-gnu".to_owned(),
            "arm" => "arm-linux-gnueabihf".to_owned(),
            machine => format!("{machine}-linux-gnu"),
        };
        let of_debian = [format!("/lib/{debian}"), format!("/usr/lib/{debian}")];
        let others = ["/lib64", "/usr/lib64", "/lib", "/usr/lib"].map(str::to_owned);
        of_debian.into_iter().chain(others).collect()
    }
}
