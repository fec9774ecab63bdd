//! What executables are, one line a file: format, processor, the SQLite and the rustc in them, the libraries that they name.
//! `ci/platforms/check` asks it about test executables for macOS, which nothing here can start.
//!
//! `cargo run -p compatrix-binary --example inspect -- FILE…`
#![allow(clippy::disallowed_methods, reason = "it reads the files that it is asked about")]

use std::collections::BTreeSet;
use std::process::ExitCode;

use compatrix_binary::sqlite::{compiled_in, CompiledIn};
use compatrix_binary::{read, rustc};

fn main() -> ExitCode {
    let mut all_read = ExitCode::SUCCESS;
    for path in std::env::args().skip(1) {
        let said = std::fs::read(&path).map_err(|error| error.to_string()).and_then(|bytes| line(&bytes));
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

fn line(bytes: &[u8]) -> Result<String, String> {
    let binary = read(bytes, None).map_err(|error| error.to_string())?;
    let sqlite = match compiled_in(bytes, None) {
        CompiledIn::Yes { source_ids, .. } => format!("SQLite {} compiled in", or_unknown(&source_ids)),
        CompiledIn::Stripped { source_ids } => format!("no symbols; SQLite {}", or_unknown(&source_ids)),
        CompiledIn::No => "no SQLite compiled in".to_owned(),
    };
    let (releases, commits) = (rustc::releases(bytes), rustc::commits(bytes));
    let rustc = or_unknown(if releases.is_empty() { &commits } else { &releases });
    let needed: Vec<&str> = binary.needed().collect();
    Ok(format!("{} {}; {sqlite}; rustc {rustc}; needs {}", binary.format, binary.machine, needed.join(", ")))
}

fn or_unknown(all: &[String]) -> String {
    let different: BTreeSet<&str> = all.iter().map(String::as_str).collect();
    if different.is_empty() {
        "unknown".to_owned()
    } else {
        Vec::from_iter(different).join(", ")
    }
}
