//! The modules of a crate, and which names what of which.
//!
//! A node is a file. `mod x { … }` belongs to its file; `mod x;` says where a module is and is no use of it.

use std::collections::{BTreeMap, BTreeSet};

use crate::source::{self, Import, Name, NameKind, Scope};

/// One executable or library: the modules that its root reaches, without those for tests.
pub(crate) struct Modules {
    /// The package's name.
    pub(crate) name: String,
    nodes: Vec<Node>,
}

struct Node {
    path: Vec<String>,
    file: String,
    /// The node of the file's own module.
    own: usize,
    parent: Option<usize>,
    children: BTreeMap<String, usize>,
    scope: Scope,
}

/// One module's code names something of another's.
pub(crate) struct Arrow {
    pub(crate) from: usize,
    pub(crate) to: usize,
    pub(crate) line: usize,
    /// As it is written.
    pub(crate) path: String,
}

/// What a path leads to.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Target {
    Module(usize),
    /// Something that this module defines.
    Item(usize),
    /// Another crate's.
    Foreign,
}

/// Modules and items may have the same name. Before `::` a module is meant, at the end an item.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Want {
    Module,
    Item,
}

/// What is being looked up right now, so that `use` in a circle ends.
type Seen = BTreeSet<(usize, String, Want)>;

/// Every crate of these files: path and text of each. An error names the file that is no Rust.
pub(crate) fn crates(files: &BTreeMap<String, String>) -> Result<Vec<Modules>, String> {
    files.keys().filter(|file| is_root(file)).map(|root| Modules::of(root, files)).collect()
}

/// Whether a crate begins with this file.
fn is_root(file: &str) -> bool {
    let Some((_, inside)) = file.split_once("/src/") else { return false };
    let in_bin = inside.strip_prefix("bin/").is_some_and(|rest| !rest.contains('/') || rest.ends_with("/main.rs"));
    inside == "lib.rs" || inside == "main.rs" || in_bin
}

impl Modules {
    fn of(root: &str, files: &BTreeMap<String, String>) -> Result<Self, String> {
        let name = root.split("/src/").next().and_then(|package| package.rsplit('/').next()).unwrap_or_default();
        let mut modules = Self { name: name.to_owned(), nodes: Vec::new() };
        let folder = root.rsplit_once('/').map_or("", |(folder, _)| folder);
        modules.add(root, folder, Vec::new(), None, files)?;
        Ok(modules)
    }

    /// Adds a file, the modules in it and the files they declare. Modules of the file are below `folder`.
    fn add(
        &mut self,
        file: &str,
        folder: &str,
        path: Vec<String>,
        parent: Option<usize>,
        files: &BTreeMap<String, String>,
    ) -> Result<usize, String> {
        let scopes = source::read(&files[file]).map_err(|e| format!("{file}:{}: {e}", e.span().start().line))?;
        let own = self.nodes.len();
        let mut declared = Vec::new();
        for scope in scopes {
            let at = self.nodes.len();
            let around = scope.inline.split_last().map(|(name, around)| {
                let around = self.nodes[own..].iter().position(|node| node.scope.inline == around);
                (name.clone(), own + around.expect("the outer module comes first"))
            });
            if let Some((name, around)) = &around {
                self.nodes[*around].children.insert(name.clone(), at);
            }
            let folder = [&[folder.to_owned()], scope.inline.as_slice()].concat().join("/");
            declared.extend(scope.children.iter().map(|child| (at, folder.clone(), child.clone())));
            let path = [path.as_slice(), &scope.inline].concat();
            let parent = around.map(|(_, around)| around).or(parent);
            self.nodes.push(Node { path, file: file.to_owned(), own, parent, children: BTreeMap::new(), scope });
        }
        for (at, folder, name) in declared {
            let below = format!("{folder}/{name}");
            let places = [format!("{below}.rs"), format!("{below}/mod.rs")];
            // A module that is not there is made up by a macro or a build script, or a test's in a file of its own.
            let Some(place) = places.iter().find(|place| files.contains_key(*place)) else { continue };
            let path = [self.nodes[at].path.as_slice(), std::slice::from_ref(&name)].concat();
            let child = self.add(place, &below, path, Some(at), files)?;
            self.nodes[at].children.insert(name, child);
        }
        Ok(own)
    }

    /// The modules that have a file, by their paths; the crate's root first.
    pub(crate) fn files(&self) -> Vec<usize> {
        let mut files: Vec<usize> = (0..self.nodes.len()).filter(|at| self.nodes[*at].own == *at).collect();
        files.sort_by_key(|at| &self.nodes[*at].path);
        files
    }

    pub(crate) fn file(&self, at: usize) -> &str {
        &self.nodes[at].file
    }

    /// A module's path as it is printed; the root has the crate's name.
    pub(crate) fn path(&self, at: usize) -> String {
        let path = &self.nodes[at].path;
        if path.is_empty() {
            self.name.clone()
        } else {
            path.join("::")
        }
    }

    /// The module with this path.
    pub(crate) fn at(&self, path: &[&str]) -> Option<usize> {
        path.iter().try_fold(0, |at, name| self.nodes[at].children.get(*name).copied())
    }

