//! Identifies the SQLite of each executable of a run, and compares it with the plan.
//!
//! Nothing is started to find out: the loader lists libraries, symbols tell what is compiled in.

use std::path::Path;
use std::sync::Arc;

use anyhow::{Context, Result};
use compatrix_binary::Format;
use compatrix_model::evidence::{IdentifiedBy, SqliteProof};
use compatrix_model::hash::{or_empty, Sha256};
use compatrix_model::linkage::Linkage;
use semver::Version;

use crate::build::inspect::{is_sqlite, AtRunTime, CompiledIn};
use crate::build::loader::{self, Loaded};
use crate::build::{Executable, Product};
use crate::find::facts::{Foreign, SqliteFacts};
use crate::find::sqlite::{self, carried};
use crate::run::inputs::{self, RunInputs};
use crate::sys::enclosure::Enclosure;
use crate::sys::files;
use crate::sys::host::Host;

/// The identification of a run's SQLite.
pub(crate) enum Identified {
    /// As planned.
    As(SqliteProof),
    /// There is none, and none was planned.
    None,
    /// Not as planned, with the difference.
    Wrong(Option<SqliteProof>, String),
}

/// Identifies the SQLite of the test executables, and of the programs and libraries that they can start or load. All must
/// have the planned one, or none; one of them has it.
///
/// # Errors
/// A library cannot be read.
pub(crate) fn identify(host: &Host, inputs: &RunInputs<'_>, product: &Product) -> Result<Identified> {
    let root = inputs.root(host);
    let foreign = inputs.sqlite.and_then(|sqlite| sqlite.foreign.as_ref());
    let own_loader = product.executables.iter().find_map(|executable| executable.inspection.loader());
    let mut first = None;
    let tests = product.executables.iter().map(|executable| (executable, true));
    for (executable, is_test) in tests.chain(product.programs.iter().map(|program| (program, false))) {
        let path = inputs::library_path_of(inputs, &executable.recorded);
        let loaded = loader::resolved_sqlite(
            host,
            (&executable.path, root.as_ref()),
            &executable.inspection,
            own_loader,
            path.as_deref(),
            &executable.recorded,
        );
        let loaded = match loaded {
            Ok(Some(Loaded::File(library))) => Some(prove_library(host, (root.as_ref(), foreign), &library)?),
            Ok(Some(Loaded::SharedCache(name))) => Some(prove_cached(host, &name)),
            Ok(None) => None,
            // Nothing was planned that could differ.
            Err(_) if inputs.build.linkage.is_none() => None,
            // What does not load is in no test's way, unless one starts it; then that test fails.
            Err(_) if !is_test => continue,
            Err(error) => return Ok(Identified::Wrong(first, format!("{}: {error:#}", executable.target))),
        };
        let dll = executable.inspection.needs().find(|library| is_dll(library));
        if let Some(dll) = dll.filter(|_| inputs.build.linkage == Some(Linkage::Static)) {
            let wrong = format!("{} names {dll} and may load it, but SQLite was to be compiled in", executable.target);
            return Ok(Identified::Wrong(first, wrong));
        }
        let of = (loaded.is_some(), inputs.target.is_some());
        let compiled_in = prove_compiled_in(host, root.as_ref(), executable, product, of);
        let (linkage, planned) = (inputs.build.linkage, inputs.sqlite);
        let is_static = executable.inspection.loader().is_none() && executable.inspection.needs().next().is_none();
        let wrong = difference(linkage, planned, loaded.as_ref(), compiled_in.as_ref().map(|own| (own, is_static)));
        let of_crate = || match linkage {
            Some(Linkage::Static) => other_than_carried(host, root.as_ref(), executable, product),
            Some(Linkage::Dynamic) | None => Ok(None),
        };
        let wrong = match wrong {
            Some(wrong) => Some(wrong),
            None => of_crate()?,
        };
        let found = match linkage {
            Some(Linkage::Static) => compiled_in.or(loaded),
            Some(Linkage::Dynamic) | None => loaded.or(compiled_in),
        };
        if let Some(wrong) = wrong {
            let program = if is_test { "" } else { ", which tests can start or load," };
            return Ok(Identified::Wrong(found, format!("{}{program} {wrong}", executable.target)));
        }
        // A program counts where no test has a SQLite of its own: tests of a command line only start it.
        first = first.or(found);
    }
    let facts = inputs.sqlite.filter(|_| inputs.build.linkage == Some(Linkage::Dynamic) && first.is_some());
    if let Some(facts) = facts {
        if let Some(other) = sqlite::other_than_promised(host, root.as_ref(), facts)? {
            return Ok(Identified::Wrong(first, other));
        }
    }
    Ok(match (inputs.build.linkage, first) {
        (_, Some(proof)) => Identified::As(proof),
        (None, None) => Identified::None,
        (Some(_), None) => Identified::Wrong(None, none_at_all(&product.executables)),
    })
}

