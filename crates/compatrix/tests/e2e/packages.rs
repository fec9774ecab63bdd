//! Packages of one workspace that promise different Rusts, and the options that name packages and manifests as cargo has
//! them.

#![allow(clippy::disallowed_methods, reason = "tests read and write files")]

use serde_json::{json, Value};

use crate::support::{clean, commit, finish, git, judged, old_toolchain, row, totals, with_here, Workspace, PROGRAM};

/// `base` has an old edition and promises Rust 1.56. `fresh` promises 1.85: it has an edition that older cargos refuse.
fn two(rust: &str, claims: &str) -> Workspace {
    let manifest = |name: &str, edition: &str| {
        format!("[package]\nname = \"{name}\"\nversion = \"0.1.0\"\nedition = \"{edition}\"\n[lib]\ndoctest = false\n")
    };
    let test = "#[test]\nfn works() {}\n";
    let made = Workspace::of_files(
        "ws",
        &[
            ("Cargo.toml", "[workspace]\nmembers = [\"base\", \"fresh\"]\nresolver = \"2\"\n"),
            (
                "Cargo.lock",
                "version = 4\n\n[[package]]\nname = \"base\"\nversion = \"0.1.0\"\n\n[[package]]\nname = \"fresh\"\n\
                 version = \"0.1.0\"\n",
            ),
            ("base/Cargo.toml", &manifest("base", "2018")),
            ("base/src/lib.rs", test),
            ("fresh/Cargo.toml", &manifest("fresh", "2024")),
            (
                "fresh/src/lib.rs",
                &format!(
                    "pub static N: std::sync::LazyLock<u8> = std::sync::LazyLock::new(|| 1);\n{test}{}",
                    test.replace("works", "more")
                ),
            ),
        ],
    );
    let spec = format!("[project]\npackages = [\"base\", \"fresh\"]\n[claims]\n{claims}\n[axis]\nrust = {rust}\n");
    made.write("compat/matrix.toml", with_here(&spec));
    made
}

const CLAIMS: &str = "rust = \"1.56\"\npackages.fresh = { rust = \"1.85\" }";

fn counts(json: &Value) -> &Value {
    &json["counts"]
}

#[test]
fn a_package_is_built_with_the_rusts_that_it_promises() {
    let Some(old) = old_toolchain() else {
        eprintln!(
            "skipped: no cargo older than 1.78 in the cache; `cargo xtask compat --manifest-path ci/old-toolchain/Cargo.toml` brings one"
        );
        return;
    };
    let made = two(&format!("[HERE, {{ name = \"old\", path = {old:?} }}]"), CLAIMS);
    git(&made, &["init", "--quiet"]);
    commit(&made);
    let json = made.json(0, &[]);
    assert_eq!(*counts(&json), json!({ "ok": 2 }), "{json:#}");
    assert_eq!(json["packages_not_promised"], json!({ "fresh": 1 }));
    let (here, below) = (row(&json, "rust=here"), row(&json, "rust=old"));
    assert_eq!((&here["tests"]["passed"], &below["tests"]["passed"]), (&json!(3), &json!(1)));
    assert_eq!((&here["not_promised"], &below["not_promised"]), (&Value::Null, &json!(["fresh"])));
    assert_eq!(below["fewer_tests"], Value::Null, "those of a package that is left out are not missing");
    made.run(&["compat"]).prints(&["packages left out, because they do not promise this Rust"]).expect(0);
    made.run(&["plan"]).prints(&["rust=old packages=base", "packages left out"]).expect(0);
    made.run(&["repro", "rust=old"]).prints(&["--package base"]).expect(0);

    // Evidence says so, and each package has a promise that only its own cells decide.
    made.run(&["evidence", "record"]).expect(0);
    let evidence = made.path("compat/evidence").read_dir().expect("a folder").next().expect("a file").expect("a file");
    let text = std::fs::read_to_string(evidence.path()).expect("evidence");
    assert!(text.contains("not-promised = [\"fresh\"]"), "{text}");
    made.run(&["report"]).expect(0);
    let page = || std::fs::read_to_string(made.path("docs/COMPATIBILITY.md")).expect("a page");
    for line in ["| Rust 1.56 and newer for `base` | ", "| Rust 1.85 and newer for `fresh` | "] {
        assert!(page().contains(line), "{line}: {}", page());
    }
    made.run(&["report", "--require-fresh"]).expect(0);

    // A package left out is no part of the key of what remains; another floor is another meaning.
    assert_eq!(totals(&made.json(0, &[])), [0, 0, 2]);
    let lower = std::fs::read_to_string(made.path("compat/matrix.toml")).expect("a spec").replace("1.85", "1.56");
    made.write("compat/matrix.toml", &lower);
    made.run(&["report", "--require-fresh"]).says(&["`tests` meant something else"]).expect(1);
    let json = made.json(1, &[]);
    assert_eq!(judged(&json, "rust=here").0, "ok");
    assert_ne!(judged(&json, "rust=old").0, "ok", "now it is to be built, and no old cargo reads it");
}

