//! Databases in WAL mode where nothing can be written beside them: read as they are, if all of them is in their file.

use crate::support::{has, healthy, plant, Case, Plant};
use std::fs;
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};
use things_store::{Access, Error, ErrorKind, OpenOptions, Query, Store};

const PLANTED: &str = "planted/x";

/// A copy in WAL mode, without a log, called `copy.sqlite`. Neither of the files that SQLite would put beside it can be
/// made, as in a folder that may not be written to; this holds for root too.
fn copy(case: &Case) -> PathBuf {
    plant(&case.raw(), case.vintage(), &[Plant::default()]);
    let mode: String = case.raw().query_row("PRAGMA journal_mode = WAL", [], |row| row.get(0)).unwrap();
    assert_eq!(mode, "wal");
    let copy = case.temp.join("copy.sqlite");
    fs::copy(case.path(), &copy).unwrap();
    for suffix in ["-wal", "-shm"] {
        symlink(case.temp.join("no/such/folder"), beside(&copy, suffix)).unwrap();
    }
    copy
}

fn beside(path: &Path, suffix: &str) -> PathBuf {
    PathBuf::from(format!("{}{suffix}", path.display()))
}

#[test]
fn all_that_is_in_the_file_is_read() {
    healthy(|case| {
        let copy = copy(case);
        let before = fs::read(&copy).unwrap();
        let store = Store::open(&copy).unwrap();
        assert!(store.is_frozen(), "{}", case.name);
        assert_eq!((store.vintage(), store.access()), (case.vintage(), Access::ReadOnly));
        assert!(has(&store.anytime().unwrap(), PLANTED));
        assert_eq!(store.tasks(&Query::all()).unwrap(), case.open().tasks(&Query::all()).unwrap(), "{}", case.name);
        let mut stream = store.stream(&Query::all()).unwrap();
        assert!(stream.tasks().unwrap().all(|task| task.is_ok()));
        store.verify().unwrap();
        drop(stream);
        drop(store);
        assert!(fs::read(&copy).unwrap() == before, "{}", case.name);
        assert!(!case.open().is_frozen(), "{}: only where it must be", case.name);
    });
}

#[test]
fn a_name_may_hold_what_means_something_in_a_uri() {
    healthy(|case| {
        let from = copy(case);
        let odd = case.temp.join("50% of a#b?immutable=0&mode=rwc é 漢字.sqlite");
        fs::rename(from, &odd).unwrap();
        for suffix in ["-wal", "-shm"] {
            symlink(case.temp.join("no/such/folder"), beside(&odd, suffix)).unwrap();
        }
        assert!(has(&Store::open(&odd).unwrap().anytime().unwrap(), PLANTED), "{}", case.name);
    });
}

#[test]
fn a_log_that_cannot_be_read_is_not_passed_over() {
    healthy(|case| {
        let copy = copy(case);
        let log = beside(&copy, "-wal");
        fs::remove_file(&log).unwrap();
        fs::write(&log, "committed, perhaps").unwrap();
        let error = Store::open(&copy).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::CannotOpen, "{}: {error}", case.name);
        // Without content it holds nothing back.
        fs::write(&log, "").unwrap();
        assert!(has(&Store::open(&copy).unwrap().anytime().unwrap(), PLANTED), "{}", case.name);
    });
}

#[test]
fn a_log_is_beside_the_file_and_not_beside_a_link_to_it() {
    healthy(|case| {
        let copy = copy(case);
        let folder = case.temp.join("links");
        fs::create_dir(&folder).unwrap();
        let link = folder.join("link.sqlite");
        symlink(&copy, &link).unwrap();
        let store = Store::open(&link).unwrap();
        assert!(store.is_frozen() && has(&store.anytime().unwrap(), PLANTED), "{}", case.name);
        let log = beside(&copy, "-wal");
        fs::remove_file(&log).unwrap();
        fs::write(&log, "committed, perhaps").unwrap();
        assert!(matches!(store.anytime(), Err(Error::Replaced { .. })), "{}", case.name);
        let error = Store::open(&link).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::CannotOpen, "{}: {error}", case.name);
    });
}

#[test]
fn it_is_not_opened_for_changes() {
    healthy(|case| {
        let copy = copy(case);
        let error = Store::open_read_write(&copy).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::CannotOpen, "{}: {error}", case.name);
    });
}

