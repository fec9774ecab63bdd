//! Which files are sources: those that git tracks and those that the ignore rules of their repository leave, below the folders
//! of packages; what their links lead to; and files outside of them that the spec names or that paths in the source text
//! lead to. Outside of repositories it is every file that cargo did not build.

#[cfg(test)]
mod tests;

use std::collections::{BTreeMap, BTreeSet};
use std::io::ErrorKind::PermissionDenied;
use std::path::{Component, Path, PathBuf};

use anyhow::{Context, Result};
use compatrix_model::hash::Sha256;
use compatrix_model::matrix_spec::Project;

use crate::find::outside::{self, Outside, Unclear};
use crate::find::places::{ours, Places};
use crate::find::repositories::{Folder, Repositories};
use crate::sys::error::Error;
use crate::sys::files;
use crate::sys::host::Host;

/// Fewer files than this are hashed faster by one thread.
const FEW: usize = 200;

/// A file of the sources, or a link.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Entry {
    pub(crate) path: PathBuf,
    pub(crate) content: Content,
    /// Whether git tracks it.
    pub(crate) tracked: bool,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Content {
    /// The hash of a file.
    File(Sha256),
    /// The text of a link that leads to no file.
    Link(String),
    /// Something that we may not read; then no build can.
    Locked,
}

/// The sources of a workspace at one moment.
#[derive(Debug)]
pub(crate) struct Listing {
    /// Ordered by path.
    pub(crate) entries: Vec<Entry>,
    /// What counts outside of the packages' folders, whether it is there now or not: ends of links, inputs.
    pub(crate) beyond: BTreeSet<PathBuf>,
    /// What paths in source texts lead to and no hash covers; none if the spec says what the inputs are.
    pub(crate) unclear: Vec<Unclear>,
    /// Inputs of the spec that name no file.
    pub(crate) unmatched: Vec<String>,
    /// The top folders of repositories, with the folders in each.
    pub(crate) repositories: BTreeMap<PathBuf, Vec<Folder>>,
}

/// The sources in these places.
///
/// # Errors
/// git knows no file of a package under test, or does not read a repository; a file cannot be read.
pub(crate) fn list(host: &Host, project: &Project, places: &Places) -> Result<Listing> {
    let mut lister = Lister::new(host, places, ours(host, project));
    lister.folders(outermost(places.folders()))?;
    lister.fill_empty()?;
    let inside = lister.found.clone();
    let unmatched = lister.inputs(project)?;
    lister.of_commands(project)?;
    let scope = outside::Scope { places, top: lister.top_of_root()?.unwrap_or_else(|| host.root.clone()) };
    let sources = inside.keys().filter(|path| !places.vendored.iter().any(|dir| path.starts_with(dir)));
    let Outside { paths, mut unclear } = outside::named(host, &scope, sources);
    if project.inputs.is_some() {
        unclear.clear();
    }
    lister.beyond.extend(paths.iter().cloned());
    let there: Vec<PathBuf> = paths.into_iter().filter(|path| files::exists(path)).collect();
    lister.folders(outermost(there.iter()))?;
    let entries = lister.contents()?;
    Ok(Listing { entries, beyond: lister.beyond, unclear, unmatched, repositories: lister.repositories_used })
}

/// Those folders that lie in none of the others.
fn outermost<'p>(folders: impl Iterator<Item = &'p PathBuf>) -> Vec<PathBuf> {
    let all: BTreeSet<&PathBuf> = folders.collect();
    let mut kept: Vec<PathBuf> = Vec::new();
    // Ordered, a folder comes before what is in it.
    for folder in all {
        if !kept.iter().any(|outer| folder.starts_with(outer)) {
            kept.push(folder.clone());
        }
    }
    kept
}

struct Lister<'a> {
    host: &'a Host,
    places: &'a Places,
    ours: Vec<PathBuf>,
    repositories: Repositories<'a>,
    /// Files, and links that lead to none: whether git tracks them.
    found: BTreeMap<PathBuf, bool>,
    /// Folders without links in their path that are listed, or will be.
    known: BTreeSet<PathBuf>,
    beyond: BTreeSet<PathBuf>,
    repositories_used: BTreeMap<PathBuf, Vec<Folder>>,
}

impl<'a> Lister<'a> {
    fn new(host: &'a Host, places: &'a Places, ours: Vec<PathBuf>) -> Self {
        Self {
            host,
            places,
            ours,
            repositories: Repositories::new(host),
            found: BTreeMap::new(),
            known: BTreeSet::new(),
            beyond: BTreeSet::new(),
            repositories_used: BTreeMap::new(),
        }
    }

    fn top_of_root(&mut self) -> Result<Option<PathBuf>> {
        self.repositories.top(&self.host.root)
    }

