//! A wrapper for the C compiler that caches objects, because C code is the same for every toolchain.
//!
//! Builds get it as `CC`. It passes everything on to the real compiler but `-c` of one source file: that it answers from
//! a folder of objects in the user's cache, by the hash of the preprocessed source, the arguments and the compiler. Two
//! builds that want the same object at the same time compile it once; the second waits. A cache that cannot be used costs
//! time and nothing else. An object is used only if it hashes to what was noted when it was compiled; one that does not is
//! compiled again, and the build says so.

#![allow(clippy::disallowed_methods, reason = "it replaces another program, including its streams")]

use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode};

use anyhow::{anyhow, Context, Result};

use super::stand_in;
use crate::find::c_compiler;
use crate::sys::files;
use crate::sys::host::Host;

/// The name under which our executable acts as the C compiler.
pub const NAME: &str = "compatrix-cc";
/// The real compiler's words, separated by spaces.
const REAL: &str = "COMPATRIX_CC";
/// The folder of objects.
const OBJECTS: &str = "COMPATRIX_CC_OBJECTS";
/// What identifies the real compiler.
const FINGERPRINT: &str = "COMPATRIX_CC_FINGERPRINT";
/// The folder for notes about objects that were not what had been compiled.
const NOTES: &str = "COMPATRIX_CC_NOTES";
/// Set where C is to be compiled without sanitizers, whatever the arguments say: newer `cc` crates hand rustc's sanitizer
/// on to the C compiler, which need not be of rustc's LLVM, and whose objects nothing but the whole executable links with.
pub(crate) const PLAIN: &str = "COMPATRIX_CC_PLAIN";

/// The variables that make a build use the wrapper.
///
/// # Errors
/// Our own executable cannot be linked into the workspace's folder.
pub fn environment(host: &Host) -> Result<Vec<(String, String)>> {
    let link = stand_in::link(host, NAME)?;
    let text = |path: &Path| path.to_string_lossy().into_owned();
    Ok(vec![
        ("CC".to_owned(), text(&link)),
        (REAL.to_owned(), c_compiler::words(host).join(" ")),
        (OBJECTS.to_owned(), text(&host.cache.join("objects"))),
        (FINGERPRINT.to_owned(), c_compiler::fingerprint(host)),
        (NOTES.to_owned(), text(&notes_folder(host))),
    ])
}

fn notes_folder(host: &Host) -> PathBuf {
    host.dir.join("cc-notes")
}

/// Takes the notes about objects of a build with this target directory.
pub(super) fn take_notes(host: &Host, target: &Path) -> Vec<String> {
    let mut notes = Vec::new();
    for path in files::list(&notes_folder(host)).unwrap_or_default() {
        let Ok(text) = files::read_text(&path) else { continue };
        let Some((dir, note)) = text.split_once('\n') else { continue };
        if Path::new(dir).starts_with(target) {
            notes.push(note.to_owned());
            let _ = files::remove(&path);
        }
    }
    notes
}

/// Leaves a note for the build that this process is part of: a build script's `OUT_DIR` is in its target directory.
fn leave_note(key: &str, note: &str) {
    let (Some(folder), Some(dir)) = (std::env::var_os(NOTES), std::env::var_os("OUT_DIR")) else { return };
    let path = PathBuf::from(folder).join(format!("{}-{key:.16}", std::process::id()));
    let _ = files::write(&path, format!("{}\n{note}", dir.to_string_lossy()).as_bytes());
}

/// If this process was started as the wrapper, acts as one and returns the exit code.
pub fn act() -> Option<ExitCode> {
    if !stand_in::is_called(NAME) {
        return None;
    }
    let plain = std::env::var_os(PLAIN).is_some();
    let args: Vec<OsString> = std::env::args_os().skip(1).filter(|arg| !plain || !is_sanitizer(arg)).collect();
    Some(match stand_in(&args) {
        Ok(code) => ExitCode::from(code),
        Err(error) => {
            eprintln!("{NAME}: {error:#}");
            ExitCode::from(1)
        }
    })
}

fn is_sanitizer(arg: &std::ffi::OsStr) -> bool {
    arg.to_str().is_some_and(|arg| arg.starts_with("-fsanitize"))
}

fn stand_in(args: &[OsString]) -> Result<u8> {
    let real = std::env::var(REAL).unwrap_or_else(|_| "cc".to_owned());
    let mut words = real.split_whitespace();
    let program = words.next().ok_or_else(|| anyhow!("{REAL} is empty"))?;
    let first: Vec<OsString> = words.map(OsString::from).collect();
    let real = |args: &[OsString]| {
        let mut command = Command::new(program);
        command.args(&first).args(args);
        command
    };
    let run = |args: &[OsString]| -> Result<u8> {
        let status = real(args).status().with_context(|| format!("cannot start {program}"))?;
        Ok(u8::try_from(status.code().unwrap_or(1)).unwrap_or(1))
    };
    let (Some(compilation), Some(objects)) = (Compilation::of(args), std::env::var_os(OBJECTS)) else {
        return run(args);
    };
    let preprocessed = real(&compilation.preprocess).output().with_context(|| format!("cannot start {program}"))?;
    if !preprocessed.status.success() {
        // The real compiler has the best message.
        return run(args);
    }
    let arguments: Vec<String> = compilation.other.iter().map(|arg| arg.to_string_lossy().into_owned()).collect();
    let fingerprint = std::env::var(FINGERPRINT).unwrap_or_default();
    let source = files::hash_bytes(&preprocessed.stdout).to_string();
    let key = files::hash_parts(arguments.iter().map(String::as_str).chain([fingerprint.as_str(), &source]));
    let objects = PathBuf::from(objects);
    let (object, sum) = (objects.join(format!("{key}.o")), objects.join(format!("{key}.sha256")));
    let lock = files::make_dir(&objects).and_then(|()| files::lock_exclusive(&objects.join(format!("{key}.lock"))));
    if lock.is_ok() {
        match Kept::read(&object, &sum) {
            Kept::Whole(bytes) if files::write(&compilation.output, &bytes).is_ok() => return Ok(0),
            Kept::Changed => leave_note(
                &key.to_string(),
                &format!(
                    "{} of the cache of compiled C is not what was compiled from {}; it was compiled again",
                    object.display(),
                    compilation.source
                ),
            ),
            Kept::Whole(_) | Kept::Not => {}
        }
    }
    let code = run(args)?;
    if code == 0 && lock.is_ok() {
        // If caching fails, the object is compiled again next time.
        let _ = files::read(&compilation.output).and_then(|bytes| keep(&object, &sum, &bytes));
    }
    Ok(code)
}

