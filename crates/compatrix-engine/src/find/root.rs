//! Roots: whole userlands in the cache, in which cells are built and run. How they are entered, and what of outside can be
//! seen in them; [`super::distro`] makes them.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use anyhow::{anyhow, Result};

use crate::find::facts::RootFacts;
use crate::sys::enclosure::{Enclosure, PATH};
use crate::sys::files;
use crate::sys::host::{last_lines, Host};
use crate::sys::process::Command;

impl RootFacts {
    /// The userland at this folder, of which nothing else is known; none without bubblewrap.
    pub(crate) fn bare(host: &Host, tree: PathBuf) -> Option<Self> {
        let program = host.ambient.find("bwrap")?.to_string_lossy().into_owned();
        Some(Self { program, tree: tree.to_string_lossy().into_owned(), system: String::new(), read: Vec::new() })
    }
}

/// Why bubblewrap cannot enter anything here, with what to do; asked once.
pub(crate) fn cannot_enter(host: &Host) -> Option<String> {
    let answer: Result<Option<String>> = host.memo.for_now("bubblewrap", || {
        let all = RootFacts::bare(host, PathBuf::from("/")).ok_or_else(|| anyhow!("bwrap is not on PATH"))?;
        Ok(match ask(host, &all, "/bin/true", &[]) {
            Ok(_) => None,
            Err(error) => Some(format!(
                "a root cannot be entered here ({error:#}); bubblewrap needs user namespaces (sysctl user.max_user_namespaces, \
                 kernel.unprivileged_userns_clone, kernel.apparmor_restrict_unprivileged_userns) or root, and in a container \
                 the right to make them"
            )),
        })
    });
    answer.unwrap_or_else(|error| Some(format!("{error:#}")))
}

/// Asks a program of the root, which sees nothing of outside.
///
/// # Errors
/// It cannot be started, or fails.
pub(crate) fn ask(host: &Host, root: &RootFacts, program: &str, args: &[&str]) -> Result<String> {
    // The userland does not know a user of outside, so that cargo cannot look up the home directory.
    let command = Command::new(program, "/").args(args.iter().copied());
    let command = command.env("PATH", PATH).env("LC_ALL", "C.UTF-8").env("HOME", "/tmp");
    let output = host.output(&command.inside(Some(Arc::new(bare(host, root)))))?;
    if output.finished.status.success() {
        return Ok(output.text().trim().to_owned());
    }
    let said = last_lines(&output.finished.stderr.text(), 2);
    Err(anyhow!("`{program} {}` failed in the root: {said}", args.join(" ")))
}

/// Folders of a userland that are a cell's own, or the system's.
const NOT_BOUND: [&str; 12] =
    ["proc", "dev", "sys", "tmp", "run", "home", "root", "mnt", "media", "srv", "boot", "lost+found"];

/// The userland alone. Its folders are listed once: every command of a cell enters it.
fn bare(host: &Host, root: &RootFacts) -> Enclosure {
    let listed: Result<Enclosure> = host.memo.for_now(&format!("root {}", root.tree), || Ok(listed(root)));
    listed.unwrap_or_default()
}

fn listed(root: &RootFacts) -> Enclosure {
    let tree = PathBuf::from(&root.tree);
    let mut one = Enclosure { program: root.program.clone(), ..Enclosure::default() };
    one.hidden = ["/tmp", "/run", "/home", "/root"].map(PathBuf::from).to_vec();
    for path in files::list(&tree).unwrap_or_default() {
        let Some(name) = path.file_name().map(|name| name.to_string_lossy().into_owned()) else { continue };
        match files::link_text(&path) {
            Ok(link) => one.links.push((name, link)),
            Err(_) if NOT_BOUND.contains(&name.as_str()) || files::list(&path).is_ok_and(|all| all.is_empty()) => {}
            Err(_) if path.is_dir() => one.folders.push(name),
            Err(_) => {}
        }
    }
    one.folders.sort();
    one.links.sort();
    Enclosure { tree, ..one }
}

/// The root as its C compiler and what it compiles see it, with these folders to read.
pub(crate) fn of_compiler(host: &Host, root: &RootFacts, read: &[&Path]) -> Arc<Enclosure> {
    let probe = host.dir.join("probe");
    let _ = files::make_dir(&probe);
    let read = read.iter().map(|path| (*path).to_owned()).chain([probe]).collect();
    Arc::new(Enclosure { read, ..bare(host, root) })
}

