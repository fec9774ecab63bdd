//! Looks at made-up process tables, on a clock that the tests set.

use tempfile::TempDir;

use super::*;
use crate::sys::files;

/// Clock ticks are 10 ms.
const TICKS: u64 = 100;
const CORES: f64 = 2.0;

struct Table {
    root: TempDir,
    start: Instant,
    sampler: Sampler,
}

fn ms(ms: u64) -> Duration {
    Duration::from_millis(ms)
}

impl Table {
    fn new() -> Self {
        let root = tempfile::tempdir().unwrap();
        let mut sampler = Sampler::new(Processes::under(root.path(), TICKS, 1 << 20), Machine::of(CORES, 1 << 30));
        sampler.quiet_looks = 0;
        let table = Self { root, start: crate::sys::clock::instant(), sampler };
        table.machine(0);
        table
    }

    fn write(&self, path: &str, text: &str) {
        let path = self.root.path().join(path);
        files::make_dir(path.parent().unwrap()).unwrap();
        files::write(&path, text.as_bytes()).unwrap();
    }

    /// A process with its parent and group, its processor time in ms, and MiB of memory.
    fn process(&self, number: u32, (parent, group): (u32, u32), cpu: u64, memory: u64) {
        self.process_of(number, (parent, group), cpu, memory, u64::from(number));
    }

    fn process_of(&self, number: u32, (parent, group): (u32, u32), cpu: u64, memory: u64, started: u64) {
        let ticks = cpu * TICKS / 1000;
        let stat = format!(
            "{number} (x) S {parent} {group} {group} 0 -1 0 0 0 0 0 {ticks} 0 0 0 20 0 1 0 {started} 0 {memory} 0\n"
        );
        self.write(&format!("{number}/stat"), &stat);
        files::make_dir(&self.root.path().join(format!("{number}/task"))).unwrap();
    }

    /// What a thread ran and waited, in ms.
    fn thread(&self, process: u32, thread: u32, ran: u64, waited: u64) {
        let path = format!("{process}/task/{thread}/schedstat");
        self.write(&path, &format!("{} {} 1\n", ran * 1_000_000, waited * 1_000_000));
    }

    fn end(&self, path: &str) {
        files::remove_dir(&self.root.path().join(path)).unwrap();
    }

    /// The processor time of the machine, in ms.
    fn machine(&self, used: u64) {
        self.write("stat", &format!("cpu  {} 0 0 0 0 0 0 0 0 0\n", used * TICKS / 1000));
    }

    /// A number was given to a process.
    fn last(&self, number: u32) {
        self.write("loadavg", &format!("0.00 0.00 0.00 1/1 {number}\n"));
    }

    /// A look at groups that began at the start, at this time in ms.
    fn look(&mut self, leaders: &[u32], at: u64) -> HashMap<u32, Reading> {
        let leaders: Vec<_> = leaders.iter().map(|leader| (*leader, self.start)).collect();
        self.sampler.look(&leaders, self.start + ms(at))
    }

    /// What the only group of 10 ran and waited, in ms.
    fn look_at_10(&mut self, at: u64) -> Part {
        self.look(&[10], at)[&10].part
    }
}

#[test]
fn members_are_those_of_the_group_and_what_they_start() {
    let mut table = Table::new();
    table.process(10, (1, 10), 10, 1);
    table.process(11, (10, 10), 20, 2);
    // A session of its own, and what that starts; the numbers went round.
    table.process(9, (12, 12), 40, 4);
    table.process(12, (11, 12), 80, 8);
    // Another supervised one, a stranger, and the parent of all.
    table.process(20, (1, 20), 160, 16);
    table.process(30, (2, 30), 320, 32);
    table.process(1, (0, 1), 640, 64);
    let readings = table.look(&[10, 20], 100);
    let seen = |leader| (readings[&leader].seen.cpu, readings[&leader].seen.memory >> 20);
    assert_eq!((seen(10), seen(20)), ((ms(150), 15), (ms(160), 16)));
    assert_eq!(readings.len(), 2);
}

