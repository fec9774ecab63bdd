//! Child processes: each leads a process group of its own, and stays a zombie until it is reaped, so that its number
//! stays its own.

use std::io;
use std::os::unix::process::{CommandExt, ExitStatusExt};
use std::process::{Command, ExitStatus};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::Arc;
use std::time::Duration;

use rustix::process::{kill_process_group, waitid, Pid, Signal, WaitId, WaitIdOptions};

pub(crate) use super::escaped::kill_marked;
pub(crate) use super::streams::Streams;

/// A child that was started here.
#[derive(Debug)]
pub(crate) struct Child {
    child: std::process::Child,
    pid: Pid,
}

/// A child with all that it starts, for whoever has to end them.
#[derive(Debug, Clone)]
pub(crate) struct Tree {
    leader: Pid,
}

/// Starts a process as leader of a new group.
///
/// # Errors
/// It cannot be started.
pub(crate) fn spawn(mut command: Command) -> io::Result<(Child, Tree)> {
    let child = command.process_group(0).spawn()?;
    let pid = Pid::from_child(&child);
    Ok((Child { child, pid }, Tree { leader: pid }))
}

impl Child {
    /// What the system calls it, as long as this value lives.
    pub(crate) fn number(&self) -> u32 {
        self.child.id()
    }

    /// The ends of its pipes, which can be taken once.
    pub(crate) fn streams(&mut self) -> Streams {
        Streams::new(self.child.stdout.take(), self.child.stderr.take(), self.pid)
    }

    /// Whether it has ended; it is not reaped.
    pub(crate) fn has_ended(&mut self) -> io::Result<bool> {
        ended(self.pid, WaitIdOptions::NOHANG)
    }

    /// Waits for its end; it is not reaped.
    pub(crate) fn wait_for_end(&mut self) -> io::Result<()> {
        ended(self.pid, WaitIdOptions::empty()).map(|_| ())
    }

    /// Processor time of the ended process and of its children that it waited for, from its zombie's `/proc` entry
    /// (proc_pid_stat(5), fields 14 to 17, in clock ticks); zero where that is not known.
    #[allow(clippy::disallowed_methods, reason = "a fact of the process that was started here")]
    pub(crate) fn processor_time(&self) -> Duration {
        let pid = self.pid.as_raw_nonzero();
        let Ok(stat) = std::fs::read_to_string(format!("/proc/{pid}/stat")) else {
            return Duration::ZERO;
        };
        // The second field, the name in parentheses, may contain spaces.
        let Some((_, rest)) = stat.rsplit_once(')') else { return Duration::ZERO };
        let ticks: u64 = rest.split_whitespace().skip(11).take(4).filter_map(|n| n.parse::<u64>().ok()).sum();
        // A tick is ten milliseconds; of the first thread the scheduler knows nanoseconds (proc_pid_schedstat(5)).
        let exact = std::fs::read_to_string(format!("/proc/{pid}/schedstat")).ok();
        let exact = exact.and_then(|text| text.split_whitespace().next()?.parse().ok()).unwrap_or_default();
        let of_ticks = Duration::from_millis(ticks * 1000 / rustix::param::clock_ticks_per_second().max(1));
        of_ticks.max(Duration::from_nanos(exact))
    }

    /// Gives its number free, and says how it ended.
    pub(crate) fn reap(&mut self) -> io::Result<ExitStatus> {
        self.child.wait()
    }
}

/// Whether a process has ended; it stays a zombie.
fn ended(pid: Pid, hang: WaitIdOptions) -> io::Result<bool> {
    loop {
        match waitid(WaitId::Pid(pid), WaitIdOptions::EXITED | WaitIdOptions::NOWAIT | hang) {
            Ok(status) => return Ok(status.is_some()),
            Err(rustix::io::Errno::INTR) => {}
            Err(error) => return Err(error.into()),
        }
    }
}

impl Tree {
    /// The number of the process that leads it.
    pub(crate) fn number(&self) -> u32 {
        self.leader.as_raw_nonzero().get().unsigned_abs()
    }

    /// Asks all of the group to end.
    pub(crate) fn ask(&self) {
        let _ = kill_process_group(self.leader, Signal::TERM);
    }

    /// Kills every process of the group. Only until the leader is reaped: then another may have its number.
    pub(crate) fn kill(&self) {
        let _ = kill_process_group(self.leader, Signal::KILL);
    }

    /// Kills every process that bears this mark, in the group or out of it, but not the leader: it has ended. Says how many
    /// there were. Fast, as it looks only at processes with a higher number than the leader's.
    pub(crate) fn kill_left(&self, mark: &str) -> usize {
        super::escaped::kill(Some(self.leader), |found| found == mark)
    }
}

/// Makes SIGINT, SIGTERM and SIGHUP set this flag instead of ending this process. A second signal calls `at_once`, and
/// then ends this process with 130.
///
/// # Errors
/// The system refuses.
pub(crate) fn take_signals(interrupted: Arc<AtomicBool>, at_once: impl Fn() + Send + 'static) -> io::Result<()> {
    use signal_hook::consts::{SIGHUP, SIGINT, SIGTERM};
    let mut signals = signal_hook::iterator::Signals::new([SIGINT, SIGTERM, SIGHUP])?;
    std::thread::spawn(move || {
        for _ in signals.forever() {
            if interrupted.swap(true, Ordering::SeqCst) {
                at_once();
                std::process::exit(130);
            }
        }
    });
    Ok(())
}

/// The status of a process that this signal ended.
pub(crate) fn ended_by(signal: i32) -> ExitStatus {
    ExitStatus::from_raw(signal)
}

/// The signal that ended a process, if one did.
pub(crate) fn signal(status: ExitStatus) -> Option<i32> {
    status.signal()
}

/// The status of a process that exited with this code.
pub(crate) fn exited(code: i32) -> ExitStatus {
    ExitStatus::from_raw(code << 8)
}

/// Whether a program could not be started because it is of no format that the system knows (execve(2)).
pub(crate) fn is_no_program(error: &io::Error) -> bool {
    error.raw_os_error() == Some(rustix::io::Errno::NOEXEC.raw_os_error())
}