/// The root as a cell sees it: the workspace can be read, and nothing be written.
pub(crate) fn of_cell(host: &Host, root: &RootFacts) -> Enclosure {
    let mut one = bare(host, root);
    let home = host.ambient.home().filter(|home| *home != Path::new("/"));
    one.hidden.extend(home.map(Path::to_owned));
    one.read = vec![host.root.clone(), host.cache.join("sqlite")];
    one.read.extend(root.read.iter().map(PathBuf::from));
    // Outside of the workspace, where its folder is a link.
    one.read.push(host.dir.clone());
    one
}

/// The root of a build: its target folder can be written. It has a home of cargo's beside that, which no run sees, because
/// cargo unpacks crates there.
pub(crate) fn of_build(host: &Host, root: &RootFacts, target: &Path) -> Arc<Enclosure> {
    Arc::new(writing(host, of_cell(host, root), &home_of_build(target), &[target]))
}

/// The root of tests that cargo starts after a build, which are code under test: with this home of cargo's, in which the crates
/// that the build unpacked can only be read.
pub(crate) fn of_tests(host: &Host, root: &RootFacts, target: &Path, home: &Path) -> Arc<Enclosure> {
    let mut one = writing(host, of_cell(host, root), home, &[target]);
    let crates = one.instead.first().map(|(_, home)| (home_of_build(target).join(REGISTRY), home.join(REGISTRY)));
    one.above.extend(crates);
    Arc::new(one)
}

/// The root of a run: the target folder of its build can be written, because tests have a folder there, and its own folder,
/// in which a home of cargo's is.
pub(crate) fn of_run(host: &Host, root: &RootFacts, target: &Path, dir: &Path) -> Arc<Enclosure> {
    Arc::new(writing(host, of_cell(host, root), &dir.join(HOME_OF_RUN), &[target, dir]))
}

/// cargo's home in the folder of a run.
pub(crate) const HOME_OF_RUN: &str = "cargo-home";

fn home_of_build(target: &Path) -> PathBuf {
    let name = target.file_name().unwrap_or_default().to_string_lossy();
    target.with_file_name(format!("{name}.cargo-home"))
}

/// cargo's home of the documentation tests of a build, which begin with an empty one.
pub(crate) fn home_of_doctests(target: &Path) -> PathBuf {
    home_of_build(target).with_extension("doctests")
}

/// Where cargo unpacks crates in its home.
const REGISTRY: &str = "registry";

/// What cargo itself keeps in a home: unpacked crates, and locks.
const OF_CARGO: [&str; 4] = [REGISTRY, ".package-cache", ".package-cache-mutate", ".global-cache"];

/// Removes what a build may have left in its home of cargo's that would configure the next one. Nothing of the build may
/// run meanwhile.
///
/// # Errors
/// It cannot be removed.
pub(crate) fn settle_home(target: &Path) -> Result<()> {
    let is_of_cargo = |path: &Path| path.file_name().is_some_and(|name| OF_CARGO.iter().any(|own| name == *own));
    files::list(&home_of_build(target))?
        .iter()
        .filter(|path| !is_of_cargo(path))
        .try_for_each(|path| files::remove(path))
}

/// The root with folders that can be written, and with this one in the place of the user's home of cargo's. The
/// configuration is the user's.
fn writing(host: &Host, mut one: Enclosure, home: &Path, write: &[&Path]) -> Enclosure {
    let homes = host.ambient.rust_homes();
    if let Some((_, cargo)) = homes.iter().find(|(name, _)| *name == "CARGO_HOME") {
        let theirs = ["config.toml", "config", "git"].map(|name| cargo.join(name)).into_iter().filter(|p| p.exists());
        one.above = theirs.map(|path| (path.clone(), path)).collect();
        one.instead.push((home.to_owned(), cargo.clone()));
    }
    one.write = write.iter().map(|path| (*path).to_owned()).collect();
    for dir in one.write.iter().chain(one.instead.iter().map(|(own, _)| own)) {
        // bubblewrap leaves out what is not there, and then the command says what it cannot write.
        let _ = files::make_dir(dir);
    }
    one
}

#[cfg(test)]
mod tests {
    #[test]
    #[cfg(unix)] // a root is a folder of Linux
    fn a_program_of_the_root_has_a_home_whoever_asks() {
        use super::*;
        let dir = tempfile::tempdir().unwrap();
        let host = Host::for_test(dir.path());
        if let Some(reason) = cannot_enter(&host) {
            println!("skipped: {reason}");
            return;
        }
        let all = RootFacts::bare(&host, PathBuf::from("/")).unwrap();
        assert_eq!(ask(&host, &all, "/usr/bin/printenv", &["HOME"]).unwrap(), "/tmp");
    }
}