#[test]
fn new_processes_are_found_when_a_number_was_given() {
    let mut table = Table::new();
    table.last(10);
    table.process(10, (1, 10), 10, 1);
    assert_eq!(table.look(&[10], 100)[&10].seen.cpu, ms(10));
    table.process(11, (10, 10), 20, 1);
    table.machine(100);
    assert_eq!(table.look(&[10], 200)[&10].seen.cpu, ms(10), "not searched for");
    table.last(11);
    table.machine(200);
    assert_eq!(table.look(&[10], 300)[&10].seen.cpu, ms(30));
    // Its end takes its memory, and not what it used. Its number now belongs to somebody else.
    table.process_of(11, (1, 11), 500, 100, 77);
    table.machine(300);
    assert_eq!(table.look(&[10], 400)[&10].seen, Seen { cpu: ms(30), memory: 1 << 20, peak_memory: 0 });
    // Of a supervised process that ended nothing is left, and its number is a new one's.
    table.machine(400);
    assert_eq!(table.look(&[], 500), HashMap::new());
    table.process_of(10, (1, 10), 5000, 1, 99);
    table.machine(500);
    assert_eq!(table.look(&[10], 600)[&10].seen.cpu, ms(5000));
}

#[test]
fn what_threads_ran_and_waited_is_counted_from_look_to_look() {
    let mut table = Table::new();
    table.process(10, (1, 10), 50, 1);
    table.thread(10, 10, 20, 5);
    table.thread(10, 100, 30, 60);
    let waited = |waited| Some(ms(waited));
    let part = table.look_at_10(100);
    assert_eq!(part, Part { length: ms(100), ran: ms(50), waited: waited(65), overdue: ms(0) });
    table.process(10, (1, 10), 60, 1);
    table.thread(10, 100, 45, 110);
    table.machine(100);
    let part = table.look_at_10(200);
    assert_eq!((part.ran, part.waited), (ms(15), waited(50)), "ticks lag behind");
    table.machine(200);
    let part = table.look_at_10(300);
    assert_eq!((part.ran, part.waited), (ms(0), waited(0)));
}

#[test]
fn threads_that_nobody_saw_waited_as_the_others_did() {
    let mut table = Table::new();
    table.process(10, (1, 10), 100, 1);
    table.thread(10, 10, 40, 80);
    let part = table.look_at_10(1000);
    assert_eq!((part.ran, part.waited), (ms(100), Some(ms(80 + 120))));
    // Children that were waited for are in the processor time of their parent, too.
    table.process(10, (1, 10), 200, 1);
    table.machine(1000);
    let part = table.look_at_10(2000);
    assert_eq!((part.ran, part.waited), (ms(100), Some(ms(200))));
    // An accident of few numbers is no reason to wait for ever.
    assert_eq!(unseen_wait(ms(100), ThreadTime { ran: ms(1), waited: ms(900) }), ms(0));
    assert_eq!(unseen_wait(ms(100), ThreadTime { ran: ms(30), waited: ms(9000) }), ms(2000));
}

#[test]
fn the_wait_of_threads_that_nobody_saw_is_known_by_ticks() {
    let mut table = Table::new();
    table.process(10, (1, 10), 10, 1);
    table.thread(10, 10, 10, 90);
    table.look_at_10(100);
    let mut lost = 0;
    // Threads run for 1 ms in each interval and wait for the rest of it; the kernel says so every 10 ms of theirs.
    for n in 2..=101 {
        table.process(10, (1, 10), 10 + (n - 1) / 10 * 10, 1);
        table.machine(n * 100);
        let part = table.look_at_10(n * 100);
        let (ran, waited) = (part.ran.as_millis(), part.waited.unwrap().as_millis());
        lost += waited * 100 / (ran + waited).max(1) + part.overdue.as_millis();
    }
    // They waited 9 times as long as they ran, as the first thread did: 900 ms.
    assert!((850..=1000).contains(&lost), "{lost} ms");
}