/// How an executable's SQLite differs from the plan, as the rest of a sentence about it. With what is compiled in, whether
/// the executable is static.
fn difference(
    linkage: Option<Linkage>,
    planned: Option<&SqliteFacts>,
    loaded: Option<&SqliteProof>,
    compiled_in: Option<(&SqliteProof, bool)>,
) -> Option<String> {
    match (linkage?, loaded, compiled_in) {
        (Linkage::Static, Some(loaded), _) => {
            Some(format!("loads {} {}, but SQLite was to be compiled in", loaded.file, loaded.version))
        }
        (Linkage::Dynamic, _, Some((own, true))) => Some(format!(
            "is a static executable with a SQLite in it (version {}), and cannot load a shared one; build without \
             `target-feature=+crt-static`, or cross `bundled` alone with this target",
            own.version
        )),
        (Linkage::Dynamic, _, Some((own, false))) => Some(format!(
            "has SQLite {} compiled in, but was to load a shared one; a libsqlite3-sys before 0.27 cannot be told \
             otherwise: make `bundled` a feature of the package",
            own.version
        )),
        (Linkage::Dynamic, Some(loaded), None) => {
            let planned = planned.filter(|planned| planned.sha256 != loaded.sha256)?;
            Some(format!(
                "loads {} {} with SHA-256 {:.12}…, not the planned SQLite {} with {:.12}…; remove that file, or its whole \
                 folder if that is in compatrix's cache, and run again",
                loaded.file,
                loaded.version,
                or_empty::text(&loaded.sha256),
                planned.version.as_ref().map_or_else(|| "of an unknown version".to_owned(), Version::to_string),
                or_empty::text(&planned.sha256)
            ))
        }
        (Linkage::Static | Linkage::Dynamic, None, _) => None,
    }
}

/// How the SQLite in an executable is another than the one that the crate carries which was linked, as the rest of a
/// sentence about the executable.
fn other_than_carried(
    host: &Host,
    root: Option<&Arc<Enclosure>>,
    executable: &Executable,
    product: &Product,
) -> Result<Option<String>> {
    let Some(dir) = &product.carrier else { return Ok(None) };
    let carried = carried::by_crate(host, dir)?;
    if carried.is_empty() {
        return Ok(None);
    }
    let list: Vec<String> = carried.iter().map(|one| format!("{} ({})", one.version, one.source_id)).collect();
    let list = list.join(" and ");
    let one = dir.file_name().unwrap_or_default().to_string_lossy().into_owned();
    let wrong = |is: String| {
        Some(format!(
            "has {is} compiled in, but the linked crate {one} carries SQLite {list}; `cargo clean --target-dir \
             target/compat` removes what was compiled before"
        ))
    };
    let (CompiledIn::Yes { source_ids, .. } | CompiledIn::Stripped { source_ids }) = &executable.inspection.compiled_in
    else {
        return Ok(None);
    };
    let has_own_id = matches!(executable.inspection.compiled_in, CompiledIn::Yes { has_own_id: true, .. });
    let is_carried = |id: &String| carried.iter().any(|carried| carried.source_id == *id);
    // In what has no symbols for us, the id of the carried SQLite must be among those that look like one.
    let has_own_id = has_own_id || product.executables.iter().any(is_of_another_format) && !source_ids.is_empty();
    if has_own_id && !source_ids.is_empty() && !source_ids.iter().any(is_carried) {
        return Ok(wrong(format!("a SQLite with the source id {}", source_ids.join(", "))));
    }
    // What can only be linked by another compiler does not answer.
    let said = product.archive.as_ref().and_then(|archive| sqlite::of_archive(host, root, archive).ok());
    let is_it = |said: &sqlite::Identity| {
        carried.iter().any(|one| one.version == said.version && one.source_id == said.source_id)
    };
    Ok(said.filter(|said| !is_it(said)).and_then(|said| wrong(format!("SQLite {} ({})", said.version, said.source_id))))
}

