//! Tests that need no test executable; the others are end-to-end tests.

use super::*;
use crate::sys::os::env;

#[test]
fn the_harness_is_known_by_both_ways_to_mangle_names() {
    for symbol in
        ["_ZN2it4main17h0123456789abcdefE", "_RNvCs1234_2it4main", "_RNvC2it4main", "_RNvCs1_2it4main.llvm.77"]
    {
        assert!(is_main_of(symbol.as_bytes(), "it"), "{symbol}");
    }
    for symbol in [
        "main",
        "_ZN2it4main17h0123456789abcdeE",
        "_ZN2it4main28_$u7b$$u7b$closure$u7d$$u7d$17h0123456789abcdefE",
        "_ZN2it3sub4main17h0123456789abcdefE",
        "_ZN3bit4main17h0123456789abcdefE",
        "_RNvNtCs1234_2it3sub4main",
        "_RNCNvCs1234_2it4main0B3_",
    ] {
        assert!(!is_main_of(symbol.as_bytes(), "it"), "{symbol}");
    }
    assert!(is_main_of(b"_RNvCs1_3__it4main", "_it"));
}

#[test]
fn what_the_environment_was_before_is_handed_on() {
    let both = |ours: &str, theirs: &str| format!("{ours}{}{theirs}", env::SEPARATOR);
    let plain = Command::new("test", "/");
    let look = |command: Command, task| with_look(command, Path::new("/a b"), Path::new("/r"), &task).env;
    let env = look(plain.clone(), LookTask::Look);
    let get = |name: &str| env.get(name).map(String::as_str);
    assert_eq!((get("LD_PRELOAD"), get(env::LIBRARY_PATH)), (Some(LOOK.name), Some("/a b")));
    assert_eq!((get("COMPATRIX_LOOK_PRELOAD"), get("GLIBC_TUNABLES")), (Some(""), None));
    let theirs = plain.env("LD_PRELOAD", "x.so").env(env::LIBRARY_PATH, "/x").env("GLIBC_TUNABLES", "a=1");
    let env = look(theirs, LookTask::Repeat { harness: 7, calls: 12 });
    let get = |name: &str| env[name].as_str();
    assert_eq!((get("LD_PRELOAD"), get("COMPATRIX_LOOK_PRELOAD")), (both(LOOK.name, "x.so").as_str(), "x.so"));
    assert_eq!((get(env::LIBRARY_PATH), get("COMPATRIX_LOOK_PATH")), (both("/a b", "/x").as_str(), "/x"));
    assert_eq!(get("GLIBC_TUNABLES"), "a=1:glibc.pthread.stack_cache_size=0");
    assert_eq!((get("COMPATRIX_LOOK_TUNABLES"), get("COMPATRIX_LOOK_CALLS")), ("a=1", "12"));
}

#[test]
#[cfg(unix)] // a link to nothing
fn what_is_left_in_a_folder_is_told_by_its_first_name() {
    let dir = tempfile::tempdir().unwrap();
    files::write(&dir.path().join("a/b/c"), b"12345").unwrap();
    files::write(&dir.path().join("x"), b"1").unwrap();
    files::symlink("nowhere", &dir.path().join("y")).unwrap();
    let left = left_files(dir.path()).unwrap();
    let said: Vec<_> = left.iter().map(|file| (file.name.as_str(), file.folder, file.below)).collect();
    assert_eq!(said, [("a", true, 2), ("x", false, 0), ("y", false, 0)]);
    assert_eq!(left[0].bytes, 5);
    assert!(left_files(&dir.path().join("not there")).unwrap().is_empty());
}

#[test]
#[cfg(unix)] // a program to start
fn there_is_time_for_as_many_calls_as_the_limit_counts() {
    let supervisor = crate::sys::supervisor::Supervisor::new("test of calls");
    let mut first = Command::new("/bin/sh", "/").args(["-c", ":"]).run(&supervisor).unwrap();
    first.wall = Duration::from_secs(5);
    for (had, calls) in [(250, 60), (5000, 3), (0, 15_000)] {
        first.had = Duration::from_millis(had);
        assert_eq!(most_calls(Duration::from_secs(15), &first), calls, "{had} ms");
    }
}

/// A program with the library in it, which asks about processes that it has just started.
#[cfg(all(target_os = "linux", target_env = "gnu"))] // as the library
const JUST_STARTED: &str = "
#include <signal.h>
#include <spawn.h>
#include <sys/wait.h>
int main(void) {
  strcpy(mark, MARK \"it\");
  int missed = 0;
  for (int n = 0; n < 200; n++) {
    pid_t pid;
    char *words[] = {\"sleep\", \"600\", NULL}, *ours[] = {mark, NULL}, *none[] = {NULL};
    int is_ours = n % 10 > 0;
    if (posix_spawn(&pid, \"/bin/sleep\", NULL, NULL, words, is_ours ? ours : none)) return 2;
    missed += is_marked(pid) != is_ours;
    kill(pid, SIGKILL);
    waitpid(pid, NULL, 0);
  }
  return missed > 0;
}
";

#[test]
#[cfg(all(target_os = "linux", target_env = "gnu"))] // as the library
fn a_process_that_a_test_has_just_started_is_known_as_its_own() {
    let dir = tempfile::tempdir().unwrap();
    let (source, program) = (dir.path().join("it.c"), dir.path().join("it"));
    files::write(&source, format!("{}{JUST_STARTED}", LOOK.source).as_bytes()).unwrap();
    let supervisor = crate::sys::supervisor::Supervisor::new("test of a mark");
    let run = |program: &str, args: &[&str]| {
        let command = Command::new(program, dir.path()).args(args.iter().copied()).env("PATH", "/usr/bin:/bin");
        let finished = command.run(&supervisor).unwrap();
        assert!(finished.status.success(), "{program}: {} {}", finished.status, finished.stderr.text());
    };
    run("cc", &[&*source.to_string_lossy(), "-o", &program.to_string_lossy(), "-ldl"]);
    run(&program.to_string_lossy(), &[]);
}
