//! Makes a root: a whole userland of a suite, by mmdebstrap, with the sources, keys and checks of a private apt.

use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::{anyhow, Context, Result};
use compatrix_model::apt::{Package, Request};

use super::apt::{Apt, CHECKS};
use super::packages::DebPackage;
use super::trouble::{explain, AptTrouble};
use super::unpack::{Note, NOTE};
use crate::find::facts::RootFacts;
use crate::find::root;
use crate::sys::files;
use crate::sys::host::Host;
use crate::sys::os::machine;
use crate::sys::process::Command;
use crate::sys::supervisor::End;

/// The required programs besides those of apt, with what installs them.
pub(super) const PROGRAMS: [(&str, &str); 2] = [("bwrap", "bubblewrap"), ("mmdebstrap", "mmdebstrap")];
/// mmdebstrap's own hook for sources with `file:`.
const MIRRORS: &str = "/usr/share/mmdebstrap/hooks/file-mirror-automount";
/// The time limit of making one.
const TIMEOUT: Duration = Duration::from_secs(3600);
/// How long mmdebstrap may take to remove what it began.
const PATIENCE: Duration = Duration::from_secs(20);

/// Why no root can be made or entered on this host, with what to do.
pub(super) fn lacks(host: &Host) -> Option<String> {
    let absent = PROGRAMS.iter().find(|(program, _)| host.ambient.find(program).is_none());
    if let Some((program, package)) = absent {
        return Some(format!("{program} is not on PATH, and a root needs it: `apt-get install {package}`"));
    }
    root::cannot_enter(host)
}

/// Makes the root in `scratch/root`, and its note. Without root where user namespaces allow it.
pub(super) fn make(host: &Host, apt: &Apt<'_>, request: &Request, scratch: &Path) -> Result<Note, AptTrouble> {
    let tar = scratch.join("root.tar");
    let unshare = can_unshare(host);
    if !unshare && !machine::is_root() {
        return Err(AptTrouble::Unavailable(
            "without root, mmdebstrap needs subordinate user ids: `apt-get install uidmap`, and an entry of /etc/subuid and \
             /etc/subgid for this user (`usermod --add-subuids 100000-165535 --add-subgids 100000-165535 USER`)"
                .to_owned(),
        ));
    }
    let work = work_dir(host, unshare)?;
    let command = command(host, apt, request, (&tar, &work), unshare);
    let finished = host.run(&command)?;
    remove_work(host, &work, unshare);
    match finished.end {
        End::Itself => {}
        End::Interrupted => return Err(AptTrouble::Interrupted),
        End::TimedOut => return Err(AptTrouble::NoNetwork("mmdebstrap did not end within an hour".to_owned())),
    }
    if !finished.status.success() {
        let said = finished.stderr.text();
        return Err(match explain(&said, &said, request) {
            AptTrouble::Unavailable(reason) if reason.starts_with("apt failed") => {
                let first = said.lines().find(|line| line.starts_with("E:")).unwrap_or("without a word");
                AptTrouble::Unavailable(format!("mmdebstrap failed: {}", first.trim_start_matches("E: ")))
            }
            other => other,
        });
    }
    let tree = scratch.join("root");
    files::make_dir(&tree)?;
    let text = |path: &Path| path.to_string_lossy().into_owned();
    let program = host.ambient.find("tar").ok_or_else(|| anyhow!("tar is not on PATH"))?;
    // All files are the user's own, so that they can be read and removed.
    let unpack = ["-x", "--no-same-owner", "--exclude=./dev/*", "-C", &text(&tree), "-f", &text(&tar)];
    host.ask(&program, &unpack)?;
    files::remove(&tar)?;
    note(host, apt, request, scratch, unshare)
}

/// The command that makes the root's archive.
fn command(host: &Host, apt: &Apt<'_>, request: &Request, (tar, work): (&Path, &Path), unshare: bool) -> Command {
    let packages: Vec<String> = request.of_root().iter().map(Package::to_string).collect();
    let text = |path: &Path| path.to_string_lossy().into_owned();
    let mut env = host.ambient.for_builds();
    let path = format!("{}:/usr/sbin:/sbin", env.get("PATH").cloned().unwrap_or_default());
    env.extend([("PATH".to_owned(), path), ("TMPDIR".to_owned(), text(work)), ("LC_ALL".to_owned(), "C".to_owned())]);
    let mut command = Command::new("mmdebstrap", "/")
        .args([
            format!("--mode={}", if unshare { "unshare" } else { "root" }),
            "--variant=essential".to_owned(),
            "--format=tar".to_owned(),
            format!("--architectures={}", apt.architecture()),
            format!("--include={}", packages.join(",")),
        ])
        // An archive that is a folder of this machine is not seen in the new root without it.
        .args(files::exists(Path::new(MIRRORS)).then(|| format!("--hook-dir={MIRRORS}")))
        .args(apt.own_keys().map(|keys| format!("--keyring={}", text(&keys))))
        .args(CHECKS.map(|option| format!("--aptopt={option}")))
        // Nobody looks things up in these.
        .args(["doc", "man", "locale", "info"].map(|dir| format!("--dpkgopt=path-exclude=/usr/share/{dir}/*")))
        .args([request.suite.clone(), text(tar), text(&apt.sources())])
        .envs(&env);
    command.timeout = Some(TIMEOUT);
    command.patience = Some(PATIENCE);
    command
}

