//! What a run is given, what a build is given, and what of the user's is left alone.

#![allow(clippy::disallowed_methods, reason = "tests read files")]

use std::collections::BTreeSet;

use crate::support::{row, totals, Workspace};

/// Fails with the whole environment as its message.
const TELL: &str = "#[test]\nfn tells() {\n    for (name, value) in std::env::vars_os() {\n        \
                    println!(\"<{name:?}={value:?}>\");\n    }\n    panic!();\n}\n";

/// The environment that a failing test told, by name.
fn told(row: &serde_json::Value) -> std::collections::BTreeMap<String, String> {
    let output = row["record"]["failures"][0]["output"].as_str().expect("output");
    let pairs = output.lines().filter_map(|line| line.strip_prefix("<\"")?.strip_suffix("\">")?.split_once("\"=\""));
    pairs.map(|(name, value)| (name.to_owned(), value.to_owned())).collect()
}

#[test]
fn a_run_has_what_its_cell_says_and_nothing_else() {
    let spec = r#"
[axis]
rust = [HERE]
[axis.features]
default = []
[axis.locale]
env = "APP_LOCALE"
values = { plain = "C", german = "de_DE.UTF-8" }
[[suite]]
name = "tests"
env = { WHO = "{locale.name} on {rust.name} with {features.name}, {{braces}}" }
"#;
    let made = Workspace::new(spec).tests(TELL);
    let mut command = made.command(&["compat", "--format", "json"]);
    for name in ["RUSTFLAGS", "RUSTUP_TOOLCHAIN", "CARGO_MANIFEST_DIR", "RUST_LOG", "SECRET", "CARGO_ENCODED_RUSTFLAGS"]
    {
        command.env(name, "--nonsense");
    }
    command.env("LD_LIBRARY_PATH", "/nonsense").env("LC_ALL", "C.UTF-8");
    let json = crate::support::finish(command).expect(1).json();
    let german = told(row(&json, "locale=german"));
    assert_eq!(german["APP_LOCALE"], "de_DE.UTF-8");
    assert_eq!(told(row(&json, "locale=plain"))["APP_LOCALE"], "C");
    assert_eq!(german["WHO"], "german on here with default, {braces}");
    assert_eq!(german["CARGO_PKG_NAME"], "made");
    assert_eq!(german["CARGO_MANIFEST_DIR"], made.root().to_str().expect("a path in UTF-8"));
    assert_eq!(german["CARGO_PKG_VERSION"], "0.1.0");
    assert!(!german["LD_LIBRARY_PATH"].contains("nonsense"), "{}", german["LD_LIBRARY_PATH"]);
    let names: BTreeSet<&str> = german.keys().map(String::as_str).collect();
    // Those of the cell, those that lead to its toolchain, and what cargo gives to every test (its reference,
    // "Environment variables").
    let of_cargo = ["CARGO", "CARGO_MANIFEST_PATH", "LD_LIBRARY_PATH", "SSL_CERT_DIR", "SSL_CERT_FILE"];
    let is_of_cargo = |name: &&str| of_cargo.contains(name) || name.starts_with("CARGO_PKG_");
    let allowed = [
        "CARGO_HOME",
        "RUSTC",
        "RUSTDOC",
        "RUSTUP_AUTO_INSTALL",
        "RUSTUP_HOME",
        "APP_LOCALE",
        "CARGO_MANIFEST_DIR",
        "COMPATRIX_MARK",
        "HOME",
        "LANG",
        "LC_ALL",
        "PATH",
        "TMPDIR",
        "USER",
        "WHO",
    ];
    let extra: Vec<_> = names.iter().filter(|name| !allowed.contains(name) && !is_of_cargo(name)).collect();
    assert!(extra.is_empty(), "nobody asked for {extra:?}");
    for kept in ["PATH", "HOME", "LC_ALL"] {
        assert!(names.contains(kept), "{kept} is needed");
    }
    // The record says what the cell added.
    let env = &row(&json, "locale=german")["record"]["proof"]["env"];
    assert_eq!(env["APP_LOCALE"], "de_DE.UTF-8");
    assert_eq!(env["WHO"], german["WHO"]);
}

