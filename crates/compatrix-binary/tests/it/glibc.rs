//! glibc's loader and ours must agree, about made-up trees and about every executable beside this test.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::process::Command;

use compatrix_binary::load::{libraries, Environment, Found, Resolved};
use compatrix_binary::{read, Binary, Kind};

use crate::support::{object, platforms, sqlite, text, variables, which, Compiler, Disk, ASKS, ASKS_BETWEEN, BETWEEN};

/// What the loader lists: names with their files, `None` of one that it does not find.
fn listed(
    program: &Path,
    variables: &BTreeMap<String, String>,
    dir: &Path,
) -> Option<BTreeSet<(String, Option<PathBuf>)>> {
    let interpreter = object(&text(program), &Disk::here()).binary.interpreter?;
    let asked = Command::new(&interpreter)
        .arg(program)
        .env_remove("LD_LIBRARY_PATH")
        .envs(variables)
        .env("LD_TRACE_LOADED_OBJECTS", "1")
        .current_dir(dir)
        .output()
        .ok()?;
    if !asked.status.success() {
        return None;
    }
    let said = String::from_utf8_lossy(&asked.stdout).into_owned();
    // One whose path is its name, in the current folder, stands alone.
    let pair = |line: &'_ str| match line.split_once(" => ") {
        Some((name, found)) => Some((name.to_owned(), found.to_owned())),
        None => {
            let name = line.split(" (").next().unwrap_or(line).to_owned();
            let is_file = !name.starts_with('/') && !name.starts_with("linux-vdso");
            is_file.then(|| (name.clone(), name))
        }
    };
    let files = said.lines().filter_map(|line| pair(line.trim()));
    let file =
        |found: &str| (found != "not found").then(|| found.rsplit_once(" (").map_or(found, |(path, _)| path).into());
    Some(files.map(|(name, found)| (name, file(&found))).collect())
}

fn ours(program: &Path, environment: &Environment) -> BTreeSet<(String, Option<PathBuf>)> {
    let found = libraries(&object(&text(program), &Disk::here()), environment, &Disk::here());
    let file = |found: Found| match found {
        Found::File(path) => Some(PathBuf::from(path)),
        Found::Missing { .. } => None,
        other => panic!("{}: {other:?}", program.display()),
    };
    found.into_iter().map(|library| (library.name, file(library.found))).collect()
}

/// What this processor and this distribution decide, as the loader says.
fn environment(variables: &[(&str, &str)], current: &Path) -> Environment {
    let own = object(&text(&std::env::current_exe().unwrap()), &Disk::here());
    let loader = own.binary.interpreter.expect("a test is dynamic");
    let asked = Command::new(&loader)
        .arg(std::env::current_exe().unwrap())
        .envs([("LD_DEBUG", "libs"), ("LD_TRACE_LOADED_OBJECTS", "1"), ("LD_LIBRARY_PATH", "/nowhere")])
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&asked.stderr).into_owned();
    let path = said.lines().find_map(|line| line.split_once("search path=")).expect("it says where it searches").1;
    let below = path.split("\t").next().unwrap().split(':').filter_map(|one| one.strip_prefix("/nowhere/"));
    let help = Command::new(&loader).arg("--help").output().unwrap();
    let help = String::from_utf8_lossy(&help.stdout).into_owned();
    let defaults = help.lines().filter_map(|line| line.trim().strip_suffix(" (system search path)"));
    Environment {
        variables: self::variables(variables),
        current: text(current),
        hwcaps: below.map(str::to_owned).collect(),
        defaults: defaults.map(str::to_owned).collect(),
        lib: format!("lib/{}-linux-gnu", std::env::consts::ARCH),
        platform: std::env::consts::ARCH.to_owned(),
        ..Environment::default()
    }
}

