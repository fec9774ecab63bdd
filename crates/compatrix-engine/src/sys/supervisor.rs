//! Supervises all child processes: time limits, interrupts, use of the machine, and leftovers of a killed orchestrator.

mod had;
mod sampler;

use std::collections::HashMap;
use std::io;
use std::process::Child;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::{Duration, Instant};

use crate::sys::account::Account;
use crate::sys::machine::Machine;
use crate::sys::processes::Processes;
use crate::sys::supervisor::had::Had;
use crate::sys::supervisor::sampler::{Reading, Sampler};

use rustix::process::{kill_process_group, Pid, Signal};

/// The variable that marks our child processes, so that those which escape their group can be found: the workspace's
/// mark, our process id, the kind of process and its number. What they start inherits it.
pub const MARK: &str = "COMPATRIX_MARK";
/// The number of searches for marked processes: one may fork while others are being killed, and on a busy machine one that
/// was killed is there for a while.
const ROUNDS: usize = 50;

/// The interval for checking limits and the interrupt flag.
const TICK: Duration = Duration::from_millis(20);
/// How long a process may take to stop after SIGTERM.
const PATIENCE: Duration = Duration::from_secs(2);

/// Why a process ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum End {
    /// By itself, or by a foreign signal.
    Itself,
    /// Its time limit ended it.
    TimedOut,
    /// An interrupt (Ctrl-C, SIGTERM) ended it.
    Interrupted,
}

/// The purpose of a process.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ProcessKind {
    /// A cargo and its compilers. What it leaves running (a compiler cache's server) may be of use to others.
    Build,
    /// Everything else, above all tests. Nothing that it starts may outlive it.
    Run,
}

/// Watches the process groups that are alive.
#[derive(Debug, Clone)]
pub struct Supervisor {
    shared: Arc<Watch>,
    /// The account of what it starts.
    account: Option<Account>,
}

#[derive(Debug)]
struct Watch {
    mark: String,
    groups: Mutex<HashMap<u64, Group>>,
    /// The accounts that have, or lately had, a process.
    accounts: Mutex<Vec<Account>>,
    next: AtomicU64,
    interrupted: Arc<AtomicBool>,
    watching: AtomicBool,
}

#[derive(Debug)]
struct Group {
    pid: Pid,
    started: Instant,
    account: Option<Account>,
    limit: Option<Duration>,
    had: Had,
    patience: Option<Duration>,
    end: End,
    /// When SIGTERM was sent.
    asked: Option<Instant>,
}

/// A registered process; [`Guard::finish`] takes it off the watch.
#[derive(Debug)]
pub struct Guard<'a> {
    shared: &'a Watch,
    id: u64,
    mark: String,
}

impl Supervisor {
    /// A watcher whose children carry this mark, one for each workspace.
    pub fn new(mark: &str) -> Self {
        Self {
            shared: Arc::new(Watch {
                mark: mark.to_owned(),
                groups: Mutex::new(HashMap::new()),
                accounts: Mutex::new(Vec::new()),
                next: AtomicU64::new(0),
                interrupted: Arc::new(AtomicBool::new(false)),
                watching: AtomicBool::new(false),
            }),
            account: None,
        }
    }

    /// The same watcher, which puts what is started through this on the account.
    pub(crate) fn on_account(&self, account: &Account) -> Self {
        Self { shared: Arc::clone(&self.shared), account: Some(account.clone()) }
    }

    /// A watcher for the workspace at this root, canonical.
    pub fn of_workspace(root: &std::path::Path) -> Self {
        Self::new(&format!("{:.16}", crate::sys::files::hash_bytes(root.to_string_lossy().as_bytes())))
    }

