//! A root to start commands in: a whole userland below one folder, entered by bubblewrap. Pure: a command in, a command out.
//!
//! Inside, the userland is `/`, read-only. What is bound has the same path as outside, so that paths of the workspace mean
//! the same on both sides; a path of the userland is named from `/`. There is no network, no process of outside is seen, and
//! none that was started inside survives the first one. See bwrap(1).

use std::collections::BTreeMap;
use std::path::{Component, Path, PathBuf};

use serde::{Deserialize, Serialize};

/// The search path of programs in a root: its own ones.
pub(crate) const PATH: &str = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";

/// Of proc(5), what belongs to the whole machine: to root of outside it can be written in a root, too.
const OF_MACHINE: [&str; 5] = ["/proc/sys", "/proc/sysrq-trigger", "/proc/irq", "/proc/bus", "/proc/fs"];

/// A userland, and what of outside can be seen in it.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Enclosure {
    /// Absolute path of bubblewrap.
    pub program: String,
    /// The folder of the userland, outside.
    pub tree: PathBuf,
    /// Its folders that are bound, by name. The others are made, empty, so that something can be bound in them.
    pub folders: Vec<String>,
    /// The links beside them: name, then text.
    pub links: Vec<(String, String)>,
    /// Folders that are empty inside, and forgotten with the first process.
    pub hidden: Vec<PathBuf>,
    /// Files and folders that can be read at their own paths.
    pub read: Vec<PathBuf>,
    /// Folders that can be written at their own paths.
    pub write: Vec<PathBuf>,
    /// Folders that can be written at another path: where they are outside, then inside.
    pub instead: Vec<(PathBuf, PathBuf)>,
    /// What lies in one of those and is read-only: where it is outside, then inside.
    pub above: Vec<(PathBuf, PathBuf)>,
}

impl Enclosure {
    /// The arguments and the environment of [`Self::program`], started in `/`, that do in the root what these words do
    /// outside: same folder, output and exit code. What ends by a signal there ends with 128 and the signal's number.
    pub fn enter(
        &self,
        (program, words): (&str, &[String]),
        dir: &Path,
        env: &BTreeMap<String, String>,
    ) -> (Vec<String>, BTreeMap<String, String>) {
        let text = |path: &Path| path.to_string_lossy().into_owned();
        let mut args: Vec<String> = Vec::new();
        let mut option = |words: &[&str]| args.extend(words.iter().map(|word| (*word).to_owned()));
        option(&["--unshare-all", "--die-with-parent", "--cap-drop", "ALL"]);
        for name in &self.folders {
            option(&["--ro-bind", &text(&self.tree.join(name)), &format!("/{name}")]);
        }
        for (name, link) in &self.links {
            option(&["--symlink", link, &format!("/{name}")]);
        }
        option(&["--proc", "/proc", "--dev", "/dev"]);
        for path in OF_MACHINE {
            option(&["--ro-bind-try", path, path]);
        }
        for path in &self.hidden {
            option(&["--tmpfs", &text(path)]);
        }
        for path in &self.read {
            option(&["--ro-bind-try", &text(path), &text(path)]);
        }
        for (outside, inside) in &self.instead {
            option(&["--bind-try", &text(outside), &text(inside)]);
        }
        for (outside, inside) in &self.above {
            option(&["--ro-bind-try", &text(outside), &text(inside)]);
        }
        for path in &self.write {
            option(&["--bind-try", &text(path), &text(path)]);
        }
        option(&["--remount-ro", "/"]);
        // The loader of bubblewrap itself is not to obey what is meant for the command's; and PWD is bubblewrap's own word.
        let of_loader = |name: &str| name.starts_with("LD_") || name == "GLIBC_TUNABLES";
        let env = env.iter().map(|(name, value)| (name.clone(), self.inside(value)));
        let (led, rest): (Vec<_>, Vec<_>) = env.partition(|(name, _)| of_loader(name) || name == "PWD");
        option(&["--", "/usr/bin/env", "-u", "PWD", "-C", &self.inside(&text(dir))]);
        led.iter().for_each(|(name, value)| option(&[&format!("{name}={value}")]));
        let program = self.inside(program);
        if program.contains('=') {
            // env would take it for a variable.
            option(&["/usr/bin/nice", "-n", "0"]);
        }
        option(&[&program]);
        args.extend(words.iter().map(|arg| self.inside(arg)));
        (args, rest.into_iter().collect())
    }

