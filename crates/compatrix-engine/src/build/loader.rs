//! Asks the loader which SQLite it would load for an executable. The executable itself is never started.

mod elsewhere;

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use anyhow::{bail, Context, Result};
use compatrix_binary::Unreadable;
use serde::{Deserialize, Serialize};

use super::inspect::{Inspection, SQLITE};
use super::product::{Product, Recorded};
use super::units::is_kept_by_tools;
use crate::find::input::Input;
use crate::sys::enclosure::Enclosure;
use crate::sys::files;
use crate::sys::host::{last_lines, Host};
use crate::sys::os::env::LIBRARY_PATH;
use crate::sys::process::Command;

use elsewhere::is_of_the_system;
pub(crate) use elsewhere::{leads_to, Loaded};

/// The SQLite library that the loader resolves for an executable with this library path; `None` if it needs none. `loader`
/// is asked about a file that names none. `recorded` says where it is started: relative folders begin there.
///
/// The executable itself is never started, but its loader, which prints the libraries. A file without loader and libraries
/// is static, and loads nothing. No answer outlives this process: a folder that the loader searches may be filled at any
/// time. An executable of another system or processor has no loader here: its files are searched as its loader would.
///
/// # Errors
/// The loader does not find the library, or does not answer; the executable is damaged.
pub(crate) fn resolved_sqlite(
    host: &Host,
    (executable, root): (&Path, Option<&Arc<Enclosure>>),
    inspection: &Inspection,
    loader: Option<&str>,
    library_path: Option<&str>,
    recorded: &Recorded,
) -> Result<Option<Loaded>> {
    let Recorded { env, dir, .. } = recorded;
    let asks = match &inspection.asks {
        Ok(asks) => asks,
        // A script, or whatever a test may start.
        Err(Unreadable::OtherFormat) => return Ok(None),
        Err(error) => bail!("{} {error}", executable.display()),
    };
    if asks.needs.iter().all(|need| is_of_the_system(&need.name)) {
        return Ok(None);
    }
    // In a root the loader is the root's.
    if root.is_none() && !elsewhere::has_its_loader_here(asks) {
        return elsewhere::sqlite_of((executable, dir), asks, library_path, env);
    }
    match inspection.loader().or(loader) {
        Some(loader) => {
            let place = Place { executable, dir, root };
            let found = parse_loaded(&listed(host, place, loader, library_path, &of_loader(env))?)?;
            // The root's loader names what it sees.
            Ok(found.map(|path| Loaded::File(place.outside(path))))
        }
        None => Ok(None),
    }
}

/// The folder below each folder of libraries that the loader prefers to it (ld.so(8), "Hardware capabilities").
pub(crate) const HWCAPS: &str = "glibc-hwcaps";

/// Where the loader would look for the SQLite of a build's executables before it takes that of a cell or of the system: in
/// the folders that they name and where cargo leads it. What is there decides which SQLite runs.
pub(super) fn places_before_others(host: &Host, product: &Product) -> BTreeSet<Input> {
    let mut places = BTreeSet::new();
    for executable in product.executables.iter().chain(&product.programs) {
        let own = executable.path.parent().unwrap_or(Path::new("/")).to_string_lossy();
        let named = executable.inspection.folders().map(|folder| folder.replace("${ORIGIN}", "$ORIGIN"));
        let named = named.map(|folder| folder.replace("$ORIGIN", &own));
        let of_cargo = executable.recorded.library_path.iter().flat_map(|path| path.split(':').map(str::to_owned));
        // A relative one begins where the executable is started.
        let folders = named.chain(of_cargo).map(|folder| executable.recorded.dir.join(folder));
        for folder in folders.filter(|folder| !is_kept_by_tools(host, folder)) {
            let sqlite = executable.inspection.needs().filter(|library| library.starts_with(SQLITE));
            places.extend(sqlite.map(|library| Input::at(host, &folder.join(library))));
            places.insert(Input::at(host, &folder.join(HWCAPS)));
        }
        if let Ok(asks) = &executable.inspection.asks {
            let place = (&*executable.path, &*executable.recorded.dir);
            let before =
                executable.inspection.needs().flat_map(|library| elsewhere::before_others(place, asks, library));
            places.extend(before.map(|path| Input::any_case(host, &path)));
        }
        let by_path = executable.inspection.needs().filter(|library| library.contains('/'));
        places.extend(by_path.map(|library| Input::at(host, &executable.recorded.dir.join(library))));
    }
    places
}