#[test]
fn every_executable_beside_this_one_gets_what_the_loader_says() {
    let own = std::env::current_exe().unwrap();
    let environment = environment(&[], Path::new("/"));
    let mut agreed = 0;
    for entry in std::fs::read_dir(own.parent().unwrap()).unwrap().flatten() {
        let path = entry.path();
        // Executables have no suffix; shared libraries (procedural macros) are asked about too.
        if path.extension().is_some_and(|suffix| suffix != "so") || !path.is_file() {
            continue;
        }
        let Ok(binary) = read(&std::fs::read(&path).unwrap_or_default(), None) else { continue };
        if binary.kind == Kind::Library || agreed == 60 {
            continue;
        }
        let Some(theirs) = listed(&path, &BTreeMap::new(), Path::new("/")) else { continue };
        assert_eq!(ours(&path, &environment), theirs, "{}", path.display());
        agreed += 1;
    }
    println!("{agreed} executables");
    assert!(agreed > 0);
}

/// `.ci/run` asks for it after the main job: `MATRIX` is the folder below which `cargo xtask compat` has built.
#[test]
fn every_executable_of_the_matrix_gets_what_the_loader_says() {
    let Some(matrix) = std::env::var_os("MATRIX") else {
        println!("skipped: MATRIX names no folder of builds");
        return;
    };
    let repository = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let mut executables = Vec::new();
    tests_below(&repository.join(matrix), &mut executables);
    let leads: Vec<Option<PathBuf>> = std::iter::once(None).chain(sqlites().into_iter().map(Some)).collect();
    let environments = leads.iter().map(|lead| {
        let variables = lead.iter().map(|folder| ("LD_LIBRARY_PATH", text(folder)));
        let variables: Vec<(&str, String)> = variables.collect();
        let borrowed: Vec<(&str, &str)> = variables.iter().map(|(name, value)| (*name, value.as_str())).collect();
        environment(&borrowed, Path::new("/"))
    });
    let environments: Vec<Environment> = environments.collect();
    let [mut agreed, mut with_sqlite] = [0, 0];
    for path in &executables {
        let needs_sqlite = object(&text(path), &Disk::here()).binary.needs;
        let needs_sqlite = needs_sqlite.iter().any(|need| need.name.starts_with("libsqlite3."));
        // A folder in front changes nothing for what needs nothing from it.
        for environment in environments.iter().take(if needs_sqlite { usize::MAX } else { 1 }) {
            let Some(theirs) = listed(path, &environment.variables, Path::new("/")) else { continue };
            assert_eq!(ours(path, environment), theirs, "{} with {:?}", path.display(), environment.variables);
            agreed += 1;
            with_sqlite += usize::from(needs_sqlite);
        }
    }
    println!(
        "{agreed} answers for {} executables agree, {with_sqlite} of them about SQLite in {} folders",
        executables.len(),
        leads.len()
    );
    assert!(with_sqlite > 0, "no executable below MATRIX needs a SQLite");
}

/// The executables of tests below a folder: in each `deps`, those with a loader.
fn tests_below(folder: &Path, found: &mut Vec<PathBuf>) {
    for entry in std::fs::read_dir(folder).unwrap_or_else(|error| panic!("{}: {error}", folder.display())).flatten() {
        let (path, kind) = (entry.path(), entry.file_type().unwrap());
        if kind.is_dir() {
            tests_below(&path, found);
        } else if folder.ends_with("deps") && kind.is_file() && path.extension().is_none() {
            let bytes = std::fs::read(&path).unwrap();
            let is_program =
                |binary: Binary| binary.interpreter.is_some() && binary.machine.0 == std::env::consts::ARCH;
            if read(&bytes, None).is_ok_and(is_program) {
                found.push(path);
            }
        }
    }
}

/// The folders of the SQLites that were built into the user's cache.
fn sqlites() -> Vec<PathBuf> {
    let cache = platforms().parent().expect("it is below a cache").join("sqlite");
    let folders = std::fs::read_dir(cache).into_iter().flatten().flatten().map(|entry| entry.path());
    folders.filter(|folder| folder.join("libsqlite3.so.0").exists()).collect()
}