    /// The same, in which only this folder can be written.
    pub fn writing_only(&self, dir: &Path) -> Self {
        Self { write: vec![dir.to_owned()], instead: Vec::new(), above: Vec::new(), ..self.clone() }
    }

    /// The same with a folder more that can be written: where it is outside, then inside.
    pub fn with_folder(&self, outside: &Path, inside: &Path) -> Self {
        let mut more = self.clone();
        more.instead.push((outside.to_owned(), inside.to_owned()));
        more
    }

    /// A text with paths of the userland as they are inside.
    fn inside(&self, text: &str) -> String {
        let tree = self.tree.to_string_lossy();
        text.replace(&format!("{tree}/"), "/")
    }

    /// Where a file is outside that has this path inside, with the links of the userland followed in it.
    pub fn outside(&self, path: &Path) -> PathBuf {
        self.followed(path, 0)
    }

    fn followed(&self, path: &Path, depth: usize) -> PathBuf {
        let bound = self.read.iter().chain(&self.write).any(|bound| path.starts_with(bound));
        if bound || path.starts_with(&self.tree) && depth == 0 {
            return path.to_owned();
        }
        let mut inside = PathBuf::from("/");
        let mut parts = path.components();
        while let Some(part) = parts.next() {
            match part {
                Component::Normal(name) => {
                    let here = inside.join(name);
                    let Some(link) = crate::sys::files::link_text(&self.at(&here)).ok().filter(|_| depth < 40) else {
                        inside = here;
                        continue;
                    };
                    let target = inside.join(link).join(parts.as_path());
                    return self.followed(&target, depth + 1);
                }
                Component::ParentDir => drop(inside.pop()),
                Component::RootDir | Component::CurDir | Component::Prefix(_) => {}
            }
        }
        self.at(&inside)
    }

    /// A path of inside below the folder of the userland.
    fn at(&self, inside: &Path) -> PathBuf {
        self.tree.join(inside.strip_prefix("/").unwrap_or(inside))
    }
}

#[cfg(all(test, unix))] // a root is a folder of Linux
mod tests {
    use super::*;
    use crate::sys::files;

    #[test]
    fn a_path_of_inside_is_found_outside() {
        let dir = tempfile::tempdir().unwrap();
        let tree = dir.path().join("tree");
        let one = Enclosure { tree: tree.clone(), read: vec!["/w".into()], ..Enclosure::default() };
        files::write(&tree.join("usr/lib/x/libsqlite3.so.0.8.6"), b"x").unwrap();
        files::symlink("usr/lib", &tree.join("lib")).unwrap();
        // Absolute, so that outside it would lead elsewhere.
        files::symlink("/lib/x/libsqlite3.so.0.8.6", &tree.join("usr/lib/x/libsqlite3.so.0")).unwrap();
        files::symlink("/etc/b", &tree.join("a")).unwrap();
        files::symlink("/a", &tree.join("etc")).unwrap();
        let real = tree.join("usr/lib/x/libsqlite3.so.0.8.6");
        assert_eq!(one.outside(Path::new("/lib/x/libsqlite3.so.0")), real);
        assert_eq!(one.outside(Path::new("/lib/../lib/x/libsqlite3.so.0")), real);
        assert_eq!(one.outside(Path::new("/w/target/x")), Path::new("/w/target/x"));
        assert!(one.outside(Path::new("/a/x")).starts_with(&tree), "a ring of links ends");
    }
}