/// The variables of a run that the loader obeys, but for the path of libraries (ld.so(8), "ENVIRONMENT").
fn of_loader(env: &BTreeMap<String, String>) -> BTreeMap<String, String> {
    let obeys = |name: &str| name == "LD_PRELOAD" || name == "LD_AUDIT" || name == "GLIBC_TUNABLES";
    env.iter().filter(|(name, _)| obeys(name)).map(|(name, value)| (name.clone(), value.clone())).collect()
}

/// An executable, where it is started, and in which root, if in one.
#[derive(Clone, Copy)]
struct Place<'a> {
    executable: &'a Path,
    dir: &'a Path,
    root: Option<&'a Arc<Enclosure>>,
}

impl Place<'_> {
    /// A path of the loader's, as it is outside of the root.
    fn outside(&self, path: PathBuf) -> PathBuf {
        let path = self.dir.join(path);
        self.root.map_or(path.clone(), |root| root.outside(&path))
    }
}

impl fmt::Display for Place<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let tree = self.root.map(|root| root.tree.display().to_string()).unwrap_or_default();
        write!(f, "{} in {}, root {tree}", self.executable.display(), self.dir.display())
    }
}

/// What the loader said, and what it looked at to say so.
#[derive(Debug, Clone, Serialize, Deserialize)]
struct Answer {
    listed: String,
    /// Each folder that it searched and each file that it tried, with its stamp, empty if there is none.
    watched: Vec<(PathBuf, String)>,
}

/// The libraries that the loader would load. Within this process its answer is good as long as nothing has changed that
/// it looked at; if that is not known, it is asked again.
fn listed(
    host: &Host,
    place: Place<'_>,
    loader: &str,
    library_path: Option<&str>,
    env: &BTreeMap<String, String>,
) -> Result<String> {
    let library_folders = library_path.unwrap_or_default();
    let name = format!("loader {loader} {place} {library_folders} {env:?}");
    let is_good = |known: &Option<Answer>| {
        known.as_ref().is_some_and(|known| known.watched.iter().all(|(path, stamp)| now(path) == *stamp))
    };
    let mut fresh = None;
    let known = host.memo.for_now_while(&name, is_good, || -> Result<Option<Answer>> {
        let (listed, looked_at) = asked(host, place, loader, library_path, env)?;
        let answer = watched(looked_at, place.executable).map(|watched| Answer { listed: listed.clone(), watched });
        fresh = Some(listed);
        Ok(answer)
    })?;
    Ok(fresh.or(known.map(|answer| answer.listed)).unwrap_or_default())
}

fn now(path: &Path) -> String {
    files::stamp(path).unwrap_or_default()
}

/// The paths with their stamps; `None` if nothing is known of where the loader looked, or if one of them changed so lately
/// that the next change may have the same time.
fn watched(looked_at: Vec<PathBuf>, executable: &Path) -> Option<Vec<(PathBuf, String)>> {
    if looked_at.is_empty() {
        return None;
    }
    let always = [executable.to_owned(), PathBuf::from("/etc/ld.so.preload")];
    let paths: BTreeSet<PathBuf> = looked_at.into_iter().chain(always).collect();
    let calm = paths.iter().all(|path| !files::changed_within(path, CALM));
    calm.then(|| paths.into_iter().map(|path| (path.clone(), now(&path))).collect())
}

/// How long ago a file must have changed so that its stamp tells it from the next change: file systems keep time in ticks.
const CALM: Duration = Duration::from_secs(2);

