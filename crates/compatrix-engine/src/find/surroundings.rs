//! What steers a build besides its sources: cargo's configuration files, the programs that they name, the toolchain's own
//! files, and the variables that builds and runs get.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use compatrix_model::hash::Sha256;
use toml::{Table, Value};

use crate::find::c_compiler;
use crate::find::cargo_config;
use crate::find::facts::ToolchainFacts;
use crate::sys::files;
use crate::sys::host::Host;

/// The surroundings of the builds of one toolchain.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Surroundings {
    /// Hash of what compiles: the toolchain's files, and the programs and files that the configuration names. cargo looks
    /// at their names alone, so that nothing compiled by others may be used again.
    pub(crate) compiler: Sha256,
    /// Hash of the configuration and the variables.
    pub(crate) settings: Sha256,
}

/// Looks at the surroundings of builds with this toolchain.
pub(crate) fn look(host: &Host, toolchain: &ToolchainFacts) -> Surroundings {
    let files = cargo_config::with_included(cargo_config::files(&host.ambient, &host.root));
    let mut compiler = of_toolchain(host, toolchain);
    let mut settings: Vec<String> = Vec::new();
    for file in &files {
        settings.push(format!("{} {}", file.path.display(), files::hash_bytes(file.text.as_bytes())));
        let table: Table = file.text.parse().unwrap_or_default();
        let origin = file.path.parent().and_then(Path::parent).unwrap_or(Path::new("/"));
        for path in named_files(host, &table, origin) {
            compiler.push(line_of(host, &path));
        }
    }
    settings.extend(host.ambient.inputs_of_builds().into_iter().map(|(name, value)| format!("{name}={value}")));
    settings.push(c_compiler::fingerprint(host));
    let hash = |lines: &[String]| files::hash_parts(lines.iter().map(String::as_str));
    Surroundings { compiler: hash(&compiler), settings: hash(&settings) }
}

fn line_of(host: &Host, path: &Path) -> String {
    let hash = files::sha256(path, &host.memo).map(|hash| hash.to_string()).unwrap_or_default();
    format!("{} {hash}", path.display())
}

/// The toolchain's programs and libraries: the standard library among them can be another though rustc says the same.
fn of_toolchain(host: &Host, toolchain: &ToolchainFacts) -> Vec<String> {
    let rustc = Path::new(&toolchain.rustc);
    let programs = [rustc.to_owned(), PathBuf::from(&toolchain.cargo), PathBuf::from(toolchain.rustdoc())];
    let lib = rustc.parent().and_then(Path::parent).unwrap_or(Path::new("/")).join("lib");
    // A distribution has the compiler's libraries beside all others, in a folder for the architecture.
    let is_of_system = |dir: &PathBuf| dir.file_name().is_some_and(|name| name.to_string_lossy().contains("-linux-"));
    let shared =
        std::iter::once(lib.clone()).chain(files::list(&lib).unwrap_or_default().into_iter().filter(is_of_system));
    let shared = shared.flat_map(|dir| files::list(&dir).unwrap_or_default()).filter(|path| is_of_rust(path));
    let own = files::list(&lib.join("rustlib").join(&toolchain.host).join("lib")).unwrap_or_default();
    let libraries = shared.chain(own).filter(|path| path.is_file());
    let userland = toolchain.root.iter().flat_map(|root| of_userland(Path::new(&root.tree)));
    let lines: BTreeSet<String> = programs
        .into_iter()
        .filter(|path| files::exists(path))
        .chain(libraries)
        .chain(userland)
        .map(|path| line_of(host, &path))
        .collect();
    lines.into_iter().collect()
}

