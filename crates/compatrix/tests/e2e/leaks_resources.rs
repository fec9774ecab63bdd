//! `leak-check` with the tool `resources`: what tests leave behind and how they grow, and what of it is no leak.

use serde_json::Value;

use crate::support::{finish, sysroot, Workspace};

const SPEC: &str = "[axis]\nrust = [HERE]\n\n[[suite]]\nname = \"left\"\nkind = \"leak\"\ntool = \"resources\"\n";

#[track_caller]
fn check(spec: &str, tests: &str, code: i32) -> Value {
    let made = Workspace::new(spec).tests(tests);
    let ran = made.run(&["leak-check", "--format", "json"]);
    let json = ran.expect(code).json();
    made.expect_no_processes();
    json
}

fn leaks(json: &Value) -> &Value {
    &json["rows"][0]["record"]["leaks"]
}

/// `test: kind: what` of each finding.
fn found(json: &Value) -> Vec<String> {
    let findings = leaks(json)["findings"].as_array().cloned().unwrap_or_default();
    let text = |finding: &Value, name: &str| finding[name].as_str().unwrap_or("none").to_owned();
    findings.iter().map(|f| format!("{}: {}: {}", text(f, "test"), text(f, "kind"), text(f, "what"))).collect()
}

const LEFT: &str = r#"
use std::fs::{self, File};
use std::mem::forget;
use std::process::{Command, Stdio};
use std::sync::{mpsc, Mutex};
use std::thread;

static KEPT: Mutex<Vec<Vec<u8>>> = Mutex::new(Vec::new());
static BUFFER: Mutex<Vec<u64>> = Mutex::new(Vec::new());

fn child(args: &[&str]) -> Command {
    let mut command = Command::new("sh");
    command.arg("-c").args(args);
    command
}

#[test]
fn file() {
    fs::write(std::env::temp_dir().join("left.txt"), "left").unwrap();
}

#[test]
fn folder() {
    let name = format!(".tmp{:06}", std::process::id() % 1_000_000);
    let dir = std::env::temp_dir().join(name).join("inner");
    fs::create_dir_all(&dir).unwrap();
    fs::write(dir.join("data"), [0; 100]).unwrap();
}

#[test]
fn descriptor() {
    forget(File::open("/dev/null").unwrap());
}

#[test]
fn socket() {
    let (one, other) = std::os::unix::net::UnixStream::pair().unwrap();
    forget((one, other));
}

#[test]
fn blocked_thread() {
    let (send, receive) = mpsc::channel::<u8>();
    forget(send);
    thread::Builder::new().name("waits".into()).spawn(move || receive.recv()).unwrap();
}

#[test]
fn running_child() {
    // Its parent ends first, and it holds the output of the test.
    forget(child(&["sleep 1000"]).spawn().unwrap());
}

#[test]
fn never_waited_for() {
    let mut child = child(&["echo; exit 3"]).stdout(Stdio::piped()).spawn().unwrap();
    let mut said = String::new();
    std::io::Read::read_to_string(child.stdout.as_mut().unwrap(), &mut said).unwrap();
}

#[test]
fn daemon() {
    let daemon = "setsid sleep 1000 < /dev/null > /dev/null 2>&1 & exit 0";
    assert!(child(&[daemon]).status().unwrap().success());
}

#[test]
fn growth() {
    forget(vec![1u8; 77]);
}

#[test]
fn growth_in_a_static() {
    KEPT.lock().unwrap().push(vec![0; 100]);
}

#[test]
fn growth_of_a_buffer() {
    BUFFER.lock().unwrap().push(7);
}