fn is_of_another_format(executable: &Executable) -> bool {
    executable.inspection.asks.as_ref().is_ok_and(|asks| asks.format != Format::Elf)
}

/// Why no SQLite was found in any test executable, as far as the files tell.
fn none_at_all(executables: &[Executable]) -> String {
    let at_run_time = |how: AtRunTime| executables.iter().find(|one| one.inspection.at_run_time == Some(how));
    let stripped = executables.iter().find(|one| matches!(one.inspection.compiled_in, CompiledIn::Stripped { .. }));
    if at_run_time(AtRunTime::Extension).is_some() {
        return "no test executable has or loads a SQLite: with `loadable_extension` of rusqlite, its functions come at run \
                time from the process that loads the extension, and a test is no such process; leave that feature out of \
                the feature sets, or exclude these cells by a rule"
            .to_owned();
    }
    if let Some(one) = at_run_time(AtRunTime::Opens) {
        return format!(
            "no test executable has or names a SQLite; {} opens libsqlite3.so at run time (dlopen), and which one it will \
             get cannot be proven before it runs: link it instead",
            one.target
        );
    }
    match stripped {
        Some(one) => format!(
            "no SQLite was found in a test executable, but {} is stripped of its symbols, which would tell; set \
             `strip = false` in the profile of the tests",
            one.target
        ),
        None => "no test executable uses SQLite at all".to_owned(),
    }
}

/// What a library says it is: in its root, or to a program of its target.
fn prove_library(host: &Host, by: (Option<&Arc<Enclosure>>, Option<&Foreign>), library: &Path) -> Result<SqliteProof> {
    let file = files::real(library).with_context(|| format!("cannot find {}", library.display()))?;
    let sha256 = files::sha256(&file, &host.memo)?;
    // The library may not be a SQLite at all; then only its hash is known.
    let said = sqlite::of_any_library(host, by, &file).ok();
    Ok(shared(file.to_string_lossy().into_owned(), Some(sha256), said))
}

/// A shared library with what it said, if it did.
fn shared(file: String, sha256: Option<Sha256>, said: Option<sqlite::Identity>) -> SqliteProof {
    SqliteProof {
        linkage: Linkage::Dynamic,
        file,
        sha256,
        version: said.as_ref().map_or_else(|| "unknown".to_owned(), |said| said.version.clone()),
        source_id: said.as_ref().map(|said| said.source_id.clone()),
        identified_by: said.as_ref().map(|said| said.by),
        compile_options: said.map(|said| said.compile_options).unwrap_or_default(),
    }
}

/// Whether a library that Windows is to load is a SQLite.
fn is_dll(library: &str) -> bool {
    library.to_ascii_lowercase().ends_with(".dll") && is_sqlite(library)
}

/// The SQLite in dyld's shared cache: only a program that loads it by this path can say which it is.
fn prove_cached(host: &Host, name: &Path) -> SqliteProof {
    shared(name.to_string_lossy().into_owned(), None, sqlite::of_library(host, None, name).ok())
}

