//! Processes that left their group, found by the mark in their environment; needs `/proc`.

use std::time::Duration;

use rustix::process::{Pid, Signal};

use crate::sys::os::MARK;

/// The number of searches for marked processes: one may fork while others are being killed, and on a busy machine one that
/// was killed is there for a while.
const ROUNDS: usize = 50;

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
    let mark_of = |environ: &[u8]| {
        let variables = environ.split(|b| *b == 0);
        let mut marks = variables.filter_map(|v| v.strip_prefix(MARK.as_bytes())?.strip_prefix(b"="));
        marks.next().map(|mark| String::from_utf8_lossy(mark).into_owned())
    };
    entries
        .flatten()
        .filter_map(|entry| {
            let pid = entry.file_name().to_str()?.parse::<i32>().ok().filter(|pid| *pid > above)?;
            let environ = std::fs::read(format!("/proc/{pid}/environ")).ok()?;
            mark_of(&environ).is_some_and(|mark| wanted(&mark)).then(|| Pid::from_raw(pid))?
        })
        .collect()
}