#[test]
fn growth_on_the_error_path() {
    fn parse(text: &'static str) -> Result<u8, &'static str> {
        let block = Box::leak(Box::new([1u8; 33]));
        let parsed = text.parse::<u8>().map_err(|_| "no number")?;
        drop(unsafe { Box::from_raw(block) });
        Ok(parsed)
    }
    assert!(parse("12").is_ok() && parse("x").is_err());
}

#[test]
fn growth_by_a_cycle_in_a_thread() {
    thread::spawn(|| {
        struct Node(#[allow(dead_code)] Mutex<Option<std::sync::Arc<Node>>>);
        let node = std::sync::Arc::new(Node(Mutex::new(None)));
        *node.0.lock().unwrap() = Some(std::sync::Arc::clone(&node));
    })
    .join()
    .unwrap();
}

#[test]
fn leaves_and_fails() {
    fs::write(std::env::temp_dir().join("of-a-failure"), "left").unwrap();
    panic!("on purpose");
}
"#;

#[test]
fn what_tests_leave_behind_is_found_and_told_by_test() {
    let json = check(SPEC, LEFT, 1);
    assert_eq!(leaks(&json)["canary"]["is"], "proven", "{json:#}");
    let expected = [
        "blocked_thread: leftover-thread: leaves the thread `waits` running",
        "daemon: leftover-process: leaves a process running that a child of it started: `sleep`",
        "descriptor: leftover-descriptor: leaves a descriptor open: /dev/null",
        "file: leftover-file: leaves a file in TMPDIR: left.txt",
        "folder: leftover-file: leaves a folder in TMPDIR: .tmp*/",
        "growth: growth: memory grows by 88 bytes with each call",
        "growth_by_a_cycle_in_a_thread: growth: memory grows by",
        "growth_in_a_static: growth: memory grows by",
        "growth_of_a_buffer: growth: memory grows by about",
        "growth_on_the_error_path: growth: memory grows by 40 bytes",
        "leaves_and_fails: leftover-file: leaves a file in TMPDIR: of-a-failure",
        "never_waited_for: leftover-process: never waits for a child process that ended: `sh`",
        "running_child: leftover-process: leaves a child process running: `sh`",
        "socket: leftover-descriptor: leaves a descriptor open: a socket",
    ];
    let mut found = found(&json);
    found.sort();
    assert_eq!(found.len(), expected.len(), "{found:#?}");
    for (found, expected) in found.iter().zip(expected) {
        assert!(found.starts_with(expected), "{found}, not {expected}");
    }
    let findings = leaks(&json)["findings"].as_array().unwrap();
    let of = |test: &str| findings.iter().find(|finding| finding["test"] == test).unwrap();
    assert_eq!((&of("folder")["blocks"], &of("folder")["bytes"]), (&3.into(), &100.into()));
    assert_eq!(of("socket")["blocks"], 2);
    assert!(of("blocked_thread")["related"][0]["what"].as_str().unwrap().starts_with("with it, memory grows by"));
    assert!(of("running_child")["related"][0]["what"].as_str().unwrap().contains("sleep 1000"));
    assert_eq!(json["rows"][0]["record"]["failures"][0]["test"], "leaves_and_fails");
    // The same again, in another process with other names: the same fingerprints.
    let prints = |json: &Value| -> Vec<String> {
        leaks(json)["findings"].as_array().unwrap().iter().map(|f| f["fingerprint"].to_string()).collect()
    };
    assert_eq!(prints(&json), prints(&check(SPEC, LEFT, 1)));
}

const CLEAN: &str = r#"
use std::collections::HashMap;
use std::fs::{self, File};
use std::process::Command;
use std::sync::{mpsc, Mutex, OnceLock};
use std::thread;

static CACHE: OnceLock<Vec<u64>> = OnceLock::new();
static SEEN: Mutex<Vec<u64>> = Mutex::new(Vec::new());
static LAST: Mutex<String> = Mutex::new(String::new());
static FILE: OnceLock<File> = OnceLock::new();
static WORKER: OnceLock<mpsc::Sender<mpsc::Sender<u8>>> = OnceLock::new();

#[test]
fn file_taken_away() {
    let path = std::env::temp_dir().join("x");
    fs::write(&path, "x").unwrap();
    fs::remove_file(path).unwrap();
}

#[test]
fn descriptors_closed() {
    drop(File::open("/dev/null").unwrap());
    drop(std::os::unix::net::UnixStream::pair().unwrap());
}

#[test]
fn threads_joined() {
    let (send, receive) = mpsc::channel();
    let threads: Vec<_> = (0..8).map(|n| { let send = send.clone(); thread::spawn(move || send.send(n)) }).collect();
    drop(send);
    assert_eq!(receive.iter().count(), 8);
    for thread in threads {
        thread.join().unwrap().unwrap();
    }
}

#[test]
fn thread_let_go_that_ends() {
    let (send, receive) = mpsc::channel();
    thread::spawn(move || send.send(1));
    assert_eq!(receive.recv(), Ok(1));
}

#[test]
fn child_waited_for() {
    assert!(Command::new("true").status().unwrap().success());
    let mut child = Command::new("sleep").arg("1000").spawn().unwrap();
    child.kill().unwrap();
    child.wait().unwrap();
}

#[test]
fn cache_filled_once() {
    assert_eq!(CACHE.get_or_init(|| vec![1; 10_000]).len(), 10_000);
}

#[test]
fn buffer_emptied() {
    let mut seen = SEEN.lock().unwrap();
    seen.extend([1; 100]);
    seen.clear();
}

#[test]
fn value_of_random_size() {
    let size = HashMap::<u8, u8>::new().hasher().clone();
    let size = std::hash::BuildHasher::hash_one(&size, 7) % 4000;
    *LAST.lock().unwrap() = "x".repeat(size as usize);
}

#[test]
fn static_file_and_worker() {
    FILE.get_or_init(|| File::open("/dev/zero").unwrap());
    let worker = WORKER.get_or_init(|| {
        let (send, receive) = mpsc::channel::<mpsc::Sender<u8>>();
        let serve = move || receive.iter().for_each(|reply| reply.send(7).unwrap());
        thread::Builder::new().name("worker".into()).spawn(serve).unwrap();
        send
    });
    let (send, receive) = mpsc::channel();
    worker.send(send).unwrap();
    assert_eq!(receive.recv(), Ok(7));
}

#[test]
fn prints_a_lot() {
    for n in 0..1000 {
        println!("{n}");
        eprintln!("{n}");
    }
}

#[test]
#[should_panic]
fn panics_as_it_should() {
    let _kept = vec![1u8; 1000];
    panic!("{}", "on purpose ".repeat(100));
}

#[test]
fn sees_a_plain_environment() {
    for (name, value) in std::env::vars() {
        assert!(!name.starts_with("COMPATRIX_LOOK") && !value.contains("libcompatrix-look"), "{name}={value}");
    }
    let said = Command::new("sh").args(["-c", "echo $LD_PRELOAD$LD_LIBRARY_PATH$GLIBC_TUNABLES"]).output().unwrap();
    assert_eq!(String::from_utf8(said.stdout).unwrap(), "\n");
}

#[test]
fn works_only_once() {
    static AGAIN: OnceLock<()> = OnceLock::new();
    assert!(AGAIN.set(()).is_ok(), "called twice");
}

#[test]
fn waits_for_ever_the_second_time() {
    static DONE: Mutex<bool> = Mutex::new(false);
    let mut done = DONE.lock().unwrap();
    while *done {
        thread::sleep(std::time::Duration::from_secs(1));
    }
    *done = true;
}
"#;

#[test]
fn clean_tests_are_clean() {
    let json = check(&format!("{SPEC}timeout = \"10s\"\n"), CLEAN, 0);
    assert_eq!(found(&json), [""; 0], "{json:#}");
    assert_eq!(leaks(&json)["ran"], 14);
    let notes: Vec<&str> = leaks(&json)["notes"].as_array().unwrap().iter().map(|n| n.as_str().unwrap()).collect();
    let expected = [
        "it::static_file_and_worker keeps a descriptor of /dev/zero open",
        "it::static_file_and_worker keeps the thread `worker`",
        "it::waits_for_ever_the_second_time: whether memory grows is not judged: 12 calls took longer than the time limit",
        "it::works_only_once: whether memory grows is not judged: its call 2 in one process did not end well",
    ];
    assert_eq!(notes.len(), expected.len(), "{notes:#?}");
    for (note, expected) in notes.iter().zip(expected) {
        assert!(note.starts_with(expected), "{note}, not {expected}");
    }
}

#[test]
fn tests_that_end_badly_have_a_plain_outcome() {
    let tests = "
        #[test]
        fn a_aborts() { std::process::abort(); }

        #[test]
        fn b_exits() { std::process::exit(0); }

        #[test]
        fn c_waits_for_ever() { loop { std::thread::sleep(std::time::Duration::from_secs(1)); } }

        #[test]
        fn d_leaves() { std::fs::write(std::env::temp_dir().join(\"left\"), \"\").unwrap(); }
    ";
    let json = check(&format!("{SPEC}timeout = \"5s\"\n"), tests, 1);
    let failures = json["rows"][0]["record"]["failures"].as_array().unwrap();
    let failed: Vec<&str> = failures.iter().map(|failure| failure["test"].as_str().unwrap()).collect();
    assert_eq!(failed, ["a_aborts", "b_exits", "c_waits_for_ever"], "{json:#}");
    assert_eq!(found(&json), ["d_leaves: leftover-file: leaves a file in TMPDIR: left"], "{json:#}");
    assert_eq!(json["rows"][0]["record"]["outcome"], "timed-out");
}

#[test]
fn without_repetition_growth_is_not_looked_for() {
    let json = check(&format!("{SPEC}repeat = 0\n"), "#[test]\nfn grows() { std::mem::forget(vec![1u8; 77]); }\n", 0);
    assert_eq!(leaks(&json)["canary"]["is"], "proven", "{json:#}");
    assert_eq!(found(&json), [""; 0]);
}

const ONE_LEFT: &str = "
    #[test]
    fn grows() { std::mem::forget(vec![1u8; 77]); }

    #[test]
    fn leaves() { std::fs::write(std::env::temp_dir().join(\"left\"), \"\").unwrap(); }
";

#[test]
fn executables_that_cannot_be_looked_into_are_no_clean_ones() {
    let made = Workspace::new(SPEC).tests(ONE_LEFT);
    let flags = |flags: &str| made.write(".cargo/config.toml", format!("[build]\nrustflags = [{flags}]\n"));
    // Without symbols nobody can call the harness again; the rest is seen.
    flags("\"-C\", \"strip=symbols\"");
    let json = made.run(&["leak-check", "--format", "json"]).expect(1).json();
    assert_eq!(found(&json), ["leaves: leftover-file: leaves a file in TMPDIR: left"], "{json:#}");
    let note = leaks(&json)["notes"][0].as_str().unwrap();
    assert!(note.ends_with("the executable has no symbol of its test harness (is it stripped?)"), "{note}");
    flags("\"-C\", \"symbol-mangling-version=v0\"");
    let json = made.run(&["leak-check", "--format", "json"]).expect(1).json();
    assert_eq!(found(&json).len(), 2, "{json:#}");
    flags("\"-C\", \"target-feature=+crt-static\"");
    made.run(&["leak-check"]).expect(3).prints(&["could not be loaded; a static executable loads nothing"]);
}

#[test]
fn an_allocator_of_its_own_hides_growth_and_that_is_said() {
    let allocator = "
        struct Own;
        static NEXT: std::sync::atomic::AtomicUsize = std::sync::atomic::AtomicUsize::new(0);
        static mut HEAP: [u128; 1 << 20] = [0; 1 << 20];

        unsafe impl std::alloc::GlobalAlloc for Own {
            unsafe fn alloc(&self, layout: std::alloc::Layout) -> *mut u8 {
                let blocks = layout.size().max(layout.align()) / 16 + 1;
                let at = NEXT.fetch_add(blocks * 2, std::sync::atomic::Ordering::SeqCst);
                let start = unsafe { (&raw mut HEAP as *mut u8).add(at * 16) };
                unsafe { start.add(start.align_offset(layout.align())) }
            }
            unsafe fn dealloc(&self, _: *mut u8, _: std::alloc::Layout) {}
        }

        #[global_allocator]
        static ALLOCATOR: Own = Own;
    ";
    let json = check(SPEC, &format!("{allocator}{ONE_LEFT}"), 1);
    assert_eq!(found(&json), ["leaves: leftover-file: leaves a file in TMPDIR: left"], "{json:#}");
    let note = leaks(&json)["notes"][0].as_str().unwrap();
    assert!(note.ends_with("not judged: the executable has an allocator of its own"), "{note}");
}

#[test]
fn without_a_c_compiler_or_glibc_its_cells_are_unproven() {
    let made = Workspace::new(SPEC).tests(ONE_LEFT);
    let bin = made.path("../without");
    std::fs::create_dir_all(&bin).unwrap();
    std::os::unix::fs::symlink(format!("{}/bin/cargo", sysroot()), bin.join("cargo")).unwrap();
    let run = |says: &str| {
        let mut command = made.command(&["leak-check"]);
        command.env("PATH", &bin);
        finish(command).expect(0).prints(&[says]);
    };
    run("the C library is not glibc");
    std::os::unix::fs::symlink("/usr/bin/getconf", bin.join("getconf")).unwrap();
    run("no C compiler (`cc`); `apt-get install gcc` or its like installs one");
}
