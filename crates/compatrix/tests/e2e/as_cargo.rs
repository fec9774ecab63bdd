//! Runs as `cargo test` does them: variables, files, libraries and runners. Each workspace here is green under plain cargo,
//! or red where its test says so.

#![allow(clippy::disallowed_methods, reason = "tests make their files")]

use crate::support::{judged, sysroot, Workspace};

const SPEC: &str = "[axis]\nrust = [HERE]\n";

/// The manifest of `made`, with these further lines.
fn manifest(more: &str) -> String {
    format!("[package]\nname = \"made\"\nversion = \"0.1.0\"\nedition = \"2021\"\n{more}")
}

#[test]
fn a_test_has_the_variables_of_cargo_test() {
    let script = r#"
fn main() {
    std::fs::write(std::env::var("OUT_DIR").unwrap() + "/made.txt", "made").unwrap();
    println!("cargo:rustc-env=STAMP=1\ncargo:rerun-if-changed=build.rs");
}
"#;
    let tests = r#"
#[test]
fn has_them() {
    for name in ["STAMP", "CARGO", "CARGO_PKG_NAME", "CARGO_PKG_VERSION", "CARGO_MANIFEST_DIR"] {
        std::env::var(name).expect(name);
    }
    assert_eq!(std::fs::read_to_string(std::env::var("OUT_DIR").unwrap() + "/made.txt").unwrap(), "made");
    assert!(std::process::Command::new(std::env::var("CARGO_BIN_EXE_tool").unwrap()).status().unwrap().success());
    assert_eq!(std::env::var("PLAIN").unwrap(), "1");
    assert!(std::path::Path::new(&std::env::var("DATA").unwrap()).is_dir());
}
"#;
    let made = Workspace::new(SPEC)
        .file("Cargo.toml", &manifest("[[bin]]\nname = \"tool\"\npath = \"src/tool.rs\"\n"))
        .file("src/tool.rs", "fn main() {}")
        .file("build.rs", script)
        .file(".cargo/config.toml", "[env]\nPLAIN = \"1\"\nDATA = { value = \"data\", relative = true }\n")
        .file("data/x", "")
        .tests(tests);
    assert_eq!(judged(&made.json(0, &[]), "rust=here").0, "ok");
}

#[test]
fn a_library_of_the_build_script_is_found() {
    let script = r#"
fn main() {
    let out = std::env::var("OUT_DIR").unwrap();
    std::fs::write(format!("{out}/hello.c"), "int hello(void) { return 42; }").unwrap();
    let args = ["-shared", "-fPIC", "-o", &format!("{out}/libhello.so"), &format!("{out}/hello.c")];
    assert!(std::process::Command::new("cc").args(args).status().unwrap().success());
    println!("cargo:rustc-link-search=native={out}\ncargo:rustc-link-lib=dylib=hello\ncargo:rerun-if-changed=build.rs");
}
"#;
    let made = Workspace::new(SPEC)
        .file("Cargo.toml", &manifest(""))
        .file("build.rs", script)
        .file("src/lib.rs", "extern \"C\" { fn hello() -> i32; }\npub fn ask() -> i32 { unsafe { hello() } }\n")
        .tests("#[test]\nfn asks() { assert_eq!(made::ask(), 42); }\n");
    made.run(&["compat"]).expect(0);
}

#[test]
fn what_a_test_starts_by_name_is_the_cell_s_toolchain() {
    let tests = r#"
#[test]
fn is_the_cells() {
    let sysroot = std::process::Command::new("rustc").args(["--print", "sysroot"]).output().unwrap();
    assert_eq!(String::from_utf8(sysroot.stdout).unwrap().trim(), "SYSROOT");
    let cargo = std::process::Command::new("cargo").arg("--version").output().unwrap();
    assert!(cargo.status.success());
    assert!(std::env::var("RUSTC").unwrap().starts_with("SYSROOT"));
    assert_eq!(std::env::var("RUSTUP_AUTO_INSTALL").unwrap(), "0");
}
"#;
    let made = Workspace::new(SPEC).tests(&tests.replace("SYSROOT", sysroot()));
    made.run(&["compat"]).expect(0);
}

const LOUD: &str = "[features]\nloud = []\n[[bin]]\nname = \"tool\"\npath = \"src/tool.rs\"\n";