    /// Lists folders and files, and the folders that links and other repositories in them lead to.
    fn folders(&mut self, folders: Vec<PathBuf>) -> Result<()> {
        let mut todo = folders;
        while !todo.is_empty() {
            let mut more = Vec::new();
            let mut by_top: BTreeMap<PathBuf, Vec<Folder>> = BTreeMap::new();
            for folder in todo.into_iter().map(Folder::new) {
                self.known.insert(folder.real.clone());
                match self.repositories.top(&folder.real)? {
                    Some(top) => by_top.entry(top).or_default().push(folder),
                    None => self.walk(&folder.shown, &mut more)?,
                }
            }
            let without: Vec<PathBuf> =
                self.places.built.iter().filter(|dir| self.places.is_built(dir)).chain(&self.ours).cloned().collect();
            for (top, folders) in by_top {
                for (path, tracked) in self.repositories.list(&top, &folders, &without)? {
                    self.take(path, tracked, &mut more)?;
                }
                self.repositories_used.entry(top).or_default().extend(folders);
            }
            todo = more;
        }
        Ok(())
    }

    /// Every file below a folder, whatever git says.
    fn walk(&mut self, dir: &Path, more: &mut Vec<PathBuf>) -> Result<()> {
        if !dir.is_dir() {
            return self.take(dir.to_owned(), false, more);
        }
        let mut todo = vec![dir.to_owned()];
        while let Some(dir) = todo.pop() {
            let listed = match files::list(&dir) {
                // A test may have taken the rights of a folder away.
                Err(error) if is_denied(&error) => continue,
                listed => listed?,
            };
            for path in listed.into_iter().filter(|path| path.file_name().is_some_and(|name| name != ".git")) {
                if files::is_own_dir(&path) && !files::exists(&path.join(".git")) {
                    if !self.is_left_out(&path, false) {
                        todo.push(path);
                    }
                } else {
                    self.take(path, false, more)?;
                }
            }
        }
        Ok(())
    }

    /// Takes a path: a file, a link, or a folder that is another repository.
    fn take(&mut self, path: PathBuf, tracked: bool, more: &mut Vec<PathBuf>) -> Result<()> {
        if self.is_left_out(&path, tracked) {
            return Ok(());
        }
        if files::is_own_dir(&path) {
            // One without is a submodule that is not checked out.
            let has_own = files::exists(&path.join(".git"));
            if has_own && files::real(&path).is_ok_and(|real| self.known.insert(real)) {
                more.push(path);
            }
            return Ok(());
        }
        if files::link_text(&path).is_ok() {
            let target = files::real(&path).ok();
            self.beyond.extend(target.clone().filter(|to| !self.known.iter().any(|known| to.starts_with(known))));
            // Not a folder around one that is known: such a link goes round.
            let is_new = |to: &PathBuf| !self.known.iter().any(|known| to.starts_with(known) || known.starts_with(to));
            if let Some(to) = target.filter(|to| to.is_dir()).filter(is_new) {
                self.known.insert(to);
                more.push(path.clone());
            }
        } else if !path.is_file() {
            // git may track what a sparse checkout or the user has removed.
            return Ok(());
        }
        self.found.insert(path, tracked);
        Ok(())
    }

    fn is_left_out(&self, path: &Path, tracked: bool) -> bool {
        self.ours.iter().any(|own| path.starts_with(own)) || (!tracked && self.places.is_built(path))
    }

    /// A package that git knows nothing of: an error for one under test; otherwise all that is there.
    fn fill_empty(&mut self) -> Result<()> {
        let empty = |dir: &&PathBuf| {
            let first = self.found.range((*dir).clone()..).next();
            !first.is_some_and(|(path, _)| path.starts_with(dir))
        };
        let empty: Vec<PathBuf> = self.places.folders().filter(empty).cloned().collect();
        let mut more = Vec::new();
        for dir in empty {
            if self.places.under_test.contains(&dir) {
                let dir = dir.display();
                return Err(anyhow::Error::from(Error::usage(format!(
                    "no sources in {dir}: git tracks no file there, and the .gitignore files of its repository name all of \
                     them, so that no result could belong to what is tested. Track the package (`git add --force {dir}`), \
                     change the .gitignore, or make it a repository of its own (`git init {dir}`)"
                ))));
            }
            self.walk(&dir, &mut more)?;
        }
        self.folders(more)
    }

    /// Adds the files that the spec names as inputs; returns the globs that match none.
    fn inputs(&mut self, project: &Project) -> Result<Vec<String>> {
        let mut unmatched = Vec::new();
        for glob in project.inputs.iter().flatten() {
            if !self.input(glob)? {
                unmatched.push(glob.clone());
            }
        }
        Ok(unmatched)
    }