    /// Makes SIGINT, SIGTERM and SIGHUP ask all children to end instead of this process. A second signal ends them, and
    /// then this process, at once.
    ///
    /// # Errors
    /// The system refuses.
    pub fn take_signals(&self) -> io::Result<()> {
        use signal_hook::consts::{SIGHUP, SIGINT, SIGTERM};
        let mut signals = signal_hook::iterator::Signals::new([SIGINT, SIGTERM, SIGHUP])?;
        let shared = Arc::clone(&self.shared);
        std::thread::spawn(move || {
            for _ in signals.forever() {
                if shared.interrupted.swap(true, Ordering::SeqCst) {
                    // Held until the end, so that nothing else starts.
                    let groups = shared.lock();
                    groups.values().for_each(|group| kill_group(group.pid));
                    std::process::exit(130);
                }
            }
        });
        Ok(())
    }

    /// Whether an interrupt came.
    pub fn is_interrupted(&self) -> bool {
        self.shared.interrupted.load(Ordering::SeqCst)
    }

    /// Acts as if an interrupt had come.
    pub fn interrupt(&self) {
        self.shared.interrupted.store(true, Ordering::SeqCst);
    }

    /// Starts a process as leader of a new group, marks it, and watches the group. Its time limit counts the time that the
    /// group had, which is less than the time on the clock while others use the cores.
    ///
    /// # Errors
    /// It cannot be started.
    pub fn spawn(
        &self,
        command: &mut std::process::Command,
        kind: ProcessKind,
        limit: Option<Duration>,
        patience: Option<Duration>,
    ) -> io::Result<(Child, Guard<'_>)> {
        let id = self.shared.next.fetch_add(1, Ordering::SeqCst);
        let mark = format!("{}{}-{id}", self.prefix(kind), std::process::id());
        let child = {
            // The watcher knows every living child.
            let mut groups = self.shared.lock();
            let child = command.env(MARK, &mark).spawn()?;
            let (pid, started) = (Pid::from_child(&child), crate::sys::clock::instant());
            let account = self.account.clone();
            if let Some(account) = &account {
                self.shared.watch_account(account);
                account.begin(number(pid), started);
            }
            let (had, end) = (Had::new(started), End::Itself);
            groups.insert(id, Group { pid, started, account, limit, had, patience, end, asked: None });
            child
        };
        if !self.shared.watching.swap(true, Ordering::SeqCst) {
            let shared = Arc::downgrade(&self.shared);
            std::thread::spawn(move || {
                let mut sampler = Sampler::new(Processes::here(), Machine::look());
                while let Some(shared) = shared.upgrade() {
                    let now = crate::sys::clock::instant();
                    shared.measure(&mut sampler, now);
                    shared.look(now);
                    drop(shared);
                    std::thread::sleep(TICK);
                }
            });
        }
        Ok((child, Guard { shared: &self.shared, id, mark }))
    }

    fn prefix(&self, kind: ProcessKind) -> String {
        match kind {
            ProcessKind::Build => format!("{}-build-", self.shared.mark),
            ProcessKind::Run => format!("{}-run-", self.shared.mark),
        }
    }

    /// Ends every process that an earlier, killed orchestrator of this workspace left running; says how many. The
    /// caller holds the workspace's lock, so no living orchestrator owns them.
    pub fn kill_leftovers(&self) -> usize {
        let prefix = format!("{}-", self.shared.mark);
        kill_marked(None, |mark| mark.starts_with(&prefix))
    }

    /// Ends every process that runs have left behind, daemons that let go of all streams included; says how many. To be
    /// called when no run is alive.
    pub fn kill_left_by_runs(&self) -> usize {
        let prefix = self.prefix(ProcessKind::Run);
        kill_marked(None, |mark| mark.starts_with(&prefix))
    }
}