#[test]
fn a_group_of_short_threads_is_what_it_is_at_the_look() {
    // What the first thread waited for each 10 ms that it ran; whether the thread of the look is ready; what is lost.
    for (waited, state, expected) in [(90, "R", 90), (90, "S", 0), (1, "R", 0)] {
        let mut table = Table::new();
        table.write("uptime", "100.00 0\n");
        table.process(10, (1, 10), 110, 1);
        table.thread(10, 10, 10, waited);
        table.look_at_10(1000);
        table.write("10/task/11/stat", &format!("11 (x) {state} 1 1 1 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 10000 0 1\n"));
        table.thread(10, 11, 0, 0);
        table.process(10, (1, 10), 120, 1);
        table.machine(1000);
        let part = table.look_at_10(1100);
        let lost = part.waited.unwrap().as_millis();
        // Without a ready thread it is what the others waited while those ran that nobody saw.
        let by_ratio = waited as u128;
        assert_eq!((part.ran, lost), (ms(10), expected.max(by_ratio)), "{waited} {state}");
        table.process(10, (1, 10), 120, 1);
        table.machine(1100);
        let lost = table.look_at_10(1200).waited.unwrap().as_millis();
        assert_eq!(lost, if expected > 0 { 100 } else { 0 }, "{waited} {state}");
    }
}

#[test]
fn a_wait_longer_than_the_interval_is_overdue() {
    let mut table = Table::new();
    table.process(10, (1, 10), 0, 1);
    table.thread(10, 10, 0, 0);
    table.thread(10, 11, 0, 800);
    table.look_at_10(1000);
    table.thread(10, 10, 5, 401);
    table.thread(10, 11, 5, 1200);
    table.thread(10, 12, 50, 55);
    table.machine(1000);
    let part = table.look_at_10(1100);
    // The second one did nothing else before for 200 ms only. The third one is new: it was looked at 5 ms late.
    assert_eq!((part.waited, part.overdue), (Some(ms(95 + 200 + 55)), ms((306 + 200) / 2)));
}

#[test]
fn a_new_thread_that_is_ready_waits_already() {
    let mut table = Table::new();
    table.write("uptime", "100.50 300.00\n");
    let thread = |id: u32, state: &str, started: u64, (ran, waited): (u64, u64)| {
        let rest = format!("{state} 1 10 10 0 -1 0 0 0 0 0 0 0 0 0 20 0 1 0 {started} 0 1 0");
        (format!("10/task/{id}/stat"), format!("{id} (x) {rest}\n"), id, ran, waited)
    };
    table.process(10, (1, 10), 0, 1);
    table.thread(10, 10, 0, 0);
    table.look_at_10(1000);
    // Three that began 80 ms ago, of which one sleeps, and one that began in the future.
    let threads = [
        thread(11, "R", 10_042, (10, 20)),
        thread(12, "S", 10_042, (10, 20)),
        thread(13, "R", 10_042, (60, 30)),
        thread(14, "R", 99_999, (1, 2)),
    ];
    for (path, stat, id, ran, waited) in threads {
        table.write(&path, &stat);
        table.thread(10, id, ran, waited);
    }
    table.machine(1000);
    assert_eq!(table.look_at_10(1100).waited, Some(ms(20 + 50 + 20 + 30 + 2)));
    // The wait ends, and the kernel says so. It was longer than it looked.
    table.thread(10, 11, 20, 75);
    table.machine(1100);
    let part = table.look_at_10(1200);
    assert_eq!((part.ran, part.waited), (ms(10), Some(ms(5))));
    table.thread(10, 11, 20, 95);
    table.machine(1200);
    assert_eq!(table.look_at_10(1300).waited, Some(ms(20)));
}

#[test]
fn looks_that_come_late_take_nothing_away() {
    let mut table = Table::new();
    table.process(10, (1, 10), 0, 1);
    let mut waited = Duration::ZERO;
    // It spins and gets half of its core; every other look is 40 ms later than it thinks.
    for n in 1..=100 {
        let real = n * 100 + if n % 2 == 0 { 40 } else { 0 };
        table.thread(10, 10, real / 2, real / 2);
        table.machine(n * 100);
        let part = table.look_at_10(n * 100);
        waited += part.waited.unwrap() + part.overdue;
    }
    assert!(waited.abs_diff(ms(5000)) < ms(50), "{waited:?}");
}