    /// Adds the files that commands of suites name. Of a word that names nothing now, only a path can name something later.
    fn of_commands(&mut self, project: &Project) -> Result<()> {
        let top = self.top_of_root()?.unwrap_or_else(|| self.host.root.clone());
        let target = self.host.root.join("target");
        for word in &project.named_by_commands {
            let path = self.host.root.join(word);
            let parts: Vec<Component<'_>> = Path::new(word).components().collect();
            let is_inside = parts.iter().all(|part| matches!(part, Component::Normal(_) | Component::CurDir))
                && parts.iter().any(|part| matches!(part, Component::Normal(_)));
            let plain: PathBuf = path.components().collect();
            if !is_inside || plain.starts_with(&target) || is_pattern(word) {
                continue;
            }
            if plain.is_dir() {
                // By git's rules: programs leave caches in such folders.
                self.beyond.insert(plain.clone());
                self.folders(vec![plain])?;
            } else if files::exists(&plain) {
                let glob = files::slashed(plain.strip_prefix(&top).unwrap_or(&plain));
                self.input(&glob)?;
            } else if word.contains('/') {
                self.beyond.insert(plain);
            }
        }
        Ok(())
    }

    /// Adds the files that a glob below the repository's top folder matches; whether there are any.
    fn input(&mut self, glob: &str) -> Result<bool> {
        let top = self.top_of_root()?;
        let base = top.clone().unwrap_or_else(|| self.host.root.clone());
        let mut listed = match &top {
            Some(top) => self.repositories.matching(top, glob)?,
            None => Vec::new(),
        };
        // What is named counts though git ignores it.
        let known: BTreeSet<PathBuf> = listed.iter().map(|(path, _)| path.clone()).collect();
        listed.extend(on_disk(&base, glob)?.into_iter().filter(|(path, _)| !known.contains(path)));
        let is_matched = !listed.is_empty();
        let mut more = Vec::new();
        for (path, tracked) in listed {
            self.beyond.insert(path.clone());
            self.take(path, tracked, &mut more)?;
        }
        self.folders(more)?;
        Ok(is_matched)
    }

    /// What is in all that was found.
    fn contents(&self) -> Result<Vec<Entry>> {
        let all: Vec<(&PathBuf, bool)> = self.found.iter().map(|(path, tracked)| (path, *tracked)).collect();
        let entry = |(path, tracked): &(&PathBuf, bool)| {
            Ok(content(self.host, path)?.map(|content| Entry { path: (*path).clone(), content, tracked: *tracked }))
        };
        let threads = std::thread::available_parallelism().map_or(1, std::num::NonZero::get).min(4);
        if all.len() < FEW || threads == 1 {
            return all.iter().filter_map(|one| entry(one).transpose()).collect();
        }
        let parts = all.chunks(all.len().div_ceil(threads));
        let parts: Vec<Result<Vec<Entry>>> = std::thread::scope(|scope| {
            let part = |part: &'_ [(&PathBuf, bool)]| part.iter().filter_map(|one| entry(one).transpose()).collect();
            let started: Vec<_> = parts.map(|files| scope.spawn(move || part(files))).collect();
            started.into_iter().map(|one| one.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic))).collect()
        });
        Ok(parts.into_iter().collect::<Result<Vec<_>>>()?.into_iter().flatten().collect())
    }
}

/// What is in a file, or nothing if it is gone by now.
fn content(host: &Host, path: &Path) -> Result<Option<Content>> {
    if !path.is_file() {
        return Ok(files::link_text(path).ok().map(Content::Link));
    }
    match files::sha256(path, &host.memo) {
        Ok(hash) => Ok(Some(Content::File(hash))),
        Err(error) if is_denied(&error) => Ok(Some(Content::Locked)),
        Err(_) if !files::exists(path) => Ok(None),
        Err(error) => Err(error),
    }
}

/// The files below a folder that a glob matches, or that are in the folder of that name.
fn on_disk(base: &Path, glob: &str) -> Result<Vec<(PathBuf, bool)>> {
    let glob = glob.trim_end_matches('/');
    let matches = files::path_glob(glob).with_context(|| format!("`inputs` in compat/matrix.toml: `{glob}`"))?;
    let fixed: PathBuf =
        Path::new(glob).components().take_while(|part| !is_pattern(&part.as_os_str().to_string_lossy())).collect();
    let start = base.join(&fixed);
    let mut found = Vec::new();
    let mut todo = vec![start.clone()];
    if start.is_file() {
        return Ok(vec![(start, false)]);
    }
    let whole = fixed == Path::new(glob);
    while let Some(dir) = todo.pop() {
        for path in files::list(&dir).unwrap_or_default() {
            if files::is_own_dir(&path) {
                todo.extend((path.file_name().is_some_and(|name| name != ".git")).then_some(path));
            } else if whole || path.strip_prefix(base).is_ok_and(|path| matches.is_match(path)) {
                found.push((path, false));
            }
        }
    }
    Ok(found)
}

fn is_pattern(part: &str) -> bool {
    part.contains(['*', '?', '[', '\\'])
}

fn is_denied(error: &anyhow::Error) -> bool {
    error
        .chain()
        .any(|cause| cause.downcast_ref::<std::io::Error>().is_some_and(|error| error.kind() == PermissionDenied))
}