/// Programs by how they name their folder, directly or through a library, against libraries in many places.
#[test]
fn made_up_trees_get_what_the_loader_says() {
    let Some(gcc) = Compiler::linux() else { return };
    let scratch = tempfile::tempdir().unwrap();
    let dir = scratch.path().canonicalize().unwrap();
    let shared = ["-shared", "-fPIC", "-Wl,-soname,libsqlite3.so.0"];
    for (place, digit) in
        [("named", '1'), ("led", '2'), ("current", '3'), ("link", '4'), ("named/lib/x86_64-linux-gnu", '5')]
    {
        gcc.make(&dir, &format!("{place}/libsqlite3.so.0"), &sqlite("3.46.0", digit), &shared);
    }
    std::fs::copy(dir.join("link/libsqlite3.so.0"), dir.join("link/libsqlite3.so")).unwrap();
    let host = environment(&[], &dir);
    let capable = &host.hwcaps;
    for (index, below) in capable.iter().enumerate() {
        gcc.make(&dir, &format!("capable/{below}/libsqlite3.so.0"), &sqlite("3.46.0", 'a'), &shared);
        // Each by itself too, so that the order shows.
        gcc.make(&dir, &format!("capable-{index}/{below}/libsqlite3.so.0"), &sqlite("3.46.0", 'b'), &shared);
    }
    // A file for another machine, which is passed over: the same, but for `e_machine`.
    let mut other = std::fs::read(dir.join("led/libsqlite3.so.0")).unwrap();
    other[18] = 0xb7;
    std::fs::create_dir_all(dir.join("other")).unwrap();
    std::fs::write(dir.join("other/libsqlite3.so.0"), other).unwrap();

    let tags: [(&str, Vec<&str>); 7] = [
        ("none", vec![]),
        ("rpath", vec!["-Wl,--disable-new-dtags", "-Wl,-rpath,$ORIGIN/named"]),
        ("runpath", vec!["-Wl,--enable-new-dtags", "-Wl,-rpath,$ORIGIN/named"]),
        ("braces", vec!["-Wl,--enable-new-dtags", "-Wl,-rpath,${ORIGIN}/other:${ORIGIN}/named"]),
        ("lib", vec!["-Wl,--disable-new-dtags", "-Wl,-rpath,$ORIGIN/named/$LIB"]),
        ("relative", vec!["-Wl,--enable-new-dtags", "-Wl,-rpath,named"]),
        ("nodefault", vec!["-Wl,-z,nodefaultlib", "-Wl,-rpath,$ORIGIN/nowhere:/lib/x86_64-linux-gnu"]),
    ];
    let mut programs = Vec::new();
    for (tag, args) in &tags {
        let link: Vec<&str> = ["-Llink", "-l:libsqlite3.so"].into_iter().chain(args.iter().copied()).collect();
        programs.push(gcc.make(&dir, &format!("direct-{tag}"), ASKS, &link));
        let between: Vec<&str> = ["-shared", "-fPIC"].into_iter().chain(link.iter().copied()).collect();
        gcc.make(&dir, &format!("lib{tag}/libbetween.so"), BETWEEN, &between);
        for (outer, args) in &tags[..4] {
            let (folder, file) = (format!("-Wl,-rpath,$ORIGIN/lib{tag}"), format!("lib{tag}/libbetween.so"));
            let kind = if *outer == "runpath" { "-Wl,--enable-new-dtags" } else { "-Wl,--disable-new-dtags" };
            let own: Vec<&str> = args.iter().copied().filter(|arg| arg.starts_with("-Wl,-rpath")).collect();
            let mut link = vec![file.as_str(), kind, folder.as_str(), "-Wl,--allow-shlib-undefined"];
            link.extend(own);
            programs.push(gcc.make(&dir, &format!("through-{tag}-{outer}"), ASKS_BETWEEN, &link));
        }
    }
    let at = |name: &str| text(&dir.join(name));
    let mut paths = vec![
        String::new(),
        at("led"),
        at("capable"),
        format!("{}:{}", at("other"), at("led")),
        format!("{};{}", at("nowhere"), at("led")),
        "led".to_owned(),
        // An empty folder is the current one.
        format!(":{}", at("led")),
        format!("{}:", at("nowhere")),
    ];
    paths.extend((0..capable.len()).map(|index| format!("{}:{}", at(&format!("capable-{index}")), at("led"))));
    let (mut agreed, mut answers) = (0, BTreeSet::new());
    for program in &programs {
        for path in &paths {
            for current in [dir.join("current"), dir.clone()] {
                let mut set = vec![];
                set.extend((!path.is_empty()).then_some(("LD_LIBRARY_PATH", path.as_str())));
                let environment = Environment { variables: variables(&set), current: text(&current), ..host.clone() };
                let Some(theirs) = listed(program, &environment.variables, &current) else {
                    panic!("{} with {path}: the loader does not answer", program.display())
                };
                // The loader prints a relative folder as it was written.
                let theirs: BTreeSet<_> = theirs
                    .into_iter()
                    .map(|(name, file)| (name, file.map(|file| current.join(file))))
                    .map(|(name, file)| (name, file.map(|file| file.canonicalize().unwrap_or(file))))
                    .collect();
                let ours: BTreeSet<_> = ours(program, &environment)
                    .into_iter()
                    .map(|(name, file)| (name, file.map(|file| file.canonicalize().unwrap_or(file))))
                    .collect();
                assert_eq!(ours, theirs, "{} with {path:?} in {}", program.display(), current.display());
                answers.extend(ours.into_iter().filter(|(name, _)| name.starts_with("libsqlite3")));
                agreed += 1;
            }
        }
    }
    println!("{agreed} questions, {} answers about SQLite", answers.len());
    assert!(answers.len() > 6, "{answers:?}");
}

