//! Identifies the SQLite in a file: with a small C program, or by its bytes where nothing starts programs of its target.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use anyhow::{anyhow, bail, Result};
use compatrix_model::evidence::IdentifiedBy;
use serde::{Deserialize, Serialize};

use crate::find::facts::Foreign;
use crate::find::{c_compiler, wine};
use crate::sys::enclosure::Enclosure;
use crate::sys::files;
use crate::sys::host::{last_lines, Host};
use crate::sys::process::{Command, Finished};

const PROBE: &str = include_str!("probe.c");

/// How long a program of another target may take to say what it is; its first start under wine takes seconds.
const PATIENCE: Duration = Duration::from_secs(60);

/// The self-reported identity of a SQLite.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Identity {
    /// The shared library that answered; empty for a static one.
    pub file: String,
    /// `sqlite3_libversion()`.
    pub version: String,
    /// `sqlite3_sourceid()`.
    pub source_id: String,
    /// `sqlite3_compileoption_get()`, sorted.
    pub compile_options: Vec<String>,
    /// What said so.
    pub by: IdentifiedBy,
}

/// Identifies a shared library. A bare file name is looked up as by the loader.
/// What is of a root is asked in it.
pub fn of_library(host: &Host, root: Option<&Arc<Enclosure>>, library: &Path) -> Result<Identity> {
    // A bare name's answer depends on the loader's cache.
    let stamped = if library.is_absolute() { library } else { Path::new("/etc/ld.so.cache") };
    let stamp = files::stamp(stamped).unwrap_or_default();
    host.memo.fact(&format!("sqlite 2 {}", library.display()), &stamp, || {
        let probe = dynamic_probe(host, root)?;
        let command = Command::new(probe.to_string_lossy(), place(host, root)).args([library.to_string_lossy()]);
        ask(host, command.inside(root.cloned()))
    })
}

/// The same of a library that may be of another target.
///
/// # Errors
/// There is no compiler or loader for it, or the file is no SQLite.
pub(crate) fn of_any_library(
    host: &Host,
    (root, foreign): (Option<&Arc<Enclosure>>, Option<&Foreign>),
    library: &Path,
) -> Result<Identity> {
    match foreign {
        Some(with) if with.starts() => of_foreign(host, with, library),
        Some(_) => of_file(library),
        None => of_library(host, root, library),
    }
}

/// Identifies a shared library by its bytes.
///
/// # Errors
/// It cannot be read, or does not say which SQLite it is.
fn of_file(library: &Path) -> Result<Identity> {
    let bytes = files::read(library)?;
    let says = compatrix_binary::sqlite::of_library(&bytes, None);
    let lacks = |what: &str| SaysNothing(format!("{} {what}", library.display()));
    let says = says.ok_or_else(|| lacks("is no SQLite library"))?;
    let source_id = says.source_id.ok_or_else(|| lacks("has not one source id"))?;
    let (version, compile_options) = (says.version, says.compile_options);
    let file = library.to_string_lossy().into_owned();
    Ok(Identity { file, version, source_id, compile_options, by: IdentifiedBy::File })
}

/// Identifies a shared library of another target, by a program of that target.
///
/// # Errors
/// There is no compiler for it, its runner does not start the program, or the file is no SQLite.
fn of_foreign(host: &Host, with: &Foreign, library: &Path) -> Result<Identity> {
    let hash = files::sha256(library, &host.memo)?;
    let how = format!("{} {}", with.compiler.join(" "), with.runner.join(" "));
    host.memo.fact(&format!("sqlite 2 of {how} {hash}"), "", || {
        let compiler = with.compiler.first().and_then(|program| host.ambient.find(program));
        let stamp = compiler.and_then(|path| files::stamp(&path).ok()).unwrap_or_default();
        let name = files::hash_parts([PROBE, &with.compiler.join(" "), &stamp]);
        let probe = host.dir.join("probe").join(format!("foreign-{name:.16}.exe"));
        if !files::exists(&probe) {
            let compiler = |dir: &Path| c_compiler::of_target(host, with, dir);
            let after: &[&str] = if with.is_windows() { &["-static-libgcc"] } else { &[] };
            compile_probe(host, &compiler, &probe, (&[], after))?;
        }
        let words =
            with.runner.iter().cloned().chain([&probe, library].map(|path| path.to_string_lossy().into_owned()));
        let words: Vec<String> = words.collect();
        let scratch = tempfile::Builder::new().prefix("asks").tempdir_in(&host.dir)?;
        let mut command = Command::new(&words[0], scratch.path()).args(words[1..].iter().cloned());
        command = command.envs(&host.ambient.for_runs());
        if with.is_wine {
            let own = scratch.path().join(wine::FOLDER);
            wine::renew(host, &with.runner, &own)?;
            command = command.envs(&wine::in_prefix(&own));
        }
        command.timeout = Some(PATIENCE);
        let said = ask(host, command)?;
        Ok(Identity { file: library.to_string_lossy().into_owned(), ..said })
    })
}