/// Whether user namespaces with subordinate ids work for us, as mmdebstrap wants them (unshare(1), subuid(5)).
fn can_unshare(host: &Host) -> bool {
    let is_root = machine::is_root();
    // root needs no subordinate ids for it.
    let ids: &[&str] = if is_root { &[] } else { &["--map-auto", "--map-root-user"] };
    let words = [&["--user", "--mount", "--pid", "--fork"][..], ids, &["true"]].concat();
    let asked = host.ambient.find("unshare").map(|unshare| host.ask(&unshare, &words));
    matches!(asked, Some(Ok(_))) && (is_root || host.ambient.find("newuidmap").is_some())
}

/// What mmdebstrap works in: readable by its other users, which the cache may not be. One that was killed has left its own.
fn work_dir(host: &Host, unshare: bool) -> Result<PathBuf> {
    let folder = Path::new("/var/tmp");
    let cache = files::hash_bytes(host.cache.as_os_str().as_encoded_bytes()).to_string();
    let prefix = format!("compatrix-root-{}-{}-", machine::user(), &cache[..12]);
    let is_ours = |path: &Path| path.file_name().is_some_and(|name| name.to_string_lossy().starts_with(&prefix));
    for left in files::list(folder)?.iter().filter(|path| is_ours(path)) {
        remove_work(host, left, unshare);
    }
    let work = tempfile::Builder::new().prefix(&prefix).tempdir_in(folder)?.keep();
    files::make_executable(&work)?;
    Ok(work)
}

/// Removes what mmdebstrap works in. A killed one leaves files of other users there.
fn remove_work(host: &Host, work: &Path, unshare: bool) {
    if files::remove_dir(work).is_err() && unshare {
        let words = ["--unshare-helper", "rm", "-rf", &work.to_string_lossy()].map(str::to_owned);
        let _ = host.run(&Command::new("mmdebstrap", "/").args(words).envs(&host.ambient.for_builds()));
        let _ = files::remove_dir(work);
    }
}

/// Looks at the finished root, and writes its note.
fn note(host: &Host, apt: &Apt<'_>, request: &Request, scratch: &Path, unshare: bool) -> Result<Note, AptTrouble> {
    let tree = scratch.join("root");
    let bare = RootFacts::bare(host, tree.clone()).ok_or_else(|| anyhow!("bwrap is not on PATH"))?;
    let ask = |program: &str, args: &[&str]| root::ask(host, &bare, program, args);
    let installed = ask("/usr/bin/dpkg-query", &["-W", "-f", "${Package}=${Version}\n"]);
    let installed = installed.context("the new root cannot be entered")?;
    let packages = described(apt, &installed)?;
    let glibc = ask("/usr/bin/getconf", &["GNU_LIBC_VERSION"])?;
    let system = system(&files::read_text(&tree.join("usr/lib/os-release"))?);
    let note = Note {
        suite: request.suite.clone(),
        packages,
        glibc: None,
        too_new: false,
        bin: "usr/bin".to_owned(),
        sqlite: None,
        system: Some(format!("{system}, {glibc}")),
        with_root: !unshare,
    };
    files::write(&scratch.join(NOTE), serde_json::to_string_pretty(&note).map_err(anyhow::Error::from)?.as_bytes())?;
    Ok(note)
}

/// The packages with the hashes of the archive's lists. One that the lists do not have is there by its version alone.
fn described(apt: &Apt<'_>, installed: &str) -> Result<Vec<DebPackage>, AptTrouble> {
    let names: Vec<String> = installed.lines().map(str::to_owned).collect();
    let known = apt.describe(&names)?;
    let one = |line: &String| {
        let (name, version) = line.split_once('=').unwrap_or((line, ""));
        let found = known.iter().find(|package| package.name == name && package.version == version);
        found.cloned().unwrap_or_else(|| DebPackage::of(name, version))
    };
    Ok(names.iter().map(one).collect())
}

/// `Debian 13`, from os-release(5). Of a suite that is not released, its name.
fn system(os_release: &str) -> String {
    let value = |key: &str| {
        let line = os_release.lines().find_map(|line| line.strip_prefix(key)?.strip_prefix('='))?;
        Some(line.trim_matches(['"', '\'']).to_owned()).filter(|text| !text.is_empty())
    };
    let name = value("NAME").unwrap_or_else(|| "an unnamed system".to_owned());
    let name = name.split(" GNU/Linux").next().unwrap_or_default().to_owned();
    match value("VERSION_ID").or_else(|| value("VERSION_CODENAME")) {
        Some(version) => format!("{name} {version}"),
        None => name,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_system_has_a_short_name() {
        let debian = "PRETTY_NAME=\"Debian GNU/Linux 13 (trixie)\"\nNAME=\"Debian GNU/Linux\"\nVERSION_ID=\"13\"\n";
        assert_eq!(system(debian), "Debian 13");
        assert_eq!(system("NAME=\"Ubuntu\"\nVERSION_ID=\"24.04\"\n"), "Ubuntu 24.04");
        assert_eq!(system("NAME=\"Debian GNU/Linux\"\nVERSION_CODENAME=forky\n"), "Debian forky");
        assert_eq!(system(""), "an unnamed system");
    }
}