#[test]
fn what_is_planted_is_found_and_named() {
    let Some(gcc) = Compiler::linux() else { return };
    let scratch = tempfile::tempdir().unwrap();
    let dir = scratch.path().canonicalize().unwrap();
    let shared = ["-shared", "-fPIC", "-Wl,-soname,libsqlite3.so.0"];
    for (place, digit) in [("planned", '1'), ("planted", '2')] {
        gcc.make(&dir, &format!("{place}/libsqlite3.so.0"), &sqlite("3.46.0", digit), &shared);
    }
    let link = ["planned/libsqlite3.so.0", "-Wl,--disable-new-dtags", "-Wl,-rpath,$ORIGIN/planted"];
    let program = text(&gcc.make(&dir, "program", ASKS, &link));
    let planned = text(&dir.join("planned"));
    let led = environment(&[("LD_LIBRARY_PATH", &planned)], &dir);
    let file = |place: &str| Resolved::File(text(&dir.join(place).join("libsqlite3.so.0")));
    // DT_RPATH goes before LD_LIBRARY_PATH.
    assert_eq!(which(&program, &led, &Disk::here()), file("planted"));
    let preloaded = text(&dir.join("planned/libsqlite3.so.0"));
    let preload = environment(&[("LD_PRELOAD", &preloaded)], &dir);
    assert_eq!(which(&program, &preload, &Disk::here()), file("planned"));
    std::fs::write(dir.join("planted/libsqlite3.so.0"), "no library").unwrap();
    let Resolved::Unknown { why } = which(&program, &led, &Disk::here()) else { panic!("the loader stops there") };
    assert!(why.ends_with("is no ELF, Mach-O or PE file"), "{why}");
    std::fs::remove_file(dir.join("planted/libsqlite3.so.0")).unwrap();
    assert_eq!(which(&program, &led, &Disk::here()), file("planned"));
    let nowhere = environment(&[], &dir);
    let plain = gcc.make(&dir, "plain", "int main(void) { return 0; }", &[]);
    assert_eq!(which(&text(&plain), &nowhere, &Disk::here()), Resolved::NotNeeded);
    let still = gcc.make(&dir, "static", "int main(void) { return 0; }", &["-static"]);
    assert_eq!(which(&text(&still), &nowhere, &Disk::here()), Resolved::Static);
    let missing = gcc.make(&dir, "missing", ASKS, &["planned/libsqlite3.so.0"]);
    let mut none = nowhere;
    none.defaults = vec![text(&dir.join("nowhere"))];
    let files = WithoutCache;
    match which(&text(&missing), &none, &files) {
        Resolved::NotFound { name, searched } => {
            assert_eq!(name, "libsqlite3.so.0");
            assert!(searched.contains(&text(&dir.join("nowhere/libsqlite3.so.0"))), "{searched:?}");
        }
        other => panic!("{other:?}"),
    }
}

struct WithoutCache;

impl compatrix_binary::load::Files for WithoutCache {
    fn read(&self, path: &str) -> Option<Vec<u8>> {
        (path != "/etc/ld.so.cache").then(|| std::fs::read(path).ok())?
    }

    fn is_folder(&self, path: &str) -> bool {
        Path::new(path).is_dir()
    }
}
