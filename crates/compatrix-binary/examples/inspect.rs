//! What executables are, one line a file: format, processor, the SQLite and the rustc in them, the libraries that they name,
//! and the SQLite that their loader would give them with our variables. `ci/platforms/check` asks it about test executables
//! for macOS, which nothing here can start.
//!
//! `cargo run -p compatrix-binary --example inspect -- FILE…`
#![allow(clippy::disallowed_methods, reason = "it reads the files that it is asked about")]

use std::collections::BTreeSet;
use std::path::Path;
use std::process::ExitCode;

use compatrix_binary::load::{resolve, Environment, Files, Object, Resolved};
use compatrix_binary::sqlite::{compiled_in, of_library, CompiledIn};
use compatrix_binary::{read, rustc, Binary};

/// The files of this machine.
struct Disk;

impl Files for Disk {
    fn read(&self, path: &str) -> Option<Vec<u8>> {
        std::fs::read(path).ok()
    }

    fn is_folder(&self, path: &str) -> bool {
        Path::new(path).is_dir()
    }
}

fn main() -> ExitCode {
    let mut all_read = ExitCode::SUCCESS;
    for path in std::env::args().skip(1) {
        let said = std::fs::read(&path).map_err(|error| error.to_string()).and_then(|bytes| line(&path, &bytes));
        match said {
            Ok(line) => println!("{path}: {line}"),
            Err(error) => {
                eprintln!("{path} {error}");
                all_read = ExitCode::FAILURE;
            }
        }
    }
    all_read
}

fn line(path: &str, bytes: &[u8]) -> Result<String, String> {
    let binary = read(bytes, None).map_err(|error| error.to_string())?;
    let sqlite = match compiled_in(bytes, None) {
        CompiledIn::Yes { source_ids, .. } => format!("SQLite {} compiled in", or_unknown(&source_ids)),
        CompiledIn::Stripped { source_ids } => format!("no symbols; SQLite {}", or_unknown(&source_ids)),
        CompiledIn::No => "no SQLite compiled in".to_owned(),
    };
    let (releases, commits) = (rustc::releases(bytes), rustc::commits(bytes));
    let marks = rustc::marks(bytes).into_iter().map(|mark| format!("with the mark {mark}"));
    let made: Vec<String> = releases.into_iter().chain(marks).collect();
    let known = if made.is_empty() { commits } else { made };
    let needed: Vec<&str> = binary.needed().collect();
    let head = format!("{} {}; {sqlite}; rustc {}", binary.format, binary.machine, or_unknown(&known));
    Ok(format!("{head}; needs {}{}", needed.join(", "), gets(path, binary.clone())))
}

/// The SQLite that the loader gives to an executable, with what that file says of itself; nothing if it needs none.
fn gets(path: &str, binary: Binary) -> String {
    let environment = Environment {
        variables: std::env::vars().collect(),
        current: std::env::current_dir().unwrap_or_default().to_string_lossy().into_owned(),
        ..Environment::default()
    };
    let object = Object { path: path.to_owned(), binary };
    let is_sqlite = |name: &str| name.starts_with("libsqlite3.") || name.eq_ignore_ascii_case("sqlite3.dll");
    match resolve(&object, &environment, &Disk, &is_sqlite, &|_| true) {
        Resolved::File(file) => {
            let says = Disk.read(&file).and_then(|bytes| of_library(&bytes, Some(&object.binary.machine)));
            let says = says.map(|says| {
                let id = says.source_id.unwrap_or_else(|| "unknown".to_owned());
                format!("{} {id} with {} options", says.version, says.compile_options.len())
            });
            format!("; gets {file}, SQLite {}", says.unwrap_or_else(|| "unknown".to_owned()))
        }
        Resolved::SharedCache(name) => format!("; gets {name} from the shared cache"),
        Resolved::NotFound { name, .. } => format!("; finds no {name}"),
        Resolved::Unknown { why } => format!("; {why}"),
        Resolved::Static | Resolved::NotNeeded => String::new(),
    }
}

fn or_unknown(all: &[String]) -> String {
    let different: BTreeSet<&str> = all.iter().map(String::as_str).collect();
    if different.is_empty() {
        "unknown".to_owned()
    } else {
        Vec::from_iter(different).join(", ")
    }
}