#[test]
fn features_reach_the_build_and_the_proof() {
    let spec = "[axis]\nrust = [HERE]\n[axis.features]\ndefault = []\njson = [\"json\"]\n\
                minimal = { default-features = false }\n[axis.word]\nenv = \"WORD\"\nvalues = [\"a\", \"b\"]\n";
    let made = Workspace::new(spec).tests("#[test]\nfn has_json() { assert!(cfg!(feature = \"json\")); }\n");
    let json = made.json(1, &[]);
    assert_eq!(totals(&json), [2, 6, 0], "`default` and `minimal` make the same build");
    for row in json["rows"].as_array().expect("rows") {
        let with = row["cell"].as_str().expect("an id").contains("features=json");
        assert_eq!(row["verdict"], if with { "ok" } else { "broken" }, "{row:#}");
        assert_eq!(
            row["record"]["proof"]["features"],
            if with { serde_json::json!(["json"]) } else { serde_json::json!([]) }
        );
    }
}

#[test]
fn the_proof_names_compiler_sources_and_executables() {
    let made = Workspace::new("[axis]\nrust = [HERE]\n");
    let json = made.json(0, &[]);
    let proof = &row(&json, "rust=here")["record"]["proof"];
    let rustc = std::path::Path::new(crate::support::sysroot()).join("bin/rustc");
    let asked = std::process::Command::new(rustc).arg("-Vv").output().expect("rustc").stdout;
    assert_eq!(proof["toolchain"]["rustc"], String::from_utf8_lossy(&asked).trim());
    assert!(proof["toolchain"]["cargo"].as_str().is_some_and(|text| text.starts_with("cargo ")));
    assert_eq!(proof["source"]["commit"], serde_json::Value::Null, "no git here");
    for hash in [&proof["source"]["sources"], &proof["source"]["lockset"], &proof["executables"][0]["sha256"]] {
        assert_eq!(hash.as_str().map(str::len), Some(64), "{proof:#}");
    }
    assert_eq!(proof["executables"][0]["name"], "it");
    assert!(proof.get("sqlite").is_none(), "there is none");
}

#[test]
fn the_user_s_tree_is_never_touched() {
    let spec = "[axis]\nrust = [HERE]\nschema = \"fixtures/*\"\n[[suite]]\nname = \"tests\"\n\
                env = { FIXTURE = \"{schema.database}\" }\n";
    let made = Workspace::new(spec)
        .file("compat/fixtures/one/fixture.toml", crate::support::FIXTURE)
        .file("compat/fixtures/one/schema.sql", "CREATE TABLE t (x);\nINSERT INTO t VALUES (1);\n")
        .tests("#[test]\nfn writes() { std::fs::write(std::env::var(\"FIXTURE\").unwrap(), \"mine\").unwrap(); }\n");
    made.assert_tree_unchanged(|| {
        made.run(&["plan"]).expect(0);
        made.run(&["compat", "--dry-run"]).expect(0);
        assert!(!made.compat("build").exists(), "a plan builds nothing");
        assert!(!made.compat("fixtures/one").exists(), "a plan provides nothing");
        made.json(0, &[]);
        made.json(0, &["--fresh"]);
        made.run(&["fixtures", "verify"]).expect(0);
    });
    let entries = |dir: std::path::PathBuf| -> Vec<String> {
        let mut names: Vec<String> = std::fs::read_dir(dir)
            .expect("lists")
            .map(|entry| entry.expect("an entry").file_name().to_string_lossy().into_owned())
            .collect();
        names.sort();
        names
    };
    assert_eq!(entries(made.path("target")), ["compat"], "all that is ours stands there");
}

#[test]
fn a_plan_is_data() {
    let spec = "[axis]\nrust = [HERE]\n[axis.features]\ndefault = []\njson = [\"json\"]\n[axis.word]\nenv = \"WORD\"\n\
                values = [\"a\", \"b\"]\n[[rule]]\nwhen = { word = \"b\", features = \"json\" }\nexpect = \"skip\"\n\
                reason = \"makes no sense\"\n";
    let made = Workspace::new(spec);
    let json = made.run(&["plan", "--format", "json"]).expect(0).json();
    let count = |name: &str| json[name].as_array().unwrap_or_else(|| panic!("no {name} in {json:#}")).len();
    assert_eq!([count("builds"), count("runs"), count("skips")], [2, 3, 1]);
    assert!(json["skips"].to_string().contains("makes no sense"), "{json:#}");
    let same = made.run(&["compat", "--dry-run", "--format", "json"]).expect(0).json();
    assert_eq!(json["runs"], same["runs"]);
}