#[test]
fn a_test_starts_the_program_of_its_own_cell() {
    let spec = "[axis]\nrust = [HERE]\n[axis.features]\nloud = [\"loud\"]\ndefault = []\n";
    let tests = r#"
#[test]
fn works() {
    // The other build is done meanwhile.
    std::thread::sleep(std::time::Duration::from_millis(1500));
    assert!(std::process::Command::new(env!("CARGO_BIN_EXE_tool")).status().unwrap().success());
}
"#;
    let made = Workspace::new(spec)
        .file("Cargo.toml", &manifest(LOUD))
        .file("src/tool.rs", "fn main() { if cfg!(feature = \"loud\") { std::process::exit(1) } }")
        .tests(tests);
    for jobs in ["1", "2"] {
        let json = made.json(1, &["--fresh", "--jobs", jobs]);
        let verdicts = ["loud", "default"].map(|set| judged(&json, &format!("features={set}")).0);
        assert_eq!(verdicts, ["broken", "ok"], "--jobs {jobs}");
    }
}

#[test]
fn a_test_loads_the_shared_library_of_its_own_cell() {
    let spec = "[axis]\nrust = [HERE]\n[axis.features]\nseven = [\"seven\"]\ndefault = []\n";
    let manifest = manifest(
        "[features]\nseven = [\"part/seven\"]\n[dependencies]\npart = { path = \"part\" }\n[workspace]\nmembers = [\"part\"]\n",
    );
    let part = "[package]\nname = \"part\"\nversion = \"0.1.0\"\nedition = \"2021\"\n[lib]\ncrate-type = [\"dylib\"]\n\
                [features]\nseven = []\n";
    let lock = "version = 3\n\n[[package]]\nname = \"made\"\nversion = \"0.1.0\"\ndependencies = [\n \"part\",\n]\n\n\
                [[package]]\nname = \"part\"\nversion = \"0.1.0\"\n";
    let tests = "#[test]\nfn is_its_own() {\n    std::thread::sleep(std::time::Duration::from_millis(1000));\n    \
                 assert_eq!(made::number(), if cfg!(feature = \"seven\") { 7 } else { 1 });\n}\n";
    let made = Workspace::new(spec)
        .file("Cargo.toml", &manifest)
        .file("Cargo.lock", lock)
        .file(".cargo/config.toml", "[build]\nrustflags = [\"-Cprefer-dynamic\"]\nbuild-dir = \"../shared-by-all\"\n")
        .file("part/Cargo.toml", part)
        .file("part/src/lib.rs", "pub fn number() -> i32 { if cfg!(feature = \"seven\") { 7 } else { 1 } }\n")
        .file("src/lib.rs", "pub fn number() -> i32 { part::number() }\n")
        .tests(tests);
    for _ in 0..2 {
        let ran = made.run(&["compat", "--fresh", "--jobs", "2"]);
        ran.expect(0);
    }
    assert!(!crate::support::exists(made.path("../shared-by-all")), "nothing is built where the user's builds are");
}

/// A workspace with a runner in cargo's configuration, and a test that needs it.
fn wrapped(config: &str) -> Workspace {
    let made = Workspace::new("[axis]\nrust = [HERE]\n[[suite]]\nname = \"tests\"\ndoctests = true\n")
        .file("Cargo.toml", &manifest(""))
        .file(
            "src/lib.rs",
            "/// ```\n/// assert_eq!(std::env::var(\"NEEDED\").unwrap(), \"1\");\n/// ```\npub fn two() {}\n",
        )
        .file(".cargo/config.toml", config)
        .tests("#[test]\nfn is_wrapped() { assert_eq!(std::env::var(\"NEEDED\").as_deref(), Ok(\"1\")); }\n");
    made.write("my wrap.sh", "#!/bin/sh\nNEEDED=1 exec \"$@\"\n");
    std::process::Command::new("chmod").args(["+x", "my wrap.sh"]).current_dir(made.root()).status().expect("chmod");
    made
}

#[test]
fn a_runner_of_cargo_s_configuration_is_used() {
    let made = wrapped("[target.'cfg(unix)']\nrunner = [\"./my wrap.sh\"]\n");
    let json = made.json(0, &[]);
    assert_eq!(judged(&json, "rust=here").0, "ok");
    let ran = made.run(&["repro", "rust=here"]);
    ran.expect(0).prints(&["my wrap.sh"]);
}