#[test]
fn what_somebody_writes_after_all_is_an_error_of_the_next_read() {
    healthy(|case| {
        let copy = copy(case);
        let is_replaced = |store: &Store| {
            [store.inbox().map(drop), store.count(&Query::all()).map(drop), store.areas().map(drop)]
                .iter()
                .all(|result| matches!(result, Err(Error::Replaced { .. })))
        };
        let store = Store::open(&copy).unwrap();
        let snapshot = store.snapshot().unwrap();
        let log = beside(&copy, "-wal");
        fs::remove_file(&log).unwrap();
        fs::write(&log, "a commit").unwrap();
        assert!(is_replaced(&store), "{}: a log", case.name);
        assert!(matches!(snapshot.inbox(), Err(Error::Replaced { .. })), "{}: nothing protects its state", case.name);
        drop(snapshot);
        fs::remove_file(&log).unwrap();
        store.inbox().unwrap();
        let mut bytes = fs::read(&copy).unwrap();
        bytes.extend([0; 4096]);
        fs::write(&copy, bytes).unwrap();
        assert!(is_replaced(&store), "{}: another length", case.name);
        assert!(matches!(store.snapshot(), Err(Error::Replaced { .. })), "{}", case.name);
    });
}

#[test]
fn a_stream_ends_with_an_error_when_somebody_writes() {
    healthy(|case| {
        let more = [Plant { id: "planted/y", ..Plant::default() }, Plant { id: "planted/z", ..Plant::default() }];
        plant(&case.raw(), case.vintage(), &more);
        let copy = copy(case);
        let store = Store::open(&copy).unwrap();
        let mut stream = store.stream(&Query::all()).unwrap();
        let mut tasks = stream.tasks().unwrap();
        assert!(tasks.next().unwrap().is_ok());
        let log = beside(&copy, "-wal");
        fs::remove_file(&log).unwrap();
        fs::write(&log, "a commit").unwrap();
        assert!(matches!(tasks.next(), Some(Err(Error::Replaced { .. }))), "{}", case.name);
        assert!(tasks.next().is_none());
    });
}

#[test]
fn an_unknown_version_in_such_a_place_is_refused_for_its_version() {
    healthy(|case| {
        case.execute("UPDATE \"Meta\" SET \"value\" = '<plist><integer>99</integer></plist>'");
        let copy = copy(case);
        let error = Store::open(&copy).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::UnknownVintage, "{}: {error}", case.name);
        let store = OpenOptions::new().best_effort(true).open(&copy, Access::ReadOnly).unwrap();
        assert!(store.is_frozen() && store.is_best_effort(), "{}", case.name);
    });
}

/// With a folder that may really not be written to. Root may write everywhere, so as root the test calls itself as somebody
/// else.
#[cfg(target_os = "linux")]
#[test]
fn a_folder_that_may_not_be_written_to() {
    use std::os::unix::fs::{MetadataExt, PermissionsExt};
    use std::os::unix::process::CommandExt;

    const FOLDER: &str = "THINGS_STORE_FROZEN";
    let set_mode = |path: &Path, mode| fs::set_permissions(path, fs::Permissions::from_mode(mode)).unwrap();
    let reads = |folder: &Path| {
        let store = Store::open(folder.join("main.sqlite")).unwrap();
        assert!(store.is_frozen() && has(&store.anytime().unwrap(), PLANTED));
        assert_eq!(fs::read_dir(folder).unwrap().count(), 1, "nothing was made");
    };
    if let Some(folder) = std::env::var_os(FOLDER) {
        return reads(Path::new(&folder));
    }
    healthy(|case| {
        let folder = case.temp.join("folder");
        fs::create_dir(&folder).unwrap();
        fs::rename(copy(case), folder.join("main.sqlite")).unwrap();
        set_mode(&folder.join("main.sqlite"), 0o444);
        set_mode(&folder, 0o555);
        if fs::metadata("/proc/self").unwrap().uid() == 0 {
            // A copy, because others may not look into the folder of the original.
            let program = case.temp.join("program");
            fs::copy(std::env::current_exe().unwrap(), &program).unwrap();
            set_mode(&program, 0o755);
            set_mode(case.temp.path(), 0o755);
            let may_enter = |dir: &Path| matches!(fs::metadata(dir), Ok(dir) if dir.mode() & 0o001 != 0);
            if let Some(closed) = folder.ancestors().skip(1).find(|dir| !may_enter(dir)) {
                eprintln!("skipped: another user may not enter {}, where this test makes its files", closed.display());
                return set_mode(&folder, 0o755);
            }
            let test = concat!(module_path!(), "::a_folder_that_may_not_be_written_to");
            let test = test.split_once("::").unwrap().1;
            let mut child = std::process::Command::new(program);
            let output = child.args(["--exact", test]).env(FOLDER, &folder).uid(65_534).gid(65_534).output().unwrap();
            let text = String::from_utf8_lossy(&output.stdout);
            assert!(output.status.success() && text.contains("1 passed"), "{}: {output:?}", case.name);
        } else {
            reads(&folder);
        }
        set_mode(&folder, 0o755);
    });
}