#[test]
fn a_cell_whose_rust_no_package_promises_is_not_promised() {
    let made = two("[HERE, \"1.50\", \"1.60\"]", CLAIMS);
    let json = made.json(0, &["--no-install"]);
    assert_eq!(*counts(&json), json!({ "ok": 1, "not-promised": 1, "unproven": 1 }), "{json:#}");
    let none = row(&json, "rust=1.50");
    assert_eq!(
        (none["verdict"].as_str(), &none["outcome"], &none["record"]),
        (Some("not-promised"), &Value::Null, &Value::Null)
    );
    assert_eq!(none["cause"], "`base` promises Rust 1.56, `fresh` promises Rust 1.85");
    assert_eq!(none["not_promised"], json!(["base", "fresh"]));
    let ran = made.run(&["compat", "--no-install"]);
    ran.expect(0).prints(&["1 ok · 1 unproven · 1 not-promised", "not promised\n    1  `base` promises Rust 1.56"]);
    // It counts as no gap.
    made.run(&["compat", "--no-install", "--missing", "fail", "--cell", "rust=1.50|here"]).expect(0);
    made.run(&["compat", "--no-install", "--missing", "fail"]).expect(1);
    let plan = made.run(&["plan", "--no-install", "--format", "json"]);
    assert_eq!(plan.json()["skips"][0]["reason"]["kind"], "not-promised", "{plan}");
}

#[test]
fn packages_are_named_as_cargo_names_them() {
    let made = two("[HERE, \"1.50\"]", &format!("{CLAIMS}\n[profile.full]\nstrategy = \"all\""));
    let json = made.json(0, &["-p", "fresh"]);
    assert_eq!(row(&json, "rust=here")["tests"]["passed"], 2, "of that one alone");
    assert_eq!(row(&json, "rust=1.50")["cause"], "`fresh` promises Rust 1.85");
    assert!(row(&json, "rust=here")["repro"].as_str().is_some_and(|line| line.contains("repro -p fresh 'rust=here'")));
    // A result of a part is none of the whole, and is not recorded as one.
    made.run(&["evidence", "record"]).says(&["the ledger has no result for today's inputs"]).expect(2);
    assert_eq!(row(&made.json(0, &[]), "rust=here")["tests"]["passed"], 3);
    for all in [&["-p", "*"][..], &["-p", "base", "--package", "fresh"], &["--package=fr*", "-p", "b?se"]] {
        assert_eq!(totals(&made.json(0, all)), [0, 0, 1], "{all:?} is all of them");
    }
    for command in ["compat", "plan", "repro"] {
        let cell: &[&str] = if command == "repro" { &["rust=here"] } else { &[] };
        let run = |name: &str| made.run(&[&[command, "-p", name], cell].concat());
        run("frehs").says(&["`frehs`; did you mean `fresh`?", "`base`, `fresh`"]).expect(2);
        run("full").says(&["--profile full"]).expect(2);
    }
    made.run(&["evidence", "record", "-p", "nothing"]).says(&["`nothing`"]).expect(2);
    made.run(&["repro", "-p", "base", "rust=here"]).prints(&["--package base"]).expect(0);
    made.run(&["compat", "--profile", "full"]).expect(0);
    made.run(&["test"]).says(&["`test` is a command of cargo", "compat`"]).expect(2);
}

#[test]
fn a_manifest_leads_to_its_workspace() {
    let made = two("[HERE]", CLAIMS);
    let run = |args: &[&str]| {
        let mut command = std::process::Command::new(PROGRAM);
        clean(&mut command);
        command.args(args).env("XDG_CACHE_HOME", made.cache()).current_dir(made.root());
        finish(command)
    };
    for path in ["Cargo.toml", "base/Cargo.toml", "./fresh/../base/Cargo.toml"] {
        run(&["plan", "--manifest-path", path]).prints(&["1 build"]).expect(0);
    }
    for (path, said) in [
        ("base", "must be a path to a Cargo.toml file"),
        ("base/src/lib.rs", "must be a path to a Cargo.toml file"),
        ("nowhere/Cargo.toml", "there is no file nowhere/Cargo.toml"),
    ] {
        run(&["plan", "--manifest-path", path]).says(&[said]).expect(2);
    }
    run(&["plan", "--root", ".", "--manifest-path", "Cargo.toml"]).says(&["cannot be used with"]).expect(2);
}

#[test]
fn a_suite_builds_only_the_packages_that_it_names() {
    let made = two("[HERE]", "rust = \"1.56\"\npackages.fresh = { rust = \"1.85\" }");
    let suites = "[[suite]]\nname = \"base\"\npackages = [\"base\"]\n";
    let spec = std::fs::read_to_string(made.path("compat/matrix.toml")).expect("a spec");
    made.write("compat/matrix.toml", format!("{spec}{suites}"));
    git(&made, &["init", "--quiet"]);
    commit(&made);
    // The other package need not even compile.
    made.write("fresh/src/lib.rs", "no Rust");
    let json = made.json(0, &[]);
    assert_eq!((counts(&json), &row(&json, "rust=here")["tests"]["passed"]), (&json!({ "ok": 1 }), &json!(1)));
    made.run(&["plan"]).prints(&["packages=base"]).expect(0);
    made.run(&["evidence", "record"]).expect(0);
    made.run(&["report"]).expect(0);
    // What was not built is not proven.
    let page = std::fs::read_to_string(made.path("docs/COMPATIBILITY.md")).expect("a page");
    let line = |package: &str| page.lines().find(|line| line.contains(&format!("newer for `{package}`"))).unwrap_or("");
    assert!(line("base").contains("that passed is"), "{page}");
    assert!(line("fresh").contains("no evidence") && !line("fresh").contains("passed"), "{page}");

    made.write("compat/matrix.toml", format!("{spec}{suites}[[suite]]\nname = \"fresh\"\npackages = [\"fresh\"]\n"));
    assert_eq!(*counts(&made.json(1, &[])), json!({ "ok": 1, "broken": 1 }));
}
