//! Windows' order for programs without a package, and wine's: Microsoft's "Dynamic-link library search order".
//!
//! A redirection (`PROGRAM.exe.local`); what is loaded already, by its name alone; known DLLs, from System32; the
//! program's folder; System32; System; Windows; the current folder; PATH. With safe search off the current folder comes
//! second. Only names count, and never who asks. The case of names is of no matter.

use std::collections::BTreeSet;

use super::paths::file_name;
use super::question::{tried, Environment, Files, Found, Library, Object, Tried, WindowsFolders};
use crate::binary::{Binary, Format};

struct Search<'a> {
    environment: &'a Environment,
    files: &'a dyn Files,
    program: &'a Object,
    folders: Vec<String>,
}

pub(super) fn libraries(program: &Object, environment: &Environment, files: &dyn Files) -> Vec<Library> {
    let search = Search { environment, files, program, folders: folders(program, environment) };
    let mut found = Vec::new();
    let mut names = BTreeSet::new();
    let mut next = vec![(program.path.clone(), program.binary.clone())];
    while !next.is_empty() {
        let mut loaded = Vec::new();
        for (by, binary) in next {
            for need in binary.needs {
                let name = with_extension(&need.name);
                // A module that is loaded answers to its name.
                if !names.insert(file_name(&name).to_ascii_lowercase()) {
                    continue;
                }
                let answer = match search.find(&name) {
                    Ok((path, binary)) => {
                        loaded.push((path.clone(), binary));
                        Found::File(path)
                    }
                    Err(found) => found,
                };
                found.push(Library { name: need.name, by: by.clone(), when: need.when, found: answer });
            }
        }
        next = loaded;
    }
    found
}

/// The folders in their order.
fn folders(program: &Object, environment: &Environment) -> Vec<String> {
    let WindowsFolders { system32, system, windows, is_unsafe, .. } = &environment.windows;
    let mut folders = vec![folder(&program.path).to_owned()];
    let mut of_system = vec![system32.clone(), system.clone(), windows.clone()];
    match is_unsafe {
        true => of_system.insert(0, environment.current.clone()),
        false => of_system.push(environment.current.clone()),
    }
    folders.extend(of_system);
    for variable in ["WINEPATH", "PATH"] {
        let is_read = variable == "PATH" || environment.windows.is_wine;
        let value = environment.variables.iter().find(|(name, _)| name.eq_ignore_ascii_case(variable) && is_read);
        let list = value.map(|(_, value)| value.as_str()).unwrap_or_default();
        folders.extend(list.split(';').map(|one| one.trim_matches('"').to_owned()));
    }
    folders.retain(|folder| !folder.is_empty());
    folders
}

impl Search<'_> {
    fn find(&self, name: &str) -> Result<(String, Binary), Found> {
        let lower = file_name(name).to_ascii_lowercase();
        // API sets are names of no file; the system leads them to its own.
        if lower.starts_with("api-ms-win-") || lower.starts_with("ext-ms-") {
            return Err(Found::Builtin);
        }
        let mut searched = Vec::new();
        if name.contains(['\\', '/']) {
            return self
                .try_one(name, &mut searched)?
                .map(|one| (name.to_owned(), one))
                .ok_or(Found::Missing { searched });
        }
        self.is_uncertain(name, &lower)?;
        let is_known = self.environment.windows.known.contains(&lower);
        let of_system = [self.environment.windows.system32.clone()];
        let folders = if is_known { &of_system[..] } else { &self.folders[..] };
        for folder in folders {
            let path = join(folder, name);
            if let Some(binary) = self.try_one(&path, &mut searched)? {
                return Ok((path, binary));
            }
        }
        Err(Found::Missing { searched })
    }

    /// What decides outside of files, or by files whose force hangs on the registry.
    fn is_uncertain(&self, name: &str, lower: &str) -> Result<(), Found> {
        let uncertain = |why: String| Err(Found::Uncertain { why });
        let local = format!("{}.local", self.program.path);
        if self.files.is_folder(&local) && self.files.read(&join(&local, name)).is_some() {
            return uncertain(format!(
                "{local} has one too, and whether it counts depends on the manifest and the registry"
            ));
        }
        let overrides = self.environment.variables.get("WINEDLLOVERRIDES").map(String::as_str).unwrap_or_default();
        let stem = lower.strip_suffix(".dll").unwrap_or(lower);
        let is_named = |group: &str| {
            let names = group.split_once('=').map_or(group, |(names, _)| names);
            names
                .split(',')
                .map(|one| one.trim().to_ascii_lowercase())
                .any(|one| one == lower || one == stem || one == "*")
        };
        match self.environment.windows.is_wine && overrides.split(';').any(is_named) {
            true => uncertain(format!("WINEDLLOVERRIDES ({overrides}) decides whether wine takes its own")),
            false => Ok(()),
        }
    }

    fn try_one(&self, path: &str, searched: &mut Vec<String>) -> Result<Option<Binary>, Found> {
        let machine = &self.program.binary.machine;
        match tried(self.files, path, Format::Pe, machine) {
            Tried::Loadable(binary) => return Ok(Some(binary)),
            Tried::None => searched.push(path.to_owned()),
            Tried::Other(other) if self.environment.windows.is_wine => searched.push(format!("{path} (for {other})")),
            Tried::Other(other) => {
                return Err(Found::Refused {
                    path: path.to_owned(),
                    why: format!("is for {other}, not for {machine}"),
                });
            }
            Tried::Bad(why) => return Err(Found::Refused { path: path.to_owned(), why }),
        }
        Ok(None)
    }
}

/// A name without a dot gets `.dll` (LoadLibrary).
fn with_extension(name: &str) -> String {
    match file_name(name).contains('.') {
        true => name.to_owned(),
        false => format!("{name}.dll"),
    }
}

fn folder(path: &str) -> &str {
    path.rfind(['\\', '/']).map_or("", |at| &path[..at])
}

fn join(folder: &str, name: &str) -> String {
    match folder.ends_with(['\\', '/']) {
        true => format!("{folder}{name}"),
        false => format!("{folder}\\{name}"),
    }
}