#[test]
fn without_times_of_threads_nothing_is_said_of_waiting() {
    let mut table = Table::new();
    table.process(10, (1, 10), 10, 1);
    table.process(20, (1, 20), 10, 1);
    table.thread(20, 20, 0, 0);
    let readings = table.look(&[10, 20], 100);
    assert_eq!((readings[&10].part.waited, readings[&20].part.waited), (Some(ms(0)), Some(ms(0))), "too early");
    table.process(10, (1, 10), 90, 1);
    table.process(20, (1, 20), 90, 1);
    table.machine(100);
    let readings = table.look(&[10, 20], 200);
    assert_eq!((readings[&10].part.waited, readings[&20].part.waited), (None, None));
    assert_eq!(readings[&10].part.ran, ms(80));
}

#[test]
fn an_idle_machine_is_left_in_peace() {
    let mut table = Table::new();
    table.process(10, (1, 10), 0, 1);
    assert_eq!(table.look(&[10], 100).len(), 1, "nothing is known of the machine yet");
    assert!(table.look(&[10], 200).is_empty());
    assert!(table.look(&[10], 1900).is_empty());
    assert_eq!(table.look_at_10(2100).length, ms(2000), "memory is looked at from time to time");
    assert!(table.look(&[10], 2200).is_empty());
    // What was used meanwhile is counted at the next look.
    table.machine(100);
    table.process(10, (1, 10), 90, 1);
    let part = table.look_at_10(2300);
    assert_eq!((part.length, part.ran), (ms(200), ms(90)));
    // Time that was stolen is no idleness.
    table.write("stat", "cpu  10 0 0 0 0 0 0 30 0 0\n");
    let readings = table.look(&[10], 2400);
    assert_eq!((readings.len(), table.sampler.taken(&readings).stolen), (1, 1.0));
    table.write("stat", "cpu  13 0 0 0 0 0 0 31 0 0\n");
    let readings = table.look(&[10], 2500);
    assert_eq!(table.sampler.taken(&readings), Taken { cores: CORES, stolen: 0.25, pressure: None });
}

#[test]
fn groups_that_sleep_are_left_out_of_some_looks() {
    let mut table = Table::new();
    table.sampler.quiet_looks = 2;
    table.process(10, (1, 10), 0, 1);
    table.process(20, (1, 20), 0, 1);
    let mut seen = Vec::new();
    for n in 1..=8 {
        table.process(20, (1, 20), n * 50, 1);
        // It wakes up when it was left out once.
        table.process(10, (1, 10), if n >= 5 { (n - 4) * 50 } else { 0 }, 1);
        table.machine(n * 100);
        let readings = table.look(&[10, 20], n * 100);
        assert_eq!(readings[&20].part.ran, ms(50), "{n}");
        seen.push(readings.get(&10).map(|reading| (reading.part.length, reading.part.ran)));
    }
    let look = |length, ran| Some((ms(length), ms(ran)));
    let expected = [look(100, 0), None, None, look(300, 0), None, None, look(300, 150), look(100, 50)];
    assert_eq!(seen, expected);
}

#[test]
fn a_single_look_at_some_changes_nothing_for_the_others() {
    let mut table = Table::new();
    table.process(10, (1, 10), 10, 1);
    table.process(20, (1, 20), 10, 1);
    let leaders = [(10, table.start), (20, table.start)];
    let readings = table.sampler.look_at(&leaders, table.start + ms(50), |leader| leader == 20);
    assert_eq!(readings.keys().collect::<Vec<_>>(), [&20]);
    let readings = table.look(&[10, 20], 100);
    assert_eq!((readings[&10].part.length, readings[&20].part.length), (ms(100), ms(50)));
}

#[test]
fn the_peak_of_a_busy_process_is_remembered() {
    let mut table = Table::new();
    table.process(10, (1, 10), 0, 1);
    table.thread(10, 10, 1, 0);
    table.write("10/status", "VmHWM:\t 4096 kB\n");
    assert_eq!(table.look(&[10], 100)[&10].seen.peak_memory, 0, "too young");
    table.thread(10, 10, 2, 0);
    table.machine(2000);
    assert_eq!(table.look(&[10], 2000)[&10].seen.peak_memory, 4 << 20);
    table.end("10");
    table.machine(3000);
    let seen = table.look(&[10], 3000)[&10].seen;
    assert_eq!((seen.memory, seen.peak_memory), (0, 4 << 20));
}
