//! Processes: exit, output, leftovers.

use super::*;
use crate::sys::enclosure::PATH;

fn shell(script: &str) -> Command {
    Command::new("/bin/sh", "/").args(["-c", script]).env("PATH", "/usr/bin:/bin")
}

fn run(command: &Command) -> Finished {
    command.run(&Supervisor::new(&format!("test {:?}", std::thread::current().id()))).expect("runs")
}

#[test]
fn output_and_status_come_back() {
    let finished = run(&shell("echo out; echo err >&2; exit 3"));
    assert_eq!(finished.stdout.text(), "out\n");
    assert_eq!(finished.stderr.text(), "err\n");
    assert_eq!(finished.status.code(), Some(3));
    assert_eq!(finished.end, End::Itself);
}

#[test]
fn the_environment_is_only_what_was_given() {
    let finished = run(&Command::new("/usr/bin/env", "/").env("ONLY", "this"));
    let names: Vec<String> =
        finished.stdout.text().lines().filter_map(|l| l.split_once('=').map(|(n, _)| n.to_owned())).collect();
    assert_eq!(names, [crate::sys::os::MARK, "ONLY"]);
}

#[test]
fn a_time_limit_ends_the_whole_group() {
    let mut command = shell("sleep 600 & sleep 600");
    command.timeout = Some(Duration::from_millis(150));
    let finished = run(&command);
    assert_eq!(finished.end, End::TimedOut);
    assert!(finished.wall < Duration::from_secs(20), "{:?}", finished.wall);
}

#[test]
fn a_child_that_outlives_its_parent_is_ended_and_reported() {
    for script in ["sleep 600 & echo done", "setsid sleep 600 & echo done; sleep 0.1"] {
        let finished = run(&shell(script));
        assert_eq!(finished.stdout.text(), "done\n", "{script}");
        assert!(finished.left_processes, "{script}");
        assert!(finished.wall < Duration::from_secs(20), "{script}: {:?}", finished.wall);
    }
}

#[test]
fn a_child_that_never_stops_writing_is_ended_too() {
    for babble in ["while :; do echo babble; done", "while :; do echo babble; sleep 0.005; done"] {
        let finished = run(&shell(&format!("echo first; setsid sh -c '{babble}' & sleep 0.1")));
        assert!(finished.left_processes && finished.wall < Duration::from_secs(20), "{:?}", finished.wall);
    }
}

#[test]
fn what_one_process_leaves_is_no_concern_of_another_s() {
    let supervisor = Supervisor::new("test of two");
    let daemon = "setsid sh -c 'sleep 0.6; echo alive > \"$0\"' \"$FILE\" < /dev/null > /dev/null 2>&1 &";
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("file");
    // Its own is waited for, however busy the machine is; one that was killed never writes.
    let wait = "n=0; while [ $n -lt 200 ] && ! [ -s \"$FILE\" ]; do n=$((n+1)); sleep 0.1; done; sleep 0.1;";
    let innocent = shell(&format!("{daemon} {wait} cat \"$FILE\"")).env("FILE", file.to_string_lossy());
    std::thread::scope(|scope| {
        let innocent = scope.spawn(|| innocent.run(&supervisor).expect("runs"));
        std::thread::sleep(Duration::from_millis(200));
        let guilty = shell("setsid sleep 600 & sleep 0.1").run(&supervisor).expect("runs");
        assert!(guilty.left_processes);
        assert_eq!(innocent.join().expect("no panic").stdout.text(), "alive\n");
    });
    let silent = shell("setsid sleep 600 < /dev/null > /dev/null 2>&1 & sleep 0.1").run(&supervisor).expect("runs");
    assert!(silent.left_processes && !silent.left_writers);
    assert_eq!(supervisor.kill_left_by_runs(), 0, "ended with the process that started it");
}

#[test]
fn much_output_is_cut_to_its_end() {
    let mut seen = 0u64;
    let finished = shell("head -c 30000000 /dev/zero | tr '\\0' x; echo end")
        .run_with(&Supervisor::new("test"), &mut |bytes| seen += bytes.len() as u64, &mut |_| {})
        .expect("runs");
    assert_eq!(seen, 30_000_004);
    assert_eq!(finished.stdout.total, 30_000_004);
    let text = finished.stdout.text();
    assert!(text.len() < 2 * TAIL && text.ends_with("xend\n"), "{}", text.len());
}

#[test]
fn a_displayed_command_is_what_a_shell_reads_back() {
    let command = Command::new("/bin/echo", "/tmp").args(["it's", "a b", "", "$x`y`"]).env("A", "b c");
    let line = command.to_string();
    assert_eq!(line, r"cd /tmp && env -i 'A=b c' /bin/echo 'it'\''s' 'a b' '' '$x`y`'");
    let by_shell = run(&shell(&line));
    assert_eq!(by_shell.stdout.text(), run(&command).stdout.text());
}

