//! The parser of specs from outside: a golden folder of bad specs, and this repository's own.

// Golden files are read and, when asked, written here.
#![allow(clippy::disallowed_methods)]

use std::path::{Path, PathBuf};

use compatrix_model::spec_text::{parse, parse_bytes};
use shaped_toml::Severity;

fn fixtures() -> Vec<String> {
    ["v18", "v24", "v24-10k", "v24-corrupt", "v24-empty", "v24-truncated", "v24-wal", "v26", "v99-future"]
        .map(str::to_owned)
        .to_vec()
}

/// Each `tests/spec/NAME.toml` gives the diagnostics in `NAME.stderr`. `UPDATE_GOLDEN=1` writes them anew.
#[test]
fn golden_diagnostics() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/spec");
    let update = std::env::var_os("UPDATE_GOLDEN").is_some();
    let mut files: Vec<PathBuf> = folder.read_dir().unwrap().map(|entry| entry.unwrap().path()).collect();
    files.sort();
    let mut wrong = Vec::new();
    for file in &files {
        let golden = file.with_extension("stderr");
        if file.extension().is_none_or(|e| e != "toml") {
            let stale = file.extension().is_some() && !file.with_extension("toml").exists();
            assert!(!stale, "{} has no .toml beside it", file.display());
            continue;
        }
        let actual = diagnostics(&std::fs::read(file).unwrap(), file.file_name().unwrap().to_str().unwrap());
        if update {
            std::fs::write(&golden, &actual).unwrap();
        } else if std::fs::read_to_string(&golden).ok().as_deref() != Some(&actual) {
            wrong.push(format!("{}:\n{actual}", golden.display()));
        }
    }
    assert!(files.len() > 20, "the golden folder is gone");
    assert!(wrong.is_empty(), "UPDATE_GOLDEN=1 writes these, if they are right:\n{}", wrong.join("\n"));
}

/// What the spec's reader says, and what it says on 1 July 2027.
fn diagnostics(bytes: &[u8], name: &str) -> String {
    match parse_bytes(bytes, name, &fixtures()) {
        Err(diagnostics) => diagnostics.render(false, 100),
        Ok(parsed) => {
            assert_eq!(parsed.warnings.count(Severity::Error), 0, "a spec with errors was let through");
            let spec = &parsed.spec;
            let cells = format!("valid: {} cells, {} suites\n", spec.space.len(), spec.suites.len());
            parsed.warnings.render(false, 100) + &parsed.expired("2027-07-01").render(false, 100) + &cells
        }
    }
}

#[test]
fn the_spec_of_this_repository_is_valid() {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../../compat/matrix.toml");
    let text = std::fs::read_to_string(path).unwrap();
    let parsed = parse(&text, "compat/matrix.toml", &fixtures()).unwrap_or_else(|e| panic!("{}", e.render(false, 120)));
    assert_eq!(parsed.warnings.render(false, 120), "");
    let count = |profile: &str| {
        let spec = &parsed.spec;
        let matchers: Vec<_> =
            spec.profiles[profile].when.iter().map(|c| c.matcher(&spec.space, &Default::default())).collect();
        let admitted = |coords: &[usize]| matchers.is_empty() || matchers.iter().any(|m| m.holds(coords));
        spec.space.cells().filter(|cell| admitted(&spec.space.coords(*cell))).count()
    };
    assert_eq!((count("local"), count("bench"), count("full")), (221, 84, 10 * 15 * fixtures().len() * 4));
}
