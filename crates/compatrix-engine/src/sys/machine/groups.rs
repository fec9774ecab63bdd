//! The control groups that limit this process: its own and all above, where they are mounted (cgroups(7)).

use std::path::{Component, Path, PathBuf};
use std::str::FromStr;

/// A control group that this process is in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Group {
    pub version: Version,
    /// Its folder.
    pub path: PathBuf,
}

/// The version of the interface.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Version {
    One,
    Two,
}

impl Group {
    /// The text of one of its files.
    pub(super) fn text(&self, file: &str) -> Option<String> {
        text(&self.path, file)
    }

    /// The number in one of its files.
    pub(super) fn number<T: FromStr>(&self, file: &str) -> Option<T> {
        self.text(file)?.trim().parse().ok()
    }

    /// The number of this name in one of its files that lists names and numbers.
    pub(super) fn of_list(&self, file: &str, name: &str) -> Option<u64> {
        let list = self.text(file)?;
        list.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(' '))?.trim().parse().ok()
    }
}

/// The groups that control this resource, this process's own first and then each one above it, as far as they are
/// mounted here.
pub(super) fn groups(root: &Path, controller: &str) -> Vec<Group> {
    let own = text(root, "proc/self/cgroup").unwrap_or_default();
    let mounts = text(root, "proc/self/mountinfo").unwrap_or_default();
    let mut all = Vec::new();
    for mount in mounts.lines().filter_map(|line| Mount::parse(line, controller)) {
        let Some(path) = own.lines().find_map(|line| path_of(line, mount.version, controller)) else { continue };
        // Without a namespace of its own, a container sees its path from the machine's root, and only its own group
        // mounted. Where that does not fit, what is mounted is what limits.
        let path = Path::new(&path).strip_prefix(&mount.root).unwrap_or(Path::new(""));
        let path = if path.components().any(|part| part == Component::ParentDir) { Path::new("") } else { path };
        for above in path.ancestors() {
            let path = below(root, &mount.point).join(above);
            let group = Group { version: mount.version, path };
            if !all.contains(&group) {
                all.push(group);
            }
        }
    }
    all
}

fn below(root: &Path, absolute: &Path) -> PathBuf {
    root.join(absolute.strip_prefix("/").unwrap_or(absolute))
}

/// A mounted hierarchy.
struct Mount {
    version: Version,
    /// What of the hierarchy is mounted.
    root: PathBuf,
    point: PathBuf,
}

impl Mount {
    /// A line of `mountinfo`, if it mounts the groups of this controller (proc_pid_mountinfo(5)).
    fn parse(line: &str, controller: &str) -> Option<Self> {
        let (mount, system) = line.split_once(" - ")?;
        let mut system = system.split(' ');
        let version = match (system.next()?, system.nth(1)) {
            ("cgroup", Some(options)) if options.split(',').any(|option| option == controller) => Version::One,
            ("cgroup2", _) => Version::Two,
            _ => return None,
        };
        let mut fields = mount.split(' ').skip(3);
        let root = unescape(fields.next()?);
        Some(Self { version, root: root.into(), point: unescape(fields.next()?).into() })
    }
}

/// The path in a line of `/proc/self/cgroup`, `ID:CONTROLLERS:PATH`, if it is of this hierarchy.
fn path_of(line: &str, version: Version, controller: &str) -> Option<String> {
    let mut fields = line.splitn(3, ':').skip(1);
    let (controllers, path) = (fields.next()?, fields.next()?);
    let fits = match version {
        Version::One => controllers.split(',').any(|one| one == controller),
        Version::Two => controllers.is_empty(),
    };
    // A deleted group limits nothing more.
    (fits && !path.ends_with(" (deleted)")).then(|| path.to_owned())
}

/// A path as `mountinfo` writes it, with spaces and the like as `\040`.
fn unescape(path: &str) -> String {
    let mut bytes = Vec::new();
    let mut rest = path.as_bytes();
    while let Some((&byte, after)) = rest.split_first() {
        let digits = after.get(..3).and_then(|digits| std::str::from_utf8(digits).ok());
        match digits.and_then(|digits| u8::from_str_radix(digits, 8).ok()) {
            Some(escaped) if byte == b'\\' => {
                bytes.push(escaped);
                rest = &after[3..];
            }
            Some(_) | None => {
                bytes.push(byte);
                rest = after;
            }
        }
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

/// The text of a file below this root.
#[allow(clippy::disallowed_methods, reason = "what the kernel says of this process")]
pub(super) fn text(root: &Path, path: impl AsRef<Path>) -> Option<String> {
    std::fs::read_to_string(root.join(path)).ok()
}