#[test]
fn a_runner_that_does_not_exist_is_named() {
    let made = wrapped("[target.'cfg(unix)']\nrunner = \"no-such-runner\"\n");
    let spec = made.path("compat/matrix.toml");
    let text = std::fs::read_to_string(&spec).expect("reads").replace("doctests = true", "");
    std::fs::write(spec, text).expect("writes");
    made.run(&["compat"]).expect(3).prints(&["cannot start no-such-runner, the runner of cargo's configuration"]);
}

#[test]
fn a_target_of_cargo_s_configuration_is_built_for() {
    let host = crate::support::host();
    let made = Workspace::new(SPEC)
        .file("Cargo.toml", &manifest(""))
        .file(".cargo/config.toml", &format!("[build]\ntarget = \"{host}\"\n[env]\nSEEN = \"1\"\n"))
        .tests("#[test]\nfn has_it() { assert_eq!(std::env::var(\"SEEN\").unwrap(), \"1\"); }\n");
    made.run(&["compat"]).expect(0);
}

#[test]
fn a_relative_target_folder_of_the_user_is_left_alone() {
    let made = Workspace::new(SPEC).file("Cargo.toml", &manifest(""));
    let mut command = made.command(&["compat"]);
    command.env("CARGO_TARGET_DIR", "somewhere").current_dir(made.root());
    crate::support::finish(command).expect(0);
    assert!(!crate::support::exists(made.path("somewhere")));
}

#[test]
fn repro_begins_with_what_a_person_would_type() {
    let spec = "[axis]\nrust = [\"stable\"]\n[axis.features]\nloud = [\"loud\"]\n[[suite]]\nname = \"tests\"\n\
                args = [\"--include-ignored\"]\nenv = { WHO = \"a b\" }\n[[suite]]\nname = \"lib\"\nkind = \"build\"\n";
    let made =
        Workspace::new(spec).file("Cargo.toml", &manifest("[features]\nloud = []\n")).file("build.rs", "fn main() {}");
    let first = |suite: &str| {
        let mut command = made.command(&["repro", "rust=stable features=loud", "--suite", suite]);
        command.current_dir(made.root());
        let ran = crate::support::finish(command);
        ran.expect(0);
        (ran.stdout.lines().next().unwrap_or_default().to_owned(), ran.stdout.clone())
    };
    let (line, _) = first("tests");
    let env = "CARGO_PROFILE_DEV_DEBUG=0 CARGO_PROFILE_TEST_DEBUG=0 WHO='a b'";
    assert!(line.starts_with(&format!("{env} cargo +stable test --package made")), "{line}");
    assert!(line.ends_with("--features loud -- --include-ignored"), "{line}");
    let (line, all) = first("lib");
    assert!(line.contains("cargo +stable build --package made"), "{line}");
    assert!(all.lines().filter(|line| !line.starts_with('#')).all(|line| line.contains("cargo")), "{all}");
}

#[test]
fn runs_of_one_build_do_not_meet_in_its_folder_for_temporary_files() {
    let spec = "[axis]\nrust = [HERE]\n[axis.n]\nenv = \"N\"\nvalues = { a = \"a\", b = \"b\", c = \"c\" }\n";
    let tests = r#"
#[test]
fn is_alone() {
    let path = concat!(env!("CARGO_TARGET_TMPDIR"), "/x");
    std::fs::OpenOptions::new().write(true).create_new(true).open(path).expect("nobody else's");
    std::thread::sleep(std::time::Duration::from_millis(300));
}
"#;
    Workspace::new(spec).tests(tests).run(&["compat", "--jobs", "3"]).expect(0);
}

#[test]
fn a_toolchain_file_that_names_what_is_not_installed_is_told() {
    if !std::process::Command::new("rustup").arg("--version").output().is_ok_and(|said| said.status.success()) {
        return;
    }
    let made = Workspace::new(SPEC).file("rust-toolchain.toml", "[toolchain]\nchannel = \"1.2.0\"\n");
    let mut command = made.command(&["compat"]);
    command.env_remove("CARGO").env_remove("RUSTUP_TOOLCHAIN").env("RUSTUP_AUTO_INSTALL", "0");
    crate::support::finish(command).expect(2).says(&["no cargo to ask about", "1.2.0", "RUSTUP_TOOLCHAIN"]);
}
