//! musl's loader and ours must agree.

use std::process::Command;

use compatrix_binary::load::{Environment, Loader, Resolved};

use crate::support::{id, object, said, sqlite, text, variables, which, Compiler, Disk, ASKS, ASKS_BETWEEN, BETWEEN};

#[test]
fn programs_get_what_musl_gives_them() {
    let Some(musl) = Compiler::musl() else { return };
    let scratch = tempfile::tempdir().unwrap();
    let dir = scratch.path().canonicalize().unwrap();
    let shared = ["-shared", "-fPIC", "-Wl,-soname,libsqlite3.so.0"];
    for (place, digit) in [("named", '1'), ("led", '2'), ("link", '4')] {
        musl.make(&dir, &format!("{place}/libsqlite3.so.0"), &sqlite("3.46.0", digit), &shared);
    }
    let file = "link/libsqlite3.so.0";
    let tags = [
        ("none", vec![file]),
        ("rpath", vec![file, "-Wl,--disable-new-dtags", "-Wl,-rpath,$ORIGIN/named"]),
        ("runpath", vec![file, "-Wl,--enable-new-dtags", "-Wl,-rpath,${ORIGIN}/named"]),
        // Another `$` makes musl forget the whole path.
        ("lib", vec![file, "-Wl,--enable-new-dtags", "-Wl,-rpath,$ORIGIN/named:/$LIB"]),
    ];
    let mut programs = Vec::new();
    for (tag, args) in &tags {
        programs.push(musl.make(&dir, &format!("direct-{tag}"), ASKS, args));
        let between: Vec<&str> = ["-shared", "-fPIC"].into_iter().chain(args.iter().copied()).collect();
        musl.make(&dir, "libbetween.so", BETWEEN, &between);
        std::fs::create_dir_all(dir.join(format!("lib{tag}"))).unwrap();
        std::fs::rename(dir.join("libbetween.so"), dir.join(format!("lib{tag}/libbetween.so"))).unwrap();
        let (file, folder) = (format!("lib{tag}/libbetween.so"), format!("-Wl,-rpath,{}/lib{tag}", dir.display()));
        let link = [&file, "-Wl,--allow-shlib-undefined", folder.as_str()];
        programs.push(musl.make(&dir, &format!("through-{tag}"), ASKS_BETWEEN, &link));
    }
    let led = text(&dir.join("led"));
    let mut agreed = 0;
    for program in &programs {
        for path in [None, Some(led.as_str()), Some("led"), Some("\n/nowhere::led")] {
            let set: Vec<(&str, &str)> = path.map(|path| ("LD_LIBRARY_PATH", path)).into_iter().collect();
            let environment = Environment { variables: variables(&set), current: text(&dir), ..Environment::default() };
            assert_eq!(Loader::of(&object(&text(program), &Disk::here()).binary), Loader::Musl);
            let ran = Command::new(program).env_remove("LD_LIBRARY_PATH").envs(set).current_dir(&dir).output();
            let Ok(ran) = ran else {
                println!("skipped: musl's loader is not here");
                return;
            };
            let found = which(&text(program), &environment, &Disk::here());
            match &found {
                Resolved::File(file) => {
                    let place = [("named", '1'), ("led", '2')].into_iter().find(|(place, _)| file.contains(place));
                    assert_eq!(said(&ran), id(place.expect("one of them").1), "{program:?} {path:?} {found:?}");
                }
                _ => assert!(!ran.status.success(), "{program:?} {path:?} {found:?}"),
            }
            agreed += 1;
        }
    }
    println!("{agreed} questions");
}