/// Asks the loader: its list, and the paths that it looked at, none if it does not name them.
fn asked(
    host: &Host,
    place: Place<'_>,
    loader: &str,
    library_path: Option<&str>,
    env: &BTreeMap<String, String>,
) -> Result<(String, Vec<PathBuf>)> {
    let Place { executable, dir, root } = place;
    let mut command = ask(loader, executable, dir).envs(env).inside(root.cloned());
    if let Some(path) = library_path {
        command = command.env(LIBRARY_PATH, path);
    }
    command.timeout = Some(Duration::from_secs(30));
    let mut said = Vec::new();
    let finished = command
        .run_with(&host.supervisor, &mut |_| {}, &mut |bytes| said.extend_from_slice(bytes))
        .with_context(|| format!("{} needs the loader {loader}", executable.display()))?;
    let said = String::from_utf8_lossy(&said);
    if !finished.status.success() {
        let errors: String = said.lines().filter(|line| !is_debug(line)).map(|line| format!("{line}\n")).collect();
        bail!("the loader does not report the libraries of {}: {}", executable.display(), last_lines(&errors, 1));
    }
    let places = said.lines().flat_map(looked_at).map(|path| place.outside(path));
    Ok((finished.stdout.text(), places.collect()))
}

/// A line of LD_DEBUG begins with the number of the process.
fn is_debug(line: &str) -> bool {
    let number = line.trim_start().split_once(':').map_or("", |(number, _)| number);
    !number.is_empty() && number.bytes().all(|byte| byte.is_ascii_digit())
}

/// The paths in a line of `LD_DEBUG=libs` (ld.so(8)): folders that are searched, the loader's cache, files that are tried.
fn looked_at(line: &str) -> Vec<PathBuf> {
    let Some((_, rest)) = line.split_once(':').filter(|_| is_debug(line)) else { return Vec::new() };
    let rest = rest.trim();
    if let Some(folders) = rest.strip_prefix("search path=") {
        let folders = folders.split_once("\t\t(").map_or(folders, |(folders, _)| folders).trim_end();
        return folders.split(':').filter(|folder| !folder.is_empty()).map(PathBuf::from).collect();
    }
    let file = rest.strip_prefix("trying file=").or_else(|| rest.strip_prefix("search cache="));
    file.map(PathBuf::from).into_iter().collect()
}

/// The loader started on this file so that it lists libraries. glibc's does so with LD_TRACE_LOADED_OBJECTS, and goes on
/// after one that it does not find; its `--list` stops there. Others may not know the variable, and would run the file;
/// musl's knows `--list` (ld.so(8); `ldso/dynlink.c` of musl).
fn ask(loader: &str, executable: &Path, dir: &Path) -> Command {
    let name = Path::new(loader).file_name().unwrap_or_default().to_string_lossy();
    let is_glibc = ["ld-linux", "ld64.so", "ld.so", "ld-2."].iter().any(|start| name.starts_with(start));
    let file = executable.to_string_lossy().into_owned();
    let command = Command::new(loader, dir);
    match is_glibc {
        true => command.args([file]).env("LD_TRACE_LOADED_OBJECTS", "1").env("LD_DEBUG", "libs"),
        false => command.args(["--list".to_owned(), file]),
    }
}

