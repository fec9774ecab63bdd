//! dyld's order. No dyld is here to be asked: what is expected is by its documentation.

use std::path::{Path, PathBuf};

use compatrix_binary::load::{Environment, Loader, Resolved};

use crate::formats::universal;
use crate::support::{object, sqlite, text, variables, which, Compiler, Disk, ASKS, ASKS_BETWEEN, BETWEEN};

struct Mac {
    _scratch: tempfile::TempDir,
    dir: PathBuf,
    clang: Compiler,
}

fn mac() -> Option<Mac> {
    let clang = Compiler::zig("aarch64-macos")?;
    let scratch = tempfile::tempdir().unwrap();
    let dir = scratch.path().canonicalize().unwrap();
    Some(Mac { _scratch: scratch, dir, clang })
}

impl Mac {
    fn dylib(&self, place: &str, digit: char, install_name: &str) -> String {
        let name = format!("-Wl,-install_name,{install_name}");
        let made = self.clang.make(
            &self.dir,
            &format!("{place}/libsqlite3.dylib"),
            &sqlite("3.46.0", digit),
            &["-shared", &name],
        );
        text(&made)
    }

    fn program(&self, name: &str, source: &str, args: &[&str]) -> String {
        text(&self.clang.make(&self.dir, name, source, args))
    }

    fn at(&self, place: &str) -> String {
        text(&self.dir.join(place))
    }

    fn asks(&self, program: &str, set: &[(&str, &str)]) -> Resolved {
        let environment =
            Environment { variables: variables(set), current: self.at("current"), ..Environment::default() };
        which(program, &environment, &Disk::here())
    }
}

#[test]
fn the_first_rpath_that_has_a_loadable_file_wins() {
    let Some(mac) = mac() else { return };
    let planned = mac.dylib("planned", '1', "@rpath/libsqlite3.dylib");
    let folder = format!("-Wl,-rpath,{}", mac.at("planned"));
    let args = ["planned/libsqlite3.dylib", "-Wl,-rpath,@executable_path/first", &folder];
    let program = mac.program("app/program", ASKS, &args);
    assert_eq!(Loader::of(&object(&program, &Disk::here()).binary), Loader::Dyld);
    assert_eq!(mac.asks(&program, &[]), Resolved::File(planned.clone()));
    // A lie earlier in the rpath.
    let planted = mac.dylib("app/first", '2', "@rpath/libsqlite3.dylib");
    assert_eq!(mac.asks(&program, &[]), Resolved::File(planted.clone()));
    // What dyld cannot load it passes over: another machine, no library.
    let other = Compiler::zig("x86_64-macos").unwrap();
    let other = other.make(&mac.dir, "x86/libsqlite3.dylib", &sqlite("3.46.0", '3'), &["-shared"]);
    std::fs::copy(&other, &planted).unwrap();
    assert_eq!(mac.asks(&program, &[]), Resolved::File(planned.clone()));
    std::fs::write(&planted, "no library").unwrap();
    assert_eq!(mac.asks(&program, &[]), Resolved::File(planned.clone()));
    // A universal file has a slice for it.
    let slices = [("x86_64", std::fs::read(&other).unwrap()), ("aarch64", std::fs::read(&planned).unwrap())];
    std::fs::write(&planted, universal(&slices)).unwrap();
    assert_eq!(mac.asks(&program, &[]), Resolved::File(planted));
    // A variable goes before all.
    let led = mac.dylib("led", '4', "/elsewhere/libsqlite3.dylib");
    assert_eq!(mac.asks(&program, &[("DYLD_LIBRARY_PATH", &mac.at("led"))]), Resolved::File(led));
}

#[test]
fn a_library_that_is_missing_is_the_system_s_by_the_fallback() {
    let Some(mac) = mac() else { return };
    let planned = mac.dylib("planned", '1', "@rpath/libsqlite3.dylib");
    let program = mac.program("program", ASKS, &["planned/libsqlite3.dylib", "-Wl,-rpath,@loader_path/nowhere"]);
    std::fs::remove_file(&planned).unwrap();
    // Nobody planned it: it is found by its name in /usr/lib.
    assert_eq!(mac.asks(&program, &[]), Resolved::SharedCache("/usr/lib/libsqlite3.dylib".to_owned()));
    let elsewhere = mac.asks(&program, &[("DYLD_FALLBACK_LIBRARY_PATH", "/nowhere")]);
    let Resolved::NotFound { name, searched } = elsewhere else { panic!("{elsewhere:?}") };
    assert_eq!(name, "@rpath/libsqlite3.dylib");
    assert_eq!(searched, [mac.at("nowhere/libsqlite3.dylib"), "/nowhere/libsqlite3.dylib".to_owned()]);
}

#[test]
fn the_system_s_library_is_in_the_shared_cache() {
    let Some(mac) = mac() else { return };
    mac.dylib("planned", '1', "/usr/lib/libsqlite3.dylib");
    let program = mac.program("program", ASKS, &["planned/libsqlite3.dylib"]);
    assert_eq!(mac.asks(&program, &[]), Resolved::SharedCache("/usr/lib/libsqlite3.dylib".to_owned()));
    let plain = mac.program("plain", "int main(void) { return 0; }", &[]);
    assert_eq!(mac.asks(&plain, &[]), Resolved::NotNeeded);
}

#[test]
fn the_rpaths_of_all_that_asked_count_from_the_inside() {
    let Some(mac) = mac() else { return };
    let outer = mac.dylib("outer", '1', "@rpath/libsqlite3.dylib");
    let inner = mac.dylib("lib/inner", '2', "@rpath/libsqlite3.dylib");
    let between = [
        "-shared",
        "-Wl,-install_name,@executable_path/lib/libbetween.dylib",
        "outer/libsqlite3.dylib",
        "-Wl,-rpath,@loader_path/inner",
    ];
    mac.program("lib/libbetween.dylib", BETWEEN, &between);
    let program = mac.program("program", ASKS_BETWEEN, &["lib/libbetween.dylib", "-Wl,-rpath,@executable_path/outer"]);
    assert_eq!(mac.asks(&program, &[]), Resolved::File(inner.clone()));
    std::fs::remove_file(inner).unwrap();
    assert_eq!(mac.asks(&program, &[]), Resolved::File(outer));
    std::fs::remove_file(Path::new(&mac.at("lib/libbetween.dylib"))).unwrap();
    let Resolved::NotFound { name, .. } = mac.asks(&program, &[]) else { panic!("what brings it is not there") };
    assert_eq!(name, "@executable_path/lib/libbetween.dylib");
}
