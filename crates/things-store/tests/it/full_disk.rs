//! No room for a batch: a typed error, and the database as it was. On a disk that is full, and for a process that may write no
//! more.

use crate::support::{healthy, now, plant, today, Case, Plant};
use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use std::{env, fs};
use things_store::{Batch, Change, Error, Query, Store, TaskId};

/// Set in the process that has no room: the database to change.
const DATABASE: &str = "THINGS_STORE_NO_ROOM";
/// Set as well where room can be made: a file that takes the rest of the disk.
const FILLER: &str = "THINGS_STORE_FILLER";

fn everything_to_the_trash(store: &Store) -> Batch {
    let mut batch = Batch::new(now(), today());
    batch.extend(store.tasks(&Query::all()).unwrap().into_iter().map(|task| (task.id, Change::Trash)));
    batch
}

/// Runs `test` of this executable by `script`, in which `"$@"` is the test.
fn elsewhere(script: &str, test: &str, settings: &[(&str, &Path)]) -> Output {
    let test = format!("{}::{test}", module_path!().split_once("::").unwrap().1);
    let mut child = Command::new("sh");
    child.args(["-c", script, "sh"]).arg(env::current_exe().unwrap()).args(["--exact", &test, "--nocapture"]);
    child.envs(settings.iter().copied()).output().unwrap()
}

fn settled(case: &Case) {
    case.settle();
    plant(&case.raw(), case.vintage(), &[Plant::default()]);
}

#[test]
fn a_process_that_may_write_no_more() {
    if let Some(path) = env::var_os(DATABASE) {
        let mut store = Store::open_read_write(path).unwrap();
        let batch = everything_to_the_trash(&store);
        match store.apply(&batch) {
            Err(Error::Io { code, .. }) => println!("code {code}"),
            other => panic!("{other:?}"),
        }
        // The connection is as good as before.
        assert!(store.task(&TaskId::from("planted/x")).unwrap().is_some());
        return;
    }
    healthy(|case| {
        settled(case);
        let before = case.bytes();
        let script = "trap '' XFSZ; ulimit -f 0; exec \"$@\"";
        let output = elsewhere(script, "a_process_that_may_write_no_more", &[(DATABASE, case.path())]);
        let text = String::from_utf8_lossy(&output.stdout);
        assert!(output.status.success() && text.contains("code "), "{}: {output:?}", case.name);
        assert!(case.bytes() == before, "{}", case.name);
        let mut store = case.open_read_write();
        let batch = everything_to_the_trash(&store);
        assert_eq!(store.apply(&batch).unwrap().changes, batch.len(), "{}", case.name);
    });
}

/// On a small disk of its own, where the system lets this user make one.
#[test]
fn a_disk_that_is_full() {
    if let (Some(path), Some(filler)) = (env::var_os(DATABASE).map(PathBuf::from), env::var_os(FILLER)) {
        let mut store = Store::open_read_write(&path).unwrap();
        let batch = everything_to_the_trash(&store);
        let before = fs::read(&path).unwrap();
        let error = store.apply(&batch).unwrap_err();
        assert!(matches!(error, Error::DiskFull { .. }), "{error:?}");
        assert!(fs::read(&path).unwrap() == before);
        fs::remove_file(filler).unwrap();
        assert_eq!(store.apply(&batch).unwrap().changes, batch.len());
        println!("refused, then applied");
        return;
    }
    healthy(|case| {
        settled(case);
        let disk = case.temp.join("disk");
        fs::create_dir(&disk).unwrap();
        // 77 says that no disk could be made; `dd` ends when the disk is full.
        let script = format!(
            "mount -t tmpfs -o size=64m none {disk} 2>&1 && cp {from} {disk}/main.sqlite || exit 77; \
             dd if=/dev/zero of={disk}/filler bs=4k 2>/dev/null; exec \"$@\"",
            disk = disk.display(),
            from = case.path().display()
        );
        let script = format!("unshare -rm sh -c '{script}' sh \"$@\" || exit $?");
        let (database, filler) = (disk.join("main.sqlite"), disk.join("filler"));
        let output = elsewhere(&script, "a_disk_that_is_full", &[(DATABASE, &database), (FILLER, &filler)]);
        let text = String::from_utf8_lossy(&output.stdout);
        match output.status.code() {
            Some(0) => assert!(text.contains("refused, then applied"), "{}: {output:?}", case.name),
            Some(1 | 77 | 127) if !text.contains("running") => {
                eprintln!("{}: skipped, no disk of its own: {output:?}", case.name)
            }
            _ => panic!("{}: {output:?}", case.name),
        }
    });
}