/// The first SQLite of the loader's list, as it names it: a relative path begins where the executable is started. A line
/// begins with what was asked for: a name, or a path. What is preloaded has its path alone.
fn parse_loaded(listed: &str) -> Result<Option<PathBuf>> {
    let asked = |line: &str| line.split(" => ").next().and_then(|word| word.split(" (").next()).map(str::to_owned);
    let is_one = |asked: &String| asked.rsplit('/').next().is_some_and(|name| name.starts_with(SQLITE));
    let lines = listed.lines().map(str::trim);
    let Some((line, asked)) = lines.filter_map(|line| Some((line, asked(line)?))).find(|(_, asked)| is_one(asked))
    else {
        return Ok(None);
    };
    match line.split_once(" => ").map(|(_, rest)| rest) {
        None if asked.contains('/') => Ok(Some(PathBuf::from(asked))),
        // A path that is only a name.
        None => bail!("the loader takes {asked} from the current folder"),
        Some("not found") => bail!("the loader finds no {asked}"),
        Some(found) => Ok(Some(PathBuf::from(found.rsplit_once(" (").map_or(found, |(path, _)| path)))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_loader_s_list_is_read() {
        let list = "\tlinux-vdso.so.1 (0x7ff)\n\tlibsqlite3.so.0 => /a b/libsqlite3.so.0 (0x7f00)\n\tlibc.so.6 => /lib/libc.so.6 (0x7e)\n";
        assert_eq!(parse_loaded(list).unwrap(), Some(PathBuf::from("/a b/libsqlite3.so.0")));
        let preloaded = "\tlinux-vdso.so.1 (0x7f)\n\t/x/libsqlite3.so.0 (0x7e)\n\tlibc.so.6 => /lib/libc.so.6 (0x7e)\n";
        assert_eq!(parse_loaded(preloaded).unwrap(), Some(PathBuf::from("/x/libsqlite3.so.0")));
        assert_eq!(parse_loaded("\tlibc.so.6 => /lib/libc.so.6 (0x7e)\n").unwrap(), None);
        let by_path =
            "\tlib/libsqlite3.so => lib/libsqlite3.so (0x7f00)\n\tlibsqlite3.so.0 => /x/libsqlite3.so.0 (0x7e)\n";
        assert_eq!(parse_loaded(by_path).unwrap(), Some(PathBuf::from("lib/libsqlite3.so")), "the first one");
        let missing = parse_loaded("\tlibsqlite3.so.0 => not found\n").unwrap_err().to_string();
        assert_eq!(missing, "the loader finds no libsqlite3.so.0");
    }

    #[test]
    fn only_glibc_s_loader_is_trusted_with_the_variable() {
        for (loader, trusted) in [
            ("/lib64/ld-linux-x86-64.so.2", true),
            ("/lib/ld-linux-aarch64.so.1", true),
            ("/lib/ld-musl-x86_64.so.1", false),
            ("/own/ld", false),
        ] {
            let command = ask(loader, Path::new("/t/a"), Path::new("/"));
            assert_eq!(
                (command.program.as_str(), command.env.contains_key("LD_TRACE_LOADED_OBJECTS")),
                (loader, trusted)
            );
            assert_eq!(command.args.contains(&"--list".to_owned()), !trusted);
        }
    }

    #[test]
    fn the_loader_is_not_asked_about_libraries_of_the_system_alone() {
        for library in ["libc.so.6", "libm.so.6", "libgcc_s.so.1", "ld-linux-x86-64.so.2", "libc.musl-x86_64.so.1"] {
            assert!(is_of_the_system(library), "{library}");
        }
        for library in ["libsqlite3.so.0", "libcurl.so.4", "libc++.so.1", "libown.so", "libcrypto.so.3"] {
            assert!(!is_of_the_system(library), "{library}");
        }
    }

    #[test]
    fn the_loader_says_where_it_looked() {
        let of = |line: &str| looked_at(line).iter().map(|path| path.display().to_string()).collect::<Vec<_>>();
        assert_eq!(of("      7008:\tfind library=libm.so.6 [0]; searching"), [] as [&str; 0]);
        assert_eq!(of("      7008:\t search path=/a b/x:/c\t\t(LD_LIBRARY_PATH)"), ["/a b/x", "/c"]);
        assert_eq!(of("      7008:\t search path=\t\t(LD_LIBRARY_PATH)"), [] as [&str; 0]);
        assert_eq!(of("      7008:\t search cache=/etc/ld.so.cache"), ["/etc/ld.so.cache"]);
        assert_eq!(of("      7008:\t  trying file=/c/libm.so.6"), ["/c/libm.so.6"]);
        assert_eq!(of("/bin/x: error while loading shared libraries"), [] as [&str; 0]);
    }

    #[test]
    fn an_answer_is_good_while_nothing_changes_that_the_loader_looked_at() {
        let dir = tempfile::tempdir().unwrap();
        let (executable, late) = (dir.path().join("a"), dir.path().join("late"));
        files::write(&executable, b"x").unwrap();
        assert_eq!(watched(Vec::new(), &executable), None, "it does not say where it looked");
        assert_eq!(watched(vec![late.clone()], &executable), None, "the executable is too new");
        let old = std::fs::File::open("/proc/self/exe").map(|_| PathBuf::from("/etc/passwd")).unwrap();
        let watched = watched(vec![late.clone()], &old).expect("calm");
        assert!(watched.iter().all(|(path, stamp)| now(path) == *stamp));
        files::make_dir(&late).unwrap();
        assert!(!watched.iter().all(|(path, stamp)| now(path) == *stamp), "a folder that was not there");
    }
}
