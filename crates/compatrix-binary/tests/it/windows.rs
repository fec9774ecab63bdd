//! Windows' order, against wine where it is here.

use std::path::{Path, PathBuf};
use std::process::Command;

use compatrix_binary::load::{Environment, Loader, Resolved, WindowsFolders};

use crate::support::{
    id, object, platforms, said, sqlite, variables, which, Compiler, Disk, ASKS, ASKS_BETWEEN, BETWEEN,
};

const WINE: &str = "/usr/lib/wine/wine64";

/// Drives as a prefix of wine has them.
fn disk() -> Disk {
    Disk { drives: vec![("Z:", PathBuf::from("/")), ("C:", platforms().join("wine/drive_c"))] }
}

fn environment(set: &[(&str, &str)], current: &str, is_wine: bool) -> Environment {
    let windows = WindowsFolders {
        system32: "C:\\windows\\system32".to_owned(),
        system: "C:\\windows\\system".to_owned(),
        windows: "C:\\windows".to_owned(),
        is_wine,
        ..WindowsFolders::default()
    };
    Environment { variables: variables(set), current: current.to_owned(), windows, ..Environment::default() }
}

fn of_wine(path: &Path) -> String {
    format!("Z:{}", path.to_string_lossy().replace('/', "\\"))
}

struct Tree {
    _scratch: tempfile::TempDir,
    dir: PathBuf,
}

/// `app/direct.exe`, `app/through.exe` with `app/between.dll`, and SQLites in `path`, `current` and `apart`.
fn tree(gcc: &Compiler) -> Tree {
    let scratch = tempfile::tempdir().unwrap();
    let dir = scratch.path().canonicalize().unwrap();
    for (place, digit) in [("path", '1'), ("current", '2'), ("apart", '3')] {
        gcc.make(&dir, &format!("{place}/sqlite3.dll"), &sqlite("3.46.0", digit), &["-shared"]);
    }
    gcc.make(&dir, "app/direct.exe", ASKS, &["path/sqlite3.dll"]);
    gcc.make(&dir, "app/between.dll", BETWEEN, &["-shared", "path/sqlite3.dll"]);
    gcc.make(&dir, "app/through.exe", ASKS_BETWEEN, &["app/between.dll"]);
    Tree { _scratch: scratch, dir }
}

#[test]
fn the_order_of_folders_is_that_of_windows() {
    let Some(gcc) = Compiler::windows() else { return };
    let Tree { dir, _scratch } = tree(&gcc);
    let at = |place: &str| of_wine(&dir.join(place));
    let program = at("app/direct.exe");
    assert_eq!(Loader::of(&object(&program, &disk()).binary), Loader::Windows);
    let asks = |set: &[(&str, &str)], current: &str| which(&program, &environment(set, current, false), &disk());
    let file = |place: &str| Resolved::File(format!("{}\\sqlite3.dll", at(place)));
    let path = format!("C:\\nowhere;{}", at("path"));
    assert_eq!(asks(&[("Path", &path)], &at("current")), file("current"), "the current folder goes before PATH");
    assert_eq!(asks(&[("PATH", &path)], &at("nowhere")), file("path"));
    // Another one in the program's folder, by another case.
    std::fs::copy(dir.join("apart/sqlite3.dll"), dir.join("app/SQLite3.DLL")).unwrap();
    let Resolved::File(found) = asks(&[("PATH", &path)], &at("current")) else { panic!("there are three") };
    assert_eq!(found, format!("{}\\sqlite3.dll", at("app")));
    let mut with_known = environment(&[("PATH", &path)], &at("current"), false);
    with_known.windows.known.insert("sqlite3.dll".to_owned());
    let Resolved::NotFound { searched, .. } = which(&program, &with_known, &disk()) else {
        panic!("known ones are of System32")
    };
    assert_eq!(searched, ["C:\\windows\\system32\\sqlite3.dll"]);
    std::fs::create_dir_all(dir.join("app/direct.exe.local")).unwrap();
    std::fs::copy(dir.join("apart/sqlite3.dll"), dir.join("app/direct.exe.local/sqlite3.dll")).unwrap();
    let Resolved::Unknown { why } = asks(&[], &at("current")) else { panic!("a redirection") };
    assert!(why.contains("direct.exe.local"), "{why}");
}

#[test]
fn a_missing_library_is_named_with_all_folders() {
    let Some(gcc) = Compiler::windows() else { return };
    let Tree { dir, _scratch } = tree(&gcc);
    let at = |place: &str| of_wine(&dir.join(place));
    let asks =
        |program: &str| which(&at(program), &environment(&[("PATH", "C:\\a;\"C:\\b c\"")], "C:\\x", false), &disk());
    let Resolved::NotFound { name, searched } = asks("app/through.exe") else { panic!("no SQLite is there") };
    assert_eq!(name, "sqlite3.dll");
    let folders =
        [&at("app"), "C:\\windows\\system32", "C:\\windows\\system", "C:\\windows", "C:\\x", "C:\\a", "C:\\b c"];
    assert_eq!(searched, folders.map(|folder| format!("{folder}\\sqlite3.dll")));
    // Without the library between, nobody knows whether there is one.
    std::fs::remove_file(dir.join("app/between.dll")).unwrap();
    let Resolved::NotFound { name, .. } = asks("app/through.exe") else { panic!("between.dll is not there") };
    assert_eq!(name, "between.dll");
}

#[test]
fn programs_get_what_wine_gives_them() {
    let Some(gcc) = Compiler::windows() else { return };
    if !Path::new(WINE).exists() || !platforms().join("wine/system.reg").exists() {
        println!("skipped: there is no wine with a prefix; ci/platforms/install makes it");
        return;
    }
    let Tree { dir, _scratch } = tree(&gcc);
    let at = |place: &str| of_wine(&dir.join(place));
    let mut agreed = 0;
    let mut check = |current: &str, path: &str| {
        for program in ["direct", "through"] {
            let path = at(path);
            let ran = Command::new(WINE)
                .arg(dir.join(format!("app/{program}.exe")))
                .env("WINEPREFIX", platforms().join("wine"))
                .envs([("WINEDEBUG", "-all"), ("WINEPATH", &path)])
                .env_remove("DISPLAY")
                .current_dir(dir.join(current))
                .output()
                .unwrap();
            let environment = environment(&[("WINEPATH", &path)], &at(current), true);
            let found = which(&at(&format!("app/{program}.exe")), &environment, &disk());
            match &found {
                Resolved::File(file) => {
                    let places = [("\\path\\", '1'), ("\\current\\", '2'), ("\\app\\", '3')];
                    let place = places.into_iter().find(|(place, _)| file.contains(place));
                    assert_eq!(said(&ran), id(place.expect("one of them").1), "{program} {current} {found:?}");
                }
                _ => assert!(!ran.status.success() && said(&ran).is_empty(), "{program} {current} {found:?}"),
            }
            agreed += 1;
        }
    };
    check("current", "path");
    check("app", "path");
    check("app", "nowhere");
    std::fs::copy(dir.join("apart/sqlite3.dll"), dir.join("app/sqlite3.dll")).unwrap();
    check("current", "path");
    println!("{agreed} questions");
}