    /// Every path, macro and method that code names, with file and line; a glob ends in `*`.
    pub(crate) fn names(&self) -> impl Iterator<Item = (&str, Name)> {
        self.nodes.iter().flat_map(|node| {
            let imported = node.scope.imports.iter().map(|import| {
                let glob = import.name.is_none().then(|| "*".to_owned());
                let path = import.path.iter().cloned().chain(glob).collect();
                Name { path, kind: NameKind::Path, line: import.line }
            });
            imported.chain(node.scope.names.iter().cloned()).map(|name| (node.file.as_str(), name))
        })
    }

    /// The file around a module's file; `None` for the root.
    pub(crate) fn above(&self, at: usize) -> Option<usize> {
        self.nodes[at].parent.map(|parent| self.nodes[parent].own)
    }

    /// Of `module` and the modules directly below it, the one that `at` is or is inside of.
    pub(crate) fn part(&self, module: usize, at: usize) -> Option<usize> {
        let mut part = at;
        while part != module {
            match self.above(part)? {
                above if above == module => return Some(part),
                above => part = above,
            }
        }
        Some(module)
    }

    /// Every use of one file in another, in the order of files and lines.
    pub(crate) fn arrows(&self) -> Vec<Arrow> {
        let mut arrows = Vec::new();
        for (at, node) in self.nodes.iter().enumerate() {
            let from = node.own;
            let mut add = |to: usize, line: usize, path: String| {
                let to = self.nodes[to].own;
                if to != from {
                    arrows.push(Arrow { from, to, line, path });
                }
            };
            for import in &node.scope.imports {
                if let Some(to) = self.imported(at, import) {
                    let is_facade = import.is_public && self.part(from, self.nodes[to].own).is_some();
                    if !is_facade {
                        let glob = if import.name.is_none() { "::*" } else { "" };
                        add(to, import.line, import.path.join("::") + glob);
                    }
                }
            }
            for name in node.scope.names.iter().filter(|name| name.kind == NameKind::Path) {
                match self.resolve(at, &name.path, Want::Item, &mut Seen::new()) {
                    Some(Target::Module(to)) if name.path.len() > 1 => add(to, name.line, name.path.join("::")),
                    Some(Target::Item(to)) => add(to, name.line, name.path.join("::")),
                    Some(Target::Module(_) | Target::Foreign) | None => {}
                }
            }
        }
        arrows.sort_by(|a, b| (self.path(a.from), a.line, &a.path).cmp(&(self.path(b.from), b.line, &b.path)));
        arrows.dedup_by(|a, b| (a.from, a.to, a.line, &a.path) == (b.from, b.to, b.line, &b.path));
        arrows
    }

    /// The module whose item a `use` names. To name a module is no use of it yet; the paths that go on from there are.
    fn imported(&self, at: usize, import: &Import) -> Option<usize> {
        let want = if import.name.is_none() { Want::Module } else { Want::Item };
        match self.resolve(at, &import.path, want, &mut Seen::new())? {
            Target::Item(to) => Some(to),
            Target::Module(to) if import.name.is_none() => Some(to),
            Target::Module(_) | Target::Foreign => None,
        }
    }

    /// Where a path leads that is written in this module. `None`: to nothing of this crate.
    fn resolve(&self, from: usize, path: &[String], want: Want, seen: &mut Seen) -> Option<Target> {
        let mut target = Target::Module(from);
        for (n, segment) in path.iter().enumerate() {
            let Target::Module(at) = target else { break };
            let want = if n + 1 == path.len() { want } else { Want::Module };
            target = match segment.as_str() {
                "crate" => Target::Module(0),
                "self" => target,
                "super" => Target::Module(self.nodes[at].parent?),
                name => match self.member(at, name, want, seen) {
                    Some(member) => member,
                    None if n == 0 => return None,
                    // A macro has made it, so it is this module's.
                    None => Target::Item(at),
                },
            };
        }
        Some(target)
    }

    /// What a module means by a name.
    fn member(&self, at: usize, name: &str, want: Want, seen: &mut Seen) -> Option<Target> {
        let this = (at, name.to_owned(), want);
        if !seen.insert(this.clone()) {
            return None;
        }
        let target = self.declared_or_imported(at, name, want, seen);
        seen.remove(&this);
        target
    }

    fn declared_or_imported(&self, at: usize, name: &str, want: Want, seen: &mut Seen) -> Option<Target> {
        let node = &self.nodes[at];
        let child = node.children.get(name).map(|child| Target::Module(*child));
        let item = node.scope.items.contains(name).then_some(Target::Item(at));
        let first = if want == Want::Module { child } else { item };
        if first.is_some() {
            return first;
        }
        let imports = node.scope.imports.iter().filter(|import| !import.is_local);
        let (globs, named): (Vec<&Import>, Vec<&Import>) = imports.partition(|import| import.name.is_none());
        let mut found = None;
        for import in named.into_iter().filter(|import| import.name.as_deref() == Some(name)) {
            let target = self.resolve(at, &import.path, want, seen).unwrap_or(Target::Foreign);
            let is_wanted = matches!((target, want), (Target::Module(_), Want::Module) | (Target::Item(_), Want::Item));
            if is_wanted {
                return Some(target);
            }
            found = found.or(Some(target));
        }
        found.or(item).or(child).or_else(|| {
            globs.into_iter().find_map(|glob| match self.resolve(at, &glob.path, Want::Module, seen)? {
                Target::Module(module) => self.member(module, name, want, seen),
                Target::Item(_) | Target::Foreign => None,
            })
        })
    }
}