/// What every program of a root is linked with or loads, what decides where the loader looks, and the list of its packages.
/// Links are not followed: what they lead to is here under its own name, and an absolute one would lead to this system.
fn of_userland(tree: &Path) -> Vec<PathBuf> {
    const LIBRARIES: [&str; 13] = [
        "ld-",
        "ld64",
        "libc.",
        "libc-",
        "libc_",
        "libm.",
        "libm-",
        "libgcc_s",
        "libpthread",
        "libdl",
        "librt",
        "crt",
        "Scrt1",
    ];
    let lists = ["etc/ld.so.cache", "etc/ld.so.preload", "var/lib/dpkg/status"].map(|path| tree.join(path));
    let is_dir = |path: &PathBuf| files::is_own_dir(path);
    let is_one = |path: &PathBuf| {
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        LIBRARIES.iter().any(|start| name.starts_with(start))
    };
    let folders = ["usr/lib", "usr/lib64", "lib", "lib64"].map(|dir| tree.join(dir)).into_iter().filter(is_dir);
    let listed = folders.flat_map(|dir| files::list(&dir).unwrap_or_default());
    let (below, beside): (Vec<_>, Vec<_>) = listed.partition(is_dir);
    let libraries = below.iter().flat_map(|dir| files::list(dir).unwrap_or_default()).chain(beside).filter(is_one);
    let is_file = |path: &PathBuf| files::link_text(path).is_err() && path.is_file();
    lists.into_iter().chain(libraries).filter(is_file).collect()
}

fn is_of_rust(path: &Path) -> bool {
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    ["librustc", "libstd-", "libLLVM"].iter().any(|start| name.starts_with(start))
}

/// The files that a configuration names where it says how to compile: wrappers, linkers, runners, and paths in flags.
fn named_files(host: &Host, config: &Table, origin: &Path) -> BTreeSet<PathBuf> {
    let mut texts = Vec::new();
    for name in ["build", "target", "host", "doc"] {
        config.get(name).into_iter().for_each(|value| texts_in(value, &mut texts));
    }
    let file = |text: &&str| -> Option<PathBuf> {
        let is_file = |path: PathBuf| path.is_file().then_some(path);
        match text.find('/') {
            // `-Clink-arg=-T/a/script.ld` has its path at the end.
            Some(at) => is_file(origin.join(text)).or_else(|| is_file(PathBuf::from(&text[at..]))),
            None if text.contains(char::is_whitespace) || text.starts_with('-') => None,
            None => host.ambient.find(text).and_then(is_file),
        }
    };
    texts
        .iter()
        .flat_map(|text| text.split_whitespace().chain([text.as_str()]))
        .filter_map(|text| file(&text))
        .collect()
}

fn texts_in(value: &Value, texts: &mut Vec<String>) {
    match value {
        Value::String(text) => texts.push(text.clone()),
        Value::Array(all) => all.iter().for_each(|value| texts_in(value, texts)),
        Value::Table(table) => table.values().for_each(|value| texts_in(value, texts)),
        _ => {}
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::find::facts::RootFacts;

    #[test]
    fn what_every_program_of_a_root_loads_is_part_of_its_compiler() {
        let dir = tempfile::tempdir().unwrap();
        let host = Host::for_test(dir.path());
        let tree = dir.path().join("tree");
        let put = |path: &str, text: &str| files::write(&tree.join(path), text.as_bytes()).unwrap();
        let text = |path: &Path| path.to_string_lossy().into_owned();
        put("usr/bin/rustc", "");
        put("usr/lib/x86_64-linux-gnu/libother.so.1", "1");
        let root = RootFacts { program: String::new(), tree: text(&tree), system: String::new(), read: Vec::new() };
        let toolchain = ToolchainFacts {
            rustc: text(&tree.join("usr/bin/rustc")),
            cargo: text(&tree.join("usr/bin/cargo")),
            version: semver::Version::new(1, 85, 0),
            rustc_verbose: String::new(),
            cargo_version: String::new(),
            host: "x86_64-unknown-linux-gnu".to_owned(),
            packages: None,
            sources: None,
            misnamed: None,
            root: Some(root),
        };
        let mut before = look(&host, &toolchain).compiler;
        for path in [
            "usr/lib/x86_64-linux-gnu/libc.so.6",
            "usr/lib/x86_64-linux-gnu/libm-2.31.so",
            "lib/x86_64-linux-gnu/libgcc_s.so.1",
            "lib64/ld-linux-x86-64.so.2",
            "usr/lib/x86_64-linux-gnu/crt1.o",
            "etc/ld.so.cache",
            "var/lib/dpkg/status",
        ] {
            for text in ["1", "another"] {
                put(path, text);
                let now = look(&host, &toolchain).compiler;
                assert_ne!(now, before, "{path}");
                before = now;
            }
        }
        put("usr/lib/x86_64-linux-gnu/libother.so.1", "another");
        assert_eq!(look(&host, &toolchain).compiler, before, "not every program loads it");
    }
}
