//! A root to start commands in: a whole userland below one folder, entered by bubblewrap. Pure: a command in, a command out.
//!
//! Inside, the userland is `/`, read-only. What is bound has the same path as outside, so that paths of the workspace mean
//! the same on both sides; a path of the userland is named from `/`. There is no network, no process of outside is seen, and
//! none that was started inside survives the first one. See bwrap(1).

use std::path::{Component, Path, PathBuf};

use serde::{Deserialize, Serialize};

use crate::sys::process::Command;

/// The search path of programs in a root: its own ones.
pub(crate) const PATH: &str = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";

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
    /// Files of outside that lie in one of those; read-only.
    pub above: Vec<PathBuf>,
}

impl Enclosure {
    /// The command that does the same in the root: same arguments, environment, folder, output and exit code. What ends by
    /// a signal there ends with 128 and the signal's number.
    pub fn enter(&self, command: &Command) -> Command {
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
        for path in &self.hidden {
            option(&["--tmpfs", &text(path)]);
        }
        for path in &self.read {
            option(&["--ro-bind-try", &text(path), &text(path)]);
        }
        for (outside, inside) in &self.instead {
            option(&["--bind-try", &text(outside), &text(inside)]);
        }
        for path in &self.above {
            option(&["--ro-bind-try", &text(path), &text(path)]);
        }
        for path in &self.write {
            option(&["--bind-try", &text(path), &text(path)]);
        }
        option(&["--remount-ro", "/"]);
        // The loader of bubblewrap itself is not to obey what is meant for the command's; and PWD is bubblewrap's own word.
        let of_loader = |name: &str| name.starts_with("LD_") || name == "GLIBC_TUNABLES";
        let env = command.env.iter().map(|(name, value)| (name.clone(), self.inside(value)));
        let (led, env): (Vec<_>, Vec<_>) = env.partition(|(name, _)| of_loader(name) || name == "PWD");
        option(&["--", "/usr/bin/env", "-u", "PWD", "-C", &self.inside(&text(&command.dir))]);
        led.iter().for_each(|(name, value)| option(&[&format!("{name}={value}")]));
        let program = self.inside(&command.program);
        if program.contains('=') {
            // env would take it for a variable.
            option(&["/usr/bin/nice", "-n", "0"]);
        }
        option(&[&program]);
        args.extend(command.args.iter().map(|arg| self.inside(arg)));
        Command {
            program: self.program.clone(),
            args,
            dir: PathBuf::from("/"),
            env: env.into_iter().collect(),
            inside: None,
            ..command.clone()
        }
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sys::files;

    fn enclosure() -> Enclosure {
        Enclosure {
            program: "/usr/bin/bwrap".to_owned(),
            tree: "/c/trixie/root".into(),
            folders: vec!["usr".to_owned()],
            links: vec![("bin".to_owned(), "usr/bin".to_owned())],
            hidden: vec!["/tmp".into(), "/home/a".into()],
            read: vec!["/home/a/w".into()],
            write: vec!["/home/a/w/target/compat/run".into()],
            instead: vec![("/home/a/w/target/compat/home".into(), "/home/a/.cargo".into())],
            above: vec!["/home/a/.cargo/config.toml".into()],
        }
    }

    #[test]
    fn a_command_in_a_root_is_a_command() {
        let command = Command::new("/c/trixie/root/usr/bin/cargo", "/home/a/w")
            .args(["test", "--config=/c/trixie/root/x"])
            .env("PATH", PATH)
            .env("RUSTC", "/c/trixie/root/usr/bin/rustc")
            .env("LD_LIBRARY_PATH", "/c/trixie/root/usr/lib:/home/a/w/x");
        let entered = enclosure().enter(&command);
        assert_eq!(
            entered.to_string(),
            format!(
                "cd / && env -i PATH={PATH} RUSTC=/usr/bin/rustc /usr/bin/bwrap --unshare-all --die-with-parent --cap-drop \
                 ALL --ro-bind /c/trixie/root/usr /usr --symlink usr/bin /bin --proc /proc --dev /dev --tmpfs /tmp --tmpfs /home/a --ro-bind-try /home/a/w \
                 /home/a/w --bind-try /home/a/w/target/compat/home /home/a/.cargo --ro-bind-try \
                 /home/a/.cargo/config.toml /home/a/.cargo/config.toml --bind-try /home/a/w/target/compat/run \
                 /home/a/w/target/compat/run --remount-ro / -- /usr/bin/env -u PWD -C /home/a/w \
                 LD_LIBRARY_PATH=/usr/lib:/home/a/w/x /usr/bin/cargo test --config=/x"
            )
        );
        assert_eq!(entered, enclosure().enter(&command), "the same every time");
        let odd = enclosure().enter(&Command::new("/w/a=b/t", "/w"));
        assert!(odd.to_string().ends_with("-C /w /usr/bin/nice -n 0 /w/a=b/t"), "{odd}");
    }

    #[test]
    fn limits_hold_in_a_root() {
        let mut command = Command::new("/bin/true", "/");
        command.timeout = Some(std::time::Duration::from_secs(7));
        command.core = Some(1);
        let entered = enclosure().enter(&command);
        assert_eq!((entered.timeout, entered.core), (command.timeout, command.core));
    }

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