/// An object of the cache.
#[derive(Debug, PartialEq, Eq)]
enum Kept {
    /// As it was compiled.
    Whole(Vec<u8>),
    /// It does not hash to what was noted.
    Changed,
    /// There is none, or none with a note.
    Not,
}

impl Kept {
    fn read(object: &Path, sum: &Path) -> Self {
        let (Ok(bytes), Ok(noted)) = (files::read(object), files::read_text(sum)) else { return Kept::Not };
        match files::hash_bytes(&bytes).to_string() == noted.trim() {
            true => Kept::Whole(bytes),
            false => Kept::Changed,
        }
    }
}

/// Keeps an object. One whose note could not be written is never used.
fn keep(object: &Path, sum: &Path, bytes: &[u8]) -> Result<()> {
    files::write(object, bytes)?;
    files::write(sum, files::hash_bytes(bytes).to_string().as_bytes())
}

/// A `-c` of one source file.
#[derive(Debug, PartialEq, Eq)]
struct Compilation {
    output: PathBuf,
    source: String,
    /// The arguments that preprocess it to standard output.
    preprocess: Vec<OsString>,
    /// All arguments but the output, for the key.
    other: Vec<OsString>,
}

impl Compilation {
    fn of(args: &[OsString]) -> Option<Self> {
        let mut output = None;
        let mut other = Vec::new();
        let mut sources = Vec::new();
        let mut iter = args.iter();
        while let Some(arg) = iter.next() {
            let text = arg.to_str()?;
            match text {
                "-o" => output = Some(PathBuf::from(iter.next()?)),
                // Outputs other than one object, or input that is not in the arguments.
                "-E" | "-S" | "-M" | "-MM" | "-MD" | "-MMD" | "-" | "-save-temps" | "--coverage" => return None,
                _ if text.starts_with('@') => return None,
                _ => {
                    let path = Path::new(text);
                    if !text.starts_with('-') && path.extension().is_some_and(|e| e == "c") {
                        sources.push(text);
                    }
                    other.push(arg.clone());
                }
            }
        }
        let [source] = sources.as_slice() else { return None };
        if !other.iter().any(|arg| arg == "-c") {
            return None;
        }
        let mut preprocess: Vec<OsString> = other.iter().filter(|arg| *arg != "-c").cloned().collect();
        preprocess.push("-E".into());
        Some(Self { output: output?, source: (*source).to_owned(), preprocess, other })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(line: &str) -> Option<Compilation> {
        Compilation::of(&line.split(' ').map(OsString::from).collect::<Vec<_>>())
    }

    #[test]
    fn sanitizers_are_known_by_their_arguments() {
        let is = |arg: &str| is_sanitizer(std::ffi::OsStr::new(arg));
        assert!(is("-fsanitize=address") && is("-fsanitize-recover=all"));
        assert!(!is("-fstack-protector") && !is("-c"));
    }

    #[test]
    fn an_object_is_used_only_as_it_was_compiled() {
        let dir = tempfile::tempdir().unwrap();
        let (object, sum) = (dir.path().join("a.o"), dir.path().join("a.sha256"));
        assert_eq!(Kept::read(&object, &sum), Kept::Not);
        files::write(&object, b"of a version that noted nothing").unwrap();
        assert_eq!(Kept::read(&object, &sum), Kept::Not);
        keep(&object, &sum, b"object").unwrap();
        assert_eq!(Kept::read(&object, &sum), Kept::Whole(b"object".to_vec()));
        files::write(&object, b"objecT").unwrap();
        assert_eq!(Kept::read(&object, &sum), Kept::Changed);
    }

    #[test]
    fn only_a_plain_compilation_is_remembered() {
        let found = of("-O0 -I sqlite3 -o out/a.o -c sqlite3/sqlite3.c").unwrap();
        assert_eq!(found.output, Path::new("out/a.o"));
        assert_eq!(found.other, ["-O0", "-I", "sqlite3", "-c", "sqlite3/sqlite3.c"].map(OsString::from));
        assert_eq!(found.preprocess, ["-O0", "-I", "sqlite3", "sqlite3/sqlite3.c", "-E"].map(OsString::from));
        for line in
            ["-E a.c", "-c a.c b.c -o x", "-shared a.c -o x.so", "-c a.c", "-c -MD a.c -o a.o", "-c - -o a.o", "@args"]
        {
            assert_eq!(of(line), None, "{line}");
        }
    }
}