#[test]
fn one_that_has_others_to_end_is_asked_at_its_time_limit() {
    let mut command = shell("trap 'echo bye; exit 0' TERM; sleep 600 & wait");
    command.timeout = Some(Duration::from_millis(200));
    for (patience, said) in [(None, ""), (Some(Duration::from_secs(20)), "bye\n")] {
        command.patience = patience;
        let finished = run(&command);
        assert_eq!((finished.end, finished.stdout.text().as_str()), (End::TimedOut, said));
        assert!(finished.wall < Duration::from_secs(10), "{:?}", finished.wall);
    }
}

/// The peak of memory of a shell script, in MB; `$1` is [`HOLD`].
fn peak(script: &str) -> u64 {
    let finished = run(&Command { watches_memory: true, ..shell(script).args(["sh", HOLD]) });
    assert!(finished.status.success(), "{script}: {}", finished.stderr.text());
    finished.peak_memory.expect("seen") >> 20
}

/// Makes a shell hold a text of 64 MB.
const HOLD: &str = "x=$(head -c 67108864 /dev/zero | tr '\\0' a); test ${#x} = 67108864 && sleep 0.1";

#[test]
fn the_peak_of_memory_is_that_of_the_process_and_not_of_its_parent_or_children() {
    // Held until all have ended.
    let ours = vec![1_u8; 256 << 20];
    let small = peak("sleep 0.1");
    assert!(small < 32, "{small} MB");
    let large = peak("eval \"$1\"");
    assert!((64..256).contains(&large), "{large} MB");
    let with_child = peak("sh -c \"$1\" && sleep 0.1");
    assert!(with_child < 32, "{with_child} MB");
    std::hint::black_box(&ours);
}

#[test]
fn a_peak_before_exec_or_after_the_streams_are_closed_is_seen() {
    for script in ["eval \"$1\" && exec sleep 0.1", "exec >&- 2>&-; eval \"$1\""] {
        let seen = peak(script);
        assert!((64..512).contains(&seen), "{script}: {seen} MB");
    }
}

#[test]
fn memory_that_nobody_asked_for_is_not_watched() {
    assert_eq!(run(&shell("sleep 0.1")).peak_memory, None);
}

fn enclosure() -> Enclosure {
    Enclosure {
        program: "/usr/bin/bwrap".to_owned(),
        tree: "/c/trixie/root".into(),
        folders: vec!["usr".to_owned()],
        links: vec![("bin".to_owned(), "usr/bin".to_owned())],
        hidden: vec!["/tmp".into(), "/home/a".into()],
        read: vec!["/home/a/w".into()],
        write: vec!["/home/a/w/target/compat/run".into()],
        instead: vec![("/home/a/w/target/compat/home".into(), "/home/a/.cargo".into())],
        above: vec![("/home/a/.cargo/config.toml".into(), "/home/a/.cargo/config.toml".into())],
    }
}

/// What of proc is the machine's.
const OF_MACHINE: &str = "--ro-bind-try /proc/sys /proc/sys --ro-bind-try /proc/sysrq-trigger /proc/sysrq-trigger \
    --ro-bind-try /proc/irq /proc/irq --ro-bind-try /proc/bus /proc/bus --ro-bind-try /proc/fs /proc/fs";

fn inside(command: &Command) -> Command {
    command.clone().inside(Some(Arc::new(enclosure()))).entered().into_owned()
}

#[test]
fn a_command_in_a_root_is_a_command() {
    let command = Command::new("/c/trixie/root/usr/bin/cargo", "/home/a/w")
        .args(["test", "--config=/c/trixie/root/x"])
        .env("PATH", PATH)
        .env("RUSTC", "/c/trixie/root/usr/bin/rustc")
        .env("LD_LIBRARY_PATH", "/c/trixie/root/usr/lib:/home/a/w/x");
    let entered = inside(&command);
    assert_eq!(
        entered.to_string(),
        format!(
            "cd / && env -i PATH={PATH} RUSTC=/usr/bin/rustc /usr/bin/bwrap --unshare-all --die-with-parent --cap-drop \
             ALL --ro-bind /c/trixie/root/usr /usr --symlink usr/bin /bin --proc /proc --dev /dev {OF_MACHINE} --tmpfs /tmp --tmpfs /home/a --ro-bind-try /home/a/w \
             /home/a/w --bind-try /home/a/w/target/compat/home /home/a/.cargo --ro-bind-try \
             /home/a/.cargo/config.toml /home/a/.cargo/config.toml --bind-try /home/a/w/target/compat/run \
             /home/a/w/target/compat/run --remount-ro / -- /usr/bin/env -u PWD -C /home/a/w \
             LD_LIBRARY_PATH=/usr/lib:/home/a/w/x /usr/bin/cargo test --config=/x"
        )
    );
    assert_eq!(entered, inside(&command), "the same every time");
    let odd = inside(&Command::new("/w/a=b/t", "/w"));
    assert!(odd.to_string().ends_with("-C /w /usr/bin/nice -n 0 /w/a=b/t"), "{odd}");
}

#[test]
fn limits_hold_in_a_root() {
    let mut command = Command::new("/bin/true", "/");
    command.timeout = Some(Duration::from_secs(7));
    command.core = Some(1);
    let entered = inside(&command);
    assert_eq!((entered.timeout, entered.core), (command.timeout, command.core));
}
