//! The crates: which may use which, which have no effects, and what no code of theirs may name.
//!
//! These tables are the invariants of docs/ARCHITECTURE.md. A new crate needs a line in [`CRATES`], a new invariant one
//! in [`FORBIDDEN`].

use std::collections::BTreeSet;

use crate::manifests::dependencies;
use crate::modules::{crates, Modules};
use crate::source::{Name, NameKind};
use crate::{files_ending, house, text, Violations};

/// A crate of this workspace.
struct Crate {
    name: &'static str,
    /// Without effects: no I/O, no clock, no environment, no process.
    is_pure: bool,
    /// The others it may depend on.
    uses: &'static [&'static str],
}

const fn pure(name: &'static str, uses: &'static [&'static str]) -> Crate {
    Crate { name, is_pure: true, uses }
}

const fn effects(name: &'static str, uses: &'static [&'static str]) -> Crate {
    Crate { name, is_pure: false, uses }
}

/// Each crate uses some of those below it. None of Compatrix uses things-store.
const CRATES: [Crate; 18] = [
    effects("xtask", &["compatrix"]),
    effects(
        "compatrix",
        &[
            "compatrix-engine",
            "compatrix-render",
            "compatrix-audit",
            "compatrix-bench",
            "compatrix-ci",
            "compatrix-leak",
            "compatrix-model",
            "shaped-toml",
        ],
    ),
    effects(
        "compatrix-engine",
        &[
            "compatrix-audit",
            "compatrix-bench",
            "compatrix-binary",
            "compatrix-ci",
            "compatrix-leak",
            "compatrix-model",
            "shaped-toml",
        ],
    ),
    pure(
        "compatrix-render",
        &["compatrix-audit", "compatrix-bench", "compatrix-ci", "compatrix-leak", "compatrix-model", "shaped-toml"],
    ),
    pure("compatrix-audit", &["compatrix-ci", "compatrix-model", "shaped-toml"]),
    pure("compatrix-ci", &["compatrix-bench", "compatrix-leak", "compatrix-model", "shaped-toml"]),
    pure("compatrix-model", &["compatrix-bench", "compatrix-leak", "shaped-toml", "covering"]),
    pure("compatrix-leak", &["shaped-toml"]),
    pure("compatrix-bench", &["shaped-toml"]),
    pure("compatrix-binary", &[]),
    pure("shaped-toml", &[]),
    pure("covering", &[]),
    effects("things-server-bench", &["things-server", "things-store", "things-bench"]),
    effects("things-bench", &["things-store"]),
    effects("things-server", &["things-store"]),
    effects("things-ffi", &["things-store"]),
    effects("things-store", &[]),
    effects("old-toolchain", &[]),
];

/// Others' crates that have effects.
const EFFECTFUL: [&str; 16] = [
    "cargo_metadata",
    "clap",
    "duct",
    "ignore",
    "indicatif",
    "jobserver",
    "process-wrap",
    "rusqlite",
    "rustix",
    "same-file",
    "signal-hook",
    "tempfile",
    "terminal_size",
    "which",
    "win32job",
    "xshell",
];

/// Where things-store reads the clock, so that all else of it takes the time as an argument.
const CLOCK: &str = "crates/things-store/src/clock.rs";

/// What the code of a place may not name.
struct Forbidden {
    /// The crate or folder, from the root of the repository.
    place: &'static str,
    /// `a::b` is a part of a path, `A::*` anything of `A`, `f!` a macro, `.f` a method.
    names: &'static [&'static str],
    /// What holds instead.
    why: &'static str,
}

/// What has effects, for the pure crates.
const EFFECTS: [&str; 14] = [
    "std::env",
    "std::fs",
    "std::io",
    "std::net",
    "std::os",
    "std::process",
    "std::thread",
    "Instant",
    "SystemTime",
    "now",
    "print!",
    "println!",
    "eprint!",
    "eprintln!",
];

/// Of what gives a verdict, the names.
const JUDGES: [&str; 3] = ["judge", "judge_evidence", ".judge"];

const FORBIDDEN: [Forbidden; 5] = [
    Forbidden {
        place: "crates/compatrix-engine/src/",
        names: &JUDGES,
        why: "the engine decides nothing about meaning: verdicts come from the results",
    },
    Forbidden {
        place: "crates/compatrix-engine/src/",
        names: &["Verdict::*"],
        why: "the engine has no table of verdicts",
    },
    Forbidden {
        place: "crates/compatrix/src/",
        names: &["process::Command", "duct", "xshell"],
        why: "the command line starts no process: the engine does",
    },
    Forbidden {
        place: "crates/compatrix/src/",
        names: &JUDGES,
        why: "the command line judges nothing: results come judged",
    },
    Forbidden {
        place: "crates/things-store/src/",
        names: &["Instant", "SystemTime::now"],
        why: "things-store reads no clock but in `clock.rs`",
    },
];

#[test]
fn crates_keep_to_their_layers() {
    let mut violations = Violations::default();
    for file in files_ending("/Cargo.toml") {
        misplaced(&file, &text(&file).unwrap_or_default(), &mut violations);
    }
    violations.none();
}

/// Adds each dependency of a manifest that its layer does not have.
fn misplaced(file: &str, manifest: &str, violations: &mut Violations) {
    let name = file.trim_end_matches("/Cargo.toml").rsplit('/').next().unwrap_or_default();
    let Some(own) = CRATES.iter().find(|other| other.name == name) else {
        return violations.add(file, 1, format!("`{name}` has no place among the layers of this test"));
    };
    for (section, n, dependency) in dependencies(manifest) {
        let is_ours = CRATES.iter().any(|other| other.name == dependency);
        if is_ours && !own.uses.contains(&dependency.as_str()) {
            violations.add(file, n, format!("`{name}` must not use `{dependency}`"));
        }
        // Tests of a pure crate may have effects.
        let is_compiled_in = !section.contains("dev-dependencies");
        if own.is_pure && is_compiled_in && EFFECTFUL.contains(&dependency.as_str()) {
            violations.add(file, n, format!("`{name}` is pure, and `{dependency}` has effects"));
        }
    }
}

#[test]
fn the_layers_are_of_crates_that_exist_and_go_one_way() {
    let mut violations = Violations::default();
    let here = "xtask/tests/tidy/layers.rs";
    let manifests = files_ending("/Cargo.toml");
    let packages: BTreeSet<&str> = manifests.iter().filter_map(|manifest| manifest.rsplit('/').nth(1)).collect();
    let mut above = BTreeSet::new();
    for own in CRATES {
        above.insert(own.name);
        if !packages.contains(own.name) {
            violations.add(here, 1, format!("there is no crate `{}`", own.name));
        }
        for used in own.uses {
            let other = CRATES.iter().find(|other| other.name == *used);
            if above.contains(used) || other.is_none_or(|other| own.is_pure && !other.is_pure) {
                violations.add(here, 1, format!("`{}` may not use `{used}`", own.name));
            }
        }
    }
    violations.none();
}

#[test]
fn pure_crates_have_no_effects() {
    let mut violations = Violations::default();
    for own in CRATES.iter().filter(|own| own.is_pure) {
        let place = format!("crates/{}/src/", own.name);
        forbidden(house(), &place, &EFFECTS, "a pure crate; effects belong into compatrix-engine", &mut violations);
    }
    violations.none();
}

#[test]
fn invariants_hold() {
    let mut violations = Violations::default();
    for Forbidden { place, names, why } in FORBIDDEN {
        let is_there = house().iter().flat_map(Modules::names).any(|(file, _)| file.starts_with(place));
        assert!(is_there, "{place} has no code");
        forbidden(house(), place, names, why, &mut violations);
    }
    violations.none();
}

/// Adds each line of a place that names one of these.
fn forbidden(house: &[Modules], place: &str, names: &[&str], why: &str, violations: &mut Violations) {
    let mut found = BTreeSet::new();
    for (file, name) in
        house.iter().flat_map(Modules::names).filter(|(file, _)| file.starts_with(place) && *file != CLOCK)
    {
        for forbidden in names.iter().filter(|forbidden| is(&name, forbidden)) {
            found.insert((file.to_owned(), name.line, *forbidden));
        }
    }
    for (file, line, name) in found {
        violations.add(&file, line, format!("`{name}`: {why}"));
    }
}

/// Whether a name is one of those that a pattern of [`Forbidden`] forbids.
fn is(name: &Name, pattern: &str) -> bool {
    let (kind, pattern) = match (pattern.strip_prefix('.'), pattern.strip_suffix('!')) {
        (Some(method), _) => (NameKind::Method, method),
        (_, Some(name)) => (NameKind::Macro, name),
        (None, None) => (NameKind::Path, pattern),
    };
    let pattern: Vec<&str> = pattern.split("::").collect();
    let same = |window: &[String]| window.iter().zip(&pattern).all(|(have, want)| *want == "*" || have == want);
    name.kind == kind && name.path.windows(pattern.len()).any(same)
}

#[test]
fn commands_do_not_use_each_other() {
    let mut violations = Violations::default();
    let commands = house().iter().filter(|modules| modules.name == "compatrix" && modules.at(&["commands"]).is_some());
    assert_eq!(commands.clone().count(), 1, "compatrix has commands");
    for modules in commands {
        siblings(modules, &["commands"], &mut violations);
    }
    violations.none();
}

/// Adds each use between two modules of a folder.
fn siblings(modules: &Modules, folder: &[&str], violations: &mut Violations) {
    let Some(folder) = modules.at(folder) else { return };
    for arrow in modules.arrows() {
        let part = |at| modules.part(folder, at).filter(|part| *part != folder);
        if let (Some(from), Some(to)) = (part(arrow.from), part(arrow.to)) {
            if from != to {
                let what = format!("uses `{}` of its sibling {}", arrow.path, modules.path(to));
                violations.add(modules.file(arrow.from), arrow.line, what);
            }
        }
    }
}

/// A crate of one file.
fn planted(text: &str) -> Vec<Modules> {
    crates(&[("crates/planted/src/lib.rs".to_owned(), text.to_owned())].into()).expect("it is Rust")
}

#[test]
fn planted_effects_are_found() {
    let found = |text: &str, names: &[&str]| {
        let mut violations = Violations::default();
        forbidden(&planted(text), "crates/planted/src/", names, "no", &mut violations);
        violations.0.iter().map(|said| said.trim_start_matches("crates/planted/src/").to_owned()).collect::<Vec<_>>()
    };
    for (text, expected) in [
        ("use std::{fmt, fs::{self, File}};", "`std::fs`"),
        ("fn f() { ::std::env::var(\"A\"); }", "`std::env`"),
        ("fn f() -> String { format!(\"{:?}\", std::fs::read(\"a\")) }", "`std::fs`"),
        ("mod inner { fn f() { let at = std::time::Instant::now(); } }", "`Instant`"),
        ("fn f() { println!(); }", "`println!`"),
        ("use std::time::*; fn f(at: SystemTime) {}", "`SystemTime`"),
    ] {
        let found = found(text, &EFFECTS);
        assert_eq!(found.first(), Some(&format!("lib.rs:1: {expected}: no")), "{text}: {found:?}");
    }
    let pure = "/// [`std::fs`]\nfn f(now: u8) -> u8 { g(\"std::fs\", now) } #[cfg(test)] mod tests { use std::fs; }";
    assert_eq!(found(pure, &EFFECTS), [""; 0]);
    let verdicts = "use crate::Verdict;\nfn f(v: Verdict) {\nmatch v { Verdict::Ok => {} }\npolicy.judge(v); }";
    assert_eq!(found(verdicts, &["Verdict::*"]), ["lib.rs:3: `Verdict::*`: no"]);
    assert_eq!(found(verdicts, &JUDGES), ["lib.rs:4: `.judge`: no"]);
    let judge = "use model::verdict::judge;\nfn f() { assert!(a.judge()) }\nuse Verdict::*;";
    assert_eq!(found(judge, &JUDGES), ["lib.rs:1: `judge`: no", "lib.rs:2: `.judge`: no"]);
    assert_eq!(found(judge, &["Verdict::*"]), ["lib.rs:3: `Verdict::*`: no"]);
}

#[test]
fn planted_dependencies_are_found() {
    for (file, manifest, expected) in [
        ("crates/new/Cargo.toml", "", "crates/new/Cargo.toml:1: `new` has no place among the layers of this test"),
        (
            "crates/compatrix-model/Cargo.toml",
            "[dependencies]\ncompatrix-render.workspace = true",
            "crates/compatrix-model/Cargo.toml:2: `compatrix-model` must not use `compatrix-render`",
        ),
        (
            "crates/compatrix-engine/Cargo.toml",
            "[dev-dependencies.things-store]\npath = \"../things-store\"",
            "crates/compatrix-engine/Cargo.toml:1: `compatrix-engine` must not use `things-store`",
        ),
        (
            "crates/covering/Cargo.toml",
            "[dev-dependencies]\ntempfile = \"3\"\n[dependencies]\ntempfile = \"3\"",
            "crates/covering/Cargo.toml:4: `covering` is pure, and `tempfile` has effects",
        ),
    ] {
        let mut violations = Violations::default();
        misplaced(file, manifest, &mut violations);
        assert_eq!(violations.0, [expected]);
    }
}

#[test]
fn a_planted_use_of_a_sibling_is_found() {
    let files = [
        ("lib.rs", "mod commands; mod cli;"),
        ("commands.rs", "mod a; mod b; fn run() { a::run(); b::run() }"),
        ("commands/a.rs", "use crate::cli;\nuse super::b::helper; pub fn run() { helper() }"),
        ("commands/b.rs", "mod part; pub fn run() {} pub fn helper() {}"),
        ("commands/b/part.rs", "use super::helper; fn f() { helper(); crate::commands::a::run() }"),
        ("cli.rs", ""),
    ];
    let files = files.map(|(file, text)| (format!("crates/planted/src/{file}"), text.to_owned())).into();
    let mut violations = Violations::default();
    siblings(&crates(&files).expect("it is Rust")[0], &["commands"], &mut violations);
    let expected = [
        "crates/planted/src/commands/a.rs:2: uses `helper` of its sibling commands::b",
        "crates/planted/src/commands/a.rs:2: uses `super::b::helper` of its sibling commands::b",
        "crates/planted/src/commands/b/part.rs:1: uses `crate::commands::a::run` of its sibling commands::a",
    ];
    assert_eq!(violations.0, expected);
}