impl Watch {
    fn lock(&self) -> MutexGuard<'_, HashMap<u64, Group>> {
        self.groups.lock().unwrap_or_else(std::sync::PoisonError::into_inner)
    }

    fn accounts(&self) -> MutexGuard<'_, Vec<Account>> {
        self.accounts.lock().unwrap_or_else(std::sync::PoisonError::into_inner)
    }

    fn watch_account(&self, account: &Account) {
        let mut accounts = self.accounts();
        if !accounts.iter().any(|known| known.is(account)) {
            accounts.push(account.clone());
        }
    }

    /// Looks at what the groups use if it is time, and at what those had that seem to be over their limit.
    fn measure(&self, sampler: &mut Sampler, now: Instant) {
        let due = sampler.is_due(now);
        let (leaders, over): (Vec<_>, Vec<_>) = {
            let groups = self.lock();
            let over: Vec<_> = groups.values().filter(|group| group.is_over(now)).map(|g| number(g.pid)).collect();
            let wanted = groups.values().filter(|_| due || !over.is_empty());
            (wanted.map(|group| (number(group.pid), group.started)).collect(), over)
        };
        // Without the lock: nobody waits for files of `/proc`.
        let readings = match leaders.is_empty() {
            false if due => sampler.look(&leaders, now),
            false => sampler.look_at(&leaders, now, |leader| over.contains(&leader)),
            true => HashMap::new(),
        };
        if !readings.is_empty() {
            let taken = sampler.taken(&readings);
            for group in self.lock().values_mut() {
                let process = number(group.pid);
                let Some(Reading { seen, part, waited }) = readings.get(&process).copied() else { continue };
                // What ended it stays as it was.
                if group.asked.is_none() {
                    group.had.add(part, taken, now);
                }
                if let Some(account) = &group.account {
                    account.see(process, seen, waited);
                }
            }
        }
        if due {
            self.accounts().retain(|account| !account.close_window(now) && !account.is_forgotten());
        }
    }

    fn look(&self, now: Instant) {
        let interrupted = self.interrupted.load(Ordering::SeqCst);
        for group in self.lock().values_mut() {
            let expired = group.is_over(now);
            match group.asked {
                None if expired || interrupted => {
                    group.end = if expired { End::TimedOut } else { End::Interrupted };
                    group.asked = Some(now);
                    // A test over its limit is killed at once; cargo gets a chance to release its locks.
                    let at_once = expired && group.patience.is_none();
                    let signal = if at_once { Signal::KILL } else { Signal::TERM };
                    let _ = kill_process_group(group.pid, signal);
                }
                Some(asked) if now >= asked + group.patience.unwrap_or(PATIENCE) => kill_group(group.pid),
                Some(_) | None => {}
            }
        }
    }
}

impl Group {
    fn is_over(&self, now: Instant) -> bool {
        self.limit.is_some_and(|limit| self.had.is_over(limit, now))
    }
}

impl Guard<'_> {
    /// Ends every process that the watched one started, in its group or out of it, but not itself: it has ended.
    pub fn kill_descendants(&self) {
        kill_marked(None, |mark| mark == self.mark);
    }

    /// As [`Guard::kill_descendants`], and says how many there were. Fast, as it looks only at processes with a higher
    /// number than the watched one; numbers that went round are found by [`Supervisor::kill_left_by_runs`].
    pub fn kill_younger(&self, watched: Pid) -> usize {
        kill_marked(Some(watched), |mark| mark == self.mark)
    }

    /// Takes the process, which used this much processor time, off the watch; says why it ended and how much time it had.
    /// To be called after its end, before it is reaped.
    pub fn finish(&self, cpu: Duration) -> (End, Duration) {
        let Some(group) = self.shared.lock().remove(&self.id) else { return (End::Itself, Duration::ZERO) };
        if let Some(account) = &group.account {
            account.end(number(group.pid), cpu);
        }
        (group.end, group.had.until(crate::sys::clock::instant()))
    }
}

impl Drop for Guard<'_> {
    fn drop(&mut self) {
        self.finish(Duration::ZERO);
    }
}

fn number(pid: Pid) -> u32 {
    pid.as_raw_nonzero().get().unsigned_abs()
}

/// Kills every process of the group that this process leads.
pub fn kill_group(leader: Pid) {
    let _ = kill_process_group(leader, Signal::KILL);
}

/// Kills the processes with a matching mark until there are none; returns their number.
fn kill_marked(above: Option<Pid>, wanted: impl Fn(&str) -> bool) -> usize {
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

/// Processes with a matching mark in their environment; needs `/proc`. An ended process has no environment.
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
