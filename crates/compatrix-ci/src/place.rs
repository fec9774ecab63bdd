//! Where a workspace is in its repository. Workflows are at the repository's root, wherever the workspace is.

/// A workspace in its repository.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Place {
    /// The workspace root, relative to the repository's: `crates/pool`; empty if they are the same.
    folder: String,
    /// Whether another workspace of the repository has a spec with `[ci]`, so that names must tell them apart.
    shared: bool,
}

impl Place {
    /// A workspace in this folder of its repository, and whether it is not the only one there with workflows.
    ///
    /// # Errors
    /// A workflow cannot name the folder.
    pub fn new(folder: &str, shared: bool) -> Result<Self, String> {
        let plain = |c: char| c.is_ascii_alphanumeric() || "._+-".contains(c);
        let part = |part: &str| !part.is_empty() && !part.starts_with('-') && part.chars().all(plain);
        if folder.is_empty() || folder.split('/').all(part) {
            return Ok(Self { folder: folder.to_owned(), shared });
        }
        Err(format!(
            "the workspace is in {folder:?} of its repository, which a workflow cannot name: a folder may have letters, \
             digits, `.`, `_`, `+` and `-`; rename it"
        ))
    }

    /// The folder, unless it is the root itself.
    pub fn folder(&self) -> Option<&str> {
        Some(self.folder.as_str()).filter(|folder| !folder.is_empty())
    }

    /// A path relative to the workspace root, seen from the repository's root.
    pub fn path(&self, path: &str) -> String {
        match self.folder() {
            Some(folder) => format!("{folder}/{path}"),
            None => path.to_owned(),
        }
    }

    /// The part of names that tells this workspace from others of the repository: `crates-pool`. A workspace at the root
    /// needs none.
    pub fn mark(&self) -> Option<String> {
        self.folder().filter(|_| self.shared).map(|folder| folder.replace('/', "-"))
    }

    /// The name of a workflow file.
    pub fn file(&self, name: &str) -> String {
        self.mark().map_or_else(|| name.to_owned(), |mark| format!("{mark}-{name}"))
    }

    /// A name that people see.
    pub fn name(&self, name: &str) -> String {
        match self.folder().filter(|_| self.shared) {
            Some(folder) => format!("{name} of {folder}"),
            None => name.to_owned(),
        }
    }

    /// A key of a cache.
    pub fn key(&self, key: &str) -> String {
        self.mark().map_or_else(|| key.to_owned(), |mark| format!("{key}-{mark}"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_differ_only_where_they_must() {
        let root = Place::new("", true).unwrap();
        assert_eq!((root.file("a.yml"), root.name("a"), root.path("x/y")), ("a.yml".into(), "a".into(), "x/y".into()));
        let alone = Place::new("crates/pool", false).unwrap();
        assert_eq!((alone.file("a.yml"), alone.name("a")), ("a.yml".into(), "a".into()));
        assert_eq!((alone.path("x/y"), alone.key("k")), ("crates/pool/x/y".into(), "k".into()));
        let shared = Place::new("crates/pool", true).unwrap();
        assert_eq!(shared.file("a.yml"), "crates-pool-a.yml");
        assert_eq!((shared.name("a"), shared.key("k")), ("a of crates/pool".into(), "k-crates-pool".into()));
    }

    #[test]
    fn a_folder_that_could_do_something_is_refused() {
        for folder in ["a b", "${{ x }}", "$(id)", "a/-b", "-b", "a//b", "a\nb", "é", "a:b", "/a", "a/"] {
            let error = Place::new(folder, false).unwrap_err();
            assert!(error.contains("cannot name") && error.contains("rename it"), "{error}");
        }
        for folder in ["a", "a/b.c/d_e+f-g", ".hidden"] {
            assert!(Place::new(folder, false).is_ok(), "{folder}");
        }
    }
}