/// Identifies a static library (`libsqlite3.a`).
pub fn of_archive(host: &Host, root: Option<&Arc<Enclosure>>, archive: &Path) -> Result<Identity> {
    let hash = files::sha256(archive, &host.memo)?;
    host.memo.fact(&format!("sqlite-archive 2 {hash}"), "", || {
        let probe = host.dir.join("probe").join(format!("static-{hash:.16}"));
        let archive = archive.to_string_lossy().into_owned();
        // Only three functions are called, so that what others need (OpenSSL's functions, of SQLCipher) may be missing.
        let few = ["-Wl,--gc-sections", "-Wl,--unresolved-symbols=ignore-all"];
        let after = [&archive, few[0], few[1], "-lpthread", "-ldl", "-lm"];
        let compiler = |dir: &Path| c_compiler::cc(host, root, dir);
        compile_probe(host, &compiler, &probe, (&["-DCOMPATRIX_STATIC"], &after))?;
        let command = Command::new(probe.to_string_lossy(), place(host, root)).inside(root.cloned());
        let finished = host.run(&command)?;
        if !finished.status.success() {
            bail!("{}", last_lines(&finished.stderr.text(), 1));
        }
        read(&finished)
    })
}

/// Where the programs that ask are started: a root may not have the workspace.
fn place<'h>(host: &'h Host, root: Option<&Arc<Enclosure>>) -> &'h Path {
    root.map_or(&host.root, |_| Path::new("/"))
}

fn dynamic_probe(host: &Host, root: Option<&Arc<Enclosure>>) -> Result<PathBuf> {
    let compiler = root.map_or_else(|| c_compiler::fingerprint(host), |root| root.tree.display().to_string());
    let hash = files::hash_parts([PROBE, &compiler]);
    let probe = host.dir.join("probe").join(format!("dynamic-{hash:.16}"));
    if !files::exists(&probe) {
        let compiler = |dir: &Path| c_compiler::cc(host, root, dir);
        compile_probe(host, &compiler, &probe, (&[], &["-ldl"]))?;
    }
    Ok(probe)
}

fn compile_probe(
    host: &Host,
    compiler: &dyn Fn(&Path) -> Result<Command>,
    probe: &Path,
    (before, after): (&[&str], &[&str]),
) -> Result<()> {
    let dir = probe.parent().unwrap_or(&host.dir);
    // Built elsewhere and renamed, so that threads never see a partial file.
    let scratch = tempfile::Builder::new().prefix("probe").tempdir_in(make(dir)?)?;
    let source = scratch.path().join("probe.c");
    // The linker of Windows adds `.exe` to a name without it.
    let made = scratch.path().join(probe.file_name().unwrap_or_default());
    files::write(&source, PROBE.as_bytes())?;
    let command = compiler(scratch.path())?
        .args(before.iter().copied())
        .args(["-o", &made.to_string_lossy(), &source.to_string_lossy()])
        .args(after.iter().copied());
    c_compiler::compile(host, &command, "the SQLite probe")?;
    files::rename(&made, probe)
}

fn make(dir: &Path) -> Result<&Path> {
    files::make_dir(dir)?;
    Ok(dir)
}

/// A library that did not say which SQLite it is, though the program that asks does start, or its bytes were read: what was
/// said or how it ended.
#[derive(Debug)]
pub(crate) struct SaysNothing(String);

