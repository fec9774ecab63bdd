//! Made-up process tables.

use std::path::Path;

use super::*;

fn write(root: &Path, path: &str, text: &[u8]) {
    let path = root.join(path);
    crate::sys::files::make_dir(path.parent().unwrap()).unwrap();
    crate::sys::files::write(&path, text).unwrap();
}

#[test]
fn a_process_is_read_whatever_its_name() {
    let root = tempfile::tempdir().unwrap();
    let processes = Processes::under(root.path(), 100, 4096);
    let rest = b" S 7 8 8 0 -1 4194560 100 0 0 0 11 4 5 2 20 0 3 0 987654 2580480 210 18446744073709551615 1 1\n";
    let expected =
        Process { parent: 7, group: 8, cpu: Duration::from_millis(220), started: 987_654, memory: 210 * 4096 };
    for name in [&b"(cat)"[..], b"(a) R 1 1 (b)", b"(\xff\xfe)", b"()"] {
        write(root.path(), "42/stat", &[b"42 ", name, rest].concat());
        assert_eq!(processes.process(42), Some(expected), "{name:?}");
    }
    for garbage in [&b""[..], b"42", b"42 (cat)", b"42 (cat) S 7", b"42 (cat) S x y z", b"\0\0"] {
        write(root.path(), "42/stat", garbage);
        assert_eq!(processes.process(42), None, "{garbage:?}");
    }
    assert_eq!(processes.process(43), None);
}

#[test]
fn files_that_are_absent_or_garbage_say_nothing() {
    let root = tempfile::tempdir().unwrap();
    let processes = Processes::under(root.path(), 100, 4096);
    assert_eq!((processes.all(), processes.last(), processes.machine()), (vec![], None, None));
    assert_eq!((processes.thread_times(1), processes.peak_memory(1)), (vec![], None));

    write(root.path(), "1/task/1/schedstat", b"1000000 3000000 17\n");
    write(root.path(), "1/task/2/schedstat", b"garbage\n");
    write(root.path(), "1/task/3/schedstat", b"5\n");
    write(root.path(), "1/task/4/stat", b"no times\n");
    let time = ThreadTime { ran: Duration::from_millis(1), waited: Duration::from_millis(3) };
    assert_eq!(processes.thread_times(1), [(1, time)]);

    write(root.path(), "1/status", b"Name:\tx\nVmHWM:\t    2048 kB\nVmRSS:\t 1 kB\n");
    assert_eq!(processes.peak_memory(1), Some(2 << 20));
    write(root.path(), "1/status", b"Name:\tkthread\n");
    assert_eq!(processes.peak_memory(1), None);

    write(root.path(), "sys/kernel", b"");
    assert_eq!(processes.all(), [1]);

    for (loadavg, last) in [("0.63 0.95 2.01 1/234 13346\n", Some(13346)), ("0 0 0 0/0 0\n", None), ("x", None)] {
        write(root.path(), "loadavg", loadavg.as_bytes());
        assert_eq!(processes.last(), last, "{loadavg}");
    }
    let time =
        |used, stolen| Some(MachineTime { used: Duration::from_millis(used), stolen: Duration::from_millis(stolen) });
    let table = [
        ("cpu  100 20 30 1000 50 4 6 7 9 9\ncpu0 1 1 1 1\n", time(1600, 70)),
        ("cpu  100 20 30 1000\n", time(1500, 0)),
        ("cpu  1 2\n", None),
        ("cpu0 100 20 30 1000\n", None),
    ];
    for (stat, expected) in table {
        write(root.path(), "stat", stat.as_bytes());
        assert_eq!(processes.machine(), expected, "{stat}");
    }
}
