//! Child processes: each in a job object, which ends with all in it when its last handle is closed, and so with us.
//! What a child starts is in its job, whatever it does to leave.

use std::io;
use std::os::windows::io::AsRawHandle;
use std::os::windows::process::{CommandExt, ExitStatusExt};
use std::process::{Command, ExitStatus};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use process_wrap::std::{ChildWrapper, CommandWrap, CommandWrapper, JobObject};
use win32job::{ExtendedLimitInfo, Job};

pub(crate) use super::streams::Streams;

/// A child that was started here.
#[derive(Debug)]
pub(crate) struct Child {
    child: Box<dyn ChildWrapper>,
    number: u32,
}

/// A child with all that it starts, for whoever has to end them.
#[derive(Debug, Clone)]
pub(crate) struct Tree {
    leader: u32,
    job: SharedJob,
}

/// The one handle of a job; none if it was ended.
type SharedJob = Arc<Mutex<Option<Job>>>;

/// Puts a process into the job before it runs.
#[derive(Debug)]
struct Assign(SharedJob);

/// CREATE_SUSPENDED and CREATE_NEW_PROCESS_GROUP: Ctrl-C is for us alone, as with a process group.
const FLAGS: u32 = 0x4 | 0x200;

impl CommandWrapper for Assign {
    fn pre_spawn(&mut self, command: &mut Command, _: &CommandWrap) -> io::Result<()> {
        command.creation_flags(FLAGS);
        Ok(())
    }

    fn post_spawn(&mut self, _: &mut Command, child: &mut std::process::Child, _: &CommandWrap) -> io::Result<()> {
        let job = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let assigned = job.as_ref().map(|job| job.assign_process(child.as_raw_handle() as isize));
        let assigned = assigned.unwrap_or(Ok(())).map_err(io::Error::from);
        if assigned.is_err() {
            // It has not run yet, and is not to.
            let _ = child.kill();
        }
        assigned
    }
}

/// Starts a process in a job of its own. It is suspended until it is in the job.
///
/// # Errors
/// It cannot be started, or no job can be made.
pub(crate) fn spawn(command: Command) -> io::Result<(Child, Tree)> {
    let mut limits = ExtendedLimitInfo::new();
    limits.limit_kill_on_job_close();
    let job = Job::create_with_limit_info(&limits).map_err(io::Error::from)?;
    let job = Arc::new(Mutex::new(Some(job)));
    let mut command = CommandWrap::from(command);
    // The first one resumes, after the second one; its own job has no limits.
    command.wrap(JobObject).wrap(Assign(Arc::clone(&job)));
    let child = command.spawn()?;
    let number = child.id();
    Ok((Child { child, number }, Tree { leader: number, job }))
}

impl Child {
    /// What the system calls it, as long as this value lives.
    pub(crate) fn number(&self) -> u32 {
        self.number
    }

    /// The ends of its pipes, which can be taken once.
    pub(crate) fn streams(&mut self) -> Streams {
        Streams::new(self.child.stdout().take(), self.child.stderr().take())
    }

    /// Whether it has ended. Others of its job may be alive.
    pub(crate) fn has_ended(&mut self) -> io::Result<bool> {
        Ok(self.child.inner_mut().try_wait()?.is_some())
    }

    /// Waits for its end. Its number stays its own as long as this value lives.
    pub(crate) fn wait_for_end(&mut self) -> io::Result<()> {
        self.child.inner_mut().wait().map(|_| ())
    }

    /// Processor time: not known.
    pub(crate) fn processor_time(&self) -> Duration {
        Duration::ZERO
    }

    /// How it ended.
    pub(crate) fn reap(&mut self) -> io::Result<ExitStatus> {
        self.child.inner_mut().wait()
    }
}

impl Tree {
    /// The number of the process that leads it.
    pub(crate) fn number(&self) -> u32 {
        self.leader
    }

    /// Ends all of it: there is no way to ask.
    pub(crate) fn ask(&self) {
        self.kill();
    }

    /// Ends every process of the job.
    pub(crate) fn kill(&self) {
        drop(self.job.lock().unwrap_or_else(PoisonError::into_inner).take());
    }

    /// Ends every process of the job but the leader, which has ended; says how many there were.
    pub(crate) fn kill_left(&self, _: &str) -> usize {
        let job = self.job.lock().unwrap_or_else(PoisonError::into_inner).take();
        let alive = job.as_ref().and_then(|job| job.query_process_id_list().ok()).unwrap_or_default();
        alive.into_iter().filter(|number| u32::try_from(*number) != Ok(self.leader)).count()
    }
}

/// What an earlier one of us left: nothing, for its jobs ended with it.
pub(crate) fn kill_marked(_: impl Fn(&str) -> bool) -> usize {
    0
}

/// Who wants to know of Ctrl-C: a flag, and what is to be done at a second one.
type Taker = (Arc<AtomicBool>, Box<dyn Fn() + Send>);

/// All that asked: a process has one handler.
static TAKERS: Mutex<Vec<Taker>> = Mutex::new(Vec::new());

/// Makes Ctrl-C and Ctrl-Break set this flag instead of ending this process. A second one calls `at_once`, and then ends
/// this process with 130, and with it all jobs. Where the console is closed, the system does not wait: it ends this process.
///
/// # Errors
/// The system refuses.
pub(crate) fn take_signals(interrupted: Arc<AtomicBool>, at_once: impl Fn() + Send + 'static) -> io::Result<()> {
    TAKERS.lock().unwrap_or_else(PoisonError::into_inner).push((interrupted, Box::new(at_once)));
    let taken = ctrlc::set_handler(|| {
        let takers = TAKERS.lock().unwrap_or_else(PoisonError::into_inner);
        let again = takers.iter().filter(|(interrupted, _)| interrupted.swap(true, Ordering::SeqCst));
        let again: Vec<_> = again.collect();
        if !again.is_empty() {
            again.iter().for_each(|(_, at_once)| at_once());
            std::process::exit(130);
        }
    });
    match taken {
        Ok(()) | Err(ctrlc::Error::MultipleHandlers) => Ok(()),
        Err(error) => Err(io::Error::other(error)),
    }
}

/// The status that a shell reports of a program which this signal ended.
pub(crate) fn ended_by(signal: i32) -> ExitStatus {
    ExitStatus::from_raw(128 + signal.unsigned_abs())
}

/// What ended a process that did not end by itself: the numbers that such an end has on Unix, of the exceptions that are
/// the same; the exit code is an exception's.
pub(crate) fn signal(status: ExitStatus) -> Option<i32> {
    let code = status.code()? as u32;
    match code {
        // Access violation, stack overflow: SIGSEGV.
        0xC000_0005 | 0xC000_00FD => Some(11),
        // Illegal instruction: SIGILL.
        0xC000_001D => Some(4),
        // Divisions: SIGFPE.
        0xC000_0094 | 0xC000_008E => Some(8),
        // Abort, as Rust has it (fail fast), and a damaged heap: SIGABRT.
        0xC000_0409 | 0xC000_0374 => Some(6),
        // Ctrl-C: SIGINT.
        0xC000_013A => Some(2),
        _ => None,
    }
}

/// The status of a process that exited with this code.
pub(crate) fn exited(code: i32) -> ExitStatus {
    ExitStatus::from_raw(code as u32)
}

/// Whether a program could not be started because it is of no format that the system knows (ERROR_BAD_EXE_FORMAT).
pub(crate) fn is_no_program(error: &io::Error) -> bool {
    error.raw_os_error() == Some(193)
}