impl std::fmt::Display for SaysNothing {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for SaysNothing {}

/// Asks a library, which is the last argument. The same program without one is the control: where that does not start
/// either, the fault is not the library's.
fn ask(host: &Host, command: Command) -> Result<Identity> {
    let finished = host.run(&command)?;
    if finished.status.success() {
        return read(&finished);
    }
    let mut control = command;
    control.args.pop();
    let control = control.args(["--ready"]);
    let ready = host.run(&control)?;
    if !ready.status.success() {
        let said = last_lines(&ready.stderr.text(), 2);
        bail!("{} starts no program here: it ended with {}: {said}", control.program, ready.status);
    }
    let said = last_lines(&finished.stderr.text(), 1);
    Err(SaysNothing(if said.is_empty() { format!("it ended with {}", finished.status) } else { said }).into())
}

/// What the program printed.
fn read(finished: &Finished) -> Result<Identity> {
    parse(&finished.stdout.text()).ok_or_else(|| anyhow!("the SQLite probe printed unreadable output"))
}

fn parse(text: &str) -> Option<Identity> {
    let lines = |key: &str| {
        let key = format!("{key} ");
        text.lines().filter_map(|line| line.strip_prefix(&key).map(str::to_owned)).collect::<Vec<_>>()
    };
    let mut compile_options = lines("option");
    compile_options.sort();
    Some(Identity {
        file: lines("file").pop().unwrap_or_default(),
        version: lines("version").pop()?,
        source_id: lines("source-id").pop()?,
        compile_options,
        by: IdentifiedBy::Probe,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What SQLite has to say of itself, without the rest.
    const SOURCE: &str = "const char sqlite3_version[] = \"3.46.0\";\n\
        const char *sqlite3_libversion(void) { return sqlite3_version; }\n\
        const char *sqlite3_sourceid(void) { return \"2024-05-23 13:25:27 \
        96c92aba00c8375bc32fafcdf12429c58bd8aabfcadab6683e35bbb9cdebf19e\"; }\n\
        static const char *const sqlite3azCompileOpt[] = { \"THREADSAFE=1\", \"ENABLE_FTS5\", \"COMPILER=a b-1.2\" };\n\
        const char *sqlite3_compileoption_get(int n) { return (unsigned)n < 3 ? sqlite3azCompileOpt[n] : 0; }\n";

    #[test]
    #[cfg(unix)] // there is no C compiler under wine
    fn what_is_read_from_a_library_is_what_it_says() {
        let dir = tempfile::tempdir().unwrap();
        let host = Host::for_test(dir.path());
        let library = dir.path().join("libsqlite3.so.0");
        files::write(&dir.path().join("a.c"), SOURCE.as_bytes()).unwrap();
        let command = c_compiler::cc(&host, None, dir.path()).unwrap();
        let command = command.args(["-shared", "-fPIC", "-o", &library.to_string_lossy(), "a.c"]);
        c_compiler::compile(&host, &command, "the library").unwrap();
        let said = of_library(&host, None, &library).unwrap();
        assert_eq!((said.version.as_str(), said.by, said.compile_options.len()), ("3.46.0", IdentifiedBy::Probe, 3));
        assert_eq!(of_file(&library).unwrap(), Identity { by: IdentifiedBy::File, ..said });
    }

    #[test]
    fn the_probe_s_words_are_read() {
        let text = "file /lib/x.so\nversion 3.40.1\nsource-id 2022-12-28 14:03:47 df5c\noption B\noption A=1\n";
        let identity = parse(text).unwrap();
        assert_eq!(identity.version, "3.40.1");
        assert_eq!(identity.source_id, "2022-12-28 14:03:47 df5c");
        assert_eq!(identity.compile_options, ["A=1", "B"]);
        assert_eq!(parse("version 3.1\n"), None);
    }

    #[test]
    fn a_library_of_windows_is_asked_under_wine() {
        let dir = tempfile::tempdir().unwrap();
        let host = Host::for_test(dir.path());
        let runner = wine::of_debian("wine64").map(|path| path.to_string_lossy().into_owned());
        let compiler = "x86_64-w64-mingw32-gcc";
        let (Some(runner), Some(_)) = (runner, host.ambient.find(compiler)) else {
            println!("skipped: wine64 or {compiler} is not here; ci/platforms/install installs both");
            return;
        };
        let triple = "x86_64-pc-windows-gnu".to_owned();
        let with = Foreign { triple, compiler: vec![compiler.to_owned()], runner: vec![runner], is_wine: true };
        let make = |name: &str, source: &str| {
            let library = dir.path().join(name);
            files::write(&dir.path().join("a.c"), source.as_bytes()).unwrap();
            let command = Command::new(compiler, dir.path()).args(["-shared", "-o", name, "a.c"]);
            c_compiler::compile(&host, &command.envs(&host.ambient.for_builds()), name).unwrap();
            library
        };
        let said = of_foreign(&host, &with, &make("sqlite3.dll", SOURCE)).unwrap();
        assert_eq!((said.version.as_str(), said.by), ("3.46.0", IdentifiedBy::Probe));
        // What is read from the file is what it says.
        let read = of_file(&dir.path().join("sqlite3.dll")).unwrap();
        assert_eq!(read, Identity { by: IdentifiedBy::File, ..said });
        assert_eq!(read.compile_options, ["COMPILER=a b-1.2", "ENABLE_FTS5", "THREADSAFE=1"]);
        let other = of_foreign(&host, &with, &make("other.dll", "int x(void) { return 1; }\n")).unwrap_err();
        assert_eq!(other.to_string(), "no SQLite library");
        let damaged = dir.path().join("damaged.dll");
        files::write(&damaged, b"MZ, and nothing more").unwrap();
        let error = of_foreign(&host, &with, &damaged).unwrap_err();
        assert!(error.is::<SaysNothing>() && error.to_string().contains("not loaded: error"), "{error}");

        // A runner that starts nothing says nothing of a library.
        let no_runner = Foreign { runner: vec!["false".to_owned()], is_wine: false, ..with };
        let error = of_foreign(&host, &no_runner, &make("whole.dll", SOURCE)).unwrap_err();
        assert!(!error.is::<SaysNothing>() && error.to_string().contains("false starts no program here"), "{error}");
    }
}