/// The SQLite in the executable itself, if there is one. The static library that this build linked tells the rest: the one
/// with the executable's source id, or any where the linker dropped the id.
fn prove_compiled_in(
    host: &Host,
    root: Option<&Arc<Enclosure>>,
    executable: &Executable,
    product: &Product,
    (loads_one, is_foreign): (bool, bool),
) -> Option<SqliteProof> {
    let ids = match &executable.inspection.compiled_in {
        CompiledIn::Yes { source_ids, .. } => source_ids,
        CompiledIn::No => return None,
        // Without symbols, a text tells only where nothing else does.
        CompiledIn::Stripped { source_ids } if loads_one || source_ids.is_empty() => return None,
        CompiledIn::Stripped { source_ids } => source_ids,
    };
    // An archive of another target cannot be linked into a program of this host, which would tell.
    let archive = product.archive.as_ref().filter(|_| !is_foreign);
    let said = archive.and_then(|archive| sqlite::of_archive(host, root, archive).ok());
    let said = said.filter(|said| ids.is_empty() || ids.contains(&said.source_id));
    let carried = || {
        let all = product.carrier.as_ref().and_then(|dir| carried::by_crate(host, dir).ok())?;
        all.into_iter().find(|one| ids.contains(&one.source_id)).map(|one| one.version)
    };
    let version = said.as_ref().map(|said| said.version.clone()).or_else(carried);
    // The header of the crate with the source id that is in the executable.
    let by_file = version.as_ref().map(|_| IdentifiedBy::File);
    Some(SqliteProof {
        linkage: Linkage::Static,
        file: executable.path.to_string_lossy().into_owned(),
        sha256: Some(executable.inspection.sha256),
        version: version.unwrap_or_else(|| "unknown".to_owned()),
        source_id: said.as_ref().map(|said| &said.source_id).or(ids.first()).cloned(),
        identified_by: said.as_ref().map(|said| said.by).or(by_file),
        compile_options: said.map(|said| said.compile_options).unwrap_or_default(),
    })
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;
    use crate::build::{inspect, Recorded, TargetKind};
    use crate::sys::process::Command;

    /// A library that is this SQLite, as far as anybody asks.
    fn source(version: &str) -> String {
        format!(
            "const char sqlite3_version[] = \"{version}\";\nconst char *sqlite3_libversion(void) {{ return sqlite3_version; }}\n\
             const char *sqlite3_sourceid(void) {{ return \"2024-05-23 13:25:27 {}\"; }}\n",
            "96c9".repeat(16)
        )
    }

    /// A program that has one of its own where it was to load the cell's, in the format of each system.
    #[test]
    #[cfg(unix)] // there is no C compiler under wine
    fn a_second_sqlite_in_an_executable_is_found_in_each_format() {
        let dir = tempfile::tempdir().unwrap();
        let dir = files::real(dir.path()).unwrap();
        let host = Host::for_test(&dir);
        let zig = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../ci/platforms/zig-aarch64");
        let main = "int main(void) { return !sqlite3_sourceid() + !sqlite3_libversion(); }\n";
        files::write(&dir.join("a.c"), (source("3.50.2") + main).as_bytes()).unwrap();
        for compiler in ["cc", "x86_64-w64-mingw32-gcc", &zig.to_string_lossy()] {
            let command = Command::new(compiler, &dir).args(["-o", "program.exe", "a.c"]);
            if !host.run(&command.envs(&host.ambient.for_builds())).is_ok_and(|made| made.status.success()) {
                println!("skipped: {compiler} is not here; ci/platforms/install installs it");
                continue;
            }
            let path = dir.join("program.exe");
            let executable = Executable {
                own_harness: false,
                package: String::new(),
                target: "it".to_owned(),
                kind: TargetKind::Test,
                recorded: Recorded::default(),
                root: dir.clone(),
                inspection: inspect::executable(&host, &path).unwrap(),
                path,
            };
            let own = prove_compiled_in(&host, None, &executable, &Product::default(), (true, true)).expect(compiler);
            let wrong = difference(Some(Linkage::Dynamic), None, None, Some((&own, false))).expect(compiler);
            assert!(
                wrong.starts_with("has SQLite") && wrong.contains("was to load a shared one"),
                "{compiler}: {wrong}"
            );
        }
    }

    /// Nothing here starts the program: which dylib it gets follows dyld's rules, and which SQLite that is its bytes.
    #[test]
    fn a_dylib_that_is_planted_for_a_program_of_macos_is_not_the_planned_one() {
        let dir = tempfile::tempdir().unwrap();
        let dir = files::real(dir.path()).unwrap();
        let host = Host::for_test(&dir);
        let make = |out: &str, source: &str, args: &[&str]| {
            let path = dir.join(out);
            files::make_dir(path.parent().unwrap()).unwrap();
            files::write(&dir.join("a.c"), source.as_bytes()).unwrap();
            let zig = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../ci/platforms/zig-aarch64");
            let command = Command::new(zig.to_string_lossy(), &dir).args(["-o", out, "a.c"]).args(args.iter().copied());
            let made = host.run(&command.envs(&host.ambient.for_builds()));
            made.is_ok_and(|made| made.status.success()).then_some(path)
        };
        let dylib = ["-dynamiclib", "-install_name", "@rpath/libsqlite3.exact.dylib"];
        let Some(planned) = make("planned/libsqlite3.exact.dylib", &source("3.46.0"), &dylib) else {
            println!("skipped: zig is not here; ci/platforms/install installs it");
            return;
        };
        let asks = "const char *sqlite3_sourceid(void);\nint main(void) { return !sqlite3_sourceid(); }\n";
        let link = ["planned/libsqlite3.exact.dylib", "-Wl,-rpath,@loader_path/planted"];
        let program = make("app/program", asks, &link).expect("a program");
        let inspection = inspect::executable(&host, &program).unwrap();
        let with = Foreign {
            triple: "aarch64-apple-darwin".to_owned(),
            compiler: Vec::new(),
            runner: Vec::new(),
            is_wine: false,
        };
        let library = |path: &Path| prove_library(&host, (None, Some(&with)), path).unwrap();
        let of_cell = SqliteFacts {
            version: Some(Version::new(3, 46, 0)),
            library: Some(planned.to_string_lossy().into_owned()),
            sha256: library(&planned).sha256,
            link_dir: None,
            include_dir: None,
            promised: None,
            foreign: Some(with.clone()),
        };
        let gets = |folder: Option<&str>, env: &[(&str, &Path)]| {
            let env = env.iter().map(|(name, path)| ((*name).to_owned(), path.to_string_lossy().into_owned()));
            let recorded = Recorded { env: env.collect::<BTreeMap<_, _>>(), dir: dir.clone(), ..Recorded::default() };
            match loader::resolved_sqlite(&host, (&program, None), &inspection, None, folder, &recorded).unwrap() {
                Some(Loaded::File(path)) => library(&path),
                other => panic!("{other:?}"),
            }
        };
        let wrong = |proof: &SqliteProof| difference(Some(Linkage::Dynamic), Some(&of_cell), Some(proof), None);
        let led = dir.join("planned").to_string_lossy().into_owned();
        let proof = gets(Some(&led), &[]);
        assert_eq!((wrong(&proof), proof.version.as_str()), (None, "3.46.0"));
        assert_eq!(proof.identified_by, Some(IdentifiedBy::File));
        // Lies: in front by the rpath where nothing leads to the planned one, and brought in by a variable.
        let planted = make("app/planted/libsqlite3.exact.dylib", &source("3.50.2"), &dylib).expect("a library");
        assert_eq!(wrong(&gets(Some(&led), &[])), None, "the variable goes before the rpath");
        let inserted = make("inserted/libsqlite3.other.dylib", &source("3.50.2"), &dylib).expect("a library");
        let by_variable = [("DYLD_INSERT_LIBRARIES", &*inserted)];
        for (lie, folder, env) in [(&planted, None, &[][..]), (&inserted, Some(&*led), &by_variable[..])] {
            let proof = gets(folder, env);
            let wrong = wrong(&proof).expect("not the planned one");
            let says = format!("loads {} 3.50.2 with SHA-256", lie.display());
            assert!(wrong.starts_with(&says) && wrong.contains("not the planned SQLite 3.46.0"), "{wrong}");
        }
    }
}
