//! Processes that left their group, found by the mark in their environment; needs `/proc`.

use std::time::Duration;

use rustix::process::{Pid, Signal};

use crate::sys::os::MARK;

/// The number of searches for marked processes: one may fork while others are being killed, and on a busy machine one that
/// was killed is there for a while.
const ROUNDS: usize = 50;
/// The longest time that a process may take to become another program.
const STARTING: Duration = Duration::from_secs(2);

/// Kills the processes with a matching mark until there are none; returns their number.
pub(crate) fn kill_marked(wanted: impl Fn(&str) -> bool) -> usize {
    kill(None, wanted)
}

/// The same among processes with a number above this one.
pub(super) fn kill(above: Option<Pid>, wanted: impl Fn(&str) -> bool) -> usize {
    let mut ended = std::collections::HashSet::new();
    for _ in 0..ROUNDS {
        let found = marked(above, &wanted);
        if found.is_empty() {
            break;
        }
        for pid in found {
            if rustix::process::kill_process(pid, Signal::KILL).is_ok() {
                ended.insert(pid);
            }
        }
        // The system takes a moment.
        std::thread::sleep(Duration::from_millis(2));
    }
    ended.len()
}

/// Processes with a matching mark. An ended process has no environment.
#[allow(clippy::disallowed_methods, reason = "the process table")]
fn marked(above: Option<Pid>, wanted: impl Fn(&str) -> bool) -> Vec<Pid> {
    let above = above.map_or(0, |pid| pid.as_raw_nonzero().get());
    let Ok(entries) = std::fs::read_dir("/proc") else { return Vec::new() };
    entries
        .flatten()
        .filter_map(|entry| {
            let pid = entry.file_name().to_str()?.parse::<i32>().ok().filter(|pid| *pid > above)?;
            mark_of(&environment(pid)?).is_some_and(|mark| wanted(&mark)).then(|| Pid::from_raw(pid))?
        })
        .collect()
}

fn mark_of(environment: &[u8]) -> Option<String> {
    let variables = environment.split(|b| *b == 0);
    let mut marks = variables.filter_map(|v| v.strip_prefix(MARK.as_bytes())?.strip_prefix(b"="));
    marks.next().map(|mark| String::from_utf8_lossy(mark).into_owned())
}

/// The environment that a process was started with; `None` if it cannot be read.
///
/// The kernel says that it is empty while a process becomes another program, which is long on a busy machine; whoever
/// started it goes on before that is over.
#[allow(clippy::disallowed_methods, reason = "the process table")]
fn environment(pid: i32) -> Option<Vec<u8>> {
    let mut left = STARTING.as_millis();
    loop {
        let environment = std::fs::read(format!("/proc/{pid}/environ")).ok()?;
        if !environment.is_empty() || left == 0 {
            return Some(environment);
        }
        match in_memory(&std::fs::read_to_string(format!("/proc/{pid}/stat")).ok()?)? {
            InMemory::Nothing => return Some(environment),
            // It may have been put there just now.
            InMemory::Something => {}
            InMemory::NotYet => std::thread::sleep(Duration::from_millis(1)),
        }
        left -= 1;
    }
}

/// What a process has of an environment.
#[derive(Debug, PartialEq, Eq)]
enum InMemory {
    /// Its program is being loaded.
    NotYet,
    Something,
    /// None, and it gets none.
    Nothing,
}

/// Reads `/proc/PID/stat` (proc_pid_stat(5)): field 23 is the size of its memory, which a thread of the kernel and an ended
/// process do not have; fields 50 and 51 are where the environment begins and ends.
fn in_memory(stat: &str) -> Option<InMemory> {
    // The second field, the name in parentheses, may contain spaces.
    let (_, rest) = stat.rsplit_once(')')?;
    let fields: Vec<&str> = rest.split_whitespace().collect();
    let field = |number: usize| fields.get(number - 3)?.parse::<u64>().ok();
    Some(match (field(23)?, field(50)?, field(51)?) {
        (0, ..) => InMemory::Nothing,
        (_, _, 0) => InMemory::NotYet,
        (_, start, end) if start == end => InMemory::Nothing,
        _ => InMemory::Something,
    })
}

#[cfg(all(test, target_os = "linux"))]
mod tests {
    use super::*;

    #[test]
    #[allow(clippy::disallowed_methods, reason = "processes at the moment of their start")]
    fn a_process_that_has_just_been_started_has_its_environment() {
        for n in 0..200 {
            let mut command = std::process::Command::new("/bin/sleep");
            let mut child = command.arg("600").env_clear().env(MARK, n.to_string()).spawn().unwrap();
            let found = environment(i32::try_from(child.id()).unwrap());
            child.kill().unwrap();
            child.wait().unwrap();
            assert_eq!(mark_of(&found.unwrap()), Some(n.to_string()));
        }
    }

    #[test]
    #[allow(clippy::disallowed_methods, reason = "processes in states that others are never in")]
    fn one_that_has_none_is_not_waited_for() {
        let start = std::time::Instant::now();
        let mut bare = std::process::Command::new("/bin/sleep").arg("600").env_clear().spawn().unwrap();
        let mut ended = std::process::Command::new("/bin/true").spawn().unwrap();
        let number = |child: &std::process::Child| i32::try_from(child.id()).unwrap();
        let state = |pid| in_memory(&std::fs::read_to_string(format!("/proc/{pid}/stat")).unwrap()).unwrap();
        while state(number(&ended)) != InMemory::Nothing {}
        assert_eq!(environment(number(&bare)), Some(Vec::new()));
        assert_eq!(state(number(&bare)), InMemory::Nothing);
        assert_eq!(mark_of(&environment(number(&ended)).unwrap_or_default()), None);
        bare.kill().unwrap();
        bare.wait().unwrap();
        ended.wait().unwrap();
        assert!(start.elapsed() < STARTING, "{:?}", start.elapsed());
    }

    #[test]
    fn what_a_process_has_in_memory_is_read_from_its_line() {
        let line = |size: &str, environment: &str| {
            format!("7 (a ) b) S {}{size} {}{environment} 0", "1 ".repeat(19), "1 ".repeat(26))
        };
        for (size, environment, expected) in [
            ("0", "0 0", InMemory::Nothing),
            ("4096", "0 0", InMemory::NotYet),
            ("4096", "10 10", InMemory::Nothing),
            ("4096", "10 20", InMemory::Something),
        ] {
            assert_eq!(in_memory(&line(size, environment)), Some(expected), "{size} {environment}");
        }
        assert_eq!(in_memory("7 (cut"), None);
    }
}
